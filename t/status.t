#!/usr/bin/perl
# The status location: each count is exact, and each page is complete and well formed.

use strict;
use warnings;

use Digest::SHA qw(sha256_base64 sha256_hex);
use Encode qw(decode encode);
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use List::Util qw(max min);
use MIME::Base64 qw(encode_base64);
use POSIX ();
use Socket qw(SOL_SOCKET SO_LINGER);
use Test::More;
use Time::HiRes qw(sleep time);
use EIAM::Http2;
use EIAM::Jwt qw(new_key public_jwk mint);
use EIAM::Source;
use EIAM::Stub;
use EIAM::Test;

use constant {
    DEADLINE => 30, CLIENTS => 4, CALLS => 240, OPERATIONS => 10_000, APPLICATIONS => 1_000, CELL => 64,
};

my ($true, $false) = (JSON::PP::true, JSON::PP::false);
my $json = JSON::PP->new->utf8->canonical->allow_nonref;

# ---------------------------------------------------------------- pages, read strictly

my %families = (
    eiam_requests_total             => 'counter',
    eiam_application_requests_total => 'counter',
    eiam_lookups_total              => 'counter',
    eiam_fetch_duration_seconds     => 'histogram',
    eiam_fetches_in_flight          => 'gauge',
    eiam_circuit_open               => 'gauge',
    eiam_key_set_age_seconds        => 'gauge',
    eiam_learned_tokens_total       => 'counter',
    eiam_zone_entries               => 'gauge',
    eiam_zone_used_bytes            => 'gauge',
    eiam_zone_size_bytes            => 'gauge',
    eiam_zone_evictions_total       => 'counter',
    eiam_revocations_total          => 'counter',
    eiam_revocations_in_force       => 'gauge',
    eiam_revocations_room           => 'gauge',
    eiam_revocations_evicted_total  => 'counter',
    eiam_revocations_reissued_total => 'counter',
    eiam_redis_up                   => 'gauge',
    eiam_redis_connections_total    => 'counter',
    eiam_redis_commands_total       => 'counter',
    eiam_redis_command_duration_seconds => 'histogram',
    eiam_applications_reload_total  => 'counter',
    eiam_applications_age_seconds   => 'gauge',
    eiam_applications_refused       => 'gauge',
    eiam_redis_memory_used_bytes    => 'gauge',
    eiam_redis_memory_max_bytes     => 'gauge',
    eiam_redis_memory_evicts        => 'gauge',
    eiam_redis_unshared_total       => 'counter',
    eiam_redis_rejected_values_total => 'counter',
    eiam_redis_hold_seconds         => 'histogram',
    eiam_redis_hold_late_total      => 'counter',
    eiam_redis_fresh_age_seconds    => 'gauge',
    eiam_redis_gaps_total           => 'counter',
    eiam_revocations_unsent         => 'gauge',
    eiam_revocations_delay_seconds  => 'histogram',
    eiam_policy_info                => 'gauge',
    eiam_build_info                 => 'gauge',
);

sub page { my ($gate, $name, %opt) = @_; return get($gate, "/status/$name", timeout => DEADLINE, %opt) }

sub key {
    my ($name, %labels) = @_;
    return "$name\{" . join(',', map { "$_=$labels{$_}" } sort keys %labels) . '}';
}

# Reads the text by the grammar of the format 0.0.4: (list of families, faults).
sub read_text {
    my ($body) = @_;
    my (@families, @wrong, %seen);
    my $text = eval { decode('UTF-8', $body, Encode::FB_CROAK | Encode::LEAVE_SRC) } // return ([],
        'no UTF-8');
    push @wrong, 'no line end' unless $text =~ s/\n\z//;
    for (split /\n/, $text, -1) {
        if (/^# HELP (\w+) (.+)$/) {
            push @wrong, "twice: $1" if $seen{$1}++;
            push @families, { name => $1, help => $2, samples => [] };
        } elsif (/^# TYPE (\w+) (counter|gauge|histogram)$/) {
            push @wrong, "no place for: $_" if !@families || $families[-1]{name} ne $1 || $families[-1]{type};
            $families[-1]{type} = $2;
        } elsif (/^(\w+)(?:\{((?:\w+="(?:[^"\\]|\\["\\n])*",?)+)\})? (\d+(?:\.\d+)?)$/) {
            my ($name, $labels, $value) = ($1, $2 // '', $3);
            my %labels;
            while ($labels =~ /\G(\w+)="((?:[^"\\]|\\.)*)"(?:,|$)/g) {
                my ($label, $text) = ($1, $2);
                push @wrong, "label twice: $_" if exists $labels{$label};
                $labels{$label} = $text =~ s/\\(.)/$1 eq 'n' ? "\n" : $1/ger;
            }
            my $base = @families ? $families[-1]{name} : '';
            my $suffix = @families && ($families[-1]{type} // '') eq 'histogram' ? '_(?:bucket|sum|count)'
                : '';
            push @wrong, "not of its family: $_" unless $name =~ /^\Q$base\E$suffix$/;
            push @wrong, "sample twice: $_" if $seen{ key($name, %labels) }++;
            push @wrong, "control character: $_" if /[\x00-\x1f\x7f-\x9f]/;
            push @{ $families[-1]{samples} }, { name => $name, labels => \%labels, value => $value };
        } else {
            push @wrong, "not a line: $_";
        }
    }
    return (\@families, @wrong);
}

sub flat {
    my ($families) = @_;
    return { map { (key($_->{name},
        %{ $_->{labels} }) => $_->{value} + 0) } map { @{ $_->{samples} } } @$families };
}

