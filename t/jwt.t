#!/usr/bin/perl
# Signed tokens: which are accepted, which are not, how keys are chosen, and what is remembered of tokens.

use strict;
use utf8;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Math::BigInt;
use Test::More;
use Time::HiRes qw(sleep time);
use EIAM::Jwt qw(
    new_key secret_key certified_key public_jwk public_pem public_der
    sign mint object compact signed_parts b64 unb64
);
use EIAM::Source;
use EIAM::Test;

use constant DEADLINE => 30;

my @all = qw(RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 ES256K EdDSA Ed25519 Ed448 HS256 HS384 HS512);
my @default = qw(RS256 PS256 ES256 ES384 EdDSA);

my $json = JSON::PP->new->utf8->canonical;

# ---- keys by their "kid"

my %key = (
    r => new_key('RSA'), r256 => new_key('RSA'), e => new_key('P-256'), e384 => new_key('P-384'),
    e521 => new_key('P-521'), k => new_key('secp256k1'), d => new_key('Ed25519'), d2 => new_key('Ed25519'),
    d448 => new_key('Ed448'), h => new_key('oct', 64), h32 => new_key('oct', 32), h512 => new_key('oct', 64),
    enc => new_key('Ed25519'), ops => new_key('Ed25519'), noops => new_key('Ed25519'),
    ecdh => new_key('P-256'), bare => new_key('P-384'),
);
my %attacker = (d => new_key('Ed25519'), r => new_key('RSA'), e => new_key('P-256'));

my %members = (
    r256 => { alg => 'RS256' }, h512 => { alg => 'HS512' }, enc => { use => 'enc' }, d => { use => 'sig' },
    ops => { key_ops => [ 'encrypt', 'sign' ] }, noops => { key_ops => [] },
    ecdh => { alg => 'ECDH-ES' }, d2 => { key_ops => [ 'sign', 'verify' ], alg => 'EdDSA' },
);

