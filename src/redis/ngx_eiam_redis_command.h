
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
 * handler returns; NULL: there was no answer in time, or the connection was
 * lost, and nobody knows whether Redis has executed the command.  The handler
 * may send, detach, drop and close.
 */
typedef void (*ngx_eiam_redis_command_pt)(void *data,
    const ngx_eiam_redis_reply_t *reply);


/*
 * Belongs to the caller, who keeps it until its handler is called or it is
 * detached.  The arguments are copied when it is sent.
 */

typedef struct {
    ngx_eiam_redis_verb_e        verb;
    const ngx_str_t             *args;      /* behind the verb */
    ngx_uint_t                   nargs;
    ngx_msec_t                   timeout;   /* ms that the caller waits */
    ngx_eiam_redis_command_pt    handler;
    void                        *data;
    unsigned                     background:1;  /* a worker that exits does not
                                                   wait for it */

    ngx_eiam_redis_slot_t       *slot;      /* set while it is under way */
} ngx_eiam_redis_command_t;


/*
 * For callers that go away: the handler is not called any more, and the
 * answer, when it comes, finds nothing.  Harmless if it is not under way.
 */
void ngx_eiam_redis_command_detach(ngx_eiam_redis_command_t *command);

/* bytes that it takes at most, and how it is written: the end of it */
size_t ngx_eiam_redis_command_size(const ngx_eiam_redis_command_t *command);
u_char *ngx_eiam_redis_command_write(u_char *p,
    const ngx_eiam_redis_command_t *command);


#endif /* _NGX_EIAM_REDIS_COMMAND_H_INCLUDED_ */
