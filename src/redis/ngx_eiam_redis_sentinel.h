
/* The master that a Sentinel names. */


#ifndef _NGX_EIAM_REDIS_SENTINEL_H_INCLUDED_
#define _NGX_EIAM_REDIS_SENTINEL_H_INCLUDED_


#include <ngx_eiam_redis.h>
#include <ngx_eiam_redis_reply.h>


#define NGX_EIAM_REDIS_HOST_MAX  255            /* bytes */


typedef struct {
    ngx_eiam_redis_address_t    address;
    ngx_addr_t                  addr;           /* if the host is an address */
    ngx_sockaddr_t              sockaddr;
    u_char                      host[NGX_EIAM_REDIS_HOST_MAX + 1];
    u_char                      name[NGX_EIAM_REDIS_HOST_MAX
                                     + sizeof("[]:65535")];
} ngx_eiam_redis_master_t;


/*
 * Reads the answer to SENTINEL get-master-addr-by-name.  NGX_OK; NGX_DECLINED:
 * the Sentinel knows no such master; NGX_ERROR: the answer is malformed.
 */
ngx_int_t ngx_eiam_redis_sentinel_read(const ngx_eiam_redis_reply_t *reply,
    ngx_eiam_redis_master_t *master);


#endif /* _NGX_EIAM_REDIS_SENTINEL_H_INCLUDED_ */
