#!/usr/bin/perl
# Every way an OpenAPI document can be broken: nginx -t names the file, the place and the reason.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Test::More;
use EIAM::Test;

my $json = JSON::PP->new->ascii->canonical->pretty;
my $gate = nginx(server => 'location /api/ { eiam on; eiam_policy %DIR%/policy.json; }');
my @said;

# ---------------------------------------------------------------- the good document and its changes

sub flows { return { flows => { clientCredentials => { tokenUrl => '/t', scopes => { @_ } } } } }

sub good {
    return {
        openapi => '3.0.3',
        info    => { title => 'Test', version => '1' },
        servers => [ { url => 'https://host/api' } ],
        components => { securitySchemes => {
            eiam   => { type => 'oauth2', %{ flows(user_read => '', user_write => '') } },
            key    => { type => 'apiKey', name => 'X-Key', in => 'header' },
            basic  => { type => 'http', scheme => 'basic' },
            bearer => { type => 'http', scheme => 'Bearer' },
            oidc   => { type => 'openIdConnect', openIdConnectUrl => 'https://host/openid' },
        } },
        paths => {
            '/users'      => { get => operation('listUsers', 'user_read') },
            '/users/{id}' => { get => operation('getUser', 'user_read'),
                               put => operation('putUser', 'user_write') },
        },
    };
}

sub operation {
    my ($id, @scopes) = @_;
    return { operationId => $id, security => [ { eiam => \@scopes } ], responses => {} };
}

# Sets the value at a path of keys, or removes it if no value is given.
sub set {
    my ($way, @value) = @_;
    return sub {
        my ($place, @way) = (@_, split / /, $way);
        my $last = pop @way;
        $place = ref $place eq 'ARRAY' ? $place->[$_] : $place->{$_} for @way;
        return @value ? $place->[$last] = $value[0] : splice @$place, $last, 1
            if ref $place eq 'ARRAY';
        return @value ? $place->{$last} = $value[0] : delete $place->{$last};
    };
}

sub url       { my ($url, @more) = @_; return set('servers 0', { url => $url, @more }) }
sub scheme    { return set('components securitySchemes eiam', $_[0]) }
sub scope     { return scheme({ type => 'oauth2', %{ flows($_[0] => '') } }) }
sub requires  { return set('paths /users get security', $_[0]) }
sub id        { return set('paths /users get operationId', $_[0]) }
sub path      { return both(set('paths', { $_[0] => { get => operation('a') } })) }
sub item      { return set('paths /users', $_[0]) }
sub reference { return item({ '$ref' => $_[0] }) }
sub version31 { return both(set('openapi', '3.1.0'), @_) }

sub both {
    my (@changes) = @_;
    return sub { $_->($_[0]) for @changes };
}

sub written {
    my ($change) = @_;
    my $text = $change;
    if (ref $change) {
        my $document = good();
        $change->($document);
        $text = $json->encode($document);
    }
    $gate->write_file('policy.json', $text);
    return $gate->check;
}

