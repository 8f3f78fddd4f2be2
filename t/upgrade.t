#!/usr/bin/perl
# A connection that switches to another protocol is a tunnel: the gate sees no later request in it.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Socket::INET;
use Test::More;
use EIAM::Http2;
use EIAM::Test;
use EIAM::WebSocket;

# nginx's own recipe, with variables for what is requested.
my $recipe = q{
    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $connection_upgrade;
    proxy_set_header Host $host;
};
my $copied = q{
    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $http_connection;
    proxy_set_header HTTP2-Settings $http_http2_settings;
};
my %files = (
    'policy.json' => policy('/api', (map { ("$_ /users/{id}" => ['user_read']) } qw(GET PUT POST)),
        'DELETE /users/{id}' => ['user_all'], 'GET /open' => 'public', 'GET /live' => 'public'),
    'apps.json' => applications({ id => 'crm', permissions => ['user_read'], tokens => ['tok'] }),
);
my $http = q{
    eiam_policy %DIR%/policy.json;
    eiam_applications %DIR%/apps.json;
    map $http_upgrade $connection_upgrade { default upgrade; '' close; }
    map $http_upgrade $asked { default "$http_upgrade,$http_http2_settings"; }
    proxy_read_timeout 3s;
};

# A server whose locations lead to one backend, all by the recipe.
sub server {
    my ($listen, $mode, $backend) = @_;
    return qq{
        server {
            listen 127.0.0.1:$listen;
            large_client_header_buffers 4 8k;
            $recipe
            error_page 405 414 494 = \@failed;
            location /api/ { eiam $mode; proxy_pass http://$backend; }
            location /ws/ { proxy_pass http://$backend; }
            location /copied/ { $copied proxy_pass http://$backend; }
            location /set/ {
                $recipe
                set \$seen "\$http_upgrade,\$http_http2_settings";
                if (\$http_upgrade = h2c) { set \$seen "if: \$seen"; }
                proxy_set_header X-Seen \$seen;
                proxy_set_header X-Asked \$asked;
                proxy_pass http://$backend;
            }
            location \@failed { $copied proxy_pass http://$backend; }
        }
    };
}

# The fields that the backend has received, by name; nothing if no request asked for another protocol.
sub upgrades {
    my ($res) = @_;
    my @found = map { s/: $/:/r } map { "$_->[0]: $_->[1]" }
        grep { $_->[0] =~ /^(?:upgrade|http2.settings|x-seen|x-asked)$/i && $_->[1] !~ /^,?$/ } @{ $res->{json}{headers} // [] };
    return join ' | ', @found;
}

my $settings = 'HTTP2-Settings: AAMAAABkAAQAAP__';
my $gate = nginx(files => \%files, conf => $http . server('%PORT%', 'on', '%ECHO%') . server('%PORT2%', 'report', '%ECHO%')
    . server('%PORT3%', 'off', '%ECHO%') . server('%PORT4% http2', 'on', '%ECHO%') . qq{
    server {
        listen 127.0.0.1:%PORT5%;
        server_name other;
        underscores_in_headers on;
        ignore_invalid_headers off;
        location / { $copied proxy_pass http://%ECHO%; }
    }
} . server('%PORT5%', 'on', '%ECHO%') =~ s/listen \S+/$& server_name gate;/r)->start;

# Title, fields.
my @removed = (
    [ 'h2c', 'Upgrade: h2c', $settings ],
    [ 'h2c as Java offers it', 'Connection: Upgrade, HTTP2-Settings', $settings, 'Upgrade: h2c' ],
    [ 'h2c in capitals', 'UPGRADE: H2C', 'HTTP2-SETTINGS: AAMAAABk' ],
    [ 'h2c in small letters', 'upgrade: h2c', 'http2-settings: AAMAAABk' ],
    [ 'h2c without its settings', 'Upgrade: h2c' ],
    [ 'settings without h2c', $settings ],
    [ 'settings twice', $settings, $settings ],
    [ 'h2c twice', 'Upgrade: h2c', 'Upgrade: h2c' ],
    [ 'a list with h2c first', 'Upgrade: h2c, websocket' ],
    [ 'a list with websocket first', 'Upgrade: websocket, h2c' ],
    [ 'a list without spaces', 'Upgrade: websocket,h2c' ],
    [ 'websocket, and h2c in a second field', 'Upgrade: websocket', 'Upgrade: h2c' ],
    [ 'h2c, and websocket in a second field', 'Upgrade: h2c', 'Upgrade: websocket' ],
    [ 'websocket twice', 'Upgrade: websocket', 'Upgrade: websocket' ],
    [ 'websocket and an empty second field', 'Upgrade: websocket', 'Upgrade:' ],
    [ 'an empty field, and websocket', 'Upgrade:', 'Upgrade: websocket', $settings ],
    [ 'websocket with a version', 'Upgrade: websocket/13' ],
    [ 'websocket with a comma', 'Upgrade: websocket,' ],
    [ 'websocket with a tab', "Upgrade: websocket\t", ],
    [ 'websocket behind a tab', "Upgrade: \twebsocket" ],
    [ 'websocket in quotes', 'Upgrade: "websocket"' ],
    [ 'a longer name', 'Upgrade: websockets' ],
    [ 'a shorter name', 'Upgrade: websocke' ],
    [ 'TLS', 'Upgrade: TLS/1.0, HTTP/1.1' ],
    [ 'HTTP/2.0', 'Upgrade: HTTP/2.0' ],
    [ 'another protocol', 'Upgrade: connect-ip' ],
    [ 'far behind', (map { "X-Field-$_: x" } 1 .. 50), 'Upgrade: h2c', $settings ],
    [ 'far apart', 'Upgrade: websocket', (map { "X-Field-$_: x" } 1 .. 50), 'Upgrade: h2c' ],
);
my @kept = (
    [ 'websocket', 'Upgrade: websocket' ],
    [ 'websocket in capitals', 'Upgrade: WEBSOCKET' ],
    [ 'WebSocket as some write it', 'UPGRADE: WebSocket' ],
    [ 'websocket with spaces around', 'Upgrade:   websocket  ' ],
);
my @targets = ('/api/open', '/api/users/u1', '/ws/a', '/copied/a', '/set/a');

subtest '2.1-8: what asks for another protocol than WebSocket is removed, in the whole gated server' => sub {
    for my $row (@removed) {
        my ($title, @headers) = @$row;
        my @found;
        for my $target (@targets) {
            my $res = get($gate, $target, token => 'tok', headers => \@headers);
            push @found, "$target: $res->{status} " . upgrades($res) if $res->{status} != 200 || upgrades($res) ne '';
        }
        is_deeply \@found, [], "it is served, without the offer of $title";
        is upgrades(get($gate, '/ws/a', port => $gate->port(2), headers => \@headers)), '', '  in report mode too';
        my $body = get($gate, '/api/users/u1', method => 'PUT', token => 'tok', body => 'abc', headers => \@headers);
        is upgrades($body) . $body->{json}{body}, 'abc', '  nor with a body';
    }
    for my $row (@kept) {
        my ($title, $header) = @$row;
        for my $target ('/api/open', '/ws/a', '/copied/a') {
            like upgrades(get($gate, $target, headers => [$header])), qr/^Upgrade: websocket$/i, "$title stays: $target";
        }
    }
    my $res = get($gate, '/copied/a', headers => [ 'Upgrade: h2c', $settings, 'Connection: Upgrade, HTTP2-Settings' ]);
    is upgrades($res), '', 'a Connection field that is copied names what is not there';
    like join(' ', received($res, 'Connection')), qr/^Upgrade, HTTP2-Settings/, '  and is copied';
    is upgrades(scalar raw($gate, "GET /ws/a HTTP/1.0\r\nUpgrade: h2c\r\n$settings\r\n\r\n")), '', 'in HTTP/1.0 too';
    is upgrades(get($gate, '/set/a', headers => ['Upgrade: h2c'], port => $gate->port(3))),
        'Upgrade: h2c | X-Seen: if: h2c, | X-Asked: h2c,', 'a server without a gate is as it was';
};

subtest '2.1-8: other spellings, where another server is the default' => sub {
    my @headers = map { "$_: AAMAAABk" } qw(HTTP2_Settings http2_settings HTTP2.Settings HTTP2~Settings);
    for my $target ('/api/open', '/ws/a', '/copied/a') {
        my $res = get($gate, $target, port => $gate->port(5), headers => [ @headers, 'Upgrade: h2c', 'Host: gate' ]);
        is upgrades($res), '', "they are removed: $target";
    }
    my $res = get($gate, '/a', port => $gate->port(5), headers => [ @headers, 'Upgrade: h2c', 'Host: other' ]);
    like upgrades($res), qr/HTTP2_Settings/, 'the default server itself has no gate';
};

# These are answered before any phase, so only the error page sees the fields.
subtest '2.1-8: what nginx refuses by itself takes no offer along' => sub {
    my @offer = ('Upgrade: h2c', $settings, 'Connection: Upgrade, HTTP2-Settings');
    my $long = 'X-Long: ' . 'x' x 40_000;
    # nginx 1.22 and 1.26 take a path after CONNECT, nginx 1.30 takes what RFC 9110 9.3.6 says. They answer the other
    # one with 400 before they have read a field.
    my @offered;
    for my $target ('/ws/a', 'gate:443') {
        my $bytes = request($target, method => 'CONNECT', headers => \@offer, close => 1);
        my ($with, $without) = map { scalar raw($gate, $bytes, port => $gate->port($_), timeout => 20) } 3, 1;
        push @offered, $target if $without->{headers}{'x-echo'} && upgrades($with) =~ /h2c/;
        is upgrades($without), '', "CONNECT $target: no offer in a gated server";
    }
    is @offered, 1, "  but where there is no gate, and the error page is proxied in both: @offered";
    for my $row ([ 'TRACE', 'TRACE', '/ws/a' ], [ 'a long field', 'GET', '/ws/a', $long ]) {
        my ($title, $method, $target, @more) = @$row;
        my $bytes = request($target, method => $method, headers => [ @offer, @more ], close => 1);
        my ($with, $without) = map { scalar raw($gate, $bytes, port => $gate->port($_), timeout => 20) } 3, 1;
        ok $with->{headers}{'x-echo'} && $without->{headers}{'x-echo'}, "$title: the error page is proxied";
        like upgrades($with), qr/h2c/, '  and has the offer where there is no gate';
        is upgrades($without), '', '  but not in a gated server';
    }
};

subtest '2.1-8: HTTP/2' => sub {
    my $h2 = EIAM::Http2->new($gate->port(4));
    for my $value ('h2c', 'websocket') {
        my @offer = ([ upgrade => $value ], [ 'http2-settings' => 'AAMAAABk' ]);
        for my $target ('/api/users/u1', '/ws/a', '/set/a') {
            my ($res) = $h2->responses($h2->request($target, token => 'tok', fields => \@offer));
            is $res->{status}, 200, "it is served: $value, $target";
            is upgrades($res), '', '  without the offer, which has no meaning there';
        }
    }
};

# ---- WebSockets

my $websocket = EIAM::WebSocket->new;
my $live = nginx(files => \%files, conf => $http . server('%PORT%', 'on', $websocket->address))->start;

# Sends a text; returns what comes back, or the status line if that is not 101.
sub echoed {
    my ($target, $text) = @_;
    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1:' . $live->port, Timeout => 10) or die "connect: $@";
    syswrite $sock, "GET $target HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        . "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer tok\r\n\r\n";
    my $head = '';
    while ($head !~ /\r\n\r\n/) { sysread $sock, $head, 1, length $head or last }
    return $head =~ s/\r\n.*//sr unless $head =~ m{^HTTP/1\.1 101 .*^Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r$}ms;
    syswrite $sock, EIAM::WebSocket::frame($text, "\1\2\3\4");
    return EIAM::WebSocket::receive($sock);
}

subtest '2.1-8: WebSockets work as before' => sub {
    for my $target ('/api/live', '/api/users/u1', '/ws/a', '/copied/a', '/set/a') {
        is echoed($target, "hello $target"), "hello $target", "a text comes back: $target";
    }
};

# nginx forwards such a 101 like any other answer, and nothing of the client follows it.
subtest '2.1-8: a backend that answers 101 to whatever it is asked gets no tunnel' => sub {
    my @offers = ([], ['Upgrade: h2c'], [ 'Upgrade: h2c', $settings, 'Connection: Upgrade, HTTP2-Settings' ],
        [ 'Upgrade: websocket', 'Upgrade: h2c' ], [ 'Upgrade: TLS/1.0', 'Transfer-Encoding: chunked' ]);
    my @open;
    for my $offer (@offers) {
        for my $target ('/api/users/ill', '/ws/ill', '/copied/ill', '/set/ill') {
            my $chunked = grep { /chunked/ } @$offer;
            my $c = connection($live, timeout => 30);
            $c->send(request($target, token => 'tok', headers => $offer, method => $chunked ? 'POST' : 'GET',
                $chunked ? (body => "3\r\nabc\r\n0\r\n\r\n") : ()));
            $c->send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nsmuggled");
            push @open, [ $c, join ' ', $target, @$offer ];
        }
    }
    ok $_->[0]->closed, "it ends: $_->[1]" for @open;
    unlike $websocket->beyond, qr/smuggled|PRI/, 'nothing came behind any of them';
};

done_testing;
