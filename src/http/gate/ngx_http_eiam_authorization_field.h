
#ifndef _NGX_HTTP_EIAM_AUTHORIZATION_FIELD_H_INCLUDED_
#define _NGX_HTTP_EIAM_AUTHORIZATION_FIELD_H_INCLUDED_


#include <ngx_http_eiam.h>


/* called last, when nginx's tables have been made: NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_eiam_authorization_field_take(ngx_conf_t *cf);

/* For a server without a gate.  NGX_OK, or NGX_ABORT: there are two fields. */
ngx_int_t ngx_http_eiam_authorization_field_check(ngx_http_request_t *r);


#endif /* _NGX_HTTP_EIAM_AUTHORIZATION_FIELD_H_INCLUDED_ */
