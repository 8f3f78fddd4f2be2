
#include "ngx_eiam_unit.h"
#include <ngx_eiam_digest.h>
#include <ngx_eiam_nh.h>


#define NGX_EIAM_UNIT_TEXTS  5000


typedef struct {
    const char  *title;
    ngx_str_t    text;
    const char  *hex;
} ngx_eiam_unit_digest_t;


static void ngx_eiam_unit_digest_known(ngx_eiam_unit_t *unit);
static ngx_uint_t ngx_eiam_unit_digest_again(ngx_eiam_unit_t *unit);


/* examples of FIPS 180-4 */

static const ngx_eiam_unit_digest_t  ngx_eiam_unit_digests[] = {

    { "one block", ngx_string("abc"),
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
    { "no text", ngx_string(""),
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
    { "two blocks",
      ngx_string("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
    { "one block, after others", ngx_string("abc"),
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },

    { NULL, ngx_null_string, NULL }
};


void
ngx_eiam_unit_digest(ngx_eiam_unit_t *unit)
{
    u_char                         hex[2 * NGX_EIAM_DIGEST_LEN];
    ngx_str_t                      text;
    ngx_uint_t                     ok, side;
    ngx_eiam_digest_t              digest;
    const ngx_eiam_unit_digest_t  *row;

    for (row = ngx_eiam_unit_digests; row->title; row++) {

        ok = 1;

        for (ngx_eiam_unit_sides(side)) {
            text = ngx_eiam_unit_place(0, side, &row->text);
            ok &= (ngx_eiam_digest(&text, digest) == NGX_OK);
            ngx_hex_dump(hex, digest, NGX_EIAM_DIGEST_LEN);
            ok &= (ngx_memcmp(hex, row->hex, sizeof(hex)) == 0);
        }

        ngx_eiam_unit_ok(unit, ok, "%s", row->title);
    }

    ngx_eiam_unit_digest_known(unit);
}


/*
 * Texts in turn, each digested twice: with no memo, with a small one, with one
 * that has room for all, and with a small one again.
 */

static void
ngx_eiam_unit_digest_known(ngx_eiam_unit_t *unit)
{
    ngx_uint_t  i, again[4];

    static const size_t  rooms[] = { 0, 100000, 10000000, 100000 };

    for (i = 0; i < 4; i++) {

        if (rooms[i] && ngx_eiam_digest_memo_reserve(rooms[i]) != NGX_OK) {
            again[i] = NGX_EIAM_UNIT_TEXTS;
            continue;
        }

        again[i] = ngx_eiam_unit_digest_again(unit);
    }

    ngx_eiam_unit_ok(unit, again[0] == 0, "nothing is remembered without room");
    ngx_eiam_unit_ok(unit, again[1] == again[3]
                           && again[1] < NGX_EIAM_UNIT_TEXTS / 4,
                     "few digests are remembered in a small room");

#if (NGX_EIAM_HAVE_NH)
    ngx_eiam_unit_ok(unit, again[2] > NGX_EIAM_UNIT_TEXTS * 98 / 100,
                     "2.8-6: a large memo keeps 98 of 100 digests in turn");
#endif
}


/* how many digests are still in the memo after a round */

static ngx_uint_t
ngx_eiam_unit_digest_again(ngx_eiam_unit_t *unit)
{
    u_char             buf[sizeof("a text of some bytes ") + NGX_INT_T_LEN];
    ngx_str_t          text;
    ngx_uint_t         i, k, known, wrong, again;
    ngx_eiam_digest_t  one, two;
    ngx_eiam_digest_memo_t  memo;

    wrong = 0;
    again = 0;
    text.data = buf;

    for (i = 0; i < 2 * NGX_EIAM_UNIT_TEXTS; i++) {

        text.len = ngx_sprintf(buf, "a text of some bytes %ui",
                               i % NGX_EIAM_UNIT_TEXTS)
                   - buf;

        for (k = 0; k < 2; k++) {
            ngx_eiam_digest_memo_prefetch(&text, &memo);
            known = (ngx_eiam_digest_memo_find(&memo, two) == NGX_OK);

            wrong += ngx_eiam_digest(&text, one) != NGX_OK
                     || (!known
                         && ngx_eiam_digest_memo_keep(&memo, &text, two)
                            != NGX_OK)
                     || ngx_memcmp(one, two, NGX_EIAM_DIGEST_LEN) != 0;

            again += known && k == 0 && i >= NGX_EIAM_UNIT_TEXTS;
        }
    }

    ngx_eiam_unit_ok(unit, wrong == 0,
                     "the digests of texts that come again are the same");

    return again;
}
