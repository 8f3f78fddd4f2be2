#!/usr/bin/perl
# Directives that nginx -t refuses, with the text it says, and those it accepts.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use POSIX ();
use Test::More;
use EIAM::Test;

my %files = (
    'policy.json' => policy('/api', 'GET /users' => ['user_read'], 'PUT /users' => ['user_write']),
    'other.json'  => policy('/other', 'GET /orgs' => ['org_read']),
    'apps.json'   => applications({ id => 'crm', permissions => ['user_read'], tokens => ['t'] }),
    'typo.json'   => applications({ id => 'crm', permissions => ['user_reed', 'user_read'], tokens => ['t'] }),
    'sub/policy.json' => policy('/sub', 'GET /a' => 'public'),
);
my $gate = nginx(files => \%files, conf => '');
my $dir  = $gate->dir;

# The inside of the http block is tried; %% stands for a gate's two directives.
sub check {
    my ($conf, $main) = @_;
    $conf =~ s/%%/eiam on; eiam_policy %DIR%\/policy.json;/g;
    my $text = $gate->{texts}{start} //= slurp("$dir/nginx.conf");
    $text =~ s/\}\s*\z/\n$conf\n}\n/;
    $text =~ s/^events/$main\nevents/m if $main;
    my $keep = $gate->{texts};
    $gate->write_file('nginx.conf', $text);
    $gate->{texts} = $keep;
    return $gate->check;
}

sub server { return "server { listen 127.0.0.1:%PORT%; server_name gate; $_[0] }" }

# The text stands in one [emerg] line, with file and line of the configuration behind it.
sub refuses {
    my ($title, $conf, $says, %opt) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($code, $text) = check($conf, $opt{main});
    $says =~ s/%DIR%/$dir/g;
    $says .= " in $dir/nginx.conf:" unless $opt{whole};
    ok $code == 1 && $text =~ /\[emerg\] .*\Q$says\E/, "refused: $title"
        or diag "exit code $code, expected $says\n$text";
    return;
}

sub takes {
    my ($title, $conf, $warns) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($code, $text) = check($conf);
    my @warnings = grep { /\[warn\]/ } split /\n/, $text;
    ok $code == 0 && ($warns ? "@warnings" =~ $warns : !@warnings), "accepted: $title" or diag $text;
    return scalar @warnings;
}

# ---------------------------------------------------------------- arguments and contexts

# directive => [a good value, the most arguments it takes, may it be repeated?]
my %directives = (
    'eiam'                => [ 'off', 1 ],
    'eiam_policy'         => [ '%DIR%/policy.json', 1 ],
    'eiam_applications'   => [ '%DIR%/apps.json', 1 ],
    'eiam_scope_implies'  => [ 'user_write user_read', undef, 'repeatable' ],
    'eiam_path'           => [ 'utf8', 1 ],
    'eiam_realm'          => [ '"a realm"', 1 ],
    'eiam_error_language' => [ 'zh', 1 ],
);

