#!/usr/bin/perl
# The link to Redis: a real one, Sentinels, and a scripted one for what no real one answers.

use strict;
use warnings;

use FindBin;
use IO::Socket::INET;
use POSIX ();
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(time);
use EIAM::Redis;
use EIAM::Test;

sub eventually {
    my ($met, $title) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return ok until_true($met), $title;
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
    [ 'prefix=a', 'needs an address, such as "127.0.0.1:6379" or "unix:/run/redis/redis.sock"' ],
    [ 'localhost:70000', '"localhost:70000" is not an address: invalid port' ],
    [ 'unix:', '"unix:" is not an address: no path in the unix domain socket' ],
    [ 'redis://localhost', '"redis://localhost" is a URL: name the address alone' ],
    [ '127.0.0.1 127.0.0.1:6379', '"127.0.0.1:6379" is named twice' ],
    [ 'unix:/a 127.0.0.1 unix:/a', '"unix:/a" is named twice' ],
    [ '127.0.0.1 user=a user=b', '"user" is set twice' ],
    [ '127.0.0.1 pasword=a', 'unknown parameter "pasword=", perhaps "password=" is meant' ],
    [ '127.0.0.1 db=3', 'unknown parameter "db=": there are sentinel, user, password' ],
    [ '127.0.0.1 prefix=', '"prefix" must have 1 to 255 characters' ],
    [ '127.0.0.1 prefix=' . 'x' x 256, '"prefix" must have 1 to 255 characters' ],
    [ '127.0.0.1 "prefix={a}"', 'the prefix "{a}" must have only printable' ],
    [ '127.0.0.1 "prefix=a b"', 'the prefix "a b" must have only printable' ],
    [ '127.0.0.1 user=a', '"user" needs "password"' ],
    [ '127.0.0.1 ssl_name=a', '"ssl_name" needs "ssl"' ],
    [ '127.0.0.1 password=none', "\"$dir/none\" cannot be opened (2: No such file" ],
    [ '127.0.0.1 password=/', '"/" is not a regular file' ],
    [ '127.0.0.1 password=long', "\"$dir/long\" is larger than 4096 bytes" ],
    [ '127.0.0.1 password=empty', "\"$dir/empty\" must have exactly one line, the password" ],
    [ '127.0.0.1 password=words', "\"$dir/words\" must have exactly one line, the password" ],
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
    # the worker that has the lease reads the stream of revocations by another one
    eventually(sub { 3 == grep { $_ eq 'ngx_eiam' } $redis->clients },
        'each of two workers has one connection, and the reader one, with the name of the module');
    $redis->kill9;
    eventually(sub { down($gate) }, 'kill -9 of an idle Redis is noticed');
    $redis->start;
    eventually(sub { up($gate) }, 'it connects again by itself');
    ok $gate->reload, 'it can be reloaded';
    eventually(sub { 3 == grep { $_ eq 'ngx_eiam' } $redis->clients },
        'and the connections of workers that exit are closed');
    $gate->stop;
    is scalar(() = $redis->clients), 0, 'no connection is left open';
}

{
    my $gate = gate('eiam_redis ' . $redis->socket)->start;
    eventually(sub { up($gate) }, 'a unix socket is an address');
}

# ---------------------------------------------------------------- names

# A name server on a port of 127.0.0.1 that knows one name: its addresses stand in a file.
sub name_server {
    my ($name, $file) = @_;
    my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Proto => 'udp') or die $!;
    my $pid = fork() // die $!;
    return ($pid, $socket->sockport) if $pid;
    $SIG{$_} = 'DEFAULT' for qw(INT TERM);
    while (my $from = $socket->recv(my $question, 512)) {
        my ($id, $rest) = unpack 'n x10 a*', $question;
        my @labels = unpack '(C/a)*', $rest =~ s/\0.*//sr;
        my $end = index($rest, "\0") + 5;
        my $type = unpack 'n', substr $rest, $end - 4, 2;
        my @addresses = $type == 1 && join('.', @labels) eq $name ? split ' ', slurp($file) : ();
        $socket->send(pack('n6', $id, 0x8180, 1, scalar @addresses, 0, 0) . substr($rest, 0, $end)
            . join '', map { pack 'n3 N n C4', 0xc00c, 1, 1, 1, 4, split /\./ } @addresses);
    }
    POSIX::_exit(0);
}

