#!/usr/bin/perl
# The debug log follows a call through its stages, look-ups and fetches, and contains no token.

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

my $true = JSON::PP::true;
my %token = map { ($_ => "Secret-of-$_-0123456789") } qw(static learned refresh asked refused failed);
my ($key, $new) = map { new_key('Ed25519') } 1, 2;
my %claims = (iss => 'as', aud => 'api', exp => time + 600, client_id => 'crm', scope => 'user_read');
$token{jwt} = mint($key, 'EdDSA', \%claims, { kid => 'k', typ => 'at+jwt' });
$token{unknown_key} = mint($new, 'EdDSA', \%claims, { kid => 'new', typ => 'at+jwt' });

my $source = EIAM::Source->new(
    $token{asked}  => { json => { active => $true, client_id => 'erp', scope => 'user_read' } },
    $token{failed} => { status => 500, body => $token{failed} },
    '*'            => { json => { active => JSON::PP::false } },
);
my $issuer = EIAM::Source->new('*' => { json => { access_token => $token{learned}, token_type => 'bearer',
    expires_in => 60, scope => 'user_read', refresh_token => $token{refresh} } });
my $keys = EIAM::Source->new('*' => { json => { keys => [ public_jwk($key, kid => 'k') ] } });

my $gate = nginx(
    error_log_level => 'debug',
    files => {
        'policy.json' => policy('/api', 'GET /users' => ['user_read'], 'PUT /users' => ['user_write'],
            'POST /token' => 'public'),
        'apps.json' => applications({ id => 'crm', permissions => ['user_read'], tokens => [ $token{static} ] },
            { id => 'erp', permissions => ['user_read'] }),
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
        location = /introspect { internal; proxy_pass http://@{[ $source->address ]}; }
        location = /jwks { internal; proxy_pass http://@{[ $keys->address ]}; }
        location / { proxy_pass http://%ECHO%; }
    })->start;

# The module's log lines of a call, without their prefixes.
my $read = 0;
sub lines_of {
    my ($target, %opt) = @_;
    get($gate, $target, %opt);
    my @lines = split /\n/, $gate->error_log;
    my @new = splice @lines, $read;
    $read += @new;
    return map { /\[debug\] \d+#\d+: (?:\*\d+ )?(eiam .*)/ ? $1 : () } @new;
}

# These lines are in the log in this order, perhaps with others between them.
sub in_order {
    my ($title, $lines, @expected) = @_;
    my @missing = @expected;
    for my $line (@$lines) { shift @missing if @missing && $line =~ /^$missing[0]$/ }
    return ok(!@missing, $title) || diag "no \"$missing[0]\" in\n", join "\n", @$lines;
}

sub id { return substr sha256_hex($token{ $_[0] }), 0, 16 }

sub stages { return map { /^(\w+)=(-?\d+)$/ ? "eiam stage $1: $2" : "eiam stage $_: 0" } @_ }

my @to_identify = stages(qw(guard bearer match));
my @allowed = stages(qw(identify authorize learn forward));

subtest '2.2-2: a call passes through the stages in the order of the table' => sub {
    my @lines = lines_of('/api/users', token => $token{static});
    is_deeply [ grep { /stage/ } @lines ], [ @to_identify, @allowed ], 'an allowed call';
    @lines = lines_of('/api/users', token => $token{static}, method => 'PUT');
    is_deeply [ grep { /stage/ } @lines ], [ @to_identify, stages('identify', 'authorize=-6') ],
        'a refused one as far as it comes';
    in_order('  with the decision', \@lines, 'eiam decision: deny, scope_insufficient');
    @lines = lines_of('/api/token', method => 'POST', body => 'client_id=crm',
        headers => ['Content-Type: application/x-www-form-urlencoded']);
    is_deeply [ grep { /stage/ } @lines ], [ stages(qw(guard bearer=-5 learn forward)) ],
        'a token call needs no identity, and runs on while its body is read';
    in_order('  and is learned from', \@lines, 'eiam token call, client: yes, certain: yes');
    like "@lines", qr/eiam token @{[ id('learned') ]} is learned, expires: \d+/, '  by its id';
};

subtest '2.2-6: the debug log tells of look-ups, flights and fetches' => sub {
    my %shown = map { ($_ => 'eiam token ' . id($_)) } keys %token;
    in_order('a static token', [ lines_of('/api/users', token => $token{static}) ],
        @to_identify, "$shown{static}, source static: 0", @allowed);
    in_order('a learned one', [ lines_of('/api/users', token => $token{learned}) ],
        @to_identify, "$shown{learned}, source learned: 0", @allowed);

    my @lines = lines_of('/api/users', token => $token{asked});
    my ($flight) = map { /flight (\d+)$/ && $1 || () } @lines;
    in_order('an introspected one', \@lines, @to_identify,
        "eiam introspection look-up: -5, flight $flight", 'eiam fetch "/introspect", \d+ ms',
        'eiam stage identify: -2', "eiam flight $flight ends", 'eiam wait is over',
        "eiam introspection look-up: 0, flight $flight", "$shown{asked}, source introspection: 0", @allowed);
    like "@lines", qr{eiam fetch "/introspect": status 200, \d+ bytes}, '  with the size of the answer';
    in_order('  the second time', [ lines_of('/api/users', token => $token{asked}) ],
        'eiam introspection look-up: 0, flight 0', @allowed);
    in_order("one that is $_->[0]", [ lines_of('/api/users', token => $token{ $_->[0] }) ],
        'eiam stage identify: -6', "eiam decision: deny, $_->[1]")
        for [ refused => 'token_invalid' ], [ failed => 'source_unavailable' ];

    @lines = lines_of('/api/users', token => $token{jwt});
    in_order('a JWT', \@lines, 'eiam jwt look-up: -5', 'eiam fetch "/jwks", \d+ ms',
        'eiam flight \\d+ ends', 'eiam key set "/jwks": generation \d+',
        'eiam jwt verified: 0, keys of generation \d+', "$shown{jwt}, source jwt: 0", @allowed);
    in_order('  the second time', [ lines_of('/api/users', token => $token{jwt}) ], 'eiam jwt look-up: 0', @allowed);
    in_order('a JWT of another key', [ lines_of('/api/users', token => $token{unknown_key}) ],
        'eiam jwt verified: -5, keys of generation \d+', "$shown{unknown_key}, source jwt: -6");
    in_order('a call beside the gate', [ lines_of('/docs', token => $token{static}) ], 'eiam outside: 0');
    in_order('one that leads around it', [ lines_of('/api;x/users', token => $token{static}) ],
        'eiam outside: -5', 'eiam decision: deny, request_ambiguous');
};

subtest '2.2-6: the debug log knows no secret' => sub {
    lines_of('/api//users', token => $token{static});
    lines_of("/api/users?access_token=$token{static}", token => $token{static});
    lines_of('/api/users', headers => [ map { "Authorization: Bearer $token{$_}" } qw(static learned) ]);
    lines_of('/api/users', token => "$token{static}?");
    $gate->stop;
    my @lines = grep { /\beiam\b/ } split /\n/, $gate->error_log;
    my $secret = join '|', map { my $digest = sha256_hex($_);
        (quotemeta, quotemeta substr($_, -20), substr($digest, 0, 17), substr($digest, 16, 16), substr($digest, 48)) }
        values %token;
    # nginx itself writes what it reads, and what it sends
    my @ours = grep { !/\[debug\] \S+ \*\d+ http (?:request line|args|header|proxy header|script)/ } @lines;
    cmp_ok scalar(grep { /\[debug\]/ } @ours), '>', 150, 'the log is that of the level debug';
    is_deeply [ grep { /$secret/i } @ours ], [], 'there is none in our lines';
};

done_testing;
