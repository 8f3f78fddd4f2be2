
/*
 * The whole stream once more: when a gateway starts, when it may have missed
 * something, and when the stream is another one.
 */


#ifndef _NGX_EIAM_SHARE_REPLAY_H_INCLUDED_
#define _NGX_EIAM_SHARE_REPLAY_H_INCLUDED_


#include <ngx_eiam_reader.h>
#include <ngx_eiam_redis_stream.h>
#include <ngx_eiam_share_event.h>


typedef struct ngx_eiam_share_replay_s  ngx_eiam_share_replay_t;

typedef void (*ngx_eiam_share_replay_pt)(ngx_eiam_share_replay_t *replay);


/* a part of the reader */

struct ngx_eiam_share_replay_s {
    ngx_eiam_share_t          *share;
    ngx_eiam_redis_link_t     *link;
    ngx_eiam_redis_command_t   command;
    ngx_eiam_reader_place_t    place;     /* the last entry that was read */
    ngx_msec_t                 until;     /* then others' are sent as well;
                                             0: they were */
    ngx_eiam_share_replay_pt   handler;   /* at its end */
    void                      *data;
};


/* reads it; an error drops the link */
void ngx_eiam_share_replay(ngx_eiam_share_replay_t *replay);

/* what nobody has sent again by now is sent by this gateway */
void ngx_eiam_share_replay_look(ngx_eiam_share_replay_t *replay);

/*
 * Applies an entry, and moves the place to it.  NGX_OK; NGX_DECLINED: it is not
 * after the last one; NGX_ERROR: it is no entry.
 */
ngx_int_t ngx_eiam_share_replay_entry(ngx_eiam_share_t *share,
    ngx_eiam_reader_place_t *place, const ngx_eiam_redis_reply_t *reply,
    ngx_uint_t live);

/* an answer that says nothing: the link is made again */
void ngx_eiam_share_replay_fail(ngx_eiam_redis_link_t *link,
    ngx_eiam_redis_result_e result);


#endif /* _NGX_EIAM_SHARE_REPLAY_H_INCLUDED_ */
