#!/usr/bin/perl
# The metrics as a real Prometheus reads them, and the files in conf/ for Prometheus and Grafana.

use strict;
use utf8;
use warnings;

use File::Temp ();
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use MIME::Base64 qw(encode_base64);
use Test::More;
use Time::HiRes qw(time);
use EIAM::Jwt qw(new_key public_jwk mint);
use EIAM::Prometheus;
use EIAM::Redis;
use EIAM::Source;
use EIAM::Test;

binmode Test::More->builder->$_, ':encoding(UTF-8)' for qw(output failure_output todo_output);

my $true = JSON::PP::true;
my $json = JSON::PP->new->utf8;
my $top  = top_dir();
my $conf = "$top/conf";
my $temp = File::Temp->newdir('eiam-prometheus-XXXXXX', TMPDIR => 1);

# ---------------------------------------------------------------- a gate, and calls of all kinds

my $key = new_key('Ed25519');
my $odd = qq(a "b" \\ \\n {c="d"} \x{5e94}\x{7528}\x{1f511});

sub active { return { json => { active => $true, client_id => $_[0], scope => 'user_read' } } }

my $source = EIAM::Source->new(asked => active('erp'), odd => active($odd), long => active('x' x 100),
    map({ ("slow-$_" => { %{ active('slow') }, delay => 0.3 }) } 1 .. 4),
    map({ ("failed-$_" => { stop => 0 }) } 1 .. 3), '*' => { json => { active => JSON::PP::false } });
my $keys = EIAM::Source->new('*' => { json => { keys => [ public_jwk($key, kid => 'k', use => 'sig') ] } });
my $issuer = EIAM::Source->new('*' => [
    { json => { access_token => 'learned', token_type => 'Bearer', expires_in => 600,
        scope => 'user_read' } },
    { body => 'no JSON' } ]);

my $policy = policy('/api',
    'GET /users'      => { id => 'listUsers', scopes => ['user_read'] },
    'PUT /users'      => { id => 'changeUsers', scopes => ['user_write'] },
    'GET /trial'      => { id => 'tryIt', scopes => ['user_write'] },
    'GET /things/{thing}' => { id => 'getThing', scopes => ['user_read'] },
    'GET /listed'     => { id => 'listed', scopes => ['user_read'] },
    'GET /watched'    => { id => 'watched', scopes => ['user_read'] },
    'GET /users/{id}' => { id => qq(get "one" \\ \x{7528}), scopes => ['user_read'] },
    'POST /token'     => { id => 'getToken', scopes => 'public' });
$policy->{paths}{'/trial'}{get}{'x-eiam-mode'} = 'report';
$policy->{paths}{'/things/{thing}'}{get}{parameters}[0]{'x-eiam-object'} = 'thing';

my $redis = EIAM::Redis->new;

my %files = (
    'redis.key' => encode_base64(join('', map { chr } 1 .. 32)),
    'policy.json' => $policy,
    'apps.json' => applications(
        { id => 'crm', permissions => ['user_read'], tokens => [ 'crm',
            { token => 'old', expires => '2020-01-01T00:00:00Z' } ] },
        { id => 'far', permissions => ['user_read'], tokens => ['far'], networks => ['192.0.2.0/24'] },
        { id => 'off', enabled => 0, permissions => ['user_read'], tokens => ['off'] },
        map { { id => $_, permissions => ['user_read'] } } 'erp', 'shop', 'slow', 'signed', $odd, 'x' x 100),
);

