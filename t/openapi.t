#!/usr/bin/perl
# The shipped policy as a document: it is valid, complete, and agrees with the interfaces that it describes.
use strict;
use warnings;
use utf8;
use FindBin;
use JSON::PP;
use Test::More;

plan skip_all => 'nothing that it runs has sanitizers' if $ENV{EIAM_ASAN};

my $top      = "$FindBin::Bin/..";
my $document = "$top/conf/eiam-openapi.json";
my $linters  = "$FindBin::Bin/openapi";
my @methods  = qw(get put post delete options head patch trace);

sub bytes {
    my ($path) = @_;
    open my $file, '<:raw', $path or die "$path: $!\n";
    local $/;
    return scalar <$file>;
}

sub json { return JSON::PP->new->utf8->decode(bytes($_[0])) }

my $api = json($document);

# ---------------------------------------------------------------- the document, read

sub resolve {
    my ($node) = @_;
    while (ref $node eq 'HASH' && exists $node->{'$ref'}) {
        my ($pointer) = $node->{'$ref'} =~ m{^#/(.+)$} or die "foreign reference $node->{'$ref'}\n";
        $node = $api;
        for my $name (map { s{~1}{/}gr =~ s{~0}{~}gr } split m{/}, $pointer) {
            $node = $node->{$name} // die "dangling reference #/$pointer\n";
        }
    }
    return $node;
}

sub base { return $api->{servers}[0]{url} =~ s{^https://[^/]+}{}r }

# Method and path without the names of the parameters: what requests can tell apart.
sub signature { return "$_[0] " . $_[1] =~ s/\{\w+\}/{}/gr }

sub operations {
    my %found;
    for my $path (keys %{ $api->{paths} }) {
        for my $method (grep { $api->{paths}{$path}{$_} } @methods) {
            my $signature = signature(uc $method, base() . $path);
            die "$signature occurs twice\n" if $found{$signature};
            $found{$signature} = $api->{paths}{$path}{$method};
        }
    }
    return \%found;
}

my $operations = operations();

# Alternatives of one scope each; undef: a public operation.
sub scopes {
    my ($operation) = @_;
    my @alternatives = map { join '+', @{ $_->{eiam} } } @{ $operation->{security} };
    return @alternatives ? \@alternatives : undef;
}

sub success { return [ grep { /^2/ } sort keys %{ $_[0]{responses} } ] }

sub body { return resolve($_[0])->{content}{'application/json'} }

# "status code" of each of the backend's own refusals, sorted.
sub refusals {
    my ($operation) = @_;
    my @found;
    for my $status (grep { /^4/ } keys %{ $operation->{responses} }) {
        my $examples = body($operation->{responses}{$status})->{examples};
        my @values   = map { resolve($_)->{value} } values %$examples;
        push @found, map { "$status $_" } grep { !/^GATEWAY\./ } map { $_->{error_code} // $_->{error} } @values;
    }
    return [ sort @found ];
}

sub members {
    my ($operation) = @_;
    my $status = success($operation)->[0];
    return [ sort keys %{ resolve(body($operation->{responses}{$status})->{schema})->{properties} } ];
}

# ---------------------------------------------------------------- the linters

sub installed {
    my $stamp = "$linters/node_modules/.package-lock.json";
    return -e $stamp && -M $stamp <= -M "$linters/package-lock.json";
}

sub run {
    my (@command) = @_;
    my $pid = open my $pipe, '-|';
    die "fork: $!\n" unless defined $pid;
    if (!$pid) {
        open STDERR, '>&', \*STDOUT;
        exec { $command[0] } @command or do { print "$command[0]: $!\n"; exit 127 };
    }
    my $output = do { local $/; <$pipe> };
    close $pipe;
    return ($?, $output);
}

sub succeeds {
    my ($title, @command) = @_;
    my ($status, $output) = run(@command);
    ok($status == 0, $title) or diag($output);
}

subtest 'both linters accept the document without a warning' => sub {
    local $ENV{REDOCLY_TELEMETRY}              = 'off';
    local $ENV{REDOCLY_SUPPRESS_UPDATE_NOTICE} = 'true';
    succeeds('the linters install', 'npm', 'ci', '--prefix', $linters) unless installed();
    my $bin = "$linters/node_modules/.bin";
    succeeds('spectral', "$bin/spectral", 'lint', '--fail-severity=hint', '--ruleset', "$linters/.spectral.yaml", $document);
    succeeds('redocly', "$bin/redocly", 'lint', '--max-problems=1000', '--config', "$linters/redocly.yaml", $document);
};

# ---------------------------------------------------------------- the document by itself

# JSON::PP keeps only the last of two members with the same name, so the names are read from the text.
sub duplicates {
    my ($text) = @_;
    my (@open, @found);
    while ($text =~ /\G[\s,:]*(?:([{\[])|([}\]])|("(?:[^"\\]|\\.)*")(\s*:)?|[^\s,:{}\[\]"]+)/gc) {
        if    ($1) { push @open, {} }
        elsif ($2) { pop @open }
        elsif ($4) { push @found, $3 if $open[-1]{$3}++ }
    }
    return \@found;
}

is_deeply(duplicates('{"a":{"b":1,"a":[{"b":"a:"}]},"c":1,"c":2}'), ['"c"'], 'a second member of the same name is seen');
is_deeply(duplicates(bytes($document)), [], 'no member occurs twice');

is(scalar keys %$operations, 74, 'there are 74 operations');

my %ids;
$ids{ $_->{operationId} }++ for values %$operations;
is(scalar keys %ids, 74, 'each has an operationId of its own');
is_deeply([ grep { !/^[a-z]+([A-Z][a-z]+)*$/ } keys %ids ], [], 'an operationId is written in camelCase');

ok(!exists $api->{security}, 'the document has no security of its own');
is_deeply([ grep { ref $_->{security} ne 'ARRAY' } values %$operations ], [], 'so each operation states its own');
is_deeply([ grep { !scopes($operations->{$_}) } keys %$operations ], ['POST /api/v2/tenant/token'],
    'the token interface alone is public');

my $flows    = $api->{components}{securitySchemes}{eiam}{flows};
my $declared = $flows->{clientCredentials}{scopes};
my %required = map { $_ => 1 } map { @{ scopes($_) // [] } } values %$operations;
is_deeply([ sort keys %required ], [ sort keys %$declared ], 'the scopes declared are those required');
is(scalar keys %$declared, 21, 'there are 21 of them');

is_deeply([ grep { m{/$|//} || grep { /[{}]/ && !/^\{\w+\}$/ } split m{/} } keys %{ $api->{paths} } ], [],
    'a parameter is a whole segment and no path ends in a slash');
is_deeply([ grep { exists $_->{'$ref'} } values %{ $api->{paths} }, values %{ $api->{components}{securitySchemes} } ], [],
    'no path item and no security scheme is a reference');

for my $id (sort keys %ids) {
    my ($operation) = grep { $_->{operationId} eq $id } values %$operations;
    next unless scopes($operation);
    my @missing = grep { !$operation->{responses}{$_} } qw(400 401 403 503);
    is_deeply(\@missing, [], "$id tells how the gateway refuses it");
}

# ---------------------------------------------------------------- the five interfaces

my $interfaces = json("$FindBin::Bin/data/interfaces.json");
is(scalar @$interfaces, 5, 'five interfaces are described in full');

for my $interface (@$interfaces) {
    my $signature = signature($interface->{method}, $interface->{path});
    my $operation = $operations->{$signature};
    ok($operation, "$signature is in the document") or next;
    is_deeply(scopes($operation),  $interface->{scopes},                  '... with its scopes in order');
    is_deeply(success($operation), [ $interface->{status} ],              '... with its status of success');
    is_deeply(members($operation), [ sort @{ $interface->{members} } ],   '... with the members of its answer');
    is_deeply(refusals($operation), [ sort map { "400 $_" } @{ $interface->{errors} } ], '... with its error codes');
}

# ---------------------------------------------------------------- the originals

# The facts in an interface's own document: a text with tables, with or without bars.
sub original {
    my ($text) = @_;
    $text =~ s/[ \t]*\|[ \t]*/ /g;
    $text =~ s/^ +| +$//mg;
    my ($permissions) = $text =~ /^Permission Code Description\n(.*?)^# Request/ms;
    my ($method, $path) = $text =~ m{^([A-Z]+) https://\{your_domain\}(/[^?\s]+)}m;
    my ($status, $answer) = $text =~ m{^HTTP/1\.1 (2\d\d)[^\n]*\n(.*?)^Error Example}ms;
    my ($errors) = $text =~ /^# Error Codes(.*)/ms;
    return {
        method  => $method,
        path    => $path,
        scopes  => [ $permissions =~ /^([a-z_]+) /mg ],
        status  => $status,
        members => [ $answer =~ /"(\w+)":/g ],
        errors  => [ $errors =~ /^400 (\S+)/mg ],
    };
}

sub compare_catalog {
    my ($folder) = @_;
    my @entries = grep { $_->{scopes} || $_->{access} eq 'token' } @{ json("$folder/catalog.json") };
    my %seen = map { signature($_->{method}, $_->{path}) => $_ } @entries;
    is_deeply([ sort keys %$operations ], [ sort keys %seen ], 'the operations are those of the catalog');
    for my $signature (grep { $operations->{$_} } sort keys %seen) {
        my ($operation, $entry) = ($operations->{$signature}, $seen{$signature});
        my @errors = sort map { "$_->{status} $_->{code}" } @{ $entry->{errors} };
        is_deeply(scopes($operation), $entry->{scopes}, "$signature has the scopes of the catalog");
        is_deeply(success($operation), [ $entry->{success_status} // 200 ], '... its status of success');
        is_deeply(refusals($operation), \@errors, '... its error codes');
    }
}

subtest 'the document agrees with the originals' => sub {
    my $folder = $ENV{EIAM_DOCUMENTS};
    if (!defined $folder) {
        diag('EIAM_DOCUMENTS is not set: the original documents were not given, so nothing is compared with them');
        pass('the originals were not given');
        return;
    }
    my %given = map { signature($_->{method}, $_->{path}) => $_ } map { original(bytes($_)) } glob "$folder/interfaces/*.txt";
    my %ours  = map { signature($_->{method}, $_->{path}) => $_ } @$interfaces;
    is_deeply(\%ours, \%given, 't/data/interfaces.json holds what the five documents say');
    compare_catalog($folder);
};

done_testing();
