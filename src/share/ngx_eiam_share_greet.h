
/*
 * The greeting of a link: do the gateways that use this Redis have the same
 * key?  They do if a sealed constant in Redis can be opened.
 */


#ifndef _NGX_EIAM_SHARE_GREET_H_INCLUDED_
#define _NGX_EIAM_SHARE_GREET_H_INCLUDED_


#include <ngx_eiam_share.h>


/* belongs to the owner of the link, and is freed after it */

typedef struct {
    ngx_eiam_share_t          *share;
    ngx_eiam_redis_link_t     *link;
    ngx_eiam_redis_command_t   set;
    ngx_eiam_redis_command_t   get;
} ngx_eiam_share_greet_t;


/* for link->greet: makes the link ready, or drops it */
void ngx_eiam_share_greet(ngx_eiam_share_greet_t *greet,
    ngx_eiam_share_t *share, ngx_eiam_redis_link_t *link);


#endif /* _NGX_EIAM_SHARE_GREET_H_INCLUDED_ */
