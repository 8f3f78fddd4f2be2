#!/usr/bin/perl
# The test harness itself, with nginx alone: it does what it promises, and it can fail.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use EIAM::Test;
use EIAM::Nginx;

my $plain = q{
    location / { proxy_pass http://%ECHO%; proxy_http_version 1.1; }
    location /text { return 200 "hello"; }
    location /dir { return 200 "%DIR%"; }
};
my $gate = nginx(module => 0, server => $plain)->start;

subtest 'requests and answers' => sub {
    my $res = get($gate, '/a;b/%2e?x=%ff', method => 'PUT', token => 't', body => "\x00\xff",
        headers => ['X-One: 1', 'X-Test-Header: X-Two: 2']);
    passed $res, 'the backend sees the request';
    is $res->{json}{method}, 'PUT', 'the method arrives';
    is $res->{json}{target}, '/a;b/%2e?x=%ff', 'the target arrives byte for byte';
    is $res->{json}{body}, "\x00\xff", 'the body arrives byte for byte';
    is join(',', received($res, 'x-one')), '1', 'a header arrives';
    is join(',', received($res, 'authorization')), 'Bearer t', 'the token arrives';
    is $res->{headers}{'x-two'}, '2', 'a wished header comes back';
    is get($gate, '/', headers => ['X-Test-Status: 404'])->{status}, 404, 'a wished status';
    is get($gate, '/dir')->{body}, $gate->dir, 'placeholders are filled in';

    my $long = 'x' x 300_000;
    is get($gate, '/', method => 'POST', body => $long)->{json}{body_length}, 300_000,
        'a long body arrives';
    is get($gate, '/', method => 'POST', body => "3\r\nabc\r\n0\r\n\r\n",
        headers => ['Transfer-Encoding: chunked'])->{json}{body}, 'abc', 'a chunked body arrives';
};

subtest 'connections' => sub {
    my @res = raw($gate, request('/1') . request('/2', method => 'HEAD') . request('/3'),
        count => 3, head => [ 0, 1, 0 ]);
    is join(',', map { $_->{status} } @res), '200,200,200', 'pipelined requests are answered';
    is $res[2]{json}{target}, '/3', 'in order';

    my $c = connection($gate);
    is $c->send(request("/keep/$_"))->read_response->{json}{target}, "/keep/$_",
        "request $_ on one connection" for 1 .. 3;
    is $c->send(request('/text', close => 1))->read_response->{body}, 'hello', 'the last one';
    ok $c->closed, 'and the server closes';

    is raw($gate, "GET /text\r\n", http09 => 1)->{body}, 'hello', 'HTTP/0.9 has a body alone';
    ok !eval { raw($gate, 'GET', timeout => 0.2); 1 }, 'no answer in time is an exception';
    like $@, qr/in time/, 'that says so';

    my $before = $gate->echo->count;
    get($gate, '/counted');
    is $gate->echo->count, $before + 1, 'the backend counts requests';
    is raw($gate, request('/', close => 1, headers => ['X-Test-Delay: 0.1']))->{status}, 200,
        'the backend can take its time';
};

subtest 'reload' => sub {
    my ($old) = $gate->worker_pids;
    ok $gate->reload, 'a good configuration is taken over';
    isnt +($gate->worker_pids)[0], $old, 'by another worker';
    $gate->write_file('nginx.conf', slurp($gate->dir . '/nginx.conf') . "\nnonsense;\n");
    ok !$gate->reload, 'a bad one is not';
    is get($gate, '/text')->{body}, 'hello', 'and the old one goes on';
    ok !$gate->alarms, 'the refused reload is no alarm';
};

bad_config 'nginx -t fails and says why', { module => 0, server => 'no_such_directive;' },
    qr/unknown directive "no_such_directive"/;
good_config 'nginx -t succeeds', { module => 0, server => $plain };
ok !eval { nginx(module => 0, server => 'no_such_directive;')->start; 1 },
    'a start with a bad configuration dies';
like $@, qr/unknown directive/, 'with the reason';

subtest 'refusals' => sub {
    my $refuse = q{
        default_type "application/json; charset=utf-8";
        add_header Cache-Control no-store always;
        add_header X-Request-Id $request_id always;
        location /good { return 404 '{"error_code":"GATEWAY.4041","error_msg":"Interface does not exist"}'; }
        location /more { return 404 '{"error_code":"GATEWAY.4041","error_msg":"Interface does not exist","x":1}'; }
        location /code { return 403 '{"error_code":"GATEWAY.4041","error_msg":"Interface does not exist"}'; }
        location /challenge {
            add_header Cache-Control no-store always;
            add_header X-Request-Id $request_id always;
            add_header WWW-Authenticate 'Bearer realm="x"' always;
            return 404 '{"error_code":"GATEWAY.4041","error_msg":"Interface does not exist"}';
        }
    };
    my $fake = nginx(module => 0, server => $refuse)->start;
    refused get($fake, '/good'), 'operation_unknown';
    refused get($fake, '/good', method => 'HEAD'), 'operation_unknown', 'HEAD too', head => 1;
    for my $path (qw(/more /code /challenge)) {
        my @differences = EIAM::Test::differences(get($fake, $path), 'operation_unknown');
        is scalar @differences, 1, "$path is not the refusal";
    }
};

subtest 'alarms' => sub {
    my $crash = nginx(module => 0, server => $plain)->start;
    kill 'ABRT', $crash->worker_pids;
    for (1 .. 100) { last if $crash->alarms; select undef, undef, undef, 0.05 }
    like join("\n", $crash->alarms), qr/exited on signal 6/, 'a crashed worker is seen';
    $crash->expect(qr/exited on signal 6/);
    ok !$crash->alarms, 'an expected one is no alarm';
    $crash->stop;

    my $lib = "$FindBin::Bin/lib";
    my $start = "use EIAM::Test; my \$g = nginx(module => 0, server => '')->start; ok 1;"
        . " kill 'ABRT', \$g->worker_pids; select undef, undef, undef, 0.3;";
    for my $end ('done_testing;', 'undef $g; done_testing;', 'Test::More->builder->done_testing;',
        'exit 0;', 'my $t = Test2::API::test2_stack()->top; $t->plan(1); $t->finalize;')
    {
        my $pid = open(my $out, '-|') // die "fork: $!";
        if ($pid == 0) {
            open STDERR, '>', '/dev/null';
            exec $^X, "-I$lib", '-MTest::More', '-e', $start . $end or die;
        }
        my $text = join '', <$out>;
        close $out;
        ok $? != 0, "a crash fails the test file that ends with: $end" or diag $text;
    }
};

done_testing;
