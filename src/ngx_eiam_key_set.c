
#include <ngx_eiam_flight.h>
#include <ngx_eiam_key_set.h>


static void ngx_eiam_key_set_copy(const ngx_eiam_key_set_t *set,
    ngx_eiam_key_question_t *question);
static ngx_uint_t ngx_eiam_key_set_fetch(ngx_eiam_source_t *source,
    const ngx_eiam_key_terms_t *terms, ngx_eiam_key_question_t *question);


ngx_int_t
ngx_eiam_key_set_ask(ngx_eiam_source_t *source,
    const ngx_eiam_key_terms_t *terms, ngx_eiam_key_question_t *question)
{
    time_t               age;
    ngx_int_t            rc;
    ngx_uint_t           have, newer, old, flying;
    ngx_eiam_key_set_t  *set;

    set = source->record->keys;

    ngx_eiam_zone_lock(source->zone);

    age = ngx_time() - set->fetched;
    have = set->len && age < terms->max_age;
    old = age >= terms->refresh || age < -NGX_EIAM_CLOCK_SKEW;
    newer = have && set->generation != question->generation;

    if (newer) {
        ngx_eiam_key_set_copy(set, question);
    }

    /* the same set again may know more than it did */

    flying = 0;

    if (!have || old || (question->unknown && !newer)) {
        flying = ngx_eiam_key_set_fetch(source, terms, question);
    }

    if (newer || (have && !question->unknown)) {
        rc = NGX_OK;

    } else if (flying) {
        rc = NGX_AGAIN;

    } else {
        rc = (have && !set->failed) ? NGX_DECLINED : NGX_ABORT;
    }

    ngx_eiam_zone_unlock(source->zone);

    return rc;
}


static void
ngx_eiam_key_set_copy(const ngx_eiam_key_set_t *set,
    ngx_eiam_key_question_t *question)
{
    static u_char  text[NGX_EIAM_KEY_SET_MAX];

    ngx_memcpy(text, set->text, set->len);

    question->text.data = text;
    question->text.len = set->len;
    question->generation = set->generation;
}


/* is one under way, perhaps by the one who asks, or will be soon? */

static ngx_uint_t
ngx_eiam_key_set_fetch(ngx_eiam_source_t *source,
    const ngx_eiam_key_terms_t *terms, ngx_eiam_key_question_t *question)
{
    ngx_eiam_flight_t   *flight;
    ngx_eiam_shared_t   *shared;
    ngx_eiam_key_set_t  *set;

    set = source->record->keys;
    shared = source->zone->shared;

    if (ngx_eiam_flight_join(shared, source->id)) {
        return 1;
    }

    if (set->flight) {

        /* its worker died */

        set->flight = 0;
        set->unknown = 0;
    }

    if (set->owed > ngx_current_msec) {
        return 1;
    }

    if (set->owed == 0
        && (set->retry > ngx_current_msec
            || (question->unknown && set->unknown > ngx_current_msec)))
    {
        return 0;
    }

    flight = ngx_eiam_flight_begin(shared, source->id, source->record,
                                   ngx_current_msec + terms->timeout
                                   + NGX_EIAM_FLIGHT_GRACE);
    if (flight == NULL) {
        return 0;
    }

    set->owed = 0;
    set->flight = flight->serial;
    set->interval = question->unknown ? terms->interval : 0;

    question->fetch = 1;
    question->flight = flight->serial;

    return 1;
}


void
ngx_eiam_key_set_settle(ngx_eiam_source_t *source, uint32_t flight,
    const ngx_str_t *text)
{
    ngx_eiam_flight_t   *own;
    ngx_eiam_shared_t   *shared;
    ngx_eiam_key_set_t  *set;

    set = source->record->keys;
    shared = source->zone->shared;

    ngx_eiam_zone_lock(source->zone);

    own = ngx_eiam_flight_own(shared, source->id, flight);

    if (own == NULL) {
        ngx_eiam_zone_unlock(source->zone);
        return;
    }

    ngx_eiam_zone_change(shared);

    set->flight = 0;
    set->failed = (text == NULL);

    if (set->failed) {
        set->retry = ngx_current_msec + NGX_EIAM_KEY_SET_RETRY;
        set->unknown = 0;

    } else {

        if (text->len != set->len
            || ngx_memcmp(text->data, set->text, text->len) != 0)
        {
            set->len = text->len;
            ngx_memcpy(set->text, text->data, text->len);
            ngx_eiam_zone_step(shared);

            set->generation = flight;
        }

        set->fetched = ngx_time();

        /* who waited for it must find that there is nothing newer */

        if (set->interval) {
            set->unknown = ngx_current_msec + set->interval;
        }
    }

    ngx_eiam_flight_end(shared, own);

    ngx_eiam_zone_unlock(source->zone);
}


void
ngx_eiam_key_set_abandon(ngx_eiam_source_t *source, uint32_t flight)
{
    ngx_eiam_flight_t  *own;

    ngx_eiam_zone_lock(source->zone);

    own = ngx_eiam_flight_own(source->zone->shared, source->id, flight);

    if (own) {
        ngx_eiam_zone_change(source->zone->shared);
        source->record->keys->flight = 0;
        source->record->keys->owed = ngx_current_msec
                                     + NGX_EIAM_KEY_SET_PAUSE;
        ngx_eiam_flight_end(source->zone->shared, own);
    }

    ngx_eiam_zone_unlock(source->zone);
}
