
/*
 * Replies of Redis (RESP2), read from a stream of bytes in pieces of any size;
 * the only file that knows hiredis.
 */


#ifndef _NGX_EIAM_REDIS_REPLY_H_INCLUDED_
#define _NGX_EIAM_REDIS_REPLY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_EIAM_REDIS_TEXT_MAX   (64 * 1024)         /* bytes of an element */
#define NGX_EIAM_REDIS_REPLY_MAX  (32 * 1024 * 1024)  /* memory of one */


typedef enum {
    NGX_EIAM_REDIS_STRING = 1,
    NGX_EIAM_REDIS_STATUS,
    NGX_EIAM_REDIS_ERROR,
    NGX_EIAM_REDIS_INTEGER,
    NGX_EIAM_REDIS_NIL,
    NGX_EIAM_REDIS_ARRAY
} ngx_eiam_redis_type_e;


typedef struct ngx_eiam_redis_reply_s  ngx_eiam_redis_reply_t;

struct ngx_eiam_redis_reply_s {
    ngx_eiam_redis_type_e     type;
    ngx_str_t                 text;       /* of a string, a status, an error */
    int64_t                   integer;
    ngx_eiam_redis_reply_t   *elts;       /* of an array */
    ngx_uint_t                nelts;
};


typedef struct ngx_eiam_redis_reader_s  ngx_eiam_redis_reader_t;


/* whether the module was built with hiredis: without it there is no reader */
ngx_uint_t ngx_eiam_redis_reply_supported(void);

/* NULL: no memory, or not built with hiredis */
ngx_eiam_redis_reader_t *ngx_eiam_redis_reply_create_reader(ngx_log_t *log);
void ngx_eiam_redis_reply_destroy_reader(ngx_eiam_redis_reader_t *reader);

/* NGX_OK, or NGX_ERROR: no memory, or after an error */
ngx_int_t ngx_eiam_redis_reply_feed(ngx_eiam_redis_reader_t *reader,
    const u_char *data, size_t len);

/*
 * NGX_OK: the next reply, valid until the next call; NGX_AGAIN: it is not
 * complete yet; NGX_ERROR: it is not RESP2, or an element of it is longer than
 * NGX_EIAM_REDIS_TEXT_MAX, or all of it takes more than
 * NGX_EIAM_REDIS_REPLY_MAX.
 */
ngx_int_t ngx_eiam_redis_reply_next(ngx_eiam_redis_reader_t *reader,
    ngx_eiam_redis_reply_t **reply);

/* is it an error whose text begins with this word, such as "NOAUTH"? */
ngx_uint_t ngx_eiam_redis_reply_is_error(const ngx_eiam_redis_reply_t *reply,
    const char *word);

/* is it a string or a status of this text, such as "OK"? */
ngx_uint_t ngx_eiam_redis_reply_is(const ngx_eiam_redis_reply_t *reply,
    const char *text);

/* is it an array of n values, each a string or nil, as MGET answers? */
ngx_uint_t ngx_eiam_redis_reply_has_values(const ngx_eiam_redis_reply_t *reply,
    ngx_uint_t n);

/*
 * The first word of an error, for messages: the rest of its text may contain
 * parts of keys.  "ERR" if the reply is no error, or begins with no such word.
 */
ngx_str_t ngx_eiam_redis_reply_error_word(const ngx_eiam_redis_reply_t *reply);


#endif /* _NGX_EIAM_REDIS_REPLY_H_INCLUDED_ */
