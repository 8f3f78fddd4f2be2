
/*
 * The applications file: which applications may call, with which permissions at
 * most, and the static tokens, of which only the digests are known.
 */


#ifndef _NGX_EIAM_APPLICATIONS_H_INCLUDED_
#define _NGX_EIAM_APPLICATIONS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_metrics.h>
#include <ngx_eiam_digest.h>
#include <ngx_eiam_document.h>
#include <ngx_eiam_grant.h>
#include <ngx_eiam_objects.h>
#include <ngx_eiam_scope.h>


#define NGX_EIAM_PERMISSION_MAX      255      /* bytes */


typedef struct {
    ngx_str_node_t           node;          /* among the ids */
    ngx_str_node_t           folded;        /* among the folded ids */
    ngx_str_t                id;
    uint64_t                 key;           /* of the id in ngx_eiam_usage.h */
    ngx_uint_t               index;
    ngx_uint_t               enabled;
    ngx_array_t              permissions;   /* of ngx_str_t, as written */
    ngx_array_t             *networks;      /* of ngx_cidr_t; NULL: any */
    ngx_eiam_objects_t      *objects;       /* NULL: none */
    ngx_eiam_application_row_t  *row;     /* NULL: not counted yet */
} ngx_eiam_application_t;


typedef struct {
    ngx_eiam_digest_t        digest;
    ngx_eiam_application_t  *application;   /* NULL: a free slot */
    time_t                   expires;       /* seconds since the Epoch */
} ngx_eiam_token_t;


typedef struct {
    ngx_str_t                name;          /* the file */
    ngx_array_t              list;          /* of ngx_eiam_application_t * */
    ngx_rbtree_t             ids;
    ngx_rbtree_t             folded;
    ngx_rbtree_node_t        sentinel;      /* of both trees */
    ngx_eiam_token_t        *tokens;        /* open addressing, by digest */
    ngx_uint_t               mask;
} ngx_eiam_applications_t;


/* the permissions of an application, as scopes */

typedef struct {
    ngx_eiam_scope_bits_t   *scopes;
    ngx_str_t                text;          /* space separated */
} ngx_eiam_permissions_t;


/*
 * Reads document->name into applications, which live in pool.
 * NGX_OK, or NGX_ERROR with document->fault.
 */
ngx_int_t ngx_eiam_applications_read(ngx_eiam_document_t *document,
    ngx_pool_t *pool, ngx_eiam_applications_t *applications);

/* the same for a document that has already been parsed */
ngx_int_t ngx_eiam_applications_load(const ngx_eiam_node_t *root,
    ngx_pool_t *pool, ngx_eiam_applications_t *applications);

/* NULL: no application has that id */
ngx_eiam_application_t *ngx_eiam_applications_find(
    ngx_eiam_applications_t *applications, const ngx_str_t *id);

/* begins to fetch from memory where that token would be */
void ngx_eiam_applications_prefetch(
    const ngx_eiam_applications_t *applications,
    const ngx_eiam_digest_t digest);

/* NULL: no application has that token */
ngx_eiam_token_t *ngx_eiam_applications_token(
    const ngx_eiam_applications_t *applications,
    const ngx_eiam_digest_t digest);

/*
 * Finds the application with an id.  NGX_OK: the application, or NULL if the
 * file does not name the id; NGX_DECLINED: the file does not name it, but names
 * one that some software could take for the same, as the two differ only by
 * case, accents or invisible characters, or as the id is not plain ASCII.
 */
ngx_int_t ngx_eiam_applications_identify(
    ngx_eiam_applications_t *applications, const ngx_str_t *id,
    ngx_eiam_application_t **application);

/*
 * The permissions of each application, by its index, closed under the
 * implications.  Permissions that no policy has are left out.  NULL: no memory.
 */
ngx_eiam_permissions_t *ngx_eiam_applications_permissions(
    const ngx_eiam_applications_t *applications, ngx_eiam_scopes_t *scopes,
    const ngx_array_t *implications, ngx_pool_t *pool);


#endif /* _NGX_EIAM_APPLICATIONS_H_INCLUDED_ */
