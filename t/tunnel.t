#!/usr/bin/perl
# Backends that accept h2c, and clients that offer it: none of them needs a change because of the gate.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Socket::INET;
use Test::More;
use EIAM::Echo;
use EIAM::Http2;
use EIAM::Nghttpx;
use EIAM::Test;
use EIAM::WebSocket;

my $echo      = EIAM::Echo->new;
my $nghttpx   = EIAM::Nghttpx->new($echo->address);
my $websocket = EIAM::WebSocket->new;

# nginx's own recipe for WebSocket, in a server with a gate and in one without.
my $gate = nginx(
    files => {
        'policy.json' => policy('/api', 'GET /users/{id}' => ['user_read'], 'DELETE /users/{id}' => ['user_all'],
            'GET /live' => 'public'),
        'apps.json' => applications({ id => 'crm', permissions => ['user_read'], tokens => ['tok'] }),
    },
    conf => q{
        eiam_policy %DIR%/policy.json;
        eiam_applications %DIR%/apps.json;
        map $http_upgrade $connection_upgrade { default upgrade; '' close; }
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $connection_upgrade;
    } . join('', map { my ($listen, $mode) = @$_; qq{
        server {
            listen 127.0.0.1:$listen;
            location /api/ { eiam $mode; proxy_pass http://@{[ $nghttpx->address ]}; }
            location /api/live { eiam $mode; proxy_pass http://@{[ $websocket->address ]}; }
            location /ws/ { proxy_pass http://@{[ $nghttpx->address ]}; }
            location /live/ { proxy_pass http://@{[ $websocket->address ]}; }
        }} } [ '%PORT%', 'on' ], [ '%PORT2%', 'off' ]))->start;

my ($gated, $open) = map { $gate->port($_) } 1, 2;

# The status of an attempt, and what the backend has seen of a second request through the tunnel.
sub tunnel {
    my ($port, $target) = @_;
    my $sock = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port", Timeout => 10) or die "connect: $@";
    print {$sock} "GET $target HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\n"
        . "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nAuthorization: Bearer tok\r\n\r\n";
    $sock->flush;
    my ($status) = (<$sock> // '') =~ m{^HTTP/1\.1 (\d+)};
    return $status if $status != 101;
    while (<$sock> ne "\r\n") { }
    my $h2 = EIAM::Http2->over($sock, 3);
    my ($res) = $h2->responses($h2->request('/api/users/u1', method => 'DELETE',
        fields => [ [ 'x-eiam-application' => 'root' ], [ 'x-eiam-scopes' => 'user_all' ] ]));
    return join ' ', $status, $res->{status}, $res->{json}{method}, received($res, 'X-EIAM-Application');
}

subtest '2.1-8: no tunnel leads to a backend that takes h2c' => sub {
    is tunnel($open, '/ws/a'), '101 200 DELETE root', 'without a gate there is one';
    my $before = $echo->count;
    is tunnel($gated, $_), 200, "the call is served, and there is none: $_" for '/api/users/u1', '/ws/a';
    is $echo->count - $before, 2, 'the backend got these calls alone';
};

sub output {
    my (@command) = @_;
    open my $out, '-|', @command or die "$command[0]: $!";
    my $text = do { local $/; <$out> };
    close $out or die "$command[0] failed: $?\n";
    return $text;
}

my $java = "$FindBin::Bin/java/Client.java";

subtest '2.1-8: clients that offer h2c on every call are served' => sub {
    my @curl = ('curl', '-sS', '--max-time', 20, '--http2', '-w', "\n%{http_code} %{http_version}", '-o', '/dev/null');
    my $url = "http://127.0.0.1:$gated/api/users/u1";
    is output(@curl, '-H', 'Authorization: Bearer tok', $url), "\n200 1.1", 'curl --http2';
    is output(@curl, '-H', 'Authorization: Bearer x', $url), "\n401 1.1", '  which is refused like any other';
    is output(@curl, "http://127.0.0.1:$open/ws/a"), "\n200 2", '  and changes to HTTP/2 without a gate';
    like output('java', $java, 'get', $url, 'tok'), qr/^200 HTTP_1_1 \{/, "Java's own client";
    like output('java', $java, 'get', "http://127.0.0.1:$open/ws/a", 'tok'), qr/^200 HTTP_2 \{/,
        '  and changes to HTTP/2 without a gate';
};

subtest "2.1-8: Java's own WebSockets" => sub {
    is output('java', $java, 'websocket', "ws://127.0.0.1:$gated$_", 'hello'), "hello\n", "a text comes back: $_"
        for '/api/live', '/live/a';
};

done_testing;
