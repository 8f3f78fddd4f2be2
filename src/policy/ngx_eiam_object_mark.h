
/*
 * Marks of objects: which parameters of an operation name an object, and what
 * a request has there.
 */


#ifndef _NGX_EIAM_OBJECT_MARK_H_INCLUDED_
#define _NGX_EIAM_OBJECT_MARK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_document.h>
#include <ngx_eiam_operation.h>
#include <ngx_eiam_policy.h>


#define NGX_EIAM_OBJECT_KIND_MAX  64       /* bytes */


/*
 * Reads the mark of a parameter, which is that of a path item or, if own, of
 * the operation that is read; or of the components, then path is NULL.
 * NGX_OK, or NGX_ERROR with a fault.
 */
ngx_int_t ngx_eiam_object_mark_read(ngx_eiam_path_item_t *path,
    const ngx_eiam_node_t *parameter, ngx_uint_t own);

/*
 * The marks of an operation: those of its own parameters, and those of its
 * path item's parameters that it does not override.  NGX_OK, or NGX_ERROR: no
 * memory.
 */
ngx_int_t ngx_eiam_object_mark_collect(ngx_eiam_path_item_t *path,
    ngx_eiam_operation_t *operation);

/* whether the one list has all marks of the other */
ngx_uint_t ngx_eiam_object_mark_includes(const ngx_array_t *one,
    const ngx_array_t *other);

/*
 * The id in a path that fits the operation's template, decoded; in the path's
 * bytes.  NGX_OK, or NGX_DECLINED: it is not there.
 */
ngx_int_t ngx_eiam_object_mark_in_path(const ngx_eiam_object_mark_t *mark,
    const ngx_str_t *path, ngx_str_t *id);

/*
 * The id in a query.  NGX_OK; NGX_DECLINED: it is not there; NGX_ABORT: it is
 * there more than once, or in a way that some backends read otherwise;
 * NGX_ERROR: no memory.
 */
ngx_int_t ngx_eiam_object_mark_in_query(const ngx_eiam_object_mark_t *mark,
    const ngx_str_t *query, ngx_pool_t *pool, ngx_str_t *id);


#endif /* _NGX_EIAM_OBJECT_MARK_H_INCLUDED_ */
