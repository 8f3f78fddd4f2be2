#!/usr/bin/perl
# Signed tokens of real authorization servers: oidc-provider, also while it rotates its keys, and glewlwyd.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use MIME::Base64 qw(decode_base64url);
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);
use EIAM::Glewlwyd;
use EIAM::Jwt qw(new_key);
use EIAM::OidcProvider;
use EIAM::Test;

use constant { CLIENTS => 2, ENOUGH => 20 };

my $json = JSON::PP->new->utf8->canonical;

# The algorithm of a token depends on the API for which it is issued.
my @algorithms = qw(RS256 PS256 ES256 ES384 EdDSA);
my %signed = ((map { ("urn:$_" => $_) } @algorithms), 'urn:other' => 'RS256');

sub private {
    my ($type, $kid) = @_;
    return { %{ $json->decode(new_key($type)->{pk}->export_key_jwk('private')) }, use => 'sig',
        $kid ? (kid => $kid) : () };
}

my $rsa = private('RSA');
my $oidc = EIAM::OidcProvider->new(signed => \%signed,
    keys => [ $rsa, map { private($_) } qw(P-256 P-384 Ed25519) ]);

# ---------------------------------------------------------------- the gate

my %files = ('policy.json' => policy('/api', map { ("GET /$_" => ['org_read'], "PUT /$_" => ['org_all']) }
    qw(orgs wrong-issuer one-algorithm both quick steady)));

