
#ifndef _NGX_HTTP_EIAM_KEYS_H_INCLUDED_
#define _NGX_HTTP_EIAM_KEYS_H_INCLUDED_


#include <ngx_http_eiam.h>


/*
 * Gets the keys of a set.  NGX_OK; NGX_AGAIN: they are being fetched;
 * NGX_DECLINED: there are none newer than ctx->unknown; NGX_ABORT: there are no
 * keys; NGX_ERROR.
 */
ngx_int_t ngx_http_eiam_keys(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx,
    ngx_http_eiam_key_set_t *set, const ngx_eiam_key_terms_t *terms);

/* fetches the set if it is due, for a request that a cached grant answers */
void ngx_http_eiam_keys_refresh(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, ngx_http_eiam_key_set_t *set,
    const ngx_eiam_key_terms_t *terms) ngx_http_eiam_seldom;

/* reads the key set of a file: NGX_OK or NGX_ERROR and document->fault */
ngx_int_t ngx_http_eiam_keys_read_file(ngx_eiam_document_t *document,
    ngx_pool_t *pool, ngx_http_eiam_key_set_t *set);


#endif /* _NGX_HTTP_EIAM_KEYS_H_INCLUDED_ */
