
#include <ngx_http_eiam_invalid.h>
#include <ngx_http_eiam_location.h>
#include <ngx_http_eiam_server.h>
#include <ngx_http_eiam_share.h>
#include <ngx_http_eiam_wait.h>
#include <ngx_eiam_secret.h>
#include <ngx_eiam_share_job.h>
#include <ngx_eiam_share_send.h>
#include <ngx_eiam_share_write.h>
#include <ngx_eiam_string.h>


#define NGX_HTTP_EIAM_SHARE_GRACE  60      /* s */


static char *ngx_http_eiam_share_read(ngx_conf_t *cf, const ngx_str_t *file,
    ngx_eiam_redis_seal_t *seal);
static ngx_uint_t ngx_http_eiam_share_is_gated(
    const ngx_http_core_srv_conf_t *cscf);
static const char *ngx_http_eiam_share_obstacle(
    const ngx_http_core_main_conf_t *cmcf, ngx_uint_t n);
static ngx_uint_t ngx_http_eiam_share_is_named(
    const ngx_http_core_srv_conf_t *cscf);
static ngx_uint_t ngx_http_eiam_share_is_alike(
    const ngx_http_core_srv_conf_t *one, const ngx_http_core_srv_conf_t *two);
static ngx_uint_t ngx_http_eiam_share_has_name(
    const ngx_http_core_srv_conf_t *cscf, const ngx_http_server_name_t *name);
static ngx_array_t *ngx_http_eiam_share_static_tokens(ngx_pool_t *pool);
static ngx_int_t ngx_http_eiam_share_add_static_tokens(
    const ngx_eiam_applications_t *applications, ngx_array_t *tokens);
static void ngx_http_eiam_share_ready(ngx_eiam_redis_link_t *link);


