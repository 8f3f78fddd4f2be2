
/*
 * Grants that a gateway knows, when it may have missed what others have
 * revoked.
 */


#ifndef _NGX_HTTP_EIAM_DOUBT_H_INCLUDED_
#define _NGX_HTTP_EIAM_DOUBT_H_INCLUDED_


#include <ngx_http_eiam.h>


/*
 * May the grant of the question, which the source knows, serve the call?
 * NGX_OK; NGX_AGAIN: its tombstone is asked for, and the request is resumed
 * later; NGX_ABORT: refused; NGX_ERROR.
 */
ngx_int_t ngx_http_eiam_doubt(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx,
    ngx_eiam_source_t *source, const ngx_eiam_question_t *question);

/*
 * May a grant serve, with "eiam_redis_stale", although revocations of other
 * gateways may be missing?  NGX_OK; NGX_ABORT: refused.
 */
ngx_int_t ngx_http_eiam_doubt_stale(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);


#endif /* _NGX_HTTP_EIAM_DOUBT_H_INCLUDED_ */
