
#include <ngx_http_eiam_foreign.h>
#include <ngx_http_eiam_invalid.h>
#include <ngx_http_eiam_warning.h>
#include <ngx_eiam_string.h>
#include <ngx_eiam_text.h>


#define NGX_HTTP_EIAM_APPLICATIONS_NAMED  3    /* in a warning */


static ngx_int_t ngx_http_eiam_warning_server(ngx_conf_t *cf,
    const ngx_http_core_srv_conf_t *cscf);
static ngx_uint_t ngx_http_eiam_warning_gate(ngx_log_t *log,
    const ngx_http_core_srv_conf_t *cscf,
    const ngx_http_eiam_checked_t *checked, ngx_uint_t told);
static void ngx_http_eiam_warning_buffers(ngx_log_t *log,
    const ngx_http_core_srv_conf_t *cscf, const ngx_http_eiam_srv_conf_t *scf);
static ngx_uint_t ngx_http_eiam_warning_is_called(
    const ngx_http_eiam_checked_t *checked);
static void ngx_http_eiam_warning_base(ngx_log_t *log,
    const ngx_http_core_srv_conf_t *cscf,
    const ngx_http_eiam_checked_t *checked);
static ngx_uint_t ngx_http_eiam_warning_meets(
    const ngx_http_core_loc_conf_t *location, const ngx_str_t *base);
static ngx_uint_t ngx_http_eiam_warning_is_below(const ngx_str_t *path,
    const ngx_str_t *base);
static ngx_uint_t ngx_http_eiam_warning_has_source(
    const ngx_http_eiam_srv_conf_t *scf,
    const ngx_http_eiam_loc_conf_t *conf);
static ngx_uint_t ngx_http_eiam_warning_has_token(
    const ngx_eiam_applications_t *applications);
static ngx_uint_t ngx_http_eiam_warning_needs_token(
    const ngx_eiam_policy_t *policy);
static void ngx_http_eiam_warning_proxy(ngx_log_t *log,
    const ngx_http_core_srv_conf_t *cscf,
    const ngx_http_eiam_checked_t *checked);
static ngx_uint_t ngx_http_eiam_warning_keeps_path(
    const ngx_http_eiam_checked_t *checked);
static ngx_str_t ngx_http_eiam_warning_url_path(const ngx_str_t *url);
static ngx_uint_t ngx_http_eiam_warning_has_prefix(const ngx_str_t *path);
static ngx_int_t ngx_http_eiam_warning_reach(ngx_conf_t *cf,
    const ngx_http_core_srv_conf_t *cscf,
    const ngx_http_eiam_checked_t *checked, const ngx_eiam_policy_t *policy);
static ngx_int_t ngx_http_eiam_warning_expired(ngx_conf_t *cf,
    const ngx_eiam_applications_t *applications);
static u_char *ngx_http_eiam_warning_names(ngx_conf_t *cf, u_char *p,
    u_char *last, const ngx_eiam_applications_t *applications,
    const ngx_uint_t *expired);


ngx_int_t
ngx_http_eiam_warning_add(ngx_conf_t *cf, ngx_http_eiam_loc_conf_t *conf,
    ngx_uint_t own)
{
    ngx_http_eiam_checked_t   *checked;
    ngx_http_core_loc_conf_t  *clcf;
    ngx_http_eiam_srv_conf_t  *scf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    scf = ngx_http_conf_get_module_srv_conf(cf, ngx_eiam_module);

    /* a server itself has no name; only its locations answer */

    if (clcf->name.len == 0
        || (conf->mode == NGX_HTTP_EIAM_OFF && !conf->status
            && !conf->control))
    {
        return NGX_OK;
    }

    ngx_http_eiam_foreign_merge(cf, &conf->foreign);

    checked = ngx_array_push(&scf->checked);
    if (checked == NULL) {
        return NGX_ERROR;
    }

    checked->location = clcf;
    checked->conf = conf;
    checked->own = own;

    return NGX_OK;
}


