#!/usr/bin/perl
# Each check of .ci/check accepts this tree, and fails when its one thing is broken.

use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Path qw(make_path);
use File::Temp ();
use Test::More;

my $top  = abs_path(dirname(__FILE__) . '/..');
my $dir  = File::Temp->newdir;
my $copy = "$dir/eiam";

sub slurp {
    my ($file) = @_;
    open my $in, '<:raw', $file or return;
    local $/;
    return scalar <$in>;
}

sub spew {
    my ($file, $text) = @_;
    make_path(dirname($file));
    open my $out, '>:raw', $file or die "$file: $!\n";
    print {$out} $text;
    close $out or die "$file: $!\n";
    return;
}

sub check {
    my ($title) = @_;
    open my $out, '-|', "$top/.ci/check", $copy, $title or die "check: $!\n";
    my $said = join '', <$out>;
    close $out;
    return ($? == 0, $said);
}

# What stands in an object is what the compiler made of it.
sub compiled {
    my ($source) = @_;
    spew("$copy.c", $source);
    system('gcc', '-c', '-o', "$copy.o", "$copy.c") == 0 or die "gcc failed\n";
    return slurp("$copy.o");
}

# Breaks one file: its new content is made from the old one.
sub breaks {
    my ($title, $what, $file, $change) = @_;
    my $before = slurp("$copy/$file");
    my ($sound, $first) = check($title);
    spew("$copy/$file", $change->($before // ''));
    my ($passed, $said) = check($title);
    defined $before ? spew("$copy/$file", $before) : unlink "$copy/$file";
    ok($sound, "$title: holds for this tree") or diag($first);
    ok(!$passed && $said =~ /^FAIL  \Q$title\E/m, "$title: fails at $what") or diag($said);
    return;
}

sub append {
    my ($text) = @_;
    return sub { "$_[0]$text" };
}

sub without {
    my ($pattern) = @_;
    return sub { $_[0] =~ s/$pattern//gr };
}

make_path($copy);
system("cd '$top' && tar -cf - --exclude=./.git --exclude=node_modules --exclude=__pycache__"
    . " --exclude='./build/[!d]*' --exclude=./build/debug . | tar -xf - -C '$copy'") == 0 or die "no copy of the tree\n";
-f "$copy/build/dynamic/addon/src/ngx_eiam_reason.o" or die "run \"make module\" first\n";

my $core = 'src/ngx_eiam_reason.c';
my $long = join '', map { "    n += $_;\n" } 1 .. 90;

breaks('top level', 'a foreign file', 'notes.txt', append("x\n"));
breaks('layering: ngx_http only', 'ngx_http in the core', $core, append("/* ngx_http_request_t */\n"));
breaks('layering: jansson.h', 'a second file that includes it', $core, append("#include <jansson.h>\n"));
breaks('layering: openssl/', 'OpenSSL in another file', $core, append("#include <openssl/evp.h>\n"));
breaks('length: functions', 'a function of 95 lines', $core,
    append("\n\nstatic int\nngx_eiam_long(int n)\n{\n$long\n    return n;\n}\n"));
breaks('length: C files', 'a file of more than 600 lines', $core, append("\n" x 600));
breaks('text: C lines', 'a line of 81 columns', $core, append('/' x 81 . "\n"));
breaks('text: no tabs', 'a tab', $core, append("\tint  n;\n"));
breaks('text: no white space', 'a blank at a line end', 'example/nginx.conf', append("# \n"));
breaks('text: every file ends', 'a file without', 'CHANGES', sub { $_[0] =~ s/\n+\z//r });
breaks('names: every global symbol', 'another prefix',
    'build/dynamic/addon/src/ngx_eiam_reason.o', sub { compiled("int eiam_global;\n") });
breaks('README: every directive', 'one without Default', 'README.md',
    sub { $_[0] =~ s/(^#+ `?eiam_realm\b.*?)Default/$1Otherwise/msr });
breaks('README: every directive', 'one that is not there', 'README.md', without(qr/^#+ `?eiam_policy\b.*$/m));
breaks('README: no directive', 'one that the module has not', 'README.md', append("\n`eiam_magic on;`\n"));
breaks('README: every variable', 'one that is not there', 'README.md', without(qr/\$eiam_token_id/));
breaks('README: no variable', 'one that the module has not', 'README.md', append("\n`\$eiam_magic`\n"));
breaks('README: every reason', 'one that is not there', 'README.md', without(qr/method_override/));
breaks('README: every error code', 'one that is not there', 'README.md', without(qr/GATEWAY\.4031/));
breaks('README: every error code', 'one that the module has not', 'README.md', append("\nGATEWAY.4999\n"));
breaks('README: every make target', 'one that the Makefile has not', 'README.md', append("\n`make magic`\n"));
breaks('README: every file', 'one that is not there', 'README.md', append("\nsrc/ngx_eiam_magic.c\n"));
breaks('shell: every script parses', 'an open "if"', 'example/stop', append("if true; then\n"));
breaks('shell: shellcheck', 'an unquoted variable', 'example/stop', append("rm \$1\n"));

done_testing();
