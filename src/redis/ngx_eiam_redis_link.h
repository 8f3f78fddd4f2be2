
/*
 * A link to the master of Redis: one connection of this worker, which is made
 * anew whenever it is lost.
 *
 *     link = ngx_eiam_redis_link_create(redis, metrics);
 *     link->greet = ...; link->ready = ...; link->data = ...;
 *     ngx_eiam_redis_link_start(link);
 *
 *     if (ngx_eiam_redis_link_send(link, &command) != NGX_OK) {
 *         the link is down, the handler is not called
 *     }
 *
 * Whatever is sent in one turn of the event loop is written at once, in the
 * order of sending; Redis answers in that order.
 */


#ifndef _NGX_EIAM_REDIS_LINK_H_INCLUDED_
#define _NGX_EIAM_REDIS_LINK_H_INCLUDED_


#include <ngx_eiam_redis.h>
#include <ngx_eiam_redis_command.h>
#include <ngx_eiam_redis_connection.h>
#include <ngx_eiam_redis_lookup.h>
#include <ngx_eiam_redis_sentinel.h>


typedef enum {
    NGX_EIAM_REDIS_DOWN = 0,             /* until the next attempt */
    NGX_EIAM_REDIS_LOCATING,             /* names, and a Sentinel */
    NGX_EIAM_REDIS_CONNECTING,           /* to Redis, until it is the master */
    NGX_EIAM_REDIS_GREETING,             /* the owner's greeting */
    NGX_EIAM_REDIS_READY
} ngx_eiam_redis_state_e;


typedef struct ngx_eiam_redis_link_s  ngx_eiam_redis_link_t;

typedef void (*ngx_eiam_redis_link_pt)(ngx_eiam_redis_link_t *link);


struct ngx_eiam_redis_link_s {

    /* set by the owner; each may be NULL */

    void                        *data;
    ngx_eiam_redis_link_pt       greet;  /* it is connected to the master:
                                            look at it by
                                            ngx_eiam_redis_link_greet(), then
                                            call .._link_ready() or .._drop() */
    ngx_eiam_redis_link_pt       ready;  /* commands can be sent */
    ngx_eiam_redis_link_pt       down;   /* they cannot any more; those under
                                            way are answered with NULL after
                                            that */

    /* for the owner to read */

    ngx_eiam_redis_state_e       state;
    ngx_eiam_redis_result_e      result; /* of the last attempt, or how the
                                            last connection ended */
    unsigned                     failed:1; /* an attempt, or a connection */

    /* private */

    ngx_pool_t                  *pool;
    const ngx_eiam_redis_t      *redis;
    ngx_eiam_redis_connection_t  connection;
    ngx_eiam_redis_command_t     commands[3];    /* of its own greeting */
    ngx_event_t                  timer;          /* until the next step */
    ngx_msec_t                   backoff;        /* ms */
    ngx_msec_t                   since;          /* when it became ready */
    ngx_msec_t                   began;          /* the attempt */
    ngx_msec_t                   checked;        /* when ROLE was last sent */

    ngx_eiam_redis_lookup_t      lookup;         /* of the address or master */
    ngx_str_t                    name;           /* of that, for messages */
    ngx_uint_t                   address;        /* of the configuration */
    ngx_uint_t                   tried;          /* addresses in this attempt */
    ngx_uint_t                   addr;           /* of the lookup */
    ngx_eiam_redis_master_t      master;         /* as a Sentinel says */
    unsigned                     located:1;      /* by that Sentinel */
    unsigned                     asked:1;        /* that got the password */
    unsigned                     brief:1;        /* the last connection was
                                                    lost at once */

    ngx_eiam_redis_result_e      logged;         /* the last that was logged */
    ngx_msec_t                   logged_at;
    ngx_msec_t                   refused_at;     /* of a command */
};


/* NULL: no memory */
ngx_eiam_redis_link_t *ngx_eiam_redis_link_create(
    const ngx_eiam_redis_t *redis, ngx_eiam_metrics_redis_t *metrics);

void ngx_eiam_redis_link_start(ngx_eiam_redis_link_t *link);

/* frees the link; no handler is called any more, not even of commands */
void ngx_eiam_redis_link_close(ngx_eiam_redis_link_t *link);

#define ngx_eiam_redis_link_is_ready(link)                                    \
    ((link)->state == NGX_EIAM_REDIS_READY)

/* NGX_OK; NGX_DECLINED: the link is not ready, or has too much to write */
ngx_int_t ngx_eiam_redis_link_send(ngx_eiam_redis_link_t *link,
    ngx_eiam_redis_command_t *command);

/* the same between greet() and .._ready(), for the owner's greeting */
ngx_int_t ngx_eiam_redis_link_greet(ngx_eiam_redis_link_t *link,
    ngx_eiam_redis_command_t *command);

void ngx_eiam_redis_link_ready(ngx_eiam_redis_link_t *link);

/*
 * Closes the connection, and looks for the master again.  For malformed
 * answers: the link itself does this after READONLY and similar errors.
 */
void ngx_eiam_redis_link_drop(ngx_eiam_redis_link_t *link,
    ngx_eiam_redis_result_e result);

/* for the attempt: the connection has been good for a while */
void ngx_eiam_redis_link_lasts(ngx_eiam_redis_link_t *link);

/* for the attempt: ends the connection, if there is one, and tries again */
void ngx_eiam_redis_link_fail(ngx_eiam_redis_link_t *link,
    ngx_eiam_redis_result_e result, const char *reason);
void ngx_eiam_redis_link_ended(void *data, ngx_eiam_redis_result_e result,
    const char *reason, ngx_err_t err);


#endif /* _NGX_EIAM_REDIS_LINK_H_INCLUDED_ */
