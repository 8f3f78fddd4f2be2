
#include <ngx_eiam_near.h>
#include <ngx_eiam_scheme.h>
#include <ngx_eiam_security.h>


static ngx_int_t ngx_eiam_security_alternative(ngx_eiam_security_t *security,
    const ngx_eiam_node_t *requirement, ngx_eiam_alternative_t *alternative);
static ngx_int_t ngx_eiam_security_require(ngx_eiam_security_t *security,
    const ngx_eiam_node_t *names, ngx_array_t *numbers,
    ngx_eiam_cause_e *cause);
static ngx_int_t ngx_eiam_security_add(ngx_eiam_security_t *security,
    const ngx_eiam_node_t *scheme, ngx_eiam_scheme_e kind,
    const ngx_eiam_node_t *scope, ngx_array_t *numbers,
    ngx_eiam_cause_e *cause);
static ngx_int_t ngx_eiam_security_missing(ngx_eiam_security_t *security,
    const ngx_eiam_node_t *names);
static ngx_int_t ngx_eiam_security_text(ngx_eiam_security_t *security,
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

        rc = ngx_eiam_scheme_read(security, &scheme);

        if (ngx_eiam_fault_defer(root->document, rc) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_eiam_security_read(ngx_eiam_security_t *security,
    const ngx_eiam_node_t *requirements, ngx_eiam_operation_t *operation)
{
    ngx_int_t                rc;
    ngx_uint_t               n, found;
    ngx_eiam_node_t          requirement;
    ngx_eiam_alternative_t  *alternative;

    n = ngx_eiam_node_count(requirements);
    found = security->findings->nelts;

    alternative = ngx_pcalloc(security->pool,
                              n * sizeof(ngx_eiam_alternative_t) + 1);
    if (alternative == NULL) {
        return NGX_ERROR;
    }

    operation->alternatives = alternative;
    operation->n = 0;
    operation->is_public = (n == 0);

    requirement.parent = NULL;

    while (ngx_eiam_node_next(requirements, &requirement) == NGX_OK) {

        rc = ngx_eiam_security_alternative(security, &requirement,
                                           &alternative[operation->n]);

        if (rc == NGX_OK) {
            operation->n++;
        }

        if (rc != NGX_DECLINED
            && ngx_eiam_fault_defer(requirements->document, rc) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    /*
     * the finding is then that of the operation, not those of its alternatives
     */

    if (n && operation->n == 0) {
        security->findings->nelts = found;
        operation->left_out = NGX_EIAM_LEFT_NO_ALTERNATIVE;
    }

    return ngx_eiam_security_text(security, operation);
}


/* NGX_OK; NGX_DECLINED: the alternative is left out; or NGX_ERROR */

static ngx_int_t
ngx_eiam_security_alternative(ngx_eiam_security_t *security,
    const ngx_eiam_node_t *requirement, ngx_eiam_alternative_t *alternative)
{
    ngx_int_t         rc;
    ngx_array_t       numbers;
    ngx_eiam_node_t   names;
    ngx_eiam_cause_e  cause;

    if (ngx_eiam_node_expect(requirement, NGX_EIAM_OBJECT) != NGX_OK
        || ngx_array_init(&numbers, security->pool, 1, sizeof(uint16_t))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    cause = ngx_eiam_node_count(requirement) ? NGX_EIAM_KEPT
                                             : NGX_EIAM_LEFT_EMPTY;
    names.parent = NULL;

    while (ngx_eiam_node_next(requirement, &names) == NGX_OK) {

        rc = ngx_eiam_security_require(security, &names, &numbers, &cause);

        if (ngx_eiam_fault_defer(requirement->document, rc) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (cause != NGX_EIAM_KEPT) {
        return (ngx_eiam_finding_add(security->findings, cause, requirement)
                == NGX_OK)
               ? NGX_DECLINED : NGX_ERROR;
    }

    alternative->scopes = numbers.elts;
    alternative->n = numbers.nelts;

    return NGX_OK;
}


/* sets a cause to leave the alternative out, if there is one: NGX_OK */

static ngx_int_t
ngx_eiam_security_require(ngx_eiam_security_t *security,
    const ngx_eiam_node_t *names, ngx_array_t *numbers,
    ngx_eiam_cause_e *cause)
{
    ngx_eiam_node_t     scheme, scope;
    ngx_eiam_scheme_e   kind;

    if (security->schemes.value == NULL
        || ngx_eiam_node_has(&security->schemes, &names->key, &scheme)
           != NGX_OK)
    {
        return ngx_eiam_security_missing(security, names);
    }

    if (ngx_eiam_scheme_kind(&scheme, security->roles, &kind) != NGX_OK
        || ngx_eiam_node_expect(names, NGX_EIAM_ARRAY) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (kind == NGX_EIAM_SCHEME_OTHER) {
        *cause = NGX_EIAM_LEFT_SCHEME;
        return NGX_OK;
    }

    scope.parent = NULL;

    while (ngx_eiam_node_next(names, &scope) == NGX_OK) {

        if (ngx_eiam_node_expect(&scope, NGX_EIAM_STRING) != NGX_OK
            || ngx_eiam_security_add(security, &scheme, kind, &scope, numbers,
                                     cause)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_eiam_security_add(ngx_eiam_security_t *security,
    const ngx_eiam_node_t *scheme, ngx_eiam_scheme_e kind,
    const ngx_eiam_node_t *scope, ngx_array_t *numbers,
    ngx_eiam_cause_e *cause)
{
    uint16_t   *number;
    ngx_int_t   n;
    ngx_str_t   name;

    name = ngx_eiam_node_string(scope);

    if (!ngx_eiam_scheme_is_scope(&name)) {
        *cause = NGX_EIAM_LEFT_SCOPE;
        return NGX_OK;
    }

    if (kind != NGX_EIAM_SCHEME_OPEN
        && ngx_eiam_scheme_is_declared(scheme, &name) != NGX_OK
        && ngx_eiam_finding_add(security->findings, NGX_EIAM_FOUND_UNDECLARED,
                                scope)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    n = ngx_eiam_scheme_number(security, scope, &name);
    if (n == NGX_ERROR) {
        return NGX_ERROR;
    }

    number = ngx_array_push(numbers);
    if (number == NULL) {
        return NGX_ERROR;
    }

    *number = (uint16_t) n;

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


/* writes the requirement as text */

static ngx_int_t
ngx_eiam_security_text(ngx_eiam_security_t *security,
    ngx_eiam_operation_t *operation)
{
    u_char                  *p;
    size_t                   len;
    ngx_str_t               *name;
    ngx_uint_t               i, k;
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
    if (p == NULL) {
        return NGX_ERROR;
    }

    operation->required.data = p;

    for (i = 0; i < operation->n; i++) {

        p = ngx_sprintf(p, "%s", i ? " | " : "");

        for (k = 0; k < alternative[i].n; k++) {
            p = ngx_sprintf(p, "%s%V", k ? " " : "",
                            &name[alternative[i].scopes[k]]);
        }
    }

    operation->required.len = p - operation->required.data;

    return NGX_OK;
}


ngx_uint_t
ngx_eiam_security_is_open(const ngx_eiam_operation_t *operation)
{
    ngx_uint_t  i;

    for (i = 0; i < operation->n; i++) {

        if (operation->alternatives[i].n == 0) {
            return 1;
        }
    }

    return 0;
}
