
#include <ngx_http_eiam_ctx.h>
#include <ngx_http_eiam_grant.h>
#include <ngx_http_eiam_operation.h>
#include <ngx_http_eiam_status.h>
#include <ngx_eiam_query.h>
#include <ngx_eiam_target.h>


/*
 * What would become of a call, and why: by the functions that decide for real.
 * The settings are those that the status location has, or inherits.
 */


typedef struct {
    ngx_str_t                   method;
    ngx_str_t                   path;
    ngx_str_t                   scopes;
    ngx_str_t                   application;
    ngx_uint_t                  anonymous;    /* neither of these two */
    const ngx_eiam_policy_t    *policy;
} ngx_http_eiam_case_t;


static ngx_int_t ngx_http_eiam_read_case(ngx_http_request_t *r,
    ngx_http_eiam_case_t *call);
static ngx_int_t ngx_http_eiam_parameter(ngx_http_request_t *r,
    const char *name, ngx_str_t *value);
static ngx_int_t ngx_http_eiam_judge(ngx_http_request_t *r,
    ngx_http_eiam_case_t *call, ngx_http_eiam_ctx_t *ctx);
static ngx_int_t ngx_http_eiam_judge_path(ngx_http_request_t *r,
    ngx_http_eiam_case_t *call, ngx_http_eiam_ctx_t *ctx);
static ngx_eiam_below_e ngx_http_eiam_place(ngx_http_request_t *r,
    const ngx_str_t *path, const ngx_str_t *decoded);
static ngx_int_t ngx_http_eiam_judge_caller(ngx_http_request_t *r,
    const ngx_http_eiam_case_t *call, ngx_http_eiam_ctx_t *ctx);
static void ngx_http_eiam_tell(ngx_http_eiam_status_t *status,
    const ngx_http_eiam_case_t *call, const ngx_http_eiam_ctx_t *ctx);
static void ngx_http_eiam_tell_text(ngx_http_eiam_status_t *status,
    const char *name, const ngx_str_t *text);


ngx_int_t
ngx_http_eiam_explain(ngx_http_eiam_status_t *status)
{
    ngx_int_t              rc;
    ngx_http_request_t    *r;
    ngx_http_eiam_ctx_t    ctx;
    ngx_http_eiam_case_t   call;

    r = status->request;

    ngx_memzero(&ctx, sizeof(ngx_http_eiam_ctx_t));
    ngx_memzero(&call, sizeof(ngx_http_eiam_case_t));

    ctx.request = r;

    rc = ngx_http_eiam_read_case(r, &call);

    if (rc == NGX_OK) {
        rc = ngx_http_eiam_judge(r, &call, &ctx);
    }

    if (rc == NGX_ERROR) {
        status->failed = 1;
        return NGX_OK;
    }

    if (rc == NGX_DECLINED) {
        status->code = NGX_HTTP_BAD_REQUEST;
        ngx_http_eiam_puts(status, "{\"error\":\"a method and a path below the "
                           "policy's are needed, well encoded, and without a "
                           "query\"}\n");
        return NGX_OK;
    }

    ngx_http_eiam_tell(status, &call, &ctx);

    return NGX_OK;
}


/* NGX_OK, NGX_DECLINED: it is no question; or NGX_ERROR */

