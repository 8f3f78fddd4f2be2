
/*
 * Reads the whole stream once more: when a gateway starts, when it may have
 * missed entries, and when another stream has taken the place of this one.
 */


#ifndef _NGX_EIAM_SHARE_REPLAY_H_INCLUDED_
#define _NGX_EIAM_SHARE_REPLAY_H_INCLUDED_


#include <ngx_eiam_reader.h>
#include <ngx_eiam_redis_stream.h>
#include <ngx_eiam_share_event.h>
#include <ngx_eiam_share_static.h>


typedef struct ngx_eiam_share_replay_s  ngx_eiam_share_replay_t;

typedef void (*ngx_eiam_share_replay_pt)(ngx_eiam_share_replay_t *replay);


/* a part of the reader */

struct ngx_eiam_share_replay_s {
    ngx_eiam_share_t          *share;
    ngx_eiam_redis_link_t     *link;
    ngx_eiam_redis_command_t   command;
    ngx_eiam_share_static_t    statics;
    ngx_eiam_reader_place_t    place;     /* the last entry that was read */
    ngx_msec_t                 until;     /* after that those of others are
                                             sent as well; 0: they were */
    ngx_eiam_share_replay_pt   handler;   /* called at the end */
    void                      *data;
};


/* starts reading; an error drops the link */
void ngx_eiam_share_replay(ngx_eiam_share_replay_t *replay);

/* sends what its own gateway should have sent again by now */
void ngx_eiam_share_replay_look(ngx_eiam_share_replay_t *replay);

/*
 * Applies an entry, and moves the place to it.  NGX_OK; NGX_DECLINED: it is not
 * later than the last one; NGX_ERROR: it is malformed.
 */
ngx_int_t ngx_eiam_share_replay_entry(ngx_eiam_share_t *share,
    ngx_eiam_reader_place_t *place, const ngx_eiam_redis_reply_t *reply,
    ngx_uint_t live);

/* after a malformed answer, or none: drops the link, which connects anew */
void ngx_eiam_share_replay_fail(ngx_eiam_redis_link_t *link,
    ngx_eiam_redis_result_e result);


#endif /* _NGX_EIAM_SHARE_REPLAY_H_INCLUDED_ */
