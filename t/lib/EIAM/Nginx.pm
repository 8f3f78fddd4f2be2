package EIAM::Nginx;

# One nginx in a directory of its own.

use strict;
use warnings;

use Cwd qw(abs_path);
use EIAM::Echo;
use EIAM::Port qw(free_port);
use Exporter qw(import);
use File::Basename qw(dirname);
use File::Path qw(make_path);
use File::Temp ();
use IO::Socket::INET;
use JSON::PP ();
use POSIX qw(WNOHANG);
use Scalar::Util qw(weaken);
use Test::More ();
use Test2::API ();
use Time::HiRes qw(sleep time);

our @EXPORT_OK = qw(top_dir slurp);

# Sanitizers make everything slower, so the limits are far beyond the usual durations.
use constant { START_TIMEOUT => 30, RELOAD_TIMEOUT => 30, QUIT_TIMEOUT => 10, PORT_TRIES => 5 };

my $json = JSON::PP->new->utf8->canonical->pretty;
my $top  = abs_path(dirname(__FILE__) . '/../../..');
my (%alive, $late_alarm);

my $alarming = qr{
      AddressSanitizer | LeakSanitizer | UndefinedBehavior | runtime\ error:
    | exited\ on\ signal | open\ socket\ .*\ left\ in\ connection
    | \[alert\] | \[emerg\]
}x;

sub top_dir { return $top }

