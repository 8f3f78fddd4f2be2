
/*
 * A source of grants behind the cache: which request asks it, when, and when
 * none does because it fails.  All functions take the zone's lock.
 */


#ifndef _NGX_EIAM_SOURCE_H_INCLUDED_
#define _NGX_EIAM_SOURCE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_detail.h>
#include <ngx_eiam_grant.h>
#include <ngx_eiam_reason.h>
#include <ngx_eiam_zone.h>


typedef struct {
    time_t               valid;          /* s: longest life of a grant */
    time_t               negative;       /* s: of a refusal */
    time_t               stale;          /* s: longer, if it is unavailable */
    ngx_uint_t           limit;          /* flights at a time */
    ngx_uint_t           failures;       /* that open the circuit; 0: none */
    ngx_msec_t           retry;          /* ms: how long the circuit is open */
    ngx_msec_t           timeout;        /* ms: of a flight */
} ngx_eiam_terms_t;


/*
 * s: how long the source is not asked again about a token for which it failed
 */
#define NGX_EIAM_SOURCE_PAUSE  2


/* the question of one request */

typedef struct {
    ngx_eiam_digest_t    key;
    uint32_t             flight;         /* that it waits for; 0: none */
    uint32_t             generation;     /* of revocations, when it was asked */
    ngx_eiam_grant_t     grant;
    ngx_eiam_reason_e    reason;
    ngx_eiam_detail_e    detail;         /* of the reason */
    ngx_eiam_failure_e   failure;        /* with NGX_EIAM_SOURCE_UNAVAILABLE */
    unsigned             fetched:1;      /* the awaited flight has answered */
    unsigned             stale:1;
    unsigned             probe:1;        /* its flight probes the source */
    unsigned             doubtful:1;     /* the grant: revocations may have been
                                            missed since it was checked */
    unsigned             unasked:1;      /* Redis could not be asked whether the
                                            token is revoked */
} ngx_eiam_question_t;


/*
 * Adds a source to the zone of this configuration; id is a text that names it
 * across reloads.  NULL: no memory.
 */
ngx_eiam_source_t *ngx_eiam_source_add(ngx_eiam_zone_t *zone,
    const ngx_str_t *id, ngx_pool_t *pool);

/* the key of a token in this source */
void ngx_eiam_source_key(const ngx_eiam_source_t *source,
    const ngx_eiam_digest_t token, ngx_eiam_digest_t key);

/*
 * What the cache says: NGX_OK, NGX_ABORT: as below; NGX_DECLINED: nothing.  A
 * revoked token is refused whether the cache knows it or not.
 */
ngx_int_t ngx_eiam_source_look_up(ngx_eiam_source_t *source,
    const ngx_eiam_terms_t *terms, ngx_eiam_question_t *question);

/*
 * Stores the answer to a question that needed no flight: question->grant, or
 * question->reason if it is set.  If the source's grants depend on keys,
 * question->flight is the number of the content of those keys.  NGX_OK;
 * NGX_ABORT: the token has been revoked, and question->reason is set.
 */
ngx_int_t ngx_eiam_source_remember(ngx_eiam_source_t *source,
    ngx_eiam_question_t *question);

/* begins to fetch from memory what a look-up of the token reads first */
void ngx_eiam_source_prefetch(const ngx_eiam_source_t *source,
    const ngx_eiam_digest_t token);

/*
 * What has been learned of the token, without asking the source.  NGX_OK;
 * NGX_ABORT: the token has been revoked; NGX_DECLINED: nothing.
 */
ngx_int_t ngx_eiam_source_recall(ngx_eiam_source_t *source,
    ngx_eiam_question_t *question);

/*
 * The doubtful grant of the question has no tombstone: it is trusted, as of
 * the generation before that was asked for.  NGX_OK: nothing was revoked since
 * then; NGX_DECLINED: it may be revoked by now.
 */
ngx_int_t ngx_eiam_source_trust(ngx_eiam_source_t *source,
    const ngx_eiam_question_t *question);

/* what any source of this configuration knows of it: NGX_OK or NGX_DECLINED */
ngx_int_t ngx_eiam_source_known(ngx_eiam_zone_t *zone,
    const ngx_eiam_digest_t token, ngx_eiam_grant_t *grant);

/*
 * Stores a learned grant, which has the generation from before the token was
 * requested.  NGX_OK; NGX_DECLINED: the token had been revoked, and has been
 * issued once more, so it stays revoked; NGX_ERROR.
 */
ngx_int_t ngx_eiam_source_learn(ngx_eiam_source_t *source,
    const ngx_eiam_digest_t token, const ngx_eiam_grant_t *grant);

/*
 * NGX_OK: question->grant, whose strings live until the next call; NGX_ABORT:
 * question->reason; NGX_AGAIN: the source is being asked, and the caller comes
 * again with the same question; NGX_DECLINED: the caller asks the source, and
 * then settles or abandons question->flight.
 */
ngx_int_t ngx_eiam_source_ask(ngx_eiam_source_t *source,
    const ngx_eiam_terms_t *terms, ngx_eiam_question_t *question);

/*
 * The source has answered: question->grant, or question->reason if it is set,
 * and question->failure with NGX_EIAM_SOURCE_UNAVAILABLE.  NGX_OK, or
 * NGX_DECLINED: this failure has opened the circuit.
 */
ngx_int_t ngx_eiam_source_settle(ngx_eiam_source_t *source,
    const ngx_eiam_terms_t *terms, const ngx_eiam_question_t *question);

/* ends the flight without an answer, as nobody waits for it any longer */
void ngx_eiam_source_abandon(ngx_eiam_source_t *source,
    const ngx_eiam_question_t *question);


#endif /* _NGX_EIAM_SOURCE_H_INCLUDED_ */
