
/* Policies and applications files, and the result of the last change of one. */


#ifndef _NGX_HTTP_EIAM_FILES_H_INCLUDED_
#define _NGX_HTTP_EIAM_FILES_H_INCLUDED_


#include <ngx_http_eiam_status.h>


/* metrics */
ngx_int_t ngx_http_eiam_files_reloads(ngx_http_eiam_status_t *status);
ngx_int_t ngx_http_eiam_files_age(ngx_http_eiam_status_t *status);
ngx_int_t ngx_http_eiam_files_fault(ngx_http_eiam_status_t *status);
ngx_int_t ngx_http_eiam_files_policies(ngx_http_eiam_status_t *status);

/* the member "applications" of the JSON */
ngx_int_t ngx_http_eiam_files_json(ngx_http_eiam_status_t *status);


#endif /* _NGX_HTTP_EIAM_FILES_H_INCLUDED_ */
