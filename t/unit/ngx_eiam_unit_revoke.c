/*
 * Revocations: what they end and what not, what a full table does, and that
 * none is lost.  The clock stands still.
 */

#include "ngx_eiam_unit_zone.h"
#include <ngx_eiam_revocation_check.h>
#include <ngx_eiam_revocation_index.h>
#include <ngx_eiam_revoke.h>


#define NGX_EIAM_UNIT_REVOKE_MANY    1000000
#define NGX_EIAM_UNIT_REVOKE_STEPS   3000


typedef struct {
    ngx_eiam_unit_t         *unit;
    ngx_eiam_unit_zone_t     z;
    ngx_eiam_revocations_t  *table;
    ngx_eiam_source_t       *a;             /* a source that is asked */
    ngx_eiam_source_t       *b;             /* verifies, or has learned */
    ngx_eiam_terms_t         terms;
    ngx_eiam_question_t      question;      /* the last one */
} ngx_eiam_unit_revoke_t;


typedef void (*ngx_eiam_unit_revoke_pt)(ngx_eiam_unit_revoke_t *t);


static void ngx_eiam_unit_revoke_learned(ngx_eiam_unit_revoke_t *t);
static void ngx_eiam_unit_revoke_application(ngx_eiam_unit_revoke_t *t);
static void ngx_eiam_unit_revoke_late(ngx_eiam_unit_revoke_t *t);
static void ngx_eiam_unit_revoke_signed(ngx_eiam_unit_revoke_t *t);
static void ngx_eiam_unit_revoke_asked(ngx_eiam_unit_revoke_t *t);
static void ngx_eiam_unit_revoke_stale(ngx_eiam_unit_revoke_t *t);
static void ngx_eiam_unit_revoke_reissued(ngx_eiam_unit_revoke_t *t);
static void ngx_eiam_unit_revoke_expires(ngx_eiam_unit_revoke_t *t);
static void ngx_eiam_unit_revoke_round(ngx_eiam_unit_revoke_t *t);
static void ngx_eiam_unit_revoke_joins(ngx_eiam_unit_revoke_t *t);
static void ngx_eiam_unit_revoke_full(ngx_eiam_unit_revoke_t *t);
static void ngx_eiam_unit_revoke_many(ngx_eiam_unit_revoke_t *t);
static void ngx_eiam_unit_revoke_random(ngx_eiam_unit_revoke_t *t);
static void ngx_eiam_unit_revoke_wiped(ngx_eiam_unit_revoke_t *t);
static void ngx_eiam_unit_revoke_copied(ngx_eiam_unit_revoke_t *t);
static void ngx_eiam_unit_revoke_listed(ngx_eiam_unit_revoke_t *t);
static void ngx_eiam_unit_revoke_found(ngx_eiam_unit_revoke_t *t);

static void ngx_eiam_unit_revoke_small(ngx_eiam_unit_revoke_t *t,
    ngx_eiam_unit_revoke_t *large, const char *title);
static u_char *ngx_eiam_unit_revoke_digest(uint32_t n);
static void ngx_eiam_unit_revoke_grant(uint32_t n, const char *application,
    ngx_eiam_grant_t *grant);
static ngx_int_t ngx_eiam_unit_revoke_learn(ngx_eiam_unit_revoke_t *t,
    uint32_t n, const char *application, uint32_t generation);
static ngx_int_t ngx_eiam_unit_revoke_recall(ngx_eiam_unit_revoke_t *t,
    uint32_t n);
static ngx_int_t ngx_eiam_unit_revoke_verify(ngx_eiam_unit_revoke_t *t,
    uint32_t n, const char *application, time_t issued);
static ngx_int_t ngx_eiam_unit_revoke_look_up(ngx_eiam_unit_revoke_t *t,
    uint32_t n);
static ngx_int_t ngx_eiam_unit_revoke_ask(ngx_eiam_unit_revoke_t *t,
    uint32_t n);
static void ngx_eiam_unit_revoke_settle(ngx_eiam_unit_revoke_t *t,
    uint32_t n, const char *application, time_t issued);
static ngx_int_t ngx_eiam_unit_revoke_token(ngx_eiam_unit_revoke_t *t,
    uint32_t n, const char *application);
static void ngx_eiam_unit_revoke_all_of(ngx_eiam_unit_revoke_t *t,
    const char *application);
static ngx_int_t ngx_eiam_unit_revoke_restore(ngx_eiam_unit_revoke_t *t,
    const char *application);
static ngx_uint_t ngx_eiam_unit_revoke_is(ngx_eiam_unit_revoke_t *t,
    uint32_t n);
static ngx_uint_t ngx_eiam_unit_revoke_is_detail(ngx_eiam_unit_revoke_t *t,
    ngx_eiam_detail_e detail);


static const ngx_eiam_unit_revoke_pt  ngx_eiam_unit_revoke_tests[] = {
    ngx_eiam_unit_revoke_learned,
    ngx_eiam_unit_revoke_application,
    ngx_eiam_unit_revoke_late,
    ngx_eiam_unit_revoke_signed,
    ngx_eiam_unit_revoke_asked,
    ngx_eiam_unit_revoke_stale,
    ngx_eiam_unit_revoke_reissued,
    ngx_eiam_unit_revoke_expires,
    ngx_eiam_unit_revoke_round,
    ngx_eiam_unit_revoke_joins,
    ngx_eiam_unit_revoke_full,
    ngx_eiam_unit_revoke_many,
    ngx_eiam_unit_revoke_random,
    ngx_eiam_unit_revoke_wiped,
    ngx_eiam_unit_revoke_copied,
    ngx_eiam_unit_revoke_listed,
    ngx_eiam_unit_revoke_found,
    NULL
};


