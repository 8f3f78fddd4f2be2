
#include <ngx_http_eiam_status.h>


/* reads each counter only once, so that buckets and sum agree */

void
ngx_http_eiam_metrics_histogram(ngx_http_eiam_status_t *status,
    const char *name, const ngx_str_t *value, const ngx_str_t *result,
    const ngx_eiam_histogram_t *histogram)
{
    ngx_uint_t              i;
    ngx_atomic_uint_t       count, sum;
    ngx_http_eiam_label_t   labels[4], *le;

    ngx_memzero(labels, sizeof(labels));

    le = labels;

    if (name) {
        le->name = name;
        le++->value = *value;

        le->name = "result";
        le++->value = *result;
    }

    le->name = "le";

    count = 0;
    sum = histogram->sum;

    for (i = 0; i < NGX_EIAM_BUCKETS; i++) {

        count += histogram->counts[i];
        le->value = ngx_eiam_metrics_buckets[i].label;

        ngx_http_eiam_scrape_sample(status, "_bucket", labels, "%uA", count);
    }

    le->name = NULL;

    ngx_http_eiam_scrape_sample(status, "_sum", labels, "%uA.%03uA", sum / 1000,
                                sum % 1000);
    ngx_http_eiam_scrape_sample(status, "_count", labels, "%uA", count);
}
