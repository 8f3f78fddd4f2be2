#!/usr/bin/perl
# Directives that nginx -t refuses, with the message, and those that it accepts.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use POSIX ();
use Test::More;
use EIAM::Test;

my %files = (
    'key' => "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
    'policy.json' => policy('/api', 'GET /users' => ['user_read'], 'PUT /users' => ['user_write']),
    'other.json'  => policy('/other', 'GET /orgs' => ['org_read']),
    'apps.json'   => applications({ id => 'crm', permissions => ['user_read'], tokens => ['t'] }),
    'typo.json'   => applications({ id => 'crm', permissions => ['user_reed', 'user_read'], tokens => ['t'] }),
    'sub/policy.json' => policy('/sub', 'GET /a' => 'public'),
);
my $gate = nginx(files => \%files, conf => '');
my $dir  = $gate->dir;

# Tries the inside of an http block with a zone; %% stands for the two directives that a gate needs.
sub check {
    my ($conf, %opt) = @_;
    $conf =~ s/%%/eiam on; eiam_policy %DIR%\/policy.json;/g;
    my $text = $gate->{texts}{start} //= slurp("$dir/nginx.conf");
    $text =~ s/^\s*eiam_zone .*/$opt{zone}/m or die "no zone\n" if defined $opt{zone};
    $text =~ s/\}\s*\z/\n$conf\n}\n/;
    $text =~ s/^events/$opt{main}\nevents/m if $opt{main};
    my $keep = $gate->{texts};
    $gate->write_file('nginx.conf', $text);
    $gate->{texts} = $keep;
    return $gate->check;
}

sub server { return "server { listen 127.0.0.1:%PORT%; server_name gate; $_[0] }" }

# The message must be on one [emerg] line, followed by file and line of the configuration.
sub refuses {
    my ($title, $conf, $says, %opt) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($code, $text) = check($conf, %opt);
    $says =~ s/%DIR%/$dir/g;
    $says .= " in $dir/nginx.conf:" unless $opt{whole};
    ok $code == 1 && $text =~ /\[emerg\] .*\Q$says\E/, "refused: $title"
        or diag "exit code $code, expected $says\n$text";
    return;
}

