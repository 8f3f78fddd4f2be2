
/* The networks that an application calls from. */


#ifndef _NGX_EIAM_NETWORK_H_INCLUDED_
#define _NGX_EIAM_NETWORK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_document.h>


#define NGX_EIAM_NETWORKS_MAX      1024     /* of an application */
#define NGX_EIAM_NETWORK_TEXT_MAX  (NGX_INET6_ADDRSTRLEN + sizeof("/128"))


/*
 * Reads an array of addresses and networks (RFC 4632, section 3.1; RFC 4291,
 * section 2.3) into an array of ngx_cidr_t.  NULL: a fault of the document, or
 * no memory.
 */
ngx_array_t *ngx_eiam_network_read(const ngx_eiam_node_t *node,
    ngx_pool_t *pool);

/* writes a network as in the file, with its prefix; returns the end */
u_char *ngx_eiam_network_write(u_char *p, ngx_cidr_t *network);

/*
 * Is the address in one of the networks?  An IPv4-mapped address is the IPv4
 * address (RFC 4291, section 2.5.5.2); that of a unix socket is in none.
 */
ngx_uint_t ngx_eiam_network_has(ngx_array_t *networks,
    const struct sockaddr *address);


#endif /* _NGX_EIAM_NETWORK_H_INCLUDED_ */
