
#include <ngx_eiam_cache.h>
#include <ngx_eiam_key_set.h>
#include <ngx_eiam_lookup.h>
#include <ngx_eiam_revocation_check.h>


static ngx_int_t ngx_eiam_lookup_refused(ngx_eiam_source_t *source,
    const ngx_eiam_terms_t *terms, ngx_eiam_question_t *question,
    const ngx_eiam_refusal_t *refusal);
static ngx_uint_t ngx_eiam_lookup_is_current(const ngx_eiam_source_t *source,
    uint32_t content);


/*
 * an answer that the flight brought for which the caller waited counts at any
 * age
 */

ngx_int_t
ngx_eiam_lookup(ngx_eiam_source_t *source, const ngx_eiam_terms_t *terms,
    ngx_eiam_question_t *question)
{
    ngx_eiam_entry_t    *entry;
    ngx_eiam_shared_t   *shared;
    ngx_eiam_refusal_t  *refusal;

    shared = source->zone->shared;

    entry = ngx_eiam_cache_find(shared, question->key);

    question->doubtful = 0;
    question->generation = shared->revocations.generation;

    if (entry == NULL || !ngx_eiam_lookup_is_checked(shared, entry)) {

        switch (ngx_eiam_lookup_check(source, entry, question)) {

        case NGX_ABORT:
            return NGX_ABORT;

        case NGX_DECLINED:
            entry = NULL;
        }
    }

    if (entry && ngx_eiam_lookup_is_current(source, entry->flight)) {

        question->fetched = question->flight
                            && entry->flight == question->flight;

        if (question->fetched
            || ngx_eiam_lookup_is_fresh(entry->checked, terms->valid))
        {
            ngx_eiam_lookup_use(shared, entry, question);
            return NGX_OK;
        }
    }

    refusal = ngx_eiam_cache_find_refusal(shared, question->key);

    if (refusal == NULL
        || !ngx_eiam_lookup_is_current(source, refusal->flight))
    {
        return NGX_DECLINED;
    }

    return ngx_eiam_lookup_refused(source, terms, question, refusal);
}


/*
 * As long as nothing has been revoked since the grant was checked last, this
 * costs one comparison.
 */

ngx_int_t
ngx_eiam_lookup_check(ngx_eiam_source_t *source, ngx_eiam_entry_t *entry,
    ngx_eiam_question_t *question)
{
    ngx_int_t           rc;
    ngx_eiam_digest_t   token;
    ngx_eiam_shared_t  *shared;

    shared = source->zone->shared;

    if (entry && ngx_eiam_lookup_is_checked(shared, entry)) {
        return NGX_OK;
    }

    question->generation = shared->revocations.generation;

    if (entry == NULL && shared->revocations.tokens == 0) {
        ngx_str_null(&question->grant.application);
        return NGX_DECLINED;
    }

    /* the combination with the source's id yields the token's digest again */

    ngx_eiam_digest_combine(source->id, question->key, token);

    if (entry) {
        ngx_eiam_cache_read(shared, entry, &question->grant);

        rc = ngx_eiam_revocation_check(shared, token, &question->grant,
                                       &question->detail);

    } else {
        ngx_str_null(&question->grant.application);

        rc = ngx_eiam_revocation_has(shared, token) ? NGX_ABORT : NGX_DECLINED;
    }

    if (rc == NGX_ABORT) {
        question->reason = NGX_EIAM_TOKEN_REVOKED;

    } else if (rc == NGX_OK) {

        question->doubtful = ngx_eiam_revocation_check_is_doubtful(shared,
                                                          &question->grant);

        if (!question->doubtful) {
            ngx_eiam_cache_issue(shared, entry)->generation =
                                                        question->generation;
        }
    }

    return rc;
}


/*
 * A failure with this token is remembered, so that the source is not asked the
 * same again for a moment.  If the source is down, the circuit takes care of
 * that.
 */

