
#include <ngx_eiam_jwk_digest.h>
#include <ngx_eiam_jwk_pack.h>


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

        if (ngx_eiam_jwk_pack_key(&key[i], pool, &text) != NGX_OK
            || ngx_eiam_digest(&text, digests[i]) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    ngx_qsort(digests, n, sizeof(ngx_eiam_digest_t), ngx_eiam_jwk_digest_cmp);

    text.data = (u_char *) digests;
    text.len = n * sizeof(ngx_eiam_digest_t);

    return ngx_eiam_digest(&text, digest);
}


static int ngx_libc_cdecl
ngx_eiam_jwk_digest_cmp(const void *one, const void *two)
{
    return ngx_memcmp(one, two, sizeof(ngx_eiam_digest_t));
}
