
#include <ngx_http_eiam_ctx.h>
#include <ngx_http_eiam_doubt.h>
#include <ngx_http_eiam_grant.h>
#include <ngx_http_eiam_keys.h>
#include <ngx_http_eiam_shared.h>
#include <ngx_http_eiam_verify.h>


static ngx_int_t ngx_http_eiam_verify_now(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, ngx_http_eiam_loc_conf_t *lcf,
    ngx_eiam_question_t *question);
static ngx_int_t ngx_http_eiam_verified(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, const ngx_http_eiam_loc_conf_t *lcf,
    ngx_eiam_question_t *question, ngx_int_t rc);
static ngx_int_t ngx_http_eiam_unverified(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, const ngx_http_eiam_loc_conf_t *lcf,
    ngx_eiam_question_t *question, ngx_int_t rc);


/* RFC 7519: no other source decides about a token that has the form of a JWS */

ngx_int_t
ngx_http_eiam_verify(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx)
{
    return ngx_http_eiam_verify_as(r, ctx,
                           ngx_http_get_module_loc_conf(r, ngx_eiam_module));
}


ngx_int_t
ngx_http_eiam_verify_as(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx,
    ngx_http_eiam_loc_conf_t *lcf)
{
    ngx_int_t            rc;
    ngx_eiam_question_t  question;

    if (lcf->jwt == NULL || !ngx_eiam_jwt_is(&ctx->token)) {
        return NGX_DECLINED;
    }

    ngx_memzero(&question, sizeof(ngx_eiam_question_t));

    ngx_eiam_source_key(lcf->jwt, ctx->digest, question.key);

    rc = ngx_eiam_source_look_up(lcf->jwt, &lcf->terms, &question);

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "eiam jwt look-up: %i", rc);

    switch (rc) {

    case NGX_OK:
        ctx->cache = &ngx_eiam_metrics_lookups[NGX_EIAM_HIT];
        rc = ngx_http_eiam_doubt(r, ctx, lcf->jwt, &question);

        if (rc != NGX_OK) {
            return rc;
        }

        rc = ngx_http_eiam_grant_apply(r, ctx, &question.grant);

        /* otherwise a token that is always in use would outlive its key */

        if (lcf->jwt->keys
            && ngx_eiam_key_set_is_due(lcf->jwt->keys, &lcf->key_terms))
        {
            ngx_http_eiam_keys_refresh(r, ctx, lcf->key_set, &lcf->key_terms);
        }

        return rc;

    case NGX_ABORT:
        ctx->cache = &ngx_eiam_metrics_lookups[NGX_EIAM_HIT];
        return ngx_http_eiam_grant_refuse(r, ctx, &question);
    }

    ctx->cache = &ngx_eiam_metrics_lookups[NGX_EIAM_MISS];

    return ngx_http_eiam_verify_now(r, ctx, lcf, &question);
}


/* tries the keys that the worker has, and then perhaps newer ones */

static ngx_int_t
ngx_http_eiam_verify_now(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx,
    ngx_http_eiam_loc_conf_t *lcf, ngx_eiam_question_t *question)
{
    ngx_int_t            rc, checked;
    ngx_eiam_document_t  document;

    for ( ;; ) {

        rc = ngx_http_eiam_keys(r, ctx, lcf->key_set, &lcf->key_terms);

        if (rc == NGX_DECLINED || rc == NGX_ABORT) {
            return ngx_http_eiam_unverified(r, ctx, lcf, question, rc);
        }

        if (rc != NGX_OK) {
            return rc;
        }

        ngx_memzero(&document, sizeof(ngx_eiam_document_t));

        ngx_str_set(&document.name, "token");
        document.pool = r->pool;

        rc = ngx_eiam_jwt_read(&document, &ctx->token, &lcf->key_set->keys,
                               &lcf->jwt_terms, ngx_time(), &question->grant,
                               &question->reason, &question->detail);

        ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                       "eiam jwt verified: %i, keys of generation %uD", rc,
                       lcf->key_set->generation);

        if (rc != NGX_DECLINED) {
            break;
        }

        ctx->unknown = lcf->key_set->generation;
        ctx->tried = (question->reason != NGX_EIAM_NO_REASON);
        ctx->detail = question->detail;
        ctx->fault = document.fault;
    }

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (document.fault.len) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0, "eiam: %V",
                      &document.fault);
    }

    /* a signed token says nothing of its revocation by another gateway */

    if (rc == NGX_OK) {
        checked = ngx_http_eiam_shared_check(r, ctx);

        if (checked != NGX_OK && checked != NGX_DECLINED) {
            return checked;
        }

        question->unasked = (checked == NGX_DECLINED);
    }

    return ngx_http_eiam_verified(r, ctx, lcf, question, rc);
}


/* remembers what has been decided about the token, and uses it */

static ngx_int_t
ngx_http_eiam_verified(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx,
    const ngx_http_eiam_loc_conf_t *lcf, ngx_eiam_question_t *question,
    ngx_int_t rc)
{
    /* an unexpired token that is refused may soon be valid: not remembered */

    if (rc == NGX_OK || question->grant.expires <= ngx_time()) {
        question->flight = lcf->key_set->content;

        if (ngx_eiam_source_remember(lcf->jwt, question) != NGX_OK) {
            rc = NGX_ABORT;
        }
    }

    ctx->detail = NGX_EIAM_NO_DETAIL;

    return (rc == NGX_OK) ? ngx_http_eiam_grant_apply(r, ctx, &question->grant)
                          : ngx_http_eiam_grant_refuse(r, ctx, question);
}


/*
 * The key may be there the next time, so this refusal is remembered only for a
 * token for which keys were tried.  If the token's own key does not verify it,
 * it is invalid even if no newer keys can be fetched.
 */

static ngx_int_t
ngx_http_eiam_unverified(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx,
    const ngx_http_eiam_loc_conf_t *lcf, ngx_eiam_question_t *question,
    ngx_int_t rc)
{
    if (ctx->fault.len) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0, "eiam: %V",
                      &ctx->fault);

    } else {
        ctx->detail = NGX_EIAM_DETAIL_NO_KEYS;
    }

    if (rc == NGX_ABORT && ctx->detail != NGX_EIAM_DETAIL_SIGNATURE) {
        return ngx_http_eiam_ctx_refuse_by(ctx, NGX_EIAM_SOURCE_UNAVAILABLE,
                                           ctx->detail);
    }

    if (ctx->tried) {
        question->reason = NGX_EIAM_TOKEN_INVALID;
        question->detail = ctx->detail;
        question->flight = lcf->key_set->content;
        (void) ngx_eiam_source_remember(lcf->jwt, question);
    }

    return ngx_http_eiam_ctx_refuse_by(ctx, NGX_EIAM_TOKEN_INVALID,
                                       ctx->detail);
}
