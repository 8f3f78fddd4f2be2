
/*
 * A key set in the zone.  Each test has a zone of its own with the sources
 * "a" and "b", and a clock that stands still; each question is one that
 * another worker could ask, too.
 */

#include "ngx_eiam_unit_zone.h"
#include <ngx_eiam_key_set.h>
#include <ngx_eiam_source.h>


typedef struct {
    ngx_eiam_unit_t           *unit;
    ngx_eiam_unit_zone_t       z;
    ngx_eiam_shared_t         *shared;
    ngx_eiam_source_t         *a;
    ngx_eiam_source_t         *b;
    ngx_eiam_key_terms_t       terms;
    ngx_eiam_key_question_t    question;    /* the last one, answered */
} ngx_eiam_unit_key_set_t;


typedef void (*ngx_eiam_unit_key_set_pt)(ngx_eiam_unit_key_set_t *t);


static void ngx_eiam_unit_key_set_run(ngx_eiam_unit_t *unit,
    ngx_eiam_unit_key_set_pt run);

static void ngx_eiam_unit_key_set_first(ngx_eiam_unit_key_set_t *t);
static void ngx_eiam_unit_key_set_refresh(ngx_eiam_unit_key_set_t *t);
static void ngx_eiam_unit_key_set_same(ngx_eiam_unit_key_set_t *t);
static void ngx_eiam_unit_key_set_unknown(ngx_eiam_unit_key_set_t *t);
static void ngx_eiam_unit_key_set_newer(ngx_eiam_unit_key_set_t *t);
static void ngx_eiam_unit_key_set_slow(ngx_eiam_unit_key_set_t *t);
static void ngx_eiam_unit_key_set_failed(ngx_eiam_unit_key_set_t *t);
static void ngx_eiam_unit_key_set_old(ngx_eiam_unit_key_set_t *t);
static void ngx_eiam_unit_key_set_overdue(ngx_eiam_unit_key_set_t *t);
static void ngx_eiam_unit_key_set_quiet(ngx_eiam_unit_key_set_t *t);
static void ngx_eiam_unit_key_set_unsure(ngx_eiam_unit_key_set_t *t);
static void ngx_eiam_unit_key_set_abandoned(ngx_eiam_unit_key_set_t *t);
static void ngx_eiam_unit_key_set_lost(ngx_eiam_unit_key_set_t *t);
static void ngx_eiam_unit_key_set_late(ngx_eiam_unit_key_set_t *t);
static void ngx_eiam_unit_key_set_clock(ngx_eiam_unit_key_set_t *t);
static void ngx_eiam_unit_key_set_skew(ngx_eiam_unit_key_set_t *t);
static void ngx_eiam_unit_key_set_wiped(ngx_eiam_unit_key_set_t *t);
static void ngx_eiam_unit_key_set_places(ngx_eiam_unit_key_set_t *t);
static void ngx_eiam_unit_key_set_two(ngx_eiam_unit_key_set_t *t);
static void ngx_eiam_unit_key_set_large(ngx_eiam_unit_key_set_t *t);
static void ngx_eiam_unit_key_set_reload(ngx_eiam_unit_key_set_t *t);
static void ngx_eiam_unit_key_set_idle(ngx_eiam_unit_key_set_t *t);
static void ngx_eiam_unit_key_set_content(ngx_eiam_unit_key_set_t *t);
static void ngx_eiam_unit_key_set_overtaken(ngx_eiam_unit_key_set_t *t);
static void ngx_eiam_unit_key_set_fetch(ngx_eiam_unit_key_set_t *t,
    const char *text, const char *content);
static void ngx_eiam_unit_key_set_remember(ngx_eiam_source_t *jwt,
    uint32_t content, ngx_eiam_reason_e reason);
static ngx_int_t ngx_eiam_unit_key_set_look_up(ngx_eiam_source_t *jwt);

static ngx_int_t ngx_eiam_unit_key_set_ask(ngx_eiam_unit_key_set_t *t,
    uint32_t generation);
static ngx_int_t ngx_eiam_unit_key_set_ask_newer(ngx_eiam_unit_key_set_t *t,
    uint32_t generation);
static ngx_uint_t ngx_eiam_unit_key_set_fetches(ngx_eiam_unit_key_set_t *t,
    ngx_int_t rc, ngx_int_t expected);
static ngx_uint_t ngx_eiam_unit_key_set_has(ngx_eiam_unit_key_set_t *t,
    const char *text);
static void ngx_eiam_unit_key_set_settle(ngx_eiam_unit_key_set_t *t,
    uint32_t flight, const char *text);
static uint32_t ngx_eiam_unit_key_set_put(ngx_eiam_unit_key_set_t *t,
    const char *text);


static const ngx_eiam_unit_key_set_pt  ngx_eiam_unit_key_set_tests[] = {
    ngx_eiam_unit_key_set_first,
    ngx_eiam_unit_key_set_refresh,
    ngx_eiam_unit_key_set_same,
    ngx_eiam_unit_key_set_unknown,
    ngx_eiam_unit_key_set_newer,
    ngx_eiam_unit_key_set_slow,
    ngx_eiam_unit_key_set_failed,
    ngx_eiam_unit_key_set_old,
    ngx_eiam_unit_key_set_overdue,
    ngx_eiam_unit_key_set_quiet,
    ngx_eiam_unit_key_set_unsure,
    ngx_eiam_unit_key_set_abandoned,
    ngx_eiam_unit_key_set_lost,
    ngx_eiam_unit_key_set_late,
    ngx_eiam_unit_key_set_clock,
    ngx_eiam_unit_key_set_skew,
    ngx_eiam_unit_key_set_wiped,
    ngx_eiam_unit_key_set_places,
    ngx_eiam_unit_key_set_two,
    ngx_eiam_unit_key_set_large,
    ngx_eiam_unit_key_set_reload,
    ngx_eiam_unit_key_set_idle,
    ngx_eiam_unit_key_set_content,
    ngx_eiam_unit_key_set_overtaken,
    NULL
};


