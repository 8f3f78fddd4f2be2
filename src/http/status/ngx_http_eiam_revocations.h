
/* The metric families of revocations. */


#ifndef _NGX_HTTP_EIAM_REVOCATIONS_H_INCLUDED_
#define _NGX_HTTP_EIAM_REVOCATIONS_H_INCLUDED_


#include <ngx_http_eiam_status.h>


ngx_int_t ngx_http_eiam_revocations_total(ngx_http_eiam_status_t *status);
ngx_int_t ngx_http_eiam_revocations_in_force(ngx_http_eiam_status_t *status);
ngx_int_t ngx_http_eiam_revocations_room(ngx_http_eiam_status_t *status);
ngx_int_t ngx_http_eiam_revocations_evicted(ngx_http_eiam_status_t *status);
ngx_int_t ngx_http_eiam_revocations_reissued(ngx_http_eiam_status_t *status);


#endif /* _NGX_HTTP_EIAM_REVOCATIONS_H_INCLUDED_ */
