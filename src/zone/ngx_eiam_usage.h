
/*
 * What has been used since the zone was made: which application called which
 * operation, and, where "eiam_objects" only reports, which objects it named.
 *
 * Names are stored as hashes, and not as positions in a file or a policy, so
 * the tables outlive reloads that change these.  They are written without the
 * zone's lock, and kept when the rest of the zone is emptied.
 */


#ifndef _NGX_EIAM_USAGE_H_INCLUDED_
#define _NGX_EIAM_USAGE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* objects of all applications together, at most */
#define NGX_EIAM_USAGE_OBJECTS_MAX  4096

#define NGX_EIAM_USAGE_ID_MAX       96     /* bytes of the id of an object */

/* applications with the same share have a quarter of the objects at most */
#define NGX_EIAM_USAGE_SHARES       64

/* in place of an application: any of them */
#define NGX_EIAM_USAGE_ANYBODY      1

/* in place of an operation: any of them */
#define NGX_EIAM_USAGE_ANYTHING     1

/* bytes of the tables in the smallest zone */
#define NGX_EIAM_USAGE_MIN          512


typedef struct {
    ngx_atomic_t               key;          /* 0: free */
    ngx_atomic_t               ready;        /* flag: the rest is written */
    uint64_t                   application;
    uint32_t                   kind;
    uint32_t                   len;
    u_char                     id[NGX_EIAM_USAGE_ID_MAX];
} ngx_eiam_usage_object_t;


typedef struct {
    time_t                     since;
    ngx_atomic_t              *pairs;        /* application and operation */
    ngx_uint_t                 mask;
    ngx_atomic_t               dropped;      /* pairs that found no slot */

    ngx_eiam_usage_object_t   *objects;
    ngx_uint_t                 nobjects;
    ngx_atomic_t               kept[NGX_EIAM_USAGE_SHARES];
    ngx_atomic_t               lost[NGX_EIAM_USAGE_SHARES];
} ngx_eiam_usage_t;


/* divides size bytes, which are zeroed, into both tables */
void ngx_eiam_usage_lay_out(ngx_eiam_usage_t *usage, u_char *p, size_t size);

/* records a call; NGX_EIAM_USAGE_ANYBODY: by an unknown application */
void ngx_eiam_usage_add(ngx_eiam_usage_t *usage, uint64_t application,
    uint64_t operation);

ngx_uint_t ngx_eiam_usage_has(const ngx_eiam_usage_t *usage,
    uint64_t application, uint64_t operation);

/* records that an application named an object of that kind */
void ngx_eiam_usage_touch(ngx_eiam_usage_t *usage, uint64_t application,
    uint32_t kind, const ngx_str_t *id);

#define ngx_eiam_usage_share(application)                                     \
    ((application) % NGX_EIAM_USAGE_SHARES)


#endif /* _NGX_EIAM_USAGE_H_INCLUDED_ */
