#!/usr/bin/perl
# Single flight: however many requests wait for a token, in however many workers, only one asks.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Test::More;
use Time::HiRes qw(sleep time);
use EIAM::Source;
use EIAM::Test;

use constant { REQUESTS => 500, DEADLINE => 60 };

my ($true, $false) = (JSON::PP::true, JSON::PP::false);
sub active { return { json => { active => $true, client_id => 'crm', scope => 'user_read' }, @_ } }

my $source = EIAM::Source->new;
my $gate = nginx(workers => 2, events => 'worker_connections 4096;',
    files => { 'policy.json' => policy('/api', 'GET /users' => ['user_read'],
        'GET /short' => ['user_read']) },
    conf => qq{
        eiam_policy %DIR%/policy.json;
        eiam_introspection_circuit 0;
        eiam_introspection_timeout 10m;
        server {
            listen 127.0.0.1:%PORT% reuseport backlog=4096;
            eiam_introspection /introspect;
            add_header X-Cache \$eiam_cache always;
            add_header X-Pid \$pid always;
            location = /api/users { eiam on; try_files /none \@served; }
            location = /api/short {
                eiam on; eiam_cache_valid 0; eiam_cache_negative 0; try_files /none \@served;
            }
            location \@served { return 200 "served"; }
            location = /introspect {
                internal;
                proxy_set_header X-Pid \$pid;
                proxy_read_timeout 10m;
                proxy_pass http://@{[ $source->address ]};
            }
        }
        server {
            listen 127.0.0.1:%PORT2%;
            location / { stub_status; }
        }
    })->start;

sub open_all {
    my ($count, $token, $target) = @_;
    return map {
        connection($gate, timeout => DEADLINE)->send(request($target // '/api/users',
            token => ref $token ? $token->() : $token))
    } 1 .. $count;
}

# Waits until nginx has that many requests under way.
sub under_way {
    my ($count) = @_;
    my $writing;
    return 1 if until_true(sub {
        ($writing) = get($gate, '/', port => $gate->port(2))->{body} =~ /Writing: (\d+)/;
        return $writing > $count;
    });
    die "only $writing requests under way\n";
}

