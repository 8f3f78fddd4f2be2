
#ifndef _NGX_HTTP_EIAM_GATED_H_INCLUDED_
#define _NGX_HTTP_EIAM_GATED_H_INCLUDED_


#include <ngx_http_eiam.h>


/*
 * adds the location that is being merged, if it is outside: NGX_OK or NGX_ERROR
 */
ngx_int_t ngx_http_eiam_gated_add(ngx_conf_t *cf,
    const ngx_eiam_policy_t *policy);

/*
 * whether a target in another location could be read as one in such a location
 */
ngx_eiam_below_e ngx_http_eiam_gated_below(
    const ngx_http_eiam_srv_conf_t *scf, const ngx_eiam_reading_t *reading);


#endif /* _NGX_HTTP_EIAM_GATED_H_INCLUDED_ */
