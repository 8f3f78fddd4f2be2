
#include <ngx_http_eiam_redact.h>
#include <ngx_http_eiam_reply.h>
#include <ngx_http_eiam_request_id.h>
#include <ngx_eiam_language.h>


static ngx_int_t ngx_http_eiam_add_fields(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);
static ngx_int_t ngx_http_eiam_add_retry_after(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);
static ngx_int_t ngx_http_eiam_add_request_id(ngx_http_request_t *r);
static ngx_table_elt_t *ngx_http_eiam_add_field(ngx_http_request_t *r,
    const ngx_str_t *name, const ngx_str_t *value);
static ngx_int_t ngx_http_eiam_challenge(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);
static ngx_eiam_language_e ngx_http_eiam_language(ngx_http_request_t *r);


static ngx_str_t  ngx_http_eiam_json = ngx_string("application/json");

static const ngx_str_t  ngx_http_eiam_cache_control =
    ngx_string("Cache-Control");
static const ngx_str_t  ngx_http_eiam_allow = ngx_string("Allow");
static const ngx_str_t  ngx_http_eiam_retry_after = ngx_string("Retry-After");
static const ngx_str_t  ngx_http_eiam_x_request_id = ngx_string("X-Request-Id");
static const ngx_str_t  ngx_http_eiam_www_authenticate =
    ngx_string("WWW-Authenticate");


ngx_int_t
ngx_http_eiam_reply(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx)
{
    ngx_int_t                  rc;
    const ngx_eiam_reason_t   *reason;
    ngx_http_complex_value_t   body;

    reason = &ngx_eiam_reasons[ctx->reason];

    ngx_memzero(&body, sizeof(ngx_http_complex_value_t));
    body.value = reason->body[ngx_http_eiam_language(r)];

    ngx_http_eiam_redact(r);

    /* the body will not be read, so "100 Continue" is not sent */
    r->expect_tested = 1;

    /* an internal redirect leaves an error and the backend's fields behind */
    r->err_status = 0;
    ngx_http_clean_header(r);

    rc = ngx_http_eiam_add_fields(r, ctx);

    if (rc == NGX_OK) {
        rc = ngx_http_send_response(r, reason->status, &ngx_http_eiam_json,
                                    &body);
    }

    ngx_http_finalize_request(r, rc);

    return NGX_DONE;
}


