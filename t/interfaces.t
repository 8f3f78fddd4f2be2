#!/usr/bin/perl
# The requirement: the permission tables of the documented interfaces, through the gate to the real backend; and
# each operation of the shipped policy with each permission code.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Test::More;
use EIAM::Example qw(documented_interfaces example_call permission_codes);
use EIAM::Test;

my $json = JSON::PP->new->utf8->canonical;
my $interfaces = documented_interfaces();
my $document = $json->decode(slurp(top_dir() . '/conf/eiam-openapi.json'));
my @codes = permission_codes($document);
my ($base) = $document->{servers}[0]{url} =~ m{^https?://[^/]+(/.*)$};

my $backend = EIAM::Example->new;

# ---- the gate: an application for each code, and one with none

my $gated = 'eiam on; eiam_policy ' . top_dir() . '/conf/eiam-openapi.json; eiam_applications %DIR%/apps.json;';
my $gate = nginx(
    files => { 'apps.json' => applications(
        { id => 'nothing', tokens => ['token-nothing'] },
        map { ({ id => $_, permissions => [$_], tokens => ["token-$_"] }) } @codes) },
    http => qq{
        keepalive_requests 100000;
        server {
            listen 127.0.0.1:%PORT2%;
            location $base/ {
                $gated
                proxy_http_version 1.1; proxy_set_header Connection "";
                proxy_pass http://echo;
            }
        }
        upstream echo { server %ECHO%; keepalive 2; }
    },
    server => "location $base/ { $gated proxy_pass http://@{[ $backend->address ]}; }",
)->start;

# ---- the five interfaces

sub ask {
    my ($interface, $token, %other) = @_;
    return get($gate, example_call($interface, %other), token => $token);
}

is scalar @codes, 21, 'the policy knows 21 permission codes';
is scalar @$interfaces, 5, 'five interfaces are documented';

for my $interface (@$interfaces) {
    subtest "$interface->{method} $interface->{path}" => sub {
        my %listed = map { ($_ => 1) } @{ $interface->{scopes} };
        is scalar(grep { $listed{$_} } @codes), scalar keys %listed, 'its codes are known';
        for my $code (@codes) {
            my $res = ask($interface, "token-$code");
            if (!$listed{$code}) {
                refused $res, 'scope_insufficient', "$code alone is refused";
                next;
            }
            is $res->{status}, $interface->{status}, "$code alone is allowed, and answered by the backend";
            my @missing = grep { !exists +($res->{json} // {})->{$_} } @{ $interface->{members} };
            is_deeply \@missing, [], '  with the documented members' or diag $res->{body};
        }
        refused ask($interface, 'token-nothing'), 'scope_insufficient', 'an application without a code is refused';
        refused ask($interface, 'token-unknown'), 'token_invalid', 'an unknown token is refused';
        refused ask($interface), 'token_missing', 'no token is refused';

        my ($first) = $interface->{path} =~ /\{(\w+)\}/;
        my $res = ask($interface, "token-$interface->{scopes}[0]", $first => 'nowhere');
        ok scalar(grep { $_ eq ($res->{json}{error_code} // '') } @{ $interface->{errors} }),
            "the backend's own error passes through" or diag "$res->{head}\n\n$res->{body}";
    };
}

# ---- all operations, all codes

my @operations;
for my $path (sort keys %{ $document->{paths} }) {
    for my $method (grep { /^(get|put|post|delete|patch|head|options)$/ } sort keys %{ $document->{paths}{$path} }) {
        my $operation = $document->{paths}{$path}{$method};
        my $security = $operation->{security} // $document->{security};
        push @operations, {
            id => $operation->{operationId}, method => uc $method, public => !@$security,
            target => $base . ($path =~ s/\{[^}]+\}/sample-1/gr),
            # Each alternative is a list of scopes that are required together.
            alternatives => [ map { [ map { @$_ } values %$_ ] } @$security ],
        };
    }
}

sub permits {
    my ($operation, $code) = @_;
    return 1 if $operation->{public};
    for my $alternative (@{ $operation->{alternatives} }) {
        return 1 unless grep { $_ ne $code } @$alternative;
    }
    return 0;
}

# The result: the operation that the backend was told, or the code of the refusal.
sub outcome {
    my ($res) = @_;
    return 'no answer' unless $res;
    return $res->{json}{error_code} // join '|', $res->{json}{method}, $res->{json}{target}, received($res, 'X-EIAM-Operation');
}

is scalar @operations, 74, 'the policy has 74 operations';
is scalar(grep { $_->{public} } @operations), 1, '  one of which is public';

subtest 'every operation with every code' => sub {
    my ($allowed, $before, @wrong) = (0, $gate->echo->count);
    my @tokens = ((map { [ $_, "token-$_" ] } @codes), [ 'nothing', 'token-nothing' ], [ 'no token', undef ]);
    for my $row (@tokens) {
        my ($code, $token) = @$row;
        my @res = raw($gate, join('', map {
            request($_->{target}, method => $_->{method}, token => $token)
        } @operations), port => $gate->port(2), count => scalar @operations, timeout => 30);

        for my $i (0 .. $#operations) {
            my $operation = $operations[$i];
            my $may = permits($operation, $code);
            $allowed += $may;
            my $want = $may ? "$operation->{method}|$operation->{target}|$operation->{id}"
                : defined $token ? 'GATEWAY.4031' : 'GATEWAY.4011';
            my $got = outcome($res[$i]);
            push @wrong, "$operation->{method} $operation->{target} with $code: $got, expected $want" if $got ne $want;
        }
    }
    is_deeply \@wrong, [], 'is allowed exactly where the document says so';
    is $gate->echo->count - $before, $allowed, "$allowed calls reached the backend, each once";
    cmp_ok $allowed, '>', 100, 'and they are many';
};

subtest 'the documented tables and the policy agree' => sub {
    for my $interface (@$interfaces) {
        my $path = $interface->{path} =~ s/^\Q$base\E//r;
        my $security = $document->{paths}{$path}{ lc $interface->{method} }{security};
        is_deeply [ sort map { @$_ } map { values %$_ } @$security ], [ sort @{ $interface->{scopes} } ],
            "$interface->{method} $interface->{path}";
    }
};

done_testing;
