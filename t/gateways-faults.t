#!/usr/bin/perl
# What gateways do when Redis, its data, their own workers or another version of them do what they should not.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Test::More;
use Time::HiRes qw(sleep time);
use EIAM::Gateways;
use EIAM::Redis;
use EIAM::Source;
use EIAM::Test;

my $redis = EIAM::Redis->new(conf => 'user gate on >secret-1 ~* &* +@all');
my $password = 'user=gate password=password';
my $source = EIAM::Source->new;
my $introspection = { api => 'eiam_introspection /introspect;',
    server => "location = /introspect { internal; proxy_pass http://@{[ $source->address ]}; }" };

my ($one, $two) = map { gateway(redis => $redis->address . " $password", password => 'secret-1', workers => 2, %$introspection,
    http => 'eiam_redis_stale 30s;')->start } 1, 2;
fresh($one, $two);

# ---- a gateway that starts

subtest '2.4-9: a gateway that has not read what is revoked takes no grant from Redis' => sub {
    my ($token, $other) = (issue($one), issue($one, client => 'erp'));
    order($one, revoke => 'application=crm');
    $redis->cmd(qw(ACL SETUSER blind on >secret-2 ~* &* +@all -hgetall -xrange));
    my $late = gateway(redis => $redis->address . ' user=blind password=password', password => 'secret-2')->start;
    connected($late);
    is status($late, $token), 503, 'a token of an application that was revoked';
    is status($late, $other), 503, 'another token';
    my ($new, $again) = (issue($late, client => 'erp'), issue($late));
    is status($late, $new), 200, 'what it issues is good there';
    $redis->cmd(qw(ACL SETUSER blind +@all));
    fresh($late);
    in_time('asked', sub { status($late, $other) == 200 });
    is status($late, $token), 401, 'once it has read it: the token is refused';
    is status($late, $new), 200, 'what it had issued is good';
    in_time('and shared', sub { status($one, $new) == 200 });
    is join(' ', map { status($_, $again) } $late, $one), '401 401',
        'but of an application that was revoked at some time it is not certain that it came later';
    is status($one, issue($late)), 200, 'what is issued from now on is';
    $late->stop;
    order($one, restore => 'application=crm');
};

# ---- a reader that stands still

