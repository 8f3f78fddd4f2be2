#!/usr/bin/perl
# The benchmarks keep their promises: instructions are counted, so these figures are the same in every run of a
# build. The parts that need a load or a quiet machine are only compiled here; no time is measured.

use strict;
use warnings;
use File::Temp;
use FindBin;
use JSON::PP ();
use Test::More;

use lib "$FindBin::Bin/../bench/lib";

use Bench::Callgrind;
use Bench::Contender qw(slurp spew free_port);
use Bench::Load;
use Bench::Scale;
use Bench::Table;
use Bench::Unit;

plan skip_all => 'nothing that it runs has sanitizers' if $ENV{EIAM_ASAN};

my $bench = "$FindBin::Bin/../bench";
my $dir   = File::Temp->newdir('eiam-bench-XXXXXX', TMPDIR => 1);
my $file  = $ENV{BENCH_JSON} = "$dir/bench.json";

sub about { my ($got, $expected) = @_; return abs($got - $expected) <= 0.002 * abs $expected }

subtest 'every part compiles, and bench/run runs it' => sub {
    my @parts = grep { -f -x && slurp($_) =~ m{^#!/usr/bin/perl} } glob "$bench/*";
    for my $part (@parts, glob "$bench/lib/Bench/*.pm") {
        my $text = qx($^X -I"$bench/lib" -c "$part" 2>&1);
        is $?, 0, $part =~ s{.*/bench/}{}r or diag $text;
    }
    my ($run) = slurp("$bench/run") =~ /^for \w+ in (.*); do$/m;
    is_deeply [ sort split ' ', $run ], [ sort map { s{.*/}{}r } @parts ], 'all of them, once';
};

subtest 'a part replaces its own figures only' => sub {
    spew($file, '{"gate": {"a": 1}, "lock": {"b": 2}, "contenders": {}, "when": "once"}');
    Bench::Table::keep(lock => time, { c => 3 });
    my $all = Bench::Table::read_json($file);
    is_deeply [ sort keys %$all ], [qw(gate lock)], 'what is no part goes';
    is_deeply $all->{gate}, { a => 1 }, 'another part stays';
    is $all->{lock}{c}, 3, 'the new figures are there';
    ok !exists $all->{lock}{b}, 'the old ones are not';
    ok $all->{lock}{when} && $all->{lock}{machine}{cores}, 'with when and where';
    spew($file, 'no JSON');
    is_deeply Bench::Table::results(), {}, 'a file that is none holds nothing';
};

subtest 'the arithmetic' => sub {
    ok about(Bench::Scale::workers(4, 20, 0), 200_000), 'without a lock four workers do four times as much';
    ok about(Bench::Scale::workers(1, 20, 5), 50_000), 'a lock does not hold one worker up';
    ok about(Bench::Scale::workers(1000, 20, 2), 500_000), 'nor does anything pass it faster than one by one';
    ok about(Bench::Scale::workers(2, 20, 10), 80_000), 'two that need it for half of the time';
    ok about(Bench::Scale::steady(1000, 100, 1), 1000 / 310), 'a question per life and pause';
    ok about(Bench::Scale::steady(1000, 100, 10), 10_000 / 400), 'and per gateway';
    is Bench::Scale::zone(1_000_000, 128)->{megabytes}, 178, 'a zone for a million grants';
    is Bench::Scale::crowded(1000, 100, 1), 0, 'few questions crowd nobody out';

    my %refused = (1 => [ 0, 0 ], 2 => [ 0.25, 50 ], 10 => [ 1.25, 90 ], 100 => [ 11.3, 99 ]);
    for my $gateways (sort { $a <=> $b } keys %refused) {
        my ($paper, $seen) = (Bench::Scale::unknown($gateways), Bench::Scale::simulate_unknown($gateways, 2000));
        my ($shared, $alone) = @{ $refused{$gateways} };
        cmp_ok abs(100 * $paper->{shared} - $shared), '<', 0.05, "2.4-3: $gateways gateways for 10 s without Redis";
        cmp_ok abs(100 * $paper->{alone} - $alone), '<', 0.05, '  and if they share nothing';
        cmp_ok abs($seen->{$_} - $paper->{$_}), '<', 0.005 + 0.05 * $paper->{$_}, "  simulated: $_" for qw(shared alone);
    }

    my %how = (tokens => 500, rate => 250, gateways => 4);
    my ($paper, $seen) = (Bench::Scale::expected(%how), Bench::Scale::simulate(%how));
    for my $what (qw(steady passed refused)) {
        cmp_ok abs($seen->{$what} / $paper->{$what} - 1), '<', 0.1, "simulated: $what";
    }
    cmp_ok $seen->{last}, '<=', Bench::Scale::VALID() + Bench::Scale::LATENCY(),
        'no revoked token outlives the life of a grant';
    is_deeply Bench::Scale::simulate(%how), $seen, 'the same every time';
};

subtest 'bench/scale says what follows from the figures' => sub {
    spew($file, '{}');
    like qx("$bench/scale" quick), qr/^Not measured yet: bench\/gate$/m, 'or what is not measured';

    my $cell = sub { { cells => { 'allowed-opaque' => { cpu => [ 30, $_[0], 10 ] } } } };
    spew($file, JSON::PP::encode_json({
        gate => { contenders => { 'eiam-learned' => $cell->(20), 'eiam-introspection' => $cell->(25) } },
        lock => { hold => { 10_000 => 0, 1_000_000 => 10_000 } },
        zone => { megabytes => 150, learned => { entries => 1_000_000, evictions_total => 0 } },
        memory => { bytes_per_grant => 128 },
    }));
    my $text = qx("$bench/scale" quick);
    is $?, 0, 'runs' or return;
    like $text, qr/^learned token +20\.0 +50,000$/m, 'the median makes a core';
    like $text, qr/core: 2 +100,000 +100,000 +1\.000 +60,000 +0\.600$/m, 'the lock of two workers';
    like $text, qr/^1,000,000 live tokens +122\.1 +4\.0 +178m$/m, 'the zone';
    like $text, qr/150m, on paper: 178m; .* learned 1,000,000 grants/, 'and what was found';
    like $text, qr/^100,000 live tokens +328 +2,857 +12,500$/m, 'the authorization server';
    my $all = Bench::Table::read_json($file);
    is $all->{scale}{authorization_server}{load}, 20_000, 'half of what a core serves is the load';
    is $all->{zone}{megabytes}, 150, 'and the other parts are as before';
};

SKIP: {
    skip 'instructions are counted of what is used', 6 if $ENV{EIAM_COVERAGE};
    subtest 'a call costs little more than without a gate' => \&call;
    subtest 'a match does not depend on the number of operations' => \&match;
    subtest 'nor a look-up on the number of grants' => \&zone;
    subtest 'workers look grants up at the same time' => \&lock;
    subtest '2.7-3: an object is looked up at the same cost, however many there are' => \&objects;
    subtest 'a zone holds as many grants as docs/TOKENS.md says' => \&room;
}

done_testing;


sub call {
    is system('cc', '-O2', '-o', "$dir/load", "$bench/load.c"), 0, 'the load generator compiles' or return;
    my $load = Bench::Load->opaque("$dir");

    my $upstream = Bench::Contender->new("$bench/..", "$bench/upstream.conf");
    $upstream->{whole} = 1;
    $upstream->write_conf("$dir/upstream", UPSTREAMTLS => free_port());
    $upstream->start([]);

    my %cost;
    for ([ bare => 'allowed' ], [ return => 'bad' ], [ 'eiam-static' => 'allowed', 'bad' ],
        [ 'eiam-learned' => 'allowed' ])
    {
        my ($name, @scenarios) = @$_;
        my $c = Bench::Contender->new("$bench/..", "$bench/contenders/$name.conf");
        my $count = eval {
            Bench::Callgrind::count($load, $c, "$dir/$name", $upstream->{port}, map { "$_-opaque" } @scenarios);
        } or diag $@;
        $cost{"$name $_"} = $count->{"$_-opaque"} for @scenarios;
    }
    $upstream->stop;

    for ([ allowed => 'bare', 1.2 ], [ bad => 'return', 1.3 ]) {
        my ($scenario, $limit, $most) = @$_;
        my $ratio = $cost{"eiam-static $scenario"} / ($cost{"$limit $scenario"} || 1);
        note sprintf '%s: %.3f', $scenario, $ratio;
        cmp_ok $ratio, '>', 1, "$scenario: it costs something";
        cmp_ok $ratio, '<', $most, 'but not much, in instructions';
    }
    my $more = $cost{'eiam-learned allowed'} - $cost{'eiam-static allowed'};
    note sprintf 'learned: %.0f more', $more;
    cmp_ok $more, '<', 1000, 'a learned token that is in use costs hardly more than a static one';
    return;
}

sub match {
    my $text = qx("$bench/match" 2>&1);
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
    ok Bench::Table::results()->{match}{ratio}, 'it keeps what it found';
    return;
}

sub zone {
    my %cost;
    for my $grants (100, 20_000) {
        my ($lines, $counts) = Bench::Unit::counted($dir, 'zone', "eiam_bench_zone $grants 4m 4000 1",
            'ngx_eiam_unit_bench_look');
        my @ways = map { /^(\w+) 4000 \d+$/ ? $1 : () } @$lines;
        is_deeply \@ways, [qw(lock same any first none)], "every way, with $grants grants";
        @{ $cost{$grants} }{@ways} = map { $_ / 4000 } @$counts;
    }
    for my $way (sort keys %{ $cost{100} }) {
        cmp_ok $cost{100}{$way}, '<', 700, "a few hundred instructions: $way";
        cmp_ok $cost{20_000}{$way} / $cost{100}{$way}, '<', 1.25, 'as many among many';
    }
    ok !eval { Bench::Unit::run($dir, 'zone', 'eiam_bench_zone 20000 1m 1 1') }, 'a zone may be too small';
    like $@, qr/too small a zone/, 'and says so';
    return;
}

sub objects {
    my $text = qx("$bench/objects" 2>&1);
    is $?, 0, 'bench/objects runs' or diag $text;
    my $found = Bench::Table::results()->{objects};
    for ([ path => 400 ], [ query => 2100 ]) {
        my ($way, $most) = @$_;
        my ($off, $few, $many) = @{ $found->{$way} }{qw(off few many)};
        cmp_ok $off, '<=', 10, "a marked parameter in the $way costs nothing where it is off";
        cmp_ok $few, '<', $most, '  not much where it is on';
        cmp_ok abs($many - $few), '<', 50, '  and the same with 10,000 objects';
    }
    return;
}

# By the cells of a zone; a grant takes two of them, or three.
sub room {
    my %room = slurp("$bench/../docs/TOKENS.md") =~ /^\| (\d+[km]) \| ([\d,]+ \| [\d,]+) \|/mg;
    is_deeply [ sort keys %room ], [qw(10m 174m 1m 64k)], 'four sizes';
    for my $size (sort keys %room) {
        my ($line) = Bench::Unit::run($dir, 'room', "eiam_bench_zone 1 $size 1 1");
        my ($cells) = $line =~ /^zone (\d+) 1$/;
        is_deeply [ split / \| /, $room{$size} =~ tr/,//dr ], [ int $cells / 2, int $cells / 3 ], "2.4-3: $size";
    }
    return;
}

sub lock {
    for my $zones (1, 3) {
        my @lines = Bench::Unit::run($dir, 'lock', "eiam_bench_lock $zones 3 1000 1m 20");
        is scalar(grep { /^process [1-9]\d* \d+ \d+$/ } @lines), 3, "three workers, $zones of the zones";
    }
    ok !eval { Bench::Unit::run($dir, 'lock', 'eiam_bench_lock 2 1 1000 1m 20') }, 'no zone without a worker';
    return;
}
