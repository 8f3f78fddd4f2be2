#!/usr/bin/perl
# Connections: reuse, pipelining, shapes that smuggle, aborts, HTTP/1.0 and 100-continue.

use strict;
use warnings;

use FindBin;
use Socket ();
use lib "$FindBin::Bin/lib";
use Test::More;
use EIAM::Test;

my $gate = nginx(
    files => {
        'policy.json' => policy('/api',
            'GET /users/{id}' => ['user_read'], 'PUT /users/{id}' => ['user_write'],
            'POST /users/{id}' => ['user_write'], 'GET /files/{id}' => ['file_read'],
            'POST /open' => 'public', 'GET /open' => 'public'),
        'apps.json' => applications(
            { id => 'reader', permissions => ['user_read'], tokens => ['read'] },
            { id => 'writer', permissions => ['user_write'], tokens => ['write'] },
            { id => 'files', permissions => ['file_read'], tokens => ['files'] },
            { id => 'off', permissions => ['user_read'], tokens => ['off'], enabled => 0 }),
    },
    http => q{
        eiam_policy %DIR%/policy.json;
        eiam_applications %DIR%/apps.json;
        keepalive_requests 10000;
        lingering_timeout 200ms;
        upstream backend { server %ECHO%; keepalive 4; }
    },
    server => q{
        client_max_body_size 8m;
        location / {
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_pass http://backend;
        }
        location /api/ {
            eiam on;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_pass http://backend;
        }
        location /api/files/ {
            eiam on;
            proxy_request_buffering off;
            proxy_http_version 1.1;
            proxy_pass http://backend;
        }
    },
)->start;

# Title, target, options, and the expected operation or reason.
my @mixed = (
    [ 'allowed', '/api/users/u1', { token => 'read' }, 'getUsersId', 'reader' ],
    [ 'no token', '/api/users/u1', {}, 'token_missing' ],
    [ 'another method', '/api/users/u1', { method => 'PUT', token => 'read', body => 'abc' }, 'scope_insufficient' ],
    [ 'its own token', '/api/users/u1', { method => 'PUT', token => 'write', body => 'abc' }, 'putUsersId', 'writer' ],
    [ 'a wrong token', '/api/users/u1', { token => 'none' }, 'token_invalid' ],
    [ 'another operation', '/api/files/f1', { token => 'files' }, 'getFilesId', 'files' ],
    [ 'a disabled application', '/api/users/u1', { token => 'off' }, 'application_disabled' ],
    [ 'a public operation', '/api/open', {}, 'getOpen', '' ],
    [ 'no operation', '/api/nothing', { token => 'read' }, 'operation_unknown' ],
    [ 'a way around', '/api;x/users/u1', { token => 'read' }, 'request_ambiguous' ],
    [ 'a chunked body', '/api/users/u1', { method => 'POST', token => 'read',
        headers => ['Transfer-Encoding: chunked'], body => "3\r\nabc\r\n0\r\n\r\n" }, 'scope_insufficient' ],
    [ 'no such method', '/api/users/u1', { method => 'DELETE', token => 'read' }, 'method_unknown' ],
    [ 'outside the gate', '/docs', { token => 'read' }, '' ],
    [ 'an override', '/api/users/u1', { token => 'write', headers => ['X-HTTP-Method-Override: PUT'] }, 'method_override' ],
    [ 'claims', '/api/users/u2', { token => 'read', headers => ['X-EIAM-Application: evil'] }, 'getUsersId', 'reader' ],
);

