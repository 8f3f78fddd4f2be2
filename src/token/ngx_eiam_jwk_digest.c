
#include <ngx_eiam_jwk_digest.h>

#include <openssl/x509.h>


static ngx_int_t ngx_eiam_jwk_digest_key(const ngx_eiam_key_t *key,
    ngx_pool_t *pool, ngx_eiam_digest_t digest);
static ngx_int_t ngx_eiam_jwk_material(const ngx_eiam_key_t *key,
    ngx_pool_t *pool, ngx_str_t *material);
static int ngx_libc_cdecl ngx_eiam_jwk_digest_cmp(const void *one,
    const void *two);


ngx_int_t
ngx_eiam_jwk_digest(const ngx_eiam_keys_t *keys, ngx_pool_t *pool,
    ngx_eiam_digest_t digest)
{
    ngx_str_t           text;
    ngx_uint_t          i, n;
    ngx_eiam_key_t     *key;
    ngx_eiam_digest_t  *digests;

    key = keys->list.elts;
    n = keys->list.nelts;

    digests = ngx_palloc(pool, (n + 1) * sizeof(ngx_eiam_digest_t));
    if (digests == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {

        if (ngx_eiam_jwk_digest_key(&key[i], pool, digests[i]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    ngx_qsort(digests, n, sizeof(ngx_eiam_digest_t), ngx_eiam_jwk_digest_cmp);

    text.data = (u_char *) digests;
    text.len = n * sizeof(ngx_eiam_digest_t);

    return ngx_eiam_digest(&text, digest);
}


/* a key that is in the set may verify: "use" and "key_ops" have decided that */

static ngx_int_t
ngx_eiam_jwk_digest_key(const ngx_eiam_key_t *key, ngx_pool_t *pool,
    ngx_eiam_digest_t digest)
{
    size_t     len;
    ngx_str_t  text, material;

    if (ngx_eiam_jwk_material(key, pool, &material) != NGX_OK) {
        return NGX_ERROR;
    }

    len = 4 * (NGX_SIZE_T_LEN + 1) + key->kid.len + material.len;

    text.data = ngx_pnalloc(pool, len);
    if (text.data == NULL) {
        return NGX_ERROR;
    }

    text.len = ngx_sprintf(text.data, "%ui %i %uz %ui:%V%V",
                           (ngx_uint_t) key->type, (ngx_int_t) key->algorithm,
                           key->kid.len, (ngx_uint_t) (key->kid.data != NULL),
                           &key->kid, &material)
               - text.data;

    return ngx_eiam_digest(&text, digest);
}


/* RFC 5280, section 4.1: SubjectPublicKeyInfo, in the one form of DER */

static ngx_int_t
ngx_eiam_jwk_material(const ngx_eiam_key_t *key, ngx_pool_t *pool,
    ngx_str_t *material)
{
    int      len;
    u_char  *p;

    if (key->pkey == NULL) {
        *material = key->secret;
        return NGX_OK;
    }

    len = i2d_PUBKEY(key->pkey, NULL);
    if (len <= 0) {
        return NGX_ERROR;
    }

    material->len = len;
    material->data = ngx_pnalloc(pool, len);
    if (material->data == NULL) {
        return NGX_ERROR;
    }

    p = material->data;

    return (i2d_PUBKEY(key->pkey, &p) == len) ? NGX_OK : NGX_ERROR;
}


static int ngx_libc_cdecl
ngx_eiam_jwk_digest_cmp(const void *one, const void *two)
{
    return ngx_memcmp(one, two, sizeof(ngx_eiam_digest_t));
}
