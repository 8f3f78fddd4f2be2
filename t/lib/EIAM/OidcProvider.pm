package EIAM::OidcProvider;

# oidc-provider, as example/oidc-provider/server.js configures it.

use strict;
use warnings;

use parent 'EIAM::AuthorizationServer';

use EIAM::Nginx qw(top_dir);
use JSON::PP ();

my $json = JSON::PP->new->utf8->canonical;
my $folder = top_dir() . '/example/oidc-provider';

sub _install {
    return system("sh '$folder/install' >&2") == 0 ? 1 : die "oidc-provider cannot be installed\n";
}

sub _command {
    my ($self) = @_;
    my @settings = ('OIDC_TOKEN_LIFE=' . ($self->{life} // 600));
    push @settings, 'OIDC_SIGNED=' . $json->encode($self->{signed}) if $self->{signed};
    push @settings, "OIDC_KEYS=@{[ $self->_write_keys ]}" if $self->{keys};
    return ('env', @settings, 'node', "$folder/server.js", '--port', $self->port);
}

sub _write_keys {
    my ($self) = @_;
    my $file = "$self->{dir}/keys";
    open my $out, '>', $file or die "$file: $!\n";
    print {$out} $json->encode({ keys => $self->{keys} });
    close $out or die "$file: $!\n";
    return $file;
}

# Sets its private JWKs: after the next start it signs with the first suitable one, and publishes all of them.
sub sign_with {
    my ($self, @keys) = @_;
    $self->{keys} = \@keys;
    return $self;
}

sub _says_ready { return qr/^oidc-provider ready/m }

sub _secret { return "$_[1]-demonstration-secret-of-many-octets" }

sub _token_path        { return '/token' }
sub _revocation_path   { return '/token/revocation' }
sub introspection_path { return '/token/introspection' }
sub keys_path          { return '/jwks' }

sub issuer { return 'http://' . $_[0]->address }

sub credentials { return $_[0]->basic('gateway') }

# How often the server was asked about a token.
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
many seconds (600), C<signed =E<gt> { 'urn:some:api' =E<gt> 'ES256' }> has those for
an API signed, with the first of these private JWKs that fits: C<keys =E<gt> [...]>;
C<sign_with(keys)> changes them for the next start. It keeps its other tokens in
memory: after C<stop> and C<start> it knows none of before. C<introspections>
counts how often it was asked. Needs node; installs the package if it is missing.

=cut
