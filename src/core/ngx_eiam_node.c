
#include <ngx_eiam_node.h>
#include <ngx_eiam_string.h>
#include <ngx_eiam_utf8.h>


static void ngx_eiam_node_child(const ngx_eiam_node_t *node,
    ngx_eiam_node_t *child, void *value);
static void *ngx_eiam_node_follow(void *value, ngx_str_t pointer);
static void *ngx_eiam_node_named(void *value, const ngx_str_t *key);


static const char *const  ngx_eiam_node_types[] = {
    "an object", "an array", "a string", "a number", "an integer",
    "true or false", "null"
};


void
ngx_eiam_node_root(ngx_eiam_document_t *document, void *value,
    ngx_eiam_node_t *root)
{
    ngx_memzero(root, sizeof(ngx_eiam_node_t));

    root->document = document;
    root->value = value;
}


u_char *
ngx_eiam_node_pointer(u_char *p, u_char *last, const ngx_eiam_node_t *node)
{
    size_t  i;

    if (node->parent == NULL) {
        return ngx_slprintf(p, last, "#");
    }

    p = ngx_eiam_node_pointer(p, last, node->parent);

    if (node->key.data == NULL) {
        return ngx_slprintf(p, last, "/%ui", node->index);
    }

    p = ngx_slprintf(p, last, "/");

    for (i = 0; i < node->key.len; i++) {

        switch (node->key.data[i]) {

        case '~':
            p = ngx_slprintf(p, last, "~0");
            break;

        case '/':
            p = ngx_slprintf(p, last, "~1");
            break;

        default:
            p = ngx_slprintf(p, last, "%c", node->key.data[i]);
        }
    }

    return p;
}


ngx_int_t
ngx_eiam_node_expect(const ngx_eiam_node_t *node, ngx_eiam_type_e type)
{
    if (!ngx_eiam_node_is(node, type)) {
        return ngx_eiam_fault(node, "must be %s", ngx_eiam_node_types[type]);
    }

    return NGX_OK;
}


ngx_uint_t
ngx_eiam_node_is(const ngx_eiam_node_t *node, ngx_eiam_type_e type)
{
    return ngx_eiam_value_is(node->value, type);
}


ngx_int_t
ngx_eiam_node_member(const ngx_eiam_node_t *node, const char *name,
    ngx_eiam_type_e type, ngx_eiam_node_t *member)
{
    ngx_str_t  key;

    key.data = (u_char *) name;
    key.len = ngx_strlen(name);

    if (ngx_eiam_node_has(node, &key, member) != NGX_OK) {
        return NGX_DECLINED;
    }

    return ngx_eiam_node_expect(member, type);
}


ngx_int_t
ngx_eiam_node_has(const ngx_eiam_node_t *node, const ngx_str_t *name,
    ngx_eiam_node_t *member)
{
    void  *value;

    value = ngx_eiam_value_member(node->value, name);
    if (value == NULL) {
        return NGX_DECLINED;
    }

    ngx_eiam_node_child(node, member, value);
    member->key = *name;

    return NGX_OK;
}


static void
ngx_eiam_node_child(const ngx_eiam_node_t *node, ngx_eiam_node_t *child,
    void *value)
{
    ngx_memzero(child, sizeof(ngx_eiam_node_t));

    child->document = node->document;
    child->parent = node;
    child->value = value;
}


ngx_int_t
ngx_eiam_node_next(const ngx_eiam_node_t *node, ngx_eiam_node_t *child)
{
    void        *iterator;
    ngx_str_t    key;
    ngx_uint_t   index;

    if (ngx_eiam_value_is(node->value, NGX_EIAM_ARRAY)) {
        index = child->parent ? child->index + 1 : 0;

        return ngx_eiam_node_element(node, index, child);
    }

    iterator = child->parent
               ? ngx_eiam_value_next(node->value, child->iterator)
               : ngx_eiam_value_first(node->value);

    if (iterator == NULL) {
        return NGX_DECLINED;
    }

    ngx_eiam_node_child(node, child, ngx_eiam_value_at(iterator, &key));

    child->iterator = iterator;
    child->key = key;

    return NGX_OK;
}


