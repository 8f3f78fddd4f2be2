
/*
 * Revocations among those of all gateways.  Each has an event: its id, and its
 * position in the stream.  A row is unsent until it is there, so that no crash
 * and no reload keeps it from the others; what they revoke is applied here,
 * once.  What was restored has a row as well: the same event does not revoke
 * again, whoever sends it.
 *
 * All functions are for the holder of the zone's lock.
 */


#ifndef _NGX_EIAM_REVOCATION_EVENT_H_INCLUDED_
#define _NGX_EIAM_REVOCATION_EVENT_H_INCLUDED_


#include <ngx_eiam_revocation.h>


typedef struct {
    ngx_eiam_revoked_e        kind;
    ngx_eiam_revoker_e        by;
    ngx_eiam_event_id_t       id;          /* undo: of what was undone */

    /*
     * Where it takes effect: at the first sending of a revocation nobody knows
     * that, and it is that of the entry.
     */
    ngx_eiam_position_t       position;
    u_char                    subject[NGX_EIAM_REVOCATION_TOKEN];
                                           /* token, or the application's id */
    ngx_eiam_revocation_id_t  application; /* of a token */
    time_t                    time;        /* of the revocation */
    time_t                    expires;     /* token, undo */
    uint32_t                  row;         /* that it was read from */
    unsigned                  has_application:1;
    unsigned                  undo:1;      /* takes revocations back */
    unsigned                  resent:1;    /* was in the stream before */
} ngx_eiam_revocation_event_t;


#define ngx_eiam_revocation_event_is(event)                                   \
    (ngx_memcmp((event)->id, ngx_eiam_revocation_event_none,                  \
                NGX_EIAM_EVENT_ID) != 0)

extern const ngx_eiam_event_id_t  ngx_eiam_revocation_event_none;


/*
 * A new event of this gateway, and the flag of its row: 0 and an empty event
 * if there are no other gateways.
 */
uint32_t ngx_eiam_revocation_event_create(ngx_eiam_shared_t *shared,
    ngx_eiam_event_t *event);

/*
 * What another gateway has revoked or restored, or this one some time ago:
 * NGX_OK: it is in force now; NGX_DECLINED: it was before, is over or undone.
 */
ngx_int_t ngx_eiam_revocation_event_apply(ngx_eiam_shared_t *shared,
    const ngx_eiam_revocation_event_t *event);

/* the row of what is revoked; the number of all rows: it is not */
uint32_t ngx_eiam_revocation_event_find(const ngx_eiam_revocations_t *table,
    ngx_eiam_revoked_e kind, const u_char *subject);

/* the event of a row: NGX_OK, or NGX_DECLINED: it has none, or is over */
ngx_int_t ngx_eiam_revocation_event_read(const ngx_eiam_shared_t *shared,
    uint32_t i, ngx_eiam_revocation_event_t *event);

/* it is in the stream; of what was undone the position stays */
void ngx_eiam_revocation_event_sent(ngx_eiam_shared_t *shared,
    const ngx_eiam_revocation_event_t *event,
    const ngx_eiam_position_t *position);

/*
 * The stream may have lost a row, and has if it is not seen again: then it is
 * sent as it was, by the gateway whose event it is, and later by any.
 */
void ngx_eiam_revocation_event_miss(ngx_eiam_shared_t *shared, uint32_t i);
void ngx_eiam_revocation_event_resend(ngx_eiam_shared_t *shared, uint32_t i,
    ngx_uint_t any);


#endif /* _NGX_EIAM_REVOCATION_EVENT_H_INCLUDED_ */
