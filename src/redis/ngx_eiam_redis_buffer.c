
#include <ngx_eiam_redis_buffer.h>


#define NGX_EIAM_REDIS_BUFFER_MIN  (16 * 1024)          /* bytes */
#define NGX_EIAM_REDIS_BUFFER_MAX  (4 * 1024 * 1024)


ngx_int_t
ngx_eiam_redis_buffer_reserve(ngx_eiam_redis_buffer_t *buffer, size_t size,
    ngx_log_t *log)
{
    size_t   len, room;
    u_char  *start;

    if (size <= (size_t) (buffer->end - buffer->last)) {
        return NGX_OK;
    }

    len = buffer->last - buffer->pos;

    if (size > NGX_EIAM_REDIS_BUFFER_MAX - len) {
        return NGX_DECLINED;
    }

    room = ngx_max(len + size, NGX_EIAM_REDIS_BUFFER_MIN / 2);
    room = ngx_min(2 * room, NGX_EIAM_REDIS_BUFFER_MAX);

    start = ngx_alloc(room, log);
    if (start == NULL) {
        return NGX_DECLINED;
    }

    if (buffer->start) {
        ngx_memcpy(start, buffer->pos, len);
        ngx_free(buffer->start);
    }

    buffer->start = start;
    buffer->pos = start;
    buffer->last = start + len;
    buffer->end = start + room;

    return NGX_OK;
}


void
ngx_eiam_redis_buffer_empty(ngx_eiam_redis_buffer_t *buffer)
{
    buffer->pos = buffer->start;
    buffer->last = buffer->start;
}


void
ngx_eiam_redis_buffer_free(ngx_eiam_redis_buffer_t *buffer)
{
    if (buffer->start) {
        ngx_free(buffer->start);
        ngx_memzero(buffer, sizeof(ngx_eiam_redis_buffer_t));
    }
}
