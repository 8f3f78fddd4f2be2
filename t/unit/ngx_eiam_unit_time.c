
#include "ngx_eiam_unit.h"
#include <ngx_eiam_time.h>


typedef struct {
    const char  *title;
    ngx_str_t    text;
    time_t       time;
} ngx_eiam_unit_time_t;


static const ngx_eiam_unit_time_t  ngx_eiam_unit_times[] = {

    { "the Epoch", ngx_string("1970-01-01T00:00:00Z"), 0 },
    { "the second day", ngx_string("1970-01-02T00:00:01Z"), 86401 },
    { "a time of today's kind", ngx_string("2027-01-01T00:00:00Z"),
      1798761600 },
    { "small letters", ngx_string("2027-01-01t00:00:00z"), 1798761600 },
    { "a fraction is cut off", ngx_string("2027-01-01T00:00:00.999Z"),
      1798761600 },
    { "east of Greenwich it is earlier",
      ngx_string("2027-01-01T08:00:00+08:00"), 1798761600 },
    { "west of Greenwich it is later",
      ngx_string("2026-12-31T18:30:00-05:30"), 1798761600 },
    { "a fraction and an offset",
      ngx_string("2027-01-01T08:00:00.5+08:00"), 1798761600 },
    { "the leap day", ngx_string("2024-02-29T12:00:00Z"), 1709208000 },
    { "the leap day of 2000", ngx_string("2000-02-29T00:00:00Z"),
      951782400 },
    { "the day after it", ngx_string("2000-03-01T00:00:00Z"), 951868800 },
    { "a leap second counts as the one before",
      ngx_string("2016-12-31T23:59:60Z"), 1483228799 },
    { "beyond 32 bits", ngx_string("2106-02-07T06:28:16Z"), 4294967296 },
    { "the last year", ngx_string("9999-12-31T23:59:59Z"), 253402300799 },
    { "long before the Epoch", ngx_string("1900-01-01T00:00:00Z"), 0 },

    { "no text", ngx_string(""), NGX_ERROR },
    { "a date", ngx_string("2027-01-01"), NGX_ERROR },
    { "no offset", ngx_string("2027-01-01T00:00:00"), NGX_ERROR },
    { "a space for the T", ngx_string("2027-01-01 00:00:00Z"), NGX_ERROR },
    { "no 29th of February", ngx_string("2023-02-29T00:00:00Z"), NGX_ERROR },
    { "no leap day in 1900", ngx_string("1900-02-29T00:00:00Z"), NGX_ERROR },
    { "no 31st of April", ngx_string("2027-04-31T00:00:00Z"), NGX_ERROR },
    { "no day 0", ngx_string("2027-01-00T00:00:00Z"), NGX_ERROR },
    { "no month 0", ngx_string("2027-00-01T00:00:00Z"), NGX_ERROR },
    { "no month 13", ngx_string("2027-13-01T00:00:00Z"), NGX_ERROR },
    { "no hour 24", ngx_string("2027-01-01T24:00:00Z"), NGX_ERROR },
    { "no minute 60", ngx_string("2027-01-01T00:60:00Z"), NGX_ERROR },
    { "no second 61", ngx_string("2027-01-01T00:00:61Z"), NGX_ERROR },
    { "an offset of a day", ngx_string("2027-01-01T00:00:00+24:00"),
      NGX_ERROR },
    { "half an offset", ngx_string("2027-01-01T00:00:00+08"), NGX_ERROR },
    { "a point without a fraction", ngx_string("2027-01-01T00:00:00.Z"),
      NGX_ERROR },
    { "a point at the end", ngx_string("2027-01-01T00:00:00."), NGX_ERROR },
    { "something behind the Z", ngx_string("2027-01-01T00:00:00Zx"),
      NGX_ERROR },
    { "a sign in a number", ngx_string("2027-01-01T-1:00:00Z"), NGX_ERROR },
    { "five digits of a year", ngx_string("12027-01-01T00:00:00Z"),
      NGX_ERROR },

    { NULL, ngx_null_string, 0 }
};


void
ngx_eiam_unit_time(ngx_eiam_unit_t *unit)
{
    ngx_str_t                    text;
    ngx_uint_t                   ok, side;
    const ngx_eiam_unit_time_t  *row;

    for (row = ngx_eiam_unit_times; row->title; row++) {

        ok = 1;

        for (ngx_eiam_unit_sides(side)) {
            text = ngx_eiam_unit_place(0, side, &row->text);
            ok &= (ngx_eiam_time_parse(&text) == row->time);
        }

        ngx_eiam_unit_ok(unit, ok, "%s", row->title);
    }
}
