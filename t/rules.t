#!/usr/bin/perl
# The operator's own rules of the rewrite phase: the gate's subrequests pass where the call has passed, and nothing
# of the client is sent with them.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Test::More;
use Time::HiRes qw(sleep time);
use EIAM::Http2;
use EIAM::Jwt qw(new_key public_jwk mint);
use EIAM::Source;
use EIAM::Test;

my $true = JSON::PP::true;
my $key = { %{ new_key('Ed25519') }, kid => 'one' };
my $source = EIAM::Source->new('*' => { json => { active => $true, client_id => 'crm', scope => 'user_read',
    keys => [ public_jwk($key, kid => 'one') ] } });
my $address = $source->address;

my $serial = 0;
sub opaque { return 'opaque-' . ++$serial }
sub signed {
    return mint($key, 'EdDSA', { iss => 'https://issuer.example', aud => 'api', exp => time + 600,
        client_id => 'crm', scope => 'user_read', jti => ++$serial }, { kid => 'one' });
}

# What is sent, and what variables say in the location meanwhile.
my @variables = qw(http_user_agent http_authorization http_cookie http_x_api_key cookie_session arg_tenant args
    query_string is_args known content_length content_type http_x_forwarded_proto remote_user known_agent);
my $show = join '|', map { "$_=\$$_" } @variables;