static ngx_int_t
ngx_http_eiam_read_case(ngx_http_request_t *r, ngx_http_eiam_case_t *call)
{
    ngx_int_t  scopes, application;

    if (ngx_http_eiam_parameter(r, "method", &call->method) != NGX_OK
        || ngx_http_eiam_parameter(r, "path", &call->path) != NGX_OK
        || call->method.len == 0 || call->path.len == 0
        || ngx_strlchr(call->path.data, call->path.data + call->path.len, '?'))
    {
        return NGX_DECLINED;
    }

    scopes = ngx_http_eiam_parameter(r, "scopes", &call->scopes);
    application = ngx_http_eiam_parameter(r, "application",
                                          &call->application);

    if (scopes == NGX_ERROR || application == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (scopes == NGX_ABORT || application == NGX_ABORT) {
        return NGX_DECLINED;
    }

    call->anonymous = (scopes == NGX_DECLINED && application == NGX_DECLINED);

    if (scopes == NGX_DECLINED) {
        call->scopes.data = NULL;
    }

    return NGX_OK;
}


/* NGX_OK, NGX_DECLINED: none, NGX_ABORT: a wrong one, or NGX_ERROR */

static ngx_int_t
ngx_http_eiam_parameter(ngx_http_request_t *r, const char *name,
    ngx_str_t *value)
{
    ngx_str_t  raw;

    if (ngx_http_arg(r, (u_char *) name, ngx_strlen(name), &raw) != NGX_OK) {
        return NGX_DECLINED;
    }

    return ngx_eiam_query_decode(&raw, r->pool, value);
}


/* the stages of a real call; NGX_OK, or NGX_ABORT: ctx->reason */

static ngx_int_t
ngx_http_eiam_judge(ngx_http_request_t *r, ngx_http_eiam_case_t *call,
    ngx_http_eiam_ctx_t *ctx)
{
    ngx_int_t  rc;

    rc = ngx_http_eiam_judge_path(r, call, ctx);
    if (rc != NGX_OK || (ctx->operation && ctx->operation->is_public)) {
        return rc;
    }

    if (call->anonymous) {
        return ngx_http_eiam_ctx_refuse(ctx, NGX_EIAM_TOKEN_MISSING);
    }

    rc = ngx_http_eiam_operation_match(r, ctx);

    if (rc == NGX_OK) {
        rc = ngx_http_eiam_judge_caller(r, call, ctx);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_eiam_operation_authorize(r, ctx);
    }

    return rc;
}


static ngx_int_t
ngx_http_eiam_judge_path(ngx_http_request_t *r, ngx_http_eiam_case_t *call,
    ngx_http_eiam_ctx_t *ctx)
{
    u_char                    *src, *dst;
    ngx_str_t                  decoded;
    ngx_uint_t                 i;
    ngx_eiam_below_e           below;
    ngx_eiam_detail_e          detail;
    ngx_eiam_policy_t        **policy;
    ngx_http_eiam_loc_conf_t  *lcf;
    ngx_http_eiam_main_conf_t *mcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_eiam_module);
    mcf = ngx_http_get_module_main_conf(r, ngx_eiam_module);

    decoded.data = ngx_pnalloc(r->pool, call->path.len + 1);
    if (decoded.data == NULL) {
        return NGX_ERROR;
    }

    src = call->path.data;
    dst = decoded.data;

    ngx_unescape_uri(&dst, &src, call->path.len, 0);

    decoded.len = dst - decoded.data;

    below = ngx_http_eiam_place(r, &call->path, &decoded);

    if (below == NGX_EIAM_OUTSIDE) {
        return NGX_DECLINED;
    }

    detail = ngx_eiam_target_check(&call->path, &decoded, lcf->letters);

    if (below == NGX_EIAM_BELOW_LOOSE) {
        detail = NGX_EIAM_DETAIL_OUTSIDE;
    }

    if (detail != NGX_EIAM_NO_DETAIL) {
        return ngx_http_eiam_ctx_refuse_by(ctx, NGX_EIAM_REQUEST_AMBIGUOUS,
                                           detail);
    }

    /* without a policy of its own: the first that knows the path */

    policy = mcf->policies.elts;

    for (i = 0; i < mcf->policies.nelts; i++) {

        if (lcf->policy && lcf->policy != policy[i]) {
            continue;
        }

        call->policy = policy[i];
        ngx_http_eiam_operation_find(ctx, policy[i], &decoded, &call->method);

        if (ctx->resource) {
            return NGX_OK;
        }
    }

    if (lcf->policy == NULL && mcf->policies.nelts > 1) {
        call->policy = NULL;
    }

    return NGX_OK;
}


/* plain: nginx takes it to the gate; loose: some backend could read it so */

