
#include <ngx_http_eiam_conf.h>
#include <ngx_http_eiam_directive.h>
#include <ngx_http_eiam_finding.h>
#include <ngx_http_eiam_generation.h>
#include <ngx_http_eiam_invalid.h>
#include <ngx_http_eiam_value.h>
#include <ngx_eiam_openapi.h>
#include <ngx_eiam_string.h>


static ngx_int_t ngx_http_eiam_read_policy(ngx_conf_t *cf,
    ngx_eiam_document_t *document, void *policy);
static ngx_int_t ngx_http_eiam_read_applications(ngx_conf_t *cf,
    ngx_eiam_document_t *document, void *file);
static void ngx_http_eiam_log_faults(ngx_conf_t *cf,
    ngx_eiam_document_t *document);


ngx_http_eiam_file_t  ngx_http_eiam_directive_policy_file = {
    offsetof(ngx_http_eiam_main_conf_t, policies),
    sizeof(ngx_eiam_policy_t),
    ngx_http_eiam_read_policy
};


ngx_http_eiam_file_t  ngx_http_eiam_directive_applications_file = {
    offsetof(ngx_http_eiam_main_conf_t, files),
    sizeof(ngx_http_eiam_applications_t),
    ngx_http_eiam_read_applications
};


static ngx_int_t
ngx_http_eiam_read_policy(ngx_conf_t *cf, ngx_eiam_document_t *document,
    void *policy)
{
    ngx_http_eiam_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_eiam_module);

    return ngx_eiam_openapi_read(document, mcf->scopes, cf->pool, policy);
}


static ngx_int_t
ngx_http_eiam_read_applications(ngx_conf_t *cf, ngx_eiam_document_t *document,
    void *file)
{
    ngx_http_eiam_applications_t *applications = file;

    applications->name = document->name;

    return ngx_http_eiam_generation_first(cf, document, applications);
}


/* a file that several locations name is read once for each configuration */

char *
ngx_http_eiam_directive_file(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char  *p = conf;

    void                       **slot, **known;
    ngx_str_t                   *value;
    ngx_uint_t                   i;
    ngx_array_t                 *files;
    ngx_eiam_document_t          document;
    ngx_http_eiam_file_t        *kind;
    ngx_http_eiam_main_conf_t   *mcf;

    slot = (void **) (p + cmd->offset);

    if (*slot != NGX_CONF_UNSET_PTR) {
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

        /* every kind of file has its name as the first member */

        if (ngx_eiam_str_equal((ngx_str_t *) known[i], &document.name)) {
            *slot = known[i];
            return NGX_CONF_OK;
        }
    }

    *slot = ngx_pcalloc(cf->pool, kind->size);
    known = ngx_array_push(files);

    if (*slot == NULL || known == NULL) {
        return NGX_CONF_ERROR;
    }

    *known = *slot;

    if (kind->read(cf, &document, *slot) != NGX_OK) {
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
        (void) ngx_http_eiam_invalid(cf, "%V", &document->fault);
        return;
    }

    line = lines->elts;

    for (i = 0; i < lines->nelts; i++) {
        (void) ngx_http_eiam_invalid(cf, "%V", &line[i]);
    }
}


char *
ngx_http_eiam_directive_policy(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_eiam_loc_conf_t  *lcf = conf;

    char       *rv;
    ngx_str_t  *value;

    value = cf->args->elts;

    if (cf->args->nelts == 3 && ngx_strcmp(value[2].data, "complete") != 0) {
        return ngx_http_eiam_invalid(cf, "unknown parameter \"%V\", only "
                                     "\"complete\" may stand here", &value[2]);
    }

    rv = ngx_http_eiam_directive_file(cf, cmd, conf);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    lcf->policy->complete |= (cf->args->nelts == 3);

    return (ngx_http_eiam_finding_tell(cf, lcf->policy) == NGX_OK)
           ? NGX_CONF_OK : NGX_CONF_ERROR;
}


char *
ngx_http_eiam_directive_applications(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_eiam_loc_conf_t  *lcf = conf;

    ngx_str_t  *value;

    value = cf->args->elts;

    if (cf->args->nelts == 3 && ngx_strcmp(value[2].data, "listed") != 0) {
        return ngx_http_eiam_invalid(cf, "unknown parameter \"%V\", only "
                                     "\"listed\" may stand here", &value[2]);
    }

    lcf->listed = (cf->args->nelts == 3);

    return ngx_http_eiam_directive_file(cf, cmd, conf);
}


