
/*
 * Flights: questions to a source that are under way, each asked only once for
 * all requests in all workers.  All functions are for the holder of the zone's
 * lock.
 */


#ifndef _NGX_EIAM_FLIGHT_H_INCLUDED_
#define _NGX_EIAM_FLIGHT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_shared.h>


#define NGX_EIAM_FLIGHTS_MAX    1024
#define NGX_EIAM_FLIGHTS_HEADS  256
#define NGX_EIAM_FLIGHT_GRACE   1000     /* ms, beyond the timeout of the
                                            question */


struct ngx_eiam_flight_s {
    ngx_eiam_digest_t    key;
    ngx_eiam_record_t   *record;         /* the record of its source */
    uint64_t             until;          /* ms: then the flight is lost */
    uint32_t             serial;         /* 0: a free slot */
    uint32_t             pid;
    uint32_t             stranger;       /* flag: the token had no grant */
    uint32_t             chain;          /* the next slot of the same list */
};


/* empties the table, whose size and arrays have been set */
void ngx_eiam_flight_wipe(ngx_eiam_shared_t *shared);

/* NULL: there is no flight for this key */
ngx_eiam_flight_t *ngx_eiam_flight_find(ngx_eiam_shared_t *shared,
    const ngx_eiam_digest_t key);

/*
 * NULL: the table is full. "stranger" is 1 for a token without a grant: such
 * tokens get at most half of the slots.
 */
ngx_eiam_flight_t *ngx_eiam_flight_begin(ngx_eiam_shared_t *shared,
    const ngx_eiam_digest_t key, ngx_eiam_record_t *record, uint64_t until,
    ngx_uint_t stranger);

void ngx_eiam_flight_end(ngx_eiam_shared_t *shared,
    ngx_eiam_flight_t *flight);

/*
 * The flight to wait for; NULL: there is none.  A flight that is lost is ended.
 */
ngx_eiam_flight_t *ngx_eiam_flight_join(ngx_eiam_shared_t *shared,
    const ngx_eiam_digest_t key);

/*
 * the flight with that serial; NULL: it was lost, and there may be another one
 */
ngx_eiam_flight_t *ngx_eiam_flight_own(ngx_eiam_shared_t *shared,
    const ngx_eiam_digest_t key, uint32_t serial);

/* ends lost flights; when a worker starts, also those of its process id */
void ngx_eiam_flight_sweep(ngx_eiam_shared_t *shared, ngx_uint_t start);

/* the same, but at most once a second */
void ngx_eiam_flight_tidy(ngx_eiam_shared_t *shared);


#endif /* _NGX_EIAM_FLIGHT_H_INCLUDED_ */
