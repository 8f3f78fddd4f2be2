
/*
 * eiam_bench_zone entries size lookups rounds;
 *
 * Learns so many grants in a zone of this size and looks them up in several
 * ways.  Prints "zone cells entries", then for each round of each way
 * "way look-ups nanoseconds", of processor time.  bench/zone counts the
 * instructions of ngx_eiam_unit_bench_look() meanwhile.
 *
 * eiam_bench_lock zones processes entries size milliseconds;
 *
 * Processes that do nothing but look up grants, all in one zone or each in
 * one of its own.  Prints "process look-ups nanoseconds processor-time" for
 * each.
 */

#include "ngx_eiam_unit_zone.h"
#include <ngx_eiam_revoke.h>

#include <sched.h>
#include <sys/mman.h>
#include <time.h>


#define NGX_EIAM_UNIT_BENCH_PROCESSES  16
#define NGX_EIAM_UNIT_BENCH_STRETCH    1024     /* look-ups at a time */


typedef enum {
    NGX_EIAM_UNIT_BENCH_LOCK,            /* locks and unlocks, nothing else */
    NGX_EIAM_UNIT_BENCH_SAME,            /* one grant, repeatedly */
    NGX_EIAM_UNIT_BENCH_ANY,             /* in random order */
    NGX_EIAM_UNIT_BENCH_FIRST,           /* random, each new in its second */
    NGX_EIAM_UNIT_BENCH_NONE,            /* unknown tokens */
    NGX_EIAM_UNIT_BENCH_WAYS
} ngx_eiam_unit_bench_e;


typedef struct {
    ngx_eiam_unit_zone_t    z;
    ngx_eiam_source_t      *source;
    ngx_eiam_digest_t      *digests;     /* of tokens, in random order */
    ngx_uint_t              entries;
    ngx_uint_t              next;        /* the next one to be looked up */
} ngx_eiam_unit_bench_t;


typedef struct {
    ngx_uint_t              lookups;
    uint64_t                elapsed;     /* ns */
    uint64_t                processor;   /* ns */
} ngx_eiam_unit_bench_count_t;


typedef struct {
    volatile ngx_uint_t          ready;
    ngx_eiam_unit_bench_count_t  counts[NGX_EIAM_UNIT_BENCH_PROCESSES];
} ngx_eiam_unit_bench_race_t;


static const char *ngx_eiam_unit_bench_make(ngx_conf_t *cf,
    ngx_eiam_unit_bench_t *b, ngx_uint_t entries, size_t size);
static ngx_int_t ngx_eiam_unit_bench_fill(ngx_eiam_unit_bench_t *b);
static void ngx_eiam_unit_bench_digest(uint64_t n, ngx_eiam_digest_t digest);
ngx_uint_t ngx_eiam_unit_bench_look(ngx_eiam_unit_bench_t *b,
    ngx_eiam_unit_bench_e way, ngx_uint_t lookups)
    __attribute__((noinline));
static uint64_t ngx_eiam_unit_bench_clock(clockid_t clock);
static const char *ngx_eiam_unit_bench_start(ngx_eiam_unit_bench_race_t *race,
    ngx_eiam_unit_bench_t *b, ngx_uint_t zones, ngx_uint_t processes,
    ngx_msec_t time);
static void ngx_eiam_unit_bench_pin(ngx_uint_t process);
static void ngx_eiam_unit_bench_run(ngx_eiam_unit_bench_race_t *race,
    ngx_eiam_unit_bench_t *b, ngx_uint_t processes, ngx_msec_t time,
    ngx_eiam_unit_bench_count_t *count);


static const char  *ngx_eiam_unit_bench_names[] = {
    "lock", "same", "any", "first", "none"
};


