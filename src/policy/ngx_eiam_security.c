
#include <ngx_eiam_members.h>
#include <ngx_eiam_near.h>
#include <ngx_eiam_security.h>
#include <ngx_eiam_string.h>


typedef enum {
    NGX_EIAM_SCHEME_OTHER = 0,        /* nothing a bearer token can satisfy */
    NGX_EIAM_SCHEME_DECLARED,         /* it declares its scopes */
    NGX_EIAM_SCHEME_OPEN,             /* its scopes are declared elsewhere */
    NGX_EIAM_SCHEME_SCOPELESS
} ngx_eiam_scheme_e;


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
    ngx_eiam_members_end
};


static const ngx_eiam_members_t  ngx_eiam_scheme_members = {
    ngx_eiam_scheme_known, "is no member of a security scheme", 1
};


static const ngx_eiam_member_t  ngx_eiam_flows_known[] = {
    ngx_eiam_member("implicit", NGX_EIAM_OBJECT),
    ngx_eiam_member("password", NGX_EIAM_OBJECT),
    ngx_eiam_member("clientCredentials", NGX_EIAM_OBJECT),
    ngx_eiam_member("authorizationCode", NGX_EIAM_OBJECT),
    ngx_eiam_members_end
};


static const ngx_eiam_members_t  ngx_eiam_flows_members = {
    ngx_eiam_flows_known, "is no flow", 1
};


static const ngx_eiam_member_t  ngx_eiam_flow_known[] = {
    ngx_eiam_member("authorizationUrl", NGX_EIAM_ANY),
    ngx_eiam_member("tokenUrl", NGX_EIAM_ANY),
    ngx_eiam_member("refreshUrl", NGX_EIAM_ANY),
    ngx_eiam_member("scopes", NGX_EIAM_OBJECT),
    ngx_eiam_members_end
};


static const ngx_eiam_members_t  ngx_eiam_flow_members = {
    ngx_eiam_flow_known, "is no member of a flow", 1
};


static ngx_int_t ngx_eiam_security_known(ngx_eiam_security_t *security,
    ngx_eiam_node_t *scheme);
static ngx_int_t ngx_eiam_security_scheme(ngx_eiam_node_t *scheme,
    ngx_uint_t roles, ngx_eiam_scheme_e *kind);
static ngx_int_t ngx_eiam_security_http(ngx_eiam_node_t *scheme,
    ngx_uint_t roles, ngx_eiam_scheme_e *kind);
static ngx_int_t ngx_eiam_security_declare(ngx_eiam_security_t *security,
    const ngx_eiam_node_t *scheme);
static ngx_int_t ngx_eiam_security_number(ngx_eiam_security_t *security,
    const ngx_eiam_node_t *node, ngx_str_t *name);
static ngx_int_t ngx_eiam_security_alternative(ngx_eiam_security_t *security,
    const ngx_eiam_node_t *requirement, ngx_eiam_alternative_t *alternative);
static ngx_int_t ngx_eiam_security_require(ngx_eiam_security_t *security,
    const ngx_eiam_node_t *names, ngx_array_t *numbers);
static ngx_int_t ngx_eiam_security_missing(ngx_eiam_security_t *security,
    const ngx_eiam_node_t *names);
static ngx_int_t ngx_eiam_security_is_declared(const ngx_eiam_node_t *scheme,
    const ngx_str_t *name);
static ngx_int_t ngx_eiam_security_texts(ngx_eiam_security_t *security,
    ngx_eiam_operation_t *operation);


