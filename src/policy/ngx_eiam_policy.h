
/*
 * The policy: which operation does a request call, and which scopes does it
 * require?  It is made once by ngx_eiam_openapi.c and ngx_eiam_compile.c.  A
 * match walks one state for each segment of the path, however many operations
 * there are.
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


/*
 * A parameter whose value is the id of an object, of which not every
 * application may use each.
 */

typedef struct {
    ngx_str_t                  kind;           /* of the object */
    uint32_t                   hash;           /* of the kind */
    ngx_str_t                  name;           /* of the parameter */
    ngx_str_t                  lowcase;        /* of one in the query; else
                                                  empty */
    ngx_uint_t                 segment;        /* of the path */
    size_t                     skip;           /* bytes of the path */
    ngx_uint_t                 slashes;        /* behind them, to be passed */
    size_t                     prefix;         /* bytes of the segment */
    size_t                     suffix;
} ngx_eiam_object_mark_t;


/* scopes that are required together */

typedef struct {
    ngx_uint_t                 n;
    uint16_t                  *scopes;
} ngx_eiam_alternative_t;


struct ngx_eiam_operation_s {
    ngx_str_t                  id;             /* operationId */
    ngx_uint_t                 method;
    uint64_t                   key;            /* for ngx_eiam_usage.h */
    ngx_str_t                  route;          /* the full path template */
    ngx_str_t                  sample;         /* a path that fits, or empty */
    ngx_str_t                  pointer;        /* in the document */
    ngx_eiam_cause_e           left_out;       /* cause, or NGX_EIAM_KEPT */
    ngx_str_t                  required;       /* "a b | c" */
    ngx_str_t                  scope;          /* "a b", for the challenge */
    ngx_uint_t                 is_public;
    ngx_uint_t                 report;         /* flag: "x-eiam-mode" */
    ngx_uint_t                 n;
    ngx_eiam_alternative_t    *alternatives;   /* one of them must be met */
    ngx_array_t                marks;          /* ngx_eiam_object_mark_t */
    ngx_uint_t                 asks_query;     /* flag: some are in the query */
    ngx_eiam_operation_row_t  *row;            /* NULL: not counted yet */
    ngx_eiam_operation_t      *next;           /* left out of the same node */
};


/*
 * The operations at a path: for each method the most concrete one.  If that one
 * is left out there is none, so that no request is taken for another operation.
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
    ngx_eiam_resource_t       *slash;          /* if it ends here in "/" */
    ngx_eiam_state_t          *any;            /* behind any other segment */
    ngx_eiam_patterns_t       *patterns;       /* tried before it; NULL: none */
    uint32_t                   seed;
    uint32_t                   literals[8];    /* by first bytes: bits */
};


/* from a state to the next one, by a literal segment */

typedef struct {
    ngx_eiam_state_t          *from;
    ngx_eiam_state_t          *to;
    ngx_str_t                  segment;
} ngx_eiam_step_t;


typedef struct {
    ngx_str_t                  name;           /* the file */
    ngx_str_t                  path;           /* of the server's URL */
    ngx_array_t                bases;          /* of ngx_eiam_base_t */
    ngx_str_t                  prefix;         /* literals before parameters */
    ngx_eiam_state_t          *start;          /* behind the prefix */
    ngx_eiam_step_t           *steps;          /* by ngx_eiam_hash() */
    ngx_uint_t                 mask;
    ngx_array_t                operations;     /* ngx_eiam_operation_t * */
    ngx_array_t                findings;       /* of ngx_eiam_finding_t */
    ngx_array_t                kinds;          /* of objects: ngx_str_t */
    ngx_eiam_digest_t          digest;         /* of the file */
    unsigned                   complete:1;     /* flag: leave nothing out */
    unsigned                   told:1;         /* flag: findings are logged */
    unsigned                   tried:2;        /* by eiam_path: bits */
} ngx_eiam_policy_t;


extern const ngx_str_t  ngx_eiam_policy_methods[];

/* the state of a path that is ambiguous, whatever follows */
extern ngx_eiam_state_t  ngx_eiam_policy_ambiguous;


/* NGX_EIAM_METHODS: no known method */
ngx_uint_t ngx_eiam_policy_method(const ngx_str_t *name);

/*
 * The path is decoded, and no segment but the last one may be empty.  NULL: no
 * template fits.
 */
ngx_eiam_resource_t *ngx_eiam_policy_find(const ngx_eiam_policy_t *policy,
    const ngx_str_t *path);

/* whether a backend could read the target as one of this API */
ngx_eiam_below_e ngx_eiam_policy_below(const ngx_eiam_policy_t *policy,
    const ngx_eiam_reading_t *reading);

/* NGX_OK; NGX_DECLINED: the scopes meet no alternative */
ngx_int_t ngx_eiam_policy_permits(const ngx_eiam_operation_t *operation,
    const ngx_eiam_scope_bits_t *set);

/* whether everybody who may call the one may call the other, too */
ngx_uint_t ngx_eiam_policy_implies(const ngx_eiam_operation_t *one,
    const ngx_eiam_operation_t *other);

/* whether both have the same requirements and the same mode */
ngx_uint_t ngx_eiam_policy_is_same(const ngx_eiam_operation_t *one,
    const ngx_eiam_operation_t *other);


#endif /* _NGX_EIAM_POLICY_H_INCLUDED_ */
