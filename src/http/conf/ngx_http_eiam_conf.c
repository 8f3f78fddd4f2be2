
#include <ngx_http_eiam_conf.h>
#include <ngx_http_eiam_finding.h>
#include <ngx_http_eiam_foreign.h>
#include <ngx_http_eiam_gated.h>
#include <ngx_http_eiam_reload.h>
#include <ngx_http_eiam_invalid.h>
#include <ngx_http_eiam_jwt.h>
#include <ngx_http_eiam_location.h>
#include <ngx_http_eiam_permissions.h>
#include <ngx_http_eiam_reply.h>
#include <ngx_http_eiam_warning.h>
#include <ngx_http_eiam_share.h>


static char *ngx_http_eiam_gate(ngx_conf_t *cf,
    ngx_http_eiam_loc_conf_t *conf);
static char *ngx_http_eiam_check_content(ngx_conf_t *cf,
    ngx_http_eiam_loc_conf_t *conf, const char *directive);
static void ngx_http_eiam_merge_terms(ngx_eiam_terms_t *prev,
    ngx_eiam_terms_t *conf);
static char *ngx_http_eiam_learn_outside(ngx_conf_t *cf,
    ngx_http_eiam_loc_conf_t *conf);
static ngx_int_t ngx_http_eiam_add_learned(ngx_conf_t *cf);
static ngx_int_t ngx_http_eiam_add_refresh(ngx_conf_t *cf,
    const ngx_http_eiam_loc_conf_t *conf);
static ngx_int_t ngx_http_eiam_add_introspection(ngx_conf_t *cf,
    ngx_http_eiam_loc_conf_t *conf);
static ngx_int_t ngx_http_eiam_add_audiences(ngx_conf_t *cf,
    ngx_http_eiam_loc_conf_t *conf);
static ngx_int_t ngx_http_eiam_add_policy(ngx_array_t *policies,
    ngx_eiam_policy_t *policy);
static const char *ngx_http_eiam_forbidden_setting(
    const ngx_http_core_srv_conf_t *cscf);


void *
ngx_http_eiam_conf_create_main(ngx_conf_t *cf)
{
    ngx_http_eiam_main_conf_t  *mcf;

    mcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_eiam_main_conf_t));
    if (mcf == NULL) {
        return NULL;
    }

    mcf->redis_grace = NGX_CONF_UNSET;
    mcf->scopes = ngx_eiam_scopes_create(cf->pool);

    if (mcf->scopes == NULL
        || ngx_array_init(&mcf->policies, cf->pool, 1, sizeof(void *))
           != NGX_OK
        || ngx_array_init(&mcf->files, cf->pool, 1, sizeof(void *))
           != NGX_OK
        || ngx_array_init(&mcf->file_permissions, cf->pool, 1, sizeof(void *))
           != NGX_OK
        || ngx_array_init(&mcf->key_sets, cf->pool, 1, sizeof(void *))
           != NGX_OK
        || ngx_array_init(&mcf->targets, cf->pool, 1,
                          sizeof(ngx_http_eiam_target_t))
           != NGX_OK)
    {
        return NULL;
    }

    return mcf;
}


void *
ngx_http_eiam_conf_create_srv(ngx_conf_t *cf)
{
    ngx_http_eiam_srv_conf_t  *scf;

    scf = ngx_pcalloc(cf->pool, sizeof(ngx_http_eiam_srv_conf_t));
    if (scf == NULL) {
        return NULL;
    }

    if (ngx_array_init(&scf->policies, cf->pool, 1, sizeof(void *))
        != NGX_OK
        || ngx_array_init(&scf->locations, cf->pool, 1,
                          sizeof(ngx_http_eiam_gated_t))
           != NGX_OK
        || ngx_array_init(&scf->checked, cf->pool, 4,
                          sizeof(ngx_http_eiam_checked_t))
           != NGX_OK)
    {
        return NULL;
    }

    return scf;
}


