#!/usr/bin/perl
# The link to Redis: a real one, Sentinels, and a scripted one for what no real one answers.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(sleep time);
use EIAM::Redis;
use EIAM::Test;

use constant DEADLINE => 30;

sub eventually {
    my ($met, $title) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $deadline = time + DEADLINE;
    while (time < $deadline) {
        return pass $title if $met->();
        sleep 0.02;
    }
    return fail $title;
}

# ---------------------------------------------------------------- the directive

my $key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n";
my $directory = nginx(conf => '', files => {
    empty => "", word => "secret\r\n", words => "two\nlines\n", long => 'x' x 4097, key => $key });
my $dir = $directory->dir;
chmod 0600, map { "$dir/$_" } qw(empty word words long);
my $start = slurp("$dir/nginx.conf");

sub checked {
    my ($directive, $zone) = @_;
    my $text = $start =~ s/\}\s*\z/\n$directive;\neiam_redis_key key;\n}\n/r;
    $text =~ s/^\s*eiam_zone .*;/$zone/m if defined $zone;
    $directory->write_file('nginx.conf', $text);
    return $directory->check;
}

for my $row (
    [ 'prefix=a', 'names no address, such as "127.0.0.1:6379" or "unix:/run/redis/redis.sock"' ],
    [ 'localhost:70000', '"localhost:70000" is no address: invalid port' ],
    [ 'unix:', '"unix:" is no address: no path in the unix domain socket' ],
    [ 'redis://localhost', '"redis://localhost" is a URL: name the address alone' ],
    [ '127.0.0.1 127.0.0.1:6379', '"127.0.0.1:6379" is named twice' ],
    [ '127.0.0.1 user=a user=b', '"user" is set twice' ],
    [ '127.0.0.1 pasword=a', '"pasword=" is no parameter, perhaps "password=" is meant' ],
    [ '127.0.0.1 db=3', '"db=" is no parameter: there are sentinel, user, password' ],
    [ '127.0.0.1 prefix=', '"prefix" must have 1 to 255 characters' ],
    [ '127.0.0.1 prefix=' . 'x' x 256, '"prefix" must have 1 to 255 characters' ],
    [ '127.0.0.1 "prefix={a}"', 'the prefix "{a}" must have only printable' ],
    [ '127.0.0.1 "prefix=a b"', 'the prefix "a b" must have only printable' ],
    [ '127.0.0.1 user=a', '"user" needs "password"' ],
    [ '127.0.0.1 ssl_name=a', '"ssl_name" needs "ssl"' ],
    [ '127.0.0.1 password=none', "\"$dir/none\" cannot be opened (2: No such file" ],
    [ '127.0.0.1 password=/', '"/" is not a regular file' ],
    [ '127.0.0.1 password=long', "\"$dir/long\" is larger than 4096 bytes" ],
    [ '127.0.0.1 password=empty', "\"$dir/empty\" must have one line, the password" ],
    [ '127.0.0.1 password=words', "\"$dir/words\" must have one line, the password" ],
) {
    my ($parameters, $says) = @$row;
    my ($code, $text) = checked("eiam_redis $parameters");
    ok $code == 1 && $text =~ /\[emerg\] .*eiam_redis: \Q$says\E/, "refused: $parameters" or diag $text;
}

for my $row (
    [ '127.0.0.1 password=word' ], [ '[::1]:6379 localhost unix:/a=b' ], [ 'off' ],
    [ '127.0.0.1 user=a password=word prefix=b:' ],
    [ '192.0.2.1', '"eiam_redis" sends to "192.0.2.1:6379" without TLS: set "ssl"' ],
    [ '[2001:db8::1]:7', '"eiam_redis" sends to "[2001:db8::1]:7" without TLS: set "ssl"' ],
    [ 'host.invalid', '"eiam_redis" finds no address of "host.invalid:6379"' ],
) {
    my ($parameters, $warns) = @$row;
    my ($code, $text) = checked("eiam_redis $parameters");
    my ($warnings) = join ' ', grep { /\[warn\]/ } split /\n/, $text;
    ok $code == 0 && (defined $warns ? $warnings =~ /\Q$warns\E/ : $warnings eq ''), "accepted: $parameters"
        or diag $text;
}

chmod 0644, "$dir/word";
like join('', checked('eiam_redis 127.0.0.1 password=word')),
    qr/\[warn\] .*everybody on this machine may read the password in "\Q$dir\E\/word"/,
    'a password that everybody may read is a warning';
like join('', checked('eiam_redis 127.0.0.1', '')), qr/\[emerg\] .*"eiam_redis" needs "eiam_zone"/,
    'without a zone it is refused';

# A gate, and what it counts: metric(gate, name, labels) is undef if there is no such sample.
sub gate {
    my ($directive, %opt) = @_;
    return nginx(
        http => "$directive; eiam_redis_key key;" . ($opt{http} // ''), server => 'location /status/ { eiam_status; }',
        workers => $opt{workers} // 1, files => { key => $key, %{ $opt{files} // {} } });
}

sub metric {
    my ($gate, $name, %labels) = @_;
    my $labels = join ',', map { "$_=\"$labels{$_}\"" } sort keys %labels;
    my $sample = 'eiam_redis_' . $name . ($labels ? "{$labels}" : '');
    return get($gate, '/status/metrics')->{body} =~ /^\Q$sample\E (\S+)$/m ? $1 : undef;
}

sub up   { return (metric($_[0], 'up') // '') eq '1' }
sub down { return (metric($_[0], 'up') // '') eq '0' }

my $redis = EIAM::Redis->new;

{
    my $gate = gate('eiam_redis ' . $redis->address, workers => 2)->start;
    eventually(sub { up($gate) }, '2.4-1: a gate connects to Redis');
    eventually(sub { 2 == grep { $_ eq 'ngx_eiam' } $redis->clients },
        'each worker has one connection, with the name of the module');
    $redis->kill9;
    eventually(sub { down($gate) }, 'kill -9 of an idle Redis is noticed');
    $redis->start;
    my $began = time;
    eventually(sub { up($gate) }, 'it connects again by itself');
    cmp_ok time - $began, '<', 20, '... soon';
    ok $gate->reload, 'it can be reloaded';
    eventually(sub { 2 == grep { $_ eq 'ngx_eiam' } $redis->clients },
        'and the connections of workers that exit are closed');
    $gate->stop;
    is scalar(() = $redis->clients), 0, 'none is left behind';
}

{
    my $gate = gate('eiam_redis ' . $redis->socket)->start;
    eventually(sub { up($gate) }, 'a unix socket is an address');
}

done_testing;
