
/*
 * The control location, where the operator revokes and restores tokens and
 * applications, and sees what is revoked.
 */


#ifndef _NGX_HTTP_EIAM_CONTROL_H_INCLUDED_
#define _NGX_HTTP_EIAM_CONTROL_H_INCLUDED_


#include <ngx_http_eiam.h>


/* values of the location's member "control" */

#define NGX_HTTP_EIAM_CONTROL_LOCAL  1     /* loopback and unix sockets only */
#define NGX_HTTP_EIAM_CONTROL_OPEN   2


char *ngx_http_eiam_control(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);


#endif /* _NGX_HTTP_EIAM_CONTROL_H_INCLUDED_ */
