
/*
 * Files that workers read again when they change.  Each worker has the content
 * of such a file for itself; the zone has the digest of the content that is in
 * force, so that no worker goes on with another one.
 */


#ifndef _NGX_EIAM_LIVE_H_INCLUDED_
#define _NGX_EIAM_LIVE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_stamp.h>
#include <ngx_eiam_zone.h>


#define NGX_EIAM_LIVE_FAULT_MAX  512     /* bytes */


struct ngx_eiam_live_s {
    ngx_eiam_live_t       *next;
    ngx_eiam_digest_t      id;            /* of the file's name */
    uint32_t               number;        /* the last configuration with it */

    ngx_eiam_digest_t      digests[2];    /* in force: the one at the lowest
                                             bit of generation */
    volatile uint32_t      generation;    /* one store puts a digest in force */
    time_t                 since;         /* s since the Epoch */

    ngx_eiam_stamp_t       refused;       /* of the file that was refused */
    ngx_uint_t             permanent;     /* flag: nobody need read it again */
    time_t                 refused_at;    /* 0: the last file is in force */
    size_t                 fault_len;
    u_char                 fault[NGX_EIAM_LIVE_FAULT_MAX];

    ngx_pid_t              reader;        /* who reads the file; 0: nobody */
    uint64_t               until;         /* ms: when that ends at the latest */
};


/* the state as the status location shows it */

typedef struct {
    uint32_t               generation;
    ngx_eiam_digest_t      digest;
    time_t                 since;
    time_t                 refused_at;
    size_t                 fault_len;
    u_char                 fault[NGX_EIAM_LIVE_FAULT_MAX];
} ngx_eiam_live_state_t;


/*
 * Called while a configuration is read: returns the record of the file, and
 * puts the content with that digest in force.  NULL: the zone has no room.
 */
ngx_eiam_live_t *ngx_eiam_live_add(ngx_eiam_zone_t *zone,
    const ngx_str_t *name, const ngx_eiam_digest_t digest);

/* is the content with that digest in force? */
ngx_uint_t ngx_eiam_live_is(ngx_eiam_zone_t *zone,
    const ngx_eiam_live_t *live, const ngx_eiam_digest_t digest);

/* NGX_OK: the caller shall read the file; NGX_AGAIN: another worker does */
ngx_int_t ngx_eiam_live_begin(ngx_eiam_zone_t *zone, ngx_eiam_live_t *live);
void ngx_eiam_live_end(ngx_eiam_zone_t *zone, ngx_eiam_live_t *live);

/* puts a content in force; NGX_DECLINED: it was in force already */
ngx_int_t ngx_eiam_live_put(ngx_eiam_zone_t *zone, ngx_eiam_live_t *live,
    const ngx_eiam_digest_t digest);

/*
 * Records a refused file; NGX_DECLINED: another worker has done so.  Unless the
 * refusal is permanent, the file is read again, although its stamp is the same.
 */
ngx_int_t ngx_eiam_live_refuse(ngx_eiam_zone_t *zone, ngx_eiam_live_t *live,
    const ngx_eiam_stamp_t *stamp, ngx_uint_t permanent,
    const ngx_str_t *fault);

/* was the file with that stamp refused for good? */
ngx_uint_t ngx_eiam_live_is_refused(ngx_eiam_zone_t *zone,
    const ngx_eiam_live_t *live, const ngx_eiam_stamp_t *stamp);

void ngx_eiam_live_state(ngx_eiam_zone_t *zone, const ngx_eiam_live_t *live,
    ngx_eiam_live_state_t *state);


#endif /* _NGX_EIAM_LIVE_H_INCLUDED_ */
