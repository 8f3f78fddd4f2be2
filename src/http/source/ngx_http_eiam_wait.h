
#ifndef _NGX_HTTP_EIAM_WAIT_H_INCLUDED_
#define _NGX_HTTP_EIAM_WAIT_H_INCLUDED_


#include <ngx_http_eiam.h>


/* NGX_AGAIN: the phases of the request will run again; or NGX_ERROR */
ngx_int_t ngx_http_eiam_wait(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, const ngx_eiam_digest_t key);

/* the same for a worker that starts: the phases run again every now and then */
ngx_int_t ngx_http_eiam_wait_start(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);

/* wakes all requests of this worker that wait for the key */
void ngx_http_eiam_wait_wake(const ngx_eiam_digest_t key);


#endif /* _NGX_HTTP_EIAM_WAIT_H_INCLUDED_ */
