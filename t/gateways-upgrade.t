#!/usr/bin/perl
# One gateway with a Redis beside it: reloads and the replacement of the binary, under load, lose no token and forget
# no revocation. With EIAM_EVERY=1 twenty reloads.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);
use EIAM::Gateways;
use EIAM::Redis;
use EIAM::Test;

use constant { RELOADS => $ENV{EIAM_EVERY} ? 20 : 6, LOADS => 3, TOKENS => 20 };

# The line of the keys that is added meanwhile, as docs/OPERATIONS.md says; another gateway has it already.
my $lines = EIAM::Gateways::LINE . "\n//////////////////////////////////////////8=\n";

my $redis = EIAM::Redis->new;
my $gate = gateway(redis => $redis->socket, daemon => 1, workers => 2)->start;
my $other = gateway(redis => $redis->socket, key => $lines)->start;
fresh($gate, $other);

my @good = map { issue($gate) } 1 .. TOKENS;
my @late = map { issue($gate, client => 'erp') } 1 .. TOKENS;
my @revoked = map { issue($gate) } 1 .. TOKENS;
my @cut = map { issue($gate, client => 'hrm') } 1 .. TOKENS;
my %expected = ((map { ($_ => 200) } @good, @late), map { ($_ => 401) } @revoked, @cut);

is order($gate, revoke => "token=$_")->{status}, 200, 'a token is revoked' for @revoked;
is order($gate, revoke => 'application=hrm')->{status}, 200, 'an application is revoked';

# Calls until it is told to stop, and obtains a token now and then, of an application that was revoked before too, and
# at the other gateway.
# Prints what is wrong, then how many calls there were.
sub load {
    my ($number) = @_;
    my @tokens = sort keys %expected;
    my ($calls, $i, $stop) = (0, $number, 0);
    local $SIG{TERM} = sub { $stop = 1 };
    until ($stop) {
        my $token = $tokens[ $i++ % @tokens ];
        if ($i % 10 == 0) {
            $token = "Loaded-$number-$i-" . 'x' x 20;
            my $issued = eval { get($i % 30 ? $gate : $other, '/api/token', method => 'POST', body => 'client_id=' . ($i % 20 ? 'crm' : 'hrm'), headers =>
                [ 'Content-Type: application/x-www-form-urlencoded', "X-Issue: $token", 'X-Life: 600' ])->{status} } // $@;
            print "issue: $issued\n" if $issued ne '200';
            push @tokens, $token;
        }
        my $status = eval { status($gate, $token) } // $@;
        $calls++;
        my $right = $expected{$token} // 200;

        # On a busy machine a token may go on before it is written; that it is not there is remembered for a second.
        if ($status eq '401' && $i % 10 == 0) {
            sleep 1.2;
            $status = eval { status($gate, $token) } // $@;
        }
        print "$token: $status, not $right\n" if $status ne $right;
    }
    print "calls: $calls\n";
    return;
}

my @loads;
for my $number (1 .. LOADS) {
    my $pid = open(my $out, '-|') // die "fork: $!";
    if ($pid == 0) {
        $SIG{PIPE} = 'DEFAULT';
        $| = 1;
        load($number);
        POSIX::_exit(0);
    }
    push @loads, [ $pid, $out ];
}

my $reloads = grep { $gate->reload } 1 .. RELOADS;
is $reloads, RELOADS, 'reloads, under load';
$gate->write_file('key', $lines);
ok $gate->reload, 'and one with another line of the keys';

my $began = time;
my $old = $gate->upgrade;
sleep 0.3;
kill 'WINCH', $old;
sleep 0.3;
kill 'QUIT', $old;
in_time('the old master ends', sub { EIAM::Nginx::gone($old, 0.1) });
sleep 0.3;

my (@wrong, $calls);
kill 'TERM', map { $_->[0] } @loads;
for my $load (@loads) {
    for my $line (readline $load->[1]) {
        if ($line =~ /^calls: (\d+)/) { $calls += $1 } else { push @wrong, $line }
    }
    close $load->[1];
}
is scalar(@wrong), 0, "2.4-7.7: of $calls calls during reloads and the replacement of the binary none gets a wrong answer"
    or diag @wrong[ 0 .. ($#wrong < 20 ? $#wrong : 20) ];
cmp_ok $calls, '>', 100, 'there was load';

fresh($gate);
is scalar(grep { everywhere($gate, $_, $expected{$_}) ne $expected{$_} } sort keys %expected), 0,
    '2.4-5: no token is lost, and no revocation forgotten';
in_time('connections are closed', sub { (grep { /ngx_eiam/ } $redis->clients) == 5 });
is scalar(grep { /ngx_eiam/ } $redis->clients), 5, 'each worker has one connection, and each reader another one';

done_testing;
