#!/usr/bin/perl
# What a revocation ends: calls in all workers from the moment at which it was acknowledged, whichever source knows
# the token, whatever is under way, and whatever happens to the zone afterwards.

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

use constant { TOKENS => 1000, CALLERS => 2 };

my $form = 'Content-Type: application/x-www-form-urlencoded';
my $stub = EIAM::Stub->new;

sub order {
    my ($gate, $what, $body) = @_;
    return get($gate, "/control/$what", method => 'POST', body => "$body&reason=test", headers => [$form]);
}

# ---- under load

# Calls with the tokens in turn until the file exists; records token, time when sent, time when answered, and
# status.
sub caller_of {
    my ($gate, $number, @tokens) = @_;
    my $pid = fork // die "fork: $!\n";
    return $pid if $pid;
    open my $out, '>', $gate->dir . "/calls-$number" or die $!;
    my ($n, $c) = ($number * 17);
    until (-e $gate->dir . '/enough') {
        $c = connection($gate) if $n++ % 50 == 0 || !$c;    # sooner or later at each worker
        my $i = $n * 7 % @tokens;
        my $sent = time;
        my $res = eval { $c->send(request('/api/users', token => $tokens[$i])); $c->read_response } or undef $c, next;
        printf {$out} "%d %.6f %.6f %s %s\n", $i, $sent, time, $res->{status}, $res->{headers}{'x-reason'} // '-';
    }
    close $out;
    require POSIX;
    POSIX::_exit(0);
}

