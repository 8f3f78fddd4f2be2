
/*
 * Keys as bytes, as the zone keeps them: without certificates and whatever
 * else does not decide, a set takes a tenth of its JSON.
 */


#ifndef _NGX_EIAM_JWK_PACK_H_INCLUDED_
#define _NGX_EIAM_JWK_PACK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_jwk.h>


/* the bytes are never empty: NGX_OK, or NGX_ERROR (no memory) */
ngx_int_t ngx_eiam_jwk_pack(const ngx_eiam_keys_t *keys, ngx_pool_t *pool,
    ngx_str_t *packed);

/* the same of one key, with all that decides of it */
ngx_int_t ngx_eiam_jwk_pack_key(const ngx_eiam_key_t *key, ngx_pool_t *pool,
    ngx_str_t *packed);

/* the keys, which live in pool: NGX_OK; NGX_ERROR: no memory, or not packed */
ngx_int_t ngx_eiam_jwk_pack_read(const ngx_str_t *packed, ngx_pool_t *pool,
    ngx_eiam_keys_t *keys);


#endif /* _NGX_EIAM_JWK_PACK_H_INCLUDED_ */
