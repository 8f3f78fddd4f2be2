package EIAM::Jwt;

# Signed tokens and their keys, made by Crypt::JWT, CryptX and openssl, independently of the module.

use strict;
use warnings;

use Crypt::JWT ();
use Crypt::PK::ECC;
use Crypt::PK::Ed25519;
use Crypt::PK::RSA;
use Digest::SHA ();
use Exporter qw(import);
use File::Temp ();
use JSON::PP ();
use MIME::Base64 qw(encode_base64 encode_base64url decode_base64url);

our @EXPORT_OK = qw(
    new_key secret_key certified_key public_jwk public_pem public_der
    sign mint object compact signed_parts b64 unb64
);

my $json = JSON::PP->new->utf8->canonical;

# curve => its name in CryptX, its algorithm
my %curve = (
    'P-256' => [ 'secp256r1', 'ES256' ], 'P-384' => [ 'secp384r1', 'ES384' ],
    'P-521' => [ 'secp521r1', 'ES512' ], 'secp256k1' => [ 'secp256k1', 'ES256K' ],
);

sub b64   { return encode_base64url($_[0]) }
sub unb64 { return decode_base64url($_[0]) }

# ---- keys: { type, alg, pk | secret | file }

# new_key('RSA', bits), new_key('P-256') and the other curves, new_key('oct', bytes)
sub new_key {
    my ($type, $size) = @_;
    my $ec = $curve{$type};
    return { type => $type, alg => $ec->[1], pk => Crypt::PK::ECC->new->generate_key($ec->[0]) } if $ec;
    return { type => $type, alg => 'EdDSA', pk => Crypt::PK::Ed25519->new->generate_key }
        if $type eq 'Ed25519';
    return ed448_key() if $type eq 'Ed448';
    return { type => $type, alg => 'RS256', pk => Crypt::PK::RSA->new->generate_key(($size // 2048) / 8) }
        if $type eq 'RSA';
    return secret_key(join '', map { chr int rand 256 } 1 .. $size // 64) if $type eq 'oct';
    die "what key is $type?\n";
}

sub secret_key { return { type => 'oct', alg => 'HS256', secret => $_[0] } }

# CryptX has no Ed448.
sub ed448_key {
    my $dir = File::Temp->newdir;
    openssl('genpkey', '-algorithm', 'ED448', '-out', "$dir/key");
    return { type => 'Ed448', alg => 'EdDSA', dir => $dir, file => "$dir/key" };
}

sub openssl {
    my (@arguments) = @_;
    open my $out, '-|', 'openssl', @arguments or die "openssl: $!";
    binmode $out;
    my $text = do { local $/; <$out> };
    close $out or die "openssl @arguments failed: $?\n";
    return $text;
}

# The JWK of a key without its private members, except for a secret; members may be added.
sub public_jwk {
    my ($key, %more) = @_;
    return { kty => 'oct', k => b64($key->{secret}), %more } if $key->{type} eq 'oct';
    return { kty => 'OKP', crv => 'Ed448', x => b64(substr public_der($key), -57), %more }
        if $key->{type} eq 'Ed448';
    if ($curve{ $key->{type} }) {
        my $point = substr $key->{pk}->export_key_raw('public'), 1;
        my $size = length($point) / 2;
        return { kty => 'EC', crv => $key->{type}, x => b64(substr $point, 0, $size),
            y => b64(substr $point, $size), %more };
    }
    return { %{ $json->decode($key->{pk}->export_key_jwk('public')) }, %more };
}

sub public_der {
    my ($key) = @_;
    return $key->{pk}->export_key_der('public') if $key->{pk};
    return openssl('pkey', '-in', $key->{file}, '-pubout', '-outform', 'DER');
}

sub public_pem {
    my ($key) = @_;
    return $key->{pk}->export_key_pem($key->{type} eq 'RSA' ? 'public_x509' : 'public');
}

# A new key, and an unknown certificate of it, in base64.
sub certified_key {
    my $dir = File::Temp->newdir;
    openssl(qw(genpkey -algorithm ED25519 -out), "$dir/key");
    my $der = openssl(qw(req -x509 -new -batch -subj /CN=as.example -days 2 -outform DER -key), "$dir/key");
    my $key = { type => 'Ed25519', alg => 'EdDSA', pk => Crypt::PK::Ed25519->new("$dir/key") };
    return ($key, encode_base64($der, ''));
}

# ---- signatures

# The bytes of a JWS signature; the caller has to know whether key and algorithm fit.
sub sign {
    my ($key, $alg, $text, %opt) = @_;
    my ($bits) = $alg =~ /(\d+)/;
    return Digest::SHA->can("hmac_sha$bits")->($text, $key->{secret}) if $key->{type} eq 'oct';
    return $key->{pk}->sign_message($text, "SHA$bits", 'v1.5') if $alg =~ /^RS/;
    return $key->{pk}->sign_message($text, "SHA$bits", 'pss', $opt{salt} // $bits / 8) if $alg =~ /^PS/;
    return $key->{pk}->sign_message_rfc7518($text, "SHA$bits") if $alg =~ /^ES/;
    return $key->{pk}->sign_message($text) if $key->{pk};
    return ed448_sign($key, $text);
}

sub ed448_sign {
    my ($key, $text) = @_;
    open my $fh, '>:raw', "$key->{dir}/text" or die "$key->{dir}/text: $!";
    print {$fh} $text;
    close $fh or die "$key->{dir}/text: $!";
    return openssl('pkeyutl', '-sign', '-rawin', '-inkey', $key->{file}, '-in', "$key->{dir}/text");
}

# ---- tokens

# A token as Crypt::JWT makes it.
sub mint {
    my ($key, $alg, $claims, $header) = @_;
    return compact($json->encode({ %$header, alg => $alg }), $json->encode($claims), $key, $alg)
        if $key->{type} eq 'Ed448';
    return Crypt::JWT::encode_jwt(payload => {%$claims}, key => $key->{pk} // $key->{secret}, alg => $alg,
        extra_headers => {%$header});
}

# The text of an object of [name => text, ...], with changes: name => text, or undef to leave it out.
sub object {
    my ($members, %change) = @_;
    my ($text, %seen) = ('');
    my @all = (@$members, map { ($_ => $change{$_}) } sort keys %change);
    while (my ($name, $value) = splice @all, 0, 2) {
        next if $seen{$name}++;
        $value = $change{$name} if exists $change{$name};
        $text .= ($text eq '' ? '' : ',') . qq("$name":$value) if defined $value;
    }
    return "{$text}";
}

# A token with any two texts as header and claims.
sub compact {
    my ($header, $claims, $key, $alg) = @_;
    return signed_parts(b64($header), b64($claims), $key, $alg);
}

# A token with any two encoded parts.
sub signed_parts {
    my ($header, $claims, $key, $alg) = @_;
    return "$header.$claims." . b64(sign($key, $alg, "$header.$claims"));
}

1;

__END__

=head1 NAME

EIAM::Jwt - keys, key sets and signed tokens, right and wrong

=head1 SYNOPSIS

    my $key = new_key('RSA', 2048);    # P-256, P-384, P-521, secp256k1, Ed25519, Ed448, oct
    my $set = { keys => [ public_jwk($key, kid => 'a', use => 'sig') ] };
    my $token = mint($key, 'PS256', { iss => 'https://as', exp => time + 60 }, { kid => 'a' });

    my $text = object([ iss => '"https://as"', exp => 1 ], exp => '1e400', nbf => undef);
    my $odd = compact('{"alg":"RS256"}', $text, $key, 'RS256');

=head1 DESCRIPTION

A key is a hash: C<type>, C<alg> (a usual algorithm of it), C<pk> (a CryptX key), C<secret>
(bytes) or C<file> (Ed448, by the openssl command). C<mint> leaves the token to
Crypt::JWT; C<compact(header, claims, key, algorithm)> signs any two texts,
C<signed_parts> any two encoded parts, C<sign> gives the signature's bytes.
C<certified_key> is a new key and its self-signed certificate.
C<object> writes JSON that need not be right: its values are texts.

=cut
