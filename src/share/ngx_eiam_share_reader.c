
#include <ngx_eiam_redis_stream.h>
#include <ngx_eiam_share_absent.h>
#include <ngx_eiam_share_memory.h>
#include <ngx_eiam_share_reader.h>
#include <ngx_eiam_share_replay.h>
#include <ngx_eiam_share_unsent.h>


#define NGX_EIAM_SHARE_READER_TICK     100    /* ms */
#define NGX_EIAM_SHARE_READER_BLOCK    "250"  /* ms that XREAD waits */
#define NGX_EIAM_SHARE_READER_COUNT    256    /* entries at a time */
#define NGX_EIAM_SHARE_READER_TIMEOUT  750    /* ms */
#define NGX_EIAM_SHARE_READER_WRITE    1000   /* ms between two writes */

/* ms: an isolated old master goes on answering reads, but fails writes */
#define NGX_EIAM_SHARE_READER_WRITTEN  2000


struct ngx_eiam_share_reader_s {
    ngx_eiam_share_t          *share;
    ngx_eiam_redis_link_t     *link;        /* NULL: without the lease */
    uint32_t                   lease;
    ngx_event_t                tick;

    ngx_eiam_share_greet_t     greet;
    ngx_eiam_share_replay_t    replay;

    ngx_eiam_reader_place_t    place;       /* confirmed by Redis */
    ngx_eiam_reader_place_t    next;        /* applied, and to be confirmed */
    ngx_uint_t                 full;        /* flag: there is more to read */

    ngx_eiam_redis_command_t   read;
    ngx_eiam_redis_command_t   confirm;
    ngx_eiam_redis_command_t   trimmed;
    ngx_eiam_redis_command_t   write;
    ngx_msec_t                 sent;        /* when XREAD was sent */
    ngx_msec_t                 wrote;       /* when HSET was sent */
    ngx_msec_t                 written;     /* when the last acknowledged
                                               HSET was sent */
    ngx_eiam_position_t        told;        /* the last position sent by it */

    ngx_eiam_share_unsent_t    unsent;
    ngx_eiam_share_memory_t    memory;
    ngx_eiam_share_absent_t    absent;
    ngx_eiam_share_static_t    statics;

    unsigned                   lost:1;      /* place.unreadable is gone */
};


static void ngx_eiam_share_reader_tick(ngx_event_t *ev);
static void ngx_eiam_share_reader_open(ngx_eiam_share_reader_t *reader);
static void ngx_eiam_share_reader_close(ngx_eiam_share_reader_t *reader);
static void ngx_eiam_share_reader_greet(ngx_eiam_redis_link_t *link);
static void ngx_eiam_share_reader_ready(ngx_eiam_redis_link_t *link);
static void ngx_eiam_share_reader_replay(ngx_eiam_share_reader_t *reader);
static void ngx_eiam_share_reader_replayed(ngx_eiam_share_replay_t *replay);
static void ngx_eiam_share_reader_ask(ngx_eiam_share_reader_t *reader);
static ngx_int_t ngx_eiam_share_reader_write(
    ngx_eiam_share_reader_t *reader);
static void ngx_eiam_share_reader_wrote(void *data,
    const ngx_eiam_redis_reply_t *reply);
static void ngx_eiam_share_reader_read(void *data,
    const ngx_eiam_redis_reply_t *reply);
static void ngx_eiam_share_reader_trimmed(void *data,
    const ngx_eiam_redis_reply_t *reply);
static void ngx_eiam_share_reader_confirm(void *data,
    const ngx_eiam_redis_reply_t *reply);
static ngx_uint_t ngx_eiam_share_reader_is_there(
    const ngx_eiam_share_reader_t *reader,
    const ngx_eiam_redis_reply_t *reply);
static ngx_int_t ngx_eiam_share_reader_command(
    ngx_eiam_share_reader_t *reader, ngx_eiam_redis_command_t *command,
    ngx_eiam_redis_verb_e verb, const ngx_str_t *args, ngx_uint_t nargs,
    ngx_eiam_redis_command_pt handler);


ngx_eiam_share_reader_t *
ngx_eiam_share_reader_start(ngx_eiam_share_t *share)
{
    ngx_eiam_share_reader_t  *reader;

    reader = ngx_pcalloc(ngx_cycle->pool, sizeof(ngx_eiam_share_reader_t));
    if (reader == NULL) {
        return NULL;
    }

    reader->share = share;
    reader->unsent.share = share;
    reader->memory.share = share;
    reader->absent.share = share;
    reader->statics.share = share;

    reader->tick.handler = ngx_eiam_share_reader_tick;
    reader->tick.data = reader;
    reader->tick.log = ngx_cycle->log;
    reader->tick.cancelable = 1;

    ngx_add_timer(&reader->tick, 1 + ngx_random() % 20);

    return reader;
}


