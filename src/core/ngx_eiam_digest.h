
#ifndef _NGX_EIAM_DIGEST_H_INCLUDED_
#define _NGX_EIAM_DIGEST_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_EIAM_DIGEST_LEN  32       /* SHA-256, FIPS 180-4 */


typedef u_char  ngx_eiam_digest_t[NGX_EIAM_DIGEST_LEN];


/* where a worker remembers the digest of a text, if it does */

typedef struct {
    void      *bucket;                /* NULL: nowhere */
    uint64_t   hash[4];
} ngx_eiam_digest_place_t;


/* once, at configuration time: NGX_OK or NGX_ERROR */
ngx_int_t ngx_eiam_digest_init(void);

/*
 * The bytes that each worker may take for digests to remember, of which it
 * remembers none before: NGX_OK or NGX_ERROR (no memory, no random numbers).
 */
ngx_int_t ngx_eiam_digest_reserve(size_t size);

/* a token's name everywhere it is stored or logged: NGX_OK or NGX_ERROR */
ngx_int_t ngx_eiam_digest(const ngx_str_t *text, ngx_eiam_digest_t digest);

/*
 * The place of a text, which is fetched from memory meanwhile: there should be
 * something else to do before it is asked.
 */
void ngx_eiam_digest_expect(const ngx_str_t *text,
    ngx_eiam_digest_place_t *place);

/* NGX_OK if this worker remembers it, else NGX_DECLINED */
ngx_int_t ngx_eiam_digest_known(const ngx_eiam_digest_place_t *place,
    ngx_eiam_digest_t digest);

/* that of the text, to be remembered for a while: NGX_OK or NGX_ERROR */
ngx_int_t ngx_eiam_digest_keep(const ngx_eiam_digest_place_t *place,
    const ngx_str_t *text, ngx_eiam_digest_t digest);


#endif /* _NGX_EIAM_DIGEST_H_INCLUDED_ */
