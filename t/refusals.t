#!/usr/bin/perl
# What a refusal looks like, which reason comes first, and which settings apply where.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use EIAM::Test;

my $api = policy('/api',
    'GET /users'   => ['user_read'],
    'POST /users'  => [ [ 'user_read', 'user_write' ], 'all' ],
    'PUT /users'   => ['admin'],
    'POST /token'  => 'public',
);
my $crm = { id => 'crm', permissions => ['user_read'],
    tokens => [ 'tok', { token => 'old', expires => '2020-01-01T00:00:00Z' } ] };
my $away = { id => 'away', networks => ['192.0.2.0/24'], permissions => ['user_read'], tokens => ['away'] };
my $off = { id => 'off', enabled => 0, permissions => ['user_read'],
    tokens => [ 'off', { token => 'off-old', expires => '2020-01-01T00:00:00Z' } ] };

my $proxy = 'proxy_pass http://%ECHO%;';
my $gate = nginx(
    files => {
        'policy.json' => $api,
        'other.json'  => policy('/api', 'GET /others' => ['other_read']),
        'apps.json'   => applications($crm, $off, $away),
        'others.json' => applications({ id => 'erp', permissions => [ 'user_read', 'other_read' ], tokens => ['tok'] }),
    },
    conf => qq{
        eiam_policy %DIR%/policy.json;
        eiam_applications %DIR%/apps.json;
        eiam_realm "of http";
        eiam_error_language zh;

        server {
            listen 127.0.0.1:%PORT%;
            eiam on;
            eiam_realm eiam;
            eiam_error_language auto;
            keepalive_requests 100000;
            location / { $proxy }
        }

        server {
            listen 127.0.0.1:%PORT2%;
            location /api/ {
                eiam on;
                $proxy
                location /api/users { $proxy }
            }
            location /other/ { $proxy }
        }

        server {
            listen 127.0.0.1:%PORT3%;
            eiam on;
            eiam_realm "of server";
            eiam_error_language en;
            location /api/ {
                $proxy
                location = /api/others {
                    eiam_policy %DIR%/other.json;
                    eiam_applications %DIR%/others.json;
                    eiam_realm "of location";
                    eiam_error_language zh;
                    $proxy
                }
            }
            location /open/ {
                eiam off;
                $proxy
                location /open/gated/ { eiam on; $proxy }
            }
            location /watched/ {
                eiam report;
                $proxy
            }
        }

        server {
            listen 127.0.0.1:%PORT4%;
            eiam on;
            eiam_realm eiam;
            eiam_error_language en;
            location /api/ {
                if (\$arg_if) { set \$x 1; $proxy }
                limit_except GET { deny 127.0.0.2; }
                $proxy
            }
        }

        server {
            listen 127.0.0.1:%PORT5%;
            eiam on;
            eiam_realm "";
            eiam_error_language en;
            location / {
                error_page 400 401 403 404 405 \@page;
                add_header X-Added always always;
                add_header X-Plain plain;
                $proxy
            }
            location \@page { eiam off; return 200 "page"; }
        }

        server {
            listen 127.0.0.1:%PORT6%;
            eiam on;
            eiam_applications %DIR%/others.json;
            eiam_error_language en;
            location / { $proxy }
        }
    },
)->start;

my ($http, $server, $blocks, $pages, $other_apps) = map { $gate->port($_) } 2 .. 6;

# Each row: reason, target, options.
my @rows = (
    [ request_ambiguous => '/api//users', token => 'tok' ],
    [ method_override => '/api/users?_method=PUT', token => 'tok' ],
    [ authorization_malformed => '/api/users?access_token=tok' ],
    [ token_missing => '/api/users' ],
    [ token_invalid => '/api/users', token => 'unknown' ],
    [ token_expired => '/api/users', token => 'old' ],
    [ scope_insufficient => '/api/users', token => 'tok', method => 'PUT' ],
    [ application_disabled => '/api/users', token => 'off' ],
    [ network_forbidden => '/api/users', token => 'away' ],
    [ operation_unknown => '/api/nothing', token => 'tok' ],
    [ method_unknown => '/api/users', token => 'tok', method => 'DELETE' ],
);

