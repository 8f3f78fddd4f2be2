
#include <ngx_eiam_redis_link.h>


#define NGX_EIAM_REDIS_BACKOFF_MIN  10          /* ms */
#define NGX_EIAM_REDIS_BACKOFF_MAX  1000
#define NGX_EIAM_REDIS_SAY_AGAIN    60000       /* ms: the same once more */


static void ngx_eiam_redis_link_attempt(ngx_event_t *ev);
static void ngx_eiam_redis_link_connect(ngx_eiam_redis_link_t *link);
static void ngx_eiam_redis_link_opened(void *data);
static ngx_int_t ngx_eiam_redis_link_ask(ngx_eiam_redis_link_t *link,
    ngx_uint_t i, ngx_eiam_redis_verb_e verb, const ngx_str_t *args,
    ngx_uint_t nargs, ngx_eiam_redis_command_pt handler);
static void ngx_eiam_redis_link_authenticated(void *data,
    const ngx_eiam_redis_reply_t *reply);
static void ngx_eiam_redis_link_named(void *data,
    const ngx_eiam_redis_reply_t *reply);
static void ngx_eiam_redis_link_role(void *data,
    const ngx_eiam_redis_reply_t *reply);
static void ngx_eiam_redis_link_refused(void *data,
    ngx_eiam_redis_verb_e verb, const ngx_eiam_redis_reply_t *error);
static void ngx_eiam_redis_link_fail(ngx_eiam_redis_link_t *link,
    ngx_eiam_redis_result_e result, const char *reason);
static void ngx_eiam_redis_link_ended(void *data,
    ngx_eiam_redis_result_e result, const char *reason, ngx_err_t err);
static ngx_msec_t ngx_eiam_redis_link_delay(ngx_eiam_redis_link_t *link);
static void ngx_eiam_redis_link_say(ngx_eiam_redis_link_t *link,
    ngx_eiam_redis_result_e result, const char *reason, ngx_err_t err);
static void ngx_eiam_redis_link_destroyed(void *data);


/* errors after which another connection is needed */

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

    link->timer.handler = ngx_eiam_redis_link_attempt;
    link->timer.data = link;
    link->timer.log = ngx_cycle->log;
    link->timer.cancelable = 1;

    connection = &link->connection;

    connection->ssl = redis->ssl;
    connection->slots.pool = pool;
    connection->slots.metrics = metrics;
    connection->data = link;
    connection->opened = ngx_eiam_redis_link_opened;
    connection->ended = ngx_eiam_redis_link_ended;
    connection->refused = ngx_eiam_redis_link_refused;
    connection->destroyed = ngx_eiam_redis_link_destroyed;

    ngx_eiam_redis_connection_init(connection);

    return link;
}


void
ngx_eiam_redis_link_start(ngx_eiam_redis_link_t *link)
{
    ngx_add_timer(&link->timer, 0);
}


void
ngx_eiam_redis_link_close(ngx_eiam_redis_link_t *link)
{
    if (link->timer.timer_set) {
        ngx_del_timer(&link->timer);
    }

    link->state = NGX_EIAM_REDIS_DOWN;

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
                             : "has answered what cannot be");
}


/* each of the addresses once, beginning with the last one that was good */

static void
ngx_eiam_redis_link_attempt(ngx_event_t *ev)
{
    ngx_eiam_redis_link_t  *link;

    link = ev->data;

    ngx_eiam_redis_connection_enter(&link->connection);
    ngx_eiam_redis_link_connect(link);
    ngx_eiam_redis_connection_leave(&link->connection);
}


static void
ngx_eiam_redis_link_connect(ngx_eiam_redis_link_t *link)
{
    ngx_eiam_redis_address_t  *address;

    address = link->redis->addresses.elts;
    address += link->address;

    link->state = NGX_EIAM_REDIS_CONNECTING;

    if (address->naddrs == 0) {
        ngx_eiam_redis_link_ended(link, NGX_EIAM_REDIS_UNREACHABLE,
                                  "has a name without an address", 0);
        return;
    }

    ngx_eiam_redis_connection_open(&link->connection, &address->addrs[0]);
}


/* all in one write */

static void
ngx_eiam_redis_link_opened(void *data)
{
    ngx_eiam_redis_link_t  *link = data;

    ngx_str_t               credentials[2];
    const ngx_eiam_redis_t *redis;

    static const ngx_str_t  name[] = {
        ngx_string("SETNAME"),
        ngx_string("ngx_eiam")
    };

    redis = link->redis;

    credentials[0] = redis->user;
    credentials[1] = redis->password;

    if (redis->password.len
        && ngx_eiam_redis_link_ask(link, 0, NGX_EIAM_REDIS_AUTH,
                                   &credentials[redis->user.len ? 0 : 1],
                                   redis->user.len ? 2 : 1,
                                   ngx_eiam_redis_link_authenticated)
           != NGX_OK)
    {
        return;
    }

    if (ngx_eiam_redis_link_ask(link, 1, NGX_EIAM_REDIS_CLIENT, name, 2,
                                ngx_eiam_redis_link_named)
        != NGX_OK)
    {
        return;
    }

    (void) ngx_eiam_redis_link_ask(link, 2, NGX_EIAM_REDIS_ROLE, NULL, 0,
                                   ngx_eiam_redis_link_role);
}