char *
ngx_eiam_unit_bench_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    u_char                  line[64];
    uint64_t                start;
    ngx_str_t              *value;
    const char             *fault;
    ngx_uint_t              way, round, rounds, lookups, found;
    ngx_eiam_unit_bench_t   b;
    ngx_eiam_unit_clock_t   clock;

    value = cf->args->elts;
    lookups = (ngx_uint_t) ngx_atoi(value[3].data, value[3].len);
    rounds = (ngx_uint_t) ngx_atoi(value[4].data, value[4].len);

    ngx_eiam_unit_clock_stop(&clock);

    fault = ngx_eiam_unit_bench_make(cf, &b,
                             ngx_atoi(value[1].data, value[1].len),
                             ngx_parse_size(&value[2]));
    if (fault) {
        return (char *) fault;
    }

    (void) ngx_write_fd(ngx_stdout, line,
                        ngx_sprintf(line, "zone %uD %ui\n",
                                    b.z.zone.shared->grants.ncells - 1,
                                    b.entries) - line);

    for (round = 0; round < rounds; round++) {

        for (way = 0; way < NGX_EIAM_UNIT_BENCH_WAYS; way++) {

            ngx_eiam_unit_clock_pass(1000);

            start = ngx_eiam_unit_bench_clock(CLOCK_PROCESS_CPUTIME_ID);
            found = ngx_eiam_unit_bench_look(&b, way, lookups);
            start = ngx_eiam_unit_bench_clock(CLOCK_PROCESS_CPUTIME_ID)
                    - start;

            if (found != (way == NGX_EIAM_UNIT_BENCH_NONE ? 0 : lookups)) {
                return "finds what it should not, or not what it should";
            }

            (void) ngx_write_fd(ngx_stdout, line,
                                ngx_sprintf(line, "%s %ui %uL\n",
                                            ngx_eiam_unit_bench_names[way],
                                            lookups, start) - line);
        }
    }

    ngx_eiam_unit_clock_go(&clock);
    ngx_eiam_unit_zone_close(&b.z);

    return NGX_CONF_OK;
}


static const char *
ngx_eiam_unit_bench_make(ngx_conf_t *cf, ngx_eiam_unit_bench_t *b,
    ngx_uint_t entries, size_t size)
{
    uint32_t           seed, other;
    ngx_uint_t         i;
    ngx_eiam_unit_t    unit;
    ngx_eiam_digest_t  digest;

    ngx_memzero(&unit, sizeof(ngx_eiam_unit_t));

    unit.cf = cf;
    unit.pool = cf->pool;

    if (ngx_eiam_digest_init() != NGX_OK) {
        return "found no SHA-256";
    }

    b->next = 0;
    b->entries = entries;
    b->digests = ngx_palloc(cf->temp_pool,
                            entries * sizeof(ngx_eiam_digest_t));
    if (b->digests == NULL) {
        return "has no memory";
    }

    ngx_eiam_unit_zone_make(&unit, &b->z, size);
    b->source = *(ngx_eiam_source_t **) b->z.zone.sources.elts;

    for (i = 0; i < entries; i++) {
        ngx_eiam_unit_bench_digest(i, b->digests[i]);
    }

    if (ngx_eiam_unit_bench_fill(b) != NGX_OK) {
        return "has too small a zone for the entries";
    }

    for (seed = 1, i = entries - 1; i > 0; i--) {
        other = ngx_eiam_unit_random(&seed, i + 1);
        ngx_memcpy(digest, b->digests[i], NGX_EIAM_DIGEST_LEN);
        ngx_memcpy(b->digests[i], b->digests[other], NGX_EIAM_DIGEST_LEN);
        ngx_memcpy(b->digests[other], digest, NGX_EIAM_DIGEST_LEN);
    }

    return NULL;
}


static ngx_int_t
ngx_eiam_unit_bench_fill(ngx_eiam_unit_bench_t *b)
{
    ngx_uint_t         i;
    ngx_eiam_grant_t   grant;

    ngx_memzero(&grant, sizeof(ngx_eiam_grant_t));

    ngx_str_set(&grant.application, "crm");
    grant.implicit = 1;
    grant.expires = NGX_EIAM_NEVER;

    /* as nothing has been revoked since, a look-up has nothing to check */

    grant.generation = ngx_eiam_revoke_generation(&b->z.zone);

    for (i = 0; i < b->entries; i++) {
        ngx_eiam_source_learn(b->source, b->digests[i], &grant);
    }

    return b->z.zone.shared->grants.entries == b->entries ? NGX_OK
                                                          : NGX_ERROR;
}


