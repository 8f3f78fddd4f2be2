
#include <ngx_eiam_share_unsent.h>


#define NGX_EIAM_SHARE_UNSENT_WAIT   500      /* ms: workers send their own */
#define NGX_EIAM_SHARE_UNSENT_SENDS  64       /* under way */
#define NGX_EIAM_SHARE_UNSENT_ROWS   1024     /* examined in a turn */


static ngx_int_t ngx_eiam_share_unsent_next(ngx_eiam_share_unsent_t *unsent,
    ngx_eiam_revocation_event_t *event);
static void ngx_eiam_share_unsent_sent(void *data, ngx_int_t rc,
    const ngx_eiam_position_t *position);


/* uses the link of the worker: commands on the reader's wait behind XREAD */

void
ngx_eiam_share_unsent_look(ngx_eiam_share_unsent_t *unsent)
{
    ngx_uint_t                    i;
    ngx_eiam_share_t             *share;
    ngx_eiam_revocations_t       *table;
    ngx_eiam_revocation_event_t   event;

    share = unsent->share;
    table = &share->zone->shared->revocations;

    if (table->unsent == 0 || unsent->since == 0) {
        unsent->since = table->unsent ? ngx_current_msec : 0;
        return;
    }

    if (ngx_current_msec - unsent->since < NGX_EIAM_SHARE_UNSENT_WAIT) {
        return;
    }

    for (i = 0; i < NGX_EIAM_SHARE_UNSENT_ROWS; i++) {

        if (unsent->sends >= NGX_EIAM_SHARE_UNSENT_SENDS) {
            return;
        }

        if (unsent->row >= table->nrows) {
            unsent->row = 0;
            unsent->since = ngx_current_msec;
            return;
        }

        if (ngx_eiam_share_unsent_next(unsent, &event) == NGX_OK
            && ngx_eiam_share_send(share, share->link, &event,
                                   ngx_eiam_share_unsent_sent, unsent))
        {
            unsent->sends++;
        }
    }
}


static ngx_int_t
ngx_eiam_share_unsent_next(ngx_eiam_share_unsent_t *unsent,
    ngx_eiam_revocation_event_t *event)
{
    uint32_t            i;
    ngx_int_t           rc;
    ngx_eiam_zone_t    *zone;
    ngx_eiam_shared_t  *shared;

    zone = unsent->share->zone;
    shared = zone->shared;
    i = unsent->row++;
    rc = NGX_DECLINED;

    ngx_eiam_zone_lock(zone);

    if (shared->revocations.rows[i].state & NGX_EIAM_REVOCATION_UNSENT) {
        rc = ngx_eiam_revocation_event_read(shared, i, event);
    }

    ngx_eiam_zone_unlock(zone);

    return rc;
}


static void
ngx_eiam_share_unsent_sent(void *data, ngx_int_t rc,
    const ngx_eiam_position_t *position)
{
    ngx_eiam_share_unsent_t *unsent = data;

    unsent->sends--;
}
