
#include <ngx_http_eiam_parameters.h>
#include <ngx_http_eiam_redact.h>
#include <ngx_http_eiam_request.h>
#include <ngx_eiam_query.h>


#define NGX_HTTP_EIAM_SECRETS_MAX  16     /* in one query, each overwritten by
                                             itself */


static u_char *ngx_http_eiam_log_error(ngx_http_request_t *r,
    ngx_http_request_t *sr, u_char *buf, size_t len);
static void ngx_http_eiam_redact_targets(ngx_http_request_t *r)
    ngx_http_eiam_seldom;
static void ngx_http_eiam_redact_target(ngx_http_request_t *r,
    ngx_str_t *target);
static void ngx_http_eiam_redact_query(ngx_str_t query);
static ngx_uint_t ngx_http_eiam_has_secret(const ngx_str_t *query);
static ngx_uint_t ngx_http_eiam_is_within(const ngx_str_t *part,
    const ngx_str_t *whole);
static void ngx_http_eiam_redact_copy(ngx_http_request_t *r, ngx_str_t *text);


/* nginx's handler, which is the same for all requests */

static ngx_http_log_handler_pt  ngx_http_eiam_next_log_error;


/* what nginx adds to a line of the error log passes through this module */

void
ngx_http_eiam_redact_log(ngx_http_request_t *r)
{
    if (r->main->log_handler != ngx_http_eiam_log_error) {
        ngx_http_eiam_next_log_error = r->main->log_handler;
        r->main->log_handler = ngx_http_eiam_log_error;
    }
}


/* the request line and the URL of the upstream contain queries */

static u_char *
ngx_http_eiam_log_error(ngx_http_request_t *r, ngx_http_request_t *sr,
    u_char *buf, size_t len)
{
    u_char     *p, *last;
    ngx_str_t   query;

    last = ngx_http_eiam_next_log_error(r, sr, buf, len);

    for (p = ngx_strlchr(buf, last, '?'); p; p = ngx_strlchr(p, last, '?')) {

        query.data = ++p;

        while (p < last && *p != ' ' && *p != '"') {
            p++;
        }

        query.len = p - query.data;

        ngx_http_eiam_redact_query(query);
    }

    return last;
}


/* runs before the access log is written */

ngx_int_t
ngx_http_eiam_redact_handler(ngx_http_request_t *r)
{
    ngx_http_eiam_srv_conf_t  *scf;

    scf = ngx_http_get_module_srv_conf(r, ngx_eiam_module);

    if (scf->policies.nelts) {
        ngx_http_eiam_redact(r);
    }

    return NGX_OK;
}


void
ngx_http_eiam_redact(ngx_http_request_t *r)
{
    if (!ngx_http_eiam_request_is_bare(r)) {
        ngx_http_eiam_redact_targets(r);
    }
}


/* most texts of the main request are parts of others */

static void
ngx_http_eiam_redact_targets(ngx_http_request_t *r)
{
    ngx_str_t             args;
    ngx_http_eiam_ctx_t  *ctx;

    args = r->args;
    ctx = ngx_http_get_module_ctx(r, ngx_eiam_module);

    if (ctx == NULL || !ctx->searched
        || (ctx->parameters & NGX_HTTP_EIAM_HAS_SECRET))
    {
        ngx_http_eiam_redact_target(r, &r->request_line);

        if (r != r->main
            || !ngx_http_eiam_is_within(&r->unparsed_uri, &r->request_line))
        {
            ngx_http_eiam_redact_target(r, &r->unparsed_uri);
        }

        if (ctx && r == r->main) {

            /*
             * the same target, as a proxy before nginx has sent it:
             * $http_x_original_url
             */

            if (ctx->fields.target) {
                ngx_http_eiam_redact_target(r, ctx->fields.target);
            }

            ctx->parameters &= ~NGX_HTTP_EIAM_HAS_SECRET;
        }
    }

    if (r == r->main && ngx_http_eiam_is_within(&args, &r->unparsed_uri)) {
        return;
    }

    /* a value of a rewrite directive may be a constant of the configuration */

    if (ngx_http_eiam_has_secret(&r->args)) {
        ngx_http_eiam_redact_copy(r, &r->args);
        ngx_http_eiam_redact_query(r->args);
    }
}


static ngx_uint_t
ngx_http_eiam_is_within(const ngx_str_t *part, const ngx_str_t *whole)
{
    return part->data >= whole->data
           && part->data + part->len <= whole->data + whole->len;
}


/*
 * The bytes are overwritten in place, as variables that have been read refer to
 * them.  Those of a subrequest are not, as the request shares them and has yet
 * to be forwarded.
 */

static void
ngx_http_eiam_redact_target(ngx_http_request_t *r, ngx_str_t *target)
{
    ngx_str_t  query;

    query = ngx_http_eiam_request_query_of(target);

    if (!ngx_http_eiam_has_secret(&query)) {
        return;
    }

    if (r != r->main) {
        ngx_http_eiam_redact_copy(r, target);
        query = ngx_http_eiam_request_query_of(target);
    }

    ngx_http_eiam_redact_query(query);
}


/*
 * a text with more secrets than NGX_HTTP_EIAM_SECRETS_MAX is dropped as a whole
 */

static void
ngx_http_eiam_redact_query(ngx_str_t query)
{
    u_char      *last, *end;
    ngx_str_t    value;
    ngx_uint_t   n;

    last = query.data + query.len;

    for (n = 0; n < NGX_HTTP_EIAM_SECRETS_MAX; n++) {

        if (ngx_eiam_query_search(&query, ngx_http_eiam_parameters_secret,
                                  &value)
            == NGX_DECLINED)
        {
            return;
        }

        /*
         * some backends separate parameters by ";", others take it for a part
         * of a value
         */

        end = memchr(value.data, '&', last - value.data);

        query.data = end ? end : last;
        query.len = last - query.data;

        ngx_memset(value.data, '*', query.data - value.data);
    }

    ngx_memset(query.data, '*', query.len);
}


static ngx_uint_t
ngx_http_eiam_has_secret(const ngx_str_t *query)
{
    ngx_str_t  value;

    return ngx_eiam_query_search(query, ngx_http_eiam_parameters_secret, &value)
           != NGX_DECLINED;
}


/* without memory for a copy the text is dropped */

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
