
/*
 * A source behind the cache.  Each test has a zone of its own with the
 * sources "a" and "b", and a clock that stands still.
 */

#include "ngx_eiam_unit_zone.h"


#define NGX_EIAM_UNIT_SOURCE_FLOOD   1000000
#define NGX_EIAM_UNIT_SOURCE_GRANTS  4000


typedef struct {
    ngx_eiam_unit_t         *unit;
    ngx_eiam_unit_zone_t     z;
    ngx_eiam_shared_t       *shared;
    ngx_eiam_source_t       *a;
    ngx_eiam_source_t       *b;
    ngx_eiam_terms_t         terms;
    ngx_eiam_question_t      question;      /* the last one, answered */
} ngx_eiam_unit_source_t;


typedef void (*ngx_eiam_unit_source_pt)(ngx_eiam_unit_source_t *t);


static void ngx_eiam_unit_source_run(ngx_eiam_unit_t *unit,
    ngx_eiam_unit_source_pt run);

static void ngx_eiam_unit_source_granted(ngx_eiam_unit_source_t *t);
static void ngx_eiam_unit_source_refused(ngx_eiam_unit_source_t *t);
static void ngx_eiam_unit_source_failed(ngx_eiam_unit_source_t *t);
static void ngx_eiam_unit_source_abandoned(ngx_eiam_unit_source_t *t);
static void ngx_eiam_unit_source_lives(ngx_eiam_unit_source_t *t);
static void ngx_eiam_unit_source_uncached(ngx_eiam_unit_source_t *t);
static void ngx_eiam_unit_source_stale(ngx_eiam_unit_source_t *t);
static void ngx_eiam_unit_source_failures(ngx_eiam_unit_source_t *t);
static void ngx_eiam_unit_source_neutral(ngx_eiam_unit_source_t *t);
static void ngx_eiam_unit_source_strangers(ngx_eiam_unit_source_t *t);
static void ngx_eiam_unit_source_clock(ngx_eiam_unit_source_t *t);
static void ngx_eiam_unit_source_limit(ngx_eiam_unit_source_t *t);
static void ngx_eiam_unit_source_places(ngx_eiam_unit_source_t *t);
static void ngx_eiam_unit_source_circuit(ngx_eiam_unit_source_t *t);
static void ngx_eiam_unit_source_probe(ngx_eiam_unit_source_t *t);
static void ngx_eiam_unit_source_open(ngx_eiam_unit_source_t *t);
static void ngx_eiam_unit_source_no_circuit(ngx_eiam_unit_source_t *t);
static void ngx_eiam_unit_source_lost(ngx_eiam_unit_source_t *t);
static void ngx_eiam_unit_source_swept(ngx_eiam_unit_source_t *t);
static void ngx_eiam_unit_source_wiped(ngx_eiam_unit_source_t *t);
static void ngx_eiam_unit_source_two(ngx_eiam_unit_source_t *t);
static void ngx_eiam_unit_source_learned(ngx_eiam_unit_source_t *t);
static void ngx_eiam_unit_source_flood(ngx_eiam_unit_source_t *t);

static ngx_int_t ngx_eiam_unit_source_ask(ngx_eiam_unit_source_t *t,
    uint32_t token, uint32_t flight);
static ngx_int_t ngx_eiam_unit_source_grant(ngx_eiam_unit_source_t *t,
    uint32_t token, uint32_t flight);
static ngx_int_t ngx_eiam_unit_source_refuse(ngx_eiam_unit_source_t *t,
    uint32_t token, uint32_t flight, ngx_eiam_reason_e reason);
static ngx_int_t ngx_eiam_unit_source_failure(ngx_eiam_unit_source_t *t,
    uint32_t token, ngx_eiam_failure_e failure);
static void ngx_eiam_unit_source_abandon(ngx_eiam_unit_source_t *t,
    uint32_t token, uint32_t flight);
static void ngx_eiam_unit_source_question(ngx_eiam_unit_source_t *t,
    uint32_t token, uint32_t flight, ngx_eiam_question_t *question);
static ngx_int_t ngx_eiam_unit_source_learn(ngx_eiam_unit_source_t *t,
    uint32_t token);
static void ngx_eiam_unit_source_break(ngx_eiam_unit_source_t *t,
    ngx_uint_t n);
static ngx_uint_t ngx_eiam_unit_source_unavailable(ngx_eiam_unit_source_t *t,
    uint32_t token);


static const ngx_eiam_unit_source_pt  ngx_eiam_unit_source_tests[] = {
    ngx_eiam_unit_source_granted,
    ngx_eiam_unit_source_refused,
    ngx_eiam_unit_source_failed,
    ngx_eiam_unit_source_abandoned,
    ngx_eiam_unit_source_lives,
    ngx_eiam_unit_source_uncached,
    ngx_eiam_unit_source_stale,
    ngx_eiam_unit_source_failures,
    ngx_eiam_unit_source_neutral,
    ngx_eiam_unit_source_strangers,
    ngx_eiam_unit_source_clock,
    ngx_eiam_unit_source_limit,
    ngx_eiam_unit_source_places,
    ngx_eiam_unit_source_circuit,
    ngx_eiam_unit_source_probe,
    ngx_eiam_unit_source_open,
    ngx_eiam_unit_source_no_circuit,
    ngx_eiam_unit_source_lost,
    ngx_eiam_unit_source_swept,
    ngx_eiam_unit_source_wiped,
    ngx_eiam_unit_source_two,
    ngx_eiam_unit_source_learned,
    ngx_eiam_unit_source_flood,
    NULL
};


void
ngx_eiam_unit_source(ngx_eiam_unit_t *unit)
{
    const ngx_eiam_unit_source_pt  *test;

    for (test = ngx_eiam_unit_source_tests; *test; test++) {
        ngx_eiam_unit_source_run(unit, *test);
    }
}