/* in place of SHA-256, as it is faster: splitmix64 */

static void
ngx_eiam_unit_bench_digest(uint64_t n, ngx_eiam_digest_t digest)
{
    uint64_t    word;
    ngx_uint_t  i;

    n *= NGX_EIAM_DIGEST_LEN;

    for (i = 0; i < NGX_EIAM_DIGEST_LEN; i += sizeof(uint64_t)) {
        word = (n + i + 1) * 0x9e3779b97f4a7c15ull;
        word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9ull;
        word = (word ^ (word >> 27)) * 0x94d049bb133111ebull;
        word ^= word >> 31;
        ngx_memcpy(digest + i, &word, sizeof(uint64_t));
    }
}


/* as a request does it: the digest yields the key, and the key the grant */

ngx_uint_t
ngx_eiam_unit_bench_look(ngx_eiam_unit_bench_t *b, ngx_eiam_unit_bench_e way,
    ngx_uint_t lookups)
{
    ngx_uint_t            i, found;
    ngx_eiam_digest_t     digest;
    ngx_eiam_question_t   question;

    found = 0;

    for (i = 0; i < lookups; i++) {

        if (way == NGX_EIAM_UNIT_BENCH_LOCK) {
            ngx_eiam_zone_lock(&b->z.zone);
            ngx_eiam_zone_unlock(&b->z.zone);
            found++;
            continue;
        }

        if (b->next == b->entries) {
            b->next = 0;

            if (way == NGX_EIAM_UNIT_BENCH_FIRST) {
                ngx_eiam_unit_clock_pass(1000);
            }
        }

        ngx_memcpy(digest,
                   b->digests[way == NGX_EIAM_UNIT_BENCH_SAME ? 0 : b->next++],
                   NGX_EIAM_DIGEST_LEN);

        if (way == NGX_EIAM_UNIT_BENCH_NONE) {
            digest[NGX_EIAM_DIGEST_LEN - 1] ^= 0x01;
        }

        ngx_eiam_source_key(b->source, digest, question.key);
        found += (ngx_eiam_source_recall(b->source, &question) == NGX_OK);
    }

    return found;
}


static uint64_t
ngx_eiam_unit_bench_clock(clockid_t clock)
{
    struct timespec  t;

    (void) clock_gettime(clock, &t);

    return (uint64_t) t.tv_sec * 1000000000 + t.tv_nsec;
}


char *
ngx_eiam_unit_bench_lock(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    u_char                        line[96];
    ngx_int_t                     n[6];
    ngx_str_t                    *value;
    ngx_uint_t                    i;
    const char                   *fault;
    ngx_eiam_unit_bench_t         b[NGX_EIAM_UNIT_BENCH_PROCESSES];
    ngx_eiam_unit_bench_race_t   *race;
    ngx_eiam_unit_bench_count_t  *count;

    value = cf->args->elts;

    for (i = 1; i < 6; i++) {
        n[i] = (i == 4) ? (ngx_int_t) ngx_parse_size(&value[i])
                        : ngx_atoi(value[i].data, value[i].len);
    }

    if (n[1] < 1 || n[1] > n[2] || n[2] > NGX_EIAM_UNIT_BENCH_PROCESSES) {
        return "has too many zones or processes, or none";
    }

    race = mmap(NULL, sizeof(ngx_eiam_unit_bench_race_t),
                PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANON, -1, 0);
    if (race == MAP_FAILED) {
        return "has no memory";
    }

    for (i = 0; i < (ngx_uint_t) n[1]; i++) {
        fault = ngx_eiam_unit_bench_make(cf, &b[i], n[3], n[4]);
        if (fault) {
            return (char *) fault;
        }
    }

    fault = ngx_eiam_unit_bench_start(race, b, n[1], n[2], n[5]);
    if (fault) {
        return (char *) fault;
    }

    for (i = 0; i < (ngx_uint_t) n[2]; i++) {
        count = &race->counts[i];
        (void) ngx_write_fd(ngx_stdout, line,
                            ngx_sprintf(line, "process %ui %uL %uL\n",
                                        count->lookups, count->elapsed,
                                        count->processor) - line);
    }

    return NGX_CONF_OK;
}


