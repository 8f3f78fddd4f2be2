package EIAM::Prometheus;

# A real Prometheus that scrapes a gate every second and evaluates rules.

use strict;
use warnings;

# a server only as a process: no tokens
use parent 'EIAM::AuthorizationServer';

use EIAM::Client ();
use JSON::PP ();
use Time::HiRes qw(sleep time);

use constant DEADLINE => 60;

my $json = JSON::PP->new->utf8->canonical;

sub _install {
    my ($self) = @_;
    grep { -x "$_/prometheus" } split /:/, $ENV{PATH} or die "prometheus is not installed\n";
    open my $out, '>', "$self->{dir}/prometheus.yml" or die "$self->{dir}: $!\n";
    # JSON is YAML
    print {$out} $json->encode({
        global => { scrape_interval => '1s', scrape_timeout => '1s', evaluation_interval => '1s' },
        rule_files => $self->{rules} // [],
        scrape_configs => [ {
            job_name => 'eiam', metrics_path => $self->{path} // '/status/metrics',
            static_configs => [ { targets => $self->{targets} } ],
        } ],
    });
    close $out or die "$self->{dir}: $!\n";
    return;
}

sub _command {
    my ($self) = @_;
    return ('prometheus', "--config.file=$self->{dir}/prometheus.yml",
        "--storage.tsdb.path=$self->{dir}/data", '--web.listen-address=' . $self->address);
}

sub _says_ready { return qr/Server is ready to receive web requests/ }

sub escaped {
    my ($text) = @_;
    utf8::encode($text);
    return $text =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/ger;
}

sub api {
    my ($self, $path, %query) = @_;
    my $text = join '&', map { "$_=" . escaped($query{$_}) } sort keys %query;
    my $res = EIAM::Client::get($self, "/api/v1/$path?$text", timeout => DEADLINE);
    return $res->{json} // die "no JSON: $res->{status} $res->{body}\n";
}

# The result of a query: a list of [ {labels}, value ]. Until the next scrape there are no samples after one that was
# too slow, so that one is waited for.
sub ask {
    my ($self, $expr) = @_;
    my $deadline = time + DEADLINE;
    while (1) {
        my $now = sprintf '%.3f', time;
        my @result = $self->_ask_at($now, $expr);
        my @up = $self->_ask_at($now, 'up{job="eiam"}');
        return @result if time > $deadline || @up && !grep { $_->[1] != 1 } @up;
        sleep 0.1;
    }
}

sub _ask_at {
    my ($self, $when, $expr) = @_;
    my $answer = $self->api('query', query => $expr, time => $when);
    die "$expr: $answer->{error}\n" unless $answer->{status} eq 'success';
    my ($type, $result) = @{ $answer->{data} }{qw(resultType result)};
    return [ {}, $result->[1] ] if $type eq 'scalar';
    return map { [ $_->{metric}, $_->{value}[1] ] } @$result;
}

# The single value of a query, or undef.
sub value {
    my ($self, $expr) = @_;
    my @result = $self->ask($expr);
    die "$expr: more than one answer\n" if @result > 1;
    return @result ? $result[0][1] : undef;
}

# Repeats a query until its result is accepted; returns the last result.
sub wait_for {
    my ($self, $expr, $satisfies) = @_;
    my $deadline = time + DEADLINE;
    while (1) {
        my $value = $self->value($expr);
        return $value if time > $deadline || defined $value && $satisfies->($value);
        sleep 0.1;
    }
}

1;

__END__

=head1 NAME

EIAM::Prometheus - a real Prometheus for a test

=head1 SYNOPSIS

    my $prometheus = EIAM::Prometheus->new(targets => [ '127.0.0.1:' . $gate->port ],
        rules => ['/path/to/rules.yml'], path => '/status/metrics');
    is $prometheus->wait_for('sum(eiam_requests_total)', sub { $_[0] >= 3 }), 3;

=head1 DESCRIPTION

It listens on a free port of 127.0.0.1, keeps its data in a directory of its own,
scrapes the targets as the job C<eiam> and evaluates the rules, both every
second. C<ask(expr)> gives a list of C<[ labels, value ]> and dies where Prometheus
refuses the question, C<value(expr)> the only value or undef, C<wait_for(expr,
condition)> asks until the condition holds, C<api(path, query)> is the decoded
answer of its API. Needs Debian's C<prometheus>.

=cut
