
#ifndef _NGX_HTTP_EIAM_IDENTIFY_H_INCLUDED_
#define _NGX_HTTP_EIAM_IDENTIFY_H_INCLUDED_


#include <ngx_http_eiam.h>


/*
 * Begins to fetch what the sources will read first about ctx->digest, while the
 * caller does something else.
 */
void ngx_http_eiam_identify_prefetch(ngx_http_request_t *r,
    const ngx_http_eiam_ctx_t *ctx);

ngx_int_t ngx_http_eiam_identify(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);


#endif /* _NGX_HTTP_EIAM_IDENTIFY_H_INCLUDED_ */