static void
ngx_eiam_unit_revoke_open(ngx_eiam_unit_t *unit, ngx_eiam_unit_revoke_t *t,
    size_t size)
{
    static const ngx_eiam_terms_t  terms = {
        .valid = 300, .negative = 10, .stale = 600, .limit = 8,
        .failures = 0, .retry = 1000, .timeout = 1000
    };

    ngx_memzero(t, sizeof(ngx_eiam_unit_revoke_t));

    ngx_eiam_unit_zone_two(unit, &t->z, size, &t->a, &t->b);
    t->z.zone.leeway = 30;
    ngx_eiam_unit_zone_start(&t->z);

    t->unit = unit;
    t->terms = terms;
    t->table = &t->z.zone.shared->revocations;
}


void
ngx_eiam_unit_revoke(ngx_eiam_unit_t *unit)
{
    ngx_eiam_unit_clock_t           clock;
    ngx_eiam_unit_revoke_t          t;
    const ngx_eiam_unit_revoke_pt  *test;

    for (test = ngx_eiam_unit_revoke_tests; *test; test++) {

        ngx_eiam_unit_clock_stop(&clock);
        ngx_eiam_unit_revoke_open(unit, &t, NGX_EIAM_ZONE_MIN);

        (*test)(&t);

        ngx_eiam_unit_zone_close(&t.z);
        ngx_eiam_unit_clock_go(&clock);
    }
}


static void
ngx_eiam_unit_revoke_learned(ngx_eiam_unit_revoke_t *t)
{
    (void) ngx_eiam_unit_revoke_learn(t, 1, "crm", t->table->generation);
    (void) ngx_eiam_unit_revoke_learn(t, 2, "crm", t->table->generation);

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_revoke_recall(t, 1) == NGX_OK
                     && !ngx_eiam_unit_revoke_is(t, 1),
                     "2.3-1: a token that is not revoked passes");

    (void) ngx_eiam_unit_revoke_token(t, 1, "crm");

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_revoke_recall(t, 1) == NGX_ABORT
                     && ngx_eiam_unit_revoke_is_detail(t, NGX_EIAM_NO_DETAIL)
                     && ngx_eiam_unit_revoke_is(t, 1),
                     "revoked, it does not");
    ngx_eiam_unit_ok(t->unit, t->question.grant.application.len == 3,
                     "whose it was is still known");
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_revoke_recall(t, 2) == NGX_OK
                     && ngx_eiam_unit_revoke_recall(t, 2) == NGX_OK,
                     "another one does");
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_revoke_recall(t, 1) == NGX_ABORT,
                     "whatever was asked meanwhile");
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_revoke_token(t, 3, NULL) == NGX_OK
                     && ngx_eiam_unit_revoke_recall(t, 3) == NGX_ABORT
                     && ngx_eiam_unit_revoke_look_up(t, 3) == NGX_ABORT
                     && ngx_eiam_unit_revoke_ask(t, 3) == NGX_ABORT,
                     "one that nobody knows is refused before any source");

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_revoke_restore(t, NULL) == NGX_DECLINED
                     && ngx_eiam_unit_revoke_recall(t, 1) == NGX_ABORT,
                     "what was not done cannot be taken back");
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_revoke_restore(t, "1") == NGX_OK
                     && ngx_eiam_unit_revoke_recall(t, 1) == NGX_OK
                     && !ngx_eiam_unit_revoke_is(t, 1)
                     && ngx_eiam_unit_revoke_restore(t, "1") == NGX_DECLINED,
                     "a token that is restored passes again");
    ngx_eiam_unit_ok(t->unit, t->table->tokens == 1,
                     "and has no row any more");
}


static void
ngx_eiam_unit_revoke_application(ngx_eiam_unit_revoke_t *t)
{
    (void) ngx_eiam_unit_revoke_learn(t, 1, "crm", t->table->generation);
    (void) ngx_eiam_unit_revoke_learn(t, 2, "erp", t->table->generation);

    ngx_eiam_unit_revoke_all_of(t, "crm");

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_revoke_recall(t, 1) == NGX_ABORT
                     && ngx_eiam_unit_revoke_recall(t, 2) == NGX_OK,
                     "an application is revoked, others are not");

    (void) ngx_eiam_unit_revoke_learn(t, 3, "crm", t->table->generation);

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_revoke_recall(t, 3) == NGX_OK
                     && ngx_eiam_unit_revoke_recall(t, 1) == NGX_ABORT,
                     "what it obtains afterwards passes");

    ngx_eiam_unit_revoke_all_of(t, "");

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_revoke_recall(t, 2) == NGX_ABORT
                     && ngx_eiam_unit_revoke_recall(t, 3) == NGX_ABORT,
                     "all are revoked");
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_revoke_restore(t, "") == NGX_OK
                     && ngx_eiam_unit_revoke_recall(t, 2) == NGX_OK
                     && ngx_eiam_unit_revoke_recall(t, 1) == NGX_ABORT,
                     "all are restored, but for what else was revoked");
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_revoke_restore(t, "crm") == NGX_OK
                     && ngx_eiam_unit_revoke_recall(t, 1) == NGX_OK
                     && ngx_eiam_unit_revoke_restore(t, "crm")
                        == NGX_DECLINED,
                     "an application is restored");
    ngx_eiam_unit_ok(t->unit, t->table->applications == 0, "no row is left");
}


/* an answer that was under way when the token was revoked */

