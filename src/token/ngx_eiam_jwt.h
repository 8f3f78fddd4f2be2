
/*
 * Signed access tokens: JWS compact serialization (RFC 7515), JWT (RFC 7519,
 * RFC 9068), checked as RFC 8725 requires.
 */


#ifndef _NGX_EIAM_JWT_H_INCLUDED_
#define _NGX_EIAM_JWT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_detail.h>
#include <ngx_eiam_document.h>
#include <ngx_eiam_grant.h>
#include <ngx_eiam_jwk.h>
#include <ngx_eiam_jwt_claims.h>
#include <ngx_eiam_reason.h>


/*
 * us: what the keys that are tried with one token may cost, so that at most one
 * of them takes more than a millisecond.  The first one is always tried.
 */
#define NGX_EIAM_JWT_COST_MAX  2000


/* whether the token has the three parts of a JWS */
ngx_uint_t ngx_eiam_jwt_is(const ngx_str_t *token);

/*
 * NGX_OK: the grant, whose strings live as long as document->pool.
 *
 * NGX_ABORT: the token is refused; reason and detail say why, and
 * document->fault says more.
 *
 * NGX_DECLINED: no key verifies the signature, but a newer key set may have one
 * that does.  detail is NGX_EIAM_DETAIL_SIGNATURE if there are keys with the
 * token's "kid", otherwise NGX_EIAM_DETAIL_KEY; reason is set if keys were
 * tried.
 *
 * NGX_ERROR: no memory.
 */
ngx_int_t ngx_eiam_jwt_read(ngx_eiam_document_t *document,
    const ngx_str_t *token, const ngx_eiam_keys_t *keys,
    const ngx_eiam_jwt_terms_t *terms, time_t now, ngx_eiam_grant_t *grant,
    ngx_eiam_reason_e *reason, ngx_eiam_detail_e *detail);


#endif /* _NGX_EIAM_JWT_H_INCLUDED_ */
