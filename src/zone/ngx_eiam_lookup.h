
/*
 * What the cache says about a question to a source, and whether it has been
 * revoked since.  All functions are for the holder of the zone's lock.
 */


#ifndef _NGX_EIAM_LOOKUP_H_INCLUDED_
#define _NGX_EIAM_LOOKUP_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_cache.h>
#include <ngx_eiam_source.h>


/* NGX_OK, NGX_ABORT: as in ngx_eiam_source.h; NGX_DECLINED: nothing is known */
ngx_int_t ngx_eiam_lookup(ngx_eiam_source_t *source,
    const ngx_eiam_terms_t *terms, ngx_eiam_question_t *question);

/* whether the grant has been checked, and nothing revoked since */

#define ngx_eiam_lookup_is_checked(shared, entry)                             \
    (ngx_eiam_cache_issue(shared, entry)->generation                          \
     == (shared)->revocations.generation)

/*
 * NGX_OK: the grant is not revoked; NGX_DECLINED: there is no grant (entry is
 * NULL), or the source must be asked again; NGX_ABORT: the token is revoked.
 */
ngx_int_t ngx_eiam_lookup_check(ngx_eiam_source_t *source,
    ngx_eiam_entry_t *entry, ngx_eiam_question_t *question);

/*
 * The source cannot be asked, or has not answered.  NGX_OK: a stale grant
 * serves; NGX_ABORT: it is refused.
 */
ngx_int_t ngx_eiam_lookup_unavailable(ngx_eiam_source_t *source,
    const ngx_eiam_terms_t *terms, ngx_eiam_question_t *question,
    ngx_eiam_failure_e failure, ngx_eiam_detail_e detail);

/* reads the grant of an entry, and marks it as used */
void ngx_eiam_lookup_use(ngx_eiam_shared_t *shared, ngx_eiam_entry_t *entry,
    ngx_eiam_question_t *question);

/* stores an answer: NGX_OK; NGX_ABORT: the token is revoked */
ngx_int_t ngx_eiam_lookup_keep(ngx_eiam_source_t *source,
    const ngx_eiam_question_t *question, ngx_eiam_detail_e *detail);

/*
 * Whether the entry is younger than that many seconds.  If it was checked in
 * the future, the clock has been set back, and it is not.
 */

static ngx_inline ngx_uint_t
ngx_eiam_lookup_is_fresh(uint32_t checked, time_t life)
{
    time_t  age;

    age = ngx_time() - (time_t) checked;

    return life > 0 && age < life && age >= -NGX_EIAM_CLOCK_SKEW;
}


#endif /* _NGX_EIAM_LOOKUP_H_INCLUDED_ */
