
#ifndef _NGX_HTTP_EIAM_KEYS_H_INCLUDED_
#define _NGX_HTTP_EIAM_KEYS_H_INCLUDED_


#include <ngx_http_eiam.h>


/*
 * The keys of a set.  NGX_OK; NGX_AGAIN: they are fetched; NGX_DECLINED: no
 * newer ones than ctx->unknown; NGX_ABORT: none; NGX_ERROR.
 */
ngx_int_t ngx_http_eiam_keys(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx,
    ngx_http_eiam_key_set_t *set, const ngx_eiam_key_terms_t *terms);

/* the set of a location is due: its fetch, for what is cached by it */
void ngx_http_eiam_keys_refresh(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, ngx_http_eiam_key_set_t *set,
    const ngx_eiam_key_terms_t *terms) ngx_http_eiam_seldom;

/* reads a file's set: NGX_OK or NGX_ERROR with document->fault */
ngx_int_t ngx_http_eiam_keys_read_file(ngx_eiam_document_t *document,
    ngx_pool_t *pool, ngx_http_eiam_key_set_t *set);


#endif /* _NGX_HTTP_EIAM_KEYS_H_INCLUDED_ */
