#!/usr/bin/perl
# A worker is killed at each single change of the zone, while it holds the lock: "make steps" builds a module for
# that. A lost cache is fine afterwards; a wrong answer, or none, is not.

use strict;
use warnings;

use Fcntl qw(O_CREAT O_WRONLY);
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(sleep time);
use EIAM::Jwt qw(new_key public_jwk mint);
use EIAM::Stub;
use EIAM::Test;

use constant { DEADLINE => 10, WORKERS => 2, MANY => 1000 };

plan skip_all => 'nothing that it runs has sanitizers' if $ENV{EIAM_ASAN};

# Linked into the installed nginx.
delete $ENV{EIAM_NGINX};
$ENV{EIAM_MODULE} = top_dir() . '/build/steps/ngx_eiam_module.so';

my $stub = EIAM::Stub->new;
my ($longest, $gates) = (0, 0);

# A gate of its own, with a file that contains the step at which a worker ends.
sub gate {
    my $gate = nginx(workers => WORKERS, main => 'env EIAM_STEPS;',
        expect => [ qr/exited on signal 9/, qr/shared memory zone "eiam" was locked by/ ],
        files => { 'policy.json' => policy('/api', map { ("GET /$_" => ['user_read']) } qw(users fresh revoked again)) },
        conf => $stub->upstream . qq{
            map \$request_uri \$mode { /api/revoked off; }
            eiam_zone eiam 64k;
            eiam_policy %DIR%/policy.json;
            server {
                listen 127.0.0.1:%PORT% reuseport;
                eiam_introspection /introspect;
                eiam_introspection_circuit 0;
                add_header X-Pid \$pid always;
                location = /api/users { eiam on; try_files /none \@served; }
                location = /api/fresh { eiam on; eiam_cache_valid 0; try_files /none \@served; }
                location = /api/revoked { eiam on; eiam_cache_valid 0; try_files /none \@served; }
                location = /api/again { eiam on; eiam_cache_negative 0; try_files /none \@served; }
                location \@served { return 200 "\$eiam_application"; }
                location /control/ { eiam_control; }
                @{[ $stub->location('/quiet') ]}
            }
        });
    $ENV{EIAM_STEPS} = steps($gate, 0);
    return $gate->start;
}

sub steps {
    my ($gate, $first, $second) = @_;
    my $file = $gate->dir . '/steps';
    sysopen my $out, $file, O_WRONLY | O_CREAT or die "$file: $!";
    syswrite $out, pack 'Q3', 0, $first, $second // 0;
    close $out or die "$file: $!";
    return $file;
}

sub deaths { return scalar(() = $_[0]->error_log =~ /exited on signal 9/g) }

# ---- calls, and what is right

my %right = (good => 200, long => 200, bad => 401, fail => 503);

sub is_right {
    my ($res, $target, $token) = @_;
    my ($kind) = $token =~ /^([a-z]+)/;
    my $status = $target eq 'revoked' ? 401 : $right{$kind};
    return $res->{status} == $status && ($status != 200 || $res->{body} eq $token);
}

my @wrong;

# Repeats the request if it killed the worker. Returns the answer, right or wrong, and records wrong ones.
sub ask {
    my ($gate, $target, $token) = @_;
    my $deadline = time + DEADLINE;
    while (time < $deadline) {
        my $res = eval { get($gate, "/api/$target", token => $token, timeout => DEADLINE) };
        if ($res) {
            push @wrong, "$target $token: $res->{status} $res->{body}" unless is_right($res, $target, $token);
            return $res;
        }
        last unless $@ =~ /^no answer/;
    }
    push @wrong, "$target $token: no answer: $@";
    return { headers => {} };
}

# Makes several calls at the same time.
sub ask_together {
    my ($gate, $target, $token) = @_;
    my @open = map { connection($gate, timeout => DEADLINE) } 1 .. 4;
    $_->send(request("/api/$target", token => $token, close => 1)) for @open;
    for my $res (map { eval { $_->read_response } } @open) {
        push @wrong, "$target $token, together: $res->{status}" if $res && !is_right($res, $target, $token);
    }
    push @wrong, "$target $token, together: $@" if $@ && $@ =~ /in time/;
    return;
}

