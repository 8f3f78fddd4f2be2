
/*
 * Revocations that are not in the stream yet, as a worker could not send them
 * or ended before.  They are sent by the worker that reads the stream.
 */


#ifndef _NGX_EIAM_SHARE_UNSENT_H_INCLUDED_
#define _NGX_EIAM_SHARE_UNSENT_H_INCLUDED_


#include <ngx_eiam_share_send.h>


typedef struct {
    ngx_eiam_share_t     *share;
    ngx_msec_t            since;       /* when the first was seen; 0: none */
    uint32_t              row;         /* the next to examine */
    ngx_uint_t            sends;       /* under way */
} ngx_eiam_share_unsent_t;


/* called at each turn of the reader */
void ngx_eiam_share_unsent_look(ngx_eiam_share_unsent_t *unsent);


#endif /* _NGX_EIAM_SHARE_UNSENT_H_INCLUDED_ */
