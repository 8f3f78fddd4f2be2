
#include <ngx_http_eiam_generation.h>
#include <ngx_http_eiam_invalid.h>
#include <ngx_http_eiam_permissions.h>
#include <ngx_eiam_string.h>
#include <ngx_eiam_text.h>


#define NGX_HTTP_EIAM_UNDECLARED_MAX  20


/* permissions that no policy declares */

typedef struct {
    const ngx_str_t          *name;
    const ngx_str_t          *application;  /* the first one that has it */
    ngx_uint_t                more;         /* applications that have it */
} ngx_http_eiam_undeclared_t;


typedef struct {
    ngx_http_eiam_undeclared_t   list[NGX_HTTP_EIAM_UNDECLARED_MAX];
    ngx_uint_t                   n;
    ngx_uint_t                   others;    /* for which there is no room */
} ngx_http_eiam_undeclared_list_t;


static ngx_http_eiam_file_permissions_t *ngx_http_eiam_add_file(
    ngx_conf_t *cf, ngx_http_eiam_main_conf_t *mcf,
    const ngx_http_eiam_loc_conf_t *conf);
static ngx_array_t *ngx_http_eiam_implications(ngx_conf_t *cf,
    ngx_http_eiam_main_conf_t *mcf, ngx_array_t *implied);
static ngx_int_t ngx_http_eiam_implication(ngx_conf_t *cf,
    ngx_http_eiam_main_conf_t *mcf, ngx_array_t *words,
    ngx_array_t *implications);
static void ngx_http_eiam_permissions_undeclared(
    ngx_http_eiam_undeclared_list_t *undeclared, const ngx_str_t *name,
    const ngx_str_t *application);
static void ngx_http_eiam_permissions_log(
    const ngx_http_eiam_undeclared_list_t *undeclared, const ngx_str_t *file,
    ngx_pool_t *pool, ngx_log_t *log);


/* all policies have been read by now, so each scope has a number */

char *
ngx_http_eiam_permissions_resolve(ngx_conf_t *cf,
    ngx_http_eiam_loc_conf_t *conf)
{
    ngx_uint_t                          i;
    ngx_http_eiam_main_conf_t          *mcf;
    ngx_http_eiam_file_permissions_t  **file;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_eiam_module);

    file = mcf->file_permissions.elts;

    for (i = 0; i < mcf->file_permissions.nelts; i++) {

        if (file[i]->applications == conf->applications
            && file[i]->implied == conf->implied
            && file[i]->reload == conf->reload)
        {
            conf->permissions = file[i];
            return NGX_CONF_OK;
        }
    }

    conf->permissions = ngx_http_eiam_add_file(cf, mcf, conf);

    return conf->permissions ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static ngx_http_eiam_file_permissions_t *
ngx_http_eiam_add_file(ngx_conf_t *cf, ngx_http_eiam_main_conf_t *mcf,
    const ngx_http_eiam_loc_conf_t *conf)
{
    ngx_http_eiam_file_permissions_t  *file, **place;

    file = ngx_pcalloc(cf->pool, sizeof(ngx_http_eiam_file_permissions_t));
    place = ngx_array_push(&mcf->file_permissions);

    if (file == NULL || place == NULL) {
        return NULL;
    }

    *place = file;

    file->applications = conf->applications;
    file->implied = conf->implied;
    file->reload = conf->reload;
    file->implications = ngx_http_eiam_implications(cf, mcf, conf->implied);

    if (file->implications == NULL
        || ngx_http_eiam_generation_use(cf, file, mcf->scopes) != NGX_OK)
    {
        return NULL;
    }

    if (conf->applications) {
        conf->applications->reload |= conf->reload;
        ngx_http_eiam_permissions_warn(mcf->scopes, file->current->applications,
                                       cf->temp_pool, cf->log);
    }

    return file;
}


static ngx_array_t *
ngx_http_eiam_implications(ngx_conf_t *cf, ngx_http_eiam_main_conf_t *mcf,
    ngx_array_t *implied)
{
    ngx_uint_t    i;
    ngx_array_t  *words, *implications;

    implications = ngx_array_create(cf->pool, 4,
                                    sizeof(ngx_eiam_implication_t));

    if (implications == NULL || implied == NULL) {
        return implications;
    }

    words = implied->elts;

    for (i = 0; i < implied->nelts; i++) {

        if (ngx_http_eiam_implication(cf, mcf, &words[i], implications)
            != NGX_OK)
        {
            return NULL;
        }
    }

    return implications;
}


