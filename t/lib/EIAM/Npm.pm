package EIAM::Npm;

# Documents and tools of npm, in build/: t/documents/package-lock.json says which.

use strict;
use warnings;

use EIAM::Nginx qw(slurp top_dir);
use Exporter qw(import);
use Fcntl qw(:flock);
use File::Copy qw(copy);
use File::Path qw(make_path);

our @EXPORT_OK = qw(npm_folder npm_run);

my @files = qw(package.json package-lock.json .npmrc);

# The folder node_modules, or nothing if npm's registry cannot be reached.
sub npm_folder {
    my ($from, $to) = (top_dir() . '/t/documents', top_dir() . '/build/documents');
    make_path($to);
    open my $lock, '>>', "$to/lock" or die "$to/lock: $!\n";
    flock $lock, LOCK_EX or die "$to/lock: $!\n";
    return "$to/node_modules" if -e "$to/installed" && !grep { slurp("$from/$_") ne slurp("$to/$_") } @files;

    unlink "$to/installed";
    copy("$from/$_", "$to/$_") || die "$to/$_: $!\n" for @files;
    my ($code, $text) = npm_run('npm', 'ci', '--prefer-offline', '--loglevel=error', '--prefix', $to);
    return if $code && $text =~ /\b(?:ENOTFOUND|ECONN\w+|ETIMEDOUT|EAI_AGAIN|ENETUNREACH|network)\b/;
    die "npm ci failed:\n$text" if $code;
    open my $done, '>', "$to/installed" or die "$to/installed: $!\n";
    close $done or die "$to/installed: $!\n";
    return "$to/node_modules";
}

# (exit code, output) of a command, without telemetry.
sub npm_run {
    my (@command) = @_;
    local @ENV{qw(REDOCLY_TELEMETRY REDOCLY_SUPPRESS_UPDATE_NOTICE NO_UPDATE_NOTIFIER)} = qw(off true 1);
    my $pid = open(my $out, '-|') // die "fork: $!\n";
    if ($pid == 0) {
        open STDIN,  '<', '/dev/null';
        open STDERR, '>&', \*STDOUT;
        exec { $command[0] } @command or print "$command[0]: $!\n";
        exit 127;
    }
    my $text = do { local $/; <$out> };
    close $out;
    return ($? >> 8 || $? & 127, $text // '');
}

1;

__END__

=head1 NAME

EIAM::Npm - documents and tools that others published

=head1 DESCRIPTION

C<npm_folder()> installs the packages once for a checkout and returns where they
are, or nothing if the registry cannot be reached; a test says then by name that
it is skipped. C<npm_run(command ...)> returns exit code and output.

=cut
