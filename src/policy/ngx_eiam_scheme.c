
#include <ngx_eiam_members.h>
#include <ngx_eiam_near.h>
#include <ngx_eiam_scheme.h>
#include <ngx_eiam_string.h>


typedef struct {
    ngx_str_t            type;
    ngx_eiam_scheme_e    kind;
} ngx_eiam_scheme_type_t;


static const ngx_eiam_scheme_type_t  ngx_eiam_scheme_types[] = {
    { ngx_string("oauth2"), NGX_EIAM_SCHEME_DECLARED },
    { ngx_string("openIdConnect"), NGX_EIAM_SCHEME_OPEN },
    { ngx_string("http"), NGX_EIAM_SCHEME_SCOPELESS },
    { ngx_string("apiKey"), NGX_EIAM_SCHEME_OTHER },
    { ngx_string("mutualTLS"), NGX_EIAM_SCHEME_OTHER },
    { ngx_null_string, NGX_EIAM_SCHEME_OTHER }
};


static const ngx_eiam_member_t  ngx_eiam_scheme_known[] = {
    ngx_eiam_member("type", NGX_EIAM_STRING),
    ngx_eiam_member("description", NGX_EIAM_ANY),
    ngx_eiam_member("name", NGX_EIAM_STRING),
    ngx_eiam_member("in", NGX_EIAM_STRING),
    ngx_eiam_member("scheme", NGX_EIAM_STRING),
    ngx_eiam_member("bearerFormat", NGX_EIAM_ANY),
    ngx_eiam_member("flows", NGX_EIAM_OBJECT),
    ngx_eiam_member("openIdConnectUrl", NGX_EIAM_ANY),
    ngx_eiam_member_since(2, "oauth2MetadataUrl", NGX_EIAM_ANY),
    ngx_eiam_member_since(2, "deprecated", NGX_EIAM_ANY),
    ngx_eiam_member("x-eiam-bearer", NGX_EIAM_ANY),
    ngx_eiam_members_end
};


static const ngx_eiam_members_t  ngx_eiam_scheme_members = {
    ngx_eiam_scheme_known, "is not a member of a security scheme", 1
};


static const ngx_eiam_member_t  ngx_eiam_flows_known[] = {
    ngx_eiam_member("implicit", NGX_EIAM_OBJECT),
    ngx_eiam_member("password", NGX_EIAM_OBJECT),
    ngx_eiam_member("clientCredentials", NGX_EIAM_OBJECT),
    ngx_eiam_member("authorizationCode", NGX_EIAM_OBJECT),
    ngx_eiam_member_since(2, "deviceAuthorization", NGX_EIAM_OBJECT),
    ngx_eiam_members_end
};


static const ngx_eiam_members_t  ngx_eiam_flows_members = {
    ngx_eiam_flows_known, "is not a flow", 1
};


static const ngx_eiam_member_t  ngx_eiam_flow_known[] = {
    ngx_eiam_member("authorizationUrl", NGX_EIAM_ANY),
    ngx_eiam_member("tokenUrl", NGX_EIAM_ANY),
    ngx_eiam_member("refreshUrl", NGX_EIAM_ANY),
    ngx_eiam_member_since(2, "deviceAuthorizationUrl", NGX_EIAM_ANY),
    ngx_eiam_member("scopes", NGX_EIAM_OBJECT),
    ngx_eiam_members_end
};


static const ngx_eiam_members_t  ngx_eiam_flow_members = {
    ngx_eiam_flow_known, "is not a member of a flow", 1
};


static ngx_int_t ngx_eiam_scheme_http(ngx_eiam_node_t *scheme,
    ngx_uint_t roles, ngx_eiam_scheme_e *kind);
static ngx_int_t ngx_eiam_scheme_bearer(ngx_eiam_node_t *scheme,
    const ngx_str_t *type, ngx_uint_t roles, ngx_eiam_scheme_e *kind);
static ngx_int_t ngx_eiam_scheme_declare(ngx_eiam_security_t *security,
    const ngx_eiam_node_t *scheme);
static ngx_int_t ngx_eiam_scheme_declare_scope(
    ngx_eiam_security_t *security, ngx_eiam_node_t *scope);


