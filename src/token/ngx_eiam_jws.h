
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


/*
 * Costs of a verification in microseconds, rounded up: measured with OpenSSL
 * 3.0 of Debian 12, on x86-64 at about 3 GHz.
 */
#define NGX_EIAM_HASH_COST   25          /* of NGX_EIAM_HASH_SIZE bytes */
#define NGX_EIAM_HASH_SIZE   8192        /* bytes */

#define NGX_EIAM_ANY_ALGORITHM  ((ngx_uint_t) -1)


typedef struct {
    ngx_str_t             kid;           /* data is NULL: none */
    ngx_eiam_key_type_e   type;
    ngx_uint_t            algorithm;     /* the key's "alg", or any */
    ngx_uint_t            cost;          /* us: of a verification, roughly */
    void                 *pkey;          /* EVP_PKEY; NULL: secret is used */
    ngx_str_t             secret;
    void                 *verifier;
} ngx_eiam_key_t;


typedef struct {
    ngx_str_t             name;
    ngx_uint_t            is_default;    /* flag: accepted by default */
    ngx_uint_t            types;         /* of keys: bits */
    const char           *hash;          /* NULL: part of the algorithm */
    ngx_uint_t            pss;           /* flag: RSASSA-PSS, RFC 8017, 8.1 */
    size_t                size;          /* of a signature; 0: by the key */
    size_t                secret;        /* minimum bytes of a secret */
} ngx_eiam_algorithm_t;


/* indexed by number; the last row has no name */
extern const ngx_eiam_algorithm_t  ngx_eiam_jws_algorithms[];


/* the number of the algorithm of that name, or NGX_DECLINED */
ngx_int_t ngx_eiam_jws_algorithm_find(const ngx_str_t *name);

/* the bits of an algorithm: its own, and those of its other names */
ngx_uint_t ngx_eiam_jws_algorithm_bits(ngx_uint_t algorithm);

/* the bits of the algorithms that are accepted by default */
ngx_uint_t ngx_eiam_jws_algorithms_default(void);

/* whether the key may be used with the algorithm: RFC 8725, section 3.1 */
ngx_uint_t ngx_eiam_jws_key_fits(const ngx_eiam_key_t *key,
    ngx_uint_t algorithm);

/* prepares a key once, before it verifies: NGX_OK or NGX_ERROR */
ngx_int_t ngx_eiam_jws_key_prepare(ngx_eiam_key_t *key, ngx_pool_t *pool);

/* verifies with a key that fits the algorithm: NGX_OK or NGX_DECLINED */
ngx_int_t ngx_eiam_jws_verify(ngx_uint_t algorithm, const ngx_eiam_key_t *key,
    const ngx_str_t *text, const ngx_str_t *signature);


#endif /* _NGX_EIAM_JWS_H_INCLUDED_ */