char *
ngx_http_eiam_share_key(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_eiam_main_conf_t  *mcf = conf;

    ngx_str_t  file, *value;

    if (mcf->seal) {
        return "is duplicate";
    }

    value = cf->args->elts;
    file = value[1];

    if (ngx_conf_full_name(cf->cycle, &file, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    mcf->seal = ngx_pcalloc(cf->pool, sizeof(ngx_eiam_redis_seal_t));
    if (mcf->seal == NULL) {
        return NGX_CONF_ERROR;
    }

    return ngx_http_eiam_share_read(cf, &file, mcf->seal);
}


static char *
ngx_http_eiam_share_read(ngx_conf_t *cf, const ngx_str_t *file,
    ngx_eiam_redis_seal_t *seal)
{
    ngx_uint_t          line;
    const char         *reason;
    ngx_eiam_secret_t   secret;

    if (ngx_eiam_secret_read(cf->temp_pool, file, &secret) != NGX_OK) {

        if (secret.fault == NULL) {
            return NGX_CONF_ERROR;
        }

        if (secret.err) {
            return ngx_http_eiam_invalid(cf, "\"%V\" %s (%d: %s)", file,
                                         secret.fault, secret.err,
                                         strerror(secret.err));
        }

        return ngx_http_eiam_invalid(cf, "\"%V\" %s", file, secret.fault);
    }

    if (secret.others) {
        ngx_explicit_memzero(secret.text.data, secret.text.len);
        return ngx_http_eiam_invalid(cf, "\"%V\" must not be readable by "
                                     "others: set its mode to 0600", file);
    }

    switch (ngx_eiam_redis_seal_read(seal, &secret.text, cf->pool, &reason,
                                     &line))
    {
    case NGX_OK:
        return NGX_CONF_OK;

    case NGX_DECLINED:
        return ngx_http_eiam_invalid(cf, "line %ui of \"%V\" %s", line, file,
                                     reason);
    }

    return ngx_http_eiam_invalid(cf, "no memory, or OpenSSL has no HKDF, HMAC "
                                 "or AES-256-GCM");
}


char *
ngx_http_eiam_share_time(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char  *p = conf;

    time_t     *field;
    ngx_str_t  *value;

    field = (time_t *) (p + cmd->offset);

    if (*field != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;

    /* "off" has a number of its own, other than NGX_CONF_UNSET */

    if (ngx_strcmp(value[1].data, "off") == 0) {
        *field = NGX_EIAM_SHARE_OFF;
        return NGX_CONF_OK;
    }

    *field = ngx_parse_time(&value[1], 1);

    if (*field == (time_t) NGX_ERROR || *field > NGX_MAX_INT32_VALUE) {
        return ngx_http_eiam_invalid(cf, "\"%V\" is neither a time in seconds, "
                                     "such as \"30s\" or \"5m\", nor \"off\"",
                                     &value[1]);
    }

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_eiam_share_create(ngx_conf_t *cf)
{
    ngx_eiam_share_t           *share;
    ngx_http_eiam_main_conf_t  *mcf;

    static const ngx_str_t  tombstones = ngx_string("tombstones");

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_eiam_module);

    if (mcf->redis == NULL) {
        return NGX_OK;
    }

    if (mcf->seal == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"eiam_redis\" needs \"eiam_redis_key\"");
        return NGX_ERROR;
    }

    share = ngx_pcalloc(cf->pool, sizeof(ngx_eiam_share_t));
    if (share == NULL) {
        return NGX_ERROR;
    }

    share->zone = mcf->zone;
    share->redis = mcf->redis;
    share->seal = mcf->seal;
    share->gateway = cf->cycle->hostname;
    share->gateway.len = ngx_min(share->gateway.len,
                                 NGX_EIAM_REDIS_VALUE_GATEWAY);
    share->grace = (mcf->redis_grace == NGX_CONF_UNSET)
                   ? NGX_HTTP_EIAM_SHARE_GRACE : mcf->redis_grace;
    share->wake = ngx_http_eiam_wait_wake;
    share->static_tokens = ngx_http_eiam_share_static_tokens;

    share->tombstones = ngx_eiam_source_add(mcf->zone, &tombstones, cf->pool);
    if (share->tombstones == NULL) {
        return NGX_ERROR;
    }

    share->tombstones->is_asked = 1;
    share->tombstones->is_shared = 1;

    ngx_eiam_share_init(share);

    mcf->share = share;

    return NGX_OK;
}


/* locations with the same sources share the flights of their look-ups */

ngx_int_t
ngx_http_eiam_share_add(ngx_conf_t *cf, ngx_http_eiam_loc_conf_t *conf)
{
    ngx_str_t                   asked;
    ngx_http_eiam_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_eiam_module);

    if (mcf->share == NULL) {
        return NGX_OK;
    }

    ngx_str_null(&asked);

    if (conf->source) {
        asked.data = conf->source->id;
        asked.len = NGX_EIAM_DIGEST_LEN;
    }

    conf->sought.source = ngx_http_eiam_location_add_source(cf, "shared",
                                                            &asked);
    if (conf->sought.source == NULL) {
        return NGX_ERROR;
    }

    conf->sought.source->is_asked = 1;
    conf->sought.source->is_shared = 1;
    conf->sought.sources[1] = conf->source;
    conf->sought.valid = conf->terms.valid;

    return NGX_OK;
}


ngx_int_t
ngx_http_eiam_share_check(const ngx_http_eiam_main_conf_t *mcf, ngx_log_t *log)
{
    ngx_uint_t                   i;
    const char                  *obstacle;
    ngx_http_core_srv_conf_t   **cscf;
    ngx_http_core_main_conf_t   *cmcf;

    if (mcf->share == NULL) {
        return NGX_OK;
    }

    cmcf = mcf->ctx->main_conf[ngx_http_core_module.ctx_index];
    cscf = cmcf->servers.elts;

    for (i = 0; i < cmcf->servers.nelts; i++) {

        if (!ngx_http_eiam_share_is_gated(cscf[i])) {
            continue;
        }

        obstacle = ngx_http_eiam_share_obstacle(cmcf, i);

        if (obstacle) {
            ngx_log_error(NGX_LOG_EMERG, log, 0,
                          "\"eiam_redis\" needs %s in server \"%V\" in %s:%ui",
                          obstacle, &cscf[i]->server_name, cscf[i]->file_name,
                          cscf[i]->line);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_http_eiam_share_is_gated(const ngx_http_core_srv_conf_t *cscf)
{
    ngx_http_eiam_srv_conf_t  *scf;

    scf = cscf->ctx->srv_conf[ngx_eiam_module.ctx_index];

    return scf->policies.nelts || scf->learned;
}


static const char *
ngx_http_eiam_share_obstacle(const ngx_http_core_main_conf_t *cmcf,
    ngx_uint_t n)
{
    ngx_uint_t                  i;
    ngx_http_core_srv_conf_t  **cscf;

    cscf = cmcf->servers.elts;

    if (!ngx_http_eiam_share_is_named(cscf[n])) {
        return "a \"server_name\"";
    }

    for (i = 0; i < n; i++) {

        if (ngx_http_eiam_share_is_gated(cscf[i])
            && ngx_http_eiam_share_is_alike(cscf[i], cscf[n]))
        {
            return "a \"server_name\" of its own";
        }
    }

    return NULL;
}


/* does the server have a name by which other gateways can recognize it? */

static ngx_uint_t
ngx_http_eiam_share_is_named(const ngx_http_core_srv_conf_t *cscf)
{
    ngx_uint_t               i;
    ngx_http_server_name_t  *name;

    static const ngx_str_t  any = ngx_string("_");

    name = cscf->server_names.elts;

    for (i = 0; i < cscf->server_names.nelts; i++) {

        if (name[i].name.len && !ngx_eiam_str_equal(&name[i].name, &any)) {
            return 1;
        }
    }

    return 0;
}


static ngx_uint_t
ngx_http_eiam_share_is_alike(const ngx_http_core_srv_conf_t *one,
    const ngx_http_core_srv_conf_t *two)
{
    ngx_uint_t               i;
    ngx_http_server_name_t  *name;

    if (one->server_names.nelts != two->server_names.nelts) {
        return 0;
    }

    name = one->server_names.elts;

    for (i = 0; i < one->server_names.nelts; i++) {

        if (!ngx_http_eiam_share_has_name(two, &name[i])) {
            return 0;
        }
    }

    return 1;
}


static ngx_uint_t
ngx_http_eiam_share_has_name(const ngx_http_core_srv_conf_t *cscf,
    const ngx_http_server_name_t *name)
{
    ngx_uint_t               i;
    ngx_http_server_name_t  *other;

    other = cscf->server_names.elts;

    for (i = 0; i < cscf->server_names.nelts; i++) {

        if (ngx_eiam_str_equal(&other[i].name, &name->name)) {
            return 1;
        }
    }

    return 0;
}


static ngx_array_t *
ngx_http_eiam_share_static_tokens(ngx_pool_t *pool)
{
    ngx_uint_t                      i;
    ngx_array_t                    *tokens;
    ngx_http_eiam_main_conf_t      *mcf;
    ngx_http_eiam_applications_t  **file;

    mcf = ngx_http_cycle_get_module_main_conf(ngx_cycle, ngx_eiam_module);

    tokens = ngx_array_create(pool, 64, sizeof(ngx_eiam_digest_t));
    if (tokens == NULL) {
        return NULL;
    }

    file = mcf->files.elts;

    for (i = 0; i < mcf->files.nelts; i++) {

        if (ngx_http_eiam_share_add_static_tokens(
                &file[i]->generation->applications, tokens)
            != NGX_OK)
        {
            return NULL;
        }
    }

    return tokens;
}


static ngx_int_t
ngx_http_eiam_share_add_static_tokens(
    const ngx_eiam_applications_t *applications, ngx_array_t *tokens)
{
    ngx_uint_t          i;
    ngx_eiam_token_t   *token;
    ngx_eiam_digest_t  *digest;

    if (applications->tokens == NULL) {
        return NGX_OK;
    }

    for (i = 0; i <= applications->mask; i++) {

        token = &applications->tokens[i];

        if (token->application == NULL) {
            continue;
        }

        digest = ngx_array_push(tokens);
        if (digest == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(*digest, token->digest, NGX_EIAM_DIGEST_LEN);
    }

    return NGX_OK;
}


void
ngx_http_eiam_share_init_process(ngx_http_eiam_main_conf_t *mcf)
{
    ngx_eiam_share_t       *share;
    ngx_eiam_redis_link_t  *link;

    share = mcf->share;
    link = mcf->redis_link;

    if (share == NULL || link == NULL) {
        return;
    }

    link->data = share;
    link->ready = ngx_http_eiam_share_ready;
    share->link = link;
    share->started = ngx_current_msec;
}


void
ngx_http_eiam_share_exit_process(ngx_http_eiam_main_conf_t *mcf)
{
    if (mcf->share) {
        ngx_eiam_share_exit(mcf->share);
        ngx_eiam_share_send_exit(mcf->share);
        ngx_eiam_share_job_exit(mcf->share);
    }
}


static void
ngx_http_eiam_share_ready(ngx_eiam_redis_link_t *link)
{
    ngx_eiam_share_write_queued(link->data);
}
