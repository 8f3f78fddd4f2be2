/*
 * Revocations of several gateways, and who reads the stream of them.  The clock
 * stands still.
 */

#include "ngx_eiam_unit_zone.h"
#include <ngx_eiam_reader.h>
#include <ngx_eiam_revocation_check.h>
#include <ngx_eiam_revocation_event.h>
#include <ngx_eiam_revocation_index.h>
#include <ngx_eiam_revoke.h>


typedef struct {
    ngx_eiam_unit_t         *unit;
    ngx_eiam_unit_zone_t     z;
    ngx_eiam_shared_t       *shared;
    ngx_eiam_revocations_t  *table;
} ngx_eiam_unit_event_t;


static void ngx_eiam_unit_event_open(ngx_eiam_unit_t *unit,
    ngx_eiam_unit_event_t *t);
static void ngx_eiam_unit_event_unsent(ngx_eiam_unit_event_t *t);
static void ngx_eiam_unit_event_applied(ngx_eiam_unit_event_t *t,
    ngx_eiam_unit_event_t *from);
static void ngx_eiam_unit_event_cut(ngx_eiam_unit_event_t *t);
static void ngx_eiam_unit_event_undone(ngx_eiam_unit_event_t *t,
    ngx_eiam_unit_event_t *from);
static void ngx_eiam_unit_event_missed(ngx_eiam_unit_event_t *t,
    ngx_eiam_unit_event_t *from);
static void ngx_eiam_unit_event_full(ngx_eiam_unit_event_t *t);
static void ngx_eiam_unit_event_reader(ngx_eiam_unit_event_t *t);
static void ngx_eiam_unit_event_doubt(ngx_eiam_unit_event_t *t);
static void ngx_eiam_unit_event_position(ngx_eiam_unit_t *unit);

static ngx_int_t ngx_eiam_unit_event_revoke(ngx_eiam_unit_event_t *t,
    uint32_t n);
static ngx_uint_t ngx_eiam_unit_event_is(ngx_eiam_unit_event_t *t,
    uint32_t n);
static ngx_uint_t ngx_eiam_unit_event_send(ngx_eiam_unit_event_t *from,
    ngx_eiam_unit_event_t *t, uint64_t msec);
static ngx_int_t ngx_eiam_unit_event_apply(ngx_eiam_unit_event_t *t,
    const ngx_eiam_revocation_event_t *event);
static ngx_int_t ngx_eiam_unit_event_check(ngx_eiam_unit_event_t *t,
    const char *application, uint64_t msec);


void
ngx_eiam_unit_event(ngx_eiam_unit_t *unit)
{
    ngx_eiam_unit_clock_t  clock;
    ngx_eiam_unit_event_t  a, b;

    ngx_eiam_unit_clock_stop(&clock);

    ngx_eiam_unit_event_open(unit, &a);
    ngx_eiam_unit_event_open(unit, &b);

    ngx_eiam_unit_event_unsent(&a);
    ngx_eiam_unit_event_applied(&b, &a);
    ngx_eiam_unit_event_cut(&b);
    ngx_eiam_unit_event_undone(&b, &a);
    ngx_eiam_unit_event_missed(&b, &a);
    ngx_eiam_unit_event_full(&b);
    ngx_eiam_unit_event_reader(&a);
    ngx_eiam_unit_event_doubt(&a);
    ngx_eiam_unit_event_position(unit);

    ngx_eiam_unit_zone_close(&a.z);
    ngx_eiam_unit_zone_close(&b.z);
    ngx_eiam_unit_clock_go(&clock);
}


static void
ngx_eiam_unit_event_open(ngx_eiam_unit_t *unit, ngx_eiam_unit_event_t *t)
{
    ngx_memzero(t, sizeof(ngx_eiam_unit_event_t));

    if (ngx_eiam_unit_zone_open(unit, &t->z, NGX_EIAM_ZONE_MIN) != NGX_OK) {
        abort();
    }

    t->unit = unit;
    t->z.zone.leeway = 30;
    t->z.zone.identity = 7;

    (void) ngx_eiam_unit_zone_source(unit, &t->z, "a");

    if (ngx_eiam_unit_zone_init(&t->z, NULL) != NGX_OK) {
        abort();
    }

    t->shared = t->z.zone.shared;
    t->table = &t->shared->revocations;
}


