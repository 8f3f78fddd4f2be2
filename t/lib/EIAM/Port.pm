package EIAM::Port;

# TCP ports of 127.0.0.1 for the servers of tests and benchmarks, which run side by side.

use strict;
use warnings;

use Exporter qw(import);
use IO::Socket::INET;
use IO::Socket::UNIX;

our @EXPORT_OK = qw(free_port);

# Below the ephemeral range, so that no outgoing connection takes a port between here and its listener.
use constant { FIRST => 12_000, BLOCKS => 200, BLOCK => 100 };

my ($owner, $claim, $block, $next) = (0);

# Makes a block of ports this process's own until it ends: an abstract socket can be bound once in a network namespace.
sub _claim {
    my $start = int rand BLOCKS;
    for (map { ($start + $_) % BLOCKS } 0 .. BLOCKS - 1) {
        $claim = IO::Socket::UNIX->new(Local => "\0eiam-ports-$_", Listen => 1) or next;
        ($owner, $block, $next) = ($$, $_, 0);
        return;
    }
    die "no free ports found\n";
}

# A port at which nothing listens, and which no other process is given.
sub free_port {
    _claim() if $owner != $$;
    for (1 .. BLOCK) {
        my $port = FIRST + BLOCK * $block + $next++ % BLOCK;
        return $port if IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 1);
    }
    die "no free port found\n";
}

1;
