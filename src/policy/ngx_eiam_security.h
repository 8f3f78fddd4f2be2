
/*
 * OpenAPI security: which schemes a bearer token can satisfy, and which scopes
 * an operation requires of the token.
 */


#ifndef _NGX_EIAM_SECURITY_H_INCLUDED_
#define _NGX_EIAM_SECURITY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_document.h>
#include <ngx_eiam_policy.h>


#define NGX_EIAM_SCOPE_MAX  255       /* bytes */


typedef struct {
    ngx_eiam_scopes_t   *scopes;
    ngx_pool_t          *pool;        /* of the policy */
    ngx_array_t         *findings;
    ngx_uint_t           roles;       /* flag: 3.1: a scheme may list roles */
    ngx_eiam_node_t      components;  /* the parent of schemes */
    ngx_eiam_node_t      schemes;     /* schemes.value is NULL: none */
} ngx_eiam_security_t;


/*
 * Checks the schemes of the document and numbers the scopes that they declare.
 * NGX_OK, or NGX_ERROR and document->fault.
 */
ngx_int_t ngx_eiam_security_init(ngx_eiam_security_t *security,
    const ngx_eiam_node_t *root);

/*
 * Reads requirements, an array node.  Alternatives that no bearer token can
 * satisfy are left out, and so is the operation if no other one remains; it is
 * public only if the document says so.  NGX_OK, or NGX_ERROR and
 * document->fault.
 */
ngx_int_t ngx_eiam_security_read(ngx_eiam_security_t *security,
    const ngx_eiam_node_t *requirements, ngx_eiam_operation_t *operation);

/* whether any valid token satisfies the operation */
ngx_uint_t ngx_eiam_security_is_open(const ngx_eiam_operation_t *operation);


#endif /* _NGX_EIAM_SECURITY_H_INCLUDED_ */
