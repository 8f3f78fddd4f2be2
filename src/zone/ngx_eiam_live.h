
/*
 * A file that the workers read again when it changes: what the zone knows of
 * it.  Each worker has the file's content for itself; the zone has the digest
 * of the content that is in force, so that no worker goes on with another one.
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
    uint32_t               number;        /* of the configuration, the last */

    ngx_eiam_digest_t      digests[2];    /* in force is that of generation's
                                             lowest bit */
    volatile uint32_t      generation;    /* one store puts it in force */
    time_t                 since;         /* s since the Epoch: in force */

    ngx_eiam_stamp_t       refused;       /* of the file that was refused */
    time_t                 refused_at;    /* 0: the last one is in force */
    size_t                 fault_len;
    u_char                 fault[NGX_EIAM_LIVE_FAULT_MAX];

    ngx_pid_t              reader;        /* who reads the file; 0: nobody */
    uint64_t               until;         /* ms: no longer than that */
};


/* what the status location tells */

typedef struct {
    uint32_t               generation;
    ngx_eiam_digest_t      digest;
    time_t                 since;
    time_t                 refused_at;
    size_t                 fault_len;
    u_char                 fault[NGX_EIAM_LIVE_FAULT_MAX];
} ngx_eiam_live_state_t;


/*
 * For the configuration: the record of the file, whose content with that digest
 * is in force from now on.  NULL: the zone has no room.
 */
ngx_eiam_live_t *ngx_eiam_live_add(ngx_eiam_zone_t *zone,
    const ngx_str_t *name, const ngx_eiam_digest_t digest);

/* is the content with that digest in force? */
ngx_uint_t ngx_eiam_live_is(ngx_eiam_zone_t *zone,
    const ngx_eiam_live_t *live, const ngx_eiam_digest_t digest);

/* NGX_OK: it is the caller that reads now; NGX_AGAIN: another worker */
ngx_int_t ngx_eiam_live_begin(ngx_eiam_zone_t *zone, ngx_eiam_live_t *live);
void ngx_eiam_live_end(ngx_eiam_zone_t *zone, ngx_eiam_live_t *live);

/* NGX_OK: it was not in force; NGX_DECLINED: it was, by another worker */
ngx_int_t ngx_eiam_live_put(ngx_eiam_zone_t *zone, ngx_eiam_live_t *live,
    const ngx_eiam_digest_t digest);

/* NGX_OK: nobody had told; NGX_DECLINED: another worker had */
ngx_int_t ngx_eiam_live_refuse(ngx_eiam_zone_t *zone, ngx_eiam_live_t *live,
    const ngx_eiam_stamp_t *stamp, const ngx_str_t *fault);

/* is the file with that stamp one that was refused? */
ngx_uint_t ngx_eiam_live_is_refused(ngx_eiam_zone_t *zone,
    const ngx_eiam_live_t *live, const ngx_eiam_stamp_t *stamp);

void ngx_eiam_live_state(ngx_eiam_zone_t *zone, const ngx_eiam_live_t *live,
    ngx_eiam_live_state_t *state);


#endif /* _NGX_EIAM_LIVE_H_INCLUDED_ */
