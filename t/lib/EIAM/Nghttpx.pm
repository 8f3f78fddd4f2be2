package EIAM::Nghttpx;

# A backend that takes "Upgrade: h2c": nghttpx in front of another one.

use strict;
use warnings;

use EIAM::Nginx ();
use EIAM::Port qw(free_port);
use File::Temp ();
use IO::Socket::INET;
use POSIX qw(WNOHANG);
use Time::HiRes qw(sleep time);

use constant START_TIMEOUT => 30;

# Dies if nghttpx is missing: the test must not pass without it.
sub new {
    my ($class, $backend) = @_;
    my $dir  = File::Temp->newdir('eiam-nghttpx-XXXXXX', TMPDIR => 1);
    my $port = free_port();
    my $pid  = fork() // die "fork: $!";
    if ($pid == 0) {
        open STDIN,  '<',  '/dev/null';
        open STDOUT, '>>', "$dir/log";
        open STDERR, '>&', \*STDOUT;
        exec 'nghttpx', '--conf=/dev/null', "--frontend=127.0.0.1,$port;no-tls",
            '--backend=' . ($backend =~ s/:/,/r), '--workers=1', '--accesslog-file=/dev/null'
            or POSIX::_exit(127);
    }
    my $self = bless { pid => $pid, owner => $$, dir => $dir, port => $port }, $class;
    my $deadline = time + START_TIMEOUT;
    until (IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port")) {
        die "nghttpx did not start (is nghttp2-proxy installed?):\n" . EIAM::Nginx::slurp("$dir/log")
            if time > $deadline || waitpid($pid, WNOHANG) == $pid;
        sleep 0.02;
    }
    return $self;
}

sub address { return "127.0.0.1:$_[0]{port}" }

sub DESTROY {
    my ($self) = @_;
    local ($@, $!, $?);
    return unless $self->{owner} == $$;
    kill 'TERM', $self->{pid};
    EIAM::Nginx::gone($self->{pid}, 5) or kill 'KILL', $self->{pid};
    return;
}

1;

__END__

=head1 NAME

EIAM::Nghttpx - a backend that changes to HTTP/2 when it is asked

=head1 SYNOPSIS

    my $nghttpx = EIAM::Nghttpx->new($gate->echo->address);
    $nghttpx->address;

=head1 DESCRIPTION

Its requests go on to the backend whose C<host:port> is given, by HTTP/1.1.
Needs Debian's nghttp2-proxy.

=cut
