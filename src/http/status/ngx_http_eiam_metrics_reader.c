
#include <ngx_http_eiam_metrics_reader.h>
#include <ngx_eiam_reader.h>


static const ngx_http_eiam_label_t  ngx_http_eiam_metrics_reader_labels[] = {
    { NULL, ngx_null_string }
};


ngx_int_t
ngx_http_eiam_metrics_reader_age(ngx_http_eiam_status_t *status)
{
    ngx_msec_t  age;

    if (status->mcf->share) {
        age = ngx_eiam_reader_age(status->mcf->zone);

        ngx_http_eiam_scrape_sample(status, "",
                                    ngx_http_eiam_metrics_reader_labels,
                                    "%M.%03M", age / 1000, age % 1000);
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_eiam_metrics_reader_gaps(ngx_http_eiam_status_t *status)
{
    if (status->mcf->share) {
        ngx_http_eiam_scrape_sample(status, "",
                              ngx_http_eiam_metrics_reader_labels, "%uA",
                              status->mcf->zone->shared->metrics.redis_gaps);
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_eiam_metrics_reader_unsent(ngx_http_eiam_status_t *status)
{
    if (status->mcf->share) {
        ngx_http_eiam_scrape_sample(status, "",
                              ngx_http_eiam_metrics_reader_labels, "%uD",
                              status->mcf->zone->shared->revocations.unsent);
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_eiam_metrics_reader_delay(ngx_http_eiam_status_t *status)
{
    ngx_uint_t                   i;
    ngx_atomic_uint_t            count, sum;
    const ngx_eiam_histogram_t  *histogram;

    ngx_http_eiam_label_t  labels[] = {
        { "le", ngx_null_string },
        { NULL, ngx_null_string }
    };

    if (status->mcf->share == NULL) {
        return NGX_OK;
    }

    histogram = &status->mcf->zone->shared->metrics.revocations_delay;

    count = 0;
    sum = histogram->sum;

    for (i = 0; i < NGX_EIAM_BUCKETS; i++) {

        count += histogram->counts[i];
        labels[0].value = ngx_eiam_metrics_buckets[i].label;

        ngx_http_eiam_scrape_sample(status, "_bucket", labels, "%uA", count);
    }

    ngx_http_eiam_scrape_sample(status, "_sum",
                                ngx_http_eiam_metrics_reader_labels,
                                "%uA.%03uA", sum / 1000, sum % 1000);
    ngx_http_eiam_scrape_sample(status, "_count",
                                ngx_http_eiam_metrics_reader_labels, "%uA",
                                count);
    return NGX_OK;
}
