#!/usr/bin/perl
# The applications file is live: what changes in it is in force soon, in all workers, without a reload.

use strict;
use warnings;

use Cwd qw(getcwd);
use FindBin;
use lib "$FindBin::Bin/lib";
use File::Path qw(make_path);
use JSON::PP ();
use Test::More;
use Time::HiRes qw(sleep time);
use EIAM::Test;

use constant { WORKERS => 3, DEADLINE => 60 };

my $json = JSON::PP->new->canonical;
my @crm  = (permissions => ['user_read'], tokens => ['crm']);

sub text { return $json->encode(applications(@_)) }

my %files = (
    'policy.json' => policy('/api', 'GET /users' => ['user_read'], 'PUT /users' => ['user_write'],
        'GET /open' => 'public', 'POST /token' => 'public', 'GET /slow' => ['user_read']),
    'apps.json' => text({ id => 'crm', @crm }),
    'other.json' => text({ id => 'other', permissions => ['user_read'], tokens => ['other'] }),
);

my $server = q{
    listen 127.0.0.1:%PORT% reuseport;
    eiam_policy policy.json;
    eiam_applications apps.json;
    add_header X-Worker $pid always;
    location /api/ { eiam on; proxy_pass http://%ECHO%; }
    location /implied/ { eiam on; eiam_scope_implies user_write user_read;
        rewrite ^/implied/(.*) /api/$1 break; proxy_pass http://%ECHO%; }
    location /frozen/ { eiam on; eiam_applications_reload off; rewrite ^/frozen/(.*) /api/$1 break; proxy_pass http://%ECHO%; }
    location /other/ { eiam on; eiam_applications other.json; rewrite ^/other/(.*) /api/$1 break; proxy_pass http://%ECHO%; }
    location /limited/ { eiam on; rewrite ^/limited/(.*) /api/$1 break; limit_req zone=slow burst=5; proxy_pass http://%ECHO%; }
    location /status/ { eiam_status; }
};
my $http = 'limit_req_zone $server_port zone=slow:64k rate=1r/s; ';
my $gate = nginx(workers => WORKERS, error_log_level => 'notice', files => \%files, conf => "$http server { $server }")->start;
my $dir = $gate->dir;

sub outcome {
    my ($token, %opt) = @_;
    my $res = get($opt{gate} // $gate, $opt{path} // '/api/users', token => $token, %opt);
    return wantarray ? ($res->{headers}{'x-worker'}, $res->{status}) : $res->{status};
}

# Waits until every worker answers so, in a row; none may answer so and then otherwise.
sub in_force {
    my ($token, $status, $title, %opt) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($begun, %now, %since) = (time);
    while (time - $begun < DEADLINE) {
        for (1 .. 4 * WORKERS) {
            my ($worker, $got) = outcome($token, %opt);
            fail("$title: a worker goes back") if ($now{$worker} // -1) == $status && $got != $status;
            $now{$worker} = $got;
            $since{$worker} //= time if $got == $status;
        }
        last if keys %now == WORKERS && !grep { $_ != $status } values %now;
        sleep 0.02;
    }
    my $all = keys %now == WORKERS && !grep { $_ != $status } values %now;
    note sprintf '%s: %.2f s', $title, time - $begun;
    return ok $all, $title;
}

sub put { my ($name, $text) = @_;    # replaced, as good editors and tools do
    my $new = "$dir/$name.new";
    open my $fh, '>', $new or die "$new: $!"; print {$fh} $text; close $fh or die $!;
    return rename $new, "$dir/$name";
}

sub overwrite { my ($name, $text) = @_;    # written in place
    open my $fh, '+<', "$dir/$name" or die "$name: $!"; truncate $fh, 0; print {$fh} $text;
    return close $fh;
}

sub figures {
    my ($g) = @_;
    my $all = get($g // $gate, '/status/json')->{json};
    my %of = map { my $f = $_; map { ($f->{name} . ($_->{labels}{result} ? ".$_->{labels}{result}" : '') => $_->{value}) } @{ $f->{samples} } }
        @{ $all->{metrics} };
    my ($file) = grep { $_->{file} eq "$dir/apps.json" } @{ $all->{applications} };
    return (\%of, $file);
}

subtest '2.7-1: each kind of change is in force, however the file is changed' => sub {
    in_force('crm', 200, 'at first');
    my %kinds = (
        'disabled'             => [ { id => 'crm', @crm, enabled => 0 } ],
        'permissions'          => [ { id => 'crm', @crm, permissions => [] } ],
        'networks'             => [ { id => 'crm', @crm, networks => ['192.0.2.0/24'] } ],
        'token removed'        => [ { id => 'crm', permissions => ['user_read'] } ],
        'application removed'  => [],
    );
    my %status = ('token removed' => 401, 'application removed' => 401);
    my @ways = (\&put, \&overwrite);
    for my $kind (sort keys %kinds) {
        $ways[0]->('apps.json', text(@{ $kinds{$kind} }));
        in_force('crm', $status{$kind} // 403, $kind);
        @ways = reverse @ways;
        $ways[0]->('apps.json', text({ id => 'crm', @crm }, { id => $kind, permissions => ['user_read'], tokens => ["new $kind" =~ tr/ /-/r] }));
        in_force("new $kind" =~ tr/ /-/r, 200, "$kind: and an application added");
        in_force('crm', 200, "$kind: and all as before");
    }
    put('apps.json', text({ id => 'crm', @crm, permissions => ['user_write'] }));
    in_force('crm', 403, 'a scope that implies');
    in_force('crm', 200, 'another set of implications has it too', path => '/implied/users');
    is outcome('crm', path => '/frozen/users'), 200, 'with eiam_applications_reload off the file of the start stays in force';
    put('other.json', text({ id => 'other', permissions => [], tokens => ['other'] }));
    in_force('other', 403, 'another file of the configuration', path => '/other/users');
    my @lines = $gate->error_log =~ /\[notice\].*the applications file "[^"]*apps\.json" has changed and is in force/g;
    is scalar @lines, 11, 'one line for each change';
    my ($of, $file) = figures();
    is $of->{'eiam_applications_reload_total.loaded'}, 12, '  and it is counted once';
    is $file->{generation}, 12, 'the status shows the generation';
    is $file->{result}, 'loaded', '  and the result';
};

subtest '2.7-1: a change by replaced symlinks, as in a mounted volume, is in force' => sub {
    make_path("$dir/..one", "$dir/..two");
    put('..one/apps.json', text({ id => 'crm', @crm }));
    put('..two/apps.json', text({ id => 'crm', @crm, enabled => 0 }));
    symlink '..one', "$dir/..data" or die $!;
    symlink '..data/apps.json', "$dir/link" or die $!;
    rename "$dir/link", "$dir/apps.json" or die $!;
    in_force('crm', 200, 'a link to it');
    symlink '..two', "$dir/..new" or die $!;
    rename "$dir/..new", "$dir/..data" or die $!;
    in_force('crm', 403, 'the link before it is swung');
    symlink '..one', "$dir/..new" or die $!;
    rename "$dir/..new", "$dir/..data" or die $!;
    in_force('crm', 200, 'and back, to an older file');
    unlink "$dir/apps.json";
};

subtest '2.7-1: a faulty file leaves the old one in force, and the fault is reported' => sub {
    put('apps.json', text({ id => 'crm', @crm }));
    in_force('crm', 200, 'the good one');
    my (undef, $before) = figures();
    my %wrong = (
        'half of it'   => [ substr(text({ id => 'crm', @crm }), 0, -9), qr/line 1 column \d+: / ],
        'empty'        => [ '', qr/line \d+ column \d+: / ],
        'a typo'       => [ '{"applications":[{"id":"crm","permission":[]}]}', qr{#/applications/0/permission: is an unknown member} ],
        'a directory'  => [ undef, qr/is not a regular file/ ],
    );
    for my $case (sort keys %wrong) {
        my ($bad, $says) = @{ $wrong{$case} };
        my $lines = () = $gate->error_log =~ /stays as it was/g;
        if (defined $bad) { overwrite('apps.json', $bad) } else { unlink "$dir/apps.json"; mkdir "$dir/apps.json" }
        my ($of, $file);
        my $until = time + DEADLINE;
        do { sleep 0.05; ($of, $file) = figures() } until ($file->{fault} // '') =~ $says || time > $until;
        like $file->{fault}, $says, "$case: the status tells it";
        is "$file->{result} $file->{generation}", "refused $before->{generation}", '  the content in force stays the same';
        is $file->{sha256}, $before->{sha256}, '  with its digest';
        sleep 1.2;    # each worker has looked
        is outcome('crm'), 200, '  and decides' for 1 .. 2 * WORKERS;
        my @told = $gate->error_log =~ /\[error\].*stays as it was, as the new one has a fault: "[^"]*apps\.json": (.*)/g;
        is scalar @told, $lines + 1, '  one line in the log';
        like $told[-1], $says, '  with position and reason';
        if (!defined $bad) { rmdir "$dir/apps.json" or die $! }
        put('apps.json', text({ id => 'crm', @crm }));
        do { sleep 0.05; (undef, $file) = figures() } until $file->{result} eq 'loaded' || time > $until;
        is $file->{fault} // 'none', 'none', '  until the fault is corrected';
    }
    my ($of) = figures();
    is $of->{'eiam_applications_reload_total.refused'}, 4, 'each change was counted once';
};

subtest '2.7-1: a worker that is started again decides by the version in force, or refuses' => sub {
    put('apps.json', text({ id => 'crm', @crm }, { id => 'two', permissions => ['user_read'], tokens => ['two'] }));
    in_force('two', 200, 'a file that the master has not read');
    my $kill = sub {
        my @before = $gate->worker_pids;
        $gate->expect(qr/exited on signal 9/);
        kill 'KILL', @before;
        my %old = map { ($_ => 1) } @before;
        my $until = time + DEADLINE;
        while (time < $until) { my @now = $gate->worker_pids; last if @now == WORKERS && !grep { $old{$_} } @now; sleep 0.02 }
    };
    $kill->();
    in_force('two', 200, 'has it from the start');
    overwrite('apps.json', '{');
    my ($file, $until) = (undef, time + DEADLINE);
    do { sleep 0.05; (undef, $file) = figures() } until $file->{result} eq 'refused' || time > $until;
    $kill->();
    in_force('crm', 503, 'cannot decide while the file is broken');
    refused get($gate, '/api/users', token => 'two'), 'source_unavailable', 'nor does it pass calls of other applications';
    is outcome('crm', path => '/api/open'), 200, 'public operations need no application';
    is outcome('crm', path => '/frozen/users'), 200, 'a location with eiam_applications_reload off serves on';
    like $gate->error_log, qr/\[error\].*cannot read the applications that are in force, so it refuses calls/, 'the log says so';
    put('apps.json', text({ id => 'crm', @crm }));
    in_force('crm', 200, 'until it is right again');
};

subtest '2.7-1: nginx is reloaded when the file in force is newer than its configuration' => sub {
    put('apps.json', text({ id => 'crm', @crm, enabled => 0 }));
    in_force('crm', 403, 'newer than what nginx was started with');
    ok $gate->reload, 'a reload';
    is outcome('crm'), 403, 'has the newer one' for 1 .. 2 * WORKERS;
    overwrite('apps.json', '{');
    ok !$gate->reload, 'a reload with a broken file is refused';
    is outcome('crm'), 403, 'and changes nothing' for 1 .. 2 * WORKERS;
    put('apps.json', text({ id => 'crm', @crm }));
    in_force('crm', 200, 'live as before');
};

$gate->stop;

subtest '2.7-1: nginx -t refuses a file that the workers may not read' => sub {
    plan skip_all => 'only root starts workers of another user' if $>;
    my $away = nginx(main => 'user nobody nogroup;', files => { 'apps.json' => text() }, server => 'eiam_policy policy.json;
        include gate.conf;');
    $away->write_file('policy.json', $files{'policy.json'});
    my $file = $away->dir . '/apps.json';
    chmod 0755, $away->dir;
    for my $case ([ 0600, '', 1 ], [ 0600, 'eiam_applications_reload off;', 0 ], [ 0644, '', 0 ]) {
        my ($mode, $more, $code) = @$case;
        chmod $mode, $file;
        $away->write_file('gate.conf', "location / { eiam on; eiam_applications apps.json; $more proxy_pass http://127.0.0.1:1; }");
        my ($got, $text) = $away->check;
        is $got, $code, sprintf 'mode %o %s', $mode, $more or diag $text;
        like $text, qr/apps\.json" must be readable by the workers, .* \(13: Permission denied\)/, 'with the reason' if $code;
    }
};

done_testing;
