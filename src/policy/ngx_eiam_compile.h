
/*
 * From templates to a policy: first a tree of segments, then states.
 *
 * A state is the list of the tree's nodes that fit the path so far, the most
 * concrete first.  Merging them beforehand saves the request the search.
 */


#ifndef _NGX_EIAM_COMPILE_H_INCLUDED_
#define _NGX_EIAM_COMPILE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_policy.h>
#include <ngx_eiam_tree.h>


/* visits of tree nodes: what the states of a policy may cost to make */
#define NGX_EIAM_COMPILE_MAX  (1 << 22)


typedef struct {
    ngx_pool_t            *pool;            /* of the policy */
    ngx_pool_t            *temp_pool;
    ngx_eiam_policy_t     *policy;
    ngx_eiam_tree_node_t  *root;
    uint32_t               nstates;
    ngx_uint_t             visits;
    ngx_eiam_operation_t  *rivals[2];
    ngx_array_t            ends;            /* nodes where templates end */
    ngx_array_t            steps;           /* of ngx_eiam_step_t */
    ngx_rbtree_t           states;          /* by list of nodes */
    ngx_rbtree_node_t      sentinel;
} ngx_eiam_compiler_t;


/* NGX_OK or NGX_ERROR (no memory); policy, pool and temp_pool are set */
ngx_int_t ngx_eiam_compile_init(ngx_eiam_compiler_t *compiler);

/* the tree's node of a template; NULL: no memory */
ngx_eiam_tree_node_t *ngx_eiam_compile_template(ngx_eiam_compiler_t *compiler,
    ngx_eiam_template_t *template);

/*
 * NGX_OK; NGX_DECLINED: another template that no request can tell from this
 * one has that method, then *other is its operation; or NGX_ERROR: no memory.
 */
ngx_int_t ngx_eiam_compile_operation(ngx_eiam_compiler_t *compiler,
    ngx_eiam_tree_node_t *node, ngx_uint_t slash,
    ngx_eiam_operation_t *operation, ngx_eiam_operation_t **other);

/*
 * NGX_OK; NGX_DECLINED: beyond NGX_EIAM_COMPILE_MAX; NGX_ABORT: two operations
 * for the same request, compiler->rivals, differ in what they require;
 * NGX_ERROR: no memory.
 */
ngx_int_t ngx_eiam_compile(ngx_eiam_compiler_t *compiler);


#endif /* _NGX_EIAM_COMPILE_H_INCLUDED_ */
