
/*
 * Signatures: the vectors of RFC 7515, appendix A, RFC 7520, section 4, and
 * RFC 8037, appendix A, and in all algorithms signatures made by OpenSSL.
 */

#include "ngx_eiam_unit_vectors.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>


#define NGX_EIAM_UNIT_SIGNATURE_MAX  512      /* bytes */
#define NGX_EIAM_UNIT_TYPES  (NGX_EIAM_OCT + 1)


/* an algorithm as in RFC 7518, RFC 8037, RFC 8812 and RFC 9864 */

typedef struct {
    const char           *name;
    ngx_eiam_key_type_e   type;
    ngx_eiam_key_type_e   other;
    const char           *hash;
    int                   pss;
    size_t                secret;
    size_t                half;       /* bytes of a number of ECDSA */
} ngx_eiam_unit_algorithm_t;


/* a key that signs */

typedef struct {
    ngx_eiam_key_t        key;
    EVP_PKEY             *pkey;
} ngx_eiam_unit_signer_t;


static void ngx_eiam_unit_jws_names(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_jws_fits(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_jws_pinned(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_jws_edwards(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_jws_vector(ngx_eiam_unit_t *unit,
    const ngx_eiam_unit_vector_t *vector);
static ngx_uint_t ngx_eiam_unit_jws_flipped(ngx_uint_t algorithm,
    const ngx_eiam_key_t *key, const ngx_str_t *text,
    const ngx_str_t *signature);
static ngx_uint_t ngx_eiam_unit_jws_lengths(ngx_eiam_unit_t *unit,
    ngx_uint_t algorithm, const ngx_eiam_key_t *key, const ngx_str_t *text,
    const ngx_str_t *signature);
static ngx_uint_t ngx_eiam_unit_jws_others(ngx_uint_t algorithm,
    const ngx_eiam_key_t *key, const ngx_str_t *text,
    const ngx_str_t *signature);
static void ngx_eiam_unit_jws_generated(ngx_eiam_unit_t *unit,
    ngx_eiam_unit_signer_t *signers);
static void ngx_eiam_unit_jws_turns(ngx_eiam_unit_t *unit,
    const ngx_eiam_unit_signer_t *signer);
static void ngx_eiam_unit_jws_salt(ngx_eiam_unit_t *unit,
    const ngx_eiam_unit_signer_t *signer);
static void ngx_eiam_unit_jws_ecdsa(ngx_eiam_unit_t *unit,
    const ngx_eiam_unit_signer_t *signers);
static void ngx_eiam_unit_jws_numbers(ngx_eiam_unit_t *unit,
    const ngx_eiam_unit_algorithm_t *a, const ngx_eiam_unit_signer_t *signer);
static ngx_uint_t ngx_eiam_unit_jws_verify(ngx_uint_t algorithm,
    const ngx_eiam_key_t *key, const ngx_str_t *text,
    const ngx_str_t *signature);
static ngx_uint_t ngx_eiam_unit_jws_number(const char *name);

static void ngx_eiam_unit_signers_make(ngx_eiam_unit_t *unit,
    ngx_eiam_unit_signer_t *signers);
static void ngx_eiam_unit_signers_free(ngx_eiam_unit_signer_t *signers);
static ngx_str_t ngx_eiam_unit_sign(const ngx_eiam_unit_algorithm_t *a,
    const ngx_eiam_unit_signer_t *signer, int salt, const ngx_str_t *text,
    u_char *buf);
static size_t ngx_eiam_unit_sign_raw(const ngx_eiam_unit_algorithm_t *a,
    const u_char *der, size_t len, u_char *buf);


static const ngx_eiam_unit_algorithm_t  ngx_eiam_unit_algorithms[] = {
    { "RS256", NGX_EIAM_RSA, NGX_EIAM_RSA, "SHA256", 0, 0, 0 },
    { "RS384", NGX_EIAM_RSA, NGX_EIAM_RSA, "SHA384", 0, 0, 0 },
    { "RS512", NGX_EIAM_RSA, NGX_EIAM_RSA, "SHA512", 0, 0, 0 },
    { "PS256", NGX_EIAM_RSA, NGX_EIAM_RSA, "SHA256", 1, 0, 0 },
    { "PS384", NGX_EIAM_RSA, NGX_EIAM_RSA, "SHA384", 1, 0, 0 },
    { "PS512", NGX_EIAM_RSA, NGX_EIAM_RSA, "SHA512", 1, 0, 0 },
    { "ES256", NGX_EIAM_P256, NGX_EIAM_P256, "SHA256", 0, 0, 32 },
    { "ES384", NGX_EIAM_P384, NGX_EIAM_P384, "SHA384", 0, 0, 48 },
    { "ES512", NGX_EIAM_P521, NGX_EIAM_P521, "SHA512", 0, 0, 66 },
    { "ES256K", NGX_EIAM_SECP256K1, NGX_EIAM_SECP256K1, "SHA256", 0, 0, 32 },
    { "EdDSA", NGX_EIAM_ED25519, NGX_EIAM_ED448, NULL, 0, 0, 0 },
    { "Ed25519", NGX_EIAM_ED25519, NGX_EIAM_ED25519, NULL, 0, 0, 0 },
    { "Ed448", NGX_EIAM_ED448, NGX_EIAM_ED448, NULL, 0, 0, 0 },
    { "HS256", NGX_EIAM_OCT, NGX_EIAM_OCT, "SHA256", 0, 32, 0 },
    { "HS384", NGX_EIAM_OCT, NGX_EIAM_OCT, "SHA384", 0, 48, 0 },
    { "HS512", NGX_EIAM_OCT, NGX_EIAM_OCT, "SHA512", 0, 64, 0 },
    { NULL, 0, 0, NULL, 0, 0, 0 }
};


static const char *const  ngx_eiam_unit_no_algorithms[] = {
    "", "none", "None", "NONE", "rs256", "RS256 ", " RS256", "RS25", "RS2566",
    "es256k", "ES256k", "EDDSA", "eddsa", "ED25519", "Ed25519 ", "Ed44", "HS1",
    "HS128", "RSA1_5", "RSA-OAEP", "dir", "A128KW", "ECDH-ES", "ES192",
    "PS1", NULL
};


void
ngx_eiam_unit_jws(ngx_eiam_unit_t *unit)
{
    ngx_eiam_unit_signer_t         signers[NGX_EIAM_UNIT_TYPES];
    const ngx_eiam_unit_vector_t  *vector;

    ngx_eiam_unit_jws_names(unit);
    ngx_eiam_unit_jws_fits(unit);
    ngx_eiam_unit_jws_pinned(unit);

    for (vector = ngx_eiam_unit_vectors; vector->name; vector++) {
        ngx_eiam_unit_jws_vector(unit, vector);
    }

    ngx_eiam_unit_signers_make(unit, signers);

    ngx_eiam_unit_jws_generated(unit, signers);
    ngx_eiam_unit_jws_turns(unit, &signers[NGX_EIAM_RSA]);
    ngx_eiam_unit_jws_turns(unit, &signers[NGX_EIAM_OCT]);
    ngx_eiam_unit_jws_salt(unit, &signers[NGX_EIAM_RSA]);
    ngx_eiam_unit_jws_ecdsa(unit, signers);

    ngx_eiam_unit_signers_free(signers);
}


static void
ngx_eiam_unit_jws_names(ngx_eiam_unit_t *unit)
{
    ngx_str_t                          name;
    ngx_uint_t                         i;
    const ngx_eiam_unit_algorithm_t   *a;

    i = 0;

    for (a = ngx_eiam_unit_algorithms; a->name; a++) {

        ngx_eiam_unit_text(&name, a->name);

        ngx_eiam_unit_ok(unit, ngx_eiam_jws_algorithm_find(&name)
                               == (ngx_int_t) i
                               && ngx_eiam_unit_equal(
                                      &ngx_eiam_jws_algorithms[i].name, &name),
                         "%s is an algorithm", a->name);
        i++;
    }

    ngx_eiam_unit_ok(unit, ngx_eiam_jws_algorithms[i].name.len == 0,
                     "there is no other");

    for (i = 0; ngx_eiam_unit_no_algorithms[i]; i++) {

        ngx_eiam_unit_text(&name, ngx_eiam_unit_no_algorithms[i]);

        ngx_eiam_unit_ok(unit, ngx_eiam_jws_algorithm_find(&name)
                               == NGX_DECLINED,
                         "\"%V\" is none", &name);
    }
}


/* each algorithm and each type of key */

static void
ngx_eiam_unit_jws_fits(ngx_eiam_unit_t *unit)
{
    ngx_uint_t                        i, type, wrong;
    ngx_eiam_key_t                    key;
    const ngx_eiam_unit_algorithm_t  *a;

    for (a = ngx_eiam_unit_algorithms; a->name; a++) {

        i = a - ngx_eiam_unit_algorithms;
        wrong = 0;

        for (type = 0; type < NGX_EIAM_UNIT_TYPES; type++) {

            ngx_memzero(&key, sizeof(ngx_eiam_key_t));

            key.type = type;
            key.algorithm = NGX_EIAM_ANY_ALGORITHM;

            if (type == NGX_EIAM_OCT) {
                key.secret.len = 64;

            } else {
                key.pkey = &key;
            }

            wrong += ngx_eiam_jws_key_fits(&key, i)
                     != (type == a->type || type == a->other);
        }

        ngx_eiam_unit_ok(unit, wrong == 0, "the keys that fit %s", a->name);
    }
}


static void
ngx_eiam_unit_jws_pinned(ngx_eiam_unit_t *unit)
{
    ngx_uint_t                        i;
    ngx_eiam_key_t                    key;
    const ngx_eiam_unit_algorithm_t  *a;

    ngx_memzero(&key, sizeof(ngx_eiam_key_t));

    key.type = NGX_EIAM_RSA;
    key.pkey = &key;
    key.algorithm = ngx_eiam_unit_jws_number("PS256");

    ngx_eiam_unit_ok(unit,
                     ngx_eiam_jws_key_fits(&key,
                                           ngx_eiam_unit_jws_number("PS256"))
                     && !ngx_eiam_jws_key_fits(&key,
                                           ngx_eiam_unit_jws_number("RS256"))
                     && !ngx_eiam_jws_key_fits(&key,
                                           ngx_eiam_unit_jws_number("PS384")),
                     "a key's own algorithm is its only one");

    ngx_eiam_unit_jws_edwards(unit);

    key.type = NGX_EIAM_OCT;
    key.pkey = NULL;
    key.algorithm = NGX_EIAM_ANY_ALGORITHM;

    for (a = ngx_eiam_unit_algorithms; a->name; a++) {

        if (a->secret == 0) {
            continue;
        }

        i = a - ngx_eiam_unit_algorithms;
        key.secret.len = a->secret;

        ngx_eiam_unit_ok(unit, ngx_eiam_jws_key_fits(&key, i),
                         "%s: a secret of %uz bytes", a->name, a->secret);

        key.secret.len--;

        ngx_eiam_unit_ok(unit, !ngx_eiam_jws_key_fits(&key, i),
                         "and no shorter");
    }
}


/* RFC 9864: two names for an algorithm, but not for two keys */

static void
ngx_eiam_unit_jws_edwards(ngx_eiam_unit_t *unit)
{
    ngx_uint_t      i, k, n, type;
    ngx_eiam_key_t  key;

    static const char *const  names[] = { "EdDSA", "Ed25519", "Ed448" };

    ngx_memzero(&key, sizeof(ngx_eiam_key_t));

    key.pkey = &key;

    for (i = 0; i < 3; i++) {

        n = ngx_eiam_jws_algorithm_bits(ngx_eiam_unit_jws_number(names[i]));

        for (k = 0; k < 3; k++) {

            ngx_eiam_unit_ok(unit,
                             (n >> ngx_eiam_unit_jws_number(names[k]) & 1)
                             == (i == k || i == 0),
                             "where %s is accepted: %s", names[i], names[k]);

            for (type = NGX_EIAM_ED25519; type <= NGX_EIAM_ED448; type++) {

                key.type = type;
                key.algorithm = ngx_eiam_unit_jws_number(names[i]);

                ngx_eiam_unit_ok(unit,
                    ngx_eiam_jws_key_fits(&key,
                                          ngx_eiam_unit_jws_number(names[k]))
                    == (k == 0 || k == 1 + type - NGX_EIAM_ED25519),
                    "a key of type %ui for %s and a token of %s", type,
                    names[i], names[k]);
            }
        }
    }

    ngx_eiam_unit_ok(unit, ngx_eiam_jws_algorithm_bits(0) == 1,
                     "RS256 has one name");
}


static void
ngx_eiam_unit_jws_vector(ngx_eiam_unit_t *unit,
    const ngx_eiam_unit_vector_t *vector)
{
    ngx_str_t        text, signature;
    ngx_uint_t       algorithm;
    ngx_eiam_key_t  *key;
    ngx_eiam_keys_t  keys;

    ngx_eiam_unit_keys_read(unit, vector->key, &keys);
    key = keys.list.elts;

    algorithm = ngx_eiam_unit_jws_number(vector->algorithm);
    ngx_eiam_unit_text(&text, vector->text);
    signature = ngx_eiam_unit_decode(unit, vector->signature);

    ngx_eiam_unit_ok(unit, keys.list.nelts == 1
                           && ngx_eiam_jws_key_fits(key, algorithm)
                           && ngx_eiam_unit_jws_verify(algorithm, key, &text,
                                                       &signature),
                     "%s: %s", vector->name, vector->algorithm);
    ngx_eiam_unit_ok(unit, ngx_eiam_unit_jws_flipped(algorithm, key, &text,
                                                     &signature)
                           == 0,
                     "%s: no other bit, anywhere", vector->name);
    ngx_eiam_unit_ok(unit, ngx_eiam_unit_jws_lengths(unit, algorithm, key,
                                                     &text, &signature)
                           == 0,
                     "%s: no byte more or less", vector->name);
    ngx_eiam_unit_ok(unit, ngx_eiam_unit_jws_others(algorithm, key, &text,
                                                    &signature)
                           == 0,
                     "%s: no other algorithm", vector->name);
}


/* how many signatures with one changed bit are valid: one bit of each byte */

static ngx_uint_t
ngx_eiam_unit_jws_flipped(ngx_uint_t algorithm, const ngx_eiam_key_t *key,
    const ngx_str_t *text, const ngx_str_t *signature)
{
    size_t      i;
    ngx_str_t   placed;
    ngx_uint_t  valid;

    valid = 0;

    for (i = 0; i < signature->len; i++) {
        placed = ngx_eiam_unit_place(0, 0, signature);
        placed.data[i] ^= 1 << i % 8;

        valid += ngx_eiam_unit_jws_verify(algorithm, key, text, &placed);
    }

    for (i = 0; i < text->len; i++) {
        placed = ngx_eiam_unit_place(0, 0, text);
        placed.data[i] ^= 1 << i % 8;

        valid += ngx_eiam_unit_jws_verify(algorithm, key, &placed, signature);
    }

    return valid;
}


static ngx_uint_t
ngx_eiam_unit_jws_lengths(ngx_eiam_unit_t *unit, ngx_uint_t algorithm,
    const ngx_eiam_key_t *key, const ngx_str_t *text,
    const ngx_str_t *signature)
{
    u_char      buf[NGX_EIAM_UNIT_SIGNATURE_MAX];
    size_t      len;
    ngx_str_t   other;
    ngx_uint_t  valid;

    static const ngx_str_t  empty = ngx_string("");

    valid = 0;

    ngx_memzero(buf, sizeof(buf));
    ngx_memcpy(buf, signature->data, signature->len);

    other.data = buf;

    for (len = 0; len <= signature->len + 2; len++) {
        other.len = len;

        valid += len != signature->len
                 && ngx_eiam_unit_jws_verify(algorithm, key, text, &other);
    }

    /* leading zeros, which do not change the number */

    ngx_memzero(buf, 2);
    ngx_memcpy(buf + 2, signature->data, signature->len);

    other.len = signature->len + 2;
    valid += ngx_eiam_unit_jws_verify(algorithm, key, text, &other);

    other.data = buf + 1;
    other.len = signature->len + 1;
    valid += ngx_eiam_unit_jws_verify(algorithm, key, text, &other);

    other = *text;
    other.len--;
    valid += ngx_eiam_unit_jws_verify(algorithm, key, &other, signature);

    other = ngx_eiam_unit_join(unit, text, "A", &empty);
    valid += ngx_eiam_unit_jws_verify(algorithm, key, &other, signature);

    return valid + ngx_eiam_unit_jws_verify(algorithm, key, &empty,
                                            signature);
}


static ngx_uint_t
ngx_eiam_unit_jws_others(ngx_uint_t algorithm, const ngx_eiam_key_t *key,
    const ngx_str_t *text, const ngx_str_t *signature)
{
    ngx_uint_t  i, valid;

    valid = 0;

    for (i = 0; ngx_eiam_jws_algorithms[i].name.len; i++) {

        /* EdDSA is another name of both algorithms */

        valid += i != algorithm
                 && (ngx_eiam_jws_algorithms[i].hash
                     || ngx_eiam_jws_algorithms[algorithm].hash)
                 && ngx_eiam_jws_key_fits(key, i)
                 && ngx_eiam_unit_jws_verify(i, key, text, signature);
    }

    return valid;
}


/* each algorithm, by a key of each type that it has */

static void
ngx_eiam_unit_jws_generated(ngx_eiam_unit_t *unit,
    ngx_eiam_unit_signer_t *signers)
{
    u_char                            buf[NGX_EIAM_UNIT_SIGNATURE_MAX];
    ngx_str_t                         signature;
    ngx_uint_t                        i, type, wrong;
    ngx_eiam_key_t                   *key;
    const ngx_eiam_unit_algorithm_t  *a;

    static const ngx_str_t  text = ngx_string("header.claims");

    for (a = ngx_eiam_unit_algorithms; a->name; a++) {

        i = a - ngx_eiam_unit_algorithms;
        wrong = 0;

        for (type = a->type; type <= a->other; type++) {

            key = &signers[type].key;
            signature = ngx_eiam_unit_sign(a, &signers[type],
                                           RSA_PSS_SALTLEN_DIGEST, &text,
                                           buf);

            wrong += !ngx_eiam_unit_jws_verify(i, key, &text, &signature)
                     || ngx_eiam_unit_jws_flipped(i, key, &text, &signature)
                     || ngx_eiam_unit_jws_lengths(unit, i, key, &text,
                                                  &signature)
                     || ngx_eiam_unit_jws_others(i, key, &text, &signature);
        }

        ngx_eiam_unit_ok(unit, wrong == 0,
                         "%s: what OpenSSL signs, and nothing else", a->name);
    }
}


/* what is kept for one algorithm is not used for another */

static void
ngx_eiam_unit_jws_turns(ngx_eiam_unit_t *unit,
    const ngx_eiam_unit_signer_t *signer)
{
    u_char                            buf[NGX_EIAM_UNIT_SIGNATURE_MAX];
    ngx_str_t                         signature;
    ngx_uint_t                        i, n, as, wrong;
    const ngx_eiam_unit_algorithm_t  *a;

    static const ngx_str_t  text = ngx_string("header.claims");

    wrong = 0;
    n = 0;

    for (a = ngx_eiam_unit_algorithms; a->name; a++) {

        i = a - ngx_eiam_unit_algorithms;

        if (!ngx_eiam_jws_key_fits(&signer->key, i)) {
            continue;
        }

        signature = ngx_eiam_unit_sign(a, signer, RSA_PSS_SALTLEN_DIGEST,
                                       &text, buf);

        for (as = 0; ngx_eiam_jws_algorithms[as].name.len; as++) {

            if (!ngx_eiam_jws_key_fits(&signer->key, as)) {
                continue;
            }

            wrong += ngx_eiam_unit_jws_verify(as, &signer->key, &text,
                                              &signature)
                     != (as == i);
            wrong += !ngx_eiam_unit_jws_verify(i, &signer->key, &text,
                                               &signature);
            n++;
        }
    }

    ngx_eiam_unit_ok(unit, n && wrong == 0,
                     "a key of type %d takes turns in %ui pairs of algorithms",
                     (int) signer->key.type, n);
}


/* RFC 7518, section 3.5: the salt has the length of the hash */

static void
ngx_eiam_unit_jws_salt(ngx_eiam_unit_t *unit,
    const ngx_eiam_unit_signer_t *signer)
{
    u_char                            buf[NGX_EIAM_UNIT_SIGNATURE_MAX];
    ngx_str_t                         signature;
    ngx_uint_t                        i, n;
    const ngx_eiam_unit_algorithm_t  *a;

    static const int        salts[] = { 0, 20, 31, 33, 190, -1 };
    static const ngx_str_t  text = ngx_string("header.claims");

    i = ngx_eiam_unit_jws_number("PS256");
    a = &ngx_eiam_unit_algorithms[i];

    for (n = 0; salts[n] >= 0; n++) {

        signature = ngx_eiam_unit_sign(a, signer, salts[n], &text, buf);

        ngx_eiam_unit_ok(unit, !ngx_eiam_unit_jws_verify(i, &signer->key,
                                                         &text, &signature),
                         "PS256: no salt of %d bytes", salts[n]);
    }
}


static void
ngx_eiam_unit_jws_ecdsa(ngx_eiam_unit_t *unit,
    const ngx_eiam_unit_signer_t *signers)
{
    const ngx_eiam_unit_algorithm_t  *a;

    for (a = ngx_eiam_unit_algorithms; a->name; a++) {

        if (a->half) {
            ngx_eiam_unit_jws_numbers(unit, a, &signers[a->type]);
        }
    }
}


/* numbers that are in no signature: RFC 7518, section 3.4 */

static void
ngx_eiam_unit_jws_numbers(ngx_eiam_unit_t *unit,
    const ngx_eiam_unit_algorithm_t *a, const ngx_eiam_unit_signer_t *signer)
{
    u_char      valid[NGX_EIAM_UNIT_SIGNATURE_MAX], *part;
    u_char      order[NGX_EIAM_UNIT_SIGNATURE_MAX];
    BIGNUM     *n;
    ngx_str_t   signature, bad;
    ngx_uint_t  i, fill, wrong;

    static const ngx_str_t  text = ngx_string("header.claims");

    n = NULL;

    if (EVP_PKEY_get_bn_param(signer->pkey, OSSL_PKEY_PARAM_EC_ORDER, &n) != 1
        || BN_bn2binpad(n, order, a->half) != (int) a->half)
    {
        abort();
    }

    BN_free(n);

    signature = ngx_eiam_unit_sign(a, signer, 0, &text, valid);
    i = a - ngx_eiam_unit_algorithms;
    wrong = 0;

    /* of r, s or both: zero, one, the order, all bits */

    for (fill = 0; fill < 12; fill++) {

        bad = ngx_eiam_unit_place(0, 0, &signature);

        for (part = bad.data; part < bad.data + bad.len; part += a->half) {

            if (fill / 4 == (ngx_uint_t) (part != bad.data)) {
                continue;
            }

            ngx_memset(part, fill % 4 == 3 ? 0xff : 0, a->half);

            if (fill % 4 == 1) {
                part[a->half - 1] = 1;

            } else if (fill % 4 == 2) {
                ngx_memcpy(part, order, a->half);
            }
        }

        wrong += ngx_eiam_unit_jws_verify(i, &signer->key, &text, &bad);
    }

    ngx_eiam_unit_ok(unit, wrong == 0
                           && ngx_eiam_unit_jws_verify(i, &signer->key, &text,
                                                       &signature),
                     "%s: no number is zero or the order or more", a->name);
}


/* at both ends of a guard page */

static ngx_uint_t
ngx_eiam_unit_jws_verify(ngx_uint_t algorithm, const ngx_eiam_key_t *key,
    const ngx_str_t *text, const ngx_str_t *signature)
{
    ngx_str_t   copy;
    ngx_uint_t  side, valid;

    valid = 0;

    for (ngx_eiam_unit_sides(side)) {
        copy = ngx_eiam_unit_place(1, side, signature);
        valid += ngx_eiam_jws_verify(algorithm, key, text, &copy) == NGX_OK;
    }

    return valid == 2;
}


static ngx_uint_t
ngx_eiam_unit_jws_number(const char *name)
{
    ngx_int_t  n;
    ngx_str_t  text;

    ngx_eiam_unit_text(&text, name);

    n = ngx_eiam_jws_algorithm_find(&text);
    if (n < 0) {
        abort();
    }

    return n;
}


/* a key of each type */

static void
ngx_eiam_unit_signers_make(ngx_eiam_unit_t *unit,
    ngx_eiam_unit_signer_t *signers)
{
    ngx_uint_t               i;
    ngx_eiam_unit_signer_t  *signer;

    static u_char             secret[64];
    static const char *const  curves[] = {
        NULL, "P-256", "P-384", "P-521", "secp256k1", "ED25519", "ED448"
    };

    ngx_memzero(signers,
                NGX_EIAM_UNIT_TYPES * sizeof(ngx_eiam_unit_signer_t));

    for (i = 0; i < NGX_EIAM_UNIT_TYPES; i++) {

        signer = &signers[i];

        signer->key.type = i;
        signer->key.algorithm = NGX_EIAM_ANY_ALGORITHM;

        if (ngx_eiam_jws_key_prepare(&signer->key, unit->pool) != NGX_OK) {
            abort();
        }

        if (i == NGX_EIAM_OCT) {
            ngx_memset(secret, 'k', sizeof(secret));
            signer->key.secret.data = secret;
            signer->key.secret.len = sizeof(secret);
            continue;
        }

        signer->pkey = (i == NGX_EIAM_RSA) ? EVP_RSA_gen(2048)
                     : (i >= NGX_EIAM_ED25519)
                       ? EVP_PKEY_Q_keygen(NULL, NULL, curves[i])
                     : EVP_EC_gen(curves[i]);

        if (signer->pkey == NULL) {
            abort();
        }

        signer->key.pkey = signer->pkey;
    }
}


static void
ngx_eiam_unit_signers_free(ngx_eiam_unit_signer_t *signers)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_EIAM_UNIT_TYPES; i++) {
        EVP_PKEY_free(signers[i].pkey);
    }
}


static ngx_str_t
ngx_eiam_unit_sign(const ngx_eiam_unit_algorithm_t *a,
    const ngx_eiam_unit_signer_t *signer, int salt, const ngx_str_t *text,
    u_char *buf)
{
    u_char         der[NGX_EIAM_UNIT_SIGNATURE_MAX];
    ngx_str_t      signature;
    EVP_MD_CTX    *ctx;
    EVP_PKEY_CTX  *pctx;

    signature.data = buf;
    signature.len = sizeof(der);

    if (signer->pkey == NULL) {

        if (EVP_Q_mac(NULL, "HMAC", NULL, a->hash, NULL,
                      signer->key.secret.data, signer->key.secret.len,
                      text->data, text->len, buf, signature.len,
                      &signature.len)
            == NULL)
        {
            abort();
        }

        return signature;
    }

    ctx = EVP_MD_CTX_new();

    if (ctx == NULL
        || EVP_DigestSignInit_ex(ctx, &pctx, a->hash, NULL, NULL,
                                 signer->pkey, NULL)
           != 1
        || (a->pss
            && (EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) <= 0
                || EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, salt) <= 0))
        || EVP_DigestSign(ctx, a->half ? der : buf, &signature.len,
                          text->data, text->len)
           != 1)
    {
        abort();
    }

    EVP_MD_CTX_free(ctx);

    if (a->half) {
        signature.len = ngx_eiam_unit_sign_raw(a, der, signature.len, buf);
    }

    return signature;
}


/* converts ECDSA-Sig-Value into the two numbers */

static size_t
ngx_eiam_unit_sign_raw(const ngx_eiam_unit_algorithm_t *a, const u_char *der,
    size_t len, u_char *buf)
{
    ECDSA_SIG  *sig;

    sig = d2i_ECDSA_SIG(NULL, &der, len);

    if (sig == NULL
        || BN_bn2binpad(ECDSA_SIG_get0_r(sig), buf, a->half) < 0
        || BN_bn2binpad(ECDSA_SIG_get0_s(sig), buf + a->half, a->half) < 0)
    {
        abort();
    }

    ECDSA_SIG_free(sig);

    return 2 * a->half;
}
