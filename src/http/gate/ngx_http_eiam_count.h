
#ifndef _NGX_HTTP_EIAM_COUNT_H_INCLUDED_
#define _NGX_HTTP_EIAM_COUNT_H_INCLUDED_


#include <ngx_http_eiam_fetch.h>


/* counts a decision */
void ngx_http_eiam_count(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx);

/* counts how a question to a source ended, and how long it took */
void ngx_http_eiam_count_source(ngx_http_request_t *r, ngx_eiam_kind_e kind,
    ngx_eiam_result_e result, const ngx_http_eiam_fetch_t *fetch);


#endif /* _NGX_HTTP_EIAM_COUNT_H_INCLUDED_ */
