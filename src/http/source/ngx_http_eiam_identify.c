
#include <ngx_http_eiam_ctx.h>
#include <ngx_http_eiam_doubt.h>
#include <ngx_http_eiam_generation.h>
#include <ngx_http_eiam_grant.h>
#include <ngx_http_eiam_identify.h>
#include <ngx_http_eiam_introspect.h>
#include <ngx_http_eiam_shared.h>
#include <ngx_http_eiam_verify.h>
#include <ngx_http_eiam_wait.h>
#include <ngx_eiam_revoke.h>


/*
 * A token source.  NGX_OK: ctx has the grant; NGX_DECLINED: the token is not of
 * this source; NGX_AGAIN: the request will be resumed; NGX_ABORT: refused;
 * NGX_ERROR: something is broken.
 */

typedef struct {
    ngx_eiam_kind_e    kind;
    ngx_int_t        (*handler)(ngx_http_request_t *r,
                                  ngx_http_eiam_ctx_t *ctx);
} ngx_http_eiam_source_t;


static ngx_int_t ngx_http_eiam_identify_token(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);
static ngx_int_t ngx_http_eiam_ask_sources(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);
static ngx_int_t ngx_http_eiam_source_static(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);
static ngx_int_t ngx_http_eiam_source_learned(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);


/*
 * Asked in this order after the static tokens; the first source that knows the
 * token decides.
 */

static const ngx_http_eiam_source_t  ngx_http_eiam_sources[] = {
    { NGX_EIAM_LEARNED, ngx_http_eiam_source_learned },
    { NGX_EIAM_JWT, ngx_http_eiam_verify },
    { NGX_EIAM_LEARNED, ngx_http_eiam_shared },
    { NGX_EIAM_INTROSPECTION, ngx_http_eiam_introspect },
    { NGX_EIAM_SOURCES, NULL }
};


void
ngx_http_eiam_identify_prefetch(ngx_http_request_t *r,
    const ngx_http_eiam_ctx_t *ctx)
{
    ngx_http_eiam_loc_conf_t  *lcf;
    ngx_http_eiam_srv_conf_t  *scf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_eiam_module);

    if (lcf->applications && !lcf->permissions->unavailable) {
        ngx_eiam_applications_prefetch(lcf->permissions->current->applications,
                                       ctx->digest);
    }

    if (lcf->jwt) {
        ngx_eiam_source_prefetch(lcf->jwt, ctx->digest);
    }

    if (lcf->source) {
        ngx_eiam_source_prefetch(lcf->source, ctx->digest);
    }

    scf = ngx_http_get_module_srv_conf(r, ngx_eiam_module);

    if (scf->learned) {
        ngx_eiam_source_prefetch(scf->learned, ctx->digest);
    }
}


ngx_int_t
ngx_http_eiam_identify(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx)
{
    ngx_int_t  rc;

    rc = ngx_http_eiam_identify_token(r, ctx);

    return (rc == NGX_OK) ? ngx_http_eiam_doubt_stale(r, ctx) : rc;
}


static ngx_int_t
ngx_http_eiam_identify_token(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx)
{
    ngx_int_t                   rc;
    ngx_http_eiam_loc_conf_t   *lcf;
    ngx_http_eiam_main_conf_t  *mcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_eiam_module);
    mcf = ngx_http_get_module_main_conf(r, ngx_eiam_module);

    if (lcf->permissions->unavailable) {
        return ngx_http_eiam_ctx_refuse_by(ctx, NGX_EIAM_SOURCE_UNAVAILABLE,
                                           NGX_EIAM_DETAIL_APPLICATIONS_FILE);
    }

    /* also a static token or a JWT may have been revoked elsewhere */

    if (mcf->share && ngx_eiam_share_is_blank(mcf->share)) {
        return ngx_http_eiam_wait_start(r, ctx);
    }

    /* a request that had to wait comes here again */

    if (ctx->digested) {
        return ngx_http_eiam_ask_sources(r, ctx);
    }

    if (!ctx->known
        && ngx_eiam_digest_memo_keep(&ctx->memo, &ctx->token, ctx->digest)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ctx->digested = 1;

    rc = ngx_http_eiam_source_static(r, ctx);

    if (rc != NGX_DECLINED) {
        ngx_log_debug3(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                       "eiam token %*xs, source static: %i",
                       NGX_EIAM_TOKEN_ID_LEN, ctx->digest, rc);

        ctx->source = &ngx_eiam_metrics_kinds[NGX_EIAM_STATIC];
        return rc;
    }

    return ngx_http_eiam_ask_sources(r, ctx);
}


