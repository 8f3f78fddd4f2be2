
/*
 * The smallest set of permissions with which a set of operations can be called.
 */


#ifndef _NGX_EIAM_MINIMUM_H_INCLUDED_
#define _NGX_EIAM_MINIMUM_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_policy.h>


/* steps that the search may take; beyond them the result may be larger */
#define NGX_EIAM_MINIMUM_STEPS  (1 << 20)


typedef struct {
    ngx_eiam_scopes_t      *scopes;
    const ngx_array_t      *implications;   /* NULL: none */
    const ngx_array_t      *policies;       /* of ngx_eiam_policy_t * */
    ngx_array_t            *used;           /* ngx_eiam_operation_t * */
    ngx_pool_t             *pool;
} ngx_eiam_minimum_t;


/*
 * The numbers of the scopes, in chosen, an array of ngx_uint_t.  None of them
 * can be left out, and what they permit beyond the used operations is as little
 * as it can be; of sets that permit as many operations it is the smaller one.
 * NGX_OK or NGX_ERROR (no memory).
 */
ngx_int_t ngx_eiam_minimum_find(const ngx_eiam_minimum_t *minimum,
    ngx_array_t *chosen);


#endif /* _NGX_EIAM_MINIMUM_H_INCLUDED_ */
