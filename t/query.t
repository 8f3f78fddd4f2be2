#!/usr/bin/perl
# The cost of a long query: instructions are counted, so the figures are the same in each run of a build.

use strict;
use warnings;

use File::Temp;
use FindBin;
use Test::More;

use lib "$FindBin::Bin/../bench/lib";

use Bench::Unit;

use constant { PER_BYTE => 60, FOUND => 12, LINEAR => 2.1 };

plan skip_all => 'such a build takes instructions of its own' if $ENV{EIAM_ASAN} || $ENV{EIAM_COVERAGE};

my $dir = File::Temp->newdir('eiam-query-XXXXXX', TMPDIR => 1);
my ($lines, $counts) = Bench::Unit::counted($dir, 'query', 'eiam_unit query', 'ngx_eiam_query_has');

my @titles = map { /^ok \d+ - query: ([36]0000 bytes of .*)/ ? $1 : () } @$lines;
is scalar @titles, scalar @$counts, 'each search for all names at once is counted, and finds what is there';
cmp_ok scalar @titles, '>=', 60, 'there are many of them';

while (my ($short, $long) = splice @$counts, 0, 2) {
    my $title = (splice @titles, 0, 2)[0];
    cmp_ok $short, '<', 30_000 * PER_BYTE, "2.1-19: $title take few instructions for each byte";
    cmp_ok $short, '<', 30_000 * FOUND, '2.1-19:   fewer still if they are what is looked for, as it is found once'
        if $title =~ /"&access_token"/;
    cmp_ok $long, '<', LINEAR * $short, '  and twice as many take twice as many';
}

done_testing;
