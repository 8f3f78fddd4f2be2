
#ifndef _NGX_HTTP_EIAM_FINDING_H_INCLUDED_
#define _NGX_HTTP_EIAM_FINDING_H_INCLUDED_


#include <ngx_http_eiam.h>


/*
 * Warns of what was found in a policy, once of each cause.  NGX_OK, or
 * NGX_ERROR: something is left out of it, but it must be complete; that is
 * logged.
 */
ngx_int_t ngx_http_eiam_finding_tell(ngx_conf_t *cf,
    ngx_eiam_policy_t *policy);

/*
 * The same about operations that no request reaches under the "eiam_path" of
 * a location that has the policy.
 */
ngx_int_t ngx_http_eiam_finding_path(ngx_conf_t *cf,
    ngx_http_eiam_loc_conf_t *conf);


#endif /* _NGX_HTTP_EIAM_FINDING_H_INCLUDED_ */
