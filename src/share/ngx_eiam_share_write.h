
/*
 * Grants on their way to Redis.  They belong to no request, so that they are
 * written although a client has left; whoever waits for one is told once.
 */


#ifndef _NGX_EIAM_SHARE_WRITE_H_INCLUDED_
#define _NGX_EIAM_SHARE_WRITE_H_INCLUDED_


#include <ngx_eiam_share.h>


#define NGX_EIAM_SHARE_HOLD  50      /* ms that the issued token is held back */


typedef struct ngx_eiam_share_write_s  ngx_eiam_share_write_t;


/*
 * The grant is in this zone, and in Redis if that could be done in time.
 * NGX_OK; NGX_DECLINED: the token had been revoked and was issued once more;
 * NGX_ERROR.
 */
typedef void (*ngx_eiam_share_write_pt)(void *data, ngx_int_t rc);


/*
 * Learns a grant here and everywhere.  The handler is called later, and not at
 * all after a detach.  NULL: no memory.
 */
ngx_eiam_share_write_t *ngx_eiam_share_write_learned(ngx_eiam_share_t *share,
    ngx_eiam_source_t *source, const ngx_eiam_digest_t token,
    const ngx_eiam_redis_grant_t *grant, ngx_eiam_share_write_pt handler,
    void *data);

/*
 * Learns a grant here at once, and everywhere as soon as Redis can be reached:
 * the same results.
 */
ngx_int_t ngx_eiam_share_write_now(ngx_eiam_share_t *share,
    ngx_eiam_source_t *source, const ngx_eiam_digest_t token,
    const ngx_eiam_redis_grant_t *grant);

void ngx_eiam_share_write_detach(ngx_eiam_share_write_t *write);

/*
 * Writes the answer of a source that can be asked again, for so many seconds;
 * nobody waits for it, and if Redis is away it is dropped.
 */
void ngx_eiam_share_write_asked(ngx_eiam_share_t *share,
    ngx_eiam_source_t *source, const ngx_eiam_digest_t token,
    const ngx_eiam_redis_grant_t *grant, time_t valid);

/* Redis can be written to: what waited for that is sent */
void ngx_eiam_share_write_queued(ngx_eiam_share_t *share);


#endif /* _NGX_EIAM_SHARE_WRITE_H_INCLUDED_ */
