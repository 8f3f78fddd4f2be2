
/*
 * Path templates: their segments, and whether a request can bring them.
 */


#ifndef _NGX_EIAM_TEMPLATE_H_INCLUDED_
#define _NGX_EIAM_TEMPLATE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_node.h>
#include <ngx_eiam_finding.h>


#define NGX_EIAM_SEGMENTS_MAX  64     /* of a template */

/* stands for a parameter in the text of a segment */
#define NGX_EIAM_PARAMETER     '{'


typedef enum {
    NGX_EIAM_SEGMENT_LITERAL = 0,
    NGX_EIAM_SEGMENT_ANY,                     /* "{name}" */
    NGX_EIAM_SEGMENT_MIXED,                   /* "{name}.json" */
    NGX_EIAM_SEGMENT_SEVERAL                  /* "{a}-{b}" */
} ngx_eiam_segment_e;


typedef struct {
    ngx_eiam_segment_e   kind;
    ngx_str_t            text;        /* decoded, "{" for each parameter */
    ngx_str_t            source;      /* as the template has it */
} ngx_eiam_segment_t;


typedef struct {
    ngx_eiam_segment_t   segments[NGX_EIAM_SEGMENTS_MAX];
    ngx_uint_t           n;
    ngx_eiam_cause_e     cause;       /* to leave it out, or NGX_EIAM_KEPT */
    unsigned             slash:1;     /* flag: it ends in "/" */
    unsigned             unmatched:1; /* flag: a segment is empty or too long */
    unsigned             special:1;   /* flag: it needs eiam_path utf8 */
} ngx_eiam_template_t;


/*
 * Reads a full path template; a fault points to node.  NGX_OK, or NGX_ERROR: a
 * fault, or no memory.
 */
ngx_int_t ngx_eiam_template_read(const ngx_eiam_node_t *node,
    const ngx_str_t *path, ngx_pool_t *pool, ngx_eiam_template_t *template);

/*
 * The next segment from *n on that has the parameter of that name: NGX_OK, or
 * NGX_DECLINED.
 */
ngx_int_t ngx_eiam_template_find(const ngx_eiam_template_t *template,
    const ngx_str_t *name, ngx_uint_t *n);

/*
 * Makes a path that fits the template, with "-" for each parameter.  NGX_OK or
 * NGX_ERROR (no memory).
 */
ngx_int_t ngx_eiam_template_sample(const ngx_eiam_template_t *template,
    ngx_pool_t *pool, ngx_str_t *path);


#endif /* _NGX_EIAM_TEMPLATE_H_INCLUDED_ */
