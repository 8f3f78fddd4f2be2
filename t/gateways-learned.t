#!/usr/bin/perl
# A token is known at another gateway before its client has the first byte of it, whatever client and backend speak.
# With EIAM_EVERY=1 two thousand tokens.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(sleep time);
use EIAM::Gateways;
use EIAM::Http2;
use EIAM::Redis;
use EIAM::Source;
use EIAM::Test;

use constant TOKENS => $ENV{EIAM_EVERY} ? 2000 : 240;

my $redis = EIAM::Redis->new;
my $issuer = EIAM::Source->new;
my %shared = (redis => $redis->address, workers => 2, issuer => $issuer->address,
    http => 'gzip on; gzip_types application/json; gzip_min_length 1; gzip_proxied any;',
    server => 'listen 127.0.0.1:%PORT3% http2;');
my ($one, $two) = map { gateway(%shared)->start } 1, 2;
fresh($one, $two);

my $form = 'Content-Type: application/x-www-form-urlencoded';
my $body = 'client_id=crm';
my @fields = ($form, 'Content-Length: ' . length $body);

# How the backend answers.
my %answers = (
    'a length' => {}, 'chunks' => { chunked => 9 }, 'one chunk' => { chunked => 5000 }, 'until it closes' => { until_close => 1, close => 1 },
    'more than a buffer' => { pad => 9000 },
);

# The bytes of a request, by what the client speaks.
my %requests = (
    'HTTP/1.0' => [ "POST /api/token HTTP/1.0", @fields ],
    'HTTP/1.0 with keepalive' => [ "POST /api/token HTTP/1.0", 'Host: a', 'Connection: keep-alive', @fields ],
    'HTTP/1.1' => [ "POST /api/token HTTP/1.1", 'Host: a', @fields ],
    'HTTP/1.1 with gzip' => [ "POST /api/token HTTP/1.1", 'Host: a', 'Accept-Encoding: gzip', @fields ],
    'HTTP/1.0 with gzip' => [ "POST /api/token HTTP/1.0", 'Accept-Encoding: gzip', @fields ],
);

sub teach {
    my ($answer, $token) = @_;
    $issuer->answer('*' => { %$answer, json => { access_token => $token, token_type => 'bearer', expires_in => 600, scope => 'user_read' } });
    return;
}

# The status at the other gateway once there is a byte of the answer; and whether the answer has the token in the end.
sub at_first_byte {
    my ($from, $to, $token, @lines) = @_;
    my $c = connection($from);
    $c->send(join("\r\n", @lines) . "\r\n\r\n$body");
    $c->{select}->can_read(30) or die "no answer\n";
    my $status = status($to, $token);
    my $answer = $c->read_response;
    return ($status, $answer->{body} =~ /"\Q$token\E"/ ? 1 : 0, $answer->{headers}{'content-encoding'} // '');
}

my @cases = map { my $request = $_; map { [ $request, $_ ] } sort keys %answers } sort keys %requests;
my (%statuses, %whole, %encodings);
for my $n (0 .. TOKENS - 1) {
    my ($request, $answer) = @{ $cases[ $n % @cases ] };
    my ($from, $to) = $n % 2 ? ($one, $two) : ($two, $one);
    my $token = new_token();
    teach($answers{$answer}, $token);
    my ($status, $whole, $encoding) = at_first_byte($from, $to, $token, @{ $requests{$request} });
    push @{ $statuses{$status} }, "$request, $answer";
    push @{ $whole{$whole} }, "$request, $answer";
    $encodings{"$request: $encoding"}++;
}
# On a busy machine the 50 ms may be over, which is counted; then a token goes on before it is known.
sub late { my $late = 0; $late += counted($_, 'eiam_redis_hold_late_total') for $one, $two; return $late }

my $known = @{ delete $statuses{200} // [] };
cmp_ok $known, '>=', TOKENS - late(), '2.4-7.1: each token is known at the other gateway before its client has a byte of the answer'
    or diag explain \%statuses;
note late(), ' were late';
is_deeply [ keys %whole ], [1], 'and each answer is whole' or diag explain \%whole;
is scalar(grep { /: gzip$/ } keys %encodings), 0, 'none is compressed, though the gateway would and the client asks for it';

subtest '2.4-7.1: a token that was obtained over HTTP/2 is known at the other gateway' => sub {
    my ($late, %seen) = late();
    for my $n (1 .. 24) {
        my ($from, $to) = $n % 2 ? ($one, $two) : ($two, $one);
        my $token = new_token();
        teach((map { $answers{$_} } sort keys %answers)[ $n % keys %answers ], $token);
        my $h2 = EIAM::Http2->new($from->port(3));
        my ($answer) = $h2->responses($h2->request('/api/token', method => 'POST', body => $body,
            fields => [ [ 'content-type' => 'application/x-www-form-urlencoded' ], $n % 3 ? () : [ 'accept-encoding' => 'gzip' ] ]));
        $seen{"$answer->{status} " . status($to, $token)}++;
    }
    cmp_ok $seen{'200 200'} // 0, '>=', 24 - late() + $late, 'each token is known as well' or diag explain \%seen;
};

subtest '2.4-7.1: tokens of clients that leave midway are known at the other gateway' => sub {
    my @left;
    for my $n (1 .. TOKENS / 4) {
        my $token = new_token();
        teach($answers{ (sort keys %answers)[ $n % keys %answers ] }, $token);
        my $c = connection($one);
        $c->send(join("\r\n", @{ $requests{ (sort keys %requests)[ $n % keys %requests ] } }) . "\r\n\r\n" . ($n % 7 ? $body : 'client'));
        sleep((0, 0.0005, 0.002, 0.005)[ $n % 4 ]);
        undef $c;
        push @left, $token;
    }
    my $token = new_token();
    teach({}, $token);
    at_first_byte($one, $two, $token, @{ $requests{'HTTP/1.1'} });
    in_time('the next token is known', sub { status($two, $token) == 200 });
    is scalar(grep { !/^(?:200|401)$/ } map { status($two, $_) } @left), 0, 'theirs are known, or not';
    in_time('no grant waits', sub { $redis->cmd('PING') eq 'PONG' && !grep { counted($_, 'eiam_redis_up') != 1 } $one, $two });
};

done_testing;
