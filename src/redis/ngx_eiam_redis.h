
/*
 * Redis as it is configured: where it is, and how a gateway presents itself.
 */


#ifndef _NGX_EIAM_REDIS_H_INCLUDED_
#define _NGX_EIAM_REDIS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>


/* an address of the directive, or one that a Sentinel named */

typedef struct {
    ngx_str_t            name;        /* with the port, for messages */
    ngx_str_t            host;        /* empty: a unix socket */
    in_port_t            port;
    ngx_addr_t          *addrs;
    ngx_uint_t           naddrs;      /* 0: the resolver is asked */
} ngx_eiam_redis_address_t;


typedef struct {
    ngx_array_t          addresses;   /* of ngx_eiam_redis_address_t */
    ngx_str_t            sentinel;    /* the master's name; empty: addresses
                                         are those of Redis itself */
    ngx_str_t            user;        /* empty: the default one */
    ngx_str_t            password;    /* empty: none */
    ngx_str_t            prefix;      /* of all keys */
    ngx_str_t            ssl_name;    /* empty: the host */
    ngx_ssl_t           *ssl;         /* NULL: without TLS */
    ngx_resolver_t      *resolver;    /* NULL: names are resolved at start */
    ngx_msec_t           resolver_timeout;
} ngx_eiam_redis_t;


#endif /* _NGX_EIAM_REDIS_H_INCLUDED_ */
