
#ifndef _NGX_HTTP_EIAM_REDACT_H_INCLUDED_
#define _NGX_HTTP_EIAM_REDACT_H_INCLUDED_


#include <ngx_http_eiam.h>


ngx_int_t ngx_http_eiam_redact_handler(ngx_http_request_t *r);

/* keeps tokens and secrets in queries out of nginx's error log */
void ngx_http_eiam_redact_log(ngx_http_request_t *r);

/* overwrites them in the request itself, which is no longer forwarded */
void ngx_http_eiam_redact(ngx_http_request_t *r);


#endif /* _NGX_HTTP_EIAM_REDACT_H_INCLUDED_ */
