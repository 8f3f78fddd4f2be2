
#include <ngx_eiam_query.h>


static ngx_uint_t ngx_eiam_query_is_named(u_char *p, u_char *last,
    const ngx_str_t *name);
static u_char ngx_eiam_query_char(u_char **p, u_char *last);


ngx_int_t
ngx_eiam_query_find(const ngx_str_t *query, const ngx_str_t *name,
    ngx_str_t *value)
{
    u_char  *p, *last, *start, *equal;

    p = query->data;
    last = p + query->len;

    while (p < last) {

        start = p;
        equal = NULL;

        for ( /* void */ ; p < last && *p != '&' && *p != ';'; p++) {

            if (*p == '=' && equal == NULL) {
                equal = p;
            }
        }

        if (ngx_eiam_query_is_named(start, equal ? equal : p, name)) {
            value->data = equal ? equal + 1 : p;
            value->len = p - value->data;
            return NGX_OK;
        }

        p++;
    }

    return NGX_DECLINED;
}


static ngx_uint_t
ngx_eiam_query_is_named(u_char *p, u_char *last, const ngx_str_t *name)
{
    u_char   c;
    size_t   i;

    c = '\0';
    i = 0;

    /* PHP reads ".", "[" and a space in a name as "_" */

    while (p < last && i < name->len) {

        c = ngx_eiam_query_char(&p, last);

        if (i == 0 && (c == '+' || c <= ' ')) {
            continue;
        }

        if (ngx_tolower(c) != name->data[i]
            && (name->data[i] != '_'
                || (c != '.' && c != '[' && c != '+' && c != ' ')))
        {
            return 0;
        }

        i++;
    }

    if (i < name->len) {
        return 0;
    }

    if (p == last) {
        return 1;
    }

    c = ngx_eiam_query_char(&p, last);

    return c == '[' || c == '\0';
}


/* decodes as often as it can, as "%255f" may be a "_" at last */

static u_char
ngx_eiam_query_char(u_char **p, u_char *last)
{
    u_char     c;
    size_t     skip, digits;
    ngx_int_t  n;

    c = *(*p)++;

    while (c == '%' && *p < last) {

        /* ASP.NET has "%u005f" too */

        skip = (**p == 'u' || **p == 'U');
        digits = skip ? 4 : 2;

        n = ((size_t) (last - *p) < skip + digits)
            ? NGX_ERROR : ngx_hextoi(*p + skip, digits);

        if (n == NGX_ERROR || n > 0xff) {
            break;
        }

        c = (u_char) n;
        *p += skip + digits;
    }

    return c;
}


ngx_int_t
ngx_eiam_query_next(ngx_str_t *rest, const ngx_str_t *name, ngx_str_t *value)
{
    u_char  *start, *last;

    last = rest->data + rest->len;

    if (ngx_eiam_query_find(rest, name, value) != NGX_OK) {
        return NGX_DECLINED;
    }

    start = value->data - name->len - 1;

    if (start < rest->data
        || ngx_memcmp(start, name->data, name->len) != 0
        || start[name->len] != '='
        || (start > rest->data && start[-1] != '&'))
    {
        return NGX_ABORT;
    }

    rest->data = value->data + value->len;
    rest->len = last - rest->data;

    return (rest->len && *rest->data == ';') ? NGX_ABORT : NGX_OK;
}


ngx_int_t
ngx_eiam_query_decode(const ngx_str_t *value, ngx_pool_t *pool,
    ngx_str_t *text)
{
    u_char     *p;
    size_t      i;
    ngx_int_t   n;

    text->data = ngx_pnalloc(pool, value->len + 1);
    if (text->data == NULL) {
        return NGX_ERROR;
    }

    p = text->data;

    for (i = 0; i < value->len; i++) {

        switch (value->data[i]) {

        case '+':
            *p++ = ' ';
            break;

        case '%':
            n = (i + 2 < value->len) ? ngx_hextoi(&value->data[i + 1], 2)
                                     : NGX_ERROR;
            if (n == NGX_ERROR) {
                return NGX_ABORT;
            }

            *p++ = (u_char) n;
            i += 2;
            break;

        default:
            *p++ = value->data[i];
        }

        if (p[-1] < 0x20 || p[-1] == 0x7f) {
            return NGX_ABORT;
        }
    }

    text->len = p - text->data;

    return NGX_OK;
}
