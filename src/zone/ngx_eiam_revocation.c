
#include <ngx_eiam_revocation.h>
#include <ngx_eiam_revocation_index.h>


#define NGX_EIAM_REVOCATION_SHARE  8     /* an application has a part of it */
#define NGX_EIAM_REVOCATION_STEP   16    /* rows looked at for each new one */
#define NGX_EIAM_REVOCATION_LOOK   1024  /* when there is no free one */


static ngx_int_t ngx_eiam_revocation_keep_token(ngx_eiam_shared_t *shared,
    const u_char *token, const u_char *id, uint32_t expires, uint32_t flags);
static void ngx_eiam_revocation_keep(ngx_eiam_shared_t *shared,
    uint32_t i, uint32_t latest, uint32_t flags);
static uint32_t ngx_eiam_revocation_obtain(ngx_eiam_shared_t *shared,
    const u_char *id);
static uint32_t ngx_eiam_revocation_take(ngx_eiam_shared_t *shared);
static void ngx_eiam_revocation_join(ngx_eiam_shared_t *shared, uint32_t i);
static void ngx_eiam_revocation_join_all(ngx_eiam_shared_t *shared);
static uint32_t ngx_eiam_revocation_latest(
    const ngx_eiam_revocations_t *table);
static ngx_int_t ngx_eiam_revocation_compare(
    const ngx_eiam_revocation_t *row, const ngx_eiam_grant_t *grant,
    ngx_eiam_detail_e *detail);
static ngx_uint_t ngx_eiam_revocation_is_before(uint32_t generation,
    uint32_t other);


/* who has revoked it; 0: the operator */

static const uint32_t  ngx_eiam_revocation_flags[NGX_EIAM_REVOKERS] = {
    0,
    NGX_EIAM_REVOCATION_CLIENT,
    NGX_EIAM_REVOCATION_GATE
};


void
ngx_eiam_revocation_lay_out(ngx_eiam_shared_t *shared, u_char *p, size_t size)
{
    uint32_t                 n, power;
    ngx_eiam_revocations_t  *table;

    table = &shared->revocations;

    n = size / (sizeof(ngx_eiam_revocation_t)
                + sizeof(ngx_eiam_revocation_link_t) + sizeof(uint32_t));

    for (power = 1; power <= n / 2; power *= 2) { /* void */ }

    table->nrows = n;
    table->mask = power - 1;

    table->rows = (ngx_eiam_revocation_t *) p;
    ngx_memzero(p, n * sizeof(ngx_eiam_revocation_t));
    p += n * sizeof(ngx_eiam_revocation_t);

    table->links = (ngx_eiam_revocation_link_t *) p;
    p += n * sizeof(ngx_eiam_revocation_link_t);

    table->heads = (uint32_t *) p;
}


