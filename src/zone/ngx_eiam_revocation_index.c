
#include <ngx_eiam_revocation_index.h>


static void ngx_eiam_revocation_index_clear(ngx_eiam_shared_t *shared);
static uint32_t *ngx_eiam_revocation_index_head(
    const ngx_eiam_revocations_t *table, const u_char *key);
static uint32_t ngx_eiam_revocation_index_search(
    const ngx_eiam_revocations_t *table, const u_char *key, uint32_t kind);
static void ngx_eiam_revocation_index_chain(ngx_eiam_revocations_t *table,
    uint32_t i);
static void ngx_eiam_revocation_index_unlink(ngx_eiam_shared_t *shared,
    uint32_t i);


/* applications come before their tokens, which they count */

void
ngx_eiam_revocation_index_rebuild(ngx_eiam_shared_t *shared)
{
    uint32_t                 i;
    ngx_eiam_revocation_t   *row;
    ngx_eiam_revocations_t  *table;

    table = &shared->revocations;

    ngx_eiam_revocation_index_clear(shared);
    ngx_eiam_shared_step(shared);

    for (i = 0; i < table->nrows; i++) {

        row = &table->rows[i];

        if (ngx_eiam_revocation_kind(row) >= NGX_EIAM_REVOCATION_COUNT) {
            row->of.application.generation = table->generation;
            row->of.application.tokens = 0;

            if (i != NGX_EIAM_REVOCATION_ALL) {
                table->applications += (ngx_eiam_revocation_kind(row)
                                        == NGX_EIAM_REVOCATION_OF_APPLICATION);
                ngx_eiam_revocation_index_link(shared, i);
            }
        }
    }

    ngx_eiam_shared_step(shared);

    for (i = 1; i < table->nrows; i++) {

        row = &table->rows[i];

        if (ngx_eiam_revocation_kind(row) == NGX_EIAM_REVOCATION_OF_TOKEN) {
            ngx_eiam_revocation_index_link_token(shared, i);

        } else if (ngx_eiam_revocation_kind(row)
                   == NGX_EIAM_REVOCATION_UNDONE)
        {
            ngx_eiam_revocation_index_link_undone(shared, i);
        }
    }

    for (i = 0; i < table->nrows; i++) {
        table->unsent += (table->rows[i].state & NGX_EIAM_REVOCATION_UNSENT)
                         != 0;
    }

    table->tokens -= table->nrows;
    ngx_eiam_shared_step(shared);

    for (i = table->nrows - 1; i > 0; i--) {

        row = &table->rows[i];

        if (ngx_eiam_revocation_kind(row) == NGX_EIAM_REVOCATION_FREE) {
            row->chain = table->free;
            table->free = i;

        } else {
            ngx_eiam_revocation_index_release(shared, i);
        }
    }

    ngx_eiam_shared_step(shared);
}


static void
ngx_eiam_revocation_index_clear(ngx_eiam_shared_t *shared)
{
    ngx_eiam_revocations_t  *table;

    table = &shared->revocations;

    table->generation = ngx_eiam_revocation_index_next(table);

    ngx_memzero(table->heads, (table->mask + 1) * sizeof(uint32_t));

    table->free = 0;
    table->cursor = 0;

    /* not 0 while the index is rebuilt, as it is read without the lock */
    table->tokens = table->nrows;

    table->strays = 0;
    table->applications = 0;
    table->largest = 0;
    table->unsent = 0;
    table->undone = 0;
}


ngx_uint_t
ngx_eiam_revocation_index_is_over(const ngx_eiam_revocation_t *row)
{
    return row->time != NGX_MAX_UINT32_VALUE
           && (time_t) row->time <= ngx_time();
}


/* examines some rows, and frees those that have expired */

