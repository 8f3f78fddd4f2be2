
#include <ngx_http_eiam.h>
#include <ngx_eiam_openapi.h>


static void *ngx_http_eiam_file(ngx_conf_t *cf, ngx_array_t *files,
    size_t size, ngx_eiam_document_t *document);


ngx_conf_enum_t  ngx_http_eiam_modes[] = {
    { ngx_string("off"), NGX_HTTP_EIAM_OFF },
    { ngx_string("report"), NGX_HTTP_EIAM_REPORT },
    { ngx_string("on"), NGX_HTTP_EIAM_ON },
    { ngx_null_string, 0 }
};


ngx_conf_enum_t  ngx_http_eiam_languages[] = {
    { ngx_string("en"), NGX_EIAM_EN },
    { ngx_string("zh"), NGX_EIAM_ZH },
    { ngx_string("auto"), NGX_HTTP_EIAM_AUTO },
    { ngx_null_string, 0 }
};


/*
 * The file of that name, if it has been read in this configuration, else
 * room for it: then document->pool is set.  NULL: no memory.
 */

static void *
ngx_http_eiam_file(ngx_conf_t *cf, ngx_array_t *files, size_t size,
    ngx_eiam_document_t *document)
{
    void        **file;
    ngx_str_t    *value, *name;
    ngx_uint_t    i;

    value = cf->args->elts;

    ngx_memzero(document, sizeof(ngx_eiam_document_t));

    document->name = value[1];

    if (ngx_conf_full_name(cf->cycle, &document->name, 1) != NGX_OK) {
        return NULL;
    }

    file = files->elts;

    for (i = 0; i < files->nelts; i++) {

        name = file[i];          /* the first member of every kind of file */

        if (name->len == document->name.len
            && ngx_strncmp(name->data, document->name.data, name->len) == 0)
        {
            return name;
        }
    }

    file = ngx_array_push(files);
    if (file == NULL) {
        return NULL;
    }

    document->pool = cf->temp_pool;
    *file = ngx_pcalloc(cf->pool, size);

    return *file;
}


char *
ngx_http_eiam_policy(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_eiam_loc_conf_t   *lcf = conf;

    ngx_eiam_document_t         document;
    ngx_http_eiam_main_conf_t  *mcf;

    if (lcf->policy != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_eiam_module);

    lcf->policy = ngx_http_eiam_file(cf, &mcf->policies,
                                     sizeof(ngx_eiam_policy_t), &document);
    if (lcf->policy == NULL) {
        return NGX_CONF_ERROR;
    }

    if (document.pool
        && ngx_eiam_openapi_read(&document, mcf->scopes, cf->pool,
                                 lcf->policy)
           != NGX_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%V", &document.fault);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_eiam_applications(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_eiam_loc_conf_t   *lcf = conf;

    ngx_eiam_document_t         document;
    ngx_http_eiam_main_conf_t  *mcf;

    if (lcf->applications != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_eiam_module);

    lcf->applications = ngx_http_eiam_file(cf, &mcf->files,
                                           sizeof(ngx_eiam_applications_t),
                                           &document);
    if (lcf->applications == NULL) {
        return NGX_CONF_ERROR;
    }

    if (document.pool
        && ngx_eiam_applications_read(&document, cf->pool, lcf->applications)
           != NGX_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%V", &document.fault);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* policies may be named further down, so the words are resolved at last */

char *
ngx_http_eiam_scope_implies(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
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
ngx_http_eiam_path(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
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
ngx_http_eiam_realm(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
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
