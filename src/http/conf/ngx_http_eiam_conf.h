
#ifndef _NGX_HTTP_EIAM_CONF_H_INCLUDED_
#define _NGX_HTTP_EIAM_CONF_H_INCLUDED_


#include <ngx_http_eiam.h>


void *ngx_http_eiam_conf_create_main(ngx_conf_t *cf);
void *ngx_http_eiam_conf_create_srv(ngx_conf_t *cf);
void *ngx_http_eiam_conf_create_loc(ngx_conf_t *cf);
char *ngx_http_eiam_conf_merge_loc(ngx_conf_t *cf, void *parent, void *child);

/*
 * For shm_zone->init: checks the configuration as a whole and then sets up the
 * zone.  If a configuration were refused earlier, after the first filter has
 * been added, workers that start later would inherit an incomplete chain of
 * filters.
 */
ngx_int_t ngx_http_eiam_conf_init_zone(ngx_shm_zone_t *shm_zone, void *data);
ngx_int_t ngx_http_eiam_conf_check_servers(const ngx_http_eiam_main_conf_t *mcf,
    ngx_log_t *log);


#endif /* _NGX_HTTP_EIAM_CONF_H_INCLUDED_ */
