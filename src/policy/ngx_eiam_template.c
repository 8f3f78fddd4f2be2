
#include <ngx_eiam_template.h>
#include <ngx_eiam_target.h>


static ngx_int_t ngx_eiam_template_segment(const ngx_eiam_node_t *node,
    ngx_str_t *segment);


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
