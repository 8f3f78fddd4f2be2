
#include <ngx_http_eiam_generation.h>
#include <ngx_http_eiam_learn_hold.h>
#include <ngx_http_eiam_revoke.h>
#include <ngx_http_eiam_shared.h>
#include <ngx_http_eiam_verify.h>
#include <ngx_eiam_revoke.h>
#include <ngx_eiam_string.h>
#include <ngx_eiam_text.h>


static ngx_int_t ngx_http_eiam_revoke_token(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, const ngx_eiam_digest_t token);
static ngx_int_t ngx_http_eiam_revoke_share(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, const ngx_eiam_digest_t token);
static ngx_int_t ngx_http_eiam_revoke_refresh(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, const ngx_eiam_digest_t refresh);


ngx_int_t
ngx_http_eiam_revoke_read(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx,
    const ngx_eiam_credentials_t *credentials)
{
    ngx_int_t   rc;
    ngx_str_t  *token;

    token = &ctx->learn->token;

    rc = ngx_eiam_token_request_token(credentials, r->pool, token);

    if (rc == NGX_OK && token->len) {
        return NGX_OK;
    }

    token->len = 0;

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    ngx_http_eiam_revoke_refuse(r, ctx, (rc == NGX_ABORT)
                                        ? "it is not certain which one is meant"
                                        : "the request names none");

    return NGX_OK;
}


void
ngx_http_eiam_revoke_refuse(ngx_http_request_t *r,
    const ngx_http_eiam_ctx_t *ctx, const char *reason)
{
    ngx_str_t  client;

    client = ngx_eiam_text_shown(&ctx->learn->named, r->pool);

    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "eiam: the token is not revoked: %s, application: \"%V\"",
                  reason, &client);
}


/* afterwards the grant is in the zone, as after any call with the token */

ngx_int_t
ngx_http_eiam_revoke_verify(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx)
{
    ngx_int_t                   rc;
    ngx_eiam_grant_t            grant;
    ngx_http_eiam_ctx_t        *call;
    ngx_http_eiam_loc_conf_t   *lcf;
    ngx_http_eiam_srv_conf_t   *scf;
    ngx_http_eiam_main_conf_t  *mcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_eiam_module);
    mcf = ngx_http_get_module_main_conf(r, ngx_eiam_module);

    if (ctx->learn->token.len == 0 || ctx->learn->token.len > lcf->token_max) {
        return NGX_OK;
    }

    call = ctx->learn->call;

    if (call == NULL) {

        call = ngx_pcalloc(r->pool, sizeof(ngx_http_eiam_ctx_t));

        if (call == NULL
            || ngx_eiam_digest(&ctx->learn->token, call->digest) != NGX_OK)
        {
            return NGX_ERROR;
        }

        call->request = r;
        call->token = ctx->learn->token;

        ctx->learn->call = call;
    }

    if (ngx_eiam_source_known(mcf->zone, call->digest, &grant) == NGX_OK) {
        return NGX_OK;
    }

    /* another gateway may have learned it; after the look-up this runs again */

    if (mcf->share) {
        rc = ngx_http_eiam_shared_ask(r, call);

        if (rc == NGX_AGAIN || rc == NGX_ERROR) {
            return rc;
        }
    }

    scf = ngx_http_get_module_srv_conf(r, ngx_eiam_module);

    rc = (lcf->jwt == NULL && scf->jwt)
         ? ngx_http_eiam_verify_as(r, call, scf->jwt)
         : ngx_http_eiam_verify(r, call);

    ngx_http_eiam_generation_release(call);

    return (rc == NGX_AGAIN || rc == NGX_ERROR) ? rc : NGX_OK;
}


/* RFC 7009, section 2.2: status 200 says that the token is no longer valid */

ngx_int_t
ngx_http_eiam_revoke_answered(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx)
{
    ngx_int_t             rc;
    ngx_http_eiam_ctx_t  *call;

    call = ctx->learn->call;

    if (call == NULL || ctx->learn->client.len == 0 || r->upstream == NULL
        || r->upstream->headers_in.status_n != NGX_HTTP_OK)
    {
        return NGX_OK;
    }

    /* only once, though the header filter may run again */

    ctx->learn->call = NULL;

    rc = ngx_http_eiam_revoke_refresh(r, ctx, call->digest);

    return (rc == NGX_DECLINED)
           ? ngx_http_eiam_revoke_token(r, ctx, call->digest) : rc;
}


