package Bench::Load;

# Requests, tokens, and the generator that sends them.

use strict;
use warnings;

use Bench::Contender qw(slurp spew);
use Digest::SHA qw(sha256_hex);
use JSON::PP ();
use POSIX ();

use constant { TOKENS => 10_000, CONNECTIONS => 32, YEAR_2099 => 4_070_908_800 };

my $json = JSON::PP->new->utf8->canonical;
my $path = '/api/v2/tenant/organizations/20220612041513-0e9b/org-leader';

# scenario => [target, tokens, status]
our %scenario = (
    allowed => [ $path,                         'one',   200 ],
    turn    => [ $path,                         'many',  200 ],
    first   => [ $path,                         'first', 200 ],
    bad     => [ $path,                         'bad',   401 ],
    none    => [ $path,                         '',      401 ],
    scope   => [ $path,                         'other', 403 ],
    unknown => [ '/api/v2/tenant/no/such/path', 'one',   404 ],
);

sub new {
    my ($class, $dir, @pin) = @_;
    my $self = $class->opaque($dir, @pin);
    $self->_jwt;
    return $self;
}

# Without JWTs, which take a while to sign.
sub opaque {
    my ($class, $dir, @pin) = @_;
    my $self = bless { dir => $dir, pin => \@pin }, $class;
    $self->_opaque;
    $self->_tls;
    for my $name (keys %scenario) {
        my ($target, $tokens) = @{ $scenario{$name} };
        $self->_request($name, "GET $target", $tokens ? ('Authorization: Bearer @') : ());
    }
    for my $client (qw(crm other)) {
        $self->_request("learn-$client", 'POST /api/v2/tenant/token', 'X-Token: @',
            'Authorization: Basic ' . ($client eq 'crm' ? 'Y3JtOng=' : 'b3RoZXI6eA=='),
            'Content-Type: application/x-www-form-urlencoded', 'Content-Length: 29');
    }
    return $self;
}

sub _request {
    my ($self, $name, $line, @more) = @_;
    my $body = $line =~ /^POST/ ? 'grant_type=client_credentials' : '';
    spew("$self->{dir}/$name.request",
        join "\r\n", "$line HTTP/1.1", 'Host: gate', 'User-Agent: bench', 'Accept: */*', @more, '', $body);
    return;
}

# ---- tokens and the files that say what they permit

sub _tokens {
    my ($self, $kind, %tokens) = @_;
    for (keys %tokens) { spew("$self->{dir}/$_.$kind", join '', map { "$_\n" } @{ $tokens{$_} }) }
    return;
}

sub _opaque {
    my ($self) = @_;
    my %token;
    for my $first (qw(a b c)) {
        $token{$first} = [ map { $first . substr sha256_hex("$first$_"), 0, 39 } 1 .. TOKENS ];
    }
    $self->_tokens('opaque', many => $token{a}, map { ($_->[0] => [ $token{ $_->[1] }[0] ]) }
            [ one => 'a' ], [ bad => 'b' ], [ other => 'c' ]);

    my $row = sub { { sha256 => sha256_hex($_[0]), expires => '2099-01-01T00:00:00Z' } };
    my %app = (
        crm   => { permissions => [qw(org_read user_read)], tokens => [ map { $row->($_) } @{ $token{a} } ] },
        other => { permissions => ['user_read'], tokens => [ $row->($token{c}[0]) ] },
    );
    for my $static ('-static', '') {
        spew("$self->{dir}/applications$static.json", $json->encode({ applications => [ map { {
            id => $_, name => $_, enabled => JSON::PP::true, permissions => $app{$_}{permissions},
            tokens => $static ? $app{$_}{tokens} : [],
        } } sort keys %app ] }));
    }
    return;
}

