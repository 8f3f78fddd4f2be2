
#include <ngx_eiam_redis_stream.h>
#include <ngx_eiam_share_send.h>


#define NGX_EIAM_SHARE_SEND_TIMEOUT  1000     /* ms */
#define NGX_EIAM_SHARE_SEND_ENTRIES  "100000" /* of the stream: MAXLEN ~ */


/* commands of a revocation: at most one of each kind is under way */

typedef enum {
    NGX_EIAM_SHARE_SEND_BESIDE = 0,           /* tombstones and cuts */
    NGX_EIAM_SHARE_SEND_ENTRY,
    NGX_EIAM_SHARE_SEND_CUTS,
    NGX_EIAM_SHARE_SEND_COMMANDS
} ngx_eiam_share_send_e;


struct ngx_eiam_share_send_s {
    ngx_queue_t                    queue;       /* of all of the worker */
    ngx_eiam_share_t              *share;
    ngx_eiam_redis_link_t         *link;
    ngx_eiam_revocation_event_t    revocation;
    ngx_eiam_position_t            position;
    ngx_eiam_redis_command_t       commands[NGX_EIAM_SHARE_SEND_COMMANDS];
    ngx_uint_t                     pending;
    ngx_int_t                      rc;
    ngx_eiam_share_send_pt         handler;
    void                          *data;
    unsigned                       starting:1;
};


static ngx_int_t ngx_eiam_share_send_tombstone(ngx_eiam_share_send_t *send);
static ngx_int_t ngx_eiam_share_send_restore(ngx_eiam_share_send_t *send);
static ngx_int_t ngx_eiam_share_send_entry(ngx_eiam_share_send_t *send);
static ngx_int_t ngx_eiam_share_send_cuts(ngx_eiam_share_send_t *send);
static ngx_int_t ngx_eiam_share_send_cut(ngx_eiam_share_send_t *send);
static void ngx_eiam_share_send_beside(void *data,
    const ngx_eiam_redis_reply_t *reply);
static void ngx_eiam_share_send_added(void *data,
    const ngx_eiam_redis_reply_t *reply);
static void ngx_eiam_share_send_read_cuts(void *data,
    const ngx_eiam_redis_reply_t *reply);
static ngx_uint_t ngx_eiam_share_send_is_lower(
    const ngx_eiam_share_send_t *send, const ngx_str_t *field,
    const ngx_str_t *value);
static ngx_int_t ngx_eiam_share_send_command(ngx_eiam_share_send_t *send,
    ngx_eiam_share_send_e which, ngx_eiam_redis_verb_e verb,
    const ngx_str_t *args, ngx_uint_t nargs,
    ngx_eiam_redis_command_pt handler);
static void ngx_eiam_share_send_done(ngx_eiam_share_send_t *send,
    ngx_int_t rc);
static void ngx_eiam_share_send_destroy(ngx_eiam_share_send_t *send);


ngx_eiam_share_send_t *
ngx_eiam_share_send(ngx_eiam_share_t *share, ngx_eiam_redis_link_t *link,
    const ngx_eiam_revocation_event_t *revocation,
    ngx_eiam_share_send_pt handler, void *data)
{
    ngx_int_t               rc;
    ngx_eiam_share_send_t  *send;

    if (link == NULL || !ngx_eiam_redis_link_is_ready(link)) {
        return NULL;
    }

    send = ngx_calloc(sizeof(ngx_eiam_share_send_t), ngx_cycle->log);
    if (send == NULL) {
        return NULL;
    }

    send->share = share;
    send->link = link;
    send->revocation = *revocation;
    send->handler = handler;
    send->data = data;
    send->starting = 1;

    ngx_queue_insert_tail(&share->sends, &send->queue);

    if (revocation->kind == NGX_EIAM_REVOKED_TOKEN) {
        rc = revocation->undo ? ngx_eiam_share_send_restore(send)
                              : ngx_eiam_share_send_tombstone(send);
    } else {
        rc = NGX_OK;
    }

    if (rc == NGX_OK) {
        rc = ngx_eiam_share_send_entry(send);
    }

    send->starting = 0;

    if (rc == NGX_OK) {
        return send;
    }

    if (send->pending) {

        /* the last answer to what is under way frees it, without a handler */

        send->handler = NULL;
        send->rc = NGX_ERROR;
        return NULL;
    }

    ngx_eiam_share_send_destroy(send);

    return NULL;
}


