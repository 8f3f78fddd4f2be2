#!/usr/bin/perl
# Key sets from a location: fetched once for all workers, refreshed, and what happens to signed tokens when the
# server of the keys is slow, wrong or down.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use MIME::Base64 qw(encode_base64 encode_base64url);
use Test::More;
use Time::HiRes qw(sleep time);
use EIAM::Jwt qw(new_key public_jwk mint);
use EIAM::Source;
use EIAM::Test;

use constant { REQUESTS => 200, UNKNOWN => 300, DEADLINE => 30, KILO => 1024 };

my $json = JSON::PP->new->utf8->canonical;

# ---------------------------------------------------------------- keys, sets, tokens

sub key {
    my ($kid) = @_;
    return { %{ new_key('Ed25519') }, kid => $kid };
}

sub public {
    my ($key, %members) = @_;
    return public_jwk($key, kid => $key->{kid}, use => 'sig', %members);
}

# Makes the server answer with these keys.
sub set {
    my (@keys) = @_;
    return { json => { keys => [ map { ref eq 'HASH' && $_->{pk} ? public($_) : $_ } @keys ] } };
}

my $serial = 0;

# Each token is new, so that none is in the cache.
sub token {
    my ($key, %claims) = @_;
    return mint($key, 'EdDSA', { iss => 'https://issuer.example', aud => 'api', exp => time + 600,
        client_id => 'crm', scope => 'user_read', jti => ++$serial, %claims },
        { typ => 'at+jwt', kid => $key->{kid} });
}

my ($one, $two) = map { key($_) } qw(one two);

# Tokens that name keys that nobody has.
my ($signed) = token($one) =~ /(\..*)/;
sub unknown {
    return map { encode_base64url(qq({"alg":"EdDSA","kid":"unknown-@{[ ++$serial ]}"})) . $signed }
        1 .. $_[0];
}

# ---------------------------------------------------------------- the gate

# Faults of an answer, which is then no key set.
my $good = $json->encode(set($one)->{json});
my %faults = (
    'status-500'      => { %{ set($one) }, status => 500 },
    'status-404'      => { %{ set($one) }, status => 404 },
    'status-201'      => { %{ set($one) }, status => 201 },
    'status-204'      => { raw => "HTTP/1.1 204 No Content\r\n\r\n" },
    'redirect'        => { %{ set($one) }, status => 302, headers => ['Location: /other'] },
    'canonical'       => { %{ set($one) }, status => 301, headers => ["Location: https://as.example/k\x{1}\"eys"] },
    'html'            => { body => '<html><body>Welcome</body></html>', type => 'text/html' },
    'empty'           => { body => '' },
    'blank'           => { body => ' ' x 100 },
    'cut-text'        => { body => substr $good, 0, -1 },
    'cut-answer'      => { body => $good, stop => 120 },
    'cut-chunks'      => { body => $good, chunked => 20, last_chunk => 0, close => 1 },
    'claims-more'     => { body => $good, length => length($good) + 1, close => 1 },
    'behind-it'       => { body => "$good x" },
    'twice'           => { body => '{"keys":[],' . substr $good, 1 },
    'a-list'          => { json => set($one)->{json}{keys} },
    'no-keys'         => { json => { sets => set($one)->{json}{keys} } },
    'keys-not-a-list' => { json => { keys => public($one) } },
    'a-text'          => { body => '"keys"' },
    'encoded'         => { %{ set($one) }, headers => ['Content-Encoding: gzip'] },
    'one-octet-more'  => { %{ set($one) }, pad => 256 * KILO + 1 },
    'one-in-chunks'   => { %{ set($one) }, pad => 256 * KILO + 1, chunked => 100 * KILO },
    'ten-megabytes'   => { %{ set($one) }, pad => 10 * KILO * KILO },
    'ten-in-chunks'   => { %{ set($one) }, pad => 10 * KILO * KILO, chunked => KILO * KILO },
    'no-http'         => { raw => 'keys', end => 'close' },
    'closed'          => { stop => 0 },
    'reset'           => { stop => 0, end => 'reset' },
    'silent'          => { hold => 0, end => 'close' },
    'down'            => {},
    'slow'            => { %{ set($one) }, pace => 0.5, end => 'close' },
);

# Locations, each with a key set and a server of its own.
my %terms = (
    (map { ("fault-$_" => 'eiam_jwks_timeout 300ms; eiam_jwks_refresh 1s;') } keys %faults),
    (map { ($_ => '') } qw(first forwarded body large largest largest-chunked chunked closing typed unknown bad
        empty useless all reload)),
    refresh  => 'eiam_jwks_refresh 4s; eiam_jwks_timeout 10m;',
    left     => 'eiam_jwks_refresh 2s;',
    replaced => 'eiam_jwks_refresh 1s;',
    removed  => 'eiam_jwks_refresh 1s; eiam_cache_valid 1s;',
    aged     => 'eiam_jwks_refresh 1s; eiam_jwks_max_age 2s;',
    found    => 'eiam_jwks_interval 100ms;',
    flood    => 'eiam_jwks_interval 200ms;',
    lasting  => 'eiam_jwks_interval 100ms;',
    nothing  => 'eiam_jwks_interval 1ms;',
    gone     => '',
    broken   => 'eiam_jwks_interval 100ms;',
    lost     => 'eiam_jwks_timeout 200ms;',
    leader   => 'eiam_jwks_timeout 10m;',
    killed   => 'eiam_jwks_timeout 10m;',
);

# The server sees which worker fetches.
my %headers = ((map { ($_ => '') } keys %terms),
    map { ($_ => 'proxy_set_header X-Pid $pid;') } qw(killed lost));

my %server = map { ($_ => EIAM::Source->new('*' => set($one))) } sort keys %terms;

my $locations = join "\n", map {
    "location = /api/$_ { eiam on; eiam_jwks /keys-$_; $terms{$_} try_files /none \@served; }"
    . " location = /keys-$_ { internal; $headers{$_}"
    . " proxy_pass http://@{[ $server{$_}->address ]}/$_; }"
} sort keys %terms;

