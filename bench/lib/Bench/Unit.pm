package Bench::Unit;

# Directives of the unit tests' module ("make unit"), run by "nginx -t".
#
# Environment: EIAM_NGINX, EIAM_UNIT_MODULE as for the tests.

use strict;
use warnings;

use Bench::Contender qw(slurp spew);
use Cwd qw(abs_path);
use File::Basename qw(dirname);

my $top    = abs_path(dirname(__FILE__) . '/../../..');
my $nginx  = $ENV{EIAM_NGINX} || '/usr/sbin/nginx';
my $module = $ENV{EIAM_UNIT_MODULE}
    // (($ENV{EIAM_MODULE} // 'set') eq '' ? '' : "$top/build/ngx_eiam_unit_module.so");

sub command {
    my ($dir, $name, $directive, $worker) = @_;
    spew("$dir/$name.conf", join "\n",
        $module eq '' ? () : "load_module $module;", "pid $dir/pid;", 'error_log stderr;',
        "$directive;", 'events { }', '');
    my @mode = $worker ? ('-g', 'daemon off; master_process off;') : ('-t', '-q');
    return ($nginx, @mode, '-e', 'stderr', '-p', $dir, '-c', "$dir/$name.conf");
}

# What the directive prints, line by line; dies with the output if it fails.
sub run {
    my ($dir, $name, $directive, @before) = @_;
    return output($dir, $name, $directive, @before, command($dir, $name, $directive));
}

# The same of a worker, which ends by itself.
sub work {
    my ($dir, $name, $directive) = @_;
    return output($dir, $name, $directive, 'timeout', 60, command($dir, $name, $directive, 1));
}

sub output {
    my ($dir, $name, $directive, @command) = @_;
    my $pid = open(my $out, '-|') // die "fork: $!\n";
    if (!$pid) {
        open STDERR, '>', "$dir/$name.err";
        exec @command or die "$command[0]: $!\n";
    }
    my @lines = <$out>;
    close $out or die "$directive: " . (slurp("$dir/$name.err") // '') . "\n";
    chomp @lines;
    return @lines;
}

# The same under callgrind: the output, then the instructions of each call of
# one function, including those of the functions that it calls.
sub counted {
    my ($dir, $name, $directive, $function, $inside) = @_;
    unlink glob "$dir/$name.out*";
    my @lines = run($dir, $name, $directive, 'valgrind', '-q', '--tool=callgrind',
        "--callgrind-out-file=$dir/$name.out", '--toggle-collect=' . ($inside // $function),
        "--dump-after=$function");
    my @counts;
    while (-e (my $file = "$dir/$name.out." . (@counts + 1))) {
        my ($instructions) = slurp($file) =~ /^(?:summary|totals): (\d+)/m;
        push @counts, $instructions;
    }
    die "callgrind counts nothing\n" if !@counts || grep { !$_ } @counts;
    return (\@lines, \@counts);
}

1;
