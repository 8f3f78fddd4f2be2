package EIAM::Client;

# HTTP over raw sockets: everything is sent byte for byte.

use strict;
use warnings;

use Exporter qw(import);
use IO::Select;
use IO::Socket::INET;
use JSON::PP ();
use Time::HiRes qw(time);

our @EXPORT_OK = qw(get raw request connection);

use constant TIMEOUT => 10;

my $json = JSON::PP->new->utf8->allow_nonref;

# The bytes of one request.
sub request {
    my ($target, %opt) = @_;
    my $method  = $opt{method} // 'GET';
    my @headers = @{ $opt{headers} // [] };
    unshift @headers, 'Host: localhost' unless grep { /^host:/i } @headers;
    push @headers, "Authorization: Bearer $opt{token}" if defined $opt{token};
    push @headers, 'Content-Length: ' . length $opt{body}
        if defined $opt{body} && !grep { /^(content-length|transfer-encoding):/i } @headers;
    push @headers, 'Connection: close' if $opt{close};
    return join("\r\n", "$method $target HTTP/1.1", @headers) . "\r\n\r\n" . ($opt{body} // '');
}

sub get {
    my ($gate, $target, %opt) = @_;
    my ($res) = raw($gate, request($target, close => 1, %opt), %opt,
        head => ($opt{method} // '') eq 'HEAD');
    return $res // die "no answer to $target\n";
}

# Sends bytes; returns up to "count" answers, fewer only if the server has closed.
sub raw {
    my ($gate, $bytes, %opt) = @_;
    my $c = connection($gate, %opt);
    $c->send($bytes);
    my @head = ref $opt{head} ? @{ $opt{head} } : ($opt{head}) x ($opt{count} // 1);
    my @res;
    for (1 .. $opt{count} // 1) {
        push @res, $c->read_response(head => shift @head, http09 => $opt{http09}) // last;
    }
    return wantarray ? @res : $res[0];
}

sub connection {
    my ($gate, %opt) = @_;
    my $port = $opt{port} // $gate->port;
    my $sock = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port", Timeout => TIMEOUT)
        or die "cannot connect to port $port: $@\n";
    $sock->blocking(0);
    binmode $sock;
    return bless {
        sock => $sock, in => '', out => '', select => IO::Select->new($sock),
        timeout => $opt{timeout} // TIMEOUT,
    }, __PACKAGE__;
}

# Queues bytes and sends as much as the socket accepts; the rest is sent while reading.
sub send {    ## no critic (ProhibitBuiltinHomonyms)
    my ($self, $bytes) = @_;
    $self->{out} .= $bytes;
    $self->_write;
    return $self;
}

# The next answer, or undef if the server closed instead.
sub read_response {
    my ($self, %opt) = @_;
    my ($deadline, @interim) = (time + $self->{timeout});
    while (1) {
        my $res = $opt{http09} ? $self->_rest : $self->_parse($opt{head});
        if (!$res) {
            return if $self->{eof};
            $self->_wait($deadline);
        } elsif (defined $res->{status} && $res->{status} < 200) {
            push @interim, $res;
        } else {
            $res->{interim} = \@interim;
            return $res;
        }
    }
}

# True once the server has closed the connection, waiting up to the timeout.
sub closed {
    my ($self, $timeout) = @_;
    my $deadline = time + ($timeout // $self->{timeout});
    while (!$self->{eof}) {
        eval { $self->_wait($deadline); 1 } or return 0;
    }
    return 1;
}

sub _wait {
    my ($self, $deadline) = @_;
    my $left = $deadline - time;
    my ($read, $write) = IO::Select->select($self->{select},
        length $self->{out} ? $self->{select} : undef, undef, $left > 0 ? $left : 0);
    $self->_write if $write && @$write;
    if ($read && @$read) {
        my $n = sysread $self->{sock}, $self->{in}, 1 << 18, length $self->{in};
        $self->{eof} = 1 if defined $n ? $n == 0 : !$!{EAGAIN};
    } elsif (time >= $deadline) {
        die 'no complete answer in time; received so far: '
            . (length $self->{in} ? substr $self->{in}, 0, 500 : 'nothing') . "\n";
    }
    return;
}

sub _write {
    my ($self) = @_;
    return unless length $self->{out};
    local $SIG{PIPE} = 'IGNORE';
    my $n = syswrite $self->{sock}, $self->{out};
    if (defined $n) { substr $self->{out}, 0, $n, '' }
    elsif (!$!{EAGAIN}) { $self->{out} = '' }
    return;
}

sub _rest {
    my ($self) = @_;
    return unless $self->{eof} && length $self->{in};
    return _finish({ headers => {}, headers_all => {}, body => substr $self->{in}, 0, length $self->{in}, '' });
}

sub _parse {
    my ($self, $head) = @_;
    $self->{in} =~ /\r?\n\r?\n/ or return;
    my ($start, $text) = ($+[0], substr $self->{in}, 0, $-[0]);
    my ($line, @fields) = split /\r?\n/, $text;
    my ($version, $status, $reason) = $line =~ m{^HTTP/(\d\.\d) (\d\d\d) ?(.*)$}
        or die "not an HTTP answer: $line\n";

    my %all;
    for (@fields) {
        my ($name, $value) = /^([^:]+):[ \t]*(.*?)[ \t]*$/ or die "bad header line: $_\n";
        push @{ $all{ lc $name } }, $value;
    }
    my %res = (
        version => $version, status => $status + 0, reason => $reason, head => $text,
        headers_all => \%all, headers => { map { ($_ => join ', ', @{ $all{$_} }) } keys %all },
    );
    my ($body, $end) = $self->_body(\%res, $start, $head) or return;
    substr $self->{in}, 0, $end, '';
    return _finish({ %res, body => $body });
}

# (body, offset behind it), or nothing while the body is incomplete.
sub _body {
    my ($self, $res, $start, $head) = @_;
    my $h = $res->{headers};
    return ('', $start) if $head || $res->{status} =~ /^(1..|204|304)$/;
    return dechunk(\$self->{in}, $start)
        if lc($h->{'transfer-encoding'} // '') eq 'chunked';

    my $have = length($self->{in}) - $start;
    my $length = $h->{'content-length'} // ($self->{eof} ? $have : return);
    return if $have < $length && !$self->{eof};
    $res->{truncated} = 1 if $have < $length;
    $length = $have if $have < $length;
    return (substr($self->{in}, $start, $length), $start + $length);
}

sub dechunk {
    my ($bytes, $at) = @_;
    my $body = '';
    pos($$bytes) = $at;
    while ($$bytes =~ /\G([0-9a-fA-F]+)[^\n]*\n/gc) {
        my ($size, $start) = (hex $1, pos $$bytes);
        if ($size == 0) {
            return $$bytes =~ /\G(?:[^\r\n]+\r?\n)*\r?\n/gc ? ($body, pos $$bytes) : ();
        }
        return if length $$bytes < $start + $size + 2;
        $body .= substr $$bytes, $start, $size;
        pos($$bytes) = $start + $size + 2;
    }
    return;
}

sub _finish {
    my ($res) = @_;
    $res->{json} = eval { $json->decode($res->{body}) } if $res->{body} =~ /^\s*[\[{]/;
    return bless $res, 'EIAM::Response';
}

1;

__END__

=head1 NAME

EIAM::Client - requests sent byte for byte

=head1 SYNOPSIS

    my $res = get($gate, '/path', method => 'PUT', token => 't', headers => ['A: b'],
                  body => '{}', port => $gate->port(2), timeout => 3);
    my @res = raw($gate, $bytes, count => 3, head => [0, 1, 0], timeout => 5);

    my $c = connection($gate);
    $c->send(request('/a', token => 't'))->send(request('/b'));
    my $first = $c->read_response;
    my $second = $c->read_response(head => 1);
    ok $c->closed;

=head1 DESCRIPTION

C<$gate> is anything with a method C<port>. An answer is a hash: C<status>,
C<reason>, C<version>, C<headers> (lower-case name to value, several joined by
", "), C<headers_all> (name to list), C<body>, C<json> (decoded, or undef),
C<head> (its bytes), C<interim> (1xx answers), C<truncated>. With C<http09 =E<gt> 1>
all bytes up to the close are the body and there is no status.
All waiting ends after 10 seconds, or C<timeout>, with an exception.

=cut
