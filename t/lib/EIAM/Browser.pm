package EIAM::Browser;

# One page in a headless Chromium, driven by the DevTools protocol over two pipes.

use strict;
use warnings;

use File::Temp ();
use IO::Select;
use JSON::PP ();
use MIME::Base64 qw(decode_base64);
use POSIX qw(WNOHANG);
use Time::HiRes qw(sleep time);

use constant { TIMEOUT => 60, QUIT_TIMEOUT => 10, PAUSE => 0.1 };

my $json = JSON::PP->new->utf8->allow_nonref;
my @flags = qw(--headless --no-sandbox --remote-debugging-pipe --no-first-run --no-proxy-server
    --disable-gpu --disable-dev-shm-usage --disable-background-networking --disable-sync
    --disable-component-update --disable-extensions --disable-breakpad about:blank);

sub new {
    my ($class) = @_;
    my $dir = File::Temp->newdir('eiam-browser-XXXXXX', TMPDIR => 1);
    my $self = bless { tmp => $dir, owner => $$, in => '', id => 0, events => [], complaints => [] },
        $class;
    $self->_spawn("$dir");
    my $target = $self->ask('Target.createTarget', url => 'about:blank')->{targetId};
    $self->{session} = $self->ask('Target.attachToTarget', targetId => $target,
        flatten => JSON::PP::true)->{sessionId};
    $self->ask("$_.enable") for qw(Page Runtime Log);
    return $self;
}

# The browser reads commands from its descriptor 3 and writes answers to its 4.
sub _spawn {
    my ($self, $dir) = @_;
    pipe my $commands, $self->{to} or die "pipe: $!";
    pipe $self->{from}, my $answers or die "pipe: $!";
    $self->{pid} = fork() // die "fork: $!";
    if ($self->{pid} == 0) {
        setpgrp;
        open STDIN,  '<', '/dev/null';
        open STDOUT, '>', "$dir/log";
        open STDERR, '>&', \*STDOUT;
        my ($in, $out) = map { POSIX::fcntl($_, POSIX::F_DUPFD(), 10) } $commands, $answers;
        POSIX::dup2($in, 3);
        POSIX::dup2($out, 4);
        exec 'chromium', @flags, "--user-data-dir=$dir/profile" or POSIX::_exit(127);
    }
    close $_ for $commands, $answers;
    $self->{to}->autoflush;
    $self->{from}->blocking(0);
    $self->{select} = IO::Select->new($self->{from});
    return;
}

# ---- messages: JSON, each ended by a zero byte

# The result of a command.
sub ask {
    my ($self, $method, %params) = @_;
    my $id = ++$self->{id};
    local $SIG{PIPE} = 'IGNORE';
    print { $self->{to} } $json->encode({ id => $id, method => $method, params => \%params,
        $self->{session} ? (sessionId => $self->{session}) : () }), "\0";
    my $message = $self->_wait("an answer to $method",
        sub { defined $_[0]{id} && $_[0]{id} == $id });
    die "$method: $message->{error}{message}\n" if $message->{error};
    return $message->{result};
}

sub _wait {
    my ($self, $what, $wanted) = @_;
    my $deadline = time + TIMEOUT;
    while (1) {
        while ($self->{in} =~ s/\A([^\0]*)\0//) {
            my $message = $json->decode($1);
            $self->_note($message);
            return $message if $wanted->($message);
        }
        my $left = $deadline - time;
        die "the browser: no $what\n" . $self->_log if $left <= 0;
        next unless $self->{select}->can_read($left);
        my $n = sysread $self->{from}, $self->{in}, 1 << 20, length $self->{in};
        die "the browser has ended, no $what\n" . $self->_log if defined $n && $n == 0;
    }
}

