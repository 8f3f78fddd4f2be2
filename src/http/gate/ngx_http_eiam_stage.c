
#include <ngx_http_eiam_authorize.h>
#include <ngx_http_eiam_bearer.h>
#include <ngx_http_eiam_count.h>
#include <ngx_http_eiam_ctx.h>
#include <ngx_http_eiam_explain.h>
#include <ngx_http_eiam_fetch.h>
#include <ngx_http_eiam_forward.h>
#include <ngx_http_eiam_generation.h>
#include <ngx_http_eiam_guard.h>
#include <ngx_http_eiam_identify.h>
#include <ngx_http_eiam_learn_request.h>
#include <ngx_http_eiam_operation.h>
#include <ngx_http_eiam_redact.h>
#include <ngx_http_eiam_reply.h>
#include <ngx_http_eiam_request.h>
#include <ngx_http_eiam_stage.h>
#include <ngx_http_eiam_subrequest.h>
#include <ngx_eiam_text.h>


static ngx_int_t ngx_http_eiam_outside(ngx_http_request_t *r);
static ngx_int_t ngx_http_eiam_learn_outside(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);
static ngx_int_t ngx_http_eiam_let_fetch(ngx_http_request_t *r);
static ngx_int_t ngx_http_eiam_run(ngx_http_request_t *r,
    ngx_http_eiam_loc_conf_t *lcf, ngx_uint_t phase);
static ngx_uint_t ngx_http_eiam_mode(const ngx_http_eiam_loc_conf_t *lcf,
    const ngx_http_eiam_ctx_t *ctx);
static void ngx_http_eiam_decide(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, ngx_uint_t mode);
static void ngx_http_eiam_log_refusal(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, const char *verdict);
static ngx_str_t ngx_http_eiam_log_detail(ngx_http_request_t *r,
    const ngx_http_eiam_ctx_t *ctx);


/*
 * One request, stage by stage.  The stages of the preaccess phase run before
 * limit_req and the like, so that these can use $eiam_application.
 */

const ngx_http_eiam_stage_t  ngx_http_eiam_stages[] = {

    { ngx_string("guard"), NGX_HTTP_PREACCESS_PHASE,
      ngx_http_eiam_guard, ngx_http_eiam_explain_guard },

    { ngx_string("bearer"), NGX_HTTP_PREACCESS_PHASE,
      ngx_http_eiam_bearer, ngx_http_eiam_explain_bearer },

    { ngx_string("match"), NGX_HTTP_PREACCESS_PHASE,
      ngx_http_eiam_operation_match, ngx_http_eiam_operation_match },

    { ngx_string("identify"), NGX_HTTP_PREACCESS_PHASE,
      ngx_http_eiam_identify, ngx_http_eiam_explain_identify },

    { ngx_string("authorize"), NGX_HTTP_ACCESS_PHASE,
      ngx_http_eiam_authorize, ngx_http_eiam_explain_authorize },

    { ngx_string("learn"), NGX_HTTP_ACCESS_PHASE,
      ngx_http_eiam_learn_request, NULL },

    { ngx_string("forward"), NGX_HTTP_ACCESS_PHASE,
      ngx_http_eiam_forward, NULL },

    { ngx_null_string, NGX_HTTP_LOG_PHASE, NULL, NULL }
};


/* the stages that others jump to, by their rows in the table */

#define ngx_http_eiam_stage_learn    (&ngx_http_eiam_stages[5])
#define ngx_http_eiam_stage_forward  (&ngx_http_eiam_stages[6])
#define ngx_http_eiam_stage_end      (&ngx_http_eiam_stages[7])


ngx_int_t
ngx_http_eiam_stage_preaccess(ngx_http_request_t *r)
{
    ngx_http_eiam_loc_conf_t  *lcf;

    if (r != r->main && ngx_http_eiam_fetch_is(r)) {
        return ngx_http_eiam_let_fetch(r);
    }

    lcf = ngx_http_get_module_loc_conf(r, ngx_eiam_module);

    if (lcf->mode == NGX_HTTP_EIAM_OFF) {
        return ngx_http_eiam_outside(r);
    }

    /* nginx skips the access phase for subrequests, so all stages run here */

    return ngx_http_eiam_run(r, lcf, r == r->main ? NGX_HTTP_PREACCESS_PHASE
                                                  : NGX_HTTP_ACCESS_PHASE);
}


