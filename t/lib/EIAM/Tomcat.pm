package EIAM::Tomcat;

# The servlet container of t/tomcat/Reader.java, in a process of its own.

use strict;
use warnings;

use EIAM::Backend;
use EIAM::Nginx qw(top_dir);

# Dies if Java or Tomcat is missing: the test must not pass without them.
sub new {
    my ($class, $base, @operations) = @_;
    my @jars = grep { !/-(?:i18n|\d)/ } glob '/usr/share/java/tomcat10-*.jar';
    die "no Tomcat: install libtomcat10-java\n" unless @jars;

    my $backend = EIAM::Backend->new('default-jdk-headless', sub { ('java', '-Xmx256m', '-XX:+UseSerialGC',
        '-cp', join(':', @jars), top_dir() . '/t/tomcat/Reader.java', $_[0], $base, @operations) });
    my ($decode, $passthrough) = $backend->ports;
    return bless { backend => $backend, decode => $decode, passthrough => $passthrough }, $class;
}

# The ports of the two connectors, by how they treat an encoded slash.
sub decode      { return $_[0]{decode} }
sub passthrough { return $_[0]{passthrough} }

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