# Waits until all workers answer correctly; returns the seconds that it took.
sub all_answer {
    my ($gate, @tokens) = @_;
    my ($start, %seen) = time;
    while (keys %seen < WORKERS && time < $start + DEADLINE) {
        my $token = shift @tokens;
        push @tokens, $token;
        $seen{ ask($gate, 'users', $token)->{headers}{'x-pid'} // next } = 1;
    }
    push @wrong, 'not all workers answer' if keys %seen < WORKERS;
    return time - $start;
}

# Runs the calls until no worker is killed by them, each time one step later.
sub killed {
    my ($title, $calls, %opt) = @_;
    my $gate = $opt{gate} // gate();
    my ($died, $number) = (0, $gates++);
    @wrong = ();
    while ($died < ($opt{most} // MANY)) {
        my $run = "$number-" . ($died + 1);
        $opt{before}->($gate, $run) if $opt{before};
        my $before = deaths($gate);
        my $start = time;
        steps($gate, $opt{first} // $died + 1, $opt{first} ? $died + 1 : 0);
        $calls->($gate, $run);
        all_answer($gate, "good-$run", "bad-$run");
        my $took = time - $start;
        $longest = $took if $took > $longest;
        last if deaths($gate) - $before < ($opt{first} ? 2 : 1);
        $died++;
    }
    steps($gate, 0);
    cmp_ok $died, '>=', $opt{least}, "$title: killed at each of $died steps";
    is join("\n", @wrong), '', '  and every answer is right';
    $gate->stop;
    return;
}

killed('a new token' => sub {
    my ($gate, $run) = @_;
    ask($gate, 'users', "good-$run");
    ask($gate, 'users', "good-$run");
}, least => 25);

killed('tokens that are refused, and failures' => sub {
    my ($gate, $run) = @_;
    ask($gate, 'users', "bad-$run");
    ask($gate, 'users', "bad-$run");
    ask($gate, 'users', "fail-$run");
}, least => 30);

killed('a grant that is asked for again, revoked, and granted again' => sub {
    my ($gate, $run) = @_;
    ask($gate, $_, "good-$run") for qw(fresh revoked again);
}, before => sub { ask($_[0], 'users', "good-$_[1]") }, least => 60);

killed('a zone that is full' => sub {
    my ($gate, $run) = @_;
    ask($gate, 'users', "long-$run");
}, before => sub {
    my ($gate, $run) = @_;
    my $c = connection($gate);
    $c->send(join '', map { request('/api/users', token => "long-$run-$_") } 1 .. 60);
    $c->read_response for 1 .. 60;
}, least => 50);

killed('many requests that wait for one token' => sub {
    my ($gate, $run) = @_;
    ask_together($gate, 'users', "good-$run");
}, least => 25);

killed('the next one too, while it wipes what the first has left' => sub {
    my ($gate, $run) = @_;
    ask($gate, 'users', "good-$run");
}, first => 6, least => 10);

# What has been acknowledged is in force, at whichever step of an order a worker is killed. A revocation that has
# not been acknowledged may be in force; its client repeats it.
{
    my @revoked;
    my $order = sub {
        my ($gate, $what, $body) = @_;
        my $deadline = time + DEADLINE;
        while (time < $deadline) {
            my $res = eval { get($gate, "/control/$what", method => 'POST', body => "$body&reason=test", timeout => DEADLINE,
                headers => ['Content-Type: application/x-www-form-urlencoded']) };
            return $res->{status} if $res;
        }
        return 'no answer';
    };
    my $check = sub {
        my ($gate, $token, $status) = @_;
        my $res;
        for (1 .. 20) {
            $res = eval { get($gate, '/api/users', token => $token, timeout => DEADLINE) } and last;
        }
        push @wrong, "$token: " . ($res->{status} // 'no answer') if ($res->{status} // 0) != $status;
    };
    killed('2.3-1: tokens and applications that are revoked and restored' => sub {
        my ($gate, $run) = @_;
        push @wrong, "revoke $run" if $order->($gate, 'revoke', "token=good-$run-a") ne '200';
        push @revoked, "good-$run-a";
        push @wrong, "application $run" if $order->($gate, 'revoke', 'application=x') ne '200';
        $order->($gate, 'restore', "token=$revoked[0]"), shift @revoked if @revoked > 3;
        $check->($gate, $_, 401) for @revoked;
        $check->($gate, "good-$run-b", 200);
        push @wrong, "restore $run" if $order->($gate, 'restore', 'application=x') ne '200';
    }, before => sub { ask($_[0], 'users', "good-$_[1]-a") }, least => 30);
}

# A key set taken over from the previous configuration, whose server had other keys: these are never used as fresh
# keys, whatever happened to the worker that took the set over.
{
    my @keys = map { new_key('Ed25519') } 0, 1;
    my $set = sub { return { keys => [ public_jwk($keys[ $_[0] ], kid => "key-$_[0]") ] } };
    my $serial = 0;
    my $token = sub {
        my ($n) = @_;
        return mint($keys[$n], 'EdDSA', { iss => 'https://issuer.example', aud => 'api',
            exp => time + 600, client_id => 'crm', scope => 'user_read', jti => ++$serial },
            { kid => "key-$n" });
    };
    my $gate = nginx(workers => WORKERS, main => 'env EIAM_STEPS;',
        expect => [ qr/exited on signal 9/, qr/shared memory zone "eiam" was locked by/ ],
        files => { 'set.json' => $set->(0), 'policy.json' => policy('/api', 'GET /users' => ['user_read']) },
        conf => q{
            eiam_zone eiam 256k;
            eiam_policy %DIR%/policy.json;
            eiam_jwt_issuer https://issuer.example;
            eiam_jwt_audience api;
            server {
                listen 127.0.0.1:%PORT% reuseport;
                eiam_jwks /keys;
                location = /api/users { eiam on; try_files /none @served; }
                location @served { return 200 "$eiam_application"; }
                location = /keys { internal; alias %DIR%/set.json; }
            }
        });
    local $ENV{EIAM_STEPS} = steps($gate, 0);
    $gate->start;

    # Repeats the request if it killed the worker.
    my $status = sub {
        my ($n) = @_;
        my $deadline = time + DEADLINE;
        while (time < $deadline) {
            my $res = eval { get($gate, '/api/users', token => $token->($n), timeout => DEADLINE) };
            return $res->{status} if $res;
            sleep 0.01;
        }
        return 'no answer';
    };

    my ($died, $now, @wrong) = (0, 0);
    while ($died < MANY) {
        push @wrong, "before $died" unless $status->($now) eq '200';
        $now = 1 - $now;
        $gate->write_file('set.json', $set->($now));
        $gate->reload or die "no reload\n";
        my $before = deaths($gate);
        steps($gate, $died + 1);
        my $old = join ' ', map { $status->(1 - $now) } 1 .. 2;
        my $new = join ' ', map { $status->($now) } 1 .. 2;
        push @wrong, "killed at $died: $old, $new" if "$old $new" ne '401 401 200 200';
        steps($gate, 0);
        last if deaths($gate) == $before;
        $died++;
    }
    cmp_ok $died, '>=', 20, "2.1-15: the keys of the configuration before are no fresh ones: killed at each of $died steps";
    is join("\n", @wrong), '', '  and every answer is right';
    $gate->stop;
}

# An applications file that changes: the old or the new content is in force, and the new one in the end. One gate for
# each step, a dozen at a time, as a change takes a second.
{
    my $file = sub { return applications({ id => 'crm', permissions => ['user_read'], tokens => ["static-$_[0]"] }) };
    my $new_gate = sub {
        my $gate = nginx(workers => WORKERS, main => 'env EIAM_STEPS;',
            expect => [ qr/exited on signal 9/, qr/shared memory zone "eiam" was locked by/ ],
            files => { 'apps.json' => $file->(0), 'policy.json' => policy('/api', 'GET /users' => ['user_read']) },
            http => 'eiam_policy policy.json; eiam_applications apps.json;',
            server => q{
                add_header X-Pid $pid always;
                location = /api/users { eiam on; try_files /none @served; }
                location @served { return 200 "$eiam_application"; }
            });
        local $ENV{EIAM_STEPS} = steps($gate, 0);
        return $gate->start;
    };
    my $status = sub {
        my ($gate, $n) = @_;
        my $res = eval { get($gate, '/api/users', token => "static-$n", timeout => DEADLINE) };
        return $res ? ($res->{status}, $res->{headers}{'x-pid'}) : 'none';
    };
    # In the log, as calls take steps of their own.
    my $in_force = sub { return $_[0]->error_log =~ /has changed and is in force/ };
    my ($died, @alive, @wrong) = (0);
    while ($died < MANY && !@alive) {
        my @at = map { $new_gate->() } 1 .. 12;
        for my $n (1 .. @at) {
            steps($at[ $n - 1 ], $died + $n);
            $at[ $n - 1 ]->write_file('apps.json', $file->(1));
        }
        for my $gate (@at) {
            until_true(sub { deaths($gate) || $in_force->($gate) }, DEADLINE);
            steps($gate, 0);
            my %seen;
            until_true(sub {
                my ($new, $pid) = $status->($gate, 1);
                my ($old) = $status->($gate, 0);
                $seen{$pid} = 1 if "$new $old" eq '200 401';
                return keys %seen >= WORKERS;
            }, DEADLINE) or push @wrong, 'not in force everywhere';
            deaths($gate) ? $died++ : push @alive, $gate;
        }
        $_->stop for @at;
    }
    cmp_ok $died, '>=', 3, "2.7-1: an applications file that changes: killed at each of $died steps";
    is join("\n", @wrong), '', '  and the new content is in force in the end';
}

# A grant that is used again in another second becomes the newest. One gate for each step saves waiting.
{
    @wrong = ();
    my @killed;
    my @at = map { gate() } 1 .. 7;
    ask($_, 'users', 'good') for @at;
    sleep 1.1;
    for my $n (1 .. @at) {
        steps($at[ $n - 1 ], $n);
        ask($at[ $n - 1 ], 'users', 'good');
        all_answer($at[ $n - 1 ], 'good', 'bad');
        push @killed, deaths($at[ $n - 1 ]);
    }
    is "@killed", '1 1 1 1 1 1 1', 'a grant that is used again: killed at each of 7 steps';
    is join("\n", @wrong), '', '  and every answer is right';
}

ok $longest < DEADLINE, sprintf 'the longest until all workers served again: %d ms', $longest * 1000;
done_testing;
