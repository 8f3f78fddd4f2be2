
#include <ngx_eiam_flight.h>
#include <ngx_eiam_key_set.h>


typedef enum {
    NGX_EIAM_KEYS_NONE = 0,              /* there is no set that may be used */
    NGX_EIAM_KEYS_OVERDUE,               /* used only if the fetch fails */
    NGX_EIAM_KEYS_OLD,                   /* used while a newer set is fetched */
    NGX_EIAM_KEYS_FRESH
} ngx_eiam_keys_state_e;


static ngx_int_t ngx_eiam_key_set_look(ngx_eiam_source_t *source,
    const ngx_eiam_key_terms_t *terms, ngx_eiam_key_question_t *question);
static ngx_int_t ngx_eiam_key_set_require(ngx_eiam_source_t *source,
    const ngx_eiam_key_terms_t *terms, ngx_eiam_key_question_t *question,
    ngx_int_t otherwise);
static ngx_int_t ngx_eiam_key_set_refresh(ngx_eiam_source_t *source,
    const ngx_eiam_key_terms_t *terms, ngx_eiam_key_question_t *question,
    ngx_eiam_keys_state_e state);
static ngx_uint_t ngx_eiam_key_set_has_failed(
    const ngx_eiam_source_t *source);
static ngx_eiam_keys_state_e ngx_eiam_key_set_state(
    const ngx_eiam_source_t *source, const ngx_eiam_key_terms_t *terms);
static void ngx_eiam_key_set_copy(const ngx_eiam_key_set_t *set,
    ngx_eiam_key_question_t *question);
static ngx_uint_t ngx_eiam_key_set_fetch(ngx_eiam_source_t *source,
    const ngx_eiam_key_terms_t *terms, ngx_eiam_key_question_t *question,
    ngx_uint_t urgent);
static ngx_uint_t ngx_eiam_key_set_must_pause(const ngx_eiam_key_set_t *set,
    const ngx_eiam_key_question_t *question, ngx_uint_t urgent);
static void ngx_eiam_key_set_replace(ngx_eiam_shared_t *shared,
    ngx_eiam_key_set_t *set, uint32_t flight, const ngx_str_t *text,
    const ngx_eiam_digest_t digest);


ngx_int_t
ngx_eiam_key_set_ask(ngx_eiam_source_t *source,
    const ngx_eiam_key_terms_t *terms, ngx_eiam_key_question_t *question)
{
    ngx_int_t            rc;
    ngx_eiam_key_set_t  *set;

    set = source->record->keys;

    ngx_eiam_zone_lock(source->zone);

    if (set->owner <= source->zone->number) {
        rc = ngx_eiam_key_set_look(source, terms, question);

    } else if (question->generation) {

        /* the set belongs to a newer configuration: the caller keeps its own */

        rc = question->unknown ? NGX_DECLINED : NGX_OK;

    } else if (set->len) {
        ngx_eiam_key_set_copy(set, question);
        rc = NGX_OK;

    } else {
        rc = NGX_ABORT;
    }

    ngx_eiam_zone_unlock(source->zone);

    return rc;
}


static ngx_int_t
ngx_eiam_key_set_look(ngx_eiam_source_t *source,
    const ngx_eiam_key_terms_t *terms, ngx_eiam_key_question_t *question)
{
    ngx_uint_t              newer;
    ngx_eiam_key_set_t     *set;
    ngx_eiam_keys_state_e   state;

    set = source->record->keys;
    state = ngx_eiam_key_set_state(source, terms);

    newer = state != NGX_EIAM_KEYS_NONE
            && set->generation != question->generation;

    if (newer) {
        ngx_eiam_key_set_copy(set, question);
    }

    if (question->idle) {
        return ngx_eiam_key_set_refresh(source, terms, question, state);
    }

    if (state == NGX_EIAM_KEYS_NONE) {
        return ngx_eiam_key_set_require(source, terms, question, NGX_ABORT);
    }

    /* the key may be in the newer set, which this worker has not tried yet */

    if (question->unknown && !newer) {
        return ngx_eiam_key_set_require(source, terms, question, NGX_DECLINED);
    }

    return ngx_eiam_key_set_refresh(source, terms, question, state);
}