# The worker of the gateway that reads the stream: it owns the connection that Redis names.
sub reader_pid {
    my ($gate) = @_;
    my %workers = map { ($_ => 1) } $gate->worker_pids;
    for (1 .. 200) {
        for my $port ($redis->cmd('CLIENT', 'LIST') =~ /\baddr=127\.0\.0\.1:(\d+) .*\bcmd=(?:xread|xrange)\b/g) {
            my $address = sprintf '0100007F:%04X', $port;
            my ($inode) = slurp('/proc/net/tcp') =~ /^ *\d+: $address \S+ 01 (?:\S+ +){5}(\d+) /m or next;
            for my $pid (keys %workers) {
                return $pid if grep { (readlink // '') eq "socket:[$inode]" } glob "/proc/$pid/fd/*";
            }
        }
        sleep 0.02;
    }
    die "no reader found\n";
}

subtest '2.4-7.2: a reader that stands still does not call itself fresh' => sub {
    my $token = issue($one);
    is everywhere($two, $token, 200), 200, 'known';
    my $reader = reader_pid($two);
    kill 'STOP', $reader;
    my $order = connection($one)->send(request('/control/revoke', method => 'POST', close => 1, body => "token=$token&reason=test",
        headers => ['Content-Type: application/x-www-form-urlencoded']));
    my ($since, $unsafe, $stale) = (time, 0, 0);
    while (time - $since < 3) {
        my $begun = time;
        my $age = counted($two, 'eiam_redis_fresh_age_seconds');
        my $status = status($two, $token);
        $stale++ if $age >= 0.75;
        $unsafe++ if $status == 200 && $age < 0.75 && $begun - $since > 1;
        sleep 0.05;
    }
    note "it said $stale times that it is not fresh";
    is $unsafe, 0, 'whenever the gateway says that it is fresh the revocation is in force';
    is $order->read_response->{status}, 200, 'it was revoked elsewhere';
    kill 'CONT', $reader;
    my $took = in_time('in force', sub { everywhere($two, $token, 401) eq '401' });
    note sprintf 'in force in each worker %.2f s after the reader goes on', $took;
    fresh($two);
};

subtest '2.4-7.2: nor does the reader of a gateway that is alone, whatever the gateway is asked first' => sub {
    my $single = gateway(redis => $redis->address . " $password", password => 'secret-1', http => 'eiam_redis_stale 1s;')->start;
    fresh($single);
    my @tokens = map { issue($single) } 1 .. 20;
    my ($worker) = $single->worker_pids;
    kill 'STOP', $worker;
    order($one, revoke => "token=$_") for @tokens[ 0 .. 2 ];
    is order($one, revoke => 'application=crm')->{status}, 200, 'revoked elsewhere';
    my @calls = map { connection($single)->send(request('/api/users', token => $_, close => 1)) } @tokens;
    sleep 3;
    kill 'CONT', $worker;
    is scalar(grep { $_->read_response->{status} == 200 } @calls), 0, 'no call that waited meanwhile passes';
    my $took = in_time('in force', sub { !grep { status($single, $_) != 401 } @tokens });
    note sprintf 'in force %.2f s after it goes on', $took;
    order($one, restore => 'application=crm');
    $single->stop;
};

# ---- answers that are under way

subtest '2.4-7.2: a revocation refuses what is under way when it arrives' => sub {
    my $token = new_token();
    $source->answer($token => { delay => 1.5, json => { active => JSON::PP::true, client_id => 'crm', scope => 'user_read' } });
    my @calls = map { connection($_)->send(request('/api/users', token => $token, close => 1)) } ($two) x 3;
    $source->await(1, $token);
    is order($one, revoke => "token=$token")->{status}, 200, 'revoked elsewhere while its source is asked';
    is join(' ', map { $_->read_response->{status} } @calls), '401 401 401', 'each call that waits for the answer is refused';
    is everywhere($two, $token, 401), 401, 'and later ones';
};

# ---- another version of the gateways

# What one would write: the byte of its version, then what cannot be read here.
sub later { return "\x02" . join '', map { chr int rand 256 } 1 .. 100 }

sub rejected { return counted($_[0], qq(eiam_redis_rejected_values_total{kind="$_[1]"})) }

subtest '2.4-6: a grant that another version has written is counted as rejected, and is treated as absent' => sub {
    my ($token, $key) = grant_of($redis, sub { issue($one) });
    my $count = rejected($two, 'grant');
    $redis->cmd('SET', $key, later());
    $source->answer($token => { json => { active => JSON::PP::false } });
    is status($two, $token), 401, 'it is refused';
    is rejected($two, 'grant'), $count + 1, 'and counted';
    is status($one, $token), 200, 'where it was issued it is known';
    is issue($two, token => $token), $token, 'it may be issued anew';
    is status($two, $token), 200, 'then it is known there';
};

sub is_not_fresh { my ($gate) = @_; return counted($gate, 'eiam_redis_fresh_age_seconds') > 0.75 }

subtest '2.4-6: a revocation that another version has written is never ignored' => sub {
    my ($known, $foreign) = (issue($one), issue($one));
    my $count = rejected($two, 'revocation');
    is status($two, $known), 200, 'known';
    my $at = $redis->cmd('XADD', 'eiam:{rev}', '*', 'e', later());
    in_time('not fresh', sub { is_not_fresh($one) && is_not_fresh($two) });
    is rejected($two, 'revocation'), $count + 1, 'it is counted';
    is join(' ', map { status($two, $_) } $known, $foreign), '200 200', 'calls are served meanwhile';
    my $revoked = issue($one);
    is status($two, $revoked), 200, 'so are new tokens';
    order($one, revoke => "token=$revoked");
    in_time('in force', sub { status($two, $revoked) == 401 });
    ok is_not_fresh($two), 'other revocations arrive, but the gateway stays not fresh';
    like $two->error_log, qr/\[error\] .*eiam: Redis has a revocation that cannot be read, so this gateway is not fresh/, 'the log says why';
    $redis->cmd('XTRIM', 'eiam:{rev}', 'MINID', $at =~ s/(\d+)$/$1 + 1/er);
    fresh($one, $two);
    is status($two, $revoked), 401, 'once the entry has been trimmed it is fresh, and nothing is forgotten';

    $redis->cmd('XADD', 'eiam:{rev}', '*', 'e', later());
    in_time('not fresh', sub { is_not_fresh($one) && is_not_fresh($two) });
    order($one, restore => 'all=1');
    fresh($one, $two);
    is status($two, $revoked), 401, 'or once all was restored';
};

subtest '2.4-6: nor is the revocation of an application, which is kept beside the stream' => sub {
    $redis->cmd('HSET', 'eiam:{rev}:cut', 'x' x 40, later());
    my $late = gateway(redis => $redis->address)->start;
    in_time('rejected', sub { rejected($late, 'revocation') });
    in_time('read', sub { status($late, issue($one)) == 200 });
    sleep 1;
    ok is_not_fresh($late), 'a gateway that starts is not fresh';
    ok !is_not_fresh($one), 'those that knew better are';
    order($one, restore => 'all=1');
    fresh($late);
    $redis->cmd('HDEL', 'eiam:{rev}:cut', 'x' x 40);
    $late->stop;
};

done_testing;
