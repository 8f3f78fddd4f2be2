
#include <ngx_eiam_claims.h>
#include <ngx_eiam_string.h>


static ngx_int_t ngx_eiam_claims_join(const ngx_eiam_node_t *list,
    ngx_str_t *words);
static ngx_int_t ngx_eiam_claims_is_audience(const ngx_eiam_node_t *node,
    const ngx_array_t *audiences);


/*
 * RFC 7662, section 2.2, RFC 9068, section 2.2, and the names of some servers
 */

static ngx_str_t  ngx_eiam_claims_names[] = {
    ngx_string("client_id"),
    ngx_string("azp"),
    ngx_string("cid"),
    ngx_string("appid")
};


static ngx_eiam_pointer_t  ngx_eiam_claims_pointers[] = {
    { ngx_string("client_id"), &ngx_eiam_claims_names[0], 1 },
    { ngx_string("azp"), &ngx_eiam_claims_names[1], 1 },
    { ngx_string("cid"), &ngx_eiam_claims_names[2], 1 },
    { ngx_string("appid"), &ngx_eiam_claims_names[3], 1 }
};


ngx_array_t  ngx_eiam_claims_clients = {
    ngx_eiam_claims_pointers, 4, sizeof(ngx_eiam_pointer_t), 4, NULL
};


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
    ngx_eiam_node_t  node;

    if (ngx_eiam_claims_has(claims, name, &node) != NGX_OK) {
        return NGX_DECLINED;
    }

    return ngx_eiam_claims_words(&node, scopes);
}


ngx_int_t
ngx_eiam_claims_words(const ngx_eiam_node_t *node, ngx_str_t *words)
{
    if (ngx_eiam_node_is(node, NGX_EIAM_ARRAY)) {
        return ngx_eiam_claims_join(node, words);
    }

    if (!ngx_eiam_node_is(node, NGX_EIAM_STRING)) {
        return ngx_eiam_fault(node, "must be a string or an array of strings");
    }

    *words = ngx_eiam_node_string(node);

    return (words->len > NGX_EIAM_SCOPES_TEXT_MAX)
           ? ngx_eiam_fault(node, "has more than %d bytes",
                            NGX_EIAM_SCOPES_TEXT_MAX)
           : NGX_OK;
}


/* An element must be a single word: with a space it would become two scopes. */

static ngx_int_t
ngx_eiam_claims_join(const ngx_eiam_node_t *list, ngx_str_t *words)
{
    u_char           *p, *last;
    ngx_str_t         word;
    ngx_eiam_node_t   node;

    p = ngx_pnalloc(list->document->pool, NGX_EIAM_SCOPES_TEXT_MAX);
    if (p == NULL) {
        return NGX_ERROR;
    }

    words->data = p;
    words->len = 0;
    last = p + NGX_EIAM_SCOPES_TEXT_MAX;
    node.parent = NULL;

    while (ngx_eiam_node_next(list, &node) == NGX_OK) {

        if (ngx_eiam_node_expect(&node, NGX_EIAM_STRING) != NGX_OK) {
            return NGX_ERROR;
        }

        word = ngx_eiam_node_string(&node);

        if (ngx_strlchr(word.data, word.data + word.len, ' ')) {
            return ngx_eiam_fault(&node, "must not contain a space");
        }

        if (word.len == 0) {
            continue;
        }

        if (word.len + (p != words->data) > (size_t) (last - p)) {
            return ngx_eiam_fault(list, "has more than %d bytes",
                                  NGX_EIAM_SCOPES_TEXT_MAX);
        }

        if (p != words->data) {
            *p++ = ' ';
        }

        p = ngx_cpymem(p, word.data, word.len);
        words->len = p - words->data;
    }

    return NGX_OK;
}


ngx_int_t
ngx_eiam_claims_application(const ngx_eiam_node_t *claims,
    const ngx_array_t *names, ngx_str_t *application)
{
    ngx_int_t            rc;
    ngx_str_t            id;
    ngx_uint_t           i;
    ngx_eiam_node_t      node;
    ngx_eiam_pointer_t  *claim;

    ngx_str_null(application);

    claim = names->elts;

    for (i = 0; i < names->nelts; i++) {

        rc = ngx_eiam_pointer_find(&claim[i], claims, &node);

        if (rc == NGX_DECLINED) {
            continue;
        }

        if (rc != NGX_OK
            || ngx_eiam_claims_identifier(&node, NGX_EIAM_APPLICATION_ID_MAX,
                                          &id)
               != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (application->len && !ngx_eiam_str_equal(application, &id)) {
            return ngx_eiam_document_fault(claims->document,
                                           "names two applications");
        }

        *application = id;
    }

    return NGX_OK;
}


ngx_uint_t
ngx_eiam_claims_is_bound(const ngx_eiam_node_t *claims)
{
    ngx_eiam_node_t  node;

    return ngx_eiam_claims_has(claims, "cnf", &node) == NGX_OK;
}


/* RFC 7519, section 4.1.3; RFC 7662, section 2.2 */

ngx_int_t
ngx_eiam_claims_audience(const ngx_eiam_node_t *claims,
    const ngx_array_t *audiences)
{
    ngx_int_t        rc;
    ngx_uint_t       found;
    ngx_eiam_node_t  node, element;

    if (ngx_eiam_claims_has(claims, "aud", &node) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (!ngx_eiam_node_is(&node, NGX_EIAM_ARRAY)) {
        return ngx_eiam_claims_is_audience(&node, audiences);
    }

    found = 0;
    element.parent = NULL;

    while (ngx_eiam_node_next(&node, &element) == NGX_OK) {

        rc = ngx_eiam_claims_is_audience(&element, audiences);

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        found |= (rc == NGX_OK);
    }

    return found ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
ngx_eiam_claims_is_audience(const ngx_eiam_node_t *node,
    const ngx_array_t *audiences)
{
    ngx_str_t   text, *audience;
    ngx_uint_t  i;

    if (ngx_eiam_node_expect(node, NGX_EIAM_STRING) != NGX_OK) {
        return NGX_ERROR;
    }

    text = ngx_eiam_node_string(node);
    audience = audiences->elts;

    for (i = 0; i < audiences->nelts; i++) {

        if (ngx_eiam_str_equal(&text, &audience[i])) {
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}
