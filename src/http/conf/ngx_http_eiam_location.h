
/* Locations that subrequests are sent to, and their sources in the zone. */


#ifndef _NGX_HTTP_EIAM_LOCATION_H_INCLUDED_
#define _NGX_HTTP_EIAM_LOCATION_H_INCLUDED_


#include <ngx_http_eiam.h>


ngx_int_t ngx_http_eiam_location_check(const ngx_http_eiam_main_conf_t *mcf,
    ngx_log_t *log);

/* the source of that kind with a location of this server; NULL: no memory */
ngx_eiam_source_t *ngx_http_eiam_location_add_source(ngx_conf_t *cf,
    const char *kind, const ngx_str_t *location);

/* a list, whose elements begin with their text, as a part of a source's id */
size_t ngx_http_eiam_location_list_size(const ngx_array_t *list);
u_char *ngx_http_eiam_location_put_list(u_char *p, const ngx_array_t *list);

/*
 * Adds a location that a directive names, for ngx_http_eiam_location_check():
 * with what is logged if it is missing, and the size of the largest answer that
 * is read from it.  NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_eiam_location_add(ngx_conf_t *cf, const char *directive,
    const char *missing, const ngx_str_t *uri, size_t size);


#endif /* _NGX_HTTP_EIAM_LOCATION_H_INCLUDED_ */
