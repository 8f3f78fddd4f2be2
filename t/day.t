#!/usr/bin/perl
# A day in a few seconds: fifty applications obtain tokens that live for seconds from the example's backend, and
# call its interfaces. Each answer is compared with what its token permitted at that time.

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use File::Temp ();
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use MIME::Base64 qw(encode_base64);
use POSIX qw(ceil);
use Test::More;
use Time::HiRes qw(sleep time);
use EIAM::Example qw(documented_interfaces example_call permission_codes);
use EIAM::Test;

use constant { APPLICATIONS => 50, PROCESSES => 5, SECONDS => 10.5, PAUSE => 0.25, LIFETIME => 4, ZONE => 160 * 1024 };

my $json = JSON::PP->new->utf8->canonical;
my $interfaces = documented_interfaces();
my $document = $json->decode(slurp(top_dir() . '/conf/eiam-openapi.json'));
my @codes = permission_codes($document);
my %of_interface = map { ($_ => 1) } map { @{ $_->{scopes} } } @$interfaces;
my @others = grep { !$of_interface{$_} } @codes;
my $base = '/api/v2/tenant';

# ---- fifty applications

# The permissions that the backend has for each: some have one that the interfaces need, some several, some none;
# all have others, too.
sub scopes_of {
    my ($n) = @_;
    my @few = qw(org_all org_read app_org_all account_all);
    my @scopes = grep { defined } map { $n >> $_ & 1 ? $few[$_] : undef } 0 .. 3;
    push @scopes, 'all' if $n % 16 == 13;
    push @scopes, 'read' if $n % 16 == 12;
    return sort @scopes, map { $others[ ($n + $_) % @others ] } 0 .. 9;
}

