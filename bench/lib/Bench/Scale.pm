package Bench::Scale;

# The arithmetic of growth, and a simulation of gateways that each have a cache
# of their own and ask one authorization server.

use strict;
use warnings;

use POSIX qw(ceil);

use constant {
    VALID => 300, NEGATIVE => 10,    # s: eiam_cache_valid, eiam_cache_negative
    LATENCY => 0.02,                 # s: of an introspection
    LIMIT => 64,                     # half of eiam_introspection_limit 128: of new tokens
    REVOKED => 0.1,                  # of the tokens
    CROWD => 0.05,                   # of the calls: what is a crowd
    SEED => 20_261_121,
    CALLS => 0.5, LIFE => 1800,      # per second, and s: of a token that gateways share
    OUTAGE => 10,                    # s without Redis
    CELL => 64, MB => 1024 * 1024,   # bytes
};

# ---- workers at a lock

# Requests per second of k workers whose requests take that many microseconds of
# a core, "hold" of these under the common lock, and how many workers then wait
# for the lock: mean value analysis of a closed system with one queue (the lock)
# and a delay (the rest of the request).
sub worker {
    my ($k, $request, $hold, $queue) = @_;
    my $locked = $hold * (1 + $queue);
    my $rate = $k / ($request - $hold + $locked);
    return (1e6 * $rate, $rate * $locked);
}

sub workers {
    my ($n, $request, $hold) = @_;
    my ($rate, $queue) = (0, 0);
    ($rate, $queue) = worker($_, $request, $hold, $queue) for 1 .. $n;
    return $rate;
}

# The number of workers at which that share is lost.
sub until_lost {
    my ($part, $request, $hold) = @_;
    my ($n, $rate, $queue) = (0, 0, 0);
    do {
        $n++;
        ($rate, $queue) = worker($n, $request, $hold, $queue);
    } while $n < 100_000 && $rate > (1 - $part) * 1e6 * $n / $request;
    return $n;
}

# ---- a zone

# Megabytes for so many grants: cells of 64 bytes, an index of 4 bytes for the
# largest power of two of cells, 15/16 of the pages (a part of 16 is left to the
# slab allocator), and of these a part of 16 for counters, one of 10 for
# revocations, one of 64 for who is refused, one of 32 for what has been used, and
# one of 32, at most, for refusals; flights are 80 KB at most.
sub zone {
    my ($grants, $bytes) = @_;
    my $cells = $grants * $bytes;
    my $heads = 1;
    $heads *= 2 while $heads * 2 <= $cells / CELL;
    my $megabytes = ($cells + 4 * $heads) / MB / (15 / 16 * (1 - 1 / 16 - 1 / 10 - 1 / 64 - 2 / 32));
    return { cells => $cells / MB, index => 4 * $heads / MB, megabytes => ceil($megabytes) };
}

# ---- without Redis

# The share of the calls that a gateway refuses while it cannot ask Redis, as it
# has not seen the token before: issued by another gateway, and either meanwhile
# or not called here between its issue and the outage. And the share that would
# be refused at all times if gateways shared nothing.
sub unknown {
    my ($gateways) = @_;
    my ($elsewhere, $pause) = (1 - 1 / $gateways, $gateways / CALLS);
    my $meanwhile = OUTAGE / 2 / LIFE;
    my $before = $pause / LIFE * (1 - exp(-(LIFE - OUTAGE / 2) / $pause));
    return { shared => $elsewhere * ($meanwhile + $before), alone => $elsewhere };
}

# The same, seen: tokens that are issued at random times, each by one of the
# gateways, and called at random times at any of them.
sub simulate_unknown {
    my ($gateways, $tokens) = @_;
    srand SEED;
    my %seen = map { ($_ => 0) } qw(calls shared alone);
    for (1 .. $tokens * (LIFE + OUTAGE) / LIFE) {
        my $issued = OUTAGE - rand LIFE + OUTAGE;    # the outage begins at 0
        my $issuer = int rand $gateways;
        my %known  = ($issuer => 1);
        my $end    = $issued + LIFE < OUTAGE ? $issued + LIFE : OUTAGE;
        for (my $now = $issued; ($now -= log(1 - rand) / CALLS) < $end; ) {
            my $gateway = int rand $gateways;
            if ($now < 0) {
                $known{$gateway} = 1;
                $now = 0 if keys %known == $gateways;    # nothing more to learn
                next;
            }
            $seen{calls}++;
            $seen{shared}++ if !$known{$gateway};
            $seen{alone}++  if $gateway != $issuer;
        }
    }
    return { map { ($_ => $seen{$_} / $seen{calls}) } qw(shared alone) };
}

# ---- questions to the authorization server

