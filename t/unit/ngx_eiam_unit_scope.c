
#include "ngx_eiam_unit.h"


static ngx_uint_t ngx_eiam_unit_scope_fill(ngx_eiam_scopes_t *scopes,
    ngx_uint_t n);
static void ngx_eiam_unit_scope_sets(ngx_eiam_unit_t *unit,
    ngx_eiam_scopes_t *scopes);
static void ngx_eiam_unit_scope_implied(ngx_eiam_unit_t *unit,
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

    /* the last row first, so that one walk does not do; and a circle */

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