static void
ngx_eiam_unit_revoke_late(ngx_eiam_unit_revoke_t *t)
{
    uint32_t  before;

    before = t->table->generation;

    (void) ngx_eiam_unit_revoke_token(t, 1, "crm");
    (void) ngx_eiam_unit_revoke_learn(t, 1, "crm", before);

    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_revoke_recall(t, 1) == NGX_ABORT,
                     "2.3-1: a token call under way does not resurrect");

    before = t->table->generation;

    ngx_eiam_unit_revoke_all_of(t, "erp");
    (void) ngx_eiam_unit_revoke_learn(t, 2, "erp", before);

    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_revoke_recall(t, 2) == NGX_ABORT,
                     "nor if its application was revoked");

    (void) ngx_eiam_unit_revoke_ask(t, 4);
    (void) ngx_eiam_unit_revoke_token(t, 4, NULL);
    ngx_eiam_unit_revoke_settle(t, 4, "crm", 0);

    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_revoke_ask(t, 4) == NGX_ABORT,
                     "nor does a question under way");

    (void) ngx_eiam_unit_revoke_ask(t, 5);
    ngx_eiam_unit_revoke_all_of(t, "crm");
    ngx_eiam_unit_revoke_settle(t, 5, "crm", 0);

    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_revoke_ask(t, 5) == NGX_DECLINED,
                     "without \"iat\" the source is asked once more");

    ngx_eiam_unit_revoke_settle(t, 5, "crm", 0);

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_revoke_ask(t, 5) == NGX_OK
                     && ngx_eiam_unit_revoke_ask(t, 5) == NGX_OK,
                     "and what it says then counts");

    (void) ngx_eiam_unit_revoke_look_up(t, 6);
    (void) ngx_eiam_unit_revoke_token(t, 6, NULL);

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_revoke_verify(t, 6, "crm", 1) == NGX_ABORT
                     && ngx_eiam_unit_revoke_look_up(t, 6) == NGX_ABORT,
                     "one that is being verified is refused");
}


static void
ngx_eiam_unit_revoke_signed(ngx_eiam_unit_revoke_t *t)
{
    time_t  now;

    now = ngx_time();

    (void) ngx_eiam_unit_revoke_verify(t, 1, "crm", now - 10);
    (void) ngx_eiam_unit_revoke_verify(t, 2, "crm", 1);
    (void) ngx_eiam_unit_revoke_verify(t, 3, "erp", now - 10);

    ngx_eiam_unit_revoke_all_of(t, "crm");

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_revoke_look_up(t, 1) == NGX_ABORT
                     && ngx_eiam_unit_revoke_is_detail(t,
                                                 NGX_EIAM_DETAIL_ISSUED_EARLY),
                     "2.3-1: a verified token of an application: issued early");
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_revoke_look_up(t, 2) == NGX_ABORT,
                     "without \"iat\" it is refused");
    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_revoke_look_up(t, 3) == NGX_OK,
                     "one of another application passes");

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_revoke_verify(t, 1, "crm", now - 10)
                     == NGX_ABORT
                     && ngx_eiam_unit_revoke_look_up(t, 1) == NGX_ABORT
                     && ngx_eiam_unit_revoke_verify(t, 4, "crm", 1)
                        == NGX_ABORT,
                     "it does not verify itself into the next generation");
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_revoke_verify(t, 5, "crm", now + 30)
                     == NGX_ABORT
                     && ngx_eiam_unit_revoke_verify(t, 6, "crm", now + 31)
                        == NGX_OK
                     && ngx_eiam_unit_revoke_look_up(t, 6) == NGX_OK,
                     "one that was issued after the leeway passes");

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_revoke_restore(t, "crm") == NGX_OK
                     && ngx_eiam_unit_revoke_look_up(t, 1) == NGX_OK
                     && ngx_eiam_unit_revoke_look_up(t, 5) == NGX_OK,
                     "those that were refused pass when it is restored");

    ngx_eiam_unit_revoke_all_of(t, "");

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_revoke_look_up(t, 6) == NGX_OK
                     && ngx_eiam_unit_revoke_look_up(t, 3) == NGX_ABORT
                     && ngx_eiam_unit_revoke_verify(t, 7, "", now)
                        == NGX_ABORT,
                     "all: by the same rule, also without an application");
}


static void
ngx_eiam_unit_revoke_asked(ngx_eiam_unit_revoke_t *t)
{
    time_t  now;

    now = ngx_time();

    (void) ngx_eiam_unit_revoke_ask(t, 1);
    ngx_eiam_unit_revoke_settle(t, 1, "crm", now - 10);
    (void) ngx_eiam_unit_revoke_ask(t, 2);
    ngx_eiam_unit_revoke_settle(t, 2, "crm", 0);

    ngx_eiam_unit_revoke_all_of(t, "crm");

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_revoke_ask(t, 1) == NGX_ABORT
                     && ngx_eiam_unit_revoke_is_detail(t,
                                                 NGX_EIAM_DETAIL_ISSUED_EARLY),
                     "an introspected token that was issued early is refused");
    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_revoke_ask(t, 2) == NGX_DECLINED,
                     "one without \"iat\" is asked for again");

    ngx_eiam_unit_revoke_settle(t, 2, "crm", now);

    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_revoke_ask(t, 2) == NGX_ABORT,
                     "and refused if it says now that it was early");

    (void) ngx_eiam_unit_revoke_ask(t, 3);
    ngx_eiam_unit_revoke_settle(t, 3, "crm", now + 31);

    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_revoke_ask(t, 3) == NGX_OK,
                     "one that was issued afterwards passes");
}


/* a stale grant that serves while the source is down is revoked, too */

static void
ngx_eiam_unit_revoke_stale(ngx_eiam_unit_revoke_t *t)
{
    ngx_uint_t  n;

    for (n = 1; n <= 3; n++) {
        (void) ngx_eiam_unit_revoke_ask(t, n);
        ngx_eiam_unit_revoke_settle(t, n, n == 3 ? "erp" : "crm", 0);
    }

    (void) ngx_eiam_unit_revoke_token(t, 1, "crm");
    ngx_eiam_unit_revoke_all_of(t, "crm");

    ngx_eiam_unit_clock_pass(400 * 1000);

    for (n = 1; n <= 3; n++) {

        if (ngx_eiam_unit_revoke_ask(t, n) == NGX_DECLINED) {
            t->question.reason = NGX_EIAM_SOURCE_UNAVAILABLE;
            t->question.failure = NGX_EIAM_BROKEN;
            (void) ngx_eiam_source_settle(t->a, &t->terms, &t->question);
        }
    }

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_revoke_ask(t, 1) == NGX_ABORT
                     && t->question.reason == NGX_EIAM_TOKEN_REVOKED,
                     "a revoked token is not served stale");
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_revoke_ask(t, 2) == NGX_ABORT
                     && t->question.reason == NGX_EIAM_SOURCE_UNAVAILABLE,
                     "nor is one that should be asked for again");
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_revoke_ask(t, 3) == NGX_OK
                     && t->question.stale,
                     "others are");
}


