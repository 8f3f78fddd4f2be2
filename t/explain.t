#!/usr/bin/perl
# The explanation says of each call what the gate does with it, and why.

use strict;
use warnings;

use Encode qw(encode);
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Test::More;
use EIAM::Source;
use EIAM::Test;

my ($true, $false) = (JSON::PP::true, JSON::PP::false);
my $source = EIAM::Source->new;

my $policy = policy('/api',
    'GET /users' => [ 'user_read', 'user_all' ], 'PUT /users' => ['user_write'],
    'POST /users' => [ [ 'user_write', 'user_read' ], ['user_all'], [ 'org_read', 'user_write' ] ],
    'GET /users/me' => [ [] ], 'GET /users/{id}' => ['user_read'], 'DELETE /users/{id}' => ['user_all'],
    'PUT /users/{id}/orgs/{org}' => [ [ 'user_write', 'org_read' ] ], 'GET /orgs' => ['org_read'],
    'POST /token' => 'public', 'OPTIONS /users' => 'public',
    'GET /u:s/{id}' => ['user_read'], 'GET /trial' => ['user_write'], 'GET /trial/{id}' => ['user_read']);
$policy->{paths}{'/trial'}{get}{'x-eiam-mode'} = 'report';
$policy->{paths}{'/trial/{id}'}{get}{'x-eiam-mode'} = 'on';

my %files = (
    'policy.json' => $policy,
    'other.json'  => policy('/other', 'GET /users' => ['other_read'], 'GET /open' => 'public'),
    'apps.json'   => applications(
        { id => 'crm', permissions => [ 'user_read', 'org_read' ], tokens => ['crm'] },
        { id => 'all', permissions => [ 'user_all', 'user_write' ], tokens => ['all'] },
        { id => 'none', permissions => [], tokens => ['none'] },
        { id => "q\"u\\o \x{7528}", permissions => ['user_read'], tokens => ['odd'] },
        { id => 'off', enabled => 0, permissions => ['user_read'], tokens => ['off'] }),
);

my $said = 'X-Said "$eiam_decision|$eiam_reason|$eiam_operation|$eiam_route|$eiam_application|$eiam_scopes|'
    . '$eiam_required"';
my $introspect = "location = /introspect { internal; proxy_pass http://@{[ $source->address ]}; }";
my $gated = 'eiam on; proxy_pass http://%ECHO%;';

my $gate = nginx(files => \%files, workers => 2, conf => qq{
    add_header $said always;
    eiam_cache_valid 0;
    eiam_cache_negative 0;
    eiam_scope_implies user_all user_read;
    server {
        listen 127.0.0.1:%PORT%;
        eiam_policy policy.json;
        eiam_applications apps.json;
        eiam_introspection /introspect;
        location /api/ { $gated }
        location /status/ { eiam_status; }
        $introspect
    }
    server {
        listen 127.0.0.1:%PORT2%;
        eiam_policy policy.json;
        eiam_applications apps.json;
        eiam_path utf8;
        eiam_introspection /introspect;
        location /api/ { $gated }
        location /status/ { eiam_status; }
        $introspect
    }
    server {
        listen 127.0.0.1:%PORT3%;
        eiam_policy policy.json;
        eiam_introspection /introspect;
        eiam_scope_implies user_write org_read;
        location /api/ { $gated }
        location /status/ { eiam_status; }
        $introspect
    }
    server {
        listen 127.0.0.1:%PORT4%;
        eiam_introspection /introspect;
        location /api/ { eiam_policy policy.json; $gated }
        location /other/ { eiam_policy other.json; $gated }
        location /status/ { eiam_status; }
        $introspect
    }
})->start;

sub encoded { return $_[0] =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/ger }

sub explain_call {
    my ($question, %opt) = @_;
    my $query = join '&', map { "$_=" . encoded($question->{$_}) } sort keys %$question;
    return get($gate, "/status/explain?$query", %opt);
}

# ---------------------------------------------------------------- the same as a real call

# caller => [ parameters of the explanation, the token or the answer about it ]
my @callers = (
    [ 'nobody', {}, undef ],
    (map { [ "the application $_", { application => $_ }, $_ ] } qw(crm all none off)),
    [ 'an odd application', { application => encode('UTF-8', "q\"u\\o \x{7528}") }, 'odd' ],
    (map { my ($id, $scopes) = @$_; [ "$id with \"$scopes\"", { application => $id, scopes => $scopes },
        { client_id => $id, scope => $scopes } ] }
        [ 'crm', 'user_read' ], [ 'crm', 'user_write user_read unknown' ], [ 'crm', '' ], [ 'crm',
            'user_all' ],
        [ 'all', 'user_all' ], [ 'all', 'user_write' ], [ 'off', 'user_read' ], [ 'stranger', 'user_read' ],
        [ 'stranger', 'user_all org_read' ], [ 'stranger', '' ]),
);
my @anonymous = map { [ "a token with \"$_\"", { scopes => $_ }, { scope => $_ } ] }
    '', 'user_read', 'user_write', 'user_write user_read', 'user_all', 'org_read  user_read',
        'User_read user_readx';

