
#include <ngx_eiam_redis_exchange.h>


#define NGX_EIAM_REDIS_IN  (16 * 1024)            /* bytes read at once */


static void ngx_eiam_redis_exchange_writable(ngx_event_t *ev);
static void ngx_eiam_redis_exchange_write(
    ngx_eiam_redis_connection_t *connection);
static void ngx_eiam_redis_exchange_readable(ngx_event_t *ev);
static void ngx_eiam_redis_exchange_read(
    ngx_eiam_redis_connection_t *connection);
static ngx_int_t ngx_eiam_redis_exchange_answers(
    ngx_eiam_redis_connection_t *connection);


ngx_int_t
ngx_eiam_redis_exchange_begin(ngx_eiam_redis_connection_t *connection)
{
    ngx_connection_t  *c;

    c = connection->peer.connection;

    c->read->handler = ngx_eiam_redis_exchange_readable;
    c->write->handler = ngx_eiam_redis_exchange_writable;

    if (ngx_handle_read_event(c->read, 0) != NGX_OK
        || ngx_handle_write_event(c->write, 0) != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* the event that brought the bytes before these may be over */

    if (c->read->ready) {
        ngx_post_event(c->read, &ngx_posted_events);
    }

    return NGX_OK;
}


void
ngx_eiam_redis_exchange_posted(ngx_event_t *ev)
{
    ngx_eiam_redis_connection_t  *connection;

    connection = ev->data;

    ngx_eiam_redis_connection_enter(connection);
    ngx_eiam_redis_exchange_write(connection);
    ngx_eiam_redis_connection_leave(connection);
}


static void
ngx_eiam_redis_exchange_writable(ngx_event_t *ev)
{
    ngx_connection_t             *c;
    ngx_eiam_redis_connection_t  *connection;

    c = ev->data;
    connection = c->data;

    ngx_eiam_redis_connection_enter(connection);
    ngx_eiam_redis_exchange_write(connection);
    ngx_eiam_redis_connection_leave(connection);
}


static void
ngx_eiam_redis_exchange_write(ngx_eiam_redis_connection_t *connection)
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
ngx_eiam_redis_exchange_readable(ngx_event_t *ev)
{
    ngx_connection_t             *c;
    ngx_eiam_redis_connection_t  *connection;

    c = ev->data;
    connection = c->data;

    ngx_eiam_redis_connection_enter(connection);
    ngx_eiam_redis_exchange_read(connection);
    ngx_eiam_redis_connection_leave(connection);
}


static void
ngx_eiam_redis_exchange_read(ngx_eiam_redis_connection_t *connection)
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
                                          "has sent a malformed answer", 0);
            return;
        }

        if (ngx_eiam_redis_exchange_answers(connection) != NGX_OK) {
            return;
        }
    }

    if (ngx_handle_read_event(c->read, 0) != NGX_OK) {
        ngx_eiam_redis_connection_end(connection, NGX_EIAM_REDIS_LOST,
                                      "cannot be waited for", 0);
    }
}


/* NGX_OK: the connection is still open, and has not been replaced */

static ngx_int_t
ngx_eiam_redis_exchange_answers(ngx_eiam_redis_connection_t *connection)
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
                                          "has sent a malformed answer", 0);
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
