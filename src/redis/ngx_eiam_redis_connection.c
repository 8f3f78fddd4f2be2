
#include <ngx_eiam_redis_connection.h>


#define NGX_EIAM_REDIS_IN         (16 * 1024)


static void ngx_eiam_redis_connection_event(ngx_event_t *event,
    ngx_event_handler_pt handler, void *data, ngx_log_t *log);
static void ngx_eiam_redis_connection_wait(ngx_event_t *ev);
static void ngx_eiam_redis_connection_established(
    ngx_eiam_redis_connection_t *connection);
static void ngx_eiam_redis_connection_opened(
    ngx_eiam_redis_connection_t *connection);
static void ngx_eiam_redis_connection_end(
    ngx_eiam_redis_connection_t *connection, ngx_eiam_redis_result_e result,
    const char *reason, ngx_err_t err);
static void ngx_eiam_redis_connection_finish_later(
    ngx_eiam_redis_connection_t *connection);
static void ngx_eiam_redis_connection_set_timer(
    ngx_eiam_redis_connection_t *connection, ngx_msec_t due);
static void ngx_eiam_redis_connection_posted(ngx_event_t *ev);
static void ngx_eiam_redis_connection_writable(ngx_event_t *ev);
static void ngx_eiam_redis_connection_write(
    ngx_eiam_redis_connection_t *connection);
static void ngx_eiam_redis_connection_readable(ngx_event_t *ev);
static void ngx_eiam_redis_connection_read(
    ngx_eiam_redis_connection_t *connection);
static ngx_int_t ngx_eiam_redis_connection_answers(
    ngx_eiam_redis_connection_t *connection);
static void ngx_eiam_redis_connection_finish(ngx_event_t *ev);
static void ngx_eiam_redis_connection_timer(ngx_event_t *ev);
static void ngx_eiam_redis_connection_expire(
    ngx_eiam_redis_connection_t *connection);


