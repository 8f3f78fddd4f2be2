
#include <ngx_eiam_revocation.h>
#include <ngx_eiam_revocation_event.h>
#include <ngx_eiam_revocation_index.h>
#include <ngx_eiam_revocation_undone.h>


#define NGX_EIAM_REVOCATION_SHARE  8     /* of an application: an eighth */
#define NGX_EIAM_REVOCATION_STEP   16    /* rows examined for each new one */
#define NGX_EIAM_REVOCATION_LOOK   1024  /* rows examined if none is free */


static ngx_int_t ngx_eiam_revocation_copy_tokens(ngx_eiam_shared_t *shared,
    const ngx_eiam_revocations_t *from);
static void ngx_eiam_revocation_extend(ngx_eiam_shared_t *shared, uint32_t i,
    uint32_t expires, uint32_t flags, const ngx_eiam_event_t *event);
static void ngx_eiam_revocation_join(ngx_eiam_shared_t *shared, uint32_t i);
static ngx_uint_t ngx_eiam_revocation_has_unsent(
    const ngx_eiam_revocations_t *table, uint32_t i);
static uint32_t ngx_eiam_revocation_latest(
    const ngx_eiam_revocations_t *table);


/* who has revoked, as flags of a row; 0: the operator */

const uint32_t  ngx_eiam_revocation_flags[NGX_EIAM_REVOKERS] = {
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

    n = size / (sizeof(ngx_eiam_revocation_t) + sizeof(ngx_eiam_event_t)
                + sizeof(ngx_eiam_revocation_link_t) + sizeof(uint32_t));

    for (power = 1; power <= n / 2; power *= 2) { /* void */ }

    table->nrows = n;
    table->mask = power - 1;

    table->rows = (ngx_eiam_revocation_t *) p;
    ngx_memzero(p, n * sizeof(ngx_eiam_revocation_t));
    p += n * sizeof(ngx_eiam_revocation_t);

    table->events = (ngx_eiam_event_t *) p;
    ngx_memzero(p, n * sizeof(ngx_eiam_event_t));
    p += n * sizeof(ngx_eiam_event_t);

    table->links = (ngx_eiam_revocation_link_t *) p;
    p += n * sizeof(ngx_eiam_revocation_link_t);

    table->heads = (uint32_t *) p;
}


ngx_int_t
ngx_eiam_revocation_copy(ngx_eiam_shared_t *shared,
    const ngx_eiam_shared_t *from)
{
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
            ngx_eiam_revocation_keep(shared, k, row->time, row->state,
                                     &table->events[i]);
        }
    }

    if (ngx_eiam_revocation_copy_tokens(shared, table) != NGX_OK) {
        return NGX_ERROR;
    }

    /* a smaller zone must not revoke whole applications, so it is refused */

    return shared->metrics.revocations_evicted ? NGX_ERROR : NGX_OK;
}