# That these gates serve no call is told as well, which t/config-warnings.t is about.
my $idle = qr{\[warn\] \S+ (?:no token is valid, as|all calls are refused, as|"proxy_pass )};

sub takes {
    my ($title, $conf, %opt) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($code, $text) = check($conf, %opt);
    my @warnings = grep { /\[warn\]/ && !/$idle/ } split /\n/, $text;
    ok $code == 0 && ($opt{warns} ? "@warnings" =~ $opt{warns} : !@warnings), "accepted: $title"
        or diag $text;
    return scalar @warnings;
}

# ---------------------------------------------------------------- arguments and contexts

# directive => [a valid value, the minimum and maximum number of arguments, its contexts, and options: repeatable =>
# 1, second => a second value, zone => what replaces the usual zone]
my @everywhere = (contexts => [qw(http server location)]);
my %directives = (
    'eiam'                       => [ 'off', 1, 1, @everywhere ],
    'eiam_policy'                => [ '%DIR%/policy.json', 1, 2, second => 'complete', @everywhere ],
    'eiam_applications'          => [ '%DIR%/apps.json', 1, 2, second => 'listed', @everywhere ],
    'eiam_objects'               => [ 'report', 1, 1, @everywhere ],
    'eiam_applications_reload'   => [ 'off', 1, 1, @everywhere ],
    'eiam_zone'                  => [ 'other 64k', 2, 2, contexts => ['http'], zone => '' ],
    'eiam_redis'                 => [ '127.0.0.1:1 unix:/r prefix=a:', 1, undef, contexts => ['http'],
        zone => 'eiam_zone eiam 1m; eiam_redis_key %DIR%/key;' ],
    'eiam_redis_key'             => [ '%DIR%/key', 1, 1, contexts => ['http'] ],
    'eiam_redis_grace'           => [ '5m', 1, 1, contexts => ['http'] ],
    'eiam_redis_stale'           => [ 'off', 1, 1, @everywhere ],
    'eiam_token_max'             => [ '16k', 1, 1, @everywhere ],
    'eiam_introspection'         => [ '/introspect', 1, 1, @everywhere ],
    'eiam_introspection_audience' => [ 'a b', 1, undef, @everywhere ],
    'eiam_introspection_limit'   => [ '100', 1, 1, @everywhere ],
    'eiam_introspection_timeout' => [ '500ms', 1, 1, @everywhere ],
    'eiam_introspection_circuit' => [ '3', 1, 2, second => '500ms', @everywhere ],
    'eiam_jwks'                  => [ '/jwks', 1, 1, @everywhere ],
    'eiam_jwks_refresh'          => [ '1m', 1, 1, @everywhere ],
    'eiam_jwks_max_age'          => [ '1h', 1, 1, @everywhere ],
    'eiam_jwks_interval'         => [ '1m', 1, 1, @everywhere ],
    'eiam_jwks_timeout'          => [ '1s', 1, 1, @everywhere ],
    'eiam_jwt_issuer'            => [ 'https://as https://as/', 1, undef, @everywhere ],
    'eiam_jwt_audience'          => [ 'a b', 1, undef, @everywhere ],
    'eiam_jwt_application'       => [ 'client_id /act/sub', 1, undef, @everywhere ],
    'eiam_jwt_scopes'            => [ 'scp /realm_access/roles', 1, undef, @everywhere ],
    'eiam_jwt_algorithms'        => [ 'RS256 ES256', 1, undef, @everywhere ],
    'eiam_jwt_leeway'            => [ '1m', 1, 1, @everywhere ],
    'eiam_learn'                 => [ 'off', 1, 1, contexts => ['location'] ],
    'eiam_revoke'                => [ 'off', 1, 1, contexts => ['location'] ],
    'eiam_status'                => [ '', 0, 0, contexts => ['location'] ],
    'eiam_control'               => [ '', 0, 1, second => 'open', contexts => ['location'] ],
    'eiam_cache_valid'           => [ '1m', 1, 1, @everywhere ],
    'eiam_cache_negative'        => [ '1m', 1, 1, @everywhere ],
    'eiam_cache_stale'           => [ '1h', 1, 1, @everywhere ],
    'eiam_scope_implies'         => [ 'user_write user_read', 2, undef, repeatable => 1, @everywhere ],
    'eiam_path'                  => [ 'utf8', 1, 1, @everywhere ],
    'eiam_realm'                 => [ '"a realm"', 1, 1, @everywhere ],
    'eiam_error_language'        => [ 'zh', 1, 1, @everywhere ],
);

my @known = slurp(top_dir() . '/ngx_eiam_module.c') =~ /\{ ngx_string\("(eiam\w*)"\),/g;
is join(' ', sort @known), join(' ', sort keys %directives), 'every directive of the module is tried here';

# The directive in one context, where it is allowed or not.
sub in {
    my ($where, $directive) = @_;
    return $directive if $where eq 'http';
    return server($where eq 'server' ? $directive : "location / { $directive }");
}

for my $name (sort keys %directives) {
    my ($value, $fewest, $most, %opt) = @{ $directives{$name} };
    my $number  = qq{invalid number of arguments in "$name" directive};
    my $nowhere = qq{"$name" directive is not allowed here};
    my @zone    = exists $opt{zone} ? (zone => $opt{zone}) : ();
    my %allowed = map { ($_ => 1) } @{ $opt{contexts} };
    my $where   = $opt{contexts}[-1];

    refuses "$name without a value", in($where, "$name;"), $number, @zone if $fewest;
    refuses "$name with one value alone", in($where, "$name user_read;"), $number, @zone if $fewest > 1;
    refuses "$name with too many values", in($where, "$name $value x" . ' x' x ($most - $fewest) . ';'),
        $number, @zone if $most;
    takes "$name with a second value", in($where, "$name $value $opt{second};") if $opt{second};
    refuses "$name as a block", in($where, "$name $value { }"),
        qq{directive "$name" is not terminated by ";"}, @zone;
    refuses "$name in if", server("location / { if (\$args) { $name $value; } }"), $nowhere, @zone;
    refuses "$name in limit_except", server("location / { limit_except GET { $name $value; } }"), $nowhere,
        @zone;
    refuses "$name outside http", '', $nowhere, main => "$name $value;", @zone;
    refuses "$name in upstream", "upstream u { $name $value; }", $nowhere, @zone;

    for my $where (qw(http server location)) {
        my ($once, $twice) = (in($where, "$name $value;"), in($where, "$name $value; $name $value;"));
        if (!$allowed{$where}) {
            refuses "$name in $where", $once, $nowhere, @zone;
            next;
        }
        takes "$name in $where", $once, @zone;
        $opt{repeatable} ? takes("$name twice in $where", $twice, @zone)
            : refuses("$name twice in $where", $twice, qq{"$name" directive is duplicate}, @zone);
    }
    takes "$name on three levels", "$name $value;" . server("$name $value; location / { $name $value; }")
        if keys %allowed == 3;
}
my $events = $gate->{texts}{start} =~ s/^events \{/events { eiam off;/mr;
$gate->write_file('nginx.conf', $events);
like +($gate->check)[1], qr/"eiam" directive is not allowed here in \Q$dir\E/, 'refused: eiam in events';

# ---------------------------------------------------------------- values

my @none      = (zone => '');
my $requests  = 'limit_req_zone $host zone=other:1m rate=1r/s;';
my $other_use = 'the shared memory zone "other" is already declared for a different use';

refuses @$_ for (
    (map { [ "eiam '$_'", server("eiam '$_';"), qq{eiam: "$_" is none of "on", "off", "report"; set} ] }
        'yes', '1', 'reports', ''),
    (map { [ "eiam_path '$_'", server("eiam_path '$_';"), qq{eiam_path: "$_" is none of "strict", "utf8"; set} ] }
        'utf-8', 'loose', ''),
    (map { [ "eiam_error_language '$_'", server("eiam_error_language '$_';"),
        qq{eiam_error_language: "$_" is none of "en", "zh", "auto"; set} ] } 'de', 'english', 'zh-CN', ''),
    (map { [ sprintf('a realm with character %d', ord($_->[0])), server("eiam_realm $_->[1];"),
        qq{eiam_realm: "$_->[0]" must have only printable ASCII characters, and no quote or backslash; set} ] }
        [ '"', q{'"'} ], [ '\\', q{'\\\\'} ], [ "\x7f", "'\x7f'" ], [ "\xc3\xa9", "'\xc3\xa9'" ], [ "\t", "'\t'" ]),
    [ '2.2-5: a value of 3,000 bytes does not hide the place', server('eiam_realm "' . 'x' x 3000 . "\xc3\xa9\";"), '; set' ],
    [ 'a realm with a line feed', server("eiam_realm 'a\\nb';"), qq{eiam_realm: "a}, whole => 1 ],
    (map { [ "eiam_zone other $_", "eiam_zone other $_;",
        qq{eiam_zone: "$_" is too small for a zone, which needs 64k at least; set}, @none ] } 0, 4096, '63k', 65_535),
    (map { [ "eiam_zone other '$_'", "eiam_zone other '$_';",
        qq{eiam_zone: "$_" is not a size such as "512k" or "16m"; set}, @none ] }
        '', '-1', '1x', '1m1', '1g', '1.5m', 'other', '9' x 20),
    [ 'eiam_zone without a name', 'eiam_zone "" 1m;',
        q{eiam_zone: the zone's name is empty, give it one as in "eiam_zone eiam 16m"; set}, @none ],
    [ 'a zone of another kind with its name', "eiam_zone other 1m; $requests", $other_use, @none ],
    [ 'a zone with the name of another kind', "$requests eiam_zone other 1m;", $other_use, @none ],
    [ 'another zone', 'eiam_zone other 1m;', '"eiam_zone" directive is duplicate' ],
    (map { my $name = $_; map { [ "2.2-5: $name '$_' is told that a location is needed", server("$name '$_';"),
        qq{$name: "$_" is not a location: name an internal one, whose path begins with "/"; set} ] } '', '@introspect',
        $name =~ /jwks/ ? () : ('introspect', 'on', 'OFF', 'http:/127.0.0.1', 'as.example.com/introspect') }
        qw(eiam_introspection eiam_jwks)),
    (map { my $name = $_; map { [ "2.2-5: $name $_ is told that a location with proxy_pass is needed",
        server("$name $_;"), qq{$name: "$_" is a URL: name an internal location, such as "/_source", with }
        . qq{"proxy_pass $_"; set} ] } 'http://127.0.0.1:1/introspect', 'https://as.example.com/jwks', 'HTTPS://as' }
        qw(eiam_introspection eiam_jwks)),
    (map { [ "2.2-5: eiam_introspection_limit '$_'", server("eiam_introspection_limit '$_';"),
        qq{eiam_introspection_limit: "$_" is not a number from 1 to 1024; set} ] }
        '', '-1', 'x', '1k', '1.5', '9' x 20, 0, 1025),
    (map { my ($name, $needed, @more) = @$_; map { [ "2.2-5: $name '$_'", server("$name '$_';"),
        qq{$name: "$_" is not a time $needed; set} ] } '', '-1', 'x', '1x', '1 s ', '1.5s', '9' x 20, @more }
        (map { [ $_, 'in seconds, such as "30s" or "5m"', '1ms', 'off' ] }
            qw(eiam_cache_valid eiam_cache_negative eiam_cache_stale)),
        (map { [ $_, 'of at least a second, such as "30s" or "5m"', '1ms', '0', '0s', 'off' ] }
            qw(eiam_jwks_refresh eiam_jwks_max_age)),
        [ 'eiam_jwt_leeway', 'in seconds of at most a day, such as "30s" or "5m"', '1ms', '2d', '86401', '24h1s' ],
        (map { [ $_, 'of at least a millisecond, such as "500ms" or "10s"', '0', '0ms', '0s' ] }
            qw(eiam_introspection_timeout eiam_jwks_timeout eiam_jwks_interval))),
    (map { [ "2.2-5: eiam_introspection_circuit '$_'", server("eiam_introspection_circuit '$_';"),
        qq{eiam_introspection_circuit: "$_" is not a number of failures, such as "5", or "0" for no circuit; set} ] }
        '', '-1', 'x', '5s', '1.5', 2_147_483_648, '9' x 20),
    (map { [ "2.2-5: eiam_introspection_circuit 5 '$_'", server("eiam_introspection_circuit 5 '$_';"),
        qq{eiam_introspection_circuit: "$_" is not a time of at least a millisecond, such as "500ms" or "10s"; set} ] }
        '', 0, '0s', '-1', 'x', '1x', '1.5s'),
    (map { [ "2.2-5: eiam_learn '$_'", server("location / { eiam_learn '$_'; }"),
        qq{eiam_learn: "$_" is none of "on", "off"; set} ] } qw(yes 1 report), ''),
    (map { [ "2.2-5: $_ with an empty value", server("$_ a '' b;"),
        "$_: a value is empty, which matches nothing: remove it; set" ] }
        qw(eiam_introspection_audience eiam_jwt_audience eiam_jwt_issuer)),
    (map { [ "2.2-5: eiam_jwt_algorithms with '$_'", server("eiam_jwt_algorithms ES256 '$_';"),
        qq{eiam_jwt_algorithms: "$_" is not an algorithm that can be accepted: these are RS256 RS384 RS512 PS256 PS384 }
        . 'PS512 ES256 ES384 ES512 ES256K EdDSA Ed25519 Ed448 HS256 HS384 HS512; set' ] } 'none', 'rs256', 'RS1', ''),
    [ 'the first scope of eiam_scope_implies is unknown',
        server('eiam_scope_implies user_all user_read; location /api/ { %% }'),
        'no policy declares the scope "user_all" of "eiam_scope_implies" in location "/api/" of server "gate"' ],
    [ 'a later scope of eiam_scope_implies is unknown',
        server('location /api/ { %% eiam_scope_implies user_write user_read User_read; }'),
        'no policy declares the scope "User_read" of "eiam_scope_implies" in location "/api/" of server "gate"' ],
    [ 'an inherited eiam_scope_implies is unknown',
        'eiam_scope_implies user_read user_reed;' . server('location /api/ { %% }'),
        'no policy declares the scope "user_reed" of "eiam_scope_implies" in location "/api/" of server "gate"' ],
);

# ---------------------------------------------------------------- what a gate needs

sub at { return ($_[0] ? qq{in location "$_[0]" of server } : 'in server ') . '"' . ($_[1] // 'gate') . '"' }

my $needs = '"eiam" needs "eiam_policy"';
my $any   = '"satisfy any" lets calls pass that "eiam" refuses, so set "satisfy all"';
my $zone  = '"eiam" needs "eiam_zone"';
my ($status, $at) = ('"eiam_status" needs', at('/status/'));
my $prefix = 'a location with a prefix or a path, so it cannot be used';
refuses @$_ for (
    [ 'a gate without zone', server('location /api/ { %% }'), "$zone " . at('/api/'), @none ],
    [ 'a reporting gate without zone',
        server('location /api/ { eiam report; eiam_policy %DIR%/policy.json; }'), "$zone " . at('/api/'), @none ],
    [ 'a server gated without zone', server('%%'), "$zone " . at(''), @none ],
    [ 'a gate without zone in one of two servers',
        server('') . server('location /b { %% }') =~ s/gate/other/r, "$zone " . at('/b', 'other'), @none ],
    [ 'eiam_learn without zone', server('location /token { eiam_learn on; }'),
        '"eiam_learn" needs "eiam_zone" ' . at('/token'), @none ],
    [ 'eiam_learn in a server without a gate', server('location /token { eiam_learn on; }') . 'server { %% }',
        qq{"eiam_learn" is of no use without "eiam" in server "gate" in $dir/nginx.conf:}, whole => 1 ],
    [ 'eiam_status without zone', server('location /status/ { eiam_status; }'), qq{$status "eiam_zone" $at},
        @none ],
    [ 'eiam_status in a location by a regex', server('location ~ ^/x { eiam_status; }'),
        "$status $prefix " . at('^/x') ],
    [ 'eiam_status in a named location', server('location @s { eiam_status; }'),
        "$status $prefix " . at('@s') ],
    [ 'eiam_status in a gated location', server('location /status/ { %% eiam_status; }'),
        qq{$status "eiam off" $at} ],
    [ 'eiam_status in a location that reports', server('location /status/ { eiam report; eiam_status; }'),
        qq{$status "eiam off" $at} ],
    [ 'eiam_status in a gated server', server('%% location /status/ { eiam_status; }'),
        qq{$status "eiam off" $at} ],
    [ 'eiam_status in gated servers', '%%' . server('location /status/ { eiam_status; }'),
        qq{$status "eiam off" $at} ],
    [ 'eiam_status inside a gated location',
        server('location /api/ { %% location /api/status/ { eiam_status; } }'),
        qq{$status "eiam off" } . at('/api/status/') ],
    [ 'a gate without policy', server('location /api/ { eiam on; }'), "$needs " . at('/api/') ],
    [ 'a reporting gate without policy', server('location /api/ { eiam report; }'), "$needs " . at('/api/') ],
    [ 'a server gated without policy', server('eiam on;'), "$needs " . at('') ],
    [ 'a gate for all servers without policy', 'eiam on;' . server(''), "$needs " . at('') ],
    [ 'a gate in a regex location without policy', server('location ~ ^/a { eiam on; }'), "$needs " . at('^/a') ],
    [ 'a gate in a named location without policy', server('location @a { eiam on; }'), "$needs " . at('@a') ],
    [ 'a gate in a nested location without policy',
        server('location /a { eiam_policy %DIR%/policy.json; } location /b { location /b/c { eiam on; } }'),
        "$needs " . at('/b/c') ],
    [ 'a policy beside the gate', server('location /a { eiam on; } location /b { eiam_policy %DIR%/policy.json; }'),
        "$needs " . at('/a') ],
    [ 'satisfy any at a gate', server('location /api/ { %% satisfy any; }'), "$any " . at('/api/') ],
    [ 'satisfy any at a reporting gate',
        server('location /api/ { eiam report; eiam_policy %DIR%/policy.json; satisfy any; }'), "$any " . at('/api/') ],
    [ 'satisfy any of the server', server('satisfy any; location /api/ { %% }'), "$any " . at('/api/') ],
    [ 'satisfy any of all servers', 'satisfy any;' . server('location /api/ { %% }'), "$any " . at('/api/') ],
    [ 'satisfy any in a nested location', server('location /api/ { %% location /api/a { satisfy any; } }'),
        "$any " . at('/api/a') ],
    [ 'a gate in a nested location under satisfy any',
        server('location /api/ { satisfy any; location /api/a { %% } }'), "$any " . at('/api/a') ],
    [ 'satisfy any of a gated server whose locations take it back',
        server('%% satisfy any; location / { satisfy all; }'), "$any " . at('') ],
);

for my $setting ('merge_slashes off', 'underscores_in_headers on', 'ignore_invalid_headers off') {
    my $plain = "\nserver { listen 127.0.0.1:%PORT%; server_name bare; $setting; }\n";
    my $says  = qq{"$setting" must not be set in server "gate" in $dir/nginx.conf:};
    my @whole = (whole => 1);
    refuses "$setting beside a gate", server("$setting; location /api/ { %% }"), $says, @whole;
    refuses "$setting beside a reporting gate",
        server("$setting; location /api/ { eiam report; eiam_policy %DIR%/policy.json; }"), $says, @whole;
    refuses "$setting beside a nested gate", server("$setting; location /a { location /a/b { %% } }"), $says, @whole;
    refuses "$setting for all servers", "$setting;" . server('%%'), $says, @whole;
    takes "$setting in a server without gate", $plain . server('location /api/ { %% }');

    my ($code, $text) = check("$plain\n\n" . server("location /api/ { %% } $setting;"));
    my $line = grep { 1 } split /\n/, slurp("$dir/nginx.conf") =~ s/server_name gate.*//sr;
    like $text, qr{\Q$says\E$line, which has "eiam"}, "$setting: the message names the line of the server";
}

# ---------------------------------------------------------------- files

$gate->write_file('empty.json', '');
$gate->write_file('deep.json', '[' x 100_000);
$gate->write_file('deep-object.json', '{"a":' x 100_000 . '1' . '}' x 100_000);
$gate->write_file('deep-extension.json', '{"openapi":"3.0.3","x-a":' . '[' x 100_000 . ']' x 100_000 . '}');
$gate->write_file('huge.json', '{');
truncate "$dir/huge.json", 64 * 1024 * 1024 + 1 or die "truncate: $!";
$gate->write_file('blank.json', '');
truncate "$dir/blank.json", 64 * 1024 * 1024 or die "truncate: $!";
POSIX::mkfifo("$dir/fifo.json", 0600) or die "mkfifo: $!";
mkdir "$dir/folder.json" or die "mkdir: $!";
symlink 'loop.json', "$dir/loop.json" or die "symlink: $!";

for my $directive (qw(eiam_policy eiam_applications)) {
    for my $case (
        [ 'a file that is not there', '%DIR%/none.json', 'cannot be opened (2: No such file or directory); set in ' ],
        [ 'a missing file relative to the configuration', 'none.json', 'cannot be opened (2: ' ],
        [ 'a file below a file', '%DIR%/policy.json/x', 'cannot be opened (20: Not a directory); set in ' ],
        [ 'a link to itself', '%DIR%/loop.json', 'cannot be opened (40: ' ],
        [ 'a name with a variable is a plain name', 'a$host.json', 'cannot be opened (2: ' ],
        [ 'a directory', '%DIR%/folder.json', 'is not a regular file; set in ' ],
        [ 'a FIFO, without waiting', '%DIR%/fifo.json', 'is not a regular file; set in ' ],
        [ 'a device', '/dev/zero', 'is not a regular file; set in ' ],
        [ 'an empty file', '%DIR%/empty.json', "line 1 column 0: '[' or '{' expected near end of file; set in " ],
        [ 'a file of 64 MiB and a byte', '%DIR%/huge.json', 'is larger than 67108864 bytes; set in ' ],
        [ 'a file of 64 MiB of NUL', '%DIR%/blank.json', 'line 1 column 1: ' ],
        # a minimal chroot has no sysfs
        (-e '/sys/kernel/uevent_seqnum' ? [ 'a file that is shorter than it says',
            '/sys/kernel/uevent_seqnum', 'cannot be read; set in ' ] : ()),
        [ '100,000 open brackets', '%DIR%/deep.json', 'line 1 column 2049: maximum parsing depth reached near ' ],
        [ '100,000 nested objects', '%DIR%/deep-object.json', 'line 1 column 10241: maximum parsing depth' ],
        [ 'an extension of 100,000 levels', '%DIR%/deep-extension.json', 'line 1 column 2073: maximum parsing' ],
    ) {
        my ($title, $name, $reason) = @$case;
        my $path = $name =~ /^[%\/]/ ? $name : "%DIR%/$name";
        refuses "$directive: $title", server("location /api/ { $directive $name; }"),
            "$directive: \"$path\": $reason", whole => 1;
    }
}

# root may read everything, so that capability is dropped here.
{
    chmod 0, "$dir/apps.json" or die "chmod: $!";
    my ($nginx) = $gate->_command;
    my $script = $gate->write_file('unprivileged',
        "#!/bin/sh\nexec setpriv --bounding-set=-dac_override,-dac_read_search $nginx \"\$@\"\n");
    chmod 0755, $script or die "chmod: $!";
    local $ENV{EIAM_NGINX} = $> ? $nginx : $script;
    refuses 'a file that must not be read', server('location / { eiam_applications %DIR%/apps.json; }'),
        '"%DIR%/apps.json": cannot be opened (13: Permission denied); set';
    chmod 0600, "$dir/apps.json" or die "chmod: $!";
}

# ---------------------------------------------------------------- good configurations

takes @$_ for (
    [ 'a gate in a location', server('location /api/ { %% }') ],
    [ 'a gate for a server', server('%%') ],
    [ 'a gate for all servers', '%%' . server('location / { }') ],
    [ 'a reporting gate', server('eiam report; eiam_policy %DIR%/policy.json;') ],
    [ 'a policy on a higher level', 'eiam_policy %DIR%/policy.json;' . server('location / { eiam on; }') ],
    [ 'no policy where eiam is off', server('location / { eiam off; }') ],
    [ 'no policy where eiam is switched off again',
        server('location /api/ { %% } location / { eiam off; eiam_applications %DIR%/apps.json; }') ],
    [ 'satisfy any where eiam is off', server('%% location / { eiam off; satisfy any; }') ],
    [ 'satisfy all at a gate', 'satisfy any;' . server('location /api/ { %% satisfy all; } satisfy all;') ],
    [ 'satisfy any of a server whose gated location takes it back',
        server('satisfy any; location /api/ { %% satisfy all; }') ],
    [ 'the harmless value of each setting',
        server('merge_slashes on; underscores_in_headers off; ignore_invalid_headers on; %%') ],
    [ 'limit_except and if in a gated location',
        server('location /api/ { %% limit_except GET { deny all; } if ($args) { set $a b; } }') ],
    [ 'one policy in two locations', server('location /a { %% } location /b { %% }') ],
    [ 'two policies in one server',
        server('location /a { %% } location /b { eiam on; eiam_policy %DIR%/other.json; }') ],
    [ 'files relative to the configuration', server('location / { eiam on; eiam_policy policy.json;
        eiam_applications apps.json; } location /sub { eiam on; eiam_policy sub/policy.json; }') ],
    [ 'eiam_scope_implies with scopes of a policy further down',
        'eiam_scope_implies org_read user_read;' . server('location /a { %% }
            location /b { eiam on; eiam_policy %DIR%/other.json; }') ],
    [ 'an unknown scope where nothing is gated', server('eiam_scope_implies a b;') ],
    [ 'an empty realm', server('%% eiam_realm "";') ],
    [ 'a realm of printable ASCII', server(q{%% eiam_realm "a b,;=/{}'~!";}) ],
    [ 'a permission of another policy', server('location /a { %% eiam_applications %DIR%/apps.json; }
        location /b { eiam on; eiam_policy %DIR%/other.json; eiam_applications %DIR%/apps.json; }') ],
    [ 'on, off and report in any case', server('%% location /a { eiam Off; } location /b { eiam REPORT; }') ],
    [ 'no zone where eiam is off', server('location / { eiam off; eiam_learn off; }'), @none ],
    (map { [ "eiam_zone other $_", "eiam_zone other $_;" . server('%%'), @none ] } 65_536, '64k', '2M'),
    [ 'a zone behind the server that needs it', server('%%') . 'eiam_zone other 1m;', @none ],
    [ 'a zone beside one of another kind', $requests . server('%%') ],
    (map { [ "eiam_introspection_limit $_", server("%% eiam_introspection_limit $_;") ] } 1, 1024),
    (map { [ "eiam_introspection_timeout $_", server("%% eiam_introspection_timeout $_;") ] }
        '1ms', '1m30s', 5),
    (map { [ "eiam_introspection_circuit $_", server("%% eiam_introspection_circuit $_;") ] }
        0, 1, 2_147_483_647, '0 1s', '5 1ms', '5 1h'),
    (map { my $name = $_; map { [ "$name $_", server("%% $name $_;") ] } 0, '0s', '1', '1h30m', '1d' }
        qw(eiam_cache_valid eiam_cache_negative eiam_cache_stale)),
    [ 'eiam_introspection off', server('%% eiam_introspection off;') ],
    [ 'eiam_learn beside a gate and behind one', server('location = /token { eiam_learn on; }
        location /api/ { %% location = /api/token { eiam_learn on; } }') ],
    [ 'eiam_learn beside a gate that reports',
        server('location = /token { eiam_learn on; } eiam report; eiam_policy %DIR%/policy.json;') ],
    [ 'eiam_status beside a gate', server('location /api/ { %% } location /status/ { eiam_status; }') ],
    [ 'eiam_status in a gated server, where it is off',
        server('%% location /status/ { eiam off; eiam_status; }') ],
    [ 'eiam_status without a gate', server('location /status/ { eiam_status; }') ],
    [ 'eiam_status in locations by a prefix', server('location = /status { eiam_status; }
        location ^~ /x/ { eiam_status; } location /y { location /y/z { eiam_status; } }') ],
    [ 'eiam_status with files of its own',
        server('location /status/ { eiam_status; eiam_policy policy.json; eiam_applications apps.json; }') ],
    [ 'a zone behind the server that shows it', server('location /s { eiam_status; }')
        . 'eiam_zone other 1m;', @none ],
    (map { [ "eiam_error_language $_", server("%% eiam_error_language $_;") ] } qw(en zh auto)),
    (map { [ "eiam_path $_", server("%% eiam_path $_;") ] } qw(strict utf8)),
);

my $unknown = qr{\Q"$dir/typo.json": no policy declares the permission "user_reed" of application "crm"\E$};
is takes('a permission that no policy declares, with a warning',
    server('location /api/ { %% eiam_applications %DIR%/typo.json; }'), warns => $unknown), 1,
    'the warning comes once';
is takes('the same file for two gates', server('eiam_applications %DIR%/typo.json; location /a { %% } location /b { %% }'),
    warns => $unknown), 1, 'the warning still comes once';
subtest '2.7-1: permissions that no policy declares, in many applications' => sub {
    my @many = map { { id => "app$_", permissions => [ 'user_reed', $_ > 1 ? "odd$_" : () ] } } 1 .. 30;
    $gate->write_file('many.json', applications(@many));
    my ($code, $text) = check(server('location /api/ { %% eiam_applications %DIR%/many.json; }'));
    is $code, 0, 'they are no error' or diag $text;
    my @lines = $text =~ /\[warn\].*no policy declares (.*)/g;
    is scalar @lines, 21, 'there is a line for each of the first twenty names, and one more';
    is $lines[0], 'the permission "user_reed" of application "app1", and of 29 more', 'with how many have it';
    is $lines[-1], '10 further permissions of applications', 'the last one counts those for which there is no line';
};

takes 'such a file where nothing is gated', server('eiam_applications %DIR%/typo.json;');

done_testing;
