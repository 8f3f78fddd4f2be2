
#ifndef _NGX_EIAM_BEARER_H_INCLUDED_
#define _NGX_EIAM_BEARER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Reads the value of an Authorization field (RFC 6750, section 2.1).
 *
 * NGX_OK: token is what follows the scheme Bearer, well-formed or not;
 * NGX_DECLINED: another scheme, so there is no token.
 */
ngx_int_t ngx_eiam_bearer_find(const ngx_str_t *value, ngx_str_t *token);

/* whether the text is one b64token */
ngx_uint_t ngx_eiam_bearer_is_token(const ngx_str_t *token);


#endif /* _NGX_EIAM_BEARER_H_INCLUDED_ */