static ngx_int_t
ngx_eiam_redis_link_ask(ngx_eiam_redis_link_t *link, ngx_uint_t i,
    ngx_eiam_redis_verb_e verb, const ngx_str_t *args, ngx_uint_t nargs,
    ngx_eiam_redis_command_pt handler)
{
    ngx_eiam_redis_command_t  *command;

    command = &link->commands[i];

    command->verb = verb;
    command->args = args;
    command->nargs = nargs;
    command->timeout = NGX_EIAM_REDIS_TIMEOUT;
    command->handler = handler;
    command->data = link;
    command->background = 1;

    if (ngx_eiam_redis_connection_send(&link->connection, command) == NGX_OK) {
        return NGX_OK;
    }

    ngx_eiam_redis_link_fail(link, NGX_EIAM_REDIS_UNREACHABLE,
                             "cannot be reached without memory");

    return NGX_ERROR;
}


/* NULL: the connection has ended, and that is told by itself */

static void
ngx_eiam_redis_link_authenticated(void *data,
    const ngx_eiam_redis_reply_t *reply)
{
    if (reply && !ngx_eiam_redis_reply_is(reply, "OK")) {
        ngx_eiam_redis_link_fail(data, NGX_EIAM_REDIS_DENIED,
                                 "has denied access");
    }
}


/* the name is for people who look at Redis */

static void
ngx_eiam_redis_link_named(void *data, const ngx_eiam_redis_reply_t *reply)
{
}


static void
ngx_eiam_redis_link_role(void *data, const ngx_eiam_redis_reply_t *reply)
{
    ngx_eiam_redis_link_t  *link = data;

    if (reply == NULL) {
        return;
    }

    if (reply->type == NGX_EIAM_REDIS_ERROR) {
        ngx_eiam_redis_link_fail(link, NGX_EIAM_REDIS_DENIED,
                                 "has denied access");
        return;
    }

    if (reply->type != NGX_EIAM_REDIS_ARRAY || reply->nelts == 0
        || !ngx_eiam_redis_reply_is(&reply->elts[0], "master"))
    {
        ngx_eiam_redis_link_fail(link, NGX_EIAM_REDIS_NO_MASTER,
                                 "is not the master");
        return;
    }

    link->state = NGX_EIAM_REDIS_GREETING;

    if (link->greet) {
        link->greet(link);
        return;
    }

    ngx_eiam_redis_link_ready(link);
}


static void
ngx_eiam_redis_link_refused(void *data, ngx_eiam_redis_verb_e verb,
    const ngx_eiam_redis_reply_t *reply)
{
    ngx_eiam_redis_link_t  *link = data;

    const ngx_eiam_redis_error_t  *error;

    for (error = ngx_eiam_redis_link_errors; error->word; error++) {

        if (ngx_eiam_redis_reply_is_error(reply, error->word)) {
            ngx_eiam_redis_link_fail(link, error->result, error->reason);
            return;
        }
    }
}


static void
ngx_eiam_redis_link_fail(ngx_eiam_redis_link_t *link,
    ngx_eiam_redis_result_e result, const char *reason)
{
    ngx_eiam_redis_connection_close(&link->connection);

    ngx_eiam_redis_link_ended(link, result, reason, 0);
}


static void
ngx_eiam_redis_link_ended(void *data, ngx_eiam_redis_result_e result,
    const char *reason, ngx_err_t err)
{
    ngx_eiam_redis_link_t  *link = data;

    ngx_msec_t  delay;
    ngx_uint_t  ready;

    ready = (link->state == NGX_EIAM_REDIS_READY);

    ngx_eiam_redis_link_say(link, result, reason, err);

    link->state = NGX_EIAM_REDIS_DOWN;
    delay = 0;

    if (ready || ++link->tried >= link->redis->addresses.nelts) {
        link->tried = 0;
        delay = ngx_eiam_redis_link_delay(link);
    }

    if (!ready) {
        link->address = (link->address + 1) % link->redis->addresses.nelts;
    }

    ngx_add_timer(&link->timer, delay);

    if (ready && link->down) {
        link->down(link);
    }
}


/*
 * Doubled with each failure, and after connections that were lost at once; a
 * part of it at random, so that gateways do not come all together.
 */

static ngx_msec_t
ngx_eiam_redis_link_delay(ngx_eiam_redis_link_t *link)
{
    ngx_msec_t  delay;

    if (link->since && ngx_current_msec - link->since
                       > NGX_EIAM_REDIS_BACKOFF_MAX)
    {
        link->backoff = NGX_EIAM_REDIS_BACKOFF_MIN;
    }

    link->since = 0;

    delay = link->backoff / 2 + ngx_random() % (link->backoff / 2 + 1);

    link->backoff = ngx_min(2 * link->backoff, NGX_EIAM_REDIS_BACKOFF_MAX);

    return delay;
}


/* at once when it is new, then once a minute */

static void
ngx_eiam_redis_link_say(ngx_eiam_redis_link_t *link,
    ngx_eiam_redis_result_e result, const char *reason, ngx_err_t err)
{
    ngx_uint_t                 level;
    ngx_eiam_redis_address_t  *address;

    ngx_eiam_metrics_add(&link->connection.slots.metrics
                              ->connections[result]);

    level = (result == NGX_EIAM_REDIS_CONNECTED) ? NGX_LOG_NOTICE : NGX_LOG_ERR;

    if (link->logged == result
        && (link->logged_at == 0 || ngx_current_msec - link->logged_at
                                    < NGX_EIAM_REDIS_SAY_AGAIN))
    {
        level = NGX_LOG_INFO;

    } else {
        link->logged_at = ngx_current_msec;
    }

    link->result = result;
    link->logged = result;

    address = link->redis->addresses.elts;

    ngx_log_error(level, ngx_cycle->log, err, "eiam: Redis at %V %s",
                  &address[link->address].name, reason);
}
