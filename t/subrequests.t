#!/usr/bin/perl
# Subrequests: auth_request, mirror, SSI, addition, slice, and answers from a cache.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Test::More;
use EIAM::Test;

my $once = 'proxy_set_header X-Test-Status ""; proxy_set_header X-Test-Header ""; proxy_set_header X-Test-Body "";';
my $cache = "proxy_cache answers; proxy_cache_valid 200 1h; add_header X-Cache \$upstream_cache_status;";
my $gate = nginx(
    files => {
        'www/page.html' => 'page <!--# include virtual="/api/users/u1" --> end',
        'www/two.html'  => '<!--# include virtual="/api/users/u1" -->|<!--# include virtual="/api/files/f1" -->',
        'www/around.html' => '<!--# include virtual="/api;x/users/u1" -->',
        'www/added.html' => 'added',
        'www/api/files/long' => join('', map { sprintf "%07d\n", $_ } 1 .. 1000),
        'policy.json' => policy('/api',
            'GET /users/{id}' => ['user_read'], 'POST /users/{id}' => ['user_write'],
            'GET /files/{id}' => ['file_read'], 'PUT /files/{id}' => ['file_read'],
            'GET /open' => 'public'),
        'apps.json' => applications(
            { id => 'reader', permissions => ['user_read'], tokens => ['read'] },
            { id => 'files', permissions => ['file_read'], tokens => ['files'] },
            { id => 'files2', permissions => ['file_read'], tokens => ['files2'] },
            { id => 'both', permissions => [ 'file_read', 'user_read' ], tokens => ['both'] }),
    },
    http => q{
        eiam_policy %DIR%/policy.json;
        eiam_applications %DIR%/apps.json;
        proxy_cache_path %DIR%/cache keys_zone=answers:1m;
        log_format recorded '$request_method $request_uri "$http_x_eiam_operation" "$http_x_eiam_application" "$http_authorization"';
        server {
            listen 127.0.0.1:%PORT2%;
            access_log %DIR%/recorded.log recorded;
            location / { proxy_pass_header X-Accel-Expires; proxy_pass http://%ECHO%; }
        }
        server {
            listen 127.0.0.1:%PORT3%;
            location / { root %DIR%/www; }
        }
    },
    server => qq{
        location /api/ { eiam on; $once proxy_pass http://%ECHO%; }
        location = /api/open { eiam on; $once proxy_pass http://%ECHO%; }

        location = /api/files/asked { eiam on; auth_request /asked; $once proxy_pass http://%ECHO%; }
        location = /asked { internal; proxy_pass_request_body off; proxy_set_header Content-Length ""; proxy_pass http://127.0.0.1:%PORT2%/asked; }
        location = /api/files/asked-operation { eiam on; auth_request /api/users/u1; proxy_pass http://%ECHO%; }
        location /asking/ { auth_request /api/users/u1; proxy_pass http://%ECHO%; }
        location /asking-around/ { auth_request "/api;x/users/u1"; proxy_pass http://%ECHO%; }

        location = /api/files/mirrored { eiam on; mirror /mirror; $once proxy_pass http://%ECHO%; }
        location = /mirror { internal; proxy_pass http://127.0.0.1:%PORT2%\$request_uri; }
        location /mirroring/ { mirror /api/files/copy; proxy_pass http://%ECHO%; }
        location = /api/files/copy { eiam on; proxy_pass http://127.0.0.1:%PORT2%; }

        location /pages/ { ssi on; alias %DIR%/www/; }
        location = /api/files/included { eiam on; ssi on; ssi_types application/json; proxy_pass http://%ECHO%; }
        location /added/ { add_before_body /api/users/u1; add_after_body /api/files/f1; alias %DIR%/www/; }
        location = /api/files/added { eiam on; add_before_body /api/users/u1; addition_types *; proxy_pass http://%ECHO%; }

        location = /api/files/cached { eiam on; $cache proxy_pass http://%ECHO%; }
        location = /api/files/stale {
            eiam on; $cache proxy_cache_use_stale updating; proxy_cache_background_update on;
            proxy_pass http://127.0.0.1:%PORT2%;
        }
        location = /api/files/long {
            eiam on; $cache slice 1k; proxy_cache_key \$uri\$slice_range; proxy_set_header Range \$slice_range;
            proxy_cache_valid 206 1h; proxy_http_version 1.1; proxy_pass http://127.0.0.1:%PORT3%;
        }
        location / { $once proxy_pass http://%ECHO%; }
    },
)->start;

sub ask {
    my ($target, $token, %opt) = @_;
    return get($gate, $target, token => $token, %opt);
}

sub identity {
    my ($res) = @_;
    return join ' ', map { join '|', received($res, "X-EIAM-$_") } qw(Operation Application Scopes);
}

# New lines in the log of the second backend, at least $count of them.
my $seen = 0;
sub recorded {
    my ($count) = @_;
    my ($deadline, @lines) = (time + 10);
    while (@lines < $seen + $count && time < $deadline) {
        select undef, undef, undef, 0.01 if @lines;
        @lines = split /\n/, $gate->access_log('recorded.log');
    }
    my @new = @lines[ $seen .. $#lines ];
    $seen = @lines;
    return join "\n", @new;
}

# All JSON objects in a page.
sub objects {
    my ($text) = @_;
    my @found;
    while ($text =~ /(\{(?:[^{}"]|"(?:[^"\\]|\\.)*")*\})/g) {
        push @found, { json => JSON::PP->new->utf8->decode($1) };
    }
    return @found;
}

my @claims = (headers => [ 'X-EIAM-Application: evil', 'X-EIAM-Operation: evil' ]);

subtest 'auth_request' => sub {
    my $res = ask('/api/files/asked', 'files', @claims);
    is identity($res), 'getFilesId files file_read', 'to a location without a gate: the main request has its identity once';
    is recorded(1), 'GET /asked "getFilesId" "files" "Bearer files"', '  and the question has the same, no false one';
    $res = ask('/api/files/asked', 'files', method => 'PUT', body => 'abc', @claims);
    is "$res->{json}{method} $res->{json}{body}", 'PUT abc', 'method and body of the main request stay';
    is identity($res), 'putFilesId files file_read', '  and its identity';
    is recorded(1), 'GET /asked "putFilesId" "files" "Bearer files"', '  after the question';
    is ask('/api/files/asked', 'files', headers => ['X-Test-Status: 403'])->{status}, 403, 'it can refuse what the gate allows';
    recorded(1);
    refused ask('/api/files/asked', 'read'), 'scope_insufficient', 'and is not asked for what the gate refuses';
    refused ask('/api/files/asked'), 'token_missing', '  in either way';

    my $before = $gate->echo->count;
    for my $row ([ '/api/files/asked-operation', files => 403 ], [ '/api/files/asked-operation', read => 403 ],
        [ '/asking/x', undef, 401 ], [ '/asking/x', 'none', 401 ], [ '/asking/x', files => 403 ])
    {
        my ($target, $token, $status) = @$row;
        is ask($target, $token)->{status}, $status,
            "an operation that is asked is judged: $target, " . ($token // 'no token');
    }
    ok ask('/asking-around/x', 'read')->{status} >= 400, 'a way around that is asked is refused';
    is $gate->echo->count, $before, 'nothing of it reaches the backend';
    like ask('/asking/x')->{headers}{'www-authenticate'}, qr/^Bearer realm="eiam"$/, 'the challenge goes on';

    $res = ask('/asking/x', 'read', @claims);
    is identity($res), '  ', 'an allowed question leaves no identity at a main request outside the gate';
    is $res->{json}{target}, '/asking/x', '  which passes';
    $res = ask('/api/files/asked-operation', 'both');
    is identity($res), 'getFilesId both file_read user_read', 'at one with a gate it leaves the right one, once';
};

subtest 'mirror' => sub {
    recorded(0);
    my $res = ask('/api/files/mirrored', 'files', method => 'PUT', body => 'abc', @claims);
    is identity($res), 'putFilesId files file_read', 'the mirrored request has its identity once';
    is recorded(1), 'PUT /api/files/mirrored "putFilesId" "files" "Bearer files"',
        'what the gate has allowed is mirrored, without false identity';
    refused ask('/api/files/mirrored', 'read', method => 'PUT', body => 'abc'), 'scope_insufficient', 'a refused request';
    refused ask('/api/files/mirrored', undef), 'token_missing', '  or two';
    passed ask('/mirroring/x', 'read'), 'a request outside the gate passes';
    passed ask('/mirroring/x', undef), '  without a token too';
    $res = ask('/mirroring/x', 'files', @claims);
    passed $res, '  and with one';
    is identity($res), '  ', '  and its mirror leaves no identity there';
    is recorded(1), 'GET /api/files/copy "getFilesId" "files" "Bearer files"',
        'an operation as the mirror is judged: only the allowed one was sent, nothing that was refused';
};

subtest 'SSI' => sub {
    my $before = $gate->echo->count;
    for my $token (undef, 'none', 'files') {
        my $page = ask('/pages/page.html', $token)->{body};
        unlike $page, qr/target/, 'without permission nothing of an operation is in the page: ' . ($token // 'no token');
        like $page, qr/^page .* end$/, '  which is served';
    }
    unlike ask('/pages/around.html', 'read')->{body}, qr/target/, 'a way around is no way in';
    is $gate->echo->count, $before, 'nothing of it reaches the backend';

    my ($in) = objects(ask('/pages/page.html', 'read', @claims)->{body});
    is identity($in), 'getUsersId reader user_read', 'with permission it is, with the identity once';
    my @two = objects(ask('/pages/two.html', 'both', @claims)->{body});
    is join(',', map { identity($_) } @two), 'getUsersId both file_read user_read,getFilesId both file_read user_read',
        'two operations in one page have their own';
    @two = objects(ask('/pages/two.html', 'files')->{body});
    is $two[0]{json}{error_code}, 'GATEWAY.4031', 'one is refused';
    is identity($two[1]), 'getFilesId files file_read', '  and the other not';

    my @include = ('X-Test-Body: <!--# include virtual="/api/users/u1" -->', 'X-Test-Header: X-A: b');
    ($in) = objects(ask('/api/files/included', 'both', headers => \@include)->{body});
    is identity($in), 'getUsersId both file_read user_read', 'from an operation into another: judged as that';
    ($in) = objects(ask('/api/files/included', 'files', headers => \@include)->{body});
    is $in->{json}{error_code}, 'GATEWAY.4031', '  and refused';
};

subtest 'addition' => sub {
    my $before = $gate->echo->count;
    unlike ask('/added/added.html', $_)->{body}, qr/target/, 'without permission nothing is added: ' . ($_ // 'no token')
        for undef, 'none';
    is $gate->echo->count, $before, 'nothing of it reaches the backend';
    my $res = ask('/added/added.html', 'both', @claims);
    is join(',', map { identity($_) } objects($res->{body})),
        'getUsersId both file_read user_read,getFilesId both file_read user_read', 'with permission it is';
    like $res->{body}, qr/added/, '  to the page';
    my ($first, $second) = objects(ask('/api/files/added', 'files')->{body});
    is $first->{json}{error_code}, 'GATEWAY.4031', 'an operation added to another is judged';
    is identity($second), 'getFilesId files file_read', '  without harm to the other';
};

subtest 'a cache' => sub {
    my $before = $gate->echo->count;
    is ask('/api/files/cached', 'files')->{headers}{'x-cache'}, 'MISS', 'the first answer comes from the backend';
    is ask('/api/files/cached', 'files2')->{headers}{'x-cache'}, 'HIT', 'the second from the cache, when it is allowed';
    refused ask('/api/files/cached'), 'token_missing', 'without a token: refused';
    refused ask('/api/files/cached', 'none'), 'token_invalid', 'with a wrong one: refused';
    refused ask('/api/files/cached', 'read'), 'scope_insufficient', 'without the scope: refused';
    refused ask('/api/files/cached', 'read', headers => ['X-HTTP-Method-Override: GET']), 'method_override', 'override: refused';
    refused ask('/api/files/cached', undef, method => 'HEAD'), 'token_missing', 'HEAD: refused', head => 1;
    is ask('/api/files/cached', 'files')->{headers}{'x-cache'}, 'HIT', 'the cache has not changed';
    is $gate->echo->count, $before + 1, 'the backend got one request';
};

subtest 'a cache that is updated in the background' => sub {
    my @old = (headers => [ 'X-Test-Header: X-Accel-Expires: @1', 'X-EIAM-Operation: evil' ]);
    recorded(0);
    is ask('/api/files/stale', 'files', @old)->{headers}{'x-cache'}, 'MISS', 'the first answer';
    is recorded(1), 'GET /api/files/stale "getFilesId" "files" "Bearer files"', '  was asked for';
    refused ask('/api/files/stale', 'read', @old), 'scope_insufficient', 'a refused request gets no old answer';
    refused ask('/api/files/stale', undef, @old), 'token_missing', '  in either way';
    is ask('/api/files/stale', 'files2', @old)->{headers}{'x-cache'}, 'STALE', 'an allowed one does';
    is recorded(1), 'GET /api/files/stale "getFilesId" "files2" "Bearer files2"', '  and alone starts an update, with its identity';
};

subtest 'slices' => sub {
    my $long = slurp($gate->dir . '/www/api/files/long');
    for my $cached ('from the backend', 'from the cache') {
        refused ask('/api/files/long', 'read'), 'scope_insufficient', "$cached: without the scope refused";
        is ask('/api/files/long', 'files')->{body}, $long, '  with it all slices are there';
        is ask('/api/files/long', 'files', headers => ['Range: bytes=1500-4499'])->{body}, substr($long, 1500, 3000),
            '  and a range of them';
        refused ask('/api/files/long', undef, headers => ['Range: bytes=0-1']), 'token_missing', '  without a token refused';
    }
};

done_testing;
