
#include <ngx_eiam_revocation_event.h>
#include <ngx_eiam_revocation_index.h>
#include <ngx_eiam_revocation_undone.h>


static ngx_int_t ngx_eiam_revocation_event_token(ngx_eiam_shared_t *shared,
    const ngx_eiam_revocation_event_t *event);
static ngx_int_t ngx_eiam_revocation_event_application(
    ngx_eiam_shared_t *shared, const ngx_eiam_revocation_event_t *event);
static ngx_int_t ngx_eiam_revocation_event_restore(ngx_eiam_shared_t *shared,
    const ngx_eiam_revocation_event_t *event);
static ngx_uint_t ngx_eiam_revocation_event_seen(ngx_eiam_shared_t *shared,
    uint32_t i, const ngx_eiam_revocation_event_t *event);
static void ngx_eiam_revocation_event_id(ngx_eiam_revocations_t *table,
    ngx_eiam_event_id_t id);
static ngx_uint_t ngx_eiam_revocation_event_is_own(
    const ngx_eiam_revocations_t *table, const ngx_eiam_event_id_t id);
static ngx_eiam_revoker_e ngx_eiam_revocation_event_by(uint32_t state);


const ngx_eiam_event_id_t  ngx_eiam_revocation_event_none;


/*
 * until the event is in the stream, it counts as later than all that was read
 */

uint32_t
ngx_eiam_revocation_event_create(ngx_eiam_shared_t *shared,
    ngx_eiam_event_t *event)
{
    ngx_memzero(event, sizeof(ngx_eiam_event_t));

    if (!shared->revocations.shares) {
        return 0;
    }

    ngx_eiam_revocation_event_id(&shared->revocations, event->id);

    event->position = shared->reader.position;
    event->position.sequence++;

    return NGX_EIAM_REVOCATION_UNSENT;
}


/*
 * ids begin at a random number, so that they differ from those of other zones
 */

static void
ngx_eiam_revocation_event_id(ngx_eiam_revocations_t *table,
    ngx_eiam_event_id_t id)
{
    uint64_t  n;

    n = table->base + ++table->serial;
    ngx_memcpy(id, &n, NGX_EIAM_EVENT_ID);
}


static ngx_uint_t
ngx_eiam_revocation_event_is_own(const ngx_eiam_revocations_t *table,
    const ngx_eiam_event_id_t id)
{
    uint64_t  n;

    ngx_memcpy(&n, id, NGX_EIAM_EVENT_ID);

    return n - table->base - 1 < table->serial;
}


ngx_int_t
ngx_eiam_revocation_event_apply(ngx_eiam_shared_t *shared,
    const ngx_eiam_revocation_event_t *event)
{
    ngx_int_t                rc;
    ngx_eiam_revocations_t  *table;

    table = &shared->revocations;

    if (event->undo) {
        return ngx_eiam_revocation_event_restore(shared, event);
    }

    if (ngx_eiam_revocation_undone_has(shared, event)) {
        return NGX_DECLINED;
    }

    ngx_eiam_shared_change(shared);

    rc = (event->kind == NGX_EIAM_REVOKED_TOKEN)
         ? ngx_eiam_revocation_event_token(shared, event)
         : ngx_eiam_revocation_event_application(shared, event);

    if (rc == NGX_OK) {
        table->generation = ngx_eiam_revocation_index_next(table);
        ngx_eiam_shared_step(shared);
    }

    return rc;
}


static ngx_int_t
ngx_eiam_revocation_event_token(ngx_eiam_shared_t *shared,
    const ngx_eiam_revocation_event_t *event)
{
    uint32_t           i, until, prior;
    const u_char      *id;
    ngx_eiam_event_t   entry;

    if (event->expires <= ngx_time()) {
        return NGX_DECLINED;
    }

    until = (uint32_t) ngx_min(event->expires,
                               (time_t) NGX_MAX_UINT32_VALUE);

    i = ngx_eiam_revocation_index_find_token(&shared->revocations,
                                             event->subject);
    if (i) {
        prior = shared->revocations.rows[i].time;
        shared->revocations.rows[i].time = ngx_max(prior, until);

        (void) ngx_eiam_revocation_event_seen(shared, i, event);

        return NGX_DECLINED;
    }

    entry.position = event->position;
    ngx_memcpy(entry.id, event->id, NGX_EIAM_EVENT_ID);

    id = event->has_application ? event->application : NULL;

    if (ngx_eiam_revocation_keep_token(shared, event->subject, id, until,
                                       ngx_eiam_revocation_flags[event->by],
                                       &entry)
        == NGX_OK)
    {
        return NGX_OK;
    }

    /* it cannot be refused here, as other gateways have done it */

    ngx_eiam_revocation_join_all(shared);

    return NGX_OK;
}


