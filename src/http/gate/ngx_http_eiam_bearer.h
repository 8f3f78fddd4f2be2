
#ifndef _NGX_HTTP_EIAM_BEARER_H_INCLUDED_
#define _NGX_HTTP_EIAM_BEARER_H_INCLUDED_


#include <ngx_http_eiam.h>


/*
 * The stage bearer: sets ctx->token and ctx->digest.  NGX_DECLINED: the
 * operation is public and needs no token.
 */
ngx_int_t ngx_http_eiam_bearer(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);


#endif /* _NGX_HTTP_EIAM_BEARER_H_INCLUDED_ */
