#!/usr/bin/perl
# What is used: the operations that each application called, the permissions that suffice for these, the operations
# that nobody called, and the objects that applications named while "eiam_objects" only reports.

use strict;
use utf8;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Digest::SHA ();
use JSON::PP ();
use Test::More;
use EIAM::Test;

sub document {
    my (@more) = @_;
    my $policy = policy('/api',
        'GET /orgs' => { id => 'listOrgs', scopes => [qw(org_read org_all all)] },
        'PUT /orgs/{org}' => { id => 'changeOrg', scopes => [qw(org_all all)] },
        'GET /users' => { id => 'listUsers', scopes => [qw(user_read all)] },
        'GET /both' => { id => 'both', scopes => [ [qw(org_read user_read)], 'all' ] },
        'GET /x' => { id => 'x', scopes => [qw(x xy)] }, 'GET /y' => { id => 'y', scopes => [qw(y xy)] },
        'GET /apps/{app}' => { id => 'getApp', scopes => ['all'] },
        'GET /open' => { id => 'open', scopes => 'public' }, @more);
    $_->{parameters}[0]{'x-eiam-object'} = 'app' for $policy->{paths}{'/apps/{app}'}{get};
    return $policy;
}

my @all = qw(org_read org_all user_read x y xy all);
my %files = ('policy.json' => document(), 'apps.json' => applications(
    (map { { id => $_, permissions => \@all, tokens => [$_] } } qw(crm erp idle)),
    { id => 'narrow', permissions => ['org_read'], tokens => ['narrow'], objects => { app => ['a1'], org => '*' } }));