/*
 * A later revocation counts.  A gateway that has not yet sent its own applies
 * any, as its own one may be earlier.
 */

static ngx_int_t
ngx_eiam_revocation_event_application(ngx_eiam_shared_t *shared,
    const ngx_eiam_revocation_event_t *event)
{
    uint32_t                 i, latest, flags;
    ngx_uint_t               revoked;
    ngx_eiam_event_t         entry;
    ngx_eiam_revocation_t   *row;
    ngx_eiam_revocations_t  *table;

    table = &shared->revocations;

    i = (event->kind == NGX_EIAM_REVOKED_ALL)
        ? NGX_EIAM_REVOCATION_ALL
        : ngx_eiam_revocation_obtain(shared, event->subject);

    row = &table->rows[i];
    latest = (uint32_t) (event->time + table->leeway);
    flags = ngx_eiam_revocation_flags[event->by];

    entry.position = event->position;
    ngx_memcpy(entry.id, event->id, NGX_EIAM_EVENT_ID);

    revoked = ngx_eiam_revocation_kind(row)
              == NGX_EIAM_REVOCATION_OF_APPLICATION;

    if (revoked) {

        if (ngx_eiam_revocation_event_seen(shared, i, event)) {
            return NGX_DECLINED;
        }

        latest = ngx_max(latest, row->time);

        if (row->state & NGX_EIAM_REVOCATION_UNSENT) {
            entry = table->events[i];
            flags = row->state;

        } else if (ngx_eiam_position_compare(&event->position,
                                             &table->events[i].position)
                   <= 0)
        {
            return NGX_DECLINED;
        }
    }

    ngx_eiam_revocation_keep(shared, i, latest, flags, &entry);

    return NGX_OK;
}


/* whether it is the event of the row, which is then in the stream */

static ngx_uint_t
ngx_eiam_revocation_event_seen(ngx_eiam_shared_t *shared, uint32_t i,
    const ngx_eiam_revocation_event_t *event)
{
    uint32_t           flags;
    ngx_uint_t         same;
    ngx_eiam_event_t  *entry;

    entry = &shared->revocations.events[i];
    flags = shared->revocations.rows[i].state;

    same = ngx_memcmp(entry->id, event->id, NGX_EIAM_EVENT_ID) == 0;

    if (!same && event->kind != NGX_EIAM_REVOKED_TOKEN) {
        return 0;
    }

    if ((same && (flags & NGX_EIAM_REVOCATION_UNSENT))
        || ngx_eiam_position_compare(&entry->position, &event->position) < 0)
    {
        entry->position = event->position;
        ngx_eiam_shared_step(shared);
    }

    ngx_eiam_revocation_index_unmark(shared, i,
                                same ? NGX_EIAM_REVOCATION_UNSENT
                                       | NGX_EIAM_REVOCATION_MISSED
                                     : NGX_EIAM_REVOCATION_MISSED);
    return same;
}


/*
 * Takes back what was revoked before.  What this gateway has revoked and not
 * yet sent stays revoked, as whoever restores does not know of it.
 */

