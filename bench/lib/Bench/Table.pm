package Bench::Table;

# The figures as tables, and what they were obtained with.

use strict;
use warnings;

use Bench::Contender qw(slurp);
use JSON::PP ();

sub json      { return JSON::PP->new->utf8->canonical->pretty->encode($_[0]) }
sub read_json { return JSON::PP->new->utf8->decode(slurp($_[0])) }

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

# Where the module's own instructions go.
sub stages {
    my ($all) = @_;
    my ($any) = grep { $_ } map { my $r = $_; map { $_->{stages} } values %{ $r->{cells} } }
        values %{ $all->{contenders} };
    return unless $any;
    my $title = 'Allowed: instructions by stage; the digest is part of identify';
    table($all, $title, [ map { $_->[0] } @$any ], sub {
        my ($r, $stage, $kind) = @_;
        my $cell = $r->{cells}{"allowed-$kind"} or return '-';
        my ($found) = grep { $_->[0] eq $stage } @{ $cell->{stages} // [] };
        return $found ? sprintf '%.0f', $found->[1] : '-';
    });
    return;
}

sub show {
    my ($all, $median) = @_;
    my $spread = sub {
        my @sorted = sort { $a <=> $b } @_;
        return ($sorted[ 0.75 * $#sorted + 0.5 ] - $sorted[ 0.25 * $#sorted + 0.5 ]) / 2;
    };
    my $m = sub {
        my ($r, $scenario, $kind, $what) = @_;
        my $cell = $r->{cells}{"$scenario-$kind"} or return;
        my $values = $cell->{wrong} ? undef : $cell->{$what};
        return unless $values;
        return $median->(@$values);
    };
    my @scenarios = @{ $all->{scenarios} };

    printf "%s UTC, %s, %d rounds of %s s, %.0f s in all\n", @$all{qw(when mode rounds seconds took)};
    printf "Load average %s at the beginning\n", (split ' ', $all->{load}[0])[0];
    printf "%s, %d cores, Linux %s\n", @{ $all->{machine} }{qw(cpu cores kernel)};
    printf "One RSA-2048 verification by OpenSSL: %.1f microseconds\n", $all->{verification} // 0;
    print join(', ', map { "$_ $all->{versions}{$_}" } sort keys %{ $all->{versions} }), "\n";

    my $title = 'Requests per second, to those of no gate (and half of the way between the quartiles)';
    table($all, $title, \@scenarios, sub {
        my ($r, $scenario, $kind) = @_;
        my $cell = $r->{cells}{"$scenario-$kind"}
            or return $r->{later}{$scenario} ? 'full only' : '-';
        if ($cell->{wrong}) {
            my ($most) = sort { $cell->{status}{$b} <=> $cell->{status}{$a} } keys %{ $cell->{status} };
            return "wrong: $most";
        }
        my $ratios = $cell->{'rate ratio'} or return 'no limit';
        return sprintf '%.2f +-%.2f', $median->(@$ratios), $spread->(@$ratios);
    });
    for (
        [ 'Requests per second', 'rate', '%.0f' ],
        [ "Processor time of the gateway per request, microseconds", 'cpu', '%.1f' ],
        [ 'The same, to that of no gate', 'cpu ratio', '%.2f' ],
        [ 'Share of its core that the gateway used (below 0.9 the figures say little)', 'busy', '%.2f' ],
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
            return defined $value ? sprintf $what =~ /ratio/ ? '%.2f' : '%.0f', $value
                : $r->{cells}{"allowed-$kind"} ? 'too slow' : '-';
        });
    stages($all);
    for (grep { $all->{contenders}{$_}{uncounted} } @{ $all->{order} }) {
        print "not counted: $all->{contenders}{$_}{title}: $all->{contenders}{$_}{uncounted}\n";
    }
    return;
}

1;
