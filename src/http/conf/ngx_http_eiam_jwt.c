
#include <ngx_http_eiam_directive.h>
#include <ngx_http_eiam_invalid.h>
#include <ngx_http_eiam_jwt.h>
#include <ngx_http_eiam_keys.h>
#include <ngx_http_eiam_location.h>
#include <ngx_eiam_claims.h>
#include <ngx_eiam_string.h>


/* the configuration of signed tokens: their key set, and which are accepted */


#define NGX_HTTP_EIAM_ALGORITHMS_LEN  256    /* bytes of their names */


static ngx_int_t ngx_http_eiam_add_key_set(ngx_conf_t *cf,
    ngx_http_eiam_loc_conf_t *conf);
static ngx_http_eiam_key_set_t *ngx_http_eiam_find_key_set(
    const ngx_array_t *sets, const ngx_eiam_source_t *source);
static void ngx_http_eiam_free_keys(void *data);
static ngx_int_t ngx_http_eiam_add_jwt(ngx_conf_t *cf,
    ngx_http_eiam_loc_conf_t *conf);
static ngx_int_t ngx_http_eiam_read_key_set(ngx_conf_t *cf,
    ngx_eiam_document_t *document, void *set);
static char *ngx_http_eiam_jwt_no_algorithm(ngx_conf_t *cf,
    const ngx_str_t *name);
static ngx_uint_t ngx_http_eiam_has_fitting_key(
    const ngx_http_eiam_loc_conf_t *conf);


ngx_http_eiam_file_t  ngx_http_eiam_jwt_key_file = {
    offsetof(ngx_http_eiam_main_conf_t, key_sets),
    sizeof(ngx_http_eiam_key_set_t),
    ngx_http_eiam_read_key_set
};


static ngx_int_t
ngx_http_eiam_read_key_set(ngx_conf_t *cf, ngx_eiam_document_t *document,
    void *set)
{
    return ngx_http_eiam_keys_read_file(document, cf->pool, set);
}


/* a path where there is no file is taken for a location */

