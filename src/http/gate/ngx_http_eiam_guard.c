
#include <ngx_http_eiam_bearer.h>
#include <ngx_http_eiam_ctx.h>
#include <ngx_http_eiam_gated.h>
#include <ngx_http_eiam_guard.h>
#include <ngx_http_eiam_headers.h>
#include <ngx_http_eiam_operation.h>
#include <ngx_http_eiam_parameters.h>
#include <ngx_http_eiam_redact.h>
#include <ngx_http_eiam_request.h>
#include <ngx_eiam_string.h>


static ngx_eiam_detail_e ngx_http_eiam_guard_path(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);
static ngx_uint_t ngx_http_eiam_guard_has_other_target(ngx_http_request_t *r,
    const ngx_http_eiam_fields_t *fields);
static ngx_uint_t ngx_http_eiam_has_other_host(ngx_http_request_t *r);
static ngx_eiam_detail_e ngx_http_eiam_guard_raw(ngx_http_request_t *r,
    const ngx_http_eiam_ctx_t *prior, ngx_uint_t allowed);
static ngx_uint_t ngx_http_eiam_is_page(ngx_http_request_t *r);
static ngx_eiam_below_e ngx_http_eiam_below(ngx_http_request_t *r,
    const ngx_str_t *path, ngx_uint_t decided);


/* refuses whatever a backend might read in another way than the matcher */

ngx_int_t
ngx_http_eiam_guard(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx)
{
    ngx_eiam_detail_e  detail;

    if (ngx_http_eiam_headers_read(r, &ctx->fields) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_eiam_redact_log(r);
    ngx_http_eiam_bearer_prefetch(ctx);

    detail = ngx_http_eiam_guard_path(r, ctx);

    if (detail != NGX_EIAM_NO_DETAIL) {
        return ngx_http_eiam_ctx_refuse_by(ctx, NGX_EIAM_REQUEST_AMBIGUOUS,
                                           detail);
    }

    ctx->parameters = ngx_http_eiam_parameters(r);
    ctx->searched = (r == r->main);

    if (ctx->fields.method) {
        return ngx_http_eiam_ctx_refuse_by(ctx, NGX_EIAM_METHOD_OVERRIDE,
                                           NGX_EIAM_DETAIL_METHOD_FIELD);
    }

    if (ctx->parameters & NGX_HTTP_EIAM_ASKS_METHOD) {
        return ngx_http_eiam_ctx_refuse_by(ctx, NGX_EIAM_METHOD_OVERRIDE,
                                           NGX_EIAM_DETAIL_METHOD_PARAMETER);
    }

    return NGX_OK;
}


/* NGX_EIAM_NO_DETAIL: the path has only one reading */

static ngx_eiam_detail_e
ngx_http_eiam_guard_path(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx)
{
    ngx_str_t                  raw, *forwarded;
    ngx_eiam_detail_e          detail;
    ngx_http_eiam_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_eiam_module);

    /* a request of HTTP/0.9 has no header fields, so its host is unknown */

    if (r->http_version < NGX_HTTP_VERSION_10) {
        return NGX_EIAM_DETAIL_HTTP_VERSION;
    }

    if (ngx_http_eiam_guard_has_other_target(r, &ctx->fields)) {
        return NGX_EIAM_DETAIL_TARGET_FIELD;
    }

    forwarded = NULL;

    if (r == r->main) {

        raw = ngx_http_eiam_request_raw_path(r);

        if (r->valid_unparsed_uri
            || ngx_http_eiam_request_decodes_to(r, &raw, &r->uri))
        {
            forwarded = &raw;

        } else if (ngx_http_eiam_below(r, &raw, 1) == NGX_EIAM_BELOW_LOOSE) {

            /*
             * "proxy_pass ...$request_uri" would forward the path before the
             * rewrite
             */
            return NGX_EIAM_DETAIL_REWRITTEN;
        }

        if (ngx_http_eiam_has_other_host(r)) {
            return NGX_EIAM_DETAIL_OTHER_HOST;
        }

        if (!ngx_http_eiam_request_is_bare(r)
            && memchr(r->unparsed_uri.data, '#', r->unparsed_uri.len))
        {
            return NGX_EIAM_DETAIL_FRAGMENT;
        }
    }

    detail = ngx_eiam_target_check(forwarded, &r->uri, lcf->charset);

    if (detail == NGX_EIAM_NO_DETAIL && forwarded && r->quoted_uri) {
        (void) ngx_http_eiam_operation(r, ctx);

        return ngx_http_eiam_operation_spelling(ctx, forwarded);
    }

    return detail;
}


/*
 * Some proxies add a field with the target that they were asked for.  If it is
 * this request's own target, byte for byte, it changes nothing.
 */

static ngx_uint_t
ngx_http_eiam_guard_has_other_target(ngx_http_request_t *r,
    const ngx_http_eiam_fields_t *fields)
{
    if (fields->targets == 0) {
        return 0;
    }

    return fields->targets > 1 || r != r->main || !r->valid_unparsed_uri
           || !ngx_eiam_str_equal(fields->target, &r->unparsed_uri);
}


