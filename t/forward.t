#!/usr/bin/perl
# The stage forward: what the backend receives of an allowed request.

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Test::More;
use EIAM::Http2;
use EIAM::Test;

my @methods = qw(GET POST PUT DELETE PATCH OPTIONS TRACE);
my $gated = 'eiam on; eiam_policy %DIR%/policy.json; eiam_applications %DIR%/apps.json;';
my $gate = nginx(
    files => {
        'policy.json' => policy('/api',
            (map { ("$_ /users" => ['user_read']) } @methods),
            'GET /users/{id}' => { scopes => [ 'user_all', 'user_read' ], id => 'getUser' },
            'PUT /users/{id}' => ['user_all'],
            'POST /token' => 'public', 'GET /open' => 'public'),
        'apps.json' => applications(
            { id => 'crm', permissions => [ 'user_read', 'no_such_scope' ], tokens => ['tok'] },
            { id => 'all', permissions => ['user_all'], tokens => ['tok-all'] }),
    },
    conf => qq{
        server {
            listen 127.0.0.1:%PORT%;
            client_max_body_size 2m;
            location /api/ {
                $gated
                proxy_pass http://%ECHO%;
                location = /api/users/tried {
                    $gated
                    try_files /no/such/file \@backend;
                }
                location = /api/users/failed {
                    $gated
                    proxy_intercept_errors on;
                    error_page 502 = \@backend;
                    error_page 503 = /api/open;
                    error_page 504 = /docs/sorry;
                    proxy_pass http://%ECHO%;
                }
            }
            location / { proxy_pass http://%ECHO%; }
            location \@backend { proxy_set_header X-Test-Status ""; proxy_pass http://%ECHO%; }
            location /docs/ { proxy_set_header X-Test-Status ""; proxy_pass http://%ECHO%; }
            location = /api/open { $gated proxy_set_header X-Test-Status ""; proxy_pass http://%ECHO%; }
        }
        server {
            listen 127.0.0.1:%PORT2%;
            server_name other;
            underscores_in_headers on;
            ignore_invalid_headers off;
            location / { proxy_pass http://%ECHO%; }
        }
        server {
            listen 127.0.0.1:%PORT2%;
            server_name gate;
            location /api/ { $gated proxy_pass http://%ECHO%; }
            location / { proxy_pass http://%ECHO%; }
        }
        server {
            listen 127.0.0.1:%PORT3% http2;
            location /api/ { $gated proxy_pass http://%ECHO%; }
            location / { proxy_pass http://%ECHO%; }
        }
    },
)->start;

# Names of all X-EIAM-* that arrived, with "-" for "_".
sub identity {
    my ($res) = @_;
    my @names = map { lc $_->[0] =~ s/[^A-Za-z0-9]/-/gr } @{ $res->{json}{headers} // [] };
    return join ' ', grep { /^x-eiam/ } @names;
}

# All other fields, except for the two that nginx sets itself.
sub others {
    my ($res) = @_;
    return [ map { "$_->[0]: $_->[1]" }
        grep { $_->[0] !~ /^(x[^a-z0-9]eiam[^a-z0-9].*|host|connection)$/i } @{ $res->{json}{headers} // [] } ];
}

subtest 'who it is' => sub {
    my $res = get($gate, '/api/users', token => 'tok');
    passed $res, 'an allowed request says who calls what', application => 'crm', scopes => 'user_read',
        operation => 'getUsers';
    is identity($res), 'x-eiam-application x-eiam-scopes x-eiam-operation', 'each is there once';
    passed get($gate, '/api/users/u1', token => 'tok-all'), 'the operation is that of the policy',
        application => 'all', scopes => 'user_all', operation => 'getUser';
    $res = get($gate, '/api/open');
    is identity($res), 'x-eiam-operation', 'a public operation has no identity';
    $res = get($gate, '/api/open', token => 'tok');
    is identity($res), 'x-eiam-operation', 'not even with a token';
    is identity(get($gate, '/docs', token => 'tok')), '', 'outside the gate there is none';
};

my @claims = (
    [ 'as they are written', 'X-EIAM-Application: evil', 'X-EIAM-Scopes: all', 'X-EIAM-Operation: evil' ],
    [ 'in small letters', 'x-eiam-application: evil', 'x-eiam-scopes: all' ],
    [ 'in capitals', 'X-EIAM-APPLICATION: evil', 'X-EIAM-SCOPES: all' ],
    [ 'in mixed case', 'x-EiAm-aPPlication: evil' ],
    [ 'many times', ('X-EIAM-Application: evil') x 50 ],
    [ 'with other names', 'X-EIAM-Anything: evil', 'X-EIAM-: evil', 'X-EIAM-Application-Id: evil' ],
    [ 'with an empty value', 'X-EIAM-Application:', 'X-EIAM-Scopes: ' ],
    [ 'with underscores, which nginx drops', 'X_EIAM_APPLICATION: evil', 'X-EIAM_Application: evil' ],
);

subtest 'what the client claims' => sub {
    for my $row (@claims) {
        my ($title, @headers) = @$row;
        my $res = get($gate, '/api/users', token => 'tok', headers => \@headers);
        passed $res, "it is removed $title", application => 'crm', scopes => 'user_read', operation => 'getUsers';
        is identity($res), 'x-eiam-application x-eiam-scopes x-eiam-operation', '  and nothing is left';

        $res = get($gate, '/api/token', method => 'POST', headers => \@headers);
        is identity($res), 'x-eiam-operation', '  on a public operation';
        is +(received($res, 'X-EIAM-Operation'))[0], 'postToken', '  whose name is right';
        is identity(get($gate, '/docs', token => 'tok', headers => \@headers)), '', '  outside the gate';
    }
    my $res = get($gate, '/api/users', token => 'tok', headers => [ 'X-EIAM: x', 'X-EIAMX-Application: x',
        'Y-X-EIAM-Application: x', 'XEIAM-Application: x' ]);
    is_deeply others($res), [ 'X-EIAM: x', 'X-EIAMX-Application: x', 'Y-X-EIAM-Application: x',
        'XEIAM-Application: x', 'Authorization: Bearer tok' ], 'names that only look like it arrive';
};

subtest 'other characters, where another server is the default' => sub {
    my @underscored = map { "$_: evil" } qw(X_EIAM_Application X_EIAM_SCOPES x_eiam_operation X_EIAM-Application
        X-EIAM_Application x_EIAM_anything X_EIAM_ X.EIAM.Application x.eiam-scopes X-EIAM.Operation X~EIAM!Application
        X.EIAM.);
    for my $target ('/api/users', '/docs') {
        my $res = get($gate, $target, token => 'tok', port => $gate->port(2),
            headers => [ @underscored, 'X_Other: x', 'X.Other: x', 'Host: gate' ]);
        is identity($res), $target eq '/docs' ? '' : 'x-eiam-application x-eiam-scopes x-eiam-operation',
            "they are removed: $target";
        is_deeply others($res), [ 'X_Other: x', 'X.Other: x', 'Authorization: Bearer tok' ], '  and others are not';
    }
    my $res = get($gate, '/docs', port => $gate->port(2), headers => [ @underscored, 'Host: other' ]);
    is scalar(split ' ', identity($res)), scalar @underscored, 'the default server itself has no gate';

    refused get($gate, '/api/users', token => 'tok', port => $gate->port(2),
        headers => [ "$_: PUT", 'Host: gate' ]), 'method_override', "$_ is a method override"
        for qw(X_HTTP_Method_Override X_HTTP_METHOD x_method_override X-HTTP_Method X.HTTP.Method.Override x.http-method
        X!Method~Override);
    refused get($gate, '/api/users', token => 'tok', port => $gate->port(2),
        headers => [ "$_: /x", 'Host: gate' ]), 'request_ambiguous', "$_ names another path"
        for qw(X_Original_URL X_REWRITE_URL X.Original.URL x.rewrite-url);
};

# Rules of the operator for the rewrite phase, in server and location.
my $rules = q{
    if ($http_x_eiam_application = root) { set $asked "if"; }
    proxy_set_header X-Rules "$asked,$server_set,$location_set,$mapped,$http_x_eiam_scopes";
    set $location_set $http_x_eiam_application;
};
my $ruled = nginx(
    files => $gate->{opt}{files},
    conf  => qq{
        eiam_policy %DIR%/policy.json;
        eiam_applications %DIR%/apps.json;
        map \$http_x_eiam_application \$mapped { default map; '' ''; }
        log_format claims '\$status \$http_x_eiam_application,\$http_x_eiam_anything';
    } . join('', map {
        my ($listen, $mode, $more) = @$_;
        my ($log) = $mode eq 'off' ? 'open' : 'gated';
        qq{
        server {
            listen 127.0.0.1:$listen;
            $more
            access_log %DIR%/$log.log claims;
            large_client_header_buffers 4 8k;
            set \$server_set \$http_x_eiam_application;
            set \$asked "";
            set \$location_set "";
            error_page 405 = /ruled/page;
            error_page 400 414 494 501 = \@page;
            location /api/ { eiam $mode; $rules proxy_pass http://%ECHO%; }
            location = /api/users/tried { eiam $mode; $rules try_files /no/such \@page; }
            location = /api/users/mirrored { eiam $mode; mirror /ruled/mirror; $rules proxy_pass http://%ECHO%; }
            location /ruled/ { $rules proxy_pass http://%ECHO%; }
            location \@page { $rules proxy_pass http://%ECHO%; }
            location = /ruled/mirror { internal; $rules proxy_pass http://%ECHO%/ruled/mirror; }
        }};
    } ([ '%PORT%', 'on', '' ], [ '%PORT2%', 'report', '' ], [ '%PORT3%', 'off', '' ], [ '%PORT4% http2', 'on', '' ],
        [ '%PORT5%', 'off', 'server_name other; underscores_in_headers on; ignore_invalid_headers off;' ],
        [ '%PORT5%', 'on', 'server_name gate;' ])))->start;

# What the rules saw of the client's fields.
sub rules {
    my ($res) = @_;
    return join '|', received($res, 'X-Rules');
}

subtest '2.1-11: the rules of the rewrite phase see nothing of what the client claims' => sub {
    for my $row (@claims, [ 'by an upstream', 'X-EIAM-Application: root', 'X-EIAM-Scopes: all', ('X-Field: x') x 50 ]) {
        my ($title, @headers) = @$row;
        s/evil/root/ for @headers = @headers;
        for my $target ('/api/users', '/api/open', '/ruled/a', '/api/users/tried', '/api/users/mirrored') {
            my $res = get($ruled, $target, token => 'tok', headers => \@headers);
            is $res->{status}, 200, "$target, $title";
            unlike rules($res), qr/root|if|map|all/, '  the rules see none';
        }
        unlike rules(get($ruled, $_, port => $ruled->port(2), headers => \@headers)), qr/root|if|map|all/,
            "  in report mode too: $_" for '/api/users', '/api/nothing', '/ruled/a';
        unlike rules(get($ruled, '/ruled/a', port => $ruled->port(5), headers => [ 'Host: gate', @headers ])),
            qr/root|if|map|all/, '  where another server is the default';
    }
    is rules(get($ruled, '/api/users', token => 'tok')), ',,,,user_read', 'what is read later is what the gate says';
    is rules(get($ruled, '/ruled/a', port => $ruled->port(3), headers => [ 'X-EIAM-Application: root', 'X-EIAM-Scopes: all' ])),
        'if,root,root,map,all', 'without a gate they see what was sent';
    my $res = get($ruled, '/ruled/a', port => $ruled->port(5), headers => [ 'Host: gate', 'X_EIAM_Application: root',
        'X.EIAM.Scopes: all', 'x_eiam-scopes: all' ]);
    is rules($res), ',,,,', 'nor do they see other spellings';
    is identity($res), '', '  which are gone';

    my $h2 = EIAM::Http2->new($ruled->port(4));
    for my $target ('/api/users', '/ruled/a') {
        my ($answer) = $h2->responses($h2->request($target, token => 'tok',
            fields => [ [ 'x-eiam-application' => 'root' ], [ 'x-eiam-scopes' => 'all' ] ]));
        is $answer->{status}, 200, "HTTP/2: $target";
        unlike rules($answer), qr/root|if|map|all/, '  the rules see none';
    }
};

# These requests reach the error page's location, or the log, without nginx's first phases.
subtest '2.1-11: nor do they after an error of nginx itself' => sub {
    my @claims = ('X-EIAM-Application: root', 'X-EIAM-Scopes: all');
    my @rows = (
        [ 'TRACE, an error page by its path', request('/ruled/a', method => 'TRACE', headers => \@claims, close => 1) ],
        [ 'TRACE of a gated path', request('/api/users', method => 'TRACE', headers => \@claims, close => 1) ],
        [ 'a long field, a named error page', request('/ruled/a', headers => [ @claims, 'X-Long: ' . 'x' x 40_000 ], close => 1) ],
        [ 'a coding', request('/ruled/a', headers => [ @claims, 'Transfer-Encoding: x' ], close => 1) ],
        [ 'no Host', "GET /ruled/a HTTP/1.1\r\n" . join('', map { "$_\r\n" } @claims) . "\r\n" ],
    );
    for my $row (@rows) {
        my ($title, $bytes) = @$row;
        my ($with, $without) = map { scalar raw($ruled, $bytes, port => $ruled->port($_)) } 3, 1;
        like rules($with), qr/^if,(?:root)?,root,map,all$/, "$title: without a gate the error page's rules see it"
            if $title !~ /no Host/;
        is rules($without), ',,,,', '  but not in a gated server' if $without->{headers}{'x-echo'};
        is identity($without), '', '  nor does the backend';
    }
    my $claimed = qr/root|all|evil/;
    like $ruled->access_log('open.log'), $claimed, 'the log of a server without a gate has what was sent';
    unlike $ruled->access_log('gated.log'), $claimed, '  that of a gated one has not';
};

# nginx keeps the fields in parts of twenty.
subtest 'all other fields' => sub {
    for my $count (0 .. 3, 17 .. 22, 37 .. 42, 60) {
        my @other = map { sprintf '%s-%d: value %d', $_ % 3 ? 'X-Field' : 'x-fIELD', $_, $_ } 1 .. $count;
        for my $where ('before', 'behind', 'between', 'none') {
            my @claim = map { "X-EIAM-Claim-$_: x" } 1 .. 20;
            my @headers = $where eq 'before' ? (@claim, @other)
                : $where eq 'behind' ? (@other, @claim)
                : $where eq 'none' ? @other
                : ((map { ($_, shift @claim // ()) } @other), @claim);
            my $res = get($gate, '/api/users', token => 'tok', headers => \@headers);
            is_deeply others($res), [ @other, 'Authorization: Bearer tok' ],
                "$count fields arrive once, in order, unchanged; claims: $where";
            is identity($res), 'x-eiam-application x-eiam-scopes x-eiam-operation', '  and the identity once';
        }
    }
    my @same = ('X-Same: 1', 'X-Same: 2', 'x-same: 1', 'Cookie: a=b', 'Cookie: c=d', 'X-Forwarded-For: 1.2.3.4',
        'X-Forwarded-For: 5.6.7.8', 'User-Agent: x', 'Accept: */*', 'X-Empty:', 'Range: bytes=0-1');
    my @got = map { s/:$/: /r } @same;
    my $res = get($gate, '/api/users', token => 'tok', headers => [ @same, 'X-EIAM-Claim: x' ]);
    is_deeply others($res), [ @got, 'Authorization: Bearer tok' ], 'fields that occur twice arrive twice';

    $res = raw($gate, "GET /docs HTTP/1.0\r\n" . "X-EIAM-Claim: x\r\n" x 30 . "\r\n");
    is_deeply others($res), [], 'if there is nothing but claims, nothing is left';
    $res = raw($gate, "GET /api/open HTTP/1.0\r\n" . "X-EIAM-Claim: x\r\n" x 30 . "\r\n");
    is identity($res), 'x-eiam-operation', 'but the operation';
};

subtest 'every method' => sub {
    my $long = join '', map { chr $_ % 256 } 1 .. 300_000;
    for my $method (grep { $_ ne 'TRACE' } @methods) {
        for my $body ('', "a=b&\x00\xff\r\n\r\n", '{"x": [1, 2]}', $long) {
            my $res = get($gate, '/api/users', method => $method, token => 'tok', body => $body,
                headers => [ 'Content-Type: text/x-test', 'X-EIAM-Claim: x' ]);
            my $title = "$method with a body of " . length($body) . ' bytes';
            passed $res, $title, application => 'crm', operation => lc($method) . 'Users';
            is $res->{json}{body_sha256}, sha256_hex($body), '  which arrives unchanged';
            is $res->{json}{method}, $method, '  with the method';
            is join('|', map { received($res, $_) } qw(Authorization Content-Type)), 'Bearer tok|text/x-test',
                '  and its fields';
        }
        my $res = get($gate, '/api/users', method => $method, token => 'tok',
            headers => ['Transfer-Encoding: chunked'], body => "3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n\r\n");
        is $res->{json}{body}, 'abcdefg', "$method with a chunked body arrives whole";
    }
    is get($gate, '/api/users', method => 'TRACE', token => 'tok')->{status}, 405, 'nginx itself refuses TRACE';
};

subtest 'HEAD' => sub {
    my $res = get($gate, '/api/users', method => 'HEAD', token => 'tok');
    is $res->{status}, 200, 'HEAD passes as GET';
    ok $res->{headers}{'x-echo'}, '  and reaches the backend';
    refused get($gate, '/api/users/u1', method => 'PUT', token => 'tok'), 'scope_insufficient', 'PUT does not';
};

subtest 'what the backend answers' => sub {
    for my $status (200, 201, 204, 400, 401, 403, 404, 405, 409, 500, 503) {
        my $body = $status == 204 ? '' : '{"error_code":"USER.0001","error_msg":"x"}';
        my $res = get($gate, '/api/users', token => 'tok', headers => [ "X-Test-Status: $status",
            'X-Test-Header: WWW-Authenticate: Bearer realm="backend"', "X-Test-Body: $body" ]);
        is $res->{status}, $status, "the status $status goes back untouched";
        is $res->{body}, $body, '  with its body';
        is $res->{headers}{'www-authenticate'}, 'Bearer realm="backend"', '  and its fields';
    }
};

subtest 'internal redirects' => sub {
    my %fail = map { ($_ => [ "X-Test-Status: $_", 'X-EIAM-Claim: x' ]) } 502, 503, 504;
    passed get($gate, '/api/users/tried', token => 'tok', headers => ['X-EIAM-Claim: x']),
        'try_files to a named location keeps the identity', application => 'crm', scopes => 'user_read',
        operation => 'getUser';
    passed get($gate, '/api/users/failed', token => 'tok', headers => $fail{502}),
        'error_page to a named location keeps it', application => 'crm', scopes => 'user_read',
        operation => 'getUser';
    my $res = get($gate, '/api/users/failed', token => 'tok', headers => $fail{503});
    passed $res, 'error_page to another operation has that', application => '', operation => 'getOpen';
    is identity($res), 'x-eiam-operation', '  alone';
    $res = get($gate, '/api/users/failed', token => 'tok', headers => $fail{504});
    passed $res, 'error_page to outside the gate keeps what was decided', application => 'crm',
        scopes => 'user_read', operation => 'getUser';
    is identity($res), 'x-eiam-application x-eiam-scopes x-eiam-operation',
        '  without what the client claims';
};

# ---- HTTP/2

sub curl {
    my ($target, @options) = @_;
    my @command = ('curl', '-sS', '--max-time', 20, '--http2-prior-knowledge', '-w', "\n%{http_code} %{http_version}",
        @options, '--path-as-is', 'http://127.0.0.1:' . $gate->port(3) . $target);
    open my $out, '-|', @command or die "curl: $!";
    my $text = do { local $/; <$out> };
    close $out or die "curl failed: $?\n";
    my ($body, $status, $version) = $text =~ /^(.*)\n(\d+) (\S+)\z/s or die "curl said: $text\n";
    return { status => $status, version => $version, body => $body, headers => { 'x-echo' => 1 },
        json => eval { JSON::PP->new->utf8->decode($body) } };
}

subtest 'HTTP/2' => sub {
    my @token = ('-H', 'Authorization: Bearer tok');
    my @claims = map { ('-H', "$_: evil") } qw(X-EIAM-Application x-eiam-scopes X-EIAM-OPERATION X_EIAM_Application);
    my $res = curl('/api/users', @token, @claims);
    is $res->{version}, '2', 'it is HTTP/2';
    passed $res, 'an allowed request passes', application => 'crm', scopes => 'user_read', operation => 'getUsers';
    is identity($res), 'x-eiam-application x-eiam-scopes x-eiam-operation', 'the claims are removed';

    my @many = map { ('-H', "x-field-$_: $_") } 1 .. 40;
    $res = curl('/api/users', '-H', 'User-Agent:', '-H', 'Accept:', @many, @claims, @token);
    is_deeply others($res), [ (map { "x-field-$_: $_" } 1 .. 40), 'authorization: Bearer tok' ],
        'forty other fields arrive once, in order, unchanged';
    is identity(curl('/docs', @claims)), '', 'outside the gate too';
    $res = curl('/api/token', '--data', 'a=b', @claims);
    passed $res, 'a public operation passes', operation => 'postToken';
    is $res->{json}{body}, 'a=b', '  with its body';
    is identity($res), 'x-eiam-operation', '  and no identity';

    my $before = $gate->echo->count;
    my @rows = (
        [ '4011', 'no token', '/api/users' ],
        [ '4012', 'an unknown token', '/api/users', '-H', 'Authorization: Bearer x' ],
        [ '4031', 'no scope', '/api/users/u1', @token, '-X', 'PUT' ],
        [ '4041', 'no operation', '/api/nothing', @token ],
        [ '4051', 'no such method', '/api/users/u1', @token, '-X', 'DELETE' ],
        [ '4002', 'a method override', '/api/users', @token, '-H', 'X-HTTP-Method-Override: PUT' ],
        [ '4001', 'a parameter', '/api/users;x', @token ],
        [ '4001', 'a dot segment', '/api/x/../users', @token ],
        [ '4001', 'an encoded letter', '/api/%75sers', @token ],
        [ '4001', 'a way around', '/api;x/users', @token ],
        [ '4001', 'another case', '/API/users', @token ],
    );
    for my $row (@rows) {
        my ($code, $title, @request) = @$row;
        my $got = curl(@request);
        is +($got->{json} // {})->{error_code}, "GATEWAY.$code", "refused: $title";
        is $got->{status}, substr($code, 0, 3), '  with its status';
    }
    # Some versions of curl take the end of an unread body for an error.
    my $file = $gate->write_file('body', 'x' x 100_000);
    my $url = 'http://127.0.0.1:' . $gate->port(3) . '/api/users/u1';
    open my $out, '-|', 'nghttp', '-H:method: PUT', '-HAuthorization: Bearer tok', '-d', $file, $url
        or die "nghttp: $!";
    like do { local $/; <$out> }, qr/GATEWAY\.4031/, 'refused: a long body';
    close $out;
    is $gate->echo->count, $before, 'nothing of it reaches the backend';
};

done_testing;
