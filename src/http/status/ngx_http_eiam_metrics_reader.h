
/* The metrics of the reader of revocations of other gateways. */


#ifndef _NGX_HTTP_EIAM_METRICS_READER_H_INCLUDED_
#define _NGX_HTTP_EIAM_METRICS_READER_H_INCLUDED_


#include <ngx_http_eiam_status.h>


/* write the samples of families; without eiam_redis there are none */
ngx_int_t ngx_http_eiam_metrics_reader_age(ngx_http_eiam_status_t *status);
ngx_int_t ngx_http_eiam_metrics_reader_gaps(ngx_http_eiam_status_t *status);
ngx_int_t ngx_http_eiam_metrics_reader_unsent(
    ngx_http_eiam_status_t *status);
ngx_int_t ngx_http_eiam_metrics_reader_delay(ngx_http_eiam_status_t *status);


#endif /* _NGX_HTTP_EIAM_METRICS_READER_H_INCLUDED_ */
