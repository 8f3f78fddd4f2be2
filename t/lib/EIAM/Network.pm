package EIAM::Network;

# Network namespaces of a test: hosts that are connected to one in the middle. Nothing of them is left when it ends.

use strict;
use warnings;

use EIAM::Nginx ();
use Exporter qw(import);
use POSIX ();
use Time::HiRes qw(sleep);

our @EXPORT_OK = qw(unable);

my @path = ((split /:/, $ENV{PATH}), '/usr/sbin', '/sbin');

# setns(2), by machine.
my %setns = (x86_64 => 308, aarch64 => 268);
my $setns = $setns{ (POSIX::uname())[4] };

# Of Debian's two the older one works in more sandboxes.
my ($iptables) = map { my $program = $_; grep { -x } map { "$_/$program" } @path } qw(iptables-legacy iptables);

# Why there are none here; nothing if there are.
sub unable {
    return 'not root' if $> != 0;
    return 'no setns(2) known for this machine' if !$setns;
    return 'no iptables' if !$iptables;
    for my $program (qw(ip unshare setpriv)) {
        return "no $program" if !grep { -x "$_/$program" } @path;
    }
    my $host = eval { EIAM::Network::Host->new } or return "no network namespaces: $@" =~ s/\s+\z//r;
    return 'iptables does not work' if $host->run("$iptables -w -A INPUT -p tcp --dport 1 -j DROP 2>/dev/null");
    return;
}

package EIAM::Network::Host;

sub new {
    my ($class) = @_;
    my $pid = fork() // die "fork: $!";
    if ($pid == 0) {
        open STDIN, '<', '/dev/null';
        open STDERR, '>', '/dev/null';
        exec qw(setpriv --pdeathsig KILL -- unshare --net sleep infinity) or POSIX::_exit(127);
    }
    my $self = bless { pid => $pid, owner => $$ }, $class;
    my $own = readlink '/proc/self/ns/net';
    for (1 .. 500) {
        last if EIAM::Nginx::gone($pid, 0.01);
        my $net = readlink "/proc/$pid/ns/net" or next;
        next if $net eq $own;
        open $self->{net}, '<', "/proc/$pid/ns/net" or die "/proc/$pid/ns/net: $!\n";
        die "no loopback interface\n" if $self->run('ip link set lo up');
        return $self;
    }
    die "unshare --net\n";
}

# Runs the code as if on this host: its sockets and processes stay there.
sub at {
    my ($self, $code) = @_;
    open my $home, '<', '/proc/self/ns/net' or die "/proc/self/ns/net: $!\n";
    syscall($setns, fileno $self->{net}, 0) == 0 or die "setns: $!\n";
    my @values = eval { wantarray ? $code->() : scalar $code->() };
    my $fault = $@;
    syscall($setns, fileno $home, 0) == 0 or die "setns: $!\n";
    die $fault if $fault;
    return wantarray ? @values : $values[0];
}

# The exit status of a command on this host.
sub run {
    my ($self, $command) = @_;
    local $ENV{PATH} = join ':', @path;
    return $self->at(sub { system $command });
}

# A network of two hosts, N: the first one has the address 10.231.N.1, the other one 10.231.N.2.
sub link {    ## no critic (ProhibitBuiltinHomonyms)
    my ($self, $other, $n) = @_;
    for my $command ("ip link add to$n type veth peer name up$n netns $other->{pid}", "ip address add 10.231.$n.1/24 dev to$n",
        "ip link set to$n up")
    {
        die "$command\n" if $self->run($command);
    }
    $other->run("ip address add 10.231.$n.2/24 dev up$n && ip link set up$n up") and die "no link $n\n";
    return;
}

# filter('INPUT -j DROP', ...): rules from now on; heal: none any more.
sub filter {
    my ($self, @rules) = @_;
    $self->run("$iptables -w -A $_") and die "iptables -A $_\n" for @rules;
    return;
}

sub heal {
    my ($self) = @_;
    $self->run("$iptables -w -F") and die "iptables -F\n";
    return;
}

sub DESTROY {
    my ($self) = @_;
    return unless $self->{owner} == $$;
    local ($@, $!, $?);
    kill 'KILL', $self->{pid};
    waitpid $self->{pid}, 0;
    return;
}

1;

__END__

=head1 NAME

EIAM::Network - hosts of a test in network namespaces

=head1 SYNOPSIS

    my $why = EIAM::Network::unable();
    plan skip_all => "partitions: $why" if $why;
    my ($middle, $host) = map { EIAM::Network::Host->new } 1, 2;
    $middle->link($host, 1);
    my $redis = $middle->at(sub { EIAM::Redis->new(bind => '10.231.1.1', conf => 'protected-mode no') });
    my $gate = $host->at(sub { gateway(redis => '10.231.1.1:' . $redis->port)->start });
    $host->filter('OUTPUT -p tcp --dport ' . $redis->port . ' -j DROP');
    $host->heal;

=head1 DESCRIPTION

A namespace lives as long as a process that does nothing, which ends with the test.
C<at> runs code there: what it opens or starts belongs to that host. The addresses
exist in the namespaces only.

=cut
