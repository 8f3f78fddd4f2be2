
#include <ngx_http_eiam_ctx.h>
#include <ngx_http_eiam_generation.h>
#include <ngx_http_eiam_stage.h>


static void ngx_http_eiam_cleanup(void *data);


ngx_http_eiam_ctx_t *
ngx_http_eiam_ctx_create(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t   *cln;
    ngx_http_eiam_ctx_t  *ctx;

    ngx_http_eiam_ctx_leave(r, ngx_http_eiam_ctx_get(r));

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_eiam_ctx_t));
    if (cln == NULL) {
        return NULL;
    }

    ctx = cln->data;
    cln->handler = ngx_http_eiam_cleanup;

    ngx_memzero(ctx, sizeof(ngx_http_eiam_ctx_t));

    ctx->request = r;
    ctx->stage = ngx_http_eiam_stages;
    ctx->method = r->method;
    ctx->uri = r->uri;
    ctx->raw = r->valid_unparsed_uri;

    ngx_http_set_ctx(r, ctx, ngx_eiam_module);

    return ctx;
}


void
ngx_http_eiam_ctx_leave(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx)
{
    if (ctx && ctx->request == r) {
        ngx_http_eiam_generation_release(ctx);
    }
}


/* its address also marks a context among the cleanups of a pool */

static void
ngx_http_eiam_cleanup(void *data)
{
    ngx_http_eiam_generation_release(data);
}


/*
 * Finds the context of a subrequest, or if it has none that of the main
 * request. Both use the same pool, whose newest cleanup comes first.
 */

ngx_http_eiam_ctx_t *
ngx_http_eiam_ctx_get(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t   *cln;
    ngx_http_eiam_ctx_t  *ctx, *found;

    ctx = ngx_http_get_module_ctx(r, ngx_eiam_module);

    if (ctx != NULL || (r == r->main && !r->internal)) {
        return ctx;
    }

    found = NULL;

    for (cln = r->pool->cleanup; cln; cln = cln->next) {

        if (cln->handler != ngx_http_eiam_cleanup) {
            continue;
        }

        ctx = cln->data;

        if (ctx->request == r) {
            return ctx;
        }

        if (found == NULL && ctx->request == r->main) {
            found = ctx;
        }
    }

    return found;
}


ngx_int_t
ngx_http_eiam_ctx_refuse(ngx_http_eiam_ctx_t *ctx, ngx_eiam_reason_e reason)
{
    return ngx_http_eiam_ctx_refuse_by(ctx, reason, NGX_EIAM_NO_DETAIL);
}


ngx_int_t
ngx_http_eiam_ctx_refuse_by(ngx_http_eiam_ctx_t *ctx, ngx_eiam_reason_e reason,
    ngx_eiam_detail_e detail)
{
    ctx->reason = reason;
    ctx->detail = detail;

    return NGX_ABORT;
}
