package EIAM::Glewlwyd;

# Debian's glewlwyd with its OpenID Connect plugin, set up by its own REST API.

use strict;
use warnings;

use parent 'EIAM::AuthorizationServer';

use EIAM::Client ();
use EIAM::Nginx qw(slurp);
use JSON::PP ();

# The password of a fresh database.
use constant {
    SCHEMA => '/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3',
    LIFE => 3600,
    API => 'https://api.example',
    ADMINISTRATOR => { username => 'admin', password => 'password' },
};

my ($true, $false) = (JSON::PP::true, JSON::PP::false);
my $json = JSON::PP->new->utf8->canonical;

my %scopes_of = (
    gateway   => ['introspect'],
    'hr-sync' => [qw(org_all org_read user_all user_read)],
    crm       => [qw(app_org_all account_all)],
);

# Why it cannot be tried here, or nothing: Debian has none after release 13. Where Debian has it, it must be installed.
sub lacking {
    my ($release) = slurp('/etc/debian_version') =~ /^(\S+)/;
    return if -e SCHEMA || $release =~ /^1[23]\b/;
    return "Debian $release has no glewlwyd";
}

sub _install {
    my ($self) = @_;
    my $dir = $self->{dir};
    -e SCHEMA or die "no glewlwyd: install glewlwyd and dbconfig-sqlite3\n";
    _run("sqlite3 '$dir/database' <" . SCHEMA);
    _run("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out '$dir/key'");
    _run("openssl pkey -in '$dir/key' -pubout -out '$dir/public'");
    return;
}

sub _run {
    my ($command) = @_;
    return system("$command >&2") == 0 ? 1 : die "failed: $command\n";
}

sub _command {
    my ($self) = @_;
    my ($dir, $port) = @$self{qw(dir port)};
    open my $out, '>', "$dir/conf" or die "$dir/conf: $!\n";
    print {$out} <<"END";
port = $port
bind_address = "127.0.0.1"
external_url = "http://127.0.0.1:$port"
api_prefix = "api"
log_mode = "console"
log_level = "INFO"
cookie_domain = "127.0.0.1"
session_expiration = 3600
user_module_path = "/usr/lib/glewlwyd/user"
client_module_path = "/usr/lib/glewlwyd/client"
user_auth_scheme_module_path = "/usr/lib/glewlwyd/scheme"
plugin_module_path = "/usr/lib/glewlwyd/plugin"
hash_algorithm = "SHA512"
database = { type = "sqlite3"; path = "$dir/database"; };
END
    close $out or die "$dir/conf: $!\n";
    return ('glewlwyd', '--config-file', "$dir/conf");
}

sub _says_ready { return qr/Glewlwyd started on port/ }

sub _ready {
    my ($self) = @_;
    my $res = $self->_call(POST => '/auth/', ADMINISTRATOR);
    ($self->{cookie}) = ($res->{headers}{'set-cookie'} // '') =~ /^([^;]+)/;
    $self->_call(POST => '/mod/plugin/', $self->_plugin);
    my %scopes = map { ($_ => 1) } map { @$_ } values %scopes_of;
    $self->_call(POST => '/scope/', { name => $_, password_required => $false })
        for sort keys %scopes;
    $self->_call(POST => '/client/', $self->_client($_)) for sort keys %scopes_of;
    $self->{gateway} = $self->token('gateway', 'introspect');
    return $self;
}

sub _plugin {
    my ($self) = @_;
    return {
        module => 'oidc', name => 'oidc', display_name => 'OIDC',
        parameters => {
            iss => $self->issuer,
            'jwt-type' => 'ecdsa', 'jwt-key-size' => '256',
            key => slurp("$self->{dir}/key"), cert => slurp("$self->{dir}/public"),
            (map { ("$_-duration" => LIFE) } qw(access-token refresh-token code)),
            'refresh-token-rolling' => $false, 'allow-non-oidc' => $true,
            'subject-type' => 'public',
            'session-cookie-name' => 'session', 'session-cookie-expiration' => 1,
            (map { ("auth-type-$_-enabled" => $false) }
                qw(code token implicit password device none refresh)),
            'auth-type-client-enabled' => $true,
            'resource-allowed' => $true,
            'resource-scope' => { map { ($_ => [API]) } qw(org_all org_read) },
            'introspection-revocation-allowed' => $true,
            'introspection-revocation-auth-scope' => ['introspect'],
            'introspection-revocation-allow-target-client' => $true,
        },
    };
}

sub _client {
    my ($self, $client) = @_;
    return {
        client_id => $client, name => $client, enabled => $true, confidential => $true,
        password => $self->_secret($client), client_secret => $self->_secret($client),
        authorization_type => ['client_credentials'],
        token_endpoint_auth_method => ['client_secret_basic'],
        scope => $scopes_of{$client},
    };
}

sub _call {
    my ($self, $method, $path, $body) = @_;
    my @cookie = $self->{cookie} ? "Cookie: $self->{cookie}" : ();
    my $res = EIAM::Client::get($self, "/api$path", method => $method,
        body => $json->encode($body), headers => [ 'Content-Type: application/json', @cookie ]);
    return $res if $res->{status} == 200;
    die "glewlwyd: $method $path: $res->{status} $res->{body}\n", $self->said;
}

sub _secret { return "$_[1]-secret-of-many-octets" }

sub _token_path        { return '/api/oidc/token' }
sub _revocation_path   { return '/api/oidc/revoke' }
sub introspection_path { return '/api/oidc/introspect' }
sub keys_path          { return '/api/oidc/jwks' }

sub issuer { return 'http://' . $_[0]->address . '/api/oidc' }

sub credentials { return "Bearer $_[0]{gateway}" }

# All tokens have the same lifetime, that of the gate's own token too, so one of them is made older.
sub expire_in {
    my ($self, $token, $seconds) = @_;
    my ($jti, $issued) = ($self->introspect($token)->{jti}, time + $seconds - LIFE);
    _run("sqlite3 -cmd '.timeout 10000' '$self->{dir}/database'"
        . qq{ "UPDATE gpo_access_token SET gpoa_issued_at = $issued WHERE gpoa_jti = '$jti'"});
    return;
}

1;

__END__

=head1 NAME

EIAM::Glewlwyd - Debian's glewlwyd: its tokens can be introspected, the gate has a Bearer token

=head1 DESCRIPTION

See L<EIAM::AuthorizationServer>. Its tokens are JWTs, which it keeps in SQLite:
it knows them after a restart. Their audience is the C<resource> that is asked for,
C<https://api.example>, else the scopes. C<expire_in(token, seconds)> brings the
end of a token's life nearer. Nothing of the system's own glewlwyd is used but the
programs. Needs Debian's glewlwyd, sqlite3 and openssl.

=cut
