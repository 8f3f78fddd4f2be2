
/*
 * The generations of an applications file.
 *
 * A request is decided by the generation that was in force when its grant
 * became known.  It takes that generation, and releases it once it is decided.
 * A generation has a pool of its own, which its last user destroys.  Users are
 * the file, the settings whose permissions are those of the generation, and
 * requests.
 */


#ifndef _NGX_HTTP_EIAM_GENERATION_H_INCLUDED_
#define _NGX_HTTP_EIAM_GENERATION_H_INCLUDED_


#include <ngx_http_eiam.h>


/*
 * Reads document->name.  The caller is the first user.  NULL: document->fault
 * says what is wrong, or there is no memory.
 */
ngx_http_eiam_generation_t *ngx_http_eiam_generation_read(
    ngx_eiam_document_t *document, ngx_log_t *log);

/* reads the first generation, whose user is the file: NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_eiam_generation_first(ngx_conf_t *cf,
    ngx_eiam_document_t *document, ngx_http_eiam_applications_t *file);

void ngx_http_eiam_generation_free(ngx_http_eiam_generation_t *generation);

/* sets file->current from the generation in force: NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_eiam_generation_use(ngx_conf_t *cf,
    ngx_http_eiam_file_permissions_t *file, ngx_eiam_scopes_t *scopes);

/*
 * Makes the permissions of the generation's applications, with the implications
 * of the settings, in the generation's pool.  NULL: no memory.
 */
ngx_http_eiam_permissions_t *ngx_http_eiam_generation_permissions(
    ngx_http_eiam_generation_t *generation,
    const ngx_http_eiam_file_permissions_t *file, ngx_eiam_scopes_t *scopes);

/* reserves rows of counters for the applications, before other ids take them */
void ngx_http_eiam_generation_reserve_rows(
    const ngx_http_eiam_generation_t *generation, ngx_eiam_metrics_t *metrics);

/* puts these permissions in force, in place of those before */
void ngx_http_eiam_generation_put(ngx_http_eiam_file_permissions_t *file,
    ngx_http_eiam_permissions_t *permissions);

/* sets ctx->permissions, unless the request has already done so */
void ngx_http_eiam_generation_take(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);

/* after this ctx must not use memory of the generation any more */
void ngx_http_eiam_generation_release(ngx_http_eiam_ctx_t *ctx);


#endif /* _NGX_HTTP_EIAM_GENERATION_H_INCLUDED_ */
