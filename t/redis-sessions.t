#!/usr/bin/perl
# Sentinels with a password, and TLS sessions that are used again.

use strict;
use warnings;

use File::Temp ();
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use EIAM::Gateways;
use EIAM::Redis;
use EIAM::RedisProxy;
use EIAM::Test;

# ---- TLS

# Whether a ServerHello (RFC 8446, section 4.1.3) takes up a session: it has the extension pre_shared_key.
sub resumed {
    my ($bytes) = @_;
    my ($session, $extensions) = unpack 'x5 x4 x2 x32 C/a x3 n/a', $bytes;
    while (length $extensions) {
        my ($type, $data) = unpack 'n n/a', $extensions;
        return 1 if $type == 41;
        substr $extensions, 0, 4 + length $data, '';
    }
    return 0;
}

subtest '2.4-4: a connection with TLS that is lost is made again with the session of before' => sub {
    my $dir = File::Temp->newdir;
    system("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=redis"
        . " -addext subjectAltName=IP:127.0.0.1 -keyout $dir/key -out $dir/cert 2>$dir/log") == 0 or die slurp("$dir/log");
    my $redis = EIAM::Redis->new(tls => { cert => "$dir/cert", key => "$dir/key", ca => "$dir/cert" });
    my $proxy = EIAM::RedisProxy->new($redis->address);
    my $gate = gateway(redis => $proxy->address . " ssl=$dir/cert")->start;
    fresh($gate);
    my $token = issue($gate);
    my @before = $proxy->firsts;
    is scalar(grep { resumed($_) } @before), 0, 'at first there is none';
    for (1 .. 3) {
        $redis->cmd('CLIENT', 'KILL', 'TYPE', 'normal');
        in_time('connected again', sub { $proxy->firsts >= @before + 2 });
        fresh($gate);
        my @after = $proxy->firsts;
        cmp_ok scalar(grep { resumed($_) } @after[ @before .. $#after ]), '>=', 2, 'both connections take up their sessions';
        @before = @after;
    }
    $redis->kill9;
    $redis->start;
    fresh($gate);
    is status($gate, $token), 200, 'a Redis that does not know the session any more is connected to all the same';
};

# ---- Sentinels

for my $row (
    [ 'the password of Redis and of Sentinels', 'requirepass secret-1', 'requirepass secret-1', 'password=password' ],
    [ 'a user of Redis and of Sentinels', 'user gate on >secret-1 ~* &* +@all', 'user gate on >secret-1 +sentinel|get-master-addr-by-name',
        'user=gate password=password' ],
    [ 'a user of Redis, and open Sentinels', 'user gate on >secret-1 ~* &* +@all', '', 'user=gate password=password' ],
) {
    my ($title, $master_conf, $sentinel_conf, $parameters) = @$row;
    subtest "2.4-1: Sentinels: $title" => sub {
        my $master = EIAM::Redis->new(conf => $master_conf);
        my ($sentinel) = EIAM::Redis::sentinels($master, count => 1, conf => $sentinel_conf);
        my $gate = gateway(redis => $sentinel->address . " sentinel=eiam $parameters", password => 'secret-1')->start;
        my $wrong = gateway(redis => $sentinel->address . " sentinel=eiam $parameters", password => 'secret-2')->start;
        fresh($gate);
        is status($gate, issue($gate)), 200, 'a gateway is connected through them';
        is counted($wrong, 'eiam_redis_up'), 0, 'one with another password is not';
        ok until_true(sub { $wrong->error_log =~ /eiam: Redis at \S+ has denied access/ }), 'and says so';
        unlike $gate->error_log . $wrong->error_log, qr/secret-[12]/, 'no log has a password';
    };
}

done_testing;
