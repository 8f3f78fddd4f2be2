#!/usr/bin/perl
# Calls of pages in a real browser: the recipe of docs/OPERATIONS.md, run as it stands; and its recipe
# for the id of each answer.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Test::More;
use EIAM::Browser;
use EIAM::Test;

my $json = JSON::PP->new->allow_nonref;

my $page = slurp(top_dir() . '/docs/OPERATIONS.md');
my ($recipe) = $page =~ /^## Calls from browsers\n.*?^```nginx\n(.*?)^```/ms or die "docs/OPERATIONS.md has no recipe\n";
my ($ids, $id) = $page =~ /^```nginx\n(map \$eiam_decision .*?^\}\n)\nserver \{\n(.*?)^\}/ms
    or die "docs/OPERATIONS.md has no recipe for ids\n";
my %here = ('https://app.example.com' => 'http://127.0.0.1:%PORT2%', 'listen 8080' => 'listen 127.0.0.1:%PORT%',
    'policy.json' => '%DIR%/policy.json; eiam_applications %DIR%/apps.json', 'http://backend' => 'http://%ECHO%');
for my $text (sort keys %here) {
    is scalar($recipe =~ s/\Q$text\E/$here{$text}/g), 1, "the recipe has $text once";
}

my $gate = nginx(
    files => {
        'policy.json' => policy('/api/v2/tenant', 'GET /users' => ['user_read'], 'PUT /users' => ['user_write'],
            'GET /users/{id}' => ['user_read']),
        'apps.json' => applications({ id => 'crm', permissions => ['user_read'], tokens => ['tok'] }),
        'www/page.html' => '<!doctype html><title>page</title><link rel="icon" href="data:,">',
    },
    conf => qq{
        eiam_zone gate 1m;
        $recipe
        server { listen 127.0.0.1:%PORT2%; root %DIR%/www; }
        server { listen 127.0.0.1:%PORT3%; root %DIR%/www; }
        $ids
        server {
            listen 127.0.0.1:%PORT4%;
            $id
            location /api/v2/tenant/ {
                eiam on; eiam_policy %DIR%/policy.json; eiam_applications %DIR%/apps.json; proxy_pass http://%ECHO%;
            }
        }
    })->start;
my $users = '/api/v2/tenant/users';

my $browser = EIAM::Browser->new;
END {
    local $?;
    $browser->stop if $browser;
}

# What a page from that port sees of a call: status, members of the body, and the fields that it may read.
sub fetched {
    my ($port, $path, %init) = @_;
    $browser->open('http://127.0.0.1:' . $gate->port($port) . '/page.html');
    my ($url, $with) = map { $json->encode($_) } 'http://127.0.0.1:' . $gate->port . $path, \%init;
    return $browser->value(qq{fetch($url, $with).then(
        async answer => ({ status: answer.status, json: await answer.json(),
            id: answer.headers.get('X-Request-Id'), challenge: answer.headers.get('WWW-Authenticate') }),
        error => ({ error: error.name }))});
}

my @token = (headers => { Authorization => 'Bearer tok' });

subtest '2.6-12: a page of another origin calls through the gate' => sub {
    my $seen = fetched(2, $users, @token);
    is $seen->{status}, 200, 'a call with a token passes';
    is $seen->{json}{target}, $users, '  to the backend';
    is $gate->echo->count, 1, '  which has seen no preflight request';

    $seen = fetched(2, $users, method => 'PUT', body => '{}',
        headers => { Authorization => 'Bearer tok', 'Content-Type' => 'application/json' });
    is $seen->{status}, 403, 'a call without the permission is refused';
    is $seen->{json}{error_code}, 'GATEWAY.4031', '  which the page can read';
    like $seen->{challenge}, qr/scope="user_write"/, '  with its challenge';
    like $seen->{id} // '', qr/^[0-9a-f]{32}$/, '  and its id';

    $seen = fetched(2, $users);
    is $seen->{json}{error_code}, 'GATEWAY.4011', 'and one without a token';
};

subtest 'a page of an origin that is not named' => sub {
    my $before = $gate->echo->count;
    is fetched(3, $users, @token)->{error}, 'TypeError', 'it may not send a token';
    is fetched(3, $users)->{error}, 'TypeError', 'and read no answer';
    is $gate->echo->count, $before, 'nothing of it reaches the backend';
};

subtest 'what is a preflight request' => sub {
    my $origin = 'Origin: http://127.0.0.1:' . $gate->port(2);
    my @asks = ($origin, 'Access-Control-Request-Method: PUT');
    my $res = get($gate, $users, method => 'OPTIONS', headers => \@asks);
    is $res->{status}, 204, 'it is answered';
    is $res->{headers}{'access-control-allow-origin'}, $origin =~ s/^Origin: //r, '  for its origin';
    is get($gate, "/api/v2/tenant//x;y", method => 'OPTIONS', headers => \@asks)->{status}, 204,
        'whatever the path, as nothing is forwarded';
    for my $row ([ 'without a method', $origin ], [ 'with an empty method', $origin, 'Access-Control-Request-Method:' ],
        [ 'without an origin', $asks[1] ], [ 'of another origin', 'Origin: http://127.0.0.1:1', $asks[1] ],
        [ 'of an origin and more', "$origin.example", $asks[1] ], [ 'of no origin', 'Origin: null', $asks[1] ])
    {
        my ($title, @headers) = @$row;
        my $res = get($gate, $users, method => 'OPTIONS', headers => \@headers, token => 'tok');
        refused $res, 'method_unknown', "OPTIONS $title is decided by the gate";
    }
    refused get($gate, $users, headers => \@asks), 'token_missing', 'and so is any other method';
    is $gate->echo->count, 1, 'nothing of them reaches the backend';
};

subtest '2.6-11: each answer has one id, of whichever side it is' => sub {
    my %calls = ('of the backend' => [ token => 'tok' ], 'of the gate' => []);
    for my $title (sort keys %calls) {
        my $answer = get($gate, $users, @{ $calls{$title} }, port => $gate->port(4));
        my @ids = @{ $answer->{headers_all}{'x-request-id'} // [] };
        ok @ids == 1 && $ids[0] =~ /^[0-9a-f]{32}$/, $title or diag "@ids";
    }
};

$browser->stop;
undef $browser;

done_testing;
