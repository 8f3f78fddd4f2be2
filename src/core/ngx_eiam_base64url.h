
#ifndef _NGX_EIAM_BASE64URL_H_INCLUDED_
#define _NGX_EIAM_BASE64URL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Decodes base64url as RFC 7515, section 2, defines it: no padding, no white
 * space, no line ends, and unused bits are 0, so that each text has only one
 * spelling.  NGX_OK; NGX_DECLINED: the text is not base64url; NGX_ERROR: no
 * memory.
 */
ngx_int_t ngx_eiam_base64url(const ngx_str_t *text, ngx_pool_t *pool,
    ngx_str_t *bytes);


#endif /* _NGX_EIAM_BASE64URL_H_INCLUDED_ */
