
#include <ngx_http_eiam_fetch.h>
#include <ngx_http_eiam_headers.h>
#include <ngx_http_eiam_request.h>
#include <ngx_http_eiam_subrequest.h>
#include <ngx_eiam_string.h>


/* what the operator's rules see of the gate's subrequests, and what is sent */


#define NGX_HTTP_EIAM_FORMLESS  60     /* s: between two log lines */


static void ngx_http_eiam_subrequest_query(ngx_http_request_t *sr,
    const ngx_str_t *query);
static void ngx_http_eiam_subrequest_set_args(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_uint_t ngx_http_eiam_subrequest_is_in_server(
    ngx_http_request_t *sr);
static ngx_uint_t ngx_http_eiam_subrequest_is_of_query(
    const ngx_http_variable_t *variable);
static void ngx_http_eiam_subrequest_names(ngx_http_request_t *sr);
static void ngx_http_eiam_subrequest_flush(ngx_http_request_t *sr);
static ngx_uint_t ngx_http_eiam_subrequest_is_set(ngx_http_request_t *sr,
    const ngx_http_variable_t *variable, ngx_uint_t index);
static ngx_uint_t ngx_http_eiam_subrequest_differs(ngx_http_request_t *sr,
    const ngx_http_variable_t *variable,
    const ngx_http_variable_value_t *set);
static ngx_uint_t ngx_http_eiam_subrequest_has(const ngx_str_t *head,
    const char *text);


/*
 * The rules of the rewrite phase see the same as in the call: its fields, in a
 * list of their own, its query, and the captures of server_name's regex.
 * sr->variables belongs to the subrequest, and is empty.
 */

ngx_int_t
ngx_http_eiam_subrequest_open(ngx_http_request_t *sr)
{
    ngx_str_t                   query;
    ngx_http_request_t         *r;
    ngx_http_eiam_fields_t      fields;

    r = sr->parent;

    if (ngx_http_eiam_headers_read(sr, &fields) != NGX_OK) {
        return NGX_ERROR;
    }

    query = (r == r->main) ? ngx_http_eiam_request_query_of(&r->unparsed_uri)
                           : r->args;

    if (query.len) {
        ngx_http_eiam_subrequest_query(sr, &query);
    }

    ngx_http_eiam_subrequest_names(sr);

    return NGX_OK;
}


/* only variables show the query, as otherwise it would be sent to the server */

static void
ngx_http_eiam_subrequest_query(ngx_http_request_t *sr, const ngx_str_t *query)
{
    ngx_str_t                   args;
    ngx_uint_t                  i;
    ngx_http_variable_t        *variable;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_get_module_main_conf(sr, ngx_http_core_module);
    variable = cmcf->variables.elts;

    args = sr->args;
    sr->args = *query;

    for (i = 0; i < cmcf->variables.nelts; i++) {

        if (ngx_http_eiam_subrequest_is_of_query(&variable[i])
            && variable[i].get_handler(sr, &sr->variables[i], variable[i].data)
               == NGX_OK)
        {
            sr->variables[i].no_cacheable = 0;
        }
    }

    sr->args = args;
}


ngx_int_t
ngx_http_eiam_subrequest_take_variables(ngx_conf_t *cf)
{
    ngx_str_t                   name = ngx_string("args");
    ngx_http_variable_t        *args;
    ngx_http_eiam_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_eiam_module);

    args = ngx_http_add_variable(cf, &name, NGX_HTTP_VAR_CHANGEABLE);
    if (args == NULL) {
        return NGX_ERROR;
    }

    mcf->set_args = args->set_handler;
    args->set_handler = ngx_http_eiam_subrequest_set_args;

    return NGX_OK;
}


/* what a rule makes of the query is seen by other rules, but is not sent */

static void
ngx_http_eiam_subrequest_set_args(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t                   args, query;
    ngx_http_eiam_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_eiam_module);

    args = r->args;

    mcf->set_args(r, v, data);

    if (r == r->main || !ngx_http_eiam_fetch_is(r)) {
        return;
    }

    query = r->args;

    if (ngx_http_eiam_subrequest_is_in_server(r)) {
        r->args = args;
    }

    ngx_http_eiam_subrequest_query(r, &query);
}


