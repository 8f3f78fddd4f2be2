#!/usr/bin/perl
# Whatever the gate forwards is read by a servlet container, Express and Flask as the operation that the gate
# decided on. EIAM_SPELLINGS and EIAM_SEED widen the search.

use strict;
use warnings;
no warnings 'qw';    # commas and number signs are meant

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use EIAM::Router;
use EIAM::Spellings qw(spellings);
use EIAM::Test;
use EIAM::Tomcat;

use constant { BASE => '/api/v2/tenant', DEPTH => 32, SHOWN => 20 };

my $count = $ENV{EIAM_SPELLINGS} // 12_000;
my $seed  = $ENV{EIAM_SEED} // 20;

my @interfaces = (
    [ GET  => '/organizations/{org_id}/org-leader', 'getLeader' ],
    [ PUT  => '/organizations/{org_id}/org-leader', 'setLeader' ],
    [ PUT  => '/applications/{app_id}/organizations/{app_org_id}', 'changeOrganization' ],
    [ POST => '/applications/{app_id}/organizations', 'addOrganization' ],
    [ POST => '/applications/{app_id}/accounts/public-account/{app_user_id}/owner', 'setOwner' ],
);
my @forbidden = (
    [ GET  => '/organizations/{org_id}', 'getOrganization' ],
    [ GET  => '/applications/{app_id}/organizations', 'listOrganizations' ],
    [ POST => '/applications/{app_id}/accounts/{app_user_id}', 'addAccount' ],
);
# Parameters between literals, and several in one segment, which the policy leaves out: the container looks for these first.
my @left_out = (
    [ GET => '/files/{a}...{b}', 'compareFiles' ],
    [ PUT => '/members/{from}-{to}:move', 'moveMembers' ],
    [ GET => '/days/{from}~~~{to}', 'listDays' ],
    [ GET => '/files/{name}.{kind}.zip', 'getArchive' ],
);
my @mixed = (
    [ GET => '/files/all.json', 'allFiles' ], [ GET => '/files/{name}.json', 'getJson' ], [ GET => '/files/{name}', 'getFile' ],
    [ PUT => '/members/{id}:activate', 'activate' ], [ PUT => '/members/{id}', 'setMember' ], [ GET => '/days/d{day}', 'getDay' ],
    [ GET => '/days/{id}', 'getAnyDay' ], [ GET => "/keys('{id}')", 'getKey' ],
);
my @full   = map { [ $_->[0], BASE . $_->[1], $_->[2] ] } @interfaces;
my @decoys = map { BASE . $_ } '/secrets', '/secrets/s1', '/organizations/o1', '/users/u1',
    '/applications/a1/accounts/u1', '/applications/a1/accounts/public-account/u1',
    '/organizations/o1/org-leader/history', '/org-leader', '/applications/a1';

my @readings = qw(exact relaxed spring lenient lenient_cut_first);

# Spellings that pass a gate which trusts nginx's reading of the path.
my @known = map { { method => 'GET', target => $_ } } (
    BASE . '/secrets;%2f..%2forganizations%2fo1%2forg-leader',
    BASE . '/organizations/..;/org-leader',
    '/api;x/v2/tenant/secrets',
    '/x/..;' . BASE . '/secrets',
);

my $tomcat = EIAM::Tomcat->new(BASE, map { $_->[0] . ' ' . BASE . "$_->[1] $_->[2]" } @interfaces, @forbidden,
    @left_out, @mixed);
my @spellings = (@known, spellings(seed => $seed, count => $count - @known, operations => \@full, decoys => \@decoys));

