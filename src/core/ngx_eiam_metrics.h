
/*
 * Counters in the zone.  They are incremented without the zone's lock, outlive
 * reloads, and are kept when the rest of the zone is emptied.
 */


#ifndef _NGX_EIAM_METRICS_H_INCLUDED_
#define _NGX_EIAM_METRICS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_reason.h>


typedef enum {
    NGX_EIAM_UNDECIDED = 0,
    NGX_EIAM_ALLOW,
    NGX_EIAM_DENY,
    NGX_EIAM_WOULD_DENY,
    NGX_EIAM_DECISIONS
} ngx_eiam_decision_e;


typedef enum {
    NGX_EIAM_STATIC = 0,
    NGX_EIAM_LEARNED,
    NGX_EIAM_JWT,
    NGX_EIAM_INTROSPECTION,
    NGX_EIAM_SOURCES
} ngx_eiam_kind_e;


typedef enum {
    NGX_EIAM_HIT = 0,
    NGX_EIAM_MISS,
    NGX_EIAM_STALE,
    NGX_EIAM_BYPASS,
    NGX_EIAM_SHARED,                 /* by another gateway */
    NGX_EIAM_LOOKUPS
} ngx_eiam_lookup_e;


/* how a question to a source, or a fetch of a key set, ended */

typedef enum {
    NGX_EIAM_ANSWERED = 0,
    NGX_EIAM_FAILED,                 /* the source did not answer */
    NGX_EIAM_UNUSABLE,               /* an answer that does not say whether the
                                        token is valid */
    NGX_EIAM_ABANDONED,              /* all clients went away */
    NGX_EIAM_RESULTS
} ngx_eiam_result_e;


/* what was revoked, and by whom */

typedef enum {
    NGX_EIAM_REVOKED_TOKEN = 0,
    NGX_EIAM_REVOKED_APPLICATION,
    NGX_EIAM_REVOKED_ALL,
    NGX_EIAM_REVOKED
} ngx_eiam_revoked_e;


typedef enum {
    NGX_EIAM_BY_CONTROL = 0,         /* the operator */
    NGX_EIAM_BY_CLIENT,
    NGX_EIAM_BY_GATE,                /* a full table, or an issued token of a
                                        revoked application */
    NGX_EIAM_REVOKERS
} ngx_eiam_revoker_e;


/* commands to Redis and its Sentinels */

typedef enum {
    NGX_EIAM_REDIS_AUTH = 0,
    NGX_EIAM_REDIS_CLIENT,
    NGX_EIAM_REDIS_ROLE,
    NGX_EIAM_REDIS_SENTINEL,
    NGX_EIAM_REDIS_PING,
    NGX_EIAM_REDIS_INFO,
    NGX_EIAM_REDIS_GET,
    NGX_EIAM_REDIS_MGET,
    NGX_EIAM_REDIS_SET,
    NGX_EIAM_REDIS_DEL,
    NGX_EIAM_REDIS_XADD,
    NGX_EIAM_REDIS_XREAD,
    NGX_EIAM_REDIS_XRANGE,
    NGX_EIAM_REDIS_XREVRANGE,
    NGX_EIAM_REDIS_HSET,
    NGX_EIAM_REDIS_HGET,
    NGX_EIAM_REDIS_HGETALL,
    NGX_EIAM_REDIS_HDEL,
    NGX_EIAM_REDIS_VERBS
} ngx_eiam_redis_verb_e;


typedef enum {
    NGX_EIAM_REDIS_ANSWERED = 0,
    NGX_EIAM_REDIS_REFUSED,          /* with an error */
    NGX_EIAM_REDIS_UNANSWERED,       /* in time, or before the connection
                                        was lost */
    NGX_EIAM_REDIS_OUTCOMES
} ngx_eiam_redis_outcome_e;


/* how an attempt to connect, or a connection, ended */