static ngx_uint_t
ngx_http_eiam_subrequest_is_in_server(ngx_http_request_t *sr)
{
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_get_module_main_conf(sr, ngx_http_core_module);

    return (ngx_uint_t) sr->phase_handler
           < cmcf->phase_engine.location_rewrite_index;
}


static ngx_uint_t
ngx_http_eiam_subrequest_is_of_query(const ngx_http_variable_t *variable)
{
    const ngx_str_t  *name;

    static const ngx_str_t  names[] = {
        ngx_string("args"),
        ngx_string("query_string"),
        ngx_string("is_args"),
        ngx_null_string
    };

    for (name = names; name->len; name++) {

        if (ngx_eiam_str_equal(name, &variable->name)) {
            return 1;
        }
    }

    return variable->name.len > 4
           && ngx_strncmp(variable->name.data, "arg_", 4) == 0;
}


static void
ngx_http_eiam_subrequest_names(ngx_http_request_t *sr)
{
#if (NGX_PCRE)

    ngx_uint_t                 i, k, n;
    ngx_http_regex_t          *regex;
    ngx_http_connection_t     *hc;
    ngx_http_server_name_t    *name;
    ngx_http_core_srv_conf_t  *cscf;

    hc = sr->main->http_connection;
    cscf = ngx_http_get_module_srv_conf(sr, ngx_http_core_module);

    if (hc->addr_conf->virtual_names == NULL) {
        return;
    }

    name = hc->addr_conf->virtual_names->regex;

    for (i = 0; i < hc->addr_conf->virtual_names->nregex; i++) {

        regex = name[i].regex;

        for (k = 0; name[i].server == cscf && k < regex->nvariables; k++) {
            n = regex->variables[k].index;
            sr->variables[n] = sr->parent->variables[n];
        }
    }

#endif
}


/*
 * From here on the subrequest has only the gate's own fields and body.  After a
 * redirect this function is called again, and finds them in place.
 */

void
ngx_http_eiam_subrequest_take(ngx_http_request_t *sr,
    ngx_http_eiam_fetch_t *fetch)
{
    ngx_str_t  server;

    if (fetch->taken) {
        return;
    }

    fetch->taken = 1;

    ngx_http_eiam_subrequest_flush(sr);

    server = sr->headers_in.server;

    sr->headers_in = *fetch->headers;
    sr->headers_in.server = server;

    if (sr->headers_in.headers.last == &fetch->headers->headers.part) {
        sr->headers_in.headers.last = &sr->headers_in.headers.part;
    }

    sr->request_body = fetch->body;
}


/*
 * drops values that were computed from the client's fields, but keeps those
 * that the operator has set
 */

static void
ngx_http_eiam_subrequest_flush(ngx_http_request_t *sr)
{
    ngx_uint_t                  i;
    ngx_http_variable_t        *variable;
    ngx_http_variable_value_t  *value;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_get_module_main_conf(sr, ngx_http_core_module);

    variable = cmcf->variables.elts;
    value = sr->variables;

    for (i = 0; i < cmcf->variables.nelts; i++) {

        if (value[i].valid
            && ngx_http_eiam_subrequest_is_set(sr, &variable[i], i))
        {
            continue;
        }

        value[i].valid = 0;
        value[i].not_found = 0;
    }
}


/*
 * The data of a variable defined by "set" is its index, also in NDK.  The
 * handler of a capture finds nothing, and variables of other modules are
 * computed again.
 */

static ngx_uint_t
ngx_http_eiam_subrequest_is_set(ngx_http_request_t *sr,
    const ngx_http_variable_t *variable, ngx_uint_t index)
{
    ngx_http_variable_value_t  value;

    if (variable->flags & NGX_HTTP_VAR_NOCACHEABLE) {
        return 0;
    }

    if (variable->flags & NGX_HTTP_VAR_PREFIX) {
        return ngx_http_eiam_subrequest_differs(sr, variable,
                                                &sr->variables[index]);
    }

    if (!(variable->flags & NGX_HTTP_VAR_CHANGEABLE)) {
        return 0;
    }

    if (variable->data == index
        && (index || (variable->flags & NGX_HTTP_VAR_WEAK)))
    {
        return 1;
    }

    if (variable->data != 0) {
        return 0;
    }

    ngx_memzero(&value, sizeof(ngx_http_variable_value_t));

    return variable->get_handler(sr, &value, 0) == NGX_OK && value.not_found;
}


