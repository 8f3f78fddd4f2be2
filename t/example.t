#!/usr/bin/perl
# The example's commands, in a copy of the checkout, so that a running example is left alone.

use strict;
use warnings;

use File::Temp ();
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Test::More;
use EIAM::Test;

my $top = top_dir();
my $copy = File::Temp->newdir('eiam-example-XXXXXX', TMPDIR => 1);
my @parts = grep { -e "$top/$_" } qw(Makefile config ngx_eiam_module.c src t/unit conf example .ci
    build/sources build/dynamic build/ngx_eiam_module.so);
system("cd '$top' && cp -a --parents @parts '$copy'") == 0 or die "cannot copy the checkout\n";

my ($port, $backend_port) = (free_port(), free_port());
@ENV{qw(PORT BACKEND_PORT)} = ($port, $backend_port);
delete $ENV{MAKEFLAGS};

# (exit code, output) of a script of the example.
sub run {
    my ($name) = @_;
    my $file = "$copy/$name.out";
    my $code = system "sh '$copy/example/$name' >'$file' 2>&1 </dev/null";
    return ($code >> 8, slurp($file));
}

# Command lines of processes that name the copy.
sub processes {
    return grep { /\Q$copy\E/ } map { (EIAM::Nginx::slurp($_) // '') =~ tr/\0/ /r } glob '/proc/[0-9]*/cmdline';
}

sub listens { return defined IO::Socket::INET->new(PeerAddr => "127.0.0.1:$_[0]") }

END { my $status = $?; run('stop') if $copy && -d "$copy/example"; $? = $status }

my ($code, $text) = run('run');
is $code, 0, 'the example starts, and answers as expected' or diag $text;

my $json = JSON::PP->new->utf8;
my @shown = $text =~ /^# (.*)\n(curl .*)\n  -> (\d+) (.*)$/mg;
my @answers;
push @answers, { title => $_->[0], line => $_->[1], status => $_->[2], json => eval { $json->decode($_->[3]) } }
    for map { [ @shown[ 4 * $_ .. 4 * $_ + 3 ] ] } 0 .. $#shown / 4;

subtest 'what is shown' => sub {
    my $interfaces = $json->decode(slurp("$top/t/data/interfaces.json"));
    for my $interface (@$interfaces) {
        my $path = join '[^/? ]+', map { quotemeta } split /\{\w+\}/, $interface->{path}, -1;
        my $method = { PUT => '-X PUT ', POST => '', GET => '' }->{ $interface->{method} };
        my ($answer) = grep {
            $_->{status} == $interface->{status}
                && $_->{line} =~ m{^curl $method'?http://127\.0\.0\.1:$port$path(?:[?' ]|$)}
        } @answers;
        ok $answer, "an allowed call: $interface->{method} $interface->{path}" or next;
        my @missing = grep { !exists $answer->{json}{$_} } @{ $interface->{members} };
        is_deeply \@missing, [], '  with its documented members';
    }
    for my $row ([ 401, 'GATEWAY.4011' ], [ 403, 'GATEWAY.4031' ], [ 404, 'GATEWAY.4041' ], [ 400, 'GATEWAY.4001' ]) {
        my ($status, $error) = @$row;
        ok scalar(grep { $_->{status} == $status && ($_->{json}{error_code} // '') eq $error } @answers),
            "a refusal of the gate: $status";
    }
    ok scalar(grep { $_->{status} == 400 && ($_->{json}{error_code} // 'GATEWAY.') !~ /^GATEWAY\./ } @answers),
        "a backend's own error";
    like $text, qr{^To stop: sh example/stop$}m, 'it says how to stop';
};

subtest 'the lines can be pasted' => sub {
    for my $answer (@answers) {
        next if $answer->{title} =~ /add an organization/;    # a second one has the same code
        my $status = `$answer->{line} -s -o '$copy/body' -w '%{http_code}'`;
        is $status, $answer->{status}, $answer->{title};
    }
};

subtest 'the gate stands alone at its port' => sub {
    ok listens($port), 'nginx listens';
    ok listens($backend_port), 'and the backend';
    my @lines = split /\n/, slurp("$copy/build/example/logs/access.log");
    cmp_ok scalar @lines, '>=', scalar @answers, 'each request is in the access log';
    is_deeply [ grep { !eval { $json->decode($_); 1 } } @lines ], [], '  as one line of JSON';
    unlike join("\n", @lines, slurp("$copy/build/example/logs/error.log")), qr/demo-\w+-token|demonstration-secret/,
        '  and no log holds a token or a secret';
};

subtest 'a second start' => sub {
    my ($code, $text) = run('run');
    is $code, 0, 'takes the place of the first' or diag $text;
};

subtest 'stop' => sub {
    my ($code, $text) = run('stop');
    is $code, 0, 'it stops' or diag $text;
    is_deeply [ processes() ], [], '  and leaves no process';
    ok !listens($_), "  and port $_ is free" for $port, $backend_port;
    ($code, $text) = run('stop');
    is $code, 0, 'a second stop is no error' or diag $text;
};

done_testing;
