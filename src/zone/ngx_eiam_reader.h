
/*
 * Which worker reads the stream of revocations, how far it has read, and when
 * the zone was last up to date.  One worker of a gateway reads, and holds a
 * lease.  Another worker gets the lease when it has ended, or at once if its
 * configuration is newer.  These functions take the zone's lock.
 */


#ifndef _NGX_EIAM_READER_H_INCLUDED_
#define _NGX_EIAM_READER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_position.h>
#include <ngx_eiam_zone.h>


#define NGX_EIAM_READER_LEASE  1000      /* ms */

/*
 * ms: a revocation that was acknowledged a second ago is in force at a gateway
 * that is fresh, as an answer takes no longer than the rest of that second
 */
#define NGX_EIAM_READER_FRESH  750


typedef enum {
    NGX_EIAM_READER_IS_FRESH = 0,
    NGX_EIAM_READER_IS_STALE,
    NGX_EIAM_READER_IS_DOWN              /* no answer for a second, or none */
} ngx_eiam_reader_state_e;


/* how far the reader is */

typedef struct {
    ngx_eiam_position_t    position;
    ngx_eiam_position_t    unreadable;     /* an entry that may be a revocation;
                                              0-0: none */
    u_char                 nonce[NGX_EIAM_READER_NONCE];
} ngx_eiam_reader_place_t;


/* NGX_OK and the lease's number; NGX_DECLINED: another worker has the lease */
ngx_int_t ngx_eiam_reader_acquire(ngx_eiam_zone_t *zone, uint32_t *lease);
/* NGX_OK; NGX_DECLINED: the caller does not have the lease any more */
ngx_int_t ngx_eiam_reader_renew(ngx_eiam_zone_t *zone, uint32_t lease);
void ngx_eiam_reader_release(ngx_eiam_zone_t *zone, uint32_t lease);

/* NGX_OK; NGX_DECLINED: nothing has been read yet */
ngx_int_t ngx_eiam_reader_place(ngx_eiam_zone_t *zone,
    ngx_eiam_reader_place_t *place);

/*
 * The last position up to which all was applied, also while the stream is read
 * again; NGX_DECLINED: the stream was never read.
 */
ngx_int_t ngx_eiam_reader_known(ngx_eiam_zone_t *zone,
    ngx_eiam_position_t *position);

/*
 * Whether the stream was ever read: before that a zone knows no revocation of
 * other gateways.  This function takes no lock.
 */
ngx_uint_t ngx_eiam_reader_has_read(const ngx_eiam_zone_t *zone);

/*
 * Records that all entries up to the place have been applied.  The zone is
 * fresh as of "sent", when they were asked for; 0: there are more entries to
 * read.
 */
ngx_int_t ngx_eiam_reader_advance(ngx_eiam_zone_t *zone, uint32_t lease,
    const ngx_eiam_reader_place_t *place, ngx_msec_t sent);

/* the stream will be read from its beginning: all older grants are doubtful */
ngx_int_t ngx_eiam_reader_begin(ngx_eiam_zone_t *zone, uint32_t lease);

/* ms since all revocations were known to be in force; a day at most */
ngx_msec_t ngx_eiam_reader_age(const ngx_eiam_zone_t *zone);
ngx_eiam_reader_state_e ngx_eiam_reader_state(const ngx_eiam_zone_t *zone);

/* ms since Redis answered last, or since the zone was made */
ngx_msec_t ngx_eiam_reader_silence(const ngx_eiam_zone_t *zone);

/* for the zone, when a change was not finished */
void ngx_eiam_reader_wipe(ngx_eiam_shared_t *shared);


#endif /* _NGX_EIAM_READER_H_INCLUDED_ */
