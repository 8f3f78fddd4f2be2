#!/usr/bin/perl
# The variables, wherever nginx evaluates them.

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use JSON::PP ();
use EIAM::Source;
use EIAM::Test;

my @names = qw(application scopes operation route required decision reason source cache token_id
    token_scopes policy_sha256);
my $all   = join '|', map { "\$eiam_$_" } @names;
my $gated = 'eiam on; eiam_policy %DIR%/policy.json; eiam_applications %DIR%/apps.json;';

my $gate = nginx(
    files => {
        'policy.json' => policy('/api',
            'GET /users'      => [ 'user_read', 'user_all' ],
            'GET /users/{id}' => { scopes => ['user_read'], id => 'getUser' },
            'PUT /users/{id}' => { scopes => [ [ 'user_read', 'user_write' ], 'user_all' ], id => 'setUser' },
            'GET /open'       => 'public',
            (map { ("GET /$_" => ['user_read']) } qw(limited guessed failing parts sub sent checked))),
        'apps.json' => applications(
            { id => 'crm', permissions => [ 'user_write', 'user_read' ], tokens => [ 'tok',
                { token => 'old', expires => '2020-01-01T00:00:00Z' } ] },
            { id => 'erp', permissions => ['user_read'], tokens => ['erp'] },
            { id => 'all', permissions => ['user_all'], tokens => ['all'] },
            { id => 'off', enabled => 0, permissions => ['user_read'], tokens => ['off'] }),
    },
    conf => qq{
        log_format all '\$request_uri $all';
        log_format none '\$request_uri [$all]';
        access_log %DIR%/access.log all;
        log_subrequest on;

        map \$eiam_application \$class { default none; crm gold; erp silver; }
        map \$eiam_decision:\$eiam_reason \$verdict { default other; allow: good; ~^deny: bad; }
        map \$eiam_application \$early { default "<\$eiam_application>"; }
        limit_req_zone \$eiam_application zone=by_application:1m rate=1r/m;
        limit_req_zone \$binary_remote_addr zone=by_client:1m rate=1r/m;
        limit_req_zone \$binary_remote_addr zone=by_client_outside:1m rate=1r/m;

        server {
            listen 127.0.0.1:%PORT%;
            location /api/ {
                $gated
                add_header X-All "$all" always;
                add_header X-Class \$class always;
                add_header X-Verdict \$verdict always;
                proxy_set_header X-All "$all";
                proxy_set_header X-Class \$class;
                proxy_pass http://%ECHO%;
            }
            location = /api/limited {
                $gated
                limit_req zone=by_application;
                proxy_pass http://%ECHO%;
            }
            location = /api/guessed {
                $gated
                limit_req zone=by_client burst=3 nodelay;
                proxy_pass http://%ECHO%;
            }
            location /guessed/ {
                limit_req zone=by_client_outside burst=3 nodelay;
                proxy_pass http://%ECHO%;
            }
            location = /api/failing {
                $gated
                proxy_intercept_errors on;
                error_page 502 \@failed;
                error_page 503 = /failed;
                error_page 504 = /api/open;
                error_page 500 = /api/users/u1;
                proxy_pass http://%ECHO%;
            }
            location = /api/checked {
                $gated
                auth_request /check;
                auth_request_set \$checked \$upstream_http_x_checked;
                add_header X-Checked "\$checked" always;
                add_header X-All "$all" always;
                proxy_pass http://%ECHO%;
            }
            location = /check {
                internal;
                proxy_set_header X-Test-Header "X-Checked: $all";
                proxy_pass_request_body off;
                proxy_set_header Content-Length "";
                proxy_pass http://%ECHO%/checked;
            }
            location = /api/sent { $gated proxy_pass http://%ECHO%; }
            location = /sent { internal; add_header X-All "$all" always; return 200 "sent"; }
            location \@failed { add_header X-All "$all" always; return 200 "failed"; }
            location = /failed { add_header X-All "$all" always; return 200 "failed"; }
            location / { access_log %DIR%/off.log none; add_header X-All "[$all]"; proxy_pass http://%ECHO%; }
            location /gated-check/ {
                auth_request /api/users/u1;
                add_header X-All "[$all]" always;
                proxy_pass http://%ECHO%;
            }
            location = /early {
                set \$before "<\$eiam_application\$early>";
                return 200 "\$before";
            }
        }
        server {
            listen 127.0.0.1:%PORT2%;
            access_log %DIR%/off.log none;
            location / { add_header X-All "[$all]" always; proxy_pass http://%ECHO%; }
            location = /text { return 200 "[$all]"; }
        }
    },
)->start;

sub id { return substr sha256_hex($_[0]), 0, 16 }

# A decision in a gated location; the token's scopes are the effective ones, unless the row says otherwise.
my $sha256 = sha256_hex(slurp($gate->dir . '/policy.json'));
sub row {
    my (%v) = @_;
    %v = (token_scopes => $v{scopes}, policy_sha256 => $v{decision} ? $sha256 : '', %v);
    return join '|', map { $v{$_} // '' } @names;
}

my %crm = (application => 'crm', scopes => 'user_write user_read', source => 'static', cache => 'BYPASS',
    token_id => id('tok'));
my %user = (operation => 'getUser', route => '/api/users/{id}', required => 'user_read');
my $nothing = '[' . row() . ']';

# Waits until nginx has logged the request, which it does after the answer.
sub logged {
    my ($target, $file) = @_;
    for (1 .. 200) {
        my ($line) = $gate->access_log($file // 'access.log') =~ /^\Q$target\E (.*)$/m;
        return $line if defined $line;
        select undef, undef, undef, 0.01;
    }
    return 'no line in the log';
}

my @rows = (
    [ 'an allowed request', '/api/users/1', { token => 'tok' },
        row(%crm, %user, decision => 'allow') ],
    [ 'alternatives', '/api/users', { token => 'all' }, row(application => 'all', scopes => 'user_all',
        source => 'static', cache => 'BYPASS', token_id => id('all'), operation => 'getUsers', route => '/api/users',
        required => 'user_read | user_all', decision => 'allow') ],
    [ 'a public operation', '/api/open', {}, row(operation => 'getOpen', route => '/api/open', decision => 'allow') ],
    [ 'an ambiguous path', '/api/users/2;', { token => 'tok' },
        row(decision => 'deny', reason => 'request_ambiguous') ],
    [ 'a method override', '/api/users/3?_method=x', { token => 'tok' },
        row(decision => 'deny', reason => 'method_override') ],
    [ 'no token', '/api/users/4', {}, row(%user, decision => 'deny', reason => 'token_missing') ],
    [ 'an unknown token', '/api/users/5', { token => 'x' },
        row(%user, decision => 'deny', reason => 'token_invalid', token_id => id('x')) ],
    [ 'an expired token', '/api/users/6', { token => 'old' }, row(%user, application => 'crm', source => 'static',
        cache => 'BYPASS', decision => 'deny', reason => 'token_expired', token_id => id('old')) ],
    [ 'a scope that lacks', '/api/users/7', { token => 'erp', method => 'PUT' }, row(application => 'erp',
        scopes => 'user_read', source => 'static', cache => 'BYPASS', token_id => id('erp'), operation => 'setUser',
        route => '/api/users/{id}', required => 'user_read user_write | user_all', decision => 'deny',
        reason => 'scope_insufficient') ],
    [ 'a disabled application', '/api/users/8', { token => 'off' }, row(%user, application => 'off',
        scopes => 'user_read', source => 'static', cache => 'BYPASS', token_id => id('off'), decision => 'deny',
        reason => 'application_disabled') ],
    [ 'an unknown operation', '/api/none', { token => 'tok' }, row(decision => 'deny', reason => 'operation_unknown') ],
    [ 'an unknown method', '/api/users/9', { token => 'tok', method => 'DELETE' },
        row(decision => 'deny', reason => 'method_unknown') ],
);

subtest 'what they say' => sub {
    for my $row (@rows) {
        my ($title, $target, $opt, $expected) = @$row;
        my $res = get($gate, $target, %$opt);
        is $res->{headers}{'x-all'}, $expected, "in add_header: $title";
        is logged($target), $expected, "in the access log: $title";
        is join('', received($res, 'X-All')), $expected, "in proxy_set_header: $title" if $res->{status} == 200;
    }
};

subtest 'map' => sub {
    my @maps = ([ 'tok', 'gold', 'good' ], [ 'erp', 'silver', 'good' ], [ 'x', 'none', 'bad' ],
        [ undef, 'none', 'bad' ]);
    for my $row (@maps) {
        my ($token, $class, $verdict) = @$row;
        my $res = get($gate, '/api/users/u1', token => $token);
        is "$res->{headers}{'x-class'} $res->{headers}{'x-verdict'}", "$class $verdict",
            'by the application and the verdict: ' . ($token // 'no token');
    }
};

subtest 'limit_req by application' => sub {
    passed get($gate, '/api/limited', token => 'tok'), 'the first request of an application passes';
    is get($gate, '/api/limited', token => 'tok')->{status}, 503, 'the next one is limited' for 1, 2;
    passed get($gate, '/api/limited', token => 'erp'), 'while another application is served', application => 'erp';
    is get($gate, '/api/limited', token => 'erp')->{status}, 503, 'until it has its own share';
    refused get($gate, '/api/limited'), 'token_missing', 'a request without a token is refused, not limited'
        for 1 .. 3;
    is logged('/api/limited') =~ s/\|.*//r, 'crm', 'the log has the application';
};

subtest 'limit_req by client' => sub {
    my $before = $gate->echo->count;
    refused get($gate, '/api/guessed', token => $_), 'token_' . (defined $_ ? 'invalid' : 'missing'),
        'a refused call is refused up to the limit: ' . ($_ // 'no token') for undef, 'x', 'y', undef;
    refused get($gate, '/guessed/..;/api/users'), 'request_ambiguous', 'beside the gate too' for 1 .. 4;
    for my $row ([ '/api/guessed', 'no token' ], [ '/api/guessed', 'a wrong token', token => 'z' ],
        [ '/api/guessed', 'the right one', token => 'tok' ], [ '/guessed/..;/api/users', 'a way around' ])
    {
        my ($target, $title, @opt) = @$row;
        my $res = get($gate, $target, @opt);
        is $res->{status}, 503, "beyond it nginx limits: $title";
        unlike $res->{body}, qr/GATEWAY/, '  with its own answer';
    }
    is $gate->echo->count, $before, 'nothing of it reaches the backend';
};

subtest 'internal redirects' => sub {
    my $kept = row(%crm, operation => 'getFailing', route => '/api/failing', required => 'user_read',
        decision => 'allow');
    my $res = get($gate, '/api/failing?1', token => 'tok', headers => ['X-Test-Status: 502']);
    is $res->{body}, 'failed', 'error_page to a named location is served';
    is $res->{headers}{'x-all'}, $kept, '  and the variables are there';
    is logged('/api/failing?1'), $kept, '  and in the log';
    $res = get($gate, '/api/failing?2', token => 'tok', headers => ['X-Test-Status: 503']);
    is $res->{headers}{'x-all'}, $kept, 'error_page to another location keeps them';
    is logged('/api/failing?2'), $kept, '  and in the log';
    $res = get($gate, '/api/failing?3', token => 'tok', headers => ['X-Test-Status: 504']);
    is logged('/api/failing?3'), row(operation => 'getOpen', route => '/api/open', decision => 'allow'),
        'error_page into the gate has the new decision';
    $res = get($gate, '/api/failing?4', token => 'tok', headers => ['X-Test-Status: 500']);
    is logged('/api/failing?4'), row(%crm, %user, decision => 'allow'), '  that of an operation with a token too';
    $res = get($gate, '/api/sent?1', token => 'tok', headers => ['X-Test-Header: X-Accel-Redirect: /sent']);
    my $sent = row(%crm, operation => 'getSent', route => '/api/sent', required => 'user_read', decision => 'allow');
    is $res->{headers}{'x-all'}, $sent, 'X-Accel-Redirect keeps them';
    is $res->{body}, 'sent', '  and is served';
};

subtest 'subrequests' => sub {
    my $checked = row(%crm, operation => 'getChecked', route => '/api/checked', required => 'user_read',
        decision => 'allow');
    my $res = get($gate, '/api/checked', token => 'tok');
    is $res->{headers}{'x-checked'}, $checked, 'auth_request sees those of the request it is part of';
    is $res->{headers}{'x-all'}, $checked, '  which keeps them';
    passed $res, '  and its identity', application => 'crm', operation => 'getChecked';
    refused get($gate, '/api/checked'), 'token_missing', 'a refused request asks nobody';

    $res = get($gate, '/gated-check/1', token => 'tok');
    passed $res, 'auth_request may ask at the gate';
    is $res->{headers}{'x-all'}, $nothing, '  which decides about the subrequest alone';
    is get($gate, '/gated-check/2', %$_)->{status}, 401, '  and refuses it' for {}, { token => 'x' };
    like get($gate, '/gated-check/2')->{headers}{'www-authenticate'}, qr/^Bearer realm="eiam"$/, '  with its challenge';
    is get($gate, '/gated-check/2', token => 'all')->{status}, 403, '  for lack of a scope too';
};

subtest 'where there is no gate' => sub {
    is get($gate, '/docs/1', token => 'tok')->{headers}{'x-all'}, $nothing, 'they are empty beside it';
    is logged('/docs/1', 'off.log'), $nothing, '  in the log too';
    is get($gate, '/docs/2', token => 'tok', port => $gate->port(2))->{headers}{'x-all'}, $nothing,
        'they are empty in another server';
    is logged('/docs/2', 'off.log'), $nothing, '  in the log too';
    is get($gate, '/text', port => $gate->port(2))->{body}, $nothing, '  and in a text';
    is get($gate, '/early', token => 'tok')->{body}, '<<>>', 'they are empty before the decision';
    refused get($gate, '/x/..;/api/users', token => 'tok'), 'request_ambiguous', 'a way around is refused';
    is logged('/x/..;/api/users', 'off.log'), '['
        . row(decision => 'deny', reason => 'request_ambiguous', policy_sha256 => '') . ']', '  and the log says so';
    passed get($gate, '/docs/3', token => 'tok'), 'and the next request is none of it';
};

subtest 'one connection' => sub {
    my $c = connection($gate);
    for my $row (@rows, reverse @rows) {
        my ($title, $target, $opt, $expected) = @$row;
        is $c->send(request($target, %$opt))->read_response->{headers}{'x-all'}, $expected,
            "each request has its own: $title";
    }
};

subtest 'the scopes of the token, before the permissions limit them' => sub {
    my @rows = (
        [ 'user_write user_read', 'user_write user_read', 'user_write user_read' ],
        [ 'openid user_read user_all', 'user_read', 'openid user_read user_all' ],
        [ ' user_read   user_all ', 'user_read', 'user_read user_all' ],
        [ [ 'user_read', '', 'x' ], 'user_read', 'user_read x' ],
        [ "user_read a\nX-Evil:1 b\x{7f} \x{85} c", 'user_read', 'user_read c' ],
        [ [ "user_read", "a\r\nb" ], 'user_read', 'user_read' ],
        [ "user_read \x{8bfb}\x{53d6}", 'user_read', "user_read \xe8\xaf\xbb\xe5\x8f\x96" ],
        [ 'user_read ' . join(' ', map { "scope-$_" } 1 .. 400), 'user_read',
            'user_read ' . join(' ', map { "scope-$_" } 1 .. 400) ],
        [ 'user_all', '', 'user_all' ],
        [ '', '', '' ],
    );
    my $source = EIAM::Source->new(map { ("t$_" => { json => { active => JSON::PP::true, client_id => 'crm',
        scope => $rows[$_][0] } }) } 0 .. $#rows);
    my $other = nginx(files => { 'policy.json' => policy('/api', 'GET /users' => ['user_read'],
        'PUT /users' => [ 'user_write', 'user_all' ]), 'apps.json' => applications(
            { id => 'crm', permissions => [ 'user_write', 'user_read' ] }) }, server => qq{
        location /api/ {
            $gated
            eiam_introspection /introspect;
            subrequest_output_buffer_size 16k;
            add_header X-All "\$eiam_scopes|\$eiam_token_scopes" always;
            proxy_set_header X-All "\$eiam_token_scopes";
            proxy_pass http://%ECHO%;
        }
        location = /introspect { internal; subrequest_output_buffer_size 16k; proxy_pass http://@{[ $source->address ]}; }
    })->start;
    for my $pass ('fetched', 'cached') {
        for my $n (0 .. $#rows) {
            my (undef, $scopes, $expected) = @{ $rows[$n] };
            my $res = get($other, '/api/users', token => "t$n");
            is $res->{headers}{'x-all'}, "$scopes|$expected", "row $n, $pass";
            is_deeply [ received($res, 'X-All') ], [ $expected ne '' ? $expected : () ], '  as the backend sees them'
                if $res->{status} == 200;
        }
    }
};

subtest 'without any gate' => sub {
    my $plain = nginx(server => qq{ location / { return 200 "[$all]"; } })->start;
    is get($plain, '/')->{body}, $nothing, 'they are empty, never an error';
    bad_config 'an unknown one is an error', q{location / { return 200 "$eiam_nothing"; }},
        qr/unknown "eiam_nothing" variable/;
};

done_testing;
