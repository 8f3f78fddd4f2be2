
/*
 * Values of a document, each with the way to it.
 */


#ifndef _NGX_EIAM_NODE_H_INCLUDED_
#define _NGX_EIAM_NODE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_document.h>


struct ngx_eiam_node_s {
    ngx_eiam_document_t    *document;
    const ngx_eiam_node_t  *parent;    /* NULL at the root */
    void                   *value;
    void                   *iterator;
    ngx_str_t               key;       /* of the member */
    ngx_uint_t              index;     /* of the element, key.data is NULL */
};


/* the value of the whole document */
void ngx_eiam_node_root(ngx_eiam_document_t *document, void *value,
    ngx_eiam_node_t *root);

/* the number of the node's value in that of its parent, from 0 */
ngx_uint_t ngx_eiam_node_ordinal(const ngx_eiam_node_t *node);

/* writes the way to the node as a JSON pointer; returns its end */
u_char *ngx_eiam_node_pointer(u_char *p, u_char *last,
    const ngx_eiam_node_t *node);

ngx_uint_t ngx_eiam_node_is(const ngx_eiam_node_t *node,
    ngx_eiam_type_e type);

/* NGX_OK, or NGX_ERROR: not of that type */
ngx_int_t ngx_eiam_node_expect(const ngx_eiam_node_t *node,
    ngx_eiam_type_e type);

/* NGX_OK; NGX_DECLINED: there is none; NGX_ERROR: not of that type */
ngx_int_t ngx_eiam_node_member(const ngx_eiam_node_t *node, const char *name,
    ngx_eiam_type_e type, ngx_eiam_node_t *member);

/* the same of a string, and its text */
ngx_int_t ngx_eiam_node_text(const ngx_eiam_node_t *node, const char *name,
    ngx_str_t *text);

/* NGX_OK, or NGX_ERROR: there is none, or it is not of that type */
ngx_int_t ngx_eiam_node_require(const ngx_eiam_node_t *node,
    const char *name, ngx_eiam_type_e type, ngx_eiam_node_t *member);

/* any member of that name: NGX_OK, or NGX_DECLINED */
ngx_int_t ngx_eiam_node_has(const ngx_eiam_node_t *node,
    const ngx_str_t *name, ngx_eiam_node_t *member);

/*
 * The first, then the next member or element: NGX_OK, or NGX_DECLINED at the
 * end.  child->parent is NULL before the first.
 */
ngx_int_t ngx_eiam_node_next(const ngx_eiam_node_t *node,
    ngx_eiam_node_t *child);

/* that element of an array: NGX_OK, or NGX_DECLINED: it has fewer */
ngx_int_t ngx_eiam_node_element(const ngx_eiam_node_t *array,
    ngx_uint_t index, ngx_eiam_node_t *element);

/* a name in a JSON pointer as it is meant, in place: its new length */
size_t ngx_eiam_node_unescape(u_char *p, size_t len);

/* a member of OpenAPI's extensions: its name begins with "x-" */
ngx_uint_t ngx_eiam_node_is_extension(const ngx_eiam_node_t *member);

/* what a local reference ("#/...") points to: NGX_OK, or NGX_ERROR */
ngx_int_t ngx_eiam_node_resolve(const ngx_eiam_node_t *reference,
    ngx_eiam_node_t *target);

/* the same for an object that is no reference itself */
ngx_int_t ngx_eiam_node_refer(const ngx_eiam_node_t *reference,
    ngx_eiam_node_t *target);

/* nodes of the type that the name says; strings live as long as the tree */
ngx_str_t ngx_eiam_node_string(const ngx_eiam_node_t *node);
ngx_uint_t ngx_eiam_node_true(const ngx_eiam_node_t *node);
double ngx_eiam_node_number(const ngx_eiam_node_t *node);
ngx_uint_t ngx_eiam_node_count(const ngx_eiam_node_t *node);

/* the string, copied to the pool: NGX_OK, or NGX_ERROR (no memory) */
ngx_int_t ngx_eiam_node_copy(const ngx_eiam_node_t *node, ngx_pool_t *pool,
    ngx_str_t *copy);

/*
 * A text that goes into headers and logs: 1 to max bytes, no control
 * characters.  NGX_OK, or NGX_ERROR.
 */
ngx_int_t ngx_eiam_node_printable(const ngx_eiam_node_t *node, size_t max);

/* and no spaces around it, which a header would lose */
ngx_int_t ngx_eiam_node_identifier(const ngx_eiam_node_t *node, size_t max);


#endif /* _NGX_EIAM_NODE_H_INCLUDED_ */