/* "set $http_name ..." shows only if its value is not that of the field */

static ngx_uint_t
ngx_http_eiam_subrequest_differs(ngx_http_request_t *sr,
    const ngx_http_variable_t *variable, const ngx_http_variable_value_t *set)
{
    ngx_http_variable_value_t  value;

    ngx_memzero(&value, sizeof(ngx_http_variable_value_t));

    return variable->get_handler(sr, &value, variable->data) == NGX_OK
           && (value.len != set->len
               || ngx_memcmp(value.data, set->data, set->len) != 0);
}


/* if no server was asked, nothing else in the log says what happened */

void
ngx_http_eiam_subrequest_ended(ngx_http_request_t *sr,
    const ngx_http_eiam_fetch_t *fetch, ngx_int_t rc)
{
    const char                 *where;
    ngx_uint_t                  status, server;
    ngx_http_phase_handler_t   *ph;
    ngx_http_core_main_conf_t  *cmcf;

    status = (rc >= NGX_HTTP_SPECIAL_RESPONSE) ? (ngx_uint_t) rc
                                               : sr->headers_out.status;

    cmcf = ngx_http_get_module_main_conf(sr, ngx_http_core_module);
    ph = &cmcf->phase_engine.handlers[sr->phase_handler];

    where = "location";
    server = 0;

    if (ph->checker == ngx_http_core_rewrite_phase) {
        server = ngx_http_eiam_subrequest_is_in_server(sr);
        where = server ? "rewrite phase of the server"
                       : "rewrite phase of the location";
    }

    /* a location may answer without an upstream, for example with a file */

    if (sr->upstream || (status < NGX_HTTP_SPECIAL_RESPONSE && !server)) {
        return;
    }

    ngx_log_error(NGX_LOG_ERR, sr->connection->log, 0,
                  "eiam: subrequest \"%V\" ended with status %ui in the %s, "
                  "before it reached an upstream",
                  &fetch->uri, status, where);
}


/*
 * The location decides what is sent: settings taken from recipes for
 * auth_request (proxy_pass_request_body, Content-Length) remove the form.
 */

void
ngx_http_eiam_subrequest_check_form(ngx_http_request_t *sr,
    const ngx_http_eiam_fetch_t *fetch, ngx_uint_t status)
{
    u_char                    *body;
    ngx_str_t                  head;
    ngx_chain_t               *cl;
    ngx_http_eiam_loc_conf_t  *lcf;

    static const char  module[] = "proxy";

    cl = sr->upstream ? sr->upstream->request_bufs : NULL;
    lcf = ngx_http_get_module_loc_conf(sr, ngx_eiam_module);

    if (cl == NULL || cl->buf->start == NULL || lcf->formless > ngx_time()
        || ngx_strcmp(sr->upstream->conf->module.data, module) != 0)
    {
        return;
    }

    head.data = cl->buf->start;
    head.len = cl->buf->last - head.data;

    body = ngx_strnstr(head.data, CRLF CRLF, head.len);

    if (body && (cl->next || body + 4 < cl->buf->last)
        && head.len > 5 && ngx_strncmp(head.data, "POST ", 5) == 0
        && ngx_http_eiam_subrequest_has(&head, CRLF "content-type: "
                                        "application/x-www-form-urlencoded")
        && !ngx_http_eiam_subrequest_has(&head, CRLF "content-length: 0" CRLF)
        && (ngx_http_eiam_subrequest_has(&head, CRLF "content-length: ")
            || ngx_http_eiam_subrequest_has(&head, CRLF "transfer-encoding: ")))
    {
        return;
    }

    lcf->formless = ngx_time() + NGX_HTTP_EIAM_FORMLESS;

    ngx_log_error(NGX_LOG_ERR, sr->connection->log, 0,
                  "eiam: introspection \"%V\" is sent without the token, "
                  "status %ui: the location must send the form on, so remove "
                  "\"proxy_pass_request_body off;\" and whatever sets "
                  "Content-Length, Content-Type, the method or the body there",
                  &fetch->uri, status);
}


static ngx_uint_t
ngx_http_eiam_subrequest_has(const ngx_str_t *head, const char *text)
{
    return ngx_strlcasestrn(head->data, head->data + head->len,
                            (u_char *) text, ngx_strlen(text) - 1)
           != NULL;
}
