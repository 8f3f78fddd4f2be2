#!/usr/bin/perl
# What Redis loses, gets back, and has of gateways; and how many gateways, clocks and waiting grants there may be.
# With EIAM_EVERY=1 a hundred gateways.

use strict;
use warnings;

use Digest::SHA ();
use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Socket::INET;
use JSON::PP ();
use Test::More;
use Time::HiRes qw(sleep time);
use EIAM::Gateways;
use EIAM::Jwt qw(new_key public_jwk mint);
use EIAM::Redis;
use EIAM::Test;

use constant { GATEWAYS => $ENV{EIAM_EVERY} ? 100 : 8, QUEUE => 1000 };

my $stream = 'eiam:{rev}';
my $redis = EIAM::Redis->new;

sub new_gateway { return gateway(redis => $redis->address, @_)->start }

my ($one, $two) = map { new_gateway() } 1, 2;
fresh($one, $two);

sub tombstones { return scalar(() = grep { /:r$/ } @{ $redis->cmd('KEYS', '*') }) }

# Gateways that stop, and that nobody waits for: those that are left write themselves down again within a second.
sub leave {
    $_->stop for @_;
    $redis->cmd('DEL', "$stream:gw");
    return;
}

# What a gateway says that starts now, of each of the tokens.
sub said_anew {
    my (@tokens) = @_;
    my $late = new_gateway();
    fresh($late);
    my $said = join ' ', map { status($late, $_) } @tokens;
    leave($late);
    return $said;
}

# A token that is revoked, one of an application that is, and one that is good.
sub some_revoked {
    my @tokens = (issue($one), issue($one, client => 'erp'), issue($one));
    is status($two, $_), 200, 'known' for @tokens;
    order($one, revoke => "token=$tokens[0]");
    order($two, revoke => 'application=erp');
    return @tokens;
}

subtest '2.4-7.6: a gateway copes with a stream that is trimmed behind its position, or before it' => sub {
    my @tokens = some_revoked();
    my $gaps = counted($one, 'eiam_redis_gaps_total');
    $redis->cmd('XTRIM', $stream, 'MAXLEN', 1);
    my $next = issue($one);
    order($two, revoke => "token=$next");
    in_time('in force', sub { status($one, $next) == 401 });
    is counted($one, 'eiam_redis_gaps_total'), $gaps, 'behind them it is no gap';
    is said_anew(@tokens), '401 401 200', 'and a gateway that starts knows what is revoked';
    $redis->cmd('XTRIM', $stream, 'MAXLEN', 0);
    in_time('gap', sub { counted($one, 'eiam_redis_gaps_total') > $gaps && counted($two, 'eiam_redis_gaps_total') > $gaps });
    is join(' ', map { status($_->[0], $_->[1]) } map { my $gate = $_; map { [ $gate, $_ ] } @tokens } $one, $two),
        '401 401 200 401 401 200', 'before them it is one, and nothing is forgotten';
    fresh($one, $two);
    is said_anew(@tokens), '401 401 200', 'nor at a gateway that starts';
    order($one, restore => 'application=erp');
};

subtest '2.4-3: a gateway that starts knows from its first call on which static tokens are revoked' => sub {
    my %static = (http => 'eiam_applications apps.json;', files => { 'apps.json' => applications(
        { id => 'crm', permissions => ['user_read'], tokens => [ map { "static-$_" } 1 .. 70 ] }) });
    my $first = new_gateway(%static);
    fresh($first);
    is status($first, 'static-7'), 200, 'a static token';
    order($first, revoke => 'token=static-7');
    my %before = map { $_ => 1 } @{ $redis->cmd('KEYS', '*:r') };
    order($first, revoke => 'token=static-70');
    my ($tombstone) = grep { !$before{$_} } @{ $redis->cmd('KEYS', '*:r') };
    ok $tombstone, 'another one has a tombstone';
    order($first, revoke => 'token=another');
    my $late = new_gateway(%static);
    is status($late, 'static-7'), 401, 'revoked, and told by the stream';
    leave($late);

    $redis->cmd('XTRIM', $stream, 'MAXLEN', 1);
    $late = new_gateway(%static);
    is join(' ', map { status($late, "static-$_") } 7, 70, 8, 69), '401 401 200 200', 'told by the tombstones alone';
    order($late, restore => 'token=static-7');
    is status($late, 'static-7'), 200, 'restored';
    in_time('restored where it was revoked', sub { status($first, 'static-7') == 200 });
    leave($late);

    $redis->cmd('SET', $tombstone, "\x02unreadable");
    $late = new_gateway(%static);
    is status($late, 'static-70'), 401, 'a tombstone that cannot be read counts too';
    is counted($late, 'eiam_redis_rejected_values_total{kind="tombstone"}'), 1, '  and is counted';
    order($late, restore => 'token=static-70');
    leave($first, $late);

    $late = new_gateway(%static, api => 'eiam_redis_stale 1s;');
    fresh($late);
    is status($late, 'static-1'), 200, 'with "eiam_redis_stale" a static token serves';
    $redis->freeze;
    in_time('refused', sub { status($late, 'static-1') == 503 });
    $redis->thaw;
    in_time('served', sub { status($late, 'static-1') == 200 });
    pass 'until the gateway has not heard of Redis for that long, and again afterwards';
    leave($late);
    fresh($one, $two);
};

