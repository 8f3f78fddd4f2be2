#!/usr/bin/perl
# The grant cache: how long an answer is valid, for which calls, and what survives a reload.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Test::More;
use Time::HiRes qw(sleep time);
use EIAM::Source;
use EIAM::Test;

use constant DEADLINE => 30;

my ($true, $false) = (JSON::PP::true, JSON::PP::false);
my $no = { json => { active => $false } };

sub active { return { json => { active => $true, client_id => 'crm', scope => 'user_read', @_ } } }

my $source = EIAM::Source->new;
my $second = EIAM::Source->new;

my @operations = (
    (map { ("GET /$_" => ['user_read']) }
        qw(users short zero negative none-negative other limited)),
    'GET /write' => ['user_write'], 'GET /any' => [ [] ], 'GET /open' => 'public',
        'GET /shown' => [ [] ]);
my @applications = (
    { id => 'crm', permissions => [ 'user_read', 'user_all' ], tokens => ['fixed'] },
    { id => 'robot', permissions => ['user_read'], tokens => [ 'robot', 'robot-2' ] },
    { id => 'all', permissions => ['user_all'] },
    { id => 'off', permissions => ['user_read'], enabled => 0 });
my %files = (
    'policy.json' => policy('/api', @operations, 'GET /all' => ['user_all']),
    'apps.json'   => applications(@applications),
);

sub location_of { return "internal; proxy_pass http://@{[ $_[0]->address ]};" }

