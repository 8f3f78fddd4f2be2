#!/usr/bin/perl
# Random templates of all shapes, compared with the rule applied by brute force: no request is decided on as one of
# another operation.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use List::Util qw(max);
use Test::More;
use EIAM::Reading qw(leftmost_difference);
use EIAM::Test;

use constant { POLICIES => 12, OPERATIONS => 25, REQUESTS => 200 };

my @segments = qw(a ab b bab {p}b a{p} a{p}b {p}ab ab{p} b{p} {p}a{q} b{p}{q} {p} {p});
my @words    = qw(a b ab ba bab aab abb abab babab bb aa c cab bac acb abc bcb xab abx xb ax x);

# The random numbers are the same in each run, unless EIAM_SEED is set.
my $seed = $ENV{EIAM_SEED} // 20_270_102;
srand $seed;
note "EIAM_SEED=$seed";

sub pick { return $_[ rand @_ ] }

# ---------------------------------------------------------------- the rule

# How concrete a segment is: a literal, several parameters, one between literals by their bytes, or one alone.
sub rank {
    my ($segment) = @_;
    my $parameters = () = $segment =~ /\{/g;
    return $parameters == 0 ? 1e9 : $parameters > 1 ? 1e8 : length $segment =~ s/\{\w\}//r;
}

sub fits {
    my ($segment, $word) = @_;
    my $rank = rank($segment);
    return $segment eq $word if $rank == 1e9;
    my @pieces = split /\{\w\}/, $segment, -1;
    return $word =~ /^\Q$pieces[0]\E.+\Q$pieces[1]\E\z/ if $rank < 1e8;
    my $at = 0;
    for my $i (0 .. $#pieces) {
        my $found = index $word, $pieces[$i], $at;
        return 0 if $found < 0 || ($i == 0 && $found);
        $at = $found + length $pieces[$i];
    }
    return 1;
}

# Whether the word fits a segment with an empty parameter, before it fits another one.
sub is_bare {
    my ($word, %here) = @_;
    return 0 if $here{$word};
    my @mixed = sort { rank($b) <=> rank($a) } grep { rank($_) && rank($_) < 1e8 } keys %here;
    for (@mixed) {
        return 0 if fits($_, $word);
        return 1 if s/\{\w\}//r eq $word;
    }
    return 0;
}

sub more_concrete { return leftmost_difference(\&rank, @_) }

# 400, 404, "none", or the operations that are possible.
sub expected {
    my ($operations, $method, $slash, @path) = @_;
    my @fit = @$operations;
    for my $i (0 .. $#path) {
        my @here = grep { @{ $_->{segments} } > $i } @fit;
        return 400 if is_bare($path[$i], map { ($_->{segments}[$i] => 1) } @here);
        @fit = grep { fits($_->{segments}[$i], $path[$i]) } @here;
    }
    @fit = sort { more_concrete($a->{segments}, $b->{segments}) } grep { @{ $_->{segments} } == @path } @fit;
    while (@fit) {
        my $first = $fit[0]{segments};
        my @alike = grep { !more_concrete($_->{segments}, $first) } @fit;
        my %forms = map { $_ => 0 } map { $_->{shape} } @alike;
        $forms{ $_->{shape} } ||= $_->{slash} == $slash for @alike;
        my @ours = grep { $_->{slash} == $slash && $_->{method} eq $method } @alike;
        my @may = map { $_->{id} } grep { !$_->{left_out} } @ours;
        push @may, '404' if grep { $_->{left_out} } @ours;
        push @may, 'none' if grep { !$_ } values %forms;
        push @may, 'none' if grep { $_->{slash} != $slash && $_->{method} eq $method } @alike;
        return @may if @may;
        @fit = grep { more_concrete($_->{segments}, $first) } @fit;
    }
    return 'none';
}

# ---------------------------------------------------------------- random policies

my (%files, @locations, @policies);

for my $number (1 .. POLICIES) {
    my (%paths, %seen, @operations);
    while (@operations < OPERATIONS) {
        my @path = map { pick(@segments) } 0 .. rand 3;
        my $slash = rand() < .15 ? 1 : 0;
        my $method = rand() < .7 ? 'get' : 'put';
        my $shape = join '/', map { s/\{\w\}/{}/gr } @path;
        next if $seen{"$method $shape $slash"}++;
        # Equally concrete operations must have the same requirements.
        my $scope = unpack('%32C*', join '/', $method, map { rank($_) } @path) % 2 ? 'a' : 'b';
        my $template = '/' . join('/', @path) . ($slash ? '/' : '');
        $paths{$template}{$method} = { security => [ { eiam => [$scope] } ], operationId => "$method $template" };
        push @operations, { segments => \@path, slash => $slash, method => $method, shape => $shape,
            id => "$method $template", left_out => 1e8 == max(grep { $_ != 1e9 } 0, map { rank($_) } @path) };
    }
    push @policies, \@operations;
    $files{"$number.json"} = { openapi => '3.0.3', servers => [ { url => "/p$number" } ], paths => \%paths,
        components => { securitySchemes => { eiam => { type => 'oauth2', flows => { clientCredentials => {
        tokenUrl => '/t', scopes => { a => '', b => '' } } } } } } };
    push @locations, "location /p$number/ { eiam on; eiam_policy %DIR%/$number.json; proxy_pass http://127.0.0.1:%PORT2%; }";
}

my $gate = nginx(files => { %files,
    'apps.json' => applications({ id => 'x', permissions => [qw(a b)], tokens => ['t'] }) }, conf => qq{
        eiam_applications %DIR%/apps.json;
        keepalive_requests 100000;
        server { listen 127.0.0.1:%PORT%; @{[ join "\n", @locations ]} }
        server { listen 127.0.0.1:%PORT2%; add_header X-Operation \$http_x_eiam_operation; location / { return 204; } }
    })->start;

my (@wrong, %seen);
for my $number (1 .. POLICIES) {
    my @calls = map { [ pick(qw(get get put)), rand() < .2 ? 1 : 0, map { pick(@words) } 0 .. rand 3 ] } 1 .. REQUESTS;
    while (my @some = splice @calls, 0, 100) {
        my @targets = map { my (undef, $slash, @path) = @$_;
            "/p$number/" . join('/', @path) . ($slash ? '/' : '') } @some;
        my @answers = raw($gate, join('', map { request($targets[$_], method => uc $some[$_][0], token => 't') } 0 .. $#some),
            count => scalar @some);
        for my $i (0 .. $#some) {
            my $got = $answers[$i]{status} == 204 ? $answers[$i]{headers}{'x-operation'} : $answers[$i]{status};
            my @may = expected($policies[ $number - 1 ], @{ $some[$i] });
            $seen{ $got =~ /^\d/ ? $got : 'allowed' }++;
            push @wrong, "$some[$i][0] $targets[$i]: $got, expected " . join ' or ', @may
                unless grep { $_ eq $got || ($_ eq 'none' && $got =~ /^40[45]\z/) } @may;
        }
    }
}
ok !@wrong, '2.5-3: random templates of all shapes are matched by the rule, and what is left out is no other operation'
    or diag join "\n", "EIAM_SEED=$seed", scalar(@wrong), @wrong[0 .. ($#wrong < 9 ? $#wrong : 9)];
is join(' ', sort keys %seen), '400 404 405 allowed', '2.5-3: with every outcome';

done_testing;