sub key_set { return { keys => [ map { public_jwk($key{$_}, kid => $_, %{ $members{$_} // {} }) } @_ ] } }

my $set = key_set(grep { $_ ne 'bare' } sort keys %key);
push @{ $set->{keys} }, public_jwk($key{bare});

# Keys without a "kid": five of one type, with keys of other types between them. @same will share two names.
my @many = map { new_key('Ed25519') } 1 .. 5;
my @same = map { new_key($_) } 'RSA', 'P-256', 'Ed25519', 'Ed25519';
my $many = { keys => [ map { public_jwk($_) }
    $key{r}, $many[0], $key{e}, @many[ 1, 2 ], $key{e384}, $key{h}, @many[ 3, 4 ] ] };

# ---- the gate: it asks about all but signed tokens, and would be told that they are good

my $introspection = EIAM::Source->new('*' => { json => {
    active => JSON::PP::true, client_id => 'asked', scope => 'user_read user_write' } });
my $foreign = EIAM::Source->new('*' => { json => { keys => [
    map { public_jwk($attacker{$_}, kid => 'x') } sort keys %attacker ] } });

my @only = map { ("GET /only/$_" => ['user_read']) } @all;
my %files = (
    'policy.json' => policy('/api', @only, map({ ("GET /$_" => ['user_read']) }
        qw(users default none many same strict wide alone apps)), 'PUT /users' => ['user_write']),
    'keys.json' => $set, 'many.json' => $many,
    'same.json' => { keys => [ map { public_jwk($_, kid => 's') } @same ] },
    'apps.json' => applications({ id => 'crm', permissions => ['user_read'] }),
);

my $proxy = 'proxy_pass http://%ECHO%;';
my $only = join "\n", map { "location = /api/only/$_ { eiam on; eiam_jwt_algorithms $_; $proxy }" } @all;
my $gate = nginx(files => \%files, workers => 2, server => qq{
    large_client_header_buffers 4 64k;
    eiam_policy %DIR%/policy.json;
    eiam_jwks %DIR%/keys.json;
    eiam_jwt_issuer https://as.example/;
    eiam_jwt_audience api "other api";
    eiam_introspection /introspect;
    add_header X-Source "\$eiam_source \$eiam_cache" always;
    $only
    location /api/ { eiam on; eiam_jwt_algorithms @all; $proxy }
    location = /api/default { eiam on; $proxy }
    location = /api/none { eiam on; eiam_jwks off; $proxy }
    location = /api/many { eiam on; eiam_jwks many.json; $proxy }
    location = /api/same { eiam on; eiam_jwks same.json; $proxy }
    location = /api/strict { eiam on; eiam_jwt_leeway 0; $proxy }
    location = /api/wide { eiam on; eiam_jwt_leeway 2h; $proxy }
    location = /api/alone { eiam on; eiam_introspection off; $proxy }
    location = /api/apps { eiam on; eiam_applications %DIR%/apps.json; $proxy }
    location = /introspect { internal; proxy_pass http://@{[ $introspection->address ]}; }
})->start;

# ---- tokens of texts

my $now = int time;
my @claims = (iss => '"https://as.example/"', aud => '"api"', exp => $now + 3600, iat => $now - 60,
    client_id => '"crm"', scope => '"user_read"');

# Header and claims are given as whole texts, or as changes of valid ones.
sub header_text {
    my ($o) = @_;
    my $header = $o->{header} // {};
    my ($kid, $alg) = ($o->{key} // 'd', $o->{alg} // $key{ $o->{key} // 'd' }{alg});
    my @right = (alg => qq("$alg"), kid => qq("$kid"), typ => '"at+jwt"');
    return ref $header ? object(\@right, %$header) : $header;
}

sub claims_text {
    my ($o) = @_;
    my $claims = $o->{claims} // {};
    return ref $claims ? object(\@claims, %$claims) : $claims;
}

# key (its "kid"), alg, header, claims; by: another key that signs; as: another algorithm that signs; signature: its
# bytes, or a function that makes them from the text and the valid signature.
sub token {
    my (%o) = @_;
    my ($header, $claims) = (b64(header_text(\%o)), b64(claims_text(\%o)));
    my $key = $o{by} // $key{ $o{key} // 'd' };
    my $right = ref $o{signature} || !defined $o{signature}
        ? sign($key, $o{as} // $o{alg} // $key->{alg}, "$header.$claims", %o) : '';
    my $signature = $o{signature} // $right;
    $signature = $signature->($right, "$header.$claims") if ref $signature;
    return "$header.$claims." . b64($signature);
}

sub sig { my ($kid, $signature, %o) = @_; return token(key => $kid, signature => $signature, %o) }
sub header_with { return token(header => {@_}) }
sub claims_with { return token(claims => {@_}) }

# "application|scopes" as the backend was told, or the reason of the refusal, and the source.
sub outcome {
    my ($target, $token, %opt) = @_;
    my $res = get($opt{gate} // $gate, "/api/$target", token => $token);
    my ($source) = ($res->{headers}{'x-source'} // '') =~ /^(\S+ \S+)/;
    my %reason = map { ('GATEWAY.' . $EIAM::Test::REFUSAL{$_}[1] => $_) } keys %EIAM::Test::REFUSAL;
    my $code = ref $res->{json} eq 'HASH' ? $res->{json}{error_code} : undef;
    my $is = $code ? $reason{$code} : $res->{status} != 200 ? "status $res->{status}"
        : join '|', map { join ',', received($res, "X-EIAM-$_") } qw(Application Scopes);
    return $opt{source} ? $is . ' ' . ($source // 'no source') : $is;
}

# ---------------------------------------------------------------- algorithms

subtest '2.6-3: algorithms; Ed25519 and Ed448 are those of EdDSA' => sub {
    my %by = (ES256 => 'e', ES384 => 'e384', ES512 => 'e521', ES256K => 'k', Ed448 => 'd448',
        HS256 => 'h', HS384 => 'h', HS512 => 'h');
    my %minted;
    for my $row (map({ [ $_, $by{$_} // (/^Ed/ ? 'd' : 'r') ] } @all), [ 'EdDSA', 'd448' ]) {
        my ($alg, $kid) = @$row;
        my @token = ({ iss => 'https://as.example/', aud => 'api', exp => $now + 3600, client_id => "crm-$alg",
            scope => 'user_read' }, { kid => $kid, typ => 'at+jwt' });
        $minted{"$alg $kid"} = $alg =~ /^Ed\d/
            ? compact($json->encode({ alg => $alg, %{ $token[1] } }), $json->encode($token[0]), $key{$kid}, $alg)
            : mint($key{$kid}, $alg, @token);
    }
    my $accepted = sub {
        my ($target) = @_;
        return join ', ', sort grep {
            my ($alg) = split / /;
            my $is = outcome($target, $minted{$_}, source => 1);
            fail "$target, $_: $is" unless $is =~ /^(?:token_invalid|crm-\Q$alg\E\|user_read) jwt MISS$/;
            $is !~ /^token/;
        } keys %minted;
    };
    my $all = sub { my $names = join '|', @_; return join ', ', sort grep { /^(?:$names) / } keys %minted };
    is $accepted->('users'), $all->(@all), 'all that are named are accepted';
    is $accepted->('default'), $all->(@default, 'Ed25519', 'Ed448'), "by default these are: @default";
    for my $alg (@all) {
        is $accepted->("only/$alg"), $all->($alg eq 'EdDSA' ? qw(EdDSA Ed25519 Ed448) : $alg),
            "$alg alone, where only it is named";
    }
};

# ---------------------------------------------------------------- what is right

# A token of that many bytes; no part in base64url has 4n + 1 of them.
sub token_of {
    my ($size) = @_;
    for my $x ('', 'x', 'xx') {
        my %header = (x => qq("$x"));
        my $bytes = $size - 88 - length b64(header_text({ header => \%header }));
        next if $bytes % 4 == 1;
        my $pad = int($bytes * 3 / 4) - length claims_text({ claims => { pad => '""' } });
        return token(header => \%header, claims => { pad => '"' . 'x' x $pad . '"' });
    }
    die "no token of $size bytes\n";
}

# The same r and the other s.
sub other_s {
    my ($signature) = @_;
    my ($r, $s) = unpack '(a32)2', $signature;
    return $r . number_bytes(order('e')->bsub(number($s)), 32);
}

sub number { return Math::BigInt->from_hex(unpack 'H*', $_[0]) }

sub number_bytes {
    my ($number, $size) = @_;
    my $hex = $number->as_hex =~ s/^0x//r;
    return pack 'H*', '0' x (2 * $size - length $hex) . $hex;
}

sub order { return Math::BigInt->from_hex($key{ $_[0] }{pk}->key2hash->{curve_order}) }

# Title, token, the expected result ("crm|user_read"), and the location (users).
sub good_rows {
    my ($t, $id) = (int time, 'a' x 255);
    return (
        (map { [ "typ $_", header_with(typ => qq("$_")) ] }
            'at+jwt', 'AT+JWT', 'application/at+jwt', 'Application/At+JWT', 'JWT', 'jwt', 'Jwt'),
        [ 'no typ', header_with(typ => undef) ],
        [ 'members of the header that nobody knows', header_with(x => '{"y":[1,null,"z"]}', '' => '""') ],
        [ 'an x5t, which is not looked at', header_with(x5t => '"AAAA"', 'x5t#S256' => '1') ],
        [ 'a jku and a x5u, which are not followed', header_with(jku => jku(), x5u => jku()) ],
        [ 'white space in header and claims', compact(qq( {\r\n "alg" :"EdDSA"\t,"kid": "d"}\n ),
            "\n" . claims_text({}) =~ s/,/ ,\n/gr, $key{d}, 'EdDSA') ],
        [ 'names and values with escapes', compact('{"\u0061lg":"\u0045dDSA","k\u0069d":"d"}',
            claims_text({}) =~ s/_/\\u005f/gr =~ s/"\w+\Kd":/\\u0064":/r =~ s/\\u005fid"/_id"/r,
            $key{d}, 'EdDSA') ],
        [ 'a value that only looks like members', claims_with(name => '"\",\"exp\":1,\"cnf\":{}"') ],
        [ 'integers beyond 64 bits', token(header => { x => '18446744073709551615' },
            claims => { uid => '18446744073709551615', serial => '-' . '9' x 60 }) ],
        [ '20 levels of arrays', claims_with(deep => '[' x 20 . ']' x 20) ],
        [ 'letters of many scripts', claims_with(name => "\"\xe5\xbc\xa0 \xc3\xa9 \xf0\x9f\x98\x80\"") ],
        [ 'a token of 8192 bytes', token_of(8192) ],

        map({ [ "no kid, a key of $key{$_}{type}", token(key => $_, header => { kid => undef }) ] }
            qw(r e e384 e521 k d d448 h bare)),
        [ 'a key with key_ops that has verify', token(key => 'd2') ],
        [ 'a key with the alg of the token', token(key => 'r256') ],
        [ 'the other s of an ECDSA signature, which RFC 7518 does not forbid',
            token(key => 'e', signature => \&other_s) ],

        [ 'exp with a fraction', claims_with(exp => $t + 600.5) ],
        [ 'exp with an exponent', claims_with(exp => '4.1024448e9') ],
        [ 'exp of the year 285428681', claims_with(exp => '9007199254740991') ],
        [ 'exp in the past within the leeway', claims_with(exp => $t - 5) ],
        [ 'exp with a fraction in the past within the leeway', claims_with(exp => $t - 5 . '.75') ],
        [ 'exp an hour ago and a leeway of two', claims_with(exp => $t - 3600), undef, 'wide' ],
        [ 'exp two hours and a minute ago', claims_with(exp => $t - 7260), 'token_expired', 'wide' ],
        [ 'nbf now', claims_with(nbf => $t) ],
        [ 'nbf with a fraction in the past', claims_with(nbf => $t - 60.25) ],
        [ 'nbf 20 s ahead, within the leeway', claims_with(nbf => $t + 20) ],
        [ 'nbf an hour ahead and a leeway of two', claims_with(nbf => $t + 3600), undef, 'wide' ],
        [ 'nbf an hour ahead and none', claims_with(nbf => $t + 3600), 'token_invalid', 'strict' ],
        [ 'nbf 0', claims_with(nbf => 0) ],
        [ 'a negative nbf', claims_with(nbf => -1) ],
        [ 'iat 20 s ahead, within the leeway', claims_with(iat => $t + 20) ],
        [ 'iat with a fraction', claims_with(iat => $t - 1.5) ],
        [ 'iat now and no leeway', claims_with(iat => $t), undef, 'strict' ],
        [ 'exp a second ago and no leeway', claims_with(exp => $t - 1), 'token_expired', 'strict' ],
        [ 'no iat', claims_with(iat => undef) ],

        [ 'aud as an array', claims_with(aud => '["api"]') ],
        [ 'aud among others', claims_with(aud => '["https://a/","api","b"]') ],
        [ 'the other aud', claims_with(aud => '"other api"') ],
        [ 'the other aud among others', claims_with(aud => '["x","other api"]') ],
        [ 'aud twice in the array', claims_with(aud => '["api","api"]') ],

        [ 'several scopes', claims_with(scope => '"x user_write  user_read"'), 'crm|user_write user_read' ],
        [ 'a scope with an escape', claims_with(scope => '"user\u005fread"') ],
        [ 'scp as a string', claims_with(scope => undef, scp => '"user_read user_write"'),
            'crm|user_read user_write' ],
        [ 'scp as an array', claims_with(scope => undef, scp => '["user_write","x","user_read"]'),
            'crm|user_write user_read' ],
        [ 'scope and scp: the first counts', claims_with(scp => '["user_write"]') ],
        [ 'scope and a wrong scp: the first counts', claims_with(scp => '7') ],
        [ 'no scope, but roles, which are none', claims_with(scope => undef, roles => '["user_read"]'),
            'scope_insufficient' ],
        [ 'no scope', claims_with(scope => undef), 'scope_insufficient' ],
        [ 'an empty scope', claims_with(scope => '""'), 'scope_insufficient' ],
        [ 'scope as an array', claims_with(scope => '["user_write","x","user_read"]'), 'crm|user_write user_read' ],
        [ 'scope as an array and a scp: the first counts', claims_with(scope => '["user_read"]', scp => '"user_write"') ],
        [ 'an empty array as scope and a scp: the first counts', claims_with(scope => '[]', scp => '"user_read"'),
            'scope_insufficient' ],
        [ 'an empty scope and a scp: the first counts', claims_with(scope => '""', scp => '"user_read"'),
            'scope_insufficient' ],
        [ 'an empty array of scopes', claims_with(scope => undef, scp => '[]'), 'scope_insufficient' ],
        [ 'another scope', claims_with(scope => '"user_write"'), 'scope_insufficient' ],

        (map { [ $_, claims_with(client_id => undef, $_ => '"b"', sub => '"c"'), 'b|user_read' ] }
            qw(azp cid appid)),
        [ 'client_id and others that say the same', claims_with(azp => '"crm"', appid => '"crm"') ],
        [ 'client_id and a sub of any type', claims_with(sub => '[]') ],
        [ 'a sub alone', claims_with(client_id => undef, sub => '"crm"'), '|user_read' ],
        [ 'a sub alone, where there is an applications file', claims_with(client_id => undef, sub => '"crm"'),
            'token_invalid', 'apps' ],
        [ 'client_id null, which is none', claims_with(client_id => 'null', cid => '"b"'), 'b|user_read' ],
        [ 'null in all optional claims',
            claims_with(map { ($_ => 'null') } qw(nbf iat cnf azp cid appid scp)) ],
        [ 'scope null, which is none', claims_with(scope => 'null', scp => '"user_read"') ],
        [ 'no scope but null', claims_with(scope => 'null', scp => 'null'), 'scope_insufficient' ],
        [ 'a client_id of 255 bytes', claims_with(client_id => qq("$id")), "$id|user_read" ],
        [ 'none of these', claims_with(client_id => undef), '|user_read' ],
        [ 'none of these, where there is an applications file', claims_with(client_id => undef),
            'token_invalid', 'apps' ],
        [ 'one that this file does not name', claims_with(client_id => '"x"'), 'x|user_read', 'apps' ],
    );
}

sub jku { return '"http://' . $foreign->address . '/keys"' }

subtest 'what is accepted, and as what' => sub {
    for my $row (good_rows()) {
        my ($title, $token, $expected, $target) = @$row;
        is outcome($target // 'users', $token), $expected // 'crm|user_read', $title;
    }
    is $introspection->count, 0, 'nobody is asked for them';
    is $foreign->count, 0, 'and no address in a header is called';
};

# ---- scopes that are not user_read, though they look like it

my @lookalikes = (
    [ "a Cyrillic e" => "user_r\xd0\xb5ad" ], [ "full width" => "\xef\xbd\x95ser_read" ],
    [ 'an escaped Cyrillic s' => 'u\u0455er_read' ], [ 'an escaped full width low line' => 'user\uff3fread' ],
    [ 'a zero width space inside' => 'user_\u200bread' ], [ 'one behind' => 'user_read\u200b' ],
    [ 'a combining dot behind' => 'user_read\u0323' ], [ 'a soft hyphen' => 'user_\u00adread' ],
    [ 'a right to left mark ahead' => '\u200fuser_read' ], [ 'a BOM ahead' => '\ufeffuser_read' ],
    [ 'a no-break space' => 'x\u00a0user_read' ], [ 'an ideographic space' => 'x\u3000user_read' ],
    [ 'a tab between two' => 'x\tuser_read' ], [ 'a line end between two' => 'x\nuser_read' ],
    [ 'a carriage return behind' => 'user_read\r' ], [ 'a vertical tab behind' => 'user_read\u000b' ],
    [ 'capitals' => 'USER_READ' ], [ 'one capital' => 'User_read' ], [ 'a hyphen' => 'user-read' ],
    [ 'a comma between two' => 'x,user_read' ], [ 'a semicolon between two' => 'user_read;x' ],
    [ 'a plus between two' => 'x+user_read' ], [ 'quotes' => '\"user_read\"' ], [ 'a prefix' => 'user_rea' ],
    [ 'a longer one' => 'user_reads' ], [ 'a star' => 'user_*' ], [ 'a path' => 'x/user_read' ],
    [ 'percent encoding' => 'user%5fread' ], [ 'a delete character behind' => 'user_read\u007f' ],
);

subtest 'a scope is its exact bytes' => sub {
    for my $row (@lookalikes) {
        my ($title, $scope) = @$row;
        my $in_scope = claims_with(scope => qq("$scope"));
        my $in_scp = claims_with(scope => undef, scp => qq(["$scope"]));
        is outcome('users', $in_scope), 'scope_insufficient', "$title in scope";
        is outcome('users', $in_scp), 'scope_insufficient', '  and in scp';
    }
};

# ---------------------------------------------------------------- which key

subtest 'a token without a kid' => sub {
    my $by = sub { return token(by => $_[0], header => { kid => undef }, claims => { jti => qq("$_[1]") }) };
    for my $n (0 .. 4) {
        is outcome('many', $by->($many[$n], $n)), 'crm|user_read', 'a key that fits is tried: ' . ($n + 1);
    }
    is outcome('many', token(key => 'e', header => { kid => undef })), 'crm|user_read',
        'keys of other types do not count';
};

subtest '2.6-4: where no key of the set has a kid, that of the token says nothing' => sub {
    for my $n (0 .. 4) {
        is outcome('many', token(by => $many[$n], claims => { jti => 10 + $n })), 'crm|user_read',
            'a key that fits is tried: ' . ($n + 1);
    }
    is outcome('many', token(by => $many[0], header => { kid => '""' })), 'crm|user_read', 'also for an empty kid';
    is outcome('many', token(key => 'e')), 'crm|user_read', 'keys of other types do not count';
    is outcome('many', token(by => $attacker{d}, key => 'd')), 'token_invalid', 'another key is none of them';
    is outcome('many', token(by => $attacker{d}, alg => 'HS256', as => 'EdDSA')), 'token_invalid', '  nor for another algorithm';
    is outcome('users', token(by => $key{bare}, alg => 'ES384', header => { kid => '"bare"' })), 'token_invalid',
        'where others have one, a key without is not the one of a kid';
};

subtest '2.1-19: keys are tried in the order of their cost, up to about two milliseconds' => sub {
    my @p521 = map { new_key('P-521') } 1 .. 4;
    my @ed = map { new_key('Ed25519') } 1 .. 20;
    my @rsa = map { new_key('RSA') } 1, 2;
    my %jwk = (kty => 'RSA', n => b64("\xff" x 1023 . "\xfd"));
    my @large = ((map { { %jwk, e => b64("\x80" . "\0" x 6 . chr(2 * $_ + 1)) } } 1 .. 4), { %jwk, e => 'AQAB' });
    my %set = (
        p521 => [ map { public_jwk($_) } @p521 ], kid => [ map { public_jwk($_, kid => 's') } @p521 ],
        ed => [ map { public_jwk($_) } @ed ],
        rsa => [ @large, map { public_jwk($_) } @rsa ],
        rsa_kid => [ map { { %$_, kid => 's' } } @large, map { public_jwk($_) } @rsa ],
    );
    my $gate = nginx(files => { map({ ("$_.json" => { keys => $set{$_} }) } keys %set),
            'policy.json' => policy('/api', map { ("GET /$_" => ['user_read']) } keys %set) },
        server => "eiam_policy policy.json; eiam_jwt_issuer https://as.example/; eiam_jwt_audience api;"
            . "eiam_jwt_algorithms @all;"
            . join '', map { "location = /api/$_ { eiam on; eiam_jwks $_.json; $proxy }" } keys %set)->start;
    my $verify = sub {
        my ($set, @keys) = @_;
        my $kid = $set =~ /kid/ ? '"s"' : undef;
        return join ' ', grep { outcome($set, token(by => $keys[$_], alg => $keys[$_]{alg},
            header => { kid => $kid }), gate => $gate) eq 'crm|user_read' } 0 .. $#keys;
    };
    is $verify->('p521', @p521), '0 1', 'two of four P-521 keys';
    is $verify->('kid', @p521), '0 1', '  also if all have the kid of the token';
    is $verify->('ed', @ed), join(' ', 0 .. 12), '13 of 20 Ed25519 keys';
    is $verify->($_, @rsa), '0 1', 'RSA keys of 2048 bits behind five of 8192' for qw(rsa rsa_kid);
};

subtest '2.6-3: a key whose kid or use is null has none; one for Ed25519 or EdDSA verifies both' => sub {
    my @keys = (public_jwk($key{d}, kid => undef, use => undef), public_jwk($key{r}, kid => 'r', use => undef),
        public_jwk($key{d2}, kid => 'd2', alg => 'Ed25519'), public_jwk($key{d448}, kid => 'd448', alg => 'EdDSA'));
    my $gate = nginx(files => { 'policy.json' => policy('/api', 'GET /users' => ['user_read']),
        'keys.json' => { keys => \@keys } }, server => "eiam_jwt_issuer https://as.example/; eiam_jwt_audience api;"
        . location("eiam_jwks keys.json; $proxy"))->start;
    my $ask = sub { outcome('users', token(@_), gate => $gate) };
    is $ask->(header => { kid => undef }), 'crm|user_read', 'no kid: a token without one';
    is $ask->(), 'token_invalid', '  but not one that names a key, as others have one';
    is $ask->(header => { kid => '"null"' }), 'token_invalid', '  and it is not called null';
    is $ask->(key => 'r'), 'crm|user_read', 'no use: to verify with';
    for my $row ([ qw(d2 Ed25519) ], [ qw(d2 EdDSA) ], [ qw(d448 Ed448) ], [ qw(d448 EdDSA) ]) {
        my ($kid, $alg) = @$row;
        is $ask->(key => $kid, alg => $alg, as => 'EdDSA'), 'crm|user_read', "$kid: a token of $alg";
    }
    is $ask->(key => 'd2', alg => 'Ed448', as => 'EdDSA'), 'token_invalid', '  but not of the other one';
};

subtest 'keys with the same kid' => sub {
    for my $key (@same) {
        my $token = token(by => $key, alg => $key->{alg}, header => { kid => '"s"' });
        is outcome('same', $token), 'crm|user_read', "the one that fits is used: $key->{type}";
    }
    is outcome('same', token(by => $key{d}, header => { kid => '"s"' })), 'token_invalid', 'and no other';
};

# ---------------------------------------------------------------- what is wrong

my $alg = qr/has no accepted "alg"/;
my $no_key = qr/is signed by no known key/;
my $not_its_key = qr/is not signed by its key/;
my $unsupported = qr/has a header member that is not supported/;
my $typ = qr/has another "typ"/;
my $bad_json = qr/line \d+ column \d+: bad JSON/;
my $no_object = qr/#: must be an object/;
my $no_string = qr/must be a string/;
my $no_base64 = qr/is not base64url/;
my $too_long = qr/the token has \d+ bytes, "eiam_token_max" is 8192\b/;
my $no_bearer = qr/\A(?!.*"token":).*refused, token_invalid/s;
my $iss = qr/has another "iss"/;
my $aud = qr{is for another "aud"|has no "aud"|\#/aud: must be a string};
my $times = qr/has no "exp", or a wrong time/;
my $future = qr/is not valid yet/;
my $cnf = qr/has a "cnf"/;
my $expired = qr/refused, token_expired/;

# ---- what an attacker does to signatures

sub flipped {
    my ($bytes, $bit) = @_;
    vec($bytes, $bit, 1) ^= 1;
    return $bytes;
}

# Replaces r and s of an ECDSA signature by a number, or by the result of a function.
sub with_r_s {
    my ($kid, $new_r, $new_s) = @_;
    return token(key => $kid, signature => sub {
        my ($signature) = @_;
        my $half = length($signature) / 2;
        my ($r, $s) = map { number($_) } unpack "(a$half)2", $signature;
        ($r, $s) = ($new_r->($r, $s), $new_s->($r, $s));
        return join '', map { number_bytes($_, $half) } $r, $s;
    });
}

sub keep_r { return $_[0]->copy }
sub keep_s { return $_[1]->copy }
sub is_number { my ($n) = @_; return sub { return Math::BigInt->new($n) } }

sub der {
    my ($r, $s) = map { my $n = s/^\0+//r; ord $n > 127 ? "\0$n" : $n } unpack '(a32)2', $_[0];
    my $body = join '', map { "\2" . chr(length) . $_ } $r, $s;
    return "\x30" . chr(length $body) . $body;
}

# S + L of an Ed25519 signature, of which both are little endian.
sub ed25519_more {
    my ($r, $s) = unpack '(a32)2', $_[0];
    my $order = Math::BigInt->from_hex('1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed');
    return $r . reverse number_bytes(number(scalar reverse $s)->badd($order), 32);
}

sub changed {
    my ($part, $how, %opt) = @_;
    my @parts = split /\./, token(%opt);
    $parts[$part] = b64($how->(unb64($parts[$part])));
    return join '.', @parts;
}

# A token in each part of which base64 and base64url differ in some letter.
sub with_both_letters {
    for my $n (0 .. 10_000) {
        my $token = token(header => { x => qq("$n???") }, claims => { x => qq("$n~~~") });
        return $token if 3 == grep { /[-_]/ } split /\./, $token;
    }
    die "no such token\n";
}

# Encodes one part in base64, or in another way, and signs the result.
sub encoded {
    my ($part, $how) = @_;
    my @parts = split /\./, with_both_letters();
    $parts[$part] = $how->($parts[$part]) if $part < 2;
    @parts = split /\./, signed_parts(@parts[ 0, 1 ], $key{d}, 'EdDSA') if $part < 2;
    $parts[2] = $how->($parts[2]) if $part == 2;
    return join '.', @parts;
}

# Sets the unused bits of the last letter, in a part that has such bits.
sub stray {
    my ($part) = @_;
    my $letters = join '', 'A' .. 'Z', 'a' .. 'z', 0 .. 9, '-', '_';
    my $set = sub { return $_[0] =~ s/(.)\z/substr $letters, 1 + index($letters, $1), 1/er };
    for my $x ('', 'x') {
        my @parts = split /\./, token(header => { x => qq("$x") }, claims => { x => qq("$x") });
        next if length($parts[$part]) % 4 == 0;
        $parts[$part] = $set->($parts[$part]) if $part < 2;
        @parts = split /\./, signed_parts(@parts[ 0, 1 ], $key{d}, 'EdDSA') if $part < 2;
        $parts[2] = $set->($parts[2]) if $part == 2;
        return join '.', @parts;
    }
    die "no such token\n";
}

sub utf16 { return join '', map { "$_\0" } split //, $_[0] }

sub unsigned { return token(header => {@_}, signature => sub { '' }) }

# Signed by the attacker, with a header that says where the key is.
sub brings { my ($kid, %header) = @_; return token(key => $kid, by => $attacker{$kid}, header => \%header) }
sub brings_jwk {
    my ($kid, %header) = @_;
    return brings($kid, jwk => $json->encode(public_jwk($attacker{$kid}, kid => $kid)), %header);
}

# Signed by HS256, or another algorithm, with a secret that is not in the set.
sub hs { my ($secret, %o) = @_; return token(key => 'r', alg => 'HS256', by => secret_key($secret), %o) }

my ($certified, $certificate) = certified_key();
my @no_kid = (kid => undef);
my $pem = public_pem($key{r});
my $pkcs1 = substr public_der($key{r}), 24;
my $jwk = public_jwk($key{r});
my $x5c = qq(["$certificate"]);
my $huge = 'k' x 4000;
my $thumbprint = b64('x' x 32);

# message of the log => detail
my %detail = ($alg => 'algorithm', $not_its_key => 'signature', $unsupported => 'header', $typ => 'type',
    $bad_json => 'malformed', $no_object => 'malformed', $no_base64 => 'malformed', $no_bearer => 'token_syntax',
    $iss => 'issuer', $aud => 'audience', $times => 'time', $future => 'not_yet_valid', $cnf => 'bound',
    $too_long => 'too_long', $no_key => 'key', $no_string => '(?:kid|audience|application|scopes)');

# Groups of title => token; each group has the message that the log must contain.
sub hostile_rows {
    my $later = $now + 7200;
    return (
        # alg
        $alg,
        'alg none, no signature'            => unsigned(alg => '"none"'),
        'alg none, a right signature'       => header_with(alg => '"none"'),
        'alg none, no signature, no kid'    => unsigned(alg => '"none"', @no_kid),
        'alg None, no signature'            => unsigned(alg => '"None"'),
        'alg nOnE, no signature'            => unsigned(alg => '"nOnE"'),
        'alg NONE, no signature'            => unsigned(alg => '"NONE"'),
        'alg none with a space'             => unsigned(alg => '" none"'),
        'alg none in full width'            => unsigned(alg => '"\uff4eone"'),
        'an empty alg, no signature'        => unsigned(alg => '""'),
        'an empty alg, a right signature'   => header_with(alg => '""'),
        'no alg, no signature'              => unsigned(alg => undef),
        'no alg, a right signature'         => header_with(alg => undef),
        'alg null'                          => unsigned(alg => 'null'),
        'alg false'                         => unsigned(alg => 'false'),
        'alg 0'                             => unsigned(alg => '0'),
        'alg ["none"]'                      => unsigned(alg => '["none"]'),
        'alg as an array of the right one'  => header_with(alg => '["EdDSA"]'),
        'alg as an object'                  => header_with(alg => '{"EdDSA":true}'),
        'alg in capitals'                   => header_with(alg => '"EDDSA"'),
        'alg in small letters'              => header_with(alg => '"eddsa"'),
        'alg with a space behind'           => header_with(alg => '"EdDSA "'),
        'alg with a line end behind'        => header_with(alg => '"EdDSA\n"'),
        'two in one alg'                    => header_with(alg => '"EdDSA,none"'),
        'alg ed25519'                       => header_with(alg => '"ed25519"'),
        'alg Ed255'                         => header_with(alg => '"Ed255"'),
        'alg RS1'                           => token(key => 'r', alg => 'RS1'),
        'alg HS1'                           => token(key => 'h', header => { alg => '"HS1"' }),
        'alg ES256 as it is in a URI'       => token(key => 'e', header => {
            alg => '"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"' }),
        'alg dir'                           => header_with(alg => '"dir"'),
        'alg RSA-OAEP'                      => token(key => 'r', header => { alg => '"RSA-OAEP"' }),
        'alg of 4,000 bytes'                => header_with(alg => qq("$huge")),

        # a public key as a secret
        $not_its_key,
        'the RSA key as PEM is the secret'           => hs($pem),
        'the RSA key as PEM without its line end'    => hs($pem =~ s/\n\z//r),
        'the RSA key as PEM with CR LF'              => hs($pem =~ s/\n/\r\n/gr),
        'the RSA key as PEM, HS384'                  => hs($pem, alg => 'HS384'),
        'the RSA key as PEM, HS512'                  => hs($pem, alg => 'HS512'),
        'the RSA key as PKCS #1 PEM'                 => hs($key{r}{pk}->export_key_pem('public')),
        'the RSA key as DER'                         => hs(public_der($key{r})),
        'the RSA key as PKCS #1 DER'                 => hs($pkcs1),
        'the RSA key as JWK'                         => hs($json->encode($jwk)),
        'the RSA key as JWK, as it is in the set'    => hs($json->encode({ %$jwk, kid => 'r' })),
        'the modulus'                                => hs(unb64($jwk->{n})),
        'the modulus in base64url'                   => hs($jwk->{n}),
        'the exponent'                               => hs(unb64($jwk->{e})),
        'the EC key as PEM'                          => hs(public_pem($key{e}), key => 'e'),
        'the EC key as DER'                          => hs(public_der($key{e}), key => 'e'),
        'the EC point'                               => hs($key{e}{pk}->export_key_raw('public'), key => 'e'),
        'the Ed25519 key as PEM'                     => hs(public_pem($key{d}), key => 'd'),
        'the Ed25519 key as bytes'                   => hs(unb64(public_jwk($key{d})->{x}), key => 'd'),
        'an empty secret for an RSA key'             => hs(''),
        'an empty secret for the oct key'            => hs('', key => 'h'),
        'an "x" as secret'                           => hs('x', key => 'h'),
        'the secret in base64url'                    => hs(b64($key{h}{secret}), key => 'h'),
        'the start of the secret'                    => hs(substr($key{h}{secret}, 0, 32), key => 'h'),
        'the secret and a byte'                      => hs("$key{h}{secret}x", key => 'h'),
        'the kid as secret'                          => hs('h', key => 'h'),
        'HMAC, the first half of it'                 => sig('h', sub { substr $_[0], 0, 16 }),
        'HMAC of another hash'                       => token(key => 'h', as => 'HS512'),
        'HMAC of another hash, cut to size'          => token(key => 'h', as => 'HS512',
            signature => sub { substr $_[0], 0, 32 }),
        $no_key,
        'the RSA key as PEM is the secret, no kid'   => hs($pem, header => {@no_kid}),
        'the RSA key as DER, no kid'                 => hs(public_der($key{r}), header => {@no_kid}),
        'an empty secret, no kid'                    => hs('', header => {@no_kid}),

        # a key for something else
        $not_its_key,
        'ES256 by a P-384 key'                    => token(key => 'e384', alg => 'ES256'),
        'ES256 by a P-384 key, cut to size'       => token(key => 'e384', alg => 'ES256',
            signature => sub { substr $_[0], 0, 64 }),
        'ES256 by a P-521 key'                    => token(key => 'e521', alg => 'ES256'),
        'ES384 by a P-256 key'                    => token(key => 'e', alg => 'ES384'),
        'ES512 by a P-256 key'                    => token(key => 'e', alg => 'ES512'),
        'ES256K by a P-256 key'                   => token(key => 'e', alg => 'ES256K', as => 'ES256'),
        'ES256 by a secp256k1 key'                => token(key => 'k', alg => 'ES256'),
        'ES384 by a P-384 key, but of SHA-256'    => token(key => 'e384', as => 'ES256'),
        'EdDSA by an EC key'                      => token(key => 'e', alg => 'EdDSA', as => 'ES256'),
        'EdDSA by an RSA key'                     => token(key => 'r', alg => 'EdDSA', as => 'RS256'),
        'ES256 by an Ed25519 key'                 => token(key => 'd', alg => 'ES256', as => 'EdDSA'),
        'RS256 by an Ed25519 key'                 => token(key => 'd', alg => 'RS256', as => 'EdDSA'),
        'RS256 by an EC key'                      => token(key => 'e', alg => 'RS256', as => 'ES256'),
        'RS256 by a secret'                       => token(key => 'h', alg => 'RS256', as => 'HS256'),
        'alg Ed448 by an Ed25519 key'             => token(key => 'd', header => { alg => '"Ed448"' }),
        'alg Ed25519 by an Ed448 key'             => token(key => 'd448', header => { alg => '"Ed25519"' }),
        'Ed25519 for the Ed448 key'               => token(key => 'd448', by => $key{d}),
        'Ed448 for the Ed25519 key'               => token(key => 'd', by => $key{d448}),
        'PS256 by a key for RS256'                => token(key => 'r256', alg => 'PS256'),
        'RS512 by a key for RS256'                => token(key => 'r256', alg => 'RS512'),
        'HS256 by a key for HS512'                => token(key => 'h512', alg => 'HS256'),
        'HS512 by a secret of 32 bytes'           => token(key => 'h32', alg => 'HS512'),
        'HS384 by a secret of 32 bytes'           => token(key => 'h32', alg => 'HS384'),
        'PS256, though it says RS256'             => token(key => 'r', alg => 'RS256', as => 'PS256'),
        'RS256, though it says PS256'             => token(key => 'r', alg => 'PS256', as => 'RS256'),
        'RS512, though it says RS256'             => token(key => 'r', alg => 'RS256', as => 'RS512'),
        'PS384, though it says PS256'             => token(key => 'r', alg => 'PS256', as => 'PS384'),
        'PS256 without a salt'                    => token(key => 'r', alg => 'PS256', salt => 0),
        'PS256 with a salt of 20 bytes'           => token(key => 'r', alg => 'PS256', salt => 20),
        'PS256 with a salt of 64 bytes'           => token(key => 'r', alg => 'PS256', salt => 64),
        $no_key,
        'a key to encrypt with'                   => token(key => 'enc'),
        'key_ops without verify'                  => token(key => 'ops'),
        'no key_ops'                              => token(key => 'noops'),
        'a key for ECDH-ES'                       => token(key => 'ecdh'),

        # kid
        'a kid that nobody knows'         => header_with(kid => '"unknown"'),
        'an empty kid'                    => header_with(kid => '""'),
        'a kid in capitals'               => header_with(kid => '"D"'),
        'a kid with a space behind'       => header_with(kid => '"d "'),
        'a kid with a line end'           => header_with(kid => '"d\n"'),
        'a kid that is a start of one'    => header_with(kid => '"d44"'),
        'two kids'                        => header_with(kid => '"d,e"'),
        'a kid that is a path'            => header_with(kid => '"../../../../../../dev/null"'),
        'the same, an empty secret'       => hs('', header => { kid => '"../../../../../../dev/null"' }),
        'a kid that is a file'            => header_with(kid => '"/etc/passwd"'),
        'a kid that is a location'        => header_with(kid => '"/introspect"'),
        'a kid that is a URL'             => header_with(kid => jku()),
        'a kid that is SQL'               => header_with(kid => q("x' UNION SELECT 'd' --")),
        'a kid that is a command'         => header_with(kid => '"$(id)|id;`id`"'),
        'a kid that is a format'          => header_with(kid => '"%s%n%V%p"'),
        'a kid in Chinese'                => header_with(kid => '"\u94a5"'),
        'a kid of 4,000 bytes'            => header_with(kid => qq("$huge")),
        'the kid of a key that has none'  => token(key => 'bare'),
        $not_its_key,
        "another key's kid"               => header_with(kid => '"d2"'),
        "a kid of another type"           => header_with(kid => '"r"'),
        $no_string,
        'kid 1'                           => header_with(kid => '1'),
        'kid null'                        => header_with(kid => 'null'),
        'kid false'                       => header_with(kid => 'false'),
        'kid as an array'                 => header_with(kid => '["d"]'),
        'kid as an object'                => header_with(kid => '{"kid":"d"}'),
        $bad_json,
        'a kid with an escaped NUL'       => header_with(kid => '"d\u0000"'),
        'a kid with half a surrogate'     => header_with(kid => '"\ud800"'),
        'a kid with a raw line end'       => header_with(kid => "\"d\n\""),

        # keys that the token brings
        $not_its_key,
        'a jwk, Ed25519'                  => brings_jwk('d'),
        'a jwk, RSA'                      => brings_jwk('r'),
        'a jwk, EC'                       => brings_jwk('e'),
        'a jku'                           => brings('d', jku => jku()),
        'a jku and its kid'               => brings('d', jku => jku(), x5u => jku()),
        'a x5u'                           => brings('d', x5u => jku()),
        'a x5c'                           => token(by => $certified, header => { x5c => $x5c }),
        $no_key,
        'a jwk, no kid'                   => brings_jwk('d', @no_kid),
        'a jwk, RSA, no kid'              => brings_jwk('r', @no_kid),
        'a jwk, its own kid'              => brings_jwk('e', kid => '"x"'),
        'a jku, no kid'                   => brings('d', jku => jku(), @no_kid),
        'a jku, its own kid'              => brings('d', jku => jku(), kid => '"x"'),
        'a x5u, its own kid'              => brings('r', x5u => jku(), kid => '"x"'),
        'a x5c, no kid'                   => token(by => $certified,
            header => { x5c => $x5c, @no_kid }),
        'no key and no kid: an own key'   => brings('d', @no_kid),

        # members of the header that change what a token is
        $unsupported,
        'crit ["exp"]'                    => header_with(crit => '["exp"]', exp => $later),
        'crit ["alg"]'                    => header_with(crit => '["alg"]'),
        'crit of an unknown name'         => header_with(crit => '["http://a/x"]', 'http://a/x' => 1),
        'an empty crit'                   => header_with(crit => '[]'),
        'crit as a string'                => header_with(crit => '"exp"'),
        'crit null'                       => header_with(crit => 'null'),
        'b64 false'                       => header_with(b64 => 'false'),
        'b64 false and crit'              => header_with(b64 => 'false', crit => '["b64"]'),
        'b64 true'                        => header_with(b64 => 'true'),
        'zip'                             => header_with(zip => '"DEF"'),
        'zip null'                        => header_with(zip => 'null'),
        'cty JWT, another token inside'   => token(header => { cty => '"JWT"' }, claims => token()),
        'cty JWT'                         => header_with(cty => '"JWT"'),
        'cty jwt'                         => header_with(cty => '"jwt"'),
        'cty json'                        => header_with(cty => '"json"'),
        'enc'                             => header_with(enc => '"A256GCM"'),
        'crit with an escape in its name' => header_with('cr\u0069t' => '["exp"]'),

        # typ
        $typ,
        (map { ("typ $_" => header_with(typ => qq("$_"))) } 'dpop+jwt', 'logout+jwt', 'id_token+jwt',
            'id_token', 'application/dpop+jwt', 'secevent+jwt', 'token-introspection+jwt', 'kb+jwt',
            'entity-statement+jwt', 'oauth-authz-req+jwt', 'application/jwt', 'JOSE', 'JWE', 'jwts', 'JW',
            'at', 'at+jwt;x', 'x/at+jwt', 'text/at+jwt', '*', ' at+jwt', 'at+jwt\n', '\u0430t+jwt'),
        'an empty typ'                    => header_with(typ => '""'),
        'typ null'                        => header_with(typ => 'null'),
        'typ 1'                           => header_with(typ => '1'),
        'typ as an array'                 => header_with(typ => '["at+jwt"]'),

        # members twice
        $bad_json,
        'alg twice, the right one first'  => token(header => header_text({}) =~ s/\}$/,"alg":"none"}/r),
        'alg twice, the right one last'   => token(header => header_text({}) =~ s/^\{/{"alg":"none",/r),
        'alg twice, once with an escape'  => token(header => header_text({}) =~ s/\}$/,"\\u0061lg":"none"}/r),
        'alg twice, the same'             => token(header => header_text({}) =~ s/\}$/,"alg":"EdDSA"}/r),
        'kid twice'                       => token(header => header_text({}) =~ s/\}$/,"kid":"d2"}/r),
        'an unknown member twice'         => token(header => header_text({}) =~ s/\}$/,"x":1,"x":1}/r),
        'scope twice'                     => token(claims => claims_text({}) =~ s/\}$/,"scope":"x"}/r),
        'scope twice, with an escape'     => token(claims => claims_text({}) =~ s/\}$/,"scop\\u0065":"x"}/r),
        'exp twice'                       => token(claims => claims_text({}) =~ s/\}$/,"exp":4102444800}/r),
        'iss twice'                       => token(claims => claims_text({}) =~ s/^\{/{"iss":"x",/r),
        'aud twice'                       => token(claims => claims_text({}) =~ s/\}$/,"aud":"api"}/r),
        'a member twice further inside'   => claims_with(x => '[{"y":1,"y":2}]'),

        # signatures
        $not_its_key,
        'ECDSA, all zeros'                => sig('e', sub { "\0" x 64 }),
        'ECDSA, r = 0'                    => with_r_s('e', is_number(0), \&keep_s),
        'ECDSA, s = 0'                    => with_r_s('e', \&keep_r, is_number(0)),
        'ECDSA, r = 1 and s = 1'          => with_r_s('e', is_number(1), is_number(1)),
        'ECDSA, r = n'                    => with_r_s('e', sub { order('e') }, \&keep_s),
        'ECDSA, s = n'                    => with_r_s('e', \&keep_r, sub { order('e') }),
        'ECDSA, r = n and s = n'          => with_r_s('e', sub { order('e') }, sub { order('e') }),
        'ECDSA, r = n - 1'                => with_r_s('e', sub { order('e') - 1 }, \&keep_s),
        'ECDSA, all ones'                 => sig('e', sub { "\xff" x 64 }),
        'ECDSA P-521, all zeros'          => sig('e521', sub { "\0" x 132 }),
        'ECDSA P-521, r + n'              => with_r_s('e521', sub { $_[0] + order('e521') }, \&keep_s),
        'ECDSA P-521, s + n'              => with_r_s('e521', \&keep_r, sub { $_[1] + order('e521') }),
        'ECDSA P-521, all ones'           => sig('e521', sub { "\xff" x 132 }),
        'ECDSA P-384, all zeros'          => sig('e384', sub { "\0" x 96 }),
        'ECDSA secp256k1, all zeros'      => sig('k', sub { "\0" x 64 }),
        'ECDSA, s before r'               => sig('e', sub { substr($_[0], 32) . substr $_[0], 0, 32 }),
        'ECDSA, r twice'                  => sig('e', sub { substr($_[0], 0, 32) x 2 }),
        'ECDSA as DER'                    => sig('e', \&der),
        'ECDSA with longer halves'        => sig('e', sub { $_[0] =~ s/(.{32})/\0$1/gsr }),
        'Ed25519, all zeros'              => sig('d', sub { "\0" x 64 }),
        'Ed25519, the neutral point, 0'   => sig('d', sub { "\1" . "\0" x 63 }),
        'Ed25519, S + L'                  => sig('d', \&ed25519_more),
        'Ed25519, all ones'               => sig('d', sub { "\xff" x 64 }),
        'Ed448, all zeros'                => sig('d448', sub { "\0" x 114 }),
        'RSA, all zeros'                  => sig('r', sub { "\0" x 256 }),
        'RSA, 1'                          => sig('r', sub { "\0" x 255 . "\1" }),
        'RSA, the modulus'                => sig('r', sub { unb64($jwk->{n}) }),
        'RSA, all ones'                   => sig('r', sub { "\xff" x 256 }),
        'RSA PSS, all zeros'              => sig('r', sub { "\0" x 256 }, alg => 'PS256'),
        'HMAC, all zeros'                 => sig('h', sub { "\0" x 32 }),
        'a signature of one byte'         => sig('d', sub { "\0" }),
        'a signature that is text'        => sig('d', sub { 'signed' }),
        (map {
            my ($kid, $name, $alg) = (@$_, $key{ $_->[0] }{alg});
            my ($key, %o) = ($key{$kid}, key => $kid, alg => $alg);
            (
                "$name, no signature"         => sig($kid, sub { '' }, %o),
                "$name, a byte less"          => sig($kid, sub { substr $_[0], 0, -1 }, %o),
                "$name, a byte more"          => sig($kid, sub { "$_[0]\0" }, %o),
                "$name, a zero byte ahead"    => sig($kid, sub { "\0$_[0]" }, %o),
                "$name, twice"                => sig($kid, sub { $_[0] x 2 }, %o),
                "$name, the first bit"        => sig($kid, sub { flipped($_[0], 7) }, %o),
                "$name, the last bit"         => sig($kid, sub { flipped($_[0], 8 * length($_[0]) - 8) }, %o),
                "$name, of another token"     => sig($kid, sub { sign($key, $alg, 'x') }, %o),
                "$name, of the claims alone"  => sig($kid, sub { sign($key, $alg, $_[1] =~ s/.*\.//r) }, %o),
                "$name, a bit of the claims"  => changed(1, sub { $_[0] =~ s/user_read/user_reae/r }, %o),
                "$name, a bit of the header"  => changed(0, sub { $_[0] =~ s/at\+jwt/At+jwt/r }, %o),
                "$name, white space added"    => changed(1, sub { "$_[0] " }, %o),
            );
        } [ r => 'RS256' ], [ r => 'PS256', 'PS256' ], [ e => 'ES256' ], [ e384 => 'ES384' ],
            [ e521 => 'ES512' ], [ d => 'Ed25519' ], [ d448 => 'Ed448' ], [ h => 'HS256' ]),

        # the encoding
        $no_base64,
        'base64 in the header'            => encoded(0, sub { $_[0] =~ tr{-_}{+/}r }),
        'base64 in the claims'            => encoded(1, sub { $_[0] =~ tr{-_}{+/}r }),
        'base64 in the signature'         => encoded(2, sub { $_[0] =~ tr{-_}{+/}r }),
        'padding of the signature'        => encoded(2, sub { "$_[0]==" }),
        'one "=" behind the signature'    => encoded(2, sub { "$_[0]=" }),
        'a letter too much in the header' => encoded(0, sub { $_[0] . 'A' x ((5 - length($_[0]) % 4) % 4) }),
        'one too much in the claims'      => encoded(1, sub { $_[0] . 'A' x ((5 - length($_[0]) % 4) % 4) }),
        'one letter as signature'         => encoded(2, sub { 'A' }),
        'a tilde in the claims'           => encoded(1, sub { "$_[0]~~~~" }),
        'stray bits in the header'        => stray(0),
        'stray bits in the claims'        => stray(1),
        'stray bits in the signature'     => stray(2),
        $no_bearer,
        'padding of the header'           => encoded(0, sub { "$_[0]=" }),
        'padding of the claims'           => encoded(1, sub { "$_[0]==" }),
        'a space in the header'           => encoded(0, sub { "$_[0] " }),
        'a space in the claims'           => encoded(1, sub { " $_[0]" }),
        'a tab in the claims'             => encoded(1, sub { "$_[0]\t" }),
        'a space in the signature'        => encoded(2, sub { substr($_[0], 0, 9) . ' ' . substr($_[0], 9) }),
        'a percent sign'                  => encoded(2, sub { "$_[0]%3D" }),
        'an escaped line end'             => encoded(2, sub { "$_[0]%0A" }),
        'a comma and another token'       => token() . ',' . token(key => 'e'),
        'quotes around it'                => '"' . token() . '"',
        'a letter of two bytes'           => encoded(1, sub { "$_[0]\xc3\xa9" }),
        $too_long,
        'a token of 8,193 bytes'          => token_of(8192) . 'A',
        'a token of 16,384 bytes'         => token_of(16_384),
        $bad_json,
        'two dots only'                   => '..',
        'an empty header'                 => signed_parts('', b64(claims_text({})), $key{d}, 'EdDSA'),
        'claims alone'                    => '.' . b64(claims_text({})) . '.',
        'an empty header and claims'      => '..' . b64('x' x 64),
        'no claims'                       => token(claims => ''),

        # JSON
        'a BOM in the header'             => token(header => "\xef\xbb\xbf" . header_text({})),
        'a BOM in the claims'             => token(claims => "\xef\xbb\xbf" . claims_text({})),
        'a header in UTF-16'              => token(header => utf16(header_text({}))),
        'claims in UTF-16'                => token(claims => "\xff\xfe" . utf16(claims_text({}))),
        'no UTF-8 in the header'          => header_with(x => "\"\xff\""),
        'no UTF-8 in the claims'          => claims_with(x => "\"\xc3\""),
        'UTF-8 that is too long'          => claims_with(x => "\"\xc0\xaf\""),
        'a surrogate in UTF-8'            => claims_with(x => "\"\xed\xa0\x80\""),
        'a letter beyond Unicode'         => claims_with(x => "\"\xf4\x90\x80\x80\""),
        'Latin-1 in the claims'           => claims_with(client_id => "\"m\xfcller\""),
        'something behind the header'     => token(header => header_text({}) . 'x'),
        'something behind the claims'     => token(claims => claims_text({}) . '}'),
        'two objects'                     => token(claims => claims_text({}) x 2),
        'a NUL byte behind the claims'    => token(claims => claims_text({}) . "\0"),
        'a NUL byte behind the header'    => token(header => header_text({}) . "\0"),
        'a NUL byte in a claim'           => claims_with(x => "\"a\0b\""),
        'an escaped NUL in a claim'       => claims_with(x => '"a\u0000b"'),
        'an escaped NUL in a name'        => claims_with('scope\u0000x' => '"user_write"'),
        'an escaped NUL in the scope'     => claims_with(scope => '"user_read\u0000user_write"'),
        'an escaped NUL in the client_id' => claims_with(client_id => '"crm\u0000x"'),
        'an escaped NUL in the iss'       => claims_with(iss => '"https://as.example/\u0000"'),
        'a comment'                       => token(claims => claims_text({}) =~ s/^\{/{\/**\//r),
        'a comma behind the last member'  => token(claims => claims_text({}) =~ s/\}$/,}/r),
        'names without quotes'            => token(claims => claims_text({}) =~ s/"(\w+)":/$1:/gr),
        'single quotes'                   => token(claims => claims_text({}) =~ s/"/'/gr),
        'claims cut off'                  => token(claims => substr claims_text({}), 0, -1),
        'a number with a zero ahead'      => claims_with(exp => "0$later"),
        'a number with a plus ahead'      => claims_with(exp => "+$later"),
        'a hexadecimal number'            => claims_with(exp => '0x7fffffff'),
        'exp NaN'                         => claims_with(exp => 'NaN'),
        'exp Infinity'                    => claims_with(exp => 'Infinity'),
        'exp 1e400'                       => claims_with(exp => '1e400'),
        'a number of 5,000 digits'        => claims_with(x => '1' x 5000),
        '2,500 levels of arrays'          => claims_with(x => '[' x 2500 . ']' x 2500),
        '3,000 levels of arrays'          => token(claims => '{"x":' . '[' x 2900 . ']' x 2900 . '}',
            header => { kid => undef, typ => undef }),
        '1,000 objects and no end'        => token(claims => '{"x":' x 1000),
        '2,500 levels in the header'      => header_with(x => '[' x 2500 . ']' x 2500),
        'a header that is a string'       => token(header => '"EdDSA"'),
        'a header that is null'           => token(header => 'null'),
        'claims that are a string'        => token(claims => '"' . b64(claims_text({})) . '"'),
        'claims that are a number'        => token(claims => '1'),
        'claims that are null'            => token(claims => 'null'),
        'claims that are a token'         => token(claims => token()),
        'claims that are a form'          => token(claims => 'iss=https://as.example/&aud=api'),
        $no_object,
        'a header that is an array'       => token(header => '[' . header_text({}) . ']'),
        'claims that are an array'        => token(claims => '[' . claims_text({}) . ']'),

        # iss
        $iss,
        'no iss'                          => claims_with(iss => undef),
        'iss as a number'                 => claims_with(iss => 1),
        'iss null'                        => claims_with(iss => 'null'),
        'iss as an array'                 => claims_with(iss => '["https://as.example/"]'),
        'iss as an object'                => claims_with(iss => '{"https://as.example/":1}'),
        'an empty iss'                    => claims_with(iss => '""'),
        'iss without its slash'           => claims_with(iss => '"https://as.example"'),
        'iss with one more'               => claims_with(iss => '"https://as.example//"'),
        'iss in capitals'                 => claims_with(iss => '"https://AS.example/"'),
        'iss with another scheme'         => claims_with(iss => '"http://as.example/"'),
        'iss with a port'                 => claims_with(iss => '"https://as.example:443/"'),
        'iss with a path'                 => claims_with(iss => '"https://as.example/x"'),
        'iss with a space ahead'          => claims_with(iss => '" https://as.example/"'),
        'iss with a line end'             => claims_with(iss => '"https://as.example/\n"'),
        'iss with a Cyrillic letter'      => claims_with(iss => '"https://\u0430s.example/"'),
        'another iss'                     => claims_with(iss => '"https://evil.example/"'),

        # aud
        $aud,
        'no aud'                          => claims_with(aud => undef),
        'an empty aud'                    => claims_with(aud => '""'),
        'an empty array as aud'           => claims_with(aud => '[]'),
        'another aud'                     => claims_with(aud => '"web"'),
        'others in the array'             => claims_with(aud => '["web","https://api"]'),
        'a part of the aud'               => claims_with(aud => '"ap"'),
        'an aud that is longer'           => claims_with(aud => '"apis"'),
        'two in one aud'                  => claims_with(aud => '"api web"'),
        'half of the other aud'           => claims_with(aud => '["other"]'),
        'aud in capitals'                 => claims_with(aud => '"API"'),
        'aud with a space'                => claims_with(aud => '" api"'),
        'a star'                          => claims_with(aud => '"*"'),
        'aud as a number'                 => claims_with(aud => '1'),
        'aud null'                        => claims_with(aud => 'null'),
        'aud true'                        => claims_with(aud => 'true'),
        'aud as an object'                => claims_with(aud => '{"api":"api"}'),
        $no_string,
        'a number beside the aud'         => claims_with(aud => '["api",1]'),
        'a number ahead of the aud'       => claims_with(aud => '[1,"api"]'),
        'null beside the aud'             => claims_with(aud => '["api",null]'),
        'the aud in an array inside'      => claims_with(aud => '[["api"]]'),
        'the aud in an object'            => claims_with(aud => '[{"aud":"api"}]'),

        # exp, nbf and iat
        $times,
        'no exp'                          => claims_with(exp => undef),
        'exp as a string'                 => claims_with(exp => qq("$later")),
        'exp null'                        => claims_with(exp => 'null'),
        'exp true'                        => claims_with(exp => 'true'),
        'exp as an array'                 => claims_with(exp => "[$later]"),
        'exp as an object'                => claims_with(exp => '{}'),
        'exp as a date'                   => claims_with(exp => '"2099-01-01T00:00:00Z"'),
        'exp 2^53'                        => claims_with(exp => '9007199254740992'),
        'exp 2^63 - 1'                    => claims_with(exp => '9223372036854775807'),
        'exp of 30 digits'                => claims_with(exp => '9' x 30),
        'exp 1e300'                       => claims_with(exp => '1e300'),
        'exp -1e300'                      => claims_with(exp => '-1e300'),
        'nbf as a string'                 => claims_with(nbf => qq("$now")),
        'nbf false'                       => claims_with(nbf => 'false'),
        'nbf as an array'                 => claims_with(nbf => '[]'),
        'nbf 1e300'                       => claims_with(nbf => '1e300'),
        'iat as a string'                 => claims_with(iat => qq("$now")),
        'iat true'                        => claims_with(iat => 'true'),
        'iat as an object'                => claims_with(iat => '{}'),
        'iat -1e300'                      => claims_with(iat => '-1e300'),
        $future,
        'nbf in an hour'                  => claims_with(nbf => $now + 3600),
        'nbf beyond the leeway'           => claims_with(nbf => $now + 600),
        'nbf with a fraction'             => claims_with(nbf => $now + 600 . '.5'),
        'nbf in a year'                   => claims_with(nbf => '4.1024448e9'),
        'iat in an hour'                  => claims_with(iat => $now + 3600),
        'iat beyond the leeway'           => claims_with(iat => $now + 600),
        $expired,
        'exp an hour ago'                 => claims_with(exp => $now - 3600),
        'exp beyond the leeway'           => claims_with(exp => $now - 31),
        'exp beyond it, with a fraction'  => claims_with(exp => $now - 32 . '.5'),
        'exp 1'                           => claims_with(exp => 1),
        'exp 0'                           => claims_with(exp => 0),
        'exp -0'                          => claims_with(exp => '-0'),
        'a negative exp'                  => claims_with(exp => "-$later"),
        'a negative exp with a fraction'  => claims_with(exp => '-0.5'),
        'a very negative exp'             => claims_with(exp => '-9007199254740991'),
        'exp 1e-300'                      => claims_with(exp => '1e-300'),
        'exp in milliseconds of 1970'     => claims_with(exp => '86400000'),

        # cnf
        $cnf,
        'bound by DPoP'                   => claims_with(cnf => qq({"jkt":"$thumbprint"})),
        'bound to a certificate'          => claims_with(cnf => qq({"x5t#S256":"$thumbprint"})),
        'bound to a key'                  => claims_with(cnf => '{"jwk":{}}'),
        'bound to nothing'                => claims_with(cnf => '{}'),

        # application
        $no_string,
        'client_id as a number'           => claims_with(client_id => 1),
        'client_id as an array'           => claims_with(client_id => '["crm"]'),
        'a wrong client_id, a right azp'  => claims_with(client_id => '{}', azp => '"crm"'),
        'azp as a number'                 => claims_with(client_id => undef, azp => 1, cid => '"crm"'),
        'a right client_id, azp a number' => claims_with(azp => 1),
        'a right client_id, appid true'   => claims_with(appid => 'true'),
        qr/must have 1 to 255 bytes/,
        'an empty client_id'              => claims_with(client_id => '""'),
        'an empty client_id, a right azp' => claims_with(client_id => '""', azp => '"crm"'),
        'a client_id of 256 bytes'        => claims_with(client_id => '"' . 'a' x 256 . '"'),
        'an azp of 256 bytes'             => claims_with(client_id => undef, azp => '"' . 'a' x 256 . '"'),
        'an empty cid'                    => claims_with(client_id => undef, cid => '""'),
        'a right client_id, an empty cid' => claims_with(cid => '""'),
        qr/must not have control characters/,
        'a client_id with a line end'     => claims_with(client_id => '"crm\r\nX-EIAM-Scopes: all"'),
        'a client_id with U+001F'         => claims_with(client_id => '"crm\u001f"'),
        'a client_id with U+007F'         => claims_with(client_id => '"crm\u007f"'),
        'an appid with a tab'             => claims_with(client_id => undef, appid => '"crm\t"'),
        qr/names two applications/,
        'another azp'                     => claims_with(azp => '"b"'),
        'the same in other letters'       => claims_with(appid => '"CRM"'),
        'a third that differs'            => claims_with(azp => '"crm"', appid => '"b"'),

        # scopes
        qr/must be a string or an array of strings/,
        'scope as a number'               => claims_with(scope => 1),
        'scope true'                      => claims_with(scope => 'true'),
        'scope as an object'              => claims_with(scope => '{"user_read":true}'),
        'a wrong scope, a right scp'      => claims_with(scope => '1', scp => '"user_read"'),
        'scp as a number'                 => claims_with(scope => undef, scp => '1'),
        'scp as an object'                => claims_with(scope => undef, scp => '{"user_read":true}'),
        $no_string,
        'a number in scp'                 => claims_with(scope => undef, scp => '["user_read",1]'),
        'an array in scp'                 => claims_with(scope => undef, scp => '[["user_read"]]'),
        'null in scp'                     => claims_with(scope => undef, scp => '[null,"user_read"]'),
        qr/must not contain a space/,
        'two scopes in one of scp'        => claims_with(scope => undef, scp => '["user_read user_write"]'),
        'a space behind one of scp'       => claims_with(scope => undef, scp => '["user_read "]'),
        'two in one of scope, a right scp' => claims_with(scope => '["user_read user_write"]', scp => '"user_read"'),
        qr/has more than 4096 bytes/,
        'scp of more than 4,096 bytes'    => claims_with(scope => undef, scp => '["' . 'x' x 4095 . '","x"]'),
        'scope of more than 4,096 bytes'  => claims_with(scope => '"user_read ' . 'x' x 4090 . '"'),
    );
}

# What the error log says about one request.
my $read_to = 0;
sub said {
    my $log = $gate->error_log;
    my $new = substr $log, $read_to;
    $read_to = length $log;
    return $new;
}

nothing_forwarded($gate, '2.6-10: hostile tokens; the detail names the check that failed', sub {
    $introspection->forget;
    $foreign->forget;
    said();
    my ($count, $log, %titles, %tokens) = (0);
    my @rows = hostile_rows();
    while (@rows) {
        if (ref $rows[0]) { $log = shift @rows; next }
        my ($title, $token) = splice @rows, 0, 2;
        fail "there are two of $title" if $titles{$title}++ || $tokens{$token}++;
        my $elsewhere = outcome('default', $token);
        fail "where the default algorithms are accepted: $title: $elsewhere"
            unless $elsewhere =~ /^token_(?:invalid|expired)$/;
        said();
        my $res = get($gate, '/api/users', token => $token);
        my $text = said();
        refused $res, $log eq $expired ? 'token_expired' : 'token_invalid', $title;
        fail "its reason is not $log: $title" or diag $text unless $text =~ $log;
        my $detail = $log eq $expired ? '(?!)' : $detail{$log} // '(?:application|scopes)';
        fail "its detail is not $detail: $title" or diag $text
            if ($text =~ /refused, .* detail: "(\w*)"/ ? $1 : '') !~ /^$detail$/ && $log ne $expired;
        $count++;
    }
    cmp_ok $count, '>=', 120, "$count tokens";
    is $introspection->count, 0, 'no one is asked for any of them';
    is $foreign->count, 0, 'and no address in a header is called';
});

subtest '2.6-10: the detail of a token that was refused before, and of what no signature decides' => sub {
    my $said = sub {
        my ($target, $token) = @_;
        said();
        get($gate, "/api/$target", token => $token) for 1, 2;
        return join ' ', said() =~ /refused, (\w+), .* detail: "(\w+)"/g;
    };
    my $again = sub { return join ' ', map { "token_invalid $_[0]" } 1, 2 };
    is $said->('alone', claims_with(aud => '"again"')), $again->('audience'), 'from the cache';
    is $said->('alone', token(by => $attacker{d}, claims => { jti => 7 })), $again->('signature'), '  of a signature';
    is $said->('alone', header_with(kid => '"again"')), $again->('key'), 'an unknown key';
    is $said->('alone', 'opaque'), $again->('unknown_token'), 'a token that no source knows';
    is $said->('alone', 'opaque"'), $again->('token_syntax'), 'what is no token';
    is $said->('apps', claims_with(client_id => undef)), $again->('no_application'), 'no application';
    is $said->('apps', claims_with(client_id => '"CRM"')), $again->('similar_application'), 'one like that of the file';
};

# ---------------------------------------------------------------- what is not a JWS

subtest 'tokens with other than two dots are for introspection' => sub {
    my ($header, $claims, $signature) = split /\./, token();
    my $jwe = b64('{"alg":"dir","enc":"A256GCM"}');
    my $asked = 'asked|user_read user_write introspection MISS';
    for my $row (
        [ 'a JWE' => "$jwe..$claims.$claims.$signature" ],
        [ 'a JWE with a key' => join '.', $jwe, ($claims) x 4 ],
        [ 'four parts' => "$header.$claims.$signature." ],
        [ 'two parts' => "$header.$claims" ],
        [ 'one part' => $header ],
        [ 'a token with a dot ahead' => '.' . token() ],
        [ 'dots alone' => '.' x 5 ])
    {
        my ($title, $token) = @$row;
        is outcome('alone', $token), 'token_invalid', "$title is refused where there is none";
        is outcome('users', $token, source => 1), $asked, '  and asked about else';
    }
    is outcome('none', token(), source => 1), $asked, 'a signed token, too, where eiam_jwks is off';
};

nothing_forwarded($gate, 'a token that is no one line', sub {
    my $token = token();
    my $half = length($token) / 2;
    for my $row ([ 'a NUL byte' => "\0" ], [ 'a line end' => "\r\n" ], [ 'a line feed' => "\n" ],
        [ 'a folded line' => "\r\n " ], [ 'a carriage return' => "\r" ],
        [ 'another field' => "\r\nX-More: " ])
    {
        my ($title, $bytes) = @$row;
        my $res = get($gate, '/api/alone', token => substr($token, 0, $half) . $bytes . substr $token, $half);
        like $res->{status}, qr/^40[01]$/, "$title in the middle is refused";
    }
});

# ---------------------------------------------------------------- configuration

sub location { return "location /api/ { eiam on; eiam_policy %DIR%/policy.json; $_[0] }" }

my $terms = 'eiam_jwt_issuer as; eiam_jwt_audience api;';
my $good_set = key_set('d');

my %two_files = ('policy.json' => $files{'policy.json'}, 'keys.json' => $good_set);

sub says {
    my ($title, $server, $says) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return bad_config($title, { files => \%two_files, server => $server }, $says);
}

subtest 'configurations that are refused' => sub {
    my $jwks = 'eiam_jwks keys.json;';
    my %one = (eiam_jwks => 'keys.json', eiam_jwt_issuer => 'as', eiam_jwt_audience => 'api',
        eiam_jwt_algorithms => 'RS256', map { ($_ => '10s') } qw(eiam_jwt_leeway eiam_jwks_refresh
        eiam_jwks_interval eiam_jwks_max_age eiam_jwks_timeout));
    for my $name (sort keys %one) {
        my $number = qr/invalid number of arguments in "$name" directive/;
        says("$name without a value", "$name;", $number);
        says("$name with two values", "$name $one{$name} x;", $number) unless $name =~ /issuer|audience|algorithms/;
        says("$name twice", "$name $one{$name}; $name $one{$name};", qr/"$name" directive is duplicate/);
        says("$name in if", "location / { if (\$args) { $name $one{$name}; } }",
            qr/"$name" directive is not allowed here/);
    }
    says("$_ with an empty value", qq($_ "";), qr/$_: .*empty/) for qw(eiam_jwt_issuer eiam_jwt_audience);
    says("an empty one among others in $_", qq($_ api "";), qr/$_: a value is empty, .*; set in /)
        for qw(eiam_jwt_issuer eiam_jwt_audience);
    says("eiam_jwt_audience $_", "eiam_jwt_audience $_;",
        qr/eiam_jwt_audience: "off" stands beside other audiences: write it alone, or remove it; set in /)
        for 'off api', 'api off', 'off off';
    says("the algorithm $_", "eiam_jwt_algorithms RS256 $_;",
        qr/\[emerg\] .*eiam_jwt_algorithms: "\Q$_\E" is not an algorithm that can be accepted/)
        for qw(none NONE None rs256 RS257 RS1 HS1 ES256k ed25519 RSA-OAEP dir ES25 ES2566), 'ES256,EdDSA';
    says('no issuer', location("$jwks eiam_jwt_audience api;"),
        qr{"eiam_jwks" needs "eiam_jwt_issuer" in location "/api/"});
    says('no audience', location("$jwks eiam_jwt_issuer as;"),
        qr{"eiam_jwks" needs "eiam_jwt_audience" in location "/api/"});
    says('neither, for a location', location('eiam_jwks /keys;') . 'location = /keys { internal; }',
        qr{"eiam_jwks" needs "eiam_jwt_issuer"});
    says('no such file', location("$terms eiam_jwks none.json;"),
        qr{none\.json": cannot be opened \(2: No such file});
    says('a folder', location("$terms eiam_jwks .;"), qr/is not a regular file/);
    says('no such file or location', location("$terms eiam_jwks /keys;"),
        qr{"eiam_jwks /keys": there is no such file or location in server});
    says('a public location', location("$terms eiam_jwks /keys;") . 'location = /keys { return 204; }',
        qr{"eiam_jwks /keys": the location must be "internal"});
    says('a prefix of a location', location("$terms eiam_jwks /keys/x;") . 'location = /keys/ { internal; }',
        qr{"eiam_jwks /keys/x": there is no such file or location});
    says('a location that a regex hides', location("$terms eiam_jwks /keys;")
        . 'location /keys { internal; } location ~ k { return 204; }',
        qr{"eiam_jwks /keys": a location by a regex would be used});
};

subtest 'configurations that are accepted' => sub {
    for my $row (
        [ 'a file by its full path' => location("$terms eiam_jwks %DIR%/keys.json;") ],
        [ 'a file beside nginx.conf' => location("$terms eiam_jwks keys.json;") ],
        [ 'an internal location' => location("$terms eiam_jwks /keys;") . 'location = /keys { internal; }' ],
        [ 'off' => location('eiam_jwks off;') ],
        [ 'off below a file' => 'eiam_jwks keys.json;' . location('eiam_jwks off;') ],
        [ 'a file without terms where eiam is off' => 'eiam_jwks keys.json;' ],
        [ 'all on the level of the server' => "eiam_jwks keys.json; $terms" . location('') ],
        [ 'leeway 0' => location("$terms eiam_jwks keys.json; eiam_jwt_leeway 0;") ],
        [ 'all algorithms' => location("$terms eiam_jwks keys.json; eiam_jwt_algorithms @all;") ])
    {
        good_config $row->[0], { files => \%two_files, server => $row->[1] };
    }
};

# A key set's text, and the message of nginx -t.
sub set_says {
    my ($title, $keys, $code, $says) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $conf = nginx(files => { 'policy.json' => $files{'policy.json'}, 'keys.json' => $keys },
        server => location("$terms eiam_jwks %DIR%/keys.json;"));
    my ($is, $text) = $conf->check;
    ok $is == $code && $text =~ $says, $title or diag "exit code $is, expected $code and $says\n$text";
    return $text;
}

subtest 'files that are no key set' => sub {
    my $file = qr/\[emerg\] .*keys\.json"/;
    for my $row (
        [ 'an empty file' => '', qr/: line 1 column 0: / ],
        [ 'bad JSON' => qq({"keys":\n[{]}), qr/: line 2 column 3: / ],
        [ 'a PEM file' => public_pem($key{r}), qr/: line 1 column / ],
        [ 'a member twice' => '{"keys":[],"keys":[]}', qr/: line 1 column \d+: bad JSON/ ],
        [ 'an array' => '[]', qr/: #: must be an object/ ],
        [ 'one key instead of a set' => $json->encode(public_jwk($key{d})), qr/: #: has no "keys"/ ],
        [ 'no "keys"' => '{}', qr/: #: has no "keys"/ ],
        [ '"keys" as an object' => '{"keys":{}}', qr{: #/keys: must be an array} ],
        [ 'no keys' => '{"keys":[]}', qr/: #: has no key to verify with/ ],
        [ 'only keys for something else' => $json->encode(key_set(qw(enc ops noops ecdh))),
            qr/: #: has no key to verify with/ ],
        [ 'only a wrong key' => '{"keys":[{"kty":"RSA"}]}', qr/: #: has no key to verify with/ ],
        [ '129 keys' => { keys => [ (public_jwk($key{d})) x 129 ] }, qr{: #/keys: has more than 128 keys} ])
    {
        set_says($row->[0], $row->[1], 1, qr/$file$row->[2]/);
    }
    set_says('128 keys', { keys => [ (public_jwk($key{d})) x 128 ] }, 0, qr/test is successful/);
};

sub bits { my ($n) = @_; return b64(pack 'H*', '8' . '0' x ($n / 4 - 2) . '1') }

my $rsa = public_jwk($key{r});
my $ec = public_jwk($key{e});
my $weak = public_jwk(new_key('RSA', 1024));
my $many_bits = qr/is larger than 8192 bits/;
my $invalid = qr/is not a valid key/;
my $coordinates = qr/"x" and "y" must have 32 bytes/;

my @wrong_keys = (
    [ 'an RSA key of 1024 bits', $weak, qr/has 1024 bits, fewer than 2048/ ],
    [ 'an RSA key of 2047 bits', { %$rsa, n => b64(pack 'H*', '4' . '0' x 510 . '1') },
        qr/has 2047 bits, fewer than 2048/ ],
    [ 'an RSA key of 1024 bits with zeros ahead', { %$rsa, n => b64("\0" x 128 . unb64($weak->{n})) },
        qr/has 1024 bits, fewer than 2048/ ],
    [ 'an RSA key of 16,384 bits', { %$rsa, n => bits(16_384) }, $many_bits ],
    [ 'a large RSA exponent', { %$rsa, e => b64("\1" x 9) }, qr/"e" is larger than 8 bytes/ ],
    [ 'an even RSA modulus', { %$rsa, n => b64(unb64($rsa->{n}) =~ s/.\z/\0/sr) }, $invalid ],
    [ 'an even RSA exponent', { %$rsa, e => 'AQAA' }, $invalid ],
    [ 'the RSA exponent 1', { %$rsa, e => 'AQ' }, $invalid ],
    [ 'the RSA exponent 0', { %$rsa, e => 'AA' }, $invalid ],
    [ 'an RSA key without modulus', { kty => 'RSA', e => 'AQAB' }, qr/has no "n"/ ],
    [ 'an RSA key without exponent', { kty => 'RSA', n => $rsa->{n} }, qr/has no "e"/ ],
    [ 'a modulus with padding', { %$rsa, n => "$rsa->{n}==" }, qr/"n" must be base64url/ ],
    [ 'a modulus as a number', { %$rsa, n => 3 }, qr{/n: must be a string} ],
    [ 'an empty modulus', { %$rsa, n => '' }, qr/has 0 bits, fewer than 2048/ ],
    [ 'an EC point off its curve', { %$ec, y => $ec->{x} }, $invalid ],
    [ 'an EC point of another curve', { %{ public_jwk($key{k}) }, crv => 'P-256' }, $invalid ],
    [ 'the EC point 0, 0', { %$ec, x => b64("\0" x 32), y => b64("\0" x 32) }, $invalid ],
    [ 'an EC coordinate that is too long', { %$ec, x => b64("\0" . unb64($ec->{x})) }, $coordinates ],
    [ 'an EC coordinate that is too short', { %$ec, y => b64(substr unb64($ec->{y}), 1) }, qr/is not a valid key/ ],
    [ 'an EC key of P-384 named P-256', { %{ public_jwk($key{e384}) }, crv => 'P-256' }, $coordinates ],
    [ 'an EC key without y', { map { ($_ => $ec->{$_}) } qw(kty crv x) }, qr/has no "y"/ ],
    [ 'an Ed25519 key that is too short', { kty => 'OKP', crv => 'Ed25519', x => b64('x' x 31) },
        qr/"x" must have 32 bytes/ ],
    [ 'an Ed448 key that is too short', { kty => 'OKP', crv => 'Ed448', x => b64('x' x 32) },
        qr/"x" must have 57 bytes/ ],
    [ 'an oct key of 31 bytes', { kty => 'oct', k => b64('x' x 31) },
        qr/has 31 bytes, fewer than the 32 of the hash/ ],
    [ 'an oct key of 47 bytes for HS384', { kty => 'oct', k => b64('x' x 47), alg => 'HS384' },
        qr/has 47 bytes, fewer than the 48 of the hash/ ],
    [ 'an oct key of 63 bytes for HS512', { kty => 'oct', k => b64('x' x 63), alg => 'HS512' },
        qr/has 63 bytes, fewer than the 64 of the hash/ ],
    [ 'an empty oct key', { kty => 'oct', k => '' }, qr/has 0 bytes/ ],
    [ 'an RSA key for ES256', { %$rsa, alg => 'ES256' }, qr/is not a key for its "alg"/ ],
    [ 'an RSA key for HS256', { %$rsa, alg => 'HS256' }, qr/is not a key for its "alg"/ ],
    [ 'a P-256 key for ES384', { %$ec, alg => 'ES384' }, qr/is not a key for its "alg"/ ],
    [ 'a key without kty', { n => $rsa->{n}, e => 'AQAB' }, qr/has no "kty"/ ],
    [ 'kty as a number', { %$rsa, kty => 1 }, qr{/kty: must be a string} ],
    [ 'kid as a number', { %$rsa, kid => 1 }, qr{/kid: must be a string} ],
    [ 'alg as a number', { %$rsa, alg => 256 }, qr{/alg: must be a string} ],
    [ 'alg null', { %$rsa, alg => undef }, qr{/alg: must be a string} ],
    [ 'key_ops null', { %$rsa, key_ops => undef }, qr{/key_ops: must be an array} ],
    [ 'an Ed25519 key for Ed448', { %{ public_jwk($key{d}) }, alg => 'Ed448' }, qr/is not a key for its "alg"/ ],
    [ 'use as an array', { %$rsa, use => ['sig'] }, qr{/use: must be a string} ],
    [ 'key_ops as a string', { %$rsa, key_ops => 'verify' }, qr{/key_ops: must be an array} ],
    [ 'a number in key_ops', { %$rsa, key_ops => [ 1, 'verify' ] }, qr{/key_ops/0: must be a string} ],
    [ 'a key that is a string', 'key', qr/: must be an object/ ],
    [ 'a key that is null', undef, qr/: must be an object/ ],
);

my @other_keys = (
    [ 'use enc', { %$rsa, use => 'enc' } ], [ 'another use', { %$rsa, use => 'x' } ],
    [ 'key_ops without verify', { %$rsa, key_ops => ['encrypt'] } ],
    [ 'no key_ops', { %$rsa, key_ops => [] } ],
    [ 'an alg to encrypt with', { %$rsa, alg => 'RSA-OAEP-256' } ], [ 'alg none', { %$rsa, alg => 'none' } ],
    [ 'an unknown kty', { kty => 'AKP', alg => 'ML-DSA-44', pub => 'AA' } ],
    [ 'an unknown crv', { %$ec, crv => 'P-192' } ],
    [ 'X25519', { kty => 'OKP', crv => 'X25519', x => b64('x' x 32) } ],
    [ 'kty in small letters', { %$rsa, kty => 'rsa' } ],
);

subtest 'a wrong key is left out with a warning, one for something else without' => sub {
    my @keys = (map({ $_->[1] } @wrong_keys, @other_keys), @{ $good_set->{keys} });
    my $text = set_says('a set with many wrong keys', { keys => \@keys }, 0, qr/test is successful/);
    my @warnings = grep { /\[warn\]/ } split /\n/, $text;
    for my $i (0 .. $#wrong_keys) {
        my ($title, undef, $says) = @{ $wrong_keys[$i] };
        like $warnings[$i] // 'none', qr{a key is left out: ".*/keys\.json": #/keys/$i\b.*$says}, $title;
    }
    is scalar @warnings, @wrong_keys, 'there is no other warning';
    for my $i (0 .. $#other_keys) {
        my $place = '#/keys/' . (@wrong_keys + $i);
        is scalar(grep { /$place\b/ } @warnings), 0, "no word of $other_keys[$i][0]";
    }
};

subtest 'a gate with a set of which most is wrong' => sub {
    my @keys = (map({ $_->[1] } @wrong_keys, @other_keys), @{ $good_set->{keys} });
    my $gate = nginx(files => { %two_files, 'keys.json' => { keys => \@keys } }, server => qq{
        eiam_jwks keys.json; eiam_jwt_issuer https://as.example/; eiam_jwt_audience api;
        @{[ location("eiam_jwt_algorithms @all; $proxy") ]}
    })->start;
    is outcome('users', token(), gate => $gate), 'crm|user_read', 'the good key is used';
    for my $row ([ 'r', 'RS256' ], [ 'r', 'RS256', @no_kid ], [ 'e', 'ES256', @no_kid ]) {
        my ($kid, $alg, @header) = @$row;
        my $token = token(key => $kid, alg => $alg, header => {@header});
        is outcome('users', $token, gate => $gate), 'token_invalid',
            "no other one is, of $alg" . (@header ? ' without its kid' : '');
    }
    my $as_hs = token(key => 'h', alg => 'HS256', by => secret_key('x' x 31), header => {@no_kid});
    is outcome('users', $as_hs, gate => $gate), 'token_invalid', 'nor a short secret';
};

# ---------------------------------------------------------------- what is remembered

# Repeats the call until its result is the expected one, or it takes too long; returns the last result.
sub until_outcome {
    my ($expected, @ask) = @_;
    my ($deadline, $is) = (time + DEADLINE);
    do {
        $is = outcome(@ask);
        return $is if $is eq $expected;
        sleep 0.05;
    } while time < $deadline;
    return $is;
}

my %locations = (same => '', other_audience => 'eiam_jwt_audience other;',
    other_issuer => 'eiam_jwt_issuer https://other.example/;',
    other_algorithms => 'eiam_jwt_algorithms ES256;',
    other_leeway => 'eiam_jwt_leeway 0;', other_keys => 'eiam_jwks other.json;', off => 'eiam_jwks off;',
    short => 'eiam_cache_valid 1s;', apps => 'eiam_applications %DIR%/apps.json;');
my @cache_policy = ('PUT /same' => ['user_write'], map { ("GET /$_" => ['user_read']) } sort keys %locations);
my @app = (id => 'crm', permissions => [ 'user_read', 'user_write' ]);
my $cache = nginx(workers => 2, files => {
        'policy.json' => policy('/api', @cache_policy), 'keys.json' => key_set('d', 'd2'),
        'other.json' => key_set('e', 'd2'), 'apps.json' => applications({@app}),
    }, server => qq{
    eiam_policy %DIR%/policy.json;
    eiam_jwks keys.json;
    eiam_jwt_issuer https://as.example/;
    eiam_jwt_audience api;
    add_header X-Source "\$eiam_source \$eiam_cache" always;
} . join '', map { "location = /api/$_ { eiam on; $locations{$_} $proxy }\n" } sort keys %locations)->start;

my @at = (gate => $cache, source => 1);

subtest 'a verified token is not verified again' => sub {
    my $t = int time;
    my $token = claims_with(jti => 1);
    is outcome('same', $token, @at), 'crm|user_read jwt MISS', 'the first time it is';
    is outcome('same', $token, @at), "crm|user_read jwt HIT", "time $_ it is not" for 2 .. 4;
    is outcome('apps', $token, @at), 'crm|user_read jwt HIT', 'nor where only the applications file differs';
    my $wrong = claims_with(jti => 1, aud => '"x"');
    is outcome('same', $wrong, @at), 'token_invalid jwt MISS', 'a refusal';
    is outcome('same', $wrong, @at), 'token_invalid jwt HIT', '  is remembered as well';
    my $old = claims_with(exp => $t - 3600);
    is outcome('same', $old, @at), 'token_expired jwt MISS', 'an expired token';
    is outcome('same', $old, @at), 'token_expired jwt HIT', '  too, with its reason';
    my $unknown = header_with(kid => '"new"');
    is outcome('same', $unknown, @at), 'token_invalid jwt MISS', "one by an unknown key is not: $_" for 1, 2;
    my $soon = claims_with(exp => $t - 28);
    is until_outcome('token_expired', 'same', $soon, gate => $cache), 'token_expired',
        'none outlives its exp and the leeway';
};

subtest "what holds in one location is not another one's" => sub {
    my $token = claims_with(jti => 2);
    is outcome('same', $token, @at), 'crm|user_read jwt MISS', 'a token is accepted';
    is outcome("other_$_", $token, @at), 'token_invalid jwt MISS', "  but not for another of $_"
        for qw(audience issuer algorithms keys);
    is outcome('off', $token, @at), 'token_invalid no source', '  nor where there is no key set';
    is outcome('other_leeway', $token, @at), 'crm|user_read jwt MISS', '  and for another leeway it is new';
    is outcome('same', $token, @at), 'crm|user_read jwt HIT', 'which does not change what was known';
    my $two = token(key => 'd2', claims => { jti => 2, aud => '["other","api"]' });
    is outcome('same', $two, @at), 'crm|user_read jwt MISS', 'a token for two';
    is outcome($_, $two, @at), 'crm|user_read jwt MISS', "  is new to $_" for qw(other_audience other_keys);
};

subtest 'a key that is removed' => sub {
    my ($kept, $short, $new) = map { claims_with(jti => $_) } 31 .. 33;
    my $other = token(key => 'd2', claims => { jti => 34 });
    $cache->write_file('keys.json', key_set('d2'));
    is outcome('same', $_, @at), 'crm|user_read jwt MISS', 'before, a token passes' for $kept, $other;
    is outcome('short', $short, gate => $cache), 'crm|user_read', '  also where grants live for a second';
    ok $cache->reload, 'reload';
    is outcome('same', $new, @at), 'token_invalid jwt MISS', 'a token of it that was not seen before';
    is outcome('same', $kept, @at), 'token_invalid jwt MISS', 'one that was';
    is outcome('short', $short, gate => $cache), 'token_invalid', '  also there';
    is outcome('same', $other, @at), 'crm|user_read jwt MISS', 'one of another key is verified once more';
    is outcome('same', $other, @at), 'crm|user_read jwt HIT', '  and once only';
    is outcome('same', token(key => 'd2', claims => { jti => 35 }), gate => $cache), 'crm|user_read',
        'and that key is used';
};

subtest 'the applications file rules at once' => sub {
    my $token = token(key => 'd2', claims => { jti => 4, scope => '"user_write user_read"' });
    is outcome('apps', $token, @at), 'crm|user_write user_read jwt MISS', 'both scopes are permitted';
    my $with = sub {
        my ($title, $expected, @now) = @_;
        $cache->write_file('apps.json', applications({@now}));
        ok $cache->reload, "reload: $title";
        is outcome('apps', $token, @at), "$expected jwt HIT", "  $expected, though the grant is remembered";
    };
    $with->('one of two permissions', 'crm|user_read', id => 'crm', permissions => ['user_read']);
    $with->('only the other', 'scope_insufficient', id => 'crm', permissions => ['user_write']);
    $with->('disabled', 'application_disabled', @app, enabled => 0);
    my $fresh = token(key => 'd2', claims => { jti => 5 });
    is outcome('apps', $fresh, @at), 'application_disabled jwt MISS', 'a token that was not seen before, too';
    is outcome('same', $token, @at), 'crm|user_write user_read jwt HIT', 'elsewhere nothing changes';
    $with->('as it was', 'crm|user_write user_read', @app);
};

# ---------------------------------------------------------------- what is written down

# At this level nginx itself logs each line that it reads and sends; those lines are left out.
my $dumps = qr{^\S+\ \S+\ \[debug\]\ \S+\ \*\d+\ http\ (?:request\ line|header|proxy\ header):}x;

subtest 'no token and no claim is in the log' => sub {
    my $log = nginx(files => \%files, error_log_level => 'debug', server => qq{
        eiam_jwks keys.json; eiam_jwt_issuer https://as.example/; eiam_jwt_audience api;
        @{[ location("eiam_jwt_algorithms @all; $proxy") ]}
    })->start;
    my %secret = (scope => '"user_read Confidential-1"', jti => '"Confidential-2"', sub => '"Confidential-3"',
        name => '{"Confidential-4":["Confidential-5",7305518]}', nonce => '7305519');
    my @broken = ('{"Confidential-6":"Confidential-6\u0000"}', '{"a":"Confidential-7"', 'Confidential-8',
        '{"Confidential-9":1,"Confidential-9":1}', "{\"a\":\"Confidential-10\xff\"}",
        '{"a": Confidential-11}');
    my %header = (x => '"Confidential-12"');
    my @tokens = (
        token(claims => \%secret, header => \%header),
        token(key => 'r', claims => \%secret, header => \%header),
        (map { token(claims => $_) } @broken), (map { token(header => $_) } @broken),
        token(claims => \%secret, header => { alg => '"Confidential-13"' }),
        token(claims => \%secret, header => { kid => '"Confidential-14"' }),
        token(claims => \%secret, header => { typ => '"Confidential-15"' }),
        (map { token(claims => { %secret, $_ => '{"Confidential-16":["Confidential-17"]}' }) }
            qw(iss aud exp nbf iat cnf client_id scope)),
        token(claims => { %secret, scope => undef, scp => '["Confidential-18 Confidential-19"]' }),
        token(claims => { %secret, iss => '"Confidential-20"' }),
        token(claims => { %secret, aud => '"Confidential-21"' }),
        token(claims => { %secret, client_id => '"Confidential-22\u0001"' }),
        token(claims => \%secret, signature => sub { 'Confidential-23' }),
        'Confidential-24.Confidential-25.Confidential-26',
    );
    my %seen;
    for my $token (@tokens) { $seen{ outcome('users', $token, gate => $log) }++ for 1, 2 }
    is_deeply \%seen, { 'crm|user_read' => 4, token_invalid => 2 * @tokens - 4 }, 'good and bad ones, twice';
    $log->stop;
    my @parts = grep { length > 20 } map { split /\./ } @tokens;
    my $secret = join '|', 'Confidential', '730551[89]', map { quotemeta } @parts;
    my @entries = split m{^(?=\d{4}/\d\d/\d\d )}m, $log->error_log;
    cmp_ok scalar(grep { /\[debug\]/ } @entries), '>', 1000, 'the log is that of the level debug';
    ok scalar(grep { $_ =~ $dumps && /$secret/ } @entries), 'in which nginx itself writes down what it reads';
    my @found = grep { $_ !~ $dumps && /$secret/ } @entries;
    ok !@found, 'nothing else in it tells of a token' or diag @found[ 0 .. ($#found < 9 ? $#found : 9) ];
};

done_testing;
