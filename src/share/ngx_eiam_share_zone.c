
#include <ngx_eiam_cache.h>
#include <ngx_eiam_revocation_check.h>
#include <ngx_eiam_share_zone.h>


static ngx_int_t ngx_eiam_share_zone_check(const ngx_eiam_shared_t *shared,
    const ngx_eiam_redis_grant_t *value);


/*
 * A grant's life in the zone begins when its source was asked, at whichever
 * gateway that was.  A revoked grant is stored like any other, but is checked
 * at each use.
 */

void
ngx_eiam_share_zone_keep(ngx_eiam_source_t *source,
    const ngx_eiam_digest_t token, const ngx_eiam_redis_grant_t *value)
{
    ngx_eiam_grant_t    grant;
    ngx_eiam_digest_t   key;
    ngx_eiam_shared_t  *shared;

    shared = source->zone->shared;
    grant = value->grant;

    ngx_eiam_source_key(source, token, key);

    ngx_eiam_zone_lock(source->zone);

    grant.generation = 0;

    if (!ngx_eiam_revocation_has(shared, token)
        && ngx_eiam_share_zone_check(shared, value) == NGX_OK)
    {
        grant.generation = shared->revocations.generation;
    }

    ngx_eiam_cache_put(shared, key, &grant,
                       ngx_min(value->checked, ngx_time()), 0);

    ngx_eiam_zone_unlock(source->zone);
}


ngx_uint_t
ngx_eiam_share_zone_is_revoked(ngx_eiam_zone_t *zone,
    const ngx_eiam_redis_grant_t *value)
{
    ngx_int_t  rc;

    ngx_eiam_zone_lock(zone);
    rc = ngx_eiam_share_zone_check(zone->shared, value);
    ngx_eiam_zone_unlock(zone);

    return rc == NGX_ABORT;
}


static ngx_int_t
ngx_eiam_share_zone_check(const ngx_eiam_shared_t *shared,
    const ngx_eiam_redis_grant_t *value)
{
    ngx_eiam_detail_e  detail;

    return ngx_eiam_revocation_check_shared(shared, &value->grant,
                                            &value->position, &detail);
}


void
ngx_eiam_share_zone_revoke(ngx_eiam_zone_t *zone,
    const ngx_eiam_digest_t token, const ngx_eiam_grant_t *grant)
{
    ngx_eiam_revocation_id_t  id;

    if (ngx_eiam_revocation_id(&grant->application, id) != NGX_OK) {
        return;
    }

    ngx_eiam_zone_lock(zone);

    (void) ngx_eiam_revocation_add_token(zone->shared, token, id,
                                         grant->expires, NGX_EIAM_BY_GATE);

    ngx_eiam_zone_unlock(zone);
}


ngx_int_t
ngx_eiam_share_zone_count(ngx_eiam_zone_t *zone, const ngx_eiam_grant_t *grant)
{
    ngx_int_t  rc;

    ngx_eiam_zone_lock(zone);

    rc = ngx_eiam_share_limit_add(zone->shared, &grant->application,
                                  grant->expires, ngx_time());

    ngx_eiam_zone_unlock(zone);

    return rc;
}