void
ngx_eiam_unit_key_set(ngx_eiam_unit_t *unit)
{
    const ngx_eiam_unit_key_set_pt  *test;

    for (test = ngx_eiam_unit_key_set_tests; *test; test++) {
        ngx_eiam_unit_key_set_run(unit, *test);
    }
}


static void
ngx_eiam_unit_key_set_run(ngx_eiam_unit_t *unit, ngx_eiam_unit_key_set_pt run)
{
    ngx_eiam_unit_clock_t    clock;
    ngx_eiam_unit_key_set_t  t;

    static const ngx_eiam_key_terms_t  terms = {
        .refresh = 300, .max_age = 3600, .interval = 15000, .timeout = 10000
    };

    ngx_eiam_unit_clock_stop(&clock);

    ngx_memzero(&t, sizeof(ngx_eiam_unit_key_set_t));

    ngx_eiam_unit_zone_two(unit, &t.z, 1024 * 1024, &t.a, &t.b);
    t.a->has_keys = 1;
    t.b->has_keys = 1;
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
ngx_eiam_unit_key_set_first(ngx_eiam_unit_key_set_t *t)
{
    ngx_int_t  rc;
    uint32_t   flight, generation;

    rc = ngx_eiam_unit_key_set_ask(t, 0);
    flight = t->question.flight;

    ngx_eiam_unit_ok(t->unit, rc == NGX_AGAIN && t->question.fetch && flight
                              && t->question.text.len == 0,
                     "the first one fetches the set");

    rc = ngx_eiam_unit_key_set_ask(t, 0);

    ngx_eiam_unit_ok(t->unit, rc == NGX_AGAIN && !t->question.fetch,
                     "the others wait");

    ngx_eiam_unit_key_set_settle(t, flight, "one");

    rc = ngx_eiam_unit_key_set_ask(t, 0);
    generation = t->question.generation;

    ngx_eiam_unit_ok(t->unit, rc == NGX_OK && generation
                              && !t->question.fetch
                              && ngx_eiam_unit_key_set_has(t, "one"),
                     "then each worker has its text");

    rc = ngx_eiam_unit_key_set_ask(t, 0);

    ngx_eiam_unit_ok(t->unit, rc == NGX_OK
                              && t->question.generation == generation
                              && ngx_eiam_unit_key_set_has(t, "one"),
                     "the next one, too");

    rc = ngx_eiam_unit_key_set_ask(t, generation);

    ngx_eiam_unit_ok(t->unit, rc == NGX_OK && !t->question.fetch
                              && t->question.text.len == 0
                              && t->question.generation == generation,
                     "who has it gets no text");
}


static void
ngx_eiam_unit_key_set_refresh(ngx_eiam_unit_key_set_t *t)
{
    ngx_int_t  rc;
    uint32_t   flight, generation;

    generation = ngx_eiam_unit_key_set_put(t, "one");

    ngx_eiam_unit_clock_pass(299999);
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_key_set_ask(t, generation) == NGX_OK
                     && !t->question.fetch,
                     "up to its age nobody fetches it");

    ngx_eiam_unit_clock_pass(1);
    rc = ngx_eiam_unit_key_set_ask(t, generation);
    flight = t->question.flight;

    ngx_eiam_unit_ok(t->unit, rc == NGX_OK && t->question.fetch && flight,
                     "then one fetches it and uses what there is");
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_key_set_ask(t, generation) == NGX_OK
                     && !t->question.fetch,
                     "the others only use it");
    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_key_set_ask(t, 0) == NGX_OK
                              && !t->question.fetch
                              && ngx_eiam_unit_key_set_has(t, "one"),
                     "one that has none gets it, meanwhile");

    ngx_eiam_unit_key_set_settle(t, flight, "other");
    rc = ngx_eiam_unit_key_set_ask(t, generation);

    ngx_eiam_unit_ok(t->unit, rc == NGX_OK && !t->question.fetch
                              && t->question.generation != generation
                              && ngx_eiam_unit_key_set_has(t, "other"),
                     "another text is another generation");

    t->terms.refresh = 10;
    generation = t->question.generation;
    ngx_eiam_unit_clock_pass(10000);

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_key_set_ask(t, generation) == NGX_OK
                     && t->question.fetch,
                     "the age is that of the location that asks");
}


static void
ngx_eiam_unit_key_set_same(ngx_eiam_unit_key_set_t *t)
{
    ngx_int_t   rc;
    uint32_t    generation;
    ngx_uint_t  i;

    static const char *const  texts[] = { "one", "onE", "on", "ones", NULL };

    generation = ngx_eiam_unit_key_set_put(t, "one");

    for (i = 0; texts[i]; i++) {

        ngx_eiam_unit_clock_pass(300000);
        (void) ngx_eiam_unit_key_set_ask(t, generation);
        ngx_eiam_unit_key_set_settle(t, t->question.flight, texts[i]);

        rc = ngx_eiam_unit_key_set_ask(t, generation);

        ngx_eiam_unit_ok(t->unit, rc == NGX_OK && !t->question.fetch
                                  && (t->question.generation == generation)
                                     == (i == 0)
                                  && (t->question.text.len == 0)
                                     == (i == 0),
                         "\"%s\" is %s generation", texts[i],
                         i ? "another" : "the same");

        generation = t->question.generation;

        ngx_eiam_unit_clock_pass(299000);
        ngx_eiam_unit_ok(t->unit,
                         ngx_eiam_unit_key_set_ask(t, generation) == NGX_OK
                         && !t->question.fetch,
                         "which has its whole age again");
    }
}


