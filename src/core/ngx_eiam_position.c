
#include <ngx_eiam_position.h>


static ngx_int_t ngx_eiam_position_number(const u_char *p, const u_char *last,
    uint64_t *number);


ngx_int_t
ngx_eiam_position_compare(const ngx_eiam_position_t *one,
    const ngx_eiam_position_t *other)
{
    if (one->msec != other->msec) {
        return (one->msec < other->msec) ? -1 : 1;
    }

    if (one->sequence != other->sequence) {
        return (one->sequence < other->sequence) ? -1 : 1;
    }

    return 0;
}


ngx_int_t
ngx_eiam_position_read(const ngx_str_t *text, ngx_eiam_position_t *position)
{
    u_char  *dash, *last;

    last = text->data + text->len;
    dash = ngx_strlchr(text->data, last, '-');

    if (dash == NULL
        || ngx_eiam_position_number(text->data, dash, &position->msec)
           != NGX_OK)
    {
        return NGX_DECLINED;
    }

    return ngx_eiam_position_number(dash + 1, last, &position->sequence);
}


/* all of 64 bits, in its only spelling */

static ngx_int_t
ngx_eiam_position_number(const u_char *p, const u_char *last,
    uint64_t *number)
{
    uint64_t  n, digit;

    if (p == last || (*p == '0' && last - p > 1)) {
        return NGX_DECLINED;
    }

    for (n = 0; p < last; p++) {

        if (*p < '0' || *p > '9') {
            return NGX_DECLINED;
        }

        digit = *p - '0';

        if (n > (UINT64_MAX - digit) / 10) {
            return NGX_DECLINED;
        }

        n = n * 10 + digit;
    }

    *number = n;

    return NGX_OK;
}


u_char *
ngx_eiam_position_write(u_char *p, const ngx_eiam_position_t *position)
{
    return ngx_sprintf(p, "%uL-%uL", position->msec, position->sequence);
}