static void
ngx_eiam_unit_event_unsent(ngx_eiam_unit_event_t *t)
{
    (void) ngx_eiam_unit_event_revoke(t, 1);
    (void) ngx_eiam_unit_event_revoke(t, 2);

    ngx_eiam_unit_ok(t->unit,
                     t->table->unsent == 2
                     && ngx_eiam_unit_revoke_fault(t->shared) == NULL,
                     "2.4-C: what was revoked is not yet at the others");

    t->shared->changing = 1;
    ngx_eiam_zone_lock(&t->z.zone);
    ngx_eiam_zone_unlock(&t->z.zone);

    ngx_eiam_unit_ok(t->unit,
                     t->table->unsent == 2 && ngx_eiam_unit_event_is(t, 1)
                     && ngx_eiam_unit_revoke_fault(t->shared) == NULL,
                     "2.4-C: which a worker that dies does not change");
}


static void
ngx_eiam_unit_event_applied(ngx_eiam_unit_event_t *t,
    ngx_eiam_unit_event_t *from)
{
    uint32_t                     i, generation;
    ngx_eiam_revocation_event_t  event;

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_event_send(from, t, 1000) == 2
                     && from->table->unsent == 0,
                     "2.4-C: what was sent is not sent again");
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_event_is(t, 1)
                     && ngx_eiam_unit_event_is(t, 2)
                     && t->table->unsent == 0,
                     "2.4-C: and is in force at the other gateway");

    generation = t->table->generation;

    for (i = 1; i < from->table->nrows; i++) {

        if (ngx_eiam_revocation_event_read(from->shared, i, &event) == NGX_OK) {
            (void) ngx_eiam_unit_event_apply(t, &event);
        }
    }

    ngx_eiam_unit_ok(t->unit, t->table->generation == generation
                              && t->table->tokens == 2,
                     "2.4-C: once, however often it comes");

    ngx_memzero(&event, sizeof(ngx_eiam_revocation_event_t));
    event.kind = NGX_EIAM_REVOKED_TOKEN;
    event.id[0] = 1;
    event.expires = ngx_time();

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_event_apply(t, &event) == NGX_DECLINED,
                     "of a token that is over there is no row");
}


/* an application, by the positions of grants */

static void
ngx_eiam_unit_event_cut(ngx_eiam_unit_event_t *t)
{
    uint32_t                     generation;
    ngx_str_t                    crm = ngx_string("crm");
    ngx_eiam_revocation_event_t  event;

    ngx_memzero(&event, sizeof(ngx_eiam_revocation_event_t));

    event.kind = NGX_EIAM_REVOKED_APPLICATION;
    event.id[0] = 1;
    event.position.msec = 2000;
    event.time = ngx_time();
    (void) ngx_eiam_revocation_id(&crm, event.subject);

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_event_apply(t, &event) == NGX_OK
                     && ngx_eiam_unit_event_check(t, "crm", 1999) == NGX_ABORT
                     && ngx_eiam_unit_event_check(t, "crm", 2000) == NGX_OK
                     && ngx_eiam_unit_event_check(t, "erp", 1) == NGX_OK,
                     "2.4-C: a grant of another gateway is from before, or "
                     "not");

    generation = t->table->generation;

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_event_apply(t, &event) == NGX_DECLINED
                     && t->table->generation == generation,
                     "the same event does not refuse what was obtained since");

    event.id[0] = 2;
    event.position.msec = 1500;

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_event_apply(t, &event) == NGX_DECLINED
                     && ngx_eiam_unit_event_check(t, "crm", 2000) == NGX_OK,
                     "nor does an earlier one that comes later");

    event.position.msec = 3000;

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_event_apply(t, &event) == NGX_OK
                     && ngx_eiam_unit_event_check(t, "crm", 2999) == NGX_ABORT,
                     "a later one does");
}


