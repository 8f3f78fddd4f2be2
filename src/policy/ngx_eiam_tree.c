
#include <ngx_eiam_tree.h>


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

    child->sn.str = *name;
    child->sn.node.key = ngx_crc32_long(name->data, name->len);

    ngx_rbtree_insert(&node->literals, &child->sn.node);

    return child;
}


ngx_eiam_tree_node_t *
ngx_eiam_tree_lookup(ngx_eiam_tree_node_t *node, ngx_str_t *name)
{
    return (ngx_eiam_tree_node_t *)
               ngx_str_rbtree_lookup(&node->literals, name,
                                     ngx_crc32_long(name->data, name->len));
}