static void
ngx_eiam_unit_revoke_reissued(ngx_eiam_unit_revoke_t *t)
{
    (void) ngx_eiam_unit_revoke_learn(t, 1, "crm", t->table->generation);
    (void) ngx_eiam_unit_revoke_learn(t, 2, "crm", t->table->generation);
    (void) ngx_eiam_unit_revoke_learn(t, 5, "crm", t->table->generation);

    (void) ngx_eiam_unit_revoke_token(t, 1, "crm");

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_revoke_learn(t, 1, "crm",
                                                t->table->generation)
                     == NGX_DECLINED
                     && ngx_eiam_unit_revoke_recall(t, 1) == NGX_ABORT
                     && ngx_eiam_unit_revoke_is_detail(t,
                                                     NGX_EIAM_DETAIL_REISSUED),
                     "2.3-4: a revoked token that is issued once more stays "
                     "revoked");

    ngx_eiam_unit_revoke_all_of(t, "crm");

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_revoke_learn(t, 2, "crm",
                                                t->table->generation)
                     == NGX_DECLINED
                     && ngx_eiam_unit_revoke_recall(t, 2) == NGX_ABORT
                     && ngx_eiam_unit_revoke_is_detail(t,
                                                     NGX_EIAM_DETAIL_REISSUED)
                     && ngx_eiam_unit_revoke_learn(t, 2, "crm",
                                                   t->table->generation)
                        == NGX_DECLINED,
                     "2.3-4: so does one from before its application's "
                     "revocation");
    ngx_eiam_unit_ok(t->unit, t->z.zone.shared->metrics.reissued == 3,
                     "it is counted");
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_revoke_learn(t, 3, "crm",
                                                t->table->generation)
                     == NGX_OK
                     && ngx_eiam_unit_revoke_recall(t, 3) == NGX_OK
                     && ngx_eiam_unit_revoke_learn(t, 3, "crm",
                                                   t->table->generation)
                        == NGX_OK
                     && ngx_eiam_unit_revoke_recall(t, 3) == NGX_OK,
                     "a new one that is issued twice passes");
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_revoke_restore(t, "2") == NGX_OK
                     && ngx_eiam_unit_revoke_recall(t, 2) == NGX_OK
                     && ngx_eiam_unit_revoke_learn(t, 2, "crm",
                                                   t->table->generation)
                        == NGX_OK,
                     "restored, it passes, and is issued as any other");
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_revoke_restore(t, "crm") == NGX_OK
                     && ngx_eiam_unit_revoke_recall(t, 1) == NGX_ABORT
                     && ngx_eiam_unit_revoke_recall(t, 5) == NGX_OK,
                     "one that was revoked itself is not restored with its "
                     "application");
}


static void
ngx_eiam_unit_revoke_expires(ngx_eiam_unit_revoke_t *t)
{
    uint32_t                 i;
    ngx_eiam_grant_t         grant;
    ngx_eiam_digest_t        token;
    ngx_eiam_revoke_usage_t  usage;

    for (i = 0; i < 5; i++) {
        ngx_eiam_unit_key(i, token);
        ngx_eiam_unit_revoke_grant(i, "crm", &grant);
        grant.expires = (i == 4) ? NGX_EIAM_NEVER
                                 : ngx_time() + (i + 1) * 100;
        (void) ngx_eiam_revoke_token(&t->z.zone, token, &grant,
                                     NGX_EIAM_BY_CLIENT);
    }

    ngx_eiam_unit_clock_pass(250 * 1000);

    ngx_eiam_unit_ok(t->unit,
                     !ngx_eiam_unit_revoke_is(t, 1)
                     && ngx_eiam_unit_revoke_is(t, 2)
                     && ngx_eiam_unit_revoke_is(t, 4),
                     "a revocation ends with its token");

    for (i = 0; i < t->table->nrows; i++) {
        (void) ngx_eiam_unit_revoke_token(t, 1000 + i % 4, "erp");
    }

    ngx_eiam_revoke_usage(&t->z.zone, &usage);

    ngx_eiam_unit_ok(t->unit,
                     usage.count[NGX_EIAM_REVOKED_TOKEN] == 7
                     && usage.count[NGX_EIAM_REVOKED_APPLICATION] == 0
                     && usage.room == t->table->nrows - 1,
                     "its row is free then");

    ngx_eiam_unit_clock_pass(NGX_EIAM_REVOCATION_LIFE * 1000LL);

    ngx_eiam_unit_ok(t->unit,
                     !ngx_eiam_unit_revoke_is(t, 1000)
                     && ngx_eiam_unit_revoke_is(t, 4),
                     "one that nobody knows after 30 days, one that does not "
                     "expire never");
}


/* generations wrap around after 2^31 revocations */

static void
ngx_eiam_unit_revoke_round(ngx_eiam_unit_revoke_t *t)
{
    t->table->generation = NGX_EIAM_REVOCATION_GENERATIONS - 1;

    (void) ngx_eiam_unit_revoke_learn(t, 1, "crm", t->table->generation);
    (void) ngx_eiam_unit_revoke_token(t, 2, "erp");
    (void) ngx_eiam_unit_revoke_token(t, 3, "erp");
    ngx_eiam_unit_revoke_all_of(t, "crm");

    ngx_eiam_unit_ok(t->unit,
                     t->table->generation == 2
                     && ngx_eiam_unit_revoke_recall(t, 1) == NGX_ABORT,
                     "generations are counted round, and never 0");

    (void) ngx_eiam_unit_revoke_learn(t, 4, "crm", t->table->generation);

    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_revoke_recall(t, 4) == NGX_OK,
                     "what comes after that passes");
}


/* ten thousand tokens of an application become one row */

