
/*
 * Who reads the stream of revocations, how far, and since when nothing was
 * missed.  One worker of a gateway reads; it has a lease, which is another
 * one's when it is over, or at once if that one is of a newer configuration.
 * These functions take the zone's lock.
 */


#ifndef _NGX_EIAM_READER_H_INCLUDED_
#define _NGX_EIAM_READER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_position.h>
#include <ngx_eiam_zone.h>


#define NGX_EIAM_READER_LEASE  1000      /* ms */

/*
 * ms: what was acknowledged a second ago is in force at a gateway that is
 * fresh, as an answer takes no longer than the rest of it
 */
#define NGX_EIAM_READER_FRESH  750


typedef enum {
    NGX_EIAM_READER_IS_FRESH = 0,
    NGX_EIAM_READER_IS_STALE,
    NGX_EIAM_READER_IS_DOWN              /* no answer for a second, or none */
} ngx_eiam_reader_state_e;


/* the zone as whoever reads sees it */

typedef struct {
    ngx_eiam_position_t    position;
    ngx_eiam_position_t    unreadable;     /* an entry that may be a revocation;
                                              0-0: none */
    u_char                 nonce[NGX_EIAM_READER_NONCE];
} ngx_eiam_reader_place_t;


/* NGX_OK and the lease's number, or NGX_DECLINED: somebody else has it */
ngx_int_t ngx_eiam_reader_acquire(ngx_eiam_zone_t *zone, uint32_t *lease);
/* NGX_OK, or NGX_DECLINED: it is not the reader's any more */
ngx_int_t ngx_eiam_reader_renew(ngx_eiam_zone_t *zone, uint32_t lease);
void ngx_eiam_reader_release(ngx_eiam_zone_t *zone, uint32_t lease);

/* NGX_OK, or NGX_DECLINED: nothing was read yet */
ngx_int_t ngx_eiam_reader_place(ngx_eiam_zone_t *zone,
    ngx_eiam_reader_place_t *place);

/*
 * All up to the place was applied.  With the time at which it was asked for
 * the zone is fresh as of then; 0: there is more to be read.
 */
ngx_int_t ngx_eiam_reader_advance(ngx_eiam_zone_t *zone, uint32_t lease,
    const ngx_eiam_reader_place_t *place, ngx_msec_t sent);

/* the stream is read from its beginning: grants are doubtful from then on */
ngx_int_t ngx_eiam_reader_begin(ngx_eiam_zone_t *zone, uint32_t lease);

/* ms since all that had been revoked was in force; a day at most */
ngx_msec_t ngx_eiam_reader_age(const ngx_eiam_zone_t *zone);
ngx_eiam_reader_state_e ngx_eiam_reader_state(const ngx_eiam_zone_t *zone);

/* ms since Redis answered last, or since the zone was made */
ngx_msec_t ngx_eiam_reader_silence(const ngx_eiam_zone_t *zone);

/* for the zone, when a change was not finished */
void ngx_eiam_reader_wipe(ngx_eiam_shared_t *shared);


#endif /* _NGX_EIAM_READER_H_INCLUDED_ */
