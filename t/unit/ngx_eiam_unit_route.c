
#include "ngx_eiam_unit.h"
#include <ngx_eiam_route.h>


typedef struct {
    const char   *title;
    ngx_str_t     route;
    ngx_str_t     path;
    ngx_int_t     rc;
} ngx_eiam_unit_route_t;


static const ngx_eiam_unit_route_t  ngx_eiam_unit_routes[] = {

    { "nothing is encoded", ngx_string("/a/{id}"), ngx_string("/a/b"),
      NGX_OK },
    { "a parameter", ngx_string("/a/{id}"), ngx_string("/a/%40%7c%20%3Ab"),
      NGX_OK },
    { "a parameter that is one character", ngx_string("/a/{id}/b"),
      ngx_string("/a/%40/b"), NGX_OK },
    { "a literal", ngx_string("/a@/{id}"), ngx_string("/a%40/b"),
      NGX_DECLINED },
    { "a literal at the end", ngx_string("/{id}/a:b"),
      ngx_string("/%40/a%3ab"), NGX_DECLINED },
    { "a literal beyond ASCII", ngx_string("/\xe4\xb8\xad/{id}"),
      ngx_string("/%E4%B8%AD/%40"), NGX_OK },
    { "a blank at the beginning", ngx_string("/{id}"), ngx_string("/%20a"),
      NGX_DECLINED },
    { "a blank at the end", ngx_string("/{id}"), ngx_string("/a%20"),
      NGX_DECLINED },

    { "a suffix that is raw", ngx_string("/{id}:activate"),
      ngx_string("/a%40b:activate"), NGX_OK },
    { "a suffix that is encoded", ngx_string("/{id}:activate"),
      ngx_string("/5%3Aactivate"), NGX_DECLINED },
    { "the same character before a suffix", ngx_string("/{id}:activate"),
      ngx_string("/5%3A:activate"), NGX_OK },
    { "a prefix that is raw", ngx_string("/@{id}"), ngx_string("/@%40"),
      NGX_OK },
    { "a prefix that is encoded", ngx_string("/@{id}"), ngx_string("/%40@"),
      NGX_DECLINED },
    { "both ends", ngx_string("/a+{id}+b"), ngx_string("/a+%2B+b"), NGX_OK },
    { "an encoded one of both ends", ngx_string("/a+{id}+b"),
      ngx_string("/a+c%2Bb"), NGX_DECLINED },
    { "a suffix beyond ASCII", ngx_string("/{id}\xe4\xb8\xad"),
      ngx_string("/%40%E4%B8%AD"), NGX_OK },
    { "a suffix that the template has encoded",
      ngx_string("/{id}%E4%B8%AD"), ngx_string("/%40%E4%B8%AD"), NGX_OK },
    { "a blank before a suffix", ngx_string("/{id}:go"),
      ngx_string("/a%20:go"), NGX_DECLINED },
    { "a blank behind a prefix", ngx_string("/a.{id}"),
      ngx_string("/a.%20b"), NGX_DECLINED },
    { "a blank within", ngx_string("/{id}:go"), ngx_string("/a%20b:go"),
      NGX_OK },

    { "two parameters in a segment", ngx_string("/{a}-{b}"),
      ngx_string("/%40-b"), NGX_DECLINED },
    { "an open brace", ngx_string("/{a"), ngx_string("/%40"), NGX_DECLINED },
    { "an escape that is none", ngx_string("/{a}"), ngx_string("/a%4"),
      NGX_DECLINED },
    { "a segment more", ngx_string("/{a}"), ngx_string("/%40/b"),
      NGX_DECLINED },
    { "a segment less", ngx_string("/{a}/b"), ngx_string("/%40"),
      NGX_DECLINED },
    { "a slash at the end", ngx_string("/{a}/"), ngx_string("/%40/"),
      NGX_OK },
    { "a slash at the end more", ngx_string("/{a}"), ngx_string("/%40/"),
      NGX_DECLINED },

    { NULL, ngx_null_string, ngx_null_string, 0 }
};


void
ngx_eiam_unit_route(ngx_eiam_unit_t *unit)
{
    ngx_str_t                     route, path;
    ngx_uint_t                    side, right;
    const ngx_eiam_unit_route_t  *row;

    for (row = ngx_eiam_unit_routes; row->title; row++) {

        right = 1;

        for (ngx_eiam_unit_sides(side)) {
            route = ngx_eiam_unit_place(0, side, &row->route);
            path = ngx_eiam_unit_place(1, side, &row->path);

            right &= (ngx_eiam_route_check(&route, &path) == row->rc);
        }

        ngx_eiam_unit_ok(unit, right, "2.6-8: %s", row->title);
    }
}
