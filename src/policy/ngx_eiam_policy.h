
/*
 * The policy: which operation is this, and which scopes does it ask for?
 *
 * Made once by ngx_eiam_openapi.c and ngx_eiam_compile.c.  A match walks one
 * state per segment of the path, however many operations there are.
 */


#ifndef _NGX_EIAM_POLICY_H_INCLUDED_
#define _NGX_EIAM_POLICY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_base.h>
#include <ngx_eiam_digest.h>
#include <ngx_eiam_finding.h>
#include <ngx_eiam_metrics.h>
#include <ngx_eiam_scope.h>


typedef enum {
    NGX_EIAM_GET = 0,
    NGX_EIAM_HEAD,
    NGX_EIAM_POST,
    NGX_EIAM_PUT,
    NGX_EIAM_PATCH,
    NGX_EIAM_DELETE,
    NGX_EIAM_OPTIONS,
    NGX_EIAM_TRACE,
    NGX_EIAM_QUERY,
    NGX_EIAM_METHODS
} ngx_eiam_method_e;


#define ngx_eiam_policy_is_left_out(resource, method)                         \
    (((resource)->left_out >> (method)) & 1)


/* scopes of which all are required */

typedef struct {
    ngx_uint_t                 n;
    uint16_t                  *scopes;
} ngx_eiam_alternative_t;


struct ngx_eiam_operation_s {
    ngx_str_t                  id;             /* operationId */
    ngx_uint_t                 method;
    ngx_str_t                  route;          /* the full path template */
    ngx_str_t                  sample;         /* a path; empty: plain */
    ngx_str_t                  pointer;        /* in the document */
    ngx_eiam_cause_e           left_out;       /* or NGX_EIAM_KEPT */
    ngx_str_t                  required;       /* "a b | c" */
    ngx_str_t                  scope;          /* "a b", of a challenge */
    ngx_uint_t                 is_public;
    ngx_uint_t                 report;         /* refuses nothing */
    ngx_uint_t                 n;
    ngx_eiam_alternative_t    *alternatives;   /* one of them must hold */
    ngx_eiam_operation_row_t  *row;            /* NULL: not counted yet */
    ngx_eiam_operation_t      *next;           /* left out of the same node */
};


/*
 * What a path leads to: the most concrete operation for each method.  There
 * is none where that one is left out, so nobody can take it for another.
 */

typedef struct {
    ngx_eiam_operation_t      *operations[NGX_EIAM_METHODS];
    ngx_str_t                  allow;          /* RFC 9110, section 10.2.1 */
    uint32_t                   left_out;       /* methods as bits */
    unsigned                   ambiguous:1;    /* another spelling of a path */
} ngx_eiam_resource_t;


typedef struct ngx_eiam_state_s     ngx_eiam_state_t;
typedef struct ngx_eiam_patterns_s  ngx_eiam_patterns_t;

struct ngx_eiam_state_s {
    ngx_eiam_resource_t       *resource;       /* if the path ends here */
    ngx_eiam_resource_t       *slash;          /* if it ends in "/" */
    ngx_eiam_state_t          *any;            /* any other segment */
    ngx_eiam_patterns_t       *patterns;       /* before it; NULL: none */
    uint32_t                   seed;
    uint32_t                   literals[8];    /* the bytes they begin with */
};


/* from a state, by a literal segment, to the next */

typedef struct {
    ngx_eiam_state_t          *from;
    ngx_eiam_state_t          *to;
    ngx_str_t                  segment;
} ngx_eiam_step_t;


typedef struct {
    ngx_str_t                  name;           /* the file */
    ngx_str_t                  path;           /* of the server's URL */
    ngx_array_t                bases;          /* of ngx_eiam_base_t */
    ngx_str_t                  prefix;         /* of all templates */
    ngx_eiam_state_t          *start;          /* behind it */
    ngx_eiam_step_t           *steps;          /* by ngx_eiam_hash() */
    ngx_uint_t                 mask;
    ngx_array_t                operations;     /* ngx_eiam_operation_t * */
    ngx_array_t                findings;       /* of ngx_eiam_finding_t */
    ngx_eiam_digest_t          digest;         /* of the file */
    unsigned                   complete:1;     /* nothing may be left out */
    unsigned                   told:1;         /* findings are in the log */
    unsigned                   tried:2;        /* by eiam_path: strict, utf8 */
} ngx_eiam_policy_t;


extern const ngx_str_t  ngx_eiam_policy_methods[];

/* leads to a resource that is ambiguous, whatever follows */
extern ngx_eiam_state_t  ngx_eiam_policy_ambiguous;


/* NGX_EIAM_METHODS if it is none of them */
ngx_uint_t ngx_eiam_policy_method(const ngx_str_t *name);

/* path is decoded, only its last segment is empty; NULL: no template fits */
ngx_eiam_resource_t *ngx_eiam_policy_find(const ngx_eiam_policy_t *policy,
    const ngx_str_t *path);

/* could a backend read the target as one of this API? */
ngx_eiam_below_e ngx_eiam_policy_below(const ngx_eiam_policy_t *policy,
    const ngx_eiam_reading_t *reading);

/* NGX_OK, or NGX_DECLINED: no alternative holds */
ngx_int_t ngx_eiam_policy_permits(const ngx_eiam_operation_t *operation,
    const ngx_eiam_scope_bits_t *set);

/* whoever may call the one could call the other, too */
ngx_uint_t ngx_eiam_policy_implies(const ngx_eiam_operation_t *one,
    const ngx_eiam_operation_t *other);

/* they agree in all that is decided by */
ngx_uint_t ngx_eiam_policy_is_same(const ngx_eiam_operation_t *one,
    const ngx_eiam_operation_t *other);


#endif /* _NGX_EIAM_POLICY_H_INCLUDED_ */
