
#include <ngx_http_eiam_bearer.h>
#include <ngx_http_eiam_ctx.h>
#include <ngx_http_eiam_identify.h>
#include <ngx_http_eiam_operation.h>
#include <ngx_http_eiam_parameters.h>
#include <ngx_eiam_bearer.h>


void
ngx_http_eiam_bearer_prefetch(ngx_http_eiam_ctx_t *ctx)
{
    if (ctx->fields.authorization
        && ngx_eiam_bearer_find(ctx->fields.authorization, &ctx->token)
           == NGX_OK)
    {
        ngx_eiam_digest_memo_prefetch(&ctx->token, &ctx->memo);
    }
}


ngx_int_t
ngx_http_eiam_bearer(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx)
{
    ngx_eiam_operation_t      *operation;
    ngx_http_eiam_loc_conf_t  *lcf;

    ctx->known = (ngx_eiam_digest_memo_find(&ctx->memo, ctx->digest)
                  == NGX_OK);

    if (ctx->known) {
        ngx_http_eiam_identify_prefetch(r, ctx);
    }

    operation = ngx_http_eiam_operation(r, ctx);

    if (ctx->fields.authorizations > 1) {
        return ngx_http_eiam_ctx_refuse_by(ctx,
                                           NGX_EIAM_AUTHORIZATION_MALFORMED,
                                           NGX_EIAM_DETAIL_TWO_AUTHORIZATIONS);
    }

    if (operation && operation->is_public) {
        return NGX_DECLINED;
    }

    if (ctx->parameters & NGX_HTTP_EIAM_HAS_TOKEN) {
        return ngx_http_eiam_ctx_refuse_by(ctx,
                                           NGX_EIAM_AUTHORIZATION_MALFORMED,
                                           NGX_EIAM_DETAIL_TOKEN_PARAMETER);
    }

    if (ctx->token.data == NULL) {
        return ngx_http_eiam_ctx_refuse(ctx, NGX_EIAM_TOKEN_MISSING);
    }

    lcf = ngx_http_get_module_loc_conf(r, ngx_eiam_module);

    if (ctx->token.len > lcf->token_max) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "eiam: the token has %uz bytes, \"eiam_token_max\" is "
                      "%ui", ctx->token.len, lcf->token_max);
        return ngx_http_eiam_ctx_refuse_by(ctx, NGX_EIAM_TOKEN_INVALID,
                                           NGX_EIAM_DETAIL_TOO_LONG);
    }

    /* a token whose digest is in the memo has been found well-formed before */

    return (ctx->known || ngx_eiam_bearer_is_token(&ctx->token))
           ? NGX_OK
           : ngx_http_eiam_ctx_refuse_by(ctx, NGX_EIAM_TOKEN_INVALID,
                                         NGX_EIAM_DETAIL_TOKEN_SYNTAX);
}
