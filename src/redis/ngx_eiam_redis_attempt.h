
/*
 * An attempt of a link to reach the master: it resolves a name, asks a
 * Sentinel, connects, and greets Redis.
 */


#ifndef _NGX_EIAM_REDIS_ATTEMPT_H_INCLUDED_
#define _NGX_EIAM_REDIS_ATTEMPT_H_INCLUDED_


#include <ngx_eiam_redis_link.h>


/* handlers: of the link's timer, its lookup, and its connection */
void ngx_eiam_redis_attempt_step(ngx_event_t *ev);
void ngx_eiam_redis_attempt_found(void *data);
void ngx_eiam_redis_attempt_opened(void *data);

/*
 * Asks a link that is ready whether Redis is still the master: one that has
 * become a replica by a command keeps its clients, and goes on answering reads.
 */
void ngx_eiam_redis_attempt_check(ngx_eiam_redis_link_t *link);


#endif /* _NGX_EIAM_REDIS_ATTEMPT_H_INCLUDED_ */
