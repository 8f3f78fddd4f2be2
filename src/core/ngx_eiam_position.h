
/*
 * Positions in a stream of Redis: ids of its entries.  They have 128 bits,
 * milliseconds and a number; 0-0 is before the first entry.
 */


#ifndef _NGX_EIAM_POSITION_H_INCLUDED_
#define _NGX_EIAM_POSITION_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_EIAM_POSITION_LEN  (2 * NGX_INT64_LEN + 1)   /* of the text */


typedef struct {
    uint64_t             msec;
    uint64_t             sequence;
} ngx_eiam_position_t;


#define ngx_eiam_position_is_zero(position)                                   \
    ((position)->msec == 0 && (position)->sequence == 0)

/* negative, 0 or positive: the first one is before, equal to, or after */
ngx_int_t ngx_eiam_position_compare(const ngx_eiam_position_t *one,
    const ngx_eiam_position_t *other);

/* NGX_OK, or NGX_DECLINED: the text is no id of an entry */
ngx_int_t ngx_eiam_position_read(const ngx_str_t *text,
    ngx_eiam_position_t *position);

/* returns the end of what was written, NGX_EIAM_POSITION_LEN bytes at most */
u_char *ngx_eiam_position_write(u_char *p,
    const ngx_eiam_position_t *position);


#endif /* _NGX_EIAM_POSITION_H_INCLUDED_ */
