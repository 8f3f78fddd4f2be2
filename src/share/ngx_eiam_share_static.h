
/*
 * Revocations of static tokens: every gateway knows these tokens from its
 * applications files, so it never asks for their tombstones when they are used.
 */


#ifndef _NGX_EIAM_SHARE_STATIC_H_INCLUDED_
#define _NGX_EIAM_SHARE_STATIC_H_INCLUDED_


#include <ngx_eiam_share.h>


typedef struct ngx_eiam_share_static_s  ngx_eiam_share_static_t;

typedef void (*ngx_eiam_share_static_pt)(void *data, ngx_int_t rc);


/* a part of the replay, and of the reader */

struct ngx_eiam_share_static_s {
    ngx_eiam_share_t          *share;
    ngx_eiam_redis_link_t     *link;
    ngx_eiam_share_static_pt   handler;   /* called at the end, or with
                                             NGX_ERROR */
    void                      *data;

    /* private */

    ngx_eiam_redis_command_t   command;
    ngx_pool_t                *pool;      /* of the tokens; NULL: not asking */
    ngx_array_t               *tokens;    /* of ngx_eiam_digest_t */
    ngx_uint_t                 next;
    ngx_uint_t                 asked;     /* tokens, from the next one */
    ngx_uint_t                 changes;   /* of the tokens, when they were
                                             looked up */
    ngx_uint_t                 looked;    /* flag: they were */
};


/*
 * Looks up the tombstones of all static tokens, and applies those that it
 * finds.
 */
void ngx_eiam_share_static(ngx_eiam_share_static_t *statics);

/*
 * The same, by the worker's link, if there may be other static tokens than when
 * this was done last: an applications file has changed, or "looked" is not set.
 */
void ngx_eiam_share_static_look(ngx_eiam_share_static_t *statics);

/* ends what is under way */
void ngx_eiam_share_static_end(ngx_eiam_share_static_t *statics);


#endif /* _NGX_EIAM_SHARE_STATIC_H_INCLUDED_ */
