
#include "ngx_eiam_unit.h"


static ngx_uint_t ngx_eiam_unit_scope_fill(ngx_eiam_scopes_t *scopes,
    ngx_uint_t n);
static void ngx_eiam_unit_scope_sets(ngx_eiam_unit_t *unit,
    ngx_eiam_scopes_t *scopes);
static void ngx_eiam_unit_scope_implied(ngx_eiam_unit_t *unit,
    ngx_eiam_scopes_t *scopes);
static void ngx_eiam_unit_scope_read(ngx_eiam_unit_t *unit,
    ngx_eiam_scopes_t *scopes);
static void ngx_eiam_unit_scope_limited(ngx_eiam_unit_t *unit,
    ngx_eiam_scopes_t *scopes);


void
ngx_eiam_unit_scope(ngx_eiam_unit_t *unit)
{
    ngx_eiam_scopes_t  *scopes;

    static const ngx_str_t  one = ngx_string("scope_1");
    static const ngx_str_t  upper = ngx_string("SCOPE_1");
    static const ngx_str_t  prefix = ngx_string("scope_");
    static const ngx_str_t  more = ngx_string("more");

    scopes = ngx_eiam_scopes_create(unit->pool);

    if (scopes == NULL || !ngx_eiam_unit_scope_fill(scopes, 200)) {
        ngx_eiam_unit_ok(unit, 0, "scopes get their numbers in order");
        return;
    }

    ngx_eiam_unit_ok(unit, 1, "scopes get their numbers in order");
    ngx_eiam_unit_ok(unit, ngx_eiam_scope_number(scopes, &one) == 1,
                     "a known scope keeps its number");
    ngx_eiam_unit_ok(unit, ngx_eiam_scope_find(scopes, &one) == 1,
                     "a known scope is found");
    ngx_eiam_unit_ok(unit,
                     ngx_eiam_scope_find(scopes, &upper) == NGX_DECLINED,
                     "another case is another scope");
    ngx_eiam_unit_ok(unit,
                     ngx_eiam_scope_find(scopes, &prefix) == NGX_DECLINED,
                     "a prefix is not a scope");

    ngx_eiam_unit_scope_sets(unit, scopes);
    ngx_eiam_unit_scope_implied(unit, scopes);
    ngx_eiam_unit_scope_read(unit, scopes);
    ngx_eiam_unit_scope_limited(unit, scopes);

    ngx_eiam_unit_ok(unit, ngx_eiam_unit_scope_fill(scopes,
                                                    NGX_EIAM_SCOPES_MAX),
                     "as many scopes as there may be");
    ngx_eiam_unit_ok(unit, ngx_eiam_scope_number(scopes, &more) == NGX_ERROR,
                     "one scope more is an error");
}


static ngx_uint_t
ngx_eiam_unit_scope_fill(ngx_eiam_scopes_t *scopes, ngx_uint_t n)
{
    u_char      text[32];
    ngx_str_t   name;
    ngx_uint_t  i;

    name.data = text;

    for (i = 0; i < n; i++) {
        name.len = ngx_sprintf(text, "scope_%ui", i) - text;

        if (ngx_eiam_scope_number(scopes, &name) != (ngx_int_t) i) {
            return 0;
        }
    }

    return 1;
}


static void
ngx_eiam_unit_scope_sets(ngx_eiam_unit_t *unit, ngx_eiam_scopes_t *scopes)
{
    ngx_int_t              *number;
    ngx_str_t               text;
    ngx_uint_t              i, n;
    ngx_array_t             first;
    ngx_eiam_scope_bits_t  *set;

    static const ngx_str_t  expected = ngx_string("scope_199 scope_0 "
                                                  "scope_63 scope_64");

    set = ngx_eiam_scope_set_create(scopes, unit->pool);

    for (i = 0, n = 0; i < 200; i++) {
        n += ngx_eiam_scope_set_has(set, i);
    }

    ngx_eiam_unit_ok(unit, n == 0, "a new set is empty");

    ngx_eiam_scope_set_add(set, 0);
    ngx_eiam_scope_set_add(set, 63);
    ngx_eiam_scope_set_add(set, 64);
    ngx_eiam_scope_set_add(set, 199);

    for (i = 0, n = 0; i < 200; i++) {
        n += ngx_eiam_scope_set_has(set, i);
    }

    ngx_eiam_unit_ok(unit, n == 4 && ngx_eiam_scope_set_has(set, 64),
                     "a set has what was added and nothing else");

    if (ngx_array_init(&first, unit->pool, 2, sizeof(ngx_int_t)) != NGX_OK) {
        return;
    }

    number = ngx_array_push_n(&first, 2);
    number[0] = 199;
    number[1] = 199;

    ngx_eiam_unit_ok(unit,
                     ngx_eiam_scope_set_text(scopes, set, &first, unit->pool,
                                             &text)
                     == NGX_OK
                     && ngx_eiam_unit_equal(&text, &expected),
                     "a set's text has the first ones first, each once");

    set = ngx_eiam_scope_set_create(scopes, unit->pool);

    ngx_eiam_unit_ok(unit,
                     ngx_eiam_scope_set_text(scopes, set, &first, unit->pool,
                                             &text)
                     == NGX_OK
                     && text.len == 0,
                     "an empty set has an empty text");
}


