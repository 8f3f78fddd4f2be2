
#ifndef _NGX_HTTP_EIAM_VERIFY_H_INCLUDED_
#define _NGX_HTTP_EIAM_VERIFY_H_INCLUDED_


#include <ngx_http_eiam.h>


ngx_int_t ngx_http_eiam_verify(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);

/* the same with the settings of another location */
ngx_int_t ngx_http_eiam_verify_as(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, ngx_http_eiam_loc_conf_t *lcf);


#endif /* _NGX_HTTP_EIAM_VERIFY_H_INCLUDED_ */
