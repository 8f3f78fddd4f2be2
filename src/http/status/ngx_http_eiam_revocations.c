
#include <ngx_http_eiam_revocations.h>
#include <ngx_eiam_revoke.h>


ngx_int_t
ngx_http_eiam_revocations_total(ngx_http_eiam_status_t *status)
{
    ngx_uint_t           i, k;
    ngx_eiam_metrics_t  *metrics;

    metrics = &status->mcf->zone->shared->metrics;

    for (i = 0; i < NGX_EIAM_REVOKED; i++) {

        for (k = 0; k < NGX_EIAM_REVOKERS; k++) {

            ngx_http_eiam_label_t  labels[] = {
                { "kind", ngx_eiam_metrics_revoked[i] },
                { "by", ngx_eiam_metrics_revokers[k] },
                { NULL, ngx_null_string }
            };

            ngx_http_eiam_scrape_sample(status, "", labels, "%uA",
                                        metrics->revocations[i][k]);
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_eiam_revocations_in_force(ngx_http_eiam_status_t *status)
{
    ngx_uint_t               i;
    ngx_eiam_revoke_usage_t  usage;

    ngx_eiam_revoke_usage(status->mcf->zone, &usage);

    for (i = 0; i < NGX_EIAM_REVOKED; i++) {

        ngx_http_eiam_label_t  labels[] = {
            { "kind", ngx_eiam_metrics_revoked[i] },
            { NULL, ngx_null_string }
        };

        ngx_http_eiam_scrape_sample(status, "", labels, "%ui",
                                    usage.count[i]);
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_eiam_revocations_room(ngx_http_eiam_status_t *status)
{
    ngx_eiam_revoke_usage_t  usage;

    ngx_eiam_revoke_usage(status->mcf->zone, &usage);

    ngx_http_eiam_scrape_sample(status, "", NULL, "%ui",
                                usage.room);
    return NGX_OK;
}


ngx_int_t
ngx_http_eiam_revocations_evicted(ngx_http_eiam_status_t *status)
{
    ngx_http_eiam_scrape_sample(status, "", NULL, "%uA",
                    status->mcf->zone->shared->metrics.revocations_evicted);
    return NGX_OK;
}


ngx_int_t
ngx_http_eiam_revocations_reissued(ngx_http_eiam_status_t *status)
{
    ngx_http_eiam_scrape_sample(status, "", NULL, "%uA",
                                status->mcf->zone->shared->metrics.reissued);
    return NGX_OK;
}
