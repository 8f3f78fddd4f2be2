
#ifndef _NGX_HTTP_EIAM_WAIT_H_INCLUDED_
#define _NGX_HTTP_EIAM_WAIT_H_INCLUDED_


#include <ngx_http_eiam.h>


/* NGX_AGAIN: the request's phases run again, or NGX_ERROR */
ngx_int_t ngx_http_eiam_wait(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, const ngx_eiam_digest_t key);

/* all that wait for that key in this worker */
void ngx_http_eiam_wait_wake(const ngx_eiam_digest_t key);


#endif /* _NGX_HTTP_EIAM_WAIT_H_INCLUDED_ */