static void
ngx_eiam_unit_source_run(ngx_eiam_unit_t *unit, ngx_eiam_unit_source_pt run)
{
    ngx_eiam_unit_clock_t   clock;
    ngx_eiam_unit_source_t  t;

    static const ngx_eiam_terms_t  terms = {
        .valid = 300, .negative = 10, .stale = 0, .limit = 64, .failures = 5,
        .retry = 1000, .timeout = 10000
    };

    ngx_eiam_unit_clock_stop(&clock);

    ngx_memzero(&t, sizeof(ngx_eiam_unit_source_t));

    ngx_eiam_unit_zone_two(unit, &t.z, 1024 * 1024, &t.a, &t.b);
    ngx_eiam_unit_zone_start(&t.z);

    t.unit = unit;
    t.terms = terms;
    t.shared = t.z.zone.shared;

    run(&t);

    ngx_eiam_unit_ok(unit, t.shared->changing == 0,
                     "no change is left unfinished");

    ngx_eiam_unit_zone_close(&t.z);
    ngx_eiam_unit_clock_go(&clock);
}


static void
ngx_eiam_unit_source_granted(ngx_eiam_unit_source_t *t)
{
    ngx_int_t  rc;
    uint32_t   flight;

    rc = ngx_eiam_unit_source_ask(t, 1, 0);
    flight = t->question.flight;

    ngx_eiam_unit_ok(t->unit, rc == NGX_DECLINED && flight,
                     "the first one asks the source");

    rc = ngx_eiam_unit_source_ask(t, 1, 0);

    ngx_eiam_unit_ok(t->unit, rc == NGX_AGAIN && t->question.flight == flight,
                     "the next one waits for it");
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_source_ask(t, 1, flight) == NGX_AGAIN
                     && t->question.flight == flight,
                     "and waits on");
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_source_ask(t, 2, 0) == NGX_DECLINED
                     && t->question.flight != flight,
                     "another token is another question");

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_source_grant(t, 1, flight) == NGX_OK,
                     "the source has answered");

    rc = ngx_eiam_unit_source_ask(t, 1, flight);

    ngx_eiam_unit_ok(t->unit, rc == NGX_OK && t->question.fetched
                              && !t->question.stale
                              && ngx_eiam_unit_grant_is(1,
                                                        &t->question.grant),
                     "who waited has the grant, just fetched");

    rc = ngx_eiam_unit_source_ask(t, 1, 0);

    ngx_eiam_unit_ok(t->unit, rc == NGX_OK && !t->question.fetched
                              && ngx_eiam_unit_grant_is(1,
                                                        &t->question.grant),
                     "who comes later has it from the cache");

    rc = ngx_eiam_unit_source_ask(t, 1, flight + 100);

    ngx_eiam_unit_ok(t->unit, rc == NGX_OK && !t->question.fetched,
                     "so has who waited for something else");
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_source_ask(t, 2, 0) == NGX_AGAIN,
                     "the other token is still asked for");
}


static void
ngx_eiam_unit_source_refused(ngx_eiam_unit_source_t *t)
{
    ngx_int_t  rc;
    uint32_t   flight;

    rc = ngx_eiam_unit_source_ask(t, 1, 0);
    flight = t->question.flight;

    ngx_eiam_unit_ok(t->unit, rc == NGX_DECLINED
                              && ngx_eiam_unit_source_refuse(t, 1, flight,
                                                      NGX_EIAM_TOKEN_EXPIRED)
                                 == NGX_OK,
                     "a refusal is an answer");

    rc = ngx_eiam_unit_source_ask(t, 1, flight);

    ngx_eiam_unit_ok(t->unit, rc == NGX_ABORT && t->question.fetched
                              && t->question.reason == NGX_EIAM_TOKEN_EXPIRED,
                     "who waited is refused for that reason");

    rc = ngx_eiam_unit_source_ask(t, 1, 0);

    ngx_eiam_unit_ok(t->unit, rc == NGX_ABORT && !t->question.fetched
                              && t->question.reason == NGX_EIAM_TOKEN_EXPIRED,
                     "who comes later too, from the cache");

    /* a grant that is refused when the source is asked again */

    (void) ngx_eiam_unit_source_learn(t, 2);
    ngx_eiam_unit_clock_pass(300000);

    (void) ngx_eiam_unit_source_ask(t, 2, 0);
    (void) ngx_eiam_unit_source_refuse(t, 2, t->question.flight,
                                       NGX_EIAM_TOKEN_INVALID);
    rc = ngx_eiam_unit_source_ask(t, 2, 0);

    ngx_eiam_unit_ok(t->unit, rc == NGX_ABORT
                              && t->question.reason == NGX_EIAM_TOKEN_INVALID,
                     "a grant that is refused later is gone");

    t->terms.stale = 3600;
    ngx_eiam_unit_clock_pass(20000);

    (void) ngx_eiam_unit_source_ask(t, 2, 0);
    (void) ngx_eiam_unit_source_refuse(t, 2, t->question.flight,
                                       NGX_EIAM_SOURCE_UNAVAILABLE);

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_source_ask(t, 2, t->question.flight)
                     == NGX_ABORT
                     && t->question.reason == NGX_EIAM_SOURCE_UNAVAILABLE,
                     "and does not come back when the source fails");

    /* and the reverse */

    ngx_eiam_unit_clock_pass(1000);
    (void) ngx_eiam_unit_source_learn(t, 2);

    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_source_ask(t, 2, 0) == NGX_OK,
                     "a token that was refused can be granted later");
}


static void
ngx_eiam_unit_source_failed(ngx_eiam_unit_source_t *t)
{
    ngx_int_t  rc;
    uint32_t   flight;

    (void) ngx_eiam_unit_source_ask(t, 1, 0);
    flight = t->question.flight;

    (void) ngx_eiam_unit_source_ask(t, 1, 0);
    rc = ngx_eiam_unit_source_refuse(t, 1, flight,
                                     NGX_EIAM_SOURCE_UNAVAILABLE);

    ngx_eiam_unit_ok(t->unit, rc == NGX_OK, "one failure opens no circuit");

    rc = ngx_eiam_unit_source_ask(t, 1, flight);

    ngx_eiam_unit_ok(t->unit, rc == NGX_ABORT && t->question.fetched
                              && t->question.reason
                                 == NGX_EIAM_SOURCE_UNAVAILABLE,
                     "who waited is told of the failure");

    rc = ngx_eiam_unit_source_ask(t, 1, 0);

    ngx_eiam_unit_ok(t->unit, rc == NGX_DECLINED
                              && t->question.flight != flight,
                     "who comes later asks again");

    rc = ngx_eiam_unit_source_ask(t, 1, flight);

    ngx_eiam_unit_ok(t->unit, rc == NGX_ABORT
                              && t->question.reason
                                 == NGX_EIAM_SOURCE_UNAVAILABLE,
                     "a slow one that waited still learns of the failure");
}


