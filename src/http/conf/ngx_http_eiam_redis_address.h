
/* The addresses of eiam_redis. */


#ifndef _NGX_HTTP_EIAM_REDIS_ADDRESS_H_INCLUDED_
#define _NGX_HTTP_EIAM_REDIS_ADDRESS_H_INCLUDED_


#include <ngx_http_eiam.h>


/*
 * adds an address of the directive, after its parameters: NGX_OK or NGX_ERROR
 */
ngx_int_t ngx_http_eiam_redis_address_add(ngx_conf_t *cf,
    ngx_eiam_redis_t *redis, ngx_str_t *text);

/*
 * called when http has been read: resolves names, or leaves that to a resolver
 */
ngx_int_t ngx_http_eiam_redis_address_resolve(ngx_conf_t *cf);


#endif /* _NGX_HTTP_EIAM_REDIS_ADDRESS_H_INCLUDED_ */
