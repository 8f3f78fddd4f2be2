
#include <ngx_http_eiam_conf.h>
#include <ngx_http_eiam_directive.h>
#include <ngx_eiam_flight.h>
#include <ngx_eiam_openapi.h>
#include <ngx_eiam_string.h>


static ngx_int_t ngx_http_eiam_read_policy(ngx_eiam_document_t *document,
    ngx_http_eiam_main_conf_t *mcf, ngx_pool_t *pool, void *policy);
static ngx_int_t ngx_http_eiam_read_applications(
    ngx_eiam_document_t *document, ngx_http_eiam_main_conf_t *mcf,
    ngx_pool_t *pool, void *applications);
static void ngx_http_eiam_log_faults(ngx_conf_t *cf,
    ngx_eiam_document_t *document);
static char *ngx_http_eiam_check_not_zero(ngx_conf_t *cf, void *post,
    void *data);


ngx_http_eiam_file_t  ngx_http_eiam_directive_policy_file = {
    offsetof(ngx_http_eiam_main_conf_t, policies),
    sizeof(ngx_eiam_policy_t),
    ngx_http_eiam_read_policy
};


ngx_http_eiam_file_t  ngx_http_eiam_directive_applications_file = {
    offsetof(ngx_http_eiam_main_conf_t, files),
    sizeof(ngx_eiam_applications_t),
    ngx_http_eiam_read_applications
};


ngx_conf_enum_t  ngx_http_eiam_directive_modes[] = {
    { ngx_string("off"), NGX_HTTP_EIAM_OFF },
    { ngx_string("report"), NGX_HTTP_EIAM_REPORT },
    { ngx_string("on"), NGX_HTTP_EIAM_ON },
    { ngx_null_string, 0 }
};


ngx_conf_num_bounds_t  ngx_http_eiam_directive_limit_bounds = {
    ngx_conf_check_num_bounds, 1, NGX_EIAM_FLIGHTS_MAX
};


ngx_conf_post_t  ngx_http_eiam_directive_not_zero = {
    ngx_http_eiam_check_not_zero
};


ngx_conf_enum_t  ngx_http_eiam_directive_languages[] = {
    { ngx_string("en"), NGX_EIAM_EN },
    { ngx_string("zh"), NGX_EIAM_ZH },
    { ngx_string("auto"), NGX_HTTP_EIAM_AUTO },
    { ngx_null_string, 0 }
};


static ngx_int_t
ngx_http_eiam_read_policy(ngx_eiam_document_t *document,
    ngx_http_eiam_main_conf_t *mcf, ngx_pool_t *pool, void *policy)
{
    return ngx_eiam_openapi_read(document, mcf->scopes, pool, policy);
}


static ngx_int_t
ngx_http_eiam_read_applications(ngx_eiam_document_t *document,
    ngx_http_eiam_main_conf_t *mcf, ngx_pool_t *pool, void *applications)
{
    return ngx_eiam_applications_read(document, pool, applications);
}


static char *
ngx_http_eiam_check_not_zero(ngx_conf_t *cf, void *post, void *data)
{
    ngx_msec_t  *time = data;

    return *time ? NGX_CONF_OK : "must not be 0";
}


/* a file that several locations name is read once in a configuration */