void
ngx_eiam_revocation_index_look(ngx_eiam_shared_t *shared, uint32_t rows)
{
    ngx_eiam_revocation_t   *row, *largest;
    ngx_eiam_revocations_t  *table;

    table = &shared->revocations;

    for (rows = ngx_min(rows, table->nrows); rows; rows--) {

        if (++table->cursor == table->nrows) {
            table->cursor = 1;
        }

        row = &table->rows[table->cursor];
        largest = &table->rows[table->largest];

        switch (ngx_eiam_revocation_kind(row)) {

        case NGX_EIAM_REVOCATION_FREE:
            break;

        case NGX_EIAM_REVOCATION_OF_TOKEN:
            if (ngx_eiam_revocation_index_is_over(row)) {
                ngx_eiam_revocation_index_free(shared, table->cursor);
            }

            break;

        case NGX_EIAM_REVOCATION_UNDONE:
            if (ngx_eiam_revocation_index_is_over(row)) {
                ngx_eiam_revocation_index_free_undone(shared, table->cursor);
            }

            break;

        default:
            if (row->of.application.tokens > largest->of.application.tokens
                && table->links[table->cursor].next != table->cursor)
            {
                table->largest = table->cursor;
            }
        }
    }
}


/* digests are evenly distributed, so they serve as their own hash */

static uint32_t *
ngx_eiam_revocation_index_head(const ngx_eiam_revocations_t *table,
    const u_char *key)
{
    uint32_t  hash;

    ngx_memcpy(&hash, key, sizeof(uint32_t));

    return &table->heads[hash & table->mask];
}


uint32_t
ngx_eiam_revocation_index_find_token(const ngx_eiam_revocations_t *table,
    const u_char *token)
{
    return ngx_eiam_revocation_index_search(table, token,
                                            NGX_EIAM_REVOCATION_OF_TOKEN);
}


uint32_t
ngx_eiam_revocation_index_find_undone(const ngx_eiam_revocations_t *table,
    const u_char *subject)
{
    return ngx_eiam_revocation_index_search(table, subject,
                                            NGX_EIAM_REVOCATION_UNDONE);
}


static uint32_t
ngx_eiam_revocation_index_search(const ngx_eiam_revocations_t *table,
    const u_char *key, uint32_t kind)
{
    uint32_t                      i;
    const ngx_eiam_revocation_t  *row;

    for (i = *ngx_eiam_revocation_index_head(table, key); i; i = row->chain) {

        row = &table->rows[i];

        if (ngx_eiam_revocation_kind(row) == kind
            && ngx_memcmp(row->of.token, key, NGX_EIAM_REVOCATION_TOKEN) == 0)
        {
            return i;
        }
    }

    return 0;
}


uint32_t
ngx_eiam_revocation_index_find(const ngx_eiam_revocations_t *table,
    const u_char *id)
{
    uint32_t                      i;
    const ngx_eiam_revocation_t  *row;

    for (i = *ngx_eiam_revocation_index_head(table, id); i; i = row->chain) {

        row = &table->rows[i];

        if (ngx_eiam_revocation_kind(row) >= NGX_EIAM_REVOCATION_COUNT
            && ngx_memcmp(row->of.application.id, id, NGX_EIAM_REVOCATION_ID)
               == 0)
        {
            return i;
        }
    }

    return 0;
}


void
ngx_eiam_revocation_index_link(ngx_eiam_shared_t *shared, uint32_t i)
{
    ngx_eiam_revocation_link_t  *links;

    /* a ring without tokens */

    links = shared->revocations.links;
    links[i].next = i;
    links[i].prior = i;

    ngx_eiam_revocation_index_chain(&shared->revocations, i);
}


void
ngx_eiam_revocation_index_link_token(ngx_eiam_shared_t *shared, uint32_t i)
{
    uint32_t                     k;
    ngx_eiam_revocation_t       *row;
    ngx_eiam_revocations_t      *table;
    ngx_eiam_revocation_link_t  *links;

    table = &shared->revocations;
    row = &table->rows[i];
    links = table->links;

    k = ngx_eiam_revocation_application(row);

    if (k) {
        links[i].next = links[k].next;
        links[i].prior = k;
        links[links[k].next].prior = i;
        links[k].next = i;

        row = &table->rows[k];
        row->of.application.tokens++;

        if (row->of.application.tokens
            > table->rows[table->largest].of.application.tokens)
        {
            table->largest = k;
        }

    } else {
        table->strays++;
    }

    ngx_eiam_shared_step(shared);
    table->tokens++;

    ngx_eiam_revocation_index_chain(table, i);
}


void
ngx_eiam_revocation_index_link_undone(ngx_eiam_shared_t *shared, uint32_t i)
{
    shared->revocations.undone++;

    ngx_eiam_revocation_index_chain(&shared->revocations, i);
}


