
/*
 * What is wrong with a document, and where.
 *
 * A fault ends the reading, unless the document collects its faults: then a
 * reader goes on behind each that it defers, and all are told in the end, by
 * their places in the document.
 */


#ifndef _NGX_EIAM_FAULT_H_INCLUDED_
#define _NGX_EIAM_FAULT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_document.h>
#include <ngx_eiam_near.h>


#define NGX_EIAM_FAULT_MAX   1024      /* bytes of a message */
#define NGX_EIAM_FAULTS_MAX  20        /* that are listed */


/*
 * Always NGX_ERROR; the reason in ngx_sprintf()'s format.  The fault is one
 * line of UTF-8: control characters and other bytes are \xXX.
 */
ngx_int_t ngx_eiam_fault(const ngx_eiam_node_t *node, const char *fmt, ...);

/*
 * The same for a name that is unknown, and with the nearest one that is known
 * if there is any.  The reason may have one %V: the name.
 */
ngx_int_t ngx_eiam_fault_unknown(const ngx_eiam_node_t *node,
    const ngx_eiam_near_t *near, const char *reason);

/* writes the line and the column, if they are known, and the JSON pointer */
u_char *ngx_eiam_fault_where(u_char *p, u_char *last,
    const ngx_eiam_node_t *node);

/* the fault of the whole document, its name and a colon before the text */
ngx_int_t ngx_eiam_fault_line(ngx_eiam_document_t *document,
    const ngx_str_t *text);

/* from now on faults are collected: NGX_OK, or NGX_ERROR: no memory */
ngx_int_t ngx_eiam_fault_collect(ngx_eiam_document_t *document);

/*
 * The result of a reader, or NGX_OK if it is that of a fault that has been
 * collected.  Whoever defers faults asks ngx_eiam_fault_found() in the end.
 */
ngx_int_t ngx_eiam_fault_defer(ngx_eiam_document_t *document, ngx_int_t rc);

/* has the document a fault that was collected? */
ngx_uint_t ngx_eiam_fault_found(const ngx_eiam_document_t *document);

/*
 * The lines that say what is wrong, by place: at most NGX_EIAM_FAULTS_MAX,
 * and one that counts the others.  NULL: no memory, document->fault says one.
 */
ngx_array_t *ngx_eiam_fault_lines(ngx_eiam_document_t *document);


#endif /* _NGX_EIAM_FAULT_H_INCLUDED_ */
