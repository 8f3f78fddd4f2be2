
#include <ngx_eiam_jwk_material.h>
#include <ngx_eiam_jwk_pack.h>

#include <openssl/x509.h>


/* the header of a packed key, before its "kid" and its material */

typedef struct {
    uint32_t    type;
    uint32_t    algorithm;         /* NGX_EIAM_ANY_ALGORITHM in 32 bits */
    uint32_t    cost;
    uint32_t    kid;               /* bytes plus 1; 0: no "kid" */
    uint32_t    material;          /* bytes */
} ngx_eiam_jwk_head_t;


static ngx_int_t ngx_eiam_jwk_pack_material(const ngx_eiam_key_t *key,
    ngx_pool_t *pool, ngx_str_t *material);
static u_char *ngx_eiam_jwk_unpack_key(u_char *p, u_char *last,
    ngx_pool_t *pool, ngx_eiam_key_t *key);
static ngx_int_t ngx_eiam_jwk_unpack_material(ngx_eiam_key_t *key, u_char *p,
    size_t len, ngx_pool_t *pool);
static ngx_int_t ngx_eiam_jwk_unpack_text(ngx_str_t *text, u_char *p,
    size_t len, ngx_pool_t *pool);


ngx_int_t
ngx_eiam_jwk_pack(const ngx_eiam_keys_t *keys, ngx_pool_t *pool,
    ngx_str_t *packed)
{
    u_char          *p;
    uint32_t         n;
    ngx_str_t       *text;
    ngx_uint_t       i;
    ngx_eiam_key_t  *key;

    key = keys->list.elts;
    n = keys->list.nelts;

    text = ngx_palloc(pool, (n + 1) * sizeof(ngx_str_t));
    if (text == NULL) {
        return NGX_ERROR;
    }

    packed->len = sizeof(uint32_t);

    for (i = 0; i < n; i++) {

        if (ngx_eiam_jwk_pack_key(&key[i], pool, &text[i]) != NGX_OK) {
            return NGX_ERROR;
        }

        packed->len += text[i].len;
    }

    packed->data = ngx_pnalloc(pool, packed->len);
    if (packed->data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(packed->data, &n, sizeof(uint32_t));

    for (i = 0; i < n; i++) {
        p = ngx_cpymem(p, text[i].data, text[i].len);
    }

    return NGX_OK;
}


/* "use" and "key_ops" are not packed, as each key of a set may verify */

ngx_int_t
ngx_eiam_jwk_pack_key(const ngx_eiam_key_t *key, ngx_pool_t *pool,
    ngx_str_t *packed)
{
    u_char               *p;
    ngx_str_t             material;
    ngx_eiam_jwk_head_t   head;

    if (ngx_eiam_jwk_pack_material(key, pool, &material) != NGX_OK) {
        return NGX_ERROR;
    }

    head.type = key->type;
    head.algorithm = key->algorithm;
    head.cost = key->cost;
    head.kid = key->kid.data ? key->kid.len + 1 : 0;
    head.material = material.len;

    packed->len = sizeof(head) + key->kid.len + material.len;
    packed->data = ngx_pnalloc(pool, packed->len);
    if (packed->data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(packed->data, &head, sizeof(head));
    p = ngx_cpymem(p, key->kid.data, key->kid.len);
    ngx_memcpy(p, material.data, material.len);

    return NGX_OK;
}


/* RFC 5280, section 4.1: SubjectPublicKeyInfo in DER, which has one encoding */

static ngx_int_t
ngx_eiam_jwk_pack_material(const ngx_eiam_key_t *key, ngx_pool_t *pool,
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


ngx_int_t
ngx_eiam_jwk_pack_read(const ngx_str_t *packed, ngx_pool_t *pool,
    ngx_eiam_keys_t *keys)
{
    u_char          *p, *last;
    uint32_t         i, n;
    ngx_eiam_key_t  *key;

    p = packed->data;
    last = p + packed->len;

    if (packed->len < sizeof(uint32_t)) {
        return NGX_ERROR;
    }

    ngx_memcpy(&n, p, sizeof(uint32_t));
    p += sizeof(uint32_t);

    if (n > NGX_EIAM_KEYS_MAX || ngx_eiam_jwk_init(keys, pool) != NGX_OK) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {

        key = ngx_array_push(&keys->list);
        if (key == NULL) {
            return NGX_ERROR;
        }

        p = ngx_eiam_jwk_unpack_key(p, last, pool, key);
        if (p == NULL) {
            return NGX_ERROR;
        }

        keys->named |= (key->kid.data != NULL);
    }

    return (p == last) ? NGX_OK : NGX_ERROR;
}


/* returns the end of the key, or NULL */

static u_char *
ngx_eiam_jwk_unpack_key(u_char *p, u_char *last, ngx_pool_t *pool,
    ngx_eiam_key_t *key)
{
    size_t               size;
    ngx_eiam_jwk_head_t  head;

    if ((size_t) (last - p) < sizeof(head)) {
        return NULL;
    }

    ngx_memcpy(&head, p, sizeof(head));
    p += sizeof(head);

    ngx_memzero(key, sizeof(ngx_eiam_key_t));

    key->type = head.type;
    key->cost = head.cost;
    key->algorithm = (head.algorithm == (uint32_t) NGX_EIAM_ANY_ALGORITHM)
                     ? NGX_EIAM_ANY_ALGORITHM : head.algorithm;

    if (head.kid) {
        size = head.kid - 1;

        if ((size_t) (last - p) < size
            || ngx_eiam_jwk_unpack_text(&key->kid, p, size, pool) != NGX_OK)
        {
            return NULL;
        }

        p += size;
    }

    if ((size_t) (last - p) < head.material
        || ngx_eiam_jwk_unpack_material(key, p, head.material, pool) != NGX_OK
        || ngx_eiam_jws_key_prepare(key, pool) != NGX_OK)
    {
        return NULL;
    }

    return p + head.material;
}


static ngx_int_t
ngx_eiam_jwk_unpack_material(ngx_eiam_key_t *key, u_char *p, size_t len,
    ngx_pool_t *pool)
{
    const u_char  *der;

    if (key->type == NGX_EIAM_OCT) {
        return ngx_eiam_jwk_unpack_text(&key->secret, p, len, pool);
    }

    der = p;

    return ngx_eiam_jwk_material_keep(key, pool, d2i_PUBKEY(NULL, &der, len));
}


/* copies the text; an empty one gets a data pointer, too */

static ngx_int_t
ngx_eiam_jwk_unpack_text(ngx_str_t *text, u_char *p, size_t len,
    ngx_pool_t *pool)
{
    text->len = len;
    text->data = ngx_pnalloc(pool, len + 1);

    if (text->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(text->data, p, len);

    return NGX_OK;
}
