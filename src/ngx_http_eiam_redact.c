
#include <ngx_http_eiam.h>
#include <ngx_eiam_query.h>


static void ngx_http_eiam_redact_text(ngx_http_request_t *r, ngx_str_t *text,
    ngx_str_t query);
static ngx_int_t ngx_http_eiam_find_secret(const ngx_str_t *query,
    ngx_str_t *value);
static ngx_str_t ngx_http_eiam_query_of(const ngx_str_t *text);


/* RFC 6750, section 2.3, and RFC 6749, section 2.3.1 */

static const ngx_str_t  ngx_http_eiam_secrets[] = {
    ngx_string("access_token"),
    ngx_string("client_secret"),
    ngx_null_string
};


/*
 * The request line stands in every line of the error log and is not
 * forwarded, so what is secret in its query is overwritten at once.
 */

void
ngx_http_eiam_redact_line(ngx_http_request_t *r)
{
    ngx_http_eiam_redact_text(r, &r->request_line,
                              ngx_http_eiam_query_of(&r->request_line));
}


void
ngx_http_eiam_redact(ngx_http_request_t *r)
{
    ngx_http_eiam_redact_line(r);
    ngx_http_eiam_redact_text(r, &r->unparsed_uri,
                              ngx_http_eiam_query_of(&r->unparsed_uri));
    ngx_http_eiam_redact_text(r, &r->args, r->args);
}


/* runs before the access log is written */

ngx_int_t
ngx_http_eiam_log_handler(ngx_http_request_t *r)
{
    ngx_http_eiam_srv_conf_t  *scf;

    scf = ngx_http_get_module_srv_conf(r, ngx_eiam_module);

    if (scf->policies.nelts) {
        ngx_http_eiam_redact(r);
    }

    return NGX_OK;
}


/*
 * In a copy, as arguments may be a constant of the configuration.  Without
 * memory for it the text is dropped.
 */

static void
ngx_http_eiam_redact_text(ngx_http_request_t *r, ngx_str_t *text,
    ngx_str_t query)
{
    u_char     *copy;
    ngx_str_t   value;

    if (ngx_http_eiam_find_secret(&query, &value) != NGX_OK) {
        return;
    }

    copy = ngx_pstrdup(r->pool, text);
    if (copy == NULL) {
        text->len = 0;
        return;
    }

    query.data = copy + (query.data - text->data);
    text->data = copy;

    while (ngx_http_eiam_find_secret(&query, &value) == NGX_OK) {

        ngx_memset(value.data, '*', value.len);

        query.len -= value.data + value.len - query.data;
        query.data = value.data + value.len;
    }
}


/* the first of them in the query: NGX_OK, or NGX_DECLINED */

static ngx_int_t
ngx_http_eiam_find_secret(const ngx_str_t *query, ngx_str_t *value)
{
    ngx_int_t         rc;
    ngx_str_t         found;
    const ngx_str_t  *name;

    rc = NGX_DECLINED;

    for (name = ngx_http_eiam_secrets; name->len; name++) {

        if (ngx_eiam_query_find(query, name, &found) == NGX_OK
            && (rc == NGX_DECLINED || found.data < value->data))
        {
            *value = found;
            rc = NGX_OK;
        }
    }

    return rc;
}


/* of a target or a request line: from the "?" up to the protocol */

static ngx_str_t
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
