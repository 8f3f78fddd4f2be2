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
use EIAM::Source;
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
    return js(q{[...document.querySelectorAll('#tiles dt')].find(node => node.textContent === %s)
        .nextSibling.firstChild.textContent}, $title);
}

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
    soon sub { tile('Decisions') eq '0' }, 'no decision yet';
    is join('|', map { $_->[0] } rows("#$_")), 'none yet', "nothing in $_ yet"
        for qw(reasons latency applications operations lookups);
    like js('document.getElementById("about").textContent'),
        qr{ngx_eiam [\d.]+, nginx [\d.]+.*Policy .*/policy\.json, SHA-256 [0-9a-f]{64}}, 'it says what runs';
    is_deeply [ grep { !m{/status/(?:json|policy)$} }
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

    soon sub { tile('Decisions') eq '14' }, 'the decisions in all';
    is tile('Allowed'), 8, 'those allowed';
    is tile('Refused'), 5, 'those refused';
    is tile('Reported'), 1, 'those that were only reported';
    like row('#reasons', $_), qr/^\Q$_\E\|1\|0\|[\d.]+$/, "one refusal: $_"
        for qw(token_invalid application_disabled operation_unknown request_ambiguous);
    like row('#reasons', 'scope_insufficient'), qr/\|1\|1\|[\d.]+$/, 'and one was only reported';
    is row('#applications', 'crm'), 'crm|7|0|0', 'by application';
    is row('#operations', 'getUsers'), 'getUsers|7|2|0', 'by operation';
    is row('#applications', 'no application'), 'no application|1|3|0', 'also where there is none';
    is row('#operations', 'no operation'), 'no operation|0|2|0', 'also where there is none';
    is row('#lookups', 'introspection'), 'introspection|3|2|0|0', 'the cache';
    is tile('Cache hits'), '60.0 %', 'and its ratio';
    is tile('Circuit'), 'closed', 'the circuit';
    like tile('Zone in use'), qr/^0\.\d %$/, 'the zone';
    is tile($_), '0', $_ for 'Evictions', 'Fetches under way', 'Learned tokens';
    is tile('Oldest key set'), 'none', 'there is no key set';

    my ($name, $fetches, @times) = split /\|/, row('#latency', 'introspection, answered');
    is $fetches, 2, 'the fetches';
    is scalar(grep { /^[\d.]+ m?s$/ } @times), 3, 'their mean, p50 and p95' or diag "@times";

    soon sub { get($gate, '/api/open'); tile('Decisions per second') > 0 }, 'decisions per second';
    quiet();
};

