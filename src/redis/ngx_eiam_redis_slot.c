
#include <ngx_eiam_redis_slot.h>


#define NGX_EIAM_REDIS_SLOTS_MAX  16384          /* commands that wait */


static ngx_eiam_redis_slot_t *ngx_eiam_redis_slot_take(
    ngx_eiam_redis_slots_t *slots);
static void ngx_eiam_redis_slot_move(ngx_eiam_redis_slots_t *slots,
    ngx_eiam_redis_slot_t *slot);
static void ngx_eiam_redis_slot_count(ngx_eiam_redis_slot_t *slot,
    ngx_eiam_redis_outcome_e outcome);
static ngx_eiam_redis_command_t *ngx_eiam_redis_slot_free(
    ngx_eiam_redis_slot_t *slot);


void
ngx_eiam_redis_slot_init(ngx_eiam_redis_slots_t *slots)
{
    ngx_queue_init(&slots->sent);
    ngx_queue_init(&slots->lost);
    ngx_queue_init(&slots->unused);
}


ngx_int_t
ngx_eiam_redis_slot_push(ngx_eiam_redis_slots_t *slots,
    ngx_eiam_redis_command_t *command)
{
    ngx_eiam_redis_slot_t  *slot;

    if (slots->nsent >= NGX_EIAM_REDIS_SLOTS_MAX) {
        return NGX_DECLINED;
    }

    slot = ngx_eiam_redis_slot_take(slots);
    if (slot == NULL) {
        return NGX_DECLINED;
    }

    slot->command = command;
    slot->verb = command->verb;
    slot->sent = ngx_current_msec;
    slot->expires = ngx_current_msec + command->timeout;
    slot->counted = 0;

    command->slot = slot;

    ngx_queue_insert_tail(&slots->sent, &slot->queue);
    slots->nsent++;

    if (!command->background) {
        slots->awaited++;
        slots->timer->cancelable = 0;
    }

    return NGX_OK;
}


static ngx_eiam_redis_slot_t *
ngx_eiam_redis_slot_take(ngx_eiam_redis_slots_t *slots)
{
    ngx_queue_t            *q;
    ngx_eiam_redis_slot_t  *slot;

    if (ngx_queue_empty(&slots->unused)) {

        slot = ngx_palloc(slots->pool, sizeof(ngx_eiam_redis_slot_t));
        if (slot) {
            slot->slots = slots;
        }

        return slot;
    }

    q = ngx_queue_head(&slots->unused);
    ngx_queue_remove(q);

    return ngx_queue_data(q, ngx_eiam_redis_slot_t, queue);
}


ngx_int_t
ngx_eiam_redis_slot_answer(ngx_eiam_redis_slots_t *slots,
    const ngx_eiam_redis_reply_t *reply, ngx_eiam_redis_verb_e *verb)
{
    ngx_queue_t               *q;
    ngx_eiam_redis_slot_t     *slot;
    ngx_eiam_redis_command_t  *command;

    if (ngx_queue_empty(&slots->sent)) {
        return NGX_DECLINED;
    }

    q = ngx_queue_head(&slots->sent);
    slot = ngx_queue_data(q, ngx_eiam_redis_slot_t, queue);

    *verb = slot->verb;
    slots->nsent--;

    ngx_eiam_redis_slot_count(slot, (reply->type == NGX_EIAM_REDIS_ERROR)
                                    ? NGX_EIAM_REDIS_REFUSED
                                    : NGX_EIAM_REDIS_ANSWERED);

    command = ngx_eiam_redis_slot_free(slot);

    if (command) {
        command->handler(command->data, reply);
    }

    return NGX_OK;
}


