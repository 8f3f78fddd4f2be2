#!/usr/bin/perl
# The example's commands, in a copy of the checkout, so that a running example is left alone.

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use File::Temp ();
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Test::More;
use EIAM::Test;

plan skip_all => 'nothing that it runs has sanitizers' if $ENV{EIAM_ASAN};

my $top = top_dir();
system("sh '$top/example/oidc-provider/install'") == 0 or die "oidc-provider cannot be installed\n";
my $copy = File::Temp->newdir('eiam-example-XXXXXX', TMPDIR => 1);
my @parts = grep { -e "$top/$_" } qw(Makefile config ngx_eiam_module.c src t/unit conf example .ci
    build/sources build/dynamic build/ngx_eiam_module.so);
system("cd '$top' && cp -a --parents @parts '$copy'") == 0 or die "cannot copy the checkout\n";

my %ports;
$ports{ free_port() } = 1 until keys %ports == 5;
my ($port, $backend_port, $oidc_port, $second_port, $redis_port) = sort keys %ports;
@ENV{qw(PORT BACKEND_PORT OIDC_PORT SECOND_PORT REDIS_PORT)} = ($port, $backend_port, $oidc_port, $second_port, $redis_port);
delete $ENV{MAKEFLAGS};

# (exit code, output) of a script of the example.
sub run {
    my ($name, @arguments) = @_;
    my $file = "$copy/$name.out";
    my $code = system "sh '$copy/example/$name' @arguments >'$file' 2>&1 </dev/null";
    return ($code >> 8, slurp($file));
}

# Command lines of the processes that name the copy.
sub processes {
    my @lines = map { (slurp($_) // '') =~ tr/\0/ /r } glob '/proc/[0-9]*/cmdline';
    return grep { /\Q$copy\E/ } @lines;
}

sub listens { return defined IO::Socket::INET->new(PeerAddr => "127.0.0.1:$_[0]") }

END { my $status = $?; run('stop') if $copy && -d "$copy/example"; $? = $status }

my $json = JSON::PP->new->utf8;
my $interfaces = $json->decode(slurp("$top/t/data/interfaces.json"));

# The lines that the script printed, each with its title and its answer.
sub answers {
    my ($text) = @_;
    my @answers;
    while ($text =~ /^# (.*)\n(curl .*)\n  -> (\d+) (.*)$/mg) {
        my %answer = (title => $1, line => $2, status => $3, body => $4);
        $answer{json} = eval { $json->decode($answer{body}) };
        push @answers, \%answer;
    }
    return @answers;
}

# A call of an interface was answered as it should be.
sub call_of {
    my ($interface, @answers) = @_;
    my $path = join '[^/? ]+', map { quotemeta } split /\{\w+\}/, $interface->{path}, -1;
    my $method = { PUT => '-X PUT ', POST => '', GET => '' }->{ $interface->{method} };
    my ($answer) = grep {
        $_->{status} == $interface->{status}
            && $_->{line} =~ m{^curl $method'?http://127\.0\.0\.1:$port$path(?:[?' ]|$)}
    } @answers;
    return $answer;
}

