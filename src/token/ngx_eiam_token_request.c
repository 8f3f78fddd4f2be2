
#include <ngx_eiam_bearer.h>
#include <ngx_eiam_token_request.h>
#include <ngx_eiam_grant.h>
#include <ngx_eiam_query.h>
#include <ngx_eiam_string.h>
#include <ngx_eiam_utf8.h>


static ngx_int_t ngx_eiam_token_request_value(
    const ngx_eiam_credentials_t *credentials, const ngx_str_t *name,
    ngx_pool_t *pool, ngx_str_t *text);
static ngx_int_t ngx_eiam_token_request_basic(const ngx_str_t *authorization,
    ngx_pool_t *pool, ngx_str_t *id);
static ngx_int_t ngx_eiam_token_request_parameter(const ngx_str_t *text,
    ngx_pool_t *pool, ngx_str_t *id);
static ngx_int_t ngx_eiam_token_request_agree(ngx_str_t raw, ngx_pool_t *pool,
    ngx_str_t *id);


ngx_int_t
ngx_eiam_token_request_client(const ngx_eiam_credentials_t *credentials,
    ngx_pool_t *pool, ngx_str_t *id)
{
    ngx_int_t  rc;

    ngx_str_null(id);

    rc = ngx_eiam_token_request_basic(&credentials->authorization, pool, id);

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_eiam_token_request_parameter(&credentials->query, pool, id);

    if (rc == NGX_OK) {
        rc = ngx_eiam_token_request_parameter(&credentials->form, pool, id);
    }

    if (rc != NGX_OK) {
        ngx_str_null(id);
        return rc;
    }

    return id->len ? NGX_OK : NGX_DECLINED;
}


ngx_int_t
ngx_eiam_token_request_scope(const ngx_eiam_credentials_t *credentials,
    ngx_pool_t *pool, ngx_str_t *scope)
{
    static const ngx_str_t  name = ngx_string("scope");

    return ngx_eiam_token_request_value(credentials, &name, pool, scope);
}


ngx_int_t
ngx_eiam_token_request_token(const ngx_eiam_credentials_t *credentials,
    ngx_pool_t *pool, ngx_str_t *token)
{
    static const ngx_str_t  name = ngx_string("token");

    return ngx_eiam_token_request_value(credentials, &name, pool, token);
}


/* reads a parameter that must not occur twice */

static ngx_int_t
ngx_eiam_token_request_value(const ngx_eiam_credentials_t *credentials,
    const ngx_str_t *name, ngx_pool_t *pool, ngx_str_t *text)
{
    ngx_int_t   rc, query;
    ngx_str_t   rest, value, other;

    rest = credentials->query;
    query = ngx_eiam_query_next(&rest, name, &value);

    if (query != NGX_OK) {
        rest = credentials->form;
    }

    rc = (query == NGX_DECLINED) ? ngx_eiam_query_next(&rest, name, &value)
                                 : query;
    if (rc != NGX_OK) {
        return rc;
    }

    /* the parameter occurs again, in the query or in the form */

    if (ngx_eiam_query_next(&rest, name, &other) != NGX_DECLINED
        || (query == NGX_OK
            && ngx_eiam_query_find(&credentials->form, name, &other)
               == NGX_OK))
    {
        return NGX_ABORT;
    }

    return ngx_eiam_query_decode(&value, pool, text);
}


/*
 * Id and secret are encoded as in a form before base64 (RFC 6749, section
 * 2.3.1), but not all backends decode them: "%" and "+" begin an escape for one
 * backend and belong to the id for another.
 */

static ngx_int_t
ngx_eiam_token_request_basic(const ngx_str_t *authorization, ngx_pool_t *pool,
    ngx_str_t *id)
{
    u_char     *colon;
    size_t      len;
    ngx_int_t   rc;
    ngx_str_t   base64, text;

    len = sizeof("Basic ") - 1;

    if (authorization->len == 0) {
        return NGX_OK;
    }

    if (authorization->len < len
        || ngx_strncasecmp(authorization->data, (u_char *) "Basic ", len)
           != 0)
    {
        return NGX_ABORT;
    }

    base64.data = authorization->data + len;
    base64.len = authorization->len - len;

    while (base64.len && base64.data[0] == ' ') {
        base64.data++;
        base64.len--;
    }

    /* token68 (RFC 9110, section 11.2) has the syntax of a bearer token */

    if (!ngx_eiam_bearer_is_token(&base64)) {
        return NGX_ABORT;
    }

    text.data = ngx_pnalloc(pool, ngx_base64_decoded_length(base64.len));
    if (text.data == NULL) {
        return NGX_ERROR;
    }

    if (ngx_decode_base64(&text, &base64) != NGX_OK) {
        return NGX_ABORT;
    }

    colon = memchr(text.data, ':', text.len);
    if (colon == NULL) {
        return NGX_ABORT;
    }

    text.len = colon - text.data;

    rc = ngx_eiam_token_request_agree(text, pool, id);

    if (rc == NGX_OK
        && (memchr(text.data, '%', text.len)
            || memchr(text.data, '+', text.len)))
    {
        return NGX_ABORT;
    }

    return rc;
}


/*
 * A parameter that only some backends would recognize, or another way to name
 * the client (RFC 7521, section 4.2), makes the client uncertain.
 */

static ngx_int_t
ngx_eiam_token_request_parameter(const ngx_str_t *text, ngx_pool_t *pool,
    ngx_str_t *id)
{
    ngx_int_t  rc;
    ngx_str_t  rest, value;

    static const ngx_str_t  client_id = ngx_string("client_id");
    static const ngx_str_t  others[] = {
        ngx_string("client_assertion"),
        ngx_string("client_assertion_type"),
        ngx_null_string
    };

    if (ngx_eiam_query_search(text, others, &value) != NGX_DECLINED) {
        return NGX_ABORT;
    }

    rest = *text;

    for ( ;; ) {

        rc = ngx_eiam_query_next(&rest, &client_id, &value);

        if (rc != NGX_OK) {
            return (rc == NGX_DECLINED) ? NGX_OK : rc;
        }

        rc = ngx_eiam_token_request_agree(value, pool, id);
        if (rc != NGX_OK) {
            return rc;
        }
    }
}


/* NGX_OK: the id is the first one, or equals the one found before */

static ngx_int_t
ngx_eiam_token_request_agree(ngx_str_t raw, ngx_pool_t *pool, ngx_str_t *id)
{
    ngx_int_t  rc;
    ngx_str_t  text;

    rc = ngx_eiam_query_decode(&raw, pool, &text);
    if (rc != NGX_OK) {
        return rc;
    }

    /* some backends decode once more */

    if (ngx_eiam_query_has_escape(&text)) {
        return NGX_ABORT;
    }

    /* outer spaces would be lost in a header, other bytes in a log */

    if (text.len == 0 || text.len > NGX_EIAM_APPLICATION_ID_MAX
        || text.data[0] == ' ' || text.data[text.len - 1] == ' '
        || !ngx_eiam_utf8_is_text(&text))
    {
        return NGX_ABORT;
    }

    if (id->len == 0) {
        *id = text;
        return NGX_OK;
    }

    return ngx_eiam_str_equal(id, &text) ? NGX_OK : NGX_ABORT;
}
