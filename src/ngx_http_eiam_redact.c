
#include <ngx_http_eiam.h>
#include <ngx_eiam_query.h>


static void ngx_http_eiam_redact_query(ngx_str_t query);
static ngx_uint_t ngx_http_eiam_has_secret(const ngx_str_t *query);
static void ngx_http_eiam_redact_copy(ngx_http_request_t *r, ngx_str_t *text);


/* RFC 6750, section 2.3, and RFC 6749, section 2.3.1 */

static const ngx_str_t  ngx_http_eiam_secrets[] = {
    ngx_string("access_token"),
    ngx_string("client_secret"),
    ngx_null_string
};


/*
 * The request line stands in every line of the error log and is not
 * forwarded, so what is secret in its query is overwritten at once: in a
 * copy, as in HTTP/1 the target that is forwarded is a part of it.
 */

void
ngx_http_eiam_redact_line(ngx_http_request_t *r)
{
    u_char     *p;
    ngx_str_t   query;

    query = ngx_http_eiam_query_of(&r->request_line);

    if (!ngx_http_eiam_has_secret(&query)) {
        return;
    }

    p = r->unparsed_uri.data;

    if (p >= r->request_line.data
        && p < r->request_line.data + r->request_line.len)
    {
        ngx_http_eiam_redact_copy(r, &r->request_line);
        query = ngx_http_eiam_query_of(&r->request_line);
    }

    ngx_http_eiam_redact_query(query);
}


/*
 * The request is not forwarded any more.  In place, as variables that were
 * read before refer to the same bytes; but arguments that rewrite directives
 * set may be constants of the configuration.
 */

void
ngx_http_eiam_redact(ngx_http_request_t *r)
{
    ngx_str_t  query;

    ngx_http_eiam_redact_line(r);

    query = ngx_http_eiam_query_of(&r->unparsed_uri);

    /* a subrequest shares these bytes with what is still to be forwarded */

    if (r != r->main && ngx_http_eiam_has_secret(&query)) {
        ngx_http_eiam_redact_copy(r, &r->unparsed_uri);
        query = ngx_http_eiam_query_of(&r->unparsed_uri);
    }

    ngx_http_eiam_redact_query(query);

    if (ngx_http_eiam_has_secret(&r->args)) {
        ngx_http_eiam_redact_copy(r, &r->args);
        ngx_http_eiam_redact_query(r->args);
    }
}


/* runs before the access log is written */

ngx_int_t
ngx_http_eiam_log_handler(ngx_http_request_t *r)
{
    ngx_http_eiam_srv_conf_t  *scf;

    scf = ngx_http_get_module_srv_conf(r, ngx_eiam_module);

    if (scf->policies.nelts && r->unparsed_uri.len) {
        ngx_http_eiam_redact(r);
    }

    return NGX_OK;
}


ngx_str_t
ngx_http_eiam_query_of(const ngx_str_t *text)
{
    u_char     *p, *last;
    ngx_str_t   query;

    last = text->data + text->len;
    p = ngx_strlchr(text->data, last, '?');

    query.data = p ? p + 1 : last;
    p = ngx_strlchr(query.data, last, ' ');

    query.len = (p ? p : last) - query.data;

    return query;
}


static void
ngx_http_eiam_redact_query(ngx_str_t query)
{
    u_char           *last, *end;
    ngx_str_t         rest, value;
    const ngx_str_t  *name;

    last = query.data + query.len;

    for (name = ngx_http_eiam_secrets; name->len; name++) {

        rest = query;

        while (ngx_eiam_query_find(&rest, name, &value) == NGX_OK) {

            /* ";" separates for some, for others it is a part of the value */

            end = ngx_strlchr(value.data, last, '&');
            rest.data = end ? end : last;
            rest.len = last - rest.data;

            ngx_memset(value.data, '*', rest.data - value.data);
        }
    }
}


static ngx_uint_t
ngx_http_eiam_has_secret(const ngx_str_t *query)
{
    ngx_str_t         value;
    const ngx_str_t  *name;

    for (name = ngx_http_eiam_secrets; name->len; name++) {

        if (ngx_eiam_query_find(query, name, &value) == NGX_OK) {
            return 1;
        }
    }

    return 0;
}


/* without memory for it the text is dropped */

static void
ngx_http_eiam_redact_copy(ngx_http_request_t *r, ngx_str_t *text)
{
    u_char  *copy;

    copy = ngx_pstrdup(r->pool, text);

    if (copy == NULL) {
        text->len = 0;
        return;
    }

    text->data = copy;
}
