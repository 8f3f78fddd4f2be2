#!/usr/bin/perl
# What nginx -t warns of: configurations that are accepted, but do not what they seem to do.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use EIAM::Test;

my $past = '2020-01-01T00:00:00Z';
my %files = (
    'policy.json' => policy('/api/v2', 'GET /users' => ['user_read'], 'GET /users/{id}' => ['user_read']),
    'root.json'   => policy('/', 'GET /status/users' => ['user_read'], 'GET /kinds/{kind}' => ['user_read']),
    'any.json'    => policy('/', 'GET /{kind}/{id}' => ['user_read']),
    'public.json' => policy('/api/v2', 'GET /users' => 'public'),
    'apps.json'   => applications({ id => 'crm', permissions => ['user_read'], tokens => ['t'] }),
    'none.json'   => applications({ id => 'crm', permissions => ['user_read'] }),
    'over.json'   => applications(
        { id => 'crm', permissions => ['user_read'], tokens => [ 't', map { { token => "t$_", expires => $past } } 1, 2 ] },
        { id => 'erp', permissions => ['user_read'], tokens => ['u'] },
        { id => 'a"b', permissions => ['user_read'], tokens => [ { token => 'v', expires => $past } ] }),
    'many.json'   => applications(map { { id => "a$_", tokens => [ { token => "x$_", expires => $past } ] } } 1 .. 9),
    'keys.json'   => { keys => [ { kty => 'OKP', crv => 'Ed25519', x => '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' } ] },
);
my $gate = nginx(files => \%files, conf => '');
my $dir  = $gate->dir;

# The inside of the http block is tried; %% stands for a gate, $$ for one with a token source.
sub warnings_of {
    my ($conf) = @_;
    my $gated = 'eiam on; eiam_policy %DIR%/policy.json;';
    $conf =~ s/\$\$/$gated eiam_applications %DIR%\/apps.json;/g;
    $conf =~ s/%%/$gated/g;
    my $text = $gate->{texts}{start} //= slurp("$dir/nginx.conf");
    $text =~ s/\}\s*\z/\n$conf\n}\n/;
    my $keep = $gate->{texts};
    $gate->write_file('nginx.conf', $text);
    $gate->{texts} = $keep;
    my ($code, $said) = $gate->check;
    return $code ? "exit code $code: $said" : map { /\[warn\] \S+ (.*)/ ? $1 : () } split /\n/, $said;
}

sub server { return "server { listen 127.0.0.1:%PORT%; server_name gate; $_[0] }" }

sub line_of {
    my ($words) = @_;
    my ($before) = slurp("$dir/nginx.conf") =~ /\A(.*?)\Q$words\E/s or return 0;
    return 1 + $before =~ tr/\n//;
}

# Each expected warning, %SERVER% being the place of the server, and no other one.
sub warns {
    my ($title, $conf, @expected) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @said  = warnings_of($conf);
    my $place = 'server "gate" in ' . "$dir/nginx.conf:" . line_of('server {');
    s/%SERVER%/$place/ && s/%DIR%/$dir/g for @expected;
    s/%DIR%/$dir/g for @expected;
    is_deeply(\@said, \@expected, $title);
    return;
}

sub silent { my ($title, $conf) = @_; @_ = ($title, $conf); goto &warns }

# ---------------------------------------------------------------- the path of the policy

sub no_path {
    return qq{all calls are refused, as none is below "/api/v2", the path of the policy "%DIR%/policy.json",}
        . qq{ in location "$_[0]" of %SERVER%};
}

warns "2.5-7: a gated location that never meets the path of its policy: $_->[0]",
    server("location $_->[0] { \$\$ }"), no_path($_->[1])
    for map { [ $_, /(\S+)$/ ] } '/v1/', '/api/v1/', '/api/v2x', '^~ /x', '= /api', '= /', '= /api/v', '/API/v2/';

