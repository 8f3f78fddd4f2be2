
/* Anchors of a YAML document: values that have a name. */


#ifndef _NGX_EIAM_ANCHOR_H_INCLUDED_
#define _NGX_EIAM_ANCHOR_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct {
    ngx_str_node_t      sn;
    void               *value;       /* NULL: it is still being read */
    ngx_uint_t          values;      /* the value, and all values in it */
    ngx_uint_t          height;      /* levels of nesting in the value */
} ngx_eiam_anchor_t;


typedef struct {
    ngx_rbtree_t        tree;
    ngx_rbtree_node_t   sentinel;
} ngx_eiam_anchors_t;


void ngx_eiam_anchor_init(ngx_eiam_anchors_t *anchors);

/* NULL: there is no anchor of that name */
ngx_eiam_anchor_t *ngx_eiam_anchor_find(ngx_eiam_anchors_t *anchors,
    ngx_str_t *name);

/* adds an anchor, with a copy of the name; NULL: no memory */
ngx_eiam_anchor_t *ngx_eiam_anchor_add(ngx_eiam_anchors_t *anchors,
    ngx_str_t *name, ngx_pool_t *pool);


#endif /* _NGX_EIAM_ANCHOR_H_INCLUDED_ */
