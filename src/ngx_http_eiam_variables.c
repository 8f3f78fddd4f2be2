
#include <ngx_http_eiam.h>


#define NGX_HTTP_EIAM_TOKEN_ID_LEN  16     /* hexadecimal digits */


typedef ngx_int_t (*ngx_http_eiam_value_pt)(ngx_http_request_t *r,
    const ngx_http_eiam_ctx_t *ctx, ngx_str_t *value);


typedef struct {
    ngx_str_t                name;
    ngx_http_eiam_value_pt   value;
} ngx_http_eiam_variable_t;


static ngx_int_t ngx_http_eiam_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_eiam_value_application(ngx_http_request_t *r,
    const ngx_http_eiam_ctx_t *ctx, ngx_str_t *value);
static ngx_int_t ngx_http_eiam_value_scopes(ngx_http_request_t *r,
    const ngx_http_eiam_ctx_t *ctx, ngx_str_t *value);
static ngx_int_t ngx_http_eiam_value_operation(ngx_http_request_t *r,
    const ngx_http_eiam_ctx_t *ctx, ngx_str_t *value);
static ngx_int_t ngx_http_eiam_value_route(ngx_http_request_t *r,
    const ngx_http_eiam_ctx_t *ctx, ngx_str_t *value);
static ngx_int_t ngx_http_eiam_value_required(ngx_http_request_t *r,
    const ngx_http_eiam_ctx_t *ctx, ngx_str_t *value);
static ngx_int_t ngx_http_eiam_value_decision(ngx_http_request_t *r,
    const ngx_http_eiam_ctx_t *ctx, ngx_str_t *value);
static ngx_int_t ngx_http_eiam_value_reason(ngx_http_request_t *r,
    const ngx_http_eiam_ctx_t *ctx, ngx_str_t *value);
static ngx_int_t ngx_http_eiam_value_source(ngx_http_request_t *r,
    const ngx_http_eiam_ctx_t *ctx, ngx_str_t *value);
static ngx_int_t ngx_http_eiam_value_cache(ngx_http_request_t *r,
    const ngx_http_eiam_ctx_t *ctx, ngx_str_t *value);
static ngx_int_t ngx_http_eiam_value_token_id(ngx_http_request_t *r,
    const ngx_http_eiam_ctx_t *ctx, ngx_str_t *value);


static ngx_http_eiam_variable_t  ngx_http_eiam_variables[] = {
    { ngx_string("eiam_application"), ngx_http_eiam_value_application },
    { ngx_string("eiam_scopes"), ngx_http_eiam_value_scopes },
    { ngx_string("eiam_operation"), ngx_http_eiam_value_operation },
    { ngx_string("eiam_route"), ngx_http_eiam_value_route },
    { ngx_string("eiam_required"), ngx_http_eiam_value_required },
    { ngx_string("eiam_decision"), ngx_http_eiam_value_decision },
    { ngx_string("eiam_reason"), ngx_http_eiam_value_reason },
    { ngx_string("eiam_source"), ngx_http_eiam_value_source },
    { ngx_string("eiam_cache"), ngx_http_eiam_value_cache },
    { ngx_string("eiam_token_id"), ngx_http_eiam_value_token_id },
    { ngx_null_string, NULL }
};


static const ngx_str_t  ngx_http_eiam_decisions[] = {
    ngx_null_string,
    ngx_string("allow"),
    ngx_string("deny"),
    ngx_string("would_deny")
};


ngx_int_t
ngx_http_eiam_add_variables(ngx_conf_t *cf)
{
    ngx_http_variable_t       *var;
    ngx_http_eiam_variable_t  *v;

    for (v = ngx_http_eiam_variables; v->name.len; v++) {

        var = ngx_http_add_variable(cf, &v->name, NGX_HTTP_VAR_NOCACHEABLE);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = ngx_http_eiam_variable;
        var->data = (uintptr_t) v->value;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_eiam_variable(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uintptr_t data)
{
    ngx_http_eiam_value_pt  handler = (ngx_http_eiam_value_pt) data;

    ngx_str_t             value;
    ngx_http_eiam_ctx_t  *ctx;

    ngx_str_null(&value);

    ctx = ngx_http_eiam_get_ctx(r);

    if (ctx && handler(r, ctx, &value) != NGX_OK) {
        return NGX_ERROR;
    }

    /*
     * Never valid, so never cached: a map may ask before the decision and the
     * log after it, and subrequests share the cached values.
     */

    v->data = value.data ? value.data : (u_char *) "";
    v->len = value.len;
    v->valid = 0;
    v->no_cacheable = 1;
    v->not_found = 0;

    return NGX_OK;
}


static ngx_int_t
ngx_http_eiam_value_application(ngx_http_request_t *r,
    const ngx_http_eiam_ctx_t *ctx, ngx_str_t *value)
{
    *value = ctx->application_id;

    return NGX_OK;
}


static ngx_int_t
ngx_http_eiam_value_scopes(ngx_http_request_t *r,
    const ngx_http_eiam_ctx_t *ctx, ngx_str_t *value)
{
    *value = ctx->scopes_text;

    return NGX_OK;
}


static ngx_int_t
ngx_http_eiam_value_operation(ngx_http_request_t *r,
    const ngx_http_eiam_ctx_t *ctx, ngx_str_t *value)
{
    if (ctx->operation) {
        *value = ctx->operation->id;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_eiam_value_route(ngx_http_request_t *r,
    const ngx_http_eiam_ctx_t *ctx, ngx_str_t *value)
{
    if (ctx->operation) {
        *value = ctx->operation->route;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_eiam_value_required(ngx_http_request_t *r,
    const ngx_http_eiam_ctx_t *ctx, ngx_str_t *value)
{
    if (ctx->operation) {
        *value = ctx->operation->required;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_eiam_value_decision(ngx_http_request_t *r,
    const ngx_http_eiam_ctx_t *ctx, ngx_str_t *value)
{
    *value = ngx_http_eiam_decisions[ctx->decision];

    return NGX_OK;
}


static ngx_int_t
ngx_http_eiam_value_reason(ngx_http_request_t *r,
    const ngx_http_eiam_ctx_t *ctx, ngx_str_t *value)
{
    *value = ngx_eiam_reasons[ctx->reason].name;

    return NGX_OK;
}


static ngx_int_t
ngx_http_eiam_value_source(ngx_http_request_t *r,
    const ngx_http_eiam_ctx_t *ctx, ngx_str_t *value)
{
    if (ctx->source) {
        *value = *ctx->source;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_eiam_value_cache(ngx_http_request_t *r,
    const ngx_http_eiam_ctx_t *ctx, ngx_str_t *value)
{
    if (ctx->cache) {
        *value = *ctx->cache;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_eiam_value_token_id(ngx_http_request_t *r,
    const ngx_http_eiam_ctx_t *ctx, ngx_str_t *value)
{
    if (!ctx->digested) {
        return NGX_OK;
    }

    value->len = NGX_HTTP_EIAM_TOKEN_ID_LEN;
    value->data = ngx_pnalloc(r->pool, value->len);
    if (value->data == NULL) {
        return NGX_ERROR;
    }

    ngx_hex_dump(value->data, (u_char *) ctx->digest, value->len / 2);

    return NGX_OK;
}
