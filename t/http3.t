#!/usr/bin/perl
# HTTP/3: requests need no Host field, and nginx knows the server nevertheless.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Test::More;
use EIAM::Test;

# Why HTTP/3 cannot be tried here, or nothing.
sub lacking {
    my ($nginx) = nginx(module => 0)->_command;
    my $about = qx($nginx -V 2>&1);
    my ($major, $minor) = $about =~ m{nginx/(\d+)\.(\d+)} or return 'no nginx';
    return "nginx $major.$minor is older than 1.25, and has no HTTP/3" if $major == 1 && $minor < 25;
    return "nginx $major.$minor is built without HTTP/3" if $about !~ /--with-http_v3_module/;
    return 'curl has no HTTP/3' if qx(curl -V) !~ /\bHTTP3\b/;
    return;
}

my $lacking = lacking();
plan skip_all => "$lacking: SUITE=trixie .ci/trial test runs this" if $lacking;

my $tls = qx(openssl req -x509 -batch -newkey rsa:2048 -nodes -subj /CN=gate -keyout - 2>/dev/null);
my $quic = 'listen 127.0.0.1:%PORT2% quic; ssl_certificate %DIR%/tls.pem; ssl_certificate_key %DIR%/tls.pem;';
my $gate = nginx(
    files => {
        'tls.pem'     => $tls,
        'policy.json' => policy('/api', 'GET /users' => ['user_read'], 'GET /open' => 'public'),
        'apps.json'   => applications({ id => 'crm', permissions => ['user_read'], tokens => ['Secret-good'] }),
    },
    conf => qq{
        eiam_policy %DIR%/policy.json;
        eiam_applications %DIR%/apps.json;
        server {
            listen 127.0.0.1:%PORT%;
            server_name gate;
            $quic
            set \$asked "\$http_x_eiam_application,\$http_http2_settings";
            proxy_set_header X-Asked \$asked;
            location /api/ { eiam on; proxy_pass http://%ECHO%; }
            location / { proxy_pass http://%ECHO%; }
        }
        server { server_name open; $quic location / { proxy_pass http://%ECHO%; } }
    })->start;

# An answer in the form of EIAM::Client's.
sub ask {
    my ($target, @options) = @_;
    my $host = grep({ $_ eq 'open' } @options) ? 'open' : 'gate';
    my $port = $gate->port(2);
    my @command = ('curl', '-sSki', '--http3-only', '--max-time', 30, '--path-as-is', '--resolve', "$host:$port:127.0.0.1",
        (map { ('-H', $_) } grep { $_ ne 'open' } @options), "https://$host:$port$target");
    open my $out, '-|', @command or die "curl: $!";
    my $text = do { local $/; <$out> };
    close $out or die "curl failed: $?\n";
    my ($head, $body) = split /\r\n\r\n/, $text, 2;
    my ($status) = $head =~ m{^HTTP/3 (\d+)} or die "curl said: $text\n";
    my %headers = $head =~ /^([^:\s]+): (.*?)\r?$/mg;
    return { status => $status, head => $head, headers => \%headers, body => $body,
        json => scalar eval { JSON::PP->new->utf8->decode($body) } };
}

my @two = map { "Authorization: Bearer Secret-$_" } 1, 2;

subtest '2.1-12: two Authorization fields are malformed in HTTP/3 too, where no Host is sent' => sub {
    my $before = $gate->echo->count;
    refused ask('/api/users', @$_), 'authorization_malformed', "malformed: @$_"
        for \@two, [ 'Authorization: Bearer Secret-good', 'Authorization: Basic Secret-2' ],
        [ 'Authorization: Bearer Secret-good', 'X-A: b', 'Authorization: Bearer Secret-good' ], [ (@two) x 10 ],
        [ 'Host: gate:' . $gate->port(2), @two ];
    refused ask('/api/open', @two), 'authorization_malformed', 'malformed at a public operation';
    refused ask('/page', @two), 'request_ambiguous', 'beside the gate they are ambiguous';
    my $res = ask('/page', 'open', @two);
    is $res->{status}, 400, 'a server without a gate refuses them';
    unlike $res->{body}, qr/GATEWAY/, '  by itself';
    is $gate->echo->count, $before, 'nothing of it reaches the backend';
    my @logged = grep { /Secret/ && !/server: open/ } split /\n/, $gate->error_log;
    is_deeply \@logged, [], 'no token of it is in the log of the level info';
};

subtest 'calls by HTTP/3' => sub {
    my @claims = ('X-EIAM-Application: root', 'x-eiam-scopes: all', 'HTTP2-Settings: AAMAAABk');
    my $res = ask('/api/users', 'Authorization: Bearer Secret-good', @claims);
    passed $res, 'an allowed call passes', application => 'crm', scopes => 'user_read', operation => 'getUsers';
    is join('|', received($res, 'X-Asked')), ',', '  and the rewrite phase sees nothing that the client claims';
    is join('|', received($res, 'HTTP2-Settings')), '', '  nor does the backend';
    is join('|', map { received($res, $_) } 'X-EIAM-Application', 'X-EIAM-Scopes', 'HTTP2-Settings', 'X-Asked'), ',',
        '  nor beside the gate' for $res = ask('/page', @claims);
    refused ask('/api/users'), 'token_missing', 'no token';
    refused ask('/api/users', 'Authorization: Bearer Secret-x'), 'token_invalid', 'a wrong token';
    refused ask($_, 'Authorization: Bearer Secret-good'), 'request_ambiguous', "a way around: $_"
        for '/api;x/users', '/x/../api/users', '/api/%75sers';
    refused ask('/api/users', 'Authorization: Bearer Secret-good', 'X-HTTP-Method: PUT'), 'method_override', 'an override';
};

done_testing;
