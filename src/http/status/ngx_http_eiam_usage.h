
/*
 * What has been used, as JSON: by application, and what nobody used.
 */


#ifndef _NGX_HTTP_EIAM_USAGE_H_INCLUDED_
#define _NGX_HTTP_EIAM_USAGE_H_INCLUDED_


#include <ngx_http_eiam_status.h>


/* the member "usage": since when, and the operations that nobody called */
ngx_int_t ngx_http_eiam_usage_all(ngx_http_eiam_status_t *status);

/* the member "application_usage": those of the files, or the one asked for */
ngx_int_t ngx_http_eiam_usage_applications(ngx_http_eiam_status_t *status);

/* the page "objects": what was named, in the form of an applications file */
ngx_int_t ngx_http_eiam_usage_objects(ngx_http_eiam_status_t *status);


#endif /* _NGX_HTTP_EIAM_USAGE_H_INCLUDED_ */
