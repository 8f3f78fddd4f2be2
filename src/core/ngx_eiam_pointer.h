
/* Where a document has a value: a member's name, or a pointer (RFC 6901). */


#ifndef _NGX_EIAM_POINTER_H_INCLUDED_
#define _NGX_EIAM_POINTER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_document.h>


typedef struct {
    ngx_str_t      text;           /* as it was written; must be the first */
    ngx_str_t     *path;           /* names and indices, from the root on */
    ngx_uint_t     depth;
} ngx_eiam_pointer_t;


/*
 * A text that begins with "/" is a pointer, any other one a member's name.
 * NGX_OK; NGX_DECLINED: empty, or a "~" that stands for nothing; NGX_ERROR:
 * no memory.
 */
ngx_int_t ngx_eiam_pointer_read(const ngx_str_t *text, ngx_pool_t *pool,
    ngx_eiam_pointer_t *pointer);

/* do both lead to the same value, however they are written? */
ngx_uint_t ngx_eiam_pointer_equal(const ngx_eiam_pointer_t *a,
    const ngx_eiam_pointer_t *b);

/*
 * NGX_OK; NGX_DECLINED: there is nothing, or null; NGX_ERROR: the way leads
 * through something else than objects and arrays, then with document->fault,
 * or no memory.
 */
ngx_int_t ngx_eiam_pointer_find(const ngx_eiam_pointer_t *pointer,
    const ngx_eiam_node_t *root, ngx_eiam_node_t *node);


#endif /* _NGX_EIAM_POINTER_H_INCLUDED_ */
