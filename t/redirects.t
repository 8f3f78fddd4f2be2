#!/usr/bin/perl
# Internal redirects: error_page, try_files, rewrite, X-Accel-Redirect, post_action.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use EIAM::Test;

my $big  = 'x' x 3000;
my $once = 'proxy_set_header X-Test-Status ""; proxy_set_header X-Test-Header "";';
my $gate = nginx(
    files => {
        'www/413.html' => 'too large', 'www/400.html' => 'bad request', 'www/414.html' => 'too long',
        'www/405.html' => 'not allowed', 'www/404.html' => 'not found', 'www/503.html' => 'too many',
        'www/api/files/here' => 'a file', 'www/kept/file.txt' => 'kept',
        'empty.htpasswd' => "nobody:x\n",
        'policy.json' => policy('/api',
            'GET /users/{id}' => ['user_read'], 'PUT /users/{id}' => ['user_write'],
            'POST /users' => ['user_write'], 'GET /files/{id}' => ['file_read'],
            'PUT /files/{id}' => ['file_read'], 'GET /open' => 'public'),
        'apps.json' => applications(
            { id => 'reader', permissions => ['user_read'], tokens => ['read'] },
            { id => 'writer', permissions => ['user_write'], tokens => ['write'] },
            { id => 'files', permissions => ['file_read'], tokens => ['files'] },
            { id => 'both', permissions => [ 'file_read', 'user_read' ], tokens => ['both'] }),
    },
    http => q{
        eiam_policy %DIR%/policy.json;
        eiam_applications %DIR%/apps.json;
        log_format decision '$request_uri $status $eiam_decision $eiam_reason $eiam_operation $eiam_application';
        access_log %DIR%/access.log decision;
        limit_req_zone $server_port zone=never:64k rate=1r/m;
    } . join('', map { servers($_) } (
        [ 2, 'error_page 413 @open; error_page 400 414 494 405 @open;' ],
        [ 3, 'error_page 413 /413.html; error_page 400 494 /400.html; error_page 414 /414.html; error_page 405 /405.html;' ],
        [ 4, 'error_page 413 400 414 494 405 = /around;' ],
        [ 5, 'error_page 413 400 414 494 405 = /api/users/u1;' ],
        [ 6, 'error_page 413 400 414 494 405 = /api/open;' ],
        [ 7, 'error_page 413 400 414 494 405 = /api/users/u1;', 'report' ],
        [ 8, 'mirror /mirror; error_page 413 502 /413.html; eiam_path utf8; proxy_intercept_errors on;' ],
    )),
    server => qq{
        client_max_body_size 2k;
        proxy_intercept_errors on;
        error_page 413 \@open;

        location /api/ { eiam on; $once proxy_pass http://%ECHO%; }

        location /api/files/ {
            eiam on;
            error_page 500 = /api/users/u1;
            error_page 501 =201 /api/users/u1;
            error_page 502 = \@gated;
            error_page 503 = \@open;
            error_page 504 = /page;
            error_page 505 /404.html;
            error_page 506 = /api/nothing;
            error_page 507 = "/api;x/users";
            proxy_pass http://%ECHO%;
        }
        location = /api/files/tried { eiam on; try_files /no/such \@open; }
        location = /api/files/tried-gated { eiam on; try_files /no/such \@gated; }
        location = /api/files/tried-uri { eiam on; try_files /no/such /api/users/u1; }
        location = /api/files/here { eiam on; root %DIR%/www; try_files \$uri =404; }
        location = /api/files/accel-ignored { eiam on; proxy_ignore_headers X-Accel-Redirect; proxy_pass http://%ECHO%; }

        location = /api/users/last { eiam on; rewrite ^ /api/files/f1 last; }
        location = /api/users/break { eiam on; rewrite ^ /api/files/f1 break; proxy_pass http://%ECHO%; }
        location = /api/users/away { eiam on; rewrite ^ /page last; }
        location = /api/users/away-raw { eiam on; rewrite ^ /around last; }
        location = /api/users/file { eiam on; rewrite ^ /404.html last; }

        location = /limited-beside { limit_req zone=never; error_page 503 = \@open; proxy_pass http://%ECHO%; }
        location = /api/users/limited { eiam on; limit_req zone=never; error_page 503 = \@open; proxy_pass http://%ECHO%; }
        location = /api/users/denied { eiam on; deny all; error_page 403 = \@open; proxy_pass http://%ECHO%; }
        location = /api/users/basic { eiam on; auth_basic x; auth_basic_user_file %DIR%/empty.htpasswd; error_page 401 403 = \@open; proxy_pass http://%ECHO%; }
        location = /api/users/limited-raw { eiam on; limit_req zone=never; error_page 503 = /around; proxy_pass http://%ECHO%; }
        location = /api/users/denied-raw { eiam on; deny all; error_page 403 = /around; proxy_pass http://%ECHO%; }
        location = /api/users/limited-page { eiam on; limit_req zone=never; error_page 503 /503.html; proxy_pass http://%ECHO%; }
        location = /api/users/limited-gated { eiam on; limit_req zone=never; error_page 503 = /api/files/f1; proxy_pass http://%ECHO%; }
        location = /api/users/post { eiam on; post_action \@open; proxy_pass http://%ECHO%; }
        location = /api/users/post-gated { eiam on; post_action \@gated; proxy_pass http://%ECHO%; }
        location = /api/users/post-raw { eiam on; post_action /around; proxy_pass http://%ECHO%; }

        location /x/ { rewrite ^/x/(.*)\$ /\$1 break; proxy_pass http://%ECHO%; }
        location /xq/ { rewrite ^/xq/(.*)\$ /\$1? break; proxy_pass http://%ECHO%; }
        location /raw/ { proxy_pass http://%ECHO%\$request_uri; }
        location /uri/ { proxy_pass http://%ECHO%\$uri; }
        location /cond/ { if (\$arg_api) { rewrite ^ /api/users/u1 last; } proxy_pass http://%ECHO%; }

        location /sent/ { proxy_pass http://%ECHO%; }
        location = /page { $once proxy_pass http://%ECHO%; }
        location = /around { $once proxy_pass http://%ECHO%\$request_uri; }
        location \@open { $once proxy_pass http://%ECHO%; }
        location \@gated { eiam on; $once proxy_pass http://%ECHO%; }
        location /kept/ { internal; root %DIR%/www; }
        location ~ ^/\\d+\\.html\$ { root %DIR%/www; }
        location / { proxy_pass http://%ECHO%; }
    },
)->start;

# Servers that handle nginx's own early refusals, before there is a gate, in one way each.
sub servers {
    my ($n, $pages, $mode) = (@{ $_[0] }, 'on');
    return qq{
        server {
            listen 127.0.0.1:%PORT$n%;
            client_max_body_size 2k;
            large_client_header_buffers 2 2k;
            $pages
            location /api/ { eiam $mode; proxy_pass http://%ECHO%; }
            location = /mirror { internal; proxy_pass http://%ECHO%\$request_uri; }
            location /kept/ { internal; root %DIR%/www; }
            location \@open { proxy_pass http://%ECHO%; }
            location = /around { proxy_pass http://%ECHO%\$request_uri; }
            location ~ ^/\\d+\\.html\$ { root %DIR%/www; }
            location / { proxy_pass http://%ECHO%; }
        }
    };
}

sub ask {
    my ($target, $token, %opt) = @_;
    my @wish = map { "X-Test-Header: X-Accel-Redirect: $_" } delete $opt{accel} // ();
    push @wish, 'X-Test-Status: ' . delete $opt{status} if $opt{status};
    return get($gate, $target, token => $token, %opt, headers => [ @wish, @{ $opt{headers} // [] } ]);
}

sub identity {
    my ($res) = @_;
    return join ' ', map { join '|', received($res, "X-EIAM-$_") } qw(Operation Application Scopes);
}

# Lines of the access log that the tests have made, one for each request.
my $seen = 0;
sub decisions {
    my $deadline = time + 10;
    my @lines;
    do {
        @lines = split /\n/, $gate->access_log;
        select undef, undef, undef, 0.01 if @lines <= $seen;
    } while (@lines <= $seen && time < $deadline);
    my @new = @lines[ $seen .. $#lines ];
    $seen = @lines;
    return join "\n", @new;
}

forwarding $gate, 9, 'error_page of the backend\'s errors' => sub {
    passed ask('/api/files/f1', 'both', status => 500), 'to an operation: that one is judged and forwarded',
        operation => 'getUsersId', application => 'both', scopes => 'file_read user_read';
    is decisions(), '/api/files/f1 200 allow  getUsersId both', 'it is what the log says, once';
    refused ask('/api/files/f1', 'files', status => 500), 'scope_insufficient',
        'to an operation that the token may not call: refused';
    is decisions(), '/api/files/f1 403 deny scope_insufficient getUsersId files', 'and logged, once';
    refused ask('/api/files/f1', 'files', status => 501), 'scope_insufficient',
        'the configured status does not hide a refusal';
    passed ask('/api/files/f1', 'both', status => 501), 'the configured status is that of an allowed one',
        operation => 'getUsersId', status => 201;
    refused ask('/api/files/f1', 'files', status => 506), 'operation_unknown', 'to what is no operation: refused';
    refused ask('/api/files/f1', 'files', status => 507), 'request_ambiguous', 'to a way around: refused';
    my $res = ask('/api/files/f1', 'files', status => 505);
    is "$res->{status} $res->{body}", '505 not found', 'to a file: served';
    refused ask('/api/files/f1', undef, status => 500), 'token_missing', 'without a token nothing of it happens';
};

forwarding $gate, 8, 'error_page to named locations' => sub {
    my @claim = (headers => [ 'X-EIAM-Application: evil', 'X-EIAM-Claim: evil' ]);
    my $res = ask('/api/files/f1', 'files', status => 502, @claim);
    is identity($res), 'getFilesId files file_read', 'a gated one judges again and sets the identity once';
    $res = ask('/api/files/f1', 'files', status => 503, @claim);
    is identity($res), 'getFilesId files file_read', 'one without a gate keeps the identity';
    is join('|', received($res, 'X-EIAM-Claim')), '', '  and nothing that the client claims';
    $res = ask('/api/files/f1', 'files', status => 504, @claim);
    is identity($res), 'getFilesId files file_read', 'so does another path outside the gate';
    $res = ask('/api/files/f1', 'files', method => 'PUT', body => 'abc', status => 503);
    is "$res->{json}{method} $res->{json}{body}", 'PUT abc', 'method and body stay';
};

forwarding $gate, 2, 'error_page makes a GET of another method' => sub {
    refused ask('/api/files/f1', 'files', status => 500, method => 'PUT', body => 'abc'), 'scope_insufficient',
        'so the GET is judged';
    my $res = ask('/api/files/f1', 'files', status => 505, method => 'PUT', body => 'abc');
    is $res->{body}, 'not found', 'a file is served';
};

forwarding $gate, 3, 'try_files' => sub {
    my $res = ask('/api/files/tried', 'files', headers => ['X-EIAM-Scopes: evil']);
    is identity($res), 'getFilesId files file_read', 'to a named location without a gate keeps the decision';
    $res = ask('/api/files/tried-gated', 'files');
    is identity($res), 'getFilesId files file_read', 'to a gated one judges the same';
    passed ask('/api/files/tried-uri', 'both'), 'to an operation judges that', operation => 'getUsersId';
    refused ask('/api/files/tried-uri', 'files'), 'scope_insufficient', '  and refuses it';
    refused ask('/api/files/tried-uri', 'read'), 'scope_insufficient', 'the first operation is judged before';
    refused ask("/api/files/$_"), 'token_missing', "$_ needs a token" for qw(tried tried-gated tried-uri here);
    is ask('/api/files/here', 'files')->{body}, 'a file', 'a file behind the gate is served';
    refused ask('/api/files/here', 'read'), 'scope_insufficient', '  with the scope alone';
};

forwarding $gate, 6, 'rewrite' => sub {
    for my $how (qw(last break)) {
        my $res = ask("/api/users/$how", 'files');
        passed $res, "$how: the new operation is judged", operation => 'getFilesId', application => 'files';
        is $res->{json}{target}, '/api/files/f1', '  and forwarded';
        refused ask("/api/users/$how", 'read'), 'scope_insufficient', '  the old one does not count';
        refused ask("/api/users/$how"), 'token_missing', '  a token is needed';
    }
    is ask('/api/users/file', 'none')->{body}, 'not found', 'away from the gate to a file is served';
    my $res = ask('/cond/x', undef);
    is $res->{json}{target}, '/cond/x', 'a condition that is not met';
    refused ask('/cond/x?api=1'), 'token_missing', '  and met: into the gate';
    passed ask('/cond/x?api=1', 'read'), '  with a token', operation => 'getUsersId';
    refused ask('/x/api/users/u1', 'read'), 'request_ambiguous', 'break to below the base, outside the gate';
    refused ask($_, 'read'), 'request_ambiguous', "a way around is refused: $_" for
        qw(/x/api;v/users/u1 /x/x/..;/api/users/u1 /x/API/users/u1 /x/api%3bx/users/u1 /x/api%252fusers/u1
        /x/.;/api/users/u1 /x/%5capi/users/u1 /x/%252561pi/users/u1 /x/api%20/users/u1 /xq/api;v/users/u1?x
        /x/;/api/users/u1 /x/api/users/u1?x=y);
    passed ask('/x/docs/a'), 'another path passes';
    $res = ask('/xq/docs/a?x=y');
    is $res->{json}{target}, '/docs/a', '  without its query';
};

forwarding $gate, 2, 'locations that send the raw target or the decoded one' => sub {
    for my $prefix (qw(/raw /uri)) {
        passed ask("$prefix/docs"), "$prefix passes";
        refused ask("$prefix/$_"), 'request_ambiguous', "$prefix/$_ does not"
            for qw(..;/api/users/u1 %2e%2e;/api/users/u1 ..%5capi/users/u1 ..%252fapi/users/u1);
    }
};

subtest 'nginx refuses between the stages' => sub {
    my $res;
    for (1 .. 2) { $res = ask('/api/users/limited-page', 'files') }
    is "$res->{status} $res->{body}", '503 too many', 'limit_req: a file as its page is served';
    my $before = $gate->echo->count;
    for my $token ('files', 'read') {
        refused ask("/api/users/limited$_->[0]", $token), 'request_ambiguous', "limit_req to $_->[1]: $token"
            for [ '', 'a named location' ], [ '-raw', 'a page that sends the raw target' ];
    }
    for my $n (1 .. 2) {
        refused ask('/limited-beside', undef, headers => ['X-Original-URL: /api/files/f1']), 'request_ambiguous',
            "limit_req to a named location beside the gate, another target in a field: refused, time $n";
    }
    refused ask('/api/users/limited-gated', 'read'), 'scope_insufficient', 'limit_req to another operation: judged';
    refused ask("/api/users/$_", 'files'), 'scope_insufficient', "$_: the gate refuses before nginx does"
        for qw(denied denied-raw basic);
    is $gate->echo->count, $before, 'nothing of it reaches the backend';
    passed ask('/api/users/limited-gated', 'files'), 'and passed when allowed', operation => 'getFilesId';
    for my $name (qw(denied denied-raw basic)) {
        $res = ask("/api/users/$name", 'read');
        is $res->{json}{target}, "/api/users/$name", "$name: what the gate has allowed goes where error_page says";
    }
};

forwarding $gate, 0, 'rewrite away from the gate to a page that sends the raw target' => sub {
    refused ask('/api/users/away-raw', $_), 'request_ambiguous', 'refused: ' . ($_ // 'no token')
        for undef, 'files', 'read';
};

subtest 'post_action' => sub {
    for my $name (qw(post post-gated post-raw)) {
        my $before = $gate->echo->count;
        refused ask("/api/users/$name"), 'token_missing', "$name: a refused request";
        refused ask("/api/users/$name", 'files'), 'scope_insufficient', '  for its scope';
        is $gate->echo->count, $before, '  is not forwarded afterwards';
        # the connection is closed after the action, whose request is counted here
        my $c = connection($gate)->send(request("/api/users/$name", token => 'read', close => 1));
        passed $c->read_response, '  an allowed one passes', operation => 'getUsersId';
        ok $c->closed, '  and its action is done';
    }
};

forwarding $gate, 17, 'X-Accel-Redirect' => sub {
    refused ask('/sent/x', undef, accel => '/api/users/u1'), 'token_missing', 'from outside without a token: refused';
    refused ask('/sent/x', 'files', accel => '/api/users/u1'), 'scope_insufficient', '  without the scope: refused';
    refused ask('/sent/x', 'read', accel => $_), 'request_ambiguous', "  to $_: refused"
        for '/api;x/users/u1', '/API/users/u1', '/x/..;/api/users/u1';
    is ask('/sent/x', 'read', accel => '/x/../../api/users/u1')->{status} == 200 ? 1 : 0, 0,
        '  climbing: not served';
    refused ask('/api/files/f1', 'files', accel => '/api/users/u1'), 'scope_insufficient',
        'from an operation to another: that is judged';
    refused ask('/api/files/f1', 'files', accel => '/api/nothing'), 'operation_unknown', '  to none: refused';
    is ask('/api/files/f1', 'files', accel => '/kept/file.txt')->{body}, 'kept', 'to an internal file: served';
    refused ask('/api/files/f1', 'read', accel => '/kept/file.txt'), 'scope_insufficient', '  for its scope alone';
    refused ask('/api/files/f1', undef, accel => '/kept/file.txt'), 'token_missing', '  and token';
    is get($gate, '/kept/file.txt')->{status}, 404, '  and not from outside';
    my $res = ask('/api/files/f1', 'files', accel => '/page');
    passed $res, 'to a page outside the gate: served';
    is identity($res), 'getFilesId files file_read', '  with the identity that was decided on';
    $res = ask('/api/files/f1', 'files', accel => '@open');
    is identity($res), 'getFilesId files file_read', 'to a named location: the identity stays';
    $res = ask('/api/files/f1', 'files', accel => '@gated');
    is identity($res), 'getFilesId files file_read', '  to a gated one: it is there once';
    passed ask('/api/files/accel-ignored', 'files', accel => '/api/users/u1'), 'ignored, it changes nothing',
        operation => 'getFilesId';
    refused ask('/api/files/f1', 'files', accel => '/api/users/u1', method => 'PUT', body => 'x'),
        'scope_insufficient', 'with another method: judged as what is forwarded';
};

# Each of nginx's early refusals, before the gate.
my %early = (
    413 => request('/api/users', method => 'POST', body => $big, close => 1),
    '413 of a way around' => request('/x/..;/api/users', method => 'POST', body => $big, close => 1),
    414 => request('/api/users/' . $big, close => 1),
    494 => request('/api/users/u1', headers => ["X-Long: $big"], close => 1),
    '494 with a token' => request('/api/users/u1', token => 'none', headers => ["X-Long: $big"], close => 1),
    '400 for no Host' => "GET /api/users/u1 HTTP/1.1\r\nConnection: close\r\n\r\n",
    '400 for two Hosts' => request('/api/users/u1', headers => [ 'Host: a', 'Host: b' ], close => 1),
    '400 for a bad line' => "GET /api/users/u1%zz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    '400 for no line' => "\x16\x03\x01\r\n\r\n",
    '400 for one word' => "FOO\r\n\r\n",
    '414 for a target of 40 KB' => request('/api/users/' . 'x' x 40_000, close => 1),
    '400 for a bad length' => request('/api/users/u1', headers => ['Content-Length: x'], close => 1),
    '405 for TRACE' => request('/api/users/u1', method => 'TRACE', close => 1),
);

subtest 'nginx refuses before there is a gate' => sub {
    for my $case (sort keys %early) {
        for my $n (2 .. 5) {
            my $page = (undef, undef, 'a named location', 'a file', 'the raw target', 'an operation')[$n];
            my $res = raw($gate, $early{$case}, port => $gate->port($n));
            my $target = ($res->{json} // {})->{target} // '';
            ok $res->{status} >= 400 && $target eq '' || $target eq '/around',
                "$case: $page as its page is no way around" or diag "$res->{head}\n$res->{body}";
        }
    }

    my %pages = ('413' => '413 too large', 414 => '414 too long', 494 => '400 bad request',
        '400 for no Host' => '400 bad request', '405 for TRACE' => '405 not allowed');
    for my $case (sort keys %pages) {
        my $res = raw($gate, $early{$case}, port => $gate->port(3));
        is "$res->{status} $res->{body}", $pages{$case}, "$case: a file as its page is served";
    }
    for my $case (sort keys %early) {
        my $res = raw($gate, $early{$case}, port => $gate->port(6));
        if ($case =~ /way around/) {
            refused $res, 'request_ambiguous', "$case: not even a public operation as its page is served";
            next;
        }
        passed $res, "$case: a public operation as its page is served", operation => 'getOpen', application => '';
        is $res->{json}{target}, '/api/open', '  and nothing else is';
        $res = raw($gate, $early{$case}, port => $gate->port(7));
        passed $res, "$case: where the gate only reports, any operation is";
        is $res->{json}{target}, '/api/users/u1', '  alone';
    }

    refused raw($gate, $early{413}, port => $gate->port(2)), 'request_ambiguous', 'a large body is no way around';
    refused raw($gate, $early{413}, port => $gate->port(5)), 'token_missing', 'an operation as the page is judged';
    my $res = raw($gate, request('/api/users', method => 'POST', token => 'read', body => $big, close => 1),
        port => $gate->port(5));
    passed $res, '  and passes when allowed', operation => 'getUsersId', application => 'reader';
};

subtest 'pages of an allowed call that is written in UTF-8' => sub {
    my %opt = (port => $gate->port(8));
    my $res = ask('/api/users/%E5%BC%A0', 'read', status => 502, %opt);
    is "$res->{status} $res->{body}", '502 too large', 'the page of a failed backend is served';
    refused ask('/api/users/%E5%BC%A0', undef, status => 502, %opt), 'token_missing', 'after the decision alone';
    for my $id ('u1', '%E5%BC%A0') {
        my @put = (method => 'PUT', body => 'x', accel => '/kept/file.txt', %opt);
        $res = ask("/api/users/$id", 'write', @put);
        is "$res->{status} $res->{body}", '200 kept', "X-Accel-Redirect of a PUT to a file is served: $id";
        refused ask("/api/users/$id", 'read', @put), 'scope_insufficient', '  for its scope';
    }
};

forwarding $gate, 0, 'a mirror of the page of an undecided call' => sub {
    for my $target ('/api/users', '/api/users/u1', '/x/..;/api/users') {
        my $c = connection($gate, port => $gate->port(8));
        my $res = $c->send(request($target, method => 'POST', body => $big, close => 1))->read_response;
        cmp_ok $res->{status}, '>=', 400, "is not sent: $target";
        ok $c->closed, '  nor after the answer';
    }
};

subtest 'a chunked body that turns out too large' => sub {
    my $body = sprintf("%x\r\n%s\r\n0\r\n\r\n", length $big, $big);
    my @chunked = (method => 'POST', body => $body, headers => ['Transfer-Encoding: chunked']);
    my $before = $gate->echo->count;
    refused ask('/api/users', undef, @chunked), 'token_missing', 'is refused for no token first';
    refused ask('/api/users', 'read', @chunked), 'scope_insufficient', '  and for its scope';
    is $gate->echo->count, $before, 'nothing of it reaches the backend';
    my $res = ask('/api/users', 'write', @chunked, port => $gate->port(3));
    is "$res->{status} $res->{body}", '413 too large', 'and then by nginx, with its page';
};

done_testing;