static void
ngx_eiam_unit_revoke_joins(ngx_eiam_unit_revoke_t *t)
{
    uint32_t             i;
    ngx_eiam_metrics_t  *metrics;

    metrics = &t->z.zone.shared->metrics;

    (void) ngx_eiam_unit_revoke_learn(t, 1, "crm", t->table->generation);
    (void) ngx_eiam_unit_revoke_learn(t, 2, "erp", t->table->generation);
    (void) ngx_eiam_unit_revoke_token(t, 9, "erp");
    (void) ngx_eiam_unit_revoke_token(t, 10, NULL);

    for (i = 0; i < 10000; i++) {
        (void) ngx_eiam_unit_revoke_token(t, 100 + i, "crm");
    }

    ngx_eiam_unit_ok(t->unit,
                     t->table->applications == 1
                     && t->table->tokens <= t->table->nrows / 8 + 3
                     && ngx_eiam_unit_revoke_recall(t, 1) == NGX_ABORT,
                     "2.3-6: ten thousand revoked tokens of one application "
                     "become one row");
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_revoke_is(t, 9)
                     && ngx_eiam_unit_revoke_is(t, 10)
                     && ngx_eiam_unit_revoke_recall(t, 2) == NGX_OK,
                     "no other one is touched");
    ngx_eiam_unit_ok(t->unit,
                     metrics->revocations[NGX_EIAM_REVOKED_TOKEN]
                                         [NGX_EIAM_BY_CONTROL]
                     == 10002
                     && metrics->revocations_evicted + t->table->tokens
                        == 10002,
                     "%uA were joined, and counted",
                     metrics->revocations_evicted);
}


/* the application with the most tokens is joined first, those without never */

static void
ngx_eiam_unit_revoke_full(ngx_eiam_unit_revoke_t *t)
{
    char         name[8];
    uint32_t     i, k, strays, lost;
    ngx_int_t    rc;

    strays = 0;

    do {
        rc = ngx_eiam_unit_revoke_token(t, 5000 + strays, NULL);
        strays += (rc == NGX_OK);
    } while (rc == NGX_OK && strays < t->table->nrows);

    ngx_eiam_unit_ok(t->unit, rc == NGX_DECLINED
                              && strays == t->table->nrows / 2,
                     "tokens that nobody knows have half of the room, then "
                     "whoever revokes one is told");

    /* three tokens of "most", two of each other application */

    for (i = 0; i < 3; i++) {
        (void) ngx_eiam_unit_revoke_token(t, 100 + i, "most");
    }

    for (i = 0, k = 0; t->table->rows[t->table->free].chain; i++) {
        ngx_sprintf((u_char *) name, "a%uD%Z", i / 2);
        (void) ngx_eiam_unit_revoke_token(t, 1000 + i, name);
        k = i;
    }

    ngx_eiam_unit_ok(t->unit, t->table->applications == 0,
                     "none is joined before the table is full");

    (void) ngx_eiam_unit_revoke_token(t, 2000, "last");

    ngx_eiam_unit_ok(t->unit,
                     t->table->applications == 1
                     && ngx_eiam_unit_revoke_restore(t, "most") == NGX_OK
                     && ngx_eiam_unit_revoke_is(t, 1000)
                     && ngx_eiam_unit_revoke_is(t, 2000),
                     "2.3-6: full: the application with the most tokens is "
                     "revoked as a whole");

    /* more applications than there are rows */

    for (i = 0; i < 1000; i++) {
        (void) ngx_eiam_unit_revoke_learn(t, 10000 + i, "some",
                                          t->table->generation);
        ngx_sprintf((u_char *) name, "b%uD%Z", i);
        ngx_eiam_unit_revoke_all_of(t, name);

        if (ngx_eiam_unit_revoke_recall(t, 10000 + i) == NGX_ABORT) {
            break;
        }
    }

    for (k = 0, lost = 0; k < strays; k++) {
        lost += !ngx_eiam_unit_revoke_is(t, 5000 + k);
    }

    ngx_eiam_unit_ok(t->unit, i > t->table->nrows / 4 && i < 1000
                              && lost == 0,
                     "2.3-6: more applications than there is room for: all "
                     "are revoked, none is lost");
}


static void
ngx_eiam_unit_revoke_many(ngx_eiam_unit_revoke_t *t)
{
    char                  name[8];
    uint32_t              i, n, seed, lost;
    ngx_eiam_grant_t      grant;
    ngx_eiam_detail_e     detail;
    ngx_eiam_digest_t     token;
    ngx_eiam_shared_t    *shared;

    shared = t->z.zone.shared;
    seed = 1;
    lost = 0;

    for (i = 0; i < NGX_EIAM_UNIT_REVOKE_MANY; i++) {

        n = ngx_eiam_unit_random(&seed, 500);
        n = ngx_eiam_unit_random(&seed, n + 1);
        ngx_sprintf((u_char *) name, "a%uD%Z", n);

        (void) ngx_eiam_unit_revoke_token(t, i, name);

        if (i % 100) {
            continue;
        }

        /* revoked by itself, with its application, or with all */

        ngx_eiam_unit_key(i, token);
        ngx_eiam_unit_revoke_grant(i, name, &grant);
        grant.learned = 1;
        grant.generation = 0;

        lost += ngx_eiam_revocation_check(shared, token, &grant, &detail)
                != NGX_ABORT
                || ngx_eiam_unit_revoke_fault(shared) != NULL;
    }

    ngx_eiam_unit_ok(t->unit,
                     lost == 0
                     && shared->metrics.revocations_evicted > i / 2
                     && t->table->tokens < t->table->nrows,
                     "2.3-6: %uD revoked tokens in %uD rows: none passes, "
                     "%uA rows were joined", i, t->table->nrows,
                     shared->metrics.revocations_evicted);
}


/* compared with a plain list of the calls */