static ngx_int_t
ngx_http_eiam_ask_sources(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx)
{
    ngx_int_t                      rc;
    const ngx_http_eiam_source_t  *source;

    for (source = ngx_http_eiam_sources; source->handler; source++) {

        rc = source->handler(r, ctx);

        if (rc != NGX_DECLINED) {
            ngx_log_debug4(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                           "eiam token %*xs, source %V: %i",
                           NGX_EIAM_TOKEN_ID_LEN, ctx->digest,
                           &ngx_eiam_metrics_kinds[source->kind], rc);

            ctx->source = &ngx_eiam_metrics_kinds[source->kind];
            return rc;
        }
    }

    return ngx_http_eiam_ctx_refuse_by(ctx, NGX_EIAM_TOKEN_INVALID,
                                       NGX_EIAM_DETAIL_UNKNOWN_TOKEN);
}


/* the tokens of the applications file, which have all of the permissions */

static ngx_int_t
ngx_http_eiam_source_static(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx)
{
    ngx_eiam_token_t             *token;
    ngx_eiam_permissions_t       *granted;
    ngx_http_eiam_loc_conf_t     *lcf;
    ngx_http_eiam_main_conf_t    *mcf;
    ngx_http_eiam_permissions_t  *permissions;

    lcf = ngx_http_get_module_loc_conf(r, ngx_eiam_module);

    if (lcf->applications == NULL) {
        return NGX_DECLINED;
    }

    permissions = lcf->permissions->current;

    token = ngx_eiam_applications_token(permissions->applications,
                                        ctx->digest);
    if (token == NULL) {
        return NGX_DECLINED;
    }

    ngx_http_eiam_generation_take(r, ctx);

    ctx->application = token->application;

    if (ngx_http_eiam_grant_set_application(r, ctx, &token->application->id)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ctx->cache = &ngx_eiam_metrics_lookups[NGX_EIAM_BYPASS];

    if (token->expires <= ngx_time()) {
        return ngx_http_eiam_ctx_refuse(ctx, NGX_EIAM_TOKEN_EXPIRED);
    }

    mcf = ngx_http_get_module_main_conf(r, ngx_eiam_module);

    if (ngx_eiam_revoke_is(mcf->zone, ctx->digest)) {
        return ngx_http_eiam_ctx_refuse(ctx, NGX_EIAM_TOKEN_REVOKED);
    }

    granted = &permissions->permissions[token->application->index];

    return ngx_http_eiam_grant_set_scopes(r, ctx, granted, &granted->text);
}


/*
 * the tokens that this server's token interface has issued, until they expire
 */

static ngx_int_t
ngx_http_eiam_source_learned(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx)
{
    ngx_int_t                  rc;
    ngx_eiam_question_t        question;
    ngx_http_eiam_srv_conf_t  *scf;

    scf = ngx_http_get_module_srv_conf(r, ngx_eiam_module);

    if (scf->learned == NULL) {
        return NGX_DECLINED;
    }

    ngx_eiam_source_key(scf->learned, ctx->digest, question.key);

    question.detail = NGX_EIAM_NO_DETAIL;

    rc = ngx_eiam_source_recall(scf->learned, &question);

    if (rc == NGX_DECLINED) {
        return NGX_DECLINED;
    }

    ctx->cache = ngx_http_eiam_shared_cache(ctx);

    if (rc != NGX_OK) {
        return ngx_http_eiam_grant_refuse(r, ctx, &question);
    }

    rc = ngx_http_eiam_doubt(r, ctx, scf->learned, &question);

    return (rc == NGX_OK) ? ngx_http_eiam_grant_apply(r, ctx, &question.grant)
                          : rc;
}
