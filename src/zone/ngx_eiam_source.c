
#include <ngx_eiam_cache.h>
#include <ngx_eiam_flight.h>
#include <ngx_eiam_key_set.h>
#include <ngx_eiam_source.h>


static void ngx_eiam_source_lock(ngx_eiam_source_t *source,
    const ngx_eiam_digest_t key);
static ngx_int_t ngx_eiam_source_look(ngx_eiam_source_t *source,
    const ngx_eiam_terms_t *terms, ngx_eiam_question_t *question);
static ngx_int_t ngx_eiam_source_refused(ngx_eiam_source_t *source,
    const ngx_eiam_terms_t *terms, ngx_eiam_question_t *question,
    const ngx_eiam_refusal_t *refusal);
static ngx_int_t ngx_eiam_source_start(ngx_eiam_source_t *source,
    const ngx_eiam_terms_t *terms, ngx_eiam_question_t *question);
static ngx_int_t ngx_eiam_source_begin(ngx_eiam_source_t *source,
    const ngx_eiam_terms_t *terms, ngx_eiam_question_t *question);
static ngx_uint_t ngx_eiam_source_is_current(const ngx_eiam_source_t *source,
    uint32_t content);
static ngx_uint_t ngx_eiam_source_is_stranger(ngx_eiam_shared_t *shared,
    const ngx_eiam_digest_t key);
static ngx_uint_t ngx_eiam_source_is_full(const ngx_eiam_record_t *record,
    const ngx_eiam_terms_t *terms, ngx_uint_t stranger);
static ngx_int_t ngx_eiam_source_unavailable(ngx_eiam_source_t *source,
    const ngx_eiam_terms_t *terms, ngx_eiam_question_t *question,
    ngx_eiam_trouble_e trouble, ngx_eiam_detail_e detail);
static ngx_uint_t ngx_eiam_source_is_fresh(uint32_t checked, time_t life);
static void ngx_eiam_source_use(ngx_eiam_shared_t *shared,
    ngx_eiam_entry_t *entry, ngx_eiam_question_t *question);
static void ngx_eiam_source_keep(ngx_eiam_shared_t *shared,
    const ngx_eiam_question_t *question);
static ngx_uint_t ngx_eiam_source_is_open(const ngx_eiam_record_t *record,
    const ngx_eiam_terms_t *terms);


ngx_eiam_source_t *
ngx_eiam_source_add(ngx_eiam_zone_t *zone, const ngx_str_t *id,
    ngx_pool_t *pool)
{
    ngx_uint_t            i;
    ngx_eiam_digest_t     digest;
    ngx_eiam_source_t   **source;

    if (ngx_eiam_digest(id, digest) != NGX_OK) {
        return NULL;
    }

    source = zone->sources.elts;

    for (i = 0; i < zone->sources.nelts; i++) {

        if (ngx_memcmp(source[i]->id, digest, NGX_EIAM_DIGEST_LEN) == 0) {
            return source[i];
        }
    }

    source = ngx_array_push(&zone->sources);
    if (source == NULL) {
        return NULL;
    }

    *source = ngx_pcalloc(pool, sizeof(ngx_eiam_source_t));
    if (*source == NULL) {
        return NULL;
    }

    (*source)->zone = zone;
    ngx_memcpy((*source)->id, digest, NGX_EIAM_DIGEST_LEN);

    return *source;
}


void
ngx_eiam_source_key(const ngx_eiam_source_t *source,
    const ngx_eiam_digest_t token, ngx_eiam_digest_t key)
{
    uint64_t    a[NGX_EIAM_DIGEST_LEN / 8], b[NGX_EIAM_DIGEST_LEN / 8];
    ngx_uint_t  i;

    ngx_memcpy(a, token, NGX_EIAM_DIGEST_LEN);
    ngx_memcpy(b, source->id, NGX_EIAM_DIGEST_LEN);

    for (i = 0; i < NGX_EIAM_DIGEST_LEN / 8; i++) {
        a[i] ^= b[i];
    }

    ngx_memcpy(key, a, NGX_EIAM_DIGEST_LEN);
}


