
#include <ngx_eiam_media.h>


static u_char *ngx_eiam_media_rest(const ngx_str_t *value,
    const ngx_str_t *type);
static u_char *ngx_eiam_media_space(u_char *p, u_char *last);


static const ngx_str_t  ngx_eiam_media_charsets[] = {
    ngx_string("charset=utf-8"),
    ngx_string("charset=\"utf-8\""),
    ngx_string("charset=us-ascii"),
    ngx_null_string
};


ngx_uint_t
ngx_eiam_media_is(const ngx_str_t *value, const ngx_str_t *type)
{
    return ngx_eiam_media_rest(value, type) != NULL;
}


ngx_uint_t
ngx_eiam_media_is_ascii(const ngx_str_t *value, const ngx_str_t *type)
{
    u_char           *p, *last;
    const ngx_str_t  *charset;

    p = ngx_eiam_media_rest(value, type);
    last = value->data + value->len;

    if (p == NULL || p == last) {
        return p != NULL;
    }

    p = ngx_eiam_media_space(p + 1, last);

    for (charset = ngx_eiam_media_charsets; charset->len; charset++) {

        if ((size_t) (last - p) >= charset->len
            && ngx_strncasecmp(p, charset->data, charset->len) == 0
            && ngx_eiam_media_space(p + charset->len, last) == last)
        {
            return 1;
        }
    }

    return 0;
}


/* returns the end of the type: a ";" or the text's end; NULL: another type */

static u_char *
ngx_eiam_media_rest(const ngx_str_t *value, const ngx_str_t *type)
{
    u_char  *p, *last;

    if (value->len < type->len
        || ngx_strncasecmp(value->data, type->data, type->len) != 0)
    {
        return NULL;
    }

    last = value->data + value->len;
    p = ngx_eiam_media_space(value->data + type->len, last);

    return (p == last || *p == ';') ? p : NULL;
}


static u_char *
ngx_eiam_media_space(u_char *p, u_char *last)
{
    while (p < last && (*p == ' ' || *p == '\t')) {
        p++;
    }

    return p;
}
