package EIAM::Redis;

# Debian's redis-server and redis-sentinel, each in a directory of its own.

use strict;
use warnings;

use EIAM::Nginx qw(slurp);
use EIAM::Port qw(free_port);
use Exporter qw(import);
use File::Temp ();
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX qw(WNOHANG);
use Scalar::Util qw(weaken);
use Time::HiRes qw(sleep time);

our @EXPORT_OK = qw(sentinels);

use constant { START_TIMEOUT => 30, STOP_TIMEOUT => 10, PORT_TRIES => 5 };

my %alive;

sub new {
    my ($class, %opt) = @_;
    my $dir = File::Temp->newdir('eiam-redis-XXXXXX', TMPDIR => 1);
    my $self = bless { opt => \%opt, tmp => $dir, dir => "$dir", owner => $$ }, $class;
    weaken($alive{$self} = $self);
    for (1 .. PORT_TRIES) {
        $self->{port} = $opt{port} // free_port();
        return $self if eval { $self->start };
        die $@ unless $self->said =~ /Address already in use/;
    }
    die "no port could be bound\n";
}

sub dir     { return $_[0]{dir} }
sub port    { return $_[0]{port} }
sub pid     { return $_[0]{pid} }
sub address { return "127.0.0.1:$_[0]{port}" }
sub socket  { return "unix:$_[0]{dir}/redis.sock" }
sub said    { return slurp("$_[0]{dir}/log") // '' }

sub _program { return $_[0]{opt}{sentinel} ? 'redis-sentinel' : 'redis-server' }

sub _conf {
    my ($self) = @_;
    my %opt = %{ $self->{opt} };
    my $more = $opt{conf} // '';
    $more =~ s/%DIR%/$self->{dir}/g;
    return join "\n",
        $opt{tls}
            ? ('port 0', "tls-port $self->{port}", "tls-cert-file $opt{tls}{cert}",
                "tls-key-file $opt{tls}{key}", "tls-ca-cert-file $opt{tls}{ca}",
                'tls-auth-clients no', 'tls-replication yes')
            : "port $self->{port}",
        "bind 127.0.0.1 @{ $opt{bind} // [] }", "dir $self->{dir}", 'loglevel notice',
        $opt{sentinel} ? () : ("unixsocket $self->{dir}/redis.sock", 'save ""', 'appendonly no'),
        $more, '';
}

# Starts it; if it has run already, on the same port, and with the data that it has on disk.
sub start {
    my ($self) = @_;
    my $program = $self->_program;
    my ($path) = grep { -x } map { "$_/$program" } split /:/, $ENV{PATH};
    die "no $program found\n" if !$path;
    # A Sentinel writes what it learns into its own file.
    if (!$self->{opt}{sentinel} || !-e "$self->{dir}/conf") {
        open my $out, '>', "$self->{dir}/conf" or die "$self->{dir}/conf: $!\n";
        print {$out} $self->_conf;
        close $out or die "$self->{dir}/conf: $!\n";
    }
    $self->{pid} = fork() // die "fork: $!";
    if ($self->{pid} == 0) {
        $SIG{$_} = 'DEFAULT' for qw(INT TERM PIPE);
        open STDIN,  '<',  '/dev/null';
        open STDOUT, '>>', "$self->{dir}/log";
        open STDERR, '>&', \*STDOUT;
        exec 'setpriv', '--pdeathsig', 'KILL', '--', $path, "$self->{dir}/conf"
            or POSIX::_exit(127);
    }
    return $self if $self->{opt}{no_wait};
    my $deadline = time + START_TIMEOUT;
    while (time < $deadline) {
        return $self if $self->connect;
        last if EIAM::Nginx::gone($self->{pid}, 0.02);
    }
    my $said = $self->said;
    $self->stop;
    die "$program did not start:\n$said\n";
}

sub connect {
    my ($self) = @_;
    return IO::Socket::INET->new(PeerAddr => $self->address);
}

# Ends it with a signal, by its process id.
sub stop {
    my ($self, $signal) = @_;
    return unless $self->{owner} == $$;
    my $pid = delete $self->{pid} or return;
    kill $_, $pid for $signal // 'TERM', 'CONT';
    EIAM::Nginx::gone($pid, STOP_TIMEOUT) or do { kill 'KILL', $pid; waitpid $pid, 0 };
    return;
}

sub kill9 { return $_[0]->stop('KILL') }

sub freeze { return kill 'STOP', $_[0]{pid} }
sub thaw   { return kill 'CONT', $_[0]{pid} }

# Sends a command, without TLS, and returns the answer: a string, a number, undef, a reference to an array, or an
# object with the text of an error.
sub cmd {
    my ($self, @args) = @_;
    my $socket = $self->{opt}{sentinel} || !-S "$self->{dir}/redis.sock"
        ? $self->connect : IO::Socket::UNIX->new(Peer => "$self->{dir}/redis.sock");
    die "redis: not connected: $!\n" if !$socket;
    for my $auth (@{ $self->{opt}{auth} ? [$self->{opt}{auth}] : [] }) {
        _write($socket, 'AUTH', @$auth);
        my $answer = _read($socket);
        die "redis: AUTH: $$answer\n" if ref $answer eq 'EIAM::Redis::Error';
    }
    _write($socket, @args);
    return _read($socket);
}

sub _write {
    my ($socket, @args) = @_;
    print {$socket} '*' . @args . "\r\n", map { '$' . length($_) . "\r\n$_\r\n" } @args;
    $socket->flush;
    return;
}

sub _read {
    my ($socket) = @_;
    local $/ = "\r\n";
    my $line = <$socket> // die "redis: closed\n";
    chomp $line;
    my ($kind, $rest) = $line =~ /^(.)(.*)/s;
    return $rest if $kind eq '+' || $kind eq ':';
    return bless \$rest, 'EIAM::Redis::Error' if $kind eq '-';
    return undef if $rest < 0;
    return [ map { _read($socket) } 1 .. $rest ] if $kind eq '*';
    my $data = '';
    while (length $data < $rest + 2) {
        read($socket, $data, $rest + 2 - length $data, length $data) or die "redis: closed\n";
    }
    return substr $data, 0, $rest;
}

# The answer to INFO, as a hash.
sub info {
    my ($self, @sections) = @_;
    return { $self->cmd('INFO', @sections) =~ /^(\w+):(.*?)\r?$/mg };
}

# The names of the clients that are connected now.
sub clients {
    my ($self) = @_;
    return $self->cmd('CLIENT', 'LIST') =~ /\bname=(\S+)/g;
}

# Sentinels for a master, half of which must agree; down-after is in ms.
sub sentinels {
    my ($master, %opt) = @_;
    my $count = $opt{count} // 3;
    my $quorum = int($count / 2) + 1;
    my $name = $opt{name} // 'eiam';
    my $port = $master->port;
    return map { EIAM::Redis->new(sentinel => 1, conf => join "\n",
        "sentinel monitor $name 127.0.0.1 $port $quorum",
        "sentinel down-after-milliseconds $name " . ($opt{down_after} // 500),
        "sentinel failover-timeout $name " . ($opt{failover_timeout} // 3000),
        $opt{conf} // '') } 1 .. $count;
}

sub stop_all {
    for my $redis (values %alive) {
        $redis->stop('KILL') if $redis;
    }
    return;
}

sub DESTROY {
    my ($self) = @_;
    local ($@, $!, $?);
    delete $alive{$self};
    $self->stop('KILL');
    return;
}

END {
    my $code = $?;
    stop_all();
    $? = $code;
}

package EIAM::Redis::Error;

use overload '""' => sub { ${ $_[0] } }, 'bool' => sub { 1 }, fallback => 1;

1;

__END__

=head1 NAME

EIAM::Redis - a real Redis, or a Sentinel, for a test

=head1 SYNOPSIS

    my $redis = EIAM::Redis->new(conf => 'requirepass secret', auth => ['secret']);
    my @sentinels = EIAM::Redis::sentinels($redis, down_after => 500);
    my $gate = nginx(http => 'eiam_redis ' . $redis->address . ';', ...)->start;
    is $redis->cmd('GET', 'key'), 'value';
    $redis->kill9;
    $redis->start;

=head1 DESCRIPTION

Options of C<new>: C<conf> (more lines of its configuration, where C<%DIR%> is its
directory), C<port>, C<bind>
(more addresses than 127.0.0.1), C<sentinel>, C<tls> (C<cert>, C<key> and C<ca>: files), C<auth>
(what C<cmd> gives to AUTH), C<no_wait> (C<start> does not wait for it). It listens on
127.0.0.1 and, unless it is a Sentinel, on C<socket>. It keeps nothing on disk but by
C<conf>. C<freeze> and C<thaw> stop it and let it go on. Needs Debian's redis-server
and redis-sentinel.

=cut
