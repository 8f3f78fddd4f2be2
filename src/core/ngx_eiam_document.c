
#include <ngx_eiam_document.h>
#include <ngx_eiam_text.h>

#include <jansson.h>


#define NGX_EIAM_FAULT_MAX  1024      /* bytes of a message */


static ngx_int_t ngx_eiam_document_read(ngx_eiam_document_t *document,
    ngx_fd_t fd, ngx_str_t *text);
static void *ngx_eiam_document_allocate(size_t size);
static void ngx_eiam_document_release(void *p);
static u_char *ngx_eiam_node_pointer(u_char *p, u_char *last,
    const ngx_eiam_node_t *node);
static void ngx_eiam_node_child(const ngx_eiam_node_t *node,
    ngx_eiam_node_t *child, json_t *value);
static json_t *ngx_eiam_node_follow(json_t *value, ngx_str_t pointer);


static ngx_pool_t  *ngx_eiam_document_pool;       /* of what is being read */


static const char *const  ngx_eiam_type_names[] = {
    "an object", "an array", "a string", "a number", "an integer",
    "true or false", "null"
};


ngx_int_t
ngx_eiam_document_open(ngx_eiam_document_t *document, ngx_eiam_node_t *root)
{
    ngx_fd_t   fd;
    ngx_int_t  rc;
    ngx_str_t  text;

    /* a FIFO would block without this */
    fd = ngx_open_file(document->name.data,
                       NGX_FILE_RDONLY|NGX_FILE_NONBLOCK, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        return ngx_eiam_document_fault(document, "cannot be opened (%d: %s)",
                                       ngx_errno, strerror(ngx_errno));
    }

    rc = ngx_eiam_document_read(document, fd, &text);

    (void) ngx_close_file(fd);

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_eiam_digest(&text, document->digest);

    if (rc == NGX_OK) {
        rc = ngx_eiam_document_parse(document, &text, root);
    }

    ngx_free(text.data);

    return rc;
}


static ngx_int_t
ngx_eiam_document_read(ngx_eiam_document_t *document, ngx_fd_t fd,
    ngx_str_t *text)
{
    ssize_t          n;
    ngx_file_info_t  fi;

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR || !ngx_is_file(&fi)) {
        return ngx_eiam_document_fault(document, "is not a regular file");
    }

    if (ngx_file_size(&fi) > NGX_EIAM_DOCUMENT_MAX) {
        return ngx_eiam_document_fault(document, "is larger than %d bytes",
                                       NGX_EIAM_DOCUMENT_MAX);
    }

    text->data = ngx_alloc(ngx_file_size(&fi) + 1, document->pool->log);
    if (text->data == NULL) {
        return NGX_ERROR;
    }

    text->len = 0;

    do {
        n = ngx_read_fd(fd, text->data + text->len,
                        ngx_file_size(&fi) - text->len);
        text->len += ngx_max(n, 0);

    } while (n > 0);

    if (n == 0 && (off_t) text->len == ngx_file_size(&fi)) {
        return NGX_OK;
    }

    ngx_free(text->data);

    return ngx_eiam_document_fault(document, "cannot be read");
}


ngx_int_t
ngx_eiam_document_parse(ngx_eiam_document_t *document, const ngx_str_t *text,
    ngx_eiam_node_t *root)
{
    json_t         *value;
    json_free_t     release;
    json_error_t    error;
    json_malloc_t   allocate;

    /* other modules may use jansson too, with functions of their own */

    json_get_alloc_funcs(&allocate, &release);
    json_set_alloc_funcs(ngx_eiam_document_allocate,
                         ngx_eiam_document_release);

    ngx_eiam_document_pool = document->pool;

    value = json_loadb((char *) text->data, text->len, JSON_REJECT_DUPLICATES,
                       &error);

    json_set_alloc_funcs(allocate, release);

    if (value == NULL) {
        return ngx_eiam_document_fault(document, "line %d column %d: %s",
                                       error.line, error.column,
                                       document->secret ? "bad JSON"
                                                        : error.text);
    }

    ngx_memzero(root, sizeof(ngx_eiam_node_t));

    root->document = document;
    root->value = value;

    return NGX_OK;
}


/* the tree is never changed, so it can go as its pool does: all at once */

static void *
ngx_eiam_document_allocate(size_t size)
{
    return ngx_palloc(ngx_eiam_document_pool, size);
}


static void
ngx_eiam_document_release(void *p)
{
}


ngx_int_t
ngx_eiam_document_fault(ngx_eiam_document_t *document, const char *fmt, ...)
{
    u_char     buf[NGX_EIAM_FAULT_MAX], *p, *last;
    va_list    args;
    ngx_str_t  text;

    p = ngx_pnalloc(document->pool, NGX_EIAM_FAULT_MAX);
    if (p == NULL) {
        return NGX_ERROR;
    }

    document->fault.data = p;
    last = p + NGX_EIAM_FAULT_MAX;

    p = ngx_slprintf(p, last, "\"%V\": ", &document->name);

    va_start(args, fmt);
    text.data = buf;
    text.len = ngx_vslprintf(buf, buf + NGX_EIAM_FAULT_MAX, fmt, args) - buf;
    va_end(args);

    p = ngx_eiam_text_escape(p, last, &text,
                             NGX_EIAM_TEXT_UTF8|NGX_EIAM_TEXT_QUOTES);

    document->fault.len = p - document->fault.data;

    return NGX_ERROR;
}