char *
ngx_http_eiam_directive_file(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char  *p = conf;

    void                       **place, **known;
    ngx_str_t                   *value;
    ngx_uint_t                   i;
    ngx_array_t                 *files;
    ngx_eiam_document_t          document;
    ngx_http_eiam_file_t        *kind;
    ngx_http_eiam_main_conf_t   *mcf;

    place = (void **) (p + cmd->offset);

    if (*place != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;
    kind = cmd->post;
    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_eiam_module);

    ngx_memzero(&document, sizeof(ngx_eiam_document_t));

    document.name = value[1];
    document.pool = cf->temp_pool;

    if (ngx_conf_full_name(cf->cycle, &document.name, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    files = (ngx_array_t *) ((u_char *) mcf + kind->files);
    known = files->elts;

    for (i = 0; i < files->nelts; i++) {

        /* its name is the first member of every kind of file */

        if (ngx_eiam_str_equal((ngx_str_t *) known[i], &document.name)) {
            *place = known[i];
            return NGX_CONF_OK;
        }
    }

    *place = ngx_pcalloc(cf->pool, kind->size);
    known = ngx_array_push(files);

    if (*place == NULL || known == NULL) {
        return NGX_CONF_ERROR;
    }

    *known = *place;

    if (kind->read(&document, mcf, cf->pool, *place) != NGX_OK) {
        ngx_http_eiam_log_faults(cf, &document);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static void
ngx_http_eiam_log_faults(ngx_conf_t *cf, ngx_eiam_document_t *document)
{
    ngx_str_t    *line;
    ngx_uint_t    i;
    ngx_array_t  *lines;

    lines = ngx_eiam_fault_lines(document);
    if (lines == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%V", &document->fault);
        return;
    }

    line = lines->elts;

    for (i = 0; i < lines->nelts; i++) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%V", &line[i]);
    }
}


/* policies may be named further down, so the words are resolved at last */

char *
ngx_http_eiam_directive_scope_implies(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_eiam_loc_conf_t  *lcf = conf;

    ngx_str_t    *value, *word;
    ngx_uint_t    i;
    ngx_array_t  *words;

    if (lcf->implied == NGX_CONF_UNSET_PTR) {

        lcf->implied = ngx_array_create(cf->pool, 2, sizeof(ngx_array_t));
        if (lcf->implied == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    words = ngx_array_push(lcf->implied);

    if (words == NULL
        || ngx_array_init(words, cf->pool, cf->args->nelts - 1,
                          sizeof(ngx_str_t))
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {
        word = ngx_array_push(words);
        *word = value[i];
    }

    return NGX_CONF_OK;
}


char *
ngx_http_eiam_directive_path(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_eiam_loc_conf_t  *lcf = conf;

    ngx_str_t                  *value;
    ngx_http_eiam_main_conf_t  *mcf;

    if (lcf->letters != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcasecmp(value[1].data, (u_char *) "strict") == 0) {
        lcf->letters = NULL;
        return NGX_CONF_OK;
    }

    if (ngx_strcasecmp(value[1].data, (u_char *) "utf8") != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid value \"%V\"",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_eiam_module);

    if (mcf->letters == NULL) {
        mcf->letters = ngx_eiam_target_letters(cf);
    }

    lcf->letters = mcf->letters;

    return lcf->letters ? NGX_CONF_OK
                        : "utf8 needs nginx to be built with PCRE";
}


/* RFC 9110, section 5.6.4: it stands in a quoted-string as it is */

char *
ngx_http_eiam_directive_realm(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    u_char     *p, *last;
    ngx_str_t  *value;

    value = cf->args->elts;
    last = value[1].data + value[1].len;

    for (p = value[1].data; p < last; p++) {

        if (*p < 0x20 || *p >= 0x7f || *p == '"' || *p == '\\') {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid character in realm \"%V\"",
                               &value[1]);
            return NGX_CONF_ERROR;
        }
    }

    return ngx_conf_set_str_slot(cf, cmd, conf);
}


/* one zone for all: grants are told apart by their source */

char *
ngx_http_eiam_directive_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_eiam_main_conf_t  *mcf = conf;

    ssize_t          size;
    ngx_str_t       *value;
    ngx_shm_zone_t  *shm_zone;

    if (mcf->zone) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (value[1].len == 0) {
        return "needs a name";
    }

    size = ngx_parse_size(&value[2]);

    if (size == NGX_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid size \"%V\"",
                           &value[2]);
        return NGX_CONF_ERROR;
    }

    if (size < NGX_EIAM_ZONE_MIN) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "zone \"%V\" is too small, it needs %dk",
                           &value[1], NGX_EIAM_ZONE_MIN / 1024);
        return NGX_CONF_ERROR;
    }

    mcf->zone = ngx_pcalloc(cf->pool, sizeof(ngx_eiam_zone_t));
    shm_zone = ngx_shared_memory_add(cf, &value[1], size, &ngx_eiam_module);

    if (mcf->zone == NULL || shm_zone == NULL
        || ngx_array_init(&mcf->zone->sources, cf->pool, 4, sizeof(void *))
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    shm_zone->init = ngx_http_eiam_conf_init_zone;
    shm_zone->data = mcf->zone;

    mcf->zone->owner = mcf;
    mcf->ctx = cf->ctx;

    return NGX_CONF_OK;
}


char *
ngx_http_eiam_directive_introspection(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_eiam_loc_conf_t  *lcf = conf;

    ngx_str_t  *value;

    if (lcf->introspection.data) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        ngx_str_set(&lcf->introspection, "");
        return NGX_CONF_OK;
    }

    if (value[1].data[0] != '/') {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is no location: it must begin with \"/\"",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    lcf->introspection = value[1];

    return NGX_CONF_OK;
}


char *
ngx_http_eiam_directive_texts(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t     *value, *text;
    ngx_uint_t     i;
    ngx_array_t  **texts;

    texts = (ngx_array_t **) ((u_char *) conf + cmd->offset);

    if (*texts != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    *texts = ngx_array_create(cf->pool, cf->args->nelts - 1,
                              sizeof(ngx_str_t));
    if (*texts == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        if (value[i].len == 0) {
            return "must not be empty";
        }

        text = ngx_array_push(*texts);
        *text = value[i];
    }

    return NGX_CONF_OK;
}


/* number of failures, and the time that follows */

char *
ngx_http_eiam_directive_circuit(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_eiam_loc_conf_t  *lcf = conf;

    ngx_int_t   failures, retry;
    ngx_str_t  *value;

    if (lcf->terms.failures != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    failures = ngx_atoi(value[1].data, value[1].len);

    if (failures == NGX_ERROR || failures > NGX_MAX_INT32_VALUE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid number \"%V\"",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    lcf->terms.failures = failures;

    if (cf->args->nelts == 2) {
        return NGX_CONF_OK;
    }

    retry = ngx_parse_time(&value[2], 0);

    if (retry == NGX_ERROR || retry == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid time \"%V\"",
                           &value[2]);
        return NGX_CONF_ERROR;
    }

    lcf->terms.retry = retry;

    return NGX_CONF_OK;
}
