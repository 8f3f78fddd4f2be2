#!/usr/bin/perl
# What is revoked at one gateway is revoked at all of them, whatever becomes of Redis meanwhile.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Test::More;
use Time::HiRes qw(sleep time);
use EIAM::Gateways;
use EIAM::Jwt qw(mint new_key public_jwk);
use EIAM::Redis;
use EIAM::Source;
use EIAM::Test;

my $form = 'Content-Type: application/x-www-form-urlencoded';

my $redis = EIAM::Redis->new;
my $issuer = EIAM::Source->new;
my $key = new_key('Ed25519');

sub new_gateway {
    return gateway(
        redis => $redis->address,
        workers => 2,
        files => {
            'apps.json' => applications(
                { id => 'crm', permissions => ['user_read'], tokens => ['Static-1-0123456789'] },
                { id => 'erp', permissions => ['user_read'] }),
            'jwks.json' => { keys => [ public_jwk($key, kid => 'k') ] },
        },
        server => qq{
            add_header X-Decision '\$eiam_redis \$eiam_reason \$eiam_detail' always;
            eiam_applications apps.json;
            eiam_jwks jwks.json;
            eiam_jwt_issuer https://issuer.example;
            eiam_jwt_audience api;
            location = /revoke { eiam_revoke on; proxy_pass http://%ECHO%; }
            location /revoke/ { eiam_revoke on; proxy_pass http://@{[ $issuer->address ]}; }
            location /revoke/unbuffered { eiam_revoke on; proxy_pass http://@{[ $issuer->address ]}; proxy_buffering off; }
        },
        @_)->start;
}

my $n = 0;

sub signed {
    my ($client, %claims) = @_;
    return mint($key, 'EdDSA', { iss => 'https://issuer.example', aud => 'api', exp => time + 600, client_id => $client,
        scope => 'user_read', jti => ++$n, %claims }, { kid => 'k' });
}

sub client_revokes {
    my ($gate, $client, $token, %opt) = @_;
    return get($gate, $opt{path} // '/revoke', method => 'POST', body => "client_id=$client&token=$token", headers => [$form]);
}

my ($one, $two, $three) = map { new_gateway() } 1 .. 3;
fresh($one, $two, $three);

subtest '2.4-7.2: a token that is revoked at one gateway is refused at the others within a second' => sub {
    my $token = issue($one);
    is status($_, $token), 200, 'known' for $one, $two, $three;
    my $answer = order($one, revoke => "token=$token");
    is $answer->{status}, 200, 'revoked';
    is_deeply [ $answer->{json}{in_force}, map { $_->{in_force} } @{ $answer->{json}{gateways} } ],
        [ (JSON::PP::true) x 4 ], 'in force at three gateways, says the answer';
    is everywhere($_, $token, 401), 401, 'by all workers at once' for $one, $two, $three;
    is order($two, restore => "token=$token")->{status}, 200, 'restored at another one';
    is everywhere($_, $token, 200), 200, 'it passes everywhere' for $one, $two, $three;
    order($two, revoke => "token=$token");
    is everywhere($_, $token, 401), 401, 'revoked once more' for $one, $two, $three;
};

subtest '2.4-7.2: so are an application, all tokens, and tokens that the others do not know yet' => sub {
    my ($token, $other) = (issue($one), issue($two, client => 'erp'));
    my ($jwt, $unseen) = map { signed('erp', iat => time - 5) } 1, 2;
    is status($_, $jwt), 200, 'a signed token' for $one, $two;
    order($one, revoke => "token=$unseen");
    is status($_, $unseen), 401, 'one that no gateway has seen' for $one, $two, $three;
    is status($two, 'Static-1-0123456789'), 200, 'a static token';
    order($one, revoke => 'token=Static-1-0123456789');
    is status($_, 'Static-1-0123456789'), 401, 'it is revoked' for $one, $two, $three;

    my $answer = order($two, revoke => 'application=crm');
    is $answer->{json}{in_force}, JSON::PP::true, 'an application';
    is status($_, $token), 401, 'is refused' for $one, $two, $three;
    is status($_, $other), 200, 'another one passes' for $one, $two;
    my $later = issue($three);
    is status($_, $later), 200, 'as does what it obtains afterwards' for $one, $two, $three;

    order($three, revoke => 'all=1');
    is status($_, $later) . status($_, $other) . status($_, $jwt), '401401401', 'all' for $one, $two, $three;
    my $last = issue($one, client => 'erp');
    is status($_, $last), 200, 'but not what is issued afterwards' for $one, $two, $three;
    order($one, restore => 'all=1');
    order($one, restore => 'application=crm');
    is status($_, $later) . status($_, $token) . status($_, $jwt), '200200200', 'restored' for $one, $two, $three;
};

subtest '2.4-1: a client revokes at one gateway what another one has issued' => sub {
    my ($own, $other) = (issue($one), issue($one));
    is client_revokes($two, 'crm', $own)->{status}, 200, 'though it has never seen the token';
    in_time('refused', sub { !grep { status($_, $own) != 401 } $one, $two, $three });
    is status($_, $own), 401, 'it is refused everywhere' for $one, $two, $three;
    is client_revokes($two, 'erp', $other)->{status}, 200, 'another client does not';
    is client_revokes($two, 'crm', 'Invented-1')->{status}, 200, 'what nobody has issued ends nothing';
    is status($_, $other), 200, 'so the token passes' for $one, $two, $three;
};

subtest '2.4-1: the answer to a revocation is held until Redis has it' => sub {
    my $held = sub { my ($late) = @_; my $all = get($two, '/status/metrics')->{body};
        return join ' ', map { $all =~ /^\Q$_\E (\d+)$/m ? $1 : "no $_" } 'eiam_redis_hold_late_total',
            map { qq(eiam_redis_hold_seconds_count{source="learned",result="$_"}) } qw(written late) };
    my ($late, $ok, $after) = split / /, $held->();
    for my $i (1 .. 20) {
        my $token = issue($one);
        my $length = $redis->cmd(qw(XLEN eiam:{rev}));
        is client_revokes($two, 'crm', $token)->{status}, 200, 'revoked' if $i == 1;
        client_revokes($two, 'crm', $token) if $i > 1;
        $redis->cmd(qw(XLEN eiam:{rev})) > $length or fail 'Redis has it when the client knows';
    }
    $ok += 20;
    is $held->(), "$late $ok $after", 'each answer waited for Redis';

    my %answers = ('as it came' => { body => 'gone' }, 'empty' => { body => '' }, 'in pieces' => { body => 'p' x 900, chunked => 100 },
        'large' => { body => 'l' x 100_000 }, 'large, in pieces' => { body => 'm' x 100_000, chunked => 5000 });
    for my $path (qw(/revoke/buffered /revoke/unbuffered)) {
        for my $what (sort keys %answers) {
            my $token = issue($one);
            $issuer->answer('*' => $answers{$what});
            my $answer = client_revokes($two, 'crm', $token, path => $path);
            is "$answer->{status} $answer->{body}", "200 $answers{$what}{body}", "$path: $what";
            in_time('refused', sub { status($one, $token) == 401 });
        }
    }
    my $kept = issue($one);
    $issuer->answer('*' => { status => 503, json => { error => 'temporarily_unavailable' } });
    is client_revokes($two, 'crm', $kept, path => '/revoke/')->{status}, 503, 'what the backend did not revoke';
    is status($_, $kept), 200, 'passes' for $one, $two, $three;

    my @tokens = map { issue($one) } 1, 2;
    is status($two, $_), 200, 'known' for @tokens;
    ($late, $ok, $after) = split / /, $held->();
    $redis->freeze;
    is client_revokes($two, 'crm', $tokens[0])->{status}, 200, 'no answer from Redis: the time is over once';
    is $held->(), join(' ', $late + 1, $ok, $after + 1), 'which is counted';
    is status($two, $tokens[0]), 401, 'it is in force here';
    my $request = "POST /revoke HTTP/1.1\r\nHost: a\r\n$form\r\nContent-Length: @{[ 20 + length $tokens[1] ]}\r\n\r\nclient_id=crm&token=$tokens[1]";
    my @leave = map { EIAM::Client::connection($two) } 1 .. 5;
    $_->send($request) for @leave;
    in_time('clients ask', sub { status($two, $tokens[1]) == 401 });
    undef @leave;    # while their answers are held
    $redis->thaw;
    in_time('elsewhere', sub { !grep { status($one, $_) != 401 } @tokens });
    fresh($one, $two, $three);
};

subtest '2.4-5: the status location lists the gateways' => sub {
    my $told = sub { get($one, '/status/json')->{json}{redis} };
    my $redis_now = $told->();
    is $redis_now->{state} . ' ' . $redis_now->{address}, 'fresh ' . $redis->address, 'Redis is where it is configured';
    cmp_ok $redis_now->{age}, '<', 0.75, 'and heard of';
    my @gateways = @{ $redis_now->{gateways} };
    is scalar @gateways, 3, 'all are there';
    is_deeply [ map { @$_{qw(this)} } grep { $_->{this} } @gateways ], [ JSON::PP::true ], 'one of them is this one';
    ok !(grep { abs($_->{seen} - time) > 30 || $_->{lost} } @gateways), 'they were seen just now';
    in_time('none lacks anything', sub { !grep { $_->{behind} } @{ $told->()->{gateways} } });
    my @workers = $three->worker_pids;
    kill STOP => @workers;
    order($one, revoke => "token=Invented-$_") for 1, 2;
    is_deeply [ sort { $a <=> $b } map { $_->{behind} } @{ $told->()->{gateways} } ], [ 0, 0, 2 ], 'one that stands still lacks two';
    kill CONT => @workers;
    in_time('when it goes on it reads them', sub { !grep { $_->{behind} } @{ $told->()->{gateways} } });
    $redis->freeze;
    my $silent = $told->();
    is $silent->{gateways}, undef, 'without an answer they are not known';
    in_time('that is seen', sub { $told->()->{state} eq 'down' });
    $redis->thaw;
    fresh($one, $two, $three);
};

subtest '2.4-5: without Redis a revocation is in force at its gateway, and at the others when Redis is back' => sub {
    my ($token, $known) = (issue($one), issue($two, client => 'erp'));
    is status($_, $token) . status($_, $known), '200200', 'known' for $one, $two, $three;
    $redis->kill9;
    my $answer = order($one, revoke => "token=$token");
    is "$answer->{status} $answer->{json}{pending}", '202 1', 'it is pending';
    is everywhere($one, $token, 401), 401, 'and in force here';
    is status($two, $token), 200, 'the others do not know';
    is status($_, $known), 200, 'what is known is served everywhere' for $one, $two, $three;
    in_time('it is not fresh', sub { metric($two, 'eiam_redis_fresh_age_seconds') > 0.75 });
    is metric($one, 'eiam_revocations_unsent'), 1, 'one waits';
    is client_revokes($two, 'erp', $known)->{status}, 200, 'a client has its answer';
    is status($two, $known), 401, 'as its token ends there';
    my $learned = issue($one);
    is status($one, $learned), 200, 'a token is learned';
    ok $one->reload, 'a reload';
    in_time('2.4-6: a grant that other gateways are never told of is counted', sub { (metric($one, 'eiam_redis_unshared_total{reason="exit"}') // 0) == 1 });
    is everywhere($one, $token, 401), 401, 'loses nothing';
    $redis->start;
    in_time('in force', sub { status($two, $token) == 401 && status($three, $token) == 401 });
    in_time('sent', sub { metric($one, 'eiam_revocations_unsent') == 0 });
    fresh($one, $two, $three);
    pass 'all are fresh again';
};

subtest '2.4-2: after a gap each known grant is asked for at its next use' => sub {
    my $strict = new_gateway(http => 'eiam_redis_stale 1s;');
    fresh($one, $two, $three, $strict);
    my $decision = sub { my ($token) = @_; my $answer = get($strict, '/api/users', token => $token);
        return "$answer->{status} $answer->{headers}{'x-decision'}" };
    order($two, revoke => 'application=erp');
    my (%grant, %tombstone);
    my @tokens = map { my $client = $_;
        my ($token, $key) = grant_of($redis, sub { issue($one, client => $client) });
        $grant{$token} = $key;
        $tombstone{$token} = $grant{$token} =~ s/:g:.*/:r/r;
        is $decision->($token), '200 fresh', "known, issued to $client";
        $token } qw(crm crm erp crm);
    my $flush = sub {
        my $gaps = metric($strict, 'eiam_redis_gaps_total');
        $redis->cmd('FLUSHALL');
        in_time('the gap is noticed', sub { metric($strict, 'eiam_redis_gaps_total') > $gaps });
        fresh($strict, $one, $three);
    };
    $flush->();
    $redis->cmd('SET', $tombstone{$tokens[0]}, 'x');    # by one that is gone since
    is $decision->($tokens[0]), '401 fresh token_revoked', 'one that is revoked there is refused';
    for my $token (@tokens[1, 2]) {
        is $redis->cmd('EXISTS', $grant{$token}), 0, 'Redis has forgotten one';
        is $decision->($token), '200 fresh', 'of which nothing is there: it serves';
        in_time('it is written again', sub { $redis->cmd('EXISTS', $grant{$token}) });
        my $life = $redis->cmd('PTTL', $grant{$token});
        ok $life > 0 && $life <= 600_000, 'for the rest of its life' or diag $life;
        is status($three, $token), 200, 'and known to a gateway that has not seen it';
    }
    order($two, revoke => 'application=erp');
    in_time('revoked', sub { status($three, $tokens[2]) == 401 && status($strict, $tokens[2]) == 401 });

    $flush->();
    $redis->freeze;
    in_time('no answer: after the time it is refused', sub { $decision->($tokens[3]) eq '503 down source_unavailable redis_down' });
    is status($one, $tokens[3]), 200, 'without a time it serves';
    like $decision->($tokens[1]), qr/^503 /, 'the time holds for each known grant';
    $redis->thaw;
    in_time('with answers it serves again', sub { $decision->($tokens[3]) eq '200 fresh' });
    $strict->stop;
    fresh($one, $two, $three);
};

subtest '2.4-6: a token that a gateway has never seen is judged by the time at which it was issued' => sub {
    my ($before, $other) = (issue($one), issue($one, client => 'erp'));
    order($two, revoke => 'application=crm');
    my $after = issue($one);
    my $late = new_gateway();
    fresh($late);
    is status($_, $before), 401, 'before its application was revoked: refused' for $three, $late;
    is status($_, $after), 200, 'after that: it passes' for $three, $late;
    is status($_, $other), 200, 'as do those of others' for $three, $late;
    order($two, restore => 'application=crm');
    is status($three, $before), 200, 'restored';
    in_time('everywhere', sub { status($late, $before) == 200 });
    $late->stop;
};

subtest '2.4-6: while the stream is no stream, the log says so once' => sub {
    my $lost = 'eiam_redis_connections_total{result="lost"}';
    my $known = length $one->error_log;
    my $begun = metric($one, $lost);
    $redis->cmd(qw(DEL eiam:{rev}));
    $redis->cmd(qw(SET eiam:{rev} x));
    in_time('attempts', sub { metric($one, $lost) >= $begun + 6 });
    my @said = map { /\[(error|notice)\] .*(Redis at .*)/ ? "$1 $2" : () } split /\n/, substr $one->error_log, $known;
    ok @said > 0 && @said <= 3, 'few lines for many attempts' or diag join "\n", @said;
    $known = length $one->error_log;
    $redis->cmd(qw(DEL eiam:{rev}));
    fresh($one, $two, $three);
    in_time('and then that it is connected', sub { substr($one->error_log, $known) =~ /\[notice\] .*Redis at \S+ is connected/ });
};

subtest '2.4-3: gateways that have not been heard of for a day are taken out of the list' => sub {
    my ($faketime) = grep { -e } glob '/usr/lib/*/faketime/libfaketime.so.1';
    plan skip_all => 'no faketime' if !$faketime;
    plan skip_all => 'a sanitizer must be loaded first' if $ENV{EIAM_ASAN};
    my $fields = sub { map { ($_ => 1) } @{ $redis->cmd('HKEYS', 'eiam:{rev}:gw') } };
    my %known = $fields->();
    my @old = map { my $ago = $_;
        local @ENV{qw(LD_PRELOAD FAKETIME)} = ($faketime, $ago);
        my $gate = new_gateway(workers => 1);
        my $field;
        in_time("one of $ago", sub { my %now = $fields->(); ($field) = grep { !$known{$_} } keys %now; $field });
        $gate->stop;
        $known{$field} = 1;
        $field } qw(-25h -23h);
    my $redis_has = sub { $redis->cmd('HEXISTS', 'eiam:{rev}:gw', $_[0]) };
    is $redis_has->($_), 1, 'listed' for @old;
    $redis->cmd('HSET', 'eiam:{rev}:gw', 'f' x 16, 'of another version');
    my $young = new_gateway(workers => 1);
    in_time('the older one is removed', sub { !$redis_has->($old[0]) });
    is $redis_has->($old[1]), 1, 'not the other one';
    is $redis_has->('f' x 16), 1, 'nor what cannot be read';
    is scalar(grep { !$redis_has->($_) } keys %known), 1, 'nor any other one';
    my ($answer) = order($young, revoke => 'token=Invented-1');
    my ($lost) = grep { $_->{id} eq $old[1] } @{ $answer->{json}{gateways} };
    is_deeply [ $answer->{status}, $lost->{lost} ], [ 200, JSON::PP::true ], 'nobody waits for that one';
    $redis->cmd('HDEL', 'eiam:{rev}:gw', $old[1], 'f' x 16);
    $young->stop;
};

subtest '2.4-4: metrics show what Redis says about its memory' => sub {
    my $memory = sub { join ' ', map { metric($one, "eiam_redis_memory_$_") // 'none' } @_ };
    my $again = sub {    # it is asked when the reader connects
        $redis->cmd(qw(CLIENT KILL TYPE normal));
        sleep 0.05;
        fresh($one, $two, $three);
    };
    $again->();
    is $memory->('max_bytes', 'evicts'), '0 0', 'without a limit nothing is removed';
    cmp_ok metric($one, 'eiam_redis_memory_used_bytes'), '>', 100_000, 'it uses some';
    $redis->cmd(qw(CONFIG SET maxmemory-policy allkeys-lru));
    $again->();
    is $memory->('max_bytes', 'evicts'), '0 0', 'whatever the policy is';
    $redis->cmd(qw(CONFIG SET maxmemory 100mb));
    $again->();
    in_time('keys can be removed', sub { $memory->('max_bytes', 'evicts') eq '104857600 1' });
    like join('', $one->error_log), qr/\[warn\] .*Redis at \S+ removes keys when its memory is full/, 'the log says so';
    $redis->cmd(qw(CONFIG SET maxmemory-policy noeviction));
    $again->();
    in_time('they are not', sub { $memory->('max_bytes', 'evicts') eq '104857600 0' });
    my $asked = metric($one, 'eiam_redis_commands_total{command="INFO",result="answered"}');
    cmp_ok $asked, '<=', metric($one, 'eiam_redis_connections_total{result="connected"}'), 'once for each connection';
    $redis->cmd(qw(CONFIG SET maxmemory 0));

    $redis->cmd(qw(ACL SETUSER default -info));
    $again->();
    my $refused = 'eiam_redis_commands_total{command="INFO",result="error"}';
    in_time('whoever must not ask', sub { metric($one, $refused) });
    my $token = issue($one);
    is status($two, $token), 200, 'shares tokens';
    order($one, revoke => "token=$token");
    in_time('and revocations', sub { status($two, $token) == 401 });
    like join('', $one->error_log), qr/Redis at \S+ refuses INFO with NOPERM/, 'the log says so';
    $redis->cmd(qw(ACL SETUSER default +info));
};

subtest '2.4-6: the gateways send again what Redis has forgotten' => sub {
    my @tokens = map { issue($one) } 1 .. 3;
    is status($_->[0], $_->[1]), 200, 'known' for map { my $gate = $_; map { [ $gate, $_ ] } @tokens } $two, $three;
    order($one, revoke => "token=$tokens[0]");
    order($two, revoke => 'application=erp');
    my $gaps = metric($one, 'eiam_redis_gaps_total');
    $redis->cmd('FLUSHALL');
    $redis->cmd(qw(XADD eiam:{rev} * x y));
    in_time('the gap is noticed', sub { metric($one, 'eiam_redis_gaps_total') > $gaps });
    is status($_, $tokens[0]), 401, 'what was revoked stays revoked' for $one, $two, $three;
    is status($_, $tokens[1]), 200, 'what was not passes, though its grant is gone' for $one, $two, $three;
    in_time('the tombstone is there again', sub { grep { /:r$/ } @{ $redis->cmd('KEYS', '*') } });
    in_time('and the cut', sub { @{ $redis->cmd('HKEYS', 'eiam:{rev}:cut') } });
    my $late = new_gateway();
    issue($one, token => $tokens[0]);
    in_time('a new gateway learns of both', sub { status($late, $tokens[0]) == 401 });
    $late->stop;
};

subtest '2.4-6: an entry that nobody can read keeps a gateway from being fresh, until everything is restored' => sub {
    my $token = issue($one);
    is metric($one, 'eiam_redis_fresh_age_seconds') > 0.75, 1, 'the one of above';
    is status($one, $token), 200, 'calls are served';
    order($one, restore => 'all=1');
    fresh($one, $two, $three);
    pass 'fresh';
};

subtest '2.4-7: reloads under load miss no revocation' => sub {
    for (1 .. 5) {
        my $token = issue($one);
        is status($two, $token), 200, 'known';
        ok $two->reload, 'reload';
        order($one, revoke => "token=$token");
        in_time('revoked', sub { everywhere($two, $token, 401) eq '401' });
    }
};

for my $gate ($one, $two, $three) {
    my $text = join '', map { s/"token_id":"[0-9a-f]{16}"//gr } $gate->error_log;
    unlike $text, qr/Issued-\d+-x|Static-1/, 'no token is logged';
}
my $stored = join ' ', @{ $redis->cmd('KEYS', '*') }, map { @{ $redis->cmd('HGETALL', "eiam:{rev}:$_") } } qw(cut gw);
unlike $stored, qr/Issued|crm|erp|Static/, '2.4-7.15: neither token nor application is in Redis';

subtest '2.4-1: pages and orders that wait for Redis notice that their client has gone' => sub {
    my $gate = gateway(redis => $redis->address, http => q(log_format seen '$uri $status';), server => q{
        location /pages/ { eiam_status; access_log %DIR%/seen.log seen; }
        location /orders/ { eiam_control; access_log %DIR%/seen.log seen; }
    })->start;
    fresh($gate);
    my $token = issue($gate);
    my $other = new_gateway();
    fresh($other);
    is status($other, $token), 200, 'a token';
    $redis->freeze;
    connection($gate)->send($_) for request('/pages/json'),
        request('/orders/revoke', method => 'POST', body => "token=$token&reason=test", headers => [$form]);
    my $seen = sub { slurp($gate->dir . '/seen.log') // '' };
    until_true(sub { (() = $seen->() =~ /$/mg) >= 3 });
    is join(', ', sort split /\n/, $seen->()), '/orders/revoke 499, /pages/json 499', 'both have ended by that';
    is status($gate, $token), 401, 'the order has been carried out all the same';
    $redis->thaw;
    in_time('told', sub { status($other, $token) == 401 });
    pass 'and is told to the others';
    $_->stop for $gate, $other;
};

done_testing;
