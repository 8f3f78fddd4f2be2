
#include <ngx_eiam_language.h>


static ngx_int_t ngx_eiam_language_weight(u_char *p, u_char *last);


static const ngx_str_t  ngx_eiam_language_tags[] = {
    ngx_string("en"),
    ngx_string("zh")
};


void
ngx_eiam_language(const ngx_str_t *accept, ngx_eiam_language_t *preferred)
{
    u_char      *p, *last, *end;
    ngx_int_t    weight;
    ngx_uint_t   i;

    p = accept->data;
    last = p + accept->len;

    while (p < last) {

        while (p < last && (*p == ' ' || *p == '\t' || *p == ',')) {
            p++;
        }

        for (end = p; end < last && *end != ','; end++) { /* void */ }

        for (i = 0; i < NGX_EIAM_LANGUAGES; i++) {

            if (end - p < 2
                || ngx_strncasecmp(p, ngx_eiam_language_tags[i].data, 2) != 0
                || (end - p > 2 && ngx_strchr("-; \t", p[2]) == NULL))
            {
                continue;
            }

            weight = ngx_eiam_language_weight(p + 2, end);

            if (weight > preferred->weight) {
                preferred->weight = weight;
                preferred->language = i;
            }
        }

        p = end;
    }
}


/*
 * the weight in thousandths: "q=0.8" is 800; 1000 without one, 0 if malformed
 */

static ngx_int_t
ngx_eiam_language_weight(u_char *p, u_char *last)
{
    ngx_int_t  weight, scale;

    while (p < last && *p != ';') {
        p++;
    }

    if (p == last) {
        return 1000;
    }

    for (p++; p < last && (*p == ' ' || *p == '\t'); p++) { /* void */ }

    if (last - p < 3 || (*p != 'q' && *p != 'Q') || p[1] != '='
        || (p[2] != '0' && p[2] != '1'))
    {
        return 0;
    }

    weight = (p[2] - '0') * 1000;
    p += 3;

    if (p < last && *p == '.') {
        p++;
    }

    for (scale = 100; p < last && *p >= '0' && *p <= '9'; p++) {
        weight += (*p - '0') * scale;
        scale /= 10;
    }

    return ngx_min(weight, 1000);
}
