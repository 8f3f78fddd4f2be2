package EIAM::Test;

# Everything a test of the gate needs, and its assertions.

use strict;
use utf8;
use warnings;

use EIAM::Client qw(get raw request connection);
use EIAM::Nginx  qw(top_dir slurp);
use EIAM::Port   qw(free_port);
use EIAM::Policy qw(policy applications);
use Exporter qw(import);
use Test::More ();
use Time::HiRes qw(sleep time);

use constant DEADLINE => 60;

our @EXPORT = qw(
    nginx get raw request connection free_port top_dir slurp policy applications
    refused passed received bad_config good_config shown all_ambiguous forwarding nothing_forwarded until_true nginx_since
);

my $realm = qr/Bearer realm="[^"]*"/;

# reason => [status, error_code, en, zh, WWW-Authenticate, another header that must be there]
our %REFUSAL = (
    request_ambiguous => [ 400, 4001, 'Request path is ambiguous', '请求路径存在歧义' ],
    method_override => [ 400, 4002, 'Method override is not allowed', '不允许覆盖请求方法' ],
    authorization_malformed => [ 400, 4003, 'Authorization header is malformed',
        'Authorization 请求头格式错误', qr/^$realm, error="invalid_request"$/ ],
    token_missing => [ 401, 4011, 'Access token is missing', '缺少访问令牌', qr/^$realm$/ ],
    token_invalid => [ 401, 4012, 'Access token is invalid', '访问令牌无效',
        qr/^$realm, error="invalid_token"$/ ],
    token_expired => [ 401, 4013, 'Access token has expired', '访问令牌已过期',
        qr/^$realm, error="invalid_token"$/ ],
    token_revoked => [ 401, 4014, 'Access token has been revoked', '访问令牌已被撤销',
        qr/^$realm, error="invalid_token"$/ ],
    scope_insufficient => [ 403, 4031, 'Application lacks the required permission',
        '应用缺少所需权限', qr/^$realm, error="insufficient_scope", scope="[^"]+"$/ ],
    application_disabled => [ 403, 4032, 'Application is disabled', '应用已禁用' ],
    application_unknown => [ 403, 4033, 'Application is not registered', '应用未登记' ],
    network_forbidden => [ 403, 4034, 'Call is not allowed from this address', '不允许从该地址调用' ],
    object_forbidden => [ 403, 4035, 'Application has no access to this object', '应用无权访问该对象' ],
    operation_unknown => [ 404, 4041, 'Interface does not exist', '接口不存在' ],
    method_unknown => [ 405, 4051, 'Method is not allowed', '不允许的请求方法',
        undef, [ allow => qr/^[A-Z]+(, [A-Z]+)*$/ ] ],
    source_unavailable => [ 503, 5031, 'Access token cannot be verified now',
        '暂时无法验证访问令牌', undef, [ 'retry-after' => qr/^\d+$/ ] ],
);

sub nginx { return EIAM::Nginx->new(@_) }

# Whether nginx is 1.MINOR.PATCH or newer.
sub nginx_since {
    my ($minor, $patch) = @_;
    my ($command) = nginx(module => 0)->_command;
    my @version = qx($command -v 2>&1) =~ m{/1\.(\d+)\.(\d+)} or die "no version of $command\n";
    return $version[0] > $minor || $version[0] == $minor && $version[1] >= $patch;
}

