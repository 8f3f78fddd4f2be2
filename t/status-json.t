#!/usr/bin/perl
# What the status location tells as JSON beside the metrics: sources, what is left out, operations in
# parts, scopes that no policy knows.

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Test::More;
use EIAM::Test;

use constant { OPERATIONS => 1_234, PART => 500, PART_SIZE => 256 * 1024 };

my %key = (kty => 'oct', k => 'c2VjcmV0' x 6, alg => 'HS256', kid => 'a');

# Each cause of what is left out comes from an operation like these.
my $policy = policy('/api', 'GET /users' => ['user_read'], 'GET /open' => 'public');
my $paths = $policy->{paths};
for my $n (1 .. 7) {
    $paths->{"/bare$n"}{get} = { operationId => "bare$n", responses => {}, security => [ {} ] };
}
$paths->{'/two/{a}-{b}'}{get} = { %{ $paths->{'/users'}{get} }, operationId => 'two' };
$paths->{'/more'}{get} = { %{ $paths->{'/users'}{get} }, operationId => 'more',
    security => [ {}, { eiam => ['user_read'] } ] };

my @scopes = map { sprintf 'scope_%03d', $_ } 0 .. 99;
my %large = map {
    my $n = $_;
    (sprintf('GET /things%04d/{id}', $n) => $n % 3 ? [ @scopes[ map { ($n + $_) % 100 } 0 .. 59 ] ]
        : [ [ @scopes[ 0 .. 2 ] ], $scopes[ $n % 100 ] ])
} 1 .. OPERATIONS;

my $gate = nginx(
    files => {
        'policy.json' => $policy,
        'large.json' => policy('/large', %large),
        'apps.json' => applications(
            { id => 'crm', permissions => [ 'user_read', 'user_raed' ], tokens => ['crm'],
                networks => [ '10.0.0.0/8', '127.0.0.1' ],
                objects => { app => [ map { "$_" } 1001 .. 1150 ], org => '*' } },
            { id => 'erp', permissions => [], tokens => ['erp'] },
            { id => 'off', enabled => 0, permissions => ['user_read'], tokens => ['off'] }),
        'keys.json' => { keys => [ \%key ] },
    },
    server => q{
        location /api/ { eiam on; eiam_policy %DIR%/policy.json; eiam_applications %DIR%/apps.json; empty_gif; }
        location /large/ { eiam on; eiam_policy %DIR%/large.json; empty_gif; }
        location /status/ { eiam_status; }
    })->start;

sub told { return get($gate, '/status/json')->{json} }

subtest '2.5-3: JSON lists what a policy leaves out, by cause, with the number and the first places' => sub {
    my %cause = map { ($_->{cause} => $_) } @{ told()->{left_out} };
    is_deeply [ sort keys %cause ], [qw(alternative_empty no_alternative several_parameters)], 'the causes';
    is_deeply { map { ($_ => $cause{$_}{count}) } keys %cause },
        { no_alternative => 7, several_parameters => 1, alternative_empty => 1 }, '  their numbers';
    is_deeply $cause{several_parameters}{pointers}, ['#/paths/~1two~1{a}-{b}/get'], '  the place';
    is scalar @{ $cause{no_alternative}{pointers} }, 5, '  of many, the first ones';
    is_deeply [ map { $_->{policy} } values %cause ], [ ($gate->dir . '/policy.json') x 3 ], '  and the policy';
    ok !(grep { !length $_->{text} || !length $_->{subject} } values %cause), '  each with its reason in words';
    my ($policy) = grep { @{ $_->{left_out} } } @{ get($gate, '/status/policy')->{json}{policies} };
    is scalar @{ $policy->{left_out} }, 7 + 1 + 1, 'all of the places are in the policy\'s JSON';
};

subtest '2.7-7: JSON names the kinds of token sources that are configured' => sub {
    is_deeply told()->{sources}, ['static'], 'the applications file';
    my %with = (
        'eiam_introspection /ask; location = /ask { internal; return 204; }' => ['introspection'],
        'eiam_jwks %DIR%/keys.json; eiam_jwt_issuer x; eiam_jwt_audience off; eiam_jwt_algorithms HS256;'
            => ['jwt'],
        'eiam_applications %DIR%/apps.json; location = /api/open { eiam on; eiam_learn on; empty_gif; }'
            => [qw(static learned)],
    );
    for my $config (sort keys %with) {
        my $one = nginx(
            files => { 'policy.json' => policy('/api', 'GET /users' => ['user_read'], 'GET /open' => 'public'),
                'apps.json' => applications(), 'keys.json' => { keys => [ \%key ] } },
            server => qq{
                eiam_policy %DIR%/policy.json;
                location /api/ { eiam on; empty_gif; }
                location /status/ { eiam_status; }
                $config
            })->start;
        is_deeply get($one, '/status/json')->{json}{sources}, $with{$config}, "@{ $with{$config} }";
        $one->stop;
    }
};

