package EIAM::Echo;

# A real HTTP/1.1 server that returns what it has received: one process, select().

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use EIAM::Client ();
use IO::Select;
use IO::Socket::INET;
use JSON::PP ();
use POSIX ();
use Time::HiRes qw(time);

use constant BODY_SHOWN => 65536;

my $json = JSON::PP->new->ascii->canonical;

sub new {
    my ($class) = @_;
    my $listen = IO::Socket::INET->new(
        LocalAddr => '127.0.0.1', Listen => 1024, ReuseAddr => 1,
    ) or die "echo backend cannot listen: $!";

    my $self = bless { port => $listen->sockport, owner => $$ }, $class;
    $self->{pid} = fork() // die "fork: $!";
    if ($self->{pid} == 0) {
        $SIG{$_} = 'DEFAULT' for qw(INT TERM);
        $SIG{PIPE} = 'IGNORE';
        eval { serve($listen) } or warn $@;
        POSIX::_exit(1);
    }
    return $self;
}

sub address { return "127.0.0.1:$_[0]{port}" }
sub port    { return $_[0]{port} }
sub pid     { return $_[0]{pid} }

# How many requests have arrived, apart from those that ask for this.
sub count {
    my ($self) = @_;
    return EIAM::Client::get($self, '/__count')->{json}{count};
}

sub stop {
    my ($self) = @_;
    return unless $self->{pid} && $self->{owner} == $$;
    kill 'KILL', $self->{pid};
    waitpid delete $self->{pid}, 0;
    return;
}

sub DESTROY {
    local ($?, $@, $!);
    $_[0]->stop;
    return;
}

sub serve {
    my ($listen) = @_;
    my ($select, $count, %conn) = (IO::Select->new($listen), 0);

    while (1) {
        my @due  = sort { $a <=> $b } map { $_->{due} // () } values %conn;
        my $wait = @due ? ($due[0] > time ? $due[0] - time : 0) : undef;
        for my $sock ($select->can_read($wait)) {
            if ($sock == $listen) {
                my $new = $listen->accept or next;
                $select->add($new);
                $conn{$new} = { sock => $new, in => '' };
                next;
            }
            my $n = sysread $sock, $conn{$sock}{in}, 1 << 18, length $conn{$sock}{in};
            next if $n;
            $select->remove($sock);
            delete $conn{$sock};
        }
        for my $c (values %conn) {
            next if answer($c, \$count);
            $select->remove($c->{sock});
            delete $conn{ $c->{sock} };
        }
    }
}

# Answers all complete requests of the connection; false if it must be closed.
sub answer {
    my ($c, $count) = @_;
    while (1) {
        if (defined $c->{reply}) {
            return 1 if $c->{due} && $c->{due} > time;
            delete $c->{due};
            write_all($c->{sock}, delete $c->{reply}) or return 0;
            return 0 if $c->{close};
        }
        my $req = parse(\$c->{in}) or return 1;
        $$count++ unless $req->{target} =~ m{^/__count};
        @$c{qw(reply due close)} = reply($req, $$count);
    }
}

sub parse {
    my ($in) = @_;
    $$in =~ /\r?\n\r?\n/ or return;
    my ($head_length, $head) = ($+[0], substr $$in, 0, $-[0]);
    my ($line, @fields) = split /\r?\n/, $head;
    my ($method, $target, $version) = $line =~ /^(\S+) (.*?)(?: HTTP\/(\d\.\d))?$/s;
    my @headers = map { [/^([^:]*):[ \t]*(.*?)[ \t]*$/s] } @fields;

    my %one = map { (lc $_->[0] => $_->[1]) } @headers;
    my ($body, $end);
    if (lc($one{'transfer-encoding'} // '') eq 'chunked') {
        ($body, $end) = EIAM::Client::dechunk($in, $head_length) or return;
    } else {
        $end = $head_length + ($one{'content-length'} // 0);
        return if length $$in < $end;
        $body = substr $$in, $head_length, $end - $head_length;
    }
    substr $$in, 0, $end, '';
    return {
        method => $method, target => $target, version => $version // '0.9',
        headers => \@headers, one => \%one, body => $body,
    };
}

sub reply {
    my ($req, $count) = @_;
    my %wish = %{ $req->{one} };
    my $status = $wish{'x-test-status'} || 200;
    my $body = $wish{'x-test-body'} // $json->encode(
        $req->{target} =~ m{^/__count} ? { count => $count } : shown($req));

    my $close = $req->{version} lt '1.1' || ($wish{connection} // '') =~ /close/i;
    my $head = "HTTP/1.1 $status Echo\r\nContent-Length: " . length($body) . "\r\n";
    $head .= "Content-Type: application/json\r\nX-Echo: $count\r\n";
    $head .= "$_->[1]\r\n" for grep { lc $_->[0] eq 'x-test-header' } @{ $req->{headers} };
    $head .= 'Connection: ' . ($close ? 'close' : 'keep-alive') . "\r\n\r\n";

    $body = '' if $req->{method} eq 'HEAD' || $status =~ /^(204|304)$/;
    my $due = $wish{'x-test-delay'} ? time + $wish{'x-test-delay'} : undef;
    return ($head . $body, $due, $close);
}

sub shown {
    my ($req) = @_;
    my $long = length $req->{body} > BODY_SHOWN;
    return {
        (map { ($_ => $req->{$_}) } qw(method target version headers)),
        body        => $long ? undef : $req->{body},
        body_length => length $req->{body},
        body_sha256 => sha256_hex($req->{body}),
    };
}

sub write_all {
    my ($sock, $bytes) = @_;
    while (length $bytes) {
        my $n = syswrite $sock, $bytes;
        return 0 unless $n;
        substr $bytes, 0, $n, '';
    }
    return 1;
}

1;

__END__

=head1 NAME

EIAM::Echo - HTTP backend that answers JSON of what it received

=head1 DESCRIPTION

The answer is C<{method, target, version, headers: [[name, value], ...], body,
body_length, body_sha256}>, byte for byte (each byte one character); C<body> is
null when longer than 64 KB. Wishes of the request: C<X-Test-Status: 404>,
C<X-Test-Header: Name: value> (added to the answer, may be repeated),
C<X-Test-Body: text>, C<X-Test-Delay: seconds>. C<GET /__count> answers
C<{"count": n}>, the requests before it.

=cut
