
/*
 * Marks of objects: which parameters of an operation name an object, and which
 * object a request names.
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
 * Reads the mark of a parameter: of the operation that is being read if "own"
 * is set, otherwise of the path item; of the components if path is NULL.
 *  NGX_OK, or NGX_ERROR with a fault.
 */
ngx_int_t ngx_eiam_object_mark_read(ngx_eiam_path_item_t *path,
    const ngx_eiam_node_t *parameter, ngx_uint_t own);

/*
 * Collects the marks of an operation: those of its own parameters, and those of
 * its path item's parameters that it does not override.  NGX_OK; NGX_ERROR: no
 * memory.
 */
ngx_int_t ngx_eiam_object_mark_collect(ngx_eiam_path_item_t *path,
    ngx_eiam_operation_t *operation);

/* does one list have all marks of the other? */
ngx_uint_t ngx_eiam_object_mark_includes(const ngx_array_t *one,
    const ngx_array_t *other);

/*
 * Finds the id in a decoded path that fits the operation's template; the id
 * points into the path.  NGX_OK; NGX_DECLINED: it is not there.
 */
ngx_int_t ngx_eiam_object_mark_in_path(const ngx_eiam_object_mark_t *mark,
    const ngx_str_t *path, ngx_str_t *id);

/*
 * Finds the id in a query.  NGX_OK; NGX_DECLINED: it is not there; NGX_ABORT:
 * it is there more than once, or backends may read it differently; NGX_ERROR:
 * no memory.
 */
ngx_int_t ngx_eiam_object_mark_in_query(const ngx_eiam_object_mark_t *mark,
    const ngx_str_t *query, ngx_pool_t *pool, ngx_str_t *id);


#endif /* _NGX_EIAM_OBJECT_MARK_H_INCLUDED_ */
