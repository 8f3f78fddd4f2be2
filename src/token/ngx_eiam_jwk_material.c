
#include <ngx_eiam_base64url.h>
#include <ngx_eiam_jwk_material.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>


#define NGX_EIAM_RSA_MIN  2048           /* bits */
#define NGX_EIAM_RSA_MAX  8192
#define NGX_EIAM_RSA_EXPONENT_MAX  8     /* bytes */
#define NGX_EIAM_OCT_MIN  32             /* bytes: SHA-256 */
#define NGX_EIAM_POINT_MAX  133          /* of the largest point */


static ngx_int_t ngx_eiam_key_bytes(const ngx_eiam_node_t *node,
    const char *name, ngx_pool_t *pool, ngx_str_t *bytes);
static ngx_int_t ngx_eiam_key_rsa(const ngx_eiam_jwk_kind_t *kind,
    const ngx_eiam_node_t *node, ngx_pool_t *pool, ngx_eiam_key_t *key);
static ngx_uint_t ngx_eiam_key_rsa_cost(ngx_uint_t bits,
    ngx_uint_t exponent_bits);
static ngx_int_t ngx_eiam_key_ec(const ngx_eiam_jwk_kind_t *kind,
    const ngx_eiam_node_t *node, ngx_pool_t *pool, ngx_eiam_key_t *key);
static ngx_int_t ngx_eiam_key_okp(const ngx_eiam_jwk_kind_t *kind,
    const ngx_eiam_node_t *node, ngx_pool_t *pool, ngx_eiam_key_t *key);
static ngx_int_t ngx_eiam_key_oct(const ngx_eiam_jwk_kind_t *kind,
    const ngx_eiam_node_t *node, ngx_pool_t *pool, ngx_eiam_key_t *key);
static EVP_PKEY *ngx_eiam_key_make(const char *type, OSSL_PARAM_BLD *build);
static ngx_int_t ngx_eiam_key_keep(const ngx_eiam_node_t *node,
    ngx_pool_t *pool, ngx_eiam_key_t *key, EVP_PKEY *pkey);
static void ngx_eiam_key_free(void *data);


static const ngx_eiam_jwk_kind_t  ngx_eiam_key_kinds[] = {
    { "RSA", NULL, NGX_EIAM_RSA, NULL, 0, 0, ngx_eiam_key_rsa },
    { "EC", "P-256", NGX_EIAM_P256, "prime256v1", 32, 120, ngx_eiam_key_ec },
    { "EC", "P-384", NGX_EIAM_P384, "secp384r1", 48, 900, ngx_eiam_key_ec },
    { "EC", "P-521", NGX_EIAM_P521, "secp521r1", 66, 900, ngx_eiam_key_ec },
    { "EC", "secp256k1", NGX_EIAM_SECP256K1, "secp256k1", 32, 450,
      ngx_eiam_key_ec },
    { "OKP", "Ed25519", NGX_EIAM_ED25519, "ED25519", 32, 150,
      ngx_eiam_key_okp },
    { "OKP", "Ed448", NGX_EIAM_ED448, "ED448", 57, 250, ngx_eiam_key_okp },
    { "oct", NULL, NGX_EIAM_OCT, NULL, 0, 0, ngx_eiam_key_oct },
    { NULL, NULL, 0, NULL, 0, 0, NULL }
};


ngx_int_t
ngx_eiam_jwk_material_kind(const ngx_eiam_node_t *node,
    const ngx_eiam_jwk_kind_t **found)
{
    ngx_int_t                   rc;
    ngx_str_t                   kty, crv;
    const ngx_eiam_jwk_kind_t  *kind;

    ngx_str_null(&crv);

    rc = ngx_eiam_node_text(node, "kty", &kty);

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? ngx_eiam_fault(node, "has no \"kty\"")
                                    : rc;
    }

    if (ngx_eiam_node_text(node, "crv", &crv) == NGX_ERROR) {
        return NGX_ERROR;
    }

    for (kind = ngx_eiam_key_kinds; kind->kty; kind++) {

        if (kty.len == ngx_strlen(kind->kty)
            && ngx_memcmp(kty.data, kind->kty, kty.len) == 0
            && (kind->crv == NULL
                || (crv.len == ngx_strlen(kind->crv)
                    && ngx_memcmp(crv.data, kind->crv, crv.len) == 0)))
        {
            *found = kind;
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_eiam_key_bytes(const ngx_eiam_node_t *node, const char *name,
    ngx_pool_t *pool, ngx_str_t *bytes)
{
    ngx_int_t  rc;
    ngx_str_t  text;

    rc = ngx_eiam_node_text(node, name, &text);

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED)
               ? ngx_eiam_fault(node, "has no \"%s\"", name) : rc;
    }

    rc = ngx_eiam_base64url(&text, pool, bytes);

    return (rc == NGX_DECLINED)
           ? ngx_eiam_fault(node, "\"%s\" must be base64url", name) : rc;
}


