
#include <ngx_eiam_redis_attempt.h>


#define NGX_EIAM_REDIS_BACKOFF_MIN  10          /* ms */
#define NGX_EIAM_REDIS_BACKOFF_MAX  1000
#define NGX_EIAM_REDIS_CHECK        1000        /* ms: is it the master? */
#define NGX_EIAM_REDIS_SAY_AGAIN    60000       /* ms: repeats a message */


static void ngx_eiam_redis_link_refused(void *data,
    ngx_eiam_redis_verb_e verb, const ngx_eiam_redis_reply_t *error);
static void ngx_eiam_redis_link_say_refused(ngx_eiam_redis_link_t *link,
    ngx_eiam_redis_verb_e verb, const ngx_eiam_redis_reply_t *reply);
static ngx_msec_t ngx_eiam_redis_link_next(ngx_eiam_redis_link_t *link);
static ngx_msec_t ngx_eiam_redis_link_delay(ngx_eiam_redis_link_t *link);
static void ngx_eiam_redis_link_say(ngx_eiam_redis_link_t *link,
    ngx_eiam_redis_result_e result, const char *reason, ngx_err_t err);
static void ngx_eiam_redis_link_destroyed(void *data);


/* error replies after which the link connects anew */

typedef struct {
    const char                *word;
    ngx_eiam_redis_result_e    result;
    const char                *reason;
} ngx_eiam_redis_error_t;


static const ngx_eiam_redis_error_t  ngx_eiam_redis_link_errors[] = {
    { "READONLY", NGX_EIAM_REDIS_NO_MASTER, "is not the master" },
    { "MASTERDOWN", NGX_EIAM_REDIS_NO_MASTER, "is not the master" },
    { "UNBLOCKED", NGX_EIAM_REDIS_NO_MASTER, "is not the master" },
    { "LOADING", NGX_EIAM_REDIS_LOADING, "is loading its data" },
    { "NOAUTH", NGX_EIAM_REDIS_DENIED, "has denied access" },
    { "WRONGPASS", NGX_EIAM_REDIS_DENIED, "has denied access" },
    { "DENIED", NGX_EIAM_REDIS_DENIED, "has denied access" },
    { NULL, 0, NULL }
};


