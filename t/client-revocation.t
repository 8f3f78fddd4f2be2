#!/usr/bin/perl
# eiam_revoke: a client revokes its own token at the backend, and the gate refuses it before the answer is
# forwarded.

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use MIME::Base64 qw(encode_base64);
use Test::More;
use EIAM::Jwt qw(mint new_key public_jwk);
use EIAM::Source;
use EIAM::Test;

my $form = 'Content-Type: application/x-www-form-urlencoded';
my $key = new_key('Ed25519');
my ($issuer, $revoker) = map { EIAM::Source->new } 1, 2;
my $keys = EIAM::Source->new('*' => { json => { keys => [ public_jwk($key, kid => 'k') ] } });
my $source = EIAM::Source->new('*' => { json => { active => JSON::PP::true, client_id => 'crm', scope => 'user_read' } });

my $gate = nginx(
    error_log_level => 'info',
    workers => 2,
    files => {
        'policy.json' => policy('/api', 'GET /users' => ['user_read'], 'POST /token' => 'public', 'POST /revoke' => 'public',
            'POST /closed' => ['user_read']),
        'apps.json' => applications({ id => 'crm', permissions => ['user_read'], tokens => ['Static-1'] },
            { id => 'erp', permissions => ['user_read'] }, { id => 'off', enabled => 0 }),
    },
    server => qq{
        eiam_policy policy.json;
        eiam_applications apps.json;
        eiam_jwks /jwks;
        eiam_jwt_issuer as;
        eiam_jwt_audience api;
        eiam_introspection /introspect;
        location /api/ { eiam on; proxy_pass http://%ECHO%; }
        location = /api/token { eiam on; eiam_learn on; proxy_pass http://@{[ $issuer->address ]}; }
        location = /api/revoke { eiam on; eiam_revoke on; proxy_pass http://@{[ $revoker->address ]}; }
        location = /api/closed { eiam on; eiam_revoke on; proxy_pass http://@{[ $revoker->address ]}; }
        location = /outside { eiam_revoke on; proxy_pass http://@{[ $revoker->address ]}; }
        location = /introspect { internal; proxy_pass http://@{[ $source->address ]}; }
        location = /jwks { internal; proxy_pass http://@{[ $keys->address ]}; }
        location /control/ { eiam_control; }
    })->start;

my $n = 0;

sub learned {
    my ($client, %more) = @_;
    my $token = 'Learned-' . ++$n . '-0123456789';
    $issuer->answer('*' => { json => { access_token => $token, token_type => 'bearer', expires_in => 600,
        scope => 'user_read', %more } });
    get($gate, '/api/token', method => 'POST', body => "client_id=$client", headers => [$form]);
    return $token;
}

sub jwt { return mint($key, 'EdDSA', { iss => 'as', aud => 'api', exp => time + 600, iat => time, jti => ++$n,
    client_id => 'crm', scope => 'user_read', @_ }, { kid => 'k', typ => 'at+jwt' }) }

# A call of the interface, whose backend answers with this status.
sub revoke {
    my ($body, $status, %opt) = @_;
    $revoker->answer('*' => { status => $status // 200, body => '' });
    my $target = delete $opt{target} // '/api/revoke';
    return get($gate, $target, method => 'POST', body => $body, headers => [ delete $opt{type} // $form, @{ delete $opt{more} // [] } ],
        %opt)->{status};
}

sub call { return get($gate, '/api/users', token => $_[0]) }

sub rows { return scalar @{ get($gate, '/control/revocations')->{json}{revocations} } }

# A gate that has not fetched any keys yet; at /plain and /incomplete the settings of signed tokens are those of the gate.
my $fresh = nginx(files => { 'policy.json' => policy('/api', 'GET /users' => ['user_read'], 'GET /plain' => ['user_read']) },
    server => qq{
    eiam_jwks /jwks;
    location /api/ { eiam on; eiam_policy policy.json; eiam_jwt_issuer as; eiam_jwt_audience api; proxy_pass http://%ECHO%; }
    location = /outside { eiam_revoke on; eiam_jwt_issuer as; eiam_jwt_audience api; proxy_pass http://%ECHO%; }
    location = /incomplete { eiam_revoke on; eiam_jwt_issuer other; proxy_pass http://%ECHO%; }
    location = /plain { eiam_revoke on; eiam_jwks off; proxy_pass http://%ECHO%; }
    location = /api/plain { eiam on; eiam_policy policy.json; eiam_revoke on; eiam_jwks off; proxy_pass http://%ECHO%; }
    location = /jwks { internal; proxy_pass http://@{[ $keys->address ]}; }
})->start;

subtest '2.3-3: a client revokes its own token' => sub {
    my %tokens = (learned => learned('crm'), introspected => 'Asked-1', 'a JWT' => jwt(), 'a JWT that nobody has seen' => jwt());
    my $seen = rows();
    for my $kind (sort keys %tokens) {
        my $token = $tokens{$kind};
        passed call($token), "$kind passes" if $kind !~ /nobody/;
        is revoke("client_id=crm&token=$token"), 200, '  its client revokes the token';
        refused call($token), 'token_revoked', '  and it is refused' for 1 .. 4;
        is rows(), ++$seen, '  with a row of its own';
    }
    refused get($fresh, '/api/plain', token => jwt()), 'token_invalid', 'what revokes a JWT accepts none';
    for my $target (qw(/outside /outside /plain /incomplete)) {
        my ($title, $token) = ("that nobody has seen, at $target", jwt());
        is get($fresh, $target, method => 'POST', body => "client_id=crm&token=$token", headers => [$form])->{status}, 200,
            "outside the gate a client revokes a JWT $title";
        refused get($fresh, '/api/users', token => $token), 'token_revoked', '  and it is refused';
    }
    my $basic = 'Authorization: Basic ' . encode_base64('crm:secret', '');
    for my $row ([ 'Basic', '', [$basic] ], [ 'a hint', '&token_type_hint=refresh_token', [$basic] ],
        [ 'a hint that does not exist', '&token_type_hint=x&client_id=crm', [] ], [ 'outside the gate', '', [$basic], target => '/outside' ])
    {
        my ($title, $more, $fields, %opt) = @$row;
        my $token = learned('crm');
        is revoke("token=$token$more", 200, more => $fields, %opt), 200, "a call with $title";
        refused call($token), 'token_revoked', '  and the token is revoked';
    }
};

subtest '2.3-3: an access token is revoked with its refresh token' => sub {
    my $access = learned('crm', refresh_token => 'Refresh-1-0123456789');
    my $other = learned('crm', refresh_token => 'Refresh-2-0123456789');
    passed call($_), 'they pass' for $access, $other;
    is revoke('client_id=erp&token=Refresh-1-0123456789'), 200, 'another client revokes the refresh token';
    passed call($access), '  and nothing happens';
    is revoke('client_id=crm&token=Refresh-1-0123456789&token_type_hint=refresh_token'), 200, 'its own client revokes it';
    refused call($access), 'token_revoked', '  and with it the access token';
    passed call($other), '  but no other token';
    ok !grep({ ($_->{token_id} // '') eq substr sha256_hex('Refresh-1-0123456789'), 0, 16 }
        @{ get($gate, '/control/revocations')->{json}{revocations} }), '  and takes one row';
    is call('Refresh-2-0123456789')->{headers}{'x-test'} // '', '', 'a refresh token is no access token';
};

subtest '2.3-3: calls that revoke nothing' => sub {
    my ($token, $jwt) = (learned('crm'), jwt());
    passed call($_), 'two tokens pass' for $token, $jwt;
    my $before = rows();
    my @rows = (
        (map { [ "the backend answers $_", "client_id=crm&token=$token", $_ ] } 201, 204, 302, 400, 401, 403, 404, 500, 503),
        [ 'another client', "client_id=erp&token=$token" ], [ 'another client, a JWT', "client_id=erp&token=$jwt" ],
        [ 'nobody', "token=$token" ], [ 'two clients', "client_id=crm&client_id=erp&token=$token" ],
        [ 'two tokens', "client_id=crm&token=$token&token=$jwt" ], [ 'the token twice', "client_id=crm&token=$token&token=$token" ],
        [ 'a token in the query too', "client_id=crm&token=$token", 200, target => "/api/revoke?token=$jwt" ],
        [ 'the same in the query too', "client_id=crm&token=$token", 200, target => "/api/revoke?token=$token" ],
        [ 'a name in capitals', "client_id=crm&TOKEN=$token" ], [ 'an encoded name', "client_id=crm&%74oken=$token" ],
        [ 'a list', "client_id=crm&token[]=$token" ], [ 'a semicolon', "client_id=crm;token=$token" ],
        [ 'no token', 'client_id=crm' ], [ 'an empty one', 'client_id=crm&token=' ],
        [ 'JSON', qq({"client_id":"crm","token":"$token"}), 200, type => 'Content-Type: application/json' ],
        [ 'a form that is said to be JSON', "client_id=crm&token=$token", 200, type => 'Content-Type: application/json' ],
        [ 'another charset', "client_id=crm&token=$token", 200, type => "$form; charset=utf-16" ],
        [ 'an encoded form', "client_id=crm&token=$token", 200, more => ['Content-Encoding: gzip'] ],
        [ 'an operation that is not public', "client_id=crm&token=$token", 200, target => '/api/closed', token => $token ],
        (map { [ "an invented token: $_", 'client_id=crm&token=' . $_ ] } 'Invented-1', 'Invented-2', 'Static-1',
            substr($jwt, 0, -2) . 'xx', 'a.b.c', 'x' x 9000),
        [ 'a JWT that has expired', 'client_id=crm&token=' . jwt(exp => time - 600) ],
        [ 'a JWT of another issuer', 'client_id=crm&token=' . jwt(iss => 'other') ],
    );
    for my $row (@rows) {
        my ($title, $body, $status, %opt) = @$row;
        is revoke($body, $status, %opt), $status // 200, "$title: the answer goes on";
    }
    is rows(), $before, 'no row is taken';
    passed call($_), 'both pass' for $token, $jwt;
    passed call('Static-1'), 'so does a static one';
    is revoke("client_id=off&token=$token"), 403, 'a disabled application is refused';
    is get($gate, "/outside?client_id=crm&token=$token")->{status}, 200, 'GET';
    passed call($token), '  and revokes nothing either';
};

subtest '2.3-3: nothing is learned from an answer of the revocation interface' => sub {
    $revoker->answer('*' => { json => { access_token => 'Issued-0123456789', token_type => 'bearer', expires_in => 600 } });
    get($gate, $_, method => 'POST', body => 'client_id=crm&token=a&token=b', headers => [$form]) for '/api/revoke', '/outside';
    $source->answer('*' => { json => { active => JSON::PP::false } });
    refused call('Issued-0123456789'), 'token_invalid', 'an answer with a token in it';
};

subtest '2.3-3: a revocation is logged, but not the token' => sub {
    my $token = learned('crm');
    revoke("client_id=crm&token=$token");
    revoke("client_id=erp&token=$token");
    $gate->stop;
    my $log = $gate->error_log;
    my $id = substr sha256_hex($token), 0, 16;
    like $log, qr/\[notice\] .*eiam: application "crm" revoked its token $id/, 'the log says which client revoked which token';
    like $log, qr/\[info\] .*eiam: the token is not revoked: $_/, "  and: $_" for 'it belongs to another application, application: "erp"',
        'it is not known', 'the request names none', 'it is not certain which one is meant', 'the body is not a form';
    unlike $log, qr/the token is not learned/, '  as it is no token call';
    is_deeply [ grep { /(?:Learned|Refresh|Invented|Asked)-\d/ && !/request: "(?:POST|GET) [^"]*\?/ } split /\n/, $log ], [], 'no token';
};

bad_config("eiam_revoke: $_->[0]", { conf => $_->[1] }, $_->[2]) for
    [ 'with eiam_learn', 'server { listen 127.0.0.1:%PORT%; location /r { eiam_learn on; eiam_revoke on; proxy_pass http://127.0.0.1:1; } }',
        qr/"eiam_revoke" needs a location without "eiam_learn"/ ];

done_testing;
