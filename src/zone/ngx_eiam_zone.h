
/*
 * The shared memory of all workers: the cache of grants, the cached refusals,
 * the flights (questions to a source that are under way) and the sources.
 *
 * A worker may be killed at any instant, also with the lock.  The master then
 * unlocks the mutex, and whoever locks next finds the mark of a change that
 * was not finished: it wipes everything, as nothing here is more than a copy.
 */


#ifndef _NGX_EIAM_ZONE_H_INCLUDED_
#define _NGX_EIAM_ZONE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_digest.h>
#include <ngx_eiam_metrics.h>


#define NGX_EIAM_ZONE_MIN    (64 * 1024)      /* bytes */
#define NGX_EIAM_CLOCK_SKEW  5                /* s: between workers' clocks */


typedef struct ngx_eiam_shared_s  ngx_eiam_shared_t;
typedef struct ngx_eiam_record_s  ngx_eiam_record_t;
typedef struct ngx_eiam_entry_s  ngx_eiam_entry_t;
typedef struct ngx_eiam_refusal_s  ngx_eiam_refusal_t;
typedef struct ngx_eiam_flight_s  ngx_eiam_flight_t;
typedef struct ngx_eiam_key_set_s  ngx_eiam_key_set_t;


/* as one configuration sees it; the memory outlives configurations */

typedef struct {
    ngx_slab_pool_t       *pool;
    ngx_eiam_shared_t     *shared;
    ngx_array_t            sources;       /* of ngx_eiam_source_t * */
    void                  *owner;         /* whoever has the zone */
    uint32_t               number;        /* of the configuration */
} ngx_eiam_zone_t;


/* what asks for a token's grant, and what the workers know of it together */

typedef struct ngx_eiam_source_s {
    ngx_eiam_zone_t       *zone;
    ngx_eiam_digest_t      id;
    ngx_eiam_record_t     *record;        /* NULL: it is never asked */
    struct ngx_eiam_source_s  *keys;      /* the set that its grants come of;
                                             NULL: of none in the zone */
    struct ngx_eiam_source_s  *location;  /* that has the record and was added
                                             before; NULL: it has its own */
    unsigned               is_asked:1;    /* by flights */
    unsigned               has_keys:1;    /* it is of a key set */
} ngx_eiam_source_t;


struct ngx_eiam_record_s {
    ngx_eiam_record_t     *next;
    ngx_eiam_digest_t      id;
    uint64_t               retry;         /* ms: not before, after failures */
    uint32_t               failures;      /* in a row */
    uint32_t               probe;         /* the flight that tries again */
    uint32_t               flights;       /* under way */
    uint32_t               strangers;     /* of them */
    uint32_t               open;          /* the circuit */
    ngx_eiam_key_set_t    *keys;          /* NULL: not of a key set */
};


/* the parts; 0 is no index */

/* grants of a class by their last use, and the cells that they take */

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

    uint32_t               unused;        /* from here on never used */
    uint32_t               free;
    uint32_t               entries;
    uint32_t               used;          /* cells */
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


struct ngx_eiam_shared_s {
    volatile ngx_uint_t    changing;
    ngx_eiam_grants_t      grants;
    ngx_eiam_refusals_t    refusals;
    ngx_eiam_flights_t     flights;
    ngx_eiam_record_t     *records;
    uint32_t               serial;        /* of the last flight */
    uint32_t               number;        /* of the last configuration */
    time_t                 swept;         /* for lost flights */
    ngx_eiam_metrics_t     metrics;       /* not under the lock */
};


/*
 * For shm_zone->init, once data is an ngx_eiam_zone_t: new memory, or that of
 * the configuration before.  NGX_OK or NGX_ERROR (too small).
 */
ngx_int_t ngx_eiam_zone_init(ngx_shm_zone_t *shm_zone, void *data);

/* at the start of a worker: the flights of dead ones are over */
void ngx_eiam_zone_sweep(ngx_eiam_zone_t *zone);

void ngx_eiam_zone_lock(ngx_eiam_zone_t *zone);
void ngx_eiam_zone_unlock(ngx_eiam_zone_t *zone);


/* before the first change under the lock */

#define ngx_eiam_zone_change(shared)                                          \
    (shared)->changing = 1;                                                   \
    ngx_memory_barrier();                                                     \
    ngx_eiam_zone_step(shared)


/* between any two changes: a build for tests ends the worker there */

#ifndef ngx_eiam_zone_step
#define ngx_eiam_zone_step(shared)
#endif


#endif /* _NGX_EIAM_ZONE_H_INCLUDED_ */
