package EIAM::RedisProxy;

# A proxy between a gate and a real Redis that forwards, splits, delays, spoils or withholds answers.

use strict;
use warnings;

use EIAM::Nginx qw(slurp);
use EIAM::Port qw(free_port);
use File::Temp ();
use IO::Select;
use IO::Socket::INET;
use POSIX ();
use Socket qw(IPPROTO_TCP TCP_NODELAY);
use Time::HiRes qw(sleep);

# What the proxy sends in place of an answer of Redis, or after it.
my %instead = (
    garbage => "HTTP/1.1 400 Bad Request\r\n\r\n",
    large   => '$70000' . "\r\n" . 'x' x 70_000 . "\r\n",
    endless => '$2000000000' . "\r\n" . 'x' x 100_000,
    many    => "*2000000000\r\n",
    deep    => "*1\r\n" x 64 . ":1\r\n",
    resp3   => "%1\r\n+a\r\n:1\r\n",
    number  => ":1\r\n",
    status  => "+OK\r\n",
    numbers => "*2\r\n:1\r\n:2\r\n",
    lists   => "*2\r\n*0\r\n*0\r\n",
    errors  => "*2\r\n-ERR one\r\n-ERR two\r\n",
    loading => "-LOADING Redis is loading the dataset in memory\r\n",
    readonly => "-READONLY You can't write against a read only replica.\r\n",
    masterdown => "-MASTERDOWN Link with MASTER is down\r\n",
    noauth  => "-NOAUTH Authentication required.\r\n",
    noperm  => "-NOPERM this user has no permissions\r\n",
    oom     => "-OOM command not allowed when used memory > 'maxmemory'.\r\n",
    unknown => "-ERR unknown command 'MGET', with args beginning with: 'eiam:{secret}'\r\n",
);

sub modes { return sort keys %instead }

sub new {
    my ($class, $redis) = @_;
    my $dir = File::Temp->newdir('eiam-proxy-XXXXXX', TMPDIR => 1);
    my $self = bless { dir => "$dir", tmp => $dir, port => free_port(), owner => $$ }, $class;
    my $listen = IO::Socket::INET->new(LocalAddr => "127.0.0.1:$self->{port}", Listen => 100,
        ReuseAddr => 1) or die "proxy cannot listen: $!\n";
    $self->mode('pass');
    $self->{pid} = fork() // die "fork: $!";
    if ($self->{pid} == 0) {
        $SIG{$_} = 'DEFAULT' for qw(INT TERM);
        $SIG{PIPE} = 'IGNORE';
        eval { serve($listen, $redis, "$dir/mode") } or warn $@;
        POSIX::_exit(1);
    }
    close $listen;
    return $self;
}

sub address { return "127.0.0.1:$_[0]{port}" }

sub mode {
    my ($self, $mode) = @_;
    open my $out, '>', "$self->{dir}/new" or die $!;
    print {$out} $mode;
    close $out or die $!;
    rename "$self->{dir}/new", "$self->{dir}/mode" or die $!;
    return;
}

# What Redis has sent first on each of the connections so far.
sub firsts {
    my ($self) = @_;
    return map { pack 'H*', $_ } split /\n/, slurp("$self->{dir}/firsts") // '';
}

sub record {
    my ($file, $data) = @_;
    open my $out, '>>', $file or die $!;
    print {$out} unpack('H*', $data), "\n";
    close $out or die $!;
    return;
}

sub serve {
    my ($listen, $redis, $file) = @_;
    my $select = IO::Select->new($listen);
    my (%other, %is_redis);
    while (1) {
        for my $socket ($select->can_read) {
            my $mode = slurp($file);
            if ($socket == $listen) {
                my $client = $listen->accept or next;
                my $server = IO::Socket::INET->new(PeerAddr => $redis);
                if (!$server || $mode eq 'refuse') { close $client; next }
                setsockopt $_, IPPROTO_TCP, TCP_NODELAY, 1 for $client, $server;
                ($other{$client}, $other{$server}) = ($server, $client);
                $is_redis{$server} = 1;
                $select->add($client, $server);
                next;
            }
            my $to = $other{$socket} or next;
            if (!sysread $socket, my $data, 65_536) {
                $select->remove($socket, $to);
                delete @other{ $socket, $to };
                delete @is_redis{ $socket, $to };
                close $_ for $socket, $to;
            } elsif ($is_redis{$socket}) {
                record($file =~ s/mode$/firsts/r, $data) if $is_redis{$socket}++ == 1;
                answer($to, $data, $mode);
            } else {
                syswrite $to, $data;
            }
        }
    }
}

sub answer {
    my ($client, $data, $mode) = @_;
    return if $mode eq 'silent';
    return shutdown $client, 1 if $mode eq 'half';
    sleep 0.2 if $mode eq 'slow';
    if ($mode eq 'split') { syswrite $client, $_ for split //, $data; return }
    $data .= "+OK\r\n" if $mode eq 'unasked';
    $data = $instead{$mode} if exists $instead{$mode};
    syswrite $client, $data;
    return;
}

sub DESTROY {
    my ($self) = @_;
    return unless $self->{owner} == $$ && $self->{pid};
    local ($@, $!, $?);
    kill 'KILL', $self->{pid};
    waitpid $self->{pid}, 0;
    return;
}

1;

__END__

=head1 NAME

EIAM::RedisProxy - a way to Redis that does what no real one does

=head1 DESCRIPTION

C<new(address of Redis)>, C<address> for the gate, and C<mode(name)> for all answers
from then on: C<pass>; C<split> (byte by byte), C<slow> (0.2 s later), C<silent> (none),
C<half> (closed for writing), C<unasked> (another answer behind each one), C<refuse>
(new connections are closed at once), and one of C<modes>, which comes in place of what
Redis answers. C<firsts>: what Redis has sent first on each connection.

=cut
