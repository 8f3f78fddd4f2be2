
#ifndef _NGX_HTTP_EIAM_GUARD_H_INCLUDED_
#define _NGX_HTTP_EIAM_GUARD_H_INCLUDED_


#include <ngx_http_eiam.h>


ngx_int_t ngx_http_eiam_guard(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);

/*
 * NGX_OK; NGX_DECLINED: the target leads around the gate, and detail is the
 * rule; NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_eiam_guard_outside(ngx_http_request_t *r,
    const ngx_http_eiam_ctx_t *prior, ngx_eiam_detail_e *detail);


#endif /* _NGX_HTTP_EIAM_GUARD_H_INCLUDED_ */
