
#include "ngx_eiam_unit.h"
#include <ngx_eiam_media.h>


typedef struct {
    ngx_str_t     value;
    ngx_uint_t    is;
    ngx_uint_t    ascii;
} ngx_eiam_unit_media_t;


static const ngx_eiam_unit_media_t  ngx_eiam_unit_medias[] = {

    { ngx_string("a/form"), 1, 1 },
    { ngx_string("A/Form"), 1, 1 },
    { ngx_string("a/form "), 1, 1 },
    { ngx_string("a/form\t \t"), 1, 1 },
    { ngx_string("a/form;charset=utf-8"), 1, 1 },
    { ngx_string("a/form; CharSet=UTF-8"), 1, 1 },
    { ngx_string("a/form \t;\t charset=utf-8 \t"), 1, 1 },
    { ngx_string("a/form;charset=\"utf-8\""), 1, 1 },
    { ngx_string("a/form;charset=us-ascii"), 1, 1 },

    { ngx_string("a/form;"), 1, 0 },
    { ngx_string("a/form; "), 1, 0 },
    { ngx_string("a/form;charset"), 1, 0 },
    { ngx_string("a/form;charset="), 1, 0 },
    { ngx_string("a/form;charset=utf-"), 1, 0 },
    { ngx_string("a/form;charset=utf-16"), 1, 0 },
    { ngx_string("a/form;charset=utf-8x"), 1, 0 },
    { ngx_string("a/form;charset=utf-8;"), 1, 0 },
    { ngx_string("a/form;charset=utf-8; charset=utf-16"), 1, 0 },
    { ngx_string("a/form;charset=utf-8, a/other"), 1, 0 },
    { ngx_string("a/form;charset = utf-8"), 1, 0 },
    { ngx_string("a/form;charset=\"utf-8"), 1, 0 },
    { ngx_string("a/form;charset='utf-8'"), 1, 0 },
    { ngx_string("a/form;charset=utf-7"), 1, 0 },
    { ngx_string("a/form;charset=latin1"), 1, 0 },
    { ngx_string("a/form;x=y"), 1, 0 },
    { ngx_string("a/form;x=y;charset=utf-8"), 1, 0 },
    { ngx_string("a/form;;charset=utf-8"), 1, 0 },

    { ngx_string(""), 0, 0 },
    { ngx_string(" "), 0, 0 },
    { ngx_string(";"), 0, 0 },
    { ngx_string("a/for"), 0, 0 },
    { ngx_string("a/forms"), 0, 0 },
    { ngx_string("a/form-x"), 0, 0 },
    { ngx_string("a/form,a/form"), 0, 0 },
    { ngx_string("a/form a/form"), 0, 0 },
    { ngx_string("a/form x;charset=utf-8"), 0, 0 },
    { ngx_string(" a/form"), 0, 0 },
    { ngx_string("\"a/form\""), 0, 0 },
    { ngx_string("x;a/form"), 0, 0 },
    { ngx_string("a /form"), 0, 0 },
    { ngx_string("a/form\0"), 0, 0 },

    { ngx_null_string, 0, 0 }
};


void
ngx_eiam_unit_media(ngx_eiam_unit_t *unit)
{
    ngx_str_t                     value;
    ngx_uint_t                    ok, side;
    const ngx_eiam_unit_media_t  *row;

    static const ngx_str_t  type = ngx_string("a/form");

    for (row = ngx_eiam_unit_medias; row->value.data; row++) {

        ok = 1;

        for (ngx_eiam_unit_sides(side)) {
            value = ngx_eiam_unit_place(0, side, &row->value);
            ok &= (ngx_eiam_media_is(&value, &type) == row->is
                   && ngx_eiam_media_is_ascii(&value, &type) == row->ascii);
        }

        ngx_eiam_unit_ok(unit, ok, "\"%V\" is %s", &row->value,
                         row->ascii ? "a form in ASCII"
                         : row->is ? "a form" : "no form");
    }
}
