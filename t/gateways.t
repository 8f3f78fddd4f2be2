#!/usr/bin/perl
# Gateways that share what they know through a real Redis: learned and introspected tokens.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Digest::SHA ();
use JSON::PP ();
use Test::More;
use Time::HiRes qw(sleep time);
use EIAM::Gateways;
use EIAM::Jwt qw(mint new_key public_jwk);
use EIAM::Redis;
use EIAM::Source;
use EIAM::Test;

my $form = 'Content-Type: application/x-www-form-urlencoded';
my $line = EIAM::Gateways::LINE;
my $other_line = '//////////////////////////////////////////8=';

my $redis = EIAM::Redis->new(conf => 'notify-keyspace-events ""');
my $issuer = EIAM::Source->new;
my $source = EIAM::Source->new;
my $key = new_key('Ed25519');

# What clients obtain at /taught and /unbuffered, $issuer answers as a test says.
sub new_gateway {
    my (%opt) = @_;
    return gateway(
        redis => $redis->address,
        workers => 2,
        files => {
            'policy.json' => policy('/api', 'GET /users' => ['user_read'], map { ("POST /$_" => 'public') } qw(token taught unbuffered)),
            'apps.json' => applications({ id => 'crm', permissions => ['user_read'] },
                { id => 'erp', permissions => ['user_read'] }),
            'jwks.json' => { keys => [ public_jwk($key, kid => 'k') ] },
        },
        %opt,
        server => qq{
            eiam_applications apps.json;
            location = /api/taught { eiam on; eiam_learn on; proxy_pass http://@{[ $issuer->address ]}; }
            location = /api/unbuffered {
                eiam on; eiam_learn on; proxy_buffering off; proxy_pass http://@{[ $issuer->address ]};
            }
            location = /introspect { internal; proxy_pass http://@{[ $source->address ]}; }
            @{[ $opt{server} // '' ]}
        });
}

# The last line of the log, which is written behind the answer.
sub decided {
    my ($gate, $pattern, $title) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $line;
    ok until_true(sub { $line = (split /\n/, $gate->access_log)[-1] // ''; $line =~ $pattern }), $title or diag $line;
    return;
}

my ($one, $two) = map { new_gateway(server => 'listen 127.0.0.1:%PORT3% http2;')->start } 1, 2;
connected($one, $two);

subtest '2.4-7.1: what one gateway learns, another one knows at once' => sub {
    my %seen;
    for (1 .. 200) {
        my ($from, $to) = $_ % 2 ? ($one, $two) : ($two, $one);
        $seen{ status($to, issue($from)) }++;
    }
    is_deeply \%seen, { 200 => 200 }, 'every call passes';
    decided $one, qr/^\s*SHARED learned$/, 'and the log says from where';
};

subtest '2.4-7.1: a token is known whichever version of HTTP its client uses, and even if the client leaves' => sub {
    my $plain = "client_id=crm";
    my $length = 'Content-Length: ' . length $plain;
    my %requests = (
        'HTTP/1.0' => "POST /api/taught HTTP/1.0\r\n$form\r\n$length\r\n\r\n$plain",
        'HTTP/1.1' => "POST /api/taught HTTP/1.1\r\nHost: a\r\n$form\r\n$length\r\nConnection: close\r\n\r\n$plain",
        'gzip' => "POST /api/taught HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n$form\r\n$length\r\nConnection: close\r\n\r\n$plain",
        'a condition' => "POST /api/taught HTTP/1.1\r\nHost: a\r\nIf-None-Match: *\r\nIf-Modified-Since: Mon, 01 Jan 2035 00:00:00 GMT\r\n"
            . "$form\r\n$length\r\nConnection: close\r\n\r\n$plain",
        'a range' => "POST /api/taught HTTP/1.1\r\nHost: a\r\nRange: bytes=0-9\r\n$form\r\n$length\r\nConnection: close\r\n\r\n$plain",
    );
    $requests{'without buffers'} = $requests{'HTTP/1.1'} =~ s{/api/taught}{/api/unbuffered}r;
    for my $chunked (0, 7) {
        for my $what (sort keys %requests) {
            my $token = new_token();
            my %json = (access_token => $token, token_type => 'bearer', expires_in => 600, scope => 'user_read');
            $issuer->answer('*' => { ($chunked ? (chunked => $chunked) : ()), headers => ['ETag: "x"', 'Last-Modified: Mon, 01 Jan 2024 00:00:00 GMT'], json => \%json });
            my $answer = raw($one, $requests{$what});
            like $answer->{body} // '', qr/\Q$token\E/, "$what: the answer is whole" or diag explain $answer;
            is status($two, $token), 200, "$what: the token is known there";
        }
    }
};

subtest '2.4-1: a token is known even without proxy_buffering, when the body comes after the header' => sub {
    my $token = new_token();
    my %json = (access_token => $token, token_type => 'bearer', expires_in => 600, scope => 'user_read');
    for my $hold (100, 120, 150) {
        $issuer->answer('*' => { json => \%json, headers => ['X: ' . 'x' x 60], hold => $hold });
        my $client = EIAM::Client::connection($one);
        my $before = $issuer->count;
        $client->send("POST /api/unbuffered HTTP/1.1\r\nHost: a\r\n$form\r\nContent-Length: 13\r\nConnection: close\r\n\r\nclient_id=crm");
        $issuer->await($before + 1);
        sleep 0.02;
        $issuer->release;
        like $client->read_response->{body}, qr/\Q$token\E/, 'the answer is whole';
        is status($two, $token), 200, 'the token is known at the other gateway';
        $token = $json{access_token} = new_token();
    }
};

subtest 'an answer from which nothing can be learned is forwarded unchanged' => sub {
    my %json = (access_token => new_token(), token_type => 'bearer', expires_in => 600, scope => 'user_read');
    my $post = sub { raw($one, "POST /api/taught HTTP/1.1\r\nHost: a\r\n$form\r\nContent-Length: 13\r\nConnection: close\r\n\r\nclient_id=crm") };
    my %answers = (
        'no token' => { json => { error => 'invalid_client' } }, 'empty' => { body => '' },
        'large' => { json => { %json, more => 'm' x 100_000 } }, 'large, in pieces' => { json => { %json, more => 'm' x 70_000 }, chunked => 5000 },
        'another status' => { status => 400, json => \%json },
    );
    for my $what (sort keys %answers) {
        $issuer->answer('*' => $answers{$what});
        my $answer = $post->();
        is $answer->{status}, $answers{$what}{status} // 200, "$what: status";
        my $body = $answers{$what}{json};
        is_deeply $answer->{json}, $body, "$what: body" if $body;
    }
    $issuer->answer('*' => { json => { %json, more => 'm' x 5000 }, stop => 3000 });
    my $answer = $post->();
    like $answer->{body} // '', qr/^[{"]/, 'of an answer that ends early the client gets what there is' or diag explain $answer;
};

subtest '2.4-7.1: a token is known over HTTP/2, and when the client has left' => sub {
    plan skip_all => 'no curl' if !grep { -x "$_/curl" } split /:/, $ENV{PATH};
    for my $what ('--http2-prior-knowledge', '--http1.1') {
        my $token = new_token();
        $issuer->answer('*' => { json => { access_token => $token, token_type => 'bearer', expires_in => 600, scope => 'user_read' } });
        my $port = $one->port($what =~ /http2/ ? 3 : 1);
        my $said = qx(curl -s $what -m 20 -d client_id=crm http://127.0.0.1:$port/api/taught);
        like $said, qr/\Q$token\E/, "$what: the token is issued";
        is status($two, $token), 200, "$what: and known";
    }
    # It leaves while the answer is held: Redis answers once it goes on.
    my $token = new_token();
    $issuer->answer('*' => { json => { access_token => $token, token_type => 'bearer', expires_in => 600, scope => 'user_read' } });
    $redis->freeze;
    my @clients = map { EIAM::Client::connection($one) } 1 .. 5;
    $_->send("POST /api/taught HTTP/1.1\r\nHost: a\r\n$form\r\nContent-Length: 13\r\n\r\nclient_id=crm") for @clients;
    sleep 0.02;
    undef @clients;
    $redis->thaw;
    ok until_true(sub { status($two, $token) == 200 }), 'the token is learned although the client has left';
};

subtest 'no part of a token is in Redis' => sub {
    my $token = issue($one);
    my $digest = Digest::SHA::sha256_hex($token);
    my @keys = @{ $redis->cmd('KEYS', '*') };
    cmp_ok scalar @keys, '>', 100, 'there are keys';
    my $all = join "\n", @keys, map { $redis->cmd('GET', $_) // '' } @keys;
    for my $secret ($token, $digest, pack('H*', $digest), 'user_read', 'api.example.com') {
        ok index($all, $secret) < 0, 'a secret is not there';
    }
};

# The Redis keys of a token, by what was not there before: its grant, then its tombstone.
sub keys_of {
    my ($issue) = @_;
    my ($token, $grant) = grant_of($redis, $issue);
    return ($token, $grant, $grant =~ s/:g:.*/:r/r);
}

subtest '2.4-7.12: a value that was changed in Redis grants nothing' => sub {
    my ($token, $grant) = keys_of(sub { issue($one) });
    my ($erp, $other) = keys_of(sub { issue($one, client => 'erp') });
    my $sealed = $redis->cmd('GET', $grant);
    my $rejected = 'eiam_redis_rejected_values_total{kind="grant"}';
    my $before = counted($two, $rejected);
    my %values = (
        'another version' => "\x02" . substr($sealed, 1), 'a bit of the nonce' => $sealed ^ ("\0" x 5 . "\1"),
        'a bit of the text' => $sealed ^ ("\0" x 20 . "\x80"), 'a bit of the tag' => $sealed ^ ("\0" x (length($sealed) - 1) . "\1"),
        'a part' => substr($sealed, 0, -1), 'nothing' => '', 'more' => $sealed . "\0",
        'another token' => $redis->cmd('GET', $other), 'much' => 'x' x 60_000,
    );
    my $changes = 0;
    for my $what (sort keys %values) {
        $redis->cmd('SET', $grant, $values{$what});
        # Nothing there is remembered for a second.
        my $called = until_true(sub { status($two, $token) == 401 && counted($two, $rejected) > $before + $changes });
        ok $called, "$what: refused and counted";
        $changes = counted($two, $rejected) - $before;
    }
    $redis->cmd('SET', $grant, $sealed);
    ok until_true(sub { status($two, $token) == 200 }), 'with its own value again the token passes';
    is status($one, $token), 200, 'at the gateway that learned it, it has passed all the time';
};

subtest 'a tombstone wins, even if it cannot be read' => sub {
    my ($token, $grant, $tombstone) = keys_of(sub { issue($one) });
    $redis->cmd('SET', $tombstone, "\x07of a later version", 'PX', 60_000);
    my $answer = get($two, '/api/users', token => $token);
    is $answer->{status}, 401, 'the token is refused';
    is $answer->{json}{error_code}, 'GATEWAY.4014', '  as a revoked one';
    decided $two, qr/^token_revoked\s+SHARED learned$/, '  by what Redis says';
    is counted($two, 'eiam_redis_rejected_values_total{kind="tombstone"}') > 0, 1, 'it is counted';
    is issue($two, token => $token), $token, 'the same value is issued once more';
    is status($two, $token), 401, 'and stays refused there';
};

subtest '2.4-7.12: a key is replaced in the documented order' => sub {
    my $both = new_gateway(key => "$line\n$other_line\n")->start;
    connected($both);
    my $token = issue($one);
    is status($both, $token), 200, 'a gateway with the new key in the second line reads what others write';
    is status($one, issue($both)), 200, '  and they read what it writes';
    $both->write_file('key', "$other_line\n$line\n");
    $both->reload;
    connected($both);
    $token = issue($one);
    is status($both, $token), 200, 'with the new key in the first line it still reads what others write';
    is status($one, issue($both)), 401, '  but only gateways that have the new key read what it writes';
    $both->stop;
    $redis->cmd('DEL', 'eiam:{rev}:key');    # for those who have the old key only
};

subtest 'while Redis is away, known tokens pass and unknown ones get 503' => sub {
    my $quick = new_gateway(http => 'eiam_redis_grace 1s;')->start;
    my $never = new_gateway(http => 'eiam_redis_grace off;')->start;
    connected($quick, $never);
    my $known = issue($one);
    is status($two, $known), 200, 'a token is known at both';
    my $foreign = issue($one);
    $redis->kill9;
    ok until_true(sub { get($one, '/status/metrics')->{body} =~ /^eiam_redis_up 0$/m }), 'the metrics say so';
    is status($two, $known), 200, 'a known token passes';
    is status($two, $foreign), 503, 'an unknown one could be that of another gateway, so the answer is 503';
    decided $two, qr/^source_unavailable redis_down MISS learned$/, 'the log says why';
    ok until_true(sub { status($quick, $foreign) == 401 }), 'after eiam_redis_grace it is refused';
    decided $quick, qr/^token_invalid not_shared /, 'and the log says so';
    is status($never, $foreign), 503, 'with eiam_redis_grace off the answer stays 503';
    $_->stop for $quick, $never;

    my $queued = issue($one);
    is status($one, $queued), 200, 'tokens are issued meanwhile';
    $redis->start;
    ok until_true(sub { status($two, $queued) == 200 }), '  and known to others when Redis is back';
    ok until_true(sub { status($two, $foreign) == 401 }), 'a grant that Redis has lost is not known elsewhere';
};

subtest 'while Redis does not answer or has no memory, tokens are still issued' => sub {
    connected($one, $two);
    my $foreign = issue($one);
    $redis->freeze;
    my $token = issue($one);
    is status($one, $token), 200, 'the token response does not wait for Redis, and the token is good where it was issued';
    is status($two, $foreign), 503, 'an unknown token gets 503';
    like get($one, '/status/metrics')->{body}, qr/^eiam_redis_hold_late_total [1-9]/m, 'the late answer is counted';
    $redis->thaw;
    ok until_true(sub { status($two, $token) == 200 }), 'when Redis goes on, others know the token';

    connected($one, $two);
    $redis->cmd('CONFIG', 'SET', 'maxmemory', 1);
    my $full = issue($one);
    is status($one, $full), 200, 'when Redis has no memory left, tokens are issued';
    is status($two, $token), 200, '  those that Redis has pass';
    is status($two, 'Invented-token'), 401, '  and unknown ones are looked up';
    $redis->cmd('CONFIG', 'SET', 'maxmemory', 0);
    ok until_true(sub { status($two, $full) == 200 }), 'when it has memory again, it gets the grant';
};

subtest 'introspected tokens are shared, and signed tokens that were revoked elsewhere are refused' => sub {
    my $introspection = 'eiam_introspection /introspect; eiam_cache_valid 20s;';
    my ($first, $second) = map { new_gateway(api => $introspection)->start } 1, 2;
    connected($first, $second);
    $source->answer('*' => { json => { active => JSON::PP::true, client_id => 'crm', scope => 'user_read' } });
    my ($asked, $grant, $tombstone);
    ($asked, $grant, $tombstone) = keys_of(sub {
        is status($first, 'Asked-by-one'), 200, 'one gateway asks';
        return 'Asked-by-one';
    });
    is status($second, $asked), 200, 'the token passes at the other one';
    is $source->count($asked), 1, '  which does not ask';
    decided $second, qr/^\s*SHARED introspection$/, '  as Redis has the grant';
    cmp_ok $redis->cmd('PTTL', $grant), '<=', 20_000, 'for as long as it is valid';
    is status($second, issue($first)), 200, 'learned tokens are shared as well';

    $redis->stop;
    ok until_true(sub { get($first, '/status/metrics')->{body} =~ /^eiam_redis_up 0$/m }), 'Redis is down';
    is status($first, 'Asked-later'), 200, '  so the authorization server is asked';
    $redis->start;
    $_->stop for $first, $second;

    my $jwt = 'eiam_jwks jwks.json; eiam_jwt_issuer as; eiam_jwt_audience api;';
    my $gate = new_gateway(api => $jwt)->start;
    connected($gate);
    my $n = 0;
    my $good = sub { mint($key, 'EdDSA', { iss => 'as', aud => 'api', exp => time + 600, client_id => 'crm',
        scope => 'user_read', jti => ++$n }, { kid => 'k', typ => 'at+jwt' }) };
    is status($gate, $good->()), 200, 'a signed token passes';
    my $revoked = $good->();
    connected($two);
    (undef, undef, $tombstone) = keys_of(sub { issue($two, token => $revoked) });
    $redis->cmd('SET', $tombstone, 'x');
    is status($gate, $revoked), 401, 'a signed token with a tombstone does not';
    decided $gate, qr/^token_revoked\s+SHARED jwt$/, 'as another gateway has revoked it';
    is status($gate, $good->()), 200, 'other signed tokens do';
    $gate->stop;
};

subtest 'no token is logged' => sub {
    my $logs = join '', map { $_->error_log, $_->access_log } $one, $two;
    unlike $logs, qr/Issued-\d+-xxx|\Q$line\E/, 'none that was issued, and no key';
};

subtest 'nginx -t refuses what would not share safely' => sub {
    my $refused = sub {
        my ($what, $says, $gate, $after) = @_;
        $after->($gate) if $after;
        my ($code, $text) = $gate->check;
        ok $code == 1 && $text =~ /\[emerg\] .*$says/, $what or diag $text;
    };
    my $mode = sub { my ($bits) = @_; return sub { chmod $bits, $_[0]->dir . '/key' } };
    $refused->('a key that everybody may read', 'must not be readable by others', new_gateway(), $mode->(0644));
    $refused->('a short key', 'line 1 of ".*key" has less than 32 bytes', new_gateway(key => "AAAA\n"));
    $refused->('no key', 'line 1 of ".*key" has no key', new_gateway(key => "\n"));
    $refused->('three keys', 'line 3 of ".*key" is one too many', new_gateway(key => "$line\n$other_line\n$line\n"));
    $refused->("no name: $_", '"eiam_redis" needs a "server_name"', new_gateway(name => $_)) for '""', '_';
    $refused->('a value that is no time', '"soon" is neither a time', new_gateway(http => 'eiam_redis_grace soon;'));
    $refused->('the same name twice', '"eiam_redis" needs a "server_name" of its own in server', new_gateway(http => q{
        server { listen 127.0.0.1:%PORT2%; server_name api.example.com; eiam_policy policy.json; location /api/ { eiam on; } }}));
    my ($code, $text) = new_gateway(http => q{
        eiam_redis_stale 5m;
        server { listen 127.0.0.1:%PORT2%; server_name api.example.com; return 301 https://api.example.com; }})->check;
    is $code, 0, 'a server without a gate may have the name' or diag $text;
    my $without = nginx(conf => 'eiam_redis 127.0.0.1:1;');
    $refused->('eiam_redis without a key', '"eiam_redis" needs "eiam_redis_key"', $without);
};

done_testing;
