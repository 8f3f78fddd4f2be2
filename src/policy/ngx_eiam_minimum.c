
#include <ngx_eiam_minimum.h>


/* a scope that some used operation accepts */

typedef struct {
    ngx_uint_t              scope;
    ngx_uint_t              permits;        /* operations, alone */
    ngx_uint_t              chosen;         /* flag */
    ngx_eiam_scope_bits_t  *closed;         /* with what it implies */
} ngx_eiam_minimum_scope_t;


typedef struct {
    const ngx_eiam_minimum_t   *minimum;
    ngx_eiam_minimum_scope_t   *scopes;     /* those that permit most first */
    ngx_uint_t                  n;
    ngx_eiam_scope_bits_t      *set;        /* of those that are chosen */
    size_t                      size;       /* bytes of a set */
    ngx_uint_t                  steps;
} ngx_eiam_minimum_search_t;


static ngx_int_t ngx_eiam_minimum_candidates(
    ngx_eiam_minimum_search_t *search);
static ngx_uint_t ngx_eiam_minimum_add(ngx_eiam_minimum_search_t *search,
    ngx_array_t *candidates, ngx_uint_t scope);
static void ngx_eiam_minimum_unite(ngx_eiam_minimum_search_t *search);
static ngx_uint_t ngx_eiam_minimum_permits(ngx_eiam_minimum_search_t *search);
static ngx_uint_t ngx_eiam_minimum_covers(ngx_eiam_minimum_search_t *search);
static ngx_uint_t ngx_eiam_minimum_reduce(ngx_eiam_minimum_search_t *search,
    const ngx_eiam_minimum_scope_t *kept);
static void ngx_eiam_minimum_improve(ngx_eiam_minimum_search_t *search,
    ngx_uint_t *before, ngx_uint_t count);
static ngx_int_t ngx_eiam_minimum_compare(const void *one,
    const void *other);


