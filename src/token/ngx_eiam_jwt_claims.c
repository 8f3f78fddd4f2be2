
#include <ngx_eiam_claims.h>
#include <ngx_eiam_jwt_claims.h>
#include <ngx_eiam_string.h>


typedef struct {
    const ngx_eiam_node_t         *node;
    const ngx_eiam_jwt_terms_t    *terms;
    time_t                         now;
    ngx_eiam_grant_t              *grant;
    time_t                         begins;       /* the later of nbf and iat */
} ngx_eiam_jwt_claims_t;


typedef ngx_eiam_reason_e (*ngx_eiam_jwt_claims_pt)(
    ngx_eiam_jwt_claims_t *claims);


static ngx_eiam_reason_e ngx_eiam_jwt_issuer(
    ngx_eiam_jwt_claims_t *claims);
static ngx_eiam_reason_e ngx_eiam_jwt_audience(
    ngx_eiam_jwt_claims_t *claims);
static ngx_eiam_reason_e ngx_eiam_jwt_times(
    ngx_eiam_jwt_claims_t *claims);
static ngx_eiam_reason_e ngx_eiam_jwt_begins(
    ngx_eiam_jwt_claims_t *claims);
static ngx_eiam_reason_e ngx_eiam_jwt_bound(
    ngx_eiam_jwt_claims_t *claims);
static ngx_eiam_reason_e ngx_eiam_jwt_application(
    ngx_eiam_jwt_claims_t *claims);
static ngx_eiam_reason_e ngx_eiam_jwt_scopes(
    ngx_eiam_jwt_claims_t *claims);
static ngx_eiam_reason_e ngx_eiam_jwt_unread(
    ngx_eiam_jwt_claims_t *claims);
static ngx_eiam_reason_e ngx_eiam_jwt_wrong(
    ngx_eiam_jwt_claims_t *claims, const char *fault);


static ngx_str_t  ngx_eiam_jwt_scope_names[] = {
    ngx_string("scope"),
    ngx_string("scp")
};


static ngx_eiam_pointer_t  ngx_eiam_jwt_scope_claims[] = {
    { ngx_string("scope"), &ngx_eiam_jwt_scope_names[0], 1 },
    { ngx_string("scp"), &ngx_eiam_jwt_scope_names[1], 1 }
};


ngx_array_t  ngx_eiam_jwt_claims_scope = {
    ngx_eiam_jwt_scope_claims, 2, sizeof(ngx_eiam_pointer_t), 2, NULL
};


/* made in this order; the first check with a reason decides */

static const struct {
    ngx_eiam_jwt_claims_pt         check;
    ngx_eiam_detail_e              detail;
} ngx_eiam_jwt_claims_checks[] = {
    { ngx_eiam_jwt_issuer, NGX_EIAM_DETAIL_ISSUER },
    { ngx_eiam_jwt_audience, NGX_EIAM_DETAIL_AUDIENCE },
    { ngx_eiam_jwt_times, NGX_EIAM_DETAIL_TIME },
    { ngx_eiam_jwt_begins, NGX_EIAM_DETAIL_NOT_YET_VALID },
    { ngx_eiam_jwt_bound, NGX_EIAM_DETAIL_BOUND },
    { ngx_eiam_jwt_application, NGX_EIAM_DETAIL_APPLICATION },
    { ngx_eiam_jwt_scopes, NGX_EIAM_DETAIL_SCOPES },
    { NULL, NGX_EIAM_NO_DETAIL }
};


ngx_eiam_reason_e
ngx_eiam_jwt_claims_read(const ngx_eiam_node_t *node,
    const ngx_eiam_jwt_terms_t *terms, time_t now, ngx_eiam_grant_t *grant,
    ngx_eiam_detail_e *detail)
{
    ngx_uint_t             i;
    ngx_eiam_reason_e      reason;
    ngx_eiam_jwt_claims_t  claims;

    claims.node = node;
    claims.terms = terms;
    claims.now = now;
    claims.grant = grant;
    claims.begins = 0;

    for (i = 0; ngx_eiam_jwt_claims_checks[i].check; i++) {

        reason = ngx_eiam_jwt_claims_checks[i].check(&claims);

        if (reason != NGX_EIAM_NO_REASON) {

            if (reason == NGX_EIAM_TOKEN_INVALID) {
                *detail = ngx_eiam_jwt_claims_checks[i].detail;
            }

            return reason;
        }
    }

    return NGX_EIAM_NO_REASON;
}


static ngx_eiam_reason_e
ngx_eiam_jwt_issuer(ngx_eiam_jwt_claims_t *claims)
{
    ngx_str_t        text, *issuer;
    ngx_uint_t       i;
    ngx_eiam_node_t  node;

    if (ngx_eiam_claims_member(claims->node, "iss", NGX_EIAM_STRING, &node)
        == NGX_OK)
    {
        text = ngx_eiam_node_string(&node);
        issuer = claims->terms->issuers->elts;

        for (i = 0; i < claims->terms->issuers->nelts; i++) {

            if (ngx_eiam_str_equal(&text, &issuer[i])) {
                return NGX_EIAM_NO_REASON;
            }
        }
    }

    return ngx_eiam_jwt_wrong(claims, "has another \"iss\"");
}


