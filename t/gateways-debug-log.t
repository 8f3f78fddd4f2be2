#!/usr/bin/perl
# The debug log of gateways that share tokens follows look-ups in Redis, the reader and its gaps, and has no token.

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use EIAM::Gateways;
use EIAM::Redis;
use EIAM::Test;

my $secret_key = EIAM::Gateways::LINE;
my $redis = EIAM::Redis->new;

my ($one, $two) = map { gateway(redis => $redis->address, error_log_level => 'debug')->start } 1, 2;
my %read;

# A line of the module is in the log, after those that were found before.
sub says {
    my ($gate, $pattern, $title) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return ok(until_true(sub {
        my $log = $gate->error_log;
        pos($log) = $read{$gate} // 0;
        return 0 if $log !~ /\[debug\] \d+#\d+: (?:\*\d+ )?eiam $pattern$/mg;
        $read{$gate} = pos $log;
        return 1;
    }), $title) || diag join "\n", grep { /debug.*eiam/ } split /\n/, $gate->error_log;
}

for my $gate ($one, $two) {
    connected($gate);
    says $gate, 'redis reader, lease \d+', '2.2-6: the reader takes the lease';
    says $gate, 'redis reader begins with the first entry', '  and reads the whole stream';
}

my @tokens = map { issue($one) } 1 .. 2;
my @ids = map { substr sha256_hex($_), 0, 16 } @tokens;
says $one, "token $_ is written to redis: yes", '2.2-6: a learned token goes to Redis' for @ids;

is status($two, $tokens[0]), 200, 'the other gateway finds it';
says $two, 'redis look-up: -5, flight \d+', '2.2-6: the other gateway finds the token by a look-up';
says $two, "redis answer for token $ids[0]: 0", '  and its answer';
is status($two, 'Invented-' . 'x' x 20), 401, 'it finds no token that nobody has issued';
says $two, 'redis answer for token [0-9a-f]{16}: -5', '  which the log says';

order($one, revoke => "token=$tokens[0]");
says $one, "revocation of $ids[0] is sent to redis: 0", '2.2-6: a revocation is sent';
says $two, 'redis reader, entries: \d+', '  and read';
is status($two, $tokens[0]), 401, '  and in force';

$redis->cmd('DEL', 'eiam:{rev}');
says $two, 'redis reader begins with the first entry', '2.2-6: after a gap the whole stream is read';

$_->stop for $one, $two;
my $secret = join '|', map { my $digest = sha256_hex($_);
    (quotemeta, substr($digest, 0, 17), substr($digest, 16, 16), substr($digest, 48)) } @tokens;
my $names = join '|', map { m/\{([\w-]{32})\}/ ? $1 : () } @{ $redis->cmd('KEYS', '*') };
isnt $names, '', 'tokens have names in Redis';
for my $gate ($one, $two) {
    # nginx itself writes what it reads, and what it sends
    my @ours = grep { /\beiam\b/ && !/\[debug\] \S+ \*\d+ http (?:request line|args|header|proxy header|script)/ }
        split /\n/, $gate->error_log;
    is_deeply [ grep { /$secret|$names|\Q$secret_key\E/i } @ours ], [],
        '2.2-6: the debug log has no token, no name of a token and no key';
}

done_testing;
