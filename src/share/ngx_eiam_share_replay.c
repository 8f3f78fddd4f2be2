
#include <ngx_eiam_share_replay.h>


#define NGX_EIAM_SHARE_REPLAY_TIMEOUT  2000   /* ms */
#define NGX_EIAM_SHARE_REPLAY_COUNT    256    /* entries at a time */
#define NGX_EIAM_SHARE_REPLAY_ROWS     256    /* under the lock at a time */


/* in place of the position of an entry: a cut, which is never trimmed */
static const ngx_eiam_position_t  ngx_eiam_share_replay_cut = { 0, 1 };

/* what is done with each row of the table */
typedef void (*ngx_eiam_share_replay_row_pt)(ngx_eiam_shared_t *shared,
    uint32_t i);


static void ngx_eiam_share_replay_cuts(void *data,
    const ngx_eiam_redis_reply_t *reply);
static void ngx_eiam_share_replay_read(ngx_eiam_share_replay_t *replay);
static void ngx_eiam_share_replay_entries(void *data,
    const ngx_eiam_redis_reply_t *reply);
static void ngx_eiam_share_replay_hello(ngx_eiam_share_replay_t *replay);
static void ngx_eiam_share_replay_said(void *data,
    const ngx_eiam_redis_reply_t *reply);
static void ngx_eiam_share_replay_static(ngx_eiam_share_replay_t *replay);
static void ngx_eiam_share_replay_end(void *data, ngx_int_t rc);
static void ngx_eiam_share_replay_rows(ngx_eiam_zone_t *zone,
    ngx_eiam_share_replay_row_pt handler);
static void ngx_eiam_share_replay_own(ngx_eiam_shared_t *shared, uint32_t i);
static void ngx_eiam_share_replay_any(ngx_eiam_shared_t *shared, uint32_t i);
static void ngx_eiam_share_replay_send(ngx_eiam_share_replay_t *replay,
    ngx_eiam_redis_verb_e verb, const ngx_str_t *args, ngx_uint_t nargs,
    ngx_eiam_redis_command_pt handler);
static void ngx_eiam_share_replay_reject(ngx_eiam_share_t *share,
    ngx_eiam_reader_place_t *place, const ngx_eiam_position_t *position);
static void ngx_eiam_share_replay_apply(ngx_eiam_share_t *share,
    ngx_eiam_reader_place_t *place, const ngx_eiam_share_event_t *event,
    ngx_uint_t live);
static void ngx_eiam_share_replay_observe(ngx_eiam_zone_t *zone,
    const ngx_eiam_position_t *position);


void
ngx_eiam_share_replay(ngx_eiam_share_replay_t *replay)
{
    u_char     name[NGX_EIAM_REDIS_NAME_MAX];
    ngx_str_t  key;

    ngx_memzero(&replay->place, sizeof(ngx_eiam_reader_place_t));

    ngx_eiam_share_replay_rows(replay->share->zone,
                               ngx_eiam_revocation_event_miss);

    key.data = name;
    ngx_eiam_redis_name_stream(&replay->share->names, "cut", &key);

    ngx_eiam_share_replay_send(replay, NGX_EIAM_REDIS_HGETALL, &key, 1,
                               ngx_eiam_share_replay_cuts);
}


static void
ngx_eiam_share_replay_rows(ngx_eiam_zone_t *zone,
    ngx_eiam_share_replay_row_pt handler)
{
    uint32_t  i, last, n;

    n = zone->shared->revocations.nrows;

    for (i = 0; i < n; /* void */) {

        last = ngx_min(i + NGX_EIAM_SHARE_REPLAY_ROWS, n);

        ngx_eiam_zone_lock(zone);

        for ( /* void */ ; i < last; i++) {
            handler(zone->shared, i);
        }

        ngx_eiam_zone_unlock(zone);
    }
}


/*
 * Cuts first: unlike entries of the stream, they are never trimmed.  A cut
 * under a line of the keys that is gone is older than any token.
 */

