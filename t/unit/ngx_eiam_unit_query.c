
#include "ngx_eiam_unit.h"
#include <ngx_eiam_query.h>


typedef struct {
    const char  *title;
    ngx_str_t    query;
    ngx_int_t    rc;
    ngx_str_t    value;
} ngx_eiam_unit_query_t;


static const ngx_eiam_unit_query_t  ngx_eiam_unit_queries[] = {

    { "the parameter alone", ngx_string("_method=PUT"), NGX_OK,
      ngx_string("PUT") },
    { "the first of two", ngx_string("_method=a&_method=b"), NGX_OK,
      ngx_string("a") },
    { "behind another", ngx_string("x=1&_method=b"), NGX_OK,
      ngx_string("b") },
    { "behind a semicolon", ngx_string("x=1;_method=b"), NGX_OK,
      ngx_string("b") },
    { "without a value", ngx_string("_method"), NGX_OK, ngx_string("") },
    { "with an empty value", ngx_string("_method=&x"), NGX_OK,
      ngx_string("") },
    { "a value with equal signs", ngx_string("_method=a=b"), NGX_OK,
      ngx_string("a=b") },
    { "another case", ngx_string("_METHOD=a"), NGX_OK, ngx_string("a") },
    { "an encoded name", ngx_string("%5f%6Dethod=a"), NGX_OK,
      ngx_string("a") },
    { "a name encoded twice", ngx_string("%255fmethod=a"), NGX_OK,
      ngx_string("a") },
    { "led by spaces", ngx_string("+%20 _method=a"), NGX_OK,
      ngx_string("a") },
    { "an element of an array", ngx_string("_method[0]=a"), NGX_OK,
      ngx_string("a") },
    { "an encoded bracket", ngx_string("_method%5B%5D=a"), NGX_OK,
      ngx_string("a") },
    { "a dot that PHP reads as an underscore", ngx_string(".method=a"),
      NGX_OK, ngx_string("a") },
    { "a name that ends at a NUL", ngx_string("_method%00x=a"), NGX_OK,
      ngx_string("a") },
    { "behind a question mark", ngx_string("?_method=a"), NGX_OK,
      ngx_string("a") },
    { "behind several of them", ngx_string("??_method=a"), NGX_OK,
      ngx_string("a") },

    { "a question mark within the query", ngx_string("x&?_method=a"),
      NGX_DECLINED, ngx_null_string },
    { "question marks alone", ngx_string("??"), NGX_DECLINED,
      ngx_null_string },

    { "no query", ngx_string(""), NGX_DECLINED, ngx_null_string },
    { "another name", ngx_string("method=a"), NGX_DECLINED,
      ngx_null_string },
    { "a longer name", ngx_string("_methods=a"), NGX_DECLINED,
      ngx_null_string },
    { "a shorter name", ngx_string("_metho=a"), NGX_DECLINED,
      ngx_null_string },
    { "the name as a value", ngx_string("x=_method"), NGX_DECLINED,
      ngx_null_string },
    { "the name behind an equal sign", ngx_string("=_method=x"),
      NGX_DECLINED, ngx_null_string },
    { "half an escape", ngx_string("_metho%6"), NGX_DECLINED,
      ngx_null_string },
    { "separators alone", ngx_string("&&;&"), NGX_DECLINED,
      ngx_null_string },

    { NULL, ngx_null_string, NGX_OK, ngx_null_string }
};


/* all values of exactly that name, and what follows the last one */

typedef struct {
    ngx_str_t    query;
    const char  *values;             /* separated by "|" */
    ngx_int_t    rc;
} ngx_eiam_unit_query_next_t;