static ngx_int_t
ngx_eiam_lookup_refused(ngx_eiam_source_t *source,
    const ngx_eiam_terms_t *terms, ngx_eiam_question_t *question,
    const ngx_eiam_refusal_t *refusal)
{
    time_t  life;

    life = terms->negative;

    if (refusal->reason == NGX_EIAM_SOURCE_UNAVAILABLE) {
        life = (refusal->failure == NGX_EIAM_DOWN)
               ? 0 : ngx_min(life, NGX_EIAM_SOURCE_PAUSE);
    }

    question->fetched = question->flight
                        && refusal->flight == question->flight;

    if (!question->fetched
        && !ngx_eiam_lookup_is_fresh(refusal->checked, life))
    {
        return NGX_DECLINED;
    }

    if (refusal->reason == NGX_EIAM_SOURCE_UNAVAILABLE) {
        return ngx_eiam_lookup_unavailable(source, terms, question,
                                           refusal->failure, refusal->detail);
    }

    question->reason = refusal->reason;
    question->detail = refusal->detail;

    return NGX_ABORT;
}


/*
 * A stale grant may serve for a while if the source cannot say anything about
 * the token: not if the gate is busy, and not after another kind of answer, as
 * that may be how the source answers about a revoked token.
 */

ngx_int_t
ngx_eiam_lookup_unavailable(ngx_eiam_source_t *source,
    const ngx_eiam_terms_t *terms, ngx_eiam_question_t *question,
    ngx_eiam_failure_e failure, ngx_eiam_detail_e detail)
{
    ngx_eiam_entry_t   *entry;
    ngx_eiam_shared_t  *shared;

    shared = source->zone->shared;

    entry = (failure == NGX_EIAM_DOWN || failure == NGX_EIAM_BROKEN)
            ? ngx_eiam_cache_find(shared, question->key) : NULL;

    if (entry == NULL
        || !ngx_eiam_lookup_is_fresh(entry->checked,
                                     terms->valid + terms->stale)
        || ngx_eiam_lookup_check(source, entry, question) != NGX_OK)
    {
        question->reason = NGX_EIAM_SOURCE_UNAVAILABLE;
        question->failure = failure;
        question->detail = detail;
        return NGX_ABORT;
    }

    ngx_eiam_lookup_use(shared, entry, question);

    question->stale = 1;

    return NGX_OK;
}


/* a grant that has expired still serves this request, but is not moved up */

void
ngx_eiam_lookup_use(ngx_eiam_shared_t *shared, ngx_eiam_entry_t *entry,
    ngx_eiam_question_t *question)
{
    if ((time_t) entry->expires > ngx_time()) {
        ngx_eiam_cache_touch(shared, entry, ngx_time());
    }

    ngx_eiam_cache_read(shared, entry, &question->grant);
}


/*
 * An answer of the source does not undo a revocation, whether the source gave
 * it before or after that.  The grant is then kept with the generation 0, so
 * that it is checked each time.
 */

ngx_int_t
ngx_eiam_lookup_keep(ngx_eiam_source_t *source,
    const ngx_eiam_question_t *question, ngx_eiam_detail_e *detail)
{
    ngx_int_t            rc;
    ngx_eiam_grant_t     grant;
    ngx_eiam_digest_t    token;
    ngx_eiam_shared_t   *shared;
    ngx_eiam_refusal_t  *refusal;

    shared = source->zone->shared;
    rc = NGX_OK;

    if (question->reason == NGX_EIAM_NO_REASON) {

        grant = question->grant;
        grant.generation = question->generation;

        ngx_eiam_digest_combine(source->id, question->key, token);

        if (ngx_eiam_revocation_check(shared, token, &grant, detail)
            == NGX_ABORT)
        {
            grant.generation = 0;
            rc = NGX_ABORT;

        } else if (question->unasked) {
            grant.generation |= NGX_EIAM_REVOCATION_UNASKED;
        }
    }

    if (!ngx_eiam_lookup_is_current(source, question->flight)) {
        return rc;
    }

    if (question->reason == NGX_EIAM_NO_REASON) {
        ngx_eiam_cache_put(shared, question->key, &grant, ngx_time(),
                           question->flight);
        return rc;
    }

    refusal = ngx_eiam_cache_refuse(shared, question->key, question->reason,
                                    question->failure, ngx_time(),
                                    question->flight);
    refusal->detail = question->detail;

    return rc;
}


/*
 * whether the keys are those by which the grant was verified; if not, the token
 * must be verified again
 */

static ngx_uint_t
ngx_eiam_lookup_is_current(const ngx_eiam_source_t *source, uint32_t content)
{
    return source->keys == NULL
           || source->keys->record->keys->content == content;
}
