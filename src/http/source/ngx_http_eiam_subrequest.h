
#ifndef _NGX_HTTP_EIAM_SUBREQUEST_H_INCLUDED_
#define _NGX_HTTP_EIAM_SUBREQUEST_H_INCLUDED_


#include <ngx_http_eiam_fetch.h>


/* called before the configuration is read: NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_eiam_subrequest_take_variables(ngx_conf_t *cf);

/*
 * when the subrequest begins: gives it the call's fields; NGX_OK or NGX_ERROR
 */
ngx_int_t ngx_http_eiam_subrequest_open(ngx_http_request_t *sr);

/* after the rewrite phase: replaces them by the gate's own fields and body */
void ngx_http_eiam_subrequest_take(ngx_http_request_t *sr,
    ngx_http_eiam_fetch_t *fetch);

/* when the subrequest ends: logs if it has reached no upstream */
void ngx_http_eiam_subrequest_ended(ngx_http_request_t *sr,
    const ngx_http_eiam_fetch_t *fetch, ngx_int_t rc);

/* after an answer without a grant: logs once a minute if no token was sent */
void ngx_http_eiam_subrequest_check_form(ngx_http_request_t *sr,
    const ngx_http_eiam_fetch_t *fetch, ngx_uint_t status);


#endif /* _NGX_HTTP_EIAM_SUBREQUEST_H_INCLUDED_ */
