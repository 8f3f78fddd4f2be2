
#include <ngx_eiam_time.h>


/* "9" stands for a digit, other characters for themselves, in either case */

#define NGX_EIAM_TIME_FORM   "9999-99-99t99:99:99"

#define NGX_EIAM_TIME_EPOCH  719468           /* 1970-01-01, as days below */


static ngx_int_t ngx_eiam_time_matches(u_char *p, const char *form);
static ngx_int_t ngx_eiam_time_offset(u_char *p, u_char *last,
    time_t *offset);
static time_t ngx_eiam_time_days(time_t year, ngx_int_t month,
    ngx_int_t day);


time_t
ngx_eiam_time_parse(const ngx_str_t *text)
{
    time_t      offset, year, days;
    u_char     *p, *last;
    ngx_int_t   month, day, hour, minute, second, length;

    static const ngx_int_t  lengths[] = {
        31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
    };

    p = text->data;
    last = p + text->len;

    if (text->len < sizeof(NGX_EIAM_TIME_FORM) - 1
        || !ngx_eiam_time_matches(p, NGX_EIAM_TIME_FORM))
    {
        return NGX_ERROR;
    }

    year = ngx_atoi(p, 4);
    month = ngx_atoi(p + 5, 2);
    day = ngx_atoi(p + 8, 2);
    hour = ngx_atoi(p + 11, 2);
    minute = ngx_atoi(p + 14, 2);
    second = ngx_atoi(p + 17, 2);

    if (month < 1 || month > 12 || hour > 23 || minute > 59 || second > 60) {
        return NGX_ERROR;
    }

    length = lengths[month - 1];

    if (month == 2 && year % 4 == 0 && (year % 100 || year % 400 == 0)) {
        length++;
    }

    if (day < 1 || day > length) {
        return NGX_ERROR;
    }

    if (ngx_eiam_time_offset(p + sizeof(NGX_EIAM_TIME_FORM) - 1, last,
                             &offset)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    days = ngx_eiam_time_days(year, month, day);

    if (days <= 0) {
        return 0;
    }

    return days * 86400 + hour * 3600 + minute * 60 + ngx_min(second, 59)
           - offset;
}


static ngx_int_t
ngx_eiam_time_matches(u_char *p, const char *form)
{
    for ( /* void */ ; *form; form++, p++) {

        if (*form == '9' ? (*p < '0' || *p > '9')
                         : (ngx_tolower(*p) != (u_char) *form))
        {
            return 0;
        }
    }

    return 1;
}


/* an optional fraction, then "Z" or "+hh:mm" */

static ngx_int_t
ngx_eiam_time_offset(u_char *p, u_char *last, time_t *offset)
{
    ngx_int_t  hour, minute;

    if (p < last && *p == '.') {

        if (++p == last || *p < '0' || *p > '9') {
            return NGX_ERROR;
        }

        while (p < last && *p >= '0' && *p <= '9') {
            p++;
        }
    }

    if (last - p == 1 && ngx_tolower(*p) == 'z') {
        *offset = 0;
        return NGX_OK;
    }

    if (last - p != sizeof("+99:99") - 1 || (*p != '+' && *p != '-')
        || !ngx_eiam_time_matches(p + 1, "99:99"))
    {
        return NGX_ERROR;
    }

    hour = ngx_atoi(p + 1, 2);
    minute = ngx_atoi(p + 4, 2);

    if (hour > 23 || minute > 59) {
        return NGX_ERROR;
    }

    *offset = (hour * 3600 + minute * 60) * (*p == '+' ? 1 : -1);

    return NGX_OK;
}


/* days since the Epoch; years begin in March, so that a leap day comes last */

static time_t
ngx_eiam_time_days(time_t year, ngx_int_t month, ngx_int_t day)
{
    month -= 2;

    if (month <= 0) {
        month += 12;
        year--;
    }

    return 365 * year + year / 4 - year / 100 + year / 400
           + 367 * month / 12 - 30 + day - 1 - NGX_EIAM_TIME_EPOCH;
}
