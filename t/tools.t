#!/usr/bin/perl
# The tools for tests: one test by its title, what is installed before a run, the coverage of the sources, and how
# each file is compiled.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Copy qw(copy);
use File::Path qw(make_path);
use File::Temp ();
use JSON::PP qw(decode_json);
use Test::More;

plan skip_all => 'nothing that it runs has sanitizers' if $ENV{EIAM_ASAN};

my $top = abs_path(dirname(__FILE__) . '/..');
my $dir = File::Temp->newdir('eiam-tools-XXXXXX', TMPDIR => 1);
delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES TITLE T T_INSTALL EIAM_TITLE)};

sub spew {
    my ($file, $text) = @_;
    make_path(dirname($file));
    open my $out, '>', $file or die "$file: $!\n";
    print {$out} $text;
    close $out or die "$file: $!\n";
    return $file;
}

sub slurp {
    my ($file) = @_;
    open my $in, '<', $file or return '';
    local $/;
    return scalar(<$in>) // '';
}

# (exit code, output) of a shell command.
sub run {
    my ($command) = @_;
    my $said = qx(($command) 2>&1 </dev/null);
    return ($? >> 8, $said);
}

subtest '2.2-8: one test is run by its title' => sub {
    my $file = spew("$dir/sample.t", <<'END');
use Test::More;
my $state = 0;
ok ++$state, 'a prefix is not a scope';
subtest 'tokens that expire' => sub {
    ok ++$state, 'before their time';
    ok ++$state, 'after it';
};
for my $kind (qw(opaque signed)) {
    subtest "a $kind token" => sub {
        ok ++$state, 'is taken';
        subtest 'twice' => sub { ok ++$state, "and $kind again" };
    };
}
subtest 'in one line' => sub { ok ++$state, 'all of it' };
fail 'what is broken';
diag 'why it is broken';
is $state, 2, 'requests outside of subtests are made';
fail 'nginx logs nothing alarming' if $ENV{ALARM};
done_testing;
END
    for (
        [ 'A PREFIX', [ 'a prefix is not a scope' ], 'an assertion, letter case aside' ],
        [ 'that expire', [ 'before their time', 'after it', 'tokens that expire' ], 'a subtest, whole' ],
        [ 'after it', [ 'before their time', 'after it', 'tokens that expire' ], 'what is in a subtest' ],
        [ 'signed token', [ 'is taken', 'and signed again', 'twice', 'a signed token' ], 'one of a loop' ],
        [ 'in one line', [ 'all of it', 'in one line' ], 'a subtest of one line' ],
    ) {
        my ($words, $titles, $what) = @$_;
        my ($code, $said) = run("$top/t/one $file '$words'");
        is $code, 0, "$what passes" or diag $said;
        is_deeply [ $said =~ /^ *(?:not )?ok \d+ - (.*)$/mg ], $titles, '  and nothing else is reported';
        unlike $said, qr/why it is broken/, '  nor what others say';
    }
    my ($code, $said) = run("$top/t/one $file 'what is broken'");
    ok $code != 0 && $said =~ /^not ok 1 - what is broken$/m && $said =~ /why it is broken/,
        'a failure fails, with what it says' or diag $said;
    ($code, $said) = run("ALARM=1 $top/t/one $file 'a prefix'");
    isnt $code, 0, 'an alarm of a process under test fails always' or diag $said;
    ($code, $said) = run("$top/t/one $file 'no such thing'");
    ok $code != 0 && $said =~ /^t\/one: no title has: no such thing$/m, 'words of no title fail' or diag $said;
    ($code, $said) = run("$top/t/one $file $dir/absent.t x");
    ok $code != 0 && $said =~ /no file \S+absent\.t/, 'and so does a file that is not there' or diag $said;
};

subtest '2.2-8: make hands a title over, from its command line only' => sub {
    my ($code, $said) = run("make -n -C '$top' test T=t/jwt.t TITLE='one title'");
    like $said, qr{^t/one t/jwt\.t "\$TITLE"$}m, 'of a file';
    ($code, $said) = run("make -n -C '$top' test TITLE='one title'");
    like $said, qr{^t/one  ?"\$TITLE"$}m, 'of all files';
    ($code, $said) = run("TITLE='of a terminal' make -n -C '$top' test");
    ok $said =~ /^prove .*t\/jwt\.t/m && $said !~ m{^t/one}m, 'a TITLE of the environment leaves nothing out';
};

# A system in which all packages are missing; records commands that would change it, with what the run had said by
# then.
sub bare_system {
    my $home = File::Temp->newdir('eiam-bare-XXXXXX', TMPDIR => 1);
    make_path("$home/t", "$home/.ci", "$home/bin");
    copy("$top/$_", "$home/$_") or die "$_: $!\n" for qw(t/run .ci/install);
    chmod 0755, "$home/.ci/install";
    my %stub = (
        'dpkg-query' => 'exit 1', id => 'echo 1000', 'apt-get' => 'exit 0', make => 'echo "made $*"',
        sudo => qq{cat >/dev/null; cat "$home/said" >>"$home/before"; echo "\$*" >>"$home/done"},
    );
    for my $name (keys %stub) {
        spew("$home/bin/$name", "#!/bin/sh\n$stub{$name}\n");
        chmod 0755, "$home/bin/$name";
    }
    return $home;
}

