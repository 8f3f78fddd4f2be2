
/*
 * JSON documents, and YAML ones.
 *
 * A document is read whole and then walked with nodes, which know the way
 * they came, so whatever is wrong is told with its JSON pointer (RFC 6901).
 * A function that finds a fault sets document->fault and returns NGX_ERROR.
 */


#ifndef _NGX_EIAM_DOCUMENT_H_INCLUDED_
#define _NGX_EIAM_DOCUMENT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_digest.h>
#include <ngx_eiam_value.h>


#define NGX_EIAM_DOCUMENT_MAX  (64 * 1024 * 1024)     /* bytes of a file */


typedef struct {
    ngx_str_t             name;        /* what messages call it: the file */
    ngx_str_t             fault;       /* the last one; ngx_eiam_fault.h */
    ngx_array_t          *faults;      /* NULL: the first ends the reading */
    ngx_uint_t            pending;     /* the last one is in the list */
    ngx_pool_t           *pool;        /* the tree goes with it */
    ngx_uint_t            secret;      /* nothing of it is in messages */
    ngx_uint_t            yaml;        /* or YAML */
    ngx_uint_t            reals;       /* integers of any size are real */
    ngx_uint_t            version;     /* of its format, the minor one */
    void                 *marks;       /* NULL: none; ngx_eiam_mark.h */
    ngx_eiam_digest_t     digest;      /* of a file that was opened */
} ngx_eiam_document_t;

typedef struct ngx_eiam_node_s  ngx_eiam_node_t;


/* document->name and pool are set; NGX_OK and the root, or NGX_ERROR */
ngx_int_t ngx_eiam_document_open(ngx_eiam_document_t *document,
    ngx_eiam_node_t *root);

/* the same for a text that is at hand */
ngx_int_t ngx_eiam_document_parse(ngx_eiam_document_t *document,
    const ngx_str_t *text, ngx_eiam_node_t *root);

/* a fault of the document as a whole; the same as ngx_eiam_fault() */
ngx_int_t ngx_eiam_document_fault(ngx_eiam_document_t *document,
    const char *fmt, ...);


#include <ngx_eiam_fault.h>
#include <ngx_eiam_node.h>


#endif /* _NGX_EIAM_DOCUMENT_H_INCLUDED_ */
