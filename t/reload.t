#!/usr/bin/perl
# Reloads: broken files are refused, nothing is lost, nothing grows.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);
use EIAM::Jwt qw(new_key public_jwk mint);
use EIAM::Test;

use constant { WARM => 50, RELOADS => 200, COPIES => 10 };

my $tenant = '/api/v2/tenant';
my $shipped = top_dir() . '/conf/eiam-openapi.json';
my $applications = applications(
    { id => 'crm', permissions => ['org_read'], tokens => ['crm-token'] },
    { id => 'erp', permissions => ['org_read', 'org_all'], tokens => ['erp-token'] });
my $allowed = "$tenant/organizations/o1";

# A backend of its own, which is never reloaded.
my $backend = nginx(module => 0, http => 'keepalive_requests 1000000;',
    server => 'location / { add_header X-Operation $http_x_eiam_operation; return 200 served; }')->start;
my $upstream = '127.0.0.1:' . $backend->port;

sub gate {
    my (%opt) = @_;
    return nginx(workers => 2, error_log_level => 'notice',
        files => { 'policy.json' => slurp($shipped), 'apps.json' => $applications },
        server => qq{
            location $tenant/ {
                eiam on; eiam_policy policy.json; eiam_applications apps.json; eiam_path utf8;
                proxy_pass http://$upstream;
            }
        }, %opt);
}

