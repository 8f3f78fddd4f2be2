
#ifndef _NGX_EIAM_TEMPLATE_H_INCLUDED_
#define _NGX_EIAM_TEMPLATE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_document.h>


#define NGX_EIAM_SEGMENTS_MAX  64     /* of a template */


/*
 * Splits a path template; a segment "{name}", which stands for any, becomes a
 * null string.  segments has room for NGX_EIAM_SEGMENTS_MAX; node is what a
 * fault points to.  NGX_OK, or NGX_ERROR with a fault.
 */
ngx_int_t ngx_eiam_template_segments(const ngx_eiam_node_t *node,
    const ngx_str_t *path, ngx_str_t *segments, ngx_uint_t *n);


#endif /* _NGX_EIAM_TEMPLATE_H_INCLUDED_ */
