
#ifndef _NGX_HTTP_EIAM_REQUEST_ID_H_INCLUDED_
#define _NGX_HTTP_EIAM_REQUEST_ID_H_INCLUDED_


#include <ngx_http_eiam.h>


/* looks $request_id up when the configuration is read: NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_eiam_request_id_take_variable(ngx_conf_t *cf);

/*
 * The value of $request_id, 32 hexadecimal digits, the same as in the log and
 * for the backend: NGX_OK, or NGX_ERROR without memory or random bytes.
 */
ngx_int_t ngx_http_eiam_request_id(ngx_http_request_t *r, ngx_str_t *id);


#endif /* _NGX_HTTP_EIAM_REQUEST_ID_H_INCLUDED_ */
