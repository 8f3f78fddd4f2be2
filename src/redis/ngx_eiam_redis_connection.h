
/*
 * One connection to Redis or to a Sentinel: TCP, a unix socket or TLS, with
 * the commands that wait for their answers.  The link opens the connection, and
 * is told how it ended.
 */


#ifndef _NGX_EIAM_REDIS_CONNECTION_H_INCLUDED_
#define _NGX_EIAM_REDIS_CONNECTION_H_INCLUDED_


#include <ngx_eiam_redis.h>
#include <ngx_eiam_redis_buffer.h>
#include <ngx_eiam_redis_slot.h>
#include <ngx_eiam_redis_ssl.h>
#include <ngx_event_connect.h>


typedef struct ngx_eiam_redis_connection_s  ngx_eiam_redis_connection_t;


struct ngx_eiam_redis_connection_s {
    ngx_ssl_t                   *ssl;        /* NULL: without TLS */
    ngx_eiam_redis_slots_t       slots;      /* pool and metrics are set */

    void                        *data;
    void                       (*opened)(void *data);
    void                       (*ended)(void *data,
                                   ngx_eiam_redis_result_e result,
                                   const char *reason, ngx_err_t err);
    void                       (*refused)(void *data,
                                   ngx_eiam_redis_verb_e verb,
                                   const ngx_eiam_redis_reply_t *error);
    void                       (*destroyed)(void *data);

    ngx_log_t                    log;        /* of nginx: alerts only */
    ngx_peer_connection_t        peer;
    ngx_str_t                    host;       /* verified by TLS */
    ngx_eiam_redis_session_t     session;
    const char                  *detail;     /* why TLS failed; or NULL */
    ngx_eiam_redis_reader_t     *reader;

    ngx_eiam_redis_buffer_t      out;

    ngx_event_t                  write;      /* posted once per turn */
    ngx_event_t                  finish;     /* posted for lost commands */
    ngx_event_t                  timer;
    ngx_uint_t                   serial;     /* of this connection */
    ngx_uint_t                   busy;       /* running handlers */
    unsigned                     open:1;     /* commands can be sent */
    unsigned                     doomed:1;   /* freed when not busy */
};


/* sets up a connection whose owner has set its first members */
void ngx_eiam_redis_connection_init(
    ngx_eiam_redis_connection_t *connection);

/*
 * Opens the connection.  Then opened() or ended() is called, perhaps before
 * this returns.  With TLS "host" is verified.  The address and the host must
 * stay valid until then.
 */
void ngx_eiam_redis_connection_open(ngx_eiam_redis_connection_t *connection,
    const ngx_addr_t *addr, const ngx_str_t *host);

/* closes the connection, and calls ended() */
void ngx_eiam_redis_connection_end(ngx_eiam_redis_connection_t *connection,
    ngx_eiam_redis_result_e result, const char *reason, ngx_err_t err);

/* the same without ended(); handlers of commands are called later, with NULL */
void ngx_eiam_redis_connection_close(ngx_eiam_redis_connection_t *connection);

/*
 * Frees the connection and calls destroyed(), but no other handler.  If one of
 * its handlers is running, this is done when that has returned.
 */
void ngx_eiam_redis_connection_destroy(
    ngx_eiam_redis_connection_t *connection);

/* NGX_OK; NGX_DECLINED: it is not open, or too many commands are waiting */
ngx_int_t ngx_eiam_redis_connection_send(
    ngx_eiam_redis_connection_t *connection,
    ngx_eiam_redis_command_t *command);

/* these two enclose whatever calls handlers of the owner */
void ngx_eiam_redis_connection_enter(ngx_eiam_redis_connection_t *connection);
void ngx_eiam_redis_connection_leave(ngx_eiam_redis_connection_t *connection);


#endif /* _NGX_EIAM_REDIS_CONNECTION_H_INCLUDED_ */
