
/*
 * Marks: the line and the column of each value of a document, where its
 * reader knows them.
 */


#ifndef _NGX_EIAM_MARK_H_INCLUDED_
#define _NGX_EIAM_MARK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_document.h>


typedef struct {
    uint32_t  line;                  /* from 1 */
    uint32_t  column;                /* characters, from 1 */
} ngx_eiam_mark_t;


/* an empty array for the marks of a container's values; NULL: no memory */
ngx_array_t *ngx_eiam_mark_create(ngx_eiam_document_t *document,
    const void *container);

/*
 * the mark of the node, or for a member that of its name; NULL: there is none
 */
const ngx_eiam_mark_t *ngx_eiam_mark_find(const ngx_eiam_node_t *node);

/* the mark of a byte of the text; the column counts bytes */
ngx_eiam_mark_t ngx_eiam_mark_at(const ngx_str_t *text, size_t offset);


#endif /* _NGX_EIAM_MARK_H_INCLUDED_ */