static void
ngx_eiam_unit_event_undone(ngx_eiam_unit_event_t *t,
    ngx_eiam_unit_event_t *from)
{
    ngx_uint_t                    again;
    time_t                        not_before;
    ngx_str_t                     crm = ngx_string("crm");
    ngx_eiam_digest_t             token;
    ngx_eiam_revocation_event_t   event;

    again = 1;
    ngx_eiam_unit_key(again, token);

    (void) ngx_eiam_revocation_event_read(from->shared,
                      ngx_eiam_revocation_index_find_token(from->table, token),
                      &event);

    (void) ngx_eiam_revoke_restore_token(&t->z.zone, token);

    ngx_eiam_unit_ok(t->unit,
                     !ngx_eiam_unit_event_is(t, again)
                     && t->table->undone == 1 && t->table->unsent == 1
                     && ngx_eiam_unit_event_apply(t, &event) == NGX_DECLINED
                     && !ngx_eiam_unit_event_is(t, again),
                     "2.4-C: what was restored is not revoked by the same "
                     "event");
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_event_send(t, from, 4000) == 1
                     && !ngx_eiam_unit_event_is(from, again)
                     && t->table->unsent == 0
                     && ngx_eiam_unit_revoke_fault(t->shared) == NULL
                     && ngx_eiam_unit_revoke_fault(from->shared) == NULL,
                     "2.4-C: the other gateway restores it too");

    event.id[0] ^= 0x80;

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_event_apply(t, &event) == NGX_DECLINED,
                     "nor by another one from before, that is sent again");

    event.resent = 0;
    event.position.msec = 5000;

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_event_apply(t, &event) == NGX_OK
                     && ngx_eiam_unit_event_is(t, again),
                     "but by a new one");

    (void) ngx_eiam_revoke_application(&from->z.zone, &crm,
                                       NGX_EIAM_BY_CONTROL, &not_before);
    (void) ngx_eiam_unit_event_send(from, t, 6000);
    (void) ngx_eiam_revoke_restore_application(&t->z.zone, &crm);
    (void) ngx_eiam_unit_event_send(t, from, 7000);

    ngx_eiam_unit_ok(t->unit,
                     from->table->applications == 0
                     && t->table->applications == 0,
                     "2.4-C: an application is restored by another gateway");

    (void) ngx_eiam_revoke_application(&from->z.zone, &crm,
                                       NGX_EIAM_BY_CONTROL, &not_before);

    ngx_memzero(&event, sizeof(ngx_eiam_revocation_event_t));
    event.kind = NGX_EIAM_REVOKED_APPLICATION;
    event.undo = 1;
    event.position.msec = 7500;
    event.expires = ngx_time() + 100;
    (void) ngx_eiam_revocation_id(&crm, event.subject);

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_unit_event_apply(from, &event) == NGX_DECLINED
                     && from->table->applications == 1,
                     "what nobody else knows of yet is not restored by them");
}


/* the stream is gone: each gateway says again what it knows */

static void
ngx_eiam_unit_event_missed(ngx_eiam_unit_event_t *t,
    ngx_eiam_unit_event_t *from)
{
    uint32_t  i, own, all;

    (void) ngx_eiam_unit_event_send(from, t, 8000);
    (void) ngx_eiam_unit_event_revoke(t, 50);
    (void) ngx_eiam_unit_event_send(t, from, 8100);

    ngx_eiam_zone_lock(&t->z.zone);

    for (i = 0; i < t->table->nrows; i++) {
        ngx_eiam_revocation_event_miss(t->shared, i);
    }

    for (i = 0; i < t->table->nrows; i++) {
        ngx_eiam_revocation_event_resend(t->shared, i, 0);
    }

    own = t->table->unsent;

    for (i = 0; i < t->table->nrows; i++) {
        ngx_eiam_revocation_event_resend(t->shared, i, 1);
    }

    all = t->table->unsent;

    ngx_eiam_zone_unlock(&t->z.zone);

    ngx_eiam_unit_ok(t->unit,
                     own >= 1 && all > own
                     && ngx_eiam_unit_revoke_fault(t->shared) == NULL,
                     "2.4-C: after a gap the gateway's own are sent again, "
                     "then all: %uD of %uD", own, all);

    (void) ngx_eiam_unit_event_send(t, from, 9000);

    ngx_eiam_unit_ok(t->unit,
                     t->table->unsent == 0 && from->table->unsent == 0
                     && ngx_eiam_unit_event_check(t, "crm", 8500) == NGX_OK,
                     "2.4-C: as they were: where they take effect is the same");
}


