
#include <ngx_eiam_bearer.h>
#include <ngx_eiam_claims.h>
#include <ngx_eiam_token_response.h>


static ngx_int_t ngx_eiam_token_response_token(const ngx_eiam_node_t *root,
    ngx_str_t *token);
static ngx_uint_t ngx_eiam_token_response_is_wrapped(
    const ngx_eiam_node_t *root);
static ngx_int_t ngx_eiam_token_response_is_bearer(const ngx_eiam_node_t *root);
static ngx_int_t ngx_eiam_token_response_scopes(const ngx_eiam_node_t *root,
    ngx_str_t *scopes);
static ngx_int_t ngx_eiam_token_response_expires(const ngx_eiam_node_t *root,
    const ngx_str_t *body, time_t now, time_t *expires);
static ngx_int_t ngx_eiam_token_response_spelled(const ngx_eiam_node_t *node,
    const ngx_str_t *body, double *seconds);
static ngx_int_t ngx_eiam_token_response_seconds(const ngx_str_t *text,
    double *seconds);


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
        || ngx_eiam_token_response_expires(&root, body, now, &grant->expires)
           != NGX_OK
        || ngx_eiam_token_response_scopes(&root, &grant->scopes) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_eiam_token_response_refresh(ngx_eiam_document_t *document,
    const ngx_str_t *body, ngx_str_t *token)
{
    ngx_int_t        rc;
    ngx_eiam_node_t  root, node;

    document->secret = 1;

    rc = ngx_eiam_document_parse(document, body, &root);

    if (rc == NGX_OK) {
        rc = ngx_eiam_node_member(&root, "refresh_token", NGX_EIAM_STRING,
                                  &node);
    }

    if (rc == NGX_OK) {
        *token = ngx_eiam_node_string(&node);
    }

    return rc;
}


static ngx_int_t
ngx_eiam_token_response_token(const ngx_eiam_node_t *root, ngx_str_t *token)
{
    ngx_int_t        rc;
    ngx_eiam_node_t  node;

    rc = ngx_eiam_node_member(root, "access_token", NGX_EIAM_STRING, &node);

    if (rc == NGX_DECLINED) {
        return ngx_eiam_token_response_is_wrapped(root)
               ? ngx_eiam_fault(root, "has its \"access_token\" only inside "
                                "another member")
               : ngx_eiam_fault(root, "has no \"access_token\"");
    }

    if (rc != NGX_OK) {
        return rc;
    }

    *token = ngx_eiam_node_string(&node);

    if (!ngx_eiam_bearer_is_token(token)) {
        return ngx_eiam_fault(&node, "is not a b64token");
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_eiam_token_response_is_wrapped(const ngx_eiam_node_t *root)
{
    ngx_eiam_node_t  member, node;

    static const ngx_str_t  name = ngx_string("access_token");

    member.parent = NULL;

    while (ngx_eiam_node_next(root, &member) == NGX_OK) {

        if (ngx_eiam_node_is(&member, NGX_EIAM_OBJECT)
            && ngx_eiam_node_has(&member, &name, &node) == NGX_OK)
        {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_eiam_token_response_is_bearer(const ngx_eiam_node_t *root)
{
    ngx_int_t  rc;

    rc = ngx_eiam_claims_is_bearer(root);

    return (rc == NGX_DECLINED)
           ? ngx_eiam_fault(root, "has no \"token_type\"") : rc;
}


/* null does not mean that the requested scopes were granted */

static ngx_int_t
ngx_eiam_token_response_scopes(const ngx_eiam_node_t *root, ngx_str_t *scopes)
{
    ngx_eiam_node_t  node;

    static const ngx_str_t  name = ngx_string("scope");

    return (ngx_eiam_node_has(root, &name, &node) == NGX_OK)
           ? ngx_eiam_claims_words(&node, scopes) : NGX_OK;
}


static ngx_int_t
ngx_eiam_token_response_expires(const ngx_eiam_node_t *root,
    const ngx_str_t *body, time_t now, time_t *expires)
{
    double           seconds;
    ngx_int_t        rc;
    ngx_str_t        text;
    ngx_eiam_node_t  node;

    if (ngx_eiam_node_require(root, "expires_in", NGX_EIAM_ANY, &node)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_eiam_node_is(&node, NGX_EIAM_INTEGER)) {
        seconds = ngx_eiam_node_number(&node);

    } else {

        if (ngx_eiam_node_is(&node, NGX_EIAM_STRING)) {
            text = ngx_eiam_node_string(&node);
            rc = ngx_eiam_token_response_seconds(&text, &seconds);

        } else {
            rc = ngx_eiam_token_response_spelled(&node, body, &seconds);
        }

        if (rc != NGX_OK) {
            return ngx_eiam_fault(&node, "must be an integer");
        }
    }

    if (seconds <= 0 || seconds >= NGX_EIAM_CLAIMS_TIME_MAX) {
        return ngx_eiam_fault(&node, "is out of range");
    }

    *expires = now + (time_t) seconds;

    return NGX_OK;
}


/*
 * Reads a number with a fraction from the text, as the tree does not keep its
 * spelling: 3600.0 is accepted as an integer, 36e2 is not.  The number in the
 * text is found by its value in the tree.
 */

static ngx_int_t
ngx_eiam_token_response_spelled(const ngx_eiam_node_t *node,
    const ngx_str_t *body, double *seconds)
{
    u_char     *p, *last;
    ngx_str_t   text;

    static char  name[] = "\"expires_in\"";

    if (!ngx_eiam_node_is(node, NGX_EIAM_NUMBER)) {
        return NGX_DECLINED;
    }

    last = body->data + body->len;

    for (p = body->data;
         (p = ngx_strnstr(p, name, last - p)) != NULL;
         p = text.data)
    {
        p += sizeof(name) - 1;

        while (p < last && (*p == ':' || *p <= ' ')) {
            p++;
        }

        text.data = p;

        while (p < last && ((*p >= '0' && *p <= '9') || *p == '.')) {
            p++;
        }

        text.len = p - text.data;

        if ((p == last || (*p != 'e' && *p != 'E'))
            && ngx_eiam_token_response_seconds(&text, seconds) == NGX_OK
            && *seconds == ngx_eiam_node_number(node))
        {
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


/* [1-9][0-9]*(\.0+)? */

static ngx_int_t
ngx_eiam_token_response_seconds(const ngx_str_t *text, double *seconds)
{
    u_char  *p, *last;

    p = text->data;
    last = p + text->len;

    if (p == last || *p < '1' || *p > '9') {
        return NGX_DECLINED;
    }

    for (*seconds = 0; p < last && *p >= '0' && *p <= '9'; p++) {
        *seconds = *seconds * 10 + (*p - '0');
    }

    if (p == last) {
        return NGX_OK;
    }

    if (*p++ != '.' || p == last) {
        return NGX_DECLINED;
    }

    while (p < last && *p == '0') {
        p++;
    }

    return (p == last) ? NGX_OK : NGX_DECLINED;
}
