
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
    ngx_queue_t                  sent;       /* in this order */
    ngx_queue_t                  lost;       /* to be told that there is no
                                                answer */
    ngx_queue_t                  unused;
    ngx_uint_t                   nsent;
    ngx_uint_t                   awaited;    /* commands that a worker which
                                                exits waits for */
    ngx_event_t                 *timer;      /* not cancelable meanwhile */
} ngx_eiam_redis_slots_t;


struct ngx_eiam_redis_slot_s {
    ngx_queue_t                  queue;
    ngx_eiam_redis_slots_t      *slots;
    ngx_eiam_redis_command_t    *command;    /* NULL: nobody waits any more */
    ngx_eiam_redis_verb_e        verb;
    ngx_msec_t                   sent;
    ngx_msec_t                   expires;    /* the caller's patience */
    unsigned                     counted:1;
};


void ngx_eiam_redis_slot_init(ngx_eiam_redis_slots_t *slots);

/* a command that is sent: NGX_OK; NGX_DECLINED: too many wait, or no memory */
ngx_int_t ngx_eiam_redis_slot_push(ngx_eiam_redis_slots_t *slots,
    ngx_eiam_redis_command_t *command);

/*
 * The answer to the oldest command: calls its handler.  NGX_OK and the verb;
 * NGX_DECLINED: none waits.
 */
ngx_int_t ngx_eiam_redis_slot_answer(ngx_eiam_redis_slots_t *slots,
    const ngx_eiam_redis_reply_t *reply, ngx_eiam_redis_verb_e *verb);

/*
 * Who has waited long enough is lost, though the answer may still come.
 * NGX_OK, and when to look again; NGX_DONE: nobody waits; NGX_DECLINED: the
 * oldest answer has not come for too long.
 */
ngx_int_t ngx_eiam_redis_slot_expire(ngx_eiam_redis_slots_t *slots,
    ngx_msec_t *due);

/* all are lost */
void ngx_eiam_redis_slot_lose(ngx_eiam_redis_slots_t *slots);

#define ngx_eiam_redis_slot_is_lost(slots)  (!ngx_queue_empty(&(slots)->lost))

/* calls the handlers of the lost ones, with NULL */
void ngx_eiam_redis_slot_finish(ngx_eiam_redis_slots_t *slots);

/* calls nobody: what is lost is forgotten */
void ngx_eiam_redis_slot_forget(ngx_eiam_redis_slots_t *slots);


#endif /* _NGX_EIAM_REDIS_SLOT_H_INCLUDED_ */
