
/* The traffic of an open connection: commands, and their answers. */


#ifndef _NGX_EIAM_REDIS_EXCHANGE_H_INCLUDED_
#define _NGX_EIAM_REDIS_EXCHANGE_H_INCLUDED_


#include <ngx_eiam_redis_connection.h>


/* NGX_OK or NGX_ERROR */
ngx_int_t ngx_eiam_redis_exchange_begin(
    ngx_eiam_redis_connection_t *connection);

/* writes what was sent in this turn: the handler of connection->write */
void ngx_eiam_redis_exchange_posted(ngx_event_t *ev);


#endif /* _NGX_EIAM_REDIS_EXCHANGE_H_INCLUDED_ */
