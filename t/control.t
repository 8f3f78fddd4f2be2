#!/usr/bin/perl
# eiam_control: the operator revokes a token, an application or all tokens, and restores them.

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Test::More;
use EIAM::Jwt qw(mint new_key public_jwk);
use EIAM::Source;
use EIAM::Test;

my $form = 'Content-Type: application/x-www-form-urlencoded';
my $key = new_key('Ed25519');
my $issuer = EIAM::Source->new;
my $source = EIAM::Source->new('*' => { json => { active => JSON::PP::true, client_id => 'erp', scope => 'user_read' } });

my $gate = nginx(
    error_log_level => 'notice',
    workers => 2,
    files => {
        'policy.json' => policy('/api', 'GET /users' => ['user_read'], 'POST /token' => 'public'),
        'apps.json' => applications({ id => 'crm', permissions => ['user_read'], tokens => ['Static-1', 'Static-2'] },
            { id => 'erp', permissions => ['user_read'] }),
        'keys.json' => { keys => [ public_jwk($key, kid => 'k') ] },
    },
    conf => qq{
        server {
            listen 127.0.0.1:%PORT%;
            eiam_policy policy.json;
            eiam_applications apps.json;
            eiam_jwks keys.json;
            eiam_jwt_issuer as;
            eiam_jwt_audience api;
            eiam_introspection /introspect;
            location /api/ { eiam on; proxy_pass http://%ECHO%; }
            location = /api/token { eiam on; eiam_learn on; proxy_pass http://@{[ $issuer->address ]}; }
            location = /introspect { internal; proxy_pass http://@{[ $source->address ]}; }
            location /control/ { eiam_control; }
            location /real/ { set_real_ip_from 127.0.0.1; real_ip_header X-Real-IP; eiam_control; }
            location /open/ { set_real_ip_from 127.0.0.1; real_ip_header X-Real-IP; eiam_control open; }
            location /denied/ { eiam_control; deny all; }
            location /status/ { eiam_status; }
        }
        server {
            listen unix:%DIR%/control.sock;
            location /control/ { eiam_control; }
        }
    })->start;

my $n = 0;

sub learned {
    my ($client) = @_;
    my $token = 'Learned-' . ++$n . '-0123456789';
    $issuer->answer('*' => { json => { access_token => $token, token_type => 'bearer', expires_in => 600,
        scope => 'user_read' } });
    get($gate, '/api/token', method => 'POST', body => "client_id=$client", headers => [$form]);
    return $token;
}

sub jwt { return mint($key, 'EdDSA', { iss => 'as', aud => 'api', exp => time + 600, iat => time, jti => ++$n,
    client_id => 'crm', scope => 'user_read', @_ }, { kid => 'k', typ => 'at+jwt' }) }

sub order {
    my ($what, $body, %opt) = @_;
    return get($gate, $what =~ m{/} ? $what : "/control/$what", method => 'POST', body => $body,
        headers => [ $form, @{ delete $opt{more} // [] } ], %opt);
}

sub call { return get($gate, '/api/users', token => $_[0]) }

sub done_as {
    my ($res, $title, %expected) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my %got = %{ $res->{json} // {} };
    $got{$_} = ref $got{$_} eq 'ARRAY' ? scalar @{ $got{$_} } : $got{$_} for grep { ref $got{$_} eq 'ARRAY' } keys %got;
    delete $got{not_before} if !exists $expected{not_before};
    return is_deeply([ $res->{status}, \%got ], [ 200, { in_force => JSON::PP::true, gateways => 0, %expected } ], $title)
        || diag $res->{head}, $res->{body};
}

sub id { return substr sha256_hex($_[0]), 0, 16 }

subtest '2.3-2: a token is revoked, and restored' => sub {
    my %tokens = (learned => learned('crm'), static => 'Static-1', introspected => 'Asked-1',
        'a JWT' => jwt(), 'a JWT that was not seen yet' => jwt());
    for my $kind (sort keys %tokens) {
        my $token = $tokens{$kind};
        passed call($token), "$kind passes" if $kind !~ /yet/;
        my $body = $kind eq 'static' ? 'token_sha256=' . sha256_hex($token) : "token=$token";
        done_as order('revoke', "$body&reason=leaked"), '  is revoked', revoked => 'token', token_id => id($token);
        refused call($token), 'token_revoked', '  and refused' for 1 .. 4;
        done_as order('restore', "reason=a+mistake&$body"), '  is restored', restored => 'token', token_id => id($token);
        passed call($token), '  and passes again' for 1 .. 2;
        done_as order('restore', "reason=once+more&$body"), '  there is nothing more to restore', restored => undef,
            token_id => id($token);
    }
    my $upper = uc sha256_hex('Static-2');
    done_as order('revoke', "token_sha256=$upper&reason=x"), 'capital digits', revoked => 'token', token_id => id('Static-2');
    refused call('Static-2'), 'token_revoked', '  are the same';
    order('restore', "token_sha256=$upper&reason=x");
};

subtest '2.3-2: an application is revoked, and all are' => sub {
    for my $row ([ 'application=crm', application => application => 'crm' ], [ 'all=1', 'all' ]) {
        my ($body, $kind, @more) = @$row;
        my ($token, $other, $jwt) = (learned('crm'), learned('erp'), jwt());
        passed call($_), "a token passes: $kind" for $token, $other, $jwt;
        my $before = int time;
        my $res = order('revoke', "$body&reason=leaked");
        done_as $res, '  it is revoked', revoked => $kind, @more;
        cmp_ok $res->{json}{not_before}, '>=', $before, '  and the answer says when tokens pass again';
        refused call($token), 'token_revoked', '  a learned token is refused';
        refused call($jwt), 'token_revoked', '  so is a JWT';
        $kind eq 'all' ? refused(call($other), 'token_revoked', '  so is that of another one')
            : passed(call($other), '  another one passes');
        passed call('Static-1'), '  a static one is not issued, so it passes';
        passed call(learned('crm')), '  a new one passes';
        done_as order('restore', "$body&reason=a+mistake"), '  it is restored', restored => $kind, @more;
        passed call($_), '  and all pass again' for $token, $other, $jwt;
    }
};

subtest '2.3-2: what is in force' => sub {
    my $token = learned('crm');
    order('revoke', "$_&reason=x") for "token=$token", 'token_sha256=' . sha256_hex('nobody'), 'application=erp',
        'application=stranger%22%5c', 'all=1';
    my $res = get($gate, '/control/revocations');
    is $res->{status}, 200, 'it is listed';
    is $res->{headers}{'content-type'}, 'application/json', '  as JSON';
    is $res->{headers}{'cache-control'}, 'no-store', '  which must not be stored';
    my @rows = @{ $res->{json}{revocations} // [] };
    my ($row) = grep { ($_->{token_id} // '') eq id($token) } @rows;
    cmp_ok delete($row->{expires}) - time, '>', 500, '  a token with its expiry';
    is_deeply $row, { revoked => 'token', by => 'control', token_id => id($token), application => 'crm' }, '  and its application'
        or diag explain $row;
    ok scalar(grep { ($_->{token_id} // '') eq id('nobody') && !exists $_->{application} } @rows), '  a token that nobody knows';
    is_deeply [ sort map { $_->{application} // substr sha256_hex('stranger"\\'), 0, 24 } grep { $_->{revoked} eq 'application' } @rows ],
        [ sort 'erp', substr sha256_hex('stranger"\\'), 0, 24 ], '  applications';
    is scalar(grep { $_->{revoked} eq 'all' } @rows), 1, '  and all';
    unlike $res->{body}, qr/\Q@{[ sha256_hex($token) ]}\E|\Q$token\E/, '  but no token and no whole digest';
    is length get($gate, '/control/revocations', method => 'HEAD', head => 1)->{body}, 0, 'HEAD has no body';
    ok $gate->reload, 'nginx is reloaded';
    refused call($token), 'token_revoked', '  and no revocation is forgotten';
    order('restore', "$_&reason=x") for "token=$token", 'token_sha256=' . sha256_hex('nobody'), 'application=erp',
        'application=stranger%22%5c', 'all=1';
    is_deeply get($gate, '/control/revocations')->{json}, { revocations => [] }, 'each of them can be restored';
    passed call($_), '  and passes' for $token, 'Asked-2';
};

subtest '2.3-2: an order that can be read in several ways is refused' => sub {
    my $sha = sha256_hex('Static-1');
    my @wrong = ('', 'token=Static-1', 'reason=x', 'token=Static-1&reason=', 'token=Static-1&token=Static-2&reason=x',
        'token=Static-1&reason=x&reason=y', 'token=Static-1&all=1&reason=x', 'application=crm&all=1&reason=x',
        "token=Static-1&token_sha256=$sha&reason=x", 'token=Static-1&application=crm&reason=x', 'all=0&reason=x',
        'all=&reason=x', 'all=true&reason=x', 'all&reason=x', 'all=1;reason=x', 'all=1&reason=x;y', 'all=1&reason=x&',
        '&all=1&reason=x', 'all=1&&reason=x', 'all=1&reason=x&more=y', 'all=1&reason=x&=y', 'ALL=1&reason=x', '%61ll=1&reason=x',
        'all[]=1&reason=x', 'all=1&Reason=x', ' all=1&reason=x', 'all=%31&reason=%', 'all=1&reason=%0a', "all=1&reason=\x01",
        'all=1&reason=' . 'x' x 257, 'token=&reason=x', 'token=a+b&reason=x', 'token=a%20b&reason=x', 'token=%22&reason=x',
        'application=&reason=x', 'application=' . 'x' x 256 . '&reason=x', "token_sha256=&reason=x",
        'token_sha256=' . substr($sha, 1) . '&reason=x', "token_sha256=${sha}0&reason=x", 'token_sha256=' . 'g' x 64 . '&reason=x',
        'token_sha256=' . id('Static-1') . '&reason=x', '{"all":1,"reason":"x"}', 'all=1&reason=' . 'x' x 70_000);
    for my $what (qw(revoke restore)) {
        for my $body (@wrong) {
            my $res = order($what, $body);
            is $res->{status}, 400, "$what: " . shown(substr $body, 0, 60);
            ok length($res->{json}{error} // ''), '  says what is needed';
        }
        is order("$what?all=1", 'all=1&reason=x')->{status}, 400, "$what: parameters in the query";
        for my $type ('application/json', 'text/plain', 'multipart/form-data; boundary=x', 'application/x-www-form-urlencoded; charset=utf-16',
            '') {
            my $res = get($gate, "/control/$what", method => 'POST', body => 'all=1&reason=x', headers => [ $type ? "Content-Type: $type" : () ]);
            is $res->{status}, 415, "$what: the type '$type'";
        }
        is get($gate, "/control/$what", method => 'POST', body => 'all=1&reason=x', headers => [ $form, 'Content-Encoding: gzip' ])->{status},
            415, '  an encoding';
        for my $method (qw(GET HEAD PUT DELETE PATCH OPTIONS)) {
            my $res = get($gate, "/control/$what", method => $method, head => $method eq 'HEAD');
            is "$res->{status} $res->{headers}{allow}", '405 POST', "$method $what";
        }
    }
    my $res = order('revocations', 'all=1&reason=x');
    is "$res->{status} $res->{headers}{allow}", '405 GET, HEAD', 'POST revocations';
    is order("/control/$_", 'all=1&reason=x')->{status}, 404, "no such order: $_" for '', 'x', 'revoke/', 'Revoke', 'revoke/x', 'revokes';
    is_deeply get($gate, '/control/revocations')->{json}, { revocations => [] }, 'none of these has revoked anything';
    done_as order('revoke', 'reason=%E6%B3%84&all=%31'), 'values may be encoded', revoked => 'all';
    done_as order('restore', "all=1&reason=%22quoted%22", headers => [ 'Content-Type: application/x-www-form-urlencoded; charset=UTF-8' ]),
        'with a charset', restored => 'all';
};

subtest '2.3-2: who may give orders' => sub {
    my $all = 'all=1&reason=x';
    for my $what (qw(revoke restore)) {
        for my $field ('Origin: http://127.0.0.1', 'Origin: null', 'origin:', 'Sec-Fetch-Site: none', 'Sec-Fetch-Site: same-origin') {
            is order($what, $all, more => [$field])->{status}, 403, "$what: $field";
        }
        is order("/real/$what", $all, more => ['X-Real-IP: 192.0.2.1'])->{status}, 403, "$what: an address from elsewhere";
        is order("/real/$what", $all, more => ["X-Real-IP: $_"])->{status}, 403, "$what: $_"
            for '128.0.0.1', '::2', '::ffff:10.0.0.1', '0.0.0.0', '::';
        is order("/denied/$what", $all)->{status}, 403, "$what: deny all";
    }
    is get($gate, '/control/revocations', headers => ['Origin: http://a'])->{status}, 403, 'the list: Origin';
    is get($gate, '/real/revocations', headers => ['X-Real-IP: 192.0.2.1'])->{status}, 403, '  an address from elsewhere';
    is_deeply get($gate, '/control/revocations')->{json}, { revocations => [] }, 'none of these has revoked anything';
    for my $address ('127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1') {
        is order('/real/restore', $all, more => ["X-Real-IP: $address"])->{status}, 200, "loopback: $address";
    }
    is order('/open/restore', $all, more => ['X-Real-IP: 192.0.2.1'])->{status}, 200, 'eiam_control open';
    is order('/open/restore', $all, more => [ 'X-Real-IP: 192.0.2.1', 'Origin: http://a' ])->{status}, 403, '  but no browser';
    my $said = qx(curl -s --unix-socket @{[ $gate->dir ]}/control.sock -d '$all' http://x/control/restore);
    is_deeply eval { JSON::PP::decode_json($said) }, { restored => undef, in_force => JSON::PP::true, gateways => [] }, 'a unix socket'
        or diag $said;
};

subtest '2.3-2: orders are logged with the reason, and no token' => sub {
    my $token = learned('crm');
    order('revoke', "token=$token&reason=in+a+%22log%22");
    order('restore', "token=$token&reason=gone");
    order('revoke', 'application=a%22b&reason=%E6%B3%84');
    order('restore', 'application=a%22b&reason=x');
    $gate->stop;
    my $log = $gate->error_log;
    my $id = id($token);
    like $log, qr/\[notice\] .*eiam: control revoked the token $id, reason: "in a \\x22log\\x22", client: 127.0.0.1/, 'a token by its id';
    like $log, qr/\[notice\] .*eiam: control restored the token $id, reason: "gone"/, '  and its restoring';
    like $log, qr/\[notice\] .*eiam: control revoked the application "a\\x22b", reason: "\\xE6\\xB3\\x84"/, 'an application';
    like $log, qr/\[notice\] .*eiam: control restored all tokens, reason: "\\x22quoted\\x22"/, 'all';
    unlike $log, qr/\Q$token\E|Static-|@{[ sha256_hex($token) ]}/, 'no token';
};

bad_config("eiam_control: $_->[0]", { conf => $_->[1] }, $_->[2]) for
    [ 'another word', 'eiam_zone z 1m; server { listen 127.0.0.1:%PORT%; location /c/ { eiam_control closed; } }',
        qr/eiam_control: unknown parameter "closed", only "open" may stand here; set in / ],
    [ 'twice', 'server { listen 127.0.0.1:%PORT%; location /c/ { eiam_control; eiam_control open; } }',
        qr/"eiam_control" directive is duplicate/ ],
    [ 'a location with a pattern', 'server { listen 127.0.0.1:%PORT%; location ~ /c/ { eiam_control; } }',
        qr/"eiam_control" needs a location with a prefix or a path/ ],
    [ 'a status location', 'server { listen 127.0.0.1:%PORT%; location /c/ { eiam_status; eiam_control; } }',
        qr/"eiam_control" needs a location without "eiam_status"/ ];

done_testing;
