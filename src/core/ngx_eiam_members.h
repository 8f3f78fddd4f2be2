
/*
 * Tables of the members that an object of a document may have.
 *
 * A member that has no row in the table is a fault, however similar its name is
 * to a known one: what is not understood must not be taken for something
 * weaker.
 */


#ifndef _NGX_EIAM_MEMBERS_H_INCLUDED_
#define _NGX_EIAM_MEMBERS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_document.h>


/*
 * called for a member with the number of its row: NGX_OK, or NGX_ERROR and a
 * fault
 */
typedef ngx_int_t (*ngx_eiam_member_pt)(void *data,
    const ngx_eiam_node_t *member, ngx_uint_t number);


typedef struct {
    ngx_str_t                 name;
    ngx_eiam_type_e           type;
    ngx_uint_t                since;       /* the minor version that began it */
    ngx_uint_t                required;
    ngx_eiam_member_pt        handler;     /* NULL: no handler */
    ngx_uint_t                number;
} ngx_eiam_member_t;


#define ngx_eiam_member(name, type)                                           \
    { ngx_string(name), type, 0, 0, NULL, 0 }
#define ngx_eiam_member_since(version, name, type)                            \
    { ngx_string(name), type, version, 0, NULL, 0 }
#define ngx_eiam_member_read(name, type, handler, number)                     \
    { ngx_string(name), type, 0, 0, handler, number }
#define ngx_eiam_member_read_since(version, name, type, handler, number)      \
    { ngx_string(name), type, version, 0, handler, number }
#define ngx_eiam_member_required(name, type, handler)                         \
    { ngx_string(name), type, 0, 1, handler, 0 }
#define ngx_eiam_members_end                                                  \
    { ngx_null_string, NGX_EIAM_ANY, 0, 0, NULL, 0 }


typedef struct {
    const ngx_eiam_member_t  *members;
    const char               *unknown;     /* the fault of an unknown member */
    ngx_uint_t                extensible;  /* flag: "x-..." is accepted, but for
                                              "x-eiam..." */
} ngx_eiam_members_t;


/*
 * Checks that the node is an object, that it has all required members, and that
 * each member is known in the minor version of the format and has its type.
 * Calls the handlers in the order of the document.  NGX_OK, or NGX_ERROR and a
 * fault; NGX_OK too if the document collects its faults.
 */
ngx_int_t ngx_eiam_members_read(const ngx_eiam_members_t *object,
    const ngx_eiam_node_t *node, ngx_uint_t version, void *data);

/* a member that no row names: NGX_OK, an extension of others; or NGX_ERROR */
ngx_int_t ngx_eiam_members_other(const ngx_eiam_members_t *object,
    const ngx_eiam_node_t *member, ngx_uint_t version);


#endif /* _NGX_EIAM_MEMBERS_H_INCLUDED_ */
