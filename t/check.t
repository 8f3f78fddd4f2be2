#!/usr/bin/perl
# Each check of .ci/check accepts this tree, and fails when the one thing that it checks is broken.

use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Path qw(make_path);
use File::Temp ();
use Test::More;

plan skip_all => 'nothing that it runs has sanitizers' if $ENV{EIAM_ASAN};

my $top  = abs_path(dirname(__FILE__) . '/..');
my $dir  = File::Temp->newdir;
my $copy = "$dir/eiam";
my $whole;    # what the checks say of the tree as it is

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

# The checks of objects look at what the compiler has made.
sub compiled {
    my ($source) = @_;
    spew("$copy.c", $source);
    system('gcc', '-c', '-o', "$copy.o", "$copy.c") == 0 or die "gcc failed\n";
    return slurp("$copy.o");
}

sub version { return slurp("$copy/src/core/ngx_eiam_version.h") =~ /NGX_EIAM_VERSION\s+"([^"]+)"/ ? $1 : '' }

# Breaks a file: a function makes its new content from the old one.
sub breaks {
    my ($title, $what, $file, $change) = @_;
    my $before = slurp("$copy/$file");
    spew("$copy/$file", $change->($before // ''));
    my ($passed, $said) = check($title);
    defined $before ? spew("$copy/$file", $before) : unlink "$copy/$file";
    like($whole, qr/^ok    \Q$title\E/m, "$title: holds for this tree");
    ok(!$passed && $said =~ /^FAIL  \Q$title\E/m, "$title: fails at $what") or diag($said);
    return;
}

# A file at which the checks of names must not fail.
sub stale {
    my ($title, $file, $content) = @_;
    spew("$copy/$file", $content);
    my ($passed, $said) = check('names: ');
    ok($passed && $said =~ /^2 checks, 0 failed/m, $title) or diag($said);
    unlink "$copy/$file";
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

# Commit messages in a clone, each with the expected complaint.
sub commits {
    my $title = 'commits: ';
    my ($sound, $said) = check($title);
    ok($sound && $said =~ /\(none: no clone/, '2.2-8: without git no commit is looked at') or diag($said);

    delete @ENV{ grep { /^GIT_/ } keys %ENV };
    my @git = ('git', '-C', $copy, '-c', 'user.name=x', '-c', 'user.email=x@localhost');
    my $commit = sub { system(@git, qw(commit -q --allow-empty -m), $_[0]) == 0 or die "git commit failed\n" };
    system(qw(git init -q), $copy) == 0 or die "git init failed\n";
    $commit->('From before the rule');
    system(@git, 'add', '.ci') == 0 or die "git add failed\n";
    $commit->("The rule\n\nBecause somebody asks why.");

    my @good = ("A subject\n\nA reason.", 'x' x 72 . "\n\nA reason.", "\x{e4}" x 72 . "\n\nA reason.");
    utf8::encode($_) for @good;
    $commit->($_) for @good;
    ($sound, $said) = check($title);
    ok($sound && $said =~ /\(4 since/, '2.2-8: commits of the rule and after it pass') or diag($said);

    for (
        [ 'a subject of 73 columns', 'x' x 73 . "\n\nA reason.", 'the subject has 73 columns' ],
        [ 'one of 74 by wide letters', "\xe6\x9f\xa5" x 37 . "\n\nA reason.", 'the subject has 74 columns' ],
        [ 'no blank line', "A subject\nA reason.\nAnother.", 'no blank line after the subject' ],
        [ 'no body', 'A subject', 'no body that says why' ],
        [ 'a body of names alone', "A subject\n\nSigned-off-by: x", 'no body that says why' ],
    ) {
        my ($what, $message, $fault) = @$_;
        $commit->($message);
        ($sound, $said) = check($title);
        ok(!$sound && $said =~ /^      \w{12}: \Q$fault\E$/m, "2.2-8: $title fails at $what") or diag($said);
        $commit->("Later\n\nFor a reason.");
        ok(!(check($title))[0], '  and also when it is not the last');
        system(@git, qw(reset -q --soft HEAD~2)) == 0 or die "git reset failed\n";
    }

    system('git', 'clone', '-q', '--depth', 1, "file://$copy", "$dir/shallow") == 0 or die "git clone failed\n";
    my $shallow = qx("$dir/shallow/.ci/commits");
    ok($? == 0 && $shallow =~ /^1 since .*shallow/, '2.2-8: a shallow clone is looked at as far as it goes')
        or diag($shallow);
    return;
}

make_path($copy);
system("cd '$top' && tar -cf - --exclude=./.git --exclude=node_modules --exclude=__pycache__"
    . " --exclude='./build/[!d]*' --exclude=./build/debug . | tar -xf - -C '$copy'") == 0 or die "no copy of the tree\n";
-f "$copy/build/dynamic/addon/core/ngx_eiam_reason.o" or die "run \"make module\" first\n";

(undef, $whole) = check('');
my $core = 'src/core/ngx_eiam_reason.c';
my $long = join '', map { "    n += $_;\n" } 1 .. 90;

breaks('top level', 'a foreign file', 'notes.txt', append("x\n"));
breaks('layering: ngx_http only', 'ngx_http in the core', $core, append("/* ngx_http_request_t */\n"));
breaks('layering: includes run downwards', "$_->[0]", $_->[1], append("#include <$_->[2].h>\n")) for
    [ 'a wing that knows another one', 'src/policy/ngx_eiam_scope.h', 'ngx_eiam_zone' ],
    [ 'a leaf that knows a wing', 'src/core/ngx_eiam_time.h', 'ngx_eiam_jwt' ],
    [ 'a wing that knows the web', 'src/token/ngx_eiam_jwt.h', 'ngx_http_eiam' ];
breaks('layering: jansson.h', 'a second file that includes it', $core, append("#include <jansson.h>\n"));
breaks('layering: yaml.h', 'a second file that includes it', $core, append("#include <yaml.h>\n"));
breaks('layering: openssl/', 'OpenSSL in another file', $core, append("#include <openssl/evp.h>\n"));
breaks('length: functions', 'a function of 95 lines', $core,
    append("\n\nstatic int\nngx_eiam_long(int n)\n{\n$long\n    return n;\n}\n"));
breaks('length: C files', 'a file of more than 600 lines', $core, append("\n" x 600));
breaks('text: C lines', 'a line of 81 columns', $core, append('/' x 81 . "\n"));
breaks('text: no tabs', 'a tab', $core, append("\tint  n;\n"));
breaks('text: no white space', 'a blank at a line end', 'example/nginx.conf', append("# \n"));
breaks('text: every file ends', 'a file without', 'CHANGES', sub { $_[0] =~ s/\n+\z//r });
breaks('names: every global symbol starts with ngx_', 'another prefix',
    'build/dynamic/addon/core/ngx_eiam_reason.o', sub { compiled("int eiam_global;\n") });
breaks('names: every global symbol starts with the name', 'the noun of another file',
    'build/dynamic/addon/core/ngx_eiam_reason.o', sub { compiled("int ngx_eiam_time;\n") });
stale('2.2-8: an object that is left of a moved file is not looked at', 'build/dynamic/addon/older/ngx_eiam_reason.o',
    compiled("int eiam_global;\n"));
my ($directives, $troubles) = ('docs/DIRECTIVES.md', 'docs/TROUBLESHOOTING.md');
breaks('documentation: every page', 'one that README does not name', 'docs/MORE.md', append("# More\n"));
breaks('documentation: every directive', "one without $_", $directives,
    without(qr/^## eiam_realm\n.*?\K^- $_:[^\n]*\n/ms)) for qw(Syntax Default Context Since);
breaks('documentation: every directive', 'one that is not there', $directives, without(qr/^## eiam_policy$/m));
breaks('documentation: every directive', 'one that is not in the table', $directives,
    without(qr/^\| \[`eiam_policy`\].*\n/m));
breaks('documentation: every directive', 'one of a version that CHANGES does not have', $directives,
    sub { $_[0] =~ s/^- Since: \K0\.1\.0$/0.1.9/mr });
breaks('documentation: no directive', 'one that the module has not', 'README.md', append("\n`eiam_magic on;`\n"));
breaks('documentation: every variable', 'one that is not there', 'docs/OPERATIONS.md',
    without(qr/\$eiam_route/));
breaks('documentation: no variable', 'one that the module has not', 'README.md', append("\n`\$eiam_magic`\n"));
breaks('documentation: every reason', 'one without a row', $troubles, without(qr/^\| `method_override`.*\n/m));
breaks('documentation: every reason', 'one of which nothing is said', $troubles,
    without(qr/^### method_override$/m));
breaks('documentation: every detail', "$_->[0]", $_->[1], $_->[2]) for
    [ '2.6-10: one without a row', $troubles, without(qr/^\| `dot_segment`.*\n/m) ],
    [ 'a row that the module has not', $troubles, sub { $_[0] =~ s/^\| `dot_segment`(.*\n)/$&| `magic`$1/mr } ],
    [ 'a number without a name', 'src/core/ngx_eiam_detail.c',
        without(qr/^    ngx_eiam_detail\(FRAGMENT,.*\n/m) ];
breaks('documentation: every error code', 'one that is not there', $troubles, without(qr/GATEWAY\.4002/));
breaks('documentation: every error code', 'one that the module has not', 'README.md', append("\nGATEWAY.4999\n"));
breaks('documentation: every message', "$_->[0] of which nothing is said", $core, append($_->[1])) for
    [ 'a line of the log', qq{\nngx_log_error(NGX_LOG_ERR, log, 0, "eiam: \\"%V\\" "\n"is out of order", &name);\n} ],
    [ 'a fault', qq{\nreturn ngx_eiam_fault(node, "is out of order");\n} ],
    [ 'an answer of a directive', qq{\nreturn "is out of order";\n} ];
breaks('documentation: every message', 'one whose row is gone', $troubles,
    without(qr/^\| `eiam: "token": is signed by no known key`.*\n/m));
breaks('documentation: no message', 'one that the code does not write', $troubles,
    append("\n| message | meaning |\n|---|---|\n| `eiam: it is out of order` | |\n"));
breaks('documentation: the stages', "2.2-2: $_->[0]", $_->[1], $_->[2]) for
    [ 'one that README does not have', 'README.md', without(qr/^\| learn \|.*\n/m) ],
    [ 'two in another order', 'docs/ARCHITECTURE.md', sub { $_[0] =~ s/^(\| bearer .*\n)(\| match .*\n)/$2$1/mr } ],
    [ 'one by another name', 'src/http/gate/ngx_http_eiam_stage.c', sub { $_[0] =~ s/"forward"/"finish"/r } ];
breaks('documentation: every source file', "$_->[0]", $_->[1], $_->[2]) for
    [ 'one without a row', dirname($core) . '/ngx_eiam_more.h', append("/* more */\n") ],
    [ 'a row without a file', 'docs/ARCHITECTURE.md', sub { $_[0] =~ s/^\| `ngx_eiam_time`/| `ngx_eiam_tide`/mr } ],
    [ 'a row of another folder', 'docs/ARCHITECTURE.md',
        sub { $_[0] =~ s{^(\| `ngx_eiam_time` .*\n)(.*)}{$2\n### src/elsewhere/\n\n$1}msr } ];
breaks('documentation: every make target', 'one that the Makefile has not', 'README.md', append("\n`make magic`\n"));
breaks('documentation: every file', 'one that is not there', 'README.md', append("\nsrc/ngx_eiam_magic.c\n"));
breaks('documentation: every link', "$_->[0]", $_->[1], append("\n[x]($_->[2])\n")) for
    [ 'a page that is not there', 'README.md', 'docs/MAGIC.md' ],
    [ 'a page in another folder', 'docs/POLICY.md', 'docs/TOKENS.md' ],
    [ 'a heading that is not there', 'README.md', '#magic' ],
    [ 'a heading of another page', 'docs/POLICY.md', 'TOKENS.md#report-mode' ];
breaks('shell: every script parses', 'an open "if"', 'example/stop', append("if true; then\n"));
breaks('shell: shellcheck', 'an unquoted variable', 'example/stop', append("rm \$1\n"));
breaks('version: in one place', "2.8-5: $_->[0]", $_->[1], $_->[2]) for
    [ 'a second one in the sources', $core, append("static char  v[] = \"@{[ version() ]}\";\n") ],
    [ 'another one in CHANGES', 'CHANGES', sub { $_[0] =~ s/^(Changes with ngx_eiam) \S+/$1 9.9.9/mr } ];
breaks('workflows: every action', 'a tag', '.github/workflows/tests.yml', sub { $_[0] =~ s/\@\w{40}/\@v4/r });
breaks('workflows: every action', 'half a SHA', '.github/workflows/tests.yml', sub { $_[0] =~ s/\@\w{20}/\@/r });
breaks('workflows: every action', 'tests of its own', '.github/workflows/tests.yml',
    sub { $_[0] =~ s{bash \.ci/run}{make test}r });
commits();

done_testing();
