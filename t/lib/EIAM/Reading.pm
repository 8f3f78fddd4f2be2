package EIAM::Reading;

# A second reader of OpenAPI documents, written from the specification and independently of the gate's, so that the
# two can be compared.

use strict;
use warnings;

use Exporter qw(import);

our @EXPORT_OK = qw(leftmost_difference);
our @METHODS = qw(get head post put patch delete options trace);

# A skeleton made by t/documents/skeleton.js; literals consist of the characters that eiam_path accepts.
sub new {
    my ($class, $document, $path) = @_;
    my $self = bless { document => $document, path => $path, operations => [] }, $class;
    $self->{base} = server_path($document->{servers}[0]);
    for my $template (keys %{ $document->{paths} }) {
        my $item = $self->_referred($document->{paths}{$template});
        push @{ $self->{operations} }, map { $self->_operation($template, $item, $_) } grep { $item->{$_} } @METHODS;
    }
    return $self;
}

# A path item may refer to another one, which the skeleton has in "paths" as well.
sub _referred {
    my ($self, $item) = @_;
    my ($name) = ($item->{'$ref'} // '') =~ m{^#/paths/(.+)$} or return $item;
    $name =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ge;
    return $self->{document}{paths}{ $name =~ s{~1}{/}gr =~ s{~0}{~}gr };
}

sub operations { return @{ $_[0]{operations} } }
sub base       { return $_[0]{base} }

# The path of a URL, without a slash at the end; variables have their defaults.
sub server_path {
    my ($server) = @_;
    my $url = ($server // {})->{url} // '/';
    $url =~ s/\{([^}]*)\}/$server->{variables}{$1}{default} \/\/ ''/ge;
    $url =~ s{^(?:\w[\w+.-]*:)?//[^/?#]*}{};
    return $url =~ s{/+$}{}r;
}

sub _operation {
    my ($self, $template, $item, $method) = @_;
    my $operation = $item->{$method};
    my $route = $self->{base} . $template;
    my %read = (method => uc $method, route => $route, security => undef, left_out => '');
    my $servers = $operation->{servers} // $item->{servers};
    my $security = $operation->{security} // $self->{document}{security};
    my @segments = segments($route);
    $read{slash}    = $route =~ m{/$} ? 1 : 0;
    $read{segments} = \@segments;
    my @literals = grep { length } map { ref $_ ? @$_ : $_ } @segments;
    my $own = $servers ? server_path($servers->[0]) : $self->{base};
    $read{security} = [ grep { defined } map { $self->_alternative($_) } @{ $security // [] } ];
    $read{left_out} =
          !$security ? 'no_security'
        : @$security && !@{ $read{security} } ? 'no_alternative'
        : $route =~ /[?#]/ ? 'query'
        : (grep { ref $_ && @$_ > 2 } @segments) ? 'several_parameters'
        : (grep { !may_stand($_, 'utf8') } @literals) || (grep { !ref $_ && !is_segment($_) } @segments) ? 'literal'
        : $own ne $self->{base} ? 'servers'
        : (grep { !may_stand($_, $self->{path}) } @literals) ? 'strict' : '';
    return \%read;
}

# A literal as a string, a segment with parameters as the list of the literals around them.
sub segments {
    my ($route) = @_;
    return map { /\{[^{}]*\}/ ? [ split /\{[^{}]*\}/, $_, -1 ] : $_ } split_path($route);
}

# A slash at the end is no segment.
sub split_path { return $_[0] =~ m{^/(.+?)/?$} ? split m{/}, $1, -1 : () }

sub may_stand {
    my ($literal, $path) = @_;
    return $path eq 'strict' ? $literal =~ /^[A-Za-z0-9._~-]+$/ : $literal =~ /^[A-Za-z0-9._~\-!\$&'()*+,=:\@]+$/;
}

sub is_segment { return $_[0] !~ /^\.*$/ && length $_[0] <= 128 }

# The scopes that are required together; nothing if no bearer token satisfies the alternative.
sub _alternative {
    my ($self, $requirement) = @_;
    return if !%$requirement;
    my %scopes;
    for my $name (keys %$requirement) {
        my $scheme = $self->{document}{schemes}{$name} or return;
        my $type = $scheme->{type} // '';
        return unless $type eq 'oauth2' || $type eq 'openIdConnect'
            || $type eq 'http' && lc($scheme->{scheme} // '') eq 'bearer';
        $scopes{$_} = 1 for @{ $requirement->{$name} };
    }
    return if grep { !/^[\x21\x23-\x5b\x5d-\x7e]{1,255}$/ } keys %scopes;
    return \%scopes;
}

# The operation of a request: the most concrete template that fits and has the method.
sub find {
    my ($self, $method, $path) = @_;
    my $slash = $path =~ m{/$} ? 1 : 0;
    my @path  = split_path($path);
    my @fit   = grep { $_->{slash} == $slash && fits($_->{segments}, @path) } $self->operations;
    @fit = sort { more_concrete($a->{segments}, $b->{segments}) } @fit;
    while (@fit) {
        my @same = grep { !more_concrete($fit[0]{segments}, $_->{segments}) } @fit;
        for my $asked ($method, $method eq 'HEAD' ? 'GET' : ()) {
            my ($found) = grep { $_->{method} eq $asked } @same;
            return $found if $found;
        }
        @fit = grep { more_concrete($fit[0]{segments}, $_->{segments}) } @fit;
    }
    return;
}

sub fits {
    my ($segments, @path) = @_;
    return if @$segments != @path;
    for my $i (0 .. $#path) {
        my $segment = $segments->[$i];
        return if !length $path[$i];
        my $pattern = join '.+', map { quotemeta } ref $segment ? @$segment : $segment;
        return if $path[$i] !~ /^$pattern$/;
    }
    return 1;
}

# The rank of a segment: a literal, several parameters, one parameter by the bytes around it, a parameter alone.
sub rank {
    my ($segment) = @_;
    return !ref $segment ? 3e6 : @$segment > 2 ? 2e6 : length join '', @$segment;
}

sub more_concrete { return leftmost_difference(\&rank, @_) }

# Compares two lists of segments by their ranks, the higher one first: the leftmost difference decides.
sub leftmost_difference {
    my ($rank, $one, $other) = @_;
    for my $i (0 .. $#$one) {
        my $order = $rank->($other->[$i]) <=> $rank->($one->[$i]);
        return $order if $order;
    }
    return 0;
}

# The answer to a token with these scopes: 200, 403, or 0 if the call belongs to no operation.
sub decision {
    my ($self, $method, $path, %has) = @_;
    my $operation = $self->find($method, $path);
    return 0 if !$operation || $operation->{left_out};
    my @alternatives = @{ $operation->{security} };
    return !@alternatives || (grep { my $scopes = $_; !grep { !$has{$_} } keys %$scopes } @alternatives) ? 200 : 403;
}

1;

__END__

=head1 NAME

EIAM::Reading - a second reading of an OpenAPI document

=head1 DESCRIPTION

C<new($skeleton, 'strict' or 'utf8')>; C<operations> are hashes with C<method>,
C<route>, C<security> (alternatives: sets of scopes) and C<left_out> (why, or an
empty string; C<strict>: at this location only); C<decision(method, path, scope =E<gt> 1, ...)> is the status of a
call: 200, 403, or 0 for one that is no operation.

=cut
