
/* What tells a file from its next version, without reading it. */


#ifndef _NGX_EIAM_STAMP_H_INCLUDED_
#define _NGX_EIAM_STAMP_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct {
    uint64_t    device;
    uint64_t    inode;
    uint64_t    size;
    uint64_t    modified;      /* ns since the Epoch */
    uint64_t    changed;       /* ns: the status; nobody can set it */
    uint64_t    error;         /* of the system; 0: none */
} ngx_eiam_stamp_t;


/* of the file that the name leads to now; an error is a stamp too */
void ngx_eiam_stamp(const ngx_str_t *name, ngx_eiam_stamp_t *stamp);

/*
 * How long, in ms, the file must have had this stamp, so that the next change
 * certainly leads to another one: times of file systems have steps of
 * milliseconds, or of seconds.
 */
ngx_msec_t ngx_eiam_stamp_step(const ngx_eiam_stamp_t *stamp);

/* has the file had this stamp for so long, by the clock of the system? */
ngx_uint_t ngx_eiam_stamp_is_old(const ngx_eiam_stamp_t *stamp);


#define ngx_eiam_stamp_equal(a, b)                                            \
    (ngx_memcmp(a, b, sizeof(ngx_eiam_stamp_t)) == 0)


#endif /* _NGX_EIAM_STAMP_H_INCLUDED_ */
