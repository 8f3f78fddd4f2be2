
/*
 * Segments with a parameter between literals: "{name}.json".  A segment of a
 * request may fit many of them.  Which ones it fits depends only on the longest
 * of their beginnings and the longest of their ends that it has, so each such
 * pair is looked up as a whole: the cost of a match depends on how many pairs
 * of lengths there are, not on the number of templates.
 */


#ifndef _NGX_EIAM_PATTERN_H_INCLUDED_
#define _NGX_EIAM_PATTERN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_policy.h>


/*
 * A state knows for this many texts with several parameters which of them fit,
 * as bits; if there are more of them, it knows only whether any does, and then
 * all are taken to fit.
 */
#define NGX_EIAM_PATTERN_SEVERAL  4


/* bytes of the literals before and after the parameter */

typedef struct {
    size_t                 prefix;
    size_t                 suffix;
} ngx_eiam_shape_t;


typedef struct {
    ngx_str_t              text;        /* "{" stands for the parameter */
    ngx_eiam_shape_t       shape;
    unsigned               joined:1;    /* of two patterns; in no template */
    unsigned               whole:1;     /* text is a segment, no parameter */
    ngx_eiam_state_t     **to;          /* by the bits of the several */
} ngx_eiam_pattern_t;


struct ngx_eiam_patterns_s {
    ngx_array_t            shapes;      /* with the most bytes first */
    ngx_array_t            several;     /* of ngx_str_t */
    ngx_eiam_state_t     **any;         /* by these bits, if no pattern fits */
    ngx_eiam_pattern_t    *table;       /* by ngx_eiam_hash() */
    ngx_uint_t             mask;
    ngx_uint_t             wholes;      /* flag: some are whole */
};


/* the shape of a text with one parameter */
ngx_eiam_shape_t ngx_eiam_pattern_shape(const ngx_str_t *text);

/* adds the shape in its order, unless it is there: NGX_OK or NGX_ERROR */
ngx_int_t ngx_eiam_pattern_add_shape(ngx_array_t *shapes,
    const ngx_eiam_shape_t *shape);

/*
 * Writes the text of that shape that fits the segment, which is given by its
 * name or by a pattern.  Returns its length, or 0: the segment is too short.
 */
size_t ngx_eiam_pattern_cut(u_char *buf, const ngx_eiam_shape_t *shape,
    const ngx_str_t *name, const ngx_str_t *pattern);

/*
 * Patterns with their states, and texts with several parameters, in the form in
 * which a request is matched.  NULL: no memory.
 */
ngx_eiam_patterns_t *ngx_eiam_pattern_compile(const ngx_array_t *patterns,
    const ngx_array_t *several, ngx_pool_t *pool);

/* how many combinations of n texts with several parameters a state has */
ngx_uint_t ngx_eiam_pattern_combinations(ngx_uint_t n);

/*
 * Whether the segment could be read so that it fits a text with several
 * parameters: whether it has the literals, in their order and in any case.
 */
ngx_uint_t ngx_eiam_pattern_has_pieces(const ngx_str_t *text, u_char *segment,
    size_t len);

/*
 * The state behind a segment that is no literal.  NULL: there is none;
 * ngx_eiam_policy_ambiguous: another spelling of a segment that fits a pattern.
 */
ngx_eiam_state_t *ngx_eiam_pattern_step(const ngx_eiam_state_t *state,
    u_char *segment, size_t len);


#endif /* _NGX_EIAM_PATTERN_H_INCLUDED_ */