static const ngx_eiam_unit_query_next_t  ngx_eiam_unit_nexts[] = {

    { ngx_string(""), "", NGX_DECLINED },
    { ngx_string("a=b&c"), "", NGX_DECLINED },
    { ngx_string("a_b=1"), "1|", NGX_DECLINED },
    { ngx_string("a_b="), "|", NGX_DECLINED },
    { ngx_string("a_b=1&a_b=2&x&a_b=3"), "1|2|3|", NGX_DECLINED },
    { ngx_string("&&a_b=1&&"), "1|", NGX_DECLINED },
    { ngx_string("a_b==1%20+"), "=1%20+|", NGX_DECLINED },
    { ngx_string("xa_b=1&a_bx=2&x=a_b=3"), "", NGX_DECLINED },
    { ngx_string("a_b"), "", NGX_ABORT },
    { ngx_string("a_b=1&a_b"), "1|", NGX_ABORT },
    { ngx_string("A_b=1"), "", NGX_ABORT },
    { ngx_string("a_b=1&a_B=2"), "1|", NGX_ABORT },
    { ngx_string("a%5fb=1"), "", NGX_ABORT },
    { ngx_string("%61_b=1"), "", NGX_ABORT },
    { ngx_string("a%255fb=1"), "", NGX_ABORT },
    { ngx_string("a%u005fb=1"), "", NGX_ABORT },
    { ngx_string("a.b=1"), "", NGX_ABORT },
    { ngx_string("a b=1"), "", NGX_ABORT },
    { ngx_string("+a_b=1"), "", NGX_ABORT },
    { ngx_string("x& a_b=1"), "", NGX_ABORT },
    { ngx_string("a_b[]=1"), "", NGX_ABORT },
    { ngx_string("a_b%00=1"), "", NGX_ABORT },
    { ngx_string("x;a_b=1"), "", NGX_ABORT },
    { ngx_string("?a_b=1"), "", NGX_ABORT },
    { ngx_string("?a_b=1&a_b=2"), "", NGX_ABORT },
    { ngx_string("?&a_b=1"), "1|", NGX_DECLINED },
    { ngx_string("a_b=1;x"), "", NGX_ABORT },
    { ngx_string("a_b=1;"), "", NGX_ABORT },
    { ngx_string("x=a;b&a_b=1"), "1|", NGX_DECLINED },

    { ngx_null_string, NULL, 0 }
};


typedef struct {
    ngx_str_t    value;
    ngx_int_t    rc;
    ngx_str_t    text;
} ngx_eiam_unit_query_decode_t;


static const ngx_eiam_unit_query_decode_t  ngx_eiam_unit_decodes[] = {

    { ngx_string(""), NGX_OK, ngx_string("") },
    { ngx_string("a-b"), NGX_OK, ngx_string("a-b") },
    { ngx_string("a+b++"), NGX_OK, ngx_string("a b  ") },
    { ngx_string("%61%2B%2b%25"), NGX_OK, ngx_string("a++%") },
    { ngx_string("%2541"), NGX_OK, ngx_string("%41") },
    { ngx_string("=&;"), NGX_OK, ngx_string("=&;") },
    { ngx_string("\xe4%b8\xad"), NGX_OK, ngx_string("\xe4\xb8\xad") },
    { ngx_string("%"), NGX_ABORT, ngx_null_string },
    { ngx_string("%4"), NGX_ABORT, ngx_null_string },
    { ngx_string("a%4"), NGX_ABORT, ngx_null_string },
    { ngx_string("%4g"), NGX_ABORT, ngx_null_string },
    { ngx_string("%u0061"), NGX_ABORT, ngx_null_string },
    { ngx_string("%%41"), NGX_ABORT, ngx_null_string },
    { ngx_string("a%00"), NGX_ABORT, ngx_null_string },
    { ngx_string("%0a"), NGX_ABORT, ngx_null_string },
    { ngx_string("%7F"), NGX_ABORT, ngx_null_string },
    { ngx_string("a\tb"), NGX_ABORT, ngx_null_string },
    { ngx_string("a\0b"), NGX_ABORT, ngx_null_string },

    { ngx_null_string, 0, ngx_null_string }
};


