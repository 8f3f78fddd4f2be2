
#include "ngx_eiam_unit.h"
#include <ngx_eiam_target.h>


#define UNRESERVED_128                                                        \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"        \
    "0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789-._~xy"

#define LETTERS_16                                                            \
    "\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8"    \
    "\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4"    \
    "\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad"

#define LETTERS_128                                                           \
    LETTERS_16 LETTERS_16 LETTERS_16 LETTERS_16                               \
    LETTERS_16 LETTERS_16 LETTERS_16 LETTERS_16


typedef struct {
    ngx_str_t           raw;
    ngx_str_t           decoded;
    ngx_eiam_detail_e   strict;
    ngx_eiam_detail_e   utf8;
} ngx_eiam_unit_rule_t;


typedef struct {
    const char   *title;
    ngx_str_t     raw;          /* null: nginx writes it anew */
    ngx_str_t     decoded;
    ngx_uint_t    strict;       /* it passes */
    ngx_uint_t    utf8;
} ngx_eiam_unit_target_t;


static ngx_uint_t ngx_eiam_unit_target_passes(
    const ngx_eiam_unit_target_t *row, void *charset, ngx_uint_t side);
static void ngx_eiam_unit_target_details(ngx_eiam_unit_t *unit,
    void *charset);
static void ngx_eiam_unit_target_bytes(ngx_eiam_unit_t *unit, void *charset);
static void ngx_eiam_unit_target_places(ngx_eiam_unit_t *unit);
static ngx_int_t ngx_eiam_unit_target_expected(const ngx_str_t *path);
static ngx_uint_t ngx_eiam_unit_target_unreserved(ngx_uint_t c);
static void ngx_eiam_unit_target_length(ngx_eiam_unit_t *unit);


/* the rule by which each path is refused */

static const ngx_eiam_unit_rule_t  ngx_eiam_unit_rules[] = {

    { ngx_string("/a//b"), ngx_string("/a/b"),
      NGX_EIAM_DETAIL_EMPTY_SEGMENT, NGX_EIAM_DETAIL_EMPTY_SEGMENT },
    { ngx_string("/a//"), ngx_string("/a/"),
      NGX_EIAM_DETAIL_EMPTY_SEGMENT, NGX_EIAM_DETAIL_EMPTY_SEGMENT },
    { ngx_string("/a/./b"), ngx_string("/a/b"),
      NGX_EIAM_DETAIL_DOT_SEGMENT, NGX_EIAM_DETAIL_DOT_SEGMENT },
    { ngx_string("/a/x/../b"), ngx_string("/a/b"),
      NGX_EIAM_DETAIL_DOT_SEGMENT, NGX_EIAM_DETAIL_DOT_SEGMENT },
    { ngx_string("/a/b/.."), ngx_string("/a/"),
      NGX_EIAM_DETAIL_DOT_SEGMENT, NGX_EIAM_DETAIL_DOT_SEGMENT },
    { ngx_string("/a/.../b"), ngx_string("/a/.../b"),
      NGX_EIAM_DETAIL_DOT_SEGMENT, NGX_EIAM_DETAIL_DOT_SEGMENT },
    { ngx_string("/a/%2e%2e/b"), ngx_string("/b"),
      NGX_EIAM_DETAIL_DOT_SEGMENT, NGX_EIAM_DETAIL_DOT_SEGMENT },
    { ngx_string("/%61"), ngx_string("/a"),
      NGX_EIAM_DETAIL_ENCODING, NGX_EIAM_DETAIL_ENCODING },
    { ngx_string("/%C3%A9"), ngx_string("/\xc3\xa9"),
      NGX_EIAM_DETAIL_ENCODING, NGX_EIAM_NO_DETAIL },
    { ngx_string("/%C3%A9//%61"), ngx_string("/\xc3\xa9/a"),
      NGX_EIAM_DETAIL_EMPTY_SEGMENT, NGX_EIAM_DETAIL_EMPTY_SEGMENT },
    { ngx_string("/a;x=y/b"), ngx_string("/a;x=y/b"),
      NGX_EIAM_DETAIL_PARAMETER, NGX_EIAM_DETAIL_PARAMETER },
    { ngx_string("/a@b"), ngx_string("/a@b"),
      NGX_EIAM_DETAIL_CHARACTER, NGX_EIAM_NO_DETAIL },
    { ngx_string("/a\\b"), ngx_string("/a\\b"),
      NGX_EIAM_DETAIL_CHARACTER, NGX_EIAM_DETAIL_CHARACTER },
    { ngx_string("/\xc3\xa9"), ngx_string("/\xc3\xa9"),
      NGX_EIAM_DETAIL_CHARACTER, NGX_EIAM_DETAIL_CHARACTER },
    { ngx_string("/%E2%82%AC"), ngx_string("/\xe2\x82\xac"),
      NGX_EIAM_DETAIL_ENCODING, NGX_EIAM_DETAIL_CHARACTER },
    { ngx_string("/" UNRESERVED_128 "z"), ngx_string("/" UNRESERVED_128 "z"),
      NGX_EIAM_DETAIL_SEGMENT_TOO_LONG, NGX_EIAM_DETAIL_SEGMENT_TOO_LONG },

    { ngx_null_string, ngx_null_string, 0, 0 }
};