# What is wrong with the answer to one of them.
sub wrong {
    my ($row, $res) = @_;
    my ($title, $target, $opt, $expected, $application) = @$row;
    return "$title: no answer" unless $res;
    if ($EIAM::Test::REFUSAL{$expected}) {
        return map { "$title: $_" } EIAM::Test::differences($res, $expected);
    }
    my $got = join ' ', $res->{json}{target} // 'nothing', map { join '|', received($res, "X-EIAM-$_") } qw(Operation Application);
    my $want = "$target $expected " . ($application // '');
    return $got eq $want ? () : "$title: got $got, expected $want";
}

subtest 'each request of a connection is judged on its own' => sub {
    my $c = connection($gate);
    for my $round (1 .. 3) {
        for my $row ($round == 2 ? reverse @mixed : @mixed) {
            my $res = $c->send(request($row->[1], %{ $row->[2] }))->read_response;
            is join('; ', wrong($row, $res)), '', "round $round: $row->[0]";
        }
    }
};

subtest 'pipelining' => sub {
    my $before = $gate->echo->count;
    my @rows = map { $mixed[ $_ * 7 % @mixed ] } 0 .. 199;
    my $allowed = grep { !$EIAM::Test::REFUSAL{ $_->[3] } } @rows;
    my @res = raw($gate, join('', map { request($_->[1], %{ $_->[2] }) } @rows), count => scalar @rows, timeout => 30);
    is scalar @res, 200, '200 requests at once have 200 answers';
    my @wrong = map { my $i = $_; map { "$i: $_" } wrong($rows[$i], $res[$i]) } 0 .. $#rows;
    is_deeply \@wrong, [], '  each its own, in order';
    is $gate->echo->count - $before, $allowed, '  and the backend got the allowed ones, once';
};

# Title, bytes, and how many requests may be forwarded at most: what follows the first request is part of it, or is
# ignored, or is a request that is decided on separately.
my $inner = "PUT /api/users/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";
my $outer = "Host: localhost\r\nAuthorization: Bearer write\r\n";
my $put = "PUT /api/users/u1 HTTP/1.1\r\n$outer";
my $refused_put = "PUT /api/users/u1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer read\r\n";
my @shapes = (
    [ 'length and chunked', "${put}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n$inner" ],
    [ 'chunked and length', "${put}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n$inner" ],
    [ 'chunked and a long length', "${put}Transfer-Encoding: chunked\r\nContent-Length: 500\r\n\r\n0\r\n\r\n$inner" ],
    [ 'two lengths', "${put}Content-Length: 0\r\nContent-Length: " . length($inner) . "\r\n\r\n$inner" ],
    [ 'two same lengths', "${put}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc$inner" ],
    [ 'a list of lengths', "${put}Content-Length: 0, " . length($inner) . "\r\n\r\n$inner" ],
    [ 'a signed length', "${put}Content-Length: +0\r\n\r\n$inner" ],
    [ 'a negative length', "${put}Content-Length: -1\r\n\r\n$inner" ],
    [ 'a hexadecimal length', "${put}Content-Length: 0x10\r\n\r\n$inner" ],
    [ 'a length with a space', "${put}Content-Length: 1 0\r\n\r\n$inner" ],
    [ 'a huge length', "${put}Content-Length: 18446744073709551616\r\n\r\n$inner" ],
    [ 'a space before the colon', "${put}Content-Length : 5\r\n\r\n$inner" ],
    [ 'a space before the colon of chunked', "${put}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n$inner" ],
    [ 'a folded length', "${put}Content-Length:\r\n 5\r\n\r\n$inner" ],
    [ 'a folded field', "${put}X-A: b\r\n Content-Length: 5\r\n\r\n$inner" ],
    [ 'a folded token', "PUT /api/users/u1 HTTP/1.1\r\nHost: localhost\r\nAuthorization:\r\n Bearer write\r\n\r\n$inner" ],
    [ 'chunked twice', "${put}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n$inner" ],
    [ 'chunked and identity', "${put}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n$inner" ],
    [ 'chunked in a list', "${put}Transfer-Encoding: x, chunked\r\n\r\n0\r\n\r\n$inner" ],
    [ 'another coding', "${put}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n$inner" ],
    [ 'chunked with a tab', "${put}Transfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n$inner" ],
    [ 'chunked with a vertical tab', "${put}Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n$inner" ],
    [ 'chunked with an underscore', "${put}Transfer_Encoding: chunked\r\n\r\n0\r\n\r\n$inner" ],
    [ 'chunked in HTTP/1.0', "PUT /api/users/u1 HTTP/1.0\r\n${outer}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n$inner" ],
    [ 'a chunk with an extension', "${put}Transfer-Encoding: chunked\r\n\r\n3;a=\"b\"\r\nabc\r\n0\r\n\r\n$inner" ],
    [ 'a chunk with a bare line feed', "${put}Transfer-Encoding: chunked\r\n\r\n3;a\nabc\r\n0\r\n\r\n$inner" ],
    [ 'a chunk of a bad size', "${put}Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n$inner" ],
    [ 'a chunk of a huge size', "${put}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc\r\n0\r\n\r\n$inner" ],
    [ 'trailers', "${put}Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 90\r\nX-EIAM-Application: evil\r\n\r\n$inner" ],
    [ 'a trailer with a token', "${refused_put}Transfer-Encoding: chunked\r\n\r\n0\r\nAuthorization: Bearer write\r\n\r\n$inner" ],
    [ 'a bare carriage return', "${put}X-A: b\rContent-Length: 90\r\n\r\n$inner" ],
    [ 'a NUL in a field', "${put}X-A: b\0c\r\n\r\n$inner" ],
    [ 'a request in a body', "${put}Content-Length: " . length($inner) . "\r\n\r\n$inner" ],
    [ 'a request in a refused body', "${refused_put}Content-Length: " . length($inner) . "\r\n\r\n$inner" ],
    [ 'a refused request with both', "${refused_put}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n$inner" ],
    [ 'a GET with a request in its body', "GET /api/users/u1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer read\r\n"
        . 'Content-Length: ' . length($inner) . "\r\n\r\n$inner" ],
    [ 'a line in the target', "PUT /api/users/u1\nHost: x\r\n$outer\r\n$inner" ],
    [ 'two targets', "PUT /api/users/u1 /api/users/u2 HTTP/1.1\r\n$outer\r\n$inner" ],
    [ 'a token in the smuggled request alone', "PUT /api/users/u1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"
        . "PUT /api/users/u1 HTTP/1.1\r\nHost: localhost\r\nX: Authorization: Bearer write\r\n\r\n" ],
);

subtest 'shapes that smuggle' => sub {
    for my $row (@shapes) {
        my ($title, $bytes) = @$row;
        my $before = $gate->echo->count;
        my $c = connection($gate)->send("$bytes" . request('/api/open', close => 1));
        my @res;
        while (my $res = eval { $c->read_response }) { push @res, $res }
        my @forwarded = grep { $_->{headers}{'x-echo'} } @res;
        my @smuggled = grep { ($_->{json}{target} // '') =~ /smuggled/ } @forwarded;
        ok @res + length $c->{in} && !@smuggled, "$title: nothing is smuggled past the gate" or diag "$c->{in}\n", map { "$_->{head}\n\n" } @res;
        is $gate->echo->count - $before, scalar @forwarded, '  and each forwarded request has an answer of its own';
        my @undecided = grep { !received($_, 'X-EIAM-Operation') } @forwarded;
        is scalar @undecided, 0, '  and a decision';
    }
};

subtest 'HTTP/1.0' => sub {
    my $ask = sub { scalar raw($gate, "$_[0] HTTP/1.0\r\n" . join('', map { "$_\r\n" } @_[ 1 .. $#_ ]) . "\r\n") };
    refused $ask->('GET /api/users/u1'), 'token_missing', 'no token';
    refused $ask->('GET /api/users/u1', 'Authorization: Bearer files'), 'scope_insufficient', 'a wrong scope';
    refused $ask->('GET /api;x/users/u1'), 'request_ambiguous', 'a way around';
    passed $ask->('GET /api/users/u1', 'Authorization: Bearer read'), 'allowed', operation => 'getUsersId';
    my $c = connection($gate);
    for my $title ('first', 'second') {
        $c->send("GET /api/users/u1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        refused $c->read_response, 'token_missing', "the $title of a kept connection";
    }
    $c->send("GET /api/users/u1 HTTP/1.0\r\nAuthorization: Bearer read\r\n\r\n");
    passed $c->read_response, 'an allowed one behind them', operation => 'getUsersId';
    ok $c->closed, '  and the connection is closed';
};

subtest 'Expect: 100-continue' => sub {
    my @expect = (method => 'PUT', headers => [ 'Expect: 100-continue', 'Content-Length: 3' ]);
    for my $target ('/api/users/u1', '/api/open') {
        my ($method, $token) = $target =~ /open/ ? ('POST', undef) : ('PUT', 'write');
        my $c = connection($gate)->send(request($target, @expect, method => $method, token => $token));
        $c->_wait(time + 10) until $c->{eof} || $c->{in} =~ /\r\n\r\n/;
        is $c->{in}, "HTTP/1.1 100 Continue\r\n\r\n", "allowed: 100 comes before the body: $target";
        my $res = $c->send('abc')->read_response;
        passed $res, '  and the answer behind it';
        is $res->{json}{body}, 'abc', '  and the body arrives';
        is scalar @{ $res->{interim} }, 1, '  and there is no second 100';
    }
    my $before = $gate->echo->count;
    for my $row ([ undef, 'token_missing' ], [ 'read', 'scope_insufficient' ], [ 'none', 'token_invalid' ]) {
        my ($token, $reason) = @$row;
        my $c = connection($gate)->send(request('/api/users/u1', @expect, token => $token));
        my $res = $c->read_response;
        refused $res, $reason, "refused at once: $reason";
        is scalar @{ $res->{interim} }, 0, '  without a 100';
        $c->send('abc' . request('/api/users/u1', token => 'read', close => 1));
        my $next = $c->read_response;
        ok !$next || $next->{json}{target} eq '/api/users/u1', '  and the body is not taken for a request';
        $before++ if $next;
    }
    is $gate->echo->count, $before, '  and not forwarded';
};

# Requests whose client goes away after some byte, many at a time, while others are served.
subtest 'clients that go away' => sub {
    my ($worker) = $gate->worker_pids;
    my $body = 'x' x 200_000;
    my @requests = (
        request('/api/users/u1', token => 'read', headers => ['X-Test-Delay: 0.05']),
        request('/api/users/u1', method => 'PUT', token => 'write', body => $body),
        request('/api/users/u1', method => 'PUT', token => 'read', body => $body),
        request('/api/users/u1', method => 'PUT', body => $body),
        request('/api/users/u1', method => 'PUT', token => 'write', headers => ['Transfer-Encoding: chunked'],
            body => sprintf("%x\r\n", length $body) . $body . "\r\n0\r\n\r\n"),
        request('/api/files/f1', token => 'files', body => $body),
        request('/api;x/users/u1', method => 'PUT', body => $body),
    );
    my @wrong;
    for my $round (1 .. 30) {
        my @gone;
        for my $i (0 .. $#requests) {
            my $bytes = $requests[$i];
            my $head  = index($bytes, "\r\n\r\n") + 4;
            my $cut = (10, $head - 2, $head, $head + 1, $head + 10_000, length $bytes)[ ($round + $i) % 6 ];
            my $c = connection($gate)->send(substr $bytes, 0, $cut);
            setsockopt $c->{sock}, Socket::SOL_SOCKET(), Socket::SO_LINGER(), pack 'II', 1, 0 if $round % 2;
            push @gone, $c;
        }
        my $row = $mixed[ $round % @mixed ];
        @gone = () if $round % 3;
        push @wrong, wrong($row, get($gate, $row->[1], %{ $row->[2] }));
    }
    is_deeply \@wrong, [], 'others are judged right meanwhile';
    is +($gate->worker_pids)[0], $worker, 'the worker is still the same';
};

done_testing;