my @known = slurp(top_dir() . '/ngx_eiam_module.c') =~ /\{ ngx_string\("(eiam\w*)"\),/g;
is join(' ', sort @known), join(' ', sort keys %directives), 'every directive of the module is tried here';

for my $name (sort keys %directives) {
    my ($value, $most, $repeatable) = @{ $directives{$name} };
    my $number = qq{invalid number of arguments in "$name" directive};
    my $place  = qq{"$name" directive is not allowed here};

    refuses "$name without a value", server("$name;"), $number;
    refuses "$name with too many values", server("$name $value x;"), $number if $most;
    refuses "$name with one scope alone", server("$name user_read;"), $number unless $most;
    refuses "$name as a block", server("$name $value { }"), qq{directive "$name" is not terminated by ";"};
    refuses "$name in if", server("location / { if (\$args) { $name $value; } }"), $place;
    refuses "$name in limit_except", server("location / { limit_except GET { $name $value; } }"), $place;
    refuses "$name outside http", '', $place, main => "$name $value;";
    refuses "$name in upstream", "upstream u { $name $value; }", $place;

    for my $context ([ http => '@' ], [ server => server('@') ], [ location => server('location / { @ }') ]) {
        my ($where, $form) = @$context;
        takes "$name in $where", $form =~ s/\@/$name $value;/r;
        my $twice = $form =~ s/\@/$name $value; $name $value;/r;
        $repeatable ? takes("$name twice in $where", $twice)
                    : refuses("$name twice in $where", $twice, qq{"$name" directive is duplicate});
    }
    takes "$name on three levels", "$name $value;" . server("$name $value; location / { $name $value; }");
}
my $events = $gate->{texts}{start} =~ s/^events \{/events { eiam off;/mr;
$gate->write_file('nginx.conf', $events);
like +($gate->check)[1], qr/"eiam" directive is not allowed here in \Q$dir\E/, 'refused: eiam in events';

# ---------------------------------------------------------------- values

refuses @$_ for (
    (map { [ "eiam '$_'", server("eiam '$_';"), qq{invalid value "$_"} ] } 'yes', '1', 'reports', ''),
    (map { [ "eiam_path '$_'", server("eiam_path '$_';"), qq{invalid value "$_"} ] } 'utf-8', 'loose', ''),
    (map { [ "eiam_error_language '$_'", server("eiam_error_language '$_';"), qq{invalid value "$_"} ] }
        'de', 'english', 'zh-CN', ''),
    (map { [ sprintf('a realm with character %d', ord($_->[0])), server("eiam_realm $_->[1];"),
        qq{invalid character in realm "$_->[0]"} ] } [ '"', q{'"'} ], [ '\\', q{'\\\\'} ],
        [ "\x7f", "'\x7f'" ], [ "\xc3\xa9", "'\xc3\xa9'" ], [ "\t", "'\t'" ]),
    [ 'a realm with a line feed', server("eiam_realm 'a\\nb';"), qq{invalid character in realm "a}, whole => 1 ],
    [ 'the first scope of eiam_scope_implies is unknown',
        server('eiam_scope_implies user_all user_read; location /api/ { %% }'),
        'no policy declares the scope "user_all" of "eiam_scope_implies"' ],
    [ 'a later scope of eiam_scope_implies is unknown',
        server('location /api/ { %% eiam_scope_implies user_write user_read User_read; }'),
        'no policy declares the scope "User_read" of "eiam_scope_implies"' ],
    [ 'an inherited eiam_scope_implies is unknown',
        'eiam_scope_implies user_read user_reed;' . server('location /api/ { %% }'),
        'no policy declares the scope "user_reed" of "eiam_scope_implies"' ],
);

# ---------------------------------------------------------------- what a gate needs

my $needs = '"eiam" needs "eiam_policy" in location';
my $any   = '"satisfy any" leads around "eiam" in location';
refuses @$_ for (
    [ 'a gate without policy', server('location /api/ { eiam on; }'), qq{$needs "/api/"} ],
    [ 'a reporting gate without policy', server('location /api/ { eiam report; }'), qq{$needs "/api/"} ],
    [ 'a server gated without policy', server('eiam on;'), qq{$needs ""} ],
    [ 'a gate for all servers without policy', 'eiam on;' . server(''), qq{$needs ""} ],
    [ 'a gate in a regex location without policy', server('location ~ ^/a { eiam on; }'), qq{$needs "^/a"} ],
    [ 'a gate in a named location without policy', server('location @a { eiam on; }'), qq{$needs "\@a"} ],
    [ 'a gate in a nested location without policy',
        server('location /a { eiam_policy %DIR%/policy.json; } location /b { location /b/c { eiam on; } }'),
        qq{$needs "/b/c"} ],
    [ 'a policy beside the gate', server('location /a { eiam on; } location /b { eiam_policy %DIR%/policy.json; }'),
        qq{$needs "/a"} ],
    [ 'satisfy any at a gate', server('location /api/ { %% satisfy any; }'), qq{$any "/api/"} ],
    [ 'satisfy any at a reporting gate',
        server('location /api/ { eiam report; eiam_policy %DIR%/policy.json; satisfy any; }'), qq{$any "/api/"} ],
    [ 'satisfy any of the server', server('satisfy any; location /api/ { %% }'), qq{$any "/api/"} ],
    [ 'satisfy any of all servers', 'satisfy any;' . server('location /api/ { %% }'), qq{$any "/api/"} ],
    [ 'satisfy any in a nested location', server('location /api/ { %% location /api/a { satisfy any; } }'),
        qq{$any "/api/a"} ],
    [ 'a gate in a nested location under satisfy any',
        server('location /api/ { satisfy any; location /api/a { %% } }'), qq{$any "/api/a"} ],
    [ 'satisfy any of a gated server whose locations take it back',
        server('%% satisfy any; location / { satisfy all; }'), qq{$any ""} ],
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
        [ 'a file that is not there', '%DIR%/none.json', 'cannot be opened (2: No such file or directory) in ' ],
        [ 'a missing file relative to the configuration', 'none.json', 'cannot be opened (2: ' ],
        [ 'a file below a file', '%DIR%/policy.json/x', 'cannot be opened (20: Not a directory) in ' ],
        [ 'a link to itself', '%DIR%/loop.json', 'cannot be opened (40: ' ],
        [ 'a name with a variable is a plain name', 'a$host.json', 'cannot be opened (2: ' ],
        [ 'a directory', '%DIR%/folder.json', 'is not a regular file in ' ],
        [ 'a FIFO, without waiting', '%DIR%/fifo.json', 'is not a regular file in ' ],
        [ 'a device', '/dev/zero', 'is not a regular file in ' ],
        [ 'an empty file', '%DIR%/empty.json', "line 1 column 0: '[' or '{' expected near end of file in " ],
        [ 'a file of 64 MiB and a byte', '%DIR%/huge.json', 'is larger than 67108864 bytes in ' ],
        [ 'a file of 64 MiB of NUL', '%DIR%/blank.json', 'line 1 column 1: ' ],
        # a minimal chroot has no sysfs
        (-e '/sys/kernel/uevent_seqnum' ? [ 'a file that is shorter than it says',
            '/sys/kernel/uevent_seqnum', 'cannot be read in ' ] : ()),
        [ '100,000 open brackets', '%DIR%/deep.json', 'line 1 column 2049: maximum parsing depth reached near ' ],
        [ '100,000 nested objects', '%DIR%/deep-object.json', 'line 1 column 10241: maximum parsing depth' ],
        [ 'an extension of 100,000 levels', '%DIR%/deep-extension.json', 'line 1 column 2073: maximum parsing' ],
    ) {
        my ($title, $name, $reason) = @$case;
        my $path = $name =~ /^[%\/]/ ? $name : "%DIR%/$name";
        refuses "$directive: $title", server("location /api/ { $directive $name; }"),
            "\"$path\": $reason", whole => 1;
    }
}

# Root reads everything by a capability, so that is dropped here.
{
    chmod 0, "$dir/apps.json" or die "chmod: $!";
    my ($nginx) = $gate->_command;
    my $script = $gate->write_file('unprivileged',
        "#!/bin/sh\nexec setpriv --bounding-set=-dac_override,-dac_read_search $nginx \"\$@\"\n");
    chmod 0755, $script or die "chmod: $!";
    local $ENV{EIAM_NGINX} = $> ? $nginx : $script;
    refuses 'a file that must not be read', server('location / { eiam_applications %DIR%/apps.json; }'),
        '"%DIR%/apps.json": cannot be opened (13: Permission denied)';
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
    (map { [ "eiam_error_language $_", server("%% eiam_error_language $_;") ] } qw(en zh auto)),
    (map { [ "eiam_path $_", server("%% eiam_path $_;") ] } qw(strict utf8)),
);

my $unknown = qr{\Q"$dir/typo.json": no policy declares the permission "user_reed" of application "crm"\E$};
is takes('a permission that no policy declares, with a warning',
    server('location /api/ { %% eiam_applications %DIR%/typo.json; }'), $unknown), 1, 'the warning comes once';
is takes('the same file for two gates', server('eiam_applications %DIR%/typo.json; location /a { %% } location /b { %% }'),
    $unknown), 1, 'the warning still comes once';
takes 'such a file where nothing is gated', server('eiam_applications %DIR%/typo.json;');

done_testing;