subtest 'without the module the same spellings find holes' => sub {
    my $bare = nginx(module => 0, http => upstreams() . naive_map(), server => q{
        keepalive_requests 1000000;
        location / { proxy_pass http://decode; }
        location } . BASE . q{/ {
            if ($operation = '') { return 403; }
            proxy_set_header X-EIAM-Operation $operation;
            proxy_set_header Connection "";
            proxy_pass http://decode;
        }
    })->start;
    my @answers = exchange($bare, 1, @spellings);
    for my $i (0 .. $#known) {
        like join(', ', holes($known[$i], $answers[$i], 1)), qr/exact reading/,
            "a hole: $known[$i]{target}";
    }
    my @found = grep { holes($spellings[$_], $answers[$_], 1) } 0 .. $#spellings;
    note scalar(@found), " of $count spellings are holes";
    cmp_ok scalar @found, '>', 100, 'and there are many of them';
};

my $gate = nginx(
    workers => 2,
    files => {
        'policy.json' => policy(BASE,
            (map { ("$_->[0] $_->[1]" => { scopes => ['all'], id => $_->[2] }) } @interfaces),
            (map { ("$_->[0] $_->[1]" => { scopes => ['other'], id => $_->[2] }) } @forbidden)),
        'shapes.json' => policy(BASE, (map { ("$_->[0] $_->[1]" => { scopes => ['all'], id => $_->[2] }) } @mixed),
            (map { ("$_->[0] $_->[1]" => { scopes => ['all'], id => $_->[2] }) } @left_out)),
        'apps.json' => applications({ id => 'crm', permissions => ['all'], tokens => ['allowed'] }),
    },
    # The refusals, tens of thousands, are not logged.
    error_log_level => 'crit',
    conf => upstreams() . server(1, 'decode') . server(2, 'passthrough')
        . server(3, 'decode', 'eiam_path utf8;') . server(4, 'decode', 'eiam_path utf8;', 'shapes'),
)->start;

subtest 'strict paths, encoded slashes decoded by the backend' => sub {
    holds(1, 1, @spellings);
};

subtest 'strict paths, encoded slashes left by the backend' => sub {
    holds(2, 1, @spellings);
};

subtest 'UTF-8 paths' => sub {
    holds(3, 0, @known, spellings(seed => $seed + 1, count => int($count / 4), operations => \@full,
        decoys => \@decoys, utf8 => 1));
};

subtest '2.5-3: what is left out is never taken for another operation, with parameters between literals beside it' => sub {
    my @shapes = map { [ $_->[0], BASE . $_->[1], $_->[2] ] } @mixed;
    my @hidden = map { BASE . $_ } '/files/x...y', '/files/a.b.zip', '/days/1~~~2', '/members/1-2:move', '/files/x....json', '/days/d1~~~2',
        '/files/x...y.json', '/members/1-2:move:activate', "/keys('a','b')", '/keys/x';
    my @cases = (spellings(seed => $seed + 3, count => int($count / 4), operations => \@shapes, decoys => \@hidden, utf8 => 1));
    holds(4, 0, @cases);
    my @answers = exchange($gate, 4, map { my $target = $_; map { { method => $_, target => $target } } qw(GET PUT) } @hidden);
    nothing_in([ map { $_->{body} } grep { $_ && served($_) && (served($_)->{exact} =~ /compare|move|listDays|Archive/) } @answers ],
        'no call of an operation that is left out reaches it');
};

# Frameworks that look for routes in their own order: Express does so in the path as it was sent.
my @routes = (
    [ GET => '/users/me', 'getMe' ], [ PUT => '/users/{id}:activate', 'activate' ], [ GET => '/files/all.json', 'allFiles' ],
    [ GET => '/files/{name}.json', 'getJson' ], [ GET => '/files/{name}', 'getFile' ], [ GET => '/v{version}/info', 'info' ],
    [ GET => '/x@{id}', 'getX' ], [ GET => '/users/{id}/roles/{role}', 'getRole' ], [ GET => '/users/{id}', 'getUser' ],
    [ PUT => '/users/{id}', 'setUser' ], [ GET => '/team@all/{id}', 'getAll' ], [ GET => '/team@all', 'listAll' ],
    [ GET => '/{id}', 'getAny' ],
);

subtest '2.6-8: Express and Flask, by their own routing' => sub {
    my @routers = ([ 'Express 4' => EIAM::Router->express('express', based(@routes)) ],
        [ 'Express 5' => EIAM::Router->express('express5', based(@routes)) ],
        [ 'Flask' => EIAM::Router->flask(based(@routes)) ]);
    my ($serial, @servers) = (0);
    for my $router (@routers) {
        my ($port) = $router->[1]->ports;
        push @servers, server(++$serial, "127.0.0.1:$port", 'eiam_path utf8;');
    }
    my $gate = nginx(workers => 2, error_log_level => 'crit', conf => join('', @servers), files => {
        'policy.json' => policy(BASE, map { ("$_->[0] $_->[1]" => { scopes => ['all'], id => $_->[2] }) } @routes),
        'apps.json' => applications({ id => 'crm', permissions => ['all'], tokens => ['allowed'] }) })->start;

    my @cases = (odd_routes(), spellings(seed => $seed + 2, count => int($count / 6), utf8 => 1,
        operations => [ based(@routes) ], decoys => [ map { BASE . $_ } '/users/ME', '/users', '/team%40all/x', '/none/x/y/z' ]));
    for my $n (1 .. @routers) {
        my @answers = exchange($gate, $n, @cases);
        my (@wrong, @stopped, $passed);
        for my $i (0 .. $#cases) {
            my ($case, $answer) = ($cases[$i], $answers[$i]);
            my $read = $answer && $answer->{json};
            my $through = ref $read eq 'HASH' && defined $read->{decided};
            $passed += !!$through;
            push @wrong, line($case) . ': ' . misread($case, $read) if $through && misread($case, $read);
            push @stopped, line($case) . ': ' . kind($answer)
                if defined $case->{plain} && !($through && $read->{read} eq $case->{plain});
        }
        cmp_ok $passed, '>', @cases / 20, "$routers[$n - 1][0]: $passed of " . @cases . ' spellings pass';
        nothing_in(\@stopped, '  every plain one does');
        nothing_in(\@wrong, '  as what was decided, with the same parameters');
    }
};

# Ids of the application's own objects, and one of a foreign object that no backend may read.
my @own = ('mine', '8', 'a b', 'a+b', "\xc3\xa9t\xc3\xa9");
my @marked = ([ GET => '/apps/{app_id}/accounts', 'listAccounts' ], [ GET => '/exports/{app_id}.json', 'getExport' ],
    [ PUT => '/apps/{app_id}', 'setApp' ], [ GET => '/items', 'listItems' ]);

subtest '2.7-3: no spelling of a foreign id passes that a backend reads as that id' => sub {
    my $policy = policy(BASE, map { ("$_->[0] $_->[1]" => { scopes => ['all'], id => $_->[2] }) } @marked);
    for my $path (keys %{ $policy->{paths} }) {
        my ($name, $in) = $path =~ /app_id/ ? qw(app_id path) : qw(tenant query);
        $policy->{paths}{$path}{parameters} = [ { name => $name, in => $in, required => JSON::PP::true, 'x-eiam-object' => 'id' } ];
        delete $_->{parameters} for grep { ref eq 'HASH' } values %{ $policy->{paths}{$path} };
    }
    my @routers = ([ 'Express 4' => EIAM::Router->express('express', based(@marked)) ],
        [ 'Express 5' => EIAM::Router->express('express5', based(@marked)) ], [ 'Flask' => EIAM::Router->flask(based(@marked)) ]);
    my @backends = (map({ [ $_->[0], '127.0.0.1:' . ($_->[1]->ports)[0], \&read_by_router ] } @routers),
        [ 'Tomcat, UTF-8' => '127.0.0.1:' . $tomcat->decode, sub { map { utf8::encode(my $id = $_); $id } read_by_tomcat(@_) } ],
        [ 'Tomcat, ISO-8859-1' => '127.0.0.1:' . $tomcat->passthrough, \&read_by_tomcat ]);
    my @own_text = map { my $id = $_; utf8::decode($id); $id } @own;
    my $n = 0;
    my $gate = nginx(workers => 2, error_log_level => 'crit',
        conf => join('', map { server(++$n, $_->[1], 'eiam_path utf8; eiam_objects on;') } @backends), files => {
        'policy.json' => $policy,
        'apps.json' => applications({ id => 'crm', permissions => ['all'], tokens => ['allowed'], objects => { id => \@own_text } }) })->start;

    my @cases = foreign(int($count / 3));
    my $open = nginx(workers => 2, error_log_level => 'crit', conf => server(1, $backends[0][1], 'eiam_path utf8; eiam_objects off;'),
        files => { 'policy.json' => $policy, 'apps.json' => applications({ id => 'crm', permissions => ['all'], tokens => ['allowed'] }) })->start;
    my @found = grep { $_->{json} && defined $_->{json}{decided} && grep { /^(?:theirs|7)$/ } read_by_router($_->{json}) }
        grep { $_ } exchange($open, 1, @cases);
    cmp_ok scalar @found, '>', 100, 'without it ' . @found . ' of them do';
    for my $n (1 .. @backends) {
        my ($title, undef, $ids) = @{ $backends[ $n - 1 ] };
        my @answers = exchange($gate, $n, @cases);
        my (@wrong, @stopped, $passed);
        for my $i (0 .. $#cases) {
            my $json = $answers[$i] && $answers[$i]{json};
            my $through = ref $json eq 'HASH' && defined $json->{decided};
            push @stopped, line($cases[$i]) . ': ' . kind($answers[$i]) if $cases[$i]{own} && !$through;
            next if !$through;
            $passed++;
            my @foreign = grep { my $id = $_; !grep { $_ eq $id } @own } $ids->($json);
            push @wrong, line($cases[$i]) . ': ' . join ', ', map { "read '$_'" } @foreign if @foreign;
        }
        cmp_ok $passed, '>', @cases / 50, "$title: $passed of " . @cases . ' spellings pass';
        nothing_in(\@stopped, '  every plain one of an own id does');
        nothing_in(\@wrong, '  and no backend reads another id');
    }
};

done_testing;

# All ids of the marked parameter that a backend read, as bytes; of Tomcat, as characters.
sub read_by_router {
    my ($json) = @_;
    my @ids = ($json->{parameters}{app_id} // (), texts($json->{query}{tenant}), texts($json->{search}));
    @ids = ('none') if !@ids;
    return map { utf8::encode(my $id = $_); $id } @ids;
}

sub read_by_tomcat {
    my ($json) = @_;
    my $base = BASE;
    return $1 if $json->{resource} =~ m{^$base/(?:apps|exports)/(.*?)(?:/accounts|\.json)?$};
    return defined $json->{tenants} ? split /\n/, $json->{tenants}, -1 : 'none';
}

# What qs makes of a parameter: a text, a list, an object.
sub texts {
    my ($value) = @_;
    return map { texts($_) } @$value if ref $value eq 'ARRAY';
    return map { (texts($_), texts($value->{$_})) } sort keys %$value if ref $value eq 'HASH';
    return $value // ();
}

# Paths and queries with a foreign id, with an own one, and with both.
sub foreign {
    my ($count) = @_;
    my $state = $seed + 4;
    my $pick = sub { $state = ($state * 1_103_515_245 + 12_345) % 2**31; return $_[ int($state / 2**31 * @_) ] };
    my @ids = ('theirs', '7', 'theirs', '7', @own, 'MINE', 'mine ', '08', '8.0', 'Theirs', '07');
    my $spelled = sub { my ($id) = @_; $id =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/ge; return $id };
    my $mutate = sub {
        my ($text) = @_;
        my $at = $pick->(0 .. length $text);
        my $letter = $at < length $text ? ord substr $text, $at, 1 : ord 's';
        my $how = $pick->(qw(%%%02x %%%02X %%25%02x %%2525%02x %%u00%02x %%c1%%%02x %%c0%%%02x %%e0%%80%%%02x %%00%c %c%%00 %%20%c %c%%20
            +%c %c+ %%2B%c %c%%2b %%0a%c %c%%09 0%c %c; ;%c %c;x %c,%c %c&%c %c#%c %%EF%%BB%%BF%c %c%%CC%%81 %%C2%%A0%c %%E2%%80%%8B%c %c%%3b %c%%26 %c= =%c
            [%c %c] [%c] "%c" '%c' %c%%2f %c/ /%c .%c %c. ../%c %c/.. %c%%2e%%2e));
        no warnings 'redundant';    # most of these have the letter once
        my $new = sprintf $how, ($letter) x 2;
        substr $text, $at, $at < length $text ? 1 : 0, $new;
        return $pick->(0, 0, 0, 1) ? uc $text : $text;
    };
    my @cases = map { my $id = $spelled->($_); map { { %$_, own => 1 } } { method => 'GET', target => BASE . "/apps/$id/accounts" },
        { method => 'GET', target => BASE . "/exports/$id.json" }, { method => 'GET', target => BASE . "/items?tenant=$id" } } grep { !/\+/ } @own;
    push @cases, { method => 'GET', target => BASE . '/items?tenant=a%2Bb', own => 1 }, { method => 'GET', target => BASE . '/items?x=1&tenant=a+b', own => 1 };
    for my $id ('theirs', '7') {
        push @cases, map { { method => 'GET', target => BASE . $_ } } "/apps/$id/accounts", "/exports/$id.json", "/items?tenant=$id";
    }
    while (@cases < $count) {
        my $id = sub { my $text = $spelled->($pick->(@ids)); $text = $mutate->($text) for 1 .. $pick->(0, 0, 0, 1, 1, 2); return $text };
        if ($pick->(0, 0, 1)) {
            push @cases, { method => $pick->(qw(GET GET PUT)), target => BASE . $pick->('/apps/%s/accounts', '/exports/%s.json', '/apps/%s') =~ s/%s/$id->()/er };
            next;
        }
        my @parts = map {
            my $name = $pick->(('tenant') x 8, ('x', 'y', 'tenants', 'x[tenant]') x 2,
                qw(Tenant TENANT tenant[] tenant[0] tenant[a] tenant[tenant] tenant.x));
            $name = $mutate->($name) if $pick->(0, 0, 0, 0, 1);
            $name . $pick->(qw(= = = = = = = = %3d == %3D), '') . $id->();
        } 1 .. $pick->(1, 2, 2, 3);
        my $query = shift @parts;
        $query .= $pick->(('&') x 12, qw(; && &amp; %26 &; ;& ? , | &?)) . $_ for @parts;
        push @cases, { method => 'GET', target => BASE . '/items?' . $pick->('', '', '', '', '&', '?', ';') . $query };
    }
    return map { { %$_, target => $_->{target} =~ s/[ \x00-\x1f]//gr } } @cases;
}

sub based { return map { [ $_->[0], BASE . $_->[1], $_->[2] ] } @_ }

sub odd_routes {
    return map { my $target = BASE . $_; map { { method => $_, target => $target } } qw(GET PUT) } map { my $one = $_;
        map { my $pattern = $_; map { my $text = $_; $pattern =~ s/%s/$text/gr } $one, uc $one, lc $one } qw(/%s /users/%s /users/%s/roles/%s /users%s /team%sall
            /team%sall/x /users/a%sb /users/%sme /users/me%s /users/%s%s
            /users/5%sactivate /users/%s:activate /users/5:activate%s /files/a%sjson /files/%s.json /files/all%s.json /files/a.json%s
            /v%s/info /v1%s/info /x%s /x@%s /x%sa /%sx@a) } qw(%40 %3A %2B %3D %7C %20 %2F %5C %00 %25
            %2540 %252F %2E %2e%2e %3B %3F %23 %6De %CC%81 %C2%B7 @ + me ME .json .JSON :activate :ACTIVATE : | %C3%A9 e%CC%81);
}

# What a router read in another way than the gate: the operation, or its parameters.
sub misread {
    my ($case, $read) = @_;
    return "decided '$read->{decided}', read '$read->{read}'" if $read->{decided} ne $read->{read};
    my ($route) = grep { $_->[2] eq $read->{read} } based(@routes);
    my $path = $route->[1] =~ s/\{(\w+)\}/$read->{parameters}{$1}/gr;
    utf8::encode($path);
    my $sent = $case->{target} =~ s{^[A-Za-z]+://[^/]*}{}r =~ s/[?# ].*//sr =~ s/%([0-9a-fA-F]{2})/chr hex $1/ger;
    return $path eq $sent ? '' : "parameters of '$path'";
}

sub upstreams {
    return join '', map {
        "upstream $_ { server 127.0.0.1:" . $tomcat->$_ . "; keepalive 8; }\n"
    } qw(decode passthrough);
}

# A gate as one would write it by hand: it finds the operation by nginx's $uri.
sub naive_map {
    my @rows = map {
        "'~^$_->[0]:" . ($_->[1] =~ s/\{[^}]*\}/[^\/]+/gr) . "\$' $_->[2];"
    } @full;
    return 'map "$request_method:$uri" $operation { default ""; ' . "@rows }\n"
        . "proxy_http_version 1.1; proxy_set_header Connection '';\n";
}

sub server {
    my ($n, $backend, $more, $policy) = @_;
    $policy //= 'policy';
    $more //= '';
    my $port = $n == 1 ? '%PORT%' : "%PORT$n%";
    return qq{
        server {
            listen 127.0.0.1:$port;
            keepalive_requests 1000000;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            location @{[BASE]}/ {
                eiam on;
                eiam_policy %DIR%/$policy.json;
                eiam_applications %DIR%/apps.json;
                $more
                proxy_pass http://$backend;
            }
            location / { proxy_pass http://$backend; }
        }
    };
}

# Sends all requests over keepalive connections; returns an answer for each, undef if the server only closed.
sub exchange {
    my ($gate, $port, @cases) = @_;
    my ($next, $alone, @answers) = (0, 0);
    while ($next < @cases) {
        my ($c, $first, $sent) = (connection($gate, port => $gate->port($port)), $next, $next);
        while ($next < @cases) {
            my $end = $next + ($alone ? 1 : DEPTH);
            $c->send(bytes($cases[ $sent++ ])) while $sent < @cases && $sent < $end;
            $answers[$next] = $c->read_response // last;
            $next++;
            last if $alone;
        }
        # The answer may have been lost when the server closed, so the request is repeated alone.
        $next++ if $alone && $next == $first;
        $alone = !$alone && $next == $first;
    }
    return @answers;
}

sub bytes {
    my ($case) = @_;
    return request($case->{target}, method => $case->{method}, token => 'allowed',
        $case->{method} eq 'GET' ? () : (body => ''));
}

# Returns what is wrong with an answer.
sub holes {
    my ($case, $answer, $strict) = @_;
    return unless $answer;
    return "status $answer->{status}" if $answer->{status} >= 500;
    my $read = served($answer) or return;

    my $decided = $read->{decided} // '';
    my @wrong = map { "$_ reading '$read->{$_}'" } grep { $read->{$_} ne $decided } @readings;
    # nginx takes spaces before the version for a part of the request line, not of the target
    my $path = $case->{target} =~ s/ +\z//r =~ s{^[A-Za-z]+://[^/]*}{}r =~ s/[?#].*//sr;
    $path =~ s/%([0-9a-fA-F]{2})/chr hex $1/ge unless $strict;
    utf8::encode(my $resource = $read->{resource});
    push @wrong, "resource '$resource'" if $decided ne '' && $resource ne $path;
    return @wrong ? ("decided '$decided'", @wrong) : ();
}

# What the container has read, if the answer is from its servlet.
sub served {
    my ($answer) = @_;
    my $json = $answer->{json};
    return ref $json eq 'HASH' && defined $json->{exact} ? $json : undef;
}

sub holds {
    my ($port, $strict, @cases) = @_;
    my @answers = exchange($gate, $port, @cases);
    my (%seen, @wrong, @stopped);
    for my $i (0 .. $#cases) {
        my ($case, $answer) = ($cases[$i], $answers[$i]);
        $seen{ kind($answer) }++;
        my @found = holes($case, $answer, $strict);
        push @wrong, line($case) . ': ' . join ', ', @found if @found;
        next unless defined $case->{plain};
        my $read = $answer && served($answer);
        push @stopped, line($case) . ': ' . kind($answer)
            unless $read && $read->{exact} eq $case->{plain};
    }
    my $plain = grep { defined $_->{plain} } @cases;
    cmp_ok $plain, '>', @cases / 20, "$plain of " . @cases . ' spellings are plain';
    nothing_in(\@stopped, 'every plain spelling passes');
    nothing_in(\@wrong, 'no spelling reaches what was not decided');
    note sprintf '%7d %s', $seen{$_}, $_ for sort keys %seen;
    return;
}

sub kind {
    my ($answer) = @_;
    return 'closed without an answer' unless $answer;
    if (my $read = served($answer)) {
        return defined $read->{decided} ? 'let through' : 'no business of the gate';
    }
    my $code = ref $answer->{json} eq 'HASH' ? $answer->{json}{error_code} : undef;
    my $who = $code // (($answer->{headers}{server} // '') =~ /nginx/
        && $answer->{body} =~ /<center>nginx/ ? 'nginx' : 'the container');
    return "$answer->{status} by $who";
}

sub line {
    my ($case) = @_;
    return "$case->{method} " . $case->{target} =~ s/([^\x20-\x7e])/sprintf '\\x%02x', ord $1/ger;
}

sub nothing_in {
    my ($found, $title) = @_;
    ok !@$found, $title or diag join "\n", scalar(@$found) . ' found:', splice @$found, 0, SHOWN;
    return;
}