/* The caller needs another set: it waits if one is being fetched. */

static ngx_int_t
ngx_eiam_key_set_require(ngx_eiam_source_t *source,
    const ngx_eiam_key_terms_t *terms, ngx_eiam_key_question_t *question,
    ngx_int_t otherwise)
{
    ngx_uint_t  failed;

    failed = ngx_eiam_key_set_has_failed(source);

    if (ngx_eiam_key_set_fetch(source, terms, question, 1)) {
        return NGX_AGAIN;
    }

    return failed ? NGX_ABORT : otherwise;
}


/* The caller has a set: it waits only for the first attempt to renew it. */

static ngx_int_t
ngx_eiam_key_set_refresh(ngx_eiam_source_t *source,
    const ngx_eiam_key_terms_t *terms, ngx_eiam_key_question_t *question,
    ngx_eiam_keys_state_e state)
{
    ngx_uint_t  failed;

    if (state == NGX_EIAM_KEYS_FRESH
        || (state == NGX_EIAM_KEYS_OLD && question->quiet))
    {
        return NGX_OK;
    }

    failed = ngx_eiam_key_set_has_failed(source);

    if (!ngx_eiam_key_set_fetch(source, terms, question, !failed)) {
        return NGX_OK;
    }

    if (state == NGX_EIAM_KEYS_OVERDUE && !failed && !question->idle) {
        return NGX_AGAIN;
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_eiam_key_set_has_failed(const ngx_eiam_source_t *source)
{
    ngx_eiam_key_set_t  *set;

    set = source->record->keys;

    return set->failed && set->owner == source->zone->number;
}


static ngx_eiam_keys_state_e
ngx_eiam_key_set_state(const ngx_eiam_source_t *source,
    const ngx_eiam_key_terms_t *terms)
{
    time_t               age;
    ngx_eiam_key_set_t  *set;

    set = source->record->keys;
    age = ngx_time() - set->fetched;

    if (set->len == 0 || age >= terms->max_age) {
        return NGX_EIAM_KEYS_NONE;
    }

    if (!set->current || set->owner < source->zone->number
        || age / 2 >= terms->refresh)
    {
        return NGX_EIAM_KEYS_OVERDUE;
    }

    if (age >= terms->refresh || age < -NGX_EIAM_CLOCK_SKEW) {
        return NGX_EIAM_KEYS_OLD;
    }

    return NGX_EIAM_KEYS_FRESH;
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
    question->content = set->content;
}


/*
 * 1: the set is being fetched, or will be soon; question->fetch: by the caller
 */

static ngx_uint_t
ngx_eiam_key_set_fetch(ngx_eiam_source_t *source,
    const ngx_eiam_key_terms_t *terms, ngx_eiam_key_question_t *question,
    ngx_uint_t urgent)
{
    ngx_eiam_flight_t   *flight;
    ngx_eiam_shared_t   *shared;
    ngx_eiam_key_set_t  *set;

    set = source->record->keys;
    shared = source->zone->shared;

    if (ngx_eiam_flight_join(shared, source->id)) {
        return 1;
    }

    if (set->owner < source->zone->number) {

        /*
         * the previous configuration may have fetched the set from another
         * server
         */

        ngx_eiam_shared_change(shared);

        set->owner = source->zone->number;
        ngx_eiam_shared_step(shared);

        ngx_eiam_key_set_reset(shared, set);
    }

    if (set->flight) {

        /* the worker that was fetching the set has died */

        ngx_eiam_shared_change(shared);

        set->flight = 0;
        ngx_eiam_shared_step(shared);
        set->unknown = 0;
        ngx_eiam_shared_step(shared);
    }

    if (set->owed > ngx_current_msec) {
        return 1;
    }

    if (set->owed == 0 && ngx_eiam_key_set_must_pause(set, question, urgent)) {
        return 0;
    }

    flight = ngx_eiam_flight_begin(shared, source->id, source->record,
                                   ngx_current_msec + terms->timeout
                                   + NGX_EIAM_FLIGHT_GRACE, 0);
    if (flight == NULL) {
        return 0;
    }

    set->owed = 0;
    ngx_eiam_shared_step(shared);
    set->flight = flight->serial;
    ngx_eiam_shared_step(shared);
    set->interval = question->unknown ? terms->interval : 0;
    ngx_eiam_shared_step(shared);

    question->fetch = 1;
    question->flight = flight->serial;

    return 1;
}


/* limits how often a set is fetched after failures and for unknown keys */

static ngx_uint_t
ngx_eiam_key_set_must_pause(const ngx_eiam_key_set_t *set,
    const ngx_eiam_key_question_t *question, ngx_uint_t urgent)
{
    uint64_t  retry;

    retry = set->retry;

    if (!urgent) {
        retry += NGX_EIAM_KEY_SET_REST;
    }

    if (retry > ngx_current_msec) {
        return 1;
    }

    return question->unknown && set->unknown > ngx_current_msec;
}


void
ngx_eiam_key_set_reset(ngx_eiam_shared_t *shared, ngx_eiam_key_set_t *set)
{
    set->current = 0;
    ngx_eiam_shared_step(shared);
    set->failed = 0;
    ngx_eiam_shared_step(shared);
    set->retry = 0;
    ngx_eiam_shared_step(shared);
    set->unknown = 0;
    ngx_eiam_shared_step(shared);
    set->owed = 0;
    ngx_eiam_shared_step(shared);
    set->flight = 0;
    ngx_eiam_shared_step(shared);
}


void
ngx_eiam_key_set_settle(ngx_eiam_source_t *source, uint32_t flight,
    const ngx_str_t *text, const ngx_eiam_digest_t digest)
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

    ngx_eiam_shared_change(shared);

    set->flight = 0;

    /*
     * requests that waited for this fetch then see that there is no newer set
     */

    if (set->interval) {
        set->unknown = ngx_current_msec + set->interval;
    }

    if (set->owner > source->zone->number) {

        /*
         * a newer configuration has taken the set over, and fetches it itself
         */

    } else if (text == NULL) {
        set->failed = 1;
        set->retry = ngx_current_msec + NGX_EIAM_KEY_SET_RETRY;

    } else {

        ngx_eiam_key_set_replace(shared, set, flight, text, digest);

        set->fetched = ngx_time();
        set->current = 1;
        set->failed = 0;
        set->retry = 0;
    }

    ngx_eiam_flight_end(shared, own);

    ngx_eiam_zone_unlock(source->zone);
}


/*
 * A text that lists the same keys in another order is a new generation, so that
 * workers read it, but its content is the same, so that cached grants remain
 * valid.
 */

static void
ngx_eiam_key_set_replace(ngx_eiam_shared_t *shared, ngx_eiam_key_set_t *set,
    uint32_t flight, const ngx_str_t *text, const ngx_eiam_digest_t digest)
{
    if (set->len == 0
        || ngx_memcmp(set->digest, digest, NGX_EIAM_DIGEST_LEN) != 0)
    {
        ngx_memcpy(set->digest, digest, NGX_EIAM_DIGEST_LEN);
        ngx_eiam_shared_step(shared);

        set->content = flight;
        ngx_eiam_shared_step(shared);
    }

    if (text->len != set->len
        || ngx_memcmp(text->data, set->text, text->len) != 0)
    {
        set->len = text->len;
        ngx_memcpy(set->text, text->data, text->len);
        ngx_eiam_shared_step(shared);

        set->generation = flight;
        ngx_eiam_shared_step(shared);
    }
}


void
ngx_eiam_key_set_abandon(ngx_eiam_source_t *source, uint32_t flight)
{
    ngx_eiam_flight_t  *own;

    ngx_eiam_zone_lock(source->zone);

    own = ngx_eiam_flight_own(source->zone->shared, source->id, flight);

    if (own) {
        ngx_eiam_shared_change(source->zone->shared);
        source->record->keys->flight = 0;
        source->record->keys->owed = ngx_current_msec
                                     + NGX_EIAM_KEY_SET_PAUSE;
        ngx_eiam_flight_end(source->zone->shared, own);
    }

    ngx_eiam_zone_unlock(source->zone);
}
