
/* Messages about a configuration that is refused. */


#ifndef _NGX_HTTP_EIAM_INVALID_H_INCLUDED_
#define _NGX_HTTP_EIAM_INVALID_H_INCLUDED_


#include <ngx_http_eiam.h>


/*
 * For setters: logs "<directive>: <reason>; set in <file>:<line>", which
 * separates the reason from the place that nginx appends.  Returns
 * NGX_CONF_ERROR.
 */
char *ngx_http_eiam_invalid(ngx_conf_t *cf, const char *fmt, ...);

/*
 * For merges, when the line of the directive is no longer known: logs "<reason>
 * in location "<name>" of server "<name>" in <file>:<line>".  Returns
 * NGX_CONF_ERROR.
 */
char *ngx_http_eiam_invalid_location(ngx_conf_t *cf, const char *fmt, ...);

/* the same as a warning, when all has been merged */
void ngx_http_eiam_invalid_warn(ngx_log_t *log,
    const ngx_http_core_srv_conf_t *cscf,
    const ngx_http_core_loc_conf_t *clcf, const char *fmt, ...);


#endif /* _NGX_HTTP_EIAM_INVALID_H_INCLUDED_ */