sub error_is {
    my ($answer, $status, $pattern) = @_;
    return $answer->{status} == $status && ($answer->{json}{error_code} // '') =~ $pattern;
}

sub access_log { return split /\n/, slurp("$copy/build/example/logs/access.log") }

# How often tokens came from a source, and with which cache status: "learned HIT" and the like.
sub sources {
    my %found;
    $found{"$_->{source} $_->{cache}"}++ for map { $json->decode($_) } access_log();
    return \%found;
}

# Starts the example, which replaces a running one; returns what it printed.
sub shows {
    my ($arguments, $ports, @refusals) = @_;
    my ($code, $text) = run('run', @$arguments);
    is $code, 0, 'it starts, and answers as expected' or diag $text;
    my @answers = answers($text);

    subtest 'what is shown' => sub {
        for my $interface (@$interfaces) {
            my $answer = call_of($interface, @answers);
            ok $answer, "an allowed call: $interface->{method} $interface->{path}" or next;
            my @missing = grep { !exists $answer->{json}{$_} } @{ $interface->{members} };
            is_deeply \@missing, [], '  with its documented members';
        }
        for my $row (@refusals) {
            my ($status, $error) = @$row;
            ok scalar(grep { error_is($_, $status, qr/^\Q$error\E$/) } @answers),
                "a refusal of the gate: $status $error";
        }
        ok scalar(grep { error_is($_, 400, qr/^(?!GATEWAY\.)./) } @answers),
            "a backend's own error";
        like $text, qr{^To stop: sh example/stop$}m, 'it says how to stop';
    };

    subtest 'the lines can be pasted' => sub {
        for my $answer (@answers) {
            next if $answer->{title} =~ /add an organization/;    # a second one has the same code
            my $status = `$answer->{line} -s -o '$copy/body' -w '%{http_code}'`;
            is $status, $answer->{status}, $answer->{title};
        }
    };

    subtest 'the gate stands alone at its port' => sub {
        ok listens($_), "port $_ is served" for @$ports;
        my @lines = access_log();
        my @gate = grep { $_->{line} =~ /:$port/ } @answers;
        cmp_ok scalar @lines, '>=', scalar @gate, 'each request is in the access log';
        is_deeply [ grep { !eval { $json->decode($_); 1 } } @lines ], [], '  as one line of JSON';
        my %tokens = map { ($_ => 1) } grep { $_ ne 'invented' } $text =~ /(?:Bearer |"access_token":")([^'"]+)/g;
        my $secret = join '|', 'demonstration.secret', map { quotemeta } sort keys %tokens;
        cmp_ok scalar keys %tokens, '>=', 2, '  tokens were used';
        for my $log (glob "$copy/build/example/logs/*.log") {
            unlike slurp($log), qr/$secret/, '  and none stands in ' . $log =~ s{.*/}{}r;
        }
    };
    subtest 'tokens' => sub {
        my @issued = grep { $_->{status} == 200 && $_->{json}{access_token} } @answers;
        cmp_ok scalar @issued, '>=', 2, 'applications obtain them with their credentials';
        is_deeply [ grep { $_->{line} !~ /grant_type=client_credentials/ } @issued ], [], '  and nothing else';
        my %issued = map { ($_->{json}{access_token} => 1) } @issued;
        my @calls = grep { defined } map { call_of($_, @answers) } @$interfaces;
        is scalar(grep { $_->{line} =~ /Bearer ([^']+)'/ && $issued{$1} } @calls), scalar @$interfaces,
            'the interfaces are called with them';
    };
    return @answers;
}

# The status location, and the script that asks it.
sub explains {
    like `curl -s http://127.0.0.1:$port/status/metrics`,
        qr/^eiam_requests_total\{operation="\w+",decision="allow",reason=""\} [1-9]/m, 'the calls are counted';
    my $path = '/api/v2/tenant/organizations/research/org-leader';
    my ($code, $text) = run('explain', 'PUT', $path, 'org_read', 'hr-sync');
    my $told = $json->decode($text);
    is "$code $told->{reason}", '0 scope_insufficient', 'what would be refused is explained' or diag $text;
    ($code, $text) = run('explain', 'PUT', $path, "''", 'hr-sync');
    $told = $json->decode($text);
    is "$code $told->{decision}", '0 allow', '  and what the application may' or diag $text;
    ($code, $text) = run('explain', 'PUT', "'$path?x=1'", "''", 'hr-sync', '192.0.2.7');
    $told = $json->decode($text);
    is "$code $told->{decision} $told->{path}", "0 allow $path", '2.7-6:   also with a query, and from an address' or diag $text;
    ($code, $text) = run('explain', 'PUT', $path, "''", 'hr-sync', 'nowhere');
    like "$code $text", qr/^22 .*an address/s, '2.7-6:   and says if that is none' or diag $text;
    return;
}

# Tokens are revoked by their client at the backend's interface, and by the operator.
sub ends_tokens {
    my ($issuer, $soon) = @_;
    my $secret = 'hr-sync:hr-sync-demonstration-secret-of-many-octets';
    my $url = "http://127.0.0.1:$port";
    my $obtain = sub { $json->decode(`curl -s -u $secret -d grant_type=client_credentials $issuer`)->{access_token} };
    my $call = sub { `curl -s -o '$copy/body' -w '%{http_code}' -H 'Authorization: Bearer $_[0]' $url/api/v2/tenant/organizations/research/org-leader` };
    my $answer = sub { ($json->decode(slurp("$copy/body")))->{error_code} // '' };
    my ($first, $second) = ($obtain->(), $obtain->());
    is $call->($_), 200, '2.3-3: a token passes' for $first, $second;
    is `curl -s -o /dev/null -w '%{http_code}' -u $secret -d token=$first $url/oauth2/revoke`, 200, '  its client revokes it';
    is join(' ', $call->($first), $answer->()), '401 GATEWAY.4014', '  and it is refused';
    is `curl -s -o /dev/null -w '%{http_code}' -u hr-sync:wrong -d token=$second $url/oauth2/revoke`, 401, '  not with a wrong secret';
    is $call->($second), 200, '  and the other one passes';
    my ($code, $text) = run('revoke', 'hr-sync', "'a test'");
    my $told = eval { $json->decode($text) } // {};
    is join(' ', $code, $told->{revoked} // '', $told->{application} // ''), '0 application hr-sync', '2.3-2: the operator revokes' or diag $text;
    is join(' ', $call->($second), $answer->()), '401 GATEWAY.4014', '  and all of its tokens are refused';
    is join(' ', $call->($obtain->()), $answer->()), $soon, '  but those that are issued after it, as far as that is certain';
    ($code) = run('revoke', "''");
    is $code, 2, '  without an application the usage is told';
    return;
}

my @refusals = ([ 401, 'GATEWAY.4011' ], [ 401, 'GATEWAY.4012' ], [ 403, 'GATEWAY.4031' ],
    [ 403, 'GATEWAY.4032' ], [ 404, 'GATEWAY.4041' ], [ 400, 'GATEWAY.4001' ]);

my $static;

subtest 'the example' => sub {
    my @answers = shows([], [ $port, $backend_port ], @refusals);
    my $url = "http://127.0.0.1:$port/api/v2/tenant/token";
    my @issued = grep { $_->{status} == 200 && $_->{line} =~ /^curl \Q$url\E / } @answers;
    is scalar(grep { $_->{json}{access_token} } @answers), scalar @issued, 'its tokens come through the gate';
    ok scalar(grep { $_->{line} =~ / -u / } @issued), '  by Basic';
    ok scalar(grep { $_->{line} =~ / client_id=/ } @issued), '  and by a form';
    ok scalar(grep { $_->{status} == 401 && ($_->{json}{error} // '') eq 'invalid_client' } @answers),
        "  and the backend's own refusals of them do";
    my $found = sources();
    cmp_ok $found->{'learned HIT'} // 0, '>=', @$interfaces, 'the gate knows what it has learned';
    is_deeply [ grep { !/^(?:learned HIT|static BYPASS| )$/ } sort keys %$found ], [], '  and asks nobody'
        or diag explain $found;
    unlike slurp("$copy/build/example/logs/error.log"), qr/is not learned/, '  as it learned all of them';
    explains();
    ends_tokens("http://127.0.0.1:$port/api/v2/tenant/token", '200 ');
    $static = slurp("$copy/build/example/tokens");
};

subtest 'the example with oidc-provider' => sub {
    shows(['oidc-provider'], [ $port, $backend_port, $oidc_port ], @refusals);
    my $found = sources();
    ok $found->{"introspection $_"}, "tokens are introspected and cached: $_" for qw(MISS HIT);
    my $url = "http://127.0.0.1:$port/api/v2/tenant/token";
    is `curl -s -o '$copy/body' -w '%{http_code}' -d a=b $url`, 404,
        "the backend's token interface is not offered";
    explains();
    ends_tokens("-d scope=org_read http://127.0.0.1:$oidc_port/token", '401 GATEWAY.4014');    # by "iat" and the leeway
};

subtest '2.1-2: static tokens' => sub {
    my $home = "$copy/build/example";
    my %before = map { split / / } split /\n/, $static;
    my %token = map { split / / } split /\n/, slurp("$home/tokens");
    is_deeply [ sort keys %token ], [qw(crm hr-sync reporting retired)], 'each application has one';
    is_deeply [ grep { $before{$_} eq $token{$_} || $token{$_} !~ /^[\w-]{43}$/a } keys %token ], [],
        'random, and another one at each start';
    is sprintf('%o', (stat "$home/tokens")[2] & 07777), 600, 'for their owner alone';
    my $file = slurp("$home/applications.json");
    is_deeply { map { $_->{id} => $_->{tokens}[0]{sha256} } @{ $json->decode($file)->{applications} } },
        { map { $_ => sha256_hex($token{$_}) } keys %token }, 'the applications file has their digests';
    is_deeply [ grep { $file =~ /\Q$_\E/ } values %token ], [], '  and nothing else of them';
    my $leader = "http://127.0.0.1:$port/api/v2/tenant/organizations/research/org-leader";
    my $status = sub { return `curl -s -o '$copy/body' -w '%{http_code}' -H 'Authorization: Bearer $_[0]' $leader` };
    is $status->($token{reporting}), 200, 'they pass';
    is $status->($_), 401, "$_ does not" for $before{reporting}, 'demo-reporting-token', 'demo-hr-sync-token';
    my $digests = join '|', map { sha256_hex("demo-$_-token") } keys %token;
    my @files = split /\n/, `find '$copy/conf' '$copy/example' '$copy/build/example' -type f -not -path '*/node_modules/*' -not -name '*.so'`;
    is_deeply [ grep { slurp($_) =~ /$digests|demo-[\w-]+-token/i } @files ], [], 'no file has those that can be guessed'
        or diag "@files";
};

subtest 'another word' => sub {
    my ($code, $text) = run('run', 'glewlwyd');
    is $code, 2, 'it is refused' or diag $text;
    like $text, qr{^usage: sh example/run}, '  with what can be said';
    ok listens($port), '  and what runs goes on';
};

subtest 'stop' => sub {
    my ($code, $text) = run('stop');
    is $code, 0, 'it stops' or diag $text;
    is_deeply [ processes() ], [], '  and leaves no process';
    ok !listens($_), "  and port $_ is free" for $port, $backend_port, $oidc_port;
    ($code, $text) = run('stop');
    is $code, 0, 'a second stop is no error' or diag $text;
};

subtest '2.4-4: the example with two gateways' => sub {
    my ($code, $text) = run('run', 'gateways');
    is $code, 0, 'it starts, and answers as expected' or diag $text;
    my @answers = answers($text);
    my ($token) = grep { defined } map { $_->{json}{access_token} } @answers;
    my $at = sub { return (grep { $_->{title} =~ $_[0] } @answers)[0] };
    my @rows = (
        [ qr/used at the second/, $second_port, 200, 'a token of the first gateway is used at the second one' ],
        [ qr/goes on/, $second_port, 200, '  while Redis is away, too' ],
        [ qr/not now/, $second_port, 503, '  when an unknown one is put off' ],
        [ qr/both know/, $second_port, 200, '  and what was issued meanwhile is known afterwards' ],
        [ qr/is revoked at the first/, $port, 200, 'it is revoked at the first one' ],
        [ qr/refused by the second/, $second_port, 401, '  and refused by the second one' ],
    );
    for my $row (@rows) {
        my ($title, $from, $status, $name) = @$row;
        my $answer = $at->($title);
        is "$answer->{status} " . ($answer->{line} =~ m{127\.0\.0\.1:(\d+)})[0], "$status $from", $name;
    }
    my $revoked = $at->(qr/is revoked at the first/);
    ok $revoked->{json}{in_force}, '  and it was in force when that was answered';
    is scalar @{ $revoked->{json}{gateways} }, 2, '  at both of them';
    my $home = "$copy/build/example";
    for my $file (qw(redis.password redis.key redis/redis.conf)) {
        is sprintf('%o', (stat "$home/$file")[2] & 07777), 600, "$file is for its owner alone";
    }
    my $aof = join '', map { slurp($_) } glob "$home/redis/appendonlydir/*";
    cmp_ok length $aof, '>', 500, 'Redis has written to its disk';
    unlike $aof, qr/\Q$token\E|@{[ sha256_hex($token) ]}|hr-sync|org_read/, '  and nothing of it tells who may do what';
    is((run('stop'))[0], 0, 'it stops');
    is_deeply [ processes() ], [], '  and leaves no process';
    ok !listens($_), "  and port $_ is free" for $port, $second_port, $redis_port;
};

done_testing;
