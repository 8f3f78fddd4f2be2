
/*
 * Commands to Redis: their words, and how they are written (RESP2).
 */


#ifndef _NGX_EIAM_REDIS_COMMAND_H_INCLUDED_
#define _NGX_EIAM_REDIS_COMMAND_H_INCLUDED_


#include <ngx_eiam_metrics.h>
#include <ngx_eiam_redis_reply.h>


typedef struct ngx_eiam_redis_slot_s  ngx_eiam_redis_slot_t;


/*
 * Called once for each command that was sent.  The reply is valid until the
 * handler returns.  It is NULL if there was no answer in time, or if the
 * connection was lost; then nobody knows whether Redis has executed the
 * command.  The handler may send and detach commands, and drop and close the
 * connection.
 */
typedef void (*ngx_eiam_redis_command_pt)(void *data,
    const ngx_eiam_redis_reply_t *reply);


/*
 * A command belongs to the caller, who keeps it until its handler is called or
 * the command is detached.  The arguments are copied when it is sent.
 */

typedef struct {
    ngx_eiam_redis_verb_e        verb;
    const ngx_str_t             *args;      /* after the verb */
    ngx_uint_t                   nargs;
    ngx_msec_t                   timeout;   /* ms that the caller waits */
    ngx_eiam_redis_command_pt    handler;
    void                        *data;
    unsigned                     background:1;  /* a worker that exits does not
                                                   wait for the answer */

    ngx_eiam_redis_slot_t       *slot;      /* NULL: not under way */
} ngx_eiam_redis_command_t;


/* sets up a command that is not under way; it is sent by its link */
void ngx_eiam_redis_command_set(ngx_eiam_redis_command_t *command,
    ngx_eiam_redis_verb_e verb, const ngx_str_t *args, ngx_uint_t nargs,
    ngx_msec_t timeout, ngx_eiam_redis_command_pt handler, void *data);

/*
 * For callers that go away: the handler is not called any more, and the answer
 * is discarded when it comes.  Harmless if the command is not under way.
 */
void ngx_eiam_redis_command_detach(ngx_eiam_redis_command_t *command);

/* the size of a written command at most; writes it, and returns its end */
size_t ngx_eiam_redis_command_size(const ngx_eiam_redis_command_t *command);
u_char *ngx_eiam_redis_command_write(u_char *p,
    const ngx_eiam_redis_command_t *command);


#endif /* _NGX_EIAM_REDIS_COMMAND_H_INCLUDED_ */
