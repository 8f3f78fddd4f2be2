
/* Sets up what each worker shares with other gateways. */


#ifndef _NGX_EIAM_SHARE_WORKER_H_INCLUDED_
#define _NGX_EIAM_SHARE_WORKER_H_INCLUDED_


#include <ngx_eiam_share.h>


/*
 * Called when the configuration has been read: gives the zone a number for the
 * Redis, prefix and key in use, as positions in one stream mean nothing in
 * another one.  NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_eiam_share_worker_identify(ngx_eiam_share_t *share,
    ngx_pool_t *pool);

/* sets up share->link, which must not be started yet, and the reader */
void ngx_eiam_share_worker_start(ngx_eiam_share_t *share);
void ngx_eiam_share_worker_stop(void);


#endif /* _NGX_EIAM_SHARE_WORKER_H_INCLUDED_ */