static void
ngx_eiam_unit_revoke_random(ngx_eiam_unit_revoke_t *t)
{
    char        name[8];
    uint32_t    i, n, seed, wrong;
    u_char      revoked[64];

    ngx_eiam_unit_zone_close(&t->z);
    ngx_eiam_unit_revoke_open(t->unit, t, 1024 * 1024);

    ngx_memzero(revoked, sizeof(revoked));
    seed = 7;
    wrong = 0;

    for (i = 0; i < NGX_EIAM_UNIT_REVOKE_STEPS; i++) {

        n = ngx_eiam_unit_random(&seed, sizeof(revoked));

        switch (ngx_eiam_unit_random(&seed, 3)) {

        case 0:
            ngx_sprintf((u_char *) name, "a%uD%Z", n % 5);
            (void) ngx_eiam_unit_revoke_token(t, n, n % 5 ? name : NULL);
            revoked[n] = 1;
            break;

        case 1:
            ngx_sprintf((u_char *) name, "%uD%Z", n);
            wrong += (ngx_eiam_unit_revoke_restore(t, name) == NGX_OK)
                     != revoked[n];
            revoked[n] = 0;
            break;

        default:
            if (i % 50 == 0) {
                t->z.zone.shared->changing = 1;
            }
        }

        for (n = 0; n < sizeof(revoked); n++) {
            wrong += ngx_eiam_unit_revoke_is(t, n) != revoked[n];
        }

        wrong += ngx_eiam_unit_revoke_fault(t->z.zone.shared) != NULL;
    }

    for (n = 0, i = 0; n < sizeof(revoked); n++) {
        i += revoked[n];
    }

    ngx_eiam_unit_ok(t->unit, wrong == 0 && t->table->tokens == i,
                     "revoked and restored at random, with the index made "
                     "anew now and then: always as it was said");
}


/* a worker is killed during a change */

static void
ngx_eiam_unit_revoke_wiped(ngx_eiam_unit_revoke_t *t)
{
    uint32_t            i, seed, lost;
    ngx_eiam_unit_zone_t  next;

    (void) ngx_eiam_unit_revoke_learn(t, 1, "crm", t->table->generation);

    for (i = 0; i < 12; i++) {
        (void) ngx_eiam_unit_revoke_token(t, 100 + i, i % 2 ? "crm" : NULL);
    }

    ngx_eiam_unit_revoke_all_of(t, "erp");
    (void) ngx_eiam_unit_revoke_verify(t, 2, "erp", ngx_time());

    /* everything that is rebuilt */

    seed = 3;

    for (i = 0; i < t->table->nrows; i++) {
        t->table->rows[i].chain = ngx_eiam_unit_random(&seed, 0);
        t->table->links[i].next = ngx_eiam_unit_random(&seed, 0);
        t->table->links[i].prior = ngx_eiam_unit_random(&seed, 0);
    }

    for (i = 0; i <= t->table->mask; i++) {
        t->table->heads[i] = ngx_eiam_unit_random(&seed, 0);
    }

    t->table->free = ngx_eiam_unit_random(&seed, 0);
    t->table->largest = ngx_eiam_unit_random(&seed, 0);
    t->table->strays = ngx_eiam_unit_random(&seed, 0);
    t->table->applications = ngx_eiam_unit_random(&seed, 0);
    t->z.zone.shared->changing = 1;

    for (i = 0, lost = 0; i < 12; i++) {
        lost += !ngx_eiam_unit_revoke_is(t, 100 + i);
    }

    ngx_eiam_unit_ok(t->unit,
                     lost == 0 && t->table->tokens == 12
                     && t->table->strays == 6 && t->table->applications == 1,
                     "2.3-1: a change that was not finished: no revocation is "
                     "lost");
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_revoke_recall(t, 1) == NGX_DECLINED
                     && ngx_eiam_unit_revoke_verify(t, 2, "erp", ngx_time())
                        == NGX_ABORT,
                     "everything else is wiped");

    (void) ngx_eiam_unit_zone_next(t->unit, &next, &t->z);
    next.zone.leeway = 60;

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_zone_init(&next, &t->z) == NGX_OK
                     && ngx_eiam_revoke_has(&next.zone, t->question.key) == 0
                     && ngx_eiam_unit_revoke_is(t, 100)
                     && t->table->leeway == 60,
                     "they outlive a reload");
}


static void
ngx_eiam_unit_revoke_copied(ngx_eiam_unit_revoke_t *t)
{
    ngx_int_t                rc;
    ngx_uint_t               i, lost;
    ngx_eiam_unit_revoke_t   large;

    ngx_eiam_unit_revoke_open(t->unit, &large, 1024 * 1024);

    for (i = 0; i < 12; i++) {
        (void) ngx_eiam_unit_revoke_token(t, i, i % 2 ? "crm" : NULL);
    }

    ngx_eiam_unit_revoke_all_of(t, "erp");
    ngx_eiam_unit_revoke_all_of(t, "");

    rc = ngx_eiam_revocation_copy(large.z.zone.shared, t->z.zone.shared);

    for (i = 0, lost = 0; i < 12; i++) {
        lost += !ngx_eiam_unit_revoke_is(&large, i);
    }

    ngx_eiam_unit_ok(t->unit,
                     rc == NGX_OK && lost == 0
                     && ngx_eiam_unit_revoke_verify(&large, 30, "crm",
                                                    ngx_time())
                        == NGX_ABORT
                     && ngx_eiam_unit_revoke_restore(&large, "") == NGX_OK
                     && ngx_eiam_unit_revoke_restore(&large, "erp") == NGX_OK
                     && ngx_eiam_unit_revoke_restore(&large, "crm")
                        == NGX_DECLINED,
                     "2.3-1: a zone of another size takes them over");

    for (i = 0; i < t->table->nrows / 4; i++) {
        (void) ngx_eiam_unit_revoke_token(&large, 1000 + i, "hr");
    }

    ngx_eiam_unit_revoke_small(t, &large, "an eighth of which is not enough");

    for (i = 0; i < t->table->nrows / 4; i++) {
        (void) ngx_eiam_revocation_remove_token(large.z.zone.shared,
                                      ngx_eiam_unit_revoke_digest(1000 + i));
    }

    for (i = 0; i < t->table->nrows; i++) {
        (void) ngx_eiam_unit_revoke_token(&large, 50000 + i, NULL);
    }

    ngx_eiam_unit_revoke_small(t, &large, "or half of which");

    ngx_eiam_unit_zone_close(&large.z);
}