static ngx_int_t
ngx_eiam_revocation_event_restore(ngx_eiam_shared_t *shared,
    const ngx_eiam_revocation_event_t *event)
{
    uint32_t                 i;
    ngx_eiam_event_t         entry;
    ngx_eiam_revocation_t    undone;
    ngx_eiam_revocations_t  *table;

    table = &shared->revocations;

    ngx_eiam_shared_change(shared);

    ngx_memzero(&undone, sizeof(ngx_eiam_revocation_t));
    ngx_memcpy(undone.of.token, event->subject, NGX_EIAM_REVOCATION_TOKEN);
    undone.time = (uint32_t) ngx_min(event->expires,
                                     (time_t) NGX_MAX_UINT32_VALUE);
    undone.state = event->kind << NGX_EIAM_REVOCATION_SHIFT;

    entry.position = event->position;
    ngx_memcpy(entry.id, event->id, NGX_EIAM_EVENT_ID);

    ngx_eiam_revocation_undone_keep(shared, &undone, &entry);

    i = ngx_eiam_revocation_event_find(table, event->kind, event->subject);

    if (i == table->nrows
        || (ngx_memcmp(table->events[i].id, event->id, NGX_EIAM_EVENT_ID) != 0
            && ((table->rows[i].state & NGX_EIAM_REVOCATION_UNSENT)
                || ngx_eiam_position_compare(&table->events[i].position,
                                             &event->position)
                   >= 0)))
    {
        return NGX_DECLINED;
    }

    return (event->kind == NGX_EIAM_REVOKED_TOKEN)
           ? ngx_eiam_revocation_remove_token(shared, event->subject)
           : ngx_eiam_revocation_remove(shared,
                                   (event->kind == NGX_EIAM_REVOKED_ALL)
                                   ? NULL : event->subject);
}


/* the row of a revocation; nrows: there is none */

uint32_t
ngx_eiam_revocation_event_find(const ngx_eiam_revocations_t *table,
    ngx_eiam_revoked_e kind, const u_char *subject)
{
    uint32_t  i;

    if (kind == NGX_EIAM_REVOKED_TOKEN) {
        i = ngx_eiam_revocation_index_find_token(table, subject);
        return i ? i : table->nrows;
    }

    i = (kind == NGX_EIAM_REVOKED_ALL)
        ? NGX_EIAM_REVOCATION_ALL
        : ngx_eiam_revocation_index_find(table, subject);

    if ((i == 0 && kind != NGX_EIAM_REVOKED_ALL)
        || ngx_eiam_revocation_kind(&table->rows[i])
           != NGX_EIAM_REVOCATION_OF_APPLICATION)
    {
        return table->nrows;
    }

    return i;
}


ngx_int_t
ngx_eiam_revocation_event_read(const ngx_eiam_shared_t *shared, uint32_t i,
    ngx_eiam_revocation_event_t *event)
{
    uint32_t                       k;
    const ngx_eiam_event_t        *entry;
    const ngx_eiam_revocation_t   *row;
    const ngx_eiam_revocations_t  *table;

    table = &shared->revocations;
    row = &table->rows[i];
    entry = &table->events[i];

    ngx_memzero(event, sizeof(ngx_eiam_revocation_event_t));

    event->row = i;
    event->by = ngx_eiam_revocation_event_by(row->state);
    event->position = entry->position;
    event->resent = !(row->state & NGX_EIAM_REVOCATION_UNSENT)
                    || (row->state & NGX_EIAM_REVOCATION_MISSED);
    event->time = ngx_time();
    event->expires = (row->time == NGX_MAX_UINT32_VALUE)
                     ? NGX_EIAM_NEVER : (time_t) row->time;
    ngx_memcpy(event->id, entry->id, NGX_EIAM_EVENT_ID);
    ngx_memcpy(event->subject, row->of.token, NGX_EIAM_REVOCATION_TOKEN);

    switch (ngx_eiam_revocation_kind(row)) {

    case NGX_EIAM_REVOCATION_OF_TOKEN:
        event->kind = NGX_EIAM_REVOKED_TOKEN;
        k = ngx_eiam_revocation_application(row);

        if (k) {
            event->has_application = 1;
            ngx_memcpy(event->application, table->rows[k].of.application.id,
                       NGX_EIAM_REVOCATION_ID);
        }

        break;

    case NGX_EIAM_REVOCATION_UNDONE:
        event->kind = row->state >> NGX_EIAM_REVOCATION_SHIFT;
        event->undo = 1;
        return ngx_eiam_revocation_index_is_over(row) ? NGX_DECLINED : NGX_OK;

    case NGX_EIAM_REVOCATION_OF_APPLICATION:
        event->kind = (i == NGX_EIAM_REVOCATION_ALL)
                      ? NGX_EIAM_REVOKED_ALL : NGX_EIAM_REVOKED_APPLICATION;
        event->time = (time_t) row->time - table->leeway;
        event->expires = NGX_EIAM_NEVER;
        ngx_memzero(event->subject, NGX_EIAM_REVOCATION_TOKEN);

        if (i != NGX_EIAM_REVOCATION_ALL) {
            ngx_memcpy(event->subject, row->of.application.id,
                       NGX_EIAM_REVOCATION_ID);
        }

        return ngx_eiam_revocation_event_is(event) ? NGX_OK : NGX_DECLINED;

    default:
        return NGX_DECLINED;
    }

    return (ngx_eiam_revocation_index_is_over(row)
            || !ngx_eiam_revocation_event_is(event))
           ? NGX_DECLINED : NGX_OK;
}


