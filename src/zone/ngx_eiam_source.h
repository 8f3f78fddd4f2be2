
/*
 * A source of grants behind the cache: who asks it, when, and when nobody
 * does because it fails.  These functions take the zone's lock.
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
    time_t               stale;          /* s: more, while nobody answers */
    ngx_uint_t           limit;          /* flights at a time */
    ngx_uint_t           failures;       /* that open the circuit; 0: none */
    ngx_msec_t           retry;          /* then wait for so long */
    ngx_msec_t           timeout;        /* of a flight */
} ngx_eiam_terms_t;


/* s: how long a token is not asked for that the source has trouble with */
#define NGX_EIAM_SOURCE_PAUSE  2


/* one request's question */

typedef struct {
    ngx_eiam_digest_t    key;
    uint32_t             flight;         /* that it waits for; 0: none */
    uint32_t             generation;     /* of revocations, at this time */
    ngx_eiam_grant_t     grant;
    ngx_eiam_reason_e    reason;
    ngx_eiam_detail_e    detail;         /* of the reason */
    ngx_eiam_failure_e   failure;        /* if the source is unavailable */
    unsigned             fetched:1;      /* the answer came by that flight */
    unsigned             stale:1;
    unsigned             probe:1;        /* others wait for what it shows */
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
 * What the cache says: NGX_OK, NGX_ABORT as below, or NGX_DECLINED: nothing.
 * A token that was revoked is refused, whether the cache knows it or not.
 */
ngx_int_t ngx_eiam_source_look_up(ngx_eiam_source_t *source,
    const ngx_eiam_terms_t *terms, ngx_eiam_question_t *question);

/*
 * What became of it: question->grant, or question->reason if set.  Of a source
 * whose grants come of keys, question->flight is the content of those.
 * NGX_OK; NGX_ABORT: the token has been revoked, and question->reason is set.
 */
ngx_int_t ngx_eiam_source_remember(ngx_eiam_source_t *source,
    ngx_eiam_question_t *question);

/*
 * What was learned of it, without asking anyone: NGX_OK; NGX_ABORT: it has
 * been revoked; NGX_DECLINED.
 */
ngx_int_t ngx_eiam_source_recall(ngx_eiam_source_t *source,
    ngx_eiam_question_t *question);

/* what any source of this configuration knows of it: NGX_OK or NGX_DECLINED */
ngx_int_t ngx_eiam_source_known(ngx_eiam_zone_t *zone,
    const ngx_eiam_digest_t token, ngx_eiam_grant_t *grant);

/*
 * A grant that nobody was asked for, with the generation from before the token
 * was.  NGX_OK; NGX_DECLINED: the token was revoked before, and has been issued
 * once more, so it stays revoked; NGX_ERROR.
 */
ngx_int_t ngx_eiam_source_learn(ngx_eiam_source_t *source,
    const ngx_eiam_digest_t token, const ngx_eiam_grant_t *grant);

/*
 * NGX_OK: question->grant, whose strings live until the next call;
 * NGX_ABORT: question->reason;
 * NGX_AGAIN: another one asks the source, come again with the same question;
 * NGX_DECLINED: you ask, and then settle or abandon question->flight.
 */
ngx_int_t ngx_eiam_source_ask(ngx_eiam_source_t *source,
    const ngx_eiam_terms_t *terms, ngx_eiam_question_t *question);

/*
 * The source has answered: question->grant, or question->reason if set, and
 * question->failure with NGX_EIAM_SOURCE_UNAVAILABLE.
 * NGX_OK, or NGX_DECLINED: it was down so often that nobody asks it now.
 */
ngx_int_t ngx_eiam_source_settle(ngx_eiam_source_t *source,
    const ngx_eiam_terms_t *terms, const ngx_eiam_question_t *question);

/* nobody waits for the answer any longer */
void ngx_eiam_source_abandon(ngx_eiam_source_t *source,
    const ngx_eiam_question_t *question);


#endif /* _NGX_EIAM_SOURCE_H_INCLUDED_ */
