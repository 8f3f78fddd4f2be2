
#include <ngx_eiam_cache.h>
#include <ngx_eiam_flight.h>
#include <ngx_eiam_lookup.h>
#include <ngx_eiam_revocation_check.h>
#include <ngx_eiam_source.h>


static void ngx_eiam_source_lock(ngx_eiam_source_t *source,
    const ngx_eiam_digest_t key);
static ngx_uint_t ngx_eiam_source_reissues(ngx_eiam_shared_t *shared,
    const ngx_eiam_digest_t token, const ngx_eiam_digest_t key);
static ngx_int_t ngx_eiam_source_start(ngx_eiam_source_t *source,
    const ngx_eiam_terms_t *terms, ngx_eiam_question_t *question);
static ngx_int_t ngx_eiam_source_begin(ngx_eiam_source_t *source,
    const ngx_eiam_terms_t *terms, ngx_eiam_question_t *question);
static ngx_uint_t ngx_eiam_source_is_stranger(ngx_eiam_shared_t *shared,
    const ngx_eiam_digest_t key);
static ngx_uint_t ngx_eiam_source_is_full(const ngx_eiam_record_t *record,
    const ngx_eiam_terms_t *terms, ngx_uint_t stranger);
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
    ngx_eiam_digest_combine(source->id, token, key);
}


void
ngx_eiam_source_prefetch(const ngx_eiam_source_t *source,
    const ngx_eiam_digest_t token)
{
    ngx_eiam_digest_t  key;

    ngx_eiam_source_key(source, token, key);
    ngx_eiam_cache_prefetch(source->zone->shared, key);
}


ngx_int_t
ngx_eiam_source_recall(ngx_eiam_source_t *source,
    ngx_eiam_question_t *question)
{
    ngx_int_t           rc;
    ngx_eiam_entry_t   *entry;
    ngx_eiam_shared_t  *shared;

    shared = source->zone->shared;
    question->doubtful = 0;

    ngx_eiam_source_lock(source, question->key);

    entry = ngx_eiam_cache_find(shared, question->key);

    if (entry && !ngx_eiam_lookup_is_fresh(entry->checked, NGX_EIAM_NEVER)) {
        entry = NULL;
    }

    rc = (entry && ngx_eiam_lookup_is_checked(shared, entry))
         ? NGX_OK : ngx_eiam_lookup_check(source, entry, question);

    if (rc == NGX_OK) {
        ngx_eiam_lookup_use(shared, entry, question);
    }

    ngx_eiam_zone_unlock(source->zone);

    return rc;
}


ngx_int_t
ngx_eiam_source_trust(ngx_eiam_source_t *source,
    const ngx_eiam_question_t *question)
{
    ngx_int_t           rc;
    ngx_eiam_entry_t   *entry;
    ngx_eiam_issue_t   *issue;
    ngx_eiam_shared_t  *shared;

    shared = source->zone->shared;
    rc = NGX_DECLINED;

    ngx_eiam_zone_lock(source->zone);

    entry = ngx_eiam_cache_find(shared, question->key);

    if (entry) {
        issue = ngx_eiam_cache_issue(shared, entry);

        /* what was revoked meanwhile, or is to stay so, is checked each time */

        if (issue->generation != 0
            && !(issue->generation & NGX_EIAM_REVOCATION_REISSUED))
        {
            issue->generation = question->generation;

            if (question->generation == shared->revocations.generation) {
                rc = NGX_OK;
            }
        }
    }

    ngx_eiam_zone_unlock(source->zone);

    return rc;
}


ngx_int_t
ngx_eiam_source_known(ngx_eiam_zone_t *zone, const ngx_eiam_digest_t token,
    ngx_eiam_grant_t *grant)
{
    ngx_uint_t           i;
    ngx_eiam_entry_t    *entry;
    ngx_eiam_digest_t    key;
    ngx_eiam_source_t  **source;

    source = zone->sources.elts;
    entry = NULL;

    ngx_eiam_zone_lock(zone);

    for (i = 0; i < zone->sources.nelts && entry == NULL; i++) {

        ngx_eiam_source_key(source[i], token, key);
        entry = ngx_eiam_cache_find(zone->shared, key);
    }

    if (entry) {
        ngx_eiam_cache_read(zone->shared, entry, grant);
    }

    ngx_eiam_zone_unlock(zone);

    return entry ? NGX_OK : NGX_DECLINED;
}