void
ngx_eiam_redis_connection_init(ngx_eiam_redis_connection_t *connection)
{
    /* nginx says each failed attempt by itself, at levels of its own */

    connection->log = *ngx_cycle->log;
    connection->log.log_level = ngx_min(connection->log.log_level,
                                        NGX_LOG_ALERT);

    connection->slots.timer = &connection->timer;

    ngx_eiam_redis_slot_init(&connection->slots);

    ngx_eiam_redis_connection_event(&connection->write,
                                    ngx_eiam_redis_connection_posted,
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
    const ngx_addr_t *addr)
{
    ngx_int_t          rc;
    ngx_err_t          err;
    ngx_connection_t  *c;

    connection->serial++;

    ngx_eiam_redis_reply_destroy_reader(connection->reader);
    connection->reader = ngx_eiam_redis_reply_create_reader(&connection->log);

    if (connection->reader == NULL) {
        ngx_eiam_redis_connection_end(connection, NGX_EIAM_REDIS_UNREACHABLE,
                                      "cannot be reached without memory", 0);
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

    ngx_eiam_redis_connection_opened(connection);
}


static void
ngx_eiam_redis_connection_opened(ngx_eiam_redis_connection_t *connection)
{
    ngx_connection_t  *c;

    c = connection->peer.connection;

    c->read->handler = ngx_eiam_redis_connection_readable;
    c->write->handler = ngx_eiam_redis_connection_writable;

    if (ngx_handle_read_event(c->read, 0) != NGX_OK
        || ngx_handle_write_event(c->write, 0) != NGX_OK)
    {
        ngx_eiam_redis_connection_end(connection, NGX_EIAM_REDIS_UNREACHABLE,
                                      "cannot be waited for", 0);
        return;
    }

    /* the event of what came before may be over */

    if (c->read->ready) {
        ngx_post_event(c->read, &ngx_posted_events);
    }

    ngx_del_timer(&connection->timer);

    connection->open = 1;
    connection->opened(connection->data);
}


static void
ngx_eiam_redis_connection_end(ngx_eiam_redis_connection_t *connection,
    ngx_eiam_redis_result_e result, const char *reason, ngx_err_t err)
{
    ngx_eiam_redis_connection_close(connection);

    connection->ended(connection->data, result, reason, err);
}


/* the reader stays: its reply may be in use further up */

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

#if (NGX_SSL)
        if (c->ssl) {
            c->ssl->no_wait_shutdown = 1;
            (void) ngx_ssl_shutdown(c);
        }
#endif

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


/* nginx's own way leaves a timer that is up to 300 ms late as it is */

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
ngx_eiam_redis_connection_posted(ngx_event_t *ev)
{
    ngx_eiam_redis_connection_t  *connection;

    connection = ev->data;

    ngx_eiam_redis_connection_enter(connection);
    ngx_eiam_redis_connection_write(connection);
    ngx_eiam_redis_connection_leave(connection);
}


static void
ngx_eiam_redis_connection_writable(ngx_event_t *ev)
{
    ngx_connection_t             *c;
    ngx_eiam_redis_connection_t  *connection;

    c = ev->data;
    connection = c->data;

    ngx_eiam_redis_connection_enter(connection);
    ngx_eiam_redis_connection_write(connection);
    ngx_eiam_redis_connection_leave(connection);
}


static void
ngx_eiam_redis_connection_write(ngx_eiam_redis_connection_t *connection)
{
    ssize_t                   n;
    ngx_connection_t         *c;
    ngx_eiam_redis_buffer_t  *out;

    c = connection->peer.connection;
    out = &connection->out;

    while (out->pos < out->last) {

        if (!c->write->ready) {
            break;
        }

        n = c->send(c, out->pos, out->last - out->pos);

        if (n == NGX_AGAIN) {
            break;
        }

        if (n <= 0) {
            ngx_eiam_redis_connection_end(connection, NGX_EIAM_REDIS_LOST,
                                          "has closed the connection",
                                          ngx_socket_errno);
            return;
        }

        out->pos += n;
    }

    if (out->pos == out->last) {
        ngx_eiam_redis_buffer_empty(out);
    }

    if (ngx_handle_write_event(c->write, 0) != NGX_OK) {
        ngx_eiam_redis_connection_end(connection, NGX_EIAM_REDIS_LOST,
                                      "cannot be waited for", 0);
    }
}


static void
ngx_eiam_redis_connection_readable(ngx_event_t *ev)
{
    ngx_connection_t             *c;
    ngx_eiam_redis_connection_t  *connection;

    c = ev->data;
    connection = c->data;

    ngx_eiam_redis_connection_enter(connection);
    ngx_eiam_redis_connection_read(connection);
    ngx_eiam_redis_connection_leave(connection);
}


static void
ngx_eiam_redis_connection_read(ngx_eiam_redis_connection_t *connection)
{
    u_char             buf[NGX_EIAM_REDIS_IN];
    ssize_t            n;
    ngx_connection_t  *c;

    c = connection->peer.connection;

    for ( ;; ) {

        n = c->recv(c, buf, NGX_EIAM_REDIS_IN);

        if (n == NGX_AGAIN) {
            break;
        }

        if (n <= 0) {
            ngx_eiam_redis_connection_end(connection, NGX_EIAM_REDIS_LOST,
                                          "has closed the connection",
                                          n ? ngx_socket_errno : 0);
            return;
        }

        if (ngx_eiam_redis_reply_feed(connection->reader, buf, n) != NGX_OK) {
            ngx_eiam_redis_connection_end(connection, NGX_EIAM_REDIS_INVALID,
                                          "has sent what cannot be read", 0);
            return;
        }

        if (ngx_eiam_redis_connection_answers(connection) != NGX_OK) {
            return;
        }
    }

    if (ngx_handle_read_event(c->read, 0) != NGX_OK) {
        ngx_eiam_redis_connection_end(connection, NGX_EIAM_REDIS_LOST,
                                      "cannot be waited for", 0);
    }
}


/* NGX_OK: the connection is still that one */

static ngx_int_t
ngx_eiam_redis_connection_answers(ngx_eiam_redis_connection_t *connection)
{
    ngx_int_t                rc;
    ngx_uint_t               serial;
    ngx_eiam_redis_verb_e    verb;
    ngx_eiam_redis_reply_t  *reply;

    serial = connection->serial;

    for ( ;; ) {

        rc = ngx_eiam_redis_reply_next(connection->reader, &reply);

        if (rc == NGX_AGAIN) {
            return NGX_OK;
        }

        if (rc == NGX_ERROR) {
            ngx_eiam_redis_connection_end(connection, NGX_EIAM_REDIS_INVALID,
                                          "has sent what cannot be read", 0);
            return NGX_ERROR;
        }

        if (ngx_eiam_redis_slot_answer(&connection->slots, reply, &verb)
            != NGX_OK)
        {
            ngx_eiam_redis_connection_end(connection, NGX_EIAM_REDIS_INVALID,
                                          "has sent an answer that was not "
                                          "asked for", 0);
            return NGX_ERROR;
        }

        if (reply->type == NGX_EIAM_REDIS_ERROR
            && connection->serial == serial)
        {
            connection->refused(connection->data, verb, reply);
        }

        if (connection->serial != serial) {
            return NGX_ERROR;
        }
    }
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
