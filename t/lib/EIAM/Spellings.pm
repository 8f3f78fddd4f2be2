package EIAM::Spellings;

# Spellings of request targets that two readers may read differently.

use strict;
use warnings;

use Exporter qw(import);

our @EXPORT_OK = qw(spellings);

no warnings 'qw';    # commas and number signs are meant

my @slash = (
    qw(%2f %2F %5c %5C \\ %252f %255c %25252f // /// /./ /%2e/ /;/ /;x/ /;a=b/ ;/ %2f/ /%2f
       /.;/ /.;a/ %c0%af %e0%80%af %f0%80%80%af %c1%9c %ef%bc%8f %e2%88%95 %u2215 %u002f %3b/
       /%3b/ /%00/ /%20/ /%09/ %0a / /),
    "\xef\xbc\x8f", "\xc0\xaf",
);
my @up = (
    qw(.. .. %2e%2e %2E. .%2e ..; ..;x=y ..;/. %2e%2e; ..%3b %252e%252e ..%00 ..%20 ..%09 ...
       %c0%ae%c0%ae %ef%bc%8e%ef%bc%8e .;. .%00. ..%ff ..%5c ..%2f %u002e%u002e .%252e),
    "\xef\xbc\x8e\xef\xbc\x8e",
);
my @here = qw(. %2e .; .;x %2e; %252e .%00 .%20 %c0%ae %ef%bc%8e .%3b);
my @parameter = (
    qw(; ;x ;x=y ;%2f ;%2fx ;%2f..%2f ;.. ;/.. ;/../ %3b %3Bx %253b ;jsessionid=1 ;x/..;y ;;
       ;a=%2e%2e%2f %ef%bc%9b ;x%00 ;%5c..%5c ;%), "\xef\xbc\x9b",
);
my @junk = (
    qw(%00 %01 %0a %0d %0d%0a %09 %7f %20 %23 %25 %3f %ff %c3 %e4%b8%ad %ed%a0%80 %f5%80%80%80 % %2
       %zz %u0041 + ~ * ' " < > [ ] { } | ^ ` : @ = & $ ! , %c2%a0 %e2%80%8b %ef%bb%bf %cc%81),
    "\x01", "\t", "\x7f", "\x00", ' ', "\xff", "\xc3", "\xe4\xb8\xad",
);
my @suffix = (
    qw(.json .xml .do .JSON / // /. /.. /; ; . .. %20 %00 %00.json ? ?x=y ?/../.. # #x * ~ /* /%2e
       /%2e%2e %2f %2e ;.json .;json /index.html /x ../ \\ %5c),
);
my @prefix = (
    '/x/..', '/x/..;', '/..', '/..;', '/.;', '/', '//', '/;x', '/;', '/x;/..', '/%2e', '/x%2f..',
    '/x/%2e%2e;', '\\', '/x\\..', '/x/..%2f', '/%2f', '/x/.%2e', '/x;%2f..', '/%00', '/ ', '/x',
    '/api/..', '/api/v2/..', '/api/v2/tenant/../../..', '/api/v2/tenantX/../../..', '/%3b', 'x',
);
my @absolute = (
    'http://localhost', 'HTTP://LOCALHOST', 'http://localhost:80', 'http://other.example',
    'https://localhost', 'http://', 'http:/', 'http://localhost@other.example', 'http:',
    'http://localhost\\', 'http://[::1]', 'http://localhost;x', 'http://localhost%2f', '*',
);
my @unreserved = ('a' .. 'z', 'A' .. 'Z', 0 .. 9, qw(- . _ ~));
my @utf8 = ('%e4%b8%ad', '%E6%96%87', '%c3%a9', qw(! $ & ' * + = : @ ,), '(', ')',
    qw(%40 %3A %3a %2B %2b %3D %7C %21 %26 %2c %28));
my @within = qw(a%20b e%CC%81x %E0%A4%B9%E0%A4%BF n%C2%B7m %E3%83%A7%E3%83%BB%E3%82%B9);

my @mutations = (
    \&respell_slash, \&respell_slash, \&parameter, \&parameter, \&graft, \&graft,
    \&stay, \&climb, \&encode, \&encode, \&encode_delimiter, \&blank, \&encode_many, \&other_case, \&junk, \&suffix,
    \&prefix, \&other_base, \&drop, \&insert, \&replace, \&absolute, \&swap,
);

# spellings(seed => n, count => n, operations => [[method, path template, id], ...],
#           decoys => ['/path', ...], utf8 => 0)
sub spellings {
    my (%opt) = @_;
    my $self = bless { %opt, state => $opt{seed} }, __PACKAGE__;
    my (@cases, %seen);
    while (@cases < $opt{count}) {
        my $case = $self->one;
        push @cases, $case unless $seen{"$case->{method} $case->{target}"}++;
    }
    return @cases;
}

sub one {
    my ($self) = @_;
    my ($method, $template, $id) = @{ $self->pick(@{ $self->{operations} }) };
    my $target = $self->filled($template);
    return { method => $method, target => $target, plain => $id } if $self->number(12) == 0;

    $target = $self->pick(@{ $self->{decoys} }) if $self->number(3) == 0;
    my $times = $self->pick(1, 1, 1, 2, 2, 3);
    for (1 .. $times) {
        my $mutation = $self->pick(@mutations);
        $target = $self->$mutation($target);
    }
    return { method => $method, target => $target };
}

# ---- choices: the same for the same seed, on every machine

sub number {
    my ($self, $below) = @_;
    $self->{state} = ($self->{state} * 1_103_515_245 + 12_345) % 2**31;
    return int($self->{state} / 2**31 * $below);
}

sub pick {
    my ($self, @from) = @_;
    return $from[ $self->number(scalar @from) ];
}

sub filled {
    my ($self, $template) = @_;
    $template =~ s#(?<=/)\{[^}]*\}(?=/|\z)#$self->name(128)#ge;
    $template =~ s/\{[^}]*\}/$self->name(64)/ge;
    return $template;
}

sub name {
    my ($self, $longest) = @_;
    my $length = $self->number(40) == 0 ? $longest // 128 : 1 + $self->number(12);
    my @characters = (@unreserved, $self->{utf8} ? (@utf8) x 3 : ());
    push @characters, @within if $self->{utf8} && $length < 20;
    my $name = join '', map { $self->pick(@characters) } 1 .. $length;
    return $name =~ /^\.+$/ ? "x$name" : $name;
}

# ---- mutations: each makes another target of one

# Replaces a random match of the pattern by $text.
sub at {
    my ($self, $target, $pattern, $text) = @_;
    my @places;
    push @places, [ $-[0], $+[0] - $-[0] ] while $target =~ /$pattern/g;
    return $target unless @places;
    my ($start, $length) = @{ $self->pick(@places) };
    my $old = substr $target, $start, $length;
    substr $target, $start, $length, ref $text ? $text->($old) : $text;
    return $target;
}

sub respell_slash {
    my ($self, $target) = @_;
    return $self->at($target, qr{/}, $self->pick(@slash));
}

sub parameter {
    my ($self, $target) = @_;
    return $self->at($target, qr{(?<=[^/])(?=/|$)}, $self->pick(@parameter));
}

sub stay {
    my ($self, $target) = @_;
    return $self->at($target, qr{/}, $self->between . $self->pick(@here) . $self->between);
}

sub climb {
    my ($self, $target) = @_;
    my $down = $self->pick('/x', '/x;y', '/secrets', '/organizations', '/%78', '/..', '');
    return $self->at($target, qr{/}, $down . $self->between . $self->pick(@up) . $self->between);
}

sub between {
    my ($self) = @_;
    return $self->number(2) ? '/' : $self->pick(@slash);
}

# A detour that only one of two readers takes, followed by the end of another path.
sub graft {
    my ($self, $target) = @_;
    my $other = $self->number(2) ? $self->pick(@{ $self->{decoys} })
        : $self->filled($self->pick(@{ $self->{operations} })->[1]);
    my ($from, $to) = $self->number(2) ? ($target, $other) : ($other, $target);
    my ($slash, $up) = ($self->between, $self->pick(@up));
    my @tail = split m{/}, $to;
    splice @tail, 0, $self->pick(1, 4, 4, 4);
    return $from . $self->pick(@parameter, '')
        . join('', map { $slash . $up } 1 .. $self->number(6)) . $slash . join $slash, @tail;
}

sub encode {
    my ($self, $target) = @_;
    my $how = $self->pick('%%%02x', '%%%02X', '%%25%02x', '%%2525%02x', '%%u00%02x', '%%c1%%%02x');
    return $self->at($target, qr{[A-Za-z0-9._~-]}, sub { sprintf $how, ord $_[0] });
}

# Characters that may be encoded in some places, and names whose outer blanks may be encoded.
sub encode_delimiter {
    my ($self, $target) = @_;
    return $self->at($target, qr{[!\$&'()*+,=:\@|/.]}, sub { sprintf $self->pick('%%%02x', '%%%02X', '%%25%02X'), ord $_[0] });
}

sub blank {
    my ($self, $target) = @_;
    return $self->at($target, qr{(?=/|\z)|(?<=/)|(?<=[:.@])|(?=[:.@])}, $self->pick(qw(%20 %20%20 + %2b %20.)));
}

sub encode_many {
    my ($self, $target) = @_;
    my $how = $self->pick('%%%02x', '%%25%02x');
    return join '', map { $self->number(4) ? $_ : sprintf $how, ord } split //, $target;
}

sub other_case {
    my ($self, $target) = @_;
    return uc $target if $self->number(8) == 0;
    return $self->at($target, qr{[a-z]}, sub { uc $_[0] });
}

sub junk {
    my ($self, $target) = @_;
    return $self->at($target, qr{(?<=.)}s, $self->pick(@junk));
}

sub suffix { return $_[1] . $_[0]->pick(@suffix) }

sub prefix { return $_[0]->pick(@prefix) . $_[1] }

sub absolute { return $_[0]->pick(@absolute) . $_[1] }

sub other_base {
    my ($self, $target) = @_;
    my $base = $self->pick('tenantX', 'tenant.', 'tenant%20', 'tenant;', 'tenan', 'tenant.json',
        'Tenant', 'tenant/tenant', 'x/../tenant', 'tenant/../tenant', 'tenant;/../tenant', 'tenant%00',
        't%65nant', '%2574enant', 'tenant%2e', 'tenant\\..\\tenant');
    return $target =~ s{/tenant(?=/|$)}{/$base}r;
}

sub drop {
    my ($self, $target) = @_;
    return $self->at($target, qr{/[^/]+}, '');
}

sub insert {
    my ($self, $target) = @_;
    return $self->at($target, qr{(?=/)|$}, '/' . $self->pick('x', $self->name, 'secrets', '...', 'org-leader'));
}

sub replace {
    my ($self, $target) = @_;
    return $self->at($target, qr{(?<=/)[^/]+}, $self->pick(@up, @here, '~', '*', $self->name));
}

sub swap {
    my ($self, $target) = @_;
    my @segments = split m{/}, $target, -1;
    my ($i, $j) = ($self->number(scalar @segments), $self->number(scalar @segments));
    @segments[ $i, $j ] = @segments[ $j, $i ];
    return join '/', @segments;
}

1;

__END__

=head1 NAME

EIAM::Spellings - many spellings of request targets, always the same

=head1 DESCRIPTION

C<spellings(seed, count, operations, decoys, utf8)> gives distinct
C<{method, target, plain}>. About one in twelve is plain: written as it should
be, of the operation C<plain>; C<utf8> widens what is plain. All the others come of one to three
mutations of such a path or of a decoy.

=cut
