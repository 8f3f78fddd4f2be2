
#include <ngx_eiam_digest.h>

#include <openssl/evp.h>


/*
 * Fetching the algorithm and making a context cost more than the digest of
 * a token, so both are kept for the life of the process.
 */

static EVP_MD      *ngx_eiam_digest_sha256;
static EVP_MD_CTX  *ngx_eiam_digest_ctx;


ngx_int_t
ngx_eiam_digest_init(void)
{
    if (ngx_eiam_digest_sha256 == NULL) {
        ngx_eiam_digest_sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    }

    if (ngx_eiam_digest_ctx == NULL) {
        ngx_eiam_digest_ctx = EVP_MD_CTX_new();
    }

    return (ngx_eiam_digest_sha256 && ngx_eiam_digest_ctx) ? NGX_OK : NGX_ERROR;
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