subtest 'every reason' => sub {
    my $before = $gate->echo->count;
    for my $row (@rows) {
        my ($reason, $target, %opt) = @$row;
        refused get($gate, $target, %opt), $reason, "$reason in English";
        refused get($gate, $target, %opt, headers => ['Accept-Language: zh-CN']), $reason,
            "$reason in Chinese", language => 'zh';
        refused get($gate, $target, %opt, headers => ['Accept: text/html']), $reason,
            "$reason is JSON whatever is accepted";
    }
    is $gate->echo->count, $before, 'none of them reaches the backend';
};

subtest 'HEAD' => sub {
    for my $row (grep { !{ @$_[ 2 .. $#$_ ] }->{method} } @rows) {
        my ($reason, $target, %opt) = @$row;
        my $res = get($gate, $target, %opt, method => 'HEAD');
        refused $res, $reason, "$reason has no body", head => 1;
        is $res->{headers}{'content-length'}, get($gate, $target, %opt)->{headers}{'content-length'},
            '  and the length of GET';
    }
    refused get($gate, '/api/token', token => 'tok', method => 'HEAD'), 'method_unknown',
        'HEAD is no method of a resource without GET', head => 1;
};

subtest 'languages' => sub {
    my @accept = (
        [ en => '' ], [ en => 'en' ], [ en => 'en-US,en;q=0.5' ], [ en => 'de' ], [ en => 'de, fr;q=0.5' ],
        [ en => '*' ], [ en => 'zho' ], [ en => 'zhx-CN' ], [ en => 'x-zh' ], [ en => 'en-zh' ],
        [ zh => 'zh' ], [ zh => 'ZH' ], [ zh => 'zh-CN' ], [ zh => 'zh-Hant-TW' ], [ zh => 'zh-cn, en' ],
        [ zh => 'zh,en;q=0.9' ], [ en => 'en,zh' ], [ en => 'en, zh;q=0.9' ], [ zh => 'en;q=0.5, zh;q=0.8' ],
        [ en => 'zh;q=0.5, en;q=0.8' ], [ zh => 'de, zh;q=0.3' ], [ zh => 'fr;q=1, zh;q=0.001' ],
        [ en => 'zh;q=0' ], [ en => 'zh;q=0.000, en;q=0.1' ], [ en => 'zh;q=0.0, de' ],
        [ zh => 'en;q=0, zh;q=0.1' ], [ zh => 'zh;q=1.0' ], [ zh => 'zh ; q=0.8, en ; q=0.7' ],
        [ zh => 'zh;Q=0.9,en;q=0.8' ], [ zh => 'en;q=0.8, zh;q=0.85' ], [ zh => 'en;q=0.123, zh;q=0.124' ],
        [ zh => ',,zh' ], [ zh => " zh\t" ], [ en => 'zh;q=x' ], [ en => 'zh;q=' ], [ en => 'zh;q=2, en;q=0.1' ],
        [ en => ';;;,,;q=1' ], [ en => 'z' ], [ zh => ('de,' x 500) . 'zh' ],
    );
    for my $row (@accept) {
        my ($language, $accept) = @$row;
        my $shown = length $accept > 40 ? substr($accept, 0, 20) . '...' : $accept;
        refused get($gate, '/api/users', headers => ["Accept-Language: $accept"]), 'token_missing',
            "Accept-Language: $shown gives $language", language => $language;
    }
    for my $row ([ zh => 'fr', 'zh' ], [ zh => 'en;q=0.1', 'zh;q=0.2' ], [ en => 'en', 'zh' ], [ en => 'zh;q=0.2', 'de', 'en;q=0.3' ], [ zh => '', 'zh' ]) {
        my ($language, @accept) = @$row;
        refused get($gate, '/api/users', headers => [ map { "Accept-Language: $_" } @accept ]), 'token_missing',
            "several Accept-Language are one list: '@accept' gives $language", language => $language;
    }
    refused get($gate, '/api/users', port => $http, headers => ['Accept-Language: en']), 'token_missing',
        'eiam_error_language zh asks nobody', language => 'zh';
    refused get($gate, '/api/users', port => $server, headers => ['Accept-Language: zh']), 'token_missing',
        'eiam_error_language en asks nobody';
};

subtest 'fields of a refusal' => sub {
    my $res = get($gate, '/api/users', token => 'tok', method => 'DELETE');
    is $res->{headers}{allow}, 'GET, HEAD, POST, PUT', 'Allow has what the policy has, and HEAD with GET';
    is get($gate, '/api/token', token => 'tok')->{headers}{allow}, 'POST', 'and one alone';
    $res = get($gate, '/api/users', token => 'tok', method => 'PROPFIND');
    refused $res, 'method_unknown', 'a method that OpenAPI does not know is unknown';
    refused get($gate, '/api/users', token => 'tok', method => 'OPTIONS'), 'method_unknown',
        'OPTIONS is an operation like any other';

    my %challenge = (
        PUT  => 'Bearer realm="eiam", error="insufficient_scope", scope="admin"',
        POST => 'Bearer realm="eiam", error="insufficient_scope", scope="all"',
    );
    for my $method (sort keys %challenge) {
        my $got = get($gate, '/api/users', token => 'tok', method => $method)->{headers}{'www-authenticate'};
        my ($head, $scopes) = $got =~ /^(.*scope=")(.*)"$/;
        is $head . join(' ', sort split / /, $scopes) . '"', $challenge{$method},
            "the challenge to a $method asks for the least that helps";
    }
    $res = get($gate, '/api/users');
    is_deeply [ map { scalar @{ $res->{headers_all}{$_} } }
        qw(www-authenticate cache-control content-type content-length x-request-id) ], [ 1, 1, 1, 1, 1 ],
        'each field is there once';
    is get($gate, '/api/users', port => $pages)->{headers}{'www-authenticate'}, 'Bearer realm=""',
        'a realm may be empty';
};

subtest 'which one comes first' => sub {
    my @order = (
        [ 'guard: ambiguous before override', '/api//users?_method=PUT', {}, 'request_ambiguous' ],
        [ 'guard before bearer', '/api/users?_method=PUT&access_token=tok', {}, 'method_override' ],
        [ 'guard before match', '/api/nothing;x', { token => 'tok' }, 'request_ambiguous' ],
        [ 'guard on public operations', '/api/token?_method=PUT', { method => 'POST' }, 'method_override' ],
        [ 'bearer before match', '/api/nothing', {}, 'token_missing' ],
        [ 'bearer before the method', '/api/users', { method => 'DELETE' }, 'token_missing' ],
        [ 'a malformed Authorization before match', '/api/nothing', { headers => ['Authorization: Bearer ?'] },
            'token_invalid' ],
        [ 'match before identify', '/api/nothing', { token => 'unknown' }, 'operation_unknown' ],
        [ 'the method before identify', '/api/users', { token => 'unknown', method => 'DELETE' }, 'method_unknown' ],
        [ 'match before expiry', '/api/nothing', { token => 'old' }, 'operation_unknown' ],
        [ 'identify before authorize', '/api/users', { token => 'old', method => 'PUT' }, 'token_expired' ],
        [ 'expiry before the disabled application', '/api/users', { token => 'off-old' }, 'token_expired' ],
        [ 'the disabled application before scopes', '/api/users', { token => 'off', method => 'PUT' },
            'application_disabled' ],
    );
    for my $row (@order) {
        my ($title, $target, $opt, $reason) = @$row;
        refused get($gate, $target, %$opt), $reason, $title;
    }
};

subtest 'tokens' => sub {
    refused get($gate, '/api/users', token => $_->[0]), 'token_invalid', $_->[1]
        for [ 'TOK', 'a token has a case' ], [ 'to', 'a prefix is not the token' ],
        [ 'tok1', 'a longer one is not' ], [ 'tok=', 'one with padding is not' ],
        [ '6db0468c1e7b8b37', 'a part of a digest is not' ];
    passed get($gate, '/api/users', token => 'tok'), 'the token is', application => 'crm', scopes => 'user_read';
};

# ---- the connection goes on

# Each row: title, request line, header lines, body.
my $chunked = join('', map { "1000\r\n" . 'x' x 4096 . "\r\n" } 1 .. 50) . "0\r\n\r\n";
my @unread = (
    [ 'without a body', 'GET', [] ],
    [ 'with a short body', 'POST', ['Content-Length: 3'], 'abc' ],
    [ 'with a long body', 'POST', ['Content-Length: 300000'], 'x' x 300_000 ],
    [ 'with a chunked body', 'POST', ['Transfer-Encoding: chunked'], "3\r\nabc\r\n0\r\n\r\n" ],
    [ 'with a long chunked body', 'POST', ['Transfer-Encoding: chunked'], $chunked ],
    [ 'with a body that was announced', 'POST', [ 'Content-Length: 3', 'Expect: 100-continue' ], 'abc' ],
    [ 'with a body that looks like a request', 'POST', ['Content-Length: 36'],
        "GET /api/users HTTP/1.1\r\nHost: x\r\n\r\n" ],
    [ 'with a body on GET', 'GET', ['Content-Length: 3'], 'abc' ],
);

subtest 'keepalive' => sub {
    my $before = $gate->echo->count;
    for my $row (@rows) {
        my ($reason, $target, %opt) = @$row;
        my $c = connection($gate);
        for (1, 2) {
            refused $c->send(request($target, %opt))->read_response, $reason,
                "the connection goes on after $reason" . ($_ == 2 ? ', twice' : '');
        }
    }
    for my $row (@unread) {
        my ($title, $method, $headers, $body) = @$row;
        my $bytes = request('/api/nothing', token => 'tok', method => $method, headers => $headers) . ($body // '');
        my $c = connection($gate);
        my $res = $c->send($bytes)->read_response;
        refused $res, 'operation_unknown', "a request $title is refused";
        is scalar @{ $res->{interim} }, 0, '  without an interim answer';
        refused $c->send($bytes)->read_response, 'operation_unknown', '  and so is the next one';
        my ($one, $two) = (raw($gate, $bytes x 2, count => 2));
        is $two && $two->{status}, 404, '  pipelined too';
    }
    is $gate->echo->count, $before, 'nothing of it reaches the backend';

    my $c = connection($gate);
    refused $c->send(request('/api/users'))->read_response, 'token_missing', 'after a refusal';
    passed $c->send(request('/api/users', token => 'tok'))->read_response, 'the next request is judged by itself';
    refused $c->send(request('/api/users'))->read_response, 'token_missing', 'and no token is kept from it';
};

subtest 'Expect: 100-continue' => sub {
    my @expect = (headers => [ 'Content-Length: 3', 'Expect: 100-continue' ], method => 'POST');
    my $res = connection($gate)->send(request('/api/users', @expect))->read_response;
    refused $res, 'token_missing', 'it is refused before the body is sent';
    is scalar @{ $res->{interim} }, 0, 'and no body is asked for';

    my $c = connection($gate);
    $c->send(request('/api/token', @expect));
    $res = $c->send('abc')->read_response;
    passed $res, 'what passes is asked for its body', operation => 'postToken';
    is $res->{interim}[0]{status}, 100, 'by 100 Continue';
    is $res->{json}{body}, 'abc', 'which arrives';
};

subtest 'close' => sub {
    my $c = connection($gate);
    my $res = $c->send(request('/api/users', close => 1))->read_response;
    refused $res, 'token_missing', 'a client that wants to close is answered';
    ok $c->closed, 'and the connection is closed';
    $res = raw($gate, "GET /api/users HTTP/1.0\r\n\r\n");
    refused $res, 'token_missing', 'so is one of HTTP/1.0';
};

# ---- settings

subtest 'inheritance' => sub {
    my %opt = (port => $http);
    my $res = get($gate, '/api/users', %opt);
    refused $res, 'token_missing', 'the settings of http hold in a nested location', language => 'zh';
    like $res->{headers}{'www-authenticate'}, qr/realm="of http"/, '  the realm too';
    passed get($gate, '/api/users', token => 'tok', %opt), '  policy and applications too', application => 'crm';
    refused get($gate, '/api/nothing', token => 'tok', %opt), 'operation_unknown',
        'and in the location around it', language => 'zh';
    passed get($gate, '/other/x', %opt), 'a location beside it has no gate';

    %opt = (port => $server);
    $res = get($gate, '/api/users', %opt);
    refused $res, 'token_missing', 'those of the server go before those of http';
    like $res->{headers}{'www-authenticate'}, qr/realm="of server"/, '  the realm too';
    $res = get($gate, '/api/others', %opt);
    refused $res, 'token_missing', 'those of a location before both', language => 'zh';
    like $res->{headers}{'www-authenticate'}, qr/realm="of location"/, '  the realm too';
    passed get($gate, '/api/others', token => 'tok', %opt), '  policy and applications too',
        application => 'erp', operation => 'getOthers';
    passed get($gate, '/api/users', token => 'tok', %opt), '  and beside it the others', application => 'crm',
        operation => 'getUsers';
    refused get($gate, '/elsewhere', %opt), 'token_missing', 'eiam on of the server holds where no location is';

    passed get($gate, '/open/x', %opt), 'eiam off opens a location';
    refused get($gate, '/open/gated/x', %opt), 'token_missing', 'and eiam on closes a nested one';
    passed get($gate, '/watched/x', %opt), 'eiam report lets everything pass';

    passed get($gate, '/api/users', token => 'tok', port => $other_apps), 'another applications file of a server',
        application => 'erp';
    refused get($gate, '/api/users', token => 'old', port => $other_apps), 'token_invalid',
        'does not know the tokens of http';
};

subtest 'blocks inside a location' => sub {
    my %opt = (port => $blocks);
    refused get($gate, '/api/users?if=1', %opt), 'token_missing', 'the gate holds in an if block';
    passed get($gate, '/api/users?if=1', token => 'tok', %opt), 'and lets its operations pass', application => 'crm';
    refused get($gate, '/api/users', method => 'PUT', %opt), 'token_missing', 'it holds in limit_except';
    refused get($gate, '/api/users', method => 'PUT', token => 'tok', %opt), 'scope_insufficient',
        'where it judges the method';
    refused get($gate, '/api/users', %opt), 'token_missing', 'and beside it';
    for my $block ('if ($arg_x)', 'limit_except GET') {
        bad_config "eiam is no directive of $block", "location / { $block { eiam off; } }",
            qr/"eiam" directive is not allowed here/;
    }
};

subtest 'other settings of nginx' => sub {
    for my $row (@rows) {
        my ($reason, $target, %opt) = @$row;
        my $res = get($gate, $target, %opt, port => $pages);
        refused $res, $reason, "error_page does not replace $reason";
        is $res->{headers}{'x-added'}, 'always', '  add_header ... always adds to it';
        is $res->{headers}{'x-plain'}, undef, '  add_header alone does not';
    }
};

# A worker takes random bytes for 256 ids at once: more than that, from two workers, each on kept connections.
subtest 'the ids of refusals' => sub {
    my $edge = nginx(workers => 2, files => { 'policy.json' => $api, 'apps.json' => applications($crm) },
        http => 'log_format ids "$request_id";',
        server => q{
            keepalive_requests 1000;
            access_log %DIR%/ids.log ids;
            location / { eiam on; eiam_policy policy.json; eiam_applications apps.json; empty_gif; }
            location /early/ { eiam on; eiam_policy policy.json; eiam_applications apps.json;
                set $early $request_id; add_header X-Early $early always; empty_gif; }
        })->start;
    my (@ids, @early);
    for my $c (map { connection($edge) } 1 .. 8) {
        $c->send(request('/api/users') x 100);
        push @ids, map { $c->read_response->{headers}{'x-request-id'} } 1 .. 100;
    }
    is scalar(grep { !/\A[0-9a-f]{32}\z/ } @ids), 0, 'each is 32 hexadecimal digits';
    my %seen = map { $_ => 1 } @ids;
    is scalar keys %seen, 800, '  and none comes twice';
    ok until_true(sub { ($edge->access_log('ids.log') =~ tr/\n//) == 800 }), 'the log has them all';
    is join(' ', sort split /\n/, $edge->access_log('ids.log')), join(' ', sort @ids), '  the same';
    my $headers = get($edge, '/early/users')->{headers};
    is $headers->{'x-request-id'}, $headers->{'x-early'}, 'an id that was asked for before stays';
    $edge->stop;
};

done_testing;
