
#ifndef _NGX_HTTP_EIAM_SERVER_H_INCLUDED_
#define _NGX_HTTP_EIAM_SERVER_H_INCLUDED_


#include <ngx_http_eiam.h>


/* a text that identifies the server among all others: NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_eiam_server_id(ngx_conf_t *cf, ngx_str_t *id);


#endif /* _NGX_HTTP_EIAM_SERVER_H_INCLUDED_ */