# Locations for calls and for the gate's own subrequests, in a server with such rules.
sub server {
    my ($n, $rules, %more) = @_;
    my $inner = $more{inner} // '';
    return qq{
        server {
            listen 127.0.0.1:%PORT$n%;
            server_name @{[ $more{name} // 'localhost' ]};
            client_max_body_size 1k;
            $rules
            location /api/opaque { eiam on; eiam_introspection /introspect; client_max_body_size 1m; proxy_pass http://%ECHO%; }
            location /api/signed {
                eiam on; eiam_jwks /keys; eiam_jwt_issuer https://issuer.example; eiam_jwt_audience api;
                client_max_body_size 1m; proxy_pass http://%ECHO%;
            }
            location = /introspect { internal; $inner proxy_set_header X-Show "$show"; proxy_pass http://$address/introspect; }
            location = /keys { internal; $inner proxy_set_header X-Show "$show"; proxy_pass http://$address/keys; }
        }
    };
}

# Rules that this test's client passes unchanged.
my %rules = (
    none     => '',
    agent    => 'if ($http_user_agent = "") { return 403; }',
    https    => 'if ($http_x_forwarded_proto != https) { return 301 https://$host$request_uri; }',
    bearer   => 'if ($http_authorization = "") { return 401; }',
    key      => 'if ($http_x_api_key != "k1") { return 403; }',
    map      => 'if ($known = 0) { return 444; }',
    agents   => 'if ($known_agent = 0) { return 200; }',
    cookie   => 'if ($cookie_session = "") { return 403; }',
    method   => 'if ($request_method !~ ^(GET|PUT)$) { return 405; }',
    argument => 'if ($arg_tenant = "") { return 404; }',
    query    => 'if ($args !~ tenant) { return 404; } if ($is_args = "") { return 404; } if ($query_string = "") { return 404; }',
    target   => 'if ($request_uri !~ ^/api/) { return 404; }',
    body     => 'if ($content_type != "text/plain") { return 415; } if ($http_content_length = "") { return 411; }',
    rewritten => 'if ($http_x_api_key = "") { rewrite ^ /maintenance last; }',
    capture  => 'if ($http_x_api_key ~ "^k(?<n>\d)$") { set $found "$n"; } if ($found != 1) { return 403; }',
    named    => 'if ($tenant != "one") { return 421; }',
    inner    => '',
);
my @names = sort keys %rules;
my $n = 0;
my %port = map { ($_ => ++$n) } @names;

my $conf = join '', map {
    my $inner = $_ eq 'inner' ? 'if ($http_user_agent = "") { return 403; } if ($arg_tenant = "") { return 404; }' : '';
    server($port{$_} == 1 ? '' : $port{$_}, $rules{$_}, inner => $inner, name => $_ eq 'named' ? '"~^(?<tenant>\w+)\.example$"' : 'localhost')
} @names;

my %files = ('policy.json' => policy('/api', map { ("GET /$_" => ['user_read'], "PUT /$_" => ['user_read']) } qw(opaque signed)));

my $common = q{
    eiam_zone eiam 8m;
    eiam_policy %DIR%/policy.json;
    map $http_x_api_key $known { k1 1; default 0; }
    map $http_user_agent $known_agent { ~test 1; default 0; }
    server_names_hash_bucket_size 128;
    variables_hash_bucket_size 128;
};
my $gate = nginx(files => \%files, conf => $common . $conf)->start;

my @client = ('User-Agent: test', 'X-Forwarded-Proto: https', 'X-Api-Key: k1', 'Cookie: session=1',
    'Content-Type: text/plain', 'Range: bytes=0-1', 'If-None-Match: "x"', 'Accept-Encoding: gzip');

sub call {
    my ($name, $kind, %opt) = @_;
    return get($gate, "/api/$kind?tenant=one&x=2", method => 'PUT', body => 'b' x 5000, port => $gate->port($port{$name}),
        token => $kind eq 'opaque' ? opaque() : signed(),
        headers => [ @client, 'Host: ' . ($name eq 'named' ? 'one.example' : 'localhost') ], %opt);
}

# The bytes that were sent, as far as the test sees them, without what differs between calls.
sub sent {
    my ($req) = @_;
    my $text = join "\n", "$req->{method} $req->{target}", (map { "$_->[0]: $_->[1]" } @{ $req->{headers} }), '', $req->{body};
    return $text =~ s/token=opaque-\d+/token=opaque/r =~ s/^Content-Length: \d+$/Content-Length: n/mr
        =~ s/content_length=\d+/content_length=n/r;
}

# From 1.29.7 on nginx keeps connections to upstreams, and sends no Connection field.
my $close = nginx_since(29, 7) ? '' : "Connection: close\n";

# The same for the gate's own fields.
my %own = (known => 0, known_agent => 0);
my $empty = join '|', map { "$_=" . ($own{$_} // '') } @variables;
@own{qw(content_length content_type)} = qw(n application/x-www-form-urlencoded);
my $form = join '|', map { "$_=" . ($own{$_} // '') } @variables;

subtest '2.1-20: whoever passed the rules of the server once passes them again' => sub {
    for my $name (@names) {
        for my $kind (qw(opaque signed)) {
            $source->forget;
            my $res = call($name, $kind);
            passed $res, "$name, $kind: the call passes", application => 'crm', scopes => 'user_read';
            is $res->{json}{target}, "/api/$kind?tenant=one&x=2", '  as it is';
            is $res->{json}{body_length}, 5000, '  with its body';
            my ($req, @more) = $source->requests;
            is scalar @more, 0, '  after one question';
            next unless $req;
            is sent($req), $kind eq 'opaque'
                ? "POST /introspect\nX-Show: $form\nHost: $address\n${close}Content-Length: n\nAccept: application/json\n"
                    . "Content-Type: application/x-www-form-urlencoded\n\ntoken=opaque&token_type_hint=access_token"
                : "GET /keys\nX-Show: $empty\nHost: $address\n${close}Accept: application/json\n\n",
                '  with nothing of the client';
        }
    }
};

subtest '2.1-20: and those whom they refuse are refused by them' => sub {
    my $before = $source->count;
    my %status = (agent => 403, https => 301, key => 403, cookie => 403, argument => 404, body => 415, capture => 403);
    for my $name (sort keys %status) {
        my $res = get($gate, '/api/opaque', port => $gate->port($port{$name}), token => opaque());
        is $res->{status}, $status{$name}, "$name: with its own status";
    }
    is $source->count, $before, '  without a question';
};

subtest '2.1-20: what the operator has set is kept, what was computed is not' => sub {
    my $rules = q{
        set $idp "idp-$host";
        set $tenant_key $http_x_api_key;
        set $copied "$known/$arg_tenant";
        if ($known = 0) { return 403; }
        if ($http_user_agent ~ "^(?<agent>\w+)") { set $seen yes; }
        if ($host ~ "^(\w)") { set $first $1; }
    };
    my $inner = 'set $inner "in-$idp"; rewrite ^/(\w+)$ /as/$1?a=b break;';
    my $set = nginx(files => \%files, conf => $common . qq{
        map \$idp-\$known \$mapped { ~^(?<m>.*)\$ "mapped \$m"; }
        server {
            listen 127.0.0.1:%PORT%; listen 127.0.0.1:%PORT2% http2;
            $rules
            location /api/opaque { eiam on; eiam_introspection /introspect; proxy_pass http://%ECHO%; }
            location = /introspect {
                internal; $inner
                proxy_set_header X-Show "\$idp|\$inner|\$tenant_key|\$copied|\$agent|\$seen|\$first|\$mapped|\$known|\$http_x_api_key|\$args";
                proxy_pass http://$address;
            }
        }
    })->start;
    my $shown = 'idp-localhost|in-idp-localhost|k1|1/one|test|yes|l|mapped idp-localhost-0|0||a=b';
    my $check = sub {
        my ($title) = @_;
        my ($req) = $source->requests;
        is $req->{target}, '/as/introspect?a=b', "$title: a rewrite in the location has its own query";
        my %field = map { (lc $_->[0] => $_->[1]) } @{ $req->{headers} };
        is $field{'x-show'}, $shown, '  set and regexes are kept, fields and maps of them are the own ones';
        is $field{accept}, 'application/json', '  and the fields are the own ones';
    };
    $source->forget;
    passed get($set, '/api/opaque?tenant=one', token => opaque(), headers => \@client), 'HTTP/1.1';
    $check->('HTTP/1.1');
    $source->forget;
    my $h2 = EIAM::Http2->new($set->port(2));
    my ($res) = $h2->responses($h2->request('/api/opaque?tenant=one', token => opaque(),
        fields => [ map { [ lc((split /: /)[0]), (split /: /)[1] ] } @client ]));
    is $res->{status}, 200, 'HTTP/2';
    $check->('HTTP/2');
    $set->stop;
};

subtest "2.1-20: what the server's rules do with the query and with fields" => sub {
    my %by = (
        add     => 'set $args "$args&v=2"; if ($arg_v != 2) { return 403; } if ($arg_tenant != one) { return 403; }',
        strip   => 'if ($args ~ "^(.*)&utm=[^&]*(.*)$") { set $args $1$2; } if ($arg_utm) { return 403; }',
        empty   => 'if ($arg_tenant = one) { set $args ""; } if ($arg_tenant) { return 403; } if ($is_args) { return 403; }',
        field   => 'set $http_idp_key "key-of-the-gate"; if ($http_idp_key = "") { return 403; }',
        cookie  => 'set $cookie_idp "key-of-the-gate"; if ($cookie_session = "") { return 403; }',
    );
    my @ways = sort keys %by;
    my $set = nginx(files => { 'policy.json' => policy('/api', 'GET /opaque' => ['user_read']) }, conf => $common . join '', map { qq{
        server {
            listen 127.0.0.1:%PORT%;
            server_name $_;
            $by{$_}
            location /api/ { eiam on; eiam_introspection /introspect; proxy_pass http://%ECHO%; }
            location = /introspect {
                internal;
                proxy_set_header X-Show "\$http_idp_key|\$cookie_idp|\$http_x_api_key|\$cookie_session|\$args|\$arg_tenant";
                proxy_pass http://$address;
            }
        } } } @ways)->start;
    my %target = (add => '?tenant=one&utm=x&x=2&v=2', strip => '?tenant=one&x=2', empty => '');
    for my $name (@ways) {
        $source->forget;
        my $res = get($set, '/api/opaque?tenant=one&utm=x&x=2', token => opaque(),
            headers => [ @client, "Host: $name", 'Idp-Key: of-the-client' ]);
        passed $res, "$name: the call passes";
        is $res->{json}{target}, '/api/opaque' . ($target{$name} // '?tenant=one&utm=x&x=2'), '  as the rules have made it';
        my ($req) = $source->requests;
        is $req->{target}, '/introspect', '  nothing of its query is sent with the token';
        my ($shown) = map { $_->[1] } grep { $_->[0] eq 'X-Show' } @{ $req->{headers} };
        is $shown, { field => 'key-of-the-gate|||||', cookie => '|key-of-the-gate||||' }->{$name} // '|||||',
            '  and of its fields what the operator has set';
    }
    $set->stop;
};

subtest '2.1-20: a subrequest that is redirected has the own fields for good' => sub {
    my $location = qq{ internal; proxy_set_header X-Show "$show"; proxy_pass http://$address/introspect; };
    my $moved = nginx(files => \%files, conf => $common . qq{
        server {
            listen 127.0.0.1:%PORT%;
            set \$key \$http_x_api_key;
            location /api/opaque { eiam on; eiam_introspection /introspect; proxy_pass http://%ECHO%; }
            location /api/signed { eiam on; eiam_introspection /accelerated; proxy_pass http://%ECHO%; }
            location = /introspect { internal; try_files /none /second; }
            location = /second { $location }
            location = /accelerated { internal; proxy_pass http://127.0.0.1:%PORT2%; }
        }
        server {
            listen 127.0.0.1:%PORT2%;
            location / { add_header X-Accel-Redirect /second; return 204; }
        }
    })->start;
    for my $kind (qw(opaque signed)) {
        $source->forget;
        passed get($moved, "/api/$kind?tenant=one", method => 'PUT', body => 'b', token => opaque(), headers => \@client),
            "$kind: the call passes", application => 'crm', scopes => 'user_read';
        my ($req) = $source->requests;
        unlike sent($req), qr{=k1|=https|session=1|tenant=one|"x"|bytes|known=1}, '  and nothing of the client is sent';
        like sent($req), qr/token=opaque&/, '  but the token' if $kind eq 'opaque';
    }
    $moved->stop;
};

subtest '2.1-20: a subrequest that does not reach an upstream says so' => sub {
    my %by = (
        'server-phase'   => [ '', 403, 'rewrite phase of the server' ],
        'server-200'     => [ '', 200, 'rewrite phase of the server' ],
        'location-phase' => [ 'return 401;', 401, 'rewrite phase of the location' ],
        'redirected'     => [ 'return 302 /elsewhere;', 302, 'rewrite phase of the location' ],
        'not-there'      => [ 'root %DIR%/none;', '(?:404|405)', 'location' ],
    );
    my @ways = sort keys %by;
    my $ended = nginx(files => { 'policy.json' => policy('/api', map { ("GET /$_" => ['user_read']) } @ways) }, conf => $common . qq{
        server {
            listen 127.0.0.1:%PORT%;
            eiam_introspection_circuit 0;
            if (\$uri = /to-server-phase) { return 403; }
            if (\$uri = /to-server-200) { return 200; }
            @{[ map { "location = /api/$_ { eiam on; eiam_introspection /to-$_; proxy_pass http://%ECHO%; }"
                . " location = /to-$_ { internal; $by{$_}[0] proxy_pass http://$address; }" } grep { $_ ne 'not-there' } @ways ]}
            location = /api/not-there { eiam on; eiam_introspection /to-not-there; proxy_pass http://%ECHO%; }
            location = /to-not-there { internal; root %DIR%/none; }
        }
    })->start;
    for my $name (@ways) {
        my (undef, $status, $where) = @{ $by{$name} };
        refused get($ended, "/api/$name", token => opaque()), 'source_unavailable', "$name: no token can be verified";
        like $ended->error_log, qr{\[error\] .*eiam: subrequest "/to-$name" ended with status $status in the $where, before it reached an upstream},
            '  and the log says the status and the phase';
    }
    $ended->stop;
};

subtest '2.1-20: a form that the location takes away is named once a minute' => sub {
    my %taken = (
        recipe => 'proxy_pass_request_body off; proxy_set_header Content-Length "";',
        body   => 'proxy_pass_request_body off;',
        type   => 'proxy_set_header Content-Type application/json;',
        fields => 'proxy_pass_request_headers off;',
        method => 'proxy_method GET;',
        set    => 'proxy_set_body "";',
        good   => '',
        more   => 'proxy_set_body "$request_body&client_id=gate&client_secret=s";',
    );
    my $server = EIAM::Source->new('*' => { status => 400, close => 1, json => { error => 'invalid_request' } });
    my $formless = nginx(files => { 'policy.json' => policy('/api', map { ("GET /$_" => ['user_read']) } sort keys %taken) },
        conf => $common . qq{
            server {
                listen 127.0.0.1:%PORT%;
                eiam_introspection_timeout 500ms;
                @{[ map { "location = /api/$_ { eiam on; eiam_introspection /to-$_; proxy_pass http://%ECHO%; }"
                    . " location = /to-$_ { internal; $taken{$_} proxy_pass http://@{[ $server->address ]}; }" } sort keys %taken ]}
            }
        })->start;
    for my $name (sort keys %taken) {
        # the server waits for a body that does not come
        my $reason = $name eq 'body' ? 'source_unavailable' : 'token_invalid';
        refused get($formless, "/api/$name", token => opaque()), $reason, "$name: a token is refused" for 1 .. 3;
        my @lines = grep { /eiam: introspection "\/to-$name" .*without the token/ } split /\n/, $formless->error_log;
        is scalar @lines, $name =~ /good|more/ ? 0 : 1, '  and the log names it ' . ($name =~ /good|more/ ? 'not' : 'once');
        like $lines[0], qr/\[error\] .*status \d+.*proxy_pass_request_body off.*Content-Length/, '  with what to do' if @lines;
    }
    unlike $formless->error_log, qr/opaque-\d/, 'no token is in the log';
    $formless->stop;
};

done_testing;
