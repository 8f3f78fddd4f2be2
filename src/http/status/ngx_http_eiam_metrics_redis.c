
#include <ngx_http_eiam_metrics_redis.h>


#define NGX_HTTP_EIAM_METRICS_REDIS_OLD  180    /* s: three of its questions */


static ngx_atomic_uint_t ngx_http_eiam_metrics_redis_count(
    const ngx_eiam_histogram_t *histogram);
static ngx_int_t ngx_http_eiam_metrics_redis_memory(
    ngx_http_eiam_status_t *status, size_t offset);


/* shows the link of this worker: those of the others lead to the same Redis */

ngx_int_t
ngx_http_eiam_metrics_redis_up(ngx_http_eiam_status_t *status)
{
    ngx_uint_t              ready;
    ngx_eiam_redis_link_t  *link;

    static const ngx_http_eiam_label_t  labels[] = {
        { NULL, ngx_null_string }
    };

    if (status->mcf->redis == NULL) {
        return NGX_OK;
    }

    link = status->mcf->redis_link;

    ready = (link && ngx_eiam_redis_link_is_ready(link));

    ngx_http_eiam_scrape_sample(status, "", labels, "%ui", ready);
    return NGX_OK;
}


ngx_int_t
ngx_http_eiam_metrics_redis_connections(ngx_http_eiam_status_t *status)
{
    ngx_uint_t                 i;
    ngx_eiam_metrics_redis_t  *redis;

    redis = status->mcf->zone->shared->metrics.redis;

    if (redis == NULL) {
        return NGX_OK;
    }

    for (i = 0; i < NGX_EIAM_REDIS_RESULTS; i++) {

        ngx_http_eiam_label_t  labels[] = {
            { "result", ngx_eiam_metrics_redis_results[i] },
            { NULL, ngx_null_string }
        };

        ngx_http_eiam_scrape_sample(status, "", labels, "%uA",
                                    redis->connections[i]);
    }

    return NGX_OK;
}


/* only commands that have been sent, as there are many */

ngx_int_t
ngx_http_eiam_metrics_redis_commands(ngx_http_eiam_status_t *status)
{
    ngx_uint_t                 i, k;
    ngx_atomic_uint_t          count;
    ngx_eiam_metrics_redis_t  *redis;

    redis = status->mcf->zone->shared->metrics.redis;

    if (redis == NULL) {
        return NGX_OK;
    }

    for (i = 0; i < NGX_EIAM_REDIS_VERBS; i++) {

        for (k = 0; k < NGX_EIAM_REDIS_OUTCOMES; k++) {

            count = ngx_http_eiam_metrics_redis_count(&redis->commands[i][k]);

            ngx_http_eiam_label_t  labels[] = {
                { "command", ngx_eiam_metrics_redis_verbs[i] },
                { "result", ngx_eiam_metrics_redis_outcomes[k] },
                { NULL, ngx_null_string }
            };

            if (count) {
                ngx_http_eiam_scrape_sample(status, "", labels, "%uA", count);
            }
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_eiam_metrics_redis_durations(ngx_http_eiam_status_t *status)
{
    ngx_uint_t                   i, k;
    const ngx_eiam_histogram_t  *histogram;
    ngx_eiam_metrics_redis_t    *redis;

    redis = status->mcf->zone->shared->metrics.redis;

    if (redis == NULL) {
        return NGX_OK;
    }

    for (i = 0; i < NGX_EIAM_REDIS_VERBS; i++) {

        for (k = 0; k < NGX_EIAM_REDIS_OUTCOMES; k++) {

            histogram = &redis->commands[i][k];

            if (ngx_http_eiam_metrics_redis_count(histogram)) {
                ngx_http_eiam_metrics_histogram(status, "command",
                                        &ngx_eiam_metrics_redis_verbs[i],
                                        &ngx_eiam_metrics_redis_outcomes[k],
                                        histogram);
            }
        }
    }

    return NGX_OK;
}


static ngx_atomic_uint_t
ngx_http_eiam_metrics_redis_count(const ngx_eiam_histogram_t *histogram)
{
    ngx_uint_t         i;
    ngx_atomic_uint_t  count;

    count = 0;

    for (i = 0; i < NGX_EIAM_BUCKETS; i++) {
        count += histogram->counts[i];
    }

    return count;
}


ngx_int_t
ngx_http_eiam_metrics_redis_memory_used(ngx_http_eiam_status_t *status)
{
    return ngx_http_eiam_metrics_redis_memory(status,
                             offsetof(ngx_eiam_metrics_redis_t, memory_used));
}


ngx_int_t
ngx_http_eiam_metrics_redis_memory_max(ngx_http_eiam_status_t *status)
{
    return ngx_http_eiam_metrics_redis_memory(status,
                             offsetof(ngx_eiam_metrics_redis_t, memory_max));
}


ngx_int_t
ngx_http_eiam_metrics_redis_memory_evicts(ngx_http_eiam_status_t *status)
{
    return ngx_http_eiam_metrics_redis_memory(status,
                             offsetof(ngx_eiam_metrics_redis_t,
                                      memory_evicts));
}


static ngx_int_t
ngx_http_eiam_metrics_redis_memory(ngx_http_eiam_status_t *status,
    size_t offset)
{
    ngx_atomic_t              *value;
    ngx_eiam_metrics_redis_t  *redis;

    redis = status->mcf->zone->shared->metrics.redis;

    if (redis && (time_t) redis->memory_known
                 + NGX_HTTP_EIAM_METRICS_REDIS_OLD
                 > ngx_time())
    {
        value = (ngx_atomic_t *) ((u_char *) redis + offset);
        ngx_http_eiam_scrape_sample(status, "", NULL, "%uA", *value);
    }

    return NGX_OK;
}