my ($left, $right) = map { EIAM::Source->new('*' => set({ %$_, kid => 'same' }, $_)) } $one, $two;

my $gate = nginx(workers => 2, events => 'worker_connections 4096;',
    files => {
        'set.json' => set($one)->{json},
        'policy.json' => policy('/api', 'PUT /body' => ['user_read'],
            map { ("GET /$_" => ['user_read']) } sort(keys %terms), qw(echo shared once file nowhere)),
    },
    conf => qq{
        eiam_zone eiam 16m;
        eiam_policy %DIR%/policy.json;
        eiam_jwt_issuer https://issuer.example;
        eiam_jwt_audience api;
        add_header X-Cache "\$eiam_source \$eiam_cache" always;
        add_header X-Pid \$pid always;
        server {
            listen 127.0.0.1:%PORT% reuseport backlog=4096;
            keepalive_requests 100000;
            $locations
            location = /api/echo { eiam on; eiam_jwks /keys-forwarded; proxy_pass http://%ECHO%; }
            location = /api/file { eiam on; eiam_jwks /keys-file; try_files /none \@served; }
            location = /keys-file { internal; alias %DIR%/set.json; }
            location = /api/nowhere { eiam on; eiam_jwks /keys-nowhere; try_files /none \@served; }
            location = /keys-nowhere { internal; alias %DIR%/nowhere.json; }
            location \@served { return 200 "\$eiam_application \$eiam_scopes"; }
        }
        server {
            listen 127.0.0.1:%PORT2%;
            location / { stub_status; }
        }
        server {
            listen 127.0.0.1:%PORT3%;
            eiam_jwks /keys;
            location = /api/shared { eiam on; try_files /none =204; }
            location = /api/once { eiam on; try_files /none =204; }
            location = /keys { internal; proxy_pass http://@{[ $left->address ]}; }
        }
        server {
            listen 127.0.0.1:%PORT4%;
            eiam_jwks /keys;
            location = /api/shared { eiam on; try_files /none =204; }
            location = /keys { internal; proxy_pass http://@{[ $right->address ]}; }
        }
    })->start;

# ---------------------------------------------------------------- calls

sub ask {
    my ($name, $token, %opt) = @_;
    return get($gate, "/api/$name", token => $token, timeout => DEADLINE, %opt);
}

sub seen {
    my ($res) = @_;
    return $res ? join ' ', $res->{status}, $res->{headers}{'x-cache'} // '' : 'none';
}

sub told { return seen(ask(@_)) }

sub open_all {
    my ($name, @tokens) = @_;
    return map {
        connection($gate, timeout => DEADLINE)->send(request("/api/$name", token => $_))
    } @tokens;
}

sub answers { return map { scalar $_->read_response } @_ }

# "200 jwt MISS" => how many of the answers.
sub tally {
    my %tally;
    $tally{ seen($_) }++ for @_;
    return join ', ', map { "$tally{$_} x $_" } sort keys %tally;
}

# Waits until nginx has that many requests under way.
sub under_way {
    my ($count) = @_;
    return 1 if until_true(sub {
        my ($writing) = get($gate, '/', port => $gate->port(2))->{body} =~ /Writing: (\d+)/;
        return $writing > $count;
    });
    die "never $count requests under way\n";
}

# Calls with new tokens until the answer has that form; returns the last answer.
sub at_last {
    my ($name, $pattern, $key) = @_;
    my $res;
    until_true(sub { $res = ask($name, token($key // $one)); seen($res) =~ $pattern });
    return seen($res);
}

# Waits until all workers have parsed the set of the location.
sub all_know {
    my ($name) = @_;
    my %pid;
    until_true(sub { $pid{ ask($name, token($one))->{headers}{'x-pid'} } = 1; keys %pid == 2 });
    return scalar keys %pid;
}

# Sets that will be older than eiam_jwks_refresh when they are tested.
my @old = qw(left replaced);
is told($_, token($one)), '200 jwt MISS', "$_: a token passes" for @old;
my $old = time + 1.1;

# ---------------------------------------------------------------- one fetch

subtest 'the first requests of a set' => sub {
    my $server = $server{first}->answer('*' => { %{ set($one) }, hold => 0 });
    my @open = open_all('first', map { token($one) } 1 .. REQUESTS);
    under_way(REQUESTS);
    is $server->await(1), 1, 'the set is fetched while they wait';
    $server->answer('*' => set($one))->release;
    my @res = answers(@open);
    is tally(@res), REQUESTS . ' x 200 jwt MISS', 'all are answered by it';
    is $res[0]{body}, 'crm user_read', 'with the application and the scopes of the token';
    is $server->count, 1, 'one fetch for all';
    my %pid = map { ($_->{headers}{'x-pid'} => 1) } @res;
    is scalar keys %pid, 2, '  in both workers';
    my $token = token($one);
    is told('first', $token), '200 jwt MISS', 'another token is verified by the same set';
    is told('first', $token), '200 jwt HIT', '  and comes from the cache the next time';
    is told('first', token($two)), '401 jwt MISS', 'a token of a key that is not in it is refused';
};

subtest 'a reload' => sub {
    my $server = $server{first}->answer('*' => { %{ set($one) }, hold => 0 })->forget;
    my %old = map { ($_ => 1) } $gate->worker_pids;
    ok $gate->reload, 'a reload';
    my @open = open_all('first', map { token($one) } 1 .. 8);
    is $server->await(1), 1, 'the set is fetched anew: its server may be another one';
    $server->answer('*' => set($one))->release;
    my @res = answers(@open);
    is tally(@res), '8 x 200 jwt MISS', 'tokens are verified by it';
    is scalar(grep { $old{ $_->{headers}{'x-pid'} } } @res), 0, '  in new workers';
    is $server->count, 1, '  which fetched it once';
    $server->answer('*' => { status => 500 })->forget;
    ok $gate->reload, 'another one';
    is told('first', token($one)), '200 jwt MISS', 'if that fails, the set from before serves';
    is $server->count, 1, '  which was tried once';
    $server->answer('*' => set($one));
};

subtest 'what the server of the keys is told' => sub {
    my $server = $server{forwarded};
    my $token = token($one);
    my $res = get($gate, '/api/echo', token => $token, body => 'the client body', headers => [
        'Cookie: session=1', 'X-Client: yes', 'Range: bytes=0-1', 'If-None-Match: "x"',
        'Accept: text/html', 'Accept-Encoding: gzip', 'Content-Type: text/plain', 'TE: trailers' ]);
    passed $res, 'a request with a body and headers of its own passes', application => 'crm',
        scopes => 'user_read';
    is $res->{json}{body}, 'the client body', '  its body goes to the backend';
    my ($req) = $server->requests;
    is "$req->{method} $req->{target}", 'GET /forwarded', 'the set is fetched by GET';
    is join(', ', sort map { lc $_->[0] } @{ $req->{headers} }), nginx_since(29, 7) ? 'accept, host' : 'accept, connection, host',
        '  without any header of the client';
    my %header = map { (lc $_->[0] => $_->[1]) } @{ $req->{headers} };
    is $header{accept}, 'application/json', '  JSON is asked for';
    is $req->{body}, '', '  without a body';
    is get($gate, '/keys-forwarded')->{status}, 404, 'clients cannot fetch it there';
};

subtest 'a body that comes while the request waits' => sub {
    my $server = $server{body}->answer('*' => { %{ set($one) }, hold => 0 });
    my $body = 'x' x 100_000;
    my $c = connection($gate, timeout => DEADLINE)->send(request('/api/body', method => 'PUT',
        token => token($one), headers => [ 'Content-Length: ' . length $body ]));
    is $server->await(1), 1, 'the set is fetched';
    $c->send($body);
    $server->release;
    is seen($c->read_response), '200 jwt MISS', 'the request is answered';
};

# ---------------------------------------------------------------- sizes

subtest 'large sets' => sub {
    my $certificate = encode_base64(join('', map { chr 17 * $_ % 256 } 1 .. 1850), '');
    my @keys = map { public(key("large-$_"), x5c => [ ($certificate) x 2 ], x5t => "t$_") } 1 .. 8;
    my $set = set(@keys, $one);
    cmp_ok length $json->encode($set->{json}), '>', 39 * KILO, 'a set of 40 KB with certificates';
    $server{large}->answer('*' => $set);
    is told('large', token($one)), '200 jwt MISS', 'is read with nginx\'s default buffers';
    my %largest = (%{ set($one) }, pad => 256 * KILO);
    $server{largest}->answer('*' => \%largest);
    is told('largest', token($one)), '200 jwt MISS', 'and one of 256 KB';
    $server{'largest-chunked'}->answer('*' => { %largest, chunked => 10 * KILO });
    is told('largest-chunked', token($one)), '200 jwt MISS', '  also in chunks';
};

subtest '2.6-4: a set of 100 keys with certificates, in the smallest zone; and its keys alone are too many' => sub {
    my $certificate = encode_base64(join('', map { chr 17 * $_ % 256 } 1 .. 900), '');
    my @keys = map { public(key("key-$_"), x5c => [ ($certificate) x 2 ]) } 1 .. 99;
    my %server = (certified => EIAM::Source->new('*' => set(@keys, $one)),
        named => EIAM::Source->new('*' => set($one, map { { %$_, kid => $_->{kid} x 120, x5c => [] } } @keys)));
    cmp_ok length $json->encode(set(@keys, $one)->{json}), '>', 240 * KILO, 'it has 240 KB';
    my $gate = nginx(workers => 2, files => { 'policy.json' => policy('/api', map { ("GET /$_" => ['user_read']) } keys %server) },
        conf => "eiam_zone eiam 400k; eiam_policy policy.json; eiam_jwt_issuer https://issuer.example; eiam_jwt_audience api;"
            . ' add_header X-Cache "$eiam_source $eiam_cache" always; server { listen 127.0.0.1:%PORT%; '
            . join('', map { " location = /api/$_ { eiam on; eiam_jwks /keys-$_; try_files /none =204; }"
                . " location = /keys-$_ { internal; proxy_pass http://@{[ $server{$_}->address ]}; }" } sort keys %server) . '}')->start;
    is seen(get($gate, '/api/certified', token => token($_))), '204 jwt MISS', 'tokens of its keys pass' for $one, $one;
    my ($kid) = map { $_->{kid} } $keys[-1];
    is seen(get($gate, '/api/certified', token => token({ %$one, kid => $kid }))), '401 jwt MISS', '  but not by the name of another';
    is seen(get($gate, '/api/named', token => token($one))), '503 jwt MISS', 'keys that take more than the zone has for them are no set';
    like $gate->error_log, qr{\[error\] .*eiam: no key set from "/keys-named": its keys have more than 65536 bytes}, '  and the log says so';
};

subtest 'answers of other shapes' => sub {
    my %shape = (chunked => { chunked => 50 }, closing => { until_close => 1, close => 1 },
        typed => { type => 'application/jwk-set+json' });
    for my $name (sort keys %shape) {
        $server{$name}->answer('*' => { %{ set($one) }, %{ $shape{$name} } });
        is told($name, token($one)), '200 jwt MISS', "$name: a token passes";
    }
    is told('file', token($one)), '200 jwt MISS', 'from a file: a token passes';
    refused ask('nowhere', token($one)), 'source_unavailable',
        'from a file that is not there: none can be verified';
};

# ---------------------------------------------------------------- refresh

sleep 0.02 while time < $old;

subtest 'a refresh' => sub {
    my $server = $server{refresh};
    my ($kept, @others) = map { token($one) } 1 .. REQUESTS;
    is told('refresh', token($one)), '200 jwt MISS', 'a set';
    # from twice its age on they would wait
    sleep 4.1;
    $server->answer('*' => { %{ set($two) }, hold => 0 })->forget;
    my @open = open_all('refresh', $kept, @others);
    is tally(answers(@open)), REQUESTS . ' x 200 jwt MISS', 'requests are answered by it at once';
    is $server->await(1), 1, '  and it is fetched again';
    is $server->state->{busy}, 1, '  which is still under way';
    is told('refresh', token($one)), '200 jwt MISS', '  the next ones too';
    is $server->count, 1, '  without another fetch';
    $server->answer('*' => set($two))->release;
    like at_last('refresh', qr/^200/, $two), qr/^200 jwt MISS$/, 'then the new set is used';
    is told('refresh', token($one)), '401 jwt MISS', '  and no longer the old one';
    is told('refresh', $kept), '401 jwt MISS', '  nor what it has verified before';
    my $new = token($two);
    $_->send(request('/api/refresh', token => $new)) for @open;
    like tally(answers(@open)), qr/^((\d+) x 200 jwt HIT, )?\d+ x 200 jwt MISS$/,
        'the connections can be used again';
};

subtest 'a refresh whose client goes away' => sub {
    my $server = $server{left};
    $server->answer('*' => [ { %{ set($two) }, hold => 0 }, set($two) ])->forget;
    my ($c) = open_all('left', token($one));
    is seen($c->read_response), '200 jwt MISS', 'the one that started it is answered';
    is $server->await(1), 1, '  while it is under way';
    undef $c;
    $server->release;
    is at_last('left', qr/^200/, $two), '200 jwt MISS', 'the new set comes nevertheless';
    cmp_ok $server->count, '<=', 3, '  without many fetches';
};

subtest 'a key that is removed' => sub {
    my $server = $server{removed}->answer('*' => set($one, $two));
    my ($first, $second) = (token($one), token($two));
    is told('removed', $_), '200 jwt MISS', 'a token passes' for $first, $second;
    is told('removed', $_), '200 jwt HIT', '  and is in the cache' for $first, $second;
    $server->answer('*' => set($two));
    my $res;
    until_true(sub { ($res = ask('removed', $first))->{status} != 200 });
    refused $res, 'token_invalid',
        'then its token is refused once eiam_jwks_refresh and eiam_cache_valid are over, though it is used all the time';
    is ask('removed', $second)->{status}, 200, 'and one of the other key passes';
};

# A gate with two workers, a connection to each, and a way to make it fetch the set at once.
sub withdrawing {
    my (%more) = @_;
    my $server = EIAM::Source->new('*' => set($one, $two));
    my $gate = nginx(workers => 2,
        files => { 'policy.json' => policy('/api', map { ("GET /$_" => ['user_read']) } qw(x y)) },
        conf => qq{
            eiam_zone eiam 1m;
            eiam_policy %DIR%/policy.json;
            eiam_jwt_issuer https://issuer.example;
            eiam_jwt_audience api;
            eiam_jwks_interval 1ms;
            eiam_cache_valid 1h;
            eiam_cache_negative 1h;
            @{[ $more{conf} // '' ]}
            add_header X-Cache "\$eiam_source \$eiam_cache" always;
            add_header X-Pid \$pid always;
            server {
                listen 127.0.0.1:%PORT% reuseport;
                eiam_jwks /keys;
                location = /api/x { eiam on; try_files /none =204; }
                location = /api/y { eiam on; eiam_jwt_audience api more; try_files /none =204; }
                location = /keys { internal; proxy_pass http://@{[ $server->address ]}; }
            }
        })->start;
    return ($gate, $server);
}

sub both {
    my ($gate) = @_;
    my %c;
    until_true(sub {
        my $c = connection($gate, timeout => DEADLINE);
        $c{ $c->send(request('/api/x'))->read_response->{headers}{'x-pid'} } //= $c;
        keys %c == 2;
    });
    return values %c;
}

sub on {
    my ($c, $token, $name) = @_;
    return seen($c->send(request('/api/' . ($name // 'x'), token => $token))->read_response);
}

subtest '2.1-13: a set that has changed ends the grants that came of it' => sub {
    my ($gate, $server) = withdrawing();
    my @c = both($gate);
    my ($withdrawn, $kept) = (token($one), token($two));
    for my $name (qw(x y)) {
        like on($_, $withdrawn, $name), qr/^204 jwt (?:MISS|HIT)$/, "/api/$name: a token passes, in each worker" for @c;
        is on($_, $withdrawn, $name), '204 jwt HIT', '  and is in the cache' for @c, @c;
    }
    on($c[0], $kept);
    is on($_, $kept), '204 jwt HIT', 'so is one of another key' for @c;

    my $third = key('three');
    my $refused = mint($third, 'EdDSA', { iss => 'https://issuer.example', aud => 'api',
        exp => time + 600, client_id => 'crm', scope => 'user_read' }, {});
    on($c[0], $refused);
    is on($_, $refused), '401 jwt HIT', 'and the refusal of one that no key verifies' for @c;

    $server->answer('*' => set($two, $third));
    is on($_, $withdrawn), '204 jwt HIT', 'as long as nobody has fetched the changed set' for @c;
    is on($c[0], token($third)), '204 jwt MISS', 'with a new key it is fetched';
    for my $name (qw(x y)) {
        is on($_, $withdrawn, $name), '401 jwt MISS', "/api/$name: then a withdrawn key is none, in each worker" for @c;
    }
    is on($c[1], $kept), '204 jwt MISS', 'a token of another key is verified once more';
    is on($_, $kept), '204 jwt HIT', '  for all workers' for @c;
    is on($c[0], $refused), '204 jwt MISS', 'and so is one that was refused: its key is there now';
    is on($_, $refused), '204 jwt HIT', '  for all workers' for @c;

    $server->answer('*' => { body => $json->indent->encode({ more => 1, keys => [ public($third, x5t => 'a', key_ops => ['verify']), { kty => 'new' }, public($two) ] }) });
    $json->indent(0);
    my $before = $server->count;
    is on($c[0], token(key('nobody'))), '401 jwt MISS', 'another order, white space and what does not matter';
    cmp_ok $server->count, '>', $before, '  are fetched';
    is on($_, $kept), '204 jwt HIT', '  and are no change' for @c;
    is on($_, token($third)), '204 jwt MISS', '  by which keys go on' for @c;

    $server->answer('*' => set($one, $two));
    on($c[0], token($one));
    is on($c[1], $withdrawn), '204 jwt MISS', 'a set that comes back is verified by once more';
    is on($_, $withdrawn), '204 jwt HIT', '  for all workers' for @c;
    is on($c[0], $refused), '401 jwt MISS', '  and the key that it does not have is none';

    $server->answer('*' => { json => { keys => [] } });
    on($c[0], token(key('nobody')));
    is on($_, $withdrawn), '401 jwt MISS', 'a set without a key ends all of them' for @c;
    $gate->stop;
};

subtest '2.1-13: a reload with a set that has changed' => sub {
    my ($gate, $server) = withdrawing();
    my ($withdrawn, $kept) = (token($one), token($two));
    my $told = sub { return seen(get($gate, '/api/x', token => $_[0], timeout => DEADLINE)) };
    $told->($_) for $withdrawn, $kept;
    is $told->($_), '204 jwt HIT', 'a token is in the cache' for $withdrawn, $kept;
    ok $gate->reload, 'a reload';
    is $told->(token($two)), '204 jwt MISS', '  after which the same set is fetched';
    is $told->($_), '204 jwt HIT', '  ends no grant' for $withdrawn, $kept;
    $server->answer('*' => set($two));
    ok $gate->reload, 'another one';
    is at_last_of($told, $withdrawn, qr/^401/), '401 jwt MISS', 'a withdrawn key is none soon, though nobody asks for another token';
    is $told->($kept), '204 jwt MISS', 'the other one is verified once more';
    is $told->($kept), '204 jwt HIT', '  and not again';
    $gate->stop;
};

subtest '2.1-13: a token that comes all the time does not outlive its key' => sub {
    my ($gate, $server) = withdrawing(conf => 'eiam_jwks_refresh 1s;');
    for my $close (0, 1) {
        $server->answer('*' => set($one, $two));
        my $c = connection($gate, timeout => DEADLINE);
        my $told = sub {
            return $close ? seen(get($gate, '/api/x', token => $_[0], timeout => DEADLINE)) : on($c, $_[0]);
        };
        my $withdrawn = token($one);
        is at_last_of($told, $withdrawn, qr/HIT/), '204 jwt HIT', 'a token is in the cache';
        $server->answer('*' => set($two));
        is at_last_of($told, $withdrawn, qr/^401/), '401 jwt MISS', '  until the set is fetched again: '
            . ($close ? 'connections that are not kept' : 'one that is kept');
    }
    $server->answer('*' => set($one, $two));
    my $cached = token($one);
    my $told = sub { return seen(get($gate, '/api/x', token => $_[0], timeout => DEADLINE)) };
    is at_last_of($told, $cached, qr/HIT/), '204 jwt HIT', 'another token';
    $server->answer('*' => { status => 500 });
    ok until_true(sub { $told->($cached); $gate->error_log =~ /no key set from "\/keys", status 500/ }),
        'while the set cannot be fetched';
    is $told->($cached), '204 jwt HIT', '  it is not waited for';
    $gate->stop;
};

# Repeats the call with the token until the answer has that form; returns it.
sub at_last_of {
    my ($told, $token, $pattern) = @_;
    my $seen;
    until_true(sub { ($seen = $told->($token)) =~ $pattern });
    return $seen;
}

# ---------------------------------------------------------------- unknown keys

subtest 'tokens of unknown keys' => sub {
    my $server = $server{unknown};
    is all_know('unknown'), 2, 'both workers know the set';
    $server->answer('*' => { %{ set($one) }, hold => 0 })->forget;
    my @open = open_all('unknown', unknown(UNKNOWN));
    under_way(UNKNOWN);
    is $server->count, 1, 'the set is fetched once while they wait';
    is told('unknown', token($one)), '200 jwt MISS', '  and tokens of known keys do not';
    $server->release;
    my @res = answers(@open);
    is tally(@res), UNKNOWN . ' x 401 jwt MISS', 'all are refused';
    refused $res[0], 'token_invalid', '  as invalid';
    is tally(answers(open_all('unknown', unknown(UNKNOWN)))),
        UNKNOWN . ' x 401 jwt MISS', 'and the next ones';
    is $server->count, 1, '  without another fetch in eiam_jwks_interval';
};

subtest 'a flood of them' => sub {
    my $server = $server{flood};
    is told('flood', token($one)), '200 jwt MISS', 'the set is known';
    $server->forget;
    my ($start, $sent, %status) = (time, 0);
    while (time < $start + 0.9) {
        $status{ seen($_) }++ for answers(open_all('flood', unknown(20)));
        $sent += 20;
    }
    my $most = int((time - $start) / 0.2) + 1;
    is_deeply \%status, { '401 jwt MISS' => $sent }, 'all are refused';
    cmp_ok $sent, '>', 100, '  many of them';
    cmp_ok $server->count, '<=', $most, 'the set is fetched once in eiam_jwks_interval';
    cmp_ok $server->count, '>=', 3, '  again and again';
};

subtest 'clients that go away' => sub {
    my $server = $server{gone};
    is told('gone', token($one)), '200 jwt MISS', 'the set is known';
    $server->answer('*' => { %{ set($one) }, hold => 0 })->forget;
    for my $n (1 .. 20) {
        my ($c) = open_all('gone', unknown(1));
        for (1 .. 10) { sleep 0.005 if $server->count < $n }
    }
    cmp_ok $server->count, '<=', 3, 'their unknown keys make no more fetches';
};

subtest 'a new key' => sub {
    my $server = $server{found};
    is all_know('found'), 2, 'both workers know the old set';
    my $token = token($two);
    refused ask('found', $token), 'token_invalid', 'its token is refused while it is not there';
    $server->answer('*' => set($one, $two))->forget;
    sleep 0.15;
    is told('found', $token), '200 jwt MISS', 'the same token passes at once when it is';
    is told('found', $token), '200 jwt HIT', '  and from the cache';
    is tally(answers(open_all('found', map { token($two) } 1 .. 20))), '20 x 200 jwt MISS',
        'and others of it, in both workers';
    is $server->count, 1, '  by one fetch';
};

subtest 'a fetch that lasts longer than eiam_jwks_interval' => sub {
    my $server = $server{lasting};
    is told('lasting', token($one)), '200 jwt MISS', 'the set is known';
    $server->answer('*' => { %{ set($one) }, delay => 0.3 })->forget;
    my ($c) = open_all('lasting', unknown(1));
    my $res = eval { local $c->{timeout} = 5; $c->read_response };
    is seen($res), '401 jwt MISS', 'a token of an unknown key is refused after it';
    is $server->count, 1, '  and does not wait for another one';
};

subtest 'an interval shorter than a fetch' => sub {
    my $server = $server{nothing};
    is told('nothing', token($one)), '200 jwt MISS', 'the set is known';
    $server->forget;
    my ($c) = open_all('nothing', unknown(1));
    my $res = eval { local $c->{timeout} = 3; $c->read_response };
    is seen($res), '401 jwt MISS', 'a token of an unknown key is refused';
    cmp_ok $server->count, '<=', 2, '  after one fetch';
};

subtest 'an unknown key while the server fails' => sub {
    my $server = $server{broken};
    is told('broken', token($one)), '200 jwt MISS', 'the set is known';
    $server->answer('*' => { status => 500 })->forget;
    refused ask('broken', token($two)), 'source_unavailable', 'its token is refused for now';
    is told('broken', token($one)), '200 jwt MISS', '  and those of known keys pass';
    is tally(answers(open_all('broken', unknown(50)))), '50 x 503 jwt MISS',
        'so are others';
    cmp_ok $server->count, '<=', 2, '  and the server is spared';
    $server->answer('*' => set($one, $two));
    is at_last('broken', qr/^200/, $two), '200 jwt MISS', 'when it recovers, the key is found';
};

# ---------------------------------------------------------------- a cache of nginx before it

subtest '2.1-10: a key set out of proxy_cache is none' => sub {
    my @expired = (headers => [ 'X-Accel-Expires: @1', 'ETag: "1"' ]);
    my %kind = (
        hit         => [ {}, set($one, $two) ],
        stale       => [ {@expired}, { status => 500 } ],
        timed       => [ {@expired}, { stop => 0 } ],
        revalidated => [ {@expired}, { raw => qq(HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n), end => 'close' } ],
        expired     => [ {@expired}, set($one, $two) ],
        uncached    => [ {}, set($one, $two) ],
    );
    my %source = map { ($_ => EIAM::Source->new('*' => { %{ set($one) }, %{ $kind{$_}[0] } })) } keys %kind;
    my %more = (uncached => 'proxy_cache off;', expired => 'proxy_cache_background_update on;');
    my $cached = nginx(workers => 1,
        files => { 'policy.json' => policy('/api', map { ("GET /$_" => ['user_read']) } keys %kind) },
        conf => qq{
            eiam_zone eiam 1m;
            eiam_policy %DIR%/policy.json;
            eiam_jwt_issuer https://issuer.example;
            eiam_jwt_audience api;
            eiam_jwks_interval 1ms;
            proxy_cache_path %DIR%/cache keys_zone=answers:1m;
            proxy_cache answers;
            proxy_cache_valid 200 1h;
            proxy_cache_revalidate on;
            proxy_cache_use_stale updating error http_500;
            add_header X-Cache "\$eiam_source \$eiam_cache" always;
            server {
                listen 127.0.0.1:%PORT%;
                @{[ map { qq(
                    location = /api/$_ { eiam on; eiam_jwks /keys-$_; try_files /none =204; }
                    location = /keys-$_ { internal; $more{$_} proxy_pass http://@{[ $source{$_}->address ]}/$_; }
                ) } map { $more{$_} //= ''; $_ } sort keys %kind ]}
            }
        })->start;
    my $told = sub { return seen(get($cached, "/api/$_[0]", token => token($_[1]), timeout => DEADLINE)) };

    for my $name (sort keys %kind) {
        is $told->($name, $one), '204 jwt MISS', "$name: the first set comes from its server";
        $source{$name}->answer('*' => $kind{$name}[1]);
        my $good = $name =~ /^(expired|uncached)$/;
        is $told->($name, $two), $good ? '204 jwt MISS' : '503 jwt MISS',
            $good ? '  and the next one too' : '  and one out of the cache counts as a fetch that failed';
        is $told->($name, $one), '204 jwt MISS', '  the keys at hand serve';
        my $line = qr{\[error\] .*eiam: no key set from "/keys-$name": .*"proxy_cache off;" in that location};
        $good ? unlike $cached->error_log, $line, '  no line in the log'
            : like $cached->error_log, $line, '  and the log says what to set';
    }
    $cached->stop;
};

subtest '2.6-4: another key under the same kid' => sub {
    my ($old, $new, $next) = map { { %{ new_key('Ed25519') }, kid => 'same' } } 1 .. 3;
    my $rsa = { %{ new_key('P-256') }, kid => 'same' };
    my $server = EIAM::Source->new('*' => set($old));
    my $gate = nginx(workers => 2,
        files => { 'policy.json' => policy('/api', map { ("GET /$_" => ['user_read']) } qw(x slow)) },
        server => qq{
            eiam_policy %DIR%/policy.json;
            eiam_jwt_issuer https://issuer.example;
            eiam_jwt_audience api;
            eiam_jwks_refresh 1h;
            add_header X-Cache "\$eiam_source \$eiam_cache \$eiam_detail" always;
            location = /api/x { eiam on; eiam_jwks /keys; eiam_jwks_interval 1ms; try_files /none =204; }
            location = /api/slow { eiam on; eiam_jwks /slow; eiam_jwks_interval 1h; try_files /none =204; }
            location ~ ^/(keys|slow)\$ { internal; proxy_pass http://@{[ $server->address ]}; }
            location = /keys { internal; proxy_pass http://@{[ $server->address ]}; }
            location = /slow { internal; proxy_pass http://@{[ $server->address ]}; }
        })->start;
    my $ask = sub { seen(get($gate, "/api/$_[0]", token => $_[1])) };
    is $ask->($_, token($old)), '204 jwt MISS', "$_: a token passes" for qw(x slow);
    $server->answer('*' => set($new))->forget;
    is $ask->('x', token($new)), '204 jwt MISS', 'a token of the new key makes the gate fetch it, and passes';
    is $server->count, 1, '  after one fetch';
    is $ask->('x', token($new)), '204 jwt MISS', '  and so does the next one';
    is $ask->('x', token($old)), '401 jwt MISS signature', 'one of the old key does not any more';
    my $forged = token($next);
    is $ask->('x', $forged), '401 jwt MISS signature', 'a forged one is refused';
    is $ask->('x', $forged), '401 jwt HIT signature', '  and that is remembered';
    $server->answer('*' => { json => { keys => [ public($rsa) ] } });
    my $token = mint($rsa, 'ES256', { iss => 'https://issuer.example', aud => 'api', exp => time + 600, client_id => 'crm',
        scope => 'user_read' }, { kid => 'same' });
    is $ask->('x', $token), '204 jwt MISS', 'a key of another type under that name, too';

    $server->answer('*' => set($next))->forget;
    is $ask->('slow', token($next)), '204 jwt MISS', 'with a long interval: the first of them is fetched for';
    $server->answer('*' => set($old));
    is $ask->('slow', token($old)), '401 jwt MISS signature', '  but not the second' for 1, 2;
    is $ask->('slow', token($next)), '204 jwt MISS', '  and tokens of the key at hand pass';
    is $server->count, 1, '  after one fetch';

    $server->answer('*' => { status => 500 });
    is $ask->('x', token($next)), '401 jwt MISS signature', 'while no set can be fetched a signature that does not fit is refused';
    is $ask->('x', token($one)), '503 jwt MISS key', '  and of an unknown key nobody can tell';
};

# ---------------------------------------------------------------- sets that are partly good

subtest 'a set with bad keys' => sub {
    my @bad = ({ kty => 'OKP', crv => 'Ed25519', kid => 'short', x => 'AAAA' }, 7,
        { kty => 'RSA', kid => 'weak', n => 'AQAB', e => 'AQAB' });
    $server{bad}->answer('*' => set(@bad, $one));
    is told('bad', token($one)), '200 jwt MISS', 'its good one is used';
    like $gate->error_log, qr{\[warn\] .* a key is left out: "/keys-bad": \#/keys/$_},
        "  and the log names bad one $_" for 0 .. 2;
    my @told = $gate->error_log =~ m{left out: "/keys-bad"}g;
    is scalar @told, 3, '  once for a fetch, not for a worker';
};

subtest 'a set without a key' => sub {
    for my $row ([ empty => {} ], [ useless => { use => 'enc' } ]) {
        my ($name, $more) = @$row;
        my $server = $server{$name}->answer('*' => $name eq 'empty'
            ? { json => { keys => [] } } : set(public($one, %$more)));
        refused ask($name, token($one)), 'token_invalid', "$name: all tokens are refused";
        like $gate->error_log, qr{\[warn\] .* "/keys-$name" has no key to verify with},
            '  and the log says it';
        is tally(answers(open_all($name, map { token($one) } 1 .. 50))), '50 x 401 jwt MISS',
            '  as are others';
        cmp_ok $server->count, '<=', 2, '  without many fetches';
    }
    my $server = $server{replaced};
    $server->answer('*' => { json => { keys => [] } })->forget;
    is at_last('replaced', qr/^401/), '401 jwt MISS', 'when a set loses its keys, tokens pass no longer';
};

# ---------------------------------------------------------------- failures

my @faults = sort keys %faults;
sub at_fault { return $server{"fault-$_[0]"} }

subtest 'the first answer is none' => sub {
    for (@faults) { $_ eq 'down' ? at_fault($_)->down : at_fault($_)->answer('*' => $faults{$_}) }
    my %open = map { ($_ => [ open_all("fault-$_", map { token($one) } 1 .. 3) ]) } @faults;
    for my $name (@faults) {
        my @res = answers(@{ $open{$name} });
        refused $res[0], 'source_unavailable', "$name: no token can be verified";
        is tally(@res), '3 x 503 jwt MISS', '  for all that wait';
        cmp_ok at_fault($name)->count, '<=', 1, '  after one fetch';
    }
    at_fault($_)->up->answer('*' => set($one))->release for @faults;
    is at_last("fault-$_", qr/^200/), '200 jwt MISS', "$_: it recovers" for @faults;
};

subtest '2.6-4: the log says what to do about an answer that is none' => sub {
    my $log = $gate->error_log;
    my %says = (
        encoded => 'the answer is encoded, set "proxy_set_header Accept-Encoding identity;" in that location',
        redirect => ', status 302: it is at "/other", name that address in the location',
        canonical => ', status 301: it is at "https://as\.example/k\\\\x01\\\\x22eys", name that address',
        'status-404' => ', status 404 while', 'cut-answer' => 'the answer is cut off, or has more than 262144 bytes',
        'one-octet-more' => 'the answer is cut off, or has more than 262144 bytes',
    );
    like $log, qr{\[error\] .*eiam: no key set from "/keys-fault-$_"(?:: )?$says{$_}}, $_ for sort keys %says;
};

subtest 'a refresh is none' => sub {
    sleep 1.1;
    for my $name (@faults) {
        my $server = at_fault($name)->answer('*' => $faults{$name})->forget;
        $server->down if $name eq 'down';
        is tally(answers(open_all("fault-$name", map { token($one) } 1 .. 4))),
            '4 x 200 jwt MISS', "$name: the old set serves";
    }
    for my $name (@faults) {
        my $server = at_fault($name);
        is $server->await(1), 1, "$name: there was one fetch" unless $name eq 'down';
        my $failed = qr{\[error\] .*eiam: (no )?key set .*"/keys-fault-$name"};
        ok until_true(sub { $gate->error_log =~ $failed }), '  and the log says that it failed';
        is told("fault-$name", token($one)), '200 jwt MISS', '  but the old set serves';
    }
    at_fault($_)->up->answer('*' => set($two))->release for @faults;
    is at_last("fault-$_", qr/^200/, $two), '200 jwt MISS', "$_: it recovers" for @faults;
};

subtest 'eiam_jwks_max_age' => sub {
    my $server = $server{aged};
    is told('aged', my $cached = token($one)), '200 jwt MISS', 'a token passes';
    my ($since, $res) = (time);
    $server->down;
    until_true(sub { ($res = ask('aged', token($one)))->{status} != 200 });
    refused $res, 'source_unavailable', 'when the old set is too old, no token can be verified';
    cmp_ok time - $since, '>=', 0.99, '  and not before';
    is told('aged', $cached), '200 jwt HIT', '  but those in the cache pass';
    $server->up;
    is at_last('aged', qr/^200/), '200 jwt MISS', 'when the server is up, all do';
};

# ---------------------------------------------------------------- somebody goes away

subtest 'the client of the request that fetches goes away' => sub {
    my $server = $server{leader}->answer('*' => { %{ set($one) }, hold => 0 });
    my @leader = open_all('leader', token($one));
    $server->await(1);
    my @open = open_all('leader', map { token($one) } 1 .. 50);
    under_way(51);
    @leader = ();
    $server->answer('*' => set($one));
    sleep 0.2;
    $server->release;
    is tally(answers(@open)), '50 x 200 jwt MISS', 'the others are answered, long before eiam_jwks_timeout';
    cmp_ok $server->count, '<=', 2, '  with one fetch more at most';
};

subtest 'all clients go away' => sub {
    my $server = $server{all}->answer('*' => { %{ set($one) }, hold => 0 });
    my @open = open_all('all', map { token($one) } 1 .. 50);
    under_way(50);
    @open = ();
    $server->answer('*' => set($one));
    sleep 0.2;
    $server->release;
    is told('all', token($one)), '200 jwt MISS', 'the next one is answered';
    cmp_ok $server->count, '<=', 2, '  with one fetch more at most';
};

subtest 'a reload while requests wait' => sub {
    my $server = $server{reload}->answer('*' => { %{ set($one) }, hold => 0 });
    my @open = open_all('reload', map { token($one) } 1 .. 20);
    is $server->await(1), 1, 'the old workers fetch';
    under_way(20);
    ok $gate->reload, 'a reload';
    push @open, open_all('reload', map { token($one) } 1 .. 20);
    under_way(40);
    is $server->count, 1, 'the new ones wait for it';
    $server->answer('*' => set($one))->release;
    is tally(answers(@open)), '40 x 200 jwt MISS', 'and all are answered';
    is $server->count, 2, '  the new ones by a fetch of their own';
};

# Begins a fetch; returns the worker that fetches, and the connection of its request.
sub fetching {
    my ($name) = @_;
    $server{$name}->answer('*' => [ { %{ set($one) }, hold => 0 }, set($one) ]);
    my ($c) = open_all($name, token($one));
    is $server{$name}->await(1), 1, 'a set is fetched';
    my ($req) = $server{$name}->requests;
    my ($pid) = map { $_->[1] } grep { $_->[0] eq 'X-Pid' } @{ $req->{headers} };
    return ($pid, $c);
}

subtest 'the worker that fetches is killed' => sub {
    my ($pid, @open) = fetching('killed');
    push @open, open_all('killed', map { token($one) } 1 .. 60);
    under_way(61);
    $gate->expect(qr/exited on signal 9/);
    kill 'KILL', $pid;
    my @res = answers(@open);
    like tally(@res), qr/^\d+ x 200 jwt MISS, \d+ x none$/,
        'those of the other one are answered, long before eiam_jwks_timeout';
    ok !(grep { $_ && $_->{headers}{'x-pid'} == $pid } @res), '  those of its own are not';
    is $server{killed}->count, 2, '  by one fetch more';
    is told('killed', token($one)), '200 jwt MISS', 'and the next ones too';
};

subtest 'the worker that fetches hangs' => sub {
    my ($pid, @open) = fetching('lost');
    kill 'STOP', $pid;
    push @open, open_all('lost', map { token($one) } 1 .. 60);
    ok until_true(sub { $server{lost}->count > 1 }),
        'the other one fetches when eiam_jwks_timeout is over';
    kill 'CONT', $pid;
    is tally(answers(@open)), '61 x 200 jwt MISS', 'all are answered in the end';
    is $server{lost}->count, 2, '  by these two fetches';
};

# ---------------------------------------------------------------- two servers

subtest 'two servers that name their location alike' => sub {
    my %of = (3 => [ $one, $two, $left ], 4 => [ $two, $one, $right ]);
    for my $n (sort keys %of) {
        my ($own, $others, $server) = @{ $of{$n} };
        my $token = token({ %$own, kid => 'same' });
        my @at = map { (port => $gate->port($_)) } $n;
        is told('shared', $token, @at), '204 jwt MISS', "server $n: a token of its own set passes";
        is told('shared', $token, @at), '204 jwt HIT', '  and is in the cache';
        is told('shared', token($own), @at), '204 jwt MISS', '  and another one';
        my $other = 7 - $n;
        is told('shared', $token, port => $gate->port($other)), '401 jwt MISS',
            '  but not at the other server';
        is told('shared', token($others), @at), '401 jwt MISS', "server $n: one of the other is refused";
    }
    is told('once', token($one), port => $gate->port(3)), '204 jwt MISS',
        'another location of the server passes';
    is $_->count, 2, '  a set of its own, fetched once and once for the unknown key'
        for $left, $right;
};

subtest 'logs' => sub {
    unlike $gate->error_log, qr/eyJ[A-Za-z0-9_-]{10}/, 'no token stands in them';
};

done_testing;
