
/* Which client asks for a token: RFC 6749, section 2.3.1. */


#ifndef _NGX_EIAM_TOKEN_REQUEST_H_INCLUDED_
#define _NGX_EIAM_TOKEN_REQUEST_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* as they were sent; what was not sent is empty */

typedef struct {
    ngx_str_t    authorization;    /* the value of the field */
    ngx_str_t    query;
    ngx_str_t    form;
} ngx_eiam_credentials_t;


/*
 * The requested scope (RFC 6749, section 3.3), decoded.  NGX_OK; NGX_DECLINED:
 * none is requested; NGX_ABORT: the scope is not certain; NGX_ERROR: no memory.
 */
ngx_int_t ngx_eiam_token_request_scope(
    const ngx_eiam_credentials_t *credentials, ngx_pool_t *pool,
    ngx_str_t *scope);


/* the same for the token to be revoked: RFC 7009, section 2.1 */
ngx_int_t ngx_eiam_token_request_token(
    const ngx_eiam_credentials_t *credentials, ngx_pool_t *pool,
    ngx_str_t *token);


/*
 * NGX_OK: id is the client, decoded, in memory of pool; all places that name a
 * client agree on it.  NGX_DECLINED: none names a client.  NGX_ABORT: two of
 * them disagree, or one can be read in more than one way; id is then empty, or
 * what Basic names if it is decoded.  NGX_ERROR: no memory.
 */
ngx_int_t ngx_eiam_token_request_client(
    const ngx_eiam_credentials_t *credentials, ngx_pool_t *pool,
    ngx_str_t *id);


#endif /* _NGX_EIAM_TOKEN_REQUEST_H_INCLUDED_ */
