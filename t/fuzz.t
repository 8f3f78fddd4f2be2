#!/usr/bin/perl
# The fuzzers run on their corpora and on 20,000 more inputs, the same ones in each run. For longer runs: t/fuzz/run
# TARGET SECONDS; .ci/trial runs each for a minute.

use strict;
use warnings;
use FindBin;
use File::Temp ();
use Test::More;

plan skip_all => 'the fuzzers are built in their own way' if $ENV{EIAM_ASAN} || $ENV{EIAM_COVERAGE};

my $fuzz = "$FindBin::Bin/fuzz";
my $made = qx("$fuzz/build" 2>&1);
is $?, 0, 'the fuzzers are built' or diag $made;

# Which results the inputs must have had, as counted by the target itself.
my %counted = (introspection => [ 'granted', 'evicted alive', 'evicted expired',
    qw(token_invalid token_expired source_unavailable) ]);

for my $fuzzer (split /\n/, $made) {
    my ($target) = $fuzzer =~ m{/(\w+)$} or next;
    ok scalar(glob "$fuzz/corpus/$target/*"), "$target has a corpus";

    my $grown = File::Temp->newdir('eiam-fuzz-XXXXXX', TMPDIR => 1);
    my $text = qx("$fuzzer" -dict="$fuzz/$target.dict" -seed=1 -runs=20000 -max_len=4096 -timeout=10 \\
        -artifact_prefix="$grown/" "$grown" "$fuzz/corpus/$target" 2>&1);
    is $?, 0, "$target: nothing is found" or diag last_lines($text);
    like $text, qr/^Done 2\d{4} runs/m, "$target: all inputs were run";
    my ($counts) = $text =~ /^counted: (.*)/m;
    for my $what (@{ $counted{$target} // [] }) {
        my ($count) = ($counts // '') =~ /\b\Q$what\E (\d+)/;
        cmp_ok $count // 0, '>', 10, "2.1-21: $target goes on beyond the first of its kind: $what";
    }
}

sub last_lines {
    my @lines = split /\n/, $_[0];
    return join "\n", @lines[ ($#lines > 40 ? $#lines - 40 : 0) .. $#lines ];
}

done_testing;