# A gateway asks about a token when it is used and the last answer is older than
# the cache keeps it: once in VALID plus the time to the next use.
sub steady {
    my ($tokens, $rate, $gateways, $life) = @_;
    my $pairs = $tokens * $gateways;
    return $pairs / (($life // VALID) + $pairs / $rate);
}

# The first second of gateways that all start empty: the questions that they
# would ask, and those that they may ask, as each has a limit of questions under
# way.
sub cold {
    my ($tokens, $rate, $gateways, $limit) = @_;
    my $pairs = $tokens * $gateways;
    my ($asked, $most) = ($pairs * (1 - exp(-$rate / $pairs)), $gateways * ($limit // LIMIT) / LATENCY);
    return $asked < $most ? $asked : $most;
}

# And how long they refuse tokens because too many are unknown: until no more
# unknown tokens arrive in a second than may be asked about.
sub crowded {
    my ($tokens, $rate, $gateways, $limit) = @_;
    my $most = $gateways * ($limit // LIMIT) / LATENCY;
    return $rate > $most ? $tokens * $gateways * (1 - $most / $rate) / $most : 0;
}

# What the simulation is expected to find.
sub expected {
    my (%how) = @_;
    my ($tokens, $rate, $gateways, $limit) = @how{qw(tokens rate gateways limit)};
    my $pairs = $tokens * $gateways;
    return { cold => cold($tokens, $rate, $gateways, $limit),
        crowded => crowded($tokens, $rate, $gateways, $limit) } if $how{empty};
    my $gap = $pairs / $rate;    # s between two requests of a token at a gateway
    my $revoked = int $tokens * REVOKED;
    return {
        steady => steady($tokens, $rate, $gateways),
        # a pair has an answer for VALID of VALID + gap, and half of its life is left
        passed => $revoked * $gateways * VALID / (VALID + $gap) * VALID / 2 / $gap,
        refused => steady($revoked, $rate * $revoked / $tokens, $gateways, NEGATIVE),
        last => VALID,
    };
}

# Requests at random times with any token at any gateway. Each gateway has a
# cache of its own, and one flight per token, for which all others wait. A cache
# stores until when an answer is valid, and whether it is a refusal.
sub simulate {
    my (%how) = @_;
    srand SEED;
    return $how{empty} ? simulate_empty(\%how) : simulate_revocation(\%how);
}

# All caches are empty.
sub simulate_empty {
    my ($how) = @_;
    my ($tokens, $rate, $gateways, $limit) = @$how{qw(tokens rate gateways limit)};
    my $end = crowded($tokens, $rate, $gateways, $limit) + 2;
    my (%until, @flights, @crowd);
    my %seen = (cold => 0, crowded => 0);

    for (my $now = 0; $now < $end; $now -= log(1 - rand) / $rate) {
        my $gateway = int rand $gateways;
        my $pair    = $gateway * $tokens + int rand $tokens;
        next if exists $until{$pair};

        my $under_way = $flights[$gateway] //= [];
        shift @$under_way while @$under_way && $under_way->[0] <= $now;
        if (@$under_way >= $limit) {
            $crowd[$now]++;
            next;
        }
        push @$under_way, $now + LATENCY;
        $until{$pair} = 1;
        $seen{cold}++ if $now < 1;
    }
    $seen{crowded} = grep { ($_ // 0) > $rate * CROWD } @crowd;    # seconds
    return \%seen;
}

# Caches as they are after a long time. Some tokens are revoked after one life
# of a grant; their cost is counted once the last grant of these has expired.
sub simulate_revocation {
    my ($how) = @_;
    my ($tokens, $rate, $gateways) = @$how{qw(tokens rate gateways)};
    my ($revocation, $known, $end) = map { $_ * VALID } 1, 2, 3;
    my $revoked = int $tokens * REVOKED;
    my $alive = VALID / (VALID + $tokens * $gateways / $rate);
    my (@refused, @until);
    for my $pair (0 .. $tokens * $gateways - 1) { $until[$pair] = rand() < $alive ? VALID * rand : 0 }
    my %seen = map { ($_ => 0) } qw(steady passed refused last);

    for (my $now = 0; $now < $end; $now -= log(1 - rand) / $rate) {
        my $token = int rand $tokens;
        my $pair  = $token * $gateways + int rand $gateways;
        my $gone  = $token < $revoked && $now >= $revocation;

        if ($until[$pair] > $now) {
            next if !$gone || $refused[$pair];
            $seen{passed}++;
            $seen{last} = $now - $revocation;
            next;
        }
        $until[$pair]   = $now + LATENCY + ($gone ? NEGATIVE : VALID);
        $refused[$pair] = $gone;

        $seen{steady}++  if $now < $revocation;
        $seen{refused}++ if $gone && $now >= $known;
    }
    $seen{steady}  /= $revocation;
    $seen{refused} /= $end - $known;
    return \%seen;
}

1;
