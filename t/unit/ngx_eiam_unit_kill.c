
/*
 * Processes that use one zone and are killed at any instant, repeatedly.  The
 * test does then what nginx's master would do: it unlocks the mutex.
 */

#include "ngx_eiam_unit_zone.h"
#include <ngx_eiam_reader.h>
#include <ngx_eiam_revocation_check.h>
#include <ngx_eiam_revocation_event.h>
#include <ngx_eiam_revoke.h>

#include <sys/mman.h>


#define NGX_EIAM_UNIT_KILL_CHILDREN  3
#define NGX_EIAM_UNIT_KILL_ROUNDS    400
#define NGX_EIAM_UNIT_KILL_TOKENS    300
#define NGX_EIAM_UNIT_KILL_REVOKED   40


typedef struct {
    volatile ngx_atomic_t  asked;       /* answered questions */
    volatile ngx_atomic_t  granted;
    volatile ngx_atomic_t  wrong;
    volatile ngx_atomic_t  revocations;
    volatile ngx_atomic_t  revoked[NGX_EIAM_UNIT_KILL_REVOKED];
    volatile ngx_atomic_t  lost;
} ngx_eiam_unit_kill_count_t;


typedef struct {
    ngx_eiam_unit_zone_t          z;
    ngx_eiam_source_t            *source;
    ngx_eiam_terms_t              terms;
    ngx_eiam_unit_kill_count_t   *count;
    ngx_pid_t                     pids[NGX_EIAM_UNIT_KILL_CHILDREN];
} ngx_eiam_unit_kill_t;


static void ngx_eiam_unit_kill_rounds(ngx_eiam_unit_t *unit,
    ngx_eiam_unit_kill_t *t);
static const char *ngx_eiam_unit_kill_fault(ngx_eiam_unit_kill_t *t,
    ngx_uint_t *marked);
static void ngx_eiam_unit_kill_fork(ngx_eiam_unit_kill_t *t, ngx_uint_t n);
static void ngx_eiam_unit_kill_child(ngx_eiam_unit_kill_t *t, uint32_t seed);
static void ngx_eiam_unit_kill_ask(ngx_eiam_unit_kill_t *t, uint32_t *seed);
static void ngx_eiam_unit_kill_revoke(ngx_eiam_unit_kill_t *t,
    uint32_t *seed);
static void ngx_eiam_unit_kill_share(ngx_eiam_unit_kill_t *t,
    uint32_t *seed);
static ngx_uint_t ngx_eiam_unit_kill_is_revoked(ngx_eiam_unit_kill_t *t,
    uint32_t n);
static void ngx_eiam_unit_kill_end(ngx_eiam_unit_kill_t *t, ngx_uint_t n);


void
ngx_eiam_unit_kill(ngx_eiam_unit_t *unit)
{
    ngx_eiam_unit_kill_t  t;

    static const ngx_eiam_terms_t  terms = {
        .valid = 300, .negative = 300, .stale = 60, .limit = 8,
        .failures = 0, .retry = 1, .timeout = 60000
    };

    ngx_memzero(&t, sizeof(ngx_eiam_unit_kill_t));
    ngx_eiam_unit_zone_make(unit, &t.z, NGX_EIAM_ZONE_MIN);

    t.source = *(ngx_eiam_source_t **) t.z.zone.sources.elts;
    t.terms = terms;
    t.z.zone.identity = 1;
    t.z.zone.shared->revocations.shares = 1;
    t.count = mmap(NULL, ngx_pagesize, PROT_READ|PROT_WRITE,
                   MAP_SHARED|MAP_ANON, -1, 0);

    if (t.count == MAP_FAILED) {
        abort();
    }

    ngx_eiam_unit_kill_rounds(unit, &t);

    (void) munmap((void *) t.count, ngx_pagesize);
    ngx_eiam_unit_zone_close(&t.z);
}


static void
ngx_eiam_unit_kill_rounds(ngx_eiam_unit_t *unit, ngx_eiam_unit_kill_t *t)
{
    uint32_t     seed;
    ngx_uint_t   i, n, marked;
    const char  *fault;

    seed = 1;
    marked = 0;
    fault = NULL;

    for (n = 0; n < NGX_EIAM_UNIT_KILL_CHILDREN; n++) {
        ngx_eiam_unit_kill_fork(t, n);
    }

    for (i = 0; i < NGX_EIAM_UNIT_KILL_ROUNDS && fault == NULL; i++) {

        ngx_msleep(1 + ngx_eiam_unit_random(&seed, 3));

        n = i % NGX_EIAM_UNIT_KILL_CHILDREN;
        ngx_eiam_unit_kill_end(t, n);

        fault = ngx_eiam_unit_kill_fault(t, &marked);

        ngx_eiam_unit_kill_fork(t, n);
    }

    for (n = 0; n < NGX_EIAM_UNIT_KILL_CHILDREN; n++) {
        ngx_eiam_unit_kill_end(t, n);
    }

    ngx_eiam_unit_ok(unit, fault == NULL,
                     "%ui times a process is killed, %ui times in the midst "
                     "of a change%s", i, marked, fault ? fault : "");
    ngx_eiam_unit_ok(unit, t->count->asked > NGX_EIAM_UNIT_KILL_ROUNDS
                           && t->count->granted && t->count->wrong == 0,
                     "%uA answers to the others, %uA of them grants, %uA "
                     "wrong", t->count->asked, t->count->granted,
                     t->count->wrong);
    ngx_eiam_unit_ok(unit, t->count->revocations > NGX_EIAM_UNIT_KILL_ROUNDS
                           && t->count->lost == 0,
                     "2.3-1: %uA revocations meanwhile, %uA of them lost",
                     t->count->revocations, t->count->lost);
}


