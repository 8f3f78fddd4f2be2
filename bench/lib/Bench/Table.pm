package Bench::Table;

# The figures as tables, with how they were obtained, and where they are kept:
# in build/bench.json, or in the file that BENCH_JSON names.

use strict;
use warnings;

use Bench::Contender qw(slurp spew);
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Path qw(make_path);
use JSON::PP ();

my @parts = qw(gate selection match zone lock memory applications objects gateways scale);

use constant BUSY => 0.8;    # share of its core below which a gateway waits for others

sub json      { return JSON::PP->new->utf8->canonical->pretty->encode($_[0]) }
sub read_json { return JSON::PP->new->utf8->decode(slurp($_[0])) }

sub file { return $ENV{BENCH_JSON} || abs_path(dirname(__FILE__) . '/../../..') . '/build/bench.json' }

# part => the results of its last run.
sub results {
    my $all = eval { read_json(file()) };
    return {} if ref $all ne 'HASH';
    return { map { ref $all->{$_} eq 'HASH' ? ($_ => $all->{$_}) : () } @parts };
}

# Replaces the part's figures, with when and where they were obtained.
sub keep {
    my ($part, $began, $figures) = @_;
    %$figures = (
        %$figures, when => scalar gmtime $began, took => time - $began,
        machine => machine(), versions => versions(),
    );
    my $all = results();
    $all->{$part} = $figures;
    make_path(dirname(file()));
    spew(file() . '.new', json($all));
    rename file() . '.new', file() or die file() . ": $!\n";
    return;
}

