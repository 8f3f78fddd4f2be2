
/* The path templates, segment by segment, before they are compiled. */


#ifndef _NGX_EIAM_TREE_H_INCLUDED_
#define _NGX_EIAM_TREE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_policy.h>
#include <ngx_eiam_template.h>


/* how concrete a segment is: the bytes of its literals, or one of these */
#define NGX_EIAM_RANK_SEVERAL  NGX_MAX_INT32_VALUE
#define NGX_EIAM_RANK_LITERAL  (NGX_EIAM_RANK_SEVERAL + 1UL)


typedef struct ngx_eiam_tree_node_s  ngx_eiam_tree_node_t;


/* the children whose segments have one parameter between literals */

typedef struct {
    ngx_rbtree_t            nodes;          /* by text: "{.json" */
    ngx_rbtree_node_t       sentinel;
    ngx_array_t             texts;          /* of ngx_str_t, in order */
    ngx_array_t             shapes;         /* the most concrete first */
} ngx_eiam_tree_mixed_t;


struct ngx_eiam_tree_node_s {
    ngx_str_node_t          sn;             /* in a tree of the parent */
    ngx_eiam_tree_node_t   *parent;
    ngx_uint_t              rank;           /* of the node's segment */
    ngx_rbtree_t            literals;
    ngx_rbtree_node_t       sentinel;
    ngx_array_t             names;          /* of literal children, in order */
    ngx_eiam_tree_mixed_t  *mixed;          /* NULL: none */
    ngx_array_t            *several;        /* of nodes; NULL: none */
    ngx_eiam_tree_node_t   *any;
    ngx_uint_t              ends;           /* flag: a template ends here */

    /* by the form of the path: without "/" at the end, and with it */
    ngx_eiam_operation_t   *operations[2][NGX_EIAM_METHODS];
    ngx_eiam_operation_t   *left_out[2][NGX_EIAM_METHODS + 1];
};


/*
 * which segments of requests: that one, all that fit a pattern, or all others
 */

typedef struct {
    const ngx_str_t        *name;           /* NULL: more than one segment */
    const ngx_str_t        *pattern;        /* NULL: no pattern */
    const ngx_array_t      *several;        /* other texts that fit, or NULL */
} ngx_eiam_tree_segment_t;


/* a node without children; NULL: no memory */
ngx_eiam_tree_node_t *ngx_eiam_tree_node(ngx_pool_t *pool);

/* the child with that segment, new if there is none; NULL: no memory */
ngx_eiam_tree_node_t *ngx_eiam_tree_child(ngx_pool_t *pool,
    ngx_eiam_tree_node_t *node, ngx_eiam_segment_t *segment);

/* the child with that literal; NULL: there is none */
ngx_eiam_tree_node_t *ngx_eiam_tree_lookup(ngx_eiam_tree_node_t *node,
    const ngx_str_t *name);

/*
 * Adds the children that fit the segments to an array of pointers to nodes, the
 * most concrete first.  NGX_OK or NGX_ERROR (no memory).
 */
ngx_int_t ngx_eiam_tree_step(ngx_eiam_tree_node_t *node,
    const ngx_eiam_tree_segment_t *segment, ngx_array_t *children);

/*
 * Compares two nodes that fit the same path: less than 0 if the first one is
 * more concrete, greater than 0 if the second one is, otherwise 0.
 */
ngx_int_t ngx_eiam_tree_compare(const ngx_eiam_tree_node_t *one,
    const ngx_eiam_tree_node_t *other);

/* sorts an array of pointers to nodes, the most concrete first */
void ngx_eiam_tree_sort(ngx_array_t *nodes);


#endif /* _NGX_EIAM_TREE_H_INCLUDED_ */
