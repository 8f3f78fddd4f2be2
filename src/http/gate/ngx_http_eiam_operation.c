
#include <ngx_http_eiam_ctx.h>
#include <ngx_http_eiam_operation.h>


/* a public operation needs no token, so it is known before one is asked for */

ngx_int_t
ngx_http_eiam_operation_locate(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx)
{
    ngx_http_eiam_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_eiam_module);

    ngx_http_eiam_operation_find(ctx, lcf->policy, &r->uri, &r->method_name);

    return (ctx->operation && ctx->operation->is_public
            && ctx->fields.authorizations <= 1)
           ? NGX_DECLINED : NGX_OK;
}


void
ngx_http_eiam_operation_find(ngx_http_eiam_ctx_t *ctx,
    const ngx_eiam_policy_t *policy, const ngx_str_t *path,
    const ngx_str_t *method)
{
    ngx_uint_t  n;

    ctx->resource = ngx_eiam_policy_find(policy, path);
    n = ngx_eiam_policy_method(method);

    if (ctx->resource && n < NGX_EIAM_METHODS) {
        ctx->operation = ctx->resource->operations[n];
    }
}


ngx_int_t
ngx_http_eiam_operation_match(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx)
{
    if (ctx->operation) {
        return NGX_OK;
    }

    return ngx_http_eiam_ctx_refuse(ctx, ctx->resource
                                         ? NGX_EIAM_METHOD_UNKNOWN
                                         : NGX_EIAM_OPERATION_UNKNOWN);
}


ngx_int_t
ngx_http_eiam_operation_authorize(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx)
{
    if (ctx->application && !ctx->application->enabled) {
        return ngx_http_eiam_ctx_refuse(ctx, NGX_EIAM_APPLICATION_DISABLED);
    }

    if (ngx_eiam_policy_permits(ctx->operation, ctx->scopes) != NGX_OK) {
        return ngx_http_eiam_ctx_refuse(ctx, NGX_EIAM_SCOPE_INSUFFICIENT);
    }

    return NGX_OK;
}