# Microseconds of the gateway's core per request in the last run of bench/gate,
# or nothing.
sub request {
    my ($contender, $cell) = @_;
    my $cells = (results()->{gate}{contenders} // {})->{$contender}{cells} // {};
    return median(@{ ($cells->{$cell} // {})->{cpu} // [] });
}

sub median {
    my @sorted = sort { $a <=> $b } grep { defined } @_;
    return @sorted ? ($sorted[ $#sorted / 2 ] + $sorted[ @sorted / 2 ]) / 2 : undef;
}

# 1234567.8 as 1,234,568; small numbers unchanged.
sub commas {
    my ($number) = @_;
    my $text = sprintf $number >= 100 || $number == int $number ? '%.0f' : '%.1f', $number;
    1 while $text =~ s/^(\d+)(\d{3})/$1,$2/;
    return $text;
}

# A title, the heads of the columns, and rows of a label and texts.
sub plain {
    my ($title, $heads, @rows) = @_;
    print "\n$title\n\n";
    for my $row ([ '', @$heads ], @rows) {
        my ($label, @texts) = @$row;
        print sprintf('%-48s', $label) . join('', map { sprintf '%14s', $_ } @texts), "\n";
    }
    return;
}

sub machine {
    my ($cpu) = (slurp('/proc/cpuinfo') // '') =~ /^model name\s*:\s*(.*)/m;
    my $cores = () = (slurp('/proc/cpuinfo') // '') =~ /^processor/mg;
    my ($kernel) = (slurp('/proc/version') // '') =~ /version (\S+)/;
    return { cpu => $cpu // 'unknown', cores => $cores, kernel => $kernel };
}

sub versions {
    my @packages = qw(nginx libnginx-mod-http-lua libnginx-mod-http-js haproxy apache2
        libapache2-mod-auth-openidc libssl3 valgrind);
    open my $out, '-|', 'dpkg-query', '-W', '-f', '${Package} ${Version}\n', @packages or return {};
    my %version = map { /^(\S+) (\S+)/ ? ($1 => $2) : () } <$out>;
    close $out;
    return \%version;
}

# The rows of a table: contender and kind of token.
sub rows {
    my ($all) = @_;
    return map {
        my $name = $_;
        map { [ $name, $_ ] } split ' ', $all->{contenders}{$name}{kinds};
    } @{ $all->{order} };
}

sub table {
    my ($all, $title, $columns, $cell) = @_;
    printf "\n%s\n\n%-44s", $title, '';
    printf '%13s', $_ for @$columns;
    print "\n";
    for my $row (rows($all)) {
        my ($name, $kind) = @$row;
        my $r = $all->{contenders}{$name};
        my $label = $r->{title} . ($r->{kinds} =~ / / ? ", $kind" : '');
        if ($r->{absent}) {
            printf "%-44s %s\n", $label, $r->{told}++ ? 'see above' : $r->{absent};
            next;
        }
        my @texts = map { $cell->($r, $_, $kind) } @$columns;
        next if !grep { $_ ne '-' } @texts;
        printf "%-44s", $label;
        printf '%13s', $_ for @texts;
        print "\n";
    }
    return;
}

# The parts of the module's own instructions.
sub stages {
    my ($all) = @_;
    my ($any) = grep { $_ } map { my $r = $_; map { $_->{stages} } values %{ $r->{cells} } }
        values %{ $all->{contenders} };
    return unless $any;
    my $title = 'Allowed: instructions by stage';
    table($all, $title, [ map { $_->[0] } @$any ], sub {
        my ($r, $stage, $kind) = @_;
        my $cell = $r->{cells}{"allowed-$kind"} or return '-';
        my ($found) = grep { $_->[0] eq $stage } @{ $cell->{stages} // [] };
        return $found ? sprintf '%.0f', $found->[1] : '-';
    });
    return;
}

sub show {
    my ($all) = @_;
    my $spread = sub {
        my @sorted = sort { $a <=> $b } @_;
        return ($sorted[ 0.75 * $#sorted + 0.5 ] - $sorted[ 0.25 * $#sorted + 0.5 ]) / 2;
    };
    my $m = sub {
        my ($r, $scenario, $kind, $what) = @_;
        my $cell = $r->{cells}{"$scenario-$kind"} or return;
        my $values = $cell->{wrong} ? undef : $cell->{$what};
        return unless $values;
        return median(@$values);
    };
    my @scenarios = @{ $all->{scenarios} };

    printf "%s UTC, %s, %d rounds of %s s, %.0f s in all\n", @$all{qw(when mode rounds seconds took)};
    printf "Load average %s at the beginning\n", (split ' ', $all->{load}[0])[0];
    printf "%s, %d cores, Linux %s\n", @{ $all->{machine} }{qw(cpu cores kernel)};
    printf "One RSA-2048 verification by OpenSSL: %.1f microseconds\n", $all->{verification} // 0;
    print join(', ', map { "$_ $all->{versions}{$_}" } sort keys %{ $all->{versions} }), "\n";

    my $title = 'Requests per second, to those of no gate (and half of the way between the quartiles;'
        . ' "?": the gateway waited)';
    table($all, $title, \@scenarios, sub {
        my ($r, $scenario, $kind) = @_;
        my $cell = $r->{cells}{"$scenario-$kind"}
            or return $r->{later}{$scenario} ? 'full only' : '-';
        if ($cell->{wrong}) {
            my ($most) = sort { $cell->{status}{$b} <=> $cell->{status}{$a} } keys %{ $cell->{status} };
            return "wrong: $most";
        }
        my $ratios = $cell->{'rate ratio'} or return 'no limit';
        my $idle = grep { $cell->{$_} && median(@{ $cell->{$_} }) < BUSY } 'busy', 'busy limit';
        return sprintf '%.2f +-%.2f%s', median(@$ratios), $spread->(@$ratios), $idle ? '?' : '';
    });
    for (
        [ 'Requests per second', 'rate', '%.0f' ],
        [ "Processor time of the gateway per request, microseconds", 'cpu', '%.1f' ],
        [ 'The same, to that of no gate', 'cpu ratio', '%.2f' ],
        [ 'Share of its core that the gateway used', 'busy', '%.2f' ],
        [ 'Instructions per request (nginx only)', 'instructions', '%.0f' ],
        [ 'The same, to those of no gate', 'instructions ratio', '%.3f' ],
    ) {
        my ($title, $what, $format) = @$_;
        table($all, $title, \@scenarios, sub {
            my $value = $m->(@_, $what);
            return defined $value ? sprintf $format, $value : '-';
        });
    }
    table($all, 'Allowed, at half of the peak without a gate: microseconds, and ratio',
        [ 'p50', 'p99', 'p50 ratio', 'p99 ratio' ], sub {
            my ($r, $what, $kind) = @_;
            my $value = $m->($r, 'allowed', $kind, $what);
            return $r->{cells}{"allowed-$kind"} ? 'too slow' : '-' if !defined $value;
            return sprintf '%.0f', $value if $what !~ /ratio/;
            return sprintf '%.2f +-%.2f', $value, $spread->(@{ $r->{cells}{"allowed-$kind"}{$what} });
        });
    table($all, 'First, at ' . commas($all->{steady})
            . ' requests per second: processor time per request, and what it is above no gate',
        [ 'steady', 'steady over' ], sub {
            my ($r, $what, $kind) = @_;
            my $value = $m->($r, 'first', $kind, $what);
            return defined $value ? sprintf '%.1f', $value : $r->{cells}{"first-$kind"} ? 'too slow' : '-';
        });
    stages($all);
    for (grep { $all->{contenders}{$_}{uncounted} } @{ $all->{order} }) {
        print "not counted: $all->{contenders}{$_}{title}: $all->{contenders}{$_}{uncounted}\n";
    }
    return;
}

1;
