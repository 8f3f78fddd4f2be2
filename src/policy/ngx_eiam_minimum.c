
#include <ngx_eiam_minimum.h>


/* a scope that some used operation accepts, or that implies such a one */

typedef struct {
    ngx_uint_t              scope;
    ngx_uint_t              permits;        /* operations, alone */
    ngx_uint_t              chosen;         /* flag */
    ngx_uint_t              best;           /* flag: in the best set so far */
    ngx_uint_t              excluded;       /* at that depth; 0: it is not */
    ngx_eiam_scope_bits_t  *closed;         /* with what it implies */
} ngx_eiam_minimum_scope_t;


typedef struct {
    const ngx_eiam_minimum_t   *minimum;
    ngx_eiam_minimum_scope_t   *scopes;     /* those that permit most first */
    ngx_uint_t                  n;
    ngx_eiam_scope_bits_t      *set;        /* of those that are chosen */
    size_t                      size;       /* bytes of a set */
    ngx_uint_t                  steps;
    ngx_uint_t                  permits;    /* operations, by the best set */
    ngx_uint_t                  count;      /* scopes of the best set */
} ngx_eiam_minimum_search_t;


static ngx_int_t ngx_eiam_minimum_candidates(
    ngx_eiam_minimum_search_t *search);
static ngx_uint_t ngx_eiam_minimum_add(ngx_eiam_minimum_search_t *search,
    ngx_array_t *candidates, ngx_uint_t scope);
static void ngx_eiam_minimum_unite(ngx_eiam_minimum_search_t *search);
static ngx_uint_t ngx_eiam_minimum_permits(ngx_eiam_minimum_search_t *search);
static ngx_eiam_operation_t *ngx_eiam_minimum_uncovered(
    ngx_eiam_minimum_search_t *search);
static ngx_uint_t ngx_eiam_minimum_reduce(ngx_eiam_minimum_search_t *search,
    const ngx_eiam_minimum_scope_t *kept);
static void ngx_eiam_minimum_improve(ngx_eiam_minimum_search_t *search);
static void ngx_eiam_minimum_keep(ngx_eiam_minimum_search_t *search,
    ngx_uint_t permits, ngx_uint_t count);
static void ngx_eiam_minimum_descend(ngx_eiam_minimum_search_t *search,
    ngx_uint_t depth, ngx_uint_t count);
static ngx_uint_t ngx_eiam_minimum_helps(
    const ngx_eiam_minimum_search_t *search,
    const ngx_eiam_operation_t *operation,
    const ngx_eiam_minimum_scope_t *scope);
static ngx_int_t ngx_eiam_minimum_implying(ngx_eiam_minimum_search_t *search,
    ngx_array_t *candidates);
static ngx_int_t ngx_eiam_minimum_compare(const void *one,
    const void *other);


ngx_int_t
ngx_eiam_minimum_find(const ngx_eiam_minimum_t *minimum, ngx_array_t *chosen,
    ngx_uint_t *exact)
{
    ngx_uint_t                  i, *number;
    ngx_eiam_minimum_search_t   search;

    ngx_memzero(&search, sizeof(ngx_eiam_minimum_search_t));

    search.minimum = minimum;
    search.size = (minimum->scopes->names.nelts + 63) / 64
                  * sizeof(ngx_eiam_scope_bits_t);

    if (ngx_eiam_minimum_candidates(&search) != NGX_OK) {
        return NGX_ERROR;
    }

    /* a good set, with which the search for the best one ends earlier */

    ngx_eiam_minimum_improve(&search);

    for (i = 0; i < search.n; i++) {
        search.scopes[i].chosen = 0;
    }

    search.steps = 0;
    ngx_eiam_minimum_descend(&search, 1, 0);

    *exact = search.steps < NGX_EIAM_MINIMUM_STEPS;

    for (i = 0; i < search.n; i++) {

        if (!search.scopes[i].best) {
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

    if (ngx_eiam_minimum_implying(search, &candidates) != NGX_OK) {
        return NGX_ERROR;
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
    candidate->best = 0;
    candidate->excluded = 0;
    candidate->closed = ngx_pcalloc(search->minimum->pool, search->size);

    if (candidate->closed == NULL) {
        return NGX_ERROR;
    }

    ngx_eiam_scope_set_add(candidate->closed, scope);
    ngx_eiam_scope_set_close(candidate->closed, search->minimum->implications);

    return NGX_OK;
}


/* one that implies several may take their place */

static ngx_int_t
ngx_eiam_minimum_implying(ngx_eiam_minimum_search_t *search,
    ngx_array_t *candidates)
{
    ngx_uint_t                     i, changed;
    const ngx_array_t             *implications;
    const ngx_eiam_implication_t  *implication;

    implications = search->minimum->implications;

    if (implications == NULL) {
        return NGX_OK;
    }

    implication = implications->elts;

    do {
        changed = 0;

        for (i = 0; i < implications->nelts; i++) {

            if (!ngx_eiam_scope_set_has(search->set, implication[i].included)
                || ngx_eiam_scope_set_has(search->set, implication[i].scope))
            {
                continue;
            }

            if (ngx_eiam_minimum_add(search, candidates, implication[i].scope)
                != NGX_OK)
            {
                return NGX_ERROR;
            }

            changed = 1;
        }

    } while (changed);

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


/* a used operation that the chosen scopes do not permit; NULL: there is none */

static ngx_eiam_operation_t *
ngx_eiam_minimum_uncovered(ngx_eiam_minimum_search_t *search)
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
            return operation[i];
        }
    }

    return NULL;
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
            scope->chosen = (ngx_eiam_minimum_uncovered(search) != NULL);
        }

        n += scope->chosen;
    }

    ngx_eiam_minimum_unite(search);

    return n;
}