ngx_int_t
ngx_eiam_node_element(const ngx_eiam_node_t *array, ngx_uint_t index,
    ngx_eiam_node_t *element)
{
    void  *value;

    value = ngx_eiam_value_element(array->value, index);
    if (value == NULL) {
        return NGX_DECLINED;
    }

    ngx_eiam_node_child(array, element, value);
    element->index = index;

    return NGX_OK;
}


ngx_uint_t
ngx_eiam_node_ordinal(const ngx_eiam_node_t *node)
{
    void        *iterator;
    ngx_str_t    key;
    ngx_uint_t   n;

    if (node->parent == NULL || node->key.data == NULL) {
        return node->index;
    }

    iterator = ngx_eiam_value_first(node->parent->value);

    for (n = 0; iterator; n++) {

        (void) ngx_eiam_value_at(iterator, &key);

        if (ngx_eiam_str_equal(&key, &node->key)) {
            break;
        }

        iterator = ngx_eiam_value_next(node->parent->value, iterator);
    }

    return n;
}


ngx_int_t
ngx_eiam_node_resolve(const ngx_eiam_node_t *reference,
    ngx_eiam_node_t *target)
{
    void                   *value;
    ngx_str_t               text, pointer;
    const ngx_eiam_node_t  *root;

    for (root = reference; root->parent; root = root->parent) { /* void */ }

    text = ngx_eiam_node_string(reference);

    if (text.len < 2 || text.data[0] != '#' || text.data[1] != '/') {
        return ngx_eiam_fault(reference, "unsupported $ref \"%V\", only "
                              "\"#/...\" is", &text);
    }

    pointer.data = text.data + 2;
    pointer.len = text.len - 2;

    value = ngx_eiam_node_follow(root->value, pointer);

    if (value == NULL) {
        return ngx_eiam_fault(reference, "$ref \"%V\" points to nothing",
                              &text);
    }

    /* a fault in the target is reported with the way through the reference */
    ngx_eiam_node_child(reference->parent, target, value);
    target->key = reference->key;

    return NGX_OK;
}


/* the pointer as a fragment of a URI: RFC 6901, section 6 */

static void *
ngx_eiam_node_follow(void *value, ngx_str_t pointer)
{
    u_char     name[NGX_EIAM_FAULT_MAX], *p, *last, *end, *src, *dst;
    ngx_str_t  key;

    last = pointer.data + pointer.len;

    for (p = pointer.data; p <= last && value; p = end + 1) {

        end = ngx_strlchr(p, last, '/');

        if (end == NULL) {
            end = last;
        }

        if (end - p >= (ssize_t) sizeof(name)) {
            return NULL;
        }

        src = p;
        dst = name;

        ngx_unescape_uri(&dst, &src, end - p, 0);

        key.data = name;
        key.len = ngx_eiam_node_unescape(name, dst - name);

        value = ngx_eiam_node_named(value, &key);
    }

    return value;
}


/* RFC 6901, section 4: an index has no leading zeros */

static void *
ngx_eiam_node_named(void *value, const ngx_str_t *key)
{
    ngx_int_t  index;

    if (!ngx_eiam_value_is(value, NGX_EIAM_ARRAY)) {
        return ngx_eiam_value_member(value, key);
    }

    index = ngx_atoi(key->data, key->len);

    if (index == NGX_ERROR || (key->data[0] == '0' && key->len > 1)) {
        return NULL;
    }

    return ngx_eiam_value_element(value, index);
}


/* "~1" is "/", "~0" is "~": RFC 6901, section 4 */

