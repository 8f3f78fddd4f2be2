#!/usr/bin/perl
# What a policy leaves out: nginx -t reports it, and it is matched and refused; and paths that come with it.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Test::More;
use EIAM::Test;

# ---------------------------------------------------------------- documents

my %schemes = (
    eiam   => { type => 'oauth2', flows => { clientCredentials => { tokenUrl => '/t',
        scopes => { map { ($_ => '') } qw(a b c d) } } } },
    bearer => { type => 'http', scheme => 'bearer' },
    key    => { type => 'apiKey', in => 'header', name => 'X-Key' },
    cookie => { type => 'apiKey', in => 'cookie', name => 'sid' },
    basic  => { type => 'http', scheme => 'basic' },
    sign   => { type => 'apiKey', in => 'header', name => 'Authorization' },
    auth   => { type => 'apiKey', in => 'header', name => 'authorization', 'x-eiam-bearer' => JSON::PP::true },
);

# "GET /path" => security: a scope, a list as in OpenAPI, or undef for none; or further members.
sub document {
    my ($base, @operations) = @_;
    my %document = (openapi => '3.0.3', info => { title => 'x', version => '1' }, servers => [ { url => $base } ],
        components => { securitySchemes => {%schemes} }, paths => {});
    while (my ($key, $what) = splice @operations, 0, 2) {
        my ($method, $path) = split / /, $key;
        if ($method !~ /^[A-Z]/) { $document{$key} = $what; next }
        my %members = ref $what eq 'HASH' ? %$what : (security => $what);
        $members{security} = [ { eiam => [ $members{security} ] } ]
            if defined $members{security} && !ref $members{security};
        delete $members{security} unless defined $members{security};
        $document{paths}{$path}{ lc $method } = { operationId => $key =~ tr{ }{}dr, responses => {}, %members };
    }
    return \%document;
}

# ---------------------------------------------------------------- one gate, many policies

my %files = ('apps.json' => applications(
    { id => 'all', permissions => [qw(a b c d)], tokens => ['all'] },
    { id => 'weak', permissions => ['a'], tokens => ['weak'] }));
my (@locations, @requests);

# Requests: "METHOD path" => status, followed by the operation, the detail or Allow.
sub policy_of {
    my ($base, $document, @rows) = @_;
    my $name = 'policy' . @locations . '.json';
    $files{$name} = document($base, @$document);
    push @locations, "location $base/ { eiam on; eiam_policy %DIR%/$name; eiam_path utf8; proxy_pass http://127.0.0.1:%PORT2%; }";
    push @requests, [ $base, @rows ];
    return;
}

my $left = '404 left_out';

# ---- the trap: what is left out must not be decided as another operation that fits too

policy_of('/trap', [
    'GET /files/{name}' => 'a', 'GET /files/{a}...{b}' => 'b', 'GET /files/{a}...{b}/x' => 'b', 'GET /files/{name}/{x}' => 'a',
    'POST /files/{name}' => 'a', 'GET /any/{a}{b}' => 'b', 'GET /any/{name}' => 'a', 'GET /any/known' => 'a',
    'GET /img/i{a}x{b}' => 'b', 'GET /img/{name}' => 'a', 'GET /img/{name}.png' => 'a',
    'GET /{deep}/{a}~{b}/y' => 'b', 'GET /files/{name}/y' => 'a' ],
  '2.5-3: a segment with several parameters is matched by its literals, and refused',
  'GET /files/x' => '200 GET/files/{name}', 'GET /files/p...q' => $left, 'HEAD /files/p...q' => $left,
  'GET /files/p...' => $left, 'GET /files/...q' => $left, 'GET /files/p....q' => $left,
  'GET /files/p..q' => '200 GET/files/{name}', 'POST /files/p...q' => '200 POST/files/{name}',
  'GET /files/p...q/x' => $left, 'GET /files/p...q/z' => '200 GET/files/{name}/{x}',
  'DELETE /files/p...q' => '405 POST', 'DELETE /files/pq' => '405 GET, HEAD, POST',
  'GET /any/x' => $left, 'GET /any/xy' => $left, 'GET /any/known' => '200 GET/any/known',
  'GET /img/i1x2' => $left, 'GET /img/I1X2' => $left, 'GET /img/i1x2.png' => $left, 'GET /img/i1X2.json' => $left,
  'GET /img/my1x2' => '200 GET/img/{name}', 'GET /img/x1.png' => '200 GET/img/{name}.png',
  'GET /files/p~q/y' => '200 GET/files/{name}/y', 'GET /other/p~q/y' => $left,
);