ngx_int_t
ngx_eiam_source_recall(ngx_eiam_source_t *source,
    ngx_eiam_question_t *question)
{
    ngx_eiam_entry_t   *entry;
    ngx_eiam_shared_t  *shared;

    shared = source->zone->shared;

    ngx_eiam_source_lock(source, question->key);

    entry = ngx_eiam_cache_find(shared, question->key);

    if (entry && !ngx_eiam_source_is_fresh(entry->checked, NGX_EIAM_NEVER)) {
        entry = NULL;
    }

    if (entry) {
        ngx_eiam_source_use(shared, entry, question);
    }

    ngx_eiam_zone_unlock(source->zone);

    return entry ? NGX_OK : NGX_DECLINED;
}


void
ngx_eiam_source_learn(ngx_eiam_source_t *source,
    const ngx_eiam_digest_t token, const ngx_eiam_grant_t *grant)
{
    ngx_eiam_grant_t   learned;
    ngx_eiam_digest_t  key;

    learned = *grant;
    learned.learned = 1;

    ngx_eiam_source_key(source, token, key);

    ngx_eiam_zone_lock(source->zone);
    ngx_eiam_cache_put(source->zone->shared, key, &learned, ngx_time(), 0);
    ngx_eiam_zone_unlock(source->zone);
}


ngx_int_t
ngx_eiam_source_look_up(ngx_eiam_source_t *source,
    const ngx_eiam_terms_t *terms, ngx_eiam_question_t *question)
{
    ngx_int_t  rc;

    ngx_eiam_source_lock(source, question->key);
    rc = ngx_eiam_source_look(source, terms, question);
    ngx_eiam_zone_unlock(source->zone);

    return rc;
}


void
ngx_eiam_source_remember(ngx_eiam_source_t *source,
    const ngx_eiam_question_t *question)
{
    ngx_eiam_zone_lock(source->zone);

    if (ngx_eiam_source_is_current(source, question->flight)) {
        ngx_eiam_source_keep(source->zone->shared, question);
    }

    ngx_eiam_zone_unlock(source->zone);
}


ngx_int_t
ngx_eiam_source_ask(ngx_eiam_source_t *source, const ngx_eiam_terms_t *terms,
    ngx_eiam_question_t *question)
{
    ngx_int_t  rc;

    ngx_eiam_source_lock(source, question->key);

    rc = ngx_eiam_source_look(source, terms, question);

    if (rc == NGX_DECLINED) {
        rc = ngx_eiam_source_start(source, terms, question);
    }

    ngx_eiam_zone_unlock(source->zone);

    return rc;
}


/* to look that up: memory is waited for before, not by all others too */

static void
ngx_eiam_source_lock(ngx_eiam_source_t *source, const ngx_eiam_digest_t key)
{
    ngx_eiam_cache_warm(source->zone->shared, key);
    ngx_eiam_zone_lock(source->zone);
}


/* what the cache says; the answer of the awaited flight counts at any age */

static ngx_int_t
ngx_eiam_source_look(ngx_eiam_source_t *source, const ngx_eiam_terms_t *terms,
    ngx_eiam_question_t *question)
{
    ngx_eiam_entry_t    *entry;
    ngx_eiam_shared_t   *shared;
    ngx_eiam_refusal_t  *refusal;

    shared = source->zone->shared;

    entry = ngx_eiam_cache_find(shared, question->key);

    if (entry && ngx_eiam_source_is_current(source, entry->flight)) {

        question->fetched = question->flight
                            && entry->flight == question->flight;

        if (question->fetched
            || ngx_eiam_source_is_fresh(entry->checked, terms->valid))
        {
            ngx_eiam_source_use(shared, entry, question);
            return NGX_OK;
        }
    }

    refusal = ngx_eiam_cache_find_refusal(shared, question->key);

    if (refusal == NULL
        || !ngx_eiam_source_is_current(source, refusal->flight))
    {
        return NGX_DECLINED;
    }

    return ngx_eiam_source_refused(source, terms, question, refusal);
}


/*
 * What the zone knows of trouble with a token spares the source the same
 * question for a moment.  If the source is down, the circuit does.
 */

static ngx_int_t
ngx_eiam_source_refused(ngx_eiam_source_t *source,
    const ngx_eiam_terms_t *terms, ngx_eiam_question_t *question,
    const ngx_eiam_refusal_t *refusal)
{
    time_t  life;

    life = terms->negative;

    if (refusal->reason == NGX_EIAM_SOURCE_UNAVAILABLE) {
        life = (refusal->trouble == NGX_EIAM_DOWN)
               ? 0 : ngx_min(life, NGX_EIAM_SOURCE_PAUSE);
    }

    question->fetched = question->flight
                        && refusal->flight == question->flight;

    if (!question->fetched
        && !ngx_eiam_source_is_fresh(refusal->checked, life))
    {
        return NGX_DECLINED;
    }

    if (refusal->reason == NGX_EIAM_SOURCE_UNAVAILABLE) {
        return ngx_eiam_source_unavailable(source, terms, question,
                                           refusal->trouble, refusal->detail);
    }

    question->reason = refusal->reason;
    question->detail = refusal->detail;

    return NGX_ABORT;
}