static ngx_int_t
ngx_http_eiam_implication(ngx_conf_t *cf, ngx_http_eiam_main_conf_t *mcf,
    ngx_array_t *words, ngx_array_t *implications)
{
    ngx_int_t                n, scope;
    ngx_str_t               *word;
    ngx_uint_t               i;
    ngx_eiam_implication_t  *implication;

    word = words->elts;
    scope = NGX_DECLINED;

    for (i = 0; i < words->nelts; i++) {

        n = ngx_eiam_scope_find(mcf->scopes, &word[i]);

        if (n == NGX_DECLINED) {
            (void) ngx_http_eiam_invalid_location(cf,
                                    "no policy declares the scope \"%V\" of "
                                    "\"eiam_scope_implies\"", &word[i]);
            return NGX_ERROR;
        }

        if (i == 0) {
            scope = n;
            continue;
        }

        implication = ngx_array_push(implications);
        if (implication == NULL) {
            return NGX_ERROR;
        }

        implication->scope = scope;
        implication->included = n;
    }

    return NGX_OK;
}


/*
 * A warning only, as such a permission grants nothing; mostly it is misspelled.
 * Thousands of applications may have it.
 */

void
ngx_http_eiam_permissions_warn(const ngx_eiam_scopes_t *scopes,
    const ngx_eiam_applications_t *applications, ngx_pool_t *pool,
    ngx_log_t *log)
{
    ngx_str_t                        *name;
    ngx_uint_t                        i, k;
    ngx_eiam_application_t          **application;
    ngx_http_eiam_undeclared_list_t   undeclared;

    undeclared.n = 0;
    undeclared.others = 0;

    application = applications->list.elts;

    for (i = 0; i < applications->list.nelts; i++) {

        name = application[i]->permissions.elts;

        for (k = 0; k < application[i]->permissions.nelts; k++) {

            if (ngx_eiam_scope_find(scopes, &name[k]) == NGX_DECLINED) {
                ngx_http_eiam_permissions_undeclared(&undeclared, &name[k],
                                                     &application[i]->id);
            }
        }
    }

    ngx_http_eiam_permissions_log(&undeclared, &applications->name, pool, log);
}


static void
ngx_http_eiam_permissions_undeclared(
    ngx_http_eiam_undeclared_list_t *undeclared, const ngx_str_t *name,
    const ngx_str_t *application)
{
    ngx_uint_t                   i;
    ngx_http_eiam_undeclared_t  *known;

    for (i = 0; i < undeclared->n; i++) {

        known = &undeclared->list[i];

        if (ngx_eiam_str_equal(known->name, name)) {
            known->more++;
            return;
        }
    }

    if (i == NGX_HTTP_EIAM_UNDECLARED_MAX) {
        undeclared->others++;
        return;
    }

    known = &undeclared->list[undeclared->n++];

    known->name = name;
    known->application = application;
    known->more = 0;
}


static void
ngx_http_eiam_permissions_log(
    const ngx_http_eiam_undeclared_list_t *undeclared, const ngx_str_t *file,
    ngx_pool_t *pool, ngx_log_t *log)
{
    u_char                             more[NGX_INT_T_LEN + 16], *last;
    ngx_str_t                          id, permission;
    ngx_uint_t                         i;
    const ngx_http_eiam_undeclared_t  *one;

    for (i = 0; i < undeclared->n; i++) {

        one = &undeclared->list[i];
        last = more;

        if (one->more) {
            last = ngx_sprintf(more, ", and of %ui more", one->more);
        }

        permission = ngx_eiam_text_shown(one->name, pool);
        id = ngx_eiam_text_shown(one->application, pool);

        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "\"%V\": no policy declares the permission \"%V\" of "
                      "application \"%V\"%*s",
                      file, &permission, &id, (size_t) (last - more), more);
    }

    if (undeclared->others) {
        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "\"%V\": no policy declares %ui further permissions of "
                      "applications", file, undeclared->others);
    }
}
