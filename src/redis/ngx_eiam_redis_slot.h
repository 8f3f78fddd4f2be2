
/* The commands of a connection that wait for their answers. */


#ifndef _NGX_EIAM_REDIS_SLOT_H_INCLUDED_
#define _NGX_EIAM_REDIS_SLOT_H_INCLUDED_


#include <ngx_event.h>
#include <ngx_eiam_redis_command.h>


/* ms for connecting, and for the oldest answer that is waited for */
#define NGX_EIAM_REDIS_TIMEOUT  500


typedef struct {
    ngx_pool_t                  *pool;
    ngx_eiam_metrics_redis_t    *metrics;
    ngx_queue_t                  sent;       /* in the order of sending */
    ngx_queue_t                  lost;       /* their handlers get NULL */
    ngx_queue_t                  unused;
    ngx_uint_t                   nsent;
    ngx_uint_t                   awaited;    /* commands that a worker which
                                                exits waits for */
    ngx_event_t                 *timer;      /* not cancelable while any is */
} ngx_eiam_redis_slots_t;


struct ngx_eiam_redis_slot_s {
    ngx_queue_t                  queue;
    ngx_eiam_redis_slots_t      *slots;
    ngx_eiam_redis_command_t    *command;    /* NULL: nobody waits any more */
    ngx_eiam_redis_verb_e        verb;
    ngx_msec_t                   sent;
    ngx_msec_t                   expires;    /* for the caller */
    unsigned                     counted:1;
};


void ngx_eiam_redis_slot_init(ngx_eiam_redis_slots_t *slots);

/* adds a command that is sent: NGX_OK; NGX_DECLINED: too many, or no memory */
ngx_int_t ngx_eiam_redis_slot_push(ngx_eiam_redis_slots_t *slots,
    ngx_eiam_redis_command_t *command);

/*
 * Calls the handler of the oldest command with its answer.  NGX_OK, and the
 * verb; NGX_DECLINED: no command waits.
 */
ngx_int_t ngx_eiam_redis_slot_answer(ngx_eiam_redis_slots_t *slots,
    const ngx_eiam_redis_reply_t *reply, ngx_eiam_redis_verb_e *verb);

/*
 * Commands whose timeout is over are lost, though their answers may still come.
 * NGX_OK, and when to look again; NGX_DONE: no command waits; NGX_DECLINED: the
 * oldest answer is overdue.
 */
ngx_int_t ngx_eiam_redis_slot_expire(ngx_eiam_redis_slots_t *slots,
    ngx_msec_t *due);

/* all commands are lost */
void ngx_eiam_redis_slot_lose(ngx_eiam_redis_slots_t *slots);

#define ngx_eiam_redis_slot_is_lost(slots)  (!ngx_queue_empty(&(slots)->lost))

/* calls the handlers of lost commands, with NULL */
void ngx_eiam_redis_slot_finish(ngx_eiam_redis_slots_t *slots);

/* frees the slots; the handlers of lost commands are not called */
void ngx_eiam_redis_slot_forget(ngx_eiam_redis_slots_t *slots);


#endif /* _NGX_EIAM_REDIS_SLOT_H_INCLUDED_ */