static ngx_int_t
ngx_eiam_key_rsa(const ngx_eiam_jwk_kind_t *kind, const ngx_eiam_node_t *node,
    ngx_pool_t *pool, ngx_eiam_key_t *key)
{
    int              bits, exponent_bits;
    BIGNUM          *n, *e;
    EVP_PKEY        *pkey;
    ngx_str_t        modulus, exponent;
    OSSL_PARAM_BLD  *build;

    if (ngx_eiam_key_bytes(node, "n", pool, &modulus) != NGX_OK
        || ngx_eiam_key_bytes(node, "e", pool, &exponent) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (exponent.len > NGX_EIAM_RSA_EXPONENT_MAX) {
        return ngx_eiam_fault(node, "\"e\" is larger than %d bytes",
                              NGX_EIAM_RSA_EXPONENT_MAX);
    }

    if (modulus.len > NGX_EIAM_RSA_MAX / 8) {
        return ngx_eiam_fault(node, "is larger than %d bits",
                              NGX_EIAM_RSA_MAX);
    }

    n = BN_bin2bn(modulus.data, modulus.len, NULL);
    e = BN_bin2bn(exponent.data, exponent.len, NULL);
    build = OSSL_PARAM_BLD_new();
    pkey = NULL;
    bits = 0;
    exponent_bits = 0;

    if (n && e && build) {

        bits = BN_num_bits(n);
        exponent_bits = BN_num_bits(e);

        if (bits >= NGX_EIAM_RSA_MIN && BN_is_odd(n) && BN_is_odd(e)
            && !BN_is_one(e)
            && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n)
            && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e))
        {
            pkey = ngx_eiam_key_make("RSA", build);
        }
    }

    OSSL_PARAM_BLD_free(build);
    BN_free(n);
    BN_free(e);

    if (bits < NGX_EIAM_RSA_MIN) {
        return ngx_eiam_fault(node, "has %d bits, fewer than %d", bits,
                              NGX_EIAM_RSA_MIN);
    }

    key->cost = ngx_eiam_key_rsa_cost(bits, exponent_bits);

    return ngx_eiam_key_keep(node, pool, key, pkey);
}


/*
 * A squaring for each bit of the exponent, and some products.  OpenSSL takes
 * four words of 64 bits at a time; otherwise it is half as fast.
 */

static ngx_uint_t
ngx_eiam_key_rsa_cost(ngx_uint_t bits, ngx_uint_t exponent_bits)
{
    ngx_uint_t  words, blocks;

    words = (bits + 63) / 64;
    blocks = (words + 3) / 4;

    return NGX_EIAM_HASH_COST
           + exponent_bits * blocks * blocks / ((words % 4) ? 24 : 48);
}


static ngx_int_t
ngx_eiam_key_ec(const ngx_eiam_jwk_kind_t *kind, const ngx_eiam_node_t *node,
    ngx_pool_t *pool, ngx_eiam_key_t *key)
{
    u_char           point[NGX_EIAM_POINT_MAX];
    EVP_PKEY        *pkey;
    ngx_str_t        x, y;
    OSSL_PARAM_BLD  *build;

    if (ngx_eiam_key_bytes(node, "x", pool, &x) != NGX_OK
        || ngx_eiam_key_bytes(node, "y", pool, &y) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (x.len > kind->size || y.len > kind->size) {
        return ngx_eiam_fault(node, "\"x\" and \"y\" must have %uz bytes",
                              kind->size);
    }

    /* uncompressed: SEC 1, section 2.3.3; some servers omit leading zeros */

    ngx_memzero(point, sizeof(point));

    point[0] = 4;
    ngx_memcpy(point + 1 + kind->size - x.len, x.data, x.len);
    ngx_memcpy(point + 1 + 2 * kind->size - y.len, y.data, y.len);

    build = OSSL_PARAM_BLD_new();
    pkey = NULL;

    if (build
        && OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME,
                                           kind->group, 0)
        && OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY,
                                            point, 1 + 2 * kind->size))
    {
        pkey = ngx_eiam_key_make("EC", build);
    }

    OSSL_PARAM_BLD_free(build);

    return ngx_eiam_key_keep(node, pool, key, pkey);
}


