
#include "ngx_eiam_unit.h"
#include <ngx_eiam_hash.h>


/* the same for both cases, another for other bytes, and none is read beyond */

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
}
