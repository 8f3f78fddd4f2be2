
/*
 * A configured place of a value in a document: the name of a member, or a JSON
 * pointer (RFC 6901).
 */


#ifndef _NGX_EIAM_POINTER_H_INCLUDED_
#define _NGX_EIAM_POINTER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_document.h>


typedef struct {
    ngx_str_t      text;           /* as it was written; must come first */
    ngx_str_t     *path;           /* names and indices, beginning at the
                                      root */
    ngx_uint_t     depth;
} ngx_eiam_pointer_t;


/*
 * A text that begins with "/" is a pointer, any other one is the name of a
 * member.  NGX_OK; NGX_DECLINED: the text is empty, or has a "~" without "0" or
 * "1"; NGX_ERROR: no memory.
 */
ngx_int_t ngx_eiam_pointer_read(const ngx_str_t *text, ngx_pool_t *pool,
    ngx_eiam_pointer_t *pointer);

/*
 * whether both point to the same value, though they may be written differently
 */
ngx_uint_t ngx_eiam_pointer_equal(const ngx_eiam_pointer_t *a,
    const ngx_eiam_pointer_t *b);

/*
 * NGX_OK; NGX_DECLINED: there is no value, or it is null; NGX_ERROR: no memory,
 * or the pointer leads through a value that is no object and no array, which
 * document->fault says.
 */
ngx_int_t ngx_eiam_pointer_find(const ngx_eiam_pointer_t *pointer,
    const ngx_eiam_node_t *root, ngx_eiam_node_t *node);


#endif /* _NGX_EIAM_POINTER_H_INCLUDED_ */
