
/*
 * The source of the policy: the API's own OpenAPI document, version 3.0, 3.1 or
 * 3.2.  Only here is it read what the document says: the path of
 * servers[0].url, the path templates, and the security of each operation.
 * Whatever could be read in two ways is a fault.
 */


#ifndef _NGX_EIAM_OPENAPI_H_INCLUDED_
#define _NGX_EIAM_OPENAPI_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_document.h>
#include <ngx_eiam_policy.h>


#define NGX_EIAM_ID_MAX  255          /* bytes of an operationId or a scope */


/*
 * Reads the file document->name into policy, which lives in pool, and numbers
 * its scopes in scopes.  NGX_OK, or NGX_ERROR and document->fault.
 */
ngx_int_t ngx_eiam_openapi_read(ngx_eiam_document_t *document,
    ngx_eiam_scopes_t *scopes, ngx_pool_t *pool, ngx_eiam_policy_t *policy);

/* the same for a document that has been parsed */
ngx_int_t ngx_eiam_openapi_compile(const ngx_eiam_node_t *root,
    ngx_eiam_scopes_t *scopes, ngx_pool_t *pool, ngx_eiam_policy_t *policy);


#endif /* _NGX_EIAM_OPENAPI_H_INCLUDED_ */
