#!/usr/bin/perl
# What a gateway does when answers of Redis are malformed, late or missing.

use strict;
use warnings;

use FindBin;
use IO::Socket::INET;
use lib "$FindBin::Bin/lib";
use Test::More;
use EIAM::Gateways;
use EIAM::Redis;
use EIAM::RedisProxy;
use EIAM::Test;

my $redis = EIAM::Redis->new(conf => 'user gate on >secret-1 ~* &* +@all');
my $proxy = EIAM::RedisProxy->new($redis->address);

sub new_gateway {
    my ($address) = @_;
    return gateway(redis => $address, password => 'secret-1')->start;
}

sub up { return counted($_[0], 'eiam_redis_up') }
sub connections { return counted($_[0], qq(eiam_redis_connections_total{result="$_[1]"})) }

my ($near, $far) = (new_gateway($redis->address), new_gateway($proxy->address));

# A token whose grant is in Redis: under load the token itself may come first.
sub shared {
    my $grants = sub { scalar(() = grep { /:g:/ } @{ $redis->cmd('KEYS', '*') }) };
    my $before = $grants->();
    my $token = issue($near);
    until_true(sub { $grants->() > $before });
    return $token;
}

sub comes_up {
    my ($gate, $title) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return ok until_true(sub { up($gate) }), $title;
}

comes_up($near, 'a gateway is connected');
comes_up($far, '2.4-1: and another one, through a proxy');
my $known = shared();
is status($far, $known), 200, 'the second gateway finds the token that the first one learned';

$proxy->mode('split');
is status($far, shared()), 200, '2.4-1: answers may come byte by byte';
ok up($far), '  over the same connection';

$proxy->mode('slow');
is status($far, shared()), 200, '2.4-1: answers may come late';
ok up($far), '  over the same connection';