ngx_int_t
ngx_http_eiam_stage_access(ngx_http_request_t *r)
{
    ngx_http_eiam_ctx_t       *ctx;
    ngx_http_eiam_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_eiam_module);

    if (lcf->mode == NGX_HTTP_EIAM_OFF) {

        ctx = ngx_http_get_module_ctx(r, ngx_eiam_module);

        if (ctx && ctx->decision == NGX_EIAM_DENY) {
            return ngx_http_eiam_reply(r, ctx);
        }

        return ((lcf->learn || lcf->revoke)
                && (ctx == NULL || ctx->decision == NGX_EIAM_UNDECIDED))
               ? ngx_http_eiam_learn_outside(r, ctx) : NGX_DECLINED;
    }

    return ngx_http_eiam_run(r, lcf, NGX_HTTP_ACCESS_PHASE);
}


static ngx_int_t
ngx_http_eiam_outside(ngx_http_request_t *r)
{
    ngx_int_t                  rc;
    ngx_eiam_detail_e          detail;
    ngx_http_eiam_ctx_t       *ctx;
    ngx_http_core_loc_conf_t  *clcf;
    ngx_http_eiam_srv_conf_t  *scf;

    scf = ngx_http_get_module_srv_conf(r, ngx_eiam_module);

    if (scf->policies.nelts == 0) {
        return NGX_DECLINED;
    }

    ngx_http_eiam_redact_log(r);

    ctx = ngx_http_eiam_ctx_get(r);

    ngx_http_eiam_ctx_leave(r, ctx);

    rc = ngx_http_eiam_guard_outside(r, ctx, &detail);

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "eiam outside: %i", rc);

    if (rc == NGX_OK) {
        return NGX_DECLINED;
    }

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx = ngx_http_eiam_ctx_create(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    (void) ngx_http_eiam_ctx_refuse_by(ctx, NGX_EIAM_REQUEST_AMBIGUOUS, detail);

    ngx_http_eiam_decide(r, ctx, scf->mode);

    if (ctx->decision != NGX_EIAM_DENY) {
        return NGX_DECLINED;
    }

    /* the access phase sends the answer, unless it is skipped */

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (r != r->main || clcf->satisfy == NGX_HTTP_SATISFY_ANY) {
        return ngx_http_eiam_reply(r, ctx);
    }

    return NGX_DECLINED;
}


/* a token interface that is outside of the policy's base path */

