
#include <ngx_eiam_pattern.h>
#include <ngx_eiam_string.h>
#include <ngx_eiam_target.h>
#include <ngx_eiam_tree.h>


static ngx_eiam_tree_node_t *ngx_eiam_tree_literal(ngx_pool_t *pool,
    ngx_eiam_tree_node_t *node, ngx_str_t *name);
static ngx_eiam_tree_node_t *ngx_eiam_tree_mixed(ngx_pool_t *pool,
    ngx_eiam_tree_node_t *node, ngx_str_t *text);
static ngx_eiam_tree_mixed_t *ngx_eiam_tree_mixed_create(ngx_pool_t *pool);
static ngx_int_t ngx_eiam_tree_mixed_shape(ngx_eiam_tree_mixed_t *mixed,
    const ngx_str_t *text);
static ngx_eiam_tree_node_t *ngx_eiam_tree_several(ngx_pool_t *pool,
    ngx_eiam_tree_node_t *node, ngx_str_t *text);
static void ngx_eiam_tree_insert(ngx_rbtree_t *tree,
    ngx_eiam_tree_node_t *child, ngx_str_t *key);
static ngx_int_t ngx_eiam_tree_step_several(ngx_eiam_tree_node_t *node,
    const ngx_eiam_tree_segment_t *segment, ngx_array_t *children);
static ngx_uint_t ngx_eiam_tree_has_several(
    const ngx_eiam_tree_segment_t *segment, const ngx_str_t *text);
static ngx_int_t ngx_eiam_tree_step_mixed(ngx_eiam_tree_node_t *node,
    const ngx_eiam_tree_segment_t *segment, ngx_array_t *children);
static ngx_int_t ngx_eiam_tree_push(ngx_array_t *children,
    ngx_eiam_tree_node_t *child);


ngx_eiam_tree_node_t *
ngx_eiam_tree_node(ngx_pool_t *pool)
{
    ngx_eiam_tree_node_t  *node;

    node = ngx_pcalloc(pool, sizeof(ngx_eiam_tree_node_t));
    if (node == NULL) {
        return NULL;
    }

    ngx_rbtree_init(&node->literals, &node->sentinel,
                    ngx_str_rbtree_insert_value);

    if (ngx_array_init(&node->names, pool, 1, sizeof(ngx_str_t)) != NGX_OK) {
        return NULL;
    }

    return node;
}


ngx_eiam_tree_node_t *
ngx_eiam_tree_child(ngx_pool_t *pool, ngx_eiam_tree_node_t *node,
    ngx_eiam_segment_t *segment)
{
    ngx_eiam_tree_node_t  *child;

    switch (segment->kind) {

    case NGX_EIAM_SEGMENT_LITERAL:
        child = ngx_eiam_tree_literal(pool, node, &segment->text);
        break;

    case NGX_EIAM_SEGMENT_MIXED:
        child = ngx_eiam_tree_mixed(pool, node, &segment->text);
        break;

    case NGX_EIAM_SEGMENT_SEVERAL:
        child = ngx_eiam_tree_several(pool, node, &segment->text);
        break;

    default:
        if (node->any == NULL) {
            node->any = ngx_eiam_tree_node(pool);
        }

        child = node->any;
    }

    if (child) {
        child->parent = node;
    }

    return child;
}


static ngx_eiam_tree_node_t *
ngx_eiam_tree_literal(ngx_pool_t *pool, ngx_eiam_tree_node_t *node,
    ngx_str_t *name)
{
    ngx_str_t             *copy;
    ngx_eiam_tree_node_t  *child;

    child = ngx_eiam_tree_lookup(node, name);
    if (child) {
        return child;
    }

    child = ngx_eiam_tree_node(pool);
    copy = ngx_array_push(&node->names);

    if (child == NULL || copy == NULL) {
        return NULL;
    }

    *copy = *name;

    child->rank = NGX_EIAM_RANK_LITERAL;

    ngx_eiam_tree_insert(&node->literals, child, name);

    return child;
}