{
    my $file = "$dir/addresses";
    my $tell = sub { open my $out, '>', $file or die $!; print {$out} "@_"; close $out or die $! };
    $tell->();
    my ($pid, $port) = name_server('redis.test', $file);
    my $gate = gate('eiam_redis redis.test:' . $redis->port,
        http => "resolver 127.0.0.1:$port valid=1s ipv6=off; resolver_timeout 1s;")->start;
    eventually(sub { $gate->error_log =~ /eiam: Redis at redis\.test:\d+ cannot be reached: its name has no address/ },
        '2.4-1: a name is asked for when it is needed');
    $tell->('127.0.0.9', '127.0.0.1');
    eventually(sub { up($gate) }, 'the gate connects when one of its addresses accepts it');
    unlike $gate->error_log, qr/finds no address/, 'with a resolver this is not reported at the start';
    ok $gate->reload, 'nginx is reloaded while the name has an address';
    eventually(sub { up($gate) }, 'the new workers find the address');
    $gate->stop;
    kill 'KILL', $pid;
    waitpid $pid, 0;
    my $mute = gate('eiam_redis redis.test:' . $redis->port,
        http => "resolver 127.0.0.1:$port valid=1s ipv6=off; resolver_timeout 10m;")->start;
    ok down($mute), 'while no name server answers, Redis is down';
    kill 'QUIT', $mute->{pid};
    eventually(sub { EIAM::Nginx::gone($mute->{pid}, 0.1) }, 'a worker that exits does not wait for the resolver');
}

# ---------------------------------------------------------------- passwords

sub file { my ($name, $text) = @_; return ($name => "$text\n") }

{
    my $secured = EIAM::Redis->new(
        conf => "requirepass admin\nuser gate on >secret-1 ~* &* +\@all", auth => ['admin']);
    my %files = (file(right => 'secret-1'), file(wrong => 'secret-2'), file(admin => 'admin'));
    my @address = ('eiam_redis ' . $secured->address);
    my $gate = gate("@address user=gate password=right", files => \%files)->start;
    eventually(sub { up($gate) }, '2.4-1: a gate connects with a user and a password');

    $secured->cmd('ACL', 'SETUSER', 'gate', 'resetpass', '>other');
    $secured->cmd('CLIENT', 'KILL', 'USER', 'gate');
    eventually(sub { down($gate) && metric($gate, 'connections_total', result => 'denied') },
        'a password that is changed at run time denies the next connection');
    $secured->cmd('ACL', 'SETUSER', 'gate', 'resetpass', '>secret-1');
    eventually(sub { up($gate) }, 'with the right password it connects again');
    like $gate->error_log, qr/\[error\] .*eiam: Redis at \S+ has denied access/, 'and the log says so';
    unlike $gate->error_log, qr/secret-|WRONGPASS|invalid username/, '  but neither the password nor the answer of Redis';

    $secured->cmd('ACL', 'SETUSER', 'gate', '-role');
    $secured->cmd('CLIENT', 'KILL', 'USER', 'gate');
    eventually(sub { down($gate) }, 'a user who may not use ROLE is not connected');
    $secured->cmd('ACL', 'SETUSER', 'gate', '+role', '-client');
    eventually(sub { up($gate) }, 'a user who may not set a name is connected');
    $gate->stop;

    for my $row ([ 'none', '' ], [ 'a wrong one', ' password=wrong' ], [ 'that of another user', ' user=gate password=admin' ]) {
        my ($title, $more) = @$row;
        my $denied = gate("@address$more", files => \%files)->start;
        eventually(sub { metric($denied, 'connections_total', result => 'denied') }, "denied: $title");
        ok down($denied), 'and it is not connected';
    }
    my $default = gate("@address password=admin", files => \%files)->start;
    eventually(sub { up($default) }, 'a password without a user is that of the default user');
}

# ---------------------------------------------------------------- Sentinels

