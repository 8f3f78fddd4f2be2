
/*
 * Revocations of the zone as other gateways are told of them: sealed, in the
 * stream, as tombstones of tokens and cuts of applications.
 */


#ifndef _NGX_EIAM_SHARE_EVENT_H_INCLUDED_
#define _NGX_EIAM_SHARE_EVENT_H_INCLUDED_


#include <ngx_eiam_revocation_event.h>
#include <ngx_eiam_share.h>


/* bytes of an event at most, sealed */
#define NGX_EIAM_SHARE_EVENT_MAX                                              \
    (NGX_EIAM_REDIS_VALUE_MAX + NGX_EIAM_REDIS_SEAL_EXTRA)


/* what a sealed value is found to be */

typedef struct {
    ngx_eiam_revocation_event_t   revocation;
    u_char                        nonce[NGX_EIAM_READER_NONCE];
    unsigned                      hello:1;     /* it revokes nothing */
} ngx_eiam_share_event_t;


/*
 * Seals an event for a place; NULL: that says nothing, for an empty stream.
 * sealed->data has room for NGX_EIAM_SHARE_EVENT_MAX bytes.  NGX_OK or
 * NGX_ERROR.
 */
ngx_int_t ngx_eiam_share_event_seal(const ngx_eiam_share_t *share,
    const ngx_eiam_redis_seal_place_t *place,
    const ngx_eiam_revocation_event_t *revocation, ngx_str_t *sealed);

/*
 * Opens one; position is that of its entry, where it takes effect if it does
 * not say that itself.  NGX_OK; NGX_DECLINED: it cannot be read.
 */
ngx_int_t ngx_eiam_share_event_open(const ngx_eiam_share_t *share,
    const ngx_eiam_redis_seal_place_t *place, const ngx_str_t *sealed,
    const ngx_eiam_position_t *position, ngx_eiam_share_event_t *event);

/* opens whatever is there, under any line of the key: NGX_OK or NGX_DECLINED */
ngx_int_t ngx_eiam_share_event_text(const ngx_eiam_share_t *share,
    const ngx_eiam_redis_seal_place_t *place, const ngx_str_t *sealed,
    ngx_str_t *text, ngx_uint_t *line);

/* is the field one of the cuts of this application, or of all? */
ngx_uint_t ngx_eiam_share_event_is_cut(const ngx_eiam_share_t *share,
    const ngx_eiam_revocation_event_t *revocation, const ngx_str_t *field);


#endif /* _NGX_EIAM_SHARE_EVENT_H_INCLUDED_ */
