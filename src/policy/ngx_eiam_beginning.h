
/*
 * What lies below a policy.
 *
 * Without a server path that is everything; what the templates begin with
 * tells then which plain targets are meant.
 */


#ifndef _NGX_EIAM_BEGINNING_H_INCLUDED_
#define _NGX_EIAM_BEGINNING_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_compile.h>


/* sets the policy's bases: NGX_OK or NGX_ERROR (no memory) */
ngx_int_t ngx_eiam_beginning_find(ngx_eiam_compiler_t *compiler);


#endif /* _NGX_EIAM_BEGINNING_H_INCLUDED_ */
