
/* The types of keys, and their material: RFC 7518, section 6, and RFC 8037. */


#ifndef _NGX_EIAM_JWK_MATERIAL_H_INCLUDED_
#define _NGX_EIAM_JWK_MATERIAL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_document.h>
#include <ngx_eiam_jws.h>


typedef struct ngx_eiam_jwk_kind_s  ngx_eiam_jwk_kind_t;

struct ngx_eiam_jwk_kind_s {
    const char           *kty;
    const char           *crv;           /* NULL: the type has no curves */
    ngx_eiam_key_type_e   type;
    const char           *group;         /* the name in OpenSSL */
    size_t                size;          /* bytes of a coordinate or a key */
    ngx_uint_t            cost;          /* 0: it depends on the key */

    /* reads the material, which lives in pool: NGX_OK or NGX_ERROR */
    ngx_int_t           (*read)(const ngx_eiam_jwk_kind_t *kind,
                                const ngx_eiam_node_t *node,
                                ngx_pool_t *pool, ngx_eiam_key_t *key);
};


/*
 * The kind by "kty" and "crv".  NGX_OK; NGX_DECLINED: it is unknown; NGX_ERROR
 * and document->fault: a member is missing or wrong.
 */
ngx_int_t ngx_eiam_jwk_material_kind(const ngx_eiam_node_t *node,
    const ngx_eiam_jwk_kind_t **kind);

/*
 * Gives pkey to the key, with a cleanup in pool.  NGX_OK; NGX_ERROR: no memory,
 * or pkey is NULL.
 */
ngx_int_t ngx_eiam_jwk_material_keep(ngx_eiam_key_t *key, ngx_pool_t *pool,
    void *pkey);


#endif /* _NGX_EIAM_JWK_MATERIAL_H_INCLUDED_ */
