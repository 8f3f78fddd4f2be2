#!/usr/bin/perl
# HTTP/2 without TLS: many streams on a connection, and fields that HTTP/1.1 cannot express.

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Socket::INET;
use JSON::PP ();
use Test::More;
use EIAM::Http2 ();
use EIAM::Test;

my $gate = nginx(
    files => {
        'policy.json' => policy('/api',
            'GET /users/{id}' => ['user_read'], 'PUT /users/{id}' => ['user_write'],
            'DELETE /users/{id}' => ['user_write'], 'GET /files/{id}' => ['file_read'],
            'POST /open' => 'public'),
        'apps.json' => applications(
            { id => 'reader', permissions => ['user_read'], tokens => ['read'] },
            { id => 'writer', permissions => ['user_write'], tokens => ['write'] },
            { id => 'files', permissions => ['file_read'], tokens => ['files'] }),
    },
    conf => q{
        eiam_policy %DIR%/policy.json;
        eiam_applications %DIR%/apps.json;
        http2_max_concurrent_streams 512;
        client_max_body_size 4m;
        server {
            listen 127.0.0.1:%PORT% http2 default_server;
            server_name other;
            underscores_in_headers on;
            location / { proxy_pass http://%ECHO%; }
        }
        server {
            listen 127.0.0.1:%PORT%;
            server_name gate;
            location /api/ { eiam on; proxy_pass http://%ECHO%; }
            location / { proxy_pass http://%ECHO%; }
        }
    },
)->start;

# ---- a client of HTTP/2: RFC 9113, with the literal fields of RFC 7541

use constant { DATA => 0, HEADERS => 1, RESET => 3, SETTINGS => 4, GOAWAY => 7, WINDOW => 8 };
use constant { END_STREAM => 1, END_HEADERS => 4 };
my @static_status = (200, 204, 206, 304, 400, 404, 500);

BEGIN { no strict 'refs'; *$_ = EIAM::Http2->can($_) for qw(frame text) }

# The frames of a request, with its fields exactly as given.
sub stream {
    my ($id, $request) = @_;
    my @fields = @{ $request->{fields} };
    my $body = $request->{body} // '';
    my $block = join '', map { "\0" . text($_->[0]) . text($_->[1]) } @fields;
    my $frames = frame(HEADERS, END_HEADERS | (length $body ? 0 : END_STREAM), $id, $block);
    while (length $body) {
        my $part = substr $body, 0, 16_000, '';
        $frames .= frame(DATA, length $body ? 0 : END_STREAM, $id, $part);
    }
    return $frames;
}

# Sends all requests at once; returns the answers in order, each with its status or the code of its reset.
sub ask_all {
    my (@requests) = @_;
    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1:' . $gate->port, Timeout => 10) or die $@;
    my %answer = map { ($_ * 2 + 1 => { body => '', headers => { 'x-echo' => 1 } }) } 0 .. $#requests;
    my $open = @requests;
    my $out = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" . frame(SETTINGS, 0, 0, pack 'nN', 4, 1 << 30) . frame(WINDOW, 0, 0, pack 'N', 1 << 30)
        . join '', map { stream($_ * 2 + 1, $requests[$_]) } 0 .. $#requests;
    local $SIG{PIPE} = 'IGNORE';
    print {$sock} $out;
    $sock->flush;

    local $SIG{ALRM} = sub { die "no complete answer in time\n" };
    alarm 30;
    while ($open > 0) {
        my $head = take($sock, 9) // last;
        my ($type, $flags, $stream) = unpack 'x3CCN', $head;
        my $payload = take($sock, unpack 'N', "\0" . substr $head, 0, 3) // last;
        last if $type == GOAWAY;
        my $answer = $answer{$stream} or next;
        $answer->{status} = status($payload) if $type == HEADERS;
        $answer->{body} .= $payload if $type == DATA;
        $answer->{reset} = unpack 'N', $payload if $type == RESET;
        $open-- if !$answer->{done} && ($type == RESET || $type <= HEADERS && $flags & END_STREAM) && ($answer->{done} = 1);
    }
    alarm 0;
    $_->{json} = eval { JSON::PP->new->utf8->decode($_->{body}) } for values %answer;
    return map { $answer{ $_ * 2 + 1 } } 0 .. $#requests;
}

sub take {
    my ($sock, $length) = @_;
    my $bytes = '';
    while (length $bytes < $length) {
        read $sock, $bytes, $length - length $bytes, length $bytes or return;
    }
    return $bytes;
}

# nginx sends :status first: as an entry of the static table, or as three digits.
sub status {
    my ($block) = @_;
    $block =~ s/^[\x20-\x3f]+//;
    return $block =~ /^[\x80-\xff]/ ? $static_status[ (ord($block) & 0x7f) - 8 ]
        : $block =~ /^.\x03(\d\d\d)/s ? $1 : die "no status: " . unpack('H*', $block) . "\n";
}

# A usual request; "fields" are added, and replace fields of the same name.
sub call {
    my ($target, $token, %opt) = @_;
    my @fields = ([ ':method', $opt{method} // 'GET' ], [ ':scheme', 'http' ], [ ':path', $target ],
        [ ':authority', 'gate' ], defined $token ? [ authorization => "Bearer $token" ] : ());
    my %replaced = map { ($_->[0] => 1) } @{ $opt{fields} // [] };
    @fields = grep { !$replaced{ $_->[0] } } @fields;
    my @pseudo = grep { $_->[0] =~ /^:/ } @{ $opt{fields} // [] };
    my @others = grep { $_->[0] !~ /^:/ } @{ $opt{fields} // [] };
    return { fields => [ (grep { $_->[0] =~ /^:/ } @fields), @pseudo, (grep { $_->[0] !~ /^:/ } @fields), @others ],
        body => $opt{body} };
}

sub ask { return (ask_all(call(@_)))[0] }

sub is_refused {
    my ($res, $code, $title) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $got = join ' ', $res->{status} // 'reset ' . ($res->{reset} // '?'), ($res->{json} // {})->{error_code} // $res->{body};
    return is $got, substr($code, 0, 3) . " GATEWAY.$code", $title;
}

# ---- the tests

forwarding $gate, 3, 'allowed' => sub {
    passed ask('/api/users/u1', 'read'), 'an allowed call passes', operation => 'getUsersId', application => 'reader';
    my $body = join '', map { chr $_ % 256 } 1 .. 60_000;
    my $res = ask('/api/users/u1', 'write', method => 'PUT', body => $body);
    passed $res, 'with a body', operation => 'putUsersId';
    is $res->{json}{body_sha256}, sha256_hex($body), '  which arrives byte for byte';
    $res = ask('/api/users/u1', 'read', method => 'HEAD');
    is "$res->{status} '$res->{body}'", "200 ''", 'HEAD passes as GET';
};

forwarding $gate, 0, 'refused' => sub {
    is_refused ask('/api/users/u1'), 4011, 'no token';
    is_refused ask('/api/users/u1', 'none'), 4012, 'a wrong token';
    is_refused ask('/api/users/u1', 'read', method => 'PUT', body => 'x' x 60_000), 4031, 'a wrong scope, with a body';
    is_refused ask('/api/nothing', 'read'), 4041, 'no operation';
    is_refused ask('/api/users/u1', 'read', method => 'PATCH'), 4051, 'no such method';
    my $res = ask('/api/users/u1', 'files', method => 'HEAD');
    is "$res->{status} '$res->{body}'", "403 ''", 'HEAD has no body';
};

forwarding $gate, 0, 'paths that can be read in two ways' => sub {
    is_refused ask($_, 'read'), 4001, "refused: $_" for "/api/users/u1#x", qw(/api/./users/u1 /api/users/x/../u1 /x/../api/users/u1
        /api/users/%2e%2e/users/u1 /api/users/u1; /api/users;x/u1 /api;x/users/u1 /api/users%2fu1 //api/users/u1
        /api//users/u1 /x/..;/api/users/u1 /API/users/u1 /api%5cusers/u1 /api/users/%75);
    is_refused ask('/api/users/u1/', 'read'), 4041, 'a slash at the end is another path';
    for my $path ('http://gate/api/users/u1', 'api/users/u1', '*', '', '/api/users/u1 HTTP/1.1', "/api/users/u1\0",
        "/api/users/u1\r\nx: y", '/%zz')
    {
        my $res = ask($path, 'read');
        ok +($res->{status} // 400) >= 400, 'no path at all is refused: ' . ($path =~ s/[^ -~]/?/gr);
    }
};

forwarding $gate, 4, 'fields' => sub {
    my @claims = ([ 'x-eiam-application' => 'evil' ], [ 'x-eiam-scopes' => 'evil' ], [ x_eiam_operation => 'evil' ],
        [ 'x-eiam_anything' => 'evil' ]);
    my $res = ask('/api/users/u1', 'read', fields => \@claims);
    is join(' ', map { $_->[1] } grep { $_->[0] =~ /^x[-_]eiam/i } @{ $res->{json}{headers} }),
        'reader user_read getUsersId', 'claims are removed, with underscores too';
    $res = ask('/docs', undef, fields => \@claims);
    is scalar(grep { $_->[0] =~ /^x[-_]eiam/i } @{ $res->{json}{headers} }), 0, '  outside the gate too';
    $res = ask('/api/open', undef, method => 'POST', fields => \@claims, body => 'abc');
    is join(' ', map { $_->[1] } grep { $_->[0] =~ /^x[-_]eiam/i } @{ $res->{json}{headers} }), 'postOpen',
        '  and on a public operation';
    is_refused ask('/api/users/u1', 'read', fields => [ [ 'x-http-method-override' => 'PUT' ] ]), 4002, 'an override';
    my @upper = ([ 'X-EIAM-Application' => 'evil' ], [ 'Authorization' => 'Bearer write' ]);
    for my $field (@upper) {
        $res = ask('/api/users/u1', undef, fields => [$field]);
        ok +($res->{status} // 400) >= 400, "a field in upper case is refused, or counts for nothing: $field->[0]";
    }
    passed ask('/api/users/u1', undef, fields => [ [ authorization => 'bearer read' ] ]), 'the scheme in lower case passes',
        operation => 'getUsersId';
};

forwarding $gate, 2, ':authority and Host' => sub {
    my $res = ask('/api/users/u1', undef, fields => [ [ ':authority' => 'gate' ], [ host => 'gate' ] ]);
    ok +($res->{status} // 400) >= 400, 'the same twice does not open the gate';
    $res = ask('/api/users/u1', undef, fields => [ [ ':authority' => 'gate' ], [ host => 'other' ] ]);
    ok +($res->{status} // 400) >= 400, 'Host cannot lead away from the gate';
    $res = ask('/api;x/users/u1', 'read', fields => [ [ ':authority' => 'gate' ], [ host => 'other' ] ]);
    ok +($res->{status} // 400) >= 400, '  nor around it';
    passed ask('/api/users/u1', undef, fields => [ [ ':authority' => 'other' ] ]), 'another server has no gate';
    passed ask('/api/users/u1', 'read', fields => [ [ ':authority' => 'gate:80' ] ]), 'a port changes nothing',
        operation => 'getUsersId';
};

forwarding $gate, 0, 'pseudo fields out of order' => sub {
    my @base = ([ ':method', 'GET' ], [ ':scheme', 'http' ], [ ':path', '/api/users/u1' ], [ ':authority', 'gate' ]);
    my @token = ([ authorization => 'Bearer read' ]);
    my @rows = (
        [ 'two paths', @base, [ ':path', '/docs' ], @token ],
        [ 'two methods', @base, [ ':method', 'PUT' ], @token ],
        [ 'no path', @base[ 0, 1, 3 ], @token ],
        [ 'no method', @base[ 1, 2, 3 ], @token ],
        [ 'no scheme', @base[ 0, 2, 3 ], @token ],
        [ 'an unknown one', @base, [ ':x', 'y' ], @token ],
        [ 'a method in lower case', [ ':method', 'get' ], @base[ 1 .. 3 ], @token ],
        [ 'a method with a space', [ ':method', 'GET /x' ], @base[ 1 .. 3 ], @token ],
    );
    for my $row (@rows) {
        my ($title, @fields) = @$row;
        my ($res) = ask_all({ fields => \@fields });
        ok +($res->{status} // 400) >= 400, "$title: refused";
    }
};

my @mixed = (
    [ getUsersId => '/api/users/u1', 'read' ], [ 4011 => '/api/users/u1' ], [ putUsersId => '/api/users/u1', 'write', method => 'PUT', body => 'abc' ],
    [ 4031 => '/api/users/u1', 'read', method => 'PUT', body => 'abc' ], [ 4012 => '/api/users/u1', 'none' ],
    [ getFilesId => '/api/files/f1', 'files' ], [ 4031 => '/api/files/f1', 'read' ], [ '' => '/docs', 'read' ],
    [ 4001 => '/api;x/users/u1', 'read' ], [ postOpen => '/api/open', undef, method => 'POST', body => 'x' x 100 ],
    [ 4002 => '/api/users/u1', 'read', fields => [ [ 'x-http-method', 'PUT' ] ] ],
);
my @many = map { $mixed[ $_ * 7 % @mixed ] } 0 .. 299;

forwarding $gate, scalar(grep { $_->[0] !~ /^4/ } @many), 'many streams at once' => sub {
    my @res = ask_all(map { my ($expected, @call) = @$_; call(@call) } @many);
    my @got = map { ($_->{json} // {})->{error_code} // join '', received($_, 'X-EIAM-Operation') } @res;
    is_deeply \@got, [ map { $_->[0] =~ /^4/ ? "GATEWAY.$_->[0]" : $_->[0] } @many ],
        'each of 300 streams has the decision of its own token and operation';
};

done_testing;