ngx_int_t
ngx_eiam_scheme_read(ngx_eiam_security_t *security,
    ngx_eiam_node_t *scheme)
{
    ngx_int_t          rc;
    ngx_eiam_scheme_e  kind;

    rc = ngx_eiam_scheme_kind(scheme, security->roles, &kind);

    if (rc != NGX_OK
        || ngx_eiam_members_read(&ngx_eiam_scheme_members, scheme,
                                 scheme->document->version, NULL)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return (kind == NGX_EIAM_SCHEME_DECLARED)
           ? ngx_eiam_scheme_declare(security, scheme) : NGX_OK;
}


ngx_int_t
ngx_eiam_scheme_kind(ngx_eiam_node_t *scheme, ngx_uint_t roles,
    ngx_eiam_scheme_e *kind)
{
    ngx_int_t                      rc;
    ngx_str_t                      name;
    ngx_eiam_near_t                near;
    ngx_eiam_node_t                type;
    const ngx_eiam_scheme_type_t  *known;

    if (ngx_eiam_node_expect(scheme, NGX_EIAM_OBJECT) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_eiam_node_member(scheme, "$ref", NGX_EIAM_STRING, &type);

    if (rc != NGX_DECLINED) {
        return (rc == NGX_ERROR) ? NGX_ERROR
               : ngx_eiam_fault(&type, "unsupported $ref: a security scheme "
                                "must stand where it is named");
    }

    if (ngx_eiam_node_require(scheme, "type", NGX_EIAM_STRING, &type)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    name = ngx_eiam_node_string(&type);

    ngx_eiam_near_init(&near, &name);

    for (known = ngx_eiam_scheme_types; known->type.len; known++) {

        ngx_eiam_near_compare(&near, &known->type);

        if (ngx_eiam_str_equal(&known->type, &name)) {
            *kind = known->kind;

            if (known->kind == NGX_EIAM_SCHEME_SCOPELESS
                && ngx_eiam_scheme_http(scheme, roles, kind) != NGX_OK)
            {
                return NGX_ERROR;
            }

            return ngx_eiam_scheme_bearer(scheme, &name, roles, kind);
        }
    }

    return ngx_eiam_fault_unknown(&type, &near,
                                  "unknown security scheme type \"%V\"");
}


/* only the bearer scheme carries a token (RFC 6750) */

static ngx_int_t
ngx_eiam_scheme_http(ngx_eiam_node_t *scheme, ngx_uint_t roles,
    ngx_eiam_scheme_e *kind)
{
    ngx_str_t        name;
    ngx_eiam_node_t  member;

    if (ngx_eiam_node_require(scheme, "scheme", NGX_EIAM_STRING, &member)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    name = ngx_eiam_node_string(&member);

    if (name.len != sizeof("bearer") - 1
        || ngx_strncasecmp(name.data, (u_char *) "bearer", name.len) != 0)
    {
        *kind = NGX_EIAM_SCHEME_OTHER;

    } else if (roles) {
        *kind = NGX_EIAM_SCHEME_OPEN;
    }

    return NGX_OK;
}


/*
 * An apiKey in Authorization is most often a signature.  If it is a bearer
 * token, "x-eiam-bearer", an extension of this project, says so.
 */

static ngx_int_t
ngx_eiam_scheme_bearer(ngx_eiam_node_t *scheme, const ngx_str_t *type,
    ngx_uint_t roles, ngx_eiam_scheme_e *kind)
{
    ngx_int_t        rc;
    ngx_str_t        where, field;
    ngx_eiam_node_t  bearer, in, name;

    static const ngx_str_t  api_key = ngx_string("apiKey");
    static const ngx_str_t  header = ngx_string("header");

    rc = ngx_eiam_node_member(scheme, "x-eiam-bearer", NGX_EIAM_BOOLEAN,
                              &bearer);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_DECLINED || !ngx_eiam_node_true(&bearer)) {
        return NGX_OK;
    }

    if (ngx_eiam_str_equal(type, &api_key)
        && ngx_eiam_node_require(scheme, "in", NGX_EIAM_STRING, &in) == NGX_OK
        && ngx_eiam_node_require(scheme, "name", NGX_EIAM_STRING, &name)
           == NGX_OK)
    {
        where = ngx_eiam_node_string(&in);
        field = ngx_eiam_node_string(&name);

        if (ngx_eiam_str_equal(&where, &header)
            && field.len == sizeof("Authorization") - 1
            && ngx_strncasecmp(field.data, (u_char *) "Authorization",
                               field.len)
               == 0)
        {
            *kind = roles ? NGX_EIAM_SCHEME_OPEN : NGX_EIAM_SCHEME_SCOPELESS;
            return NGX_OK;
        }
    }

    return ngx_eiam_fault(&bearer, "is only for an \"apiKey\" in the header "
                          "Authorization");
}


static ngx_int_t
ngx_eiam_scheme_declare(ngx_eiam_security_t *security,
    const ngx_eiam_node_t *scheme)
{
    ngx_eiam_node_t  flows, flow, scopes, scope;

    if (ngx_eiam_node_require(scheme, "flows", NGX_EIAM_OBJECT, &flows)
        != NGX_OK
        || ngx_eiam_members_read(&ngx_eiam_flows_members, &flows,
                                 flows.document->version, NULL)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    flow.parent = NULL;

    while (ngx_eiam_node_next(&flows, &flow) == NGX_OK) {

        if (ngx_eiam_node_is_extension(&flow)) {
            continue;
        }

        if (ngx_eiam_members_read(&ngx_eiam_flow_members, &flow,
                                  flow.document->version, NULL)
            != NGX_OK
            || ngx_eiam_node_require(&flow, "scopes", NGX_EIAM_OBJECT,
                                     &scopes)
               != NGX_OK)
        {
            return NGX_ERROR;
        }

        scope.parent = NULL;

        while (ngx_eiam_node_next(&scopes, &scope) == NGX_OK) {

            if (ngx_eiam_scheme_declare_scope(security, &scope) != NGX_OK) {
                return NGX_ERROR;
            }
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_eiam_scheme_declare_scope(ngx_eiam_security_t *security,
    ngx_eiam_node_t *scope)
{
    if (!ngx_eiam_scheme_is_scope(&scope->key)) {
        return ngx_eiam_finding_add(security->findings, NGX_EIAM_FOUND_SCOPE,
                                    scope);
    }

    return (ngx_eiam_scheme_number(security, scope, &scope->key)
            == NGX_ERROR)
           ? NGX_ERROR : NGX_OK;
}


/* RFC 6749, section 3.3: scope-token */

ngx_uint_t
ngx_eiam_scheme_is_scope(const ngx_str_t *name)
{
    size_t  i;

    for (i = 0; i < name->len; i++) {

        if (name->data[i] <= 0x20 || name->data[i] >= 0x7f
            || name->data[i] == '"' || name->data[i] == '\\')
        {
            return 0;
        }
    }

    return name->len && name->len <= NGX_EIAM_SCOPE_MAX;
}


ngx_int_t
ngx_eiam_scheme_number(ngx_eiam_security_t *security,
    const ngx_eiam_node_t *node, ngx_str_t *name)
{
    ngx_int_t  number;

    number = ngx_eiam_scope_number(security->scopes, name);

    if (number == NGX_ERROR) {
        return ngx_eiam_fault(node, "is one scope more than %d",
                              NGX_EIAM_SCOPES_MAX);
    }

    return number;
}


ngx_int_t
ngx_eiam_scheme_is_declared(const ngx_eiam_node_t *scheme,
    const ngx_str_t *name)
{
    ngx_eiam_node_t  flows, flow, scopes, scope;

    if (ngx_eiam_node_member(scheme, "flows", NGX_EIAM_OBJECT, &flows)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    flow.parent = NULL;

    while (ngx_eiam_node_next(&flows, &flow) == NGX_OK) {

        if (ngx_eiam_node_is_extension(&flow)) {
            continue;
        }

        if (ngx_eiam_node_member(&flow, "scopes", NGX_EIAM_OBJECT, &scopes)
            == NGX_OK
            && ngx_eiam_node_has(&scopes, name, &scope) == NGX_OK)
        {
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}