{
    my $master = EIAM::Redis->new;
    my $replica = EIAM::Redis->new(conf => 'replicaof 127.0.0.1 ' . $master->port . "\nrepl-diskless-sync-delay 0");
    my @sentinels = EIAM::Redis::sentinels($master, down_after => 500);

    my $lonely = gate('eiam_redis ' . $replica->address)->start;
    eventually(sub { metric($lonely, 'connections_total', result => 'no_master') },
        '2.4-1: a replica is not used');
    $lonely->stop;

    my $gate = gate('eiam_redis ' . join(' ', map { $_->address } @sentinels) . ' sentinel=eiam')->start;
    eventually(sub { up($gate) }, 'Sentinels name the master');
    my $stranger = gate('eiam_redis ' . $sentinels[0]->address . ' sentinel=other')->start;
    eventually(sub { metric($stranger, 'connections_total', result => 'no_master') },
        'a name that they do not know is no master');
    $stranger->stop;
    my $confused = gate('eiam_redis ' . $sentinels[0]->address)->start;
    eventually(sub { metric($confused, 'connections_total', result => 'no_master') },
        'a Sentinel itself is none');
    $confused->stop;

    eventually(sub { ($replica->info('replication')->{master_link_status} // '') eq 'up' }, 'the replica follows');
    eventually(sub { !ref $sentinels[0]->cmd('SENTINEL', 'ckquorum', 'eiam') }, 'the Sentinels know one another');
    eventually(sub { @{ $sentinels[0]->cmd('SENTINEL', 'replicas', 'eiam') } }, '  and the replica');

    $master->kill9;
    eventually(sub { grep { $_ eq 'ngx_eiam' } $replica->clients }, 'after kill -9 the new master is found');
    eventually(sub { up($gate) }, 'and the gate is connected');

    $master->start;
    # Sentinels that were short of time wait for half a minute before they do anything
    ok until_true(sub { ($master->info('replication')->{role} // '') eq 'slave' }, 180), 'the old one becomes a replica';
    eventually(sub { ($master->info('replication')->{master_link_status} // '') eq 'up' }, 'that follows');
    eventually(sub { $sentinels[1]->cmd('SENTINEL', 'failover', 'eiam') eq 'OK' }, 'a failover is ordered');
    eventually(sub { grep { $_ eq 'ngx_eiam' } $master->clients }, 'and the gate finds the new master');
    eventually(sub { up($gate) }, 'and it is connected');

    $sentinels[0]->freeze;
    $sentinels[1]->kill9;
    $master->cmd('CLIENT', 'KILL', 'TYPE', 'normal');
    eventually(sub { down($gate) || metric($gate, 'connections_total', result => 'lost') >= 2 }, 'a connection is lost');
    eventually(sub { up($gate) }, 'with one Sentinel frozen and one dead the third is asked');
}

# ---------------------------------------------------------------- TLS

sub run { my ($command) = @_; system("$command 2>/dev/null") == 0 or die "failed: $command\n"; return }

# A certificate of an authority, for names; both in files of the directory.
sub authority {
    my ($name) = @_;
    run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30"
        . " -subj /CN=$name -keyout $dir/$name.key -out $dir/$name.pem");
    return "$dir/$name.pem";
}

sub certificate {
    my ($name, $authority, $names, @more) = @_;
    run("openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=redis"
        . " -keyout $dir/$name.key -out $dir/$name.csr");
    open my $out, '>', "$dir/$name.ext" or die $!;
    print {$out} "subjectAltName=$names\n";
    close $out or die $!;
    run(join ' ', @more, "openssl x509 -req -in $dir/$name.csr -CA $dir/$authority.pem"
        . " -CAkey $dir/$authority.key -days 2 -extfile $dir/$name.ext -out $dir/$name.pem");
    return { cert => "$dir/$name.pem", key => "$dir/$name.key", ca => "$dir/$authority.pem" };
}

{
    my $ca = authority('ours');
    my $others = authority('others');
    my $tls = certificate('good', 'ours', 'DNS:redis.test,DNS:localhost,IP:127.0.0.1');
    my $secure = EIAM::Redis->new(tls => $tls);
    my ($address, $port) = ($secure->address, $secure->port);

    my $gate = gate("eiam_redis $address ssl=$ca ssl_name=redis.test")->start;
    eventually(sub { up($gate) }, '2.4-1: a certificate with the configured name is accepted');
    $secure->kill9;
    eventually(sub { down($gate) }, 'kill -9 of Redis with TLS is noticed');
    $secure->start;
    eventually(sub { up($gate) }, 'and it is connected again');
    $gate->stop;

    for my $row (
        [ 'an IP address that it has', "$address ssl=$ca", 1 ],
        [ 'a host that it has', "localhost:$port ssl=$ca", 1 ],
        [ 'another name', "$address ssl=$ca ssl_name=other.test", 0, 'hostname mismatch' ],
        [ 'a part of the name', "$address ssl=$ca ssl_name=redis", 0, 'hostname mismatch' ],
        [ 'another IP address', "$address ssl=$ca ssl_name=127.0.0.2", 0, 'IP address mismatch' ],
        [ 'another authority', "$address ssl=$others", 0, 'self-signed certificate in|unable to get local issuer' ],
        [ 'no TLS', $address, 0 ],
    ) {
        my ($title, $directive, $good, $says) = @$row;
        my $one = gate("eiam_redis $directive")->start;
        eventually(sub { $good ? up($one) : down($one) && ($one->error_log =~ /eiam: Redis at/) },
            ($good ? 'verified: ' : 'not connected: ') . $title);
        like $one->error_log, qr/cannot be verified: .*(?:$says)/, '... and the log says why' if $says;
        my $connected = $good ? 2 : 0;    # of the worker, and of the reader
        eventually(sub { metric($one, 'connections_total', result => 'connected') == $connected },
            '... and only that counts as connected');
    }

    $secure->stop;
    SKIP: {
        skip 'an expired certificate: no faketime', 1 if system('command -v faketime >/dev/null');
        my $old = EIAM::Redis->new(tls => certificate('old', 'ours', 'IP:127.0.0.1', 'faketime -f -9d'));
        my $one = gate('eiam_redis ' . $old->address . " ssl=$ca")->start;
        eventually(sub { $one->error_log =~ /cannot be verified: .*expired/ }, 'an expired certificate is refused');
    }

    my $plain = gate('eiam_redis ' . $redis->address . " ssl=$ca")->start;
    eventually(sub { $plain->error_log =~ /eiam: Redis at/ && down($plain) }, 'a Redis without TLS is refused if "ssl" is set');
}

done_testing;
