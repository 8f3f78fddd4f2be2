package EIAM::Stub;

# An authorization server made of nginx: it is fast, and the text of a token tells what it permits.

use strict;
use warnings;

use EIAM::Nginx ();

sub new {
    my ($class) = @_;
    # always the installed nginx: it needs no module, and sanitizers would slow it down
    delete local $ENV{EIAM_NGINX};
    my $more = ' unknown' x 70;
    my $nginx = EIAM::Nginx->new(module => 0, events => 'worker_connections 4096;', conf => qq{
        map \$http_x_mode-\$http_x_form \$answer {
            "~^-token=(?<name>good[^&]*)" '{"active":true,"client_id":"\$name","scope":"user_read"}';
            "~^-token=(?<name>long[^&]*)" '{"active":true,"client_id":"\$name","scope":"user_read$more"}';
            default '{"active":false}';
        }
        log_format form '\$http_x_form';
        keepalive_requests 1000000;
        server {
            listen 127.0.0.1:%PORT% backlog=4096;
            default_type application/json;
            access_log %DIR%/access.log form;
            if (\$http_x_form ~ ^token=fail) { return 500; }
            location / { return 200 \$answer; }
            location /quiet { access_log off; return 200 \$answer; }
        }
    })->start;
    return bless { nginx => $nginx }, $class;
}

sub port { return $_[0]{nginx}->port }

# For the http block of a gate.
sub upstream {
    my ($self) = @_;
    return 'upstream stub { server 127.0.0.1:' . $self->port . '; keepalive 64; keepalive_requests 1000000; }';
}

# For its server block.
sub location {
    my ($self, $path) = @_;
    $path //= '/';
    return <<"END";
        location = /introspect {
            internal;
            proxy_pass http://stub$path;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header X-Form \$request_body;
            proxy_set_header X-Mode \$mode;
        }
END
}

# How often the server was asked about the token.
sub count {
    my ($self, $token) = @_;
    return scalar grep { /^token=\Q$token\E(?:&|$)/ } split /\n/, $self->{nginx}->access_log;
}

1;

__END__

=head1 NAME

EIAM::Stub - a fast authorization server for introspection

=head1 SYNOPSIS

    my $stub = EIAM::Stub->new;
    my $gate = nginx(http => $stub->upstream, server => '...' . $stub->location)->start;

=head1 DESCRIPTION

A token that begins with C<good> has the scope C<user_read>, and its own name is
the application's; one that begins with C<long> has 560 bytes of other scopes
besides. One that begins with C<fail> is answered with 500, all others are not
active. Where the gate's C<$mode>, which it has to define, is not empty, no token is. C<count(token)>
is the number of requests for a token; C<location('/quiet')> keeps no count.

=cut
