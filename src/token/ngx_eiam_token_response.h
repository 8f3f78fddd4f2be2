
/* Answers of a token endpoint: RFC 6749, section 5.1. */


#ifndef _NGX_EIAM_TOKEN_RESPONSE_H_INCLUDED_
#define _NGX_EIAM_TOKEN_RESPONSE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_document.h>
#include <ngx_eiam_grant.h>


/*
 * NGX_OK: the token, and its grant as far as the answer describes it: the
 * scopes, whose data is NULL if it names none, and the expiry.  NGX_ERROR: the
 * answer issues no bearer token, and document->fault says why.  The strings
 * live as long as document->pool.  now is the time at which the answer came.
 */
ngx_int_t ngx_eiam_token_response_read(ngx_eiam_document_t *document,
    const ngx_str_t *body, time_t now, ngx_str_t *token,
    ngx_eiam_grant_t *grant);

/* finds the refresh token of an answer: NGX_OK, or another code: none */
ngx_int_t ngx_eiam_token_response_refresh(ngx_eiam_document_t *document,
    const ngx_str_t *body, ngx_str_t *token);



#endif /* _NGX_EIAM_TOKEN_RESPONSE_H_INCLUDED_ */
