
#ifndef _NGX_HTTP_EIAM_GRANT_H_INCLUDED_
#define _NGX_HTTP_EIAM_GRANT_H_INCLUDED_


#include <ngx_http_eiam.h>


/* gives the request what the token is worth: as a stage */
ngx_int_t ngx_http_eiam_grant_apply(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, const ngx_eiam_grant_t *grant);

/* refuses what the zone has refused, and of whom if it knows that */
ngx_int_t ngx_http_eiam_grant_refuse(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, const ngx_eiam_question_t *question);

/* these are its scopes, of the configuration's memory */
void ngx_http_eiam_grant_set_scopes(ngx_http_eiam_ctx_t *ctx,
    const ngx_eiam_permissions_t *effective);

/* the same for its scopes alone */
ngx_int_t ngx_http_eiam_grant_apply_scopes(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, const ngx_eiam_grant_t *grant);


#endif /* _NGX_HTTP_EIAM_GRANT_H_INCLUDED_ */
