
#ifndef _NGX_HTTP_EIAM_PARAMETERS_H_INCLUDED_
#define _NGX_HTTP_EIAM_PARAMETERS_H_INCLUDED_


#include <ngx_http_eiam.h>


/* returns the parameters that the forwarded query may contain, as bits */
ngx_uint_t ngx_http_eiam_parameters(ngx_http_request_t *r);

/* the names of parameters that are secret; a null string ends them */
extern const ngx_str_t *const  ngx_http_eiam_parameters_secret;

#define NGX_HTTP_EIAM_ASKS_METHOD  0x03

#define NGX_HTTP_EIAM_HAS_TOKEN    0x04

#define NGX_HTTP_EIAM_HAS_SECRET   0x0c       /* a token is a secret, too */


#endif /* _NGX_HTTP_EIAM_PARAMETERS_H_INCLUDED_ */
