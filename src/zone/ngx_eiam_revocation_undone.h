
/*
 * What was restored.  Its row keeps the event that was undone, and the position
 * up to which others are: so none of them revokes again, whoever sends it.  All
 * functions are for the holder of the zone's lock.
 */


#ifndef _NGX_EIAM_REVOCATION_UNDONE_H_INCLUDED_
#define _NGX_EIAM_REVOCATION_UNDONE_H_INCLUDED_


#include <ngx_eiam_revocation_event.h>


/* it was restored here, which the others are to be told */
void ngx_eiam_revocation_undone_add(ngx_eiam_shared_t *shared,
    ngx_eiam_revoked_e kind, const u_char *subject);

/* it is about to be revoked again: what was restored before is of no use */
void ngx_eiam_revocation_undone_forget(ngx_eiam_shared_t *shared,
    const u_char *subject);

/* keeps the row of what was undone, if there is room for it */
void ngx_eiam_revocation_undone_keep(ngx_eiam_shared_t *shared,
    const ngx_eiam_revocation_t *undone, const ngx_eiam_event_t *event);

/*
 * Is it the event that was undone, or one that was in the stream before that,
 * and that somebody sends again who does not know of it?
 */
ngx_uint_t ngx_eiam_revocation_undone_has(ngx_eiam_shared_t *shared,
    const ngx_eiam_revocation_event_t *event);


#endif /* _NGX_EIAM_REVOCATION_UNDONE_H_INCLUDED_ */
