#!/usr/bin/perl
# The circuit: a source is down if it does not answer; a failure with one token affects only that token.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Test::More;
use Time::HiRes qw(sleep time);
use EIAM::Source;
use EIAM::Test;

use constant { DEADLINE => 30, ROUNDS => 40, INVENTED => 5, AT_ONCE => 8 };

my ($true, $false) = (JSON::PP::true, JSON::PP::false);

sub active {
    my (%claims) = @_;
    return { json => { active => $true, client_id => 'crm', scope => 'user_read', %claims } };
}

my $source = EIAM::Source->new('*' => active());
my $address = $source->address;

# Answers of a server, or of a proxy in front of it, to a token that it does not like.
my @odd = (
    [ '401, as to wrong credentials' => { status => 401, headers => ['WWW-Authenticate: Basic'] } ],
    [ '403, as a firewall does' => { status => 403, type => 'text/html', body => '<html>blocked</html>' } ],
    [ '403 and closes' => { status => 403, body => 'blocked', until_close => 1, close => 1 } ],
    [ '429' => { status => 429, headers => ['Retry-After: 60'] } ],
    [ '500' => { status => 500, body => '{"error":"server_error"}' } ],
    [ '500 with a page that is too large' => { status => 500, body => 'e' x 20_000 } ],
    [ '501' => { status => 501 } ],
    [ '520, as some proxies do' => { status => 520 } ],
    [ 'an answer that is too large' => active(authorization_details => [ { d => 'y' x 5000 } ]) ],
    [ 'one of 1 MB' => active(d => 'y' x 1_000_000) ],
    [ 'one that is too large, in chunks' => { %{ active(d => 'y' x 50_000) }, chunked => 1000 } ],
    [ 'a head that is too large' => { %{ active() }, headers => [ 'X-A: ' . 'b' x 50_000 ] } ],
    [ 'a head that is none' => { raw => "HTTP/1.1 200 OK\r\n: \1\r\n\r\n{}", close => 1 } ],
    [ 'a redirect' => { status => 302, headers => ["Location: http://$address/login"] } ],
    [ '307' => { status => 307, headers => ["Location: http://$address/login"] } ],
    [ '304' => { status => 304 } ],
    [ 'HTML' => { type => 'text/html', body => '<html>Log in</html>' } ],
    [ 'an empty body' => { body => '' } ],
    [ '204' => { status => 204 } ],
    [ 'duplicate members' => { body => '{"active":true,"active":true}' } ],
    [ 'a gzipped answer' => { %{ active() }, headers => ['Content-Encoding: gzip'] } ],
    [ 'a JWT' => { type => 'application/token-introspection+jwt', body => 'a.b.c' } ],
);

# Answers of a source that is down.
my @down = (
    [ 'that closes without an answer' => { stop => 0 } ],
    [ 'that closes in the middle of a head' => { %{ active() }, stop => 40 } ],
    [ 'that closes in the middle of a body' => { %{ active() }, stop => 110 } ],
    [ 'that closes between chunks' => { %{ active() }, chunked => 7, last_chunk => 0, close => 1 } ],
    [ 'that resets the connection' => { stop => 0, end => 'reset' } ],
    [ 'that hangs' => { hold => 0, body => '' } ],
    [ 'that hangs in the middle of an answer' => { %{ active() }, hold => 110 } ],
    (map { [ "of which a proxy says $_" => { status => $_, type => 'text/html', body => '<html>' } ],
        [ "of which a proxy says $_ with a page that is too large" =>
            { status => $_, type => 'text/html', body => 'e' x 20_000 } ] } 502, 503, 504),
);