static ngx_int_t
ngx_eiam_key_okp(const ngx_eiam_jwk_kind_t *kind, const ngx_eiam_node_t *node,
    ngx_pool_t *pool, ngx_eiam_key_t *key)
{
    ngx_str_t  x;

    if (ngx_eiam_key_bytes(node, "x", pool, &x) != NGX_OK) {
        return NGX_ERROR;
    }

    if (x.len != kind->size) {
        return ngx_eiam_fault(node, "\"x\" must have %uz bytes", kind->size);
    }

    return ngx_eiam_key_keep(node, pool, key,
                             EVP_PKEY_new_raw_public_key_ex(NULL, kind->group,
                                                            NULL, x.data,
                                                            x.len));
}


static ngx_int_t
ngx_eiam_key_oct(const ngx_eiam_jwk_kind_t *kind, const ngx_eiam_node_t *node,
    ngx_pool_t *pool, ngx_eiam_key_t *key)
{
    size_t  min;

    if (ngx_eiam_key_bytes(node, "k", pool, &key->secret) != NGX_OK) {
        return NGX_ERROR;
    }

    min = (key->algorithm == NGX_EIAM_ANY_ALGORITHM)
          ? NGX_EIAM_OCT_MIN : ngx_eiam_jws_algorithms[key->algorithm].secret;

    if (key->secret.len < min) {
        return ngx_eiam_fault(node, "has %uz bytes, fewer than the %uz of the "
                              "hash", key->secret.len, min);
    }

    key->cost = NGX_EIAM_HASH_COST + key->secret.len / 256;

    return NGX_OK;
}


static EVP_PKEY *
ngx_eiam_key_make(const char *type, OSSL_PARAM_BLD *build)
{
    EVP_PKEY      *pkey;
    OSSL_PARAM    *params;
    EVP_PKEY_CTX  *ctx, *check;

    pkey = NULL;
    check = NULL;
    params = OSSL_PARAM_BLD_to_param(build);
    ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);

    (void) (params && ctx && EVP_PKEY_fromdata_init(ctx) == 1
            && EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params)
               == 1);

    /*
     * whether the point is on the curve; for RSA it would search for prime
     * factors
     */

    if (pkey && EVP_PKEY_is_a(pkey, "EC")) {
        check = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);

        if (check == NULL || EVP_PKEY_public_check(check) != 1) {
            EVP_PKEY_free(pkey);
            pkey = NULL;
        }
    }

    EVP_PKEY_CTX_free(check);
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);

    return pkey;
}


static ngx_int_t
ngx_eiam_key_keep(const ngx_eiam_node_t *node, ngx_pool_t *pool,
    ngx_eiam_key_t *key, EVP_PKEY *pkey)
{
    if (pkey == NULL) {
        ERR_clear_error();
        return ngx_eiam_fault(node, "is not a valid key");
    }

    return ngx_eiam_jwk_material_keep(key, pool, pkey);
}


ngx_int_t
ngx_eiam_jwk_material_keep(ngx_eiam_key_t *key, ngx_pool_t *pool, void *pkey)
{
    ngx_pool_cleanup_t  *cln;

    ERR_clear_error();

    if (pkey == NULL) {
        return NGX_ERROR;
    }

    cln = ngx_pool_cleanup_add(pool, 0);
    if (cln == NULL) {
        EVP_PKEY_free(pkey);
        return NGX_ERROR;
    }

    cln->handler = ngx_eiam_key_free;
    cln->data = pkey;

    key->pkey = pkey;

    return NGX_OK;
}


static void
ngx_eiam_key_free(void *data)
{
    EVP_PKEY_free(data);
}
