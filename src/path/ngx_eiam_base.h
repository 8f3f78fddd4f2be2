
/*
 * Could any backend read this target as one below the base path?
 *
 * Targets outside the gated locations are checked for this.  Servers differ in
 * what they decode, how often, and in which order they cut parameters and
 * resolve dot segments.  So the target is decoded until nothing is left to
 * decode, and if it contains anything on which servers differ, it is enough
 * that the segments of the base occur in it in their order: each reading is a
 * selection of the target's segments.
 */


#ifndef _NGX_EIAM_BASE_H_INCLUDED_
#define _NGX_EIAM_BASE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct {
    ngx_str_t    path;           /* "/api/v2/tenant"; empty: "/" */
    ngx_str_t   *segments;
    ngx_uint_t   nsegments;
    ngx_uint_t   skip;           /* any segments before the base */
    unsigned     suffix:1;       /* "/a.json" is read as "/a" */
    unsigned     whole:1;        /* only the base itself, perhaps with "/" */
    unsigned     prefix:1;       /* "/ab" is below "/a" */
} ngx_eiam_base_t;


/* what servers may read in a target */

typedef struct {
    ngx_str_t    target;
    ngx_str_t    mapped;         /* decoded, look-alikes are ASCII */
    ngx_str_t    decoded;        /* decoded only */
    unsigned     plain:1;        /* there is nothing to decode */
    unsigned     mapped_loose:1; /* servers may differ */
    unsigned     decoded_loose:1;
} ngx_eiam_reading_t;


typedef enum {
    NGX_EIAM_OUTSIDE = 0,        /* in no reading */
    NGX_EIAM_BELOW_PLAIN,        /* in the only reading */
    NGX_EIAM_BELOW_LOOSE         /* in some reading */
} ngx_eiam_below_e;


/*
 * The caller sets path, which must live as long as base, and zeroes everything
 * behind the segments.  NGX_OK or NGX_ERROR (no memory).
 */
ngx_int_t ngx_eiam_base_init(ngx_eiam_base_t *base, const ngx_str_t *path,
    ngx_pool_t *pool);

/* the target has no query: NGX_OK or NGX_ERROR (no memory) */
ngx_int_t ngx_eiam_base_read(ngx_eiam_reading_t *reading,
    const ngx_str_t *target, ngx_pool_t *pool);

ngx_eiam_below_e ngx_eiam_base_below(const ngx_eiam_base_t *base,
    const ngx_eiam_reading_t *reading);


#endif /* _NGX_EIAM_BASE_H_INCLUDED_ */
