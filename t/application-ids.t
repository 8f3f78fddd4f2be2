#!/usr/bin/perl
# Ids that could be taken for an application of the file: whoever uses one, it is never that application.

use strict;
use utf8;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Encode qw(encode_utf8);
use Test::More;
use EIAM::Jwt qw(new_key public_jwk mint);
use EIAM::Source;
use EIAM::Test;

binmode Test::More->builder->$_, ':encoding(UTF-8)' for qw(output failure_output todo_output);

my $key = new_key('Ed25519');
my $proxy = 'proxy_pass http://%ECHO%;';
my $introspection = EIAM::Source->new;
my $backend = EIAM::Source->new;

my @listed = ('crm', 'Gone', '客户', "caf\x{e9}", "\x{ff25}RP");
my $gate = nginx(error_log_level => 'info', files => {
        'policy.json' => policy('/api', 'GET /users' => ['user_read'], 'PUT /users' => ['user_write'],
            'GET /open' => ['user_read'], 'GET /status' => ['user_read']),
        'keys.json' => { keys => [ public_jwk($key, kid => 'k') ] },
        'apps.json' => applications(map { { id => $_, enabled => ($_ ne 'Gone'), permissions => ['user_read'],
            tokens => [ $_ eq 'crm' ? 'static' : () ] } } @listed),
    }, server => qq{
        eiam_policy policy.json;
        eiam_jwks keys.json;
        eiam_jwt_issuer as;
        eiam_jwt_audience api;
        eiam_introspection /introspect;
        add_header X-Told "[\$eiam_application] \$eiam_source" always;
        location /api/ { eiam on; eiam_applications apps.json; $proxy }
        location = /api/open { eiam on; $proxy }
        location = /oauth/token { eiam_learn on; proxy_pass http://@{[ $backend->address ]}; }
        location = /introspect { internal; proxy_pass http://@{[ $introspection->address ]}; }
        location /status/ { eiam_status; eiam_applications apps.json; }
    })->start;

# ---- a token of an application, by each of the sources; each with a scope beyond the ceiling

my $n = 0;

sub learned {
    my ($id) = @_;
    my $token = 'learned-' . ++$n;
    $backend->answer('*' => { json => { access_token => $token, token_type => 'Bearer', expires_in => 600,
        scope => 'user_read user_write' } });
    my $escaped = encode_utf8($id) =~ s/([^A-Za-z0-9])/sprintf '%%%02X', ord $1/ger;
    get($gate, '/oauth/token', method => 'POST', body => "grant_type=client_credentials&client_id=$escaped",
        headers => ['Content-Type: application/x-www-form-urlencoded']);
    return $token;
}

sub signed {
    my ($id) = @_;
    return mint($key, 'EdDSA', { iss => 'as', aud => 'api', exp => time + 3600, jti => ++$n, cid => $id,
        scope => 'user_read user_write' }, { kid => 'k' });
}

sub asked {
    my ($id) = @_;
    my $token = 'asked-' . ++$n;
    $introspection->answer($token => { json => { active => JSON::PP::true, client_id => $id,
        scope => 'user_read user_write' } });
    return $token;
}

my %source = (learned => \&learned, jwt => \&signed, introspection => \&asked);

# What the backend is told, or the status; and what the gate calls the application.
sub outcome {
    my ($target, $token) = @_;
    my $res = get($gate, "/api/$target", token => $token);
    my ($application, $source) = $res->{headers}{'x-told'} =~ /^\[(.*)\] ?(\S*)\z/;
    my $is = $res->{status} == 200
        ? join '|', map { join ',', received($res, "X-EIAM-$_") } qw(Application Scopes)
        : "$res->{status} " . ($res->{json}{error_code} // '');
    return "$is, $source, called \"$application\"";
}

sub each_source {
    my ($id, $title, $expected) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    for my $name (sort keys %source) {
        my $token = $source{$name}->($id);
        my $is = $expected =~ s/SOURCE/$name/r;
        is outcome('users', $token), encode_utf8($is), "$title, $name" for 1, 2;
    }
}

my @doubtful = (
    CRM => 'in capitals', Crm => 'with a capital', gone => 'without its capital', GONE => 'in capitals, disabled',
    "crm\x{a0}" => 'a no-break space behind', "\x{3000}crm" => 'an ideographic space ahead',
    "crm\x{2003}" => 'an em space behind', "\x{feff}crm" => 'a byte order mark ahead',
    "crm\x{200b}" => 'a zero width space behind', "c\x{200d}rm" => 'a joiner inside',
    "cr\x{ff4d}" => 'a letter of full width', "\x{441}rm" => 'a Cyrillic letter', "crm\x{301}" => 'an accent',
    "客户\x{200b}" => 'no ASCII at all', '客戶' => 'another character', "cafe\x{301}" => 'the other normal form',
    cafe => 'without its accent', CAFE => '  and in capitals', erp => 'of full width in the file',
    "\x{ff25}rp" => 'of full width, too', "\x{212a}elvin" => 'beyond ASCII, and like none of them',
);

subtest '2.1-7: an id that could be taken for one of the file is refused, whoever says it' => sub {
    while (my ($id, $title) = splice @doubtful, 0, 2) {
        each_source($id, $title, '401 GATEWAY.4012, SOURCE, called ""');
    }
};

subtest '2.1-7: an id of the file is that application, and one that is like none is another one' => sub {
    for my $id ('crm', '客户', "caf\x{e9}", "\x{ff25}RP") {
        each_source($id, $id, "$id|user_read, SOURCE, called \"$id\"");
    }
    each_source('Gone', 'Gone', '403 GATEWAY.4032, SOURCE, called "Gone"');
    for my $id ('crm2', 'cr', 'c rm', 'crm.', 'erp2', 'caf', '"crm"', 'x' x 255) {
        each_source($id, $id, "$id|user_read user_write, SOURCE, called \"$id\"");
    }
};

subtest '2.1-7: without an applications file there is nothing that an id could be taken for' => sub {
    my $token = signed("\x{3000}CRM");
    is outcome('open', $token), encode_utf8("\x{3000}CRM|user_read user_write, jwt, called \"\x{3000}CRM\""),
        'there it is told to the backend';
    is outcome('users', $token), '401 GATEWAY.4012, jwt, called ""', 'with one it is refused, though it is remembered';
};

subtest '2.1-7: static tokens say no id' => sub {
    is outcome('users', 'static'), 'crm|user_read, static, called "crm"', 'they belong to the application';
};

subtest '2.1-7: what is refused is told with its id, and forges nothing' => sub {
    my $id = qq(CRM", operation: "x\x{2028});
    my $read = length $gate->error_log;
    is outcome('users', signed($id)), '401 GATEWAY.4012, jwt, called ""', 'an id with quotes';
    outcome('users', signed('CRM'));
    my $log = substr $gate->error_log, $read;
    like $log, qr/\[warn\] .*application "CRM" is not listed, and could be taken for one that is/, 'the log says why';
    like $log, qr/application "CRM\\x22, operation: \\x22x\\xE2\\x80\\xA8" is not listed/, '  with the id escaped';
    unlike $log, qr/operation: "x/, '  and no other way';
    like $log, qr/refused, token_invalid, client: \S+, application: "", operation: "getUsers"/,
        'the refusal names no application';
    my $metrics = get($gate, '/status/metrics')->{body};
    like $metrics, qr/application="crm"/, 'the metrics have a row for those of the file';
    unlike $metrics, qr/application="(?:CRM|gone|erp|cafe)"/, '  and none for what was refused';
    my $explained = get($gate, '/status/explain?method=GET&path=/api/users&application=CRM')->{json};
    is_deeply [ @$explained{qw(decision reason application)} ], [ 'deny', 'token_invalid', '' ],
        'and it is explained so';
};

done_testing;
