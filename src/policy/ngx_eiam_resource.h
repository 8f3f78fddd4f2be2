
/*
 * Resources: which operation of those that fit a path is the one of a method.
 */


#ifndef _NGX_EIAM_RESOURCE_H_INCLUDED_
#define _NGX_EIAM_RESOURCE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_compile.h>


/*
 * Compares what a node has with what is left out at it: an operation is left
 * out too, unless whoever may call it could call the others as well.  NGX_OK,
 * or NGX_ABORT: its two forms differ, compiler->rivals.
 */
ngx_int_t ngx_eiam_resource_settle(ngx_eiam_compiler_t *compiler,
    ngx_eiam_tree_node_t *node);

/*
 * What a path that fits these nodes leads to, the most concrete first: NULL
 * if that is nothing.  NGX_OK; NGX_ABORT: compiler->rivals; NGX_ERROR.
 */
ngx_int_t ngx_eiam_resource_make(ngx_eiam_compiler_t *compiler,
    const ngx_array_t *nodes, ngx_uint_t slash,
    ngx_eiam_resource_t **resource);


#endif /* _NGX_EIAM_RESOURCE_H_INCLUDED_ */
