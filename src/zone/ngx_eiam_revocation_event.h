
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
     * Where it takes effect.  When a revocation is first sent this is not
     * known, and is the position of the entry.
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
 * Makes an event of this gateway, and returns the flag of its row.  Without
 * other gateways: 0, and an empty event.
 */
uint32_t ngx_eiam_revocation_event_create(ngx_eiam_shared_t *shared,
    ngx_eiam_event_t *event);

/*
 * Applies what another gateway, or this one earlier, has revoked or restored.
 * NGX_OK: it is in force now; NGX_DECLINED: it was already, has expired, or has
 * been undone.
 */
ngx_int_t ngx_eiam_revocation_event_apply(ngx_eiam_shared_t *shared,
    const ngx_eiam_revocation_event_t *event);

/* the row of a revocation; the number of all rows: there is none */
uint32_t ngx_eiam_revocation_event_find(const ngx_eiam_revocations_t *table,
    ngx_eiam_revoked_e kind, const u_char *subject);

/*
 * reads the event of a row: NGX_OK; NGX_DECLINED: there is none, or it is over
 */
ngx_int_t ngx_eiam_revocation_event_read(const ngx_eiam_shared_t *shared,
    uint32_t i, ngx_eiam_revocation_event_t *event);

/* the event is in the stream; the position of what was undone is kept */
void ngx_eiam_revocation_event_sent(ngx_eiam_shared_t *shared,
    const ngx_eiam_revocation_event_t *event,
    const ngx_eiam_position_t *position);

/*
 * The stream may have lost a row.  If the row is not seen again, it has been
 * lost, and is sent again unchanged, first by its own gateway, and later by
 * any.
 */
void ngx_eiam_revocation_event_miss(ngx_eiam_shared_t *shared, uint32_t i);
void ngx_eiam_revocation_event_resend(ngx_eiam_shared_t *shared, uint32_t i,
    ngx_uint_t any);


#endif /* _NGX_EIAM_REVOCATION_EVENT_H_INCLUDED_ */