sub ask { return get($_[0], $_[1] // $allowed, token => $_[2] // 'crm-token') }

# ---------------------------------------------------------------- broken files

subtest 'a broken file' => sub {
    my $gate = gate()->start;
    my $dir = $gate->dir;
    is ask($gate)->{status}, 200, 'the gate serves';

    for my $case (
        [ 'policy.json', '{', 'line 1 column 1: ' ],
        [ 'policy.json', '{"openapi": "3.0.3"}', '#: has no "paths"' ],
        [ 'apps.json', '{"applications": {}}', '#/applications: must be an array' ],
    ) {
        my ($name, $text, $reason) = @$case;
        my ($good, @before) = (slurp("$dir/$name"), sort $gate->worker_pids);
        $gate->write_file($name, $text);
        ok !$gate->reload, "a reload with $text in $name is refused";
        like $gate->error_log, qr{\[emerg\] .*"\Q$dir/$name": $reason\E}, 'and the log says why';
        is "@{[sort $gate->worker_pids]}", "@before", 'the workers stay';
        is ask($gate)->{status}, 200, 'and serve by the old file';
        is ask($gate, $allowed, 'bad')->{status}, 401, 'and refuse';

        $gate->expect(qr/exited on signal 9/);
        kill 'KILL', @before;
        my %old = map { ($_ => 1) } @before;
        until_true(sub { my @now = $gate->worker_pids; @now == 2 && !grep { $old{$_} } @now }) or die "no new workers\n";
        my @several = map { ask($gate, $allowed)->{status} } 1 .. 10;
        is "@several", join(' ', (200) x 10), 'workers that the master starts anew serve by the old file';
        is ask($gate, "$allowed%E7%94%A8")->{status}, 200, 'with letters beyond ASCII in the path';
        is ask($gate, "$allowed%E2%80%A6")->{status}, 400, 'and no other characters';
        is ask($gate, "$tenant/nothing")->{status}, 404, 'and know what they do not know';
        $gate->write_file($name, $good =~ s/%/%/gr);
    }

    my $old = { applications => [ @{ $applications->{applications} } ] };
    my ($off) = @{ applications({ id => 'crm', enabled => 0, permissions => ['org_read'],
        tokens => ['crm-token'] })->{applications} };
    $old->{applications}[0] = $off;
    $gate->write_file('apps.json', $old);
    is ask($gate)->{status}, 200, 'a changed file changes nothing before the reload';
    ok $gate->reload, 'a good file is taken over';
    refused ask($gate), 'application_disabled', 'an application that it disables is refused';
    is ask($gate, $allowed, 'erp-token')->{status}, 200, 'another one is not';

    $old->{applications} = [ $applications->{applications}[1] ];
    $gate->write_file('apps.json', $old);
    $gate->write_file('policy.json', policy($tenant, 'GET /organizations/{id}' => ['org_all'], 'GET /new' => ['org_read']));
    ok $gate->reload, 'two changed files are taken over together';
    refused ask($gate), 'token_invalid', 'an application that is gone has no token any more';
    is ask($gate, "$tenant/new", 'erp-token')->{status}, 200, 'a new operation is known';
    is ask($gate, "$tenant/organizations", 'erp-token')->{status}, 404, 'an old one is not';
    $gate->stop;
};

# ---------------------------------------------------------------- a file of keys

subtest '2.1-13: a key file that has changed' => sub {
    my ($one, $two, $three) = map { { %{ new_key('Ed25519') }, kid => $_ } } qw(one two three);
    my $set = sub { return { keys => [ map { public_jwk($_, kid => $_->{kid}) } @_ ] } };
    my $token = sub {
        my ($key) = @_;
        return mint($key, 'EdDSA', { iss => 'https://issuer.example', aud => 'api',
            exp => time + 600, client_id => 'crm', scope => 'user_read' }, {});
    };
    my $gate = nginx(workers => 2,
        files => { 'set.json' => $set->($one, $two), 'policy.json' => policy('/api', 'GET /x' => ['user_read']) },
        conf => q{
            eiam_zone eiam 1m;
            eiam_policy %DIR%/policy.json;
            eiam_jwt_issuer https://issuer.example;
            eiam_jwt_audience api;
            eiam_cache_valid 1h;
            eiam_cache_negative 1h;
            add_header X-Cache $eiam_cache always;
            server {
                listen 127.0.0.1:%PORT% reuseport;
                location = /api/x { eiam on; eiam_jwks %DIR%/set.json; try_files /none =204; }
            }
        })->start;
    my $told = sub {
        my $res = ask($gate, '/api/x', $_[0]);
        return "$res->{status} $res->{headers}{'x-cache'}";
    };
    my ($withdrawn, $kept, $refused) = map { $token->($_) } $one, $two, $three;
    for my $row ([ $withdrawn, 204 ], [ $kept, 204 ], [ $refused, 401 ]) {
        is $told->($row->[0]), "$row->[1] MISS", 'a token of it';
        is $told->($row->[0]), "$row->[1] HIT", '  and what became of it is in the cache';
    }
    my $text = JSON::PP->new->pretty->encode({ more => 1, keys => [ reverse @{ $set->($one, $two)->{keys} } ] });
    $gate->write_file('set.json', $text =~ s/%/%%/gr);
    ok $gate->reload, 'another order and white space';
    is $told->($_), '204 HIT', '  are no change' for $withdrawn, $kept;
    is $told->($refused), '401 HIT', '  for refusals neither';
    $gate->write_file('set.json', $set->($two, $three));
    ok $gate->reload, 'other keys';
    is $told->($withdrawn), '401 MISS', '  end the grants of one that is withdrawn';
    is $told->($kept), '204 MISS', '  a token of another one is verified once more';
    is $told->($kept), '204 HIT', '    and not again';
    is $told->($refused), '204 MISS', '  one that was refused as well: its key is there now';
    $gate->write_file('set.json', $set->($one, $two));
    ok $gate->reload, 'the keys from before';
    is $told->($refused), '401 HIT', '  and what they said';
    is $told->($withdrawn), '204 HIT', '  counts again';
    $gate->stop;
};

# ---------------------------------------------------------------- load and memory

# The blocks of nginx's pools get mappings of their own: otherwise the holes that each reload leaves in the heap
# could hide what the blocks cost.
$ENV{GLIBC_TUNABLES} = 'glibc.malloc.mmap_threshold=4096';

# The sanitizer keeps memory that has been freed, by default far more than a reload takes.
$ENV{ASAN_OPTIONS} = join ':', $ENV{ASAN_OPTIONS} // (), 'quarantine_size_mb=1';

# The master's memory in kB, shared with workers or not: the heap, and other mappings.
sub memory {
    my ($gate) = @_;
    my ($where, %kb) = ('', heap => 0, other => 0);
    for (split /\n/, slurp('/proc/' . $gate->master_pid . '/smaps')) {
        $where = /\[heap\]/ ? 'heap' : 'other' if /^[0-9a-f]+-/;
        $kb{$where} += $1 if /^Anonymous:\s+(\d+) kB/;
    }
    return \%kb;
}

sub descriptors { my @files = glob '/proc/' . $_[0]->master_pid . '/fd/*'; return scalar @files }

# The cost of another policy in kB: a leak of it would appear once for each reload.
sub cost_of_a_policy {
    my @kb;
    for my $copies (1, 1 + COPIES) {
        my %files = map { ("policy$_.json" => slurp($shipped)) } 1 .. $copies;
        my $gate = nginx(files => \%files, server => join "\n", map {
            "location /at$_/ { eiam on; eiam_policy policy$_.json; }" } 1 .. $copies)->start;
        push @kb, memory($gate);
        $gate->stop;
    }
    return ($kb[1]{other} - $kb[0]{other}) / COPIES;
}

# A client in its own process: new connections, one after the other, until it is told to stop.
sub client {
    my ($gate) = @_;
    pipe my $read, my $write or die "pipe: $!";
    my $pid = fork() // die "fork: $!";
    if ($pid == 0) {
        my ($stop, %count) = 0;
        $SIG{TERM} = sub { $stop = 1 };
        until ($stop) {
            my $res = eval { ask($gate, $allowed, $count{sent}++ % 4 ? 'crm-token' : 'bad') };
            my $right = $res && ($count{sent} % 4 == 1 ? $res->{status} == 401
                : $res->{status} == 200 && $res->{body} eq 'served' && $res->{headers}{'x-operation'});
            $count{ $right ? 'right' : 'wrong' }++;
            $count{first} //= $res ? "status $res->{status}" : $@ unless $right;
            sleep 0.003;
        }
        print {$write} join ' ', map { $_ // 0 } @count{qw(sent right first)};
        close $write;
        POSIX::_exit(0);
    }
    close $write;
    return sub {
        kill 'TERM', $pid;
        my $line = <$read>;
        waitpid $pid, 0;
        return split / /, $line // '', 3;
    };
}

my $gate = gate()->start;
my $cost = cost_of_a_policy();
ok $cost > 20, sprintf 'a policy costs memory that can be measured (%d kB)', $cost;

my $client = client($gate);
my (@memory, $files);
for my $n (1 .. RELOADS) {
    $gate->reload or die "reload $n was refused\n";
    if ($n == WARM) {
        push @memory, memory($gate);
        $files = descriptors($gate);
    }
}
push @memory, memory($gate);
my ($sent, $right, $first) = $client->();

ok $sent > RELOADS, "$sent requests were sent on fresh connections during " . RELOADS . ' reloads';
is $right, $sent, 'all of them were answered rightly' or diag $first;
is scalar($gate->worker_pids), 2, 'two workers serve';

my $leak = $cost * (RELOADS - WARM);
for my $where (qw(heap other)) {
    my $growth = $memory[1]{$where} - $memory[0]{$where};
    ok $growth < $leak / 4, sprintf "the master's memory (%s) does not grow: %d kB in %d reloads, where a leak would be %d kB",
        $where, $growth, RELOADS - WARM, $leak;
}
until_true(sub { descriptors($gate) <= $files });
cmp_ok descriptors($gate), '<=', $files, 'nor do its open files';
$gate->stop;

# ---------------------------------------------------------------- kept connections

# How many requests on kept connections are lost in ten reloads.
sub lost {
    my ($server) = @_;
    my $lost = 0;
    for (1 .. 10) {
        my @c = map { connection($server) } 1 .. 4;
        for my $c (@c) {
            $c->send(request($allowed, token => 'crm-token'))->read_response->{status} == 200 or die;
        }
        $_->send(request($allowed, token => 'crm-token', headers => ['X-Test-Delay: 0.4'])) for @c;
        $server->reload or die "the reload was refused\n";
        for my $c (@c) {
            my $res = eval { $c->read_response };
            $lost++ unless $res && $res->{status} == 200;
        }
    }
    return $lost;
}

my $kept = gate(server => qq{
    location $tenant/ {
        eiam on; eiam_policy policy.json; eiam_applications apps.json; proxy_pass http://%ECHO%;
    }
})->start;
my $bare = nginx(module => 0, server => "location $tenant/ { proxy_pass http://%ECHO%; }")->start;
my $lost = lost($kept);
is $lost, 0, 'a request that is under way on a kept connection is answered';
cmp_ok $lost, '<=', lost($bare), 'so no more are lost than by nginx without the gate';

done_testing;
