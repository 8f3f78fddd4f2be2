
/*
 * Sends a revocation to the other gateways: as an entry of the stream, and as
 * the tombstone of a token or the cut of an application.  It belongs to no
 * request.
 */


#ifndef _NGX_EIAM_SHARE_SEND_H_INCLUDED_
#define _NGX_EIAM_SHARE_SEND_H_INCLUDED_


#include <ngx_eiam_share_event.h>


typedef struct ngx_eiam_share_send_s  ngx_eiam_share_send_t;


/*
 * NGX_OK: Redis has the revocation, and position is that of its entry;
 * NGX_ERROR: the revocation is still unsent, and the worker that reads the
 * stream will send it.
 */
typedef void (*ngx_eiam_share_send_pt)(void *data, ngx_int_t rc,
    const ngx_eiam_position_t *position);


/*
 * Sends the event of a row.  The handler, if any, is called once, after this
 * has returned.  NULL: the link is down.
 */
ngx_eiam_share_send_t *ngx_eiam_share_send(ngx_eiam_share_t *share,
    ngx_eiam_redis_link_t *link,
    const ngx_eiam_revocation_event_t *revocation,
    ngx_eiam_share_send_pt handler, void *data);

/* the handler is not called any more; the revocation is sent all the same */
void ngx_eiam_share_send_detach(ngx_eiam_share_send_t *send);

/* frees all of them, when the worker ends: their rows stay unsent */
void ngx_eiam_share_send_exit(ngx_eiam_share_t *share);


#endif /* _NGX_EIAM_SHARE_SEND_H_INCLUDED_ */