/*
 * if access tokens have no "aud", tokens of the issuer that have one are others
 */

static ngx_eiam_reason_e
ngx_eiam_jwt_audience(ngx_eiam_jwt_claims_t *claims)
{
    ngx_uint_t       has;
    ngx_eiam_node_t  node;

    has = ngx_eiam_claims_has(claims->node, "aud", &node) == NGX_OK;

    if (claims->terms->audiences->nelts == 0) {
        return has ? ngx_eiam_jwt_wrong(claims, "has an \"aud\"")
                   : NGX_EIAM_NO_REASON;
    }

    if (!has) {
        return ngx_eiam_jwt_wrong(claims, "has no \"aud\"");
    }

    switch (ngx_eiam_claims_audience(claims->node, claims->terms->audiences)) {

    case NGX_OK:
        return NGX_EIAM_NO_REASON;

    case NGX_ERROR:
        return NGX_EIAM_TOKEN_INVALID;
    }

    return ngx_eiam_jwt_wrong(claims, "is for another \"aud\"");
}


static ngx_eiam_reason_e
ngx_eiam_jwt_times(ngx_eiam_jwt_claims_t *claims)
{
    time_t             begins, issued;
    ngx_eiam_grant_t  *grant;

    grant = claims->grant;
    begins = claims->now;
    issued = 1;              /* no "iat": before any revocation */

    if (ngx_eiam_claims_time(claims->node, "exp", &grant->expires) != NGX_OK
        || ngx_eiam_claims_time(claims->node, "nbf", &begins) == NGX_ERROR
        || ngx_eiam_claims_time(claims->node, "iat", &issued) == NGX_ERROR)
    {
        return ngx_eiam_jwt_wrong(claims, "has no \"exp\", or a wrong time");
    }

    claims->begins = ngx_max(begins, issued);
    grant->expires += claims->terms->leeway;
    grant->issued = ngx_max(issued, 1);

    return (grant->expires <= claims->now) ? NGX_EIAM_TOKEN_EXPIRED
                                           : NGX_EIAM_NO_REASON;
}


static ngx_eiam_reason_e
ngx_eiam_jwt_begins(ngx_eiam_jwt_claims_t *claims)
{
    return (claims->begins > claims->now + claims->terms->leeway)
           ? ngx_eiam_jwt_wrong(claims, "is not valid yet")
           : NGX_EIAM_NO_REASON;
}


/* a token that is bound to a key (RFC 7800) is not accepted without a proof */

static ngx_eiam_reason_e
ngx_eiam_jwt_bound(ngx_eiam_jwt_claims_t *claims)
{
    return ngx_eiam_claims_is_bound(claims->node)
           ? ngx_eiam_jwt_wrong(claims, "has a \"cnf\", which is not checked")
           : NGX_EIAM_NO_REASON;
}


static ngx_eiam_reason_e
ngx_eiam_jwt_application(ngx_eiam_jwt_claims_t *claims)
{
    return (ngx_eiam_claims_application(claims->node,
                                        claims->terms->applications,
                                        &claims->grant->application)
            == NGX_OK)
           ? NGX_EIAM_NO_REASON : ngx_eiam_jwt_unread(claims);
}


/* the first of the claims that is present counts, even if it is empty */

static ngx_eiam_reason_e
ngx_eiam_jwt_scopes(ngx_eiam_jwt_claims_t *claims)
{
    ngx_int_t            rc;
    ngx_uint_t           i;
    ngx_eiam_node_t      node;
    ngx_eiam_pointer_t  *claim;

    claim = claims->terms->scopes->elts;

    for (i = 0; i < claims->terms->scopes->nelts; i++) {

        rc = ngx_eiam_pointer_find(&claim[i], claims->node, &node);

        if (rc == NGX_DECLINED) {
            continue;
        }

        if (rc != NGX_OK
            || ngx_eiam_claims_words(&node, &claims->grant->scopes) != NGX_OK)
        {
            return ngx_eiam_jwt_unread(claims);
        }

        break;
    }

    return NGX_EIAM_NO_REASON;
}


/* a claim is wrong, or there was no memory to read it */

static ngx_eiam_reason_e
ngx_eiam_jwt_unread(ngx_eiam_jwt_claims_t *claims)
{
    return claims->node->document->fault.len ? NGX_EIAM_TOKEN_INVALID
                                             : NGX_EIAM_SOURCE_UNAVAILABLE;
}


static ngx_eiam_reason_e
ngx_eiam_jwt_wrong(ngx_eiam_jwt_claims_t *claims, const char *fault)
{
    (void) ngx_eiam_document_fault(claims->node->document, "%s", fault);

    return NGX_EIAM_TOKEN_INVALID;
}