static const ngx_eiam_unit_target_t  ngx_eiam_unit_targets[] = {

    { "a plain path", ngx_string("/a/b-._~9"), ngx_string("/a/b-._~9"),
      1, 1 },
    { "a path without its raw form", ngx_null_string, ngx_string("/a/b"),
      1, 1 },
    { "dots within a name", ngx_string("/a..b/.c/d."),
      ngx_string("/a..b/.c/d."), 1, 1 },
    { "a segment of 128 characters", ngx_string("/" UNRESERVED_128),
      ngx_string("/" UNRESERVED_128), 1, 1 },
    { "a segment of 129 characters", ngx_string("/" UNRESERVED_128 "z"),
      ngx_string("/" UNRESERVED_128 "z"), 0, 0 },

    { "no path", ngx_string(""), ngx_string(""), 0, 0 },
    { "a path without a slash", ngx_string("a"), ngx_string("a"), 0, 0 },
    { "the root", ngx_string("/"), ngx_string("/"), 1, 1 },
    { "a slash at the end", ngx_string("/a/"), ngx_string("/a/"), 1, 1 },
    { "two slashes at the end", ngx_string("/a//"), ngx_string("/a//"), 0, 0 },
    { "a slash at the end that nginx merged", ngx_string("/a//"),
      ngx_string("/a/"), 0, 0 },
    { "a dot segment at the end that nginx removed", ngx_string("/a/."),
      ngx_string("/a/"), 0, 0 },
    { "an empty segment", ngx_string("/a//b"), ngx_string("/a//b"), 0, 0 },
    { "a dot segment", ngx_string("/a/."), ngx_string("/a/."), 0, 0 },
    { "a climb", ngx_string("/a/../b"), ngx_string("/a/../b"), 0, 0 },
    { "three dots", ngx_string("/a/..."), ngx_string("/a/..."), 0, 0 },

    { "a climb that nginx resolved", ngx_string("/a/../b"), ngx_string("/b"),
      0, 0 },
    { "slashes that nginx merged", ngx_string("//a"), ngx_string("/a"),
      0, 0 },
    { "an encoded letter", ngx_string("/%61"), ngx_string("/a"), 0, 0 },
    { "an encoded slash", ngx_string("/a%2fb"), ngx_string("/a/b"), 0, 0 },
    { "an encoded percent sign", ngx_string("/%2561"), ngx_string("/%61"),
      0, 0 },
    { "a raw path that is longer", ngx_string("/ab"), ngx_string("/a"),
      0, 0 },
    { "a decoded path that is longer", ngx_string("/a"), ngx_string("/ab"),
      0, 0 },
    { "other names of the same length", ngx_string("/a"), ngx_string("/b"),
      0, 0 },

    { "sub-delims, a colon and an at sign", ngx_string("/!$&'()*+,=:@"),
      ngx_string("/!$&'()*+,=:@"), 0, 1 },
    { "a parameter", ngx_string("/a;b"), ngx_string("/a;b"), 0, 0 },
    { "encoded letters of UTF-8", ngx_string("/%e4%B8%ad/x"),
      ngx_string("/\xe4\xb8\xad/x"), 0, 1 },
    { "2.6-8: what clients encode", ngx_string("/%21%24%26%27%28%29%2a%2B%2c"
      "%3A%3D%40%7C%7ca%20b"), ngx_string("/!$&'()*+,:=@||a b"), 0, 1 },
    { "2.6-8: a raw bar", ngx_string("/a|b"), ngx_string("/a|b"), 0, 0 },
    { "2.6-8: a raw blank", ngx_string("/a b"), ngx_string("/a b"), 0, 0 },
    { "2.6-8: a bar that nginx will write", ngx_null_string,
      ngx_string("/a|b"), 0, 1 },
    { "2.6-8: a blank at the beginning", ngx_string("/%20a"),
      ngx_string("/ a"), 0, 0 },
    { "2.6-8: a blank at the end", ngx_string("/a%20/b"),
      ngx_string("/a /b"), 0, 0 },
    { "2.6-8: a blank at the end of the path", ngx_string("/a%20"),
      ngx_string("/a "), 0, 0 },
    { "2.6-8: a blank alone", ngx_string("/%20/b"), ngx_string("/ /b"),
      0, 0 },
    { "2.6-8: dots and blanks", ngx_string("/.%20."), ngx_string("/. ."),
      0, 0 },
    { "2.6-8: an encoded tilde", ngx_string("/%7e"), ngx_string("/~"), 0, 0 },
    { "2.6-8: an encoded semicolon", ngx_string("/a%3b"), ngx_string("/a;"),
      0, 0 },
    { "2.6-8: an encoded plus as if sent twice encoded",
      ngx_string("/%252B"), ngx_string("/%2B"), 0, 0 },
    { "2.6-8: another character than the decoded", ngx_string("/%40"),
      ngx_string("/:"), 0, 0 },
    { "2.6-8: Hindi", ngx_null_string, ngx_string("/\xe0\xa4\xb9\xe0\xa4\xbf"
      "\xe0\xa4\xa8\xe0\xa5\x8d\xe0\xa4\xa6\xe0\xa5\x80"), 0, 1 },
    { "2.6-8: an umlaut of two characters", ngx_null_string,
      ngx_string("/Mu\xcc\x88ller"), 0, 1 },
    { "2.6-8: two marks", ngx_null_string,
      ngx_string("/\xe0\xb8\x97\xe0\xb8\xb5\xe0\xb9\x88"), 0, 1 },
    { "2.6-8: a mark at the beginning", ngx_null_string,
      ngx_string("/\xcc\x88u"), 0, 0 },
    { "2.6-8: a mark behind a dot", ngx_null_string,
      ngx_string("/.\xcc\x88."), 0, 0 },
    { "2.6-8: a mark behind a delimiter", ngx_null_string,
      ngx_string("/a=\xcc\xb8"), 0, 0 },
    { "2.6-8: a solidus through a letter", ngx_null_string,
      ngx_string("/a\xcc\xb8"), 0, 0 },
    { "2.6-8: a mark that is not seen", ngx_null_string,
      ngx_string("/a\xcd\x8f"), 0, 0 },
    { "2.6-8: a variation selector", ngx_null_string,
      ngx_string("/\xe4\xb8\xad\xef\xb8\x80"), 0, 0 },
    { "2.6-8: a letter that is not seen", ngx_null_string,
      ngx_string("/a\xe3\x85\xa4"), 0, 0 },
    { "2.6-8: a middle dot between letters", ngx_null_string,
      ngx_string("/\xe9\x98\xbf\xc2\xb7\xe6\x9c\xa8"), 0, 1 },
    { "2.6-8: a middle dot of Katakana", ngx_null_string,
      ngx_string("/\xe3\x83\xa7\xe3\x83\xbb\xe3\x82\xb9"), 0, 1 },
    { "2.6-8: middle dots alone", ngx_null_string,
      ngx_string("/\xc2\xb7\xc2\xb7"), 0, 0 },
    { "2.6-8: a middle dot at the end", ngx_null_string,
      ngx_string("/a\xc2\xb7"), 0, 0 },
    { "2.6-8: a middle dot before a dot", ngx_null_string,
      ngx_string("/a\xc2\xb7."), 0, 0 },
    { "2.6-8: a currency sign", ngx_null_string, ngx_string("/\xe2\x82\xac"),
      0, 0 },

    { "128 letters of UTF-8", ngx_null_string, ngx_string("/" LETTERS_128),
      0, 1 },
    { "129 letters of UTF-8", ngx_null_string,
      ngx_string("/" LETTERS_128 "\xe4\xb8\xad"), 0, 0 },
    { "raw letters of UTF-8", ngx_string("/\xe4\xb8\xad"),
      ngx_string("/\xe4\xb8\xad"), 0, 0 },
    { "a digit of another script", ngx_string("/%d9%a3"),
      ngx_string("/\xd9\xa3"), 0, 1 },
    { "half an escape", ngx_string("/%e4%b8%a"),
      ngx_string("/\xe4\xb8\xad"), 0, 0 },
    { "an escape at the very end", ngx_string("/%e4%b8%"),
      ngx_string("/\xe4\xb8\xad"), 0, 0 },
    { "a character cut short", ngx_string("/%e4%b8"),
      ngx_string("/\xe4\xb8"), 0, 0 },
    { "a byte that is no UTF-8", ngx_string("/%ff"), ngx_string("/\xff"),
      0, 0 },
    { "an overlong slash", ngx_string("/%c0%af"), ngx_string("/\xc0\xaf"),
      0, 0 },
    { "a surrogate", ngx_string("/%ed%a0%80"), ngx_string("/\xed\xa0\x80"),
      0, 0 },
    { "a full-width slash", ngx_string("/%ef%bc%8f"),
      ngx_string("/\xef\xbc\x8f"), 0, 0 },
    { "a full-width stop", ngx_string("/%ef%bc%8e"),
      ngx_string("/\xef\xbc\x8e"), 0, 0 },
    { "a combining mark", ngx_string("/e%cc%81"), ngx_string("/e\xcc\x81"),
      0, 1 },
    { "a space of no width", ngx_string("/a%e2%80%8b"),
      ngx_string("/a\xe2\x80\x8b"), 0, 0 },
    { "a line end behind letters", ngx_string("/%e4%b8%ad%0a"),
      ngx_string("/\xe4\xb8\xad\n"), 0, 0 },

    { NULL, ngx_null_string, ngx_null_string, 0, 0 }
};


