package EIAM::OidcProvider;

# oidc-provider, as example/oidc-provider/server.js configures it.

use strict;
use warnings;

use parent 'EIAM::AuthorizationServer';

use EIAM::Nginx qw(top_dir);

my $folder = top_dir() . '/example/oidc-provider';

sub _install {
    return system("sh '$folder/install' >&2") == 0 ? 1 : die "oidc-provider cannot be installed\n";
}

sub _command {
    my ($self) = @_;
    my $life = $self->{life} // 600;
    return ('env', "OIDC_TOKEN_LIFE=$life", 'node', "$folder/server.js", '--port', $self->port);
}

sub _says_ready { return qr/^oidc-provider ready/m }

sub _secret { return "$_[1]-demonstration-secret-of-many-octets" }

sub _token_path        { return '/token' }
sub _revocation_path   { return '/token/revocation' }
sub introspection_path { return '/token/introspection' }

sub credentials { return $_[0]->basic('gateway') }

# How often it was asked about a token.
sub introspections {
    my ($self) = @_;
    my @lines = $self->said =~ m{^POST /token/introspection }mg;
    return scalar @lines;
}

1;

__END__

=head1 NAME

EIAM::OidcProvider - npm's oidc-provider: opaque tokens, the gate has Basic credentials

=head1 DESCRIPTION

See L<EIAM::AuthorizationServer>. C<new(life =E<gt> 3)> gives tokens a life of so
many seconds (600). It keeps its tokens in memory: after C<stop> and C<start> it
knows none of before. C<introspections> counts how often it was asked. Needs
node; installs the package if it is missing.

=cut
