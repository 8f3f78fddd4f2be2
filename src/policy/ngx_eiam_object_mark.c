
#include <ngx_eiam_hash.h>
#include <ngx_eiam_object_mark.h>
#include <ngx_eiam_query.h>
#include <ngx_eiam_string.h>


static ngx_int_t ngx_eiam_object_mark_check(const ngx_eiam_path_item_t *path,
    const ngx_eiam_node_t *mark, const ngx_str_t *name, const ngx_str_t *in);
static ngx_uint_t ngx_eiam_object_mark_is_plain(const ngx_str_t *name);
static ngx_int_t ngx_eiam_object_mark_keep(ngx_eiam_path_item_t *path,
    const ngx_eiam_node_t *node, const ngx_eiam_parameter_t *parameter,
    ngx_uint_t own);
static const ngx_eiam_parameter_t *ngx_eiam_object_mark_find(
    const ngx_array_t *parameters, const ngx_eiam_parameter_t *parameter);
static ngx_int_t ngx_eiam_object_mark_add(const ngx_eiam_path_item_t *path,
    const ngx_eiam_parameter_t *parameter, ngx_eiam_operation_t *operation);
static ngx_eiam_object_mark_t *ngx_eiam_object_mark_push(
    const ngx_eiam_path_item_t *path, const ngx_eiam_parameter_t *parameter,
    ngx_eiam_operation_t *operation);
static ngx_int_t ngx_eiam_object_mark_kind(ngx_eiam_policy_t *policy,
    const ngx_str_t *name, ngx_pool_t *pool, ngx_str_t *kind);
static void ngx_eiam_object_mark_locate(const ngx_eiam_template_t *template,
    ngx_uint_t n, ngx_eiam_object_mark_t *mark);
static ngx_int_t ngx_eiam_object_mark_lowcase(ngx_eiam_object_mark_t *mark,
    ngx_pool_t *pool);
static ngx_uint_t ngx_eiam_object_mark_is_same(
    const ngx_eiam_object_mark_t *one, const ngx_eiam_object_mark_t *other);


static const ngx_str_t  ngx_eiam_object_mark_path = ngx_string("path");
static const ngx_str_t  ngx_eiam_object_mark_query = ngx_string("query");


