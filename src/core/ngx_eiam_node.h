
/* Values of a document, each with the way from the root to it. */


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
    ngx_str_t               key;       /* name of the member */
    ngx_uint_t              index;     /* of the element; key.data is NULL */
};


/* the node of the whole document */
void ngx_eiam_node_root(ngx_eiam_document_t *document, void *value,
    ngx_eiam_node_t *root);

/* the position of the node's value among its siblings, from 0 */
ngx_uint_t ngx_eiam_node_ordinal(const ngx_eiam_node_t *node);

/* writes the JSON pointer of the node; returns its end */
u_char *ngx_eiam_node_pointer(u_char *p, u_char *last,
    const ngx_eiam_node_t *node);

ngx_uint_t ngx_eiam_node_is(const ngx_eiam_node_t *node,
    ngx_eiam_type_e type);

/* NGX_OK, or NGX_ERROR: the value is not of that type */
ngx_int_t ngx_eiam_node_expect(const ngx_eiam_node_t *node,
    ngx_eiam_type_e type);

/* NGX_OK; NGX_DECLINED: there is no such member; NGX_ERROR: wrong type */
ngx_int_t ngx_eiam_node_member(const ngx_eiam_node_t *node, const char *name,
    ngx_eiam_type_e type, ngx_eiam_node_t *member);

/* the text of a member that is a string, with the same results */
ngx_int_t ngx_eiam_node_text(const ngx_eiam_node_t *node, const char *name,
    ngx_str_t *text);

/* NGX_OK, or NGX_ERROR: there is no such member, or it has the wrong type */
ngx_int_t ngx_eiam_node_require(const ngx_eiam_node_t *node,
    const char *name, ngx_eiam_type_e type, ngx_eiam_node_t *member);

/* finds the member of that name, whatever its type: NGX_OK, or NGX_DECLINED */
ngx_int_t ngx_eiam_node_has(const ngx_eiam_node_t *node,
    const ngx_str_t *name, ngx_eiam_node_t *member);

/*
 * Finds the first member or element if child->parent is NULL, otherwise the one
 * after child.  NGX_OK, or NGX_DECLINED at the end.
 */
ngx_int_t ngx_eiam_node_next(const ngx_eiam_node_t *node,
    ngx_eiam_node_t *child);

/* the element with that index: NGX_OK, or NGX_DECLINED: there are fewer */
ngx_int_t ngx_eiam_node_element(const ngx_eiam_node_t *array,
    ngx_uint_t index, ngx_eiam_node_t *element);

/* unescapes a name of a JSON pointer in place; returns the new length */
size_t ngx_eiam_node_unescape(u_char *p, size_t len);

/* whether the member is an OpenAPI extension: its name begins with "x-" */
ngx_uint_t ngx_eiam_node_is_extension(const ngx_eiam_node_t *member);

/* finds the target of a local reference ("#/..."): NGX_OK, or NGX_ERROR */
ngx_int_t ngx_eiam_node_resolve(const ngx_eiam_node_t *reference,
    ngx_eiam_node_t *target);

/* the same, but the target must be an object that is no reference itself */
ngx_int_t ngx_eiam_node_refer(const ngx_eiam_node_t *reference,
    ngx_eiam_node_t *target);

/*
 * The value of a node, whose type the caller has checked.  Strings live as long
 * as the tree.
 */
ngx_str_t ngx_eiam_node_string(const ngx_eiam_node_t *node);
ngx_uint_t ngx_eiam_node_true(const ngx_eiam_node_t *node);
double ngx_eiam_node_number(const ngx_eiam_node_t *node);
ngx_uint_t ngx_eiam_node_count(const ngx_eiam_node_t *node);

/* copies the string into the pool: NGX_OK, or NGX_ERROR (no memory) */
ngx_int_t ngx_eiam_node_copy(const ngx_eiam_node_t *node, ngx_pool_t *pool,
    ngx_str_t *copy);

/*
 * Checks a text that goes into headers and logs: 1 to max bytes, no control
 * characters.  NGX_OK, or NGX_ERROR.
 */
ngx_int_t ngx_eiam_node_printable(const ngx_eiam_node_t *node, size_t max);

/* the same, and no outer spaces, which are lost in a header */
ngx_int_t ngx_eiam_node_identifier(const ngx_eiam_node_t *node, size_t max);


#endif /* _NGX_EIAM_NODE_H_INCLUDED_ */