subtest '2.4-3: a static token that comes with a change of its file, or with a reload, may have been revoked long ago' => sub {
    my @revoked = map { new_token() } 1, 2;
    order($one, revoke => "token=$_") for @revoked, 'another';
    $redis->cmd('XTRIM', $stream, 'MAXLEN', 1);
    my $file = sub { return applications({ id => 'crm', permissions => ['user_read'], tokens => [ 'static-1', @_ ] }) };
    my $late = new_gateway(workers => 2, http => 'eiam_applications apps.json;', files => { 'apps.json' => $file->() });
    fresh($late);
    $late->write_file('apps.json', $file->($revoked[0]));
    in_time('refused', sub { get($late, '/status/json')->{json}{applications}[0]{generation} > 1 && status($late, $revoked[0]) == 401 });
    my $line = 'token_revoked  BYPASS static';
    in_time('refused as revoked', sub { status($late, $revoked[0]); $late->access_log =~ /^$line$/m });
    $late->write_file('apps.json', $file->($revoked[1], 'static-2'));
    ok $late->reload, 'a reload';
    in_time('refused', sub { status($late, $revoked[1]) == 401 });
    in_time('refused as revoked', sub { status($late, $revoked[1]); (() = $late->access_log =~ /^$line$/mg) > 1 });
    is join(' ', map { status($late, $_) } 'static-1', 'static-2', @revoked), '200 200 401 401', 'others are served';
    leave($late);
};

# Gateways that verify tokens, introspect them, and learn them: what they know of revocations does not depend on it.
my $key = new_key('Ed25519');
my %kinds = (
    jwt => { http => 'eiam_jwks keys.json; eiam_jwt_issuer as; eiam_jwt_audience api;',
        files => { 'keys.json' => { keys => [ public_jwk($key, kid => 'k', use => 'sig') ] } } },
    introspection => { http => 'server { listen 127.0.0.1:%PORT8%; default_type application/json; location / { '
            . q(return 200 '{"active":true,"client_id":"crm","scope":"user_read","exp":4102444800}'; } }),
        api => 'eiam_introspection /introspect;',
        server => 'location = /introspect { internal; proxy_pass http://127.0.0.1:%PORT8%; }' },
);

sub token_of {
    my ($kind) = @_;
    return new_token() if $kind ne 'jwt';
    return mint($key, 'EdDSA', { iss => 'as', aud => 'api', client_id => 'crm', scope => 'user_read', iat => time - 10,
        exp => time + 600, jti => new_token() }, { kid => 'k', typ => 'at+jwt' });
}

# Options of a gateway with another directive of http.
sub kind_with {
    my ($kind, $directive) = @_;
    return (%{ $kinds{$kind} }, http => "$kinds{$kind}{http} $directive");
}

subtest "2.4-3: what a source said while Redis could not be asked is in doubt until it is: $_" => sub {
    my $token = token_of($_);
    my $late = new_gateway(%{ $kinds{$_} });
    fresh($late);
    order($one, revoke => "token=$token");
    order($one, revoke => 'token=another');
    $redis->cmd('XTRIM', $stream, 'MAXLEN', 1);
    leave($late);
    $late = new_gateway(%{ $kinds{$_} });
    fresh($late);
    $redis->freeze;
    is status($late, $token), 200, 'Redis does not answer: the source decides';
    is status($late, $token), 200, '  and its answer is known';
    $redis->thaw;
    in_time('refused', sub { status($late, $token) == 401 });
    my $good = token_of($_);
    is join(' ', map { status($late, $good) } 1 .. 3), '200 200 200', 'as soon as Redis answers it is refused, and others pass';
    leave($late);
} for sort keys %kinds;

