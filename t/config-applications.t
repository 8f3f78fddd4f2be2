#!/usr/bin/perl
# Every way an applications file can be broken: nginx -t names the file, the place and the reason.

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use POSIX qw(strftime);
use Test::More;
use EIAM::Test;

my $json = JSON::PP->new->ascii->canonical;
my %policy = ('policy.json' => policy('/api', 'GET /users' => ['user_read']));
my $gate = nginx(files => \%policy,
    server => 'location /api/ { eiam on; eiam_policy %DIR%/policy.json; eiam_applications %DIR%/apps.json; }');
my $digest = 'ab' x 32;
my @said;

sub application { return { id => 'crm', permissions => ['user_read'], tokens => [ { sha256 => $digest } ], @_ } }
sub one         { return { applications => [ application(@_) ] } }
sub token       { return one(tokens => [ { sha256 => $digest, @_ } ]) }
sub several     { return { applications => [ map { ref $_ ? $_ : { id => $_ } } @_ ] } }

sub written {
    my ($file) = @_;
    $gate->write_file('apps.json', ref $file ? $json->encode($file) : $file);
    return $gate->check;
}

sub broken {
    my ($title, $file, $place, $reason) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    push @said, $reason;
    s/([\x00-\x1f\x7f])/sprintf '\\x%02X', ord $1/ge for $place, $reason;
    my ($code, $text) = written($file);
    my $expected = qr{eiam_applications: "\Q@{[ $gate->dir ]}\E/apps\.json": \Q$place: $reason\E}
        . qr{(?: \(did you mean "[^"]*"\?\))?; set in \Q@{[ $gate->dir ]}\E/nginx\.conf:};
    ok $code == 1 && $text =~ $expected, "refused: $title"
        or diag "exit code $code, expected $expected\n$text";
    return;
}

sub accepted {
    my ($title, $file) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($code, $text) = written($file);
    ok $code == 0 && $text !~ /\[warn\].*apps\.json/, "accepted: $title" or diag $text;
    return;
}

# ---------------------------------------------------------------- broken files

my $entry  = '#/applications/0';
my $first  = "$entry/tokens/0";
my $digits = 'must be 64 hexadecimal digits';
my @known = map { sha256_hex("demo-$_-token") } qw(hr-sync reporting crm retired);
my $everybody = 'is the digest of a token of a published example, make a new token';
my $start  = "'[' or '{' expected near";

broken @$_ for map {
    my $token = { sha256 => $_ };
    [ "2.1-2: a token that an example had, in its only application: $_", one(tokens => [$token]), "$first/sha256", $everybody ],
        [ '2.1-2: in the last place, and of an application that is disabled',
            several('a', application(id => 'b', enabled => JSON::PP::false, tokens => [ { sha256 => $digest }, $token ])),
            '#/applications/1/tokens/1/sha256', $everybody ]
} @known, map({ uc } @known), map { ucfirst } @known;

broken @$_ for (
    [ 'an empty file', '', 'line 1 column 0', "$start end of file" ],
    [ 'a string', '"x"', 'line 1 column 3', qq{$start '"x"'} ],
    [ 'half a file', '{"applications": [', 'line 1 column 18', "']' expected near end of file" ],
    [ 'garbage behind', '{"applications": []} 1', 'line 1 column 22', "end of file expected near '1'" ],
    [ 'a duplicate member', '{"applications": [], "applications": []}', 'line 1 column 35',
        q{duplicate object key near '"applications"'} ],
    [ 'invalid UTF-8', "{\"applications\": [{\"id\": \"\xe9\"}]}", 'line 1 column 26',
        q{unable to decode byte 0xe9 near '"'} ],
    [ 'NUL in an id', '{"applications": [{"id": "a\u0000"}]}', 'line 1 column 34',
        q{\u0000 is not allowed without JSON_ALLOW_NUL near '"a\u0000"'} ],
    [ 'a list at the top', '[]', '#', 'must be an object' ],
    [ 'no applications', {}, '#', 'has no "applications"' ],
    [ 'a misspelt member', { applications => [], application => [] }, '#/application', 'is an unknown member' ],
    [ 'a member in another case', { Applications => [] }, '#', 'has no "applications"' ],
    [ 'an unknown member with / and ~', { applications => [], 'a/b~' => 1 }, '#/a~1b~0',
        'is an unknown member' ],
    [ 'applications that are an object', { applications => {} }, '#/applications', 'must be an array' ],
    [ 'applications that are null', { applications => undef }, '#/applications', 'must be an array' ],
    [ 'an application that is a string', { applications => ['crm'] }, $entry, 'must be an object' ],
    [ 'a second application that is null', { applications => [ application(), undef ] }, '#/applications/1',
        'must be an object' ],
    [ 'an application without id', { applications => [ {} ] }, $entry, 'has no "id"' ],
    [ 'an unknown member of an application', one(scopes => []), "$entry/scopes", 'is an unknown member' ],
    [ 'an empty member name', one('' => 1), "$entry/", 'is an unknown member' ],
    [ 'an id that is a number', one(id => 7), "$entry/id", 'must be a string' ],
    [ 'an id that is null', one(id => undef), "$entry/id", 'must be a string' ],
    [ 'an empty id', one(id => ''), "$entry/id", 'must have 1 to 255 bytes' ],
    [ 'an id of 256 bytes', one(id => 'x' x 256), "$entry/id", 'must have 1 to 255 bytes' ],
    [ 'an id of 86 three-byte characters', one(id => "\x{7528}" x 86), "$entry/id",
        'must have 1 to 255 bytes' ],
    (map { [ sprintf('an id with character %d', ord), one(id => "a$_"), "$entry/id",
        'must not have control characters' ] } "\x01", "\t", "\r", "\n", "\x1f", "\x7f"),
    [ 'an id twice', several(qw(crm erp crm)), '#/applications/2/id', 'application "crm" occurs twice' ],
    [ 'a name that is a number', one(name => 1), "$entry/name", 'must be a string' ],
    [ 'enabled that is a string', one(enabled => 'false'), "$entry/enabled", 'must be true or false' ],
    [ 'enabled that is a number', one(enabled => 0), "$entry/enabled", 'must be true or false' ],
    [ 'enabled that is null', one(enabled => undef), "$entry/enabled", 'must be true or false' ],
    [ 'permissions that are a string', one(permissions => 'user_read'), "$entry/permissions",
        'must be an array' ],
    [ 'permissions that are an object', one(permissions => {}), "$entry/permissions", 'must be an array' ],
    [ 'a permission that is a number', one(permissions => ['user_read', 1]), "$entry/permissions/1",
        'must be a string' ],
    [ 'a permission that is null', one(permissions => [undef]), "$entry/permissions/0", 'must be a string' ],
    [ 'a permission that is a list', one(permissions => [ [] ]), "$entry/permissions/0", 'must be a string' ],
    (map { my ($what, $value, $at, $reason) = @$_; [ "2.7-3: objects that are $what", one(objects => $value), "$entry/objects$at", $reason ] }
        [ 'null', undef, '', 'must be an object' ], [ 'a list', ['a1'], '', 'must be an object' ], [ 'a number', 1, '', 'must be an object' ],
        [ 'another string', 'all', '', 'must be "*", or list what is permitted' ], [ 'an empty string', '', '', 'must be "*", or list what is permitted' ],
        [ 'of an empty kind', { '' => [] }, '/', 'a kind of objects must have 1 to 64 bytes' ],
        [ 'of a kind that is too long', { 'x' x 65, [] }, '/' . 'x' x 65, 'a kind of objects must have 1 to 64 bytes' ],
        [ 'another string for a kind', { app => 'a1' }, '/app', 'must be "*", or list what is permitted' ],
        [ 'null for a kind', { app => undef }, '/app', 'must be an array' ], [ 'an object for a kind', { app => {} }, '/app', 'must be an array' ],
        [ 'a number in a list', { app => [1] }, '/app/0', 'must be a string' ], [ 'null in a list', { app => [ 'a1', undef ] }, '/app/1', 'must be a string' ],
        [ 'an empty id', { app => [''] }, '/app/0', 'must have 1 to 512 bytes' ], [ 'a long id', { app => [ 'x' x 513 ] }, '/app/0', 'must have 1 to 512 bytes' ],
        [ 'an id with a blank at its end', { app => ['a '] }, '/app/0', 'must not begin or end with a space' ],
        [ 'an id with a line end', { app => ["a\n"] }, '/app/0', 'must not have control characters' ],
        [ 'an asterisk in a list', { app => [ 'a1', '*' ] }, '/app/1', '"*" must stand alone, in place of the list' ]),
    [ 'tokens that are an object', one(tokens => {}), "$entry/tokens", 'must be an array' ],
    [ 'a token that is a string', one(tokens => [$digest]), $first, 'must be an object' ],
    [ 'a token without sha256', one(tokens => [ {} ]), $first, 'has no "sha256"' ],
    [ 'a token in plain text', token(token => 'x'), "$first/token", 'is an unknown member' ],
    [ 'a misspelt expires', token(expire => '2027-01-01T00:00:00Z'), "$first/expire",
        'is an unknown member' ],
    [ 'a digest that is a number', token(sha256 => 1), "$first/sha256", 'must be a string' ],
    (map { [ "the digest '$_'", token(sha256 => $_), "$first/sha256", $digits ] }
        '', 'ab', substr($digest, 1), "${digest}a", "${digest}ab", "g$digest" =~ s/.\z//r,
        "0x$digest" =~ s/..\z//r, " $digest" =~ s/.\z//r, "$digest\n" =~ s/^.//r),
    [ 'a second token without sha256', one(tokens => [ { sha256 => $digest }, {} ]), "$entry/tokens/1",
        'has no "sha256"' ],
    [ 'a digest twice in one application', one(tokens => [ ({ sha256 => $digest }) x 2 ]), '#',
        'a token of "crm" is also one of "crm"' ],
    [ 'a digest of two applications', several(application(), application(id => 'erp')), '#',
        'a token of "erp" is also one of "crm"' ],
    [ 'a digest of two applications, in another case',
        several(application(), application(id => 'erp', tokens => [ { sha256 => uc $digest } ])), '#',
        'a token of "erp" is also one of "crm"' ],
    [ 'expires that is a number', token(expires => 1_800_000_000), "$first/expires", 'must be a string' ],
    [ 'expires that is null', token(expires => undef), "$first/expires", 'must be a string' ],
);

# ---------------------------------------------------------------- times (RFC 3339)

my @bad_times = (
    '', 'never', '2027-01-01', '2027-01-01T00:00:00', '2027-01-01T00:00Z', '2027-01-01 00:00:00Z',
    '20270101T000000Z', '2027-1-1T0:0:0Z', '27-01-01T00:00:00Z', '12027-01-01T00:00:00Z',
    '+2027-01-01T00:00:00Z', '2027/01/01T00:00:00Z', ' 2027-01-01T00:00:00Z', '2027-01-01T00:00:00Z ',
    "2027-01-01T00:00:00Z\n", '2027-00-01T00:00:00Z', '2027-13-01T00:00:00Z', '2027-01-00T00:00:00Z',
    '2027-01-32T00:00:00Z', '2027-04-31T00:00:00Z', '2027-02-29T00:00:00Z', '2028-02-30T00:00:00Z',
    '2100-02-29T00:00:00Z', '2027-01-01T24:00:00Z', '2027-01-01T00:60:00Z', '2027-01-01T00:00:61Z',
    '2027-01-01T00:00:00.Z', '2027-01-01T00:00:00.', '2027-01-01T00:00:00,5Z', '2027-01-01T00:00:00+00',
    '2027-01-01T00:00:00+0000', '2027-01-01T00:00:00+00:0', '2027-01-01T00:00:00+24:00',
    '2027-01-01T00:00:00+00:60', '2027-01-01T00:00:00+00:00Z', '2027-01-01T00:00:00ZZ',
    '2027-01-01T00:00:00 Z', '2027-01-01T00:00:00UTC', '1800000000',
);
broken qq{the time "$_"}, token(expires => $_), "$first/expires",
    qq{"$_" is not a time as in "2027-01-01T00:00:00Z"} for @bad_times;

# ---------------------------------------------------------------- good files

accepted @$_ for (
    [ 'an empty list', { applications => [] } ],
    [ 'an application with an id alone', several('crm') ],
    [ 'empty permissions and tokens', one(permissions => [], tokens => []) ],
    [ 'a disabled application', one(enabled => JSON::PP::false, name => 'CRM') ],
    [ 'a name beyond ASCII', one(name => "\x{7528}\x{6237}", id => "\x{7528}") ],
    [ 'an id of 255 bytes', one(id => 'x' x 255) ],
    [ 'a token without expires', token() ],
    [ 'a digest in capitals', token(sha256 => uc $digest) ],
    [ 'a permission twice', one(permissions => ['user_read', 'user_read']) ],
    [ 'ids that differ in case', several(qw(crm CRM)) ],
    [ 'more tokens than a first table holds',
        one(tokens => [ map { { sha256 => sha256_hex($_) } } 1 .. 1000 ]) ],
    [ 'tokens whose digests begin alike',
        one(tokens => [ map { { sha256 => sprintf '%064x', $_ } } 0 .. 200 ]) ],
    [ '2000 applications', several(map { "a$_" } 1 .. 2000) ],
);

# ---------------------------------------------------------------- what good times mean

sub stamp { return strftime('%Y-%m-%dT%H:%M:%S', gmtime $_[0]) }

# A token made from a time: ":" is no character of a token.
sub token_of { return $_[0] =~ tr/:/_/r }

my $now = time;
my @expired = (
    stamp($now) . 'Z', stamp($now - 1) . '.999999999999Z', stamp($now + 3600) . '+01:00',
    stamp($now - 3600) . '-01:00', stamp($now + 86_340) . '+23:59', '2020-02-29T23:59:60Z',
    '2000-02-29t12:00:00z', '1970-01-01T00:00:00Z', '1970-01-01T00:00:00+14:00',
    '1969-12-31T23:59:59Z', '0000-01-01T00:00:00Z', '0001-01-01T00:00:00-12:00',
);
my @valid = (
    stamp($now + 600) . 'Z', stamp($now + 600) . '.5Z', stamp($now + 4200) . '+01:00',
    stamp($now - 3000) . '-01:00', stamp($now + 600 - 86_340) . '-23:59', stamp($now + 600) . '-00:00',
    '2096-02-29T00:00:00Z', '2400-02-29T00:00:00z', '9999-12-31T23:59:60Z', '9999-12-31t23:59:59.1-23:59',
);
my $running = nginx(
    files => { %policy, 'apps.json' => applications({ id => 'crm', permissions => ['user_read'],
        tokens => [ (map { { token => token_of($_), expires => $_ } } @expired, @valid),
            { token => 'forever' } ] }) },
    server => q{
        location /api/ {
            eiam on; eiam_policy %DIR%/policy.json; eiam_applications %DIR%/apps.json;
            proxy_pass http://%ECHO%;
        }
    });
$running->start;
for my $case ((map { [ $_, 'token_expired' ] } @expired), (map { [ $_ ] } @valid)) {
    my ($time, $reason) = @$case;
    my $res = get($running, '/api/users', token => token_of($time));
    $reason ? refused $res, $reason, "a token that expired at $time is refused"
            : passed $res, "a token that expires at $time passes", application => 'crm';
}
passed get($running, '/api/users', token => 'forever'), 'a token without expires passes';

# ---------------------------------------------------------------- nothing forgotten

my $source = join '', map { slurp(top_dir() . "/src/policy/ngx_eiam_$_.c") } qw(applications objects static_token);
my $calls = () = $source =~ /\bngx_eiam_fault\(/g;
my @faults = map { join '', /"((?:[^"\\]|\\.)*)"/g } $source =~ /ngx_eiam_fault\(&?\w+,\s*((?:"(?:[^"\\]|\\.)*"\s*)+)/g;
is scalar @faults, $calls, "each of the source's $calls faults has a text to look for";
for my $format (@faults) {
    my $pattern = join '.*', map { quotemeta s/\\(.)/$1/gr } split /%(?:V|d)/, $format, -1;
    ok +(grep { /^$pattern$/s } @said), "a case says: $format";
}

done_testing;
