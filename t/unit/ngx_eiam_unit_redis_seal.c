
/*
 * Sealed values, and the names of Redis keys.  The known answers were computed
 * by Python's hmac and cryptography.
 */

#include "ngx_eiam_unit.h"
#include <ngx_eiam_redis_name.h>
#include <ngx_eiam_redis_seal.h>


#define NGX_EIAM_UNIT_SEAL_MAX  512      /* bytes */

/* bytes 0 to 31, as base64, and other keys */

#define NGX_EIAM_UNIT_LINE   "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define NGX_EIAM_UNIT_LINE2  "//////////////////////////////////////////8="
#define NGX_EIAM_UNIT_LINE3  "__________________________________________8"
#define NGX_EIAM_UNIT_SHORT  "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg=="


typedef struct {
    const char  *title;
    ngx_str_t    text;
    ngx_int_t    rc;
    ngx_uint_t   n;                      /* keys, or the line at fault */
} ngx_eiam_unit_seal_file_t;


static ngx_int_t ngx_eiam_unit_redis_seal_keys(ngx_eiam_unit_t *unit,
    const ngx_str_t *text, ngx_eiam_redis_seal_t *seal, ngx_uint_t *line);
static void ngx_eiam_unit_redis_seal_files(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_redis_seal_names(ngx_eiam_unit_t *unit,
    const ngx_eiam_redis_seal_t *seal);
static void ngx_eiam_unit_redis_seal_known(ngx_eiam_unit_t *unit,
    const ngx_eiam_redis_seal_t *seal);
static void ngx_eiam_unit_redis_seal_bits(ngx_eiam_unit_t *unit,
    const ngx_eiam_redis_seal_t *seal);
static void ngx_eiam_unit_redis_seal_places(ngx_eiam_unit_t *unit,
    const ngx_eiam_redis_seal_t *seal);
static void ngx_eiam_unit_redis_seal_lines(ngx_eiam_unit_t *unit);
static ngx_int_t ngx_eiam_unit_redis_seal_try(
    const ngx_eiam_redis_seal_t *seal, ngx_uint_t line,
    const ngx_eiam_redis_seal_place_t *place, const ngx_str_t *sealed,
    const ngx_str_t *expected);


static const ngx_eiam_unit_seal_file_t  ngx_eiam_unit_seal_files[] = {

    { "one line", ngx_string(NGX_EIAM_UNIT_LINE "\n"), NGX_OK, 1 },
    { "without a line end", ngx_string(NGX_EIAM_UNIT_LINE), NGX_OK, 1 },
    { "CRLF and empty lines",
      ngx_string("\r\n" NGX_EIAM_UNIT_LINE "\r\n\r\n" NGX_EIAM_UNIT_LINE2
                 "  \r\n\n"), NGX_OK, 2 },
    { "base64url", ngx_string(NGX_EIAM_UNIT_LINE3), NGX_OK, 1 },
    { "more than 32 bytes", ngx_string("AAAA" NGX_EIAM_UNIT_LINE), NGX_OK, 1 },

    { "no line", ngx_string(""), NGX_DECLINED, 1 },
    { "only line ends", ngx_string("\n\n"), NGX_DECLINED, 1 },
    { "31 bytes", ngx_string(NGX_EIAM_UNIT_SHORT), NGX_DECLINED, 1 },
    { "a second line of 31 bytes",
      ngx_string(NGX_EIAM_UNIT_LINE "\n" NGX_EIAM_UNIT_SHORT "\n"),
      NGX_DECLINED, 2 },
    { "three lines",
      ngx_string(NGX_EIAM_UNIT_LINE "\n" NGX_EIAM_UNIT_LINE2 "\n"
                 NGX_EIAM_UNIT_LINE), NGX_DECLINED, 3 },
    { "a comment", ngx_string("# key\n" NGX_EIAM_UNIT_LINE), NGX_DECLINED, 1 },
    { "a blank within", ngx_string("AAAA " NGX_EIAM_UNIT_LINE), NGX_DECLINED,
      1 },
    { "padding within", ngx_string(NGX_EIAM_UNIT_LINE "AAAA"), NGX_DECLINED,
      1 },
    { "too much padding", ngx_string(NGX_EIAM_UNIT_LINE "=="), NGX_DECLINED,
      1 },
    { "half of the padding",
      ngx_string("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8AAA="),
      NGX_DECLINED, 1 },

    { NULL, ngx_null_string, 0, 0 }
};


void
ngx_eiam_unit_redis_seal(ngx_eiam_unit_t *unit)
{
    ngx_uint_t             line;
    ngx_eiam_redis_seal_t  seal;

    static const ngx_str_t  text = ngx_string(NGX_EIAM_UNIT_LINE "\n");

    ngx_eiam_unit_redis_seal_files(unit);

    if (ngx_eiam_unit_redis_seal_keys(unit, &text, &seal, &line) != NGX_OK) {
        ngx_eiam_unit_ok(unit, 0, "a key is read");
        return;
    }

    ngx_eiam_unit_redis_seal_names(unit, &seal);
    ngx_eiam_unit_redis_seal_known(unit, &seal);
    ngx_eiam_unit_redis_seal_bits(unit, &seal);
    ngx_eiam_unit_redis_seal_places(unit, &seal);
    ngx_eiam_unit_redis_seal_lines(unit);
}


/* of a copy of the text, which must be gone afterwards */

static ngx_int_t
ngx_eiam_unit_redis_seal_keys(ngx_eiam_unit_t *unit, const ngx_str_t *text,
    ngx_eiam_redis_seal_t *seal, ngx_uint_t *line)
{
    size_t       i;
    ngx_int_t    rc;
    ngx_str_t    copy;
    const char  *reason;

    copy.len = text->len;
    copy.data = ngx_pnalloc(unit->pool, text->len + 1);

    if (copy.data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(copy.data, text->data, text->len);

    reason = NULL;
    rc = ngx_eiam_redis_seal_read(seal, &copy, unit->pool, &reason, line);

    for (i = 0; i < copy.len; i++) {

        if (copy.data[i]) {
            return NGX_ERROR;
        }
    }

    return ((rc == NGX_DECLINED) == (reason != NULL)) ? rc : NGX_ERROR;
}


static void
ngx_eiam_unit_redis_seal_files(ngx_eiam_unit_t *unit)
{
    ngx_int_t                         rc;
    ngx_uint_t                        line;
    ngx_eiam_redis_seal_t             seal;
    const ngx_eiam_unit_seal_file_t  *row;

    for (row = ngx_eiam_unit_seal_files; row->title; row++) {

        rc = ngx_eiam_unit_redis_seal_keys(unit, &row->text, &seal, &line);

        ngx_eiam_unit_ok(unit, rc == row->rc
                               && (rc == NGX_OK ? seal.n : line) == row->n,
                         "2.4-7.12: a file of keys: %s", row->title);
    }
}


static void
ngx_eiam_unit_redis_seal_names(ngx_eiam_unit_t *unit,
    const ngx_eiam_redis_seal_t *seal)
{
    u_char                  buffer[NGX_EIAM_REDIS_NAME_MAX];
    ngx_str_t               name, text;
    ngx_uint_t              ok;
    ngx_eiam_digest_t       token, source;
    ngx_eiam_redis_names_t  names;

    static ngx_str_t  grant = ngx_string(
        "eiam:{M4-lHm5miAwG2H0cvLmn1xhUBpaN91wZ}:g:pvbAsTYx");
    static ngx_str_t  tombstone = ngx_string(
        "eiam:{M4-lHm5miAwG2H0cvLmn1xhUBpaN91wZ}:r");
    static ngx_str_t  cut = ngx_string("pxNDM2dy0bsM3xz5lEcsOyrvWtLEpk31");
    static ngx_str_t  stream = ngx_string("eiam:{rev}");
    static ngx_str_t  gateways = ngx_string("eiam:{rev}:gw");

    ngx_str_set(&names.prefix, "eiam:");
    names.seal = seal;
    name.data = buffer;

    ngx_str_set(&text, "abc");
    ok = (ngx_eiam_digest(&text, token) == NGX_OK);
    ngx_str_set(&text, "learned");
    ok &= (ngx_eiam_digest(&text, source) == NGX_OK);

    ok &= (ngx_eiam_redis_name_grant(&names, 0, token, source, &name)
           == NGX_OK);
    ngx_eiam_unit_ok(unit, ok && ngx_eiam_unit_equal(&name, &grant),
                     "the name of a grant's key");

    ok = (ngx_eiam_redis_name_tombstone(&names, 0, token, &name) == NGX_OK);
    ngx_eiam_unit_ok(unit, ok && ngx_eiam_unit_equal(&name, &tombstone),
                     "the name of a tombstone's key");

    ngx_str_set(&text, "crm");
    name.len = NGX_EIAM_REDIS_NAME_LEN;
    ok = (ngx_eiam_redis_name_cut(&names, 0, &text, name.data) == NGX_OK);
    ngx_eiam_unit_ok(unit, ok && ngx_eiam_unit_equal(&name, &cut),
                     "the name of an application's cut");

    ngx_eiam_redis_name_stream(&names, "", &name);
    ok = ngx_eiam_unit_equal(&name, &stream);
    ngx_eiam_redis_name_stream(&names, "gw", &name);
    ok &= ngx_eiam_unit_equal(&name, &gateways);
    ngx_eiam_unit_ok(unit, ok, "the names of the stream's keys");
}


/* NGX_OK: it is opened, and is what is expected */

static ngx_int_t
ngx_eiam_unit_redis_seal_try(const ngx_eiam_redis_seal_t *seal,
    ngx_uint_t line, const ngx_eiam_redis_seal_place_t *place,
    const ngx_str_t *sealed, const ngx_str_t *expected)
{
    u_char     buffer[NGX_EIAM_UNIT_SEAL_MAX];
    ngx_int_t  rc;
    ngx_str_t  plain;

    plain.data = buffer;

    rc = ngx_eiam_redis_seal_open(seal, line, place, sealed, &plain);

    if (rc == NGX_OK && !ngx_eiam_unit_equal(&plain, expected)) {
        return NGX_ERROR;
    }

    return rc;
}


static void
ngx_eiam_unit_redis_seal_known(ngx_eiam_unit_t *unit,
    const ngx_eiam_redis_seal_t *seal)
{
    u_char                       bytes[NGX_EIAM_UNIT_SEAL_MAX];
    ngx_str_t                    sealed, placed, expected;
    ngx_uint_t                   i, ok, side;
    ngx_eiam_redis_seal_place_t  place;

    static ngx_str_t  hex = ngx_string(
        "01000000000000000000000000"
        "45f784cfbbddf7ed11cc5fa0dd0cfd8aa95f094c16");

    place.kind = NGX_EIAM_REDIS_SEAL_GRANT;
    ngx_str_set(&place.key, "eiam:{h}:g:S");
    ngx_str_set(&place.part, "source");
    ngx_str_set(&expected, "grant");

    for (i = 0; i < hex.len / 2; i++) {
        bytes[i] = (u_char) ngx_hextoi(&hex.data[2 * i], 2);
    }

    sealed.data = bytes;
    sealed.len = hex.len / 2;
    ok = 1;

    for (ngx_eiam_unit_sides(side)) {
        placed = ngx_eiam_unit_place(0, side, &sealed);
        ok &= (ngx_eiam_unit_redis_seal_try(seal, 0, &place, &placed,
                                            &expected)
               == NGX_OK);
    }

    ngx_eiam_unit_ok(unit, ok, "what another implementation sealed is opened");
}


static void
ngx_eiam_unit_redis_seal_bits(ngx_eiam_unit_t *unit,
    const ngx_eiam_redis_seal_t *seal)
{
    u_char                       bytes[NGX_EIAM_UNIT_SEAL_MAX];
    u_char                       again[NGX_EIAM_UNIT_SEAL_MAX];
    ngx_int_t                    rc;
    ngx_str_t                    plain, sealed, cut, other;
    ngx_uint_t                   i, ok, side;
    ngx_eiam_redis_seal_place_t  place;

    place.kind = NGX_EIAM_REDIS_SEAL_TOMBSTONE;
    ngx_str_set(&place.key, "eiam:{h}:r");
    ngx_str_null(&place.part);
    ngx_str_set(&plain, "a tombstone");

    sealed.data = bytes;
    other.data = again;

    ok = ngx_eiam_redis_seal_close(seal, &place, &plain, &sealed) == NGX_OK
         && ngx_eiam_redis_seal_close(seal, &place, &plain, &other) == NGX_OK
         && ngx_eiam_unit_redis_seal_try(seal, 0, &place, &sealed, &plain)
            == NGX_OK;

    ngx_eiam_unit_ok(unit, ok, "what is sealed is opened");
    ngx_eiam_unit_ok(unit, !ngx_eiam_unit_equal(&sealed, &other),
                     "the same text is sealed in another way each time");

    for (i = 0; i < 8 * sealed.len; i++) {
        bytes[i / 8] ^= 1 << i % 8;
        rc = ngx_eiam_unit_redis_seal_try(seal, 0, &place, &sealed, &plain);
        ok &= (rc == (i < 8 ? NGX_DECLINED : NGX_ABORT));
        bytes[i / 8] ^= 1 << i % 8;
    }

    ngx_eiam_unit_ok(unit, ok, "2.4-7.12: every bit counts");

    for (i = 0; i < sealed.len; i++) {
        cut = sealed;
        cut.len = i;

        for (ngx_eiam_unit_sides(side)) {
            other = ngx_eiam_unit_place(0, side, &cut);
            ok &= (ngx_eiam_unit_redis_seal_try(seal, 0, &place, &other,
                                                &plain)
                   == NGX_ABORT);
        }
    }

    ngx_eiam_unit_ok(unit, ok, "every byte counts");

    ngx_str_null(&plain);
    ok = ngx_eiam_redis_seal_close(seal, &place, &plain, &sealed) == NGX_OK
         && ngx_eiam_unit_redis_seal_try(seal, 0, &place, &sealed, &plain)
            == NGX_OK;
    ngx_eiam_unit_ok(unit, ok, "an empty text is sealed and opened");
}


/* no value stands for another, wherever its key and its part are divided */

static void
ngx_eiam_unit_redis_seal_places(ngx_eiam_unit_t *unit,
    const ngx_eiam_redis_seal_t *seal)
{
    u_char      bytes[NGX_EIAM_UNIT_SEAL_MAX];
    ngx_int_t   rc;
    ngx_str_t   plain, sealed;
    ngx_uint_t  i, j, ok;

    static const ngx_eiam_redis_seal_place_t  places[] = {
        { NGX_EIAM_REDIS_SEAL_GRANT, ngx_string("eiam:{h}:g:S"),
          ngx_string("source") },
        { NGX_EIAM_REDIS_SEAL_GRANT, ngx_string("eiam:{h}:g:Ss"),
          ngx_string("ource") },
        { NGX_EIAM_REDIS_SEAL_GRANT, ngx_string("eiam:{h}:g:S"),
          ngx_string("source2") },
        { NGX_EIAM_REDIS_SEAL_GRANT, ngx_string("eiam:{i}:g:S"),
          ngx_string("source") },
        { NGX_EIAM_REDIS_SEAL_TOMBSTONE, ngx_string("eiam:{h}:g:S"),
          ngx_string("source") },
        { NGX_EIAM_REDIS_SEAL_TOMBSTONE, ngx_string("eiam:{h}:r"),
          ngx_null_string },
        { NGX_EIAM_REDIS_SEAL_EVENT, ngx_string("eiam:{rev}"),
          ngx_null_string },
        { NGX_EIAM_REDIS_SEAL_EVENT, ngx_string("test:{rev}"),
          ngx_null_string },
        { NGX_EIAM_REDIS_SEAL_CUT, ngx_string("eiam:{rev}:cut"),
          ngx_string("field") },
        { NGX_EIAM_REDIS_SEAL_GATEWAY, ngx_string("eiam:{rev}:cut"),
          ngx_string("field") },
        { NGX_EIAM_REDIS_SEAL_CONSTANT, ngx_string("eiam:{rev}:key"),
          ngx_null_string }
    };

    const ngx_uint_t  n = sizeof(places) / sizeof(places[0]);

    ngx_str_set(&plain, "value");
    sealed.data = bytes;
    ok = 1;

    for (i = 0; i < n; i++) {

        ok &= (ngx_eiam_redis_seal_close(seal, &places[i], &plain, &sealed)
               == NGX_OK);

        for (j = 0; j < n; j++) {
            rc = ngx_eiam_unit_redis_seal_try(seal, 0, &places[j], &sealed,
                                              &plain);
            ok &= ((rc == NGX_OK) == (i == j) && rc != NGX_ERROR);
        }
    }

    ngx_eiam_unit_ok(unit, ok, "2.4-7.12: a value is opened nowhere but in its "
                               "place");
}


/* a new key is added last everywhere, then moved first, then is the only one */

static void
ngx_eiam_unit_redis_seal_lines(ngx_eiam_unit_t *unit)
{
    u_char                       bytes[NGX_EIAM_UNIT_SEAL_MAX];
    ngx_str_t                    plain, sealed;
    ngx_uint_t                   i, j, line, ok, wrong;
    ngx_eiam_redis_seal_t        seals[4];
    ngx_eiam_redis_seal_place_t  place;

    static const ngx_str_t  files[] = {
        ngx_string(NGX_EIAM_UNIT_LINE),
        ngx_string(NGX_EIAM_UNIT_LINE "\n" NGX_EIAM_UNIT_LINE2),
        ngx_string(NGX_EIAM_UNIT_LINE2 "\n" NGX_EIAM_UNIT_LINE),
        ngx_string(NGX_EIAM_UNIT_LINE2)
    };

    place.kind = NGX_EIAM_REDIS_SEAL_GRANT;
    ngx_str_set(&place.key, "eiam:{h}:g:S");
    ngx_str_null(&place.part);
    ngx_str_set(&plain, "value");
    sealed.data = bytes;

    ok = 1;
    wrong = 0;

    for (i = 0; i < 4; i++) {
        ok &= (ngx_eiam_unit_redis_seal_keys(unit, &files[i], &seals[i], &line)
               == NGX_OK);
    }

    for (i = 0; ok && i < 4; i++) {

        ok &= (ngx_eiam_redis_seal_close(&seals[i], &place, &plain, &sealed)
               == NGX_OK);

        for (j = 0; j < 4; j++) {

            for (line = 0; line < seals[j].n; line++) {

                if (ngx_eiam_unit_redis_seal_try(&seals[j], line, &place,
                                                 &sealed, &plain)
                    == NGX_OK)
                {
                    break;
                }
            }

            if (i / 2 != j / 2 && (j == 0 || j == 3)) {
                wrong += (line == seals[j].n);

            } else {
                ok &= (line < seals[j].n);
            }
        }
    }

    ngx_eiam_unit_ok(unit, ok, "2.4-7.12: a rotation in its order loses "
                               "nothing");
    ngx_eiam_unit_ok(unit, wrong == 4, "2.4-7.12: a rotation in the wrong "
                                       "order is not read");
}
