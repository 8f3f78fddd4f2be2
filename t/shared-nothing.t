#!/usr/bin/perl
# Gateways that share nothing, behind the load balancer of docs/OPERATIONS.md: its recipe, run as it stands.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Socket::INET;
use JSON::PP ();
use Test::More;
use EIAM::Source;
use EIAM::Test;

use constant { TOKENS => 40, CLIENTS => 20 };

my $page = slurp(top_dir() . '/docs/OPERATIONS.md');
my ($section) = $page =~ /^### Gateways that share nothing\n(.*?)^###/ms or die "docs/OPERATIONS.md has no such section\n";
my ($recipe) = $section =~ /^```nginx\n(.*?)^```/ms or die "it has no recipe\n";
my ($by_token) = $section =~ /^\| introspection \| `(hash [^`]+;)`/m or die "it has no hash for introspection\n";
my ($by_client) = $section =~ /^\| learned \| `(hash [^`]+;)`/m or die "it has no hash for learned tokens\n";
like $recipe, qr/^ *\Q$by_token\E$/m, 'the recipe is that for introspection';

my $source = EIAM::Source->new('*' => { json => { active => JSON::PP::true, client_id => 'crm', scope => 'user_read' } });

sub gate {
    return nginx(
        files => { 'policy.json' => policy('/api', map { ("GET /$_" => ['user_read']) } qw(introspected learned)) },
        http => q{
            eiam_policy policy.json;
            server {
                listen 127.0.0.1:%PORT2%;
                default_type application/json;
                location / { return 200 '{"access_token":"$http_x_issue","token_type":"bearer","expires_in":600,"scope":"user_read"}'; }
            }
        },
        server => qq{
            location = /api/introspected { eiam on; eiam_introspection /introspect; try_files /none \@served; }
            location = /api/learned { eiam on; try_files /none \@served; }
            location \@served { return 200; }
            location = /introspect { internal; proxy_pass http://@{[ $source->address ]}; }
            location = /token { eiam_learn on; proxy_pass http://127.0.0.1:%PORT2%; }
        })->start;
}

my @gates = map { gate() } 1, 2;

# The load balancer, with the gateways in place of the addresses of the page.
sub balancer {
    my ($hash) = @_;
    my @ports = map { $_->port } @gates;
    my $upstream = $recipe =~ s/\Q$by_token\E/$hash/r;
    $upstream =~ s/^( *server) \S+;/"$1 127.0.0.1:" . shift(@ports) . ';'/gme;
    return nginx(module => 0, http => $upstream, server => 'location / { proxy_pass http://gateways; }')->start;
}

# The statuses, and how often.
sub statuses {
    my %seen;
    $seen{$_}++ for @_;
    return join ', ', map { "$seen{$_} x $_" } sort keys %seen;
}

subtest '2.4-5: a load balancer by tokens: each token is introspected by one gateway' => sub {
    my $front = balancer($by_token);
    my @tokens = map { "Opaque-$_-0123456789" } 1 .. TOKENS;
    my $all = sub { return statuses(map { get($front, '/api/introspected', token => $_)->{status} } (@tokens) x 2) };
    is $all->(), 2 * TOKENS . ' x 200', 'every call passes';
    is scalar(grep { $source->count($_) != 1 } @tokens), 0, 'each token is introspected once';
    $gates[1]->stop;
    is $all->(), 2 * TOKENS . ' x 200', 'without one of the gateways every call still passes';
    my $again = grep { $source->count($_) == 2 } @tokens;
    is scalar(grep { $source->count($_) > 2 } @tokens), 0, 'what it had served is introspected once more';
    ok $again > 0 && $again < TOKENS, 'and nothing else' or diag "$again of " . TOKENS;
    $gates[1] = gate();
    $front->stop;
};

# The status of a request from another address of this machine.
sub from {
    my ($front, $address, $bytes) = @_;
    my $socket = IO::Socket::INET->new(LocalAddr => $address, PeerAddr => '127.0.0.1:' . $front->port) or die "from $address: $@\n";
    print {$socket} $bytes;
    local $/;
    return (<$socket> // '') =~ m{^HTTP/1.1 (\d+)} ? $1 : 'no answer';
}

subtest '2.4-5: a load balancer by addresses: a client uses a token where it has obtained it' => sub {
    my $front = balancer($by_client);
    my (@own, @other);
    for my $n (1 .. CLIENTS) {
        my ($address, $token) = ("127.0.$n.1", "Issued-$n-0123456789");
        is from($front, $address, request('/token', method => 'POST', body => 'client_id=crm', close => 1,
            headers => [ 'Content-Type: application/x-www-form-urlencoded', "X-Issue: $token" ])), 200, "client $n obtains one";
        push @own, from($front, $address, request('/api/learned', token => $token, close => 1));
        push @other, map { get($_, '/api/learned', token => $token)->{status} } @gates;
    }
    is statuses(@own), CLIENTS . ' x 200', 'every call passes';
    is statuses(@other), CLIENTS . ' x 200, ' . CLIENTS . ' x 401', 'one gateway knows the token, the other one does not';
    $front->stop;
};

done_testing;