/* the same set is fetched at most once in the interval */

static void
ngx_eiam_unit_key_set_unknown(ngx_eiam_unit_key_set_t *t)
{
    ngx_int_t   rc;
    uint32_t    flight, generation;
    ngx_uint_t  i, fetches;

    generation = ngx_eiam_unit_key_set_put(t, "one");

    rc = ngx_eiam_unit_key_set_ask_newer(t, generation);
    flight = t->question.flight;

    ngx_eiam_unit_ok(t->unit, rc == NGX_AGAIN && t->question.fetch && flight,
                     "an unknown key: the set is fetched");
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_key_set_ask_newer(t, generation)
                     == NGX_AGAIN && !t->question.fetch,
                     "another one: it is under way");
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_key_set_ask(t, generation) == NGX_OK
                     && !t->question.fetch,
                     "whose key is known does not wait");

    ngx_eiam_unit_key_set_settle(t, flight, "one");

    rc = ngx_eiam_unit_key_set_ask_newer(t, generation);

    ngx_eiam_unit_ok(t->unit, rc == NGX_DECLINED && !t->question.fetch,
                     "the same set again: nobody knows that key");

    fetches = 0;

    for (i = 0; i < 1000; i++) {
        ngx_eiam_unit_clock_pass(14);
        rc = ngx_eiam_unit_key_set_ask_newer(t, generation);
        fetches += t->question.fetch || rc != NGX_DECLINED;
    }

    ngx_eiam_unit_ok(t->unit, fetches == 0,
                     "a thousand in the interval: nobody fetches");

    ngx_eiam_unit_clock_pass(999);
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_key_set_ask_newer(t, generation)
                     == NGX_DECLINED && !t->question.fetch,
                     "up to its last millisecond");

    ngx_eiam_unit_clock_pass(1);
    rc = ngx_eiam_unit_key_set_ask_newer(t, generation);

    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_key_set_fetches(t, rc, NGX_AGAIN),
                     "then one does");

    ngx_eiam_unit_key_set_settle(t, t->question.flight, "two");
    rc = ngx_eiam_unit_key_set_ask_newer(t, generation);

    ngx_eiam_unit_ok(t->unit, rc == NGX_OK && !t->question.fetch
                              && ngx_eiam_unit_key_set_has(t, "two"),
                     "another set: its text");
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_key_set_ask_newer(t,
                                                     t->question.generation)
                     == NGX_DECLINED && !t->question.fetch,
                     "if that does not do either, nobody knows the key");
}


static void
ngx_eiam_unit_key_set_newer(ngx_eiam_unit_key_set_t *t)
{
    ngx_int_t  rc;
    uint32_t   old, flight;

    old = ngx_eiam_unit_key_set_put(t, "one");

    ngx_eiam_unit_clock_pass(300000);
    (void) ngx_eiam_unit_key_set_ask(t, old);
    flight = t->question.flight;

    rc = ngx_eiam_unit_key_set_ask_newer(t, old);

    ngx_eiam_unit_ok(t->unit, rc == NGX_AGAIN && !t->question.fetch,
                     "who needs a newer set waits for a refresh");

    ngx_eiam_unit_key_set_settle(t, flight, "two");
    rc = ngx_eiam_unit_key_set_ask_newer(t, old);

    ngx_eiam_unit_ok(t->unit, rc == NGX_OK && !t->question.fetch
                              && ngx_eiam_unit_key_set_has(t, "two"),
                     "one that another worker has fetched will do");
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_key_set_ask_newer(t,
                                                     t->question.generation)
                     == NGX_AGAIN && t->question.fetch,
                     "if not, it is fetched: a refresh is none of those that "
                     "the interval counts");
}


/* a server slower than the interval is asked once for each request */

static void
ngx_eiam_unit_key_set_slow(ngx_eiam_unit_key_set_t *t)
{
    ngx_int_t  rc;
    uint32_t   generation;

    t->terms.interval = 2000;

    generation = ngx_eiam_unit_key_set_put(t, "one");

    (void) ngx_eiam_unit_key_set_ask_newer(t, generation);
    ngx_eiam_unit_clock_pass(5000);
    ngx_eiam_unit_key_set_settle(t, t->question.flight, "one");

    rc = ngx_eiam_unit_key_set_ask_newer(t, generation);

    ngx_eiam_unit_ok(t->unit, rc == NGX_DECLINED && !t->question.fetch,
                     "who has waited for longer than the interval has its "
                     "answer");
}


static void
ngx_eiam_unit_key_set_failed(ngx_eiam_unit_key_set_t *t)
{
    ngx_int_t  rc;
    uint32_t   flight;

    (void) ngx_eiam_unit_key_set_ask(t, 0);
    flight = t->question.flight;

    ngx_eiam_unit_clock_pass(5000);
    ngx_eiam_unit_key_set_settle(t, flight, NULL);

    rc = ngx_eiam_unit_key_set_ask(t, 0);

    ngx_eiam_unit_ok(t->unit, rc == NGX_ABORT && !t->question.fetch,
                     "a failure: there is nothing to use");

    ngx_eiam_unit_clock_pass(999);
    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_key_set_ask(t, 0) == NGX_ABORT
                              && !t->question.fetch,
                     "nobody fetches for a second");

    ngx_eiam_unit_clock_pass(1);
    rc = ngx_eiam_unit_key_set_ask(t, 0);

    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_key_set_fetches(t, rc, NGX_AGAIN),
                     "then one does");

    ngx_eiam_unit_key_set_settle(t, t->question.flight, "one");

    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_key_set_ask(t, 0) == NGX_OK
                              && ngx_eiam_unit_key_set_has(t, "one"),
                     "and it succeeds");
}


