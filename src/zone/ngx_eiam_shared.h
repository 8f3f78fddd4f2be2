
/*
 * What is in the shared memory: its parts, and the mark of a change.
 *
 * A worker may be killed at any instant, also while it holds the lock.  The
 * master then unlocks the mutex, and the next worker that locks it finds the
 * mark of an unfinished change: it wipes everything but the counters and the
 * revocations, as the rest is only a copy of what sources know.
 */


#ifndef _NGX_EIAM_SHARED_H_INCLUDED_
#define _NGX_EIAM_SHARED_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_denial.h>
#include <ngx_eiam_digest.h>
#include <ngx_eiam_metrics.h>
#include <ngx_eiam_usage.h>
#include <ngx_eiam_position.h>


#define NGX_EIAM_READER_NONCE  12        /* bytes */


typedef struct ngx_eiam_shared_s  ngx_eiam_shared_t;
typedef struct ngx_eiam_record_s  ngx_eiam_record_t;
typedef struct ngx_eiam_live_s  ngx_eiam_live_t;
typedef struct ngx_eiam_entry_s  ngx_eiam_entry_t;
typedef struct ngx_eiam_refusal_s  ngx_eiam_refusal_t;
typedef struct ngx_eiam_flight_s  ngx_eiam_flight_t;
typedef struct ngx_eiam_key_set_s  ngx_eiam_key_set_t;
typedef struct ngx_eiam_revocation_s  ngx_eiam_revocation_t;
typedef struct ngx_eiam_revocation_link_s  ngx_eiam_revocation_link_t;


struct ngx_eiam_record_s {
    ngx_eiam_record_t     *next;
    ngx_eiam_digest_t      id;
    uint64_t               retry;         /* ms: ask no earlier (failures) */
    uint32_t               failures;      /* in a row */
    uint32_t               probe;         /* flight that probes the source */
    uint32_t               flights;       /* that are under way */
    uint32_t               strangers;     /* flights of unknown tokens */
    uint32_t               open;          /* flag: the circuit is open */
    ngx_eiam_key_set_t    *keys;          /* NULL: the source is no key set */
};


/* the parts; index 0 stands for none */

/* the grants of one kind by their last use, and the cells that they take */

typedef struct {
    uint32_t               newest;
    uint32_t               oldest;
    uint32_t               used;
} ngx_eiam_order_t;


typedef struct {
    ngx_eiam_entry_t      *cells;         /* the first one is not used */
    uint32_t              *heads;
    uint32_t               ncells;
    uint32_t               mask;          /* of heads */

    uint32_t               unused;        /* the cells from here on are new */
    uint32_t               free;
    uint32_t               entries;
    uint32_t               used;          /* cells that are in use */
    ngx_eiam_order_t       orders[2];     /* fetched, and learned */
} ngx_eiam_grants_t;


typedef struct {
    ngx_eiam_refusal_t    *slots;
    uint32_t               mask;          /* of buckets */
} ngx_eiam_refusals_t;


typedef struct {
    ngx_eiam_flight_t     *slots;         /* the first one is not used */
    uint32_t              *heads;
    uint32_t               nslots;
    uint32_t               unused;
    uint32_t               free;
    uint32_t               strangers;
} ngx_eiam_flights_t;


/* the name of a revocation among those of all gateways; all 0: it has none */

#define NGX_EIAM_EVENT_ID  8             /* bytes */

typedef u_char  ngx_eiam_event_id_t[NGX_EIAM_EVENT_ID];


typedef struct {
    ngx_eiam_position_t    position;      /* in the stream */
    ngx_eiam_event_id_t    id;
} ngx_eiam_event_t;


/*
 * It is not wiped: what is neither in the rows nor in their events is made
 * anew from them.
 */

