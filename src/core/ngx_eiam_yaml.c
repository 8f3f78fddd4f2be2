
#include <ngx_eiam_yaml.h>
#include <ngx_eiam_anchor.h>
#include <ngx_eiam_mark.h>
#include <ngx_eiam_scalar.h>


#if (NGX_EIAM_HAVE_YAML)

#include <yaml.h>


typedef struct ngx_eiam_yaml_level_s  ngx_eiam_yaml_level_t;


/* an object or an array that is being read */

struct ngx_eiam_yaml_level_s {
    ngx_eiam_yaml_level_t   *up;
    ngx_eiam_yaml_level_t   *down;        /* allocated once, then used again */
    ngx_eiam_node_t          node;        /* node.value is the container */
    ngx_eiam_node_t          child;       /* the value that is read next */
    ngx_uint_t               named;       /* flag: child.key has been read */
    ngx_array_t             *marks;
    ngx_eiam_anchor_t       *anchor;      /* of the container, or NULL */
    ngx_uint_t               values;      /* read before the container */
    ngx_uint_t               height;      /* levels below it, up to now */
};


typedef struct {
    ngx_eiam_document_t     *document;
    const ngx_str_t         *text;
    yaml_parser_t            parser;
    yaml_event_t             event;
    ngx_eiam_yaml_level_t    top;         /* no value itself: holds the root */
    ngx_eiam_yaml_level_t   *level;
    ngx_uint_t               depth;
    ngx_uint_t               values;      /* and those that aliases repeat */
    ngx_uint_t               aliased;
    void                    *root;
    ngx_eiam_anchors_t       anchors;
} ngx_eiam_yaml_t;


static ngx_int_t ngx_eiam_yaml_read(ngx_eiam_yaml_t *yaml);
static ngx_int_t ngx_eiam_yaml_event(ngx_eiam_yaml_t *yaml);
static ngx_int_t ngx_eiam_yaml_key(ngx_eiam_yaml_t *yaml);
static ngx_int_t ngx_eiam_yaml_mark(ngx_eiam_yaml_t *yaml);
static ngx_int_t ngx_eiam_yaml_value(ngx_eiam_yaml_t *yaml);
static ngx_int_t ngx_eiam_yaml_scalar(ngx_eiam_yaml_t *yaml);
static ngx_int_t ngx_eiam_yaml_alias(ngx_eiam_yaml_t *yaml);
static ngx_int_t ngx_eiam_yaml_down(ngx_eiam_yaml_t *yaml, void *container,
    const yaml_char_t *anchor);
static ngx_int_t ngx_eiam_yaml_up(ngx_eiam_yaml_t *yaml);
static ngx_int_t ngx_eiam_yaml_add(ngx_eiam_yaml_t *yaml, void *value,
    ngx_uint_t values, ngx_uint_t height);
static ngx_int_t ngx_eiam_yaml_anchor(ngx_eiam_yaml_t *yaml,
    const yaml_char_t *name, void *value, ngx_eiam_anchor_t **anchor);
static ngx_int_t ngx_eiam_yaml_error(ngx_eiam_yaml_t *yaml);
static ngx_int_t ngx_eiam_yaml_fault(ngx_eiam_yaml_t *yaml,
    const yaml_mark_t *mark, const char *fmt, ...);


ngx_int_t
ngx_eiam_yaml_parse(ngx_eiam_document_t *document, const ngx_str_t *text,
    ngx_eiam_node_t *root)
{
    ngx_int_t         rc;
    ngx_eiam_yaml_t  *yaml;

    yaml = ngx_pcalloc(document->pool, sizeof(ngx_eiam_yaml_t));

    if (yaml == NULL || !yaml_parser_initialize(&yaml->parser)) {
        return NGX_ERROR;
    }

    yaml_parser_set_encoding(&yaml->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&yaml->parser, text->data, text->len);

    yaml->document = document;
    yaml->text = text;
    yaml->level = &yaml->top;
    yaml->top.child.document = document;

    ngx_eiam_anchor_init(&yaml->anchors);

    ngx_eiam_value_begin(document->pool);

    rc = ngx_eiam_yaml_read(yaml);

    ngx_eiam_value_end();
    yaml_parser_delete(&yaml->parser);

    if (rc == NGX_OK) {
        ngx_eiam_node_root(document, yaml->root, root);
    }

    return rc;
}


