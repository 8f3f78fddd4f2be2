
#include <ngx_eiam_target.h>
#include <ngx_eiam_template.h>


static ngx_str_t ngx_eiam_template_path(const ngx_str_t *text,
    ngx_eiam_template_t *template);
static ngx_int_t ngx_eiam_template_add(const ngx_eiam_node_t *node,
    const ngx_str_t *text, ngx_pool_t *pool, ngx_eiam_template_t *template);
static ngx_int_t ngx_eiam_template_segment(const ngx_eiam_node_t *node,
    const ngx_str_t *text, ngx_pool_t *pool, ngx_eiam_template_t *template,
    ngx_eiam_segment_t *segment);
static ngx_eiam_segment_e ngx_eiam_template_kind(const ngx_str_t *text);
static u_char *ngx_eiam_template_parameter(u_char *p, u_char *last);
static u_char ngx_eiam_template_character(ngx_eiam_template_t *template,
    u_char **p, u_char *last);
static void ngx_eiam_template_literal(ngx_eiam_template_t *template,
    const ngx_eiam_segment_t *segment);
static void ngx_eiam_template_leave_out(ngx_eiam_template_t *template,
    ngx_eiam_cause_e cause);


ngx_int_t
ngx_eiam_template_read(const ngx_eiam_node_t *node, const ngx_str_t *path,
    ngx_pool_t *pool, ngx_eiam_template_t *template)
{
    u_char     *p, *last, *slash;
    ngx_str_t   rest, text;

    ngx_memzero(template, sizeof(ngx_eiam_template_t));

    rest = ngx_eiam_template_path(path, template);
    last = rest.data + rest.len;

    for (p = rest.data; p < last; p = slash) {

        if (p + 1 == last) {
            template->slash = 1;
            break;
        }

        slash = ngx_strlchr(p + 1, last, '/');

        if (slash == NULL) {
            slash = last;
        }

        text.data = p + 1;
        text.len = slash - (p + 1);

        if (ngx_eiam_template_add(node, &text, pool, template) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* cuts off a query or fragment, also one that RFC 6570 expands */

static ngx_str_t
ngx_eiam_template_path(const ngx_str_t *text, ngx_eiam_template_t *template)
{
    u_char     *p, *last;
    ngx_str_t   path;

    path = *text;
    last = text->data + text->len;

    for (p = text->data; p < last; p++) {

        if (*p == '?' || *p == '#'
            || (*p == '{' && p + 1 < last && ngx_strchr("?#&", p[1])))
        {
            ngx_eiam_template_leave_out(template, NGX_EIAM_LEFT_QUERY);
            path.len = p - text->data;
            break;
        }

        if (*p == '{') {
            p = ngx_eiam_template_parameter(p, last);
        }
    }

    return path;
}


static ngx_int_t
ngx_eiam_template_add(const ngx_eiam_node_t *node, const ngx_str_t *text,
    ngx_pool_t *pool, ngx_eiam_template_t *template)
{
    if (text->len == 0 || text->len > NGX_EIAM_PATH_MAX) {
        ngx_eiam_template_leave_out(template, NGX_EIAM_LEFT_LITERAL);
        template->unmatched = 1;
        return NGX_OK;
    }

    if (template->n == NGX_EIAM_SEGMENTS_MAX) {
        return ngx_eiam_fault(node, "has more than %d segments",
                              NGX_EIAM_SEGMENTS_MAX);
    }

    return ngx_eiam_template_segment(node, text, pool, template,
                                     &template->segments[template->n++]);
}


static ngx_int_t
ngx_eiam_template_segment(const ngx_eiam_node_t *node, const ngx_str_t *text,
    ngx_pool_t *pool, ngx_eiam_template_t *template,
    ngx_eiam_segment_t *segment)
{
    u_char  *p, *last, *end, *out;

    /* with room for the slash at the end of a path */

    out = ngx_pnalloc(pool, text->len + 1);
    if (out == NULL) {
        return NGX_ERROR;
    }

    *out++ = '/';
    segment->text.data = out;
    segment->source = *text;

    p = text->data;
    last = p + text->len;

    while (p < last) {

        if (*p != '{' && *p != '}') {
            *out++ = ngx_eiam_template_character(template, &p, last);
            continue;
        }

        end = ngx_eiam_template_parameter(p, last);

        if (end == p) {
            return ngx_eiam_fault(node, "unsupported template \"%V\": a "
                                  "parameter is \"{name}\"", text);
        }

        *out++ = NGX_EIAM_PARAMETER;
        p = end + 1;
    }

    segment->text.len = out - segment->text.data;
    segment->kind = ngx_eiam_template_kind(&segment->text);

    if (segment->kind == NGX_EIAM_SEGMENT_SEVERAL) {
        ngx_eiam_template_leave_out(template, NGX_EIAM_LEFT_SEVERAL);
    }

    ngx_eiam_template_literal(template, segment);

    return NGX_OK;
}


static ngx_eiam_segment_e
ngx_eiam_template_kind(const ngx_str_t *text)
{
    size_t      i;
    ngx_uint_t  n;

    n = 0;

    for (i = 0; i < text->len; i++) {
        n += (text->data[i] == NGX_EIAM_PARAMETER);
    }

    if (n == 0) {
        return NGX_EIAM_SEGMENT_LITERAL;
    }

    if (n > 1) {
        return NGX_EIAM_SEGMENT_SEVERAL;
    }

    return (text->len == 1) ? NGX_EIAM_SEGMENT_ANY : NGX_EIAM_SEGMENT_MIXED;
}


/* the closing brace of the "{name}" that begins at p, or else p */

static u_char *
ngx_eiam_template_parameter(u_char *p, u_char *last)
{
    u_char  *end;

    if (*p != '{') {
        return p;
    }

    for (end = p + 1; end < last && *end != '}'; end++) {

        if (*end == '{' || *end == '/') {
            return p;
        }
    }

    return (end == last || end == p + 1) ? p : end;
}


/* the next character of a literal, decoded if the template has it encoded */

static u_char
ngx_eiam_template_character(ngx_eiam_template_t *template, u_char **p,
    u_char *last)
{
    u_char     ch;
    ngx_int_t  code;

    ch = *(*p)++;

    if (ch == '%') {

        code = (last - *p > 1) ? ngx_hextoi(*p, 2) : NGX_ERROR;

        if (code != NGX_ERROR) {
            ch = (u_char) code;
            *p += 2;
        }

        /* an ASCII character has only one spelling in a literal */

        if (code < 0x80) {
            ngx_eiam_template_leave_out(template, NGX_EIAM_LEFT_LITERAL);
        }
    }

    if ((ch >= '0' && ch <= '9')
        || ((ch | 0x20) >= 'a' && (ch | 0x20) <= 'z')
        || ch == '-' || ch == '.' || ch == '_' || ch == '~')
    {
        return ch;
    }

    template->special = 1;

    if (ch < 0x80 && (ch == '\0' || !ngx_strchr("!$&'()*+,=:@", ch))) {
        ngx_eiam_template_leave_out(template, NGX_EIAM_LEFT_LITERAL);
    }

    return ch;
}


/* whether a segment with these literals can pass ngx_eiam_target_check() */

static void
ngx_eiam_template_literal(ngx_eiam_template_t *template,
    const ngx_eiam_segment_t *segment)
{
    size_t      i;
    ngx_uint_t  dots, length;

    dots = 0;
    length = 0;

    for (i = 0; i < segment->text.len; i++) {
        dots += (segment->text.data[i] == '.');

        /* a character of UTF-8 is counted at its first byte */
        length += ((segment->text.data[i] & 0xc0) != 0x80);
    }

    if (dots == segment->text.len || length > NGX_EIAM_SEGMENT_MAX) {
        ngx_eiam_template_leave_out(template, NGX_EIAM_LEFT_LITERAL);
    }
}


/* the first cause is the one that is reported */

static void
ngx_eiam_template_leave_out(ngx_eiam_template_t *template,
    ngx_eiam_cause_e cause)
{
    if (template->cause == NGX_EIAM_KEPT) {
        template->cause = cause;
    }
}


ngx_int_t
ngx_eiam_template_find(const ngx_eiam_template_t *template,
    const ngx_str_t *name, ngx_uint_t *n)
{
    u_char           *p, *last, *end;
    const ngx_str_t  *source;

    for ( /* void */ ; *n < template->n; (*n)++) {

        source = &template->segments[*n].source;
        last = source->data + source->len;

        for (p = source->data; p < last; p = end + 1) {

            end = ngx_eiam_template_parameter(p, last);

            if ((size_t) (end - p) == name->len + 1
                && ngx_memcmp(p + 1, name->data, name->len) == 0)
            {
                return NGX_OK;
            }
        }
    }

    return NGX_DECLINED;
}


ngx_int_t
ngx_eiam_template_sample(const ngx_eiam_template_t *template,
    ngx_pool_t *pool, ngx_str_t *path)
{
    u_char      *p;
    size_t       i, len;
    ngx_uint_t   n;

    len = 1;

    for (n = 0; n < template->n; n++) {
        len += 1 + template->segments[n].text.len;
    }

    p = ngx_pnalloc(pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    path->data = p;

    for (n = 0; n < template->n; n++) {

        *p++ = '/';
        p = ngx_cpymem(p, template->segments[n].text.data,
                       template->segments[n].text.len);
    }

    if (template->slash) {
        *p++ = '/';
    }

    path->len = p - path->data;

    for (i = 0; i < path->len; i++) {

        if (path->data[i] == NGX_EIAM_PARAMETER) {
            path->data[i] = '-';
        }
    }

    return NGX_OK;
}
