
#ifndef _NGX_HTTP_EIAM_PERMISSIONS_H_INCLUDED_
#define _NGX_HTTP_EIAM_PERMISSIONS_H_INCLUDED_


#include <ngx_http_eiam.h>


/* turns names of permissions into numbers: NGX_CONF_OK or NGX_CONF_ERROR */
char *ngx_http_eiam_permissions_resolve(ngx_conf_t *cf,
    ngx_http_eiam_loc_conf_t *conf);

/* warns of permissions that no policy declares, which grant nothing */
void ngx_http_eiam_permissions_warn(const ngx_eiam_scopes_t *scopes,
    const ngx_eiam_applications_t *applications, ngx_pool_t *pool,
    ngx_log_t *log);


#endif /* _NGX_HTTP_EIAM_PERMISSIONS_H_INCLUDED_ */
