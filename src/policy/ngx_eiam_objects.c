
#include <ngx_eiam_hash.h>
#include <ngx_eiam_object_mark.h>
#include <ngx_eiam_objects.h>
#include <ngx_eiam_string.h>


static ngx_int_t ngx_eiam_objects_read_kind(ngx_eiam_objects_t *objects,
    const ngx_eiam_node_t *node, ngx_pool_t *pool);
static ngx_int_t ngx_eiam_objects_is_any(const ngx_eiam_node_t *node);
static ngx_int_t ngx_eiam_objects_read_ids(ngx_eiam_objects_kind_t *kind,
    const ngx_eiam_node_t *node, ngx_pool_t *pool);
static ngx_int_t ngx_eiam_objects_index(ngx_eiam_objects_kind_t *kind,
    ngx_pool_t *pool);
static ngx_inline const ngx_eiam_objects_kind_t *ngx_eiam_objects_kind(
    const ngx_eiam_objects_t *objects, const ngx_eiam_object_mark_t *mark);
static ngx_inline ngx_uint_t ngx_eiam_objects_has(
    const ngx_eiam_objects_kind_t *kind, const ngx_str_t *id);


static const ngx_str_t  ngx_eiam_objects_any = ngx_string("*");

/* of an application that may use each object of each kind */

static const ngx_eiam_objects_kind_t  ngx_eiam_objects_all = { .any = 1 };


ngx_eiam_objects_t *
ngx_eiam_objects_read(const ngx_eiam_node_t *node, ngx_pool_t *pool)
{
    ngx_eiam_node_t      kind;
    ngx_eiam_objects_t  *objects;

    objects = ngx_pcalloc(pool, sizeof(ngx_eiam_objects_t));

    if (objects == NULL
        || ngx_array_init(&objects->kinds, pool, 2,
                          sizeof(ngx_eiam_objects_kind_t))
           != NGX_OK)
    {
        return NULL;
    }

    if (ngx_eiam_node_is(node, NGX_EIAM_STRING)) {
        objects->any = 1;
        return (ngx_eiam_objects_is_any(node) == NGX_OK) ? objects : NULL;
    }

    if (ngx_eiam_node_expect(node, NGX_EIAM_OBJECT) != NGX_OK) {
        return NULL;
    }

    kind.parent = NULL;

    while (ngx_eiam_node_next(node, &kind) == NGX_OK) {

        if (ngx_eiam_objects_read_kind(objects, &kind, pool) != NGX_OK) {
            return NULL;
        }
    }

    return objects;
}