/* revokes only a token that is known, and that was issued to this client */

static ngx_int_t
ngx_http_eiam_revoke_token(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx,
    const ngx_eiam_digest_t token)
{
    ngx_str_t                   application;
    ngx_eiam_grant_t            grant;
    ngx_http_eiam_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_eiam_module);

    if (ngx_eiam_source_known(mcf->zone, token, &grant) != NGX_OK) {
        ngx_http_eiam_revoke_refuse(r, ctx, "it is not known");
        return NGX_OK;
    }

    if (!ngx_eiam_str_equal(&grant.application, &ctx->learn->client)) {
        ngx_http_eiam_revoke_refuse(r, ctx,
                                    "it belongs to another application");
        return NGX_OK;
    }

    if (ngx_eiam_revoke_token(mcf->zone, token, &grant, NGX_EIAM_BY_CLIENT)
        == NGX_ERROR)
    {
        return NGX_ERROR;
    }

    application = ngx_eiam_text_shown(&ctx->learn->client, r->pool);

    ngx_log_error(NGX_LOG_NOTICE, r->connection->log, 0,
                  "eiam: application \"%V\" revoked its token %*xs",
                  &application, NGX_EIAM_TOKEN_ID_LEN, token);

    return ngx_http_eiam_revoke_share(r, ctx, token);
}


/* sends the revocation to other gateways; the reader repeats it if need be */

static ngx_int_t
ngx_http_eiam_revoke_share(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx,
    const ngx_eiam_digest_t token)
{
    ngx_http_eiam_main_conf_t    *mcf;
    ngx_eiam_revocation_event_t   event;

    mcf = ngx_http_get_module_main_conf(r, ngx_eiam_module);

    if (mcf->share == NULL
        || ngx_eiam_revoke_event(mcf->zone, NGX_EIAM_REVOKED_TOKEN, token, 0,
                                 &event)
           != NGX_OK
        || ngx_http_eiam_learn_hold_send(r, ctx->learn, &event) != NGX_OK)
    {
        return NGX_OK;
    }

    return NGX_AGAIN;
}


/* NGX_OK; NGX_DECLINED: it is not a known refresh token; NGX_ERROR */

static ngx_int_t
ngx_http_eiam_revoke_refresh(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx,
    const ngx_eiam_digest_t refresh)
{
    ngx_int_t                  rc;
    ngx_eiam_digest_t          access;
    ngx_eiam_question_t        question;
    ngx_http_eiam_srv_conf_t  *scf;

    scf = ngx_http_get_module_srv_conf(r, ngx_eiam_module);

    question.detail = NGX_EIAM_NO_DETAIL;

    ngx_eiam_source_key(scf->refresh, refresh, question.key);

    rc = ngx_eiam_source_recall(scf->refresh, &question);

    /* the application was revoked, and its refresh token with it */

    if (rc == NGX_ABORT) {
        return NGX_OK;
    }

    if (rc != NGX_OK
        || ngx_eiam_digest_read_hex(&question.grant.scopes, access) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    return ngx_http_eiam_revoke_token(r, ctx, access);
}


void
ngx_http_eiam_revoke_learn(ngx_http_request_t *r, const ngx_str_t *refresh,
    const ngx_eiam_digest_t access, const ngx_eiam_grant_t *grant)
{
    u_char                     hex[2 * NGX_EIAM_DIGEST_LEN];
    ngx_eiam_grant_t           pair;
    ngx_eiam_digest_t          digest;
    ngx_http_eiam_srv_conf_t  *scf;

    scf = ngx_http_get_module_srv_conf(r, ngx_eiam_module);

    if (scf->refresh == NULL || refresh->len == 0
        || ngx_eiam_digest(refresh, digest) != NGX_OK)
    {
        return;
    }

    ngx_hex_dump(hex, (u_char *) access, NGX_EIAM_DIGEST_LEN);

    pair = *grant;
    pair.scopes.data = hex;
    pair.scopes.len = sizeof(hex);

    (void) ngx_eiam_source_learn(scf->refresh, digest, &pair);
}
