
#include "ngx_eiam_unit.h"
#include <ngx_eiam_hash.h>


#define NGX_EIAM_UNIT_NAMES  1000
#define NGX_EIAM_UNIT_TABLE  2048


static void ngx_eiam_unit_hash_numbered(ngx_eiam_unit_t *unit);


/*
 * the hash ignores case, depends on other bytes, and reads none beyond the text
 */

void
ngx_eiam_unit_hash(ngx_eiam_unit_t *unit)
{
    u_char      bytes[40];
    uint32_t    hash;
    ngx_str_t   text, copy;
    ngx_uint_t  i, side, wrong, same;

    ngx_memset(bytes, 'a', sizeof(bytes));

    wrong = 0;
    same = 0;
    copy.data = bytes;

    for (copy.len = 1; copy.len <= sizeof(bytes); copy.len++) {

        for (ngx_eiam_unit_sides(side)) {

            text = ngx_eiam_unit_place(0, side, &copy);
            hash = ngx_eiam_hash(text.data, text.len, 7);

            for (i = 0; i < text.len; i++) {

                text.data[i] = 'A';
                wrong += ngx_eiam_hash(text.data, text.len, 7)
                         != hash;

                text.data[i] = 'b';
                same += ngx_eiam_hash(text.data, text.len, 7)
                        == hash;

                text.data[i] = 'a';
            }
        }
    }

    ngx_eiam_unit_ok(unit, wrong == 0, "the hash is the same in any case");
    ngx_eiam_unit_ok(unit, same == 0, "each byte counts");

    ngx_eiam_unit_hash_numbered(unit);
}


/*
 * Names of all lengths that end in a number are spread over a table of twice
 * their number as if at random: they hit 1 - e^(-1/2) of it, 39 %.
 */

static void
ngx_eiam_unit_hash_numbered(ngx_eiam_unit_t *unit)
{
    u_char      name[40], used[NGX_EIAM_UNIT_TABLE];
    size_t      len;
    ngx_uint_t  i, place, places, least;

    least = NGX_EIAM_UNIT_NAMES;
    ngx_memset(name, 'a', sizeof(name));

    for (len = 4; len <= sizeof(name); len++) {

        ngx_memzero(used, sizeof(used));
        places = 0;

        for (i = 0; i < NGX_EIAM_UNIT_NAMES; i++) {

            ngx_sprintf(name + len - 3, "%03ui", i);
            place = ngx_eiam_hash(name, len, 7) % NGX_EIAM_UNIT_TABLE;

            places += !used[place];
            used[place] = 1;
        }

        name[len - 3] = 'a';
        name[len - 2] = 'a';

        least = ngx_min(least, places);
    }

    ngx_eiam_unit_ok(unit, least > NGX_EIAM_UNIT_TABLE * 35 / 100,
                     "numbered names are far from each other");
}
