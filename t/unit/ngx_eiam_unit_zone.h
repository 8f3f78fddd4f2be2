
/*
 * A zone in memory of its own, between two guard pages, and a clock that stands
 * still until the test moves it.
 */


#ifndef _NGX_EIAM_UNIT_ZONE_H_INCLUDED_
#define _NGX_EIAM_UNIT_ZONE_H_INCLUDED_


#include "ngx_eiam_unit.h"
#include <ngx_eiam_cache.h>
#include <ngx_eiam_flight.h>
#include <ngx_eiam_source.h>
#include <ngx_eiam_zone.h>


#define NGX_EIAM_UNIT_NOW  1700000000     /* where the clock starts */


typedef struct {
    ngx_shm_zone_t        shm_zone;
    ngx_eiam_zone_t       zone;
} ngx_eiam_unit_zone_t;


typedef struct {
    volatile ngx_time_t  *cached;
    ngx_msec_t            msec;
} ngx_eiam_unit_clock_t;


/* opens a zone, to which sources are added, and then makes it */
ngx_int_t ngx_eiam_unit_zone_open(ngx_eiam_unit_t *unit,
    ngx_eiam_unit_zone_t *z, size_t size);
ngx_int_t ngx_eiam_unit_zone_init(ngx_eiam_unit_zone_t *z,
    ngx_eiam_unit_zone_t *prior);
void ngx_eiam_unit_zone_close(ngx_eiam_unit_zone_t *z);

/* the same memory as the next configuration sees it */
ngx_int_t ngx_eiam_unit_zone_next(ngx_eiam_unit_t *unit,
    ngx_eiam_unit_zone_t *z, const ngx_eiam_unit_zone_t *prior);

/* adds a source; aborts if there is no memory */
ngx_eiam_source_t *ngx_eiam_unit_zone_source(ngx_eiam_unit_t *unit,
    ngx_eiam_unit_zone_t *z, const char *name);

/* makes a zone with the source "a", or aborts */
void ngx_eiam_unit_zone_make(ngx_eiam_unit_t *unit, ngx_eiam_unit_zone_t *z,
    size_t size);

/* opens a zone with the sources "a" and "b", which may be changed; or aborts */
void ngx_eiam_unit_zone_two(ngx_eiam_unit_t *unit, ngx_eiam_unit_zone_t *z,
    size_t size, ngx_eiam_source_t **a, ngx_eiam_source_t **b);

/* makes a zone that has been opened, or aborts */
void ngx_eiam_unit_zone_start(ngx_eiam_unit_zone_t *z);

void ngx_eiam_unit_clock_stop(ngx_eiam_unit_clock_t *clock);
void ngx_eiam_unit_clock_pass(ngx_int_t ms);
void ngx_eiam_unit_clock_go(const ngx_eiam_unit_clock_t *clock);

/* the same numbers in each run */
uint32_t ngx_eiam_unit_random(uint32_t *seed, uint32_t below);

/* the key of the n-th token */
void ngx_eiam_unit_key(uint32_t n, ngx_eiam_digest_t key);

/*
 * A text of the n-th token that fills the buffer, which must have room for the
 * longest one.  The grant points into the buffer.
 */

#define NGX_EIAM_UNIT_TEXT_MAX                                                \
    (NGX_EIAM_APPLICATION_ID_MAX + NGX_EIAM_SCOPES_TEXT_MAX)

void ngx_eiam_unit_grant(uint32_t n, size_t len, u_char *text,
    ngx_eiam_grant_t *grant);

/* whether the grant has the bytes that ngx_eiam_unit_grant() makes */
ngx_uint_t ngx_eiam_unit_grant_is(uint32_t n, const ngx_eiam_grant_t *grant);

/* what is wrong with the cells, lists and heads; NULL: nothing */
const char *ngx_eiam_unit_cache_fault(ngx_eiam_shared_t *shared);

/* the same for the revocations */
const char *ngx_eiam_unit_revoke_fault(ngx_eiam_shared_t *shared);


#endif /* _NGX_EIAM_UNIT_ZONE_H_INCLUDED_ */
