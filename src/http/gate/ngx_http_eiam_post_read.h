
#ifndef _NGX_HTTP_EIAM_POST_READ_H_INCLUDED_
#define _NGX_HTTP_EIAM_POST_READ_H_INCLUDED_


#include <ngx_http_eiam.h>


ngx_int_t ngx_http_eiam_post_read_take_variables(ngx_conf_t *cf);
ngx_int_t ngx_http_eiam_post_read_handler(ngx_http_request_t *r);


#endif /* _NGX_HTTP_EIAM_POST_READ_H_INCLUDED_ */
