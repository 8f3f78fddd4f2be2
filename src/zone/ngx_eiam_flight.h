
/*
 * Flights: a question to a source that is under way, only once for all requests
 * of all workers.  The caller of these functions holds the lock of the zone.
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
    uint64_t             until;          /* ms: after it the flight is lost */
    uint32_t             serial;         /* 0: a free slot */
    uint32_t             pid;
    uint32_t             stranger;       /* flag: the token had no grant */
    uint32_t             chain;          /* the next slot of the same list */
};


/* empties the table, whose size and arrays have been set */
void ngx_eiam_flight_wipe(ngx_eiam_shared_t *shared);

/* NULL: none */
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

/* the flight to wait for; NULL: none; one that is lost is ended */
ngx_eiam_flight_t *ngx_eiam_flight_join(ngx_eiam_shared_t *shared,
    const ngx_eiam_digest_t key);

/*
 * the flight with that serial; NULL: it was lost, and another one may be under
 * way
 */
ngx_eiam_flight_t *ngx_eiam_flight_own(ngx_eiam_shared_t *shared,
    const ngx_eiam_digest_t key, uint32_t serial);

/* ends lost flights; at the start of a worker also those of its process id */
void ngx_eiam_flight_sweep(ngx_eiam_shared_t *shared, ngx_uint_t start);

/* the same, at most once a second */
void ngx_eiam_flight_tidy(ngx_eiam_shared_t *shared);


#endif /* _NGX_EIAM_FLIGHT_H_INCLUDED_ */
