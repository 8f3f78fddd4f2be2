
/*
 * Flights: one question to a source, for however many requests in however
 * many workers.  All functions are for the holder of the zone's lock.
 */


#ifndef _NGX_EIAM_FLIGHT_H_INCLUDED_
#define _NGX_EIAM_FLIGHT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_shared.h>


#define NGX_EIAM_FLIGHTS_MAX    1024
#define NGX_EIAM_FLIGHTS_HEADS  256
#define NGX_EIAM_FLIGHT_GRACE   1000     /* ms: more than its timeout */


struct ngx_eiam_flight_s {
    ngx_eiam_digest_t    key;
    ngx_eiam_record_t   *record;         /* of its source */
    uint64_t             until;          /* ms: lost after that */
    uint32_t             serial;         /* 0: a free slot */
    uint32_t             pid;
    uint32_t             stranger;       /* 1: of a token without a grant */
    uint32_t             chain;          /* slot with the same head, or free */
};


/* empties it; the sizes and places are set */
void ngx_eiam_flight_wipe(ngx_eiam_shared_t *shared);

/* NULL: none */
ngx_eiam_flight_t *ngx_eiam_flight_find(ngx_eiam_shared_t *shared,
    const ngx_eiam_digest_t key);

/*
 * NULL: there are as many as the zone can have.  Strangers, which is said by 0
 * or 1, are tokens without a grant: they get no more than half of the slots.
 */
ngx_eiam_flight_t *ngx_eiam_flight_begin(ngx_eiam_shared_t *shared,
    const ngx_eiam_digest_t key, ngx_eiam_record_t *record, uint64_t until,
    ngx_uint_t stranger);

void ngx_eiam_flight_end(ngx_eiam_shared_t *shared,
    ngx_eiam_flight_t *flight);

/* the one to wait for; NULL: none, or one that is lost, which is ended */
ngx_eiam_flight_t *ngx_eiam_flight_join(ngx_eiam_shared_t *shared,
    const ngx_eiam_digest_t key);

/* NULL: it was taken for lost, and what another one brings counts */
ngx_eiam_flight_t *ngx_eiam_flight_own(ngx_eiam_shared_t *shared,
    const ngx_eiam_digest_t key, uint32_t serial);

/* ends those that are lost, at a worker's start also those of its number */
void ngx_eiam_flight_sweep(ngx_eiam_shared_t *shared, ngx_uint_t start);

/* the same, at most once a second */
void ngx_eiam_flight_tidy(ngx_eiam_shared_t *shared);


#endif /* _NGX_EIAM_FLIGHT_H_INCLUDED_ */