subtest '2.2-8: packages are named before they are installed' => sub {
    my $home = bare_system();
    my ($code) = run("cd '$home' && PATH='$home/bin':\$PATH .ci/install build >said");
    like slurp("$home/done"), qr/apt-get .*install .*libjansson-dev/, 'they are installed';
    like slurp("$home/before"), qr/\Ainstall: installs now: .*libjansson-dev/, 'after they were named';

    $home = bare_system();
    ($code, my $said) = run("cd '$home' && PATH='$home/bin':\$PATH sh t/run");
    like $said, qr/T_INSTALL=no.*== install: .*installs now: .*libjansson-dev.*made .*module/s,
        't/run says how to leave them, names them, and goes on' or diag $said;
};

subtest '2.2-8: T_INSTALL=no leaves packages alone' => sub {
    my $home = bare_system();
    my ($code, $said) = run("cd '$home' && T_INSTALL=no PATH='$home/bin':\$PATH sh t/run");
    isnt $code, 0, 'the run fails';
    like $said, qr/^install: missing, and not installed: .*libjansson-dev/m, 'what is missing is named';
    unlike $said, qr/^made/m, 'nothing else is run' or diag $said;
    ok !-e "$home/done", 'and nothing is installed' or diag slurp("$home/done");
    like $said, qr/^0 passed, 1 failed$/m, 'the last line counts it';

    spew("$home/bin/dpkg-query", "#!/bin/sh\necho installed\n");
    for my $command (qw(clang node npm chromium git shellcheck)) {
        spew("$home/bin/$command", "#!/bin/sh\n");
        chmod 0755, "$home/bin/$command";
    }
    ($code, $said) = run("cd '$home' && T_INSTALL=no PATH='$home/bin':\$PATH sh t/run");
    like $said, qr/nothing is missing.*made .*module/s, 'where nothing is missing the run goes on' or diag $said;

    ($code, $said) = run("cd '$home' && T_INSTALL=maybe PATH='$home/bin':\$PATH sh t/run");
    ok $code == 2 && $said =~ /yes or no, not "maybe"/, 'other values are an error' or diag $said;
};

subtest '2.2-8: coverage is printed, and fails below its least' => sub {
    plan skip_all => 'gcovr is not installed' if !grep { -x "$_/gcovr" } split /:/, $ENV{PATH};
    spew("$dir/tree/src/core/half.c", <<'END');
int half(int n);
int
half(int n)
{
    if (n) {
        return 1;
    }
    return 2;
}
END
    spew("$dir/tree/main.c", "int half(int n);\nint main(void) { return half(1) != 1; }\n");
    make_path("$dir/tree/build");
    my ($code, $said) = run("cd '$dir/tree/build' && gcc -O0 --coverage -o half ../main.c ../src/core/half.c && ./half");
    is $code, 0, 'a program of two files is run' or diag $said;
    my $report = sub { run("$top/.ci/coverage report '$dir/tree/build' $_[0] '$dir/tree'") };
    ($code, $said) = $report->(70);
    ok $code == 0 && $said =~ /^lines: 75\.0% \(3 out of 4\)$/m, 'the lines of src alone count' or diag $said;
    like $said, qr{^src/core/half\.c +4 +3 +75% +8$}m, 'each file says what is missing';
    ($code, $said) = $report->(80);
    ok $code != 0 && $said =~ /^lines: 75\.0%/m, 'below the least it fails' or diag $said;
    run("$top/.ci/coverage forget '$dir/tree/build'");
    ($code, $said) = $report->(1);
    isnt $code, 0, 'what was counted can be forgotten' or diag $said;
};

subtest '2.2-8: an editor is told how each file is compiled' => sub {
    my ($code, $said) = run("make -C '$top' -s build/dynamic/Makefile >/dev/null && make -snB -C /usr/share/nginx/src"
        . " -f '$top/build/dynamic/Makefile' modules | '$top/.ci/compile-commands' /usr/share/nginx/src");
    is $code, 0, 'by a list' or diag $said;
    my %command = map { ($_->{file} => $_->{command}) } @{ decode_json($said) };
    my @sources = split /\n/, qx(find '$top/src' '$top/t/unit' -name '*.c');
    is_deeply [ grep { !exists $command{$_} } @sources ], [], 'that has every file of src and t/unit';
    like $command{"$top/ngx_eiam_module.c"}, qr{^cc -c .*-I src/core .*ngx_eiam_module\.c$}, 'and the whole command';
    ($code, $said) = run("echo nothing | '$top/.ci/compile-commands' /");
    isnt $code, 0, 'an empty list is an error';
};

done_testing;