/* all tokens stay revoked, and no application is revoked in addition */

static void
ngx_eiam_unit_revoke_small(ngx_eiam_unit_revoke_t *t,
    ngx_eiam_unit_revoke_t *large, const char *title)
{
    ngx_eiam_unit_revoke_t  small;

    ngx_eiam_unit_revoke_open(t->unit, &small, NGX_EIAM_ZONE_MIN);

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_revocation_copy(small.z.zone.shared,
                                              large->z.zone.shared)
                     == NGX_ERROR, "a zone is too small, %s", title);

    ngx_eiam_unit_zone_close(&small.z);
}


static u_char *
ngx_eiam_unit_revoke_digest(uint32_t n)
{
    static ngx_eiam_digest_t  token;

    ngx_eiam_unit_key(n, token);

    return token;
}


static void
ngx_eiam_unit_revoke_listed(ngx_eiam_unit_revoke_t *t)
{
    ngx_str_t                 crm = ngx_string("crm");
    ngx_uint_t                i, n, tokens, others, position;
    ngx_eiam_digest_t         token;
    ngx_eiam_revoke_row_t     rows[3];
    ngx_eiam_revocation_id_t  id;

    for (i = 0; i < 7; i++) {
        (void) ngx_eiam_unit_revoke_token(t, i, i == 6 ? "crm" : NULL);
    }

    ngx_eiam_unit_revoke_all_of(t, "crm");
    ngx_eiam_unit_revoke_all_of(t, "");

    ngx_eiam_unit_key(6, token);
    (void) ngx_eiam_revocation_id(&crm, id);

    tokens = 0;
    others = 0;
    position = 0;

    while ((n = ngx_eiam_revoke_list(&t->z.zone, &position, rows, 3)) > 0) {

        for (i = 0; i < n; i++) {

            if (rows[i].kind == NGX_EIAM_REVOKED_TOKEN) {
                tokens += rows[i].expires > ngx_time()
                          && rows[i].by == NGX_EIAM_BY_CONTROL
                          && rows[i].has_id == (ngx_memcmp(rows[i].token,
                                                           token, 20)
                                                == 0);

            } else {
                others += rows[i].not_before == ngx_time() + 31
                          && (rows[i].kind == NGX_EIAM_REVOKED_ALL
                              || ngx_memcmp(rows[i].id, id, sizeof(id)) == 0);
            }
        }
    }

    ngx_eiam_unit_ok(t->unit, tokens == 7 && others == 2,
                     "all that is revoked is listed, and whose it is");
}


const char *
ngx_eiam_unit_revoke_fault(ngx_eiam_shared_t *shared)
{
    uint32_t                 i, k, used, tokens, free, unsent, undone;
    ngx_eiam_revocation_t   *row;
    ngx_eiam_revocations_t  *table;

    table = &shared->revocations;

    for (i = table->free, free = 0; i; i = table->rows[i].chain, free++) {

        if (i >= table->nrows || free == table->nrows
            || ngx_eiam_revocation_kind(&table->rows[i])
               != NGX_EIAM_REVOCATION_FREE)
        {
            return ", but the free revocations lead nowhere";
        }
    }

    for (i = 0, unsent = 0; i < table->nrows; i++) {
        unsent += (table->rows[i].state & NGX_EIAM_REVOCATION_UNSENT) != 0;
    }

    if (unsent != table->unsent) {
        return ", but others are unsent than are counted";
    }

    for (i = 1, used = 0, tokens = 0, undone = 0; i < table->nrows; i++) {

        row = &table->rows[i];

        switch (ngx_eiam_revocation_kind(row)) {

        case NGX_EIAM_REVOCATION_FREE:
            continue;

        case NGX_EIAM_REVOCATION_OF_TOKEN:
            k = ngx_eiam_revocation_index_find_token(table, row->of.token);
            tokens++;
            break;

        case NGX_EIAM_REVOCATION_UNDONE:
            k = ngx_eiam_revocation_index_find_undone(table, row->of.token);
            undone++;
            break;

        default:
            k = ngx_eiam_revocation_index_find(table, row->of.application.id);
            tokens -= row->of.application.tokens;

            if (table->links[table->links[i].next].prior != i) {
                return ", but the tokens of an application are no ring";
            }
        }

        if (k != i) {
            return ", but a revocation is not found";
        }

        used++;
    }

    if (tokens != table->strays || undone != table->undone) {
        return ", but an application has other tokens than are counted";
    }

    return (used + free == table->nrows - 1) ? NULL
                                             : ", but revocations are lost";
}


/* ---- calls */

static void
ngx_eiam_unit_revoke_found(ngx_eiam_unit_revoke_t *t)
{
    time_t     crm, all;
    ngx_str_t  id = ngx_string("crm"), other = ngx_string("erp");

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_revoke_find(&t->z.zone, &id, &crm)
                     == NGX_DECLINED,
                     "an application that was not revoked");

    ngx_eiam_unit_revoke_all_of(t, "crm");

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_revoke_find(&t->z.zone, &id, &crm) == NGX_OK
                     && crm > ngx_time()
                     && ngx_eiam_revoke_find(&t->z.zone, &other, &all)
                        == NGX_DECLINED,
                     "one that was, and another one");

    ngx_eiam_unit_clock_pass(60000);
    ngx_eiam_unit_revoke_all_of(t, "");

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_revoke_find(&t->z.zone, &other, &all) == NGX_OK
                     && all == crm + 60
                     && ngx_eiam_revoke_find(&t->z.zone, &id, &crm) == NGX_OK
                     && crm == all,
                     "the later time counts if all were revoked too");

    (void) ngx_eiam_unit_revoke_restore(t, "");

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_revoke_find(&t->z.zone, &other, &all)
                     == NGX_DECLINED
                     && ngx_eiam_revoke_find(&t->z.zone, &id, &crm) == NGX_OK
                     && crm < ngx_time(),
                     "until all are restored");
}


