#!/usr/bin/perl
# The audit log of conf/eiam-log.conf: one line of JSON for each decision, and no secret in it.

use strict;
use utf8;
use warnings;

use Digest::SHA qw(sha256 sha256_base64 sha256_hex);
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use MIME::Base64 qw(encode_base64);
use Test::More;
use EIAM::Source;
use EIAM::Test;

my ($true, $false) = (JSON::PP::true, JSON::PP::false);
my $json = JSON::PP->new->utf8;
my $conf = top_dir() . '/conf/eiam-log.conf';

my @members = qw(time request_id client method uri status upstream_status seconds decision reason detail object application
    token_id source cache operation route required scopes token_scopes policy_sha256);

# ---------------------------------------------------------------- tokens and those who know them

my %token = map { ($_ => "Secret-of-$_-0123456789") } qw(crm old off unknown asked failed learned odd query revoked
    stranger away);
my $basic = encode_base64('shop:Secret-of-shop-0123456789', '');
my $own   = encode_base64('gate:Secret-of-gate-0123456789', '');

my $odd = qq(a "b" \\ {c} \x{5e94}\x{7528}\x{2028}\x{1f511} 'd' \$e %n </x>);

my $source = EIAM::Source->new(
    $token{asked}  => { json => { active => $true, client_id => 'erp', scope => 'openid user_all user_read' } },
    $token{odd}    => { json => { active => $true, client_id => $odd, scope => 'user_read' } },
    $token{stranger} => { json => { active => $true, client_id => 'stranger', scope => 'user_read' } },
    $token{failed} => { status => 500, body => $token{failed} },
    '*'            => { json => { active => $false } });
my $issuer = EIAM::Source->new('*' => { json => { access_token => $token{learned}, token_type => 'Bearer',
    expires_in => 600, scope => 'user_read' } });

my $policy = policy('/api',
    'GET /users'       => { id => 'listUsers', scopes => ['user_read'] },
    'PUT /users'       => { id => 'changeUsers', scopes => [ [ 'user_read', 'user_write' ], 'user_all' ] },
    'GET /users/{id}'  => { id => qq(get "one" \\ \x{7528}\x{6237}), scopes => ['user_read'] },
    'GET /trial'       => { id => 'tryIt', scopes => ['user_all'] },
    'GET /things/{thing}' => { id => 'getThing', scopes => ['user_read'] },
    'POST /token'      => { id => 'getToken', scopes => 'public' });
$policy->{paths}{'/trial'}{get}{'x-eiam-mode'} = 'report';
$policy->{paths}{'/things/{thing}'}{get}{parameters}[0]{'x-eiam-object'} = 'thing';

my %files = (
    'policy.json' => $policy,
    'apps.json' => applications(
        { id => 'crm', permissions => ['user_read'], tokens => [ $token{crm},
            { token => $token{old}, expires => '2020-01-01T00:00:00Z' } ] },
        { id => 'off', enabled => 0, permissions => ['user_read'], tokens => [ $token{off} ] },
        { id => 'away', networks => [], permissions => ['user_read'], tokens => [ $token{away} ] },
        { id => 'erp', permissions => ['user_read'] }, { id => 'shop', permissions => ['user_read'] }));

