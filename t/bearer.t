#!/usr/bin/perl
# The stage bearer: one Authorization field, of the scheme Bearer, with one token.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use EIAM::Http2;
use EIAM::Source;
use EIAM::Test;

my @tokens = ('tok', 'a', 'a=', 'a==', 'a=====', '-._~+/', 'A.B-C_D~E+F/G==', '0', 'Bearer', 'tok/=');
my $gate = nginx(
    files => {
        'policy.json' => policy('/api', 'GET /users' => ['user_read'], 'POST /users' => ['user_read'],
            'GET /open' => 'public', 'POST /token' => 'public'),
        'apps.json' => applications({ id => 'crm', permissions => ['user_read'], tokens => \@tokens }),
    },
    server => q{
        eiam on;
        eiam_policy %DIR%/policy.json;
        eiam_applications %DIR%/apps.json;
        location / { proxy_pass http://%ECHO%; }
    })->start;

sub ask {
    my ($value, $target, %opt) = @_;
    return get($gate, $target // '/api/users',
        headers => [ map { "Authorization:$_" } ref $value ? @$value : " $value" ], %opt);
}

subtest 'a bearer token' => sub {
    my @rows = (
        (map { [ "Bearer $_", "the token $_" ] } @tokens),
        [ 'bearer tok', 'the scheme in small letters' ],
        [ 'BEARER tok', 'the scheme in capitals' ],
        [ 'bEaReR tok', 'the scheme in mixed case' ],
        [ 'Bearer  tok', 'two spaces' ],
        [ 'Bearer' . ' ' x 50 . 'tok', 'fifty spaces' ],
        [ 'Bearer tok ', 'a space at the end of the line' ],
        [ '  Bearer tok   ', 'spaces around the value' ],
    );
    for my $row (@rows) {
        my ($value, $title) = @$row;
        my $res = ask($value);
        passed $res, "passes: $title", application => 'crm';
        is join('|', received($res, 'Authorization')), $value =~ s/^ +| +$//gr, '  and goes on unchanged';
    }
    passed ask(['Bearer tok']), 'passes: no space after the colon', application => 'crm';
    passed get($gate, '/api/users', headers => ["$_: Bearer tok"]), "passes: the field's name $_"
        for qw(authorization AUTHORIZATION aUTHORIZATION);
};

subtest 'no bearer token' => sub {
    my $before = $gate->echo->count;
    my @rows = (
        [ '', 'an empty value' ],
        [ 'Basic dG9rOnRvaw==', 'Basic' ],
        [ 'Basic tok', 'Basic with the token' ],
        [ 'Digest username="tok"', 'Digest' ],
        [ 'tok', 'a token without a scheme' ],
        [ 'Token tok', 'another scheme' ],
        [ 'Bearertok', 'no space between' ],
        [ 'Bearer:tok', 'a colon between' ],
        [ 'Bearer=tok', 'an equals sign between' ],
        [ 'Bearer,tok', 'a comma between' ],
        [ 'Bearers tok', 'a longer scheme' ],
        [ 'Beare tok', 'a shorter scheme' ],
        [ 'B', 'one letter' ],
        [ 'Basic x, Bearer tok', 'a second scheme in the value' ],
        [ 'OAuth Bearer tok', 'the scheme in the middle' ],
        [ '"Bearer tok"', 'a quoted value' ],
        [ "Bearer\xc2\xa0tok", 'another kind of space' ],
    );
    refused ask($_->[0]), 'token_missing', "missing: $_->[1]" for @rows;
    refused get($gate, '/api/users'), 'token_missing', 'missing: no such field';
    refused get($gate, '/api/users', headers => ["$_: Bearer tok"]), 'token_missing', "missing: a field $_"
        for qw(Proxy-Authorization X-Authorization Authorization2 Authorizatio Cookie);
    is $gate->echo->count, $before, 'nothing of it reaches the backend';
};

subtest 'a bearer token that is none' => sub {
    my $before = $gate->echo->count;
    my @rows = (
        [ 'Bearer', 'the scheme alone' ],
        [ 'Bearer ', 'the scheme and a space' ],
        [ 'Bearer =', 'padding alone' ],
        [ 'Bearer ====', 'much of it' ],
        [ 'Bearer tok tok', 'two tokens' ],
        [ 'Bearer tok, Bearer tok', 'a list' ],
        [ 'Bearer tok,', 'a comma at the end' ],
        [ 'Bearer ,tok', 'a comma before' ],
        [ 'Bearer tok, Basic x', 'another scheme in the list' ],
        [ 'Bearer "tok"', 'a quoted token' ],
        [ 'Bearer <tok>', 'a token in brackets' ],
        [ 'Bearer token=tok', 'a parameter' ],
        [ 'Bearer =tok', 'padding before' ],
        [ 'Bearer a=b', 'padding inside' ],
        [ "Bearer\ttok", 'a tab between' ],
        [ "Bearer \ttok", 'a space and a tab between' ],
        [ "Bearer tok\t", 'a tab at the end' ],
        [ "Bearer tok\tx", 'a tab inside' ],
        [ "Bearer t\xc3\xb6k", 'a letter beyond ASCII' ],
        [ "Bearer tok\xff", 'a byte beyond ASCII' ],
        [ "Bearer tok\x01", 'a control character' ],
        [ "Bearer tok\x7f", 'DEL' ],
        (map { [ "Bearer tok$_", "the character $_" ] } split //, '!"#$%&\'()*,:;<>?@[\\]^`{|}'),
        [ 'Bearer Bearer tok', 'the scheme twice' ],
        [ 'Bearer %74ok', 'an encoded token' ],
    );
    refused ask($_->[0]), 'token_invalid', "invalid: $_->[1]" for @rows;
    is $gate->echo->count, $before, 'nothing of it reaches the backend';
};

subtest 'two Authorization fields' => sub {
    my $before = $gate->echo->count;
    my @rows = (
        [ [ ' Bearer tok', ' Bearer tok' ], 'the same twice' ],
        [ [ ' Bearer tok', ' Bearer other' ], 'two tokens' ],
        [ [ ' Bearer tok', ' Basic x' ], 'Basic as the second' ],
        [ [ ' Basic x', ' Bearer tok' ], 'Basic as the first' ],
        [ [ ' Bearer tok', '' ], 'an empty second one' ],
        [ [ '', ' Bearer tok' ], 'an empty first one' ],
        [ [ (' Bearer tok') x 40 ], 'forty of them' ],
    );
    for my $row (@rows) {
        my ($values, $title) = @$row;
        refused ask($values), 'authorization_malformed', "malformed: $title";
    }
    refused get($gate, '/api/users', headers => [ 'Authorization: Bearer tok', (map { "X-$_: x" } 1 .. 40),
        'authorization: Bearer tok' ]), 'authorization_malformed', 'malformed: forty other fields between';
    refused ask([ ' Basic x', ' Basic y' ], '/api/token', method => 'POST'), 'authorization_malformed',
        'malformed at a public operation too';
    refused scalar raw($gate, "GET /api/users HTTP/1.1\r\n" . "Authorization: Bearer tok\r\n" x 2 . "Host: a\r\n\r\n"),
        'authorization_malformed', 'malformed: before Host';
    is $gate->echo->count, $before, 'nothing of it reaches the backend';
};

# nginx may know late, or never, which server a request is for.
my $several = nginx(
    files => $gate->{opt}{files},
    conf  => q{
        eiam_policy %DIR%/policy.json;
        eiam_applications %DIR%/apps.json;
        server { listen 127.0.0.1:%PORT%; server_name open; location / { proxy_pass http://%ECHO%; } }
        server { listen 127.0.0.1:%PORT%; server_name gate; eiam on; location / { proxy_pass http://%ECHO%; } }
        server { listen 127.0.0.1:%PORT2%; server_name gate; eiam on; location / { proxy_pass http://%ECHO%; } }
        server { listen 127.0.0.1:%PORT2%; server_name open; location / { proxy_pass http://%ECHO%; } }
        server { listen 127.0.0.1:%PORT3% http2; eiam on; location / { proxy_pass http://%ECHO%; } }
    })->start;

subtest '2.1-12: two Authorization fields where the server is not known yet' => sub {
    my $before = $several->echo->count;
    my @two = map { "Authorization: Bearer Secret-$_" } 1, 2;
    my $send = sub {
        my ($port, $version, @fields) = @_;
        return scalar raw($several, join("\r\n", "GET /api/users HTTP/$version", @fields) . "\r\n\r\n", port => $several->port($port));
    };
    for my $port (1, 2) {
        for my $fields ([ @two, 'Host: gate' ], [ $two[0], 'Host: gate', $two[1] ], [ 'Host: gate', @two ], [ (@two) x 20, 'Host: gate' ]) {
            refused $send->($port, $_, @$fields), 'authorization_malformed', "port $port, HTTP/$_: @{$fields}[0, 1]" for '1.0', '1.1';
        }
        for my $fields ([ @two, 'Host: open' ], [ $two[0], 'Host: open', $two[1] ], [ @two, (map { "X-$_: x" } 1 .. 40), 'Host: open' ]) {
            my $res = $send->($port, '1.1', @$fields);
            is $res->{status}, 400, "port $port: without a gate nginx refuses them: @{$fields}[0, 1]";
            unlike $res->{body}, qr/GATEWAY/, '  itself';
        }
        my $res = $send->($port, '1.1', @two);
        is $res->{status}, 400, "port $port: refused by nginx itself, as there is no Host";
        refused $send->($port, '1.1', 'X-A: b', @two, "Host: gate\r\nX-B: c"), 'authorization_malformed', '  and not if there is one';
    }
    refused $send->(2, '1.0', @two), 'authorization_malformed', 'HTTP/1.0 needs no Host: the default server';
    is $send->(1, '1.0', @two)->{status}, 400, '  where it has no gate';
    refused scalar raw($several, "GET http://gate/api/users HTTP/1.1\r\n" . join('', map { "$_\r\n" } @two) . "Host: gate\r\n\r\n"),
        'authorization_malformed', 'a Host in the request line';

    my $h2 = EIAM::Http2->new($several->port(3));
    my ($res) = $h2->responses($h2->request('/api/users', fields => [ map { [ authorization => "Bearer Secret-$_" ] } 1, 2 ]));
    is_deeply [ $res->{status}, $res->{json}{error_code} ], [ 400, 'GATEWAY.4003' ], 'HTTP/2';
    is $several->echo->count, $before, 'nothing of it reaches the backend';
    my @logged = grep { /Secret/ && !/open/ } split /\n/, $several->error_log;
    is_deeply \@logged, [], 'no token of it is in the log of the level info';
    passed $send->($_, '1.1', 'Authorization: Bearer tok', 'Host: gate', 'Connection: close'), "one of them passes, port $_"
        for 1, 2;
};

subtest 'a token in the query' => sub {
    my $before = $gate->echo->count;
    my @queries = ('access_token=tok', 'access_token', 'access_token=', 'a=b&access_token=tok', 'a=b;access_token=tok',
        'access_token=tok&a=b', '&access_token=tok', 'access%5ftoken=tok', 'access%5Ftoken=tok',
        '%61ccess_token=tok', '%61%63%63%65%73%73%5f%74%6f%6b%65%6e=tok', 'access%255ftoken=tok',
        'ACCESS_TOKEN=tok', 'Access_Token=tok', '+access_token=tok', '%20access_token=tok', 'access.token=tok',
        'access+token=tok', 'access_token[]=tok', 'access_token%5b0%5d=tok');
    for my $query (@queries) {
        refused ask('Bearer tok', "/api/users?$query"), 'authorization_malformed', "malformed with a token: ?$query";
        refused get($gate, "/api/users?$query"), 'authorization_malformed', "and without one: ?$query";
    }
    is $gate->echo->count, $before, 'nothing of it reaches the backend';

    passed ask('Bearer tok', "/api/users?$_"), "passes: ?$_"
        for 'accesstoken=x', 'access_tokens=x', 'my_access_token=x', 'token=x', 'a=access_token', 'a=access_token=b';
    passed ask('Bearer tok', '/api/users', method => 'POST', body => 'access_token=x',
        headers => [ 'Authorization: Bearer tok', 'Content-Type: application/x-www-form-urlencoded' ]),
        'the body is the business of the backend', application => 'crm';
};

subtest '2.6-5: the longest token' => sub {
    my %size = (short => 100, usual => 8192, long => 16_000);
    my $of = sub { return 't' x $_[0] };
    my @tokens = map { ($_, $_ + 1) } values %size;
    my $issuer = EIAM::Source->new('*' => { json => { access_token => $of->(101), token_type => 'Bearer', expires_in => 60, scope => 'user_read' } });
    my $gate = nginx(workers => 1,
        files => { 'policy.json' => policy('/api', 'POST /token' => 'public', map { ("GET /$_" => ['user_read']) } keys %size),
            'apps.json' => applications({ id => 'crm', permissions => ['user_read'], tokens => [ map { $of->($_) } @tokens ] }) },
        server => qq{
            large_client_header_buffers 4 32k;
            eiam_policy policy.json;
            eiam_applications apps.json;
            add_header X-Detail \$eiam_detail always;
            location = /api/usual { eiam on; proxy_pass http://%ECHO%; }
            location = /api/short { eiam on; eiam_token_max 100; proxy_pass http://%ECHO%; }
            location = /api/long { eiam on; eiam_token_max 16000; proxy_pass http://%ECHO%; }
            location = /api/token { eiam on; eiam_learn on; eiam_token_max 100; proxy_pass http://@{[ $issuer->address ]}; }
        })->start;
    for (1, 2) {    # the second time the worker knows their digests
        for my $name (sort keys %size) {
            for my $length (sort { $a <=> $b } @tokens) {
                my $res = get($gate, "/api/$name", token => $of->($length));
                $length <= $size{$name} ? passed($res, "$name: $length bytes pass")
                    : refused($res, 'token_invalid', "$name: $length are too many");
            }
        }
    }
    is get($gate, '/api/short', token => $of->(101))->{headers}{'x-detail'}, 'too_long', 'the detail';
    like $gate->error_log, qr/\[info\] .*eiam: the token has 101 bytes, "eiam_token_max" is 100,/, 'the log';
    like $gate->error_log, qr/refused, token_invalid, .*, detail: "too_long"/, '  and its line of the refusal';
    refused get($gate, '/api/short', token => '?' x 101), 'token_invalid', 'a text that is no token either';
    my $res = get($gate, '/api/token', method => 'POST', body => 'grant_type=client_credentials&client_id=crm&client_secret=s',
        headers => ['Content-Type: application/x-www-form-urlencoded']);
    is $res->{status}, 200, 'a longer one that is issued is relayed';
    like $gate->error_log, qr/the token is not learned: the token is longer than "eiam_token_max"/, '  but not learned';
};

subtest '2.6-5: nginx -t warns of header buffers that are smaller' => sub {
    my %files = ('policy.json' => policy('/api', 'GET /users' => ['user_read']));
    my $says = sub {
        my ($server) = @_;
        my ($code, $text) = nginx(files => \%files, server => "server_name gate; eiam_policy policy.json; $server")->check;
        is $code, 0, $server;
        return join ' ', map { /\[warn\] .*"large_client_header_buffers" of (\d+) bytes have no room for tokens of "eiam_token_max", (\d+) bytes, in server "gate"/ ? "$1<$2" : () } split /\n/, $text;
    };
    my $on = 'eiam on; proxy_pass http://127.0.0.1:1;';
    is $says->("location /api/ { $on }"), '', '  no warning';
    is $says->("eiam_token_max 16k; location /api/ { $on }"), '8192<16384', '  a warning';
    is $says->("eiam_token_max 16k; large_client_header_buffers 2 16k; location /api/ { $on }"), '', '  no warning';
    is $says->("location /api/ { $on } location /api/users { eiam_token_max 9k; $on } location /x/ { eiam_token_max 60k; }"),
        '8192<9216', '  one of the longest';
    is $says->("large_client_header_buffers 4 4k; location /api/ { $on }"), '4096<8192', '  also of the default';
    is $says->("large_client_header_buffers 4 4k; location /api/ { eiam_token_max 4k; $on }"), '', '  no warning';
    is $says->('eiam_token_max 60k;'), '', '  nor where there is no gate';
    bad_config "eiam_token_max $_", "eiam_token_max $_;", qr/"\Q$_\E" is not a size of at most 64k, such as "8k"/
        for qw(0 x -1 65k 65537 1g 8kb);
    good_config "eiam_token_max $_", "eiam_token_max $_;" for qw(1 64k 65536 8K);
};

subtest '2.2-2: of two reasons to refuse, that of the earlier stage is told' => sub {
    my ($two, $query) = ([ (' Bearer tok') x 2 ], 'access_token=tok');
    my @rows = (
        [ request_ambiguous => $two, '/api//users', 'guard before bearer' ],
        [ method_override => 'Bearer ?', '/api/users?_method=PUT', 'guard before bearer: another method' ],
        [ authorization_malformed => $two, '/api/none', 'bearer before match: two fields' ],
        [ authorization_malformed => 'Bearer tok', "/api/none?$query", 'bearer before match: a token in the query' ],
        [ authorization_malformed => $two, '/api/open', 'bearer, though the operation is public' ],
        [ token_missing => 'Basic x', '/api/none', 'bearer before match: no token' ],
        [ token_invalid => 'Bearer ?', '/api/none', 'bearer before match: no such token' ],
        [ operation_unknown => 'Bearer unknown', '/api/none', 'match before identify: the path' ],
        [ method_unknown => 'Bearer unknown', '/api/users', 'match before identify: the method', method => 'PUT' ],
        [ token_invalid => 'Bearer unknown', '/api/users', 'identify before authorize' ],
    );
    for my $row (@rows) {
        my ($reason, $value, $target, $title, %opt) = @$row;
        refused ask($value, $target, %opt), $reason, $title;
    }
    passed ask('Bearer ?', "/api/open?$query"), 'a public operation needs no token', operation => 'getOpen';
};

subtest 'public operations' => sub {
    my @values = ('Basic Y3JtOnNlY3JldA==', 'Bearer tok', 'Bearer unknown', 'Bearer ?', 'Bearer', 'Digest x="y"', '');
    for my $value (@values) {
        my $res = ask($value, '/api/token', method => 'POST', body => 'grant_type=client_credentials');
        passed $res, "passes with Authorization: $value", operation => 'postToken', application => '';
        is join('|', received($res, 'Authorization')), $value, '  which goes on unchanged';
        is $res->{json}{body}, 'grant_type=client_credentials', '  and so does the body';
    }
    passed get($gate, '/api/open'), 'passes without any', operation => 'getOpen', application => '', scopes => '';
    refused get($gate, '/api/open', method => 'POST'), 'token_missing',
        'another method of its path needs a token to be told that there is none';
};

done_testing;