subtest '2.4-3: a token that was issued while Redis could not be asked is in doubt, even if nobody writes its grant any more' => sub {
    my ($token, $good) = map { new_token() } 1, 2;
    order($one, revoke => "token=$token");
    order($one, revoke => 'token=another');
    $redis->cmd('XTRIM', $stream, 'MAXLEN', 1);
    my $late = new_gateway();
    fresh($late);
    $redis->freeze;
    issue($late, token => $_) for $token, $good;
    is join(' ', map { status($late, $_) } $token, $good), '200 200', 'known where they were issued';
    $late->reload;
    in_time('dropped', sub { counted($late, 'eiam_redis_unshared_total{reason="exit"}') == 2 });
    $redis->thaw;
    fresh($late);
    is join(' ', map { status($late, $_) } $token, $good), '401 200', 'that one of them had been revoked is noticed';
    is status($two, $good), 200, 'the other one is written at its next use';
    leave($late);
};

subtest "2.4-3: after the time of eiam_redis_stale no token passes, known or not: $_" => sub {
    my $strict = new_gateway(kind_with($_, 'eiam_redis_stale 1s;'));
    fresh($strict);
    my ($known, $unknown) = (token_of($_), token_of($_));
    is status($strict, $known), 200, 'known';
    $redis->freeze;
    in_time('refused', sub { status($strict, $known) == 503 });
    is join(' ', map { status($strict, $unknown) } 1, 2), '503 503', 'nor does one that the source would know';
    $redis->thaw;
    in_time('served', sub { status($strict, $unknown) == 200 });
    leave($strict);
} for sort keys %kinds;

