
#include <ngx_eiam_redis_lookup.h>


static void ngx_eiam_redis_lookup_answer(ngx_resolver_ctx_t *ctx);
static void ngx_eiam_redis_lookup_copy(ngx_eiam_redis_lookup_t *lookup,
    const ngx_resolver_ctx_t *ctx);


ngx_int_t
ngx_eiam_redis_lookup_begin(ngx_eiam_redis_lookup_t *lookup,
    const ngx_eiam_redis_address_t *address)
{
    ngx_resolver_ctx_t  *ctx;

    ngx_eiam_redis_lookup_end(lookup);

    lookup->address = address;

    if (address->naddrs) {
        lookup->addrs = address->addrs;
        lookup->naddrs = address->naddrs;
        return NGX_OK;
    }

    if (lookup->redis->resolver == NULL) {
        return NGX_DECLINED;
    }

    lookup->pool = ngx_create_pool(NGX_DEFAULT_POOL_SIZE, ngx_cycle->log);
    if (lookup->pool == NULL) {
        return NGX_DECLINED;
    }

    ctx = ngx_resolve_start(lookup->redis->resolver, NULL);

    if (ctx == NULL || ctx == NGX_NO_RESOLVER) {
        return NGX_DECLINED;
    }

    ctx->name = address->host;
    ctx->handler = ngx_eiam_redis_lookup_answer;
    ctx->data = lookup;
    ctx->timeout = lookup->redis->resolver_timeout;
    ctx->cancelable = 1;

    lookup->ctx = ctx;

    if (ngx_resolve_name(ctx) != NGX_OK) {
        lookup->ctx = NULL;
        return NGX_DECLINED;
    }

    return NGX_AGAIN;
}


static void
ngx_eiam_redis_lookup_answer(ngx_resolver_ctx_t *ctx)
{
    ngx_eiam_redis_lookup_t  *lookup;

    lookup = ctx->data;

    if (ctx->state == NGX_OK) {
        ngx_eiam_redis_lookup_copy(lookup, ctx);
    }

    lookup->ctx = NULL;
    ngx_resolve_name_done(ctx);

    lookup->handler(lookup->data);
}


static void
ngx_eiam_redis_lookup_copy(ngx_eiam_redis_lookup_t *lookup,
    const ngx_resolver_ctx_t *ctx)
{
    ngx_uint_t        i;
    ngx_addr_t       *addrs;
    struct sockaddr  *sockaddr;

    addrs = ngx_pcalloc(lookup->pool, ctx->naddrs * sizeof(ngx_addr_t));
    if (addrs == NULL) {
        return;
    }

    for (i = 0; i < ctx->naddrs; i++) {

        sockaddr = ngx_palloc(lookup->pool, ctx->addrs[i].socklen);
        if (sockaddr == NULL) {
            return;
        }

        ngx_memcpy(sockaddr, ctx->addrs[i].sockaddr, ctx->addrs[i].socklen);
        ngx_inet_set_port(sockaddr, lookup->address->port);

        addrs[i].sockaddr = sockaddr;
        addrs[i].socklen = ctx->addrs[i].socklen;
        addrs[i].name = lookup->address->name;
    }

    lookup->addrs = addrs;
    lookup->naddrs = ctx->naddrs;
}


void
ngx_eiam_redis_lookup_end(ngx_eiam_redis_lookup_t *lookup)
{
    if (lookup->ctx) {
        ngx_resolve_name_done(lookup->ctx);
        lookup->ctx = NULL;
    }

    if (lookup->pool) {
        ngx_destroy_pool(lookup->pool);
        lookup->pool = NULL;
    }

    lookup->addrs = NULL;
    lookup->naddrs = 0;
}
