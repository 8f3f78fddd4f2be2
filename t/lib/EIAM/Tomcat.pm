package EIAM::Tomcat;

# The servlet container of t/tomcat/Reader.java, as a process of its own.

use strict;
use warnings;

use EIAM::Nginx qw(top_dir);
use File::Temp ();
use IO::Select;
use POSIX ();

use constant START_TIMEOUT => 60;

# Dies where Java or Tomcat is missing: the test must not pass without them.
sub new {
    my ($class, $base, @operations) = @_;
    my @jars = grep { !/-(?:i18n|\d)/ } glob '/usr/share/java/tomcat10-*.jar';
    die "no Tomcat: install libtomcat10-java\n" unless @jars;

    my $dir = File::Temp->newdir('eiam-tomcat-XXXXXX', TMPDIR => 1);
    my @command = ('java', '-Xmx256m', '-XX:+UseSerialGC', '-cp', join(':', @jars),
        top_dir() . '/t/tomcat/Reader.java', "$dir", $base, @operations);
    pipe my $from_tomcat, my $out or die "pipe: $!";
    pipe my $in, my $to_tomcat or die "pipe: $!";
    my $pid = fork() // die "fork: $!";
    if ($pid == 0) {
        open STDIN,  '<&', $in;
        open STDOUT, '>&', $out;
        open STDERR, '>>', "$dir/stderr";
        close $_ for $to_tomcat, $from_tomcat;
        exec @command or POSIX::_exit(127);
    }
    close $_ for $in, $out;
    my $self = bless { pid => $pid, owner => $$, dir => $dir, alive => $to_tomcat }, $class;

    my $line = IO::Select->new($from_tomcat)->can_read(START_TIMEOUT) ? <$from_tomcat> : undef;
    @$self{qw(decode passthrough)} = ($line // '') =~ /^ready (\d+) (\d+)/
        or die "Tomcat did not start (is default-jdk-headless installed?):\n"
        . (EIAM::Nginx::slurp("$dir/stderr") // '');
    return $self;
}

# The ports of the two connectors: how they treat an encoded slash.
sub decode      { return $_[0]{decode} }
sub passthrough { return $_[0]{passthrough} }

# Tomcat ends when its input does, even if this process is killed.
sub DESTROY {
    my ($self) = @_;
    local ($@, $!, $?);
    return unless $self->{owner} == $$;
    close $self->{alive};
    kill 'TERM', $self->{pid} unless EIAM::Nginx::gone($self->{pid}, 5);
    EIAM::Nginx::gone($self->{pid}, 5) or kill 'KILL', $self->{pid};
    return;
}

1;

__END__

=head1 NAME

EIAM::Tomcat - a servlet container that tells which resource it read

=head1 SYNOPSIS

    my $tomcat = EIAM::Tomcat->new('/api', 'GET /api/users/{id} getUser');
    get($tomcat, '/api/users/1', port => $tomcat->decode);

=head1 DESCRIPTION

Two connectors with two ports, both as lenient as Tomcat allows: C<decode> (an
encoded slash or backslash is decoded, UTF-8) and C<passthrough> (it is left,
ISO-8859-1). Needs Debian's libtomcat10-java and default-jdk-headless.

=cut
