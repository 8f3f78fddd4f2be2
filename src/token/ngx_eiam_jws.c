
#include <ngx_eiam_jws.h>
#include <ngx_eiam_string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>


#define NGX_EIAM_DER_MAX  160      /* bytes of the largest ECDSA-Sig-Value */


/*
 * Looking up an algorithm by name and creating a context take a fifth of the
 * time of an RSA verification, so both are kept for the algorithm used last.
 */

typedef struct {
    ngx_uint_t            algorithm;     /* NGX_EIAM_ANY_ALGORITHM: none */
    EVP_MD_CTX           *digest;
    EVP_PKEY_CTX         *pkey;
    EVP_MAC_CTX          *mac;
} ngx_eiam_verifier_t;


static ngx_uint_t ngx_eiam_jws_is_same(const ngx_eiam_algorithm_t *a,
    const ngx_eiam_algorithm_t *b);
static ngx_int_t ngx_eiam_verifier_make(ngx_eiam_verifier_t *verifier,
    ngx_uint_t algorithm, const ngx_eiam_key_t *key);
static ngx_uint_t ngx_eiam_verifier_mac(ngx_eiam_verifier_t *verifier,
    const ngx_eiam_algorithm_t *algorithm);
static ngx_uint_t ngx_eiam_verifier_pkey(ngx_eiam_verifier_t *verifier,
    const ngx_eiam_algorithm_t *algorithm, const ngx_eiam_key_t *key);
static void ngx_eiam_verifier_free(void *data);
static ngx_int_t ngx_eiam_jws_mac(const ngx_eiam_verifier_t *verifier,
    const ngx_eiam_key_t *key, const ngx_str_t *text,
    const ngx_str_t *signature);
static ngx_int_t ngx_eiam_jws_pkey(const ngx_eiam_verifier_t *verifier,
    const ngx_eiam_algorithm_t *algorithm, const ngx_str_t *text,
    const ngx_str_t *signature);
static ngx_int_t ngx_eiam_jws_eddsa(const ngx_eiam_key_t *key,
    const ngx_str_t *text, const ngx_str_t *signature);
static int ngx_eiam_jws_ecdsa(const ngx_str_t *signature, u_char *der);


#define ngx_eiam_bit(type)  ((ngx_uint_t) 1 << (type))


const ngx_eiam_algorithm_t  ngx_eiam_jws_algorithms[] = {
    { ngx_string("RS256"), 1, ngx_eiam_bit(NGX_EIAM_RSA), "SHA256", 0, 0, 0 },
    { ngx_string("RS384"), 0, ngx_eiam_bit(NGX_EIAM_RSA), "SHA384", 0, 0, 0 },
    { ngx_string("RS512"), 0, ngx_eiam_bit(NGX_EIAM_RSA), "SHA512", 0, 0, 0 },
    { ngx_string("PS256"), 1, ngx_eiam_bit(NGX_EIAM_RSA), "SHA256", 1, 0, 0 },
    { ngx_string("PS384"), 0, ngx_eiam_bit(NGX_EIAM_RSA), "SHA384", 1, 0, 0 },
    { ngx_string("PS512"), 0, ngx_eiam_bit(NGX_EIAM_RSA), "SHA512", 1, 0, 0 },
    { ngx_string("ES256"), 1, ngx_eiam_bit(NGX_EIAM_P256), "SHA256", 0, 64, 0 },
    { ngx_string("ES384"), 1, ngx_eiam_bit(NGX_EIAM_P384), "SHA384", 0, 96, 0 },
    { ngx_string("ES512"), 0, ngx_eiam_bit(NGX_EIAM_P521), "SHA512", 0, 132,
      0 },
    { ngx_string("ES256K"), 0, ngx_eiam_bit(NGX_EIAM_SECP256K1), "SHA256", 0,
      64, 0 },
    { ngx_string("EdDSA"), 1,
      ngx_eiam_bit(NGX_EIAM_ED25519) | ngx_eiam_bit(NGX_EIAM_ED448), NULL, 0,
      0, 0 },
    { ngx_string("Ed25519"), 1, ngx_eiam_bit(NGX_EIAM_ED25519), NULL, 0, 64,
      0 },
    { ngx_string("Ed448"), 1, ngx_eiam_bit(NGX_EIAM_ED448), NULL, 0, 114, 0 },
    { ngx_string("HS256"), 0, ngx_eiam_bit(NGX_EIAM_OCT), "SHA256", 0, 32, 32 },
    { ngx_string("HS384"), 0, ngx_eiam_bit(NGX_EIAM_OCT), "SHA384", 0, 48, 48 },
    { ngx_string("HS512"), 0, ngx_eiam_bit(NGX_EIAM_OCT), "SHA512", 0, 64, 64 },
    { ngx_null_string, 0, 0, NULL, 0, 0, 0 }
};


