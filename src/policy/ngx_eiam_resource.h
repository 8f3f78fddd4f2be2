
/* Resources: which of the operations that fit a path is called by a method. */


#ifndef _NGX_EIAM_RESOURCE_H_INCLUDED_
#define _NGX_EIAM_RESOURCE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_compile.h>


/*
 * Compares the operations of a node with those that are left out at it, and
 * leaves an operation out unless everybody who may call it could call the
 * left-out ones, too.  Forms with and without "/" at the end that differ become
 * compiler->rivals.  NGX_OK; NGX_ABORT: there are enough of these; NGX_ERROR:
 * no memory.
 */
ngx_int_t ngx_eiam_resource_settle(ngx_eiam_compiler_t *compiler,
    ngx_eiam_tree_node_t *node);

/*
 * Makes the resource of a path that fits these nodes, the most concrete first;
 * it is NULL if they have no operation.  The results are the same.
 */
ngx_int_t ngx_eiam_resource_make(ngx_eiam_compiler_t *compiler,
    const ngx_array_t *nodes, ngx_uint_t slash,
    ngx_eiam_resource_t **resource);


#endif /* _NGX_EIAM_RESOURCE_H_INCLUDED_ */