typedef enum {
    NGX_EIAM_REDIS_CONNECTED = 0,
    NGX_EIAM_REDIS_UNREACHABLE,      /* no address, refused, no answer */
    NGX_EIAM_REDIS_UNVERIFIED,       /* TLS */
    NGX_EIAM_REDIS_DENIED,           /* name or password, a permission */
    NGX_EIAM_REDIS_NO_MASTER,        /* a replica, an unknown name */
    NGX_EIAM_REDIS_LOADING,          /* its data, or that of its master */
    NGX_EIAM_REDIS_OTHER_KEY,        /* gateways with another eiam_redis_key */
    NGX_EIAM_REDIS_INVALID,          /* no RESP2, unasked, too large */
    NGX_EIAM_REDIS_LOST,             /* once it was connected */
    NGX_EIAM_REDIS_RESULTS
} ngx_eiam_redis_result_e;


/* why a grant is not shared with other gateways */

typedef enum {
    NGX_EIAM_UNSHARED_LIMIT = 0,     /* its application has too many */
    NGX_EIAM_UNSHARED_QUEUE,         /* too many wait for Redis */
    NGX_EIAM_UNSHARED_EXPIRED,       /* before Redis could be reached */
    NGX_EIAM_UNSHARED_FAILED,        /* no memory */
    NGX_EIAM_UNSHARED_EXIT,          /* the worker ended before */
    NGX_EIAM_UNSHARED
} ngx_eiam_unshared_e;


/* the label of everything that has no row of its own for lack of rows */
extern const ngx_str_t  ngx_eiam_metrics_other;

extern const ngx_str_t  ngx_eiam_metrics_decisions[];
extern const ngx_str_t  ngx_eiam_metrics_kinds[];
extern const ngx_str_t  ngx_eiam_metrics_lookups[];
extern const ngx_str_t  ngx_eiam_metrics_results[];
extern const ngx_str_t  ngx_eiam_metrics_revoked[];
extern const ngx_str_t  ngx_eiam_metrics_revokers[];
extern const ngx_str_t  ngx_eiam_metrics_unshared[];
extern const ngx_str_t  ngx_eiam_metrics_redis_verbs[];       /* as sent */
extern const ngx_str_t  ngx_eiam_metrics_redis_outcomes[];
extern const ngx_str_t  ngx_eiam_metrics_redis_results[];

/* the upper bound of a bucket, in milliseconds and as text in seconds */

typedef struct {
    ngx_msec_t              bound;
    ngx_str_t               label;
} ngx_eiam_bucket_t;

extern const ngx_eiam_bucket_t  ngx_eiam_metrics_buckets[];


#define NGX_EIAM_BUCKETS       14    /* with the last, unbounded one */
#define NGX_EIAM_LABEL_MAX     64    /* bytes of an application's id */

/* allowed, and each reason, once for refused and once for reported calls */
#define NGX_EIAM_OUTCOMES      (1 + 2 * (NGX_EIAM_REASONS - 1))


typedef struct {
    ngx_atomic_t            counts[NGX_EIAM_BUCKETS];
    ngx_atomic_t            sum;                  /* ms */
} ngx_eiam_histogram_t;


typedef struct {
    ngx_eiam_histogram_t    commands[NGX_EIAM_REDIS_VERBS]
                                    [NGX_EIAM_REDIS_OUTCOMES];
    ngx_atomic_t            connections[NGX_EIAM_REDIS_RESULTS];
    ngx_atomic_t            unshared[NGX_EIAM_UNSHARED];
    ngx_atomic_t            rejected_grants;      /* that cannot be read */
    ngx_atomic_t            rejected_tombstones;
    ngx_atomic_t            rejected_revocations; /* entries and cuts */
    ngx_eiam_histogram_t    held[2];              /* issued tokens: until their
                                                     grant was written, or in
                                                     vain */
    ngx_atomic_t            held_late;            /* for as long as possible */
    ngx_atomic_t            memory_used;          /* by Redis, in bytes */
    ngx_atomic_t            memory_max;           /* 0: without a limit */
    ngx_atomic_t            memory_evicts;        /* flag: keys, at the limit */
    ngx_atomic_t            memory_known;         /* s: since when; 0: not */
} ngx_eiam_metrics_redis_t;


