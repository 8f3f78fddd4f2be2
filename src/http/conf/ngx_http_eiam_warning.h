
/* Mistakes that refuse no configuration, and nobody would notice at once. */


#ifndef _NGX_HTTP_EIAM_WARNING_H_INCLUDED_
#define _NGX_HTTP_EIAM_WARNING_H_INCLUDED_


#include <ngx_http_eiam.h>


/*
 * Adds the location that is being merged, if there may be something to warn
 * of; own: "eiam" stands in the location itself.  NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_eiam_warning_add(ngx_conf_t *cf,
    ngx_http_eiam_loc_conf_t *conf, ngx_uint_t own);

/* warns when all locations have been merged: NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_eiam_warning_tell(ngx_conf_t *cf);


#endif /* _NGX_HTTP_EIAM_WARNING_H_INCLUDED_ */