# The samples by key; the test fails if a line is wrong.
sub scrape {
    my ($gate, %opt) = @_;
    my $res = page($gate, 'metrics', %opt);
    my ($families, @wrong) = read_text($res->{body});
    push @wrong, "status $res->{status}" if $res->{status} != 200;
    push @wrong, map { "$_->{name} has no type" } grep { !$_->{type} } @$families;
    if (@wrong) {
        local $Test::Builder::Level = $Test::Builder::Level + 1;
        fail('the metrics are well formed');
        diag map { encode('UTF-8', "$_\n") } @wrong[0 .. ($#wrong < 9 ? $#wrong : 9)];
    }
    return flat($families);
}

# Compares both formats while nothing happens; returns the differences.
sub differences {
    my ($gate, %opt) = @_;
    my ($text, @wrong) = read_text(page($gate, 'metrics', %opt)->{body});
    my $res = page($gate, 'json', %opt);
    my $told = ($res->{json} // {})->{metrics} or return (@wrong, 'no JSON');
    for my $family (@$text, @$told) {
        for my $sample (@{ $family->{samples} }) {
            $sample->{value} = 'some' if $sample->{name} =~ /_age_seconds$/;
            $sample->{value} += 0 if $sample->{value} ne 'some';
        }
    }
    my $n = @$text > @$told ? @$text : @$told;
    for (0 .. $n - 1) {
        my ($one, $other) = map { $json->encode($_) } $text->[$_], $told->[$_];
        push @wrong, "$one\n$other" if $one ne $other;
    }
    return @wrong;
}

sub same_in_json {
    my ($gate, %opt) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @wrong = differences($gate, %opt);
    return ok(!@wrong, 'JSON says the same, and is well formed')
        || diag join "\n", map { substr $_, 0, 2000 } @wrong[0 .. ($#wrong < 4 ? $#wrong : 4)];
}

# By how much some calls change the counts.
sub changes {
    my ($gate, $calls) = @_;
    my $before = scrape($gate);
    $calls->();
    my $after = scrape($gate);
    my %changed = map { ($_ => $after->{$_} - ($before->{$_} // 0)) }
        grep { /^eiam_\w+_total/ && $after->{$_} != ($before->{$_} // 0) } keys %$after;
    $changed{$_} = 'gone' for grep { !exists $after->{$_} } keys %$before;
    return \%changed;
}

sub sum {
    my ($samples, $name, %labels) = @_;
    my @wanted = map { quotemeta "$_=$labels{$_}" } keys %labels;
    my $sum = 0;
    for my $key (grep { /^\Q$name\E\{/ } keys %$samples) {
        $sum += $samples->{$key} unless grep { $key !~ /[{,]$_[,}]/ } @wanted;
    }
    return $sum;
}

sub request_key {
    my ($operation, $decision, $reason) = @_;
    return key('eiam_requests_total', operation => $operation, decision => $decision, reason => $reason);
}

sub application_key {
    my ($application, $decision) = @_;
    return key('eiam_application_requests_total', application => $application, decision => $decision);
}

sub lookup_key {
    my ($source, $result) = @_;
    return key('eiam_lookups_total', source => $source, result => $result);
}

# ---------------------------------------------------------------- the gate

sub active { return { json => { active => $true, client_id => 'crm', scope => 'user_read', @_ } } }

my $source = EIAM::Source->new('*' => { json => { active => $false } });
my $shaky  = EIAM::Source->new;
my $issuer = EIAM::Source->new;
my $keys   = EIAM::Source->new;
my $stub   = EIAM::Stub->new;
my $key    = new_key('Ed25519');
$keys->answer('*' => { json => { keys => [ public_jwk($key, kid => 'a', use => 'sig') ] } });

my $odd = "q\"u\\o\\\"te {a=\"b\"} \x{7528}\x{6237} \x{1f511}";
my %operations = (
    'GET /users' => ['user_read'], 'PUT /users' => ['user_write'], 'POST /token' => 'public',
    'GET /stale' => ['user_read'], 'GET /odd' => { scopes => ['user_read'], id => $odd },
    'GET /trial' => ['user_write'], 'GET /none-of-it' => [ [] ],
);
my $policy = policy('/api', %operations);
$policy->{paths}{'/trial'}{get}{'x-eiam-mode'} = 'report';

my %files = (
    'policy.json' => $policy,
    'apps.json'   => applications(
        { id => 'crm', permissions => ['user_read'],
            tokens => [ 'tok', 'Secret-static', { token => 'old', expires => '2020-01-01T00:00:00Z' } ] },
        { id => $odd, permissions => ['user_read'], tokens => ['odd'] },
        { id => 'x' x 64, permissions => ['user_read'], tokens => ['long'] },
        { id => 'x' x 65, permissions => ['user_read'], tokens => ['longer'] },
        { id => 'off', enabled => 0, permissions => ['user_read'], tokens => [ 'off', 'Secret-off' ] },
        { id => 'away', networks => [], permissions => ['user_read'], tokens => ['away'] }),
);

my $gate = nginx(files => \%files, workers => 4, conf => $stub->upstream . qq{
    eiam_zone eiam 1m;
    eiam_policy %DIR%/policy.json;
    map \$request_uri \$mode { default ''; }
    client_header_buffer_size 64k;
    add_header X-Worker \$pid always;
    server {
        listen 127.0.0.1:%PORT% reuseport;
        eiam_applications %DIR%/apps.json;
        eiam_introspection /introspect;
        eiam_introspection_circuit 0;
        location /api/ { eiam on; proxy_pass http://%ECHO%; }
        location = /api/stale { eiam on; eiam_cache_valid 0; eiam_cache_stale 1h; proxy_pass http://%ECHO%; }
        location = /introspect { internal; proxy_pass http://@{[ $source->address ]}; }
        location /status/ { eiam_status; }
        location = /exact { eiam_status; }
        location /bare { eiam_status; }
        location /closed/ { deny all; eiam_status; }
        location /api/status/ { eiam_status; }
    }
    server {
        listen 127.0.0.1:%PORT2%;
        eiam_applications %DIR%/apps.json;
        location /api/ { eiam report; proxy_pass http://%ECHO%; }
    }
    server {
        listen 127.0.0.1:%PORT3%;
        eiam_jwks /jwks;
        eiam_jwt_issuer https://issuer.example;
        eiam_jwt_audience api;
        location /api/ { eiam on; proxy_pass http://%ECHO%; }
        location = /jwks { internal; proxy_pass http://@{[ $keys->address ]}; }
    }
    server {
        listen 127.0.0.1:%PORT4%;
        eiam_introspection /introspect;
        eiam_introspection_circuit 2 200ms;
        location /api/ { eiam on; proxy_pass http://%ECHO%; }
        location = /introspect { internal; proxy_pass http://@{[ $shaky->address ]}; }
    }
    server {
        listen 127.0.0.1:%PORT5%;
        eiam_introspection /introspect;
        location /api/ { eiam on; proxy_pass http://%ECHO%; }
        location = /api/token { eiam on; eiam_learn on; proxy_pass http://@{[ $issuer->address ]}; }
        @{[ $stub->location ]}
    }
})->start;

my %port = (reports => 2, signed => 3, shaky => 4, learns => 5);
sub port { return (port => $gate->port($port{ $_[0] })) }

# ---------------------------------------------------------------- the location

subtest 'where it is' => sub {
    my $res = get($gate, '/status');
    is $res->{status}, 301, 'without the slash it redirects';
    like $res->{headers}{location}, qr{/status/$}, '  to where it is, as the links of the page are relative';
    my %type = ('' => 'text/html; charset=utf-8', metrics => 'text/plain; version=0.0.4; charset=utf-8',
        map { ($_ => 'application/json') } qw(json policy explain?method=GET&path=/api/users explain));
    for my $name (sort keys %type) {
        my $get = page($gate, $name);
        is $get->{status}, $name eq 'explain' ? 400 : 200, "/$name";
        is $get->{headers}{'content-type'}, $type{$name}, '  its type';
        is $get->{headers}{'content-length'}, length $get->{body}, '  its length is known';
        my $head = page($gate, $name, method => 'HEAD');
        my @both = map { join "\n", grep { !/^(?:Date|X-Worker):/ } split /\r\n/, $_->{head} } $get, $head;
        is $both[1], $both[0], '  HEAD has the same head';
        is $head->{body}, '', '  and no body';
        is page($gate, $name, method => $_)->{status}, 405, "  no $_" for qw(POST PUT DELETE OPTIONS PATCH);
    }
    is page($gate, $_)->{status}, 404, "no /$_"
        for qw(x Metrics metrics/ metrics/x metric metricss json.js policy/1 explain/ status/);
    like page($gate, 'metrics?x=y')->{body}, qr/^# HELP/, 'a query changes nothing';
    like get($gate, "$_/metrics")->{body}, qr/^# HELP/, "$_/metrics" for '/bare', '/%73tatus', '/x/../status';
    is get($gate, '/exact')->{headers}{'content-type'}, $type{''}, 'a location with "=" is the page';
    is get($gate, '/bare')->{headers}{'content-type'}, $type{''}, 'one without slash at the end is too';
    refused get($gate, '/api/status/metrics', token => 'tok'), 'request_ambiguous',
        'below the base path of a policy nobody gets to it';
    is get($gate, '/closed/metrics')->{status}, 403, 'nginx\'s own "deny" holds';
};

subtest 'what a browser may do with it' => sub {
    my $res = page($gate, '');
    my $policy = $res->{headers}{'content-security-policy'};
    for my $element (qw(style script)) {
        my @all = $res->{body} =~ m{<$element>(.*?)</$element>}gs;
        is scalar @all, 1, "the page has one $element";
        my $hash = sha256_base64($all[0]);
        $hash .= '=' while length($hash) % 4;
        like $policy, qr/$element-src 'sha256-\Q$hash\E'(?:;|$)/, '  and only that one may be used';
    }
    like $policy, qr/default-src 'none'/, 'nothing comes from elsewhere';
    unlike $policy, qr/unsafe|\*/, 'there is no way around';
    for my $name ('', 'metrics', 'json', 'policy', 'explain') {
        my $headers = page($gate, $name)->{headers};
        is $headers->{'cache-control'}, 'no-store', "/$name is not kept";
        is $headers->{'x-content-type-options'}, 'nosniff', '  nor taken for something else';
        is $headers->{'content-security-policy'}, $policy, '  nor is anything in it run';
    }
};

subtest 'connections' => sub {
    my $body = 'x' x 100_000;
    my $c = connection($gate);
    for (1 .. 2) {
        my $res = $c->send(request('/status/metrics', body => $body))->read_response;
        is $res->{status}, 200, 'a body is of no interest';
        like $c->send(request('/status/policy'))->read_response->{body}, qr/"policies"/,
            '  and the next one is served';
    }
    my @res = raw($gate, join('', map { request("/status/$_") } qw(metrics json policy metrics)), count => 4);
    is scalar(grep { $_->{status} == 200 } @res), 4, 'several at once';
    like raw($gate, "GET /status/metrics HTTP/1.0\r\n\r\n")->{body}, qr/eiam_build_info/, 'HTTP/1.0';
};

# ---------------------------------------------------------------- families

subtest 'families' => sub {
    my ($families) = read_text(page($gate, 'metrics')->{body});
    is_deeply { map { ($_->{name} => $_->{type}) } @$families }, \%families, 'all, each with its type';
    is_deeply [ grep { $_->{help} !~ /^[A-Z1].*\.$/ } @$families ], [], 'each says what it is';
    is_deeply [ grep { ($_->{type} eq 'counter') != ($_->{name} =~ /_total$/) } @$families ], [],
        'counters are named _total';
    my $m = scrape($gate);
    my ($nginx) = page($gate, '')->{headers}{server} =~ m{nginx/([\d.]+)};
    my ($version) = slurp(top_dir() . '/CHANGES') =~ /ngx_eiam (\S+)/;
    is $m->{ key('eiam_build_info', version => $version, nginx => $nginx) }, 1, 'the build';
    is $m->{ key('eiam_policy_info', policy => $gate->dir . '/policy.json',
        sha256 => sha256_hex(slurp($gate->dir . '/policy.json'))) }, 1, 'the policy, by its SHA-256';
    is $m->{'eiam_zone_entries{}'}, 0, 'nothing is cached yet';
    ok !exists $m->{ key('eiam_key_set_age_seconds', source => 'jwt') }, 'there is no key set yet';
    is_deeply changes($gate, sub { page($gate, $_) for '', qw(metrics policy x) }), {}, 'the status location is no call';
    same_in_json($gate);
};

# ---------------------------------------------------------------- decisions

# title, target, options; operation, application, reason, cache status
my @calls = (
    [ 'an allowed call', '/api/users', { token => 'tok' }, 'getUsers', 'crm', '', 'static', 'BYPASS' ],
    [ 'a public one', '/api/token', { method => 'POST' }, 'postToken', '', '' ],
    [ 'an ambiguous path', '/api/users;x', { token => 'tok' }, '', '', 'request_ambiguous' ],
    [ 'a way around', '/x/..;/api/users', { token => 'tok' }, '', '', 'request_ambiguous' ],
    [ 'a method override', '/api/users?_method=PUT', { token => 'tok' }, '', '', 'method_override' ],
    [ 'a token in the query', '/api/users?access_token=x', {}, 'getUsers', '', 'authorization_malformed' ],
    [ 'no token', '/api/users', {}, 'getUsers', '', 'token_missing' ],
    [ 'an unknown token', '/api/users', { token => 'bad' }, 'getUsers', '', 'token_invalid', 'introspection',
        'MISS' ],
    [ 'an expired token', '/api/users', { token => 'old' }, 'getUsers', 'crm', 'token_expired', 'static',
        'BYPASS' ],
    [ 'a scope that lacks', '/api/users', { token => 'tok', method => 'PUT' }, 'putUsers', 'crm',
        'scope_insufficient', 'static', 'BYPASS' ],
    [ 'a disabled application', '/api/users', { token => 'off' }, 'getUsers', 'off', 'application_disabled',
        'static', 'BYPASS' ],
    [ 'an address in no network', '/api/users', { token => 'away' }, 'getUsers', 'away', 'network_forbidden',
        'static', 'BYPASS' ],
    [ 'an unknown operation', '/api/none', { token => 'tok' }, '', '', 'operation_unknown' ],
    [ 'an unknown method', '/api/users', { token => 'tok', method => 'DELETE' }, '', '', 'method_unknown' ],
    [ 'a source that fails', '/api/users', { token => 'fail' }, 'getUsers', '', 'source_unavailable',
        'introspection', 'MISS' ],
    [ 'an id of quotes, backslashes and UTF-8', '/api/odd', { token => 'odd' }, $odd, $odd, '', 'static',
        'BYPASS' ],
    [ 'an id of 64 bytes', '/api/users', { token => 'long' }, 'getUsers', 'x' x 64, '', 'static', 'BYPASS' ],
    [ 'a longer one', '/api/users', { token => 'longer' }, 'getUsers', 'other', '', 'static', 'BYPASS' ],
);
$source->answer(fail => { stop => 0 }, unusable => { status => 401 });

sub counted {
    my ($row, $decision, %opt) = @_;
    my ($title, $target, $options, $operation, $application, $reason, @lookup) = @$row;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $changed = changes($gate, sub { get($gate, $target, %$options, %opt) for 1 .. 2 });
    my %expected = map { ($_ => 2) } request_key($operation, $decision, $reason),
        application_key($application, $decision), @lookup ? lookup_key(@lookup) : ();
    return is_deeply $changed, \%expected, encode('UTF-8', $title);
}

subtest 'each decision has its count' => sub {
    $source->answer(map { ("bad$_" => { json => { active => $false } }) } 1, 2);
    for my $row (@calls) {
        # the second of these is in the cache
        local $row->[2] = { %{ $row->[2] } };
        if (($row->[7] // '') eq 'MISS' && $row->[5] eq 'token_invalid') {
            my $changed = changes($gate, sub { get($gate, '/api/users', token => "bad$_") for 1, 2, 2 });
            is_deeply $changed, { request_key('getUsers', 'deny', 'token_invalid') => 3,
                application_key('', 'deny') => 3, lookup_key('introspection', 'MISS') => 2,
                lookup_key('introspection', 'HIT') => 1 }, $row->[0];
            next;
        }
        counted($row, $row->[5] ? 'deny' : 'allow');
    }
    my %reasons = map { ($_->[5] => 1) } @calls;
    $reasons{token_revoked} = 1;          # in t/revocations.t
    $reasons{application_unknown} = 1;    # in t/networks.t
    $reasons{object_forbidden} = 1;       # in t/objects.t
    is_deeply [ grep { !$reasons{$_} } sort keys %EIAM::Test::REFUSAL ], [], 'no reason is left out';
    same_in_json($gate);
};

subtest 'report mode' => sub {
    for my $row (grep { ($_->[6] // '') ne 'introspection' } @calls) {
        next if $row->[1] eq '/x/..;/api/users';
        counted($row, $row->[5] ? 'would_deny' : 'allow', port('reports'));
    }
    counted([ 'an operation in report mode beside others that are not', '/api/trial', { token => 'tok' },
        'getTrial',
        'crm', 'scope_insufficient', 'static', 'BYPASS' ], 'would_deny');
    same_in_json($gate);
};

# ---------------------------------------------------------------- look-ups

subtest 'look-ups' => sub {
    my $serial = 0;
    my $token = sub {
        return mint($key, 'EdDSA', { iss => 'https://issuer.example', aud => 'api', exp => time + 600,
            client_id => 'crm', scope => 'user_read', jti => ++$serial }, { typ => 'at+jwt', kid => 'a' });
    };
    my ($signed, $other) = ($token->(), $token->());
    my @expected = (request_key('getUsers', 'allow', ''), application_key('crm', 'allow'));
    my $changed = changes($gate, sub { get($gate, '/api/users', token => $_, port('signed'))
        for $signed, $signed, $other });
    is_deeply $changed, { (map { ($_ => 3) } @expected), lookup_key('jwt', 'MISS') => 2, lookup_key('jwt',
        'HIT') => 1 },
        'signed tokens: MISS is verified, HIT is known';

    $source->answer(stale => active());
    is get($gate, '/api/stale', token => 'stale')->{status}, 200, 'a grant';
    $source->answer(stale => { status => 500 });
    my $late = time + DEADLINE;
    my $stale = 0;
    while (!$stale && time < $late) {
        $changed = changes($gate, sub { get($gate, '/api/stale', token => 'stale') });
        $stale = $changed->{ lookup_key('introspection', 'STALE') } // 0;
    }
    is $stale, 1, 'STALE, while the source fails';

    $issuer->answer('*' => { json => { access_token => 'learned', token_type => 'bearer', expires_in => 600,
        scope => 'user_read' } });
    my @form = (headers => [ 'Content-Type: application/x-www-form-urlencoded',
        'Authorization: Basic ' . encode_base64('erp:s3cr3t', '') ], body => 'grant_type=client_credentials');
    my $before = scrape($gate);
    my $teaches = sub { get($gate, '/api/token', method => 'POST', @_, port('learns')) };
    my $learned = sub { return sum(scrape($gate), 'eiam_learned_tokens_total', result => $_[0]) };
    $teaches->(@form);
    ok until_true(sub { $learned->('learned') == sum($before, 'eiam_learned_tokens_total',
        result => 'learned') + 1 }),
        'a token is learned';
    $teaches->();
    ok until_true(sub { $learned->('not_learned') == sum($before, 'eiam_learned_tokens_total',
        result => 'not_learned') + 1 }),
        'an answer without a client is not';
    $changed = changes($gate, sub { get($gate, '/api/users', token => 'learned', port('learns'))
        for 1 .. 3 });
    is_deeply $changed, { request_key('getUsers', 'allow', '') => 3, application_key('erp', 'allow') => 3,
        lookup_key('learned', 'HIT') => 3 }, 'what was learned is always a HIT';
    same_in_json($gate);
};

# ---------------------------------------------------------------- fetches

my @bounds = qw(0.001 0.002 0.005 0.01 0.02 0.05 0.1 0.2 0.5 1 2 5 10 +Inf);

# (counts by bound, count, sum) that some calls add.
sub observed {
    my ($which, $result, $calls) = @_;
    my @labels = (source => $which, result => $result);
    my $before = scrape($gate);
    $calls->();
    my $after = scrape($gate);
    my $added = sub { my $key = key(@_); return $after->{$key} - $before->{$key} };
    return ([ map { $added->('eiam_fetch_duration_seconds_bucket', @labels, le => $_) } @bounds ],
        map { $added->("eiam_fetch_duration_seconds_$_", @labels) } qw(count sum));
}

sub fetches {
    my ($samples, $which, @result) = @_;
    return sum($samples, 'eiam_fetch_duration_seconds_count', source => $which,
        map { (result => $_) } @result);
}

subtest 'fetches' => sub {
    is fetches(scrape($gate), 'introspection') - 0, $source->count + 0, 'each question to the source is one'
        or diag explain scrape($gate);
    is fetches(scrape($gate), 'jwt', 'answered'), $keys->count, 'each fetch of keys is one';
    ok fetches(scrape($gate), 'introspection', 'failed') > 0, 'some have failed';

    for my $delay (0, 0.03, 0.3) {
        $source->answer("slow$delay" => { %{ active() }, $delay ? (delay => $delay) : () });
        my ($counts, $count, $sum) = observed('introspection', 'answered',
            sub { get($gate, '/api/users', token => "slow$delay") });
        is $count, 1, "an answer after $delay s";
        # the clocks of nginx and of the source have a resolution of a millisecond
        cmp_ok $sum, '>=', $delay - 0.003, '  took that long';
        my @expected = map { $_ eq '+Inf' || $sum <= $_ + 0.0000001 ? 1 : 0 } @bounds;
        is_deeply $counts, \@expected, "  and is in the buckets of $sum s";
    }

    my ($counts, $count) = observed('introspection', 'failed', sub { get($gate, '/api/users',
        token => 'fail') });
    is "$count $counts->[-1]", '1 1', 'a source that does not answer has failed';
    ($counts, $count) = observed('introspection', 'unusable', sub { get($gate, '/api/users', token => 'unusable') });
    is "$count $counts->[-1]", '1 1', 'an answer that cannot be used is unusable, as 401 to wrong credentials';

    $source->answer(held => { %{ active() }, hold => 0 });
    ($counts, $count) = observed('introspection', 'abandoned', sub {
        my $c = connection($gate)->send(request('/api/users', token => 'held'));
        $source->await(1, 'held');
        my $flying = key('eiam_fetches_in_flight', source => 'introspection');
        is scrape($gate)->{$flying}, 1, 'one is under way';
        undef $c;
        ok until_true(sub { scrape($gate)->{$flying} == 0 }), '  until its client goes away';
        ok until_true(sub { fetches(scrape($gate), 'introspection', 'abandoned') }), '  and nobody waits';
    });
    is "$count $counts->[-1]", '1 1', '  so it is abandoned';
    same_in_json($gate);
};

subtest 'the circuit' => sub {
    my $open = key('eiam_circuit_open', source => 'introspection');
    $shaky->answer('*' => { stop => 0 });
    is scrape($gate)->{$open}, 0, 'it is closed';
    get($gate, '/api/users', token => 'a', port('shaky'));
    is scrape($gate)->{$open}, 0, '  after one failure still';
    ok until_true(sub { get($gate, '/api/users', token => 'b', port('shaky')); scrape($gate)->{$open} }),
        'it is open after two';
    is scrape($gate)->{$open}, 1, '  for as long as it fails';
    $shaky->answer('*' => active());
    ok until_true(sub { get($gate, '/api/users', token => 'c', port('shaky')); scrape($gate)->{$open} == 0 }),
        'it is closed again when the source answers';
};

subtest 'the age of the keys' => sub {
    my $age = key('eiam_key_set_age_seconds', source => 'jwt');
    my $first = scrape($gate)->{$age};
    like $first, qr/^\d+$/, 'it is known when there are keys';
    ok until_true(sub { scrape($gate)->{$age} > $first }), '  and grows';
};

# ---------------------------------------------------------------- odd names

subtest 'names of any bytes' => sub {
    my $named = nginx(files => { 'policy.json' => policy('/api', 'POST /token' => 'public',
            'GET /users' => ['user_read'], 'PUT /users' => { scopes => ['user_read'], id => 'other' }) },
        server => qq{
            eiam_policy policy.json;
            location /api/ { eiam on; empty_gif; }
            location = /api/token { eiam on; eiam_learn on; proxy_pass http://@{[ $issuer->address ]}; }
            location /status/ { eiam_status; }
        })->start;
    my @plain = ('a"b', 'a\\b', "\x{7528}\x{6237}", "\x{1f511}", 'a=b,c="d"} 1', '{}', '<script>', "\\n",
        'other');
    my @odd = ('x' x 65, '?', "\xe2\x80\xa8", "\xef\xbb\xbf");
    my %nobody = map { ($_ => 1) } "x\xff\xfe", "\xff", "\xfe", "cut\xe7\x94", "\xc0\xaf", "\xed\xa0\x80",
        "\xf4\x90\x80\x80", "\xf8\x90\x80\x80\x80", "\xf9\x90\x80\x80", "\xfd\xbf\xbf\xbf", "\xc2\x80",
        "\xc3\xc3", "\xdd\xd3\xb9", "\xe7\x94\xd8", "\xf0\x9f\xd4\x91";
    my ($n, %known) = (0);
    for my $id ((map { encode('UTF-8', $_) } @plain), @odd, sort keys %nobody) {
        my $token = 'any' . ++$n;
        $issuer->answer('*' => { json => { access_token => $token, token_type => 'bearer', expires_in => 600,
            scope => 'user_read' } });
        get($named, '/api/token', method => 'POST',
            body => 'client_id=' . ($id =~ s/([^a-z])/sprintf '%%%02X', ord $1/ger),
            headers => ['Content-Type: application/x-www-form-urlencoded']);
        my $status = $nobody{$id} ? 401 : 200;
        ok until_true(sub { get($named, '/api/users', token => $token)->{status} == $status }),
            'a call of ' . shown($id);
        my ($families, @wrong) = read_text(page($named, 'metrics')->{body});
        my @new = grep { !$known{ s/ \d+$//r }++ } @wrong;
        ok !@new, '  is shown as it should be' or diag encode('UTF-8', join "\n", @new);
    }
    get($named, '/api/users', method => 'PUT', token => 'any1');
    same_in_json($named);
    my $shown = flat((read_text(page($named, 'metrics')->{body}))[0]);
    ok $shown->{ application_key($_, 'allow') }, encode('UTF-8', "$_ is as it is") for @plain;
    $named->stop;
};

# ---------------------------------------------------------------- workers, reloads

my @mix = map { $_->[1] !~ m{/x/} && ($_->[6] // '') ne 'introspection' ? $_ : () } @calls;

# Several clients at once, each on its own connections; returns how often each row was called.
sub crowd {
    my ($clients, $calls, $meanwhile) = @_;
    my @pids;
    for my $n (1 .. $clients) {
        my $pid = fork() // die "fork: $!";
        if ($pid == 0) {
            my $ok = eval {
                for my $part (1 .. 6) {
                    my $c = connection($gate, port('learns'));
                    my @sent = map { request('/api/users', token => "good-$part-$_") } 1 .. $calls / 6;
                    $c->send(join '', @sent);
                    $_->{status} == 200 || die "status $_->{status}\n" for map { $c->read_response } @sent;
                    my $other = connection($gate);
                    my @rows = map { $mix[ $_ % @mix ] } 1 .. @mix;
                    $other->send(join '', map { request($_->[1], %{ $_->[2] }) } @rows);
                    $other->read_response for @rows;
                }
                1;
            };
            print {*STDERR} "# $@" unless $ok;
            POSIX::_exit($ok ? 0 : 1);
        }
        push @pids, $pid;
    }
    $meanwhile->() if $meanwhile;
    my $failed = 0;
    for (@pids) { waitpid $_, 0; $failed ||= $? }
    return !$failed;
}

subtest 'four workers, and many calls at once' => sub {
    my ($calls, $fallen) = (6 * int(CALLS / 6), 0);
    my $before = scrape($gate);
    my $last = $before;
    ok crowd(CLIENTS, $calls, sub {
        for (1 .. 20) {
            my $now = scrape($gate);
            $fallen += grep { /_total\{/ && ($now->{$_} // -1) < $last->{$_} } keys %$last;
            $last = $now;
        }
    }), 'all are answered';
    is $fallen, 0, 'no count ever falls';
    my $after = scrape($gate);
    my $mixed = CLIENTS * 6 * @mix;
    my $added = sub { my @what = @_; return sum($after, @what) - sum($before, @what) };
    is $added->('eiam_requests_total'), CLIENTS * $calls + $mixed, 'each has its decision';
    is $added->('eiam_application_requests_total'), CLIENTS * $calls + $mixed, 'each has its application';
    is $added->('eiam_requests_total', decision => 'allow', operation => 'getUsers'),
        CLIENTS * $calls + CLIENTS * 6 * grep({ $_->[5] eq '' && $_->[3] eq 'getUsers' } @mix),
            'so many are allowed';
    my @wrong = grep { my $is = $after->{ application_key("good-$_", 'allow') } // 0; $is != CLIENTS }
        map { my $part = $_; map { "$part-$_" } 1 .. $calls / 6 } 1 .. 6;
    my $room = sum($after, 'eiam_application_requests_total', application => 'other')
        - sum($before, 'eiam_application_requests_total', application => 'other') - CLIENTS * 6;
    is scalar(@wrong), $room / CLIENTS, 'each application has its count, or is one of the others'
        or diag "@wrong";
    my %spread = map { ($_->{headers}{'x-worker'} => 1) } map { get($gate, '/status/') } 1 .. 40;
    cmp_ok scalar keys %spread, '>', 1, 'it is the same in every worker';
    same_in_json($gate);
};

# What reloads and killed workers must not change.
sub lasting { my $m = scrape($gate); return { map { ($_ => $m->{$_}) } grep { /_total\{/ } keys %$m } }

subtest 'reloads' => sub {
    my $before = lasting();
    ok $gate->reload, 'a reload';
    is_deeply lasting(), $before, '  keeps all counts';
    my $read = request_key('getUsers', 'allow', '');
    is_deeply changes($gate, sub { get($gate, '/api/users', token => 'tok') }), { $read => 1,
        application_key('crm', 'allow') => 1, lookup_key('static', 'BYPASS') => 1 }, '  which go on';

    my $info = key('eiam_policy_info', policy => $gate->dir . '/policy.json',
        sha256 => sha256_hex(slurp($gate->dir . '/policy.json')));
    $before = lasting();
    my %fewer = %operations;
    delete $fewer{'PUT /users'};
    $gate->write_file('policy.json', policy('/api', %fewer, 'GET /new' => ['user_read']));
    ok $gate->reload, 'a policy with an operation less, and another one';
    my $now = scrape($gate);
    ok !exists $now->{$info}, '  is another policy';
    is $now->{$read}, $before->{$read}, '  whose other operations keep their counts';
    is sum($now, 'eiam_requests_total', operation => 'putUsers'), 0, '  what it has not is not shown';
    is_deeply changes($gate, sub { get($gate, '/api/new', token => 'tok') }), {
        request_key('getNew', 'allow', '') => 1, application_key('crm', 'allow') => 1,
        lookup_key('static', 'BYPASS') => 1 }, '  and what is new is counted';

    $gate->write_file('policy.json', $policy);
    ok $gate->reload, 'the policy of before';
    my %after = %{ lasting() };
    my @lost = grep { /putUsers/ && ($after{$_} // -1) != $before->{$_} } keys %$before;
    is_deeply \@lost, [], '  has the counts of before';
};

subtest 'a killed worker' => sub {
    my $before = lasting();
    my ($pid) = $gate->worker_pids;
    $gate->expect(qr/exited on signal 9/);
    kill 'KILL', $pid;
    ok until_true(sub { my @now = $gate->worker_pids; @now == 4 && !grep { $_ == $pid } @now }),
        'another one begins';
    is_deeply lasting(), $before, 'all counts are kept';
    counted($calls[0], 'allow');
};

# ---------------------------------------------------------------- secrets

subtest 'no secrets' => sub {
    my $signed = mint($key, 'EdDSA', { iss => 'https://issuer.example', aud => 'api', exp => time + 600,
        client_id => 'crm', scope => 'user_read', jti => 'secret' }, { typ => 'at+jwt', kid => 'a' });
    my %tokens = (static => 'Secret-static', introspected => 'Secret-asked', refused => 'Secret-refused',
        failed => 'Secret-failed', learned => 'Secret-learned', signed => $signed, disabled => 'Secret-off');
    $source->answer($tokens{introspected} => active(), $tokens{failed} => { status => 500 });
    $issuer->answer('*' => { json => { access_token => $tokens{learned}, token_type => 'bearer',
        expires_in => 60 } });
    get($gate, '/api/token', method => 'POST', port('learns'), body => 'a=b', headers => [
        'Content-Type: application/x-www-form-urlencoded',
        'Authorization: Basic ' . encode_base64('erp:Secret-client', '') ]);
    for my $port ([], [ port('reports') ], [ port('signed') ], [ port('learns') ]) {
        get($gate, '/api/users', token => $_, @$port) for values %tokens;
        get($gate, '/api/users?access_token=Secret-query', @$port);
    }
    my $all = join "\n", map { my $res = page($gate, $_,
        token => $tokens{static}); "$res->{head}\n$res->{body}" }
        '', qw(metrics json policy explain explain?method=GET&path=/api/users&application=crm);
    ok $all !~ /secret/i, 'no token, and nothing else that a client keeps to itself';
    my ($signature) = $signed =~ /([^.]+)$/;
    ok index($all, $signature) < 0, '  nor the signature of one';
    is_deeply [ grep { $all =~ /@{[ substr sha256_hex($tokens{$_}), 0, 16 ]}/ } keys %tokens ], [],
        '  nor a digest, or what stands for a token in a log';
};

# ---------------------------------------------------------------- small zones

subtest 'a zone that is too small' => sub {
    my @many = map { sprintf '/op%02d', $_ } 1 .. 40;
    my $small = nginx(files => { 'policy.json' => policy('/api', map { ("GET $_" => ['user_read']) } @many) },
        conf => $stub->upstream . qq{
            eiam_zone eiam 64k;
            map \$request_uri \$mode { default ''; }
            server {
                listen 127.0.0.1:%PORT%;
                keepalive_requests 100000;
            client_header_buffer_size 64k;
                eiam_introspection /introspect;
                location /api/ { eiam on; eiam_policy policy.json; try_files /none \@served; }
                location \@served { return 204; }
                location /status/ { eiam_status; }
                @{[ $stub->location ]}
            }
        })->start;
    my $size = scrape($small)->{'eiam_zone_size_bytes{}'};
    cmp_ok $size, '>', 100 * CELL, 'it has room for some';
    # an application and scopes of one byte more take one more cell
    my ($room, $calls) = (int($size / CELL / 2), 700);
    my $c = connection($small, timeout => DEADLINE);
    my @parts = map { [ 100 * $_ - 99 .. 100 * $_ ] } 1 .. $calls / 100;
    my $call = sub { return request("/api$many[ $_ % @many ]", token => sprintf 'good-%04d', $_) };
    for my $part (@parts) {
        $c->send(join '', map { $call->() } @$part);
        is scalar(grep { $c->read_response->{status} == 204 } @$part), scalar @$part,
            'calls with as many tokens';
        my $m = scrape($small);
        my $entries = $part->[-1] < $room ? $part->[-1] : $room;
        is $m->{'eiam_zone_entries{}'}, $entries, "  $entries are cached";
        is $m->{'eiam_zone_used_bytes{}'}, $entries * 2 * CELL, '  with their bytes';
        is $m->{'eiam_zone_evictions_total{}'}, $part->[-1] - $entries, '  and the rest had to go';
    }
    my $m = scrape($small);
    is sum($m, 'eiam_requests_total'), $calls, 'all are counted, though there are more operations than rows';
    is sum($m, 'eiam_application_requests_total'), $calls, 'and more applications';
    for my $name (qw(requests application_requests)) {
        my $label = $name eq 'requests' ? 'operation' : 'application';
        my $others = sum($m, "eiam_${name}_total", $label => 'other');
        my $rows = grep { /^eiam_${name}_total\{/ && !/$label=other/ } keys %$m;
        ok $others && $rows > 1 && $others < $calls, "$rows $label"
            . "s have rows, the calls of others are $others";
    }
    same_in_json($small);
    $small->stop;
};

# ---------------------------------------------------------------- large ones

# What a step has no room for follows in the next step, wherever that begins.
subtest 'steps' => sub {
    my $one = sub { my ($n) = @_; return policy('/api', map { ("GET /op$_" => ['user_read']) } 1 .. $n) };
    my $edge = nginx(files => { 'policy.json' => $one->(500), 'apps.json' => applications(
            { id => 'crm', permissions => ['user_read'], tokens => ['tok'] }),
            'other.json' => policy('/other', 'GET /a' => ['user_read']) },
        server => q{
            eiam_applications apps.json;
            location /api/ { eiam on; eiam_policy policy.json; empty_gif; }
            location /other/ { eiam on; eiam_policy other.json; empty_gif; }
            location /status/ { eiam_status; }
        })->start;
    for my $n (497 .. 501) {
        $edge->write_file('policy.json', $one->($n));
        $edge->reload;
        get($edge, '/api/op1', token => 'tok') if $n == 498;
        get($edge, '/other/a', token => 'tok') if $n == 500;
        my @wrong = differences($edge);
        ok !@wrong, "$n operations: the metrics" or diag substr join("\n", @wrong), 0, 1500;
        my $res = page($edge, 'policy');
        my $policies = ($res->{json} // {})->{policies} // [];
        is join(' ', map { scalar @{ $_->{operations} } } @$policies), "$n 1", '  and the policies';
    }
    $edge->stop;
};

subtest 'ten thousand operations, a thousand applications' => sub {
    my $large = nginx(
        files => {
            'policy.json' => policy('/api', map { ("GET /part@{[ $_ % 100 ]}/operation$_" => ['user_read']) }
                1 .. OPERATIONS),
            'apps.json' => applications(map { { id => "application-$_", permissions => ['user_read'],
                tokens => ["token-$_"] } } 1 .. APPLICATIONS),
        },
        http => 'eiam_zone eiam 128m;',
        server => q{
            listen 127.0.0.1:%PORT2% http2;
            keepalive_requests 100000;
            client_header_buffer_size 64k;
            eiam_applications apps.json;
            location /api/ { eiam on; eiam_policy policy.json; empty_gif; }
            location /status/ { eiam_status; access_log %DIR%/pages.log; }
            location = /ping { empty_gif; }
        })->start;
    my $c = connection($large, timeout => DEADLINE);
    my $answered = 0;
    for my $part (0 .. OPERATIONS / 250 - 1) {
        my @n = map { $part * 250 + $_ } 1 .. 250;
        $c->send(join '', map { request("/api/part@{[ $_ % 100 ]}/operation$_",
            token => 'token-' . (1 + $_ % APPLICATIONS)) } @n);
        $answered += grep { $c->read_response->{status} == 200 } @n;
    }
    is $answered, OPERATIONS, 'each operation is called';

    my $m = scrape($large);
    my @requests = grep { /^eiam_requests_total/ } keys %$m;
    is scalar @requests, OPERATIONS, 'each has a count';
    is scalar(grep { $m->{$_} != 1 } @requests), 0, '  of one';
    my @applications = grep { /^eiam_application_requests_total/ } keys %$m;
    is scalar @applications, APPLICATIONS, 'each application has one';
    is scalar(grep { $m->{$_} != OPERATIONS / APPLICATIONS } @applications), 0, '  of all its calls';
    same_in_json($large);
    my ($policies) = @{ page($large, 'policy')->{json}{policies} };
    is scalar @{ $policies->{operations} }, OPERATIONS, 'the policy is whole';

    subtest 'others are served meanwhile' => sub {
        my ($ping, $during, @waits, %times) = (connection($large), 0);
        my $wait = sub {
            my $asked = time;
            $ping->send(request('/ping'))->read_response;
            return time - $asked;
        };
        my @idle = map { $wait->() } 1 .. 200;
        my $scraper = connection($large, timeout => DEADLINE);
        for my $name ((qw(metrics json policy)) x 3) {
            my ($start, $size) = (time);
            $scraper->send(request("/status/$name"));
            until ($size && length $scraper->{in} >= $size) {
                push @waits, $wait->();
                # reads what has arrived of the page, without waiting
                my $n = sysread $scraper->{sock}, $scraper->{in}, 1 << 22, length $scraper->{in};
                die "the page ended\n" if defined $n && $n == 0;
                $size //= $+[0] + $1 if $scraper->{in} =~ /\r\nContent-Length: (\d+)\r\n.*?\r\n\r\n/s;
            }
            push @{ $times{$name} }, time - $start;
            is length $scraper->{in}, $size, "/$name is whole";
            $scraper->{in} = '';
            $during = @waits;
        }
        cmp_ok $during, '>', 9, "$during requests were served";
        note sprintf 'a page took, in ms: %s; the longest wait of another request %.1f ms (idle: %.1f ms)',
            join(', ', map { sprintf '%s %.1f', $_, 1000 * min(@{ $times{$_} }) } sort keys %times),
            1000 * max(@waits), 1000 * max(@idle);
    };

    subtest 'a client that goes away' => sub {
        for my $try (1 .. 30) {
            my $gone = connection($large)->send(request('/status/' . (qw(metrics json policy))[ $try % 3 ]));
            sleep $try * 0.0005;
            setsockopt $gone->{sock}, SOL_SOCKET, SO_LINGER, pack 'II', 1, 0 if $try % 2;
            sysread $gone->{sock}, my $some, 1000 if $try % 5 == 0;
            close $gone->{sock};
        }
        is scalar(keys %{ scrape($large) }), scalar keys %$m, 'the next one gets all of it';
    };

    # What ends a connection comes together with its request: in one event.
    subtest 'no page is put together for a client that has gone' => sub {
        my $logged = sub { return [ $large->access_log('pages.log') =~ m{/json HTTP/1.1" (\d+)}g ] };
        my $before = @{ $logged->() };
        close connection($large)->send(request('/status/json'))->{sock} for 1 .. 10;
        ok until_true(sub { @{ $logged->() } == $before + 10 }), 'each of ten requests ends';
        my @ends = splice @{ $logged->() }, $before;
        is "@ends", join(' ', (499) x 10), '  before it was answered';
    };

    subtest 'HTTP/2, and streams that are reset' => sub {
        my $h2 = EIAM::Http2->new($large->port(2));
        for (1 .. 10) {
            my @streams = map { $h2->request("/status/$_") } qw(metrics json policy);
            sleep 0.002 * $_;
            $h2->reset($_) for @streams;
        }
        my ($answer) = $h2->responses($h2->request('/status/metrics'));
        my @lines = $answer->{body} =~ /^eiam_requests_total/mg;
        is scalar @lines, OPERATIONS, 'the next one is whole';
    };
    $large->stop;
};

done_testing;