typedef struct {
    ngx_atomic_t            key;                  /* 0: free */
    ngx_atomic_t            counts[NGX_EIAM_OUTCOMES];
} ngx_eiam_operation_row_t;


typedef struct {
    ngx_atomic_t            key;                  /* 0: free */
    ngx_atomic_t            ready;                /* the id is written */
    ngx_atomic_t            counts[NGX_EIAM_DECISIONS];
    size_t                  len;
    u_char                  id[NGX_EIAM_LABEL_MAX];
} ngx_eiam_application_row_t;


typedef struct {
    ngx_eiam_operation_row_t     *operations;
    ngx_uint_t                    noperations;
    ngx_eiam_operation_row_t      no_operation;
    ngx_eiam_operation_row_t      other_operation;      /* without a row */

    ngx_eiam_application_row_t   *applications;
    ngx_uint_t                    napplications;
    ngx_eiam_application_row_t    no_application;
    ngx_eiam_application_row_t    other_application;    /* no row, or id too
                                                           long */

    ngx_atomic_t                  lookups[NGX_EIAM_SOURCES][NGX_EIAM_LOOKUPS];
    ngx_eiam_histogram_t          fetches[NGX_EIAM_SOURCES][NGX_EIAM_RESULTS];
    ngx_atomic_t                  learned;
    ngx_atomic_t                  not_learned;
    ngx_atomic_t                  evictions;            /* of valid grants */

    ngx_atomic_t                  revocations[NGX_EIAM_REVOKED]
                                             [NGX_EIAM_REVOKERS];
    ngx_eiam_histogram_t          revocations_delay;    /* of other gateways */
    ngx_atomic_t                  redis_gaps;           /* in the stream */
    ngx_atomic_t                  revocations_evicted;  /* rows, for others */
    ngx_atomic_t                  reissued;             /* revoked tokens */

    ngx_atomic_t                  reloaded;             /* applications files */
    ngx_atomic_t                  not_reloaded;         /* with a fault */

    ngx_eiam_metrics_redis_t     *redis;                /* NULL: never used */
} ngx_eiam_metrics_t;


/* divides a region of size bytes, all of them 0, into rows */
void ngx_eiam_metrics_lay_out(ngx_eiam_metrics_t *metrics, u_char *p,
    size_t size);

/* the row of an operation, which the operation keeps for good */
ngx_eiam_operation_row_t *ngx_eiam_metrics_operation(
    ngx_eiam_metrics_t *metrics, const ngx_str_t *id);

/* the same if the operation has a row already; otherwise NULL */
ngx_eiam_operation_row_t *ngx_eiam_metrics_find(ngx_eiam_metrics_t *metrics,
    const ngx_str_t *id);

/* the same for an application */
ngx_eiam_application_row_t *ngx_eiam_metrics_application(
    ngx_eiam_metrics_t *metrics, const ngx_str_t *id);

/* the index of a decision in a row, and the decision at an index */
ngx_uint_t ngx_eiam_metrics_outcome(ngx_eiam_decision_e decision,
    ngx_eiam_reason_e reason);
void ngx_eiam_metrics_outcome_read(ngx_uint_t outcome,
    ngx_eiam_decision_e *decision, ngx_eiam_reason_e *reason);

void ngx_eiam_metrics_observe(ngx_eiam_histogram_t *histogram,
    ngx_msec_t time);

#define ngx_eiam_metrics_add(counter)                                         \
    (void) ngx_atomic_fetch_add(counter, 1)


#endif /* _NGX_EIAM_METRICS_H_INCLUDED_ */
