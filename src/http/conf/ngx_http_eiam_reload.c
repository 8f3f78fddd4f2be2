
#include <ngx_http_eiam_generation.h>
#include <ngx_http_eiam_permissions.h>
#include <ngx_http_eiam_readable.h>
#include <ngx_http_eiam_reload.h>


#define NGX_HTTP_EIAM_RELOAD_INTERVAL  500    /* ms between two checks */
#define NGX_HTTP_EIAM_RELOAD_JITTER    50
#define NGX_HTTP_EIAM_RELOAD_SETTLE    200    /* ms without a change */
#define NGX_HTTP_EIAM_RELOAD_CHANGES   5      /* changes to wait for */
#define NGX_HTTP_EIAM_RELOAD_TURN      50     /* ms while another one reads */


static void ngx_http_eiam_reload_handler(ngx_event_t *ev);
static ngx_msec_t ngx_http_eiam_reload_files(ngx_http_eiam_main_conf_t *mcf,
    ngx_uint_t start);
static ngx_int_t ngx_http_eiam_reload_check(ngx_http_eiam_main_conf_t *mcf,
    ngx_http_eiam_applications_t *file, ngx_uint_t start);
static ngx_uint_t ngx_http_eiam_reload_settled(
    ngx_http_eiam_applications_t *file, const ngx_eiam_stamp_t *stamp);
static ngx_uint_t ngx_http_eiam_reload_is_exact(
    const ngx_http_eiam_applications_t *file, const ngx_eiam_stamp_t *stamp);
static ngx_int_t ngx_http_eiam_reload_read(ngx_http_eiam_main_conf_t *mcf,
    ngx_http_eiam_applications_t *file, const ngx_eiam_stamp_t *stamp);
static ngx_int_t ngx_http_eiam_reload_parse(ngx_http_eiam_main_conf_t *mcf,
    ngx_http_eiam_applications_t *file, const ngx_eiam_stamp_t *stamp,
    ngx_eiam_document_t *document);
static ngx_int_t ngx_http_eiam_reload_swap(ngx_http_eiam_main_conf_t *mcf,
    ngx_http_eiam_applications_t *file,
    ngx_http_eiam_generation_t *generation);
static void ngx_http_eiam_reload_put(ngx_http_eiam_main_conf_t *mcf,
    ngx_http_eiam_applications_t *file, const ngx_eiam_stamp_t *stamp,
    ngx_pool_t *pool);
static void ngx_http_eiam_reload_refuse(ngx_http_eiam_main_conf_t *mcf,
    ngx_http_eiam_applications_t *file, const ngx_eiam_stamp_t *stamp,
    ngx_eiam_document_t *document);
static void ngx_http_eiam_reload_available(ngx_http_eiam_main_conf_t *mcf,
    const ngx_http_eiam_applications_t *file, ngx_uint_t available);


static ngx_event_t       ngx_http_eiam_reload_event;
static ngx_connection_t  ngx_http_eiam_reload_no_connection;


