
/* The metrics of Redis. */


#ifndef _NGX_HTTP_EIAM_METRICS_REDIS_H_INCLUDED_
#define _NGX_HTTP_EIAM_METRICS_REDIS_H_INCLUDED_


#include <ngx_http_eiam_status.h>


/* write the samples of families; without eiam_redis there are none */
ngx_int_t ngx_http_eiam_metrics_redis_up(ngx_http_eiam_status_t *status);
ngx_int_t ngx_http_eiam_metrics_redis_connections(
    ngx_http_eiam_status_t *status);
ngx_int_t ngx_http_eiam_metrics_redis_commands(
    ngx_http_eiam_status_t *status);
ngx_int_t ngx_http_eiam_metrics_redis_durations(
    ngx_http_eiam_status_t *status);

/* what INFO says, unless that is too old */
ngx_int_t ngx_http_eiam_metrics_redis_memory_used(
    ngx_http_eiam_status_t *status);
ngx_int_t ngx_http_eiam_metrics_redis_memory_max(
    ngx_http_eiam_status_t *status);
ngx_int_t ngx_http_eiam_metrics_redis_memory_evicts(
    ngx_http_eiam_status_t *status);


#endif /* _NGX_HTTP_EIAM_METRICS_REDIS_H_INCLUDED_ */
