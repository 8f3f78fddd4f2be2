
/*
 * ngx_eiam: a permission gate in front of an identity backend.
 *
 * The module, its directives and its hooks into nginx.  Everything else is in
 * src/: ngx_http_eiam_* know requests, ngx_eiam_* do not.
 */


#include <ngx_http_eiam_authorization_field.h>
#include <ngx_http_eiam_conf.h>
#include <ngx_http_eiam_control.h>
#include <ngx_http_eiam_directive.h>
#include <ngx_http_eiam_fetch.h>
#include <ngx_http_eiam_foreign.h>
#include <ngx_http_eiam_jwt.h>
#include <ngx_http_eiam_learn_response.h>
#include <ngx_http_eiam_post_read.h>
#include <ngx_http_eiam_redact.h>
#include <ngx_http_eiam_redis.h>
#include <ngx_http_eiam_redis_address.h>
#include <ngx_http_eiam_reload.h>
#include <ngx_http_eiam_reply.h>
#include <ngx_http_eiam_request_id.h>
#include <ngx_http_eiam_share.h>
#include <ngx_http_eiam_stage.h>
#include <ngx_http_eiam_status.h>
#include <ngx_http_eiam_subrequest.h>
#include <ngx_http_eiam_value.h>
#include <ngx_http_eiam_variables.h>
#include <ngx_http_eiam_warning.h>
#include <ngx_eiam_share_worker.h>


static ngx_int_t ngx_eiam_preconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_eiam_postconfiguration(ngx_conf_t *cf);
static char *ngx_eiam_init_main(ngx_conf_t *cf, void *conf);
static ngx_int_t ngx_eiam_init_process(ngx_cycle_t *cycle);
static void ngx_eiam_exit_process(ngx_cycle_t *cycle);
static ngx_int_t ngx_eiam_add_handler(ngx_conf_t *cf, ngx_uint_t phase,
    ngx_http_handler_pt handler);