/* any number of tokens from elsewhere, known or not */

static void
ngx_eiam_unit_event_full(ngx_eiam_unit_event_t *t)
{
    uint32_t                     i, lost;
    ngx_eiam_grant_t             grant;
    ngx_eiam_digest_t            token;
    ngx_eiam_detail_e            detail;
    ngx_eiam_revocation_event_t  event;

    ngx_memzero(&event, sizeof(ngx_eiam_revocation_event_t));
    ngx_memzero(&grant, sizeof(ngx_eiam_grant_t));
    grant.learned = 1;
    lost = 0;

    for (i = 0; i < 500; i++) {

        ngx_eiam_unit_key(10000 + i, token);

        event.kind = NGX_EIAM_REVOKED_TOKEN;
        event.id[0] = 3;
        event.id[1] = (u_char) i;
        event.id[2] = (u_char) (i >> 8);
        event.position.msec = 10000 + i;
        event.expires = ngx_time() + 1000;
        event.undo = (i % 7 == 6);
        ngx_memcpy(event.subject, token, NGX_EIAM_REVOCATION_TOKEN);

        (void) ngx_eiam_unit_event_apply(t, &event);

        ngx_eiam_zone_lock(&t->z.zone);
        lost += !event.undo
                && ngx_eiam_revocation_check(t->shared, token, &grant, &detail)
                   != NGX_ABORT;
        ngx_eiam_zone_unlock(&t->z.zone);

        lost += ngx_eiam_unit_revoke_fault(t->shared) != NULL;
    }

    ngx_eiam_unit_ok(t->unit, lost == 0
                              && t->table->undone <= t->table->nrows / 8,
                     "2.4-C: a table that is full of what others have revoked "
                     "lets none of it pass");
}


static void
ngx_eiam_unit_event_reader(ngx_eiam_unit_event_t *t)
{
    uint32_t                  lease, other;
    ngx_eiam_zone_t          *zone, newer, elsewhere;
    ngx_eiam_reader_place_t   place;

    zone = &t->z.zone;
    newer = *zone;
    newer.number++;
    elsewhere = newer;
    elsewhere.identity = 8;

    ngx_memzero(&place, sizeof(ngx_eiam_reader_place_t));
    place.position.msec = 10;

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_reader_state(zone) == NGX_EIAM_READER_IS_DOWN
                     || ngx_eiam_reader_age(zone) > NGX_EIAM_READER_FRESH,
                     "2.4-C: a zone is not fresh before anybody has read");
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_reader_acquire(zone, &lease) == NGX_OK
                     && ngx_eiam_reader_acquire(zone, &other) == NGX_DECLINED
                     && ngx_eiam_reader_renew(zone, lease) == NGX_OK,
                     "one worker reads");

    (void) ngx_eiam_reader_advance(zone, lease, &place, ngx_current_msec - 400);

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_reader_age(zone) == 400
                     && ngx_eiam_reader_state(zone) == NGX_EIAM_READER_IS_FRESH,
                     "2.4-C: the age counts from the question, not the answer");

    ngx_eiam_unit_clock_pass(400);

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_reader_state(zone) == NGX_EIAM_READER_IS_STALE
                     && ngx_eiam_reader_age(zone) == 800,
                     "2.4-C: it is not fresh for longer than it is");

    (void) ngx_eiam_reader_advance(zone, lease, &place, 0);

    ngx_eiam_unit_ok(t->unit, ngx_eiam_reader_age(zone) == 800,
                     "an answer behind which there are more does not renew it");
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_reader_acquire(&newer, &other) == NGX_OK
                     && ngx_eiam_reader_renew(zone, lease) == NGX_DECLINED
                     && ngx_eiam_reader_advance(zone, lease, &place, 1)
                        == NGX_DECLINED
                     && ngx_eiam_reader_acquire(zone, &lease) == NGX_DECLINED
                     && ngx_eiam_reader_place(&newer, &place) == NGX_OK
                     && place.position.msec == 10,
                     "a newer configuration reads on from there at once");

    ngx_eiam_reader_release(&newer, other);

    ngx_eiam_unit_ok(t->unit, ngx_eiam_reader_acquire(zone, &lease) == NGX_OK,
                     "a worker that exits gives its lease up at once");

    ngx_eiam_unit_clock_pass(NGX_EIAM_READER_LEASE);

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_reader_state(zone) == NGX_EIAM_READER_IS_DOWN
                     && ngx_eiam_reader_acquire(zone, &other) == NGX_OK,
                     "one that was killed loses it");
    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_reader_acquire(&elsewhere, &other) == NGX_OK
                     && ngx_eiam_reader_place(&elsewhere, &place)
                        == NGX_DECLINED
                     && ngx_eiam_reader_age(zone) > 1000000
                     && ngx_eiam_reader_renew(zone, lease) == NGX_DECLINED,
                     "2.4-C: with another Redis, prefix or key nothing counts "
                     "that was read");
}