ngx_int_t
ngx_http_eiam_warning_tell(ngx_conf_t *cf)
{
    ngx_uint_t                   i;
    ngx_http_eiam_applications_t  **file;
    ngx_http_core_srv_conf_t   **cscf;
    ngx_http_core_main_conf_t   *cmcf;
    ngx_http_eiam_main_conf_t   *mcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_eiam_module);

    cscf = cmcf->servers.elts;

    for (i = 0; i < cmcf->servers.nelts; i++) {

        if (ngx_http_eiam_warning_server(cf, cscf[i]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    file = mcf->files.elts;

    for (i = 0; i < mcf->files.nelts; i++) {

        if (ngx_http_eiam_warning_expired(cf,
                                          &file[i]->generation->applications)
            != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_eiam_warning_server(ngx_conf_t *cf,
    const ngx_http_core_srv_conf_t *cscf)
{
    ngx_uint_t                  i, k, told;
    ngx_eiam_policy_t         **policy;
    ngx_http_eiam_checked_t    *checked;
    ngx_http_eiam_srv_conf_t   *scf;

    scf = cscf->ctx->srv_conf[ngx_eiam_module.ctx_index];
    checked = scf->checked.elts;
    policy = scf->policies.elts;
    told = 0;

    if (scf->policies.nelts) {
        ngx_http_eiam_warning_buffers(cf->log, cscf, scf);
    }

    for (i = 0; i < scf->checked.nelts; i++, checked++) {

        if (checked->conf->mode != NGX_HTTP_EIAM_OFF) {
            told |= ngx_http_eiam_warning_gate(cf->log, cscf, checked, told);
            continue;
        }

        for (k = 0; k < scf->policies.nelts; k++) {

            if (ngx_http_eiam_warning_reach(cf, cscf, checked, policy[k])
                != NGX_OK)
            {
                return NGX_ERROR;
            }
        }
    }

    return NGX_OK;
}


/*
 * Returns whether there is no token source.  It is told of the first location
 * only, as mostly all of a server inherit the same settings.
 */

static ngx_uint_t
ngx_http_eiam_warning_gate(ngx_log_t *log,
    const ngx_http_core_srv_conf_t *cscf,
    const ngx_http_eiam_checked_t *checked, ngx_uint_t told)
{
    ngx_http_eiam_srv_conf_t  *scf;

    scf = cscf->ctx->srv_conf[ngx_eiam_module.ctx_index];

    ngx_http_eiam_warning_proxy(log, cscf, checked);

    if (!ngx_http_eiam_warning_is_called(checked)) {
        return 0;
    }

    ngx_http_eiam_warning_base(log, cscf, checked);

    if (told || ngx_http_eiam_warning_has_source(scf, checked->conf)) {
        return 0;
    }

    ngx_http_eiam_invalid_warn(log, cscf, checked->location,
                 "no token is valid, as there is no token source: set "
                 "\"eiam_introspection\", \"eiam_jwks\" or \"eiam_learn\", "
                 "or list tokens in \"eiam_applications\",");

    return 1;
}


/* nginx itself answers a header field that has no room in its buffers */

static void
ngx_http_eiam_warning_buffers(ngx_log_t *log,
    const ngx_http_core_srv_conf_t *cscf, const ngx_http_eiam_srv_conf_t *scf)
{
    size_t  size;

    size = cscf->large_client_header_buffers.size;

    if (size < scf->token_max) {
        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "\"large_client_header_buffers\" of %uz bytes have no "
                      "room for tokens of \"eiam_token_max\", %ui bytes, in "
                      "server \"%V\" in %s:%ui", size, scf->token_max,
                      &cscf->server_name, cscf->file_name, cscf->line);
    }
}


/*
 * Is the gate what clients meet there?  A location that merely inherits it may
 * answer without it, or be for subrequests and error pages.
 */

static ngx_uint_t
ngx_http_eiam_warning_is_called(const ngx_http_eiam_checked_t *checked)
{
    const ngx_http_core_loc_conf_t  *location;

    location = checked->location;

    if (location->noname) {
        return 0;
    }

    return checked->own
           || (location->handler && !location->internal
               && !checked->conf->foreign.returns);
}


static void
ngx_http_eiam_warning_base(ngx_log_t *log,
    const ngx_http_core_srv_conf_t *cscf,
    const ngx_http_eiam_checked_t *checked)
{
    const ngx_eiam_policy_t  *policy;

    policy = checked->conf->policy;

    if (checked->conf->foreign.rewrites
        || ngx_http_eiam_warning_meets(checked->location, &policy->path))
    {
        return;
    }

    ngx_http_eiam_invalid_warn(log, cscf, checked->location,
                 "all calls are refused, as none is below \"%V\", the path of "
                 "the policy \"%V\",", &policy->path, &policy->name);
}


/* is there a path of the location that is below the base as well? */

static ngx_uint_t
ngx_http_eiam_warning_meets(const ngx_http_core_loc_conf_t *location,
    const ngx_str_t *base)
{
    ngx_str_t  name;

    name = location->name;

    if (location->named
#if (NGX_PCRE)
        || location->regex
#endif
       )
    {
        return 1;
    }

    if (ngx_http_eiam_warning_is_below(&name, base)) {
        return 1;
    }

    /* "/api/" is the beginning of what is below "/api" */

    if (name.len && name.data[name.len - 1] == '/') {
        name.len--;
    }

    return !location->exact_match && name.len <= base->len
           && ngx_strncmp(name.data, base->data, name.len) == 0
           && (name.len == location->name.len || name.len == base->len
               || base->data[name.len] == '/');
}


static ngx_uint_t
ngx_http_eiam_warning_is_below(const ngx_str_t *path, const ngx_str_t *base)
{
    return path->len >= base->len
           && ngx_strncmp(path->data, base->data, base->len) == 0
           && (path->len == base->len || path->data[base->len] == '/');
}


static ngx_uint_t
ngx_http_eiam_warning_has_source(const ngx_http_eiam_srv_conf_t *scf,
    const ngx_http_eiam_loc_conf_t *conf)
{
    return scf->learned || conf->source || conf->key_set
           || (conf->applications
               && ngx_http_eiam_warning_has_token(
                              &conf->applications->generation->applications))
           || !ngx_http_eiam_warning_needs_token(conf->policy);
}


static ngx_uint_t
ngx_http_eiam_warning_has_token(const ngx_eiam_applications_t *applications)
{
    ngx_uint_t  i;

    for (i = 0; i <= applications->mask; i++) {

        if (applications->tokens[i].application) {
            return 1;
        }
    }

    return 0;
}


static ngx_uint_t
ngx_http_eiam_warning_needs_token(const ngx_eiam_policy_t *policy)
{
    ngx_uint_t              i;
    ngx_eiam_operation_t  **operation;

    operation = policy->operations.elts;

    for (i = 0; i < policy->operations.nelts; i++) {

        if (!operation[i]->is_public) {
            return 1;
        }
    }

    return 0;
}


static void
ngx_http_eiam_warning_proxy(ngx_log_t *log,
    const ngx_http_core_srv_conf_t *cscf,
    const ngx_http_eiam_checked_t *checked)
{
    const ngx_http_eiam_foreign_t  *foreign;

    foreign = &checked->conf->foreign;

    if (foreign->proxy_pass.data == NULL || checked->location->internal
        || ngx_http_eiam_warning_keeps_path(checked))
    {
        return;
    }

    ngx_log_error(NGX_LOG_WARN, log, 0,
                  "\"proxy_pass %V\" has a path, so the backend is asked for "
                  "another one than was decided on, in location \"%V\" in "
                  "%V:%ui", &foreign->proxy_pass, &checked->location->name,
                  &foreign->file, foreign->line);
}


/* without a path in "proxy_pass", or with that of the location */

static ngx_uint_t
ngx_http_eiam_warning_keeps_path(const ngx_http_eiam_checked_t *checked)
{
    ngx_str_t         path;
    const ngx_str_t  *url;

    url = &checked->conf->foreign.proxy_pass;
    path = ngx_http_eiam_warning_url_path(url);

    if (path.len == 0) {
        return 1;
    }

    /* nobody knows what other variables stand for */

    if (ngx_strlchr(path.data, path.data + path.len, '$')) {
        return !ngx_http_eiam_warning_has_prefix(&path);
    }

    /* with variables elsewhere it takes the place of the whole path */

    if (ngx_strlchr(url->data, path.data, '$')) {
        return checked->location->exact_match
               && ngx_eiam_str_equal(&path, &checked->location->name);
    }

    /* what a rewrite makes of the path counts, and not the path here */

    return checked->conf->foreign.rewrites
           || ngx_eiam_str_equal(&path, &checked->location->name);
}


/* what stands behind the authority, without a query; empty: nothing */

static ngx_str_t
ngx_http_eiam_warning_url_path(const ngx_str_t *url)
{
    u_char     *p, *last;
    ngx_str_t   path;

    last = url->data + url->len;
    p = ngx_strnstr(url->data, "://", url->len);
    p = p ? p + 3 : url->data;

    /* "unix:/path/of/a/socket:/path" */

    if (last - p > 5 && ngx_strncasecmp(p, (u_char *) "unix:", 5) == 0) {
        p = ngx_strlchr(p + 5, last, ':');
        p = p ? p + 1 : last;
    }

    while (p < last && *p != '/' && *p != '?') {
        p++;
    }

    path.data = p;

    while (p < last && *p != '?'
           && ngx_strncmp(p, "$is_args", 8) != 0
           && ngx_strncmp(p, "${is_args}", 10) != 0)
    {
        p++;
    }

    path.len = p - path.data;

    return path;
}


/* the request's own path, behind something else */

static ngx_uint_t
ngx_http_eiam_warning_has_prefix(const ngx_str_t *path)
{
    return ngx_strnstr(path->data, "$request_uri", path->len)
           || ngx_strnstr(path->data, "${request_uri}", path->len)
           || ngx_strnstr(path->data, "$uri", path->len)
           || ngx_strnstr(path->data, "${uri}", path->len)
           || ngx_strnstr(path->data, "$document_uri", path->len)
           || ngx_strnstr(path->data, "${document_uri}", path->len);
}


/* the guard refuses whatever could be a path of the API there */

static ngx_int_t
ngx_http_eiam_warning_reach(ngx_conf_t *cf,
    const ngx_http_core_srv_conf_t *cscf,
    const ngx_http_eiam_checked_t *checked, const ngx_eiam_policy_t *policy)
{
    ngx_str_t           name, page;
    ngx_eiam_reading_t  reading, inner;

    name = checked->location->name;

    page.data = ngx_pnalloc(cf->temp_pool, name.len + sizeof("/json") - 1);
    if (page.data == NULL) {
        return NGX_ERROR;
    }

    page.len = ngx_sprintf(page.data, "%V%sjson", &name,
                           name.data[name.len - 1] == '/' ? "" : "/")
               - page.data;

    if (ngx_eiam_base_read(&reading, &name, cf->temp_pool) != NGX_OK
        || ngx_eiam_base_read(&inner, &page, cf->temp_pool) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_eiam_policy_below(policy, &reading) == NGX_EIAM_OUTSIDE
        && (checked->location->exact_match
            || ngx_eiam_policy_below(policy, &inner) == NGX_EIAM_OUTSIDE))
    {
        return NGX_OK;
    }

    ngx_http_eiam_invalid_warn(cf->log, cscf, checked->location,
                 "nobody reaches \"%s\" below \"%V/\", the path of the "
                 "policy \"%V\", so move it,",
                 checked->conf->status ? "eiam_status" : "eiam_control",
                 &policy->path, &policy->name);

    return NGX_OK;
}


static ngx_int_t
ngx_http_eiam_warning_expired(ngx_conf_t *cf,
    const ngx_eiam_applications_t *applications)
{
    u_char             text[NGX_MAX_CONF_ERRSTR], *p;
    ngx_uint_t         i, count, *expired;
    ngx_eiam_token_t  *token;

    expired = ngx_pcalloc(cf->temp_pool, (applications->list.nelts + 1)
                                         * sizeof(ngx_uint_t));
    if (expired == NULL) {
        return NGX_ERROR;
    }

    count = 0;

    for (i = 0; i <= applications->mask; i++) {

        token = &applications->tokens[i];

        if (token->application && token->expires <= ngx_time()) {
            expired[token->application->index]++;
            count++;
        }
    }

    if (count == 0) {
        return NGX_OK;
    }

    p = ngx_http_eiam_warning_names(cf, text, text + sizeof(text),
                                    applications, expired);

    ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                  "\"%V\": static tokens have expired (%ui), of the "
                  "applications %*s", &applications->name, count,
                  (size_t) (p - text), text);

    return NGX_OK;
}


/* the first applications with such tokens, and how many more there are */

static u_char *
ngx_http_eiam_warning_names(ngx_conf_t *cf, u_char *p, u_char *last,
    const ngx_eiam_applications_t *applications, const ngx_uint_t *expired)
{
    ngx_str_t                 id;
    ngx_uint_t                i, n;
    ngx_eiam_application_t  **application;

    application = applications->list.elts;
    n = 0;

    for (i = 0; i < applications->list.nelts; i++) {

        if (expired[i] == 0 || n++ >= NGX_HTTP_EIAM_APPLICATIONS_NAMED) {
            continue;
        }

        id = ngx_eiam_text_shown(&application[i]->id, cf->temp_pool);
        p = ngx_slprintf(p, last, "%s\"%V\"", n > 1 ? ", " : "", &id);
    }

    if (n > NGX_HTTP_EIAM_APPLICATIONS_NAMED) {
        p = ngx_slprintf(p, last, " and %ui more",
                         n - NGX_HTTP_EIAM_APPLICATIONS_NAMED);
    }

    return p;
}
