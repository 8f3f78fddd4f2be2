
#include <ngx_eiam_text.h>
#include <ngx_eiam_utf8.h>


#define NGX_EIAM_TEXT_ESCAPED  (sizeof("\\xXX") - 1)


static size_t ngx_eiam_text_plain(u_char *p, u_char *last, ngx_uint_t stays);


ngx_str_t
ngx_eiam_text_shown(const ngx_str_t *text, ngx_pool_t *pool)
{
    u_char     *p, *last;
    size_t      len;
    ngx_str_t   shown;

    last = text->data + text->len;
    len = 0;

    for (p = text->data; p < last && len <= NGX_EIAM_TEXT_MAX; p++) {
        len += ngx_eiam_text_plain(p, last, 0) ? 1 : NGX_EIAM_TEXT_ESCAPED;
    }

    if (len == text->len && len <= NGX_EIAM_TEXT_MAX) {
        return *text;
    }

    ngx_str_null(&shown);

    p = ngx_pnalloc(pool, NGX_EIAM_TEXT_MAX + sizeof("...") - 1);
    if (p == NULL) {
        return shown;
    }

    shown.data = p;
    last = p + NGX_EIAM_TEXT_MAX;

    p = ngx_eiam_text_escape(p, last, text, 0);

    if (len > NGX_EIAM_TEXT_MAX) {
        p = ngx_cpymem(p, "...", sizeof("...") - 1);
    }

    shown.len = p - shown.data;

    return shown;
}


u_char *
ngx_eiam_text_escape(u_char *p, u_char *last, const ngx_str_t *text,
    ngx_uint_t stays)
{
    u_char  *c, *end;
    size_t   n;

    end = text->data + text->len;

    for (c = text->data; c < end; c += n) {

        n = ngx_eiam_text_plain(c, end, stays);

        if (n) {

            if ((size_t) (last - p) < n) {
                break;
            }

            p = ngx_cpymem(p, c, n);
            continue;
        }

        if ((size_t) (last - p) < NGX_EIAM_TEXT_ESCAPED) {
            break;
        }

        p = ngx_sprintf(p, "\\x%02Xd", *c);
        n = 1;
    }

    return p;
}


/* the length of the character, if it is kept; 0: the byte is escaped */

static size_t
ngx_eiam_text_plain(u_char *p, u_char *last, ngx_uint_t stays)
{
    if (*p >= 0x80) {
        return (stays & NGX_EIAM_TEXT_UTF8) ? ngx_eiam_utf8_character(p, last)
                                            : 0;
    }

    if (*p == '"' || *p == '\\') {
        return (stays & NGX_EIAM_TEXT_QUOTES) ? 1 : 0;
    }

    return (*p >= 0x20 && *p != 0x7f) ? 1 : 0;
}
