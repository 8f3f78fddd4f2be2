#!/usr/bin/perl
# Who may call at all, and from where: "listed", and the "networks" of an application.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Socket::UNIX;
use MIME::Base64 qw(encode_base64);
use Test::More;
use EIAM::Jwt qw(new_key public_jwk mint);
use EIAM::Test;

my $key = new_key('Ed25519');
my @mine = (permissions => ['user_read']);
my %networks = (
    nowhere => [],
    office  => [ '10.1.0.0/16', '192.0.2.7', '2001:db8::/32' ],
    four    => ['0.0.0.0/0'],
    six     => ['::/0'],
    here    => [ '10.1.0.0/16', '127.0.0.1' ],
    odd     => [ '10.1.2.128/25', '2001:db8:0:8000::/49' ],
);

my $gate = nginx(
    files => {
        'policy.json' => policy('/api', 'GET /users' => ['user_read'], 'PUT /users' => ['user_all'],
            'GET /open' => 'public', 'POST /token' => 'public'),
        'keys.json' => { keys => [ public_jwk($key, kid => 'k') ] },
        'apps.json' => applications({ id => 'anywhere', tokens => ['anywhere'], @mine },
            (map { { id => $_, tokens => [$_], networks => $networks{$_}, @mine } } sort keys %networks),
            { id => 'off', tokens => ['off'], enabled => 0, networks => [], @mine }),
    },
    conf => q{
        set_real_ip_from 127.0.0.1;
        set_real_ip_from unix:;
        real_ip_header X-Real-IP;
        eiam_policy policy.json;
        eiam_applications apps.json;
        eiam_jwks keys.json;
        eiam_jwt_issuer i;
        eiam_jwt_audience a;
        server {
            listen 127.0.0.1:%PORT%;
            listen unix:%DIR%/gate.sock;
            location /api/ { eiam on; proxy_pass http://%ECHO%; }
            location = /api/token { eiam on; eiam_learn on; proxy_pass http://127.0.0.1:%PORT3%; }
            location /report/ { rewrite ^/report(.*) /api$1 break; eiam report; proxy_pass http://%ECHO%; }
            location /status/ { eiam_status; }
        }
        server {
            listen 127.0.0.1:%PORT2%;
            eiam_applications apps.json listed;
            location /api/ { eiam on; proxy_pass http://%ECHO%; }
            location = /api/token { eiam on; eiam_learn on; proxy_pass http://127.0.0.1:%PORT3%; }
            location = /oauth/token { eiam_learn on; proxy_pass http://127.0.0.1:%PORT3%; }
            location /status/ { eiam_status; }
        }
        server {
            listen 127.0.0.1:%PORT4%;
            set_real_ip_from 127.0.0.1;
            set_real_ip_from 203.0.113.0/24;
            set_real_ip_from 2001:db8:ffff::/48;
            real_ip_header X-Forwarded-For;
            real_ip_recursive on;
            location /api/ { eiam on; proxy_pass http://%ECHO%; }
            location /status/ { eiam_status; }
        }
        server {
            listen 127.0.0.1:%PORT3%;
            location / {
                default_type application/json;
                return 200 '{"access_token":"learned","token_type":"Bearer","expires_in":7200,"scope":"user_read"}';
            }
        }
    })->start;

sub from { return (headers => ["X-Real-IP: $_[0]"]) }

sub jwt { return mint($key, 'EdDSA', { iss => 'i', aud => 'a', exp => time + 600, scope => 'user_read', client_id => $_[0] }, { kid => 'k' }) }

sub outcome {
    my ($res) = @_;
    return 'passed' if $res->{status} == 200;
    my ($reason) = grep { "GATEWAY.$EIAM::Test::REFUSAL{$_}[1]" eq $res->{json}{error_code} } keys %EIAM::Test::REFUSAL;
    return $reason;
}

subtest '2.7-2: an application with networks is refused elsewhere' => sub {
    my %passes = (
        anywhere => [ qw(127.0.0.1 10.1.2.3 10.2.0.1 192.0.2.7 2001:db8::1 2001:db9::1 ::ffff:10.1.2.3) ],
        nowhere  => [],
        office   => [ qw(10.1.2.3 192.0.2.7 2001:db8::1 ::ffff:10.1.2.3) ],
        four     => [ qw(127.0.0.1 10.1.2.3 10.2.0.1 192.0.2.7 ::ffff:10.1.2.3) ],
        six      => [ qw(2001:db8::1 2001:db9::1) ],
        here     => [ qw(127.0.0.1 10.1.2.3 ::ffff:10.1.2.3) ],
        odd      => [],
    );
    for my $id (sort keys %passes) {
        my %passes = map { ($_ => 1) } @{ $passes{$id} };
        is outcome(get($gate, '/api/users', token => $id, from($_))), $passes{$_} ? 'passed' : 'network_forbidden',
            "$id from $_" for @{ $passes{anywhere} };
    }
    is outcome(get($gate, '/api/users', token => 'odd', from($_->[0]))), $_->[1], "a prefix that ends in an octet: $_->[0]" for
        [ '10.1.2.127', 'network_forbidden' ], [ '10.1.2.128', 'passed' ], [ '10.1.3.128', 'network_forbidden' ],
        [ '2001:db8:0:7fff::1', 'network_forbidden' ], [ '2001:db8:0:8000::1', 'passed' ];
    refused get($gate, '/api/users', token => 'here', from('10.9.9.9')), 'network_forbidden', 'the answer is that of the table';
    like $gate->error_log, qr/\[warn\] .* refused, network_forbidden, client: 10\.9\.9\.9, application: "here"/,
        'the log has the address after realip';
};

subtest '2.7-2: a token of another source is bound as well, a public operation is not' => sub {
    is outcome(get($gate, '/api/users', token => jwt('office'), from('10.2.0.1'))), 'network_forbidden', 'a signed token';
    is outcome(get($gate, '/api/users', token => jwt('office'), from('10.1.0.1'))), 'passed', 'and from the network';
    is outcome(get($gate, '/api/open', token => 'nowhere')), 'passed', 'a public operation';
    is outcome(get($gate, '/report/users', token => 'nowhere')), 'passed', 'eiam report lets the call pass';
    like $gate->error_log, qr/would be refused, network_forbidden/, '  and logs it';
};

subtest '2.7-2: behind several proxies the address is that of the client' => sub {
    my %passes = ('10.1.2.3' => 1, '10.1.2.3, 203.0.113.9' => 1, '10.1.2.3, 2001:db8:ffff::1, 203.0.113.9' => 1,
        '198.51.100.1, 10.1.2.3, 203.0.113.9' => 1, '::ffff:10.1.2.3, 203.0.113.9' => 1, '[2001:db8::7]:443, 203.0.113.9' => 1,
        '10.1.2.3 203.0.113.9' => 1,
        '10.1.2.3, 198.51.100.1, 203.0.113.9' => 0, '10.1.2.3, 198.51.100.1' => 0, '203.0.113.9' => 0, '' => 0, 'unknown' => 0,
        'unix:' => 0, '10.1.2.3, unknown, 203.0.113.9' => 0, 'fe80::1%eth0, 203.0.113.9' => 0, '10.1.2.3.' => 0);
    for my $list (sort keys %passes) {
        is outcome(get($gate, '/api/users', token => 'office', port => $gate->port(4), headers => ["X-Forwarded-For: $list"])),
            $passes{$list} ? 'passed' : 'network_forbidden', "X-Forwarded-For: $list";
    }
};

subtest '2.7-2: a unix socket is in no network' => sub {
    my %head;
    for my $id (qw(anywhere four six here)) {
        my $c = IO::Socket::UNIX->new(Peer => $gate->dir . '/gate.sock') or die "socket: $!";
        print {$c} "GET /api/users HTTP/1.0\r\nAuthorization: Bearer $id\r\n\r\n";
        ($head{$id}) = <$c> =~ /^HTTP\S+ (\d+)/;
    }
    is_deeply \%head, { anywhere => 200, four => 403, six => 403, here => 403 }, 'only an application that may call from anywhere passes';
};

subtest '2.7-2: unknown, disabled, network and scope are checked in this order' => sub {
    my $at = $gate->port(2);
    is outcome(get($gate, '/api/users', token => 'off')), 'application_disabled', 'disabled before network';
    is outcome(get($gate, '/api/users', token => 'nowhere', method => 'PUT')), 'network_forbidden', 'network before scope';
    is outcome(get($gate, '/api/users', token => 'anywhere', method => 'PUT')), 'scope_insufficient', 'then the scope';
    is outcome(get($gate, '/api/users', token => jwt('stranger'), port => $at, method => 'PUT')), 'application_unknown',
        'unknown before scope';
};

subtest '2.7-5: listed refuses applications that the file does not name' => sub {
    my $at = $gate->port(2);
    is outcome(get($gate, '/api/users', token => jwt('stranger'))), 'passed', 'without it an unknown application passes by its scopes';
    refused get($gate, '/api/users', token => jwt('stranger'), port => $at), 'application_unknown', 'with "listed" it does not';
    is outcome(get($gate, '/api/users', token => jwt('anywhere'), port => $at)), 'passed', 'an application of the file does';
    is outcome(get($gate, '/api/users', token => 'anywhere', port => $at)), 'passed', 'so does a static token';
    is outcome(get($gate, '/api/open', token => jwt('stranger'), port => $at)), 'passed', 'a public operation is open to everybody';
    is outcome(get($gate, '/api/users', token => 'no such token', port => $at)), 'token_invalid', 'an unknown token has no application';
};

subtest '2.7-5: the token interface checks both too, once the client is certain' => sub {
    my $ask = sub {
        my ($id, %opt) = @_;
        my $basic = encode_base64("$id:secret", '');
        return outcome(get($gate, $opt{path} // '/api/token', method => 'POST', port => $gate->port($opt{at} // 1),
            body => $opt{body} // 'grant_type=client_credentials',
            headers => [ "Authorization: Basic $basic", 'Content-Type: application/x-www-form-urlencoded',
                'X-Real-IP: ' . ($opt{from} // '127.0.0.1') ]));
    };
    is $ask->('stranger'), 'passed', 'an unknown application gets a token without "listed"';
    is $ask->('stranger', at => 2), 'application_unknown', '  and none with it';
    is $ask->('stranger', at => 2, path => '/oauth/token'), 'application_unknown', '  nor at a token interface without "eiam"';
    is $ask->('office', from => '10.1.0.1', at => 2), 'passed', 'an application of the file gets one from its network';
    is $ask->('office', from => '10.2.0.1'), 'network_forbidden', '  and none from elsewhere';
    is $ask->('office', from => '10.2.0.1', body => 'client_id=other'), 'passed', 'whose client is not certain is the backend\'s to refuse';
    is $ask->('off'), 'application_disabled', 'a disabled application gets none';
    is outcome(get($gate, '/api/users', token => 'learned', port => $gate->port(2), from('10.1.0.1'))), 'passed', 'an issued token is known';
    is outcome(get($gate, '/api/users', token => 'learned', port => $gate->port(2), from('10.2.0.1'))), 'network_forbidden', '  and bound to the network';
};

subtest '2.7-6: the explanation considers both' => sub {
    my $explain = sub {
        my ($query, $at) = @_;
        return get($gate, "/status/explain?method=GET&path=%2Fapi%2Fusers&$query", port => $gate->port($at // 1))->{json};
    };
    my $e = $explain->('application=office&address=10.2.0.1');
    is "$e->{decision} $e->{reason}", 'deny network_forbidden', 'an address outside of the networks is refused';
    is_deeply $e->{networks}, [ '10.1.0.0/16', '192.0.2.7/32', '2001:db8::/32' ], '  and the networks are listed';
    is $explain->("application=office&address=$_")->{decision}, 'allow', "inside: $_" for '10.1.2.3', '2001:db8::1', '::ffff:10.1.2.3';
    is $explain->('application=office')->{decision}, 'allow', 'without an address networks are not checked';
    is $explain->('application=stranger&scopes=user_read')->{decision}, 'allow', 'an unknown application';
    is $explain->('application=stranger&scopes=user_read', 2)->{reason}, 'application_unknown', '  and where only listed ones may call';
    is $explain->('scopes=user_read', 2)->{decision}, 'allow', 'scopes alone belong to no application';
    ok $explain->('application=office&address=office')->{error}, 'a value that is no address is an error';
};

for my $case (
    [ '"10.1.0.0/16"', 'must be an array' ],
    [ '[10]', '0: must be a string' ],
    (map { [ qq(["$_"]), '0: "' . quotemeta($_) . '" is not a network as in' ] }
        '', ' ', '10.1', '10.1.0.0.0', '010.1.0.0', '10.1.0.0 ', '256.0.0.1', '0x0a.1.0.0', 'localhost', 'unix:', 'all', '*',
        '::ffff:10.1.0.0', '::ffff:10.1.0.0/104', 'fe80::1%eth0', '[::1]', ':1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7', '10.1.0.0:80'),
    (map { [ qq(["$_"]), qq("\Q$_\E" must have a prefix of 0 to) ] }
        '10.1.0.0/', '10.1.0.0/33', '10.1.0.0/016', '10.1.0.0/-1', '10.1.0.0/+8', '10.1.0.0/255.255.0.0', '::/129', '::/64/64'),
    (map { [ qq(["::1", "$_"]), qq(1: "\Q$_\E" has address bits set after its prefix) ] }
        '10.1.0.1/16', '10.0.0.0/0', '2001:db8::1/64'),
) {
    my ($networks, $says) = @$case;
    bad_config "2.7-2: networks that are $networks",
        { files => { 'apps.json' => qq({"applications":[{"id":"a","networks":$networks}]}) },
            server => 'eiam_applications apps.json;' }, qr{apps\.json": #/applications/0/networks.*$says};
}
bad_config '2.7-5: another word than listed', { files => { 'apps.json' => '{"applications":[]}' },
    server => 'eiam_applications apps.json list;' }, qr/unknown parameter "list", only "listed" may stand here/;

done_testing;