# Waits until the condition is true; returns its value, or nothing if it is not true in time.
sub until_true {
    my ($condition, $seconds) = @_;
    my $deadline = time + ($seconds // DEADLINE);
    my $value;
    sleep 0.02 until ($value = $condition->()) || time > $deadline;
    return $value;
}

# A target, with unprintable characters as in C.
sub shown { return $_[0] =~ s/([^\x21-\x7e])/sprintf '\\x%02x', ord $1/ger }

# all_ambiguous($gate, [ [ why, target, ... ], ... ], options of get): each is refused, though the token "tok" is
# valid.
sub all_ambiguous {
    my ($gate, $rows, %opt) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    for my $row (@$rows) {
        my ($why, @targets) = @$row;
        refused(get($gate, $_, token => 'tok', %opt), 'request_ambiguous', "$why: " . shown($_)) for @targets;
    }
    return;
}

# A subtest that fails unless the echo backend gets so many requests meanwhile.
sub forwarding {
    my ($gate, $count, $title, $tests) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return Test::More::subtest($title => sub {
        my $before = $gate->echo->count;
        $tests->();
        Test::More::is($gate->echo->count - $before, $count, "the backend got $count requests");
    });
}

sub nothing_forwarded {
    my ($gate, $title, $tests) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return forwarding($gate, 0, $title, $tests);
}

# refused($answer, reason, title, language => 'zh', head => 1)
sub refused {
    my ($res, $reason, $title, %opt) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @wrong = differences($res, $reason, %opt);
    return Test::More::ok(!@wrong, $title // "refused: $reason")
        || Test::More::diag(join "\n", @wrong, $res->{head} // '', $res->{body});
}

sub differences {
    my ($res, $reason, %opt) = @_;
    my $row = $REFUSAL{$reason} or die "no such reason: $reason\n";
    my ($status, $code, $en, $zh, $challenge, $other) = @$row;
    my $message = ($opt{language} // 'en') eq 'zh' ? $zh : $en;
    my @headers = (
        [ 'content-type'  => qr{^application/json; charset=utf-8$} ],
        [ 'cache-control' => qr/^no-store$/ ],
        [ 'www-authenticate' => $challenge ],
        [ 'content-length' => qr/^[1-9]\d*$/ ],
        [ 'x-request-id' => qr/^[0-9a-f]{32}$/ ],
        $other // (),
    );
    return (
        differ('status', $res->{status}, qr/^$status$/),
        (map { differ($_->[0], $res->{headers}{ $_->[0] }, $_->[1]) } @headers),
        $opt{head} ? differ('body', $res->{body}, qr/^\z/)
            : body_differences($res->{json}, "GATEWAY.$code", $message),
    );
}

sub body_differences {
    my ($json, $code, $message) = @_;
    return 'the body is not a JSON object' unless ref $json eq 'HASH';
    return (
        differ('members', join(' ', sort keys %$json), qr/^error_code error_msg$/),
        differ('error_code', $json->{error_code}, qr/^\Q$code\E$/),
        differ('error_msg', $json->{error_msg}, qr/^\Q$message\E$/),
    );
}

sub differ {
    my ($what, $got, $pattern) = @_;
    return if defined $pattern ? defined $got && $got =~ $pattern : !defined $got;
    utf8::encode($got) if defined $got && utf8::is_utf8($got);
    return "$what is " . (defined $got ? "'$got'" : 'absent') . ', expected '
        . (defined $pattern ? $pattern =~ s/[^\x20-\x7e]/?/gr : 'none');
}

# passed($answer, title, operation => 'id', application => 'crm', scopes => 'a b', status => 201)
sub passed {
    my ($res, $title, %opt) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $status = delete $opt{status} // 200;
    my @wrong = differ('status', $res->{status}, qr/^$status$/);
    push @wrong, 'the backend did not see the request'
        unless $res->{headers}{'x-echo'} && ref $res->{json} && defined $res->{json}{target};
    for my $name (sort keys %opt) {
        my @values = received($res, "X-EIAM-$name");
        push @wrong, differ("X-EIAM-$name", join('|', @values), qr/^\Q$opt{$name}\E$/);
    }
    return Test::More::ok(!@wrong, $title // 'passed')
        || Test::More::diag(join "\n", @wrong, $res->{head} // '', $res->{body});
}

# The values of a header as the backend received it.
sub received {
    my ($res, $name) = @_;
    return map { $_->[1] } grep { lc $_->[0] eq lc $name } @{ $res->{json}{headers} // [] };
}

# A string is the inside of the server block, a hash the options of nginx().
sub bad_config {
    my ($title, $config, $says) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($code, $text) = nginx(ref $config ? %$config : (server => $config))->check;
    return Test::More::ok($code == 1 && $text =~ $says, $title)
        || Test::More::diag("exit code $code, expected 1 and $says\n$text");
}

sub good_config {
    my ($title, $config) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($code, $text) = nginx(ref $config ? %$config : (server => $config))->check;
    return Test::More::ok($code == 0, $title) || Test::More::diag("exit code $code\n$text");
}

1;

__END__

=head1 NAME

EIAM::Test - harness of the gate's tests

=head1 SYNOPSIS

    use FindBin;
    use lib "$FindBin::Bin/lib";
    use Test::More;
    use EIAM::Test;

    my $gate = nginx(
        files => {
            'policy.json' => policy('/api', 'GET /users' => ['user_read']),
            'apps.json'   => applications(
                { id => 'crm', permissions => ['user_read'], tokens => ['tok-1'] }),
        },
        server => q{
            location /api/ {
                eiam on;
                eiam_policy %DIR%/policy.json;
                eiam_applications %DIR%/apps.json;
                proxy_pass http://%ECHO%;
            }
        })->start;

    passed get($gate, '/api/users', token => 'tok-1'), 'an allowed call passes',
        operation => 'getUsers', application => 'crm', scopes => 'user_read';
    refused get($gate, '/api/users'), 'token_missing', 'a call without a token is refused';
    bad_config 'eiam_policy needs a file', 'eiam_policy;', qr/invalid number of arguments/;
    done_testing;

=head1 DESCRIPTION

See L<EIAM::Nginx> for C<nginx>, L<EIAM::Client> for C<get>, C<raw>, C<request>
and C<connection>, L<EIAM::Policy> for C<policy> and C<applications>,
L<EIAM::Echo> for the backend. C<refused(answer, reason, title, options)> checks
status, body, headers and challenge of a refusal (C<language =E<gt> 'zh'>,
C<head =E<gt> 1>); C<passed(answer, title, options)> that the backend saw the
request and which identity headers; C<received(answer, name)> gives a header's
values as the backend received them. C<until_true(condition)> polls until the
condition holds, for at most a minute. C<done_testing> stops every nginx first.

=cut