ngx_int_t
ngx_eiam_fault(const ngx_eiam_node_t *node, const char *fmt, ...)
{
    u_char     buf[NGX_EIAM_FAULT_MAX], *p, *reason;
    va_list    args;
    ngx_str_t  pointer, text;

    p = ngx_eiam_node_pointer(buf, buf + NGX_EIAM_FAULT_MAX / 2, node);

    pointer.data = buf;
    pointer.len = p - buf;

    reason = p;

    va_start(args, fmt);
    p = ngx_vslprintf(p, buf + NGX_EIAM_FAULT_MAX, fmt, args);
    va_end(args);

    text.data = reason;
    text.len = p - reason;

    return ngx_eiam_document_fault(node->document, "%V: %V", &pointer, &text);
}


static u_char *
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
        return ngx_eiam_fault(node, "must be %s", ngx_eiam_type_names[type]);
    }

    return NGX_OK;
}


ngx_uint_t
ngx_eiam_node_is(const ngx_eiam_node_t *node, ngx_eiam_type_e type)
{
    json_t  *value;

    value = node->value;

    switch (type) {

    case NGX_EIAM_OBJECT:
        return json_is_object(value);

    case NGX_EIAM_ARRAY:
        return json_is_array(value);

    case NGX_EIAM_STRING:
        return json_is_string(value);

    case NGX_EIAM_NUMBER:
        return json_is_number(value);

    case NGX_EIAM_INTEGER:
        return json_is_integer(value);

    case NGX_EIAM_BOOLEAN:
        return json_is_boolean(value);

    case NGX_EIAM_NULL:
        return json_is_null(value);

    default: /* NGX_EIAM_ANY */
        return 1;
    }
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
    json_t  *value;

    value = json_object_getn(node->value, (char *) name->data, name->len);
    if (value == NULL) {
        return NGX_DECLINED;
    }

    ngx_eiam_node_child(node, member, value);
    member->key = *name;

    return NGX_OK;
}


static void
ngx_eiam_node_child(const ngx_eiam_node_t *node, ngx_eiam_node_t *child,
    json_t *value)
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
    ngx_uint_t   index;

    if (json_is_array((json_t *) node->value)) {
        index = child->parent ? child->index + 1 : 0;

        return ngx_eiam_node_element(node, index, child);
    }

    iterator = child->parent
               ? json_object_iter_next(node->value, child->iterator)
               : json_object_iter(node->value);

    if (iterator == NULL) {
        return NGX_DECLINED;
    }

    ngx_eiam_node_child(node, child, json_object_iter_value(iterator));

    child->iterator = iterator;
    child->key.data = (u_char *) json_object_iter_key(iterator);
    child->key.len = ngx_strlen(child->key.data);

    return NGX_OK;
}


ngx_int_t
ngx_eiam_node_element(const ngx_eiam_node_t *array, ngx_uint_t index,
    ngx_eiam_node_t *element)
{
    json_t  *value;

    value = json_array_get(array->value, index);
    if (value == NULL) {
        return NGX_DECLINED;
    }

    ngx_eiam_node_child(array, element, value);
    element->index = index;

    return NGX_OK;
}


ngx_int_t
ngx_eiam_node_resolve(const ngx_eiam_node_t *reference,
    ngx_eiam_node_t *target)
{
    json_t                 *value;
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

    /* messages name the way through the reference */
    ngx_eiam_node_child(reference->parent, target, value);
    target->key = reference->key;

    return NGX_OK;
}


static json_t *
ngx_eiam_node_follow(json_t *value, ngx_str_t pointer)
{
    u_char  key[NGX_EIAM_FAULT_MAX], *p, *last, *end;
    size_t  len;

    last = pointer.data + pointer.len;

    for (p = pointer.data; p <= last && value; p = end + 1) {

        end = ngx_strlchr(p, last, '/');

        if (end == NULL) {
            end = last;
        }

        len = end - p;

        if (len >= sizeof(key)) {
            return NULL;
        }

        ngx_memcpy(key, p, len);
        len = ngx_eiam_node_unescape(key, len);

        value = json_object_getn(value, (char *) key, len);
    }

    return value;
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
    ngx_str_t  text;

    text.data = (u_char *) json_string_value(node->value);
    text.len = json_string_length(node->value);

    return text;
}


ngx_uint_t
ngx_eiam_node_true(const ngx_eiam_node_t *node)
{
    return json_is_true((json_t *) node->value);
}


double
ngx_eiam_node_number(const ngx_eiam_node_t *node)
{
    return json_number_value(node->value);
}


ngx_uint_t
ngx_eiam_node_count(const ngx_eiam_node_t *node)
{
    return json_is_array((json_t *) node->value)
           ? json_array_size(node->value) : json_object_size(node->value);
}
