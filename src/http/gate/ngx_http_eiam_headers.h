
/*
 * The client's header fields.  The functions return NGX_OK or NGX_ERROR (no
 * memory).
 */


#ifndef _NGX_HTTP_EIAM_HEADERS_H_INCLUDED_
#define _NGX_HTTP_EIAM_HEADERS_H_INCLUDED_


#include <ngx_http_eiam.h>


ngx_int_t ngx_http_eiam_headers_read(ngx_http_request_t *r,
    ngx_http_eiam_fields_t *fields);

/* removes X-EIAM-*, and requests for another protocol than WebSocket */
ngx_int_t ngx_http_eiam_headers_clean(ngx_http_request_t *r);
ngx_uint_t ngx_http_eiam_headers_authorizations(ngx_http_request_t *r);


#endif /* _NGX_HTTP_EIAM_HEADERS_H_INCLUDED_ */
