
#include <ngx_eiam_revocation_index.h>
#include <ngx_eiam_revocation_undone.h>


#define NGX_EIAM_REVOCATION_UNDONE_SHARE  8    /* a part of the rows at most */


/*
 * Whether the event has been undone, or was in the stream before an undone one,
 * and is sent again by a gateway that does not know this.
 */

ngx_uint_t
ngx_eiam_revocation_undone_has(ngx_eiam_shared_t *shared,
    const ngx_eiam_revocation_event_t *event)
{
    uint32_t                 i;
    ngx_eiam_event_t        *undone;
    ngx_eiam_revocations_t  *table;

    table = &shared->revocations;

    if (table->undone == 0) {
        return 0;
    }

    i = ngx_eiam_revocation_index_find_undone(table, event->subject);

    if (i == 0) {
        return 0;
    }

    undone = &table->events[i];

    return ngx_memcmp(undone->id, event->id, NGX_EIAM_EVENT_ID) == 0
           || (event->resent
               && ngx_eiam_position_compare(&event->position,
                                            &undone->position)
                  < 0);
}


void
ngx_eiam_revocation_undone_add(ngx_eiam_shared_t *shared,
    ngx_eiam_revoked_e kind, const u_char *subject)
{
    uint32_t                 i;
    ngx_eiam_event_t         entry;
    ngx_eiam_revocation_t    undone;
    ngx_eiam_revocations_t  *table;

    table = &shared->revocations;

    if (!table->shares) {
        return;
    }

    ngx_eiam_shared_change(shared);

    ngx_memzero(&undone, sizeof(ngx_eiam_revocation_t));
    ngx_memcpy(undone.of.token, subject, NGX_EIAM_REVOCATION_TOKEN);
    undone.time = (uint32_t) (ngx_time() + NGX_EIAM_REVOCATION_LIFE);
    undone.state = NGX_EIAM_REVOCATION_UNSENT
                   | kind << NGX_EIAM_REVOCATION_SHIFT;

    ngx_memzero(&entry, sizeof(ngx_eiam_event_t));
    entry.position = shared->reader.position;

    i = ngx_eiam_revocation_event_find(table, kind, subject);

    if (i != table->nrows) {
        ngx_memcpy(entry.id, table->events[i].id, NGX_EIAM_EVENT_ID);

        if (ngx_eiam_position_compare(&entry.position,
                                      &table->events[i].position)
            < 0)
        {
            entry.position = table->events[i].position;
        }
    }

    entry.position.sequence++;

    ngx_eiam_revocation_undone_keep(shared, &undone, &entry);
}


void
ngx_eiam_revocation_undone_forget(ngx_eiam_shared_t *shared,
    const u_char *subject)
{
    uint32_t  i;

    if (shared->revocations.undone == 0) {
        return;
    }

    i = ngx_eiam_revocation_index_find_undone(&shared->revocations, subject);

    if (i) {
        ngx_eiam_shared_change(shared);
        ngx_eiam_revocation_index_free_undone(shared, i);
    }
}


void
ngx_eiam_revocation_undone_keep(ngx_eiam_shared_t *shared,
    const ngx_eiam_revocation_t *undone, const ngx_eiam_event_t *event)
{
    uint32_t                 i;
    ngx_eiam_revocation_t   *row;
    ngx_eiam_revocations_t  *table;

    table = &shared->revocations;

    i = ngx_eiam_revocation_index_find_undone(table, undone->of.token);

    if (i) {
        ngx_eiam_revocation_index_free_undone(shared, i);
    }

    ngx_eiam_revocation_index_look(shared, 1);

    if (table->free == 0
        || table->undone >= table->nrows / NGX_EIAM_REVOCATION_UNDONE_SHARE)
    {
        return;
    }

    i = ngx_eiam_revocation_take(shared);
    row = &table->rows[i];

    ngx_memcpy(row->of.token, undone->of.token, NGX_EIAM_REVOCATION_TOKEN);
    row->time = undone->time;
    table->events[i] = *event;
    ngx_eiam_shared_step(shared);

    ngx_memory_barrier();
    row->state = (undone->state & ~NGX_EIAM_REVOCATION_KIND)
                 | NGX_EIAM_REVOCATION_UNDONE;
    ngx_eiam_shared_step(shared);

    table->unsent += (row->state & NGX_EIAM_REVOCATION_UNSENT) != 0;
    ngx_eiam_revocation_index_link_undone(shared, i);
}
