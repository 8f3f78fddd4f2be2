
/*
 * Applications files are read again when they change: each worker looks twice a
 * second, and one worker at a time reads.  The zone has the digest of the
 * content in force.  A worker that neither has nor can read that content
 * refuses calls rather than decide by an older file.
 */


#ifndef _NGX_HTTP_EIAM_RELOAD_H_INCLUDED_
#define _NGX_HTTP_EIAM_RELOAD_H_INCLUDED_


#include <ngx_http_eiam.h>


/* puts the content that the configuration has read in force */
ngx_int_t ngx_http_eiam_reload_init_zone(ngx_http_eiam_main_conf_t *mcf,
    ngx_log_t *log);

/* starts the checks of this worker */
void ngx_http_eiam_reload_init_process(ngx_http_eiam_main_conf_t *mcf);


#endif /* _NGX_HTTP_EIAM_RELOAD_H_INCLUDED_ */
