#!/usr/bin/perl
# Upgrades as docs/OPERATIONS.md describes them: a new file of the module, a reload, a new binary, and the way back.

use strict;
use warnings;

use File::Copy qw(copy);
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(sleep);
use EIAM::Jwt qw(mint new_key public_jwk);
use EIAM::Nginx ();
use EIAM::Test;

plan skip_all => 'the module is part of this nginx' if EIAM::Nginx::module_path() eq '';

my $key = new_key('Ed25519');
my $form = 'Content-Type: application/x-www-form-urlencoded';
my $gate = nginx(
    daemon => 1,
    module => 0,
    workers => 2,
    files => {
        'policy.json' => policy('/api', 'GET /users' => ['user_read'], 'POST /token' => 'public'),
        'apps.json' => applications({ id => 'crm', permissions => ['user_read'], tokens => ['static-1'] }),
        'keys.json' => { keys => [ public_jwk($key, kid => 'k') ] },
    },
    main => 'load_module %DIR%/module.so;',
    http => q{
        eiam_zone eiam 1m;
        server {
            listen 127.0.0.1:%PORT2%;
            default_type application/json;
            location / { return 200 '{"access_token":"$request_id","token_type":"Bearer","expires_in":600}'; }
        }
    },
    server => q{
        eiam_policy policy.json;
        eiam_applications apps.json;
        eiam_jwks keys.json;
        eiam_jwt_issuer as;
        eiam_jwt_audience api;
        location /api/ { eiam on; proxy_pass http://%ECHO%; }
        location = /api/token { eiam on; eiam_learn on; proxy_pass http://127.0.0.1:%PORT2%; }
        location /control/ { eiam_control; }
        location /status/ { eiam_status; }
    });

my $module = $gate->dir . '/module.so';
copy(EIAM::Nginx::module_path(), $module) or die "$module: $!";
my ($version) = slurp(top_dir() . '/CHANGES') =~ /^Changes with ngx_eiam (\S+)/m;
my $other = '9' . substr $version, 1;

# Replaces the file as a package does it: the new one is written beside it, and takes its name.
sub install {
    my ($text) = @_;
    open my $out, '>:raw', "$module.new" or die "$module.new: $!";
    print {$out} $text;
    close $out or die "$module.new: $!";
    rename "$module.new", $module or die "$module: $!";
    return;
}

# A module that differs by its version only.
sub another_version {
    my ($text) = @_;
    return $text =~ s/\x{0}\Q$version\E\x{0}/\0$other\0/gr;
}

sub learned {
    return get($gate, '/api/token', port => $gate->port(1), method => 'POST', body => 'client_id=crm',
        headers => [$form])->{json}{access_token};
}

# Status or reason of a call with the token; each on a connection of its own.
sub call {
    my $res = get($gate, '/api/users', token => $_[0]);
    return $res->{status} == 200 ? 200 : $res->{json}{error_code};
}

sub running_version { return get($gate, '/status/metrics')->{body} =~ /^eiam_build_info\{version="([^"]+)"/m ? $1 : '' }

# Calls while something happens; none may fail.
sub meanwhile {
    my ($title, $condition) = @_;
    my %seen;
    ok until_true(sub { $seen{ eval { call('static-1') } // 'no answer' }++; $condition->() }), $title;
    return is join(' ', sort keys %seen), 200, '  and no call fails meanwhile';
}

sub has_ended { my ($pid) = @_; return EIAM::Nginx::gone($pid, 0.05) }

my $signed = mint($key, 'EdDSA', { iss => 'as', aud => 'api', exp => time + 600, iat => time, client_id => 'crm',
    scope => 'user_read' }, { kid => 'k' });

$gate->start;
is running_version(), $version, 'the module has the version of CHANGES';

my $token = learned();
is call($signed), 200, 'a signed token passes';
get($gate, '/control/revoke', method => 'POST', body => "token=$signed&reason=test", headers => [$form]);
is_deeply [ map { call($_) } $token, $signed ], [ 200, 'GATEWAY.4014' ], 'and is revoked; a learned one passes';

subtest '2.8-4: a new file of the module is not used by a reload' => sub {
    my $old = slurp($module);
    install(another_version($old));
    ok $gate->reload, 'nginx reloads';
    is running_version(), $version, 'the old module still runs';
    is_deeply [ map { call($_) } $token, $signed ], [ 200, 'GATEWAY.4014' ], 'with its zone';
};

my $before = $gate->upgrade;

subtest '2.8-4: a new binary loads it, and begins with an empty zone' => sub {
    my $new = $gate->master_pid;
    kill 'WINCH', $before;
    meanwhile('the old workers leave', sub { $gate->adopt($before); my @old = $gate->worker_pids; $gate->adopt($new); !@old });
    is running_version(), $other, 'the new module runs';
    is call($token), 'GATEWAY.4012', 'what was learned before is not known';
    is call($signed), 200, 'what was revoked before is not revoked';
    is call(learned()), 200, 'tokens are learned anew';
};

subtest '2.8-4: on the way back the old zone is still there' => sub {
    my $new = $gate->master_pid;
    my $latest = learned();
    kill 'HUP', $before;
    meanwhile('the old master starts workers again',
        sub { $gate->adopt($before); my @old = $gate->worker_pids; $gate->adopt($new); @old == 2 });
    kill 'QUIT', $new;
    meanwhile('the new one ends', sub { has_ended($new) });
    $gate->adopt($before);
    is running_version(), $version, 'the old module runs';
    is_deeply [ map { call($_) } $token, $signed ], [ 200, 'GATEWAY.4014' ], 'and knows what it knew';
    is call($latest), 'GATEWAY.4012', 'but nothing of the time in between';
};

subtest '2.8-4: an upgrade that stays' => sub {
    until_true(sub { !-e $gate->dir . '/nginx.pid.oldbin' });
    my $old = $gate->upgrade;
    kill 'QUIT', $old;
    meanwhile('the old master ends', sub { has_ended($old) });
    is running_version(), $other, 'the new module runs';
    is get($gate, '/control/revoke', method => 'POST', body => "token=$signed&reason=again", headers => [$form])->{status},
        200, 'what would pass again is revoked again';
    is call($signed), 'GATEWAY.4014', '  and is refused';
    ok $gate->reload, 'the new one reloads like any other';
    is call($signed), 'GATEWAY.4014', '  and keeps its zone';
};

done_testing;