my @methods = qw(GET PUT POST DELETE HEAD OPTIONS PATCH FOO);
my @paths = ('/api/users', '/api/users/me', '/api/users/u1', '/api/users/u1/orgs/o1', '/api/trial',
    '/api/trial/1',
    '/api/token', '/api/none', '/api/users/u1/none');
my @odd_paths = ('/api/', '/api/users/', '/api//users', '/api/users/../users', '/api/./users', '/api/users;x',
    '/api/Users', '/api/users/Me', '/api/users/me.json', '/api/users/%75', '/api/users/u%2f1',
        '/api/users/%E7%94%A8',
    '/api/users/%c3%a9', '/api/users/%ff', '/api/users/a@b', '/api/users/a,b', '/api/users/a:b',
        '/api/users/a+b',
    '/api/users/' . 'x' x 128, '/api/users/' . 'x' x 129, "/api/users/\xe7\x94\xa8", '/api/users/a"b',
        '/api/users/a\\b',
    '/api/users/a%20b', '/api/users/%20', '/api/users/a%40b', '/api/u:s/a%40', '/api/u%3as/a', '/api/users/u%CC%88',
    '/api/users/...', '/api/users/.a', '/api/users/u1/orgs', '/api' . '/x' x 80);

my $serial = 0;

# The token of a caller.
sub token {
    my ($what) = @_;
    return $what unless ref $what;
    my $token = 'asked-' . ++$serial;
    $source->answer($token => { json => { active => $true, %$what } });
    return $token;
}

# What the variables say about the real call.
sub real {
    my ($method, $path, $token, %opt) = @_;
    my $res = get($gate, $path, method => $method, defined $token ? (token => $token) : (), %opt);
    my $text = $res->{headers}{'x-said'} // return { decision => 'none', status => $res->{status} };
    my %real;
    @real{qw(decision reason operation route application scopes required)} = split /\|/,
        $text =~ s/ \| / OR /gr, 7;
    return { %real, status => $res->{status} };
}

sub words { return join ' OR ', map { join ' ', @$_ } @{ $_[0] } }

# The missing scopes, computed here independently.
sub lacking {
    my ($required, $scopes) = @_;
    my %has = map { ($_ => 1) } split / /, $scopes;
    return [ map { [ grep { !$has{$_} } @$_ ] } @$required ];
}

# The differences between explanation and call.
sub differences {
    my ($told, $real, $question) = @_;
    my @wrong;
    my %utf8 = map { my $text = $_; utf8::decode($text); ($_ => $text) } values %$real;
    # a call does not know what no token says, but the explanation is asked for it
    my @same = $real->{reason} =~ /^(?:request_ambiguous|token_missing|operation_unknown|method_unknown)$/
        ? qw(decision reason operation route) : qw(decision reason operation route application scopes);
    for (@same) {
        push @wrong, "$_: told '$told->{$_}', is '$real->{$_}'" if $told->{$_} ne $utf8{ $real->{$_} };
    }
    my $required = words($told->{required});
    push @wrong, "required: told '$required', is '$real->{required}'"
        if $required ne $real->{required} && $real->{reason} ne 'request_ambiguous';
    my $status = $told->{decision} eq 'deny' ? $told->{status} : 200;
    push @wrong, "status: told $status, is $real->{status}" if $status != $real->{status};
    push @wrong, 'a status, but no reason' if !exists $told->{status} != !$told->{reason};
    my $missing = $told->{reason} eq 'scope_insufficient' ? words(lacking(@$told{qw(required scopes)}))
        : 'not there';
    my $listed = $told->{missing} ? words($told->{missing}) : 'not there';
    push @wrong, "missing: told '$listed', is '$missing'" if $missing ne $listed;
    push @wrong, "$_ is not what was asked" for grep { $told->{$_} ne $question->{$_} } qw(method path);
    return @wrong;
}

my %met;

