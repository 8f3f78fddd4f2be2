
#include <ngx_eiam_scalar.h>
#include <ngx_eiam_string.h>
#include <ngx_eiam_value.h>

#include <float.h>
#include <math.h>


static ngx_uint_t ngx_eiam_scalar_is(const ngx_str_t *text,
    const ngx_str_t *words);
static ngx_uint_t ngx_eiam_scalar_base(const ngx_str_t *text);
static ngx_uint_t ngx_eiam_scalar_is_decimal(const ngx_str_t *text);
static u_char *ngx_eiam_scalar_digits(u_char *p, u_char *last);
static void *ngx_eiam_scalar_number(const ngx_str_t *text, ngx_uint_t base);


static const ngx_str_t  ngx_eiam_scalar_null[] = {
    ngx_string("null"), ngx_string("Null"), ngx_string("NULL"),
    ngx_string("~"), ngx_null_string
};


static const ngx_str_t  ngx_eiam_scalar_true[] = {
    ngx_string("true"), ngx_string("True"), ngx_string("TRUE"),
    ngx_null_string
};


static const ngx_str_t  ngx_eiam_scalar_false[] = {
    ngx_string("false"), ngx_string("False"), ngx_string("FALSE"),
    ngx_null_string
};


static const ngx_str_t  ngx_eiam_scalar_not_json[] = {
    ngx_string(".inf"), ngx_string(".Inf"), ngx_string(".INF"),
    ngx_string("+.inf"), ngx_string("+.Inf"), ngx_string("+.INF"),
    ngx_string("-.inf"), ngx_string("-.Inf"), ngx_string("-.INF"),
    ngx_string(".nan"), ngx_string(".NaN"), ngx_string(".NAN"),
    ngx_null_string
};


u_char *
ngx_eiam_scalar_separator(const ngx_str_t *text)
{
    u_char  *p, *last;

    last = text->data + text->len;

    for (p = text->data; p < last; p++) {

        if (*p == 0xc2 && last - p > 1 && p[1] == 0x85) {
            return p;
        }

        if (*p == 0xe2 && last - p > 2 && p[1] == 0x80
            && (p[2] == 0xa8 || p[2] == 0xa9))
        {
            return p;
        }
    }

    return NULL;
}


ngx_uint_t
ngx_eiam_scalar_is_no_json(const ngx_str_t *text)
{
    return ngx_eiam_scalar_is(text, ngx_eiam_scalar_not_json);
}


static ngx_uint_t
ngx_eiam_scalar_is(const ngx_str_t *text, const ngx_str_t *words)
{
    for ( /* void */ ; words->len; words++) {

        if (ngx_eiam_str_equal(words, text)) {
            return 1;
        }
    }

    return 0;
}


void *
ngx_eiam_scalar_value(const ngx_str_t *text)
{
    ngx_uint_t  base;

    if (text->len == 0 || ngx_eiam_scalar_is(text, ngx_eiam_scalar_null)) {
        return ngx_eiam_value_null();
    }

    if (ngx_eiam_scalar_is(text, ngx_eiam_scalar_true)) {
        return ngx_eiam_value_boolean(1);
    }

    if (ngx_eiam_scalar_is(text, ngx_eiam_scalar_false)) {
        return ngx_eiam_value_boolean(0);
    }

    base = ngx_eiam_scalar_base(text);

    return base ? ngx_eiam_scalar_number(text, base)
                : ngx_eiam_value_string(text);
}


/* the base of an integer: 8, 10 or 16; 0: the text is no integer */

static ngx_uint_t
ngx_eiam_scalar_base(const ngx_str_t *text)
{
    u_char  *p, *last;

    p = text->data;
    last = p + text->len;

    if (text->len > 2 && p[0] == '0' && (p[1] == 'o' || p[1] == 'x')) {

        for (p += 2; p < last; p++) {

            if (text->data[1] == 'o' ? (*p < '0' || *p > '7')
                                     : !isxdigit(*p))
            {
                return 0;
            }
        }

        return (text->data[1] == 'o') ? 8 : 16;
    }

    return ngx_eiam_scalar_is_decimal(text) ? 10 : 0;
}


/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */

static ngx_uint_t
ngx_eiam_scalar_is_decimal(const ngx_str_t *text)
{
    u_char  *p, *last, *start, *point;

    p = text->data;
    last = p + text->len;

    if (p < last && (*p == '-' || *p == '+')) {
        p++;
    }

    start = p;
    p = ngx_eiam_scalar_digits(p, last);

    if (p < last && *p == '.') {

        point = p;
        p = ngx_eiam_scalar_digits(p + 1, last);

        if (point == start && p == point + 1) {
            return 0;
        }
    }

    if (p == start) {
        return 0;
    }

    if (p < last && (*p == 'e' || *p == 'E')) {

        p++;

        if (p < last && (*p == '-' || *p == '+')) {
            p++;
        }

        start = p;
        p = ngx_eiam_scalar_digits(p, last);

        if (p == start) {
            return 0;
        }
    }

    return p == last;
}


static u_char *
ngx_eiam_scalar_digits(u_char *p, u_char *last)
{
    while (p < last && *p >= '0' && *p <= '9') {
        p++;
    }

    return p;
}


static void *
ngx_eiam_scalar_number(const ngx_str_t *text, ngx_uint_t base)
{
    double   number;
    char    *start;

    start = (char *) text->data;

    /* strtod() reads "0x1F" too; strtoull() is limited to 64 bits */

    number = (base == 8) ? (double) strtoull(start + 2, NULL, 8)
                         : strtod(start, NULL);

    if (!isfinite(number)) {
        number = (number < 0) ? -DBL_MAX : DBL_MAX;
    }

    return ngx_eiam_value_real(number);
}