void
ngx_eiam_share_send_detach(ngx_eiam_share_send_t *send)
{
    send->handler = NULL;
}


/* sent before the entry: who has read the entry must find the tombstone */

static ngx_int_t
ngx_eiam_share_send_tombstone(ngx_eiam_share_send_t *send)
{
    time_t                       life;
    u_char                       name[NGX_EIAM_REDIS_NAME_MAX];
    u_char                       ttl[NGX_TIME_T_LEN];
    u_char                       sealed[NGX_EIAM_SHARE_EVENT_MAX];
    ngx_str_t                    args[4];
    ngx_eiam_share_t            *share;
    ngx_eiam_redis_seal_place_t  place;

    share = send->share;

    life = ngx_min(send->revocation.expires - ngx_time(),
                   10 * NGX_EIAM_REVOCATION_LIFE);
    life = ngx_max(life, 1);

    place.kind = NGX_EIAM_REDIS_SEAL_TOMBSTONE;
    place.key.data = name;
    ngx_str_null(&place.part);

    if (ngx_eiam_redis_name_tombstone(&share->names, 0,
                                      send->revocation.subject, &place.key)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    args[0] = place.key;
    args[1].data = sealed;
    ngx_str_set(&args[2], "EX");
    args[3].data = ttl;
    args[3].len = ngx_sprintf(ttl, "%T", life) - ttl;

    if (ngx_eiam_share_event_seal(share, &place, &send->revocation, &args[1])
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_eiam_share_send_command(send, NGX_EIAM_SHARE_SEND_BESIDE,
                                       NGX_EIAM_REDIS_SET, args, 4,
                                       ngx_eiam_share_send_beside);
}


static ngx_int_t
ngx_eiam_share_send_restore(ngx_eiam_share_send_t *send)
{
    u_char             names[NGX_EIAM_REDIS_SEAL_LINES]
                            [NGX_EIAM_REDIS_NAME_MAX];
    ngx_str_t          args[NGX_EIAM_REDIS_SEAL_LINES];
    ngx_uint_t         line;
    ngx_eiam_share_t  *share;

    share = send->share;

    for (line = 0; line < share->seal->n; line++) {

        args[line].data = names[line];

        if (ngx_eiam_redis_name_tombstone(&share->names, line,
                                          send->revocation.subject,
                                          &args[line])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return ngx_eiam_share_send_command(send, NGX_EIAM_SHARE_SEND_BESIDE,
                                       NGX_EIAM_REDIS_DEL, args, line,
                                       ngx_eiam_share_send_beside);
}


static ngx_int_t
ngx_eiam_share_send_entry(ngx_eiam_share_send_t *send)
{
    u_char                       name[NGX_EIAM_REDIS_NAME_MAX];
    u_char                       sealed[NGX_EIAM_SHARE_EVENT_MAX];
    ngx_str_t                    args[7];
    ngx_eiam_redis_seal_place_t  place;

    ngx_eiam_share_event_place(send->share, NGX_EIAM_REDIS_SEAL_EVENT, "",
                               name, &place);

    args[0] = place.key;
    ngx_str_set(&args[1], "MAXLEN");
    ngx_str_set(&args[2], "~");
    ngx_str_set(&args[3], NGX_EIAM_SHARE_SEND_ENTRIES);
    ngx_str_set(&args[4], "*");
    ngx_str_set(&args[5], NGX_EIAM_REDIS_STREAM_FIELD);
    args[6].data = sealed;

    if (ngx_eiam_share_event_seal(send->share, &place, &send->revocation,
                                  &args[6])
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_eiam_share_send_command(send, NGX_EIAM_SHARE_SEND_ENTRY,
                                       NGX_EIAM_REDIS_XADD, args, 7,
                                       ngx_eiam_share_send_added);
}


/* a cut contains the position of the entry, which is only known now */

static void
ngx_eiam_share_send_added(void *data, const ngx_eiam_redis_reply_t *reply)
{
    ngx_eiam_share_send_t *send = data;

    if (reply == NULL || reply->type != NGX_EIAM_REDIS_STRING
        || ngx_eiam_position_read(&reply->text, &send->position) != NGX_OK
        || ngx_eiam_position_is_zero(&send->position))
    {
        ngx_eiam_share_send_done(send, NGX_ERROR);
        return;
    }

    if (send->revocation.kind != NGX_EIAM_REVOKED_TOKEN
        && send->rc == NGX_OK
        && ngx_eiam_share_send_cuts(send) != NGX_OK)
    {
        ngx_eiam_share_send_done(send, NGX_ERROR);
        return;
    }

    ngx_eiam_share_send_done(send, NGX_OK);
}


static ngx_int_t
ngx_eiam_share_send_cuts(ngx_eiam_share_send_t *send)
{
    u_char     name[NGX_EIAM_REDIS_NAME_MAX];
    ngx_str_t  key;

    if (!send->revocation.undo && !send->revocation.resent) {
        send->revocation.position = send->position;
    }

    if (!send->revocation.undo && ngx_eiam_share_send_cut(send) != NGX_OK) {
        return NGX_ERROR;
    }

    key.data = name;
    ngx_eiam_redis_name_stream(&send->share->names, "cut", &key);

    return ngx_eiam_share_send_command(send, NGX_EIAM_SHARE_SEND_CUTS,
                                       NGX_EIAM_REDIS_HGETALL, &key, 1,
                                       ngx_eiam_share_send_read_cuts);
}


static ngx_int_t
ngx_eiam_share_send_cut(ngx_eiam_share_send_t *send)
{
    u_char                        name[NGX_EIAM_REDIS_NAME_MAX];
    u_char                        field[NGX_EIAM_REDIS_NAME_FIELD];
    u_char                        sealed[NGX_EIAM_SHARE_EVENT_MAX];
    ngx_str_t                     args[3], id;
    ngx_eiam_share_t             *share;
    ngx_eiam_redis_seal_place_t   place;
    ngx_eiam_revocation_event_t   cut;

    share = send->share;

    id.data = send->revocation.subject;
    id.len = NGX_EIAM_REVOCATION_ID;

    ngx_eiam_share_event_place(share, NGX_EIAM_REDIS_SEAL_CUT, "cut", name,
                               &place);

    place.part.data = field;
    place.part.len = NGX_EIAM_REDIS_NAME_FIELD;

    if (ngx_eiam_redis_name_cut(&share->names, 0,
                                (send->revocation.kind == NGX_EIAM_REVOKED_ALL)
                                ? NULL : &id, field)
        != NGX_OK
        || ngx_eiam_redis_name_random(field + NGX_EIAM_REDIS_NAME_LEN,
                                      NGX_EIAM_REDIS_NAME_FIELD
                                      - NGX_EIAM_REDIS_NAME_LEN)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* a cut has no entry of its own, so it always contains the position */

    cut = send->revocation;
    cut.resent = 1;

    args[0] = place.key;
    args[1] = place.part;
    args[2].data = sealed;

    if (ngx_eiam_share_event_seal(share, &place, &cut, &args[2]) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_eiam_share_send_command(send, NGX_EIAM_SHARE_SEND_BESIDE,
                                       NGX_EIAM_REDIS_HSET, args, 3,
                                       ngx_eiam_share_send_beside);
}


/* of an application's cuts only the latest counts: deletes earlier ones */

static void
ngx_eiam_share_send_read_cuts(void *data, const ngx_eiam_redis_reply_t *reply)
{
    ngx_eiam_share_send_t *send = data;

    u_char       name[NGX_EIAM_REDIS_NAME_MAX];
    ngx_int_t    rc;
    ngx_str_t    args[1 + 64];
    ngx_uint_t   i, n;

    if (reply == NULL || reply->type != NGX_EIAM_REDIS_ARRAY) {
        ngx_eiam_share_send_done(send, NGX_ERROR);
        return;
    }

    args[0].data = name;
    ngx_eiam_redis_name_stream(&send->share->names, "cut", &args[0]);

    for (i = 0, n = 1; i + 1 < reply->nelts && n < 65; i += 2) {

        if (ngx_eiam_share_send_is_lower(send, &reply->elts[i].text,
                                         &reply->elts[i + 1].text))
        {
            args[n++] = reply->elts[i].text;
        }
    }

    rc = NGX_OK;

    if (n > 1) {
        rc = ngx_eiam_share_send_command(send, NGX_EIAM_SHARE_SEND_ENTRY,
                                         NGX_EIAM_REDIS_HDEL, args, n,
                                         ngx_eiam_share_send_beside);
    }

    ngx_eiam_share_send_done(send, rc);
}


static ngx_uint_t
ngx_eiam_share_send_is_lower(const ngx_eiam_share_send_t *send,
    const ngx_str_t *field, const ngx_str_t *value)
{
    u_char                       name[NGX_EIAM_REDIS_NAME_MAX];
    ngx_eiam_share_event_t       event;
    ngx_eiam_redis_seal_place_t  place;

    if (!ngx_eiam_share_event_is_cut(send->share, &send->revocation, field)) {
        return 0;
    }

    ngx_eiam_share_event_place(send->share, NGX_EIAM_REDIS_SEAL_CUT, "cut",
                               name, &place);
    place.part = *field;

    return ngx_eiam_share_event_open(send->share, &place, value,
                                     &send->position, &event)
           == NGX_OK
           && !event.hello
           && ngx_eiam_position_compare(&event.revocation.position,
                                        &send->revocation.position)
              < 0;
}


static void
ngx_eiam_share_send_beside(void *data, const ngx_eiam_redis_reply_t *reply)
{
    ngx_eiam_share_send_t *send = data;

    ngx_eiam_share_send_done(send, (reply == NULL
                                    || reply->type == NGX_EIAM_REDIS_ERROR)
                                   ? NGX_ERROR : NGX_OK);
}


static ngx_int_t
ngx_eiam_share_send_command(ngx_eiam_share_send_t *send,
    ngx_eiam_share_send_e which, ngx_eiam_redis_verb_e verb,
    const ngx_str_t *args, ngx_uint_t nargs,
    ngx_eiam_redis_command_pt handler)
{
    ngx_eiam_redis_command_t  *command;

    command = &send->commands[which];

    ngx_eiam_redis_command_set(command, verb, args, nargs,
                               NGX_EIAM_SHARE_SEND_TIMEOUT, handler, send);

    if (ngx_eiam_redis_link_send(send->link, command) != NGX_OK) {
        return NGX_ERROR;
    }

    send->pending++;

    return NGX_OK;
}


/* a command is done; after the last one the handler is called */

static void
ngx_eiam_share_send_done(ngx_eiam_share_send_t *send, ngx_int_t rc)
{
    ngx_eiam_zone_t  *zone;

    if (rc != NGX_OK) {
        send->rc = rc;
    }

    if (--send->pending || send->starting) {
        return;
    }

    zone = send->share->zone;

    ngx_log_debug3(NGX_LOG_DEBUG_CORE, ngx_cycle->log, 0,
                   "eiam revocation of %*xs is sent to redis: %i",
                   NGX_EIAM_TOKEN_ID_LEN, send->revocation.subject, send->rc);

    if (send->rc == NGX_OK) {
        ngx_eiam_zone_lock(zone);
        ngx_eiam_revocation_event_sent(zone->shared, &send->revocation,
                                       &send->position);
        ngx_eiam_zone_unlock(zone);
    }

    if (send->handler) {
        send->handler(send->data, send->rc, &send->position);
    }

    ngx_eiam_share_send_destroy(send);
}


static void
ngx_eiam_share_send_destroy(ngx_eiam_share_send_t *send)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_EIAM_SHARE_SEND_COMMANDS; i++) {
        ngx_eiam_redis_command_detach(&send->commands[i]);
    }

    ngx_queue_remove(&send->queue);
    ngx_free(send);
}


void
ngx_eiam_share_send_exit(ngx_eiam_share_t *share)
{
    ngx_queue_t  *q;

    while (!ngx_queue_empty(&share->sends)) {

        q = ngx_queue_head(&share->sends);

        ngx_eiam_share_send_destroy(ngx_queue_data(q, ngx_eiam_share_send_t,
                                                   queue));
    }
}