static void
ngx_eiam_unit_key_set_old(ngx_eiam_unit_key_set_t *t)
{
    ngx_int_t   rc;
    uint32_t    generation;
    ngx_uint_t  i, wrong, fetches;

    generation = ngx_eiam_unit_key_set_put(t, "one");
    wrong = 0;
    fetches = 0;

    ngx_eiam_unit_clock_pass(300000);

    for (i = 300; i < 3599; i++) {
        rc = ngx_eiam_unit_key_set_ask(t, generation);
        wrong += rc != NGX_OK;

        if (t->question.fetch) {
            fetches++;
            ngx_eiam_unit_key_set_settle(t, t->question.flight, NULL);
        }

        rc = ngx_eiam_unit_key_set_ask(t, 0);
        wrong += rc != NGX_OK || t->question.fetch
                 || !ngx_eiam_unit_key_set_has(t, "one")
                 || t->question.generation != generation;

        ngx_eiam_unit_clock_pass(1000);
    }

    ngx_eiam_unit_ok(t->unit, wrong == 0 && fetches == 300,
                     "if it cannot be refreshed, the old set serves, and "
                     "every 11 s it is tried again");

    ngx_eiam_unit_clock_pass(999);

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_key_set_ask(t, generation) == NGX_OK,
                     "up to eiam_jwks_max_age");

    ngx_eiam_unit_clock_pass(1);
    rc = ngx_eiam_unit_key_set_ask(t, generation);

    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_key_set_fetches(t, rc, NGX_AGAIN),
                     "then it is of no use, and one fetches it");

    ngx_eiam_unit_key_set_settle(t, t->question.flight, NULL);

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_key_set_ask(t, generation) == NGX_ABORT
                     && ngx_eiam_unit_key_set_ask(t, 0) == NGX_ABORT
                     && t->question.text.len == 0,
                     "nobody has it any more, whoever had it");

    ngx_eiam_unit_clock_pass(1000);
    rc = ngx_eiam_unit_key_set_ask(t, generation);

    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_key_set_fetches(t, rc, NGX_AGAIN),
                     "a second later one tries again");

    ngx_eiam_unit_key_set_settle(t, t->question.flight, "one");

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_key_set_ask(t, generation) == NGX_OK
                     && t->question.text.len == 0,
                     "the same text: it is of use again");
}


/* after a long time without questions the key may have been withdrawn */

static void
ngx_eiam_unit_key_set_overdue(ngx_eiam_unit_key_set_t *t)
{
    ngx_int_t  rc;
    uint32_t   generation;

    generation = ngx_eiam_unit_key_set_put(t, "one");

    ngx_eiam_unit_clock_pass(600000);
    rc = ngx_eiam_unit_key_set_ask(t, generation);

    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_key_set_fetches(t, rc, NGX_AGAIN),
                     "after twice the time a set is fetched before it is used");

    ngx_eiam_unit_key_set_settle(t, t->question.flight, NULL);

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_key_set_ask(t, generation) == NGX_OK,
                     "if that fails, it serves");

    ngx_eiam_unit_clock_pass(11000);
    rc = ngx_eiam_unit_key_set_ask(t, generation);

    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_key_set_fetches(t, rc, NGX_OK),
                     "and nobody waits for the next try");
}


/* a request whose connection would wait for the fetch */

static void
ngx_eiam_unit_key_set_quiet(ngx_eiam_unit_key_set_t *t)
{
    uint32_t                  generation;
    ngx_eiam_key_question_t   question;

    generation = ngx_eiam_unit_key_set_put(t, "one");

    ngx_memzero(&question, sizeof(ngx_eiam_key_question_t));

    question.generation = generation;
    question.quiet = 1;

    ngx_eiam_unit_clock_pass(300000);

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_key_set_ask(t->a, &t->terms, &question)
                     == NGX_OK && !question.fetch,
                     "one who cannot fetch beside its answer does not");

    ngx_eiam_unit_clock_pass(300000);

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_key_set_ask(t->a, &t->terms, &question)
                     == NGX_AGAIN && question.fetch,
                     "but before it, after twice the time");
}


/* an unknown key while the server cannot be asked */

static void
ngx_eiam_unit_key_set_unsure(ngx_eiam_unit_key_set_t *t)
{
    ngx_int_t  rc;
    uint32_t   generation;

    generation = ngx_eiam_unit_key_set_put(t, "one");

    (void) ngx_eiam_unit_key_set_ask_newer(t, generation);
    ngx_eiam_unit_key_set_settle(t, t->question.flight, NULL);

    ngx_eiam_unit_clock_pass(999);
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_key_set_ask_newer(t, generation)
                     == NGX_ABORT && !t->question.fetch,
                     "an unknown key after a failure: nobody can tell");
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_key_set_ask(t, generation) == NGX_OK,
                     "a known one is known");

    ngx_eiam_unit_clock_pass(14000);
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_key_set_ask_newer(t, generation)
                     == NGX_ABORT && !t->question.fetch,
                     "the interval counts from a failure too");

    ngx_eiam_unit_clock_pass(1);
    rc = ngx_eiam_unit_key_set_ask_newer(t, generation);

    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_key_set_fetches(t, rc, NGX_AGAIN),
                     "then it is tried again");

    ngx_eiam_unit_key_set_settle(t, t->question.flight, "one");

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_key_set_ask_newer(t, generation)
                     == NGX_DECLINED && !t->question.fetch,
                     "after a success somebody can");

    /* a failed refresh says nothing about the key, either */

    ngx_eiam_unit_clock_pass(300000);
    (void) ngx_eiam_unit_key_set_ask(t, generation);
    ngx_eiam_unit_key_set_settle(t, t->question.flight, NULL);

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_key_set_ask_newer(t, generation)
                     == NGX_ABORT && !t->question.fetch,
                     "also if it was a refresh that failed");
}


