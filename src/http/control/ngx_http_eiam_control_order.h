
#ifndef _NGX_HTTP_EIAM_CONTROL_ORDER_H_INCLUDED_
#define _NGX_HTTP_EIAM_CONTROL_ORDER_H_INCLUDED_


#include <ngx_http_eiam_status.h>


/* an order to revoke or restore, and its result */

typedef struct {
    ngx_eiam_revoked_e         kind;
    ngx_eiam_digest_t          token;
    ngx_str_t                  application;
    ngx_str_t                  reason;
    time_t                     not_before;    /* 0: a token */
    ngx_int_t                  rc;            /* NGX_OK; NGX_ABORT: the form is
                                                 ambiguous; NGX_DECLINED: there
                                                 is no room, or nothing to
                                                 restore; NGX_ERROR */
    ngx_array_t               *gateways;      /* ngx_http_eiam_gateway_t; NULL:
                                                 the list was not read */
    unsigned                   restore:1;
    unsigned                   shared:1;      /* with other gateways */
    unsigned                   pending:1;     /* Redis will get it later */
} ngx_http_eiam_order_t;


/* carries out the order in the request's form */
void ngx_http_eiam_control_order_run(ngx_http_request_t *r,
    ngx_http_eiam_order_t *order, ngx_uint_t restore);

/* writes the answer: status->data is the order */
ngx_int_t ngx_http_eiam_control_order_answer(ngx_http_eiam_status_t *status);


#endif /* _NGX_HTTP_EIAM_CONTROL_ORDER_H_INCLUDED_ */
