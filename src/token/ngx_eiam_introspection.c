
#include <ngx_eiam_claims.h>
#include <ngx_eiam_introspection.h>
#include <ngx_eiam_media.h>


#define NGX_EIAM_INTROSPECTION_AHEAD  86400     /* s: of "iat", at most */


typedef struct {
    ngx_eiam_reason_e  (*handler)(const ngx_eiam_node_t *claims, time_t now,
                                  ngx_eiam_grant_t *grant);
    ngx_eiam_detail_e    detail;         /* of NGX_EIAM_TOKEN_INVALID */
} ngx_eiam_introspection_check_t;


static ngx_eiam_reason_e ngx_eiam_introspection_status(
    ngx_eiam_document_t *document, const ngx_eiam_answer_t *answer,
    ngx_eiam_detail_e *detail);
static ngx_eiam_reason_e ngx_eiam_introspection_head(
    ngx_eiam_document_t *document, const ngx_eiam_answer_t *answer);
static ngx_eiam_reason_e ngx_eiam_introspection_audience(
    const ngx_eiam_node_t *claims, const ngx_array_t *audiences);
static ngx_eiam_reason_e ngx_eiam_introspection_active(
    const ngx_eiam_node_t *claims, time_t now, ngx_eiam_grant_t *grant);
static ngx_eiam_reason_e ngx_eiam_introspection_bound(
    const ngx_eiam_node_t *claims, time_t now, ngx_eiam_grant_t *grant);
static ngx_eiam_reason_e ngx_eiam_introspection_bearer(
    const ngx_eiam_node_t *claims, time_t now, ngx_eiam_grant_t *grant);
static ngx_eiam_reason_e ngx_eiam_introspection_kind(
    const ngx_eiam_node_t *claims, time_t now, ngx_eiam_grant_t *grant);
static ngx_uint_t ngx_eiam_introspection_says(const ngx_eiam_node_t *claims,
    const char *member, const char *word);
static ngx_eiam_reason_e ngx_eiam_introspection_times(
    const ngx_eiam_node_t *claims, time_t now, ngx_eiam_grant_t *grant);
static ngx_eiam_reason_e ngx_eiam_introspection_begun(
    const ngx_eiam_node_t *claims, time_t now, ngx_eiam_grant_t *grant);
static ngx_eiam_reason_e ngx_eiam_introspection_application(
    const ngx_eiam_node_t *claims, time_t now, ngx_eiam_grant_t *grant);
static ngx_eiam_reason_e ngx_eiam_introspection_scopes(
    const ngx_eiam_node_t *claims, time_t now, ngx_eiam_grant_t *grant);
static ngx_eiam_reason_e ngx_eiam_introspection_unread(
    const ngx_eiam_node_t *claims);


/* made in this order; the first check that fails gives the reason */

static const ngx_eiam_introspection_check_t  ngx_eiam_introspection_checks[] = {
    { ngx_eiam_introspection_active, NGX_EIAM_DETAIL_INACTIVE },
    { ngx_eiam_introspection_bound, NGX_EIAM_DETAIL_BOUND },
    { ngx_eiam_introspection_bearer, NGX_EIAM_DETAIL_TYPE },
    { ngx_eiam_introspection_kind, NGX_EIAM_DETAIL_TYPE },
    { ngx_eiam_introspection_times, NGX_EIAM_DETAIL_TIME },
    { ngx_eiam_introspection_begun, NGX_EIAM_DETAIL_NOT_YET_VALID },
    { ngx_eiam_introspection_application, NGX_EIAM_DETAIL_APPLICATION },
    { ngx_eiam_introspection_scopes, NGX_EIAM_DETAIL_SCOPES },
    { NULL, NGX_EIAM_NO_DETAIL }
};


ngx_eiam_reason_e
ngx_eiam_introspection_read(ngx_eiam_document_t *document,
    const ngx_eiam_answer_t *answer, const ngx_array_t *audiences, time_t now,
    ngx_eiam_grant_t *grant, ngx_eiam_detail_e *detail)
{
    ngx_eiam_node_t                        root;
    ngx_eiam_reason_e                      reason;
    const ngx_eiam_introspection_check_t  *check;

    reason = ngx_eiam_introspection_status(document, answer, detail);
    if (reason != NGX_EIAM_NO_REASON) {
        return reason;
    }

    document->secret = 1;
    *detail = NGX_EIAM_DETAIL_UNREADABLE;

    if (ngx_eiam_introspection_head(document, answer) != NGX_EIAM_NO_REASON
        || ngx_eiam_document_parse(document, &answer->body, &root) != NGX_OK
        || ngx_eiam_node_expect(&root, NGX_EIAM_OBJECT) != NGX_OK)
    {
        return NGX_EIAM_SOURCE_UNAVAILABLE;
    }

    ngx_memzero(grant, sizeof(ngx_eiam_grant_t));

    for (check = ngx_eiam_introspection_checks; check->handler; check++) {

        reason = check->handler(&root, now, grant);
        if (reason != NGX_EIAM_NO_REASON) {
            *detail = (reason == NGX_EIAM_TOKEN_INVALID) ? check->detail
                                                         : NGX_EIAM_NO_DETAIL;
            return reason;
        }
    }

    if (audiences
        && ngx_eiam_introspection_audience(&root, audiences)
           != NGX_EIAM_NO_REASON)
    {
        *detail = NGX_EIAM_DETAIL_AUDIENCE;
        return NGX_EIAM_TOKEN_INVALID;
    }

    *detail = NGX_EIAM_NO_DETAIL;

    return NGX_EIAM_NO_REASON;
}


