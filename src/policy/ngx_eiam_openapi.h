
/*
 * The policy's source: the API's own OpenAPI document, 3.0 or 3.1.
 *
 * What the document says is read here and nowhere else: servers[0].url's
 * path, the path templates, each operation's security.  Whatever could be
 * read two ways is a fault.
 */


#ifndef _NGX_EIAM_OPENAPI_H_INCLUDED_
#define _NGX_EIAM_OPENAPI_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_document.h>
#include <ngx_eiam_policy.h>


#define NGX_EIAM_ID_MAX  255          /* bytes of an operationId or a scope */


/*
 * Reads document->name into policy, which lives in pool; its scopes are
 * numbered in scopes.  NGX_OK, or NGX_ERROR with document->fault.
 */
ngx_int_t ngx_eiam_openapi_read(ngx_eiam_document_t *document,
    ngx_eiam_scopes_t *scopes, ngx_pool_t *pool, ngx_eiam_policy_t *policy);

/* the same for a document whose root is at hand */
ngx_int_t ngx_eiam_openapi_compile(const ngx_eiam_node_t *root,
    ngx_eiam_scopes_t *scopes, ngx_pool_t *pool, ngx_eiam_policy_t *policy);


#endif /* _NGX_EIAM_OPENAPI_H_INCLUDED_ */
