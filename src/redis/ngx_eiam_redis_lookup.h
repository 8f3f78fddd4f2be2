
/* The addresses of a name: known from the start, or asked of a resolver. */


#ifndef _NGX_EIAM_REDIS_LOOKUP_H_INCLUDED_
#define _NGX_EIAM_REDIS_LOOKUP_H_INCLUDED_


#include <ngx_eiam_redis.h>


typedef struct {
    const ngx_eiam_redis_t           *redis;
    void                            (*handler)(void *data);
    void                             *data;

    ngx_addr_t                       *addrs;
    ngx_uint_t                        naddrs;    /* 0: none was found */

    const ngx_eiam_redis_address_t   *address;
    ngx_pool_t                       *pool;      /* NULL: no resolver asked */
    ngx_resolver_ctx_t               *ctx;       /* NULL: not under way */
} ngx_eiam_redis_lookup_t;


/*
 * NGX_OK: the addresses are known; NGX_AGAIN: handler() will be called, or has
 * been called already; NGX_DECLINED: the name has no address.
 */
ngx_int_t ngx_eiam_redis_lookup_begin(ngx_eiam_redis_lookup_t *lookup,
    const ngx_eiam_redis_address_t *address);

/* frees the lookup; calls no handler */
void ngx_eiam_redis_lookup_end(ngx_eiam_redis_lookup_t *lookup);


#endif /* _NGX_EIAM_REDIS_LOOKUP_H_INCLUDED_ */
