
#include <ngx_http_eiam_ctx.h>
#include <ngx_http_eiam_grant.h>
#include <ngx_http_eiam_shared.h>
#include <ngx_http_eiam_wait.h>


#define NGX_HTTP_EIAM_SHARED_TRIES  3    /* look-ups that a request may begin */


static ngx_int_t ngx_http_eiam_shared_look_up(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, const ngx_eiam_share_sought_t *sought);
static ngx_int_t ngx_http_eiam_shared_begin(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, const ngx_eiam_share_sought_t *sought,
    ngx_eiam_question_t *question);
static ngx_int_t ngx_http_eiam_shared_unavailable(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);


ngx_int_t
ngx_http_eiam_shared(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx)
{
    ngx_http_eiam_loc_conf_t   *lcf;
    ngx_http_eiam_srv_conf_t   *scf;
    ngx_http_eiam_main_conf_t  *mcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_eiam_module);
    scf = ngx_http_get_module_srv_conf(r, ngx_eiam_module);
    mcf = ngx_http_get_module_main_conf(r, ngx_eiam_module);

    if (mcf->share == NULL || lcf->source || scf->learned == NULL) {
        return NGX_DECLINED;
    }

    return ngx_http_eiam_shared_ask(r, ctx);
}


ngx_int_t
ngx_http_eiam_shared_ask(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx)
{
    ngx_int_t                  rc;
    ngx_http_eiam_loc_conf_t  *lcf;
    ngx_http_eiam_srv_conf_t  *scf;
    ngx_eiam_share_sought_t    sought;

    lcf = ngx_http_get_module_loc_conf(r, ngx_eiam_module);
    scf = ngx_http_get_module_srv_conf(r, ngx_eiam_module);

    sought = lcf->sought;
    sought.sources[0] = scf->learned;

    rc = ngx_http_eiam_shared_look_up(r, ctx, &sought);

    ctx->unasked = (rc == NGX_DECLINED);

    if (rc == NGX_OK) {
        ctx->shared = 0;
        return NGX_DECLINED;
    }

    if (rc == NGX_DECLINED) {
        return ngx_http_eiam_shared_unavailable(r, ctx);
    }

    return rc;
}


ngx_int_t
ngx_http_eiam_shared_check(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx)
{
    ngx_eiam_share_sought_t     sought;
    ngx_http_eiam_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_eiam_module);

    if (mcf->share == NULL) {
        return NGX_OK;
    }

    ngx_memzero(&sought, sizeof(ngx_eiam_share_sought_t));

    sought.source = mcf->share->tombstones;

    return ngx_http_eiam_shared_look_up(r, ctx, &sought);
}


/*
 * NGX_OK: nothing is known of the token; NGX_AGAIN; NGX_ABORT: it is revoked;
 * NGX_DECLINED: Redis cannot be asked; NGX_ERROR.  When a grant was found the
 * request is resumed, and finds it in the zone.
 */

static ngx_int_t
ngx_http_eiam_shared_look_up(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx,
    const ngx_eiam_share_sought_t *sought)
{
    ngx_int_t                   rc;
    ngx_eiam_question_t         question;
    ngx_http_eiam_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_eiam_module);

    ngx_memzero(&question, sizeof(ngx_eiam_question_t));

    ngx_eiam_source_key(sought->source, ctx->digest, question.key);
    question.flight = ctx->shared;

    if (ngx_eiam_share_is_starting(mcf->share)) {
        return ngx_http_eiam_wait(r, ctx, question.key);
    }

    rc = ngx_eiam_source_ask(sought->source, &mcf->share->terms, &question);

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "eiam redis look-up: %i, flight %uD", rc, question.flight);

    switch (rc) {

    case NGX_AGAIN:
        ctx->shared = question.flight;
        return ngx_http_eiam_wait(r, ctx, question.key);

    case NGX_DECLINED:
        return ngx_http_eiam_shared_begin(r, ctx, sought, &question);
    }

    if (question.reason == NGX_EIAM_TOKEN_REVOKED) {
        ctx->cache = ngx_http_eiam_shared_cache(ctx);
        return ngx_http_eiam_grant_refuse(r, ctx, &question);
    }

    return (question.reason == NGX_EIAM_SOURCE_UNAVAILABLE) ? NGX_DECLINED
                                                            : NGX_OK;
}


static ngx_int_t
ngx_http_eiam_shared_begin(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx,
    const ngx_eiam_share_sought_t *sought, ngx_eiam_question_t *question)
{
    ngx_int_t                   rc;
    ngx_http_eiam_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_eiam_module);

    rc = NGX_DECLINED;

    if (ctx->lookups++ < NGX_HTTP_EIAM_SHARED_TRIES) {
        rc = ngx_eiam_share_lookup(mcf->share, sought, ctx->digest, question);
    }

    if (rc == NGX_OK) {
        ctx->shared = question->flight;
        return ngx_http_eiam_wait(r, ctx, question->key);
    }

    ngx_eiam_source_abandon(sought->source, question);
    ngx_http_eiam_wait_wake(question->key);

    return rc;
}


/*
 * The token may be another gateway's; after a while without Redis that is no
 * longer likely, and clients should obtain another one.
 */

static ngx_int_t
ngx_http_eiam_shared_unavailable(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx)
{
    ngx_http_eiam_loc_conf_t   *lcf;
    ngx_http_eiam_main_conf_t  *mcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_eiam_module);
    mcf = ngx_http_get_module_main_conf(r, ngx_eiam_module);

    ctx->shared = 0;

    if (lcf->source) {
        return NGX_DECLINED;
    }

    ctx->cache = &ngx_eiam_metrics_lookups[NGX_EIAM_MISS];

    if (ngx_eiam_share_is_alone(mcf->share)) {
        return ngx_http_eiam_ctx_refuse_by(ctx, NGX_EIAM_TOKEN_INVALID,
                                           NGX_EIAM_DETAIL_NOT_SHARED);
    }

    return ngx_http_eiam_ctx_refuse_by(ctx, NGX_EIAM_SOURCE_UNAVAILABLE,
                                       NGX_EIAM_DETAIL_REDIS_DOWN);
}