static ngx_int_t
ngx_eiam_yaml_read(ngx_eiam_yaml_t *yaml)
{
    ngx_int_t          rc;
    yaml_event_type_t  type;

    do {
        if (!yaml_parser_parse(&yaml->parser, &yaml->event)) {
            return ngx_eiam_yaml_error(yaml);
        }

        type = yaml->event.type;
        rc = ngx_eiam_yaml_event(yaml);

        yaml_event_delete(&yaml->event);

    } while (rc == NGX_OK && type != YAML_STREAM_END_EVENT);

    return rc;
}


static ngx_int_t
ngx_eiam_yaml_event(ngx_eiam_yaml_t *yaml)
{
    yaml_mark_t  *start;

    start = &yaml->event.start_mark;

    switch (yaml->event.type) {

    case YAML_DOCUMENT_START_EVENT:
        return yaml->root ? ngx_eiam_yaml_fault(yaml, start,
                                                "is a second document")
                          : NGX_OK;

    case YAML_STREAM_END_EVENT:
        return yaml->root ? NGX_OK
                          : ngx_eiam_yaml_fault(yaml, start,
                                                "has no document");

    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        return ngx_eiam_yaml_up(yaml);

    case YAML_ALIAS_EVENT:
    case YAML_SCALAR_EVENT:
    case YAML_MAPPING_START_EVENT:
    case YAML_SEQUENCE_START_EVENT:
        break;

    default: /* YAML_STREAM_START_EVENT, YAML_DOCUMENT_END_EVENT */
        return NGX_OK;
    }

    if (yaml->level->node.value
        && ngx_eiam_node_is(&yaml->level->node, NGX_EIAM_OBJECT)
        && !yaml->level->named)
    {
        return ngx_eiam_yaml_key(yaml);
    }

    return ngx_eiam_yaml_value(yaml);
}


static ngx_int_t
ngx_eiam_yaml_key(ngx_eiam_yaml_t *yaml)
{
    ngx_str_t               key;
    yaml_mark_t            *start;
    ngx_eiam_yaml_level_t  *level;

    level = yaml->level;
    start = &yaml->event.start_mark;

    level->child.parent = NULL;

    if (yaml->event.type != YAML_SCALAR_EVENT) {
        return ngx_eiam_yaml_fault(yaml, start, "a key must be a scalar");
    }

    if (yaml->event.data.scalar.tag || yaml->event.data.scalar.anchor) {
        return ngx_eiam_yaml_fault(yaml, start, "a key must have no tag and "
                                   "no anchor");
    }

    key.data = yaml->event.data.scalar.value;
    key.len = yaml->event.data.scalar.length;

    if (yaml->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE
        && key.len == 2 && ngx_strncmp(key.data, "<<", 2) == 0)
    {
        return ngx_eiam_yaml_fault(yaml, start, "unsupported merge key "
                                   "\"<<\"");
    }

    if (ngx_strlchr(key.data, key.data + key.len, '\0')) {
        return ngx_eiam_yaml_fault(yaml, start, "a key must not have a NUL");
    }

    if (ngx_eiam_value_member(level->node.value, &key)) {
        return ngx_eiam_yaml_fault(yaml, start, "duplicate key \"%V\"", &key);
    }

    ngx_memzero(&level->child, sizeof(ngx_eiam_node_t));

    level->child.document = yaml->document;
    level->child.parent = &level->node;
    level->child.key.len = key.len;
    level->child.key.data = ngx_pstrdup(yaml->document->pool, &key);
    level->named = 1;

    return level->child.key.data ? ngx_eiam_yaml_mark(yaml) : NGX_ERROR;
}


/* marks where a member or an element begins */

static ngx_int_t
ngx_eiam_yaml_mark(ngx_eiam_yaml_t *yaml)
{
    ngx_eiam_mark_t  *mark;

    mark = ngx_array_push(yaml->level->marks);
    if (mark == NULL) {
        return NGX_ERROR;
    }

    mark->line = yaml->event.start_mark.line + 1;
    mark->column = yaml->event.start_mark.column + 1;

    return NGX_OK;
}


