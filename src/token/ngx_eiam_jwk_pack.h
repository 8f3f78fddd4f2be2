
/*
 * Keys as bytes, for the zone.  Without certificates and all else that does not
 * decide anything, a set takes a tenth of the size of its JSON.
 */


#ifndef _NGX_EIAM_JWK_PACK_H_INCLUDED_
#define _NGX_EIAM_JWK_PACK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_jwk.h>


/* packs the keys, into one byte at least: NGX_OK, or NGX_ERROR (no memory) */
ngx_int_t ngx_eiam_jwk_pack(const ngx_eiam_keys_t *keys, ngx_pool_t *pool,
    ngx_str_t *packed);

/* packs one key, with everything that decides how it verifies */
ngx_int_t ngx_eiam_jwk_pack_key(const ngx_eiam_key_t *key, ngx_pool_t *pool,
    ngx_str_t *packed);

/*
 * Reads packed keys, which then live in pool.  NGX_OK; NGX_ERROR: no memory, or
 * the bytes are not packed keys.
 */
ngx_int_t ngx_eiam_jwk_pack_read(const ngx_str_t *packed, ngx_pool_t *pool,
    ngx_eiam_keys_t *keys);


#endif /* _NGX_EIAM_JWK_PACK_H_INCLUDED_ */
