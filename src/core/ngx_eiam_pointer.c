
#include <ngx_eiam_pointer.h>
#include <ngx_eiam_string.h>


static ngx_uint_t ngx_eiam_pointer_is_valid(const ngx_str_t *text);
static void ngx_eiam_pointer_split(const ngx_str_t *text,
    ngx_eiam_pointer_t *pointer);
static ngx_int_t ngx_eiam_pointer_step(const ngx_eiam_node_t *node,
    const ngx_str_t *name, ngx_eiam_node_t *child);
static ngx_int_t ngx_eiam_pointer_element(const ngx_eiam_node_t *node,
    const ngx_str_t *name, ngx_eiam_node_t *child);


ngx_int_t
ngx_eiam_pointer_read(const ngx_str_t *text, ngx_pool_t *pool,
    ngx_eiam_pointer_t *pointer)
{
    size_t      i;
    ngx_str_t   copy;
    ngx_uint_t  slashes;

    if (text->len == 0
        || (text->data[0] == '/' && !ngx_eiam_pointer_is_valid(text)))
    {
        return NGX_DECLINED;
    }

    slashes = 0;

    for (i = 0; text->data[0] == '/' && i < text->len; i++) {
        slashes += (text->data[i] == '/');
    }

    pointer->text = *text;
    pointer->depth = slashes ? slashes : 1;
    pointer->path = ngx_palloc(pool, pointer->depth * sizeof(ngx_str_t));

    copy.len = text->len;
    copy.data = ngx_pstrdup(pool, (ngx_str_t *) text);

    if (pointer->path == NULL || copy.data == NULL) {
        return NGX_ERROR;
    }

    if (slashes) {
        ngx_eiam_pointer_split(&copy, pointer);

    } else {
        pointer->path[0] = copy;
    }

    return NGX_OK;
}


/* RFC 6901, section 3 */

static ngx_uint_t
ngx_eiam_pointer_is_valid(const ngx_str_t *text)
{
    size_t  i;

    for (i = 0; i < text->len; i++) {

        if (text->data[i] == '~'
            && (i + 1 == text->len
                || (text->data[i + 1] != '0' && text->data[i + 1] != '1')))
        {
            return 0;
        }
    }

    return 1;
}


/* splits the text, which is overwritten */

static void
ngx_eiam_pointer_split(const ngx_str_t *text, ngx_eiam_pointer_t *pointer)
{
    u_char      *p, *last, *end;
    ngx_str_t   *name;

    name = pointer->path;
    last = text->data + text->len;

    for (p = text->data + 1; p <= last; p = end + 1) {

        end = ngx_strlchr(p, last, '/');

        if (end == NULL) {
            end = last;
        }

        name->data = p;
        name->len = ngx_eiam_node_unescape(p, end - p);
        name++;
    }
}


ngx_uint_t
ngx_eiam_pointer_equal(const ngx_eiam_pointer_t *a,
    const ngx_eiam_pointer_t *b)
{
    ngx_uint_t  i;

    if (a->depth != b->depth) {
        return 0;
    }

    for (i = 0; i < a->depth; i++) {

        if (!ngx_eiam_str_equal(&a->path[i], &b->path[i])) {
            return 0;
        }
    }

    return 1;
}


/* faults name the node's parents, so these must live as long as the tree */

ngx_int_t
ngx_eiam_pointer_find(const ngx_eiam_pointer_t *pointer,
    const ngx_eiam_node_t *root, ngx_eiam_node_t *node)
{
    ngx_int_t               rc;
    ngx_uint_t              i;
    ngx_eiam_node_t        *child;
    const ngx_eiam_node_t  *parent;

    parent = root;

    for (i = 1; i < pointer->depth; i++) {

        child = ngx_palloc(root->document->pool, sizeof(ngx_eiam_node_t));
        if (child == NULL) {
            return NGX_ERROR;
        }

        rc = ngx_eiam_pointer_step(parent, &pointer->path[i - 1], child);
        if (rc != NGX_OK) {
            return rc;
        }

        parent = child;
    }

    return ngx_eiam_pointer_step(parent, &pointer->path[i - 1], node);
}


static ngx_int_t
ngx_eiam_pointer_step(const ngx_eiam_node_t *node, const ngx_str_t *name,
    ngx_eiam_node_t *child)
{
    ngx_int_t  rc;

    if (ngx_eiam_node_is(node, NGX_EIAM_OBJECT)) {
        rc = ngx_eiam_node_has(node, name, child);

    } else if (ngx_eiam_node_is(node, NGX_EIAM_ARRAY)) {
        rc = ngx_eiam_pointer_element(node, name, child);

    } else {
        return ngx_eiam_fault(node, "must be an object or an array");
    }

    return (rc == NGX_OK && ngx_eiam_node_is(child, NGX_EIAM_NULL))
           ? NGX_DECLINED : rc;
}


/* an index has no leading zero: RFC 6901, section 4 */

static ngx_int_t
ngx_eiam_pointer_element(const ngx_eiam_node_t *node, const ngx_str_t *name,
    ngx_eiam_node_t *child)
{
    ngx_int_t  n;

    n = ngx_atoi(name->data, name->len);

    if (n == NGX_ERROR || (name->len > 1 && name->data[0] == '0')) {
        return ngx_eiam_fault(node, "has no element \"%V\"", name);
    }

    return ngx_eiam_node_element(node, n, child);
}
