
/*
 * The names of Redis keys.  A token's name, h, has 32 characters of base64url:
 * the HMAC-SHA256 of the first 20 bytes of the token's SHA-256, which are what
 * a revocation keeps of the token:
 *
 *     PREFIX{h}:g:S       its grant from the source of the short name S
 *     PREFIX{h}:r         its tombstone
 *     PREFIX{rev}         the stream of revocations
 *     PREFIX{rev}:cut     revocations of applications, and of all tokens
 *     PREFIX{rev}:key     the text that shows that gateways have the same key
 *     PREFIX{rev}:gw      the gateways
 *
 * The braces keep the keys of a token together, should there be a cluster.
 */


#ifndef _NGX_EIAM_REDIS_NAME_H_INCLUDED_
#define _NGX_EIAM_REDIS_NAME_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_digest.h>
#include <ngx_eiam_grant.h>
#include <ngx_eiam_redis_seal.h>


#define NGX_EIAM_REDIS_NAME_TOKEN   20    /* bytes of a token's digest */
#define NGX_EIAM_REDIS_NAME_LEN     32    /* h */
#define NGX_EIAM_REDIS_NAME_SOURCE  8     /* S */
#define NGX_EIAM_REDIS_NAME_FIELD   40    /* h and 8 random characters */
#define NGX_EIAM_REDIS_NAME_PREFIX  255   /* a prefix at most */

/* bytes of a whole name at most */
#define NGX_EIAM_REDIS_NAME_MAX                                               \
    (NGX_EIAM_REDIS_NAME_PREFIX + NGX_EIAM_REDIS_NAME_LEN                     \
     + NGX_EIAM_REDIS_NAME_SOURCE + 8)


/*
 * Names are made from the prefix and the keys.  In all functions here "line" is
 * the number of the key's line, name->data has room for NGX_EIAM_REDIS_NAME_MAX
 * bytes, and the answer is NGX_OK or NGX_ERROR.
 */

typedef struct {
    ngx_str_t                     prefix;
    const ngx_eiam_redis_seal_t  *seal;
} ngx_eiam_redis_names_t;


/* of a token, by the first 20 bytes of its digest */
ngx_int_t ngx_eiam_redis_name_grant(const ngx_eiam_redis_names_t *names,
    ngx_uint_t line, const u_char *token, const ngx_eiam_digest_t source,
    ngx_str_t *name);
ngx_int_t ngx_eiam_redis_name_tombstone(const ngx_eiam_redis_names_t *names,
    ngx_uint_t line, const u_char *token, ngx_str_t *name);

/* a name that no key changes: "" is the stream, others "cut", "key", "gw" */
void ngx_eiam_redis_name_stream(const ngx_eiam_redis_names_t *names,
    const char *beside, ngx_str_t *name);

/* the application in a field of a cut; id NULL: all applications */
ngx_int_t ngx_eiam_redis_name_cut(const ngx_eiam_redis_names_t *names,
    ngx_uint_t line, const ngx_str_t *application,
    u_char name[NGX_EIAM_REDIS_NAME_LEN]);

/* n characters of base64url, of random bits; n is at most 32 */
ngx_int_t ngx_eiam_redis_name_random(u_char *p, ngx_uint_t n);


#endif /* _NGX_EIAM_REDIS_NAME_H_INCLUDED_ */