static void
ngx_eiam_unit_source_abandoned(ngx_eiam_unit_source_t *t)
{
    ngx_int_t  rc;
    uint32_t   flight;

    (void) ngx_eiam_unit_source_ask(t, 1, 0);
    flight = t->question.flight;

    ngx_eiam_unit_source_abandon(t, 1, flight + 1);

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_source_ask(t, 1, 0) == NGX_AGAIN
                     && t->a->record->flights == 1,
                     "nobody abandons the flight of others");

    ngx_eiam_unit_source_abandon(t, 1, flight);

    ngx_eiam_unit_ok(t->unit, t->a->record->flights == 0,
                     "an abandoned flight is over");

    rc = ngx_eiam_unit_source_ask(t, 1, flight);

    ngx_eiam_unit_ok(t->unit, rc == NGX_DECLINED
                              && t->question.flight != flight,
                     "one of those that waited asks in its place");
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_source_ask(t, 1, flight) == NGX_AGAIN
                     && t->question.flight != flight,
                     "the others wait for that one");
    ngx_eiam_unit_ok(t->unit, t->a->record->failures == 0,
                     "and the source is not to blame");
}


static void
ngx_eiam_unit_source_lives(ngx_eiam_unit_source_t *t)
{
    (void) ngx_eiam_unit_source_learn(t, 1);
    (void) ngx_eiam_unit_source_ask(t, 2, 0);
    (void) ngx_eiam_unit_source_refuse(t, 2, t->question.flight,
                                       NGX_EIAM_TOKEN_INVALID);

    ngx_eiam_unit_clock_pass(9999);
    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_source_ask(t, 2, 0) == NGX_ABORT,
                     "a refusal counts up to eiam_cache_negative");

    ngx_eiam_unit_clock_pass(1);
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_source_ask(t, 2, 0) == NGX_DECLINED,
                     "then the source is asked");

    ngx_eiam_unit_clock_pass(289999);
    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_source_ask(t, 1, 0) == NGX_OK,
                     "a grant counts up to eiam_cache_valid");

    t->terms.valid = 299;
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_source_ask(t, 1, 0) == NGX_DECLINED,
                     "of the location that asks");
    ngx_eiam_unit_source_abandon(t, 1, t->question.flight);

    t->terms.valid = 300;
    ngx_eiam_unit_clock_pass(1);
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_source_ask(t, 1, 0) == NGX_DECLINED,
                     "then the source is asked");

    (void) ngx_eiam_unit_source_grant(t, 1, t->question.flight);
    ngx_eiam_unit_clock_pass(299000);

    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_source_ask(t, 1, 0) == NGX_OK,
                     "and the grant has its whole life again");
}


/* eiam_cache_valid 0 and eiam_cache_negative 0 */

static void
ngx_eiam_unit_source_uncached(ngx_eiam_unit_source_t *t)
{
    uint32_t  flight;

    t->terms.valid = 0;
    t->terms.negative = 0;

    (void) ngx_eiam_unit_source_ask(t, 1, 0);
    flight = t->question.flight;
    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_source_ask(t, 1, 0) == NGX_AGAIN,
                     "without a cache too there is one flight");

    (void) ngx_eiam_unit_source_grant(t, 1, flight);

    ngx_eiam_unit_clock_pass(5000);
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_source_ask(t, 1, flight) == NGX_OK
                     && t->question.fetched,
                     "who waited has the grant, however late");
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_source_ask(t, 1, 0) == NGX_DECLINED,
                     "nobody else has");

    (void) ngx_eiam_unit_source_ask(t, 2, 0);
    flight = t->question.flight;
    (void) ngx_eiam_unit_source_refuse(t, 2, flight, NGX_EIAM_TOKEN_INVALID);

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_source_ask(t, 2, flight) == NGX_ABORT
                     && t->question.fetched,
                     "who waited is refused");
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_source_ask(t, 2, 0) == NGX_DECLINED,
                     "nobody else is");
}


static void
ngx_eiam_unit_source_stale(ngx_eiam_unit_source_t *t)
{
    ngx_int_t  rc;
    uint32_t   flight;

    t->terms.stale = 60;
    t->terms.failures = 100;

    (void) ngx_eiam_unit_source_learn(t, 1);
    ngx_eiam_unit_clock_pass(300000);

    (void) ngx_eiam_unit_source_ask(t, 1, 0);
    flight = t->question.flight;

    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_source_ask(t, 1, 0) == NGX_AGAIN,
                     "a stale grant is none as long as the source may answer");

    (void) ngx_eiam_unit_source_refuse(t, 1, flight,
                                       NGX_EIAM_SOURCE_UNAVAILABLE);
    rc = ngx_eiam_unit_source_ask(t, 1, flight);

    ngx_eiam_unit_ok(t->unit, rc == NGX_OK && t->question.stale
                              && ngx_eiam_unit_grant_is(1,
                                                        &t->question.grant),
                     "after a failure it is one");

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_source_ask(t, 1, 0) == NGX_DECLINED,
                     "the next one asks again");
    flight = t->question.flight;

    ngx_eiam_unit_clock_pass(59999);
    (void) ngx_eiam_unit_source_ask(t, 1, 0);
    (void) ngx_eiam_unit_source_refuse(t, 1, t->question.flight,
                                       NGX_EIAM_SOURCE_UNAVAILABLE);
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_source_ask(t, 1, t->question.flight)
                     == NGX_OK && t->question.stale,
                     "it counts up to eiam_cache_stale");

    ngx_eiam_unit_clock_pass(1);
    (void) ngx_eiam_unit_source_ask(t, 1, 0);
    (void) ngx_eiam_unit_source_refuse(t, 1, t->question.flight,
                                       NGX_EIAM_SOURCE_UNAVAILABLE);
    rc = ngx_eiam_unit_source_ask(t, 1, t->question.flight);

    ngx_eiam_unit_ok(t->unit, rc == NGX_ABORT && !t->question.stale
                              && t->question.reason
                                 == NGX_EIAM_SOURCE_UNAVAILABLE,
                     "not longer");

    (void) ngx_eiam_unit_source_learn(t, 1);
    rc = ngx_eiam_unit_source_ask(t, 1, 0);

    ngx_eiam_unit_ok(t->unit, rc == NGX_OK && !t->question.stale,
                     "an answer makes it fresh again");

    t->terms.valid = 0;
    ngx_eiam_unit_clock_pass(59000);
    (void) ngx_eiam_unit_source_ask(t, 1, 0);
    (void) ngx_eiam_unit_source_refuse(t, 1, t->question.flight,
                                       NGX_EIAM_SOURCE_UNAVAILABLE);
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_source_ask(t, 1, t->question.flight)
                     == NGX_OK && t->question.stale,
                     "it serves also where nothing comes from the cache");
}


