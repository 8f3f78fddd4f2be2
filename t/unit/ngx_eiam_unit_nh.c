
#include "ngx_eiam_unit.h"
#include <ngx_eiam_nh.h>

#include <openssl/bn.h>


#define NGX_EIAM_UNIT_LONGEST  200


static ngx_uint_t ngx_eiam_unit_nh_as_openssl(const uint64_t *key,
    const ngx_str_t *text);
static void ngx_eiam_unit_nh_sum(const uint64_t *key, const ngx_str_t *text,
    BIGNUM *sum, BN_CTX *ctx);
static void ngx_eiam_unit_nh_differ(ngx_eiam_unit_t *unit,
    const uint64_t *key);


void
ngx_eiam_unit_nh(ngx_eiam_unit_t *unit)
{
    u_char      bytes[NGX_EIAM_UNIT_LONGEST];
    uint64_t    key[NGX_EIAM_NH_KEY];
    ngx_str_t   text, all;
    ngx_uint_t  i, side, wrong;

    for (i = 0; i < NGX_EIAM_NH_KEY; i++) {
        key[i] = (i + 1) * 0xc2b2ae3d27d4eb4fULL;
    }

    for (i = 0; i < NGX_EIAM_UNIT_LONGEST; i++) {
        bytes[i] = (u_char) (i * 151);
    }

    all.data = bytes;
    wrong = 0;

    for (all.len = NGX_EIAM_NH_MIN; all.len <= sizeof(bytes); all.len++) {

        for (ngx_eiam_unit_sides(side)) {
            text = ngx_eiam_unit_place(0, side, &all);
            wrong += !ngx_eiam_unit_nh_as_openssl(key, &text);
        }
    }

    ngx_eiam_unit_ok(unit, wrong == 0, "texts of %d to %d bytes, as OpenSSL's "
                     "big numbers have them", NGX_EIAM_NH_MIN,
                     NGX_EIAM_UNIT_LONGEST);

    ngx_eiam_unit_nh_differ(unit, key);
}


/* both sums; the key of the second one begins two words later */

static ngx_uint_t
ngx_eiam_unit_nh_as_openssl(const uint64_t *key, const ngx_str_t *text)
{
    u_char         bytes[sizeof(ngx_eiam_nh_t)];
    BIGNUM        *sum[2];
    BN_CTX        *ctx;
    ngx_uint_t     i;
    ngx_eiam_nh_t  hash;

    ctx = BN_CTX_new();

    for (i = 0; i < 2; i++) {
        sum[i] = BN_new();
        ngx_eiam_unit_nh_sum(key + 2 * i, text, sum[i], ctx);
        (void) BN_bn2nativepad(sum[i], bytes + i * sizeof(hash[0]),
                               sizeof(hash[0]));
        BN_free(sum[i]);
    }

    BN_CTX_free(ctx);

    ngx_eiam_nh(key, text, hash);

    return ngx_memcmp(bytes, hash, sizeof(hash)) == 0;
}


static void
ngx_eiam_unit_nh_sum(const uint64_t *key, const ngx_str_t *text, BIGNUM *sum,
    BN_CTX *ctx)
{
    size_t     at, k;
    BIGNUM    *number[2];
    uint64_t   word[2] = { text->len, 0 };

    number[0] = BN_new();
    number[1] = BN_new();

    for (at = 0; at < text->len + 16; at += 16, key += 2) {

        if (at > 0) {
            ngx_memcpy(word, text->data + ngx_min(at, text->len) - 16, 16);
        }

        for (k = 0; k < 2; k++) {
            word[k] += key[k];
            (void) BN_native2bn((u_char *) &word[k], 8, number[k]);
        }

        (void) BN_mul(number[0], number[0], number[1], ctx);
        (void) BN_add(sum, sum, number[0]);
    }

    (void) BN_mask_bits(sum, 128);

    BN_free(number[0]);
    BN_free(number[1]);
}


/* any changed bit changes both sums, and so does the length */

static void
ngx_eiam_unit_nh_differ(ngx_eiam_unit_t *unit, const uint64_t *key)
{
    u_char         bytes[NGX_EIAM_NH_MAX];
    ngx_str_t      text;
    ngx_uint_t     i, same;
    ngx_eiam_nh_t  one, two;

    ngx_memset(bytes, 'a', sizeof(bytes));

    text.data = bytes;
    text.len = sizeof(bytes);

    ngx_eiam_nh(key, &text, one);

    same = 0;

    for (i = 0; i < sizeof(bytes); i++) {

        bytes[i] ^= 1U << (i % 8);

        ngx_eiam_nh(key, &text, two);
        same += (one[0] == two[0]) + (one[1] == two[1]);

        bytes[i] = 'a';
    }

    ngx_eiam_unit_ok(unit, same == 0, "a bit of any of %d bytes counts",
                     NGX_EIAM_NH_MAX);

    for (text.len = NGX_EIAM_NH_MIN; text.len < sizeof(bytes); text.len++) {

        ngx_eiam_nh(key, &text, two);
        same += (one[0] == two[0]) + (one[1] == two[1]);

        one[0] = two[0];
        one[1] = two[1];
    }

    ngx_eiam_unit_ok(unit, same == 0, "and so does the number of equal ones");
}
