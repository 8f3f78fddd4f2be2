
#include <ngx_eiam_base64url.h>


#define X  0x80            /* not in the alphabet */


static const u_char  ngx_eiam_base64url_values[256] = {
     X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,
     X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,
     X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X, 62,  X,  X,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61,  X,  X,  X,  X,  X,  X,
     X,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14,
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,  X,  X,  X,  X, 63,
     X, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51,  X,  X,  X,  X,  X,
     X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,
     X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,
     X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,
     X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,
     X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,
     X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,
     X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,
     X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X
};


ngx_int_t
ngx_eiam_base64url(const ngx_str_t *text, ngx_pool_t *pool, ngx_str_t *bytes)
{
    u_char        *p, *s, *last;
    uint32_t       bits, rest, seen;
    const u_char  *value;

    if (text->len % 4 == 1) {
        return NGX_DECLINED;
    }

    p = ngx_pnalloc(pool, text->len / 4 * 3 + 3);
    if (p == NULL) {
        return NGX_ERROR;
    }

    bytes->data = p;
    value = ngx_eiam_base64url_values;
    s = text->data;
    last = s + text->len;
    seen = 0;

    for ( /* void */ ; last - s >= 4; s += 4) {

        seen |= value[s[0]] | value[s[1]] | value[s[2]] | value[s[3]];
        bits = value[s[0]] << 18 | value[s[1]] << 12 | value[s[2]] << 6
               | value[s[3]];

        *p++ = (u_char) (bits >> 16);
        *p++ = (u_char) (bits >> 8);
        *p++ = (u_char) bits;
    }

    /* two or three characters are left, whose last bits must be 0 */

    if (s < last) {

        seen |= value[s[0]] | value[s[1]];
        bits = value[s[0]] << 18 | value[s[1]] << 12;

        *p++ = (u_char) (bits >> 16);
        rest = 0xffff;

        if (last - s == 3) {

            seen |= value[s[2]];
            bits |= value[s[2]] << 6;

            *p++ = (u_char) (bits >> 8);
            rest = 0xff;
        }

        if (bits & rest) {
            return NGX_DECLINED;
        }
    }

    if (seen & X) {
        return NGX_DECLINED;
    }

    bytes->len = p - bytes->data;

    return NGX_OK;
}
