
#ifndef _NGX_HTTP_EIAM_CONTROL_LIST_H_INCLUDED_
#define _NGX_HTTP_EIAM_CONTROL_LIST_H_INCLUDED_


#include <ngx_http_eiam_status.h>


/* lists some of the revocations in force at each call */
ngx_int_t ngx_http_eiam_control_list(ngx_http_eiam_status_t *status);


#endif /* _NGX_HTTP_EIAM_CONTROL_LIST_H_INCLUDED_ */
