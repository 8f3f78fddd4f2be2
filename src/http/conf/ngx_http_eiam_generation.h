
/*
 * The generations of an applications file.
 *
 * A request is decided by the generation that was in force when its grant
 * became known.  It takes that one, and releases it once it is decided.  A
 * generation has a pool of its own, which its last user destroys: the users are
 * the file, what has its permissions in force, and requests.
 */


#ifndef _NGX_HTTP_EIAM_GENERATION_H_INCLUDED_
#define _NGX_HTTP_EIAM_GENERATION_H_INCLUDED_


#include <ngx_http_eiam.h>


/*
 * Reads document->name.  The caller is the first user.  NULL: document->fault,
 * or there is no memory.
 */
ngx_http_eiam_generation_t *ngx_http_eiam_generation_read(
    ngx_eiam_document_t *document, ngx_log_t *log);

/* the first of a file of the configuration, which is its user: or NGX_ERROR */
ngx_int_t ngx_http_eiam_generation_first(ngx_conf_t *cf,
    ngx_eiam_document_t *document, ngx_http_eiam_applications_t *file);

void ngx_http_eiam_generation_free(ngx_http_eiam_generation_t *generation);

/* file->current, of the file's generation: NGX_OK, or NGX_ERROR: no memory */
ngx_int_t ngx_http_eiam_generation_use(ngx_conf_t *cf,
    ngx_http_eiam_file_permissions_t *file, ngx_eiam_scopes_t *scopes);

/*
 * What the applications of the generation may do under the file's implications,
 * in the generation's pool.  NULL: no memory.
 */
ngx_http_eiam_permissions_t *ngx_http_eiam_generation_permissions(
    ngx_http_eiam_generation_t *generation,
    const ngx_http_eiam_file_permissions_t *file, ngx_eiam_scopes_t *scopes);

/* its applications have their rows before any other id takes one */
void ngx_http_eiam_generation_reserve_rows(
    const ngx_http_eiam_generation_t *generation, ngx_eiam_metrics_t *metrics);

/* these are in force from now on; those before are not */
void ngx_http_eiam_generation_put(ngx_http_eiam_file_permissions_t *file,
    ngx_http_eiam_permissions_t *permissions);

/* sets ctx->permissions, unless the request has taken them before */
void ngx_http_eiam_generation_take(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);

/* what ctx has of the generation's memory is gone then */
void ngx_http_eiam_generation_release(ngx_http_eiam_ctx_t *ctx);


#endif /* _NGX_HTTP_EIAM_GENERATION_H_INCLUDED_ */
