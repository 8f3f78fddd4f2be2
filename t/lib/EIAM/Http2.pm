package EIAM::Http2;

# A client of HTTP/2 without TLS: RFC 9113, with the literal fields of RFC 7541.

use strict;
use warnings;

use IO::Socket::INET;
use JSON::PP ();

use constant { TIMEOUT => 30, WINDOW_SIZE => 1 << 30, DATA_SIZE => 16_000 };
use constant { DATA => 0, HEADERS => 1, RESET => 3, SETTINGS => 4, GOAWAY => 7, WINDOW => 8 };
use constant { END_STREAM => 1, END_HEADERS => 4, CANCEL => 8 };

my @static_status = (200, 204, 206, 304, 400, 404, 500);

sub new {
    my ($class, $port) = @_;
    my $sock = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port", Timeout => TIMEOUT)
        or die "cannot connect to port $port: $@\n";
    return $class->over($sock, 1);
}

# The next stream of an upgraded connection is 3, as the request that upgraded it is stream 1.
sub over {
    my ($class, $sock, $next) = @_;
    my $self = bless { sock => $sock, next => $next, streams => {} }, $class;
    $self->send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" . frame(SETTINGS, 0, 0, pack 'nN', 4,
        WINDOW_SIZE)
        . frame(WINDOW, 0, 0, pack 'N', WINDOW_SIZE));
    return $self;
}

sub send {    ## no critic (ProhibitBuiltinHomonyms)
    my ($self, $bytes) = @_;
    local $SIG{PIPE} = 'IGNORE';
    print { $self->{sock} } $bytes;
    $self->{sock}->flush;
    return $self;
}

# Sends a request as far as possible; returns its stream.
sub request {
    my ($self, $target, %opt) = @_;
    my $id = $self->{next};
    $self->{next} += 2;
    $self->{streams}{$id} = { body => '', headers => { 'x-echo' => 1 } };
    my $body = $opt{body} // '';
    my @fields = ([ ':method', $opt{method} // 'GET' ], [ ':scheme', 'http' ], [ ':path', $target ],
        [ ':authority', 'localhost' ], defined $opt{token}
            ? [ authorization => "Bearer $opt{token}" ] : (), @{ $opt{fields} // [] });
    my $block = join '', map { "\0" . text($_->[0]) . text($_->[1]) } @fields;
    my $open = length $body || $opt{open};
    my $frames = frame(HEADERS, END_HEADERS | ($open ? 0 : END_STREAM), $id, $block);
    while (length $body) {
        my $part = substr $body, 0, DATA_SIZE, '';
        $frames .= frame(DATA, length $body || $opt{open} ? 0 : END_STREAM, $id, $part);
    }
    $self->send($frames);
    return $id;
}

sub reset {    ## no critic (ProhibitBuiltinHomonyms)
    my ($self, $id) = @_;
    return $self->send(frame(RESET, 0, $id, pack 'N', CANCEL));
}

# The answers of the streams, each with its status or the code of its reset.
sub responses {
    my ($self, @ids) = @_;
    my $streams = $self->{streams};
    local $SIG{ALRM} = sub { die "no complete answer in time\n" };
    alarm TIMEOUT;
    while (grep { !$streams->{$_}{done} } @ids) { $self->_frame or last }
    alarm 0;
    $_->{json} = eval { JSON::PP->new->utf8->decode($_->{body}) } for @$streams{@ids};
    return @$streams{@ids};
}

# Reads one frame; false at the end of the connection.
sub _frame {
    my ($self) = @_;
    my $head = $self->_take(9) // return 0;
    my ($type, $flags, $id) = unpack 'x3CCN', $head;
    my $payload = $self->_take(unpack 'N', "\0" . substr $head, 0, 3) // return 0;
    return 0 if $type == GOAWAY;
    my $res = $self->{streams}{$id} or return 1;
    $res->{status} = status($payload) if $type == HEADERS;
    $res->{body} .= $payload if $type == DATA;
    $res->{reset} = unpack 'N', $payload if $type == RESET;
    $res->{done} = 1 if $type == RESET || $type <= HEADERS && $flags & END_STREAM;
    return 1;
}

sub _take {
    my ($self, $length) = @_;
    my $bytes = '';
    while (length $bytes < $length) {
        read $self->{sock}, $bytes, $length - length $bytes, length $bytes or return;
    }
    return $bytes;
}

sub frame {
    my ($type, $flags, $stream, $payload) = @_;
    return substr(pack('N', length $payload), 1) . pack('CCN', $type, $flags, $stream) . $payload;
}

sub text {
    my ($text) = @_;
    my $n = length $text;
    return chr($n) . $text if $n < 127;
    $n -= 127;
    my $length = chr 127;
    while ($n >= 128) { $length .= chr($n % 128 + 128); $n >>= 7 }
    return $length . chr($n) . $text;
}

# nginx sends :status first: as an entry of the static table, or as three digits.
sub status {
    my ($block) = @_;
    $block =~ s/^[\x20-\x3f]+//;
    return $block =~ /^[\x80-\xff]/ ? $static_status[ (ord($block) & 0x7f) - 8 ]
        : $block =~ /^.\x03(\d\d\d)/s ? $1 : die 'no status: ' . unpack('H*', $block) . "\n";
}

1;

__END__

=head1 NAME

EIAM::Http2 - requests by HTTP/2, many on one connection

=head1 SYNOPSIS

    my $h2 = EIAM::Http2->new($gate->port(2));
    my @streams = map { $h2->request('/api/users', token => $_) } 'a', 'b';
    my @answers = $h2->responses(@streams);
    $h2->reset($h2->request('/api/users', method => 'PUT', body => 'abc', open => 1));

=head1 DESCRIPTION

C<over(socket, 3)> goes on with an HTTP/1.1 connection that was upgraded. C<fields
=E<gt> [[name, value], ...]> are sent as they are, C<open =E<gt> 1> leaves the request
without an end. An answer has C<status>, C<body> and C<json>, or C<reset> with the
code of the stream's reset. All waiting ends after 30 seconds with an exception.

=cut
