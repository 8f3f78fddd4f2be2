
/*
 * Operations of the OpenAPI document: what they require, and their names.
 */


#ifndef _NGX_EIAM_OPERATION_H_INCLUDED_
#define _NGX_EIAM_OPERATION_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_compile.h>
#include <ngx_eiam_document.h>
#include <ngx_eiam_security.h>


/* a document that is being read */

typedef struct {
    ngx_pool_t              *pool;
    ngx_eiam_policy_t       *policy;
    ngx_eiam_compiler_t      compiler;
    ngx_eiam_security_t      security;
    ngx_eiam_operation_t    *common;     /* the document's security, or NULL */
    const ngx_eiam_node_t   *root;
    ngx_uint_t               version;    /* OpenAPI 3.version */
    ngx_rbtree_t             ids;
    ngx_rbtree_node_t        sentinel;
} ngx_eiam_openapi_t;


typedef struct {
    ngx_eiam_openapi_t      *openapi;
    ngx_str_t                key;        /* the template in the document */
    ngx_str_t                route;      /* the full template */
    ngx_eiam_template_t      template;
    ngx_eiam_tree_node_t    *node;       /* NULL: nothing matches it */
    ngx_eiam_node_t          servers;    /* of its own; value is NULL: none */
} ngx_eiam_path_item_t;


/*
 * Reads the full template of a path below a server path, and finds its node.
 * NGX_OK, or NGX_ERROR: a fault, or no memory.
 */
ngx_int_t ngx_eiam_operation_template(ngx_eiam_path_item_t *path,
    const ngx_eiam_node_t *item, const ngx_str_t *base);

/* a member of a path item; data: its ngx_eiam_path_item_t */
ngx_int_t ngx_eiam_operation_read(void *data, const ngx_eiam_node_t *node,
    ngx_uint_t method);

/*
 * Operations by other methods than those that OpenAPI names: left out.  The
 * same as above for each member.
 */
ngx_int_t ngx_eiam_operation_additional(void *data,
    const ngx_eiam_node_t *operations, ngx_uint_t number);


#endif /* _NGX_EIAM_OPERATION_H_INCLUDED_ */
