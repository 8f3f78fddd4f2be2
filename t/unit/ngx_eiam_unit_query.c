
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


void
ngx_eiam_unit_query(ngx_eiam_unit_t *unit)
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
