
#include "ngx_eiam_unit.h"
#include <ngx_eiam_siphash.h>

#include <openssl/evp.h>


#define NGX_EIAM_UNIT_LONGEST  200


static ngx_uint_t ngx_eiam_unit_siphash_as_openssl(const u_char *key,
    const ngx_str_t *text);


/* the first of the authors' vectors: key and text are 00 01 02 ... */

static const char *const  ngx_eiam_unit_siphashes[] = {
    "a3817f04ba25a8e66df67214c7550293",
    "da87c1d86b99af44347659119b22fc45",
    "8177228da4a45dc7fca38bdef60affe4",
    NULL
};


void
ngx_eiam_unit_siphash(ngx_eiam_unit_t *unit)
{
    u_char      key[NGX_EIAM_SIPHASH_KEY], bytes[NGX_EIAM_UNIT_LONGEST];
    u_char      hex[2 * sizeof(uint64_t[2])];
    uint64_t    hash[2];
    ngx_str_t   text, all;
    ngx_uint_t  i, side, wrong;

    for (i = 0; i < NGX_EIAM_UNIT_LONGEST; i++) {
        bytes[i] = (u_char) i;
    }

    ngx_memcpy(key, bytes, sizeof(key));

    all.data = bytes;

    for (i = 0; ngx_eiam_unit_siphashes[i]; i++) {

        all.len = i;

        ngx_eiam_siphash(key, &all, hash);
        ngx_hex_dump(hex, (u_char *) hash, sizeof(hash));

        ngx_eiam_unit_ok(unit, ngx_memcmp(hex, ngx_eiam_unit_siphashes[i],
                                          sizeof(hex))
                               == 0,
                         "the authors' vector of %ui bytes", i);
    }

    wrong = 0;

    for (all.len = 0; all.len <= NGX_EIAM_UNIT_LONGEST; all.len++) {

        for (ngx_eiam_unit_sides(side)) {
            text = ngx_eiam_unit_place(0, side, &all);
            wrong += !ngx_eiam_unit_siphash_as_openssl(key, &text);
        }

        key[all.len % sizeof(key)] ^= 0x80;
    }

    ngx_eiam_unit_ok(unit, wrong == 0,
                     "texts of up to %d bytes, as OpenSSL has them",
                     NGX_EIAM_UNIT_LONGEST);
}


static ngx_uint_t
ngx_eiam_unit_siphash_as_openssl(const u_char *key, const ngx_str_t *text)
{
    u_char    mac[16];
    size_t    len;
    uint64_t  hash[2];

    ngx_eiam_siphash(key, text, hash);

    return EVP_Q_mac(NULL, "SIPHASH", NULL, NULL, NULL, key,
                     NGX_EIAM_SIPHASH_KEY, text->data, text->len, mac,
                     sizeof(mac), &len)
           && len == sizeof(hash) && ngx_memcmp(mac, hash, len) == 0;
}
