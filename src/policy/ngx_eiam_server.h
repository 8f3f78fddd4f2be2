
#ifndef _NGX_EIAM_SERVER_H_INCLUDED_
#define _NGX_EIAM_SERVER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_document.h>


/*
 * The path of the URL of the OpenAPI document's first server, without a slash
 * at its end, its variables replaced by their defaults; empty if there is no
 * server.  NGX_OK, or NGX_ERROR with a fault.
 */
ngx_int_t ngx_eiam_server_path(const ngx_eiam_node_t *root, ngx_pool_t *pool,
    ngx_str_t *path);

/* servers of a path item or an operation, as a member of it: NGX_ERROR */
ngx_int_t ngx_eiam_server_own(void *data, const ngx_eiam_node_t *servers,
    ngx_uint_t number);


#endif /* _NGX_EIAM_SERVER_H_INCLUDED_ */
