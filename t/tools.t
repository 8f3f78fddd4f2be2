#!/usr/bin/perl
# The tools around the tests: one test by its title.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Path qw(make_path);
use File::Temp ();
use Test::More;

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

# (exit code, output) of a command of the shell.
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

done_testing;
