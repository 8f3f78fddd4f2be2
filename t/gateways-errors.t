#!/usr/bin/perl
# What gateways do while a real Redis answers with an error, for tokens that are known, unknown, issued and revoked
# meanwhile. With EIAM_EVERY=1 for each error and each command that a user may lack.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(sleep time);
use EIAM::Gateways;
use EIAM::Redis;
use EIAM::Test;

my $redis = EIAM::Redis->new(conf => "user gate on >secret-1 ~* &* +\@all\nuser test on nopass ~* &* +\@all", auth => [qw(test any)]);
my $nobody = free_port();

sub redis { my (@command) = @_; my $answer = $redis->cmd(@command); die "$command[0]: $answer\n" if ref $answer eq 'EIAM::Redis::Error'; return $answer }
sub config { my (%values) = @_; redis('CONFIG', 'SET', $_, $values{$_}) for sort keys %values; return }

# Tells the gateways' user what it may do, and makes it connect again.
sub acl { redis('ACL', 'SETUSER', 'gate', @_); redis('CLIENT', 'KILL', 'USER', 'gate'); return }
sub permit { redis('ACL', 'SETUSER', 'gate', @_); return }

sub cannot_save {
    mkdir $redis->dir . '/dump.rdb';
    config(save => '3600 1', 'stop-writes-on-bgsave-error' => 'yes');
    redis('BGSAVE');
    until_true(sub { ($redis->info('persistence')->{rdb_last_bgsave_status} // '') eq 'err' });
    return;
}

# The statuses that are right, where the answer may have no influence on them: it can be read, or written.
sub answers {
    my ($can, $yes, $no) = @_;
    return !defined $can ? qr/^(?:$yes|$no)$/ : $can ? qr/^$yes$/ : qr/^$no$/;
}

# What it answers; how it comes to that, and back; whether it can be read, and written; undef: as it may be.
my @rows = (
    [ 'OOM', sub { config(maxmemory => 1) }, sub { config(maxmemory => 0) }, 1, 0 ],
    [ 'MISCONF', \&cannot_save, sub { config(save => '', 'stop-writes-on-bgsave-error' => 'no') }, 1, 0 ],
    [ 'NOREPLICAS', sub { config('min-replicas-to-write' => 1) }, sub { config('min-replicas-to-write' => 0) }, 1, 0 ],
    [ 'READONLY', sub { redis('REPLICAOF', '127.0.0.1', $nobody) }, sub { redis('REPLICAOF', 'NO', 'ONE') }, 0, 0 ],
    [ 'MASTERDOWN', sub { config('replica-serve-stale-data' => 'no'); redis('REPLICAOF', '127.0.0.1', $nobody) },
        sub { redis('REPLICAOF', 'NO', 'ONE'); config('replica-serve-stale-data' => 'yes') }, 0, 0 ],
    [ 'WRONGPASS', sub { acl('resetpass', '>secret-2') }, sub { acl('resetpass', '>secret-1') }, 0, 0 ],
    [ 'NOAUTH', sub { acl('off') }, sub { acl('on') }, 0, 0 ],
    (map { my $command = lc; [ "NOPERM for $_", sub { permit("-$command") }, sub { permit("+$command") },
        $command eq 'mget' ? 0 : 1, $command =~ /^(?:set|xadd)$/ ? 0 : undef ] }
        qw(MGET SET XADD DEL GET HSET HGET HGETALL HDEL XREAD XRANGE ROLE CLIENT INFO PING)),
    (map { my $command = lc; [ "NOPERM for $_ from the beginning", sub { acl("-$command") }, sub { permit("+$command") }, undef, undef ] }
        qw(MGET SET GET HSET HGETALL XREAD XRANGE ROLE CLIENT)),
);
my %always = map { ($_ => 1) } 'MISCONF', 'READONLY', 'WRONGPASS', 'NOPERM for XADD';
@rows = grep { $always{ $_->[0] } } @rows if !$ENV{EIAM_EVERY};

my ($one, $two) = map { gateway(redis => $redis->address . ' user=gate password=password', password => 'secret-1',
    error_log_level => 'info')->start } 1, 2;
fresh($one, $two);

for my $row (@rows) {
    my ($error, $begin, $end, $read, $write) = @$row;
    subtest "2.4-6: Redis answers $error" => sub {
        my ($known, $foreign, $victim) = (issue($one), issue($one), issue($one));
        is status($two, $_), 200, 'known' for $known, $victim;
        $begin->();
        in_time('noticed', sub { status($two, new_token()) == 503 }) if defined $read && !$read;
        is status($two, $known), 200, 'what is known is served';
        like status($two, $foreign), answers($read, 200, 503), 'what is not known is looked up, or not called invalid';
        like status($two, new_token()), answers($read, 401, 503), 'so is what nobody knows';
        my $issued = issue($one);
        is status($one, $issued), 200, 'what is issued is good where it was issued';
        my $answer = order($one, revoke => "token=$victim");
        like $answer->{status}, answers($write, 200, 202), 'an order is acknowledged, or pending';
        is $answer->{json}{pending} ? 202 : 200, $answer->{status}, 'as it says';
        is status($one, $victim), 401, 'it is in force where it was given';
        order($one, revoke => 'application=erp');
        is status($one, issue($one, client => 'erp')), 200, 'what an application obtains after it was revoked is good';
        # Who is cut off with an old master could be told anything.
        in_time('not fresh', sub { counted($two, 'eiam_redis_fresh_age_seconds') > 0.75 }) if $read && $error =~ /^(?:OOM|MISCONF|NOREPLICAS)/;
        $end->();
        in_time('in force', sub { status($two, $victim) == 401 });
        in_time('known', sub { status($two, $issued) == 200 });
        in_time('sent', sub { counted($one, 'eiam_revocations_unsent') == 0 });
        fresh($one, $two);
        is join(' ', map { status($two, $_) } $known, $foreign, $victim), '200 200 401', 'afterwards all is as it should be';
        is join(' ', map { status($two, issue($one, client => $_)) } qw(crm erp)), '200 200', 'and tokens are shared again';
        order($one, restore => 'application=erp');
    };
}
for my $gate ($one, $two) {
    is counted($gate, qq(eiam_redis_unshared_total{reason="$_"})), 0, "no grant is left unshared: $_" for qw(limit queue expired failed);
}

done_testing;
