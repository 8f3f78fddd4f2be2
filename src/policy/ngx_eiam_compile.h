
/*
 * From templates to a policy: first a tree of segments, then states.
 *
 * A state stands for the nodes of the tree that fit the path so far, the most
 * concrete one first.  These lists are made in advance, so that a request need
 * not search the tree.
 */


#ifndef _NGX_EIAM_COMPILE_H_INCLUDED_
#define _NGX_EIAM_COMPILE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_policy.h>
#include <ngx_eiam_tree.h>


/* visits of tree nodes that making the states of a policy may take */
#define NGX_EIAM_COMPILE_MAX  (1 << 22)

/* pairs of rivals that are recorded */
#define NGX_EIAM_COMPILE_RIVALS_MAX  20


/* two operations that fit the same request, but require different things */

typedef struct {
    ngx_eiam_operation_t  *one;
    ngx_eiam_operation_t  *other;
} ngx_eiam_rivals_t;


typedef struct {
    ngx_pool_t            *pool;            /* of the policy */
    ngx_pool_t            *temp_pool;
    ngx_eiam_policy_t     *policy;
    ngx_eiam_tree_node_t  *root;
    uint32_t               nstates;
    ngx_uint_t             visits;
    ngx_array_t            rivals;          /* of ngx_eiam_rivals_t */
    ngx_array_t            ends;            /* nodes at which templates end */
    ngx_array_t            steps;           /* of ngx_eiam_step_t */
    ngx_rbtree_t           states;          /* by their lists of nodes */
    ngx_rbtree_node_t      sentinel;
} ngx_eiam_compiler_t;


/*
 * The caller sets policy, pool and temp_pool.  NGX_OK or NGX_ERROR (no memory).
 */
ngx_int_t ngx_eiam_compile_init(ngx_eiam_compiler_t *compiler);

/* the node at which the template ends; NULL: no memory */
ngx_eiam_tree_node_t *ngx_eiam_compile_template(ngx_eiam_compiler_t *compiler,
    ngx_eiam_template_t *template);

/*
 * Adds an operation to a node.  NGX_OK; NGX_DECLINED: another template that no
 * request can tell from this one has that method, and *other is its operation;
 * NGX_ERROR: no memory.
 */
ngx_int_t ngx_eiam_compile_operation(ngx_eiam_compiler_t *compiler,
    ngx_eiam_tree_node_t *node, ngx_uint_t slash,
    ngx_eiam_operation_t *operation, ngx_eiam_operation_t **other);

/*
 * Makes the states.  NGX_OK; NGX_DECLINED: it takes more than
 * NGX_EIAM_COMPILE_MAX; NGX_ABORT: there are compiler->rivals; NGX_ERROR: no
 * memory.
 */
ngx_int_t ngx_eiam_compile(ngx_eiam_compiler_t *compiler);


#endif /* _NGX_EIAM_COMPILE_H_INCLUDED_ */
