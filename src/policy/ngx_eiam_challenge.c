
#include <ngx_eiam_challenge.h>


typedef struct ngx_eiam_challenge_entry_s  ngx_eiam_challenge_entry_t;

struct ngx_eiam_challenge_entry_s {
    const ngx_eiam_alternative_t      *alternative;
    ngx_uint_t                         operation;   /* index of the operation */
    const ngx_eiam_challenge_entry_t  *next;
};


/* what is known of a scope */

typedef struct {
    const ngx_eiam_challenge_entry_t  *entries;     /* by their lowest scope */
    ngx_uint_t                         mark;
    ngx_uint_t                         accepted;    /* that alone, and 1 */
} ngx_eiam_challenge_scope_t;


typedef struct {
    const ngx_str_t                   *names;       /* of the scopes */
    ngx_eiam_challenge_scope_t        *scopes;
    ngx_uint_t                        *operations;  /* last mark of each */
    ngx_uint_t                         mark;        /* the current mark */
    ngx_uint_t                         steps;
    ngx_pool_t                        *pool;
} ngx_eiam_challenge_t;


static ngx_int_t ngx_eiam_challenge_index(ngx_eiam_challenge_t *challenge,
    const ngx_eiam_policy_t *policy, ngx_pool_t *temp_pool);
static const ngx_eiam_alternative_t *ngx_eiam_challenge_choose(
    ngx_eiam_challenge_t *challenge, const ngx_eiam_operation_t *operation);
static ngx_uint_t ngx_eiam_challenge_mark(ngx_eiam_challenge_t *challenge,
    const ngx_eiam_alternative_t *alternative);
static ngx_uint_t ngx_eiam_challenge_accepted(ngx_eiam_challenge_t *challenge,
    const ngx_eiam_alternative_t *alternative);
static ngx_uint_t ngx_eiam_challenge_count(ngx_eiam_challenge_t *challenge,
    const ngx_eiam_alternative_t *alternative);
static ngx_int_t ngx_eiam_challenge_text(ngx_eiam_challenge_t *challenge,
    const ngx_eiam_alternative_t *alternative, ngx_str_t *text);