void
ngx_eiam_share_reader_stop(ngx_eiam_share_reader_t *reader)
{
    if (reader->tick.timer_set) {
        ngx_del_timer(&reader->tick);
    }

    ngx_eiam_share_reader_close(reader);
}


static void
ngx_eiam_share_reader_tick(ngx_event_t *ev)
{
    ngx_eiam_zone_t          *zone;
    ngx_eiam_share_reader_t  *reader;

    reader = ev->data;
    zone = reader->share->zone;

    if (ngx_exiting) {
        ngx_eiam_share_reader_close(reader);
        return;
    }

    if (reader->link == NULL) {

        if (ngx_eiam_reader_acquire(zone, &reader->lease) == NGX_OK) {
            ngx_eiam_share_reader_open(reader);
        }

    } else if (ngx_eiam_reader_renew(zone, reader->lease) != NGX_OK) {
        ngx_eiam_share_reader_close(reader);
    }

    ngx_add_timer(ev, NGX_EIAM_SHARE_READER_TICK);
}


static void
ngx_eiam_share_reader_open(ngx_eiam_share_reader_t *reader)
{
    ngx_eiam_share_t  *share;

    share = reader->share;

    reader->link = ngx_eiam_redis_link_create(share->redis,
                                        share->zone->shared->metrics.redis);
    if (reader->link == NULL) {
        ngx_eiam_reader_release(share->zone, reader->lease);
        return;
    }

    reader->link->data = reader;
    reader->link->greet = ngx_eiam_share_reader_greet;
    reader->link->ready = ngx_eiam_share_reader_ready;

    reader->replay.share = share;
    reader->replay.link = reader->link;
    reader->replay.handler = ngx_eiam_share_reader_replayed;
    reader->replay.data = reader;

    ngx_log_debug1(NGX_LOG_DEBUG_CORE, ngx_cycle->log, 0,
                   "eiam redis reader, lease %uD", reader->lease);

    ngx_eiam_redis_link_start(reader->link);
}


static void
ngx_eiam_share_reader_close(ngx_eiam_share_reader_t *reader)
{
    if (reader->link == NULL) {
        return;
    }

    ngx_eiam_reader_release(reader->share->zone, reader->lease);

    ngx_eiam_redis_link_close(reader->link);
    reader->link = NULL;

    ngx_eiam_share_static_end(&reader->replay.statics);
    ngx_eiam_share_static_end(&reader->statics);
}


static void
ngx_eiam_share_reader_greet(ngx_eiam_redis_link_t *link)
{
    ngx_eiam_share_reader_t  *reader;

    reader = link->data;

    ngx_eiam_share_greet(&reader->greet, reader->share, link);
}


static void
ngx_eiam_share_reader_ready(ngx_eiam_redis_link_t *link)
{
    ngx_eiam_share_reader_t  *reader;

    reader = link->data;

    reader->wrote = 0;
    reader->written = 0;
    reader->unsent.since = 0;
    reader->memory.asked = 0;
    reader->statics.looked = 0;

    if (ngx_eiam_reader_place(reader->share->zone, &reader->place) != NGX_OK) {
        ngx_eiam_share_reader_replay(reader);
        return;
    }

    ngx_eiam_share_reader_ask(reader);
}


static void
ngx_eiam_share_reader_replay(ngx_eiam_share_reader_t *reader)
{
    if (ngx_eiam_reader_begin(reader->share->zone, reader->lease) != NGX_OK) {
        ngx_eiam_share_reader_close(reader);
        return;
    }

    ngx_log_debug0(NGX_LOG_DEBUG_CORE, ngx_cycle->log, 0,
                   "eiam redis reader begins with the first entry");

    reader->statics.changes = reader->share->static_changes;

    ngx_eiam_share_replay(&reader->replay);
}


static void
ngx_eiam_share_reader_replayed(ngx_eiam_share_replay_t *replay)
{
    ngx_eiam_share_reader_t  *reader;

    reader = replay->data;
    reader->place = replay->place;
    reader->statics.looked = 1;

    if (ngx_eiam_reader_advance(reader->share->zone, reader->lease,
                                &reader->place, 0)
        != NGX_OK)
    {
        ngx_eiam_share_reader_close(reader);
        return;
    }

    ngx_eiam_share_reader_ask(reader);
}


/*
 * The order of these commands matters.  Commands after XREAD wait as long as it
 * does; and only an XRANGE after it shows that XREAD has read the same stream.
 */

