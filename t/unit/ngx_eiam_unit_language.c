
#include "ngx_eiam_unit.h"
#include <ngx_eiam_language.h>


typedef struct {
    const char           *title;
    ngx_str_t             accept;
    ngx_eiam_language_e   language;
} ngx_eiam_unit_language_t;


static const ngx_eiam_unit_language_t  ngx_eiam_unit_languages[] = {

    { "nothing is English", ngx_string(""), NGX_EIAM_EN },
    { "English", ngx_string("en"), NGX_EIAM_EN },
    { "Chinese", ngx_string("zh"), NGX_EIAM_ZH },
    { "Chinese of a region", ngx_string("zh-CN"), NGX_EIAM_ZH },
    { "another case", ngx_string("ZH-hans"), NGX_EIAM_ZH },
    { "the first of equals", ngx_string("zh,en"), NGX_EIAM_ZH },
    { "the other way round", ngx_string("en, zh"), NGX_EIAM_EN },
    { "the heavier one", ngx_string("en;q=0.5,zh;q=0.8"), NGX_EIAM_ZH },
    { "the heavier one by a thousandth",
      ngx_string("en;q=0.998, zh;q=0.999"), NGX_EIAM_ZH },
    { "no weight is the whole weight", ngx_string("en;q=0.9,zh"),
      NGX_EIAM_ZH },
    { "a browser's list",
      ngx_string("fr-FR,fr;q=0.9,zh-CN;q=0.8,en;q=0.7"), NGX_EIAM_ZH },
    { "weight 0 is a no", ngx_string("zh;q=0"), NGX_EIAM_EN },
    { "spaces around the weight", ngx_string("en ; q=0.1 , zh ; q=0.2"),
      NGX_EIAM_ZH },
    { "a broken weight is a no", ngx_string("zh;q=x"), NGX_EIAM_EN },
    { "a weight above 1 counts as 1", ngx_string("en,zh;q=1.999"),
      NGX_EIAM_EN },
    { "a weight of many digits", ngx_string("zh;q=0.00000000000000000009"),
      NGX_EIAM_EN },
    { "a longer tag is another language", ngx_string("zhx"), NGX_EIAM_EN },
    { "half a tag", ngx_string("z"), NGX_EIAM_EN },
    { "another language alone", ngx_string("fr"), NGX_EIAM_EN },
    { "any language", ngx_string("*"), NGX_EIAM_EN },
    { "commas alone", ngx_string(",, ,"), NGX_EIAM_EN },
    { "a cut weight", ngx_string("zh;q"), NGX_EIAM_EN },
    { "a cut parameter", ngx_string("zh;"), NGX_EIAM_EN },

    { NULL, ngx_null_string, NGX_EIAM_EN }
};


void
ngx_eiam_unit_language(ngx_eiam_unit_t *unit)
{
    ngx_str_t                        accept;
    ngx_uint_t                       ok, side;
    ngx_eiam_language_t              preferred;
    const ngx_eiam_unit_language_t  *row;

    for (row = ngx_eiam_unit_languages; row->title; row++) {

        ok = 1;

        for (ngx_eiam_unit_sides(side)) {
            accept = ngx_eiam_unit_place(0, side, &row->accept);
            ngx_memzero(&preferred, sizeof(ngx_eiam_language_t));
            ngx_eiam_language(&accept, &preferred);
            ok &= (preferred.language == row->language);
        }

        ngx_eiam_unit_ok(unit, ok, "%s", row->title);
    }
}
