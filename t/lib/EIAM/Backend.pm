package EIAM::Backend;

# A program with ports of its own, which prints when it is ready, and exits when its input ends.

use strict;
use warnings;

use EIAM::Nginx ();
use File::Temp ();
use IO::Select;
use POSIX ();

use constant START_TIMEOUT => 60;

# new($needed, sub { my ($dir) = @_; return the command })
sub new {
    my ($class, $needed, $command) = @_;
    my $dir = File::Temp->newdir('eiam-backend-XXXXXX', TMPDIR => 1);
    my @command = $command->("$dir");
    pipe my $from_backend, my $out or die "pipe: $!";
    pipe my $in, my $to_backend or die "pipe: $!";
    my $pid = fork() // die "fork: $!";
    if ($pid == 0) {
        open STDIN,  '<&', $in;
        open STDOUT, '>&', $out;
        open STDERR, '>>', "$dir/stderr";
        close $_ for $to_backend, $from_backend;
        exec @command or POSIX::_exit(127);
    }
    close $_ for $in, $out;
    my $self = bless { pid => $pid, owner => $$, dir => $dir, alive => $to_backend }, $class;

    my $line = IO::Select->new($from_backend)->can_read(START_TIMEOUT) ? <$from_backend> : undef;
    ($line // '') =~ m{^(?:backend )?ready (?:on http://127\.0\.0\.1:)?([\d ]+)$} or die "$command[0] did not start (is $needed installed?):\n"
        . (EIAM::Nginx::slurp("$dir/stderr") // '');
    $self->{ports} = [ split / /, $1 ];
    return $self;
}

sub ports { return @{ $_[0]{ports} } }

# The input ends even if this process is killed.
sub DESTROY {
    my ($self) = @_;
    local ($@, $!, $?);
    return unless $self->{owner} == $$;
    close $self->{alive};
    kill 'TERM', $self->{pid} unless EIAM::Nginx::gone($self->{pid}, 5);
    EIAM::Nginx::gone($self->{pid}, 5) or kill 'KILL', $self->{pid};
    return;
}

1;

__END__

=head1 NAME

EIAM::Backend - a program with ports of its own, for a test

=head1 DESCRIPTION

C<new(needed, command)> starts what the function C<command> returns for a
directory to work in, and waits for its line C<ready PORT ...>, or that of the
example's backend; C<needed> is said
to be missing if there is none. C<ports> returns these ports.

=cut
