#!/usr/bin/perl
# The page for people, in a headless Chromium, at a gate that is being called. Screenshots are kept in
# build/artifacts/.

use strict;
use utf8;
use warnings;

use File::Path qw(make_path);
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Test::More;
use Time::HiRes qw(sleep time);
use EIAM::Browser;
use EIAM::Jwt qw(mint new_key public_jwk);
use EIAM::Source;
use EIAM::Redis;
use EIAM::Test;

use constant { REFRESH => 2, CALLS => 200 };    # seconds; requests

my $json = JSON::PP->new->ascii->canonical->allow_nonref;
my $artifacts = top_dir() . '/build/artifacts';
make_path($artifacts);

# ---- a gate whose names are markup wherever they may be

my %evil = (
    application => q{<img src=x onerror="window.pwned=1">'"&lt;},
    operation => q{"><script>window.pwned=2</script>'&amp;},
    scope => q{<img/src=x/onerror=window.pwned=3>},
);

my %policy = (
    'GET /users' => [ 'user_read', 'all' ],
    'PUT /users/{id}' => [ [ 'user_write', 'hr_write' ], 'all', [ 'hr_write', 'admin' ] ],
    'GET /open' => 'public',
    'GET /jobs' => ['job_read'],
    'DELETE /users/{id}' => { id => $evil{operation}, scopes => [ [ $evil{scope}, 'admin' ], 'all' ] },
);

my $policy = policy('/api', %policy);
$policy->{paths}{'/jobs'}{get}{'x-eiam-mode'} = 'report';

my $source = EIAM::Source->new(
    seen => { delay => 0.02,
        json => { active => JSON::PP::true, client_id => 'crm', scope => 'user_read' } });

my $gate = nginx(
    workers => 2,
    files => { 'policy.json' => $policy, 'apps.json' => applications(
        { id => 'crm', permissions => [qw(user_read user_write)], tokens => ['crm'] },
        { id => 'off', enabled => 0, permissions => ['user_read'], tokens => ['off'] },
        { id => $evil{application}, permissions => ['admin'], tokens => ['evil'] }) },
    http => 'eiam_policy %DIR%/policy.json; eiam_applications %DIR%/apps.json;',
    server => qq{
        location /api/ { eiam on; eiam_introspection /introspect; proxy_pass http://%ECHO%; }
        location = /introspect { internal; proxy_pass http://@{[ $source->address ]}; }
        location /status/ { eiam_status; }
    })->start;

my $browser = EIAM::Browser->new->size(1280, 900);

# Created before the gate, which would otherwise wait for the browser's connections.
END {
    local $?;
    $browser->stop if $browser;
}

# ---- what a reader of the page sees

sub js {
    my ($expression, @values) = @_;
    my @quoted = map { $json->encode($_) } @values;
    $expression =~ s/%s/shift @quoted/ge;
    return $browser->value($expression);
}

sub page {
    my ($at) = @_;
    $browser->open('http://127.0.0.1:' . ($at // $gate)->port . '/status/');
    return ok $browser->until('document.querySelector(".matrix")'), 'the page has its figures and its matrix';
}

sub quiet {
    my ($title) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is join("\n", $browser->complaints), '', $title // 'the browser has nothing to complain of';
}

sub tile {
    my ($title) = @_;
    return js(q{[...document.querySelectorAll('.tiles dt')].find(node => node.textContent === %s)
        ?.nextSibling.firstChild.textContent}, $title);
}

# The number of calls with a decision, as a tile says it.
sub total {
    my ($title) = @_;
    my $text = js(q{[...document.querySelectorAll('#rates dt')].find(node => node.textContent === %s)
        ?.nextSibling.querySelector('small').textContent}, $title) // '';
    return $text =~ /^([\d,]+) in all$/ ? $1 =~ tr/,//dr : 0;
}

sub decisions { return total('Allowed') + total('Refused') + total('Reported') }

sub text { return js('document.querySelector(%s).textContent', @_) }

# What stands above all: the class, and the sentence.
sub verdict { return text('#verdict') }

# The cells of a table's body, row by row.
sub rows {
    my ($table) = @_;
    return @{ js(q{[...document.querySelectorAll(%s + ' tbody tr')].map(row =>
        [...row.cells].map(cell => (cell.querySelector('small') ? cell.firstChild : cell).textContent))},
        $table) };
}

sub row {
    my ($table, $title) = @_;
    my ($row) = grep { $_->[0] eq $title } rows($table);
    return join '|', @{ $row // [] };
}

# Tries again and again until the condition is true.
sub soon {
    my ($wish, $title) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return ok until_true($wish, EIAM::Browser::TIMEOUT), $title;
}

# ---- it loads

subtest 'the page is one file that trusts nobody' => sub {
    my $res = get($gate, '/status/');
    is $res->{status}, 200, 'it is there';
    unlike $res->{body}, qr/(?:src|href)\s*=\s*["']?(?:\w+:|\/)/i, 'it names nothing of elsewhere';
    unlike $res->{body}, qr/<[^>]*\s(?:style|on\w+)\s*=/i, 'it has no style and no script in attributes';
    unlike $res->{body}, qr/(?:inner|outer)HTML|insertAdjacent|document\.write|DOMParser|eval\(|Function\(/,
        'it makes no markup of texts';
    is scalar(() = $res->{body} =~ /<(?:script|style)\b/g), 2, 'it has one style and one script';
    like $res->{body}, qr/\b$_: '/, "it has words for $_" for sort keys %EIAM::Test::REFUSAL;
};

subtest 'it loads without a complaint' => sub {
    page();
    soon sub { verdict() eq 'No call has been decided yet' }, 'no decision yet';
    is decisions(), 0, 'none is counted';
    is join('|', map { $_->[0] } rows("#$_")), 'none yet', "nothing in $_ yet"
        for qw(reasons latency applications operations lookups);
    like js('document.getElementById("about").textContent'),
        qr{ngx_eiam [\d.]+, nginx [\d.]+.*Policy .*/policy\.json, SHA-256 [0-9a-f]{64}}, 'it says what runs';
    is_deeply [ grep { !m{/status/(?:json|operations\?from=0)$} }
            @{ js('performance.getEntriesByType("resource").map(entry => entry.name)') } ], [],
        'it asks the gate alone';
    quiet();
};

# ---- figures

subtest 'figures move when calls are made' => sub {
    get($gate, '/api/users', token => 'crm') for 1 .. 3;
    get($gate, '/api/users', token => 'seen') for 1 .. 4;
    get($gate, '/api/users', token => $_) for qw(nobody off);
    get($gate, '/api/jobs', token => 'evil');
    get($gate, '/api/users/7', token => 'evil', method => 'DELETE');
    get($gate, '/api/open');
    get($gate, $_, token => 'crm') for qw(/api/none /api/users;x);

    soon sub { decisions() == 14 }, 'the decisions in all';
    is total('Allowed'), 8, 'those allowed';
    is total('Refused'), 5, 'those refused';
    is total('Reported'), 1, 'those that were only reported';
    like row('#reasons', $_), qr/^\Q$_\E\|1\|0\|[\d.]+\|$/, "one refusal: $_"
        for qw(token_invalid application_disabled operation_unknown request_ambiguous);
    like row('#reasons', 'scope_insufficient'), qr/\|1\|1\|[\d.]+\|$/, 'and one was only reported';
    is row('#applications', 'crm'), 'crm|7|0|0', 'by application';
    is row('#operations', 'getUsers'), 'getUsers|7|2|0', 'by operation';
    is row('#applications', 'no application'), 'no application|1|3|0', 'also where there is none';
    is row('#operations', 'no operation'), 'no operation|0|2|0', 'also where there is none';
    is row('#lookups', 'introspection'), 'introspection|3|2|0|0', 'the cache';
    is tile('Cache hits'), '60.0 %', 'and its ratio';
    is tile('Circuit'), 'closed', 'the circuit';
    like tile('Zone in use'), qr/^0\.\d %$/, 'the zone';
    is tile('Fetches under way'), '0', 'no fetch is under way';
    is tile($_), undef, "2.7-7: nothing is said of what is not there: $_"
        for 'Evictions', 'Learned tokens', 'Oldest key set', 'Revocations';

    my ($name, $fetches, @times) = split /\|/, row('#latency', 'introspection, answered');
    is $fetches, 2, 'the fetches';
    is scalar(grep { /^[\d.]+ m?s$/ } @times), 3, 'their mean, p50 and p95' or diag "@times";

    soon sub { get($gate, '/api/open'); tile('Allowed') =~ /^(?!0\.0)[\d.]+ per second$/ }, 'decisions per second';
    soon sub { js('document.querySelectorAll("#rates .spark .line, #reasons .spark .line").length') >= 3 + 5 },
        '2.7-7: and as a curve over time, of each decision and reason';
    quiet();
};

subtest 'the figures of every answer are those of the JSON' => sub {
    get($gate, '/api/users', token => 'crm') for 1 .. CALLS;
    my $sum = 0;
    for my $family (@{ get($gate, '/status/json')->{json}{metrics} }) {
        next if $family->{name} ne 'eiam_requests_total';
        $sum += $_->{value} for @{ $family->{samples} };
    }
    soon sub { decisions() == $sum }, "all $sum of them";
};

subtest 'pause and resume' => sub {
    $browser->value('document.getElementById("pause").focus()');
    $browser->press('Space');
    is js('document.activeElement.textContent'), 'Resume', 'a key pauses';
    my $before = decisions();
    get($gate, '/api/open');
    sleep REFRESH + 1;
    is decisions(), $before, 'no figure moves';
    $browser->press('Enter');
    is js('document.activeElement.textContent'), 'Pause', 'a key resumes';
    soon sub { decisions() != $before }, 'and they move';
};

# ---- who is refused

# A case as text: who, when, why and where.
sub cases {
    return @{ js(q{[...document.querySelectorAll('#cases li')].map(item =>
        ['who', 'why', 'where', 'when'].map(name => item.querySelector('.' + name).textContent).join('; '))}) };
}

subtest '2.7-7: the page says first who is refused, why, where and since when' => sub {
    like verdict(), qr/ and 1 other application are refused, since \d\d:\d\d$/, 'in one sentence';
    is js('document.getElementById("refused").className'), 'bad', '  which stands out';
    my @cases = cases();
    is scalar @cases, 3, 'one for each application and reason';
    like $cases[0], qr/^\Q$evil{application}\E; the application lacks .* scope_insufficient; /,
        'first, who should perhaps not be refused';
    like $cases[0], qr/DELETE \/api\/users\/\{id\} \Q$evil{operation}\E; once, at \d\d:\d\d \(/, '  where and when';
    like +(grep { /^off; / } @cases)[0], qr/is disabled application_disabled; GET \/api\/users getUsers; once/,
        'then, who is refused on purpose';
    like +(grep { /; reported only: / } @cases)[0], qr/GET \/api\/jobs getJobs/, 'and who would be refused';
    like text('#anonymous'), qr/^Without a known application: 3 calls since .*token_invalid 1/,
        'of others, the reasons alone';
    is js('document.querySelectorAll("#cases .past").length'), 0, 'all of them are refused now';

    js('document.querySelector("#cases .ask button").click()');
    ok $browser->until('document.getElementById("answer").textContent.includes("Refused with 403")'),
        'one click explains';
    is js('[...document.forms[0].elements].slice(0, 4).map(field => field.value).join("|")'),
        "DELETE|/api/users/x||$evil{application}", '  the same call';

    js('[...document.querySelectorAll("#cases .who button")].find(node => node.textContent === "off").click()');
    is text('#application-title'), 'Application off', 'another shows the application';
    is total('Refused'), 5, '  beside the figures of all';
    like text('#application-view'), qr/Allowed0.*Refused1.*application_disabled.*GET \/api\/users getUsers/,
        '  with its calls and its refusals';
    ok $browser->until('document.querySelector("#application .facts")'), '  and with what is granted to it';
    like text('#application .facts'), qr/^Enabledno.*Granteduser_read.*Networksany.*Static tokens1$/,
        '  by the applications file';
    js('document.getElementById("application-close").click()');
    ok js('document.getElementById("application").hidden'), '  until it is closed';
    quiet();
};

# ---- the matrix

# On a sheet of A4 no column of the matrix is cut off.
sub fits_paper {
    my ($title) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    $browser->media('print')->size(1047, 718);
    cmp_ok js('document.documentElement.scrollWidth'), '<=', 1047, $title;
    return $browser->media('')->size(1280, 900);
}

# The row of an operation: what it is, and its marks by scope.
sub matrix_row {
    my ($operation) = @_;
    return js(q{(() => {
        const row = [...document.querySelectorAll('.matrix tbody tr')].find(row =>
            row.querySelector('small').firstChild.textContent === %s);
        const heads = [...row.closest('table').tHead.rows[0].cells].map(cell => cell.textContent);
        const marks = [...row.cells].slice(1).map((cell, i) =>
            cell.textContent && heads[i + 1] + '=' + cell.textContent);
        return [ ...[...row.cells[0].firstChild.childNodes].map(node => node.textContent),
            marks.filter(Boolean).join(', ') ].join('; ');
    })()}, $operation);
}

subtest 'the permission matrix' => sub {
    is matrix_row('getUsers'), 'GET; /users; getUsers; user_read=●, all=●', 'either scope is enough';
    is matrix_row('putUsersId'), 'PUT; /users/{id}; putUsersId; '
        . '(user_write and hr_write) or all or (hr_write and admin); user_write=A, admin=B, hr_write=A B, all=●',
        'scopes that are needed together have a letter';
    is matrix_row('getOpen'), 'GET; /open; getOpen; public: no token; ', 'a public one';
    is matrix_row('getJobs'), 'GET; /jobs; getJobs report only; job_read=●', 'one that is only reported';
    like text('#matrices .title'),
        qr{^Permissions of /api: 5 of 5 operations, 7 scopes\. Policy .*\.json, SHA-256 [0-9a-f]{64}, as of 2},
        'it says of what policy it is';
    is_deeply js('[...document.querySelectorAll(".matrix caption")].map(node => node.firstChild.textContent).sort()'),
        [qw(jobs open users)], '2.7-7: one for each resource';
    is_deeply js('[...[...document.querySelectorAll(".matrix")].find(table =>'
        . ' table.textContent.startsWith("jobs")).tHead.rows[0].cells].map(cell => cell.textContent)'),
        [qw(Route job_read)], '  with its scopes alone';
    is js('[...document.querySelectorAll("table")].filter(table => !table.caption || !table.tHead).length'), 0,
        'every table has a caption and headings';
    is js('[...document.querySelectorAll("th")].filter(cell => !cell.scope).length'), 0,
        'every heading says what it is the heading of';
};

sub filtered {
    my ($words, $expected, $title) = @_;
    $browser->value('document.getElementById("filter").select()');
    $words eq '' ? js('document.execCommand("delete")') : $browser->type($words);
    soon sub { js('document.getElementById("count").textContent') eq "$expected of 5 operations" }, $title;
    return is scalar(rows('.matrix')), $expected, "that leaves $expected";
}

subtest 'the filter' => sub {
    filtered('hr_write', 1, 'by scope');
    is js('document.querySelector(".matrix thead tr").cells.length'), 1 + 4, 'with their scopes alone';
    like text('#matrices .title'),
        qr/1 of 5 operations \(those with "hr_write"\)/, 'and the caption says so';
    filtered('get', 3, 'by method');
    filtered('/USERS', 3, 'by route, in any case');
    filtered('users get', 1, 'by all of the words');
    filtered('getopen', 1, 'by operation');
    filtered('public', 1, 'the public ones');
    filtered('report', 1, 'those that are only reported');
    filtered('nothing-has-this', 0, 'by what is nowhere');
    filtered('', 5, 'all again');
    quiet();
};

# ---- the form

# Fills in the form and submits it; returns the text and the JSON of the answer.
sub explained {
    my (%field) = @_;
    js(q{(fields => {
        document.getElementById('answer').replaceChildren();
        const { elements } = document.getElementById('form');
        for (const name of ['method', 'path', 'scopes', 'application', 'query', 'address'])
            elements[name].value = fields[name] ?? '';
        document.getElementById('form').requestSubmit();
    })(%s)}, \%field);
    $browser->until('document.querySelector("#answer pre")') or die "no answer\n";
    my ($words, $text) = @{ js(q{[
        [...document.querySelectorAll('#answer p')].map(p => p.textContent).join(' '),
        document.querySelector('#answer pre').textContent]}) };
    return ($words, $json->decode($text));
}

subtest 'the form explains' => sub {
    my %call = (method => 'PUT', path => '/api/users/7');
    my %get = (method => 'GET');
    for (
        [ 'an allowed call', { %call, scopes => 'all user_read' }, 'allow', '',
            qr/^Allowed\. The operation is putUsersId, route .*The token counts as .*all/ ],
        [ 'a refused one', { %call, scopes => 'user_write' }, 'deny', 'scope_insufficient',
            qr/^Refused with 403: the .* lacks .* Missing: hr_write or all or \(hr_write and admin\)\.$/ ],
        [ 'an ambiguous one', { %call, path => '/api/users;x/7', scopes => 'all' },
            'deny', 'request_ambiguous',
            qr/^Refused with 400: the request can be read in more than one way \(request_ambiguous: parameter\)\.$/ ],
        [ 'one encoded twice', { %call, path => '/api/users/%2e%2e' }, 'deny', 'request_ambiguous', qr/400/ ],
        [ 'one without a token', \%call, 'deny', 'token_missing', qr/^Refused with 401: there is no/ ],
        [ 'one of an application', { %get, path => '/api/users', application => 'crm' }, 'allow', '',
            qr/The application is crm\. The token counts as user_read user_write\./ ],
        [ 'one of a disabled one', { %get, path => '/api/users', application => 'off' },
            'deny', 'application_disabled', qr/^Refused with 403: the application is disabled/ ],
        [ 'a public one', { %get, path => '/api/open' }, 'allow', '', qr/It is public: no token/ ],
        [ 'a reported one', { %get, path => '/api/jobs', scopes => 'all' },
            'would_deny', 'scope_insufficient',
            qr/^Passes, because the operation only reports; it would be refused with 403/ ],
        [ 'another method', { %call, method => 'PATCH', scopes => 'all' },
            'deny', 'method_unknown', qr/405/ ],
        [ 'another path', { %call, path => '/api/none', scopes => 'all' },
            'deny', 'operation_unknown', qr/404/ ],
    ) {
        my ($title, $fields, $decision, $reason, $says) = @$_;
        my ($words, $answer) = explained(%$fields);
        is "$answer->{decision} $answer->{reason}", "$decision $reason", $title;
        like $words, $says, '... in words';
    }
    is js('document.getElementById("form").elements.path.value = "",
        document.getElementById("form").checkValidity()'), JSON::PP::false, 'a call without a path is no call';
    my ($words) = explained(%get, path => '/api/users', scopes => 'user_read user_raed');
    like $words, qr/^Allowed\. Unknown to every policy: user_raed\. /, '2.7-7: unknown scopes are flagged';
    quiet();
};

# ---- texts of others

subtest 'markup in names stays text' => sub {
    my ($application, $operation, $scope) = @evil{qw(application operation scope)};
    is row('#applications', $application), "$application|0|1|1", 'of an application, in the figures';
    is row('#operations', $operation), "$operation|0|1|0", 'of an operation';
    is matrix_row($operation), "DELETE; /users/{id}; $operation; ($scope and admin) or all; "
        . "$scope=A, admin=A, all=●", 'of an operation and a scope, in the matrix';

    my $path = '/api/users/<img src=x onerror=window.pwned=4>';
    my ($words, $answer) = explained(method => 'DELETE', path => $path, scopes => $scope);
    is $answer->{path}, $path, 'of a path, in the explanation';
    ($words, $answer) = explained(method => 'DELETE', path => '/api/users/1', application => $application);
    is $answer->{operation}, $operation, 'of an operation, in its JSON';
    like $words, qr/The operation is \Q$operation\E, route .*The application is \Q$application\E\./,
        'and in its words';
    js('document.forms[0].elements.application.dispatchEvent(new Event("input"))');
    is js('[...document.querySelectorAll("#names option")].filter(node => node.value === %s).length',
        $application), 1, 'of an application, among the proposals';

    is js('document.querySelectorAll("main img, main script").length'), 0, 'none of it became an element';
    is js('typeof window.pwned'), 'undefined', 'none of it ran';
    quiet();
};

subtest 'the security policy would stop what slips through' => sub {
    js(q{(() => {
        const script = document.createElement('script');
        script.textContent = 'window.pwned = 5';
        document.body.append(script);
        document.body.append(Object.assign(new Image(), { src: 'data:,' }));
        document.body.setAttribute('style', 'color: red');
    })()});
    soon sub { js(q{fetch(%s).then(() => 0, () => 1)}, 'http://' . $gate->echo->address . '/') },
        'a call elsewhere is refused';
    is js('typeof window.pwned'), 'undefined', 'a script that was added does not run';
    my $said = join "\n", $browser->complaints;
    like $said, qr/\b$_-src\b/, "the browser speaks of $_-src" for qw(script img style connect);
};

# ---- how it looks

sub scheme {
    my ($scheme) = @_;
    $browser->media('', 'prefers-color-scheme' => $scheme);
    $browser->screenshot("$artifacts/status-$scheme.png");
    return js(q{(() => {
        const style = getComputedStyle(document.documentElement);
        const light = name => {
            const parts = style.getPropertyValue('--' + name).match(/\w\w/g)
                .map(hex => parseInt(hex, 16) / 255)
                .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
            return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
        };
        const poor = [];
        for (const text of ['text', 'soft', 'link', 'good', 'bad', 'warn']) {
            for (const back of ['page', 'panel']) {
                const [a, b] = [light(text), light(back)].sort((x, y) => y - x);
                if ((a + 0.05) / (b + 0.05) < 4.5) poor.push(text + ' on ' + back);
            }
        }
        return { poor, body: getComputedStyle(document.body).backgroundColor };
    })()});
}

subtest 'light and dark' => sub {
    page();
    explained(method => 'PUT', path => '/api/users/7', scopes => 'user_write');
    my %look = map { ($_ => scheme($_)) } qw(light dark);
    is $look{light}{body}, 'rgb(255, 255, 255)', 'light is light';
    is $look{dark}{body}, 'rgb(18, 22, 28)', 'dark is dark';
    is_deeply $look{$_}{poor}, [], "every text of $_ can be read" for qw(light dark);
    ok -s "$artifacts/status-$_.png", "the picture of $_ is kept" for qw(light dark);
    $browser->media('');
};

my $users = 'document.querySelector("[aria-label=\'Permissions of users\']")';

subtest 'on a phone' => sub {
    $browser->size(360, 740, 1);
    is js('innerWidth'), 360, 'a narrow screen';
    my $wide = js('document.documentElement.scrollWidth');
    is $wide, 360, 'the page does not scroll sideways'
        or diag explain js(q{[...document.querySelectorAll('body *')]
            .filter(node => !node.closest('.matrix') && node.getBoundingClientRect().right > 361)
            .map(node => node.outerHTML.slice(0, 80))});
    ok js(qq{(node => node.scrollWidth > node.clientWidth)($users)}), 'the matrix does, within its own frame';
    js(qq{$users.scrollLeft = 1000});
    is js(qq{$users.querySelector('tbody th').getBoundingClientRect().left}), 16,
        '2.7-7: route and name stay where they are';
    is js(q{[...document.querySelectorAll('.route')].flatMap(node => [...node.childNodes])
        .filter(node => node.nodeType === 3 && node.length && (range => (range.selectNode(node),
            range.getClientRects().length))(document.createRange()) > 1).length}), 0,
        '2.7-7: no segment of a route is broken';
    $browser->screenshot("$artifacts/status-phone.png");
};

subtest 'by keyboard' => sub {
    $browser->size(360, 740);
    js('(document.activeElement.blur(), getSelection().removeAllRanges(), scrollTo(0, 0))');
    my @reached;
    for (1 .. 80) {
        $browser->press('Tab');
        my $at = js(q{(node => node === document.body ? null : {
            name: node.getAttribute('aria-label') || node.labels?.[0]?.textContent.trim().split('\n')[0]
                || node.textContent,
            seen: getComputedStyle(node).outlineStyle !== 'none' })(document.activeElement)}) or last;
        last if @reached && $at->{name} eq $reached[0]{name};
        push @reached, $at;
    }
    my @names = map { $_->{name} =~ s/^(Method|Words|Resource|SHA-256).*/$1/sr } @reached;
    my @expected = ('Refused', 'Live figures', 'Explanation', 'Permissions', 'metrics', 'json', 'policy', 'Pause',
        'SHA-256', 'crm', 'Method', 'Path as it is sent, without the query', 'Scopes, separated by spaces',
        'Application', 'Query, for objects', 'Address of the client', 'Explain', 'Words', 'Resource', 'Print', 'Permissions of users');
    my @left = @expected;
    for my $name (@names) { shift @left if @left && $left[0] eq $name }
    is_deeply \@left, [], 'Tab reaches everything in order' or diag explain \@names;
    is scalar(grep { $_ eq '' } @names), 0, '  each with a name';
    is scalar(grep { !$_->{seen} } @reached), 0, 'and shows where it is';

    js("$users.focus(), $users.scrollLeft = 0");
    $browser->press('ArrowRight');
    soon sub { js("$users.scrollLeft") > 0 }, 'arrows move the matrix';

    js('document.getElementById("answer").replaceChildren(), document.forms[0].elements.path.select()');
    $browser->type('/api/open')->press('Enter');
    ok $browser->until('document.getElementById("answer").textContent.includes("/api/open")'),
        'Enter sends the form';
    quiet();
    $browser->size(1280, 900);
};

subtest '2.8-3: an element that is used stays while figures change' => sub {
    for my $what ('#cases .ask button', '#applications button', '#about summary') {
        soon sub { js('!!document.querySelector(%s)', $what) }, "$what: it is there";
        js('(document.querySelector(%s).focus(), window.used = document.activeElement, 0)', $what);
        my $time = text('#time');
        soon sub { text('#time') ne $time }, '  there are new figures';
        ok js('document.activeElement === used && used.matches(%s)', $what), '  it has the focus still';
    }
    js('used.click()');
    my $time = text('#time');
    soon sub { text('#time') ne $time }, 'new figures again';
    ok js('used.parentNode.open'), '  and what is open stays open';
    js('used.click()');
    quiet();
};

subtest 'on paper' => sub {
    $browser->media('print', 'prefers-color-scheme' => 'dark');
    my $shown = js(q{['header', '#refused', '#live', '#explanation', '#filters', '.title', '.matrix', '#sign'].filter(name =>
        document.querySelector(name).getClientRects().length > 0)});
    is "@$shown", '.title .matrix #sign', 'the matrix, of what policy it is, and lines to sign';
    is js('getComputedStyle(document.body).backgroundColor'), 'rgb(255, 255, 255)',
        'on white, also of a dark page';
    fits_paper('nothing is cut off');
    ok $browser->pdf("$artifacts/status-print.pdf"), 'kept as a document';
};

# ---- it follows the gate

subtest 'another policy' => sub {
    $gate->write_file('policy.json', policy('/api', %policy, 'GET /more' => ['all']));
    ok $gate->reload, 'the gate has another policy';
    ok $browser->until('document.querySelectorAll(".matrix tbody tr").length === 6'), 'the page shows it';
    quiet();
};

subtest 'a gate that is gone' => sub {
    $browser->ask('Network.enable');
    $browser->ask('Network.emulateNetworkConditions', offline => JSON::PP::true, latency => 0,
        downloadThroughput => -1, uploadThroughput => -1);
    my $fault = 'document.getElementById("fault").textContent';
    ok $browser->until("/^The gate does not answer/.test($fault)"), 'is told';
    $browser->ask('Network.emulateNetworkConditions', offline => JSON::PP::false, latency => 0,
        downloadThroughput => -1, uploadThroughput => -1);
    ok $browser->until("$fault === ''"), 'until it is there again';
    $browser->complaints;
};

# ---- 10,000 operations with 100 scopes each, and other policies behind them

# What a small part of the operations has in place of the document's security.
my @scopes = map { sprintf 'scope_%03d', $_ } 0 .. 149;

sub large_policy {
    my $large = policy('/large', 'GET /x' => [@scopes]);
    $large->{security} = [ map { { eiam => [$_] } } @scopes[ 0 .. 99 ] ];
    $large->{paths} = { map { my $n = $_; (sprintf('/part%02d/things%04d/{thing_id}', $n % 100, $n) => { get => {
        operationId => sprintf('thing%04d', $n), responses => {},
        $n % 100 ? () : (security => [ map { { eiam => [ $scopes[ ($n / 100 + $_) % 150 ] ] } } 0 .. 99 ]),
    } }) } 0 .. 9_999 };
    return JSON::PP->new->encode($large);
}

# One resource with as many scopes as the shipped policy has, and what cannot be matched.
my $columns = policy('/wide', map { ("GET /things/{the_long_name_of_an_id}/part$_" => [ @scopes[ $_, 20 ] ]) } 0 .. 19);
$columns->{paths}{"/left/{a}-{b}$_"}{get} = { operationId => "left$_", responses => {},
    security => [ { eiam => ['scope_001'] } ] } for 1 .. 7;

subtest '2.4-5: gateways that share a Redis' => sub {
    ok js('document.getElementById("gateways").hidden'), 'without Redis there is no list of them';
    my $redis = EIAM::Redis->new;
    my ($one, $two) = map {
        my $each = nginx(
            files => { 'policy.json' => policy('/api', 'GET /users' => ['user_read']), key => 'A' x 43 . "=\n" },
            http => 'eiam_redis ' . $redis->address . '; eiam_redis_key key;',
            server => q{server_name api.example.com; client_header_timeout 2s; location /api/ { eiam on; eiam_policy policy.json; empty_gif; }
                location /status/ { eiam_status; }});
        chmod 0600, $each->dir . '/key' or die "chmod: $!";
        $each->start } 1, 2;
    page($one);
    soon sub { @{[ rows('#gateways') ]} == 2 }, 'both are listed';
    soon sub { js('[...document.querySelectorAll("#gateways tbody tr")].map(row => [...row.cells].slice(1).map(cell => cell.textContent).join()).join(" ")')
        eq '0,now 0,now' }, 'neither is behind';
    like text('#gateways tbody tr'), qr/this one/, 'the one that answers is first';
    soon sub { tile('Redis') eq 'fresh' }, 'the tile says how Redis is';
    $redis->kill9;
    soon sub { tile('Redis') =~ /^(?:away|down)$/ }, 'and that it is away';
    soon sub { js('document.getElementById("gateways").hidden') }, 'then they are not known';
    # A page that asks no gate that is gone; the browser may keep a spare connection, without a request.
    $browser->open('about:blank');
    $_->stop for $one, $two;
};

subtest '2.7-7: everything is configured' => sub {
    my $redis = EIAM::Redis->new;
    my $key = new_key('Ed25519');
    my $server = EIAM::Source->new(asked => { json => { active => JSON::PP::true, client_id => 'erp', scope => 'org_read' } });
    my $keys = EIAM::Source->new('*' => { json => { keys => [ public_jwk($key, kid => 'k', use => 'sig') ] } });
    my $issuer = EIAM::Source->new('*' => { json => { access_token => 'learned', token_type => 'Bearer', expires_in => 600, scope => 'org_read' } });
    my $whole = nginx(
        files => { key => 'A' x 43 . "=\n", 'policy.json' => slurp(top_dir() . '/conf/eiam-openapi.json'), 'apps.json' => applications(
            { id => 'crm', permissions => [qw(org_read account_all)], tokens => ['crm'], networks => ['127.0.0.0/8'],
                objects => { app => ['a1'], org => '*' } },
            { id => 'hr', permissions => [qw(org_read user_read)], tokens => ['hr'], networks => ['192.0.2.0/24'] },
            map { { id => $_, permissions => ['org_read'] } } qw(erp shop signed)) },
        http => 'eiam_redis ' . $redis->address . '; eiam_redis_key key; eiam_policy policy.json; eiam_applications apps.json listed;'
            . ' eiam_objects on;',
        server => qq{
            server_name api.example.com;
            client_header_timeout 2s;
            eiam_jwks /jwks; eiam_jwt_issuer https://as; eiam_jwt_audience api; eiam_introspection /introspect;
            location /api/v2/tenant/ { eiam on; proxy_pass http://%ECHO%; }
            location = /api/v2/tenant/token { eiam on; eiam_learn on; proxy_pass http://@{[ $issuer->address ]}; }
            location = /introspect { internal; proxy_pass http://@{[ $server->address ]}; }
            location = /jwks { internal; proxy_pass http://@{[ $keys->address ]}; }
            location /status/ { eiam_status; }
        });
    chmod 0600, $whole->dir . '/key' or die "chmod: $!";
    $whole->start;
    my $at = '/api/v2/tenant';
    my $call = sub { get($whole, $at . shift, @_) };
    my $signed = sub { mint($key, 'EdDSA', { iss => 'https://as', aud => 'api', exp => time + 600, client_id => shift,
        scope => 'org_read' }, { kid => 'k' }) };
    $call->('/token', method => 'POST', headers => ['Authorization: Basic c2hvcDpz']);
    $call->('/organizations?org_id=o1', token => $_) for qw(crm asked learned hr nobody), $signed->('signed'), $signed->('stranger');
    $call->("/applications/$_/accounts", token => 'crm') for qw(a1 a2);

    $browser->media('', 'prefers-color-scheme' => 'light')->size(1280, 900);
    page($whole);
    soon sub { defined tile('Oldest key set') }, 'the figures of key sets are there';
    is_deeply [ grep { !defined tile($_) } 'Redis', 'Circuit', 'Learned tokens', 'Fetches under way' ], [], '  and those of the rest';
    like text('#cases'), qr/\Q$_/, "who is refused: $_" for qw(network_forbidden object_forbidden application_unknown);
    my ($words) = explained(method => 'GET', path => "$at/organizations", application => 'hr', address => '10.0.0.1');
    like $words, qr/must not call from this address .*It may call from 192\.0\.2\.0\/24\./, '2.7-6: the form explains networks';
    ($words) = explained(method => 'GET', path => "$at/applications/a2/accounts", application => 'crm');
    like $words, qr/path app_id names an object of the kind app: a2 \(not permitted\)/, '2.7-6: and objects';
    soon sub { (js('document.getElementById("count").textContent') // '') =~ /^\d/ }, 'the matrix is there';
    is js(q{[...document.querySelectorAll('.matrix .row small')].filter(node => /object:app/.test(node.textContent)).length > 20}),
        JSON::PP::true, '2.7-6: the matrix has the marks of objects';
    my @look = ([ light => 1280, 900 ], [ dark => 1280, 900 ], [ phone => 360, 740, 1 ]);
    for (@look) {
        my ($name, @size) = @$_;
        $browser->media('', 'prefers-color-scheme' => $name eq 'dark' ? 'dark' : 'light')->size(@size);
        cmp_ok js("document.documentElement.scrollWidth"), "<=", $size[0], "the page fits: $name";
        $browser->screenshot("$artifacts/status-everything-$name.png");
    }
    $browser->media('')->size(1280, 900);
    quiet();
    $browser->open('about:blank');
    $whole->stop;
};

subtest '2.5-10: a policy of 10,000 operations with 100 scopes each' => sub {
    my $wide = nginx(
        files => { 'large.json' => large_policy(), 'wide.json' => $columns,
            'small.json' => policy('/small', 'GET /a' => ['a']) },
        server => join('', map { qq{
            location /$_/ { eiam on; eiam_policy %DIR%/$_.json; proxy_pass http://%ECHO%; }
        } } qw(wide small large)) . 'location /status/ { eiam_status; }')->start;

    $browser->ask('Page.addScriptToEvaluateOnNewDocument', source => q{
        window.most = 0;
        window.watch = setInterval(() => {
            window.most = Math.max(window.most, document.querySelectorAll('*').length);
            if (document.querySelector('.matrix')) window.first ??= performance.now();
        }, 5);
    });
    if (!page($wide)) {
        diag text('#fault');
        return $browser->stop;
    }
    ok $browser->until('document.getElementById("count").textContent === "10,021 of 10,021 operations"'),
        'all of them are read';
    note sprintf 'the first rows were there after %.0f ms', js('window.first');
    like text('#shown'), qr/^1\x{2013}80 of 10,021$/, 'a part of them is shown';

    js('document.getElementById("filter").focus()');
    my $found = sub {
        my ($words, $expected) = @_;
        js('document.getElementById("filter").select()');
        $browser->type($words);
        soon sub { text('#count') eq "$expected of 10,021 operations" }, "the filter finds $expected with '$words'";
    };
    $found->('thing0042', 1);
    $found->('part07', 100);
    is js('document.querySelectorAll(".matrix tbody tr").length'), 80, '  of which 80 are shown';
    js('document.getElementById("next").click()');
    is text('#shown'), "81\x{2013}100 of 100", '  and then the others';
    ok js('document.getElementById("next").disabled'), '  which are the last';
    $found->('scope_149', 50);
    is text('.matrix .needs code'), 'scope_149', '  by scope, which stands first';
    like text('.matrix .needs'), qr/ or 94 more$/, 'of many scopes some are shown';
    js('document.querySelector(".matrix .needs button").click()');
    is js('document.querySelectorAll(".matrix .needs")[0].querySelectorAll("code").length'), 100,
        '  and all on demand';
    js('(node => { node.value = "part42"; node.dispatchEvent(new Event("change")) })'
        . '(document.getElementById("resource"))');
    $found->('get', 100);
    js('(node => { node.value = "all"; node.dispatchEvent(new Event("change")) })(document.getElementById("resource"))');

    cmp_ok js('(clearInterval(window.watch), window.most)'), '<', 4_000,
        'the page never had more than some thousand elements';

    $found->('part', '10,020');
    $browser->value('window.addEventListener("beforeprint", () => '
        . '{ window.printed = document.querySelectorAll(".matrix tbody tr").length })');
    ok $browser->pdf("$artifacts/status-print-large.pdf"), 'on paper';
    is js('window.printed'), 1_000, '  there is more than on the screen';
    is js('document.querySelectorAll(".matrix tbody tr").length'), 80, '  which has its rows again';
    $found->('thing1', '1,000');

    quiet();

    subtest '2.7-7: 21 scopes on 1280 px' => sub {
        $found->('/wide', 20);
        is js('document.documentElement.scrollWidth <= innerWidth'), JSON::PP::true, 'the page fits';
        is js('document.querySelector(".matrix thead tr").cells.length'), 22, 'each scope has a column';
        is js('[...document.querySelectorAll(".matrix thead th")].filter(cell => '
            . 'cell.getBoundingClientRect().right > 1280).length'), 0, '  which can be seen';
        $browser->screenshot("$artifacts/status-wide.png");
        fits_paper('on paper, nothing is cut off');
    };

    subtest '2.5-3: what is left out' => sub {
        ok !js('document.getElementById("left-out").hidden'), 'is listed';
        like text('#causes tbody tr'), qr/^several_parameters.*: several parameters in one segment7#\/paths\/.*and 2 more$/,
            '  by cause, with the number and the first places';
    };
    quiet();
    $browser->stop;
};

done_testing;
