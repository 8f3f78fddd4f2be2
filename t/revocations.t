#!/usr/bin/perl
# What an operator sees of revocations: metrics, page, explanation, logs.

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Test::More;
use EIAM::Source;
use EIAM::Test;

use constant { MANY => 40 };    # tokens, more than an application has rows for in the smallest zone

my $form = 'Content-Type: application/x-www-form-urlencoded';
my $json = JSON::PP->new->utf8;
my $issuer = EIAM::Source->new;
my $gate = nginx(
    error_log_level => 'info',
    workers => 2,
    files => {
        'policy.json' => policy('/api', 'GET /users' => ['user_read'], 'POST /token' => 'public'),
        'apps.json' => applications({ id => 'crm', permissions => ['user_read'], tokens => ['Static-1'] },
            { id => 'erp', permissions => ['user_read'] }),
    },
    conf => qq{
        include @{[ top_dir() ]}/conf/eiam-log.conf;
        eiam_zone eiam 64k;
        eiam_policy policy.json;
        eiam_applications apps.json;
        server {
            listen 127.0.0.1:%PORT%;
            access_log %DIR%/audit.log eiam_audit if=\$eiam_decision;
            location /api/ { eiam on; proxy_pass http://%ECHO%; }
            location = /api/token { eiam on; eiam_learn on; proxy_pass http://@{[ $issuer->address ]}; }
            location /control/ { eiam_control; }
            location /status/ { eiam_status; }
        }
    })->start;

my $n = 0;

# A token that the backend issues to the client: a new one, or one that it has issued before.
sub learned {
    my ($client, $token) = @_;
    $token //= 'Learned-' . ++$n . '-0123456789';
    $issuer->answer('*' => { json => { access_token => $token, token_type => 'bearer', expires_in => 600,
        scope => 'user_read' } });
    get($gate, '/api/token', method => 'POST', body => "client_id=$client", headers => [$form]);
    return $token;
}

sub order { return get($gate, "/control/$_[0]", method => 'POST', body => "$_[1]&reason=test", headers => [$form]) }

sub call { return get($gate, '/api/users', token => $_[0]) }

# The metrics of revocations that are not 0: name and labels without the common prefix.
sub figures {
    my $text = get($gate, '/status/metrics')->{body};
    return { $text =~ /^eiam_revocations_((?!room)\S+) ([1-9]\d*)$/mg };
}

sub explained { return get($gate, "/status/explain?method=GET&path=/api/users&application=$_[0]")->{json} }

subtest '2.3-5: metrics count revocations, by what was revoked and by whom' => sub {
    is_deeply figures(), {}, 'nothing was revoked yet';
    like get($gate, '/status/metrics')->{body}, qr/^eiam_revocations_total\{kind="token",by="client"\} 0$/m,
        'but all series are there, so that the first revocation is an increase';
    my ($room) = get($gate, '/status/metrics')->{body} =~ /^eiam_revocations_room (\d+)$/m;
    cmp_ok $room, '>', 50, 'there is room';

    my $token = learned('crm');
    passed call($token), 'a token passes';
    is order(revoke => "token=$token")->{status}, 200, 'it is revoked';
    refused call($token), 'token_revoked', 'and refused';
    is_deeply figures(), { 'total{kind="token",by="control"}' => 1, 'in_force{kind="token"}' => 1 }, 'a token';

    order(revoke => 'application=erp');
    order(revoke => 'all=1');
    is_deeply figures(), { (map { (qq(total{kind="$_",by="control"}) => 1, qq(in_force{kind="$_"}) => 1) }
        qw(token application all)) }, 'an application, and all';

    order(restore => 'all=1');
    order(restore => 'application=erp');
    is_deeply figures(), { (map { (qq(total{kind="$_",by="control"}) => 1) } qw(token application all)),
        'in_force{kind="token"}' => 1 }, 'what is restored is not in force any more';
    order(restore => "token=$token");
    is_deeply [ grep { /in_force/ } keys %{ figures() } ], [], 'nor the token';
};

subtest '2.3-5: tokens that a backend issues again are counted' => sub {
    my $token = learned('crm');
    order(revoke => "token=$token");
    learned('crm', $token);
    is figures()->{reissued_total}, 1, 'the same token is issued again';
    refused call($token), 'token_revoked', '  and stays refused';
    order(restore => "token=$token");
};

subtest '2.3-5: revocations of tokens that are replaced for lack of room are counted' => sub {
    order(revoke => 'token=' . learned('erp')) for 1 .. MANY;
    my $figures = figures();
    cmp_ok $figures->{evicted_total}, '>', 0, 'rows of some tokens were replaced';
    is $figures->{'in_force{kind="application"}'}, 1, '  by one of their application';
    cmp_ok $figures->{'total{kind="application",by="gate"}'}, '>', 0, '  which the gate has revoked by itself';
    is $figures->{'total{kind="token",by="control"}'} > MANY, 1, 'the operator has revoked the others';
};

subtest '2.3-5: the explanation says which time of issue passes again' => sub {
    my $now = time;
    my $erp = explained('erp');
    is $erp->{decision}, 'allow', 'a new token passes';
    cmp_ok $erp->{not_before}, '>=', $now, '  if it was issued late enough' or diag explain $erp;
    ok !exists explained('crm')->{not_before}, 'for another application the explanation says nothing of it';
    order(revoke => 'all=1');
    cmp_ok explained('crm')->{not_before}, '>=', $now, '  unless all tokens were revoked';
    order(restore => 'all=1');
    order(restore => 'application=erp');
    ok !exists explained($_)->{not_before}, "$_ is restored" for qw(erp crm);
};

subtest '2.3-5: the audit log names the reason, and no token' => sub {
    my $token = learned('crm');
    order(revoke => "token=$token");
    refused call($token), 'token_revoked', 'a revoked token';
    refused call('Static-1'), 'token_revoked', 'a static one' if order(revoke => 'token=Static-1')->{status} == 200;
    my @lines = grep { $_->{reason} eq 'token_revoked' } map { $json->decode($_) } split /\n/,
        $gate->access_log('audit.log');
    my ($line) = grep { $_->{token_id} eq substr sha256_hex($token), 0, 16 } @lines;
    ok $line, 'the audit log has the refusal, with the id of the token' or return;
    is "$line->{decision} $line->{status} $line->{application} $line->{source}", 'deny 401 crm learned',
        'the application and the source are known';
    for my $log ($gate->access_log('audit.log'), $gate->error_log) {
        unlike $log, qr/\Q$token\E|@{[ sha256_hex($token) ]}|Static-1/, 'no token and no digest';
    }
};

done_testing;