policy_of('/twin', [
    'GET /a' => 'a', 'GET /a?x' => 'b', 'GET /b' => 'b', 'GET /b?x' => 'a', 'GET /c' => 'a', 'GET /c#x' => 'a',
    'GET /d' => [ { eiam => [qw(a b)] } ], 'GET /d{?x}' => 'b', 'GET /e' => [], 'GET /e#x' => 'a',
    'GET /f' => { security => 'a', 'x-eiam-mode' => 'report' }, 'GET /f#x' => 'a', 'GET /g' => 'a', 'GET /g#x' => [],
    'HEAD /h' => 'a', 'GET /h#x' => 'b', 'GET /i/{x}' => 'a', 'GET /i/{y}#1' => 'b', 'POST /i/{x}' => 'a',
    'GET /j' => [ { eiam => ['a'] }, { eiam => ['b'] } ], 'GET /j#x' => 'a', 'GET /k' => 'a', 'GET /k#x' => undef,
    'GET /k#y' => 'a' ],
  '2.5-3: an operation stays beside one with a query or a fragment only if it requires no less',
  'GET /a' => $left, 'GET /a?x=1' => $left, 'GET /b' => $left, 'GET /b?x' => $left, 'GET /c' => '200 GET/c',
  'GET /d' => '200 GET/d', 'GET /e' => $left, 'GET /f' => $left, 'GET /g' => '200 GET/g', 'HEAD /h' => $left, 'GET /h' => $left,
  'GET /i/1' => $left, 'POST /i/1' => '200 POST/i/{x}', 'GET /j' => $left, 'GET /k' => $left,
);

policy_of('/head', [
    'GET /a' => [ { key => [] } ], 'HEAD /a' => 'a', 'GET /b' => undef, 'HEAD /b' => [], 'GET /c' => 'b', 'HEAD /c' => [ { key => [] } ],
    'GET /d' => { security => 'b', servers => [ { url => '/x' } ] }, 'HEAD /d' => { security => 'a', 'x-eiam-mode' => 'report' },
    'GET /e/' => [ { key => [] } ], 'HEAD /e' => 'a', 'GET /f#x' => 'b', 'HEAD /f' => 'a', 'GET /{a}-{b}/g' => 'b', 'HEAD /{a}-{b}/g' => 'a', 'HEAD /{x}/g' => 'a' ],
  '2.5-3: a HEAD of its own stays where the GET of the same path is left out, and the other way round',
  'HEAD /a' => '200 HEAD/a', 'GET /a' => $left, 'PUT /a' => '405 HEAD', 'none HEAD /b' => '200 HEAD/b', 'GET /b' => $left,
  'HEAD /c' => $left, 'GET /c' => '200 GET/c', 'HEAD /d' => '200 HEAD/d', 'GET /d' => $left,
  'HEAD /e' => $left, 'HEAD /f' => $left, 'HEAD /x-y/g' => $left, 'HEAD /xy/g' => '200 HEAD/{x}/g',
);

