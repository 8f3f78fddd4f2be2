
#ifndef _NGX_HTTP_EIAM_OPERATION_H_INCLUDED_
#define _NGX_HTTP_EIAM_OPERATION_H_INCLUDED_


#include <ngx_http_eiam.h>


ngx_int_t ngx_http_eiam_operation_locate(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);
ngx_int_t ngx_http_eiam_operation_match(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);
ngx_int_t ngx_http_eiam_operation_authorize(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);

/* what the policy says of it: ctx->resource and operation, or NULL */
void ngx_http_eiam_operation_find(ngx_http_eiam_ctx_t *ctx,
    const ngx_eiam_policy_t *policy, const ngx_str_t *path,
    const ngx_str_t *method);


#endif /* _NGX_HTTP_EIAM_OPERATION_H_INCLUDED_ */