# All parts, one behind the other.
sub parts {
    my (@parts, $from);
    for ($from = 0; defined $from; $from = $parts[-1]{json}{next}) {
        push @parts, get($gate, '/status/operations?from=' . $from);
        return @parts if !$parts[-1]{json} || @parts > OPERATIONS;
    }
    return @parts;
}

# A row of a part, in the words of the policy's JSON.
sub written_out {
    my ($scopes, $row) = @_;
    my ($policy, $id, $method, $route, $public, $report, $required) = @$row;
    return { operation => $id, method => $method, route => $route, public => $public, report => $report,
        required => [ map { [ map { $scopes->[$_] } ref $_ ? @$_ : $_ ] } @$required ] };
}

subtest '2.5-10: operations come in parts, with scopes as numbers' => sub {
    my @parts = parts();
    my $whole = get($gate, '/status/policy')->{json}{policies};
    my $scopes = $parts[0]{json}{scopes};
    cmp_ok scalar @parts, '>', OPERATIONS / PART, 'there are several';
    is scalar(grep { length $_->{body} > PART_SIZE } @parts), 0, '  none is large';
    is scalar(grep { $_->{json}{scopes} } @parts), 1, '  the first names the scopes';
    is_deeply [ map { $_->{json}{policies} } @parts ], [ ($parts[0]{json}{policies}) x @parts ],
        '  each says of which policies it is';
    is_deeply $parts[0]{json}{policies}, [ map { {
        policy => $gate->dir . "/$_->[0].json", path => $_->[1], operations => $_->[2],
        sha256 => sha256_hex(slurp($gate->dir . "/$_->[0].json")) } }
        [ 'policy', '/api', 3 ], [ 'large', '/large', OPERATIONS ] ], '  with their digests and sizes';
    my @rows = map { @{ $_->{json}{operations} } } @parts;
    my @all = map { my $n = $_; map { [ $n, $_ ] } @{ $whole->[$n]{operations} } } 0 .. $#$whole;
    $_->[1]{public} += 0, $_->[1]{report} += 0 for @all;
    is_deeply [ map { [ $_->[0], written_out($scopes, $_) ] } @rows ], \@all, 'together they are the policies';
    cmp_ok length(join '', map { $_->{body} } @parts), '<', length(get($gate, '/status/policy')->{body}) / 2,
        'in less than half of the bytes';
};

subtest 'where a part begins' => sub {
    my $total = OPERATIONS + 3;
    for my $from ('', '?from=0', '?x=y', '?from=00') {
        is get($gate, "/status/operations$from")->{json}{operations}[0][1], 'more', "'$from' is the first";
    }
    is scalar @{ get($gate, '/status/operations?from=' . ($total - 1))->{json}{operations} }, 1, 'the last one';
    for my $from ($total, $total + 1, 999_999_999) {
        my $res = get($gate, "/status/operations?from=$from");
        is_deeply $res->{json}{operations}, [], "behind the last one, $from, there is none";
        ok !exists $res->{json}{next}, '  and nothing follows';
    }
    for my $from (qw(-1 x 1x 1.5 %31 99999999999999999999999), '') {
        my $res = get($gate, "/status/operations?from=$from");
        is $res->{status}, 400, "'$from' is no place";
        like $res->{json}{error}, qr/"from" is not a number/, '  which is said';
    }
};

subtest '2.7-7: an explanation names the scopes that no policy knows' => sub {
    my $explained = sub {
        return get($gate, "/status/explain?method=GET&path=/api/users&scopes=$_[0]")->{json};
    };
    is_deeply $explained->('user_read+user_raed+%20org%22x')->{unknown_scopes}, [ 'user_raed', 'org"x' ],
        'two of them';
    is_deeply $explained->('USER_READ')->{unknown_scopes}, ['USER_READ'], 'another case is another scope';
    ok !exists $explained->($_)->{unknown_scopes}, "'$_': none" for 'user_read', 'scope_001', '', '+';
    is $explained->('user_read+nonsense')->{decision}, 'allow', 'they change no decision';
};

# Who is refused, as rows of text.
sub refusals {
    return [ sort map { join '|', @$_{qw(application operation decision reason count)} } @{ told()->{refusals} } ];
}