static void
ngx_eiam_unit_key_set_abandoned(ngx_eiam_unit_key_set_t *t)
{
    ngx_int_t  rc;
    uint32_t   flight, generation;

    (void) ngx_eiam_unit_key_set_ask(t, 0);
    flight = t->question.flight;

    ngx_eiam_key_set_abandon(t->a, flight + 1);

    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_key_set_ask(t, 0) == NGX_AGAIN
                              && !t->question.fetch,
                     "nobody abandons the fetch of others");

    ngx_eiam_key_set_abandon(t->a, flight);

    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_key_set_ask(t, 0) == NGX_AGAIN
                              && !t->question.fetch
                              && t->a->record->flights == 0,
                     "after an abandoned one all wait for a moment");

    ngx_eiam_unit_clock_pass(NGX_EIAM_KEY_SET_PAUSE);
    rc = ngx_eiam_unit_key_set_ask(t, 0);

    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_key_set_fetches(t, rc, NGX_AGAIN)
                              && t->question.flight != flight
                              && t->a->record->flights == 1,
                     "then another begins in its place");

    ngx_eiam_unit_key_set_settle(t, t->question.flight, "one");
    (void) ngx_eiam_unit_key_set_ask(t, 0);
    generation = t->question.generation;

    (void) ngx_eiam_unit_key_set_ask_newer(t, generation);
    ngx_eiam_key_set_abandon(t->a, t->question.flight);

    ngx_eiam_unit_clock_pass(NGX_EIAM_KEY_SET_PAUSE);
    rc = ngx_eiam_unit_key_set_ask_newer(t, generation);

    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_key_set_fetches(t, rc, NGX_AGAIN),
                     "the interval does not count from it");

    ngx_eiam_unit_key_set_settle(t, t->question.flight, "one");

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_key_set_ask_newer(t, generation)
                     == NGX_DECLINED,
                     "and it is no failure");
}


/* the worker that fetches is killed */

static void
ngx_eiam_unit_key_set_lost(ngx_eiam_unit_key_set_t *t)
{
    ngx_int_t  rc;
    uint32_t   flight;

    (void) ngx_eiam_unit_key_set_ask(t, 0);
    flight = t->question.flight;

    ngx_eiam_unit_clock_pass(10999);
    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_key_set_ask(t, 0) == NGX_AGAIN
                              && !t->question.fetch,
                     "a fetch has its whole time");

    ngx_eiam_unit_clock_pass(1);
    rc = ngx_eiam_unit_key_set_ask(t, 0);

    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_key_set_fetches(t, rc, NGX_AGAIN)
                              && t->question.flight != flight
                              && t->a->record->flights == 1,
                     "then it is lost, and another one fetches");

    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_key_set_ask(t, 0) == NGX_AGAIN
                              && !t->question.fetch,
                     "only one");
}


/* the result of a lost fetch that arrives late changes nothing */

static void
ngx_eiam_unit_key_set_late(ngx_eiam_unit_key_set_t *t)
{
    ngx_int_t  rc;
    uint32_t   old, new;

    (void) ngx_eiam_unit_key_set_ask(t, 0);
    old = t->question.flight;

    ngx_eiam_unit_clock_pass(11000);
    (void) ngx_eiam_unit_key_set_ask(t, 0);
    new = t->question.flight;

    ngx_eiam_unit_key_set_settle(t, old, "late");
    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_key_set_ask(t, 0) == NGX_AGAIN
                              && !t->question.fetch,
                     "a late set is none");

    ngx_eiam_key_set_abandon(t->a, old);
    ngx_eiam_unit_key_set_settle(t, old, NULL);
    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_key_set_ask(t, 0) == NGX_AGAIN
                              && !t->question.fetch
                              && t->a->record->flights == 1,
                     "a late failure neither");

    ngx_eiam_unit_key_set_settle(t, new, "new");
    ngx_eiam_unit_key_set_settle(t, old, "late");
    ngx_eiam_unit_key_set_settle(t, old, NULL);
    ngx_eiam_unit_key_set_settle(t, new, "twice");

    rc = ngx_eiam_unit_key_set_ask(t, 0);

    ngx_eiam_unit_ok(t->unit, rc == NGX_OK && !t->question.fetch
                              && ngx_eiam_unit_key_set_has(t, "new")
                              && t->a->record->flights == 0,
                     "what the other one brings counts, once");

    rc = ngx_eiam_unit_key_set_ask_newer(t, t->question.generation);

    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_key_set_fetches(t, rc, NGX_AGAIN),
                     "and nothing has failed");
}