static ngx_eiam_tree_node_t *
ngx_eiam_tree_mixed(ngx_pool_t *pool, ngx_eiam_tree_node_t *node,
    ngx_str_t *text)
{
    ngx_str_t             *copy;
    ngx_eiam_tree_node_t  *child;

    if (node->mixed == NULL) {

        node->mixed = ngx_eiam_tree_mixed_create(pool);
        if (node->mixed == NULL) {
            return NULL;
        }
    }

    child = (ngx_eiam_tree_node_t *)
                ngx_str_rbtree_lookup(&node->mixed->nodes, text,
                                      ngx_crc32_long(text->data, text->len));
    if (child) {
        return child;
    }

    child = ngx_eiam_tree_node(pool);
    copy = ngx_array_push(&node->mixed->texts);

    if (child == NULL || copy == NULL
        || ngx_eiam_tree_mixed_shape(node->mixed, text) != NGX_OK)
    {
        return NULL;
    }

    *copy = *text;

    child->rank = text->len - 1;

    ngx_eiam_tree_insert(&node->mixed->nodes, child, text);

    return child;
}


static ngx_eiam_tree_mixed_t *
ngx_eiam_tree_mixed_create(ngx_pool_t *pool)
{
    ngx_eiam_tree_mixed_t  *mixed;

    mixed = ngx_palloc(pool, sizeof(ngx_eiam_tree_mixed_t));

    if (mixed == NULL
        || ngx_array_init(&mixed->texts, pool, 1, sizeof(ngx_str_t)) != NGX_OK
        || ngx_array_init(&mixed->shapes, pool, 1, sizeof(ngx_eiam_shape_t))
           != NGX_OK)
    {
        return NULL;
    }

    ngx_rbtree_init(&mixed->nodes, &mixed->sentinel,
                    ngx_str_rbtree_insert_value);

    return mixed;
}


static ngx_int_t
ngx_eiam_tree_mixed_shape(ngx_eiam_tree_mixed_t *mixed, const ngx_str_t *text)
{
    ngx_eiam_shape_t  shape;

    shape = ngx_eiam_pattern_shape(text);

    return ngx_eiam_pattern_add_shape(&mixed->shapes, &shape);
}


static ngx_eiam_tree_node_t *
ngx_eiam_tree_several(ngx_pool_t *pool, ngx_eiam_tree_node_t *node,
    ngx_str_t *text)
{
    ngx_uint_t              i;
    ngx_eiam_tree_node_t  **child;

    if (node->several == NULL) {

        node->several = ngx_array_create(pool, 1, sizeof(void *));
        if (node->several == NULL) {
            return NULL;
        }
    }

    child = node->several->elts;

    for (i = 0; i < node->several->nelts; i++) {

        if (ngx_eiam_str_equal(&child[i]->sn.str, text)) {
            return child[i];
        }
    }

    child = ngx_array_push(node->several);
    if (child == NULL) {
        return NULL;
    }

    *child = ngx_eiam_tree_node(pool);
    if (*child == NULL) {
        return NULL;
    }

    (*child)->rank = NGX_EIAM_RANK_SEVERAL;
    (*child)->sn.str = *text;

    return *child;
}


static void
ngx_eiam_tree_insert(ngx_rbtree_t *tree, ngx_eiam_tree_node_t *child,
    ngx_str_t *key)
{
    child->sn.str = *key;
    child->sn.node.key = ngx_crc32_long(key->data, key->len);

    ngx_rbtree_insert(tree, &child->sn.node);
}


ngx_eiam_tree_node_t *
ngx_eiam_tree_lookup(ngx_eiam_tree_node_t *node, const ngx_str_t *name)
{
    return (ngx_eiam_tree_node_t *)
               ngx_str_rbtree_lookup(&node->literals, (ngx_str_t *) name,
                                     ngx_crc32_long(name->data, name->len));
}