subtest '2.7-7: JSON says who is refused, why, how often and since when' => sub {
    is_deeply refusals(), [], 'nobody is, at first';
    my $begin = time;
    get($gate, '/api/users', token => 'crm');
    is_deeply refusals(), [], '  nor whoever is allowed';
    get($gate, '/api/users', token => 'erp') for 1 .. 3;
    get($gate, '/api/more', token => 'erp');
    get($gate, '/api/users', token => 'off');
    get($gate, '/api/users', token => "invented$_") for 1 .. 2;
    get($gate, $_) for qw(/api/users /api/more /api/nowhere);
    get($gate, '/api/nowhere', token => 'erp');
    get($gate, '/large/things0001/x', token => 'erp', headers => ['X-HTTP-Method: GET']);
    my @expected = (
        '||deny|method_override|1', '||deny|operation_unknown|1', '||deny|token_invalid|2',
        '||deny|token_missing|3', 'erp|getMore|deny|scope_insufficient|1',
        'erp|getUsers|deny|scope_insufficient|3', 'off|getUsers|deny|application_disabled|1');
    is_deeply refusals(), [ sort map { s/getMore/more/r } @expected ],
        'each application, operation and reason; without an application, the reason alone';
    my $json = told();
    is_deeply [ grep { $_->{since} < $begin - 1 || $_->{since} > $_->{last} || $_->{last} > $json->{now} }
            @{ $json->{refusals} } ], [], '  since when, and when for the last time, by the clock of the gate';

    ok $gate->reload, 'a reload';
    get($gate, '/api/users', token => 'erp');
    is_deeply [ grep { /^erp/ } @{ refusals() } ], [ 'erp|getUsers|deny|scope_insufficient|4',
        'erp|more|deny|scope_insufficient|1' ], '  forgets none';
};

subtest '2.7-7: JSON says what is granted to one application' => sub {
    my $of = sub { return get($gate, "/status/application?id=$_[0]") };
    is_deeply $of->('crm')->{json}, { application => 'crm', files => [ { file => $gate->dir . '/apps.json',
        enabled => JSON::PP::true, tokens => 1, permissions => ['user_read'], unknown_permissions => ['user_raed'],
        networks => [ '10.0.0.0/8', '127.0.0.1/32' ],
        objects => [ { kind => 'app', any => JSON::PP::false, count => 150, ids => [ 1001 .. 1100 ] },
            { kind => 'org', any => JSON::PP::true, count => 0, ids => [] } ] } ] }, 'permissions, networks, number of tokens';
    is_deeply $of->('off')->{json}{files}[0], { file => $gate->dir . '/apps.json', enabled => JSON::PP::false,
        tokens => 1, permissions => ['user_read'], unknown_permissions => [] }, 'of one that is disabled, too';
    is_deeply $of->('nobody')->{json}{files}, [], 'no file names somebody else';
    is_deeply $of->('%63rm')->{json}{application}, 'crm', 'the id is decoded';
    is $of->($_)->{status}, 400, "'$_' is no id" for '', '%', '%zz';
    is get($gate, '/status/application')->{status}, 400, 'without an id there is nothing to say';
    unlike $of->('crm')->{body}, qr/[0-9a-f]{64}/, 'no digest of a token is shown';
};

subtest 'many applications are refused' => sub {
    my @ids = map { sprintf 'application-%04d', $_ } 1 .. 2_000;
    my $many = nginx(
        files => { 'policy.json' => policy('/api', 'GET /users' => ['user_read']), 'apps.json' => applications(
            map { { id => $_, permissions => [], tokens => [$_] } } @ids) },
        http => 'eiam_zone eiam 4m;',
        server => q{
            eiam_policy %DIR%/policy.json;
            eiam_applications %DIR%/apps.json;
            keepalive_requests 10000;
            location /api/ { eiam report; empty_gif; }
            location /status/ { eiam_status; }
        })->start;
    my $c = connection($many);
    for my $id (@ids) {
        $c->send(request('/api/users', token => $id));
        my $res = $c->read_response;
        is $res->{status}, 200, "$id passes" if $res->{status} != 200;
    }
    my @rows = @{ get($many, '/status/json')->{json}{refusals} };
    cmp_ok scalar @rows, '>', 100, scalar(@rows) . ' of them are kept';
    cmp_ok scalar @rows, '<=', 512, '  which is bounded';
    is_deeply [ grep { $_->{decision} ne 'would_deny' || $_->{count} != 1 && $_->{application} ne 'other' || $_->{operation} ne 'getUsers' } @rows ],
        [], '  with what would have been refused, where the gate only reports';
    ok !(grep { $_->{application} !~ /^(?:application-\d+|other)$/ } @rows), '  and their names';
    $many->stop;
};

done_testing;
