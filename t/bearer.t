#!/usr/bin/perl
# Stage 2: one Authorization field, of the scheme Bearer, with one token.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
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
    is raw($gate, "GET /api/users HTTP/1.1\r\n" . "Authorization: Bearer tok\r\n" x 2 . "Host: a\r\n\r\n")->{status},
        400, 'refused by nginx itself before Host';
    is $gate->echo->count, $before, 'nothing of it reaches the backend';
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
