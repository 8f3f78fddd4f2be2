
/*
 * Access tokens that are signed: JWS compact serialization (RFC 7515), JWT
 * (RFC 7519, RFC 9068), checked as RFC 8725 says.
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
 * us: what the keys may cost that are tried with one token, so no more than
 * one of them takes over a millisecond.  The first one is always tried.
 */
#define NGX_EIAM_JWT_COST_MAX  2000


/* does it have the three parts of a JWS? */
ngx_uint_t ngx_eiam_jwt_is(const ngx_str_t *token);

/*
 * NGX_OK: the grant, whose strings live as long as document->pool;
 * NGX_ABORT: refused, reason and detail say why and document->fault more;
 * NGX_DECLINED: none of the keys has signed it, so perhaps a newer one will
 * do: detail is NGX_EIAM_DETAIL_SIGNATURE if there are keys with its "kid", or
 * NGX_EIAM_DETAIL_KEY, and reason is set if some were tried; NGX_ERROR: no
 * memory.
 */
ngx_int_t ngx_eiam_jwt_read(ngx_eiam_document_t *document,
    const ngx_str_t *token, const ngx_eiam_keys_t *keys,
    const ngx_eiam_jwt_terms_t *terms, time_t now, ngx_eiam_grant_t *grant,
    ngx_eiam_reason_e *reason, ngx_eiam_detail_e *detail);


#endif /* _NGX_EIAM_JWT_H_INCLUDED_ */
