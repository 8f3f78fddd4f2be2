#!/usr/bin/perl
# Where a gate can be: all kinds of locations and servers, with the directives that they share.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use MIME::Base64 qw(encode_base64);
use Test::More;
use EIAM::Test;

my $gate = nginx(
    files => {
        'www/api/files/f1' => 'file one', 'www/api/files/f2' => 'file two', 'www/index.html' => 'index',
        'users' => "ann:{PLAIN}secret\n",
        'policy.json' => policy('/api',
            'GET /users/{id}' => ['user_read'], 'PUT /users/{id}' => ['user_write'],
            'DELETE /users/{id}' => ['user_write'],
            'GET /files/{id}' => ['file_read'], 'GET /open' => 'public'),
        'other.json' => policy('/other', 'GET /things/{id}' => ['thing_read']),
        'apps.json' => applications(
            { id => 'reader', permissions => ['user_read'], tokens => ['read'] },
            { id => 'writer', permissions => ['user_write'], tokens => ['write'] },
            { id => 'files', permissions => ['file_read'], tokens => ['files'] },
            { id => 'things', permissions => ['thing_read'], tokens => ['things'] }),
    },
    http => q{
        eiam_policy %DIR%/policy.json;
        eiam_applications %DIR%/apps.json;
        upstream backend { server %ECHO%; }
        map $arg_to $chosen { default %ECHO%; none 127.0.0.1:1; }
        # The default server of the port is another server, with settings that the gate forbids.
        server {
            listen 127.0.0.1:%PORT2% default_server;
            server_name _;
            underscores_in_headers on;
            merge_slashes off;
            ignore_invalid_headers off;
            location / { proxy_pass http://%ECHO%; }
        }
        server {
            listen 127.0.0.1:%PORT2%;
            server_name gate.example *.gate.example ~^g\d+\.example$;
            location /api/ { eiam on; proxy_pass http://%ECHO%; }
            location / { proxy_pass http://%ECHO%; }
        }
        # The whole server is gated, and has several locations.
        server {
            listen 127.0.0.1:%PORT3%;
            eiam on;
            location / { proxy_pass http://%ECHO%; }
            location /api/users/ { proxy_pass http://%ECHO%; }
            location = /api/files/f1 { root %DIR%/www; }
            location /open/ { eiam off; proxy_pass http://%ECHO%; }
            location /report/ { eiam report; proxy_pass http://%ECHO%; }
            location /other/ { eiam_policy %DIR%/other.json; proxy_pass http://%ECHO%; }
            location = /50x.html { internal; root %DIR%/www; }
        }
        # A gate in each kind of location, all with satisfy, deny, auth_basic or limit_except.
        server {
            listen 127.0.0.1:%PORT4%;
            location /api/ { eiam on; proxy_pass http://%ECHO%; }
            location = /api/users/allowed { eiam on; satisfy all; allow 127.0.0.1; deny all; proxy_pass http://%ECHO%; }
            location = /api/users/denied { eiam on; satisfy all; deny all; proxy_pass http://%ECHO%; }
            location = /api/users/basic {
                eiam on; satisfy all; auth_basic x; auth_basic_user_file %DIR%/users; proxy_pass http://%ECHO%;
            }
            location = /api/users/except {
                eiam on; limit_except GET { deny all; } proxy_pass http://%ECHO%;
            }
            location = /api/users/except-proxied {
                eiam on; limit_except GET { allow 127.0.0.1; } proxy_pass http://%ECHO%;
            }
            location = /api/users/except-off {
                eiam off; limit_except GET { deny all; } proxy_pass http://%ECHO%;
            }
            location = /api/users/if {
                eiam on;
                if ($arg_a) { proxy_pass http://%ECHO%; }
                if ($request_method = PUT) { set $x 1; }
                proxy_pass http://%ECHO%;
            }
            location = /api/users/if-return { eiam on; if ($arg_a) { return 204; } proxy_pass http://%ECHO%; }
        }
    },
    server => q{
        location /api/ {
            eiam on;
            proxy_pass http://%ECHO%;
            location /api/users/nested { proxy_pass http://%ECHO%; }
            location ~ ^/api/users/regex-nested { proxy_pass http://%ECHO%; }
            location = /api/users/exact-nested { proxy_pass http://%ECHO%; }
        }
        location = /api/users/exact { eiam on; proxy_pass http://%ECHO%; }
        location ~ ^/api/users/re[a-z]+$ { eiam on; proxy_pass http://%ECHO%; }
        location ~* ^/api/USERS/any { eiam on; proxy_pass http://%ECHO%; }
        location ^~ /api/users/strong { eiam on; proxy_pass http://%ECHO%; }
        location = /api/users/internal { internal; eiam on; proxy_pass http://%ECHO%; }
        location /api/files/ { eiam on; root %DIR%/www; }
        location = /api/files/aliased { eiam on; alias %DIR%/www/api/files/f2; }
        location = /api/files/returned { eiam on; root %DIR%/www; try_files /api/files/f2 =404; }

        location = /api/users/uri { eiam on; proxy_pass http://%ECHO%/backend/path; }
        location /api/users/prefix- { eiam on; proxy_pass http://%ECHO%/backend/; }
        location = /api/users/upstream { eiam on; proxy_pass http://backend; }
        location = /api/users/variable { eiam on; proxy_pass http://$chosen; }
        location = /api/users/raw { eiam on; proxy_pass http://$chosen$request_uri; }
        location = /api/users/decoded { eiam on; proxy_pass http://$chosen$uri$is_args$args; }
        location = /api/users/rewritten { eiam on; rewrite ^ /api/files/x break; proxy_pass http://%ECHO%; }
        location / { root %DIR%/www; }
    },
)->start;

sub ask {
    my ($target, $token, %opt) = @_;
    return get($gate, $target, token => $token, %opt);
}

# The operation is refused without a token and for its scope, and allowed with it.
sub judged {
    my ($target, $title, %opt) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return subtest $title => sub {
        my $before = $gate->echo->count;
        refused ask($target, undef, %opt), 'token_missing', 'no token';
        refused ask($target, 'none', %opt), 'token_invalid', 'a wrong token';
        refused ask($target, 'files', %opt), 'scope_insufficient', 'a wrong scope';
        refused ask($target, 'read', %opt, method => 'PUT', body => 'x'), 'scope_insufficient', 'another method';
        refused ask($target, 'read', %opt, method => 'POST', body => 'x'), 'method_unknown', 'an unknown method';
        is $gate->echo->count, $before, 'nothing of it is forwarded';
        my $res = ask($target, 'read', %opt);
        passed $res, 'the right scope', operation => 'getUsersId', application => 'reader', scopes => 'user_read';
        is $gate->echo->count, $before + 1, 'is forwarded once';
    };
}

my @kinds = (
    [ '/api/users/prefix'       => 'a prefix location' ],
    [ '/api/users/nested'       => 'a nested location inherits the gate' ],
    [ '/api/users/regex-nested' => 'a nested regex location inherits it' ],
    [ '/api/users/exact-nested' => 'a nested exact location inherits it' ],
    [ '/api/users/exact'        => 'an exact location' ],
    [ '/api/users/regex'        => 'a regex location' ],
    [ '/api/users/strong'       => 'a prefix location before the regex ones' ],
    [ '/api/users/upstream'     => 'proxy_pass to an upstream' ],
    [ '/api/users/variable'     => 'proxy_pass with a variable' ],
    [ '/api/users/raw'          => 'proxy_pass with $request_uri' ],
    [ '/api/users/raw?x=y&z'    => 'proxy_pass with $request_uri and a query' ],
    [ '/api/users/decoded?x=y'  => 'proxy_pass with $uri' ],
);
judged($_->[0], $_->[1]) for @kinds;
judged('/api/users/u1', 'a location of a gated server', port => $gate->port(3));
judged('/api/users/allowed', 'satisfy all with allow', port => $gate->port(4));
judged("/api/users/if$_", "a location with \"if\": $_", port => $gate->port(4)) for '', '?a=1';

subtest 'what is forwarded from a gated location' => sub {
    my @rows = (
        [ '/api/users/raw?x=%2f..;y'  => '/api/users/raw?x=%2f..;y', '$request_uri is the judged target' ],
        [ '/api/users/decoded?x=y'    => '/api/users/decoded?x=y', '$uri is the same' ],
        [ '/api/users/uri'            => '/backend/path', 'a URI part of proxy_pass replaces the path' ],
        [ '/api/users/prefix-a'       => '/backend/a', 'or its beginning' ],
    );
    for my $row (@rows) {
        my ($target, $forwarded, $title) = @$row;
        my $res = ask($target, 'read');
        passed $res, $title, operation => 'getUsersId';
        is $res->{json}{target}, $forwarded, "  as $forwarded";
        refused ask($target, 'files'), 'scope_insufficient', '  and only if allowed';
    }
    my $res = ask('/api/users/rewritten', 'files');
    passed $res, 'a rewritten target is judged as such', operation => 'getFilesId';
    is $res->{json}{target}, '/api/files/x', '  and forwarded';
    refused ask('/api/users/rewritten', 'read'), 'scope_insufficient', '  not as it was written';
    refused ask('/api/users/prefix-a;b', 'read'), 'request_ambiguous', 'whatever the location sends, the guard judges';
};

subtest 'a location that takes any case' => sub {
    passed ask('/api/users/anybody', 'read'), 'the written case passes', operation => 'getUsersId';
    refused ask('/API/users/anybody', 'read'), 'operation_unknown', 'another case is no operation';
    refused ask('/api/Users/anybody', 'read'), 'request_ambiguous', '  and of a literal it is ambiguous';
};

subtest 'internal locations' => sub {
    my $before = $gate->echo->count;
    is ask('/api/users/internal', $_)->{status}, 404, 'are not found from outside: ' . ($_ // 'no token')
        for undef, 'read';
    is $gate->echo->count, $before, 'nothing of it is forwarded';
};

subtest 'files' => sub {
    my %body = (f1 => 'file one', f2 => 'file two', aliased => 'file two', returned => 'file two');
    for my $name (sort keys %body) {
        refused ask("/api/files/$name"), 'token_missing', "$name: no token";
        refused ask("/api/files/$name", 'read'), 'scope_insufficient', '  a wrong scope';
        refused ask("/api/files/$name", 'read', method => 'HEAD'), 'scope_insufficient', '  of HEAD', head => 1;
        refused ask("/api/files/$name", 'files', method => 'PUT'), 'method_unknown', '  another method';
        is ask("/api/files/$name", 'files')->{body}, $body{$name}, '  the right scope';
        is ask("/api/files/$name", 'files', headers => ['Range: bytes=0-3'])->{body}, 'file', '  a range of it';
    }
    is ask('/api/files/none', 'files')->{status}, 404, 'a missing file is nginx\'s own 404';
    is ask('/api/files/none', 'files')->{json}, undef, '  not the gate\'s';
    is ask('/')->{body}, 'index', 'a file outside the gate is served';
};

subtest 'deny and auth_basic are asked too' => sub {
    my %opt = (port => $gate->port(4));
    my $before = $gate->echo->count;
    my @basic = (headers => [ 'Authorization: Basic ' . encode_base64('ann:secret', '') ]);
    is ask('/api/users/denied', 'read', %opt)->{status}, 403, 'deny refuses what the gate allows';
    is ask('/api/users/denied', 'read', %opt)->{json}, undef, '  in nginx\'s own words';
    refused ask('/api/users/denied', 'files', %opt), 'scope_insufficient', 'the gate decides first';
    is ask('/api/users/basic', 'read', %opt)->{status}, 401, 'auth_basic refuses what the gate allows';
    refused ask('/api/users/basic', undef, %opt, @basic), 'token_missing', 'a password is no token';
    is ask('/api/users/basic', 'read', %opt, @basic)->{status}, 400, 'nor both together';
    is $gate->echo->count, $before, 'nothing of it is forwarded';
};

subtest 'limit_except' => sub {
    my %opt = (port => $gate->port(4));
    my $before = $gate->echo->count;
    refused ask('/api/users/except', undef, %opt), 'token_missing', 'the named method is judged';
    refused ask('/api/users/except', 'read', %opt, method => 'PUT', body => 'x'), 'scope_insufficient',
        'the others are judged as well';
    refused ask('/api/users/except', undef, %opt, method => 'PUT', body => 'x'), 'token_missing', '  without a token too';
    is ask('/api/users/except', 'write', %opt, method => 'PUT', body => 'x')->{status}, 403, 'and denied if allowed';
    is $gate->echo->count, $before, 'nothing of it is forwarded';
    passed ask('/api/users/except', 'read', %opt), 'the named method passes', operation => 'getUsersId';

    refused ask('/api/users/except-proxied', undef, %opt, method => $_, body => 'x'), 'token_missing',
        "limit_except that allows is no way around: $_" for qw(PUT DELETE);
    refused ask('/api/users/except-proxied', 'read', %opt, method => 'DELETE'), 'scope_insufficient', '  without the scope';
    passed ask('/api/users/except-proxied', 'write', %opt, method => 'PUT', body => 'x'), '  with it',
        operation => 'putUsersId';
    refused ask('/api/users/except-off', 'read', %opt, method => $_), 'request_ambiguous',
        "eiam off below the base path is refused: $_" for qw(GET PUT);
};

subtest '"return" is nginx\'s own answer' => sub {
    my %opt = (port => $gate->port(4));
    is ask('/api/users/if-return?a=1', undef, %opt)->{status}, 204, 'it comes before the gate, and forwards nothing';
    refused ask('/api/users/if-return', undef, %opt), 'token_missing', 'else the gate decides';
};

subtest 'a gated server' => sub {
    my %opt = (port => $gate->port(3));
    my $before = $gate->echo->count;
    refused ask('/docs/x', undef, %opt), 'token_missing', 'covers all its locations';
    refused ask('/docs/x', 'read', %opt), 'operation_unknown', '  though nothing there is an operation';
    refused ask('/other/things/t1', 'read', %opt), 'scope_insufficient', 'a location can have another policy';
    refused ask('/other/things/t1', undef, %opt), 'token_missing', '  which is judged by that';
    refused ask('/api/files/f1', 'read', %opt), 'scope_insufficient', 'an exact location is covered';
    is ask('/api/files/f1', 'files', %opt)->{body}, 'file one', '  and opened by the right scope';
    refused ask($_, 'read', %opt), 'request_ambiguous', "no way around by the open location: $_"
        for qw(/open/..;/api/users/u1 /open/%2e%2e;/other/things/t1 /open/..%5capi/users/u1);
    is $gate->echo->count, $before, 'nothing of it is forwarded';
    passed ask('/other/things/t1', 'things', %opt), 'the other policy allows its own', operation => 'getThingsId';
    passed ask('/open/x', undef, %opt), 'a location can be opened';
    passed ask('/report/x', undef, %opt), '  or only reported on';
};

subtest 'a gated server that is not the default one' => sub {
    my %opt = (port => $gate->port(2));
    for my $host (qw(gate.example GATE.example a.gate.example g12.example gate.example.), 'gate.example:80') {
        my @host = (%opt, headers => ["Host: $host"]);
        refused ask('/api/users/u1', undef, @host), 'token_missing', "$host: no token";
        passed ask('/api/users/u1', 'read', @host), '  a token', operation => 'getUsersId';
        for my $target (qw(//api/users/u1 /api//users/u1 /api;x/users/u1 /x/..;/api/users/u1 /API/users/u1
            /x//../api/users/u1 /x/..//api/users/u1 /x//..//api/users/u1))
        {
            refused ask($target, 'read', @host), 'request_ambiguous', "  $target";
        }
        # Until Host has been read, the settings of the default server apply.
        my @claims = ('X_EIAM_Application: evil', 'X-EIAM_Scopes: evil', 'x_eiam-operation: evil');
        for my $headers ([ "Host: $host", @claims ], [ @claims, "Host: $host" ]) {
            my $res = ask('/api/users/u1', 'read', %opt, headers => $headers);
            is join(' ', map { $_->[1] } grep { $_->[0] =~ /^x[-_]eiam/i } @{ $res->{json}{headers} }),
                'reader user_read getUsersId', '  claims with underscores are gone: ' . $headers->[0];
        }
        refused ask('/api/users/u1', 'read', %opt, headers => [ 'X_HTTP_Method_Override: PUT', "Host: $host" ]),
            'method_override', '  an override with underscores is refused before Host';
        my $res = ask('/api/users/u1', 'read', %opt, headers => [ "Host: $host", 'X_HTTP_Method_Override: PUT' ]);
        is join('', received($res, 'X_HTTP_Method_Override')), '', '  and dropped behind it';
    }
    passed ask('/api/users/u1', undef, %opt, headers => ["Host: $_"]), "$_ is the server without a gate"
        for qw(gate.example.org xgate.example g.example 127.0.0.1);
    refused ask('http://gate.example/api/users/u1', 'read', %opt, headers => ['Host: elsewhere.example']),
        'request_ambiguous', 'the host of an absolute target decides, and must be that of Host';
    is get($gate, '/api/users/u1', %opt, headers => [ 'Host: elsewhere.example', 'Host: gate.example' ])->{status}, 400,
        'two Hosts are refused by nginx';
    refused raw($gate, "GET http://gate.example/api/users/u1 HTTP/1.0\r\n\r\n", %opt), 'token_missing',
        'an absolute target without Host is judged';
};

done_testing;