/* grants that were checked before a gap are to be asked for */

static void
ngx_eiam_unit_event_doubt(ngx_eiam_unit_event_t *t)
{
    uint32_t              lease;
    ngx_eiam_grant_t      grant;
    ngx_eiam_digest_t     token;
    ngx_eiam_source_t    *source;
    ngx_eiam_question_t   question;

    source = *(ngx_eiam_source_t **) t->z.zone.sources.elts;

    ngx_memzero(&grant, sizeof(ngx_eiam_grant_t));
    ngx_str_set(&grant.application, "crm-2");
    ngx_str_set(&grant.scopes, "org_read");
    grant.expires = ngx_time() + 1000;
    grant.generation = t->table->generation;

    ngx_eiam_unit_key(500, token);
    (void) ngx_eiam_source_learn(source, token, &grant);

    ngx_memzero(&question, sizeof(ngx_eiam_question_t));
    ngx_eiam_source_key(source, token, question.key);

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_source_recall(source, &question) == NGX_OK
                     && !question.doubtful,
                     "a grant that nobody doubts");

    ngx_eiam_unit_clock_pass(2 * NGX_EIAM_READER_LEASE);
    (void) ngx_eiam_reader_acquire(&t->z.zone, &lease);
    (void) ngx_eiam_reader_begin(&t->z.zone, lease);

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_source_recall(source, &question) == NGX_OK
                     && question.doubtful
                     && ngx_eiam_source_recall(source, &question) == NGX_OK
                     && question.doubtful,
                     "2.4-C: after a gap it is doubtful until it was asked "
                     "for");

    ngx_eiam_source_trust(source, &question);

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_source_recall(source, &question) == NGX_OK
                     && !question.doubtful,
                     "and then is not");

    (void) ngx_eiam_reader_begin(&t->z.zone, lease);
    (void) ngx_eiam_source_recall(source, &question);
    (void) ngx_eiam_revoke_token(&t->z.zone, token, NULL, NGX_EIAM_BY_CONTROL);
    ngx_eiam_source_trust(source, &question);

    ngx_eiam_unit_ok(t->unit,
                     ngx_eiam_source_recall(source, &question) == NGX_ABORT,
                     "unless it is revoked meanwhile");
}


static void
ngx_eiam_unit_event_position(ngx_eiam_unit_t *unit)
{
    ngx_uint_t           i, side, wrong;
    ngx_str_t            text;
    u_char               buffer[NGX_EIAM_POSITION_LEN], *last;
    ngx_eiam_position_t  position, other;

    static const ngx_str_t  good[] = {
        ngx_string("0-0"), ngx_string("0-1"), ngx_string("1526919030474-55"),
        ngx_string("1526919030475-0"),
        ngx_string("18446744073709551615-18446744073709551615"),
        ngx_null_string
    };

    static const ngx_str_t  bad[] = {
        ngx_string(""), ngx_string("-"), ngx_string("1"), ngx_string("1-"),
        ngx_string("-1"), ngx_string("01-1"), ngx_string("1-00"),
        ngx_string("1-1-1"), ngx_string(" 1-1"), ngx_string("1-1 "),
        ngx_string("18446744073709551616-0"), ngx_string("+1-1"),
        ngx_string("99999999999999999999-1"), ngx_string("1-1a"),
        ngx_null_string
    };

    ngx_memzero(&other, sizeof(ngx_eiam_position_t));
    ngx_memzero(&position, sizeof(ngx_eiam_position_t));
    wrong = 0;

    for (i = 0; good[i].len; i++) {

        for (ngx_eiam_unit_sides(side)) {
            text = ngx_eiam_unit_place(0, side, &good[i]);
            wrong += ngx_eiam_position_read(&text, &position) != NGX_OK;
        }

        last = ngx_eiam_position_write(buffer, &position);
        text.data = buffer;
        text.len = last - buffer;

        wrong += !ngx_eiam_unit_equal(&text, &good[i])
                 || (i && ngx_eiam_position_compare(&other, &position) >= 0)
                 || ngx_eiam_position_compare(&position, &position) != 0;
        other = position;
    }

    for (i = 0; bad[i].data; i++) {

        for (ngx_eiam_unit_sides(side)) {
            text = ngx_eiam_unit_place(0, side, &bad[i]);
            wrong += ngx_eiam_position_read(&text, &position) != NGX_DECLINED;
        }
    }

    ngx_eiam_unit_ok(unit, wrong == 0 && i == 14,
                     "2.4-C: positions have 128 bits and one spelling");
}


