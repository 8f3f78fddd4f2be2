
#include <ngx_eiam_jws.h>
#include <ngx_eiam_string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>


#define NGX_EIAM_DER_MAX  160      /* bytes of the largest ECDSA-Sig-Value */


static ngx_int_t ngx_eiam_jws_verify_mac(
    const ngx_eiam_algorithm_t *algorithm, const ngx_eiam_key_t *key,
    const ngx_str_t *text, const ngx_str_t *signature);
static ngx_int_t ngx_eiam_jws_verify_pkey(
    const ngx_eiam_algorithm_t *algorithm, const ngx_eiam_key_t *key,
    const ngx_str_t *text, const ngx_str_t *signature);
static int ngx_eiam_jws_ecdsa(const ngx_str_t *signature, u_char *der);


#define ngx_eiam_bit(type)  ((ngx_uint_t) 1 << (type))


const ngx_eiam_algorithm_t  ngx_eiam_algorithms[] = {
    { ngx_string("RS256"), ngx_eiam_bit(NGX_EIAM_RSA), "SHA256", 0, 0, 0 },
    { ngx_string("RS384"), ngx_eiam_bit(NGX_EIAM_RSA), "SHA384", 0, 0, 0 },
    { ngx_string("RS512"), ngx_eiam_bit(NGX_EIAM_RSA), "SHA512", 0, 0, 0 },
    { ngx_string("PS256"), ngx_eiam_bit(NGX_EIAM_RSA), "SHA256", 1, 0, 0 },
    { ngx_string("PS384"), ngx_eiam_bit(NGX_EIAM_RSA), "SHA384", 1, 0, 0 },
    { ngx_string("PS512"), ngx_eiam_bit(NGX_EIAM_RSA), "SHA512", 1, 0, 0 },
    { ngx_string("ES256"), ngx_eiam_bit(NGX_EIAM_P256), "SHA256", 0, 64, 0 },
    { ngx_string("ES384"), ngx_eiam_bit(NGX_EIAM_P384), "SHA384", 0, 96, 0 },
    { ngx_string("ES512"), ngx_eiam_bit(NGX_EIAM_P521), "SHA512", 0, 132, 0 },
    { ngx_string("ES256K"), ngx_eiam_bit(NGX_EIAM_SECP256K1), "SHA256", 0, 64,
      0 },
    { ngx_string("EdDSA"),
      ngx_eiam_bit(NGX_EIAM_ED25519) | ngx_eiam_bit(NGX_EIAM_ED448), NULL, 0,
      0, 0 },
    { ngx_string("HS256"), ngx_eiam_bit(NGX_EIAM_OCT), "SHA256", 0, 32, 32 },
    { ngx_string("HS384"), ngx_eiam_bit(NGX_EIAM_OCT), "SHA384", 0, 48, 48 },
    { ngx_string("HS512"), ngx_eiam_bit(NGX_EIAM_OCT), "SHA512", 0, 64, 64 },
    { ngx_null_string, 0, NULL, 0, 0, 0 }
};


ngx_int_t
ngx_eiam_algorithm_find(const ngx_str_t *name)
{
    ngx_int_t  i;

    for (i = 0; ngx_eiam_algorithms[i].name.len; i++) {

        if (ngx_eiam_str_equal(&ngx_eiam_algorithms[i].name, name)) {
            return i;
        }
    }

    return NGX_DECLINED;
}


ngx_uint_t
ngx_eiam_key_fits(const ngx_eiam_key_t *key, ngx_uint_t algorithm)
{
    return (ngx_eiam_algorithms[algorithm].types & ngx_eiam_bit(key->type))
           && (key->algorithm == NGX_EIAM_ANY_ALGORITHM
               || key->algorithm == algorithm)
           && (key->pkey
               || key->secret.len >= ngx_eiam_algorithms[algorithm].secret);
}


ngx_int_t
ngx_eiam_jws_verify(ngx_uint_t algorithm, const ngx_eiam_key_t *key,
    const ngx_str_t *text, const ngx_str_t *signature)
{
    const ngx_eiam_algorithm_t  *a;

    a = &ngx_eiam_algorithms[algorithm];

    if (a->size && signature->len != a->size) {
        return NGX_DECLINED;
    }

    return key->pkey ? ngx_eiam_jws_verify_pkey(a, key, text, signature)
                     : ngx_eiam_jws_verify_mac(a, key, text, signature);
}


static ngx_int_t
ngx_eiam_jws_verify_mac(const ngx_eiam_algorithm_t *algorithm,
    const ngx_eiam_key_t *key, const ngx_str_t *text,
    const ngx_str_t *signature)
{
    u_char  mac[EVP_MAX_MD_SIZE];
    size_t  len;

    if (EVP_Q_mac(NULL, "HMAC", NULL, algorithm->hash, NULL,
                  key->secret.data, key->secret.len, text->data, text->len,
                  mac, sizeof(mac), &len)
        == NULL)
    {
        return NGX_DECLINED;
    }

    return (len == signature->len
            && CRYPTO_memcmp(mac, signature->data, len) == 0)
           ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
ngx_eiam_jws_verify_pkey(const ngx_eiam_algorithm_t *algorithm,
    const ngx_eiam_key_t *key, const ngx_str_t *text,
    const ngx_str_t *signature)
{
    int            rc, len;
    u_char         der[NGX_EIAM_DER_MAX], *p;
    EVP_MD_CTX    *ctx;
    EVP_PKEY_CTX  *pctx;

    p = signature->data;
    len = signature->len;

    if (algorithm->size) {
        p = der;
        len = ngx_eiam_jws_ecdsa(signature, der);
    }

    ctx = EVP_MD_CTX_new();

    rc = len > 0 && ctx
         && EVP_DigestVerifyInit_ex(ctx, &pctx, algorithm->hash, NULL, NULL,
                                    key->pkey, NULL)
            == 1
         && (!algorithm->pss
             || (EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) > 0
                 && EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx,
                                                     RSA_PSS_SALTLEN_DIGEST)
                    > 0))
         && EVP_DigestVerify(ctx, p, len, text->data, text->len) == 1;

    EVP_MD_CTX_free(ctx);
    ERR_clear_error();

    return rc ? NGX_OK : NGX_DECLINED;
}


/*
 * The two numbers, each half of the bytes, as ECDSA-Sig-Value: its length, or
 * 0.  RFC 7518, section 3.4; neither may be zero.
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
