
/* The directive eiam_redis, and the link of each worker. */


#ifndef _NGX_HTTP_EIAM_REDIS_H_INCLUDED_
#define _NGX_HTTP_EIAM_REDIS_H_INCLUDED_


#include <ngx_http_eiam.h>


char *ngx_http_eiam_redis(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* in each worker: starts the link, and frees it at exit */
void ngx_http_eiam_redis_init_process(ngx_http_eiam_main_conf_t *mcf);
void ngx_http_eiam_redis_exit_process(ngx_http_eiam_main_conf_t *mcf);


#endif /* _NGX_HTTP_EIAM_REDIS_H_INCLUDED_ */
