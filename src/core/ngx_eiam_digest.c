
#include <ngx_eiam_digest.h>
#include <ngx_eiam_hash.h>
#include <ngx_eiam_nh.h>

#include <openssl/evp.h>
#include <openssl/rand.h>


/*
 * Fetching the algorithm and creating a context cost more than the digest of a
 * token, so both are kept as long as the process lives.
 */

static EVP_MD      *ngx_eiam_digest_sha256;
static EVP_MD_CTX  *ngx_eiam_digest_ctx;

#if (NGX_EIAM_HAVE_NH)

#define NGX_EIAM_DIGEST_MEMO_MAX  16384    /* number of buckets, a power of 2 */


/* the text itself is not kept, only its hash under a secret key */

typedef struct {
    uint64_t            hash[4];           /* 0: the entry is empty */
    ngx_eiam_digest_t   digest;
} ngx_eiam_digest_memo_entry_t;


/* two entries, the newer one first, each in a cache line of its own */

typedef ngx_eiam_digest_memo_entry_t  ngx_eiam_digest_memo_bucket_t[2];


static ngx_eiam_digest_memo_bucket_t  *ngx_eiam_digest_memo;
static ngx_uint_t   ngx_eiam_digest_memo_buckets;
static uint64_t     ngx_eiam_digest_memo_key[NGX_EIAM_NH_KEY];

#endif


ngx_int_t
ngx_eiam_digest_init(void)
{
    if (ngx_eiam_digest_sha256 == NULL) {
        ngx_eiam_digest_sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    }

    if (ngx_eiam_digest_ctx == NULL) {
        ngx_eiam_digest_ctx = EVP_MD_CTX_new();
    }

    return (ngx_eiam_digest_sha256 && ngx_eiam_digest_ctx) ? NGX_OK
                                                           : NGX_ERROR;
}


ngx_int_t
ngx_eiam_digest(const ngx_str_t *text, ngx_eiam_digest_t digest)
{
    if (EVP_DigestInit_ex2(ngx_eiam_digest_ctx, ngx_eiam_digest_sha256, NULL)
        && EVP_DigestUpdate(ngx_eiam_digest_ctx, text->data, text->len)
        && EVP_DigestFinal_ex(ngx_eiam_digest_ctx, digest, NULL))
    {
        return NGX_OK;
    }

    return NGX_ERROR;
}


void
ngx_eiam_digest_combine(const ngx_eiam_digest_t one,
    const ngx_eiam_digest_t other, ngx_eiam_digest_t combined)
{
    uint64_t    a[NGX_EIAM_DIGEST_LEN / 8], b[NGX_EIAM_DIGEST_LEN / 8];
    ngx_uint_t  i;

    ngx_memcpy(a, one, NGX_EIAM_DIGEST_LEN);
    ngx_memcpy(b, other, NGX_EIAM_DIGEST_LEN);

    for (i = 0; i < NGX_EIAM_DIGEST_LEN / 8; i++) {
        a[i] ^= b[i];
    }

    ngx_memcpy(combined, a, NGX_EIAM_DIGEST_LEN);
}


ngx_int_t
ngx_eiam_digest_read_hex(const ngx_str_t *text, ngx_eiam_digest_t digest)
{
    ngx_int_t   n;
    ngx_uint_t  i;

    if (text->len != 2 * NGX_EIAM_DIGEST_LEN) {
        return NGX_ABORT;
    }

    for (i = 0; i < NGX_EIAM_DIGEST_LEN; i++) {

        n = ngx_hextoi(&text->data[2 * i], 2);
        if (n == NGX_ERROR) {
            return NGX_ABORT;
        }

        digest[i] = (u_char) n;
    }

    return NGX_OK;
}


#if (NGX_EIAM_HAVE_NH)

/* a memo of another size starts empty */