warns 'one that inherits the gate, and passes calls on',
    server('$$ location /api/ { proxy_pass http://127.0.0.1:1; } location /other/ { proxy_pass http://127.0.0.1:1; }'),
    no_path('/other/');
warns 'one inside another', server('location /api/ { $$ location /api/x/ { eiam report; } }'),
    no_path('/api/x/');
warns 'one that only reports', server('location /x/ { eiam report; eiam_policy %DIR%/policy.json; eiam_applications %DIR%/apps.json; }'),
    no_path('/x/');

silent "no warning: location $_", server("location $_ { \$\$ }")
    for '/', '/a', '/api/v', '/api', '/api/', '/api/v2', '/api/v2/', '/api/v2/users', '^~ /api/v2/', '= /api/v2/users', '~ ^/x/',
        '~* ^/API', '@named', '= /api/v2';
silent "no warning: $_->[0]", server($_->[1]) for (
    [ 'a path that the location itself rewrites',
        'location /old/ { $$ rewrite ^/old/(.*)$ /api/v2/$1 break; proxy_pass http://127.0.0.1:1; }' ],
    [ 'a path that is rewritten under a condition',
        'location /old/ { $$ if ($args) { rewrite ^/old/(.*)$ /api/v2/$1 break; } proxy_pass http://127.0.0.1:1; }' ],
    [ 'answers of nginx itself in a gated server', '$$ location = /health { return 200; } location /api/ { proxy_pass http://127.0.0.1:1; }' ],
    [ 'error pages and files in a gated server', '$$ error_page 502 /50x.html; location = /50x.html { } location /api/ { proxy_pass http://127.0.0.1:1; }' ],
    [ 'a location for subrequests in a gated server', '$$ eiam_introspection /_ask; location /api/ { proxy_pass http://127.0.0.1:1; }
        location = /_ask { internal; proxy_pass http://127.0.0.1:1/introspect; }' ],
    [ 'a location without a gate in a gated server', '$$ location /free/ { eiam off; proxy_pass http://127.0.0.1:1/; }' ],
    [ 'a policy without a path', 'location /x/ { $$ }' =~ s/\$\$/eiam on; eiam_policy %DIR%\/root.json; eiam_applications %DIR%\/apps.json;/r ],
);

# ---------------------------------------------------------------- proxy_pass with a path

sub other_path {
    my ($url, $location, $line) = @_;
    return qq{"proxy_pass $url" has a path, so the backend is asked for another one than was decided on,}
        . qq{ in location "$location" in $dir/nginx.conf:} . ($line // '%LINE%');
}

sub warns_of_proxy {
    my ($url, $location) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @said = warnings_of(server("\nset \$v 127.0.0.1:1;\nlocation $location {\n\$\$\nproxy_pass $url; }"));
    is_deeply(\@said, [ other_path($url, $location =~ /(\S+)$/, line_of('proxy_pass')) ], "2.5-7: proxy_pass $url in location $location");
    return;
}

warns_of_proxy(@$_) for (
    [ 'http://127.0.0.1:1/', '/api/' ],
    [ 'http://127.0.0.1:1/v3/', '/api/v2/' ],
    [ 'http://127.0.0.1:1/api', '/api/' ],
    [ 'http://127.0.0.1:1/api/', '/api' ],
    [ 'https://127.0.0.1:1/other', '= /api/v2/users' ],
    [ 'http://unix:/tmp/backend.sock:/', '/api/' ],
    [ 'http://unix:/tmp/backend.sock:/other/', '/api/' ],
    [ 'http://$v/api/v2/', '/api/v2/' ],
    [ 'http://$v/other$request_uri', '/api/v2/' ],
    [ 'http://$v/other${uri}$is_args$args', '/api/v2/' ],
    [ 'http://127.0.0.1:1/$uri', '~ ^/api/' ],
);

is_deeply [ map { s/:\d+$/:/r } warnings_of(server('location /api/ { $$ if ($arg_x) { proxy_pass http://$arg_x/other; } }')) ],
    [ other_path('http://$arg_x/other', '/api/', '') ], 'in an if block, too';
is_deeply [ map { s/:\d+$/:/r } warnings_of(server('$$ location / { proxy_pass http://127.0.0.1:1/x/; location /api/ { proxy_pass http://127.0.0.1:1/y/; } }')) ],
    [ other_path('http://127.0.0.1:1/x/', '/', ''), other_path('http://127.0.0.1:1/y/', '/api/', '') ],
    'of each such directive, in a gated server';

$gate->write_file('part.conf', "\n\nproxy_pass http://127.0.0.1:1/;\n");
is_deeply [ warnings_of(server('location /api/ { $$ include %DIR%/part.conf; }')) ],
    [ other_path('http://127.0.0.1:1/', '/api/', 0) =~ s/nginx\.conf:0/part.conf:3/r ], 'its place is that in an included file';

silent "no warning: proxy_pass $_->[0] in location $_->[1]",
    server("set \$v 127.0.0.1:1; location $_->[1] { \$\$ proxy_pass $_->[0]; }") for (
    [ 'http://127.0.0.1:1', '/api/' ],
    [ 'http://127.0.0.1:1/api/', '/api/' ],
    [ 'http://127.0.0.1:1/api/v2', '/api/v2' ],
    [ 'http://127.0.0.1:1/', '/' ],
    [ 'http://127.0.0.1:1/api/v2/users', '= /api/v2/users' ],
    [ 'http://unix:/tmp/backend.sock', '/api/' ],
    [ 'http://unix:/tmp/backend.sock:', '/api/' ],
    [ 'http://unix:/tmp/backend.sock:/api/', '/api/' ],
    [ 'http://$v', '/api/' ],
    [ '$scheme://$v', '/api/' ],
    [ 'http://$v$request_uri', '/api/' ],
    [ 'http://127.0.0.1:1$request_uri', '/api/' ],
    [ 'http://$v$uri$is_args$args', '/api/' ],
    [ 'http://$v$uri?$args', '/api/' ],
    [ 'http://$v/api/$1', '~ ^/api/(.*)' ],
    [ 'http://$v/api/v2/users$is_args$args', '= /api/v2/users' ],
);
silent 'no warning: what a rewrite makes of the path is sent, and not that of proxy_pass',
    server('location /old/ { $$ rewrite ^/old/(.*)$ /api/v2/$1 break; proxy_pass http://127.0.0.1:1/; }');
silent 'no warning: proxy_pass with a path where nothing is gated', server('location /x/ { proxy_pass http://127.0.0.1:1/; }');

# ---------------------------------------------------------------- token sources

sub no_source {
    return 'no token is valid, as there is no token source: set "eiam_introspection", "eiam_jwks" or "eiam_learn",'
        . qq{ or list tokens in "eiam_applications", in location "$_[0]" of %SERVER%};
}

warns '2.5-7: a gate without a token source', server('location /api/ { %% }'), no_source('/api/');
warns 'with applications that have no token', server('location /api/ { %% eiam_applications %DIR%/none.json; }'), no_source('/api/');
warns 'once for all locations of a server', server('%% location /api/ { proxy_pass http://127.0.0.1:1; } location /api/v2/ { proxy_pass http://127.0.0.1:1; }'),
    no_source('/api/');
silent "no warning: a token source is $_->[0]", server($_->[1]) for (
    [ 'the applications file', 'location /api/ { %% eiam_applications %DIR%/apps.json; }' ],
    [ 'introspection', 'location /api/ { %% eiam_introspection /_ask; } location = /_ask { internal; proxy_pass http://127.0.0.1:1/introspect; }' ],
    [ 'a key file', 'location /api/ { %% eiam_jwks %DIR%/keys.json; eiam_jwt_issuer i; eiam_jwt_audience a; }' ],
    [ 'a key set', 'location /api/ { %% eiam_jwks /_keys; eiam_jwt_issuer i; eiam_jwt_audience a; }
        location = /_keys { internal; proxy_pass http://127.0.0.1:1/keys; }' ],
    [ 'the token interface', 'location /api/ { %% } location = /token { eiam_learn on; proxy_pass http://127.0.0.1:1/oauth/token; }' ],
);
silent 'no warning: public operations need no token', server('location /api/ { eiam on; eiam_policy %DIR%/public.json; }');
silent 'no warning: sources of the locations that pass calls on', server('%% location / { } location = /health { return 204; }
    location /api/ { eiam_applications %DIR%/apps.json; proxy_pass http://127.0.0.1:1; }');

# ---------------------------------------------------------------- static tokens

warns '2.5-7: static tokens that have expired, and whose they are', server('location /api/ { %% eiam_applications %DIR%/over.json; }'),
    qq{"%DIR%/over.json": static tokens have expired (3), of the applications "crm", "a\\x22b"};
warns 'the first of many applications, and once for all locations',
    server('eiam_applications %DIR%/many.json; location /api/ { %% } location /api/v2/ { %% } location /s/ { eiam_status; }'),
    qq{"%DIR%/many.json": static tokens have expired (9), of the applications "a1", "a2", "a3" and 6 more};

# ---------------------------------------------------------------- the status location

sub unreached {
    my ($directive, $location, $path, $policy) = @_;
    return qq{nobody reaches "$directive" below "$path/", the path of the policy "%DIR%/$policy.json", so move it,}
        . qq{ in location "$location" of %SERVER%};
}

warns "2.5-7: $_->[0] in a location below the path of a policy: $_->[1]", server("location /api/ { \$\$ } location $_->[1] { $_->[0]; }"),
    unreached($_->[0], $_->[1] =~ /(\S+)$/, '/api/v2', 'policy')
    for map { my $directive = $_; map { [ $directive, $_ ] } '/api/v2/status/', '/api/v2', '= /api/v2/', '^~ /api/v2/a' } qw(eiam_status eiam_control);
warns 'inside the gated location', server('location /api/ { $$ location /api/v2/status { eiam off; eiam_status; } }'),
    unreached('eiam_status', '/api/v2/status', '/api/v2', 'policy');

my $root = 'location / { eiam on; eiam_policy %DIR%/root.json; eiam_applications %DIR%/apps.json; }';
warns '2.5-7: at the path of an operation of a policy without a path', server("$root location /status/ { eiam_status; }"),
    unreached('eiam_status', '/status/', '', 'root');
warns 'below one whose templates begin with a parameter', server(($root =~ s/root/any/gr) . ' location /_eiam/ { eiam_status; }'),
    unreached('eiam_status', '/_eiam/', '', 'any');
silent "no warning: $_->[0]", server($_->[1]) for (
    [ 'a status location beside the path of a policy', 'location /api/ { $$ } location /status/ { eiam_status; } location /api/status/ { eiam_status; }
        location /api/v2x { eiam_status; } location /api/v { eiam_status; }' ],
    [ 'one above it', 'location /api/v2/ { $$ } location /api/ { eiam_status; }' ],
    [ 'one beside the operations of a policy without a path', "$root location /_eiam/ { eiam_status; } location /stat/ { eiam_status; }" ],
);
silent 'no warning: one in another server', server('location /api/ { $$ }')
    . 'server { listen 127.0.0.1:%PORT%; server_name status; location /api/v2/status/ { eiam_status; } }';

$gate = nginx(files => \%files, server => $root . ' location /status/ { eiam_status; } location /_eiam/ { eiam_status; }
    location /api/ { eiam on; eiam_policy %DIR%/policy.json; eiam_applications %DIR%/apps.json; } location /api/v2/status/ { eiam_status; }')->start;
is_deeply [ map { get($gate, $_)->{status} } '/status/', '/_eiam/', '/api/v2/status/', '/api/v2/status/json' ], [ 400, 200, 400, 400 ],
    'it is as the warnings say';

done_testing;
