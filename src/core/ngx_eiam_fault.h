
/*
 * What is wrong with a document, and where.
 *
 * A fault ends the reading, unless the document collects its faults: then the
 * reader continues behind each fault that it defers, and all faults are
 * reported at the end, in the order of their places in the document.
 */


#ifndef _NGX_EIAM_FAULT_H_INCLUDED_
#define _NGX_EIAM_FAULT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_document.h>
#include <ngx_eiam_near.h>


#define NGX_EIAM_FAULT_MAX   1024      /* bytes of a message */
#define NGX_EIAM_FAULTS_MAX  20        /* faults that are listed */


/*
 * Sets document->fault and returns NGX_ERROR.  The reason has the format of
 * ngx_sprintf().  The fault is one line of UTF-8: control characters and all
 * other bytes are written as \xXX.
 */
ngx_int_t ngx_eiam_fault(const ngx_eiam_node_t *node, const char *fmt, ...);

/*
 * The same for an unknown name, with the nearest known name if there is one.
 * The reason may contain one %V, which stands for the unknown name.
 */
ngx_int_t ngx_eiam_fault_unknown(const ngx_eiam_node_t *node,
    const ngx_eiam_near_t *near, const char *reason);

/*
 * writes line and column, if they are known, and the JSON pointer of the node
 */
u_char *ngx_eiam_fault_where(u_char *p, u_char *last,
    const ngx_eiam_node_t *node);

/* a fault of the whole document: its name and a colon before the text */
ngx_int_t ngx_eiam_fault_line(ngx_eiam_document_t *document,
    const ngx_str_t *text);

/* collects the faults from now on: NGX_OK, or NGX_ERROR (no memory) */
ngx_int_t ngx_eiam_fault_collect(ngx_eiam_document_t *document);

/*
 * Returns the reader's result rc, or NGX_OK if rc belongs to a fault that has
 * been collected.  A caller that defers faults calls ngx_eiam_fault_found() at
 * the end.
 */
ngx_int_t ngx_eiam_fault_defer(ngx_eiam_document_t *document, ngx_int_t rc);

/* whether faults have been collected */
ngx_uint_t ngx_eiam_fault_found(const ngx_eiam_document_t *document);

/*
 * The faults as lines of text, in the order of their places: at most
 * NGX_EIAM_FAULTS_MAX lines, and one that counts the others.  NULL: no memory,
 * and document->fault is one of the faults.
 */
ngx_array_t *ngx_eiam_fault_lines(ngx_eiam_document_t *document);


#endif /* _NGX_EIAM_FAULT_H_INCLUDED_ */
