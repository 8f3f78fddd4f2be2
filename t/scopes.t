#!/usr/bin/perl
# Scopes: exact words, the limits by the applications file, and what eiam_scope_implies adds.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use EIAM::Jwt qw(mint new_key public_jwk);
use EIAM::Test;
use JSON::PP ();

# One operation for each scope; the one that reads organizations has two alternatives.
my @scopes = qw(org_all org_read org_write user_all user_read user_write org.read org:read ORG_READ a b c d e);
my %files = (
    'policy.json' => policy('/api', (map { ("GET /$_" => [$_]) } grep { !/[.:]/ } @scopes),
        'GET /dot' => ['org.read'], 'GET /colon' => ['org:read'], 'GET /any' => [ [] ],
        'GET /either' => [ 'org_write', 'org_read' ], 'GET /both' => [ [ 'org_read', 'user_read' ] ]),
    'other.json'  => policy('/other', 'GET /z' => ['z'], 'GET /a' => ['a']),
    'apps.json'   => applications(map { {
        id => $_->[0], permissions => $_->[1], tokens => [ $_->[0] ],
    } } (
        [ reader   => ['org_read'] ],
        [ all      => ['org_all'] ],
        [ mixed    => [qw(user_write org_read user_read org_all)] ],
        [ reversed => [qw(org_all user_read org_read user_write)] ],
        [ twice    => [qw(b a b a)] ],
        [ nothing  => [] ],
        [ unknown  => [qw(zzz b missing a)] ],
        [ near     => [ 'org', 'org_rea', 'org_readx', 'Org_Read', 'org_read ', ' org_read', 'org_read org_write', 'ORG' ] ],
        [ joined   => ['org_read,org_write'] ],
        [ upper    => ['ORG_READ'] ],
        [ dot      => ['org.read'] ],
        [ star     => [ '*', 'org_*', '.*' ] ],
        [ chain    => ['a'] ],
        [ end      => ['e'] ],
        [ other    => [qw(z a)] ],
    )),
);