# RS256, about 800 bytes. Made only once, as signing takes some milliseconds.
sub _jwt {
    my ($self) = @_;
    return if -e "$self->{dir}/jwks.json";
    if (!eval { require EIAM::Jwt; 1 }) {
        $self->{no_jwt} = 'package libcrypt-jwt-perl';
        return;
    }
    print "signing @{[ TOKENS ]} tokens, once\n";
    my $key  = EIAM::Jwt::new_key('RSA', 2048);
    my $mint = sub {
        my ($number, $scope) = @_;
        return EIAM::Jwt::mint($key, 'RS256', {
            iss => 'https://as.example', aud => 'https://gate.example', client_id => 'crm', sub => 'crm',
            iat => time - 60, exp => YEAR_2099, jti => sha256_hex("jti$number"), scope => $scope,
            tenant => '4f7e6a1c-5b1d-4a52-9d0f-7c1f5b1f2a10', session => substr sha256_hex($number), 0, 40,
        }, { typ => 'at+jwt', kid => '1' });
    };
    my @many = map { $mint->($_, 'org_read user_read') } 1 .. TOKENS;
    my $bad = $many[0];
    substr($bad, -100, 1) =~ tr/A-Za-z/B-ZAb-za/ or substr($bad, -100, 1) = 'A';
    $self->_tokens('jwt', many => \@many, first => \@many, one => [ $many[0] ],
        bad => [$bad], other => [ $mint->(0, 'user_read') ]);
    spew("$self->{dir}/jwt.pem", EIAM::Jwt::public_pem($key));
    spew("$self->{dir}/jwks.json",
        $json->encode({ keys => [ EIAM::Jwt::public_jwk($key, kid => '1', use => 'sig') ] }));
    return;
}

sub no_jwt { return $_[0]{no_jwt} }

# For contenders that use an authorization server by TLS only.
sub _tls {
    my ($self) = @_;
    my $file = "$self->{dir}/tls.pem";
    return if -e $file;
    my $text = qx(openssl req -x509 -batch -newkey rsa:2048 -nodes -subj /CN=gate -keyout $file 2>/dev/null);
    spew($file, $text . slurp($file));
    return;
}

# The key as nginx variables can hold it.
sub spki {
    my ($self) = @_;
    return (slurp("$self->{dir}/jwt.pem") // '') =~ s/-----.*?-----|\s//gr;
}

# ---- the generator

# One run of a scenario with tokens of a kind: what the generator printed, and
# the share of expected answers. With "beside", another contender, the two
# receive requests in turns, and there are two results.
sub run {
    my ($self, $contender, $scenario, $kind, %how) = @_;
    my $file = $self->_file($scenario, $kind);
    my @asked = ($contender, $how{beside} // ());
    my $results = $self->_send(join(',', map { $_->{port} } @asked), $scenario, $file, %how);
    for my $i (0 .. $#asked) {
        my $status = $asked[$i]{status}{$scenario} // $scenario{$scenario}[2];
        $results->[$i]{good} = ($results->[$i]{status}{$status} // 0) / ($results->[$i]{requests} || 1);
    }
    return @$results;
}

# One that goes on meanwhile: the id of its process.
sub start {
    my ($self, $contender, $scenario, $kind, %how) = @_;
    my @command = $self->_command($contender->{port}, $scenario, $self->_file($scenario, $kind), %how);
    my $pid = fork() // die "fork: $!\n";
    if (!$pid) {
        $SIG{$_} = 'DEFAULT' for qw(HUP INT TERM);
        open STDOUT, '>', '/dev/null';
        exec @command or POSIX::_exit(127);
    }
    return $pid;
}

sub _file {
    my ($self, $scenario, $kind) = @_;
    my $tokens = $scenario{$scenario}[1];
    return 'new' if $tokens eq 'first' && $kind eq 'opaque';
    return "$self->{dir}/" . ($tokens || 'one') . ".$kind";
}

# Calls a gate once with each token that it shall learn.
sub learn {
    my ($self, $contender, $tokens) = @_;
    $self->_send($contender->{port}, 'learn-crm', "$self->{dir}/many.opaque",
        connections => 4, requests => $tokens // TOKENS);
    $self->_send($contender->{port}, 'learn-other', "$self->{dir}/other.opaque",
        connections => 1, requests => 1);
    return;
}

# And with tokens that no other call has.
sub learn_new {
    my ($self, $contender, $tokens) = @_;
    return $self->_send($contender->{port}, 'learn-crm', 'new', connections => 8, requests => $tokens);
}

sub _command {
    my ($self, $port, $request, $tokens, %how) = @_;
    return (@{ $self->{pin} }, "$self->{dir}/load", $port, "$self->{dir}/$request.request", $tokens,
        $how{connections} // CONNECTIONS, $how{seconds} // 0, $how{rate} // 0, $how{requests} // 0);
}

sub _send {
    my ($self, @asked) = @_;
    my @command = $self->_command(@asked);
    open my $out, '-|', @command or die "load: $!\n";
    my $text = do { local $/; <$out> };
    close $out or die "load failed: @command\n";
    return $json->decode($text);
}

1;
