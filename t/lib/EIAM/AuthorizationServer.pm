package EIAM::AuthorizationServer;

# What the real authorization servers have in common: a process, tokens, revocation.

use strict;
use warnings;

use EIAM::Client ();
use EIAM::Port qw(free_port);
use File::Temp ();
use MIME::Base64 qw(encode_base64);
use POSIX ();
use Scalar::Util qw(weaken);
use Time::HiRes qw(sleep time);

use constant { START_TIMEOUT => 60, STOP_TIMEOUT => 10, PORT_TRIES => 5 };

my %alive;

sub new {
    my ($class, %opt) = @_;
    my $self = bless {
        %opt, owner => $$, client_of => {},
        dir => File::Temp->newdir('eiam-server-XXXXXX', TMPDIR => 1),
    }, $class;
    weaken($alive{$self} = $self);
    $self->_install;
    for (1 .. PORT_TRIES) {
        $self->{port} = free_port();
        return $self->_ready if eval { $self->start };
        die $@ unless $self->said =~ /address already in use|Error binding/i;
    }
    die "no port could be bound\n";
}

sub port    { return $_[0]{port} }
sub address { return "127.0.0.1:$_[0]{port}" }

# Everything that the server has printed.
sub said { return EIAM::Nginx::slurp("$_[0]{dir}/log") // '' }

# Starts it; on the same port as before, if it has run already.
sub start {
    my ($self) = @_;
    my $before = length $self->said;
    # If this process is killed, the server ends, too.
    my @command = ('setpriv', '--pdeathsig', 'KILL', '--', $self->_command);
    $self->{pid} = fork() // die "fork: $!";
    if ($self->{pid} == 0) {
        $SIG{$_} = 'DEFAULT' for qw(INT TERM PIPE);
        open STDIN,  '<',  '/dev/null';
        open STDOUT, '>>', "$self->{dir}/log";
        open STDERR, '>&', \*STDOUT;
        exec @command or POSIX::_exit(127);
    }
    my ($ready, $deadline) = ($self->_says_ready, time + START_TIMEOUT);
    while (time < $deadline) {
        return $self if substr($self->said, $before) =~ $ready;
        last if EIAM::Nginx::gone($self->{pid}, 0.05);
    }
    $self->stop;
    die ref($self), " did not start:\n", substr($self->said, $before) || "it said nothing\n";
}

sub stop {
    my ($self) = @_;
    return unless $self->{owner} == $$;
    my $pid = delete $self->{pid} or return;
    kill $_, $pid for qw(TERM CONT);
    EIAM::Nginx::gone($pid, STOP_TIMEOUT) or do { kill 'KILL', $pid; waitpid $pid, 0 };
    return;
}

# Stops the process: it still accepts connections, but does not answer.
sub freeze {
    my ($self) = @_;
    kill 'STOP', $self->{pid};
    my $deadline = time + STOP_TIMEOUT;
    for my $stat (glob "/proc/$self->{pid}/task/*/stat") {
        until ((EIAM::Nginx::slurp($stat) // ') T') =~ /\) [Tt]/) {
            die "not frozen\n" if time > $deadline;
            select undef, undef, undef, 0.01;
        }
    }
    return $self;
}
sub thaw   { return kill 'CONT', $_[0]{pid} }

# A new token of an application; "org_read user_read" are two scopes.
sub token {
    my ($self, $client, $scopes, %opt) = @_;
    my $res = $self->_post($self->_token_path, $self->basic($client),
        "grant_type=client_credentials&scope=" . ($scopes // '') =~ s/ /%20/gr
            . ($opt{resource} ? "&resource=$opt{resource}" : ''));
    my $token = ($res->{json} // {})->{access_token}
        // die "no token for $client: $res->{status} $res->{body}\n";
    $self->{client_of}{$token} = $client;
    return $token;
}

sub revoke {
    my ($self, $token) = @_;
    my $res = $self->_post($self->_revocation_path,
        $self->basic($self->{client_of}{$token}), "token=$token");
    die "not revoked: $res->{status} $res->{body}\n" unless $res->{status} == 200;
    return;
}

# What the server itself says about a token.
sub introspect {
    my ($self, $token) = @_;
    my $res = $self->_post($self->introspection_path, $self->credentials, "token=$token");
    return $res->{json} // die "not introspected: $res->{status} $res->{body}\n";
}

# The value of an Authorization header of a client.
sub basic {
    my ($self, $client) = @_;
    return 'Basic ' . encode_base64("$client:" . $self->_secret($client), '');
}

sub _ready { return $_[0] }

sub _post {
    my ($self, $path, $authorization, $body) = @_;
    return EIAM::Client::get($self, $path, method => 'POST', body => $body,
        headers => [ "Authorization: $authorization", 'Accept: application/json',
            'Content-Type: application/x-www-form-urlencoded' ]);
}

sub DESTROY {
    my ($self) = @_;
    local ($@, $!, $?);
    delete $alive{$self};
    $self->stop;
    return;
}

END {
    my $code = $?;
    $_ && $_->stop for values %alive;
    $? = $code;
}

1;

__END__

=head1 NAME

EIAM::AuthorizationServer - a real authorization server for a test

=head1 SYNOPSIS

    my $server = EIAM::OidcProvider->new(life => 3);
    my $token = $server->token('crm', 'app_org_all account_all');
    $server->revoke($token);
    $server->stop;
    $server->start;

=head1 DESCRIPTION

L<EIAM::OidcProvider> and L<EIAM::Glewlwyd> are such servers, each on a free port
of 127.0.0.1, with its files in a directory of its own. C<new> dies where the
software is missing: a test must not pass without it.

Methods: C<token(client, scopes)>, with C<resource =E<gt> 'urn:some:api'> for
another API than the usual one, C<revoke(token)>, C<introspect(token)> (the
server's answer), C<introspection_path>, C<issuer> and C<keys_path>
(of its signed tokens and their keys), C<credentials> (the Authorization header
with which the gate may introspect), C<basic(client)>, C<address>, C<port>,
C<said>, C<stop>, C<start> (again, on the same port), C<freeze> and C<thaw>.

=cut
