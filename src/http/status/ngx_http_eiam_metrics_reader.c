
#include <ngx_http_eiam_metrics_reader.h>
#include <ngx_eiam_reader.h>


ngx_int_t
ngx_http_eiam_metrics_reader_age(ngx_http_eiam_status_t *status)
{
    ngx_msec_t  age;

    if (status->mcf->share) {
        age = ngx_eiam_reader_age(status->mcf->zone);

        ngx_http_eiam_scrape_sample(status, "", NULL, "%M.%03M", age / 1000,
                                    age % 1000);
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_eiam_metrics_reader_gaps(ngx_http_eiam_status_t *status)
{
    if (status->mcf->share) {
        ngx_http_eiam_scrape_sample(status, "", NULL, "%uA",
                              status->mcf->zone->shared->metrics.redis_gaps);
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_eiam_metrics_reader_unsent(ngx_http_eiam_status_t *status)
{
    if (status->mcf->share) {
        ngx_http_eiam_scrape_sample(status, "", NULL, "%uD",
                              status->mcf->zone->shared->revocations.unsent);
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_eiam_metrics_reader_delay(ngx_http_eiam_status_t *status)
{
    if (status->mcf->share) {
        ngx_http_eiam_metrics_histogram(status, NULL, NULL, NULL,
                     &status->mcf->zone->shared->metrics.revocations_delay);
    }

    return NGX_OK;
}
