
/*
 * An order at all gateways: it is written into Redis, and the answer waits, for
 * a second at most, until each of them has read that.
 */


#ifndef _NGX_HTTP_EIAM_CONTROL_SHARE_H_INCLUDED_
#define _NGX_HTTP_EIAM_CONTROL_SHARE_H_INCLUDED_


#include <ngx_http_eiam_control_order.h>


typedef struct {
    ngx_str_t                  name;
    ngx_str_t                  id;
    unsigned                   in_force:1;
    unsigned                   lost:1;        /* not heard of for long */
} ngx_http_eiam_gateway_t;


/* NGX_OK: there is nobody to be told; NGX_AGAIN: it is answered later */
ngx_int_t ngx_http_eiam_control_share(ngx_http_request_t *r,
    ngx_http_eiam_order_t *order);

/* where it is in force, as members of the answer */
void ngx_http_eiam_control_share_answer(ngx_http_eiam_status_t *status,
    const ngx_http_eiam_order_t *order);


#endif /* _NGX_HTTP_EIAM_CONTROL_SHARE_H_INCLUDED_ */
