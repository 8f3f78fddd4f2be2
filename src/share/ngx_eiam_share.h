
/*
 * What this gateway shares with others through Redis, as one worker sees it.
 */


#ifndef _NGX_EIAM_SHARE_H_INCLUDED_
#define _NGX_EIAM_SHARE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_redis_link.h>
#include <ngx_eiam_redis_name.h>
#include <ngx_eiam_redis_seal.h>
#include <ngx_eiam_redis_value.h>
#include <ngx_eiam_share_limit.h>
#include <ngx_eiam_source.h>
#include <ngx_eiam_zone.h>


#define NGX_EIAM_SHARE_TIMEOUT  500      /* ms that a look-up waits */
#define NGX_EIAM_SHARE_QUEUE    1000     /* grants that wait for Redis */
#define NGX_EIAM_SHARE_HOLD     50       /* ms that an answer is held back */

#define NGX_EIAM_SHARE_OFF      -2       /* of eiam_redis_grace, .._stale */


typedef struct {
    ngx_eiam_zone_t          *zone;
    const ngx_eiam_redis_t   *redis;
    ngx_eiam_redis_seal_t    *seal;
    ngx_eiam_redis_names_t    names;
    ngx_str_t                 gateway;     /* this gateway's name */
    time_t                    grace;       /* s; or NGX_EIAM_SHARE_OFF */
    ngx_eiam_terms_t          terms;       /* of look-ups in Redis */
    ngx_eiam_source_t        *tombstones;  /* flights of look-ups for
                                              tombstones alone */

    ngx_eiam_redis_link_t    *link;        /* of this worker; NULL: none */
    ngx_msec_t                started;     /* when it was made */
    ngx_uint_t                has_read;    /* flag: this worker has seen that
                                              the stream was read */
    ngx_eiam_position_t       position;    /* the last that it has seen */
    void                    (*wake)(const ngx_eiam_digest_t key);
                                           /* wakes who waits for a flight */
    ngx_array_t            *(*static_tokens)(ngx_pool_t *pool);
                                           /* of ngx_eiam_digest_t: those of
                                              the applications files that are
                                              in force; NULL: no memory */
    ngx_uint_t                static_changes;
                                           /* of these files, in this worker */

    ngx_queue_t               jobs;        /* of ngx_eiam_share_job_t */
    ngx_queue_t               sends;       /* of ngx_eiam_share_send_t */
    ngx_queue_t               queue;       /* of ngx_eiam_share_write_t */
    ngx_uint_t                queued;
    ngx_event_t               timer;       /* for the next try of the queue */
} ngx_eiam_share_t;


#define ngx_eiam_share_metrics(share)                                         \
    ((share)->zone->shared->metrics.redis)

/* sets up what all workers have in common, after the directives are read */
void ngx_eiam_share_init(ngx_eiam_share_t *share);

/* can this worker ask Redis? */
ngx_uint_t ngx_eiam_share_is_ready(ngx_eiam_share_t *share);

/* will it in a moment, as it has just started? */
ngx_uint_t ngx_eiam_share_is_starting(ngx_eiam_share_t *share);

/* is it starting, in a zone that knows of no revocation at other gateways? */
ngx_uint_t ngx_eiam_share_is_blank(ngx_eiam_share_t *share);

/* the position up to which all entries of the stream are in force here */
void ngx_eiam_share_position(ngx_eiam_share_t *share,
    ngx_eiam_position_t *position);

/* "fresh", "stale" or "down": are all revocations of others in force here? */
const ngx_str_t *ngx_eiam_share_state(const ngx_eiam_share_t *share);

/* has Redis been down for longer than "eiam_redis_grace"? */
ngx_uint_t ngx_eiam_share_is_alone(const ngx_eiam_share_t *share);

/* counts an answer that waited for Redis since then, or whose time was over */
void ngx_eiam_share_held(const ngx_eiam_share_t *share, ngx_msec_t since,
    ngx_uint_t late);

/* the worker ends: counts the grants that wait for Redis, which are lost */
void ngx_eiam_share_exit(ngx_eiam_share_t *share);


#endif /* _NGX_EIAM_SHARE_H_INCLUDED_ */
