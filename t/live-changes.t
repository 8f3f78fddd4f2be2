#!/usr/bin/perl
# Changes of the applications file while calls are under way: one call has one version of the file, and what no call
# needs any longer is freed. With EIAM_EVERY=1 a thousand changes.

use strict;
use warnings;

use Cwd qw(abs_path);
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);
use EIAM::Source;
use EIAM::Test;
use EIAM::WebSocket;

use constant { DEADLINE => 60, CHANGES => $ENV{EIAM_EVERY} ? 1000 : 12, OPEN => 8, MANY => 2000,
    DOWNLOAD => 300_000 };

my $json      = JSON::PP->new->canonical;
my $websocket = EIAM::WebSocket->new;
my $slow      = EIAM::Source->new('*' => { body => 'd' x DOWNLOAD, hold => DOWNLOAD / 3 });

my @crm = (permissions => [qw(user_read user_write)], tokens => ['crm']);

sub text { return $json->encode(applications(@_)) }

my %files = (
    'policy.json' => policy('/api', 'GET /users' => ['user_read'], 'PUT /users' => ['user_write'], 'GET /live' => ['user_read'],
        'GET /download' => ['user_read']),
    'apps.json' => text({ id => 'crm', @crm }),
);

sub gate {
    my ($file, %opt) = @_;
    return nginx(workers => 1, error_log_level => 'notice', files => \%files, conf => qq{
        limit_req_zone \$server_port zone=slow:64k rate=1r/s;
        server {
            listen 127.0.0.1:%PORT%;
            eiam_policy policy.json;
            eiam_applications $file;
            # a thousand changes take longer than nginx waits for an upload or a WebSocket
            client_body_timeout 1h;
            proxy_read_timeout 1h;
            location /api/ { eiam on; proxy_pass http://%ECHO%; }
            location /api/live { eiam on; proxy_http_version 1.1; proxy_set_header Upgrade \$http_upgrade;
                proxy_set_header Connection upgrade; proxy_pass http://@{[ $websocket->address ]}; }
            location /api/download { eiam on; proxy_pass http://@{[ $slow->address ]}; }
            location /later/ { eiam on; rewrite ^/later/(.*) /api/\$1 break; limit_req zone=slow burst=5; proxy_pass http://%ECHO%; }
            location /status/ { eiam_status; }
        }
    }, %opt);
}

sub replace {
    my ($file, $text) = @_;
    open my $out, '>', "$file.new" or die "$file.new: $!";
    print {$out} $text;
    close $out or die "$file.new: $!";
    return rename "$file.new", $file;
}

sub overwrite {
    my ($file, $text) = @_;
    open my $out, '+<', $file or die "$file: $!";
    truncate $out, 0;
    print {$out} $text;
    return close $out;
}

# Waits until a call with the token is answered so.
sub in_force {
    my ($gate, $token, $status, $title) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($until, $got) = time + DEADLINE;
    do { $got = get($gate, '/api/users', token => $token)->{status}; sleep 0.03 if $got != $status }
        until $got == $status || time > $until;
    return $title ? is $got, $status, $title : $got == $status;
}

# Bytes of the worker that belong to no file.
sub memory {
    my ($gate) = @_;
    return 1024 * (EIAM::Nginx::slurp('/proc/' . ($gate->worker_pids)[0] . '/status') =~ /^RssAnon:\s+(\d+)/m)[0];
}

# A process that calls all the time; what it found wrong.
sub load {
    my ($gate, @tokens) = @_;
    my $pid = open(my $out, '-|') // die "fork: $!";
    return sub { kill 'TERM', $pid; my $said = join '', <$out>; close $out; return $said } if $pid;
    my ($end, $calls, %wrong) = (0, 0);
    local $SIG{TERM} = sub { $end = 1 };
    while (!$end) {
        my $status = eval { get($gate, '/api/users', token => $tokens[ $calls++ % @tokens ])->{status} } // "no answer: $@";
        $wrong{$status}++ if $status ne '200';
        sleep 0.003;
    }
    syswrite STDOUT, join ' ', "calls $calls", map { "$_: $wrong{$_}" } sort keys %wrong;
    POSIX::_exit(0);
}

sub many {
    my ($n) = @_;
    my @all = map { { id => "app-$_", permissions => ['user_read'], objects => { app => [ map { "object-$_" } 1 .. 10 ] } } } 1 .. MANY;
    return text({ id => 'crm', @crm }, { id => "v$n", permissions => ['user_read'], tokens => ["v$n"] }, @all);
}

sub web_socket {
    my ($gate) = @_;
    my $c = connection($gate);
    $c->send(request('/api/live', token => 'crm', headers => [ 'Connection: Upgrade', 'Upgrade: websocket',
        'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' ]));
    my $until = time + DEADLINE;
    while ($c->{in} !~ /\r\n\r\n/ && !$c->{eof} && time < $until) { $c->_wait($until) }
    $c->{in} =~ s{\AHTTP/1\.1 101 .*?\r\n\r\n}{}s or die "no WebSocket: $c->{in}\n";
    return $c;
}

sub echoes {
    my ($c, $word) = @_;
    $c->send(EIAM::WebSocket::frame($word, 'mask'));
    my $until = time + DEADLINE;
    while (length $c->{in} < 2 + length $word && !$c->{eof} && time < $until) { $c->_wait($until) }
    return substr($c->{in}, 0, 2 + length $word, '') eq EIAM::WebSocket::frame($word);
}

subtest '2.7-1: ' . CHANGES . ' changes under load: what no call needs is freed' => sub {
    my $gate = gate('apps.json')->start;
    my $file = $gate->dir . '/apps.json';
    my $said = load($gate, 'crm');
    my (@open, %at, $missed);
    for my $n (1 .. CHANGES) {
        if ($n <= OPEN) {    # of each of these versions a WebSocket remains, an upload and a download
            my $upload = connection($gate, timeout => DEADLINE);
            $upload->send(request('/api/users', method => 'PUT', token => 'crm', headers => ['Content-Length: 20000']) . 'a' x 10_000);
            my $download = connection($gate, timeout => DEADLINE);
            $download->send(request('/api/download', token => 'crm'));
            $slow->await($n);
            push @open, [ web_socket($gate), $upload, $download ];
        }
        replace($file, many($n));
        in_force($gate, "v$n", 200) or $missed .= " $n";
        $at{$n} = memory($gate) if $n == 5 || $n == CHANGES;
    }
    is $missed // 'none', 'none', 'each is in force';
    my $growth = ($at{+CHANGES} - $at{5}) / (CHANGES - 5);
    note sprintf 'the worker has %d kB after 5 changes, and %d after all', map { $at{$_} / 1024 } 5, CHANGES;
    cmp_ok $growth, '<', 100_000, 'the worker does not grow with them' unless $ENV{EIAM_ASAN};
    like $said->(), qr/\Acalls \d+\z/, 'and meanwhile every call was served';
    is scalar(grep { echoes($_->[0], 'still here') } @open), OPEN, 'WebSockets stay open';
    for (@open) { $_->[1]->send('b' x 10_000) }
    is join(' ', map { $_->[1]->read_response->{status} } @open), join(' ', (200) x OPEN), 'uploads come to their end';
    replace($file, text({ id => 'crm', @crm, enabled => 0 }));
    in_force($gate, 'crm', 403, 'who is disabled is refused');
    ok echoes($open[0][0], 'and still'), 'what was decided stays so';
    $slow->release;
    my @got = map { $_->[2]->read_response } @open;
    is join(' ', map { $_->{status} . ' ' . length $_->{body} } @got), join(' ', ('200 ' . DOWNLOAD) x OPEN),
        'downloads of many versions come to their end';
    my ($request) = $slow->requests;
    is join(',', map { $_->[1] } grep { lc $_->[0] eq 'x-eiam-scopes' } @{ $request->{headers} }), 'user_read user_write',
        '  each decided as a whole';
    is get($gate, '/api/download', token => 'crm')->{status}, 403, '  but none begins';
    @open = ();    # else nginx would wait for them
    $gate->stop;
};

subtest '2.7-1: a call that waits is decided by the version of the file that was in force when it came' => sub {
    my $gate = gate('apps.json')->start;
    my $file = $gate->dir . '/apps.json';
    my @waiting = map { my $c = connection($gate, timeout => DEADLINE); $c->send(request('/later/users', token => 'crm')) } 0 .. 5;
    is $waiting[0]->read_response->{status}, 200, 'the first of several is served at once';
    replace($file, text({ id => 'crm', @crm, permissions => [] }));
    in_force($gate, 'crm', 403, 'a permission is removed while others wait');
    my @got = map { $_->read_response } @waiting[ 1 .. 5 ];
    is join(' ', map { $_->{status} } @got), '200 200 200 200 200', 'these are decided by what was in force';
    is join(',', received($got[-1], 'X-EIAM-Scopes')), 'user_read user_write', 'as a whole';
    is get($gate, '/api/users', token => 'crm')->{status}, 403, 'but none that comes now';
    $gate->stop;
};

subtest '2.7-1: half a file is never in force, wherever it is cut' => sub {
    my $gate = gate('apps.json')->start;
    my $file = $gate->dir . '/apps.json';
    my $old = text({ id => 'crm', @crm });
    my $new = text({ id => 'crm', @crm, enabled => 0 });
    my $said = load($gate, 'crm');
    for my $length (0 .. length($new) - 1) { overwrite($file, substr $new, 0, $length); sleep 0.02 }
    overwrite($file, $old);
    like $said->(), qr/\Acalls \d+\z/, 'it is never in force';
    overwrite($file, $new);
    in_force($gate, 'crm', 403, 'until it is whole');
    $gate->stop;
};

subtest '2.7-1: a file is read again even if it looks like the one before' => sub {
    my $gate = gate('apps.json')->start;
    my $file = $gate->dir . '/apps.json';
    my ($yes, $no) = map { text({ id => 'crm', permissions => [$_], tokens => ['crm'] }) } qw(user_read user_reed);
    is length $no, length $yes, 'they have as many bytes';
    replace($file, $yes);
    in_force($gate, 'crm', 200, 'a good one');
    for my $way (qw(replaced written)) {
        my @times = (stat $file)[ 8, 9 ];
        $way eq 'replaced' ? replace($file, $no) : overwrite($file, $no);
        utime @times, $file or die $!;
        in_force($gate, 'crm', 403, "$way, and the times set back");
        $way eq 'replaced' ? replace($file, $yes) : overwrite($file, $yes);
        utime 0, 0, $file or die $!;
        in_force($gate, 'crm', 200, "$way, and the times those of 1970");
    }
    replace("$file.other", $no);
    utime 1e9, 1e9, $file, "$file.other";
    for my $turn (1 .. 2) {    # to and fro, each with the same time and size
        rename $file, "$file.old" or die $!;
        rename "$file.other", $file or die $!;
        in_force($gate, 'crm', 403, 'renamed to it');
        rename $file, "$file.other" or die $!;
        rename "$file.old", $file or die $!;
        in_force($gate, 'crm', 200, 'and from it');
    }
    utime time + 86_400, time + 86_400, $file;
    overwrite($file, $no);
    utime time + 86_400, time + 86_400, $file;
    in_force($gate, 'crm', 403, 'with the time of tomorrow');
    $gate->stop;
};

subtest '2.7-1: a change is seen in a file that is mounted, alone or with its folder' => sub {
    my $gate = gate('mounted/apps.json', files => { %files, 'mounted/apps.json' => text(), 'volume/apps.json' => $files{'apps.json'},
        'single.json' => $files{'apps.json'} });
    my $dir = $gate->dir;
    my $nginx = ($gate->_command)[0];
    plan skip_all => 'no mounts can be made here' if system "unshare -m mount --bind $dir/volume $dir/mounted 2>/dev/null";
    for my $case ([ 'a file' => 'single.json', 'mounted/apps.json' ], [ 'its folder' => 'volume', 'mounted' ]) {
        my ($what, $source, $target) = @$case;
        $gate->write_file('nginx-mounted', "#!/bin/sh\nmount --bind $dir/$source $dir/$target || exit 1\nexec $nginx \"\$@\"\n");
        $gate->write_file('start', "#!/bin/sh\nexec unshare -m $dir/nginx-mounted \"\$@\"\n");
        chmod 0755, "$dir/nginx-mounted", "$dir/start";
        local $ENV{EIAM_NGINX} = "$dir/start";
        $gate->start;
        my $file = -d "$dir/$source" ? "$dir/$source/apps.json" : "$dir/$source";
        in_force($gate, 'crm', 200, "$what is mounted");
        overwrite($file, text({ id => 'crm', @crm, enabled => 0 }));
        in_force($gate, 'crm', 403, '  written in place');
        overwrite($file, text({ id => 'crm', @crm }));
        in_force($gate, 'crm', 200, '  and again');
        replace($file, text({ id => 'crm', @crm, enabled => 0 }));
        if ($what eq 'a file') {
            sleep 1.5;    # the mount still has the file that was replaced: the kernel's own rule
            in_force($gate, 'crm', 200, '  replaced: it still has what it had');
            unlike $gate->error_log, qr/stays as it was/, '  and that is no fault';
        } else {
            in_force($gate, 'crm', 403, '  replaced');
        }
        $gate->stop;
    }
};

done_testing;
