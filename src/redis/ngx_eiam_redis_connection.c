
#include <ngx_eiam_redis_exchange.h>




static void ngx_eiam_redis_connection_event(ngx_event_t *event,
    ngx_event_handler_pt handler, void *data, ngx_log_t *log);
static void ngx_eiam_redis_connection_wait(ngx_event_t *ev);
static void ngx_eiam_redis_connection_established(
    ngx_eiam_redis_connection_t *connection);
static void ngx_eiam_redis_connection_handshake(ngx_connection_t *c);
static void ngx_eiam_redis_connection_verify(
    ngx_eiam_redis_connection_t *connection);
static void ngx_eiam_redis_connection_save(ngx_connection_t *c);
static void ngx_eiam_redis_connection_opened(
    ngx_eiam_redis_connection_t *connection);
static void ngx_eiam_redis_connection_finish_later(
    ngx_eiam_redis_connection_t *connection);
static void ngx_eiam_redis_connection_set_timer(
    ngx_eiam_redis_connection_t *connection, ngx_msec_t due);
static void ngx_eiam_redis_connection_finish(ngx_event_t *ev);
static void ngx_eiam_redis_connection_timer(ngx_event_t *ev);
static void ngx_eiam_redis_connection_expire(
    ngx_eiam_redis_connection_t *connection);


void
ngx_eiam_redis_connection_init(ngx_eiam_redis_connection_t *connection)
{
    /*
     * nginx would log each failed attempt, at levels of its own, so it gets a
     * log of its own.
     */

    connection->log = *ngx_cycle->log;
    connection->log.log_level = ngx_min(connection->log.log_level,
                                        NGX_LOG_ALERT);

    connection->slots.timer = &connection->timer;

    ngx_eiam_redis_slot_init(&connection->slots);

    ngx_eiam_redis_connection_event(&connection->write,
                                    ngx_eiam_redis_exchange_posted,
                                    connection, &connection->log);
    ngx_eiam_redis_connection_event(&connection->finish,
                                    ngx_eiam_redis_connection_finish,
                                    connection, &connection->log);
    ngx_eiam_redis_connection_event(&connection->timer,
                                    ngx_eiam_redis_connection_timer,
                                    connection, &connection->log);
}


static void
ngx_eiam_redis_connection_event(ngx_event_t *event,
    ngx_event_handler_pt handler, void *data, ngx_log_t *log)
{
    event->handler = handler;
    event->data = data;
    event->log = log;
    event->cancelable = 1;
}


void
ngx_eiam_redis_connection_open(ngx_eiam_redis_connection_t *connection,
    const ngx_addr_t *addr, const ngx_str_t *host)
{
    ngx_int_t          rc;
    ngx_err_t          err;
    ngx_connection_t  *c;

    connection->serial++;
    connection->host = *host;
    connection->detail = NULL;

    ngx_eiam_redis_reply_destroy_reader(connection->reader);
    connection->reader = ngx_eiam_redis_reply_create_reader(&connection->log);

    if (connection->reader == NULL) {
        ngx_eiam_redis_connection_end(connection, NGX_EIAM_REDIS_UNREACHABLE,
                                      "cannot be reached: no memory", 0);
        return;
    }

    ngx_memzero(&connection->peer, sizeof(ngx_peer_connection_t));

    connection->peer.sockaddr = addr->sockaddr;
    connection->peer.socklen = addr->socklen;
    connection->peer.name = (ngx_str_t *) &addr->name;
    connection->peer.get = ngx_event_get_peer;
    connection->peer.log = &connection->log;
    connection->peer.log_error = NGX_ERROR_ERR;

    rc = ngx_event_connect_peer(&connection->peer);

    if (rc != NGX_OK && rc != NGX_AGAIN) {
        err = ngx_socket_errno;
        ngx_eiam_redis_connection_end(connection, NGX_EIAM_REDIS_UNREACHABLE,
                                      "cannot be reached", err);
        return;
    }

    c = connection->peer.connection;

    c->data = connection;
    c->read->handler = ngx_eiam_redis_connection_wait;
    c->write->handler = ngx_eiam_redis_connection_wait;

    ngx_eiam_redis_connection_set_timer(connection, ngx_current_msec
                                                    + NGX_EIAM_REDIS_TIMEOUT);

    if (rc == NGX_OK) {
        ngx_eiam_redis_connection_established(connection);
    }
}


