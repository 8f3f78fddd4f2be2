#!/usr/bin/perl
# The answers of a token interface are forwarded unchanged: byte for byte, without delay, whoever goes away.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Compress::Gzip qw(gzip);
use JSON::PP ();
use MIME::Base64 qw(encode_base64);
use Socket qw(SOL_SOCKET SO_LINGER SO_RCVBUF);
use Test::More;
use Time::HiRes qw(sleep time);
use EIAM::Http2;
use EIAM::Source;
use EIAM::Test;

use constant DEADLINE => 30;

my $backend = EIAM::Source->new;
my $address = $backend->address;

# Each kind of answer is tested with and without learning, according to the first word of the path.
my %ways = (
    buffered => '',
    direct   => 'proxy_buffering off; proxy_http_version 1.1;',
    file     => 'proxy_buffer_size 4k; proxy_buffers 2 4k; proxy_busy_buffers_size 4k; proxy_http_version 1.1;',
    small    => 'proxy_buffering off; proxy_buffer_size 1k;',
    range    => 'proxy_force_ranges on; proxy_http_version 1.1;',
    changed  => 'sub_filter bearer BEARER; sub_filter_types *; proxy_hide_header X-A; add_header X-B b always;',
);
my @ways = grep { $_ ne 'changed' } sort keys %ways;

my $locations = join '', map {
    my $way = $_;
    map { "location = /$_->[0]/$way { $_->[1] $ways{$way} proxy_pass http://$address; }\n" }
        [ plain => '' ], [ learn => 'eiam_learn on;' ];
} @ways;

