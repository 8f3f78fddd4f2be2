
#include <ngx_eiam_share_memory.h>
#include <ngx_eiam_string.h>


#define NGX_EIAM_SHARE_MEMORY_AGAIN  60000     /* ms */


static void ngx_eiam_share_memory_answered(void *data,
    const ngx_eiam_redis_reply_t *reply);
static ngx_int_t ngx_eiam_share_memory_number(const ngx_str_t *text,
    const char *name, off_t *number);
static ngx_int_t ngx_eiam_share_memory_field(const ngx_str_t *text,
    const char *name, ngx_str_t *value);


void
ngx_eiam_share_memory_look(ngx_eiam_share_memory_t *memory)
{
    ngx_eiam_redis_command_t  *command;

    static const ngx_str_t  section = ngx_string("memory");

    command = &memory->command;

    if (command->slot
        || !ngx_eiam_share_is_ready(memory->share)
        || (memory->asked && ngx_current_msec - memory->asked
                             < NGX_EIAM_SHARE_MEMORY_AGAIN))
    {
        return;
    }

    ngx_eiam_redis_command_set(command, NGX_EIAM_REDIS_INFO, &section, 1,
                               NGX_EIAM_SHARE_TIMEOUT,
                               ngx_eiam_share_memory_answered, memory);
    command->background = 1;

    memory->asked = ngx_current_msec;

    (void) ngx_eiam_redis_link_send(memory->share->link, command);
}


/* whoever must not use INFO goes on without it */

static void
ngx_eiam_share_memory_answered(void *data, const ngx_eiam_redis_reply_t *reply)
{
    ngx_eiam_share_memory_t *memory = data;

    off_t                      used, max;
    ngx_str_t                  policy;
    ngx_uint_t                 evicts;
    ngx_eiam_metrics_redis_t  *metrics;

    static const ngx_str_t  noeviction = ngx_string("noeviction");

    if (reply == NULL || reply->type != NGX_EIAM_REDIS_STRING
        || ngx_eiam_share_memory_number(&reply->text, "used_memory", &used)
           != NGX_OK
        || ngx_eiam_share_memory_number(&reply->text, "maxmemory", &max)
           != NGX_OK
        || ngx_eiam_share_memory_field(&reply->text, "maxmemory_policy",
                                       &policy)
           != NGX_OK)
    {
        return;
    }

    metrics = ngx_eiam_share_metrics(memory->share);
    evicts = (max && !ngx_eiam_str_equal(&policy, &noeviction));

    if (evicts && !metrics->memory_evicts) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "eiam: Redis at %V removes keys when its memory is full, "
                      "also those of revocations: it should have "
                      "\"maxmemory-policy noeviction\"",
                      &memory->share->link->name);
    }

    metrics->memory_used = used;
    metrics->memory_max = max;
    metrics->memory_evicts = evicts;
    metrics->memory_known = ngx_time();
}


static ngx_int_t
ngx_eiam_share_memory_number(const ngx_str_t *text, const char *name,
    off_t *number)
{
    ngx_str_t  value;

    if (ngx_eiam_share_memory_field(text, name, &value) != NGX_OK) {
        return NGX_DECLINED;
    }

    *number = ngx_atoof(value.data, value.len);

    return (*number == NGX_ERROR) ? NGX_DECLINED : NGX_OK;
}


/* the value of a line, as in "maxmemory:0" */

static ngx_int_t
ngx_eiam_share_memory_field(const ngx_str_t *text, const char *name,
    ngx_str_t *value)
{
    size_t   len;
    u_char  *p, *end, *last;

    len = ngx_strlen(name);
    last = text->data + text->len;

    for (p = text->data; p < last; p = end + 1) {

        end = ngx_strlchr(p, last, LF);
        if (end == NULL) {
            end = last;
        }

        if ((size_t) (end - p) <= len || p[len] != ':'
            || ngx_memcmp(p, name, len) != 0)
        {
            continue;
        }

        value->data = p + len + 1;
        value->len = end - value->data;

        if (value->len && value->data[value->len - 1] == CR) {
            value->len--;
        }

        return NGX_OK;
    }

    return NGX_DECLINED;
}
