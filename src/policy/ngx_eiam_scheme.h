
/*
 * Security schemes of the OpenAPI document: which of them a bearer token can
 * satisfy, and the scopes that they declare.
 */


#ifndef _NGX_EIAM_SCHEME_H_INCLUDED_
#define _NGX_EIAM_SCHEME_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_security.h>


typedef enum {
    NGX_EIAM_SCHEME_OTHER = 0,        /* no bearer token can satisfy it */
    NGX_EIAM_SCHEME_DECLARED,         /* the scheme declares its scopes */
    NGX_EIAM_SCHEME_OPEN,             /* its scopes are declared elsewhere */
    NGX_EIAM_SCHEME_SCOPELESS
} ngx_eiam_scheme_e;


/* checks a scheme and numbers its scopes: NGX_OK, or NGX_ERROR and a fault */
ngx_int_t ngx_eiam_scheme_read(ngx_eiam_security_t *security,
    ngx_eiam_node_t *scheme);

/* finds the kind of a scheme; roles and results as in ngx_eiam_security_t */
ngx_int_t ngx_eiam_scheme_kind(ngx_eiam_node_t *scheme, ngx_uint_t roles,
    ngx_eiam_scheme_e *kind);

/* NGX_OK; NGX_DECLINED: the scheme does not declare the scope */
ngx_int_t ngx_eiam_scheme_is_declared(const ngx_eiam_node_t *scheme,
    const ngx_str_t *name);

/* whether a token can have a scope of that name */
ngx_uint_t ngx_eiam_scheme_is_scope(const ngx_str_t *name);

/* the number of the scope, or NGX_ERROR and a fault: too many scopes */
ngx_int_t ngx_eiam_scheme_number(ngx_eiam_security_t *security,
    const ngx_eiam_node_t *node, ngx_str_t *name);


#endif /* _NGX_EIAM_SCHEME_H_INCLUDED_ */
