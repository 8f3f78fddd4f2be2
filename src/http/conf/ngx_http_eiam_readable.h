
/* May the workers read a file that the master has read as root? */


#ifndef _NGX_HTTP_EIAM_READABLE_H_INCLUDED_
#define _NGX_HTTP_EIAM_READABLE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* NGX_OK, or the system's error */
ngx_int_t ngx_http_eiam_readable(ngx_cycle_t *cycle, const ngx_str_t *name);


#endif /* _NGX_HTTP_EIAM_READABLE_H_INCLUDED_ */