# What is no answer to the question drops the connection, or refuses this call alone.
my %kept = map { ($_ => 1) } qw(noperm oom unknown number status numbers lists errors);
for my $mode (qw(unasked half silent), EIAM::RedisProxy::modes()) {
    $proxy->mode('pass');
    comes_up($far, "before $mode");
    my $token = issue($near);
    $proxy->mode($mode);
    my $status = status($far, $token);
    my $expected = $mode eq 'unasked' ? qr/^(?:200|503)$/ : qr/^503$/;
    like $status, $expected, "2.4-1: $mode: an unknown token gets 503, never 401";
    is status($far, $known), 200, "$mode: a known one is served";
    ok until_true(sub { !up($far) }), "$mode: the connection is dropped" unless $kept{$mode};
    $proxy->mode('pass');
    comes_up($far, "$mode: the gateway is connected again");
    ok until_true(sub { status($far, $token) == 200 }), "$mode: and the token passes";
}
unlike $far->error_log, qr/eiam:\{|with args|Issued-/, '2.4-7.15: no text of an answer, key or token is in the log';

# A worker that exits waits for those that wait, and for nobody else.
$proxy->mode('slow');
{
    my $token = shared();
    my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1:" . $far->port);
    my $asked = sub { ($redis->info('commandstats')->{cmdstat_mget} // '') =~ /calls=(\d+)/ ? $1 : 0 };
    my $before = $asked->();
    print {$socket} "GET /api/users HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer $token\r\nConnection: close\r\n\r\n";
    until_true(sub { $asked->() > $before });
    $far->reload;
    local $/;
    like <$socket> // '', qr{^HTTP/1.1 200 }, '2.4-1: a worker that exits still answers a call that waits for Redis';
}
$proxy->mode('silent');
ok until_true(sub { status($far, 'Unknown') == 503 }), 'without an answer a call is refused when the time is over';
ok $far->reload, 'and no worker stays because of a link that is down';
$proxy->mode('pass');
comes_up($far, 'the new one connects');

# kill -9 while calls are under way
{
    my $token = issue($near);
    $redis->freeze;
    my @sockets = map { IO::Socket::INET->new(PeerAddr => "127.0.0.1:" . $far->port) } 1 .. 20;
    print {$_} "GET /api/users HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer $token-" . fileno($_)
        . "\r\nConnection: close\r\n\r\n" for @sockets;
    $_->close for splice @sockets, 0, 5;
    select undef, undef, undef, 0.05;
    $redis->kill9;
    local $/;
    my @answers = map { scalar <$_> } @sockets;
    is scalar(grep { /^HTTP\/1.1 503 / } @answers), scalar @answers,
        '2.4-7.3: kill -9 in the midst of questions: each call gets 503, and clients may have left';
    is status($far, $known), 200, 'a known token passes';
    $redis->start;
    comes_up($far, 'and it connects again');
}

# NOPERM for each command: known tokens pass, unknown ones are not called unknown, and there is no storm of questions.
{
    my $address = $redis->address;
    my $gate = new_gateway("$address user=gate password=password");
    comes_up($gate, 'a user with all rights');
    for my $command (qw(mget set get del xadd xread xrange xrevrange hset hget hgetall hdel info client ping)) {
        $redis->cmd('ACL', 'SETUSER', 'gate', '+@all', "-$command");
        my $before = connections($gate, 'connected');
        my $known = issue($gate);
        is status($gate, $known), 200, "2.4-7.10: without $command: what is learned here is known here";
        my $status = status($gate, "Unknown-$command");
        like $status, $command eq 'mget' ? qr/^503$/ : qr/^(?:401|503)$/, "without $command: an unknown token gets $status";
        my $after = connections($gate, 'connected');
        cmp_ok $after - $before, '<', 10, "without $command: no storm of connections";
    }
    like $gate->error_log, qr/\[error\] .*eiam: Redis at \S+ refuses MGET with NOPERM$/m, 'and the log names the command';
    $redis->cmd('ACL', 'SETUSER', 'gate', '+@all');
    ok until_true(sub { up($gate) && status($gate, 'Unknown-again') == 401 }), 'with the permission everything works again';
}

# A master that becomes a replica by a command keeps its clients, and answers what they read.
{
    my ($first, $second) = map { EIAM::Redis->new } 1, 2;
    my $gate = new_gateway($first->address . ' ' . $second->address);
    comes_up($gate, 'of two addresses one is that of a master');
    my $token = issue($gate);
    $first->cmd('REPLICAOF', '127.0.0.1', $second->port);
    ok until_true(sub { status($gate, 'Unknown'); grep { $_ eq 'ngx_eiam' } $second->clients }),
        '2.4-1: a master that has become a replica is left within a second';
    comes_up($gate, 'for the new one');
    is status($gate, $token), 200, 'a known token passes';
}

# kill -9 before the first answer: of AUTH, of ROLE.
{
    my $slow = EIAM::Redis->new(conf => 'requirepass secret-1', auth => ['secret-1']);
    $slow->freeze;
    my $gate = new_gateway($slow->address . ' password=password');
    ok until_true(sub { connections($gate, 'unreachable') || connections($gate, 'lost') }),
        '2.4-7.3: a frozen Redis is not waited for';
    is status($gate, 'Unknown'), 503, 'and calls are refused at once';
    $slow->kill9;
    $slow->start;
    comes_up($gate, 'kill -9 during AUTH, and it connects when Redis is back');
}

# Redis is slow to load: LOADING while it does, which is no empty Redis.
{
    my $slow = EIAM::Redis->new(conf => "appendonly yes\nenable-debug-command yes\nkey-load-delay 2000\nloading-process-events-interval-bytes 1024");
    my $gate = new_gateway($slow->address);
    comes_up($gate, 'a gateway with a Redis of its own');
    $slow->cmd('DEBUG', 'POPULATE', 1000);
    $slow->cmd('CONFIG', 'REWRITE');
    $slow->cmd('BGREWRITEAOF');
    until_true(sub { ($slow->info('persistence')->{aof_rewrite_in_progress} // 1) == 0 });
    $slow->kill9;
    ok until_true(sub { !up($gate) }), 'it is killed';
    $slow->start;
    is status($gate, 'Unknown'), 503, '2.4-7.3: while Redis loads, an unknown token gets 503' if !up($gate);
    comes_up($gate, 'and then it is connected');
    ok until_true(sub { status($gate, 'Unknown') == 401 }), '  and afterwards 401 again';
}

done_testing;
