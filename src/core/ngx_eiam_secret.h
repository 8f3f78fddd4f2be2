
/* A secret in a small file of its own: read when a configuration is. */


#ifndef _NGX_EIAM_SECRET_H_INCLUDED_
#define _NGX_EIAM_SECRET_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_EIAM_SECRET_MAX  4096      /* bytes of the file */


typedef struct {
    ngx_str_t     text;                /* of the file, in the pool */
    ngx_uint_t    others;              /* everybody may read it */
    const char   *fault;
    ngx_err_t     err;                 /* of the fault; or 0 */
} ngx_eiam_secret_t;


/* NGX_OK; NGX_ERROR: secret->fault says why, or is NULL: no memory */
ngx_int_t ngx_eiam_secret_read(ngx_pool_t *pool, const ngx_str_t *name,
    ngx_eiam_secret_t *secret);


#endif /* _NGX_EIAM_SECRET_H_INCLUDED_ */