my $gate = nginx(files => \%files, workers => 2, conf => qq{
    eiam_policy %DIR%/policy.json;
    add_header X-Cache "\$eiam_source \$eiam_cache" always;
    add_header X-Worker \$pid always;
    server {
        listen 127.0.0.1:%PORT% reuseport default_server;
        eiam_introspection /introspect;
        location /api/ { eiam on; proxy_pass http://%ECHO%; }
        location = /api/short { eiam on; eiam_cache_valid 3s; proxy_pass http://%ECHO%; }
        location = /api/zero { eiam on; eiam_cache_valid 0; proxy_pass http://%ECHO%; }
        location = /api/negative { eiam on; eiam_cache_negative 3s; proxy_pass http://%ECHO%; }
        location = /api/none-negative { eiam on; eiam_cache_negative 0; proxy_pass http://%ECHO%; }
        location = /api/other { eiam on; eiam_introspection /other; proxy_pass http://%ECHO%; }
        location = /api/shown { eiam on; eiam_applications %DIR%/apps.json; eiam_cache_valid 10m;
            proxy_pass http://%ECHO%; }
        location = /introspect { @{[ location_of($source) ]} }
        location = /other { @{[ location_of($second) ]} }
    }
    server {
        listen 127.0.0.1:%PORT2% reuseport;
        eiam_introspection /introspect;
        location /api/ { eiam on; proxy_pass http://%ECHO%; }
        location = /introspect { @{[ location_of($second) ]} }
    }
    server {
        listen 127.0.0.1:%PORT%;
        server_name second;
        eiam_introspection /introspect;
        location /api/ { eiam on; proxy_pass http://%ECHO%; }
        location = /introspect { @{[ location_of($second) ]} }
    }
})->start;

# "status cache" of a request.
sub ask {
    my ($target, $token, %opt) = @_;
    my $res = get($opt{gate} // $gate, "/api/$target", token => $token, %opt);
    return "$res->{status} " . (($res->{headers}{'x-cache'} // 'none') =~ s/^introspection //r);
}

# Repeats the call until the answer changes; returns the new answer.
sub ask_while {
    my ($old, @question) = @_;
    my ($deadline, $now) = (time + DEADLINE);
    do { sleep 0.05; $now = ask(@question) } while $now eq $old && time < $deadline;
    return $now;
}

# A test that must not take long is repeated with a new token if the machine was slow.
my $serial = 0;
sub quickly {
    my ($what) = @_;
    for (1 .. 10) {
        my $start = time;
        my @results = $what->('quick' . ++$serial);
        return @results if time - $start < 1;
    }
    die "this machine is too slow\n";
}

sub fresh {
    my ($behaviour) = @_;
    my $token = 'fresh' . ++$serial;
    $source->answer($token => $behaviour // active());
    return $token;
}

# ---------------------------------------------------------------- what is told about it

subtest '$eiam_cache' => sub {
    my $token = fresh();
    is ask('users', $token), '200 MISS', 'MISS: it is asked for now';
    is ask('users', $token), '200 HIT', 'HIT: it is known';
    is ask('any', $token), '200 HIT', '  for another operation too';
    is ask('write', $token), '403 HIT', '  where it is not enough too';
    is ask('users', $token, method => 'HEAD'), '200 HIT', '  by HEAD too';
    is $source->count($token), 1, 'one question';
    $token = fresh($no);
    is ask('users', $token), '401 MISS', 'MISS for what is refused';
    is ask('users', $token), '401 HIT', 'HIT for what is known to be refused';
    is $source->count($token), 1, 'one question';
    is ask('shown', 'fixed'), '200 static BYPASS', 'BYPASS: a static token';
    like ask('open', $token), qr/^200 *$/, 'nothing for a public operation';
    $token = fresh({ stop => 0 });
    is substr(ask('users', $token), 0, 3), '503', 'a failure';
    is substr(ask('users', $token), 0, 3), '503', '  and another one';
    is $source->count($token), 2, '  is asked for again';
    $source->answer($token => active());
    is ask('users', $token), '200 MISS', '  and again, until there is an answer';
};

# ---------------------------------------------------------------- how long

subtest 'the life of an answer' => sub {
    my ($first, $again, $short) = quickly(sub {
        $source->answer($_[0] => active());
        return ask('short', $_[0]), ask('short', $_[0]), $_[0];
    });
    is "$first, $again", '200 MISS, 200 HIT', 'eiam_cache_valid 3s: within it a grant is known';
    my ($revoked, $negative);
    ($first, $again, $revoked) = quickly(sub {
        $source->answer($_[0] => [ active(), $no ]);
        return ask('short', $_[0]), ask('short', $_[0]), $_[0];
    });
    is "$first, $again", '200 MISS, 200 HIT', '  also when the token was revoked meanwhile';
    ($first, $again, $negative) = quickly(sub {
        $source->answer($_[0] => [ $no, active() ]);
        return ask('negative', $_[0]), ask('negative', $_[0]), $_[0];
    });
    is "$first, $again", '401 MISS, 401 HIT',
        'eiam_cache_negative 3s: within it a refusal is known';
    my $expires;
    ($first, $again, $expires) = quickly(sub {
        $source->answer($_[0] => active(exp => int(time) + 4));
        return ask('users', $_[0]), ask('users', $_[0]), $_[0];
    });
    is "$first, $again", '200 MISS, 200 HIT', 'before its exp a grant is known';
    my $later = fresh(active(exp => time + 3600));
    is ask('short', $later), '200 MISS', 'a token whose exp is far off';

    is ask_while('200 HIT', 'short', $short), '200 MISS',
        'after eiam_cache_valid it is asked for again';
    is $source->count($short), 2, '  with one question';
    like ask_while('200 HIT', 'short', $revoked), qr/^401/, 'a revoked token is refused then';
    is ask_while('401 HIT', 'negative', $negative), '200 MISS',
        'after eiam_cache_negative it is asked for again';
    like ask_while('200 HIT', 'users', $expires), qr/^401/, 'after its exp a token is refused';
    refused get($gate, '/api/users', token => $expires), 'token_expired', '  as expired';
    is ask_while('200 HIT', 'short', $later), '200 MISS', 'a later exp does not make it last';
    is ask('users', $short), '200 HIT', 'another location has its own eiam_cache_valid';
};

subtest 'nothing from the cache' => sub {
    my $token = fresh();
    is ask('users', $token), '200 MISS', 'a grant that is known elsewhere';
    is ask('zero', $token), '200 MISS', 'eiam_cache_valid 0: is asked for' for 1 .. 3;
    is $source->count($token), 4, '  each time';
    is ask('users', $token), '200 HIT', '  and still known elsewhere';
    $token = fresh($no);
    is ask('none-negative', $token), '401 MISS', 'eiam_cache_negative 0: a refusal is asked for'
        for 1 .. 3;
    is $source->count($token), 3, '  each time';
    $source->answer($token => active());
    is ask('none-negative', $token), '200 MISS', '  until it is none';
    is ask('none-negative', $token), '200 HIT', '  and the grant is known';
    $token = fresh($no);
    is ask('zero', $token), '401 MISS', 'eiam_cache_valid 0: a refusal';
    is ask('zero', $token), '401 HIT', '  is known';
};

# Calls until each of the two workers has seen the token twice; returns the different answers.
sub everywhere {
    my ($target, $token) = @_;
    my (%workers, %answers);
    my $deadline = time + DEADLINE;
    while (grep({ $_ >= 2 } values %workers) < 2 && time < $deadline) {
        my $res = get($gate, "/api/$target", token => $token);
        my $worker = $res->{headers}{'x-worker'};
        $answers{ join ' ', $res->{status}, map { received($res, "X-EIAM-$_") } 'Application', 'Scopes' }++;
        $workers{$worker}++;
    }
    return join ', ', sort keys %answers;
}

subtest 'a token that is in use in every worker' => sub {
    my @grants = map { [ "app$_", (qw(user_read user_write))[ $_ % 2 ] ] } 1 .. 4;
    my $token = fresh([ map({ (active(client_id => $_->[0], scope => $_->[1]), $no) } @grants), active() ]);
    for my $grant (@grants) {
        ask('none-negative', $token);
        is everywhere('any', $token), "200 @$grant", "a grant to $grant->[0] counts at once in all of them";
        ask('zero', $token);
        is everywhere('any', $token), '401', '  and so does a refusal';
    }
    ask('none-negative', $token);
    is everywhere('any', $token), '200 crm user_read', '  and the next grant';
    is $source->count($token), 9, 'nothing else was asked for';
};

subtest 'a token that is in use in several locations' => sub {
    my $token = fresh(active(scope => 'user_read user_write'));
    ask('users', $token);
    my %answers;
    for (1 .. 10) {
        for my $target (qw(any shown)) {
            my $res = get($gate, "/api/$target", token => $token);
            $answers{"$target: " . join ' ', map { received($res, "X-EIAM-$_") } 'Application', 'Scopes'}++;
        }
    }
    is_deeply \%answers, { 'any: crm user_read user_write' => 10, 'shown: crm user_read' => 10 },
        'has in each what its applications file permits';
};

subtest 'an application that no file lists' => sub {
    for my $id ('short', 'a' x 64, 'b' x 65, 'c' x 255, 'other') {
        my $token = fresh(active(client_id => $id));
        ask('users', $token);
        my %seen;
        $seen{ join '|', received(get($gate, '/api/users', token => $token), 'X-EIAM-Application') }++ for 1 .. 10;
        is_deeply \%seen, { $id => 10 }, "keeps its id of " . length($id) . ' bytes on every call';
    }
};

subtest 'two ids that the counters do not tell apart' => sub {
    my @ids = qw(
        cbbcbbcbccbbbcbcccbbbcbcbcbccccbbccbbbbcccbbbbbcbbbccbccbbbc
        cbcccbbbccbcbbbbbcbcbbbcbcbcbccbccbbbcbcbcccbcbcbbbbccbbcbcbbc
    );
    my %token = map { ($_ => fresh(active(client_id => $_))) } @ids;
    ask('users', $token{$_}) for @ids;
    my %seen;
    for (1 .. 10) {
        for my $id (@ids) {
            $seen{ join '|', $id, received(get($gate, '/api/users', token => $token{$id}), 'X-EIAM-Application') }++;
        }
    }
    is_deeply \%seen, { map { ("$_|$_" => 10) } @ids }, 'are told apart';
};

subtest 'an answer replaces the one before' => sub {
    my $token = fresh([ active(scope => 'user_read'),
        active(scope => 'user_write', client_id => 'erp'), $no, active() ]);
    is ask('users', $token), '200 MISS', 'a grant';
    is ask('zero', $token), '403 MISS', 'another one';
    my $res = get($gate, '/api/write', token => $token);
    passed $res, '  counts from now on', application => 'erp', scopes => 'user_write';
    is $res->{headers}{'x-cache'}, 'introspection HIT', '  from the cache';
    is ask('zero', $token), '401 MISS', 'a refusal';
    is ask('write', $token), '401 HIT', '  counts from now on';
    is ask('none-negative', $token), '200 MISS', 'a grant again';
    is ask('users', $token), '200 HIT', '  counts from now on';
};

# ---------------------------------------------------------------- for whom

subtest 'each endpoint has grants of its own' => sub {
    for my $row ([ 'granted by the first alone', active(), $no, '200', '401' ],
        [ 'granted by the second alone', $no, active(), '401', '200' ],
        [ 'with other scopes', active(), active(scope => 'user_write'), '200', '403' ])
    {
        my ($title, $one, $other, $expected, $of_other) = @$row;
        for my $order (0, 1) {
            my $token = fresh($one);
            $second->answer($token => $other);
            my @ways = ([ 'another location', 'other', $token ], [ 'the same in another server',
                'users', $token,
                port => $gate->port(2) ], [ 'the same in another server of the port', 'users',
                    $token,
                headers => ['Host: second'] ]);
            my @first = ([ 'the first', 'users', $token ], $expected);
            for my $cached ('MISS', 'HIT') {
                my @all = ([@first], map { [ $_, $of_other ] } @ways);
                for ($order ? reverse @all : @all) {
                    my ($way, $status) = @$_;
                    is ask(@$way[ 1 .. $#$way ]), "$status $cached", "$title: $way->[0]";
                }
            }
        }
    }
};

# ---------------------------------------------------------------- applications limit the scopes

subtest 'a limit for the scopes' => sub {
    my $shown = sub {
        my ($scopes, $application, $extra) = @_;
        my $token = fresh({ json => { active => $true, scope => $scopes,
            defined $application ? (client_id => $application) : () } });
        is ask('any', $token), '200 MISS', "$scopes: without a limit";
        my $res = get($gate, '/api/shown', token => $token);
        like $res->{headers}{'x-cache'}, qr/HIT/, '  the same grant under the limit';
        return $res->{json}{error_code} // join ' ', sort split / /, join '|',
            received($res, 'X-EIAM-Scopes');
    };
    is $shown->('user_read user_write', 'crm'), 'user_read', 'only what is permitted counts';
    is $shown->('user_write', 'crm'), '', 'nothing, if nothing of it is';
    is $shown->('', 'crm'), '', 'what is permitted alone is nothing';
    is $shown->('user_all user_read', 'crm'), 'user_all user_read', 'all of it, if all is';
    is $shown->('user_read user_write', 'unheard-of'), 'user_read user_write',
        'an application without a row has no limit';
    is $shown->('user_read', 'CRM'), 'GATEWAY.4012', 'in another case it could be taken for it';
    is $shown->('user_read', 'off'), 'GATEWAY.4032', 'a disabled application is refused';
    is $shown->('user_read', undef), 'GATEWAY.4012', 'a token of no application is refused';
};

subtest 'a limit and implied scopes' => sub {
    my $implied = nginx(files => \%files, http => 'eiam_policy %DIR%/policy.json;', server => qq{
        eiam_introspection /introspect;
        location /api/ { eiam on; eiam_applications %DIR%/apps.json;
            eiam_scope_implies user_all user_read user_write;
            proxy_pass http://%ECHO%; }
        location = /introspect { @{[ location_of($source) ]} }
    })->start;
    for my $row (
        [ 'user_all', 'all', 'user_all user_read user_write' ], [ 'user_read', 'all', 'user_read' ],
        [ 'user_all', 'only-read', 'user_read' ], [ 'user_write', 'only-read', '' ],
        [ 'user_all', 'none', '' ], [ 'user_all', 'unheard-of', 'user_all user_read user_write' ])
    {
        my ($scopes, $application, $expected) = @$row;
        $implied->write_file('apps.json',
            applications(@applications, { id => 'only-read', permissions => ['user_read'] },
            { id => 'none' })) and $implied->reload if $application eq 'only-read'
                && $scopes eq 'user_all';
        my $res = get($implied, '/api/any',
            token => fresh(active(scope => $scopes, client_id => $application)));
        is join(' ', sort split / /, join '|', received($res, 'X-EIAM-Scopes')), $expected,
            "$scopes of $application";
    }
    $implied->stop;
};

# ---------------------------------------------------------------- reload

sub change {
    my ($change) = @_;
    my $conf = slurp($gate->dir . '/nginx.conf');
    my $new = $change->($conf);
    die "nothing changed\n" if $new eq $conf;
    $gate->write_file('nginx.conf', $new);
    return;
}

subtest 'a reload' => sub {
    my $kept = fresh(active(scope => 'user_read org_new', client_id => 'crm'));
    my $refused = fresh($no);
    my $of_app = fresh(active(client_id => 'crm'));
    is ask('users', $kept), '200 MISS', 'a grant';
    is ask('shown', $of_app), '200 MISS', '  of an application that is enabled';
    is ask('users', $refused), '401 MISS', '  and a refusal';

    ok $gate->reload, 'a reload';
    is ask('users', $kept), '200 HIT', 'keeps the grant';
    is ask('users', $refused), '401 HIT', '  and the refusal';

    $gate->write_file('policy.json', policy('/api', 'GET /aaa' => ['a_first'],
        'GET /new' => ['org_new'],
        'GET /all' => ['user_aaa'], 'GET /zzz' => ['z_last'], @operations,
            'GET /write' => ['user_before_read']));
    $gate->write_file('apps.json', applications({ id => 'crm', permissions => ['user_read'],
        enabled => 0 }));
    ok $gate->reload, 'a reload with other scopes in the policy, and an application disabled';
    is ask('users', $kept), '200 HIT', 'the same scope still counts';
    is ask($_, $kept), '403 HIT', "  and no other one: $_" for qw(aaa all zzz write);
    is ask('new', $kept), '200 HIT', 'a scope of the token that no policy knew before counts';
    refused get($gate, '/api/shown', token => $of_app), 'application_disabled',
        'a known grant of the disabled application';
    is $source->count($of_app) + $source->count($kept) + $source->count($refused), 3,
        'nothing was asked for again';
    $gate->write_file('policy.json', policy('/api', @operations, 'GET /all' => ['user_all']));
    $gate->write_file('apps.json', applications(@applications));
};

subtest 'a reload with the servers in another order' => sub {
    my $token = fresh();
    $second->answer($token => $no);
    is ask('users', $token), '200 MISS', 'granted by the first';
    is ask('users', $token, port => $gate->port(2)), '401 MISS', '  and not by the second';
    is ask('users', $token, headers => ['Host: second']), '401 MISS', '  and not by the third';
    is ask('other', $token), '401 MISS', '  and not at the other location';
    change(sub {
        my ($conf) = @_;
        my @servers = $conf =~ /(^    server \{.*?^    \}\n)/msg;
        my $swapped = join '', "    server { listen 127.0.0.1:%PORT3%; }\n", reverse @servers;
        return $conf =~ s/^    server \{.*^    \}\n/$swapped/msr;
    });
    ok $gate->reload, 'a reload';
    like ask('users', $token), qr/^200/, 'granted by the first';
    like ask('users', $token, port => $gate->port(2)), qr/^401/, '  and not by the second';
    like ask('users', $token, headers => ['Host: second']), qr/^401/, '  and not by the third';
    like ask('other', $token), qr/^401/, '  and not at the other location';
};

subtest 'a reload with a shorter life' => sub {
    my $token = fresh();
    is ask('shown', $token), '200 MISS', 'a grant';
    sleep 1.1;
    is ask('shown', $token), '200 HIT', '  that is known for long';
    change(sub { $_[0] =~ s/eiam_cache_valid 10m/eiam_cache_valid 1s/r });
    ok $gate->reload, 'a reload that makes it 1 s';
    is ask('shown', $token), '200 MISS', 'counts at once';
};

subtest 'a reload with another size' => sub {
    my $token = fresh();
    is ask('users', $token), '200 MISS', 'a grant';
    change(sub { $_[0] =~ s/eiam_zone eiam \S+;/eiam_zone eiam 2m;/r });
    ok $gate->reload, 'a reload with another size of the zone';
    is ask('users', $token), '200 MISS', 'the cache is empty';
    is ask('users', $token), '200 HIT', '  and works';
};

subtest 'a killed worker' => sub {
    my $token = fresh();
    is ask('users', $token), '200 MISS', 'a grant';
    $gate->expect(qr/exited on signal 9/);
    for (1 .. 3) {
        my @old = $gate->worker_pids;
        my %old = map { ($_ => 1) } @old;
        kill 'KILL', $old[0];
        my $deadline = time + DEADLINE;
        sleep 0.02 while time < $deadline
            && ((my @now = $gate->worker_pids) != 2 || !grep { !$old{$_} } $gate->worker_pids);
        is ask('users', $token), '200 HIT', 'a worker killed: the grant is known' for 1 .. 5;
        my $new = fresh();
        is ask('users', $new), '200 MISS', '  and new ones';
        is ask('users', $new), '200 HIT', '  are kept';
    }
};

# ---------------------------------------------------------------- what is kept

subtest 'grants of every size' => sub {
    my @scopes = map { sprintf 'scope_%03d', $_ } 1 .. 200;
    my $many = nginx(files => { 'many.json' => policy('/api', 'GET /any' => [ [] ],
        map { ("GET /$_" => [$_]) } @scopes) },
        server => qq{
            eiam_policy %DIR%/many.json;
            eiam_introspection /introspect;
            add_header X-Cache \$eiam_cache always;
            location /api/ { eiam on; proxy_pass http://%ECHO%; }
            location = /introspect { subrequest_output_buffer_size 16k;
                @{[ location_of($source) ]} }
        })->start;
    my @wrong;
    for my $row (map({ [ $_, 3 ] } 0 .. 20, 50, 100, 198 .. 200), map { [ 1, $_ ] } 1, 2, 40 .. 70,
        110 .. 130, 254, 255) {
        my ($count, $length) = @$row;
        my %claims = (client_id => 'a' x $length, scope => join ' ', @scopes[ 0 .. $count - 1 ]);
        my $token = fresh(active(%claims));
        for my $cache ('MISS', 'HIT', 'HIT') {
            my $res = get($many, '/api/any', token => $token);
            my %got = (client_id => received($res, 'X-EIAM-Application'), scope => join '',
                received($res, 'X-EIAM-Scopes'));
            push @wrong, "$count scopes, $length bytes: $cache"
                if $res->{headers}{'x-cache'} ne $cache
                || grep { $got{$_} ne $claims{$_} } keys %claims;
        }
        push @wrong, "$count scopes: the next one" if $count < 200
            && get($many, "/api/$scopes[$count]", token => $token)->{status} != 403;
        push @wrong, "$count scopes: the last one" if $count
            && get($many, "/api/$scopes[$count - 1]", token => $token)->{status} != 200;
    }
    is_deeply \@wrong, [], 'come back from the cache as they were';
    $many->stop;
};

subtest 'a zone that is full' => sub {
    my $small = nginx(files => \%files,
        http => 'eiam_zone eiam 160k; eiam_policy %DIR%/policy.json;', server => qq{
        eiam_introspection /introspect;
        add_header X-Cache \$eiam_cache always;
        location /api/ { eiam on; eiam_cache_negative 1h; proxy_pass http://%ECHO%; }
        location = /introspect { @{[ location_of($source) ]} }
    })->start;
    my $send = sub {
        my (@tokens) = @_;
        my @res = raw($small, join('', map { request('/api/users', token => $_) } @tokens),
            count => scalar @tokens,
            timeout => DEADLINE);
        my %tally;
        $tally{"$_->{status} $_->{headers}{'x-cache'}"}++ for @res;
        return join ', ', map { "$tally{$_} x $_" } sort keys %tally;
    };
    my $used = fresh();
    is $send->($used), '1 x 200 MISS', 'a grant';
    $source->answer('*' => active());
    my (@wrong, @last);
    # The time of a grant's last use has a resolution of one second.
    for my $batch (1 .. 15) {
        sleep 1.1 if $batch == 6 || $batch == 11;
        @last = map { "grant-$batch-$_" } 1 .. 100;
        my $tally = $send->(@last, $used);
        push @wrong, "$batch: $tally" if $tally ne '1 x 200 HIT, 100 x 200 MISS';
    }
    is_deeply \@wrong, [], '1,500 more are granted, and one that is used stays known';
    is $send->(@last), '100 x 200 HIT', 'so do the last ones';
    is $send->(map { "grant-1-$_" } 1 .. 100), '100 x 200 MISS', 'the first ones are forgotten';
    my @kept = map { "grant-1-$_" } 51 .. 100;
    $source->answer('*' => $no);
    for my $batch (1 .. 20) {
        my $tally = $send->(map { "refusal-$batch-$_" } 1 .. 100);
        push @wrong, "$batch: $tally" if $tally ne '100 x 401 MISS';
    }
    is_deeply \@wrong, [], '2,000 are refused';
    is $send->($used, @kept), '51 x 200 HIT', '  and push out no grant';
    $small->stop;
};

# ---------------------------------------------------------------- limits by application

subtest 'limit_req by application' => sub {
    my $limited = nginx(files => \%files, http => q{
            eiam_policy %DIR%/policy.json;
            eiam_applications %DIR%/apps.json;
            limit_req_zone $eiam_application zone=by_application:1m rate=1r/m;
        }, server => qq{
        eiam_introspection /introspect;
        location /api/ { eiam on; proxy_pass http://%ECHO%; }
        location = /api/limited {
            eiam on;
            limit_req zone=by_application burst=2 nodelay;
            limit_req_status 429;
            proxy_pass http://%ECHO%;
        }
        location = /introspect { @{[ location_of($source) ]} }
    })->start;
    my %token = map { my $app = $_;
        ($app => [ map { fresh(active(client_id => $app)) } 1, 2 ]) } qw(crm erp);
    my $statuses = sub {
        return join ' ', map { get($limited, '/api/limited', token => $_)->{status} } @_;
    };
    my @crm = @{ $token{crm} };
    is $statuses->((@crm) x 3), '200 200 200 429 429 429',
        'one application is over its limit, with all of its tokens';
    passed get($limited, '/api/limited', token => $token{erp}[0]), 'another one is served',
        application => 'erp';
    is $statuses->(@crm), '429 429', 'the first one still is not';
    is $statuses->('fixed'), '429', '  nor by a static token of it';
    passed get($limited, '/api/users', token => $crm[0]), 'but where there is no limit',
        application => 'crm';
    is $statuses->(('robot', 'robot-2') x 2), '200 200 200 429',
        'an application of static tokens has a limit too';
    is $statuses->($token{erp}[1]), '200', '  of its own';
    is $statuses->('unheard-of'), '401', 'a refused token is refused, not limited' for 1 .. 5;
    $limited->stop;
};

# ---------------------------------------------------------------- learned and fetched grants in one zone

# A zone of 257 grants, a server that learns, and one that asks a server which, like many others, ignores how a
# token is padded.
subtest '2.1-18: learned grants, which nobody can fetch again, keep half of the zone' => sub {
    my $issuer = EIAM::Source->new;
    my $padded = EIAM::Source->new('*' => active(client_id => 'mallory'));
    my $zone = nginx(error_log_level => 'error',
        files => { 'policy.json' => policy('/api', 'POST /token' => 'public', 'GET /users' => ['user_read']),
            'www/api/users' => 'users' },
        http => 'eiam_zone small 80k; eiam_policy %DIR%/policy.json; keepalive_requests 100000;'
            . ' add_header X-Cache "$eiam_source $eiam_cache" always;',
        server => qq{
            location /api/ { eiam on; root %DIR%/www; }
            location = /api/token { eiam on; eiam_learn on; proxy_pass http://@{[ $issuer->address ]}; }
            location /status/ { eiam_status; }
            \} server \{
            listen 127.0.0.1:%PORT2%;
            location /api/ { eiam on; eiam_introspection /introspect; root %DIR%/www; }
            location = /introspect { @{[ location_of($padded) ]} }
        } =~ s/\\([{}])/$1/gr)->start;
    my $all = sub {
        my ($port, @tokens) = @_;
        my $c = connection($zone, port => $zone->port($port), timeout => DEADLINE);
        my %seen;
        while (my @some = splice @tokens, 0, 20) {
            $c->send(join '', map { request('/api/users', token => $_) } @some);
            for (@some) { my $res = $c->read_response; $seen{"$res->{status} $res->{headers}{'x-cache'}"}++ }
        }
        return \%seen;
    };
    my $learn = sub {
        my (@tokens) = @_;
        $issuer->answer('*' => [ map { { json => { access_token => $_, token_type => 'bearer',
            expires_in => 3600, scope => 'user_read' } } } @tokens ]);
        get($zone, '/api/token', method => 'POST', body => 'grant_type=client_credentials&client_id=victim',
            headers => ['Content-Type: application/x-www-form-urlencoded'])->{status} == 200 or return 0
                for @tokens;
        return 1;
    };
    my @learned = map { "learned$_" } 1 .. 100;
    ok $learn->(@learned), 'a hundred tokens are learned';
    is_deeply $all->(1, @learned), { '200 learned HIT' => 100 }, '  and served';
    my @spellings = map { 'mallory' . '=' x $_ } 1 .. 700;
    is_deeply $all->(2, @spellings), { '200 introspection MISS' => 700 },
        'one valid token in 700 spellings is fetched, and fills the rest of the zone more than once';
    is_deeply $all->(1, @learned), { '200 learned HIT' => 100 }, '  but the learned ones are all there';
    is_deeply $all->(2, @spellings[ 600 .. 699 ]), { '200 introspection HIT' => 100 }, '  and the last fetched ones';
    ok $learn->(map { "other$_" } 1 .. 300), 'three hundred more tokens are learned';
    is_deeply $all->(2, @spellings[ 600 .. 699 ]), { '200 introspection HIT' => 100 },
        '  and the last fetched ones are all there';
    is_deeply $all->(1, map { "other$_" } 201 .. 300), { '200 learned HIT' => 100 }, '  and the last learned ones';
    $zone->stop;
};

done_testing;
