
#ifndef _NGX_HTTP_EIAM_SHARED_H_INCLUDED_
#define _NGX_HTTP_EIAM_SHARED_H_INCLUDED_


#include <ngx_http_eiam.h>


/* a token source: what other gateways have learned */
ngx_int_t ngx_http_eiam_shared(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);

/*
 * The same where tokens are introspected, whose answers are shared too; to be
 * called when the zone knows nothing.
 */
ngx_int_t ngx_http_eiam_shared_ask(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);

/*
 * Has another gateway revoked a token that is good otherwise?  NGX_OK;
 * NGX_AGAIN; NGX_ABORT: revoked; NGX_DECLINED: nobody can say; NGX_ERROR.
 */
ngx_int_t ngx_http_eiam_shared_check(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);

/* the name of the look-up that has answered, for $eiam_cache */
#define ngx_http_eiam_shared_cache(ctx)                                       \
    &ngx_eiam_metrics_lookups[(ctx)->shared ? NGX_EIAM_SHARED : NGX_EIAM_HIT]


#endif /* _NGX_HTTP_EIAM_SHARED_H_INCLUDED_ */
