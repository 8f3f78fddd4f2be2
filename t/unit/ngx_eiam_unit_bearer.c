
#include "ngx_eiam_unit.h"
#include <ngx_eiam_bearer.h>


typedef struct {
    const char  *title;
    ngx_str_t    value;
    ngx_int_t    rc;
    ngx_str_t    token;
} ngx_eiam_unit_bearer_t;


static ngx_int_t ngx_eiam_unit_bearer_read(const ngx_str_t *value,
    ngx_str_t *token);
static void ngx_eiam_unit_bearer_places(ngx_eiam_unit_t *unit);


static const ngx_eiam_unit_bearer_t  ngx_eiam_unit_bearers[] = {

    { "a token", ngx_string("Bearer abc"), NGX_OK, ngx_string("abc") },
    { "the scheme in another case", ngx_string("bEARER abc"), NGX_OK,
      ngx_string("abc") },
    { "several spaces", ngx_string("Bearer   abc"), NGX_OK,
      ngx_string("abc") },
    { "every character of a b64token",
      ngx_string("Bearer azAZ09-._~+/=="), NGX_OK,
      ngx_string("azAZ09-._~+/==") },

    { "an empty field", ngx_string(""), NGX_DECLINED, ngx_null_string },
    { "another scheme", ngx_string("Basic dTpw"), NGX_DECLINED,
      ngx_null_string },
    { "a longer scheme", ngx_string("Bearerx abc"), NGX_DECLINED,
      ngx_null_string },
    { "half a scheme", ngx_string("Bear"), NGX_DECLINED, ngx_null_string },
    { "a token without a scheme", ngx_string("abcdefgh"), NGX_DECLINED,
      ngx_null_string },
    { "the scheme behind another", ngx_string("X Bearer abc"), NGX_DECLINED,
      ngx_null_string },

    { "no token", ngx_string("Bearer"), NGX_ABORT, ngx_null_string },
    { "spaces alone", ngx_string("Bearer   "), NGX_ABORT, ngx_null_string },
    { "a tab", ngx_string("Bearer\tabc"), NGX_ABORT, ngx_null_string },
    { "two tokens", ngx_string("Bearer abc def"), NGX_ABORT,
      ngx_null_string },
    { "a space at the end", ngx_string("Bearer abc "), NGX_ABORT,
      ngx_null_string },
    { "a list", ngx_string("Bearer abc, Basic x"), NGX_ABORT,
      ngx_null_string },
    { "equal signs alone", ngx_string("Bearer =="), NGX_ABORT,
      ngx_null_string },
    { "an equal sign inside", ngx_string("Bearer a=b"), NGX_ABORT,
      ngx_null_string },
    { "quotes", ngx_string("Bearer \"abc\""), NGX_ABORT, ngx_null_string },
    { "a NUL", ngx_string("Bearer abc\0"), NGX_ABORT, ngx_null_string },
    { "a byte beyond ASCII", ngx_string("Bearer ab\xc3"), NGX_ABORT,
      ngx_null_string },

    { NULL, ngx_null_string, NGX_OK, ngx_null_string }
};


void
ngx_eiam_unit_bearer(ngx_eiam_unit_t *unit)
{
    ngx_int_t                      rc;
    ngx_str_t                      value, token;
    ngx_uint_t                     ok, side;
    const ngx_eiam_unit_bearer_t  *row;

    for (row = ngx_eiam_unit_bearers; row->title; row++) {

        ok = 1;

        for (ngx_eiam_unit_sides(side)) {
            ngx_str_null(&token);
            value = ngx_eiam_unit_place(0, side, &row->value);
            rc = ngx_eiam_unit_bearer_read(&value, &token);
            ok &= (rc == row->rc && ngx_eiam_unit_equal(&token, &row->token));
        }

        ngx_eiam_unit_ok(unit, ok, "%s", row->title);
    }

    ngx_eiam_unit_bearer_places(unit);
}


/* NGX_ABORT: the scheme is Bearer, but no b64token follows */

static ngx_int_t
ngx_eiam_unit_bearer_read(const ngx_str_t *value, ngx_str_t *token)
{
    if (ngx_eiam_bearer_find(value, token) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (ngx_eiam_bearer_is_token(token)) {
        return NGX_OK;
    }

    ngx_str_null(token);

    return NGX_ABORT;
}


/* each byte at each place of tokens that are read in larger pieces */

static void
ngx_eiam_unit_bearer_places(ngx_eiam_unit_t *unit)
{
    u_char      token[50];
    ngx_str_t   text, copy;
    ngx_uint_t  c, i, wrong, expected;

    wrong = 0;
    copy.data = token;
    ngx_memset(token, 'a', sizeof(token));

    for (copy.len = 1; copy.len <= sizeof(token); copy.len++) {

        for (i = 0; i < copy.len; i++) {

            for (c = 0; c < 256; c++) {

                token[i] = (u_char) c;
                text = ngx_eiam_unit_place(0, c % 2, &copy);

                expected = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
                           || (c >= '0' && c <= '9')
                           || (c && ngx_strchr("-._~+/", (int) c))
                           || (c == '=' && i && i == copy.len - 1);

                wrong += ngx_eiam_bearer_is_token(&text) != expected;
            }

            token[i] = 'a';
        }
    }

    ngx_eiam_unit_ok(unit, wrong == 0,
                     "every byte at every place of a token");
}