static ngx_eiam_below_e
ngx_http_eiam_place(ngx_http_request_t *r, const ngx_str_t *path,
    const ngx_str_t *decoded)
{
    ngx_str_t                   *base;
    ngx_uint_t                   i;
    ngx_eiam_below_e             below;
    ngx_eiam_policy_t          **policy;
    ngx_eiam_reading_t           reading;
    ngx_http_eiam_loc_conf_t    *lcf;
    ngx_http_eiam_main_conf_t   *mcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_eiam_module);
    mcf = ngx_http_get_module_main_conf(r, ngx_eiam_module);

    if (ngx_eiam_base_read(&reading, path, r->pool) != NGX_OK) {
        return NGX_EIAM_BELOW_LOOSE;
    }

    below = NGX_EIAM_OUTSIDE;
    policy = mcf->policies.elts;

    for (i = 0; i < mcf->policies.nelts; i++) {

        if (lcf->policy && lcf->policy != policy[i]) {
            continue;
        }

        base = &policy[i]->path;

        if (decoded->len > base->len
            && ngx_memcmp(decoded->data, base->data, base->len) == 0
            && decoded->data[base->len] == '/')
        {
            return NGX_EIAM_BELOW_PLAIN;
        }

        if (ngx_eiam_policy_below(policy[i], &reading) != NGX_EIAM_OUTSIDE) {
            below = NGX_EIAM_BELOW_LOOSE;
        }
    }

    return below;
}


/* a token with these scopes, or with all that the application may have */

static ngx_int_t
ngx_http_eiam_judge_caller(ngx_http_request_t *r,
    const ngx_http_eiam_case_t *call, ngx_http_eiam_ctx_t *ctx)
{
    ngx_eiam_grant_t           grant;
    ngx_http_eiam_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_eiam_module);

    ngx_memzero(&grant, sizeof(ngx_eiam_grant_t));

    grant.application = call->application;
    grant.scopes = call->scopes;
    grant.implicit = (call->scopes.data == NULL);
    grant.expires = NGX_EIAM_NEVER;

    return (call->application.len || lcf->applications == NULL)
           ? ngx_http_eiam_grant_apply(r, ctx, &grant)
           : ngx_http_eiam_grant_apply_scopes(r, ctx, &grant);
}


static void
ngx_http_eiam_tell(ngx_http_eiam_status_t *status,
    const ngx_http_eiam_case_t *call, const ngx_http_eiam_ctx_t *ctx)
{
    ngx_eiam_decision_e  decision;

    static const ngx_eiam_operation_t  none;

    const ngx_eiam_operation_t  *operation;

    operation = ctx->operation ? ctx->operation : &none;

    decision = (ctx->reason == NGX_EIAM_NO_REASON) ? NGX_EIAM_ALLOW
               : operation->report ? NGX_EIAM_WOULD_DENY : NGX_EIAM_DENY;

    ngx_http_eiam_puts(status, "{");
    ngx_http_eiam_tell_text(status, "decision",
                            &ngx_eiam_metrics_decisions[decision]);
    ngx_http_eiam_tell_text(status, ",reason",
                            &ngx_eiam_reasons[ctx->reason].name);

    if (ctx->detail != NGX_EIAM_NO_DETAIL) {
        ngx_http_eiam_tell_text(status, ",detail",
                                &ngx_eiam_details[ctx->detail]);
    }

    if (ctx->reason != NGX_EIAM_NO_REASON) {
        ngx_http_eiam_write_text(status, ",\"status\":%ui",
                                 ngx_eiam_reasons[ctx->reason].status);
    }

    ngx_http_eiam_tell_text(status, ",method", &call->method);
    ngx_http_eiam_tell_text(status, ",path", &call->path);

    if (call->policy) {
        ngx_http_eiam_tell_text(status, ",policy", &call->policy->name);
    }

    ngx_http_eiam_tell_text(status, ",operation", &operation->id);
    ngx_http_eiam_tell_text(status, ",route", &operation->route);
    ngx_http_eiam_tell_text(status, ",application", &ctx->application_id);
    ngx_http_eiam_tell_text(status, ",scopes", &ctx->scopes_text);

    ngx_http_eiam_puts(status, ",\"required\":");
    ngx_http_eiam_policy_required(status, operation, NULL);

    if (ctx->reason == NGX_EIAM_SCOPE_INSUFFICIENT) {
        ngx_http_eiam_puts(status, ",\"missing\":");
        ngx_http_eiam_policy_required(status, operation, ctx->scopes);
    }

    ngx_http_eiam_puts(status, "}\n");
}


/* a comma at the beginning of the name stands before the member */

static void
ngx_http_eiam_tell_text(ngx_http_eiam_status_t *status, const char *name,
    const ngx_str_t *text)
{
    if (*name == ',') {
        ngx_http_eiam_puts(status, ",");
        name++;
    }

    ngx_http_eiam_write_text(status, "\"%s\":", name);
    ngx_http_eiam_write_quoted(status, text);
}
