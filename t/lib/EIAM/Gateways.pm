package EIAM::Gateways;

# Gateways that share one Redis, in front of a backend and a token interface of their own.

use strict;
use warnings;

use EIAM::Test;
use Exporter qw(import);
use Test::More ();
use Time::HiRes qw(sleep time);

our @EXPORT = qw(gateway new_token issue grant_of status order metric counted fresh connected everywhere in_time);

use constant { DEADLINE => 60, LINE => 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=' };

my $form = 'Content-Type: application/x-www-form-urlencoded';
my $n = 0;

# Options of nginx(), and: redis (its address and parameters), name (of the server), zone (4m), http, server, api and
# token (text that is added there), issuer.
sub gateway {
    my (%opt) = @_;
    my $issuer = $opt{issuer} // '127.0.0.1:%PORT9%';
    return nginx(
        workers => $opt{workers} // 1,
        daemon => $opt{daemon} // 0,
        main => $opt{main} // '',
        error_log_level => $opt{error_log_level} // 'info',
        expect => $opt{expect} // [],
        events => $opt{events} // 'worker_connections 1024;',
        files => {
            'policy.json' => policy('/api', 'GET /users' => ['user_read'], 'POST /token' => 'public'),
            'key' => $opt{key} // LINE . "\n",
            'password' => ($opt{password} // '') . "\n",
            %{ $opt{files} // {} },
        },
        http => qq{
            eiam_redis $opt{redis};
            eiam_redis_key key;
            eiam_zone eiam @{[ $opt{zone} // '4m' ]};
            log_format decisions '\$eiam_reason \$eiam_detail \$eiam_cache \$eiam_source';
            eiam_policy policy.json;
            server {
                listen 127.0.0.1:%PORT9%;
                keepalive_requests 100000;
                default_type application/json;
                location / {
                    return 200 '{"access_token":"\$http_x_issue","token_type":"bearer","expires_in":\$http_x_life,"scope":"user_read"}';
                }
            }
            @{[ $opt{http} // '' ]}
        },
        server => qq{
            server_name @{[ $opt{name} // 'api.example.com' ]};
            add_header X-Pid \$pid always;
            access_log %DIR%/access.log decisions;
            location /api/ { eiam on; @{[ $opt{api} // '' ]} try_files /none \@served; }
            location \@served { return 200 "\$eiam_application"; }
            location = /api/token { eiam on; eiam_learn on; @{[ $opt{token} // '' ]} proxy_pass http://$issuer; }
            location /status/ { eiam_status; }
            location /control/ { eiam_control; }
            @{[ $opt{server} // '' ]}
        });
}

sub new_token { return 'Issued-' . ++$n . '-' . 'x' x 20 }

# issue(gateway, life => seconds, token => value, client => id): the token.
sub issue {
    my ($gate, %opt) = @_;
    my $token = $opt{token} // new_token();
    my $answer = get($gate, '/api/token', method => 'POST', body => 'client_id=' . ($opt{client} // 'crm'),
        headers => [ $form, "X-Issue: $token", 'X-Life: ' . ($opt{life} // 600) ]);
    Test::More::is($answer->{json}{access_token}, $token, 'a token is issued')
        if ($answer->{json}{access_token} // '') ne $token;
    return $token;
}

sub status { return get($_[0], '/api/users', token => $_[1])->{status} }

# order(gateway, 'revoke', 'token=...')
sub order {
    my ($gate, $what, $body) = @_;
    return get($gate, "/control/$what", method => 'POST', body => "$body&reason=test", headers => [$form]);
}

# The value of a metric, with its labels if it has any.
sub metric {
    my ($gate, $name) = @_;
    return get($gate, '/status/metrics')->{body} =~ /^\Q$name\E (\S+)$/m ? $1 : undef;
}

sub counted { return metric(@_) // 0 }

# What the work returns, and the Redis key of the one grant that is there afterwards and was not before.
sub grant_of {
    my ($redis, $work) = @_;
    my $grants = sub { grep { /:g:/ } @{ $redis->cmd('KEYS', '*') } };
    my %before = map { ($_ => 1) } $grants->();
    my $token = $work->();
    my @new;
    in_time('the grant is in Redis', sub { @new = grep { !$before{$_} } $grants->() });
    Test::More::is(scalar @new, 1, 'one grant is new') if @new != 1;
    return ($token, $new[0]);
}

# The seconds that it took until the condition held; a failure if that was too long.
sub in_time {
    my ($what, $holds) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $start = time;
    until_true($holds, DEADLINE) or Test::More::fail("$what: in time");
    return time - $start;
}

# Each worker of the gateways has a link: each has said so, and none has said anything else since.
sub connected {
    for my $gate (@_) {
        my %up;
        in_time('all workers are connected', sub {
            my $answer = get($gate, '/status/metrics');
            my $pid = $answer->{headers}{'x-pid'} or return;
            $up{$pid} = $answer->{body} =~ /^eiam_redis_up 1$/m;
            return !grep { !$up{$_} } $gate->worker_pids;
        });
    }
    return;
}

sub fresh {
    for my $gate (@_) {
        in_time('a gateway is fresh', sub { (metric($gate, 'eiam_redis_fresh_age_seconds') // 99) < 0.75 });
        connected($gate);
    }
    return;
}

# The status of a call in each worker of a gateway, or the first one that is another.
sub everywhere {
    my ($gate, $token, $expected) = @_;
    my $workers = $gate->worker_pids;
    my %seen;
    for (1 .. 200) {
        my $answer = get($gate, '/api/users', token => $token);
        return "$answer->{status}" if $answer->{status} != $expected;
        $seen{ $answer->{headers}{'x-pid'} } = 1;
        return $expected if keys %seen == $workers;
    }
    return 'not all workers answered';
}

1;

__END__

=head1 NAME

EIAM::Gateways - gateways that share one Redis, and what is asked of them

=head1 SYNOPSIS

    my $redis = EIAM::Redis->new;
    my ($one, $two) = map { gateway(redis => $redis->address)->start } 1, 2;
    fresh($one, $two);
    my $token = issue($one);
    is status($two, $token), 200, 'known there';

=head1 DESCRIPTION

Each gateway serves C</api/users> and C</api/token> without any other process: its
token interface issues the value that C<issue> asks for. C<in_time(what, condition)>
waits for a condition and returns the seconds; C<fresh> and C<connected> wait for
gateways; C<everywhere(gateway, token, status)> asks each worker; C<grant_of(redis, work)>
finds the key under which Redis has what the work has issued.

=cut