static void
ngx_eiam_share_reader_ask(ngx_eiam_share_reader_t *reader)
{
    u_char     name[NGX_EIAM_REDIS_NAME_MAX], text[NGX_EIAM_POSITION_LEN];
    u_char     unreadable[NGX_EIAM_POSITION_LEN];
    ngx_int_t  rc;
    ngx_str_t  read[7], range[3];

    ngx_eiam_share_unsent_look(&reader->unsent);
    ngx_eiam_share_replay_look(&reader->replay);
    ngx_eiam_share_memory_look(&reader->memory);
    ngx_eiam_share_absent_look(&reader->absent);
    ngx_eiam_share_static_look(&reader->statics);

    rc = ngx_eiam_share_reader_write(reader);

    reader->sent = ngx_current_msec;
    reader->next = reader->place;
    reader->full = 0;
    reader->lost = 0;

    range[0].data = name;
    ngx_eiam_redis_name_stream(&reader->share->names, "", &range[0]);
    range[1].data = text;
    range[1].len = ngx_eiam_position_write(text, &reader->place.position)
                   - text;
    range[2] = range[1];

    ngx_str_set(&read[0], "COUNT");
    ngx_str_set(&read[1], "256");
    ngx_str_set(&read[2], "BLOCK");
    ngx_str_set(&read[3], NGX_EIAM_SHARE_READER_BLOCK);
    ngx_str_set(&read[4], "STREAMS");
    read[5] = range[0];
    read[6] = range[1];

    if (rc == NGX_OK) {
        rc = ngx_eiam_share_reader_command(reader, &reader->read,
                                           NGX_EIAM_REDIS_XREAD, read, 7,
                                           ngx_eiam_share_reader_read);
    }

    if (rc == NGX_OK && reader->place.unreadable.msec) {
        range[1].data = unreadable;
        range[1].len = ngx_eiam_position_write(unreadable,
                                               &reader->place.unreadable)
                       - unreadable;
        range[2] = range[1];

        rc = ngx_eiam_share_reader_command(reader, &reader->trimmed,
                                           NGX_EIAM_REDIS_XRANGE, range, 3,
                                           ngx_eiam_share_reader_trimmed);
        range[1] = read[6];
        range[2] = read[6];
    }

    if (rc == NGX_OK) {
        rc = ngx_eiam_share_reader_command(reader, &reader->confirm,
                                           NGX_EIAM_REDIS_XRANGE, range, 3,
                                           ngx_eiam_share_reader_confirm);
    }

    if (rc != NGX_OK) {
        ngx_eiam_share_replay_fail(reader->link, NGX_EIAM_REDIS_LOST);
    }
}


/* reports this gateway's position: once a second, and when it has changed */

