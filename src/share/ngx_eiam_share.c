
#include <ngx_eiam_reader.h>
#include <ngx_eiam_share.h>


#define NGX_EIAM_SHARE_FLIGHTS  512      /* look-ups under way */


/* indexed by ngx_eiam_reader_state_e */

static const ngx_str_t  ngx_eiam_share_states[] = {
    ngx_string("fresh"),
    ngx_string("stale"),
    ngx_string("down")
};


void
ngx_eiam_share_init(ngx_eiam_share_t *share)
{
    ngx_queue_init(&share->jobs);
    ngx_queue_init(&share->sends);
    ngx_queue_init(&share->queue);

    share->names.prefix = share->redis->prefix;
    share->names.seal = share->seal;

    share->terms.negative = 1;
    share->terms.limit = NGX_EIAM_SHARE_FLIGHTS;
    share->terms.timeout = NGX_EIAM_SHARE_TIMEOUT;
}


void
ngx_eiam_share_position(ngx_eiam_share_t *share,
    ngx_eiam_position_t *position)
{
    ngx_eiam_position_t  known;

    if (ngx_eiam_reader_known(share->zone, &known) == NGX_OK) {
        share->position = known;
    }

    *position = share->position;
}


/*
 * In a zone that knows of no revocation no grant of Redis can be checked.  What
 * the zone knew for this worker remains when the stream of a newer
 * configuration is read.
 */

ngx_uint_t
ngx_eiam_share_is_ready(ngx_eiam_share_t *share)
{
    if (!share->has_read) {
        share->has_read = ngx_eiam_reader_has_read(share->zone);
    }

    return share->has_read && share->link
           && ngx_eiam_redis_link_is_ready(share->link);
}


ngx_uint_t
ngx_eiam_share_is_starting(ngx_eiam_share_t *share)
{
    return share->link && !share->link->failed
           && !ngx_eiam_share_is_ready(share)
           && ngx_current_msec - share->started < NGX_EIAM_SHARE_TIMEOUT;
}


ngx_uint_t
ngx_eiam_share_is_blank(ngx_eiam_share_t *share)
{
    return ngx_eiam_share_is_starting(share) && !share->has_read;
}


const ngx_str_t *
ngx_eiam_share_state(const ngx_eiam_share_t *share)
{
    return &ngx_eiam_share_states[ngx_eiam_reader_state(share->zone)];
}


ngx_uint_t
ngx_eiam_share_is_alone(const ngx_eiam_share_t *share)
{
    /* with another key this gateway cannot know what the others have */

    if (share->grace == NGX_EIAM_SHARE_OFF
        || (share->link && share->link->result == NGX_EIAM_REDIS_OTHER_KEY))
    {
        return 0;
    }

    return ngx_eiam_reader_silence(share->zone)
           >= (ngx_msec_t) share->grace * 1000;
}


void
ngx_eiam_share_held(const ngx_eiam_share_t *share, ngx_msec_t since,
    ngx_uint_t late)
{
    ngx_eiam_metrics_redis_t  *metrics;

    metrics = ngx_eiam_share_metrics(share);

    ngx_eiam_metrics_observe(&metrics->held[late], ngx_current_msec - since);

    if (late) {
        ngx_eiam_metrics_add(&metrics->held_late);
    }
}


void
ngx_eiam_share_exit(ngx_eiam_share_t *share)
{
    ngx_eiam_metrics_redis_t  *metrics;

    metrics = ngx_eiam_share_metrics(share);

    (void) ngx_atomic_fetch_add(&metrics->unshared[NGX_EIAM_UNSHARED_EXIT],
                                share->queued);

    ngx_queue_init(&share->queue);
    share->queued = 0;

    if (share->timer.timer_set) {
        ngx_del_timer(&share->timer);
    }
}
