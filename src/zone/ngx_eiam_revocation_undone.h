
/*
 * What has been restored.  Its row keeps the event that was undone, and the
 * position up to which other events are undone with it, so that none of them
 * revokes again, whichever gateway sends it.  All functions are for the holder
 * of the zone's lock.
 */


#ifndef _NGX_EIAM_REVOCATION_UNDONE_H_INCLUDED_
#define _NGX_EIAM_REVOCATION_UNDONE_H_INCLUDED_


#include <ngx_eiam_revocation_event.h>


/* it has been restored here, which other gateways must learn */
void ngx_eiam_revocation_undone_add(ngx_eiam_shared_t *shared,
    ngx_eiam_revoked_e kind, const u_char *subject);

/* it is about to be revoked again, so what was restored before is forgotten */
void ngx_eiam_revocation_undone_forget(ngx_eiam_shared_t *shared,
    const u_char *subject);

/* keeps the row of an undone event, if there is room for it */
void ngx_eiam_revocation_undone_keep(ngx_eiam_shared_t *shared,
    const ngx_eiam_revocation_t *undone, const ngx_eiam_event_t *event);

/*
 * Whether the event has been undone, or was in the stream before an undone one,
 * and is sent again by a gateway that does not know this.
 */
ngx_uint_t ngx_eiam_revocation_undone_has(ngx_eiam_shared_t *shared,
    const ngx_eiam_revocation_event_t *event);


#endif /* _NGX_EIAM_REVOCATION_UNDONE_H_INCLUDED_ */
