
/*
 * A revocation on its way to the other gateways: into the stream, and beside
 * it, as the tombstone of a token or the cut of an application.  It belongs to
 * no request.
 */


#ifndef _NGX_EIAM_SHARE_SEND_H_INCLUDED_
#define _NGX_EIAM_SHARE_SEND_H_INCLUDED_


#include <ngx_eiam_share_event.h>


typedef struct ngx_eiam_share_send_s  ngx_eiam_share_send_t;


/*
 * NGX_OK: Redis has it, and position is that of its entry; NGX_ERROR: it is
 * unsent as before, and whoever reads the stream sends it later.
 */
typedef void (*ngx_eiam_share_send_pt)(void *data, ngx_int_t rc,
    const ngx_eiam_position_t *position);


/*
 * Sends the event of a row; the handler, if any, is called once, later.  NULL:
 * the link is down.
 */
ngx_eiam_share_send_t *ngx_eiam_share_send(ngx_eiam_share_t *share,
    ngx_eiam_redis_link_t *link,
    const ngx_eiam_revocation_event_t *revocation,
    ngx_eiam_share_send_pt handler, void *data);

/* the handler is not called any more; it is sent all the same */
void ngx_eiam_share_send_detach(ngx_eiam_share_send_t *send);


#endif /* _NGX_EIAM_SHARE_SEND_H_INCLUDED_ */