static ngx_int_t
ngx_eiam_objects_read_kind(ngx_eiam_objects_t *objects,
    const ngx_eiam_node_t *node, ngx_pool_t *pool)
{
    ngx_eiam_objects_kind_t  *kind;

    if (node->key.len == 0 || node->key.len > NGX_EIAM_OBJECT_KIND_MAX) {
        return ngx_eiam_fault(node, "a kind of objects must have 1 to %d "
                              "bytes", NGX_EIAM_OBJECT_KIND_MAX);
    }

    kind = ngx_array_push(&objects->kinds);
    if (kind == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(kind, sizeof(ngx_eiam_objects_kind_t));

    kind->kind.len = node->key.len;
    kind->kind.data = ngx_pstrdup(pool, (ngx_str_t *) &node->key);

    if (kind->kind.data == NULL) {
        return NGX_ERROR;
    }

    kind->hash = ngx_eiam_hash(kind->kind.data, kind->kind.len, 0);

    if (ngx_eiam_node_is(node, NGX_EIAM_STRING)) {
        kind->any = 1;
        return ngx_eiam_objects_is_any(node);
    }

    if (ngx_eiam_node_expect(node, NGX_EIAM_ARRAY) != NGX_OK
        || ngx_eiam_objects_read_ids(kind, node, pool) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_eiam_objects_index(kind, pool);
}


static ngx_int_t
ngx_eiam_objects_is_any(const ngx_eiam_node_t *node)
{
    ngx_str_t  text;

    text = ngx_eiam_node_string(node);

    return ngx_eiam_str_equal(&text, &ngx_eiam_objects_any)
           ? NGX_OK
           : ngx_eiam_fault(node, "must be \"*\", or list what is permitted");
}


static ngx_int_t
ngx_eiam_objects_read_ids(ngx_eiam_objects_kind_t *kind,
    const ngx_eiam_node_t *node, ngx_pool_t *pool)
{
    ngx_str_t        *id;
    ngx_eiam_node_t   element;

    if (ngx_array_init(&kind->ids, pool, 4, sizeof(ngx_str_t)) != NGX_OK) {
        return NGX_ERROR;
    }

    element.parent = NULL;

    while (ngx_eiam_node_next(node, &element) == NGX_OK) {

        id = ngx_array_push(&kind->ids);

        if (id == NULL
            || ngx_eiam_node_expect(&element, NGX_EIAM_STRING) != NGX_OK
            || ngx_eiam_node_identifier(&element, NGX_EIAM_OBJECT_ID_MAX)
               != NGX_OK
            || ngx_eiam_node_copy(&element, pool, id) != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (ngx_eiam_str_equal(id, &ngx_eiam_objects_any)) {
            return ngx_eiam_fault(&element, "\"*\" must stand alone, in place "
                                  "of the list");
        }
    }

    return NGX_OK;
}


/* half of the slots remain free, so that look-ups are short */

static ngx_int_t
ngx_eiam_objects_index(ngx_eiam_objects_kind_t *kind, ngx_pool_t *pool)
{
    uint32_t     k;
    ngx_str_t   *id;
    ngx_uint_t   i, size;

    for (size = 4; size < 2 * kind->ids.nelts; size *= 2) { /* void */ }

    kind->mask = size - 1;
    kind->slots = ngx_pcalloc(pool, size * sizeof(uint32_t));
    if (kind->slots == NULL) {
        return NGX_ERROR;
    }

    id = kind->ids.elts;

    for (i = 0; i < kind->ids.nelts; i++) {

        k = ngx_eiam_hash(id[i].data, id[i].len, kind->hash);

        while (kind->slots[k & kind->mask]) {
            k++;
        }

        kind->slots[k & kind->mask] = i + 1;
    }

    return NGX_OK;
}


const ngx_eiam_objects_kind_t *
ngx_eiam_objects_find(const ngx_eiam_objects_t *objects,
    const ngx_eiam_object_mark_t *mark)
{
    return ngx_eiam_objects_kind(objects, mark);
}


ngx_uint_t
ngx_eiam_objects_permit(const ngx_eiam_objects_kind_t *kind,
    const ngx_str_t *id)
{
    return ngx_eiam_objects_has(kind, id);
}


ngx_uint_t
ngx_eiam_objects_permit_path(const ngx_eiam_objects_t *objects,
    const ngx_eiam_object_mark_t *mark, const ngx_str_t *path)
{
    ngx_str_t                       id;
    const ngx_eiam_objects_kind_t  *kind;

    kind = ngx_eiam_objects_kind(objects, mark);

    if (kind == NULL || kind->any) {
        return kind != NULL;
    }

    return ngx_eiam_object_mark_in_path(mark, path, &id) == NGX_OK
           && ngx_eiam_objects_has(kind, &id);
}


static ngx_inline const ngx_eiam_objects_kind_t *
ngx_eiam_objects_kind(const ngx_eiam_objects_t *objects,
    const ngx_eiam_object_mark_t *mark)
{
    const ngx_eiam_objects_kind_t  *kind, *last;

    if (objects == NULL) {
        return NULL;
    }

    if (objects->any) {
        return &ngx_eiam_objects_all;
    }

    kind = objects->kinds.elts;
    last = kind + objects->kinds.nelts;

    for ( /* void */ ; kind < last; kind++) {

        if (kind->hash == mark->hash
            && ngx_eiam_str_equal(&kind->kind, &mark->kind))
        {
            return kind;
        }
    }

    return NULL;
}


static ngx_inline ngx_uint_t
ngx_eiam_objects_has(const ngx_eiam_objects_kind_t *kind, const ngx_str_t *id)
{
    uint32_t          k, n;
    const ngx_str_t  *known;

    known = kind->ids.elts;
    k = ngx_eiam_hash(id->data, id->len, kind->hash);

    for ( ;; ) {

        n = kind->slots[k++ & kind->mask];

        if (n == 0) {
            return 0;
        }

        if (ngx_eiam_str_equal(&known[n - 1], id)) {
            return 1;
        }
    }
}
