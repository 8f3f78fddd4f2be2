
/* The path templates, segment by segment, before they are compiled. */


#ifndef _NGX_EIAM_TREE_H_INCLUDED_
#define _NGX_EIAM_TREE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_compile.h>


struct ngx_eiam_tree_node_s {
    ngx_str_node_t          sn;             /* in its parent's literals */
    ngx_rbtree_t            literals;
    ngx_rbtree_node_t       sentinel;
    ngx_array_t             names;          /* of the literals, in order */
    ngx_eiam_tree_node_t   *any;
    ngx_uint_t              ends;           /* a template ends here */
    ngx_eiam_operation_t   *operations[NGX_EIAM_METHODS];
};


/* a node without children, or NULL: no memory */
ngx_eiam_tree_node_t *ngx_eiam_tree_node(ngx_pool_t *pool);

/* the node's child by that literal, which is made if there is none; or NULL */
ngx_eiam_tree_node_t *ngx_eiam_tree_literal(ngx_pool_t *pool,
    ngx_eiam_tree_node_t *node, ngx_str_t *name);

/* the same, but NULL if there is none */
ngx_eiam_tree_node_t *ngx_eiam_tree_lookup(ngx_eiam_tree_node_t *node,
    ngx_str_t *name);


#endif /* _NGX_EIAM_TREE_H_INCLUDED_ */