ngx_int_t
ngx_eiam_revocation_copy(ngx_eiam_shared_t *shared,
    const ngx_eiam_shared_t *from)
{
    u_char                        *id;
    uint32_t                       i, k;
    const ngx_eiam_revocation_t   *row;
    const ngx_eiam_revocations_t  *table;

    table = &from->revocations;

    for (i = 0; i < table->nrows; i++) {

        row = &table->rows[i];

        if (ngx_eiam_revocation_kind(row)
            == NGX_EIAM_REVOCATION_OF_APPLICATION)
        {
            k = i ? ngx_eiam_revocation_obtain(shared, row->of.application.id)
                  : NGX_EIAM_REVOCATION_ALL;
            ngx_eiam_revocation_keep(shared, k, row->time, row->state);
        }
    }

    for (i = 1; i < table->nrows; i++) {

        row = &table->rows[i];

        if (ngx_eiam_revocation_kind(row) != NGX_EIAM_REVOCATION_OF_TOKEN
            || ngx_eiam_revocation_index_is_over(row))
        {
            continue;
        }

        k = ngx_eiam_revocation_application(row);
        id = k ? table->rows[k].of.application.id : NULL;

        if (ngx_eiam_revocation_keep_token(shared, row->of.token, id,
                                           row->time, row->state)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    /* nobody wants an application revoked by the size of a zone */

    return shared->metrics.revocations_evicted ? NGX_ERROR : NGX_OK;
}


ngx_int_t
ngx_eiam_revocation_id(const ngx_str_t *application,
    ngx_eiam_revocation_id_t id)
{
    ngx_eiam_digest_t  digest;

    if (ngx_eiam_digest(application, digest) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_memcpy(id, digest, NGX_EIAM_REVOCATION_ID);

    return NGX_OK;
}


ngx_int_t
ngx_eiam_revocation_add_token(ngx_eiam_shared_t *shared,
    const ngx_eiam_digest_t token, const u_char *id, time_t expires,
    ngx_eiam_revoker_e by)
{
    uint32_t                 until;
    ngx_eiam_revocations_t  *table;

    table = &shared->revocations;

    ngx_eiam_shared_change(shared);

    until = (uint32_t) ngx_min(expires, (time_t) NGX_MAX_UINT32_VALUE);

    if (ngx_eiam_revocation_keep_token(shared, token, id, until,
                                       ngx_eiam_revocation_flags[by])
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    table->generation = ngx_eiam_revocation_index_next(table);
    ngx_eiam_shared_step(shared);

    ngx_eiam_metrics_add(&shared->metrics.revocations[NGX_EIAM_REVOKED_TOKEN]
                                                     [by]);

    return NGX_OK;
}


time_t
ngx_eiam_revocation_add(ngx_eiam_shared_t *shared, const u_char *id,
    ngx_eiam_revoker_e by)
{
    uint32_t                 i;
    ngx_eiam_revoked_e       kind;
    ngx_eiam_revocations_t  *table;

    table = &shared->revocations;
    kind = id ? NGX_EIAM_REVOKED_APPLICATION : NGX_EIAM_REVOKED_ALL;

    ngx_eiam_shared_change(shared);

    i = id ? ngx_eiam_revocation_obtain(shared, id) : NGX_EIAM_REVOCATION_ALL;

    ngx_eiam_revocation_keep(shared, i, ngx_eiam_revocation_latest(table),
                             ngx_eiam_revocation_flags[by]);

    table->generation = ngx_eiam_revocation_index_next(table);
    ngx_eiam_shared_step(shared);

    ngx_eiam_metrics_add(&shared->metrics.revocations[kind][by]);

    return (time_t) table->rows[i].time + 1;
}


/* the last store makes a row valid */

static ngx_int_t
ngx_eiam_revocation_keep_token(ngx_eiam_shared_t *shared, const u_char *token,
    const u_char *id, uint32_t expires, uint32_t flags)
{
    uint32_t                 i, application;
    ngx_eiam_revocation_t   *row;
    ngx_eiam_revocations_t  *table;

    table = &shared->revocations;

    i = ngx_eiam_revocation_index_find_token(table, token);

    if (i) {
        row = &table->rows[i];
        row->time = ngx_max(row->time, expires);
        return NGX_OK;
    }

    if (id == NULL && table->strays >= table->nrows / 2) {

        ngx_eiam_revocation_index_look(shared, NGX_EIAM_REVOCATION_LOOK);

        if (table->strays >= table->nrows / 2) {
            return NGX_DECLINED;
        }
    }

    application = 0;

    if (id) {
        application = ngx_eiam_revocation_obtain(shared, id);

        /* or it might be freed with the last of its other tokens */
        table->rows[application].of.application.tokens++;
    }

    i = ngx_eiam_revocation_take(shared);
    row = &table->rows[i];

    ngx_memcpy(row->of.token, token, NGX_EIAM_REVOCATION_TOKEN);
    row->time = expires;
    ngx_eiam_shared_step(shared);

    ngx_memory_barrier();
    row->state = NGX_EIAM_REVOCATION_OF_TOKEN
                 | (flags & NGX_EIAM_REVOCATION_FLAGS)
                 | application << NGX_EIAM_REVOCATION_SHIFT;
    ngx_eiam_shared_step(shared);

    ngx_eiam_revocation_index_link_token(shared, i);

    if (application == 0) {
        return NGX_OK;
    }

    row = &table->rows[application];
    row->of.application.tokens--;

    if (row->of.application.tokens > table->nrows / NGX_EIAM_REVOCATION_SHARE) {
        ngx_eiam_revocation_join(shared, application);
    }

    return NGX_OK;
}


static void
ngx_eiam_revocation_keep(ngx_eiam_shared_t *shared, uint32_t i,
    uint32_t latest, uint32_t flags)
{
    ngx_eiam_revocation_t   *row;
    ngx_eiam_revocations_t  *table;

    table = &shared->revocations;
    row = &table->rows[i];

    /* the next generation: a grant that is of the current one came before */

    row->of.application.generation = ngx_eiam_revocation_index_next(table);
    row->time = latest;
    ngx_eiam_shared_step(shared);

    if (i != NGX_EIAM_REVOCATION_ALL) {
        table->applications += (ngx_eiam_revocation_kind(row)
                                != NGX_EIAM_REVOCATION_OF_APPLICATION);
    }

    ngx_memory_barrier();
    row->state = NGX_EIAM_REVOCATION_OF_APPLICATION
                 | (flags & NGX_EIAM_REVOCATION_FLAGS);
    ngx_memory_barrier();
    ngx_eiam_shared_step(shared);
}


/* the row of an application, which is not revoked if it has none yet */

static uint32_t
ngx_eiam_revocation_obtain(ngx_eiam_shared_t *shared, const u_char *id)
{
    uint32_t                i;
    ngx_eiam_revocation_t  *row;

    i = ngx_eiam_revocation_index_find(&shared->revocations, id);
    if (i) {
        return i;
    }

    i = ngx_eiam_revocation_take(shared);
    row = &shared->revocations.rows[i];

    ngx_memcpy(row->of.application.id, id, NGX_EIAM_REVOCATION_ID);
    row->of.application.generation = 0;
    row->of.application.tokens = 0;
    row->time = 0;
    ngx_eiam_shared_step(shared);

    ngx_memory_barrier();
    row->state = NGX_EIAM_REVOCATION_COUNT;
    ngx_eiam_shared_step(shared);

    ngx_eiam_revocation_index_link(shared, i);

    return i;
}


/*
 * A free row.  If there is none, the application with the most tokens, as far
 * as was seen, is revoked as a whole; and if none has a token, all are.
 */

static uint32_t
ngx_eiam_revocation_take(ngx_eiam_shared_t *shared)
{
    uint32_t                 i;
    ngx_eiam_revocations_t  *table;

    table = &shared->revocations;

    ngx_eiam_revocation_index_look(shared, NGX_EIAM_REVOCATION_STEP);

    if (table->free == 0) {
        ngx_eiam_revocation_index_look(shared, NGX_EIAM_REVOCATION_LOOK);
    }

    if (table->free == 0 && table->largest == 0) {
        ngx_eiam_revocation_index_look(shared, table->nrows);
    }

    if (table->free == 0 && table->largest) {
        ngx_eiam_revocation_join(shared, table->largest);
    }

    if (table->free == 0) {
        ngx_eiam_revocation_join_all(shared);
    }

    i = table->free;
    table->free = table->rows[i].chain;

    return i;
}


/* the application is revoked before its tokens are free */

static void
ngx_eiam_revocation_join(ngx_eiam_shared_t *shared, uint32_t i)
{
    uint32_t                 token;
    ngx_eiam_revocations_t  *table;

    table = &shared->revocations;

    ngx_eiam_revocation_keep(shared, i, ngx_eiam_revocation_latest(table),
                             NGX_EIAM_REVOCATION_GATE);

    while ((token = table->links[i].next) != i) {
        ngx_eiam_revocation_index_free(shared, token);
        ngx_eiam_metrics_add(&shared->metrics.revocations_evicted);
    }

    table->largest = 0;

    ngx_eiam_metrics_add(&shared->metrics
                             .revocations[NGX_EIAM_REVOKED_APPLICATION]
                                         [NGX_EIAM_BY_GATE]);
}


/* more applications are revoked than there is room for */

static void
ngx_eiam_revocation_join_all(ngx_eiam_shared_t *shared)
{
    uint32_t                 i;
    ngx_eiam_revocation_t   *row;
    ngx_eiam_revocations_t  *table;

    table = &shared->revocations;

    ngx_eiam_revocation_keep(shared, NGX_EIAM_REVOCATION_ALL,
                             ngx_eiam_revocation_latest(table),
                             NGX_EIAM_REVOCATION_GATE);

    for (i = 1; i < table->nrows; i++) {

        row = &table->rows[i];

        if (ngx_eiam_revocation_kind(row)
            == NGX_EIAM_REVOCATION_OF_APPLICATION)
        {
            row->state = NGX_EIAM_REVOCATION_COUNT;
            ngx_eiam_shared_step(shared);
            table->applications--;
            ngx_eiam_revocation_index_release(shared, i);
            ngx_eiam_metrics_add(&shared->metrics.revocations_evicted);
        }
    }

    ngx_eiam_metrics_add(&shared->metrics.revocations[NGX_EIAM_REVOKED_ALL]
                                                     [NGX_EIAM_BY_GATE]);
}


ngx_int_t
ngx_eiam_revocation_remove_token(ngx_eiam_shared_t *shared,
    const ngx_eiam_digest_t token)
{
    uint32_t  i;

    i = ngx_eiam_revocation_index_find_token(&shared->revocations, token);
    if (i == 0) {
        return NGX_DECLINED;
    }

    ngx_eiam_shared_change(shared);
    ngx_eiam_revocation_index_free(shared, i);

    return NGX_OK;
}


ngx_int_t
ngx_eiam_revocation_remove(ngx_eiam_shared_t *shared, const u_char *id)
{
    uint32_t                 i;
    ngx_eiam_revocation_t   *row;
    ngx_eiam_revocations_t  *table;

    table = &shared->revocations;

    i = id ? ngx_eiam_revocation_index_find(table, id)
           : NGX_EIAM_REVOCATION_ALL;
    row = &table->rows[i];

    if ((id && i == 0)
        || ngx_eiam_revocation_kind(row) != NGX_EIAM_REVOCATION_OF_APPLICATION)
    {
        return NGX_DECLINED;
    }

    ngx_eiam_shared_change(shared);

    row->state = id ? NGX_EIAM_REVOCATION_COUNT : NGX_EIAM_REVOCATION_FREE;
    ngx_eiam_shared_step(shared);

    if (id) {
        table->applications--;
        ngx_eiam_revocation_index_release(shared, i);
    }

    return NGX_OK;
}


ngx_uint_t
ngx_eiam_revocation_has(const ngx_eiam_shared_t *shared,
    const ngx_eiam_digest_t token)
{
    uint32_t                       i;
    const ngx_eiam_revocations_t  *table;

    table = &shared->revocations;

    if (table->tokens == 0) {
        return 0;
    }

    i = ngx_eiam_revocation_index_find_token(table, token);

    return i && !ngx_eiam_revocation_index_is_over(&table->rows[i]);
}


ngx_int_t
ngx_eiam_revocation_check(const ngx_eiam_shared_t *shared,
    const ngx_eiam_digest_t token, const ngx_eiam_grant_t *grant,
    ngx_eiam_detail_e *detail)
{
    if (ngx_eiam_revocation_has(shared, token)) {

        *detail = (grant->generation & NGX_EIAM_REVOCATION_REISSUED)
                  ? NGX_EIAM_DETAIL_REISSUED : NGX_EIAM_NO_DETAIL;

        return NGX_ABORT;
    }

    return ngx_eiam_revocation_check_issue(shared, grant, detail);
}


ngx_int_t
ngx_eiam_revocation_check_issue(const ngx_eiam_shared_t *shared,
    const ngx_eiam_grant_t *grant, ngx_eiam_detail_e *detail)
{
    uint32_t                       i;
    ngx_int_t                      rc;
    ngx_eiam_revocation_id_t       id;
    const ngx_eiam_revocations_t  *table;

    table = &shared->revocations;

    *detail = NGX_EIAM_NO_DETAIL;

    rc = ngx_eiam_revocation_compare(&table->rows[NGX_EIAM_REVOCATION_ALL],
                                     grant, detail);

    if (rc != NGX_OK || table->applications == 0
        || grant->application.len == 0)
    {
        return rc;
    }

    if (ngx_eiam_revocation_id(&grant->application, id) != NGX_OK) {
        return NGX_ABORT;
    }

    i = ngx_eiam_revocation_index_find(table, id);

    return i ? ngx_eiam_revocation_compare(&table->rows[i], grant, detail)
             : NGX_OK;
}


/*
 * A learned token says when it was issued by its generation.  Of another one
 * "iat" does; without one the source is asked whether it is still good.
 */

static ngx_int_t
ngx_eiam_revocation_compare(const ngx_eiam_revocation_t *row,
    const ngx_eiam_grant_t *grant, ngx_eiam_detail_e *detail)
{
    ngx_uint_t  before;

    if (ngx_eiam_revocation_kind(row) != NGX_EIAM_REVOCATION_OF_APPLICATION) {
        return NGX_OK;
    }

    before = ngx_eiam_revocation_is_before(grant->generation,
                                           row->of.application.generation);
    if (grant->learned) {
        return before ? NGX_ABORT : NGX_OK;
    }

    if (grant->issued == 0) {
        return before ? NGX_DECLINED : NGX_OK;
    }

    if (grant->issued > (time_t) row->time) {
        return NGX_OK;
    }

    *detail = NGX_EIAM_DETAIL_ISSUED_EARLY;

    return NGX_ABORT;
}


/* generations are counted round; 0 is before all of them */

static ngx_uint_t
ngx_eiam_revocation_is_before(uint32_t generation, uint32_t other)
{
    generation &= NGX_EIAM_REVOCATION_GENERATIONS;

    return generation == 0
           || ((generation - other) & NGX_EIAM_REVOCATION_GENERATIONS)
              > NGX_EIAM_REVOCATION_GENERATIONS / 2;
}


static uint32_t
ngx_eiam_revocation_latest(const ngx_eiam_revocations_t *table)
{
    return (uint32_t) (ngx_time() + table->leeway);
}
