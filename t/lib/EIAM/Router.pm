package EIAM::Router;

# The frameworks below t/routers: to which operation does their own router lead a request?

use strict;
use warnings;

use EIAM::Backend;
use EIAM::Nginx qw(top_dir);
use JSON::PP ();

my $json = JSON::PP->new;
my $dir  = top_dir() . '/t/routers';

# express($package, [ method, template, id ], ...): "express" or "express5"
sub express {
    my ($class, $package, @operations) = @_;
    install();
    return EIAM::Backend->new('node', sub { ('node', "$dir/express.js", $package, $json->encode(\@operations)) });
}

# Debian's Flask, in Debian's Python.
sub flask {
    my ($class, @operations) = @_;
    return EIAM::Backend->new('python3-flask', sub { ('/usr/bin/python3', "$dir/routes.py",
        $json->encode(\@operations)) });
}

# The packages of its package-lock.json.
sub install {
    my $stamp = "$dir/node_modules/.package-lock.json";
    return if -e $stamp && -M $stamp <= -M "$dir/package-lock.json";
    my $said = qx(npm ci --prefix '$dir' 2>&1);
    die "npm: $said" if $?;
    return;
}

1;

__END__

=head1 NAME

EIAM::Router - Express and Flask, which answer which operation they read

=head1 SYNOPSIS

    my $router = EIAM::Router->express('express5', [ GET => '/users/{id}', 'getUser' ]);
    my ($port) = $router->ports;

=head1 DESCRIPTION

The answer is JSON: C<read>, the operation or an empty string, C<decided>, the
one of the gate, and C<parameters>, as the framework gives them to its handlers.

=cut