void
ngx_eiam_unit_target(ngx_eiam_unit_t *unit)
{
    void                          *charset;
    ngx_uint_t                     strict, utf8, side;
    const ngx_eiam_unit_target_t  *row;

    charset = ngx_eiam_target_charset(unit->cf);
    ngx_eiam_unit_ok(unit, charset != NULL, "the letters are compiled");

    if (charset == NULL) {
        return;
    }

    for (row = ngx_eiam_unit_targets; row->title; row++) {

        strict = 1;
        utf8 = 1;

        for (ngx_eiam_unit_sides(side)) {
            strict &= (ngx_eiam_unit_target_passes(row, NULL, side)
                       == row->strict);
            utf8 &= (ngx_eiam_unit_target_passes(row, charset, side)
                     == row->utf8);
        }

        ngx_eiam_unit_ok(unit, strict, "%s: strict", row->title);
        ngx_eiam_unit_ok(unit, utf8, "%s: utf8", row->title);
    }

    ngx_eiam_unit_target_details(unit, charset);
    ngx_eiam_unit_target_bytes(unit, charset);
    ngx_eiam_unit_target_places(unit);
    ngx_eiam_unit_target_length(unit);
}


static ngx_uint_t
ngx_eiam_unit_target_passes(const ngx_eiam_unit_target_t *row, void *charset,
    ngx_uint_t side)
{
    ngx_str_t  raw, decoded;

    raw = ngx_eiam_unit_place(0, side, &row->raw);
    decoded = ngx_eiam_unit_place(1, side, &row->decoded);

    return ngx_eiam_target_check(row->raw.data ? &raw : NULL, &decoded, charset)
           == NGX_EIAM_NO_DETAIL;
}


