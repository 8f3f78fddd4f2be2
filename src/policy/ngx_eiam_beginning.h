
/*
 * Which targets are below a policy.  Without a path of the server all are, so
 * the literals with which the templates begin say which of the plain targets
 * belong to the policy.
 */


#ifndef _NGX_EIAM_BEGINNING_H_INCLUDED_
#define _NGX_EIAM_BEGINNING_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_compile.h>


/* sets the bases of the policy: NGX_OK or NGX_ERROR (no memory) */
ngx_int_t ngx_eiam_beginning_find(ngx_eiam_compiler_t *compiler);


#endif /* _NGX_EIAM_BEGINNING_H_INCLUDED_ */
