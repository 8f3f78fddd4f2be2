
/* Calls of an RFC 7009 interface of the backend. */


#ifndef _NGX_HTTP_EIAM_REVOKE_H_INCLUDED_
#define _NGX_HTTP_EIAM_REVOKE_H_INCLUDED_


#include <ngx_http_eiam.h>
#include <ngx_eiam_token_request.h>


/*
 * Which token a client wants to end: NGX_OK, and ctx->learn->token, or empty
 * if that is not certain; NGX_ERROR.
 */
ngx_int_t ngx_http_eiam_revoke_read(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, const ngx_eiam_credentials_t *credentials);

/* as a stage: a signed token is verified, unless the zone knows it */
ngx_int_t ngx_http_eiam_revoke_verify(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);

/* before the answer goes on: NGX_OK, or NGX_ERROR: it must not */
ngx_int_t ngx_http_eiam_revoke_answered(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);

/* that it is not revoked is logged */
void ngx_http_eiam_revoke_refuse(ngx_http_request_t *r,
    const ngx_http_eiam_ctx_t *ctx, const char *reason);

/* an access token ends with the refresh token that was issued with it */
void ngx_http_eiam_revoke_learn(ngx_http_request_t *r,
    const ngx_str_t *refresh, const ngx_eiam_digest_t access,
    const ngx_eiam_grant_t *grant);


#endif /* _NGX_HTTP_EIAM_REVOKE_H_INCLUDED_ */
