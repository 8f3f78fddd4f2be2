
#include <ngx_http_eiam_invalid.h>
#include <ngx_http_eiam_redis.h>
#include <ngx_http_eiam_redis_address.h>
#include <ngx_eiam_near.h>
#include <ngx_eiam_redis_ssl.h>
#include <ngx_eiam_secret.h>
#include <ngx_eiam_string.h>


#define NGX_HTTP_EIAM_REDIS_TEXT_MAX  255     /* bytes of a parameter */


/* a parameter of the directive, and where its value is kept */

typedef struct {
    ngx_str_t    name;
    ngx_str_t    value;                      /* no data: not set */
} ngx_http_eiam_redis_parameter_t;


enum {
    NGX_HTTP_EIAM_REDIS_SENTINEL = 0,
    NGX_HTTP_EIAM_REDIS_USER,
    NGX_HTTP_EIAM_REDIS_PASSWORD,
    NGX_HTTP_EIAM_REDIS_SSL,
    NGX_HTTP_EIAM_REDIS_SSL_NAME,
    NGX_HTTP_EIAM_REDIS_PREFIX
};


static char *ngx_http_eiam_redis_read(ngx_conf_t *cf, ngx_eiam_redis_t *redis);
static ngx_int_t ngx_http_eiam_redis_parameter(ngx_conf_t *cf,
    ngx_http_eiam_redis_parameter_t *parameters, const ngx_str_t *text);
static ngx_http_eiam_redis_parameter_t *ngx_http_eiam_redis_find(
    ngx_http_eiam_redis_parameter_t *parameters, const ngx_str_t *name);
static ngx_int_t ngx_http_eiam_redis_unknown(ngx_conf_t *cf,
    const ngx_http_eiam_redis_parameter_t *parameters, const ngx_str_t *name);
static ngx_int_t ngx_http_eiam_redis_apply(ngx_conf_t *cf,
    ngx_eiam_redis_t *redis,
    const ngx_http_eiam_redis_parameter_t *parameters);
static ngx_int_t ngx_http_eiam_redis_prefix(ngx_conf_t *cf,
    const ngx_str_t *prefix);
static ngx_int_t ngx_http_eiam_redis_password(ngx_conf_t *cf,
    ngx_eiam_redis_t *redis, ngx_str_t file);
static ngx_int_t ngx_http_eiam_redis_ssl(ngx_conf_t *cf,
    ngx_eiam_redis_t *redis, ngx_str_t file);


char *
ngx_http_eiam_redis(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_eiam_main_conf_t  *mcf = conf;

    ngx_str_t         *value;
    ngx_eiam_redis_t  *redis;

    if (mcf->redis || mcf->redis_off) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        mcf->redis_off = 1;
        return NGX_CONF_OK;
    }

    if (!ngx_eiam_redis_reply_supported()) {
        return ngx_http_eiam_invalid(cf, "this module was built without the "
                                     "hiredis library: install libhiredis-dev "
                                     "and build it again");
    }

    redis = ngx_pcalloc(cf->pool, sizeof(ngx_eiam_redis_t));

    if (redis == NULL
        || ngx_array_init(&redis->addresses, cf->pool, 3,
                          sizeof(ngx_eiam_redis_address_t))
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (ngx_http_eiam_redis_read(cf, redis) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    mcf->redis = redis;

    return NGX_CONF_OK;
}


static char *
ngx_http_eiam_redis_read(ngx_conf_t *cf, ngx_eiam_redis_t *redis)
{
    ngx_str_t   *value;
    ngx_uint_t   i;

    ngx_http_eiam_redis_parameter_t  parameters[] = {
        { ngx_string("sentinel"), ngx_null_string },
        { ngx_string("user"), ngx_null_string },
        { ngx_string("password"), ngx_null_string },
        { ngx_string("ssl"), ngx_null_string },
        { ngx_string("ssl_name"), ngx_null_string },
        { ngx_string("prefix"), ngx_null_string },
        { ngx_null_string, ngx_null_string }
    };

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_http_eiam_redis_parameter(cf, parameters, &value[i])
            == NGX_ERROR)
        {
            return NGX_CONF_ERROR;
        }
    }

    if (ngx_http_eiam_redis_apply(cf, redis, parameters) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_http_eiam_redis_parameter(cf, NULL, &value[i]) == NGX_DECLINED
            && ngx_http_eiam_redis_address_add(cf, redis, &value[i]) != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    if (redis->addresses.nelts == 0) {
        return ngx_http_eiam_invalid(cf, "needs an address, such as "
                                     "\"127.0.0.1:6379\" or "
                                     "\"unix:/run/redis/redis.sock\"");
    }

    return NGX_CONF_OK;
}


