#!/usr/bin/perl
# No log contains a token or the digest of a token.

use strict;
use warnings;

use Digest::SHA qw(sha256 sha256_base64 sha256_hex);
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use MIME::Base64 qw(encode_base64);
use Test::More;
use EIAM::Source;
use EIAM::Test;

my %token = map { ($_ => "Secret-of-$_-0123456789") }
    qw(crm old off away unknown asked learned refused broken failed);
my $basic = 'U2VjcmV0LW9mLWJhc2ljLTAxMjM0NTY3ODk=';

# The gate's own credentials at the source, and those of a client at the token interface.
my %credentials = (source => encode_base64('gate:Secret-of-gate', ''),
    client => encode_base64('crm:Secret-of-client', ''));

my %files = (
    'policy.json' => policy('/api', 'GET /users' => ['user_read'], 'PUT /users' => ['user_write'],
        'POST /token' => 'public'),
    'apps.json' => applications(
        { id => 'crm', permissions => [ 'user_read', 'no_such_scope' ], tokens => [ $token{crm},
            { token => $token{old}, expires => '2020-01-01T00:00:00Z' } ] },
        { id => 'off', enabled => 0, permissions => ['user_read'], tokens => [ $token{off} ] },
        { id => 'away', networks => [], permissions => ['user_read'], tokens => [ $token{away} ] }),
);

# Each row: reason, target, options.
my @rows = (
    [ request_ambiguous => '/api//users', token => $token{crm} ],
    [ request_ambiguous => "/api//users?access_token=$token{crm}" ],
    [ request_ambiguous => "/api;x/users?access_token=$token{crm}", token => $token{crm} ],
    [ method_override => "/api/users?_method=PUT&access_token=$token{crm}", token => $token{crm} ],
    [ authorization_malformed => "/api/users?access_token=$token{crm}" ],
    [ authorization_malformed => "/api/users?a=b&%61ccess%5ftoken=$token{crm}&access_token[]=$token{old}&c=d" ],
    [ request_ambiguous => "/api/users?a=b;access_token=$token{crm}#?access_token=$token{crm}" ],
    [ token_missing => '/api/users', headers => ["Authorization: $token{crm}"] ],
    [ token_missing => '/api/users', headers => ["Authorization: Basic $basic"] ],
    [ token_invalid => '/api/users', token => $token{unknown} ],
    [ token_invalid => '/api/users', token => "$token{unknown} $token{crm}" ],
    [ token_expired => '/api/users', token => $token{old} ],
    [ scope_insufficient => '/api/users', token => $token{crm}, method => 'PUT' ],
    [ application_disabled => '/api/users', token => $token{off} ],
    [ network_forbidden => '/api/users', token => $token{away} ],
    [ operation_unknown => '/api/none', token => $token{crm} ],
    [ method_unknown => '/api/users', token => $token{crm}, method => 'DELETE' ],
);

# What must not occur in the log: tokens, and digests except for the 16 digits of $eiam_token_id.
my @secrets = map {
    my $digest = sha256_hex($_);
    (quotemeta, quotemeta unpack('H*', $_), substr($digest, 0, 17), substr($digest, 16, 16), substr($digest, 48),
        quotemeta sha256($_), quotemeta substr(sha256_base64($_), 0, 20));
} values %token;
my $secret = join '|', @secrets, map({ quotemeta } $basic, values %credentials), 'Secret-of-',
    '5365637265742d6f66';