static const char *
ngx_eiam_unit_bench_start(ngx_eiam_unit_bench_race_t *race,
    ngx_eiam_unit_bench_t *b, ngx_uint_t zones, ngx_uint_t processes,
    ngx_msec_t time)
{
    int         status;
    ngx_pid_t   pid[NGX_EIAM_UNIT_BENCH_PROCESSES];
    ngx_uint_t  i, failed;

    failed = 0;

    for (i = 0; i < processes; i++) {

        pid[i] = fork();

        if (pid[i] == 0) {
            ngx_pid = ngx_getpid();          /* the owner of the lock */
            ngx_eiam_unit_bench_pin(i);
            b = &b[i % zones];
            b->next = i * b->entries / processes;
            ngx_eiam_unit_bench_run(race, b, processes, time,
                                    &race->counts[i]);
            _exit(0);
        }

        if (pid[i] == -1) {
            race->ready = processes;         /* the others need not wait for
                                                it */
            processes = i;
            failed = 1;
        }
    }

    for (i = 0; i < processes; i++) {
        failed |= (waitpid(pid[i], &status, 0) != pid[i] || status != 0);
    }

    return failed ? "has a process that failed" : NULL;
}


/* each process gets a core of its own as long as there are any */

static void
ngx_eiam_unit_bench_pin(ngx_uint_t process)
{
    cpu_set_t   all, one;
    ngx_uint_t  core, n;

    if (sched_getaffinity(0, sizeof(cpu_set_t), &all) == -1) {
        return;
    }

    n = process % CPU_COUNT(&all);

    for (core = 0; core < CPU_SETSIZE; core++) {

        if (CPU_ISSET(core, &all) && n-- == 0) {
            CPU_ZERO(&one);
            CPU_SET(core, &one);
            (void) sched_setaffinity(0, sizeof(cpu_set_t), &one);
            return;
        }
    }
}


/* the clock advances as in a worker, which reads it between events */

static void
ngx_eiam_unit_bench_run(ngx_eiam_unit_bench_race_t *race,
    ngx_eiam_unit_bench_t *b, ngx_uint_t processes, ngx_msec_t time,
    ngx_eiam_unit_bench_count_t *count)
{
    uint64_t    start, processor;
    ngx_msec_t  end;
    ngx_uint_t  found;

    (void) ngx_atomic_fetch_add((ngx_atomic_t *) &race->ready, 1);

    while (race->ready < processes) {
        (void) sched_yield();
    }

    ngx_time_update();

    end = ngx_current_msec + time;
    start = ngx_eiam_unit_bench_clock(CLOCK_MONOTONIC);
    processor = ngx_eiam_unit_bench_clock(CLOCK_PROCESS_CPUTIME_ID);
    found = 0;

    while ((ngx_msec_int_t) (end - ngx_current_msec) > 0) {
        found += ngx_eiam_unit_bench_look(b, NGX_EIAM_UNIT_BENCH_ANY,
                                          NGX_EIAM_UNIT_BENCH_STRETCH);
        ngx_time_update();
    }

    count->lookups = found;
    count->elapsed = ngx_eiam_unit_bench_clock(CLOCK_MONOTONIC) - start;
    count->processor = ngx_eiam_unit_bench_clock(CLOCK_PROCESS_CPUTIME_ID)
                       - processor;
}
