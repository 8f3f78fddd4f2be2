
#ifndef _NGX_EIAM_JWK_DIGEST_H_INCLUDED_
#define _NGX_EIAM_JWK_DIGEST_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_digest.h>
#include <ngx_eiam_jwk.h>


/*
 * A digest of everything that decides how the keys verify, independent of their
 * order in the set and of the spelling of the JSON.  Temporary memory is taken
 * from pool.  NGX_OK, or NGX_ERROR (no memory).
 */
ngx_int_t ngx_eiam_jwk_digest(const ngx_eiam_keys_t *keys, ngx_pool_t *pool,
    ngx_eiam_digest_t digest);


#endif /* _NGX_EIAM_JWK_DIGEST_H_INCLUDED_ */
