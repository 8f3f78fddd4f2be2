#!/usr/bin/perl
# The stage guard at a gated location: what a backend might read in two ways is not forwarded.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use EIAM::Test;

my $api = policy('/api',
    'GET /users/{id}'            => ['user_read'],
    'GET /users/{id}/roles/{rid}' => ['user_read'],
    'GET /at@all/{id}'           => { scopes => ['user_read'], id => 'getAll' },
    'POST /users/{id}'           => ['user_read'],
    'PUT /users/{id}'            => [ [ 'user_write', 'user_own' ], 'user_all' ],
);
my $apps = applications({ id => 'crm', permissions => ['user_read'],
    tokens => [ 'tok', 'T' x 8192, 'T' x 8193 ] });

my $gate = nginx(
    files => { 'policy.json' => $api, 'apps.json' => $apps },
    http  => q{
        add_header X-Detail $eiam_detail always;
        eiam_policy %DIR%/policy.json;
        eiam_applications %DIR%/apps.json;
        server {
            listen 127.0.0.1:%PORT2%;
            eiam on;
            eiam_path utf8;
            location / { proxy_pass http://%ECHO%; }
        }
        server {
            listen 127.0.0.1:%PORT3%;
            eiam on;
            large_client_header_buffers 8 16k;
            location / { proxy_pass http://%ECHO%; }
        }
        server {
            listen 127.0.0.1:%PORT4%;
            eiam on;
            eiam_path utf8;
            large_client_header_buffers 8 64k;
            location / { proxy_pass http://%ECHO%; }
        }
        server {
            listen 127.0.0.1:%PORT5%;
            eiam on;
            rewrite ^/old/.*/(.*)$ /api/users/$1;
            location / { set $args ""; proxy_pass http://%ECHO%$request_uri; }
        }
    },
    server => q{
        eiam on;
        location / { proxy_pass http://%ECHO%; }
    },
)->start;

my ($utf8, $large, $large_utf8, $emptied) = map { $gate->port($_) } 2 .. 5;

sub ask {
    my ($target, %opt) = @_;
    return get($gate, $target, token => 'tok', %opt);
}

# The refusal is the gate's, or nginx's own if there is no request yet.
sub all_refused_by_nginx {
    my ($rows, %opt) = @_;
    for my $row (@$rows) {
        my ($why, @targets) = @$row;
        is ask($_, %opt)->{status}, 400, "$why: " . shown($_) for @targets;
    }
    return;
}

sub all_pass {
    my ($rows, %opt) = @_;
    for my $row (@$rows) {
        my ($why, @targets) = @$row;
        for my $target (@targets) {
            my $res = ask($target, %opt);
            passed $res, "$why passes: " . shown($target), operation => 'getUsersId';
            is $res->{json}{target}, $target, '  as it was written';
        }
    }
    return;
}

# ---- eiam_path strict

my @common = (
    [ 'a dot segment', qw(/api/./users/u1 /api/users/./u1 /api/users/u1/. /./api/users/u1) ],
    [ 'two dots', qw(/api/users/x/../u1 /x/../api/users/u1 /api/users/u1/x/.. /api/../api/users/u1) ],
    [ 'an encoded dot segment', qw(/api/%2e/users/u1 /api/users/%2E/u1 /api/users/u1/%2e) ],
    [ 'two encoded dots',
        qw(/api/users/x/%2e%2e/u1 /api/users/x/.%2e/u1 /api/users/x/%2E./u1 /api/users/u1/x/%2e%2E) ],
    [ 'dots alone as a name', qw(/api/users/... /api/users/.... /api/users/%2e%2e%2e) ],
    [ 'an encoded slash', qw(/api/users%2fu1 /api%2Fusers/u1 /api/users/u1%2f /api/users/a%2fb
        /%2fapi/users/u1 /api/users/..%2fu1 /api/users/u1%2froles%2fr1) ],
    [ 'a backslash', '/api\\users/u1', '/api/users\\u1', '/api/users/u1\\', '/api/users/..\\u1',
        '/api/users/a\\b', '/api/users/x\\..\\u1' ],
    [ 'an encoded backslash', qw(/api%5cusers/u1 /api/users%5Cu1 /api/users/u1%5c /api/users/..%5cu1
        /api/users/x%5c..%5cu1 /api/users/x/..%5c..%5cu1) ],
    [ 'a parameter', qw(/api;x/users/u1 /api/users;x=y/u1 /api/users/u1; /api/users/u1;jsessionid=1
        /api/users/;x/u1 /api/users/..;/u1 /api/users/x/..;/u1 /api/users/.;/u1 /api/users/..;x=y/u1) ],
    [ 'an encoded parameter', qw(/api%3bx/users/u1 /api/users/u1%3B /api/users/u1%3bx /api/users/..%3b/u1) ],
    [ 'a parameter with a path in it',
        '/api/users/secrets;%2f..%2fu1', '/api/users/x;/../u1', '/api/users/u1;/../../users/u2' ],
    [ 'an empty segment', qw(//api/users/u1 /api//users/u1 /api/users//u1 /api/users/u1//
        ///api///users///u1) ],
    [ 'two slashes at the end, or a slash and a dot', qw(/api/users/u1// /api/users/u1/. /api/users/u1/./) ],
    [ 'double encoding', qw(/api/users/%252e%252e/u1 /api/users%252fu1 /api/users/%255c /api/users/u1%253b
        /api/users/%2575 /api/users/%25 /api/users/%2525) ],
    [ 'an encoded control character', qw(/api/users/u1%01 /api/users/u1%0a /api/users/u1%0d
        /api/users/u1%0d%0aX:%20y /api/users/u1%09 /api/users/u1%7f /api/users/%1b /api/users/u1%1F) ],
    [ 'an encoded space', qw(/api/users/u1%20 /api/users/%20u1 /api/users/%20 /api/users/.%20. /api/users/..%20
        /api/users/%20..) ],
    [ 'an overlong character', qw(/api/users/%c0%ae%c0%ae/u1 /api/users%c0%afu1 /api/users/%c1%9cu1
        /api/users/%e0%80%af /api/users/%e0%80%ae /api/users/%f0%80%80%af /api/users/%c1%b5) ],
    [ 'invalid UTF-8', qw(/api/users/%ff /api/users/%80 /api/users/%c3 /api/users/%e4%b8 /api/users/%c3%28
        /api/users/%fe%ff /api/users/%f8%88%80%80%80 /api/users/%e4%b8%ad%b8) ],
    [ 'a surrogate', qw(/api/users/%ed%a0%80 /api/users/%ed%bf%bf /api/users/%ed%a0%bd%ed%b8%80) ],
    [ 'beyond Unicode', qw(/api/users/%f4%90%80%80 /api/users/%f5%80%80%80) ],
    [ 'a full-width slash', qw(/api/users%ef%bc%8fu1 /api%EF%BC%8Fusers/u1), "/api/users\xef\xbc\x8fu1" ],
    [ 'a full-width dot', qw(/api/users/%ef%bc%8e%ef%bc%8e/u1), "/api/users/\xef\xbc\x8e/u1" ],
    [ 'a full-width backslash or semicolon', qw(/api/users/%ef%bc%bcu1 /api/users/u1%ef%bc%9bx) ],
    [ 'another dot or slash', qw(/api/users/%e2%80%a4 /api/users/%e2%88%95u1 /api/users/%e2%81%84u1) ],
    [ 'a mark without a letter', qw(/api/users/%cc%81 /api/users/.%cc%88. /api/users/%cc%88u /api/users/a-%cc%81
        /api/users/.%cc%88/u1 /api/users/%e0%a5%8d) ],
    [ 'a mark that strikes through', qw(/api/users/u%cc%b8 /api/users/a%cc%b71 /api/users/a%e2%83%a5b) ],
    [ 'a mark or letter that is not seen', qw(/api/users/u%cd%8f /api/users/%e4%b8%ad%ef%b8%80 /api/users/a%e3%85%a4
        /api/users/%e4%b8%ad%f3%a0%84%80) ],
    [ 'a middle dot without letters', qw(/api/users/%c2%b7 /api/users/%c2%b7%c2%b7 /api/users/a%c2%b7
        /api/users/%c2%b7a /api/users/a%c2%b7. /api/users/a.%c2%b7b /api/users/a%c2%b7%c2%b7b) ],
    [ 'a symbol', qw(/api/users/%e2%82%ac /api/users/%c2%a9 /api/users/%e2%98%83) ],
    [ 'an emoji', qw(/api/users/%f0%9f%98%80 /api/users/u%f0%9f%91%8d) ],
    [ 'an invisible character', qw(/api/users/u1%c2%a0 /api/users/u1%e2%80%8b /api/users/%ef%bb%bfu1
        /api/users/u1%c2%ad /api/users/%e2%80%aeu1 /api/users/u1%c2%85 /api/users/u1%e2%80%a8) ],
    [ 'a raw 8-bit byte', "/api/users/\xff", "/api/users/\xe4\xb8\xad", "/api/users/u\xc3\xa9",
        "/\xe4\xb8\xad/users/u1", "/api/users/u1\x80" ],
    [ 'an encoded plain character', qw(/api/%75sers/u1 /api/users/%751 /api/users/u%31 /%61pi/users/u1
        /api/users/%7e /api/users/u1%2ejson /api/users/%5f /api/users/%2d /api/users/%41) ],
    [ 'an encoded delimiter', qw(/api/users/u1%3f /api/users/u1%3fx=y /api/users/u1%23 /api/users/u1%5b
        /api/users/u1%22 /api/users/u1%3c /api/users/u1%7b /api/users/u1%5e /api/users/u1%60) ],
    [ 'a delimiter encoded twice', qw(/api/users/%2540 /api/users/u%253A1 /api/users/a%25%34%30b /api/users/a%2520b) ],
    [ 'a character that is none of a path',
        map { "/api/users/u1$_" } '"', '<', '>', '[', ']', '{', '}', '|', '^', '`' ],
    [ 'a fragment', '/api/users/u1#x', '/api/users/u1#', '/api/users/u1?x=y#z', '/api/users/u1#/../u2',
        '/api#/users/u1' ],
    [ 'a name of 129 characters', '/api/users/' . 'u' x 129, '/api/' . 'x' x 129 . '/u1' ],
);
my @strict = (
    [ 'a sub-delimiter', map { "/api/users/u1$_" } '!', '$', '&', q('), '(', ')', '*', '+', ',', '=' ],
    [ 'a colon or an at sign', qw(/api/users/u:1 /api/users/u@1 /api:80/users/u1) ],
    [ 'an encoded letter', qw(/api/users/%e4%b8%ad /api/users/%C3%A9 /api/users/u%d0%b9) ],
    [ 'an encoded character that may be with utf8', map { "/api/users/u1$_" } qw(%40 %3a %2B %3D %7C %20a %26 %21) ],
);
my @by_nginx = (
    [ 'a broken escape', qw(/api/users/% /api/users/%zz /api/users/u1%2 /api/users/%u002f /api/users/%g0
        /api/users/u1%) ],
    [ 'an encoded NUL', qw(/api/users/u1%00 /api/users/%00 /api/users/u1%00.json /%00/api/users/u1) ],
    [ 'above the root', qw(/.. /../api/users/u1 /api/../../users/u1 /%2e%2e/api/users/u1) ],
    [ 'a raw control character', map { "/api/users/u1$_" } "\x00", "\x01", "\t", "\x0b", "\x1b", "\x7f" ],
    [ 'no path at all', 'api/users/u1', '*', '\\api\\users\\u1', '%2fapi/users/u1' ],
);

nothing_forwarded $gate, 'strict: what is ambiguous' => sub { all_ambiguous($gate, [ @common, @strict ]) };
nothing_forwarded $gate, 'strict: what nginx itself refuses' => sub { all_refused_by_nginx(\@by_nginx) };

my @plain = (
    [ 'a letter', qw(/api/users/u /api/users/U) ],
    [ 'a digit', '/api/users/0' ],
    [ 'an unreserved character', map { "/api/users/$_" } '-', '_', '~', '~.', '-._~', 'u1.json', '.u', 'u.',
        '..u', 'u..', 'a..b', '...u' ],
    [ 'an id', '/api/users/0b0e7a3c-6f5f-4d53-9c6b-5f6d3c2a1b00', '/api/users/John.Doe_1' ],
    [ 'a name of 128 characters', '/api/users/' . 'u' x 128 ],
    [ 'any query', '/api/users/u?a=b', '/api/users/u?', '/api/users/u?/../x;y//%2e%2e%2f\\',
        "/api/users/u?%zz%00&\xff=%c0%af", '/api/users/u?a=/api/..;/users' ],
);

subtest 'strict: what is plain' => sub { all_pass(\@plain) };

# ---- eiam_path utf8

my @letters = (
    [ 'a sub-delimiter', map { "/api/users/u1$_" } '!', '$', '&', q('), '(', ')', '*', '+', ',', '=' ],
    [ 'a sub-delimiter alone', map { "/api/users/$_" } '!', '*', '=', '+', ',', '..,' ],
    [ 'a colon or an at sign', qw(/api/users/u:1 /api/users/u@example.com /api/users/: /api/users/@) ],
    [ 'an encoded letter', qw(/api/users/%e4%b8%ad%e6%96%87 /api/users/%E4%B8%AD%E6%96%87
        /api/users/%e4%B8%Ad /api/users/u%c3%a9 /api/users/%D0%99 /api/users/%f0%a0%80%80 /api/users/%c3%9f) ],
    [ 'an encoded digit', qw(/api/users/%d9%a1%d9%a2 /api/users/%E0%A5%A7) ],
    [ 'a name of 128 letters', '/api/users/' . '%e4%b8%ad' x 128 ],
    [ '2.6-8: an id as clients encode it', qw(/api/users/anna%40example.test /api/users/urn%3Ax%3A1
        /api/users/anna%2Btest@example.test /api/users/anna%2btest%40example.test /api/users/YWJj%3D
        /api/users/auth0%7C123 /api/users/Anna%20Lee /api/users/a%20%20b), map { "/api/users/u1%$_" }
        qw(21 24 26 27 28 29 2a 2B 2c 3A 3D 40 7c) ],
    [ '2.6-8: marks', qw(/api/users/%E0%A4%B9%E0%A4%BF%E0%A4%A8%E0%A5%8D%E0%A4%A6%E0%A5%80
        /api/users/%E0%AE%A4%E0%AE%AE%E0%AE%BF%E0%AE%B4%E0%AF%8D /api/users/%E0%B8%97%E0%B8%B5%E0%B9%88
        /api/users/Mu%CC%88ller /api/users/e%cc%81 /api/users/%E1%9E%81%E1%9F%92%E1%9E%98%E1%9F%82%E1%9E%9A) ],
    [ '2.6-8: a middle dot', qw(/api/users/%E9%98%BF%E4%BE%9D%C2%B7%E6%9C%A8 /api/users/col%C2%B7lecci%C3%B3
        /api/users/%E3%82%B8%E3%83%A7%E3%83%B3%E3%83%BB%E3%82%B9%E3%83%9F%E3%82%B9) ],
);

nothing_forwarded $gate, 'utf8: what is ambiguous' => sub {
    all_ambiguous($gate, [ @common,
        [ 'a name of 129 letters', '/api/users/' . '%e4%b8%ad' x 129 ],
        [ 'a letter raw and encoded', "/api/users/%e4\xb8\xad", "/api/users/\xe4%b8%ad" ],
        [ 'a number that is no digit', qw(/api/users/%e2%85%a0 /api/users/%c2%bd /api/users/%e2%91%a0) ],
        [ '2.6-8: a delimiter of a literal', qw(/api/at%40all/u1 /api/at%40all/%40) ],
    ], port => $utf8);
};
nothing_forwarded $gate, '2.5-3: a slash at the end makes another path, which is no operation here' => sub {
    for my $row ([ $utf8, '/api/users/%e4%b8%ad/' ], map { my $port = $_; map { [ $port, $_ ] } qw(/api/users/u1/
        /api/users/ /api/ http://localhost http://localhost?/api/users/u1 http://localhost/api/) } $gate->port, $utf8) {
        refused get($gate, $row->[1], token => 'tok', port => $row->[0]), 'operation_unknown', $row->[1];
    }
};
nothing_forwarded $gate, 'utf8: what nginx itself refuses' => sub {
    all_refused_by_nginx(\@by_nginx, port => $utf8);
};
subtest '2.6-8: only parameters may have a character encoded' => sub {
    passed ask($_, port => $utf8), "a parameter: $_", operation => 'getAll' for qw(/api/at@all/%40 /api/at@all/a%7Cb);
    my $res = ask('/api/at%40all/u1', port => $utf8);
    is $res->{headers}{'x-detail'}, 'spelling', 'a literal is another spelling';
    refused ask('/api/no/%40', port => $utf8), 'operation_unknown', 'what is no operation is none';
    refused ask('/api/users/%40', method => 'DELETE', port => $utf8), 'method_unknown', 'and no method none';
};

subtest 'utf8: what passes' => sub { all_pass([ @plain, @letters ], port => $utf8) };

# ---- other forms of a request

nothing_forwarded $gate, 'absolute form' => sub {
    my @rows = (
        [ 'another host', 'http://other.example/api/users/u1' ],
        [ 'another host in capitals', 'HTTP://OTHER.EXAMPLE/api/users/u1' ],
        [ 'another port', 'http://localhost:81/api/users/u1' ],
        [ 'a port that the Host field has not', 'http://localhost:80/api/users/u1' ],
        [ 'a longer host', 'http://localhost.example/api/users/u1' ],
        [ 'a shorter host', 'http://local/api/users/u1' ],
        [ 'an ambiguous path', 'http://localhost/api/users/..;/u1' ],
        [ 'a fragment', 'http://localhost/api/users/u1#x' ],
    );
    all_ambiguous($gate, \@rows);
    my @others = (
        [ 'user information', 'http://user@localhost/api/users/u1' ],
        [ 'no host', 'http:///api/users/u1' ],
        [ 'one slash', 'http:/api/users/u1' ],
    );
    all_refused_by_nginx(\@others);
};

subtest 'absolute form of the same host' => sub {
    for my $row ([ 'as in the Host field', 'http://localhost', 'localhost' ],
        [ 'with the same port', 'http://localhost:8080', 'localhost:8080' ],
        [ 'in another case', 'HTTP://LocalHost', 'localhost' ])
    {
        my ($why, $origin, $host) = @$row;
        my $res = ask("$origin/api/users/u1?x=y", headers => ["Host: $host"]);
        passed $res, "it passes $why", operation => 'getUsersId', application => 'crm';
        is $res->{json}{target}, '/api/users/u1?x=y', 'and goes on in origin form';
    }
};

nothing_forwarded $gate, 'HTTP/0.9' => sub {
    for my $target ('/api/users/u1', '/nothing', '/') {
        my $res = raw($gate, "GET $target\r\n", http09 => 1);
        is $res->{json}{error_code}, 'GATEWAY.4001', "nobody can give a token there: GET $target";
    }
};

subtest 'HTTP/1.0' => sub {
    my $res = raw($gate, "GET /api/users/u1 HTTP/1.0\r\nAuthorization: Bearer tok\r\n\r\n");
    passed $res, 'an HTTP/1.0 request is a request', operation => 'getUsersId';
};

nothing_forwarded $gate, 'fields that name another path' => sub {
    for my $name (qw(X-Original-URL X-Rewrite-URL x-original-url X-ORIGINAL-URL x-rEwRiTe-uRl)) {
        refused ask('/api/users/u1', headers => ["$name: /api/secrets"]), 'request_ambiguous', $name;
        refused ask('/api/users/u1', headers => ["$name:"]), 'request_ambiguous', "$name, empty";
    }
};

subtest '2.6-9: one field that is the very target of the request passes' => sub {
    for my $name (qw(X-Original-URL X-Rewrite-URL x-original-url X-REWRITE-URL)) {
        for my $target ('/api/users/u1', '/api/users/u1?a=b&c=%2F..%2F', '/api/users/u1?', '/api/users/u1?next=/x/..;/y') {
            my $res = ask($target, headers => [ "$name: $target", 'X-Original-Host: localhost' ]);
            passed $res, "$name: $target", operation => 'getUsersId', application => 'crm';
            is_deeply [ received($res, $name) ], [$target], '  and goes on';
        }
    }
    passed ask('/api/users/%E4%B8%AD', port => $utf8, headers => ['X-Original-URL: /api/users/%E4%B8%AD']),
        'one with letters, as they are encoded';
    passed ask('http://localhost/api/users/u1', headers => ['X-Original-URL: /api/users/u1']),
        'that of an absolute form is the path';
    passed ask('/api/users/u1', headers => ["X-Original-URL:   /api/users/u1  "]), 'blanks around it are none of it';
};

nothing_forwarded $gate, '2.6-9: any other is ambiguous' => sub {
    my @rows = (
        [ 'another path', '/api/users/u1', '/api/users/u2' ],
        [ 'a longer path', '/api/users/u1', '/api/users/u1/roles/r1' ],
        [ 'a shorter path', '/api/users/u1', '/api/users/u' ],
        [ 'a query more', '/api/users/u1', '/api/users/u1?a=b' ],
        [ 'an empty query more', '/api/users/u1', '/api/users/u1?' ],
        [ 'a query less', '/api/users/u1?a=b', '/api/users/u1' ],
        [ 'an empty query less', '/api/users/u1?', '/api/users/u1' ],
        [ 'another query', '/api/users/u1?a=b', '/api/users/u1?a=c' ],
        [ 'a fragment more', '/api/users/u1', '/api/users/u1#x' ],
        [ 'another case', '/api/users/u1', '/api/users/U1' ],
        [ 'an encoded letter', '/api/users/u1', '/api/users/%751' ],
        [ 'a URL', '/api/users/u1', 'http://localhost/api/users/u1' ],
        [ 'a URL for a URL', 'http://localhost/api/users/u1', 'http://localhost/api/users/u1' ],
        [ 'a parameter', '/api/users/u1', '/api/users/u1;x' ],
        [ 'nothing', '/api/users/u1', '' ],
        [ 'a path that is ambiguous itself', '/api//users/u1', '/api//users/u1' ],
        [ 'one in other digits', '/api/users/%e4%b8%ad', '/api/users/%E4%B8%AD', port => $utf8 ],
        [ 'the decoded path', '/api/users/%E4%B8%AD', "/api/users/\xe4\xb8\xad", port => $utf8 ],
        [ 'that of a rewritten path', '/old/x/u1', '/old/x/u1', port => $emptied ],
        [ 'the rewritten path', '/old/x/u1', '/api/users/u1', port => $emptied ],
        [ 'that of a rewritten query', '/api/users/u1?a=b', '/api/users/u1?a=b', port => $emptied ],
    );
    for my $row (@rows) {
        my ($what, $target, $value, %opt) = @$row;
        my $res = ask($target, %opt, headers => ["X-Original-URL: $value"]);
        refused $res, 'request_ambiguous', $what;
    }
    my $own = '/api/users/u1';
    refused ask($own, headers => $_), 'request_ambiguous', "two fields: @$_" for
        [ "X-Original-URL: $own", "X-Original-URL: $own" ], [ "X-Original-URL: $own", "X-Rewrite-URL: $own" ],
        [ "X-Rewrite-URL: $own", "x-rewrite-url: $own" ], [ "X-Original-URL: $own", 'X-Original-URL: /api/users/u2' ],
        [ 'X-Rewrite-URL: /api/users/u2', (map { "X-Field-$_: x" } 1 .. 60), "X-Original-URL: $own" ],
        [ "X-Original-URL: $own, $own" ];
    my $res = ask($own, headers => ['X-Original-URL: /api/users/u2']);
    is $res->{headers}{'x-detail'}, 'target_field', 'by the rule target_field';
};

subtest 'fields that only look like them' => sub {
    for my $name (qw(X-Original-URLs X-Original X-Forwarded-URI Referer)) {
        passed ask('/api/users/u1', headers => ["$name: /api/secrets"]), "$name passes";
    }
};

# ---- method override

nothing_forwarded $gate, 'fields that name another method' => sub {
    for my $name (qw(X-HTTP-Method-Override X-HTTP-Method X-Method-Override x-http-method-override
        X-HTTP-METHOD X-Http-method-OVERRIDE))
    {
        refused ask('/api/users/u1', method => $_, headers => ["$name: DELETE"]), 'method_override',
            "$name of a $_" for qw(GET POST);
    }
    refused ask('/api/users/u1', headers => ['X-HTTP-Method-Override:']), 'method_override', 'an empty one';
    refused ask('/api/users/u1', headers => ['X-HTTP-Method-Override: GET']), 'method_override',
        'one that names the same method';
    refused ask('/api/users/u1', headers => [ (map { "X-Field-$_: x" } 1 .. 60), 'X-HTTP-Method: PUT' ]),
        'method_override', 'one behind sixty other fields';
    refused ask('/api/users/..;/u1', headers => ['X-HTTP-Method: PUT']), 'request_ambiguous',
        'an ambiguous path is said first';
    refused get($gate, '/api/users/u1', headers => ['X-HTTP-Method: PUT']), 'method_override',
        'it is said before a token is asked for';
};

nothing_forwarded $gate, '_method in the query' => sub {
    my @queries = (
        [ 'plain', '_method=DELETE' ],
        [ 'without a value', '_method' ],
        [ 'with an empty value', '_method=' ],
        [ 'as the second one', 'a=b&_method=PUT' ],
        [ 'after an empty one', '&&_method=PUT' ],
        [ 'after a semicolon', 'a=b;_method=PUT' ],
        [ 'before another', '_method=PUT&a=b' ],
        [ 'with an encoded letter', '_%6dethod=PUT' ],
        [ 'with an encoded underscore', '%5fmethod=PUT', '%5Fmethod=PUT' ],
        [ 'encoded altogether', '%5f%6d%65%74%68%6f%64=PUT' ],
        [ 'encoded twice', '%255fmethod=PUT', '_%256dethod=PUT' ],
        [ 'in capitals', '_METHOD=PUT', '_Method=PUT', '%5fM%45THOD=PUT' ],
        [ 'after a space', '%20_method=PUT', '+_method=PUT', 'a=b&+%20_method=PUT' ],
        [ 'after a control character', '%09_method=PUT', '%0a_method=PUT' ],
        [ 'after a question mark, which URLSearchParams ignores', '?_method=PUT', '??%5fmethod=PUT' ],
        [ 'as PHP reads names', '.method=PUT', '%2emethod=PUT', '[method=PUT' ],
        [ 'with NUL behind it', '_method%00=PUT', '_method%00x=PUT', '%5fmethod%2500x=PUT' ],
        [ 'with an escape of ASP.NET', '%u005fmethod=PUT', '%U005Fmethod=PUT', '_%u006dethod=PUT' ],
        [ 'by the name of the field', 'X-HTTP-Method-Override=PUT', 'a=b&x-http-method-override=PUT',
            'X%2dHTTP-Method-Override=PUT' ],
        [ 'as an array', '_method[]=PUT', '_method[0]=PUT', '_method%5b%5d=PUT', '_method%5B0]=PUT' ],
    );
    for my $row (@queries) {
        my ($why, @spellings) = @$row;
        refused ask("/api/users/u1?$_"), 'method_override', "$why: ?$_" for @spellings;
    }
    refused ask('/api/users/u1?_method=DELETE', method => 'POST', body => 'x=y'), 'method_override',
        'of a POST';
};

subtest 'queries that only look like it' => sub {
    for my $query ('method=PUT', '_methods=PUT', 'x_method=PUT', '__method=PUT', 'a=_method', '_methoda',
        'a=b=_method=PUT', '_metho=d', '%25_method=PUT', '%u015fmethod=PUT', 'X-HTTP-Method=PUT',
        'X-HTTP-Method-Overrides=PUT')
    {
        passed ask("/api/users/u1?$query"), "it passes: ?$query";
    }
};

nothing_forwarded $gate, 'arguments that the configuration empties while $request_uri is forwarded' => sub {
    my %opt = (port => $emptied);
    refused ask('/api/users/u1?_method=DELETE', %opt), 'method_override', '_method is seen';
    refused ask('/api/users/u1?a=b&_method=DELETE', method => 'POST', body => 'x', %opt), 'method_override',
        'behind another one, of a POST';
    refused ask("/api/users/u1?$_", %opt), 'authorization_malformed', "a token is seen: ?$_"
        for qw(access_token=x a=b&access_token=tok %61ccess_token=tok access_token);
    refused get($gate, '/api/users/u1?access_token=tok', %opt), 'authorization_malformed',
        'and does not count as one';
};

nothing_forwarded $gate, '2.6-8: the same rules where only the query was rewritten' => sub {
    for my $target (qw(/api/users/%751 /api/users/%40 /api/at%40all/u1 /api/users//u1 /api/%75sers/u1?x=y)) {
        refused ask($target, port => $emptied), 'request_ambiguous', $target;
    }
};

subtest 'and all other arguments' => sub {
    my $res = ask('/api/users/u1?a=b', port => $emptied);
    passed $res, 'they pass', operation => 'getUsersId';
    is $res->{json}{target}, '/api/users/u1?a=b', '  as they were sent';
};

# ---- which rule it was

nothing_forwarded $gate, '2.6-10: $eiam_detail, the log and nothing else name the rule that refused' => sub {
    my @rows = (
        [ 'request_ambiguous target_field', '/api/users/u1', headers => ['X-Rewrite-URL: /x'] ],
        [ 'request_ambiguous other_host', 'http://other.example/api/users/u1' ],
        [ 'request_ambiguous fragment', '/api/users/u1?x#y' ],
        [ 'request_ambiguous rewritten', '/old/..;/api/users/u1', port => $emptied ],
        [ 'request_ambiguous encoding', '/api/users/%751' ],
        [ 'request_ambiguous character', '/api/users/u@1' ],
        [ 'request_ambiguous character', '/api/users/%e2%82%ac', port => $utf8 ],
        [ 'request_ambiguous parameter', '/api/users/u1;jsessionid=1' ],
        [ 'request_ambiguous empty_segment', '/api//users/u1' ],
        [ 'request_ambiguous empty_segment', '/api/users//%E4%B8%AD', port => $utf8 ],
        [ 'request_ambiguous dot_segment', '/api/users/x/../u1' ],
        [ 'request_ambiguous segment_too_long', '/api/users/' . 'u' x 129 ],
        [ 'request_ambiguous path_too_long', '/api/users' . '/u' x 2044 ],
        [ 'method_override method_field', '/api/users/u1', headers => ['X-HTTP-Method: PUT'] ],
        [ 'method_override method_parameter', '/api/users/u1?_method=PUT' ],
        [ 'authorization_malformed two_authorizations', '/api/users/u1', headers => ['Authorization: Bearer x'] ],
        [ 'authorization_malformed token_parameter', '/api/users/u1?access_token=x' ],
    );
    for my $row (@rows) {
        my ($expected, $target, %opt) = @$row;
        my ($reason, $detail) = split / /, $expected;
        my $res = ask($target, %opt);
        refused $res, $reason, "$reason: " . shown($target);
        is $res->{headers}{'x-detail'}, $detail, "  by $detail";
        like $gate->error_log, qr/eiam: refused, $reason, [^\n]*, request: "[^"\n]*", detail: "$detail"\n\z/,
            '  so says the log';
    }
    my $res = raw($gate, "GET /api/users/u1\r\n", http09 => 1);
    like $gate->error_log, qr/, detail: "http_version"\n\z/, 'HTTP/0.9 too';
    refused ask('/api/users/u1', token => undef), 'token_missing', 'a reason that says it all';
    unlike $gate->error_log =~ s/.*\n(?=.)//sr, qr/detail/, '  has none';
};

subtest '2.6-10: a call that is allowed has no detail' => sub {
    is ask('/api/users/u1')->{headers}{'x-detail'}, undef, 'it is empty';
};

subtest '2.6-10: of a scope that lacks the log says what is required and what is there' => sub {
    refused ask('/api/users/u1', method => 'PUT'), 'scope_insufficient', 'it lacks';
    like $gate->error_log, qr/, request: "PUT [^"]*", required: "user_write user_own \| user_all", scopes: "user_read"\n\z/,
        'so says the log';
};

# ---- ceilings

subtest 'large buffers' => sub {
    my %large = (port => $large);
    passed ask('/api/users/u1', token => 'T' x 8192, %large), 'a token of 8 KB passes', application => 'crm';
    refused ask('/api/users/u1', token => 'T' x 8193, %large), 'token_invalid',
        'a longer one is none, even a known one';

    my @headers = map { "X-Long-$_: " . 'x' x 8000 } 1 .. 4;
    my $res = ask('/api/users/u1', headers => \@headers, %large);
    passed $res, 'fields of 32 KB pass', application => 'crm';
    is length join('', map { received($res, "X-Long-$_") } 1 .. 4), 32_000, 'and arrive whole';

    my $path = '/api/users/u' . '/x' x 2042;
    refused ask($path, %large), 'operation_unknown', 'a path of 4096 bytes is judged';
    refused ask("${path}x", %large), 'request_ambiguous', 'a path of 4097 bytes is refused';
    refused ask($path . '/x' x 2048, %large), 'request_ambiguous', 'so is one of 8 KB';
    refused ask('/api' . '/users' x 2400, %large), 'request_ambiguous', 'so is one of 14 KB';
    refused ask('/api/users/' . '%e4%b8%ad' x 128 . '/%e4%b8%ad' x 5000, port => $large_utf8),
        'request_ambiguous', 'and one of 50 KB encoded';
    passed ask('/api/users/u1?x=' . 'x' x 12_000, %large), 'a query has no ceiling but that of nginx';
    refused ask('/api/users/u1?' . 'a&' x 6000 . '_method', %large), 'method_override',
        'and is read to its end';
};

nothing_forwarded $gate, 'the buffers that nginx has by itself' => sub {
    is ask('/api/users/' . 'u' x 9000)->{status}, 414, 'a path of 9 KB is too long';
    is ask('/api/users/u1?' . 'u' x 9000)->{status}, 414, 'so is such a query';
    is ask('/api/users/u1', token => 'T' x 8192)->{status}, 400, 'a field that holds a token of 8 KB is';
    is ask('/api/users/u1', headers => [ map { "X-Long-$_: " . 'x' x 8000 } 1 .. 5 ])->{status}, 400,
        'so are fields of 40 KB';
};

done_testing;
