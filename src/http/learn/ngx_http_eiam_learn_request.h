
#ifndef _NGX_HTTP_EIAM_LEARN_REQUEST_H_INCLUDED_
#define _NGX_HTTP_EIAM_LEARN_REQUEST_H_INCLUDED_


#include <ngx_http_eiam.h>


/*
 * the stage learn: which client asks for a token?  May return an HTTP status.
 */
ngx_int_t ngx_http_eiam_learn_request(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);


#endif /* _NGX_HTTP_EIAM_LEARN_REQUEST_H_INCLUDED_ */
