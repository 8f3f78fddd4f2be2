
/* Operations of the OpenAPI document: their names, and what they require. */


#ifndef _NGX_EIAM_OPERATION_H_INCLUDED_
#define _NGX_EIAM_OPERATION_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_compile.h>
#include <ngx_eiam_document.h>
#include <ngx_eiam_security.h>


/* an OpenAPI document that is being read */

typedef struct {
    ngx_pool_t              *pool;
    ngx_eiam_policy_t       *policy;
    ngx_eiam_compiler_t      compiler;
    ngx_eiam_security_t      security;
    ngx_eiam_operation_t    *common;     /* the document's security, or NULL */
    const ngx_eiam_node_t   *root;
    ngx_uint_t               version;    /* minor version of OpenAPI 3 */
    ngx_rbtree_t             ids;
    ngx_rbtree_node_t        sentinel;
} ngx_eiam_openapi_t;


/* a parameter in the path or the query */

typedef struct {
    ngx_str_t                name;
    ngx_uint_t               in_query;
    ngx_str_t                kind;       /* of the object that it names; or
                                            empty */
} ngx_eiam_parameter_t;


typedef struct {
    ngx_eiam_openapi_t      *openapi;
    ngx_str_t                key;        /* the template in the document */
    ngx_str_t                route;      /* the full template */
    ngx_eiam_template_t      template;
    ngx_eiam_tree_node_t    *node;       /* NULL: no request matches it */
    ngx_eiam_node_t          servers;    /* of the path item; value: or NULL */
    ngx_array_t              parameters; /* of ngx_eiam_parameter_t */
    ngx_array_t              own;        /* parameters of the operation that is
                                            being read */
} ngx_eiam_path_item_t;


/*
 * Reads the template of a path below the path of a server, and finds its node.
 * NGX_OK, or NGX_ERROR: a fault, or no memory.
 */
ngx_int_t ngx_eiam_operation_template(ngx_eiam_path_item_t *path,
    const ngx_eiam_node_t *item, const ngx_str_t *base);

/* reads a member of a path item; data is its ngx_eiam_path_item_t */
ngx_int_t ngx_eiam_operation_read(void *data, const ngx_eiam_node_t *node,
    ngx_uint_t method);

/*
 * Reads operations whose methods OpenAPI does not name; they are left out. The
 * results are the same as above, for each member.
 */
ngx_int_t ngx_eiam_operation_additional(void *data,
    const ngx_eiam_node_t *operations, ngx_uint_t number);

/* a fault at the place of rivals->other: NGX_ERROR */
ngx_int_t ngx_eiam_operation_rivals(const ngx_eiam_openapi_t *openapi,
    const ngx_eiam_rivals_t *rivals);


#endif /* _NGX_EIAM_OPERATION_H_INCLUDED_ */
