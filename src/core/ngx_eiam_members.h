
/*
 * Which members an object of a document may have, as a table.
 *
 * What is not understood must not be taken for something weaker, so a member
 * that no row names is a fault, however alike its name is to another one.
 */


#ifndef _NGX_EIAM_MEMBERS_H_INCLUDED_
#define _NGX_EIAM_MEMBERS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_document.h>


/* NGX_OK, or NGX_ERROR with a fault; number is that of the member's row */
typedef ngx_int_t (*ngx_eiam_member_pt)(void *data,
    const ngx_eiam_node_t *member, ngx_uint_t number);


typedef struct {
    ngx_str_t                 name;
    ngx_eiam_type_e           type;
    ngx_uint_t                since;       /* minor version of the format */
    ngx_uint_t                required;
    ngx_eiam_member_pt        handler;     /* NULL: none is called */
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
    const char               *unknown;     /* the fault of any other one */
    ngx_uint_t                extensible;  /* but for those named "x-..." */
} ngx_eiam_members_t;


/*
 * The node is an object that has all required members, each member is of its
 * type and known in that minor version of the format; the handlers are called
 * in the document's order.  NGX_OK, or NGX_ERROR with a fault; NGX_OK too if
 * the document collects faults.
 */
ngx_int_t ngx_eiam_members_read(const ngx_eiam_members_t *object,
    const ngx_eiam_node_t *node, ngx_uint_t version, void *data);


#endif /* _NGX_EIAM_MEMBERS_H_INCLUDED_ */