policy_of('/security', [
    'security' => [ { key => [] }, { eiam => ['b'] } ],
    'GET /a' => [ { key => [] } ], 'GET /b' => [ {} ], 'GET /c' => [ {}, { eiam => ['a'] } ], 'GET /d' => [ { eiam => ['a'], key => [] } ],
    'GET /e' => [ { eiam => ['a'], key => [] }, { eiam => ['b'] } ], 'GET /f' => [ { basic => [] }, { cookie => [] } ],
    'GET /g' => [ { sign => [] } ], 'GET /h' => [ { auth => [] } ], 'GET /i' => [ { sign => [] }, { auth => [] } ],
    'GET /j' => [], 'GET /k' => undef, 'GET /l' => [ { eiam => ['other'] } ], 'GET /m' => [ { eiam => ['a b'] }, { eiam => ['a'] } ],
    'GET /n' => [ { eiam => [''] } ], 'GET /o' => [ {}, { key => [] } ], 'GET /{x}' => 'a', 'POST /a' => 'a',
    'GET /p' => { security => [ { key => [] } ], 'x-eiam-mode' => 'report' } ],
  '2.5-3: an alternative that no bearer token can satisfy is no alternative, and never the only one',
  'GET /a' => $left, 'GET /b' => $left, 'GET /c' => '200 GET/c', 'GET /d' => $left, 'GET /e' => '200 GET/e', 'GET /f' => $left,
  'GET /g' => $left, 'GET /h' => '200 GET/h', 'GET /i' => '200 GET/i', 'GET /j' => '200 GET/j', 'GET /k' => '200 GET/k',
  'GET /l' => '403', 'GET /m' => '200 GET/m', 'GET /n' => $left, 'GET /o' => $left, 'GET /x' => '200 GET/{x}', 'GET /p' => $left,
  'POST /a' => '200 POST/a', 'PUT /a' => '405 POST', 'weak GET /e' => '403', 'weak GET /k' => '403', 'weak GET /c' => '200 GET/c',
  'none GET /b' => '401', 'none GET /a' => '401', 'none GET /j' => '200 GET/j', 'none GET /c' => '401', 'none GET /p' => '401',
);

policy_of('/literal', [
    'GET /a%20b' => 'b', 'GET /a;b' => 'b', 'GET /a|c' => 'b', 'GET /{x}' => 'a', 'GET /%E4%B8%AD' => 'a', 'GET /acc:look' => 'a',
    'GET /...' => 'b', "GET /\x{7528}" => 'a', 'GET /x//y' => 'b', 'GET /x/y' => 'a', 'GET /s/{x}%20y' => 'b', 'GET /s/{x}' => 'a' ],
  '2.5-3: a literal that no request can bring is left out',
  'GET /q' => '200 GET/{x}', 'GET /%E4%B8%AD' => '200 GET/%E4%B8%AD', 'GET /acc:look' => '200 GET/acc:look',
  'GET /x/y' => '200 GET/x/y', 'GET /a%20b' => qr/^4/, 'GET /a;b' => '400 parameter', 'GET /x//y' => '400 empty_segment',
  'GET /%E7%94%A8' => "200 GET/\x{7528}", 'GET /s/q' => '200 GET/s/{x}', 'GET /s/q%20y' => qr/^4/,
);

policy_of('/servers/v1', [
    'GET /a' => { security => 'a', servers => [ { url => '/servers/v1/w' } ] }, 'GET /b' => { security => 'a', servers => [ { url => 'https://x/servers/v1' } ] },
    'GET /w/a' => 'a', 'GET /w/c' => 'a', 'GET /c' => { security => 'b', servers => [ { url => '/servers/v1' }, { url => '/servers/v1/w' } ] },
    'GET /w/{x}' => 'a', 'GET /d' => { security => 'a', servers => [ { url => 'relative' } ] }, 'GET /{x}' => 'a', 'GET /e' => { security => 'a', servers => [] } ],
  '2.5-3: an operation with servers of another path is left out here and there',
  'GET /a' => $left, 'GET /b' => '200 GET/b', 'GET /w/a' => '200 GET/w/a', 'GET /c' => '200 GET/c', 'GET /w/c' => $left,
  'GET /w/x' => '200 GET/w/{x}', 'GET /d' => $left, 'GET /e' => $left, 'GET /x' => '200 GET/{x}',
);

# ---- mixed segments

