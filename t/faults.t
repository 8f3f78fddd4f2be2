#!/usr/bin/perl
# What happens to requests when the source is down, slow, wrong, or comes back.

use strict;
use warnings;

use FindBin;
use IO::Socket::INET;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Test::More;
use Time::HiRes qw(sleep time);
use EIAM::Source;
use EIAM::Test;

use constant DEADLINE => 30;

my ($true, $false) = (JSON::PP::true, JSON::PP::false);
my $no = { json => { active => $false } };

sub active {
    my (%claims) = @_;
    return { json => { active => $true, client_id => 'crm', scope => 'user_read', %claims } };
}
my $down = { stop => 0 };

sub held { return { %{ $_[0] // active() }, hold => 0 } }

my $source = EIAM::Source->new('*' => { status => 500 });
my $shaky  = EIAM::Source->new('*' => active());

# Each location has an endpoint of its own, and so a circuit and a limit of its own.
my %endpoints = (
    plain   => [ $source, 'eiam_introspection_circuit 0; eiam_introspection_timeout 1s;' ],
    shaky   => [ $shaky, 'eiam_introspection_circuit 0;' ],
    stale   => [ $shaky, 'eiam_introspection_circuit 0; eiam_introspection_timeout 1s;'
        . ' eiam_cache_valid 1s; eiam_cache_stale 60s;' ],
    brief   => [ $shaky,
        'eiam_introspection_circuit 0; eiam_cache_valid 1s; eiam_cache_stale 1s;' ],
    busy    => [ $shaky, 'eiam_introspection_circuit 0; eiam_introspection_limit 1;'
        . ' eiam_cache_valid 1s; eiam_cache_stale 60s;' ],
    circuit => [ $source, 'eiam_introspection_circuit 3 60s;' ],
    mixed   => [ $source, 'eiam_introspection_circuit 3 60s;' ],
    stalled => [ $shaky,
        'eiam_introspection_circuit 2 60s; eiam_cache_valid 1s; eiam_cache_stale 60s;' ],
    probe   => [ $source, 'eiam_introspection_circuit 3 500ms;' ],
    lost    => [ $source, 'eiam_introspection_circuit 3 200ms;' ],
    limit   => [ $source, 'eiam_introspection_limit 4; eiam_introspection_circuit 3 60s;' ],
);

# A name server that does not answer until it is told to; then it knows no such name.
my $resolver = IO::Socket::INET->new(Proto => 'udp', LocalAddr => '127.0.0.1:0')
    or die "no UDP port: $@";
$resolver->blocking(0);

sub no_such_name {
    while (my $asked = $resolver->recv(my $query, 512)) {
        $resolver->send(substr($query, 0, 2) . pack('n', 0x8183) . substr($query, 4), 0, $asked);
    }
    return;
}

my $locations = join "\n", map {
    my ($asked, $terms) = @{ $endpoints{$_} };
    "location = /api/$_ { eiam on; eiam_introspection /ask-$_; $terms proxy_pass http://%ECHO%; }"
    . " location = /ask-$_ { internal; proxy_pass http://@{[ $asked->address ]}; }"
} sort keys %endpoints;

my $gate = nginx(workers => 2, events => 'worker_connections 8192;', error_log_level => 'error',
    files => {
        'policy.json' => policy('/api', 'GET /open' => 'public',
            map { ("GET /$_" => ['user_read']) } sort(keys %endpoints), 'caught', 'pair', 'local',
                'named', 'small'),
        'apps.json' => applications({ id => 'fixed', permissions => ['user_read'],
            tokens => ['fixed'] }),
    },
    conf => qq{
        eiam_policy %DIR%/policy.json;
        eiam_applications %DIR%/apps.json;
        upstream pair { server 127.0.0.1:%PORT3%; server @{[ $source->address ]}; }
        server {
            listen 127.0.0.1:%PORT% reuseport backlog=4096;
            add_header X-Cache \$eiam_cache always;
            location /api/ { eiam on; proxy_pass http://%ECHO%; }
            $locations
            location = /api/pair {
                eiam on; eiam_introspection /ask-pair; eiam_introspection_circuit 0;
                    proxy_pass http://%ECHO%;
            }
            location = /api/named {
                eiam on; eiam_introspection /ask-named; eiam_introspection_timeout 1s;
                    proxy_pass http://%ECHO%;
            }
            location = /ask-named {
                internal;
                resolver 127.0.0.1:@{[ $resolver->sockport ]};
                resolver_timeout 25s;
                set \$name source.invalid;
                proxy_pass http://\$name;
            }
            location = /api/small { eiam on; eiam_introspection /ask-small;
                proxy_pass http://%ECHO%; }
            location = /ask-small { internal; client_max_body_size 16;
                proxy_pass http://@{[ $source->address ]}; }
            location = /ask-pair { internal; proxy_pass http://pair; }
            location = /api/local { eiam on; eiam_introspection /ask-local;
                proxy_pass http://%ECHO%; }
            location = /ask-local {
                internal; default_type application/json;
                return 200 '{"active":true,"scope":"user_read","client_id":"local"}';
            }
        }
        server {
            listen 127.0.0.1:%PORT2%;
            error_page 400 404 500 502 504 = /granted;
            proxy_intercept_errors on;
            location = /granted { default_type application/json;
                return 200 '{"active":true,"scope":"user_read"}'; }
            location = /api/caught {
                eiam on; eiam_introspection /ask-caught; eiam_introspection_circuit 0;
                    eiam_introspection_timeout 1s;
                proxy_pass http://%ECHO%;
            }
            location = /ask-caught { internal; proxy_pass http://@{[ $source->address ]}; }
        }
    })->start;

sub ask { my ($where, $token, %opt) = @_;
    return get($gate, "/api/$where", token => $token, timeout => DEADLINE, %opt) }
sub seen { my ($res) = @_; return $res ? join ' ', $res->{status},
    $res->{headers}{'x-cache'} // '' : 'none' }
sub told  { return seen(ask(@_)) }

sub begin {
    my ($where, @tokens) = @_;
    return map { connection($gate, timeout => DEADLINE)->send(request("/api/$where",
        token => $_)) } @tokens;
}

sub tally {
    my %tally;
    $tally{ seen(scalar $_->read_response) }++ for @_;
    return join ', ', map { "$tally{$_} x $_" } sort keys %tally;
}

# Whether there is an answer already.
sub answered {
    my ($c) = @_;
    return 1 if length $c->{in} || $c->{eof};
    return eval { $c->_wait(time + 0.001); 1 } && length $c->{in};
}

my $serial = 0;
sub fresh {
    my ($behaviour) = @_;
    my $token = 'token' . ++$serial;
    $_->answer($token => $behaviour // active()) for $source, $shaky;
    return $token;
}
sub several { my ($count, @behaviour) = @_; return map { fresh(@behaviour) } 1 .. $count }

# ---------------------------------------------------------------- kinds of failure

subtest 'the source is down' => sub {
    my ($known, $refused, $new) = (fresh(), fresh($no), fresh());
    is told('shaky', $known), '200 MISS', 'a grant';
    is told('shaky', $refused), '401 MISS', '  and a refusal';
    $shaky->down;
    is told('shaky', $known), '200 HIT', 'the known token is served';
    is told('shaky', $refused), '401 HIT', '  and the refused one refused';
    refused ask('shaky', $new), 'source_unavailable', 'a new one cannot be verified';
    refused ask('shaky', $new, headers => ['Accept-Language: zh']), 'source_unavailable',
        '  in Chinese', language => 'zh';
    refused ask('shaky', $new, method => 'HEAD'), 'source_unavailable', '  by HEAD', head => 1;
    passed ask('shaky', 'fixed'), 'a static token needs no source', application => 'fixed';
    passed get($gate, '/api/open'), '  nor does a public operation';
    $shaky->up;
    is told('shaky', $new), '200 MISS', 'the source is back: the new one is served';
    is told('shaky', $refused), '401 HIT', '  and the refused one still is not';
};

subtest 'the source goes down in the middle' => sub {
    for my $hold (0, 20, 100) {
        my @tokens = several(5, { %{ active() }, hold => $hold });
        my @open = begin('shaky', map { ($_, $_) } @tokens);
        $shaky->await(1, $_) for @tokens;
        $shaky->down;
        is tally(@open), '10 x 503 MISS',
            "after $hold bytes of its answers: those that wait are refused";
        $shaky->up;
    }
};

subtest 'a source that flaps' => sub {
    my @got;
    for my $round (1 .. 20) {
        my $up = $round * 7 % 5 > 2;
        $up ? $shaky->up : $shaky->down;
        my $status = ask('shaky', fresh())->{status};
        push @got, "round $round: $status" if $status != ($up ? 200 : 503);
    }
    $shaky->up;
    is_deeply \@got, [], 'each request is answered by the state of the source at that time';
};

subtest 'failures' => sub {
    for my $row ([ 'a close', $down ], [ 'a reset', { stop => 0, end => 'reset' } ],
        [ 'status 502', { status => 502 } ],
        [ 'status 503 with Retry-After', { status => 503, headers => ['Retry-After: 3600'] } ])
    {
        my ($title, $behaviour) = @$row;
        my $token = fresh($behaviour);
        refused ask('plain', $token), 'source_unavailable', $title for 1, 2;
        is $source->count($token), 2, '  is no answer that is kept';
        $source->answer($token => active());
        is told('plain', $token), '200 MISS', '  so it passes when there is one';
    }
    for my $row ([ 'status 500', { status => 500 } ], [ 'status 403', { status => 403 } ]) {
        my ($title, $behaviour) = @$row;
        my $token = fresh($behaviour);
        refused ask('plain', $token), 'source_unavailable', $title for 1, 2;
        $source->answer($token => active());
        ok until_true(sub { told('plain', $token) eq '200 MISS' }), '  is kept for a moment, then it passes';
    }
};

subtest 'an answer that takes too long' => sub {
    my $body = ' ' x 5000 . '{"active":true}';
    my %slow = (
        'silence' => { hold => 0, body => '' }, 'a half head' => { hold => 20, body => '' },
        'a head' => { %{ active() }, hold => 80 }, 'half a body' => { %{ active() }, hold => 100 },
        'byte by byte' => { body => $body, pace => 0.02 }, 'chunk by chunk' => { body => $body,
            chunked => 1, pace => 0.02 },
        'the head byte by byte' => { raw => "HTTP/1.1 200 OK\r\nX-A: " . 'b' x 5000, pace => 0.02 },
    );
    my %token = map { ($_ => fresh($slow{$_})) } keys %slow;
    my %open  = map { ($_ => begin('plain', $token{$_})) } sort keys %slow;
    $open{'the search for its name'} = (begin('named', fresh()))[0];
    refused $open{$_}->read_response, 'source_unavailable', "eiam_introspection_timeout 1s: $_"
        for sort keys %open;
    no_such_name();
    $source->deaf;
    refused ask('plain', fresh()), 'source_unavailable', 'no connection is taken';
    $source->hearing;
    is told('plain', fresh()), '200 MISS', 'and others pass';
    $source->release;
    ok until_true(sub { $source->state->{busy} == 0 }), 'no answer is waited for any more';
};

subtest 'failures with pages for them' => sub {
    my @port = (port => $gate->port(2));
    for my $row ([ 'status 500', { status => 500 } ], [ 'status 502', { status => 502 } ],
        [ 'a close', { stop => 0 } ],
        [ 'a cut answer', { %{ active() }, stop => 100 } ],
            [ 'silence', { hold => 0, body => '' } ])
    {
        refused ask('caught', fresh($row->[1]), @port), 'source_unavailable',
            "$row->[0]: no page takes the place of an answer";
    }
    refused ask('caught', fresh({ status => $_ }), @port), 'token_invalid',
        "status $_: nor of a refusal" for 400, 404;
    passed ask('caught', fresh(), @port), 'an answer passes';
    $source->release;
};

subtest 'other places that answer' => sub {
    is told('pair', fresh()), '200 MISS', 'the second of two servers, when the first one is down'
        for 1 .. 3;
    refused ask('pair', fresh({ status => 500 })), 'source_unavailable', '  or refused';
    passed ask('local', 'any'), 'nginx itself', application => 'local';
    isnt ask('small', fresh())->{status}, 401,
        'what nginx itself refuses to send is no refusal by the source';
};

# ---------------------------------------------------------------- stale grants

subtest 'stale grants' => sub {
    my ($known, $expiring, $revoked, $brief) = several(4);
    my $exp = int(time) + 4;
    $shaky->answer($expiring => active(exp => $exp), $revoked => [ active(), $no ]);
    is told('stale', $_), '200 MISS', 'a grant' for $known, $expiring, $revoked;
    is told('brief', $brief), '200 MISS', '  and one with a shorter eiam_cache_stale';
    is until_true(sub { told('stale', $revoked) eq '401 MISS' }), 1, 'one is revoked';
    $shaky->down;
    is until_true(sub { told('stale', $known) eq '200 STALE' }), 1,
        'the source is down: after eiam_cache_valid it is STALE';
    is until_true(sub { told('stale', $expiring) =~ /^(200 HIT|200 STALE)$/
        ? time >= $exp + 2 : 1 }), 1, 'one that expires';
    cmp_ok time, '>=', $exp, '  serves until then';
    my $res = ask('stale', $expiring);
    like "$res->{status} $res->{body}", qr/^(503|401) /, '  and never after its exp';
    like told('stale', $revoked), qr/^(401|503) /, 'the revoked one never serves again';
    is until_true(sub { told('brief', $brief) eq '503 MISS' }), 1,
        'a grant past eiam_cache_stale is none';
    refused ask('stale', fresh()), 'source_unavailable', 'a new token cannot be verified';
    is told('stale', $known), '200 STALE', 'the stale one still serves';
    refused ask('brief', $known), 'source_unavailable', '  but not where it was not granted';
    is tally(begin('stale', ($known) x 50)), '50 x 200 STALE', '  to many at once';
    $shaky->up->forget;
    is told('stale', $known), '200 MISS', 'the source is back: it is asked at once';
    is $shaky->count($known), 1, '  once';
};

subtest '2.1-17: a stale grant serves if the source is down, or has an error with the token' => sub {
    for my $row ([ 'it closes' => $down ], [ 'it hangs' => { hold => 0, body => '' } ],
        [ 'it is cut off' => { %{ active() }, stop => 110 } ],
        (map { [ "status $_" => { status => $_ } ] } 500, 502, 503, 504))
    {
        my ($title, $behaviour) = @$row;
        my $token = fresh([ active(), $behaviour ]);
        is told('stale', $token), '200 MISS', 'a grant';
        ok until_true(sub { told('stale', $token) eq '200 STALE' }), "$title: it serves";
    }
};

subtest '2.1-17: no stale grant serves after another answer to the token' => sub {
    my %odd = (map({ ("status $_" => { status => $_ }) } 401, 403, 429, 501, 520, 302, 204),
        'HTML' => { type => 'text/html', body => '<html>' }, 'an empty body' => { body => '' },
        'duplicate members' => { body => '{"active":true,"active":true}' },
        'a large answer' => active(d => 'y' x 9000),
        'a head that is too large' => { %{ active() }, headers => [ 'X-A: ' . 'b' x 50_000 ] },
        'an encoded one' => { %{ active() }, headers => ['Content-Encoding: gzip'] });
    my %token = map { ($_ => fresh([ active(), $odd{$_} ])) } keys %odd;
    is told('stale', $token{$_}), '200 MISS', "$_: a grant" for sort keys %odd;
    for my $title (sort keys %odd) {
        my $got = until_true(sub { my $seen = told('stale', $token{$title}); $seen ne '200 HIT' && $seen });
        is $got, '503 MISS', "$title: it is refused when the source is asked again";
        my @later = map { told('stale', $token{$title}) } 1 .. 3;
        is_deeply [ grep { !/^503 / } @later ], [], '  and while that is remembered';
    }
};

subtest '2.1-17: no stale grant serves while the gate is busy' => sub {
    my ($revoked, $known, $new) = several(3);
    is told('busy', $_), '200 MISS', 'a grant' for $revoked, $known;
    $shaky->answer($revoked => $no, $new => held());
    my ($c) = begin('busy', $new);
    $shaky->await(1, $new);
    is until_true(sub { my $seen = told('busy', $revoked); $seen ne '200 HIT' && $seen }), '503 MISS',
        'invented tokens fill eiam_introspection_limit: a grant past eiam_cache_valid does not serve';
    is told('busy', $_), '503 MISS', '  nor again' for $revoked, $known;
    $shaky->release;
    is seen($c->read_response), '200 MISS', 'there is room again';
    is told('busy', $revoked), '401 MISS', '  and the source says that it is revoked';
    is told('busy', $known), '200 MISS', '  or good';
};

# ---------------------------------------------------------------- the circuit

subtest 'a circuit that is open' => sub {
    my $known = fresh();
    is told('circuit', $known), '200 MISS', 'a grant';
    $source->forget;
    refused ask('circuit', fresh($down)), 'source_unavailable', "failure $_" for 1 .. 3;
    is $source->count, 3, 'were asked for';
    refused ask('circuit', fresh()), 'source_unavailable', 'now the circuit is open' for 1 .. 5;
    is tally(begin('circuit', several(20))), '20 x 503 MISS', '  for many at once';
    is $source->count, 3, '  and nothing is asked for';
    is told('circuit', $known), '200 HIT', 'a known token is served';
    passed ask('circuit', 'fixed'), '  and a static one';
    is told('plain', fresh()), '200 MISS', 'another endpoint is not concerned';
    ok $gate->reload, 'a reload';
    refused ask('circuit', fresh()), 'source_unavailable', '  keeps it open';
};

subtest 'failures that are not in a row' => sub {
    for my $row ([ 'a grant', active() ], [ 'a refusal', $no ], [ 'status 400', { status => 400 } ],
        [ 'an expired token', active(exp => 1) ]) {
        my ($title, $between) = @$row;
        ask('mixed', fresh($down)) for 1, 2;
        ask('mixed', fresh($between));
        ask('mixed', fresh($down)) for 1, 2;
        is told('mixed', fresh()), '200 MISS', "$title between them: the circuit stays closed";
    }
};

subtest 'stale grants with the circuit open' => sub {
    my $known = fresh();
    is told('stalled', $known), '200 MISS', 'a grant';
    $shaky->answer($known => $down);
    is until_true(sub { told('stalled', $known) eq '200 STALE' }), 1,
        'is STALE while the source fails';
    $shaky->forget;
    told('stalled', $known) for 1, 2;
    my $asked = $shaky->count;
    is told('stalled', $known), '200 STALE', 'and when it is not asked any more' for 1 .. 5;
    is $shaky->count, $asked, '  which it is not';
};

# Opens the circuit of that location.
sub break_it {
    my ($where) = @_;
    return until_true(sub {
        my $token = fresh($down);
        ask($where, $token);
        return !$source->count($token);
    });
}

# Calls with tokens of that behaviour until one of them is the probe; returns it and its connection.
sub probe {
    my ($where, $behaviour) = @_;
    my $found = until_true(sub {
        my $token = fresh($behaviour);
        my ($c) = begin($where, $token);
        local $c->{timeout} = 0.05;
        for (1 .. 20 * DEADLINE) {
            return [ $token, $c ] if $source->count($token);
            last if eval { $c->read_response };
        }
        return;
    });
    return @{ $found || die "there is no probe\n" };
}

subtest 'a circuit that closes again' => sub {
    is told('probe', fresh()), '200 MISS', 'a closed one';
    ok break_it('probe'), 'failures open it';
    my ($token, $c) = probe('probe', held({ status => 503 }));
    is $source->await(1, $token), 1, 'after its time one request is the probe';
    $source->forget;
    is tally(begin('probe', several(30))), '30 x 503 MISS', 'others are refused at once meanwhile';
    is $source->count, 0, '  and not asked for';
    my @same = begin('probe', ($token) x 5);
    $source->release;
    refused $c->read_response, 'source_unavailable', 'the probe fails';
    is tally(@same), '5 x 503 MISS', '  for all that have its token';
    my $next = fresh();
    refused ask('probe', $next), 'source_unavailable', 'then it is open again';
    is $source->count($next), 0, '  for the same time';

    ($token, $c) = probe('probe', held());
    $source->await(1, $token);
    $source->release;
    passed $c->read_response, 'a probe that succeeds';
    is tally(begin('probe', several(20))), '20 x 200 MISS', 'closes it for all';
    my $known = fresh($down);
    ask('probe', $known);
    is told('probe', fresh()), '200 MISS', '  and one failure does not open it';
};

subtest 'a probe that is lost' => sub {
    for my $round (1 .. 3) {
        break_it('lost');
        my ($token, $c) = probe('lost', held());
        $source->await(1, $token);
        undef $c;
        ok until_true(sub { told('lost', fresh()) eq '200 MISS' }),
            "round $round: its client goes away, and there is another one";
        $source->release;
    }
    $gate->expect(qr/exited on signal 9/);
    break_it('lost');
    my ($token, $c) = probe('lost', held());
    $source->await(1, $token);
    kill 'KILL', $gate->worker_pids;
    ok until_true(sub { (eval { told('lost', fresh()) } // '') eq '200 MISS' }),
        'the workers are killed, and there is another one';
    $source->release;
};

# ---------------------------------------------------------------- the limit

subtest 'a limit of 4, of which new tokens have two' => sub {
    my $known = fresh();
    is told('limit', $known), '200 MISS', 'a grant';
    my @tokens = several(2, held());
    my @open = begin('limit', @tokens);
    $source->await(1, $_) for @tokens;
    $source->forget;
    my $third = fresh();
    refused ask('limit', $third), 'source_unavailable', 'the third one is refused at once';
    is tally(begin('limit', several(20))), '20 x 503 MISS', '  in all workers';
    is $source->count, 0, '  and not asked for';
    is told('limit', $known), '200 HIT', 'a known token is served';
    is told('plain', fresh()), '200 MISS', 'another endpoint is not concerned';
    push @open, begin('limit', ($tokens[0]) x 10);
    sleep 0.2;
    $source->release;
    like tally(@open), qr/^(\d+ x 200 HIT, )?\d+ x 200 MISS$/,
        'those under way are answered, and those of the same token';
    is told('limit', $third), '200 MISS', 'then there is room, and the circuit is closed';

    for my $round (1 .. 3) {
        @tokens = several(2, held());
        @open = begin('limit', @tokens);
        $source->await(1, $_) for @tokens;
        @open = ();
        ok until_true(sub { told('limit', fresh()) eq '200 MISS' }),
            "round $round: clients that go away make room";
    }
    $source->forget;
    @tokens = several(40, held());
    @open = begin('limit', @tokens);
    is $source->await(2), 2, '40 at once: two are asked for';
    until_true(sub { 38 <= grep { answered($_) } @open });
    is $source->count, 2, '  and no more';
    $source->release;
    is tally(@open), '2 x 200 MISS, 38 x 503 MISS', '  and the others refused';

    @tokens = several(2, held());
    @open = begin('limit', @tokens);
    $source->await(1, $_) for @tokens;
    kill 'KILL', $gate->worker_pids;
    @open = ();
    ok until_true(sub { (eval { told('limit', fresh()) } // '') eq '200 MISS' }),
        'killed workers make room';
    $source->release;
};

done_testing;
