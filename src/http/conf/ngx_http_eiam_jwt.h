
/* The directives of signed tokens, and their values in a location. */


#ifndef _NGX_HTTP_EIAM_JWT_H_INCLUDED_
#define _NGX_HTTP_EIAM_JWT_H_INCLUDED_


#include <ngx_http_eiam_directive.h>


/* sets, merges and resolves the settings of a location: NGX_OK or NGX_ERROR */
void ngx_http_eiam_jwt_init(ngx_http_eiam_loc_conf_t *conf);
void ngx_http_eiam_jwt_merge(ngx_http_eiam_loc_conf_t *prev,
    ngx_http_eiam_loc_conf_t *conf);
ngx_int_t ngx_http_eiam_jwt_resolve(ngx_conf_t *cf,
    ngx_http_eiam_loc_conf_t *conf);

/* resolves the settings unless the location lacks a directive for them */
ngx_int_t ngx_http_eiam_jwt_resolve_complete(ngx_conf_t *cf,
    ngx_http_eiam_loc_conf_t *conf);

extern ngx_http_eiam_file_t  ngx_http_eiam_jwt_key_file;

char *ngx_http_eiam_jwt_keys(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_eiam_jwt_audience(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_eiam_jwt_claim_names(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_eiam_jwt_algorithms(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


#endif /* _NGX_HTTP_EIAM_JWT_H_INCLUDED_ */