policy_of('/mixed', [
    'GET /r/{name}.json' => 'a', 'GET /r/{name}' => 'b', 'POST /r/{id}:activate' => 'a', 'POST /r/{id}' => 'b', 'GET /r/all.json' => 'b',
    'GET /o/a{x}' => 'a', 'GET /o/{x}bc' => 'b', 'GET /o/a{x}/d' => 'b', 'GET /o/{x}/d' => 'a', 'PUT /o/{x}bc' => 'b',
    "GET /users('{id}')" => 'a', 'GET /v{n}/vx' => 'a', 'GET /{v}/vx' => 'b', 'GET /t/{x}.tar' => 'a', 'GET /t/{x}.tar.gz' => 'b', 'GET /t/{x}' => 'c',
    'GET /s/{x}ab' => 'a', 'GET /s/b{x}ab' => 'b', 'GET /s/b{x}' => 'c', 'GET /z/last' => 'b', 'GET /z/{n}.json' => 'a', 'GET /z/{n}' => 'a' ],
  '2.5-3: a parameter between literals: a literal wins over it, it wins over a whole segment, and more literal bytes win',
  'GET /r/x.json' => '200 GET/r/{name}.json', 'GET /r/x' => '200 GET/r/{name}', 'GET /r/all.json' => '200 GET/r/all.json',
  'GET /r/x.JSON' => '400 spelling', 'GET /r/.json' => '400 spelling', 'GET /r/x.json.xml' => '404', 'GET /r/x.JSON.xml' => '404',
  'POST /r/5:activate' => '200 POST/r/{id}:activate', 'POST /r/5:ACTIVATE' => '400 spelling', 'POST /r/:activate' => '400 spelling',
  'POST /r/5%3Aactivate' => qr/^400/, 'POST /r/5:activate.json' => qr/^4/, 'POST /r/5:activate2' => '200 POST/r/{id}',
  'POST /r/5:activ' => '200 POST/r/{id}', 'GET /r/5:activate' => '200 GET/r/{name}', 'GET /r/all.JSON' => '400 spelling',
  'GET /o/axx' => '200 GET/o/a{x}', 'GET /o/xbc' => '200 GET/o/{x}bc', 'GET /o/axbc' => '200 GET/o/{x}bc', 'GET /o/abc' => '200 GET/o/{x}bc',
  'GET /o/axbc/d' => '200 GET/o/a{x}/d', 'GET /o/abc/d' => '200 GET/o/a{x}/d', 'GET /o/xbc/d' => '200 GET/o/{x}/d', 'GET /o/zz/d' => '200 GET/o/{x}/d',
  'weak GET /o/abc/d' => '403', 'weak GET /o/axbc/d' => '403', 'weak GET /o/aq/d' => '403', 'weak GET /o/q/d' => '200 GET/o/{x}/d',
  'GET /o/q' => '404', 'PUT /o/abc' => '200 PUT/o/{x}bc', 'PUT /o/axx' => '405 GET, HEAD', 'GET /o/a' => '400 spelling', 'GET /o/bc' => '400 spelling',
  "GET /users('1')" => "200 GET/users('{id}')", "GET /users('')" => '400 spelling', "GET /Users('1')" => '400 spelling', 'GET /users(1)' => '404',
  'GET /v1/vx' => '200 GET/v{n}/vx', 'GET /V1/vx' => '400 spelling', 'GET /w1/vx' => '200 GET/{v}/vx', 'GET /v/vx' => '400 spelling',
  'GET /t/x.tar' => '200 GET/t/{x}.tar', 'GET /t/x.tar.gz' => '200 GET/t/{x}.tar.gz', 'GET /t/x.tar.xz' => '404', 'GET /t/x.gz' => '200 GET/t/{x}',
  'GET /s/bab' => '400 spelling', 'GET /s/bxab' => '200 GET/s/b{x}ab', 'GET /s/xab' => '200 GET/s/{x}ab', 'GET /s/bx' => '200 GET/s/b{x}',
  'GET /z/last.json' => '404', 'GET /z/first.json' => '200 GET/z/{n}.json', 'GET /z/last' => '200 GET/z/last',
);