static void
ngx_eiam_unit_target_details(ngx_eiam_unit_t *unit, void *charset)
{
    ngx_str_t                    decoded;
    const ngx_eiam_unit_rule_t  *row;

    for (row = ngx_eiam_unit_rules; row->raw.len; row++) {

        decoded = row->decoded;

        ngx_eiam_unit_ok(unit,
                         ngx_eiam_target_check(&row->raw, &decoded, NULL)
                         == row->strict
                         && ngx_eiam_target_check(&row->raw, &decoded, charset)
                            == row->utf8,
                         "2.6-10: \"%V\" says by which rule", &row->raw);
    }
}


/* of all bytes exactly the listed ones pass as a segment of their own */

static void
ngx_eiam_unit_target_bytes(ngx_eiam_unit_t *unit, void *charset)
{
    u_char      path[2];
    ngx_str_t   text;
    ngx_uint_t  c, strict, utf8, unreserved, other;

    strict = 1;
    utf8 = 1;

    text.data = path;
    text.len = 2;
    path[0] = '/';

    for (c = 0; c < 256; c++) {

        path[1] = (u_char) c;

        unreserved = ngx_eiam_unit_target_unreserved(c) && c != '.';
        other = c && ngx_strchr("!$&'()*+,=:@|", (int) c) != NULL;

        strict &= ((ngx_eiam_target_check(&text, &text, NULL)
                    == NGX_EIAM_NO_DETAIL)
                   == unreserved);
        utf8 &= ((ngx_eiam_target_check(NULL, &text, charset)
                  == NGX_EIAM_NO_DETAIL)
                 == (unreserved || other));
    }

    ngx_eiam_unit_ok(unit, strict, "no other byte passes: strict");
    ngx_eiam_unit_ok(unit, utf8, "no other byte passes: utf8");
}