/* a token for which the source fails, while others are answered */

static void
ngx_eiam_unit_source_failures(ngx_eiam_unit_source_t *t)
{
    ngx_int_t   rc;
    ngx_uint_t  i, stale;
    uint32_t    flight;

    static const struct {
        const char          *title;
        ngx_eiam_failure_e   failure;
        ngx_uint_t           stale;
        ngx_uint_t           kept;
    } failures[] = {
        { "an answer of no use", NGX_EIAM_ODD, 0, 1 },
        { "an error", NGX_EIAM_BROKEN, 1, 1 },
        { "no answer", NGX_EIAM_DOWN, 1, 0 },
        { NULL, NGX_EIAM_BUSY, 0, 0 }
    };

    t->terms.stale = 60;

    for (i = 0; failures[i].title; i++) {

        (void) ngx_eiam_unit_source_learn(t, i);
        ngx_eiam_unit_clock_pass(300000);

        (void) ngx_eiam_unit_source_failure(t, i, failures[i].failure);
        flight = t->question.flight;

        rc = ngx_eiam_unit_source_ask(t, i, flight);
        stale = (rc == NGX_OK && t->question.stale);

        ngx_eiam_unit_ok(t->unit, t->question.fetched
                                  && stale == failures[i].stale
                                  && (stale || rc == NGX_ABORT),
                         "%s: a stale grant serves%s", failures[i].title,
                         failures[i].stale ? "" : " not");

        rc = ngx_eiam_unit_source_ask(t, i, 0);
        stale = (rc == NGX_OK && t->question.stale);

        ngx_eiam_unit_ok(t->unit, (rc == NGX_DECLINED) == !failures[i].kept
                                  && !t->question.fetched
                                  && (rc == NGX_DECLINED
                                      || stale == failures[i].stale),
                         "nor when it is remembered");

        if (rc == NGX_DECLINED) {
            ngx_eiam_unit_source_abandon(t, i, t->question.flight);
        }

        ngx_eiam_unit_clock_pass(1999);
        rc = ngx_eiam_unit_source_ask(t, i, 0);

        if (rc == NGX_DECLINED) {
            ngx_eiam_unit_source_abandon(t, i, t->question.flight);
        }

        ngx_eiam_unit_ok(t->unit, (rc == NGX_DECLINED) == !failures[i].kept,
                         "which it is for two seconds");

        ngx_eiam_unit_clock_pass(1);
        rc = ngx_eiam_unit_source_ask(t, i, 0);

        ngx_eiam_unit_ok(t->unit, rc == NGX_DECLINED,
                         "then the source is asked again");

        ngx_eiam_unit_source_abandon(t, i, t->question.flight);
    }

    t->terms.negative = 0;

    (void) ngx_eiam_unit_source_failure(t, 100, NGX_EIAM_ODD);
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_source_ask(t, 100, 0) == NGX_DECLINED,
                     "and at once where refusals are not remembered");

    /* a stale grant, then an answer that cannot be used, and then no answer */

    t->terms.negative = 10;

    (void) ngx_eiam_unit_source_learn(t, 9);
    ngx_eiam_unit_clock_pass(300000);
    (void) ngx_eiam_unit_source_failure(t, 9, NGX_EIAM_ODD);
    ngx_eiam_unit_source_break(t, 5);

    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_source_unavailable(t, 9),
                     "also while the circuit is open");
    ngx_eiam_unit_clock_pass(2000);
    (void) ngx_eiam_unit_source_ask(t, 1001, 0);
    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_source_ask(t, 9, 0) == NGX_OK
                              && t->question.stale,
                     "what was remembered is over, and the source down: the "
                     "stale grant serves");
}


/* unusable answers neither open a circuit nor keep it open */

static void
ngx_eiam_unit_source_neutral(ngx_eiam_unit_source_t *t)
{
    ngx_uint_t  i;

    for (i = 0; i < 1000; i++) {
        (void) ngx_eiam_unit_source_failure(t, i, (i % 2) ? NGX_EIAM_ODD
                                                          : NGX_EIAM_BROKEN);
    }

    ngx_eiam_unit_ok(t->unit, t->a->record->failures == 0
                              && ngx_eiam_unit_source_ask(t, 2000, 0)
                                 == NGX_DECLINED,
                     "trouble with any number of tokens opens no circuit");

    ngx_eiam_unit_source_break(t, 4);
    (void) ngx_eiam_unit_source_failure(t, 2001, NGX_EIAM_ODD);
    (void) ngx_eiam_unit_source_failure(t, 2002, NGX_EIAM_BROKEN);

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_source_failure(t, 2003, NGX_EIAM_DOWN)
                     == NGX_DECLINED
                     && ngx_eiam_unit_source_unavailable(t, 2004),
                     "nor does it end a row of failures");

    ngx_eiam_unit_clock_pass(1000);

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_source_failure(t, 2005, NGX_EIAM_ODD)
                     == NGX_OK
                     && !t->a->record->open,
                     "but nor does it keep open one that is");
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_source_ask(t, 2006, 0) == NGX_DECLINED
                     && ngx_eiam_unit_source_failure(t, 2007, NGX_EIAM_ODD)
                        == NGX_OK,
                     "then all may ask");
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_source_failure(t, 2008, NGX_EIAM_DOWN)
                     == NGX_DECLINED
                     && t->a->record->open
                     && ngx_eiam_unit_source_unavailable(t, 2009),
                     "until the next failure");

    ngx_eiam_unit_clock_pass(1000);

    (void) ngx_eiam_unit_source_ask(t, 2010, 0);

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_source_grant(t, 2010, t->question.flight)
                     == NGX_OK
                     && t->a->record->failures == 0,
                     "and a good answer to a probe ends the row");
}


