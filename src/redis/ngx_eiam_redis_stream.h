
/*
 * Entries of a stream in the answers to XREAD and XRANGE.  A reply of another
 * form is an error.
 */


#ifndef _NGX_EIAM_REDIS_STREAM_H_INCLUDED_
#define _NGX_EIAM_REDIS_STREAM_H_INCLUDED_


#include <ngx_eiam_position.h>
#include <ngx_eiam_redis_reply.h>


/* the field of an entry whose value is sealed; it has no other */
#define NGX_EIAM_REDIS_STREAM_FIELD  "e"


typedef struct {
    ngx_eiam_position_t    position;
    ngx_str_t              value;        /* empty: of another form */
} ngx_eiam_redis_entry_t;


/*
 * Finds the array of entries in the answer to XREAD of one stream.  NGX_OK;
 * NGX_DECLINED: there are no entries; NGX_ERROR.  The answer to XRANGE is such
 * an array itself.
 */
ngx_int_t ngx_eiam_redis_stream_entries(const ngx_eiam_redis_reply_t *reply,
    const ngx_eiam_redis_reply_t **entries);

/* reads an entry: NGX_OK, or NGX_ERROR: it has no position */
ngx_int_t ngx_eiam_redis_stream_entry(const ngx_eiam_redis_reply_t *reply,
    ngx_eiam_redis_entry_t *entry);


#endif /* _NGX_EIAM_REDIS_STREAM_H_INCLUDED_ */
