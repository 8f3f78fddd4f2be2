#!/usr/bin/perl
# The JSON Schema of the applications file agrees with what nginx -t accepts and refuses.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Test::More;
use EIAM::Test;

my $known = system('python3 -c "import jsonschema" 2>/dev/null') == 0;
plan skip_all => 'python3-jsonschema is not installed' if !$known;

my $hex = 'ab' x 32;
sub app { return qq({"applications":[{"id":"a",$_[0]}]}) }
sub apps { return qq({"applications":[$_[0]]}) }

# By what both see, and by what only nginx sees.
my %cases = (
    accepted => [
        apps(''), apps('{"id":"a"}'), apps('{"id":"a b"},{"id":"应用"}'), app('"name":""'), app('"enabled":false'),
        app('"permissions":[]'), app('"permissions":["org_read","x"," "]'), app('"networks":[]'),
        (map { app(qq("networks":["$_"])) } qw(10.1.0.0/16 0.0.0.0/0 192.0.2.7 255.255.255.255/32 ::1 ::/0 2001:db8::/32
            2001:DB8::1/128 1:2:3:4:5:6:7:8 ::192.0.2.1)),
        app(qq("tokens":[{"sha256":"$hex"}])), app(qq("tokens":[{"sha256":"\U$hex"}])),
        (map { app(qq("tokens":[{"sha256":"$hex","expires":"$_"}])) } qw(2027-01-01T00:00:00Z 2027-01-01t23:59:60z
            2027-12-31T00:00:00.5+08:00)),
        app('"objects":"*"'), app('"objects":{}'), app('"objects":{"app":[],"org":"*"}'), app('"objects":{"app":["a1","b 2"]}'),
        app('"objects":{"应用":["部门","a/b","%41","**","a*"],"org":"*","x y":[]}'), app('"objects":{"' . 'k' x 64 . '":["' . 'o' x 512 . '"]}'),
        apps('{"id":"' . 'x' x 255 . '","permissions":["' . 'p' x 255 . '"]}'), app('"name":"a\\nb"'), apps('{"id":"\\u0041\\ud83d\\ude00"}'),
        app('"networks":[' . join(',', ('"10.0.0.0/8"') x 1024) . ']'),
    ],
    refused => [
        '[]', '{}', '{"applications":{}}', '{"applications":[],"x":1}', apps('[]'), apps('{}'), apps('{"id":""}'),
        apps('{"id":1}'), apps('{"id":" a"}'), apps('{"id":"a "}'), apps('{"id":"a\nb"}'), apps('{"id":"' . 'x' x 256 . '"}'),
        app('"name":1'), app('"enabled":"no"'), app('"enabled":null'), app('"permission":[]'), app('"permissions":"x"'),
        app('"permissions":[1]'), app('"permissions":[""]'), app('"permissions":["a\tb"]'), app('"networks":"10.0.0.0/8"'),
        (map { app(qq("networks":["$_"])) } '', 'unix:', 'all', '10.1', '010.1.0.0', '256.0.0.1', '10.0.0.0/33', '10.0.0.0/08',
            '10.0.0.0/', '::/129', '10.0.0.0:80', 'localhost', 'fe80::1%eth0', '[::1]'),
        app('"tokens":{}'), app('"tokens":["x"]'), app('"tokens":[{}]'), app('"tokens":[{"sha256":"ab"}]'),
        app('"tokens":[{"sha256":"' . 'xy' x 32 . '"}]'), app(qq("tokens":[{"sha256":"$hex","token":"x"}])),
        (map { app(qq("tokens":[{"sha256":"$hex","expires":"$_"}])) } '', '2027-01-01', '2027-01-01T00:00:00', '2027-13-01T00:00:00Z',
            '2027-01-01T24:00:00Z', '2027-01-01 00:00:00Z'),
        app(qq("tokens":[{"sha256":"$hex","expires":1}])),
        app('"objects":"all"'), app('"objects":[]'), app('"objects":{"app":"a1"}'), app('"objects":{"app":["*"]}'),
        app('"objects":{"app":[""]}'), app('"objects":{"":[]}'),
        (map { app(qq("objects":{"app":$_})) } 'null', 'true', '1', '{}', '["a",1]', '[["a"]]', '["a","*"]', '[" a"]', '["a "]', '["a\\tb"]',
            '["a\\u0085b"]', '["a\\u007f"]', '"**"', '""'),
        app('"objects":null'), app('"objects":1'), app('"objects":""'), app('"objects":{"' . 'k' x 65 . '":[]}'),
        app('"objects":{"app":["' . 'o' x 513 . '"]}'), app('"object":{"app":["a1"]}'), apps('{"id":"a\\u009fb"}'),
        app('"permissions":["a\\u0080b"]'), app('"permissions":["' . 'p' x 256 . '"]'),
        app('"networks":[' . join(',', ('"10.0.0.0/8"') x 1025) . ']'), app('"networks":["10.0.0.0/8\\n"]'), app('"networks":["::1\\n"]'),
        app('"networks":[1]'), app('"networks":null'), app(qq("tokens":[{"sha256":"$hex\\n"}])),
        app(qq("tokens":[{"sha256":"$hex","expires":"2027-01-01T00:00:00Z\\n"}])), app('"tokens":null'), app('"id":null'), 'null', apps('{"id":"a\\n"}'), app('"permissions":["a\\n"]'), app('"objects":{"app":["a\\n"]}'), '{"applications":null}',
    ],
    'refused by nginx alone' => [
        app('"objects":{"' . '用' x 22 . '":[]}'), app('"enabled":true,"enabled":false'), app('"objects":{"app":[],"app":[]}'),
        apps('{"id":"a"},{"id":"a"}'), apps(qq({"id":"a","tokens":[{"sha256":"$hex"}]},{"id":"b","tokens":[{"sha256":"$hex"}]})),
        app('"networks":["10.1.0.1/16"]'), app('"networks":["1:2:3"]'), app('"networks":["::ffff:10.0.0.0"]'),
        app(qq("tokens":[{"sha256":"$hex","expires":"2027-02-30T00:00:00Z"}])), apps('{"id":"' . '用' x 86 . '"}'),
        app('"tokens":[{"sha256":"ccf7846a7f344312316bf3ca30f7e27a3fc5e3014e8a83260ff8301acd423cd6"}]'),
    ],
);

