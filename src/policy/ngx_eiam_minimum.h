
/*
 * The smallest set of permissions with which a set of operations can be called.
 */


#ifndef _NGX_EIAM_MINIMUM_H_INCLUDED_
#define _NGX_EIAM_MINIMUM_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_policy.h>


/*
 * Comparisons of an operation that a search may take, first for a good set and
 * then for the best one: some milliseconds.
 */
#define NGX_EIAM_MINIMUM_STEPS  (1 << 18)


typedef struct {
    ngx_eiam_scopes_t      *scopes;
    const ngx_array_t      *implications;   /* NULL: none */
    const ngx_array_t      *policies;       /* of ngx_eiam_policy_t * */
    ngx_array_t            *used;           /* ngx_eiam_operation_t * */
    ngx_pool_t             *pool;
} ngx_eiam_minimum_t;


/*
 * The numbers of the scopes, in chosen, an array of ngx_uint_t.  What they
 * permit beyond the used operations is as little as it can be; of sets that
 * permit as many operations it is the smallest one.  If the search takes too
 * many steps, exact is 0, and there may be a better set; none of the scopes can
 * be left out all the same.  NGX_OK or NGX_ERROR (no memory).
 */
ngx_int_t ngx_eiam_minimum_find(const ngx_eiam_minimum_t *minimum,
    ngx_array_t *chosen, ngx_uint_t *exact);


#endif /* _NGX_EIAM_MINIMUM_H_INCLUDED_ */
