
/* Directives about other gateways, except the address of Redis. */


#ifndef _NGX_HTTP_EIAM_SHARE_H_INCLUDED_
#define _NGX_HTTP_EIAM_SHARE_H_INCLUDED_


#include <ngx_http_eiam.h>


/* the directive eiam_redis_key */
char *ngx_http_eiam_share_key(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* a time in seconds, or "off": NGX_EIAM_SHARE_OFF */
char *ngx_http_eiam_share_time(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* called when http has been read: NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_eiam_share_create(ngx_conf_t *cf);

/* sets the source for the flights of a location's look-ups */
ngx_int_t ngx_http_eiam_share_add(ngx_conf_t *cf,
    ngx_http_eiam_loc_conf_t *conf);

/* checks the names of servers, by which gateways recognize them */
ngx_int_t ngx_http_eiam_share_check(const ngx_http_eiam_main_conf_t *mcf,
    ngx_log_t *log);

/* in each worker, after its link is created, and before the link is freed */
void ngx_http_eiam_share_init_process(ngx_http_eiam_main_conf_t *mcf);
void ngx_http_eiam_share_exit_process(ngx_http_eiam_main_conf_t *mcf);


#endif /* _NGX_HTTP_EIAM_SHARE_H_INCLUDED_ */
