#!/usr/bin/perl
# Objects: an application may use those that the applications file lists for it, and no others.

use strict;
use utf8;
use warnings;
no warnings 'qw';

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Digest::SHA ();
use Test::More;
use EIAM::Jwt qw(new_key public_jwk mint);
use EIAM::Test;

# ---------------------------------------------------------------- a policy with marks of all kinds

my %mark = (
    app_id => { name => 'app_id', in => 'path', required => JSON::PP::true, 'x-eiam-object' => 'app' },
    tenant => { name => 'tenant', in => 'query', required => JSON::PP::true, 'x-eiam-object' => 'tenant' },
    camel  => { name => 'appId', in => 'query', 'x-eiam-object' => 'app' },
);
my $policy = policy('/api', map { $_ => { scopes => $_ =~ /public/ ? 'public' : ['all'], id => $_ } }
    'GET /apps/{app_id}/accounts', 'PUT /apps/{app_id}/accounts/{id}', 'GET /users/{user}/apps/{app_id}/x', 'GET /export/{app_id}.json',
    'GET /items', 'POST /items', 'GET /camel', 'GET /orgs/{org}/apps/{app_id}', 'GET /public/{app_id}', 'GET /trial/{app_id}',
    'GET /plain/{app_id}', 'GET /slash/{app_id}/', 'DELETE /own/{app_id}', 'GET /own/{app_id}');
$policy->{components}{parameters} = \%mark;
for my $path (keys %{ $policy->{paths} }) {
    my $item = $policy->{paths}{$path};
    $item->{parameters} = [ map { { '$ref' => "#/components/parameters/$_" } } $path =~ /app_id/ ? 'app_id' : (),
        $path =~ /items/ ? 'tenant' : (), $path =~ /camel/ ? 'camel' : () ] unless $path =~ /plain/;
    for my $operation (values %$item) {
        next if ref $operation ne 'HASH';
        delete $operation->{parameters};
    }
}
push @{ $policy->{paths}{'/orgs/{org}/apps/{app_id}'}{parameters} }, { name => 'org', in => 'path', 'x-eiam-object' => 'org' };
$policy->{paths}{'/trial/{app_id}'}{get}{'x-eiam-mode'} = 'report';
$policy->{paths}{'/own/{app_id}'}{get}{parameters} = [ { name => 'app_id', in => 'path', 'x-eiam-object' => 'org' } ];

my @many = map { "id-$_" } 1 .. 10_000;
my $key = new_key('Ed25519');
my $objects = { app => [ 'a1', 'a2', 'é1', 'x' x 128, '1' ], tenant => [ 't1', 'T 2', 'é' ], org => ['o1'], none => [] };
my %files = (
    'policy.json' => $policy,
    'keys.json' => { keys => [ public_jwk($key, kid => 'k') ] },
    'apps.json' => applications(map { my ($id, $list) = @$_; { id => $id, permissions => ['all'], tokens => [$id],
        $list ? (objects => $list) : () } }
        [ crm => $objects ], [ every => '*' ], [ apps => { app => '*' } ], [ nothing => undef ], [ empty => {} ],
        [ many => { app => \@many, org => \@many } ], [ lists => { app => [], tenant => [], org => [] } ]),
);
push @{ $files{'apps.json'}{applications} }, { id => 'weak', permissions => [], objects => '*',
    tokens => [ { sha256 => Digest::SHA::sha256_hex('weak') } ] },
    { id => 'off', enabled => JSON::PP::false, permissions => ['all'], tokens => [ { sha256 => Digest::SHA::sha256_hex('off') } ] };

