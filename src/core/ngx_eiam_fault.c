
#include <ngx_eiam_fault.h>
#include <ngx_eiam_mark.h>
#include <ngx_eiam_string.h>
#include <ngx_eiam_text.h>


#define NGX_EIAM_FAULT_LEVELS     32       /* that are compared */
#define NGX_EIAM_FAULTS_RECORDED  1000


/* a fault, with the ordinals on the way from the root to its place */

typedef struct {
    ngx_str_t    line;
    ngx_str_t    reason;                   /* the end of the line */
    const void  *value;                    /* the faulty value, or its parent */
    ngx_uint_t   ordinal;                  /* in the parent, from 1 */
    ngx_uint_t   levels;
    ngx_uint_t   ordinals[NGX_EIAM_FAULT_LEVELS];
} ngx_eiam_fault_t;


static ngx_int_t ngx_eiam_fault_add(const ngx_eiam_node_t *node,
    const ngx_str_t *text, size_t pointer);
static ngx_uint_t ngx_eiam_fault_is_known(
    const ngx_eiam_document_t *document, const ngx_eiam_fault_t *fault);
static void ngx_eiam_fault_place(const ngx_eiam_node_t *node,
    ngx_eiam_fault_t *fault);
static ngx_int_t ngx_eiam_fault_compare(const void *one,
    const void *two);


ngx_int_t
ngx_eiam_fault(const ngx_eiam_node_t *node, const char *fmt, ...)
{
    u_char     buf[NGX_EIAM_FAULT_MAX], *p, *last;
    size_t     pointer;
    va_list    args;
    ngx_str_t  text;

    last = buf + NGX_EIAM_FAULT_MAX;

    p = ngx_eiam_fault_where(buf, buf + NGX_EIAM_FAULT_MAX / 2, node);
    p = ngx_slprintf(p, last, ": ");

    pointer = p - buf;

    va_start(args, fmt);
    p = ngx_vslprintf(p, last, fmt, args);
    va_end(args);

    text.data = buf;
    text.len = p - buf;

    return ngx_eiam_fault_add(node, &text, pointer);
}


u_char *
ngx_eiam_fault_where(u_char *p, u_char *last, const ngx_eiam_node_t *node)
{
    const ngx_eiam_mark_t  *mark;

    mark = ngx_eiam_mark_find(node);

    if (mark) {
        p = ngx_slprintf(p, last, "line %uD column %uD: ", mark->line,
                         mark->column);
    }

    return ngx_eiam_node_pointer(p, last, node);
}


ngx_int_t
ngx_eiam_fault_unknown(const ngx_eiam_node_t *node,
    const ngx_eiam_near_t *near, const char *reason)
{
    u_char     buf[NGX_EIAM_FAULT_MAX], *p, *last;
    ngx_str_t  text;

    last = buf + NGX_EIAM_FAULT_MAX;

    p = ngx_slprintf(buf, last, reason, near->name);

    if (near->nearest.len) {
        p = ngx_slprintf(p, last, " (did you mean \"%V\"?)", &near->nearest);
    }

    text.data = buf;
    text.len = p - buf;

    return ngx_eiam_fault(node, "%V", &text);
}


ngx_int_t
ngx_eiam_fault_line(ngx_eiam_document_t *document, const ngx_str_t *text)
{
    u_char  *p, *last;

    p = ngx_pnalloc(document->pool, NGX_EIAM_FAULT_MAX);
    if (p == NULL) {
        return NGX_ERROR;
    }

    document->fault.data = p;
    last = p + NGX_EIAM_FAULT_MAX;

    p = ngx_slprintf(p, last, "\"%V\": ", &document->name);
    p = ngx_eiam_text_escape(p, last, text,
                             NGX_EIAM_TEXT_UTF8|NGX_EIAM_TEXT_QUOTES);

    document->fault.len = p - document->fault.data;

    return NGX_ERROR;
}


/* a fault of a value to which several references lead is reported once */

