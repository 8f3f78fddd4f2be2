
#include <ngx_eiam_redis_command.h>
#include <ngx_eiam_redis_slot.h>


/* "$", a length and two line ends */
#define NGX_EIAM_REDIS_ARGUMENT  (1 + NGX_SIZE_T_LEN + 4)


static u_char *ngx_eiam_redis_command_argument(u_char *p,
    const ngx_str_t *argument);


void
ngx_eiam_redis_command_set(ngx_eiam_redis_command_t *command,
    ngx_eiam_redis_verb_e verb, const ngx_str_t *args, ngx_uint_t nargs,
    ngx_msec_t timeout, ngx_eiam_redis_command_pt handler, void *data)
{
    ngx_memzero(command, sizeof(ngx_eiam_redis_command_t));

    command->verb = verb;
    command->args = args;
    command->nargs = nargs;
    command->timeout = timeout;
    command->handler = handler;
    command->data = data;
}


size_t
ngx_eiam_redis_command_size(const ngx_eiam_redis_command_t *command)
{
    size_t      size;
    ngx_uint_t  i;

    size = 2 * NGX_EIAM_REDIS_ARGUMENT
           + ngx_eiam_metrics_redis_verbs[command->verb].len;

    for (i = 0; i < command->nargs; i++) {
        size += NGX_EIAM_REDIS_ARGUMENT + command->args[i].len;
    }

    return size;
}


u_char *
ngx_eiam_redis_command_write(u_char *p, const ngx_eiam_redis_command_t *command)
{
    ngx_uint_t  i;

    p = ngx_sprintf(p, "*%ui" CRLF, command->nargs + 1);
    p = ngx_eiam_redis_command_argument(p,
                              &ngx_eiam_metrics_redis_verbs[command->verb]);

    for (i = 0; i < command->nargs; i++) {
        p = ngx_eiam_redis_command_argument(p, &command->args[i]);
    }

    return p;
}


static u_char *
ngx_eiam_redis_command_argument(u_char *p, const ngx_str_t *argument)
{
    p = ngx_sprintf(p, "$%uz" CRLF, argument->len);
    p = ngx_cpymem(p, argument->data, argument->len);

    *p++ = CR;
    *p++ = LF;

    return p;
}


void
ngx_eiam_redis_command_detach(ngx_eiam_redis_command_t *command)
{
    ngx_eiam_redis_slot_t   *slot;
    ngx_eiam_redis_slots_t  *slots;

    slot = command->slot;

    if (slot == NULL) {
        return;
    }

    slots = slot->slots;

    if (!command->background && --slots->awaited == 0) {
        slots->timer->cancelable = 1;
    }

    slot->command = NULL;
    command->slot = NULL;
}