static void
ngx_eiam_redis_connection_wait(ngx_event_t *ev)
{
    int                           err;
    socklen_t                     len;
    ngx_connection_t             *c;
    ngx_eiam_redis_connection_t  *connection;

    c = ev->data;
    connection = c->data;

    err = 0;
    len = sizeof(int);

    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, (void *) &err, &len) == -1) {
        err = ngx_socket_errno;
    }

    ngx_eiam_redis_connection_enter(connection);

    if (err) {
        ngx_eiam_redis_connection_end(connection, NGX_EIAM_REDIS_UNREACHABLE,
                                      "cannot be reached", err);

    } else if (ev->write) {
        ngx_eiam_redis_connection_established(connection);
    }

    ngx_eiam_redis_connection_leave(connection);
}


static void
ngx_eiam_redis_connection_established(ngx_eiam_redis_connection_t *connection)
{
    ngx_connection_t  *c;

    c = connection->peer.connection;

    if (connection->peer.sockaddr->sa_family != AF_UNIX) {
        (void) ngx_tcp_nodelay(c);
    }

    if (connection->ssl == NULL) {
        ngx_eiam_redis_connection_opened(connection);
        return;
    }

    if (ngx_eiam_redis_ssl_handshake(c, connection->ssl, &connection->host,
                                     &connection->session,
                                     ngx_eiam_redis_connection_handshake,
                                     ngx_eiam_redis_connection_save)
        == NGX_AGAIN)
    {
        return;
    }

    ngx_eiam_redis_connection_verify(connection);
}


static void
ngx_eiam_redis_connection_handshake(ngx_connection_t *c)
{
    ngx_eiam_redis_connection_t  *connection;

    connection = c->data;

    ngx_eiam_redis_connection_enter(connection);
    ngx_eiam_redis_connection_verify(connection);
    ngx_eiam_redis_connection_leave(connection);
}


static void
ngx_eiam_redis_connection_verify(ngx_eiam_redis_connection_t *connection)
{
    ngx_connection_t  *c;

    c = connection->peer.connection;

    connection->detail = ngx_eiam_redis_ssl_fault(c);

    if (connection->detail) {
        ngx_eiam_redis_connection_end(connection, NGX_EIAM_REDIS_UNVERIFIED,
                                      "cannot be verified", 0);
        return;
    }

    ngx_eiam_redis_connection_opened(connection);
}


static void
ngx_eiam_redis_connection_save(ngx_connection_t *c)
{
    ngx_eiam_redis_connection_t  *connection;

    connection = c->data;

    ngx_eiam_redis_ssl_save(c, &connection->session);
}


static void
ngx_eiam_redis_connection_opened(ngx_eiam_redis_connection_t *connection)
{
    if (ngx_eiam_redis_exchange_begin(connection) != NGX_OK) {
        ngx_eiam_redis_connection_end(connection, NGX_EIAM_REDIS_UNREACHABLE,
                                      "cannot be waited for", 0);
        return;
    }

    ngx_del_timer(&connection->timer);

    connection->open = 1;
    connection->opened(connection->data);
}


void
ngx_eiam_redis_connection_end(ngx_eiam_redis_connection_t *connection,
    ngx_eiam_redis_result_e result, const char *reason, ngx_err_t err)
{
    ngx_eiam_redis_connection_close(connection);

    connection->ended(connection->data, result, reason, err);
}


/* the reader is kept: a caller may still be using its reply */

void
ngx_eiam_redis_connection_close(ngx_eiam_redis_connection_t *connection)
{
    ngx_pool_t        *pool;
    ngx_connection_t  *c;

    c = connection->peer.connection;

    connection->serial++;
    connection->open = 0;

    ngx_eiam_redis_buffer_empty(&connection->out);

    if (connection->timer.timer_set) {
        ngx_del_timer(&connection->timer);
    }

    if (connection->write.posted) {
        ngx_delete_posted_event(&connection->write);
    }

    if (c) {
        pool = c->pool;
        connection->peer.connection = NULL;

        ngx_eiam_redis_ssl_shutdown(c);
        ngx_close_connection(c);

        if (pool) {
            ngx_destroy_pool(pool);
        }
    }

    ngx_eiam_redis_slot_lose(&connection->slots);
    ngx_eiam_redis_connection_finish_later(connection);
}