/*
 * Patterns that clients may repeat.  t/query.t counts the instructions of
 * ngx_eiam_query_has(), which only these tests call.
 */

static const ngx_str_t  ngx_eiam_unit_query_patterns[] = {
    ngx_string("x"), ngx_string("&"), ngx_string(";"), ngx_string("="),
    ngx_string("+"), ngx_string("%"), ngx_string("_"), ngx_string("."),
    ngx_string("["), ngx_string(" "), ngx_string("\xff"), ngx_string("\0"),
    ngx_string("%25"), ngx_string("25"), ngx_string("%20"),
    ngx_string("u0025"), ngx_string("&_"), ngx_string("&a"),
    ngx_string("&+"), ngx_string("&%"), ngx_string(";x"), ngx_string("&="),
    ngx_string("&_m"), ngx_string("&_metho"), ngx_string("&_methods"),
    ngx_string("&%5fmethods"), ngx_string("&access_toke"),
    ngx_string("&access_tokens"), ngx_string("&client_secret_"),
    ngx_string("&%2525255fmetho"), ngx_string("&++++++_metho"),
    ngx_string("&x-http-method-overrid"), ngx_string("&_method%41"),
    ngx_string("&access_token"), ngx_string("&%61ccess_token=x"),
    ngx_null_string
};


static const ngx_str_t  ngx_eiam_unit_query_names[] = {
    ngx_string("_method"),
    ngx_string("x-http-method-override"),
    ngx_string("access_token"),
    ngx_string("client_secret"),
    ngx_null_string
};


