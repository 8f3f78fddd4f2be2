
/*
 * The scopes that a challenge names (RFC 6750, section 3): those of one
 * alternative, so that clients do not ask for more than they need.
 */


#ifndef _NGX_EIAM_CHALLENGE_H_INCLUDED_
#define _NGX_EIAM_CHALLENGE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_policy.h>


/* steps that the choice of alternatives may take in a policy */
#define NGX_EIAM_CHALLENGE_MAX  (1 << 24)


/*
 * Chooses the challenge of each operation: the alternative with the fewest
 * scopes, of several such the one that the fewest operations accept, and then
 * the first one.  NGX_OK or NGX_ERROR (no memory).
 */
ngx_int_t ngx_eiam_challenge_set(ngx_eiam_policy_t *policy,
    const ngx_eiam_scopes_t *scopes, ngx_pool_t *pool, ngx_pool_t *temp_pool);


#endif /* _NGX_EIAM_CHALLENGE_H_INCLUDED_ */
