
/*
 * Values in Redis are sealed: whoever reads Redis learns nothing, and whoever
 * writes into it cannot forge a value.  The keys are derived from the lines of
 * the file of "eiam_redis_key" by HKDF, RFC 5869.
 *
 * A sealed value is a byte of the version, a nonce of 12 bytes, the text under
 * AES-256-GCM and its tag of 16 bytes.  The kind of value, the Redis key and
 * the source are authenticated as well, so a value is of no use in another
 * place.  Each Redis key has an AES key of its own, so that random nonces do
 * not run out.
 */


#ifndef _NGX_EIAM_REDIS_SEAL_H_INCLUDED_
#define _NGX_EIAM_REDIS_SEAL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_EIAM_REDIS_SEAL_LINES  2      /* of the file of keys */
#define NGX_EIAM_REDIS_SEAL_MIN    32     /* bytes of a line, decoded */
#define NGX_EIAM_REDIS_SEAL_FILE   4096   /* bytes of the file at most */
#define NGX_EIAM_REDIS_SEAL_MAC    32     /* bytes: HMAC-SHA256 */

#define NGX_EIAM_REDIS_SEAL_VERSION  1
#define NGX_EIAM_REDIS_SEAL_NONCE    12
#define NGX_EIAM_REDIS_SEAL_TAG      16

/* bytes by which a sealed value is longer than its text */
#define NGX_EIAM_REDIS_SEAL_EXTRA                                             \
    (1 + NGX_EIAM_REDIS_SEAL_NONCE + NGX_EIAM_REDIS_SEAL_TAG)


/* kinds of values: one is never taken for another */

typedef enum {
    NGX_EIAM_REDIS_SEAL_GRANT = 0,
    NGX_EIAM_REDIS_SEAL_TOMBSTONE,
    NGX_EIAM_REDIS_SEAL_EVENT,
    NGX_EIAM_REDIS_SEAL_CUT,
    NGX_EIAM_REDIS_SEAL_GATEWAY,
    NGX_EIAM_REDIS_SEAL_CONSTANT,
    NGX_EIAM_REDIS_SEAL_KINDS
} ngx_eiam_redis_seal_kind_e;


/* the keys of one line, as contexts of OpenSSL */

typedef struct {
    void          *name;         /* names of Redis keys */
    void          *value;        /* grants and tombstones */
    void          *event;        /* all other values */
} ngx_eiam_redis_seal_key_t;


typedef struct {
    ngx_uint_t                  n;      /* lines, 1 or 2; the first one seals */
    ngx_eiam_redis_seal_key_t   keys[NGX_EIAM_REDIS_SEAL_LINES];
} ngx_eiam_redis_seal_t;


/* where a value is stored */

typedef struct {
    ngx_eiam_redis_seal_kind_e  kind;
    ngx_str_t                   key;    /* with the prefix */
    ngx_str_t                   part;   /* a grant: the source's whole id; a
                                           cut, a gateway: the field; else
                                           empty */
} ngx_eiam_redis_seal_place_t;


/*
 * Reads the text of the file: one line of base64 or two, which is overwritten.
 * NGX_OK; NGX_DECLINED: *reason says what is wrong with line number *line;
 * NGX_ERROR: no memory, or OpenSSL has failed.
 */
ngx_int_t ngx_eiam_redis_seal_read(ngx_eiam_redis_seal_t *seal,
    ngx_str_t *text, ngx_pool_t *pool, const char **reason, ngx_uint_t *line);

/* HMAC-SHA256 of a text under the key of names: NGX_OK or NGX_ERROR */
ngx_int_t ngx_eiam_redis_seal_mac(const ngx_eiam_redis_seal_t *seal,
    ngx_uint_t line, const ngx_str_t *text,
    u_char mac[NGX_EIAM_REDIS_SEAL_MAC]);

/*
 * Seals under the first line.  sealed->data has room for plain->len +
 * NGX_EIAM_REDIS_SEAL_EXTRA bytes.  NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_eiam_redis_seal_close(const ngx_eiam_redis_seal_t *seal,
    const ngx_eiam_redis_seal_place_t *place, const ngx_str_t *plain,
    ngx_str_t *sealed);

/*
 * Opens what was sealed under the line of that number; plain->data has room
 * for sealed->len bytes.  NGX_OK; NGX_DECLINED: it is of another version;
 * NGX_ABORT: it was sealed under another key or for another place; NGX_ERROR.
 */
ngx_int_t ngx_eiam_redis_seal_open(const ngx_eiam_redis_seal_t *seal,
    ngx_uint_t line, const ngx_eiam_redis_seal_place_t *place,
    const ngx_str_t *sealed, ngx_str_t *plain);

/* whether it was sealed by another version, whatever the key */
ngx_uint_t ngx_eiam_redis_seal_is_of_other_version(
    const ngx_eiam_redis_seal_place_t *place, const ngx_str_t *sealed);


#endif /* _NGX_EIAM_REDIS_SEAL_H_INCLUDED_ */
