
/*
 * Revocations of the zone in the form in which other gateways get them: sealed,
 * in the stream, as tombstones of tokens, and as cuts of applications.
 */


#ifndef _NGX_EIAM_SHARE_EVENT_H_INCLUDED_
#define _NGX_EIAM_SHARE_EVENT_H_INCLUDED_


#include <ngx_eiam_revocation_event.h>
#include <ngx_eiam_share.h>


/* bytes of a sealed event at most */
#define NGX_EIAM_SHARE_EVENT_MAX                                              \
    (NGX_EIAM_REDIS_VALUE_MAX + NGX_EIAM_REDIS_SEAL_EXTRA)


/* the content of a sealed value */

typedef struct {
    ngx_eiam_revocation_event_t   revocation;
    u_char                        nonce[NGX_EIAM_READER_NONCE];
    unsigned                      hello:1;     /* it revokes nothing */
} ngx_eiam_share_event_t;


/*
 * Sets where a value is stored: in the stream, or beside it, as the function
 * ngx_eiam_redis_name_stream() names it.  "name" has room for
 * NGX_EIAM_REDIS_NAME_MAX bytes.  place->part is empty.
 */
void ngx_eiam_share_event_place(const ngx_eiam_share_t *share,
    ngx_eiam_redis_seal_kind_e kind, const char *beside, u_char *name,
    ngx_eiam_redis_seal_place_t *place);

/*
 * Seals an event for a place.  Without an event (NULL) it seals one that
 * revokes nothing, the first entry of an empty stream.  sealed->data has room
 * for NGX_EIAM_SHARE_EVENT_MAX bytes.  NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_eiam_share_event_seal(const ngx_eiam_share_t *share,
    const ngx_eiam_redis_seal_place_t *place,
    const ngx_eiam_revocation_event_t *revocation, ngx_str_t *sealed);

/*
 * Opens a sealed event.  It takes effect at the position that it contains, or
 * else at "position", that of its entry.  NGX_OK; NGX_DECLINED: it cannot be
 * read.
 */
ngx_int_t ngx_eiam_share_event_open(const ngx_eiam_share_t *share,
    const ngx_eiam_redis_seal_place_t *place, const ngx_str_t *sealed,
    const ngx_eiam_position_t *position, ngx_eiam_share_event_t *event);

/* opens any value of a place by each line of the key: NGX_OK or NGX_DECLINED */
ngx_int_t ngx_eiam_share_event_text(const ngx_eiam_share_t *share,
    const ngx_eiam_redis_seal_place_t *place, const ngx_str_t *sealed,
    ngx_str_t *text, ngx_uint_t *line);

/* is the field a cut of the event's application, or of all if it is of all? */
ngx_uint_t ngx_eiam_share_event_is_cut(const ngx_eiam_share_t *share,
    const ngx_eiam_revocation_event_t *revocation, const ngx_str_t *field);


#endif /* _NGX_EIAM_SHARE_EVENT_H_INCLUDED_ */
