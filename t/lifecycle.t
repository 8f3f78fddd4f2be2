#!/usr/bin/perl
# What comes and goes while nginx runs: reloads, refused ones too, workers that are killed or exit, servers and
# sources that are added, and subrequests that nobody waits for any longer.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Socket::INET;
use JSON::PP ();
use Socket qw(PF_INET SOCK_STREAM INADDR_LOOPBACK pack_sockaddr_in unpack_sockaddr_in);
use Test::More;
use Time::HiRes qw(sleep time);
use EIAM::Source;
use EIAM::Test;

use constant { DEADLINE => 20, RELOADS => 60, LOCATIONS => 10 };

sub active { return { json => { active => JSON::PP::true, client_id => 'crm', scope => 'user_read' }, @_ } }

my ($source, $issuer) = map { EIAM::Source->new } 1, 2;
my @places = (qw(users named narrow deaf), map { "at$_" } 1 .. LOCATIONS);
my %files  = ('policy.json' => policy('/api', map { ("GET /$_" => ['user_read']) } @places));

# What most servers here contain: calls, their source, and the token interface.
my $common = qq{
    eiam_introspection /introspect;
    location = /introspect { internal; proxy_pass http://@{[ $source->address ]}; }
    location /api/ { eiam on; proxy_pass http://%ECHO%; }
    location = /token { eiam_learn on; proxy_pass http://@{[ $issuer->address ]}; }
};

my $serial = 0;
sub fresh {
    my (@behaviour) = @_;
    my $token = 'token-' . ++$serial;
    $source->answer($token => @behaviour ? [@behaviour] : active());
    return $token;
}

# The status, or why there is none.
sub status {
    my ($gate, $target, %opt) = @_;
    my $res = eval { get($gate, $target, timeout => DEADLINE, %opt) };
    return $res ? $res->{status} : $@;
}

# A token that the server has learned, and that its source does not know.
sub learned {
    my ($gate, %opt) = @_;
    my $token = 'issued-' . ++$serial;
    my @headers = ('Content-Type: application/x-www-form-urlencoded', @{ delete $opt{headers} // [] });
    $issuer->answer('*' => { json => { access_token => $token, token_type => 'bearer', expires_in => 1799,
        scope => 'user_read' } });
    my $status = status($gate, '/token', method => 'POST', headers => \@headers,
        body => 'client_id=crm&client_secret=secret', %opt);
    die "no token was issued: $status\n" if $status ne '200';
    return $token;
}

sub statuses {
    return join ' ', map { (eval { $_->read_response } // {})->{status} // 'none' } @_;
}

# Whether the process has ended, whether it has been reaped or not.
sub is_gone { return (slurp("/proc/$_[0]/stat") // ') Z') =~ /\) Z/ }

# Edits the configuration, in $_.
sub change {
    my ($gate, $edit) = @_;
    my $old = slurp($gate->dir . '/nginx.conf');
    local $_ = $old;
    $edit->();
    die "nothing changed\n" if $_ eq $old;
    $gate->write_file('nginx.conf', $_);
    return $old;
}

# Kills all workers, and waits until the master has started others.
sub respawned {
    my ($gate) = @_;
    my %old = map { ($_ => 1) } $gate->worker_pids;
    $gate->expect(qr/exited on signal 9/);
    kill 'KILL', keys %old;
    return until_true(sub { my @now = $gate->worker_pids; @now == keys %old && !grep { $old{$_} } @now });
}

# ---------------------------------------------------------------- a refused reload

$files{'www/lines.txt'} = join '', map { sprintf "line %05d\n", $_ } 1 .. 20_000;
my $replaced = $files{'www/lines.txt'} =~ s/line/this is the line/gr;

my $static = q{
    location /www/ { root %DIR%; }
    location /replaced/ {
        alias %DIR%/www/;
        sub_filter_types *; sub_filter_once off; sub_filter line 'this is the line';
    }
};

# What nginx's own filters do with a file; nothing may follow the answer.
sub static_is_right {
    my ($gate) = @_;
    for my $row (
        [ 'a static file is whole', '/www/lines.txt', 200, $files{'www/lines.txt'} ],
        [ 'a range of it is exactly that', '/www/lines.txt', 206, "line 00002\n", 'Range: bytes=11-21' ],
        [ 'an answer of sub_filter is whole', '/replaced/lines.txt', 200, $replaced ],
    ) {
        my ($title, $target, $status, $body, @headers) = @$row;
        my $c = connection($gate, timeout => DEADLINE);
        $c->send(request($target, headers => \@headers, close => 1));
        my $res = eval { $c->read_response } // { status => "no answer $@", body => '' };
        ok $res->{status} eq $status && $res->{body} eq $body && $c->closed && $c->{in} eq '', "  $title"
            or diag "$res->{status}, ", length $res->{body}, ' bytes and then ', length $c->{in};
    }
    return;
}

sub gate_is_right {
    my ($gate) = @_;
    is status($gate, '/api/users', token => fresh()), 200, '  a call passes the gate';
    is status($gate, '/api/users', token => 'invented'), 401, '  another one does not';
    is status($gate, '/api/users', token => learned($gate)), 200, '  a token is learned';
    is status($gate, '/api/users', token => fresh({ %{ active() }, pad => 1_000_000 })), 503,
        '  an answer that is too large is none';
    is status($gate, '/api/users', token => fresh({ %{ active() }, length => 9999, close => 1 })), 503,
        '  nor is one that is cut off';
    return;
}

# Ways to make a configuration with a gate wrong; nginx notices some of them later than others.
my %mistakes = (
    'an unknown directive' => [ 'eiam_unknown on;', 'unknown directive "eiam_unknown"' ],
    'an unknown variable'  => [ 'add_header X-Unknown $eiam_unknown;', 'unknown "eiam_unknown" variable' ],
    'an introspection location that is not internal' => [
        'location = /open { return 200; } location = /api/open { eiam on; eiam_introspection /open; }',
        '"eiam_introspection /open": the location must be "internal"' ],
);

sub is_refused {
    my ($gate, $title, $says) = @_;
    ok !$gate->reload, "$title: the reload is refused";
    like $gate->error_log, qr/\[emerg\] .*\Q$says\E/, '  and the log says why';
    return;
}

subtest 'a reload that is refused' => sub {
    my $gate = nginx(files => \%files, http => 'eiam_policy %DIR%/policy.json; eiam_introspection_circuit 0;',
        server => $common . $static)->start;
    static_is_right($gate);
    for my $title (sort keys %mistakes) {
        my ($mistake, $says) = @{ $mistakes{$title} };
        my $good = change($gate, sub { s/(listen [^;]+;)/$1 $mistake/ });
        is_refused($gate, $title, $says);
        gate_is_right($gate);
        ok respawned($gate), 'the worker is killed, and there is another one';
        static_is_right($gate);
        gate_is_right($gate);
        $gate->write_file('nginx.conf', $good);
    }
    ok $gate->reload, 'a good one is taken over';
    static_is_right($gate);
    gate_is_right($gate);
    $gate->stop;
};

subtest 'a reload that is refused, the first one with the module' => sub {
    my $module = EIAM::Nginx::module_path();
    plan skip_all => 'the module is linked into this nginx, so it cannot be loaded later' if $module eq '';
    for my $title (sort keys %mistakes) {
        my ($mistake, $says) = @{ $mistakes{$title} };
        my $gate = nginx(module => 0, workers => 1, files => \%files, server => $static)->start;
        static_is_right($gate);
        change($gate, sub {
            $_ = "load_module $module;\n$_";
            s/^http \{/http { eiam_zone eiam 1m; eiam_introspection_circuit 0;/m;
            s/(listen [^;]+;)/$1 eiam_policy %DIR%\/policy.json; $common $mistake/;
        });
        is_refused($gate, $title, $says);
        static_is_right($gate);
        for my $time ('a first', 'a second') {
            ok respawned($gate), "the worker is killed $time time, and there is another one";
            static_is_right($gate);
        }
        my @workers = $gate->worker_pids;
        is_refused($gate, 'once more', $says);
        static_is_right($gate);
        is "@{[ $gate->worker_pids ]}", "@workers", '  and the worker lives';
        change($gate, sub { s/\Q$mistake\E// });
        ok $gate->reload, 'without the mistake it is taken over';
        static_is_right($gate);
        gate_is_right($gate);
        $gate->stop;
    }
};

# ---------------------------------------------------------------- servers that are alike

subtest 'servers that are alike share no tokens' => sub {
    my $second = EIAM::Source->new;
    my $of_second = $common =~ s/\Q@{[ $source->address ]}\E/$second->address/er;
    for my $row (
        [ 'one address, the same first name', '', 'server_name _ a.example;', 'server_name _ b.example;' ],
        [ 'one address, one name empty', '', 'server_name "" a.example;', 'server_name b.example "";' ],
        [ 'two addresses, the same names', 2, ('server_name a.example b.example;') x 2 ],
        [ 'two addresses, no names', 2, '', '' ],
        [ 'one address, the same names, one the default', '', ('server_name a.example;') x 2, 'default_server' ],
        [ 'a name and a regex of the same text', '', 'server_name a.example;', 'server_name ~a.example ~b.example;' ],
        [ 'names with a space in them', '', 'server_name "b.example c.example" a.example;',
            'server_name a.example "b.example" c.example;' ],
    ) {
        my ($title, $port, @names) = @$row;
        my $default = @names > 2 ? pop @names : '';
        my $gate = nginx(files => \%files, conf => qq{
            eiam_policy %DIR%/policy.json;
            server { listen 127.0.0.1:%PORT%; $names[0] $common }
            server { listen 127.0.0.1:%PORT$port% $default; $names[1] $of_second }
        })->start;
        my @first = (headers => ['Host: a.example']);
        my @other = (headers => ['Host: b.example'], port => $gate->port($port || 1));
        my ($asked, $again) = (fresh(), fresh());
        is status($gate, '/api/users', token => $asked, @first), 200, "$title: introspected by the first";
        is status($gate, '/api/users', token => $asked, @other), 401, '  and unknown to the other';
        is status($gate, '/api/users', token => $again, @other), 401, '  unknown to the other';
        is status($gate, '/api/users', token => $again, @first), 200, '  and introspected by the first';
        my ($taught, $by_other) = (learned($gate, @first), learned($gate, @other));
        is status($gate, '/api/users', token => $taught, @first), 200, '  learned by the first';
        is status($gate, '/api/users', token => $taught, @other), 401, '  and unknown to the other';
        is status($gate, '/api/users', token => $by_other, @other), 200, '  learned by the other';
        is status($gate, '/api/users', token => $by_other, @first), 401, '  and unknown to the first';
        ok $gate->reload, '  a reload';
        is status($gate, '/api/users', token => $taught, @first), 200, '  the first still knows it';
        is status($gate, '/api/users', token => $taught, @other), 401, '  and the other does not';
        $gate->stop;
    }
};

subtest 'learned tokens and other servers' => sub {
    my $gate = nginx(files => \%files, conf => qq{
        eiam_policy %DIR%/policy.json;
        server { listen 127.0.0.1:%PORT%; server_name api.example api; $common }
    })->start;
    my $port = $gate->port;
    my $unrelated = 'server { listen 127.0.0.1:%PORT2%; server_name unrelated; return 204; }';
    my $token = learned($gate);
    is status($gate, '/api/users', token => $token), 200, 'a token is learned';
    for my $row (
        [ 200, 'a server on another port ahead of it', sub { s/(?=server \{)/$unrelated / } ],
        [ 200, 'one on its own port, with another name', sub { s/:\d+;(?= server_name unrelated)/:$port;/ } ],
        [ 200, 'another listen', sub { s/(?= server_name api)/ listen 127.0.0.1:%PORT3%;/ } ],
        [ 200, 'the names in another order', sub { s/api.example api;/api api.example;/ } ],
        [ 401, 'one name more', sub { s/api api.example;/api api.example www.example;/ } ],
        [ 200, 'the names as they were', sub { s/ www.example;/;/ } ],
        [ 401, 'another name', sub { s/api api.example;/api other.example;/ } ],
    ) {
        my ($status, $title, $edit) = @$row;
        change($gate, $edit);
        ok $gate->reload, "a reload: $title";
        is status($gate, '/api/users', token => $token, headers => ['Host: api']), $status,
            $status == 200 ? '  it is known' : '  it is not';
    }
    $gate->stop;
};

# ---------------------------------------------------------------- subrequests without an end

# A socket that listens, but accepts no further connection; the connections that fill it have to stay open.
sub unaccepting {
    my @open;
    socket my $listen, PF_INET, SOCK_STREAM, 0 or die "socket: $!";
    bind $listen, pack_sockaddr_in(free_port(), INADDR_LOOPBACK) or die "bind: $!";
    listen $listen, 0 or die "listen: $!";
    my $name = getsockname $listen;
    for (1 .. 20) {
        socket my $sock, PF_INET, SOCK_STREAM, 0 or die "socket: $!";
        $sock->blocking(0);
        connect $sock, $name;
        push @open, $sock;
        vec(my $writable = '', fileno $sock, 1) = 1;
        next if select undef, $writable, undef, 0.2;
        return ('127.0.0.1:' . (unpack_sockaddr_in($name))[0], $listen, @open);
    }
    die "a listening socket takes any number of connections\n";
}

subtest 'eiam_introspection_timeout ends the whole subrequest' => sub {
    my $mute = IO::Socket::INET->new(Proto => 'udp', LocalAddr => '127.0.0.1:0') or die "no UDP port: $@";
    my @deaf = map { [ unaccepting() ] } 1 .. 3;
    my $gate = nginx(files => \%files,
        http => 'upstream deaf { ' . join(' ', map { "server $_->[0] max_fails=0;" } @deaf) . ' }',
        server => qq{
            eiam_policy %DIR%/policy.json;
            eiam_introspection_timeout 300ms;
            eiam_introspection_circuit 0;
            proxy_connect_timeout 60s;
            location = /api/named { eiam on; eiam_introspection /ask-named; proxy_pass http://%ECHO%; }
            location = /api/deaf { eiam on; eiam_introspection /ask-deaf; proxy_pass http://%ECHO%; }
            location = /ask-named {
                internal;
                resolver 127.0.0.1:@{[ $mute->sockport ]};
                resolver_timeout 60s;
                set \$name \$request_id.example;
                proxy_pass http://\$name;
            }
            location = /ask-deaf { internal; proxy_pass http://deaf; }
            location = /plain { return 200 plain; }
        })->start;

    for my $row ([ named => 'a name server that does not answer' ],
        [ deaf => 'three servers that take no connection' ])
    {
        my ($place, $title) = @$row;
        my $c = connection($gate, timeout => DEADLINE);
        for my $n (1, 2) {
            my $res = eval { $c->send(request("/api/$place", token => fresh()))->read_response };
            refused $res // { body => $@ }, 'source_unavailable', "$title: call $n is refused";
            $res = eval { $c->send(request('/plain'))->read_response };
            is $res ? $res->{body} : $@, 'plain', '  and the next request on its connection is answered';
        }
        my @several = map { connection($gate, timeout => DEADLINE) } 1 .. 5;
        $_->send(request("/api/$place", token => fresh())) for @several;
        is statuses(@several), '503 503 503 503 503', '  several at once';
        push @several, connection($gate)->send(request("/api/$place", token => fresh()));
        sleep 0.1;
        my ($worker) = $gate->worker_pids;
        ok $gate->reload, '  a reload';
        @several = ();
        undef $c;
        ok until_true(sub { is_gone($worker) }), '  and the old worker leaves';
    }
    $gate->stop;
};

# ---------------------------------------------------------------- sources that come and go

subtest RELOADS . ' reloads with other introspection locations' => sub {
    my $locations = sub {
        my ($round) = @_;
        return join "\n", map { qq{
            location = /api/at$_ { eiam on; eiam_introspection /ask-$round-$_; proxy_pass http://%ECHO%; }
            location = /ask-$round-$_ { internal; proxy_pass http://@{[ $source->address ]}; }
        } } 1 .. LOCATIONS;
    };
    my $gate = nginx(files => \%files, http => 'eiam_zone eiam 64k; eiam_policy %DIR%/policy.json;',
        server => $locations->(0))->start;
    my $accepted = 0;
    for my $round (1 .. RELOADS) {
        change($gate, sub { s/ask-\d+-/ask-$round-/g });
        last unless $gate->reload;
        $accepted++;
    }
    is $accepted, RELOADS, 'are all accepted, though the zone is small'
        or diag $gate->error_log =~ /^.*\[emerg\].*$/mg;
    my @tokens = map { fresh() } 1 .. LOCATIONS;
    my @got = map { status($gate, "/api/at$_", token => $tokens[ $_ - 1 ]) } 1 .. LOCATIONS;
    is "@got", join(' ', (200) x LOCATIONS), 'and the gate works at each';
    is status($gate, '/api/at1', token => $tokens[1]), 200, '  by its own source';
    is $source->count($tokens[1]), 2, '  which is asked';
    is status($gate, '/api/at1', token => 'invented'), 401, '  and refuses';
    $gate->stop;
};

# ---------------------------------------------------------------- a worker that is killed while it leaves

subtest 'a worker that asks is killed while it leaves' => sub {
    my $gate = nginx(files => \%files, server => qq{
        eiam_policy %DIR%/policy.json;
        eiam_introspection_timeout 20s;
        add_header X-Pid \$pid always;
        $common
        location = /api/narrow {
            eiam on; eiam_introspection_limit 1; eiam_introspection /ask;
            proxy_pass http://%ECHO%;
        }
        location = /ask { internal; proxy_pass http://@{[ $source->address ]}; }
    })->start;
    my $held = { %{ active() }, hold => 0 };
    for my $place ('users', 'narrow') {
        my $token = fresh($held, active());
        my ($worker) = $gate->worker_pids;
        my $leader = connection($gate)->send(request("/api/$place", token => $token));
        is $source->await(1, $token), 1, "$place: a worker asks";
        ok $gate->reload, '  a reload';
        my @open = map { connection($gate, timeout => 6) } 1 .. 5;
        $_->send(request("/api/$place", token => $token)) for @open;
        sleep 0.3;
        is $source->count($token), 1, '  the new worker waits for the same answer';
        is status($gate, "/api/$place", token => fresh()), $place eq 'narrow' ? 503 : 200,
            '  and asks for other tokens only if it may';
        ok !is_gone($worker), '  the old one has not left yet';
        $gate->expect(qr/exited on signal 9/);
        kill 'KILL', $worker;
        my @res = map { eval { $_->read_response } // { status => "none $@", headers => {} } } @open;
        is join(' ', map { $_->{status} } @res), '200 200 200 200 200',
            '  when it is killed, those that wait go on';
        ok !(grep { ($_->{headers}{'x-pid'} // '') eq $worker } @res), '  in the new worker';
        is $source->count($token), 2, '  with one question more';
        is status($gate, "/api/$place", token => fresh()), 200, '  and other tokens are asked for';
        ok until_true(sub { !defined slurp("/proc/$worker/stat") }), '  the killed one is gone';
        is scalar(() = $gate->worker_pids), 1, '  and not replaced';
        $source->release;
    }
    $gate->stop;
};

# ---------------------------------------------------------------- answers from files

subtest 'proxy_cache with aio threads' => sub {
    my $gate = nginx(files => \%files,
        http => 'proxy_cache_path %DIR%/temp/cached keys_zone=cached:1m;', server => qq{
            eiam_policy %DIR%/policy.json;
            eiam_introspection /introspect;
            eiam_introspection_circuit 0;
            eiam_introspection_timeout 60s;
            eiam_cache_valid 0;
            subrequest_output_buffer_size 16k;
            eiam_cache_negative 0;
            location = /introspect {
                internal;
                aio threads;
                proxy_cache cached;
                proxy_cache_methods POST;
                proxy_cache_key \$request_body;
                proxy_cache_valid any 1h;
                proxy_pass http://@{[ $source->address ]};
            }
            location /api/ { eiam on; proxy_pass http://%ECHO%; }
            location = /plain { return 200 plain; }
        })->start;
    my $c = connection($gate, timeout => DEADLINE);
    my $ask = sub {
        my ($token) = @_;
        my $res = eval { $c->send(request('/api/users', token => $token))->read_response };
        return $res ? $res->{status} : $@;
    };
    for my $row ([ 'a grant', 200, active() ], [ 'a long one', 200, { %{ active() }, pad => 15_000 } ],
        [ 'a refusal', 401, { json => { active => JSON::PP::false } } ],
        [ 'status 404', 401, { status => 404 } ], [ 'an empty answer', 503, { body => '' } ])
    {
        my ($title, $status, $behaviour) = @$row;
        my $token = fresh($behaviour);
        is $ask->($token), $status, "$title, just asked for: $status";
        is $ask->($token), 503, '  from the file it is no answer' for 1 .. 3;
        is $source->count($token), 1, '  and the source was not asked again';
    }
    my $token = fresh({ %{ active() }, pad => 15_000 });
    is $ask->($token), 200, 'a token';
    my @open = map { connection($gate, timeout => DEADLINE) } 1 .. 20;
    $_->send(request('/api/users', token => $token)) for @open;
    is statuses(@open), join(' ', (503) x 20), '  for many at once, from the file';
    my $res = eval { $c->send(request('/plain'))->read_response };
    is $res ? $res->{body} : $@, 'plain', 'the connection goes on';
    $gate->stop;
};

done_testing;