static void
ngx_eiam_share_replay_cuts(void *data, const ngx_eiam_redis_reply_t *reply)
{
    ngx_eiam_share_replay_t *replay = data;

    u_char                       name[NGX_EIAM_REDIS_NAME_MAX];
    ngx_uint_t                   i;
    ngx_eiam_position_t          none;
    ngx_eiam_share_event_t       event;
    ngx_eiam_redis_seal_place_t  place;

    if (reply == NULL || reply->type != NGX_EIAM_REDIS_ARRAY) {
        ngx_eiam_share_replay_fail(replay->link, NGX_EIAM_REDIS_LOST);
        return;
    }

    ngx_memzero(&none, sizeof(ngx_eiam_position_t));

    ngx_eiam_share_event_place(replay->share, NGX_EIAM_REDIS_SEAL_CUT, "cut",
                               name, &place);

    for (i = 0; i + 1 < reply->nelts; i += 2) {

        place.part = reply->elts[i].text;

        if (ngx_eiam_share_event_open(replay->share, &place,
                                      &reply->elts[i + 1].text, &none, &event)
            == NGX_OK)
        {
            ngx_eiam_share_replay_apply(replay->share, &replay->place, &event,
                                        0);

        } else if (ngx_eiam_redis_seal_is_of_other_version(&place,
                                                   &reply->elts[i + 1].text))
        {
            ngx_eiam_share_replay_reject(replay->share, &replay->place,
                                         &ngx_eiam_share_replay_cut);
        }
    }

    ngx_eiam_share_replay_read(replay);
}


static void
ngx_eiam_share_replay_read(ngx_eiam_share_replay_t *replay)
{
    u_char               name[NGX_EIAM_REDIS_NAME_MAX];
    u_char               first[NGX_EIAM_POSITION_LEN];
    ngx_str_t            args[5];
    ngx_eiam_position_t  next;

    next = replay->place.position;
    next.sequence++;

    if (next.sequence == 0) {
        next.msec++;
    }

    args[0].data = name;
    ngx_eiam_redis_name_stream(&replay->share->names, "", &args[0]);

    args[1].data = first;
    args[1].len = ngx_eiam_position_write(first, &next) - first;
    ngx_str_set(&args[2], "+");
    ngx_str_set(&args[3], "COUNT");
    ngx_str_set(&args[4], "256");

    ngx_eiam_share_replay_send(replay, NGX_EIAM_REDIS_XRANGE, args, 5,
                               ngx_eiam_share_replay_entries);
}


static void
ngx_eiam_share_replay_entries(void *data, const ngx_eiam_redis_reply_t *reply)
{
    ngx_eiam_share_replay_t *replay = data;

    ngx_uint_t  i;

    if (reply == NULL || reply->type != NGX_EIAM_REDIS_ARRAY) {
        ngx_eiam_share_replay_fail(replay->link, NGX_EIAM_REDIS_LOST);
        return;
    }

    for (i = 0; i < reply->nelts; i++) {

        if (ngx_eiam_share_replay_entry(replay->share, &replay->place,
                                        &reply->elts[i], 0)
            != NGX_OK)
        {
            ngx_eiam_share_replay_fail(replay->link, NGX_EIAM_REDIS_INVALID);
            return;
        }
    }

    if (reply->nelts == NGX_EIAM_SHARE_REPLAY_COUNT) {
        ngx_eiam_share_replay_read(replay);

    } else if (ngx_eiam_position_is_zero(&replay->place.position)) {
        ngx_eiam_share_replay_hello(replay);

    } else {
        ngx_eiam_share_replay_static(replay);
    }
}


/* adds the first entry of an empty stream, so that its loss will be noticed */

