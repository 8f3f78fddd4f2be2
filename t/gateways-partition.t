#!/usr/bin/perl
# A gateway that is cut off from Redis, by packets that are dropped or rejected, in both directions or in one.
# With EIAM_EVERY=1 for each of several durations.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(sleep time);
use EIAM::Gateways;
use EIAM::Network;
use EIAM::Redis;
use EIAM::Test;

use constant TOKENS => 20;

my $why = EIAM::Network::unable();
plan skip_all => "partitions: $why" if $why;

# Redis and a gateway on the host in the middle, two gateways on another host.
my ($middle, $host) = map { EIAM::Network::Host->new } 1, 2;
$middle->link($host, 1);

my $redis = $middle->at(sub { EIAM::Redis->new(bind => ['10.231.1.1'], conf => 'protected-mode no') });
my $port = $redis->port;
my $far = "10.231.1.1:$port";
my $near = $middle->at(sub { gateway(redis => $redis->address)->start });
my ($cut, $strict) = $host->at(sub { (gateway(redis => $far, workers => 2)->start,
    gateway(redis => $far, http => 'eiam_redis_stale 1s; eiam_redis_grace 3s;')->start) });

sub near { my ($code) = @_; return $middle->at($code) }
sub far  { my ($code) = @_; return $host->at($code) }

near(sub { fresh($near) });
far(sub { fresh($cut, $strict) });

# Rules of the host that is cut off.
my %rules = (
    'dropped' => [ "OUTPUT -p tcp --dport $port -j DROP", "INPUT -p tcp --sport $port -j DROP" ],
    'rejected' => [ "OUTPUT -p tcp --dport $port -j REJECT --reject-with tcp-reset" ],
    'unreachable' => [ "OUTPUT -p tcp --dport $port -j REJECT" ],
    'dropped on their way there' => [ "OUTPUT -p tcp --dport $port -j DROP" ],
    'dropped on their way back' => [ "INPUT -p tcp --sport $port -j DROP" ],
);
my @cuts = $ENV{EIAM_EVERY}
    ? map { my $seconds = $_; map { [ $_, $seconds ] } sort keys %rules } 0.4, 2, 5
    : ([ 'dropped', 2 ], map { [ $_, 0.4 ] } grep { $_ ne 'dropped' } sort keys %rules);

for my $row (@cuts) {
    my ($what, $seconds) = @$row;
    my $title = "packets are $what for $seconds s";
    subtest "2.4-7.5: $title" => sub {
        my @tokens = map { near(sub { issue($near) }) } 1 .. TOKENS;
        my $kept = far(sub { issue($cut) });
        my $foreign = near(sub { issue($near) });
        far(sub { is scalar(grep { status($cut, $_) != 200 } $kept, @tokens), 0, 'all are known' });

        my $begun = time;
        $host->filter(@{ $rules{$what} });
        my @orders = map { my $token = $_; near(sub { connection($near)->send(request('/control/revoke', method => 'POST', close => 1,
            body => "token=$token&reason=test", headers => ['Content-Type: application/x-www-form-urlencoded'])) }) } @tokens;
        far(sub {
            is status($cut, $kept), 200, 'what is known is served';
            is status($cut, $foreign), 503, 'what is not known is not called invalid';
            my $new = issue($cut);
            is status($cut, $new), 200, 'tokens are issued';
        });
        near(sub { in_time('revoked there', sub { !grep { status($near, $_) != 401 } @tokens }) });
        my $left = $seconds - (time - $begun);
        sleep $left if $left > 0;
        far(sub { is status($cut, $kept), 200, 'served to the end' });

        $host->heal;
        my $took = far(sub { in_time('revoked', sub { !grep { status($cut, $_) == 200 } @tokens }) });
        far(sub {
            is scalar(grep { status($cut, $_) != 401 } @tokens), 0, 'after it, all revocations are in force';
            note sprintf '%s: in force after %.2f s', $title, $took;
            in_time('asked', sub { status($cut, $foreign) == 200 });
            fresh($cut, $strict);
        });
        is scalar(grep { $_->read_response->{status} == 200 } @orders), TOKENS, 'each order is answered with 200, as Redis has it';
    };
}

subtest '2.4-7.5: how long a gateway that is cut off serves, and what it says then' => sub {
    my ($known, $foreign) = (far(sub { issue($strict) }), near(sub { issue($near) }));
    $host->filter(@{ $rules{dropped} });
    far(sub {
        is status($strict, $known), 200, 'at first what is known is served';
        is status($strict, $foreign), 503, 'and what is not known is not called invalid';
        my $took = in_time('refused', sub { status($strict, $known) == 503 });
        note sprintf 'eiam_redis_stale 1s: refused after %.2f s', $took;
        like get($strict, '/api/users', token => $known)->{json}{error_code}, qr/5031/, 'after eiam_redis_stale it is refused';
        $took = in_time('called invalid', sub { status($strict, $foreign) == 401 });
        note sprintf 'eiam_redis_grace 3s: called invalid after %.2f s more', $took;
        ok until_true(sub { $strict->access_log =~ /^token_invalid not_shared /m }), 'after eiam_redis_grace it is, and the log says why';
        is status($strict, $known), 503, 'what is known is still not called invalid';
        $host->heal;
        in_time('served', sub { status($strict, $known) == 200 });
        in_time('asked', sub { status($strict, $foreign) == 200 });
        fresh($cut, $strict);
    });
};

done_testing;