ngx_int_t
ngx_eiam_tree_step(ngx_eiam_tree_node_t *node,
    const ngx_eiam_tree_segment_t *segment, ngx_array_t *children)
{
    ngx_eiam_tree_node_t  *literal;

    literal = segment->name ? ngx_eiam_tree_lookup(node, segment->name) : NULL;

    if ((literal && ngx_eiam_tree_push(children, literal) != NGX_OK)
        || (node->several
            && ngx_eiam_tree_step_several(node, segment, children) != NGX_OK)
        || (node->mixed
            && ngx_eiam_tree_step_mixed(node, segment, children) != NGX_OK))
    {
        return NGX_ERROR;
    }

    return node->any ? ngx_eiam_tree_push(children, node->any) : NGX_OK;
}


static ngx_int_t
ngx_eiam_tree_step_several(ngx_eiam_tree_node_t *node,
    const ngx_eiam_tree_segment_t *segment, ngx_array_t *children)
{
    ngx_uint_t              i;
    ngx_eiam_tree_node_t  **child;

    child = node->several->elts;

    for (i = 0; i < node->several->nelts; i++) {

        if (ngx_eiam_tree_has_several(segment, &child[i]->sn.str)
            && ngx_eiam_tree_push(children, child[i]) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_eiam_tree_has_several(const ngx_eiam_tree_segment_t *segment,
    const ngx_str_t *text)
{
    ngx_str_t   *known;
    ngx_uint_t   i;

    if (segment->name) {
        return ngx_eiam_pattern_has_pieces(text, segment->name->data,
                                           segment->name->len);
    }

    if (segment->several == NULL) {
        return 0;
    }

    known = segment->several->elts;

    for (i = 0; i < segment->several->nelts; i++) {

        if (ngx_eiam_str_equal(&known[i], text)) {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_eiam_tree_step_mixed(ngx_eiam_tree_node_t *node,
    const ngx_eiam_tree_segment_t *segment, ngx_array_t *children)
{
    u_char                 buf[NGX_EIAM_PATH_MAX + 1];
    ngx_str_t              text;
    ngx_uint_t             i;
    ngx_eiam_shape_t      *shape;
    ngx_eiam_tree_node_t  *child;

    shape = node->mixed->shapes.elts;

    for (i = 0; i < node->mixed->shapes.nelts; i++) {

        text.data = buf;
        text.len = ngx_eiam_pattern_cut(buf, &shape[i], segment->name,
                                        segment->pattern);

        if (text.len == 0) {
            continue;
        }

        child = (ngx_eiam_tree_node_t *)
                    ngx_str_rbtree_lookup(&node->mixed->nodes, &text,
                                          ngx_crc32_long(text.data, text.len));

        if (child && ngx_eiam_tree_push(children, child) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_eiam_tree_push(ngx_array_t *children, ngx_eiam_tree_node_t *child)
{
    ngx_eiam_tree_node_t  **slot;

    slot = ngx_array_push(children);
    if (slot == NULL) {
        return NGX_ERROR;
    }

    *slot = child;

    return NGX_OK;
}


/* the leftmost segment in which the nodes differ decides */

ngx_int_t
ngx_eiam_tree_compare(const ngx_eiam_tree_node_t *one,
    const ngx_eiam_tree_node_t *other)
{
    ngx_int_t  order;

    if (one == other) {
        return 0;
    }

    order = ngx_eiam_tree_compare(one->parent, other->parent);

    if (order || one->rank == other->rank) {
        return order;
    }

    return (one->rank > other->rank) ? -1 : 1;
}


/* the nodes are sorted but where segments before them are equally concrete */

void
ngx_eiam_tree_sort(ngx_array_t *nodes)
{
    ngx_uint_t              i, k;
    ngx_eiam_tree_node_t  **node, *next;

    node = nodes->elts;

    for (i = 1; i < nodes->nelts; i++) {

        next = node[i];

        for (k = i; k > 0; k--) {

            if (ngx_eiam_tree_compare(node[k - 1], next) <= 0) {
                break;
            }

            node[k] = node[k - 1];
        }

        node[k] = next;
    }
}
