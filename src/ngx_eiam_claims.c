
#include <ngx_eiam_claims.h>


ngx_int_t
ngx_eiam_claims_has(const ngx_eiam_node_t *claims, const char *name,
    ngx_eiam_node_t *node)
{
    ngx_str_t  key;

    key.data = (u_char *) name;
    key.len = ngx_strlen(name);

    if (ngx_eiam_node_has(claims, &key, node) != NGX_OK) {
        return NGX_DECLINED;
    }

    return ngx_eiam_node_is(node, NGX_EIAM_NULL) ? NGX_DECLINED : NGX_OK;
}


ngx_int_t
ngx_eiam_claims_member(const ngx_eiam_node_t *claims, const char *name,
    ngx_eiam_type_e type, ngx_eiam_node_t *node)
{
    if (ngx_eiam_claims_has(claims, name, node) != NGX_OK) {
        return NGX_DECLINED;
    }

    return ngx_eiam_node_expect(node, type);
}


ngx_int_t
ngx_eiam_claims_time(const ngx_eiam_node_t *claims, const char *name,
    time_t *time)
{
    double           seconds;
    ngx_int_t        rc;
    ngx_eiam_node_t  node;

    rc = ngx_eiam_claims_member(claims, name, NGX_EIAM_NUMBER, &node);
    if (rc != NGX_OK) {
        return rc;
    }

    seconds = ngx_eiam_node_number(&node);

    if (seconds >= NGX_EIAM_CLAIMS_TIME_MAX
        || seconds <= -NGX_EIAM_CLAIMS_TIME_MAX)
    {
        return ngx_eiam_fault(&node, "is out of range");
    }

    *time = (time_t) seconds;
    *time -= (*time > seconds);

    return NGX_OK;
}


ngx_int_t
ngx_eiam_claims_text(const ngx_eiam_node_t *claims, const char *name,
    size_t max, ngx_str_t *text)
{
    ngx_eiam_node_t  node;

    if (ngx_eiam_claims_has(claims, name, &node) != NGX_OK) {
        return NGX_DECLINED;
    }

    return ngx_eiam_claims_identifier(&node, max, text);
}


ngx_int_t
ngx_eiam_claims_identifier(const ngx_eiam_node_t *node, size_t max,
    ngx_str_t *text)
{
    if (ngx_eiam_node_expect(node, NGX_EIAM_STRING) != NGX_OK
        || ngx_eiam_node_identifier(node, max) != NGX_OK)
    {
        return NGX_ERROR;
    }

    *text = ngx_eiam_node_string(node);

    return NGX_OK;
}


ngx_int_t
ngx_eiam_claims_is_bearer(const ngx_eiam_node_t *claims)
{
    ngx_int_t        rc;
    ngx_str_t        type;
    ngx_eiam_node_t  node;

    rc = ngx_eiam_claims_member(claims, "token_type", NGX_EIAM_STRING, &node);
    if (rc != NGX_OK) {
        return rc;
    }

    type = ngx_eiam_node_string(&node);

    if (type.len != sizeof("Bearer") - 1
        || ngx_strncasecmp(type.data, (u_char *) "Bearer", type.len) != 0)
    {
        return ngx_eiam_fault(&node, "is not Bearer");
    }

    return NGX_OK;
}


ngx_int_t
ngx_eiam_claims_scope(const ngx_eiam_node_t *claims, const char *name,
    ngx_str_t *scopes)
{
    ngx_int_t        rc;
    ngx_eiam_node_t  node;

    rc = ngx_eiam_claims_member(claims, name, NGX_EIAM_STRING, &node);
    if (rc != NGX_OK) {
        return rc;
    }

    *scopes = ngx_eiam_node_string(&node);

    if (scopes->len > NGX_EIAM_SCOPES_TEXT_MAX) {
        return ngx_eiam_fault(&node, "has more than %d bytes",
                              NGX_EIAM_SCOPES_TEXT_MAX);
    }

    return NGX_OK;
}


ngx_uint_t
ngx_eiam_claims_is_bound(const ngx_eiam_node_t *claims)
{
    ngx_eiam_node_t  node;

    return ngx_eiam_claims_has(claims, "cnf", &node) == NGX_OK;
}
