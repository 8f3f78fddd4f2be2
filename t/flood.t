#!/usr/bin/perl
# Floods of invented tokens: valid tokens stay known, and the source is not overloaded. A flood of a million tokens,
# without HTTP, is a unit test (ngx_eiam_unit_source.c).

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Test::More;
use Time::HiRes qw(sleep time);
use EIAM::Source;
use EIAM::Stub;
use EIAM::Test;

use constant {
    DEADLINE => 60, INVENTED => 20_000, CONNECTIONS => 8, BATCH => 100, VALID => 500,
    AT_ONCE => 2000, LIMIT => 64, HALF => 32,
};

my $stub   = EIAM::Stub->new;
my $source = EIAM::Source->new;
my $active = { json => { active => JSON::PP::true, client_id => 'crm', scope => 'user_read' } };
my $no     = { json => { active => JSON::PP::false } };

my $gate = nginx(workers => 2, events => 'worker_connections 8192;', error_log_level => 'error',
    files => { 'policy.json' => policy('/api', map { ("GET /$_" => ['user_read']) } qw(users slow)),
        'www/api/users' => 'users', 'www/api/slow' => 'slow' },
    http  => $stub->upstream . 'map "" $mode { default ""; } eiam_zone eiam 1m;',
    server => qq{
        listen 127.0.0.1:%PORT2% reuseport backlog=4096;
        keepalive_requests 1000000;
        client_header_buffer_size 64k; # for the requests of a batch
        eiam_policy %DIR%/policy.json;
        eiam_introspection /introspect;
        eiam_introspection_limit @{[ LIMIT ]};
        add_header X-Cache \$eiam_cache always;
        location /api/ { eiam on; root %DIR%/www; }
        location /api/slow {
            eiam on; eiam_introspection /slow; eiam_introspection_circuit 0; eiam_introspection_timeout 60s;
            root %DIR%/www;
        }
        location = /slow { internal; proxy_pass http://@{[ $source->address ]}; }
        @{[ $stub->location ]}
    })->start;

sub open_one { return connection($gate, port => $gate->port(2), timeout => DEADLINE) }
sub asks     { my ($path, @tokens) = @_; return join '', map { request("/api/$path", token => $_) } @tokens }
sub seen {
    my ($res) = @_;
    return $res ? join ' ', $res->{status}, $res->{headers}{'x-cache'} // '' : 'none';
}

# "number x answer" for the next answers.
sub tally {
    my (@answers) = @_;
    my %tally;
    $tally{$_}++ for @answers;
    return join ', ', map { "$tally{$_} x $_" } sort keys %tally;
}

sub batch {
    my ($c, $path, @tokens) = @_;
    $c->send(asks($path, @tokens));
    return map { seen(scalar $c->read_response) } @tokens;
}

# ---------------------------------------------------------------- many tokens, one after the other

subtest INVENTED . ' invented tokens in a zone of 1 MB' => sub {
    my @valid = map { "good-$_" } 1 .. VALID;
    my @used  = @valid[ 0 .. 49 ];
    my $known = open_one();
    is tally(batch($known, 'users', @valid)), VALID . ' x 200 MISS', 'valid tokens are granted';

    my @flood = map { open_one() } 1 .. CONNECTIONS;
    my ($n, $slowest, @refused, @served) = (0, 0);
    while ($n < INVENTED) {
        $_->send(asks('users', map { 'invented-' . ++$n } 1 .. BATCH)) for @flood;
        for (1 .. 5) {
            my $start = time;
            push @served, batch($known, 'users', $used[ @served % @used ]);
            $slowest = time - $start if time - $start > $slowest;
        }
        for my $c (@flood) { push @refused, map { seen(scalar $c->read_response) } 1 .. BATCH }
    }
    is tally(@refused), INVENTED . ' x 401 MISS', 'each of the invented ones is refused';
    is tally(@served), @served . ' x 200 HIT', 'a valid one is served from the cache meanwhile';
    cmp_ok $slowest, '<', 10, '  without delay';
    is tally(batch($known, 'users', @valid)), VALID . ' x 200 HIT',
        'so are all of them then, though most were not used meanwhile';
    is scalar(() = $stub->{nginx}->access_log =~ /^token=/mg), VALID + INVENTED, 'each token was asked for once';
};

# ---------------------------------------------------------------- many tokens at once

# Whether the answer has begun.
sub answered {
    my ($c) = @_;
    return 1 if length $c->{in} || $c->{eof};
    return eval { $c->_wait(time); 1 } && length $c->{in};
}

# Opens that many connections, each with another token; calls with the valid token meanwhile.
sub flood {
    my ($title, $known) = @_;
    my ($most, $slowest, @open, @served) = (0, 0);
    for my $n (1 .. AT_ONCE) {
        push @open, open_one()->send(request('/api/slow', token => "$title-$n"));
        next if $n % 20;
        my $start = time;
        push @served, batch($known, 'slow', 'valid');
        $slowest = time - $start if time - $start > $slowest;
        my $busy = $source->state->{busy};
        $most = $busy if $busy > $most;
    }
    is tally(@served), @served . ' x 200 HIT', 'a valid token is served from the cache all the time';
    cmp_ok $slowest, '<', 10, '  without delay';
    cmp_ok $most, '<=', HALF, 'no more than half of the limit are asked for at a time';
    cmp_ok $most, '>', 0, '  but some are';
    return @open;
}

$source->answer(valid => $active, after => $active);

subtest AT_ONCE . ' invented tokens at once for a source that hangs' => sub {
    my $known = open_one();
    is tally(batch($known, 'slow', 'valid')), '1 x 200 MISS', 'a valid token is granted';
    $source->answer('*' => { %$no, hold => 0 })->forget;
    my @open = flood('hangs', $known);
    my $refused = AT_ONCE - HALF;
    is until_true(sub { $refused <= grep { answered($_) } @open }), 1,
        'all but half of the limit have an answer at once';
    is $source->count, HALF, '  and were not asked for';
    is scalar(grep { answered($_) } @open), $refused, 'those that are asked for wait';
    refused get($gate, '/api/slow', token => 'after'), 'source_unavailable',
        'a new one is refused, valid or not';
    is tally(batch($known, 'slow', 'valid')), '1 x 200 HIT', '  but one that is known is not';
    is get($gate, '/api/users', token => 'good-1')->{status}, 200, '  nor is another endpoint concerned';
    $source->answer('*' => $no)->release;
    is tally(map { seen(scalar $_->read_response) } @open), HALF . " x 401 MISS, $refused x 503 MISS",
        'when the source answers, those that waited are refused for good';
    is tally(batch($known, 'slow', 'after')), '1 x 200 MISS', 'a new one is granted';
};

subtest AT_ONCE . ' invented tokens at once for a source that is slow' => sub {
    my $known = open_one();
    $source->answer('*' => { %$no, delay => 0.02 })->forget;
    my @open = flood('slow', $known);
    like tally(map { seen(scalar $_->read_response) } @open), qr/^\d+ x 401 MISS(, \d+ x 503 MISS)?$/,
        'all are answered';
    $source->answer('*' => $active);
    is tally(batch($known, 'slow', 'valid', 'new')), '1 x 200 HIT, 1 x 200 MISS',
        'the valid one is known, and a new one granted';
};

done_testing;