static void
ngx_eiam_unit_revoke_grant(uint32_t n, const char *application,
    ngx_eiam_grant_t *grant)
{
    ngx_memzero(grant, sizeof(ngx_eiam_grant_t));

    grant->application.data = (u_char *) application;
    grant->application.len = application ? ngx_strlen(application) : 0;
    ngx_str_set(&grant->scopes, "org_read");
    grant->expires = ngx_time() + 100000;
}


static ngx_int_t
ngx_eiam_unit_revoke_learn(ngx_eiam_unit_revoke_t *t, uint32_t n,
    const char *application, uint32_t generation)
{
    ngx_eiam_grant_t   grant;
    ngx_eiam_digest_t  token;

    ngx_eiam_unit_key(n, token);
    ngx_eiam_unit_revoke_grant(n, application, &grant);
    grant.generation = generation;

    return ngx_eiam_source_learn(t->b, token, &grant);
}


static void
ngx_eiam_unit_revoke_question(ngx_eiam_unit_revoke_t *t,
    ngx_eiam_source_t *source, uint32_t n)
{
    ngx_eiam_digest_t  token;

    ngx_eiam_unit_key(n, token);
    ngx_memzero(&t->question, sizeof(ngx_eiam_question_t));
    ngx_eiam_source_key(source, token, t->question.key);
}


static ngx_int_t
ngx_eiam_unit_revoke_recall(ngx_eiam_unit_revoke_t *t, uint32_t n)
{
    ngx_eiam_unit_revoke_question(t, t->b, n);

    return ngx_eiam_source_recall(t->b, &t->question);
}


static ngx_int_t
ngx_eiam_unit_revoke_look_up(ngx_eiam_unit_revoke_t *t, uint32_t n)
{
    ngx_eiam_unit_revoke_question(t, t->b, n);

    return ngx_eiam_source_look_up(t->b, &t->terms, &t->question);
}


/* an earlier question about this token is answered as before */

static ngx_int_t
ngx_eiam_unit_revoke_verify(ngx_eiam_unit_revoke_t *t, uint32_t n,
    const char *application, time_t issued)
{
    uint32_t  generation;

    generation = t->question.generation ? t->question.generation
                                        : t->table->generation;

    ngx_eiam_unit_revoke_question(t, t->b, n);
    ngx_eiam_unit_revoke_grant(n, application, &t->question.grant);

    t->question.generation = generation;
    t->question.grant.issued = issued;

    return ngx_eiam_source_remember(t->b, &t->question);
}


static ngx_int_t
ngx_eiam_unit_revoke_ask(ngx_eiam_unit_revoke_t *t, uint32_t n)
{
    ngx_eiam_unit_revoke_question(t, t->a, n);

    return ngx_eiam_source_ask(t->a, &t->terms, &t->question);
}


static void
ngx_eiam_unit_revoke_settle(ngx_eiam_unit_revoke_t *t, uint32_t n,
    const char *application, time_t issued)
{
    ngx_eiam_unit_revoke_grant(n, application, &t->question.grant);
    t->question.grant.issued = issued;

    (void) ngx_eiam_source_settle(t->a, &t->terms, &t->question);
}


static ngx_int_t
ngx_eiam_unit_revoke_token(ngx_eiam_unit_revoke_t *t, uint32_t n,
    const char *application)
{
    ngx_eiam_grant_t   grant;
    ngx_eiam_digest_t  token;

    ngx_eiam_unit_key(n, token);
    ngx_eiam_unit_revoke_grant(n, application, &grant);
    grant.learned = 1;

    return ngx_eiam_revoke_token(&t->z.zone, token, application ? &grant : NULL,
                                 NGX_EIAM_BY_CONTROL);
}


/* "": all applications */

static void
ngx_eiam_unit_revoke_all_of(ngx_eiam_unit_revoke_t *t, const char *application)
{
    time_t     not_before;
    ngx_str_t  id;

    if (*application == '\0') {
        ngx_eiam_revoke_all(&t->z.zone, NGX_EIAM_BY_CONTROL, &not_before);
        return;
    }

    id.data = (u_char *) application;
    id.len = ngx_strlen(application);

    (void) ngx_eiam_revoke_application(&t->z.zone, &id, NGX_EIAM_BY_CONTROL,
                                       &not_before);
}


/* a number: a token; "": all; NULL: a token that was not revoked */

static ngx_int_t
ngx_eiam_unit_revoke_restore(ngx_eiam_unit_revoke_t *t,
    const char *application)
{
    ngx_str_t          id;
    ngx_eiam_digest_t  token;

    if (application == NULL || (*application >= '0' && *application <= '9')) {
        ngx_eiam_unit_key(application ? atoi(application) : 99999, token);
        return ngx_eiam_revoke_restore_token(&t->z.zone, token);
    }

    if (*application == '\0') {
        return ngx_eiam_revoke_restore_all(&t->z.zone);
    }

    id.data = (u_char *) application;
    id.len = ngx_strlen(application);

    return ngx_eiam_revoke_restore_application(&t->z.zone, &id);
}


static ngx_uint_t
ngx_eiam_unit_revoke_is(ngx_eiam_unit_revoke_t *t, uint32_t n)
{
    ngx_eiam_digest_t  token;

    ngx_eiam_unit_key(n, token);

    return ngx_eiam_revoke_has(&t->z.zone, token);
}


static ngx_uint_t
ngx_eiam_unit_revoke_is_detail(ngx_eiam_unit_revoke_t *t,
    ngx_eiam_detail_e detail)
{
    return t->question.reason == NGX_EIAM_TOKEN_REVOKED
           && t->question.detail == detail;
}