# "200 MISS" => how many of the answers.
sub tally {
    my (@res) = @_;
    my %tally;
    $tally{ $_ ? join ' ', $_->{status}, $_->{headers}{'x-cache'} // '' : 'none' }++ for @res;
    return join ', ', map { "$tally{$_} x $_" } sort keys %tally;
}

sub answers { return map { scalar $_->read_response } @_ }

my $serial = 0;
sub fresh {
    my ($behaviour) = @_;
    my $token = 'token' . ++$serial;
    $source->forget->answer($token => $behaviour);
    return $token;
}

# ---------------------------------------------------------------- one question

for my $row (
    [ 'granted', active(), '200 MISS' ],
    [ 'refused', { json => { active => $false } }, '401 MISS' ],
    [ 'status 500', { status => 500 }, '503 MISS' ],
    [ 'no answer', { stop => 0 }, '503 MISS' ],
) {
    my ($title, $answer, $expected) = @$row;
    for my $target ('/api/users', '/api/short') {
        my $where = $target =~ /short/ ? 'nothing is cached' : 'the answer is cached';
        subtest "@{[ REQUESTS ]} first requests, $title, $where" => sub {
            my $token = fresh({ %$answer, hold => 0 });
            my @open = open_all(REQUESTS, $token, $target);
            under_way(REQUESTS);
            is $source->await(1), 1, 'one question arrives while all are waiting';
            $source->release;
            my @res = answers(@open);
            is tally(@res), REQUESTS . " x $expected", 'all have its answer';
            is $source->count, 1, 'there was no other one';
            my %pid = map { ($_->{headers}{'x-pid'} => 1) } @res;
            is scalar keys %pid, 2, 'both workers had some of them';
        };
    }
}

subtest 'requests before and after the answer' => sub {
    my $token = fresh({ %{ active() }, delay => 0.05 });
    my @res = answers(open_all(REQUESTS, $token));
    like tally(@res), qr/^(\d+ x 200 HIT, )?\d+ x 200 MISS$/, 'all pass';
    is $source->count, 1, 'one question';
};

subtest 'each token has its own question' => sub {
    my @tokens = map { 'many' . $_ } 0 .. 19;
    $source->forget->answer(map { ($_ => active(hold => 0)) } @tokens);
    my $n = 0;
    my @open = open_all(REQUESTS, sub { $tokens[ $n++ % @tokens ] });
    under_way(REQUESTS);
    is $source->await(20), 20, 'as many questions as tokens';
    $source->release;
    is tally(answers(@open)), REQUESTS . ' x 200 MISS', 'all pass';
    is $source->count, 20, 'there was no other question';
    is join(' ', map { $source->count($_) } @tokens), join(' ', (1) x 20), 'one for each';
};

# ---------------------------------------------------------------- somebody goes away

subtest 'the client of the request that asks goes away' => sub {
    my $token = fresh(active(hold => 0));
    my @leader = open_all(1, $token);
    is $source->await(1), 1, 'the first request asks';
    my @open = open_all(50, $token);
    under_way(51);
    @leader = ();
    sleep 0.2;
    $source->answer($token => active())->release;
    is tally(answers(@open)), '50 x 200 MISS', 'the others are answered';
    cmp_ok $source->count, '<=', 2, '  with one question more at most';
    like tally(answers(open_all(1, $token))), qr/^1 x 200 HIT/, '  and the answer is kept';
};

subtest 'clients of requests that wait go away' => sub {
    my $token = fresh(active(hold => 0));
    my @leader = open_all(1, $token);
    $source->await(1);
    my @open = open_all(50, $token);
    under_way(51);
    splice @open, 0, 25;
    sleep 0.2;
    $source->release;
    is tally(answers(@leader, @open)), '26 x 200 MISS', 'the others are answered';
    is $source->count, 1, '  with the one question';
};

subtest 'all clients go away' => sub {
    my $token = fresh(active(hold => 0));
    my @open = open_all(50, $token);
    under_way(50);
    @open = ();
    sleep 0.2;
    $source->answer($token => active())->release;
    like tally(answers(open_all(3, $token))), qr/^(\d x 200 HIT(, )?)?(\d x 200 MISS)?$/,
        'the next ones are answered';
    cmp_ok $source->count, '<=', 2, '  with one question more at most';
};

subtest 'a reload while requests wait' => sub {
    my $token = fresh(active(hold => 0));
    my @open = open_all(20, $token);
    is $source->await(1), 1, 'the old workers ask';
    under_way(20);
    ok $gate->reload, 'a reload';
    push @open, open_all(20, $token);
    under_way(40);
    is $source->count, 1, 'the new ones wait for the same question';
    $source->release;
    is tally(answers(@open)), '40 x 200 MISS', 'and all are answered';
    is $source->count, 1, '  with one question';
};

for my $round (1 .. 2) {
    subtest "the worker of the request that asks is killed, round $round" => sub {
        my $token = fresh([ active(hold => 0), active() ]);
        my @leader = open_all(1, $token);
        is $source->await(1), 1, 'the first request asks';
        my ($req) = $source->requests;
        my ($pid) = map { $_->[1] } grep { $_->[0] eq 'X-Pid' } @{ $req->{headers} };
        my @open = open_all(60, $token);
        under_way(61);
        $gate->expect(qr/exited on signal 9/);
        kill 'KILL', $pid;
        my @res = answers(@open);
        like tally(@res), qr/^\d+ x 200 (HIT|MISS)(, \d+ x 200 MISS)?, \d+ x none$/,
            'those of the other worker are answered, long before eiam_introspection_timeout';
        ok !(grep { $_ && $_->{headers}{'x-pid'} == $pid } @res),
            '  those of the killed one are not';
        is $source->count, 2, 'with one question more';
        like tally(answers(open_all(4, $token))), qr/^4 x 200 HIT$/, 'and the next ones too';
    };
}

done_testing;
