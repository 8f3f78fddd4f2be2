#!/usr/bin/perl
# "eiam report": everything is decided and logged, and nothing is refused.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Test::More;
use EIAM::Test;

my $all = '$eiam_decision|$eiam_reason|$eiam_application|$eiam_operation';
my $gated = 'eiam_policy %DIR%/policy.json; eiam_applications %DIR%/apps.json;';
my $gate = nginx(
    files => {
        'policy.json' => policy('/api', 'GET /users' => ['user_read'], 'PUT /users' => ['user_write'],
            'POST /users' => ['user_read'], 'POST /token' => 'public'),
        'apps.json' => applications(
            { id => 'crm', permissions => ['user_read'], tokens => [ 'tok',
                { token => 'old', expires => '2020-01-01T00:00:00Z' } ] },
            { id => 'off', enabled => 0, permissions => ['user_read'], tokens => ['off'] }),
    },
    conf => qq{
        log_format all '\$request_uri $all';
        access_log %DIR%/access.log all;
        server {
            listen 127.0.0.1:%PORT%;
            client_max_body_size 2m;
            location /api/ {
                eiam report;
                $gated
                add_header X-All "$all" always;
                proxy_pass http://%ECHO%;
            }
            location / { add_header X-All "$all" always; proxy_pass http://%ECHO%; }
        }
        server {
            listen 127.0.0.1:%PORT2%;
            location /api/ { eiam on; $gated proxy_pass http://%ECHO%; }
            location /api/users { eiam report; $gated add_header X-All "$all" always; proxy_pass http://%ECHO%; }
            location / { add_header X-All "$all" always; proxy_pass http://%ECHO%; }
        }
    },
)->start;

# Each row: title, target, options, the values of the variables, and the identity that is forwarded.
my @who = ('crm', 'user_read');
my @rows = (
    [ 'an allowed request', '/api/users', { token => 'tok' }, 'allow||crm|getUsers', @who, 'getUsers' ],
    [ 'a public operation', '/api/token', { method => 'POST' }, 'allow|||postToken', '', '', 'postToken' ],
    [ 'an ambiguous path', '/api/users;x', { token => 'tok' }, 'would_deny|request_ambiguous||' ],
    [ 'a dot segment', '/api/x/../users', { token => 'tok' }, 'would_deny|request_ambiguous||' ],
    [ 'X-Original-URL', '/api/users', { token => 'tok', headers => ['X-Original-URL: /x'] },
        'would_deny|request_ambiguous||' ],
    [ 'a method override', '/api/users?_method=PUT', { token => 'tok' }, 'would_deny|method_override||' ],
    [ 'a token in the query', '/api/users?access_token=x', {}, 'would_deny|authorization_malformed||getUsers',
        '', '', 'getUsers' ],
    [ 'no token', '/api/users', {}, 'would_deny|token_missing||getUsers', '', '', 'getUsers' ],
    [ 'Basic', '/api/users', { headers => ['Authorization: Basic eDp5'] }, 'would_deny|token_missing||getUsers',
        '', '', 'getUsers' ],
    [ 'an unknown token', '/api/users', { token => 'x' }, 'would_deny|token_invalid||getUsers', '', '', 'getUsers' ],
    [ 'an expired token', '/api/users', { token => 'old' }, 'would_deny|token_expired|crm|getUsers', '', '',
        'getUsers' ],
    [ 'a disabled application', '/api/users', { token => 'off' }, 'would_deny|application_disabled|off|getUsers',
        'off', 'user_read', 'getUsers' ],
    [ 'a scope that lacks', '/api/users', { token => 'tok', method => 'PUT' },
        'would_deny|scope_insufficient|crm|putUsers', @who, 'putUsers' ],
    [ 'an unknown operation', '/api/none', { token => 'tok' }, 'would_deny|operation_unknown||' ],
    [ 'an unknown method', '/api/users', { token => 'tok', method => 'DELETE' }, 'would_deny|method_unknown||' ],
    [ 'a way around', '/x/..;/api/users', { token => 'tok' }, 'would_deny|request_ambiguous||' ],
    [ 'another case', '/API/users', {}, 'would_deny|request_ambiguous||' ],
    [ 'something else', '/docs', {}, '|||' ],
);

sub others {
    my ($res) = @_;
    my @headers = grep { $_->[0] !~ /^(x-eiam-|host$|connection$|content-length$)/i } @{ $res->{json}{headers} };
    return [ map { "$_->[0]: $_->[1]" } @headers ];
}

for my $row (@rows) {
    my ($title, $target, $opt, $variables, $application, $scopes, $operation) = @$row;
    subtest $title => sub {
        my @sent = (@{ $opt->{headers} // [] }, 'Content-Type: text/x');
        my @claims = ('X-EIAM-Application: evil', 'x-eiam-scopes: all', 'X-EIAM-Operation: evil', 'X-EIAM-X: y');
        for my $body (undef, "a=b\x00\xff", 'x' x 200_000) {
            my $res = get($gate, $target, %$opt, headers => [ @sent, @claims ], body => $body);
            passed $res, 'it passes', application => $application // '', scopes => $scopes // '',
                operation => $operation // '';
            is $res->{headers}{'x-all'}, $variables, 'the decision is known';
            is join('', received($res, 'X-EIAM-X')), '', 'what the client claims is removed';
            is $res->{json}{target}, $target, 'the target is untouched';
            is $res->{json}{method}, $opt->{method} // 'GET', 'the method is';
            is $res->{json}{body_length}, length($body // ''), 'the body is';
            is_deeply others($res), [ @sent, $opt->{token} ? "Authorization: Bearer $opt->{token}" : () ],
                'the other fields are';
        }
    };
}

subtest 'the error log' => sub {
    my $log = $gate->error_log;
    for my $reason (qw(request_ambiguous method_override authorization_malformed token_missing token_invalid
        token_expired application_disabled scope_insufficient operation_unknown method_unknown))
    {
        like $log, qr/eiam: would be refused, $reason, client: 127\.0\.0\.1, .*request: "[A-Z]+ \//, "it names $reason";
    }
    unlike $log, qr/eiam: refused/, 'nothing is refused';
};

subtest 'HEAD, HTTP/1.0, keepalive' => sub {
    my $res = get($gate, '/api/users', method => 'HEAD');
    is "$res->{status} $res->{headers}{'x-all'}", '200 would_deny|token_missing||getUsers', 'HEAD passes';
    passed raw($gate, "GET /api/users HTTP/1.0\r\n\r\n"), 'HTTP/1.0 passes';
    my $c = connection($gate);
    for (1 .. 3) {
        passed $c->send(request('/api/users'))->read_response, 'one that would be refused';
        is $c->send(request('/api/users', token => 'tok'))->read_response->{headers}{'x-all'},
            'allow||crm|getUsers', 'and one that is allowed, on one connection';
    }
    my $expected = request('/api/users', method => 'POST', headers => [ 'Expect: 100-continue', 'Content-Length: 3' ]);
    $res = connection($gate)->send($expected)->send('abc')->read_response;
    is $res->{json}{body}, 'abc', 'a body that is announced arrives';
};

subtest 'what nginx itself refuses' => sub {
    is get($gate, $_)->{status}, 400, "it stays refused: $_" for qw(/api/users%00 /../api/users);
};

subtest 'beside a gate that is on' => sub {
    my %opt = (port => $gate->port(2));
    is get($gate, '/api/users', %opt)->{headers}{'x-all'}, 'would_deny|token_missing||getUsers',
        'one location may report';
    refused get($gate, '/api/none', %opt), 'token_missing', 'another refuses';
    refused get($gate, '/api;x/users', %opt), 'request_ambiguous', 'and the strictest of them holds around both';
};

# ---------------------------------------------------------------- one operation of many

# Operations in report mode beside others, with "eiam on" and with "eiam report".
my $mixed = do {
    my $policy = policy('/api', 'GET /users' => ['user_read'], 'PUT /users' => ['user_write'],
        'GET /trial' => ['user_read'], 'PUT /trial' => ['user_write'], 'POST /trial' => 'public',
        'GET /trial/{id}' => ['user_write'], 'GET /trial/me' => ['user_write']);
    $policy->{paths}{'/trial'}{$_}{'x-eiam-mode'} = 'report' for qw(get put post);
    $policy->{paths}{'/trial/{id}'}{get}{'x-eiam-mode'} = 'report';
    $policy->{paths}{'/users'}{$_}{'x-eiam-mode'} = 'on' for qw(get put);
    nginx(
        files => { 'policy.json' => $policy, 'apps.json' => slurp($gate->dir . '/apps.json') },
        conf => qq{
            eiam_policy %DIR%/policy.json;
            eiam_applications %DIR%/apps.json;
            add_header X-All "$all" always;
            server {
                listen 127.0.0.1:%PORT%;
                location /api/ { eiam on; proxy_pass http://%ECHO%; }
            }
            server {
                listen 127.0.0.1:%PORT2%;
                location /api/ { eiam report; proxy_pass http://%ECHO%; }
            }
        })->start;
};

subtest 'an operation in report mode' => sub {
    my @claims = (headers => [ 'X-EIAM-Application: evil', 'x-eiam-scopes: all', 'X-EIAM-X: y' ]);
    for my $row (
        [ 'an allowed call', { token => 'tok' }, 'allow||crm|getTrial', @who ],
        [ 'a public one', { method => 'POST' }, 'allow|||postTrial' ],
        [ 'one without a token', {}, 'would_deny|token_missing||getTrial' ],
        [ 'an unknown token', { token => 'x' }, 'would_deny|token_invalid||getTrial' ],
        [ 'an expired token', { token => 'old' }, 'would_deny|token_expired|crm|getTrial' ],
        [ 'a disabled application', { token => 'off' }, 'would_deny|application_disabled|off|getTrial', 'off',
            'user_read' ],
        [ 'a scope that lacks', { token => 'tok', method => 'PUT' },
            'would_deny|scope_insufficient|crm|putTrial', @who ],
        [ 'a token in the query', { target => '/api/trial?access_token=x' },
            'would_deny|authorization_malformed||getTrial' ],
        [ 'HEAD, which is GET', { token => 'x', method => 'HEAD' }, 'would_deny|token_invalid||getTrial' ],
        [ 'one with a parameter', { token => 'tok', target => '/api/trial/1' },
            'would_deny|scope_insufficient|crm|getTrialId', @who ],
    ) {
        my ($title, $opt, $variables, $application, $scopes) = @$row;
        my $target = delete $opt->{target} // '/api/trial';
        my $res = get($mixed, $target, %$opt, @claims);
        is $res->{headers}{'x-all'}, $variables, "$title passes, and is known";
        next if ($opt->{method} // '') eq 'HEAD';
        passed $res, '  with its identity, and without what the client claims', application => $application
            // '',
            scopes => $scopes // '', operation => (split /\|/, $variables)[3], X => '';
    }
};

subtest 'beside others, which stay refused' => sub {
    my $before = $mixed->echo->count;
    for my $row (
        [ 'the same call of another operation', '/api/users', {}, 'token_missing' ],
        [ 'a scope that lacks there', '/api/users', { token => 'tok', method => 'PUT' },
            'scope_insufficient' ],
        [ 'the mode "on"', '/api/users', { token => 'x' }, 'token_invalid' ],
        [ 'a literal beside the parameter', '/api/trial/me', { token => 'tok' }, 'scope_insufficient' ],
        [ 'a method that the path has not', '/api/trial', { token => 'tok', method => 'DELETE' },
            'method_unknown' ],
        [ 'a path that nobody knows', '/api/trial/1/x', { token => 'tok' }, 'operation_unknown' ],
        [ 'an ambiguous path to it', '/api/trial;x', { token => 'tok' }, 'request_ambiguous' ],
        [ 'another way to it', '/x/..;/api/trial', { token => 'tok' }, 'request_ambiguous' ],
        [ 'another case', '/api/Trial/1', { token => 'tok' }, 'request_ambiguous' ],
        [ 'another method asked of it', '/api/trial?_method=PUT', { token => 'tok' }, 'method_override' ],
    ) {
        my ($title, $target, $opt, $reason) = @$row;
        refused get($mixed, $target, %$opt), $reason, $title;
    }
    is $mixed->echo->count, $before, 'nothing of it reaches the backend';
};

subtest 'at a gate that reports' => sub {
    my %opt = (port => $mixed->port(2));
    for (qw(/api/users /api/trial)) {
        like get($mixed, $_, %opt)->{headers}{'x-all'}, qr/^would_deny\|token_missing\|/,
            "the mode makes no difference: $_";
    }
    my $log = $mixed->error_log;
    like $log, qr{eiam: would be refused, token_missing, .*operation: "getTrial", request: "GET /api/trial"},
        'the error log names what would be refused';
    like $log, qr{eiam: refused, token_missing, .*operation: "getUsers", request: "GET /api/users"},
        '  and what is';
    unlike $log, qr/eiam: refused, .*operation: "\w+Trial(?:Id)?"/, '  which no operation in report mode is';
};

subtest 'the policy is changed' => sub {
    my $policy = JSON::PP->new->utf8->decode(slurp($mixed->dir . '/policy.json'));
    $policy->{paths}{'/trial'}{get}{'x-eiam-mode'} = 'on';
    $mixed->write_file('policy.json', $policy);
    ok $mixed->reload, 'a reload';
    refused get($mixed, '/api/trial'), 'token_missing', 'the operation is guarded then';
    is get($mixed, '/api/trial', method => 'PUT')->{headers}{'x-all'}, 'would_deny|token_missing||putTrial',
        'the others still report';
};

subtest 'a token interface beside a gate that reports' => sub {
    my $backend = nginx(module => 0, server => 'location / { default_type application/json; return 200 "{}"; }')->start;
    my $gate = nginx(
        files => {
            'policy.json' => policy('/api', 'GET /users' => ['user_read']),
            'apps.json'   => applications({ id => 'off', permissions => ['user_read'], enabled => 0 }),
        },
        server => qq{
            eiam_policy %DIR%/policy.json;
            eiam_applications %DIR%/apps.json;
            location /api/ { eiam report; proxy_pass http://%ECHO%; }
            location = /token { eiam_learn on; proxy_pass http://127.0.0.1:@{[ $backend->port ]};
                add_header X-Decision "\$eiam_decision \$eiam_reason"; }
        })->start;
    my $res = get($gate, '/token?client_id=off', method => 'POST');
    is $res->{status}, 200, 'the call of a disabled application passes';
    is $res->{headers}{'x-decision'}, 'would_deny application_disabled', '  and is told';
    $_->stop for $gate, $backend;
};

done_testing;
