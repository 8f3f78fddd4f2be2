
/* What has been used, by application, and what nobody has used, as JSON. */


#ifndef _NGX_HTTP_EIAM_USAGE_H_INCLUDED_
#define _NGX_HTTP_EIAM_USAGE_H_INCLUDED_


#include <ngx_http_eiam_status.h>


/* the member "usage": since when, and operations that nobody has called */
ngx_int_t ngx_http_eiam_usage_all(ngx_http_eiam_status_t *status);

/* the member "application_usage": all applications, or the one asked for */
ngx_int_t ngx_http_eiam_usage_applications(ngx_http_eiam_status_t *status);

/* the page "objects": objects that were named, as in an applications file */
ngx_int_t ngx_http_eiam_usage_objects(ngx_http_eiam_status_t *status);

/*
 * the member "used" of an explanation: whether the application, or anybody if
 * there is none, has called the operation; nothing if that is not known
 */
void ngx_http_eiam_usage_explain(ngx_http_eiam_status_t *status,
    const ngx_http_eiam_ctx_t *ctx);


#endif /* _NGX_HTTP_EIAM_USAGE_H_INCLUDED_ */
