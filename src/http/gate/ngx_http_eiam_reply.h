
#ifndef _NGX_HTTP_EIAM_REPLY_H_INCLUDED_
#define _NGX_HTTP_EIAM_REPLY_H_INCLUDED_


#include <ngx_http_eiam.h>


/* sends the response for ctx->reason and ends the request: always NGX_DONE */
ngx_int_t ngx_http_eiam_reply(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);

/* the challenges by reason; NULL: no memory */
ngx_str_t *ngx_http_eiam_reply_challenges(ngx_pool_t *pool,
    const ngx_str_t *realm);


#endif /* _NGX_HTTP_EIAM_REPLY_H_INCLUDED_ */