sub _log { return EIAM::Nginx::slurp("$_[0]{tmp}/log") // '' }

# The errors that the page has reported.
sub _note {
    my ($self, $message) = @_;
    my ($method, $p) = @$message{qw(method params)};
    return unless defined $method;
    my $said
        = $method eq 'Runtime.exceptionThrown'
            ? $p->{exceptionDetails}{exception}{description} // $p->{exceptionDetails}{text}
        : $method eq 'Log.entryAdded' ? "$p->{entry}{level}: $p->{entry}{text}"
        : $method eq 'Runtime.consoleAPICalled'
            ? join ' ', "console $p->{type}:", map { $_->{value} // '' } @{ $p->{args} }
        : return;
    push @{ $self->{complaints} }, $said;
    return;
}

# Errors, warnings and violations of the page's security policy that were logged since the last call.
sub complaints {
    my ($self) = @_;
    $self->value('0');
    return splice @{ $self->{complaints} };
}

# ---- the page

sub open {    ## no critic (ProhibitBuiltinHomonyms)
    my ($self, $url) = @_;
    my $result = $self->ask('Page.navigate', url => $url);
    die "$url: $result->{errorText}\n" if $result->{errorText};
    $self->until('document.readyState === "complete" && location.href === ' . $json->encode($url));
    return $self;
}

# The value of an expression or of a promise; dies if it throws an exception.
sub value {
    my ($self, $expression) = @_;
    my $answer = $self->ask('Runtime.evaluate', expression => $expression,
        awaitPromise => JSON::PP::true, returnByValue => JSON::PP::true, userGesture => JSON::PP::true);
    my $thrown = $answer->{exceptionDetails};
    die 'in the page: ' . ($thrown->{exception}{description} // $thrown->{text}) . "\n" if $thrown;
    return $answer->{result}{value};
}

# True once the expression is true; false if it is not in time.
sub until {    ## no critic (ProhibitBuiltinHomonyms)
    my ($self, $expression, $timeout) = @_;
    my $deadline = time + ($timeout // TIMEOUT);
    while (1) {
        my $value = eval { $self->value($expression) };
        return $value if $value;
        return if time > $deadline;
        sleep PAUSE;
    }
}

sub size {
    my ($self, $width, $height, $mobile) = @_;
    $self->ask('Emulation.setDeviceMetricsOverride', width => $width, height => $height,
        deviceScaleFactor => 1, mobile => $mobile ? JSON::PP::true : JSON::PP::false);
    return $self;
}

# media('print'), media('', 'prefers-color-scheme' => 'dark')
sub media {
    my ($self, $type, %features) = @_;
    $self->ask('Emulation.setEmulatedMedia', media => $type,
        features => [ map { { name => $_, value => $features{$_} } } sort keys %features ]);
    return $self;
}

my %keys = (
    Tab   => [ 9 ], Enter => [ 13, "\r" ], Space => [ 32, ' ', ' ' ],
    map({ ("Arrow$_->[0]" => [ $_->[1] ]) } [ Left => 37 ], [ Up => 38 ], [ Right => 39 ], [ Down => 40 ]),
);

# press('Tab'), press('Tab', 'shift')
sub press {
    my ($self, $name, $shift) = @_;
    my ($code, $text, $key) = @{ $keys{$name} };
    my %event = (key => $key // $name, code => $name, windowsVirtualKeyCode => $code,
        modifiers => $shift ? 8 : 0);
    $self->ask('Input.dispatchKeyEvent', type => defined $text ? 'keyDown' : 'rawKeyDown', %event,
        defined $text ? (text => $text) : ());
    $self->ask('Input.dispatchKeyEvent', type => 'keyUp', %event);
    return $self;
}

# Types into the element that has the focus.
sub type {
    my ($self, $text) = @_;
    $self->ask('Input.insertText', text => $text);
    return $self;
}

# A picture of the whole page.
sub screenshot {
    my ($self, $path) = @_;
    my $size = $self->ask('Page.getLayoutMetrics')->{cssContentSize};
    return save($path, $self->ask('Page.captureScreenshot', format => 'png',
        captureBeyondViewport => JSON::PP::true,
        clip => { x => 0, y => 0, width => $size->{width}, height => $size->{height}, scale => 1 }));
}

sub pdf {
    my ($self, $path) = @_;
    return save($path, $self->ask('Page.printToPDF', printBackground => JSON::PP::false,
        preferCSSPageSize => JSON::PP::true));
}

sub save {
    my ($path, $answer) = @_;
    my $bytes = decode_base64($answer->{data});
    CORE::open my $fh, '>:raw', $path or die "$path: $!";
    print {$fh} $bytes;
    close $fh or die "$path: $!";
    return length $bytes;
}

# ---- the end

sub stop {
    my ($self) = @_;
    return unless $self->{pid} && $self->{owner} == $$;
    my $pid = delete $self->{pid};
    delete $self->{session};
    eval { $self->ask('Browser.close') };
    my $deadline = time + QUIT_TIMEOUT;
    my $gone;
    sleep 0.02 until ($gone = waitpid($pid, WNOHANG)) || time > $deadline;
    kill 'KILL', -$pid;
    waitpid $pid, 0 unless $gone;
    return;
}

sub DESTROY {
    my ($self) = @_;
    local ($?, $@, $!);
    $self->stop;
    return;
}

1;

__END__

=head1 NAME

EIAM::Browser - a page in a headless Chromium

=head1 SYNOPSIS

    my $browser = EIAM::Browser->new->size(1280, 900);
    $browser->open('http://127.0.0.1:' . $gate->port . '/status/');
    ok $browser->until('document.querySelector("#tiles dd")'), 'there are figures';
    is $browser->value('document.title'), 'eiam';
    is_deeply [ $browser->complaints ], [];
    $browser->screenshot('page.png');

=head1 DESCRIPTION

Needs nothing but core Perl and Debian's chromium: commands go through a pipe as
JSON, without a port. C<open>, C<value(expression)>, C<until(expression, seconds)>,
C<size(width, height, mobile)>, C<media(type, feature =E<gt> value)>, C<press(key, shift)>,
C<type(text)>, C<screenshot(file)>, C<pdf(file)>, C<complaints>, and C<ask(method,
parameters)> for the rest of the protocol. Each waits up to a minute and dies then,
but C<until> is false.

=cut
