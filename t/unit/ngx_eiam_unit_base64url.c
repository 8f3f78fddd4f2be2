
#include "ngx_eiam_unit_jws.h"
#include <ngx_eiam_base64url.h>


#define NGX_EIAM_UNIT_BASE64URL_MAX  300       /* bytes */


typedef struct {
    const char  *text;
    const char  *bytes;      /* NULL: the text is not base64url */
} ngx_eiam_unit_base64url_t;


static void ngx_eiam_unit_base64url_table(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_base64url_lengths(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_base64url_alphabet(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_base64url_pairs(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_base64url_nul(ngx_eiam_unit_t *unit);
static ngx_int_t ngx_eiam_unit_base64url_read(ngx_eiam_unit_t *unit,
    const ngx_str_t *text, ngx_str_t *bytes);


static const u_char  ngx_eiam_unit_base64url_letters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";


static const ngx_eiam_unit_base64url_t  ngx_eiam_unit_base64url_rows[] = {

    /* RFC 4648, section 10, without the padding */
    { "", "" },
    { "Zg", "f" },
    { "Zm8", "fo" },
    { "Zm9v", "foo" },
    { "Zm9vYg", "foob" },
    { "Zm9vYmE", "fooba" },
    { "Zm9vYmFy", "foobar" },

    { "-_-_", "\xfb\xff\xbf" },
    { "__8", "\xff\xff" },

    /* with padding */
    { "Zg==", NULL },
    { "Zg=", NULL },
    { "Zm8=", NULL },
    { "Zm9v=", NULL },
    { "Zm9v====", NULL },
    { "=", NULL },
    { "====", NULL },

    /* lengths that no encoding has */
    { "Z", NULL },
    { "A", NULL },
    { "Zm9vY", NULL },

    /* unused bits that are not 0 */
    { "Zh", NULL },
    { "Zv", NULL },
    { "Zo", NULL },
    { "Zm9", NULL },
    { "Zm-", NULL },
    { "Zm9vYh", NULL },
    { "__9", NULL },

    /* the other alphabet */
    { "+/+/", NULL },
    { "Zm9+", NULL },
    { "Zm9/", NULL },

    /* white space anywhere */
    { " Zm9v", NULL },
    { "Zm9v ", NULL },
    { "Zm 9v", NULL },
    { "Zm9v\n", NULL },
    { "Zm9v\r\n", NULL },
    { "Zm\n9v", NULL },
    { "\tZm9", NULL },
    { " ", NULL },

    { "Zm9v.", NULL },
    { "Zm%39", NULL },
    { "Zm9\xc3\xa4", NULL },
    { NULL, NULL }
};


void
ngx_eiam_unit_base64url(ngx_eiam_unit_t *unit)
{
    ngx_eiam_unit_base64url_table(unit);
    ngx_eiam_unit_base64url_lengths(unit);
    ngx_eiam_unit_base64url_alphabet(unit);
    ngx_eiam_unit_base64url_pairs(unit);
    ngx_eiam_unit_base64url_nul(unit);
}


static void
ngx_eiam_unit_base64url_table(ngx_eiam_unit_t *unit)
{
    ngx_int_t                         rc;
    ngx_str_t                         text, bytes, expected;
    const ngx_eiam_unit_base64url_t  *row;

    for (row = ngx_eiam_unit_base64url_rows; row->text; row++) {

        text.data = (u_char *) row->text;
        text.len = ngx_strlen(row->text);
        expected.data = (u_char *) row->bytes;
        expected.len = row->bytes ? ngx_strlen(row->bytes) : 0;

        rc = ngx_eiam_unit_base64url_read(unit, &text, &bytes);

        ngx_eiam_unit_ok(unit, row->bytes
                               ? rc == NGX_OK
                                 && ngx_eiam_unit_equal(&bytes, &expected)
                               : rc == NGX_DECLINED,
                         "\"%*s\" is %s", strcspn(row->text, "\r\n"),
                         row->text, row->bytes ? "base64url" : "none");
    }
}


/* texts of all lengths that nginx encodes are decoded */

static void
ngx_eiam_unit_base64url_lengths(ngx_eiam_unit_t *unit)
{
    u_char      buf[NGX_EIAM_UNIT_BASE64URL_MAX];
    u_char      encoded[ngx_base64_encoded_length(sizeof(buf))];
    size_t      n;
    ngx_str_t   text, bytes, read;
    ngx_uint_t  wrong;

    wrong = 0;

    for (n = 0; n < sizeof(buf); n++) {
        buf[n] = (u_char) (n * 7 + 3);
    }

    for (n = 0; n <= sizeof(buf); n++) {

        bytes.data = buf;
        bytes.len = n;
        text.data = encoded;

        ngx_encode_base64url(&text, &bytes);

        wrong += ngx_eiam_unit_base64url_read(unit, &text, &read) != NGX_OK
                 || !ngx_eiam_unit_equal(&read, &bytes);
    }

    ngx_eiam_unit_ok(unit, wrong == 0, "0 to %d bytes are read",
                     NGX_EIAM_UNIT_BASE64URL_MAX);
}


/* each byte at each place of a text */

static void
ngx_eiam_unit_base64url_alphabet(ngx_eiam_unit_t *unit)
{
    u_char      buf[8];
    ngx_int_t   rc;
    ngx_str_t   text, bytes;
    ngx_uint_t  i, c, valid, wrong;

    wrong = 0;
    valid = 0;
    text.data = buf;
    text.len = sizeof(buf);

    for (i = 0; i < sizeof(buf); i++) {

        for (c = 0; c < 256; c++) {

            ngx_memset(buf, 'A', sizeof(buf));
            buf[i] = (u_char) c;

            rc = ngx_eiam_unit_base64url_read(unit, &text, &bytes);

            valid += (rc == NGX_OK);
            wrong += rc != ((c && ngx_strchr(ngx_eiam_unit_base64url_letters,
                                             c))
                            ? NGX_OK : NGX_DECLINED);
        }
    }

    ngx_eiam_unit_ok(unit, wrong == 0 && valid == 64 * sizeof(buf),
                     "64 bytes are letters, at each place");
}


/* a byte has one spelling: 256 of the 4096 pairs of letters are valid */

static void
ngx_eiam_unit_base64url_pairs(ngx_eiam_unit_t *unit)
{
    u_char      buf[3], seen[256];
    ngx_str_t   text, bytes;
    ngx_uint_t  i, valid, twice, three;

    ngx_memzero(seen, sizeof(seen));

    valid = 0;
    twice = 0;
    three = 0;
    text.data = buf;

    for (i = 0; i < 64 * 64; i++) {

        buf[0] = ngx_eiam_unit_base64url_letters[i / 64];
        buf[1] = ngx_eiam_unit_base64url_letters[i % 64];
        text.len = 2;

        if (ngx_eiam_unit_base64url_read(unit, &text, &bytes) == NGX_OK) {
            valid++;
            twice += bytes.len != 1 || seen[bytes.data[0]]++;
        }

        buf[2] = buf[1];
        buf[1] = buf[0];
        buf[0] = 'A';
        text.len = 3;

        three += ngx_eiam_unit_base64url_read(unit, &text, &bytes) == NGX_OK;
    }

    ngx_eiam_unit_ok(unit, valid == 256 && twice == 0,
                     "of the pairs of letters one for each byte");
    ngx_eiam_unit_ok(unit, three == 64 * 16,
                     "of the threes every fourth");
}


static void
ngx_eiam_unit_base64url_nul(ngx_eiam_unit_t *unit)
{
    ngx_str_t  bytes;

    static const ngx_str_t  inside = ngx_string("Zm\0v");
    static const ngx_str_t  behind = ngx_string("Zm9v\0\0\0\0");
    static const ngx_str_t  encoded = ngx_string("AAAA");
    static const ngx_str_t  decoded = ngx_string("\0\0\0");

    ngx_eiam_unit_ok(unit,
                     ngx_eiam_unit_base64url_read(unit, &inside, &bytes)
                     == NGX_DECLINED
                     && ngx_eiam_unit_base64url_read(unit, &behind, &bytes)
                        == NGX_DECLINED,
                     "no text ends at a NUL");
    ngx_eiam_unit_ok(unit,
                     ngx_eiam_unit_base64url_read(unit, &encoded, &bytes)
                     == NGX_OK
                     && ngx_eiam_unit_equal(&bytes, &decoded),
                     "NULs can be encoded");
}


static ngx_int_t
ngx_eiam_unit_base64url_read(ngx_eiam_unit_t *unit, const ngx_str_t *text,
    ngx_str_t *bytes)
{
    ngx_int_t   rc, other;
    ngx_str_t   placed, again;
    ngx_uint_t  side;

    rc = NGX_ERROR;

    for (ngx_eiam_unit_sides(side)) {

        placed = ngx_eiam_unit_place(0, side, text);
        other = rc;
        again = *bytes;

        rc = ngx_eiam_base64url(&placed, unit->pool, bytes);

        if (side && (rc != other
                     || (rc == NGX_OK
                         && !ngx_eiam_unit_equal(&again, bytes))))
        {
            return NGX_ERROR;
        }
    }

    return rc;
}


ngx_str_t
ngx_eiam_unit_encode(ngx_eiam_unit_t *unit, const ngx_str_t *bytes)
{
    ngx_str_t  text;

    text.data = ngx_pnalloc(unit->pool,
                            ngx_base64_encoded_length(bytes->len) + 1);
    if (text.data == NULL) {
        abort();
    }

    ngx_encode_base64url(&text, (ngx_str_t *) bytes);

    return text;
}


ngx_str_t
ngx_eiam_unit_decode(ngx_eiam_unit_t *unit, const char *text)
{
    ngx_str_t  encoded, bytes;

    ngx_eiam_unit_text(&encoded, text);

    if (ngx_eiam_base64url(&encoded, unit->pool, &bytes) != NGX_OK) {
        abort();
    }

    return bytes;
}


ngx_str_t
ngx_eiam_unit_join(ngx_eiam_unit_t *unit, const ngx_str_t *one,
    const char *dot, const ngx_str_t *other)
{
    u_char     *p;
    ngx_str_t   text;

    text.len = one->len + ngx_strlen(dot) + other->len;
    text.data = ngx_pnalloc(unit->pool, text.len + 1);

    if (text.data == NULL) {
        abort();
    }

    p = ngx_cpymem(text.data, one->data, one->len);
    p = ngx_cpymem(p, dot, ngx_strlen(dot));
    ngx_memcpy(p, other->data, other->len);

    return text;
}
