
/*
 * Writes grants to Redis.  A write belongs to no request, so it goes on when
 * the client has left; a handler that waits for a write is called once.
 */


#ifndef _NGX_EIAM_SHARE_WRITE_H_INCLUDED_
#define _NGX_EIAM_SHARE_WRITE_H_INCLUDED_


#include <ngx_eiam_share.h>


typedef struct ngx_eiam_share_write_s  ngx_eiam_share_write_t;


/*
 * NGX_OK: the grant is in this zone, and in Redis if there was time for that;
 * NGX_DECLINED: the token had been revoked, and was issued once more;
 * NGX_ERROR.
 */
typedef void (*ngx_eiam_share_write_pt)(void *data, ngx_int_t rc);


/*
 * Learns a grant at all gateways.  The handler is called after this has
 * returned, and not at all after a detach.  NULL: no memory.
 */
ngx_eiam_share_write_t *ngx_eiam_share_write_learned(ngx_eiam_share_t *share,
    ngx_eiam_source_t *source, const ngx_eiam_digest_t token,
    const ngx_eiam_redis_grant_t *grant, ngx_eiam_share_write_pt handler,
    void *data);

/*
 * Learns a grant in this zone at once, and writes it to Redis when that can be
 * reached.  Returns what the handler of ngx_eiam_share_write_learned() gets.
 */
ngx_int_t ngx_eiam_share_write_now(ngx_eiam_share_t *share,
    ngx_eiam_source_t *source, const ngx_eiam_digest_t token,
    const ngx_eiam_redis_grant_t *grant);

void ngx_eiam_share_write_detach(ngx_eiam_share_write_t *write);

/*
 * Writes an answer that the source could be asked for again, for so many
 * seconds.  Nobody waits for this; if Redis is down the answer is dropped.
 */
void ngx_eiam_share_write_asked(ngx_eiam_share_t *share,
    ngx_eiam_source_t *source, const ngx_eiam_digest_t token,
    const ngx_eiam_redis_grant_t *grant, time_t valid);

/* Redis is reachable: writes the queue */
void ngx_eiam_share_write_queued(ngx_eiam_share_t *share);


#endif /* _NGX_EIAM_SHARE_WRITE_H_INCLUDED_ */