static ngx_int_t
ngx_eiam_yaml_value(ngx_eiam_yaml_t *yaml)
{
    yaml_event_t  *event;

    event = &yaml->event;

    if (yaml->level->node.value && !yaml->level->named) {

        yaml->level->child.document = yaml->document;
        yaml->level->child.parent = &yaml->level->node;
        yaml->level->child.index = yaml->level->marks->nelts;

        if (ngx_eiam_yaml_mark(yaml) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    switch (event->type) {

    case YAML_ALIAS_EVENT:
        return ngx_eiam_yaml_alias(yaml);

    case YAML_MAPPING_START_EVENT:

        if (event->data.mapping_start.tag) {
            break;
        }

        return ngx_eiam_yaml_down(yaml, ngx_eiam_value_object(),
                                  event->data.mapping_start.anchor);

    case YAML_SEQUENCE_START_EVENT:

        if (event->data.sequence_start.tag) {
            break;
        }

        return ngx_eiam_yaml_down(yaml, ngx_eiam_value_array(),
                                  event->data.sequence_start.anchor);

    default: /* YAML_SCALAR_EVENT */

        if (event->data.scalar.tag) {
            break;
        }

        return ngx_eiam_yaml_scalar(yaml);
    }

    return ngx_eiam_yaml_fault(yaml, &event->start_mark, "unsupported tag");
}


static ngx_int_t
ngx_eiam_yaml_scalar(ngx_eiam_yaml_t *yaml)
{
    void          *value;
    ngx_str_t      text;
    ngx_uint_t     plain;
    yaml_event_t  *event;

    event = &yaml->event;

    text.data = event->data.scalar.value;
    text.len = event->data.scalar.length;

    if (ngx_strlchr(text.data, text.data + text.len, '\0')) {
        return ngx_eiam_yaml_fault(yaml, &event->start_mark,
                                   "must not have a NUL");
    }

    plain = (event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE);

    if (plain && ngx_eiam_scalar_is_no_json(&text)) {
        return ngx_eiam_yaml_fault(yaml, &event->start_mark,
                                   "\"%V\" is not a number of JSON", &text);
    }

    value = plain ? ngx_eiam_scalar_value(&text)
                  : ngx_eiam_value_string(&text);

    if (value == NULL
        || ngx_eiam_yaml_anchor(yaml, event->data.scalar.anchor, value, NULL)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_eiam_yaml_add(yaml, value, 1, 0);
}


static ngx_int_t
ngx_eiam_yaml_alias(ngx_eiam_yaml_t *yaml)
{
    ngx_str_t           name;
    ngx_eiam_anchor_t  *anchor;

    name.data = yaml->event.data.alias.anchor;
    name.len = ngx_strlen(name.data);

    anchor = ngx_eiam_anchor_find(&yaml->anchors, &name);

    if (anchor == NULL) {
        return ngx_eiam_yaml_fault(yaml, &yaml->event.start_mark,
                                   "there is no anchor \"%V\" before it",
                                   &name);
    }

    if (anchor->value == NULL) {
        return ngx_eiam_yaml_fault(yaml, &yaml->event.start_mark,
                                   "alias \"%V\" leads to itself", &name);
    }

    yaml->aliased += anchor->values;

    if (yaml->aliased > NGX_EIAM_YAML_ALIASED_MAX) {
        return ngx_eiam_yaml_fault(yaml, &yaml->event.start_mark,
                                   "aliases repeat more than %d values",
                                   NGX_EIAM_YAML_ALIASED_MAX);
    }

    return ngx_eiam_yaml_add(yaml, anchor->value, anchor->values,
                             anchor->height);
}


/* descends to the values of a container */

static ngx_int_t
ngx_eiam_yaml_down(ngx_eiam_yaml_t *yaml, void *container,
    const yaml_char_t *anchor)
{
    ngx_eiam_yaml_level_t  *level, *up;

    up = yaml->level;

    if (up->down == NULL) {
        up->down = ngx_pcalloc(yaml->document->pool,
                               sizeof(ngx_eiam_yaml_level_t));
    }

    level = up->down;

    if (container == NULL || level == NULL) {
        return NGX_ERROR;
    }

    if (++yaml->depth > NGX_EIAM_VALUE_DEPTH_MAX) {
        return ngx_eiam_yaml_fault(yaml, &yaml->event.start_mark,
                                   "has more than %d levels",
                                   NGX_EIAM_VALUE_DEPTH_MAX);
    }

    level->up = up;
    level->node = up->child;
    level->node.value = container;
    level->named = 0;
    level->anchor = NULL;
    level->values = yaml->values;
    level->height = 0;
    level->marks = ngx_eiam_mark_create(yaml->document, container);

    ngx_memzero(&level->child, sizeof(ngx_eiam_node_t));

    yaml->level = level;

    if (level->marks == NULL) {
        return NGX_ERROR;
    }

    return ngx_eiam_yaml_anchor(yaml, anchor, NULL, &level->anchor);
}


static ngx_int_t
ngx_eiam_yaml_up(ngx_eiam_yaml_t *yaml)
{
    ngx_uint_t              values;
    ngx_eiam_yaml_level_t  *level;

    level = yaml->level;
    values = yaml->values - level->values + 1;

    if (level->anchor) {
        level->anchor->value = level->node.value;
        level->anchor->values = values;
        level->anchor->height = level->height + 1;
    }

    yaml->level = level->up;
    yaml->depth--;
    yaml->values = level->values;

    return ngx_eiam_yaml_add(yaml, level->node.value, values,
                             level->height + 1);
}


static ngx_int_t
ngx_eiam_yaml_add(ngx_eiam_yaml_t *yaml, void *value, ngx_uint_t values,
    ngx_uint_t height)
{
    ngx_eiam_yaml_level_t  *level;

    level = yaml->level;

    if (yaml->depth + height > NGX_EIAM_VALUE_DEPTH_MAX) {
        return ngx_eiam_yaml_fault(yaml, &yaml->event.start_mark,
                                   "has more than %d levels",
                                   NGX_EIAM_VALUE_DEPTH_MAX);
    }

    yaml->values += values;
    level->height = ngx_max(level->height, height);

    if (level->up == NULL) {
        yaml->root = value;
        return NGX_OK;
    }

    level->child.parent = NULL;

    if (!level->named) {
        return ngx_eiam_value_append(level->node.value, value);
    }

    level->named = 0;

    return ngx_eiam_value_set(level->node.value, &level->child.key, value);
}


/* value is NULL: it becomes known at the end of the container */

static ngx_int_t
ngx_eiam_yaml_anchor(ngx_eiam_yaml_t *yaml, const yaml_char_t *name,
    void *value, ngx_eiam_anchor_t **anchor)
{
    ngx_str_t           text;
    ngx_eiam_anchor_t  *a;

    if (name == NULL) {
        return NGX_OK;
    }

    text.data = (u_char *) name;
    text.len = ngx_strlen(name);

    if (ngx_eiam_anchor_find(&yaml->anchors, &text)) {
        return ngx_eiam_yaml_fault(yaml, &yaml->event.start_mark,
                                   "anchor \"%V\" occurs twice", &text);
    }

    a = ngx_eiam_anchor_add(&yaml->anchors, &text, yaml->document->pool);
    if (a == NULL) {
        return NGX_ERROR;
    }

    a->value = value;
    a->values = 1;

    if (anchor) {
        *anchor = a;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_eiam_yaml_error(ngx_eiam_yaml_t *yaml)
{
    const char       *context;
    yaml_mark_t       mark;
    ngx_eiam_mark_t   at;

    if (yaml->parser.problem == NULL) {
        return NGX_ERROR;
    }

    mark = yaml->parser.problem_mark;

    if (yaml->parser.error == YAML_READER_ERROR) {

        at = ngx_eiam_mark_at(yaml->text, yaml->parser.problem_offset);

        mark.line = at.line - 1;
        mark.column = at.column - 1;
    }

    context = yaml->parser.context;

    return ngx_eiam_yaml_fault(yaml, &mark, "%s%s%s", yaml->parser.problem,
                               context ? " " : "", context ? context : "");
}


/* a fault at the next value, or at the container whose key comes next */

static ngx_int_t
ngx_eiam_yaml_fault(ngx_eiam_yaml_t *yaml, const yaml_mark_t *mark,
    const char *fmt, ...)
{
    u_char                  pointer[NGX_EIAM_FAULT_MAX / 2];
    u_char                  reason[NGX_EIAM_FAULT_MAX];
    va_list                 args;
    ngx_str_t               where, what;
    ngx_eiam_node_t        *node;
    ngx_eiam_yaml_level_t  *level;

    level = yaml->level;

    node = level->child.parent ? &level->child : &level->node;

    where.data = pointer;
    where.len = ngx_eiam_node_pointer(pointer, pointer + sizeof(pointer),
                                      node)
                - pointer;

    va_start(args, fmt);
    what.data = reason;
    what.len = ngx_vslprintf(reason, reason + sizeof(reason), fmt, args)
               - reason;
    va_end(args);

    return ngx_eiam_document_fault(yaml->document,
                                   "line %uz column %uz: %V: %V",
                                   mark->line + 1, mark->column + 1, &where,
                                   &what);
}


#else /* !NGX_EIAM_HAVE_YAML */


ngx_int_t
ngx_eiam_yaml_parse(ngx_eiam_document_t *document, const ngx_str_t *text,
    ngx_eiam_node_t *root)
{
    return ngx_eiam_document_fault(document, "is not JSON, and the module was "
                                   "built without libyaml, which reads YAML");
}


#endif
