#!/usr/bin/perl
# Real authorization servers: oidc-provider (opaque tokens, the gate has Basic credentials) and
# glewlwyd (the gate has a Bearer token).

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(sleep time);
use EIAM::Glewlwyd;
use EIAM::OidcProvider;
use EIAM::Test;

use constant DEADLINE => 30;

# An upstream, and the internal location that asks it, as docs/TOKENS.md recommends.
sub upstream {
    my ($name, $address) = @_;
    return "upstream $name { server $address; keepalive 8; keepalive_timeout 4s; }\n";
}

sub asks {
    my ($location, $url, $authorization, $more) = @_;
    return qq{
        location = $location {
            internal;
            proxy_pass            $url;
            proxy_set_header      Authorization "$authorization";
            proxy_http_version    1.1;
            proxy_set_header      Connection "";
            proxy_connect_timeout 2s;
            proxy_read_timeout    2s;
            proxy_next_upstream   error timeout non_idempotent;
            subrequest_output_buffer_size 16k;
            @{[ $more // '' ]}
        }
    };
}

my @names = qw(orgs brief stranger wrong other-name);
my %files = ('policy.json' => policy('/api',
    map { ("GET /$_" => ['org_read'], "PUT /$_" => ['org_all']) } @names));

sub gate_for {
    my ($server) = @_;
    my $url = 'http://authorization' . $server->introspection_path;
    return nginx(
        files => \%files,
        http  => upstream('authorization', $server->address),
        server => asks('/introspect', $url, $server->credentials)
            . asks('/as-a-stranger', $url, 'Basic c3RyYW5nZXI6c2VjcmV0') . q{
            eiam_policy %DIR%/policy.json;
            eiam_introspection /introspect;
            eiam_cache_negative 5m;
            add_header X-Cache "$eiam_source $eiam_cache" always;

            location /api/ { eiam on; proxy_pass http://%ECHO%; }
            location = /api/brief { eiam on; eiam_cache_valid 1s; proxy_pass http://%ECHO%; }
            location = /api/stranger {
                eiam on; eiam_introspection /as-a-stranger; proxy_pass http://%ECHO%;
            }
        })->start;
}

# A call with a token.
sub with {
    my ($gate, $token, %opt) = @_;
    return get($gate, '/api/' . (delete $opt{name} // 'orgs'), token => $token, %opt);
}

# The answer, once the gate asks the source again.
sub at_last {
    my ($gate, $token) = @_;
    my ($res, $deadline) = (undef, time + DEADLINE);
    while (time < $deadline) {
        $res = with($gate, $token);
        return $res if $res->{status} != 503;
        sleep 0.1;
    }
    return $res;
}

sub cache { return $_[0]{headers}{'x-cache'} }

# Tests of what both servers have in common.
sub behaves {
    my ($server, $gate, $stranger) = @_;
    my $token = $server->token('hr-sync', 'org_read user_read');

    subtest 'a token of the server' => sub {
        my $first = with($gate, $token);
        passed $first, 'passes with the application and the scopes that the server says',
            operation => 'getOrgs', application => 'hr-sync', scopes => 'org_read';
        is cache($first), 'introspection MISS', '  for which the server was asked';
        my $second = with($gate, $token);
        passed $second, 'and passes again', application => 'hr-sync', scopes => 'org_read';
        is cache($second), 'introspection HIT', '  from the cache';
        refused with($gate, $token, method => 'PUT'), 'scope_insufficient',
            'it is refused where it lacks the scope';
        passed with($gate, $server->token('hr-sync', 'org_all'), method => 'PUT'),
            'a token with that scope passes there', application => 'hr-sync', scopes => 'org_all';
        refused with($gate, $server->token('crm', 'app_org_all')), 'scope_insufficient',
            'scopes that no policy knows allow nothing';
    };

    subtest 'a token that the server does not know' => sub {
        refused with($gate, 'invented'), 'token_invalid', 'an invented one is refused';
        refused with($gate, $stranger), 'token_invalid', 'and one of another server';
        refused with($gate, substr $token, 0, -1), 'token_invalid', 'and a shortened one';
    };

    subtest 'a revoked token' => sub {
        my $revoked = $server->token('hr-sync', 'org_read');
        passed with($gate, $revoked, name => 'brief'), 'it passes as long as it is valid';
        $server->revoke($revoked);
        sleep 1.1;
        refused with($gate, $revoked, name => 'brief'), 'token_invalid',
            'it is refused when eiam_cache_valid is over';
        my $unseen = $server->token('hr-sync', 'org_read');
        $server->revoke($unseen);
        refused with($gate, $unseen), 'token_invalid', 'and at once if the gate never saw it';
    };

    subtest 'a gate that the server does not know' => sub {
        my $valid = $server->token('hr-sync', 'org_read');
        refused with($gate, $valid, name => 'stranger'), 'source_unavailable',
            'learns nothing of a valid token';
    };

    subtest 'a server that does not answer' => sub {
        my $new = $server->token('hr-sync', 'org_read');
        $server->freeze;
        refused with($gate, $new), 'source_unavailable', 'a new token is refused for now';
        passed with($gate, $token), 'one in the cache passes', application => 'hr-sync';
        $server->thaw;
        passed at_last($gate, $new), 'when it answers again, the new one passes',
            application => 'hr-sync', scopes => 'org_read';
    };

    subtest 'a server that is down' => sub {
        my $new = $server->token('hr-sync', 'org_read');
        $server->stop;
        refused with($gate, $new), 'source_unavailable', 'a new token is refused for now';
        my $known = with($gate, $token);
        passed $known, 'one in the cache passes', application => 'hr-sync';
        is cache($known), 'introspection HIT', '  and is a hit';
        refused with($gate, 'invented'), 'token_invalid', 'a refusal in the cache stays one';
        $server->start;
        # oidc-provider does not remember tokens after a restart.
        $new = $server->token('hr-sync', 'org_read') unless $server->introspect($new)->{active};
        passed at_last($gate, $new), 'when it is up again, a new one passes',
            application => 'hr-sync', scopes => 'org_read';
    };
    return;
}

my $lacking = EIAM::Glewlwyd->lacking;
my ($oidc, $glewlwyd) = (EIAM::OidcProvider->new, $lacking ? () : EIAM::Glewlwyd->new);
my ($oidc_gate, $glewlwyd_gate) = map { gate_for($_) } $oidc, $glewlwyd // ();

subtest 'oidc-provider' => sub {
    behaves($oidc, $oidc_gate, $glewlwyd ? $glewlwyd->token('hr-sync', 'org_read') : 'of-another-server');
};

subtest 'glewlwyd' => sub {
    plan skip_all => $lacking if $lacking;
    behaves($glewlwyd, $glewlwyd_gate, $oidc->token('hr-sync', 'org_read'));
};

subtest 'the cache spares the server' => sub {
    my $token = $oidc->token('hr-sync', 'org_read');
    my $before = $oidc->introspections;
    is with($oidc_gate, $token)->{status}, 200, 'a call passes' for 1 .. 5;
    is with($oidc_gate, 'never-issued')->{status}, 401, 'a call is refused' for 1 .. 5;
    is $oidc->introspections - $before, 2, 'it is asked once about each token';
};

subtest 'a token without scopes' => sub {
    my $bare = $oidc->token('hr-sync', '');
    refused with($oidc_gate, $bare), 'scope_insufficient', 'allows nothing';
};

subtest 'an expired token' => sub {
    my $hasty = EIAM::OidcProvider->new(life => 4);
    my $gate  = gate_for($hasty);
    my @rows  = (
        [ 'oidc-provider', $gate, $hasty->token('hr-sync', 'org_read') ],
        $glewlwyd ? [ 'glewlwyd', $glewlwyd_gate, $glewlwyd->token('hr-sync', 'org_read') ] : (),
    );
    $glewlwyd->expire_in($rows[1][2], 4) if $glewlwyd;
    for my $row (@rows) {
        my ($name, $gate, $token) = @$row;
        passed with($gate, $token), "$name: it passes before", application => 'hr-sync';
        is cache(with($gate, $token)), 'introspection HIT', '  and is in the cache';
    }
    sleep 4.1;
    for my $row (@rows) {
        my ($name, $gate, $token) = @$row;
        refused with($gate, $token), 'token_expired',
            "$name: it is refused when its life is over, whatever eiam_cache_valid says";
    }
};

# ---------------------------------------------------------------- TLS

sub openssl {
    my ($dir, @arguments) = @_;
    return system("cd '$dir' && openssl @arguments >>openssl.log 2>&1") == 0
        || die "openssl @arguments:\n" . slurp("$dir/openssl.log");
}

# oidc-provider's front has a certificate of the private CA "ca".
sub front {
    my $front = nginx(module => 0, http => upstream('node', $oidc->address), server => q{
        listen 127.0.0.1:%PORT2% ssl;
        ssl_certificate     %DIR%/server.pem;
        ssl_certificate_key %DIR%/server.key;
        location / {
            proxy_pass         http://node;
            proxy_http_version 1.1;
            proxy_set_header   Connection "";
        }
    });
    my $dir = $front->dir;
    my $new = 'req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes';
    openssl($dir, "$new -x509 -days 2 -subj '/CN=Private CA' -keyout $_.key -out $_.pem")
        for qw(ca other-ca);
    openssl($dir, "$new -subj /CN=server -keyout server.key -out server.csr");
    $front->write_file('names', "subjectAltName = DNS:authorization.example\n");
    openssl($dir, 'x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2',
        '-extfile names -out server.pem');
    return $front->start;
}

subtest 'a server behind TLS' => sub {
    my $front = front();
    my ($dir, $address) = ($front->dir, '127.0.0.1:' . $front->port(2));
    # nginx never frees a session that it keeps for an upstream, which the sanitizer would report.
    my $sessions = $ENV{EIAM_ASAN} ? 'off' : 'on';
    # An upstream for each: its connections and TLS sessions serve all locations that name it.
    my @verified = (
        [ 'right', 'ca', 'authorization.example' ],
        [ 'wrong', 'other-ca', 'authorization.example' ],
        [ 'other-name', 'ca', 'another.example' ],
    );
    my ($upstreams, $locations) = ('', '');
    for my $row (@verified) {
        my ($name, $ca, $expected) = @$row;
        my $url = "https://$name" . $oidc->introspection_path;
        $upstreams .= upstream($name, $address);
        $locations .= asks("/introspect-$name", $url, $oidc->credentials, qq{
            proxy_ssl_verify              on;
            proxy_ssl_trusted_certificate $dir/$ca.pem;
            proxy_ssl_name                $expected;
            proxy_ssl_server_name         on;
            proxy_ssl_session_reuse       $sessions;
        });
    }
    my $gate = nginx(files => \%files, http => $upstreams, server => $locations . q{
        eiam_policy %DIR%/policy.json;
        eiam_introspection /introspect-right;
        location /api/ { eiam on; proxy_pass http://%ECHO%; }
        location = /api/wrong {
            eiam on; eiam_introspection /introspect-wrong; proxy_pass http://%ECHO%;
        }
        location = /api/other-name {
            eiam on; eiam_introspection /introspect-other-name; proxy_pass http://%ECHO%;
        }
    })->start;

    my $token = $oidc->token('hr-sync', 'org_read');
    my $before = $oidc->introspections;
    refused with($gate, $token, name => 'wrong'), 'source_unavailable',
        'is not asked if another CA signed its certificate';
    refused with($gate, $token, name => 'other-name'), 'source_unavailable',
        'nor if the certificate has another name';
    is $oidc->introspections, $before, '  so it is told no token and no secret';
    like $gate->error_log, qr/upstream SSL certificate verify error/, '  and the log says why';
    passed with($gate, $token), 'is asked if its certificate is the right one',
        application => 'hr-sync', scopes => 'org_read';
};

subtest 'logs' => sub {
    for my $gate ($oidc_gate, $glewlwyd_gate // ()) {
        like $gate->error_log, qr{upstream timed out.*/introspect}, 'the log says what failed';
        unlike $gate->error_log, qr/[A-Za-z0-9_-]{40}|Bearer \w|Basic \w/,
            'no token and no secret stands in it';
    }
};

done_testing;
