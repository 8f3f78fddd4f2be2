
/*
 * Look-ups in Redis: is there a grant of the token, or a tombstone, of another
 * gateway?  A look-up has a flight of the zone, and belongs to no request: it
 * goes on when all clients have left.
 */


#ifndef _NGX_EIAM_SHARE_LOOKUP_H_INCLUDED_
#define _NGX_EIAM_SHARE_LOOKUP_H_INCLUDED_


#include <ngx_eiam_share.h>


#define NGX_EIAM_SHARE_SOURCES  2


/* the sources of the zone that get the result of a look-up */

typedef struct {
    ngx_eiam_source_t   *source;         /* of the flights */
    ngx_eiam_source_t   *sources[NGX_EIAM_SHARE_SOURCES];
                                         /* of grants; NULL: none */
    time_t               valid;          /* s: longest life of a grant that was
                                            not learned */
} ngx_eiam_share_sought_t;


/*
 * Looks up a token in Redis, for the request that leads the token's flight.
 * Afterwards the zone has the grant, and the caller looks there again; or the
 * flight's source has a reason: TOKEN_REVOKED, TOKEN_INVALID if Redis has
 * neither grant nor tombstone, or SOURCE_UNAVAILABLE.  NGX_OK: the look-up is
 * under way; NGX_DECLINED: the link is down; NGX_ERROR.
 */
ngx_int_t ngx_eiam_share_lookup(ngx_eiam_share_t *share,
    const ngx_eiam_share_sought_t *sought, const ngx_eiam_digest_t token,
    const ngx_eiam_question_t *question);


#endif /* _NGX_EIAM_SHARE_LOOKUP_H_INCLUDED_ */
