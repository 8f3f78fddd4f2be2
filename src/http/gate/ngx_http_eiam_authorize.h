
#ifndef _NGX_HTTP_EIAM_AUTHORIZE_H_INCLUDED_
#define _NGX_HTTP_EIAM_AUTHORIZE_H_INCLUDED_


#include <ngx_http_eiam.h>


/*
 * The stage authorize.  It asks in this order: is the application listed, is
 * it enabled, may it call from this address, do the scopes of the token satisfy
 * the operation, is the object one of the application's?
 */
ngx_int_t ngx_http_eiam_authorize(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);

/*
 * Whether the application may call from the address: NGX_EIAM_NO_REASON, or
 * why not.  application is NULL if the file does not name it, and address is
 * NULL if the address does not matter.
 */
ngx_eiam_reason_e ngx_http_eiam_authorize_admission(
    const ngx_http_eiam_loc_conf_t *lcf,
    const ngx_eiam_application_t *application,
    const struct sockaddr *address);

/* whether the scopes satisfy the operation; returns the codes of a stage */
ngx_int_t ngx_http_eiam_authorize_scopes(ngx_http_eiam_ctx_t *ctx);


#endif /* _NGX_HTTP_EIAM_AUTHORIZE_H_INCLUDED_ */
