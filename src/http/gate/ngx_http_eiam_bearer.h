
#ifndef _NGX_HTTP_EIAM_BEARER_H_INCLUDED_
#define _NGX_HTTP_EIAM_BEARER_H_INCLUDED_


#include <ngx_http_eiam.h>


/*
 * Finds the token, and begins to fetch what the worker remembers of it from
 * memory, while the caller does something else.
 */
void ngx_http_eiam_bearer_prefetch(ngx_http_eiam_ctx_t *ctx);

/*
 * The stage bearer: sets ctx->token and ctx->digest.  NGX_DECLINED: the
 * operation is public and needs no token.
 */
ngx_int_t ngx_http_eiam_bearer(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);


#endif /* _NGX_HTTP_EIAM_BEARER_H_INCLUDED_ */