static void
ngx_eiam_unit_key_set_clock(ngx_eiam_unit_key_set_t *t)
{
    ngx_int_t  rc;
    uint32_t   generation;

    ngx_eiam_unit_clock_pass(100000000);
    generation = ngx_eiam_unit_key_set_put(t, "one");

    ngx_cached_time->sec -= 86400;

    rc = ngx_eiam_unit_key_set_ask(t, generation);

    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_key_set_fetches(t, rc, NGX_OK),
                     "a set of the future serves, and is fetched again");

    ngx_eiam_unit_key_set_settle(t, t->question.flight, "one");

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_key_set_ask(t, generation) == NGX_OK
                     && !t->question.fetch,
                     "then it is one of today");

    ngx_cached_time->sec += 86400;

    rc = ngx_eiam_unit_key_set_ask(t, generation);

    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_key_set_fetches(t, rc, NGX_AGAIN),
                     "if the clock goes on by a day, it is too old");
}


/* each worker has a clock of its own */

static void
ngx_eiam_unit_key_set_skew(ngx_eiam_unit_key_set_t *t)
{
    uint32_t  generation;

    generation = ngx_eiam_unit_key_set_put(t, "one");

    ngx_cached_time->sec--;

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_key_set_ask(t, generation) == NGX_OK
                     && !t->question.fetch,
                     "another worker's clock may be a second behind");
}


/* another worker was killed during a change */

static void
ngx_eiam_unit_key_set_wiped(ngx_eiam_unit_key_set_t *t)
{
    ngx_int_t  rc;
    uint32_t   flight, generation;

    generation = ngx_eiam_unit_key_set_put(t, "one");

    (void) ngx_eiam_unit_key_set_ask_newer(t, generation);
    flight = t->question.flight;

    t->shared->changing = 1;

    rc = ngx_eiam_unit_key_set_ask(t, generation);

    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_key_set_fetches(t, rc, NGX_AGAIN)
                              && t->question.flight != flight
                              && t->a->record->flights == 1,
                     "a set that was wiped away is fetched");

    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_key_set_ask(t, 0) == NGX_AGAIN
                              && t->question.text.len == 0,
                     "nobody has it until then");

    flight = t->question.flight ? t->question.flight : t->shared->serial;
    ngx_eiam_unit_key_set_settle(t, flight, "one");

    rc = ngx_eiam_unit_key_set_ask(t, generation);

    ngx_eiam_unit_ok(t->unit, rc == NGX_OK && !t->question.fetch
                              && (t->question.generation == generation
                                  || ngx_eiam_unit_key_set_has(t, "one")),
                     "it is there again");

    /* after a failure, too */

    (void) ngx_eiam_unit_key_set_ask_newer(t, t->question.generation);
    ngx_eiam_unit_key_set_settle(t, t->question.flight, NULL);

    t->shared->changing = 1;

    rc = ngx_eiam_unit_key_set_ask(t, 0);

    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_key_set_fetches(t, rc, NGX_AGAIN),
                     "nobody waits for a second that was wiped away");
}


static void
ngx_eiam_unit_key_set_places(ngx_eiam_unit_key_set_t *t)
{
    uint32_t           n, generation;
    ngx_eiam_digest_t  key;

    generation = ngx_eiam_unit_key_set_put(t, "one");

    for (n = 0; n < NGX_EIAM_FLIGHTS_MAX + 1; n++) {

        ngx_eiam_unit_key(n, key);

        if (ngx_eiam_flight_begin(t->shared, key, t->b->record,
                                  ngx_current_msec + 1000000000, 0)
            == NULL)
        {
            break;
        }
    }

    t->shared->changing = 0;
    ngx_eiam_unit_clock_pass(300000);

    ngx_eiam_unit_ok(t->unit, n <= NGX_EIAM_FLIGHTS_MAX
                              && ngx_eiam_unit_key_set_ask(t, generation)
                                 == NGX_OK && !t->question.fetch,
                     "no room for a fetch: the set serves");

    ngx_eiam_unit_clock_pass(3300000);

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_key_set_ask(t, generation) == NGX_ABORT
                     && !t->question.fetch,
                     "not longer than it may");
}


static void
ngx_eiam_unit_key_set_two(ngx_eiam_unit_key_set_t *t)
{
    ngx_int_t           rc;
    uint32_t            generation;
    ngx_eiam_source_t  *a;

    generation = ngx_eiam_unit_key_set_put(t, "one");

    a = t->a;
    t->a = t->b;

    rc = ngx_eiam_unit_key_set_ask(t, 0);

    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_key_set_fetches(t, rc, NGX_AGAIN),
                     "one source's set is none of another");

    ngx_eiam_unit_key_set_settle(t, t->question.flight, NULL);
    t->a = a;

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_key_set_ask_newer(t, generation)
                     == NGX_AGAIN,
                     "nor its failure");
}


static void
ngx_eiam_unit_key_set_large(ngx_eiam_unit_key_set_t *t)
{
    uint32_t    flight;
    ngx_str_t   text;
    ngx_uint_t  i;

    text.len = NGX_EIAM_KEY_SET_MAX;
    text.data = ngx_pnalloc(t->unit->pool, text.len);

    if (text.data == NULL) {
        abort();
    }

    for (i = 0; i < text.len; i++) {
        text.data[i] = (u_char) (i * 31 + (i >> 8));
    }

    (void) ngx_eiam_unit_key_set_ask(t, 0);
    flight = t->question.flight;

    text = ngx_eiam_unit_place(0, 0, &text);
    ngx_eiam_key_set_settle(t->a, flight, &text, t->a->id);

    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_key_set_ask(t, 0) == NGX_OK
                              && ngx_eiam_unit_equal(&t->question.text,
                                                     &text),
                     "the largest set has room");
    ngx_eiam_unit_ok(t->unit, t->b->record->keys->len == 0,
                     "which is its own");
}