sub gate {
    my ($mode, $level) = @_;
    my $address = $source->address;
    my $gate = nginx(files => \%files, error_log_level => $level, conf => qq{
        include $conf;
        log_subrequest on;
        server {
            listen 127.0.0.1:%PORT%;
            access_log %DIR%/audit.log eiam_audit if=\$eiam_decision;
            access_log %DIR%/refusals.log eiam_audit if=\$gate_refusal;
            eiam_policy %DIR%/policy.json;
            eiam_applications %DIR%/apps.json listed;
            eiam_introspection /introspect;
            eiam_introspection_circuit 0;
            eiam_objects on;
            location /api/ { eiam $mode; proxy_pass http://%ECHO%; }
            location = /api/token { eiam $mode; eiam_learn on; proxy_pass http://@{[ $issuer->address ]}; }
            location /docs/ { return 200; }
            location / { proxy_pass http://%ECHO%; }
            location /control/ { eiam_control; }
            location = /introspect {
                internal;
                proxy_set_header Authorization "Basic $own";
                proxy_pass http://$address;
            }
        }
        server {
            listen 127.0.0.1:%PORT2%;
            access_log %DIR%/odd.log eiam_audit if=\$eiam_decision;
            access_log %DIR%/odd-refusals.log eiam_audit if=\$gate_refusal;
            eiam_policy %DIR%/policy.json;
            eiam_introspection /introspect;
            location /api/ { eiam $mode; proxy_pass http://%ECHO%; }
            location = /api/token { eiam $mode; eiam_learn on; proxy_pass http://@{[ $issuer->address ]}; }
            location = /api/users/both { eiam $mode; auth_request /api/trial; proxy_pass http://%ECHO%; }
            location = /introspect { internal; proxy_pass http://$address; }
        }
    })->start;
    get($gate, '/control/revoke', method => 'POST', body => "token=$token{revoked}&reason=stolen",
        headers => ['Content-Type: application/x-www-form-urlencoded']);
    return $gate;
}

# ---------------------------------------------------------------- calls, and what the log says of them

my $users = '/api/users';
my @form = (method => 'POST', headers => ["Authorization: Basic $basic"]);
my @read = (operation => 'listUsers', route => $users, required => 'user_read');
my @change = (operation => 'changeUsers', route => $users, required => 'user_read user_write | user_all');
my @by_crm = (application => 'crm', token => 'crm', source => 'static', cache => 'BYPASS');
my @asked = (source => 'introspection', cache => 'MISS');

# Each row: reason, target, options of the call, and the members of the log line that are not empty.
my @refusals = (
    [ request_ambiguous => '/api//users', [ token => $token{crm} ], uri => $users,
        detail => 'empty_segment' ],
    [ request_ambiguous => "/api;x/users?access_token=$token{query}", [], uri => '/api;x/users',
        detail => 'outside' ],
    [ request_ambiguous => "$users%0a%22%5c%E7%94%A8", [ token => $token{crm} ],
        uri => qq($users\n"\\\x{7528}), detail => 'encoding' ],
    [ method_override => "$users?_method=PUT", [ token => $token{crm} ], detail => 'method_parameter' ],
    [ authorization_malformed => "$users?access_token=$token{query}", [], @read, detail => 'token_parameter' ],
    [ authorization_malformed => $users,
        [ token => $token{crm}, headers => ["Authorization: Basic $basic"] ], @read,
        detail => 'two_authorizations' ],
    [ token_missing => $users, [], @read ],
    [ token_missing => $users, [ headers => ["Authorization: Basic $basic"] ], @read ],
    [ token_invalid => $users, [ token => $token{unknown} ], @read, @asked, token => 'unknown', detail => 'inactive' ],
    [ token_invalid => $users, [ token => "$token{crm} x" ], @read, detail => 'token_syntax' ],
    [ token_revoked => $users, [ token => $token{revoked} ], @read, token => 'revoked',
        source => 'learned', cache => 'HIT' ],
    [ token_expired => $users, [ token => $token{old} ], @read, @by_crm, token => 'old' ],
    [ scope_insufficient => $users, [ token => $token{crm}, method => 'PUT' ], @change, @by_crm,
        scopes => 'user_read' ],
    [ application_disabled => $users, [ token => $token{off} ], @read, @by_crm, application => 'off',
        token => 'off', scopes => 'user_read' ],
    [ application_unknown => $users, [ token => $token{stranger} ], @read, @asked, application => 'stranger',
        token => 'stranger', scopes => 'user_read' ],
    [ network_forbidden => $users, [ token => $token{away} ], @read, @by_crm, application => 'away',
        token => 'away', scopes => 'user_read' ],
    [ object_forbidden => '/api/things/t9', [ token => $token{crm} ], operation => 'getThing', route => '/api/things/{thing}',
        required => 'user_read', @by_crm, object => 'thing t9', scopes => 'user_read' ],
    [ operation_unknown => '/api/none', [ token => $token{crm} ] ],
    [ method_unknown => $users, [ token => $token{crm}, method => 'DELETE' ] ],
    [ source_unavailable => $users, [ token => $token{failed} ], @read, @asked, token => 'failed',
        detail => 'source_status' ],
);

my @allowed = (
    [ '', $users, [ token => $token{crm} ], @read, @by_crm, scopes => 'user_read' ],
    [ '', "$users?page=1", [ token => $token{asked} ], @read, @asked, application => 'erp', token => 'asked',
        scopes => 'user_read', token_scopes => 'openid user_all user_read' ],
    [ '', $users, [ token => $token{asked} ], @read, @asked, cache => 'HIT', application => 'erp',
        token => 'asked', scopes => 'user_read', token_scopes => 'openid user_all user_read' ],
    [ '', '/api/token', [@form], operation => 'getToken', route => '/api/token' ],
    [ '', $users, [ token => $token{learned} ], @read, source => 'learned', cache => 'HIT',
        application => 'shop', token => 'learned', scopes => 'user_read' ],
);

my @trial = ([ scope_insufficient => '/api/trial', [ token => $token{crm} ], @by_crm, operation => 'tryIt',
    route => '/api/trial', required => 'user_all', scopes => 'user_read' ]);

# Makes the calls; returns the members that the log lines must have, as a hash for each line.
sub call {
    my ($gate, $decision, @rows) = @_;
    my $sha256 = sha256_hex(slurp($gate->dir . '/policy.json'));
    my @lines;
    for my $row (@rows) {
        my ($reason, $target, $options, %members) = @$row;
        my %opt = @$options;
        my $res = get($gate, $target, %opt);
        my $token = delete $members{token};
        my $refused = $decision eq 'deny';
        my $gated = ($members{detail} // '') ne 'outside';
        push @lines, {
            (map { ($_ => '') } @members), redis => '', decision => $decision, reason => $reason,
            uri => $target =~ s/\?.*//sr, method => $opt{method} // 'GET', client => '127.0.0.1',
            status => $res->{status}, upstream_status => $refused ? '' : $res->{status},
            token_id => defined $token ? substr(sha256_hex($token{$token}), 0, 16) : '',
            token_scopes => $members{scopes} // '', policy_sha256 => $gated ? $sha256 : '', %members,
            answered => $res->{headers}{'x-request-id'},
        };
        my $expected = $refused ? $EIAM::Test::REFUSAL{$reason}[0] : 200;
        my $title = join ' ', $decision, $reason || $members{operation};
        is $res->{status}, $expected, "$title answers $expected";
    }
    return @lines;
}

# The lines of a log, each parsed by itself.
sub lines {
    my ($gate, $name) = @_;
    my $text = $gate->access_log($name);
    my @lines = map { eval { $json->decode($_) } // { broken => $_ } } split /\n/, $text;
    is_deeply [ grep { exists $_->{broken} } @lines ], [], "$name: each line is JSON by itself";
    return @lines;
}

sub is_log {
    my ($gate, $name, @expected) = @_;
    my (@lines, %ids) = lines($gate, $name);
    is scalar @lines, scalar @expected, "$name has one line for each decision" or return;
    for my $line (@lines) {
        my $expected = shift @expected;
        my ($time, $id, $seconds) = delete @$line{qw(time request_id seconds)};
        my $answered = delete $expected->{answered};
        delete @$expected{qw(time request_id seconds)};
        my $title = join ' ', "$name:",
            grep { length } @$expected{qw(decision reason method route operation)};
        utf8::encode($title);
        is_deeply $line, $expected, $title or diag explain $line;
        $ids{ $id // '' }++;
        is $answered, $expected->{decision} eq 'deny' ? $id : undef, '  2.6-11: whoever was refused got its request_id';
        ok $time =~ /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$/ && $id =~ /^[0-9a-f]{32}$/
            && $seconds =~ /^[\d.]+$/ && $seconds < 60, '  with time, request and duration';
    }
    is scalar keys %ids, scalar @lines, "$name: each request has an id of its own";
    return;
}

# ---------------------------------------------------------------- secrets

# What must not occur in the log: tokens, and digests except for the 16 digits of $eiam_token_id.
my @digests = map {
    my $digest = sha256_hex($_);
    (substr($digest, 0, 17), substr($digest, 16, 16), substr($digest, 48), quotemeta sha256($_),
        quotemeta substr(sha256_base64($_), 0, 20));
} values %token;
my $secret = join '|', @digests, map({ quotemeta } $basic, $own), 'Secret-of-', '5365637265742d6f66';

sub none_in {
    my ($title, @lines) = @_;
    my @found = grep { /$secret/i } @lines;
    ok @lines > 0 && !@found, $title or diag @found[ 0 .. ($#found < 9 ? $#found : 9) ];
    return;
}

# At this level nginx itself logs every line, query and field that it reads or sends.
my $dumps = qr{^\S+\ \S+\ \[debug\]\ \S+\ \*\d+\ http\ (?:request\ line|args|header|proxy\ header):}x;

# ---------------------------------------------------------------- tests

subtest 'the tables have all there is' => sub {
    my %reasons = map { ($_->[0] => 1) } @refusals;
    is_deeply [ sort keys %reasons ], [ sort keys %EIAM::Test::REFUSAL ],
        'a call for each reason of a refusal';
    my @variables = slurp(top_dir() . '/src/http/gate/ngx_http_eiam_variables.c') =~ /ngx_string\("(eiam_\w+)"\)/g;
    my ($format) = slurp($conf) =~ /^(log_format .*?;)$/ms;
    is_deeply [ grep { $format !~ /"\$$_"/ } @variables ], [], 'each variable of the module is in the format';
    cmp_ok scalar @variables, '>=', 10, '  of which there are ten';
    unlike $format, qr/\$(?:request(?!_id|_method|_time)|args|query_string|arg_|http_|is_args)/,
        'and nothing that has a query or a field of the request';
};

for my $level (qw(info debug)) {
    subtest "level $level" => sub {
        my $gate = gate('on', $level);
        my @expected = call($gate, 'deny', @refusals);
        my @refused = map { {%$_} } @expected;
        push @expected, call($gate, 'allow', @allowed);
        my @would = call($gate, 'would_deny', @trial);
        is get($gate, '/docs/', token => $token{crm})->{status}, 200, 'a call beside the gate';
        $gate->stop;

        is_log($gate, 'audit.log', @expected, map { {%$_} } @would);
        is_log($gate, 'refusals.log', @refused, @would);
        none_in("$_ tells no secret", split /\n/, $gate->access_log($_)) for qw(audit.log refusals.log);

        my @all = split m{^(?=\d{4}/\d\d/\d\d )}m, $gate->error_log;
        my @ours = grep { /\beiam\b/ && $_ !~ $dumps } @all;
        like "@ours", qr/eiam: refused, $_,/, "the error log has $_ too" for sort keys %EIAM::Test::REFUSAL;
        none_in("the gate's own lines of the error log tell no secret", @ours);
        my @debug = grep { /\[debug\]/ } @all;
        ok $level eq 'debug' ? @debug > 1000 : !@debug, "the log is that of the level $level";
    };
}

subtest 'report' => sub {
    my $gate = gate('report', 'info');
    my @expected = (call($gate, 'would_deny', @refusals), call($gate, 'allow', @allowed));
    $gate->stop;
    my @refused = map { {%$_} } @expected[ 0 .. $#refusals ];
    is_log($gate, 'audit.log', @expected);
    is_log($gate, 'refusals.log', @refused);
    none_in("$_ tells no secret", split /\n/, $gate->access_log($_)) for qw(audit.log refusals.log);
};

subtest 'subrequests' => sub {
    my $gate = gate('on', 'info');
    is get($gate, "$users/both", token => $token{odd}, port => $gate->port(2))->{status}, 200,
        'a call that makes a subrequest';
    $gate->stop;
    my @lines = lines($gate, 'odd.log');
    is_deeply [ map { "$_->{decision} $_->{uri}" } @lines ], [ 'would_deny /api/trial', "allow $users/both" ],
        'each has a line of its own';
    is_deeply [ map { $_->{uri} } lines($gate, 'odd-refusals.log') ], ['/api/trial'],
        'and the refusals have that of the refused one alone';
};

subtest 'odd names and paths' => sub {
    my $gate = gate('on', 'info');
    my @port = (port => $gate->port(2));
    is get($gate, "$users/42", token => $token{odd}, @port)->{status}, 200, 'an application with an odd name';
    my %id = ("\xf0\x9f\x94\x91 \"" => "\x{1f511} \"", "a'b" => "a'b");
    for my $id (sort keys %id) {
        get($gate, '/api/token', method => 'POST', @port,
            headers => [ 'Authorization: Basic ' . encode_base64("$id:Secret-of-it", '') ]);
        is get($gate, $users, token => $token{learned}, @port)->{status}, 200,
            'a token learned for ' . shown($id);
    }
    my %path = (
        "$users/a%0Ab%0D%22,%22decision%22:%22allow" => qq($users/a\nb\r","decision":"allow),
        "$users/%01%1f%7f"                 => "$users/\x01\x1f\x7f",
        "$users/%E5%BA%94"                 => "$users/\x{5e94}",
        "$users/\xe5\xba\x94"              => "$users/\x{5e94}",
        "$users/%F0%9F%94%91%EF%BF%BD"     => "$users/\x{1f511}\x{fffd}",
        "$users/%ED%9F%BF%EE%80%80"        => "$users/\x{d7ff}\x{e000}",
        "$users/" . '%E5%BA%94' x 900      => "$users/" . "\x{5e94}" x 900,
        "$users/" . ('%20a' x 1500)        => "$users/" . ' a' x 1500,
        # not UTF-8: a character that does not begin, does not end, is overlong, a surrogate, or too large
        map { ("$users/$_" => '?') } qw(%ff %80 %C0%AF %E0%80%AF %ED%A0%80 %F0%80%80%80 %F4%90%80%80),
            qw(%F5%80%80%80 %C3a %ff%0A), "\xe5\xba", '%E5%BA%94' x 900 . '%E5',
    );
    my @targets = sort keys %path;
    refused get($gate, $_, token => $token{crm}, @port), 'request_ambiguous',
        'refused: ' . substr shown($_), 0, 60
        for @targets;
    $gate->stop;

    my ($first, @lines) = lines($gate, 'odd.log');
    my @learned = grep { $_->{source} eq 'learned' } splice @lines, 0, 2 * keys %id;
    is $first->{application}, $odd, 'quotes, backslashes, signs and letters of any script stay what they are';
    is $first->{operation}, qq(get "one" \\ \x{7528}\x{6237}), 'also in the name of an operation';
    is_deeply [ map { $_->{application} } @learned ], [ @id{ sort keys %id } ],
        'applications whose tokens were learned too';
    is scalar @lines, scalar @targets, 'each path is in one line';
    is_deeply [ map { $_->{uri} } @lines ], [ @path{@targets} ], 'as it is, or as "?" if it is not UTF-8'
        or diag explain [ map { $_->{uri} } @lines ];
    is_deeply [ grep { $_->{decision} ne 'deny' } @lines ], [], 'and none of them forges another member';
};

done_testing;