ngx_int_t
ngx_eiam_redis_slot_expire(ngx_eiam_redis_slots_t *slots, ngx_msec_t *due)
{
    ngx_queue_t            *q;
    ngx_eiam_redis_slot_t  *slot;

    if (ngx_queue_empty(&slots->sent)) {
        return NGX_DONE;
    }

    q = ngx_queue_head(&slots->sent);
    slot = ngx_queue_data(q, ngx_eiam_redis_slot_t, queue);
    *due = slot->sent + NGX_EIAM_REDIS_TIMEOUT;

    if ((ngx_msec_int_t) (*due - ngx_current_msec) <= 0) {
        return NGX_DECLINED;
    }

    for ( /* void */ ; q != ngx_queue_sentinel(&slots->sent);
          q = ngx_queue_next(q))
    {
        slot = ngx_queue_data(q, ngx_eiam_redis_slot_t, queue);

        if (slot->command == NULL) {
            continue;
        }

        if ((ngx_msec_int_t) (slot->expires - ngx_current_msec) <= 0) {
            ngx_eiam_redis_slot_move(slots, slot);

        } else if ((ngx_msec_int_t) (slot->expires - *due) < 0) {
            *due = slot->expires;
        }
    }

    return NGX_OK;
}


/* a lost slot takes the command; the slot itself still awaits the answer */

static void
ngx_eiam_redis_slot_move(ngx_eiam_redis_slots_t *slots,
    ngx_eiam_redis_slot_t *slot)
{
    ngx_eiam_redis_slot_t  *lost;

    lost = ngx_eiam_redis_slot_take(slots);
    if (lost == NULL) {
        return;
    }

    ngx_eiam_redis_slot_count(slot, NGX_EIAM_REDIS_UNANSWERED);

    *lost = *slot;
    lost->command->slot = lost;
    slot->command = NULL;

    ngx_queue_insert_tail(&slots->lost, &lost->queue);
}


void
ngx_eiam_redis_slot_lose(ngx_eiam_redis_slots_t *slots)
{
    ngx_queue_t            *q;
    ngx_eiam_redis_slot_t  *slot;

    while (!ngx_queue_empty(&slots->sent)) {

        q = ngx_queue_head(&slots->sent);
        slot = ngx_queue_data(q, ngx_eiam_redis_slot_t, queue);

        ngx_eiam_redis_slot_count(slot, NGX_EIAM_REDIS_UNANSWERED);

        ngx_queue_remove(q);
        ngx_queue_insert_tail(&slots->lost, q);
    }

    slots->nsent = 0;
}


static void
ngx_eiam_redis_slot_count(ngx_eiam_redis_slot_t *slot,
    ngx_eiam_redis_outcome_e outcome)
{
    if (slot->counted) {
        return;
    }

    slot->counted = 1;

    ngx_eiam_metrics_observe(&slot->slots->metrics
                                  ->commands[slot->verb][outcome],
                             ngx_current_msec - slot->sent);
}


void
ngx_eiam_redis_slot_finish(ngx_eiam_redis_slots_t *slots)
{
    ngx_queue_t               *q;
    ngx_eiam_redis_slot_t     *slot;
    ngx_eiam_redis_command_t  *command;

    while (!ngx_queue_empty(&slots->lost)) {

        q = ngx_queue_head(&slots->lost);
        slot = ngx_queue_data(q, ngx_eiam_redis_slot_t, queue);

        command = ngx_eiam_redis_slot_free(slot);

        if (command) {
            command->handler(command->data, NULL);
        }
    }
}


void
ngx_eiam_redis_slot_forget(ngx_eiam_redis_slots_t *slots)
{
    ngx_queue_t  *q;

    while (!ngx_queue_empty(&slots->lost)) {

        q = ngx_queue_head(&slots->lost);

        (void) ngx_eiam_redis_slot_free(
                          ngx_queue_data(q, ngx_eiam_redis_slot_t, queue));
    }
}


/* takes the slot out of its queue, and returns its command or NULL */

static ngx_eiam_redis_command_t *
ngx_eiam_redis_slot_free(ngx_eiam_redis_slot_t *slot)
{
    ngx_eiam_redis_command_t  *command;

    command = slot->command;

    if (command) {
        ngx_eiam_redis_command_detach(command);
    }

    ngx_queue_remove(&slot->queue);
    ngx_queue_insert_head(&slot->slots->unused, &slot->queue);

    return command;
}