ngx_int_t
ngx_eiam_minimum_find(const ngx_eiam_minimum_t *minimum, ngx_array_t *chosen)
{
    ngx_uint_t                  i, count, *number, *before;
    ngx_eiam_minimum_search_t   search;

    ngx_memzero(&search, sizeof(ngx_eiam_minimum_search_t));

    search.minimum = minimum;
    search.size = (minimum->scopes->names.nelts + 63) / 64
                  * sizeof(ngx_eiam_scope_bits_t);

    if (ngx_eiam_minimum_candidates(&search) != NGX_OK) {
        return NGX_ERROR;
    }

    before = ngx_palloc(minimum->pool, search.n * sizeof(ngx_uint_t) + 1);
    if (before == NULL) {
        return NGX_ERROR;
    }

    count = ngx_eiam_minimum_reduce(&search, NULL);

    ngx_eiam_minimum_improve(&search, before, count);

    for (i = 0; i < search.n; i++) {

        if (!search.scopes[i].chosen) {
            continue;
        }

        number = ngx_array_push(chosen);
        if (number == NULL) {
            return NGX_ERROR;
        }

        *number = search.scopes[i].scope;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_eiam_minimum_candidates(ngx_eiam_minimum_search_t *search)
{
    ngx_uint_t                      i, k, n;
    ngx_array_t                     candidates;
    ngx_eiam_operation_t          **operation;
    const ngx_eiam_minimum_t       *minimum;
    const ngx_eiam_alternative_t   *alternative;

    minimum = search->minimum;
    operation = minimum->used->elts;

    search->set = ngx_pcalloc(minimum->pool, search->size + 1);

    if (search->set == NULL
        || ngx_array_init(&candidates, minimum->pool, 8,
                          sizeof(ngx_eiam_minimum_scope_t))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < minimum->used->nelts; i++) {

        for (k = 0; k < operation[i]->n; k++) {

            alternative = &operation[i]->alternatives[k];

            for (n = 0; n < alternative->n; n++) {

                if (ngx_eiam_minimum_add(search, &candidates,
                                         alternative->scopes[n])
                    != NGX_OK)
                {
                    return NGX_ERROR;
                }
            }
        }
    }

    search->scopes = candidates.elts;
    search->n = candidates.nelts;

    for (i = 0; i < search->n; i++) {
        ngx_memcpy(search->set, search->scopes[i].closed, search->size);
        search->scopes[i].permits = ngx_eiam_minimum_permits(search);
    }

    ngx_sort(search->scopes, search->n, sizeof(ngx_eiam_minimum_scope_t),
             ngx_eiam_minimum_compare);

    return NGX_OK;
}


static ngx_uint_t
ngx_eiam_minimum_add(ngx_eiam_minimum_search_t *search,
    ngx_array_t *candidates, ngx_uint_t scope)
{
    ngx_eiam_minimum_scope_t  *candidate;

    if (ngx_eiam_scope_set_has(search->set, scope)) {
        return NGX_OK;
    }

    ngx_eiam_scope_set_add(search->set, scope);

    candidate = ngx_array_push(candidates);
    if (candidate == NULL) {
        return NGX_ERROR;
    }

    candidate->scope = scope;
    candidate->chosen = 1;
    candidate->closed = ngx_pcalloc(search->minimum->pool, search->size);

    if (candidate->closed == NULL) {
        return NGX_ERROR;
    }

    ngx_eiam_scope_set_add(candidate->closed, scope);
    ngx_eiam_scope_set_close(candidate->closed, search->minimum->implications);

    return NGX_OK;
}


static ngx_int_t
ngx_eiam_minimum_compare(const void *one, const void *other)
{
    const ngx_eiam_minimum_scope_t  *first = one, *second = other;

    if (first->permits != second->permits) {
        return (first->permits > second->permits) ? -1 : 1;
    }

    return (first->scope > second->scope) ? -1 : 1;
}


static void
ngx_eiam_minimum_unite(ngx_eiam_minimum_search_t *search)
{
    ngx_uint_t  i, k;

    ngx_memzero(search->set, search->size);

    for (i = 0; i < search->n; i++) {

        for (k = 0;
             search->scopes[i].chosen
             && k < search->size / sizeof(ngx_eiam_scope_bits_t);
             k++)
        {
            search->set[k] |= search->scopes[i].closed[k];
        }
    }
}


/* how many operations of all policies the set permits */

static ngx_uint_t
ngx_eiam_minimum_permits(ngx_eiam_minimum_search_t *search)
{
    ngx_uint_t               i, k, n;
    ngx_eiam_policy_t      **policy;
    ngx_eiam_operation_t   **operation;

    n = 0;
    policy = search->minimum->policies->elts;

    for (i = 0; i < search->minimum->policies->nelts; i++) {

        operation = policy[i]->operations.elts;

        for (k = 0; k < policy[i]->operations.nelts; k++) {
            n += (!operation[k]->is_public
                  && ngx_eiam_policy_permits(operation[k], search->set)
                     == NGX_OK);
        }

        search->steps += k;
    }

    return n;
}


static ngx_uint_t
ngx_eiam_minimum_covers(ngx_eiam_minimum_search_t *search)
{
    ngx_uint_t              i;
    ngx_eiam_operation_t  **operation;

    ngx_eiam_minimum_unite(search);

    operation = search->minimum->used->elts;
    search->steps += search->minimum->used->nelts;

    for (i = 0; i < search->minimum->used->nelts; i++) {

        if (!operation[i]->is_public
            && ngx_eiam_policy_permits(operation[i], search->set) != NGX_OK)
        {
            return 0;
        }
    }

    return 1;
}


/* gives up what is not needed but one; returns how many remain */

static ngx_uint_t
ngx_eiam_minimum_reduce(ngx_eiam_minimum_search_t *search,
    const ngx_eiam_minimum_scope_t *kept)
{
    ngx_uint_t                 i, n;
    ngx_eiam_minimum_scope_t  *scope;

    n = 0;

    for (i = 0; i < search->n; i++) {

        scope = &search->scopes[i];

        if (!scope->chosen) {
            continue;
        }

        if (scope != kept) {
            scope->chosen = 0;
            scope->chosen = !ngx_eiam_minimum_covers(search);
        }

        n += scope->chosen;
    }

    ngx_eiam_minimum_unite(search);

    return n;
}


/* one in place of several, if they permit no less */

static void
ngx_eiam_minimum_improve(ngx_eiam_minimum_search_t *search,
    ngx_uint_t *before, ngx_uint_t count)
{
    ngx_uint_t  i, k, n, permits, best;

    best = ngx_eiam_minimum_permits(search);

    for (i = 0;
         i < search->n && search->steps < NGX_EIAM_MINIMUM_STEPS;
         i++)
    {
        if (search->scopes[i].chosen) {
            continue;
        }

        for (k = 0; k < search->n; k++) {
            before[k] = search->scopes[k].chosen;
        }

        search->scopes[i].chosen = 1;

        n = ngx_eiam_minimum_reduce(search, &search->scopes[i]);
        permits = ngx_eiam_minimum_permits(search);

        if (permits < best || (permits == best && n < count)) {
            best = permits;
            count = n;
            continue;
        }

        for (k = 0; k < search->n; k++) {
            search->scopes[k].chosen = before[k];
        }
    }
}