ngx_int_t
ngx_http_eiam_reload_init_zone(ngx_http_eiam_main_conf_t *mcf, ngx_log_t *log)
{
    ngx_int_t                       rc;
    ngx_uint_t                      i;
    ngx_http_eiam_applications_t  **file;

    file = mcf->files.elts;

    for (i = 0; i < mcf->files.nelts; i++) {

        ngx_http_eiam_generation_reserve_rows(file[i]->generation,
                                              &mcf->zone->shared->metrics);

        if (!file[i]->reload) {
            continue;
        }

        rc = ngx_http_eiam_readable(mcf->cycle, &file[i]->name);

        if (rc != NGX_OK) {
            ngx_log_error(NGX_LOG_EMERG, log, rc,
                          "\"%V\" must be readable by the workers, which read "
                          "it again when it changes; or set "
                          "\"eiam_applications_reload off\"", &file[i]->name);
            return NGX_ERROR;
        }

        file[i]->live = ngx_eiam_live_add(mcf->zone, &file[i]->name,
                                          file[i]->generation->digest);

        if (file[i]->live == NULL) {
            ngx_log_error(NGX_LOG_EMERG, log, 0,
                          "\"eiam_zone\" is too small for the applications "
                          "file \"%V\"", &file[i]->name);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


void
ngx_http_eiam_reload_init_process(ngx_http_eiam_main_conf_t *mcf)
{
    ngx_event_t  *ev;

    ev = &ngx_http_eiam_reload_event;

    ngx_http_eiam_reload_no_connection.fd = (ngx_socket_t) -1;

    ngx_memzero(ev, sizeof(ngx_event_t));

    ev->handler = ngx_http_eiam_reload_handler;
    ev->data = &ngx_http_eiam_reload_no_connection;
    ev->log = ngx_cycle->log;
    ev->cancelable = 1;

    /* the file may have changed since the master read it */

    ngx_add_timer(ev, ngx_http_eiam_reload_files(mcf, 1));
}


/* uses the current configuration: a single process keeps its timers */

static void
ngx_http_eiam_reload_handler(ngx_event_t *ev)
{
    ngx_msec_t                  delay;
    ngx_http_eiam_main_conf_t  *mcf;

    mcf = ngx_http_cycle_get_module_main_conf(ngx_cycle, ngx_eiam_module);
    delay = NGX_HTTP_EIAM_RELOAD_INTERVAL;

    if (mcf && mcf->zone) {

        /* two reloads later the records may belong to other files */

        if (mcf->zone->number + 1 < mcf->zone->shared->number) {
            return;
        }

        delay = ngx_http_eiam_reload_files(mcf, 0);
    }

    ngx_add_timer(ev, delay);
}


static ngx_msec_t
ngx_http_eiam_reload_files(ngx_http_eiam_main_conf_t *mcf, ngx_uint_t start)
{
    ngx_int_t                       rc;
    ngx_uint_t                      i;
    ngx_msec_t                      delay;
    ngx_http_eiam_applications_t  **file;

    file = mcf->files.elts;

    delay = NGX_HTTP_EIAM_RELOAD_INTERVAL - NGX_HTTP_EIAM_RELOAD_JITTER
            + ngx_random() % (2 * NGX_HTTP_EIAM_RELOAD_JITTER);

    for (i = 0; i < mcf->files.nelts; i++) {

        if (file[i]->live == NULL) {
            continue;
        }

        rc = ngx_http_eiam_reload_check(mcf, file[i], start);

        if (rc == NGX_AGAIN) {
            delay = ngx_min(delay, NGX_HTTP_EIAM_RELOAD_SETTLE);

        } else if (rc == NGX_BUSY) {
            delay = NGX_HTTP_EIAM_RELOAD_TURN;
        }
    }

    return delay;
}


/*
 * NGX_OK; NGX_AGAIN: the file should be checked again soon; NGX_BUSY: another
 * worker is reading
 */

static ngx_int_t
ngx_http_eiam_reload_check(ngx_http_eiam_main_conf_t *mcf,
    ngx_http_eiam_applications_t *file, ngx_uint_t start)
{
    ngx_int_t         rc;
    ngx_uint_t        in_force;
    ngx_eiam_stamp_t  stamp;

    ngx_eiam_stamp(&file->name, &stamp);

    in_force = ngx_eiam_live_is(mcf->zone, file->live,
                                file->generation->digest);

    if ((in_force && ngx_eiam_stamp_equal(&stamp, &file->stamp))
        || ngx_eiam_live_is_refused(mcf->zone, file->live, &stamp))
    {
        ngx_http_eiam_reload_available(mcf, file, in_force);
        return NGX_OK;
    }

    if (!ngx_http_eiam_reload_settled(file, &stamp) && !start) {
        return NGX_AGAIN;
    }

    rc = ngx_eiam_live_begin(mcf->zone, file->live);

    if (rc == NGX_AGAIN && !start) {
        return NGX_BUSY;
    }

    rc = ngx_http_eiam_reload_read(mcf, file, &stamp);

    ngx_eiam_live_end(mcf->zone, file->live);

    if (rc == NGX_OK || start) {
        in_force = ngx_eiam_live_is(mcf->zone, file->live,
                                    file->generation->digest);
        ngx_http_eiam_reload_available(mcf, file, in_force);
    }

    return rc;
}


/* a file that is being written is not read, but not for ever */

static ngx_uint_t
ngx_http_eiam_reload_settled(ngx_http_eiam_applications_t *file,
    const ngx_eiam_stamp_t *stamp)
{
    if (ngx_eiam_stamp_equal(&file->last_stamp, stamp)) {
        file->changes = 0;
        return 1;
    }

    /* the time of this turn of the event loop may be long ago */
    ngx_time_update();

    file->last_stamp = *stamp;
    file->stamp_since = ngx_current_msec;

    if (file->changes++ == NGX_HTTP_EIAM_RELOAD_CHANGES) {
        file->changes = 0;
        return 1;
    }

    return 0;
}


/* would any other change of the file have led to another stamp? */

static ngx_uint_t
ngx_http_eiam_reload_is_exact(const ngx_http_eiam_applications_t *file,
    const ngx_eiam_stamp_t *stamp)
{
    return ngx_eiam_stamp_equal(&file->last_stamp, stamp)
           && ngx_current_msec - file->stamp_since
              >= ngx_eiam_stamp_step(stamp);
}


/* NGX_OK: the file is in force, or refused; NGX_AGAIN: it changed meanwhile */

static ngx_int_t
ngx_http_eiam_reload_read(ngx_http_eiam_main_conf_t *mcf,
    ngx_http_eiam_applications_t *file, const ngx_eiam_stamp_t *stamp)
{
    ngx_int_t            rc;
    ngx_eiam_document_t  document;

    ngx_memzero(&document, sizeof(ngx_eiam_document_t));

    document.name = file->name;
    document.pool = ngx_create_pool(NGX_DEFAULT_POOL_SIZE, ngx_cycle->log);

    if (document.pool == NULL) {
        return NGX_AGAIN;
    }

    rc = ngx_http_eiam_reload_parse(mcf, file, stamp, &document);

    ngx_destroy_pool(document.pool);

    return rc;
}


static ngx_int_t
ngx_http_eiam_reload_parse(ngx_http_eiam_main_conf_t *mcf,
    ngx_http_eiam_applications_t *file, const ngx_eiam_stamp_t *stamp,
    ngx_eiam_document_t *document)
{
    ngx_int_t                    rc;
    ngx_eiam_stamp_t             after;
    ngx_http_eiam_generation_t  *generation;

    generation = NULL;

    rc = ngx_eiam_document_load(document);

    if (rc == NGX_OK
        && ngx_memcmp(document->digest, file->generation->digest,
                      NGX_EIAM_DIGEST_LEN)
           != 0)
    {
        generation = ngx_http_eiam_generation_read(document, ngx_cycle->log);
        rc = generation ? NGX_OK : NGX_ERROR;
    }

    ngx_eiam_stamp(&file->name, &after);

    if (!ngx_eiam_stamp_equal(stamp, &after)
        || (rc != NGX_OK && document->fault.len == 0))
    {
        ngx_http_eiam_generation_free(generation);
        return NGX_AGAIN;
    }

    if (rc != NGX_OK) {
        ngx_http_eiam_reload_refuse(mcf, file, stamp, document);
        return NGX_OK;
    }

    if (generation
        && ngx_http_eiam_reload_swap(mcf, file, generation) != NGX_OK)
    {
        ngx_http_eiam_generation_free(generation);
        return NGX_AGAIN;
    }

    ngx_http_eiam_reload_put(mcf, file, stamp, document->pool);

    return NGX_OK;
}


/* replaces the permissions of all locations: NGX_OK; NGX_ERROR: no memory */

static ngx_int_t
ngx_http_eiam_reload_swap(ngx_http_eiam_main_conf_t *mcf,
    ngx_http_eiam_applications_t *file,
    ngx_http_eiam_generation_t *generation)
{
    ngx_uint_t                          i;
    ngx_http_eiam_permissions_t       **permissions;
    ngx_http_eiam_file_permissions_t  **use;

    use = mcf->file_permissions.elts;

    permissions = ngx_pcalloc(generation->pool,
                              mcf->file_permissions.nelts * sizeof(void *));
    if (permissions == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < mcf->file_permissions.nelts; i++) {

        if (use[i]->applications != file || !use[i]->reload) {
            continue;
        }

        permissions[i] = ngx_http_eiam_generation_permissions(generation,
                                                              use[i],
                                                              mcf->scopes);
        if (permissions[i] == NULL) {
            return NGX_ERROR;
        }
    }

    for (i = 0; i < mcf->file_permissions.nelts; i++) {

        if (permissions[i]) {
            ngx_http_eiam_generation_put(use[i], permissions[i]);
        }
    }

    ngx_http_eiam_generation_free(file->generation);
    file->generation = generation;

    if (mcf->share) {
        mcf->share->static_changes++;
    }

    return NGX_OK;
}


/* the first worker logs and counts the change for all */

static void
ngx_http_eiam_reload_put(ngx_http_eiam_main_conf_t *mcf,
    ngx_http_eiam_applications_t *file, const ngx_eiam_stamp_t *stamp,
    ngx_pool_t *pool)
{
    ngx_log_t           *log;
    ngx_eiam_metrics_t  *metrics;

    log = ngx_cycle->log;
    metrics = &mcf->zone->shared->metrics;

    /* another change within the resolution of times could not be seen */

    if (ngx_http_eiam_reload_is_exact(file, stamp)) {
        file->stamp = *stamp;

    } else {
        ngx_memzero(&file->stamp, sizeof(ngx_eiam_stamp_t));
    }

    if (ngx_eiam_live_put(mcf->zone, file->live, file->generation->digest)
        != NGX_OK)
    {
        return;
    }

    ngx_eiam_metrics_add(&metrics->reloaded);
    ngx_http_eiam_generation_reserve_rows(file->generation, metrics);
    ngx_http_eiam_permissions_warn(mcf->scopes,
                                   &file->generation->applications, pool, log);

    ngx_log_error(NGX_LOG_NOTICE, log, 0,
                  "eiam: the applications file \"%V\" has changed and is in "
                  "force", &file->name);
}


static void
ngx_http_eiam_reload_refuse(ngx_http_eiam_main_conf_t *mcf,
    ngx_http_eiam_applications_t *file, const ngx_eiam_stamp_t *stamp,
    ngx_eiam_document_t *document)
{
    ngx_uint_t               permanent;
    const ngx_eiam_digest_t  none = { 0 };

    /* a file that cannot be opened may be readable soon, without a change */

    permanent = stamp->error
                || (ngx_memcmp(document->digest, none, NGX_EIAM_DIGEST_LEN) != 0
                    && ngx_http_eiam_reload_is_exact(file, stamp));

    if (ngx_eiam_live_refuse(mcf->zone, file->live, stamp, permanent,
                             &document->fault)
        != NGX_OK)
    {
        return;
    }

    ngx_eiam_metrics_add(&mcf->zone->shared->metrics.not_reloaded);

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "eiam: the applications file stays as it was, as the new one "
                  "has a fault: %V", &document->fault);
}


static void
ngx_http_eiam_reload_available(ngx_http_eiam_main_conf_t *mcf,
    const ngx_http_eiam_applications_t *file, ngx_uint_t available)
{
    ngx_uint_t                          i, changed;
    ngx_http_eiam_file_permissions_t  **use;

    changed = 0;
    use = mcf->file_permissions.elts;

    for (i = 0; i < mcf->file_permissions.nelts; i++) {

        if (use[i]->applications == file && use[i]->reload) {
            changed |= (use[i]->unavailable == available);
            use[i]->unavailable = !available;
        }
    }

    if (changed && !available) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "eiam: this worker cannot read the applications that are "
                      "in force, so it refuses calls, file: \"%V\"",
                      &file->name);
    }
}
