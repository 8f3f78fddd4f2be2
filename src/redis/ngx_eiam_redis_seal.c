
#include <ngx_eiam_random.h>
#include <ngx_eiam_redis_seal.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>


#define NGX_EIAM_REDIS_SEAL_KEY  32      /* bytes: AES-256, HMAC-SHA256 */


/* authenticated besides the text; a length is written as 16 bits */

typedef struct {
    u_char       version;
    u_char       kind;
    u_char       key_len[2];
} ngx_eiam_redis_seal_header_t;


static ngx_int_t ngx_eiam_redis_seal_line(ngx_eiam_redis_seal_key_t *key,
    const ngx_str_t *line, ngx_pool_t *pool, const char **reason);
static const char *ngx_eiam_redis_seal_decode(const ngx_str_t *line,
    ngx_str_t *bytes);
static void *ngx_eiam_redis_seal_derive(const ngx_str_t *secret,
    const char *label, ngx_pool_t *pool);
static ngx_int_t ngx_eiam_redis_seal_expand(const ngx_str_t *secret,
    const char *label, u_char *derived);
static void *ngx_eiam_redis_seal_mac_create(const u_char *key,
    ngx_pool_t *pool);
static void ngx_eiam_redis_seal_mac_free(void *data);
static u_char ngx_eiam_redis_seal_version(ngx_eiam_redis_seal_kind_e kind);
static ngx_int_t ngx_eiam_redis_seal_place_key(
    const ngx_eiam_redis_seal_key_t *key,
    const ngx_eiam_redis_seal_place_t *place, u_char *derived);
static ngx_int_t ngx_eiam_redis_seal_init_cipher(void);


/* creating a context for each value would cost more than the sealing */

static EVP_CIPHER      *ngx_eiam_redis_seal_cipher;
static EVP_CIPHER_CTX  *ngx_eiam_redis_seal_ctx;


/* a character for each kind of value */

static const char  *ngx_eiam_redis_seal_kinds = "gteckw";


ngx_int_t
ngx_eiam_redis_seal_read(ngx_eiam_redis_seal_t *seal, ngx_str_t *text,
    ngx_pool_t *pool, const char **reason, ngx_uint_t *number)
{
    u_char     *p, *last, *end;
    ngx_int_t   rc;
    ngx_str_t   line;

    if (ngx_eiam_redis_seal_init_cipher() != NGX_OK) {
        return NGX_ERROR;
    }

    rc = NGX_OK;
    seal->n = 0;
    *number = 0;

    p = text->data;
    last = p + text->len;

    for ( /* void */ ; p < last && rc == NGX_OK; p = end + 1) {

        end = ngx_strlchr(p, last, LF);
        if (end == NULL) {
            end = last;
        }

        line.data = p;
        line.len = end - p;
        (*number)++;

        while (line.len && (line.data[line.len - 1] == CR
                            || line.data[line.len - 1] == ' '
                            || line.data[line.len - 1] == '\t'))
        {
            line.len--;
        }

        if (line.len == 0) {
            continue;
        }

        if (seal->n == NGX_EIAM_REDIS_SEAL_LINES) {
            *reason = "is one too many: there may be two keys";
            rc = NGX_DECLINED;
            break;
        }

        rc = ngx_eiam_redis_seal_line(&seal->keys[seal->n++], &line, pool,
                                      reason);
    }

    ngx_explicit_memzero(text->data, text->len);

    if (rc == NGX_OK && seal->n == 0) {
        *number = 1;
        *reason = "has no key";
        return NGX_DECLINED;
    }

    return rc;
}


static ngx_int_t
ngx_eiam_redis_seal_line(ngx_eiam_redis_seal_key_t *key,
    const ngx_str_t *line, ngx_pool_t *pool, const char **reason)
{
    u_char     buffer[NGX_EIAM_REDIS_SEAL_FILE];
    ngx_str_t  secret;

    secret.data = buffer;
    *reason = ngx_eiam_redis_seal_decode(line, &secret);

    if (*reason == NULL) {
        key->name = ngx_eiam_redis_seal_derive(&secret, "eiam/1 name", pool);
        key->value = ngx_eiam_redis_seal_derive(&secret, "eiam/1 value", pool);
        key->event = ngx_eiam_redis_seal_derive(&secret, "eiam/1 event", pool);
    }

    ngx_explicit_memzero(buffer, sizeof(buffer));

    if (*reason) {
        return NGX_DECLINED;
    }

    return (key->name && key->value && key->event) ? NGX_OK : NGX_ERROR;
}


/* why the line is no key, or NULL */

