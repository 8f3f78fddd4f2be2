
#include <ngx_eiam_digest.h>
#include <ngx_eiam_hash.h>
#include <ngx_eiam_nh.h>

#include <openssl/evp.h>
#include <openssl/rand.h>


/*
 * Fetching the algorithm and making a context cost more than the digest of
 * a token, so both are kept for the life of the process.
 */

static EVP_MD      *ngx_eiam_digest_sha256;
static EVP_MD_CTX  *ngx_eiam_digest_ctx;

#if (NGX_EIAM_HAVE_NH)

#define NGX_EIAM_DIGEST_BUCKETS  16384     /* at most: a power of 2 */


/* the text itself is not kept: a hash by a secret key stands for it */

typedef struct {
    uint64_t            hash[4];    /* 0: none yet */
    ngx_eiam_digest_t   digest;
} ngx_eiam_known_digest_t;


/* the newer one first, each in one line of the processor's cache */

typedef ngx_eiam_known_digest_t  ngx_eiam_digest_bucket_t[2];


static uint64_t                   ngx_eiam_digest_key[NGX_EIAM_NH_KEY];
static ngx_eiam_digest_bucket_t  *ngx_eiam_digests;
static ngx_uint_t                 ngx_eiam_digest_buckets;

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


#if (NGX_EIAM_HAVE_NH)

/* another size forgets what was remembered */

ngx_int_t
ngx_eiam_digest_reserve(size_t size)
{
    ngx_uint_t                 buckets;
    ngx_eiam_digest_bucket_t  *digests;

    buckets = NGX_EIAM_DIGEST_BUCKETS;

    while (buckets > 1 && buckets * sizeof(ngx_eiam_digest_bucket_t) > size) {
        buckets /= 2;
    }

    if (buckets == ngx_eiam_digest_buckets) {
        return NGX_OK;
    }

    if (ngx_eiam_digests == NULL
        && RAND_bytes((u_char *) ngx_eiam_digest_key,
                      sizeof(ngx_eiam_digest_key))
           != 1)
    {
        return NGX_ERROR;
    }

    size = buckets * sizeof(ngx_eiam_digest_bucket_t);

    digests = ngx_memalign(sizeof(ngx_eiam_digest_bucket_t), size,
                           ngx_cycle->log);
    if (digests == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(digests, size);

    if (ngx_eiam_digests) {
        ngx_free(ngx_eiam_digests);
    }

    ngx_eiam_digests = digests;
    ngx_eiam_digest_buckets = buckets;

    return NGX_OK;
}


void
ngx_eiam_digest_expect(const ngx_str_t *text, ngx_eiam_digest_place_t *place)
{
    uint64_t       mixed;
    ngx_eiam_nh_t  hash;

    if (text->len < NGX_EIAM_NH_MIN || text->len > NGX_EIAM_NH_MAX
        || ngx_eiam_digests == NULL)
    {
        place->bucket = NULL;
        return;
    }

    ngx_eiam_nh(ngx_eiam_digest_key, text, hash);
    ngx_memcpy(place->hash, hash, sizeof(ngx_eiam_nh_t));

    /* the sums of products are uneven at both of their ends */

    mixed = (place->hash[0] ^ place->hash[3]) * NGX_EIAM_HASH_FACTOR;

    place->bucket = ngx_eiam_digests[(mixed >> 32)
                                     & (ngx_eiam_digest_buckets - 1)];
    __builtin_prefetch(place->bucket);
}


ngx_int_t
ngx_eiam_digest_known(const ngx_eiam_digest_place_t *place,
    ngx_eiam_digest_t digest)
{
    ngx_uint_t                i;
    ngx_eiam_known_digest_t  *known;

    known = place->bucket;

    for (i = 0; known && i < 2; i++) {

        if (known[i].hash[0] == place->hash[0]
            && known[i].hash[1] == place->hash[1]
            && known[i].hash[2] == place->hash[2]
            && known[i].hash[3] == place->hash[3])
        {
            ngx_memcpy(digest, known[i].digest, NGX_EIAM_DIGEST_LEN);
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


ngx_int_t
ngx_eiam_digest_keep(const ngx_eiam_digest_place_t *place,
    const ngx_str_t *text, ngx_eiam_digest_t digest)
{
    ngx_eiam_known_digest_t  *known;

    if (ngx_eiam_digest(text, digest) != NGX_OK) {
        return NGX_ERROR;
    }

    known = place->bucket;

    if (known) {
        known[1] = known[0];

        ngx_memcpy(known->hash, place->hash, sizeof(place->hash));
        ngx_memcpy(known->digest, digest, NGX_EIAM_DIGEST_LEN);
    }

    return NGX_OK;
}

#else

ngx_int_t
ngx_eiam_digest_reserve(size_t size)
{
    return NGX_OK;
}


void
ngx_eiam_digest_expect(const ngx_str_t *text, ngx_eiam_digest_place_t *place)
{
    place->bucket = NULL;
}


ngx_int_t
ngx_eiam_digest_known(const ngx_eiam_digest_place_t *place,
    ngx_eiam_digest_t digest)
{
    return NGX_DECLINED;
}


ngx_int_t
ngx_eiam_digest_keep(const ngx_eiam_digest_place_t *place,
    const ngx_str_t *text, ngx_eiam_digest_t digest)
{
    return ngx_eiam_digest(text, digest);
}

#endif
