#!/usr/bin/perl
# Request bodies: whole and unchanged when allowed, nowhere when refused.

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use EIAM::Test;

my @methods = qw(GET HEAD POST PUT PATCH DELETE OPTIONS);
my $gate = nginx(
    files => {
        'policy.json' => policy('/api',
            (map { my $m = $_; map { ("$m /$_/{id}" => ['write']) } qw(users streamed small) } grep { $_ ne 'HEAD' } @methods),
            'POST /token' => 'public'),
        'apps.json' => applications(
            { id => 'writer', permissions => ['write'], tokens => ['write'] },
            { id => 'nobody', tokens => ['nobody'] }),
    },
    http => q{
        eiam_policy %DIR%/policy.json;
        eiam_applications %DIR%/apps.json;
        proxy_http_version 1.1;
        lingering_timeout 200ms;
    },
    server => q{
        client_max_body_size 16m;
        location /api/ { eiam on; proxy_pass http://%ECHO%; }
        location /api/streamed/ { eiam on; proxy_request_buffering off; proxy_pass http://%ECHO%; }
        location /api/small/ { eiam on; client_max_body_size 1k; proxy_pass http://%ECHO%; }
        location / { proxy_pass http://%ECHO%; }
    },
)->start;

my $bytes = join '', map { chr } 0 .. 255;
my $large = $bytes x 4096 x 10;    # 10 MB

sub chunked {
    my ($body, $size) = @_;
    my $chunks = '';
    while (length $body) {
        my $part = substr $body, 0, $size, '';
        $chunks .= sprintf("%x\r\n", length $part) . "$part\r\n";
    }
    return "${chunks}0\r\n\r\n";
}

sub ask {
    my ($target, $token, $method, $body, $size) = @_;
    my %opt = $size ? (headers => ['Transfer-Encoding: chunked'], body => chunked($body, $size)) : (body => $body);
    return get($gate, $target, method => $method, token => $token, timeout => 30, %opt);
}

# An answer to HEAD has no body to look at, so the backend's status is compared.
sub arrived {
    my ($res, $method, $body, $title) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is $res->{status}, 200, $title if $method eq 'HEAD';
    my $got = join ' ', $res->{status}, @{ $res->{json} // {} }{qw(method body_length body_sha256)};
    return is $got, join(' ', 200, $method, length $body, sha256_hex($body)), $title;
}

subtest 'every method and size' => sub {
    my %bodies = ('no' => '', 'a short' => 'abc', 'a binary' => $bytes,
        'a request-like' => "\r\n\r\nGET / HTTP/1.1\r\n\r\n", 'a buffered' => $bytes x 1000);
    for my $location ('users', 'streamed') {
        for my $method (@methods) {
            for my $name (sort keys %bodies) {
                my $body = $bodies{$name};
                arrived(ask("/api/$location/u1", 'write', $method, $body), $method, $body,
                    "$method with $name body arrives: $location");
                arrived(ask("/api/$location/u1", 'write', $method, $body, 1000), $method, $body, '  in chunks');
            }
        }
    }
};

subtest 'large bodies' => sub {
    my $two = substr $large, 0, 2 << 20;
    arrived(ask('/api/users/u1', 'write', $_, $large), $_, $large, "10 MB of $_, buffered to a file") for qw(PUT DELETE);
    arrived(ask('/api/users/u1', 'write', 'POST', $large, 100_000), 'POST', $large, '10 MB in chunks, buffered to a file');
    arrived(ask('/api/streamed/u1', 'write', 'PUT', $large), 'PUT', $large, '10 MB, not buffered');
    arrived(ask('/api/streamed/u1', 'write', 'PUT', $two, 100_000), 'PUT', $two, '2 MB in chunks, not buffered');
    arrived(ask('/api/users/u1', 'write', 'PUT', substr($large, 0, 30_000), 1), 'PUT', substr($large, 0, 30_000),
        '30,000 chunks of one byte');
    arrived(ask('/api/token', undef, 'POST', $large), 'POST', $large, '10 MB of a public operation');
};

subtest 'a body that comes in pieces' => sub {
    for my $location ('users', 'streamed') {
        my $all = request("/api/$location/u1", method => 'PUT', token => 'write', body => $bytes);
        my $c = connection($gate);
        for my $part (unpack '(a37)*', $all) { $c->send($part) }
        arrived($c->read_response, 'PUT', $bytes, "arrives whole: $location");
    }
};

# A refused body is read and discarded, or the connection is closed; it is never taken for a request.
subtest 'refused' => sub {
    my %bodies = ('a short' => 'abc', 'a large' => $large,
        'a request-like' => request('/api/users/inner', token => 'write') x 200);
    my $before = $gate->echo->count;
    for my $location ('users', 'streamed') {
        for my $name (sort keys %bodies) {
            for my $size (0, 100_000) {
                for my $row ([ undef, 'token_missing' ], [ 'nobody', 'scope_insufficient' ], [ 'none', 'token_invalid' ]) {
                    my ($token, $reason) = @$row;
                    my $body = $size ? chunked($bodies{$name}, $size) : $bodies{$name};
                    my $c = connection($gate)->send(request("/api/$location/u1", method => 'PUT', token => $token,
                        body => $body, $size ? (headers => ['Transfer-Encoding: chunked']) : ()));
                    refused $c->read_response, $reason,
                        "$reason with $name body" . ($size ? ' in chunks' : '') . ": $location";
                    my $next = $c->send(request('/api/users/next', token => 'write', close => 1))->read_response;
                    ok !$next || ($next->{json}{target} // '') eq '/api/users/next',
                        '  and the connection is closed, or serves the next request' or diag $next->{head};
                    $before++ if $next;
                    ok !$c->read_response, '  and nothing else';
                }
            }
        }
    }
    is $gate->echo->count, $before, 'no refused body reaches the backend';
};

subtest 'refused before the body comes' => sub {
    my $before = $gate->echo->count;
    for my $field ('Content-Length: 10000000', 'Transfer-Encoding: chunked') {
        my $c = connection($gate)->send(request('/api/users/u1', method => 'PUT', headers => [$field]));
        refused $c->read_response, 'token_missing', "the answer does not wait for it: $field";
    }
    is $gate->echo->count, $before, 'nothing of it is forwarded';
};

subtest 'client_max_body_size' => sub {
    my $before = $gate->echo->count;
    my $body = 'x' x 1025;
    is ask('/api/small/u1', $_, 'PUT', $body)->{status}, 413, 'a longer body is nginx\'s own refusal: ' . ($_ // 'no token')
        for 'write', undef;
    is ask('/api/small/u1', 'write', 'PUT', $body, 100)->{status}, 413, '  in chunks too';
    refused ask('/api/small/u1', 'nobody', 'PUT', $body, 100), 'scope_insufficient', '  after the gate, which refuses first';
    is $gate->echo->count, $before, 'nothing of it is forwarded';
    arrived(ask('/api/small/u1', 'write', 'PUT', 'x' x 1024), 'PUT', 'x' x 1024, 'a shorter one arrives');
};

subtest 'nothing is left behind' => sub {
    my @left = grep { -f } glob $gate->dir . '/temp/client_body/*';
    is_deeply \@left, [], 'no file of a body is left';
};

done_testing;
