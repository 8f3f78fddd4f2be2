#!/usr/bin/perl
# Learning at the token interface: from which answers the gate learns, whose token it is, and where it is known.

use strict;
use warnings;

use Digest::SHA qw(sha256 sha256_hex);
use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Compress::Gzip qw(gzip);
use JSON::PP ();
use MIME::Base64 qw(encode_base64);
use Test::More;
use Time::HiRes qw(sleep time);
use EIAM::Http2;
use EIAM::Source;
use EIAM::Test;

use constant DEADLINE => 30;

my ($true, $null, $left_out) = (JSON::PP::true, undef, \'left out');
my $json = JSON::PP->new->ascii->canonical;

my $backend = EIAM::Source->new;
my $asked   = EIAM::Source->new;
my $address = $backend->address;

my @applications = (
    { id => 'crm', permissions => [ 'user_read', 'org_all' ], tokens => ['fixed'] },
    { id => 'none', permissions => [] },
    { id => 'off', permissions => ['user_read'], enabled => 0 },
    { id => 'a&b%=', permissions => ['user_read'] });
my %files = (
    'policy.json' => policy('/api',
        'GET /any' => [ [] ], 'GET /users' => ['user_read'], 'PUT /users' => ['user_write'],
        'POST /users' => ['user_read'], 'GET /orgs' => ['org_read'], 'PUT /orgs' => ['org_all'],
        (map { ("POST /$_" => 'public') } qw(token open), map { "token/$_" } qw(file small cached asks args same uri)),
        (map { ("$_ /token" => 'public') } qw(GET PUT)), 'POST /none' => [ [] ], 'GET /zero' => [ [] ]),
    'apps.json' => applications(@applications),
    'cache/x' => '',
);