# ---- slashes at the end

policy_of('/slash', [
    'GET /' => 'a', 'GET /users/' => 'a', 'GET /users/{id}' => 'b', 'PUT /users/{id}' => 'b', 'GET /users/list/' => 'a', 'GET /users/{id}/x/' => 'a',
    'GET /both' => 'a', 'GET /both/' => 'a', 'POST /both/' => 'a', 'GET /p/{x}/' => 'b', 'GET /{y}/{x}' => 'a', 'GET /m/{x}.json/' => 'b', 'GET /m/{x}' => 'a',
    'GET /l/' => undef, 'GET /l' => 'a', 'GET /k/{a}-{b}/' => 'a', 'GET /k/{x}' => 'a' ],
  '2.5-3: a path may end in a slash; the other form is no operation, nor a parameter',
  'GET /' => '200 GET/', 'HEAD /' => '200 GET/', 'POST /' => '405 GET, HEAD', 'GET /users/' => '200 GET/users/', 'GET /users' => '404',
  'GET /users/1' => '200 GET/users/{id}', 'GET /users/1/' => '404', 'GET /users/list/' => '200 GET/users/list/', 'GET /users/list' => '404',
  'PUT /users/list' => '404', 'GET /users/1/x/' => '200 GET/users/{id}/x/', 'GET /users/1/x' => '404', 'GET /both' => '200 GET/both',
  'GET /both/' => '200 GET/both/', 'POST /both/' => '200 POST/both/', 'POST /both' => '405 GET, HEAD', 'GET /p/1' => '404', 'GET /p/1/' => '200 GET/p/{x}/',
  'GET /q/1' => '200 GET/{y}/{x}', 'GET /q/1/' => '404', 'GET /users//' => '400 empty_segment', 'GET //' => '400 empty_segment', 'GET /users/.' => qr/^400/,
  'GET /m/a.json' => '404', 'GET /m/a.json/' => '200 GET/m/{x}.json/', 'GET /m/a' => '200 GET/m/{x}', 'GET /l' => $left, 'GET /l/' => $left,
  'GET /k/1-2' => '404', 'GET /k/1-2/' => $left, 'GET /k/1' => '200 GET/k/{x}', 'GET /USERS/' => '400 spelling', 'none GET /' => '401', 'GET /both/%2F' => qr/^400/,
);

my $gate = nginx(files => \%files, conf => qq{
    eiam_applications %DIR%/apps.json;
    server { listen 127.0.0.1:%PORT%; add_header X-Detail \$eiam_detail always; @{[ join "\n", @locations ]} }
    server { listen 127.0.0.1:%PORT2%; add_header X-Operation \$http_x_eiam_operation; location / { return 204; } }
    server { listen 127.0.0.1:%PORT3%; location /policies/ { eiam_status; eiam_path utf8; } }
})->start;

