
#ifndef _NGX_EIAM_ROUTE_H_INCLUDED_
#define _NGX_EIAM_ROUTE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Some backends match templates with the path as it was sent, and some with the
 * decoded one.  Both find the same literals if no character of these is
 * percent-encoded without need, and the same parameters if these do not begin
 * or end with a blank.
 *
 * path is as it was sent; when it is decoded it fits the template route.
 * NGX_OK; NGX_DECLINED: the path is another spelling of such a path.
 */
ngx_int_t ngx_eiam_route_check(const ngx_str_t *route, const ngx_str_t *path);


#endif /* _NGX_EIAM_ROUTE_H_INCLUDED_ */
