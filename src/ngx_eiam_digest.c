
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

#define NGX_EIAM_DIGESTS  4096      /* that a worker remembers: a power of 2 */


/* the text itself is not kept: a hash by a secret key stands for it */

typedef struct {
    ngx_eiam_nh_t       hash;
    ngx_eiam_digest_t   digest;
    size_t              len;        /* of the text; 0: none yet */
} ngx_eiam_known_digest_t;


static ngx_eiam_known_digest_t *ngx_eiam_digest_place(
    const ngx_eiam_nh_t hash);


static uint64_t                  ngx_eiam_digest_key[NGX_EIAM_NH_KEY];
static ngx_eiam_known_digest_t  *ngx_eiam_digests;

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

#if (NGX_EIAM_HAVE_NH)

    if (ngx_eiam_digests == NULL
        && RAND_bytes((u_char *) ngx_eiam_digest_key,
                      sizeof(ngx_eiam_digest_key))
           == 1)
    {
        ngx_eiam_digests = ngx_calloc(NGX_EIAM_DIGESTS
                                      * sizeof(ngx_eiam_known_digest_t),
                                      ngx_cycle->log);
    }

    if (ngx_eiam_digests == NULL) {
        return NGX_ERROR;
    }

#endif

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

ngx_int_t
ngx_eiam_digest_known(const ngx_str_t *text, ngx_eiam_digest_t digest)
{
    ngx_eiam_nh_t             hash;
    ngx_eiam_known_digest_t  *known;

    if (text->len < NGX_EIAM_NH_MIN || text->len > NGX_EIAM_NH_MAX) {
        return NGX_DECLINED;
    }

    ngx_eiam_nh(ngx_eiam_digest_key, text, hash);

    known = ngx_eiam_digest_place(hash);

    if (known->len != text->len || known->hash[0] != hash[0]
        || known->hash[1] != hash[1])
    {
        return NGX_DECLINED;
    }

    ngx_memcpy(digest, known->digest, NGX_EIAM_DIGEST_LEN);

    return NGX_OK;
}


ngx_int_t
ngx_eiam_digest_keep(const ngx_str_t *text, ngx_eiam_digest_t digest)
{
    ngx_eiam_nh_t             hash;
    ngx_eiam_known_digest_t  *known;

    if (ngx_eiam_digest(text, digest) != NGX_OK) {
        return NGX_ERROR;
    }

    if (text->len < NGX_EIAM_NH_MIN || text->len > NGX_EIAM_NH_MAX) {
        return NGX_OK;
    }

    ngx_eiam_nh(ngx_eiam_digest_key, text, hash);

    known = ngx_eiam_digest_place(hash);

    known->hash[0] = hash[0];
    known->hash[1] = hash[1];
    known->len = text->len;

    ngx_memcpy(known->digest, digest, NGX_EIAM_DIGEST_LEN);

    return NGX_OK;
}


/* the sums of products are uneven at both of their ends */

static ngx_eiam_known_digest_t *
ngx_eiam_digest_place(const ngx_eiam_nh_t hash)
{
    uint64_t  mixed;

    mixed = ((uint64_t) hash[0] ^ (uint64_t) (hash[1] >> 64))
            * NGX_EIAM_HASH_FACTOR;

    return &ngx_eiam_digests[(mixed >> 32) % NGX_EIAM_DIGESTS];
}

#else

ngx_int_t
ngx_eiam_digest_known(const ngx_str_t *text, ngx_eiam_digest_t digest)
{
    return NGX_DECLINED;
}


ngx_int_t
ngx_eiam_digest_keep(const ngx_str_t *text, ngx_eiam_digest_t digest)
{
    return ngx_eiam_digest(text, digest);
}

#endif