for (@requests) {
    my ($base, $title, @rows) = @$_;
    my @wrong;
    while (my ($key, $expected) = splice @rows, 0, 2) {
        my ($token, $method, $path) = $key =~ /^(?:(\w+) )?(\w+) (\S+)$/;
        $token = ($token // 'all') eq 'none' ? undef : $token // 'all';
        my $res = request_of($method, "$base$path", $token);
        my $got = $res->{status} == 204 ? "200 $res->{headers}{'x-operation'}"
            : join ' ', $res->{status}, $res->{status} =~ /^40[04]/ ? ($res->{headers}{'x-detail'} // ())
            : $res->{status} == 405 ? $res->{headers}{allow} : ();
        utf8::decode($got);
        push @wrong, "$key: $got, expected $expected" unless ref $expected ? $got =~ $expected : $got eq $expected;
    }
    ok !@wrong, $title or diag map { utf8::encode(my $line = $_); "$line\n" } @wrong;
}

sub request_of {
    my ($method, $path, $token) = @_;
    return get($gate, $path, method => $method, token => $token);
}

# ---------------------------------------------------------------- what nginx -t says of it

# The warnings or faults of a document, without nginx's prefix and suffix.
sub told {
    my ($document, $complete) = @_;
    my $check = nginx(files => { 'policy.json' => $document },
        server => "location / { eiam on; eiam_path utf8; eiam_policy %DIR%/policy.json $complete; }");
    my ($code, $text) = $check->check;
    my $file = $check->dir . '/policy.json';
    return ($code, map { /\[(?:warn|emerg)\] \d+#\d+: eiam_policy: "\Q$file\E": (.*); set in / ? $1 : () } split /\n/, $text);
}

my $many = document('/api', (map { ("GET /n$_" => undef) } 1 .. 5), 'GET /k' => [ { key => [] } ], 'GET /a' => 'a',
    'GET /q?x' => 'a', 'GET /f' => [ { key => [] }, { eiam => ['a'] }, {} ], 'GET /u' => 'other', 'GET /any' => [ { bearer => [] } ],
    'GET /{a}{b}' => 'a', 'GET /x;y' => 'a', 'GET /s' => { security => 'a', servers => [ { url => '/v2' } ] });
push @{ $many->{servers} }, { url => '/v2' }, { url => 'https://x/api/' }, { url => 'y' };
$many->{components}{securitySchemes}{eiam} = { type => 'oauth2', flows => { implicit => { scopes => { a => '', 'b c' => '' } } } };

my ($code, @told) = told($many, '');
is $code, 0, '2.5-3: a document of which something is left out is accepted';
is join("\n", sort @told), join("\n", sort
    q{left out, operations (5): no "security", neither their own nor the document's: #/paths/~1n1/get, #/paths/~1n2/get, }
        . '#/paths/~1n3/get and 2 more',
    q{left out, operations (1): no bearer token can satisfy their "security": #/paths/~1k/get},
    q{left out, operations (1): "servers" with another path than the document's: #/paths/~1s/get},
    q{left out, operations (1): several parameters in one segment: #/paths/~1{a}{b}/get},
    q{left out, operations (1): a query or a fragment in the template: #/paths/~1q?x/get},
    q{left out, operations (1): a segment that no request can bring: #/paths/~1x;y/get},
    q{left out, alternatives (1): no bearer token can satisfy one of the schemes: #/paths/~1f/get/security/0},
    q{left out, alternatives (1): nothing is required: #/paths/~1f/get/security/2},
    q{note that scopes are required (1): the security scheme does not declare them: #/paths/~1u/get/security/0/eiam/0},
    q{note that scopes are declared (1): no token can have them: #/components/securitySchemes/eiam/flows/implicit/scopes/b c},
    q{note that servers are not used (2): the path of the first one is the policy's: #/servers/1, #/servers/3},
    q{note that operations accept any valid token (1): no scope is required: #/paths/~1any/get}),
    '2.5-3: each cause is warned of once, with its count and first places' or diag join "\n", @told;

($code, @told) = told($many, 'complete');
is $code, 1, '2.5-3: with "complete" it is refused';
is scalar(grep { /^#\/.*: must not be left out: / } @told), 12, '2.5-3: and each place is named' or diag join "\n", @told;
my $crowd = document('/api', 'GET /a' => 'a', map { ("GET /n$_" => undef) } 1 .. 30);
($code, @told) = told($crowd, 'complete');
is "$code " . @told . " $told[-1]", '1 21 10 more must not be left out', '2.5-3: twenty of them at most';
($code, @told) = told(document('/api', 'GET /a' => 'a'), 'complete');
is "$code @told", '0 ', '2.5-3: "complete" is content with a document of which nothing is left out';

# Two locations that use the same file, which must be complete for one of them.
my $twice = nginx(files => { 'policy.json' => $crowd }, server => join ' ', map {
    "location /api/$_->[0]/ { eiam on; eiam_policy %DIR%/policy.json $_->[1]; }" } [ 'a', '' ], [ 'b', 'complete' ]);
my ($refused, $text) = $twice->check;
is $refused . ' ' . (() = $text =~ /\[warn\]/g), '1 1', '2.5-3: a file that is named twice is told of once, and refused if one name says so';

# ---------------------------------------------------------------- eiam_path

my @odd = ('GET /plain' => 'a', 'GET /acc:look' => 'a', 'GET /{x}@y' => 'a', "GET /\x{4e2d}" => 'a', "GET /\x{2460}" => 'a');
sub under {
    my ($mode, $complete, @operations) = @_;
    my ($code, $text) = nginx(files => { 'policy.json' => document('/api', @operations) }, server => join ' ', map {
        "location /api/$_/ { eiam on; eiam_path $mode; eiam_policy %DIR%/policy.json $complete; }" } qw(a b))->check;
    my @said = map { s/"\S+policy\.json"/FILE/r } map { s/^.*?\[(\w+)\] \d+#\d+: /$1 /r } grep { /eiam_path/ } split /\n/, $text;
    return join "\n", $code, @said;
}
is under('strict', '', @odd), qq{0\nwarn eiam_path: FILE: left out, operations (4): "eiam_path strict" lets no request pass to them, }
    . qq{"eiam_path utf8" may: #/paths/~1acc:look/get, #/paths/~1{x}\@y/get, #/paths/~1\xe2\x91\xa0/get and 1 more},
    '2.5-5: what eiam_path strict can never pass is told once, with the hint at utf8';
like under('utf8', '', @odd), qr{^0\nwarn eiam_path: FILE: left out, operations \(1\): "eiam_path utf8" lets no request pass to them: #/paths/~1\xe2\x91\xa0/get$},
    '2.5-5: and what utf8 cannot';
is under('utf8', '', @odd[0 .. 7]), '0', '2.5-5: with utf8 the others are operations like any other';
like under('strict', 'complete', @odd), qr{^1\nemerg "eiam_path strict" lets no request pass to 4 operations of FILE: }, '2.5-5: "complete" refuses them';
like under('strict', '', @odd[2, 3]), qr{^1\nemerg "eiam_path strict" lets no request pass to 1 operations}, '2.5-5: and so is a policy of which nothing remains';

# ---------------------------------------------------------------- what is shown of it

my $shown = get($gate, '/policies/policy', port => $gate->port(3))->{json};
my ($trap) = grep { $_->{path} eq '/trap' } @{ $shown->{policies} };
is join("\n", map { "$_->{cause} $_->{method} $_->{route} $_->{pointer}" } sort { $a->{pointer} cmp $b->{pointer} } @{ $trap->{left_out} }),
    join("\n", 'several_parameters GET /trap/any/{a}{b} #/paths/~1any~1{a}{b}/get',
    'several_parameters GET /trap/files/{a}...{b} #/paths/~1files~1{a}...{b}/get',
    'several_parameters GET /trap/files/{a}...{b}/x #/paths/~1files~1{a}...{b}~1x/get',
    'several_parameters GET /trap/img/i{a}x{b} #/paths/~1img~1i{a}x{b}/get',
    'several_parameters GET /trap/{deep}/{a}~{b}/y #/paths/~1{deep}~1{a}~0{b}~1y/get'),
    '2.5-3: the status location lists what is left out, and why';
ok !(grep { $_->{route} =~ /\}.*\{\w+\}[^\/]*\{|\{a\}/ } @{ $trap->{operations} }), '2.5-3: and not among the operations';
my ($security) = grep { $_->{path} eq '/security' } @{ $shown->{policies} };
is scalar(grep { $_->{cause} eq 'alternative_scheme' && !defined $_->{route} } @{ $security->{left_out} }), 3,
    '2.5-3: alternatives that are left out are listed too';
my $why = get($gate, '/policies/explain?method=GET&path=/trap/files/p...q&scopes=a%20b%20c%20d', port => $gate->port(3))->{json};
is "$why->{decision} $why->{reason} $why->{detail}", 'deny operation_unknown left_out', '2.5-3: the explanation says so';

refused get($gate, '/trap/files/p...q', token => 'all'), 'operation_unknown', '2.5-3: what is left out is refused as unknown';

done_testing;
