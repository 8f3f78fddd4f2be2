#!/usr/bin/perl
# Ids beyond ASCII in the identity headers: what backends in Node and Java read, and how they decode it as
# docs/SECURITY-MODEL.md says.

use strict;
use utf8;
use warnings;

use Encode qw(decode encode);
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use POSIX ();
use Test::More;
use EIAM::Test;
use EIAM::Tomcat;

my ($id, $operation) = ('客户-Ærø 🔑', '读取用户');
my $bytes = decode('latin1', encode('UTF-8', $id));
my $operation_bytes = decode('latin1', encode('UTF-8', $operation));

# ---- a backend in Node

my ($node_code) = slurp(top_dir() . '/docs/SECURITY-MODEL.md') =~ /^\| Node .*? \| `(.*)` \|$/m
    or die "docs/SECURITY-MODEL.md says nothing about Node\n";

my $script = <<"END";
const server = require('http').createServer((request, response) => {
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({ read: request.headers['x-eiam-application'],
        raw: request.rawHeaders[1 + request.rawHeaders.indexOf('X-EIAM-Application')], made: $node_code }));
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
setTimeout(() => process.exit(), 120000);
END

pipe my $from_node, my $out or die "pipe: $!";
my $pid = fork() // die "fork: $!";
if ($pid == 0) {
    open STDIN,  '<', '/dev/null';
    open STDOUT, '>&', $out;
    close $from_node;
    exec 'node', '-e', $script or POSIX::_exit(127);
}
close $out;
chomp(my $node = <$from_node> // die "node did not start\n");

my $owner = $$;
END {
    if ($pid && $owner == $$) {
        local $?;
        kill 'TERM', $pid;
        waitpid $pid, 0;
    }
}

# ---- the gate in front of Node and of Tomcat

my $tomcat = EIAM::Tomcat->new('/api', 'GET /api/users listUsers');
my $java = $tomcat->decode;

my $gate = nginx(
    files => {
        'policy.json' => policy('/api', 'GET /users' => { id => $operation, scopes => ['user_read'] }),
        'apps.json' => applications(
            { id => $id, permissions => ['user_read'], tokens => ['beyond'] },
            { id => 'crm', permissions => ['user_read'], tokens => ['plain'] }),
    },
    conf => qq{
        eiam_zone gate 1m;
        eiam_policy %DIR%/policy.json;
        eiam_applications %DIR%/apps.json;
        server { listen 127.0.0.1:%PORT%; location /api/ { eiam on; proxy_pass http://127.0.0.1:$node; } }
        server { listen 127.0.0.1:%PORT2%; location /api/ { eiam on; proxy_pass http://127.0.0.1:$java; } }
        server { listen 127.0.0.1:%PORT3%; location /api/ { eiam on; proxy_pass http://%ECHO%; } }
    })->start;

sub answer {
    my ($n, $token) = @_;
    my $res = get($gate, '/api/users', token => $token, port => $gate->port($n));
    is $res->{status}, 200, 'the call passes';
    return JSON::PP->new->utf8->decode($res->{body});
}

subtest '2.6-13: what is sent are the bytes of UTF-8' => sub {
    my $res = get($gate, '/api/users', token => 'beyond', port => $gate->port(3));
    is join('|', received($res, 'X-EIAM-Application')), $bytes, 'of the application';
    is join('|', received($res, 'X-EIAM-Operation')), $operation_bytes, 'and of the operation';
};

subtest '2.6-13: Node reads one character for each byte' => sub {
    my $answer = answer(1, 'beyond');
    is $answer->{read}, $bytes, 'request.headers has the bytes as ISO-8859-1';
    is $answer->{raw}, $bytes, '  request.rawHeaders too';
    is $answer->{made}, $id, 'the line of the documentation makes the id of them';
    is answer(1, 'plain')->{$_}, 'crm', "an id of ASCII needs nothing: $_" for qw(read made);
};

subtest '2.6-13: a servlet reads one character for each byte' => sub {
    my $answer = answer(2, 'beyond');
    is $answer->{application}, $bytes, 'getHeader has the bytes as ISO-8859-1';
    is $answer->{decided}, $operation_bytes, '  of the operation too';
    is decode('UTF-8', encode('latin1', $answer->{application})), $id, 'the line of the documentation makes the id of them';
    is answer(2, 'plain')->{application}, 'crm', 'an id of ASCII needs nothing';
};

done_testing;
