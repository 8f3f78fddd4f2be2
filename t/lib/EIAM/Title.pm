package EIAM::Title;

# Runs only those tests of a file that have certain words in their titles.

use strict;
use warnings;

use Test2::API ();
use Test::Builder ();
use Test::More ();

my $words = lc($ENV{EIAM_TITLE} // '');
my ($dropped, %lines);

sub wanted { return index(lc($_[0] // ''), $words) >= 0 }

# The text of the call in the test file. For a call of several lines perl only knows the last one, where its block
# ends.
sub text {
    my $frame = 0;
    $frame++ while caller($frame) && (caller $frame)[1] !~ /\.t$/;
    my (undef, $file, $line) = caller $frame or return '';
    my @lines = @{ $lines{$file} //= lines($file) };
    my $first = $line;
    if (my ($indent) = $lines[$line] =~ /^(\s*)\}/) {
        $first-- while $first > 1 && $lines[$first] !~ /^$indent\S.*\{\s*$/;
    }
    return join '', @lines[ $first .. $line ];
}

sub lines {
    my ($file) = @_;
    open my $in, '<', $file or die "$file: $!\n";
    return [ '', <$in> ];
}

sub outermost { return !Test2::API::test2_stack()->top->isa('Test2::Hub::Subtest') }

# Only those outermost subtests run that have the words in their titles or texts.
sub only_wanted_subtests {
    my $subtest = \&Test::More::subtest;
    no warnings qw(redefine prototype);
    *Test::More::subtest = sub {
        goto &$subtest if !outermost() || wanted($_[0]) || wanted(text());
        return 1;
    };
    return;
}

# Other assertions run, as their requests may be needed, but do not count, and their messages are dropped. What a
# process under test must never do always counts.
sub only_wanted_assertions {
    Test2::API::test2_stack()->top->filter(sub {
        my ($hub, $event) = @_;
        return $event if $hub->isa('Test2::Hub::Subtest');
        if ($event->isa('Test2::Event::Diag')) {
            return $dropped ? undef : $event;
        }
        return $event if !$event->isa('Test2::Event::Ok');
        $dropped = !($event->isa('Test2::Event::Subtest') || wanted($event->name)
            || $event->name =~ /logs nothing alarming$/);
        return $dropped ? undef : $event;
    }, inherit => 0);
    return;
}

sub nothing_wanted_skips_the_file {
    my $done_testing = \&Test::Builder::done_testing;
    no warnings 'redefine';
    *Test::Builder::done_testing = sub {
        Test::More::plan(skip_all => "no title has: $ENV{EIAM_TITLE}")
            if outermost() && !Test2::API::test2_stack()->top->count;
        goto &$done_testing;
    };
    return;
}

if (length $words) {
    only_wanted_subtests();
    only_wanted_assertions();
    nothing_wanted_skips_the_file();
}

1;

__END__

=head1 NAME

EIAM::Title - one test of a file

=head1 SYNOPSIS

    EIAM_TITLE='a prefix is not a scope' perl -It/lib -MEIAM::Title t/scopes.t

=head1 DESCRIPTION

Of the outermost subtests those run, whole, that have the words in their title
or in their text; the others do not. What stands outside of subtests is run
and counts if its own title has the words. So a subtest that needs what one
before it did may fail here; then run its file. A file without such a title is
skipped. F<t/one> does all this for one file, several or all.

=cut