sub gate {
    my ($mode, $level) = @_;
    return nginx(files => \%files, error_log_level => $level, conf => qq{
        log_format line '\$remote_addr <\$http_x_original_url> "\$request" \$request_uri \$uri \$args \$status '
            '\$eiam_token_id|\$eiam_application|\$eiam_reason';
        access_log %DIR%/access.log line;
        access_log %DIR%/combined.log combined;
        server {
            listen 127.0.0.1:%PORT%;
            eiam_policy %DIR%/policy.json;
            eiam_applications %DIR%/apps.json;
            location /api/ {
                eiam $mode;
                proxy_pass http://%ECHO%;
            }
            location = /api/users {
                eiam $mode;
                error_page 418 = \@dead;
                if (\$http_x_dead) { return 418; }
                proxy_pass http://%ECHO%;
            }
            location \@dead { eiam $mode; proxy_pass http://127.0.0.1:1; }
            location / { proxy_pass http://%ECHO%; }
        }
    })->start;
}

# A log line together with the following lines that have no time.
sub entries {
    my ($log) = @_;
    return split m{^(?=\d{4}/\d\d/\d\d )}m, $log;
}

sub none_in {
    my ($title, @lines) = @_;
    my @found = grep { /$secret/i } @lines;
    ok @lines > 0 && !@found, $title or diag @found[ 0 .. ($#found < 9 ? $#found : 9) ];
    return;
}

sub ask_all {
    my ($gate, $check) = @_;
    for my $row (@rows) {
        my ($reason, $target, %opt) = @$row;
        $check->(get($gate, $target, %opt), $reason);
    }
    get($gate, '/api/users', token => $token{crm});
    get($gate, '/api/users', token => $token{crm}, headers => ['X-Dead: 1']);
    get($gate, '/api/token', method => 'POST', headers => ["Authorization: Basic $basic"]);
    get($gate, '/docs', token => $token{crm});
    return;
}

subtest 'level info' => sub {
    my $gate = gate('on', 'info');
    ask_all($gate, sub { my ($res, $reason) = @_;
        refused $res, $reason, "$reason is refused";
        unlike $res->{head} . $res->{body}, qr/$secret/i, '  and the answer tells no secret' });
    passed get($gate, "/api/token?access_token=$token{crm}", method => 'POST'),
        'a public operation passes with any query', operation => 'postToken';
    my $issue = "/api/token?client_secret=$token{crm}";
    passed get($gate, $issue, method => 'POST', headers => ["X-Original-URL: $issue"]),
        '2.6-9: so does one whose field of a proxy has the secret as well';
    $gate->stop;

    my $log = $gate->error_log;
    like $log, qr/eiam: refused, $_->[0],/, "the error log names $_->[0]" for @rows;
    like $log, qr/connect\(\) failed/, 'and a backend that is down';
    none_in('it tells no secret', entries($log));

    my $access = $gate->access_log;
    my $id = substr sha256_hex($token{crm}), 0, 16;
    like $access, qr/ 200 $id\|crm\|$/m, 'the access log has the id of a token';
    like $access, qr{"GET /api/users\?access_token=\*+ HTTP/1\.1" /api/users\?access_token=\*+ },
        'and a token in the query as asterisks';
    like $access, qr{\?a=b&%61ccess%5ftoken=\*+&access_token\[\]=\*+&c=d }, 'each of several, and nothing else';
    none_in('it tells no secret', split /\n/, $access);
    none_in('nor does the format that nginx has by itself', split /\n/, $gate->access_log('combined.log'));
};

# At this level nginx itself logs each line, query and field that it reads, and each field that it sends; these
# lines are left out, and no others.
my $dumps = qr{^\S+\ \S+\ \[debug\]\ \S+\ \*\d+\ http\ (?:request\ line|args|header|proxy\ header):}x;

subtest 'level debug' => sub {
    my $gate = gate('on', 'debug');
    ask_all($gate, sub { my ($res, $reason) = @_; refused $res, $reason, "$reason is refused" });
    $gate->stop;
    my @all = entries($gate->error_log);
    my @dumps = grep { $_ =~ $dumps } @all;
    cmp_ok scalar(grep { /\[debug\]/ } @all), '>', 1000, 'the log is that of the level debug';
    ok scalar(grep { /$secret/ } @dumps), 'in which nginx itself writes down what it reads';
    none_in('nothing else in it tells a secret', grep { $_ !~ $dumps } @all);
};

subtest 'report' => sub {
    my $gate = gate('report', 'info');
    ask_all($gate, sub { my ($res, $reason) = @_; passed $res, "$reason passes" });
    passed get($gate, "/api/token?access_token=$token{crm}", method => 'POST'),
        'a public operation passes with any query', operation => 'postToken';
    $gate->stop;
    like $gate->error_log, qr/eiam: would be refused, $_->[0],/, "the error log names $_->[0]" for @rows;
    none_in('it tells no secret', entries($gate->error_log));
    none_in('nor does the access log', split /\n/, $gate->access_log);
};

# ---- tokens that are asked for or learned

# What the authorization server says when it is asked, and when it issues a token.
my ($true, $false) = (JSON::PP::true, JSON::PP::false);
my $source = EIAM::Source->new(
    $token{asked}   => { json => { active => $true, client_id => 'erp', scope => 'user_read',
        token => $token{asked} } },
    $token{refused} => { json => { active => $false, token => $token{refused} } },
    $token{broken}  => { body => qq({"active":true,"$token{broken}") },
    $token{failed}  => { status => 500, body => $token{failed} },
    $token{unknown} => { stop => 0 },
);
my %issued = (access_token => $token{learned}, token_type => 'bearer', expires_in => 60, scope => 'user_read',
    refresh_token => $token{old});
my @issued = ({ json => \%issued }, { body => JSON::PP::encode_json(\%issued) . $token{learned} },
    map { { json => { %issued, @$_ } } } [ expires_in => $token{learned} ],
        [ access_token => "$token{broken} " ]);
my $issuer = EIAM::Source->new;

for my $level (qw(info debug)) {
    subtest "tokens that are asked for or learned, level $level" => sub {
        my $gate = nginx(files => \%files, error_log_level => $level, conf => qq{
            log_subrequest on;
            log_format line '\$remote_addr "\$request" \$status '
                '\$eiam_token_id|\$eiam_application|\$eiam_source';
            access_log %DIR%/access.log line;
            access_log %DIR%/combined.log combined;
            server {
                listen 127.0.0.1:%PORT%;
                eiam_policy %DIR%/policy.json;
                eiam_introspection /introspect;
                eiam_introspection_circuit 2 1h;
                location /api/ { eiam on; proxy_pass http://%ECHO%; }
                location = /api/token { eiam on; eiam_learn on; proxy_pass http://@{[ $issuer->address ]}; }
                location = /introspect {
                    internal;
                    proxy_set_header Authorization "Basic $credentials{source}";
                    proxy_pass http://@{[ $source->address ]};
                }
            }
        })->start;
        my @call = (method => 'POST', headers => ["Authorization: Basic $credentials{client}"]);
        $issuer->answer('*' => [@issued]);
        is get($gate, '/api/token', @call)->{status}, 200, "a token is obtained: $_" for 1 .. 4;
        my $form = "client_id=crm&client_secret=$token{crm}";
        is get($gate, '/api/token', method => 'POST', body => $form,
            headers => ['Content-Type: application/x-www-form-urlencoded'])->{status}, 200,
            '  with a form, too';
        my @rows = ([ learned => 'crm' ], [ asked => 'erp' ], [ refused => 'token_invalid' ],
            map { [ $_ => 'source_unavailable' ] } qw(broken failed unknown));
        for my $row (@rows) {
            my ($name, $expected) = @$row;
            for my $time ('first', 'second') {
                my $res = get($gate, '/api/users', token => $token{$name});
                $EIAM::Test::REFUSAL{$expected} ? refused($res, $expected, "$name: $expected, the $time time")
                    : passed($res, "$name passes, the $time time", application => $expected);
            }
        }
        $gate->stop;

        my @all = entries($gate->error_log);
        my @ours = grep { /\beiam\b/ && $_ !~ $dumps } @all;
        like "@ours", qr/$_/, "the log says: $_" for 'learned a token of application "crm"',
            'the token is not learned: ', 'introspection "/introspect": line 1 ',
            'introspection "/introspect": status 500', 'is not asked for', 'refused, token_invalid',
            'refused, source_unavailable';
        none_in("the gate's own lines tell no secret", @ours);
        # nginx also writes what proxy_set_header has
        none_in('nor do others, but for what nginx itself reads and sends',
            grep { $_ !~ $dumps && !/\[debug\] \S+ \*\d+ http script copy: "Basic / } @all);
        is !!grep({ /\Q$credentials{source}\E/ } @all), $level eq 'debug',
            '  which are in the log at the level debug alone';
        my $id = substr sha256_hex($token{asked}), 0, 16;
        like $gate->access_log, qr/ 200 $id\|erp\|introspection$/m, 'the access log has the id of a token';
        none_in("$_ tells no secret", split /\n/, $gate->access_log($_)) for qw(access.log combined.log);
    };
}

# ---- secrets in the query

my $fields = 'proxy_set_header X-Test-Status ""; proxy_pass http://%ECHO%';
my $secrets = nginx(files => \%files, conf => qq{
    log_format line '\$remote_addr "\$request" \$request_uri \$uri \$args \$query_string \$arg_access_token '
        '\$arg_client_secret \$status';
    access_log %DIR%/access.log line;
    access_log %DIR%/combined.log combined;
    access_log %DIR%/default.log;
    map \$request \$seen { default ""; ~secret yes; }
    limit_req_zone \$request_uri zone=by_target:1m rate=1000r/s;
    eiam_policy %DIR%/policy.json;
    eiam_applications %DIR%/apps.json;
    large_client_header_buffers 4 16k;
    http2_max_field_size 16k;
    http2_max_header_size 32k;
} . join '', map { qq{
    server {
        listen 127.0.0.1:%PORT$_->[0]% $_->[1];
        set \$early "\$seen \$request_uri \$request \$args";
        limit_req zone=by_target burst=1000 nodelay;
        location /api/ { eiam $_->[2]; $fields; }
        location /api/v/ { eiam $_->[2]; rewrite ^/api/v(/.*)\$ /api\$1 break; $fields\$uri?\$args; }
        location /raw/ { $fields\$request_uri; }
        location / { $fields; }
        location = /api/users { eiam $_->[2]; if (\$request ~ never) { return 418; } $fields\$request_uri; }
    }
} } [ '', '', 'on' ], [ 2, 'http2', 'on' ], [ 3, '', 'report' ], [ 4, 'http2', 'report' ])->start;

# The target that the backend received, by HTTP/1.1 or HTTP/2, or "refused".
sub forwarded {
    my ($n, $target, $method) = @_;
    my $gate = $secrets;
    my $url = 'http://127.0.0.1:' . $gate->port($n) . $target;
    my @version = $n % 2 ? '--http1.1' : '--http2-prior-knowledge';
    open my $out, '-|', 'curl', '-sS', '-g', '--max-time', 20, @version, '-X', $method, $url or die "curl: $!";
    my $text = do { local $/; <$out> };
    close $out or die "curl failed: $?\n";
    my $json = eval { JSON::PP->new->utf8->decode($text) } // {};
    return $json->{error_code} ? 'refused' : $json->{target} // $text;
}

subtest 'secrets in the query' => sub {
    my $query = "a=b&access_token=$token{crm}&client_secret=$token{old}&%61ccess_token[]=$token{off}&c=d";
    my $many = 'access_token&' x 620 . "access_token=$token{crm}";
    my $values = join '&', map { "access_token=$token{crm}&client_secret=$token{old}" } 1 .. 100;
    for my $n (1 .. 4) {
        my $title = ($n % 2 ? 'HTTP/1.1' : 'HTTP/2') . ($n > 2 ? ', report' : '');
        my $refused = $n > 2 ? undef : 'refused';
        for my $q ($query, $many, $values) {
            my $shown = $q eq $query ? 'a query' : length($q) . ' bytes of parameters';
            for my $row ([ GET => '/api/users', 'a refused call', $refused ], [ POST => '/api/token', 'a public one' ],
                [ GET => '/docs', 'a call beside the gate' ], [ POST => '/raw/x', 'its $request_uri' ])
            {
                my ($method, $path, $what, $expected) = @$row;
                is forwarded($n, "$path?$q", $method), $expected // "$path?$q", "$title: $shown of $what arrives as it is"
                    . ($expected ? ', but for a refusal' : '');
            }
        }
    }
    $secrets->stop;
    for my $file (qw(access.log combined.log default.log)) {
        my @lines = split /\n/, $secrets->access_log($file);
        is scalar @lines, 48, "$file has a line of each request";
        none_in("$file tells no secret", @lines);
        is scalar(grep { /a=b&access_token=\*+&client_secret=\*+&%61ccess_token\[\]=\*+&c=d/ } @lines), 16,
            '  but all that is none';
    }
    my @errors = entries($secrets->error_log);
    none_in('nor does the error log', @errors);
};

# ---- subrequests and dead backends

# nginx logs a line that it refuses itself at the level info, before there is a request.
my $shared = nginx(files => \%files, error_log_level => 'warn', conf => qq{
    log_subrequest on;
    server {
        listen 127.0.0.1:%PORT%;
        access_log %DIR%/access.log combined;
        eiam_policy %DIR%/policy.json;
        eiam_applications %DIR%/apps.json;
        location /api/ { eiam on; proxy_pass http://127.0.0.1:1; }
        location /asked { auth_request /auth; proxy_pass http://%ECHO%; }
        location = /auth { proxy_pass http://%ECHO%/auth; proxy_set_header X-Test-Status ""; }
        location /dead { proxy_pass http://127.0.0.1:1; }
    }
})->start;

subtest 'subrequests and dead backends' => sub {
    my $query = "client_secret=$token{crm};x&access_token=$token{old}&y=1";
    my $res = get($shared, "/asked?$query");
    is $res->{json}{target}, "/asked?$query", 'what a subrequest is logged with is still forwarded by the main one';
    is get($shared, "$_->[1]?$query", method => $_->[0])->{status}, 502, "a dead backend: $_->[1]"
        for [ POST => '/api/token' ], [ GET => '/dead' ];
    is raw($shared, "GET /api/%zz?$query HTTP/1.1\r\nHost: a\r\n\r\n")->{status}, 400, 'a broken request line';
    $shared->stop;
    none_in('the access log tells no secret, not a part of one', split /\n/, $shared->access_log);
    like $shared->error_log, qr{upstream: "http://127\.0\.0\.1:1/dead\?client_secret=\*+&access_token=\*+&y=1"},
        "nginx's own lines name the upstream";
    none_in('but no secret', entries($shared->error_log));
};

subtest 'files that are broken' => sub {
    my %broken = (
        'a token twice' => sub { my ($apps) = @_; push @{ $apps->[1]{tokens} }, $apps->[0]{tokens}[0] },
        'a token in plain text' => sub { $_[0][0]{tokens}[0]{token} = $token{crm} },
        'a token in the place of its digest' => sub { $_[0][0]{tokens}[0]{sha256} = $token{crm} },
        'a digest that is too long' => sub { $_[0][0]{tokens}[0]{sha256} .= '00' },
        'a token as a string' => sub { $_[0][0]{tokens}[0] = $token{crm} },
        'a bad time' => sub { $_[0][0]{tokens}[0]{expires} = 'soon' },
    );
    for my $title (sort keys %broken) {
        my $apps = applications({ id => 'crm', permissions => ['user_read'], tokens => [ $token{crm} ] },
            { id => 'off', tokens => [ $token{off} ] });
        $broken{$title}->($apps->{applications});
        my ($code, $text) = nginx(files => { %files, 'apps.json' => $apps }, server => q{
            eiam_policy %DIR%/policy.json; eiam_applications %DIR%/apps.json; location / { eiam on; }
        })->check;
        is $code, 1, "nginx -t refuses $title";
        unlike $text, qr/$secret/i, '  and tells no secret';
    }
};

# ---- what comes from outside, in the lines of the error log

# Ids that would add members to the log line, or begin a new line; and how the log shows each of them.
my $long = 'i' x 255;
my %odd = (
    'crm", operation: "getUsers", request: "GET /forged' =>
        'crm\x22, operation: \x22getUsers\x22, request: \x22GET /forged',
    'back\\slash\\'                => 'back\x5Cslash\x5C',
    "\xe5\xba\x94\xe2\x80\xa8\xc2\xa0x" => '\xE5\xBA\x94\xE2\x80\xA8\xC2\xA0x',
    $long                          => $long,
    '"' x 255                      => '\x22' x 125 . '...',
);

# All members of a line of this module, and nothing else.
my $ours = qr{\ eiam:\ refused,\ (\w+),\ client:\ 127\.0\.0\.1,\ application:\ "([^"\\]*(?:\\x[0-9A-F]{2}[^"\\]*)*)",
    \ operation:\ "([^"]*)",\ request:\ "([^"]*)"
    (?:,\ detail:\ "\w+"|,\ required:\ "[^"]*",\ scopes:\ "[^"]*")?$}x;

sub told {
    my ($gate, $title, $expected) = @_;
    my ($line) = reverse grep { / eiam: refused, / } split /\n/, $gate->error_log;
    my @members = ($line // '') =~ $ours;
    shift @members;
    return is_deeply(\@members, $expected, $title) || diag $line;
}

subtest '2.1-14: what comes from outside is escaped in the error log' => sub {
    my $source = EIAM::Source->new;
    my $issuer = EIAM::Source->new;
    my $keys = EIAM::Source->new;
    my @ids = sort keys %odd;
    my @apps = map { utf8::decode(my $id = $ids[$_]);
        +{ id => $id, permissions => [ 'user_read', "no\"such$_" ], tokens => ['Static-' . unpack 'H*', $ids[$_]] } } 0 .. $#ids;
    my $gate = nginx(error_log_level => 'info', files => { %files, 'apps.json' => applications(@apps) }, conf => qq{
        large_client_header_buffers 4 16k;
        server {
            listen 127.0.0.1:%PORT%;
            eiam_policy %DIR%/policy.json;
            eiam_introspection /introspect;
            location /api/ { eiam on; eiam_applications %DIR%/apps.json; proxy_pass http://%ECHO%; }
            location = /api/token { eiam on; eiam_learn on; proxy_pass http://@{[ $issuer->address ]}; }
            location = /introspect { internal; proxy_pass http://@{[ $source->address ]}; }
        }
        server {
            listen 127.0.0.1:%PORT2%;
            eiam_policy %DIR%/policy.json;
            eiam_jwks /jwks;
            eiam_jwt_issuer i;
            eiam_jwt_audience a;
            location /api/ { eiam on; proxy_pass http://%ECHO%; }
            location = /jwks { internal; proxy_pass http://@{[ $keys->address ]}/jwks; }
        }
    })->start;
    my $put = 'PUT /api/users';
    for my $id (sort keys %odd) {
        my $name = substr shown($id), 0, 30;
        my $hex = unpack 'H*', $id;
        utf8::decode(my $text = $id);
        refused get($gate, '/api/users', method => 'PUT', token => "Static-$hex"), 'scope_insufficient',
            "the static token of $name";
        told($gate, '  in its line', [ $odd{$id}, 'putUsers', $put ]);
        $source->answer("Asked-$hex" => { json => { active => JSON::PP::true, scope => 'user_read',
            client_id => $text } });
        refused get($gate, '/api/users', method => 'PUT', token => "Asked-$hex"), 'scope_insufficient',
            '  one that is asked for';
        told($gate, '  in its line', [ $odd{$id}, 'putUsers', $put ]);
        $issuer->answer('*' => [ { json => \%issued } ]);
        is get($gate, '/api/token', method => 'POST', body => 'client_id=' . $id =~ s/(\W)/sprintf '%%%02X', ord $1/ger,
            headers => ['Content-Type: application/x-www-form-urlencoded'])->{status}, 200, '  one that is learned';
        like $gate->error_log, qr/ eiam: learned a token of application "\Q$odd{$id}\E"/, '  in its line';
    }
    for my $path ('/api/none"', "/api/none\xe5\xba\x94", "/api/none\xff\\") {
        refused get($gate, $path, token => 'x'), 'request_ambiguous', 'a path: ' . shown($path);
        told($gate, '  in its line', [ '', '', 'GET ' . $path =~ s/([^\x20-\x7e]|["\\])/sprintf '\\x%02X', ord $1/ger ]);
    }
    refused get($gate, '/api/' . 'n' x 9000, token => 'x'), 'request_ambiguous', 'a very long path';
    told($gate, '  in its line', [ '', '', 'GET /api/' . 'n' x 495 . '...' ]);

    $source->answer('*' => { body => qq({"active":true,"scope\\n\\"":1,"scope\\n\\"":1}) });
    refused get($gate, '/api/users', token => 'Other'), 'source_unavailable', 'an answer that is not JSON';
    $keys->answer('*' => { body => qq({"keys":[],"\\" x\\n", "Secret-of-oct" "}) });
    my $token = join '.', map { encode_base64($_, '') =~ tr{+/=}{-_}dr } '{"alg":"RS256","kid":"a\"b"}', '{}', 'x' x 256;
    refused get($gate, '/api/users', token => $token, port => $gate->port(2)), 'source_unavailable', 'a key set that is none';
    $gate->stop;

    my @lines = grep { / eiam: / } split /\n/, $gate->error_log;
    like "@lines", qr{key set "/jwks": line 1 column \d+: bad JSON}, 'nothing of a key set is in the log';
    unlike "@lines", qr/Secret-of-oct/, '  as some are secret';
    is_deeply [ grep { !/^[\x20-\x7e]*$/ } grep { / eiam: (?!the token is not learned)/ } @lines ], [],
        'every line is visible ASCII';
    my @warned = grep { /no policy declares/ } split /\n/, $gate->error_log;
    is_deeply [ sort map { /the permission "([^"]*)" of application "([^"]*)"$/ && "$1 $2" } @warned ],
        [ sort map { "no\\x22such$_ $odd{ $ids[$_] }" } 0 .. $#ids ], 'so are warnings about the applications file';
};

subtest '2.1-14: what is wrong in a file stays in one line' => sub {
    my $entry = '{"id":"a","%s":1}';
    my %wrong = (
        "line\\n2026/01/01 00:00:00 [error] forged" => '#/applications/0/line\x0A2026~101~101 00:00:00 [error] forged: ',
        'a\\": is fine'        => '#/applications/0/a": is fine: ',
        'b\\\\x22'             => '#/applications/0/b\x22: ',
        "\xe5\xba\x94\\u0085"  => "#/applications/0/\xe5\xba\x94" . '\xC2\x85: ',
        'm' x 3000             => '#/applications/0/' . 'm' x 400,
    );
    for my $member (sort keys %wrong) {
        my ($code, $text) = nginx(files => { %files, 'apps.json' => sprintf qq({"applications":[$entry]}), $member },
            conf => q{
                server {
                    listen 127.0.0.1:%PORT%;
                    eiam_policy %DIR%/policy.json;
                    eiam_applications %DIR%/apps.json;
                    location /api/ { eiam on; proxy_pass http://%ECHO%; }
                }
            })->check;
        isnt $code, 0, 'a member ' . substr $member, 0, 20;
        like $text, qr/^[^\n]*apps\.json": \Q$wrong{$member}\E[^\n]*/m, '  with its place';
    }
};

done_testing;
