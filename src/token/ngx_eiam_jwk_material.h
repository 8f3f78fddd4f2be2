
/* The kinds of keys, and their material: RFC 7518, section 6, RFC 8037. */


#ifndef _NGX_EIAM_JWK_MATERIAL_H_INCLUDED_
#define _NGX_EIAM_JWK_MATERIAL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_document.h>
#include <ngx_eiam_jws.h>


typedef struct ngx_eiam_jwk_kind_s  ngx_eiam_jwk_kind_t;

struct ngx_eiam_jwk_kind_s {
    const char           *kty;
    const char           *crv;           /* NULL: it has none */
    ngx_eiam_key_type_e   type;
    const char           *group;         /* as OpenSSL calls it */
    size_t                size;          /* bytes of a coordinate, or a key */
    ngx_uint_t            cost;          /* 0: it depends on the key */

    /* the material, which lives in pool: NGX_OK or NGX_ERROR */
    ngx_int_t           (*read)(const ngx_eiam_jwk_kind_t *kind,
                                const ngx_eiam_node_t *node,
                                ngx_pool_t *pool, ngx_eiam_key_t *key);
};


/*
 * By "kty" and "crv": NGX_OK; NGX_DECLINED: an unknown one; NGX_ERROR: it does
 * not say, with document->fault.
 */
ngx_int_t ngx_eiam_jwk_material_kind(const ngx_eiam_node_t *node,
    const ngx_eiam_jwk_kind_t **kind);

/* the key owns pkey, which pool frees: NGX_OK; NGX_ERROR, also of NULL */
ngx_int_t ngx_eiam_jwk_material_keep(ngx_eiam_key_t *key, ngx_pool_t *pool,
    void *pkey);


#endif /* _NGX_EIAM_JWK_MATERIAL_H_INCLUDED_ */
