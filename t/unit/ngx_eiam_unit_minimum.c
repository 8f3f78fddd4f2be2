
#include "ngx_eiam_unit_zone.h"
#include <ngx_eiam_minimum.h>


#define NGX_EIAM_UNIT_MINIMUM_SCOPES      8      /* "a" to "h" */
#define NGX_EIAM_UNIT_MINIMUM_OPERATIONS  12
#define NGX_EIAM_UNIT_MINIMUM_ROUNDS      300


typedef struct {
    ngx_pool_t            *pool;
    ngx_eiam_policy_t      policy;
    ngx_eiam_scopes_t     *scopes;
    ngx_array_t            implications;
    ngx_array_t            used;
    uint32_t               seed;
} ngx_eiam_unit_minimum_t;


static ngx_int_t ngx_eiam_unit_minimum_make(ngx_eiam_unit_minimum_t *t,
    ngx_uint_t operations, ngx_uint_t scopes);
static ngx_uint_t ngx_eiam_unit_minimum_is(ngx_eiam_unit_minimum_t *t);
static ngx_uint_t ngx_eiam_unit_minimum_rate(ngx_eiam_unit_minimum_t *t,
    uint32_t chosen);
static ngx_int_t ngx_eiam_unit_minimum_find(ngx_eiam_unit_minimum_t *t,
    ngx_array_t *chosen, ngx_uint_t *exact);
static void ngx_eiam_unit_minimum_many(ngx_eiam_unit_t *unit);


/*
 * Random policies, implications and used operations; each set of scopes is
 * tried.
 */

void
ngx_eiam_unit_minimum(ngx_eiam_unit_t *unit)
{
    ngx_uint_t               i, right;
    ngx_eiam_unit_minimum_t  t;

    ngx_memzero(&t, sizeof(ngx_eiam_unit_minimum_t));

    t.seed = 1;
    right = 0;

    for (i = 0; i < NGX_EIAM_UNIT_MINIMUM_ROUNDS; i++) {

        t.pool = ngx_create_pool(16384, unit->cf->log);

        if (t.pool
            && ngx_eiam_unit_minimum_make(&t, NGX_EIAM_UNIT_MINIMUM_OPERATIONS,
                                          NGX_EIAM_UNIT_MINIMUM_SCOPES)
               == NGX_OK)
        {
            right += ngx_eiam_unit_minimum_is(&t);
        }

        ngx_destroy_pool(t.pool);
    }

    ngx_eiam_unit_ok(unit, right == i, "2.7-4: no set of scopes is better: %ui "
                     "of %ui random policies", right, i);

    ngx_eiam_unit_minimum_many(unit);
}


/* each operation has one to three alternatives of one or two scopes */

