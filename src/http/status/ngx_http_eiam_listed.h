
/*
 * What the applications file lists for an application, as JSON: a member after
 * a comma, or nothing.
 */


#ifndef _NGX_HTTP_EIAM_LISTED_H_INCLUDED_
#define _NGX_HTTP_EIAM_LISTED_H_INCLUDED_


#include <ngx_http_eiam_status.h>


/* the networks that it may call from; NULL: writes nothing */
void ngx_http_eiam_listed_networks(ngx_http_eiam_status_t *status,
    const ngx_eiam_application_t *application);

/* its objects: the first ids of each kind */
void ngx_http_eiam_listed_objects(ngx_http_eiam_status_t *status,
    const ngx_eiam_application_t *application);

/* an array of ngx_str_t, without a name */
void ngx_http_eiam_listed_texts(ngx_http_eiam_status_t *status,
    const ngx_array_t *texts);


#endif /* _NGX_HTTP_EIAM_LISTED_H_INCLUDED_ */