/* the others wait meanwhile */

static const char *
ngx_eiam_unit_kill_fault(ngx_eiam_unit_kill_t *t, ngx_uint_t *marked)
{
    const char  *fault;

    ngx_shmtx_lock(&t->z.zone.pool->mutex);
    *marked += t->z.zone.shared->changing;
    ngx_shmtx_unlock(&t->z.zone.pool->mutex);

    ngx_eiam_zone_sweep(&t->z.zone);

    ngx_eiam_zone_lock(&t->z.zone);

    fault = ngx_eiam_unit_cache_fault(t->z.zone.shared);

    if (fault == NULL) {
        fault = ngx_eiam_unit_revoke_fault(t->z.zone.shared);
    }

    if (t->source->record->flights >= NGX_EIAM_UNIT_KILL_CHILDREN) {
        fault = ", but flights of the dead are left";
    }

    ngx_eiam_zone_unlock(&t->z.zone);

    return fault;
}


static void
ngx_eiam_unit_kill_fork(ngx_eiam_unit_kill_t *t, ngx_uint_t n)
{
    static uint32_t  seed;

    seed++;

    t->pids[n] = fork();

    if (t->pids[n] == -1) {
        abort();
    }

    if (t->pids[n] == 0) {
        ngx_pid = ngx_getpid();
        ngx_eiam_unit_kill_child(t, seed);
    }
}


static void
ngx_eiam_unit_kill_child(ngx_eiam_unit_kill_t *t, uint32_t seed)
{
    for ( ;; ) {
        ngx_eiam_unit_kill_ask(t, &seed);
        ngx_eiam_unit_kill_revoke(t, &seed);
    }
}


/* what has been revoked stays revoked, unless it is restored */

static void
ngx_eiam_unit_kill_revoke(ngx_eiam_unit_kill_t *t, uint32_t *seed)
{
    time_t             not_before;
    uint32_t           n;
    ngx_str_t          other = ngx_string("other");
    ngx_int_t          rc;
    ngx_eiam_grant_t   grant;
    ngx_eiam_digest_t  token;

    n = ngx_eiam_unit_random(seed, NGX_EIAM_UNIT_KILL_REVOKED);

    (void) ngx_atomic_fetch_add(&t->count->lost,
                                t->count->revoked[n]
                                && !ngx_eiam_unit_kill_is_revoked(t, n));

    ngx_eiam_unit_key(100000 + n, token);

    ngx_memzero(&grant, sizeof(ngx_eiam_grant_t));
    ngx_str_set(&grant.application, "crm");
    grant.expires = NGX_EIAM_NEVER;
    grant.learned = 1;

    rc = ngx_eiam_revoke_token(&t->z.zone, token, n % 2 ? &grant : NULL,
                               NGX_EIAM_BY_CLIENT);

    if (rc == NGX_OK) {
        t->count->revoked[n] = 1;
        (void) ngx_atomic_fetch_add(&t->count->revocations, 1);
    }

    if (n == 0) {
        (void) ngx_eiam_revoke_application(&t->z.zone, &other,
                                           NGX_EIAM_BY_CONTROL, &not_before);
    } else if (n == 1) {
        (void) ngx_eiam_revoke_restore_application(&t->z.zone, &other);
    }

    ngx_eiam_unit_kill_share(t, seed);
}


/* what is read and sent meanwhile; it revokes none of the tokens above */

