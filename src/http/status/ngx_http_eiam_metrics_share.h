
/* The metrics of what is shared with other gateways. */


#ifndef _NGX_HTTP_EIAM_METRICS_SHARE_H_INCLUDED_
#define _NGX_HTTP_EIAM_METRICS_SHARE_H_INCLUDED_


#include <ngx_http_eiam_status.h>


/* write the samples of families; without eiam_redis there are none */
ngx_int_t ngx_http_eiam_metrics_share_unshared(
    ngx_http_eiam_status_t *status);
ngx_int_t ngx_http_eiam_metrics_share_rejected(
    ngx_http_eiam_status_t *status);
ngx_int_t ngx_http_eiam_metrics_share_held(ngx_http_eiam_status_t *status);
ngx_int_t ngx_http_eiam_metrics_share_late(ngx_http_eiam_status_t *status);


#endif /* _NGX_HTTP_EIAM_METRICS_SHARE_H_INCLUDED_ */