# Each case has an endpoint of its own, and so a circuit of its own.
my %terms = (
    (map { ("odd$_" => '') } 0 .. $#odd),
    (map { ("down$_" => 'eiam_introspection_circuit 3 1h; eiam_introspection_timeout 300ms;') }
        0 .. $#down, 'refused'),
    mixed => 'eiam_introspection_circuit 3 1h; eiam_introspection_timeout 300ms;',
    shut  => 'eiam_introspection_circuit 2 200ms;',
    caught => '',
    limit1 => 'eiam_introspection_limit 1;', limit2 => 'eiam_introspection_limit 2;',
    limit5 => 'eiam_introspection_limit 5;',
    known => 'eiam_introspection_limit 4; eiam_cache_valid 0;',
    mute  => 'eiam_introspection_circuit 3 1h; eiam_cache_negative 0;',
);
my @names = sort keys %terms;

my $gate = nginx(workers => 2, error_log_level => 'info',
    files => { 'policy.json' => policy('/api', map { ("GET /$_" => ['user_read']) } @names, 'own', 'cached') },
    http => 'proxy_cache_path %DIR%/cache keys_zone=answers:1m;',
    server => join "\n", 'eiam_policy policy.json; keepalive_requests 100000;',
        'add_header X-Cache $eiam_cache always;',
        (map {
            my $to = $_ eq 'downrefused' ? '127.0.0.1:1' : $address;
            my $more = $_ eq 'caught' ? "proxy_intercept_errors on; error_page 401 403 429 500 = /page;" : '';
            "location = /api/$_ { eiam on; eiam_introspection /ask-$_; $terms{$_} proxy_pass http://%ECHO%; }"
            . " location = /ask-$_ { internal; $more proxy_pass http://$to; }"
        } @names),
        "location = /page { return 200; }",
        "location = /api/own { eiam on; eiam_introspection /ask-own; proxy_pass http://%ECHO%; }",
        "location = /ask-own { internal; client_max_body_size 64; proxy_pass http://$address; }",
        "location = /api/cached { eiam on; eiam_introspection /ask-cached; eiam_cache_valid 0; proxy_pass http://%ECHO%; }",
        "location = /ask-cached { internal; proxy_cache answers; proxy_cache_methods POST;",
        "    proxy_cache_valid any 1h; proxy_cache_key \$request_body; proxy_pass http://$address; }",
    )->start;

my $serial = 0;
sub fresh {
    my ($behaviour) = @_;
    my $token = 'token' . ++$serial;
    $source->answer($token => $behaviour // active());
    return $token;
}
sub ask  { my ($where, $token) = @_; return get($gate, "/api/$where", token => $token, timeout => DEADLINE) }
sub seen { my ($res) = @_; return join ' ', $res->{status}, $res->{headers}{'x-cache'} // '' }
sub told { return seen(ask(@_)) }
sub hang {
    my ($where, @tokens) = @_;
    $source->answer(map { ($_ => { %{ active() }, hold => 0 }) } @tokens);
    my @open = map { begin($where, $_) } @tokens;
    return @open;
}
sub begin { my ($where, $token) = @_;
    return connection($gate, timeout => DEADLINE)->send(request("/api/$where", token => $token)) }

# The call is refused with this Retry-After.
sub come_again {
    my ($res, $seconds, $title) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    refused $res, 'source_unavailable', $title;
    return is $res->{headers}{'retry-after'}, $seconds, '  and told when to come again';
}

# Five invented tokens for each valid one, all of them new, on connections that are kept: how many of each are
# answered with which status.
sub mix {
    my ($where) = @_;
    my @open = map { connection($gate, timeout => DEADLINE) } 1 .. INVENTED + 1;
    my (%good, %invented);
    for my $round (1 .. ROUNDS) {
        my $good = "good-$where-$round";
        $_->send(request("/api/$where", token => 'invented' . ++$serial)) for @open[ 1 .. INVENTED ];
        $open[0]->send(request("/api/$where", token => $good));
        $good{ $open[0]->read_response->{status} }++;
        $invented{ $_->read_response->{status} }++ for @open[ 1 .. INVENTED ];
    }
    return (\%good, \%invented);
}

sub good { my ($where) = @_; return map { ("good-$where-$_" => active()) } 1 .. ROUNDS }

# ---------------------------------------------------------------- trouble with one token

for my $i (0 .. $#odd) {
    my ($title, $behaviour) = @{ $odd[$i] };
    subtest "2.1-16: invented tokens to which the source answers $title close the way for nobody else" => sub {
        $source->answer('*' => $behaviour, good("odd$i"));
        my ($good, $invented) = mix("odd$i");
        is_deeply $good, { 200 => ROUNDS }, 'all of the good ones pass';
        is_deeply $invented, { 503 => ROUNDS * INVENTED }, '  and none of the invented ones';
    };
}

subtest '2.1-16: pages of nginx in place of the answers do not open the circuit' => sub {
    for my $status (401, 403, 429, 500) {
        refused ask('caught', fresh({ status => $status })), 'source_unavailable', "status $status" for 1 .. 8;
    }
    is told('caught', fresh()), '200 MISS', 'a good token passes';
};

subtest '2.1-16: what nginx itself refuses to send does not open the circuit' => sub {
    my $long = 'x' x 100;
    $source->forget;
    refused ask('own', "$long$_"), 'source_unavailable', "question $_, larger than client_max_body_size"
        for 1 .. 8;
    is $source->count, 0, '  none was asked';
    is told('own', fresh()), '200 MISS', 'a shorter one passes';
};

subtest '2.1-16: answers from proxy_cache do not open the circuit' => sub {
    for (1 .. 8) {
        my $token = fresh();
        is told('cached', $token), '200 MISS', 'a first answer is stored';
        refused ask('cached', $token), 'source_unavailable', '  the stored one is none';
    }
    is told('cached', fresh()), '200 MISS', 'a new token passes';
};

subtest '2.1-16: a token in trouble is asked for once in a while' => sub {
    for my $row ([ 403 => { status => 403 } ], [ 500 => { status => 500 } ],
        [ 'a large answer' => active(d => 'y' x 9000) ])
    {
        my ($title, $behaviour) = @$row;
        my $token = fresh($behaviour);
        come_again ask('shut', $token), 2, "$title: refused for two seconds";
        my @seen = map { told('shut', $token) } 1 .. 30;
        is_deeply [ grep { !/^503 / } @seen ], [], '  and again';
        cmp_ok $source->count($token), '<=', 3, '  without a question each time';
        ok scalar(grep { $_ eq '503 HIT' } @seen), '  but from the zone';
        $source->answer($token => active());
        ok until_true(sub { told('shut', $token) =~ /^200 / }), '  until its time is over, then it is asked for';
    }
    $source->forget;
    my $token = fresh({ status => 403 });
    ask('mute', $token) for 1 .. 5;
    is $source->count($token), 5, 'with eiam_cache_negative 0 it is asked for each time';
    is told('mute', fresh()), '200 MISS', '  and others all the same';
};

# ---------------------------------------------------------------- a source that is down

for my $i (0 .. $#down, 'refused') {
    my ($title, $behaviour) = $i eq 'refused' ? 'that refuses connections' : @{ $down[$i] };
    subtest "2.1-16: a source $title is down: the circuit opens" => sub {
        $source->answer('*' => $behaviour // active())->forget;
        refused ask("down$i", fresh($behaviour)), 'source_unavailable', "failure $_" for 1 .. 3;
        my $asked = $source->count;
        come_again ask("down$i", fresh()), 1, 'now nobody is asked for' for 1 .. 3;
        is $source->count, $asked, '  which the source can tell';
        $source->release;
    };
}

subtest '2.1-16: a source that is down for good tokens, while a firewall answers for it' => sub {
    my $n = 0;
    for my $round (1 .. 3) {
        refused ask('mixed', fresh({ status => 403 })), 'source_unavailable', 'an answer of the firewall'
            for 1 .. 5;
        refused ask('mixed', fresh({ hold => 0, body => '' })), 'source_unavailable', "  failure $round";
    }
    $source->forget;
    refused ask('mixed', fresh()), 'source_unavailable', 'the circuit is open' for 1 .. 5;
    is $source->count, 0, '  as no answer of the firewall counts for one of the source';
    $source->release;

    ask('shut', fresh({ stop => 0 })) for 1, 2;
    my @odd = map { fresh({ status => 403 }) } 1 .. 200;
    my $asked = until_true(sub { my $token = shift @odd // die 'no more'; ask('shut', $token);
        $source->count($token) });
    ok $asked, 'one that is open tries again';
    is told('shut', fresh()), '200 MISS', '  and after an answer of the firewall the next one tries, at once';
    is told('shut', fresh()), '200 MISS', '  which closes it for all';
};

subtest '2.1-16: invented tokens do not keep a circuit open' => sub {
    ask('shut', fresh({ stop => 0 })) for 1, 2;
    ok until_true(sub { my $token = fresh({ status => 403 }); ask('shut', $token); $source->count($token) }),
        'an invented token is the first that is asked for';
    my $token = fresh();
    my @open = hang('shut', $token);
    is $source->await(1, $token), 1, '  and another one at once, which has no answer yet';
    is told('shut', fresh()), '200 MISS', '  meanwhile good ones pass' for 1 .. 3;
    $source->release;
};

subtest '2.1-16: clients that go away do not have all the probes' => sub {
    ask('shut', fresh({ stop => 0 })) for 1, 2;
    my ($token, $open);
    ok until_true(sub {
        $token = fresh({ status => 403, hold => 0 });
        $open = begin('shut', $token);
        return until_true(sub { $source->count($token) || $open->{select}->can_read(0) })
            && $source->count($token);
    }), 'an invented token is asked for, and its client goes away';
    undef $open;
    my @others = map { fresh({ status => 403 }) } 1 .. 20;
    refused ask('shut', $_), 'source_unavailable', '  others wait for the answer' for @others;
    is_deeply [ grep { $source->count($_) } @others ], [], '  as it is still under way';
    $source->release;
    ok until_true(sub { told('shut', fresh()) eq '200 MISS' }), '  which shows that the source answers';
};

# ---------------------------------------------------------------- slots

subtest '2.1-16: half of the slots are for tokens that were known before' => sub {
    for my $row ([ limit1 => 1, 1 ], [ limit2 => 2, 1 ], [ limit5 => 5, 3 ]) {
        my ($where, $limit, $new) = @$row;
        my @new = map { "$where-new$_" } 1 .. $new;
        my @open = hang($where, @new);
        is $source->await(1, $_), 1, "a limit of $limit: a new token is asked for" for @new;
        come_again ask($where, fresh()), 1, '  one more is not' for 1 .. 3;
        $source->release;
        is seen($_->read_response), '200 MISS', '  those that are asked for have their answers' for @open;
        is told($where, fresh()), '200 MISS', '  then there is room';
    }
    my @known = map { fresh() } 1 .. 4;
    is told('known', $_), '200 MISS', 'tokens that are known, but asked for each time' for @known;
    my @new = map { "known-new$_" } 1, 2;
    my @open = hang('known', @new);
    $source->await(1, $_) for @new;
    refused ask('known', fresh()), 'source_unavailable', 'new ones have half of the slots';
    is told('known', $_), '200 MISS', '  known ones the rest' for @known;
    $source->forget;
    push @open, hang('known', @known[ 0, 1 ]);
    is $source->await(1, $_), 1, '  all of it' for @known[ 0, 1 ];
    come_again ask('known', $known[2]), 1, '  and no more';
    @open = ();
    $source->release;
    @open = ();
    ok until_true(sub { told('known', fresh()) eq '200 MISS' }), 'clients that go away make room';
    $source->forget;
    @open = hang('known', @known);
    is $source->await(1, $_), 1, 'known ones may have all slots' for @known;
    refused ask('known', fresh()), 'source_unavailable', '  and then a new one has none';
    $source->release;
    is seen($_->read_response), '200 MISS', '  for as long as they are asked for' for @open;
};

done_testing;
