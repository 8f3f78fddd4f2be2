package EIAM::Source;

# An authorization server whose answers, good or bad, the test chooses: one process, select().

use strict;
use warnings;

use EIAM::Echo  ();
use EIAM::Nginx ();
use EIAM::Port qw(free_port);
use IO::Socket::INET;
use JSON::PP ();
use POSIX ();
use Socket qw(AF_UNIX SOCK_STREAM PF_UNSPEC SOL_SOCKET SO_LINGER);
use Time::HiRes qw(sleep time);

use constant { BACKLOG => 1024, PORT_TRIES => 20, WAIT => 30 };

my $json = JSON::PP->new->ascii->canonical->allow_nonref;
my %reason = (200 => 'OK', 400 => 'Bad Request', 500 => 'Internal Server Error');

sub new {
    my ($class, %answers) = @_;
    socketpair my $control, my $told, AF_UNIX, SOCK_STREAM, PF_UNSPEC or die "socketpair: $!";
    my ($listen, $port);
    for (1 .. PORT_TRIES) {
        last if $listen = listening($port = free_port());
    }
    die "authorization server cannot listen: $!" unless $listen;

    my $self = bless { port => $port, owner => $$, control => $control }, $class;
    $self->{pid} = fork() // die "fork: $!";
    if ($self->{pid} == 0) {
        $SIG{$_} = 'DEFAULT' for qw(INT TERM);
        $SIG{PIPE} = 'IGNORE';
        close $control;
        eval { serve($listen, $port, $told) } or warn $@;
        POSIX::_exit(1);
    }
    close $told;
    close $listen;
    $self->answer(%answers) if %answers;
    return $self;
}

sub listening {
    my ($port) = @_;
    return IO::Socket::INET->new(LocalAddr => "127.0.0.1:$port", Listen => BACKLOG,
        ReuseAddr => 1, Blocking => 0);
}

# ---- the test's side

sub address { return "127.0.0.1:$_[0]{port}" }
sub port    { return $_[0]{port} }
sub pid     { return $_[0]{pid} }

# answer(token => behaviour, ...): a behaviour is a hash, or a list of hashes, of which the last one is repeated.
sub answer {
    my ($self, %answers) = @_;
    $self->_ask(answer => \%answers);
    return $self;
}

sub count    { my ($self, $token) = @_; return $self->_ask(count => $token) }
sub requests { return @{ $_[0]->_ask('requests') } }
sub state    { return $_[0]->_ask('state') }    ## no critic (ProhibitBuiltinHomonyms)
sub forget   { $_[0]->_ask('forget');  return $_[0] }
sub release  { $_[0]->_ask('release'); return $_[0] }
sub down     { $_[0]->_ask('down');    return $_[0] }
sub up       { $_[0]->_ask('up');      return $_[0] }
sub deaf     { $_[0]->_ask('deaf');    return $_[0] }
sub hearing  { $_[0]->_ask('hearing'); return $_[0] }

# Waits until that many requests with the token, or with any, have arrived.
sub await {
    my ($self, $count, $token) = @_;
    my $deadline = time + WAIT;
    while (1) {
        my $now = $self->count($token);
        return $now if $now >= $count || time > $deadline;
        sleep 0.005;
    }
}