sub location {
    my ($port, $objects, $more, $mode) = @_;
    $more //= '';
    $mode //= 'on';
    my $listen = $port == 1 ? '%PORT%' : "%PORT$port%";
    return qq{
        server {
            listen 127.0.0.1:$listen;
            eiam_policy policy.json; eiam_applications apps.json; eiam_path utf8; eiam_objects $objects;
            eiam_jwks keys.json; eiam_jwt_issuer https://as.example; eiam_jwt_audience api;
            location /api/ { eiam $mode; proxy_pass http://%ECHO%; $more }
            location /status/ { eiam_status; }
        } };
}

my $gate = nginx(files => \%files, conf => q{
    log_format objects '$eiam_decision $eiam_reason $eiam_detail|$eiam_object|';
    access_log %DIR%/access.log objects;
    } . location(1, 'on') . location(2, 'report') . location(3, 'off') . location(4, 'on', '', 'report')
      . location(5, 'on', 'set $args "tenant=t1&x=$arg_x";') . location(6, 'on', 'eiam_path strict;'))->start;

# The line of the last call, which nginx writes when the client has its answer already.
my $asked = 0;
sub ask { $asked++; return get($gate, @_) }

sub decided {
    my @lines;
    for (1 .. 500) {
        @lines = split /\n/, $gate->access_log;
        last if @lines >= $asked;
        select undef, undef, undef, 0.01;
    }
    return $lines[-1];
}

# ---------------------------------------------------------------- in the path

my ($x, $é) = ('x' x 128, '%C3%A9');
for (
    [ 'an id that is listed', crm => [ qw(/apps/a1/accounts /apps/a2/accounts /users/u/apps/a1/x /export/a1.json /orgs/o1/apps/a1 /slash/a1/),
        "/apps/$é" . '1/accounts', "/apps/$x/accounts", '/users/a9/apps/a1/x', '/plain/a9', '/own/o1', '/apps/a1/accounts?app_id=a9' ] ],
    [ 'any of them', every => [ qw(/apps/a9/accounts /orgs/o9/apps/a9 /items /items?tenant=t9 /items?tenant=1&tenant=2 /camel) ] ],
    [ 'any of a kind', apps => [ qw(/apps/a9/accounts /users/u/apps/a9/x /export/a9.json /camel?appId=a9) ] ],
    [ 'one of ten thousand', many => [ map { "/apps/id-$_/accounts" } 1, 5000, 10_000 ] ],
    [ 'an operation without a mark', nothing => ['/plain/a9'] ],
) {
    my ($what, $token, $targets) = @$_;
    passed ask("/api$_", token => $token), "2.7-3: $what passes: $_" for @$targets;
}

for (
    [ 'an id that is not listed', crm => [ qw(/apps/a9/accounts /users/u/apps/a9/x /users/a1/apps/a9/x /export/a9.json /slash/a9/ /apps/A1/accounts
        /apps/a1x/accounts /apps/a/accounts /apps/a1-/accounts /export/a1x.json /own/a1 /apps/a9/accounts?app_id=a1), '/apps/' . 'x' x 127 . '/accounts',
        "/apps/e%CC%811/accounts", "/apps/$é/accounts" ] ],
    [ 'one of two that is not', crm => [ qw(/orgs/o9/apps/a1 /orgs/o1/apps/a9 /orgs/a1/apps/o1) ] ],
    [ 'a kind that is not listed', apps => ['/orgs/o1/apps/a1', '/items?tenant=t1' ] ],
    [ 'without a list', nothing => ['/apps/a1/accounts'] ], [ 'of an empty list', empty => ['/apps/a1/accounts'] ],
    [ 'of empty lists', lists => [ qw(/apps/a1/accounts /items?tenant=t1) ] ],
    [ 'one beside ten thousand', many => [ qw(/apps/id-0/accounts /apps/id-10001/accounts /apps/id-1x/accounts /apps/ID-1/accounts) ] ],
) {
    my ($what, $token, $targets) = @$_;
    refused ask("/api$_", token => $token), 'object_forbidden', "2.7-3: $what is refused: $_" for @$targets;
}

my $jwt = mint($key, 'EdDSA', { iss => 'https://as.example', aud => 'api', exp => time + 3600, scope => 'all', client_id => 'stranger' },
    { kid => 'k', typ => 'at+jwt' });
refused ask('/api/apps/a1/accounts', token => $jwt), 'object_forbidden', '2.7-3: an application that the file does not name may use no object';
passed ask('/api/plain/a1', token => $jwt), '  but may call what has no mark';

refused ask('/api/apps/a9/accounts', token => 'crm', method => 'HEAD'), 'object_forbidden', '2.7-3: HEAD is refused like GET', head => 1;
refused ask('/api/apps/a9/accounts', token => 'crm', headers => ['Accept-Language: zh']), 'object_forbidden', '  and in Chinese', language => 'zh';
is decided(), 'deny object_forbidden |app a9|', '  and the log names the object';
refused ask('/api/own/o1', method => 'DELETE', token => 'crm'), 'object_forbidden', '2.7-3: an operation overrides the mark for itself alone';
passed ask('/api/public/a9'), '2.7-3: a public operation has no application, and so no objects';
refused ask('/api/apps/a9/accounts', token => 'weak'), 'scope_insufficient', '2.7-3: scopes are checked before objects';
refused ask('/api/apps/a9/accounts', token => 'off'), 'application_disabled', '  and before scopes, whether the application is enabled';
passed ask('/api/trial/a9', token => 'crm'), '2.7-3: the mode of an operation also applies to its objects';
is decided(), 'would_deny object_forbidden |app a9|', '  as the log says';

# ---------------------------------------------------------------- no spelling of a foreign id

for (qw(/apps/%61%31/accounts /apps/a1%20/accounts /apps/%20a1/accounts /apps/a1;x/accounts /apps/a1%00/accounts /apps/a1%2Fa9/accounts
    /apps/./a9/accounts /apps/a1/../a9/accounts /apps//a9/accounts /apps/a9%2F..%2Fa1/accounts /apps/a1,a9/accounts /apps/%C3%89%31/accounts
    /apps/a1/ACCOUNTS /export/a1.JSON /export/a9%2ejson /export/.json /orgs/o1/apps/a%39)) {
    my $res = ask("/api$_", token => 'crm');
    ok $res->{status} =~ /^(?:400|403|404)$/ && !$res->{headers}{'x-echo'}, "2.7-3: no other spelling passes: $_" or diag $res->{head};
}

# ---------------------------------------------------------------- in the query

for (qw(/items?tenant=t1 /items?tenant=t1&x=2 /items?x&tenant=t1 /items?tenant=T+2 /items?tenant=T%202 /items?tenant=%74%31),
    "/items?tenant=$é", '/items?tenants=t9&tenant=t1', '/items?x=tenant=t9&tenant=t1', '/camel?appId=a1')
{
    passed ask("/api$_", token => 'crm'), "2.7-3: a query parameter that occurs once, plainly spelled, passes: $_";
}

for (
    [ '', [ qw(/items?tenant=t9 /items?tenant=T1 /items?tenant=t1%20 /items?tenant=+t1 /items?tenant=t1,t9 /items?tenant=e%CC%81 /camel?appId=a9) ] ],
    [ object_absent => [ qw(/items /items? /items?x=t1 /items?tenan=t1 /items?xtenant=t1 /camel) ] ],
    [ object_ambiguous => [ qw(/items?tenant=t1&tenant=t1 /items?tenant=t1&tenant=t9 /items?tenant=t9&tenant=t1 /items?Tenant=t1 /items?tenant=t1&TENANT=t9
        /items?tenant[]=t1 /items?tenant=t1&tenant[]=t9 /items?tenant[0]=t1 /items?%74enant=t1 /items?tenant=t1&%74enant=t9 /items?tenant=t1&+tenant=t9
        /items?tenant=t1;tenant=t9 /items??tenant=t1 /items??tenant=t9&tenant=t1 /items?x;tenant=t1 /items?tenant=t1;x /items?tenant= /items?tenant /items?tenant&tenant=t1 /items?tenant=%2574%2531
        /items?tenant=t1%00 /items?tenant=%0At1 /items?tenant=%zz /items?tenant=t1&tenant%00x=t9 /items?tenant=t1&t%65nant=t9 /camel?appid=a1
        /camel?appId=a1&APPID=a9 /camel?appId=a1&appId=a1) ] ],
) {
    my ($detail, $targets) = @$_;
    for my $target (@$targets) {
        refused ask("/api$target", token => 'crm'), 'object_forbidden', '2.7-3: a query parameter, ' . ($detail || 'foreign') . ": $target";
        like decided(), qr/^deny object_forbidden \Q$detail\E\|(?:tenant|app)/, '  as the log says';
    }
}

# ---------------------------------------------------------------- what a form could add

my $form = 'application/x-www-form-urlencoded';
sub post { my ($type, $body, @more) = @_; return ask('/api/items?tenant=t1', token => 'crm', method => 'POST', body => $body,
    headers => [ (map { "Content-Type: $_" } ref $type ? @$type : $type // ()), @more ]) }

passed post($_, '{"tenant":"t9"}'), "2.7-3: a body of type $_ is no form" for 'application/json', 'application/json; charset=utf-8', 'text/plain', 'application/xml';
passed post($form, ''), '2.7-3: an empty form has no parameters';
passed ask('/api/items?tenant=t1', token => 'crm', method => 'POST'), '2.7-3: a call without a body passes, having no form';
for ($form, "$form; charset=utf-8", uc $form, " $form", "text/plain, $form", "application/json; $form", 'multipart/form-data; boundary=x', 'Multipart/Mixed; boundary=x',
    [ 'application/json', $form ], [ $form, 'application/json' ], undef, '') {
    my $name = ref $_ ? join ' and ', @$_ : $_ // 'none';
    refused post($_, 'tenant=t9'), 'object_forbidden', "2.7-3: a body that may be a form is refused: $name";
    is decided(), 'deny object_forbidden object_form|tenant|', '  as the log says';
}
refused ask('/api/items?tenant=t1', token => 'crm', method => 'POST', body => "8\r\ntenant=t\r\n0\r\n\r\n",
    headers => [ "Content-Type: $form", 'Transfer-Encoding: chunked' ]), 'object_forbidden', '2.7-3: a form that is sent in chunks is refused, too';
refused ask('/api/items?tenant=t1', token => 'crm', body => 'tenant=t9', headers => ["Content-Type: $form"]), 'object_forbidden', '2.7-3: the form of a GET is checked, too';
passed ask('/api/apps/a1/accounts/1', token => 'crm', method => 'PUT', body => 'app_id=a9', headers => ["Content-Type: $form"]),
    '2.7-3: where only the path is marked, a form passes like any other body';

refused ask('/api/items?tenant=t9', token => 'crm', port => $gate->port(5)), 'object_forbidden', '2.7-3: a query that was rewritten is refused';
is decided(), 'deny object_forbidden object_rewritten|tenant|', '  as the log says';

# ---------------------------------------------------------------- other modes

passed ask('/api/apps/a9/accounts', token => 'crm', port => $gate->port(3)), '2.7-3: "eiam_objects off" ignores marks';
is decided(), 'allow  ||', '  and the call is allowed';
for ([ 2, 'eiam_objects report' ], [ 4, 'eiam report' ]) {
    my ($port, $mode) = @$_;
    passed ask('/api/apps/a9/accounts', token => 'crm', port => $gate->port($port)), qq{2.7-3: "$mode" refuses no object}, application => 'crm';
    is decided(), 'would_deny object_forbidden |app a9|', '  but the log says that it would be refused';
    passed ask('/api/apps/a1/accounts', token => 'crm', port => $gate->port($port)), '  a listed one is allowed';
    is decided(), 'allow  ||', '  as the log says';
}
refused ask('/api/apps/a1/accounts', token => 'weak', port => $gate->port(2)), 'scope_insufficient', '2.7-3: "eiam_objects report" still refuses for other reasons';
refused ask('/api/apps/a9/accounts', token => 'crm', port => $gate->port(6)), 'object_forbidden', '2.7-3: objects work with "eiam_path strict"';

like $gate->error_log, qr/eiam: refused, object_forbidden, client: [\d.]+, application: "crm", operation: "GET \/apps\/\{app_id\}\/accounts", request: "GET \/api\/apps\/a9\/accounts", object: "app a9", detail: ""/,
    'the error log names the object';
my $metrics = ask('/status/metrics')->{body};
like $metrics, qr/^eiam_requests_total\{operation="GET \/apps\/\{app_id\}\/accounts",decision="deny",reason="object_forbidden"\} \d+$/m, 'the metrics count it';
like $metrics, qr/decision="would_deny",reason="object_forbidden"\} \d+$/m, '  and calls that would be refused';

my ($row) = grep { $_->{operation} eq 'GET /orgs/{org}/apps/{app_id}' } @{ ask('/status/policy')->{json}{policies}[0]{operations} };
is_deeply $row->{objects}, [ { kind => 'app', in => 'path', name => 'app_id' }, { kind => 'org', in => 'path', name => 'org' } ], 'the matrix has the marks';

sub explained {
    my ($port, $path, %more) = @_;
    my %of = (method => 'GET', path => $path, application => 'crm', %more);
    return ask('/status/explain?' . join('&', map { "$_=" . $of{$_} =~ s/([^A-Za-z0-9\/])/sprintf '%%%02X', ord $1/ger } sort keys %of),
        port => $gate->port($port))->{json};
}
for (
    [ 1, '/api/apps/a1/accounts', {}, 'allow  ', [ 'app path app_id a1 1' ] ],
    [ 1, '/api/apps/a9/accounts', {}, 'deny object_forbidden ', [ 'app path app_id a9 ' ] ],
    [ 2, '/api/apps/a9/accounts', {}, 'would_deny object_forbidden ', [ 'app path app_id a9 ' ] ],
    [ 3, '/api/apps/a9/accounts', {}, 'allow  ', [ 'app path app_id a9 -' ] ],
    [ 1, '/api/apps/a9/accounts', { application => 'every' }, 'allow  ', [ 'app path app_id a9 1' ] ],
    [ 1, '/api/apps/a9/accounts', { application => 'stranger', scopes => 'all' }, 'deny object_forbidden ', [ 'app path app_id a9 ' ] ],
    [ 1, '/api/orgs/o9/apps/a1', {}, 'deny object_forbidden ', [ 'app path app_id a1 1', 'org path org o9 ' ] ],
    [ 1, '/api/items', { query => 'tenant=t1' }, 'allow  ', [ 'tenant query tenant t1 1' ] ],
    [ 1, '/api/items', { query => 'tenant=t9' }, 'deny object_forbidden ', [ 'tenant query tenant t9 ' ] ],
    [ 1, '/api/items', { query => 'tenant=t1&tenant=t9' }, 'deny object_forbidden object_ambiguous', [ 'tenant query tenant - ' ] ],
    [ 1, '/api/items', {}, 'deny object_forbidden object_absent', [ 'tenant query tenant - ' ] ],
    [ 1, '/api/plain/a9', {}, 'allow  ', undef ],
    [ 1, '/api/trial/a9', {}, 'would_deny object_forbidden ', [ 'app path app_id a9 ' ] ],
) {
    my ($port, $path, $more, $decision, $objects) = @$_;
    my $said = explained($port, $path, %$more) // {};
    is join(' ', map { $said->{$_} // '' } qw(decision reason detail)), $decision, "2.7-6: the explanation of $path considers objects";
    is_deeply $said->{objects} && [ map { my $row = $_; join ' ', (map { $row->{$_} // '-' } qw(kind in name id)),
        exists $row->{permitted} ? ($row->{permitted} ? 1 : '') : '-' } @{ $said->{objects} } ], $objects, '  and which they are';
}

# ---------------------------------------------------------------- the configuration

bad_config '2.7-3: eiam_objects needs the applications file', { files => { 'policy.json' => $policy }, server => 'location /api/ { eiam on; eiam_policy policy.json; eiam_objects on; }' },
    qr/"eiam_objects" needs "eiam_applications"/;
bad_config '2.7-3: eiam_objects takes no other mode', 'eiam_objects yes;', qr/"yes" is none of "on", "off", "report"/;

done_testing;
