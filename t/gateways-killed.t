#!/usr/bin/perl
# A worker of a gateway with Redis is killed at the steps of a revocation, or of whatever else it changes in the zone
# meanwhile: "make steps" builds a module for that. What was acknowledged is in force here and at another gateway. With
# EIAM_EVERY=1 at each step.

use strict;
use warnings;

use Fcntl qw(O_CREAT O_WRONLY);
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(sleep time);
use EIAM::Gateways;
use EIAM::Redis;
use EIAM::Test;

use constant { STRIDE => $ENV{EIAM_EVERY} ? 1 : 6, STEPS => 60 };

plan skip_all => 'nothing that it runs has sanitizers' if $ENV{EIAM_ASAN};

# Linked into the installed nginx.
delete $ENV{EIAM_NGINX};
$ENV{EIAM_MODULE} = top_dir() . '/build/steps/ngx_eiam_module.so';

my $redis = EIAM::Redis->new;
my $other = gateway(redis => $redis->address)->start;
my $gate = gateway(redis => $redis->address, workers => 2, main => 'env EIAM_STEPS;',
    expect => [ qr/exited on signal 9/, qr/shared memory zone "eiam" was locked by/ ]);

# From now on a worker ends at the step of that number; 0: none does.
sub steps {
    my ($step) = @_;
    my $file = $gate->dir . '/steps';
    sysopen my $out, $file, O_WRONLY | O_CREAT or die "$file: $!";
    syswrite $out, pack 'Q3', 0, $step, 0;
    close $out or die "$file: $!";
    return $file;
}

{
    local $ENV{EIAM_STEPS} = steps(0);
    $gate->start;
}
fresh($gate, $other);

sub deaths { return scalar(() = $gate->error_log =~ /exited on signal 9/g) }

# Repeated until it is answered, as a client would.
sub ordered {
    my ($what, $body) = @_;
    return until_true(sub { my $answer = eval { order($gate, $what, $body) }; $answer && $answer->{status} =~ /^20[02]$/ });
}

my ($died, @wrong, @revoked) = 0;
for (my $step = 1; $step <= STEPS; $step += STRIDE) {
    my ($token, $kept) = (issue($gate), issue($gate));
    my ($erp) = issue($gate, client => 'erp');
    is status($other, $_), 200, 'known' for $token, $kept, $erp;
    my $before = deaths();
    steps($step);
    ordered(revoke => "token=$token") or push @wrong, "step $step: a token";
    ordered(revoke => 'application=erp') or push @wrong, "step $step: an application";
    steps(0);
    $died += deaths() > $before;
    in_time('the workers are there', sub { $gate->worker_pids == 2 });
    push @revoked, $token, $erp;
    in_time('in force there', sub { !grep { status($other, $_) != 401 } @revoked[ -2, -1 ] });
    fresh($gate);
    push @wrong, map { "step $step: $_" } grep { everywhere($gate, $_, 401) ne '401' } @revoked[ -2, -1 ];
    push @wrong, "step $step: $kept" if everywhere($gate, $kept, 200) ne '200';
    push @wrong, "step $step: new" if status($other, issue($gate, client => 'erp')) != 200;
}
cmp_ok $died, '>=', STEPS / STRIDE / 2, "2.4-7.8: a worker was killed at $died steps of revocations";
is join("\n", @wrong), '', 'none is lost, here or there';
in_time('sent', sub { counted($gate, 'eiam_revocations_unsent') == 0 });
my $late = gateway(redis => $redis->address)->start;
fresh($late);
is scalar(grep { status($late, $_) != 401 || everywhere($gate, $_, 401) ne '401' } @revoked), 0, 'nor at a gateway that starts, nor later';

done_testing;
