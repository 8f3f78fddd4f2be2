
#ifndef _NGX_HTTP_EIAM_OPERATION_H_INCLUDED_
#define _NGX_HTTP_EIAM_OPERATION_H_INCLUDED_


#include <ngx_http_eiam.h>


/* the stage match: the operation of the path and the method */
ngx_int_t ngx_http_eiam_operation_match(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);

/* looks up ctx->resource and ctx->operation; NULL: there is none */
void ngx_http_eiam_operation_find(ngx_http_eiam_ctx_t *ctx,
    const ngx_eiam_policy_t *policy, const ngx_str_t *path,
    const ngx_str_t *method);

/*
 * Compares the path as it was sent with the operation's template.
 * NGX_EIAM_NO_DETAIL, or NGX_EIAM_DETAIL_SPELLING: it is another spelling, and
 * ctx->operation is then NULL.
 */
ngx_eiam_detail_e ngx_http_eiam_operation_spelling(ngx_http_eiam_ctx_t *ctx,
    const ngx_str_t *path);

/* the operation of the request, looked up by the first caller, or NULL */

static ngx_inline ngx_eiam_operation_t *
ngx_http_eiam_operation(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx)
{
    ngx_http_eiam_loc_conf_t  *lcf;

    if (!ctx->looked_up) {
        lcf = ngx_http_get_module_loc_conf(r, ngx_eiam_module);

        ngx_http_eiam_operation_find(ctx, lcf->policy, &r->uri,
                                     &r->method_name);
    }

    return ctx->operation;
}


#endif /* _NGX_HTTP_EIAM_OPERATION_H_INCLUDED_ */
