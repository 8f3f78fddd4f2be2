
#include <ngx_eiam_members.h>
#include <ngx_eiam_object_mark.h>
#include <ngx_eiam_openapi.h>
#include <ngx_eiam_operation.h>
#include <ngx_eiam_parameter.h>
#include <ngx_eiam_server.h>
#include <ngx_eiam_string.h>


/* reads a member of an operation: NGX_OK, or NGX_ERROR */
typedef ngx_int_t (*ngx_eiam_operation_member_pt)(ngx_eiam_openapi_t *openapi,
    const ngx_eiam_node_t *node, ngx_eiam_operation_t *operation);


static ngx_int_t ngx_eiam_operation_decide(ngx_eiam_path_item_t *path,
    const ngx_eiam_node_t *node, ngx_eiam_operation_t *operation);
static ngx_int_t ngx_eiam_operation_servers(ngx_eiam_path_item_t *path,
    const ngx_eiam_node_t *node, ngx_eiam_operation_t *operation);
static ngx_int_t ngx_eiam_operation_elsewhere(ngx_eiam_path_item_t *path,
    const ngx_eiam_node_t *node, const ngx_str_t *base,
    const ngx_eiam_operation_t *operation);
static ngx_int_t ngx_eiam_operation_add(ngx_eiam_path_item_t *path,
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
                         ngx_eiam_parameters_read, 1),
    ngx_eiam_member("requestBody", NGX_EIAM_ANY),
    ngx_eiam_member("responses", NGX_EIAM_ANY),
    ngx_eiam_member("callbacks", NGX_EIAM_ANY),
    ngx_eiam_member("deprecated", NGX_EIAM_ANY),
    ngx_eiam_member("security", NGX_EIAM_ARRAY),
    ngx_eiam_member("servers", NGX_EIAM_ARRAY),
    ngx_eiam_member("x-eiam-mode", NGX_EIAM_ANY),
    ngx_eiam_members_end
};