sub compared {
    my ($title, $methods, $paths, $callers, %opt) = @_;
    subtest $title => sub {
        for my $caller (@$callers) {
            my ($who, $question, $what) = @$caller;
            my ($n, @wrong) = (0);
            for my $method (@$methods) {
                for my $path (@$paths) {
                    my %all = (%$question, method => $method, path => $path);
                    my $answer = explain_call(\%all, %opt);
                    my $real = real($method, $path, token($what), %opt, head => $method eq 'HEAD');
                    my $told = $answer->{json} // do { push @wrong, "$method $path: no JSON"; next };
                    utf8::decode($all{path});
                    push @wrong, map { "$method $path: $_" } $answer->{status} == 200
                        ? differences($told, $real, \%all) : "status $answer->{status}";
                    $met{"$real->{decision} $real->{reason}"}++;
                    $n++;
                }
            }
            ok $n && !@wrong, encode('UTF-8', $who) . ": $n calls"
                or diag join "\n", @wrong[0 .. ($#wrong < 9 ? $#wrong : 9)];
        }
    };
    return;
}

compared('applications', \@methods, \@paths, \@callers);
compared('odd paths', ['GET'], \@odd_paths, [ @callers[ 0, 1 ] ]);
compared('odd paths, where letters may stand in them', ['GET'], \@odd_paths, [ @callers[ 0, 1 ] ],
    port => $gate->port(2));
compared('no applications file, and other implications', [qw(GET POST PUT DELETE)], \@paths, \@anonymous,
    port => $gate->port(3));
compared('several policies', [qw(GET POST)], [ '/api/users', '/api/token', '/other/users', '/other/open' ],
    [ $callers[0], map { [ $_, { scopes => $_ }, { scope => $_ } ] } qw(other_read user_read),
        'user_read other_read' ],
    port => $gate->port(4));

my @reasons = qw(request_ambiguous token_missing scope_insufficient application_disabled operation_unknown
    method_unknown);
is_deeply [ grep { !$met{"deny $_"} } @reasons ], [], 'each reason that needs no real token was met'
    or diag explain \%met;
ok $met{"would_deny $_"}, "so was an operation in report mode: $_" for qw(token_missing scope_insufficient);
ok $met{'allow '}, 'and so was permission';

# ---------------------------------------------------------------- the answer itself

subtest 'what it says' => sub {
    my $told = explain_call({ method => 'POST', path => '/api/users', scopes => 'user_write',
        application => 'all' })->{json};
    delete $told->{used};
    is_deeply $told, {
        decision => 'deny', reason => 'scope_insufficient', status => 403, method => 'POST',
            path => '/api/users',
        policy => $gate->dir . '/policy.json', operation => 'postUsers', route => '/api/users',
            application => 'all',
        scopes => 'user_write', required => [ [ 'user_write', 'user_read' ], ['user_all'], [ 'org_read',
            'user_write' ] ],
        missing => [ ['user_read'], ['user_all'], ['org_read'] ],
    }, 'a refusal, and what lacks';
    $told = explain_call({ method => 'GET', path => '/api/users/u1', application => 'all' })->{json};
    delete $told->{used};
    is_deeply $told, {
        decision => 'allow', reason => '', method => 'GET', path => '/api/users/u1',
        policy => $gate->dir . '/policy.json', operation => 'getUsersId', route => '/api/users/{id}',
        application => 'all', scopes => 'user_all user_write user_read', required => [ ['user_read'] ],
    }, 'permission, by a scope that another one implies' or diag explain $told;
    $told = explain_call({ method => 'GET', path => '/api/users', scopes => 'user_all user_write',
        application => 'crm' })->{json};
    is "$told->{decision} $told->{scopes}", 'allow user_read', 'the application limits the scopes';
    $told = explain_call({ method => 'GET', path => '/api/users', application => 'stranger' })->{json};
    is "$told->{reason} '$told->{scopes}'", "scope_insufficient ''",
        'one that nobody knows has no permissions';
    $told = explain_call({ method => 'GET', path => '/api/users', application => '' })->{json};
    is $told->{reason}, 'scope_insufficient', 'an application without name has none either'
        or diag explain $told;
    $told = explain_call({ method => 'GET', path => "/api/\"\\\xff\xe7\x94\xa8" })->{json};
    is $told->{path}, "/api/\"\\?\x{7528}", 'a path that cannot be written as it is';
    for my $path ('api/users', 'http://h/api/users', '/API/users', '/x/../api/users', '/api;x/users') {
        $told = explain_call({ method => 'GET', path => $path, application => 'crm' })->{json};
        is $told->{reason}, 'request_ambiguous', "ambiguous: '$path'" or diag explain $told;
    }
    for my $path ('', '/', 'x', '*', '/api/users?x=y', '/elsewhere', '/apis/users') {
        $told = explain_call({ method => 'GET', path => $path, application => 'crm' })->{json};
        ok $told->{error} && !$told->{decision}, "no question: '$path'" or diag explain $told;
    }
};

subtest 'questions that are none' => sub {
    for my $query ('', 'method=GET', 'path=/api/users', 'method=%zz&path=/', 'method=GET&path=%',
        'method=GET&path=/%2',
        'method=GET&path=/a%00b', 'method=GET&path=/a%0A', 'method=GET&path=/api/users&scopes=%x',
        'method=GET&path=/api/users&application=%00', 'method=GET&path=/api/users&address=here',
        'method=GET&path=/api/users&address=192.0.2.1:80')
    {
        my $res = get($gate, "/status/explain?$query");
        is $res->{status}, 400, "refused: '$query'";
        is_deeply [ keys %{ $res->{json} // {} } ], ['error'], '  and told why';
    }
    my $res = get($gate, '/status/explain?scopes=user_read&path=/api/users&x=y&method=GET');
    is $res->{json}{decision}, 'allow', 'the order is free, and others are let be';
    $res = get($gate, '/status/explain?method=GET&path=/api/users&scopes=org_read+user_read');
    is $res->{json}{decision}, 'allow', 'a plus is a space, as in a form';
    $res = get($gate, '/status/explain?method=GET&path=/api/' . 'x' x 4000 . '&scopes=' . 'y%20' x 700);
    is $res->{json}{decision}, 'deny', 'a long one';
};

subtest 'it is only a question' => sub {
    my $counts = sub { return join '', grep { /_total|_entries/ } map { "$_\n" } split /\n/,
        get($gate, '/status/metrics')->{body} };
    my ($before, $calls, $asked) = ($counts->(), $gate->echo->count, $source->count);
    explain_call({ method => 'GET', path => '/api/users', application => $_, scopes => 'user_read' })
        for qw(crm off new);
    is $counts->(), $before, 'nothing is counted or cached';
    is $gate->echo->count, $calls, 'the backend is not asked';
    is $source->count, $asked, 'nor is the source';
    unlike $gate->error_log, qr/eiam: refused[^\n]*status/, 'nor is it logged as a call';
};

# ---------------------------------------------------------------- from the shell

subtest 'from the shell' => sub {
    local $ENV{STATUS_URL} = 'http://127.0.0.1:' . $gate->port . '/status/';
    my $ask = sub {
        my ($command, @words) = @_;
        open my $out, '-|', 'sh', '-c', "$command 2>&1", 'sh', @words or die "sh: $!";
        my $text = join '', <$out>;
        close $out;
        return ($? >> 8, $text);
    };
    my $script = top_dir() . '/example/explain';
    my $shown = sub {
        my ($code, $text) = $ask->("sh '$script' \"\$@\"", @_);
        my $told = eval { JSON::PP->new->utf8->decode($text) } // {};
        return join ' ', $code, map { $told->{$_} // '-' } qw(decision reason scopes);
    };
    is $shown->('GET', '/api/users'), '0 deny token_missing ', 'method and path';
    is $shown->('GET', '/api/users', 'user_read org_read'), '0 allow  user_read org_read', '  and scopes';
    is $shown->('GET', '/api/users', ''), '0 deny scope_insufficient ', '  and no scopes';
    is $shown->('GET', '/api/users', 'user_all', 'crm'), '0 allow  user_read', '  and an application';
    is $shown->('GET', '/api/orgs', '', 'crm'), '0 allow  user_read org_read', '  or that alone';
    is $shown->('GET', "/api/users/a;'\"&b"), '0 deny request_ambiguous ', 'whatever the path is';
    my ($code, $text) = $ask->("sh '$script' \"\$@\"", 'GET');
    ok $code == 2 && $text =~ /^usage: /, 'a word too few' or diag $text;
    my $make = "cd '@{[ top_dir() ]}' && env -u MAKEFLAGS make -s explain";
    ($code, $text) = $ask->("$make CALL='PUT /api/users' SCOPES='user_read org_read'");
    ok $code == 0 && $text =~ /"scope_insufficient"/, 'make explain' or diag $text;
    ($code, $text) = $ask->("$make CALL='GET /api/orgs' APPLICATION=crm");
    ok $code == 0 && $text =~ /"allow"/, '  of an application' or diag $text;
    ($code, $text) = $ask->($make);
    ok $code != 0 && $text =~ /^usage: /, '  without a call' or diag $text;
    local $ENV{STATUS_URL} = 'http://127.0.0.1:' . free_port() . '/status/';
    ($code, $text) = $ask->("sh '$script' GET /");
    ok $code != 0 && $text =~ /curl/, 'where nobody listens, that is told' or diag $text;
};

done_testing;
