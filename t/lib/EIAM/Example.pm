package EIAM::Example;

# The example's identity backend, and calls of its interfaces.

use strict;
use warnings;

use EIAM::Nginx qw(slurp top_dir);
use Exporter qw(import);
use JSON::PP ();

use parent -norequire, 'EIAM::Backend';
use EIAM::Backend ();

our @EXPORT_OK = qw(documented_interfaces example_call permission_codes);

my $json = JSON::PP->new->utf8->canonical;
my $serial = 0;

# Values of the path parameters that are in the database.
my %sample = (
    org_id => 'research', app_id => 'mail', app_org_id => '20220414151855146-A153-62C1A994C',
    app_user_id => '20220415171558023-84A4-ED5C390B8',
);

# A query and a body that the backend accepts for the operation.
my %call = (
    'PUT org-leader' => sub { ('?leader_id=20220711103603086-0AF1-026083E18') },
    'GET org-leader' => sub { ('') },
    'PUT {app_org_id}' => sub { ('', { name => 'Head office ' . ++$serial }) },
    'POST organizations' => sub { ('', { org_code => "branch-$$-" . ++$serial, name => 'Branch', parent_id => '' }) },
    'POST owner' => sub { ('', { user_name => 'zhangsan' }) },
);

sub new {
    my ($class, @options) = @_;
    return $class->SUPER::new('python3', sub {
        my ($dir) = @_;
        return ('/usr/bin/python3', top_dir() . '/example/backend.py', '--database', "$dir/eiam.db", '--port', 0,
            @options);
    });
}

sub address { return '127.0.0.1:' . ($_[0]->ports)[0] }

sub database { return "$_[0]{dir}/eiam.db" }

sub documented_interfaces { return $json->decode(slurp(top_dir() . '/t/data/interfaces.json')) }

sub permission_codes {
    my ($document) = @_;
    my ($scheme) = values %{ $document->{components}{securitySchemes} };
    return sort keys %{ (values %{ $scheme->{flows} })[0]{scopes} };
}

# Target and options of a request for the interface; the path parameters may be given.
sub example_call {
    my ($interface, %parameters) = @_;
    my ($last) = $interface->{path} =~ m{([^/]+)$};
    my ($query, $body) = $call{"$interface->{method} $last"}->();
    my $path = $interface->{path} =~ s/\{(\w+)\}/$parameters{$1} \/\/ $sample{$1} \/\/ die $1/ger;
    return ($path . $query, method => $interface->{method}, headers => ['Content-Type: application/json; charset=utf-8'],
        defined $body ? (body => $json->encode($body)) : ());
}

# The backend does not end with its input.
sub DESTROY {
    my ($self) = @_;
    kill 'TERM', $self->{pid} if $self->{owner} == $$;
    return $self->SUPER::DESTROY;
}

1;

__END__

=head1 NAME

EIAM::Example - the example's backend, for a test

=head1 DESCRIPTION

C<new(options)> starts F<example/backend.py> with a database of its own, whose
file is C<database>; C<address> is where it listens. C<example_call(interface,
parameters)> makes target and options of a call, for C<get> of L<EIAM::Client>,
of one of the C<documented_interfaces>. C<permission_codes(document)> are those
that the policy declares.

=cut
