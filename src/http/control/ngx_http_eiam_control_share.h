
/*
 * Sends an order to all gateways through Redis.  The answer waits, for a second
 * at most, until each gateway has read the order.
 */


#ifndef _NGX_HTTP_EIAM_CONTROL_SHARE_H_INCLUDED_
#define _NGX_HTTP_EIAM_CONTROL_SHARE_H_INCLUDED_


#include <ngx_http_eiam_control_order.h>


/* NGX_OK: the order can be answered now; NGX_AGAIN: it is answered later */
ngx_int_t ngx_http_eiam_control_share(ngx_http_request_t *r,
    ngx_http_eiam_order_t *order);

/* writes the members of the answer that say where the order is in force */
void ngx_http_eiam_control_share_answer(ngx_http_eiam_status_t *status,
    const ngx_http_eiam_order_t *order);


#endif /* _NGX_HTTP_EIAM_CONTROL_SHARE_H_INCLUDED_ */