/* an expired one is still worth its own answer, but no longer its place */

static void
ngx_eiam_source_use(ngx_eiam_shared_t *shared, ngx_eiam_entry_t *entry,
    ngx_eiam_question_t *question)
{
    if ((time_t) entry->expires > ngx_time()) {
        ngx_eiam_cache_touch(shared, entry, ngx_time());
    }

    ngx_eiam_cache_read(shared, entry, &question->grant);
}


/* joins a flight or begins one, if the source may be asked now */

static ngx_int_t
ngx_eiam_source_start(ngx_eiam_source_t *source,
    const ngx_eiam_terms_t *terms, ngx_eiam_question_t *question)
{
    ngx_uint_t          open;
    ngx_eiam_flight_t  *flight;
    ngx_eiam_record_t  *record;
    ngx_eiam_shared_t  *shared;

    shared = source->zone->shared;
    record = source->record;

    flight = ngx_eiam_flight_join(shared, question->key);

    if (flight) {
        question->flight = flight->serial;
        return NGX_AGAIN;
    }

    open = ngx_eiam_source_is_open(record, terms);

    if (open && record->probe) {
        ngx_eiam_flight_tidy(shared);
    }

    /* one that is open lets one probe pass at a time */

    if (open && (record->probe || record->retry > ngx_current_msec)) {
        return ngx_eiam_source_unavailable(source, terms, question,
                                           NGX_EIAM_DOWN,
                                           NGX_EIAM_DETAIL_CIRCUIT_OPEN);
    }

    if (ngx_eiam_source_begin(source, terms, question) != NGX_OK) {
        return ngx_eiam_source_unavailable(source, terms, question,
                                           NGX_EIAM_BUSY,
                                           NGX_EIAM_DETAIL_GATE_BUSY);
    }

    if (open) {
        record->probe = question->flight;
        question->probe = 1;
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_eiam_source_begin(ngx_eiam_source_t *source,
    const ngx_eiam_terms_t *terms, ngx_eiam_question_t *question)
{
    ngx_uint_t          stranger;
    ngx_eiam_flight_t  *flight;
    ngx_eiam_shared_t  *shared;

    shared = source->zone->shared;
    stranger = ngx_eiam_source_is_stranger(shared, question->key);

    if (ngx_eiam_source_is_full(source->record, terms, stranger)) {

        ngx_eiam_flight_tidy(shared);

        if (ngx_eiam_source_is_full(source->record, terms, stranger)) {
            return NGX_DECLINED;
        }
    }

    flight = ngx_eiam_flight_begin(shared, question->key, source->record,
                                   ngx_current_msec + terms->timeout
                                   + NGX_EIAM_FLIGHT_GRACE, stranger);
    if (flight == NULL) {
        return NGX_DECLINED;
    }

    question->flight = flight->serial;

    return NGX_OK;
}


/* so those who invent tokens cannot keep out those that have one */

static ngx_uint_t
ngx_eiam_source_is_stranger(ngx_eiam_shared_t *shared,
    const ngx_eiam_digest_t key)
{
    ngx_eiam_entry_t  *entry;

    entry = ngx_eiam_cache_find(shared, key);

    return entry == NULL || (time_t) entry->expires <= ngx_time();
}


static ngx_uint_t
ngx_eiam_source_is_full(const ngx_eiam_record_t *record,
    const ngx_eiam_terms_t *terms, ngx_uint_t stranger)
{
    return record->flights >= terms->limit
           || (stranger && record->strangers >= (terms->limit + 1) / 2);
}


/*
 * A grant from before may do for a while, if the source cannot say anything
 * about it: not if the gate is busy, and not after an answer of another kind,
 * as that may be all that the source has to say about a revoked token.
 */

static ngx_int_t
ngx_eiam_source_unavailable(ngx_eiam_source_t *source,
    const ngx_eiam_terms_t *terms, ngx_eiam_question_t *question,
    ngx_eiam_trouble_e trouble, ngx_eiam_detail_e detail)
{
    ngx_eiam_entry_t   *entry;
    ngx_eiam_shared_t  *shared;

    shared = source->zone->shared;

    entry = (trouble == NGX_EIAM_DOWN || trouble == NGX_EIAM_BROKEN)
            ? ngx_eiam_cache_find(shared, question->key) : NULL;

    if (entry == NULL
        || !ngx_eiam_source_is_fresh(entry->checked,
                                     terms->valid + terms->stale))
    {
        question->reason = NGX_EIAM_SOURCE_UNAVAILABLE;
        question->trouble = trouble;
        question->detail = detail;
        return NGX_ABORT;
    }

    ngx_eiam_source_use(shared, entry, question);

    question->stale = 1;

    return NGX_OK;
}


/* by keys that have changed since, a token is to be verified once more */

static ngx_uint_t
ngx_eiam_source_is_current(const ngx_eiam_source_t *source, uint32_t content)
{
    return source->keys == NULL
           || source->keys->record->keys->content == content;
}


/* what was checked in the future tells of a clock that went back */

static ngx_uint_t
ngx_eiam_source_is_fresh(uint32_t checked, time_t life)
{
    time_t  age;

    age = ngx_time() - (time_t) checked;

    return life > 0 && age < life && age >= -NGX_EIAM_CLOCK_SKEW;
}


/* the circuit */

static ngx_uint_t
ngx_eiam_source_is_open(const ngx_eiam_record_t *record,
    const ngx_eiam_terms_t *terms)
{
    return terms->failures && record->failures >= terms->failures;
}


ngx_int_t
ngx_eiam_source_settle(ngx_eiam_source_t *source,
    const ngx_eiam_terms_t *terms, const ngx_eiam_question_t *question)
{
    ngx_uint_t          open;
    ngx_eiam_flight_t  *flight;
    ngx_eiam_record_t  *record;
    ngx_eiam_shared_t  *shared;

    shared = source->zone->shared;
    record = source->record;

    ngx_eiam_zone_lock(source->zone);

    flight = ngx_eiam_flight_own(shared, question->key, question->flight);

    if (flight == NULL) {
        ngx_eiam_zone_unlock(source->zone);
        return NGX_OK;
    }

    ngx_eiam_zone_change(shared);

    /*
     * An answer that is of no use is no failure, but it does not end a row of
     * them: what stands before a source that is down may have made it.  But if
     * it kept the circuit open, whoever invents tokens could, by their probes.
     */

    if (question->reason != NGX_EIAM_SOURCE_UNAVAILABLE) {
        record->failures = 0;

    } else if (question->trouble == NGX_EIAM_DOWN) {
        record->failures += (record->failures < NGX_MAX_INT32_VALUE);
        record->retry = ngx_current_msec + terms->retry;

    } else if (record->probe == question->flight
               && ngx_eiam_source_is_open(record, terms))
    {
        /* all may ask again, until the next failure */

        record->failures = terms->failures - 1;
    }

    ngx_eiam_zone_step(shared);

    ngx_eiam_source_keep(shared, question);
    ngx_eiam_flight_end(shared, flight);

    open = ngx_eiam_source_is_open(record, terms);
    record->open = open;

    ngx_eiam_zone_unlock(source->zone);

    return open ? NGX_DECLINED : NGX_OK;
}


static void
ngx_eiam_source_keep(ngx_eiam_shared_t *shared,
    const ngx_eiam_question_t *question)
{
    ngx_eiam_refusal_t  *refusal;

    if (question->reason == NGX_EIAM_NO_REASON) {
        ngx_eiam_cache_put(shared, question->key, &question->grant,
                           ngx_time(), question->flight);

    } else {
        refusal = ngx_eiam_cache_refuse(shared, question->key,
                                        question->reason, question->trouble,
                                        ngx_time(), question->flight);
        refusal->detail = question->detail;
    }
}


void
ngx_eiam_source_abandon(ngx_eiam_source_t *source,
    const ngx_eiam_question_t *question)
{
    ngx_eiam_flight_t  *flight;
    ngx_eiam_shared_t  *shared;

    shared = source->zone->shared;

    ngx_eiam_zone_lock(source->zone);

    flight = ngx_eiam_flight_own(shared, question->key, question->flight);

    if (flight) {
        ngx_eiam_flight_end(shared, flight);
    }

    ngx_eiam_zone_unlock(source->zone);
}