static const ngx_eiam_members_t  ngx_eiam_operation_members = {
    ngx_eiam_operation_known, "is not a member of an operation", 1
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

    ngx_eiam_openapi_t    *openapi;
    ngx_eiam_operation_t  *operation, **slot;

    openapi = path->openapi;
    path->own.nelts = 0;

    if (ngx_eiam_members_read(&ngx_eiam_operation_members, node,
                              openapi->version, path)
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
    operation->left_out = path->template.cause;

    slot = ngx_array_push(&openapi->policy->operations);

    if (slot == NULL
        || ngx_eiam_finding_pointer(node, openapi->pool, &operation->pointer)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    *slot = operation;

    if (ngx_eiam_operation_decide(path, node, operation) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_eiam_object_mark_collect(path, operation) != NGX_OK) {
        return NGX_ERROR;
    }

    if (method == NGX_EIAM_METHODS) {
        operation->left_out = NGX_EIAM_LEFT_METHOD;
    }

    if (ngx_eiam_operation_servers(path, node, operation) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_eiam_operation_add(path, node, operation);
}


ngx_int_t
ngx_eiam_operation_additional(void *data, const ngx_eiam_node_t *operations,
    ngx_uint_t number)
{
    ngx_int_t        rc;
    ngx_uint_t       i;
    ngx_eiam_node_t  node;

    node.parent = NULL;

    while (ngx_eiam_node_next(operations, &node) == NGX_OK) {

        for (i = 0; i < NGX_EIAM_METHODS; i++) {

            if (ngx_eiam_policy_methods[i].len == node.key.len
                && ngx_strncasecmp(ngx_eiam_policy_methods[i].data,
                                   node.key.data, node.key.len)
                   == 0)
            {
                break;
            }
        }

        rc = (i == NGX_EIAM_METHODS)
             ? ngx_eiam_operation_read(data, &node, NGX_EIAM_METHODS)
             : ngx_eiam_fault(&node, "has a member of its own in the path "
                              "item");

        if (ngx_eiam_fault_defer(node.document, rc) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_eiam_operation_decide(ngx_eiam_path_item_t *path,
    const ngx_eiam_node_t *node, ngx_eiam_operation_t *operation)
{
    ngx_int_t                            rc;
    ngx_eiam_openapi_t                  *openapi;
    const ngx_eiam_operation_member_pt  *member;

    openapi = path->openapi;

    for (member = ngx_eiam_operation_decisive; *member; member++) {

        rc = ngx_eiam_fault_defer(node->document,
                                  (*member)(openapi, node, operation));
        if (rc != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return path->template.special
           ? ngx_eiam_template_sample(&path->template, openapi->pool,
                                      &operation->sample)
           : NGX_OK;
}


/*
 * The path of the first server counts, as for the document.  At the paths of
 * all its servers the operation is matched, so that its requests are taken for
 * no other operation's.
 */

static ngx_int_t
ngx_eiam_operation_servers(ngx_eiam_path_item_t *path,
    const ngx_eiam_node_t *node, ngx_eiam_operation_t *operation)
{
    ngx_int_t               rc;
    ngx_str_t              *base;
    ngx_uint_t              i;
    ngx_array_t             bases;
    ngx_eiam_node_t         own;
    const ngx_eiam_node_t  *servers;

    static const ngx_str_t  name = ngx_string("servers");

    servers = (ngx_eiam_node_has(node, &name, &own) == NGX_OK)
              ? &own : &path->servers;

    if (servers->value == NULL || path->node == NULL) {
        return NGX_OK;
    }

    if (ngx_array_init(&bases, path->openapi->compiler.temp_pool, 2,
                       sizeof(ngx_str_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    rc = ngx_eiam_server_own(servers, &bases);
    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    base = bases.elts;

    if (operation->left_out == NGX_EIAM_KEPT
        && (rc == NGX_DECLINED
            || !ngx_eiam_str_equal(base, &path->openapi->policy->path)))
    {
        operation->left_out = NGX_EIAM_LEFT_SERVERS;
    }

    for (i = 0; i < bases.nelts; i++) {

        if (ngx_eiam_operation_elsewhere(path, node, &base[i], operation)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* adds the operation below another path, where it is left out */

static ngx_int_t
ngx_eiam_operation_elsewhere(ngx_eiam_path_item_t *path,
    const ngx_eiam_node_t *node, const ngx_str_t *base,
    const ngx_eiam_operation_t *operation)
{
    ngx_eiam_operation_t  *copy;
    ngx_eiam_path_item_t   other;

    if (ngx_eiam_str_equal(base, &path->openapi->policy->path)) {
        return NGX_OK;
    }

    other.openapi = path->openapi;
    other.key = path->key;
    copy = ngx_palloc(path->openapi->pool, sizeof(ngx_eiam_operation_t));

    if (copy == NULL
        || ngx_eiam_operation_template(&other, node, base) != NGX_OK)
    {
        return NGX_ERROR;
    }

    *copy = *operation;

    copy->route = other.route;
    copy->left_out = NGX_EIAM_LEFT_SERVERS;

    return ngx_eiam_operation_add(&other, node, copy);
}


static ngx_int_t
ngx_eiam_operation_add(ngx_eiam_path_item_t *path,
    const ngx_eiam_node_t *node, ngx_eiam_operation_t *operation)
{
    ngx_int_t              rc;
    ngx_eiam_operation_t  *other;

    if (path->node == NULL) {
        return NGX_OK;
    }

    rc = ngx_eiam_compile_operation(&path->openapi->compiler, path->node,
                                    path->template.slash, operation, &other);

    return (rc == NGX_DECLINED)
           ? ngx_eiam_fault(node, "no request can tell \"%V\" from \"%V\"",
                            &operation->route, &other->route)
           : rc;
}


ngx_int_t
ngx_eiam_operation_template(ngx_eiam_path_item_t *path,
    const ngx_eiam_node_t *item, const ngx_str_t *base)
{
    ngx_eiam_openapi_t  *openapi;

    openapi = path->openapi;

    path->node = NULL;
    path->route.len = base->len + path->key.len;
    path->route.data = ngx_pnalloc(openapi->pool, path->route.len + 1);
    if (path->route.data == NULL) {
        return NGX_ERROR;
    }

    ngx_sprintf(path->route.data, "%V%V", base, &path->key);

    if (ngx_eiam_template_read(item, &path->route, openapi->pool,
                               &path->template)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (path->template.unmatched) {
        return NGX_OK;
    }

    path->node = ngx_eiam_compile_template(&openapi->compiler,
                                           &path->template);

    return path->node ? NGX_OK : NGX_ERROR;
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
        operation->left_out = NGX_EIAM_LEFT_NO_SECURITY;
        return NGX_OK;
    }

    if (common->left_out) {
        operation->left_out = common->left_out;
    }

    operation->is_public = common->is_public;
    operation->alternatives = common->alternatives;
    operation->n = common->n;
    operation->required = common->required;

    return NGX_OK;
}


/* "x-eiam-mode" is an extension of this project: "report", or "on" (default) */

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


/* an operation without an operationId is named by its method and template */

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

        method = (operation->method < NGX_EIAM_METHODS)
                 ? ngx_eiam_policy_methods[operation->method] : node->key;

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
        return ngx_eiam_fault(&id, "operationId \"%V\" occurs twice",
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


/* the way to the operation exists, as the operation has been read there */

ngx_int_t
ngx_eiam_operation_rivals(const ngx_eiam_openapi_t *openapi,
    const ngx_eiam_rivals_t *rivals)
{
    u_char                  lowcase[sizeof("OPTIONS")];
    ngx_str_t               key, method;
    ngx_eiam_node_t         paths, item, reference, target, node;
    const ngx_eiam_node_t  *parent;

    method = ngx_eiam_policy_methods[rivals->other->method];

    ngx_strlow(lowcase, method.data, method.len);
    method.data = lowcase;

    key.data = rivals->other->route.data + openapi->policy->path.len;
    key.len = rivals->other->route.len - openapi->policy->path.len;

    if (ngx_eiam_node_require(openapi->root, "paths", NGX_EIAM_OBJECT, &paths)
        != NGX_OK
        || ngx_eiam_node_has(&paths, &key, &item) != NGX_OK)
    {
        return NGX_ERROR;
    }

    parent = &item;

    if (ngx_eiam_node_member(&item, "$ref", NGX_EIAM_STRING, &reference)
        == NGX_OK)
    {
        if (ngx_eiam_node_refer(&reference, &target) != NGX_OK) {
            return NGX_ERROR;
        }

        parent = &target;
    }

    if (ngx_eiam_node_has(parent, &method, &node) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_eiam_fault(&node, "%V of \"%V\" and %V of \"%V\" may be the "
                          "same request, but their requirements differ",
                          &ngx_eiam_policy_methods[rivals->one->method],
                          &rivals->one->route,
                          &ngx_eiam_policy_methods[rivals->other->method],
                          &rivals->other->route);
}
