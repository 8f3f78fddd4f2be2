
#include <ngx_eiam_anchor.h>


void
ngx_eiam_anchor_init(ngx_eiam_anchors_t *anchors)
{
    ngx_rbtree_init(&anchors->tree, &anchors->sentinel,
                    ngx_str_rbtree_insert_value);
}


ngx_eiam_anchor_t *
ngx_eiam_anchor_find(ngx_eiam_anchors_t *anchors, ngx_str_t *name)
{
    return (ngx_eiam_anchor_t *)
               ngx_str_rbtree_lookup(&anchors->tree, name,
                                     ngx_crc32_long(name->data, name->len));
}


ngx_eiam_anchor_t *
ngx_eiam_anchor_add(ngx_eiam_anchors_t *anchors, ngx_str_t *name,
    ngx_pool_t *pool)
{
    ngx_eiam_anchor_t  *anchor;

    anchor = ngx_pcalloc(pool, sizeof(ngx_eiam_anchor_t));
    if (anchor == NULL) {
        return NULL;
    }

    anchor->sn.str.len = name->len;
    anchor->sn.str.data = ngx_pstrdup(pool, name);
    anchor->sn.node.key = ngx_crc32_long(name->data, name->len);

    if (anchor->sn.str.data == NULL) {
        return NULL;
    }

    ngx_rbtree_insert(&anchors->tree, &anchor->sn.node);

    return anchor;
}
