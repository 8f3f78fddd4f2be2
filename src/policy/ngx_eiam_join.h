
/*
 * Which patterns the segments of a state can fit: those of its templates, and
 * the combinations of two that fit one segment at the same time.
 */


#ifndef _NGX_EIAM_JOIN_H_INCLUDED_
#define _NGX_EIAM_JOIN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_compile.h>
#include <ngx_eiam_pattern.h>


/*
 * Adds to patterns, an array of ngx_eiam_pattern_t in a temporary pool, those
 * of the nodes' children, those joined from two of them, and the segments that
 * are too short for a joined pattern but fit both parts; and to several, an
 * array of ngx_str_t, the segments with several parameters.  NGX_OK;
 * NGX_DECLINED: visits exceeds NGX_EIAM_COMPILE_MAX; NGX_ERROR: no memory.
 */
ngx_int_t ngx_eiam_join_patterns(const ngx_array_t *nodes,
    ngx_array_t *patterns, ngx_array_t *several, ngx_uint_t *visits);


#endif /* _NGX_EIAM_JOIN_H_INCLUDED_ */