static void
ngx_eiam_share_replay_hello(ngx_eiam_share_replay_t *replay)
{
    u_char                       name[NGX_EIAM_REDIS_NAME_MAX];
    u_char                       sealed[NGX_EIAM_SHARE_EVENT_MAX];
    ngx_str_t                    args[4];
    ngx_eiam_redis_seal_place_t  place;

    ngx_eiam_share_event_place(replay->share, NGX_EIAM_REDIS_SEAL_EVENT, "",
                               name, &place);

    args[0] = place.key;
    ngx_str_set(&args[1], "*");
    ngx_str_set(&args[2], NGX_EIAM_REDIS_STREAM_FIELD);
    args[3].data = sealed;

    if (ngx_eiam_share_event_seal(replay->share, &place, NULL, &args[3])
        != NGX_OK)
    {
        ngx_eiam_share_replay_fail(replay->link, NGX_EIAM_REDIS_LOST);
        return;
    }

    ngx_eiam_share_replay_send(replay, NGX_EIAM_REDIS_XADD, args, 4,
                               ngx_eiam_share_replay_said);
}


static void
ngx_eiam_share_replay_said(void *data, const ngx_eiam_redis_reply_t *reply)
{
    ngx_eiam_share_replay_t *replay = data;

    if (reply == NULL || reply->type != NGX_EIAM_REDIS_STRING) {
        ngx_eiam_share_replay_fail(replay->link, NGX_EIAM_REDIS_LOST);
        return;
    }

    ngx_eiam_share_replay_read(replay);
}


/* an entry of the stream may have been trimmed; its tombstone is still there */

static void
ngx_eiam_share_replay_static(ngx_eiam_share_replay_t *replay)
{
    replay->statics.share = replay->share;
    replay->statics.link = replay->link;
    replay->statics.handler = ngx_eiam_share_replay_end;
    replay->statics.data = replay;

    ngx_eiam_share_static(&replay->statics);
}


static void
ngx_eiam_share_replay_end(void *data, ngx_int_t rc)
{
    ngx_eiam_share_replay_t *replay = data;

    if (rc != NGX_OK) {
        ngx_eiam_share_replay_fail(replay->link, NGX_EIAM_REDIS_LOST);
        return;
    }

    ngx_eiam_share_replay_rows(replay->share->zone,
                               ngx_eiam_share_replay_own);

    replay->until = ngx_current_msec + 1000 + ngx_random() % 4000;

    replay->handler(replay);
}


void
ngx_eiam_share_replay_look(ngx_eiam_share_replay_t *replay)
{
    if (replay->until == 0
        || (ngx_msec_int_t) (ngx_current_msec - replay->until) < 0)
    {
        return;
    }

    replay->until = 0;

    ngx_eiam_share_replay_rows(replay->share->zone,
                               ngx_eiam_share_replay_any);
}


static void
ngx_eiam_share_replay_own(ngx_eiam_shared_t *shared, uint32_t i)
{
    ngx_eiam_revocation_event_resend(shared, i, 0);
}


static void
ngx_eiam_share_replay_any(ngx_eiam_shared_t *shared, uint32_t i)
{
    ngx_eiam_revocation_event_resend(shared, i, 1);
}


static void
ngx_eiam_share_replay_send(ngx_eiam_share_replay_t *replay,
    ngx_eiam_redis_verb_e verb, const ngx_str_t *args, ngx_uint_t nargs,
    ngx_eiam_redis_command_pt handler)
{
    ngx_eiam_redis_command_set(&replay->command, verb, args, nargs,
                               NGX_EIAM_SHARE_REPLAY_TIMEOUT, handler, replay);
    replay->command.background = 1;

    if (ngx_eiam_redis_link_send(replay->link, &replay->command) != NGX_OK) {
        ngx_eiam_share_replay_fail(replay->link, NGX_EIAM_REDIS_LOST);
    }
}


void
ngx_eiam_share_replay_fail(ngx_eiam_redis_link_t *link,
    ngx_eiam_redis_result_e result)
{
    /* a link that is down is already connecting anew */

    if (ngx_eiam_redis_link_is_ready(link)) {
        ngx_eiam_redis_link_drop(link, result);
    }
}


