
/* The static tokens of an application: only their digests are known. */


#ifndef _NGX_EIAM_STATIC_TOKEN_H_INCLUDED_
#define _NGX_EIAM_STATIC_TOKEN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_applications.h>


/* reads digest and expiry of a token: NGX_OK, or NGX_ERROR with a fault */
ngx_int_t ngx_eiam_static_token_read(const ngx_eiam_node_t *node,
    ngx_eiam_token_t *token);


#endif /* _NGX_EIAM_STATIC_TOKEN_H_INCLUDED_ */