/* tokens without a grant get half of the flights */

static void
ngx_eiam_unit_source_strangers(ngx_eiam_unit_source_t *t)
{
    uint32_t          n, known;
    ngx_uint_t        limit;
    ngx_eiam_grant_t  grant;

    ngx_memzero(&grant, sizeof(ngx_eiam_grant_t));
    grant.expires = NGX_EIAM_NEVER;

    for (n = 0; n < 1000; n++) {
        (void) ngx_eiam_unit_source_ask(t, n, 0);
        t->question.grant = grant;
        (void) ngx_eiam_source_settle(t->a, &t->terms, &t->question);
    }

    t->terms.valid = 0;

    for (limit = 1; limit <= 6; limit++) {

        t->terms.limit = limit;

        for (n = 0; ngx_eiam_unit_source_ask(t, 5000 + n, 0) == NGX_DECLINED;
             n++)
        {
            /* void */
        }

        for (known = 0;
             ngx_eiam_unit_source_ask(t, known, 0) == NGX_DECLINED;
             known++)
        {
            /* void */
        }

        ngx_eiam_unit_ok(t->unit, n == (limit + 1) / 2 && n + known == limit
                                  && t->question.reason
                                     == NGX_EIAM_SOURCE_UNAVAILABLE,
                         "a limit of %ui: %uD new tokens, and %uD known ones",
                         limit, n, known);

        ngx_eiam_unit_clock_pass(11000);
        ngx_eiam_zone_sweep(&t->z.zone);
    }

    t->terms.limit = 100000;

    for (n = 0; ngx_eiam_unit_source_ask(t, 5000 + n, 0) == NGX_DECLINED; n++)
    {
        /* void */
    }

    for (known = 0; ngx_eiam_unit_source_ask(t, known, 0) == NGX_DECLINED;
         known++)
    {
        /* void */
    }

    ngx_eiam_unit_ok(t->unit, n == t->shared->flights.nslots / 2
                              && n + known == t->shared->flights.nslots - 1
                              && t->a->record->strangers == n
                              && t->shared->flights.strangers == n,
                     "of all the zone's slots new tokens have half: %uD", n);

    ngx_eiam_unit_clock_pass(11000);
    ngx_eiam_zone_sweep(&t->z.zone);

    ngx_eiam_unit_ok(t->unit, t->a->record->strangers == 0
                              && t->shared->flights.strangers == 0,
                     "which are counted exactly");

    t->terms.limit = 2;
    t->terms.valid = 300;

    (void) ngx_eiam_unit_source_learn(t, 7000);
    ngx_eiam_unit_clock_pass(8000000);
    t->terms.valid = 0;
    (void) ngx_eiam_unit_source_ask(t, 7001, 0);

    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_source_unavailable(t, 7000),
                     "a token that has expired is a new one");
}


static void
ngx_eiam_unit_source_clock(ngx_eiam_unit_source_t *t)
{
    ngx_eiam_unit_clock_pass(1000000);
    (void) ngx_eiam_unit_source_learn(t, 1);

    ngx_eiam_unit_clock_pass(-5000);
    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_source_ask(t, 1, 0) == NGX_OK,
                     "another worker's clock may be 5 seconds behind");

    ngx_eiam_unit_clock_pass(-1000);
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_source_ask(t, 1, 0) == NGX_DECLINED,
                     "what was checked in the future is asked for again");
}


static void
ngx_eiam_unit_source_limit(ngx_eiam_unit_source_t *t)
{
    uint32_t  flight;

    t->terms.limit = 6;
    t->terms.stale = 60;

    (void) ngx_eiam_unit_source_learn(t, 9);
    (void) ngx_eiam_unit_source_learn(t, 8);

    (void) ngx_eiam_unit_source_ask(t, 1, 0);
    flight = t->question.flight;
    (void) ngx_eiam_unit_source_ask(t, 2, 0);

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_source_ask(t, 3, 0) == NGX_DECLINED,
                     "as many flights as half of the limit");
    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_source_unavailable(t, 4),
                     "beyond it the source is unavailable, at once");
    ngx_eiam_unit_ok(t->unit, t->a->record->failures == 0,
                     "that is no failure of the source");
    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_source_ask(t, 3, 0) == NGX_AGAIN,
                     "a token that is asked for can be waited for");
    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_source_ask(t, 9, 0) == NGX_OK,
                     "one that is in the cache is served");

    ngx_eiam_unit_source_abandon(t, 1, flight);

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_source_ask(t, 4, 0) == NGX_DECLINED,
                     "one flight less is one more");

    t->terms.valid = 0;
    t->terms.limit = 3;
    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_source_unavailable(t, 9),
                     "beyond it no stale grant serves: the gate is busy, "
                     "which says nothing of the token");

    t->a = t->b;
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_source_ask(t, 1, 0) == NGX_DECLINED,
                     "another source has its own limit");
}


static void
ngx_eiam_unit_source_places(ngx_eiam_unit_source_t *t)
{
    uint32_t  n;

    t->terms.limit = 100000;

    for (n = 0; ngx_eiam_unit_source_ask(t, n, 0) == NGX_DECLINED; n++) {
        /* void */
    }

    ngx_eiam_unit_ok(t->unit, n == t->shared->flights.nslots / 2
                              && ngx_eiam_unit_source_unavailable(t, n),
                     "more flights than the zone has room for: unavailable");
    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_source_ask(t, 0, 0) == NGX_AGAIN,
                     "those that there are can be waited for");
}


