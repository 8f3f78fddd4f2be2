
#include <ngx_http_eiam_authorize.h>
#include <ngx_http_eiam_ctx.h>
#include <ngx_http_eiam_explain.h>
#include <ngx_http_eiam_generation.h>
#include <ngx_http_eiam_grant.h>
#include <ngx_http_eiam_listed.h>
#include <ngx_http_eiam_object.h>
#include <ngx_http_eiam_objects.h>
#include <ngx_http_eiam_operation.h>
#include <ngx_http_eiam_stage.h>
#include <ngx_http_eiam_status.h>
#include <ngx_http_eiam_usage.h>
#include <ngx_eiam_query.h>
#include <ngx_eiam_revoke.h>
#include <ngx_eiam_target.h>


/*
 * A call to be explained.  The settings are those that the status location has
 * or inherits.
 */

typedef struct {
    ngx_http_eiam_ctx_t         ctx;          /* must come first */

    ngx_str_t                   method;
    ngx_str_t                   path;
    ngx_str_t                   decoded;      /* the path, decoded */
    ngx_eiam_below_e            below;        /* below the policy's base? */
    ngx_str_t                   scopes;       /* no data: all permitted */
    ngx_str_t                   application;
    ngx_addr_t                  address;      /* no sockaddr: any */
    ngx_str_t                   query;
    ngx_http_eiam_object_call_t objects;      /* the path and the query */
    ngx_uint_t                  anonymous;    /* neither of the two above */
    const ngx_eiam_policy_t    *policy;       /* NULL: none has the path */
} ngx_http_eiam_question_t;


static ngx_int_t ngx_http_eiam_explain_read(ngx_http_request_t *r,
    ngx_http_eiam_question_t *question);
static ngx_int_t ngx_http_eiam_explain_read_address(ngx_http_request_t *r,
    ngx_http_eiam_question_t *question);
static ngx_int_t ngx_http_eiam_explain_read_target(ngx_http_request_t *r,
    ngx_http_eiam_question_t *question);
static ngx_eiam_below_e ngx_http_eiam_explain_below(ngx_http_request_t *r,
    const ngx_str_t *path, const ngx_str_t *decoded);
static ngx_int_t ngx_http_eiam_explain_walk(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);
static void ngx_http_eiam_explain_locate(ngx_http_request_t *r,
    ngx_http_eiam_question_t *question);
static void ngx_http_eiam_explain_write(ngx_http_eiam_status_t *status,
    const ngx_http_eiam_question_t *question);
static void ngx_http_eiam_explain_revocation(ngx_http_eiam_status_t *status,
    const ngx_str_t *application);
static void ngx_http_eiam_explain_unknown(ngx_http_eiam_status_t *status,
    const ngx_str_t *scopes);
static void ngx_http_eiam_explain_member(ngx_http_eiam_status_t *status,
    const char *name, const ngx_str_t *value);


ngx_int_t
ngx_http_eiam_explain(ngx_http_eiam_status_t *status)
{
    ngx_int_t                  rc;
    ngx_http_request_t        *r;
    ngx_http_eiam_question_t   question;

    r = status->request;

    ngx_memzero(&question, sizeof(ngx_http_eiam_question_t));

    question.ctx.request = r;

    rc = ngx_http_eiam_explain_read(r, &question);

    if (rc == NGX_DECLINED) {
        status->code = NGX_HTTP_BAD_REQUEST;
        ngx_http_eiam_puts(status, "{\"error\":\"a method and a path below the "
                           "policy's are needed, well encoded, and without a "
                           "query; an address, if there is one, is of IPv4 or "
                           "IPv6, without a port\"}\n");
        return NGX_OK;
    }

    if (rc == NGX_OK) {
        rc = ngx_http_eiam_explain_walk(r, &question.ctx);
    }

    if (rc == NGX_ERROR) {
        status->failed = 1;

    } else {
        ngx_http_eiam_explain_write(status, &question);
    }

    ngx_http_eiam_generation_release(&question.ctx);

    return NGX_OK;
}


/* NGX_OK; NGX_DECLINED: the question is incomplete; or NGX_ERROR */