my $gate = nginx(files => \%files, workers => 2, http => 'eiam_zone eiam 2m;',
    server => q{
        eiam_policy policy.json; eiam_applications apps.json; eiam_objects report;
        location /api/ { eiam on; proxy_pass http://%ECHO%; }
        location /api/orgs { eiam report; proxy_pass http://%ECHO%; }
        location /status/ { eiam_status; } })->start;

sub status { return get($gate, "/status/json$_[0]")->{json} }
sub one { my ($row) = @{ status("?application=$_[0]")->{application_usage} }; return $row }

# ---------------------------------------------------------------- nothing yet

my $first = status('');
is_deeply [ map { $_->{operation} } @{ $first->{usage}{uncalled} } ],
    [qw(getApp both open listOrgs changeOrg listUsers x y)], '2.7-4: the operations that nobody called';
is $first->{usage}{uncalled_count}, 8, '  and how many they are';
ok $first->{usage}{complete} && $first->{usage}{bytes} > 0, '  and whether the tables are complete, and their size';
cmp_ok abs(time - $first->{usage}{since}), '<', 60, '  since when';
is_deeply [ map { $_->{application} } @{ $first->{application_usage} } ], [qw(crm erp idle narrow)], 'the applications of the file';
is_deeply one('crm'), { application => 'crm', file => $gate->dir . '/apps.json', enabled => JSON::PP::true, granted => \@all,
    used => [], minimal => [] }, '2.7-4: what is granted, and nothing used';
is_deeply status('?application=none')->{application_usage}, [], 'an application that does not exist';
is_deeply status('?application=')->{application_usage}, [], 'an empty id';

sub explained { return get($gate, "/status/explain?method=GET&path=/api/users$_[0]")->{json}{used} }

is explained("&application=$_"), JSON::PP::false, "2.7-6: the explanation says that $_ has not called the operation" for qw(crm erp);
is explained(''), JSON::PP::false, '  nor anybody';
is explained('&application=stranger'), undef, '  but nothing of an application that no file names';

# ---------------------------------------------------------------- calls

for (
    [ crm => [ 'GET /orgs' ], ['listOrgs'], ['org_read'] ],
    [ crm => [ 'PUT /orgs/o1', 'HEAD /orgs' ], [qw(listOrgs changeOrg)], ['org_all'] ],
    [ crm => ['GET /users'], [qw(listOrgs changeOrg listUsers)], [qw(org_all user_read)] ],
    [ crm => ['GET /both'], [qw(both listOrgs changeOrg listUsers)], [qw(org_all org_read user_read)] ],
    [ erp => ['GET /x'], ['x'], ['x'] ],
    [ erp => [ 'GET /y', 'GET /none', 'DELETE /x' ], [qw(x y)], ['xy'] ],
    [ narrow => [ 'GET /orgs', 'GET /users' ], ['listOrgs'], ['org_read'] ],
    [ narrow => ['PUT /orgs/o1'], [qw(listOrgs changeOrg)], ['org_all'] ],
) {
    my ($application, $calls, $used, $minimal) = @$_;
    for my $call (@$calls) {
        my ($method, $target) = split / /, $call;
        get($gate, "/api$target", method => $method, token => $application, close => 1);
    }
    my $row = one($application);
    is_deeply [ sort @{ $row->{used} } ], [ sort @$used ], "2.7-4: $application used @$used";
    is_deeply [ sort @{ $row->{minimal} } ], [ sort @$minimal ], "2.7-4:   for which @$minimal suffice";
}
get($gate, '/api/open');
is_deeply [ map { $_->{operation} } @{ status('')->{usage}{uncalled} } ], ['getApp'], '2.7-4: public calls count, too';
is_deeply one('idle')->{used}, [], 'another application has used nothing';
is explained($_), JSON::PP::true, "2.7-6: the explanation says who has called the operation: '$_'" for '&application=crm', '';
is explained("&application=$_"), JSON::PP::false, "  and that $_ has not" for qw(erp idle);
is_deeply [ map { "$_->{kind} $_->{count}" } @{ one('narrow')->{objects} } ], [ 'app 1', 'org 0' ], 'its objects are there';

# ---------------------------------------------------------------- another policy, another file

$gate->write_file('policy.json', document('GET /a' => { id => 'new', scopes => ['all'] }, 'GET /orgs/{org}/more' => ['all']));
$gate->write_file('apps.json', applications({ id => 'other', permissions => [], tokens => [] },
    map { { id => $_, permissions => [ reverse @all ], tokens => [$_] } } qw(erp crm)));
ok $gate->reload, 'nginx is reloaded';
is_deeply [ sort @{ one('crm')->{used} } ], [ sort qw(both listOrgs changeOrg listUsers) ], '2.7-4: used operations are known by name, so they outlive a reload';
is_deeply [ sort @{ one('erp')->{used} } ], [qw(x y)], '  for each application';
is_deeply one('other')->{used}, [], '  and a new one has used nothing';
is status('')->{usage}{since}, $first->{usage}{since}, '  since the same time';
is_deeply [ sort map { $_->{operation} } @{ status('')->{usage}{uncalled} } ], [qw(getApp getOrgsOrgMore new)], '  and nobody has called the new operations';

# ---------------------------------------------------------------- objects that were named

get($gate, "/api/apps/$_", token => 'crm') for qw(a1 a2 a1 b~c);
get($gate, '/api/apps/e1', token => 'erp');
get($gate, '/api/apps/none', token => 'narrow');
is_deeply [ sort @{ one('crm')->{touched}{app} } ], [qw(a1 a2 b~c)], '2.7-3: "eiam_objects report" keeps which objects an application named';
ok !exists one('other')->{touched}, '  and none of an application that named none';
my $named = get($gate, '/status/objects')->{json};
is_deeply [ map { [ $_->{id}, sort @{ $_->{objects}{app} } ] } @{ $named->{applications} } ], [ [ 'erp', 'e1' ], [qw(crm a1 a2 b~c)] ],
    '  and lists them in the form of the file';
is $named->{not_kept}, 0, '  and none is missing';

my $most = $named->{kept_at_most};
get($gate, "/api/apps/id-$_", token => 'crm') for 1 .. 60;
my $again = get($gate, '/status/objects')->{json};
my ($crm) = grep { $_->{id} eq 'crm' } @{ $again->{applications} };
my $quarter = int(($most + 3) / 4);
is scalar @{ $crm->{objects}{app} }, $quarter < 63 ? $quarter : 63, "2.7-3: one application has at most a quarter of the $most places";
cmp_ok $again->{not_kept}, $quarter < 63 ? '>' : '==', 0, '  and those without room are counted';
get($gate, '/api/apps/' . 'x' x 120, token => 'erp');
cmp_ok get($gate, '/status/objects')->{json}{not_kept}, '>', $again->{not_kept}, '  like an id that is too long';

# what is listed can be pasted
$gate->write_file('apps.json', { applications => [ map { +{ %$_, permissions => ['all'], tokens => [ { sha256 => Digest::SHA::sha256_hex($_->{id}) } ] } } @{ $again->{applications} } ] });
my ($code, $text) = $gate->check;
is $code, 0, '2.7-3: nginx -t accepts the list as an applications file' or diag $text;

done_testing;
