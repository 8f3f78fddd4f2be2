
#include "ngx_eiam_unit_jws.h"

#include <ngx_eiam_jwk_digest.h>
#include <ngx_eiam_jwk_pack.h>

#include <openssl/evp.h>


#define NGX_EIAM_UNIT_MODULUS_MAX  1025      /* bytes: 8193 bits and more */

#define NGX_EIAM_UNIT_RSA  "\"kty\":\"RSA\",\"n\":\"" NGX_EIAM_UNIT_RSA_N "\""
#define NGX_EIAM_UNIT_P256                                                    \
    "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" NGX_EIAM_UNIT_P256_X "\""
#define NGX_EIAM_UNIT_Y  "\"y\":\"" NGX_EIAM_UNIT_P256_Y "\""
#define NGX_EIAM_UNIT_OKP                                                     \
    "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" NGX_EIAM_UNIT_ED25519_X "\""
#define NGX_EIAM_UNIT_OCT  "\"kty\":\"oct\",\"k\":\"" NGX_EIAM_UNIT_OCT_K "\""

/* 31, 32, 47, 63 and more bytes */

#define NGX_EIAM_UNIT_A40  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define NGX_EIAM_UNIT_31  NGX_EIAM_UNIT_A40 "AA"
#define NGX_EIAM_UNIT_32  NGX_EIAM_UNIT_A40 "AAA"
#define NGX_EIAM_UNIT_47  NGX_EIAM_UNIT_A40 "AAAAAAAAAAAAAAAAAAAAAAA"
#define NGX_EIAM_UNIT_63  NGX_EIAM_UNIT_A40 NGX_EIAM_UNIT_A40 "AAAA"


typedef struct {
    const char           *key;
    const char           *fault;         /* NULL: the key is ignored silently */
} ngx_eiam_unit_jwk_bad_t;


typedef struct {
    const char           *key;
    ngx_eiam_key_type_e   type;
    const char           *algorithm;     /* NULL: any */
    const char           *kid;           /* NULL: none */
} ngx_eiam_unit_jwk_good_t;


typedef struct {
    ngx_uint_t            count;
    ngx_uint_t            silent;        /* ignored without a fault */
    ngx_str_t             fault;         /* the last one */
} ngx_eiam_unit_jwk_bads_t;