my $gate = nginx(files => \%files, workers => 2,
    http => qq{
        eiam_policy policy.json;
        eiam_applications apps.json;
        eiam_redis @{[ $redis->address ]};
        eiam_redis_key redis.key;
    }, server => qq{
        server_name api.example.com;
        eiam_introspection /introspect;
        eiam_introspection_circuit 3 1h;
        eiam_cache_negative 1h;
        eiam_jwks /jwks;
        eiam_jwt_issuer https://as;
        eiam_jwt_audience api;
        location /api/ { eiam on; eiam_objects on; proxy_pass http://%ECHO%; }
        location = /api/listed { eiam on; eiam_applications apps.json listed; proxy_pass http://%ECHO%; }
        location = /api/watched { eiam report; proxy_pass http://%ECHO%; }
        location = /api/token { eiam on; eiam_learn on; proxy_pass http://@{[ $issuer->address ]}; }
        location = /introspect { internal; proxy_pass http://@{[ $source->address ]}; }
        location = /jwks { internal; proxy_pass http://@{[ $keys->address ]}; }
        location /status/ { eiam_status; }
    })->start;

sub signed {
    my (%claims) = @_;
    return mint($key, 'EdDSA', { iss => 'https://as', aud => 'api', exp => time + 600, client_id => 'signed',
        scope => 'user_read', %claims }, { kid => 'k' });
}

my @form = (method => 'POST', headers => [ 'Authorization: Basic ' . encode_base64('shop:s', '') ]);
my $signed = signed();

# Each row: how often, operation, decision, reason, application, path, options of the call.
my $users = '/api/users';
my @calls = (
    [ 5, 'listUsers', 'allow', '', 'crm', $users, token => 'crm' ],
    [ 3, 'listUsers', 'allow', '', 'erp', $users, token => 'asked' ],
    [ 1, 'listUsers', 'allow', '', $odd, $users, token => 'odd' ],
    [ 2, 'listUsers', 'allow', '', 'other', $users, token => 'long' ],
    [ 1, 'listUsers', 'allow', '', 'slow', $users, token => 'slow-1' ],
    [ 1, 'listUsers', 'allow', '', 'slow', $users, token => 'slow-2' ],
    [ 1, 'listUsers', 'allow', '', 'slow', $users, token => 'slow-3' ],
    [ 1, 'listUsers', 'allow', '', 'slow', $users, token => 'slow-4' ],
    [ 4, 'listUsers', 'allow', '', 'signed', $users, token => $signed ],
    [ 2, 'getToken', 'allow', '', '', '/api/token', @form ],
    [ 3, 'listUsers', 'allow', '', 'shop', $users, token => 'learned' ],
    [ 2, qq(get "one" \\ \x{7528}), 'allow', '', 'crm', "$users/1", token => 'crm' ],
    [ 2, '', 'deny', 'request_ambiguous', '', '/api//users', token => 'crm' ],
    [ 1, '', 'deny', 'method_override', '', "$users?_method=PUT", token => 'crm' ],
    [ 2, 'listUsers', 'deny', 'authorization_malformed', '', "$users?access_token=crm" ],
    [ 3, 'listUsers', 'deny', 'token_missing', '', $users ],
    [ 4, 'listUsers', 'deny', 'token_invalid', '', $users, token => 'unknown' ],
    [ 1, 'listUsers', 'deny', 'token_invalid', '', $users, token => signed(aud => 'other') ],
    [ 2, 'listUsers', 'deny', 'token_expired', 'crm', $users, token => 'old' ],
    [ 3, 'changeUsers', 'deny', 'scope_insufficient', 'crm', $users, token => 'crm', method => 'PUT' ],
    [ 1, 'listUsers', 'deny', 'application_disabled', 'off', $users, token => 'off' ],
    [ 1, 'listUsers', 'deny', 'network_forbidden', 'far', $users, token => 'far' ],
    [ 1, 'getThing', 'deny', 'object_forbidden', 'crm', '/api/things/t9', token => 'crm' ],
    [ 1, 'listed', 'deny', 'application_unknown', 'stranger', '/api/listed', token => signed(client_id => 'stranger') ],
    [ 2, '', 'deny', 'operation_unknown', '', '/api/none', token => 'crm' ],
    [ 1, '', 'deny', 'method_unknown', '', $users, token => 'crm', method => 'DELETE' ],
    [ 2, 'tryIt', 'would_deny', 'scope_insufficient', 'crm', '/api/trial', token => 'crm' ],
    [ 4, 'watched', 'would_deny', 'token_missing', '', '/api/watched' ],
    [ 1, 'watched', 'allow', '', 'crm', '/api/watched', token => 'crm' ],
);

sub failing { return [ 1, 'listUsers', 'deny', 'source_unavailable', '', $users, token => "failed-$_[0]" ] }

my @made;

sub call_all {
    my (@rows) = @_;
    my @wrong;
    for my $row (@rows) {
        my ($times, $operation, $decision, $reason, $application, $target, %opt) = @$row;
        my $expected = $decision eq 'deny' ? $EIAM::Test::REFUSAL{$reason}[0] : 200;
        for (1 .. $times) {
            my $status = get($gate, $target, %opt)->{status};
            push @wrong, "$decision $reason $target: $status, expected $expected" if $status != $expected;
        }
    }
    push @made, @rows;
    is_deeply \@wrong, [], 'the calls are answered as they should be' or diag explain \@wrong;
    return;
}

# The number of calls by some of the columns: 1 operation, 2 decision, 3 reason, 4 application.
sub made_by {
    my (@columns) = @_;
    my %count;
    $count{ join '|', @$_[@columns] } += $_->[0] for @made;
    return \%count;
}

# ---------------------------------------------------------------- promtool, and the text of the metrics

# (exit code, output) of promtool with that input.
sub promtool {
    my ($input, @arguments) = @_;
    open my $in, '>:raw', "$temp/input" or die "$temp/input: $!\n";
    print {$in} $input;
    close $in or die "$temp/input: $!\n";
    open my $out, '-|', 'sh', '-c', 'input=$1; shift; exec promtool "$@" <"$input" 2>&1', 'sh', "$temp/input",
        @arguments or die "promtool: $!\n";
    my $said = join '', <$out>;
    close $out;
    return ($? >> 8, $said);
}

sub no_complaint {
    my ($title) = @_;
    my $res = get($gate, '/status/metrics');
    my ($code, $said) = promtool($res->{body}, 'check', 'metrics');
    ok $res->{status} == 200 && $code == 0 && $said eq '', $title or diag "exit code $code\n$said";
    return;
}

# name{labels} => value, from the text format; labels are sorted, as in Prometheus.
sub samples {
    my ($text) = @_;
    utf8::decode($text);
    my %samples;
    for my $line (grep { !/^#/ } split /\n/, $text) {
        my ($name, $labels, $value) = $line =~ /^(\w+)(?:\{(.*)\})? (\S+)$/ or die "no sample: $line\n";
        my %labels;
        while (($labels // '') =~ /\G(\w+)="((?:[^"\\]|\\.)*)",?/g) {
            my ($label, $text) = ($1, $2);
            $labels{$label} = $text =~ s/\\(.)/$1 eq 'n' ? "\n" : $1/ger;
        }
        $samples{ sample($name, %labels) } = $value + 0;
    }
    return \%samples;
}

sub sample {
    my ($name, %labels) = @_;
    # Prometheus 3 writes the bound 10 of a bucket as 10.0.
    $labels{le} += 0 if defined $labels{le};
    return "$name " . join ' ', map { "$_=<$labels{$_}>" } grep { length $labels{$_} } sort keys %labels;
}

# histogram_quantile() as documented, from bounds and cumulative counts.
sub quantile {
    my ($q, %buckets) = @_;
    my @bounds = sort { $a <=> $b } grep { $_ ne '+Inf' } keys %buckets;
    my $rank = $q * $buckets{'+Inf'};
    my ($from, $below) = (0, 0);
    for my $bound (@bounds) {
        my $count = $buckets{$bound};
        return $from + ($bound - $from) * ($rank - $below) / ($count - $below) if $count >= $rank;
        ($from, $below) = ($bound, $count);
    }
    return $bounds[-1];
}

# ---------------------------------------------------------------- what Prometheus is asked

my $prometheus;

# The answers by one or more labels: "value|value" => number.
sub answered {
    my ($expr, @labels) = @_;
    return { map { my $row = $_; (join('|', map { $row->[0]{$_} // '' } @labels) => $row->[1] + 0) }
        $prometheus->ask($expr) };
}

sub near {
    my ($got, $expected) = @_;
    return defined $got && abs($got - $expected) <= 1e-6 * (1 + abs $expected);
}

# The selectors of the gate's metrics in an expression; each must select something.
sub nothing_selected {
    my ($expr) = @_;
    my @selectors = $expr =~ /(?<![\w:])(eiam_\w+(?![\w:])(?:\{[^{}]*\})?)/g;
    return 'names no metric of the gate' unless @selectors || $expr =~ /\b\w+:eiam_\w+:\w+|up\{job="eiam"\}/;
    return map { "nothing is $_" } grep { !$prometheus->ask("count($_)") } @selectors;
}

# ---------------------------------------------------------------- tests

subtest 'the text of the metrics' => sub {
    no_complaint('promtool has no complaint before the first call');
    call_all(@calls);
    no_complaint('promtool has no complaint after calls of all kinds');
};

$prometheus = EIAM::Prometheus->new(targets => [ '127.0.0.1:' . $gate->port ],
    rules => ["$conf/eiam-alerts.yml"]);

subtest 'what Prometheus knows' => sub {
    my $sum = made_by()->{''};
    is $prometheus->wait_for('sum(eiam_requests_total)', sub { $_[0] >= $sum }), $sum, 'the sum of all calls';
    is_deeply answered('sum by (decision) (eiam_requests_total)', 'decision'), made_by(2),
        'calls by decision';
    my $refusals = made_by(2, 3);
    delete $refusals->{'allow|'};
    is_deeply answered('sum by (decision, reason) (eiam_requests_total{decision!="allow"})',
        'decision', 'reason'), $refusals, 'refusals by reason, and those that would be';
    is_deeply answered('eiam_requests_total', qw(operation decision reason)), made_by(1, 2, 3),
        'calls by operation, whatever its name';
    is_deeply answered('eiam_application_requests_total', qw(application decision)), made_by(4, 2),
        'calls by application, whatever its name, and one with a long name';
    is_deeply answered('topk(1, sum by (application) (eiam_application_requests_total{application!=""}))',
        'application'), { crm => made_by(4)->{crm} }, 'the application that calls most';
    is_deeply answered('sum by (source, result) (eiam_lookups_total)', qw(source result)),
        { 'static|BYPASS' => made_by(4)->{crm} + made_by(4)->{off} + made_by(4)->{far}, 'learned|HIT' => 3, 'jwt|MISS' => 3,
        'jwt|HIT' => 3, 'introspection|MISS' => 8, 'introspection|HIT' => 6 },
        'look-ups by source and result';
    is $prometheus->value('eiam_learned_tokens_total{result="learned"}'), 1, 'a learned token';
    is $prometheus->value('eiam_learned_tokens_total{result="not_learned"}'), 1, 'and one that was not';
    is $prometheus->value('count(eiam_build_info{version=~"[0-9]+[.][0-9]+[.][0-9]+"})'), 1, 'the version';
    cmp_ok $prometheus->value('eiam_zone_used_bytes / eiam_zone_size_bytes'), '<', 1, 'the use of the zone';
};

subtest 'the same as in the text' => sub {
    my $text = samples(get($gate, '/status/metrics')->{body});
    my (%known, %buckets);
    for my $row ($prometheus->ask('{__name__=~"eiam_.+"}')) {
        my ($labels, $value) = @$row;
        my ($name) = delete @$labels{qw(__name__ job instance)};
        $known{ sample($name, %$labels) } = $value + 0;
        $buckets{ $labels->{le} } += $value
            if $name eq 'eiam_fetch_duration_seconds_bucket' && $labels->{source} eq 'introspection';
    }
    my ($age) = grep { /^eiam_key_set_age_seconds/ } keys %known;
    ok defined $age && $known{$age} < 600, 'the age of the key set';
    # ages grow, and the reader asks Redis all the time
    for my $samples (\%known, $text) {
        $samples->{$_} = 'some' for grep { /_age_seconds|^eiam_redis_/ } keys %$samples;
    }
    cmp_ok scalar keys %known, '>', 100, 'Prometheus has all series';
    is_deeply \%known, $text, 'with the values of the text';

    is $buckets{'+Inf'}, 8, 'each introspection is in the histogram';
    for my $q (0.25, 0.5, 0.75, 0.9) {
        my $got = $prometheus->value("histogram_quantile($q, sum by (le) ("
            . 'eiam_fetch_duration_seconds_bucket{source="introspection"}))');
        my $expected = quantile($q, %buckets);
        ok near($got, $expected), "the quantile $q of its duration" or diag "$got, expected $expected";
        cmp_ok $got, '>=', 0.2, '  is that of the slow half' if $q > 0.5;
    }
    my ($sum, $count) = map {
        $prometheus->value("sum(eiam_fetch_duration_seconds_$_\{source=\"introspection\"})") } qw(sum count);
    ok $count == 8 && $sum >= 4 * 0.3 && $sum < 60, 'the sum of the durations is in seconds' or diag $sum;
};

subtest 'calls under its eyes' => sub {
    # a new series has no rate before its second value
    for my $not_asked (4, 5) {
        call_all(@calls[ 0, 8, 10, 15, 16, 19, 24 ], map { failing($_) } 1 .. 3, $not_asked);
        my $sum = made_by()->{''};
        is $prometheus->wait_for('sum(eiam_requests_total)', sub { $_[0] >= $sum }), $sum,
            'the sum has grown';
    }
    cmp_ok $prometheus->wait_for($_, sub { $_[0] > 0 }), '>', 0, "$_ is above 0" for
        'sum(rate(eiam_requests_total[1m]))', 'sum(rate(eiam_requests_total{decision="deny"}[1m]))',
        'sum(rate(eiam_application_requests_total{application="crm"}[1m]))',
        'sum(rate(eiam_fetch_duration_seconds_count{result="failed"}[1m]))',
        'max(eiam_circuit_open{source="introspection"})';
    is $prometheus->value('sum(eiam_fetch_duration_seconds_count{result="failed"})'), 3,
        'each fetch that failed is counted';
    is $prometheus->value('sum(eiam_requests_total{reason="source_unavailable"})'), 8,
        'and each call that could not be verified, most of them without asking';
    no_complaint('promtool has no complaint while the circuit is open');
};

subtest 'alert rules' => sub {
    my ($code, $said) = promtool('', 'check', 'rules', "$conf/eiam-alerts.yml");
    ok $code == 0 && $said =~ /SUCCESS/, 'promtool finds no fault with the rules' or diag $said;
    ($code, $said) = promtool('', 'test', 'rules', "$conf/eiam-alerts.test.yml");
    ok $code == 0 && $said =~ /SUCCESS/, 'and their cases hold' or diag $said;

    # each rule has been evaluated once by now, or will be soon
    is $prometheus->wait_for('count(ALERTS{alertname="EiamCircuitOpen"})', sub { $_[0] > 0 }), 1,
        'a circuit that is open is seen';
    $prometheus->wait_for("count(ALERTS{alertname=\"$_\"})", sub { $_[0] > 0 })
        for qw(EiamSourceDown EiamCallsUnverified);
    my @rules = map { @{ $_->{rules} } } @{ $prometheus->api('rules')->{data}{groups} };
    my @alerts = grep { $_->{type} eq 'alerting' } @rules;
    cmp_ok scalar @alerts, '>=', 9, 'Prometheus has loaded them';
    is_deeply [ map { "$_->{name}: $_->{lastError}" } grep { $_->{health} ne 'ok' } @rules ], [],
        'and evaluates them without an error';
    is_deeply [ map { my $rule = $_; map { "$rule->{name}: $_" } nothing_selected($rule->{query}) }
        @rules ], [], 'what they select is there in reality';
    is_deeply [ map { $_->{name} } grep { my $rule = $_; grep { !length($rule->{annotations}{$_} // '') }
        qw(summary description) } @alerts ], [], 'each has a summary and a description';
    my %severe = map { ($_ => 1) } qw(critical warning info);
    is_deeply [ map { $_->{name} } grep { !$severe{ $_->{labels}{severity} // '' } } @alerts ], [],
        'and a severity';
    my @due;
    until_true(sub {
        @due = sort map { $_->{name} } grep { $_->{type} eq 'alerting' && $_->{state} ne 'inactive' }
            map { @{ $_->{rules} } } @{ $prometheus->api('rules')->{data}{groups} };
        return "@due" eq 'EiamCallsUnverified EiamCircuitOpen EiamSourceDown';
    });
    is "@due", 'EiamCallsUnverified EiamCircuitOpen EiamSourceDown', 'those are about to fire that should, and no other';

    my %cases;
    for (split /^ +- alertname: /m, slurp("$conf/eiam-alerts.test.yml")) {
        my ($name, $list) = /\A(\w+)\n.*?^ +exp_alerts:([^\n]*)/ms or next;
        $cases{$name}{ $list eq ' []' ? 'silent' : 'fires' }++;
    }
    is_deeply [ sort keys %cases ], [ sort map { $_->{name} } @alerts ], 'there are cases of each';
    ok $cases{$_}, "2.7-6: refusals of an application's conditions alert: $_" for map { "Eiam$_" }
        qw(ApplicationUnknown NetworkForbidden ObjectsForbidden ApplicationsRefused);
    is_deeply [ grep { !$cases{$_}{fires} || !$cases{$_}{silent} } sort keys %cases ], [],
        'at least one that fires and one that is silent';
};

subtest 'dashboard' => sub {
    my $dashboard = $json->decode(slurp("$conf/eiam-dashboard.json"));
    my @panels = @{ $dashboard->{panels} };
    my @shown = grep { $_->{type} ne 'row' } @panels;
    my %variables = map { ($_->{name} => $_) } @{ $dashboard->{templating}{list} };
    my %given = (job => 'eiam', instance => '.*', __rate_interval => '5m');

    ok !defined $dashboard->{id} && $dashboard->{title} && $dashboard->{uid} && $dashboard->{schemaVersion},
        'it can be imported: a title and an uid, and no id of another Grafana';
    is $variables{datasource}{query}, 'prometheus', 'the data source is a variable';
    my @sources = slurp("$conf/eiam-dashboard.json") =~ /"uid": "(.*?)"/g;
    is_deeply [ grep { $_ ne '${datasource}' && $_ ne $dashboard->{uid} } @sources ], [],
        'and nothing names another';
    is_deeply [ map { $_->{title} } grep { !$_->{datasource} || !@{ $_->{targets} // [] } } @shown ], [],
        'each panel has a source and a query';
    my %seen;
    is_deeply [ grep { $_ > 1 } map { ++$seen{id}{ $_->{id} }, ++$seen{title}{ $_->{title} } } @panels ], [],
        'an id and a title of its own';
    my (%places, @twice);
    for my $panel (@panels) {
        my ($x, $y, $w, $h) = @{ $panel->{gridPos} }{qw(x y w h)};
        for my $column ($x .. $x + $w - 1) {
            push @twice, $panel->{title}
                if $column > 23 || grep { $places{"$column $_"}++ } $y .. $y + $h - 1;
        }
    }
    is_deeply \@twice, [], 'and a place of its own';

    my @queries = map { $_->{expr} } map { @{ $_->{targets} } } @shown;
    cmp_ok scalar @queries, '>=', 20, 'it asks many questions';
    my @wrong;
    for my $query (@queries) {
        my $expr = $query =~ s/\$(\w+)/$given{$1} \/\/ die "no variable $1\n"/ger;
        my @result = eval { $prometheus->ask($expr) };
        push @wrong, $@ ? "$query: $@" : "$query: no answer" unless @result;
        push @wrong, map { "$query: $_" } nothing_selected($expr);
    }
    is_deeply \@wrong, [], 'Prometheus answers each, and what it selects is there' or diag explain \@wrong;
    for my $variable (grep { $_->{type} eq 'query' } values %variables) {
        my ($metric, $label) = $variable->{query}{query} =~ /^label_values\((.*), (\w+)\)$/;
        $metric =~ s/\$(\w+)/$given{$1}/g;
        my $values = answered("count by ($label) ($metric)", $label);
        is scalar keys %$values, 1, "the variable $variable->{name} has the one value there is";
    }
    my @families = get($gate, '/status/metrics')->{body} =~ /^# TYPE (\w+)/mg;
    my $asked = join ' ', @queries;
    is_deeply [ grep { $asked !~ /\b$_(?:_bucket|_sum|_count)?\b/ } @families ], [], 'each metric of the gate is on it';
};

subtest 'the documentation' => sub {
    my $page = slurp("$top/docs/OPERATIONS.md");
    my @files = map { s{.*/}{}r } glob "$conf/*";
    cmp_ok scalar @files, '>=', 5, 'there are files in conf/';
    is_deeply [ grep { index($page, "conf/$_") < 0 } @files ], [], 'it names each';
    my @alerts = slurp("$conf/eiam-alerts.yml") =~ /^ +- alert: (\w+)/mg;
    is_deeply [ grep { index($page, "`$_`") < 0 } @alerts ], [], 'and each of the ' . @alerts . ' alerts';

    my ($section) = $page =~ /^## Ready-made files\n(.*?)^## /ms;
    my ($yaml) = ($section // '') =~ /^```yaml\n(.*?)^```/ms;
    my ($nginx) = ($section // '') =~ /^```nginx\n(.*?)^```/ms;
    ok $yaml && $nginx, 'it says how to use them' or return;
    open my $out, '>', "$temp/prometheus.yml" or die "$temp: $!\n";
    print {$out} $yaml =~ s{(?<=[\s"\[])eiam-alerts\.yml}{$conf/eiam-alerts.yml}r;
    close $out or die "$temp: $!\n";
    my $rules = () = slurp("$conf/eiam-alerts.yml") =~ /^ +- (?:alert|record):/mg;
    my ($code, $said) = promtool('', 'check', 'config', "$temp/prometheus.yml");
    ok $code == 0 && $said =~ /\b$rules rules found/, 'what it has for Prometheus is right' or diag $said;
    $nginx =~ s{(include +)eiam-log\.conf}{$1$conf/eiam-log.conf};
    $nginx =~ s/listen 127\.0\.0\.1:\d+/listen 127.0.0.1:%PORT%/g;
    $nginx =~ s/\.\.\./proxy_pass http:\/\/%ECHO%;/g;
    my ($status, $text) = nginx(files => { %files, 'applications.json' => $files{'apps.json'}, 'logs/x' => '' }, conf => $nginx)->check;
    ok $status == 0, 'and what it has for nginx' or diag $text;
};

done_testing;
