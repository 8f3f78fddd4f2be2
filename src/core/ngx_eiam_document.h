
/*
 * JSON and YAML documents.
 *
 * A document is read as a whole and then walked with nodes.  A node knows the
 * way from the root to its value, so that every fault can be reported with its
 * JSON pointer (RFC 6901).  A function that finds a fault sets document->fault
 * and returns NGX_ERROR.
 */


#ifndef _NGX_EIAM_DOCUMENT_H_INCLUDED_
#define _NGX_EIAM_DOCUMENT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_digest.h>
#include <ngx_eiam_value.h>


#define NGX_EIAM_DOCUMENT_MAX  (64 * 1024 * 1024)     /* bytes of a file */


typedef struct {
    ngx_str_t             name;        /* the name in messages: the file */
    ngx_str_t             fault;       /* the last fault; ngx_eiam_fault.h */
    ngx_array_t          *faults;      /* NULL: the first one ends it */
    ngx_uint_t            pending;     /* flag: the last fault is in the list */
    ngx_pool_t           *pool;        /* owns the tree of values */
    ngx_str_t             text;        /* of the file, until it is parsed */
    ngx_uint_t            secret;      /* flag: messages quote nothing of it */
    ngx_uint_t            yaml;        /* flag: YAML is accepted, too */
    ngx_uint_t            reals;       /* flag: integers are read as reals */
    ngx_uint_t            version;     /* minor version of the format */
    void                 *marks;       /* NULL: none; ngx_eiam_mark.h */
    ngx_eiam_digest_t     digest;      /* of the file that was opened */
} ngx_eiam_document_t;

typedef struct ngx_eiam_node_s  ngx_eiam_node_t;


/*
 * The caller sets document->name and document->pool.  NGX_OK and the root, or
 * NGX_ERROR.
 */
ngx_int_t ngx_eiam_document_open(ngx_eiam_document_t *document,
    ngx_eiam_node_t *root);

/*
 * Reads the file, and sets document->digest; ngx_eiam_document_open() then
 * takes what has been read.  NGX_OK, or NGX_ERROR.
 */
ngx_int_t ngx_eiam_document_load(ngx_eiam_document_t *document);

/* the same as ngx_eiam_document_open() for a text in memory */
ngx_int_t ngx_eiam_document_parse(ngx_eiam_document_t *document,
    const ngx_str_t *text, ngx_eiam_node_t *root);

/* a fault of the document as a whole; returns NGX_ERROR, as ngx_eiam_fault() */
ngx_int_t ngx_eiam_document_fault(ngx_eiam_document_t *document,
    const char *fmt, ...);


#include <ngx_eiam_fault.h>
#include <ngx_eiam_node.h>


#endif /* _NGX_EIAM_DOCUMENT_H_INCLUDED_ */