ngx_int_t
ngx_eiam_jws_algorithm_find(const ngx_str_t *name)
{
    ngx_int_t  i;

    for (i = 0; ngx_eiam_jws_algorithms[i].name.len; i++) {

        if (ngx_eiam_str_equal(&ngx_eiam_jws_algorithms[i].name, name)) {
            return i;
        }
    }

    return NGX_DECLINED;
}


/* RFC 9864, section 2.2: EdDSA stands for Ed25519 and Ed448 */

ngx_uint_t
ngx_eiam_jws_algorithm_bits(ngx_uint_t algorithm)
{
    ngx_uint_t                   i, bits;
    const ngx_eiam_algorithm_t  *a;

    bits = ngx_eiam_bit(algorithm);
    a = &ngx_eiam_jws_algorithms[algorithm];

    for (i = 0; ngx_eiam_jws_algorithms[i].name.len; i++) {

        if (ngx_eiam_jws_is_same(a, &ngx_eiam_jws_algorithms[i])
            && (a->types & ngx_eiam_jws_algorithms[i].types)
               == ngx_eiam_jws_algorithms[i].types)
        {
            bits |= ngx_eiam_bit(i);
        }
    }

    return bits;
}


/* the algorithms of RFC 8032 differ only in the type of their keys */

static ngx_uint_t
ngx_eiam_jws_is_same(const ngx_eiam_algorithm_t *a,
    const ngx_eiam_algorithm_t *b)
{
    return a == b || (a->hash == NULL && b->hash == NULL);
}


ngx_uint_t
ngx_eiam_jws_algorithms_default(void)
{
    ngx_uint_t  i, algorithms;

    algorithms = 0;

    for (i = 0; ngx_eiam_jws_algorithms[i].name.len; i++) {

        if (ngx_eiam_jws_algorithms[i].is_default) {
            algorithms |= ngx_eiam_bit(i);
        }
    }

    return algorithms;
}


ngx_uint_t
ngx_eiam_jws_key_fits(const ngx_eiam_key_t *key, ngx_uint_t algorithm)
{
    return (ngx_eiam_jws_algorithms[algorithm].types & ngx_eiam_bit(key->type))
           && (key->algorithm == NGX_EIAM_ANY_ALGORITHM
               || ngx_eiam_jws_is_same(&ngx_eiam_jws_algorithms[algorithm],
                                  &ngx_eiam_jws_algorithms[key->algorithm]))
           && (key->pkey
               || key->secret.len >= ngx_eiam_jws_algorithms[algorithm].secret);
}


ngx_int_t
ngx_eiam_jws_key_prepare(ngx_eiam_key_t *key, ngx_pool_t *pool)
{
    ngx_pool_cleanup_t   *cln;
    ngx_eiam_verifier_t  *verifier;

    cln = ngx_pool_cleanup_add(pool, sizeof(ngx_eiam_verifier_t));
    if (cln == NULL) {
        return NGX_ERROR;
    }

    verifier = cln->data;

    ngx_memzero(verifier, sizeof(ngx_eiam_verifier_t));
    verifier->algorithm = NGX_EIAM_ANY_ALGORITHM;

    cln->handler = ngx_eiam_verifier_free;
    key->verifier = verifier;

    return NGX_OK;
}


