
/*
 * Revocations that are not in the stream yet: those of workers that could not
 * send them, or that ended before, are sent by whoever reads the stream.
 */


#ifndef _NGX_EIAM_SHARE_UNSENT_H_INCLUDED_
#define _NGX_EIAM_SHARE_UNSENT_H_INCLUDED_


#include <ngx_eiam_share_send.h>


typedef struct {
    ngx_eiam_share_t     *share;
    ngx_msec_t            since;       /* there are some; 0: there are none */
    uint32_t              row;         /* that is looked at next */
    ngx_uint_t            sends;       /* under way */
} ngx_eiam_share_unsent_t;


/* at each turn of the reader */
void ngx_eiam_share_unsent_look(ngx_eiam_share_unsent_t *unsent);


#endif /* _NGX_EIAM_SHARE_UNSENT_H_INCLUDED_ */