void *
ngx_http_eiam_conf_create_loc(ngx_conf_t *cf)
{
    ngx_http_eiam_loc_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_eiam_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->mode = NGX_CONF_UNSET_UINT;
    conf->policy = NGX_CONF_UNSET_PTR;
    conf->applications = NGX_CONF_UNSET_PTR;
    conf->listed = NGX_CONF_UNSET;
    conf->reload = NGX_CONF_UNSET;
    conf->implied = NGX_CONF_UNSET_PTR;
    conf->objects = NGX_CONF_UNSET_UINT;
    conf->charset = NGX_CONF_UNSET_PTR;
    conf->language = NGX_CONF_UNSET_UINT;
    conf->audiences = NGX_CONF_UNSET_PTR;
    conf->token_max = NGX_CONF_UNSET_UINT;
    conf->redis_stale = NGX_CONF_UNSET;
    conf->learn = NGX_CONF_UNSET;
    conf->revoke = NGX_CONF_UNSET;

    conf->terms.valid = NGX_CONF_UNSET;
    conf->terms.negative = NGX_CONF_UNSET;
    conf->terms.stale = NGX_CONF_UNSET;
    conf->terms.limit = NGX_CONF_UNSET_UINT;
    conf->terms.failures = NGX_CONF_UNSET_UINT;
    conf->terms.retry = NGX_CONF_UNSET_MSEC;
    conf->terms.timeout = NGX_CONF_UNSET_MSEC;

    ngx_http_eiam_jwt_init(conf);

    return conf;
}


