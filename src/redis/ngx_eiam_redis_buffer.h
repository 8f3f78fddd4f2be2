
/* The bytes to be written to a connection, in a buffer of limited size. */


#ifndef _NGX_EIAM_REDIS_BUFFER_H_INCLUDED_
#define _NGX_EIAM_REDIS_BUFFER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct {
    u_char    *start;
    u_char    *pos;                  /* the next byte to write */
    u_char    *last;
    u_char    *end;
} ngx_eiam_redis_buffer_t;


/* room behind buffer->last: NGX_OK, or NGX_DECLINED */
ngx_int_t ngx_eiam_redis_buffer_reserve(ngx_eiam_redis_buffer_t *buffer,
    size_t size, ngx_log_t *log);

void ngx_eiam_redis_buffer_empty(ngx_eiam_redis_buffer_t *buffer);
void ngx_eiam_redis_buffer_free(ngx_eiam_redis_buffer_t *buffer);


#endif /* _NGX_EIAM_REDIS_BUFFER_H_INCLUDED_ */
