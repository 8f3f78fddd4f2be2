
/*
 * The claims of a signed token: RFC 7519, section 4.1; RFC 9068, section 2.2.
 */


#ifndef _NGX_EIAM_JWT_CLAIMS_H_INCLUDED_
#define _NGX_EIAM_JWT_CLAIMS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_detail.h>
#include <ngx_eiam_document.h>
#include <ngx_eiam_grant.h>
#include <ngx_eiam_pointer.h>
#include <ngx_eiam_reason.h>


typedef struct {
    ngx_array_t         *issuers;        /* of ngx_str_t */
    ngx_array_t         *audiences;      /* of ngx_str_t; empty: no "aud" */
    ngx_array_t         *applications;   /* claims: of ngx_eiam_pointer_t */
    ngx_array_t         *scopes;         /* claims: of ngx_eiam_pointer_t */
    ngx_uint_t           algorithms;     /* that are accepted: bits */
    time_t               leeway;         /* s: of "exp", "nbf", "iat" */
} ngx_eiam_jwt_terms_t;


/* the claims that contain the scopes by default */
extern ngx_array_t  ngx_eiam_jwt_claims_scope;


/*
 * NGX_EIAM_NO_REASON: the grant, whose strings live as long as the tree and the
 * pool of its document.  Otherwise the reason why the token is refused, with
 * the detail and document->fault.
 */
ngx_eiam_reason_e ngx_eiam_jwt_claims_read(const ngx_eiam_node_t *claims,
    const ngx_eiam_jwt_terms_t *terms, time_t now, ngx_eiam_grant_t *grant,
    ngx_eiam_detail_e *detail);


#endif /* _NGX_EIAM_JWT_CLAIMS_H_INCLUDED_ */