static ngx_eiam_revoker_e
ngx_eiam_revocation_event_by(uint32_t state)
{
    if (state & NGX_EIAM_REVOCATION_CLIENT) {
        return NGX_EIAM_BY_CLIENT;
    }

    return (state & NGX_EIAM_REVOCATION_GATE) ? NGX_EIAM_BY_GATE
                                              : NGX_EIAM_BY_CONTROL;
}


void
ngx_eiam_revocation_event_sent(ngx_eiam_shared_t *shared,
    const ngx_eiam_revocation_event_t *event,
    const ngx_eiam_position_t *position)
{
    ngx_eiam_event_t        *entry;
    ngx_eiam_revocation_t   *row;
    ngx_eiam_revocations_t  *table;

    table = &shared->revocations;
    row = &table->rows[event->row];
    entry = &table->events[event->row];

    /* the row may belong to another revocation by now */

    if (!(row->state & NGX_EIAM_REVOCATION_UNSENT)
        || ngx_memcmp(entry->id, event->id, NGX_EIAM_EVENT_ID) != 0
        || (ngx_eiam_revocation_kind(row) == NGX_EIAM_REVOCATION_UNDONE)
           != event->undo)
    {
        return;
    }

    ngx_eiam_shared_change(shared);

    if (!event->undo && !event->resent) {
        entry->position = *position;
        ngx_eiam_shared_step(shared);
    }

    ngx_eiam_revocation_index_unmark(shared, event->row,
                                     NGX_EIAM_REVOCATION_UNSENT
                                     | NGX_EIAM_REVOCATION_MISSED);
}


/* a row without event is older than the other gateways, or was joined */

void
ngx_eiam_revocation_event_miss(ngx_eiam_shared_t *shared, uint32_t i)
{
    uint32_t                 kind;
    ngx_eiam_revocation_t   *row;
    ngx_eiam_revocations_t  *table;

    table = &shared->revocations;
    row = &table->rows[i];
    kind = ngx_eiam_revocation_kind(row);

    if (kind == NGX_EIAM_REVOCATION_FREE || kind == NGX_EIAM_REVOCATION_COUNT
        || (row->state & NGX_EIAM_REVOCATION_UNSENT))
    {
        return;
    }

    ngx_eiam_shared_change(shared);

    if (kind == NGX_EIAM_REVOCATION_UNDONE
        || ngx_eiam_revocation_event_is(&table->events[i]))
    {
        ngx_eiam_revocation_index_mark(shared, i, NGX_EIAM_REVOCATION_MISSED);

    } else if (!(row->state & NGX_EIAM_REVOCATION_GATE)) {
        (void) ngx_eiam_revocation_event_create(shared, &table->events[i]);
        ngx_eiam_shared_step(shared);

        ngx_eiam_revocation_index_mark(shared, i, NGX_EIAM_REVOCATION_UNSENT);
    }
}


void
ngx_eiam_revocation_event_resend(ngx_eiam_shared_t *shared, uint32_t i,
    ngx_uint_t any)
{
    ngx_eiam_revocations_t  *table;

    table = &shared->revocations;

    if ((table->rows[i].state & NGX_EIAM_REVOCATION_MISSED)
        && (any || ngx_eiam_revocation_event_is_own(table,
                                                    table->events[i].id)))
    {
        ngx_eiam_shared_change(shared);
        ngx_eiam_revocation_index_mark(shared, i, NGX_EIAM_REVOCATION_UNSENT);
    }
}