/*
 * Some servers answer with an error about a text that is no token.  But 401 and
 * 403 are about the gate's own credentials, and 429 is about its rate.
 */

static ngx_eiam_reason_e
ngx_eiam_introspection_status(ngx_eiam_document_t *document,
    const ngx_eiam_answer_t *answer, ngx_eiam_detail_e *detail)
{
    ngx_uint_t  status;

    status = answer->status;

    if (answer->cached) {
        *detail = NGX_EIAM_DETAIL_FROM_CACHE;
        (void) ngx_eiam_document_fault(document, "the answer is from "
                                       "proxy_cache");
        return NGX_EIAM_SOURCE_UNAVAILABLE;
    }

    if (answer->own) {
        *detail = NGX_EIAM_DETAIL_NOT_ASKED;
        (void) ngx_eiam_document_fault(document, "status %ui from nginx "
                                       "itself, no server was asked", status);
        return NGX_EIAM_SOURCE_UNAVAILABLE;
    }

    *detail = NGX_EIAM_DETAIL_SOURCE_STATUS;

    if (status >= 400 && status < 500
        && status != 401 && status != 403 && status != 429)
    {
        return NGX_EIAM_TOKEN_INVALID;
    }

    if (ngx_eiam_introspection_failure(answer) == NGX_EIAM_DOWN) {
        *detail = NGX_EIAM_DETAIL_SOURCE_DOWN;
    }

    if (status != 200) {
        (void) ngx_eiam_document_fault(document, status ? "status %ui"
                                                        : "no answer", status);
        return NGX_EIAM_SOURCE_UNAVAILABLE;
    }

    if (answer->cut) {
        (void) ngx_eiam_document_fault(document, "the answer is cut off");
        return NGX_EIAM_SOURCE_UNAVAILABLE;
    }

    return NGX_EIAM_NO_REASON;
}


static ngx_eiam_reason_e
ngx_eiam_introspection_head(ngx_eiam_document_t *document,
    const ngx_eiam_answer_t *answer)
{
    static const ngx_str_t  json = ngx_string("application/json");

    if (answer->unread) {
        (void) ngx_eiam_document_fault(document, "the answer is too large, "
                                       "or its head cannot be read");
        return NGX_EIAM_SOURCE_UNAVAILABLE;
    }

    if (answer->encoded || !ngx_eiam_media_is(&answer->type, &json)) {
        (void) ngx_eiam_document_fault(document, "the answer is not "
                                       "application/json");
        return NGX_EIAM_SOURCE_UNAVAILABLE;
    }

    return NGX_EIAM_NO_REASON;
}


ngx_eiam_failure_e
ngx_eiam_introspection_failure(const ngx_eiam_answer_t *answer)
{
    if (answer->own || answer->cached) {
        return NGX_EIAM_ODD;
    }

    switch (answer->status) {

    case 0:
    case 502:
    case 503:
    case 504:
        return NGX_EIAM_DOWN;
    }

    if (answer->cut) {
        return NGX_EIAM_DOWN;
    }

    return (answer->status == 500) ? NGX_EIAM_BROKEN : NGX_EIAM_ODD;
}


static ngx_eiam_reason_e
ngx_eiam_introspection_audience(const ngx_eiam_node_t *claims,
    const ngx_array_t *audiences)
{
    switch (ngx_eiam_claims_audience(claims, audiences)) {

    case NGX_OK:
        return NGX_EIAM_NO_REASON;

    case NGX_DECLINED:
        (void) ngx_eiam_fault(claims, "names no \"aud\" of "
                              "\"eiam_introspection_audience\"");
        break;
    }

    return NGX_EIAM_TOKEN_INVALID;
}


static ngx_eiam_reason_e
ngx_eiam_introspection_active(const ngx_eiam_node_t *claims, time_t now,
    ngx_eiam_grant_t *grant)
{
    ngx_eiam_node_t  active;

    if (ngx_eiam_node_member(claims, "active", NGX_EIAM_BOOLEAN, &active)
        != NGX_OK
        || !ngx_eiam_node_true(&active))
    {
        return NGX_EIAM_TOKEN_INVALID;
    }

    return NGX_EIAM_NO_REASON;
}


/* a token that is bound to a key (RFC 7800) is not accepted without a proof */

static ngx_eiam_reason_e
ngx_eiam_introspection_bound(const ngx_eiam_node_t *claims, time_t now,
    ngx_eiam_grant_t *grant)
{
    if (!ngx_eiam_claims_is_bound(claims)) {
        return NGX_EIAM_NO_REASON;
    }

    (void) ngx_eiam_fault(claims, "has a \"cnf\", which is not checked");

    return NGX_EIAM_TOKEN_INVALID;
}


