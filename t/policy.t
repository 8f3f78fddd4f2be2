#!/usr/bin/perl
# Which operation a request calls, and what the operation requires.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use EIAM::Reading qw(leftmost_difference);
use EIAM::Test;

my @METHODS = qw(GET HEAD POST PUT PATCH DELETE OPTIONS TRACE);

# Random numbers that are the same in each run, unless EIAM_SEED is set.
my $seed = $ENV{EIAM_SEED} // 20_270_101;
my $state = $seed;
note "EIAM_SEED=$seed";

sub below { $state = ($state * 1_103_515_245 + 12_345) & 0x7fffffff; return int($_[0] * $state / 2**31) }
sub pick  { return $_[ below(scalar @_) ] }

# ---------------------------------------------------------------- the rule once more, by brute force

# Operations: [method, segments, alternatives, id]; a parameter is undef.
sub template { return map { /^\{/ ? undef : $_ } split m{/}, substr($_[0], 1), -1 }

sub fits {
    my ($template, @path) = @_;
    return if @$template != @path;
    for my $i (0 .. $#path) {
        return if defined $template->[$i] && $template->[$i] ne $path[$i];
    }
    return 1;
}

# A literal comes before a parameter; the leftmost difference decides.
sub more_concrete { return leftmost_difference(sub { defined $_[0] }, @_) }

# Whether a segment only looks like a literal at its place, by its case or a suffix.
sub near_a_literal {
    my ($operations, @path) = @_;
    for my $at (0 .. $#path) {
        my $segment = $path[$at];
        my %literals = map { ($_->[1][$at] => 1) } grep { defined $_->[1][$at] } @$operations;
        return 1 if !$literals{$segment} && grep { $segment =~ /^\Q$_\E(?:\.|\z)/i } keys %literals;
        $operations = [ grep { @{ $_->[1] } > $at && ($_->[1][$at] // $segment) eq $segment } @$operations ];
    }
    return 0;
}

# Whether the path has a literal in another case before it leads nowhere.
sub another_case {
    my ($operations, @path) = @_;
    for my $at (0 .. $#path) {
        my $segment = $path[$at];
        my %literals = map { ($_->[1][$at] => 1) } grep { defined $_->[1][$at] } @$operations;
        if (!$literals{$segment}) {
            return 1 if grep { lc $segment eq lc } keys %literals;
            return 0 if grep { $segment =~ /^\Q$_\E\./i } keys %literals;
        }
        $operations = [ grep { @{ $_->[1] } > $at && ($_->[1][$at] // $segment) eq $segment } @$operations ];
    }
    return 0;
}

# (status, id or Allow) of the request with a token that has these scopes.
sub reference {
    my ($operations, $method, $path, %has) = @_;
    my @path = split m{/}, substr($path, 1), -1;
    return (400, '') if another_case($operations, @path);
    return (404, '') if near_a_literal($operations, @path);
    my @fit = sort { more_concrete($a->[1], $b->[1]) } grep { fits($_->[1], @path) } @$operations;
    return (404, '') unless @fit;

    my %have;
    for my $op (@fit) {
        my $at = join '/', map { $_ // '{}' } @{ $op->[1] };
        $have{$at}{ $op->[0] } = $op;
        push @{ $have{list} }, $at unless grep { $_ eq $at } @{ $have{list} };
    }
    my %first;
    for my $at (map { $have{$_} } @{ $have{list} }) {
        my %here = %$at;
        $here{HEAD} //= $here{GET} if $here{GET};
        $first{$_} //= $here{$_} for keys %here;
    }
    my $op = $first{$method}
        or return (405, join ', ', grep { $first{$_} } @METHODS);
    my @alternatives = @{ $op->[2] };
    my $permitted = !@alternatives || grep { !grep { !$has{$_} } @$_ } @alternatives;
    return ($permitted ? 200 : 403, $op->[3]);
}

# ---------------------------------------------------------------- one gate, many policies

my %files = ('apps.json' => applications(
    { id => 'all', permissions => [ map { "s$_" } 0 .. 5 ], tokens => ['all'] },
    { id => 'some', permissions => [qw(s0 s2 s5)], tokens => ['some'] },
    { id => 'none', permissions => [], tokens => ['none'] },
));
my @locations;

sub location {
    my ($base, $policy) = @_;
    my $name = 'policy' . @locations . '.json';
    $files{$name} = $policy if ref $policy;
    push @locations, "location $base/ { eiam on; eiam_policy "
        . (ref $policy ? "%DIR%/$name" : $policy) . '; proxy_pass http://127.0.0.1:%PORT2%; }';
    return $base;
}

# Operations as [method, segments, alternatives, id] from "METHOD /path" => scopes.
sub operations_of {
    my ($base, @pairs) = @_;
    my @operations;
    while (my ($key, $scopes) = splice @pairs, 0, 2) {
        my ($method, $path) = split / /, $key;
        my %opt = ref $scopes eq 'HASH' ? %$scopes : (scopes => $scopes);
        push @operations, [ $method, [ template("$base$path") ],
            $opt{scopes} eq 'public' ? [] : [ map { [ ref $_ ? @$_ : $_ ] } @{ $opt{scopes} } ],
            $opt{id} // EIAM::Policy::operation_id($method, $path) ];
    }
    return \@operations;
}

# ---- the table of cases: base, policy, requests with what they are

my @r = ('s0');
my @cases = (
    [ '/shape', [
        'GET /users' => \@r, 'GET /users/{id}' => \@r, 'PUT /users/{id}' => \@r, 'GET /users/me' => \@r,
        'POST /users/me/{x}/keys' => \@r, 'DELETE /users/{id}/{x}/keys' => \@r, 'GET /{a}/{b}/{c}/{d}' => \@r,
        'OPTIONS /users' => \@r, 'GET /Users/Me' => { scopes => \@r, id => 'capital' }, 'PATCH /a.b/c~d-e_f' => \@r,
      ],
      [ 'GET /users' => 'getUsers' ], [ 'GET /users/1' => 'getUsersId' ], [ 'GET /users/me' => 'getUsersMe' ],
      [ 'PUT /users/me' => 'putUsersId', 'the literal has no PUT, so the parameter serves it' ],
      [ 'GET /users/Me' => 400, 'another case of a literal is ambiguous' ],
      [ 'GET /users/me.json' => 404, 'nor is a literal with a suffix' ],
      [ 'GET /users/me.x.json' => 404, 'or with two' ],
      [ 'GET /users/mexico.json' => 'getUsersId', 'a longer word is' ],
      [ 'GET /users/m.e' => 'getUsersId', 'and so is a shorter one with a suffix' ],
      [ 'GET /users/mee' => 'getUsersId' ], [ 'GET /users/m' => 'getUsersId' ],
      [ 'GET /Users/Me' => 'capital' ], [ 'GET /USERS' => 400 ], [ 'GET /user' => 404 ],
      [ 'GET /userss' => 404 ], [ 'GET /users.json' => 404 ], [ 'GET /xusers' => 404 ],
      [ 'GET /users/1/2' => 404 ], [ 'GET /users/1/2/3/4' => 404 ], [ 'GET /x' => 404 ],
      [ 'GET /users/1/2/keys' => 'getABCD' ], [ 'POST /users/me/2/keys' => 'postUsersMeXKeys' ],
      [ 'DELETE /users/me/2/keys' => 'deleteUsersIdXKeys', 'a dead end at a literal is left again' ],
      [ 'PATCH /a.b/c~d-e_f' => 'patchABCDEF' ], [ 'PATCH /axb/c~d-e_f' => 404 ],
      [ 'HEAD /users' => 'getUsers', 'HEAD is judged as GET' ],
      [ 'HEAD /users/me' => 'getUsersMe' ], [ 'OPTIONS /users' => 'optionsUsers' ],
      [ 'OPTIONS /users/1' => 405, 'GET, HEAD, PUT' ], [ 'POST /users' => 405, 'GET, HEAD, OPTIONS' ],
      [ 'PROPFIND /users' => 405, 'GET, HEAD, OPTIONS' ], [ 'BREW /users/me' => 405, 'GET, HEAD, PUT' ],
      [ 'get /users' => 400 ], [ 'GETX /users' => 405, 'GET, HEAD, OPTIONS' ],
      [ 'PUT /users/me/2/keys' => 405, 'GET, HEAD, POST, DELETE' ],
      [ 'POST /users/1/2/keys' => 405, 'GET, HEAD, DELETE' ],
      [ 'TRACE_ /users' => 405, 'GET, HEAD, OPTIONS' ],
    ],
    [ '/head', [
        'GET /a' => \@r, 'HEAD /a' => ['s1'], 'HEAD /b' => \@r, 'GET /{x}' => ['s2'], 'HEAD /{x}' => ['s3'],
        'GET /c' => \@r, 'POST /d' => \@r,
      ],
      [ 'HEAD /a' => 'headA', 'its own HEAD wins' ], [ 'GET /a' => 'getA' ], [ 'HEAD /b' => 'headB' ],
      [ 'GET /b' => 'getX' ], [ 'HEAD /c' => 'getC', 'GET of the literal is before HEAD of the parameter' ],
      [ 'HEAD /d' => 'headX' ], [ 'PUT /d' => 405, 'GET, HEAD, POST' ], [ 'HEAD /z' => 'headX' ],
    ],
    [ '/back', [
        'GET /a/{x}/c' => \@r, 'GET /{y}/b/d' => \@r, 'GET /a/b/{z}/e' => \@r, 'GET /{w}/{v}/{u}/f' => \@r,
        'GET /a/b/c/g' => \@r, 'GET /{y}/b/c/h' => \@r,
      ],
      [ 'GET /a/b/c' => 'getAXC' ], [ 'GET /a/b/d' => 'getYBD' ], [ 'GET /x/b/d' => 'getYBD' ],
      [ 'GET /a/x/d' => 404 ], [ 'GET /a/b/c/e' => 'getABZE' ], [ 'GET /a/b/c/f' => 'getWVUF' ],
      [ 'GET /a/b/c/g' => 'getABCG' ], [ 'GET /a/b/c/h' => 'getYBCH' ], [ 'GET /x/b/c/g' => 404 ],
      [ 'GET /a/b' => 404 ], [ 'GET /a/b/x' => 404 ],
    ],
    [ '/left', [ 'GET /{a}/list' => \@r, 'GET /orgs/{b}' => \@r, 'PUT /{a}/enable' => \@r, 'PUT /{a}/{b}' => \@r ],
      [ 'GET /orgs/list' => 'getOrgsB', 'the leftmost literal wins' ], [ 'GET /x/list' => 'getAList' ],
      [ 'PUT /orgs/enable' => 'putAEnable', 'the method chooses among the templates' ],
      [ 'PUT /orgs/x' => 'putAB' ], [ 'DELETE /orgs/list' => 405, 'GET, HEAD, PUT' ],
    ],
);

for my $case (@cases) {
    my ($base, $operations) = @$case;
    location($base, policy($base, @$operations));
}

# ---- random policies

my @random = map { random_policy("/random$_") } 1 .. 8;

sub random_policy {
    my ($base) = @_;
    my (%seen, @pairs);
    while (@pairs < 60) {
        my $path = join '', map { '/' . (below(3) ? pick(qw(a b c)) : '{p' . $_ . '}') } 1 .. 1 + below(5);
        my $method = pick(qw(GET GET GET HEAD POST PUT DELETE));
        next if $seen{ "$method " . $path =~ s/\{\w+\}/{}/gr }++;
        my $scopes = below(8) == 0 ? 'public'
            : [ map { [ map { 's' . below(6) } 0 .. below(3) ] } 0 .. below(3) ];
        push @pairs, "$method $path" => { scopes => $scopes, id => 'op' . @pairs / 2 };
    }
    location($base, policy($base, @pairs));
    return { base => $base, operations => operations_of($base, @pairs), segments => [qw(a a b b c c d d A b.x)] };
}

sub random_path {
    my ($policy) = @_;
    return $policy->{base} . join '', map { '/' . pick(@{ $policy->{segments} }) } 1 .. 1 + below(5);
}

# ---- ten thousand operations

my @many;
for my $i (0 .. 999) {
    my ($a, $b) = ("kind" . $i % 100, 'part' . int $i / 100);
    push @many, map { $_ => { scopes => [ 's' . $i % 6 ], id => "op$i-" . ($_ =~ tr/ //dr) } }
        "GET /$a/$b", "POST /$a/$b", "GET /$a/$b/{id}", "PUT /$a/$b/{id}", "DELETE /$a/$b/{id}",
        "GET /$a/$b/{id}/x$i", "GET /$a/{id}/$b/{y}", "GET /{id}/$a/$b/y", "GET /$a/$b/{id}/{y}/{z}", "GET /$a/$b/{id}/{y}/z$i";
}
my %many = (base => '/many', operations => operations_of('/many', @many));
location('/many', policy('/many', @many));

# ---- n templates of n segments, each with a literal at another place

my @overlapping = map { my $at = $_;
    ('GET ' . join('', map { $_ == $at ? "/l$at" : "/{p$_}" } 1 .. 8) => { scopes => [ 's' . $at % 6 ], id => "op$at" })
} 1 .. 8;
my %overlapping = (base => '/overlapping', operations => operations_of('/overlapping', @overlapping));
location('/overlapping', policy('/overlapping', @overlapping));

# ---- security and names

my $named = policy('/security',
    'GET /and' => [ [ 's0', 's1' ] ], 'GET /or' => [ 's1', 's2' ], 'GET /both' => [ [ 's0', 's1' ], [ 's3', 's5' ], 's2' ],
    'GET /any' => [ [] ], 'GET /any-or' => [ 's1', [] ], 'GET /public' => 'public', 'POST /public' => ['s1'],
    'GET /document' => ['s1'], 'GET /override' => ['s0'], 'GET /unnamed/{a}' => ['s0'], 'GET /open' => 'public',
    'GET /twice' => [ [ 's0', 's0' ] ], 'GET /two-schemes' => ['s1']);
$named->{security} = [ { eiam => ['s2'] } ];
delete $named->{paths}{'/document'}{get}{security};
delete $named->{paths}{'/unnamed/{a}'}{get}{operationId};
$named->{components}{securitySchemes}{other} = $named->{components}{securitySchemes}{eiam};
$named->{paths}{'/two-schemes'}{get}{security} = [ { eiam => ['s0'], other => ['s1'] } ];
location('/security', $named);

location('/least', policy('/least', 'GET /org' => [ 'all', 'org_read' ], 'GET /org2' => [ 'org_read', 'all' ],
    (map { ("GET /all$_" => ['all']) } 1 .. 3), 'GET /pair' => [ [ 's0', 's3' ], [ 's1', 's2' ] ],
    'GET /s3' => ['s3'], 'GET /same' => [ 's4', 's5' ]));

my $public = policy('/default-public', 'GET /a' => ['s0'], 'GET /b' => ['s1']);
$public->{security} = [];
delete $public->{paths}{'/a'}{get}{security};
location('/default-public', $public);

location('/api/v2/tenant', top_dir() . '/conf/eiam-openapi.json');

# The backend is nginx, too: it is fast, and returns the identity headers that it has received.
my $gate = nginx(
    files => { %files, 'root.json' => policy('https://host',
        'GET /{a}' => ['s0'], 'GET /x/{b}' => ['s1'], 'GET /{a}/{b}/{c}' => ['s2']),
        'utf8.json' => policy('/utf8', 'GET /users/{id}' => ['s0'], 'GET /users/me' => ['s1'],
            "GET /\x{7528}\x{6237}/me" => { scopes => ['s0'], id => 'beyond' }) },
    conf => qq{
        eiam_applications %DIR%/apps.json;
        keepalive_requests 100000;
        add_header X-Route \$eiam_route always;
        server { listen 127.0.0.1:%PORT%; @{[ join "\n", @locations ]} }
        server {
            listen 127.0.0.1:%PORT3%;
            eiam on; eiam_policy %DIR%/root.json;
            location / { proxy_pass http://127.0.0.1:%PORT2%; }
        }
        server {
            listen 127.0.0.1:%PORT4%;
            eiam on; eiam_policy %DIR%/utf8.json; eiam_path utf8;
            location / { proxy_pass http://127.0.0.1:%PORT2%; }
        }
        server {
            listen 127.0.0.1:%PORT2%;
            add_header X-Operation \$http_x_eiam_operation;
            add_header X-Application \$http_x_eiam_application;
            location / { return 204; }
        }
    })->start;

# (status, operation or Allow) for many requests "METHOD /path" at once.
sub ask {
    my ($token, @requests) = @_;
    my @answers;
    while (my @some = splice @requests, 0, 100) {
        my @parts = map { [ split / / ] } @some;
        my $bytes = join '', map { request($_->[1], method => $_->[0], token => $token) } @parts;
        my @res = raw($gate, $bytes, count => scalar @some, head => [ map { $_->[0] eq 'HEAD' } @parts ]);
        push @answers, map { [ $_->{status} == 204 ? 200 : $_->{status},
            $_->{headers}{'x-operation'} // $_->{headers}{allow} // '' ] } @res;
    }
    return @answers;
}

# ---------------------------------------------------------------- the table

for my $case (@cases) {
    my ($base, $operations, @requests) = @$case;
    my $known = operations_of($base, @$operations);
    for (@requests) {
        my ($request, $is, $more) = @$_;
        my ($method, $path) = split / /, $request;
        my ($answer) = ask('all', "$method $base$path");
        my @expected = $is =~ /^\d/ ? ($is, $is == 405 ? $more : '') : (200, $is);
        my $title = "$method $base$path is " . ($is =~ /^\d/ ? $is : "the operation $is")
            . ($more ? " ($more)" : '');
        is "@$answer", "@expected", $title;
        next if $method =~ /[^A-Z]/;
        my ($status, $id) = reference($known, $method, "$base$path", map { ("s$_" => 1) } 0 .. 5);
        is "$status $id", "@expected", "the reference agrees: $title";
    }
}

# ---------------------------------------------------------------- against the reference

# The answers that differ from the reference.
sub disagreements {
    my ($policy, $token, $scopes, @requests) = @_;
    my @answers = ask($token, @requests);
    my @wrong;
    for my $i (0 .. $#requests) {
        my ($method, $path) = split / /, $requests[$i];
        my ($status, $id) = reference($policy->{operations}, $method, $path, map { ($_ => 1) } @$scopes);
        my ($got, $name) = @{ $answers[$i] // [ 'no answer', '' ] };
        $id = '' if $status == 403;
        push @wrong, "$requests[$i]: $got '$name', expected $status '$id'" if $got ne $status || $name ne $id;
        $policy->{seen}{$status}++;
    }
    return @wrong;
}

for my $policy (@random) {
    my @requests = map { pick(qw(GET GET HEAD POST PUT DELETE PATCH)) . ' ' . random_path($policy) } 1 .. 500;
    my @wrong = (disagreements($policy, 'all', [ map { "s$_" } 0 .. 5 ], @requests),
        disagreements($policy, 'some', [qw(s0 s2 s5)], @requests), disagreements($policy, 'none', [], @requests));
    ok !@wrong, "$policy->{base}: 500 random requests with each of three tokens are judged by the rule"
        or diag join "\n", "EIAM_SEED=$seed", @wrong[0 .. ($#wrong < 9 ? $#wrong : 9)];
    is join(' ', sort keys %{ $policy->{seen} }), '200 400 403 404 405', "$policy->{base}: with every outcome";
}

my @sample = map { sprintf 'GET /many/%s', join '/', map { pick('x' . below(1000), 'kind' . below(100),
    'part' . below(10), 'y', 'z' . below(1000)) } 1 .. 2 + below(4) } 1 .. 120;
for (1 .. 120) {
    my $op = $many{operations}[ below(10_000) ];
    push @sample, "$op->[0] /" . join '/', map { $_ // pick('part' . below(10), 'v') } @{ $op->[1] };
}
is scalar @{ $many{operations} }, 10_000, 'a policy of 10,000 operations is loaded';
my @wrong = disagreements(\%many, 'some', [qw(s0 s2 s5)], @sample);
ok !@wrong, 'and a sample of its paths is judged by the rule' or diag join "\n", @wrong;
is join(' ', sort keys %{ $many{seen} }), '200 403 404', 'with each of these outcomes';

my @overlaps = map { my $bits = $_;
    'GET /overlapping/' . join '/', map { $bits >> $_ - 1 & 1 ? "l$_" : "x$_" } 1 .. 8 } 0 .. 255;
for my $other (qw(L4 l4.json l5)) { push @overlaps, $overlaps[255] =~ s{/l4}{/$other}r }
@wrong = disagreements(\%overlapping, 'some', [qw(s0 s2 s5)], @overlaps);
ok !@wrong, 'templates that overlap in each segment are judged by the rule' or diag join "\n", @wrong;
is join(' ', sort keys %{ $overlapping{seen} }), '200 400 403 404', 'with each of these outcomes';

# ---------------------------------------------------------------- security

sub asks {
    my ($token, $request, $status, $title) = @_;
    my ($answer) = ask($token, $request);
    return is $answer->[0], $status, $title;
}

asks 'all',  'GET /security/and', 200, 'all scopes of the one alternative are enough';
asks 'some', 'GET /security/and', 403, 'one of two scopes that are required together is not enough';
asks 'some', 'GET /security/or', 200, 'one of two alternatives is enough';
asks 'none', 'GET /security/or', 403, 'none of two alternatives is not';
asks 'some', 'GET /security/both', 200, 'the last of three alternatives is enough';
asks 'none', 'GET /security/both', 403, 'none of three is not';
asks 'none', 'GET /security/any', 200, 'an alternative without scopes lets any valid token pass';
asks 'none', 'GET /security/any-or', 200, 'also beside one with scopes';
asks 'bad',  'GET /security/any', 401, 'but no invalid token';
asks undef,  'GET /security/any', 401, 'and no request without a token';
asks 'none', 'GET /security/document', 403, "the document's security holds where the operation has none";
asks 'some', 'GET /security/document', 200, "its scopes are enough there";
asks 'some', 'GET /security/override', 200, "the operation's security replaces the document's";
asks 'none', 'GET /security/override', 403, 'and is required';
asks 'some', 'GET /security/twice', 200, 'a scope named twice is one scope';
asks 'some', 'GET /security/two-schemes', 403, 'the scopes of two schemes are required together';
asks 'all',  'GET /security/two-schemes', 200, 'and are enough together';
asks undef,  'GET /security/public', 200, 'a public operation needs no token';
asks 'bad',  'GET /security/public', 200, 'and asks for none';
asks undef,  'HEAD /security/public', 200, 'HEAD of a public operation is public';
asks undef,  'POST /security/public', 401, 'another method of its path is not public';
asks undef,  'PUT /security/public', 401, 'an unknown method of its path needs a token first';
asks undef,  'GET /security/public/x', 401, 'a longer path is not public';
asks undef,  'GET /default-public/a', 200, 'empty security of the document makes its operations public';
asks undef,  'GET /default-public/b', 401, 'but not those with security of their own';

my $res = get($gate, '/security/public', token => 'all');
is $res->{headers}{'x-operation'}, 'getPublic', 'a public operation has its name';
ok !defined $res->{headers}{'x-application'}, 'but no application, though a token came along';
is +(ask('all', 'GET /security/unnamed/7'))[0][1], 'GET /security/unnamed/{a}',
    'an operation without operationId is named by method and template';

refused get($gate, '/security/and', token => 'some'), 'scope_insufficient', 'the refusal is complete';
my $asked = qr/^Bearer realm="eiam", error="insufficient_scope", scope="([^"]*)"\z/;
for my $row (
    [ '/security/both', 's2', 'the alternative with the fewest scopes' ],
    [ '/security/and', 's0 s1', 'all scopes of the only one' ],
    [ '/security/twice', 's0', 'a scope that is named twice once' ],
    [ '/least/org', 'org_read', 'of two scopes the one that fewer operations accept, wherever it stands' ],
    [ '/least/org2', 'org_read', 'the same the other way round' ],
    [ '/least/pair', 's1 s2', 'of two pairs the one that fewer operations accept, alone or in part' ],
    [ '/least/same', 's4', 'of two that are alike the first' ],
) {
    my ($path, $scope, $title) = @$row;
    my $challenge = get($gate, $path, token => 'none')->{headers}{'www-authenticate'} // '';
    is $challenge =~ $asked ? $1 : $challenge, $scope, "2.5-6: the challenge of $path names $title";
}
refused get($gate, '/shape/nothing', token => 'all'), 'operation_unknown';
refused get($gate, '/shape/users', token => 'all', method => 'PUT'), 'method_unknown';

# ---------------------------------------------------------------- no base path

sub at_root {
    my ($path, $token) = @_;
    my $res = get($gate, $path, token => $token, port => $gate->port(3));
    return "$res->{status} " . ($res->{headers}{'x-operation'} // '');
}

is at_root('/abc', 'some'), '204 getA', 'without a base path a template begins at the root';
is at_root('/x/abc', 'all'), '204 getXB', 'at any depth';
is at_root('/x/abc', 'some'), '403 ', 'and requires its scopes';
is at_root('/a/b', 'all'), '404 ', 'what fits nothing is unknown';
is at_root('/x/b/c', 'some'), '204 getABC', 'a dead end at a literal is left again';
is at_root('/', 'all'), '404 ', 'the root itself is none of its paths';

# ---------------------------------------------------------------- beyond ASCII

for my $row (
    [ '204 getUsersId', 'a name beyond ASCII stands for the parameter', qw(%E5%BC%A0 m%C3%A9 %C3%A9me me%E5%BC%A0
        %E5%BC%A0.json %E5%BC%A0%E4%B8%89) ],
    [ '204 getUsersMe', 'a literal beside it is itself', 'me' ],
    [ '400 ', 'and ambiguous in another case', qw(ME Me) ],
    [ '404 ', 'with a suffix it is no parameter', qw(me.json me.%E5%BC%A0) ],
    [ '204 getUsersId', 'with a sub-delimiter it is one', qw(me!x me@x) ],
) {
    my ($expected, $title, @names) = @$row;
    for my $name (@names) {
        $res = get($gate, "/utf8/users/$name", token => 'all', port => $gate->port(4));
        is "$res->{status} " . ($res->{headers}{'x-operation'} // ''), $expected, "$title: $name";
    }
}
$res = get($gate, '/utf8/%E7%94%A8%E6%88%B7/me', token => 'all', port => $gate->port(4));
is $res->{headers}{'x-operation'}, 'beyond', 'a literal beyond ASCII is compared decoded';

# ---------------------------------------------------------------- the shipped policy

my $tenant = '/api/v2/tenant';
for my $row (
    [ 'PUT', '/organizations/org-codes/enable', '/organizations/{org_id}/enable' ],
    [ 'GET', '/organizations/org-codes/enable', '/organizations/org-codes/{org_code}' ],
    [ 'GET', '/organizations/org-codes/x', '/organizations/org-codes/{org_code}' ],
    [ 'PUT', '/organizations/o1/enable', '/organizations/{org_id}/enable' ],
) {
    my ($method, $path, $template) = @$row;
    $res = get($gate, "$tenant$path", method => $method, token => 'none');
    refused $res, 'scope_insufficient', "$method $path of the shipped policy requires scopes";
    is $res->{headers}{'x-route'}, "$tenant$template", "those of $template";
}

done_testing;
