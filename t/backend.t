#!/usr/bin/perl
# The example's identity backend, asked directly: the five documented interfaces, the token interface, the process.

use strict;
use warnings;
use utf8;
use Digest::SHA qw(sha256_hex hmac_sha256);
use File::Temp ();
use FindBin ();
use HTTP::Tiny ();
use IO::Socket::INET ();
use IPC::Open2 qw(open2);
use JSON::PP ();
use MIME::Base64 qw(encode_base64 encode_base64url decode_base64url);
use Test::More;
use Time::HiRes qw(time sleep);

# What a newer Python has to say about Flask is not the backend's.
$ENV{PYTHONWARNINGS} = 'ignore';

binmode $_, ':encoding(UTF-8)' for map { Test::More->builder->$_ } qw(output failure_output todo_output);

my $EXAMPLE  = "$FindBin::Bin/../example";
my $TENANT   = '/api/v2/tenant';
my $ZHANGSAN = '20220711103603086-0AF1-026083E18';
my $LISI     = '20220413091522417-3C5E-7D10A42B9';
my $WANGWU   = '20210809154410905-9B27-51E6F0C83';
my $VIRTUAL  = '20220414151855146-A153-62C1A994C';
my $SUB      = '20220414152010733-B7E4-0D95F1A26';
my $SYNCED   = '20220101000000000-5F0C-3B8E7A914';
my $FOREIGN  = '20220601120000000-C2D9-94A7E0B15';
my $PUBLIC   = '20220415171558023-84A4-ED5C390B8';
my $PERSONAL = '20220415171730610-1E6B-A80F2C4D7';
my $ERP_ACC  = '20220602093011254-D3F8-6B19C7E02';
my $NEW_ID   = qr/^\d{17}-[0-9A-F]{4}-[0-9A-F]{9}\z/;

my %SECRET = (
    'hr-sync'   => 'hr-sync-demonstration-secret-of-many-octets',
    'reporting' => 'reporting-demonstration-secret-of-many-octets',
    'crm'       => 'crm: 100% demonstration+secret of many octets',
    'retired'   => 'retired-demonstration-secret-of-many-octets',
);

my $dir  = File::Temp->newdir;
my $json = JSON::PP->new->utf8->canonical;
my $http = HTTP::Tiny->new(timeout => 10);
my %running;    # pid => 1

# -- the process ---------------------------------------------------------------------------------------------

