
#include <ngx_eiam_members.h>
#include <ngx_eiam_openapi.h>
#include <ngx_eiam_operation.h>
#include <ngx_eiam_parameter.h>
#include <ngx_eiam_server.h>
#include <ngx_eiam_string.h>


/* reads a member of an operation: NGX_OK, or NGX_ERROR */
typedef ngx_int_t (*ngx_eiam_operation_member_pt)(ngx_eiam_openapi_t *openapi,
    const ngx_eiam_node_t *node, ngx_eiam_operation_t *operation);


static ngx_int_t ngx_eiam_operation_security(ngx_eiam_openapi_t *openapi,
    const ngx_eiam_node_t *node, ngx_eiam_operation_t *operation);
static ngx_int_t ngx_eiam_operation_mode(ngx_eiam_openapi_t *openapi,
    const ngx_eiam_node_t *node, ngx_eiam_operation_t *operation);
static ngx_int_t ngx_eiam_operation_id(ngx_eiam_openapi_t *openapi,
    const ngx_eiam_node_t *node, ngx_eiam_operation_t *operation);


static const ngx_eiam_member_t  ngx_eiam_operation_known[] = {
    ngx_eiam_member("tags", NGX_EIAM_ANY),
    ngx_eiam_member("summary", NGX_EIAM_ANY),
    ngx_eiam_member("description", NGX_EIAM_ANY),
    ngx_eiam_member("externalDocs", NGX_EIAM_ANY),
    ngx_eiam_member("operationId", NGX_EIAM_STRING),
    ngx_eiam_member_read("parameters", NGX_EIAM_ARRAY,
                         ngx_eiam_parameters_read, 0),
    ngx_eiam_member("requestBody", NGX_EIAM_ANY),
    ngx_eiam_member("responses", NGX_EIAM_ANY),
    ngx_eiam_member("callbacks", NGX_EIAM_ANY),
    ngx_eiam_member("deprecated", NGX_EIAM_ANY),
    ngx_eiam_member("security", NGX_EIAM_ARRAY),
    ngx_eiam_member_read("servers", NGX_EIAM_ARRAY, ngx_eiam_server_own, 0),
    ngx_eiam_members_end
};


static const ngx_eiam_members_t  ngx_eiam_operation_members = {
    ngx_eiam_operation_known, "is no member of an operation", 1
};


static const ngx_eiam_operation_member_pt  ngx_eiam_operation_decisive[] = {
    ngx_eiam_operation_security,
    ngx_eiam_operation_id,
    ngx_eiam_operation_mode,
    NULL
};


ngx_int_t
ngx_eiam_operation_read(void *data, const ngx_eiam_node_t *node,
    ngx_uint_t method)
{
    ngx_eiam_path_item_t *path = data;

    ngx_int_t                            rc;
    ngx_eiam_openapi_t                  *openapi;
    ngx_eiam_operation_t                *operation, *other, **place;
    const ngx_eiam_operation_member_pt  *member;

    openapi = path->openapi;

    if (ngx_eiam_members_read(&ngx_eiam_operation_members, node,
                              openapi->version, NULL)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    operation = ngx_pcalloc(openapi->pool, sizeof(ngx_eiam_operation_t));
    if (operation == NULL) {
        return NGX_ERROR;
    }

    operation->route = path->route;
    operation->method = method;
    place = ngx_array_push(&openapi->policy->operations);

    if (place == NULL) {
        return NGX_ERROR;
    }

    *place = operation;

    for (member = ngx_eiam_operation_decisive; *member; member++) {

        rc = ngx_eiam_fault_defer(node->document,
                                  (*member)(openapi, node, operation));
        if (rc != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (path->node
        && ngx_eiam_compile_operation(path->node, method, operation, &other)
           != NGX_OK)
    {
        return ngx_eiam_fault(node, "no request can tell \"%V\" from \"%V\"",
                              &path->route, &other->route);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_eiam_operation_security(ngx_eiam_openapi_t *openapi,
    const ngx_eiam_node_t *node, ngx_eiam_operation_t *operation)
{
    ngx_int_t              rc;
    ngx_eiam_node_t        requirements;
    ngx_eiam_operation_t  *common;

    rc = ngx_eiam_node_member(node, "security", NGX_EIAM_ARRAY,
                              &requirements);
    if (rc == NGX_OK) {
        return ngx_eiam_security_read(&openapi->security, &requirements,
                                      operation);
    }

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    common = openapi->common;

    if (common == NULL) {
        return ngx_eiam_fault(node, "has no \"security\", and the document "
                              "has none");
    }

    operation->is_public = common->is_public;
    operation->alternatives = common->alternatives;
    operation->n = common->n;
    operation->required = common->required;
    operation->scope = common->scope;

    return NGX_OK;
}


/* this project's extension: "report", or "on", as if it were not there */

static ngx_int_t
ngx_eiam_operation_mode(ngx_eiam_openapi_t *openapi,
    const ngx_eiam_node_t *node, ngx_eiam_operation_t *operation)
{
    ngx_int_t        rc;
    ngx_str_t        mode;
    ngx_eiam_node_t  member;

    static const ngx_str_t  on = ngx_string("on");
    static const ngx_str_t  report = ngx_string("report");

    rc = ngx_eiam_node_member(node, "x-eiam-mode", NGX_EIAM_STRING, &member);

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? NGX_OK : rc;
    }

    mode = ngx_eiam_node_string(&member);
    operation->report = ngx_eiam_str_equal(&mode, &report);

    return (operation->report || ngx_eiam_str_equal(&mode, &on))
           ? NGX_OK
           : ngx_eiam_fault(&member, "must be \"on\" or \"report\"");
}


/* without an operationId the method and the template are the name */

static ngx_int_t
ngx_eiam_operation_id(ngx_eiam_openapi_t *openapi, const ngx_eiam_node_t *node,
    ngx_eiam_operation_t *operation)
{
    uint32_t          hash;
    ngx_int_t         rc;
    ngx_str_t         method;
    ngx_eiam_node_t   id;
    ngx_str_node_t   *sn;

    rc = ngx_eiam_node_member(node, "operationId", NGX_EIAM_STRING, &id);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_DECLINED) {

        method = ngx_eiam_policy_methods[operation->method];

        operation->id.len = method.len + 1 + operation->route.len;
        operation->id.data = ngx_pnalloc(openapi->pool, operation->id.len);
        if (operation->id.data == NULL) {
            return NGX_ERROR;
        }

        ngx_sprintf(operation->id.data, "%V %V", &method, &operation->route);

        return NGX_OK;
    }

    if (ngx_eiam_node_identifier(&id, NGX_EIAM_ID_MAX) != NGX_OK
        || ngx_eiam_node_copy(&id, openapi->pool, &operation->id) != NGX_OK)
    {
        return NGX_ERROR;
    }

    hash = ngx_crc32_long(operation->id.data, operation->id.len);

    if (ngx_str_rbtree_lookup(&openapi->ids, &operation->id, hash)) {
        return ngx_eiam_fault(&id, "operationId \"%V\" stands twice",
                              &operation->id);
    }

    sn = ngx_palloc(openapi->compiler.temp_pool, sizeof(ngx_str_node_t));
    if (sn == NULL) {
        return NGX_ERROR;
    }

    sn->str = operation->id;
    sn->node.key = hash;

    ngx_rbtree_insert(&openapi->ids, &sn->node);

    return NGX_OK;
}
