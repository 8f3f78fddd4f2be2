
/* What is configured about other gateways, besides where Redis is. */


#ifndef _NGX_HTTP_EIAM_SHARE_H_INCLUDED_
#define _NGX_HTTP_EIAM_SHARE_H_INCLUDED_


#include <ngx_http_eiam.h>


/* the directive eiam_redis_key */
char *ngx_http_eiam_share_key(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* a time in seconds, or "off": NGX_EIAM_SHARE_OFF */
char *ngx_http_eiam_share_time(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* when all of http has been read: NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_eiam_share_create(ngx_conf_t *cf);

/* the source of the flights of a location's look-ups: NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_eiam_share_add(ngx_conf_t *cf,
    ngx_http_eiam_loc_conf_t *conf);

/* gateways recognize a server by its names: NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_eiam_share_check(const ngx_http_eiam_main_conf_t *mcf,
    ngx_log_t *log);

/* in each worker, once it has its link, and before it has it no more */
void ngx_http_eiam_share_init_process(ngx_http_eiam_main_conf_t *mcf);
void ngx_http_eiam_share_exit_process(ngx_http_eiam_main_conf_t *mcf);


#endif /* _NGX_HTTP_EIAM_SHARE_H_INCLUDED_ */
