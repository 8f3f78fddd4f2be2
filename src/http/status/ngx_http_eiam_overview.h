
#ifndef _NGX_HTTP_EIAM_OVERVIEW_H_INCLUDED_
#define _NGX_HTTP_EIAM_OVERVIEW_H_INCLUDED_


#include <ngx_http_eiam_status.h>


/* members of the JSON beside "metrics": each writes its value */

/* the kinds of token sources that are configured */
ngx_int_t ngx_http_eiam_overview_sources(ngx_http_eiam_status_t *status);

/* who is refused, why, since when */
ngx_int_t ngx_http_eiam_overview_refusals(ngx_http_eiam_status_t *status);

/* the time at the gate, in seconds since the Epoch */
ngx_int_t ngx_http_eiam_overview_now(ngx_http_eiam_status_t *status);

/* what the policies leave out, by cause */
ngx_int_t ngx_http_eiam_overview_left_out(ngx_http_eiam_status_t *status);


#endif /* _NGX_HTTP_EIAM_OVERVIEW_H_INCLUDED_ */