sub broken {
    my ($title, $change, $place, $reason) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    push @said, $reason;
    s/([\x00-\x1f\x7f])/sprintf '\\x%02X', ord $1/ge for $place, $reason;
    my ($code, $text) = written($change);
    my $expected = qr{\[emerg\] \d+#\d+: eiam_policy: "\Q@{[ $gate->dir ]}\E/policy\.json": \Q$place: $reason\E}
        . qr{(?: \(did you mean "[^"]*"\?\))?; set in \Q@{[ $gate->dir ]}\E/nginx\.conf:};
    ok $code == 1 && $text =~ $expected, "refused: $title"
        or diag "exit code $code, expected $expected\n$text";
    return;
}

sub accepted {
    my ($title, $change) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($code, $text) = written($change);
    ok $code == 0, "accepted: $title" or diag $text;
    return;
}

# ---------------------------------------------------------------- JSON

my $start = '[\' or \'{\' expected near';
broken @$_ for (
    [ 'an empty file', '', 'line 1 column 0', "'$start end of file" ],
    [ 'a file of blanks', " \n ", 'line 2 column 1', "'$start end of file" ],
    [ 'a number for a document', '1', 'line 1 column 1', "'$start '1'" ],
    [ 'a string for a document', '"x"', 'line 1 column 3', "'$start '\"x\"'" ],
    [ 'null for a document', 'null', 'line 1 column 4', "'$start 'null'" ],
    [ 'a document of one member in YAML', "openapi: 3.0.3\n", '#', 'has no "paths"' ],
    [ 'an open object', '{"openapi": "3.0.3"', 'line 1 column 19',
        "'}' expected near end of file" ],
    [ 'a comma too many', "{\n\"a\": 1,\n}", 'line 3 column 1', "string or '}' expected near '}'" ],
    [ 'a comment', '{ // x', 'line 1 column 3', "string or '}' expected near '/'" ],
    [ 'single quotes', "{'a': 1}", 'line 1 column 2', "string or '}' expected near '''" ],
    [ 'garbage behind the document', $json->encode(good()) . 'x', 'line 85 column 1',
        "end of file expected near 'x'" ],
    [ 'two documents', '{}{}', 'line 1 column 3', "end of file expected near '{'" ],
    [ 'a duplicate member', '{"openapi": "3.0.3", "openapi": "3.0.3"}', 'line 1 column 30',
        "duplicate object key near '\"openapi\"'" ],
    [ 'a duplicate member deep inside', '{"paths": {"/a": {"get": {}, "get": {}}}}',
        'line 1 column 34', "duplicate object key near '\"get\"'" ],
    [ 'a duplicate member written another way', '{"get": 1, "g\u0065t": 2}',
        'line 1 column 21', "duplicate object key near '\"g\\u0065t\"'" ],
    [ 'UTF-16', "\xff\xfe{\0}\0", 'line 1 column 0', 'unable to decode byte 0xff' ],
    [ 'invalid UTF-8', "{\"a\": \"\xff\"}", 'line 1 column 7', "unable to decode byte 0xff near '\"'" ],
    [ 'an overlong slash', "{\"a\": \"\xc0\xaf\"}", 'line 1 column 7',
        "unable to decode byte 0xc0 near '\"'" ],
    [ 'an encoded surrogate', "{\"a\": \"\xed\xa0\x80\"}", 'line 1 column 7',
        "unable to decode byte 0xed near '\"'" ],
    [ 'half a surrogate pair', '{"a": "\ud800"}', 'line 1 column 14',
        "invalid Unicode '\\uD800' near '\"\\ud800\"'" ],
    [ 'NUL in a string', '{"a": "x\u0000"}', 'line 1 column 15',
        q{\u0000 is not allowed without JSON_ALLOW_NUL near '"x\u0000"'} ],
    [ 'NUL in a key', '{"\u0000": 1}', 'line 1 column 9',
        q{NUL byte in object key not supported near '"\u0000"'} ],
    [ 'a NUL byte', "{\"a\": \0}", 'line 1 column 7', 'invalid token near end of file' ],
    [ 'a control character in a string', "{\"a\": \"\t\"}", 'line 1 column 7',
        "control character 0x9 near '\"'" ],
    [ 'NaN', '{"a": NaN}', 'line 1 column 9', "invalid token near 'NaN'" ],
    [ 'a number beyond all bounds', '{"a": 1e999}', 'line 1 column 11',
        "real number overflow near '1e999'" ],
    [ 'an array for a document', '[]', '#', 'must be an object' ],
);

# ---------------------------------------------------------------- the document and its servers

my $only = 'is not supported, only 3.0, 3.1 and 3.2 are';
broken @$_ for (
    [ 'no openapi', set('openapi'), '#', 'has no "openapi" version' ],
    [ 'an empty object', '{}', '#', 'has no "openapi" version' ],
    [ 'Swagger 2', both(set('openapi'), set('swagger', '2.0')), '#/swagger',
        'Swagger is not supported, convert it: npx swagger2openapi -o FILE ' . $gate->dir . '/policy.json' ],
    [ '2.5-2: a method beside its own member', both(set('openapi', '3.2.0'),
        set('paths /users additionalOperations', { GET => operation('a') })), '#/paths/~1users/additionalOperations/GET',
        'has a member of its own in the path item' ],
    [ 'a number for the version', set('openapi', 3.1), '#/openapi', 'must be a string' ],
    (map { [ "version '$_'", set('openapi', $_), '#/openapi', qq{OpenAPI "$_" $only} ] }
        '2.0', '3.0', '3.3.0', '4.0.0', '13.0.0', '3.10.0', ''),
    [ 'servers that are no array', set('servers', {}), '#/servers', 'must be an array' ],
    [ 'a server that is a string', set('servers', ['/api']), '#/servers/0', 'must be an object' ],
    [ 'a server without url', set('servers', [ {} ]), '#/servers/0', 'has no "url"' ],
    [ 'a url that is null', url(undef), '#/servers/0/url', 'must be a string' ],
    (map { [ "server URL '$_'", url($_), '#/servers/0/url', qq{unsupported server URL "$_"} ] }
        '', 'api', './api', 'https://host?x=/api', 'https://host#/api'),
    [ 'a server URL that begins with a variable', url('{base}/api'), '#/servers/0/url', 'variable "base" has no default' ],
    [ 'a server URL that breaks off', url('/api/{x'), '#/servers/0/url', 'has a "{" without "}"' ],
    [ 'a server path of 4097 bytes', url('/' . 'a' x 4096), '#/servers/0/url',
        'has a path of more than 4096 bytes' ],
    [ 'a server variable without variables', url('/{v}'), '#/servers/0/url',
        'variable "v" has no default' ],
    [ 'a server variable that is not there', url('/{v}', variables => { w => { default => 'a' } }),
        '#/servers/0/url', 'variable "v" has no default' ],
    [ 'a server variable without default', url('/{v}', variables => { v => {} }),
        '#/servers/0/url', 'variable "v" has no default' ],
    [ 'server variables that are an array', url('/{v}', variables => []),
        '#/servers/0/variables', 'must be an object' ],
    [ 'a server variable that is a string', url('/{v}', variables => { v => 'a' }),
        '#/servers/0/variables/v', 'must be an object' ],
    [ 'a server variable whose default is a number',
        url('/{v}', variables => { v => { default => 2 } }),
        '#/servers/0/variables/v/default', 'must be a string' ],
    [ 'a server variable that is a template',
        url('/{v}', variables => { v => { default => '{w}' } }),
        '#/servers/0/url', 'unsupported server path "/{w}"' ],
    (map { [ "the server path '$_'", url($_), '#/servers/0/url', qq{unsupported server path "$_"} ] }
        '/api(1)', '/api:1', '/api@1', '/a=b'),
    [ 'a server variable that brings half a template',
        url('/{v}', variables => { v => { default => 'x{w}' } }), '#/servers/0/url',
        'unsupported server path "/x{w}"' ],
    (map { [ "server path '$_->[0]'", url($_->[0]), '#/servers/0/url',
            qq{unsupported server path "$_->[1]"} ] }
        [ '/a//b', '/a//b' ], [ '//host//api', '//api' ], [ '/a/../b', '/a/../b' ], [ '/a?b', '/a?b' ],
        [ 'https://host/a#b', '/a#b' ], [ '/a://b', '/a://b' ], [ '/a?to=https://host/b', '/a?to=https://host/b' ],
        [ '/%61', '/%61' ], [ '/a;b', '/a;b' ]),
    [ 'servers of an operation that are a string', set('paths /users get servers', '/x'),
        '#/paths/~1users/get/servers', 'must be an array' ],
);

# ---------------------------------------------------------------- security schemes

my $eiam  = '#/components/securitySchemes/eiam';
my $flow  = "$eiam/flows/clientCredentials";
my $nosuch = 'unknown security scheme type';
broken @$_ for (
    [ 'components that are an array', set('components', []), '#/components', 'must be an object' ],
    [ 'schemes that are an array', set('components securitySchemes', []),
        '#/components/securitySchemes', 'must be an object' ],
    [ 'a scheme that is a string', scheme('oauth2'), $eiam, 'must be an object' ],
    [ 'a scheme that is null', scheme(undef), $eiam, 'must be an object' ],
    [ 'a scheme by reference', scheme({ '$ref' => '#/x' }), "$eiam/\$ref",
        'unsupported $ref: a security scheme must stand where it is named' ],
    [ 'a reference that is a number', scheme({ '$ref' => 1 }), "$eiam/\$ref", 'must be a string' ],
    [ 'a scheme without type', scheme({}), $eiam, 'has no "type"' ],
    [ 'a type that is an array', scheme({ type => ['oauth2'] }), "$eiam/type", 'must be a string' ],
    (map { [ "scheme type '$_'", scheme({ type => $_ }), "$eiam/type", qq{$nosuch "$_"} ] }
        'magic', 'OAuth2', 'oauth', 'oauth22', 'basic', ''),
    [ 'an unknown type of a scheme that nobody uses',
        set('components securitySchemes other', { type => 'x' }),
        '#/components/securitySchemes/other/type', qq{$nosuch "x"} ],
    [ 'a scheme name with / and ~', set('components securitySchemes a/b~c', {}),
        '#/components/securitySchemes/a~1b~0c', 'has no "type"' ],
    [ 'http without scheme', scheme({ type => 'http' }), $eiam, 'has no "scheme"' ],
    [ 'http with a number for a scheme', scheme({ type => 'http', scheme => 1 }), "$eiam/scheme",
        'must be a string' ],
    [ 'oauth2 without flows', scheme({ type => 'oauth2' }), $eiam, 'has no "flows"' ],
    [ 'flows that are an array', scheme({ type => 'oauth2', flows => [] }), "$eiam/flows",
        'must be an object' ],
    [ 'a flow that is a string', set('components securitySchemes eiam flows clientCredentials', 'x'),
        $flow, 'must be an object' ],
    [ 'a flow without scopes', set('components securitySchemes eiam flows clientCredentials', {}),
        $flow, 'has no "scopes"' ],
    [ 'scopes that are an array',
        set('components securitySchemes eiam flows clientCredentials scopes', ['user_read']),
        "$flow/scopes", 'must be an object' ],
    [ 'one scope too many', scheme({ type => 'oauth2',
        %{ flows(map { (sprintf('s%05d', $_) => '') } 0 .. 16_384) } }),
        "$flow/scopes/s16384", 'is one scope more than 16384' ],
);

# ---------------------------------------------------------------- what an operation requires

my $security = '#/paths/~1users/get/security';
broken @$_ for (
    [ 'security that is an object', requires({ eiam => [] }), $security, 'must be an array' ],
    [ 'security that is null', requires(undef), $security, 'must be an array' ],
    [ 'security that is a string', requires('eiam'), $security, 'must be an array' ],
    [ 'security that is false', requires(JSON::PP::false), $security, 'must be an array' ],
    [ 'a requirement that is a string', requires(['eiam']), "$security/0", 'must be an object' ],
    [ 'a second requirement that is null', requires([ { eiam => [] }, undef ]), "$security/1",
        'must be an object' ],
    [ 'an unknown scheme', requires([ { other => [] } ]), "$security/0/other",
        'there is no such security scheme' ],
    [ 'a scheme in another case', requires([ { Eiam => [] } ]), "$security/0/Eiam",
        'there is no such security scheme' ],
    [ 'an unknown scheme with / and ~', requires([ { 'a/b~' => [] } ]), "$security/0/a~1b~0",
        'there is no such security scheme' ],
    [ 'a scheme where there is none', set('components'), $security . '/0/eiam',
        'there is no such security scheme' ],
    [ 'a scheme where schemes are missing', set('components', {}), $security . '/0/eiam',
        'there is no such security scheme' ],
    [ 'scopes that are a string', requires([ { eiam => 'user_read' } ]), "$security/0/eiam",
        'must be an array' ],
    [ 'scopes that are an object', requires([ { eiam => {} } ]), "$security/0/eiam",
        'must be an array' ],
    [ 'a scope that is a number', requires([ { eiam => [7] } ]), "$security/0/eiam/0",
        'must be a string' ],
    [ 'security of the document that is an object', both(set('security', {}),
        set('paths /users get security')), '#/security', 'must be an array' ],
);

# ---------------------------------------------------------------- paths

my $deep = '/a' x 63;
broken @$_ for (
    [ 'no paths', set('paths'), '#', 'has no "paths"' ],
    [ 'paths that are an array', set('paths', []), '#/paths', 'must be an object' ],
    [ 'paths that are null', set('paths', undef), '#/paths', 'must be an object' ],
    [ 'empty paths', set('paths', {}), '#/paths', 'has no operation' ],
    [ 'paths with an extension alone', set('paths', { 'x-a' => {} }), '#/paths', 'has no operation' ],
    [ 'path items without operation', set('paths', { '/a' => {}, '/b' => { summary => 'x' } }),
        '#/paths', 'has no operation' ],
    [ 'a path item that is an array', item([]), '#/paths/~1users', 'must be an object' ],
    [ 'a path item that is null', item(undef), '#/paths/~1users', 'must be an object' ],
    [ 'a path without slash', path('users'), '#/paths/users', 'a path must begin with "/"' ],
    [ 'an empty path', path(''), '#/paths/', 'a path must begin with "/"' ],
    (map { [ "the template '$_->[0]'", path($_->[0]), '#/paths/' . $_->[0] =~ s/~/~0/gr =~ s{/}{~1}gr,
            qq{unsupported template "$_->[1]": a parameter is "{name}"} ] }
        [ '/{', '{' ], [ '/{}', '{}' ], [ '/a}', 'a}' ], [ '/{{a}}', '{{a}}' ], [ '/{a/b}', '{a' ],
        [ '/{a}}', '{a}}' ], [ '/x{a}y}', 'x{a}y}' ], [ '/x{a}{', 'x{a}{' ]),
    [ '65 segments with the base', path("$deep/{a}"), "#/paths/" . "$deep/{a}" =~ s{/}{~1}gr,
        'has more than 64 segments' ],
    [ '65 segments of the server', url('/a' x 65), '#/servers/0/url', 'has more than 64 segments' ],
    (map { [ "the member '$_' of a path item", set("paths /users $_", {}), "#/paths/~1users/$_",
            'is not a member of a path item' ] } 'GET', 'Get', 'gett', 'connect', 'query', 'propfind'),
    [ 'an empty member of a path item', item({ '' => {} }), '#/paths/~1users/',
        'is not a member of a path item' ],
    [ 'an operation that is an array', set('paths /users get', []), '#/paths/~1users/get',
        'must be an object' ],
    [ 'an operation that is null', set('paths /users get', undef), '#/paths/~1users/get',
        'must be an object' ],
    [ 'an operation that is true', set('paths /users get', JSON::PP::true), '#/paths/~1users/get',
        'must be an object' ],
    [ 'an operation of a path with / and ~', set('paths /a~b/{c}', { get => 1 }),
        '#/paths/~1a~0b~1{c}/get', 'must be an object' ],
    [ 'an operationId that is a number', id(1), '#/paths/~1users/get/operationId', 'must be a string' ],
    [ 'an operationId that is null', id(undef), '#/paths/~1users/get/operationId', 'must be a string' ],
    (map { [ $_->[0], id($_->[1]), '#/paths/~1users/get/operationId', 'must have 1 to 255 bytes' ] }
        [ 'an empty operationId', '' ], [ 'an operationId of 256 bytes', 'x' x 256 ]),
    (map { [ sprintf('an operationId with character %d', ord), id("a$_"),
            '#/paths/~1users/get/operationId', 'must not have control characters' ] } "\r", "\n", "\x7f", "\x{85}"),
    (map { [ "the operationId '$_'", id($_), '#/paths/~1users/get/operationId', 'must not begin or end with a space' ] }
        ' a', 'a ', ' '),
    [ 'an operationId twice', id('getUser'), '#/paths/~1users~1{id}/get/operationId',
        'operationId "getUser" occurs twice' ],
    [ 'an operationId twice in one path item', set('paths /users/{id} put operationId', 'getUser'),
        '#/paths/~1users~1{id}/put/operationId', 'operationId "getUser" occurs twice' ],
    [ 'two templates that differ by a name', set('paths /users/{user_id}', { put => operation('other') }),
        '#/paths/~1users~1{user_id}/put',
        'no request can tell "/api/users/{user_id}" from "/api/users/{id}"' ],
    [ 'two templates that differ by names deep inside',
        both(set('paths /a/{x}/b/{y}', { get => operation('o1') }),
             set('paths /a/{y}/b/{x}', { get => operation('o2') })), '#/paths/~1a~1{y}~1b~1{x}/get',
        'no request can tell "/api/a/{y}/b/{x}" from "/api/a/{x}/b/{y}"' ],
);

# ---------------------------------------------------------------- what is left of it

my $all = 'nothing of it remains, operations are left out';
my $rival = 'may be the same request, but their requirements differ';
broken @$_ for (
    [ '2.5-3: a document without any security', both(map { set("paths $_ security") } '/users get', '/users/{id} get',
        '/users/{id} put'), '#', qq{$all (3): no "security", neither their own nor the document's; an OpenAPI Overlay }
        . 'can add it' ],
    [ '2.5-3: a document with no alternative for a bearer token', set('paths', { map { ("/$_->[0]" => { get =>
        { security => $_->[1] } }) } [ a => [ { key => [] } ] ], [ b => [ {} ] ], [ c => [ {}, { basic => [], eiam => [] } ] ] }),
        '#', qq{$all (3): no bearer token can satisfy their "security"; an OpenAPI Overlay can add a scheme, or }
        . '"x-eiam-bearer" to an "apiKey" in Authorization' ],
    [ '2.5-3: two segments with a parameter that fit the same request equally well', set('paths', {
        '/a{x}' => { get => operation('o1', 'user_read') }, '/{x}b' => { get => operation('o2', 'user_write') } }),
        '#/paths/~1{x}b/get', qq{GET of "/api/a{x}" and GET of "/api/{x}b" $rival} ],
    [ '2.5-3: them further up', set('paths', { '/a{x}/{y}/c' => { get => operation('o1', 'user_read') },
        '/{x}b/{y}/c' => { head => operation('o2', 'user_write') } }),
        '#/paths/~1{x}b~1{y}~1c/head', qq{GET of "/api/a{x}/{y}/c" and HEAD of "/api/{x}b/{y}/c" $rival} ],
    [ '2.5-3: a path with and without a slash that require something else', set('paths', {
        '/a' => { get => operation('o1', 'user_read') }, '/a/' => { get => operation('o2', 'user_write') } }),
        '#/paths/~1a~1/get', qq{GET of "/api/a" and GET of "/api/a/" $rival} ],
    [ '2.5-3: a HEAD that requires something else with a slash', set('paths', {
        '/a' => { get => operation('o1', 'user_read') }, '/a/' => { get => operation('o2', 'user_read'),
        head => operation('o3') } }), '#/paths/~1a~1/head', qq{GET of "/api/a" and HEAD of "/api/a/" $rival} ],
    [ '2.5-3: a mode that only one of the two has', set('paths', { '/a' => { get => operation('o1', 'user_read') },
        '/a/' => { get => { %{ operation('o2', 'user_read') }, 'x-eiam-mode' => 'report' } } }),
        '#/paths/~1a~1/get', qq{GET of "/api/a" and GET of "/api/a/" $rival} ],
    (map { [ "2.5-3: x-eiam-bearer of $_->[0]", both(set('components securitySchemes key', { %{ $_->[1] },
        'x-eiam-bearer' => JSON::PP::true })), '#/components/securitySchemes/key/x-eiam-bearer',
        'is only for an "apiKey" in the header Authorization' ] }
        [ 'another header', { type => 'apiKey', in => 'header', name => 'X-Key' } ],
        [ 'a query parameter', { type => 'apiKey', in => 'query', name => 'Authorization' } ],
        [ 'HTTP Basic', { type => 'http', scheme => 'basic' } ]),
    [ '2.5-3: an x-eiam-bearer that is a string', set('components securitySchemes key x-eiam-bearer', 'true'),
        '#/components/securitySchemes/key/x-eiam-bearer', 'must be true or false' ],
);

# Each of 2060 literals may be followed by each of 2060 others: four million steps.
my $get = { get => { security => [] } };
broken 'templates that overlap too much',
    set('paths', { map { ("/a$_" => $get, "/{x}/b$_" => $get) } 1 .. 2060 }),
    '#', 'the path templates overlap too much';

# Each of n templates of n segments has its literal at another place: two to the power of n states.
sub overlapping {
    my ($n) = @_;
    return { map { my $at = $_; (join('', map { $_ == $at ? "/l$at" : "/{p$_}" } 1 .. $n) => $get) } 1 .. $n };
}

accepted 'a few of them', set('paths', overlapping(8));

# Two million states take minutes of processor time, the refusal about a second; the time that others have does not
# count. A sanitizer maps terabytes of addresses, so its memory cannot be limited.
{
    my $nginx  = $ENV{EIAM_NGINX} || (grep { -x } (map { "$_/nginx" } split /:/, $ENV{PATH}), '/usr/sbin/nginx')[0];
    my $memory = $ENV{EIAM_ASAN} ? '' : 'ulimit -v 400000;';
    my $limited = $gate->write_file('limited', "#!/bin/sh\n$memory ulimit -t 60\nexec '$nginx' \"\$@\"\n");
    chmod 0755, $limited;
    local $ENV{EIAM_NGINX} = $limited;
    broken 'templates whose states double with each segment, with 60 seconds of processor time and 400 MB of memory',
        set('paths', overlapping(21)), '#', 'the path templates overlap too much';
}

# ---------------------------------------------------------------- references

my $ref  = '#/paths/~1users/$ref';
my $else = 'only "#/..." is';
my $x = sub { $_[0]{components}{pathItems}{x} = { get => operation('x') } };
broken @$_ for (
    [ 'a reference that is an object', reference({}), $ref, 'must be a string' ],
    (map { [ "a reference to '$_'", reference($_), $ref, qq{unsupported \$ref "$_", $else} ] }
        'https://host/items.json#/x', 'items.json', './items.json#/x', '#', '#x', '', '/paths/~1users'),
    (map { [ "a reference to '$_'", reference($_), $ref, qq{\$ref "$_" points to nothing} ] }
        '#/x', '#/components/pathItems/y', '#/components/pathItems/x/', '#/paths/users',
        '#/servers/1', '#/servers/00', '#/servers/x', '#/servers/-1', '#/servers//0', '#/servers/',
        '#/paths/~1users~1{id}/get/operationId/x'),
    [ 'a reference to a string', reference('#/openapi'), $ref, 'must be an object' ],
    [ 'a reference to an array', reference('#/servers'), $ref, 'must be an object' ],
    [ 'a reference to itself', reference('#/paths/~1users'), $ref, 'unsupported $ref to another $ref' ],
    [ 'a chain of references', version31(reference('#/components/pathItems/y'),
        set('components pathItems', { y => { '$ref' => '#/components/pathItems/x' } })), $ref,
        'unsupported $ref to another $ref' ],
    [ 'a reference with an operation beside it', version31($x,
        set('paths /users $ref', '#/components/pathItems/x')), $ref, 'unsupported $ref with other members' ],
    [ 'a reference with a summary beside it', version31($x,
        item({ '$ref' => '#/components/pathItems/x', summary => 'x' })), $ref,
        'unsupported $ref with other members' ],
    [ 'what a reference brings, under the way to it', version31($x,
        set('components pathItems x get security', 1), reference('#/components/pathItems/x')),
        '#/paths/~1users/$ref/get/security', 'must be an array' ],
    [ 'one path item for two paths, with an operationId', version31($x,
        map { set("paths $_", { '$ref' => '#/components/pathItems/x' }) } qw(/a /b)),
        '#/paths/~1b/$ref/get/operationId', 'operationId "x" occurs twice' ],
);

# ---------------------------------------------------------------- members that OpenAPI does not know

# An object of the document: the way to it, and the name that faults give it.
my @objects = (
    [ '', 'is not a member of a document' ],
    [ 'components', 'is not a member of components' ],
    [ 'servers 0', 'is not a member of a server' ],
    [ 'components securitySchemes eiam', 'is not a member of a security scheme' ],
    [ 'components securitySchemes key', 'is not a member of a security scheme' ],
    [ 'components securitySchemes eiam flows', 'is not a flow' ],
    [ 'components securitySchemes eiam flows clientCredentials', 'is not a member of a flow' ],
    [ 'paths /users', 'is not a member of a path item' ],
    [ 'paths /users get', 'is not a member of an operation' ],
    [ 'paths /users parameters 0', 'is not a member of a parameter' ],
    [ 'paths /users get parameters 0', 'is not a member of a parameter' ],
    [ 'components parameters id', 'is not a member of a parameter' ],
);

my %parameter = (name => 'id', in => 'query', schema => { type => 'string' });
my $parameters = sub {
    my ($document) = @_;
    my $users = $document->{paths}{'/users'};
    $document->{components}{parameters} = { id => {%parameter}, x => {%parameter} };
    $users->{parameters} = [ {%parameter}, { '$ref' => '#/components/parameters/id' } ];
    $users->{get}{parameters} = [ {%parameter}, { '$ref' => '#/components/parameters/x', description => 'x' } ];
    return;
};

sub pointer { return '#' . join '', map { '/' . s/~/~0/gr =~ s{/}{~1}gr } split / /, $_[0] }

sub way { return join ' ', grep { length } @_ }

for my $object (@objects) {
    my ($way, $fault) = @$object;
    for my $name (qw(securtiy Security SECURITY secutiry $ref X-a x_a), 'x', "security\x{200b}", "s\x{435}curity") {
        my $shown = $name;
        utf8::encode($shown);
        next if $name eq '$ref' && $way =~ m{parameters|Schemes \w+$|^paths /users$};
        broken "2.1-1: the member \"$shown\" of " . ($way || 'the document'),
            both($parameters, set(way($way, $name), [])), pointer($way) . "/$shown", $fault;
    }
    broken '2.1-1: a member without a name of ' . ($way || 'the document'), both($parameters,
        sub { my $at = $_[0]; $at = ref $at eq 'ARRAY' ? $at->[$_] : $at->{$_} for split / /, $way; $at->{''} = [] }),
        pointer($way) . '/', $fault;
    accepted "2.1-1: a member \"x-a\" of " . ($way || 'the document'), both($parameters, set(way($way, 'x-a'), []));
}

my $delete = '#/paths/~1users/delete';
broken @$_ for (
    [ '2.1-1: a $ref in place of an operation, which had the default security', both(set('security', []),
        set('components x-ops', { del => operation('del', 'user_write') }),
        set('paths /users delete', { '$ref' => '#/components/x-ops/del' })), "$delete/\$ref",
        'is not a member of an operation' ],
    [ '2.1-1: a $ref beside the security of an operation',
        set('paths /users delete', { '$ref' => '#/paths/~1users/get', %{ operation('del', 'user_write') } }),
        "$delete/\$ref", 'is not a member of an operation' ],
    [ '2.1-1: a $ref in place of the components', set('components', { '$ref' => '#/x-components' }),
        '#/components/$ref', 'is not a member of components' ],
    [ '2.1-1: a $ref in place of a server', set('servers 0', { '$ref' => '#/x-server' }),
        '#/servers/0/$ref', 'is not a member of a server' ],
    [ '2.1-1: a $ref in place of the flows', set('components securitySchemes eiam flows', { '$ref' => '#/x-flows' }),
        '#/components/securitySchemes/eiam/flows/$ref', 'is not a flow' ],
    [ '2.1-1: a $ref in place of a flow', set('components securitySchemes eiam flows implicit', { '$ref' => '#/x-flow' }),
        '#/components/securitySchemes/eiam/flows/implicit/$ref', 'is not a member of a flow' ],
    [ '2.1-1: a $ref in place of the paths', set('paths $ref', '#/x-paths'), '#/paths/$ref',
        'a path must begin with "/"' ],
    [ '2.1-1: a $ref in place of the security schemes', set('components securitySchemes $ref', '#/x-schemes'),
        '#/components/securitySchemes/$ref', 'must be an object' ],
    [ '2.1-1: a $ref in place of a requirement', requires([ { '$ref' => '#/x-requirement' } ]),
        "$security/0/\$ref", 'there is no such security scheme' ],
    [ '2.1-1: a $ref in place of the security', requires({ '$ref' => '#/security' }), $security, 'must be an array' ],
    [ '2.1-1: security of a path item', set('paths /users security', [ { eiam => ['user_read'] } ]),
        '#/paths/~1users/security', 'is not a member of a path item' ],
    [ '2.1-1: scopes of an operation', set('paths /users get scopes', ['user_read']),
        '#/paths/~1users/get/scopes', 'is not a member of an operation' ],
    [ '2.1-1: an operation that a $ref brings, and a member of it', version31($x,
        set('components pathItems x get securtiy', []), reference('#/components/pathItems/x')),
        '#/paths/~1users/$ref/get/securtiy', 'is not a member of an operation' ],
    [ '2.1-1: a server variable with a mistyped default', url('/{v}', variables => { v => { defualt => 'a' } }),
        '#/servers/0/variables/v/defualt', 'is not a member of a server variable' ],
    [ '2.1-1: a server variable by reference', url('/{v}', variables => { v => { '$ref' => '#/x-v' } }),
        '#/servers/0/variables/v/$ref', 'is not a member of a server variable' ],
    [ '2.1-1: server variables of an empty server path that are a list', url('https://host', variables => []),
        '#/servers/0/variables', 'must be an object' ],
    (map { [ "2.1-1: a member that only 3.1 has: $_", set($_, {}), pointer($_),
            /components/ ? 'is not a member of components' : 'is not a member of a document' ] }
        'webhooks', 'jsonSchemaDialect', 'components pathItems'),
    (map { [ "2.1-1: a member of Swagger 2: $_", set($_, []), pointer($_), 'is not a member of a document' ] }
        qw(securityDefinitions basePath host parameters)),
    [ '2.1-1: path items of 3.1 that are a list', version31(set('components pathItems', [])),
        '#/components/pathItems', 'must be an object' ],
    (map { my ($way, $type) = @$_; map { [ "2.1-1: $way that is " . $json->encode([$_]) =~ s/\s//gr,
            both($parameters, set($way, $_)), pointer($way), "must be $type" ] }
            undef, JSON::PP::false, 0, $type eq 'a string' ? [] : 'x', $type eq 'an object' ? [] : {} }
        [ 'security', 'an array' ], [ 'paths /users get security', 'an array' ], [ 'servers', 'an array' ],
        [ 'paths /users parameters', 'an array' ], [ 'paths /users get parameters', 'an array' ],
        [ 'components parameters', 'an object' ], [ 'components parameters id', 'an object' ],
        [ 'paths /users parameters 0', 'an object' ], [ 'paths /users get parameters 1', 'an object' ],
        [ 'paths /users get parameters 0 name', 'a string' ], [ 'paths /users parameters 0 in', 'a string' ],
        [ 'components parameters id in', 'a string' ], [ 'paths /users get parameters 1 $ref', 'a string' ],
        [ 'components securitySchemes eiam flows', 'an object' ], [ 'components securitySchemes bearer flows', 'an object' ],
        [ 'components securitySchemes bearer scheme', 'a string' ], [ 'components securitySchemes key in', 'a string' ],
        [ 'components securitySchemes eiam flows clientCredentials', 'an object' ],
        [ 'components securitySchemes eiam flows implicit', 'an object' ]),
);

sub parameter { return both($parameters, set("paths /users get parameters 1", $_[0])) }

my $at = '#/paths/~1users/get/parameters/1';
broken @$_ for (
    (map { [ "2.1-1: a parameter by reference to '$_'", parameter({ '$ref' => $_ }), "$at/\$ref",
            qq{unsupported \$ref "$_", $else} ] } 'p.json#/id', 'https://host/p', '', '#', 'id'),
    (map { [ "2.1-1: a parameter by reference to '$_'", parameter({ '$ref' => $_ }), "$at/\$ref",
            qq{\$ref "$_" points to nothing} ] } '#/components/parameters/y', '#/components/parameters/', '#/x'),
    [ '2.1-1: a parameter by reference to a reference', both(parameter({ '$ref' => '#/components/parameters/y' }),
        set('components parameters y', { '$ref' => '#/components/parameters/x' })), "$at/\$ref",
        'unsupported $ref to another $ref' ],
    [ '2.1-1: a parameter of the components by reference to itself', both($parameters,
        set('components parameters y', { '$ref' => '#/components/parameters/y' })),
        '#/components/parameters/y/$ref', 'unsupported $ref to another $ref' ],
    [ '2.1-1: parameters of the components by references in a circle', both($parameters,
        set('components parameters y', { '$ref' => '#/components/parameters/z' }),
        set('components parameters z', { '$ref' => '#/components/parameters/y' })),
        '#/components/parameters/y/$ref', 'unsupported $ref to another $ref' ],
    [ '2.1-1: a parameter by reference to a string', parameter({ '$ref' => '#/openapi' }), "$at/\$ref",
        'must be an object' ],
    [ '2.1-1: a parameter by reference to an operation', parameter({ '$ref' => '#/paths/~1users~1{id}/put' }),
        "$at/\$ref/operationId", 'is not a member of a parameter' ],
    (map { [ "2.1-1: \"$_\" beside a parameter's reference", parameter({ '$ref' => '#/components/parameters/x', $_ => 'x' }),
            "$at/$_", 'must not stand beside a $ref' ] } qw(in name required x-eiam-object securtiy)),
    (map { my %left = %parameter; delete $left{$_}; [ "2.1-1: a parameter without $_", parameter(\%left), $at,
            qq{has no "$_"} ] } qw(name in)),
    (map { [ "2.1-1: a parameter in '$_'", parameter({ %parameter, in => $_ }), "$at/in",
            qq{unknown location "$_" of a parameter} ] } qw(body formData Query header1), ''),
);

# ---------------------------------------------------------------- x-eiam-mode

sub mode { return set('paths /users get x-eiam-mode', $_[0]) }

my $mode = '#/paths/~1users/get/x-eiam-mode';
broken @$_ for (
    (map { [ "the mode '$_'", mode($_), $mode, 'must be "on" or "report"' ] }
        'off', 'Report', 'REPORT', 'On', 'report ', 'deny', ''),
    (map { [ "a mode that is $_->[0]", mode($_->[1]), $mode, 'must be a string' ] }
        [ 'a number', 1 ], [ 'true', JSON::PP::true ], [ 'null', undef ], [ 'a list', ['report'] ],
        [ 'an object', { mode => 'report' } ]),
    [ 'the mode twice',
        '{"openapi":"3.0.3","paths":{"/a":{"get":{"x-eiam-mode":"on","x-eiam-mode":"report"}}}}',
        'line 1 column 73', 'duplicate object key near \'"x-eiam-mode"\'' ],
    [ 'the mode of an operation that a reference brings', version31($x, set('paths /users', undef),
        set('components pathItems x get x-eiam-mode', 'off'), reference('#/components/pathItems/x')),
        '#/paths/~1users/$ref/get/x-eiam-mode', 'must be "on" or "report"' ],
);

# ---------------------------------------------------------------- x-eiam-...

my ($users, $byid) = ('paths /users', 'paths /users/{id}');
broken @$_ for (
    (map { my ($way, $name, $reason) = @$_; [ "2.7-3: $name", both($parameters, set("$way $name", 'x')), pointer("$way $name"), $reason ] }
        (map { [ "$users get parameters 0", $_, 'is not a member of a parameter' ] } qw(x-eiam-objects x-eiam-objekt x-eiam-Object
            x-eiam-mode x-eiam x-eiam_object x-eiam-permission x-iam-object)),
        (map { [ "components parameters x", $_, 'is not a member of a parameter' ] } 'x-eiam-obejct'),
        (map { [ "$users get", $_, 'is not a member of an operation' ] } qw(x-eiam-moed x-eiam-object x-eiam-modes)),
        (map { [ $users, $_, 'is not a member of a path item' ] } qw(x-eiam-mode x-eiam-object)),
        [ 'paths', 'x-eiam-mode', 'is not a path' ],
        (map { [ 'components securitySchemes key', $_, 'is not a member of a security scheme' ] } qw(x-eiam-baerer x-eiam-mode)),
        [ 'components', 'x-eiam-object', 'is not a member of components' ]),
    [ '2.7-3: a member x-eiam-object of the document', set('x-eiam-object', 'app'), '#/x-eiam-object', 'is not a member of a document' ],
    [ '2.7-3: a mark in the schema', both($parameters, set("$users get parameters 0 schema", { type => 'string', 'x-eiam-object' => 'app' })),
        pointer("$users get parameters 0 schema x-eiam-object"), 'must be a member of the parameter, beside "schema"' ],
    (map { my ($in, $what, $reason) = @$_; [ "2.7-3: a mark $what in $in", both($parameters, set("$users get parameters 0",
            { name => 'id', in => $in, 'x-eiam-object' => 'app' })), pointer("$users get parameters 0 x-eiam-object"), $reason ] }
        [ 'header', 'of a parameter', 'is only for a parameter in the path or the query' ],
        [ 'cookie', 'of a parameter', 'is only for a parameter in the path or the query' ],
        [ 'path', 'of what the template does not have', 'the path has no "{id}"' ]),
    (map { [ '2.7-3: a mark of a query parameter with other characters', both($parameters, set("$users get parameters 0",
            { name => $_, in => 'query', 'x-eiam-object' => 'app' })), pointer("$users get parameters 0 x-eiam-object"),
        'the name of a query parameter with this mark must have only letters, digits and "-._~"' ] } 'f[app]', 'a b', "\x{7528}", 'a%20', 'a&b', ''),
    (map { my ($what, $value, $reason) = @$_; [ "2.7-3: a mark that is $what", both($parameters,
            set('components parameters id x-eiam-object', $value)), '#/components/parameters/id/x-eiam-object', $reason ] }
        [ 'empty', '', 'must have 1 to 64 bytes' ], [ 'too long', 'x' x 65, 'must have 1 to 64 bytes' ],
        [ 'true', JSON::PP::true, 'must be a string' ], [ 'null', undef, 'must be a string' ], [ 'a list', ['app'], 'must be a string' ],
        [ 'a text with a line end', "a\n", 'must not have control characters' ]),
    (map { my ($one, $other, $title) = @$_; [ "2.7-3: $title", marked(@$one, @$other), pointer("paths $other->[0] get"),
        qq{GET of "/api/@{[ substr $one->[0], 1 ]}" }
            . qq{and GET of "/api/@{[ substr $other->[0], 1 ]}" $rival} ] }
        [ [ '/a/{x}', 'app' ], [ '/a/{x}/', undef ], 'a mark that the form with a slash does not have' ],
        [ [ '/a/{x}', 'app' ], [ '/a/{x}/', 'org' ], 'two forms whose marks differ by kind' ],
        [ [ '/a/b{x}', 'app' ], [ '/a/{x}b', undef ], 'equally concrete templates of which one has a mark' ],
        [ [ '/a/b{x}', 'app' ], [ '/a/{x}b', 'app' ], 'equally concrete templates whose marked ids differ' ]),
);

# "/path" => the kind of its parameter x, or undef
sub marked {
    my (@paths) = @_;
    my %paths;
    while (my ($path, $kind) = splice @paths, 0, 2) {
        (my $id = $path) =~ s/\W/_/g;
        $paths{$path} = { get => operation($id, 'user_read'),
            parameters => [ { name => 'x', in => 'path', defined $kind ? ('x-eiam-object' => $kind) : () } ] };
    }
    return set('paths', \%paths);
}

accepted @$_ for (
    [ '2.7-3: extensions of others', both($parameters, map { set("$_ x-internal-object", 'x') } "$users get parameters 0", $users, 'paths') ],
    [ '2.7-3: marks in path and query, of components and by reference', both(set('components parameters', {
            app => { name => 'id', in => 'path', 'x-eiam-object' => 'app' }, tenant => { name => 'Tenant.id', in => 'query', 'x-eiam-object' => 'tenant' } }),
        set("$byid parameters", [ map { { '$ref' => "#/components/parameters/$_" } } qw(app tenant) ])) ],
    [ '2.7-3: both forms with the same mark', marked('/a/{x}' => 'app', '/a/{x}/' => 'app') ],
);

{
    my ($code, $text) = written(both(set("$byid parameters", [ { name => 'id', in => 'path', 'x-eiam-object' => 'app' } ]),
        set("$byid get parameters", [ { name => 'id', in => 'path' } ]), set("$byid put parameters", [ { name => 'id', in => 'path', 'x-eiam-object' => 'org' } ])));
    ok $code == 0, '2.7-3: an operation may override a marked parameter' or diag $text;
    like $text, qr{note that parameters name no object \(1\): they override one of the path item that has "x-eiam-object": #/paths/~1users~1\{id\}/get/parameters/0; set in},
        '  but nginx -t says so';
}

# ---------------------------------------------------------------- good documents

sub all_members {
    my ($document) = @_;
    $parameters->($document);
    my %any = map { $_ => undef } qw(summary description);
    $document->{$_} = [] for qw(tags externalDocs);
    $document->{components}{$_} = {} for qw(schemas responses examples requestBodies headers links callbacks);
    %{ $document->{servers}[0] } = (url => '/{v}/api', description => '', variables => {
        v => { default => 'a', enum => ['a'], description => '' } });
    my $item = $document->{paths}{'/users'};
    %$item = (%$item, %any);
    %{ $item->{get} } = (%{ $item->{get} }, %any, tags => [], externalDocs => {}, requestBody => {}, callbacks => {},
        deprecated => JSON::PP::false);
    $item->{parameters}[0]{$_} = undef for qw(description required deprecated allowEmptyValue style explode
        allowReserved schema example examples content);
    my $schemes = $document->{components}{securitySchemes};
    $_->{description} = '' for values %$schemes;
    $schemes->{bearer}{bearerFormat} = 'JWT';
    $schemes->{eiam}{flows}{$_} = { authorizationUrl => '/a', tokenUrl => '/t', refreshUrl => '/r', scopes => {} }
        for qw(implicit password authorizationCode);
    return;
}

accepted @$_ for (
    [ 'a document with schemes that no token satisfies, if nobody asks for them', sub { } ],
    (map { [ "OpenAPI $_", set('openapi', $_) ] } '3.0.0', '3.0.4', '3.1.0', '3.1.1'),
    [ 'no servers: the base is /', set('servers') ],
    [ 'an empty list of servers', set('servers', []) ],
    [ 'a server without path', url('https://host') ],
    [ 'a server with a slash at its end', url('https://host/api/') ],
    [ '2.5-9: a server without scheme', url('//host/api') ],
    [ '2.5-9: a server whose variables bring all of the path', both(url('https://host{base}', variables => { base => { default => '/api/' } }),
        set('paths', { '/a' => { get => operation('a', 'user_read') } })) ],
    [ 'a server whose variables have defaults',
        url('https://{h}/{v}/x', variables => { v => { default => 'a/v2' }, h => { default => 'b' } }) ],
    [ 'parameters of every kind', $parameters ],
    [ 'parameters in every place', both($parameters, map { set("paths /users get parameters $_->[0] in", $_->[1]) }
        [ 0, 'path' ], [ 0, 'query' ], [ 0, 'header' ], [ 0, 'cookie' ]) ],
    [ 'all members that OpenAPI 3.0 has', \&all_members ],
    [ 'all members that OpenAPI 3.1 has', version31(\&all_members, set('webhooks', { new => {} }),
        set('jsonSchemaDialect', 'https://host/dialect'), set('components pathItems', {})) ],
    [ 'more servers than one', set('servers 1', { url => 'nonsense' }) ],
    [ '2.5-1: a byte order mark', "\xef\xbb\xbf" . $json->encode(good()) ],
    [ '2.5-4: references into arrays, and percent-encoded ones', both(
        set('paths /users/{id} parameters', [ { name => 'id', in => 'path' } ]),
        set('paths /users/{id} get parameters', [
            { '$ref' => '#/paths/~1users~1%7Bid%7D/parameters/0' },
            { '$ref' => '#/paths/~1users~1{id}/parameters/0' } ])) ],
    [ 'extensions everywhere', both(map { set($_, { nonsense => 1 }) } 'x-a', 'paths x-a',
        'paths /users x-a', 'paths /users get x-a', 'components x-a',
        'components securitySchemes eiam flows x-a') ],
    (map { [ "the mode $_", set('paths /users get x-eiam-mode', $_) ] } qw(on report)),
    [ 'a mode of a public operation', both(requires([]), set('paths /users get x-eiam-mode', 'report')) ],
    [ 'an operation without operationId', set('paths /users get operationId') ],
    [ 'security of the document', both(set('security', [ { eiam => ['user_read'] } ]),
        set('paths /users get security')) ],
    [ 'a public operation', requires([]) ],
    [ 'an alternative without scopes', requires([ { eiam => [] } ]) ],
    [ 'a bearer scheme', requires([ { bearer => [] } ]) ],
    [ 'roles of a bearer scheme in 3.1', version31(requires([ { bearer => ['admin'] } ])) ],
    [ 'OpenID scopes', requires([ { oidc => ['openid', 'email'] } ]) ],
    [ 'scopes of two schemes at once', requires([ { oidc => ['openid'], eiam => ['user_read'] } ]) ],
    [ 'a scope of 255 bytes', both(scope('x' x 255),
        set('paths', { '/a' => { get => operation('a', 'x' x 255) } })) ],
    [ 'an operationId of 255 bytes', id('x' x 255) ],
    [ 'an operationId beyond ASCII', id("\x{7528}\x{6237}") ],
    [ 'a path beyond ASCII', set("paths /\x{7528}\x{6237}/{id}", { get => operation('a') }) ],
    [ 'a segment of 128 characters', path('/' . 'x' x 128) ],
    [ '64 segments with the base', path($deep) ],
    [ 'dots within a segment', path('/a.b/.c/d..') ],
    [ 'two templates that differ by a name and have other methods',
        set('paths /users/{user_id}', { delete => operation('other') }) ],
    [ 'a literal beside a parameter', set('paths /users/me', { get => operation('me') }) ],
    [ 'a path item by reference', version31($x, reference('#/components/pathItems/x')) ],
    [ 'a path item that is another path', both(set('paths /users/{id} get operationId'), set('paths /users/{id} put operationId'),
            reference('#/paths/~1users~1{id}')) ],
    [ 'one path item for two paths, without operationId', version31($x,
        set('components pathItems x get operationId'),
        map { set("paths $_", { '$ref' => '#/components/pathItems/x' }) } qw(/a /b)) ],
    [ 'a reference with ~0 and ~1', version31(
        set('components pathItems', { 'a/b~1' => { get => operation('x') } }),
        reference('#/components/pathItems/a~1b~01')) ],
    [ 'every method', both(map { set("paths /users $_", operation("o-$_")) }
        qw(get head post put patch delete options trace)) ],
    [ '16384 scopes', scheme({ type => 'oauth2',
        %{ flows('user_read', '', 'user_write', '', map { ("s$_" => '') } 3 .. 16_384) } }) ],
);

# ---------------------------------------------------------------- nothing forgotten

# The format strings of all faults in the sources, with adjacent literals joined.
sub faults {
    my ($source) = @_;
    my @found;
    while ($source =~ /ngx_eiam_fault\(&?[\w>.-]+,\s*((?:"(?:[^"\\]|\\.)*"\s*)+)/g) {
        push @found, join '', $1 =~ /"((?:[^"\\]|\\.)*)"/g;
    }
    return @found;
}

# The titles of the unit tests of these suites: each ends with the expected fault.
sub titles {
    my (@suites) = @_;
    my $path = $ENV{EIAM_UNIT_MODULE}
        // (($ENV{EIAM_MODULE} // 'set') eq '' ? '' : top_dir() . '/build/ngx_eiam_unit_module.so');
    my $load = $path eq '' ? '' : "load_module $path;";
    my @titles;
    for my $suite (@suites) {
        my ($code, $text) = nginx(module => 0, main => "$load\neiam_unit $suite;")->check;
        is $code, 0, "the unit tests of \"$suite\" pass" or diag $text;
        push @titles, $text =~ /^ok \d+ - (.*)/mg;
    }
    return @titles;
}

# Faults in a configuration are reported by nginx -t. What reads claims or keys from the answers of other servers
# reports faults at run time, and has unit tests. The applications file has tests of its own.
my @sources = grep { !/_(?:applications|network|objects|static_token)\.c$/ && slurp($_) =~ /\bngx_eiam_fault\(/ }
    glob top_dir() . '/src/*/ngx_eiam_*.c';
my @answers = grep { m{/token/|/ngx_eiam_pointer\.c$} } @sources;
my %answer  = map { ($_ => 1) } @answers;

for my $kind (
    [ 'nginx -t', 3, [ grep { !$answer{$_} } @sources ], [@said] ],
    [ 'a unit test', 3, \@answers, [ map { s/\\(.)/$1/gr } titles(qw(claims introspection jwk jwt pointer token_response)) ] ],
) {
    my ($who, $least, $paths, $texts) = @$kind;
    cmp_ok scalar @$paths, '>=', $least, "there are sources of whose faults $who tells";
    for my $path (@$paths) {
        my ($source, $name) = (slurp($path), $path =~ m{([^/]+)$});
        my @faults = faults($source);
        my $calls = () = $source =~ /\bngx_eiam_fault\((?!const)/g;
        is scalar @faults, $calls, "$name: each of its $calls faults has a text to look for";
        for my $format (@faults) {
            my $pattern = join '.*', map { quotemeta s/\\(.)/$1/gr } split /%(?:V|d|ui|uz|s)/, $format, -1;
            ok +(grep { $who eq 'nginx -t' ? /^$pattern$/s : /: $pattern$/s } @$texts), "$who says: $format";
        }
    }
}

done_testing;