ngx_int_t
ngx_eiam_jws_verify(ngx_uint_t algorithm, const ngx_eiam_key_t *key,
    const ngx_str_t *text, const ngx_str_t *signature)
{
    ngx_int_t                    rc;
    ngx_eiam_verifier_t         *verifier;
    const ngx_eiam_algorithm_t  *a;

    a = &ngx_eiam_jws_algorithms[algorithm];
    verifier = key->verifier;

    if (a->size && signature->len != a->size) {
        return NGX_DECLINED;
    }

    if (a->hash == NULL) {
        rc = ngx_eiam_jws_eddsa(key, text, signature);

    } else if (verifier->algorithm != algorithm
               && ngx_eiam_verifier_make(verifier, algorithm, key) != NGX_OK)
    {
        rc = NGX_ERROR;

    } else {
        rc = key->pkey ? ngx_eiam_jws_pkey(verifier, a, text, signature)
                       : ngx_eiam_jws_mac(verifier, key, text, signature);
    }

    ERR_clear_error();

    /* a context is not used again after an error */

    if (rc == NGX_ERROR) {
        ngx_eiam_verifier_free(verifier);
    }

    return (rc == NGX_OK) ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
ngx_eiam_verifier_make(ngx_eiam_verifier_t *verifier, ngx_uint_t algorithm,
    const ngx_eiam_key_t *key)
{
    const ngx_eiam_algorithm_t  *a;

    a = &ngx_eiam_jws_algorithms[algorithm];

    ngx_eiam_verifier_free(verifier);

    if (key->pkey ? ngx_eiam_verifier_pkey(verifier, a, key)
                  : ngx_eiam_verifier_mac(verifier, a))
    {
        verifier->algorithm = algorithm;
        return NGX_OK;
    }

    ngx_eiam_verifier_free(verifier);

    return NGX_ERROR;
}


static ngx_uint_t
ngx_eiam_verifier_mac(ngx_eiam_verifier_t *verifier,
    const ngx_eiam_algorithm_t *algorithm)
{
    EVP_MAC     *hmac;
    OSSL_PARAM   params[2];

    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
                                                 (char *) algorithm->hash, 0);
    params[1] = OSSL_PARAM_construct_end();

    hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    if (hmac == NULL) {
        return 0;
    }

    verifier->mac = EVP_MAC_CTX_new(hmac);

    EVP_MAC_free(hmac);

    return verifier->mac && EVP_MAC_CTX_set_params(verifier->mac, params);
}


static ngx_uint_t
ngx_eiam_verifier_pkey(ngx_eiam_verifier_t *verifier,
    const ngx_eiam_algorithm_t *algorithm, const ngx_eiam_key_t *key)
{
    EVP_MD        *md;
    ngx_uint_t     made;
    EVP_PKEY_CTX  *pkey;

    md = EVP_MD_fetch(NULL, algorithm->hash, NULL);
    pkey = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);

    verifier->digest = EVP_MD_CTX_new();
    verifier->pkey = pkey;

    made = md && pkey && verifier->digest
           && EVP_DigestInit_ex2(verifier->digest, md, NULL) == 1
           && EVP_PKEY_verify_init(pkey) == 1
           && EVP_PKEY_CTX_set_signature_md(pkey, md) > 0
           && (!algorithm->pss
               || (EVP_PKEY_CTX_set_rsa_padding(pkey, RSA_PKCS1_PSS_PADDING)
                   > 0
                   && EVP_PKEY_CTX_set_rsa_pss_saltlen(pkey,
                                                       RSA_PSS_SALTLEN_DIGEST)
                      > 0));

    EVP_MD_free(md);

    return made;
}


