
#include <ngx_eiam_scope.h>


typedef struct {
    ngx_str_node_t   sn;
    ngx_uint_t       number;
} ngx_eiam_scope_node_t;


ngx_eiam_scopes_t *
ngx_eiam_scopes_create(ngx_pool_t *pool)
{
    ngx_eiam_scopes_t  *scopes;

    scopes = ngx_pcalloc(pool, sizeof(ngx_eiam_scopes_t));
    if (scopes == NULL) {
        return NULL;
    }

    if (ngx_array_init(&scopes->names, pool, 32, sizeof(ngx_str_t))
        != NGX_OK)
    {
        return NULL;
    }

    scopes->pool = pool;
    ngx_rbtree_init(&scopes->tree, &scopes->sentinel,
                    ngx_str_rbtree_insert_value);

    return scopes;
}


ngx_int_t
ngx_eiam_scope_number(ngx_eiam_scopes_t *scopes, const ngx_str_t *name)
{
    ngx_int_t               number;
    ngx_str_t              *copy;
    ngx_eiam_scope_node_t  *node;

    number = ngx_eiam_scope_find(scopes, name);
    if (number != NGX_DECLINED) {
        return number;
    }

    if (scopes->names.nelts == NGX_EIAM_SCOPES_MAX) {
        return NGX_ERROR;
    }

    node = ngx_palloc(scopes->pool, sizeof(ngx_eiam_scope_node_t));
    copy = ngx_array_push(&scopes->names);

    if (node == NULL || copy == NULL) {
        return NGX_ERROR;
    }

    copy->len = name->len;
    copy->data = ngx_pstrdup(scopes->pool, (ngx_str_t *) name);
    if (copy->data == NULL) {
        return NGX_ERROR;
    }

    node->sn.str = *copy;
    node->sn.node.key = ngx_crc32_long(copy->data, copy->len);
    node->number = scopes->names.nelts - 1;

    ngx_rbtree_insert(&scopes->tree, &node->sn.node);

    return node->number;
}


ngx_int_t
ngx_eiam_scope_find(ngx_eiam_scopes_t *scopes, const ngx_str_t *name)
{
    ngx_str_node_t  *sn;

    sn = ngx_str_rbtree_lookup(&scopes->tree, (ngx_str_t *) name,
                               ngx_crc32_long(name->data, name->len));

    return sn ? (ngx_int_t) ((ngx_eiam_scope_node_t *) sn)->number
              : NGX_DECLINED;
}


ngx_eiam_scope_bits_t *
ngx_eiam_scope_set_create(ngx_eiam_scopes_t *scopes, ngx_pool_t *pool)
{
    return ngx_pcalloc(pool, (scopes->names.nelts / 64 + 1)
                             * sizeof(ngx_eiam_scope_bits_t));
}


ngx_int_t
ngx_eiam_scope_set_read(ngx_eiam_scopes_t *scopes, const ngx_str_t *text,
    ngx_eiam_scope_bits_t *set, ngx_array_t *order)
{
    u_char     *p, *last;
    ngx_int_t   n, *number;
    ngx_str_t   name;

    last = text->data + text->len;

    for (p = text->data; p < last; p = name.data + name.len + 1) {

        name.data = p;
        p = ngx_strlchr(p, last, ' ');
        name.len = (p ? p : last) - name.data;

        n = ngx_eiam_scope_find(scopes, &name);

        if (n == NGX_DECLINED) {
            continue;
        }

        number = ngx_array_push(order);
        if (number == NULL) {
            return NGX_ERROR;
        }

        *number = n;
        ngx_eiam_scope_set_add(set, n);
    }

    return NGX_OK;
}


void
ngx_eiam_scope_set_limit(ngx_eiam_scopes_t *scopes,
    ngx_eiam_scope_bits_t *set, const ngx_eiam_scope_bits_t *other)
{
    ngx_uint_t  i;

    for (i = 0; i <= scopes->names.nelts / 64; i++) {
        set[i] &= other[i];
    }
}


void
ngx_eiam_scope_set_close(ngx_eiam_scope_bits_t *set,
    const ngx_array_t *implications)
{
    ngx_uint_t               i, changed;
    ngx_eiam_implication_t  *implication;

    if (implications == NULL) {
        return;
    }

    implication = implications->elts;

    do {
        changed = 0;

        for (i = 0; i < implications->nelts; i++) {

            if (ngx_eiam_scope_set_has(set, implication[i].scope)
                && !ngx_eiam_scope_set_has(set, implication[i].included))
            {
                ngx_eiam_scope_set_add(set, implication[i].included);
                changed = 1;
            }
        }

    } while (changed);
}


ngx_int_t
ngx_eiam_scope_set_text(ngx_eiam_scopes_t *scopes,
    const ngx_eiam_scope_bits_t *set, const ngx_array_t *first,
    ngx_pool_t *pool, ngx_str_t *text)
{
    u_char                 *p;
    size_t                  len;
    ngx_int_t               n, *number;
    ngx_str_t              *name;
    ngx_uint_t              i, ordered;
    ngx_eiam_scope_bits_t  *seen;

    name = scopes->names.elts;
    number = first->elts;
    ordered = first->nelts;
    len = 0;

    for (i = 0; i < scopes->names.nelts; i++) {
        len += ngx_eiam_scope_set_has(set, i) ? name[i].len + 1 : 0;
    }

    seen = ngx_eiam_scope_set_create(scopes, pool);
    p = ngx_pnalloc(pool, len + 1);

    if (seen == NULL || p == NULL) {
        return NGX_ERROR;
    }

    text->data = p;

    for (i = 0; i < ordered + scopes->names.nelts; i++) {

        n = (i < ordered) ? number[i] : (ngx_int_t) (i - ordered);

        if (ngx_eiam_scope_set_has(set, n)
            && !ngx_eiam_scope_set_has(seen, n))
        {
            ngx_eiam_scope_set_add(seen, n);
            p = ngx_cpymem(p, name[n].data, name[n].len);
            *p++ = ' ';
        }
    }

    text->len = len ? len - 1 : 0;

    return NGX_OK;
}
