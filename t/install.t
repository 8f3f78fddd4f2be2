#!/usr/bin/perl
# What is installed: by "make install", and what the packages take from the sources.

use strict;
use warnings;

use File::Find qw(find);
use File::Temp ();
use FindBin;
use Test::More;

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

done_testing;
