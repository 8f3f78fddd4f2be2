
#include <ngx_eiam_route.h>


static ngx_int_t ngx_eiam_route_next(ngx_str_t *rest, ngx_str_t *segment);
static ngx_int_t ngx_eiam_route_segment(ngx_str_t *template,
    ngx_str_t *segment);
static size_t ngx_eiam_route_parameter(ngx_str_t *template, size_t *after);
static size_t ngx_eiam_route_length(u_char *p, u_char *last);


ngx_int_t
ngx_eiam_route_check(const ngx_str_t *route, const ngx_str_t *path)
{
    ngx_int_t  rc;
    ngx_str_t  templates, segments, template, segment;

    templates = *route;
    segments = *path;

    for ( ;; ) {

        rc = ngx_eiam_route_next(&templates, &template);

        if (ngx_eiam_route_next(&segments, &segment) != rc) {
            return NGX_DECLINED;
        }

        if (rc == NGX_DONE) {
            return NGX_OK;
        }

        if (memchr(segment.data, '%', segment.len)
            && ngx_eiam_route_segment(&template, &segment) != NGX_OK)
        {
            return NGX_DECLINED;
        }
    }
}


/* NGX_OK, or NGX_DONE: there is no further segment */

static ngx_int_t
ngx_eiam_route_next(ngx_str_t *rest, ngx_str_t *segment)
{
    u_char  *last, *slash;

    if (rest->len == 0) {
        return NGX_DONE;
    }

    last = rest->data + rest->len;
    slash = ngx_strlchr(rest->data + 1, last, '/');

    segment->data = rest->data + 1;
    segment->len = (slash ? slash : last) - segment->data;

    rest->len -= segment->len + 1;
    rest->data += segment->len + 1;

    return NGX_OK;
}


/* characters beyond ASCII may be encoded in literals, too */

static ngx_int_t
ngx_eiam_route_segment(ngx_str_t *template, ngx_str_t *segment)
{
    u_char     *p, *last;
    size_t      i, n, before, after;
    ngx_int_t   c;

    before = ngx_eiam_route_parameter(template, &after);

    last = segment->data + segment->len;

    n = ngx_eiam_route_length(segment->data, last);

    for (i = 0, p = segment->data; p < last; i++, p++) {

        if (*p != '%') {
            continue;
        }

        c = (last - p > 2) ? ngx_hextoi(p + 1, 2) : NGX_ERROR;
        p += 2;

        if (c >= 0x80) {
            continue;
        }

        if (c == NGX_ERROR || i < before || i + after >= n) {
            return NGX_DECLINED;
        }

        if (c == ' ' && (i == before || i + after + 1 == n)) {
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


/*
 * The lengths of the literals before and after the only parameter.  In a
 * segment without one all is literal, so the first length exceeds any
 * segment's.
 */

static size_t
ngx_eiam_route_parameter(ngx_str_t *template, size_t *after)
{
    u_char  *open, *close, *last;

    last = template->data + template->len;
    open = ngx_strlchr(template->data, last, '{');
    close = open ? ngx_strlchr(open, last, '}') : NULL;

    *after = 0;

    if (close == NULL || ngx_strlchr(close, last, '{')) {
        return NGX_MAX_SIZE_T_VALUE;
    }

    *after = ngx_eiam_route_length(close + 1, last);

    return ngx_eiam_route_length(template->data, open);
}


/* the length in bytes when it is decoded */

static size_t
ngx_eiam_route_length(u_char *p, u_char *last)
{
    size_t  n;

    for (n = last - p; p < last; p++) {
        n -= (*p == '%') ? 2 : 0;
    }

    return n;
}
