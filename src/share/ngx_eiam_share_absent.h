
/*
 * Gateways that have told nothing for a day: they are listed for so long, so
 * that an operator sees which are missing, and are removed after that.
 */


#ifndef _NGX_EIAM_SHARE_ABSENT_H_INCLUDED_
#define _NGX_EIAM_SHARE_ABSENT_H_INCLUDED_


#include <ngx_eiam_share.h>


/* a part of the reader */

typedef struct {
    ngx_eiam_share_t          *share;
    ngx_eiam_redis_command_t   list;
    ngx_eiam_redis_command_t   remove;
    ngx_msec_t                 listed;     /* 0: not yet */
} ngx_eiam_share_absent_t;


/* at each turn of the reader: removes them once an hour */
void ngx_eiam_share_absent_look(ngx_eiam_share_absent_t *absent);


#endif /* _NGX_EIAM_SHARE_ABSENT_H_INCLUDED_ */