size_t
ngx_eiam_node_unescape(u_char *p, size_t len)
{
    u_char  *out, *start, *last;

    start = p;
    last = p + len;

    for (out = p; p < last; p++) {

        if (*p == '~' && p + 1 < last && (p[1] == '0' || p[1] == '1')) {
            *out++ = (*++p == '0') ? '~' : '/';
            continue;
        }

        *out++ = *p;
    }

    return out - start;
}


ngx_str_t
ngx_eiam_node_string(const ngx_eiam_node_t *node)
{
    return ngx_eiam_value_text(node->value);
}


ngx_uint_t
ngx_eiam_node_true(const ngx_eiam_node_t *node)
{
    return ngx_eiam_value_is_true(node->value);
}


double
ngx_eiam_node_number(const ngx_eiam_node_t *node)
{
    return ngx_eiam_value_number(node->value);
}


ngx_uint_t
ngx_eiam_node_count(const ngx_eiam_node_t *node)
{
    return ngx_eiam_value_count(node->value);
}


ngx_int_t
ngx_eiam_node_require(const ngx_eiam_node_t *node, const char *name,
    ngx_eiam_type_e type, ngx_eiam_node_t *member)
{
    ngx_int_t  rc;

    rc = ngx_eiam_node_member(node, name, type, member);

    return (rc == NGX_DECLINED) ? ngx_eiam_fault(node, "has no \"%s\"", name)
                                : rc;
}


ngx_int_t
ngx_eiam_node_text(const ngx_eiam_node_t *node, const char *name,
    ngx_str_t *text)
{
    ngx_int_t        rc;
    ngx_eiam_node_t  member;

    rc = ngx_eiam_node_member(node, name, NGX_EIAM_STRING, &member);

    if (rc == NGX_OK) {
        *text = ngx_eiam_node_string(&member);
    }

    return rc;
}


ngx_uint_t
ngx_eiam_node_is_extension(const ngx_eiam_node_t *member)
{
    return ngx_strncmp(member->key.data, "x-", 2) == 0;
}


/* the target of a reference is no reference, so there are no cycles */

ngx_int_t
ngx_eiam_node_refer(const ngx_eiam_node_t *reference,
    ngx_eiam_node_t *target)
{
    ngx_eiam_node_t  nested;

    if (ngx_eiam_node_expect(reference, NGX_EIAM_STRING) != NGX_OK
        || ngx_eiam_node_resolve(reference, target) != NGX_OK
        || ngx_eiam_node_expect(target, NGX_EIAM_OBJECT) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_eiam_node_member(target, "$ref", NGX_EIAM_ANY, &nested)
        == NGX_OK)
    {
        return ngx_eiam_fault(reference, "unsupported $ref to another $ref");
    }

    return NGX_OK;
}


ngx_int_t
ngx_eiam_node_copy(const ngx_eiam_node_t *node, ngx_pool_t *pool,
    ngx_str_t *copy)
{
    ngx_str_t  text;

    text = ngx_eiam_node_string(node);

    copy->len = text.len;
    copy->data = ngx_pstrdup(pool, &text);

    return copy->data ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_eiam_node_printable(const ngx_eiam_node_t *node, size_t max)
{
    ngx_str_t  text;

    text = ngx_eiam_node_string(node);

    if (text.len == 0 || text.len > max) {
        return ngx_eiam_fault(node, "must have 1 to %uz bytes", max);
    }

    if (!ngx_eiam_utf8_is_text(&text)) {
        return ngx_eiam_fault(node, "must not have control characters");
    }

    return NGX_OK;
}


ngx_int_t
ngx_eiam_node_identifier(const ngx_eiam_node_t *node, size_t max)
{
    ngx_str_t  text;

    if (ngx_eiam_node_printable(node, max) != NGX_OK) {
        return NGX_ERROR;
    }

    text = ngx_eiam_node_string(node);

    if (text.data[0] == ' ' || text.data[text.len - 1] == ' ') {
        return ngx_eiam_fault(node, "must not begin or end with a space");
    }

    return NGX_OK;
}