ngx_eiam_redis_link_t *
ngx_eiam_redis_link_create(const ngx_eiam_redis_t *redis,
    ngx_eiam_metrics_redis_t *metrics)
{
    ngx_pool_t                   *pool;
    ngx_eiam_redis_link_t        *link;
    ngx_eiam_redis_connection_t  *connection;

    pool = ngx_create_pool(NGX_DEFAULT_POOL_SIZE, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    link = ngx_pcalloc(pool, sizeof(ngx_eiam_redis_link_t));
    if (link == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    link->pool = pool;
    link->redis = redis;
    link->result = NGX_EIAM_REDIS_UNREACHABLE;
    link->backoff = NGX_EIAM_REDIS_BACKOFF_MIN;

    link->timer.handler = ngx_eiam_redis_attempt_step;
    link->timer.data = link;
    link->timer.log = ngx_cycle->log;
    link->timer.cancelable = 1;

    link->lookup.redis = redis;
    link->lookup.handler = ngx_eiam_redis_attempt_found;
    link->lookup.data = link;

    /* random, so that workers do not all begin with the same Sentinel */

    if (redis->sentinel.len) {
        link->address = ngx_random() % redis->addresses.nelts;
    }

    connection = &link->connection;

    connection->ssl = redis->ssl;
    connection->slots.pool = pool;
    connection->slots.metrics = metrics;
    connection->data = link;
    connection->opened = ngx_eiam_redis_attempt_opened;
    connection->ended = ngx_eiam_redis_link_ended;
    connection->refused = ngx_eiam_redis_link_refused;
    connection->destroyed = ngx_eiam_redis_link_destroyed;

    ngx_eiam_redis_connection_init(connection);

    return link;
}


void
ngx_eiam_redis_link_start(ngx_eiam_redis_link_t *link)
{
    link->began = ngx_current_msec;
    ngx_add_timer(&link->timer, 0);
}


void
ngx_eiam_redis_link_close(ngx_eiam_redis_link_t *link)
{
    if (link->timer.timer_set) {
        ngx_del_timer(&link->timer);
    }

    link->state = NGX_EIAM_REDIS_DOWN;

    ngx_eiam_redis_lookup_end(&link->lookup);
    ngx_eiam_redis_connection_destroy(&link->connection);
}


static void
ngx_eiam_redis_link_destroyed(void *data)
{
    ngx_eiam_redis_link_t  *link = data;

    ngx_destroy_pool(link->pool);
}


ngx_int_t
ngx_eiam_redis_link_send(ngx_eiam_redis_link_t *link,
    ngx_eiam_redis_command_t *command)
{
    if (link->state != NGX_EIAM_REDIS_READY) {
        return NGX_DECLINED;
    }

    if (ngx_current_msec - link->checked >= NGX_EIAM_REDIS_CHECK) {
        ngx_eiam_redis_attempt_check(link);
    }

    return ngx_eiam_redis_connection_send(&link->connection, command);
}


ngx_int_t
ngx_eiam_redis_link_greet(ngx_eiam_redis_link_t *link,
    ngx_eiam_redis_command_t *command)
{
    if (link->state != NGX_EIAM_REDIS_GREETING) {
        return NGX_DECLINED;
    }

    return ngx_eiam_redis_connection_send(&link->connection, command);
}


void
ngx_eiam_redis_link_ready(ngx_eiam_redis_link_t *link)
{
    if (link->state != NGX_EIAM_REDIS_GREETING) {
        return;
    }

    link->state = NGX_EIAM_REDIS_READY;
    link->since = ngx_current_msec;
    link->checked = ngx_current_msec;

    ngx_eiam_redis_link_say(link, NGX_EIAM_REDIS_CONNECTED, "is connected", 0);

    if (link->ready) {
        link->ready(link);
    }
}


void
ngx_eiam_redis_link_drop(ngx_eiam_redis_link_t *link,
    ngx_eiam_redis_result_e result)
{
    if (link->state < NGX_EIAM_REDIS_GREETING) {
        return;
    }

    ngx_eiam_redis_link_fail(link, result,
                             (result == NGX_EIAM_REDIS_OTHER_KEY)
                             ? "has values of another \"eiam_redis_key\""
                             : "has sent a malformed answer");
}


static void
ngx_eiam_redis_link_refused(void *data, ngx_eiam_redis_verb_e verb,
    const ngx_eiam_redis_reply_t *reply)
{
    ngx_eiam_redis_link_t  *link = data;

    const ngx_eiam_redis_error_t  *error;

    if (link->state == NGX_EIAM_REDIS_LOCATING) {
        return;
    }

    for (error = ngx_eiam_redis_link_errors; error->word; error++) {

        if (ngx_eiam_redis_reply_is_error(reply, error->word)) {
            ngx_eiam_redis_link_fail(link, error->result, error->reason);
            return;
        }
    }

    ngx_eiam_redis_link_say_refused(link, verb, reply);
}


/* logs only the first word of the error: the rest may contain keys */

static void
ngx_eiam_redis_link_say_refused(ngx_eiam_redis_link_t *link,
    ngx_eiam_redis_verb_e verb, const ngx_eiam_redis_reply_t *reply)
{
    ngx_str_t   word;
    ngx_uint_t  level;

    word = ngx_eiam_redis_reply_error_word(reply);
    level = NGX_LOG_INFO;

    if (link->refused_at == 0
        || ngx_current_msec - link->refused_at >= NGX_EIAM_REDIS_SAY_AGAIN)
    {
        level = NGX_LOG_ERR;
        link->refused_at = ngx_current_msec;
    }

    ngx_log_error(level, ngx_cycle->log, 0,
                  "eiam: Redis at %V refuses %V with %V", &link->name,
                  &ngx_eiam_metrics_redis_verbs[verb], &word);
}


void
ngx_eiam_redis_link_fail(ngx_eiam_redis_link_t *link,
    ngx_eiam_redis_result_e result, const char *reason)
{
    ngx_eiam_redis_connection_close(&link->connection);

    ngx_eiam_redis_link_ended(link, result, reason, 0);
}


void
ngx_eiam_redis_link_ended(void *data, ngx_eiam_redis_result_e result,
    const char *reason, ngx_err_t err)
{
    ngx_eiam_redis_link_t  *link = data;

    ngx_uint_t  ready;

    ready = (link->state == NGX_EIAM_REDIS_READY);

    if (ready) {
        link->brief = (ngx_current_msec - link->since
                       <= NGX_EIAM_REDIS_BACKOFF_MAX);
    }

    ngx_eiam_redis_link_say(link, result, reason, err);

    link->state = NGX_EIAM_REDIS_DOWN;

    if (ready) {
        link->addr = 0;
        link->tried = 0;
        link->located = 0;
        ngx_add_timer(&link->timer, ngx_eiam_redis_link_delay(link));

    } else {
        ngx_add_timer(&link->timer, ngx_eiam_redis_link_next(link));
    }

    if (ready && link->down) {
        link->down(link);
    }
}


/* chooses the next address, and when to try it */

static ngx_msec_t
ngx_eiam_redis_link_next(ngx_eiam_redis_link_t *link)
{
    if (link->addr + 1 < link->lookup.naddrs) {
        link->addr++;
        return 0;
    }

    link->addr = 0;
    link->located = 0;
    link->address = (link->address + 1) % link->redis->addresses.nelts;

    if (++link->tried < link->redis->addresses.nelts) {
        return 0;
    }

    link->tried = 0;

    return ngx_eiam_redis_link_delay(link);
}


/*
 * The delay doubles with each failure, and after connections that were lost at
 * once.  A part of it is random, so that gateways do not return all together.
 * The time that a failed attempt took is a part of the delay: while packets are
 * dropped, an attempt is under way, or the next one is near.
 */

static ngx_msec_t
ngx_eiam_redis_link_delay(ngx_eiam_redis_link_t *link)
{
    ngx_msec_t  delay, passed;

    passed = link->since ? 0 : ngx_current_msec - link->began;

    if (link->since && ngx_current_msec - link->since
                       > NGX_EIAM_REDIS_BACKOFF_MAX)
    {
        link->backoff = NGX_EIAM_REDIS_BACKOFF_MIN;
    }

    link->since = 0;
    link->failed = 1;

    delay = link->backoff / 2 + ngx_random() % (link->backoff / 2 + 1);

    delay = (passed < delay) ? delay - passed : NGX_EIAM_REDIS_BACKOFF_MIN;

    link->began = ngx_current_msec + delay;
    link->backoff = ngx_min(2 * link->backoff, NGX_EIAM_REDIS_BACKOFF_MAX);

    return delay;
}


/*
 * A new problem is logged at once, then once a minute.  While connections are
 * lost as soon as they are made, it is not logged that they are made.
 */

static void
ngx_eiam_redis_link_say(ngx_eiam_redis_link_t *link,
    ngx_eiam_redis_result_e result, const char *reason, ngx_err_t err)
{
    ngx_uint_t   level;
    const char  *detail;

    ngx_eiam_metrics_add(&link->connection.slots.metrics
                              ->connections[result]);

    level = (result == NGX_EIAM_REDIS_CONNECTED) ? NGX_LOG_NOTICE : NGX_LOG_ERR;

    link->result = result;

    if (result == NGX_EIAM_REDIS_CONNECTED && link->brief) {
        ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0, "eiam: Redis at %V %s",
                      &link->name, reason);
        return;
    }

    if (link->logged == result
        && (link->logged_at == 0 || ngx_current_msec - link->logged_at
                                    < NGX_EIAM_REDIS_SAY_AGAIN))
    {
        level = NGX_LOG_INFO;

    } else {
        link->logged_at = ngx_current_msec;
    }

    link->logged = result;

    detail = link->connection.detail;

    ngx_log_error(level, ngx_cycle->log, err, "eiam: Redis at %V %s%s%s",
                  &link->name, reason, detail ? ": " : "",
                  detail ? detail : "");

    link->connection.detail = NULL;
}


void
ngx_eiam_redis_link_lasts(ngx_eiam_redis_link_t *link)
{
    if (link->brief) {
        link->brief = 0;

        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "eiam: Redis at %V is connected", &link->name);

        link->logged = NGX_EIAM_REDIS_CONNECTED;
        link->logged_at = ngx_current_msec;
    }
}