ngx_int_t
ngx_eiam_digest_memo_reserve(size_t size)
{
    ngx_uint_t                      buckets;
    ngx_eiam_digest_memo_bucket_t  *memo;

    buckets = NGX_EIAM_DIGEST_MEMO_MAX;

    while (buckets > 1
           && buckets * sizeof(ngx_eiam_digest_memo_bucket_t) > size)
    {
        buckets /= 2;
    }

    if (buckets == ngx_eiam_digest_memo_buckets) {
        return NGX_OK;
    }

    if (ngx_eiam_digest_memo == NULL
        && RAND_bytes((u_char *) ngx_eiam_digest_memo_key,
                      sizeof(ngx_eiam_digest_memo_key))
           != 1)
    {
        return NGX_ERROR;
    }

    size = buckets * sizeof(ngx_eiam_digest_memo_bucket_t);

    memo = ngx_memalign(sizeof(ngx_eiam_digest_memo_bucket_t), size,
                        ngx_cycle->log);
    if (memo == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(memo, size);

    if (ngx_eiam_digest_memo) {
        ngx_free(ngx_eiam_digest_memo);
    }

    ngx_eiam_digest_memo = memo;
    ngx_eiam_digest_memo_buckets = buckets;

    return NGX_OK;
}


void
ngx_eiam_digest_memo_prefetch(const ngx_str_t *text,
    ngx_eiam_digest_memo_t *memo)
{
    uint64_t       mixed;
    ngx_eiam_nh_t  hash;

    if (text->len < NGX_EIAM_NH_MIN || text->len > NGX_EIAM_NH_MAX
        || ngx_eiam_digest_memo == NULL)
    {
        memo->bucket = NULL;
        return;
    }

    ngx_eiam_nh(ngx_eiam_digest_memo_key, text, hash);
    ngx_memcpy(memo->hash, hash, sizeof(ngx_eiam_nh_t));

    /* the first and last bits of sums of products are not evenly distributed */

    mixed = (memo->hash[0] ^ memo->hash[3]) * NGX_EIAM_HASH_FACTOR;

    memo->bucket = ngx_eiam_digest_memo[(mixed >> 32)
                                        & (ngx_eiam_digest_memo_buckets - 1)];
    __builtin_prefetch(memo->bucket);
}


ngx_int_t
ngx_eiam_digest_memo_find(const ngx_eiam_digest_memo_t *memo,
    ngx_eiam_digest_t digest)
{
    ngx_uint_t                     i;
    ngx_eiam_digest_memo_entry_t  *entry;

    entry = memo->bucket;

    for (i = 0; entry && i < 2; i++) {

        if (entry[i].hash[0] == memo->hash[0]
            && entry[i].hash[1] == memo->hash[1]
            && entry[i].hash[2] == memo->hash[2]
            && entry[i].hash[3] == memo->hash[3])
        {
            ngx_memcpy(digest, entry[i].digest, NGX_EIAM_DIGEST_LEN);
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


ngx_int_t
ngx_eiam_digest_memo_keep(const ngx_eiam_digest_memo_t *memo,
    const ngx_str_t *text, ngx_eiam_digest_t digest)
{
    ngx_eiam_digest_memo_entry_t  *entry;

    if (ngx_eiam_digest(text, digest) != NGX_OK) {
        return NGX_ERROR;
    }

    entry = memo->bucket;

    if (entry) {
        entry[1] = entry[0];

        ngx_memcpy(entry->hash, memo->hash, sizeof(memo->hash));
        ngx_memcpy(entry->digest, digest, NGX_EIAM_DIGEST_LEN);
    }

    return NGX_OK;
}

#else

ngx_int_t
ngx_eiam_digest_memo_reserve(size_t size)
{
    return NGX_OK;
}


void
ngx_eiam_digest_memo_prefetch(const ngx_str_t *text,
    ngx_eiam_digest_memo_t *memo)
{
    memo->bucket = NULL;
}


ngx_int_t
ngx_eiam_digest_memo_find(const ngx_eiam_digest_memo_t *memo,
    ngx_eiam_digest_t digest)
{
    return NGX_DECLINED;
}


ngx_int_t
ngx_eiam_digest_memo_keep(const ngx_eiam_digest_memo_t *memo,
    const ngx_str_t *text, ngx_eiam_digest_t digest)
{
    return ngx_eiam_digest(text, digest);
}

#endif