# The common part of the servers: a gate, its token interface, and one outside of the gate.
my $common = qq{
    location /api/ { eiam on; proxy_pass http://%ECHO%; }
    location = /api/token { eiam on; eiam_learn on; proxy_pass http://$address; }
    location = /oauth/token { eiam_learn on; proxy_pass http://$address; }
};

my $gate = nginx(files => \%files, workers => 4, conf => qq{
    eiam_policy %DIR%/policy.json;
    eiam_scope_implies org_all org_read;
    large_client_header_buffers 8 32k;
    client_max_body_size 1m;
    proxy_cache_path %DIR%/cache keys_zone=cached:1m;
    add_header X-Cache "\$eiam_source \$eiam_cache" always;
    add_header X-Worker \$pid always;

    server {
        listen 127.0.0.1:%PORT% reuseport default_server;
        listen 127.0.0.1:%PORT5% http2;
        server_name first;
        $common
        location = /api/zero { eiam on; eiam_cache_valid 0; proxy_pass http://%ECHO%; }
        location = /api/users { eiam on; eiam_learn on; eiam_applications %DIR%/apps.json; proxy_pass http://$address; }
        location = /api/open { eiam on; proxy_pass http://$address; }
        location = /api/none { eiam on; eiam_learn on; eiam_applications %DIR%/apps.json; proxy_pass http://$address; }
        location /api/token/ {
            eiam on; eiam_learn on; proxy_pass http://$address;
            location = /api/token/file { client_body_in_file_only clean; proxy_pass http://$address; }
            location = /api/token/small { client_body_buffer_size 1k; proxy_pass http://$address; }
            location = /api/token/asks { proxy_set_header Accept-Encoding gzip; proxy_pass http://$address; }
            location = /api/token/args { set \$args client_id=erp; proxy_pass http://$address; }
            location = /api/token/same { set \$args \$args; proxy_pass http://$address; }
            location = /api/token/uri { rewrite ^ /api/token?client_id=erp? break; proxy_pass http://$address; }
            location = /api/token/cached {
                proxy_cache cached; proxy_cache_methods POST; proxy_cache_valid 200 1m; proxy_cache_key same;
                proxy_pass http://$address;
            }
        }
        location /mirrored { mirror /api/token; proxy_pass http://%ECHO%; }
        location /asking { auth_request /oauth/token; proxy_pass http://%ECHO%; }
        location /static { eiam_learn on; return 200 '{"access_token":"static","token_type":"bearer","expires_in":60}'; }
    }
    server {
        listen 127.0.0.1:%PORT2% reuseport;
        eiam_applications %DIR%/apps.json;
        $common
    }
    server {
        listen 127.0.0.1:%PORT3% reuseport;
        eiam_introspection /introspect;
        eiam_applications %DIR%/apps.json;
        $common
        location = /introspect { internal; proxy_pass http://@{[ $asked->address ]}; }
    }
    server {
        listen 127.0.0.1:%PORT4% reuseport;
        eiam_applications %DIR%/apps.json;
        location /api/ { eiam report; proxy_pass http://%ECHO%; }
        location = /api/token { eiam report; eiam_learn on; proxy_pass http://$address; }
    }
    server { listen 127.0.0.1:%PORT%; server_name second; $common }
    server { listen 127.0.0.1:%PORT%; server_name third; location /api/ { eiam on; proxy_pass http://%ECHO%; } }
    server { listen 127.0.0.1:%PORT6%; server_name first; location /api/ { eiam on; proxy_pass http://%ECHO%; } }
})->start;

my %port = (limited => 2, introspects => 3, reports => 4);
sub port { return (port => $gate->port($port{ $_[0] })) }

# ---- requests

my $serial = 0;
sub fresh { return 'Token-' . ++$serial }

# An answer that issues the token, with members added, changed or left out.
sub issues {
    my ($token, %other) = @_;
    my %members = (access_token => $token, token_type => 'bearer', expires_in => 1799,
        scope => 'user_read', id_token => 'head.body.signature', %other);
    delete @members{ grep { ref $members{$_} && $members{$_} == $left_out } keys %members };
    return $json->encode(\%members);
}

sub encoded { return $_[0] =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/ger }
sub form { return join '&', map { encoded($_->[0]) . '=' . encoded($_->[1]) } @_ }
sub base64 { return encode_base64($_[0], '') }
sub basic { return 'Authorization: Basic ' . base64(encoded($_[0]) . ':' . encoded($_[1] // 'secret')) }

my $urlencoded = 'Content-Type: application/x-www-form-urlencoded';
my @grant      = ([ grant_type => 'client_credentials' ]);

sub post { my ($path, %opt) = @_; return get($gate, $path, method => 'POST', %opt) }

# The error log's lines about learning since the last call.
my $read = 0;
sub news {
    my $log = $gate->error_log;
    my $new = substr $log, $read;
    $read = length $log;
    return grep { /learned/ } split /\n/, $new;
}

# "application: scopes" of a token, or the reason of the refusal.
my %reason = map { ("GATEWAY.$EIAM::Test::REFUSAL{$_}[1]" => $_) } keys %EIAM::Test::REFUSAL;
sub known {
    my ($token, %opt) = @_;
    my $res = get($gate, '/api/any', token => $token, %opt);
    return $reason{ $res->{json}{error_code} // '' } // $res->{status} if $res->{status} != 200;
    return join ': ', map { join '|', received($res, "X-EIAM-$_") } 'Application', 'Scopes';
}

# A token call of "crm" with an answer of that behaviour, and the result.
sub taught {
    my ($behaviour, $token) = @_;
    news();
    $backend->answer('*' => $behaviour);
    my $res = eval { post('/api/token', headers => [ basic('crm'), $urlencoded ], body => form(@grant)) };
    return ($res // { status => 'broken' }, known($token), news());
}

# ---------------------------------------------------------------- answers

sub teaches {
    my ($title, $behaviour, $token, $expected) = @_;
    $expected //= 'crm: user_read';
    my ($res, $known, @news) = taught($behaviour, $token);
    ok $res->{status} == 200 && $known eq $expected && @news == 1
        && $news[0] =~ /\[info\].* eiam: learned a token of application "crm"/, "$title: learned"
        or diag "$res->{status} $known, expected $expected\n@news";
    return;
}

sub teaches_not {
    my ($title, $behaviour, $token, $says) = @_;
    my ($res, $known, @news) = taught($behaviour, $token);
    my $told = defined $says ? @news == 1 && $news[0] =~ /\[(?:warn|info)\].* eiam: the token is not learned: .*$says/ : !@news;
    ok $known eq 'token_invalid' && $told, "$title: not learned" . (defined $says ? ', and told' : '')
        or diag "$res->{status} $known, expected $says\n@news";
    return;
}

subtest 'answers that teach' => sub {
    my %rows = (
        'as documented'         => [ expires_in => 1799, scope => 'user_read' ],
        'token_type Bearer'     => [ token_type => 'Bearer' ],
        'token_type bEARER'     => [ token_type => 'bEARER' ],
        'one second less than 2^53' => [ expires_in => 9007199254740991 ],
        'a life beyond 2106'    => [ expires_in => 5_000_000_000 ],
        'members nobody knows'  => [ refresh_token => 'r', x => { access_token => 1, y => [ {} ] }, error => $null ],
        'no scope'              => [ scope => $left_out, '=' => 'crm: ' ],
        'an empty scope'        => [ scope => '', '=' => 'crm: ' ],
        'scopes no policy knows' => [ scope => 'user_readx User_read user_read ,', '=' => 'crm: user_read' ],
        '2.6-7: expires_in as a string' => [ expires_in => '1799' ],
        'expires_in as a string with a fraction of zeros' => [ expires_in => '1799.00' ],
        'expires_in as a string, one less than 2^53' => [ expires_in => '9007199254740991.0' ],
        '2.6-7: scope as an array' => [ scope => [qw(openid user_write user_read)], '=' => 'crm: user_write user_read' ],
        'an empty array for scope' => [ scope => [], '=' => 'crm: ' ],
        'empty words in the array' => [ scope => [ '', 'user_read', '' ] ],
        'a scope of 4096 bytes in an array' => [ scope => [ 'user_read', 'x' x 4086 ] ],
        'several scopes'        => [ scope => 'user_write  user_read', '=' => 'crm: user_write user_read' ],
        'spaces around scopes'  => [ scope => ' user_read ', '=' => 'crm: user_read' ],
        'a tab between scopes'  => [ scope => "user_read\tuser_write", '=' => 'crm: ' ],
        'a scope of 4096 bytes' => [ scope => 'user_read ' . 'x' x 4086 ],
        'an implied scope'      => [ scope => 'org_all', '=' => 'crm: org_all org_read' ],
        'a cnf is not of RFC 6749' => [ cnf => { jkt => 'x' } ],
    );
    for my $title (sort keys %rows) {
        my %members = @{ $rows{$title} };
        my $expected = delete $members{'='};
        my $token = fresh();
        teaches $title, { body => issues($token, %members) }, $token, $expected;
    }
    for my $token ('aZ09-._~+/==', '-', 'x' x 8192) {
        teaches 'a token ' . (length $token > 20 ? 'of ' . length($token) . ' bytes' : $token),
            { body => issues($token) }, $token;
    }
    for my $text ('3600.0', '60.000', '90.0', '9007199254740991.0') {
        my $token = fresh();
        teaches "2.6-7: expires_in $text", { body => issues($token) =~ s/1799/$text/r }, $token;
    }
    for my $ahead ('"id":{"expires_in":60}', '"x":"\"expires_in\":60.0"', '"EXPIRES_IN":60.0', '"expires_in_ms":60.5') {
        my $token = fresh();
        teaches "  also behind $ahead", { body => issues($token) =~ s/^\{/{$ahead,/r =~ s/1799/ 3600.0\n/r }, $token;
    }
    teaches 'escapes in it', { body => '{"\u0061ccess_token":"\u0061\/b","token_type":"be\u0061rer","expires_in":60,'
        . '"scope":"user\u005fread"}' }, 'a/b';
    teaches 'integers beyond 64 bits in it', { body => '{"access_token":"big","token_type":"bearer","expires_in":60,'
        . '"scope":"user_read","uid":18446744073709551615}' }, 'big';
    my %sent = (
        'white space'               => { body => " \t\r\n{ \"access_token\" :\n%s , \"token_type\":\"bearer\","
            . " \"expires_in\": 60 , \"scope\":\"user_read\" }\r\n\n" },
        'no Content-Type'           => { type => undef },
        'text/plain'                => { type => 'text/plain' },
        'no Content-Length'         => { until_close => 1 },
        'chunked'                   => { chunked => 1000 },
        'chunks of one byte'        => { chunked => 1 },
        'bytes that come one by one' => { pace => 0.001 },
        'half of it later'          => { delay => 0.05, pace => 0 },
        '64 KB'                     => { pad => 65_536 },
        '64 KB in chunks'           => { pad => 65_536, chunked => 5000 },
        '64 KB without a length'    => { pad => 65_536, until_close => 1 },
        'an empty Content-Encoding' => { headers => ['Content-Encoding:'] },
    );
    for my $title (sort keys %sent) {
        my $token = fresh();
        my %how = %{ $sent{$title} };
        $how{body} = defined $how{body} ? sprintf $how{body}, "\"$token\"" : issues($token);
        teaches $title, \%how, $token;
    }
};

subtest 'answers that do not' => sub {
    my $token = fresh();
    my $good = issues($token);
    my $gzip;
    gzip(\$good, \$gzip) or die 'gzip';
    my @rows = (
        [ 'nothing', '', 'bad JSON' ],
        [ 'a space', ' ', 'bad JSON' ],
        [ 'no JSON', "access_token=$token&token_type=bearer&expires_in=60", 'bad JSON' ],
        [ 'HTML', "<html>$good</html>", 'bad JSON' ],
        [ 'cut JSON', substr($good, 0, -1), 'bad JSON' ],
        [ 'more behind it', "$good\{}", 'bad JSON' ],
        [ 'a comma at its end', $good =~ s/\}$/,}/r, 'bad JSON' ],
        [ 'a byte order mark', "\xef\xbb\xbf$good", 'bad JSON' ],
        [ 'UTF-16', join('', map { "\0$_" } split //, $good), 'bad JSON' ],
        [ 'no UTF-8', $good =~ s/user_read/\xff/r, 'bad JSON' ],
        [ 'a NUL', "$good\0", 'bad JSON' ],
        [ 'the token twice', $good =~ s/^\{/{"access_token":"other",/r, 'bad JSON' ],
        [ 'the token twice, once escaped', $good =~ s/^\{/{"\\u0061ccess_token":"other",/r, 'bad JSON' ],
        [ 'the scope twice', $good =~ s/^\{/{"scope":"user_write",/r, 'bad JSON' ],
        [ 'a member twice, deep inside', $good =~ s/^\{/{"x":[{"y":1,"y":1}],/r, 'bad JSON' ],
        [ 'a list', "[$good]", '"answer": #: must be an object' ],
        [ 'a string', $json->allow_nonref->encode($good), 'bad JSON' ],
        [ 'null', 'null', 'bad JSON' ],
        [ '2.6-7: an answer that is wrapped', "{\"code\":0,\"data\":$good}",
            '#: has its "access_token" only inside another member, application: "crm"' ],
        [ 'an answer that is wrapped in a list', "{\"data\":[$good]}", '#: has no "access_token", application: "crm"' ],
        [ 'an OAuth error', '{"error":"invalid_client","error_description":"Bad client credentials"}',
            'has no "access_token"' ],
        [ 'gzip', $gzip, 'bad JSON' ],
    );
    my @members = (
        [ 'no access_token', [ access_token => $left_out ], '#: has no "access_token"' ],
        (map { [ "access_token $_->[0]", [ access_token => $_->[1] ], '#/access_token: must be a string' ] }
            [ null => $null ], [ 'a number' => 1 ], [ true => $true ], [ 'a list' => [$token] ], [ 'an object' => {} ]),
        (map { [ "access_token $_->[0]", [ access_token => $_->[1] ], '#/access_token: is not a b64token' ] }
            [ empty => '' ], [ 'with a space' => "$token x" ], [ 'with a line end' => "$token\n" ],
            [ 'with = inside' => "=$token" ], [ 'with %' => 'a%b' ], [ 'beyond ASCII' => "\x{e9}" ],
            [ 'with a quote' => 'a"b' ]),
        [ 'access_token of 8193 bytes', [ access_token => 'x' x 8193 ], 'the token is longer than "eiam_token_max"' ],
        [ 'a NUL in access_token', [ access_token => "$token\0" ], 'bad JSON' ],
        (map { [ '2.6-7: no token_type', [ token_type => $_ ], '#: has no "token_type", application: "crm"' ] } $left_out, $null),
        (map { [ "token_type $_->[0]", [ token_type => $_->[1] ], '#/token_type: (is not Bearer|must be a string)' ] }
            [ mac => 'mac' ], [ DPoP => 'DPoP' ], [ empty => '' ], [ 'Bearer with a space' => 'Bearer ' ],
            [ Bearers => 'Bearers' ], [ Beare => 'Beare' ], [ 'a list' => ['bearer'] ], [ 1 => 1 ]),
        [ 'no expires_in', [ expires_in => $left_out ], '#: has no "expires_in"' ],
        (map { [ "expires_in $_->[0]", [ expires_in => $_->[1] ], '#/expires_in: must be an integer' ] }
            [ 'a fraction' => 1799.5 ], [ null => $null ], [ true => $true ],
            [ 'a list' => [1799] ], [ empty => '' ],
            (map { [ "'$_'" => $_ ] } '0', '0.0', '-1', '+1', '01', ' 60', '60 ', '60.', '60.5', '.0', '60,0', '6e1',
                '60.0e0', '60.0.0', '0x3c', '1 day', '60s', 'never')),
        (map { [ "expires_in $_", [ expires_in => $_ ], '#/expires_in: is out of range' ] }
            0, -1, -1799, 9007199254740992, 9223372036854775807, '9007199254740992', '9' x 400),
        (map { [ "scope $_->[0]", [ scope => $_->[1] ], '#/scope: must be a string or an array of strings' ] }
            [ null => $null ], [ 'a number' => 1 ], [ 'an object' => {} ]),
        (map { [ "2.6-7: a blank inside a word of scope's array: '$_'", [ scope => [ 'user_read', $_ ] ],
            '#/scope/1: must not contain a space' ] } 'user_read user_write', 'x ', ' '),
        (map { [ "scope with $_->[0] in its array", [ scope => [ 'user_read', $_->[1] ] ], '#/scope/1: must be a string' ] }
            [ null => $null ], [ 'a list' => ['user_write'] ], [ 'a number' => 1 ]),
        [ 'scope of 4097 bytes in an array', [ scope => [ 'user_read', 'x' x 4087 ] ], '#/scope: has more than 4096 bytes' ],
        [ 'scope of 4097 bytes', [ scope => 'user_read ' . 'x' x 4087 ], '#/scope: has more than 4096 bytes' ],
    );
    teaches_not $_->[0], { body => $_->[1] }, $token, $_->[2] for @rows;
    teaches_not '2.6-7: a form as answer', { body => "access_token=$token&token_type=bearer&expires_in=60",
        type => 'application/x-www-form-urlencoded; charset=utf-8' }, $token,
        'the answer is a form, not JSON, application: "crm"';
    teaches_not $_->[0], { body => issues($token, @{ $_->[1] }) }, $token, $_->[2] for @members;
    teaches_not "expires_in $_", { body => $good =~ s/1799/$_/r }, $token, 'must be an integer'
        for '1e3', '1E2', '6.0e1', '60.0E0', '60.5', '0.0', '-60.0', '60.0e-1', '1e-300', '9007199254740993.5',
            '99999999999999999999';
    teaches_not 'expires_in 9007199254740992.0', { body => $good =~ s/1799/9007199254740992.0/r }, $token, 'is out of range';
    teaches_not "expires_in $_", { body => $good =~ s/1799/$_/r }, $token, 'bad JSON'
        for '+60', '060', '0x3c', 'Infinity';

    my $encoded = 'the answer is encoded though identity was asked for';
    my $large   = 'the answer is larger than 64 KB';
    my %sent = (
        'Content-Encoding: gzip' => [ { body => $gzip, headers => ['Content-Encoding: gzip'] }, $encoded ],
        'Content-Encoding: br, of plain JSON' => [ { body => $good, headers => ['Content-Encoding: br'] }, $encoded ],
        'gzip in chunks' => [ { body => $gzip, headers => ['Content-Encoding: gzip'], chunked => 9 }, $encoded ],
        'one byte more than 64 KB' => [ { body => $good, pad => 65_537 }, $large ],
        'one byte more than 64 KB, in chunks' => [ { body => $good, pad => 65_537, chunked => 5000 }, $large ],
        'one byte more, without a length' => [ { body => $good, pad => 65_537, until_close => 1 }, $large ],
        '1 MB' => [ { body => $good, pad => 1 << 20 }, $large ],
        '1 MB in chunks' => [ { body => $good, pad => 1 << 20, chunked => 100_000 }, $large ],
        'a length that is not reached' => [ { body => $good, length => 1000, end => 'close' } ],
        'a missing last chunk' => [ { body => $good, chunked => 1000, last_chunk => 0, end => 'close' } ],
        'a chunk that is cut off' => [ { body => $good, chunked => 1000, stop => 160 } ],
        'a reset instead of the last chunk' => [ { body => $good, chunked => 1000, last_chunk => 0, end => 'reset' } ],
        'a bad chunk' => [ { raw => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            . sprintf("%x\r\n%s\r\nx\r\n", length $good, $good), end => 'close' } ],
    );
    teaches_not $_, $sent{$_}[0], $token, $sent{$_}[1] for sort keys %sent;
    $backend->down;
    teaches_not 'no backend', {}, $token;
    $backend->up;
    teaches_not "status $_", { body => $good, status => $_ }, $token
        for 201, 202, 203, 206, 300, 302, 400, 401, 403, 404, 429, 500, 503;
    is known($token), 'token_invalid', 'it was never learned';
};

subtest 'a later answer counts' => sub {
    my ($one, $two) = (fresh(), fresh());
    teaches 'one token', { body => issues($one) }, $one;
    teaches 'another one', { body => issues($two) }, $two;
    is known($one), 'crm: user_read', 'a new token does not end the one before';
    teaches 'the first one again, with other scopes', { body => issues($one, scope => 'user_write') }, $one, 'crm: user_write';
    $backend->answer('*' => { body => issues($one) });
    post('/api/token', headers => [ basic('erp') ]);
    is known($one), 'erp: user_read', 'the same token issued to another application';
};

subtest '2.6-7: such calls cannot fill the log with warnings' => sub {
    my $connection = connection($gate);     # which stays with one worker
    my $call = sub {
        $connection->send(request('/api/token', method => 'POST', body => '{}',
            headers => [ basic($_[0]), 'Content-Type: application/json' ]));
        return $connection->read_response;
    };
    my $warnings = sub { return scalar grep { /\[warn\].* application: "\Q$_[0]\E/ } @{ $_[1] } };
    news();
    $call->('flood') for 1 .. 50;
    my @news = news();
    is scalar(grep { /application: "flood"/ } @news), 50, 'each call has its line';
    my $n = $warnings->('flood', \@news);
    ok $n == 1 || $n == 2, '  which is a warning once a minute' or diag $n;
    $call->("flood-$_") for 1 .. 250;
    cmp_ok $warnings->('flood-', [ news() ]), '<=', 200, 'and of many names it is a warning for a hundred in a minute';
};

# ---------------------------------------------------------------- whose token it is

my $uncertain = qr/it is not certain which client asks/;
my $none      = qr/the request names no client/;
my $no_form   = qr/the body is not a form of at most 64 KB/;

# A token call; returns the application that the token was learned for, or the reason why it was not learned.
sub asks {
    my ($title, $expected, $opt, $query, %more) = @_;
    my %opt = (path => '/api/token', %$opt, %more);
    my $path = delete $opt{path};
    my $sent = delete $opt{sent} // $opt{body} // '';
    my $token = fresh();
    $backend->answer('*' => { body => issues($token) })->forget;
    news();
    my $res = post($path . (defined $query ? "?$query" : ''), %opt);
    my ($req, @more) = $backend->requests;
    my @news = news();
    my $known = known($token, $opt{port} ? (port => $opt{port}) : ());
    my $learned = !ref $expected;
    my $shown = $expected =~ s/([^\x20-\x7e]|["\\])/sprintf '\\x%02X', ord $1/ger;

    my @wrong;
    push @wrong, "the answer is $res->{status}" if $res->{status} != 200 || $res->{body} ne issues($token);
    push @wrong, 'the backend got ' . @more . ' more' if !$req || @more;
    push @wrong, 'the body is another one' if !$req || $req->{body} ne $sent;
    push @wrong, 'the target is another one' if !$req || $req->{target} ne $path . (defined $query ? "?$query" : '');
    push @wrong, "the gate knows $known" if $known ne ($learned ? "$expected: user_read" : 'token_invalid');
    push @wrong, "the log says @news" unless @news == 1
        && $news[0] =~ ($learned ? qr/learned a token of application "\Q$shown\E"/ : qr/the token is not learned: $expected/);
    ok !@wrong, "$title: " . ($learned ? "it is $expected" : 'nobody\'s') or diag join "\n", @wrong;
    return;
}

my $secret = [ client_secret => 'secret' ];
sub named { my ($id, @more) = @_; return (headers => [$urlencoded], body => form(@grant, [ client_id => $id ], $secret, @more)) }
sub chunked { return join '', map({ sprintf "%x\r\n%s\r\n", length, $_ } unpack "(a$_[1])*", $_[0]), "0\r\n\r\n" }

subtest 'Basic' => sub {
    my @form = (body => form(@grant));
    asks 'an id', 'crm', { headers => [ basic('crm'), $urlencoded ], @form };
    asks 'no body', 'crm', { headers => [ basic('crm') ] };
    asks 'an empty body of another type', 'crm', { headers => [ basic('crm'), 'Content-Type: application/json' ], body => '' };
    asks 'a secret with percent-encoding', 'a&b=', { headers => [ 'Authorization: Basic ' . base64('a&b=:s%3A%25%2B+') ] };
    asks "2.1-5: an id with an escape or a plus, which some backends decode and some do not: $_", $uncertain,
        { headers => [ 'Authorization: Basic ' . base64("$_:s") ] }
        for 'cr%6D', 'crm+', 'a%3Ab', '%', 'a+b', 'cr%256D', 'crm%', '%63%72%6d';
    asks '2.1-5: such an id, and the one that it may mean in the form', $uncertain,
        { headers => [ 'Authorization: Basic ' . base64('cr%6D:s'), $urlencoded ], body => form(@grant, [ client_id => 'crm' ]) };
    asks "2.1-5: an id in a form that would be another one if it were decoded twice: $_", $uncertain,
        { headers => [$urlencoded], body => "client_id=$_" } for 'cr%256D', '%25%36%44', 'crm%2520';
    asks 'an id beyond ASCII', "\xe4\xb8\xad", { headers => [ 'Authorization: Basic ' . base64("\xe4\xb8\xad:s") ] };
    asks 'an id of 255 bytes', 'x' x 255, { headers => [ basic('x' x 255) ] };
    asks 'no secret', 'crm', { headers => [ 'Authorization: Basic ' . base64('crm:') ] };
    asks 'a colon in the secret', 'crm', { headers => [ 'Authorization: Basic ' . base64('crm:a:b') ] };
    asks "the scheme \"$_\"", 'crm', { headers => [ "Authorization: $_" . base64('crm:s') ] }
        for 'basic ', 'BASIC ', 'bAsIc ', 'Basic   ';
    asks 'no padding', 'crm', { headers => [ 'Authorization: Basic ' . base64('crm:s') =~ s/=+$//r ] };

    my %uncertain = (
        'another scheme' => 'Digest username="crm"', 'Bearer' => 'Bearer crm', 'no scheme' => base64('crm:s'),
        'the scheme alone' => 'Basic', 'Basica' => 'Basica ' . base64('crm:s'), 'no colon' => 'Basic ' . base64('crm'),
        'no base64' => 'Basic ?', 'base64url' => 'Basic ' . base64("crm:\xff\xff") =~ tr{+/}{-_}r,
        'an empty id' => 'Basic ' . base64(':s'), 'nothing' => 'Basic ' . base64(''),
        'a line end in the id' => 'Basic ' . base64("crm\n:s"), 'an encoded one' => 'Basic ' . base64('crm%0a:s'),
        'a NUL in the id' => 'Basic ' . base64("crm\0:s"), 'an encoded NUL' => 'Basic ' . base64('crm%00:s'),
        'half an escape' => 'Basic ' . base64('crm%4:s'), 'no escape' => 'Basic ' . base64('crm%zz:s'),
        'an id of 256 bytes' => 'Basic ' . base64('x' x 256 . ':s'),
    );
    asks $_, $uncertain, { headers => [ "Authorization: $uncertain{$_}", $urlencoded ], @form } for sort keys %uncertain;
    asks 'Bearer, and a client in the form', $uncertain, { named('crm'), headers => [ 'Authorization: Bearer x', $urlencoded ] };
};

subtest 'a form' => sub {
    asks 'an id', 'crm', { named('crm') };
    asks 'an id alone', 'crm', { headers => [$urlencoded], body => 'client_id=crm' };
    asks 'an id with percent-encoding', 'a&b%=', { named('a&b%=') };
    asks 'lower-case escapes and a plus', 'a b/', { headers => [$urlencoded], body => 'client_id=a+b%2f' };
    asks "the type \"$_\"", 'crm', { named('crm'), headers => ["Content-Type: $_"] }
        for 'Application/X-WWW-Form-URLEncoded', 'application/x-www-form-urlencoded; charset=UTF-8';
    asks 'twice the same', 'crm', { named('crm', [ client_id => 'crm' ]) };
    asks 'an = in it', 'a=b', { headers => [$urlencoded], body => 'client_id=a=b' };

    my $long = form(@grant, [ x => 'y' x 9000 ], [ client_id => 'crm' ], $secret, [ z => 'z' x 9000 ]);
    asks "the charset \"$_\"", 'crm', { named('crm'), headers => ["$urlencoded;$_"] }
        for 'charset=utf-8', ' charset=Us-ASCII', ' charset="UTF-8" ', "\tcharset=utf-8\t";
    asks 'two types beside an empty body', 'crm', { headers => [ basic('crm'), $urlencoded, 'Content-Type: text/plain',
        'Content-Encoding: gzip' ] };

    for my $path (map { "/api/token$_" } '', '/file', '/small') {
        asks "$path, short", 'crm', { named('crm'), path => $path };
        asks "$path, 18 KB", 'crm', { headers => [$urlencoded], body => $long, path => $path };
        my $form = form(@grant, [ client_id => 'crm' ]);
        asks "$path, in chunks of $_ bytes", 'crm', { path => $path, body => chunked($form, $_), sent => $form,
            headers => [ $urlencoded, 'Transfer-Encoding: chunked' ] } for 1, 7, 1000;
        asks "$path, 18 KB in chunks", 'crm', { path => $path, body => chunked($long, 700), sent => $long,
            headers => [ $urlencoded, 'Transfer-Encoding: chunked' ] };
        my $full = 'client_id=crm&x=' . 'y' x (65_536 - 16);
        asks "$path, 64 KB", 'crm', { headers => [$urlencoded], body => $full, path => $path };
        asks "$path, one byte more", $no_form, { headers => [$urlencoded], body => "${full}y", path => $path };
        asks "$path, 500 KB", $no_form, { headers => [$urlencoded], body => $full . 'y' x 434_464, path => $path };
        asks "$path, no body", $none, { headers => [$urlencoded], path => $path };
    }

    asks 'no client in it', $none, { headers => [$urlencoded], body => form(@grant) };
    asks 'no client at all', $none, {};
    asks 'JSON', $no_form, { headers => ['Content-Type: application/json'], body => '{"client_id":"crm"}' };
    asks '2.6-7: JSON with a client beside', qr/$no_form, application: "crm"/,
        { headers => [ basic('crm'), 'Content-Type: application/json' ], body => '{}' };
    my $part = "--x\r\nContent-Disposition: form-data; name=\"client_id\"\r\n\r\ncrm\r\n--x--\r\n";
    asks 'multipart', $no_form, { headers => ['Content-Type: multipart/form-data; boundary=x'], body => $part };
    asks 'multipart with a client beside', $no_form,
        { headers => [ basic('erp'), 'Content-Type: multipart/form-data; boundary=x' ], body => $part };
    asks "the type \"$_\"", $no_form, { headers => [ "Content-Type: $_", basic('crm') ], body => 'client_id=crm' }
        for 'application/x-www-form-urlencodedx', 'application/x-www-form-urlencode', 'text/plain',
        'x/x; application/x-www-form-urlencoded', 'application/x-www-form-urlencoded, text/plain', '""';
    asks "the parameter \"$_\"", $no_form, { headers => [ "$urlencoded;$_", basic('crm') ], body => 'client_id=crm' }
        for 'charset=utf-16', 'charset=UTF-16LE', 'charset=utf-7', 'charset=ibm037', 'charset=utf-8; charset=utf-16',
        'charset=utf-8x', 'charset=', 'x=y', ' ', '';
    asks "two types, $_->[0] and $_->[1]", $no_form, { named('crm'), headers => [ map { "Content-Type: $_" } @$_ ] }
        for map { [ "application/$_->[0]", "application/$_->[1]" ] } [ 'x-www-form-urlencoded', 'json' ],
        [ 'json', 'x-www-form-urlencoded' ], [ ('x-www-form-urlencoded') x 2 ];
    asks "the encoding \"$_\"", $no_form, { named('crm'), headers => [ $urlencoded, basic('crm'), "Content-Encoding: $_" ] }
        for 'gzip', 'identity', '';
    asks 'a body without a type', $no_form, { headers => [ basic('crm') ], body => 'client_id=crm' };

    my %uncertain = (
        'no value' => 'client_id', 'an empty value' => 'client_id=', 'an empty one first' => 'client_id=&client_id=crm',
        'two clients' => 'client_id=crm&client_id=erp', 'a line end' => "client_id=crm\n", 'a NUL' => 'client_id=crm%00',
        'half an escape' => 'client_id=crm%2', 'no escape' => 'client_id=crm%xx', 'an escape cut short' => 'client_id=%',
        'a semicolon behind it' => 'client_id=crm;x=y', '256 bytes' => 'client_id=' . 'x' x 256,
        'a control character' => "client_id=\x7f",
    );
    asks $_, $uncertain, { headers => [$urlencoded], body => $uncertain{$_} } for sort keys %uncertain;
};

subtest 'a query' => sub {
    asks 'an id', 'crm', {}, form(@grant, [ client_id => 'crm' ], $secret);
    asks 'an id with percent-encoding', 'a&b%=', {}, form([ client_id => 'a&b%=' ]);
    asks 'and the grant type in the form', 'crm', { headers => [$urlencoded], body => form(@grant) }, 'client_id=crm';
    asks 'two clients', $uncertain, {}, 'client_id=crm&client_id=erp';
    asks 'no value', $uncertain, {}, 'client_id';
    asks 'no client in it', $none, {}, form(@grant);
    asks 'an empty query', $none, {}, '';
    asks 'JSON beside', $no_form, { headers => ['Content-Type: application/json'], body => '{"client_id":"erp"}' }, 'client_id=crm';
};

subtest 'several places' => sub {
    my @places = ([ Basic => sub { (headers => [ basic($_[0]), $urlencoded ]) } ],
        [ form => sub { (body => form(@grant, [ client_id => $_[0] ])) } ], [ query => sub { "client_id=$_[0]" } ]);
    for my $pair ([ 0, 1 ], [ 0, 2 ], [ 1, 2 ]) {
        my ($one, $other) = @places[@$pair];
        for my $agree (1, 0) {
            my @ids = ('crm', $agree ? 'crm' : 'erp');
            my (%opt, $query) = (headers => [$urlencoded]);
            for my $i (0, 1) {
                my @way = $places[ $pair->[$i] ][1]->($ids[$i]);
                @way == 1 ? ($query = $way[0]) : (%opt = (%opt, @way));
            }
            asks "$one->[0] and $other->[0]" . ($agree ? '' : ' disagree'), $agree ? 'crm' : $uncertain, \%opt, $query;
        }
    }
    asks 'all three', 'crm', { named('crm'), headers => [ basic('crm'), $urlencoded ] }, 'client_id=%63rm';
    asks 'all three, and one is another', $uncertain, { named('crm'), headers => [ basic('crm'), $urlencoded ] }, 'client_id=CRM';
    asks 'a secret elsewhere', 'crm', { headers => [ basic('crm'), $urlencoded ], body => 'client_secret=x&client_id=crm' };
    asks 'a name that only ends so', 'crm', { headers => [ basic('crm'), $urlencoded ], body => 'xclient_id=erp&client_ids=erp' };
    asks 'a name that only begins so', 'crm', { headers => [ basic('crm') ] }, 'client_idx=erp&client=erp&id=erp';
    asks 'a value that looks like it', 'crm', { headers => [ basic('crm') ] }, 'x=client_id=erp';
    for my $name ('client%5Fid', '%63lient_id', 'client%255fid', 'client%u005fid', 'Client_Id', 'CLIENT_ID', 'client.id',
        'client[id', 'client+id', 'client%20id', '+client_id', '%20client_id', 'client_id[]', 'client_id%5B0%5D', 'client_id%00x')
    {
        asks "$name=erp in the form", $uncertain, { named('crm'), body => "client_id=crm&$name=erp" };
        asks "$name=erp beside Basic", $uncertain, { headers => [ basic('crm'), $urlencoded ], body => "$name=erp" };
        asks "$name=erp in the query", $uncertain, { headers => [ basic('crm') ] }, "$name=erp";
        asks "$name=crm, the same id", $uncertain, { named('crm') }, "$name=crm";
    }
    for my $name ('client_assertion', 'client_assertion_type', 'Client_Assertion', 'client%5Fassertion') {
        asks "$name in the form", $uncertain, { named('crm'), body => "client_id=crm&$name=x" };
        asks "$name alone", $uncertain, { headers => [$urlencoded], body => "$name=x" };
        asks "$name beside Basic", $uncertain, { headers => [ basic('crm'), $urlencoded ], body => "$name=x" };
        asks "$name in the query", $uncertain, { headers => [ basic('crm') ] }, "$name=";
    }
    asks 'a name that only begins like an assertion', 'crm', { named('crm', [ client_assertions => 'x' ]) };
    asks 'behind a semicolon', $uncertain, { headers => [ basic('crm'), $urlencoded ], body => 'x=y;client_id=erp' };
    asks 'behind a semicolon of the query', $uncertain, { headers => [ basic('crm') ] }, 'x=y;client_id=erp';
};

subtest 'a query that is not the one sent' => sub {
    my $rewritten = qr/the query was rewritten/;
    for my $row ([ args => $rewritten, 'client_id=crm' ], [ args => $rewritten, undef ], [ uri => $rewritten, 'client_id=crm' ],
        [ args => 'erp', 'client_id=erp' ], [ same => 'crm', 'client_id=crm' ])
    {
        my ($location, $expected, $query) = @$row;
        my $token = fresh();
        $backend->answer('*' => { body => issues($token) })->forget;
        news();
        my $res = post("/api/token/$location" . (defined $query ? "?$query" : ''));
        is $res->{body}, issues($token), "$location, " . ($query // 'none') . ': relayed';
        is known($token), ref $expected ? 'token_invalid' : "$expected: user_read",
            ref $expected ? '  and not learned' : '  and learned, as it is the same';
        like join("\n", news()), ref $expected ? qr/not learned: $expected/ : qr/learned a token/, '  and told';
        like +($backend->requests)[0]{target}, qr/\?client_id=erp$/, '  the backend reads the other one' if ref $expected;
    }
};

subtest 'an id that resembles one of the applications file' => sub {
    my $nearly = qr/an application has nearly the same id/;
    my @limited = port('limited');
    for my $id ('CRM', 'Crm', 'OFF', 'A&B%=') {
        asks "\"$id\" by Basic", $id =~ /%/ ? $uncertain : $nearly, { headers => [ basic($id) ], @limited };
        asks "\"$id\" in a form", $nearly, { named($id), @limited };
        asks "\"$id\" in a query", $nearly, {@limited}, form([ client_id => $id ]);
        asks "\"$id\" without a file", $id, { named($id) };
    }
    asks "\"$_\", with characters beyond ASCII", $nearly, { named($_), @limited } for "cr\xc3\xb6m", "\xef\xbd\x83rm";
    asks "\"$_\", whose spaces would get lost", $uncertain, { named($_) } for ' crm', 'crm ', '  cRM  ', ' ', ' new';
    asks "\"$_\", which resembles none", $_, { named($_), @limited } for 'crmx', 'cr', 'c rm', 'x crm', 'crm.';
    asks '"crm" itself', 'crm', { named('crm'), @limited };
};

subtest 'HTTP/2' => sub {
    my $h2 = EIAM::Http2->new($gate->port(5));
    my $token = fresh();
    $backend->answer('*' => { body => issues($token) });
    my ($res) = $h2->responses($h2->request('/api/token?client_id=crm', method => 'POST'));
    is $res->{body}, issues($token), 'the answer is the one of the backend';
    is known($token), 'crm: user_read', 'and the token is known';
    ($res) = $h2->responses($h2->request('/api/token?client_id=crm', method => 'POST', body => 'a=b'));
    is $res->{body}, issues($token), 'a body without a type goes on';
    like join("\n", news()), qr/the token is not learned: $no_form/, 'and is no form';
};

subtest 'the encoding of the answer' => sub {
    for my $row ([ 'none asked' ], [ gzip => 'gzip, deflate, br' ], [ identity => 'identity' ],
        [ 'identity forbidden' => 'gzip, identity;q=0' ], [ 'two fields' => 'gzip', 'br' ])
    {
        my ($title, @asked) = @$row;
        my $token = fresh();
        $backend->answer('*' => { body => issues($token) })->forget;
        post('/api/token', headers => [ basic('crm'), map { "ACCEPT-Encoding: $_" } @asked ]);
        my @values = map { $_->[1] } grep { lc $_->[0] eq 'accept-encoding' } @{ ($backend->requests)[0]{headers} };
        is_deeply [ grep { $_ ne 'identity' } @values ], [], "$title: the backend is asked for identity"
            or diag "@values";
        cmp_ok scalar @values, '>=', 1, '  explicitly';
        is known($token), 'crm: user_read', '  and its answer is learned from';
    }
};

# ---------------------------------------------------------------- scopes

subtest 'scopes' => sub {
    my @limited = (port('limited'));
    for my $row (
        [ 'within the permissions', crm => [ scope => 'user_read' ], 'user_read', 'user_read' ],
        [ 'beyond the permissions', crm => [ scope => 'user_write user_read' ], 'user_write user_read', 'user_read' ],
        [ 'nothing that is permitted', crm => [ scope => 'user_write' ], 'user_write', '' ],
        [ 'an implied one', crm => [ scope => 'org_all' ], 'org_all org_read', 'org_all org_read' ],
        [ 'one that a permission implies', crm => [ scope => 'org_read' ], 'org_read', 'org_read' ],
        [ 'no permissions', none => [ scope => 'user_read' ], 'user_read', '' ],
        [ 'an application that the file does not name', erp => [ scope => 'user_read' ], 'user_read', 'user_read' ],
        [ 'not told', crm => [ scope => $left_out ], '', 'user_read org_all org_read' ],
        [ 'not told, no permissions', none => [ scope => $left_out ], '', '' ],
        [ 'not told, and an application that the file does not name', erp => [ scope => $left_out ], '', '' ],
        [ 'empty', crm => [ scope => '' ], '', '' ],
    ) {
        my ($title, $id, $members, @expected) = @$row;
        for my $limited (0, 1) {
            my $token = fresh();
            my @server = $limited ? @limited : ();
            $backend->answer('*' => { body => issues($token, @$members) });
            for my $path ('/api/token', '/oauth/token') {
                is post($path, headers => [ basic($id) ], @server)->{status}, 200, "$title, $path" if $path =~ /api/;
                post($path, headers => [ basic($id) ], @server);
                is known($token, @server), "$id: $expected[$limited]",
                    '  ' . ($limited ? 'under an applications file' : 'without an applications file');
            }
        }
    }
    my $token = fresh();
    $backend->answer('*' => { body => issues($token, scope => 'org_all user_write') });
    post('/api/token', headers => [ basic('crm') ], @limited);
    passed get($gate, '/api/orgs', token => $token, @limited), 'an implied scope is enough', application => 'crm';
    refused get($gate, '/api/users', method => 'PUT', token => $token, @limited), 'scope_insufficient',
        'a scope above the ceiling is not';
};

subtest 'the scope that was asked for, where the answer tells none' => sub {
    my @limited = port('limited');
    my $ask = sub {
        my ($id, $members, $body, $query, @server) = @_;
        my $token = fresh();
        $backend->answer('*' => { body => issues($token, @$members) })->forget;
        news();
        my $res = post('/api/token' . (defined $query ? "?$query" : ''), headers => [ basic($id), $urlencoded ],
            body => form(@grant) . $body, @server);
        is $res->{body}, issues($token, @$members), "$id, $body" . (defined $query ? ", $query" : '') . ': relayed';
        return known($token, @server);
    };
    my @none = (scope => $left_out);
    for my $row (
        [ crm => '', undef, 'user_read org_all org_read' ],
        [ crm => '&scope=', undef, 'user_read org_all org_read' ],
        [ crm => '&scope=user_read', undef, 'user_read' ],
        [ crm => '&scope=user_write', undef, '' ],
        [ crm => '&scope=user_write+user_read', undef, 'user_read' ],
        [ crm => '&scope=%75ser_read', undef, 'user_read' ],
        [ crm => '&scope=User_read', undef, '' ],
        [ crm => '&scope=+', undef, '' ],
        [ crm => '&scope=org_read', undef, 'org_read' ],
        [ crm => '&scope=org_all', undef, 'org_all org_read' ],
        [ crm => '', 'scope=user_read', 'user_read' ],
        [ crm => '', 'scopes=user_read', 'user_read org_all org_read' ],
        [ none => '&scope=user_read', undef, '' ],
        [ erp => '&scope=user_read', undef, '' ],
    ) {
        my ($id, $body, $query, $expected) = @$row;
        is $ask->($id, \@none, $body, $query, @limited), "$id: $expected", "  then it is \"$expected\"";
        is $ask->($id, \@none, $body, $query), "$id: ", '  without an applications file it is none';
    }
    for my $row ([ '&scope=user_read&scope=user_read' ], [ '&scope=a&scope=b' ], [ '&Scope=user_read' ], [ '&scope[]=user_read' ],
        [ '&scope' ], [ '&scope=%zz' ], [ '&scope=a%0a' ], [ '&scope=a;b' ], [ '&scope=user_read', 'scope=user_read' ],
        [ '&%73cope=user_read', 'scope=user_read' ], [ '', 'scope=a&scope=a' ], [ '&scope=' . 'x' x 4097 ])
    {
        my ($body, $query) = @$row;
        is $ask->('crm', \@none, $body, $query, @limited), 'token_invalid', '  and not learned';
        like join("\n", news()), qr/not learned: it is not certain for which scope/, '  and told';
        is $ask->('crm', [], $body, $query, @limited), 'crm: user_read', '  but learned, if the answer tells the scope';
    }
};

subtest 'permissions that change' => sub {
    my @limited = port('limited');
    my %token;
    my $learn = sub {
        my ($title, $id, $body, @members) = @_;
        $backend->answer('*' => { body => issues($token{$title} = fresh(), @members) });
        post('/api/token', headers => [ basic($id), $urlencoded ], body => $body, @limited);
    };
    my $scopes = sub { return { map { ($_ => known($token{$_}, @limited)) } keys %token } };
    $learn->('not told', 'crm', 'a=b', scope => $left_out);
    $learn->('asked for', 'crm', 'scope=user_read+user_write', scope => $left_out);
    $learn->('told', 'crm', 'a=b', scope => 'user_read org_all');
    $learn->('not in the file', 'new', 'a=b', scope => $left_out);
    is_deeply $scopes->(), { 'not told' => 'crm: user_read org_all org_read', 'asked for' => 'crm: user_read',
        'told' => 'crm: user_read org_all org_read', 'not in the file' => 'new: ' }, 'before';

    my ($crm, @others) = @applications;
    my $load = sub { $gate->write_file('apps.json' => applications(@_)); ok $gate->reload, 'a reload' };
    $load->({ %$crm, permissions => [ 'user_write', 'org_read' ] }, @others, { id => 'new', permissions => ['user_read'] });
    is_deeply $scopes->(), { 'not told' => 'crm: user_write org_read', 'asked for' => 'crm: user_write',
        'told' => 'crm: org_read', 'not in the file' => 'new: user_read' }, '  with other permissions: they hold at once';
    $load->(@others);
    is_deeply $scopes->(), { 'not told' => 'crm: ', 'asked for' => 'crm: ', 'told' => 'crm: user_read org_all org_read',
        'not in the file' => 'new: ' }, '  without the application: only what the answer told is left';
    $load->(@applications);
    is $scopes->()->{'not told'}, 'crm: user_read org_all org_read', '  as before';
};

# ---------------------------------------------------------------- disabled applications

sub disabled {
    my ($title, $opt, $query, $path) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    $backend->forget;
    my $res = post(($path // '/api/token') . (defined $query ? "?$query" : ''), port('limited'), %$opt);
    refused $res, 'application_disabled', "$title: refused";
    is $backend->count, 0, '  before it reaches the backend';
    return;
}

subtest 'a disabled application' => sub {
    my $token = fresh();
    $backend->answer('*' => { body => issues($token) });
    for my $path ('/api/token', '/oauth/token') {
        disabled "$path: Basic", { headers => [ basic('off') ] }, undef, $path;
        disabled "$path: Basic with a body", { headers => [ basic('off'), $urlencoded ], body => form(@grant) }, undef, $path;
        disabled "$path: Basic, encoded", { headers => [ 'Authorization: Basic ' . base64('%6Ff%66:x') ] }, undef, $path;
        disabled "$path: a form", { named('off') }, undef, $path;
        disabled "$path: a chunked form", { headers => [ $urlencoded, 'Transfer-Encoding: chunked' ],
            body => chunked('client_id=off', 3) }, undef, $path;
        disabled "$path: a query", {}, 'client_id=off', $path;
        disabled "$path: Basic with JSON", { headers => [ basic('off'), 'Content-Type: application/json' ], body => '{}' },
            undef, $path;
    }
    my $log = $gate->error_log;
    like $log, qr/eiam: refused, application_disabled, client: 127\.0\.0\.1, application: "off"/, 'the log says who asked';

    my $c = connection($gate, port('limited'))->send(request('/api/token', method => 'POST', named('off')) x 2);
    refused $c->read_response, 'application_disabled', 'a refusal on a connection that lasts';
    refused $c->read_response, 'application_disabled', '  and the next one there';
    is post('/api/token', headers => [ basic('off') ])->{status}, 200, 'without the file nobody is disabled';
    is post('/api/token', named('erp'), port('limited'))->{status}, 200, 'one that the file does not name goes on';

    my $old = fresh();
    $backend->answer('*' => { body => issues($old) });
    post('/api/token', headers => [ basic('crm') ], port('limited'));
    is known($old, port('limited')), 'crm: user_read', 'an application that is enabled has a token';
    my @changed = map { +{ %$_, enabled => $_->{id} eq 'crm' ? 0 : 1 } } @applications;
    $gate->write_file('apps.json' => applications(@changed));
    ok $gate->reload, 'a reload with other applications disabled';
    is known($old, port('limited')), 'application_disabled', '  its token is refused now';
    disabled '  its token calls too', { headers => [ basic('crm') ] };
    $backend->answer('*' => { body => issues(fresh()) });
    is post('/api/token', headers => [ basic('off') ], port('limited'))->{status}, 200, '  and the other one has tokens';
    $gate->write_file('apps.json' => applications(@applications));
    ok $gate->reload, 'a reload as before';
    is known($old, port('limited')), 'crm: user_read', '  and the token passes again';
};

# ---------------------------------------------------------------- who knows of it

subtest 'every worker knows it at once' => sub {
    my (%seen, %learned_by);
    my @workers = sort $gate->worker_pids;
    is scalar @workers, 4, 'four workers';
    my $wrong = 0;
    my $deadline = time + DEADLINE;
    for my $n (1 .. 200) {
        my $token = fresh();
        $backend->answer('*' => { body => issues($token) });
        my $res = post('/api/token', headers => [ basic('crm') ]);
        my $learned = $res->{headers}{'x-worker'};
        $learned_by{$learned}++;
        for (1 .. 6) {
            $res = get($gate, '/api/any', token => $token);
            $wrong++ if $res->{status} != 200 || $res->{headers}{'x-cache'} ne 'learned HIT';
            $seen{"$learned $res->{headers}{'x-worker'}"}++;
        }
        last if $n >= 20 && keys %seen == 16 || time > $deadline;
    }
    is $wrong, 0, 'the next request is served from the zone';
    is_deeply [ sort keys %seen ], [ map { my $one = $_; map { "$one $_" } @workers } @workers ],
        'whichever worker issued, and whichever is asked' or diag explain \%seen;
};

subtest 'a token that is in use while it is issued' => sub {
    my ($wrong, %seen) = (0);
    for my $n (1 .. 20) {
        my $token = fresh();
        my $expected = 'token_invalid';
        for my $scope (undef, 'user_read', 'user_write', 'org_all', 'user_read') {
            if ($scope) {
                $backend->answer('*' => { body => issues($token, scope => $scope) });
                post('/api/token', headers => [ basic('crm') ]);
                $expected = "crm: $scope";
            }
            for (1 .. 12) {
                my $res = get($gate, '/api/any', token => $token);
                my $known = $res->{status} == 200
                    ? join ': ', map({ received($res, "X-EIAM-$_") } qw(Application Scopes)) : 'token_invalid';
                $wrong++ if $known ne $expected =~ s/org_all/org_all org_read/r;
                $seen{ $res->{headers}{'x-worker'} }++;
            }
        }
    }
    is $wrong, 0, 'what it was issued with last counts at once';
    is keys %seen, 4, '  in every worker';
};

subtest 'other servers' => sub {
    my $token = fresh();
    $backend->answer('*' => { body => issues($token) });
    post('/api/token', headers => [ basic('crm') ]);
    is known($token), 'crm: user_read', 'the server that issued it knows it';
    is known($token, headers => ['Host: first']), 'crm: user_read', '  by its name too';
    my $h2 = EIAM::Http2->new($gate->port(5));
    is(($h2->responses($h2->request('/api/any', token => $token)))[0]{status}, 200, '  at its other address too');
    is known($token, headers => ["Host: $_->[0]"]), 'token_invalid', "one of another name does not: $_->[1]"
        for [ second => 'with a token interface' ], [ third => 'without one' ];
    is known($token, port => $gate->port(6)), 'token_invalid', 'nor does one of the same name at another address';
    is known($token, port('limited')), 'token_invalid', 'nor does one at another address';
    post('/api/token', headers => [ basic('erp'), 'Host: second' ]);
    is known($token, headers => ['Host: second']), 'erp: user_read', 'what the other one learns';
    is known($token), 'crm: user_read', '  does not change what the first one knows';
};

subtest 'beside the gate' => sub {
    for my $row ([ Basic => { headers => [ basic('crm') ] } ], [ form => { named('crm') } ], [ query => {}, 'client_id=crm' ]) {
        my ($title, $opt, $query) = @$row;
        asks $title, 'crm', { %$opt, path => '/oauth/token' }, $query;
    }
    asks 'two that disagree', $uncertain, { named('crm'), path => '/oauth/token' }, 'client_id=erp';
    asks 'no client', $none, { path => '/oauth/token' };
    my $res = post('/oauth/token', headers => [ basic('crm'), 'X-EIAM-Application: evil', 'X-Eiam_scopes: all' ]);
    is scalar(grep { $_->[0] =~ /^x.eiam/i } @{ (reverse $backend->requests)[0]{headers} }), 0,
        'headers of the gate that a client sends are removed there too';
};

# ---------------------------------------------------------------- what is no token call

subtest 'other operations teach nothing' => sub {
    my $token = fresh();
    $backend->answer('*' => { body => issues($token) });
    news();
    my @client = (headers => [$urlencoded], body => 'client_id=crm');
    for my $row (
        [ 'a guarded operation in such a location' => '/api/users', method => 'POST', token => 'fixed', @client ],
        [ '  for which any token is enough' => '/api/none', method => 'POST', token => 'fixed', @client ],
        [ 'a public one in another location' => '/api/open?client_id=crm', method => 'POST', @client ],
        [ 'GET of the token interface' => '/api/token?client_id=crm', headers => [ basic('crm') ] ],
        [ 'PUT of it' => '/api/token?client_id=crm', method => 'PUT', @client ],
        [ 'GET beside the gate' => '/oauth/token?client_id=crm', headers => [ basic('crm') ] ],
        [ 'PUT beside the gate' => '/oauth/token?client_id=crm', method => 'PUT', @client ],
        [ 'OPTIONS beside the gate' => '/oauth/token?client_id=crm', method => 'OPTIONS', @client ],
    ) {
        my ($title, $target, %opt) = @$row;
        my $res = get($gate, $target, %opt);
        ok $res->{status} == 200 && $res->{body} eq issues($token), "$title: the answer has a token" or diag $res->{body};
        is known($token), 'token_invalid', '  which is not learned';
    }
    is get($gate, '/oauth/token?client_id=crm', method => 'HEAD', headers => [ basic('crm') ])->{status}, 200, 'HEAD passes';
    is known($token), 'token_invalid', '  and teaches nothing';
    is post('/asking', headers => [ basic('crm') ])->{status}, 200, 'a subrequest to the token interface';
    is known($token), 'token_invalid', '  teaches nothing';
    $backend->forget;
    is post('/mirrored?client_id=crm', headers => [ basic('crm') ])->{status}, 200, 'a mirrored request';
    $backend->await(1);
    is known($token), 'token_invalid', '  teaches nothing';
    is post('/static', headers => [ basic('crm') ])->{status}, 200, 'an answer that no upstream gave';
    is known('static'), 'token_invalid', '  teaches nothing';
    is scalar(grep { /eiam: learned/ } news()), 0, 'the log tells of nothing learned';
};

subtest 'an answer from proxy_cache' => sub {
    my $token = fresh();
    $backend->answer('*' => { body => issues($token), headers => ['Cache-Control: max-age=60'] })->forget;
    is post('/api/token/cached')->{body}, issues($token), 'the first answer goes to nobody known';
    # nginx stores the answer after the client has received it
    my $deadline = time + DEADLINE;
    my $stored;
    do { $stored = $backend->count; post('/api/token/cached') } until $backend->count == $stored || time > $deadline;
    news();
    is post('/api/token/cached', headers => [ basic('crm') ])->{body}, issues($token), 'a later one is of the cache';
    is $backend->count, $stored, '  really';
    is known($token), 'token_invalid', '  and teaches nothing';
    like join("\n", news()), qr/the token is not learned: the answer is from proxy_cache/, '  and the log says why';
};

subtest 'the operator asks for an encoding' => sub {
    my $token = fresh();
    my $body = issues($token);
    gzip(\$body, \my $gzip) or die 'gzip';
    $backend->answer('*' => { body => $gzip, headers => ['Content-Encoding: gzip'] });
    news();
    is post('/api/token/asks', headers => [ basic('crm') ])->{body}, $gzip, 'the answer goes on';
    is known($token), 'token_invalid', '  and teaches nothing';
    like join("\n", news()), qr/not learned: the answer is encoded/, '  and the log says why';
};

# ---------------------------------------------------------------- how long

# A test that must not take long is repeated if the machine was slow.
sub quickly {
    my ($what) = @_;
    for (1 .. 10) {
        my $start = time;
        my @results = $what->(fresh());
        return @results if time - $start < 1;
    }
    die "this machine is too slow\n";
}

sub known_while {
    my ($old, @question) = @_;
    my ($deadline, $now) = (time + DEADLINE);
    do { sleep 0.05; $now = known(@question) } while $now eq $old && time < $deadline;
    return $now;
}

subtest 'until it expires' => sub {
    my ($short, $first) = quickly(sub {
        my ($token) = @_;
        $backend->answer('*' => { body => issues($token, expires_in => 3) });
        post('/api/token', headers => [ basic('crm') ]);
        return ($token, known($token));
    });
    is $first, 'crm: user_read', 'before it expires a token passes';
    my $long = fresh();
    $backend->answer('*' => { body => issues($long) });
    post('/api/token', headers => [ basic('crm') ]);
    is known_while('crm: user_read', $short), 'token_expired', 'then it is refused';
    refused get($gate, '/api/users', token => $short), 'token_expired', '  as expired, not as unknown';
    is get($gate, '/api/zero', token => $long)->{headers}{'x-cache'}, 'learned HIT', 'eiam_cache_valid does not end it';
    teaches 'an expired token that is issued again', { body => issues($short) }, $short;
};

subtest 'the order of sources' => sub {
    my @port = port('introspects');
    my $issued = fresh();
    $asked->answer('*' => { json => { active => $true, client_id => 'asked', scope => 'user_write' } });
    $backend->answer('*' => { body => issues($issued) });
    post('/api/token', headers => [ basic('crm') ], @port);
    is known($issued, @port), 'crm: user_read', 'what is learned';
    is $asked->count, 0, '  is not asked for';
    is known(fresh(), @port), 'asked: user_write', 'what is not learned is';
    is $asked->count, 1, '  is';
    my $expires = fresh();
    $asked->answer($expires => { json => { active => $true, client_id => 'asked', scope => 'user_write' } });
    is known($expires, @port), 'asked: user_write', 'a token that introspection knows';
    $backend->answer('*' => { body => issues($expires) });
    post('/api/token', headers => [ basic('crm') ], @port);
    is known($expires, @port), 'crm: user_read', '  is known better once it is learned';
    $backend->answer('*' => { body => issues('fixed', scope => 'org_all') });
    post('/api/token', headers => [ basic('erp') ], @port);
    my $res = get($gate, '/api/any', token => 'fixed', @port);
    passed $res, 'a static token that is issued', application => 'crm', scopes => 'user_read org_all org_read';
    is $res->{headers}{'x-cache'}, 'static BYPASS', '  stays a static one';
};

subtest 'report' => sub {
    my @port = port('reports');
    my $token = fresh();
    $backend->answer('*' => { body => issues($token) })->forget;
    is post('/api/token', headers => [ basic('crm') ], @port)->{body}, issues($token), 'a token call';
    passed get($gate, '/api/users', token => $token, @port), '  teaches', application => 'crm', scopes => 'user_read';
    $token = fresh();
    $backend->answer('*' => { body => issues($token) })->forget;
    is post('/api/token', headers => [ basic('off') ], @port)->{body}, issues($token), 'one of a disabled application';
    is $backend->count, 1, '  reaches the backend';
    like $gate->error_log, qr/would be refused, application_disabled, .* application: "off", operation: "postToken"/,
        '  and is told of';
    is known($token, @port), ': ', '  and teaches nothing';
    for my $row ([ 'an ambiguous path' => '/api//token' ], [ 'a method in the query' => '/api/token?_method=GET' ],
        [ 'a method in a field' => '/api/token', 'X-HTTP-Method-Override: GET' ])
    {
        my ($title, $target, @headers) = @$row;
        is post($target, headers => [ basic('crm'), @headers ], @port)->{body}, issues($token), "$title: it passes";
        is known($token, @port), ': ', '  and teaches nothing';
    }
    post('/api/token', headers => [ basic('crm') ], @port);
    is known($token, @port), 'crm: user_read', 'as an ordinary one does';
};

# ---------------------------------------------------------------- requests that come slowly, or not at all

subtest 'a body that comes later' => sub {
    my $body = form(@grant, [ client_id => 'crm' ]);
    for my $path ('/api/token', '/oauth/token') {
        my $token = fresh();
        $backend->answer('*' => { body => issues($token) })->forget;
        my $c = connection($gate)->send(request($path, method => 'POST',
            headers => [ $urlencoded, 'Content-Length: ' . length $body ]));
        $c->send(substr $body, 0, 10);
        ok !eval { local $c->{timeout} = 0.2; $c->read_response; 1 }, "$path: nothing is answered before the body is there";
        is $backend->count, 0, '  nor forwarded';
        is $c->send(substr $body, 10)->read_response->{body}, issues($token), '  then it is';
        is known($token), 'crm: user_read', '  and learned';
        passed $c->send(request('/api/any', token => $token))->read_response, '  and the connection goes on';
    }
    my $token = fresh();
    $backend->answer('*' => { body => issues($token) });
    my $c = connection($gate)->send(request('/api/token', method => 'POST',
        headers => [ $urlencoded, 'Expect: 100-continue', 'Content-Length: ' . length $body ]));
    $c->_wait(time + 10) until $c->{eof} || $c->{in} =~ /\r\n\r\n/;
    is $c->{in}, "HTTP/1.1 100 Continue\r\n\r\n", 'Expect: 100-continue is answered';
    is $c->send($body)->read_response->{body}, issues($token), '  and then the request';
    is known($token), 'crm: user_read', '  and learned';
    is post('/api/token', headers => [ $urlencoded, 'Content-Length: 2000000' ])->{status}, 413,
        "a body that is too large is nginx's own matter";
    my @answers = raw($gate, request('/api/token', method => 'POST', named('crm')) x 3 . request('/api/any', token => $token),
        count => 4);
    is join(' ', map { $_->{status} } @answers), '200 200 200 200', 'pipelined token calls';
};

# ---------------------------------------------------------------- a restart

subtest 'a reload keeps it, a restart does not' => sub {
    my ($token, $other) = (fresh(), fresh());
    $backend->answer('*' => { body => issues($token) });
    post('/api/token', headers => [ basic('crm') ]);
    $backend->answer('*' => { body => issues($other) });
    post('/api/token', headers => [ basic('crm') ], port('introspects'));
    ok $gate->reload, 'a reload';
    is known($token), 'crm: user_read', '  and the token is known';
    $gate->stop;
    $gate->start;
    refused get($gate, '/api/any', token => $token), 'token_invalid', 'after a restart it is unknown';
    $asked->answer('*' => { json => { active => $true, client_id => 'asked', scope => 'user_write' } })->forget;
    is known($other, port('introspects')), 'asked: user_write', '  or introspection is asked';
    is $asked->count, 1, '  once';
    $backend->answer('*' => { body => issues($token) });
    post('/api/token', headers => [ basic('crm') ]);
    is known($token), 'crm: user_read', 'a new one is learned';
};

# ---------------------------------------------------------------- logs

subtest 'secrets' => sub {
    my @secrets = map { "Secret-$_-+%:0123456789" } qw(basic form query assertion disabled);
    my $debug = nginx(files => \%files, error_log_level => 'debug', conf => qq{
        eiam_policy %DIR%/policy.json;
        server { listen 127.0.0.1:%PORT%; eiam_applications %DIR%/apps.json; $common }
    })->start;
    my @tokens;
    my $ask = sub {
        my ($target, %opt) = @_;
        push @tokens, my $token = 'Issued-' . fresh();
        $backend->answer('*' => { body => issues($token, id_token => "Secret-id-$token") });
        return get($debug, $target, method => 'POST', %opt);
    };
    for my $path ('/api/token', '/oauth/token') {
        $ask->($path, headers => [ basic('crm', $secrets[0]) ]);
        $ask->($path, headers => [$urlencoded], body => form(@grant, [ client_id => 'crm' ], [ client_secret => $secrets[1] ]));
        $ask->("$path?" . form(@grant, [ client_id => 'crm' ], [ client_secret => $secrets[2] ]));
        $ask->($path, headers => [$urlencoded], body => form([ client_assertion => $secrets[3] ]));
        $ask->("$path?" . form([ client_secret => $secrets[3] ], [ Client_Id => 'crm' ]));
        refused $ask->($path, headers => [ basic('off', $secrets[4]) ]), 'application_disabled', "$path: all kinds of calls";
    }
    is get($debug, '/api/any', token => $tokens[0])->{status}, 200, 'a call with a token';
    is get($debug, '/api/any', token => "$tokens[0]-invented")->{status}, 401, 'and one with an unknown one';
    $debug->stop;

    my @lines = split m{^(?=\d{4}/\d\d/\d\d )}m, $debug->error_log;
    my @ours = grep { /\beiam\b/ && !/ \[debug\] .* http (?:request line|args|header|proxy header):/ } @lines;
    my $learned = grep { /learned a token of application "crm"/ } @ours;
    is $learned, 6, 'what was learned is told';
    is scalar(grep { /not learned/ } @ours), 4, '  and what was not';
    cmp_ok scalar(grep { /\[debug\]/ } @lines), '>', 500, '  at the level debug';
    my $secret = join '|', qw(Secret- Issued-), map { quotemeta } map({ (base64($_), substr sha256_hex($_), 16, 16) } @tokens),
        map { base64(encoded($_->[0]) . ':' . encoded($_->[1])) } [ crm => $secrets[0] ], [ off => $secrets[4] ];
    my @found = grep { /$secret/i } @ours;
    is scalar @found, 0, "in the gate's own lines there is no secret, no token, no digest" or diag @found;
};

# ---------------------------------------------------------------- configurations

my $location = 'location = /token { eiam_learn on; proxy_pass http://127.0.0.1:1; }';
my $guarded  = 'location /api/ { eiam on; eiam_policy %DIR%/policy.json; proxy_pass http://127.0.0.1:1; }';
sub beside { return { files => \%files, server => join ' ', @_ } }
good_config 'eiam_learn beside the gate', beside($guarded, $location);
good_config 'eiam_learn beside a gate that reports', beside($guarded =~ s/eiam on/eiam report/r, $location);
good_config 'eiam_learn off', 'location = /token { eiam_learn off; }';
good_config 'eiam_learn in a location in another one', beside($guarded, 'location / { location = /token { eiam_learn on; } }');
my $useless = qr/"eiam_learn" is of no use without "eiam" in server "" in .*nginx\.conf:\d+/;
bad_config 'eiam_learn in a server without a gate is refused', $location, $useless;
bad_config '  in a location in another one too', 'location / { location = /token { eiam_learn on; } }', $useless;
bad_config '  and where eiam is off', beside($guarded =~ s/eiam on/eiam off/r, $location), $useless;
bad_config '  and where another server has the gate', { files => \%files, conf => qq{
    server { listen 127.0.0.1:%PORT%; $guarded }
    server { listen 127.0.0.1:%PORT%; server_name tokens; $location }
} }, qr/"eiam_learn" is of no use without "eiam" in server "tokens"/;
good_config 'eiam_learn behind the gate', { files => \%files,
    server => 'location /api/ { eiam on; eiam_learn on; eiam_policy %DIR%/policy.json; }' };
bad_config 'eiam_learn in http is refused', { http => 'eiam_learn on;' }, qr/"eiam_learn" directive is not allowed here/;
bad_config 'eiam_learn in a server is refused', 'eiam_learn on;', qr/"eiam_learn" directive is not allowed here/;
bad_config 'eiam_learn in "if" is refused', 'location / { if ($arg_x) { eiam_learn on; } }', qr/"eiam_learn" directive is not allowed here/;
bad_config "eiam_learn $_ is refused", "location / { eiam_learn $_; }", qr/eiam_learn: "$_" is none of "on", "off"; set in/
    for 'yes', 'report', '1';
bad_config 'eiam_learn without a value is refused', 'location / { eiam_learn; }', qr/invalid number of arguments in "eiam_learn"/;
bad_config 'eiam_learn twice is refused', 'location / { eiam_learn on; eiam_learn off; }', qr/"eiam_learn" directive is duplicate/;
bad_config 'eiam_learn needs eiam_zone', { http => '# no eiam_zone', server => $location },
    qr{"eiam_learn" needs "eiam_zone" in location "/token"};
good_config 'eiam_learn off needs none', { http => '# no eiam_zone', server => 'location / { eiam_learn off; }' };

done_testing;