/*
 * Refuses a target that nginx took to a location without a gate, though a
 * backend may read it as one below a policy's base path.
 */

ngx_int_t
ngx_http_eiam_guard_outside(ngx_http_request_t *r,
    const ngx_http_eiam_ctx_t *prior, ngx_eiam_detail_e *detail)
{
    ngx_uint_t              allowed;
    ngx_http_eiam_fields_t  fields;

    allowed = prior != NULL && (prior->decision == NGX_EIAM_ALLOW
                                || prior->decision == NGX_EIAM_WOULD_DENY);

    /* an allowed call has only those identity headers that the gate has set */

    if (!allowed) {

        if (ngx_http_eiam_headers_read(r, &fields) != NGX_OK) {
            return NGX_ERROR;
        }

        if (fields.authorizations > 1) {
            *detail = NGX_EIAM_DETAIL_TWO_AUTHORIZATIONS;
            return NGX_DECLINED;
        }

        if (ngx_http_eiam_guard_has_other_target(r, &fields)
            && (fields.targets > 1
                || ngx_http_eiam_below(r, fields.target, 0)
                   != NGX_EIAM_OUTSIDE))
        {
            *detail = NGX_EIAM_DETAIL_TARGET_FIELD;
            return NGX_DECLINED;
        }
    }

    if (ngx_http_eiam_below(r, &r->uri, allowed) != NGX_EIAM_OUTSIDE
        && !(allowed && prior->method == r->method
             && ngx_eiam_str_equal(&prior->uri, &r->uri)))
    {
        *detail = NGX_EIAM_DETAIL_OUTSIDE;
        return NGX_DECLINED;
    }

    *detail = ngx_http_eiam_guard_raw(r, prior, allowed);

    return (*detail == NGX_EIAM_NO_DETAIL) ? NGX_OK : NGX_DECLINED;
}


/* the same for the target as it was sent, which $request_uri may forward */

static ngx_eiam_detail_e
ngx_http_eiam_guard_raw(ngx_http_request_t *r,
    const ngx_http_eiam_ctx_t *prior, ngx_uint_t allowed)
{
    ngx_str_t         raw;
    ngx_eiam_below_e  below;

    raw = ngx_http_eiam_request_raw_path(r);
    below = ngx_http_eiam_below(r, &raw, allowed);

    if (below == NGX_EIAM_OUTSIDE) {
        return NGX_EIAM_NO_DETAIL;
    }

    /* error_page and the like may take an allowed call to another location */

    if (allowed
        && (r != r->main || ngx_http_eiam_is_page(r)
            || (prior->raw && prior->method == r->method)))
    {
        return NGX_EIAM_NO_DETAIL;
    }

    if (below == NGX_EIAM_BELOW_PLAIN && ngx_http_eiam_is_page(r)) {
        return NGX_EIAM_NO_DETAIL;
    }

    return NGX_EIAM_DETAIL_OUTSIDE_AS_SENT;
}


/* an error page that nginx makes itself, so nothing is forwarded */

static ngx_uint_t
ngx_http_eiam_is_page(ngx_http_request_t *r)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    return r->internal && !r->valid_unparsed_uri && clcf->handler == NULL;
}


/*
 * Is the path below one of the server's policies, or in a gated location?  A
 * call that has been allowed was decided on in its gated location, so only the
 * paths of the policies matter for it.
 */

static ngx_eiam_below_e
ngx_http_eiam_below(ngx_http_request_t *r, const ngx_str_t *path,
    ngx_uint_t decided)
{
    ngx_uint_t                 i;
    ngx_eiam_reading_t         reading;
    ngx_eiam_below_e           below;
    ngx_eiam_policy_t        **policy;
    ngx_http_eiam_srv_conf_t  *scf;

    scf = ngx_http_get_module_srv_conf(r, ngx_eiam_module);
    policy = scf->policies.elts;

    if (ngx_eiam_base_read(&reading, path, r->pool) != NGX_OK) {
        return NGX_EIAM_BELOW_LOOSE;
    }

    for (i = 0; i < scf->policies.nelts; i++) {

        below = ngx_eiam_policy_below(policy[i], &reading);

        if (below != NGX_EIAM_OUTSIDE) {
            return below;
        }
    }

    return decided ? NGX_EIAM_OUTSIDE
                   : ngx_http_eiam_gated_below(scf, &reading);
}


/* RFC 9112, section 3.2.2: the absolute form names a host beside Host */

static ngx_uint_t
ngx_http_eiam_has_other_host(ngx_http_request_t *r)
{
    size_t      len;
    u_char     *p;
    ngx_str_t  *host;

    if (r->host_start == NULL || r->http_version >= NGX_HTTP_VERSION_20
        || r->headers_in.host == NULL)
    {
        return 0;
    }

    host = &r->headers_in.host->value;

    for (p = r->host_start; *p != '/' && *p != '?' && *p != ' '; p++) {
        /* void */
    }

    len = p - r->host_start;

    return len != host->len
           || ngx_strncasecmp(r->host_start, host->data, len) != 0;
}
