
#ifndef _NGX_HTTP_EIAM_FINDING_H_INCLUDED_
#define _NGX_HTTP_EIAM_FINDING_H_INCLUDED_


#include <ngx_http_eiam.h>


/*
 * Warns of the findings of a policy, once for each cause.  NGX_OK, or
 * NGX_ERROR: something is left out of a policy that must be complete, which has
 * been logged.
 */
ngx_int_t ngx_http_eiam_finding_tell(ngx_conf_t *cf,
    ngx_eiam_policy_t *policy);

/*
 * The same for operations that no request reaches with the "eiam_path" of a
 * location that uses the policy.
 */
ngx_int_t ngx_http_eiam_finding_path(ngx_conf_t *cf,
    ngx_http_eiam_loc_conf_t *conf);


#endif /* _NGX_HTTP_EIAM_FINDING_H_INCLUDED_ */
