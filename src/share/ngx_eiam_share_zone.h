
/* Stores what other gateways know in the zone of this one. */


#ifndef _NGX_EIAM_SHARE_ZONE_H_INCLUDED_
#define _NGX_EIAM_SHARE_ZONE_H_INCLUDED_


#include <ngx_eiam_revocation.h>
#include <ngx_eiam_share.h>


/* stores the grant that another gateway has of a token from a source */
void ngx_eiam_share_zone_keep(ngx_eiam_source_t *source,
    const ngx_eiam_digest_t token, const ngx_eiam_redis_grant_t *value);

/*
 * Was this grant of another gateway issued before its application was revoked?
 */
ngx_uint_t ngx_eiam_share_zone_is_revoked(ngx_eiam_zone_t *zone,
    const ngx_eiam_redis_grant_t *value);

/*
 * Keeps a token revoked that has been issued once more, until the new grant
 * expires.
 */
void ngx_eiam_share_zone_revoke(ngx_eiam_zone_t *zone,
    const ngx_eiam_digest_t token, const ngx_eiam_grant_t *grant);

/* counts a learned grant: NGX_OK, or NGX_DECLINED: there are too many */
ngx_int_t ngx_eiam_share_zone_count(ngx_eiam_zone_t *zone,
    const ngx_eiam_grant_t *grant);


#endif /* _NGX_EIAM_SHARE_ZONE_H_INCLUDED_ */