static ngx_command_t  ngx_eiam_commands[] = {

    { ngx_string("eiam"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_eiam_value_word,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_eiam_loc_conf_t, mode),
      ngx_http_eiam_value_modes },

    { ngx_string("eiam_policy"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE12,
      ngx_http_eiam_directive_policy,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_eiam_loc_conf_t, policy),
      &ngx_http_eiam_directive_policy_file },

    { ngx_string("eiam_applications"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE12,
      ngx_http_eiam_directive_applications,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_eiam_loc_conf_t, applications),
      &ngx_http_eiam_directive_applications_file },

    { ngx_string("eiam_objects"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_eiam_value_word,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_eiam_loc_conf_t, objects),
      ngx_http_eiam_value_modes },

    { ngx_string("eiam_applications_reload"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_http_eiam_value_word,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_eiam_loc_conf_t, reload),
      ngx_http_eiam_value_flags },

    { ngx_string("eiam_zone"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE2,
      ngx_http_eiam_directive_zone,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("eiam_redis"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_http_eiam_redis,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("eiam_redis_key"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_eiam_share_key,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("eiam_redis_grace"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_eiam_share_time,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_eiam_main_conf_t, redis_grace),
      NULL },

    { ngx_string("eiam_redis_stale"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_eiam_share_time,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_eiam_loc_conf_t, redis_stale),
      NULL },

    { ngx_string("eiam_token_max"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_eiam_value_size,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_eiam_loc_conf_t, token_max),
      &ngx_http_eiam_value_token },

    { ngx_string("eiam_introspection"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_eiam_directive_introspection,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("eiam_introspection_audience"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_eiam_directive_texts,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_eiam_loc_conf_t, audiences),
      NULL },

    { ngx_string("eiam_introspection_limit"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_eiam_value_number,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_eiam_loc_conf_t, terms.limit),
      &ngx_http_eiam_value_flights },

    { ngx_string("eiam_introspection_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_eiam_value_msec,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_eiam_loc_conf_t, terms.timeout),
      &ngx_http_eiam_value_msec_some },

    { ngx_string("eiam_introspection_circuit"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE12,
      ngx_http_eiam_directive_circuit,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("eiam_jwks"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_eiam_jwt_keys,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_eiam_loc_conf_t, key_set),
      &ngx_http_eiam_jwt_key_file },

    { ngx_string("eiam_jwks_refresh"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_eiam_value_seconds,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_eiam_loc_conf_t, key_terms.refresh),
      &ngx_http_eiam_value_seconds_some },

    { ngx_string("eiam_jwks_max_age"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_eiam_value_seconds,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_eiam_loc_conf_t, key_terms.max_age),
      &ngx_http_eiam_value_seconds_some },

    { ngx_string("eiam_jwks_interval"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_eiam_value_msec,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_eiam_loc_conf_t, key_terms.interval),
      &ngx_http_eiam_value_msec_some },

    { ngx_string("eiam_jwks_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_eiam_value_msec,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_eiam_loc_conf_t, key_terms.timeout),
      &ngx_http_eiam_value_msec_some },

    { ngx_string("eiam_jwt_issuer"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_eiam_directive_texts,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_eiam_loc_conf_t, jwt_terms.issuers),
      NULL },

    { ngx_string("eiam_jwt_audience"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_eiam_jwt_audience,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_eiam_loc_conf_t, jwt_terms.audiences),
      NULL },

    { ngx_string("eiam_jwt_application"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_eiam_jwt_claim_names,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_eiam_loc_conf_t, jwt_terms.applications),
      NULL },

    { ngx_string("eiam_jwt_scopes"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_eiam_jwt_claim_names,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_eiam_loc_conf_t, jwt_terms.scopes),
      NULL },

    { ngx_string("eiam_jwt_algorithms"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_eiam_jwt_algorithms,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("eiam_jwt_leeway"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_eiam_value_seconds,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_eiam_loc_conf_t, jwt_terms.leeway),
      &ngx_http_eiam_value_seconds_a_day },

    { ngx_string("eiam_learn"),
      NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_http_eiam_value_word,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_eiam_loc_conf_t, learn),
      ngx_http_eiam_value_flags },

    { ngx_string("eiam_revoke"),
      NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_http_eiam_value_word,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_eiam_loc_conf_t, revoke),
      ngx_http_eiam_value_flags },

    { ngx_string("eiam_control"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE1,
      ngx_http_eiam_control,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("eiam_status"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_eiam_status,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("eiam_cache_valid"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_eiam_value_seconds,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_eiam_loc_conf_t, terms.valid),
      &ngx_http_eiam_value_seconds_any },

    { ngx_string("eiam_cache_negative"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_eiam_value_seconds,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_eiam_loc_conf_t, terms.negative),
      &ngx_http_eiam_value_seconds_any },

    { ngx_string("eiam_cache_stale"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_eiam_value_seconds,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_eiam_loc_conf_t, terms.stale),
      &ngx_http_eiam_value_seconds_any },

    { ngx_string("eiam_scope_implies"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_2MORE,
      ngx_http_eiam_directive_scope_implies,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("eiam_path"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_eiam_directive_path,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("eiam_realm"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_eiam_directive_realm,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_eiam_loc_conf_t, realm),
      NULL },

    { ngx_string("eiam_error_language"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_eiam_value_word,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_eiam_loc_conf_t, language),
      ngx_http_eiam_value_languages },

      ngx_null_command
};


static ngx_http_module_t  ngx_eiam_module_ctx = {
    ngx_eiam_preconfiguration,             /* preconfiguration */
    ngx_eiam_postconfiguration,            /* postconfiguration */

    ngx_http_eiam_conf_create_main,        /* create main configuration */
    ngx_eiam_init_main,                    /* init main configuration */

    ngx_http_eiam_conf_create_srv,         /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_eiam_conf_create_loc,         /* create location configuration */
    ngx_http_eiam_conf_merge_loc           /* merge location configuration */
};


ngx_module_t  ngx_eiam_module = {
    NGX_MODULE_V1,
    &ngx_eiam_module_ctx,                  /* module context */
    ngx_eiam_commands,                     /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    ngx_eiam_init_process,                 /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_eiam_exit_process,                 /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_eiam_preconfiguration(ngx_conf_t *cf)
{
    if (ngx_eiam_digest_init() != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "eiam: OpenSSL provides no SHA-256");
        return NGX_ERROR;
    }

    if (ngx_http_eiam_foreign_watch(cf) != NGX_OK
        || ngx_http_eiam_subrequest_take_variables(cf) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_eiam_variables_add(cf);
}


/* a configuration without a gate gets no handlers */

static ngx_int_t
ngx_eiam_postconfiguration(ngx_conf_t *cf)
{
    ngx_http_eiam_main_conf_t  *mcf;

    /*
     * comes before anything that fails, as a process has one chain of filters
     */

    ngx_http_eiam_fetch_add_filter();
    ngx_http_eiam_learn_response_add_filters();

    ngx_http_eiam_foreign_release(cf);

    if (ngx_http_eiam_warning_tell(cf) != NGX_OK) {
        return NGX_ERROR;
    }

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_eiam_module);

    if (!mcf->gated) {
        return NGX_OK;
    }

    if (ngx_http_eiam_authorization_field_take(cf) != NGX_OK
        || ngx_http_eiam_post_read_take_variables(cf) != NGX_OK
        || ngx_http_eiam_request_id_take_variable(cf) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_eiam_add_handler(cf, NGX_HTTP_POST_READ_PHASE,
                             ngx_http_eiam_post_read_handler)
        != NGX_OK
        || ngx_eiam_add_handler(cf, NGX_HTTP_PREACCESS_PHASE,
                                ngx_http_eiam_stage_preaccess)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_eiam_add_handler(cf, NGX_HTTP_ACCESS_PHASE,
                             ngx_http_eiam_stage_access)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_eiam_add_handler(cf, NGX_HTTP_LOG_PHASE,
                                ngx_http_eiam_redact_handler);
}


/* before any filter is added, so that a configuration can be refused */

static char *
ngx_eiam_init_main(ngx_conf_t *cf, void *conf)
{
    ngx_http_eiam_main_conf_t *mcf = conf;

    if (ngx_http_eiam_redis_address_resolve(cf) != NGX_OK
        || ngx_http_eiam_share_create(cf) != NGX_OK
        || (mcf->share
            && ngx_eiam_share_worker_identify(mcf->share, cf->temp_pool)
               != NGX_OK))
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* an error would end the worker, and no other would be started for it */

static ngx_int_t
ngx_eiam_init_process(ngx_cycle_t *cycle)
{
    ngx_http_eiam_main_conf_t  *mcf;

    mcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_eiam_module);

    if (mcf && mcf->zone) {
        ngx_eiam_zone_sweep(mcf->zone);
        ngx_http_eiam_reload_init_process(mcf);
        ngx_http_eiam_redis_init_process(mcf);
        ngx_http_eiam_share_init_process(mcf);

        if (mcf->share && mcf->share->link) {
            ngx_eiam_share_worker_start(mcf->share);
        }
    }

    return NGX_OK;
}


static void
ngx_eiam_exit_process(ngx_cycle_t *cycle)
{
    ngx_http_eiam_main_conf_t  *mcf;

    mcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_eiam_module);

    if (mcf) {
        ngx_eiam_share_worker_stop();
        ngx_http_eiam_share_exit_process(mcf);
        ngx_http_eiam_redis_exit_process(mcf);
    }
}


/*
 * nginx calls the last handler first, but in the log phase the first one.  This
 * module has to come before the others in each.
 */

static ngx_int_t
ngx_eiam_add_handler(ngx_conf_t *cf, ngx_uint_t phase,
    ngx_http_handler_pt handler)
{
    ngx_array_t                *handlers;
    ngx_http_handler_pt        *h;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    handlers = &cmcf->phases[phase].handlers;

    h = ngx_array_push(handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    if (phase == NGX_HTTP_LOG_PHASE) {
        h = handlers->elts;
        ngx_memmove(h + 1, h, (handlers->nelts - 1)
                              * sizeof(ngx_http_handler_pt));
    }

    *h = handler;

    return NGX_OK;
}
