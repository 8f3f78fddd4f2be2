#!/usr/bin/perl
# Documents as their publishers write them: what is accepted, and how faults are reported.

use strict;
use utf8;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Test::More;
use EIAM::Test;

binmode Test::More->builder->$_, ':encoding(UTF-8)' for qw(output failure_output);

my $json = JSON::PP->new->ascii->canonical->pretty;
my $gate = nginx(server => 'location /api/ { eiam on; eiam_policy %DIR%/policy; }');

# The faults of a document that nginx -t reports, line by line: "pointer: reason".
sub faults {
    my ($document) = @_;
    $gate->write_file('policy', ref $document ? $json->encode($document) : $document);
    my ($code, $text) = $gate->check;
    my @faults = $text =~ m{^.*?\[emerg\] \d+#\d+: eiam_policy: "\Q@{[ $gate->dir ]}\E/policy": (.*); set in \Q@{[ $gate->dir ]}\E/nginx\.conf:\d+$}mg;
    return $code ? @faults ? @faults : $text : ();
}

sub told {
    my ($title, $document, @expected) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @faults = faults($document);
    return is(join("\n", @faults), join("\n", @expected), $title);
}

my $operation = '"responses": {}, "security": [{"eiam": ["user_read"]}]';
my $schemes = '"components": {"securitySchemes": {"eiam": {"type": "oauth2", "flows": {"clientCredentials":'
    . ' {"tokenUrl": "/t", "scopes": {"user_read": ""}}}}}}';

sub document { return qq({"openapi": "3.0.3", "info": {}, "servers": [{"url": "/api"}], $schemes, "paths": {$_[0]}}) }

# ---------------------------------------------------------------- all faults at once

told '2.5-4: all faults are told in one run, by their places in the document', qq({
    "opneapi": "",
    "paths": {
        "/z": {"get": {"securtiy": [], $operation}, "Post": {$operation}},
        "/b{": {"get": {"security": {}}},
        "/a": {"get": {$operation, "operationId": 7, "x-eiam-mode": "never", "tags": [], "Tags": []}},
        "/c": [],
        "/d": {"get": {$operation, "parameters": [{"name": "q", "in": "qeury"}, {"in": "query"}]}}
    },
    "components": {"securitySchemes": {
        "eiam": {"type": "oauth2", "flows": {"clientCredentials": {"scopes": {"user_read": ""}}}},
        "key": {"type": "apikey"},
        "bad": {"type": "http", "bearerformat": "JWT"}}},
    "servers": [{"url": "nowhere"}],
    "openapi": "3.0.3"
}),
    '#/opneapi: is not a member of a document (did you mean "openapi"?)',
    '#/paths/~1z/get/securtiy: is not a member of an operation (did you mean "security"?)',
    '#/paths/~1z/Post: is not a member of a path item (did you mean "post"?)',
    '#/paths/~1b{: unsupported template "b{": a parameter is "{name}"',
    '#/paths/~1b{/get/security: must be an array',
    '#/paths/~1a/get/operationId: must be a string',
    '#/paths/~1a/get/x-eiam-mode: must be "on" or "report"',
    '#/paths/~1a/get/Tags: is not a member of an operation (did you mean "tags"?)',
    '#/paths/~1c: must be an object',
    '#/paths/~1d/get/parameters/0/in: unknown location "qeury" of a parameter (did you mean "query"?)',
    '#/paths/~1d/get/parameters/1: has no "name"',
    '#/components/securitySchemes/key/type: unknown security scheme type "apikey" (did you mean "apiKey"?)',
    '#/components/securitySchemes/bad: has no "scheme"',
    '#/servers/0/url: unsupported server URL "nowhere"';

told '2.5-4: of many faults twenty are told, the first ones in the document, and the others counted',
    document(join ', ', map { qq("/p$_": {"get": {$operation, "bad$_": 1}}) } 1 .. 57),
    (map { "#/paths/~1p$_/get/bad$_: is not a member of an operation" } 1 .. 20), '37 more faults';

told '2.5-4: what many references lead to is told once', qq({"openapi": "3.1.0", $schemes, "paths": {)
    . join(', ', map { qq("/p$_": {"\$ref": "#/paths/~1/x-item"}) } 1 .. 3) . qq(, "/": {"x-item": {"get": {"securtiy": 1}}}}}),
    '#/paths/~1p1/$ref/get/securtiy: is not a member of an operation (did you mean "security"?)';

told '2.5-4: but the same fault at two places twice', document(qq("/a": null, "/b": null)),
    '#/paths/~1a: must be an object', '#/paths/~1b: must be an object';

my $stricter = '"responses": {}, "security": [{"eiam": ["user_read", "user_write"]}]';
told '2.5-4: pairs of operations that may be the same request are told in one run, each at the second one',
    qq({"openapi": "3.1.0", "servers": [{"url": "/api"}], $schemes, "paths": {"/b": {"\$ref": "#/paths/~1a"}, "/b/": {"\$ref": "#/paths/~1a~1"},
    "/c{x}": {"get": {$operation}}, "/{x}d": {"head": {$stricter}, "post": {$operation}},
    "/a": {"get": {$operation}, "put": {$operation}, "post": {$operation}}, "/a/": {"put": {$stricter}, "get": {$stricter}, "post": {$operation}}}}),
    (map { my ($path, $method, $way) = @$_;
        qq(#/paths/~1$path~1/$way: $method of "/api/$path" and $method of "/api/$path/" may be the same request, but their requirements differ) }
        [qw(b PUT $ref/put)], [qw(b GET $ref/get)]),
    '#/paths/~1{x}d/head: GET of "/api/c{x}" and HEAD of "/api/{x}d" may be the same request, but their requirements differ',
    (map { my ($path, $method, $way) = @$_;
        qq(#/paths/~1$path~1/$way: $method of "/api/$path" and $method of "/api/$path/" may be the same request, but their requirements differ) }
        [qw(a PUT put)], [qw(a GET get)]);

told '2.5-4: of many such pairs twenty', document(join ', ', map { qq("/p$_": {"get": {$operation}}, "/p$_/": {"get": {$stricter}}) } 1 .. 30),
    map { qq(#/paths/~1p$_~1/get: GET of "/api/p$_" and GET of "/api/p$_/" may be the same request, but their requirements differ) } 1 .. 20;

told "2.5-4: a near miss of a scheme's name", document('"/a": {"get": {"security": [{"eaim": []}, {"Eiam": []}, {"other": []}]}}'),
    '#/paths/~1a/get/security/0/eaim: there is no such security scheme (did you mean "eiam"?)',
    '#/paths/~1a/get/security/1/Eiam: there is no such security scheme (did you mean "eiam"?)',
    '#/paths/~1a/get/security/2/other: there is no such security scheme';

told '2.5-4: what is known in another version only is not proposed', document(qq("/a": {"get": {$operation}, "qurey": {$operation}})),
    '#/paths/~1a/qurey: is not a member of a path item';

# ---------------------------------------------------------------- numbers

my $huge = '1234567890' x 25;
told '2.5-9: an integer of any size does not matter where none is read', document(qq("/a": {"get": {$operation,
    "x-n": $huge, "parameters": [{"name": "q", "in": "query", "schema": {"maximum": 18446744073709551616, "minimum": -$huge}}]}}));
told '2.5-9: but where a string is read it is none', document(qq("/a": {"get": {$operation, "operationId": $huge}})),
    '#/paths/~1a/get/operationId: must be a string';

# ---------------------------------------------------------------- versions of OpenAPI

sub version {
    my ($version, $paths, %opt) = @_;
    my $top = $opt{top} ? "$opt{top}, " : '';
    return qq({"openapi": "$version", $top"servers": [{"url": "/api"$opt{server}}], "paths": {$paths}, "components": {"securitySchemes": {
        "eiam": {"type": "oauth2"$opt{scheme}, "flows": {"$opt{flow}": {"scopes": {"user_read": ""}$opt{urls}}}}}$opt{components}}});
}

my @old = (server => '', scheme => '', flow => 'clientCredentials', urls => '', components => '');
my @new = (top => '"$self": "https://host/api.json", "tags": [{"name": "a", "kind": "nav", "parent": "b"}]', server => ', "name": "main"',
    scheme => ', "deprecated": true, "oauth2MetadataUrl": "https://host/m"', flow => 'deviceAuthorization',
    urls => ', "deviceAuthorizationUrl": "https://host/d"', components => ', "mediaTypes": {}');
my $query = qq("/a": {"query": {"parameters": [{"name": "q", "in": "querystring", "content": {}}], $operation}});
my $additional = qq("additionalOperations": {"LOCK": {$operation}, "COPY": {$operation}});

told "2.5-2: OpenAPI $_->[0]", $_->[1] for (
    [ '3.2 with everything that is new', version('3.2.0', $query, @new) ],
    (map { [ "$_ as before", version($_, qq("/a": {"get": {$operation}}), @old) ] } '3.0.0', '3.1.2', '3.2.0', '3.2.9-rc1'),
    [ '3.2 with roles of a bearer scheme', qq({"openapi": "3.2.0", "components": {"securitySchemes": {"b": {"type": "http", "scheme": "bearer"}}},
        "servers": [{"url": "/api"}], "paths": {"/a": {"get": {"security": [{"b": ["admin"]}]}}}}) ],
);

for my $version ('3.0.4', '3.1.1') {
    told "2.5-2: what is new in OpenAPI 3.2 is unknown in $version", version($version, $query =~ s/"query"/"get": {$operation}, "query"/r, @new),
        '#/$self: is not a member of a document', '#/servers/0/name: is not a member of a server',
        '#/paths/~1a/query: is not a member of a path item', '#/components/securitySchemes/eiam/deprecated: is not a member of a security scheme',
        '#/components/securitySchemes/eiam/oauth2MetadataUrl: is not a member of a security scheme',
        '#/components/securitySchemes/eiam/flows/deviceAuthorization: is not a flow',
        '#/components/securitySchemes/eiam/flows/deviceAuthorization/deviceAuthorizationUrl: is not a member of a flow',
        '#/components/mediaTypes: is not a member of components';
    told "2.5-2: so is a whole query string as a parameter, and additionalOperations", version($version,
        qq("/a": {"get": {"parameters": [{"name": "q", "in": "querystring"}], $operation}, $additional}), @old),
        '#/paths/~1a/get/parameters/0/in: unknown location "querystring" of a parameter',
        '#/paths/~1a/additionalOperations: is not a member of a path item';
}

told '2.5-2: an additional operation must not be one that has a member of its own', version('3.2.0',
    qq("/a": {"get": {$operation}, "additionalOperations": {"POST": {$operation}, "Query": {$operation}, "LOCK": {"securtiy": []}}}), @old),
    '#/paths/~1a/additionalOperations/POST: has a member of its own in the path item',
    '#/paths/~1a/additionalOperations/Query: has a member of its own in the path item',
    '#/paths/~1a/additionalOperations/LOCK/securtiy: is not a member of an operation (did you mean "security"?)';

told "2.5-2: OpenAPI $_ is not supported", version($_, $query, @new),
    qq(#/openapi: OpenAPI "$_" is not supported, only 3.0, 3.1 and 3.2 are) for '3.3.0', '3.2', '3.20.0', '4.0.0', '2.0.0', '3.x.0';

for my $swagger ('"2.0"', '2.0', '"1.2"') {
    told "2.5-2: Swagger $swagger is refused with the command that converts it", qq({"swagger": $swagger, "paths": {}}),
        '#/swagger: Swagger is not supported, convert it: npx swagger2openapi -o FILE ' . $gate->dir . '/policy';
}
told '2.5-2: so it is in YAML', "swagger: '2.0'\npaths: {}\n",
    'line 1 column 1: #/swagger: Swagger is not supported, convert it: npx swagger2openapi -o FILE ' . $gate->dir . '/policy';

{
    my $served = nginx(files => { 'apps.json' => applications({ id => 'a', permissions => ['user_read'], tokens => ['tok'] }),
            'policy.json' => version('3.2.0', qq("/a": {"query": {$operation, "operationId": "ask"}, $additional},
                "/b": {$additional}, "/{x}": {"get": {$operation, "operationId": "any"}}), @old) },
        server => 'eiam_applications %DIR%/apps.json; location /api/ { eiam on; eiam_policy %DIR%/policy.json; proxy_pass http://%ECHO%; }
            location /status/ { eiam_status; }')->start;
    for my $row ([ QUERY => 'a', 'ask' ], [ GET => 'a', 'any' ], [ GET => 'b', 'any' ], [ GET => 'c', 'any' ]) {
        my ($method, $path, $operation) = @$row;
        passed(get($served, "/api/$path", method => $method, token => 'tok', body => $method eq 'QUERY' ? '{}' : undef),
            "2.5-2: $method of $path is the operation $operation", operation => $operation);
    }
    refused(get($served, "/api/$_->[1]", method => $_->[0], token => 'tok'), $_->[2], "2.5-2: $_->[0] of $_->[1]: $_->[2]")
        for [ QUERY => 'c', 'method_unknown' ], [ LOCK => 'a', 'operation_unknown' ], [ COPY => 'b', 'operation_unknown' ],
            [ LOCK => 'c', 'method_unknown' ];
    is get($served, '/api/a', method => 'PUT', token => 'tok')->{headers}{allow}, 'GET, HEAD, QUERY', '2.5-2: what is left out is not in Allow';
    my ($policy) = @{ get($served, '/status/policy')->{json}{policies} };
    is join(' ', map { "$_->{cause}:$_->{pointer}" } @{ $policy->{left_out} }),
        join(' ', map { "method:#/paths/~1$_/additionalOperations/LOCK method:#/paths/~1$_/additionalOperations/COPY" } qw(a b)),
        '2.5-2: additional operations are listed as left out';
}

# ---------------------------------------------------------------- YAML

my $security = 'security: [{eiam: [user_read]}]';

# Indented by two, as what is below "paths:".
sub yaml {
    my ($paths, %opt) = @_;
    my $start = <<'YAML' =~ s/^    //gmr;
    # A document as people write it.
    openapi: 3.0.3
    info: {title: Test, version: '1'}
    servers:
    - url: /api
    components:
      securitySchemes:
        eiam:
          type: oauth2
          flows:
            clientCredentials: {tokenUrl: /t, scopes: {user_read: ''}}
    paths:
YAML
    return $start . ("$paths\n" =~ s/^(?=.)/  /gmr);
}

my $get = "get:\n    $security";
my $users = "/users:\n  $get";

told "2.5-1: YAML: $_->[0]", $_->[1] for (
    [ 'a document', yaml($users) ],
    [ 'in a file with a byte order mark', "\xef\xbb\xbf" . yaml($users) ],
    [ 'with line ends of Windows', yaml($users) =~ s/\n/\r\n/gr ],
    [ 'with marks of a document', "%YAML 1.2\n---\n" . yaml($users) . "...\n" ],
    [ 'numbers for keys', yaml("$users\n    responses:\n      200: {description: Done}\n      0x1F: {}\n      null: {}\n      4XX: {}") ],
    [ 'anchors and aliases', yaml("/users:\n  get: &get\n    security: &all\n    - eiam: &scopes [user_read]\n"
        . "/a: {get: *get}\n/b: {get: {security: *all}}\n/c: {get: {security: [{eiam: *scopes}]}}") ],
    [ 'text in blocks', yaml("$users\n    description: |\n      get: security\n    summary: >-\n      Much\n      of it") ],
    [ 'JSON with comments', "# JSON\n" . document(qq("/a": {"get": {$operation}})) ],
    [ 'a merge key that is quoted is a key', yaml("$users\n    x-a: {'<<': 1}") ],
    [ 'words of YAML 1.1 are strings', yaml("/users:\n  get:\n    x-eiam-mode: on\n    $security\n    operationId: yes") ],
    [ 'an integer of any size', yaml("$users\n    x-a: [$huge, -$huge, 1e999, 0x$huge]") ],
);

# [ title, text, faults ]
told "2.5-1: YAML: $_->[0]", @$_[ 1 .. $#$_ ] for (
    [ 'all faults with line, column and pointer', yaml("/users:\n  get:\n    securtiy: []\n    $security\n    parameters:\n"
        . "    - name: a\n      in: query\n    - {in: qeury, name: b}\n/b: ~") . "tagss: 1\n",
        'line 15 column 7: #/paths/~1users/get/securtiy: is not a member of an operation (did you mean "security"?)',
        'line 20 column 10: #/paths/~1users/get/parameters/1/in: unknown location "qeury" of a parameter (did you mean "query"?)',
        'line 21 column 3: #/paths/~1b: must be an object',
        'line 22 column 1: #/tagss: is not a member of a document (did you mean "tags"?)' ],
    [ 'a fault behind aliases once, where it stands', yaml("/a:\n  get: &get\n    securtiy: 1\n    $security\n/b:\n  get: *get"),
        'line 15 column 7: #/paths/~1a/get/securtiy: is not a member of an operation (did you mean "security"?)' ],
    [ 'a duplicate key', yaml("$users\n  get: {}"), 'line 16 column 5: #/paths/~1users: duplicate key "get"' ],
    [ 'a duplicate key in another spelling', yaml("$users\n  \"g\\x65t\": {}"), 'line 16 column 5: #/paths/~1users: duplicate key "get"' ],
    [ 'a duplicate key of a number', yaml("$users\n    responses: {200: {}, '200': {}}"),
        'line 16 column 28: #/paths/~1users/get/responses: duplicate key "200"' ],
    [ 'a merge key', yaml("/a:\n  x-a: &a {security: []}\n  get:\n    <<: *a"),
        'line 16 column 7: #/paths/~1a/get: unsupported merge key "<<"' ],
    [ 'a tag', yaml("/a:\n  get:\n    security: !!seq []"), 'line 15 column 17: #/paths/~1a/get/security: unsupported tag' ],
    [ 'a tag of a scalar', yaml("$users\n    operationId: !!str 7"), 'line 16 column 20: #/paths/~1users/get/operationId: unsupported tag' ],
    [ 'the tag that says nothing', yaml("$users\n    operationId: ! 7"), 'line 16 column 20: #/paths/~1users/get/operationId: unsupported tag' ],
    [ 'a tag of a key', yaml("$users\n    !!str tags: []"), 'line 16 column 7: #/paths/~1users/get: a key must have no tag and no anchor' ],
    [ 'a key that is a list', yaml("$users\n    ? [a]\n    : 1"), 'line 16 column 9: #/paths/~1users/get: a key must be a scalar' ],
    [ 'a key that is an alias', yaml("$users\n    x-a: &a x\n    *a : 1"), 'line 17 column 7: #/paths/~1users/get: a key must be a scalar' ],
    [ 'NUL in a key', yaml("$users\n    \"a\\0\": 1"), 'line 16 column 7: #/paths/~1users/get: a key must not have a NUL' ],
    [ 'NUL in a string', yaml("$users\n    operationId: \"a\\0\""), 'line 16 column 20: #/paths/~1users/get/operationId: must not have a NUL' ],
    [ 'a number that JSON does not have', yaml("$users\n    x-a: [-.inf]"), 'line 16 column 13: #/paths/~1users/get/x-a/0: "-.inf" is not a number of JSON' ],
    [ 'an alias to nothing', yaml("/a: *b"), 'line 13 column 7: #/paths/~1a: there is no anchor "b" before it' ],
    [ 'an alias before its anchor', yaml("/a: *b\n/b: &b {}"), 'line 13 column 7: #/paths/~1a: there is no anchor "b" before it' ],
    [ 'an alias to what it stands in', yaml("/a: &a\n  get: *a"), 'line 14 column 10: #/paths/~1a/get: alias "a" leads to itself' ],
    [ 'two anchors of one name', yaml("$users\n    x-a: &a 1\n    x-b: &a 2"), 'line 17 column 12: #/paths/~1users/get/x-b: anchor "a" occurs twice' ],
    [ 'two documents', yaml($users) . "---\n" . yaml($users), 'line 16 column 1: #: is a second document' ],
    [ 'nothing', '', 'line 1 column 1: #: has no document' ],
    [ 'comments alone', "# openapi: 3.0.3\n", 'line 2 column 1: #: has no document' ],
    [ 'a scalar', 'openapi', '#: must be an object' ],
    [ 'a version that is a number', yaml($users) =~ s/3\.0\.3/3.1/r, 'line 2 column 1: #/openapi: must be a string' ],
    [ 'security that is left empty', yaml("/a:\n  get:\n    security:"), 'line 15 column 7: #/paths/~1a/get/security: must be an array' ],
    [ 'a scope that is true', yaml("/a:\n  get:\n    security: [{eiam: [true]}]"),
        'line 15 column 26: #/paths/~1a/get/security/0/eiam/0: must be a string' ],
    [ 'a tab', yaml("/a:\n\tget: {}"), 'line 14 column 3: #/paths/~1a: found character that cannot start any token while scanning for the next token' ],
    [ 'an open list', yaml("/a: {get: {security: [}}"),
        "line 13 column 25: #/paths/~1a/get/security: did not find expected node content while parsing a flow node" ],
    [ 'bytes that are no UTF-8', yaml("$users\n    description: \xff"), 'line 16 column 20: #: invalid leading UTF-8 octet' ],
    [ 'UTF-16', "\xff\xfeo\0p\0", 'line 1 column 1: #: invalid leading UTF-8 octet' ],
    [ 'half a surrogate pair', yaml("$users\n    description: \"\\ud800\""),
        'line 16 column 23: #/paths/~1users/get/description: found invalid Unicode character escape code while parsing a quoted scalar' ],
    (map { [ "a line separator that hides a member: $_->[0]", yaml("/a:\n  get:\n    # open: $_->[1]    security: []"),
        'line 15 column 15: #: has a line separator that not all readers of YAML know' ] }
        [ 'U+0085', "\xc2\x85" ], [ 'U+2028', "\xe2\x80\xa8" ], [ 'U+2029', "\xe2\x80\xa9" ]),
    [ 'aliases that multiply', yaml(join("\n", '/x-a:', map { sprintf "  x-%02d: &a%02d [%s]", $_, $_,
        join ', ', $_ ? (sprintf '*a%02d', $_ - 1) x 10 : (1) x 10 } 0 .. 8)),
        'line 19 column 59: #/paths/~1x-a/x-05/7: aliases repeat more than 1000000 values' ],
);

for my $depth ([ 'levels by brackets' => ('[' x 20_000) . (']' x 20_000) ], [ 'levels by indentation' => join '', map { "\n" . (' ' x (7 + $_)) . '- ' } 1 .. 2100 ],
    [ 'levels by aliases' => join ', ', '[&a0 []', map { sprintf '&a%d %s*a%d%s', $_ + 1, '[' x 30, $_, ']' x 30 } 0 .. 80 ]) {
    my @faults = faults(yaml("$users\n    x-a: $depth->[1]"));
    like "@faults", qr/^line \d+ column \d+: .*(?:has more than 2048 levels|exceeded maximum depth)/, "2.5-1: YAML: too many $depth->[0]";
}

# The format of a text does not depend on the name alone.
for my $row (
    [ 'policy.json' => yaml($users), 0 ], [ 'policy.yaml' => document(qq("/a": {"get": {$operation}})), 0 ],
    [ 'policy.yml' => "{openapi: 3.0.3, $schemes, paths: {/a: {get: {$security}}}}", 0 ],
    [ 'policy' => "{openapi: 3.0.3, $schemes, paths: {/a: {get: {$security}}}}", qr/line 1 column \d: string or '\}' expected near 'openapi'/ ],
    [ 'policy.json' => "{openapi: 3.0.3}", qr/line 1 column \d: string or '\}' expected near 'openapi'/ ],
    [ 'policy.json' => 'openapi', qr/line 1 column 7: '\[' or '\{' expected near 'openapi'/ ],
    [ 'policy.YAML' => "{openapi: 3.0.3, }}", qr/line 1 column 19: #: did not find expected/ ],
) {
    my ($name, $text, $fault) = @$row;
    my $other = nginx(server => "location /api/ { eiam on; eiam_policy %DIR%/$name; }", files => { $name => $text });
    my ($code, $said) = $other->check;
    ok $fault ? $code && $said =~ $fault : !$code, "2.5-1: $name with " . ($text =~ /^\{/ ? 'braces' : 'YAML')
        . ($fault ? " is refused: $fault" : '') or diag $said;
}

# The file that uses a library, compiled as on a system without it, and linked with the others.
SKIP: {
    skip 'the module is built in another way', 6 if $ENV{EIAM_ASAN} || $ENV{EIAM_COVERAGE};
    my ($build, $nginx, $without) = (top_dir() . '/build/dynamic', '/usr/share/nginx/src/src', $gate->dir . '/without');
    my %source = map { (m{(\w+)\.c$} => 1) } glob join ' ', map { top_dir() . "/$_" } qw(*.c src/*/*.c src/*/*/*.c);
    my @include = map { "-I$_" } $build, map({ top_dir() . "/src/$_" } qw(core redis)), glob "$nginx/{core,event,event/*/,os/unix}";
    my $build_without = sub {
        my ($file, $macro, @libraries) = @_;
        my ($noun) = $file =~ /(\w+)\.c$/;
        my @objects = grep { m{(\w+)\.o$} && $1 ne $noun && ($source{$1} || /_modules/) }
            glob "$build/addon/*/*.o $build/ngx_eiam_module_modules.o";
        return system('cc', '-c', '-fPIC', "-D$macro=0", @include, '-o', "$without.o", top_dir() . "/src/$file")
            || system('cc', '-shared', '-o', "$without.so", @objects, "$without.o", qw(-ljansson -lcrypto -lssl), @libraries);
    };
    is $build_without->('core/ngx_eiam_yaml.c', 'NGX_EIAM_HAVE_YAML', '-lhiredis'), 0, 'a module without libyaml is built';
    local $ENV{EIAM_MODULE} = "$without.so";
    for my $row ([ 'openapi.yaml', yaml($users), qr/"\S+": is not JSON, and the module was built without libyaml, which reads YAML/ ],
        [ 'openapi.json', document(qq("/a": {"get": {$operation}})) ]) {
        my ($name, $text, $fault) = @$row;
        my ($code, $said) = nginx(server => "location /api/ { eiam on; eiam_policy %DIR%/$name; }", files => { $name => $text })->check;
        ok $fault ? $code && $said =~ $fault : !$code, "2.5-1: without libyaml $name is " . ($fault ? 'refused, and why' : 'read') or diag $said;
    }
    is $build_without->('redis/ngx_eiam_redis_reply.c', 'NGX_EIAM_HAVE_REDIS', '-lyaml'), 0, '2.4-8: a module without libhiredis is built';
    my ($code, $said) = nginx(http => 'eiam_redis 127.0.0.1:6379;', server => '')->check;
    ok $code && $said =~ /eiam_redis: this module was built without the hiredis library: install libhiredis-dev/, '  and refuses eiam_redis, and says why' or diag $said;
    ($code, $said) = nginx(server => 'location /api/ { eiam on; eiam_policy %DIR%/openapi.json; }', files => { 'openapi.json' => document(qq("/a": {"get": {$operation}})) })->check;
    is $code, 0, '  and gates as before' or diag $said;
}

done_testing;