static void
ngx_eiam_unit_key_set_reload(ngx_eiam_unit_key_set_t *t)
{
    ngx_int_t              rc;
    uint32_t               generation;
    ngx_eiam_source_t     *a, *c, *old;
    ngx_eiam_unit_zone_t   next;

    generation = ngx_eiam_unit_key_set_put(t, "one");

    if (ngx_eiam_unit_zone_next(t->unit, &next, &t->z) != NGX_OK) {
        abort();
    }

    c = ngx_eiam_unit_zone_source(t->unit, &next, "c");
    a = ngx_eiam_unit_zone_source(t->unit, &next, "a");
    c->has_keys = 1;
    a->has_keys = 1;

    rc = ngx_eiam_unit_zone_init(&next, &t->z);

    old = t->a;
    t->a = a;

    ngx_eiam_unit_ok(t->unit, rc == NGX_OK
                              && ngx_eiam_unit_key_set_ask(t, 0) == NGX_AGAIN
                              && t->question.fetch,
                     "the next configuration fetches the set anew");

    ngx_eiam_unit_key_set_settle(t, t->question.flight, NULL);

    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_key_set_ask(t, 0) == NGX_OK
                              && t->question.generation == generation
                              && ngx_eiam_unit_key_set_has(t, "one"),
                     "if that fails, the one from before serves");

    ngx_eiam_unit_clock_pass(11000);
    (void) ngx_eiam_unit_key_set_ask(t, generation);
    ngx_eiam_unit_key_set_settle(t, t->question.flight, "two");

    t->a = old;

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_key_set_ask(t, generation) == NGX_OK
                     && t->question.text.len == 0 && !t->question.fetch,
                     "workers of the one before go on with what they have");
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_key_set_ask_newer(t, generation)
                     == NGX_DECLINED && !t->question.fetch,
                     "and neither get newer ones nor fetch them");
    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_key_set_ask(t, 0) == NGX_OK
                              && ngx_eiam_unit_key_set_has(t, "two"),
                     "those that have none take the newer ones");

    t->a = c;

    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_key_set_ask(t, 0) == NGX_AGAIN
                              && t->question.fetch,
                     "one that is new there is fetched");

    ngx_eiam_unit_key_set_settle(t, t->question.flight, "new");

    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_key_set_ask(t, 0) == NGX_OK
                              && ngx_eiam_unit_key_set_has(t, "new"),
                     "and has room in the zone that there is");
}


/* a request that has its answer from the cache */

static void
ngx_eiam_unit_key_set_idle(ngx_eiam_unit_key_set_t *t)
{
    ngx_uint_t  i;

    static const struct {
        ngx_msec_t   age;
        ngx_uint_t   due;
        const char  *title;
    } ages[] = {
        { 299000, 0, "fresh" },
        { 1000, 1, "old" },
        { 300000, 1, "overdue" },
        { 3600000, 1, "too old to be used" },
    };

    (void) ngx_eiam_unit_key_set_put(t, "one");

    for (i = 0; i < sizeof(ages) / sizeof(ages[0]); i++) {

        ngx_eiam_unit_clock_pass(ages[i].age);

        ngx_memzero(&t->question, sizeof(ngx_eiam_key_question_t));
        t->question.idle = 1;

        ngx_eiam_unit_ok(t->unit,
                         ngx_eiam_key_set_is_due(t->a, &t->terms)
                         == ages[i].due
                         && ngx_eiam_key_set_ask(t->a, &t->terms,
                                                 &t->question)
                            == NGX_OK
                         && t->question.fetch == ages[i].due,
                         "for what is cached, a set that is %s is %s",
                         ages[i].title,
                         ages[i].due ? "fetched, not waited for" : "good");

        if (t->question.fetch) {
            ngx_eiam_key_set_abandon(t->a, t->question.flight);
            ngx_eiam_unit_clock_pass(NGX_EIAM_KEY_SET_PAUSE);
        }
    }
}


/* grants that depend on the keys are valid while the content is the same */

static void
ngx_eiam_unit_key_set_content(ngx_eiam_unit_key_set_t *t)
{
    uint32_t           content;
    ngx_uint_t         i;
    ngx_eiam_source_t  jwt;

    static const struct {
        const char  *text;
        const char  *content;
        ngx_int_t    grant;
        const char  *title;
    } sets[] = {
        { "one", "1", NGX_OK, "the same set" },
        { "one ", "1", NGX_OK, "another text of the same content" },
        { "two", "2", NGX_DECLINED, "another content" },
        { "one", "1", NGX_DECLINED, "the content from before again" },
        { NULL, NULL, NGX_OK, "a fetch that failed" },
    };

    jwt = *t->b;
    jwt.keys = t->a;

    ngx_eiam_unit_key_set_fetch(t, "one", "1");

    for (i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {

        content = t->a->record->keys->content;

        ngx_eiam_unit_key_set_remember(&jwt, content, NGX_EIAM_NO_REASON);

        ngx_eiam_unit_clock_pass(300000);
        ngx_eiam_unit_key_set_fetch(t, sets[i].text, sets[i].content);

        ngx_eiam_unit_ok(t->unit,
                         ngx_eiam_unit_key_set_look_up(&jwt) == sets[i].grant,
                         "%s: what came of the set is %s", sets[i].title,
                         sets[i].grant == NGX_OK ? "good" : "void");
    }

    content = t->a->record->keys->content;

    ngx_eiam_unit_key_set_remember(&jwt, content, NGX_EIAM_TOKEN_INVALID);
    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_key_set_look_up(&jwt) == NGX_ABORT,
                     "a refusal is remembered");

    ngx_eiam_unit_clock_pass(300000);
    ngx_eiam_unit_key_set_fetch(t, "two", "2");

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_key_set_look_up(&jwt) == NGX_DECLINED,
                     "and void as well with another content");

    t->shared->changing = 1;
    ngx_eiam_unit_key_set_fetch(t, "two", "2");

    ngx_eiam_unit_ok(t->unit, t->a->record->keys->content != content
                              && t->a->record->keys->content,
                     "after the zone was wiped the set has a new number");
}


