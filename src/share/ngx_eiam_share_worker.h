
/* What each worker does for other gateways, besides its requests. */


#ifndef _NGX_EIAM_SHARE_WORKER_H_INCLUDED_
#define _NGX_EIAM_SHARE_WORKER_H_INCLUDED_


#include <ngx_eiam_share.h>


/*
 * What is read belongs to this Redis, prefix and key: the zone knows them by a
 * number.  When the configuration has been read: NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_eiam_share_worker_identify(ngx_eiam_share_t *share,
    ngx_pool_t *pool);

/* share->link, which is not started yet, greets; the worker reads in turn */
void ngx_eiam_share_worker_start(ngx_eiam_share_t *share);
void ngx_eiam_share_worker_stop(void);


#endif /* _NGX_EIAM_SHARE_WORKER_H_INCLUDED_ */
