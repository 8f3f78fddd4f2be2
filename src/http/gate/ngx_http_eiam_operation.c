
#include <ngx_http_eiam_ctx.h>
#include <ngx_http_eiam_operation.h>
#include <ngx_eiam_route.h>


void
ngx_http_eiam_operation_find(ngx_http_eiam_ctx_t *ctx,
    const ngx_eiam_policy_t *policy, const ngx_str_t *path,
    const ngx_str_t *method)
{
    ngx_uint_t            n;
    ngx_eiam_resource_t  *resource;

    resource = ngx_eiam_policy_find(policy, path);

    ctx->looked_up = 1;
    ctx->resource = resource;

    if (resource == NULL) {
        return;
    }

    n = ngx_eiam_policy_method(method);

    if (n < NGX_EIAM_METHODS) {
        ctx->operation = resource->operations[n];
    }

    if (ctx->operation == NULL) {
        ctx->left_out = ngx_eiam_policy_is_left_out(resource, n);
    }
}


/*
 * A path in another spelling belongs to no operation, so x-eiam-mode does not
 * apply to it.  Without an operation the call is refused anyway.
 */

ngx_eiam_detail_e
ngx_http_eiam_operation_spelling(ngx_http_eiam_ctx_t *ctx,
    const ngx_str_t *path)
{
    if (ctx->operation == NULL
        || ngx_eiam_route_check(&ctx->operation->route, path) == NGX_OK)
    {
        return NGX_EIAM_NO_DETAIL;
    }

    ctx->operation = NULL;

    return NGX_EIAM_DETAIL_SPELLING;
}


ngx_int_t
ngx_http_eiam_operation_match(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx)
{
    if (ngx_http_eiam_operation(r, ctx)) {
        return NGX_OK;
    }

    if (ctx->resource && ctx->resource->ambiguous) {
        return ngx_http_eiam_ctx_refuse_by(ctx, NGX_EIAM_REQUEST_AMBIGUOUS,
                                           NGX_EIAM_DETAIL_SPELLING);
    }

    if (ctx->left_out) {
        return ngx_http_eiam_ctx_refuse_by(ctx, NGX_EIAM_OPERATION_UNKNOWN,
                                           NGX_EIAM_DETAIL_LEFT_OUT);
    }

    return ngx_http_eiam_ctx_refuse(ctx, ctx->resource
                                         && ctx->resource->allow.len
                                         ? NGX_EIAM_METHOD_UNKNOWN
                                         : NGX_EIAM_OPERATION_UNKNOWN);
}
