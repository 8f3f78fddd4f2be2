
/*
 * Whether a grant is revoked.  All functions are for the holder of the zone's
 * lock.
 */


#ifndef _NGX_EIAM_REVOCATION_CHECK_H_INCLUDED_
#define _NGX_EIAM_REVOCATION_CHECK_H_INCLUDED_


#include <ngx_eiam_revocation.h>


/*
 * Checks a grant whose generation is not the current one; with NGX_OK the grant
 * takes the current generation.  NGX_ABORT: it is revoked, and detail says
 * more; NGX_DECLINED: its source must be asked again, as it is not known when
 * the token was issued.
 */
ngx_int_t ngx_eiam_revocation_check(const ngx_eiam_shared_t *shared,
    const ngx_eiam_digest_t token, const ngx_eiam_grant_t *grant,
    ngx_eiam_detail_e *detail);

/* the same, without checking whether the token itself is revoked */
ngx_int_t ngx_eiam_revocation_check_issue(const ngx_eiam_shared_t *shared,
    const ngx_eiam_grant_t *grant, ngx_eiam_detail_e *detail);

/*
 * The same for a grant of another gateway; position is that of the stream
 * before its source was asked.
 */
ngx_int_t ngx_eiam_revocation_check_shared(const ngx_eiam_shared_t *shared,
    const ngx_eiam_grant_t *grant, const ngx_eiam_position_t *position,
    ngx_eiam_detail_e *detail);

/* whether one generation is before the other */
ngx_uint_t ngx_eiam_revocation_check_is_before(uint32_t generation,
    uint32_t other);

/*
 * Whether revocations may have been missed since the grant was checked, or when
 * it was stored, so that the tombstone of its token must be looked up.
 */
ngx_uint_t ngx_eiam_revocation_check_is_doubtful(
    const ngx_eiam_shared_t *shared, const ngx_eiam_grant_t *grant);


#endif /* _NGX_EIAM_REVOCATION_CHECK_H_INCLUDED_ */