static ngx_int_t
ngx_eiam_fault_add(const ngx_eiam_node_t *node, const ngx_str_t *text,
    size_t pointer)
{
    ngx_eiam_fault_t     *fault;
    ngx_eiam_document_t  *document;

    document = node->document;

    ngx_eiam_fault_line(document, text);

    if (document->faults == NULL || document->fault.len == 0) {
        return NGX_ERROR;
    }

    fault = ngx_array_push(document->faults);
    if (fault == NULL) {
        return NGX_ERROR;
    }

    fault->line = document->fault;
    fault->reason.len = text->len - pointer;
    fault->reason.data = ngx_pnalloc(document->pool, fault->reason.len);

    if (fault->reason.data == NULL) {
        document->faults->nelts--;
        return NGX_ERROR;
    }

    ngx_memcpy(fault->reason.data, text->data + pointer, fault->reason.len);
    ngx_eiam_fault_place(node, fault);

    if (ngx_eiam_fault_is_known(document, fault)) {
        document->faults->nelts--;
    }

    document->pending = 1;

    return NGX_ERROR;
}


static void
ngx_eiam_fault_place(const ngx_eiam_node_t *node, ngx_eiam_fault_t *fault)
{
    ngx_uint_t              level;
    const ngx_eiam_node_t  *p;

    fault->levels = 0;

    for (p = node; p->parent; p = p->parent) {
        fault->levels++;
    }

    level = fault->levels;

    for (p = node; p->parent; p = p->parent) {

        if (--level < NGX_EIAM_FAULT_LEVELS) {
            fault->ordinals[level] = ngx_eiam_node_ordinal(p);
        }
    }

    fault->levels = ngx_min(fault->levels, NGX_EIAM_FAULT_LEVELS);
    fault->value = node->value;
    fault->ordinal = 0;

    if (node->parent && !ngx_eiam_node_is(node, NGX_EIAM_OBJECT)
        && !ngx_eiam_node_is(node, NGX_EIAM_ARRAY))
    {
        /*
         * true is one value wherever it occurs, so the parent identifies the
         * place
         */

        fault->value = node->parent->value;
        fault->ordinal = ngx_eiam_node_ordinal(node) + 1;
    }
}


static ngx_uint_t
ngx_eiam_fault_is_known(const ngx_eiam_document_t *document,
    const ngx_eiam_fault_t *fault)
{
    const ngx_eiam_fault_t  *other;

    for (other = document->faults->elts; other != fault; other++) {

        if (other->value == fault->value && other->ordinal == fault->ordinal
            && ngx_eiam_str_equal(&other->reason, &fault->reason))
        {
            return 1;
        }
    }

    return 0;
}


ngx_int_t
ngx_eiam_fault_collect(ngx_eiam_document_t *document)
{
    document->faults = ngx_array_create(document->pool, NGX_EIAM_FAULTS_MAX,
                                        sizeof(ngx_eiam_fault_t));

    return document->faults ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_eiam_fault_defer(ngx_eiam_document_t *document, ngx_int_t rc)
{
    if (rc != NGX_ERROR || !document->pending
        || document->faults->nelts >= NGX_EIAM_FAULTS_RECORDED)
    {
        return rc;
    }

    document->pending = 0;

    return NGX_OK;
}


ngx_uint_t
ngx_eiam_fault_found(const ngx_eiam_document_t *document)
{
    return document->faults && document->faults->nelts;
}


ngx_array_t *
ngx_eiam_fault_lines(ngx_eiam_document_t *document)
{
    ngx_str_t         *line;
    ngx_uint_t         i, n, shown;
    ngx_array_t       *lines;
    ngx_eiam_fault_t  *fault;

    n = ngx_eiam_fault_found(document) ? document->faults->nelts : 0;
    shown = ngx_min(n, NGX_EIAM_FAULTS_MAX);

    lines = ngx_array_create(document->pool, shown + 1, sizeof(ngx_str_t));
    if (lines == NULL) {
        return NULL;
    }

    line = lines->elts;

    if (n) {
        fault = document->faults->elts;

        ngx_sort(fault, n, sizeof(ngx_eiam_fault_t), ngx_eiam_fault_compare);

        for (i = 0; i < shown; i++) {
            line[lines->nelts++] = fault[i].line;
        }
    }

    if (n > shown) {
        (void) ngx_eiam_document_fault(document, "%ui more faults",
                                       n - shown);
    }

    if (n == 0 || n > shown) {
        line[lines->nelts++] = document->fault;
    }

    return lines;
}


static ngx_int_t
ngx_eiam_fault_compare(const void *one, const void *two)
{
    const ngx_eiam_fault_t *a = one, *b = two;

    ngx_uint_t  i;

    for (i = 0; i < a->levels && i < b->levels; i++) {

        if (a->ordinals[i] != b->ordinals[i]) {
            return (a->ordinals[i] < b->ordinals[i]) ? -1 : 1;
        }
    }

    return (ngx_int_t) a->levels - (ngx_int_t) b->levels;
}