static void
ngx_eiam_unit_source_circuit(ngx_eiam_unit_source_t *t)
{
    ngx_int_t   rc;
    ngx_uint_t  i;

    rc = NGX_ERROR;

    (void) ngx_eiam_unit_source_learn(t, 9);

    for (i = 0; i < 4; i++) {
        (void) ngx_eiam_unit_source_ask(t, i, 0);
        rc = ngx_eiam_unit_source_refuse(t, i, t->question.flight,
                                         NGX_EIAM_SOURCE_UNAVAILABLE);
    }

    ngx_eiam_unit_ok(t->unit, rc == NGX_OK
                              && ngx_eiam_unit_source_ask(t, 5, 0)
                                 == NGX_DECLINED,
                     "fewer failures than the circuit's number");

    rc = ngx_eiam_unit_source_refuse(t, 5, t->question.flight,
                                     NGX_EIAM_SOURCE_UNAVAILABLE);
    ngx_eiam_unit_ok(t->unit, rc == NGX_DECLINED, "one more opens it");

    ngx_eiam_unit_clock_pass(999);
    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_source_unavailable(t, 5),
                     "then nobody asks for the circuit's time");
    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_source_ask(t, 9, 0) == NGX_OK,
                     "the cache serves all the same");

    ngx_eiam_unit_clock_pass(1);
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_source_ask(t, 5, 0) == NGX_DECLINED,
                     "then one tries");
    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_source_unavailable(t, 6)
                              && ngx_eiam_unit_source_unavailable(t, 7),
                     "only one");

    (void) ngx_eiam_unit_source_ask(t, 5, 0);
    rc = ngx_eiam_unit_source_refuse(t, 5, t->question.flight,
                                     NGX_EIAM_SOURCE_UNAVAILABLE);
    ngx_eiam_unit_clock_pass(999);

    ngx_eiam_unit_ok(t->unit, rc == NGX_DECLINED
                              && ngx_eiam_unit_source_unavailable(t, 5),
                     "if it fails, nobody asks for that time again");

    ngx_eiam_unit_clock_pass(1);
    (void) ngx_eiam_unit_source_ask(t, 5, 0);
    rc = ngx_eiam_unit_source_grant(t, 5, t->question.flight);

    ngx_eiam_unit_ok(t->unit, rc == NGX_OK
                              && ngx_eiam_unit_source_ask(t, 6, 0)
                                 == NGX_DECLINED
                              && ngx_eiam_unit_source_ask(t, 7, 0)
                                 == NGX_DECLINED,
                     "if it succeeds, everybody does");

    /* a refusal is an answer, too */

    ngx_eiam_unit_source_break(t, 5);
    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_source_unavailable(t, 10),
                     "it can open again");

    ngx_eiam_unit_clock_pass(1000);
    (void) ngx_eiam_unit_source_ask(t, 10, 0);
    rc = ngx_eiam_unit_source_refuse(t, 10, t->question.flight,
                                     NGX_EIAM_TOKEN_INVALID);

    ngx_eiam_unit_ok(t->unit, rc == NGX_OK
                              && ngx_eiam_unit_source_ask(t, 11, 0)
                                 == NGX_DECLINED,
                     "a refused token closes it as well");

    ngx_eiam_unit_source_break(t, 4);
    (void) ngx_eiam_unit_source_learn(t, 12);
    ngx_eiam_unit_source_break(t, 4);

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_source_ask(t, 13, 0) == NGX_DECLINED,
                     "only failures in a row count");
}


static void
ngx_eiam_unit_source_probe(ngx_eiam_unit_source_t *t)
{
    uint32_t  flight;

    ngx_eiam_unit_source_break(t, 5);
    ngx_eiam_unit_clock_pass(1000);

    (void) ngx_eiam_unit_source_ask(t, 1, 0);
    flight = t->question.flight;

    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_source_unavailable(t, 2)
                              && ngx_eiam_unit_source_ask(t, 1, 0)
                                 == NGX_AGAIN,
                     "whose token the probe has waits for it");

    ngx_eiam_unit_source_abandon(t, 1, flight);

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_source_ask(t, 2, 0) == NGX_DECLINED
                     && ngx_eiam_unit_source_unavailable(t, 1),
                     "if the probe is abandoned, the next one is it, at once");

    ngx_eiam_unit_clock_pass(10000);
    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_source_unavailable(t, 1),
                     "a probe may take its whole time");

    ngx_eiam_unit_clock_pass(2000);
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_source_ask(t, 1, 0) == NGX_DECLINED,
                     "if it is lost, the next one is it");
}


/*
 * flights that began before the circuit opened, and locations without circuit
 */

static void
ngx_eiam_unit_source_open(ngx_eiam_unit_source_t *t)
{
    uint32_t  early, flight;

    (void) ngx_eiam_unit_source_ask(t, 1, 0);
    early = t->question.flight;

    ngx_eiam_unit_source_break(t, 5);

    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_source_ask(t, 1, 0) == NGX_AGAIN,
                     "a flight from before the circuit opened goes on");

    t->terms.failures = 0;
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_source_ask(t, 3, 0) == NGX_DECLINED,
                     "a location without a circuit asks");

    t->terms.failures = 5;
    ngx_eiam_unit_clock_pass(1000);
    (void) ngx_eiam_unit_source_ask(t, 2, 0);
    flight = t->question.flight;

    t->terms.failures = 0;
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_source_ask(t, 4, 0) == NGX_DECLINED,
                     "also while another one's probe is under way");

    t->terms.failures = 5;
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_source_grant(t, 1, early) == NGX_OK
                     && ngx_eiam_unit_source_ask(t, 5, 0) == NGX_DECLINED,
                     "if that one succeeds, nobody waits for the probe");

    (void) ngx_eiam_unit_source_refuse(t, 2, flight,
                                       NGX_EIAM_SOURCE_UNAVAILABLE);
    ngx_eiam_unit_ok(t->unit, t->a->record->failures == 1
                              && t->a->record->probe == 0,
                     "whose failure is then the first one");
}