static void
ngx_eiam_redis_connection_finish_later(ngx_eiam_redis_connection_t *connection)
{
    if (ngx_eiam_redis_slot_is_lost(&connection->slots)
        && !connection->finish.posted)
    {
        ngx_post_event(&connection->finish, &ngx_posted_events);
    }
}


void
ngx_eiam_redis_connection_destroy(ngx_eiam_redis_connection_t *connection)
{
    ngx_eiam_redis_connection_close(connection);

    if (connection->finish.posted) {
        ngx_delete_posted_event(&connection->finish);
    }

    ngx_eiam_redis_slot_forget(&connection->slots);

    connection->doomed = 1;

    ngx_eiam_redis_connection_enter(connection);
    ngx_eiam_redis_connection_leave(connection);
}


void
ngx_eiam_redis_connection_enter(ngx_eiam_redis_connection_t *connection)
{
    connection->busy++;
}


void
ngx_eiam_redis_connection_leave(ngx_eiam_redis_connection_t *connection)
{
    if (--connection->busy || !connection->doomed) {
        return;
    }

    ngx_eiam_redis_reply_destroy_reader(connection->reader);
    ngx_eiam_redis_buffer_free(&connection->out);
    ngx_eiam_redis_ssl_forget(&connection->session);

    connection->destroyed(connection->data);
}


ngx_int_t
ngx_eiam_redis_connection_send(ngx_eiam_redis_connection_t *connection,
    ngx_eiam_redis_command_t *command)
{
    if (!connection->open
        || ngx_eiam_redis_buffer_reserve(&connection->out,
                                         ngx_eiam_redis_command_size(command),
                                         &connection->log)
           != NGX_OK
        || ngx_eiam_redis_slot_push(&connection->slots, command) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    connection->out.last = ngx_eiam_redis_command_write(connection->out.last,
                                                        command);

    ngx_eiam_redis_connection_set_timer(connection, ngx_current_msec
                           + ngx_min(command->timeout, NGX_EIAM_REDIS_TIMEOUT));

    if (!connection->write.posted) {
        ngx_post_event(&connection->write, &ngx_posted_events);
    }

    return NGX_OK;
}


/* ngx_add_timer() keeps a timer that is at most 300 ms off: too much here */

static void
ngx_eiam_redis_connection_set_timer(ngx_eiam_redis_connection_t *connection,
    ngx_msec_t due)
{
    if (connection->timer.timer_set) {

        if ((ngx_msec_int_t) (due - connection->timer.timer.key) >= 0) {
            return;
        }

        ngx_del_timer(&connection->timer);
    }

    ngx_add_timer(&connection->timer, due - ngx_current_msec);
}


static void
ngx_eiam_redis_connection_finish(ngx_event_t *ev)
{
    ngx_eiam_redis_connection_t  *connection;

    connection = ev->data;

    ngx_eiam_redis_connection_enter(connection);
    ngx_eiam_redis_slot_finish(&connection->slots);
    ngx_eiam_redis_connection_leave(connection);
}


static void
ngx_eiam_redis_connection_timer(ngx_event_t *ev)
{
    ngx_eiam_redis_connection_t  *connection;

    connection = ev->data;

    ngx_eiam_redis_connection_enter(connection);

    if (connection->open) {
        ngx_eiam_redis_connection_expire(connection);

    } else {
        ngx_eiam_redis_connection_end(connection, NGX_EIAM_REDIS_UNREACHABLE,
                                      "cannot be reached", NGX_ETIMEDOUT);
    }

    ngx_eiam_redis_connection_leave(connection);
}


static void
ngx_eiam_redis_connection_expire(ngx_eiam_redis_connection_t *connection)
{
    ngx_int_t   rc;
    ngx_msec_t  due;

    rc = ngx_eiam_redis_slot_expire(&connection->slots, &due);

    if (rc == NGX_DECLINED) {
        ngx_eiam_redis_connection_end(connection, NGX_EIAM_REDIS_LOST,
                                      "has not answered in time", 0);
        return;
    }

    if (rc == NGX_OK) {
        ngx_eiam_redis_connection_finish_later(connection);
        ngx_eiam_redis_connection_set_timer(connection, due);
    }
}
