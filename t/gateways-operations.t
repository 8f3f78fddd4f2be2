#!/usr/bin/perl
# What docs/OPERATIONS.md says of several gateways: the user of Redis, a failover, FLUSHALL, a restart.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(sleep time);
use EIAM::Gateways;
use EIAM::Redis;
use EIAM::Test;

my ($section) = slurp(top_dir() . '/docs/OPERATIONS.md') =~ /^### Gateways through Redis\n(.*?)(?:^## |\z)/ms or die "no such section\n";
my ($user) = $section =~ /^(user eiam .*)$/m or die "no user\n";
my ($sentinel) = $section =~ /On\s+Sentinels\s+the\s+user\s+needs `(\+sentinel[^`]+)`/ or die "no rights on Sentinels\n";
my @settings = $section =~ /^\| `(maxmemory-policy noeviction)` \|/m or die "no settings\n";
$user =~ s/>PASSWORD/>secret-1/;
my $as_user = 'user=eiam password=password';

# All that gateways do with each other.
sub all_is_shared {
    my ($one, $two) = @_;
    my ($token, $other, $kept) = (issue($one), issue($one, client => 'erp'), issue($two, client => 'hrm'));
    is join(' ', map { (status($one, $_), status($two, $_)) } $token, $other, $kept), join(' ', (200) x 6), 'tokens';
    is order($one, revoke => "token=$token")->{status}, 200, 'one is revoked';
    is order($two, revoke => 'application=erp')->{status}, 200, 'and an application';
    in_time('in force', sub { !grep { status($one, $_) != 401 || status($two, $_) != 401 } $token, $other });
    is order($two, restore => "token=$token")->{status}, 200, 'restored';
    is order($one, restore => 'application=erp')->{status}, 200, 'both';
    in_time('in force', sub { !grep { status($one, $_) != 200 || status($two, $_) != 200 } $token, $other });
    is order($one, revoke => "token=$_")->{status}, 200, 'revoked once more' for $token, $other;
    return ($kept, $token, $other);
}

subtest '2.4-7: the user of the page may do what gateways do, and nothing else' => sub {
    my $redis = EIAM::Redis->new(conf => join "\n", $user, @settings);
    my @gates = map { gateway(redis => $redis->address . " $as_user", password => 'secret-1')->start } 1, 2;
    fresh(@gates);
    all_is_shared(@gates);
    $redis->cmd('FLUSHALL');
    in_time('gap', sub { !grep { !counted($_, 'eiam_redis_gaps_total') } @gates });
    fresh(@gates);
    all_is_shared(@gates);
    unlike $gates[0]->error_log . $gates[1]->error_log, qr/refuses \w+ with/, 'no command is refused';
    my $refused = $redis->cmd('ACL', 'LOG');
    is_deeply $refused, [], 'says Redis as well' or diag explain $refused;
    my $other = gateway(redis => $redis->address . " $as_user prefix=other:", password => 'secret-1')->start;
    ok until_true(sub { $other->error_log =~ /has denied access|refuses \w+ with NOPERM/ }), 'with another prefix the log says why not';
};

subtest '2.4-7: FLUSHALL loses only grants that nobody uses, and no revocation' => sub {
    my $redis = EIAM::Redis->new;
    my @gates = map { gateway(redis => $redis->address)->start } 1, 2;
    fresh(@gates);
    my ($used, $unused, $revoked) = map { issue($gates[0]) } 1 .. 3;
    order($gates[0], revoke => "token=$revoked");
    $redis->cmd('FLUSHALL');
    in_time('gap', sub { !grep { !counted($_, 'eiam_redis_gaps_total') } @gates });
    fresh(@gates);
    is status($gates[1], $unused), 401, 'a token that the other gateway does not know is refused there';
    is status($gates[0], $used), 200, 'where it was issued another one is served';
    in_time('written again', sub { status($gates[1], $used) == 200 });
    in_time('sent again', sub { grep { /:r$/ } @{ $redis->cmd('KEYS', '*') } });
    is join(' ', map { status($_, $revoked) } @gates), '401 401', 'what was revoked stays so';
};

subtest '2.4-5: with a Redis beside it a gateway is the same after a restart' => sub {
    my $redis = EIAM::Redis->new(conf => "appendonly yes\nappendfsync everysec");
    my $gate = gateway(redis => $redis->socket, workers => 2)->start;
    fresh($gate);
    my ($kept, @revoked) = all_is_shared($gate, $gate);
    my @all = (issue($gate, client => 'fin'), issue($gate));
    order($gate, revoke => 'application=fin');
    $gate->stop;
    $gate->start;
    is join(' ', map { status($gate, $_) } $kept, @revoked, @all), '200 401 401 401 200', 'its tokens, and what it has revoked';
    $gate->stop;
    $redis->stop;
    $redis->start;
    $gate->start;
    is join(' ', map { status($gate, $_) } $kept, @revoked, @all), '200 401 401 401 200', 'so it is after one of both';
};

subtest '2.4-7.4: a failover: what is known is served, and no revocation is lost' => sub {
    my $conf = $user;
    my $master = EIAM::Redis->new(conf => "user default on nopass ~* &* +\@all\n$conf");
    my $replica = EIAM::Redis->new(conf => "user default on nopass ~* &* +\@all\n$conf\nreplicaof 127.0.0.1 " . $master->port);
    my @sentinels = EIAM::Redis::sentinels($master, down_after => 1000, conf => "user eiam on >secret-1 $sentinel");
    my $addresses = join ' ', map { $_->address } @sentinels;
    my @gates = map { gateway(redis => "$addresses sentinel=eiam $as_user", password => 'secret-1')->start } 1, 2;
    fresh(@gates);
    my ($known, $foreign, $early, $late) = map { issue($gates[0]) } 1 .. 4;
    is status($gates[1], $_), 200, 'known' for $known, $early, $late;
    in_time('Sentinels know each other, and the replica', sub {
        !grep { ref $_->cmd('SENTINEL', 'ckquorum', 'eiam') || !@{ $_->cmd('SENTINEL', 'replicas', 'eiam') } } @sentinels });
    in_time('replicated', sub { ($replica->info('replication')->{master_link_status} // '') eq 'up' });

    $replica->freeze;    # so that it does not get this one
    order($gates[0], revoke => "token=$early");
    $master->kill9;
    $replica->thaw;
    my $begun = time;
    is order($gates[0], revoke => "token=$late")->{status}, 202, 'an order without master is pending';
    my ($wrong, $answered) = (0);
    in_time('a new master', sub {
        $wrong++ if grep { status($_, $known) != 200 } @gates;
        $wrong++ if status($gates[0], $late) != 401;
        my $status = status($gates[1], $foreign);
        $wrong++ if $status != 503 && $status != 200;
        return $status == 200;
    });
    note sprintf 'down-after 1 s: right answers %.2f s after the master was killed', time - $begun;
    is $wrong, 0, 'until then every answer is right';
    fresh(@gates);
    in_time('in force', sub { !grep { status($gates[1], $_) != 401 } $early, $late });
    in_time('sent again', sub { (grep { /:r$/ } @{ $replica->cmd('KEYS', '*') }) >= 2 });
    pass 'what the old master had not told its replica is sent again';
    all_is_shared(@gates);
};

done_testing;
