
#ifndef _NGX_HTTP_EIAM_VARIABLES_H_INCLUDED_
#define _NGX_HTTP_EIAM_VARIABLES_H_INCLUDED_


#include <ngx_http_eiam.h>


ngx_int_t ngx_http_eiam_variables_add(ngx_conf_t *cf);


#endif /* _NGX_HTTP_EIAM_VARIABLES_H_INCLUDED_ */
