#!/usr/bin/perl
# The benchmarks hold what they promise. Instructions are counted, so the
# figures are the same on every run of a build.

use strict;
use warnings;
use FindBin;
use Test::More;

plan skip_all => 'instructions are not counted under sanitizers' if $ENV{EIAM_ASAN};

my $text = qx("$FindBin::Bin/../bench/match" 2>&1);
is $?, 0, 'bench/match runs' or diag $text;

my %row = map { /^(\w+) +([\d.]+) +([\d.]+) +([\d.]+)$/ ? ($1 => [ $2, $3, $4 ]) : () } split /\n/, $text;
my $all = delete $row{all};
ok $all && $all->[2] > 0.5 && $all->[2] <= 1.5,
    'a match among 10,000 operations costs at most 1.5 times one among 80' or diag $text;

my @segments = sort { $a <=> $b } keys %row;
cmp_ok scalar @segments, '>=', 4, 'paths of several lengths are measured';
for my $segments (@segments) {
    my ($small, $large, $ratio) = @{ $row{$segments} };
    cmp_ok $ratio, '<=', 1.5, "so it is for paths of $segments segments";
    cmp_ok $large / $segments, '<', 500, 'and a segment costs a few hundred instructions';
}

done_testing;