/* all but what is not needed; then one in place of several */

static void
ngx_eiam_minimum_improve(ngx_eiam_minimum_search_t *search)
{
    ngx_uint_t  i, k, n, permits;

    n = ngx_eiam_minimum_reduce(search, NULL);
    ngx_eiam_minimum_keep(search, ngx_eiam_minimum_permits(search), n);

    for (i = 0;
         i < search->n && search->steps < NGX_EIAM_MINIMUM_STEPS;
         i++)
    {
        if (search->scopes[i].best) {
            continue;
        }

        for (k = 0; k < search->n; k++) {
            search->scopes[k].chosen = search->scopes[k].best;
        }

        search->scopes[i].chosen = 1;

        n = ngx_eiam_minimum_reduce(search, &search->scopes[i]);
        permits = ngx_eiam_minimum_permits(search);

        if (permits < search->permits
            || (permits == search->permits && n < search->count))
        {
            ngx_eiam_minimum_keep(search, permits, n);
        }
    }
}


static void
ngx_eiam_minimum_keep(ngx_eiam_minimum_search_t *search, ngx_uint_t permits,
    ngx_uint_t count)
{
    ngx_uint_t  i;

    search->permits = permits;
    search->count = count;

    for (i = 0; i < search->n; i++) {
        search->scopes[i].best = search->scopes[i].chosen;
    }
}


/*
 * Branch and bound: an operation that is not permitted yet needs one of the
 * scopes that help it, and no set permits less than a part of it does.  When
 * all sets with one of these scopes have been searched, the scope is excluded.
 */

static void
ngx_eiam_minimum_descend(ngx_eiam_minimum_search_t *search, ngx_uint_t depth,
    ngx_uint_t count)
{
    ngx_uint_t                 i, permits;
    ngx_eiam_operation_t      *operation;
    ngx_eiam_minimum_scope_t  *scope;

    operation = ngx_eiam_minimum_uncovered(search);
    permits = ngx_eiam_minimum_permits(search);

    if (search->steps >= NGX_EIAM_MINIMUM_STEPS
        || permits > search->permits
        || (permits == search->permits
            && count + (operation != NULL) >= search->count))
    {
        return;
    }

    if (operation == NULL) {
        ngx_eiam_minimum_keep(search, permits, count);
        return;
    }

    for (i = 0; i < search->n; i++) {

        scope = &search->scopes[i];
        ngx_eiam_minimum_unite(search);

        if (!ngx_eiam_minimum_helps(search, operation, scope)) {
            continue;
        }

        scope->chosen = 1;
        ngx_eiam_minimum_descend(search, depth + 1, count + 1);
        scope->chosen = 0;

        scope->excluded = depth;
    }

    for (i = 0; i < search->n; i++) {

        if (search->scopes[i].excluded == depth) {
            search->scopes[i].excluded = 0;
        }
    }
}


/* does the scope bring one that the operation accepts, and that is missing? */

static ngx_uint_t
ngx_eiam_minimum_helps(const ngx_eiam_minimum_search_t *search,
    const ngx_eiam_operation_t *operation,
    const ngx_eiam_minimum_scope_t *scope)
{
    ngx_uint_t                     i, k;
    const ngx_eiam_alternative_t  *alternative;

    if (scope->chosen || scope->excluded) {
        return 0;
    }

    for (i = 0; i < operation->n; i++) {

        alternative = &operation->alternatives[i];

        for (k = 0; k < alternative->n; k++) {

            if (ngx_eiam_scope_set_has(scope->closed, alternative->scopes[k])
                && !ngx_eiam_scope_set_has(search->set,
                                           alternative->scopes[k]))
            {
                return 1;
            }
        }
    }

    return 0;
}