subtest '2.4-7.6: a gateway notices another stream whose last entry has the same position as that of the old one' => sub {
    my @tokens = some_revoked();
    my $gaps = counted($one, 'eiam_redis_gaps_total');
    my $last = $redis->cmd('XREVRANGE', $stream, '+', '-', 'COUNT', 1)->[0][0];
    $redis->cmd($_->[0], @$_[ 1 .. $#$_ ]) for [ 'EVAL', 'redis.call("flushall"); redis.call("xadd", KEYS[1], ARGV[1], "e", "x")', 1, $stream, $last ];
    in_time('gap', sub { counted($one, 'eiam_redis_gaps_total') > $gaps });
    in_time('sent again', sub { tombstones() >= 1 });
    is join(' ', map { status($two, $_) } @tokens), '401 401 200', 'nothing is forgotten';
    $redis->cmd('XTRIM', $stream, 'MINID', $last =~ s/(\d+)$/$1 + 1/er);
    order($one, restore => 'all=1');
    fresh($one, $two);
    order($one, restore => 'application=erp');
};

subtest '2.4-7.6: an older state of Redis that comes back undoes neither revocations nor restores' => sub {
    my $good = issue($one);
    my $back = issue($one);
    order($one, revoke => "token=$back");
    is $redis->cmd('SAVE'), 'OK', 'Redis saves';
    my @tokens = some_revoked();
    is order($one, restore => "token=$back")->{status}, 200, 'one of before is restored';
    $redis->kill9;
    $redis->start;
    fresh($one, $two);
    is join(' ', map { status($two, $_) } @tokens), '401 401 200', 'gateways know better';
    in_time('sent again', sub { said_anew(@tokens[ 0, 1 ], $good, $back) eq '401 401 200 200' });
    pass 'and what is missing is sent again, also that one was restored';
    order($one, restore => 'application=erp');
};

# ---- what waits for Redis

subtest '2.4-6: of the tokens that are issued without Redis, a thousand grants of each worker wait until Redis is back or they expire' => sub {
    my $single = new_gateway();
    fresh($single);
    $redis->kill9;
    in_time('down', sub { !counted($single, 'eiam_redis_up') });
    my $c = connection($single, timeout => 60);
    my @tokens = map { new_token() } 1 .. QUEUE + 50;
    for my $token (@tokens) {
        $c->send(request('/api/token', method => 'POST', body => 'client_id=crm', headers => [
            'Content-Type: application/x-www-form-urlencoded', "X-Issue: $token", 'X-Life: ' . ($token eq $tokens[5] ? 1 : 600) ]));
        $c = connection($single, timeout => 60) if ($c->read_response->{headers}{connection} // '') eq 'close';
    }
    is counted($single, 'eiam_redis_unshared_total{reason="queue"}'), 50, 'what does not fit is counted';
    is status($single, $tokens[-1]), 200, 'and good where it was issued';
    sleep 1;
    $redis->start;
    in_time('sent', sub { status($two, $tokens[ QUEUE - 1 ]) == 200 });
    is join(' ', map { status($two, $tokens[$_]) } 0, 4, QUEUE - 1), '200 200 200', 'what waited is known to others';
    is counted($single, 'eiam_redis_unshared_total{reason="expired"}'), 1, 'what has expired meanwhile is counted';
    is status($two, $tokens[-1]), 401, 'what did not fit is not known';
    leave($single);
    fresh($one, $two);
};

# ---- many gateways

subtest '2.4-7.13: many gateways can read one stream' => sub {
    my $token = issue($one);
    my @many = map { new_gateway(zone => '1m') } 1 .. GATEWAYS;
    fresh(@many);
    is scalar(grep { status($_, $token) != 200 } @many), 0, 'all know what one has issued';
    my $begun = time;
    my $answer = order($one, revoke => "token=$token");
    in_time('in force', sub { !grep { status($_, $token) != 401 } @many });
    note sprintf '%d gateways: the order took %.2f s, in force after %.2f s', scalar @many, time - $begun, time - $begun;
    is $answer->{status}, 200, 'the order is acknowledged';
    cmp_ok scalar(grep { $_->{in_force} } @{ $answer->{json}{gateways} }), '>=', GATEWAYS / 2, 'and names the gateways';
    is scalar(grep { counted($_, 'eiam_redis_gaps_total') != 0 } @many), 0, 'without gaps';
    leave(@many);
};

# ---- clocks

SKIP: {
    my ($library) = glob '/usr/lib/*/faketime/libfaketime.so.1';
    skip 'another clock: no faketime', 1 if !$library;
    skip 'another clock: sanitizers must be loaded first', 1 if $ENV{EIAM_ASAN};
    for my $minutes (1, -1) {
        subtest "2.4-7.14: a gateway whose clock differs by $minutes min" => sub {
            my $other = gateway(redis => $redis->address, main => 'env LD_PRELOAD; env FAKETIME; env DONT_FAKE_MONOTONIC;');
            {
                local @ENV{qw(LD_PRELOAD FAKETIME DONT_FAKE_MONOTONIC)} = ($library, sprintf('%+dm', $minutes), 1);
                $other->start;
            }
            fresh($other);
            my ($here, $there) = (issue($one), issue($other));
            is join(' ', status($other, $here), status($one, $there)), '200 200', 'each knows what the other has issued';
            order($other, revoke => "token=$here");
            order($one, revoke => "token=$there");
            in_time('in force', sub { status($one, $here) == 401 && status($other, $there) == 401 });
            my ($old, $older) = (issue($one), issue($other));
            is order($other, revoke => 'application=crm')->{status}, 200, 'it revokes an application';
            in_time('in force', sub { !grep { status($one, $_) != 401 || status($other, $_) != 401 } $old, $older });
            my ($new, $newer) = (issue($one), issue($other));
            is join(' ', map { (status($one, $_), status($other, $_)) } $new, $newer), '200 200 200 200',
                'what is issued afterwards is good at both';
            order($one, revoke => 'application=crm');
            in_time('in force', sub { !grep { status($one, $_) != 401 || status($other, $_) != 401 } $new, $newer });
            $newer = issue($other);
            is join(' ', status($one, $newer), status($other, $newer)), '200 200', 'the other way round as well';
            order($other, restore => 'application=crm');
            in_time('restored', sub { status($one, $new) == 200 && status($other, $new) == 200 });
            leave($other);
        };
    }
}

# ---- what is in Redis

subtest '2.4-7.15: what goes to Redis has no token, digest, key, scope or application' => sub {
    my $monitor = IO::Socket::INET->new(PeerAddr => $redis->address) or die "redis: $!";
    $monitor->print("MONITOR\r\n");
    my @tokens = some_revoked();
    order($one, restore => "token=$tokens[0]");
    order($one, restore => 'application=erp');
    order($one, revoke => 'all=1');
    order($one, restore => 'all=1');
    said_anew(@tokens, 'Invented-token-0123456789');
    $redis->cmd('ECHO', 'the-end');
    my $seen = '';
    until ($seen =~ /the-end/) { sysread $monitor, $seen, 65_536, length $seen or last }
    like $seen, qr/"MGET".*"XADD".*"XREAD"/s, 'all of it was seen';
    $seen =~ s/\\x([0-9a-f]{2})/chr hex $1/ge;
    my $key = EIAM::Gateways::LINE;
    my @secrets = (@tokens, 'Invented-token', 'user_read', 'api.example.com', $key, "\0\1\2\3\4\5\6\7",
        map { my $digest = Digest::SHA::sha256($_); ($digest, substr($digest, 0, 8), unpack('H16', $digest)) } @tokens);
    is scalar(grep { index($seen, $_) >= 0 } @secrets), 0, 'nothing secret is there';
    unlike $seen, qr/\b(?:crm|erp)\b/, 'nor an application';
};

done_testing;