# Gates by name: their implications, in server or location.
my %implies = (
    none       => '',
    direct     => 'eiam_scope_implies org_all org_read org_write;',
    transitive => 'eiam_scope_implies c d; eiam_scope_implies b c; eiam_scope_implies a b;',
    cyclic     => 'eiam_scope_implies a b; eiam_scope_implies b c; eiam_scope_implies c a; eiam_scope_implies e e;',
    several    => 'eiam_scope_implies org_all org_read; eiam_scope_implies org_all org_write; eiam_scope_implies user_write user_read;',
    repeated   => 'eiam_scope_implies org_all org_read org_read; eiam_scope_implies org_all org_read;',
);
my @names = sort keys %implies;
my $n = 0;
my %port = map { ($_ => ++$n) } @names, 'inherited';
my $api = 'location /api/ { proxy_pass http://%ECHO%; }';
my $gate = nginx(files => \%files, conf => qq{
    eiam on;
    eiam_policy %DIR%/policy.json;
    eiam_applications %DIR%/apps.json;
    @{[ map { "server { listen 127.0.0.1:%PORT$port{$_}%; $implies{$_} $api }\n" } @names ]}
    server {
        listen 127.0.0.1:%PORT$port{inherited}%;
        eiam_scope_implies a b c;
        $api
        location /api/any { eiam_scope_implies a d; proxy_pass http://%ECHO%; }
        location /api/b { eiam_scope_implies a d; proxy_pass http://%ECHO%; }
        location /api/d { eiam_scope_implies a d; proxy_pass http://%ECHO%; }
        location /other/ { eiam_policy %DIR%/other.json; proxy_pass http://%ECHO%; }
    }
})->start;

# A row: gate, application, operation, the effective scopes if the call passes, title.
sub row {
    my ($where, $application, $operation, $scopes, $title) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $path = $operation =~ m{^/} ? $operation : "/api/$operation";
    my $res = get($gate, $path, token => $application, port => $gate->port($port{$where}));
    return refused $res, 'scope_insufficient', $title unless defined $scopes;
    return passed $res, $title, application => $application, scopes => $scopes;
}

row @$_ for (
    # exact words
    [ none => reader => 'org_read', 'org_read', 'the very scope permits' ],
    [ none => reader => 'org_write', undef, 'another scope does not' ],
    [ none => all => 'org_read', undef, 'org_all is a scope like any other and includes nothing by itself' ],
    [ none => near => 'org_read', undef, 'a prefix, an extension, another case, a blank or a list is not the scope' ],
    [ none => near => 'ORG_READ', undef, 'nor a mixture of cases' ],
    [ none => near => 'any', '', 'and none of them is a scope at all' ],
    [ none => joined => 'org_read', undef, 'a comma separates nothing' ],
    [ none => upper => 'ORG_READ', 'ORG_READ', 'a scope in capitals is a scope of its own' ],
    [ none => upper => 'org_read', undef, 'and not the one in small letters' ],
    [ none => reader => 'ORG_READ', undef, 'nor the other way round' ],
    [ none => dot => 'dot', 'org.read', 'punctuation belongs to the scope' ],
    [ none => dot => 'colon', undef, 'and tells scopes apart' ],
    [ none => dot => 'org_read', undef, 'a dot is no wildcard' ],
    [ none => star => 'org_read', undef, 'an asterisk is no wildcard' ],
    [ none => star => 'any', '', 'and no scope' ],

    # what the permissions give
    [ none => nothing => 'any', '', 'no permissions are no scopes, which is enough where none is required' ],
    [ none => nothing => 'org_read', undef, 'and not enough elsewhere' ],
    [ none => mixed => 'any', 'user_write org_read user_read org_all', 'scopes keep the order of the permissions' ],
    [ none => reversed => 'any', 'org_all user_read org_read user_write', 'whatever it is' ],
    [ none => twice => 'any', 'b a', 'a permission that occurs twice is one scope' ],
    [ none => unknown => 'any', 'b a', 'permissions that no policy declares are left out' ],
    [ none => mixed => 'either', 'user_write org_read user_read org_all', 'one alternative is enough' ],
    [ none => mixed => 'both', 'user_write org_read user_read org_all', 'both scopes together' ],
    [ none => reader => 'both', undef, 'one of both is not' ],
    [ none => reader => 'user_read', undef, 'a static token has no more than the permissions' ],

    # implications
    [ direct => all => 'org_read', 'org_all org_read org_write', 'a scope includes what the directive says' ],
    [ direct => all => 'org_write', 'org_all org_read org_write', 'all of it' ],
    [ direct => all => 'user_read', undef, 'and nothing else' ],
    [ direct => reader => 'org_all', undef, 'not the other way round' ],
    [ direct => reader => 'org_write', undef, 'nor sideways' ],
    [ direct => reversed => 'any', 'org_all user_read org_read user_write org_write',
        'implied scopes follow the permissions' ],
    [ direct => upper => 'org_read', undef, 'a scope in another case implies nothing' ],
    [ transitive => chain => 'd', 'a b c d', 'implications are transitive, in whatever order they stand' ],
    [ transitive => twice => 'any', 'b a c d', 'from wherever they start' ],
    [ transitive => end => 'any', 'e', 'what stands outside stays outside' ],
    [ cyclic => chain => 'c', 'a b c', 'a cycle ends' ],
    [ cyclic => end => 'any', 'e', 'a scope may include itself' ],
    [ cyclic => end => 'a', undef, 'which adds nothing' ],
    [ several => all => 'org_write', 'org_all org_read org_write', 'directives for one scope add up' ],
    [ several => all => 'user_read', undef, 'and stay apart for others' ],
    [ several => mixed => 'user_read', 'user_write org_read user_read org_all org_write',
        'implications of several permissions' ],
    [ several => all => 'either', 'org_all org_read org_write', 'an implied scope serves an alternative' ],
    [ several => all => 'both', undef, 'a missing scope is missing beside implied ones' ],
    [ repeated => all => 'org_read', 'org_all org_read', 'saying it again changes nothing' ],

    # inheritance
    [ inherited => chain => 'c', 'a b c', "the server's implications hold in a location without any" ],
    [ inherited => chain => 'any', 'a d', "a location's own replace them" ],
    [ inherited => chain => 'd', 'a d', 'and hold' ],
    [ inherited => chain => 'b', undef, 'and the replaced ones do not' ],

    # several policies
    [ inherited => other => '/other/z', 'z a b c', 'scopes of another policy are scopes too' ],
    [ inherited => other => 'a', 'z a b c', 'in the gates of both' ],
    [ none => other => 'any', 'z a', 'scopes of other policies are told to the backend' ],
);

my $challenge = get($gate, '/api/both', token => 'reader', port => $gate->port($port{none}));
is $challenge->{headers}{'www-authenticate'},
    'Bearer realm="eiam", error="insufficient_scope", scope="org_read user_read"',
    'the challenge names what is required, not what is missing';

# ---- what tokens bring: many texts, and the same ones again, of several applications

my @letters = ('a' .. 'l');
my $key = new_key('Ed25519');
my %may = (first => [qw(f a c e)], second => [ 'g' .. 'l', 'a' ]);
my $tokens = nginx(
    files => {
        'policy.json' => policy('/api', map { ("GET /$_" => [$_]) } @letters, 'any'),
        'apps.json'   => applications(map { { id => $_, permissions => [ @{ $may{$_} }, 'any' ] } } sort keys %may),
        'keys.json'   => JSON::PP->new->encode({ keys => [ public_jwk($key, kid => '1') ] }),
    },
    server => q{
        eiam on; eiam_policy %DIR%/policy.json; eiam_jwks %DIR%/keys.json;
        eiam_jwt_issuer https://as; eiam_jwt_audience https://gate; eiam_cache_valid 1h;
        location /api/ { eiam_applications %DIR%/apps.json; proxy_pass http://%ECHO%; }
        location /api/any { eiam_scope_implies b k d; proxy_pass http://%ECHO%; }
    })->start;

# In the order of the text, then the implied ones in the order of the policy.
sub effective {
    my ($text, $application, $implied) = @_;
    my (%seen, %allowed);
    my @words = grep { !$seen{$_}++ } split / /, $text;
    push @words, grep { $seen{b} && !$seen{$_}++ } qw(d k) if $implied;
    return join ' ', @words if $implied;
    @allowed{ @{ $may{$application} }, 'any' } = ();
    return join ' ', grep { exists $allowed{$_} } @words;
}

srand 7;
my @texts = map { join ' ', 'any', map { $letters[ rand @letters ] } 1 .. 1 + rand(rand() < 0.1 ? 200 : 6) } 1 .. 250;
my (%wrong, $asked);
for my $text (@texts, reverse @texts) {
    for my $application (sort keys %may) {
        my $token = mint($key, 'EdDSA', {
            iss => 'https://as', aud => 'https://gate', exp => time + 600, client_id => $application,
            sub => 'x', scope => $text, jti => $asked++,
        }, { typ => 'at+jwt', kid => '1' });
        for my $where (qw(any a)) {
            my $expected = effective($text, $application, $where eq 'any');
            my $res = get($tokens, "/api/$where", token => $token);
            my $status = $where eq 'any' || $expected =~ /\ba\b/ ? 200 : 403;
            my ($got) = $res->{status} == 200 ? received($res, 'X-EIAM-Scopes') : $expected;
            $wrong{"$where, $application, $text: $got"} = $expected if $res->{status} != $status || $got ne $expected;
        }
    }
}
is_deeply \%wrong, {}, "a text of scopes means what it does, whoever brought it before ($asked tokens)";

done_testing;