/*
 * Scopes are looked up when the whole configuration has been read, as a policy
 * may come later.
 */

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

    ngx_int_t                   utf8;
    ngx_str_t                  *value;
    ngx_http_eiam_main_conf_t  *mcf;

    if (lcf->charset != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    utf8 = ngx_http_eiam_value_find(cf, &value[1], ngx_http_eiam_value_paths);

    if (utf8 == NGX_ERROR) {
        return NGX_CONF_ERROR;
    }

    if (!utf8) {
        lcf->charset = NULL;
        return NGX_CONF_OK;
    }

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_eiam_module);

    if (mcf->charset == NULL) {
        mcf->charset = ngx_eiam_target_charset(cf);
    }

    lcf->charset = mcf->charset;

    if (lcf->charset == NULL) {
        return ngx_http_eiam_invalid(cf, "\"utf8\" needs an nginx that was "
                                     "built with PCRE");
    }

    return NGX_CONF_OK;
}


/*
 * RFC 9110, section 5.6.4: the realm is sent as a quoted-string, without
 * escapes
 */

char *
ngx_http_eiam_directive_realm(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    u_char     *p, *last;
    ngx_str_t  *value;

    value = cf->args->elts;
    last = value[1].data + value[1].len;

    for (p = value[1].data; p < last; p++) {

        if (*p < 0x20 || *p >= 0x7f || *p == '"' || *p == '\\') {
            return ngx_http_eiam_invalid(cf, "\"%V\" must have only printable "
                                         "ASCII characters, and no quote or "
                                         "backslash", &value[1]);
        }
    }

    return ngx_conf_set_str_slot(cf, cmd, conf);
}


/* one zone serves all servers: the key of a grant contains its source */

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
        return ngx_http_eiam_invalid(cf, "the zone's name is empty, give it "
                                     "one as in \"eiam_zone eiam 16m\"");
    }

    size = ngx_parse_size(&value[2]);

    if (size == NGX_ERROR) {
        return ngx_http_eiam_invalid(cf, "\"%V\" is not a size such as "
                                     "\"512k\" or \"16m\"", &value[2]);
    }

    if (size < NGX_EIAM_ZONE_MIN) {
        return ngx_http_eiam_invalid(cf, "\"%V\" is too small for a zone, "
                                     "which needs %dk at least", &value[2],
                                     NGX_EIAM_ZONE_MIN / 1024);
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
    mcf->cycle = cf->cycle;

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
        return ngx_http_eiam_directive_no_location(cf, &value[1]);
    }

    lcf->introspection = value[1];

    return NGX_CONF_OK;
}


char *
ngx_http_eiam_directive_no_location(ngx_conf_t *cf, const ngx_str_t *value)
{
    if (ngx_strstr(value->data, "://")) {
        return ngx_http_eiam_invalid(cf, "\"%V\" is a URL: name an internal "
                                     "location, such as \"/_source\", with "
                                     "\"proxy_pass %V\"", value, value);
    }

    return ngx_http_eiam_invalid(cf, "\"%V\" is not a location: name an "
                                 "internal one, whose path begins with \"/\"",
                                 value);
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
            return ngx_http_eiam_invalid(cf, "a value is empty, which matches "
                                         "nothing: remove it");
        }

        text = ngx_array_push(*texts);
        *text = value[i];
    }

    return NGX_CONF_OK;
}


/* the number of failures that open the circuit, and how long it is open */

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

    failures = ngx_http_eiam_value_check(cf, &value[1],
                                         ngx_atoi(value[1].data, value[1].len),
                                         &ngx_http_eiam_value_failures);
    if (failures == NGX_ERROR) {
        return NGX_CONF_ERROR;
    }

    lcf->terms.failures = failures;

    if (cf->args->nelts == 2) {
        return NGX_CONF_OK;
    }

    retry = ngx_http_eiam_value_check(cf, &value[2],
                                      ngx_parse_time(&value[2], 0),
                                      &ngx_http_eiam_value_msec_some);
    if (retry == NGX_ERROR) {
        return NGX_CONF_ERROR;
    }

    lcf->terms.retry = retry;

    return NGX_CONF_OK;
}
