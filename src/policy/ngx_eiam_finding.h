
/*
 * What the author of a policy should know of it: what was left out, and what
 * may be a surprise.
 */


#ifndef _NGX_EIAM_FINDING_H_INCLUDED_
#define _NGX_EIAM_FINDING_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_node.h>


typedef enum {
    NGX_EIAM_KEPT = 0,

    /* causes to leave an operation out */
    NGX_EIAM_LEFT_NO_SECURITY,
    NGX_EIAM_LEFT_NO_ALTERNATIVE,
    NGX_EIAM_LEFT_SERVERS,
    NGX_EIAM_LEFT_SEVERAL,
    NGX_EIAM_LEFT_QUERY,
    NGX_EIAM_LEFT_LITERAL,
    NGX_EIAM_LEFT_METHOD,
    NGX_EIAM_LEFT_ALIKE,
    NGX_EIAM_LEFT_PATH,

    /* causes to leave an alternative out */
    NGX_EIAM_LEFT_SCHEME,
    NGX_EIAM_LEFT_EMPTY,
    NGX_EIAM_LEFT_SCOPE,

    /* causes that leave nothing out */
    NGX_EIAM_FOUND_UNDECLARED,
    NGX_EIAM_FOUND_SCOPE,
    NGX_EIAM_FOUND_SERVER,
    NGX_EIAM_FOUND_ANY_TOKEN,
    NGX_EIAM_FOUND_UNMARKED,

    NGX_EIAM_CAUSES
} ngx_eiam_cause_e;


typedef struct {
    ngx_str_t   name;        /* in JSON, and as a label of metrics */
    ngx_str_t   subject;     /* what was found */
    ngx_str_t   text;        /* why */
    ngx_str_t   remedy;      /* what can be done, or empty */
} ngx_eiam_cause_t;


typedef struct ngx_eiam_operation_s  ngx_eiam_operation_t;

typedef struct {
    ngx_eiam_cause_e             cause;
    ngx_str_t                    pointer;
    const ngx_eiam_operation_t  *operation;   /* NULL: it is of no operation */
} ngx_eiam_finding_t;


/* by ngx_eiam_cause_e */
extern const ngx_eiam_cause_t  ngx_eiam_finding_causes[];


#define ngx_eiam_finding_is_left_out(cause)                                   \
    ((cause) != NGX_EIAM_KEPT && (cause) < NGX_EIAM_FOUND_UNDECLARED)


/*
 * Add a finding to an array of ngx_eiam_finding_t, whose pool gets its texts.
 * NGX_OK or NGX_ERROR (no memory).
 */
ngx_int_t ngx_eiam_finding_add(ngx_array_t *findings, ngx_eiam_cause_e cause,
    const ngx_eiam_node_t *node);
ngx_int_t ngx_eiam_finding_add_operation(ngx_array_t *findings,
    ngx_eiam_cause_e cause, const ngx_eiam_operation_t *operation,
    const ngx_str_t *pointer);

/*
 * writes the JSON pointer of a node, in pool: NGX_OK or NGX_ERROR (no memory)
 */
ngx_int_t ngx_eiam_finding_pointer(const ngx_eiam_node_t *node,
    ngx_pool_t *pool, ngx_str_t *pointer);

/* the number of findings with that cause */
ngx_uint_t ngx_eiam_finding_count(const ngx_array_t *findings,
    ngx_eiam_cause_e cause);


#endif /* _NGX_EIAM_FINDING_H_INCLUDED_ */