ngx_int_t
ngx_eiam_security_init(ngx_eiam_security_t *security,
    const ngx_eiam_node_t *root)
{
    ngx_int_t        rc;
    ngx_eiam_node_t  scheme;

    security->schemes.value = NULL;

    rc = ngx_eiam_node_member(root, "components", NGX_EIAM_OBJECT,
                              &security->components);
    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? NGX_OK : NGX_ERROR;
    }

    rc = ngx_eiam_node_member(&security->components, "securitySchemes",
                              NGX_EIAM_OBJECT, &security->schemes);
    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? NGX_OK : NGX_ERROR;
    }

    scheme.parent = NULL;

    while (ngx_eiam_node_next(&security->schemes, &scheme) == NGX_OK) {

        rc = ngx_eiam_security_known(security, &scheme);

        if (ngx_eiam_fault_defer(root->document, rc) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_eiam_security_known(ngx_eiam_security_t *security,
    ngx_eiam_node_t *scheme)
{
    ngx_int_t          rc;
    ngx_eiam_scheme_e  kind;

    rc = ngx_eiam_security_scheme(scheme, security->roles, &kind);

    if (rc != NGX_OK
        || ngx_eiam_members_read(&ngx_eiam_scheme_members, scheme, 0, NULL)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return (kind == NGX_EIAM_SCHEME_DECLARED)
           ? ngx_eiam_security_declare(security, scheme) : NGX_OK;
}


static ngx_int_t
ngx_eiam_security_scheme(ngx_eiam_node_t *scheme, ngx_uint_t roles,
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

            return (known->kind == NGX_EIAM_SCHEME_SCOPELESS)
                   ? ngx_eiam_security_http(scheme, roles, kind) : NGX_OK;
        }
    }

    return ngx_eiam_fault_unknown(&type, &near,
                                  "unknown security scheme type \"%V\"");
}


/* only the bearer scheme carries a token (RFC 6750) */

static ngx_int_t
ngx_eiam_security_http(ngx_eiam_node_t *scheme, ngx_uint_t roles,
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


static ngx_int_t
ngx_eiam_security_declare(ngx_eiam_security_t *security,
    const ngx_eiam_node_t *scheme)
{
    ngx_eiam_node_t  flows, flow, scopes, scope;

    if (ngx_eiam_node_require(scheme, "flows", NGX_EIAM_OBJECT, &flows)
        != NGX_OK
        || ngx_eiam_members_read(&ngx_eiam_flows_members, &flows, 0, NULL)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    flow.parent = NULL;

    while (ngx_eiam_node_next(&flows, &flow) == NGX_OK) {

        if (ngx_eiam_node_is_extension(&flow)) {
            continue;
        }

        if (ngx_eiam_members_read(&ngx_eiam_flow_members, &flow, 0, NULL)
            != NGX_OK
            || ngx_eiam_node_require(&flow, "scopes", NGX_EIAM_OBJECT,
                                     &scopes)
               != NGX_OK)
        {
            return NGX_ERROR;
        }

        scope.parent = NULL;

        while (ngx_eiam_node_next(&scopes, &scope) == NGX_OK) {

            if (ngx_eiam_security_number(security, &scope, &scope.key)
                == NGX_ERROR)
            {
                return NGX_ERROR;
            }
        }
    }

    return NGX_OK;
}


/* RFC 6749, section 3.3: scope-token */

static ngx_int_t
ngx_eiam_security_number(ngx_eiam_security_t *security,
    const ngx_eiam_node_t *node, ngx_str_t *name)
{
    size_t     i;
    ngx_int_t  number;

    for (i = 0; i < name->len; i++) {

        if (name->data[i] <= 0x20 || name->data[i] >= 0x7f
            || name->data[i] == '"' || name->data[i] == '\\')
        {
            break;
        }
    }

    if (i < name->len || name->len == 0 || name->len > NGX_EIAM_SCOPE_MAX) {
        return ngx_eiam_fault(node, "\"%V\" is not a scope", name);
    }

    number = ngx_eiam_scope_number(security->scopes, name);

    if (number == NGX_ERROR) {
        return ngx_eiam_fault(node, "is one scope more than %d",
                              NGX_EIAM_SCOPES_MAX);
    }

    return number;
}


ngx_int_t
ngx_eiam_security_read(ngx_eiam_security_t *security,
    const ngx_eiam_node_t *requirements, ngx_eiam_operation_t *operation)
{
    ngx_int_t                rc;
    ngx_eiam_node_t          requirement;
    ngx_eiam_alternative_t  *alternative;

    operation->n = ngx_eiam_node_count(requirements);
    operation->is_public = (operation->n == 0);

    alternative = ngx_pcalloc(security->pool,
                              operation->n * sizeof(ngx_eiam_alternative_t)
                              + 1);
    if (alternative == NULL) {
        return NGX_ERROR;
    }

    operation->alternatives = alternative;

    requirement.parent = NULL;

    while (ngx_eiam_node_next(requirements, &requirement) == NGX_OK) {

        rc = ngx_eiam_security_alternative(security, &requirement,
                                           alternative++);

        if (ngx_eiam_fault_defer(requirements->document, rc) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return ngx_eiam_security_texts(security, operation);
}


static ngx_int_t
ngx_eiam_security_alternative(ngx_eiam_security_t *security,
    const ngx_eiam_node_t *requirement, ngx_eiam_alternative_t *alternative)
{
    ngx_int_t        rc;
    ngx_array_t      numbers;
    ngx_eiam_node_t  names;

    if (ngx_eiam_node_expect(requirement, NGX_EIAM_OBJECT) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_eiam_node_count(requirement) == 0) {
        return ngx_eiam_fault(requirement, "is empty: a public operation has "
                              "\"security\": []");
    }

    if (ngx_array_init(&numbers, security->pool, 1, sizeof(uint16_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    names.parent = NULL;

    while (ngx_eiam_node_next(requirement, &names) == NGX_OK) {

        rc = ngx_eiam_security_require(security, &names, &numbers);

        if (ngx_eiam_fault_defer(requirement->document, rc) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    alternative->scopes = numbers.elts;
    alternative->n = numbers.nelts;

    return NGX_OK;
}


static ngx_int_t
ngx_eiam_security_require(ngx_eiam_security_t *security,
    const ngx_eiam_node_t *names, ngx_array_t *numbers)
{
    uint16_t           *number;
    ngx_int_t           n;
    ngx_str_t           name;
    ngx_eiam_node_t     scheme, scope;
    ngx_eiam_scheme_e   kind;

    if (security->schemes.value == NULL
        || ngx_eiam_node_has(&security->schemes, &names->key, &scheme)
           != NGX_OK)
    {
        return ngx_eiam_security_missing(security, names);
    }

    if (ngx_eiam_security_scheme(&scheme, security->roles, &kind) != NGX_OK
        || ngx_eiam_node_expect(names, NGX_EIAM_ARRAY) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (kind == NGX_EIAM_SCHEME_OTHER) {
        return ngx_eiam_fault(names, "no bearer token satisfies this "
                              "security scheme");
    }

    scope.parent = NULL;

    while (ngx_eiam_node_next(names, &scope) == NGX_OK) {

        if (ngx_eiam_node_expect(&scope, NGX_EIAM_STRING) != NGX_OK) {
            return NGX_ERROR;
        }

        name = ngx_eiam_node_string(&scope);

        if (kind != NGX_EIAM_SCHEME_OPEN
            && ngx_eiam_security_is_declared(&scheme, &name) != NGX_OK)
        {
            return ngx_eiam_fault(&scope, "scope \"%V\" is not declared by "
                                  "its security scheme", &name);
        }

        n = ngx_eiam_security_number(security, &scope, &name);
        if (n == NGX_ERROR) {
            return NGX_ERROR;
        }

        number = ngx_array_push(numbers);
        if (number == NULL) {
            return NGX_ERROR;
        }

        *number = (uint16_t) n;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_eiam_security_missing(ngx_eiam_security_t *security,
    const ngx_eiam_node_t *names)
{
    ngx_eiam_near_t  near;
    ngx_eiam_node_t  scheme;

    ngx_eiam_near_init(&near, &names->key);

    scheme.parent = NULL;

    while (security->schemes.value
           && ngx_eiam_node_next(&security->schemes, &scheme) == NGX_OK)
    {
        ngx_eiam_near_compare(&near, &scheme.key);
    }

    return ngx_eiam_fault_unknown(names, &near,
                                  "there is no such security scheme");
}


static ngx_int_t
ngx_eiam_security_is_declared(const ngx_eiam_node_t *scheme,
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


/* the requirement in words, and its scopes in RFC 6750's form */

static ngx_int_t
ngx_eiam_security_texts(ngx_eiam_security_t *security,
    ngx_eiam_operation_t *operation)
{
    u_char                  *p;
    size_t                   len;
    uint16_t                 number;
    ngx_int_t               *first;
    ngx_str_t               *name;
    ngx_uint_t               i, k;
    ngx_array_t              order;
    ngx_eiam_scope_bits_t   *set;
    ngx_eiam_alternative_t  *alternative;

    name = security->scopes->names.elts;
    alternative = operation->alternatives;
    len = 0;

    for (i = 0; i < operation->n; i++) {
        len += sizeof(" | ") - 1;

        for (k = 0; k < alternative[i].n; k++) {
            len += name[alternative[i].scopes[k]].len + 1;
        }
    }

    p = ngx_pnalloc(security->pool, len + 1);
    set = ngx_eiam_scope_set_create(security->scopes, security->pool);

    if (p == NULL || set == NULL
        || ngx_array_init(&order, security->pool, 4, sizeof(ngx_int_t))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    operation->required.data = p;

    for (i = 0; i < operation->n; i++) {

        p = ngx_sprintf(p, "%s", i ? " | " : "");

        for (k = 0; k < alternative[i].n; k++) {

            number = alternative[i].scopes[k];
            p = ngx_sprintf(p, "%s%V", k ? " " : "", &name[number]);

            first = ngx_array_push(&order);
            if (first == NULL) {
                return NGX_ERROR;
            }

            *first = number;
            ngx_eiam_scope_set_add(set, number);
        }
    }

    operation->required.len = p - operation->required.data;

    return ngx_eiam_scope_set_text(security->scopes, set, &order,
                                   security->pool, &operation->scope);
}