static ngx_int_t
ngx_eiam_revocation_copy_tokens(ngx_eiam_shared_t *shared,
    const ngx_eiam_revocations_t *from)
{
    u_char                       *id;
    uint32_t                      i, k;
    const ngx_eiam_revocation_t  *row;

    for (i = 1; i < from->nrows; i++) {

        row = &from->rows[i];

        if (ngx_eiam_revocation_kind(row) == NGX_EIAM_REVOCATION_UNDONE) {
            ngx_eiam_revocation_undone_keep(shared, row, &from->events[i]);
            continue;
        }

        if (ngx_eiam_revocation_kind(row) != NGX_EIAM_REVOCATION_OF_TOKEN
            || ngx_eiam_revocation_index_is_over(row))
        {
            continue;
        }

        k = ngx_eiam_revocation_application(row);
        id = k ? from->rows[k].of.application.id : NULL;

        if (ngx_eiam_revocation_keep_token(shared, row->of.token, id,
                                           row->time, row->state,
                                           &from->events[i])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
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
    uint32_t                 until, flags;
    ngx_eiam_event_t         event;
    ngx_eiam_revocations_t  *table;

    table = &shared->revocations;

    ngx_eiam_shared_change(shared);

    until = (uint32_t) ngx_min(expires, (time_t) NGX_MAX_UINT32_VALUE);
    flags = ngx_eiam_revocation_flags[by]
            | ngx_eiam_revocation_event_create(shared, &event);

    if (ngx_eiam_revocation_keep_token(shared, token, id, until, flags,
                                       &event)
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
    uint32_t                 i, flags;
    ngx_eiam_event_t         event;
    ngx_eiam_revoked_e       kind;
    ngx_eiam_revocations_t  *table;

    table = &shared->revocations;
    kind = id ? NGX_EIAM_REVOKED_APPLICATION : NGX_EIAM_REVOKED_ALL;

    ngx_eiam_shared_change(shared);

    i = id ? ngx_eiam_revocation_obtain(shared, id) : NGX_EIAM_REVOCATION_ALL;

    flags = ngx_eiam_revocation_flags[by]
            | ngx_eiam_revocation_event_create(shared, &event);

    ngx_eiam_revocation_keep(shared, i, ngx_eiam_revocation_latest(table),
                             flags, &event);

    table->generation = ngx_eiam_revocation_index_next(table);
    ngx_eiam_shared_step(shared);

    ngx_eiam_metrics_add(&shared->metrics.revocations[kind][by]);

    return (time_t) table->rows[i].time + 1;
}


/* the last store makes a row valid */

ngx_int_t
ngx_eiam_revocation_keep_token(ngx_eiam_shared_t *shared, const u_char *token,
    const u_char *id, uint32_t expires, uint32_t flags,
    const ngx_eiam_event_t *event)
{
    uint32_t                 i, application;
    ngx_eiam_revocation_t   *row;
    ngx_eiam_revocations_t  *table;

    table = &shared->revocations;

    i = ngx_eiam_revocation_index_find_token(table, token);

    if (i) {
        ngx_eiam_revocation_extend(shared, i, expires, flags, event);
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

        /* otherwise the row could be freed with the last of the other tokens */
        table->rows[application].of.application.tokens++;
    }

    i = ngx_eiam_revocation_take(shared);
    row = &table->rows[i];

    ngx_memcpy(row->of.token, token, NGX_EIAM_REVOCATION_TOKEN);
    row->time = expires;
    table->events[i] = *event;
    ngx_eiam_shared_step(shared);

    ngx_memory_barrier();
    row->state = NGX_EIAM_REVOCATION_OF_TOKEN
                 | (flags & NGX_EIAM_REVOCATION_FLAGS)
                 | application << NGX_EIAM_REVOCATION_SHIFT;
    ngx_eiam_shared_step(shared);

    table->unsent += (flags & NGX_EIAM_REVOCATION_UNSENT) != 0;
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


/* a token that is revoked again is sent again, as the same event */

static void
ngx_eiam_revocation_extend(ngx_eiam_shared_t *shared, uint32_t i,
    uint32_t expires, uint32_t flags, const ngx_eiam_event_t *event)
{
    ngx_eiam_revocation_t   *row;
    ngx_eiam_revocations_t  *table;

    table = &shared->revocations;
    row = &table->rows[i];

    row->time = ngx_max(row->time, expires);

    if (!(flags & NGX_EIAM_REVOCATION_UNSENT)) {
        return;
    }

    if (!ngx_eiam_revocation_event_is(&table->events[i])) {
        table->events[i] = *event;
        ngx_eiam_shared_step(shared);
    }

    ngx_eiam_revocation_index_mark(shared, i, NGX_EIAM_REVOCATION_UNSENT);
}


void
ngx_eiam_revocation_keep(ngx_eiam_shared_t *shared, uint32_t i,
    uint32_t latest, uint32_t flags, const ngx_eiam_event_t *event)
{
    ngx_eiam_revocation_t   *row;
    ngx_eiam_revocations_t  *table;

    table = &shared->revocations;
    row = &table->rows[i];

    /* the next generation: a grant that is of the current one came before */

    row->of.application.generation = ngx_eiam_revocation_index_next(table);
    row->time = latest;
    ngx_eiam_shared_step(shared);

    ngx_eiam_revocation_index_clear_unsent(table, i);
    table->events[i] = *event;

    if (i != NGX_EIAM_REVOCATION_ALL) {
        table->applications += (ngx_eiam_revocation_kind(row)
                                != NGX_EIAM_REVOCATION_OF_APPLICATION);
    }

    ngx_memory_barrier();
    row->state = NGX_EIAM_REVOCATION_OF_APPLICATION
                 | (flags & NGX_EIAM_REVOCATION_FLAGS);
    ngx_memory_barrier();
    table->unsent += (flags & NGX_EIAM_REVOCATION_UNSENT) != 0;
    ngx_eiam_shared_step(shared);
}


/* the row of an application; a new row revokes nothing by itself */

uint32_t
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
 * A free row.  If there is none, the application with the most tokens among the
 * rows that were examined is revoked as a whole; if no row has a token, all
 * tokens are revoked.
 */

uint32_t
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


/*
 * The application is revoked before its tokens are free.  Other gateways have
 * their own table, and join by themselves, unless they have not been told of
 * all of these tokens.
 */

static void
ngx_eiam_revocation_join(ngx_eiam_shared_t *shared, uint32_t i)
{
    uint32_t                 token, flags;
    ngx_eiam_event_t         event;
    ngx_eiam_revocations_t  *table;

    table = &shared->revocations;

    flags = ngx_eiam_revocation_event_create(shared, &event);

    if (!ngx_eiam_revocation_has_unsent(table, i)) {
        flags = 0;
        ngx_memzero(event.id, NGX_EIAM_EVENT_ID);
    }

    ngx_eiam_revocation_keep(shared, i, ngx_eiam_revocation_latest(table),
                             NGX_EIAM_REVOCATION_GATE | flags, &event);

    while ((token = table->links[i].next) != i) {
        ngx_eiam_revocation_index_free(shared, token);
        ngx_eiam_metrics_add(&shared->metrics.revocations_evicted);
    }

    table->largest = 0;

    ngx_eiam_metrics_add(&shared->metrics
                             .revocations[NGX_EIAM_REVOKED_APPLICATION]
                                         [NGX_EIAM_BY_GATE]);
}


static ngx_uint_t
ngx_eiam_revocation_has_unsent(const ngx_eiam_revocations_t *table, uint32_t i)
{
    uint32_t  token;

    if (table->unsent == 0) {
        return 0;
    }

    for (token = table->links[i].next; token != i;
         token = table->links[token].next)
    {
        if (table->rows[token].state & NGX_EIAM_REVOCATION_UNSENT) {
            return 1;
        }
    }

    return (table->rows[i].state & NGX_EIAM_REVOCATION_UNSENT) != 0;
}


/* there is no room for all of the applications that are revoked */

void
ngx_eiam_revocation_join_all(ngx_eiam_shared_t *shared)
{
    uint32_t                 i, flags;
    ngx_eiam_event_t         event;
    ngx_eiam_revocation_t   *row;
    ngx_eiam_revocations_t  *table;

    table = &shared->revocations;

    flags = ngx_eiam_revocation_event_create(shared, &event);

    if (table->unsent == 0) {
        flags = 0;
        ngx_memzero(event.id, NGX_EIAM_EVENT_ID);
    }

    ngx_eiam_revocation_keep(shared, NGX_EIAM_REVOCATION_ALL,
                             ngx_eiam_revocation_latest(table),
                             NGX_EIAM_REVOCATION_GATE | flags, &event);

    for (i = 1; i < table->nrows; i++) {

        row = &table->rows[i];

        if (ngx_eiam_revocation_kind(row)
            == NGX_EIAM_REVOCATION_OF_APPLICATION)
        {
            ngx_eiam_revocation_index_clear_unsent(table, i);
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
    const u_char *token)
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

    ngx_eiam_revocation_index_clear_unsent(table, i);

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


static uint32_t
ngx_eiam_revocation_latest(const ngx_eiam_revocations_t *table)
{
    return (uint32_t) (ngx_time() + table->leeway);
}