typedef struct {
    ngx_eiam_revocation_t       *rows;    /* the first one is that of all */
    ngx_eiam_event_t            *events;  /* of the rows */
    ngx_eiam_revocation_link_t  *links;
    uint32_t              *heads;
    uint32_t               nrows;
    uint32_t               mask;          /* of heads */

    volatile uint32_t      generation;    /* 31 bits, never 0 */
    uint32_t               free;
    uint32_t               cursor;        /* the row that was looked at */
    volatile uint32_t      tokens;        /* rows; read without the lock */
    uint32_t               strays;        /* of them, without application */
    uint32_t               applications;  /* that are revoked */
    uint32_t               largest;       /* the application with most tokens */
    volatile uint32_t      unsent;        /* rows; read without the lock */
    uint32_t               undone;        /* rows */
    uint32_t               doubt;         /* grants from before this generation
                                             are to be asked for; 0: none */
    uint32_t               serial;        /* of the last event of this zone */
    uint64_t               base;          /* random: that their ids begin at */
    ngx_uint_t             shares;        /* flag: with other gateways */
    time_t                 leeway;        /* s: by which "iat" may be ahead */
} ngx_eiam_revocations_t;


/*
 * The reader of the stream of revocations: one worker of the gateway, which
 * has a lease.  Times are those of ngx_current_msec.
 */

typedef struct {
    uint64_t               identity;      /* of Redis, the prefix and the key */
    ngx_eiam_position_t    position;      /* read up to here; 0-0: nothing */
    ngx_eiam_position_t    known;         /* the last of these; 0-0: what was
                                             revoked was never read */
    u_char                 nonce[NGX_EIAM_READER_NONCE];  /* of that entry */
    ngx_eiam_position_t    unreadable;    /* 0-0: none */
    volatile uint64_t      fresh;         /* all that was revoked before this
                                             is in force; 0: unknown */
    volatile uint64_t      contact;       /* the last answer; 0: none yet */
    uint64_t               until;         /* the lease */
    uint32_t               lease;         /* its number */
    uint32_t               number;        /* of its holder's configuration;
                                             0: nobody has it */
} ngx_eiam_reader_t;


/*
 * How many grants of an application are shared with other gateways, by classes
 * of their lives and by steps of time in which they expire.  A change that was
 * not finished does no harm.
 */

#define NGX_EIAM_QUOTAS         64      /* by the hash of an application's id */
#define NGX_EIAM_QUOTA_CLASSES  7
#define NGX_EIAM_QUOTA_STEPS    8

typedef struct {
    uint32_t  step[NGX_EIAM_QUOTA_CLASSES][NGX_EIAM_QUOTA_STEPS];
    uint16_t  count[NGX_EIAM_QUOTA_CLASSES][NGX_EIAM_QUOTA_STEPS];
} ngx_eiam_quota_t;


struct ngx_eiam_shared_s {
    volatile ngx_uint_t    changing;
    ngx_eiam_grants_t      grants;
    ngx_eiam_refusals_t    refusals;
    ngx_eiam_flights_t     flights;
    ngx_eiam_revocations_t revocations;
    ngx_eiam_reader_t      reader;
    ngx_eiam_quota_t      *quotas;        /* NULL: nothing is shared */
    ngx_eiam_record_t     *records;
    ngx_eiam_live_t       *lives;         /* files that are read again */
    uint32_t               serial;        /* serial of the last flight */
    uint32_t               number;        /* number of the last configuration */
    time_t                 swept;         /* s: when lost flights were ended */
    ngx_eiam_metrics_t     metrics;       /* changed without the lock */
    ngx_eiam_usage_t       usage;         /* the same */
    ngx_eiam_denials_t     denials;       /* made under the lock */
};


/* marks a change; called before the first change under the lock */

#define ngx_eiam_shared_change(shared)                                        \
    (shared)->changing = 1;                                                   \
    ngx_memory_barrier();                                                     \
    ngx_eiam_shared_step(shared)


/* stands between any two changes; a build for tests ends the worker there */

#ifndef ngx_eiam_shared_step
#define ngx_eiam_shared_step(shared)
#endif


#endif /* _NGX_EIAM_SHARED_H_INCLUDED_ */
