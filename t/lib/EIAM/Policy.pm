package EIAM::Policy;

# Small policies and applications files for tests.

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use Exporter qw(import);
use JSON::PP ();

our @EXPORT_OK = qw(policy applications);

sub policy {
    my ($base, @operations) = @_;
    my (%paths, %scopes);
    while (my ($key, $security) = splice @operations, 0, 2) {
        my ($method, $path) = split / /, $key, 2;
        my %opt = ref $security eq 'HASH' ? %$security : (scopes => $security);
        my @alternatives = $opt{scopes} eq 'public' ? ()
            : map { { eiam => [ ref $_ ? @$_ : $_ ] } } @{ $opt{scopes} };
        $scopes{$_} = "Scope $_" for map { @{ $_->{eiam} } } @alternatives;
        my @names = $path =~ /\{([^}]+)\}/g;
        $paths{$path}{ lc $method } = {
            operationId => $opt{id} // operation_id($method, $path),
            security    => \@alternatives,
            responses   => { 200 => { description => 'Done' } },
            @names ? (parameters => [ map { parameter($_) } @names ]) : (),
        };
    }
    return {
        openapi => '3.0.3',
        info    => { title => 'Test', version => '1' },
        servers => [ { url => $base } ],
        paths   => \%paths,
        components => { securitySchemes => { eiam => {
            type  => 'oauth2',
            flows => { clientCredentials => { tokenUrl => "$base/token", scopes => \%scopes } },
        } } },
    };
}

sub parameter {
    my ($name) = @_;
    return { name => $name, in => 'path', required => JSON::PP::true,
        schema => { type => 'string' } };
}

# "GET /organizations/{org_id}/org-leader" is getOrganizationsOrgIdOrgLeader.
sub operation_id {
    my ($method, $path) = @_;
    return lc($method) . join '', map { ucfirst } $path =~ /[A-Za-z0-9]+/g;
}

sub applications {
    my (@applications) = @_;
    return { applications => [ map { application(%$_) } @applications ] };
}

sub application {
    my (%app) = @_;
    my @tokens = map { token($_) } @{ delete $app{tokens} // [] };
    my $enabled = delete $app{enabled} // 1;
    return {
        name => $app{id}, permissions => [], %app, tokens => \@tokens,
        enabled => $enabled ? JSON::PP::true : JSON::PP::false,
    };
}

sub token {
    my ($token) = @_;
    my %row = ref $token ? %$token : (token => $token, expires => '2099-01-01T00:00:00Z');
    $row{sha256} //= sha256_hex(delete $row{token});
    return \%row;
}

1;

__END__

=head1 NAME

EIAM::Policy - policies and applications as Perl structures

=head1 SYNOPSIS

    policy('/api/v2/tenant',
        'GET /organizations/{org_id}/org-leader' => ['org_read', 'all'],  # either
        'PUT /organizations/{org_id}' => [['org_read', 'org_write']],     # both
        'POST /token' => 'public',
        'GET /users' => { scopes => ['user_read'], id => 'listUsers' });

    applications(
        { id => 'crm', permissions => ['org_read'], tokens => ['secret-1',
          { token => 'old', expires => '2020-01-01T00:00:00Z' }] },
        { id => 'off', enabled => 0, tokens => ['secret-2'] });

=head1 DESCRIPTION

Both return references, ready to be changed and to be given as C<files> of
C<nginx>. The operationId is made of method and path
(C<getOrganizationsOrgIdOrgLeader>) unless C<id> is given. A token given as plain
text expires in 2099 and is written as its SHA-256 only.

=cut