static ngx_int_t
ngx_http_eiam_add_fields(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx)
{
    static const ngx_str_t  no_store = ngx_string("no-store");

    ngx_str_set(&r->headers_out.charset, "utf-8");

    if (ngx_http_eiam_add_field(r, &ngx_http_eiam_cache_control, &no_store)
        == NULL)
    {
        return NGX_ERROR;
    }

    if (ngx_http_eiam_add_request_id(r) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ctx->reason == NGX_EIAM_METHOD_UNKNOWN
        && ngx_http_eiam_add_field(r, &ngx_http_eiam_allow,
                                   &ctx->resource->allow)
           == NULL)
    {
        return NGX_ERROR;
    }

    if (ctx->reason == NGX_EIAM_SOURCE_UNAVAILABLE
        && ngx_http_eiam_add_retry_after(r, ctx) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_eiam_challenge(r, ctx);
}


/* RFC 9110, section 10.2.3 */

static ngx_int_t
ngx_http_eiam_add_retry_after(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx)
{
    ngx_str_t  seconds;

    seconds.data = ngx_pnalloc(r->pool, NGX_TIME_T_LEN);
    if (seconds.data == NULL) {
        return NGX_ERROR;
    }

    seconds.len = ngx_sprintf(seconds.data, "%T", ngx_max(ctx->retry, 1))
                  - seconds.data;

    return ngx_http_eiam_add_field(r, &ngx_http_eiam_retry_after, &seconds)
           ? NGX_OK : NGX_ERROR;
}


/* the id in the audit log, so that a client can name the line of its refusal */

static ngx_int_t
ngx_http_eiam_add_request_id(ngx_http_request_t *r)
{
    ngx_str_t  id;

    if (ngx_http_eiam_request_id(r, &id) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_eiam_add_field(r, &ngx_http_eiam_x_request_id, &id)
           ? NGX_OK : NGX_ERROR;
}


static ngx_table_elt_t *
ngx_http_eiam_add_field(ngx_http_request_t *r, const ngx_str_t *name,
    const ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NULL;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    h->key = *name;
    h->value = *value;

    return h;
}


/* RFC 6750, section 3, with the scopes of the operation */

static ngx_int_t
ngx_http_eiam_challenge(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx)
{
    u_char                    *p;
    ngx_str_t                  challenge, scope;
    ngx_http_eiam_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_eiam_module);

    challenge = lcf->challenges[ctx->reason];

    if (challenge.len == 0) {
        return NGX_OK;
    }

    if (ngx_eiam_reasons[ctx->reason].challenge == NGX_EIAM_CHALLENGE_SCOPE) {

        scope = ctx->operation->scope;

        p = ngx_pnalloc(r->pool, challenge.len + scope.len + 1);
        if (p == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(p, challenge.data, challenge.len);
        ngx_memcpy(p + challenge.len, scope.data, scope.len);

        challenge.data = p;
        challenge.len += scope.len + 1;
        challenge.data[challenge.len - 1] = '"';
    }

    r->headers_out.www_authenticate =
        ngx_http_eiam_add_field(r, &ngx_http_eiam_www_authenticate,
                                &challenge);

    return r->headers_out.www_authenticate ? NGX_OK : NGX_ERROR;
}


/* the challenge of each reason, up to the scopes if these follow */

ngx_str_t *
ngx_http_eiam_reply_challenges(ngx_pool_t *pool, const ngx_str_t *realm)
{
    u_char                   *p;
    ngx_str_t                *challenges;
    ngx_uint_t                i;
    const ngx_eiam_reason_t  *reason;

    challenges = ngx_pcalloc(pool, NGX_EIAM_REASONS * sizeof(ngx_str_t));
    if (challenges == NULL) {
        return NULL;
    }

    for (i = 0; i < NGX_EIAM_REASONS; i++) {

        reason = &ngx_eiam_reasons[i];

        if (reason->challenge == NGX_EIAM_NO_CHALLENGE) {
            continue;
        }

        p = ngx_pnalloc(pool, sizeof("Bearer realm=\"\", error=\"\", scope=\"")
                              + realm->len + reason->error.len);
        if (p == NULL) {
            return NULL;
        }

        challenges[i].data = p;

        p = ngx_sprintf(p, "Bearer realm=\"%V\"", realm);

        if (reason->challenge != NGX_EIAM_CHALLENGE) {
            p = ngx_sprintf(p, ", error=\"%V\"", &reason->error);
        }

        if (reason->challenge == NGX_EIAM_CHALLENGE_SCOPE) {
            p = ngx_cpymem(p, ", scope=\"", sizeof(", scope=\"") - 1);
        }

        challenges[i].len = p - challenges[i].data;
    }

    return challenges;
}


static ngx_eiam_language_e
ngx_http_eiam_language(ngx_http_request_t *r)
{
    ngx_uint_t                 i;
    ngx_list_part_t           *part;
    ngx_table_elt_t           *h;
    ngx_eiam_language_t        preferred;
    ngx_http_eiam_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_eiam_module);

    if (lcf->language != NGX_HTTP_EIAM_AUTO) {
        return lcf->language;
    }

    ngx_memzero(&preferred, sizeof(ngx_eiam_language_t));

    for (part = &r->headers_in.headers.part; part; part = part->next) {

        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (h[i].key.len == sizeof("accept-language") - 1
                && ngx_memcmp(h[i].lowcase_key, "accept-language",
                              h[i].key.len) == 0)
            {
                ngx_eiam_language(&h[i].value, &preferred);
            }
        }
    }

    return preferred.language;
}
