
#include <ngx_eiam_bearer.h>
#include <ngx_eiam_claims.h>
#include <ngx_eiam_token_response.h>


static ngx_int_t ngx_eiam_token_response_token(const ngx_eiam_node_t *root,
    ngx_str_t *token);
static ngx_int_t ngx_eiam_token_response_is_bearer(const ngx_eiam_node_t *root);
static ngx_int_t ngx_eiam_token_response_scopes(const ngx_eiam_node_t *root,
    ngx_str_t *scopes);
static ngx_int_t ngx_eiam_token_response_expires(const ngx_eiam_node_t *root,
    time_t now, time_t *expires);


ngx_int_t
ngx_eiam_token_response_read(ngx_eiam_document_t *document,
    const ngx_str_t *body,
    time_t now, ngx_str_t *token, ngx_eiam_grant_t *grant)
{
    ngx_eiam_node_t  root;

    document->secret = 1;

    ngx_memzero(grant, sizeof(ngx_eiam_grant_t));

    if (ngx_eiam_document_parse(document, body, &root) != NGX_OK
        || ngx_eiam_node_expect(&root, NGX_EIAM_OBJECT) != NGX_OK
        || ngx_eiam_token_response_token(&root, token) != NGX_OK
        || ngx_eiam_token_response_is_bearer(&root) != NGX_OK
        || ngx_eiam_token_response_expires(&root, now, &grant->expires)
           != NGX_OK
        || ngx_eiam_token_response_scopes(&root, &grant->scopes) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_eiam_token_response_token(const ngx_eiam_node_t *root, ngx_str_t *token)
{
    ngx_int_t        rc;
    ngx_eiam_node_t  node;

    rc = ngx_eiam_node_member(root, "access_token", NGX_EIAM_STRING, &node);
    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED)
               ? ngx_eiam_fault(root, "has no \"access_token\"") : rc;
    }

    *token = ngx_eiam_node_string(&node);

    if (!ngx_eiam_bearer_is_token(token)) {
        return ngx_eiam_fault(&node, "is no b64token");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_eiam_token_response_is_bearer(const ngx_eiam_node_t *root)
{
    ngx_int_t  rc;

    rc = ngx_eiam_claims_is_bearer(root);

    return (rc == NGX_DECLINED)
           ? ngx_eiam_fault(root, "has no \"token_type\"") : rc;
}


/* null does not say that they are those that were asked for */

static ngx_int_t
ngx_eiam_token_response_scopes(const ngx_eiam_node_t *root, ngx_str_t *scopes)
{
    ngx_eiam_node_t  node;

    static const ngx_str_t  name = ngx_string("scope");

    if (ngx_eiam_node_has(root, &name, &node) == NGX_OK
        && ngx_eiam_node_is(&node, NGX_EIAM_NULL))
    {
        return ngx_eiam_node_expect(&node, NGX_EIAM_STRING);
    }

    return (ngx_eiam_claims_scope(root, "scope", scopes) == NGX_ERROR)
           ? NGX_ERROR : NGX_OK;
}


static ngx_int_t
ngx_eiam_token_response_expires(const ngx_eiam_node_t *root, time_t now,
    time_t *expires)
{
    double           seconds;
    ngx_int_t        rc;
    ngx_eiam_node_t  node;

    rc = ngx_eiam_node_member(root, "expires_in", NGX_EIAM_INTEGER, &node);
    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED)
               ? ngx_eiam_fault(root, "has no \"expires_in\"") : rc;
    }

    seconds = ngx_eiam_node_number(&node);

    if (seconds <= 0 || seconds >= NGX_EIAM_CLAIMS_TIME_MAX) {
        return ngx_eiam_fault(&node, "is out of range");
    }

    *expires = now + (time_t) seconds;

    return NGX_OK;
}
