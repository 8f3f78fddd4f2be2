
#include <ngx_eiam_beginning.h>
#include <ngx_eiam_pattern.h>


static ngx_int_t ngx_eiam_beginning_node(ngx_eiam_compiler_t *compiler,
    ngx_eiam_tree_node_t *node, ngx_uint_t skip);
static ngx_int_t ngx_eiam_beginning_literals(ngx_eiam_compiler_t *compiler,
    const ngx_array_t *names, ngx_uint_t skip);
static ngx_int_t ngx_eiam_beginning_mixed(ngx_eiam_compiler_t *compiler,
    ngx_eiam_tree_mixed_t *mixed, ngx_uint_t skip);
static ngx_int_t ngx_eiam_beginning_several(ngx_eiam_compiler_t *compiler,
    const ngx_array_t *nodes, ngx_uint_t skip);
static ngx_int_t ngx_eiam_beginning_segment(ngx_eiam_compiler_t *compiler,
    ngx_eiam_tree_node_t *child, const ngx_str_t *text, ngx_uint_t skip);
static ngx_eiam_base_t *ngx_eiam_beginning_add(ngx_eiam_compiler_t *compiler,
    const ngx_str_t *name, ngx_uint_t skip);


ngx_int_t
ngx_eiam_beginning_find(ngx_eiam_compiler_t *compiler)
{
    ngx_eiam_base_t    *base;
    ngx_eiam_policy_t  *policy;

    policy = compiler->policy;

    if (ngx_array_init(&policy->bases, compiler->pool, 1,
                       sizeof(ngx_eiam_base_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    base = ngx_array_push(&policy->bases);

    if (base == NULL
        || ngx_eiam_base_init(base, &policy->path, compiler->pool) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return policy->path.len
           ? NGX_OK : ngx_eiam_beginning_node(compiler, compiler->root, 0);
}


/* adds bases for the templates that have only parameters before this node */

static ngx_int_t
ngx_eiam_beginning_node(ngx_eiam_compiler_t *compiler,
    ngx_eiam_tree_node_t *node, ngx_uint_t skip)
{
    ngx_eiam_base_t  *base;

    if (node->ends) {

        base = ngx_eiam_beginning_add(compiler, NULL, skip);
        if (base == NULL) {
            return NGX_ERROR;
        }

        base->whole = 1;
    }

    if (ngx_eiam_beginning_literals(compiler, &node->names, skip) != NGX_OK
        || (node->mixed
            && ngx_eiam_beginning_mixed(compiler, node->mixed, skip) != NGX_OK)
        || (node->several
            && ngx_eiam_beginning_several(compiler, node->several, skip)
               != NGX_OK))
    {
        return NGX_ERROR;
    }

    return node->any ? ngx_eiam_beginning_node(compiler, node->any, skip + 1)
                     : NGX_OK;
}


static ngx_int_t
ngx_eiam_beginning_literals(ngx_eiam_compiler_t *compiler,
    const ngx_array_t *names, ngx_uint_t skip)
{
    ngx_str_t   *name;
    ngx_uint_t   i;

    name = names->elts;

    for (i = 0; i < names->nelts; i++) {

        if (ngx_eiam_beginning_add(compiler, &name[i], skip) == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_eiam_beginning_mixed(ngx_eiam_compiler_t *compiler,
    ngx_eiam_tree_mixed_t *mixed, ngx_uint_t skip)
{
    ngx_str_t             *text;
    ngx_uint_t             i;
    ngx_eiam_tree_node_t  *child;

    text = mixed->texts.elts;

    for (i = 0; i < mixed->texts.nelts; i++) {

        child = (ngx_eiam_tree_node_t *)
                    ngx_str_rbtree_lookup(&mixed->nodes, &text[i],
                                          ngx_crc32_long(text[i].data,
                                                         text[i].len));

        if (ngx_eiam_beginning_segment(compiler, child, &text[i], skip)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_eiam_beginning_several(ngx_eiam_compiler_t *compiler,
    const ngx_array_t *nodes, ngx_uint_t skip)
{
    ngx_uint_t              i;
    ngx_eiam_tree_node_t  **node;

    node = nodes->elts;

    for (i = 0; i < nodes->nelts; i++) {

        if (ngx_eiam_beginning_segment(compiler, node[i], &node[i]->sn.str,
                                       skip)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* a segment that begins with a parameter may be anything, so it is skipped */

static ngx_int_t
ngx_eiam_beginning_segment(ngx_eiam_compiler_t *compiler,
    ngx_eiam_tree_node_t *child, const ngx_str_t *text, ngx_uint_t skip)
{
    ngx_str_t         name;
    ngx_eiam_base_t  *base;

    name.data = text->data;
    name.len = ngx_eiam_pattern_shape(text).prefix;

    if (name.len == 0) {
        return ngx_eiam_beginning_node(compiler, child, skip + 1);
    }

    base = ngx_eiam_beginning_add(compiler, &name, skip);
    if (base == NULL) {
        return NGX_ERROR;
    }

    base->prefix = 1;

    return NGX_OK;
}


/* adds a base below "skip" segments; name is NULL if a template ends here */

static ngx_eiam_base_t *
ngx_eiam_beginning_add(ngx_eiam_compiler_t *compiler, const ngx_str_t *name,
    ngx_uint_t skip)
{
    u_char           *p;
    size_t            len;
    ngx_str_t         path;
    ngx_eiam_base_t  *base;

    len = 0;
    ngx_str_null(&path);

    if (name) {

        /* some servers end a segment at these characters */

        for (len = 0; len < name->len; len++) {

            if (len && ngx_strchr(":;\\", name->data[len])) {
                break;
            }
        }

        p = ngx_pnalloc(compiler->pool, len + 1);
        if (p == NULL) {
            return NULL;
        }

        path.data = p;
        path.len = len + 1;

        *p++ = '/';
        ngx_memcpy(p, name->data, len);
    }

    base = ngx_array_push(&compiler->policy->bases);

    if (base == NULL
        || ngx_eiam_base_init(base, &path, compiler->pool) != NGX_OK)
    {
        return NULL;
    }

    base->skip = skip;
    base->suffix = 1;
    base->prefix = (name && len < name->len);

    return base;
}
