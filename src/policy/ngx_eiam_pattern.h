
/*
 * Segments with a parameter between literals: "{name}.json".
 *
 * A request's segment may fit many of them.  Which ones it fits depends only
 * on the longest beginning and the longest end that it has of theirs, so each
 * such pair is looked up as a whole: what a match costs depends on how many
 * pairs of lengths there are, not on the number of templates.
 */


#ifndef _NGX_EIAM_PATTERN_H_INCLUDED_
#define _NGX_EIAM_PATTERN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_policy.h>


/*
 * Of so many texts with several parameters a state tells which of them fit, as
 * bits; of more only whether any does, and then all of them count.
 */
#define NGX_EIAM_PATTERN_SEVERAL  4


/* bytes of the literals before and behind the parameter */

typedef struct {
    size_t                 prefix;
    size_t                 suffix;
} ngx_eiam_shape_t;


typedef struct {
    ngx_str_t              text;        /* "{" is the parameter */
    ngx_eiam_shape_t       shape;
    unsigned               joined:1;    /* of two, no template has it */
    unsigned               whole:1;     /* text is a segment: no parameter */
    ngx_eiam_state_t     **to;          /* by the texts with several */
} ngx_eiam_pattern_t;


struct ngx_eiam_patterns_s {
    ngx_array_t            shapes;      /* the most bytes first */
    ngx_array_t            several;     /* of ngx_str_t */
    ngx_eiam_state_t     **any;         /* by these, where no pattern fits */
    ngx_eiam_pattern_t    *table;       /* by ngx_eiam_hash() */
    ngx_uint_t             mask;
    ngx_uint_t             wholes;      /* there are some */
};


/* of a text with one parameter */
ngx_eiam_shape_t ngx_eiam_pattern_shape(const ngx_str_t *text);

/* adds it at its place, unless it is there: NGX_OK or NGX_ERROR */
ngx_int_t ngx_eiam_pattern_add_shape(ngx_array_t *shapes,
    const ngx_eiam_shape_t *shape);

/*
 * Writes the text of that shape that a segment (by its name, or by a pattern)
 * fits; returns its length, or 0: it is too short.
 */
size_t ngx_eiam_pattern_cut(u_char *buf, const ngx_eiam_shape_t *shape,
    const ngx_str_t *name, const ngx_str_t *pattern);

/*
 * Patterns that know their states, and texts with several parameters, as a
 * match looks for them.  NULL: no memory.
 */
ngx_eiam_patterns_t *ngx_eiam_pattern_compile(const ngx_array_t *patterns,
    const ngx_array_t *several, ngx_pool_t *pool);

/* how many combinations of n texts with several parameters are told apart */
ngx_uint_t ngx_eiam_pattern_combinations(ngx_uint_t n);

/*
 * Could any reading of the segment fit a text with several parameters?  Only
 * its literals count, in their order, in any case.
 */
ngx_uint_t ngx_eiam_pattern_has_pieces(const ngx_str_t *text, u_char *segment,
    size_t len);

/*
 * The state that follows by a segment that is no literal.  NULL: none, or
 * ngx_eiam_policy_ambiguous: another spelling of what a pattern fits.
 */
ngx_eiam_state_t *ngx_eiam_pattern_step(const ngx_eiam_state_t *state,
    u_char *segment, size_t len);


#endif /* _NGX_EIAM_PATTERN_H_INCLUDED_ */
