
#include <ngx_eiam_base64url.h>


static ngx_int_t ngx_eiam_base64url_value(u_char c);


ngx_int_t
ngx_eiam_base64url(const ngx_str_t *text, ngx_pool_t *pool, ngx_str_t *bytes)
{
    u_char      *p;
    size_t       i;
    uint32_t     bits;
    ngx_int_t    value;
    ngx_uint_t   n;

    if (text->len % 4 == 1) {
        return NGX_DECLINED;
    }

    p = ngx_pnalloc(pool, text->len / 4 * 3 + 3);
    if (p == NULL) {
        return NGX_ERROR;
    }

    bytes->data = p;
    bits = 0;
    n = 0;

    for (i = 0; i < text->len; i++) {

        value = ngx_eiam_base64url_value(text->data[i]);
        if (value == NGX_ERROR) {
            return NGX_DECLINED;
        }

        bits = (bits << 6 | value) & 0xffff;
        n += 6;

        if (n >= 8) {
            n -= 8;
            *p++ = (u_char) (bits >> n);
        }
    }

    if (bits & ((1U << n) - 1)) {
        return NGX_DECLINED;
    }

    bytes->len = p - bytes->data;

    return NGX_OK;
}


static ngx_int_t
ngx_eiam_base64url_value(u_char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }

    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }

    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }

    return (c == '-') ? 62 : (c == '_') ? 63 : NGX_ERROR;
}
