package Bench::Callgrind;

# Instructions per request of a contender that is an nginx, the same in every
# run but for some tenths of a percent. valgrind has no SHA extensions, so a
# SHA-256 counts for about 2,800 instructions per 64 bytes, far more than the
# processor needs.

use strict;
use warnings;

use Bench::Contender qw(slurp);

use constant COUNTED => 200;

# scenario-kind => instructions of one request. A contender may say how many
# requests are counted (count), and how many tokens it learns before (learned).
sub count {
    my ($load, $contender, $dir, $upstream, @cells) = @_;
    $contender->write_conf($dir, UPSTREAM => $upstream, SPKI => $load->spki);
    unlink glob "$dir/*callgrind*";
    $contender->start([ 'valgrind', '-q', '--tool=callgrind', "--callgrind-out-file=$dir/callgrind",
        '--compress-strings=no', '--collect-jumps=no',
        "--vgdb-prefix=$dir/vgdb" ], [ '-g', 'master_process off;' ]);
    $load->learn($contender, $contender->{learned}) if $contender->{prime};

    my (%count, $part);
    for my $cell (@cells) {
        my ($scenario, $kind) = split /-/, $cell;
        my $counted = $contender->{count} // COUNTED;
        my @runs = ($counted * 1.5, $counted);    # the first for the caches
        @runs = (Bench::Load::TOKENS()) x 2 if $scenario eq 'turn' && !$contender->{count};
        for my $requests (@runs) {
            $load->run($contender, $scenario, $kind, connections => 1, requests => $requests);
            qx(vgdb --vgdb-prefix=$dir/vgdb --pid=$contender->{pid} dump 2>&1);
            rename "$dir/callgrind." . ++$part, "$dir/$cell.callgrind" or die "no counts\n";
            my $text = slurp("$dir/$cell.callgrind");
            my ($total) = $text =~ /^totals: (\d+)/m;
            $count{$cell} = $total / $requests;
        }
    }
    $contender->stop;
    return \%count;
}

# function => instructions of one request, including those of the functions that
# it calls.
sub inclusive {
    my ($file, $requests) = @_;
    my (%cost, $caller, $called, $next);
    for (split /\n/, slurp($file) // '') {
        if (/^(c?)fn=(.*)/) {
            $1 ? $called = $2 : ($caller = $2);
        } elsif (/^calls=/) {
            $next = 1;
        } elsif ($next && /^\S+ (\d+)/) {
            $next = 0;
            $cost{$called} += $1 / $requests if $called ne $caller;
        }
    }
    return \%cost;
}

# The stages in the module's own table, and their cost for an allowed request.
sub stages {
    my ($contender, $kind, $scenario) = @_;
    $scenario //= 'allowed';
    my ($table) = slurp("$contender->{top}/src/http/gate/ngx_http_eiam_stage.c") =~ /_stages\[\] = \{(.*?)\n\};/s;
    my @stages = map { [ /"(\w+)"\), \w+,\s+(\w+)/ ] } split /ngx_string\(/, $table // '';
    @stages = grep { @$_ } @stages or die "the table of stages is not where it was\n";
    my $cost = inclusive("$contender->{dir}-counted/$scenario-$kind.callgrind",
        $contender->{count} // COUNTED);
    return [ map { [ $_->[0], $cost->{ $_->[1] } // 0 ] } @stages ];
}

1;
