
/*
 * Look-ups in Redis: has another gateway a grant of the token, or a tombstone?
 * A look-up has a flight of the zone, and belongs to no request: it goes on
 * when all clients have left.
 */


#ifndef _NGX_EIAM_SHARE_LOOKUP_H_INCLUDED_
#define _NGX_EIAM_SHARE_LOOKUP_H_INCLUDED_


#include <ngx_eiam_share.h>


#define NGX_EIAM_SHARE_SOURCES  2


/* what is looked for, by which source in the zone has it then */

typedef struct {
    ngx_eiam_source_t   *source;         /* of the flights */
    ngx_eiam_source_t   *sources[NGX_EIAM_SHARE_SOURCES];
                                         /* of grants; NULL: none */
    time_t               valid;          /* s: longest life of a grant that was
                                            not learned */
} ngx_eiam_share_sought_t;


/*
 * Asks Redis for a token whose flight the caller leads.  When it answers, a
 * grant is in the zone, where the caller looks again; otherwise a reason is
 * there at the flight's source: TOKEN_REVOKED, TOKEN_INVALID if there is
 * nothing, or SOURCE_UNAVAILABLE.  NGX_OK: it is under way; NGX_DECLINED: the
 * link is down; NGX_ERROR.
 */
ngx_int_t ngx_eiam_share_lookup(ngx_eiam_share_t *share,
    const ngx_eiam_share_sought_t *sought, const ngx_eiam_digest_t token,
    const ngx_eiam_question_t *question);


#endif /* _NGX_EIAM_SHARE_LOOKUP_H_INCLUDED_ */
