
#ifndef _NGX_HTTP_EIAM_OPERATIONS_H_INCLUDED_
#define _NGX_HTTP_EIAM_OPERATIONS_H_INCLUDED_


#include <ngx_http_eiam_status.h>


/*
 * The policies in parts, for the page: a part has the operations from the
 * argument "from" on, with scopes as numbers.
 */
ngx_int_t ngx_http_eiam_operations(ngx_http_eiam_status_t *status);


#endif /* _NGX_HTTP_EIAM_OPERATIONS_H_INCLUDED_ */
