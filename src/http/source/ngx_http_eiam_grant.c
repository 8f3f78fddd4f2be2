
#include <ngx_http_eiam_ctx.h>
#include <ngx_http_eiam_generation.h>
#include <ngx_http_eiam_grant.h>
#include <ngx_eiam_hash.h>
#include <ngx_eiam_string.h>
#include <ngx_eiam_text.h>


static ngx_int_t ngx_http_eiam_set_token_scopes(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, const ngx_str_t *text);
static ngx_int_t ngx_http_eiam_apply_application(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, const ngx_str_t *id);
static ngx_eiam_permissions_t *ngx_http_eiam_granted(
    const ngx_http_eiam_ctx_t *ctx);
static ngx_int_t ngx_http_eiam_apply_memo(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, const ngx_eiam_grant_t *grant);
static void ngx_http_eiam_keep_memo(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, const ngx_eiam_grant_t *grant,
    ngx_eiam_permissions_t *permissions, ngx_http_eiam_scopes_memo_t *memo);


/* copies: a log may ask for the texts when the generation is gone */

ngx_int_t
ngx_http_eiam_grant_set_scopes(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx,
    const ngx_eiam_permissions_t *effective, const ngx_str_t *token)
{
    u_char  *p;

    p = ngx_pnalloc(r->pool, effective->text.len + token->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ctx->scopes = effective->scopes;

    ctx->scopes_text.len = effective->text.len;
    ctx->scopes_text.data = p;

    p = ngx_cpymem(p, effective->text.data, effective->text.len);

    ctx->token_scopes.len = token->len;
    ctx->token_scopes.data = p;

    ngx_memcpy(p, token->data, token->len);

    return NGX_OK;
}


static ngx_int_t
ngx_http_eiam_set_token_scopes(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, const ngx_str_t *text)
{
    u_char  *p;

    p = ngx_pnalloc(r->pool, text->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ctx->token_scopes.data = p;
    ctx->token_scopes.len = ngx_eiam_scope_words(text, p);

    return NGX_OK;
}


/* the strings of the grant may be invalid afterwards */

ngx_int_t
ngx_http_eiam_grant_apply(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx,
    const ngx_eiam_grant_t *grant)
{
    ngx_int_t  rc;

    ngx_http_eiam_generation_take(r, ctx);

    if (ctx->permissions->applications) {
        rc = ngx_http_eiam_apply_application(r, ctx, &grant->application);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (ngx_http_eiam_grant_set_application(r, ctx, &grant->application)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (grant->expires <= ngx_time()) {
        return ngx_http_eiam_ctx_refuse(ctx, NGX_EIAM_TOKEN_EXPIRED);
    }

    return ngx_http_eiam_apply_memo(r, ctx, grant);
}


ngx_int_t
ngx_http_eiam_grant_refuse(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx,
    const ngx_eiam_question_t *question)
{
    if (question->reason == NGX_EIAM_TOKEN_REVOKED
        && question->grant.application.len
        && ngx_http_eiam_grant_set_application(r, ctx,
                                               &question->grant.application)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_eiam_ctx_refuse_by(ctx, question->reason,
                                       question->detail);
}


/*
 * A token without an application would escape the permissions of the
 * applications file, and so would one whose id only some software takes for
 * that of an application in the file.
 */

static ngx_int_t
ngx_http_eiam_apply_application(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, const ngx_str_t *id)
{
    ngx_str_t  shown;

    if (id->len == 0) {
        ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                      "eiam: the token's source names no application");
        return ngx_http_eiam_ctx_refuse_by(ctx, NGX_EIAM_TOKEN_INVALID,
                                           NGX_EIAM_DETAIL_NO_APPLICATION);
    }

    if (ngx_eiam_applications_identify(ctx->permissions->applications, id,
                                       &ctx->application)
        != NGX_OK)
    {
        shown = ngx_eiam_text_shown(id, r->pool);
        ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                      "eiam: the token's application \"%V\" is not listed, "
                      "and could be taken for one that is", &shown);
        return ngx_http_eiam_ctx_refuse_by(ctx, NGX_EIAM_TOKEN_INVALID,
                                       NGX_EIAM_DETAIL_SIMILAR_APPLICATION);
    }

    return NGX_OK;
}


/* a copy: a log may ask for the id when the generation is gone */

ngx_int_t
ngx_http_eiam_grant_set_application(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, const ngx_str_t *id)
{
    ctx->application_id.len = id->len;
    ctx->application_id.data = ngx_pstrdup(r->pool, (ngx_str_t *) id);

    return ctx->application_id.data ? NGX_OK : NGX_ERROR;
}


/* NULL: no file names the application */

static ngx_eiam_permissions_t *
ngx_http_eiam_granted(const ngx_http_eiam_ctx_t *ctx)
{
    return ctx->application
           ? &ctx->permissions->permissions[ctx->application->index] : NULL;
}


/*
 * Few texts of scopes are common to most tokens, so the memo keeps what the
 * first of them come to, as long as there is the generation.
 */

static ngx_int_t
ngx_http_eiam_apply_memo(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx,
    const ngx_eiam_grant_t *grant)
{
    uint32_t                      hash;
    ngx_eiam_permissions_t       *permissions;
    ngx_http_eiam_scopes_memo_t  *memo;

    permissions = ngx_http_eiam_granted(ctx);

    if (grant->scopes.len == 0 || (grant->implicit && permissions == NULL)) {
        return ngx_http_eiam_grant_apply_scopes(r, ctx, grant);
    }

    hash = ngx_eiam_hash(grant->scopes.data, grant->scopes.len,
                         ctx->application ? ctx->application->index : 0);

    memo = &ctx->permissions->scopes_memo[hash % NGX_HTTP_EIAM_SCOPES_MEMO];

    if (memo->permissions == permissions
        && ngx_eiam_str_equal(&memo->text, &grant->scopes))
    {
        return ngx_http_eiam_grant_set_scopes(r, ctx, &memo->effective,
                                              &memo->token);
    }

    if (ngx_http_eiam_grant_apply_scopes(r, ctx, grant) != NGX_OK) {
        return NGX_ERROR;
    }

    if (memo->text.len == 0) {
        ngx_http_eiam_keep_memo(r, ctx, grant, permissions, memo);
    }

    return NGX_OK;
}


/* in the pool of the generation; without memory the memo has no entry */

static void
ngx_http_eiam_keep_memo(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx,
    const ngx_eiam_grant_t *grant, ngx_eiam_permissions_t *permissions,
    ngx_http_eiam_scopes_memo_t *memo)
{
    u_char                     *p;
    size_t                      size;
    ngx_eiam_permissions_t     *effective;
    ngx_http_eiam_main_conf_t  *mcf;

    size = grant->scopes.len + ctx->scopes_text.len + ctx->token_scopes.len;

    if (size > NGX_HTTP_EIAM_SCOPES_MEMO_MAX) {
        return;
    }

    mcf = ngx_http_get_module_main_conf(r, ngx_eiam_module);

    effective = &memo->effective;

    effective->scopes = ngx_eiam_scope_set_copy(mcf->scopes, ctx->scopes,
                                                ctx->permissions->pool);
    p = ngx_pnalloc(ctx->permissions->pool, size);

    if (effective->scopes == NULL || p == NULL) {
        return;
    }

    memo->text.data = p;
    memo->text.len = grant->scopes.len;

    p = ngx_cpymem(p, grant->scopes.data, grant->scopes.len);

    effective->text.data = p;
    effective->text.len = ctx->scopes_text.len;

    p = ngx_cpymem(p, ctx->scopes_text.data, ctx->scopes_text.len);

    memo->token.data = p;
    memo->token.len = ctx->token_scopes.len;

    ngx_memcpy(p, ctx->token_scopes.data, ctx->token_scopes.len);

    memo->permissions = permissions;
}


/*
 * the scopes of the token with those that they imply, as far as the
 * application's permissions have them
 */

ngx_int_t
ngx_http_eiam_grant_apply_scopes(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, const ngx_eiam_grant_t *grant)
{
    ngx_array_t                 order;
    ngx_eiam_scopes_t          *scopes;
    ngx_eiam_permissions_t     *permissions;
    ngx_http_eiam_loc_conf_t   *lcf;
    ngx_http_eiam_main_conf_t  *mcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_eiam_module);
    mcf = ngx_http_get_module_main_conf(r, ngx_eiam_module);
    scopes = mcf->scopes;
    permissions = ngx_http_eiam_granted(ctx);

    if (grant->implicit && permissions && grant->scopes.len == 0) {
        return ngx_http_eiam_grant_set_scopes(r, ctx, permissions,
                                              &permissions->text);
    }

    ctx->scopes = ngx_eiam_scope_set_create(scopes, r->pool);

    if (ctx->scopes && grant->implicit && permissions == NULL) {
        return NGX_OK;
    }

    if (ctx->scopes == NULL
        || ngx_http_eiam_set_token_scopes(r, ctx, &grant->scopes) != NGX_OK
        || ngx_array_init(&order, r->pool, 8, sizeof(ngx_int_t)) != NGX_OK
        || ngx_eiam_scope_set_read(scopes, &grant->scopes, ctx->scopes, &order)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_eiam_scope_set_close(ctx->scopes, lcf->permissions->implications);

    if (permissions) {
        ngx_eiam_scope_set_limit(scopes, ctx->scopes, permissions->scopes);
    }

    return ngx_eiam_scope_set_text(scopes, ctx->scopes, &order, r->pool,
                                   &ctx->scopes_text);
}
