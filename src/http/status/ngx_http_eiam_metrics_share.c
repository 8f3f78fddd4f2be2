
#include <ngx_http_eiam_metrics_share.h>


ngx_int_t
ngx_http_eiam_metrics_share_unshared(ngx_http_eiam_status_t *status)
{
    ngx_uint_t                 i;
    ngx_eiam_metrics_redis_t  *redis;

    redis = status->mcf->zone->shared->metrics.redis;

    for (i = 0; redis && i < NGX_EIAM_UNSHARED; i++) {

        ngx_http_eiam_label_t  labels[] = {
            { "reason", ngx_eiam_metrics_unshared[i] },
            { NULL, ngx_null_string }
        };

        ngx_http_eiam_scrape_sample(status, "", labels, "%uA",
                                    redis->unshared[i]);
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_eiam_metrics_share_rejected(ngx_http_eiam_status_t *status)
{
    ngx_eiam_metrics_redis_t  *redis;

    static const ngx_http_eiam_label_t  grants[] = {
        { "kind", ngx_string("grant") },
        { NULL, ngx_null_string }
    };

    static const ngx_http_eiam_label_t  tombstones[] = {
        { "kind", ngx_string("tombstone") },
        { NULL, ngx_null_string }
    };

    static const ngx_http_eiam_label_t  revocations[] = {
        { "kind", ngx_string("revocation") },
        { NULL, ngx_null_string }
    };

    redis = status->mcf->zone->shared->metrics.redis;

    if (redis) {
        ngx_http_eiam_scrape_sample(status, "", grants, "%uA",
                                    redis->rejected_grants);
        ngx_http_eiam_scrape_sample(status, "", tombstones, "%uA",
                                    redis->rejected_tombstones);
        ngx_http_eiam_scrape_sample(status, "", revocations, "%uA",
                                    redis->rejected_revocations);
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_eiam_metrics_share_held(ngx_http_eiam_status_t *status)
{
    ngx_uint_t                 i;
    ngx_eiam_metrics_redis_t  *redis;

    static const ngx_str_t  results[] = {
        ngx_string("written"),
        ngx_string("late")
    };

    redis = status->mcf->zone->shared->metrics.redis;

    for (i = 0; redis && i < 2; i++) {
        ngx_http_eiam_metrics_histogram(status, "source",
                                    &ngx_eiam_metrics_kinds[NGX_EIAM_LEARNED],
                                        &results[i], &redis->held[i]);
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_eiam_metrics_share_late(ngx_http_eiam_status_t *status)
{
    ngx_eiam_metrics_redis_t  *redis;

    redis = status->mcf->zone->shared->metrics.redis;

    if (redis) {
        ngx_http_eiam_scrape_sample(status, "",
                                    NULL,
                                    "%uA", redis->held_late);
    }

    return NGX_OK;
}