# The applications file: it does not name a fifth of them; the others have the same permissions, fewer, more or
# none.
sub permissions_of {
    my ($n, @scopes) = @_;
    return (undef, [@scopes], [ @scopes[ grep { $_ % 2 } 0 .. $#scopes ] ], [@codes], [])[ $n / 10 % 5 ];
}

my @applications = map {
    my @scopes = scopes_of($_);
    my $permissions = permissions_of($_, @scopes);
    {   number => $_, id => sprintf('application-%02d', $_), secret => "secret $_: 100%+",
        scopes => \@scopes, permissions => $permissions, disabled => $_ == 49 }
} 0 .. APPLICATIONS - 1;

# The file at noon: some are disabled, one loses everything, one has all, one is left out, and one is enabled.
my %noon = ((map { ($_ => { disabled => 1 }) } 10, 11, 21, 31, 33, 45), 12 => { permissions => [] }, 25 => { permissions => [@codes] },
    14 => { permissions => undef }, 49 => { disabled => 0, permissions => [@codes] });
my @changed = map { +{ %$_, %{ $noon{ $_->{number} } // {} } } } @applications;

sub file_of {
    return applications(map { { id => $_->{id}, permissions => $_->{permissions}, enabled => !$_->{disabled} } }
        grep { $_->{permissions} } @_);
}

# Which calls the application may make while its token lives, or why not.
sub verdict {
    my ($application, $interface) = @_;
    return 'application_disabled' if $application->{disabled} && $application->{permissions};
    my %limit = map { ($_ => 1) } @{ $application->{permissions} // \@codes };
    my %has = map { ($_ => 1) } grep { $limit{$_} } @{ $application->{scopes} };
    return grep({ $has{$_} } @{ $interface->{scopes} }) ? 'passed' : 'scope_insufficient';
}

# ---- the example's backend

my $dir = File::Temp->newdir('eiam-day-XXXXXX', TMPDIR => 1);
my $backend = EIAM::Example->new('--token-lifetime', LIFETIME);

# Adds the clients with their permissions to the database that the backend has created.
sub register {
    open my $python, '|-', '/usr/bin/python3', '-c', <<'END', $backend->database or die "python3: $!";
import json, sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=10)
for client in json.load(sys.stdin):
    db.execute("INSERT INTO clients VALUES (?, ?)", (client["id"], client["sha256"]))
    for code in client["scopes"]:
        db.execute("INSERT INTO client_permissions VALUES (?, ?)", (client["id"], code))
db.commit()
END
    print {$python} $json->encode([ map {
        { id => $_->{id}, sha256 => sha256_hex($_->{secret}), scopes => $_->{scopes} } } @_ ]);
    close $python or die 'the clients are not registered';
    return;
}
register(@applications);

# ---- the gate, with a zone that is too small for all tokens of the day

my $gate = nginx(
    files => { 'apps.json' => file_of(@applications) },
    workers => 3,
    events => 'worker_connections 2048;',
    http => 'eiam_zone eiam ' . ZONE . ';',
    server => qq{
        location $base/ {
            eiam on;
            eiam_policy @{[ top_dir() ]}/conf/eiam-openapi.json;
            eiam_applications %DIR%/apps.json;
            proxy_pass http://@{[ $backend->address ]};

            location = $base/token {
                eiam_learn on;
                proxy_pass http://@{[ $backend->address ]};
            }
        }
    },
)->start;

# ---- what clients do

my %reason = map { ("GATEWAY.$EIAM::Test::REFUSAL{$_}[1]" => $_) } keys %EIAM::Test::REFUSAL;

# [ time when sent, time when answered, 'passed' or the reason, answer ]
sub timed {
    my ($status, @request) = @_;
    my $sent = time;
    my $res = eval { get($gate, @request) } // { status => "no answer, $@" };
    my $outcome = $res->{status} eq $status ? 'passed'
        : $reason{ ($res->{json} // {})->{error_code} // '' } // "$res->{status} " . ($res->{body} // '');
    return [ $sent, time, $outcome, $res ];
}

sub encoded { return $_[0] =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/ger }

# The credentials in the Basic scheme, in the form or in the query, whichever the application uses.
sub obtain {
    my ($application) = @_;
    my ($id, $secret) = map { encoded($application->{$_}) } qw(id secret);
    my $client = "client_id=$id&client_secret=$secret";
    my $form = 'grant_type=client_credentials';
    my @headers = 'Content-Type: application/x-www-form-urlencoded';
    my $way = $application->{number} % 3;
    push @headers, 'Authorization: Basic ' . encode_base64("$id:$secret", '') if $way == 0;
    my $answer = timed(200, $way == 2 ? "$base/token?$client" : "$base/token", method => 'POST', headers => \@headers,
        body => $way == 1 ? "$form&$client" : $form);
    my ($sent, $received, $outcome, $res) = @$answer;
    my %call = (application => $application->{number}, sent => $sent, received => $received, outcome => $outcome);
    return (\%call) if $outcome ne 'passed';
    my $token = { value => $res->{json}{access_token}, sent => $sent, received => $received,
        lives => $res->{json}{expires_in} };
    return (\%call, $token);
}

sub ask {
    my ($interface, $token) = @_;
    return timed($interface->{status}, example_call($interface), token => $token);
}

# A client of an application: it renews its token a bit early, when it is refused, or for each call.
sub client {
    my ($application) = @_;
    return {
        application => $application, number => $application->{number}, due => time + rand PAUSE, old => [], tokens => 0, steps => 0,
        style => (qw(early refused refused early each))[ $application->{number} % 5 ],
    };
}

sub renew {
    my ($client, $notes) = @_;
    my ($call, $token) = obtain($client->{application});
    push @$notes, $call;
    return unless $token;
    $client->{tokens}++;
    push @{ $client->{old} }, $client->{token} if $client->{token};
    $client->{token} = $call->{token} = $token;
    return;
}

sub is_due {
    my ($client) = @_;
    my $token = $client->{token} or return 1;
    return $client->{style} eq 'each' || $client->{style} eq 'early' && time > $token->{sent} + $token->{lives} - 1.5;
}

sub call_with {
    my ($client, $token, $notes) = @_;
    my $i = $client->{calls}++ % @$interfaces;
    my ($sent, $received, $outcome) = @{ ask($interfaces->[$i], $token->{value}) };
    push @$notes, { application => $client->{number}, interface => $i, token => $token, sent => $sent,
        received => $received, outcome => $outcome, used => $token->{used} // $token->{received} // $sent };
    $token->{used} = $received;
    return $outcome;
}

# A valid call, and now and then one with an old token and one with an invented token.
sub step {
    my ($client, $notes) = @_;
    renew($client, $notes) if is_due($client);
    my $token = $client->{token};
    if ($token) {
        my $outcome = call_with($client, $token, $notes);
        if ($client->{style} ne 'early' && $outcome =~ /^token_/) {
            renew($client, $notes);
            call_with($client, $client->{token}, $notes);
        }
    }
    my $n = $client->{steps}++;
    my $old = $client->{old};
    call_with($client, $old->[ rand @$old ], $notes) if $n % 4 == 3 && @$old;
    call_with($client, { value => "invented-$n-" . rand, unknown => 1 }, $notes) if $n % 8 == 5;
    call_with($client, { value => substr($token->{value}, 0, -1) . '.', unknown => 1 }, $notes) if $n % 8 == 1 && $token;
    $client->{due} += PAUSE;
    return;
}

sub touch { open my $out, '>', $_[0] or die "$_[0]: $!\n"; return close $out }

# A process that plays several clients, and records its calls and their answers. On a busy machine
# the day is longer: noon comes when each client had several tokens, and the evening when each has called again.
sub work {
    my ($number) = @_;
    my ($begin, $noon, @notes) = (time);
    srand $number;
    my @clients = map { client($_) } grep { $_->{number} % PROCESSES == $number } @applications;
    while (1) {
        my ($next) = sort { $a->{due} <=> $b->{due} } @clients;
        my $now = time;
        last if $noon && $now > $noon + SECONDS / 2 && !grep { $_->{steps} < $_->{at_noon} + 4 } @clients or $now > $begin + 120;
        sleep $next->{due} - $now if $next->{due} > $now;
        step($next, \@notes);
        if (!$noon && -e "$dir/noon") {
            $noon = time;
            $_->{at_noon} = $_->{steps} for @clients;
        }
        touch("$dir/morning-$number") if !grep { $_->{tokens} < 2 && !$_->{application}{disabled} } @clients;
    }
    open my $out, '>', "$dir/notes-$number" or die $!;
    print {$out} $json->encode(\@notes);
    close $out or die $!;
    return;
}

my @workers;
for my $number (0 .. PROCESSES - 1) {
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        eval { work($number); 1 } or print {*STDERR} $@;
        POSIX::_exit(0);
    }
    push @workers, $pid;
}

# ---- noon

sleep SECONDS / 2;
until_true(sub { !grep { !-e "$dir/morning-$_" } 0 .. PROCESSES - 1 }, 60);
$gate->write_file('apps.json' => file_of(@changed));
my $from = time;
ok $gate->reload, 'at noon, a reload with other permissions';
my $to = time + 0.2;
touch("$dir/noon");

waitpid $_, 0 for @workers;
my @notes = map { @{ $json->decode(slurp("$dir/notes-$_") // '[]') } } 0 .. PROCESSES - 1;

# ---- the judgement

# The permitted answers: those of the morning, those of the afternoon, or both while nginx reloads.
sub expected {
    my ($note) = @_;
    my $n = $note->{application};
    my @valid = ($note->{sent} < $to ? $applications[$n] : (), $note->{received} > $from ? $changed[$n] : ());
    return map { $_->{disabled} && $_->{permissions} ? 'application_disabled' : 'passed' } @valid
        unless defined $note->{interface};
    my $token = $note->{token};
    return 'token_invalid' if $token->{unknown};
    my @alive = map { verdict($_, $interfaces->[ $note->{interface} ]) } @valid;

    # The gate may forget a grant that is not used, and counts in whole seconds.
    my @dead = $note->{sent} - $note->{used} > 1 ? 'token_invalid' : ();
    return (@alive, @dead) if $note->{received} < $token->{sent} + $token->{lives} - 1;
    @dead = ('token_expired', 'token_invalid');
    return @dead if $note->{sent} >= $token->{received} + $token->{lives} + 1;
    return (@alive, @dead);
}

my (%seen, @wrong, %issued);
for my $note (@notes) {
    my @expected = expected($note);
    my $kind = defined $note->{interface} ? "interface $note->{interface}" : 'token';
    $seen{$kind}{ $note->{outcome} }++ if @expected == 1;
    $seen{over}{ $note->{outcome} }++ if @expected == 2 && !grep { !/^token_/ } @expected;
    $seen{all}{ $note->{outcome} }++;
    $issued{ $note->{application} }++ if !defined $note->{interface} && $note->{token};
    push @wrong, "application $note->{application}, $kind: $note->{outcome}, expected @expected, token: "
        . $json->encode($note->{token} // {}) . ", $note->{sent} to $note->{received}"
        unless grep { $_ eq $note->{outcome} } @expected;
}

is scalar @wrong, 0, 'not one call refused that should pass, not one passed that should be refused'
    or diag join "\n", scalar(@wrong) . ' of ' . @notes, @wrong[ 0 .. ($#wrong < 19 ? $#wrong : 19) ];
cmp_ok scalar @notes, '>', 500, 'they were many: ' . $json->encode($seen{all});
for my $i (0 .. $#$interfaces) {
    for my $outcome (qw(passed scope_insufficient token_invalid)) {
        cmp_ok $seen{"interface $i"}{$outcome} // 0, '>', 0, "$interfaces->[$i]{method} $interfaces->[$i]{path}: $outcome";
    }
}
cmp_ok scalar(grep { $seen{"interface $_"}{application_disabled} } 0 .. $#$interfaces), '>', 0,
    'some of applications that had just been disabled';
cmp_ok $seen{token}{$_} // 0, '>', 0, "token calls: $_" for qw(passed application_disabled);
cmp_ok $seen{over}{token_expired} // 0, '>', 0, 'tokens that are over were tried';
is scalar(grep { ($issued{$_} // 0) < 2 } 0 .. APPLICATIONS - 1), 0, 'each application had several tokens'
    or diag $json->encode(\%issued);

# ---- what is left of it in the zone

my @tokens = sort { $a->{received} <=> $b->{received} }
    map { $_->{token} } grep { !defined $_->{interface} && $_->{token} } @notes;
my $shortest = (sort { $a <=> $b } map { length "$_->{id}@{ $_->{scopes} }" } @applications)[0];
my $bytes = 64 + 64 * ceil($shortest / 60);

# A slow machine issues fewer tokens.
for (1 .. ceil(ZONE / $bytes)) {
    push @tokens, (obtain($applications[3]))[1] if @tokens * $bytes <= ZONE;
}
cmp_ok @tokens * $bytes, '>', ZONE, @tokens . ' tokens have no room in the zone';
my ($known, @late) = 0;
for my $token (@tokens) {
    my $over = time >= $token->{received} + $token->{lives} + 1;
    my $outcome = ask($interfaces->[1], $token->{value})->[2];
    $known++ if $outcome ne 'token_invalid';
    push @late, $outcome if $over && $outcome !~ /^token_/;
}
cmp_ok $known, '>', 0, "$known of them are still known";
cmp_ok $known * $bytes, '<=', ZONE, '  not more than it has room for';
is_deeply \@late, [], '  and none passes that is over';

my ($call, $token) = obtain($applications[3]);
is $call->{outcome}, 'passed', 'one more token';
is ask($interfaces->[1], $token->{value})->[2], verdict($changed[3], $interfaces->[1]), '  is known at once';

done_testing;
