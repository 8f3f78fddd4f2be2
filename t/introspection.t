#!/usr/bin/perl
# Introspection: what is asked, what each answer means, and which configurations are refused.

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Test::More;
use EIAM::Http2;
use EIAM::Nginx qw(slurp);
use EIAM::Source;
use EIAM::Test;

my ($true, $false) = (JSON::PP::true, JSON::PP::false);
my $now = time;

sub active { return { json => { active => $true, client_id => 'crm', scope => 'user_read', @_ } } }

my $source = EIAM::Source->new(map({ ($_ => active()) } qw(good other a+b/c~._-== x) ));
my $address = $source->address;

sub including { return join '|', map { qq(<!--# include virtual="/api/$_" -->) } @_ }

my %files = (
    'policy.json' => policy('/api',
        'GET /users' => ['user_read'], 'PUT /users' => ['user_write'],
        'GET /users/{id}' => ['user_read'], 'GET /none' => [ [] ], 'POST /none' => [ [] ],
        'GET /none/kept' => [ [] ], 'GET /open' => 'public', 'POST /open' => 'public',
        'GET /inner' => ['user_read'], 'GET /plain' => ['user_read'], 'PUT /plain' => ['user_read'],
        'PUT /streamed' => ['user_read'], 'GET /asked' => ['user_read'],
        'GET /mirrored' => ['user_read'], map { ("GET /$_" => ['user_read']) }
            qw(cached circuit denied returned not-there failed file limited granted)),
    'apps.json' => applications(
        { id => 'fixed', permissions => ['user_read'],
            tokens => [ 'fixed', { token => 'expired', expires => '2020-01-01T00:00:00Z' } ] },
        { id => 'off', permissions => ['user_read'], tokens => ['disabled'], enabled => 0 },
        { id => 'crm', permissions => [ 'user_read', 'user_write' ] }),
    'www/page.html'  => including(qw(users none)),
    'www/order.html' => including(qw(users none/kept none plain users/1)),
    'www/added.html' => 'added',
    'www/granted.json' => '{"active":true,"client_id":"crm","scope":"user_read"}',
);

# Endpoints in nginx, each with a location of its own.
my %by_nginx = (
    cached      => "proxy_cache answers; proxy_cache_methods POST; proxy_cache_valid any 1h;"
        . " proxy_cache_key same; proxy_pass http://$address;",
    denied      => "deny all; proxy_pass http://$address;",
    returned    => 'return 403;',
    'not-there' => 'return 404;',
    failed      => 'return 500;',
    file        => 'root %DIR%/www;',
    limited     => "limit_req zone=asked; proxy_pass http://$address;",
    granted     => 'default_type application/json;'
        . q( return 200 '{"active":true,"client_id":"crm","scope":"user_read"}';),
);
my $by_nginx = join "\n", map {
    "location = /api/$_ { eiam on; eiam_introspection /by-nginx/$_; proxy_pass http://%ECHO%; }"
    . " location = /by-nginx/$_ { internal; $by_nginx{$_} }"
} sort keys %by_nginx;

my $gate = nginx(files => \%files, http => qq{
        eiam_policy %DIR%/policy.json;
        eiam_introspection_circuit 0;
        upstream kept { server $address; keepalive 2; }
        proxy_cache_path %DIR%/cache keys_zone=answers:1m;
        limit_req_zone \$server_port zone=asked:1m rate=1r/m;
    },
    server => qq{
        listen 127.0.0.1:%PORT2% http2;
        client_max_body_size 8m;
        client_body_buffer_size 8k;
        eiam_introspection /introspect;
        add_header X-Cache "\$eiam_source \$eiam_cache" always;
        add_header X-Detail \$eiam_detail always;

        location /api/ { eiam on; proxy_pass http://%ECHO%; }
        location = /api/users/fixed {
            eiam on; eiam_applications %DIR%/apps.json; proxy_pass http://%ECHO%;
        }
        location = /api/inner { eiam on; eiam_introspection off; proxy_pass http://%ECHO%; }
        location = /api/plain { eiam on; eiam_introspection /plain; proxy_pass http://%ECHO%; }
        location = /api/streamed {
            eiam on; proxy_request_buffering off; proxy_http_version 1.1; proxy_pass http://%ECHO%;
        }
        location = /api/none/kept { eiam on; eiam_introspection /kept; proxy_pass http://%ECHO%; }
        location = /api/asked { eiam on; auth_request /api/none; proxy_pass http://%ECHO%; }
        location = /api/circuit {
            eiam on; eiam_introspection /circuit; eiam_introspection_circuit 2 60s; eiam_cache_negative 0;
            proxy_pass http://%ECHO%;
        }
        $by_nginx
        location = /api/mirrored { eiam on; mirror /api/none; proxy_pass http://%ECHO%; }

        location = /introspect {
            internal;
            subrequest_output_buffer_size 16k;
            proxy_pass http://$address/oauth2/introspect;
        }
        location = /kept {
            internal; proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_pass http://kept;
        }
        location = /circuit { internal; proxy_pass http://$address; }
        location = /plain {
            internal;
            proxy_pass_request_headers off;
            proxy_set_header Content-Type application/x-www-form-urlencoded;
            proxy_set_header Accept application/json;
            proxy_set_header Authorization "Basic Z2F0ZTpzZWNyZXQ=";
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_pass http://$address;
        }

        location /pages/ { ssi on; alias %DIR%/www/; }
        location /added/ { add_before_body /api/users; alias %DIR%/www/; }
        location = /asking { auth_request /api/users; proxy_pass http://%ECHO%; }
        location = /missing { error_page 404 = /api/users; return 404; }
        location = /tried { try_files /no/such /api/users; }
        location = /granted.json { root %DIR%/www; }
    },
)->start;

# ---------------------------------------------------------------- what is asked

my @client_fields = (
    'Cookie: session=1', 'X-Forwarded-For: 192.0.2.1', 'X-Api-Key: k', 'X-EIAM-Application: evil',
    'Range: bytes=0-1', 'If-Range: "x"', 'If-None-Match: "x"', 'If-Match: *',
    'If-Modified-Since: Sat, 01 Jan 2000 00:00:00 GMT',
    'If-Unmodified-Since: Sat, 01 Jan 2000 00:00:00 GMT', 'Accept: text/html',
    'Accept-Encoding: gzip, br', 'Accept-Language: zh', 'User-Agent: test',
    'Referer: http://localhost/', 'Origin: http://localhost', 'Content-Type: text/plain',
    'Content-Encoding: gzip', 'TE: trailers', 'Upgrade: websocket', 'DNT: 1',
    'Connection: upgrade, keep-alive', 'Via: 1.1 x', 'Forwarded: for=192.0.2.1',
    'Proxy-Authorization: Basic eDp5', 'Pragma: no-cache', 'Cache-Control: no-cache', 'From: a@b',
    'Date: Sat, 01 Jan 2000 00:00:00 GMT',
    map { "X-More-$_: $_" } 1 .. 30);

# The only request that the source has received meanwhile.
sub asked {
    my ($title, $tests) = @_;
    $source->forget;
    $tests->();
    my @requests = $source->requests;
    is scalar @requests, 1, "$title: the source is asked once";
    return $requests[0] // { headers => [] };
}

# From 1.29.7 on nginx keeps connections to upstreams, and sends no Connection field.
my $fields = nginx_since(29, 7) ? 'accept content-length content-type host' : 'accept connection content-length content-type host';

sub names { return join ' ', sort map { lc $_->[0] } @{ $_[0]{headers} } }
sub field {
    my ($req, $name) = @_;
    return join '|', map { $_->[1] } grep { lc $_->[0] eq $name } @{ $req->{headers} };
}

subtest 'the question' => sub {
    my $req = asked('a first request', sub {
        passed get($gate, '/api/users?client_id=evil', token => 'good', headers => \@client_fields),
            'it passes',
            operation => 'getUsers', application => 'crm', scopes => 'user_read';
    });
    is "$req->{method} $req->{target}", 'POST /oauth2/introspect',
        'POST to the endpoint, without the query';
    is $req->{body}, 'token=good&token_type_hint=access_token', 'the token is in the body';
    is field($req, 'content-type'), 'application/x-www-form-urlencoded', 'as a form';
    is field($req, 'accept'), 'application/json', 'for JSON';
    is field($req, 'content-length'), length $req->{body}, 'of the right length';
    is names($req), $fields,
        'no field of the client goes along';

    $source->answer(plain => active());
    $req = asked('headers of the operator', sub {
        passed get($gate, '/api/plain', token => 'plain', headers => \@client_fields), 'it passes';
    });
    is "$req->{method} $req->{target} $req->{body}",
        'POST /plain token=plain&token_type_hint=access_token', 'the same question';
    is names($req), 'accept authorization content-length content-type host',
        'only the fields that are set go along';
    is field($req, 'authorization'), 'Basic Z2F0ZTpzZWNyZXQ=', 'the credentials of the gate';

    for my $token ('a+b/c~._-==', 'x' x 3000, 'a%b', '====', '-', '+') {
        my $shown = length $token > 20 ? 'a token of ' . length($token) . ' bytes' : "token $token";
        if ($token =~ /%|^=/) {
            $source->forget;
            refused get($gate, '/api/users', token => $token), 'token_invalid', "$shown: refused";
            is $source->count, 0, '  and not asked for, as it can be no token';
            next;
        }
        $source->answer($token => active());
        $req = asked($shown, sub { passed get($gate, '/api/users', token => $token),
            "$shown: passes" });
        is $req->{token}, $token, '  and arrives';
        like $req->{body}, qr/^token=[A-Za-z0-9._~%-]+&token_type_hint=access_token$/,
            '  urlencoded';
    }

    is names($req), $fields,
        'and no more fields than before';

    my %methods = (HEAD => [ '/api/users', head => 1 ], PUT => [ '/api/plain' ],
        GET => ['/api/none']);
    for my $method (sort keys %methods) {
        my ($target, %opt) = @{ $methods{$method} };
        $source->answer("by-$method" => active());
        $req = asked($method, sub {
            is get($gate, $target, method => $method, token => "by-$method", %opt)->{status}, 200,
                "$method passes";
        });
        is "$req->{method} $req->{body}", "POST token=by-$method&token_type_hint=access_token",
            '  after the same question';
    }
    is scalar(grep { $_->{method} ne 'POST' } $source->requests), 0, 'nothing but POST arrives';
};

subtest 'nothing of the answer reaches the client' => sub {
    $source->answer(talkative => { %{ active() }, headers => [ 'Set-Cookie: source=1',
        'X-Secret: s', 'ETag: "s"',
        'Last-Modified: Sat, 01 Jan 2000 00:00:00 GMT', 'WWW-Authenticate: Basic',
        'Cache-Control: max-age=1' ] },
        refused => { json => { active => $false }, headers => [ 'Set-Cookie: source=1',
            'X-Secret: s' ] });
    my $with = get($gate, '/api/users', token => 'talkative');
    passed $with, 'an allowed call';
    my $without = get($gate, '/api/users', token => 'good');
    is join(' ', sort keys %{ $with->{headers} }), join(' ', sort keys %{ $without->{headers} }),
        'has its usual headers';
    my $res = get($gate, '/api/users', token => 'refused');
    refused $res, 'token_invalid', 'a refused one';
    unlike $res->{head}, qr/Set-Cookie|X-Secret/i, '  has nothing of it';
};

# ---------------------------------------------------------------- the client's own body

subtest "the client's body" => sub {
    my $n = 0;
    for my $row ([ 'short', 'abc' ], [ 'empty', '' ],
        [ 'with zeros', join '', map { chr $_ % 256 } 1 .. 5000 ],
        [ 'large, in a file', 'x' x 3_000_000 ])
    {
        my ($title, $body) = @$row;
        for my $target ('/api/plain', '/api/streamed') {
            for my $chunked (0, 1) {
                my $token = 'body' . ++$n;
                $source->answer($token => active());
                my $sent = $chunked
                    ? join('', map { sprintf "%x\r\n%s\r\n", length, $_ } unpack '(a100000)*',
                        $body) . "0\r\n\r\n" : $body;
                my $how = $chunked ? 'chunked' : 'with a length';
                my $req = asked("$title to $target, $how", sub {
                    my $res = get($gate, $target, method => 'PUT', token => $token, body => $sent,
                        headers => [ $chunked ? 'Transfer-Encoding: chunked' : () ]);
                    passed $res, '  it passes';
                    is $res->{json}{body_sha256}, sha256_hex($body),
                        '  its body reaches the backend whole';
                });
                is $req->{body}, "token=$token&token_type_hint=access_token",
                    '  and not the source';
            }
        }
    }
};

subtest 'a body that comes later' => sub {
    $source->answer(map { ("late-$_" => active()) } 'plain', 'streamed', 'expect');
    for my $target (qw(plain streamed)) {
        my $c = connection($gate)->send(request("/api/$target", method => 'PUT',
            token => "late-$target",
            headers => ['Content-Length: 6']));
        is $source->await(1, "late-$target"), 1,
            "$target: the source is asked before the body is there";
        $c->send('abc')->send('def');
        my $res = $c->read_response;
        passed $res, '  the call passes';
        is $res->{json}{body}, 'abcdef', '  with its body';
        $c->send(request('/api/users', token => 'good'));
        passed $c->read_response, '  and the connection goes on';
    }
    $source->answer('late-expect' => { %{ active() }, hold => 0 },
        'bad-expect' => { json => { active => $false } });
    my @expect = (method => 'PUT', headers => [ 'Expect: 100-continue', 'Content-Length: 3' ]);
    my $c = connection($gate)->send(request('/api/plain', token => 'late-expect', @expect));
    $source->await(1, 'late-expect');
    is $c->{in}, '', 'no 100 before the answer of the source';
    $source->release;
    $c->_wait(time + 10) until $c->{eof} || $c->{in} =~ /\r\n\r\n/;
    is $c->{in}, "HTTP/1.1 100 Continue\r\n\r\n", '  one after it';
    passed $c->send('abc')->read_response, '  then the body, and it passes';
    my $res = connection($gate)->send(request('/api/plain', token => 'bad-expect',
        @expect))->read_response;
    refused $res, 'token_invalid', 'a refused call';
    is scalar @{ $res->{interim} }, 0, '  gets no 100';
};

subtest 'a refused call with a body' => sub {
    $source->answer(gone => { json => { active => $false } });
    for my $body ('abc', 'x' x 200_000) {
        my $c = connection($gate)->send(request('/api/plain', method => 'PUT', token => 'gone',
            body => $body));
        refused $c->read_response, 'token_invalid', length($body) . ' bytes: refused';
        passed $c->send(request('/api/users', token => 'good'))->read_response,
            '  and the next one of the connection passes';
    }
};

subtest 'bodies of requests that wait for the question of another one' => sub {
    $source->answer(waited => { %{ active() }, hold => 0 });
    my $leader = connection($gate)->send(request('/api/users', token => 'waited'));
    $source->await(1, 'waited');
    my @open = map { connection($gate)->send(request("/api/$_", method => 'PUT', token => 'waited',
        headers => ['Content-Length: 200000'])) } 'plain', 'streamed', 'plain', 'streamed';
    nothing_yet(@open);
    $_->send('y' x 50_000) for @open[ 0, 1 ];
    is nothing_yet(@open), '', 'nothing is answered before the source has';
    push @open, connection($gate)->send(request('/api/plain', method => 'PUT', token => 'waited',
        body => 'y' x 200_000));
    $source->await(2, 'waited');
    $source->release;
    passed $leader->read_response, 'the one that asks';
    $_->send('y' x 150_000) for @open[ 0, 1 ];
    $_->send('y' x 200_000) for @open[ 2, 3 ];
    for my $c (@open) {
        my $res = $c->read_response;
        passed $res, 'one that waited';
        is $res->{json}{body_sha256}, sha256_hex('y' x 200_000), '  with its whole body';
        $c->send(request('/api/users', token => 'good'));
        passed $c->read_response, '  and the next one of its connection';
    }
    is $source->count('waited'), 2, 'one question at each of the two endpoints';
};

# What the connections have received after a while.
sub nothing_yet {
    my (@connections) = @_;
    for my $c (@connections) { eval { local $c->{timeout} = 0.05; $c->_wait(time + 0.05); 1 } }
    return join '', map { $_->{in} } @connections;
}

subtest 'pipelined requests' => sub {
    my @tokens = map { "pipe-$_" } 1 .. 20;
    $source->answer(map { ($_ => active(client_id => "app-$_")) } @tokens);
    $source->answer(map { ("no-$_" => { json => { active => $false } }) } @tokens);
    $source->forget;
    my @rows = map { my $t = $_; ([ '/api/users', $t ], [ '/api/users', "no-$t" ],
        [ '/api/none', $t ], [ '/api/open' ]) } @tokens;
    my @res = raw($gate, join('', map { request($_->[0], token => $_->[1]) } @rows),
        count => scalar @rows, timeout => 30);
    is join(' ', map { $_->{status} } @res), join(' ', (200, 401, 200, 200) x 20),
        'each has its own answer';
    is join(' ', map { received($_, 'X-EIAM-Application') } @res),
        join(' ', map { ("app-$_") x 2 } @tokens), '  and application';
    is $source->count, 40, '  after one question for each token';
};

subtest 'connections to the source' => sub {
    my @tokens = map { "kept-$_" } 1 .. 50;
    $source->answer(map { ($tokens[$_] => { %{ active() }, $_ % 2
        ? (chunked => 9) : () }) } 0 .. $#tokens);
    my $before = $source->state->{connections};
    passed get($gate, '/api/none/kept', token => $_), "by a connection that is kept: $_"
        for @tokens;
    is $source->state->{connections} - $before, 1, 'one connection is enough';
};

# ---------------------------------------------------------------- what an answer means

my $good = '{"active":true,"client_id":"crm","scope":"user_read"}';
my $both = 'crm|user_read user_write';
my $none = 'crm|';
my $read = 'crm|user_read';
my $su   = 'source_unavailable';

sub body  { my ($body, @more) = @_; return { body => $body, @more } }
sub raw_with { return body(sprintf '{"active":true,"client_id":"crm","scope":"user_read",%s}',
    $_[0]) }

# Answers as real servers write them, each with the grant that follows from it: see docs/TOKENS.md.
sub shapes {
    my %times = (iat => $now, exp => $now + 300);
    my $sub = '0d9c4a52-7a1e-4c55-9b9d-3f3ad4a9f001';
    return map { [ "2.6-6: what $_->[0] answers", { json => { active => $true, %times, %{ $_->[1] } } }, $_->[2] // $both ] } (
        [ Keycloak => { jti => 'trrtcc:5b6e', iss => 'https://as.example.test/realms/company', aud => 'account',
            sub => $sub, typ => 'Bearer', azp => 'crm', acr => '1', 'allowed-origins' => ['/*'],
            realm_access => { roles => [ 'offline_access', 'uma_authorization' ] },
            resource_access => { account => { roles => ['view-profile'] } }, clientHost => '192.0.2.7',
            scope => 'user_read email user_write profile', email_verified => JSON::PP::false, client_id => 'crm',
            username => 'service-account-crm', preferred_username => 'service-account-crm',
            clientAddress => '192.0.2.7', token_type => 'Bearer' } ],
        [ 'Hydra' => { scope => 'user_read user_write', client_id => 'crm', sub => 'crm', nbf => $now,
            aud => [], iss => 'https://as.example.test/', token_type => 'Bearer', token_use => 'access_token',
            ext => { tenant => 'one' } } ],
        [ 'Hydra before 1.5' => { scope => 'user_read user_write', client_id => 'crm', sub => 'crm',
            iss => 'https://as.example.test/', token_type => 'access_token' } ],
        [ Okta => { token_type => 'Bearer', scope => 'user_read user_write', client_id => 'crm', uid => '00u1',
            username => 'crm', aud => 'api://default', sub => 'crm', jti => 'AT.k3',
            iss => 'https://company.example.test/oauth2/default' } ],
        [ 'Okta, by its claims' => { cid => 'crm', scp => [qw(user_read user_write)], sub => 'crm',
            aud => 'api://default' }, $none ],
        [ Auth0 => { azp => 'crm', scope => 'user_read user_write', gty => 'client-credentials',
            sub => 'crm@clients', aud => 'https://gate.example.test/api', iss => 'https://company.example.test/' } ],
        [ 'an adapter to Entra ID, version 1' => { appid => 'crm', appidacr => '1', oid => $sub, sub => $sub, ver => '1.0',
            tid => $sub, aud => 'api://gate', nbf => $now, scope => [qw(user_read user_write)] } ],
        [ 'an adapter to Entra ID, version 2' => { azp => 'crm', azpacr => '1', oid => $sub, sub => $sub, ver => '2.0',
            tid => $sub, aud => $sub, nbf => $now, scope => 'user_read user_write' } ],
        [ Glewlwyd => { username => undef, client_id => 'crm', token_type => 'bearer', aud => 'https://gate.example.test/',
            sub => undef, scope => 'user_read user_write', nbf => $now, jti => 'aB3' } ],
        [ 'oidc-provider' => { client_id => 'crm', iss => 'https://as.example.test', scope => 'user_read user_write',
            token_type => 'Bearer' } ],
        [ 'oidc-provider for an API' => { aud => 'urn:gate', client_id => 'crm', iss => 'https://as.example.test',
            scope => 'user_read user_write', token_type => 'Bearer' } ],
        [ 'Spring Authorization Server' => { sub => 'crm', aud => ['crm'], nbf => $now, scope => 'user_read user_write',
            iss => 'https://as.example.test', client_id => 'crm', jti => $sub, token_type => 'Bearer' } ],
        [ 'a server with an array for scope and null for what it has not' => { client_id => 'crm', username => undef,
            nbf => undef, cnf => undef, aud => undef, scope => [qw(user_read user_write)] } ],
        [ 'Keycloak of a refresh token' => { typ => 'Refresh', azp => 'crm', client_id => 'crm', token_type => 'Refresh',
            scope => 'user_read user_write' }, 'token_invalid' ],
        [ 'Hydra of a refresh token' => { scope => 'user_read offline', client_id => 'crm', token_use => 'refresh_token' },
            'token_invalid' ],
    );
}

# Title, behaviour, and "application|scopes" if the call passes, or the reason.
my @answers = (
    [ 'the least that passes', body('{"active":true}'), '|' ],
    [ 'application and scope', active(), $read ],
    [ 'all that RFC 7662 knows', active(username => 'u', sub => 's', aud => [ 'a', 'b' ],
        iss => 'http://i', jti => 'j',
        iat => $now, exp => $now + 600, nbf => $now - 600, token_type => 'Bearer'), $read ],
    [ 'members that nobody knows', active(ext => { a => [ 1, { b => undef } ] }, Active => $false,
        ACTIVE => 0), $read ],
    [ 'white space around', body(" \r\n\t$good \n "), $read ],
    [ 'escapes in names and values',
        body('{"\u0061ctive":true,"client_id":"c\u0072m","scope":"user\u005fread"}'), $read ],

    [ 'active: false', body('{"active":false}'), 'token_invalid' ],
    [ 'active: false with everything else', active(active => $false), 'token_invalid' ],
    [ 'no active', body('{"client_id":"crm","scope":"user_read"}'), 'token_invalid' ],
    [ 'Active for active', body('{"Active":true,"scope":"user_read"}'), 'token_invalid' ],
    [ 'an empty object', body('{}'), 'token_invalid' ],
    (map { [ "active: $_", body(qq({"active":$_,"client_id":"crm","scope":"user_read"})),
        'token_invalid' ] }
        '"true"', '1', '1.0', 'null', '"false"', '0', '""', '"1"', '[]', '[true]', '{}',
        '{"active":true}'),

    [ 'integers beyond 64 bits', body('{"active":true,"client_id":"crm","scope":"user_read","uid":18446744073709551615,'
        . '"exp":4102444800,"x":[-9223372036854775809]}'), $read ],

    [ 'two scopes', active(scope => 'user_read user_write'), $both ],
    [ 'scopes in another order', active(scope => 'user_write user_read'), $both ],
    [ 'spaces around scopes', active(scope => '   user_read    user_write  '), $both ],
    [ 'a scope twice', active(scope => 'user_read user_read'), $read ],
    [ 'scopes that no policy knows', active(scope => 'openid user_read org:all "x" user_delete'),
        $read ],
    [ 'no scope', body('{"active":true,"client_id":"crm"}'), $none ],
    [ 'an empty scope', active(scope => ''), $none ],
    [ 'spaces alone', active(scope => '     '), $none ],
    [ 'a tab between scopes', active(scope => "user_read\tuser_write"), $none ],
    [ 'a line feed between scopes', active(scope => "user_read\nuser_write"), $none ],
    [ 'a no-break space between scopes', active(scope => "user_read\x{a0}user_write"), $none ],
    [ 'a comma between scopes', active(scope => 'user_read,user_write'), $none ],
    [ 'another case', active(scope => 'User_read USER_READ'), $none ],
    [ 'parts of a scope, and more than it',
        active(scope => 'user_rea ser_read user_readx user_read/x'), $none ],
    [ 'a scope of 4096 bytes', active(scope => 'user_read ' . 'x' x 4086), $read ],
    [ 'a scope of 4097 bytes', active(scope => 'user_read ' . 'x' x 4087), 'token_invalid' ],
    [ 'a scope of 1 MB', active(scope => 'user_read ' x 100_000), $su ],
    [ '2,000 scopes', active(scope => join(' ', ('y') x 2000) . ' user_read'), $read ],
    (map { [ "scope: $_", body(qq({"active":true,"client_id":"crm","scope":$_})), 'token_invalid' ] }
        '1', 'true', '["user_read",1]', '["user_read",null]', '[["user_read"]]', '{"user_read":true}'),
    [ '2.6-6: scope as an array of words', active(scope => [qw(openid user_read user_write)]), $both ],
    [ 'an empty array for scope', active(scope => []), $none ],
    (map { [ "2.6-6: a blank inside a word of the array: '$_->[-1]'", active(scope => $_), 'token_invalid' ] }
        ['user_read user_write'], [ 'user_read', 'user_write ' ], [ 'user_read', ' ' ]),
    [ 'an array of 4096 bytes', active(scope => [ 'user_read', 'x' x 4086 ]), $read ],
    [ 'an array of 4097 bytes', active(scope => [ 'user_read', 'x' x 4087 ]), 'token_invalid' ],
    [ 'scope: null, which is none', body('{"active":true,"client_id":"crm","scope":null}'), $none ],
    [ 'scopes for scope', body('{"active":true,"client_id":"crm","scopes":"user_read"}'), $none ],
    [ 'a NUL in scope', body('{"active":true,"client_id":"crm","scope":"user_read\u0000"}'), $su ],

    [ 'exp in the future', active(exp => $now + 600), $read ],
    [ 'exp in a far future', active(exp => 9_007_199_254_740_991), $read ],
    [ 'a fractional exp in the future', raw_with(sprintf '"exp":%d.75', $now + 600), $read ],
    [ 'exp with an exponent', raw_with('"exp":4e9'), $read ],
    [ 'exp in the past', active(exp => $now - 1), 'token_expired' ],
    [ 'exp now', active(exp => $now), 'token_expired' ],
    [ 'a fractional exp in the past', raw_with(sprintf '"exp":%d.5', $now - 1), 'token_expired' ],
    [ 'exp: 0', active(exp => 0), 'token_expired' ],
    [ 'exp: -0.0', raw_with('"exp":-0.0'), 'token_expired' ],
    [ 'a negative exp', active(exp => -1), 'token_expired' ],
    [ 'a negative fractional exp', raw_with('"exp":-0.5'), 'token_expired' ],
    [ 'a very negative exp', raw_with('"exp":-9007199254740991'), 'token_expired' ],
    (map { [ "exp: $_", raw_with(qq("exp":$_)), 'token_invalid' ] } '9007199254740994',
        '-9007199254740994', '9223372036854775807', '99999999999999999999', '-99999999999999999999', '1e300', '-1e300', '"4102444800"', '""', 'true',
        '[4102444800]', '{}'),
    (map { [ "exp: $_", raw_with(qq("exp":$_)), $su ] } '1e400', 'NaN', 'Infinity', '0x7fffffff', '04102444800', '+4102444800'),

    [ 'nbf in the past', active(nbf => $now - 1), $read ],
    [ 'nbf: 0', active(nbf => 0), $read ],
    [ 'a negative nbf', active(nbf => -1.5), $read ],
    [ 'nbf in the future', active(nbf => $now + 600), 'token_invalid' ],
    [ 'a fractional nbf in the future', raw_with(sprintf '"nbf":%d.5', $now + 600),
        'token_invalid' ],
    (map { [ "nbf: $_", raw_with(qq("nbf":$_)), 'token_invalid' ] } '9007199254740994', '-1e300', '"0"', 'false',
        '[]'),
    (map { [ "$_: null, which is none", raw_with(qq("$_":null)), $read ] } qw(exp nbf token_type cnf)),

    (map { [ "token_type $_", active(token_type => $_), $read ] } qw(Bearer bearer BEARER)),
    (map { [ "token_type '$_'", active(token_type => $_), 'token_invalid' ] }
        'DPoP', 'pop', 'mac', 'N_A', '', 'Bearer ', 'bearerx', 'Beare', 'refresh_token'),
    (map { [ "token_type: $_", raw_with(qq("token_type":$_)), qr/^(token_invalid|$su)$/ ] } '1',
        '["Bearer"]'),

    (map { [ "cnf: $_", raw_with(qq("cnf":$_)), 'token_invalid' ] }
        '{"jkt":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}', '{"x5t#S256":"x"}', '{}', 'false', '""'),

    [ 'token_type access_token, as Hydra had it', active(token_type => 'access_token'), $read ],

    [ 'a client_id of 255 bytes', active(client_id => 'c' x 255), 'c' x 255 . '|user_read' ],
    [ 'a client_id of 256 bytes', active(client_id => 'c' x 256), 'token_invalid' ],
    [ 'a client_id with spaces and signs',
        active(client_id => q{a b;"c"=<'>,%41}), q{a b;"c"=<'>,%41} . '|user_read' ],
    (map { [ "client_id: $_", body(qq({"active":true,"client_id":$_,"scope":"user_read"})),
        'token_invalid' ] } '""', '1', 'true', '["crm"]', '{}', '"a\u0001b"', '"a\nb"',
        '"a\r\nX-EIAM-Scopes: all"', '"a\tb"', '"\u007f"'),
    [ 'client_id: null, which is none', body('{"active":true,"client_id":null,"scope":"user_read"}'),
        '|user_read' ],
    [ 'a client_id with a NUL', body('{"active":true,"client_id":"a\u0000"}'), $su ],

    (map { [ "2.6-6: $_ names the application",
        body(qq({"active":true,"$_":"crm","scope":"user_read"})), $read ] } qw(azp cid appid)),
    [ 'azp where client_id is null', active(client_id => undef, azp => 'crm'), $read ],
    [ 'client_id and azp that agree', active(azp => 'crm'), $read ],
    (map { [ "2.6-6: client_id and another $_", active($_ => 'erp'), 'token_invalid' ] } qw(azp cid appid)),
    [ 'a client_id and an azp that is no string', active(azp => ['crm']), 'token_invalid' ],
    [ 'sub, which names no application', body('{"active":true,"sub":"crm","scope":"user_read"}'), '|user_read' ],
    (map { [ "2.6-6: an answer about another token: $_->[0] $_->[1]", active(@$_), 'token_invalid' ] }
        [ token_use => 'refresh_token' ], [ token_use => 'id' ], [ typ => 'Refresh' ], [ typ => 'Offline' ],
        [ typ => 'ID' ], [ token_type => 'refresh_token' ]),
    shapes(),

    [ 'no body', body(''), $su ],
    [ 'white space alone', body("  \n"), $su ],
    (map { [ "$_ for an object", body($_), $su ] } 'true', 'null', '1', '"active"', '[]', "[$good]",
        'active=true', '{'),
    [ 'HTML', body('<html><body>{"active":true}</body></html>', type => 'text/html'), $su ],
    [ 'HTML that says it is JSON', body('<html></html>'), $su ],
    [ 'cut off JSON', body(substr $good, 0, -1), $su ],
    [ 'two objects', body("$good$good"), $su ],
    [ 'something behind the object', body("$good;"), $su ],
    [ 'a NUL behind the object', body("$good\0"), $su ],
    [ 'a byte order mark', body("\xef\xbb\xbf$good"), $su ],
    [ 'UTF-16', body(join '', map { "$_\0" } split //, $good), $su ],
    [ 'bytes that are no UTF-8', body('{"active":true,"client_id":"' . "\xff" . '"}'), $su ],
    [ 'single quotes', body($good =~ tr/"/'/r), $su ],
    [ 'a comment', body("/* yes */$good"), $su ],
    [ 'a comma too much', body('{"active":true,}'), $su ],
    [ 'active twice', body('{"active":false,"active":true}'), $su ],
    [ 'active twice, the same', body('{"active":true,"active":true}'), $su ],
    [ 'active twice, once escaped', body('{"active":false,"\u0061ctive":true}'), $su ],
    [ 'scope twice', body('{"active":true,"scope":"","scope":"user_read"}'), $su ],
    [ 'an unknown member twice', body('{"active":true,"x":{"a":1,"a":2}}'), $su ],
    [ '5,000 levels', raw_with('"x":' . '[' x 5000 . ']' x 5000), $su ],
    [ '10 MB that would be right', body($good, pad => 10_000_000), $su ],
    [ '10 MB in chunks', body($good, pad => 10_000_000, chunked => 65_536), $su ],
    [ '10 MB up to the end', body($good, pad => 10_000_000, until_close => 1, close => 1), $su ],

    (map { [ "Content-Type $_", body($good, type => $_),
        $read ] } 'application/json; charset=utf-8',
        'application/json;charset=UTF-8', 'Application/JSON', 'application/json ; x=y'),
    (map { [ "Content-Type '$_'", body($good, type => $_), $su ] } 'text/html', 'text/plain',
        'text/json',
        'application/jsonx', 'application/json-seq', 'application/json+x', 'application/x-json',
        'application', '', 'json',
        'application/token-introspection+jwt', 'application/jwt', 'application/octet-stream',
        ';application/json'),
    [ 'no Content-Type', body($good, type => undef), $su ],
    [ 'Content-Encoding: gzip', body(gzipped($good), headers => ['Content-Encoding: gzip']), $su ],
    [ 'Content-Encoding: gzip that is a lie', body($good, headers => ['Content-Encoding: gzip']),
        $su ],
    [ 'Content-Encoding: br', body($good, headers => ['content-encoding: br']), $su ],

    [ 'chunks', body($good, chunked => 7), $read ],
    [ 'chunks of one byte', body($good, chunked => 1), $read ],
    [ 'chunks without an end', body($good, chunked => 7, last_chunk => 0, close => 1), $su ],
    [ 'chunks that are none', body($good, headers => ['Transfer-Encoding: chunked'],
        until_close => 1, close => 1), $su ],
    [ 'byte by byte', body($good, pace => 0.001), $read ],
    [ 'byte by byte in chunks', body($good, chunked => 1, pace => 0.0005), $read ],
    [ 'no length, up to the end', body($good, until_close => 1, close => 1), $read ],
    [ 'no length, and cut off', body(substr($good, 0, -1), until_close => 1, close => 1), $su ],
    [ 'cut off before the length', body($good, length => length($good) + 1, close => 1), $su ],
    [ 'a length that is too short', body($good, length => length($good) - 1, close => 1), $su ],
    [ 'a length of 0', body($good, length => 0, close => 1), $su ],
    [ 'cut off in the head', body($good, stop => 40), $su ],
    [ 'cut off in the status line', body($good, stop => 10), $su ],
    [ 'no answer at all', body($good, stop => 0), $su ],
    [ 'a reset', body($good, stop => 0, end => 'reset'), $su ],
    [ 'no HTTP', { raw => "$good\n", close => 1 }, $su ],
    [ 'a head without an end', { raw => 'HTTP/1.1 200 OK' . "\r\nX-A: b" x 10_000, close => 1 },
        $su ],
    [ 'a head that is too large', body($good, headers => [ 'X-A: ' . 'b' x 100_000 ]), $su ],

    (map { [ "status $_", body($good, status => $_), 'token_invalid' ] } 400, 402, 404, 405, 406,
        408, 409, 410, 413, 415, 418,
        422, 451, 499),
    [ 'status 400 as some servers have it', body('{"error":"unsupported_token_type"}',
        status => 400), 'token_invalid' ],
    [ 'status 404 with HTML', body('<html></html>', status => 404, type => 'text/html'),
        'token_invalid' ],
    (map { [ "status $_", body($good, status => $_), $su ] } 201, 202, 203, 204, 205, 206, 207, 226,
        300, 304, 401, 403, 429,
        500, 501, 502, 503, 504, 599, 600, 999),
    (map { [ "status $_ to an answer that would do", body($good, status => $_,
        headers => ["Location: http://$address/granted"]), $su ] } 301, 302, 303, 307, 308),
    [ 'status 401 with a challenge',
        body('', status => 401, headers => ['WWW-Authenticate: Basic realm="x"']), $su ],
    [ 'a redirect inside nginx', body('', headers => ['X-Accel-Redirect: /granted.json']), $su ],
    [ '100 before the answer', body($good, before => ["HTTP/1.1 100 Continue\r\n\r\n"], close => 1),
        $su ],
    [ '102 before the answer', body($good, before => ["HTTP/1.1 102 Processing\r\n\r\n"],
        close => 1), $su ],
    # nginx 1.29 and later read over early hints.
    [ '103 before the answer', body($good,
        before => ["HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"], close => 1), nginx_since(29, 0) ? $read : $su ],
    [ '101', { raw => "HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        . "Content-Type: application/json\r\n\r\n$good", close => 1 }, $su ],
);

# One member, stored: RFC 1952 with RFC 1951's uncompressed block.
sub gzipped {
    my ($text) = @_;
    my $crc = ~0 & 0xffffffff;
    for my $byte (unpack 'C*', $text) {
        $crc ^= $byte;
        $crc = $crc >> 1 ^ ($crc & 1 ? 0xedb88320 : 0) for 1 .. 8;
    }
    return "\x1f\x8b\x08" . "\0" x 6 . "\xff\1" . pack('vv', length $text, ~length($text) & 0xffff)
        . $text
        . pack('VV', ~$crc & 0xffffffff, length $text);
}

# "application|scopes", or what is wrong.
sub meaning {
    my ($res, $expected) = @_;
    return $res->{json}{error_code} // "status $res->{status}" if $res->{status} != 200;
    my %got = map { ($_ => join '|', received($res, "X-EIAM-$_")) } qw(Application Scopes);
    return "$got{Application}|" . join ' ', sort split / /, $got{Scopes};
}

subtest 'answers' => sub {
    my $n = 0;
    for my $row (@answers) {
        my ($title, $behaviour, $expected) = @$row;
        my $token = 'answer-' . ++$n;
        $source->answer($token => $behaviour);
        my $res = eval { get($gate, '/api/none', token => $token, timeout => 30) };
        if (!$res) {
            fail "$title: answered";
        } elsif (ref $expected) {
            my ($reason) = grep { !EIAM::Test::differences($res, $_) } keys %EIAM::Test::REFUSAL;
            like $reason // $res->{body}, $expected, "$title: refused";
        } elsif ($EIAM::Test::REFUSAL{$expected}) {
            refused $res, $expected, "$title: $expected";
        } else {
            is meaning($res), $expected, "$title: passes";
            my $scope = get($gate, '/api/users', token => $token);
            $expected =~ /user_read/ ? passed $scope, '  where the scope is asked for, too'
                : refused $scope, 'scope_insufficient', '  where no scope is asked for only';
        }
    }
    cmp_ok $n, '>', 60, 'so many answers';
};

subtest 'what the client sends does not change the answer' => sub {
    my @sent = ('Upgrade: websocket', 'Connection: upgrade', 'Accept-Encoding: gzip',
        'If-None-Match: *', 'Range: bytes=0-5');
    $source->answer(switched => $answers[-1][1], ranged => active(),
        'not-there' => { status => 304 });
    refused get($gate, '/api/users', token => 'switched', headers => \@sent), $su,
        '101 to a client that wants to switch';
    is get($gate, '/api/users', token => 'ranged', headers => \@sent)->{headers}{'x-cache'},
        'introspection MISS', 'a range';
    refused get($gate, '/api/users', token => 'not-there', headers => \@sent), $su, 'status 304';
};

subtest 'answers that are not of the source' => sub {
    my $cached = get($gate, '/api/cached', token => 'good');
    passed $cached, 'a first answer, by way of proxy_cache', application => 'crm';
    $source->answer('cached-no' => { json => { active => $false } })->forget;
    refused get($gate, '/api/cached', token => 'cached-no'), $su,
        'the same answer out of it, for another token';
    is $source->count, 0, '  for which the source was not asked';
    passed get($gate, '/api/cached', token => 'good'), 'the first token is known';

    for my $row ([ returned => 'return 403' ], [ 'not-there' => 'return 404' ], [ failed => 'return 500' ],
        [ file => 'a file that is not there' ])
    {
        my ($path, $title) = @$row;
        my $token = "by-nginx-$path";
        $source->answer($token => active());
        refused get($gate, "/api/$path", token => $token), $su, "$title in the location: no answer" for 1, 2;
        is $source->count($token), 0, '  and the source was not asked';
        passed get($gate, '/api/users', token => $token), '  while it grants the token elsewhere';
    }
    for my $row ([ denied => 'deny all' ], [ limited => 'limit_req' ]) {
        my ($path, $title) = @$row;
        $source->answer(map { ("$path-$_" => active()) } 1, 2);
        passed get($gate, "/api/$path", token => "$path-$_"),
            "$title in the location is for clients: the source is asked" for 1, 2;
    }
    passed get($gate, '/api/granted', token => 'any'), 'an answer that the location itself returns',
        application => 'crm';
};

subtest 'one token with odd claims' => sub {
    my @odd = ('"exp":"soon"', '"nbf":1e300', '"client_id":"\\n"', '"scope":["user_read",1]',
        '"token_type":7', '"cnf":{}');
    $source->answer(odd => [ map { body(qq({"active":true,$_})) } (@odd) x 4 ])->forget;
    refused get($gate, '/api/circuit', token => 'odd'), 'token_invalid', "it is refused, time $_" for 1 .. 20;
    is $source->count('odd'), 20, 'and asked for each time, as eiam_cache_negative is 0';
    $source->answer('beside-odd' => active());
    passed get($gate, '/api/circuit', token => 'beside-odd'), 'others are still asked for',
        application => 'crm';
    $source->answer('broken-1' => { status => 500 }, 'broken-2' => body('<html>'),
        'closed-1' => { stop => 0 }, 'closed-2' => { status => 503 });
    refused get($gate, '/api/circuit', token => "broken-$_"), $su, "an answer of no use: $_ of 2" for 1, 2;
    passed get($gate, '/api/circuit', token => 'good'), 'others are still asked for', application => 'crm';
    refused get($gate, '/api/circuit', token => "closed-$_"), $su, "a failure of the source: $_ of 2"
        for 1, 2;
    $source->forget;
    my $res = get($gate, '/api/circuit', token => 'after-broken');
    refused $res, $su, 'such ones open the circuit';
    is $res->{headers}{'x-detail'}, 'circuit_open', '  which is the detail';
    is $source->count, 0, '  and nothing is asked for';
};

subtest '2.6-10: the detail names the check that failed, also of a token that was refused before' => sub {
    my @rows = (
        [ inactive => { json => { active => $false } } ], [ bound => active(cnf => { jkt => 'x' }) ],
        [ type => active(token_type => 'DPoP') ], [ type => active(token_use => 'refresh_token') ],
        [ time => active(exp => '4102444800') ], [ not_yet_valid => active(nbf => $now + 600) ],
        [ application => active(azp => 'erp') ], [ scopes => active(scope => ['a b']) ],
        [ source_status => { status => 400 } ], [ source_status => { status => 401 } ],
        [ source_status => { status => 400, body => 'cut', length => 9, close => 1 } ],
        [ source_down => { stop => 0 } ], [ unreadable => body('<html>') ],
        [ unreadable => body($good, type => 'text/html') ], [ unreadable => body($good, pad => 100_000) ],
    );
    my $n = 0;
    for my $row (@rows) {
        my ($detail, $behaviour) = @$row;
        my $token = 'detail-' . ++$n;
        $source->answer($token => $behaviour);
        my @got = map { get($gate, '/api/users', token => $token)->{headers}{'x-detail'} // '' } 1, 2;
        is "@got", "$detail $detail", "$detail, twice";
    }
    for my $row ([ returned => 'not_asked' ], [ cached => 'from_cache' ]) {
        my ($path, $detail) = @$row;
        $source->answer("detail-$path" => active());
        is get($gate, "/api/$path", token => "detail-$path")->{headers}{'x-detail'}, $detail, "$path: $detail";
    }
    is get($gate, '/api/users', token => 'good')->{headers}{'x-detail'}, undef, 'a token that passes has none';
    my ($line) = grep { /detail: "not_yet_valid"/ } split /\n/, $gate->error_log;
    like $line, qr/eiam: refused, token_invalid, /, 'the line in the log has it';
};

# ---------------------------------------------------------------- for which API a token is

subtest '2.1-4: a token for another API is refused where eiam_introspection_audience is set' => sub {
    my $conf = sub {
        my ($users) = @_;
        return qq{
            eiam_policy %DIR%/policy.json; eiam_introspection /introspect; eiam_introspection_circuit 2 1h;
            eiam_introspection_limit 2;
            add_header X-Cache "\$eiam_source \$eiam_cache" always;
            add_header X-Detail \$eiam_detail always;
            location /api/ { eiam on; $users proxy_pass http://%ECHO%; }
            location = /api/plain { eiam on; eiam_introspection_audience urn:plain; proxy_pass http://%ECHO%; }
            location = /api/inner { eiam on; proxy_pass http://%ECHO%; }
            location /status/ { eiam_status; }
            location = /introspect { internal; proxy_pass http://$address; }
        };
    };
    my $one = nginx(files => \%files, error_log_level => 'info', server => $conf->(''))->start;
    my %token = (right => 'urn:api', both => [ 'other', 'urn:api' ], second => 'https://api/', other => 'urn:plain',
        case => 'URN:API', none => undef, empty => [], number => 7, mixed => [ 'urn:api', 7 ],
        object => { 'urn:api' => $true });
    $source->answer("aud-absent" => active(), map { ("aud-$_" => active(aud => $token{$_})) } keys %token);
    my @names = ('absent', sort keys %token);
    passed get($one, '/api/users', token => "aud-$_"), "not set: a token passes, its aud: $_",
        application => 'crm' for @names;

    $one->write_file('nginx.conf', slurp($one->dir . '/nginx.conf')
        =~ s{location /api/ \{ eiam on; }{location /api/ \{ eiam on; eiam_introspection_audience urn:api https://api/; }r);
    ok $one->reload, 'a reload that sets it';
    for my $name (@names) {
        my $res = get($one, '/api/users', token => "aud-$name");
        $name =~ /^(right|both|second)$/ ? passed($res, "$name: passes", application => 'crm')
            : refused($res, 'token_invalid', "$name: refused, also if it was known before");
        is $res->{headers}{'x-detail'}, 'audience', '  by the detail audience' if $res->{status} == 401;
        is $res->{headers}{'x-cache'}, 'introspection MISS', '  as it is asked for again';
    }
    like $one->error_log, qr{introspection "/introspect": .*eiam_introspection_audience}, 'the log says why';
    unlike $one->error_log, qr{urn:plain}, '  but not what the token is for';
    refused get($one, '/api/plain', token => 'aud-right'), 'token_invalid',
        'another location of another audience and the same endpoint refuses what this one grants';
    passed get($one, '/api/plain', token => 'aud-other'), '  and grants what this one refuses', application => 'crm';
    passed get($one, '/api/inner', token => 'aud-other'), '  and one that does not set it knows its own grants',
        application => 'crm';
    is get($one, '/api/users', token => 'aud-right')->{headers}{'x-cache'}, 'introspection HIT', 'each is cached';
    is get($one, '/api/plain', token => 'aud-other')->{headers}{'x-cache'}, 'introspection HIT', '  for itself';

    $source->answer('aud-held' => { %{ active() }, hold => 0 });
    my $c = connection($one)->send(request('/api/users', token => 'aud-held'));
    $source->await(1, 'aud-held');
    my $busy = get($one, '/api/plain', token => 'aud-new');
    refused $busy, $su, 'eiam_introspection_limit counts for all of them';
    is $busy->{headers}{'x-detail'}, 'gate_busy', '  by the detail gate_busy';
    like get($one, '/status/metrics')->{body}, qr/^eiam_fetches_in_flight\{source="introspection"\} 1$/m,
        '  and what is under way is counted once';
    undef $c;
    $source->release->answer(map { ("aud-down$_" => { stop => 0 }) } 1, 2);
    refused get($one, '/api/users', token => "aud-down$_"), $su, "failure $_" for 1, 2;
    $source->forget;
    refused get($one, '/api/plain', token => 'aud-later'), $su, 'and so does the circuit';
    is $source->count, 0, '  nobody is asked';
    $one->stop;
};

# ---------------------------------------------------------------- who is asked for at all

subtest 'requests for which the source is not asked' => sub {
    $source->forget;
    passed get($gate, '/api/open'), 'a public operation';
    passed get($gate, '/api/open', token => 'new-token'), '  with a token';
    passed get($gate, '/api/open', method => 'POST', token => 'new-token', body => 'abc'),
        '  and a body';
    refused get($gate, '/api/users'), 'token_missing', 'no token';
    refused get($gate, '/api/users', headers => ['Authorization: Basic eDp5']), 'token_missing',
        'another scheme';
    refused get($gate, '/api/users', token => 'a b'), 'token_invalid', 'no token68';
    refused get($gate, '/api//users', token => 'new-token'), 'request_ambiguous',
        'an ambiguous path';
    refused get($gate, '/api/nothing', token => 'new-token'), 'operation_unknown',
        'an unknown operation';
    refused get($gate, '/api/users', method => 'PATCH', token => 'new-token'), 'method_unknown',
        'an unknown method';
    refused get($gate, '/api/users', token => 'new-token', headers => ['X-HTTP-Method: PUT']),
        'method_override', 'an override';
    refused get($gate, '/api/users?access_token=x', token => 'new-token'),
        'authorization_malformed', 'a token in the query';
    refused get($gate, '/api/inner', token => 'good'), 'token_invalid',
        'a location where it is off';
    my $res = get($gate, '/api/users/fixed', token => 'fixed');
    passed $res, 'a static token', application => 'fixed', scopes => 'user_read';
    is $res->{headers}{'x-cache'}, 'static BYPASS', '  which needs no cache';
    is get($gate, '/introspect')->{status}, 404, 'the internal location is not there for clients';
    is $source->count, 0, 'the source is not asked for any of them';
    refused get($gate, '/api/users/fixed', token => 'expired'), 'token_expired',
        'an expired static token';
    refused get($gate, '/api/users/fixed', token => 'disabled'), 'application_disabled',
        'one of a disabled application';
    is $source->count, 0, '  are not asked for either';
    passed get($gate, '/api/users/fixed', token => 'good'), 'another token beside the static ones',
        application => 'crm';
};

# ---------------------------------------------------------------- other ways into the gate

subtest 'HTTP/2' => sub {
    $source->answer(map { ("h2-$_" => active()) } 1 .. 20);
    $source->forget;
    my $h2 = EIAM::Http2->new($gate->port(2));
    my @streams = map { $h2->request('/api/users', token => 'h2-' . ($_ % 20 + 1)) } 1 .. 100;
    push @streams, $h2->request('/api/users', token => 'h2-none'), $h2->request('/api/users');
    my @status = map { $_->{status} } $h2->responses(@streams);
    is join(' ', @status), join(' ', (200) x 100, 401, 401),
        '102 streams at once have their answers';
    is $source->count, 21, 'and each token was asked for once';
    my $body = 'x' x 60_000;
    $source->answer('h2-body' => active());
    my ($res) = $h2->responses($h2->request('/api/plain', method => 'PUT', token => 'h2-body',
        body => $body));
    is $res->{json}{body_sha256}, sha256_hex($body), 'a body reaches the backend whole';

    $source->answer('h2-held' => { %{ active() }, hold => 0 }, 'h2-large' => active());
    my @held = map { $h2->request('/api/users', token => 'h2-held') } 1 .. 3;
    $source->await(1, 'h2-held');
    ($res) = $h2->responses($h2->request('/api/users', token => 'h2-1'));
    is $res->{status}, 200, 'a stream is not kept up by those that wait';
    is join('', map { $_->{status} // '' } map { $h2->{streams}{$_} } @held), '', '  which do';
    $source->release;
    is join(' ', map { $_->{status} } $h2->responses(@held)), '200 200 200',
        '  until there is an answer';

    my $file = $gate->write_file('large', 'z' x 1_000_000);
    my $url  = 'http://127.0.0.1:' . $gate->port(2) . '/api/plain';
    my $curl = "curl -s --http2-prior-knowledge -H 'Authorization: Bearer h2-large'";
    my $text = qx{$curl -T $file $url};
    is +(eval { JSON::PP->new->decode($text)->{body_sha256} } // $text),
        sha256_hex('z' x 1_000_000), 'a large body, too';
};

subtest 'subrequests and redirects' => sub {
    my $n = 0;
    my $token = sub { my $t = 'sub' . ++$n; $source->answer($t => active())->forget; return $t };
    my $t = $token->();
    my $page = get($gate, '/pages/page.html', token => $t)->{body};
    is scalar(() = $page =~ /"target"/g), 2, 'two operations included in one page';
    is $source->count($t), 1, '  and one question';
    $t = $token->();
    $source->answer($t => { %{ active() }, hold => 0 });
    my $c = connection($gate)->send(request('/pages/order.html', token => $t));
    $source->await(3, $t);
    $source->release;
    my @targets = $c->read_response->{body} =~ /"target":"([^"]+)"/g;
    is "@targets", '/api/users /api/none/kept /api/none /api/plain /api/users/1',
        'five of three endpoints';
    is $source->count($t), 3, '  and three questions';
    $t = $token->();
    like get($gate, '/added/added.html', token => $t)->{body}, qr/"target".*added/s,
        'one added to a page';
    is $source->count($t), 1, '  and one question';
    $t = $token->();
    passed get($gate, '/asking', token => $t), 'one that is asked by auth_request';
    $t = $token->();
    passed get($gate, '/api/asked', token => $t), '  and by another one';
    is $source->count($t), 1, '  with one question';
    $t = $token->();
    passed get($gate, '/api/mirrored', token => $t), 'one that is mirrored to another one';
    is $source->count($t), 1, '  with one question';
    for my $target ('/missing', '/tried') {
        $t = $token->();
        is get($gate, $target, token => $t)->{headers}{'x-cache'}, 'introspection MISS',
            "one behind the redirect of $target";
        refused get($gate, $target, token => "not-$t"), 'token_invalid', '  which refuses too';
        is $source->count, 2, '  with one question each';
    }
    $source->answer(never => { json => { active => $false } });
    unlike get($gate, '/pages/page.html', token => 'never')->{body}, qr/"target"/,
        'a refused token has nothing included';
    is get($gate, '/asking', token => 'never')->{status}, 401,
        '  and is not let in by auth_request';
};

# ---------------------------------------------------------------- beside other settings

subtest 'settings that the location inherits' => sub {
    my $set = nginx(files => \%files, http => q{
        limit_req_zone $server_port zone=requests:1m rate=1r/m;
        limit_conn_zone $server_port zone=connections:1m;
    }, server => qq{
        eiam on;
        eiam_policy %DIR%/policy.json;
        eiam_introspection /introspect;
        limit_req zone=requests burst=19 nodelay; limit_req_status 429;
        limit_conn connections 1;
        deny 127.0.0.2;
        auth_request /checked;
        mirror /mirrored;
        gzip on; gzip_min_length 1; gzip_types *; gzip_proxied any;
        charset utf-8; charset_types *;
        ssi on; ssi_types *;
        add_before_body /added; addition_types *;
        expires 1h; etag on; if_modified_since before; max_ranges 0; limit_rate 100k;
            chunked_transfer_encoding off;
        proxy_buffering off; proxy_request_buffering off; proxy_http_version 1.1;
            proxy_intercept_errors on;
        error_page 400 401 403 404 500 502 503 504 = /granted.json;
        log_subrequest on;
        access_log %DIR%/access.log;
        location / { proxy_pass http://%ECHO%; }
        location = /introspect { internal; proxy_pass http://$address; }
        location = /checked { internal; eiam off; return 204; }
        location = /mirrored { internal; eiam off; return 204; }
        location = /added { internal; eiam off; return 204; }
        location = /granted.json { eiam off; root %DIR%/www; }
    })->start;
    my @tokens = map { "set-$_" } 1 .. 9;
    $source->answer(map { ($_ => active()) } @tokens);
    for my $token (@tokens) {
        is get($set, '/api/users', token => $token, headers => ['Accept-Encoding: gzip'])->{status},
            200, "granted: $token";
        is get($set, '/api/users', token => "no-$token",
            headers => ['Accept-Encoding: gzip'])->{status}, 401, "  refused: no-$token";
    }
    $source->answer('set-500' => { status => 500 });
    is get($set, '/api/users', token => 'set-500')->{status}, 503, 'unavailable';
    is get($set, '/api/users', token => 'set-1')->{status}, 200,
        'limit_req has counted the calls alone';
    is get($set, '/api/users', token => 'set-1')->{status}, 429, '  up to its limit';
    $set->stop;
};

subtest 'a gate that only reports' => sub {
    my $report = nginx(files => \%files, server => qq{
        eiam report; eiam_policy %DIR%/policy.json; eiam_introspection /introspect;
        location /api/ {
            add_header X-Decision "\$eiam_decision \$eiam_reason \$eiam_source \$eiam_cache";
            proxy_pass http://%ECHO%;
        }
        location = /introspect { internal; proxy_pass http://$address; }
    })->start;
    $source->answer('report-500' => { status => 500 },
        'report-no' => { json => { active => $false } });
    for my $row ([ good => 'allow  introspection MISS', 'crm' ],
        [ good => 'allow  introspection HIT', 'crm' ],
        [ 'report-no' => 'would_deny token_invalid introspection MISS', '' ],
        [ 'report-500' => 'would_deny source_unavailable introspection MISS', '' ])
    {
        my ($token, $expected, $application) = @$row;
        my $res = get($report, '/api/users', token => $token);
        passed $res, "$expected: it passes";
        is $res->{headers}{'x-decision'}, $expected, '  with that decision';
        is join('', received($res, 'X-EIAM-Application')), $application,
            '  and no identity but what was granted';
    }
    $report->stop;
};

subtest 'tokens and logs' => sub {
    my $secret = 'Secret-0123456789';
    my $logged = nginx(files => \%files, error_log_level => 'debug', http => q{
        log_format all '$request $status $eiam_token_id $eiam_reason $upstream_addr $request_body';
    }, server => qq{
        eiam_policy %DIR%/policy.json; eiam_introspection /introspect; eiam_introspection_circuit 0;
        log_subrequest on; access_log %DIR%/access.log combined;
        location /api/ { eiam on; proxy_pass http://%ECHO%; }
        location = /introspect { internal; proxy_pass http://$address; }
    })->start;
    my %answers = (granted => active(token => "$secret-granted"),
        invalid => { json => { active => $false } },
        broken => { body => qq({"active":true,"token":"$secret-broken" $secret}) },
            twice => { body => qq({"$secret":1,"$secret":2}) },
        typed => { body => qq({"active":true,"scope":["$secret $secret"]}) },
            longest => active(client_id => $secret x 100),
        error => { status => 500, body => $secret }, closed => { stop => 0 },
            large => { %{ active() }, pad => 100_000 },
        redirect => { status => 302, headers => ["Location: /?token=$secret"] },
            wrong => { body => $secret, type => 'text/html' });
    $source->answer(map { ("$secret-$_" => $answers{$_}) } keys %answers);
    for my $name (sort keys %answers) { eval { get($logged, '/api/users',
        token => "$secret-$name") } }
    $logged->stop;
    my @entries = split m{^(?=\d{4}/\d\d/\d\d )}m, $logged->error_log;
    cmp_ok scalar @entries, '>', 1000, 'there is a log';
    # At this level nginx itself logs each field that it receives or sends.
    my $dumped = qr{\[debug\] \S+ \*\d+ http (?:header|proxy header):};
    is join('', grep { /Secret|U2VjcmV0/ && !/$dumped/ } @entries, $logged->access_log), '',
        'and no token or part of an answer in it';
};

# ---------------------------------------------------------------- configuration

my $endpoint = 'location = /introspect { internal; proxy_pass http://127.0.0.1:1; }';

sub conf {
    my ($text, $http) = @_;
    return { files => \%files, conf => ($http // '') . " server { listen 127.0.0.1:%PORT%; $text }" };
}

sub gated {
    my ($inside, $beside) = @_;
    return 'location /api/ { eiam on; eiam_policy %DIR%/policy.json; ' . $inside . ' } '
        . ($beside // $endpoint);
}

for my $case (
    [ 'there is no such location', gated('eiam_introspection /other;'), qr{"?/other"?} ],
    [ 'no location at all', gated('eiam_introspection /introspect;', ''), qr{/introspect} ],
    [ 'a location that is not internal', gated('eiam_introspection /introspect;',
        'location = /introspect { proxy_pass http://127.0.0.1:1; }'), qr{internal} ],
    [ 'a prefix of it', gated('eiam_introspection /as/introspect;', 'location /as/ { internal; }'),
        qr{"?/as/introspect"?: there is no such location} ],
    [ 'a regular expression', gated('eiam_introspection /introspect;',
        'location ~ ^/introspect { internal; }'),
        qr{/introspect} ],
    [ 'a location of another server', gated('eiam_introspection /introspect;',
        "} server { listen 127.0.0.1:%PORT2%; $endpoint"), qr{there is no such location} ],
    [ 'a named location', gated('eiam_introspection @introspect;',
        'location @introspect { return 200; }'), qr{is not a location} ],
    [ 'the gate itself', gated('eiam_introspection /api/;', ''), qr{internal} ],
    (map { [ "a prefix location beside one by a regex, $_->[0]", gated('eiam_introspection /introspect;',
        "location /introspect { internal; } location $_->[1] { internal; }"),
        qr{"eiam_introspection /introspect": a location by a regex would be used, so .* in server} ] }
        [ 'in its case', '~ ^/intro' ], [ 'in any case', '~* SPECT$' ], [ 'of everything', '~ .' ]),
) {
    my ($title, $server, $says) = @$case;
    bad_config "eiam_introspection: $title", conf($server), $says;
}

# Regexes on the level of a nested location, or inside it.
my $to = 'internal; proxy_pass http://127.0.0.1:1;';
bad_config "eiam_introspection: $_->[0]", conf(gated('eiam_introspection /as/introspect;', $_->[1])),
    qr{a location by a regex would be used} for (
    [ 'a nested prefix location beside a nested one by a regex',
        "location /as/ { location /as/introspect { $to } location ~ spect { $to } }" ],
    [ 'a location with one by a regex in it', "location /as/introspect { $to location ~ spect { $to } }" ],
    [ 'a ^~ location in one that leaves regexes their way',
        "location /as/ { location ^~ /as/introspect { $to } } location ~ spect { $to }" ],
);

good_config $_->[0], conf($_->[1]) for (
    [ 'an exact location', gated('eiam_introspection /introspect;') ],
    [ 'a prefix location', gated('eiam_introspection /introspect;',
        'location /introspect { internal; }') ],
    [ 'a ^~ location', gated('eiam_introspection /introspect;',
        'location ^~ /introspect { internal; }') ],
    (map { [ "$_->[0] beside one by a regex", gated('eiam_introspection /introspect;',
        "location $_->[1] { internal; } location ~ $_->[2] { return 404; }") ] }
        [ 'an exact location', '= /introspect', 'spect' ], [ 'a ^~ location', '^~ /introspect', 'spect' ],
        [ 'a prefix location', '/introspect', '^/introspection$' ]),
    [ 'a location in a ^~ one, beside one by a regex', gated('eiam_introspection /as/introspect;',
        "location ^~ /as/ { location /as/introspect { $to } } location ~ spect { $to }") ],
    [ 'a nested location', gated('eiam_introspection /as/introspect;',
        'location /as/ { location = /as/introspect { internal; } }') ],
    [ 'one directive for the server', "eiam_introspection /introspect; $endpoint "
        . gated('', '') ],
    [ 'switched off in a location', "eiam_introspection /introspect; $endpoint "
        . gated('eiam_introspection off;', '') ],
    [ 'switched off where there is none', gated('eiam_introspection off;', '') ],
    [ 'no location, where nothing is gated', 'eiam_introspection /introspect;' ],
    [ 'all directives', gated(join ' ', 'eiam_introspection /introspect;',
        'eiam_introspection_limit 1;',
        'eiam_introspection_timeout 500ms;', 'eiam_introspection_circuit 3 500ms;',
        'eiam_cache_valid 1h;',
        'eiam_cache_negative 0;', 'eiam_cache_stale 1d;') ],
);
good_config 'directives for all servers',
    conf(gated('', $endpoint), 'eiam_introspection /introspect; eiam_cache_valid 1m;');

done_testing;