/* some servers name the kind of the token where others write "Bearer" */

static ngx_eiam_reason_e
ngx_eiam_introspection_bearer(const ngx_eiam_node_t *claims, time_t now,
    ngx_eiam_grant_t *grant)
{
    if (ngx_eiam_introspection_says(claims, "token_type", "access_token")) {
        return NGX_EIAM_NO_REASON;
    }

    return (ngx_eiam_claims_is_bearer(claims) == NGX_ERROR)
           ? NGX_EIAM_TOKEN_INVALID : NGX_EIAM_NO_REASON;
}


/*
 * Servers answer about all kinds of tokens, whatever token_type_hint says, but
 * a refresh token or an ID token is no access token.
 */

static ngx_eiam_reason_e
ngx_eiam_introspection_kind(const ngx_eiam_node_t *claims, time_t now,
    ngx_eiam_grant_t *grant)
{
    ngx_uint_t  i;

    static const struct {
        const char  *member;
        const char  *kind;
    } others[] = {
        { "token_use", "refresh_token" },      /* Hydra */
        { "token_use", "refresh" },
        { "token_use", "id_token" },
        { "token_use", "id" },                 /* Cognito */
        { "typ", "Refresh" },                  /* Keycloak */
        { "typ", "Offline" },
        { "typ", "ID" },
        { NULL, NULL }
    };

    for (i = 0; others[i].member; i++) {

        if (ngx_eiam_introspection_says(claims, others[i].member,
                                        others[i].kind))
        {
            (void) ngx_eiam_fault(claims, "is about another kind of token, "
                                  "by its \"%s\"", others[i].member);
            return NGX_EIAM_TOKEN_INVALID;
        }
    }

    return NGX_EIAM_NO_REASON;
}


static ngx_uint_t
ngx_eiam_introspection_says(const ngx_eiam_node_t *claims, const char *member,
    const char *word)
{
    ngx_str_t        text;
    ngx_eiam_node_t  node;

    if (ngx_eiam_claims_has(claims, member, &node) != NGX_OK
        || !ngx_eiam_node_is(&node, NGX_EIAM_STRING))
    {
        return 0;
    }

    text = ngx_eiam_node_string(&node);

    return text.len == ngx_strlen(word)
           && ngx_strncasecmp(text.data, (u_char *) word, text.len) == 0;
}


static ngx_eiam_reason_e
ngx_eiam_introspection_times(const ngx_eiam_node_t *claims, time_t now,
    ngx_eiam_grant_t *grant)
{
    time_t     begins;
    ngx_int_t  expires, rc;

    grant->expires = NGX_EIAM_NEVER;
    begins = 0;

    expires = ngx_eiam_claims_time(claims, "exp", &grant->expires);
    rc = ngx_eiam_claims_time(claims, "nbf", &begins);

    if (expires == NGX_ERROR || rc == NGX_ERROR) {
        return NGX_EIAM_TOKEN_INVALID;
    }

    /*
     * "iat" matters only if the application has been revoked.  Some servers
     * count milliseconds: such a time would be after every revocation.
     */

    (void) ngx_eiam_claims_time(claims, "iat", &grant->issued);

    if (grant->issued > now + NGX_EIAM_INTROSPECTION_AHEAD) {
        grant->issued = 0;
    }

    return (grant->expires <= now) ? NGX_EIAM_TOKEN_EXPIRED
                                   : NGX_EIAM_NO_REASON;
}


static ngx_eiam_reason_e
ngx_eiam_introspection_begun(const ngx_eiam_node_t *claims, time_t now,
    ngx_eiam_grant_t *grant)
{
    time_t  begins;

    if (ngx_eiam_claims_time(claims, "nbf", &begins) != NGX_OK
        || begins <= now)
    {
        return NGX_EIAM_NO_REASON;
    }

    (void) ngx_eiam_fault(claims, "is not valid yet, by its \"nbf\"");

    return NGX_EIAM_TOKEN_INVALID;
}


static ngx_eiam_reason_e
ngx_eiam_introspection_application(const ngx_eiam_node_t *claims, time_t now,
    ngx_eiam_grant_t *grant)
{
    return (ngx_eiam_claims_application(claims, &ngx_eiam_claims_clients,
                                        &grant->application)
            == NGX_OK)
           ? NGX_EIAM_NO_REASON : ngx_eiam_introspection_unread(claims);
}


static ngx_eiam_reason_e
ngx_eiam_introspection_scopes(const ngx_eiam_node_t *claims, time_t now,
    ngx_eiam_grant_t *grant)
{
    return (ngx_eiam_claims_scope(claims, "scope", &grant->scopes)
            == NGX_ERROR)
           ? ngx_eiam_introspection_unread(claims) : NGX_EIAM_NO_REASON;
}


/* a member is wrong, or there was no memory to read it */

static ngx_eiam_reason_e
ngx_eiam_introspection_unread(const ngx_eiam_node_t *claims)
{
    return claims->document->fault.len ? NGX_EIAM_TOKEN_INVALID
                                       : NGX_EIAM_SOURCE_UNAVAILABLE;
}
