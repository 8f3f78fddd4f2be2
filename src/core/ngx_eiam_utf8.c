
#include <ngx_eiam_utf8.h>


size_t
ngx_eiam_utf8_character(u_char *p, u_char *last)
{
    u_char    *q, *next;
    uint32_t   c;

    if (*p < 0x80) {
        return *p >= 0x20 && *p != 0x7f;
    }

    /* ngx_utf8_decode() would take these for the first of four bytes */

    if (*p >= 0xf8) {
        return 0;
    }

    next = p;
    c = ngx_utf8_decode(&next, last - p);

    if (c < 0xa0 || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
        return 0;
    }

    /* nor does it check the two high bits of the following bytes */

    for (q = p + 1; q < next; q++) {

        if ((*q & 0xc0) != 0x80) {
            return 0;
        }
    }

    return next - p;
}


ngx_uint_t
ngx_eiam_utf8_is_text(const ngx_str_t *text)
{
    u_char  *p, *last;
    size_t   n;

    last = text->data + text->len;

    for (p = text->data; p < last; p += n) {

        /* most texts are ASCII */
        n = (*p >= 0x20 && *p < 0x7f) ? 1 : ngx_eiam_utf8_character(p, last);

        if (n == 0) {
            return 0;
        }
    }

    return 1;
}
