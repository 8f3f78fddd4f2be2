
/*
 * Finds the known name that is nearest to an unknown one, as a hint at what may
 * have been meant.
 */


#ifndef _NGX_EIAM_NEAR_H_INCLUDED_
#define _NGX_EIAM_NEAR_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct {
    const ngx_str_t  *name;
    ngx_str_t         nearest;       /* nearest.len is 0: no name is near */
    ngx_uint_t        distance;      /* of the nearest */
} ngx_eiam_near_t;


void ngx_eiam_near_init(ngx_eiam_near_t *near, const ngx_str_t *name);

/* compares the unknown name with one of the known names */
void ngx_eiam_near_compare(ngx_eiam_near_t *near, const ngx_str_t *known);


#endif /* _NGX_EIAM_NEAR_H_INCLUDED_ */
