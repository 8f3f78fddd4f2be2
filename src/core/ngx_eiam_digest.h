
#ifndef _NGX_EIAM_DIGEST_H_INCLUDED_
#define _NGX_EIAM_DIGEST_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_EIAM_DIGEST_LEN  32       /* SHA-256, FIPS 180-4 */

/* bytes of a token's digest that logs may show: its id */
#define NGX_EIAM_TOKEN_ID_LEN  ((size_t) 8)


typedef u_char  ngx_eiam_digest_t[NGX_EIAM_DIGEST_LEN];


/* where the digest of a text is, or would be, in the worker's memo */

typedef struct {
    void      *bucket;                /* NULL: the memo cannot hold the text */
    uint64_t   hash[4];
} ngx_eiam_digest_memo_t;


/* to be called once, when the configuration is read: NGX_OK or NGX_ERROR */
ngx_int_t ngx_eiam_digest_init(void);

/*
 * Sets the size in bytes of each worker's memo of digests; without this call
 * there is no memo.  NGX_OK, or NGX_ERROR: no memory or no random numbers.
 */
ngx_int_t ngx_eiam_digest_memo_reserve(size_t size);

/* SHA-256 of a token, by which it is stored and logged: NGX_OK or NGX_ERROR */
ngx_int_t ngx_eiam_digest(const ngx_str_t *text, ngx_eiam_digest_t digest);

/*
 * combines two digests, so that the result and either of them yield the other
 */
void ngx_eiam_digest_combine(const ngx_eiam_digest_t one,
    const ngx_eiam_digest_t other, ngx_eiam_digest_t combined);

/*
 * Finds the bucket of a text in the memo, and prefetches it: the caller should
 * do something else before it asks for the digest.
 */
void ngx_eiam_digest_memo_prefetch(const ngx_str_t *text,
    ngx_eiam_digest_memo_t *memo);

/* NGX_OK and the digest, or NGX_DECLINED: it is not in this worker's memo */
ngx_int_t ngx_eiam_digest_memo_find(const ngx_eiam_digest_memo_t *memo,
    ngx_eiam_digest_t digest);

/* computes the digest and stores it in the memo: NGX_OK or NGX_ERROR */
ngx_int_t ngx_eiam_digest_memo_keep(const ngx_eiam_digest_memo_t *memo,
    const ngx_str_t *text, ngx_eiam_digest_t digest);

/* reads a digest from hexadecimal digits: NGX_OK, or NGX_ABORT: malformed */
ngx_int_t ngx_eiam_digest_read_hex(const ngx_str_t *text,
    ngx_eiam_digest_t digest);



#endif /* _NGX_EIAM_DIGEST_H_INCLUDED_ */
