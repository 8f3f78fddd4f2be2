#!/usr/bin/perl
# Tokens as well-known providers issue them, with the recipes of docs/TOKENS.md; several issuers at one location;
# tokens without "aud"; which claims contain the scopes.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Test::More;
use EIAM::Jwt qw(new_key public_jwk mint);
use EIAM::Test;

my $key = new_key('Ed25519');
my $proxy = 'proxy_pass http://%ECHO%;';
my ($now, $json) = (int time, JSON::PP->new->canonical);

# ---------------------------------------------------------------- tokens of providers

my @times = (iat => $now - 60, nbf => $now - 60, exp => $now + 3600);
my ($guid, $user) = ('2d4d11a2-f814-46a7-890a-274a72a7309e', 'AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ');

# What replaces the words in capitals of the recipes.
my %word = (HOST => 'as.example', REALM => 'company', TENANT => 'contoso', SERVER => 'default', API => 'https://gate.example/api',
    CLIENT => 'gate', REGION => 'eu-west-1', POOL => 'eu-west-1_Ex4mpLe', PROJECT => '112233445566', INSTANCE => 'acme',
    ENVIRONMENT => $guid, EMAIL => 'crm@company.iam.gserviceaccount.com', ID => $guid);

# provider => application, scopes as the backend is told, header, claims
my %tokens = (
    'Keycloak, scopes' => [ 'crm', 'org_read', { typ => 'JWT' }, {
        iss => 'https://as.example/realms/company', aud => [ $word{API}, 'account' ], typ => 'Bearer', azp => 'crm',
        sub => $guid, acr => '1', 'allowed-origins' => ['/*'], realm_access => { roles => [ 'org_all', 'offline_access' ] },
        resource_access => { account => { roles => ['manage-account'] } }, scope => 'profile email org_read',
        email_verified => JSON::PP::false, clientHost => '10.0.0.1', client_id => 'crm',
        preferred_username => 'service-account-crm', clientAddress => '10.0.0.1' } ],
    'Keycloak, roles of the realm' => [ 'crm', 'org_read', { typ => 'JWT' }, {
        iss => 'https://as.example/realms/company', aud => $word{API}, typ => 'Bearer', azp => 'crm', sub => $guid,
        realm_access => { roles => [ 'default-roles-company', 'org_read', 'uma_authorization' ] },
        scope => 'profile email org_all' } ],
    'Keycloak, roles of a client' => [ 'crm', 'org_read', { typ => 'JWT' }, {
        iss => 'https://as.example/realms/company', aud => [ $word{API}, 'gate' ], typ => 'Bearer', azp => 'crm', sub => $guid,
        realm_access => { roles => ['org_all'] }, scope => 'profile email',
        resource_access => { account => { roles => ['org_all'] }, gate => { roles => ['org_read'] } } } ],
    'Entra ID, version 2, delegated permissions' => [ 'crm', 'org_read', { typ => 'JWT' }, {
        aud => $guid, iss => 'https://login.microsoftonline.com/contoso/v2.0', azp => 'crm', azpacr => '1', aio => 'ATQAy/8TAAAA',
        name => 'Anna', oid => $guid, preferred_username => 'anna@contoso.example', rh => '0.AX0A', scp => 'org_read profile',
        roles => ['org_all'], sub => $user, tid => $guid, uti => 'fqi', ver => '2.0' } ],
    'Entra ID, version 2, application permissions' => [ 'crm', 'org_all', { typ => 'JWT' }, {
        aud => $guid, iss => 'https://login.microsoftonline.com/contoso/v2.0', azp => 'crm', azpacr => '1', oid => $guid,
        roles => ['org_all'], sub => $guid, tid => $guid, idtyp => 'app', ver => '2.0' } ],
    'Entra ID, version 1, delegated permissions' => [ 'crm', 'org_read', { typ => 'JWT' }, {
        aud => "api://$guid", iss => 'https://sts.windows.net/contoso/', acr => '1', amr => ['pwd'], appid => 'crm', appidacr => '1',
        ipaddr => '192.0.2.1', oid => $guid, scp => 'org_read', sub => $user, tid => $guid, upn => 'anna@contoso.example', ver => '1.0' } ],
    'Entra ID, version 1, application permissions' => [ 'crm', 'org_all', { typ => 'JWT' }, {
        aud => "api://$guid", iss => 'https://sts.windows.net/contoso/', appid => 'crm', appidacr => '1', idp => 'https://sts.windows.net/contoso/',
        oid => $guid, roles => ['org_all'], sub => $guid, tid => $guid, ver => '1.0' } ],
    'Okta, custom authorization server' => [ 'crm', 'org_read org_all', {}, {
        ver => 1, jti => 'AT.0mP4', iss => 'https://contoso.okta.com/oauth2/default', aud => $word{API}, cid => 'crm', uid => '00u1',
        scp => [ 'openid', 'org_read', 'org_all' ], auth_time => $now - 90, sub => 'anna@contoso.example' } ],
    'Auth0, scopes' => [ 'crm', 'org_read', { typ => 'JWT' }, {
        iss => 'https://contoso.auth0.com/', sub => 'crm@clients', aud => $word{API}, azp => 'crm', gty => 'client-credentials',
        scope => 'org_read' } ],
    'Auth0, permissions (RBAC)' => [ 'crm', 'org_read', { typ => 'JWT' }, {
        iss => 'https://contoso.auth0.com/', sub => 'auth0|5f1', aud => [ $word{API}, 'https://contoso.auth0.com/userinfo' ],
        azp => 'crm', scope => 'openid profile org_all', permissions => ['org_read'] } ],
    'Amazon Cognito' => [ 'crm', 'gate/org_read', {}, {
        sub => 'crm', token_use => 'access', scope => 'gate/org_read gate/x', auth_time => $now - 60, version => 2, jti => $guid,
        iss => 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Ex4mpLe', client_id => 'crm' } ],
    'Zitadel' => [ 'crm', 'org_read', { typ => 'JWT' }, {
        iss => 'https://acme.zitadel.cloud', sub => '163840776801878273', aud => [ 'crm', '112233445566' ], jti => 'V2_1', client_id => 'crm',
        permissions => ['org_read'], 'urn:zitadel:iam:org:project:roles' => { org_all => { 1 => 'acme.zitadel.cloud' } } } ],
    'Google, ID token of a service account' => [ 'crm@company.iam.gserviceaccount.com', '', { typ => 'JWT' }, {
        iss => 'https://accounts.google.com', aud => $word{API}, azp => '1098765', email => 'crm@company.iam.gserviceaccount.com',
        email_verified => JSON::PP::true, sub => '1098765' } ],
    'Google, signed by a service account itself' => [ 'crm@company.iam.gserviceaccount.com', 'org_read', { typ => 'JWT' }, {
        iss => 'crm@company.iam.gserviceaccount.com', sub => 'crm@company.iam.gserviceaccount.com', aud => $word{API}, scope => 'org_read' } ],
    'PingFederate' => [ 'crm', 'org_read', {}, {
        scope => [ 'org_read', 'profile' ], client_id => 'crm', iss => 'https://as.example', aud => $word{API}, jti => 'a1' } ],
    'PingOne' => [ 'crm', 'org_read', {}, {
        client_id => 'crm', iss => "https://auth.pingone.com/$guid/as", aud => [ $word{API} ], scope => 'org_read', env => $guid, org => $guid,
        jti => $guid, 'p1.rid' => $guid } ],
    'Duende IdentityServer' => [ 'crm', 'org_read', { typ => 'at+jwt' }, {
        iss => 'https://as.example', aud => $word{API}, scope => [ 'org_read', 'offline_access' ], client_id => 'crm', jti => 'B7' } ],
    'Alibaba Cloud IDaaS' => [ 'crm', 'org_read', { typ => 'JWT' }, {
        iss => 'https://acme.aliyunidaas.com/api/v2/iauths_system/oauth2', aud => $word{API}, sub => 'crm', client_id => 'crm',
        jti => 'ATK1', scope => 'org_read' } ],
);

# [ provider, issuer, audience, further directives ] from the table of recipes.
sub recipes {
    my ($table) = slurp(top_dir() . '/docs/TOKENS.md') =~ /\| provider \| `eiam_jwt_issuer`.*\n\|[-|]+\n((?:\|.*\n)+)/
        or die "docs/TOKENS.md has no recipes\n";
    my $words = join '|', map { quotemeta } sort keys %word;
    return map {
        my @column = map { s/^ +| +$//gr } split /\|/;
        my $filled = sub { join ' ', map { s/\b($words)\b/$word{$1}/gr } $_[0] =~ /`([^`]+)`/g };
        [ $column[1], $filled->($column[2]), $filled->($column[4]), $filled->($column[5]) ];
    } split /\n/, $table;
}

my @recipes = recipes();
my $n = 0;
my $locations = join '', map {
    "location = /api/p" . $n++ . " { eiam on; eiam_jwt_issuer $_->[1]; eiam_jwt_audience $_->[2]; $_->[3] $proxy }\n"
} @recipes;

my $any = [ 'org_read', 'org_all', 'gate/org_read' ];
my $policy = policy('/api', map { ("GET /$_" => $any) } (map { "p$_" } 0 .. $#recipes), qw(one two none scopes nested limit));

my %files = ('policy.json' => $policy, 'keys.json' => { keys => [ public_jwk($key, kid => 'k') ] },
    'apps.json' => applications({ id => 'crm', permissions => [ 'org_read', 'org_all', 'gate/org_read' ] }));

my $gate = nginx(files => \%files, server => qq{
    eiam_policy policy.json;
    eiam_jwks keys.json;
    eiam_jwt_issuer https://one;
    eiam_jwt_audience api;
    add_header X-Cache \$eiam_cache always;
    $locations
    location = /api/one { eiam on; $proxy }
    location = /api/two { eiam on; eiam_jwt_issuer https://one https://two "a b"; $proxy }
    location = /api/none { eiam on; eiam_jwt_audience off; $proxy }
    location = /api/scopes { eiam on; eiam_jwt_scopes permissions scope; $proxy }
    location = /api/nested { eiam on; eiam_jwt_scopes /a/b/0 /a~1b; $proxy }
    location = /api/limit { eiam on; eiam_applications apps.json; eiam_jwt_audience off; $proxy }
})->start;

sub token {
    my ($header, %claims) = @_;
    return mint($key, 'EdDSA', { @times, %claims }, { kid => 'k', %$header });
}

# "application|scopes" as the backend was told, or the reason of the refusal; then the cache.
sub outcome {
    my ($name, $token) = @_;
    my $res = get($gate, "/api/$name", token => $token);
    my %reason = map { ('GATEWAY.' . $EIAM::Test::REFUSAL{$_}[1] => $_) } keys %EIAM::Test::REFUSAL;
    my $is = $res->{status} != 200 ? $reason{ $res->{json}{error_code} }
        : join '|', map { join ',', received($res, "X-EIAM-$_") } qw(Application Scopes);
    return ($is, $res->{headers}{'x-cache'});
}

subtest '2.6-1: each recipe of the documentation, with a token of its provider' => sub {
    is_deeply [ map { $_->[0] } @recipes ], [ sort { lc $a cmp lc $b } map { $_->[0] } @recipes ], 'they are sorted';
    is_deeply [ sort map { $_->[0] } @recipes ], [ sort keys %tokens ], 'each has a token here';
    for my $i (0 .. $#recipes) {
        my ($application, $scopes, $header, $claims) = @{ $tokens{ $recipes[$i][0] } // next };
        my $expected = $scopes eq '' ? 'scope_insufficient' : "$application|$scopes";
        is((outcome("p$i", token($header, %$claims)))[0], $expected, "$recipes[$i][0]: $expected");
        is((outcome("p$i", token($header, %$claims, iss => 'https://evil.example')))[0], 'token_invalid', '  of no other issuer');
        is((outcome("p$i", token($header, %$claims, aud => 'other')))[0], 'token_invalid', '  for nobody else');
    }
};

my %good = (iss => 'https://one', aud => 'api', client_id => 'crm', scope => 'org_read');

sub is_outcome {
    my ($name, $claims, $expected, $title) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my %claims = (%good, %$claims);
    delete @claims{ grep { ref $claims{$_} eq 'CODE' } keys %claims };
    return is((outcome($name, token({}, %claims)))[0], $expected, $title);
}

my $absent = sub { };

subtest '2.6-1: with eiam_jwt_audience off only tokens without an audience pass' => sub {
    is_outcome(none => { aud => $absent }, 'crm|org_read', 'without aud');
    is_outcome(none => { aud => undef }, 'crm|org_read', 'null is none');
    is_outcome(none => { aud => $_ }, 'token_invalid', 'aud ' . $json->allow_nonref->encode($_))
        for 'api', 'off', '', [], ['api'], [undef], {}, 0, JSON::PP::false;
    is_outcome(one => { aud => $absent }, 'token_invalid', 'elsewhere one is needed');
    is_outcome(limit => { aud => $absent, client_id => $absent, username => 'crm', sub => 'crm' }, 'token_invalid',
        'with an applications file a token that names no application is refused');
    is_outcome(limit => { aud => $absent }, 'crm|org_read', '  and one that does is not');
};

subtest '2.6-1: the first claim of eiam_jwt_scopes that is there holds the scopes' => sub {
    is_outcome(scopes => { permissions => ['org_all'] }, 'crm|org_all', 'the first');
    is_outcome(scopes => { permissions => 'org_all x' }, 'crm|org_all', '  as a string');
    is_outcome(scopes => {}, 'crm|org_read', 'the second, if there is no first');
    is_outcome(scopes => { permissions => undef }, 'crm|org_read', '  or it is null');
    is_outcome(scopes => { permissions => $_ }, 'scope_insufficient', 'an empty one counts: ' . $json->encode($_)) for [], '', [''];
    is_outcome(scopes => { permissions => $_ }, 'token_invalid', 'a wrong one is refused: ' . $json->encode($_))
        for ['org_read org_all'], [' org_read'], ['org_read '], [' '], [undef], [1], [ [] ], {}, { org_read => 1 }, 1, JSON::PP::true;
    is_outcome(scopes => { permissions => ['org_all'], scope => {} }, 'crm|org_all', 'those behind it may say anything');
    is_outcome(scopes => { scope => $absent, scp => ['org_all'] }, 'scope_insufficient', 'claims that are not named hold none');
    is_outcome(one => { scope => [ 'org_read', 'openid' ] }, 'crm|org_read', 'by default scope, also as an array');
    is_outcome(one => { scope => ['org_read org_all'] }, 'token_invalid', '  without a space in a word');
    is_outcome(one => { permissions => ['org_all'], roles => ['org_all'] }, 'crm|org_read', '  and no other claim');
};

subtest '2.6-1: scopes behind a JSON pointer' => sub {
    is_outcome(nested => { a => { b => [ [ 'org_all', 'x' ] ] } }, 'crm|org_all', 'an array in an array');
    is_outcome(nested => { a => { b => [ 'org_all x', 'org_read' ] } }, 'crm|org_all', 'a string in an array');
    is_outcome(nested => { 'a/b' => 'org_read' }, 'crm|org_read', 'an escaped slash, if the first is not there');
    is_outcome(nested => { a => $_, 'a/b' => 'org_read' }, 'crm|org_read', 'the first is not there: ' . $json->encode($_))
        for {}, { b => [] }, { b => [undef] }, { b => undef };
    is_outcome(nested => { a => $_, 'a/b' => 'org_read' }, 'token_invalid', 'the way leads through a value: ' . $json->encode($_))
        for 'b', 1, { b => 'org_read' }, [ {} ];
};

subtest '2.6-2: several issuers in one location' => sub {
    my ($one, $two) = map { token({}, %good, iss => $_) } 'https://one', 'https://two';
    is join(' ', outcome('one', $one)), 'crm|org_read MISS', 'where one is named, its token passes';
    is join(' ', outcome('one', $two)), 'token_invalid MISS', '  and that of another does not';
    is join(' ', outcome('two', $one)), 'crm|org_read MISS', 'where both are, one passes, and is verified anew';
    is join(' ', outcome('two', $two)), 'crm|org_read MISS', '  and so does the other';
    is join(' ', outcome('two', $two)), 'crm|org_read HIT', '  which is remembered';
    is join(' ', outcome('one', $two)), 'token_invalid HIT', '  but does not count where only one is named';
    is_outcome(two => { iss => 'a b' }, 'crm|org_read', 'one with a space');
    is_outcome(two => { iss => $_ }, 'token_invalid', 'iss ' . $json->encode($_))
        for 'a', 'b', 'https://one https://two', 'https://on', 'https://two/', '', [], ['https://one'], undef, 1;
};

subtest '2.6-2: terms that differ only in how they are cut into words do not share grants' => sub {
    my $token = token({}, %good, iss => 'a b');
    my @terms = ('eiam_jwt_issuer "a b"; eiam_jwt_audience api;', 'eiam_jwt_issuer a b; eiam_jwt_audience api;',
        'eiam_jwt_issuer "a b"; eiam_jwt_audience api; eiam_jwt_scopes permissions;',
        'eiam_jwt_issuer "a b"; eiam_jwt_audience api; eiam_jwt_application scope; eiam_jwt_scopes client_id;');
    my $gate = nginx(files => { 'keys.json' => $files{'keys.json'}, 'policy.json' => policy('/api', map { ("GET /$_" => ['org_read']) } 0 .. $#terms) },
        server => 'eiam_policy policy.json; eiam_jwks keys.json;'
            . join '', map { "location = /api/$_ { eiam on; $terms[$_] $proxy }" } 0 .. $#terms)->start;
    is join(' ', map { get($gate, "/api/$_", token => $token)->{status} } 0 .. $#terms, 0 .. $#terms), '200 401 403 403 200 401 403 403',
        'each decides for itself';
};

subtest '2.6-1: names that are wrong' => sub {
    for my $name (qw(eiam_jwt_scopes eiam_jwt_application)) {
        bad_config("$name $_->[0]", { files => \%files, server => "$name $_->[0];" }, qr/\[emerg\] .*$_->[1]/)
            for [ '/a~', '"/a~" is neither the name of a claim nor a JSON pointer' ], [ '""', '"" is neither' ],
                [ 'scope scope', 'claim "scope" is named twice' ];
    }
};

done_testing;
