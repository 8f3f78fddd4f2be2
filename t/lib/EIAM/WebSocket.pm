package EIAM::WebSocket;

# A backend that speaks WebSocket (RFC 6455), and a broken one that answers 101 to everything.

use strict;
use warnings;

use Digest::SHA qw(sha1_base64);
use EIAM::Nginx ();
use File::Temp ();
use IO::Socket::INET;
use POSIX ();

use constant GUID => '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

sub new {
    my ($class) = @_;
    my $dir = File::Temp->newdir('eiam-websocket-XXXXXX', TMPDIR => 1);
    my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 128, ReuseAddr => 1)
        or die "WebSocket backend cannot listen: $!";
    my $self = bless { port => $listen->sockport, owner => $$, dir => $dir }, $class;
    $self->{pid} = fork() // die "fork: $!";
    return $self if $self->{pid};

    $SIG{$_} = 'DEFAULT' for qw(INT TERM);
    $SIG{CHLD} = 'IGNORE';
    $SIG{PIPE} = 'IGNORE';
    while (my $sock = $listen->accept) {
        next if fork;
        eval { serve($sock, "$dir/beyond") } or warn $@;
        POSIX::_exit(0);
    }
    POSIX::_exit(1);
}

sub address { return "127.0.0.1:$_[0]{port}" }

# All bytes that followed a 101 to a request that had not asked to upgrade.
sub beyond {
    my ($self) = @_;
    return EIAM::Nginx::slurp("$self->{dir}/beyond") // '';
}

sub serve {
    my ($sock, $file) = @_;
    my $head = '';
    while ($head !~ /\r\n\r\n/) { sysread $sock, $head, 1, length $head or return 1 }

    my ($key) = $head =~ /^Sec-WebSocket-Key: (\S+)\r$/mi;
    my $switch = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n";
    if ($head =~ m{^\w+ \S*/ill }) {
        syswrite $sock, "${switch}Upgrade: h2c\r\n\r\n";
        open my $out, '>>', $file or die "$file: $!";
        while (sysread $sock, my $bytes, 65536) { syswrite $out, $bytes }
        return 1;
    }
    if (!$key || $head !~ /^Upgrade: websocket\r$/mi) {
        syswrite $sock, "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        return 1;
    }
    syswrite $sock, "${switch}Upgrade: websocket\r\nSec-WebSocket-Accept: " . sha1_base64($key . GUID) . "=\r\n\r\n";
    while (defined(my $text = receive($sock))) { syswrite $sock, frame($text) }
    return 1;
}

# A short text as a frame, masked like those of clients if there is a mask.
sub frame {
    my ($text, $mask) = @_;
    return pack('CC', 0x81, length $text) . $text unless defined $mask;
    return pack('CC', 0x81, 0x80 | length $text) . $mask . ($text ^ substr $mask x length $text, 0, length $text);
}

# The text of the next frame; nothing at the end.
sub receive {
    my ($sock) = @_;
    my $head = take($sock, 2) // return;
    my ($type, $length) = unpack 'CC', $head;
    return if ($type & 0x0f) != 1;
    my $mask = $length & 0x80 ? take($sock, 4) // return : "\0" x 4;
    my $text = take($sock, $length &= 0x7f) // return;
    return $text ^ substr $mask x (1 + $length), 0, $length;
}

sub take {
    my ($sock, $length) = @_;
    my $bytes = '';
    while (length $bytes < $length) { sysread $sock, $bytes, $length - length $bytes, length $bytes or return }
    return $bytes;
}

sub DESTROY {
    my ($self) = @_;
    local ($@, $!, $?);
    return unless $self->{owner} == $$;
    kill 'KILL', $self->{pid};
    waitpid $self->{pid}, 0;
    return;
}

1;

__END__

=head1 NAME

EIAM::WebSocket - a backend that speaks WebSocket

=head1 DESCRIPTION

It echoes texts of up to 125 bytes, and answers 426 to what is no handshake.
To a target that ends in C</ill> it answers 101 whatever is asked; C<beyond>
gives what came behind that. C<frame(text, mask)> and C<receive(socket)> are of
use to clients too.

=cut
