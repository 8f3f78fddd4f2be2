
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

#define NGX_EIAM_DIGEST_MEMO_MAX  8192     /* number of buckets, a power of 2 */
#define NGX_EIAM_DIGEST_BUCKET    4        /* entries */


/* the text itself is not kept, only its hash under a secret key */

typedef struct {
    uint64_t            hash[4];           /* 0: the entry is empty */
    ngx_eiam_digest_t   digest;
} ngx_eiam_digest_memo_entry_t;


/* the newest entry first, each in a cache line of its own */

typedef ngx_eiam_digest_memo_entry_t
    ngx_eiam_digest_memo_bucket_t[NGX_EIAM_DIGEST_BUCKET];


static ngx_eiam_digest_memo_bucket_t  *ngx_eiam_digest_memo;
static ngx_uint_t   ngx_eiam_digest_memo_buckets;
static uint64_t     ngx_eiam_digest_memo_key[NGX_EIAM_NH_KEY];


static void *ngx_eiam_digest_memo_map(size_t size);

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
    size = ngx_max(size, ngx_pagesize);

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

    memo = ngx_eiam_digest_memo_map(buckets
                                    * sizeof(ngx_eiam_digest_memo_bucket_t));
    if (memo == NULL) {
        return NGX_ERROR;
    }

    if (ngx_eiam_digest_memo) {
        (void) munmap(ngx_eiam_digest_memo,
                      ngx_eiam_digest_memo_buckets
                      * sizeof(ngx_eiam_digest_memo_bucket_t));
    }

    ngx_eiam_digest_memo = memo;
    ngx_eiam_digest_memo_buckets = buckets;

    return NGX_OK;
}


/*
 * Memory of zeros, aligned to its size, as the largest memo is a huge page of
 * x86-64.  The master does not touch it: each worker gets a page of its own,
 * where the copy of one that the master had would be split into small ones.
 */

static void *
ngx_eiam_digest_memo_map(size_t size)
{
    u_char  *p, *memo;
    size_t   before;

    p = mmap(NULL, 2 * size, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANON, -1, 0);

    if (p == MAP_FAILED) {
        return NULL;
    }

    memo = ngx_align_ptr(p, size);
    before = memo - p;

    if (before) {
        (void) munmap(p, before);
    }

    (void) munmap(memo + size, size - before);

#if (MADV_HUGEPAGE)
    (void) madvise(memo, size, MADV_HUGEPAGE);
#endif

    return memo;
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

    for (i = 0; entry && i < NGX_EIAM_DIGEST_BUCKET; i++) {

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
        ngx_memmove(&entry[1], entry, (NGX_EIAM_DIGEST_BUCKET - 1)
                                      * sizeof(ngx_eiam_digest_memo_entry_t));

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
