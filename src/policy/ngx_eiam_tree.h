
/* The path templates, segment by segment, before they are compiled. */


#ifndef _NGX_EIAM_TREE_H_INCLUDED_
#define _NGX_EIAM_TREE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_policy.h>
#include <ngx_eiam_template.h>


/* how concrete a segment is: bytes of literals, and two that are more */
#define NGX_EIAM_RANK_SEVERAL  NGX_MAX_INT32_VALUE
#define NGX_EIAM_RANK_LITERAL  (NGX_EIAM_RANK_SEVERAL + 1UL)


typedef struct ngx_eiam_tree_node_s  ngx_eiam_tree_node_t;


/* the children by segments with one parameter between literals */

typedef struct {
    ngx_rbtree_t            nodes;          /* by text: "{.json" */
    ngx_rbtree_node_t       sentinel;
    ngx_array_t             texts;          /* of ngx_str_t, in order */
    ngx_array_t             shapes;         /* the most concrete first */
} ngx_eiam_tree_mixed_t;


struct ngx_eiam_tree_node_s {
    ngx_str_node_t          sn;             /* in one of its parent's trees */
    ngx_eiam_tree_node_t   *parent;
    ngx_uint_t              rank;           /* of the segment before it */
    ngx_rbtree_t            literals;
    ngx_rbtree_node_t       sentinel;
    ngx_array_t             names;          /* of the literals, in order */
    ngx_eiam_tree_mixed_t  *mixed;          /* NULL: none */
    ngx_array_t            *several;        /* of nodes; NULL: none */
    ngx_eiam_tree_node_t   *any;
    ngx_uint_t              ends;           /* a template ends here */

    /* by form: whether the path ends in "/" */
    ngx_eiam_operation_t   *operations[2][NGX_EIAM_METHODS];
    ngx_eiam_operation_t   *left_out[2][NGX_EIAM_METHODS + 1];
};


/* segments of requests: that one, all like a pattern, or any other */

typedef struct {
    const ngx_str_t        *name;           /* NULL: not one alone */
    const ngx_str_t        *pattern;        /* NULL: none */
    const ngx_array_t      *several;        /* texts that fit too, or NULL */
} ngx_eiam_tree_segment_t;


/* a node without children, or NULL: no memory */
ngx_eiam_tree_node_t *ngx_eiam_tree_node(ngx_pool_t *pool);

/* the node's child by that segment, made if there is none; NULL: no memory */
ngx_eiam_tree_node_t *ngx_eiam_tree_child(ngx_pool_t *pool,
    ngx_eiam_tree_node_t *node, ngx_eiam_segment_t *segment);

/* that by a literal; NULL if there is none */
ngx_eiam_tree_node_t *ngx_eiam_tree_lookup(ngx_eiam_tree_node_t *node,
    const ngx_str_t *name);

/*
 * Adds the node's children that fit such segments to an array of pointers to
 * nodes, the most concrete first.  NGX_OK or NGX_ERROR (no memory).
 */
ngx_int_t ngx_eiam_tree_step(ngx_eiam_tree_node_t *node,
    const ngx_eiam_tree_segment_t *segment, ngx_array_t *children);

/*
 * Of two nodes that fit the same path: below 0 if the one is more concrete,
 * above 0 if the other is, 0 if they are equally concrete.
 */
ngx_int_t ngx_eiam_tree_compare(const ngx_eiam_tree_node_t *one,
    const ngx_eiam_tree_node_t *other);

/* sorts an array of pointers to such nodes, the most concrete first */
void ngx_eiam_tree_sort(ngx_array_t *nodes);


#endif /* _NGX_EIAM_TREE_H_INCLUDED_ */
