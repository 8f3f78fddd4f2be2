
/*
 * The explanation of a call.  It walks the same table of stages as a call does.
 * What the stages guard, bearer, identify and authorize would read from a
 * request is taken from the question; the stage match is that of a call.
 */


#ifndef _NGX_HTTP_EIAM_EXPLAIN_H_INCLUDED_
#define _NGX_HTTP_EIAM_EXPLAIN_H_INCLUDED_


#include <ngx_http_eiam.h>


/* stages for the context of an explanation */
ngx_int_t ngx_http_eiam_explain_guard(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);
ngx_int_t ngx_http_eiam_explain_bearer(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);
ngx_int_t ngx_http_eiam_explain_identify(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);
ngx_int_t ngx_http_eiam_explain_authorize(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);

/*
 * Decodes the argument of that name.  NGX_OK; NGX_DECLINED: it is absent;
 * NGX_ABORT: its encoding is invalid; or NGX_ERROR.
 */
ngx_int_t ngx_http_eiam_explain_parameter(ngx_http_request_t *r,
    const char *name, ngx_str_t *value);


#endif /* _NGX_HTTP_EIAM_EXPLAIN_H_INCLUDED_ */
