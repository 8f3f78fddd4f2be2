#!/usr/bin/perl
# Documents as their publishers write them: what is read, and how it is told what is wrong.

use strict;
use utf8;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Test::More;
use EIAM::Test;

binmode Test::More->builder->$_, ':encoding(UTF-8)' for qw(output failure_output);

my $json = JSON::PP->new->ascii->canonical->pretty;
my $gate = nginx(server => 'location /api/ { eiam on; eiam_policy %DIR%/policy; }');

# The faults that nginx -t tells of a document, line by line: "pointer: reason".
sub faults {
    my ($document) = @_;
    $gate->write_file('policy', ref $document ? $json->encode($document) : $document);
    my ($code, $text) = $gate->check;
    my @faults = $text =~ m{^.*?\[emerg\] \d+#\d+: eiam_policy: "\Q@{[ $gate->dir ]}\E/policy": (.*); set in \Q@{[ $gate->dir ]}\E/nginx\.conf:\d+$}mg;
    return $code ? @faults ? @faults : $text : ();
}

sub told {
    my ($title, $document, @expected) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @faults = faults($document);
    return is(join("\n", @faults), join("\n", @expected), $title);
}

my $operation = '"responses": {}, "security": [{"eiam": ["user_read"]}]';
my $schemes = '"components": {"securitySchemes": {"eiam": {"type": "oauth2", "flows": {"clientCredentials":'
    . ' {"tokenUrl": "/t", "scopes": {"user_read": ""}}}}}}';

sub document { return qq({"openapi": "3.0.3", "info": {}, "servers": [{"url": "/api"}], $schemes, "paths": {$_[0]}}) }

# ---------------------------------------------------------------- all faults at once

told '2.5-4: all faults are told in one run, by their places in the document', qq({
    "opneapi": "",
    "paths": {
        "/z": {"get": {"securtiy": [], $operation}, "Post": {$operation}},
        "/b{": {"get": {"security": {}}},
        "/a": {"get": {$operation, "operationId": 7, "x-eiam-mode": "never", "tags": [], "Tags": []}},
        "/c": [],
        "/d": {"get": {$operation, "parameters": [{"name": "q", "in": "qeury"}, {"in": "query"}]}}
    },
    "components": {"securitySchemes": {
        "eiam": {"type": "oauth2", "flows": {"clientCredentials": {"scopes": {"user_read": "", "user write": ""}}}},
        "key": {"type": "apikey"},
        "bad": {"type": "http", "bearerformat": "JWT"}}},
    "servers": [{"url": "nowhere"}],
    "openapi": "3.0.3"
}),
    '#/opneapi: is no member of a document; "openapi"?',
    '#/paths/~1z/get/securtiy: is no member of an operation; "security"?',
    '#/paths/~1z/Post: is no member of a path item; "post"?',
    '#/paths/~1b{: unsupported template "b{": "{name}" must be a whole segment',
    '#/paths/~1b{/get/security: must be an array',
    '#/paths/~1a/get/operationId: must be a string',
    '#/paths/~1a/get/x-eiam-mode: must be "on" or "report"',
    '#/paths/~1a/get/Tags: is no member of an operation; "tags"?',
    '#/paths/~1c: must be an object',
    '#/paths/~1d/get/parameters/0/in: unknown place "qeury" of a parameter; "query"?',
    '#/paths/~1d/get/parameters/1: has no "name"',
    '#/components/securitySchemes/eiam/flows/clientCredentials/scopes/user write: "user write" is not a scope',
    '#/components/securitySchemes/key/type: unknown security scheme type "apikey"; "apiKey"?',
    '#/components/securitySchemes/bad: has no "scheme"',
    '#/servers/0/url: unsupported server URL "nowhere"';

told '2.5-4: of many faults twenty are told, the first ones in the document, and the others counted',
    document(join ', ', map { qq("/p$_": {"get": {$operation, "bad$_": 1}}) } 1 .. 57),
    (map { "#/paths/~1p$_/get/bad$_: is no member of an operation" } 1 .. 20), '37 more faults';

told '2.5-4: what many references lead to is told once', qq({"openapi": "3.1.0", $schemes, "paths": {)
    . join(', ', map { qq("/p$_": {"\$ref": "#/paths/~1/x-item"}) } 1 .. 3) . qq(, "/": {"x-item": {"get": {"securtiy": 1}}}}}),
    '#/paths/~1p1/$ref/get: has no "security", and the document has none',
    '#/paths/~1p1/$ref/get/securtiy: is no member of an operation; "security"?',
    '#/paths/~1: no request can match the segment ""';

told '2.5-4: but the same fault at two places twice', document(qq("/a": null, "/b": null)),
    '#/paths/~1a: must be an object', '#/paths/~1b: must be an object';

told "2.5-4: a near miss of a scheme's name", document('"/a": {"get": {"security": [{"eaim": []}, {"Eiam": []}, {"other": []}]}}'),
    '#/paths/~1a/get/security/0/eaim: there is no such security scheme; "eiam"?',
    '#/paths/~1a/get/security/1/Eiam: there is no such security scheme; "eiam"?',
    '#/paths/~1a/get/security/2/other: there is no such security scheme';

told '2.5-4: what is known in another version only is not proposed', document(qq("/a": {"get": {$operation}, "qurey": {$operation}})),
    '#/paths/~1a/qurey: is no member of a path item';

# ---------------------------------------------------------------- numbers

my $huge = '1234567890' x 25;
told '2.5-9: an integer of any size does not matter where none is read', document(qq("/a": {"get": {$operation,
    "x-n": $huge, "parameters": [{"name": "q", "in": "query", "schema": {"maximum": 18446744073709551616, "minimum": -$huge}}]}}));
told '2.5-9: but where a string is read it is none', document(qq("/a": {"get": {$operation, "operationId": $huge}})),
    '#/paths/~1a/get/operationId: must be a string';

done_testing;
