
#include <ngx_http_eiam_invalid.h>


/* what nginx's own text leaves of the longest message of nginx -t */
#define NGX_HTTP_EIAM_REASON_MAX  (NGX_MAX_CONF_ERRSTR - 64)


static void ngx_http_eiam_invalid_at(ngx_uint_t level, ngx_log_t *log,
    const ngx_http_core_srv_conf_t *cscf,
    const ngx_http_core_loc_conf_t *clcf, const char *fmt, va_list args);


char *
ngx_http_eiam_invalid(ngx_conf_t *cf, const char *fmt, ...)
{
    u_char     *last, reason[NGX_HTTP_EIAM_REASON_MAX];
    va_list     args;
    ngx_str_t  *directive;

    va_start(args, fmt);
    last = ngx_vslprintf(reason, reason + sizeof(reason), fmt, args);
    va_end(args);

    directive = cf->args->elts;

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%V: %*s; set", directive,
                       (size_t) (last - reason), reason);

    return NGX_CONF_ERROR;
}


char *
ngx_http_eiam_invalid_location(ngx_conf_t *cf, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);

    ngx_http_eiam_invalid_at(NGX_LOG_EMERG, cf->log,
                 ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module),
                 ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module),
                 fmt, args);
    va_end(args);

    return NGX_CONF_ERROR;
}


void
ngx_http_eiam_invalid_warn(ngx_log_t *log,
    const ngx_http_core_srv_conf_t *cscf,
    const ngx_http_core_loc_conf_t *clcf, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    ngx_http_eiam_invalid_at(NGX_LOG_WARN, log, cscf, clcf, fmt, args);
    va_end(args);
}


static void
ngx_http_eiam_invalid_at(ngx_uint_t level, ngx_log_t *log,
    const ngx_http_core_srv_conf_t *cscf,
    const ngx_http_core_loc_conf_t *clcf, const char *fmt, va_list args)
{
    u_char  *p, *last, reason[NGX_HTTP_EIAM_REASON_MAX];

    last = reason + sizeof(reason);
    p = ngx_vslprintf(reason, last, fmt, args);

    if (clcf->name.len) {
        p = ngx_slprintf(p, last, " in location \"%V\" of", &clcf->name);

    } else {
        p = ngx_slprintf(p, last, " in");
    }

    ngx_log_error(level, log, 0, "%*s server \"%V\" in %s:%ui",
                  (size_t) (p - reason), reason, &cscf->server_name,
                  cscf->file_name, cscf->line);
}