static ngx_int_t
ngx_http_eiam_explain_read(ngx_http_request_t *r,
    ngx_http_eiam_question_t *question)
{
    ngx_int_t  rc, scopes, application;

    scopes = ngx_http_eiam_explain_parameter(r, "scopes", &question->scopes);
    application = ngx_http_eiam_explain_parameter(r, "application",
                                                  &question->application);

    if (scopes == NGX_ERROR || application == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (scopes == NGX_ABORT || application == NGX_ABORT) {
        return NGX_DECLINED;
    }

    if (scopes == NGX_DECLINED) {
        question->scopes.data = NULL;
        question->anonymous = (application == NGX_DECLINED);
    }

    rc = ngx_http_eiam_explain_read_address(r, question);

    return (rc == NGX_OK) ? ngx_http_eiam_explain_read_target(r, question)
                          : rc;
}


/* reads the address that the call comes from, with the same results */

static ngx_int_t
ngx_http_eiam_explain_read_address(ngx_http_request_t *r,
    ngx_http_eiam_question_t *question)
{
    ngx_int_t  rc;
    ngx_str_t  text;

    rc = ngx_http_eiam_explain_parameter(r, "address", &text);

    if (rc == NGX_DECLINED) {
        return NGX_OK;
    }

    if (rc == NGX_OK) {
        rc = ngx_parse_addr(r->pool, &question->address, text.data, text.len);
    }

    return (rc == NGX_ABORT) ? NGX_DECLINED : rc;
}


/* reads the method and the path, with the same results */

static ngx_int_t
ngx_http_eiam_explain_read_target(ngx_http_request_t *r,
    ngx_http_eiam_question_t *question)
{
    u_char     *src, *dst;
    ngx_int_t   rc;
    ngx_str_t  *path;

    path = &question->path;

    if (ngx_http_eiam_explain_parameter(r, "method", &question->method)
           != NGX_OK
        || ngx_http_eiam_explain_parameter(r, "path", path) != NGX_OK
        || question->method.len == 0 || path->len == 0
        || ngx_strlchr(path->data, path->data + path->len, '?'))
    {
        return NGX_DECLINED;
    }

    rc = ngx_http_eiam_explain_parameter(r, "query", &question->query);
    dst = ngx_pnalloc(r->pool, path->len + 1);

    if (dst == NULL || rc == NGX_ERROR || rc == NGX_ABORT) {
        return (rc == NGX_ABORT) ? NGX_DECLINED : NGX_ERROR;
    }

    src = path->data;
    question->decoded.data = dst;

    ngx_unescape_uri(&dst, &src, path->len, 0);

    question->decoded.len = dst - question->decoded.data;

    question->objects.path = &question->decoded;
    question->objects.query = &question->query;
    question->objects.pool = r->pool;

    question->below = ngx_http_eiam_explain_below(r, path, &question->decoded);

    return (question->below == NGX_EIAM_OUTSIDE) ? NGX_DECLINED : NGX_OK;
}


/* NGX_OK; NGX_DECLINED: absent; NGX_ABORT: malformed; or NGX_ERROR */

ngx_int_t
ngx_http_eiam_explain_parameter(ngx_http_request_t *r, const char *name,
    ngx_str_t *value)
{
    ngx_str_t  raw;

    if (ngx_http_arg(r, (u_char *) name, ngx_strlen(name), &raw) != NGX_OK) {
        return NGX_DECLINED;
    }

    return ngx_eiam_query_decode(&raw, r->pool, value);
}


/*
 * plain: nginx routes the path to the gate; loose: a backend may read the path
 * as one below the base
 */

static ngx_eiam_below_e
ngx_http_eiam_explain_below(ngx_http_request_t *r, const ngx_str_t *path,
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


/*
 * NGX_OK: the call is decided, ctx->reason is set if it is refused; NGX_ERROR
 */

static ngx_int_t
ngx_http_eiam_explain_walk(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx)
{
    ngx_int_t                     rc;
    const ngx_http_eiam_stage_t  *stage;

    rc = NGX_OK;

    for (stage = ngx_http_eiam_stages;
         stage->explain && rc == NGX_OK;
         stage++)
    {
        rc = stage->explain(r, ctx);
    }

    return (rc == NGX_ERROR) ? NGX_ERROR : NGX_OK;
}


ngx_int_t
ngx_http_eiam_explain_guard(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx)
{
    ngx_eiam_detail_e          detail;
    ngx_http_eiam_loc_conf_t  *lcf;
    ngx_http_eiam_question_t  *question;

    lcf = ngx_http_get_module_loc_conf(r, ngx_eiam_module);

    question = (ngx_http_eiam_question_t *) ctx;

    detail = ngx_eiam_target_check(&question->path, &question->decoded,
                                   lcf->charset);

    if (question->below == NGX_EIAM_BELOW_LOOSE) {
        detail = NGX_EIAM_DETAIL_OUTSIDE;
    }

    if (detail == NGX_EIAM_NO_DETAIL) {
        ngx_http_eiam_explain_locate(r, question);

        detail = ngx_http_eiam_operation_spelling(ctx, &question->path);
    }

    return detail ? ngx_http_eiam_ctx_refuse_by(ctx,
                                                NGX_EIAM_REQUEST_AMBIGUOUS,
                                                detail)
                  : NGX_OK;
}


/* if the location has no policy: the first policy that has the path */

static void
ngx_http_eiam_explain_locate(ngx_http_request_t *r,
    ngx_http_eiam_question_t *question)
{
    ngx_uint_t                  i;
    ngx_eiam_policy_t         **policy;
    ngx_http_eiam_loc_conf_t   *lcf;
    ngx_http_eiam_main_conf_t  *mcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_eiam_module);
    mcf = ngx_http_get_module_main_conf(r, ngx_eiam_module);

    policy = mcf->policies.elts;

    for (i = 0; i < mcf->policies.nelts; i++) {

        if (lcf->policy && lcf->policy != policy[i]) {
            continue;
        }

        question->policy = policy[i];
        ngx_http_eiam_operation_find(&question->ctx, policy[i],
                                     &question->decoded, &question->method);
        if (question->ctx.resource) {
            return;
        }
    }

    if (lcf->policy == NULL && mcf->policies.nelts > 1) {
        question->policy = NULL;
    }
}


ngx_int_t
ngx_http_eiam_explain_bearer(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx)
{
    ngx_http_eiam_question_t  *question;

    question = (ngx_http_eiam_question_t *) ctx;

    if (ctx->operation && ctx->operation->is_public) {
        return NGX_DECLINED;
    }

    return question->anonymous
           ? ngx_http_eiam_ctx_refuse(ctx, NGX_EIAM_TOKEN_MISSING) : NGX_OK;
}


/*
 * a token with these scopes, or with all scopes that the application may have
 */

ngx_int_t
ngx_http_eiam_explain_identify(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx)
{
    ngx_eiam_grant_t           grant;
    ngx_http_eiam_loc_conf_t  *lcf;
    ngx_http_eiam_question_t  *question;

    lcf = ngx_http_get_module_loc_conf(r, ngx_eiam_module);
    question = (ngx_http_eiam_question_t *) ctx;

    ngx_memzero(&grant, sizeof(ngx_eiam_grant_t));

    if (lcf->permissions->unavailable) {
        return ngx_http_eiam_ctx_refuse_by(ctx, NGX_EIAM_SOURCE_UNAVAILABLE,
                                           NGX_EIAM_DETAIL_APPLICATIONS_FILE);
    }

    grant.application = question->application;
    grant.scopes = question->scopes;
    grant.implicit = (question->scopes.data == NULL);
    grant.expires = NGX_EIAM_NEVER;

    if (question->application.len || lcf->applications == NULL) {
        return ngx_http_eiam_grant_apply(r, ctx, &grant);
    }

    ngx_http_eiam_generation_take(r, ctx);

    return ngx_http_eiam_grant_apply_scopes(r, ctx, &grant);
}


ngx_int_t
ngx_http_eiam_explain_authorize(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx)
{
    ngx_int_t                  rc;
    ngx_eiam_reason_e          reason;
    ngx_http_eiam_loc_conf_t  *lcf;
    ngx_http_eiam_question_t  *question;

    lcf = ngx_http_get_module_loc_conf(r, ngx_eiam_module);
    question = (ngx_http_eiam_question_t *) ctx;

    /* scopes without an application: no objects are known */

    if (question->application.len == 0) {
        return ngx_http_eiam_authorize_scopes(ctx);
    }

    reason = ngx_http_eiam_authorize_admission(lcf, ctx->application,
                                               question->address.sockaddr);
    if (reason != NGX_EIAM_NO_REASON) {
        return ngx_http_eiam_ctx_refuse(ctx, reason);
    }

    rc = ngx_http_eiam_authorize_scopes(ctx);

    return (rc == NGX_OK && lcf->objects != NGX_HTTP_EIAM_OFF)
           ? ngx_http_eiam_object_check(ctx, &question->objects) : rc;
}


static void
ngx_http_eiam_explain_write(ngx_http_eiam_status_t *status,
    const ngx_http_eiam_question_t *question)
{
    ngx_eiam_decision_e          decision;
    const ngx_eiam_reason_t     *reason;
    const ngx_http_eiam_ctx_t   *ctx;
    const ngx_eiam_operation_t  *operation;

    static const ngx_eiam_operation_t  none;

    ctx = &question->ctx;
    operation = ctx->operation ? ctx->operation : &none;
    reason = &ngx_eiam_reasons[ctx->reason];
    decision = NGX_EIAM_ALLOW;

    if (ctx->reason != NGX_EIAM_NO_REASON) {
        decision = (operation->report
                    || ngx_http_eiam_objects_are_reported(status, ctx))
                   ? NGX_EIAM_WOULD_DENY : NGX_EIAM_DENY;
    }

    ngx_http_eiam_puts(status, "{\"decision\":");
    ngx_http_eiam_write_quoted(status, &ngx_eiam_metrics_decisions[decision]);
    ngx_http_eiam_explain_member(status, "reason", &reason->name);

    if (ctx->detail != NGX_EIAM_NO_DETAIL) {
        ngx_http_eiam_explain_member(status, "detail",
                                     &ngx_eiam_details[ctx->detail]);
    }

    if (ctx->reason != NGX_EIAM_NO_REASON) {
        ngx_http_eiam_write_text(status, ",\"status\":%ui", reason->status);
    }

    ngx_http_eiam_explain_member(status, "method", &question->method);
    ngx_http_eiam_explain_member(status, "path", &question->path);

    if (question->policy) {
        ngx_http_eiam_explain_member(status, "policy",
                                     &question->policy->name);
    }

    ngx_http_eiam_explain_member(status, "operation", &operation->id);
    ngx_http_eiam_explain_member(status, "route", &operation->route);
    ngx_http_eiam_explain_member(status, "application", &ctx->application_id);
    ngx_http_eiam_explain_member(status, "scopes", &ctx->scopes_text);
    ngx_http_eiam_explain_unknown(status, &question->scopes);
    ngx_http_eiam_explain_revocation(status, &ctx->application_id);
    ngx_http_eiam_listed_networks(status, ctx->application);
    ngx_http_eiam_objects_explain(status, ctx, &question->objects);
    ngx_http_eiam_usage_explain(status, ctx);

    ngx_http_eiam_puts(status, ",\"required\":");
    ngx_http_eiam_policy_required(status, operation, NULL);

    if (ctx->reason == NGX_EIAM_SCOPE_INSUFFICIENT) {
        ngx_http_eiam_puts(status, ",\"missing\":");
        ngx_http_eiam_policy_required(status, operation, ctx->scopes);
    }

    ngx_http_eiam_puts(status, "}\n");
}


/*
 * The explanation is about a new token; older tokens of an application that has
 * been revoked are refused.
 */

static void
ngx_http_eiam_explain_revocation(ngx_http_eiam_status_t *status,
    const ngx_str_t *application)
{
    time_t     not_before;
    ngx_int_t  rc;

    if (application->len == 0) {
        return;
    }

    rc = ngx_eiam_revoke_find(status->mcf->zone, application, &not_before);

    if (rc == NGX_OK) {
        ngx_http_eiam_write_text(status, ",\"not_before\":%T", not_before);

    } else if (rc == NGX_ERROR) {
        status->failed = 1;
    }
}


/* the scopes of the question that no policy knows */

static void
ngx_http_eiam_explain_unknown(ngx_http_eiam_status_t *status,
    const ngx_str_t *scopes)
{
    u_char      *p, *last;
    ngx_str_t    name;
    ngx_uint_t   n;

    n = 0;
    p = scopes->data;
    last = p + scopes->len;

    while (p < last) {

        name.data = p;

        while (p < last && *p != ' ') {
            p++;
        }

        name.len = p++ - name.data;

        if (name.len == 0
            || ngx_eiam_scope_find(status->mcf->scopes, &name) != NGX_DECLINED)
        {
            continue;
        }

        ngx_http_eiam_write_text(status, "%s",
                                 n++ ? "," : ",\"unknown_scopes\":[");
        ngx_http_eiam_write_quoted(status, &name);
    }

    if (n) {
        ngx_http_eiam_puts(status, "]");
    }
}


/* a member of the object, after a comma */

static void
ngx_http_eiam_explain_member(ngx_http_eiam_status_t *status, const char *name,
    const ngx_str_t *value)
{
    ngx_http_eiam_write_text(status, ",\"%s\":", name);
    ngx_http_eiam_write_quoted(status, value);
}