for my $workers (2, 4) {
    my $gate = nginx(workers => $workers,
        files => { 'policy.json' => policy('/api', 'GET /users' => ['user_read']) },
        conf => $stub->upstream . qq{
            map \$request_uri \$mode { default ""; }
            eiam_zone eiam 8m;
            eiam_policy %DIR%/policy.json;
            keepalive_requests 100000;
            server {
                listen 127.0.0.1:%PORT% reuseport;
                eiam_introspection /introspect;
                eiam_introspection_limit 256;
                add_header X-Reason \$eiam_reason always;
                location = /api/users { eiam on; try_files /none \@served; }
                location \@served { return 200; }
                location /control/ { eiam_control; }
                @{[ $stub->location('/quiet') ]}
            }
        })->start;

    my @tokens = map { "good-$workers-$_" } 0 .. TOKENS - 1;
    my @callers = map { caller_of($gate, $_, @tokens) } 1 .. CALLERS;
    my (@asked, @answered, @wrong);
    my $c = connection($gate);
    for my $i (0 .. $#tokens) {
        $asked[$i] = time;
        $c->send(request('/control/revoke', method => 'POST', body => "token=$tokens[$i]&reason=load", headers => [$form]));
        my $res = $c->read_response;
        $answered[$i] = time;
        push @wrong, "not revoked: $res->{status} $res->{body}" if $res->{status} != 200;
    }
    my $after = time;
    my $ended = sub { for (map { get($gate, '/api/users', token => $_) } @tokens[ 0, 500, 999 ]) { return 0 if $_->{status} != 401 } 1 };
    ok $ended->(), "$workers workers: the first and the last are refused";
    sleep 0.3;
    open my $enough, '>', $gate->dir . '/enough' or die $!;
    waitpid $_, 0 for @callers;

    my %seen;
    for (map { split /\n/, slurp($gate->dir . "/calls-$_") } 1 .. CALLERS) {
        my ($i, $sent, $received, $status, $reason) = split;
        my $when = $sent > $answered[$i] ? 'after' : $received < $asked[$i] ? 'before' : 'meanwhile';
        $seen{$when}++;
        my $right = { after => $reason eq 'token_revoked', before => $status == 200,
            meanwhile => $status == 200 || $reason eq 'token_revoked' }->{$when};
        push @wrong, "$when: $tokens[$i] $status $reason" if !$right;
    }
    is join("\n", @wrong[ 0 .. ($#wrong < 9 ? $#wrong : 9) ]), '',
        "2.3-6: " . TOKENS . " revocations under load, $workers workers: no call passes after one, and none is refused before";
    cmp_ok $seen{$_} // 0, '>', 100, "  calls $_: " . ($seen{$_} // 0) for qw(before after);
    $gate->stop;
}

# ---- what is under way, and what the zone's life does

my $true = JSON::PP::true;
my $source = EIAM::Source->new('*' => { json => { active => $true, client_id => 'crm', scope => 'user_read' } });
my $issuer = EIAM::Source->new;
my %conf = (workers => 2,
    files => {
        'policy.json' => policy('/api', 'GET /users' => ['user_read'], 'POST /token' => 'public'),
        'apps.json' => applications({ id => 'crm', permissions => ['user_read'], tokens => ['Static-1'] }),
    });

sub conf {
    my ($size) = @_;
    return qq{
        eiam_zone eiam $size;
        eiam_policy %DIR%/policy.json;
        eiam_applications %DIR%/apps.json;
        server {
            listen 127.0.0.1:%PORT% reuseport;
            eiam_introspection /introspect;
            location /api/ { eiam on; proxy_pass http://%ECHO%; }
            location = /api/token { eiam on; eiam_learn on; proxy_pass http://@{[ $issuer->address ]}; }
            location = /introspect { internal; proxy_pass http://@{[ $source->address ]}; }
            location /control/ { eiam_control; }
            location /status/ { eiam_status; }
        }
    };
}

sub call { return get($_[0], '/api/users', token => $_[1]) }

sub issues {
    my ($token) = @_;
    return (json => { access_token => $token, token_type => 'bearer', expires_in => 600, scope => 'user_read' });
}

sub obtain {
    my ($gate, $token) = @_;
    $issuer->answer('*' => { issues($token) });
    return get($gate, '/api/token', method => 'POST', body => 'client_id=crm', headers => [$form]);
}

my $gate = nginx(%conf, conf => conf('1m'))->start;

subtest 'an answer that is under way' => sub {
    for my $what ('token=Slow-1', 'application=crm') {
        my ($token) = $what =~ /token=(.*)/ ? $1 : 'Slow-2';
        $source->forget;
        $source->answer($token => [ map { { json => { active => $true, client_id => 'crm', scope => 'user_read', iat => int(time) },
            hold => 0 } } 1 .. 2 ]);
        my @open = map { connection($gate) } 1 .. 6;
        $_->send(request('/api/users', token => $token)) for @open;
        $source->await(1, $token);
        is order($gate, 'revoke', $what)->{status}, 200, "$what is revoked while the source is asked";
        $source->release;
        refused $_->read_response, 'token_revoked', '  what waits for the answer is refused' for @open;
        refused call($gate, $token), 'token_revoked', '  and so is an answer that comes later';
        order($gate, 'restore', $what);
        passed call($gate, $token), '  after it is restored the token passes';
    }

    $issuer->answer('*' => { issues('Late-1'), hold => 0 });
    $issuer->forget;
    my $c = connection($gate);
    $c->send(request('/api/token', method => 'POST', body => 'client_id=crm', headers => [$form]));
    $issuer->await(1);
    order($gate, 'revoke', 'application=crm');
    $issuer->release;
    is $c->read_response->{status}, 200, 'a token call under way when its application is revoked';
    refused call($gate, 'Late-1'), 'token_revoked', '  its token is refused';
    obtain($gate, 'Later-1');
    passed call($gate, 'Later-1'), '  the next one passes';
    order($gate, 'restore', 'application=crm');
    passed call($gate, 'Late-1'), '  and the first one, when the application is restored';
};

subtest 'an application is revoked, and tokens do not say when they were issued' => sub {
    my %iat = (missing => undef, milliseconds => 1000 * int time, 'days-ahead' => 2 * 86400 + int time,
        string => 'now');
    $source->answer(map { ("iat-$_" => { json => { active => $true, client_id => 'crm', scope => 'user_read',
        defined $iat{$_} ? (iat => $iat{$_}) : () } }) } keys %iat);
    for my $title (sort keys %iat) {
        $source->forget;
        passed call($gate, "iat-$title"), "a token whose iat is $title" for 1, 2;
        order($gate, 'revoke', 'application=crm');
        passed call($gate, "iat-$title"), '  passes after that too';
        is $source->count, 2, '  but its source has been asked again';
        $source->answer("iat-$title" => { json => { active => JSON::PP::false } });
        order($gate, 'revoke', 'application=crm');
        refused call($gate, "iat-$title"), 'token_invalid', '  and after the next one, when it says no';
        order($gate, 'restore', 'application=crm');
    }
};

subtest '2.3-4: a token of the same value is issued again' => sub {
    obtain($gate, 'Same-1');
    obtain($gate, 'Same-2');
    passed call($gate, $_), "$_ passes" for 'Same-1', 'Same-2';
    order($gate, 'revoke', 'token=Same-1');
    obtain($gate, 'Same-1');
    refused call($gate, 'Same-1'), 'token_revoked', 'a revoked token that the backend hands out again is refused' for 1 .. 4;
    order($gate, 'revoke', 'application=crm');
    obtain($gate, 'Same-2');
    refused call($gate, 'Same-2'), 'token_revoked', 'so is one that its application had before it was revoked' for 1 .. 4;
    obtain($gate, 'Same-3');
    passed call($gate, 'Same-3'), 'a new one passes';
    like $gate->error_log, qr/\[warn\] .*eiam: a token of application "crm" that was revoked has been issued once more/, 'the log says so';
    unlike $gate->error_log, qr/Same-/, '  but not which token it was';
    is order($gate, 'restore', "token=$_")->{json}{restored}, 'token', "$_ is restored" for 'Same-1', 'Same-2';
    passed call($gate, 'Same-2'), '  and passes';
    order($gate, 'restore', 'application=crm');
    passed call($gate, 'Same-1'), '  and the other one, when its application is restored';
};

subtest '2.3-1: revocations outlive reloads, and other sizes of the zone' => sub {
    obtain($gate, 'Kept-1');
    passed call($gate, $_), "$_ passes" for 'Kept-1', 'Kept-2', 'Static-1';
    order($gate, 'revoke', "token=$_") for 'Kept-1', 'Kept-2', 'Static-1', 'Never-seen';
    order($gate, 'revoke', 'application=erp');
    for my $size ('1m', '2m', '512k') {
        $gate->write_file('nginx.conf', $gate->{texts}{'nginx.conf'} =~ s/eiam_zone eiam \w+/eiam_zone eiam $size/r);
        ok $gate->reload, "a reload with a zone of $size";
        refused call($gate, $_), 'token_revoked', "  $_ is refused" for ('Kept-1', 'Kept-2', 'Static-1', 'Never-seen') x 2;
        is scalar(@{ get($gate, '/control/revocations')->{json}{revocations} }), 5, '  all are listed';
    }
    order($gate, 'revoke', "token=Unknown-$_") for 1 .. 40;
    $gate->write_file('nginx.conf', $gate->{texts}{'nginx.conf'} =~ s/eiam_zone eiam \w+/eiam_zone eiam 64k/r);
    ok !$gate->reload, 'a zone that has no room for them is refused';
    like $gate->error_log, qr/\[emerg\] .*"eiam_zone" "eiam" is too small/, '  with a message';
    refused call($gate, $_), 'token_revoked', "  $_ is refused as before" for 'Kept-1', 'Static-1', 'Unknown-40';
    is order($gate, 'restore', 'token=Static-1')->{status}, 200, 'one is restored';
    passed call($gate, 'Static-1'), '  and passes';
};

done_testing;