subtest 'the figures of every answer are those of the JSON' => sub {
    get($gate, '/api/users', token => 'crm') for 1 .. CALLS;
    my $sum = 0;
    for my $family (@{ get($gate, '/status/json')->{json}{metrics} }) {
        next if $family->{name} ne 'eiam_requests_total';
        $sum += $_->{value} for @{ $family->{samples} };
    }
    soon sub { tile('Decisions') =~ tr/,//dr == $sum }, "all $sum of them";
};

subtest 'pause and resume' => sub {
    $browser->value('document.getElementById("pause").focus()');
    $browser->press('Space');
    is js('document.activeElement.textContent'), 'Resume', 'a key pauses';
    my $before = tile('Decisions');
    get($gate, '/api/open');
    sleep REFRESH + 1;
    is tile('Decisions'), $before, 'no figure moves';
    $browser->press('Enter');
    is js('document.activeElement.textContent'), 'Pause', 'a key resumes';
    soon sub { tile('Decisions') ne $before }, 'and they move';
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

# The row of an operation: what it requires, and its marks by scope.
sub matrix_row {
    my ($operation) = @_;
    return js(q{(() => {
        const table = document.querySelector('.matrix');
        const heads = [...table.tHead.rows[0].cells].map(cell => cell.textContent);
        const row = [...table.tBodies[0].rows].find(row => row.cells[0].firstChild.textContent === %s);
        const texts = [...row.cells].map(cell => cell.textContent);
        const marks = texts.slice(4).map((mark, i) => mark && heads[i + 4] + '=' + mark);
        return [...texts.slice(0, 4), marks.filter(Boolean).join(', ')].join('; ');
    })()}, $operation);
}

subtest 'the permission matrix' => sub {
    is matrix_row('getUsers'), 'getUsers; GET; /api/users; user_read or all; all=●, user_read=●',
        'either scope is enough';
    is matrix_row('putUsersId'),
        'putUsersId; PUT; /api/users/{id}; (user_write and hr_write) or all or (hr_write and admin); '
        . 'admin=B, all=●, hr_write=A B, user_write=A', 'scopes that are needed together have a letter';
    is matrix_row('getOpen'), 'getOpen; GET; /api/open; public: no token; ', 'a public one';
    is matrix_row('getJobs'), 'getJobs report only; GET; /api/jobs; job_read; job_read=●',
        'one that is only reported';
    like js('document.querySelector(".matrix caption").textContent'),
        qr{^Permissions of /api: 5 of 5 operations, 7 scopes\. Policy .*\.json, SHA-256 [0-9a-f]{64}, as of 2},
        'it says of what policy it is';
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
    is js('document.querySelector(".matrix thead tr").cells.length'), 4 + 4, 'with their scopes alone';
    like js('document.querySelector(".matrix caption").textContent'),
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
        for (const name of ['method', 'path', 'scopes', 'application'])
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
    quiet();
};

# ---- texts of others

subtest 'markup in names stays text' => sub {
    my ($application, $operation, $scope) = @evil{qw(application operation scope)};
    is row('#applications', $application), "$application|0|1|1", 'of an application, in the figures';
    is row('#operations', $operation), "$operation|0|1|0", 'of an operation';
    is matrix_row($operation), "$operation; DELETE; /api/users/{id}; ($scope and admin) or all; "
        . "$scope=A, admin=A, all=●", 'of an operation and a scope, in the matrix';

    my $path = '/api/users/<img src=x onerror=window.pwned=4>';
    my ($words, $answer) = explained(method => 'DELETE', path => $path, scopes => $scope);
    is $answer->{path}, $path, 'of a path, in the explanation';
    ($words, $answer) = explained(method => 'DELETE', path => '/api/users/1', application => $application);
    is $answer->{operation}, $operation, 'of an operation, in its JSON';
    like $words, qr/The operation is \Q$operation\E, route .*The application is \Q$application\E\./,
        'and in its words';
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

subtest 'on a phone' => sub {
    $browser->size(360, 740, 1);
    is js('innerWidth'), 360, 'a narrow screen';
    my $wide = js('document.documentElement.scrollWidth');
    is $wide, 360, 'the page does not scroll sideways'
        or diag explain js(q{[...document.querySelectorAll('body *')]
            .filter(node => !node.closest('.matrix') && node.getBoundingClientRect().right > 361)
            .map(node => node.outerHTML.slice(0, 80))});
    ok js('(node => node.scrollWidth > node.clientWidth)(document.querySelector(".scroll"))'),
        'the matrix does, within its own frame';
    $browser->screenshot("$artifacts/status-phone.png");
};

subtest 'by keyboard' => sub {
    $browser->size(360, 740);
    js('(document.activeElement.blur(), getSelection().removeAllRanges(), scrollTo(0, 0))');
    my @reached;
    for (1 .. 30) {
        $browser->press('Tab');
        my $at = js(q{(node => node === document.body ? null : {
            name: node.getAttribute('aria-label') || node.labels?.[0]?.textContent.trim().split('\n')[0]
                || node.textContent,
            seen: getComputedStyle(node).outlineStyle !== 'none' })(document.activeElement)}) or last;
        last if @reached && $at->{name} eq $reached[0]{name};
        push @reached, $at;
    }
    is join('; ', map { $_->{name} =~ s/^(Method|Show).*/$1/sr } @reached),
        join('; ', 'Live figures', 'Explanation', 'Permissions', 'Pause', 'Method',
            'Path as it is sent, without the query', 'Scopes of the token, separated by spaces',
            'Application', 'Explain', 'Show', 'Print', 'Permissions of /api'),
        'Tab reaches everything in order, each with a name';
    is scalar(grep { !$_->{seen} } @reached), 0, 'and shows where it is';

    js('document.querySelector(".scroll").focus()');
    $browser->press('ArrowRight');
    soon sub { js('document.querySelector(".scroll").scrollLeft') > 0 }, 'arrows move the matrix';

    js('document.getElementById("answer").replaceChildren(), document.forms[0].elements.path.select()');
    $browser->type('/api/open')->press('Enter');
    ok $browser->until('document.getElementById("answer").textContent.includes("/api/open")'),
        'Enter sends the form';
    quiet();
    $browser->size(1280, 900);
};

subtest 'on paper' => sub {
    $browser->media('print', 'prefers-color-scheme' => 'dark');
    my $shown = js(q{['header', '#live', '#explanation', '#filters', '.matrix', '#sign'].filter(name =>
        document.querySelector(name).getClientRects().length > 0)});
    is "@$shown", '.matrix #sign', 'the matrix, and lines to sign';
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

# ---- 500 operations, 60 scopes; and a policy behind them

subtest 'a large policy' => sub {
    my @scopes = map { "scope_of_the_kind_$_" } 0 .. 59;
    my @large = map { my $i = $_; ("GET /things$i/{id}" => [
        map { [ @scopes[ ($i + $_ * 7) % 60, ($i + $_ * 7 + 1) % 60 ] ] } 0 .. 3 ]) } 0 .. 499;
    my $wide = nginx(
        files => {
            'large.json' => policy('/large', @large),
            'small.json' => policy('/small', 'GET /a' => ['a']) },
        server => q{
            location /large/ { eiam on; eiam_policy %DIR%/large.json; proxy_pass http://%ECHO%; }
            location /small/ { eiam on; eiam_policy %DIR%/small.json; proxy_pass http://%ECHO%; }
            location /status/ { eiam_status; }
        })->start;
    get($wide, '/large/things7/1');

    $browser->ask('Page.addScriptToEvaluateOnNewDocument', source =>
        'window.ticks = 0; setInterval(() => document.querySelector(".matrix") || window.ticks++, 1)');
    if (!page($wide)) {
        diag js('document.getElementById("fault").textContent');
        return $browser->stop;
    }
    cmp_ok js('window.ticks'), '>', 5, 'the page does other things while it draws';
    is js('[...document.querySelectorAll(".matrix")].map(table => table.tBodies[0].rows.length).join()'),
        '500,1', 'every operation of both policies is there';
    is js('document.querySelector(".matrix tbody tr").cells.length'), 64, 'with every scope';
    fits_paper('on paper, nothing is cut off');
    $browser->value('document.getElementById("filter").focus()');
    $browser->type('things42');
    ok $browser->until('document.getElementById("count").textContent === "11 of 501 operations"'),
        'the filter is up to it';
    quiet();
    $browser->stop;
};

done_testing;
