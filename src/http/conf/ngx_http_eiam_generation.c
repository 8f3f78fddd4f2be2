
#include <ngx_http_eiam_generation.h>


static void ngx_http_eiam_generation_file_cleanup(void *data);
static void ngx_http_eiam_generation_cleanup(void *data);
static ngx_http_eiam_permissions_t *ngx_http_eiam_generation_memo(
    ngx_pool_t *pool);


ngx_http_eiam_generation_t *
ngx_http_eiam_generation_read(ngx_eiam_document_t *document, ngx_log_t *log)
{
    ngx_pool_t                  *pool;
    ngx_http_eiam_generation_t  *generation;

    pool = ngx_create_pool(NGX_DEFAULT_POOL_SIZE, log);
    if (pool == NULL) {
        return NULL;
    }

    generation = ngx_pcalloc(pool, sizeof(ngx_http_eiam_generation_t));

    if (generation == NULL
        || ngx_eiam_applications_read(document, pool,
                                      &generation->applications)
           != NGX_OK)
    {
        ngx_destroy_pool(pool);
        return NULL;
    }

    generation->pool = pool;
    generation->users = 1;

    ngx_memcpy(generation->digest, document->digest, NGX_EIAM_DIGEST_LEN);

    return generation;
}


ngx_int_t
ngx_http_eiam_generation_first(ngx_conf_t *cf, ngx_eiam_document_t *document,
    ngx_http_eiam_applications_t *file)
{
    ngx_eiam_stamp_t     before, after;
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    ngx_eiam_stamp(&document->name, &before);

    file->generation = ngx_http_eiam_generation_read(document, cf->log);
    if (file->generation == NULL) {
        return NGX_ERROR;
    }

    ngx_eiam_stamp(&document->name, &after);

    /* if the stamp may be out of date the workers read the file again */

    if (ngx_eiam_stamp_equal(&before, &after)
        && ngx_eiam_stamp_is_old(&after))
    {
        file->stamp = after;
    }

    /* as in the cycle's own pool: the log of the old configuration goes */
    file->generation->pool->log = &cf->cycle->new_log;

    cln->handler = ngx_http_eiam_generation_file_cleanup;
    cln->data = file;

    return NGX_OK;
}


static void
ngx_http_eiam_generation_file_cleanup(void *data)
{
    ngx_http_eiam_applications_t *file = data;

    ngx_http_eiam_generation_free(file->generation);
}


void
ngx_http_eiam_generation_free(ngx_http_eiam_generation_t *generation)
{
    if (generation && --generation->users == 0) {
        ngx_destroy_pool(generation->pool);
    }
}


ngx_int_t
ngx_http_eiam_generation_use(ngx_conf_t *cf,
    ngx_http_eiam_file_permissions_t *file, ngx_eiam_scopes_t *scopes)
{
    ngx_pool_cleanup_t           *cln;
    ngx_http_eiam_permissions_t  *permissions;

    if (file->applications == NULL) {
        file->current = ngx_http_eiam_generation_memo(cf->pool);
        return file->current ? NGX_OK : NGX_ERROR;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    permissions = ngx_http_eiam_generation_permissions(
                      file->applications->generation, file, scopes);
    if (permissions == NULL) {
        return NGX_ERROR;
    }

    ngx_http_eiam_generation_put(file, permissions);

    cln->handler = ngx_http_eiam_generation_cleanup;
    cln->data = file;

    return NGX_OK;
}


static void
ngx_http_eiam_generation_cleanup(void *data)
{
    ngx_http_eiam_file_permissions_t *file = data;

    ngx_http_eiam_generation_free(file->current->generation);
}


/* without an applications file there are no permissions, only a memo */

static ngx_http_eiam_permissions_t *
ngx_http_eiam_generation_memo(ngx_pool_t *pool)
{
    ngx_http_eiam_permissions_t  *permissions;

    permissions = ngx_pcalloc(pool, sizeof(ngx_http_eiam_permissions_t));
    if (permissions == NULL) {
        return NULL;
    }

    permissions->pool = pool;
    permissions->scopes_memo = ngx_pcalloc(pool,
                                       NGX_HTTP_EIAM_SCOPES_MEMO
                                       * sizeof(ngx_http_eiam_scopes_memo_t));

    return permissions->scopes_memo ? permissions : NULL;
}


ngx_http_eiam_permissions_t *
ngx_http_eiam_generation_permissions(ngx_http_eiam_generation_t *generation,
    const ngx_http_eiam_file_permissions_t *file, ngx_eiam_scopes_t *scopes)
{
    ngx_http_eiam_permissions_t  *permissions;

    permissions = ngx_http_eiam_generation_memo(generation->pool);
    if (permissions == NULL) {
        return NULL;
    }

    permissions->generation = generation;
    permissions->applications = &generation->applications;
    permissions->permissions = ngx_eiam_applications_permissions(
                                   &generation->applications, scopes,
                                   file->implications, generation->pool);

    return permissions->permissions ? permissions : NULL;
}


void
ngx_http_eiam_generation_reserve_rows(
    const ngx_http_eiam_generation_t *generation, ngx_eiam_metrics_t *metrics)
{
    ngx_uint_t                i;
    const ngx_array_t        *list;
    ngx_eiam_application_t  **application;

    list = &generation->applications.list;
    application = list->elts;

    for (i = 0; i < list->nelts; i++) {
        (void) ngx_eiam_metrics_application(metrics, &application[i]->id);
    }
}


void
ngx_http_eiam_generation_put(ngx_http_eiam_file_permissions_t *file,
    ngx_http_eiam_permissions_t *permissions)
{
    ngx_http_eiam_permissions_t  *prior;

    prior = file->current;
    file->current = permissions;

    permissions->generation->users++;

    if (prior) {
        ngx_http_eiam_generation_free(prior->generation);
    }
}


void
ngx_http_eiam_generation_take(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx)
{
    ngx_http_eiam_loc_conf_t  *lcf;

    if (ctx->permissions) {
        return;
    }

    lcf = ngx_http_get_module_loc_conf(r, ngx_eiam_module);

    ctx->permissions = lcf->permissions->current;

    if (ctx->permissions->generation) {
        ctx->permissions->generation->users++;
    }
}


void
ngx_http_eiam_generation_release(ngx_http_eiam_ctx_t *ctx)
{
    ngx_http_eiam_permissions_t  *permissions;

    permissions = ctx->permissions;

    if (permissions == NULL) {
        return;
    }

    ctx->permissions = NULL;
    ctx->application = NULL;
    ctx->scopes = NULL;

    ngx_http_eiam_generation_free(permissions->generation);
}
