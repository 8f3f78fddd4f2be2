
#include <ngx_eiam_bearer.h>
#include <ngx_eiam_bytes.h>


static ngx_uint_t ngx_eiam_bearer_is_b64(const u_char *p, size_t len);


ngx_int_t
ngx_eiam_bearer_find(const ngx_str_t *value, ngx_str_t *token)
{
    u_char  *p, *last;

    p = value->data;
    last = p + value->len;

    if (value->len < sizeof("Bearer") - 1
        || (ngx_memcmp(p, "Bearer", sizeof("Bearer") - 1) != 0
            && ngx_strncasecmp(p, (u_char *) "Bearer", sizeof("Bearer") - 1)
               != 0))
    {
        return NGX_DECLINED;
    }

    p += sizeof("Bearer") - 1;

    if (p < last && *p != ' ' && *p != '\t') {
        return NGX_DECLINED;
    }

    while (p < last && *p == ' ') {
        p++;
    }

    token->data = p;
    token->len = last - p;

    return NGX_OK;
}


ngx_uint_t
ngx_eiam_bearer_is_token(const ngx_str_t *token)
{
    u_char  *p, *last;

    p = token->data;
    last = p + token->len;

    while (p < last && last[-1] == '=') {
        last--;
    }

    return p < last && ngx_eiam_bearer_is_b64(p, last - p);
}


/* b64token without its trailing "=": ALPHA / DIGIT / "-._~+/" */

static ngx_uint_t
ngx_eiam_bearer_is_b64(const u_char *p, size_t len)
{
    u_char             padded[NGX_EIAM_BYTES];
    const u_char      *last;
    ngx_eiam_bytes_t   bytes, bad;

    if (len < NGX_EIAM_BYTES) {
        ngx_memset(padded, 'a', NGX_EIAM_BYTES);
        ngx_memcpy(padded, p, len);

        p = padded;
        len = NGX_EIAM_BYTES;
    }

    last = p + len - NGX_EIAM_BYTES;
    bad = (ngx_eiam_bytes_t) { 0 };

    for ( ;; ) {

        bytes = ngx_eiam_bytes_load(p);

        bad |= ~(ngx_eiam_bytes_plain(bytes)
                 | (ngx_eiam_bytes_t) (bytes == '+'));

        if (p == last) {
            break;
        }

        p = ngx_min(p + NGX_EIAM_BYTES, last);
    }

    return !ngx_eiam_bytes_any(bad);
}
