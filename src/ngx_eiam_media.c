
#include <ngx_eiam_media.h>


ngx_uint_t
ngx_eiam_media_is(const ngx_str_t *value, const ngx_str_t *type)
{
    u_char  c;

    if (value->len < type->len
        || ngx_strncasecmp(value->data, type->data, type->len) != 0)
    {
        return 0;
    }

    if (value->len == type->len) {
        return 1;
    }

    c = value->data[type->len];

    return c == ';' || c == ' ' || c == '\t';
}