static void ngx_eiam_unit_jwk_good(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_jwk_bad(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_jwk_modulus(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_jwk_sets(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_jwk_mixed(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_jwk_many(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_jwk_digest(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_jwk_packed(ngx_eiam_unit_t *unit);
static ngx_uint_t ngx_eiam_unit_jwk_same(const ngx_eiam_keys_t *a,
    const ngx_eiam_keys_t *b);
static ngx_int_t ngx_eiam_unit_jwk_read(ngx_eiam_unit_t *unit,
    const ngx_str_t *text, ngx_eiam_keys_t *keys,
    ngx_eiam_unit_jwk_bads_t *bads, ngx_str_t *fault);
static void ngx_eiam_unit_jwk_note(const ngx_eiam_document_t *document,
    void *data);
static ngx_uint_t ngx_eiam_unit_jwk_says(const ngx_str_t *fault,
    const char *place, const char *text);


static const ngx_eiam_unit_jwk_good_t  ngx_eiam_unit_jwk_goods[] = {
    { NGX_EIAM_UNIT_RSA ",\"e\":\"AQAB\"", NGX_EIAM_RSA, NULL, NULL },
    { NGX_EIAM_UNIT_RSA ",\"e\":\"Aw\"", NGX_EIAM_RSA, NULL, NULL },
    { NGX_EIAM_UNIT_RSA ",\"e\":\"AAAAAAABAAE\"", NGX_EIAM_RSA, NULL, NULL },
    { NGX_EIAM_UNIT_RSA ",\"e\":\"AQAB\",\"alg\":\"PS512\",\"kid\":\"a\"",
      NGX_EIAM_RSA, "PS512", "a" },
    { NGX_EIAM_UNIT_P256 "," NGX_EIAM_UNIT_Y, NGX_EIAM_P256, NULL, NULL },
    { NGX_EIAM_UNIT_P256 "," NGX_EIAM_UNIT_Y ",\"alg\":\"ES256\"",
      NGX_EIAM_P256, "ES256", NULL },
    { "\"kty\":\"EC\",\"crv\":\"P-256\","
      "\"x\":\"UhaG_e0pwLuQkkXBq3SOBpHF19SepRbPW0WrxRWjyg\","
      "\"y\":\"PeiJxMQjO60JkOa1hAYdIuh4i_foWqCKhVpypKvcpUw\"",
      NGX_EIAM_P256, NULL, NULL },   /* a leading zero of x is missing */
    { "\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"" NGX_EIAM_UNIT_P521_X
      "\",\"y\":\"" NGX_EIAM_UNIT_P521_Y "\"", NGX_EIAM_P521, NULL, NULL },
    { NGX_EIAM_UNIT_OKP, NGX_EIAM_ED25519, NULL, NULL },
    { NGX_EIAM_UNIT_OKP ",\"alg\":\"EdDSA\"", NGX_EIAM_ED25519, "EdDSA",
      NULL },
    { NGX_EIAM_UNIT_OKP ",\"alg\":\"Ed25519\"", NGX_EIAM_ED25519, "Ed25519",
      NULL },
    { NGX_EIAM_UNIT_OCT, NGX_EIAM_OCT, NULL, NULL },
    { NGX_EIAM_UNIT_OCT ",\"alg\":\"HS512\"", NGX_EIAM_OCT, "HS512", NULL },
    { "\"kty\":\"oct\",\"k\":\"" NGX_EIAM_UNIT_32 "\"", NGX_EIAM_OCT, NULL,
      NULL },

    /* purposes that allow verifying */
    { NGX_EIAM_UNIT_OCT ",\"use\":\"sig\"", NGX_EIAM_OCT, NULL, NULL },
    { NGX_EIAM_UNIT_OCT ",\"key_ops\":[\"verify\"]", NGX_EIAM_OCT, NULL,
      NULL },
    { NGX_EIAM_UNIT_OCT ",\"key_ops\":[\"sign\",\"verify\"]", NGX_EIAM_OCT,
      NULL, NULL },

    /* names */
    { NGX_EIAM_UNIT_OCT ",\"kid\":\"\"", NGX_EIAM_OCT, NULL, "" },
    { NGX_EIAM_UNIT_OCT ",\"kid\":null,\"use\":null", NGX_EIAM_OCT, NULL,
      NULL },
    { NGX_EIAM_UNIT_OCT ",\"kid\":\"a b\\n\\u4e2d\"", NGX_EIAM_OCT, NULL,
      "a b\n\xe4\xb8\xad" },

    /* members that are ignored */
    { NGX_EIAM_UNIT_P256 "," NGX_EIAM_UNIT_Y ",\"d\":\"!\",\"x5c\":1",
      NGX_EIAM_P256, NULL, NULL },
    { NGX_EIAM_UNIT_OCT ",\"x5u\":\"http://127.0.0.1/\",\"crv\":\"P-256\"",
      NGX_EIAM_OCT, NULL, NULL },
    { NULL, 0, NULL, NULL }
};


static const ngx_eiam_unit_jwk_bad_t  ngx_eiam_unit_jwk_bads[] = {

    /* for another purpose, or unknown */
    { NGX_EIAM_UNIT_OCT ",\"use\":\"enc\"", NULL },
    { NGX_EIAM_UNIT_OCT ",\"use\":\"\"", NULL },
    { NGX_EIAM_UNIT_OCT ",\"use\":\"SIG\"", NULL },
    { NGX_EIAM_UNIT_OCT ",\"key_ops\":[]", NULL },
    { NGX_EIAM_UNIT_OCT ",\"key_ops\":[\"sign\",\"Verify\"]", NULL },
    { NGX_EIAM_UNIT_OCT ",\"use\":\"enc\",\"key_ops\":[\"verify\"]", NULL },
    { NGX_EIAM_UNIT_OCT ",\"alg\":\"A256KW\"", NULL },
    { NGX_EIAM_UNIT_OCT ",\"alg\":\"none\"", NULL },
    { NGX_EIAM_UNIT_OCT ",\"alg\":\"\"", NULL },
    { NGX_EIAM_UNIT_RSA ",\"e\":\"AQAB\",\"alg\":\"RSA-OAEP\"", NULL },
    { "\"kty\":\"rsa\",\"n\":\"\",\"e\":\"\"", NULL },
    { "\"kty\":\"\"", NULL },
    { "\"kty\":\"AKP\",\"alg\":\"ML-DSA-44\",\"pub\":\"\"", NULL },
    { "\"kty\":\"EC\",\"crv\":\"P-192\",\"x\":\"\",\"y\":\"\"", NULL },
    { "\"kty\":\"EC\",\"crv\":\"Ed25519\",\"x\":\"\"", NULL },
    { "\"kty\":\"EC\",\"x\":\"\",\"y\":\"\"", NULL },
    { "\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"\"", NULL },
    { "\"kty\":\"OKP\",\"crv\":\"P-256\",\"x\":\"\"", NULL },

    /* no key at all */
    { "", "has no \"kty\"" },
    { "\"use\":\"sig\"", "has no \"kty\"" },
    { "\"kty\":7", "/kty: must be a string" },
    { "\"kty\":null", "/kty: must be a string" },
    { NGX_EIAM_UNIT_OCT ",\"use\":1", "/use: must be a string" },
    { NGX_EIAM_UNIT_OCT ",\"use\":[\"sig\"]", "/use: must be a string" },
    { NGX_EIAM_UNIT_OCT ",\"key_ops\":\"verify\"",
      "/key_ops: must be an array" },
    { NGX_EIAM_UNIT_OCT ",\"key_ops\":[1]", "/key_ops/0: must be a string" },
    { NGX_EIAM_UNIT_OCT ",\"kid\":1", "/kid: must be a string" },
    { NGX_EIAM_UNIT_OCT ",\"alg\":null", "/alg: must be a string" },
    { NGX_EIAM_UNIT_OCT ",\"key_ops\":null", "/key_ops: must be an array" },
    { NGX_EIAM_UNIT_OCT ",\"alg\":256", "/alg: must be a string" },

    /* not for the key's algorithm: RFC 8725, section 3.1 */
    { NGX_EIAM_UNIT_OCT ",\"alg\":\"RS256\"", "is not a key for its \"alg\"" },
    { NGX_EIAM_UNIT_RSA ",\"e\":\"AQAB\",\"alg\":\"HS256\"",
      "is not a key for its \"alg\"" },
    { NGX_EIAM_UNIT_OKP ",\"alg\":\"Ed448\"", "is not a key for its \"alg\"" },
    { NGX_EIAM_UNIT_P256 "," NGX_EIAM_UNIT_Y ",\"alg\":\"ES384\"",
      "is not a key for its \"alg\"" },
    { NGX_EIAM_UNIT_P256 "," NGX_EIAM_UNIT_Y ",\"alg\":\"ES256K\"",
      "is not a key for its \"alg\"" },
    { NGX_EIAM_UNIT_OKP ",\"alg\":\"ES256\"", "is not a key for its \"alg\"" },

    /* RSA */
    { NGX_EIAM_UNIT_RSA, "has no \"e\"" },
    { "\"kty\":\"RSA\",\"e\":\"AQAB\"", "has no \"n\"" },
    { "\"kty\":\"RSA\",\"n\":7,\"e\":\"AQAB\"", "/n: must be a string" },
    { "\"kty\":\"RSA\",\"n\":\"\",\"e\":\"AQAB\"",
      "has 0 bits, fewer than 2048" },
    { "\"kty\":\"RSA\",\"n\":\"" NGX_EIAM_UNIT_31 "\",\"e\":\"AQAB\"",
      "has 0 bits, fewer than 2048" },
    { NGX_EIAM_UNIT_RSA ",\"e\":\"AQAB=\"", "\"e\" must be base64url" },
    { NGX_EIAM_UNIT_RSA ",\"e\":\"AQ+B\"", "\"e\" must be base64url" },
    { NGX_EIAM_UNIT_RSA ",\"e\":65537", "/e: must be a string" },
    { NGX_EIAM_UNIT_RSA ",\"e\":\"\"", "is not a valid key" },
    { NGX_EIAM_UNIT_RSA ",\"e\":\"AA\"", "is not a valid key" },
    { NGX_EIAM_UNIT_RSA ",\"e\":\"AQ\"", "is not a valid key" },
    { NGX_EIAM_UNIT_RSA ",\"e\":\"Ag\"", "is not a valid key" },
    { NGX_EIAM_UNIT_RSA ",\"e\":\"AQAC\"", "is not a valid key" },
    { NGX_EIAM_UNIT_RSA ",\"e\":\"AAAAAAAAAQAB\"", "is larger than" },

    /* EC */
    { NGX_EIAM_UNIT_P256, "has no \"y\"" },
    { "\"kty\":\"EC\",\"crv\":\"P-256\"," NGX_EIAM_UNIT_Y,
      "has no \"x\"" },
    { NGX_EIAM_UNIT_P256 ",\"y\":\"" NGX_EIAM_UNIT_31 "\"",
      "is not a valid key" },
    { NGX_EIAM_UNIT_P256 ",\"y\":\"\"", "is not a valid key" },
    { NGX_EIAM_UNIT_P256 ",\"y\":\"" NGX_EIAM_UNIT_P521_Y "\"",
      "\"x\" and \"y\" must have 32 bytes" },
    { "\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"" NGX_EIAM_UNIT_P256_X
      "\"," NGX_EIAM_UNIT_Y, "is not a valid key" },
    { "\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"" NGX_EIAM_UNIT_P256_X
      "\"," NGX_EIAM_UNIT_Y, "is not a valid key" },
    { NGX_EIAM_UNIT_P256 ",\"y\":\"" NGX_EIAM_UNIT_P256_Y "=\"",
      "\"y\" must be base64url" },
    { NGX_EIAM_UNIT_P256 ",\"y\":[]", "/y: must be a string" },

    /* points that are not on the curve */
    { NGX_EIAM_UNIT_P256 ",\"y\":\"" NGX_EIAM_UNIT_P256_X "\"",
      "is not a valid key" },
    { NGX_EIAM_UNIT_P256 ",\"y\":\"" NGX_EIAM_UNIT_32 "\"",
      "is not a valid key" },
    { "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" NGX_EIAM_UNIT_32
      "\",\"y\":\"" NGX_EIAM_UNIT_32 "\"", "is not a valid key" },
    { NGX_EIAM_UNIT_P256 ",\"y\":\""
      "__________________________________________8\"", "is not a valid key" },
    { "\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"" NGX_EIAM_UNIT_P256_X
      "\"," NGX_EIAM_UNIT_Y, "is not a valid key" },

    /* OKP */
    { "\"kty\":\"OKP\",\"crv\":\"Ed25519\"", "has no \"x\"" },
    { "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"\"",
      "\"x\" must have 32 bytes" },
    { "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" NGX_EIAM_UNIT_31 "\"",
      "\"x\" must have 32 bytes" },
    { "\"kty\":\"OKP\",\"crv\":\"Ed448\",\"x\":\"" NGX_EIAM_UNIT_ED25519_X
      "\"", "\"x\" must have 57 bytes" },

    /* oct */
    { "\"kty\":\"oct\"", "has no \"k\"" },
    { "\"kty\":\"oct\",\"k\":\"\"", "has 0 bytes, fewer than the 32" },
    { "\"kty\":\"oct\",\"k\":\"" NGX_EIAM_UNIT_31 "\"",
      "has 31 bytes, fewer than the 32 of the hash" },
    { "\"kty\":\"oct\",\"k\":\"" NGX_EIAM_UNIT_47 "\",\"alg\":\"HS384\"",
      "has 47 bytes, fewer than the 48 of the hash" },
    { "\"kty\":\"oct\",\"k\":\"" NGX_EIAM_UNIT_63 "\",\"alg\":\"HS512\"",
      "has 63 bytes, fewer than the 64 of the hash" },
    { "\"kty\":\"oct\",\"k\":\"" NGX_EIAM_UNIT_32 "=\"",
      "\"k\" must be base64url" },
    { NULL, NULL }
};


static const ngx_eiam_unit_jwk_bad_t  ngx_eiam_unit_jwk_no_sets[] = {
    { "", "line 1 column 0" },
    { "{", "line 1 column 1" },
    { "[]", "#: must be an object" },
    { "\"keys\"", "line 1" },
    { "null", "line 1" },
    { "{}", "#: has no \"keys\"" },
    { "{\"Keys\":[]}", "#: has no \"keys\"" },
    { "{\"kty\":\"oct\",\"k\":\"" NGX_EIAM_UNIT_32 "\"}",
      "#: has no \"keys\"" },
    { "{\"keys\":null}", "#/keys: must be an array" },
    { "{\"keys\":{}}", "#/keys: must be an array" },
    { "{\"keys\":\"[]\"}", "#/keys: must be an array" },
    { "{\"keys\":[],\"keys\":[]}", "duplicate object key" },
    { "{\"keys\":[{\"kty\":\"oct\",\"kty\":\"oct\"}]}",
      "duplicate object key" },
    { "{\"keys\":[]} x", "line 1" },
    { "{\"keys\":[{\"kid\":\"\\u0000\"}]}", "line 1" },
    { "{\"keys\":[{\"kid\":\"\\ud800\"}]}", "line 1" },
    { NULL, NULL }
};


void
ngx_eiam_unit_jwk(ngx_eiam_unit_t *unit)
{
    ngx_eiam_unit_jwk_good(unit);
    ngx_eiam_unit_jwk_bad(unit);
    ngx_eiam_unit_jwk_modulus(unit);
    ngx_eiam_unit_jwk_sets(unit);
    ngx_eiam_unit_jwk_mixed(unit);
    ngx_eiam_unit_jwk_many(unit);
    ngx_eiam_unit_jwk_digest(unit);
    ngx_eiam_unit_jwk_packed(unit);
}


static void
ngx_eiam_unit_jwk_good(ngx_eiam_unit_t *unit)
{
    ngx_str_t                        kid, algorithm;
    ngx_eiam_key_t                  *key;
    ngx_eiam_keys_t                  keys;
    const ngx_eiam_unit_jwk_good_t  *row;

    for (row = ngx_eiam_unit_jwk_goods; row->key; row++) {

        ngx_eiam_unit_keys_read(unit, row->key, &keys);
        key = keys.list.elts;

        ngx_eiam_unit_text(&kid, row->kid ? row->kid : "");
        ngx_eiam_unit_text(&algorithm, row->algorithm ? row->algorithm : "");

        ngx_eiam_unit_ok(unit, keys.list.nelts == 1 && key->type == row->type
                               && key->algorithm
                                  == (ngx_uint_t) (row->algorithm
                                      ? ngx_eiam_jws_algorithm_find(&algorithm)
                                      : (ngx_int_t) NGX_EIAM_ANY_ALGORITHM)
                               && (key->pkey == NULL)
                                  == (row->type == NGX_EIAM_OCT)
                               && (key->kid.data == NULL)
                                  == (row->kid == NULL)
                               && ngx_eiam_unit_equal(&key->kid, &kid),
                         "a key: {%s}", row->key);
    }
}


static void
ngx_eiam_unit_jwk_bad(ngx_eiam_unit_t *unit)
{
    u_char                          buf[2048];
    ngx_int_t                       rc;
    ngx_str_t                       text, fault;
    ngx_eiam_keys_t                 keys;
    ngx_eiam_unit_jwk_bads_t        bads;
    const ngx_eiam_unit_jwk_bad_t  *row;

    text.data = buf;

    for (row = ngx_eiam_unit_jwk_bads; row->key; row++) {

        text.len = ngx_snprintf(buf, sizeof(buf), "{\"keys\":[{%s}]}",
                                row->key)
                   - buf;

        rc = ngx_eiam_unit_jwk_read(unit, &text, &keys, &bads, &fault);

        ngx_eiam_unit_ok(unit, rc == NGX_OK && keys.list.nelts == 0
                               && bads.count == (row->fault != NULL)
                               && bads.silent == 0
                               && (row->fault == NULL
                                   || ngx_eiam_unit_jwk_says(&bads.fault,
                                                             "#/keys/0",
                                                             row->fault)),
                         "no key: {%s} %V", row->key, &bads.fault);
    }
}


/* RSA keys of many sizes: RFC 7518, section 3.3 */

static void
ngx_eiam_unit_jwk_modulus(ngx_eiam_unit_t *unit)
{
    u_char                     modulus[NGX_EIAM_UNIT_MODULUS_MAX];
    u_char                     buf[4096];
    ngx_str_t                  bytes, n, text, fault;
    ngx_uint_t                 i, bits;
    ngx_eiam_key_t            *key;
    ngx_eiam_keys_t            keys;
    ngx_eiam_unit_jwk_bads_t   bads;

    static const struct {
        ngx_uint_t             bits;
        ngx_uint_t             zeros;     /* leading bytes */
        u_char                 last;
        const char            *fault;
    } rows[] = {
        { 2048, 0, 0xff, NULL },
        { 2048, 2, 0xff, NULL },
        { 2049, 0, 0xff, NULL },
        { 3072, 0, 0x01, NULL },
        { 8192, 0, 0xff, NULL },
        { 2048, 0, 0xfe, "is not a valid key" },
        { 2047, 0, 0xff, "has 2047 bits, fewer than 2048" },
        { 2047, 8, 0xff, "has 2047 bits, fewer than 2048" },
        { 1024, 0, 0xff, "has 1024 bits, fewer than 2048" },
        { 8, 0, 0xff, "has 8 bits, fewer than 2048" },
        { 8193, 0, 0xff, "is larger than 8192 bits" },
        { 0, 0, 0, NULL }
    };

    for (i = 0; rows[i].bits; i++) {

        bits = rows[i].bits;
        bytes.data = modulus;
        bytes.len = rows[i].zeros + (bits + 7) / 8;

        ngx_memset(modulus, 0, rows[i].zeros);
        ngx_memset(modulus + rows[i].zeros, 0xff,
                   bytes.len - rows[i].zeros);
        modulus[rows[i].zeros] = 0xff >> (8 - bits % 8) % 8;
        modulus[bytes.len - 1] &= rows[i].last;

        n = ngx_eiam_unit_encode(unit, &bytes);

        text.data = buf;
        text.len = ngx_snprintf(buf, sizeof(buf),
                                "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"%V\","
                                "\"e\":\"AQAB\"}]}", &n)
                   - buf;

        if (ngx_eiam_unit_jwk_read(unit, &text, &keys, &bads, &fault)
            != NGX_OK)
        {
            abort();
        }

        key = keys.list.elts;

        ngx_eiam_unit_ok(unit, rows[i].fault
                               ? keys.list.nelts == 0 && bads.count == 1
                                 && ngx_eiam_unit_jwk_says(&bads.fault,
                                                           "#/keys/0",
                                                           rows[i].fault)
                               : keys.list.nelts == 1
                                 && EVP_PKEY_get_bits(key->pkey)
                                    == (int) bits,
                         "RSA, %ui bits, %ui zeros in front: %s", bits,
                         rows[i].zeros, rows[i].fault ? rows[i].fault
                                                      : "a key");
    }
}


static void
ngx_eiam_unit_jwk_sets(ngx_eiam_unit_t *unit)
{
    ngx_int_t                       rc;
    ngx_str_t                       text, fault;
    ngx_eiam_keys_t                 keys;
    ngx_eiam_unit_jwk_bads_t        bads;
    const ngx_eiam_unit_jwk_bad_t  *row;

    for (row = ngx_eiam_unit_jwk_no_sets; row->key; row++) {

        ngx_eiam_unit_text(&text, row->key);

        rc = ngx_eiam_unit_jwk_read(unit, &text, &keys, &bads, &fault);

        ngx_eiam_unit_ok(unit, rc == NGX_ERROR && bads.count == 0
                               && ngx_eiam_unit_jwk_says(&fault, NULL,
                                                         row->fault),
                         "no set: %s %V", row->key, &fault);
    }

    ngx_str_set(&text, "{\"x\":[1],\"keys\":[]}");

    rc = ngx_eiam_unit_jwk_read(unit, &text, &keys, &bads, &fault);

    ngx_eiam_unit_ok(unit, rc == NGX_OK && keys.list.nelts == 0
                           && bads.count == 0,
                     "a set may be empty");
}


/* faulty keys are reported, and the others are kept */

static void
ngx_eiam_unit_jwk_mixed(ngx_eiam_unit_t *unit)
{
    ngx_int_t                  rc;
    ngx_str_t                  text, fault;
    ngx_eiam_key_t            *key;
    ngx_eiam_keys_t            keys;
    ngx_eiam_unit_jwk_bads_t   bads;

    ngx_str_set(&text, "{\"keys\":["
        "{\"kid\":\"a\"," NGX_EIAM_UNIT_RSA ",\"e\":\"AQAB\"},"
        "7,\"x\",null,[],"
        "{\"kid\":\"b\"," NGX_EIAM_UNIT_OCT "},"
        "{\"kid\":\"c\",\"use\":\"enc\"," NGX_EIAM_UNIT_OCT "},"
        "{\"kid\":\"b\"," NGX_EIAM_UNIT_P256 "," NGX_EIAM_UNIT_Y "},"
        "{\"kid\":\"d\"," NGX_EIAM_UNIT_P256 "}]}");

    rc = ngx_eiam_unit_jwk_read(unit, &text, &keys, &bads, &fault);
    key = keys.list.elts;

    ngx_eiam_unit_ok(unit, rc == NGX_OK && keys.list.nelts == 3
                           && key[0].type == NGX_EIAM_OCT
                           && key[1].type == NGX_EIAM_RSA
                           && key[2].type == NGX_EIAM_P256
                           && key[0].kid.data[0] == 'b'
                           && key[1].kid.data[0] == 'a'
                           && key[2].kid.data[0] == 'b',
                     "the good keys are kept, the cheap ones first");

    ngx_eiam_unit_ok(unit, bads.count == 5 && bads.silent == 0
                           && ngx_eiam_unit_jwk_says(&bads.fault,
                                            "#/keys/8", "has no \"y\""),
                     "each of the others that is wrong is told");

    ngx_str_set(&text, "{\"keys\":["
        "{\"kid\":\"a\"," NGX_EIAM_UNIT_RSA ",\"e\":\"AQAB\"},"
        "{\"kid\":\"b\"," NGX_EIAM_UNIT_OCT "},"
        "{\"kid\":\"c\"," NGX_EIAM_UNIT_RSA ",\"e\":\"AQAB\"},"
        "{\"kid\":\"d\"," NGX_EIAM_UNIT_RSA ",\"e\":\"Aw\"},"
        "{\"kid\":\"e\"," NGX_EIAM_UNIT_OCT "}]}");

    rc = ngx_eiam_unit_jwk_read(unit, &text, &keys, &bads, &fault);
    key = keys.list.elts;

    ngx_eiam_unit_ok(unit, rc == NGX_OK && keys.list.nelts == 5
                           && key[0].kid.data[0] == 'b'
                           && key[1].kid.data[0] == 'e'
                           && key[2].kid.data[0] == 'd'
                           && key[3].kid.data[0] == 'a'
                           && key[4].kid.data[0] == 'c',
                     "equals are in the order of the set");
}


static void
ngx_eiam_unit_jwk_many(ngx_eiam_unit_t *unit)
{
    u_char                     buf[NGX_EIAM_KEYS_MAX * 80 + 256], *p;
    ngx_int_t                  rc;
    ngx_str_t                  text, fault;
    ngx_uint_t                 i;
    ngx_eiam_keys_t            keys;
    ngx_eiam_unit_jwk_bads_t   bads;

    p = ngx_sprintf(buf, "{\"keys\":[");

    for (i = 0; i < NGX_EIAM_KEYS_MAX; i++) {
        p = ngx_sprintf(p, "{\"kty\":\"oct\",\"k\":\"%s\"},",
                        NGX_EIAM_UNIT_32);
    }

    text.data = buf;
    text.len = ngx_sprintf(p - 1, "]}") - buf;

    rc = ngx_eiam_unit_jwk_read(unit, &text, &keys, &bads, &fault);

    ngx_eiam_unit_ok(unit, rc == NGX_OK
                           && keys.list.nelts == NGX_EIAM_KEYS_MAX,
                     "a set may have %d keys", NGX_EIAM_KEYS_MAX);

    text.len = ngx_sprintf(p - 1, ",{}]}") - buf;

    rc = ngx_eiam_unit_jwk_read(unit, &text, &keys, &bads, &fault);

    ngx_eiam_unit_ok(unit, rc == NGX_ERROR && bads.count == 0
                           && ngx_eiam_unit_jwk_says(&fault, "#/keys",
                                            "has more than 128 keys"),
                     "not more, whatever they are: \"keys\": #/keys: has more "
                     "than %d keys", NGX_EIAM_KEYS_MAX);
}


static ngx_int_t
ngx_eiam_unit_jwk_read(ngx_eiam_unit_t *unit, const ngx_str_t *text,
    ngx_eiam_keys_t *keys, ngx_eiam_unit_jwk_bads_t *bads, ngx_str_t *fault)
{
    ngx_int_t            rc;
    ngx_str_t            placed;
    ngx_eiam_node_t      root;
    ngx_eiam_document_t  document;

    ngx_memzero(bads, sizeof(ngx_eiam_unit_jwk_bads_t));

    placed = ngx_eiam_unit_place(0, 0, text);

    rc = ngx_eiam_unit_parse(&document, unit->pool, &placed, &root);

    if (rc == NGX_OK) {
        rc = ngx_eiam_jwk_read_set(&root, unit->pool, keys,
                                   ngx_eiam_unit_jwk_note, bads);
    }

    *fault = document.fault;

    return rc;
}


static void
ngx_eiam_unit_jwk_note(const ngx_eiam_document_t *document, void *data)
{
    ngx_eiam_unit_jwk_bads_t *bads = data;

    bads->count++;
    bads->silent += (document->fault.len == 0);
    bads->fault = document->fault;
}


/* packed keys can be read again, but no part of them */

static void
ngx_eiam_unit_jwk_packed(ngx_eiam_unit_t *unit)
{
    size_t            len;
    ngx_str_t         packed, part;
    ngx_uint_t        i, side, wrong;
    ngx_eiam_keys_t   keys, read;

    static const char *const  sets[] = {
        "{}",
        "{" NGX_EIAM_UNIT_RSA ",\"e\":\"AQAB\",\"alg\":\"PS512\"}",
        "{" NGX_EIAM_UNIT_RSA ",\"e\":\"Aw\",\"kid\":\"\",\"x5c\":[\"a\"]}",
        "{" NGX_EIAM_UNIT_P256 "," NGX_EIAM_UNIT_Y ",\"kid\":\"a\"},"
        "{" NGX_EIAM_UNIT_OCT ",\"alg\":\"HS512\",\"use\":\"sig\"},"
        "{" NGX_EIAM_UNIT_OKP ",\"alg\":\"Ed25519\",\"kid\":\"\u4e2d\"},"
        "{\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"" NGX_EIAM_UNIT_P521_X
        "\",\"y\":\"" NGX_EIAM_UNIT_P521_Y "\"}",
        NULL
    };

    for (i = 0; sets[i]; i++) {

        if (i) {
            ngx_eiam_unit_keys_read(unit, sets[i], &keys);

        } else if (ngx_eiam_jwk_init(&keys, unit->pool) != NGX_OK) {
            abort();
        }

        if (ngx_eiam_jwk_pack(&keys, unit->pool, &packed) != NGX_OK) {
            abort();
        }

        wrong = 0;

        for (ngx_eiam_unit_sides(side)) {

            part = ngx_eiam_unit_place(0, side, &packed);

            wrong += ngx_eiam_jwk_pack_read(&part, unit->pool, &read) != NGX_OK
                     || !ngx_eiam_unit_jwk_same(&keys, &read);
        }

        ngx_eiam_unit_ok(unit, wrong == 0, "packed: %s", sets[i]);

        for (len = 0; len < packed.len; len++) {
            part.len = len;
            part.data = packed.data;
            part = ngx_eiam_unit_place(0, 1, &part);

            wrong += ngx_eiam_jwk_pack_read(&part, unit->pool, &read)
                     == NGX_OK;
        }

        ngx_eiam_unit_ok(unit, wrong == 0, "and no part of its %uz bytes",
                         packed.len);
    }
}


static ngx_uint_t
ngx_eiam_unit_jwk_same(const ngx_eiam_keys_t *a, const ngx_eiam_keys_t *b)
{
    ngx_uint_t             i;
    const ngx_eiam_key_t  *one, *two;

    if (a->list.nelts != b->list.nelts || a->named != b->named) {
        return 0;
    }

    one = a->list.elts;
    two = b->list.elts;

    for (i = 0; i < a->list.nelts; i++) {

        if (one[i].type != two[i].type
            || one[i].algorithm != two[i].algorithm
            || one[i].cost != two[i].cost
            || (one[i].kid.data == NULL) != (two[i].kid.data == NULL)
            || !ngx_eiam_unit_equal(&one[i].kid, &two[i].kid)
            || !ngx_eiam_unit_equal(&one[i].secret, &two[i].secret)
            || (one[i].pkey == NULL) != (two[i].pkey == NULL)
            || (one[i].pkey && EVP_PKEY_eq(one[i].pkey, two[i].pkey) != 1))
        {
            return 0;
        }
    }

    return 1;
}


/*
 * the digest of a set depends on everything that decides, and on nothing else
 */

static void
ngx_eiam_unit_jwk_digest(ngx_eiam_unit_t *unit)
{
    ngx_uint_t         i, same;
    ngx_eiam_keys_t    one, two;
    ngx_eiam_digest_t  first, second;

    static const struct {
        const char  *one;
        const char  *two;
        ngx_uint_t   same;
        const char  *title;
    } pairs[] = {
        { NGX_EIAM_UNIT_OKP, " " NGX_EIAM_UNIT_OKP " ", 1, "white space" },
        { NGX_EIAM_UNIT_OKP ",\"use\":\"sig\"",
          "\"use\":\"sig\"," NGX_EIAM_UNIT_OKP, 1, "order of members" },
        { "{" NGX_EIAM_UNIT_OKP "},{" NGX_EIAM_UNIT_OCT "}",
          "{" NGX_EIAM_UNIT_OCT "},{" NGX_EIAM_UNIT_OKP "}", 1,
          "order of keys" },
        { NGX_EIAM_UNIT_OKP, NGX_EIAM_UNIT_OKP ",\"x5t\":\"a\",\"n\":1", 1,
          "members that nobody reads" },
        { NGX_EIAM_UNIT_OKP,
          NGX_EIAM_UNIT_OKP ",\"use\":\"sig\",\"key_ops\":[\"verify\"]", 1,
          "a use that allows the same" },
        { "{" NGX_EIAM_UNIT_OKP "}",
          "{" NGX_EIAM_UNIT_OKP "},{" NGX_EIAM_UNIT_OCT
          ",\"use\":\"enc\"},7", 1, "keys that are left out" },
        { NGX_EIAM_UNIT_RSA ",\"e\":\"AQAB\"",
          NGX_EIAM_UNIT_RSA ",\"e\":\"AAAAAAABAAE\"", 1,
          "zeros before a number" },

        { "{" NGX_EIAM_UNIT_OKP "}",
          "{" NGX_EIAM_UNIT_OKP "},{" NGX_EIAM_UNIT_OCT "}", 0,
          "another key" },
        { "{" NGX_EIAM_UNIT_OKP "}", "{" NGX_EIAM_UNIT_OKP
          ",\"use\":\"enc\"}", 0, "a key without use" },
        { NGX_EIAM_UNIT_OKP, NGX_EIAM_UNIT_OKP ",\"alg\":\"EdDSA\"", 0,
          "algorithm" },
        { NGX_EIAM_UNIT_OCT ",\"alg\":\"HS256\"",
          NGX_EIAM_UNIT_OCT ",\"alg\":\"HS512\"", 0, "algorithms" },
        { NGX_EIAM_UNIT_OKP, NGX_EIAM_UNIT_OKP ",\"kid\":\"\"", 0,
          "an empty kid" },
        { NGX_EIAM_UNIT_OKP ",\"kid\":\"a\"",
          NGX_EIAM_UNIT_OKP ",\"kid\":\"b\"", 0, "kid" },
        { NGX_EIAM_UNIT_RSA ",\"e\":\"AQAB\"",
          NGX_EIAM_UNIT_RSA ",\"e\":\"Aw\"", 0, "exponent" },
        { NGX_EIAM_UNIT_OCT,
          "\"kty\":\"oct\",\"k\":\"" NGX_EIAM_UNIT_63 "A\"", 0, "secret" },
        { "{" NGX_EIAM_UNIT_OKP ",\"kid\":\"a\"},{" NGX_EIAM_UNIT_OCT
          ",\"kid\":\"b\"}",
          "{" NGX_EIAM_UNIT_OKP ",\"kid\":\"b\"},{" NGX_EIAM_UNIT_OCT
          ",\"kid\":\"a\"}", 0, "kids that have changed places" },
    };

    for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {

        ngx_eiam_unit_keys_read(unit, pairs[i].one, &one);
        ngx_eiam_unit_keys_read(unit, pairs[i].two, &two);

        if (ngx_eiam_jwk_digest(&one, unit->pool, first) != NGX_OK
            || ngx_eiam_jwk_digest(&two, unit->pool, second) != NGX_OK)
        {
            abort();
        }

        same = ngx_memcmp(first, second, NGX_EIAM_DIGEST_LEN) == 0;

        ngx_eiam_unit_ok(unit, same == pairs[i].same,
                         "another set by its content: %s, %s",
                         pairs[i].title, pairs[i].same ? "no" : "yes");
    }
}


/* whether the fault names the place, and gives that reason */

static ngx_uint_t
ngx_eiam_unit_jwk_says(const ngx_str_t *fault, const char *place,
    const char *text)
{
    return fault->len
           && (place == NULL
               || ngx_strnstr(fault->data, (char *) place, fault->len))
           && ngx_strnstr(fault->data, (char *) text, fault->len);
}


void
ngx_eiam_unit_keys_read(ngx_eiam_unit_t *unit, const char *text,
    ngx_eiam_keys_t *keys)
{
    size_t      len;
    ngx_str_t   set;
    const char *format;

    format = (text[0] == '{') ? "{\"keys\":[%s]}" : "{\"keys\":[{%s}]}";
    len = ngx_strlen(text) + sizeof("{\"keys\":[{}]}");

    set.data = ngx_pnalloc(unit->pool, len);
    if (set.data == NULL) {
        abort();
    }

    set.len = ngx_snprintf(set.data, len, format, text) - set.data;

    ngx_eiam_unit_key_set_read(unit, &set, keys);
}


void
ngx_eiam_unit_key_set_read(ngx_eiam_unit_t *unit, const ngx_str_t *text,
    ngx_eiam_keys_t *keys)
{
    ngx_str_t                 fault;
    ngx_eiam_unit_jwk_bads_t  bads;

    if (ngx_eiam_unit_jwk_read(unit, text, keys, &bads, &fault) != NGX_OK) {
        abort();
    }
}
