
#include <ngx_http_eiam_ctx.h>
#include <ngx_http_eiam_variables.h>


typedef enum {
    NGX_HTTP_EIAM_APPLICATION = 0,
    NGX_HTTP_EIAM_SCOPES,
    NGX_HTTP_EIAM_OPERATION,
    NGX_HTTP_EIAM_ROUTE,
    NGX_HTTP_EIAM_REQUIRED,
    NGX_HTTP_EIAM_DECISION,
    NGX_HTTP_EIAM_REASON,
    NGX_HTTP_EIAM_DETAIL,
    NGX_HTTP_EIAM_OBJECT,
    NGX_HTTP_EIAM_SOURCE,
    NGX_HTTP_EIAM_CACHE,
    NGX_HTTP_EIAM_REDIS,
    NGX_HTTP_EIAM_TOKEN_ID,
    NGX_HTTP_EIAM_TOKEN_SCOPES,
    NGX_HTTP_EIAM_POLICY_SHA256
} ngx_http_eiam_variable_e;


static ngx_int_t ngx_http_eiam_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_str_t ngx_http_eiam_value(ngx_http_request_t *r,
    const ngx_http_eiam_ctx_t *ctx, ngx_http_eiam_variable_e variable);
static ngx_str_t ngx_http_eiam_hex(ngx_http_request_t *r,
    const ngx_eiam_digest_t digest, size_t len);


static ngx_http_variable_t  ngx_http_eiam_variables[] = {

    { ngx_string("eiam_application"), NULL, ngx_http_eiam_variable,
      NGX_HTTP_EIAM_APPLICATION, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("eiam_scopes"), NULL, ngx_http_eiam_variable,
      NGX_HTTP_EIAM_SCOPES, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("eiam_operation"), NULL, ngx_http_eiam_variable,
      NGX_HTTP_EIAM_OPERATION, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("eiam_route"), NULL, ngx_http_eiam_variable,
      NGX_HTTP_EIAM_ROUTE, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("eiam_required"), NULL, ngx_http_eiam_variable,
      NGX_HTTP_EIAM_REQUIRED, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("eiam_decision"), NULL, ngx_http_eiam_variable,
      NGX_HTTP_EIAM_DECISION, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("eiam_reason"), NULL, ngx_http_eiam_variable,
      NGX_HTTP_EIAM_REASON, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("eiam_detail"), NULL, ngx_http_eiam_variable,
      NGX_HTTP_EIAM_DETAIL, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("eiam_object"), NULL, ngx_http_eiam_variable,
      NGX_HTTP_EIAM_OBJECT, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("eiam_source"), NULL, ngx_http_eiam_variable,
      NGX_HTTP_EIAM_SOURCE, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("eiam_cache"), NULL, ngx_http_eiam_variable,
      NGX_HTTP_EIAM_CACHE, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("eiam_redis"), NULL, ngx_http_eiam_variable,
      NGX_HTTP_EIAM_REDIS, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("eiam_token_id"), NULL, ngx_http_eiam_variable,
      NGX_HTTP_EIAM_TOKEN_ID, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("eiam_token_scopes"), NULL, ngx_http_eiam_variable,
      NGX_HTTP_EIAM_TOKEN_SCOPES, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("eiam_policy_sha256"), NULL, ngx_http_eiam_variable,
      NGX_HTTP_EIAM_POLICY_SHA256, NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


ngx_int_t
ngx_http_eiam_variables_add(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    for (v = ngx_http_eiam_variables; v->name.len; v++) {

        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_eiam_variable(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uintptr_t data)
{
    ngx_str_t             value;
    ngx_http_eiam_ctx_t  *ctx;

    ngx_str_null(&value);

    ctx = ngx_http_eiam_ctx_get(r);

    if (ctx) {
        value = ngx_http_eiam_value(r, ctx, data);
    }

    /*
     * The value is not cached: a map may read it before the decision and the
     * log after it, and subrequests share cached values.
     */

    v->data = value.data ? value.data : (u_char *) "";
    v->len = value.len;
    v->valid = 0;
    v->no_cacheable = 1;
    v->not_found = 0;

    return NGX_OK;
}


static ngx_str_t
ngx_http_eiam_value(ngx_http_request_t *r, const ngx_http_eiam_ctx_t *ctx,
    ngx_http_eiam_variable_e variable)
{
    static const ngx_str_t             none = ngx_null_string;
    static const ngx_eiam_operation_t  no_operation;

    const ngx_eiam_operation_t  *operation;
    ngx_http_eiam_main_conf_t   *mcf;

    operation = ctx->operation ? ctx->operation : &no_operation;

    switch (variable) {

    case NGX_HTTP_EIAM_APPLICATION:
        return ctx->application_id;

    case NGX_HTTP_EIAM_SCOPES:
        return ctx->scopes_text;

    case NGX_HTTP_EIAM_OPERATION:
        return operation->id;

    case NGX_HTTP_EIAM_ROUTE:
        return operation->route;

    case NGX_HTTP_EIAM_REQUIRED:
        return operation->required;

    case NGX_HTTP_EIAM_DECISION:
        return ngx_eiam_metrics_decisions[ctx->decision];

    case NGX_HTTP_EIAM_REASON:
        return ngx_eiam_reasons[ctx->reason].name;

    case NGX_HTTP_EIAM_DETAIL:
        return ngx_eiam_details[ctx->detail];

    case NGX_HTTP_EIAM_OBJECT:
        return ctx->object;

    case NGX_HTTP_EIAM_SOURCE:
        return ctx->source ? *ctx->source : none;

    case NGX_HTTP_EIAM_CACHE:
        return ctx->cache ? *ctx->cache : none;

    case NGX_HTTP_EIAM_REDIS:
        mcf = ngx_http_get_module_main_conf(r, ngx_eiam_module);
        return mcf->share ? *ngx_eiam_share_state(mcf->share) : none;

    case NGX_HTTP_EIAM_TOKEN_ID:
        return ctx->digested ? ngx_http_eiam_hex(r, ctx->digest,
                                                 NGX_EIAM_TOKEN_ID_LEN)
                             : none;

    case NGX_HTTP_EIAM_TOKEN_SCOPES:
        return ctx->token_scopes;

    default: /* NGX_HTTP_EIAM_POLICY_SHA256 */
        return ctx->policy ? ngx_http_eiam_hex(r, ctx->policy->digest,
                                               NGX_EIAM_DIGEST_LEN)
                           : none;
    }
}


/* the first bytes of the digest; empty if there is no memory */

static ngx_str_t
ngx_http_eiam_hex(ngx_http_request_t *r, const ngx_eiam_digest_t digest,
    size_t len)
{
    ngx_str_t  hex;

    ngx_str_null(&hex);

    hex.data = ngx_pnalloc(r->pool, 2 * len);

    if (hex.data) {
        hex.len = 2 * len;
        ngx_hex_dump(hex.data, (u_char *) digest, len);
    }

    return hex;
}
