
/*
 * The explanation of a call.  The table of stages is walked as for a call.
 * What the stages guard, bearer, identify and authorize would read of a request
 * is taken from the question; the stage match is that of a call.
 */


#ifndef _NGX_HTTP_EIAM_EXPLAIN_H_INCLUDED_
#define _NGX_HTTP_EIAM_EXPLAIN_H_INCLUDED_


#include <ngx_http_eiam.h>


/* as stages, for the context of an explanation */
ngx_int_t ngx_http_eiam_explain_guard(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);
ngx_int_t ngx_http_eiam_explain_bearer(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);
ngx_int_t ngx_http_eiam_explain_identify(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);
ngx_int_t ngx_http_eiam_explain_authorize(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);

/*
 * The argument of that name, decoded.  NGX_OK; NGX_DECLINED: there is none;
 * NGX_ABORT: it is not well encoded; or NGX_ERROR.
 */
ngx_int_t ngx_http_eiam_explain_parameter(ngx_http_request_t *r,
    const char *name, ngx_str_t *value);


#endif /* _NGX_HTTP_EIAM_EXPLAIN_H_INCLUDED_ */