static void ngx_eiam_unit_query_searches(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_query_repeats(ngx_eiam_unit_t *unit,
    const ngx_str_t *pattern, size_t len);
static void ngx_eiam_unit_query_finds(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_query_nexts(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_query_decodes(ngx_eiam_unit_t *unit);


void
ngx_eiam_unit_query(ngx_eiam_unit_t *unit)
{
    ngx_uint_t  i;

    ngx_eiam_unit_query_finds(unit);
    ngx_eiam_unit_query_searches(unit);

    for (i = 0; ngx_eiam_unit_query_patterns[i].len; i++) {
        ngx_eiam_unit_query_repeats(unit, &ngx_eiam_unit_query_patterns[i],
                                    30000);
        ngx_eiam_unit_query_repeats(unit, &ngx_eiam_unit_query_patterns[i],
                                    60000);
    }

    ngx_eiam_unit_query_nexts(unit);
    ngx_eiam_unit_query_decodes(unit);
}


static void
ngx_eiam_unit_query_finds(ngx_eiam_unit_t *unit)
{
    ngx_int_t                     rc;
    ngx_str_t                     query, value;
    ngx_uint_t                    ok, side;
    const ngx_eiam_unit_query_t  *row;

    static const ngx_str_t  name = ngx_string("_method");

    for (row = ngx_eiam_unit_queries; row->title; row++) {

        ok = 1;

        for (ngx_eiam_unit_sides(side)) {
            ngx_str_null(&value);
            query = ngx_eiam_unit_place(0, side, &row->query);
            rc = ngx_eiam_query_find(&query, &name, &value);
            ok &= (rc == row->rc && ngx_eiam_unit_equal(&value, &row->value));
        }

        ngx_eiam_unit_ok(unit, ok, "%s", row->title);
    }
}


static void
ngx_eiam_unit_query_searches(ngx_eiam_unit_t *unit)
{
    ngx_int_t   n;
    ngx_str_t   query, value;
    ngx_uint_t  i, ok, side;

    static const struct {
        ngx_str_t   query;
        ngx_int_t   n;
        ngx_str_t   value;
    } rows[] = {
        { ngx_string(""), NGX_DECLINED, ngx_null_string },
        { ngx_string("_method=1"), 0, ngx_string("1") },
        { ngx_string("x=1&X-HTTP-Method-Override=2&_method=1"), 1,
          ngx_string("2") },
        { ngx_string("client%5fsecret=a;b&access_token=c"), 3,
          ngx_string("a") },
        { ngx_string("0123456789abcdefghij&access_token"), 2,
          ngx_string("") },
        { ngx_string("0123456789abcdef;client.secret=abc&0123456789abcdef"),
          3, ngx_string("abc") },
        { ngx_string("0123456789abcde&access_tokens=abc&_methods"),
          NGX_DECLINED, ngx_null_string }
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {

        ok = 1;

        for (ngx_eiam_unit_sides(side)) {
            ngx_str_null(&value);
            query = ngx_eiam_unit_place(0, side, &rows[i].query);
            n = ngx_eiam_query_search(&query, ngx_eiam_unit_query_names,
                                      &value);
            ok &= (n == rows[i].n
                   && ngx_eiam_unit_equal(&value, &rows[i].value));
        }

        ngx_eiam_unit_ok(unit, ok, "the first of several in \"%V\"",
                         &rows[i].query);
    }
}


/* the last parameter is the only one with that name */

static void
ngx_eiam_unit_query_repeats(ngx_eiam_unit_t *unit, const ngx_str_t *pattern,
    size_t len)
{
    size_t      i;
    ngx_str_t   query;

    static const ngx_str_t  last = ngx_string("xxxx&access_token=x");

    query.len = len;
    query.data = ngx_pnalloc(unit->pool, len);

    if (query.data == NULL) {
        ngx_eiam_unit_ok(unit, 0, "memory for a long query");
        return;
    }

    for (i = 0; i < len; i++) {
        query.data[i] = pattern->data[i % pattern->len];
    }

    ngx_memcpy(query.data + len - last.len, last.data, last.len);

    ngx_eiam_unit_ok(unit,
                     ngx_eiam_query_has(&query, ngx_eiam_unit_query_names)
                     == 0x04,
                     "%uz bytes of \"%*s\"", len, strcspn((char *)
                     pattern->data, "\xff"), pattern->data);
}


static void
ngx_eiam_unit_query_nexts(ngx_eiam_unit_t *unit)
{
    u_char                             all[64], *p;
    ngx_int_t                          rc;
    ngx_str_t                          rest, value;
    ngx_uint_t                         ok, side;
    const ngx_eiam_unit_query_next_t  *row;

    static const ngx_str_t  name = ngx_string("a_b");

    for (row = ngx_eiam_unit_nexts; row->values; row++) {

        ok = 1;

        for (ngx_eiam_unit_sides(side)) {
            rest = ngx_eiam_unit_place(0, side, &row->query);
            p = all;

            do {
                rc = ngx_eiam_query_next(&rest, &name, &value);

                if (rc == NGX_OK) {
                    p = ngx_sprintf(p, "%V|", &value);
                }

            } while (rc == NGX_OK);

            *p = '\0';

            ok &= (rc == row->rc && ngx_strcmp(all, row->values) == 0);
        }

        ngx_eiam_unit_ok(unit, ok, "\"%V\" has \"%s\"%s", &row->query,
                         row->values,
                         row->rc == NGX_ABORT ? ", and a doubt" : "");
    }
}


static void
ngx_eiam_unit_query_decodes(ngx_eiam_unit_t *unit)
{
    ngx_int_t                            rc;
    ngx_str_t                            value, text;
    ngx_uint_t                           ok, side;
    const ngx_eiam_unit_query_decode_t  *row;

    for (row = ngx_eiam_unit_decodes; row->value.data; row++) {

        ok = 1;

        for (ngx_eiam_unit_sides(side)) {
            value = ngx_eiam_unit_place(0, side, &row->value);
            rc = ngx_eiam_query_decode(&value, unit->pool, &text);
            ok &= (rc == row->rc
                   && (rc != NGX_OK
                       || ngx_eiam_unit_equal(&text, &row->text)));
        }

        ngx_eiam_unit_ok(unit, ok, "\"%V\" decoded", &row->value);
    }
}
