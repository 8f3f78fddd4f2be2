
#ifndef _NGX_HTTP_EIAM_GRANT_H_INCLUDED_
#define _NGX_HTTP_EIAM_GRANT_H_INCLUDED_


#include <ngx_http_eiam.h>


/* gives the grant to the request, as a stage */
ngx_int_t ngx_http_eiam_grant_apply(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, const ngx_eiam_grant_t *grant);

/* refuses what the zone refuses, and names the application if it is known */
ngx_int_t ngx_http_eiam_grant_refuse(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, const ngx_eiam_question_t *question);

/* whose it is: NGX_OK, or NGX_ERROR: no memory */
ngx_int_t ngx_http_eiam_grant_set_application(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, const ngx_str_t *id);

/*
 * its effective scopes, and the text of those of the token: NGX_OK, or
 * NGX_ERROR: no memory
 */
ngx_int_t ngx_http_eiam_grant_set_scopes(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, const ngx_eiam_permissions_t *effective,
    const ngx_str_t *token);

/* applies only the scopes of the grant */
ngx_int_t ngx_http_eiam_grant_apply_scopes(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, const ngx_eiam_grant_t *grant);


#endif /* _NGX_HTTP_EIAM_GRANT_H_INCLUDED_ */
