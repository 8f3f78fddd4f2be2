
#include <ngx_eiam_finding.h>


#define NGX_EIAM_POINTER_MAX  512     /* bytes of a pointer that are shown */


const ngx_eiam_cause_t  ngx_eiam_finding_causes[] = {

    { ngx_null_string, ngx_null_string, ngx_null_string, ngx_null_string },

    { ngx_string("no_security"),
      ngx_string("operations"),
      ngx_string("no \"security\", neither their own nor the "
                 "document's"),
      ngx_string("an OpenAPI Overlay can add it") },

    { ngx_string("no_alternative"),
      ngx_string("operations"),
      ngx_string("no bearer token can satisfy their \"security\""),
      ngx_string("an OpenAPI Overlay can add a scheme, or "
                 "\"x-eiam-bearer\" to an \"apiKey\" in Authorization") },

    { ngx_string("servers"),
      ngx_string("operations"),
      ngx_string("\"servers\" with another path than the document's"),
      ngx_string("an OpenAPI Overlay can remove them") },

    { ngx_string("several_parameters"),
      ngx_string("operations"),
      ngx_string("several parameters in one segment"),
      ngx_null_string },

    { ngx_string("query"),
      ngx_string("operations"),
      ngx_string("a query or a fragment in the template"),
      ngx_null_string },

    { ngx_string("literal"),
      ngx_string("operations"),
      ngx_string("a segment that no request can bring"),
      ngx_null_string },

    { ngx_string("method"),
      ngx_string("operations"),
      ngx_string("\"additionalOperations\""),
      ngx_null_string },

    { ngx_string("alike"),
      ngx_string("operations"),
      ngx_string("no request can tell them from others that are left "
                 "out and may require more"),
      ngx_null_string },

    { ngx_string("path"),
      ngx_string("operations"),
      ngx_string("\"eiam_path\" lets no request of theirs pass; \"utf8\" "
                 "lets more pass than \"strict\""),
      ngx_null_string },

    { ngx_string("alternative_scheme"),
      ngx_string("alternatives"),
      ngx_string("no bearer token can satisfy one of the schemes"),
      ngx_null_string },

    { ngx_string("alternative_empty"),
      ngx_string("alternatives"),
      ngx_string("nothing is required"),
      ngx_null_string },

    { ngx_string("alternative_scope"),
      ngx_string("alternatives"),
      ngx_string("no token can have one of the scopes"),
      ngx_null_string },

    { ngx_string("scope_undeclared"),
      ngx_string("scopes are required"),
      ngx_string("the security scheme does not declare them"),
      ngx_null_string },

    { ngx_string("scope_name"),
      ngx_string("scopes are declared"),
      ngx_string("no token can have them"),
      ngx_null_string },

    { ngx_string("server"),
      ngx_string("servers are not used"),
      ngx_string("the path of the first one is the policy's"),
      ngx_null_string },

    { ngx_string("any_token"),
      ngx_string("operations accept any valid token"),
      ngx_string("no scope is required"),
      ngx_null_string },

    { ngx_string("object_unmarked"),
      ngx_string("parameters name no object"),
      ngx_string("they override one of the path item that has "
                 "\"x-eiam-object\""),
      ngx_null_string }
};


ngx_int_t
ngx_eiam_finding_add(ngx_array_t *findings, ngx_eiam_cause_e cause,
    const ngx_eiam_node_t *node)
{
    ngx_str_t  pointer;

    if (ngx_eiam_finding_pointer(node, findings->pool, &pointer) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_eiam_finding_add_operation(findings, cause, NULL, &pointer);
}


ngx_int_t
ngx_eiam_finding_add_operation(ngx_array_t *findings, ngx_eiam_cause_e cause,
    const ngx_eiam_operation_t *operation, const ngx_str_t *pointer)
{
    ngx_eiam_finding_t  *finding;

    finding = ngx_array_push(findings);
    if (finding == NULL) {
        return NGX_ERROR;
    }

    finding->cause = cause;
    finding->pointer = *pointer;
    finding->operation = operation;

    return NGX_OK;
}


ngx_int_t
ngx_eiam_finding_pointer(const ngx_eiam_node_t *node, ngx_pool_t *pool,
    ngx_str_t *pointer)
{
    u_char     buf[NGX_EIAM_POINTER_MAX];
    ngx_str_t  text;

    text.data = buf;
    text.len = ngx_eiam_node_pointer(buf, buf + NGX_EIAM_POINTER_MAX, node)
               - buf;

    pointer->len = text.len;
    pointer->data = ngx_pstrdup(pool, &text);

    return pointer->data ? NGX_OK : NGX_ERROR;
}


ngx_uint_t
ngx_eiam_finding_count(const ngx_array_t *findings, ngx_eiam_cause_e cause)
{
    ngx_uint_t           i, n;
    ngx_eiam_finding_t  *finding;

    n = 0;
    finding = findings->elts;

    for (i = 0; i < findings->nelts; i++) {
        n += (finding[i].cause == cause);
    }

    return n;
}
