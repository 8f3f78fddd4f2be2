
#ifndef _NGX_HTTP_EIAM_CONTROL_ORDER_H_INCLUDED_
#define _NGX_HTTP_EIAM_CONTROL_ORDER_H_INCLUDED_


#include <ngx_http_eiam_status.h>


/* carry out the order in the form of the request, and write the answer */
ngx_int_t ngx_http_eiam_control_order_revoke(ngx_http_eiam_status_t *status);
ngx_int_t ngx_http_eiam_control_order_restore(ngx_http_eiam_status_t *status);


#endif /* _NGX_HTTP_EIAM_CONTROL_ORDER_H_INCLUDED_ */