my $gate = nginx(files => { 'apps.json' => apps('') }, server => 'eiam_applications apps.json;');

# What the schema says of all texts, one process for all of them.
my @texts = map { @{ $cases{$_} } } sort keys %cases;
$gate->write_file('texts.json', '[' . join(",\n", @texts) . ']');
my $schema = top_dir() . '/conf/applications.schema.json';
my $dir = $gate->dir;
my @valid = split ' ', qx{python3 -c '
import json, jsonschema, sys
schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
print(*["accepted" if validator.is_valid(t) else "refused" for t in json.load(open(sys.argv[2]))])
' $schema $dir/texts.json};
is scalar @valid, scalar @texts, '2.7-6: the schema is one, and judges each file';
my %schema;
@schema{@texts} = @valid;

for my $kind (sort keys %cases) {
    for my $text (@{ $cases{$kind} }) {
        $gate->write_file('apps.json', $text);
        my ($code) = $gate->check;
        my $nginx = $code == 0 ? 'accepted' : 'refused';
        my $said = $nginx eq $schema{$text} ? $nginx : "$nginx by nginx alone";
        is $said, $kind, "$kind: " . ($text =~ s/[^\x20-\x7e]/?/gr);
    }
}
my $sample = JSON::PP->new->encode(JSON::PP->new->utf8->decode(slurp(top_dir() . '/conf/eiam-applications.json')));
ok $sample, 'the sample is JSON';

done_testing;
