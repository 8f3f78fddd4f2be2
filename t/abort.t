#!/usr/bin/perl
# Clients that go away while the source is asked: nothing crashes or leaks, and other calls do not fail.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Socket qw(SOL_SOCKET SO_LINGER);
use Test::More;
use Time::HiRes qw(sleep time);
use EIAM::Http2;
use EIAM::Source;
use EIAM::Test;

use constant { ROUNDS => 300, DEADLINE => 30 };

sub active { return { json => { active => JSON::PP::true, client_id => 'crm',
    scope => 'user_read' }, @_ } }

my $source  = EIAM::Source->new;
my $address = $source->address;
my @places  = qw(plain kept ignoring streamed checked);

my $gate = nginx(workers => 2, error_log_level => 'error',
    files => {
        'policy.json' => policy('/api',
            map { ("GET /$_" => ['user_read'], "PUT /$_" => ['user_read']) } @places, 'timed'),
        'www/page.html' => join('|',
            map { qq(<!--# include virtual="/api/$_" -->) } qw(plain kept)),
    },
    http => qq{
        eiam_policy %DIR%/policy.json;
        eiam_introspection_circuit 0;
        lingering_timeout 100ms;
        keepalive_timeout 10s;    # so long nginx 1.30 keeps one that broke off while its body was discarded
        upstream kept { server $address; keepalive 4; }
        server {
            listen 127.0.0.1:%PORT3%;
            location / { return 200 served; }
        }
    },
    server => qq{
        listen 127.0.0.1:%PORT2% http2;
        eiam_introspection /ask;
        client_max_body_size 8m;
        client_body_buffer_size 8k;
        location /api/ { eiam on; proxy_pass http://127.0.0.1:%PORT3%; }
        location = /api/kept { eiam on; eiam_introspection /ask-kept;
            proxy_pass http://127.0.0.1:%PORT3%; }
        location = /api/ignoring { eiam on; eiam_introspection /ask-ignoring;
            proxy_pass http://127.0.0.1:%PORT3%; }
        location = /api/streamed { eiam on; proxy_request_buffering off;
            proxy_pass http://127.0.0.1:%PORT3%; }
        location = /api/checked { eiam on; auth_request /api/kept;
            proxy_pass http://127.0.0.1:%PORT3%; }
        location = /api/timed {
            eiam on; eiam_introspection /ask-timed; eiam_introspection_timeout 300ms;
                proxy_pass http://127.0.0.1:%PORT3%;
        }
        location = /ask { internal; proxy_pass http://$address; }
        location = /ask-kept { internal; proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_pass http://kept; }
        location = /ask-ignoring { internal; proxy_ignore_client_abort on;
            proxy_pass http://$address; }
        location = /ask-timed { internal; proxy_pass http://$address; }
        location /pages/ { ssi on; alias %DIR%/www/; }
        location = /redirected { error_page 404 = /api/plain; return 404; }
    },
)->start;

sub descriptors { return map { my @files = glob "/proc/$_/fd/*";
    scalar @files } sort { $a <=> $b } $gate->worker_pids }

# Open descriptors of the workers when nothing is under way and no idle connection to the source is left.
sub quiet {
    $source->down->up;
    my ($last, $times) = ('', 0);
    until_true(sub { my $now = join ' ', descriptors(); $times = $now eq $last ? $times + 1 : 0; $last = $now;
        sleep 0.1; $times == 5 });
    return $last;
}

my $serial = 0;
sub fresh { my (@behaviours) = @_; my $token = 'token' . ++$serial;
    $source->answer($token => \@behaviours); return $token }

# Kinds of clients: each returns an object that goes away when it is released.
my $body = 'x' x 100_000;
my @clients = (
    sub { connection($gate)->send(request("/api/$_[0]", token => $_[1])) },
    sub { connection($gate)->send(request("/api/$_[0]", token => $_[1], method => 'PUT',
        body => $body)) },
    sub { connection($gate)->send(substr request("/api/$_[0]", token => $_[1], method => 'PUT',
        body => $body), 0, 5000) },
    sub { connection($gate)->send(request("/api/$_[0]", token => $_[1]) x 3) },
    sub { connection($gate)->send(request("/api/$_[0]", token => $_[1], method => 'PUT',
        headers => ['Transfer-Encoding: chunked'],
        body => "3\r\nabc\r\n")) },
    sub { connection($gate)->send(request('/pages/page.html', token => $_[1])) },
    sub { connection($gate)->send(request('/redirected', token => $_[1])) },
    sub { my $h2 = EIAM::Http2->new($gate->port(2)); $h2->request("/api/$_[0]", token => $_[1]);
        return $h2 },
    sub { my $h2 = EIAM::Http2->new($gate->port(2)); $h2->request("/api/$_[0]", token => $_[1])
        for 1 .. 3; return $h2 },
    sub { my $h2 = EIAM::Http2->new($gate->port(2));
        $h2->request("/api/$_[0]", token => $_[1], method => 'PUT', body => 'abc', open => 1);
            return $h2 },
);

# Ways to go away: closing the connection, resetting it, ending only its sending half, and resetting one stream.
my @ways = (
    sub { },
    sub { setsockopt $_[0]{sock}, SOL_SOCKET, SO_LINGER, pack 'II', 1, 0 },
    sub { shutdown $_[0]{sock}, 1 },
    sub { $_[0]->isa('EIAM::Http2') and $_[0]->reset(1) },
);

sub leave { my ($way, $client) = @_; $ways[$way]->($client); return }

# Moments to go away: what the source has done by then.
my %stages = (
    'not accepted' => undef, 'silent' => active(hold => 0), 'in the head' => active(hold => 20),
    'in the body' => active(hold => 100), 'answered' => active(),
);
my @stages = sort keys %stages;

# The random order is the same in every run.
my $random = 1;
sub pick { my ($n) = @_; $random = ($random * 1_103_515_245 + 12_345) % 2**31;
    return ($random >> 8) % $n }

# One token and a few clients, some of which go away; the others must be served.
sub round {
    my ($stage, $place) = @_;
    my $first = $stages{$stage};
    my $token = fresh($first ? $first : (), active());
    $source->deaf if !$first;
    my @open = $clients[ pick(scalar @clients) ]->($place, $token);
    $first ? $source->await(1, $token) : sleep 0.01;
    push @open, map { $clients[ pick(scalar @clients) ]->($place, $token) } 1 .. pick(4);
    my @stay = map { connection($gate, timeout => DEADLINE)->send(request("/api/$place",
        token => $token)) } 0 .. pick(2);
    sleep 0.005 if pick(2);
    leave(pick(scalar @ways), $_) for @open;
    @open = () if pick(4);
    $source->hearing->release;
    my @wrong = grep { $_ != 200 } map { my $res = eval { $_->read_response };
        $res ? $res->{status} : 0 } @stay;
    return map { "$stage, $place: $_" } @wrong;
}

# ---------------------------------------------------------------- the tests

my @workers = sort $gate->worker_pids;
my @warm = map { round('answered', $places[ $_ % @places ]) } 0 .. 9;
is "@warm", '', 'the gate serves';
my $before = quiet();

for my $stage (@stages) {
    subtest "clients go away, the source is: $stage" => sub {
        my @wrong = map { round($stage, $places[ $_ % @places ]) } 1 .. ROUNDS / @stages;
        is_deeply \@wrong, [], 'those that stay are served';
        is join(' ', sort $gate->worker_pids), "@workers", 'no worker has died';
    };
}

subtest 'stages mixed' => sub {
    my @wrong = map { round($stages[ pick(scalar @stages) ],
        $places[ pick(scalar @places) ]) } 1 .. ROUNDS / 3;
    is_deeply \@wrong, [], 'those that stay are served';
};

subtest 'clients gone before the timeout' => sub {
    for my $client (@clients) {
        my $token = fresh(active(hold => 0));
        my @open = map { $client->('timed', $token) } 1, 2;
        sleep 0.02;
        leave(pick(scalar @ways), $_) for @open;
    }
    my $token = fresh(active(hold => 0));
    my $stay = connection($gate)->send(request('/api/timed', token => $token));
    refused $stay->read_response, 'source_unavailable', 'one that stays gets to it';
    sleep 0.5;
    $source->release;
};

subtest 'streams that are reset beside others' => sub {
    for my $stage (grep { $stages{$_} } @stages) {
        my $token = fresh($stages{$stage}, active());
        my $h2 = EIAM::Http2->new($gate->port(2));
        my @streams = map { $h2->request('/api/plain', token => $token) } 1 .. 10;
        $source->await(1, $token);
        $h2->reset($_) for @streams[ 0 .. 4 ];
        sleep 0.02;
        $source->release;
        is join(' ', map { $_->{status} // '-' } $h2->responses(@streams[ 5 .. 9 ])),
            '200 200 200 200 200',
            "$stage: the others are answered";
    }
};

subtest 'a client that is gone, and its answer' => sub {
    my $token = fresh(active(hold => 0), active());
    my $c = connection($gate)->send(request('/api/ignoring', token => $token));
    $source->await(1, $token);
    undef $c;
    sleep 0.05;
    $source->release;
    ok until_true(sub { !$source->state->{busy} }), 'where the source is not hung up on';
    is get($gate, '/api/ignoring', token => $token)->{status}, 200, 'others are served';
    cmp_ok $source->count($token), '<=', 2, '  with one question more at most';
};

my $after;
until_true(sub { ($after = quiet()) eq $before });
is $after, $before, 'the workers have as many descriptors as before';
is join(' ', sort $gate->worker_pids), "@workers", 'no worker has died';
for my $place (@places) {
    my $token = fresh(active());
    is get($gate, "/api/$place", token => $token)->{status}, 200, "the gate still serves: $place";
    is get($gate, "/api/$place", token => "not-$token")->{status}, 401, '  and refuses';
}

done_testing;
