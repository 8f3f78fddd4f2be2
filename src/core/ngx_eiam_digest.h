
#ifndef _NGX_EIAM_DIGEST_H_INCLUDED_
#define _NGX_EIAM_DIGEST_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_EIAM_DIGEST_LEN  32       /* SHA-256, FIPS 180-4 */


typedef u_char  ngx_eiam_digest_t[NGX_EIAM_DIGEST_LEN];


/* where a worker's memo of digests has that of a text, if it has it */

typedef struct {
    void      *bucket;                /* NULL: it has no place for it */
    uint64_t   hash[4];
} ngx_eiam_digest_memo_t;


/* once, at configuration time: NGX_OK or NGX_ERROR */
ngx_int_t ngx_eiam_digest_init(void);

/*
 * The bytes that each worker's memo of digests may have, without which it has
 * none: NGX_OK or NGX_ERROR (no memory, no random numbers).
 */
ngx_int_t ngx_eiam_digest_memo_reserve(size_t size);

/* a token's name everywhere it is stored or logged: NGX_OK or NGX_ERROR */
ngx_int_t ngx_eiam_digest(const ngx_str_t *text, ngx_eiam_digest_t digest);

/*
 * Finds the place of a text in the memo, and has the processor fetch it: the
 * caller should have something else to do before it asks for the digest.
 */
void ngx_eiam_digest_memo_prefetch(const ngx_str_t *text,
    ngx_eiam_digest_memo_t *memo);

/* the digest: NGX_OK, or NGX_DECLINED: it is not in this worker's memo */
ngx_int_t ngx_eiam_digest_memo_find(const ngx_eiam_digest_memo_t *memo,
    ngx_eiam_digest_t digest);

/* makes the digest and keeps it in the memo: NGX_OK or NGX_ERROR */
ngx_int_t ngx_eiam_digest_memo_keep(const ngx_eiam_digest_memo_t *memo,
    const ngx_str_t *text, ngx_eiam_digest_t digest);


#endif /* _NGX_EIAM_DIGEST_H_INCLUDED_ */
