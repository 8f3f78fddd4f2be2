#!/usr/bin/perl
# What is installed: by "make install", and what the packages take from the sources.

use strict;
use warnings;

use File::Find qw(find);
use File::Temp ();
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use EIAM::Test;

my $top = "$FindBin::Bin/..";
my $tmp = File::Temp->newdir('eiam-XXXXXX', TMPDIR => 1);

plan skip_all => 'the module was not built by make' if !-e "$top/build/ngx_eiam_module.so";

sub text { open my $in, '<', $_[0] or die "$_[0]: $!\n"; local $/; return scalar <$in> }

my @paths = map { "$_->[0]=/opt/gate/$_->[1]" } [ MODULES_DIR => 'lib' ], [ DATA_DIR => 'data' ], [ DOC_DIR => 'doc' ], [ MAN_DIR => 'man' ];
my $log = qx{cd '$top' && env -u MAKEFLAGS -u MAKELEVEL make install DESTDIR='$tmp' @paths 2>&1};
is $?, 0, '2.8-2: make install' or diag $log;

my %found;
find({ no_chdir => 1, wanted => sub { $found{ s{^\Q$tmp\E/opt/gate/}{}r } = 1 if -f } }, "$tmp");
my @wanted = ('lib/ngx_eiam_module.so', 'data/eiam-openapi.json', 'data/eiam-applications.json', 'data/eiam-log.conf', 'data/eiam-alerts.yml',
    'data/eiam-dashboard.json', 'doc/README.md', 'doc/docs/DIRECTIVES.md', 'man/man7/ngx_http_eiam_module.7');
is join(' ', grep { !$found{$_} } @wanted), '', 'puts module, policy, samples, documentation and manual page where it is told';
is join(' ', grep { !m{^(?:lib|data|doc|man)/} } keys %found), '', 'and nothing elsewhere';

my $page = text("$tmp/opt/gate/man/man7/ngx_http_eiam_module.7");
my @directives = text("$top/docs/DIRECTIVES.md") =~ /^## (eiam\w*)$/mg;
is join(' ', grep { $page !~ /^\.SH \Q$_\E$/m } @directives), '', '2.8-1: the manual page describes every directive';
unlike $page, qr/^(?!\.(?:TH|SH|SS|PP|TP|IP|EX|EE|in|BR)\b)\./m, 'it has no request of roff but its own';
unlike $page, qr/[\0\x01]|\]\(|```/, 'nothing of the markup is left in it';

SKIP: {
    skip 'there is no groff', 1 if !grep { -x "$_/groff" } split /:/, $ENV{PATH};
    is qx{groff -Kutf8 -man -Tutf8 -ww -z '$tmp/opt/gate/man/man7/ngx_http_eiam_module.7' 2>&1}, '', 'groff has nothing to say about it';
}

# The package names what it installs; a file that is missing would break its build.
for my $line (split /\n/, text("$top/debian/libnginx-mod-http-eiam.install")) {
    my ($files) = split ' ', $line;
    my @there = glob "$top/$files";
    ok @there && !grep({ !-e } @there), "the package finds $files";
}

# The message that the page explains is the one that nginx has for a module of another build.
SKIP: {
    skip 'the module is not in a file', 4 if $ENV{EIAM_ASAN};
    my $install = text("$top/docs/INSTALL.md");
    my $so = text("$top/build/ngx_eiam_module.so");
    my ($signature) = $so =~ /(\d,\d,\d,[01]{20,})\0/;
    ok defined $signature, '2.8-2: the module has a signature of the nginx that it is for';
    my $other = $signature =~ s/(\d)$/1 - $1/er;
    open my $out, '>:raw', "$tmp/other.so" or die "$tmp/other.so: $!\n";
    print {$out} $so =~ s/\Q$signature\E/$other/r;
    close $out or die "$tmp/other.so: $!\n";
    {
        local $ENV{EIAM_MODULE} = "$tmp/other.so";
        my ($code, $said) = nginx(server => '')->check;
        ok $code && $said =~ m{\[emerg\] \S+ (module ".*/other\.so" is not binary compatible) in }, 'with another one nginx does not load it' or diag $said;
        like $install, qr/`@{[ ($1 \/\/ 'nothing') =~ s{".*"}{"..."}r ]}`/, 'and the page explains what it says';
    }
    my ($command) = nginx(module => 0)->_command;
    my ($nginx) = grep { -e } $command, '/usr/sbin/nginx';
    ok text($nginx) =~ /module "%V" version %ui instead of %ui/ && $install =~ /`module "..." version \d+ instead of \d+`/,
        'so it does with the message for another version';
}

# What the first steps write, as far as nginx can tell without starting; .ci/trial types all of them.
{
    my %written = text("$top/docs/FIRST-STEPS.md") =~ m{^cat >/etc/nginx/(\S+) <<'?END'?\n(.*?)^END$}msg;
    $written{'eiam/applications.json'} =~ s/\$\(.*?\)/'1f' x 32/e;
    my $gate = nginx(conf => delete($written{'conf.d/shop.conf'}) =~ s/:8080/:%PORT%/r =~ s/:8081/:%PORT2%/r);
    mkdir $gate->dir . '/eiam';
    $gate->write_file($_, $written{$_}) for keys %written;
    my ($code, $said) = $gate->check;
    is $code, 0, '2.8-7: the first steps have a configuration and a policy that nginx takes' or diag $said;
    unlike $said, qr/\[warn\]/, 'and about which it does not warn';
}

done_testing;
