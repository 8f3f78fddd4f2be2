
/*
 * The applications files are live: each worker looks twice a second whether a
 * file has changed, and reads it again.  One worker at a time reads.  The zone
 * knows the digest of what is in force; a worker that does not have it, and
 * cannot read it, refuses calls rather than decide by an older file.
 */


#ifndef _NGX_HTTP_EIAM_RELOAD_H_INCLUDED_
#define _NGX_HTTP_EIAM_RELOAD_H_INCLUDED_


#include <ngx_http_eiam.h>


/* what the configuration has read is in force: NGX_OK, or NGX_ERROR */
ngx_int_t ngx_http_eiam_reload_init_zone(ngx_http_eiam_main_conf_t *mcf,
    ngx_log_t *log);

/* from now on this worker looks after the files */
void ngx_http_eiam_reload_init_process(ngx_http_eiam_main_conf_t *mcf);


#endif /* _NGX_HTTP_EIAM_RELOAD_H_INCLUDED_ */