ngx_int_t
ngx_eiam_source_learn(ngx_eiam_source_t *source,
    const ngx_eiam_digest_t token, const ngx_eiam_grant_t *grant)
{
    ngx_uint_t                 reissued;
    ngx_eiam_grant_t           learned;
    ngx_eiam_digest_t          key;
    ngx_eiam_shared_t         *shared;
    ngx_eiam_revocation_id_t   id;

    shared = source->zone->shared;

    learned = *grant;
    learned.learned = 1;
    learned.issued = 0;

    ngx_eiam_source_key(source, token, key);

    if (ngx_eiam_revocation_id(&grant->application, id) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_eiam_zone_lock(source->zone);

    reissued = ngx_eiam_source_reissues(shared, token, key);

    if (reissued) {

        /* the token stays revoked for its new lifetime */

        (void) ngx_eiam_revocation_add_token(shared, token, id, grant->expires,
                                             NGX_EIAM_BY_GATE);

        learned.generation |= NGX_EIAM_REVOCATION_REISSUED;
        ngx_eiam_metrics_add(&shared->metrics.reissued);
    }

    ngx_eiam_cache_put(shared, key, &learned, ngx_time(), 0);

    ngx_eiam_zone_unlock(source->zone);

    return reissued ? NGX_DECLINED : NGX_OK;
}


/*
 * Some servers hand out a token again that is still valid.  It stays revoked if
 * it was revoked itself, or if it was issued before its application was
 * revoked.
 */

static ngx_uint_t
ngx_eiam_source_reissues(ngx_eiam_shared_t *shared,
    const ngx_eiam_digest_t token, const ngx_eiam_digest_t key)
{
    ngx_eiam_grant_t    prior;
    ngx_eiam_entry_t   *entry;
    ngx_eiam_detail_e   detail;

    if (ngx_eiam_revocation_has(shared, token)) {
        return 1;
    }

    entry = ngx_eiam_cache_find(shared, key);

    if (entry == NULL) {
        return 0;
    }

    ngx_eiam_cache_read(shared, entry, &prior);

    return !ngx_eiam_revocation_is_current(shared, &prior)
           && ngx_eiam_revocation_check_issue(shared, &prior, &detail)
              == NGX_ABORT;
}


ngx_int_t
ngx_eiam_source_look_up(ngx_eiam_source_t *source,
    const ngx_eiam_terms_t *terms, ngx_eiam_question_t *question)
{
    ngx_int_t  rc;

    ngx_eiam_source_lock(source, question->key);
    rc = ngx_eiam_lookup(source, terms, question);
    ngx_eiam_zone_unlock(source->zone);

    return rc;
}


ngx_int_t
ngx_eiam_source_remember(ngx_eiam_source_t *source,
    ngx_eiam_question_t *question)
{
    ngx_int_t          rc;
    ngx_eiam_detail_e  detail;

    ngx_eiam_zone_lock(source->zone);

    rc = ngx_eiam_lookup_keep(source, question, &detail);

    ngx_eiam_zone_unlock(source->zone);

    if (rc != NGX_OK) {
        question->reason = NGX_EIAM_TOKEN_REVOKED;
        question->detail = detail;
        return NGX_ABORT;
    }

    return NGX_OK;
}


ngx_int_t
ngx_eiam_source_ask(ngx_eiam_source_t *source, const ngx_eiam_terms_t *terms,
    ngx_eiam_question_t *question)
{
    ngx_int_t  rc;

    ngx_eiam_source_lock(source, question->key);

    rc = ngx_eiam_lookup(source, terms, question);

    if (rc == NGX_DECLINED) {
        rc = ngx_eiam_source_start(source, terms, question);
    }

    ngx_eiam_zone_unlock(source->zone);

    return rc;
}


/*
 * locks for a look-up; first prefetches what it will read, so that nobody waits
 * for the memory under the lock
 */

static void
ngx_eiam_source_lock(ngx_eiam_source_t *source, const ngx_eiam_digest_t key)
{
    ngx_eiam_cache_warm(source->zone->shared, key);
    ngx_eiam_zone_lock(source->zone);
}


/* joins a flight, or begins one if the source may be asked now */

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

    /* an open circuit lets one probe pass at a time */

    if (open && (record->probe || record->retry > ngx_current_msec)) {
        return ngx_eiam_lookup_unavailable(source, terms, question,
                                           NGX_EIAM_DOWN,
                                           NGX_EIAM_DETAIL_CIRCUIT_OPEN);
    }

    if (ngx_eiam_source_begin(source, terms, question) != NGX_OK) {
        return ngx_eiam_lookup_unavailable(source, terms, question,
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


/*
 * whether the token has no grant; such tokens get half of the flights, so that
 * invented tokens do not keep out known ones
 */

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


/* whether the circuit is open */

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
    ngx_eiam_detail_e   detail;
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

    ngx_eiam_shared_change(shared);

    /*
     * An answer that cannot be used is no failure, but it does not end a series
     * of failures: a proxy in front of a source that is down may have sent it.
     * As the answer to a probe it closes the circuit: otherwise whoever invents
     * tokens could keep it open.
     */

    if (question->reason != NGX_EIAM_SOURCE_UNAVAILABLE) {
        record->failures = 0;

    } else if (question->failure == NGX_EIAM_DOWN) {
        record->failures += (record->failures < NGX_MAX_INT32_VALUE);
        record->retry = ngx_current_msec + terms->retry;

    } else if (record->probe == question->flight
               && ngx_eiam_source_is_open(record, terms))
    {
        /* all may ask again, and the next failure opens the circuit again */

        record->failures = terms->failures - 1;
    }

    ngx_eiam_shared_step(shared);

    (void) ngx_eiam_lookup_keep(source, question, &detail);
    ngx_eiam_flight_end(shared, flight);

    open = ngx_eiam_source_is_open(record, terms);
    record->open = open;

    ngx_eiam_zone_unlock(source->zone);

    return open ? NGX_DECLINED : NGX_OK;
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
