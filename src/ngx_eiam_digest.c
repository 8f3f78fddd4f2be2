
#include <ngx_eiam_digest.h>
#include <ngx_eiam_siphash.h>

#include <openssl/evp.h>
#include <openssl/rand.h>


#define NGX_EIAM_DIGESTS  1024      /* that a worker remembers */


/* the text itself is not kept: a hash stands for it, by a key of our own */

typedef struct {
    uint64_t            hash[2];
    ngx_eiam_digest_t   digest;
} ngx_eiam_known_digest_t;


/*
 * Fetching the algorithm and making a context cost more than the digest of
 * a token, so both are kept for the life of the process.
 */

static EVP_MD      *ngx_eiam_digest_sha256;
static EVP_MD_CTX  *ngx_eiam_digest_ctx;

static u_char                    ngx_eiam_digest_key[NGX_EIAM_SIPHASH_KEY];
static ngx_eiam_known_digest_t  *ngx_eiam_digests;


ngx_int_t
ngx_eiam_digest_init(void)
{
    if (ngx_eiam_digest_sha256 == NULL) {
        ngx_eiam_digest_sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    }

    if (ngx_eiam_digest_ctx == NULL) {
        ngx_eiam_digest_ctx = EVP_MD_CTX_new();
    }

    if (ngx_eiam_digests == NULL
        && RAND_bytes(ngx_eiam_digest_key, NGX_EIAM_SIPHASH_KEY) == 1)
    {
        ngx_eiam_digests = ngx_calloc(NGX_EIAM_DIGESTS
                                      * sizeof(ngx_eiam_known_digest_t),
                                      ngx_cycle->log);
    }

    return (ngx_eiam_digest_sha256 && ngx_eiam_digest_ctx && ngx_eiam_digests)
           ? NGX_OK : NGX_ERROR;
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


/*
 * SipHash costs an eighth of SHA-256.  A place that was never used has the
 * hash 0, which a text has by a chance of 1 in 2^128.
 */

ngx_int_t
ngx_eiam_digest_again(const ngx_str_t *text, ngx_eiam_digest_t digest)
{
    uint64_t                  hash[2];
    ngx_eiam_known_digest_t  *known;

    ngx_eiam_siphash(ngx_eiam_digest_key, text, hash);

    known = &ngx_eiam_digests[hash[0] % NGX_EIAM_DIGESTS];

    if (known->hash[0] != hash[0] || known->hash[1] != hash[1]) {

        if (ngx_eiam_digest(text, known->digest) != NGX_OK) {
            known->hash[0] = 0;
            known->hash[1] = 0;
            return NGX_ERROR;
        }

        known->hash[0] = hash[0];
        known->hash[1] = hash[1];
    }

    ngx_memcpy(digest, known->digest, NGX_EIAM_DIGEST_LEN);

    return NGX_OK;
}
