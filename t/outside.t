#!/usr/bin/perl
# The gate covers the whole server: no spelling of a target leads around it to the backend.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use EIAM::Test;

my $policy = policy('/api/v2/tenant', 'GET /users/{id}' => ['user_read'], 'POST /token' => 'public');
my $gated  = q{ eiam on; eiam_policy %DIR%/policy.json; eiam_applications %DIR%/apps.json; };

my $gate = nginx(
    files => {
        'policy.json' => $policy,
        'root.json'   => policy('/', 'GET /users/{id}' => ['user_read']),
        'other.json'  => policy('/scim', 'GET /Users/{id}' => ['user_read']),
        'variables.json' => {
            %{ policy('/unused', 'GET /users/{id}' => ['user_read']) },
            servers => [ { url => 'https://{host}.example/{base}/v1', variables => {
                host => { default => 'id' }, base => { default => 'eiam' } } } ],
        },
        'apps.json' => applications({ id => 'crm', permissions => ['user_read'], tokens => ['tok'] }),
    },
    http => qq{
        add_header X-Detail \$eiam_detail always;
        server {
            listen 127.0.0.1:%PORT2%;
            location / { proxy_pass http://%ECHO%; }
        }
        server {
            listen 127.0.0.1:%PORT3%;
            location /users/ {
                eiam on; eiam_policy %DIR%/root.json; eiam_applications %DIR%/apps.json;
                proxy_pass http://%ECHO%;
            }
            location / { proxy_pass http://%ECHO%; }
        }
        server {
            listen 127.0.0.1:%PORT4%;
            location /api/v2/tenant/ { $gated proxy_pass http://%ECHO%; }
            location /scim/ {
                eiam on; eiam_policy %DIR%/other.json; eiam_applications %DIR%/apps.json;
                proxy_pass http://%ECHO%;
            }
            location / { proxy_pass http://%ECHO%; }
        }
        server {
            listen 127.0.0.1:%PORT5%;
            location /eiam/v1/ {
                eiam on; eiam_policy %DIR%/variables.json; eiam_applications %DIR%/apps.json;
                proxy_pass http://%ECHO%;
            }
            location / { proxy_pass http://%ECHO%; }
        }
        server {
            listen 127.0.0.1:%PORT7%;
            server_name default;
            merge_slashes off;
            underscores_in_headers on;
            ignore_invalid_headers off;
            location / { proxy_pass http://%ECHO%; }
        }
        server {
            listen 127.0.0.1:%PORT7%;
            server_name gate;
            location /api/v2/tenant/ { $gated proxy_pass http://%ECHO%; }
            location / { proxy_pass http://%ECHO%; }
        }
        server {
            listen 127.0.0.1:%PORT6%;
            location ~ ^/api/v2/tenant/users/[a-z0-9]+\$ { $gated proxy_pass http://%ECHO%; }
            location ~* ^/static/(.*)\$ { proxy_pass http://%ECHO%; }
            location / { proxy_pass http://%ECHO%; }
        }
    },
    server => qq{
        location /api/v2/tenant/ {
            $gated proxy_ignore_headers X-Accel-Redirect; proxy_pass http://%ECHO%;
        }
        location = /api/v2/tenant/users/accel { $gated proxy_pass http://%ECHO%; }
        location / { proxy_pass http://%ECHO%; }
        location = /exact { proxy_pass http://%ECHO%; }

        location /named/ { error_page 404 = \@named; proxy_intercept_errors on; proxy_pass http://%ECHO%; }
        location /tried/ { try_files /no/such/file \@named; }
        location \@named { proxy_pass http://%ECHO%; }
        location \@tenant { rewrite ^ /api/v2/tenant/secrets break; proxy_pass http://%ECHO%; }
        location /named-tenant/ { try_files /no/such/file \@tenant; }

        location /into/ { rewrite ^/into/(.*)\$ /api/v2/tenant/\$1 last; }
        location /into-self/ { rewrite ^/into-self/(.*)\$ /api/v2/tenant/\$1 break; proxy_pass http://%ECHO%; }
        location /aside/ { rewrite ^/aside/(.*)\$ /docs/\$1 last; }
        location /dropped/ { rewrite ^ /docs break; proxy_pass http://%ECHO%; }
        location /error/ { error_page 404 = /api/v2/tenant/users/u1; return 404; }
        location /error-kept/ { error_page 404 /api/v2/tenant/users/u1; return 404; }
        location /tried-tenant/ { try_files /no/such/file /api/v2/tenant/users/u1; }
        location /tried-around/ { try_files /no/such/file /around; }
        location = /around { proxy_pass http://%ECHO%\$request_uri; }
        location /sendfile/ { proxy_pass http://%ECHO%; }
    },
)->start;

my ($untouched, $root, $two, $variables, $regex, $shared) = map { $gate->port($_) } 2 .. 7;

# A valid token makes no difference: such a target calls no operation.
sub ask {
    my ($target, %opt) = @_;
    return get($gate, $target, token => 'tok', %opt);
}

sub untouched {
    my ($target, $why, %opt) = @_;
    my $res = ask($target, %opt);
    passed $res, "$why passes: " . shown($target);
    is $res->{json}{target}, $target, '  as it was written';
    is join(' ', received($res, 'X-EIAM-Operation')), '', '  and is no operation';
    return;
}

nothing_forwarded $gate, 'ways around the gate' => sub {
    all_ambiguous($gate, [
        [ 'the base itself', '/api/v2/TENANT', '/api/v2/TENANT?x=y' ],
        [ 'a parameter', qw(/api;x/v2/tenant/users/u1 /api/v2;/tenant/users/u1 /api/v2/tenant;x=y/users/u1
            /;x/api/v2/tenant/users/u1 /api;/v2;/tenant;/users /api;a=b;c=d/v2/tenant/x /api/v2/tenant;) ],
        [ 'an encoded parameter', qw(/api%3bx/v2/tenant/x /api/v2%3B/tenant/x /api/v2/tenant%3bx/x) ],
        [ 'an encoded slash', qw(/api%252fv2/tenant/x /api/v2%252ftenant/x /api%25252Fv2%25252Ftenant/x) ],
        [ 'a backslash', '/api\\v2\\tenant\\x', '/api/v2\\tenant/x', '/\\api/v2/tenant/x', '/api\\/v2/tenant/x' ],
        [ 'an encoded backslash', qw(/api%5cv2/tenant/x /api/v2%5Ctenant/x /%5capi/v2/tenant/x
            /api%255cv2/tenant/x /x%5c..%5capi/v2/tenant/x) ],
        [ 'an empty segment', qw(/api;//v2/tenant/x //api;/v2/tenant/x) ],
        [ 'a parameter that is a dot segment', qw(/x/..;/api/v2/tenant/x /x/..;a=b/api/v2/tenant/x
            /.;/api/v2/tenant/x /api/.;/v2/tenant/x /api/x/..;/v2/tenant/x /api/v2/tenant/x/..;/users/u1) ],
        [ 'a path in a parameter', qw(/x;/../api/v2/tenant/x /docs;%2f..%2fapi/v2/tenant/x
            /docs;/..%2f/api%2fv2%2ftenant%2fx) ],
        [ 'a dot segment encoded twice', qw(/x/%252e%252e/api/v2/tenant/x /x/.%252e/api/v2/tenant/x
            /%252e/api/v2/tenant/x /x%252f..%252fapi/v2/tenant/x) ],
        [ 'another case', qw(/API/v2/tenant/users/u1 /Api/V2/Tenant/users/u1 /api/v2/TENANT /api/V2/tenant/) ],
        [ 'another case, encoded', qw(/%41pi/v2/tenant/x /api/%562/tenant/x) ],
        [ 'a letter encoded twice', qw(/%2561pi/v2/tenant/x /api/v2/t%2565nant/x /api/v2/%252574enant/x) ],
        [ 'an overlong character', qw(/api%c0%afv2/tenant/x /api/v2%c0%aftenant/x /x/%c0%ae%c0%ae/api/v2/tenant/x
            /api%e0%80%afv2/tenant/x /api%f0%80%80%afv2/tenant/x /%c1%a1pi/v2/tenant/x) ],
        [ 'a full-width character', qw(/api%ef%bc%8fv2/tenant/x /%ef%bd%81pi/v2/tenant/x /api%ef%bc%bcv2/tenant/x
            /x/%ef%bc%8e%ef%bc%8e/api/v2/tenant/x), "/api\xef\xbc\x8fv2/tenant/x" ],
        [ 'a character that looks like one', qw(/ap%c4%b1/v2/tenant/x /ap%c4%b0/v2/tenant/x
            /api%e2%88%95v2/tenant/x /api%e2%81%84v2/tenant/x) ],
        [ 'a character that some drop', qw(/api%01/v2/tenant/x /api/v2/ten%0aant/x /api/v2%0d/tenant/x
            /a%7fpi/v2/tenant/x /api/v2/tenant%09/x /api/v2/tena%c2%adnt/x /api%e2%80%8b/v2/tenant/x
            /%ef%bb%bfapi/v2/tenant/x /api/v2/tenant%ff/x), "/api/v2/tenant\xff/x", "/\x80api/v2/tenant/x" ],
        [ 'a dot or a space at the end', qw(/api./v2/tenant/x /api/v2./tenant/x /api/v2/tenant. /api/v2/tenant./x
            /api../v2/tenant/x /api%20/v2/tenant/x /api/v2/tenant%20/x /api/v2/tenant.%20./x /api/v2/tenant%2e/x) ],
        [ 'a query or a fragment, encoded', qw(/api/v2/tenant%3fx /api/v2/tenant%23x /api/v2/tenant%253fx) ],
        [ 'an encoded NUL, encoded twice', qw(/api/v2/tenant%2500 /api/v2/tenant%2500.css /api%2500/v2/tenant/x) ],
        [ 'another escape, encoded', qw(/api%25u002fv2/tenant/x /api%25uff0fv2/tenant/x /%25u0061pi/v2/tenant/x) ],
        [ 'a session of ASP.NET', qw(/(S(x))/api/v2/tenant/x /api/(S(x))/v2/tenant/x /api/v2/(A(a)F(b))/tenant/x
            /(S(x))/(F(y))/API/v2/tenant/x) ],
        [ 'a script with a path behind it', qw(/index.php/api/v2/tenant/x /app.v1/x.y/api/v2/tenant/x
            /x/index.php/api/v2/tenant/x /index.php/x/api/v2/tenant) ],
        [ 'a stream of NTFS', '/api::$INDEX_ALLOCATION/v2/tenant/x', '/api/v2/tenant::$DATA',
            '/api/v2:$I30:$INDEX_ALLOCATION/tenant/x', '/api%3a%3a$INDEX_ALLOCATION/v2/tenant/x' ],
        [ 'a character that some map to one', qw(/%C2%AApi/v2/tenant/x /%E2%93%90pi/v2/tenant/x /ap%E2%81%B1/v2/tenant/x
            /api/v%C2%B2/tenant/x /api/v2/tenan%E2%93%A3 /%25E2%2593%2590pi/v2/tenant/x /%F0%9D%96%BAp%F0%9D%97%82/v2/tenant),
            "/\xc2\xaapi/v2/tenant/x" ],
        [ 'one that an East Asian code page has at the place of the backslash',
            qw(/api%C2%A5v2%C2%A5tenant/x /api%E2%82%A9v2%E2%82%A9tenant/x /api%E2%83%A5v2%E2%83%A5tenant/x) ],
        [ 'several that look like one', qw(/%C2%AAp%C4%B1/V2/ten%E2%93%90nt/x /ap%C4%B1%E2%88%95v2%E2%81%84ten%C2%AAnt/x
            /%EF%BD%81p%E2%93%98/v2/tenant/x /x/%E2%80%A4%EF%BC%8E/%E2%93%90pi/v2/tenant) ],
        [ 'several of them', qw(/x;y/..;/%2561pi%253b/v2%255cTENANT./users /API;%5cV2%252f%2574enant%20/u
            /;/api%c0%afv2;a/tenant%01/x), '/x/..;\\api;b\\v2%252ftenant/x' ],
        [ 'the absolute form', 'http://localhost/api;x/v2/tenant/x', 'http://other.example/api/v2/tenant;/x',
            'http://localhost/x/..;/api/v2/tenant/x' ],
        [ 'a fragment', '/api;x/v2/tenant#x', '/docs#/..;/api/v2/tenant/x' ],
    ]);
};

nothing_forwarded $gate, 'the base without a slash' => sub {
    is ask('/api/v2/tenant')->{status}, 301, 'nginx itself redirects it to the gated location';
    refused ask('/api/v2/tenant', port => $regex), 'request_ambiguous', 'without such a location it is refused';
};

nothing_forwarded $gate, 'spellings that lead nginx to the gate' => sub {
    all_ambiguous($gate, [
        [ 'an encoded slash', qw(/api%2fv2/tenant/x /api/v2%2Ftenant/x /api/v2/tenant%2fx /%2fapi/v2/tenant/x) ],
        [ 'an empty segment', qw(//api/v2/tenant/x /api//v2/tenant/x /api/v2//tenant/x) ],
        [ 'a dot segment', qw(/x/../api/v2/tenant/x /./api/v2/tenant/x /x/%2e%2e/api/v2/tenant/x) ],
        [ 'an encoded letter', qw(/%61pi/v2/tenant/x /api/%762/tenant/x /api/v2/t%65nant/x) ],
        [ 'and one that leads away again', qw(/api/v2/tenant/..;/tenant/x /api/v2/tenant/x/..;/y) ],
    ]);
};

nothing_forwarded $gate, 'targets that lead away for nginx alone' => sub {
    all_ambiguous($gate, [
        [ 'it climbs', qw(/api/v2/tenant/..%2f..%2f..%2fdocs /api/v2/tenant/%2e%2e/docs
            /api/v2/tenant/x%2f..%2f..%2fdocs) ],
    ]);
    for my $target (qw(/api%u002fv2/tenant/x /api/v2%00/tenant/x /%u0061pi/v2/tenant/x /../api/v2/tenant/x
        /api%zz/v2/tenant/x /api/v2/tenant%), "/api/v2/ten\x01ant/x", "/api\t/v2/tenant/x")
    {
        is ask($target)->{status}, 400, 'nginx itself refuses ' . shown($target);
    }
};

subtest 'what is outside passes' => sub {
    untouched($_, 'another path') for qw(/ /x /docs/ /api /api/ /api/v2 /api/v2/ /api/v1/tenant/x /apix
        /api/v2/tenants /api/v2/tenants/x /api/v2/tenant.json /api/v2/tenant-x/y /api/v2/tenantX
        /api/v2x/tenant/y /apix/v2/tenant/y /v2/tenant/x /tenant/users/u1 /exact);
    untouched($_, 'the base further down') for qw(/docs/api/v2/tenant /docs/api/v2/tenant/users/u1 /x/api/v2/tenant);
    untouched($_, 'a usual name') for qw(/favicon.ico /app.min.js /a.b.c/d.e.f /.well-known/x /~user/
        /a(b) /it's /a:b@c /x+y /!*$&= /%E4%B8%AD%E6%96%87.html /%e6%96%87%e4%bb%b6/a%20b.pdf /a%20file.txt
        /100%25 /x%2fy /C%23/intro /x%3fy), '/x,y', "/\xe4\xb8\xad\xe6\x96\x87";
    untouched($_, 'a usual name that looks special') for qw(/docs/a:b /x(1)/y /(1)/x /file.tar.gz /v1.0/docs
        /index.php/docs /api.v1/docs /docs::x /(S(x))/docs /index.php/api/v2);
    untouched($_, 'a Chinese name') for qw(/%E4%B8%AD%E6%96%87/%E5%BC%A0%E4%B8%89
        /docs/%E6%89%8B%E5%86%8C.html /%E5%BC%A0/index.html /%E6%96%87/%E4%BA%A7/%E6%89%8B/%E5%86%8C
        /a%20b/%E4%B8%AD/%E6%96%87/%E5%BC%A0/x.html /%D0%B4%D0%BE/%D0%BA%D1%83/%D0%BC%D0%B5), "/\xe5\xbc\xa0/\xe4\xb8\x89.html";
    untouched($_, 'a parameter') for qw(/docs;v=1 /docs;v=1/x /api;v=1 /api;x/v2 /x;jsessionid=0);
    untouched($_, 'an empty segment') for qw(//docs//x /docs//);
    untouched($_, 'a dot segment') for qw(/docs/../x /docs/./x /docs/%2e%2e/y);
    untouched($_, 'the base in a query')
        for '/docs?next=/api/v2/tenant/x', '/?/api/v2/tenant', '/docs?x=/..;/api/v2/tenant';
    untouched('/docs', "a $_", method => $_) for qw(POST PUT DELETE PATCH OPTIONS);
};

nothing_forwarded $gate, 'every method' => sub {
    refused ask('/api;x/v2/tenant/x', method => $_), 'request_ambiguous', "a $_ is refused"
        for qw(GET POST PUT DELETE PATCH OPTIONS PROPFIND TRACK);
    refused ask('/api;x/v2/tenant/x', method => 'HEAD'), 'request_ambiguous', 'a HEAD is, without a body', head => 1;
    refused get($gate, '/api/v2/TENANT/token', method => 'POST'), 'request_ambiguous',
        'a public operation has one spelling as well';
    my $res = raw($gate, "GET /api;x/v2/tenant/x\r\n", http09 => 1);
    is $res->{json}{error_code}, 'GATEWAY.4001', 'HTTP/0.9 is refused';
};

nothing_forwarded $gate, '2.6-10: $eiam_detail says by which rule a request beside the gate is refused' => sub {
    for my $row (
        [ 'outside', '/api;x/v2/tenant/x' ], [ 'outside', '/named-tenant/x' ],
        [ 'outside_as_sent', '/dropped/..;/api/v2/tenant/x' ],
        [ 'target_field', '/docs', headers => ['X-Original-URL: /api/v2/tenant/x'] ],
        [ 'two_authorizations', '/docs', headers => ['Authorization: Basic eDp5'] ],
    ) {
        my ($detail, $target, %opt) = @$row;
        my $res = ask($target, %opt);
        refused $res, 'request_ambiguous', $target;
        is $res->{headers}{'x-detail'}, $detail, "  by $detail";
    }
};

subtest '2.6-9: a field that is the very target of the request passes beside the gate' => sub {
    for my $target ('/docs', '/docs?next=/api/v2/tenant/x', '/%E6%96%87', '/docs;v=1', '/a%20b') {
        passed ask($target, headers => ["$_: $target"]), "$_: $target" for qw(X-Original-URL X-Rewrite-URL);
    }
    nothing_forwarded $gate, 'any other that can be read as one below the base does not' => sub {
        refused ask($_->[0], headers => ["X-Original-URL: $_->[1]"]), 'request_ambiguous', "$_->[0], $_->[1]" for
            [ '/docs', '/docs?next=/api/v2/tenant/x' ], [ '/docs', '/api/v2/tenant/x' ],
            [ '/docs', '/docs/..;/api/v2/tenant/x' ], [ '/aside/..;/api/v2/tenant/x', '/aside/..;/api/v2/tenant/x' ];
        refused ask('/docs', headers => [ ('X-Original-URL: /docs') x 2 ]), 'request_ambiguous', 'two of the same';
    };
};

subtest 'regex locations' => sub {
    my %opt = (port => $regex);
    passed ask('/api/v2/tenant/users/u1', %opt), 'a gated regex location lets its operation pass',
        operation => 'getUsersId', application => 'crm';
    refused ask($_, %opt), 'request_ambiguous', "what it leaves out is refused: $_"
        for qw(/api/v2/tenant/users/U1 /api/v2/tenant/users /api/v2/tenant/secrets /api/v2/tenant/users/u1;x
        /api/v2/tenant/users/u1/ /api/v2/tenant/ /API/v2/tenant/users/u1);
    untouched('/static/a.css', 'another regex location', %opt);
    refused ask('/static/..;/api/v2/tenant/x', %opt), 'request_ambiguous', 'a way around through it is refused';
};

subtest 'named locations' => sub {
    untouched('/tried/x', 'a path that try_files takes to one');
    refused ask('/tried/..;/api/v2/tenant/x'), 'request_ambiguous', 'a way around by try_files is refused';
    my $res = ask('/named/x', headers => ['X-Test-Status: 404']);
    passed $res, 'an error page that is a named location is served', status => 404;
    refused ask('/named/..;/api/v2/tenant/x', headers => ['X-Test-Status: 404']), 'request_ambiguous',
        'a way around by error_page is refused';
    refused ask('/named-tenant/x'), 'request_ambiguous', 'one that rewrites to below the base is';
};

subtest 'internal redirects' => sub {
    passed ask('/into/users/u1'), 'a rewrite into the gate is judged there', operation => 'getUsersId',
        application => 'crm';
    refused get($gate, '/into/users/u1'), 'token_missing', 'without a token it is refused there';
    refused ask('/into/secrets'), 'operation_unknown', 'an unknown operation is';
    refused ask('/into/users/..;/x'), 'request_ambiguous', 'an ambiguous rest is';
    refused ask('/into/users/%2e%2e;/x'), 'request_ambiguous', 'an encoded one is';
    refused ask('/into-self/users/u1'), 'request_ambiguous',
        'a rewrite to below the base in a location without a gate is refused';
    my $res = ask('/aside/x');
    passed $res, 'a rewrite elsewhere passes';
    is $res->{json}{target}, '/docs/x', '  with the new target';
    refused ask('/aside/..;/api/v2/tenant/x'), 'request_ambiguous', 'a way around through it is refused';

    passed ask('/error/x'), 'an error page inside the gate is judged there', operation => 'getUsersId';
    refused get($gate, '/error/x'), 'token_missing', 'and refused without a token';
    passed ask('/error-kept/x'), 'an error page that keeps the status is judged too', status => 404;
    refused get($gate, '/error-kept/x'), 'token_missing', 'and refused with the status of the refusal';
    passed ask('/tried-tenant/x'), 'so is a path of try_files', operation => 'getUsersId';
    refused get($gate, '/tried-tenant/x'), 'token_missing', 'and refused without a token';
    refused ask('/tried-around/..;/api/v2/tenant/x'), 'request_ambiguous',
        'a location that sends $request_uri is no way around';

    passed ask('/sendfile/x', headers => [ 'X-Test-Header: X-Accel-Redirect: /api/v2/tenant/users/u1' ]),
        'X-Accel-Redirect into the gate is judged there', operation => 'getUsersId', application => 'crm';
    refused get($gate, '/sendfile/x', headers => [ 'X-Test-Header: X-Accel-Redirect: /api/v2/tenant/users/u1' ]),
        'token_missing', 'and refused without a token';
    $res = get($gate, '/sendfile/x', headers => [ map { "X-Test-Header: $_" }
        'X-Accel-Redirect: /api/v2/tenant/users/u1', 'Cache-Control: public, max-age=60', 'Set-Cookie: a=b',
        'Expires: Thu, 01 Jan 2037 00:00:00 GMT', 'Content-Type: text/html; charset=koi8-r' ]);
    refused $res, 'token_missing', 'whatever fields come with it';
    is_deeply [ @{ $res->{headers} }{qw(set-cookie expires)} ], [ undef, undef ], '  none of which is sent';
    refused ask('/sendfile/x', headers => [ 'X-Test-Header: X-Accel-Redirect: /api/v2/TENANT/users/u1' ]),
        'request_ambiguous', 'X-Accel-Redirect to below the base, beside the gate, is refused';
    refused ask('/api/v2/tenant/users/accel', headers => [ 'X-Test-Header: X-Accel-Redirect: /api/v2/tenant/users' ]),
        'operation_unknown', 'X-Accel-Redirect from one operation to what is none is judged anew';
};

subtest 'a base of "/"' => sub {
    my %opt = (port => $root);
    passed ask('/users/u1', %opt), 'an operation passes', operation => 'getUsersId';
    untouched($_, 'a plain path beside the gate', %opt) for qw(/docs /docs/x.html /);
    refused ask($_, %opt), 'request_ambiguous', "what is read in two ways is refused: $_"
        for qw(/docs/..;/users/u1 /users;x/u1 /docs/%252e%252e/users/u1 /docs%5cx /x;y);
    refused ask($_, %opt), 'request_ambiguous', "another spelling of the templates' first segment is refused: $_"
        for qw(/Users/1 /USERS/1 /users;x/1 /Users /USERS/1/x);
    untouched($_, 'another first segment', %opt) for qw(/other /status /usersx /user/1 /other/users/1);
};

# If the base is "/", templates and gated locations determine what is below it.
my $beginnings = nginx(
    files => {
        'policy.json' => policy('/', 'GET /secret' => ['user_read'], 'GET /orgs/{id}' => ['user_read'],
            'GET /{tenant}/users/{id}' => ['user_read'], 'GET /v1.0/x' => ['user_read']),
        'any.json'    => policy('/', 'GET /{id}' => ['user_read'], 'GET /{a}/{b}/{c}' => ['user_read']),
        'mixed.json'  => policy('/', 'GET /file-{name}' => ['user_read'], 'GET /{id}.json/users' => ['user_read'],
            'GET /{a}-{b}/reports' => ['user_read'], 'GET /doc-{a}-{b}' => ['user_read'], 'GET /x:{id}' => ['user_read']),
        'far.json'    => policy('/far/api', 'GET /users' => ['user_read']),
        'apps.json'   => applications({ id => 'crm', permissions => ['user_read'], tokens => ['tok'] }),
    },
    http => q{
        eiam_applications %DIR%/apps.json;
        server {
            listen 127.0.0.1:%PORT2%;
            location = /gated { eiam on; eiam_policy %DIR%/any.json; proxy_pass http://%ECHO%; }
            location / { proxy_pass http://%ECHO%; }
        }
        server {
            listen 127.0.0.1:%PORT3%;
            location /far/ { eiam on; eiam_policy %DIR%/far.json; proxy_pass http://%ECHO%; }
            location /far/open/ { proxy_pass http://%ECHO%; }
            location /adm { eiam on; eiam_policy %DIR%/far.json; proxy_pass http://%ECHO%; }
            location = /one { eiam on; eiam_policy %DIR%/far.json; proxy_pass http://%ECHO%; }
            location / { proxy_pass http://%ECHO%; }
        }
        server {
            listen 127.0.0.1:%PORT4%;
            location = /gated { eiam on; eiam_path utf8; eiam_policy %DIR%/mixed.json; proxy_pass http://%ECHO%; }
            location / { proxy_pass http://%ECHO%; }
        }
    },
    server => q{
        location /orgs/ { eiam on; eiam_policy %DIR%/policy.json; proxy_pass http://%ECHO%; }
        location = /secret { eiam on; eiam_policy %DIR%/policy.json; proxy_pass http://%ECHO%; }
        location /admin/ { eiam on; eiam_policy %DIR%/policy.json; proxy_pass http://%ECHO%; }
        location /admin/open/ { proxy_pass http://%ECHO%; }
        location / { proxy_pass http://%ECHO%; }
    },
)->start;

sub beside {
    my ($port, @targets) = @_;
    for my $target (@targets) {
        my $res = get($beginnings, $target, token => 'tok', $port ? (port => $beginnings->port($port)) : ());
        passed $res, '2.1-9: what cannot be read as an operation passes: ' . shown($target);
        is $res->{json}{target}, $target, '  as it was written';
    }
    return;
}

sub around {
    my ($port, @targets) = @_;
    refused get($beginnings, $_, token => 'tok', $port ? (port => $beginnings->port($port)) : ()), 'request_ambiguous',
        '2.1-9: what can be read as one is refused: ' . shown($_) for @targets;
    return;
}

nothing_forwarded $beginnings, '2.1-9: a base of "/", and targets that some backend reads as an operation' => sub {
    around undef, qw(/secret.json /secret.xml /SECRET.JSON /Secret.tar.gz /secret.json?x=y /secret.;/ /secret.
        /secret.json/ /secret.json/x /secret/ /secret/x /secret/x.json /SECRET /Secret/ /secret;a=b /secret;.json
        /secret.json;a=b /s%65cret.json /secret%2ejson /secret%2Ejson /secret.json%20
        /%73ecret.json /secret%252ejson /x/..;/secret.json /./secret.json;x /secret:x /secret.json::$DATA
        /secret.j@x /secret.!x), '/secret.j,x', "/\xc5\xbfecret.json", "/secret\xe2\x80\xa4json";
    around undef, qw(/ORGS/1 /orgs.json /orgs.json/1 /Orgs.json /ORGS/1.json /orgs;x/1 /orgs.d/1);
    around undef, qw(/acme/users /acme/users/ /acme/users/1 /acme/USERS/1 /acme/users.json /a-b/users/1.json /x.y/users/1
        /acme/users.json/1 /acme;x/users/1 /a/b/..;/users/1);
    around undef, qw(/v1.0/x /V1.0/x /v1.0.json /v1.0);
    around undef, qw(/ADMIN/ /Admin/x /admin.json /ADMIN/open/x /Admin.x);
    around 2, qw(/x /x/ /x.json /index.html /a/b/c /a/b/c/ /a/b/c.json /a/b/c.json/ /a;/b /x.y/z);
    around 3, qw(/FAR/api/users /FAR/x /far.json /Far.x /adM /ADMIN /ADM/x /adM.json /one/ /one.json /ONE /ONE.json
        /far;x/y /one;x /x/..;/adm);
    around 4, qw(/file-x /FILE-x /file-x.json /file-x/ /file-x/y /file- /file%2dx /x/..;/file-x /doc-a-b /Doc-a /doc-/x
        /acme/users /acme/Users /acme/users/1 /acme.json/users /acme/users.json /acme/reports /a-b/reports /a/reports/2
        /x:1 /X:1 /x /x/ /x.json);
};

subtest '2.1-9: a base of "/", and what is beside its operations' => sub {
    beside undef, qw(/ /index.html /health /favicon.ico /robots.txt /static/app.js /static/css/app.min.css /docs/ /docs/a/b/c
        /secrets /secrets.json /secret-santa.html /secretjson /secret_ /asecret /x/secret /x/secret.json /x/y/secret.json
        /orgsx /my-orgs/1 /organizations.html /acme /acme/ /acme/usersx /acme/user/1 /a/b/users/1 /users /users.json /v1 /v1.1
        /administration.html /admin/open/x /admin/open/a.json /docs?x=/secret.json
        /.well-known/acme-challenge/abc /.well-known/security.txt /.well-known/openid-configuration);
    beside 2, qw(/ /a/b /a/b/ /static/app.js /a/b/c/d /a/b/c/d/ /.well-known/security.txt);
    beside 4, qw(/ /file /files /filex /a/file-x /profile-x /doc /docs /index.html /static/app.js /acme /acme/user
        /acme/reporting /a/b/users /a/b/reports /users /reports);
    beside 3, qw(/ /x /fart /far/open/x /far/open/a.html /farther.json /ones /one-more.json /one1 /x/adm /api/users);
};

subtest '2.1-9: a base of "/", and the operations' => sub {
    passed get($beginnings, $_, token => 'tok'), "$_ passes" for qw(/secret /orgs/1 /orgs/1.json);
    refused get($beginnings, '/secret'), 'token_missing', 'not without a token';
    refused get($beginnings, '/admin/x', token => 'tok'), 'operation_unknown', 'a gated path without operations is gated';
};

# A gated location may be outside of the base and yet lead below it.
my $beside = nginx(
    files => {
        'policy.json' => policy('/api', 'GET /orgs/{id}' => ['user_read']),
        'apps.json'   => applications({ id => 'crm', permissions => ['user_read'], tokens => ['tok'] }),
    },
    http => q{ eiam_applications %DIR%/apps.json; eiam_policy %DIR%/policy.json; },
    server => q{
        location /gw/ { eiam on; eiam_path utf8; rewrite ^/gw/(.*)$ /api/$1 break; proxy_pass http://%ECHO%; }
        location /down/ {
            eiam on; eiam_path utf8;
            rewrite ^/down/(.*)$ /api/$1 break;
            proxy_pass http://127.0.0.1:1;
            error_page 502 = @fallback;
        }
        location @fallback { proxy_pass http://%ECHO%; }
        location / { proxy_pass http://%ECHO%; }
    },
)->start;

subtest '2.1-9: a gated location beside the base, and what it takes for the same' => sub {
    for my $id ('1', '%e4%b8%ad', 'a:b', '(a)', 'a%3Ab', 'a.') {
        passed get($beside, "/$_/orgs/$id", token => 'tok'), "passes: /$_/orgs/$id", application => 'crm' for qw(gw down);
    }
    passed get($beside, '/gw//orgs/./1', token => 'tok'), 'passes: /gw//orgs/./1', application => 'crm';
    refused get($beside, $_, token => 'tok'), 'request_ambiguous', 'outside of it, what can be read as one is refused: ' . shown($_)
        for qw(/GW/orgs/1 /gw;x/orgs/1 /x/..;/gw/orgs/1);
    refused get($beside, "/gw$_", token => 'tok'), 'request_ambiguous', 'and in it, what can be read as one below the base: ' . shown($_)
        for qw(/orgs/a;b /..%2fapi/orgs/1 /orgs/..;/api/x);
};

# These fields make some backends use another path than that of the request line.
subtest 'fields that name another path' => sub {
    my $before = $gate->echo->count;
    for my $name (qw(X-Original-URL X-Rewrite-URL x-rewrite-url)) {
        for my $path ('/api/v2/tenant/users/u1', '/api/v2/tenant', '/API/v2/tenant/x', '/api;x/v2/tenant/x',
            '/x/..;/api/v2/tenant/x', '/api%2fv2/tenant/x', '/api/v2/tenant?x=y', '/x/../api/v2/tenant/x',
            'http://localhost/api/v2/tenant/x', '//api/v2/tenant/x', '/index.php/api/v2/tenant/x',
            'api/v2/tenant/x', '\\api\\v2\\tenant')
        {
            refused ask('/docs', headers => ["$name: $path"]), 'request_ambiguous', "$name: $path is refused";
        }
    }
    refused ask('/docs', headers => [ 'X-Original-URL: /docs', "$_: /docs" ]), 'request_ambiguous',
        "two of them are refused: X-Original-URL and $_" for qw(X-Original-URL X-Rewrite-URL x-original-url);
    refused ask('/api/v2/tenant/users/u1', headers => ['X-Original-URL: /docs']), 'request_ambiguous',
        'inside the gate each is';
    is $gate->echo->count, $before, 'nothing of it reaches the backend';

    for my $value ('/docs', '/', '', '/api/v2', '/docs?next=x', 'https://localhost/docs', '/apix/v2/tenant') {
        my $res = ask('/docs', headers => ["X-Original-URL: $value"]);
        passed $res, "X-Original-URL: $value passes";
        is join('|', received($res, 'X-Original-URL')), $value, '  as it is';
    }
};

subtest 'two policies' => sub {
    my %opt = (port => $two);
    passed ask('/api/v2/tenant/users/u1', %opt), 'an operation of the first passes', operation => 'getUsersId';
    passed ask('/scim/Users/u1', %opt), 'an operation of the second passes', operation => 'getUsersId';
    refused ask($_, %opt), 'request_ambiguous', "around either is refused: $_"
        for qw(/api;x/v2/tenant/x /scim;x/Users/u1 /SCIM/Users/u1 /x/..;/scim/Users/u1 /SCIM /x/..;/api/v2/tenant/x);
    untouched($_, 'what is below neither', %opt) for qw(/docs /scimx /api/v2/x);
};

subtest 'a base with variables' => sub {
    my %opt = (port => $variables);
    passed ask('/eiam/v1/users/u1', %opt), 'its defaults make the base', operation => 'getUsersId';
    refused ask($_, %opt), 'request_ambiguous', "around it is refused: $_"
        for qw(/eiam;x/v1/users/u1 /EIAM/v1/users/u1 /x/..;/eiam/v1/users/u1);
    untouched('/unused/users/u1', 'another base', %opt);
    untouched('/%7Bbase%7D/v1/users/u1', 'the name of the variable', %opt);
};

subtest 'a server without a gate' => sub {
    my %opt = (port => $untouched);
    untouched($_, 'everything', %opt) for qw(/api;x/v2/tenant/x /x/..;/api/v2/tenant/x /API/v2/tenant
        /api/v2/tenant/users/u1 //api/v2/tenant/x /api%2fv2/tenant /docs?_method=PUT);
    my $res = get($gate, '/x', %opt, headers => [ 'X-EIAM-Application: evil', 'X-HTTP-Method-Override: PUT' ]);
    is join(' ', received($res, 'X-EIAM-Application')), 'evil', 'its requests keep all their fields';
};

subtest 'where another server is the default of the port' => sub {
    my %opt = (port => $shared, headers => ['Host: gate']);
    passed ask('/api/v2/tenant/users/u1', %opt), 'an operation passes', operation => 'getUsersId';
    refused ask($_, %opt), 'request_ambiguous', "its settings lead nobody around: $_"
        for qw(//api/v2/tenant/users/u1 /api//v2/tenant/users/u1 /api/v2//tenant/users/u1 /api/v2/tenant//users/u1
        /x/..//api/v2/tenant/users/u1 //x/../api/v2/tenant/users/u1);
    untouched($_, 'what is outside', %opt) for qw(/docs //docs //docs//x);
    untouched('//api/v2/tenant/users/u1', 'everything of the default server', port => $shared);
};

done_testing;
