
/*
 * A request passes through the stages in the order of their table.  A stage
 * returns
 *
 * NGX_OK: the next stage follows; NGX_DECLINED: no identity is needed, the
 * stage "learn" follows; NGX_ABORT: refused, ctx->reason says why; NGX_AGAIN:
 * it runs again later; NGX_DONE: the request has been answered, or will be
 * resumed; NGX_ERROR: something is broken.
 *
 * The handlers of nginx's phases return nginx's own codes.
 */


#ifndef _NGX_HTTP_EIAM_STAGE_H_INCLUDED_
#define _NGX_HTTP_EIAM_STAGE_H_INCLUDED_


#include <ngx_http_eiam.h>


extern const ngx_http_eiam_stage_t  ngx_http_eiam_stages[];

ngx_int_t ngx_http_eiam_stage_preaccess(ngx_http_request_t *r);
ngx_int_t ngx_http_eiam_stage_access(ngx_http_request_t *r);


#endif /* _NGX_HTTP_EIAM_STAGE_H_INCLUDED_ */
