
/*
 * The memory of Redis: how much of it is used, and whether Redis removes keys
 * when it is full, which may be those of revocations.
 */


#ifndef _NGX_EIAM_SHARE_MEMORY_H_INCLUDED_
#define _NGX_EIAM_SHARE_MEMORY_H_INCLUDED_


#include <ngx_eiam_share.h>


/* a part of the reader */

typedef struct {
    ngx_eiam_share_t          *share;
    ngx_eiam_redis_command_t   command;
    ngx_msec_t                 asked;      /* 0: not over this connection */
} ngx_eiam_share_memory_t;


/* at each turn of the reader: asks Redis once a minute */
void ngx_eiam_share_memory_look(ngx_eiam_share_memory_t *memory);


#endif /* _NGX_EIAM_SHARE_MEMORY_H_INCLUDED_ */