my $gate = nginx(
    files => { 'forged.json' => { access_token => 'Forged', token_type => 'bearer', expires_in => 9999, scope => 'all' },
        'policy.json' => policy('/api', 'POST /token' => 'public', 'POST /learn' => 'public', 'GET /any' => [ [] ]) },
    conf => qq{
        eiam_policy %DIR%/policy.json;
        proxy_redirect off;
        client_body_buffer_size 1k;
        proxy_cache_path %DIR%/answers keys_zone=answers:1m;
        server {
            listen 127.0.0.1:%PORT%;
            listen 127.0.0.1:%PORT2% http2;
            $locations
            location = /plain/1.1 { proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://kept; }
            location = /learn/cached {
                eiam_learn on; proxy_cache answers; proxy_cache_methods POST; proxy_cache_valid 200 1s;
                proxy_cache_key \$request_body\$request_id; proxy_pass http://$address;
            }
            location = /learn/sliced {
                eiam_learn on; slice 1k; proxy_set_header Range \$slice_range; proxy_http_version 1.1;
                proxy_pass http://$address;
            }
            location = /learn/away {
                eiam_learn on; proxy_intercept_errors on; error_page 500 =200 /other; error_page 404 =200 \@other;
                proxy_pass http://$address;
            }
            location = /other { root %DIR%; error_page 405 =200 \$uri; try_files /forged.json =404; }
            location \@other { proxy_method GET; rewrite ^ /forged.json break; proxy_pass http://127.0.0.1:%PORT%; }
            location = /forged.json { root %DIR%; }
            location = /learn/1.1 { eiam_learn on; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://kept; }
            location /api/ { eiam on; proxy_pass http://%ECHO%; }
            location = /api/token { eiam on; proxy_pass http://$address; }
            location = /api/learn { eiam on; eiam_learn on; proxy_pass http://$address; }
        }
        upstream kept { server $address; keepalive 4; }
    },
)->start;

# ---- requests

my $basic = 'Authorization: Basic ' . encode_base64('crm:secret', '');
my $type  = 'Content-Type: application/x-www-form-urlencoded';
my $form  = 'grant_type=client_credentials';

sub call {
    my ($path, %opt) = @_;
    my $bytes = request($path, method => 'POST', headers => [ $basic, $type ], body => $form, %opt);
    $bytes =~ s{HTTP/1\.1}{HTTP/$opt{version}} if $opt{version};
    return $bytes;
}

# All bytes until the server closes.
sub bytes_of {
    my ($request, %opt) = @_;
    my $c = connection($gate, %opt);
    $c->send($request);
    $c->closed or die 'nginx does not close: ' . substr $c->{in}, 0, 200;
    return unframed($c->{in});
}

# Without Date, and with one chunk in place of several, as nginx makes a chunk of whatever it has read.
sub unframed {
    my ($bytes) = @_;
    my $text = '';
    while ($bytes =~ /\r\n\r\n/) {
        my $head = substr $bytes, 0, $+[0], '';
        $text .= undated($head);
        my ($length) = $head =~ /^Content-Length: (\d+)/mi;
        $text .= $head =~ /^Transfer-Encoding: chunked/mi ? unchunked(\$bytes) : substr $bytes, 0, $length // 0, '';
        last unless $bytes =~ m{^HTTP/1};
    }
    return $text . $bytes;
}

sub unchunked {
    my ($bytes) = @_;
    my $text = '';
    while ($$bytes =~ s/^([0-9a-f]+)\r\n//) {
        my $size = hex $1;
        return "$text<end>" if $size == 0 && $$bytes =~ s/^\r\n//;
        $text .= substr $$bytes, 0, $size, '';
        $$bytes =~ s/^\r\n// or return "$text<cut>";
    }
    return "$text<cut>";
}

# An answer that is learned from has no ranges, either.
sub undated { return $_[0] =~ s/^(?:Date: [^\r]*|Accept-Ranges: bytes)\r\n//mgr }
sub shorter { return length $_[0] > 600 ? substr($_[0], 0, 600) . '... ' . length($_[0]) . ' bytes' : $_[0] }

my $serial = 0;
sub answer {
    my (%members) = @_;
    return JSON::PP->new->canonical->encode({ access_token => 'Token-' . ++$serial, token_type => 'bearer',
        expires_in => 1799, scope => 'all', %members });
}

sub known { return get($gate, '/api/any', token => "Token-$serial")->{status} == 200 }

# ---- answers of all kinds

my $json = answer();
gzip(\$json, \my $gzip) or die 'gzip';
my $binary = join '', map { chr $_ % 256 } 0 .. 9999;

# A chunked answer as its chunks, with the extensions at their ends.
sub chunks {
    my ($extension, $trailer, @chunks) = @_;
    return { close => 1, raw => "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
        . "Connection: close\r\nTrailer: X-Sum\r\n\r\n" . join('', map { sprintf "%x%s\r\n%s\r\n", length, $extension, $_ } @chunks)
        . "0$extension\r\n$trailer\r\n" };
}

my %answers = (
    'a token' => { body => $json, headers => [ 'Cache-Control: no-store', 'Pragma: no-cache', 'X-A: 1', 'x-a: 2' ] },
    'nothing' => { body => '', type => undef },
    'a 200 without a length, and nothing' => { body => '', until_close => 1, close => 1 },
    'chunks of nothing' => { body => '', chunked => 10 },
    'text' => { body => 'plain', type => 'text/plain' },
    'binary bytes' => { body => $binary, type => 'application/octet-stream' },
    'chunks of 1 byte' => { body => $json, chunked => 1 },
    'chunks of 7 bytes' => { body => $binary, chunked => 7 },
    'chunks of 4095 bytes' => { body => $binary x 9, chunked => 4095 },
    'chunks of any size' => chunks('', '', 'a', 'b' x 5000, "\r\n0\r\n\r\n", $json, 'c' x 70_000, 'd'),
    'chunks with extensions' => chunks(';x="y"', '', $json, $binary),
    'chunks with trailers' => chunks('', "X-Sum: 1\r\nX-Other: 2\r\n", $json),
    '1 MB' => { body => $json, pad => 1 << 20 },
    '1 MB in chunks' => { body => $json, pad => 1 << 20, chunked => 8191 },
    '1 MB without a length' => { body => $json, pad => 1 << 20, until_close => 1, close => 1 },
    'HTTP/1.0' => { raw => "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n$json", end => 'close' },
    'no reason phrase' => { raw => "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\n{}" },
    'a folded Set-Cookie' => { body => $json, headers => [ 'Set-Cookie: a=1; Path=/', 'Set-Cookie: b=2', 'ETag: "x"',
        'Last-Modified: Sat, 01 Jan 2000 00:00:00 GMT', 'Vary: Accept-Encoding', 'Link: </x>', 'Server: x' ] },
    'gzip, though identity was asked for' => { body => $gzip, headers => ['Content-Encoding: gzip'] },
    'gzip in chunks' => { body => $gzip, headers => ['Content-Encoding: gzip'], chunked => 11 },
    'bad JSON' => { body => substr $json, 1 },
    '400 of OAuth' => { status => 400, body => '{"error":"invalid_request","error_description":"x"}',
        headers => ['Cache-Control: no-store'] },
    '401 of OAuth' => { status => 401, body => '{"error":"invalid_client"}',
        headers => [ 'WWW-Authenticate: Basic realm="a", charset="UTF-8"', 'WWW-Authenticate: Bearer' ] },
    '201' => { status => 201, body => $json, headers => ['Location: /x'] },
    '204' => { raw => "HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n" },
    '206' => { status => 206, body => 'abc', headers => ['Content-Range: bytes 0-2/10'] },
    '302' => { status => 302, body => '', headers => ["Location: http://$address/plain/x"] },
    '304' => { raw => "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n" },
    '500' => { status => 500, body => $json },
    '503 with Retry-After' => { status => 503, body => '', headers => ['Retry-After: 7'] },
    'cut off in its length' => { body => $json, length => 5000, end => 'close' },
    'cut off in a chunk' => { body => $binary, chunked => 5000, stop => 7000 },
    'cut off between chunks' => { body => $json, chunked => 5000, last_chunk => 0, end => 'close' },
    'cut off in the head' => { raw => "HTTP/1.1 200 OK\r\nContent-Le", end => 'close' },
    'no HTTP' => { raw => "nonsense\r\n\r\n", end => 'close' },
    'more than its length' => { raw => "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}more", end => 'close' },
    'no answer' => { raw => '', end => 'close' },
    map({ ("$_ bytes" => { body => $json, pad => $_ }, "$_ bytes in chunks" => { body => $json, pad => $_, chunked => 3000 },
        "$_ bytes without a length" => { body => $json, pad => $_, until_close => 1, close => 1 }) } 65_535, 65_536, 65_537),
);

# [ request of the client, its version ]
my %clients = (
    'HTTP/1.1' => sub { call($_[0], close => 1) },
    'HTTP/1.0' => sub { call($_[0], version => '1.0') },
    'no client named' => sub { call($_[0], close => 1, headers => [$type]) },
);

sub same {
    my ($title, $plain, $learn) = @_;
    return ok($plain eq $learn, $title) || diag "without:\n", shorter($plain), "\nwith:\n", shorter($learn);
}

for my $way (@ways, '1.1') {
    subtest "each answer is the same with eiam_learn: $way" => sub {
        for my $title (sort keys %answers) {
            $backend->answer('*' => $answers{$title});
            for my $client (sort keys %clients) {
                my ($plain, $learn) = map { bytes_of($clients{$client}->("/$_/$way")) } qw(plain learn);
                same "$title, $client", $plain, $learn;
            }
        }
    };
}

subtest 'behind the gate' => sub {
    for my $title (sort keys %answers) {
        $backend->answer('*' => $answers{$title});
        my ($plain, $learn) = map { bytes_of(call("/api/$_", close => 1)) } qw(token learn);
        same "behind it: $title", $plain, $learn;
    }
};

# The answer contains an object that the client has chosen, as one with authorization_details (RFC 9396) does.
sub forged {
    my (%opt) = @_;
    my $whole = answer(authorization_details => [ { access_token => 'Forged', token_type => 'bearer', expires_in => 9999,
        scope => 'all', type => 'x' } ], a_pad => 'x' x ($opt{pad} // 0));
    my $from = index($whole, '[{') + 1;
    return ($whole, $from, index($whole, '}]') - $from + 1);
}

subtest '2.1-6: a range of the answer teaches nothing, and the whole of it does' => sub {
    my $partial = "HTTP/1.1 206 Partial Content\r\nContent-Type: application/json\r\nConnection: close\r\n";
    for my $way (qw(range cached)) {
        for my $range ('bytes=%d-%d', 'bytes=0-0,%d-%d', 'bytes=0-9', 'bytes=9999-', 'x') {
            my ($whole, $from, $size) = forged();
            $backend->answer('*' => { body => $whole, headers => ['Accept-Ranges: bytes'] });
            my @range = ('Range: ' . $range =~ s/%d-%d/$from . '-' . ($from + $size - 1)/er, "If-Range: x");
            my $res = get($gate, "/learn/$way", method => 'POST', headers => [ $basic, $type, $range[0] ],
                body => "$form&range=$range");
            is "$res->{status} $res->{body}", "200 $whole", "$way, $range[0]: the answer is whole";
            ok known(), '  the token is learned';
            is get($gate, '/api/any', token => 'Forged')->{status}, 401, '  and nothing within it';
        }
    }
    # slices begin where the client's range begins
    my ($whole, $from, $size) = forged(pad => 1024);
    $whole .= ' ' x (1024 - length($whole) % 1024);
    $from = index($whole, '[{') + 1;
    my $start = $from - $from % 1024;
    my $slice = substr $whole, $start, 1024;
    my ($object) = $slice =~ /(\{"access_token":"Forged".*?\})/;
    $slice = $object . ' ' x (1024 - length $object);
    $backend->answer('*' => { raw => "${partial}Content-Length: 1024\r\nContent-Range: bytes 1024-2047/2048\r\n\r\n$slice",
        close => 1 });
    get($gate, '/learn/sliced', method => 'POST', headers => [ $basic, $type, 'Range: bytes=1024-2047' ], body => $form);
    is get($gate, '/api/any', token => 'Forged')->{status}, 401, 'a slice teaches nothing';
    like $gate->error_log, qr/is not learned: the answer is a part of one/, '  and the log says so';

    # the backend's own 206, with one part or several
    for my $head ("Content-Type: application/json\r\nContent-Range: bytes 5-@{[ 4 + length $object ]}/2048",
        'Content-Type: multipart/byteranges; boundary=x') {
        $backend->answer('*' => { raw => "HTTP/1.1 206 Partial Content\r\n$head\r\nConnection: close\r\nContent-Length: "
            . length($object) . "\r\n\r\n$object", close => 1 });
        is get($gate, '/learn/buffered', method => 'POST', headers => [ $basic, $type, 'Range: bytes=5-' ], body => $form)
            ->{status}, 206, "a 206 of the backend goes on: $head";
        is get($gate, '/api/any', token => 'Forged')->{status}, 401, '  and teaches nothing';
    }
    $backend->answer('*' => { body => $object, headers => ['Content-Range: bytes 5-99/2048'] });
    get($gate, '/learn/buffered', method => 'POST', headers => [ $basic, $type ], body => $form);
    is get($gate, '/api/any', token => 'Forged')->{status}, 401, 'nor does a 200 that says it is a part';
};

subtest '2.1-6: nor does an answer of elsewhere' => sub {
    my ($whole) = forged();
    my %away = (
        'X-Accel-Redirect' => { status => 200, body => $whole, headers => ['X-Accel-Redirect: /other'] },
        'an error page'    => { status => 500, body => $whole },
        'a named location' => { status => 404, body => $whole },
    );
    for my $title (sort keys %away) {
        $backend->answer('*' => $away{$title});
        my $res = get($gate, '/learn/away', method => 'POST', headers => [ $basic, $type ], body => $form);
        like $res->{body}, qr/"Forged"/, "$title: the client gets it";
        is get($gate, '/api/any', token => 'Forged')->{status}, 401, '  it teaches nothing';
    }
};

# ---- connections that last

subtest 'keep-alive and pipelines' => sub {
    for my $title ('a token', 'nothing', 'chunks of 7 bytes', '1 MB', '400 of OAuth', '204', '65537 bytes in chunks') {
        $backend->answer('*' => $answers{$title});
        for my $way (qw(buffered direct 1.1)) {
            my ($plain, $learn) = map {
                bytes_of(call("/$_/$way") x 3 . call("/$_/$way", close => 1))
            } qw(plain learn);
            same "$title, $way: four at once", $plain, $learn;
            next if $title eq '1 MB';
            ($plain, $learn) = map {
                my ($c, $bytes, $path) = (connection($gate), '', "/$_/$way");
                for (1 .. 3) { $c->send(call($path)); my $res = $c->read_response; $bytes .= undated($res->{head}) . $res->{body} }
                $bytes;
            } qw(plain learn);
            same "$title, $way: one after the other", $plain, $learn;
        }
    }
};

# ---- HTTP/2

# Head and body as curl receives them, and how the transfer ended. How much curl has of an answer that is cut off
# depends on timing, without learning, too.
sub by_http2 {
    my ($path) = @_;
    my $url = 'http://127.0.0.1:' . $gate->port(2) . $path;
    open my $out, '-|', 'curl', '-s', '-i', '--http2-prior-knowledge', '--max-time', 20, '-H', $basic, '-d', $form, $url
        or die "curl: $!";
    my $text = do { local $/; <$out> } // '';
    close $out;
    my ($head, $body) = split /(?<=\r\n\r\n)/, $text =~ s/^date: .*\r\n//mr, 2;
    return { head => $head // '', body => $body // '', ended => $? >> 8 };
}

sub same_http2 {
    my ($title, @both) = @_;
    my @compared = map {
        my $whole = $_->{ended} == 0;
        join "\n", $whole || !grep({ $_->{head} eq '' } @both) ? $_->{head} : '', $whole ? $_->{body} : '',
            "ends with $_->{ended}";
    } @both;
    return same $title, @compared;
}

subtest 'HTTP/2' => sub {
    for my $title (sort keys %answers) {
        next if $title =~ /^65|without a length$/;
        $backend->answer('*' => $answers{$title});
        my $way = (qw(buffered direct))[ length($title) % 2 ];
        same_http2 "$title, $way", map { by_http2("/$_/$way") } qw(plain learn);
    }
    my $h2 = EIAM::Http2->new($gate->port(2));
    $backend->answer('*' => { body => answer(), pad => 50_000 });
    my @streams = map { $h2->request('/learn/direct?client_id=crm', method => 'POST') } 1 .. 20;
    my @wrong = grep { $_->{status} != 200 || length $_->{body} != 50_000 } $h2->responses(@streams);
    is scalar @wrong, 0, 'twenty streams at once';
    ok known(), '  which teach';
};

# ---- without delay

# What has been received before the backend sends the rest.
sub arrives {
    my ($c, $length) = @_;
    my $deadline = time + DEADLINE;
    while (length undated($c->{in}) < $length && time < $deadline) { eval { $c->_wait(time + 0.1) } }
    return length undated($c->{in});
}

subtest 'without delay' => sub {
    my $body = answer() . ' ' x 100_000;
    my %held = ('with a length' => { body => $body }, 'in chunks' => { body => $body, chunked => 100 });
    for my $way (qw(direct buffered file small)) {
        for my $title (sort keys %held) {
            my $complete = length $json;
            for my $hold (50, 1000, 40_000) {
                $backend->answer('*' => { %{ $held{$title} }, hold => $hold });
                my ($plain, $learn) = map { connection($gate)->send(call("/$_/$way", close => 1)) } qw(plain learn);
                my $deadline = time + DEADLINE;
                $backend->await(2);
                # 100 of the 106 bytes of the backend's chunks are the body
                my $first = $way eq 'direct' && $hold > 100 ? int 0.9 * ($hold - 600) : 0;
                my $came = arrives($plain, $first);
                do { $first = $came; sleep 0.02; $came = arrives($plain, 0); eval { $plain->_wait(time + 0.02) } }
                    while length undated($plain->{in}) > $first && time < $deadline;
                $first = length undated($plain->{in});
                cmp_ok arrives($learn, $first), '>=', $first, "$way, $title: $first bytes come before the rest of it is sent"
                    or diag shorter($learn->{in});
                ok !known(), '  when nothing is known yet' if $hold < $complete;
                $backend->release;
                same '  and then the rest', map { $_->closed or die 'not closed'; unframed($_->{in}) } $plain, $learn;
                $backend->forget;
            }
        }
    }
    my $token = answer();
    my $head = length "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 80\r\n\r\n";
    $backend->answer('*' => { body => $token, hold => $head + length($token) - 1 });
    my $c = connection($gate)->send(call('/learn/direct'));
    my $deadline = time + DEADLINE;
    eval { $c->_wait(time + 0.1) } until $c->{in} =~ /\r\n\r\n./ || time > $deadline;
    like $c->{in}, qr/"access_token":"Token-$serial"/, 'the client has all of an answer but its last byte';
    ok !known(), '  and its token is unknown';
    $backend->release;
    is $c->read_response->{body}, $token, '  once it has that too';
    ok known(), '  it is known';
};

# ---- clients that do not wait

sub descriptors { my ($pid) = $gate->worker_pids; return scalar(() = glob "/proc/$pid/fd/*") }

sub leave {
    my ($c, $abruptly) = @_;
    setsockopt $c->{sock}, SOL_SOCKET, SO_LINGER, pack 'II', 1, 0 if $abruptly;
    close $c->{sock};
    return;
}

subtest 'clients that go away' => sub {
    my ($worker) = $gate->worker_pids;
    $backend->answer('*' => { body => answer() });
    get($gate, '/learn/buffered', method => 'POST', headers => [$basic]) for 1 .. 2;
    my $quiet = sub { $backend->state->{busy} == 0 };
    ok until_true($quiet), 'before, all is quiet';
    my $before = descriptors();

    my $large = { body => answer(), pad => 300_000, hold => 100_000 };
    my @held = ({ body => answer(), hold => 0 }, { body => answer(), hold => 120 }, { body => answer(), chunked => 9, hold => 150 },
        $large, { %$large, chunked => 5000 });
    for my $n (0 .. 119) {
        my $way = (qw(buffered direct file small))[ $n % 4 ];
        $backend->answer('*' => $held[ $n % @held ])->forget;
        my $c = connection($gate)->send(call("/learn/$way"));
        $backend->await(1);
        # a short answer arrives before its end only if nothing is buffered
        arrives($c, 1) if $n % 3 && $n % @held && ($n % 2 || $n % @held > 2);
        leave($c, $n % 2);
        $backend->release if $n % 7 == 0;
    }
    $backend->release;
    ok until_true(sub { $quiet->() && descriptors() <= $before + 2 }), 'in the midst of the answer: no descriptor is kept'
        or diag descriptors() . ", not $before";

    $backend->answer('*' => { body => answer() })->forget;
    for my $n (0 .. 119) {
        my $path = $n % 2 ? '/learn/buffered' : '/api/learn';
        my $c = connection($gate)->send(request($path, method => 'POST',
            headers => [ $type, 'Content-Length: 5000', $n % 4 ? () : 'Expect: 100-continue' ]));
        $c->send('client_id=crm&x=' . 'y' x (($n % 3) * 1500)) if $n % 3;
        leave($c, $n % 5 == 0);
    }
    ok until_true(sub { descriptors() <= $before + 2 }), 'in the midst of its own body: none is kept either'
        or diag descriptors() . ", not $before";
    is $backend->count, 0, '  and no such call goes to the backend';

    $backend->answer('*' => $large);
    for my $n (0 .. 39) {
        my $h2 = EIAM::Http2->new($gate->port(2));
        my @streams = map { $h2->request('/learn/direct?client_id=crm', method => 'POST', open => $n % 4 == 3) } 1 .. 3;
        $h2->reset($_) for @streams[ 0 .. $n % 3 ];
        close $h2->{sock};
    }
    $backend->release;
    ok until_true(sub { $backend->release; $quiet->() && descriptors() <= $before + 2 }), 'by HTTP/2: none is kept'
        or diag descriptors() . ", not $before";

    for my $n (0 .. 19) {
        $backend->answer('*' => [ map { { body => answer(), hold => 100 } } 1 .. 3 ])->forget;
        my $c = connection($gate)->send(call('/learn/buffered') x 3);
        $backend->await(1);
        leave($c, $n % 2);
        $backend->release;
    }
    ok until_true(sub { $backend->release; $quiet->() && descriptors() <= $before + 2 }), 'with a pipeline: none is kept'
        or diag descriptors() . ", not $before";

    is_deeply [ $gate->worker_pids ], [$worker], 'the worker is the same as before';
    my $token = answer();
    $backend->answer('*' => { body => $token });
    is get($gate, '/learn/buffered', method => 'POST', headers => [$basic])->{body}, $token, 'and still relays';
    ok known(), '  and learns';
};

subtest 'a client that reads slowly' => sub {
    for my $way (qw(buffered direct file)) {
        my $token = answer();
        my $body = $token . ' ' x (20_000 - length $token);
        $backend->answer('*' => { body => $body, chunked => 9000 });
        my $c = connection($gate);
        setsockopt $c->{sock}, SOL_SOCKET, SO_RCVBUF, 2048;
        $c->send(call("/learn/$way", close => 1));
        sleep 0.1;
        is $c->read_response->{body}, $body, "$way: gets all of it";
        ok known(), '  and the token is known';
    }
};

subtest 'many at once' => sub {
    my @all = map {
        my $body = answer();
        [ $body, $serial, connection($gate)->send(request('/learn/buffered', method => 'POST', headers => [$basic, $type],
            body => "token=t$serial")) ] if $backend->answer("t$serial" => { body => $body, delay => 0.05 });
    } 1 .. 100;
    my ($wrong, $unknown) = (0, 0);
    for (@all) {
        my ($body, $n, $c) = @$_;
        $wrong++ if $c->read_response->{body} ne $body;
        $unknown++ if get($gate, '/api/any', token => "Token-$n")->{status} != 200;
    }
    is $wrong, 0, 'each of a hundred clients gets its own answer';
    is $unknown, 0, '  and each token is known';
};

done_testing;
