
#include <ngx_http_eiam_ctx.h>
#include <ngx_http_eiam_grant.h>
#include <ngx_eiam_hash.h>
#include <ngx_eiam_string.h>
#include <ngx_eiam_text.h>


#define ngx_http_eiam_permissions(lcf, application)                           \
    ((application) ? &(lcf)->permissions[(application)->index] : NULL)


static ngx_int_t ngx_http_eiam_apply_application(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, const ngx_str_t *id);
static ngx_int_t ngx_http_eiam_set_application(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, const ngx_str_t *id);
static ngx_int_t ngx_http_eiam_apply_memo(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, const ngx_eiam_grant_t *grant);
static void ngx_http_eiam_keep_memo(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, const ngx_eiam_grant_t *grant,
    ngx_eiam_permissions_t *permissions, ngx_http_eiam_scopes_memo_t *memo);


void
ngx_http_eiam_grant_set_scopes(ngx_http_eiam_ctx_t *ctx,
    const ngx_eiam_permissions_t *effective)
{
    ctx->scopes = effective->scopes;
    ctx->scopes_text = effective->text;
}


/* the strings of the grant may be invalid afterwards */

ngx_int_t
ngx_http_eiam_grant_apply(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx,
    const ngx_eiam_grant_t *grant)
{
    ngx_int_t                  rc;
    ngx_http_eiam_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_eiam_module);

    if (lcf->applications) {
        rc = ngx_http_eiam_apply_application(r, ctx, &grant->application);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (ngx_http_eiam_set_application(r, ctx, &grant->application) != NGX_OK) {
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
        && ngx_http_eiam_set_application(r, ctx, &question->grant.application)
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
    ngx_str_t                  shown;
    ngx_http_eiam_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_eiam_module);

    if (id->len == 0) {
        ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                      "eiam: the token's source names no application");
        return ngx_http_eiam_ctx_refuse_by(ctx, NGX_EIAM_TOKEN_INVALID,
                                           NGX_EIAM_DETAIL_NO_APPLICATION);
    }

    if (ngx_eiam_applications_identify(lcf->applications, id,
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


/*
 * an application of the file has its id in the configuration; others are copied
 */

static ngx_int_t
ngx_http_eiam_set_application(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx,
    const ngx_str_t *id)
{
    if (ctx->application) {
        ctx->application_id = ctx->application->id;
        return NGX_OK;
    }

    ctx->application_id.len = id->len;
    ctx->application_id.data = ngx_pstrdup(r->pool, (ngx_str_t *) id);

    return ctx->application_id.data ? NGX_OK : NGX_ERROR;
}


/*
 * Most tokens have one of a few texts of scopes, so the memo keeps what the
 * first such texts result in, for as long as the configuration lives.
 */

static ngx_int_t
ngx_http_eiam_apply_memo(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx,
    const ngx_eiam_grant_t *grant)
{
    uint32_t                      hash;
    ngx_eiam_permissions_t       *permissions;
    ngx_http_eiam_loc_conf_t     *lcf;
    ngx_http_eiam_scopes_memo_t  *memo;

    lcf = ngx_http_get_module_loc_conf(r, ngx_eiam_module);
    permissions = ngx_http_eiam_permissions(lcf, ctx->application);

    if (grant->scopes.len == 0 || (grant->implicit && permissions == NULL)) {
        return ngx_http_eiam_grant_apply_scopes(r, ctx, grant);
    }

    hash = ngx_eiam_hash(grant->scopes.data, grant->scopes.len,
                         ctx->application ? ctx->application->index : 0);

    memo = &lcf->scopes_memo[hash % NGX_HTTP_EIAM_SCOPES_MEMO];

    if (memo->permissions == permissions
        && ngx_eiam_str_equal(&memo->text, &grant->scopes))
    {
        ngx_http_eiam_grant_set_scopes(ctx, &memo->effective);
        return NGX_OK;
    }

    if (ngx_http_eiam_grant_apply_scopes(r, ctx, grant) != NGX_OK) {
        return NGX_ERROR;
    }

    if (memo->text.len == 0) {
        ngx_http_eiam_keep_memo(r, ctx, grant, permissions, memo);
    }

    return NGX_OK;
}


/*
 * the entry lives in the pool of the configuration; without memory it stays
 * empty
 */

static void
ngx_http_eiam_keep_memo(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx,
    const ngx_eiam_grant_t *grant, ngx_eiam_permissions_t *permissions,
    ngx_http_eiam_scopes_memo_t *memo)
{
    u_char                     *p;
    ngx_eiam_permissions_t     *effective;
    ngx_http_eiam_main_conf_t  *mcf;

    if (grant->scopes.len + ctx->scopes_text.len
        > NGX_HTTP_EIAM_SCOPES_MEMO_MAX)
    {
        return;
    }

    mcf = ngx_http_get_module_main_conf(r, ngx_eiam_module);

    effective = &memo->effective;

    effective->scopes = ngx_eiam_scope_set_copy(mcf->scopes, ctx->scopes);
    p = ngx_pnalloc(mcf->scopes->pool,
                    grant->scopes.len + ctx->scopes_text.len + 1);

    if (effective->scopes == NULL || p == NULL) {
        return;
    }

    memo->text.data = p;
    memo->text.len = grant->scopes.len;

    p = ngx_cpymem(p, grant->scopes.data, grant->scopes.len);

    effective->text.data = p;
    effective->text.len = ctx->scopes_text.len;

    ngx_memcpy(p, ctx->scopes_text.data, ctx->scopes_text.len);

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
    permissions = ngx_http_eiam_permissions(lcf, ctx->application);

    if (grant->implicit && permissions && grant->scopes.len == 0) {
        ngx_http_eiam_grant_set_scopes(ctx, permissions);
        return NGX_OK;
    }

    ctx->scopes = ngx_eiam_scope_set_create(scopes, r->pool);

    if (ctx->scopes && grant->implicit && permissions == NULL) {
        return NGX_OK;
    }

    if (ctx->scopes == NULL
        || ngx_array_init(&order, r->pool, 8, sizeof(ngx_int_t)) != NGX_OK
        || ngx_eiam_scope_set_read(scopes, &grant->scopes, ctx->scopes, &order)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_eiam_scope_set_close(ctx->scopes, lcf->implications);

    if (permissions) {
        ngx_eiam_scope_set_limit(scopes, ctx->scopes, permissions->scopes);
    }

    return ngx_eiam_scope_set_text(scopes, ctx->scopes, &order, r->pool,
                                   &ctx->scopes_text);
}