static void
ngx_eiam_verifier_free(void *data)
{
    ngx_eiam_verifier_t  *verifier = data;

    EVP_MD_CTX_free(verifier->digest);
    EVP_PKEY_CTX_free(verifier->pkey);
    EVP_MAC_CTX_free(verifier->mac);

    ngx_memzero(verifier, sizeof(ngx_eiam_verifier_t));
    verifier->algorithm = NGX_EIAM_ANY_ALGORITHM;
}


/* NGX_OK; NGX_DECLINED: the signature is wrong; or NGX_ERROR */

static ngx_int_t
ngx_eiam_jws_mac(const ngx_eiam_verifier_t *verifier,
    const ngx_eiam_key_t *key, const ngx_str_t *text,
    const ngx_str_t *signature)
{
    u_char  mac[EVP_MAX_MD_SIZE];
    size_t  len;

    if (!EVP_MAC_init(verifier->mac, key->secret.data, key->secret.len, NULL)
        || !EVP_MAC_update(verifier->mac, text->data, text->len)
        || !EVP_MAC_final(verifier->mac, mac, &len, sizeof(mac)))
    {
        return NGX_ERROR;
    }

    return (len == signature->len
            && CRYPTO_memcmp(mac, signature->data, len) == 0)
           ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
ngx_eiam_jws_pkey(const ngx_eiam_verifier_t *verifier,
    const ngx_eiam_algorithm_t *algorithm, const ngx_str_t *text,
    const ngx_str_t *signature)
{
    int            len;
    u_char         der[NGX_EIAM_DER_MAX], *p;
    u_char         digest[EVP_MAX_MD_SIZE];
    unsigned int   size;

    p = signature->data;
    len = signature->len;

    if (algorithm->size) {
        p = der;
        len = ngx_eiam_jws_ecdsa(signature, der);
    }

    if (len <= 0) {
        return NGX_DECLINED;
    }

    if (EVP_DigestInit_ex2(verifier->digest, NULL, NULL) != 1
        || EVP_DigestUpdate(verifier->digest, text->data, text->len) != 1
        || EVP_DigestFinal_ex(verifier->digest, digest, &size) != 1)
    {
        return NGX_ERROR;
    }

    return (EVP_PKEY_verify(verifier->pkey, p, len, digest, size) == 1)
           ? NGX_OK : NGX_DECLINED;
}


/* there is no digest to be made in advance, and no context can be reused */

static ngx_int_t
ngx_eiam_jws_eddsa(const ngx_eiam_key_t *key, const ngx_str_t *text,
    const ngx_str_t *signature)
{
    ngx_uint_t   valid;
    EVP_MD_CTX  *ctx;

    ctx = EVP_MD_CTX_new();

    valid = ctx
            && EVP_DigestVerifyInit_ex(ctx, NULL, NULL, NULL, NULL,
                                       key->pkey, NULL)
               == 1
            && EVP_DigestVerify(ctx, signature->data, signature->len,
                                text->data, text->len)
               == 1;

    EVP_MD_CTX_free(ctx);

    return valid ? NGX_OK : NGX_DECLINED;
}


/*
 * Writes the two numbers of a signature, half of its bytes each, as
 * ECDSA-Sig-Value.  Returns its length, or 0.  RFC 7518, section 3.4; neither
 * number may be zero.
 */

static int
ngx_eiam_jws_ecdsa(const ngx_str_t *signature, u_char *der)
{
    int         len;
    BIGNUM     *r, *s;
    size_t      half;
    ECDSA_SIG  *sig;

    half = signature->len / 2;
    len = 0;

    sig = ECDSA_SIG_new();
    r = BN_bin2bn(signature->data, half, NULL);
    s = BN_bin2bn(signature->data + half, half, NULL);

    if (sig == NULL || r == NULL || s == NULL || BN_is_zero(r)
        || BN_is_zero(s))
    {
        BN_free(r);
        BN_free(s);

    } else {
        ECDSA_SIG_set0(sig, r, s);
        len = i2d_ECDSA_SIG(sig, &der);
    }

    ECDSA_SIG_free(sig);

    return len;
}