/* each byte at each place of paths that are read in larger pieces */

static void
ngx_eiam_unit_target_places(ngx_eiam_unit_t *unit)
{
    u_char      path[140];
    ngx_str_t   text, copy;
    ngx_uint_t  c, i, side, wrong;

    wrong = 0;
    copy.data = path;

    for (copy.len = 1; copy.len <= sizeof(path);
         copy.len += (copy.len < 36 || copy.len > 125) ? 1 : 17)
    {
        for (i = 0; i < copy.len; i++) {
            path[i] = (i == 0 || i == 5 || i == 16) ? '/' : 'a';
        }

        for (i = 0; i < copy.len; i++) {

            for (c = 0; c < 256; c++) {

                side = c % 2;
                path[i] = (u_char) c;

                text = ngx_eiam_unit_place(0, side, &copy);

                wrong += (ngx_eiam_target_check(&text, &text, NULL)
                          == NGX_EIAM_NO_DETAIL)
                         != (ngx_eiam_unit_target_expected(&text) == NGX_OK);
            }

            path[i] = (i == 0 || i == 5 || i == 16) ? '/' : 'a';
        }
    }

    ngx_eiam_unit_ok(unit, wrong == 0, "every byte at every place of a path");
}


/* the definition, byte by byte */

static ngx_int_t
ngx_eiam_unit_target_expected(const ngx_str_t *path)
{
    ngx_uint_t  i, length, dots;

    if (path->data[0] != '/') {
        return NGX_DECLINED;
    }

    length = 0;
    dots = 0;

    for (i = 1; i <= path->len; i++) {

        if (i < path->len && path->data[i] != '/') {
            length++;
            dots += (path->data[i] == '.');

            if (ngx_eiam_unit_target_unreserved(path->data[i])) {
                continue;
            }

            return NGX_DECLINED;
        }

        /* the path may end in "/" */

        if ((length == dots && (length || i < path->len)) || length > 128) {
            return NGX_DECLINED;
        }

        length = 0;
        dots = 0;
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_eiam_unit_target_unreserved(ngx_uint_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || (c >= '0' && c <= '9')
           || c == '-' || c == '.' || c == '_' || c == '~';
}


static void
ngx_eiam_unit_target_length(ngx_eiam_unit_t *unit)
{
    u_char     path[NGX_EIAM_PATH_MAX + 1];
    ngx_str_t  text;

    for (text.len = 0; text.len < sizeof(path); text.len++) {
        path[text.len] = (text.len % 2) ? 'a' : '/';
    }

    text.data = path;
    text.len = NGX_EIAM_PATH_MAX;

    ngx_eiam_unit_ok(unit,
                     ngx_eiam_target_check(&text, &text, NULL)
                     == NGX_EIAM_NO_DETAIL,
                     "the longest path passes");

    path[NGX_EIAM_PATH_MAX - 1] = '/';
    path[NGX_EIAM_PATH_MAX] = 'a';
    path[NGX_EIAM_PATH_MAX - 2] = 'a';
    text.len++;

    ngx_eiam_unit_ok(unit,
                     ngx_eiam_target_check(&text, &text, NULL)
                     == NGX_EIAM_DETAIL_PATH_TOO_LONG,
                     "a path of one byte more does not");
}