static void
ngx_eiam_unit_kill_share(ngx_eiam_unit_kill_t *t, uint32_t *seed)
{
    uint32_t                      i, lease;
    ngx_int_t                     rc;
    ngx_eiam_digest_t             token;
    ngx_eiam_shared_t            *shared;
    ngx_eiam_reader_place_t       place;
    ngx_eiam_revocation_event_t   event;

    shared = t->z.zone.shared;

    ngx_memzero(&event, sizeof(ngx_eiam_revocation_event_t));
    ngx_memzero(&place, sizeof(ngx_eiam_reader_place_t));

    event.kind = NGX_EIAM_REVOKED_TOKEN;
    event.undo = ngx_eiam_unit_random(seed, 4) == 0;
    event.position.msec = ngx_eiam_unit_random(seed, 1000);
    event.expires = ngx_time() + 2;
    event.id[0] = 1;

    ngx_eiam_unit_key(200000 + ngx_eiam_unit_random(seed, 20), token);
    ngx_memcpy(event.subject, token, NGX_EIAM_REVOCATION_TOKEN);

    ngx_eiam_zone_lock(&t->z.zone);
    (void) ngx_eiam_revocation_event_apply(shared, &event);
    ngx_eiam_zone_unlock(&t->z.zone);

    i = ngx_eiam_unit_random(seed, shared->revocations.nrows);

    ngx_eiam_zone_lock(&t->z.zone);

    rc = ngx_eiam_revocation_event_read(shared, i, &event);

    if (rc == NGX_OK) {
        place.position.msec = 1;
        ngx_eiam_revocation_event_sent(shared, &event, &place.position);
        ngx_eiam_revocation_event_miss(shared, i);
        ngx_eiam_revocation_event_resend(shared, i, 1);
    }

    ngx_eiam_zone_unlock(&t->z.zone);

    if (ngx_eiam_reader_acquire(&t->z.zone, &lease) == NGX_OK) {
        (void) ngx_eiam_reader_advance(&t->z.zone, lease, &place, 1);
        ngx_eiam_reader_release(&t->z.zone, lease);
    }
}


/* whether the token is revoked, by itself or with its application */

static ngx_uint_t
ngx_eiam_unit_kill_is_revoked(ngx_eiam_unit_kill_t *t, uint32_t n)
{
    ngx_int_t          rc;
    ngx_eiam_grant_t   grant;
    ngx_eiam_detail_e  detail;
    ngx_eiam_digest_t  token;

    ngx_eiam_unit_key(100000 + n, token);

    ngx_memzero(&grant, sizeof(ngx_eiam_grant_t));
    grant.learned = 1;

    if (n % 2) {
        ngx_str_set(&grant.application, "crm");
    }

    ngx_eiam_zone_lock(&t->z.zone);
    rc = ngx_eiam_revocation_check(t->z.zone.shared, token, &grant, &detail);
    ngx_eiam_zone_unlock(&t->z.zone);

    return rc == NGX_ABORT;
}


/* a third of the tokens is granted, a third is refused, and a third fails */

static void
ngx_eiam_unit_kill_ask(ngx_eiam_unit_kill_t *t, uint32_t *seed)
{
    u_char               text[NGX_EIAM_UNIT_TEXT_MAX];
    uint32_t             token;
    ngx_int_t            rc;
    ngx_uint_t           kind, ok;
    ngx_eiam_digest_t    digest;
    ngx_eiam_question_t  question;

    token = ngx_eiam_unit_random(seed, NGX_EIAM_UNIT_KILL_TOKENS);
    kind = token % 3;

    ngx_memzero(&question, sizeof(ngx_eiam_question_t));
    ngx_eiam_unit_key(token, digest);
    ngx_eiam_source_key(t->source, digest, question.key);

    rc = ngx_eiam_source_ask(t->source, &t->terms, &question);

    switch (rc) {

    case NGX_DECLINED:

        if (ngx_eiam_unit_random(seed, 10) == 0) {
            ngx_eiam_source_abandon(t->source, &question);
            return;
        }

        if (kind == 0) {
            ngx_eiam_unit_grant(token, token * 14, text, &question.grant);

        } else {
            question.reason = (kind == 1) ? NGX_EIAM_TOKEN_INVALID
                                          : NGX_EIAM_SOURCE_UNAVAILABLE;
            question.failure = NGX_EIAM_DOWN;
        }

        (void) ngx_eiam_source_settle(t->source, &t->terms, &question);
        return;

    case NGX_OK:
        ok = kind == 0 && ngx_eiam_unit_grant_is(token, &question.grant);
        (void) ngx_atomic_fetch_add(&t->count->granted, 1);
        break;

    case NGX_ABORT:
        ok = question.reason == NGX_EIAM_SOURCE_UNAVAILABLE
             || (kind == 1 && question.reason == NGX_EIAM_TOKEN_INVALID);
        break;

    default: /* NGX_AGAIN */
        ngx_sched_yield();
        return;
    }

    (void) ngx_atomic_fetch_add(&t->count->asked, 1);
    (void) ngx_atomic_fetch_add(&t->count->wrong, !ok);
}


static void
ngx_eiam_unit_kill_end(ngx_eiam_unit_kill_t *t, ngx_uint_t n)
{
    (void) kill(t->pids[n], SIGKILL);
    (void) waitpid(t->pids[n], NULL, 0);

    (void) ngx_shmtx_force_unlock(&t->z.zone.pool->mutex, t->pids[n]);
}