static void
ngx_eiam_unit_scope_implied(ngx_eiam_unit_t *unit, ngx_eiam_scopes_t *scopes)
{
    ngx_uint_t               i, n;
    ngx_array_t              implications;
    ngx_eiam_scope_bits_t   *set;
    ngx_eiam_implication_t  *implication;

    /* the last row first, so that one pass does not suffice; and a cycle */

    static const ngx_eiam_implication_t  rows[] = {
        { 70, 5 }, { 3, 70 }, { 5, 3 }, { 8, 9 }
    };

    implications.elts = (void *) rows;
    implications.nelts = 4;
    implication = implications.elts;

    set = ngx_eiam_scope_set_create(scopes, unit->pool);
    ngx_eiam_scope_set_add(set, implication[1].scope);
    ngx_eiam_scope_set_close(set, NULL);

    for (i = 0, n = 0; i < 200; i++) {
        n += ngx_eiam_scope_set_has(set, i);
    }

    ngx_eiam_unit_ok(unit, n == 1, "nothing is implied by itself");

    ngx_eiam_scope_set_close(set, &implications);

    for (i = 0, n = 0; i < 200; i++) {
        n += ngx_eiam_scope_set_has(set, i);
    }

    ngx_eiam_unit_ok(unit, n == 3 && ngx_eiam_scope_set_has(set, 70)
                           && ngx_eiam_scope_set_has(set, 5),
                     "implications are followed to their end");
}


/* in the form of a token's scopes */

static void
ngx_eiam_unit_scope_read(ngx_eiam_unit_t *unit, ngx_eiam_scopes_t *scopes)
{
    ngx_int_t               rc;
    ngx_str_t               text, copy, read;
    ngx_uint_t              i, side, ok;
    ngx_array_t             order;
    ngx_eiam_scope_bits_t  *set;

    static const struct {
        const char  *title;
        const char  *text;
        const char  *read;
    } rows[] = {
        { "names", "scope_1 scope_64 scope_0", "scope_1 scope_64 scope_0" },
        { "one name", "scope_199", "scope_199" },
        { "no name", "", "" },
        { "spaces alone", "   ", "" },
        { "spaces around and between", "  scope_2   scope_1 ",
          "scope_2 scope_1" },
        { "a name twice", "scope_3 scope_1 scope_3", "scope_3 scope_1" },
        { "unknown names", "x scope_1 scope_2000 scope_ y", "scope_1" },
        { "another case", "SCOPE_1 Scope_2", "" },
        { "a tab does not separate", "scope_1\tscope_2 scope_3", "scope_3" },
        { "nor a line end", "scope_1\nscope_2 scope_3\n", "" },
        { "nor a comma", "scope_1,scope_2", "" },
        { "nor another space", "scope_1\xc2\xa0scope_2", "" },
        { NULL, NULL, NULL }
    };

    for (i = 0; rows[i].title; i++) {

        text.data = (u_char *) rows[i].text;
        text.len = ngx_strlen(rows[i].text);
        ok = 1;

        for (ngx_eiam_unit_sides(side)) {

            copy = ngx_eiam_unit_place(0, side, &text);
            set = ngx_eiam_scope_set_create(scopes, unit->pool);

            if (set == NULL
                || ngx_array_init(&order, unit->pool, 1, sizeof(ngx_int_t))
                   != NGX_OK)
            {
                return;
            }

            rc = ngx_eiam_scope_set_read(scopes, &copy, set, &order);

            ok = ok && rc == NGX_OK
                 && ngx_eiam_scope_set_text(scopes, set, &order, unit->pool,
                                            &read)
                    == NGX_OK
                 && read.len == ngx_strlen(rows[i].read)
                 && ngx_strncmp(read.data, rows[i].read, read.len) == 0;
        }

        ngx_eiam_unit_ok(unit, ok, "%s: \"%V\"", rows[i].title, &read);
    }
}


static void
ngx_eiam_unit_scope_limited(ngx_eiam_unit_t *unit, ngx_eiam_scopes_t *scopes)
{
    ngx_uint_t              i, wrong;
    ngx_eiam_scope_bits_t  *set, *other;

    set = ngx_eiam_scope_set_create(scopes, unit->pool);
    other = ngx_eiam_scope_set_create(scopes, unit->pool);

    for (i = 0; i < 200; i++) {

        if (i % 2) {
            ngx_eiam_scope_set_add(set, i);
        }

        if (i % 3) {
            ngx_eiam_scope_set_add(other, i);
        }
    }

    ngx_eiam_scope_set_limit(scopes, set, other);

    for (i = 0, wrong = 0; i < 200; i++) {
        wrong += ngx_eiam_scope_set_has(set, i) != (i % 2 && i % 3);
        wrong += ngx_eiam_scope_set_has(other, i) != !!(i % 3);
    }

    ngx_eiam_unit_ok(unit, wrong == 0,
                     "a limited set has what is in both, the limit stays");
}
