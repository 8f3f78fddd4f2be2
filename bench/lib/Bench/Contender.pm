package Bench::Contender;

# One file of bench/contenders: its "#:" lines, and a process that runs the rest.

use strict;
use warnings;

use lib do { my ($dir) = __FILE__ =~ m{(.*)/}; "$dir/../../../t/lib" };
use EIAM::Port qw(free_port);
use Exporter qw(import);
use File::Path qw(make_path);
use IO::Socket::INET;
use POSIX ();
use Time::HiRes qw(sleep time);

our @EXPORT_OK = qw(slurp spew free_port);

use constant { START => 30, STOP => 10 };

my %frame   = (nginx => 'nginx.conf', apache2 => 'apache.conf');
my %modules = (
    ngx_eiam_module => 'build/ngx_eiam_module.so',
    map { ($_ => "/usr/lib/nginx/modules/$_.so") }
        qw(ndk_http_module ngx_http_lua_module ngx_http_js_module),
);

sub slurp {
    my ($file) = @_;
    open my $in, '<:raw', $file or return;
    local $/;
    return scalar <$in>;
}

sub spew {
    my ($file, $text) = @_;
    open my $out, '>:raw', $file or die "$file: $!\n";
    print {$out} $text;
    close $out or die "$file: $!\n";
    return $file;
}

sub new {
    my ($class, $top, $file) = @_;
    my $text = slurp($file) // die "$file: $!\n";
    my ($name) = $file =~ m{([^/]+)\.conf$};
    my %self = (top => $top, name => $name, server => 'nginx', modules => '', status => {}, limit => '');
    while ($text =~ /^#:\s+(\w+)\s+(.*)\n/mg) {
        my ($word, $value) = ($1, $2);
        if ($word eq 'status') {
            my ($scenario, $status) = split ' ', $value;
            $self{status}{$scenario} = $status;
        } else {
            $self{$word} = $value;
        }
    }
    $self{text} = $text =~ s/^#:.*\n//mgr;
    return bless \%self, $class;
}

# The same with another file as the gate's module.
sub with_module {
    my ($self, $file) = @_;
    return bless { %$self, name => "before-$self->{name}", title => "before: $self->{title}", gate => $file },
        ref $self;
}

sub path {
    my ($self, $module) = @_;
    my $path = $module eq 'ngx_eiam_module' && $self->{gate} || $modules{$module};
    return $path =~ m{^/} ? $path : "$self->{top}/$path";
}

sub list {
    my ($self, $word) = @_;
    return split ' ', $self->{$word} // '';
}

sub has {
    my ($self, $word, $value) = @_;
    return scalar grep { $_ eq $value } $self->list($word);
}

# What is missing on this machine, or nothing.
sub missing {
    my ($self) = @_;
    my $what = "package $self->{package}" if $self->{package};
    return $what if !command($self->{server});
    for my $module ($self->list('modules')) {
        my $path = $self->path($module);
        return $what // $path if !-e $path;
    }
    return $what
        if $self->{server} eq 'apache2' && !-e '/usr/lib/apache2/modules/mod_auth_openidc.so';
    return;
}

sub command {
    my ($name) = @_;
    return (grep { -x } map { "$_/$name" } '/usr/sbin', '/usr/bin', split /:/, $ENV{PATH})[0];
}

# Writes the configuration to a directory of its own; %more are further @NAMES@.
sub write_conf {
    my ($self, $dir, %more) = @_;
    my ($user, $group) = ((getpwuid $>)[0], (getgrgid((getpwuid $>)[3]))[0]);
    my %value = (
        TOP => $self->{top}, DIR => $dir, PORT => $self->{port} = free_port(),
        POOL => $ENV{POOL} // '16k', USER => $> ? $user : 'root', GROUP => $> ? $group : 'root', %more,
        MODULES => join "\n", map { "load_module @{[ $self->path($_) ]};" } $self->list('modules'),
    );
    if ($self->{server} eq 'apache2' && !$>) {
        @value{qw(USER GROUP)} = qw(www-data www-data);    # it refuses to be root
    }
    make_path("$dir/temp");
    my $text = $self->{text};
    if (my $frame = $frame{ $self->{server} }) {
        $text = slurp("$self->{top}/bench/$frame") =~ s/\@CONTENDER\@/$text/r unless $self->{whole};
    }
    $text =~ s/\@([A-Z]+)\@/$value{$1} \/\/ die "what is $1?\n"/ge;
    $self->{dir} = $dir;
    return $self->{conf} = spew("$dir/conf", $text);
}

sub command_line {
    my ($self) = @_;
    my $program = command($self->{server});
    return ($program, '-db', '-f', $self->{conf}) if $self->{server} eq 'haproxy';
    return ($program, '-DFOREGROUND', '-f', $self->{conf}) if $self->{server} eq 'apache2';
    return ($program, '-p', $self->{dir}, '-c', $self->{conf}, '-e', 'stderr');
}

# Runs it, with words such as "taskset -c 1" in front; dies with its output.
sub start {
    my ($self, $before, $after) = @_;
    my @command = (@$before, $self->command_line, @{ $after // [] });
    $self->{pid} = fork() // die "fork: $!\n";
    if (!$self->{pid}) {
        open STDOUT, '>', "$self->{dir}/output";
        open STDERR, '>&', \*STDOUT;
        exec @command or POSIX::_exit(127);
    }
    my $end = time + START;
    until (IO::Socket::INET->new(PeerAddr => "127.0.0.1:$self->{port}")) {
        if (time > $end || waitpid($self->{pid}, POSIX::WNOHANG()) > 0) {
            my @said = map { slurp("$self->{dir}/$_") // '' } qw(error.log output);
            die 'does not start: ' . ("@said" =~ s/\s+/ /gr || 'no word') . "\n";
        }
        sleep 0.02;
    }
    return $self;
}

# A process and all its descendants.
sub family {
    my ($pid) = @_;
    my %children;
    for (glob '/proc/[0-9]*/stat') {
        my ($child, $parent) = (slurp($_) // '') =~ /^(\d+) \(.*\) \S (\d+)/s or next;
        push @{ $children{$parent} }, $child;
    }
    my @all = ($pid);
    for (my $i = 0; $i < @all; $i++) { push @all, @{ $children{ $all[$i] } // [] } }
    return @all;
}

# Seconds of processor time so far, as counted by the scheduler.
sub cpu {
    my ($self) = @_;
    my $ns = 0;
    $self->{pids} //= [ family($self->{pid}) ];
    for (map { glob "/proc/$_/task/*/schedstat" } @{ $self->{pids} }) {
        $ns += (split ' ', slurp($_) // '0')[0];
    }
    return $ns / 1e9;
}

sub stop {
    my ($self) = @_;
    delete $self->{pids};
    my $pid = delete $self->{pid} or return;
    for my $signal (qw(TERM KILL)) {
        kill $signal, $pid;
        my $end = time + STOP;
        while (time < $end) {
            return if waitpid($pid, POSIX::WNOHANG());
            sleep 0.01;
        }
    }
    return;
}

1;