char *
ngx_http_eiam_conf_merge_loc(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_eiam_loc_conf_t *prev = parent;
    ngx_http_eiam_loc_conf_t *conf = child;

    char        *rv;
    ngx_uint_t   own;

    own = (conf->mode != NGX_CONF_UNSET_UINT);

    ngx_conf_merge_uint_value(conf->mode, prev->mode, NGX_HTTP_EIAM_OFF);
    ngx_conf_merge_ptr_value(conf->policy, prev->policy, NULL);
    ngx_conf_merge_ptr_value(conf->applications, prev->applications, NULL);
    ngx_conf_merge_value(conf->listed, prev->listed, 0);
    ngx_conf_merge_value(conf->reload, prev->reload, 1);
    ngx_conf_merge_ptr_value(conf->implied, prev->implied, NULL);
    ngx_conf_merge_uint_value(conf->objects, prev->objects, NGX_HTTP_EIAM_OFF);
    ngx_conf_merge_ptr_value(conf->charset, prev->charset, NULL);
    ngx_conf_merge_uint_value(conf->language, prev->language,
                              NGX_HTTP_EIAM_AUTO);
    ngx_conf_merge_str_value(conf->realm, prev->realm, "eiam");
    ngx_conf_merge_str_value(conf->introspection, prev->introspection, "");

    ngx_conf_merge_ptr_value(conf->audiences, prev->audiences, NULL);
    ngx_conf_merge_value(conf->learn, prev->learn, 0);
    ngx_conf_merge_value(conf->revoke, prev->revoke, 0);

    ngx_conf_merge_uint_value(conf->token_max, prev->token_max, 8192);

    ngx_conf_merge_sec_value(conf->redis_stale, prev->redis_stale,
                             NGX_EIAM_SHARE_OFF);

    ngx_http_eiam_merge_terms(&prev->terms, &conf->terms);
    ngx_http_eiam_jwt_merge(prev, conf);

    conf->challenges = (conf->realm.data == prev->realm.data)
                       ? prev->challenges : NULL;

    if (conf->challenges == NULL) {
        conf->challenges = ngx_http_eiam_reply_challenges(cf->pool,
                                                          &conf->realm);
    }

    if (conf->challenges == NULL
        || (conf->learn && ngx_http_eiam_add_learned(cf) != NGX_OK)
        || (conf->revoke && (ngx_http_eiam_add_refresh(cf, conf) != NGX_OK
                             || ngx_http_eiam_share_add(cf, conf) != NGX_OK))
        || ngx_http_eiam_warning_add(cf, conf, own) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (conf->control) {
        return ngx_http_eiam_check_content(cf, conf, "eiam_control");
    }

    if (conf->status) {
        rv = ngx_http_eiam_check_content(cf, conf, "eiam_status");

        /* explanations use the settings of the location, own or inherited */

        return (rv == NGX_CONF_OK) ? ngx_http_eiam_permissions_resolve(cf, conf)
                                   : rv;
    }

    if (conf->mode != NGX_HTTP_EIAM_OFF) {
        return ngx_http_eiam_gate(cf, conf);
    }

    return (conf->learn || conf->revoke)
           ? ngx_http_eiam_learn_outside(cf, conf) : NGX_CONF_OK;
}


/* a location of clients that is not gated */

static char *
ngx_http_eiam_learn_outside(ngx_conf_t *cf, ngx_http_eiam_loc_conf_t *conf)
{
    /* a client may revoke a signed token that no call has brought yet */

    if (conf->revoke && ngx_http_eiam_jwt_resolve_complete(cf, conf) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    /* the clients may be disabled */

    return ngx_http_eiam_permissions_resolve(cf, conf);
}


/* a location whose content the module makes */

static char *
ngx_http_eiam_check_content(ngx_conf_t *cf, ngx_http_eiam_loc_conf_t *conf,
    const char *directive)
{
    const char                 *fault;
    ngx_http_core_loc_conf_t   *clcf;
    ngx_http_eiam_main_conf_t  *mcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_eiam_module);
    fault = NULL;

    /* the path after the location's prefix chooses what is answered */

    if (clcf->named
#if (NGX_PCRE)
        || clcf->regex
#endif
       )
    {
        fault = "a location with a prefix or a path, so it cannot be used";
    }

    if (conf->mode != NGX_HTTP_EIAM_OFF) {
        fault = "\"eiam off\"";
    }

    if (conf->status && conf->control) {
        fault = "a location without \"eiam_status\"";
    }

    if (mcf->zone == NULL) {
        fault = "\"eiam_zone\"";
    }

    if (fault == NULL) {
        return NGX_CONF_OK;
    }

    return ngx_http_eiam_invalid_location(cf, "\"%s\" needs %s", directive,
                                          fault);
}


static void
ngx_http_eiam_merge_terms(ngx_eiam_terms_t *prev, ngx_eiam_terms_t *conf)
{
    ngx_conf_merge_sec_value(conf->valid, prev->valid, 300);
    ngx_conf_merge_sec_value(conf->negative, prev->negative, 10);
    ngx_conf_merge_sec_value(conf->stale, prev->stale, 0);
    ngx_conf_merge_uint_value(conf->limit, prev->limit, 64);
    ngx_conf_merge_uint_value(conf->failures, prev->failures, 5);
    ngx_conf_merge_msec_value(conf->retry, prev->retry, 1000);
    ngx_conf_merge_msec_value(conf->timeout, prev->timeout, 10000);

    /* limited so that their sum does not overflow */

    conf->valid = ngx_min(conf->valid, NGX_MAX_INT32_VALUE);
    conf->stale = ngx_min(conf->stale, NGX_MAX_INT32_VALUE);
}


/* checks what a gated location needs, and adds it to its server */

static char *
ngx_http_eiam_gate(ngx_conf_t *cf, ngx_http_eiam_loc_conf_t *conf)
{
    ngx_http_core_loc_conf_t   *clcf;
    ngx_http_eiam_srv_conf_t   *scf;
    ngx_http_eiam_main_conf_t  *mcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    scf = ngx_http_conf_get_module_srv_conf(cf, ngx_eiam_module);
    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_eiam_module);

    if (conf->policy == NULL) {
        return ngx_http_eiam_invalid_location(cf,
                                    "\"eiam\" needs \"eiam_policy\"");
    }

    if (mcf->zone == NULL) {
        return ngx_http_eiam_invalid_location(cf,
                                    "\"eiam\" needs \"eiam_zone\"");
    }

    if (clcf->satisfy == NGX_HTTP_SATISFY_ANY) {
        return ngx_http_eiam_invalid_location(cf,
                              "\"satisfy any\" lets calls pass that \"eiam\" "
                              "refuses, so set \"satisfy all\"");
    }

    if (conf->objects == NGX_HTTP_EIAM_ON && conf->applications == NULL) {
        return ngx_http_eiam_invalid_location(cf,
                                    "\"eiam_objects\" needs "
                                    "\"eiam_applications\"");
    }

    mcf->gated = 1;
    mcf->zone->leeway = ngx_max(mcf->zone->leeway, conf->jwt_terms.leeway);
    scf->mode = ngx_max(scf->mode, conf->mode);
    scf->token_max = ngx_max(scf->token_max, conf->token_max);

    if (ngx_http_eiam_add_policy(&scf->policies, conf->policy) != NGX_OK
        || ngx_http_eiam_gated_add(cf, conf->policy) != NGX_OK
        || ngx_http_eiam_finding_path(cf, conf) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (ngx_http_eiam_jwt_resolve(cf, conf) != NGX_OK
        || ngx_http_eiam_add_introspection(cf, conf) != NGX_OK
        || ngx_http_eiam_share_add(cf, conf) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return ngx_http_eiam_permissions_resolve(cf, conf);
}


static ngx_int_t
ngx_http_eiam_add_policy(ngx_array_t *policies, ngx_eiam_policy_t *policy)
{
    ngx_uint_t           i;
    ngx_eiam_policy_t  **known;

    known = policies->elts;

    for (i = 0; i < policies->nelts; i++) {

        if (known[i] == policy) {
            return NGX_OK;
        }
    }

    known = ngx_array_push(policies);
    if (known == NULL) {
        return NGX_ERROR;
    }

    *known = policy;

    return NGX_OK;
}


/* for eiam_revoke: finds the access token that belongs to a refresh token */

static ngx_int_t
ngx_http_eiam_add_refresh(ngx_conf_t *cf, const ngx_http_eiam_loc_conf_t *conf)
{
    ngx_http_eiam_srv_conf_t   *scf;
    ngx_http_eiam_main_conf_t  *mcf;

    static const ngx_str_t  location = ngx_null_string;

    scf = ngx_http_conf_get_module_srv_conf(cf, ngx_eiam_module);
    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_eiam_module);

    if (mcf->zone == NULL) {
        (void) ngx_http_eiam_invalid_location(cf,
                                    "\"eiam_revoke\" needs \"eiam_zone\"");
        return NGX_ERROR;
    }

    if (conf->learn) {
        (void) ngx_http_eiam_invalid_location(cf,
                                    "\"eiam_revoke\" needs a location "
                                    "without \"eiam_learn\"");
        return NGX_ERROR;
    }

    mcf->gated = 1;
    scf->refresh = ngx_http_eiam_location_add_source(cf, "refresh", &location);

    return scf->refresh ? NGX_OK : NGX_ERROR;
}


/* a token learned in a server is known in all locations of that server */

static ngx_int_t
ngx_http_eiam_add_learned(ngx_conf_t *cf)
{
    ngx_http_eiam_srv_conf_t   *scf;
    ngx_http_eiam_main_conf_t  *mcf;

    static const ngx_str_t  location = ngx_null_string;

    scf = ngx_http_conf_get_module_srv_conf(cf, ngx_eiam_module);
    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_eiam_module);

    if (mcf->zone == NULL) {
        (void) ngx_http_eiam_invalid_location(cf,
                                    "\"eiam_learn\" needs \"eiam_zone\"");
        return NGX_ERROR;
    }

    mcf->gated = 1;
    scf->learned = ngx_http_eiam_location_add_source(cf, "learned", &location);

    if (scf->learned == NULL) {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_eiam_add_introspection(ngx_conf_t *cf,
    ngx_http_eiam_loc_conf_t *conf)
{
    if (conf->introspection.len == 0) {
        return NGX_OK;
    }

    conf->source = ngx_http_eiam_location_add_source(cf, "introspection",
                                                     &conf->introspection);
    if (conf->source == NULL) {
        return NGX_ERROR;
    }

    conf->source->is_asked = 1;

    if (conf->audiences && ngx_http_eiam_add_audiences(cf, conf) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_eiam_location_add(cf, "eiam_introspection",
                                      "there is no such location",
                                      &conf->introspection, 0);
}


/*
 * A grant must not be found by a location with other audiences, so these are
 * part of the source.  Failures and the circuit belong to the location.
 */

static ngx_int_t
ngx_http_eiam_add_audiences(ngx_conf_t *cf, ngx_http_eiam_loc_conf_t *conf)
{
    u_char             *p;
    ngx_str_t           id;
    ngx_eiam_source_t  *location;

    location = conf->source;

    id.data = ngx_pnalloc(cf->temp_pool,
                          conf->introspection.len
                          + ngx_http_eiam_location_list_size(conf->audiences));
    if (id.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(id.data, conf->introspection.data, conf->introspection.len);
    p = ngx_http_eiam_location_put_list(p, conf->audiences);

    id.len = p - id.data;

    conf->source = ngx_http_eiam_location_add_source(cf, "introspection for",
                                                     &id);

    if (conf->source == NULL) {
        return NGX_ERROR;
    }

    conf->source->location = location;

    return NGX_OK;
}


ngx_int_t
ngx_http_eiam_conf_init_zone(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_log_t                  *log;
    ngx_eiam_zone_t            *zone;
    ngx_http_eiam_main_conf_t  *mcf;

    zone = shm_zone->data;
    mcf = zone->owner;
    log = shm_zone->shm.log;

    if (ngx_http_eiam_conf_check_servers(mcf, log) != NGX_OK
        || ngx_http_eiam_share_check(mcf, log) != NGX_OK
        || ngx_http_eiam_location_check(mcf, log) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_eiam_zone_init(shm_zone, data) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_eiam_digest_memo_reserve(shm_zone->shm.size / 2) != NGX_OK) {
        ngx_log_error(NGX_LOG_EMERG, log, 0,
                      "eiam: no memory or random numbers for digests");
        return NGX_ERROR;
    }

    return ngx_http_eiam_reload_init_zone(mcf, log);
}


ngx_int_t
ngx_http_eiam_conf_check_servers(const ngx_http_eiam_main_conf_t *mcf,
    ngx_log_t *log)
{
    ngx_uint_t                   i;
    const char                  *setting;
    ngx_http_core_srv_conf_t   **cscfp, *cscf;
    ngx_http_eiam_srv_conf_t    *scf;
    ngx_http_core_main_conf_t   *cmcf;

    cmcf = mcf->ctx->main_conf[ngx_http_core_module.ctx_index];
    cscfp = cmcf->servers.elts;

    for (i = 0; i < cmcf->servers.nelts; i++) {

        cscf = cscfp[i];
        scf = cscf->ctx->srv_conf[ngx_eiam_module.ctx_index];

        if (scf->policies.nelts == 0) {

            if (scf->learned == NULL) {
                continue;
            }

            ngx_log_error(NGX_LOG_EMERG, log, 0,
                          "\"eiam_learn\" is of no use without \"eiam\" in "
                          "server \"%V\" in %s:%ui", &cscf->server_name,
                          cscf->file_name, cscf->line);
            return NGX_ERROR;
        }

        setting = ngx_http_eiam_forbidden_setting(cscf);

        if (setting) {
            ngx_log_error(NGX_LOG_EMERG, log, 0,
                          "\"%s\" must not be set in server \"%V\" in %s:%ui, "
                          "which has \"eiam\"", setting, &cscf->server_name,
                          cscf->file_name, cscf->line);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* with these settings nginx and the guard would read requests differently */

static const char *
ngx_http_eiam_forbidden_setting(const ngx_http_core_srv_conf_t *cscf)
{
    if (!cscf->merge_slashes) {
        return "merge_slashes off";
    }

    if (cscf->underscores_in_headers) {
        return "underscores_in_headers on";
    }

    if (!cscf->ignore_invalid_headers) {
        return "ignore_invalid_headers off";
    }

    return NULL;
}