# A gate for the tokens of a server, and locations with other settings.
sub gate_for {
    my ($server, $audiences, $more) = @_;
    return nginx(workers => 2, files => \%files,
        server => qq{
            eiam_policy %DIR%/policy.json;
            eiam_jwks /keys;
            eiam_jwt_issuer @{[ $server->issuer ]};
            eiam_jwt_audience $audiences;
            add_header X-Cache "\$eiam_source \$eiam_cache" always;

            location = /keys {
                internal;
                proxy_pass http://@{[ $server->address . $server->keys_path ]};
            }
            location /api/ { eiam on; proxy_pass http://%ECHO%; }
            location = /api/wrong-issuer {
                eiam on; eiam_jwt_issuer @{[ $server->issuer ]}/; proxy_pass http://%ECHO%;
            }
            @{[ $more // '' ]}
        })->start;
}

# A call with a token.
sub with {
    my ($gate, $token, %opt) = @_;
    return get($gate, '/api/' . (delete $opt{name} // 'orgs'), token => $token, %opt);
}

sub cache { return $_[0]{headers}{'x-cache'} }

sub header_of { return $json->decode(decode_base64url(($_[0] =~ /^([^.]+)\./)[0])) }

# The token with one letter of that part changed.
sub forged {
    my ($token, $part) = @_;
    my @parts = split /\./, $token;
    my $at = length($parts[$part]) / 2;
    substr $parts[$part], $at, 1, substr($parts[$part], $at, 1) eq 'A' ? 'B' : 'A';
    return join '.', @parts;
}

my $oidc_gate = gate_for($oidc, join(' ', map { "urn:$_" } @algorithms), qq{
    location = /api/one-algorithm { eiam on; eiam_jwt_algorithms ES256; proxy_pass http://%ECHO%; }
    location = /api/both { eiam on; eiam_introspection /introspect; proxy_pass http://%ECHO%; }
    location = /introspect {
        internal;
        proxy_set_header Authorization "@{[ $oidc->credentials ]}";
        proxy_pass http://@{[ $oidc->address . $oidc->introspection_path ]};
    }
});

# ---------------------------------------------------------------- tokens

# Tests of the tokens of both servers.
sub behaves {
    my ($server, $gate, $alg, @resource) = @_;
    my $token = $server->token('hr-sync', 'org_read user_read', @resource);
    my $header = header_of($token);
    is "$header->{alg} $header->{typ}", "$alg at+jwt", "a token signed by $alg";
    my $first = with($gate, $token);
    passed $first, 'passes with its application and its scopes', operation => 'getOrgs',
        application => 'hr-sync', scopes => 'org_read';
    is cache($first), 'jwt MISS', '  verified here';
    my $second = with($gate, $token);
    passed $second, 'and passes again', application => 'hr-sync', scopes => 'org_read';
    is cache($second), 'jwt HIT', '  from the cache';
    refused with($gate, $token, method => 'PUT'), 'scope_insufficient',
        'it is refused where it lacks the scope';
    passed with($gate, $server->token('hr-sync', 'org_all', @resource), method => 'PUT'),
        'one with that scope passes there', application => 'hr-sync', scopes => 'org_all';
    refused with($gate, $token, name => 'wrong-issuer'), 'token_invalid',
        'it is refused where another issuer is expected';
    refused with($gate, forged($token, $_)), 'token_invalid', "and with part $_ changed" for 1, 2;
    return;
}

for my $alg (@algorithms) {
    subtest "oidc-provider, $alg" => sub {
        behaves($oidc, $oidc_gate, $alg, resource => "urn:$alg");
    };
}

subtest 'oidc-provider, tokens for others' => sub {
    my $other = $oidc->token('hr-sync', 'org_read', resource => 'urn:other');
    refused with($oidc_gate, $other), 'token_invalid', 'one for another API is refused';
    my %token = map { ($_ => $oidc->token('hr-sync', 'org_read', resource => "urn:$_")) } qw(ES256 RS256);
    passed with($oidc_gate, $token{ES256}, name => 'one-algorithm'), 'where only ES256 is accepted,'
        . ' such a token passes', application => 'hr-sync';
    refused with($oidc_gate, $token{RS256}, name => 'one-algorithm'), 'token_invalid',
        '  and one signed by RS256 does not';
};

subtest 'oidc-provider, signed tokens and others in one place' => sub {
    my $before = $oidc->introspections;
    my $signed = with($oidc_gate, $oidc->token('crm', 'app_org_all', resource => 'urn:ES256'),
        name => 'both');
    refused $signed, 'scope_insufficient', 'a signed token';
    is cache($signed), 'jwt MISS', '  is verified here';
    refused with($oidc_gate, $oidc->token('hr-sync', 'org_read', resource => 'urn:other'),
        name => 'both'), 'token_invalid', '  or refused here';
    is $oidc->introspections, $before, '  and the server is not asked';
    my $opaque = with($oidc_gate, $oidc->token('hr-sync', 'org_read'), name => 'both');
    passed $opaque, 'another token passes', application => 'hr-sync', scopes => 'org_read';
    is cache($opaque), 'introspection MISS', '  as the server says';
    is $oidc->introspections, $before + 1, '  which is asked';
};

subtest 'glewlwyd' => sub {
    my $lacking = EIAM::Glewlwyd->lacking;
    plan skip_all => $lacking if $lacking;
    my $glewlwyd = EIAM::Glewlwyd->new;
    my $gate = gate_for($glewlwyd, 'https://api.example');
    behaves($glewlwyd, $gate, 'ES256', resource => 'https://api.example');
    refused with($gate, $glewlwyd->token('hr-sync', 'org_read')), 'token_invalid',
        'one whose audience are its scopes is refused';
    my $foreign = $oidc->token('hr-sync', 'org_read', resource => 'urn:ES256');
    refused with($gate, $foreign), 'token_invalid', 'and one of another server';
};

# ---------------------------------------------------------------- new keys

my %ec = map { ($_ => private('P-256', $_)) } qw(old new);
$oidc->stop;
$oidc->sign_with($ec{old}, $rsa)->start;

# Two locations with the same keys: one set is refreshed often, the other only because of unknown keys.
my $gate = gate_for($oidc, 'urn:ES256', qq{
    eiam_jwks_interval 100ms;
    eiam_cache_valid 1s;
    location = /api/quick { eiam on; eiam_jwks_refresh 1s; proxy_pass http://%ECHO%; }
    location = /api/steady { eiam on; eiam_jwks /keys-steady; proxy_pass http://%ECHO%; }
    location = /keys-steady {
        internal;
        proxy_pass http://@{[ $oidc->address . $oidc->keys_path ]};
    }
});
my $notes = $gate->dir . '/notes';

# A client that obtains new tokens as fast as it can, and calls with each, with an earlier one and with its first
# one. "old steady 200" are the key, the location and the result. The client ends with the test, even if that is
# killed.
sub client {
    my $parent = $$;
    my $pid = fork() // die "fork: $!";
    return $pid if $pid;
    eval {
        open my $out, '>>', $notes or die "$notes: $!";
        my ($first, $last);
        while (!-e "$notes.end" && getppid == $parent) {
            my $new = eval { $oidc->token('hr-sync', 'org_read', resource => 'urn:ES256') };
            $first //= $new;
            for my $token (grep { defined } $new, $last, $first) {
                my $kid = header_of($token)->{kid};
                syswrite $out, "$kid $_ " . call($token, $_) . "\n" for qw(quick steady);
            }
            $last = $new;
            sleep 0.01;
        }
        1;
    } or syswrite STDERR, "client: $@";
    POSIX::_exit(0);
}

# The status, and that of a second call if the first answer has Retry-After.
sub call {
    my ($token, $name) = @_;
    my @status;
    for (1, 2) {
        my $res = eval { with($gate, $token, name => $name) } // return "@status none";
        push @status, $res->{status};
        last if $res->{status} != 503;
        sleep $res->{headers}{'retry-after'};
    }
    return "@status";
}

# "old steady 200" => how many.
sub noted {
    my %noted;
    $noted{$_}++ for (slurp($notes) // '') =~ /^(.+)\n/mg;
    return \%noted;
}

sub rotate {
    my (@keys) = @_;
    $oidc->stop;
    $oidc->sign_with(@keys, $rsa)->start;
    return;
}

subtest 'a server that changes its keys under load' => sub {
    my @clients = map { client() } 1 .. CLIENTS;
    ok until_true(sub { (noted()->{'old steady 200'} // 0) > ENOUGH }),
        'tokens of the old key pass';

    rotate($ec{new}, $ec{old});
    ok until_true(sub { (noted()->{'new steady 200'} // 0) > ENOUGH }),
        'started with a new one, its tokens pass';
    my $noted = noted();
    my @lost = grep { !/ (503 )?200$/ } sort keys %$noted;
    is_deeply \@lost, [], 'while the old one is published, no call is refused';
    is join(', ', grep { / steady 503 / } sort keys %$noted), '',
        '  nor told to come again, as there was no refresh while the server was down';
    cmp_ok $noted->{'old steady 200'}, '>', 2 * ENOUGH, '  and there were many';

    rotate($ec{new});
    ok until_true(sub { (noted()->{'old quick 401'} // 0) > 0 }),
        'when the old one is gone, its tokens are refused after twice eiam_jwks_refresh, and eiam_cache_valid';
    my $then = noted();
    ok until_true(sub { (noted()->{'new quick 200'} // 0) > ($then->{'new quick 200'} // 0) + ENOUGH }),
        '  and those of the new one pass';
    open my $end, '>', "$notes.end" or die "$notes.end: $!";
    waitpid $_, 0 for @clients;
    $noted = noted();
    is_deeply [ grep { /^new / && !/ (503 )?200$/ } sort keys %$noted ], [],
        'no call with a token of the new key was refused at any time';
};

done_testing;
