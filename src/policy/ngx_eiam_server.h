
#ifndef _NGX_EIAM_SERVER_H_INCLUDED_
#define _NGX_EIAM_SERVER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_document.h>


/*
 * Reads the path of the URL of the document's first server, without a slash at
 * its end and with the defaults of its variables; it is empty if there is no
 * server.  Further servers with another path are findings. NGX_OK, or NGX_ERROR
 * and a fault.
 */
ngx_int_t ngx_eiam_server_path(const ngx_eiam_node_t *root, ngx_pool_t *pool,
    ngx_str_t *path, ngx_array_t *findings);

/*
 * Adds the paths of the servers of a path item or an operation to an array of
 * ngx_str_t.  NGX_OK; NGX_DECLINED: a server cannot be read; NGX_ERROR: no
 * memory.
 */
ngx_int_t ngx_eiam_server_own(const ngx_eiam_node_t *servers,
    ngx_array_t *paths);


#endif /* _NGX_EIAM_SERVER_H_INCLUDED_ */
