#!/usr/bin/perl
# The note about Kubernetes in docs/INSTALL.md: its manifests agree with one another and with the image, nginx takes
# the configuration in them, and a change of a ConfigMap is in force as kubelet makes it.

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use File::Path qw(make_path);
use FindBin;
use lib "$FindBin::Bin/lib";
use IPC::Open2 qw(open2);
use JSON::PP ();
use Test::More;
use EIAM::Test;

my ($note) = slurp(top_dir() . '/docs/INSTALL.md') =~ /^### Kubernetes$(.*)/ms;
my @examples = $note =~ /^```yaml\n(.*?)^```$/msg;
is @examples, 1, 'the note has one file of manifests';

# The documents of a YAML file, by kind and name.
sub manifests {
    my $pid = open2(my $out, my $in, '/usr/bin/python3', '-c', 'import json, sys, yaml; json.dump(list(yaml.safe_load_all(sys.stdin)), sys.stdout)');
    print {$in} @_;
    close $in or die "python3: $!";
    my $text = do { local $/; <$out> };
    waitpid $pid, 0;
    die "this is not YAML\n" if $?;
    return map { ("$_->{kind} $_->{metadata}{name}" => $_) } @{ JSON::PP::decode_json($text) };
}

my %manifest = manifests(@examples);
is join(', ', sort keys %manifest), 'ConfigMap eiam-applications, ConfigMap eiam-gate, Deployment gate', '2.8-2: the note is YAML';

my $deployment = $manifest{'Deployment gate'}{spec};
my ($container) = @{ $deployment->{template}{spec}{containers} };
my %map_of = map { $_->{name} => $_->{configMap}{name} } @{ $deployment->{template}{spec}{volumes} };
my %mounted = map { $_->{mountPath} => $manifest{"ConfigMap $map_of{ $_->{name} }"}{data} } @{ $container->{volumeMounts} };
my ($conf) = grep { /server/ } map { values %$_ } values %mounted;

is_deeply $deployment->{selector}{matchLabels}, $deployment->{template}{metadata}{labels}, 'the deployment finds its pods';
is join(' ', sort keys %mounted), '/etc/eiam /etc/nginx/conf.d', 'each ConfigMap is mounted';
is join(' ', grep { $_->{subPath} || $_->{subPathExpr} } @{ $container->{volumeMounts} }), '', '  as a folder';
my %port_of = map { $_->{name} => $_->{containerPort} } @{ $container->{ports} };
is join(' ', sort { $a <=> $b } values %port_of), join(' ', $conf =~ /^\s*listen (\d+);/mg), 'the ports are those of the configuration';

my ($file) = $conf =~ m{eiam_applications\s+/etc/eiam/(\S+);} or die 'no applications file';
ok $mounted{'/etc/eiam'}{$file}, 'the applications file is where the configuration looks for it';
my ($policy) = $conf =~ m{eiam_policy\s+/usr/share/ngx_eiam/(\S+);} or die 'no policy';
ok -e top_dir() . "/conf/$policy", 'so is the policy, in the image';
like slurp(top_dir() . '/contrib/Dockerfile'), qr{/usr/share/ngx_eiam/}, '  which has a folder for it';

# ---- A pod: its volumes as kubelet writes them, and only the addresses changed.

my %port = ($port_of{calls} => '%PORT%', $port_of{status} => '%PORT2%');
my $server = $conf =~ s/listen (\d+);/listen 127.0.0.1:$port{$1};/gr =~ s{http://backend:9090}{http://%ECHO%}gr
    =~ s{/etc/eiam/}{%DIR%/eiam/}gr =~ s{/usr/share/ngx_eiam/}{%DIR%/}gr;
my $gate = nginx(workers => 1, conf => $server, files => { $policy => scalar slurp(top_dir() . "/conf/$policy") });
my $volume = $gate->dir . '/eiam';

# kubelet writes a new folder, and replaces the symbolic link "..data", through which each file is read.
my $version = 0;
sub swing {
    my (%data) = @_;
    my $folder = sprintf '..2026_11_29_02_00_%02d.%09d', ++$version, 123 * $version;
    make_path("$volume/$folder");
    $gate->write_file("eiam/$folder/$_", $data{$_}) for keys %data;
    my $old = readlink "$volume/..data";
    symlink $folder, "$volume/..data_tmp" or die "..data_tmp: $!";
    rename "$volume/..data_tmp", "$volume/..data" or die "..data: $!";
    for (keys %data) { -l "$volume/$_" or symlink "..data/$_", "$volume/$_" or die "$_: $!" }
    return if !defined $old;
    unlink glob "$volume/$old/*";
    return rmdir "$volume/$old";
}

sub with_token {
    my ($token, @permissions) = @_;
    return JSON::PP->new->canonical->encode({ applications =>
        [ { id => 'crm', permissions => \@permissions, tokens => [ { sha256 => sha256_hex($token) } ] } ] });
}

sub answer { return get($gate, '/api/v2/tenant/organizations/o1/org-leader', token => $_[0])->{status} }
sub in_force { my ($token, $status, $title) = @_; return ok until_true(sub { answer($token) == $status }), $title }

make_path($volume);
swing(%{ $mounted{'/etc/eiam'} });
my ($code, $said) = $gate->check;
is $code, 0, '2.8-2: nginx takes the configuration of the note' or diag $said;
unlike $said, qr/\[warn\]/, '  and does not warn about it';

$gate->start;
is answer('first'), 401, 'a token of nobody is refused';
my $probe = $container->{readinessProbe}{httpGet};
is $probe->{port}, 'status', 'the probe asks the port of the status';
is get($gate, $probe->{path}, port => $gate->port(2))->{status}, 200, '  and gets an answer';
swing($file => with_token('first', 'org_read'));
in_force('first', 200, '2.8-2: a change of the ConfigMap is in force without a reload');
swing($file => with_token('second', 'org_read'));
in_force('second', 200, '  and the next one');
in_force('first', 401, '  which ends what was before');
swing($file => '{ "applications": [ ');
ok until_true(sub { get($gate, '/_eiam/metrics', port => $gate->port(2))->{body} =~ /^eiam_applications_refused\{.*\} 1$/m }),
    '  one with a fault is told of';
is answer('second'), 200, '  and leaves what is in force';
swing($file => with_token('second', 'account_read'));
in_force('second', 403, '  until the next good one');

done_testing;