sub _ask {
    my ($self, @said) = @_;
    put($self->{control}, \@said);
    my ($answer) = @{ take($self->{control}) // die "the authorization server is gone\n" };
    return $answer;
}

BEGIN { no strict 'refs'; *$_ = EIAM::Echo->can($_) for qw(stop DESTROY) }

# Messages between the two processes: a length and JSON.
sub put {
    my ($sock, $message) = @_;
    my $bytes = $json->encode($message);
    return EIAM::Echo::write_all($sock, pack('N', length $bytes) . $bytes);
}

sub take {
    my ($sock) = @_;
    my $length = unpack 'N', take_bytes($sock, 4) // return;
    return $json->decode(take_bytes($sock, $length) // return);
}

sub take_bytes {
    my ($sock, $length) = @_;
    my $bytes = '';
    while (length $bytes < $length) {
        my $n = sysread $sock, $bytes, $length - length $bytes, length $bytes;
        next if !defined $n && $!{EINTR};
        return unless $n;
    }
    return $bytes;
}

# ---- behaviours: what a connection does, step by step

sub all_steps {
    my ($told) = @_;
    return [ map { steps($_) } ref $told eq 'ARRAY' ? @$told : $told ];
}

sub steps {
    my ($b) = @_;
    my $bytes = answer_bytes($b);
    $bytes = substr $bytes, 0, $b->{stop} if defined $b->{stop};
    my @steps;
    push @steps, [ wait => $b->{delay} ] if $b->{delay};
    if (defined $b->{hold}) {
        push @steps, [ send => substr $bytes, 0, $b->{hold}, '' ], ['hold'];
    }
    if ($b->{pace}) {
        push @steps, map { ([ wait => $b->{pace} ], [ send => $_ ]) } split //, $bytes;
    } else {
        push @steps, [ send => $bytes ];
    }
    push @steps, [ $b->{end} // ($b->{close} || $b->{until_close} || defined $b->{stop} ? 'close' : 'next') ];
    return \@steps;
}

sub answer_bytes {
    my ($b) = @_;
    return $b->{raw} if defined $b->{raw};
    my $status = $b->{status} // 200;
    my $body = $b->{json} ? $json->encode($b->{json}) : $b->{body} // '';
    $body .= ' ' x ($b->{pad} - length $body) if $b->{pad};
    my $type = exists $b->{type} ? $b->{type} : 'application/json';
    my @head = ("HTTP/1.1 $status " . ($reason{$status} // 'Told'),
        defined $type ? "Content-Type: $type" : (), @{ $b->{headers} // [] });
    if ($b->{chunked}) {
        push @head, 'Transfer-Encoding: chunked';
        $body = join('', map { sprintf "%x\r\n%s\r\n", length, $_ } unpack "(a$b->{chunked})*",
            $body)
            . ($b->{last_chunk} // 1 ? "0\r\n\r\n" : '');
    } elsif (!$b->{until_close}) {
        push @head, 'Content-Length: ' . ($b->{length} // length $body);
    }
    return join('', @{ $b->{before} // [] }) . join("\r\n", @head, '', $body);
}

# ---- the server

sub serve {
    my ($listen, $port, $told) = @_;
    my %s = (port => $port, told => $told, listen => $listen, deaf => 0, conn => {},
        answers => { '*' => all_steps({ json => { active => JSON::PP::false } }) },
        requests => [], count => {}, all => 0, connections => 0, gone => 0);
    my $parent = getppid;

    while (getppid == $parent) {
        my ($read, $write) = ('', '');
        my @heard = ($told, $s{listen} && !$s{deaf} ? $s{listen} : ());
        vec($read, fileno $_, 1) = 1 for @heard, map { $_->{sock} } values %{ $s{conn} };
        vec($write, fileno $_->{sock}, 1) = 1 for grep { length $_->{out} } values %{ $s{conn} };
        select $read, $write, undef, pause(\%s);

        accept_all(\%s) if $s{listen} && vec $read, fileno $s{listen}, 1;
        for my $c (values %{ $s{conn} }) {
            my $alive = (!vec($read, fileno $c->{sock}, 1) || hear($c)) && go_on(\%s, $c);
            next if $alive;
            $s{gone}++ if $c->{eof} && $c->{steps};
            delete $s{conn}{ fileno $c->{sock} };
        }
        obey(\%s) or return if vec $read, fileno $told, 1;
    }
    return;
}

# The time until the first of the waiting connections continues.
sub pause {
    my ($s) = @_;
    my $first = time + 1;
    for (values %{ $s->{conn} }) { $first = $_->{due} if $_->{due} && $_->{due} < $first }
    my $left = $first - time;
    return $left > 0 ? $left : 0;
}

sub accept_all {
    my ($s) = @_;
    while (my $sock = $s->{listen}->accept) {
        $sock->blocking(0);
        $s->{connections}++;
        $s->{conn}{ fileno $sock } = { sock => $sock, in => '', out => '' };
    }
    return;
}

# False once the other side has closed.
sub hear {
    my ($c) = @_;
    my $n = sysread $c->{sock}, $c->{in}, 1 << 18, length $c->{in};
    return 1 if $n || !defined $n && $!{EAGAIN};
    $c->{eof} = 1;
    return 0;
}

# Runs the steps of the connection as far as possible; false if it is to be closed.
sub go_on {
    my ($s, $c) = @_;
    while (1) {
        if (length $c->{out}) {
            my $n = syswrite $c->{sock}, $c->{out}, 1 << 18;
            return !!$!{EAGAIN} unless defined $n;
            substr $c->{out}, 0, $n, '';
            return 1 if length $c->{out};
        }
        if ($c->{due}) {
            return 1 if $c->{due} > time;
            delete $c->{due};
        }
        return 1 if $c->{held};
        if (!$c->{steps}) {
            my $req = EIAM::Echo::parse(\$c->{in}) or return 1;
            $c->{steps} = begin($s, $req);
            $c->{last} = $req->{version} lt '1.1' || ($req->{one}{connection} // '') =~ /close/;
        }
        my ($what, $value) = @{ shift @{ $c->{steps} } // ['next'] };
        if    ($what eq 'send') { $c->{out} = $value }
        elsif ($what eq 'wait') { $c->{due} = time + $value }
        elsif ($what eq 'hold') { $c->{held} = 1 }
        elsif ($what eq 'next') { delete $c->{steps}; return 0 if $c->{last} }
        elsif ($what eq 'close') { delete $c->{steps}; return 0 }
        elsif ($what eq 'reset') {
            setsockopt $c->{sock}, SOL_SOCKET, SO_LINGER, pack 'II', 1, 0;
            delete $c->{steps};
            return 0;
        }
    }
}

# Records the request; returns the steps of its answer.
sub begin {
    my ($s, $req) = @_;
    my ($token) = $req->{body} =~ /(?:^|&)token=([^&]*)/;
    $token = defined $token ? $token =~ tr/+/ /r =~ s/%([0-9a-fA-F]{2})/chr hex $1/ger : '';
    push @{ $s->{requests} },
        { token => $token, map { ($_ => $req->{$_}) } qw(method target version headers body) };
    $s->{count}{$token}++;
    $s->{all}++;
    my $list = $s->{answers}{$token} // $s->{answers}{'*'};
    return [ @{ @$list > 1 ? shift @$list : $list->[0] } ];
}

# Reads one message of the test; false if the test has ended.
sub obey {
    my ($s) = @_;
    my ($what, $value) = @{ take($s->{told}) // return 0 };
    my $answer = 1;
    if    ($what eq 'answer')   { $s->{answers}{$_} = all_steps($value->{$_}) for keys %$value }
    elsif ($what eq 'count')    { $answer = defined $value ? $s->{count}{$value} // 0 : $s->{all} }
    elsif ($what eq 'requests') { $answer = $s->{requests} }
    elsif ($what eq 'forget')   { @$s{qw(requests count all)} = ([], {}, 0) }
    elsif ($what eq 'down')     { close delete $s->{listen} if $s->{listen}; $s->{conn} = {} }
    elsif ($what eq 'up')       { $s->{listen} //= listening($s->{port}) or die "listen again: $!" }
    elsif ($what eq 'deaf')     { $s->{deaf} = 1 }
    elsif ($what eq 'hearing')  { $s->{deaf} = 0 }
    elsif ($what eq 'release') {
        $_->{held} = 0 for values %{ $s->{conn} };
        for my $c (values %{ $s->{conn} }) {
            delete $s->{conn}{ fileno $c->{sock} } unless go_on($s, $c);
        }
    }
    elsif ($what eq 'state') {
        $answer = {
            open => scalar keys %{ $s->{conn} },
            busy => scalar(grep { $_->{steps} } values %{ $s->{conn} }),
            map { ($_ => $s->{$_}) } qw(connections gone),
        };
    }
    else { die "what is $what?\n" }
    return put($s->{told}, [$answer]);
}

1;

__END__

=head1 NAME

EIAM::Source - an authorization server for introspection, good or bad as a test needs it

=head1 SYNOPSIS

    my $source = EIAM::Source->new(
        'tok' => { json => { active => JSON::PP::true, client_id => 'crm', scope => 'user_read' } },
        '*'   => { status => 500 });
    # proxy_pass http://@{[ $source->address ]}/introspect;
    is $source->count('tok'), 1;

=head1 DESCRIPTION

Serves any number of connections at once. Each token of a request's C<token=>
has a behaviour, C<*> is that of all others (at first C<{"active":false}>);
C<answer(token =E<gt> behaviour, ...)> changes them at any time, a list of
behaviours is used one after the other, and the last one stays. A behaviour:

    json    => {...} or body => bytes, pad => n (with spaces, to n bytes)
    status  => 200, type => 'application/json' (undef: none), headers => ['A: b']
    length  => the Content-Length that is claimed, until_close => 1: none
    chunked => bytes in a chunk, last_chunk => 0: the end is missing
    before  => [ bytes ahead of the answer ], raw => all of the bytes instead
    delay   => seconds before the answer, pace => seconds after each byte
    hold    => n: after n bytes of it until release()
    stop    => n: only n bytes, then the end
    end     => 'close' (after it), 'reset', 'hold' (never), close => 1: as end

C<count(token)> and C<count()> are the requests so far, C<await(n, token)> waits
for them, C<requests> gives them (token, method, target, version, headers, body;
each byte one character), C<forget> starts anew. C<down> closes the port and all
connections, C<up> opens the same port again; C<deaf> accepts no connection until
C<hearing>. C<state> is C<{open, busy, connections, gone}>: open connections,
those with an answer under way, all there ever were, and those that the client
has closed in the middle of an answer.

=cut