static const char *
ngx_eiam_redis_seal_decode(const ngx_str_t *line, ngx_str_t *bytes)
{
    size_t     padding;
    ngx_int_t  rc;
    ngx_str_t  digits;

    digits = *line;

    for (padding = 0; padding < 2 && digits.len; padding++) {

        if (digits.data[digits.len - 1] != '=') {
            break;
        }

        digits.len--;
    }

    /* ngx_decode_base64() stops at the first sign of padding */

    if (digits.len > NGX_EIAM_REDIS_SEAL_FILE
        || ngx_strlchr(digits.data, digits.data + digits.len, '=')
        || (padding && line->len % 4))
    {
        return "is not base64";
    }

    rc = ngx_decode_base64(bytes, &digits);

    if (rc != NGX_OK) {
        rc = ngx_decode_base64url(bytes, &digits);
    }

    if (rc != NGX_OK) {
        return "is not base64";
    }

    if (bytes->len < NGX_EIAM_REDIS_SEAL_MIN) {
        return "has less than 32 bytes";
    }

    return NULL;
}


static void *
ngx_eiam_redis_seal_derive(const ngx_str_t *secret, const char *label,
    ngx_pool_t *pool)
{
    void    *ctx;
    u_char   derived[NGX_EIAM_REDIS_SEAL_KEY];

    ctx = NULL;

    if (ngx_eiam_redis_seal_expand(secret, label, derived) == NGX_OK) {
        ctx = ngx_eiam_redis_seal_mac_create(derived, pool);
    }

    ngx_explicit_memzero(derived, sizeof(derived));

    return ctx;
}


/* RFC 5869, without a salt; the label is its "info" */

static ngx_int_t
ngx_eiam_redis_seal_expand(const ngx_str_t *secret, const char *label,
    u_char *derived)
{
    int           rc;
    EVP_KDF      *kdf;
    OSSL_PARAM    params[4];
    EVP_KDF_CTX  *ctx;

    kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
    EVP_KDF_free(kdf);

    if (ctx == NULL) {
        return NGX_ERROR;
    }

    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
                                                 (char *) "SHA256", 0);
    params[1] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY,
                                                  secret->data, secret->len);
    params[2] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO,
                                                  (char *) label,
                                                  ngx_strlen(label));
    params[3] = OSSL_PARAM_construct_end();

    rc = EVP_KDF_derive(ctx, derived, NGX_EIAM_REDIS_SEAL_KEY, params);

    EVP_KDF_CTX_free(ctx);

    return (rc == 1) ? NGX_OK : NGX_ERROR;
}


/* a context of HMAC-SHA256 that has the key, freed with the pool */

static void *
ngx_eiam_redis_seal_mac_create(const u_char *key, ngx_pool_t *pool)
{
    EVP_MAC             *mac;
    OSSL_PARAM           params[2];
    EVP_MAC_CTX         *ctx;
    ngx_pool_cleanup_t  *cln;

    mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;
    EVP_MAC_free(mac);

    cln = ctx ? ngx_pool_cleanup_add(pool, 0) : NULL;

    if (cln == NULL) {
        EVP_MAC_CTX_free(ctx);
        return NULL;
    }

    cln->handler = ngx_eiam_redis_seal_mac_free;
    cln->data = ctx;

    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
                                                 (char *) "SHA256", 0);
    params[1] = OSSL_PARAM_construct_end();

    if (EVP_MAC_init(ctx, key, NGX_EIAM_REDIS_SEAL_KEY, params) != 1) {
        return NULL;
    }

    return ctx;
}


static void
ngx_eiam_redis_seal_mac_free(void *data)
{
    EVP_MAC_CTX_free(data);
}


static ngx_int_t
ngx_eiam_redis_seal_init_cipher(void)
{
    if (ngx_eiam_redis_seal_cipher == NULL) {
        ngx_eiam_redis_seal_cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM",
                                                      NULL);
    }

    if (ngx_eiam_redis_seal_ctx == NULL) {
        ngx_eiam_redis_seal_ctx = EVP_CIPHER_CTX_new();
    }

    return (ngx_eiam_redis_seal_cipher && ngx_eiam_redis_seal_ctx)
           ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_eiam_redis_seal_mac(const ngx_eiam_redis_seal_t *seal, ngx_uint_t line,
    const ngx_str_t *text, u_char mac[NGX_EIAM_REDIS_SEAL_MAC])
{
    size_t        len;
    EVP_MAC_CTX  *ctx;

    ctx = seal->keys[line].name;

    /* without a key the context begins anew with the key that it has */

    if (EVP_MAC_init(ctx, NULL, 0, NULL)
        && EVP_MAC_update(ctx, text->data, text->len)
        && EVP_MAC_final(ctx, mac, &len, NGX_EIAM_REDIS_SEAL_MAC))
    {
        return NGX_OK;
    }

    return NGX_ERROR;
}


/*
 * The constant by which gateways know that they have the same key stays the
 * same in all later versions.
 */

static u_char
ngx_eiam_redis_seal_version(ngx_eiam_redis_seal_kind_e kind)
{
    return (kind == NGX_EIAM_REDIS_SEAL_CONSTANT)
           ? 0 : NGX_EIAM_REDIS_SEAL_VERSION;
}


