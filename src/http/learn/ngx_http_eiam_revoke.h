
/* Calls of the backend's revocation interface: RFC 7009. */


#ifndef _NGX_HTTP_EIAM_REVOKE_H_INCLUDED_
#define _NGX_HTTP_EIAM_REVOKE_H_INCLUDED_


#include <ngx_http_eiam.h>
#include <ngx_eiam_token_request.h>


/*
 * Reads which token the client wants to revoke, into ctx->learn->token, which
 * is empty if that is not certain.  NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_eiam_revoke_read(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, const ngx_eiam_credentials_t *credentials);

/* verifies a signed token, unless the zone knows it; answers as a stage does */
ngx_int_t ngx_http_eiam_revoke_verify(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);

/*
 * Revokes the token, before the answer is forwarded.  NGX_OK; NGX_AGAIN: the
 * answer is held until other gateways can know; NGX_ERROR: it must not be
 * forwarded.
 */
ngx_int_t ngx_http_eiam_revoke_answered(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);

/* logs that the token is not revoked */
void ngx_http_eiam_revoke_refuse(ngx_http_request_t *r,
    const ngx_http_eiam_ctx_t *ctx, const char *reason);

/*
 * Remembers the access token that was issued with a refresh token, so that both
 * are revoked together.
 */
void ngx_http_eiam_revoke_learn(ngx_http_request_t *r,
    const ngx_str_t *refresh, const ngx_eiam_digest_t access,
    const ngx_eiam_grant_t *grant);


#endif /* _NGX_HTTP_EIAM_REVOKE_H_INCLUDED_ */