static void
ngx_eiam_unit_source_no_circuit(ngx_eiam_unit_source_t *t)
{
    t->terms.failures = 0;

    ngx_eiam_unit_source_break(t, 1000);

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_source_ask(t, 1, 0) == NGX_DECLINED
                     && ngx_eiam_unit_source_ask(t, 2, 0) == NGX_DECLINED,
                     "0 failures: no circuit opens");
}


static void
ngx_eiam_unit_source_lost(ngx_eiam_unit_source_t *t)
{
    ngx_int_t  rc;
    uint32_t   old, new;

    (void) ngx_eiam_unit_source_ask(t, 1, 0);
    old = t->question.flight;

    ngx_eiam_unit_clock_pass(10000);
    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_source_ask(t, 1, 0) == NGX_AGAIN,
                     "a flight has its whole time");

    ngx_eiam_unit_clock_pass(1000);
    rc = ngx_eiam_unit_source_ask(t, 1, old);
    new = t->question.flight;

    ngx_eiam_unit_ok(t->unit, rc == NGX_DECLINED && new != old
                              && t->a->record->flights == 1,
                     "then it is lost, and another one asks");

    ngx_eiam_unit_source_abandon(t, 1, old);
    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_source_ask(t, 1, 0) == NGX_AGAIN
                              && t->question.flight == new,
                     "who led the lost one can abandon no other");

    (void) ngx_eiam_unit_source_refuse(t, 1, old,
                                       NGX_EIAM_SOURCE_UNAVAILABLE);
    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_source_ask(t, 1, new) == NGX_AGAIN
                              && t->a->record->flights == 1,
                     "nor fail it");

    (void) ngx_eiam_unit_source_refuse(t, 1, new, NGX_EIAM_TOKEN_INVALID);
    (void) ngx_eiam_unit_source_ask(t, 1, new);
    ngx_eiam_unit_ok(t->unit, t->question.reason == NGX_EIAM_TOKEN_INVALID
                              && t->a->record->flights == 0,
                     "the other one's answer counts");

    (void) ngx_eiam_unit_source_grant(t, 1, old);
    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_source_ask(t, 1, 0) == NGX_ABORT
                              && t->question.reason == NGX_EIAM_TOKEN_INVALID
                              && t->a->record->flights == 0,
                     "the lost one's does not, when it comes late");
}


/* flights that nobody asks for again are removed from the limit */

static void
ngx_eiam_unit_source_swept(ngx_eiam_unit_source_t *t)
{
    t->terms.limit = 4;

    (void) ngx_eiam_unit_source_ask(t, 1, 0);
    (void) ngx_eiam_unit_source_ask(t, 2, 0);

    ngx_eiam_unit_clock_pass(10000);
    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_source_unavailable(t, 3),
                     "flights under way fill their half of the limit");

    ngx_eiam_unit_clock_pass(1000);
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_source_ask(t, 3, 0) == NGX_DECLINED
                     && ngx_eiam_unit_source_ask(t, 4, 0) == NGX_DECLINED
                     && t->a->record->flights == 2,
                     "lost ones do not, also if nobody has their tokens");
}


/* another worker is killed: the zone is emptied while a flight is under way */

static void
ngx_eiam_unit_source_wiped(ngx_eiam_unit_source_t *t)
{
    ngx_int_t  rc;
    uint32_t   old, new;

    (void) ngx_eiam_unit_source_ask(t, 1, 0);
    old = t->question.flight;

    t->shared->changing = 1;

    rc = ngx_eiam_unit_source_ask(t, 1, old);
    new = t->question.flight;

    ngx_eiam_unit_ok(t->unit, rc == NGX_DECLINED && new != old,
                     "who waited for a flight that is wiped away asks");

    (void) ngx_eiam_unit_source_grant(t, 1, old);

    ngx_eiam_unit_ok(t->unit, t->a->record->flights == 1
                              && ngx_eiam_unit_source_grant(t, 1, new)
                                 == NGX_OK
                              && t->a->record->flights == 0,
                     "both come to their end");
    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_source_ask(t, 1, new) == NGX_OK
                              && ngx_eiam_unit_source_ask(t, 1, old)
                                 == NGX_OK,
                     "with the grant");
}


static void
ngx_eiam_unit_source_two(ngx_eiam_unit_source_t *t)
{
    ngx_eiam_source_t  *a;

    (void) ngx_eiam_unit_source_learn(t, 1);
    (void) ngx_eiam_unit_source_ask(t, 2, 0);
    ngx_eiam_unit_source_break(t, 5);

    a = t->a;
    t->a = t->b;

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_source_ask(t, 1, 0) == NGX_DECLINED,
                     "one source's grant is none of another");
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_source_ask(t, 2, 0) == NGX_DECLINED,
                     "nor its flight");

    (void) ngx_eiam_unit_source_refuse(t, 2, t->question.flight,
                                       NGX_EIAM_TOKEN_INVALID);
    t->a = a;

    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_source_ask(t, 2, 0) == NGX_AGAIN,
                     "nor a refusal");
    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_source_unavailable(t, 3),
                     "nor a success");
}


static void
ngx_eiam_unit_source_learned(ngx_eiam_unit_source_t *t)
{
    u_char             text[NGX_EIAM_UNIT_TEXT_MAX];
    ngx_eiam_grant_t   grant;
    ngx_eiam_digest_t  digest;

    ngx_eiam_unit_source_question(t, 1, 0, &t->question);

    ngx_eiam_unit_ok(t->unit, ngx_eiam_source_recall(t->a, &t->question)
                              == NGX_DECLINED
                              && t->shared->serial == 0,
                     "to recall asks nobody");

    ngx_eiam_unit_key(1, digest);
    ngx_eiam_unit_grant(1, 40, text, &grant);
    ngx_eiam_source_learn(t->a, digest, &grant);

    ngx_eiam_unit_clock_pass(86400000);

    ngx_eiam_unit_ok(t->unit, ngx_eiam_source_recall(t->a, &t->question)
                              == NGX_OK
                              && ngx_eiam_unit_grant_is(1,
                                                        &t->question.grant),
                     "what was learned is recalled at any age");

    t->a = t->b;
    ngx_eiam_unit_source_question(t, 1, 0, &t->question);

    ngx_eiam_unit_ok(t->unit, ngx_eiam_source_recall(t->a, &t->question)
                              == NGX_DECLINED,
                     "but not for another source");
}