static ngx_int_t
ngx_http_eiam_learn_outside(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx)
{
    ngx_int_t                  rc;
    ngx_http_eiam_srv_conf_t  *scf;

    scf = ngx_http_get_module_srv_conf(r, ngx_eiam_module);

    if (ctx == NULL) {

        ctx = ngx_http_eiam_ctx_create(r);
        if (ctx == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    rc = ngx_http_eiam_learn_request(r, ctx);

    switch (rc) {

    case NGX_OK:
        return NGX_DECLINED;

    case NGX_ABORT:
        ngx_http_eiam_decide(r, ctx, scf->mode);

        return (ctx->decision == NGX_EIAM_DENY) ? ngx_http_eiam_reply(r, ctx)
                                                : NGX_DECLINED;

    case NGX_ERROR:
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return rc;
}


/*
 * The gate's own subrequest is no call.  Up to here it has the client's fields,
 * for the operator's rules.  It may be redirected, also by X-Accel-Redirect in
 * an answer, but not into a gated location.  NGX_OK skips limit_req and the
 * like.
 */

static ngx_int_t
ngx_http_eiam_let_fetch(ngx_http_request_t *r)
{
    ngx_http_core_loc_conf_t  *clcf;

    ngx_http_eiam_subrequest_take(r, r->post_subrequest->data);

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    return clcf->internal ? NGX_OK : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


/* runs the stages from the current one up to the last one of the phase */

static ngx_int_t
ngx_http_eiam_run(ngx_http_request_t *r, ngx_http_eiam_loc_conf_t *lcf,
    ngx_uint_t phase)
{
    ngx_int_t                     rc;
    ngx_http_eiam_ctx_t          *ctx;
    const ngx_http_eiam_stage_t  *stage;

    ctx = ngx_http_get_module_ctx(r, ngx_eiam_module);

    if (ctx == NULL) {
        ctx = ngx_http_eiam_ctx_create(r);
        if (ctx == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        ctx->policy = lcf->policy;
    }

    while (ctx->stage->phase <= phase) {

        stage = ctx->stage;
        rc = stage->handler(r, ctx);

        if (rc == NGX_DONE) {
            return rc;     /* the request may have been freed */
        }

        ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                       "eiam stage %V: %i", &stage->name, rc);

        if (rc == NGX_OK) {
            ctx->stage = stage + 1;
            continue;
        }

        switch (rc) {

        case NGX_DECLINED:
            ctx->stage = ngx_http_eiam_stage_learn;
            break;

        case NGX_ABORT:
            ngx_http_eiam_decide(r, ctx, ngx_http_eiam_mode(lcf, ctx));

            /*
             * a call that would be refused is forwarded, but nothing is learned
             * from it
             */

            if (ctx->decision == NGX_EIAM_DENY) {
                ctx->stage = ngx_http_eiam_stage_end;
                ngx_http_eiam_generation_release(ctx);

            } else {
                ctx->stage = ngx_http_eiam_stage_forward;
            }

            break;

        case NGX_ERROR:
            return NGX_HTTP_INTERNAL_SERVER_ERROR;

        default: /* NGX_AGAIN, a status of nginx */
            return rc;
        }
    }

    /* answered after limit_req, which thus limits the guessing of tokens */

    if (phase == NGX_HTTP_ACCESS_PHASE && ctx->decision == NGX_EIAM_DENY) {
        return ngx_http_eiam_reply(r, ctx);
    }

    return NGX_DECLINED;
}


/* with "eiam_objects report" objects refuse nothing */

static ngx_uint_t
ngx_http_eiam_mode(const ngx_http_eiam_loc_conf_t *lcf,
    const ngx_http_eiam_ctx_t *ctx)
{
    return (ctx->reason == NGX_EIAM_OBJECT_FORBIDDEN)
           ? ngx_min(lcf->mode, lcf->objects) : lcf->mode;
}


/* what follows from a refusal, by the mode of the gate */

static void
ngx_http_eiam_decide(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx,
    ngx_uint_t mode)
{
    if (mode == NGX_HTTP_EIAM_ON
        && !(ctx->operation && ctx->operation->report))
    {
        ctx->decision = NGX_EIAM_DENY;
        ngx_http_eiam_log_refusal(r, ctx, "refused");

    } else {
        ctx->decision = NGX_EIAM_WOULD_DENY;
        ngx_http_eiam_log_refusal(r, ctx, "would be refused");
    }

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "eiam decision: %V, %V",
                   &ngx_eiam_metrics_decisions[ctx->decision],
                   &ngx_eiam_reasons[ctx->reason].name);

    ngx_http_eiam_count(r, ctx);
}


/*
 * The log's handler is left out, as it would add the request line, whose query
 * may contain a token.
 */

static void
ngx_http_eiam_log_refusal(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx,
    const char *verdict)
{
    ngx_log_t                 log;
    ngx_str_t                 application, operation, method, path, detail;
    const ngx_eiam_reason_t  *reason;

    reason = &ngx_eiam_reasons[ctx->reason];

    if (r->connection->log->log_level < reason->log_level) {
        return;
    }

    log = *r->connection->log;
    log.handler = NULL;

    ngx_str_null(&operation);

    if (ctx->operation) {
        operation = ngx_eiam_text_shown(&ctx->operation->id, r->pool);
    }

    application = ngx_eiam_text_shown(&ctx->application_id, r->pool);
    method = ngx_eiam_text_shown(&r->method_name, r->pool);
    path = ngx_http_eiam_request_raw_path(r);
    path = ngx_eiam_text_shown(&path, r->pool);
    detail = ngx_http_eiam_log_detail(r, ctx);

    ngx_log_error(reason->log_level, &log, 0,
                  "eiam: %s, %V, client: %V, application: \"%V\", "
                  "operation: \"%V\", request: \"%V %V\"%V",
                  verdict, &reason->name, &r->connection->addr_text,
                  &application, &operation, &method, &path, &detail);
}


/* what the log line adds for some reasons; empty: nothing */

static ngx_str_t
ngx_http_eiam_log_detail(ngx_http_request_t *r, const ngx_http_eiam_ctx_t *ctx)
{
    size_t      size;
    ngx_str_t   text, required, scopes, object;

    ngx_str_null(&text);

    size = sizeof(", required: \"\", scopes: \"\"") + 2 * NGX_EIAM_TEXT_MAX;

    text.data = ngx_pnalloc(r->pool, size);
    if (text.data == NULL) {
        return text;
    }

    if (ctx->reason == NGX_EIAM_SCOPE_INSUFFICIENT) {
        required = ngx_eiam_text_shown(&ctx->operation->required, r->pool);
        scopes = ngx_eiam_text_shown(&ctx->scopes_text, r->pool);

        text.len = ngx_snprintf(text.data, size,
                                ", required: \"%V\", scopes: \"%V\"",
                                &required, &scopes)
                   - text.data;

    } else if (ctx->reason == NGX_EIAM_OBJECT_FORBIDDEN) {
        object = ngx_eiam_text_shown(&ctx->object, r->pool);

        text.len = ngx_snprintf(text.data, size,
                                ", object: \"%V\", detail: \"%V\"",
                                &object, &ngx_eiam_details[ctx->detail])
                   - text.data;

    } else if (ctx->detail != NGX_EIAM_NO_DETAIL) {
        text.len = ngx_snprintf(text.data, size, ", detail: \"%V\"",
                                &ngx_eiam_details[ctx->detail])
                   - text.data;
    }

    return text;
}
