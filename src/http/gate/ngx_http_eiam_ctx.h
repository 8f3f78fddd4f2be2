
#ifndef _NGX_HTTP_EIAM_CTX_H_INCLUDED_
#define _NGX_HTTP_EIAM_CTX_H_INCLUDED_


#include <ngx_http_eiam.h>


/* refuses the call; returns NGX_ABORT, which the stage returns in turn */
ngx_int_t ngx_http_eiam_ctx_refuse(ngx_http_eiam_ctx_t *ctx,
    ngx_eiam_reason_e reason);

/* the same, with the rule that refuses it, for $eiam_detail */
ngx_int_t ngx_http_eiam_ctx_refuse_by(ngx_http_eiam_ctx_t *ctx,
    ngx_eiam_reason_e reason, ngx_eiam_detail_e detail);

/* a new context for this pass of the request; NULL: no memory */
ngx_http_eiam_ctx_t *ngx_http_eiam_ctx_create(ngx_http_request_t *r);

/* a redirect has ended the context before it was decided, if it is of r */
void ngx_http_eiam_ctx_leave(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);

/* the latest context of the request, also from before a redirect; NULL: none */
ngx_http_eiam_ctx_t *ngx_http_eiam_ctx_get(ngx_http_request_t *r);


#endif /* _NGX_HTTP_EIAM_CTX_H_INCLUDED_ */