static ngx_int_t
ngx_eiam_unit_minimum_make(ngx_eiam_unit_minimum_t *t, ngx_uint_t operations,
    ngx_uint_t scopes)
{
    u_char                  *p;
    ngx_str_t                text;
    ngx_uint_t               i, k, n;
    ngx_eiam_document_t      document;
    ngx_eiam_operation_t   **operation, **used;
    ngx_eiam_implication_t  *implication;

    text.data = ngx_pnalloc(t->pool, 1024 + operations * 256);
    p = ngx_sprintf(text.data, "{\"openapi\":\"3.0.3\",\"servers\":[{\"url\":"
                    "\"/api\"}],\"components\":{\"securitySchemes\":{\"t\":"
                    "{\"type\":\"http\",\"scheme\":\"bearer\"}}},\"paths\":{");

    for (i = 0; i < operations; i++) {

        p = ngx_sprintf(p, "%s\"/o%ui\":{\"get\":{\"security\":[",
                        i ? "," : "", i);

        n = 1 + ngx_eiam_unit_random(&t->seed, 3);

        for (k = 0; k < n; k++) {
            p = ngx_sprintf(p, "%s{\"t\":[\"s%uD\"", k ? "," : "",
                            ngx_eiam_unit_random(&t->seed, scopes));

            if (ngx_eiam_unit_random(&t->seed, 3) == 0) {
                p = ngx_sprintf(p, ",\"s%uD\"",
                                ngx_eiam_unit_random(&t->seed, scopes));
            }

            p = ngx_sprintf(p, "]}");
        }

        p = ngx_sprintf(p, "],\"responses\":{}}}");
    }

    p = ngx_sprintf(p, "}}");
    text.len = p - text.data;

    if (ngx_eiam_unit_compile(&document, t->pool, &text, &t->policy,
                              &t->scopes)
        != NGX_OK
        || ngx_array_init(&t->used, t->pool, 4, sizeof(ngx_eiam_operation_t *))
           != NGX_OK
        || ngx_array_init(&t->implications, t->pool, 4,
                          sizeof(ngx_eiam_implication_t))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    operation = t->policy.operations.elts;

    for (i = 0; i < t->policy.operations.nelts; i++) {

        if (ngx_eiam_unit_random(&t->seed, 2)) {
            used = ngx_array_push(&t->used);
            *used = operation[i];
        }
    }

    for (n = ngx_eiam_unit_random(&t->seed, 4); n; n--) {
        implication = ngx_array_push(&t->implications);
        implication->scope = ngx_eiam_unit_random(&t->seed,
                                               t->scopes->names.nelts);
        implication->included = ngx_eiam_unit_random(&t->seed,
                                                  t->scopes->names.nelts);
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_eiam_unit_minimum_is(ngx_eiam_unit_minimum_t *t)
{
    uint32_t      set, found;
    ngx_uint_t    i, exact, best, *number;
    ngx_array_t   chosen;

    if (ngx_eiam_unit_minimum_find(t, &chosen, &exact) != NGX_OK || !exact) {
        return 0;
    }

    found = 0;
    number = chosen.elts;

    for (i = 0; i < chosen.nelts; i++) {
        found |= 1 << number[i];
    }

    best = (ngx_uint_t) -1;

    for (set = 0; set < (uint32_t) 1 << t->scopes->names.nelts; set++) {
        best = ngx_min(best, ngx_eiam_unit_minimum_rate(t, set));
    }

    return ngx_eiam_unit_minimum_rate(t, found) == best;
}


/* first what a set permits, then how many scopes it has */

static ngx_uint_t
ngx_eiam_unit_minimum_rate(ngx_eiam_unit_minimum_t *t, uint32_t chosen)
{
    ngx_uint_t                i, permits, count;
    ngx_eiam_operation_t    **operation;
    ngx_eiam_scope_bits_t     set[1];

    set[0] = chosen;
    ngx_eiam_scope_set_close(set, &t->implications);

    operation = t->used.elts;

    for (i = 0; i < t->used.nelts; i++) {

        if (ngx_eiam_policy_permits(operation[i], set) != NGX_OK) {
            return (ngx_uint_t) -1;
        }
    }

    permits = 0;
    operation = t->policy.operations.elts;

    for (i = 0; i < t->policy.operations.nelts; i++) {
        permits += (ngx_eiam_policy_permits(operation[i], set) == NGX_OK);
    }

    for (count = 0; chosen; chosen &= chosen - 1) {
        count++;
    }

    return 100 * permits + count;
}


static ngx_int_t
ngx_eiam_unit_minimum_find(ngx_eiam_unit_minimum_t *t, ngx_array_t *chosen,
    ngx_uint_t *exact)
{
    ngx_array_t          policies;
    ngx_eiam_policy_t  **policy;
    ngx_eiam_minimum_t   minimum;

    if (ngx_array_init(&policies, t->pool, 1, sizeof(ngx_eiam_policy_t *))
        != NGX_OK
        || ngx_array_init(chosen, t->pool, 4, sizeof(ngx_uint_t)) != NGX_OK)
    {
        return NGX_ERROR;
    }

    policy = ngx_array_push(&policies);
    *policy = &t->policy;

    minimum.scopes = t->scopes;
    minimum.implications = &t->implications;
    minimum.policies = &policies;
    minimum.used = &t->used;
    minimum.pool = t->pool;

    return ngx_eiam_minimum_find(&minimum, chosen, exact);
}


/* the search ends, and says that there may be a better set */

static void
ngx_eiam_unit_minimum_many(ngx_eiam_unit_t *unit)
{
    ngx_int_t                rc;
    ngx_uint_t               exact;
    ngx_array_t              chosen;
    ngx_eiam_unit_minimum_t  t;

    ngx_memzero(&t, sizeof(ngx_eiam_unit_minimum_t));

    t.seed = 1;
    t.pool = unit->pool;
    exact = 1;

    rc = ngx_eiam_unit_minimum_make(&t, 400, 100);

    if (rc == NGX_OK) {
        rc = ngx_eiam_unit_minimum_find(&t, &chosen, &exact);
    }

    ngx_eiam_unit_ok(unit, rc == NGX_OK && !exact && chosen.nelts > 0,
                     "2.7-4: with 100 scopes of 400 operations the search ends "
                     "before all sets are tried, and says so");
}