sub start {
    my ($database, @options) = @_;
    my $log = "$database.log";
    my $pid = open(my $out, '-|') // die "fork: $!";
    if (!$pid) {
        open(STDERR, '>>', $log) or die "$log: $!";
        exec '/usr/bin/python3', "$EXAMPLE/backend.py", '--database', $database, @options;
        die "exec: $!";
    }
    $running{$pid} = 1;
    my $line = <$out> // '';
    my ($url) = $line =~ m{^backend ready on (http://127\.0\.0\.1:\d+)$};
    return { pid => $pid, out => $out, line => $line, url => $url, log => $log, database => $database };
}

# The exit status; a process that does not end within a minute is killed, so its status is 9.
sub stop {
    my ($backend, $signal) = @_;
    kill $signal, $backend->{pid};
    local $SIG{ALRM} = sub { kill 'KILL', $backend->{pid} };
    alarm 60;
    close $backend->{out};    # waits for the process
    alarm 0;
    delete $running{ $backend->{pid} };
    return $?;
}

END { my $status = $?; kill 'KILL', keys %running; $? = $status }

sub slurp {
    my ($file) = @_;
    open(my $in, '<:raw', $file) or die "$file: $!";
    local $/;
    return scalar <$in>;
}

# Rows of the database, read by another process.
sub rows {
    my ($sql, $database) = @_;
    open(my $in, '-|', '/usr/bin/python3', '-c', <<'PY', $database, $sql) or die "python3: $!";
import json, sqlite3, sys
print(json.dumps(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchall()))
PY
    my $text = do { local $/; <$in> };
    close $in or die "rows: $sql";
    return $json->decode($text);
}

# Another process that holds the write lock until it is told to release it.
sub lock_database {
    my ($database) = @_;
    my $pid = open2(my $out, my $in, '/usr/bin/python3', '-uc', <<'PY', $database);
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN IMMEDIATE")
print("locked")
sys.stdin.readline()
PY
    (<$out> // '') eq "locked\n" or die 'the database is not locked';
    return sub { print $in "\n"; close $in; waitpid $pid, 0 };    # a forked writer has a copy of $in: no end of file
}

# -- requests ------------------------------------------------------------------------------------------------

my $backend = start("$dir/eiam.db", '--port', 0);
ok $backend->{url}, 'port 0 takes a free port, and one ready line names it'
    or die "no backend: ", slurp($backend->{log});

sub call {
    my ($method, $path, %option) = @_;
    my $headers = { %{ $option{headers} // {} } };
    my $content = $option{raw};
    $content = $json->encode($option{json}) if exists $option{json};
    $headers->{'Content-Type'} //= 'application/json; charset=utf-8';
    my $answer = $http->request($method, "$backend->{url}$path",
        { headers => $headers, defined $content ? (content => $content) : () });
    $answer->{json} = eval { $json->decode($answer->{content}) };
    return $answer;
}

sub answers {
    my ($answer, $status, $body, $title) = @_;
    is_deeply [ @$answer{qw(status json)} ], [ $status, $body ], $title or diag $answer->{content};
}

sub in_chinese { return (headers => { 'Accept-Language' => 'zh-CN,zh;q=0.9' }) }

sub error { return { error_code => $_[0], error_msg => $_[1] } }
sub leader { return "$TENANT/organizations/$_[0]/org-leader" }
sub orgs   { return join '/', "$TENANT/applications/$_[0]/organizations", @_[ 1 .. $#_ ] }
sub owner  { return "$TENANT/applications/$_[0]/accounts/public-account/$_[1]/owner" }

# A refusal in both languages: the same request without and with Accept-Language.
sub refuses_in_both {
    my ($request, $code, $english, $chinese, $title) = @_;
    my ($method, $path, @rest) = @$request;
    answers(call($method, $path, @rest), 400, error($code, $english), "$title: $code");
    answers(call($method, $path, @rest, in_chinese()), 400, error($code, $chinese), "$title, in Chinese");
}

sub leader_of {
    my ($disabled, $user_name, $name, $id) = @_;
    return { leader_status => $disabled, leader_user_name => $user_name, leader_name => $name, leader_id => $id };
}

subtest 'query organization leader' => sub {
    my $answer = call('GET', leader('head-office'));
    answers($answer, 200, leader_of(JSON::PP::false, 'zhangsan', '张三', $ZHANGSAN),
        'the documented example is answered');
    is $answer->{headers}{'content-type'}, 'application/json', 'its content type is the documented one';
    like $answer->{content}, qr/"leader_status":false,/, 'the status is a JSON boolean, as in the example';
    like $answer->{content}, qr/\xE5\xBC\xA0\xE4\xB8\x89/, 'a Chinese name is sent as UTF-8, not escaped';
    answers(call('GET', leader('sales')), 200, leader_of(JSON::PP::true, 'wangwu', '王五', $WANGWU),
        'a leader who was disabled later is shown as disabled');
    answers(call('GET', leader('research')), 200, leader_of((undef) x 4),
        'an organization without a leader has nulls');
    refuses_in_both([ 'GET', leader('nowhere') ], 'ORG.0001', 'Organization does not exist', '组织不存在',
        'an unknown organization is refused');
    answers(call('GET', leader('%E7%A0%94%E5%8F%91')), 400, error('ORG.0001', 'Organization does not exist'),
        'an id in Chinese is only unknown');
};

subtest 'save organization leader' => sub {
    answers(call('PUT', leader('research') . "?leader_id=$LISI"), 200, { result => JSON::PP::true },
        'a leader is saved');
    answers(call('GET', leader('research')), 200, leader_of(JSON::PP::false, 'cq04130006', '李四', $LISI),
        'the saved leader is read afterwards');
    refuses_in_both([ 'PUT', leader('nowhere') . "?leader_id=$LISI" ], 'ORG.0001',
        'Organization does not exist', '组织不存在', 'an unknown organization is refused');
    refuses_in_both([ 'PUT', leader('research') . '?leader_id=nobody' ], 'USER.0001',
        'User does not exist', '用户不存在', 'an unknown user is refused');
    refuses_in_both([ 'PUT', leader('research') . "?leader_id=$WANGWU" ], 'USER.0004',
        ('User is disabled') x 2, 'a disabled user is refused');
    answers(call('PUT', leader('research')), 400, error('USER.0001', 'User does not exist'),
        'a missing leader_id is no user');
    answers(call('GET', leader('research')), 200, leader_of(JSON::PP::false, 'cq04130006', '李四', $LISI),
        'the refused calls changed nothing');
};

my $parameter_error = error('COM.0601', 'Parameter error, missing parameter or incorrect parameter type');

sub added {
    my ($app, $body, $title) = @_;
    my $answer = call('POST', orgs($app), json => $body);
    my $id = $answer->{json}{org_id} // '';
    answers($answer, 201, { org_id => $id }, $title);
    like $id, $NEW_ID, 'its id has the documented form';
    return $id;
}

my $created;
subtest 'add application organization' => sub {
    $created = added('mail', { org_code => 'north', name => '北方机构', parent_id => '' }, 'an organization is added');
    added('mail', { org_code => 'north-1', name => 'North 1', parent_id => $created }, 'it can be a parent at once');
    added('erp', { org_code => 'north', name => 'North' }, 'another application may use the same code');
    refuses_in_both([ 'POST', orgs('mail'), json => { org_code => 'a', name => 'A', parent_id => 'nothing' } ],
        'APP.ORG.0040', 'The parent application organization does not exist', '父机构不存在',
        'an unknown parent is refused');
    refuses_in_both([ 'POST', orgs('mail'), json => { org_code => 'a', name => 'A', parent_id => $FOREIGN } ],
        'APP.ORG.0040', 'The parent application organization does not exist', '父机构不存在',
        'a parent in another application is refused');
    refuses_in_both([ 'POST', orgs('nothing'), json => { org_code => 'a', name => 'A' } ],
        'APP.0001', 'App does not exist', '应用不存在', 'an unknown application is refused');
    refuses_in_both([ 'POST', orgs('wiki'), json => { org_code => 'a', name => 'A' } ], 'APP.OBJECTMODEL.0005',
        'The application organization model is not opened', '未开启应用机构模型',
        'an application without organizations is refused');
    refuses_in_both([ 'POST', orgs('mail'), json => { org_code => 'north', name => 'Again' } ],
        'APP.0009', 'App code already exists', '应用编码已存在', 'a code that is taken is refused');
};

subtest 'a body that is not what the documents say is a parameter error, never a failure' => sub {
    my %body = (
        'no body'                   => '',
        'broken JSON'               => '{"org_code":',
        'no object'                 => '["org_code","name"]',
        'invalid UTF-8'             => qq({"org_code":"\xFF","name":"A"}),
        'half of a surrogate pair'  => '{"org_code":"\ud800","name":"A"}',
        'a missing member'          => '{"org_code":"a"}',
        'a blank member'            => '{"org_code":" ","name":"A"}',
        'a number for text'         => '{"org_code":1,"name":"A"}',
        'false for an optional one' => '{"org_code":"a","name":"A","parent_id":false}',
        'nesting without end'       => '[' x 200_000,
    );
    answers(call('POST', orgs('mail'), raw => $body{$_}), 400, $parameter_error, $_) for sort keys %body;
    is_deeply rows("SELECT count(*) FROM app_orgs WHERE org_code IN ('a', ' ')", $backend->{database}), [ [0] ],
        'nothing was stored';
};

subtest 'update application organization' => sub {
    my $stored = sub { rows("SELECT name, parent_id FROM app_orgs WHERE id = '$_[0]'", $backend->{database})->[0] };
    answers(call('PUT', orgs('mail', $VIRTUAL), json => { name => '虚拟机构二', parent_id => '' }), 200,
        { org_id => $VIRTUAL }, 'an organization is updated');
    is_deeply $stored->($VIRTUAL), [ '虚拟机构二', undef ], 'the new name is stored';
    answers(call('PUT', orgs('mail', $created), json => { parent_id => $SUB }), 200, { org_id => $created },
        'it moves below another');
    is_deeply $stored->($created), [ '北方机构', $SUB ], 'an absent name stays as it is';
    answers(call('PUT', orgs('mail', $created), json => { name => 'North' }), 200, { org_id => $created },
        'it is renamed');
    is_deeply $stored->($created), [ 'North', $SUB ], 'an absent parent stays as it is';

    my @self = ('APP.ORG.0025', 'The parent organization cannot point to itself', '父机构不能指向自己');
    refuses_in_both([ 'PUT', orgs('mail', $VIRTUAL), json => { parent_id => $VIRTUAL } ], @self,
        'an organization as its own parent is refused');
    refuses_in_both([ 'PUT', orgs('mail', $VIRTUAL), json => { parent_id => $created } ], @self,
        'a parent from below the organization is refused');
    is_deeply $stored->($VIRTUAL), [ '虚拟机构二', undef ], 'the refused calls changed nothing';
    answers(call('PUT', orgs('mail', $created), json => { name => ' ' }), 400, $parameter_error,
        'a blank name is refused');
    answers(call('PUT', orgs('mail', $created), json => { parent_id => '' }), 200, { org_id => $created },
        'an empty parent makes it a root');
    is_deeply $stored->($created), [ 'North', undef ], 'the root has no parent';

    refuses_in_both([ 'PUT', orgs('mail', $VIRTUAL), json => { parent_id => $FOREIGN } ], 'APP.ORG.0040',
        'The parent application organization does not exist', '父机构不存在', 'a parent in another application is refused');
    refuses_in_both([ 'PUT', orgs('nothing', $VIRTUAL), json => { name => 'A' } ], 'APP.0001',
        'App does not exist', '应用不存在', 'an unknown application is refused');
    my @unknown = ('APP.ORG.0024', 'The application organization does not exist', '应用机构不存在');
    refuses_in_both([ 'PUT', orgs('mail', 'nothing'), json => { name => 'A' } ], @unknown,
        'an unknown organization is refused');
    refuses_in_both([ 'PUT', orgs('erp', $VIRTUAL), json => { name => 'A' } ], @unknown,
        "another application's organization is refused");
    refuses_in_both([ 'PUT', orgs('mail', $SYNCED), json => { name => 'A' } ], 'APP.ORG.0041',
        'Only created virtual organizations can be modified', '只能修改创建的虚拟组织',
        'a synchronised organization is refused');
};

subtest 'bind public account owner' => sub {
    my $lisi = { user_name => 'cq04130006' };
    answers(call('POST', owner('mail', $PUBLIC), json => $lisi), 200, { account_id => $PUBLIC }, 'an owner is bound');
    is_deeply rows("SELECT owner_id FROM accounts WHERE id = '$PUBLIC'", $backend->{database}), [ [$LISI] ],
        'the owner is stored';

    # "//" is another path, so the service sees an empty id only if it consists of blanks, which are trimmed.
    refuses_in_both([ 'POST', owner('%20', $PUBLIC), json => $lisi ], 'APP.0006', 'App ID cannot be empty',
        '应用ID不能为空', 'a blank application id is refused');
    refuses_in_both([ 'POST', owner('mail', '%20'), json => $lisi ], 'APP.ACCOUNT.0047',
        'The ID of the account cannot be blank', '账号的ID不能为空', 'a blank account id is refused');
    refuses_in_both([ 'POST', owner('nothing', $PUBLIC), json => $lisi ], 'APP.0001', 'App does not exist',
        '应用不存在', 'an unknown application is refused');
    my @no_public = ('APP.ACCOUNT.0038', 'Public account does not exist', '公共账号不存在');
    refuses_in_both([ 'POST', owner('mail', 'nothing'), json => $lisi ], @no_public, 'an unknown account is refused');
    refuses_in_both([ 'POST', owner('mail', $PERSONAL), json => $lisi ], @no_public, 'a personal account is refused');
    refuses_in_both([ 'POST', owner('mail', $ERP_ACC), json => $lisi ], @no_public,
        "another application's account is refused");
    refuses_in_both([ 'POST', owner('mail', $PUBLIC), json => { user_name => '无名氏' } ], 'APP.ACCOUNT.0037',
        'The responsible person does not exist', '责任人不存在', 'an unknown owner is refused');
    answers(call('POST', owner('mail', $PUBLIC), json => {}), 400, $parameter_error,
        'a missing user_name is refused');
};

# -- the token interface -------------------------------------------------------------------------------------

sub form { return join '&', map { "$_->[0]=" . escape($_->[1]) } @_ }
sub escape { my ($text) = @_; $text =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/ge; return $text }

sub basic {
    my ($id, $secret) = @_;
    return 'Basic ' . encode_base64(escape($id) . ':' . escape($secret), '');
}

sub token_call {
    my (%with) = @_;
    my %headers = ('Content-Type' => 'application/x-www-form-urlencoded');
    $headers{Authorization} = $with{authorization} if $with{authorization};
    my $query = $with{query} ? "?$with{query}" : '';
    return call('POST', "$TENANT/token$query", headers => \%headers, raw => $with{form} // '');
}

# The remaining lifetime in whole seconds: less than at first, by no more than this test has run so far.
sub lives_for {
    my ($seconds, $lifetime) = @_;
    ok $seconds =~ /^\d+\z/ && $seconds < $lifetime && $seconds >= $lifetime - 1 - (time - $^T),
        'expires_in is what remains, in whole seconds' or diag $seconds;
}

sub issued {
    my ($answer, $scope, $title) = @_;
    my $got = $answer->{json} // {};
    my %body = (%$got, map { $_ => 'any' } qw(access_token id_token expires_in));
    is_deeply \%body,
        { token_type => 'bearer', scope => $scope, access_token => 'any', id_token => 'any', expires_in => 'any' },
        $title or diag $answer->{content};
    is keys %$got, 5, 'the answer has its five members';
    lives_for($got->{expires_in}, 1800);
    is $answer->{status}, 200, 'the status is 200';
    is $answer->{headers}{'cache-control'}, 'no-store', 'the answer may not be stored';
    like $got->{access_token} // '', qr/^[A-Za-z0-9_-]{43}\z/, 'the token is opaque and random';
    return $got;
}

sub token_refuses {
    my ($answer, $status, $error, $description, $title) = @_;
    answers($answer, $status, { error => $error, error_description => $description }, "$title: $error");
    is $answer->{headers}{'cache-control'}, 'no-store', 'the refusal may not be stored';
}

my @GRANT = ([ grant_type => 'client_credentials' ]);
my %HR    = (id => 'hr-sync', scope => 'org_all org_read user_all user_read');
my @HR    = ([ client_id => $HR{id} ], [ client_secret => $SECRET{ $HR{id} } ]);

subtest 'a token is issued for client credentials, however they are sent' => sub {
    my $basic = basic($HR{id}, $SECRET{ $HR{id} });
    my @got   = (
        issued(token_call(authorization => $basic, form => form(@GRANT)), $HR{scope}, 'Basic'),
        issued(token_call(authorization => $basic, query => form(@GRANT)), $HR{scope},
            'Basic, the grant in the query'),
        issued(token_call(form => form(@GRANT, @HR)),  $HR{scope}, 'form'),
        issued(token_call(query => form(@GRANT, @HR)), $HR{scope}, 'query'),
        issued(token_call(authorization => basic('crm', $SECRET{crm}), form => form(@GRANT)),
            'account_all app_org_all', 'Basic with a secret that needs its percent-encoding'),
    );
    my %distinct = map { $_->{access_token} => 1 } @got;
    is keys %distinct, @got, 'each token is another one';
    my $stored = rows("SELECT client_id FROM tokens WHERE sha256 = '" . sha256_hex($got[0]{access_token}) . "'",
        $backend->{database});
    is_deeply $stored, [ ['hr-sync'] ], 'its SHA-256 is stored with its client';
    unlike slurp($backend->{database}), qr/\Q$got[0]{access_token}\E/, 'the token itself is not';
};

subtest 'the id_token is a JWT that the client verifies with its secret' => sub {
    my $before = int time;
    my $answer = token_call(form => form(@GRANT, @HR));
    my $after = time;
    my ($text, $signature) = $answer->{json}{id_token} =~ /^([\w-]+\.[\w-]+)\.([\w-]+)\z/;
    my ($head, $claims) = map { $json->decode(decode_base64url($_)) } split /\./, $text;
    is_deeply $head, { alg => 'HS256', typ => 'JWT' }, 'its header names HS256';
    is $signature, encode_base64url(hmac_sha256($text, $SECRET{ $HR{id} })), "its signature is the client's";
    my ($from, $to) = delete @$claims{qw(iat exp)};
    is_deeply $claims, { iss => $backend->{url}, sub => 'hr-sync', aud => 'hr-sync', scope => $HR{scope} },
        'it names issuer, client and scope';
    ok $from >= $before && $from <= $after, 'it was issued now' or diag "$before, $from, $after";
    cmp_ok abs($to - $from - 1800), '<=', 1, 'it lives as long as the token';
};

subtest 'the token interface refuses as OAuth says' => sub {
    my @bad = (401, 'invalid_client', 'Bad client credentials');
    my $answer = token_call(authorization => basic('hr-sync', 'wrong'), form => form(@GRANT));
    token_refuses($answer, @bad, 'a wrong secret');
    like $answer->{headers}{'www-authenticate'}, qr/^Basic realm=/, 'a 401 carries a challenge';
    token_refuses(token_call(authorization => basic('nobody', $SECRET{crm}), form => form(@GRANT)), @bad,
        'an unknown client');
    token_refuses(token_call(authorization => basic('', ''), form => form(@GRANT)), @bad, 'empty credentials');
    token_refuses(token_call(authorization => 'Basic ?', form => form(@GRANT)), @bad, 'Basic that is not Base64');
    token_refuses(token_call(authorization => 'Basic /w==', form => form(@GRANT)), @bad, 'Basic that is not UTF-8');
    token_refuses(token_call(form => form(@GRANT)), @bad, 'no credentials');
    my $raw = 'Basic ' . encode_base64("crm:$SECRET{crm}", '');
    token_refuses(token_call(authorization => $raw, form => form(@GRANT)), @bad,
        'a secret without its percent-encoding');

    token_refuses(token_call(authorization => 'Bearer abc', form => form(@GRANT)), 400,
        'invalid_token', 'Invalid access', 'a Bearer token instead of credentials');
    my $basic = basic($HR{id}, $SECRET{ $HR{id} });
    token_refuses(token_call(authorization => $basic), 400, 'invalid_request',
        'Parameter grant_type is missing', 'no grant type');
    token_refuses(token_call(authorization => $basic, form => form(@GRANT, @HR)), 400, 'invalid_request',
        'Client credentials are given in two ways', 'credentials in two ways');
    token_refuses(token_call(form => form(@GRANT, @HR), query => form($HR[0])), 400, 'invalid_request',
        'Parameter client_id is repeated', 'a parameter in form and query');
    token_refuses(token_call(authorization => $basic, form => form(@GRANT, @GRANT)), 400, 'invalid_request',
        'Parameter grant_type is repeated', 'a parameter twice');
    token_refuses(token_call(authorization => $basic, form => form([ grant_type => 'password' ])), 400,
        'unsupported_grant_type', 'Only client_credentials is supported', 'another grant type');
};

# -- everything else -----------------------------------------------------------------------------------------

subtest 'what is no interface answers JSON in the same style' => sub {
    my $none = error('HTTP.404', 'Not Found');
    answers(call('GET',  "$TENANT/secrets"),                  404, $none, 'an unknown path');
    answers(call('GET',  leader('head-office') . '/'),        404, $none, 'a trailing slash');
    answers(call('GET', leader('head-office') =~ s{/tenant}{//tenant}r), 404, $none,
        'a double slash, which is not merged');
    my $answer = call('DELETE', leader('head-office'));
    answers($answer, 405, error('HTTP.405', 'Method Not Allowed'), 'an unknown method');
    is join(' ', sort split /, */, $answer->{headers}{allow}), 'GET HEAD OPTIONS PUT', 'it names the allowed ones';
};

subtest 'each request is one line of the log, without its secrets' => sub {
    call('PUT', leader('log%0Aforged') . '?leader_id=hidden-in-query');
    my $log = slurp($backend->{log});
    like $log, qr{^PUT /api/v2/tenant/organizations/log%0Aforged/org-leader 400$}m,
        'method, path and status stand there';
    unlike $log, qr/hidden-in-query|client_secret|demonstration|^forged/m, 'no query, no secret, no forged line';
    my @other = grep { !m{^[A-Z]+ /\S* \d{3}$} } split /\n/, $log;
    is_deeply \@other, [], 'nothing else is in the log';
};

subtest 'writers at the same time lose nothing and break no rule' => sub {
    my ($writers, $own) = (4, 15);
    my $release = lock_database($backend->{database});    # so that the first call of each meets the others
    my @readers = map {
        my $writer = $_;
        my $pid = open(my $in, '-|') // die "fork: $!";
        if (!$pid) {
            %running = ();    # the parent ends the backend
            $http = HTTP::Tiny->new(timeout => 30);
            for my $code (map { ("shared-$_", "own-$writer-$_") } 1 .. $own) {
                print call('POST', orgs('erp'), json => { org_code => $code, name => $code })->{status}, " $code\n";
            }
            close STDOUT;
            require POSIX;
            POSIX::_exit(0);
        }
        $in;
    } 1 .. $writers;
    sleep 0.5;
    $release->();
    my %seen;
    for my $in (@readers) {
        /^(\d+) (own|shared)/ and $seen{"$2 $1"}++ while <$in>;
        close $in;
        is $?, 0, 'a writer came to its end';
    }
    is_deeply \%seen, { 'own 201' => $writers * $own, 'shared 201' => $own, 'shared 400' => ($writers - 1) * $own },
        'each own code is stored, and of each shared one exactly the first';
    is_deeply rows("SELECT count(*) FROM app_orgs WHERE org_code LIKE 'own-%' OR org_code LIKE 'shared-%'",
        $backend->{database}), [ [ ($writers + 1) * $own ] ], 'the database holds exactly those';
};

subtest "the gate's example applications are the backend's clients" => sub {
    my $applications = $json->decode(slurp("$EXAMPLE/../conf/eiam-applications.json"))->{applications};
    my %clients;
    push @{ $clients{ $_->[0] } }, $_->[1]
        for @{ rows('SELECT client_id, code FROM client_permissions ORDER BY code', $backend->{database}) };
    is_deeply { map { $_->{id} => [ sort @{ $_->{permissions} } ] } @$applications }, \%clients,
        'both name the same ids with the same permission codes';
    is_deeply [ grep { exists $_->{tokens} } @$applications ], [], '2.1-2: and none has a static token';
    is_deeply { map { $_->[0] => $_->[1] } @{ rows('SELECT id, secret_sha256 FROM clients', $backend->{database}) } },
        { map { $_ => sha256_hex($SECRET{$_}) } keys %SECRET }, 'the clients keep only digests of their secrets';
    is join(' ', map { $_->{id} } grep { !$_->{enabled} } @$applications), 'retired',
        'only the retired one is disabled';
};

subtest 'the process ends cleanly, and what it stored is there again' => sub {
    my ($host, $port) = $backend->{url} =~ m{//(.+):(\d+)};
    my $idle = IO::Socket::INET->new(PeerAddr => $host, PeerPort => $port) or die "connect: $!";
    is stop($backend, 'TERM'), 0, 'SIGTERM ends it with status 0, with a connection still open';
    ok !IO::Socket::INET->new(PeerAddr => $host, PeerPort => $port), 'its port is closed';

    $backend = start("$dir/eiam.db", '--port', $port, '--token-lifetime', 60);
    is $backend->{url}, "http://$host:$port", 'it starts again at the named port';
    answers(call('GET', leader('research')), 200, leader_of(JSON::PP::false, 'cq04130006', '李四', $LISI),
        'the saved leader is still there, and the seed did not come back');
    lives_for(token_call(form => form(@GRANT, @HR))->{json}{expires_in}, 60);
    is stop($backend, 'INT'), 0, 'SIGINT ends it with status 0';
};

subtest 'what cannot start says why and fails' => sub {
    my $fails = sub {
        my ($database, $port, $title) = @_;
        my $broken = start($database, '--port', $port);
        is $broken->{line}, '', "$title: no ready line";
        my $status = stop($broken, 0);
        is $status >> 8, 1, 'the status is 1';
        like slurp($broken->{log}), qr/\Abackend: cannot start: .+\n\z/, 'one line says why';
    };
    open(my $file, '>', "$dir/text.db") or die "text.db: $!";
    print $file "this is no database\n" x 100;
    close $file or die "text.db: $!";
    $fails->("$dir/text.db", 0, 'a file that is no database');
    my $taken = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') or die "listen: $!";
    $fails->("$dir/taken.db", $taken->sockport, 'a port that is taken');
};

done_testing;
