
#include <ngx_http_eiam_authorize.h>
#include <ngx_http_eiam_ctx.h>
#include <ngx_http_eiam_object.h>
#include <ngx_eiam_network.h>
#include <ngx_eiam_policy.h>


ngx_int_t
ngx_http_eiam_authorize(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx)
{
    ngx_int_t                  rc;
    ngx_eiam_reason_e          reason;
    ngx_http_eiam_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_eiam_module);

    reason = ngx_http_eiam_authorize_admission(lcf, ctx->application,
                                               r->connection->sockaddr);
    if (reason != NGX_EIAM_NO_REASON) {
        return ngx_http_eiam_ctx_refuse(ctx, reason);
    }

    rc = ngx_http_eiam_authorize_scopes(ctx);

    return (rc == NGX_OK && ctx->operation->marks.nelts
            && lcf->objects != NGX_HTTP_EIAM_OFF)
           ? ngx_http_eiam_object_authorize(r, ctx) : rc;
}


/* an application that the file does not name is bound by its scopes alone */

ngx_eiam_reason_e
ngx_http_eiam_authorize_admission(const ngx_http_eiam_loc_conf_t *lcf,
    const ngx_eiam_application_t *application,
    const struct sockaddr *address)
{
    if (application == NULL) {
        return lcf->listed ? NGX_EIAM_APPLICATION_UNKNOWN : NGX_EIAM_NO_REASON;
    }

    if (!application->enabled) {
        return NGX_EIAM_APPLICATION_DISABLED;
    }

    if (application->networks && address
        && !ngx_eiam_network_has(application->networks, address))
    {
        return NGX_EIAM_NETWORK_FORBIDDEN;
    }

    return NGX_EIAM_NO_REASON;
}


ngx_int_t
ngx_http_eiam_authorize_scopes(ngx_http_eiam_ctx_t *ctx)
{
    if (ngx_eiam_policy_permits(ctx->operation, ctx->scopes) != NGX_OK) {
        return ngx_http_eiam_ctx_refuse(ctx, NGX_EIAM_SCOPE_INSUFFICIENT);
    }

    return NGX_OK;
}