/* the set changes while a worker verifies with the previous one */

static void
ngx_eiam_unit_key_set_overtaken(ngx_eiam_unit_key_set_t *t)
{
    uint32_t           before, now;
    ngx_eiam_source_t  jwt;

    jwt = *t->b;
    jwt.keys = t->a;

    ngx_eiam_unit_key_set_fetch(t, "one", "1");
    before = t->a->record->keys->content;

    ngx_eiam_unit_clock_pass(300000);
    ngx_eiam_unit_key_set_fetch(t, "two", "2");
    now = t->a->record->keys->content;

    ngx_eiam_unit_key_set_remember(&jwt, before, NGX_EIAM_NO_REASON);

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_key_set_look_up(&jwt) == NGX_DECLINED,
                     "a grant by a set from before does not count");

    ngx_eiam_unit_key_set_remember(&jwt, now, NGX_EIAM_TOKEN_INVALID);
    ngx_eiam_unit_key_set_remember(&jwt, before, NGX_EIAM_NO_REASON);

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_key_set_look_up(&jwt) == NGX_ABORT,
                     "nor does it take the place of what came of this one");
}


static void
ngx_eiam_unit_key_set_fetch(ngx_eiam_unit_key_set_t *t, const char *text,
    const char *content)
{
    ngx_str_t          set, id;
    ngx_eiam_digest_t  digest;

    (void) ngx_eiam_unit_key_set_ask(t, 0);

    if (!t->question.fetch) {
        abort();
    }

    set.data = (u_char *) text;
    set.len = text ? ngx_strlen(text) : 0;
    id.data = (u_char *) content;
    id.len = content ? ngx_strlen(content) : 0;

    (void) ngx_eiam_digest(&id, digest);

    ngx_eiam_key_set_settle(t->a, t->question.flight, text ? &set : NULL,
                            digest);
}


/* remembers the result for the only token */

static void
ngx_eiam_unit_key_set_remember(ngx_eiam_source_t *jwt, uint32_t content,
    ngx_eiam_reason_e reason)
{
    ngx_eiam_question_t  question;

    ngx_memzero(&question, sizeof(ngx_eiam_question_t));

    ngx_eiam_source_key(jwt, jwt->id, question.key);

    question.flight = content;
    question.reason = reason;
    question.grant.expires = NGX_EIAM_NEVER;

    ngx_eiam_source_remember(jwt, &question);
}


static ngx_int_t
ngx_eiam_unit_key_set_look_up(ngx_eiam_source_t *jwt)
{
    ngx_eiam_question_t  question;

    static const ngx_eiam_terms_t  terms = {
        .valid = 3600, .negative = 3600
    };

    ngx_memzero(&question, sizeof(ngx_eiam_question_t));

    ngx_eiam_source_key(jwt, jwt->id, question.key);

    return ngx_eiam_source_look_up(jwt, &terms, &question);
}


static ngx_int_t
ngx_eiam_unit_key_set_ask(ngx_eiam_unit_key_set_t *t, uint32_t generation)
{
    ngx_memzero(&t->question, sizeof(ngx_eiam_key_question_t));

    t->question.generation = generation;

    return ngx_eiam_key_set_ask(t->a, &t->terms, &t->question);
}


/* by a worker that has that generation and did not find its key there */

static ngx_int_t
ngx_eiam_unit_key_set_ask_newer(ngx_eiam_unit_key_set_t *t,
    uint32_t generation)
{
    ngx_memzero(&t->question, sizeof(ngx_eiam_key_question_t));

    t->question.generation = generation;
    t->question.unknown = 1;

    return ngx_eiam_key_set_ask(t->a, &t->terms, &t->question);
}


static ngx_uint_t
ngx_eiam_unit_key_set_fetches(ngx_eiam_unit_key_set_t *t, ngx_int_t rc,
    ngx_int_t expected)
{
    return rc == expected && t->question.fetch && t->question.flight;
}


static ngx_uint_t
ngx_eiam_unit_key_set_has(ngx_eiam_unit_key_set_t *t, const char *text)
{
    return t->question.text.len == ngx_strlen(text)
           && ngx_memcmp(t->question.text.data, text, ngx_strlen(text)) == 0;
}


/* NULL: the fetch has failed */

static void
ngx_eiam_unit_key_set_settle(ngx_eiam_unit_key_set_t *t, uint32_t flight,
    const char *text)
{
    ngx_str_t          set;
    ngx_eiam_digest_t  digest;

    set.data = (u_char *) text;
    set.len = text ? ngx_strlen(text) : 0;

    (void) ngx_eiam_digest(&set, digest);

    ngx_eiam_key_set_settle(t->a, flight, text ? &set : NULL, digest);
}


/* stores a set; returns its generation */

static uint32_t
ngx_eiam_unit_key_set_put(ngx_eiam_unit_key_set_t *t, const char *text)
{
    if (ngx_eiam_unit_key_set_ask(t, 0) != NGX_AGAIN) {
        abort();
    }

    ngx_eiam_unit_key_set_settle(t, t->question.flight, text);

    if (ngx_eiam_unit_key_set_ask(t, 0) != NGX_OK) {
        abort();
    }

    return t->question.generation;
}