ngx_int_t
ngx_eiam_object_mark_read(ngx_eiam_path_item_t *path,
    const ngx_eiam_node_t *node, ngx_uint_t own)
{
    ngx_int_t             rc;
    ngx_str_t             in;
    ngx_eiam_node_t       mark;
    ngx_eiam_parameter_t  parameter;

    ngx_memzero(&parameter, sizeof(ngx_eiam_parameter_t));

    rc = ngx_eiam_node_member(node, "x-eiam-object", NGX_EIAM_STRING, &mark);

    if (rc == NGX_ERROR
        || ngx_eiam_node_text(node, "name", &parameter.name) != NGX_OK
        || ngx_eiam_node_text(node, "in", &in) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (rc == NGX_OK) {

        if (ngx_eiam_object_mark_check(path, &mark, &parameter.name, &in)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        parameter.kind = ngx_eiam_node_string(&mark);
    }

    parameter.in_query = ngx_eiam_str_equal(&in, &ngx_eiam_object_mark_query);

    if (path == NULL
        || (!parameter.in_query
            && !ngx_eiam_str_equal(&in, &ngx_eiam_object_mark_path)))
    {
        return NGX_OK;
    }

    return ngx_eiam_object_mark_keep(path, node, &parameter, own);
}


/* refuses a mark that no request could be compared with */

static ngx_int_t
ngx_eiam_object_mark_check(const ngx_eiam_path_item_t *path,
    const ngx_eiam_node_t *mark, const ngx_str_t *name, const ngx_str_t *in)
{
    ngx_uint_t  n;

    if (ngx_eiam_node_identifier(mark, NGX_EIAM_OBJECT_KIND_MAX) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_eiam_str_equal(in, &ngx_eiam_object_mark_query)) {
        return ngx_eiam_object_mark_is_plain(name)
               ? NGX_OK
               : ngx_eiam_fault(mark, "the name of a query parameter with "
                                "this mark must have only letters, digits and "
                                "\"-._~\"");
    }

    if (!ngx_eiam_str_equal(in, &ngx_eiam_object_mark_path)) {
        return ngx_eiam_fault(mark, "is only for a parameter in the path or "
                              "the query");
    }

    n = 0;

    if (path == NULL || path->node == NULL
        || path->template.cause == NGX_EIAM_LEFT_QUERY
        || ngx_eiam_template_find(&path->template, name, &n) == NGX_OK)
    {
        return NGX_OK;
    }

    return ngx_eiam_fault(mark, "the path has no \"{%V}\"", name);
}


/* other names can be spelled in several ways in a query */

static ngx_uint_t
ngx_eiam_object_mark_is_plain(const ngx_str_t *name)
{
    u_char  ch;
    size_t  i;

    for (i = 0; i < name->len; i++) {

        ch = name->data[i];

        if (!(ch >= '0' && ch <= '9')
            && !((ch | 0x20) >= 'a' && (ch | 0x20) <= 'z')
            && ch != '-' && ch != '.' && ch != '_' && ch != '~')
        {
            return 0;
        }
    }

    return name->len != 0;
}


static ngx_int_t
ngx_eiam_object_mark_keep(ngx_eiam_path_item_t *path,
    const ngx_eiam_node_t *node, const ngx_eiam_parameter_t *parameter,
    ngx_uint_t own)
{
    ngx_eiam_parameter_t        *kept;
    const ngx_eiam_parameter_t  *overridden;

    overridden = own ? ngx_eiam_object_mark_find(&path->parameters, parameter)
                     : NULL;

    if (overridden && parameter->kind.len == 0
        && ngx_eiam_finding_add(&path->openapi->policy->findings,
                                NGX_EIAM_FOUND_UNMARKED, node)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    kept = ngx_array_push(own ? &path->own : &path->parameters);
    if (kept == NULL) {
        return NGX_ERROR;
    }

    *kept = *parameter;

    return NGX_OK;
}


/* finds a marked parameter of the same name, in the path or in the query */

static const ngx_eiam_parameter_t *
ngx_eiam_object_mark_find(const ngx_array_t *parameters,
    const ngx_eiam_parameter_t *parameter)
{
    ngx_uint_t             i;
    ngx_eiam_parameter_t  *known;

    known = parameters->elts;

    for (i = 0; i < parameters->nelts; i++) {

        if (known[i].kind.len && known[i].in_query == parameter->in_query
            && ngx_eiam_str_equal(&known[i].name, &parameter->name))
        {
            return &known[i];
        }
    }

    return NULL;
}


ngx_int_t
ngx_eiam_object_mark_collect(ngx_eiam_path_item_t *path,
    ngx_eiam_operation_t *operation)
{
    ngx_uint_t             i, k;
    ngx_eiam_parameter_t  *inherited, *own;

    own = path->own.elts;
    inherited = path->parameters.elts;

    for (i = 0; i < path->parameters.nelts; i++) {

        for (k = 0; k < path->own.nelts; k++) {

            if (own[k].in_query == inherited[i].in_query
                && ngx_eiam_str_equal(&own[k].name, &inherited[i].name))
            {
                break;
            }
        }

        if (k == path->own.nelts
            && ngx_eiam_object_mark_add(path, &inherited[i], operation)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    for (k = 0; k < path->own.nelts; k++) {

        if (ngx_eiam_object_mark_add(path, &own[k], operation) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* adds a mark for each segment of the path that has the parameter */

static ngx_int_t
ngx_eiam_object_mark_add(const ngx_eiam_path_item_t *path,
    const ngx_eiam_parameter_t *parameter, ngx_eiam_operation_t *operation)
{
    ngx_uint_t               n;
    ngx_eiam_object_mark_t  *mark;

    if (parameter->kind.len == 0) {
        return NGX_OK;
    }

    if (parameter->in_query) {

        mark = ngx_eiam_object_mark_push(path, parameter, operation);
        operation->asks_query = 1;

        return mark ? ngx_eiam_object_mark_lowcase(mark, path->openapi->pool)
                    : NGX_ERROR;
    }

    for (n = 0;
         ngx_eiam_template_find(&path->template, &parameter->name, &n)
             == NGX_OK;
         n++)
    {
        mark = ngx_eiam_object_mark_push(path, parameter, operation);
        if (mark == NULL) {
            return NGX_ERROR;
        }

        ngx_eiam_object_mark_locate(&path->template, n, mark);
    }

    return NGX_OK;
}


static ngx_eiam_object_mark_t *
ngx_eiam_object_mark_push(const ngx_eiam_path_item_t *path,
    const ngx_eiam_parameter_t *parameter, ngx_eiam_operation_t *operation)
{
    ngx_pool_t              *pool;
    ngx_eiam_object_mark_t  *mark;

    pool = path->openapi->pool;

    if (operation->marks.elts == NULL
        && ngx_array_init(&operation->marks, pool, 1,
                          sizeof(ngx_eiam_object_mark_t))
           != NGX_OK)
    {
        return NULL;
    }

    mark = ngx_array_push(&operation->marks);
    if (mark == NULL) {
        return NULL;
    }

    ngx_memzero(mark, sizeof(ngx_eiam_object_mark_t));

    mark->name.len = parameter->name.len;
    mark->name.data = ngx_pstrdup(pool, (ngx_str_t *) &parameter->name);

    if (mark->name.data == NULL
        || ngx_eiam_object_mark_kind(path->openapi->policy, &parameter->kind,
                                     pool, &mark->kind)
           != NGX_OK)
    {
        return NULL;
    }

    mark->hash = ngx_eiam_hash(mark->kind.data, mark->kind.len, 0);

    return mark;
}


/* the policy's copy of the name of a kind */

static ngx_int_t
ngx_eiam_object_mark_kind(ngx_eiam_policy_t *policy, const ngx_str_t *name,
    ngx_pool_t *pool, ngx_str_t *kind)
{
    ngx_str_t   *known;
    ngx_uint_t   i;

    known = policy->kinds.elts;

    for (i = 0; i < policy->kinds.nelts; i++) {

        if (ngx_eiam_str_equal(&known[i], name)) {
            *kind = known[i];
            return NGX_OK;
        }
    }

    known = ngx_array_push(&policy->kinds);
    if (known == NULL) {
        return NGX_ERROR;
    }

    known->len = name->len;
    known->data = ngx_pstrdup(pool, (ngx_str_t *) name);

    *kind = *known;

    return known->data ? NGX_OK : NGX_ERROR;
}


/* all paths have the same bytes up to the first segment with a parameter */

static void
ngx_eiam_object_mark_locate(const ngx_eiam_template_t *template, ngx_uint_t n,
    ngx_eiam_object_mark_t *mark)
{
    u_char           *p;
    ngx_uint_t        i;
    const ngx_str_t  *text;

    for (i = 0; template->segments[i].kind == NGX_EIAM_SEGMENT_LITERAL; i++) {
        mark->skip += 1 + template->segments[i].text.len;
    }

    mark->skip++;
    mark->segment = n;
    mark->slashes = n - i;

    /* there is one parameter: segments with several of them are left out */

    text = &template->segments[n].text;
    p = ngx_strlchr(text->data, text->data + text->len, NGX_EIAM_PARAMETER);

    mark->prefix = p - text->data;
    mark->suffix = text->len - mark->prefix - 1;
}


/* the name in lower case, with "_" for ".", as PHP reads it */

static ngx_int_t
ngx_eiam_object_mark_lowcase(ngx_eiam_object_mark_t *mark, ngx_pool_t *pool)
{
    size_t  i;

    mark->lowcase.len = mark->name.len;
    mark->lowcase.data = ngx_pnalloc(pool, mark->name.len);
    if (mark->lowcase.data == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < mark->name.len; i++) {
        mark->lowcase.data[i] = (mark->name.data[i] == '.')
                                ? '_' : ngx_tolower(mark->name.data[i]);
    }

    return NGX_OK;
}


ngx_uint_t
ngx_eiam_object_mark_includes(const ngx_array_t *one, const ngx_array_t *other)
{
    ngx_uint_t               i, k;
    ngx_eiam_object_mark_t  *mark, *wanted;

    mark = one->elts;
    wanted = other->elts;

    for (k = 0; k < other->nelts; k++) {

        for (i = 0; i < one->nelts; i++) {

            if (ngx_eiam_object_mark_is_same(&mark[i], &wanted[k])) {
                break;
            }
        }

        if (i == one->nelts) {
            return 0;
        }
    }

    return 1;
}


/* do both name the same object in a path that fits the templates of both? */

static ngx_uint_t
ngx_eiam_object_mark_is_same(const ngx_eiam_object_mark_t *one,
    const ngx_eiam_object_mark_t *other)
{
    if (!ngx_eiam_str_equal(&one->kind, &other->kind)) {
        return 0;
    }

    if (one->lowcase.len || other->lowcase.len) {
        return one->lowcase.len && other->lowcase.len
               && ngx_eiam_str_equal(&one->name, &other->name);
    }

    return one->segment == other->segment && one->prefix == other->prefix
           && one->suffix == other->suffix;
}


ngx_int_t
ngx_eiam_object_mark_in_path(const ngx_eiam_object_mark_t *mark,
    const ngx_str_t *path, ngx_str_t *id)
{
    u_char      *p, *last, *end;
    ngx_uint_t   n;

    if (path->len < mark->skip) {
        return NGX_DECLINED;
    }

    p = path->data + mark->skip;
    last = path->data + path->len;

    for (n = mark->slashes; n; n--) {

        p = memchr(p, '/', last - p);
        if (p == NULL) {
            return NGX_DECLINED;
        }

        p++;
    }

    end = memchr(p, '/', last - p);

    if (end == NULL) {
        end = last;
    }

    if ((size_t) (end - p) <= mark->prefix + mark->suffix) {
        return NGX_DECLINED;
    }

    id->data = p + mark->prefix;
    id->len = end - p - mark->prefix - mark->suffix;

    return NGX_OK;
}


ngx_int_t
ngx_eiam_object_mark_in_query(const ngx_eiam_object_mark_t *mark,
    const ngx_str_t *query, ngx_pool_t *pool, ngx_str_t *id)
{
    ngx_int_t  rc;
    ngx_str_t  rest, value, other;

    rest = *query;

    rc = ngx_eiam_query_next_of(&rest, &mark->lowcase, &mark->name, &value);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_eiam_query_next_of(&rest, &mark->lowcase, &mark->name, &other)
        != NGX_DECLINED)
    {
        return NGX_ABORT;
    }

    rc = ngx_eiam_query_decode(&value, pool, id);

    if (rc != NGX_OK) {
        return rc;
    }

    /* backends may ignore an empty id, or decode an id twice */

    return (id->len == 0 || ngx_eiam_query_has_escape(id)) ? NGX_ABORT
                                                           : NGX_OK;
}