/* invented tokens, all of them new, while valid ones are in the cache */

static void
ngx_eiam_unit_source_flood(ngx_eiam_unit_source_t *t)
{
    uint32_t    n;
    ngx_uint_t  granted, refused, asked, hits;

    t->terms.valid = 86400;
    granted = 0;
    refused = 0;
    asked = 0;
    hits = 0;

    for (n = 0; n < NGX_EIAM_UNIT_SOURCE_GRANTS; n++) {
        granted += ngx_eiam_unit_source_learn(t, n) == NGX_OK;
    }

    for (n = NGX_EIAM_UNIT_SOURCE_GRANTS;
         n < NGX_EIAM_UNIT_SOURCE_GRANTS + NGX_EIAM_UNIT_SOURCE_FLOOD;
         n++)
    {
        if (n % 20 == 0) {
            ngx_eiam_unit_clock_pass(1);
        }

        asked += ngx_eiam_unit_source_ask(t, n, 0) == NGX_DECLINED;
        (void) ngx_eiam_unit_source_refuse(t, n, t->question.flight,
                                           NGX_EIAM_TOKEN_INVALID);
        refused += ngx_eiam_unit_source_ask(t, n, t->question.flight)
                   == NGX_ABORT && t->question.fetched;
    }

    ngx_eiam_unit_ok(t->unit, asked == NGX_EIAM_UNIT_SOURCE_FLOOD
                              && refused == NGX_EIAM_UNIT_SOURCE_FLOOD,
                     "%ui invented tokens are refused in a zone of 1 MB",
                     refused);

    for (n = 0; n < NGX_EIAM_UNIT_SOURCE_GRANTS; n++) {
        hits += ngx_eiam_unit_source_ask(t, n, 0) == NGX_OK
                && ngx_eiam_unit_grant_is(n, &t->question.grant);
    }

    ngx_eiam_unit_ok(t->unit, granted == NGX_EIAM_UNIT_SOURCE_GRANTS
                              && hits == NGX_EIAM_UNIT_SOURCE_GRANTS,
                     "all of %ui grants are still there, though none was "
                     "used meanwhile", granted);
}


static ngx_int_t
ngx_eiam_unit_source_ask(ngx_eiam_unit_source_t *t, uint32_t token,
    uint32_t flight)
{
    ngx_eiam_unit_source_question(t, token, flight, &t->question);

    return ngx_eiam_source_ask(t->a, &t->terms, &t->question);
}


static ngx_int_t
ngx_eiam_unit_source_grant(ngx_eiam_unit_source_t *t, uint32_t token,
    uint32_t flight)
{
    u_char               text[NGX_EIAM_UNIT_TEXT_MAX];
    ngx_eiam_question_t  question;

    ngx_eiam_unit_source_question(t, token, flight, &question);
    ngx_eiam_unit_grant(token, 40, text, &question.grant);

    return ngx_eiam_source_settle(t->a, &t->terms, &question);
}


static ngx_int_t
ngx_eiam_unit_source_refuse(ngx_eiam_unit_source_t *t, uint32_t token,
    uint32_t flight, ngx_eiam_reason_e reason)
{
    ngx_eiam_question_t  question;

    ngx_eiam_unit_source_question(t, token, flight, &question);
    question.reason = reason;
    question.failure = NGX_EIAM_DOWN;

    return ngx_eiam_source_settle(t->a, &t->terms, &question);
}


/* asks about the token, with that result */

static ngx_int_t
ngx_eiam_unit_source_failure(ngx_eiam_unit_source_t *t, uint32_t token,
    ngx_eiam_failure_e failure)
{
    ngx_eiam_question_t  question;

    if (ngx_eiam_unit_source_ask(t, token, 0) != NGX_DECLINED) {
        return NGX_ERROR;
    }

    question = t->question;
    question.reason = NGX_EIAM_SOURCE_UNAVAILABLE;
    question.failure = failure;

    return ngx_eiam_source_settle(t->a, &t->terms, &question);
}


static void
ngx_eiam_unit_source_abandon(ngx_eiam_unit_source_t *t, uint32_t token,
    uint32_t flight)
{
    ngx_eiam_question_t  question;

    ngx_eiam_unit_source_question(t, token, flight, &question);

    ngx_eiam_source_abandon(t->a, &question);
}


static void
ngx_eiam_unit_source_question(ngx_eiam_unit_source_t *t, uint32_t token,
    uint32_t flight, ngx_eiam_question_t *question)
{
    ngx_eiam_digest_t  digest;

    ngx_memzero(question, sizeof(ngx_eiam_question_t));

    ngx_eiam_unit_key(token, digest);
    ngx_eiam_source_key(t->a, digest, question->key);
    question->flight = flight;
}


static ngx_int_t
ngx_eiam_unit_source_learn(ngx_eiam_unit_source_t *t, uint32_t token)
{
    if (ngx_eiam_unit_source_ask(t, token, 0) != NGX_DECLINED) {
        return NGX_ERROR;
    }

    return ngx_eiam_unit_source_grant(t, token, t->question.flight);
}


/* that many failures in a row, for the tokens 1000, 1001, ... */

static void
ngx_eiam_unit_source_break(ngx_eiam_unit_source_t *t, ngx_uint_t n)
{
    ngx_uint_t  i;

    for (i = 0; i < n; i++) {
        (void) ngx_eiam_unit_source_ask(t, 1000 + i, 0);
        (void) ngx_eiam_unit_source_refuse(t, 1000 + i, t->question.flight,
                                           NGX_EIAM_SOURCE_UNAVAILABLE);
    }
}


static ngx_uint_t
ngx_eiam_unit_source_unavailable(ngx_eiam_unit_source_t *t, uint32_t token)
{
    return ngx_eiam_unit_source_ask(t, token, 0) == NGX_ABORT
           && t->question.reason == NGX_EIAM_SOURCE_UNAVAILABLE;
}