ngx_int_t
ngx_eiam_share_replay_entry(ngx_eiam_share_t *share,
    ngx_eiam_reader_place_t *place, const ngx_eiam_redis_reply_t *reply,
    ngx_uint_t live)
{
    u_char                       name[NGX_EIAM_REDIS_NAME_MAX];
    ngx_eiam_redis_entry_t       entry;
    ngx_eiam_share_event_t       event;
    ngx_eiam_redis_seal_place_t  seal;

    if (ngx_eiam_redis_stream_entry(reply, &entry) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_eiam_position_compare(&entry.position, &place->position) <= 0) {
        return NGX_DECLINED;
    }

    ngx_eiam_share_event_place(share, NGX_EIAM_REDIS_SEAL_EVENT, "", name,
                               &seal);

    place->position = entry.position;

    if (ngx_eiam_share_event_open(share, &seal, &entry.value, &entry.position,
                                  &event)
        != NGX_OK)
    {
        ngx_eiam_share_replay_reject(share, place, &entry.position);
        ngx_memcpy(place->nonce, event.nonce, NGX_EIAM_READER_NONCE);

        return NGX_OK;
    }

    ngx_memcpy(place->nonce, event.nonce, NGX_EIAM_READER_NONCE);

    ngx_eiam_share_replay_apply(share, place, &event, live);

    return NGX_OK;
}


/* it may be a revocation: this gateway is not fresh until it is gone */

static void
ngx_eiam_share_replay_reject(ngx_eiam_share_t *share,
    ngx_eiam_reader_place_t *place, const ngx_eiam_position_t *position)
{
    ngx_eiam_metrics_redis_t  *metrics;

    if (ngx_eiam_position_is_zero(&place->unreadable)) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "eiam: Redis has a revocation that cannot be read, so "
                      "this gateway is not fresh");
    }

    metrics = ngx_eiam_share_metrics(share);
    ngx_eiam_metrics_add(&metrics->rejected_revocations);

    /* a cut stays, so it counts for longer than entries do */

    if (place->unreadable.msec || place->unreadable.sequence == 0) {
        place->unreadable = *position;
    }
}


static void
ngx_eiam_share_replay_apply(ngx_eiam_share_t *share,
    ngx_eiam_reader_place_t *place, const ngx_eiam_share_event_t *event,
    ngx_uint_t live)
{
    ngx_int_t         rc;
    ngx_eiam_zone_t  *zone;

    if (event->hello) {
        return;
    }

    zone = share->zone;

    ngx_eiam_zone_lock(zone);
    rc = ngx_eiam_revocation_event_apply(zone->shared, &event->revocation);
    ngx_eiam_zone_unlock(zone);

    /* restoring all tokens settles what could not be read before it */

    if (event->revocation.undo
        && (live || place->unreadable.msec)
        && event->revocation.kind == NGX_EIAM_REVOKED_ALL
        && ngx_eiam_position_compare(&event->revocation.position,
                                     &place->unreadable)
           > 0)
    {
        ngx_memzero(&place->unreadable, sizeof(ngx_eiam_position_t));
    }

    if (rc == NGX_OK && live) {
        ngx_eiam_share_replay_observe(zone, &event->revocation.position);
    }
}


/* the delay is the difference between the clocks of Redis and this gateway */

static void
ngx_eiam_share_replay_observe(ngx_eiam_zone_t *zone,
    const ngx_eiam_position_t *position)
{
    uint64_t     now;
    ngx_time_t  *tp;

    tp = ngx_timeofday();
    now = (uint64_t) tp->sec * 1000 + tp->msec;

    ngx_eiam_metrics_observe(&zone->shared->metrics.revocations_delay,
                             (now > position->msec)
                             ? (ngx_msec_t) (now - position->msec) : 0);
}
