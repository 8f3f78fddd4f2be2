#!/usr/bin/perl
# The unit tests of the core run inside nginx: "eiam_unit all" prints TAP while "nginx -t" reads the configuration.
# Here each of them is a test of its own.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use EIAM::Test;
use Test::More;

sub load_module {
    my $path = $ENV{EIAM_UNIT_MODULE}
        // (($ENV{EIAM_MODULE} // 'set') eq '' ? '' : top_dir() . '/build/ngx_eiam_unit_module.so');
    return $path eq '' ? '' : "load_module $path;";
}

sub run {
    my ($suite) = @_;
    return nginx(module => 0, main => load_module() . "\neiam_unit $suite;")->check;
}

my ($code, $text) = run('all');
my ($planned, $count, %seen) = (0, 0);

for (split /\n/, $text) {
    if (/^(not )?ok (\d+) - ((\w+): .*)/) {
        is $2, ++$count, "test $2 has its number" if $2 != $count + 1;
        $count = $2;
        $seen{$4} = 1;
        ok !$1, $3;
    } elsif (/^1\.\.(\d+)/) {
        $planned = $1;
    }
}

ok $planned > 0 && $planned == $count, 'nginx ran all of them' or diag $text;
is $code, 0, 'and nginx -t succeeds' or diag $text =~ s/^ok .*\n//mgr;

my %no_suite = map { ($_ => 1) } qw(module bench bench_zone bench_redis);
for my $file (glob top_dir() . '/t/unit/ngx_eiam_unit_*.c') {
    my ($suite) = $file =~ /unit_(\w+)\.c$/;
    ok $seen{$suite}, "the suite \"$suite\" has tests" unless $no_suite{$suite};
}

($code, $text) = run('nonsense');
ok $code == 1 && $text =~ /knows no such suite/, 'an unknown suite is an error';

done_testing;