/* NGX_DECLINED: it is an address; parameters NULL: only finds that out */

static ngx_int_t
ngx_http_eiam_redis_parameter(ngx_conf_t *cf,
    ngx_http_eiam_redis_parameter_t *parameters, const ngx_str_t *text)
{
    u_char                           *p;
    ngx_str_t                         name;
    ngx_http_eiam_redis_parameter_t  *parameter;

    p = ngx_strlchr(text->data, text->data + text->len, '=');

    if (p == NULL || ngx_strncmp(text->data, "unix:", 5) == 0) {
        return NGX_DECLINED;
    }

    if (parameters == NULL) {
        return NGX_OK;
    }

    name.data = text->data;
    name.len = p - text->data;

    parameter = ngx_http_eiam_redis_find(parameters, &name);

    if (parameter->name.data == NULL) {
        return ngx_http_eiam_redis_unknown(cf, parameters, &name);
    }

    if (parameter->value.data) {
        (void) ngx_http_eiam_invalid(cf, "\"%V\" is set twice", &name);
        return NGX_ERROR;
    }

    parameter->value.data = p + 1;
    parameter->value.len = text->data + text->len - (p + 1);

    if (parameter->value.len == 0
        || parameter->value.len > NGX_HTTP_EIAM_REDIS_TEXT_MAX)
    {
        (void) ngx_http_eiam_invalid(cf, "\"%V\" must have 1 to %d characters",
                                     &name, NGX_HTTP_EIAM_REDIS_TEXT_MAX);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* the last entry of the table has no name */

static ngx_http_eiam_redis_parameter_t *
ngx_http_eiam_redis_find(ngx_http_eiam_redis_parameter_t *parameters,
    const ngx_str_t *name)
{
    ngx_http_eiam_redis_parameter_t  *parameter;

    for (parameter = parameters; parameter->name.data; parameter++) {

        if (ngx_eiam_str_equal(&parameter->name, name)) {
            break;
        }
    }

    return parameter;
}


static ngx_int_t
ngx_http_eiam_redis_unknown(ngx_conf_t *cf,
    const ngx_http_eiam_redis_parameter_t *parameters, const ngx_str_t *name)
{
    ngx_eiam_near_t                         near;
    const ngx_http_eiam_redis_parameter_t  *parameter;

    ngx_eiam_near_init(&near, name);

    for (parameter = parameters; parameter->name.data; parameter++) {
        ngx_eiam_near_compare(&near, &parameter->name);
    }

    if (near.nearest.len) {
        (void) ngx_http_eiam_invalid(cf, "unknown parameter \"%V=\", perhaps "
                                     "\"%V=\" is meant", name, &near.nearest);
        return NGX_ERROR;
    }

    (void) ngx_http_eiam_invalid(cf, "unknown parameter \"%V=\": there are "
                                 "sentinel, user, password, ssl, ssl_name and "
                                 "prefix", name);
    return NGX_ERROR;
}


static ngx_int_t
ngx_http_eiam_redis_apply(ngx_conf_t *cf, ngx_eiam_redis_t *redis,
    const ngx_http_eiam_redis_parameter_t *parameters)
{
    const ngx_str_t  *password, *ssl;

    redis->sentinel = parameters[NGX_HTTP_EIAM_REDIS_SENTINEL].value;
    redis->user = parameters[NGX_HTTP_EIAM_REDIS_USER].value;
    redis->ssl_name = parameters[NGX_HTTP_EIAM_REDIS_SSL_NAME].value;
    redis->prefix = parameters[NGX_HTTP_EIAM_REDIS_PREFIX].value;

    password = &parameters[NGX_HTTP_EIAM_REDIS_PASSWORD].value;
    ssl = &parameters[NGX_HTTP_EIAM_REDIS_SSL].value;

    if (redis->prefix.data == NULL) {
        ngx_str_set(&redis->prefix, "eiam:");
    }

    if (redis->user.len && password->len == 0) {
        (void) ngx_http_eiam_invalid(cf, "\"user\" needs \"password\"");
        return NGX_ERROR;
    }

    if (redis->ssl_name.len && ssl->len == 0) {
        (void) ngx_http_eiam_invalid(cf, "\"ssl_name\" needs \"ssl\"");
        return NGX_ERROR;
    }

    if (ngx_http_eiam_redis_prefix(cf, &redis->prefix) != NGX_OK) {
        return NGX_ERROR;
    }

    if (password->len
        && ngx_http_eiam_redis_password(cf, redis, *password) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ssl->len ? ngx_http_eiam_redis_ssl(cf, redis, *ssl) : NGX_OK;
}


static ngx_int_t
ngx_http_eiam_redis_ssl(ngx_conf_t *cf, ngx_eiam_redis_t *redis, ngx_str_t file)
{
    ngx_int_t  rc;

    rc = ngx_eiam_redis_ssl_create(cf, redis, &file);

    if (rc == NGX_DECLINED) {
        (void) ngx_http_eiam_invalid(cf, "\"ssl\" needs an nginx that was "
                                     "built with TLS");
    }

    return rc;
}


/* no braces: a cluster chooses a key's node by what is between braces */

static ngx_int_t
ngx_http_eiam_redis_prefix(ngx_conf_t *cf, const ngx_str_t *prefix)
{
    u_char  *p, *last;

    last = prefix->data + prefix->len;

    for (p = prefix->data; p < last; p++) {

        if (*p <= ' ' || *p >= 0x7f || ngx_strchr("{}*?[]\\\"", *p)) {
            (void) ngx_http_eiam_invalid(cf, "the prefix \"%V\" must have only "
                                         "printable ASCII characters, and no "
                                         "space or {}*?[]\\\"", prefix);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* a file whose only line is the password */

static ngx_int_t
ngx_http_eiam_redis_password(ngx_conf_t *cf, ngx_eiam_redis_t *redis,
    ngx_str_t file)
{
    ngx_str_t          *text;
    ngx_eiam_secret_t   secret;

    if (ngx_conf_full_name(cf->cycle, &file, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_eiam_secret_read(cf->pool, &file, &secret) != NGX_OK) {

        if (secret.fault == NULL) {
            return NGX_ERROR;
        }

        if (secret.err) {
            (void) ngx_http_eiam_invalid(cf, "\"%V\" %s (%d: %s)", &file,
                                         secret.fault, secret.err,
                                         strerror(secret.err));
            return NGX_ERROR;
        }

        (void) ngx_http_eiam_invalid(cf, "\"%V\" %s", &file, secret.fault);
        return NGX_ERROR;
    }

    text = &secret.text;

    if (text->len && text->data[text->len - 1] == LF) {
        text->len--;
    }

    if (text->len && text->data[text->len - 1] == CR) {
        text->len--;
    }

    if (text->len == 0
        || ngx_strlchr(text->data, text->data + text->len, LF))
    {
        (void) ngx_http_eiam_invalid(cf, "\"%V\" must have exactly one line, "
                                     "the password", &file);
        return NGX_ERROR;
    }

    if (secret.others) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0, "everybody on this machine may "
                           "read the password in \"%V\"", &file);
    }

    redis->password = *text;

    return NGX_OK;
}


/* not in the cache manager and the cache loader */

void
ngx_http_eiam_redis_init_process(ngx_http_eiam_main_conf_t *mcf)
{
    if (mcf->redis == NULL
        || (ngx_process != NGX_PROCESS_WORKER
            && ngx_process != NGX_PROCESS_SINGLE))
    {
        return;
    }

    mcf->redis_link = ngx_eiam_redis_link_create(mcf->redis,
                                           mcf->zone->shared->metrics.redis);
    if (mcf->redis_link == NULL) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                      "eiam: no memory for the link to Redis");
        return;
    }

    ngx_eiam_redis_link_start(mcf->redis_link);
}


void
ngx_http_eiam_redis_exit_process(ngx_http_eiam_main_conf_t *mcf)
{
    if (mcf->redis_link) {
        ngx_eiam_redis_link_close(mcf->redis_link);
        mcf->redis_link = NULL;
    }
}