sub new {
    my ($class, %opt) = @_;
    my $dir = File::Temp->newdir('eiam-XXXXXX', TMPDIR => 1, CLEANUP => !$ENV{EIAM_KEEP});
    my $self = bless {
        opt => \%opt, tmp => $dir, dir => "$dir", owner => $$, texts => {}, ports => {},
        expect => [ @{ $opt{expect} // [] } ], scanned => {},
    }, $class;
    print {*STDERR} "# kept: $dir\n" if $ENV{EIAM_KEEP};

    weaken($alive{$self} = $self);
    make_path("$dir/temp");
    $self->{texts} = { 'nginx.conf' => $self->_conf, %{ $opt{files} // {} } };
    $self->_write_all;
    return $self;
}

# ---- the directory

sub dir { return $_[0]{dir} }

sub write_file {
    my ($self, $name, $content) = @_;
    $self->{texts}{$name} = $content;
    my $path = "$self->{dir}/$name";
    make_path(dirname($path));
    open my $fh, '>:raw', $path or die "$path: $!";
    print {$fh} $self->expand(ref $content ? $json->encode($content) : $content);
    close $fh or die "$path: $!";
    chmod 0600, $path if $name =~ /\bkey$/;
    return $path;
}

sub _write_all {
    my ($self) = @_;
    $self->write_file($_, $self->{texts}{$_}) for sort keys %{ $self->{texts} };
    return;
}

# Fills in %DIR%, %ECHO%, %PORT%, %PORT2% ...
sub expand {
    my ($self, $text) = @_;
    $text =~ s/%DIR%/$self->{dir}/g;
    $text =~ s/%ECHO%/$self->echo->address/ge;
    $text =~ s/%PORT(\d*)%/$self->port($1 || 1)/ge;
    return $text;
}

sub echo { return $_[0]{echo} //= EIAM::Echo->new }

sub _conf {
    my ($self) = @_;
    my %opt  = %{ $self->{opt} };
    my $main = $opt{main} // '';
    my $body = $opt{conf} // ($opt{http} // '')
        . "\nserver {\n    listen 127.0.0.1:%PORT%;\n" . ($opt{server} // '') . "\n}\n";
    my $module = ($opt{module} // 1) ? module_path() : '';
    my $level  = $opt{error_log_level} // 'info';

    return join "\n",
        $module ne '' ? "load_module $module;" : (),
        $> == 0 && $main !~ /^\s*user\s/m ? 'user root;' : (),
        $main =~ /worker_processes/ ? () : 'worker_processes ' . ($opt{workers} // 1) . ';',
        'daemon ' . ($opt{daemon} ? 'on;' : 'off;'),
        'pid %DIR%/nginx.pid;',
        "error_log %DIR%/error.log $level;",
        $main,
        'events { ' . ($opt{events} // 'worker_connections 1024;') . ' }',
        'http {',
        (map { "    ${_}_temp_path %DIR%/temp/$_;" } qw(client_body proxy fastcgi uwsgi scgi)),
        # "off" would also silence a log that the text configures on the same level.
        ($opt{module} // 1) && $body !~ /eiam_zone/ ? '    eiam_zone eiam 1m;' : (),
        '    access_log ' . ($body =~ /access_log/ ? '%DIR%/default-access.log;' : 'off;'),
        $body, '}', '';
}

sub module_path {
    my $path = $ENV{EIAM_MODULE} // "$top/build/ngx_eiam_module.so";
    return $path eq '' ? '' : (abs_path($path) // $path);
}

# ---- ports

sub port {
    my ($self, $n) = @_;
    $n ||= 1;
    until ($self->{ports}{$n}) {
        my $port = free_port();
        $self->{ports}{$n} = $port if !grep { $_ == $port } values %{ $self->{ports} };
    }
    return $self->{ports}{$n};
}

# ---- the process

sub _command {
    my ($self, @more) = @_;
    my $nginx = $ENV{EIAM_NGINX};
    ($nginx) = grep { -x } (map { "$_/nginx" } split /:/, $ENV{PATH}), '/usr/sbin/nginx'
        unless $nginx;
    die "no nginx found\n" unless $nginx;
    return ($nginx, '-p', "$self->{dir}/", '-c', "$self->{dir}/nginx.conf", '-e', 'stderr', @more);
}

# (exit code, output) of "nginx -t"; 128 + n when signal n ended it.
sub check {
    my ($self) = @_;
    my @command = $self->_command('-t');
    my $pid = open(my $out, '-|') // die "fork: $!";
    if ($pid == 0) {
        open STDERR, '>&', \*STDOUT;
        exec @command or POSIX::_exit(127);
    }
    my $text = join '', <$out>;
    close $out;
    my $code = $? & 127 ? 128 + ($? & 127) : $? >> 8;
    my @found = grep { /Sanitizer|runtime error:|UndefinedBehavior/ } split /\n/, $text;
    $self->_alarm('nginx -t', @found, $code >= 128 ? "nginx -t died by signal: $code" : ());
    return ($code, $text);
}

sub start {
    my ($self) = @_;
    for (1 .. PORT_TRIES) {
        $self->_spawn;
        return $self if $self->_wait_started;
        my $log = $self->error_log;
        $self->{failed_starts}++;
        die "nginx did not start:\n$log" unless $log =~ /bind\(\) .* failed \(98/;
        $self->{ports} = {};
        unlink map { "$self->{dir}/$_" } qw(error.log stderr.log);
        $self->_write_all;
    }
    die "no port could be bound\n";
}

sub _spawn {
    my ($self) = @_;
    my @command = $self->_command;
    $self->{pid} = fork() // die "fork: $!";
    if ($self->{pid}) {
        $self->_take_master if $self->{opt}{daemon};
        return;
    }
    $SIG{$_} = 'DEFAULT' for qw(INT TERM PIPE);
    open STDIN,  '<',  '/dev/null';
    open STDOUT, '>>', "$self->{dir}/stderr.log";
    open STDERR, '>&', \*STDOUT;
    exec @command or POSIX::_exit(127);
}

# The master of a daemon is no child of the test: the first process exits when the master runs.
sub _take_master {
    my ($self) = @_;
    waitpid $self->{pid}, 0;
    ($self->{pid}) = (slurp("$self->{dir}/nginx.pid") // '') =~ /^(\d+)/ or die "nginx did not start:\n" . $self->error_log;
    return;
}

sub _wait_started {
    my ($self) = @_;
    my $deadline = time + START_TIMEOUT;
    my ($workers) = ($self->{opt}{main} // '') =~ /worker_processes\s+(\d+)/;
    $workers //= $self->{opt}{workers} // 1;
    while (time < $deadline) {
        if (waitpid($self->{pid}, WNOHANG) == $self->{pid}) {
            delete $self->{pid};
            return 0;
        }
        return 1 if $self->worker_pids >= $workers
            && IO::Socket::INET->new(PeerAddr => '127.0.0.1:' . $self->port);
        sleep 0.02;
    }
    $self->stop;
    return 0;
}

# True once new workers serve, false if the new configuration was refused.
sub reload {
    my ($self) = @_;
    my %old    = map { ($_ => 1) } $self->worker_pids;
    my $before = length $self->error_log;
    my $deadline = time + RELOAD_TIMEOUT;
    $self->signal('HUP');
    while (time < $deadline) {
        my @now = $self->worker_pids;
        return 1 if @now && !grep { $old{$_} } @now;
        my $news = substr $self->error_log, $before;
        if (my @emerg = $news =~ /^(.*\[emerg\].*)\n/mg) {
            push @{ $self->{expect} }, map { qr/\Q$_\E/ } @emerg;
            return 0;
        }
        sleep 0.02;
    }
    die "reload neither served nor failed:\n" . $self->error_log;
}

# For a daemon: upgrades the binary. The new master serves beside the old one, whose pid is returned.
sub upgrade {
    my ($self) = @_;
    my $old = $self->{pid};
    my $file = "$self->{dir}/nginx.pid";
    my $deadline = time + START_TIMEOUT;
    kill 'USR2', $old;
    until (-s "$file.oldbin" && (slurp($file) // '') =~ /^(\d+)/) {
        die "no new master:\n" . $self->error_log if time > $deadline;
        sleep 0.02;
    }
    ($self->{pid}) = slurp($file) =~ /^(\d+)/;
    return $old;
}

# Makes the process with this pid the master of this object.
sub adopt {
    my ($self, $pid) = @_;
    $self->{pid} = $pid;
    return $self;
}

sub stop {
    my ($self) = @_;
    return unless $self->{owner} == $$;
    if (my $pid = delete $self->{pid}) {
        kill 'QUIT', $pid;
        if (!gone($pid, QUIT_TIMEOUT)) {
            kill 'TERM', $pid;
            gone($pid, QUIT_TIMEOUT) or do { kill 'KILL', $pid; waitpid $pid, 0 };
        }
        $self->_scan;
    }
    return;
}

sub gone {
    my ($pid, $seconds) = @_;
    my $deadline = time + $seconds;
    while (time < $deadline) {
        my $ended = waitpid $pid, WNOHANG;
        return 1 if $ended > 0 || ($ended < 0 && (slurp("/proc/$pid/stat") // ') Z') =~ /\) Z/);
        sleep 0.02;
    }
    return 0;
}

sub signal {
    my ($self, $name) = @_;
    return kill $name, $self->{pid};
}

sub master_pid { return $_[0]{pid} }

# Workers that accept connections, without those that are shutting down.
sub worker_pids {
    my ($self) = @_;
    my $master = $self->{pid} or return;
    return $master if ($self->{opt}{main} // '') =~ /master_process\s+off/;
    my @pids;
    for my $stat (glob '/proc/[0-9]*/stat') {
        my ($pid, $ppid) = (slurp($stat) // '') =~ /^(\d+) \(.*\) \S (\d+)/s or next;
        next unless $ppid == $master;
        my $title = slurp("/proc/$pid/cmdline") // '';
        push @pids, $pid if $title =~ /worker process(?! is shutting down)/;
    }
    return @pids;
}

# ---- logs

sub slurp {
    my ($path) = @_;
    open my $fh, '<:raw', $path or return;
    local $/;
    return scalar <$fh>;
}

# Everything that nginx has logged: its error log and its standard error.
sub error_log {
    my ($self) = @_;
    return join '', map { slurp("$self->{dir}/$_") // '' } qw(stderr.log error.log);
}

sub access_log {
    my ($self, $name) = @_;
    return slurp("$self->{dir}/" . ($name // 'access.log')) // '';
}

sub expect {
    my ($self, @patterns) = @_;
    push @{ $self->{expect} }, @patterns;
    return $self;
}

# Lines of the logs that must not occur.
sub alarms {
    my ($self) = @_;
    my @lines = grep { /$alarming/ } split /\n/, $self->error_log;
    for my $expected (@{ $self->{expect} }) {
        @lines = grep { !/$expected/ } @lines;
    }
    return @lines;
}

sub _scan {
    my ($self) = @_;
    return $self->_alarm('nginx', grep { !$self->{scanned}{$_}++ } $self->alarms);
}

# Such a line fails the test file even if its plan is complete.
sub _alarm {
    my ($self, $who, @lines) = @_;
    return unless @lines;
    if (Test2::API::test2_stack()->top->ended) {
        Test::More::diag("$who: $_") for @lines;
        $late_alarm = 1;
        return;
    }
    Test::More::fail("$who logs nothing alarming");
    Test::More::diag("    $_") for @lines[0 .. ($#lines < 30 ? $#lines : 30)];
    return;
}

sub stop_all {
    for my $gate (values %alive) {
        $gate->stop if $gate;
    }
    return;
}

sub DESTROY {
    my ($self) = @_;
    local ($@, $!, $?);
    delete $alive{$self};
    $self->stop;
    return;
}

# The logs must be read before the plan is closed, so done_testing() first stops all servers.
{
    no warnings 'redefine';
    my $done_testing = \&Test::Builder::done_testing;
    *Test::Builder::done_testing = sub {
        stop_all() unless Test2::API::test2_stack()->top->isa('Test2::Hub::Subtest');
        goto &$done_testing;
    };
}

$SIG{$_} //= sub { exit 1 } for qw(INT TERM PIPE);

END {
    my $code = $?;
    stop_all();
    $? = $code || ($late_alarm ? 1 : 0);
}

1;

__END__

=head1 NAME

EIAM::Nginx - a running nginx for a test

=head1 DESCRIPTION

Options of C<new> (and of C<nginx> in L<EIAM::Test>): C<http> (text in the http
block before the server), C<server> (text in the one server, which listens on
C<%PORT%>), or C<conf> (the whole inside of the http block); C<main>, C<events>;
C<files> (name to text, or to a reference that is written as JSON); C<workers>
(1); C<error_log_level> (info); C<expect> (patterns of alarming lines that are
meant); C<module =E<gt> 0> (do not load the module); C<daemon =E<gt> 1> (for
C<upgrade>).

Where the text says nothing of C<eiam_zone>, there is one of 1 MB.

C<%PORT%>, C<%PORT2%>, ... (free ports), C<%DIR%>, C<%ECHO%> (host:port of an
L<EIAM::Echo> of its own) are filled in everywhere. C<EIAM_KEEP=1> keeps the directory.

Methods: C<check> (exit code and output of nginx -t), C<start>, C<reload> (true
or false), C<upgrade> (a new binary; the pid of the old master), C<adopt(pid)>
(the other of two masters), C<stop>, C<signal(name)>, C<write_file(name, content)>, C<dir>,
C<port(n)>, C<echo>, C<error_log>, C<access_log(name)>, C<master_pid>,
C<worker_pids>, C<expect(patterns)>, C<alarms>.

When it stops, sanitizer reports, crashed workers, leaked sockets and every
[alert] or [emerg] line that was not expected fail the test file.

=cut
