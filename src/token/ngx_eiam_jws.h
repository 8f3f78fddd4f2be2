
/*
 * Signature algorithms and their keys: RFC 7518, section 3, RFC 8037,
 * RFC 8812 and RFC 9864.
 */


#ifndef _NGX_EIAM_JWS_H_INCLUDED_
#define _NGX_EIAM_JWS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef enum {
    NGX_EIAM_RSA = 0,
    NGX_EIAM_P256,
    NGX_EIAM_P384,
    NGX_EIAM_P521,
    NGX_EIAM_SECP256K1,
    NGX_EIAM_ED25519,
    NGX_EIAM_ED448,
    NGX_EIAM_OCT
} ngx_eiam_key_type_e;


#define NGX_EIAM_ANY_ALGORITHM  ((ngx_uint_t) -1)


typedef struct {
    ngx_str_t             kid;           /* data is NULL: it has none */
    ngx_eiam_key_type_e   type;
    ngx_uint_t            algorithm;     /* the only one, or any */
    ngx_uint_t            cost;          /* us: of a verification, about */
    void                 *pkey;          /* EVP_PKEY; NULL: the secret */
    ngx_str_t             secret;
    void                 *verifier;
} ngx_eiam_key_t;


typedef struct {
    ngx_str_t             name;
    ngx_uint_t            types;         /* of keys: bits */
    const char           *hash;          /* NULL: the algorithm's own */
    ngx_uint_t            pss;
    size_t                size;          /* of a signature; 0: the key's */
    size_t                secret;        /* bytes, at least */
} ngx_eiam_algorithm_t;


/* by number; the last one has no name */
extern const ngx_eiam_algorithm_t  ngx_eiam_jws_algorithms[];


/* a number, or NGX_DECLINED: there is none of that name */
ngx_int_t ngx_eiam_jws_algorithm_find(const ngx_str_t *name);

/* bits: it, and those that are the same by another name, or a part of it */
ngx_uint_t ngx_eiam_jws_algorithm_bits(ngx_uint_t algorithm);

/* may this key be used with that algorithm?  RFC 8725, section 3.1 */
ngx_uint_t ngx_eiam_jws_key_fits(const ngx_eiam_key_t *key,
    ngx_uint_t algorithm);

/* once for a key, which then can verify: NGX_OK, or NGX_ERROR (no memory) */
ngx_int_t ngx_eiam_jws_key_prepare(ngx_eiam_key_t *key, ngx_pool_t *pool);

/* NGX_OK, or NGX_DECLINED; the key fits */
ngx_int_t ngx_eiam_jws_verify(ngx_uint_t algorithm, const ngx_eiam_key_t *key,
    const ngx_str_t *text, const ngx_str_t *signature);


#endif /* _NGX_EIAM_JWS_H_INCLUDED_ */
