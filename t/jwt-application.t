#!/usr/bin/perl
# Which claims of a signed token name its application: "eiam_jwt_application".

use strict;
use utf8;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Test::More;
use EIAM::Jwt qw(new_key public_jwk mint);
use EIAM::Test;

my $key = new_key('Ed25519');
my $proxy = 'proxy_pass http://%ECHO%;';

my %files = (
    'policy.json' => policy('/api', (map { ("GET /$_" => ["org_read"], "PUT /$_" => ["org_all"]) }
        qw(default named sub pointer open inherited))),
    'keys.json' => { keys => [ public_jwk($key, kid => 'k') ] },
    'apps.json' => applications(
        { id => '11112222-3333', enabled => 0, permissions => ['org_read'] },
        { id => 'partner', permissions => ['org_read'] },
        { id => 'crm', permissions => [ 'org_read', 'org_all' ] }),
);

my %claims = (iss => 'https://as.example', aud => 'api', exp => time + 3600, scope => 'org_read org_all');

sub token {
    my (%more) = @_;
    return mint($key, 'EdDSA', { %claims, %more }, { kid => 'k', typ => 'at+jwt' });
}

# "application|scopes" as the backend was told, or the reason of the refusal; then the source and the cache.
sub outcome {
    my ($gate, $target, $token) = @_;
    my $res = get($gate, "/api/$target", token => $token);
    my %reason = map { ('GATEWAY.' . $EIAM::Test::REFUSAL{$_}[1] => $_) } keys %EIAM::Test::REFUSAL;
    my $code = $res->{status} == 200 ? undef : $res->{json}{error_code};
    return ($code ? $reason{$code} : join '|', map { join ',', received($res, "X-EIAM-$_") } qw(Application Scopes))
        . ' ' . ($res->{headers}{'x-cache'} // '');
}

sub gate {
    my ($names) = @_;
    return nginx(files => { %files, 'names.conf' => $names }, workers => 1, server => qq{
        eiam_policy policy.json;
        eiam_jwks keys.json;
        eiam_jwt_issuer https://as.example;
        eiam_jwt_audience api;
        add_header X-Cache \$eiam_cache always;
        include names.conf;
        location /api/ { eiam on; eiam_applications apps.json; $proxy }
        location = /api/open { eiam on; $proxy }
        location = /api/named { eiam on; eiam_applications apps.json; eiam_jwt_application x client; $proxy }
        location = /api/sub { eiam on; eiam_applications apps.json; eiam_jwt_application client_id sub; $proxy }
        location = /api/pointer { eiam on; eiam_applications apps.json;
            eiam_jwt_application /act/client /azp~1x~0y /list/1/id; $proxy }
    })->start;
}

my $gate = gate('');

sub is_outcome {
    my ($target, $claims, $expected, $title) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is outcome($gate, $target, token(%$claims)) =~ s/ \w*$//r, $expected, $title;
}

subtest "2.1-3: a token of Okta or Entra is its application's, not its user's" => sub {
    is_outcome('default', { cid => 'partner', sub => 'anna@example.test', scope => undef,
        scp => [ 'org_read', 'org_all' ] }, 'partner|org_read', "Okta's cid: under the ceiling");
    is_outcome('default', { appid => '11112222-3333', sub => 'pairwise-AbC', ver => '1.0' },
        'application_disabled', "Entra's appid: disabled");
    is_outcome('default', { cid => 'evil', sub => 'crm' }, 'evil|org_read org_all',
        'a sub that is called like an application is not told to the backend');
    is_outcome('default', { sub => 'crm' }, 'token_invalid', 'a sub alone names none, so there is no ceiling');
    is_outcome('open', { sub => 'crm' }, '|org_read org_all', '  and where there is no file, none is told');
    is_outcome('default', { azp => 'partner', sub => 'crm' }, 'partner|org_read', 'azp is there before it');
};

subtest '2.1-3: claims that contradict each other name no application' => sub {
    my @names = qw(client_id azp cid appid);
    for my $one (@names) {
        is_outcome('default', { client_id => 'crm', $_ => 'partner', $one => 'crm' }, 'token_invalid',
            "$one is crm, $_ partner") for grep { $_ ne $one && $_ ne 'client_id' } @names;
        is_outcome('default', { client_id => 'crm', $one => $_->[1] }, 'token_invalid', "$one is $_->[0]")
            for [ 'a number' => 1 ], [ true => JSON::PP::true ], [ 'an array' => ['crm'] ], [ 'an object' => {} ],
                [ empty => '' ], [ 'of 256 bytes' => 'x' x 256 ], [ 'with a line end' => "crm\n" ],
                [ 'with a space behind' => 'crm ' ], grep { $one ne 'client_id' } [ 'in capitals' => 'CRM' ],
                [ 'with a mark that cannot be seen' => "crm\x{200b}" ];
    }
    is_outcome('default', { map { ($_ => 'crm') } @names }, 'crm|org_read org_all', 'all say the same');
    is_outcome('default', { (map { ($_ => undef) } @names), appid => 'crm' }, 'crm|org_read org_all',
        'null says nothing');
    is_outcome('default', { map { ($_ => undef) } @names, 'sub' }, 'token_invalid', 'and names none');
    is_outcome('default', { client_id => 'crm', sub => 'partner', client => 1 }, 'crm|org_read org_all',
        'claims that are not named may say anything');
};

subtest '2.1-3: the claims that are named are the only ones' => sub {
    is_outcome('named', { client => 'crm' }, 'crm|org_read org_all', 'the second of two');
    is_outcome('named', { x => 'crm', client => 'crm' }, 'crm|org_read org_all', 'both');
    is_outcome('named', { x => 'crm', client => 'partner' }, 'token_invalid', 'both, and they differ');
    is_outcome('named', { client_id => 'crm', cid => 'crm' }, 'token_invalid', 'none of the default');
    is_outcome('named', { client => 'crm', client_id => 'partner', cid => 1 }, 'crm|org_read org_all',
        '  which does not count either');
    is_outcome('sub', { sub => 'crm' }, 'crm|org_read org_all', 'sub, where it is named');
    is_outcome('sub', { client_id => 'partner', sub => 'crm' }, 'token_invalid', '  and differs');
};

subtest '2.1-3: a name that begins with a slash is a JSON pointer' => sub {
    is_outcome('pointer', { act => { client => 'crm' } }, 'crm|org_read org_all', 'a member of an object');
    is_outcome('pointer', { 'azp/x~y' => 'crm' }, 'crm|org_read org_all', '~1 and ~0');
    is_outcome('pointer', { 'azp~1x~0y' => 'crm' }, 'token_invalid', '  which are not taken as they are');
    is_outcome('pointer', { list => [ { id => 'partner' }, { id => 'crm' } ] }, 'crm|org_read org_all',
        'an element of an array');
    is_outcome('pointer', { list => { 1 => { id => 'crm' } } }, 'crm|org_read org_all',
        '  or a member that is called like one');
    is_outcome('pointer', { act => { client => 'crm' }, list => [ 0, { id => 'partner' } ] }, 'token_invalid',
        'two that differ');
    is_outcome('pointer', { act => { client => 'crm' }, 'azp/x~y' => $_->[1] }, $_->[2], $_->[0])
        for [ 'beside null', undef, 'crm|org_read org_all' ], [ 'beside a number', 1, 'token_invalid' ];
    is_outcome('pointer', { %{ $_->[1] }, 'azp/x~y' => 'crm' }, $_->[2], $_->[0])
        for [ 'a way through null', { act => undef, list => [ 1, undef ] }, 'crm|org_read org_all' ],
            [ 'no such member, and a short array', { act => {}, list => [] }, 'crm|org_read org_all' ],
            [ 'a way through a string', { act => 'client' }, 'token_invalid' ],
            [ 'a way through an array', { act => ['client'] }, 'token_invalid' ],
            [ 'a way through a number', { list => [ 1, 2 ] }, 'token_invalid' ],
            [ 'an object in the end', { act => { client => { id => 'crm' } } }, 'token_invalid' ];
};

subtest '2.1-3: other claims after a reload: a grant that was remembered does not count' => sub {
    my $gate = gate('eiam_jwt_application client_id /a/b;');
    my $token = token(client_id => 'crm', x => 'partner', y => 1);
    my $ask = sub { outcome($gate, 'inherited', $token) };
    is $ask->(), 'crm|org_read org_all MISS', 'the first time it is verified';
    is $ask->(), 'crm|org_read org_all HIT', '  then remembered';
    my $with = sub {
        my ($names, $expected) = @_;
        $gate->write_file('names.conf', $names && "eiam_jwt_application $names;");
        ok $gate->reload, "reload: $names";
        is $ask->(), $expected, "  $expected";
    };
    $with->('client_id /a/b', 'crm|org_read org_all HIT');
    $with->('x', 'partner|org_read MISS');
    $with->('client_id x', 'token_invalid MISS');
    $with->('client_idx', 'token_invalid MISS');
    $with->('client_id y', 'token_invalid MISS');
    $with->('', 'crm|org_read org_all MISS');
};

subtest '2.1-3: wrong names are refused when the configuration is read' => sub {
    my $says = sub {
        my ($title, $names, $says) = @_;
        bad_config($title, { files => \%files, server => "eiam_jwt_application $names;" }, $says);
    };
    my $none = sub { qr/\[emerg\] .*"\Q$_[0]\E" is neither the name of a claim nor a JSON pointer; set in / };
    $says->("the name $_", "client_id $_", $none->($_)) for '/a~', '/a~2b', '/~', '/a/~/b', '/a~~1';
    $says->('an empty name', '""', $none->(''));
    $says->('an empty name among others', 'a "" b', $none->(''));
    $says->("twice the same: $_->[0]", $_->[0], qr/\[emerg\] .*claim "\Q$_->[1]\E" is named twice; set in /)
        for [ 'a a', 'a' ], [ 'a b /a', '/a' ], [ '/a/b c /a/b', '/a/b' ], [ '/a~1b a/b', 'a/b' ];
    good_config("the name $_", { files => \%files, server => "eiam_jwt_application $_;" })
        for 'a~b', 'a/b', 'https://example.com/client_id', '/', '/a/', '/a~01', 'client_id /client_id/0', 'a A';
};

done_testing;