static ngx_int_t
ngx_eiam_share_reader_write(ngx_eiam_share_reader_t *reader)
{
    u_char                       name[NGX_EIAM_REDIS_NAME_MAX];
    u_char                       field[NGX_EIAM_SHARE_READER_FIELD];
    u_char                       text[NGX_EIAM_REDIS_VALUE_MAX];
    u_char                       sealed[NGX_EIAM_SHARE_EVENT_MAX];
    ngx_str_t                    args[3], plain;
    ngx_eiam_share_t            *share;
    ngx_eiam_redis_gateway_t     gateway;
    ngx_eiam_redis_seal_place_t  place;

    share = reader->share;

    if (reader->wrote
        && ngx_current_msec - reader->wrote < NGX_EIAM_SHARE_READER_WRITE
        && ngx_eiam_position_compare(&reader->told, &reader->place.position)
           == 0)
    {
        return NGX_OK;
    }

    gateway.name = share->gateway;
    gateway.position = reader->place.position;
    gateway.time = ngx_time();
    ngx_str_set(&gateway.version, "1");

    ngx_eiam_share_event_place(share, NGX_EIAM_REDIS_SEAL_GATEWAY, "gw", name,
                               &place);
    place.part.data = field;
    place.part.len = NGX_EIAM_SHARE_READER_FIELD;
    ngx_eiam_share_reader_field(share->zone, field);

    plain.data = text;
    args[0] = place.key;
    args[1] = place.part;
    args[2].data = sealed;

    if (ngx_eiam_redis_value_write_gateway(&gateway, &plain) != NGX_OK
        || ngx_eiam_redis_seal_close(share->seal, &place, &plain, &args[2])
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    reader->wrote = ngx_current_msec;
    reader->told = reader->place.position;

    return ngx_eiam_share_reader_command(reader, &reader->write,
                                         NGX_EIAM_REDIS_HSET, args, 3,
                                         ngx_eiam_share_reader_wrote);
}


void
ngx_eiam_share_reader_field(const ngx_eiam_zone_t *zone, u_char *field)
{
    uint64_t  base;

    base = zone->shared->revocations.base;
    (void) ngx_hex_dump(field, (u_char *) &base, sizeof(uint64_t));
}


static void
ngx_eiam_share_reader_wrote(void *data, const ngx_eiam_redis_reply_t *reply)
{
    ngx_eiam_share_reader_t *reader = data;

    if (reply && reply->type == NGX_EIAM_REDIS_INTEGER) {
        reader->written = reader->wrote;
    }
}


static void
ngx_eiam_share_reader_read(void *data, const ngx_eiam_redis_reply_t *reply)
{
    ngx_eiam_share_reader_t *reader = data;

    ngx_int_t                      rc;
    ngx_uint_t                     i;
    const ngx_eiam_redis_reply_t  *entries;

    entries = NULL;
    rc = reply ? ngx_eiam_redis_stream_entries(reply, &entries) : NGX_ERROR;

    if (rc == NGX_ERROR) {
        ngx_eiam_share_replay_fail(reader->link, NGX_EIAM_REDIS_LOST);
        return;
    }

    if (rc == NGX_DECLINED) {
        return;
    }

    reader->full = (entries->nelts >= NGX_EIAM_SHARE_READER_COUNT);

    ngx_log_debug1(NGX_LOG_DEBUG_CORE, ngx_cycle->log, 0,
                   "eiam redis reader, entries: %ui", entries->nelts);

    for (i = 0; i < entries->nelts; i++) {

        if (ngx_eiam_share_replay_entry(reader->share, &reader->next,
                                        &entries->elts[i], 1)
            == NGX_ERROR)
        {
            ngx_eiam_share_replay_fail(reader->link, NGX_EIAM_REDIS_INVALID);
            return;
        }
    }
}


static void
ngx_eiam_share_reader_trimmed(void *data, const ngx_eiam_redis_reply_t *reply)
{
    ngx_eiam_share_reader_t *reader = data;

    reader->lost = (reply && reply->type == NGX_EIAM_REDIS_ARRAY
                    && reply->nelts == 0);
}


static void
ngx_eiam_share_reader_confirm(void *data, const ngx_eiam_redis_reply_t *reply)
{
    ngx_eiam_share_reader_t *reader = data;

    ngx_msec_t        sent;
    ngx_eiam_zone_t  *zone;

    zone = reader->share->zone;

    if (reply == NULL || reply->type != NGX_EIAM_REDIS_ARRAY) {
        ngx_eiam_share_replay_fail(reader->link, NGX_EIAM_REDIS_LOST);
        return;
    }

    if (!ngx_eiam_share_reader_is_there(reader, reply)) {

        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "eiam: the stream of revocations in Redis has a gap, so "
                      "it is read from its beginning");

        ngx_eiam_metrics_add(&zone->shared->metrics.redis_gaps);
        ngx_eiam_share_reader_replay(reader);
        return;
    }

    if (reader->lost
        && ngx_eiam_position_compare(&reader->next.unreadable,
                                     &reader->place.unreadable)
           == 0)
    {
        ngx_memzero(&reader->next.unreadable, sizeof(ngx_eiam_position_t));
    }

    reader->place = reader->next;

    sent = reader->sent;

    if (reader->full || reader->written == 0
        || sent - reader->written > NGX_EIAM_SHARE_READER_WRITTEN
        || !ngx_eiam_position_is_zero(&reader->place.unreadable))
    {
        sent = 0;
    }

    if (ngx_eiam_reader_advance(zone, reader->lease, &reader->place, sent)
        != NGX_OK)
    {
        ngx_eiam_share_reader_close(reader);
        return;
    }

    ngx_eiam_share_reader_ask(reader);
}


/* does the stream still have the last entry, with the same nonce? */

static ngx_uint_t
ngx_eiam_share_reader_is_there(const ngx_eiam_share_reader_t *reader,
    const ngx_eiam_redis_reply_t *reply)
{
    u_char                  nonce[NGX_EIAM_READER_NONCE];
    ngx_eiam_redis_entry_t  entry;

    if (reply->nelts != 1
        || ngx_eiam_redis_stream_entry(&reply->elts[0], &entry) != NGX_OK
        || ngx_eiam_position_compare(&entry.position, &reader->place.position)
           != 0)
    {
        return 0;
    }

    ngx_memzero(nonce, NGX_EIAM_READER_NONCE);

    if (entry.value.len > NGX_EIAM_READER_NONCE) {
        ngx_memcpy(nonce, entry.value.data + 1, NGX_EIAM_READER_NONCE);
    }

    return ngx_memcmp(nonce, reader->place.nonce, NGX_EIAM_READER_NONCE) == 0;
}


static ngx_int_t
ngx_eiam_share_reader_command(ngx_eiam_share_reader_t *reader,
    ngx_eiam_redis_command_t *command, ngx_eiam_redis_verb_e verb,
    const ngx_str_t *args, ngx_uint_t nargs,
    ngx_eiam_redis_command_pt handler)
{
    ngx_eiam_redis_command_set(command, verb, args, nargs,
                               NGX_EIAM_SHARE_READER_TIMEOUT, handler, reader);
    command->background = 1;

    return ngx_eiam_redis_link_send(reader->link, command);
}
