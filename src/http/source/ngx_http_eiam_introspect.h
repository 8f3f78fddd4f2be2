
#ifndef _NGX_HTTP_EIAM_INTROSPECT_H_INCLUDED_
#define _NGX_HTTP_EIAM_INTROSPECT_H_INCLUDED_


#include <ngx_http_eiam.h>


/* a token source, which returns the codes of a stage */
ngx_int_t ngx_http_eiam_introspect(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);


#endif /* _NGX_HTTP_EIAM_INTROSPECT_H_INCLUDED_ */