/* the AES key of a value: the HMAC of its kind, its Redis key and its source */

static ngx_int_t
ngx_eiam_redis_seal_place_key(const ngx_eiam_redis_seal_key_t *key,
    const ngx_eiam_redis_seal_place_t *place, u_char *derived)
{
    size_t                         len;
    EVP_MAC_CTX                   *ctx;
    ngx_eiam_redis_seal_header_t   header;

    ctx = (place->kind <= NGX_EIAM_REDIS_SEAL_TOMBSTONE) ? key->value
                                                         : key->event;

    header.version = ngx_eiam_redis_seal_version(place->kind);
    header.kind = ngx_eiam_redis_seal_kinds[place->kind];
    header.key_len[0] = (u_char) (place->key.len >> 8);
    header.key_len[1] = (u_char) place->key.len;

    if (EVP_MAC_init(ctx, NULL, 0, NULL)
        && EVP_MAC_update(ctx, (u_char *) &header, sizeof(header))
        && EVP_MAC_update(ctx, place->key.data, place->key.len)
        && EVP_MAC_update(ctx, place->part.data, place->part.len)
        && EVP_MAC_final(ctx, derived, &len, NGX_EIAM_REDIS_SEAL_KEY))
    {
        return NGX_OK;
    }

    return NGX_ERROR;
}


ngx_int_t
ngx_eiam_redis_seal_close(const ngx_eiam_redis_seal_t *seal,
    const ngx_eiam_redis_seal_place_t *place, const ngx_str_t *plain,
    ngx_str_t *sealed)
{
    int              n, ok;
    u_char          *nonce, *text, *tag;
    u_char           key[NGX_EIAM_REDIS_SEAL_KEY];
    EVP_CIPHER_CTX  *ctx;

    ctx = ngx_eiam_redis_seal_ctx;

    nonce = sealed->data + 1;
    text = nonce + NGX_EIAM_REDIS_SEAL_NONCE;
    tag = text + plain->len;

    sealed->data[0] = ngx_eiam_redis_seal_version(place->kind);
    sealed->len = plain->len + NGX_EIAM_REDIS_SEAL_EXTRA;

    ok = ngx_eiam_random(nonce, NGX_EIAM_REDIS_SEAL_NONCE) == NGX_OK
         && ngx_eiam_redis_seal_place_key(&seal->keys[0], place, key) == NGX_OK
         && EVP_EncryptInit_ex2(ctx, ngx_eiam_redis_seal_cipher, key, nonce,
                                NULL)
         && EVP_EncryptUpdate(ctx, text, &n, plain->data, plain->len)
         && EVP_EncryptFinal_ex(ctx, tag, &n)
         && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG,
                                NGX_EIAM_REDIS_SEAL_TAG, tag);

    ngx_explicit_memzero(key, sizeof(key));

    return ok ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_eiam_redis_seal_open(const ngx_eiam_redis_seal_t *seal, ngx_uint_t line,
    const ngx_eiam_redis_seal_place_t *place, const ngx_str_t *sealed,
    ngx_str_t *plain)
{
    int              n, ok;
    u_char          *nonce, *text, *tag;
    u_char           key[NGX_EIAM_REDIS_SEAL_KEY];
    EVP_CIPHER_CTX  *ctx;

    if (ngx_eiam_redis_seal_is_of_other_version(place, sealed)) {
        return NGX_DECLINED;
    }

    if (sealed->len < NGX_EIAM_REDIS_SEAL_EXTRA) {
        return NGX_ABORT;
    }

    n = 0;
    ctx = ngx_eiam_redis_seal_ctx;

    plain->len = sealed->len - NGX_EIAM_REDIS_SEAL_EXTRA;

    nonce = sealed->data + 1;
    text = nonce + NGX_EIAM_REDIS_SEAL_NONCE;
    tag = text + plain->len;

    ok = ngx_eiam_redis_seal_place_key(&seal->keys[line], place, key) == NGX_OK
         && EVP_DecryptInit_ex2(ctx, ngx_eiam_redis_seal_cipher, key, nonce,
                                NULL)
         && EVP_DecryptUpdate(ctx, plain->data, &n, text, plain->len)
         && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG,
                                NGX_EIAM_REDIS_SEAL_TAG, tag);

    ngx_explicit_memzero(key, sizeof(key));

    if (!ok) {
        return NGX_ERROR;
    }

    if (EVP_DecryptFinal_ex(ctx, plain->data + n, &n) != 1) {
        ngx_explicit_memzero(plain->data, plain->len);
        plain->len = 0;
        return NGX_ABORT;
    }

    return NGX_OK;
}


ngx_uint_t
ngx_eiam_redis_seal_is_of_other_version(
    const ngx_eiam_redis_seal_place_t *place, const ngx_str_t *sealed)
{
    return sealed->len
           && sealed->data[0] != ngx_eiam_redis_seal_version(place->kind);
}
