
#include "ngx_eiam_unit.h"
#include <ngx_eiam_string.h>
#include <ngx_eiam_text.h>


typedef struct {
    ngx_str_t    text;
    ngx_str_t    shown;
} ngx_eiam_unit_text_t;


static const ngx_eiam_unit_text_t  ngx_eiam_unit_texts[] = {
    { ngx_string(""), ngx_string("") },
    { ngx_string("plain ~text"), ngx_string("plain ~text") },
    { ngx_string("a\"b\\c"), ngx_string("a\\x22b\\x5Cc") },
    { ngx_string("\0\x1f\x7f\n"), ngx_string("\\x00\\x1F\\x7F\\x0A") },
    { ngx_string("\xe5\xba\x94\xff"), ngx_string("\\xE5\\xBA\\x94\\xFF") },
    { ngx_null_string, ngx_null_string }
};


void
ngx_eiam_unit_text(ngx_eiam_unit_t *unit)
{
    size_t                       n;
    u_char                       buf[2 * NGX_EIAM_TEXT_MAX];
    ngx_str_t                    text, shown;
    ngx_uint_t                   ok;
    const ngx_eiam_unit_text_t  *row;

    for (row = ngx_eiam_unit_texts; row->shown.data; row++) {
        shown = ngx_eiam_text_shown(&row->text, unit->pool);
        ngx_eiam_unit_ok(unit, ngx_eiam_str_equal(&shown, &row->shown),
                         "%V", &row->shown);
    }

    ngx_memset(buf, 'a', sizeof(buf));
    text.data = buf;
    ok = 1;

    for (n = NGX_EIAM_TEXT_MAX - 1; n < NGX_EIAM_TEXT_MAX + 8; n++) {
        text.len = n;
        shown = ngx_eiam_text_shown(&text, unit->pool);
        ok &= (n <= NGX_EIAM_TEXT_MAX)
              ? (shown.len == n && shown.data == buf)
              : (shown.len == NGX_EIAM_TEXT_MAX + 3 && shown.data != buf);
    }

    ngx_eiam_unit_ok(unit, ok, "a text that is too long is cut off");

    /* the last byte that is shown takes four bytes */

    buf[NGX_EIAM_TEXT_MAX - 3] = '"';
    text.len = NGX_EIAM_TEXT_MAX - 2;
    shown = ngx_eiam_text_shown(&text, unit->pool);

    ngx_eiam_unit_ok(unit, shown.len == NGX_EIAM_TEXT_MAX
                     && shown.data[NGX_EIAM_TEXT_MAX - 4] == 'a'
                     && ngx_memcmp(shown.data + NGX_EIAM_TEXT_MAX - 3, "...",
                                   3) == 0,
                     "and never within an escape");
}
