
#include <ngx_eiam_template.h>
#include <ngx_eiam_target.h>


static ngx_int_t ngx_eiam_template_expand(const ngx_eiam_node_t *server,
    const ngx_eiam_node_t *url, const ngx_str_t *text, ngx_pool_t *pool,
    ngx_str_t *path);
static ngx_int_t ngx_eiam_template_variable(const ngx_eiam_node_t *server,
    const ngx_eiam_node_t *url, ngx_str_t *name, ngx_str_t *value);
static ngx_int_t ngx_eiam_template_segment(const ngx_eiam_node_t *node,
    ngx_str_t *segment);


ngx_int_t
ngx_eiam_template_server(const ngx_eiam_node_t *server,
    const ngx_eiam_node_t *url, ngx_pool_t *pool, ngx_str_t *path)
{
    u_char     *p, *last;
    ngx_str_t   text;

    text = ngx_eiam_node_string(url);
    last = text.data + text.len;

    p = (u_char *) ngx_strstr(text.data, "://");

    if (p == NULL) {
        p = text.data;

    } else {
        p += sizeof("://") - 1;

        while (p < last && *p != '/' && *p != '?' && *p != '#') {
            p++;
        }

        if (p == last) {
            ngx_str_null(path);
            return NGX_OK;
        }
    }

    if (p == last || *p != '/') {
        return ngx_eiam_fault(url, "unsupported server URL \"%V\"", &text);
    }

    text.data = p;
    text.len = last - p;

    return ngx_eiam_template_expand(server, url, &text, pool, path);
}


static ngx_int_t
ngx_eiam_template_expand(const ngx_eiam_node_t *server,
    const ngx_eiam_node_t *url, const ngx_str_t *text, ngx_pool_t *pool,
    ngx_str_t *path)
{
    u_char     *p, *last, *out, *end;
    ngx_str_t   name, value;

    p = text->data;
    last = p + text->len;

    out = ngx_pnalloc(pool, NGX_EIAM_PATH_MAX);
    if (out == NULL) {
        return NGX_ERROR;
    }

    path->data = out;
    end = out + NGX_EIAM_PATH_MAX;

    while (p < last) {

        value.data = p;
        value.len = 1;

        if (*p++ == '{') {

            name.data = p;
            p = ngx_strlchr(p, last, '}');

            if (p == NULL) {
                return ngx_eiam_fault(url, "has an open \"{\"");
            }

            name.len = p++ - name.data;

            if (ngx_eiam_template_variable(server, url, &name, &value)
                != NGX_OK)
            {
                return NGX_ERROR;
            }
        }

        if ((size_t) (end - out) < value.len) {
            return ngx_eiam_fault(url, "has a path of more than %d bytes",
                                  NGX_EIAM_PATH_MAX);
        }

        out = ngx_cpymem(out, value.data, value.len);
    }

    while (out > path->data && out[-1] == '/') {
        out--;
    }

    path->len = out - path->data;

    return NGX_OK;
}


static ngx_int_t
ngx_eiam_template_variable(const ngx_eiam_node_t *server,
    const ngx_eiam_node_t *url, ngx_str_t *name, ngx_str_t *value)
{
    ngx_int_t        rc;
    ngx_eiam_node_t  variables, variable, node;

    rc = ngx_eiam_node_member(server, "variables", NGX_EIAM_OBJECT,
                              &variables);
    if (rc == NGX_OK) {
        rc = ngx_eiam_node_has(&variables, name, &variable);
    }

    if (rc == NGX_OK) {
        rc = ngx_eiam_node_expect(&variable, NGX_EIAM_OBJECT);
    }

    if (rc == NGX_OK) {
        rc = ngx_eiam_node_member(&variable, "default", NGX_EIAM_STRING,
                                  &node);
    }

    if (rc == NGX_DECLINED) {
        return ngx_eiam_fault(url, "variable \"%V\" has no default", name);
    }

    if (rc == NGX_OK) {
        *value = ngx_eiam_node_string(&node);
    }

    return rc;
}


ngx_int_t
ngx_eiam_template_segments(const ngx_eiam_node_t *node, const ngx_str_t *path,
    ngx_str_t *segments, ngx_uint_t *n)
{
    u_char  *p, *last, *slash;

    *n = 0;
    p = path->data;
    last = p + path->len;

    while (p < last) {

        slash = ngx_strlchr(p + 1, last, '/');

        if (*n == NGX_EIAM_SEGMENTS_MAX) {
            return ngx_eiam_fault(node, "has more than %d segments",
                                  NGX_EIAM_SEGMENTS_MAX);
        }

        segments[*n].data = p + 1;
        segments[*n].len = (slash ? slash : last) - (p + 1);

        if (ngx_eiam_template_segment(node, &segments[*n]) != NGX_OK) {
            return NGX_ERROR;
        }

        (*n)++;
        p = slash ? slash : last;
    }

    return NGX_OK;
}


/* "{name}" stands for any segment and becomes a null string */

static ngx_int_t
ngx_eiam_template_segment(const ngx_eiam_node_t *node, ngx_str_t *segment)
{
    u_char  *p, *last;
    size_t   dots;

    p = segment->data;
    last = p + segment->len;

    if (segment->len > 2 && *p == '{' && last[-1] == '}') {

        if (ngx_strlchr(p + 1, last, '{') == NULL
            && ngx_strlchr(p, last - 1, '}') == NULL)
        {
            ngx_str_null(segment);
            return NGX_OK;
        }
    }

    for (dots = 0; p < last; p++) {

        if (*p == '{' || *p == '}') {
            return ngx_eiam_fault(node, "unsupported template \"%V\": "
                                  "\"{name}\" must be a whole segment",
                                  segment);
        }

        if (*p <= ' ' || *p == 0x7f || ngx_strchr("%?#;\\", *p)) {
            return ngx_eiam_fault(node, "no request can match the segment "
                                  "\"%V\"", segment);
        }

        dots += (*p == '.');
    }

    if (dots == segment->len || segment->len > NGX_EIAM_SEGMENT_MAX) {
        return ngx_eiam_fault(node, "no request can match the segment "
                              "\"%V\"", segment);
    }

    return NGX_OK;
}