ngx_int_t
ngx_eiam_challenge_set(ngx_eiam_policy_t *policy,
    const ngx_eiam_scopes_t *scopes, ngx_pool_t *pool, ngx_pool_t *temp_pool)
{
    ngx_uint_t                      i;
    ngx_eiam_challenge_t            challenge;
    ngx_eiam_operation_t          **operation;
    const ngx_eiam_alternative_t   *chosen;

    ngx_memzero(&challenge, sizeof(ngx_eiam_challenge_t));

    challenge.names = scopes->names.elts;
    challenge.pool = pool;
    challenge.scopes = ngx_pcalloc(temp_pool,
                                   scopes->names.nelts
                                   * sizeof(ngx_eiam_challenge_scope_t) + 1);
    challenge.operations = ngx_pcalloc(temp_pool,
                                       policy->operations.nelts
                                       * sizeof(ngx_uint_t) + 1);

    if (challenge.scopes == NULL || challenge.operations == NULL
        || ngx_eiam_challenge_index(&challenge, policy, temp_pool) != NGX_OK)
    {
        return NGX_ERROR;
    }

    operation = policy->operations.elts;

    for (i = 0; i < policy->operations.nelts; i++) {

        chosen = ngx_eiam_challenge_choose(&challenge, operation[i]);

        if (chosen
            && ngx_eiam_challenge_text(&challenge, chosen,
                                       &operation[i]->scope)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* lists the alternatives of all operations by the lowest of their scopes */

static ngx_int_t
ngx_eiam_challenge_index(ngx_eiam_challenge_t *challenge,
    const ngx_eiam_policy_t *policy, ngx_pool_t *temp_pool)
{
    ngx_uint_t                      i, k, n;
    ngx_eiam_operation_t          **operation;
    const ngx_eiam_alternative_t   *alternative;
    ngx_eiam_challenge_entry_t     *entry;
    ngx_eiam_challenge_scope_t     *least;

    operation = policy->operations.elts;

    for (i = 0; i < policy->operations.nelts; i++) {

        for (k = 0; k < operation[i]->n; k++) {

            alternative = &operation[i]->alternatives[k];

            if (alternative->n == 0) {
                continue;
            }

            least = &challenge->scopes[alternative->scopes[0]];

            for (n = 1; n < alternative->n; n++) {
                least = ngx_min(least,
                                &challenge->scopes[alternative->scopes[n]]);
            }

            entry = ngx_palloc(temp_pool, sizeof(ngx_eiam_challenge_entry_t));
            if (entry == NULL) {
                return NGX_ERROR;
            }

            entry->alternative = alternative;
            entry->operation = i;
            entry->next = least->entries;
            least->entries = entry;
        }
    }

    return NGX_OK;
}


static const ngx_eiam_alternative_t *
ngx_eiam_challenge_choose(ngx_eiam_challenge_t *challenge,
    const ngx_eiam_operation_t *operation)
{
    ngx_uint_t                     i, n, size, count, least;
    const ngx_eiam_alternative_t  *alternative, *chosen;

    size = 0;
    least = 0;
    chosen = NULL;

    for (i = 0; i < operation->n; i++) {

        alternative = &operation->alternatives[i];
        n = ngx_eiam_challenge_mark(challenge, alternative);

        if (chosen && n > size) {
            continue;
        }

        if (chosen && n == size) {

            if (least == 0) {
                least = ngx_eiam_challenge_accepted(challenge, chosen);
            }

            count = ngx_eiam_challenge_accepted(challenge, alternative);

            if (count >= least) {
                continue;
            }

            least = count;

        } else {
            least = 0;
        }

        chosen = alternative;
        size = n;
    }

    return chosen;
}


/* marks the scopes of an alternative; returns their number */

static ngx_uint_t
ngx_eiam_challenge_mark(ngx_eiam_challenge_t *challenge,
    const ngx_eiam_alternative_t *alternative)
{
    ngx_uint_t                   i, n;
    ngx_eiam_challenge_scope_t  *scope;

    n = 0;
    challenge->mark++;

    for (i = 0; i < alternative->n; i++) {

        scope = &challenge->scopes[alternative->scopes[i]];

        n += (scope->mark != challenge->mark);
        scope->mark = challenge->mark;
    }

    return n;
}


/* how many operations accept these scopes, plus 1 */

static ngx_uint_t
ngx_eiam_challenge_accepted(ngx_eiam_challenge_t *challenge,
    const ngx_eiam_alternative_t *alternative)
{
    ngx_eiam_challenge_scope_t  *scope;

    if (alternative->n != 1) {
        return ngx_eiam_challenge_count(challenge, alternative);
    }

    scope = &challenge->scopes[alternative->scopes[0]];

    if (scope->accepted == 0) {
        scope->accepted = ngx_eiam_challenge_count(challenge, alternative);
    }

    return scope->accepted;
}


static ngx_uint_t
ngx_eiam_challenge_count(ngx_eiam_challenge_t *challenge,
    const ngx_eiam_alternative_t *alternative)
{
    ngx_uint_t                         i, k, n, mark;
    const ngx_eiam_alternative_t      *other;
    const ngx_eiam_challenge_entry_t  *entry;

    (void) ngx_eiam_challenge_mark(challenge, alternative);

    n = 1;
    mark = challenge->mark;

    for (i = 0; i < alternative->n; i++) {

        for (entry = challenge->scopes[alternative->scopes[i]].entries;
             entry && challenge->steps < NGX_EIAM_CHALLENGE_MAX;
             entry = entry->next)
        {
            challenge->steps++;

            if (challenge->operations[entry->operation] == mark) {
                continue;
            }

            other = entry->alternative;

            for (k = 0; k < other->n; k++) {

                if (challenge->scopes[other->scopes[k]].mark != mark) {
                    break;
                }
            }

            if (k == other->n) {
                challenge->operations[entry->operation] = mark;
                n++;
            }
        }
    }

    return n;
}


/* writes each scope once, in the order of the document */

static ngx_int_t
ngx_eiam_challenge_text(ngx_eiam_challenge_t *challenge,
    const ngx_eiam_alternative_t *alternative, ngx_str_t *text)
{
    u_char                      *p;
    size_t                       len;
    ngx_uint_t                   i;
    ngx_eiam_challenge_scope_t  *scope;

    len = 0;

    for (i = 0; i < alternative->n; i++) {
        len += challenge->names[alternative->scopes[i]].len + 1;
    }

    p = ngx_pnalloc(challenge->pool, len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    text->data = p;
    challenge->mark++;

    for (i = 0; i < alternative->n; i++) {

        scope = &challenge->scopes[alternative->scopes[i]];

        if (scope->mark == challenge->mark) {
            continue;
        }

        scope->mark = challenge->mark;

        p = ngx_sprintf(p, "%s%V", p == text->data ? "" : " ",
                        &challenge->names[alternative->scopes[i]]);
    }

    text->len = p - text->data;

    return NGX_OK;
}