/* ---- what is done */

static ngx_int_t
ngx_eiam_unit_event_revoke(ngx_eiam_unit_event_t *t, uint32_t n)
{
    ngx_eiam_grant_t   grant;
    ngx_eiam_digest_t  token;

    ngx_eiam_unit_key(n, token);

    ngx_memzero(&grant, sizeof(ngx_eiam_grant_t));
    ngx_str_set(&grant.application, "crm");
    grant.expires = ngx_time() + 1000;
    grant.learned = 1;

    return ngx_eiam_revoke_token(&t->z.zone, token, &grant,
                                 NGX_EIAM_BY_CLIENT);
}


static ngx_uint_t
ngx_eiam_unit_event_is(ngx_eiam_unit_event_t *t, uint32_t n)
{
    ngx_eiam_digest_t  token;

    ngx_eiam_unit_key(n, token);

    return ngx_eiam_revoke_has(&t->z.zone, token);
}


/* all that is unsent, as if by the stream; how many */

static ngx_uint_t
ngx_eiam_unit_event_send(ngx_eiam_unit_event_t *from,
    ngx_eiam_unit_event_t *t, uint64_t msec)
{
    uint32_t                     i;
    ngx_uint_t                   n;
    ngx_eiam_position_t          position;
    ngx_eiam_revocation_event_t  event;

    n = 0;
    position.msec = msec;
    position.sequence = 0;

    for (i = 0; i < from->table->nrows; i++) {

        if (!(from->table->rows[i].state & NGX_EIAM_REVOCATION_UNSENT)
            || ngx_eiam_revocation_event_read(from->shared, i, &event)
               != NGX_OK)
        {
            continue;
        }

        ngx_eiam_zone_lock(&from->z.zone);
        ngx_eiam_revocation_event_sent(from->shared, &event, &position);
        ngx_eiam_zone_unlock(&from->z.zone);

        if (!event.undo && !event.resent) {
            event.position = position;
        }

        (void) ngx_eiam_unit_event_apply(t, &event);

        position.sequence++;
        n++;
    }

    return n;
}


static ngx_int_t
ngx_eiam_unit_event_apply(ngx_eiam_unit_event_t *t,
    const ngx_eiam_revocation_event_t *event)
{
    ngx_int_t  rc;

    ngx_eiam_zone_lock(&t->z.zone);
    rc = ngx_eiam_revocation_event_apply(t->shared, event);
    ngx_eiam_zone_unlock(&t->z.zone);

    return rc;
}


static ngx_int_t
ngx_eiam_unit_event_check(ngx_eiam_unit_event_t *t, const char *application,
    uint64_t msec)
{
    ngx_int_t            rc;
    ngx_eiam_grant_t     grant;
    ngx_eiam_detail_e    detail;
    ngx_eiam_position_t  position;

    ngx_memzero(&grant, sizeof(ngx_eiam_grant_t));
    grant.application.data = (u_char *) application;
    grant.application.len = ngx_strlen(application);
    grant.learned = 1;

    position.msec = msec;
    position.sequence = 0;

    ngx_eiam_zone_lock(&t->z.zone);
    rc = ngx_eiam_revocation_check_shared(t->shared, &grant, &position,
                                          &detail);
    ngx_eiam_zone_unlock(&t->z.zone);

    return rc;
}
