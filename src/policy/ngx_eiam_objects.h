
/*
 * The objects of an application: the ids of each kind that it may use, as the
 * applications file lists them.  The time of a look-up does not depend on how
 * many ids there are.
 */


#ifndef _NGX_EIAM_OBJECTS_H_INCLUDED_
#define _NGX_EIAM_OBJECTS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_document.h>
#include <ngx_eiam_policy.h>


#define NGX_EIAM_OBJECT_ID_MAX  512       /* bytes */


typedef struct {
    ngx_str_t     kind;
    uint32_t      hash;          /* of the kind */
    ngx_uint_t    any;           /* flag: each id of the kind */
    ngx_array_t   ids;           /* of ngx_str_t, as written */
    uint32_t     *slots;         /* by ngx_eiam_hash(): index + 1 */
    ngx_uint_t    mask;
} ngx_eiam_objects_kind_t;


typedef struct {
    ngx_uint_t    any;           /* flag: each object of each kind */
    ngx_array_t   kinds;         /* of ngx_eiam_objects_kind_t */
} ngx_eiam_objects_t;


/*
 * Reads the member "objects" of an application.  NULL: a fault, or no memory.
 */
ngx_eiam_objects_t *ngx_eiam_objects_read(const ngx_eiam_node_t *node,
    ngx_pool_t *pool);

/* what of the mark's kind the application may use; NULL: nothing */
const ngx_eiam_objects_kind_t *ngx_eiam_objects_find(
    const ngx_eiam_objects_t *objects, const ngx_eiam_object_mark_t *mark);

/* may it use the object that the marked parameter of the path names? */
ngx_uint_t ngx_eiam_objects_permit_path(const ngx_eiam_objects_t *objects,
    const ngx_eiam_object_mark_t *mark, const ngx_str_t *path);

/* of a kind without "any": may it use the object with this id? */
ngx_uint_t ngx_eiam_objects_permit(const ngx_eiam_objects_kind_t *kind,
    const ngx_str_t *id);


#endif /* _NGX_EIAM_OBJECTS_H_INCLUDED_ */