void
ngx_eiam_revocation_index_free_undone(ngx_eiam_shared_t *shared, uint32_t i)
{
    shared->revocations.undone--;
    ngx_eiam_shared_step(shared);

    ngx_eiam_revocation_index_unlink(shared, i);
}


void
ngx_eiam_revocation_index_mark(ngx_eiam_shared_t *shared, uint32_t i,
    uint32_t flag)
{
    ngx_eiam_revocation_t   *row;
    ngx_eiam_revocations_t  *table;

    table = &shared->revocations;
    row = &table->rows[i];

    table->unsent += (flag == NGX_EIAM_REVOCATION_UNSENT
                      && !(row->state & NGX_EIAM_REVOCATION_UNSENT));
    ngx_eiam_shared_step(shared);

    row->state |= flag;
    ngx_eiam_shared_step(shared);
}


void
ngx_eiam_revocation_index_unmark(ngx_eiam_shared_t *shared, uint32_t i,
    uint32_t flags)
{
    if (flags & NGX_EIAM_REVOCATION_UNSENT) {
        ngx_eiam_revocation_index_clear_unsent(&shared->revocations, i);
        ngx_eiam_shared_step(shared);
    }

    shared->revocations.rows[i].state &= ~flags;
    ngx_eiam_shared_step(shared);
}


/* a row that is about to lose the flag, or to be freed */

void
ngx_eiam_revocation_index_clear_unsent(ngx_eiam_revocations_t *table,
    uint32_t i)
{
    table->unsent -= (table->rows[i].state & NGX_EIAM_REVOCATION_UNSENT) != 0;
}


/* the keys of tokens and applications are at the same place of a row */

static void
ngx_eiam_revocation_index_chain(ngx_eiam_revocations_t *table, uint32_t i)
{
    uint32_t  *head;

    head = ngx_eiam_revocation_index_head(table, table->rows[i].of.token);

    table->rows[i].chain = *head;
    *head = i;
}


void
ngx_eiam_revocation_index_free(ngx_eiam_shared_t *shared, uint32_t i)
{
    uint32_t                     k;
    ngx_eiam_revocations_t      *table;
    ngx_eiam_revocation_link_t  *links;

    table = &shared->revocations;
    links = table->links;

    k = ngx_eiam_revocation_application(&table->rows[i]);

    if (k) {
        links[links[i].prior].next = links[i].next;
        links[links[i].next].prior = links[i].prior;

        table->rows[k].of.application.tokens--;

    } else {
        table->strays--;
    }

    ngx_eiam_shared_step(shared);
    table->tokens--;

    ngx_eiam_revocation_index_unlink(shared, i);

    if (k) {
        ngx_eiam_revocation_index_release(shared, k);
    }
}


void
ngx_eiam_revocation_index_release(ngx_eiam_shared_t *shared, uint32_t i)
{
    ngx_eiam_revocation_t   *row;
    ngx_eiam_revocations_t  *table;

    table = &shared->revocations;
    row = &table->rows[i];

    if (ngx_eiam_revocation_kind(row) != NGX_EIAM_REVOCATION_COUNT
        || row->of.application.tokens)
    {
        return;
    }

    if (table->largest == i) {
        table->largest = 0;
    }

    ngx_eiam_revocation_index_unlink(shared, i);
}


/* one store frees a row */

static void
ngx_eiam_revocation_index_unlink(ngx_eiam_shared_t *shared, uint32_t i)
{
    uint32_t                *link;
    ngx_eiam_revocation_t   *row;
    ngx_eiam_revocations_t  *table;

    table = &shared->revocations;
    row = &table->rows[i];

    link = ngx_eiam_revocation_index_head(table, row->of.token);

    while (*link != i) {
        link = &table->rows[*link].chain;
    }

    *link = row->chain;
    ngx_eiam_revocation_index_clear_unsent(table, i);
    ngx_eiam_shared_step(shared);

    row->state = NGX_EIAM_REVOCATION_FREE;
    ngx_memory_barrier();
    ngx_eiam_shared_step(shared);

    row->chain = table->free;
    table->free = i;
}


uint32_t
ngx_eiam_revocation_index_next(const ngx_eiam_revocations_t *table)
{
    uint32_t  next;

    next = (table->generation + 1) & NGX_EIAM_REVOCATION_GENERATIONS;

    return next ? next : 1;
}