char *
ngx_http_eiam_jwt_keys(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_eiam_loc_conf_t  *lcf = conf;

    ngx_str_t        *value;
    ngx_file_info_t   fi;

    if (lcf->key_set != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (value[1].len == 0 || value[1].data[0] == '@'
        || ngx_strstr(value[1].data, "://"))
    {
        return ngx_http_eiam_directive_no_location(cf, &value[1]);
    }

    if (ngx_strcmp(value[1].data, "off") == 0) {
        lcf->key_set = NULL;
        return NGX_CONF_OK;
    }

    if (value[1].data[0] != '/'
        || (ngx_file_info(value[1].data, &fi) != NGX_FILE_ERROR
            && ngx_is_file(&fi)))
    {
        return ngx_http_eiam_directive_file(cf, cmd, conf);
    }

    lcf->key_set = NULL;
    lcf->jwks = value[1];

    return NGX_CONF_OK;
}


/* "off" is no audience: it accepts only tokens without "aud" */

char *
ngx_http_eiam_jwt_audience(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_eiam_loc_conf_t  *lcf = conf;

    char         *rc;
    ngx_str_t    *audience;
    ngx_uint_t    i;
    ngx_array_t  *audiences;

    static const ngx_str_t  off = ngx_string("off");

    rc = ngx_http_eiam_directive_texts(cf, cmd, conf);
    if (rc != NGX_CONF_OK) {
        return rc;
    }

    audiences = lcf->jwt_terms.audiences;
    audience = audiences->elts;

    for (i = 0; i < audiences->nelts; i++) {

        if (!ngx_eiam_str_equal(&audience[i], &off)) {
            continue;
        }

        if (audiences->nelts > 1) {
            return ngx_http_eiam_invalid(cf, "\"off\" stands beside other "
                                         "audiences: write it alone, or "
                                         "remove it");
        }

        audiences->nelts = 0;
    }

    return NGX_CONF_OK;
}


/* sets an array of claims, each a name or a JSON pointer */

char *
ngx_http_eiam_jwt_claim_names(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t            *value;
    ngx_uint_t            i, k;
    ngx_array_t         **names;
    ngx_eiam_pointer_t   *name;

    names = (ngx_array_t **) ((u_char *) conf + cmd->offset);

    if (*names != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    *names = ngx_array_create(cf->pool, cf->args->nelts - 1,
                              sizeof(ngx_eiam_pointer_t));
    if (*names == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;
    name = (*names)->elts;

    for (i = 0; i < cf->args->nelts - 1; i++) {

        (void) ngx_array_push(*names);

        switch (ngx_eiam_pointer_read(&value[i + 1], cf->pool, &name[i])) {

        case NGX_DECLINED:
            return ngx_http_eiam_invalid(cf, "\"%V\" is neither the name of "
                                         "a claim nor a JSON pointer",
                                         &value[i + 1]);

        case NGX_ERROR:
            return NGX_CONF_ERROR;
        }

        for (k = 0; k < i; k++) {

            if (ngx_eiam_pointer_equal(&name[k], &name[i])) {
                return ngx_http_eiam_invalid(cf, "claim \"%V\" is named twice",
                                             &value[i + 1]);
            }
        }
    }

    return NGX_CONF_OK;
}


char *
ngx_http_eiam_jwt_algorithms(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_eiam_loc_conf_t  *lcf = conf;

    ngx_int_t    n;
    ngx_str_t   *value;
    ngx_uint_t   i;

    if (lcf->jwt_terms.algorithms) {
        return "is duplicate";
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        n = ngx_eiam_jws_algorithm_find(&value[i]);

        if (n == NGX_DECLINED) {
            return ngx_http_eiam_jwt_no_algorithm(cf, &value[i]);
        }

        lcf->jwt_terms.algorithms |= ngx_eiam_jws_algorithm_bits(n);
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_eiam_jwt_no_algorithm(ngx_conf_t *cf, const ngx_str_t *name)
{
    u_char      *p, *last, list[NGX_HTTP_EIAM_ALGORITHMS_LEN];
    ngx_uint_t   i;

    p = list;
    last = list + sizeof(list);

    for (i = 0; ngx_eiam_jws_algorithms[i].name.len; i++) {
        p = ngx_slprintf(p, last, " %V", &ngx_eiam_jws_algorithms[i].name);
    }

    return ngx_http_eiam_invalid(cf, "\"%V\" is not an algorithm that can be "
                                 "accepted: these are%*s", name,
                                 (size_t) (p - list), list);
}


void
ngx_http_eiam_jwt_init(ngx_http_eiam_loc_conf_t *conf)
{
    conf->key_set = NGX_CONF_UNSET_PTR;

    conf->jwt_terms.issuers = NGX_CONF_UNSET_PTR;
    conf->jwt_terms.audiences = NGX_CONF_UNSET_PTR;
    conf->jwt_terms.applications = NGX_CONF_UNSET_PTR;
    conf->jwt_terms.scopes = NGX_CONF_UNSET_PTR;
    conf->jwt_terms.leeway = NGX_CONF_UNSET;

    conf->key_terms.refresh = NGX_CONF_UNSET;
    conf->key_terms.max_age = NGX_CONF_UNSET;
    conf->key_terms.interval = NGX_CONF_UNSET_MSEC;
    conf->key_terms.timeout = NGX_CONF_UNSET_MSEC;
}


void
ngx_http_eiam_jwt_merge(ngx_http_eiam_loc_conf_t *prev,
    ngx_http_eiam_loc_conf_t *conf)
{
    if (conf->key_set == NGX_CONF_UNSET_PTR) {
        conf->jwks = prev->jwks;
    }

    ngx_conf_merge_ptr_value(conf->key_set, prev->key_set, NULL);
    ngx_conf_merge_ptr_value(conf->jwt_terms.issuers, prev->jwt_terms.issuers,
                             NULL);
    ngx_conf_merge_ptr_value(conf->jwt_terms.audiences,
                             prev->jwt_terms.audiences, NULL);
    ngx_conf_merge_sec_value(conf->jwt_terms.leeway, prev->jwt_terms.leeway,
                             30);

    ngx_conf_merge_ptr_value(conf->jwt_terms.applications,
                             prev->jwt_terms.applications,
                             &ngx_eiam_claims_clients);
    ngx_conf_merge_ptr_value(conf->jwt_terms.scopes, prev->jwt_terms.scopes,
                             &ngx_eiam_jwt_claims_scope);

    if (conf->jwt_terms.algorithms == 0) {
        conf->jwt_terms.algorithms = prev->jwt_terms.algorithms;
    }

    if (conf->jwt_terms.algorithms == 0) {
        conf->jwt_terms.algorithms = ngx_eiam_jws_algorithms_default();
    }

    ngx_conf_merge_sec_value(conf->key_terms.refresh,
                             prev->key_terms.refresh, 300);
    ngx_conf_merge_sec_value(conf->key_terms.max_age,
                             prev->key_terms.max_age, 86400);
    ngx_conf_merge_msec_value(conf->key_terms.interval,
                              prev->key_terms.interval, 10000);
    ngx_conf_merge_msec_value(conf->key_terms.timeout,
                              prev->key_terms.timeout, 10000);
}


ngx_int_t
ngx_http_eiam_jwt_resolve(ngx_conf_t *cf, ngx_http_eiam_loc_conf_t *conf)
{
    if (conf->key_set == NULL && conf->jwks.len == 0) {
        return NGX_OK;
    }

    if (conf->jwt_terms.issuers == NULL) {
        (void) ngx_http_eiam_invalid_location(cf,
                                "\"eiam_jwks\" needs \"eiam_jwt_issuer\"");
        return NGX_ERROR;
    }

    if (conf->jwt_terms.audiences == NULL) {
        (void) ngx_http_eiam_invalid_location(cf,
                                "\"eiam_jwks\" needs \"eiam_jwt_audience\"");
        return NGX_ERROR;
    }

    if (conf->jwks.len) {

        if (ngx_http_eiam_add_key_set(cf, conf) != NGX_OK) {
            return NGX_ERROR;
        }

    } else if (!ngx_http_eiam_has_fitting_key(conf)) {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "no key of \"%V\" is for any of "
                      "\"eiam_jwt_algorithms\"", &conf->key_set->name);
    }

    return ngx_http_eiam_add_jwt(cf, conf);
}


ngx_int_t
ngx_http_eiam_jwt_resolve_complete(ngx_conf_t *cf,
    ngx_http_eiam_loc_conf_t *conf)
{
    return (conf->jwt_terms.issuers && conf->jwt_terms.audiences)
           ? ngx_http_eiam_jwt_resolve(cf, conf) : NGX_OK;
}


static ngx_uint_t
ngx_http_eiam_has_fitting_key(const ngx_http_eiam_loc_conf_t *conf)
{
    ngx_uint_t       i, k;
    ngx_eiam_key_t  *key;

    key = conf->key_set->keys.list.elts;

    for (i = 0; i < conf->key_set->keys.list.nelts; i++) {

        for (k = 0; ngx_eiam_jws_algorithms[k].name.len; k++) {

            if ((conf->jwt_terms.algorithms & ((ngx_uint_t) 1 << k))
                && ngx_eiam_jws_key_fits(&key[i], k))
            {
                return 1;
            }
        }
    }

    return 0;
}


/* adds the key set of a location, which the server's locations share */

static ngx_int_t
ngx_http_eiam_add_key_set(ngx_conf_t *cf, ngx_http_eiam_loc_conf_t *conf)
{
    ngx_eiam_source_t          *source;
    ngx_pool_cleanup_t         *cln;
    ngx_http_eiam_key_set_t   **set;
    ngx_http_eiam_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_eiam_module);

    source = ngx_http_eiam_location_add_source(cf, "jwks", &conf->jwks);
    if (source == NULL) {
        return NGX_ERROR;
    }

    conf->key_set = ngx_http_eiam_find_key_set(&mcf->key_sets, source);

    if (conf->key_set) {
        return NGX_OK;
    }

    conf->key_set = ngx_pcalloc(cf->pool, sizeof(ngx_http_eiam_key_set_t));
    set = ngx_array_push(&mcf->key_sets);
    cln = ngx_pool_cleanup_add(cf->pool, 0);

    if (conf->key_set == NULL || set == NULL || cln == NULL) {
        return NGX_ERROR;
    }

    *set = conf->key_set;

    source->is_asked = 1;
    source->has_keys = 1;

    conf->key_set->name = conf->jwks;
    conf->key_set->source = source;

    cln->handler = ngx_http_eiam_free_keys;
    cln->data = conf->key_set;

    return ngx_http_eiam_location_add(cf, "eiam_jwks",
                                      "there is no such file or location",
                                      &conf->jwks, NGX_EIAM_JWKS_MAX);
}


static ngx_http_eiam_key_set_t *
ngx_http_eiam_find_key_set(const ngx_array_t *sets,
    const ngx_eiam_source_t *source)
{
    ngx_uint_t                 i;
    ngx_http_eiam_key_set_t  **set;

    set = sets->elts;

    for (i = 0; i < sets->nelts; i++) {

        if (set[i]->source == source) {
            return set[i];
        }
    }

    return NULL;
}


/* frees a worker's parsed keys */

static void
ngx_http_eiam_free_keys(void *data)
{
    ngx_http_eiam_key_set_t *set = data;

    if (set->pool) {
        ngx_destroy_pool(set->pool);
    }
}


/* a grant is not found with other keys, or under other terms */

static ngx_int_t
ngx_http_eiam_add_jwt(ngx_conf_t *cf, ngx_http_eiam_loc_conf_t *conf)
{
    u_char                    *p;
    size_t                     len;
    ngx_str_t                  id;
    ngx_eiam_jwt_terms_t      *terms;
    ngx_http_eiam_srv_conf_t  *scf;

    terms = &conf->jwt_terms;

    len = conf->key_set->name.len + NGX_EIAM_DIGEST_LEN
          + 3 * (NGX_SIZE_T_LEN + 2)
          + ngx_http_eiam_location_list_size(terms->issuers)
          + ngx_http_eiam_location_list_size(terms->audiences)
          + ngx_http_eiam_location_list_size(terms->applications)
          + ngx_http_eiam_location_list_size(terms->scopes);

    id.data = ngx_pnalloc(cf->temp_pool, len);
    if (id.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_sprintf(id.data, "%uz:%V %ui %T", conf->key_set->name.len,
                    &conf->key_set->name, terms->algorithms, terms->leeway);

    p = ngx_http_eiam_location_put_list(p, terms->issuers);
    p = ngx_http_eiam_location_put_list(p, terms->audiences);
    p = ngx_http_eiam_location_put_list(p, terms->applications);
    p = ngx_http_eiam_location_put_list(p, terms->scopes);

    /* the digest of a file's keys; the zone has that of a location's keys */

    p = ngx_cpymem(p, conf->key_set->digest, NGX_EIAM_DIGEST_LEN);

    id.len = p - id.data;

    conf->jwt = ngx_http_eiam_location_add_source(cf, "jwt", &id);

    if (conf->jwt == NULL) {
        return NGX_ERROR;
    }

    conf->jwt->keys = conf->key_set->source;

    scf = ngx_http_conf_get_module_srv_conf(cf, ngx_eiam_module);

    if (conf->mode != NGX_HTTP_EIAM_OFF && scf->jwt == NULL) {
        scf->jwt = conf;
    }

    return NGX_OK;
}
