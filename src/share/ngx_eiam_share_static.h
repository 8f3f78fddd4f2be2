
/*
 * Revocations of static tokens: every gateway knows these tokens from its
 * applications files, so it never asks for their tombstones when they are used.
 */


#ifndef _NGX_EIAM_SHARE_STATIC_H_INCLUDED_
#define _NGX_EIAM_SHARE_STATIC_H_INCLUDED_


#include <ngx_eiam_share.h>


typedef struct ngx_eiam_share_static_s  ngx_eiam_share_static_t;

typedef void (*ngx_eiam_share_static_pt)(void *data);


/* a part of the replay */

struct ngx_eiam_share_static_s {
    ngx_eiam_share_t          *share;
    ngx_eiam_redis_link_t     *link;
    ngx_eiam_share_static_pt   handler;   /* called at the end */
    void                      *data;

    /* private */

    ngx_eiam_redis_command_t   command;
    ngx_pool_t                *pool;      /* of the tokens; NULL: not asking */
    ngx_array_t               *tokens;    /* of ngx_eiam_digest_t */
    ngx_uint_t                 next;
    ngx_uint_t                 asked;     /* tokens, from the next one */
};


/*
 * Looks up the tombstones of all static tokens, and applies those that it
 * finds; an error drops the link.
 */
void ngx_eiam_share_static(ngx_eiam_share_static_t *statics);

/* frees what is under way when the link is closed */
void ngx_eiam_share_static_end(ngx_eiam_share_static_t *statics);


#endif /* _NGX_EIAM_SHARE_STATIC_H_INCLUDED_ */
