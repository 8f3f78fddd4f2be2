
#include <ngx_eiam_openapi.h>
#include <ngx_eiam_compile.h>
#include <ngx_eiam_security.h>
#include <ngx_eiam_string.h>
#include <ngx_eiam_target.h>
#include <ngx_eiam_template.h>


typedef struct {
    ngx_pool_t              *pool;
    ngx_eiam_policy_t       *policy;
    ngx_eiam_compiler_t      compiler;
    ngx_eiam_security_t      security;
    ngx_eiam_operation_t    *common;     /* the document's security, or NULL */
    const ngx_eiam_node_t   *root;
    ngx_rbtree_t             ids;
    ngx_rbtree_node_t        sentinel;
} ngx_eiam_openapi_t;


typedef struct {
    ngx_str_t                route;      /* the full template */
    ngx_eiam_tree_node_t    *node;
} ngx_eiam_openapi_path_t;


typedef ngx_int_t (*ngx_eiam_openapi_member_pt)(ngx_eiam_openapi_t *openapi,
    const ngx_eiam_node_t *member, ngx_eiam_openapi_path_t *path,
    ngx_uint_t method);


typedef struct {
    ngx_str_t                    name;
    ngx_eiam_openapi_member_pt   handler;
    ngx_uint_t                   method;
} ngx_eiam_openapi_member_t;


static ngx_int_t ngx_eiam_openapi_version(ngx_eiam_openapi_t *openapi);
static ngx_int_t ngx_eiam_openapi_server(ngx_eiam_openapi_t *openapi);
static ngx_int_t ngx_eiam_openapi_common(ngx_eiam_openapi_t *openapi);
static ngx_int_t ngx_eiam_openapi_paths(ngx_eiam_openapi_t *openapi);
static ngx_int_t ngx_eiam_openapi_path(ngx_eiam_openapi_t *openapi,
    const ngx_eiam_node_t *item);
static ngx_int_t ngx_eiam_openapi_template(ngx_eiam_openapi_t *openapi,
    const ngx_eiam_node_t *item, ngx_eiam_openapi_path_t *path);
static ngx_int_t ngx_eiam_openapi_item(ngx_eiam_openapi_t *openapi,
    const ngx_eiam_node_t *item, ngx_eiam_openapi_path_t *path);
static ngx_int_t ngx_eiam_openapi_ignore(ngx_eiam_openapi_t *openapi,
    const ngx_eiam_node_t *member, ngx_eiam_openapi_path_t *path,
    ngx_uint_t method);
static ngx_int_t ngx_eiam_openapi_reference(ngx_eiam_openapi_t *openapi,
    const ngx_eiam_node_t *member, ngx_eiam_openapi_path_t *path,
    ngx_uint_t method);
static ngx_int_t ngx_eiam_openapi_servers(ngx_eiam_openapi_t *openapi,
    const ngx_eiam_node_t *member, ngx_eiam_openapi_path_t *path,
    ngx_uint_t method);
static ngx_int_t ngx_eiam_openapi_operation(ngx_eiam_openapi_t *openapi,
    const ngx_eiam_node_t *node, ngx_eiam_openapi_path_t *path,
    ngx_uint_t method);
static ngx_int_t ngx_eiam_openapi_security(ngx_eiam_openapi_t *openapi,
    const ngx_eiam_node_t *node, ngx_eiam_operation_t *operation);
static ngx_int_t ngx_eiam_openapi_mode(const ngx_eiam_node_t *node,
    ngx_eiam_operation_t *operation);
static ngx_int_t ngx_eiam_openapi_id(ngx_eiam_openapi_t *openapi,
    const ngx_eiam_node_t *node, ngx_uint_t method,
    ngx_eiam_operation_t *operation);


/* what a path item may hold; anything else could be a misspelt method */

static const ngx_eiam_openapi_member_t  ngx_eiam_openapi_members[] = {
    { ngx_string("get"), ngx_eiam_openapi_operation, NGX_EIAM_GET },
    { ngx_string("head"), ngx_eiam_openapi_operation, NGX_EIAM_HEAD },
    { ngx_string("post"), ngx_eiam_openapi_operation, NGX_EIAM_POST },
    { ngx_string("put"), ngx_eiam_openapi_operation, NGX_EIAM_PUT },
    { ngx_string("patch"), ngx_eiam_openapi_operation, NGX_EIAM_PATCH },
    { ngx_string("delete"), ngx_eiam_openapi_operation, NGX_EIAM_DELETE },
    { ngx_string("options"), ngx_eiam_openapi_operation, NGX_EIAM_OPTIONS },
    { ngx_string("trace"), ngx_eiam_openapi_operation, NGX_EIAM_TRACE },
    { ngx_string("summary"), ngx_eiam_openapi_ignore, 0 },
    { ngx_string("description"), ngx_eiam_openapi_ignore, 0 },
    { ngx_string("parameters"), ngx_eiam_openapi_ignore, 0 },
    { ngx_string("servers"), ngx_eiam_openapi_servers, 0 },
    { ngx_string("$ref"), ngx_eiam_openapi_reference, 0 },
    { ngx_null_string, NULL, 0 }
};


ngx_int_t
ngx_eiam_openapi_read(ngx_eiam_document_t *document,
    ngx_eiam_scopes_t *scopes, ngx_pool_t *pool, ngx_eiam_policy_t *policy)
{
    ngx_eiam_node_t  root;

    if (ngx_eiam_document_open(document, &root) != NGX_OK) {
        return NGX_ERROR;
    }

    policy->name = document->name;
    ngx_memcpy(policy->digest, document->digest, NGX_EIAM_DIGEST_LEN);

    return ngx_eiam_openapi_compile(&root, scopes, pool, policy);
}


ngx_int_t
ngx_eiam_openapi_compile(const ngx_eiam_node_t *root,
    ngx_eiam_scopes_t *scopes, ngx_pool_t *pool, ngx_eiam_policy_t *policy)
{
    ngx_int_t           rc;
    ngx_eiam_openapi_t  openapi;

    ngx_memzero(&openapi, sizeof(ngx_eiam_openapi_t));

    openapi.root = root;
    openapi.pool = pool;
    openapi.policy = policy;

    openapi.security.scopes = scopes;
    openapi.security.pool = pool;

    openapi.compiler.policy = policy;
    openapi.compiler.pool = pool;
    openapi.compiler.temp_pool = root->document->pool;

    ngx_rbtree_init(&openapi.ids, &openapi.sentinel,
                    ngx_str_rbtree_insert_value);

    if (ngx_array_init(&policy->operations, pool, 16, sizeof(void *))
           != NGX_OK
        || ngx_eiam_compile_init(&openapi.compiler) != NGX_OK
        || ngx_eiam_node_expect(root, NGX_EIAM_OBJECT) != NGX_OK
        || ngx_eiam_openapi_version(&openapi) != NGX_OK
        || ngx_eiam_openapi_server(&openapi) != NGX_OK
        || ngx_eiam_security_init(&openapi.security, root) != NGX_OK
        || ngx_eiam_openapi_common(&openapi) != NGX_OK
        || ngx_eiam_openapi_paths(&openapi) != NGX_OK)
    {
        return NGX_ERROR;
    }

    rc = ngx_eiam_compile(&openapi.compiler);

    if (rc == NGX_DECLINED) {
        return ngx_eiam_fault(root, "the path templates overlap too much");
    }

    return rc;
}


static ngx_int_t
ngx_eiam_openapi_version(ngx_eiam_openapi_t *openapi)
{
    ngx_int_t        rc;
    ngx_str_t        version;
    ngx_eiam_node_t  node;

    rc = ngx_eiam_node_member(openapi->root, "openapi", NGX_EIAM_STRING,
                              &node);
    if (rc != NGX_OK) {
        return (rc == NGX_ERROR) ? NGX_ERROR
               : ngx_eiam_fault(openapi->root, "has no \"openapi\" version");
    }

    version = ngx_eiam_node_string(&node);

    if (version.len < sizeof("3.0.0") - 1
        || (ngx_strncmp(version.data, "3.0.", 4) != 0
            && ngx_strncmp(version.data, "3.1.", 4) != 0))
    {
        return ngx_eiam_fault(&node, "OpenAPI \"%V\" is not supported, only "
                              "3.0 and 3.1 are", &version);
    }

    openapi->security.roles = (version.data[2] == '1');

    return NGX_OK;
}


static ngx_int_t
ngx_eiam_openapi_server(ngx_eiam_openapi_t *openapi)
{
    ngx_int_t        rc;
    ngx_str_t        path, segments[NGX_EIAM_SEGMENTS_MAX];
    ngx_uint_t       n;
    ngx_eiam_node_t  servers, server, url;

    ngx_str_null(&path);

    rc = ngx_eiam_node_member(openapi->root, "servers", NGX_EIAM_ARRAY,
                              &servers);
    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    server.parent = NULL;

    if (rc == NGX_OK && ngx_eiam_node_next(&servers, &server) == NGX_OK) {

        if (ngx_eiam_node_expect(&server, NGX_EIAM_OBJECT) != NGX_OK) {
            return NGX_ERROR;
        }

        rc = ngx_eiam_node_member(&server, "url", NGX_EIAM_STRING, &url);

        if (rc != NGX_OK) {
            return (rc == NGX_ERROR) ? NGX_ERROR
                   : ngx_eiam_fault(&server, "has no \"url\"");
        }

        if (ngx_eiam_template_server(&server, &url, openapi->pool, &path)
            != NGX_OK
            || ngx_eiam_template_segments(&url, &path, segments, &n) != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (ngx_eiam_target_check(NULL, &path, NULL) != NGX_OK && n) {
            return ngx_eiam_fault(&url, "unsupported server path \"%V\"",
                                  &path);
        }
    }

    openapi->policy->path = path;

    return NGX_OK;
}


/* what operations without security of their own require */

static ngx_int_t
ngx_eiam_openapi_common(ngx_eiam_openapi_t *openapi)
{
    ngx_int_t        rc;
    ngx_eiam_node_t  requirements;

    rc = ngx_eiam_node_member(openapi->root, "security", NGX_EIAM_ARRAY,
                              &requirements);
    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? NGX_OK : NGX_ERROR;
    }

    openapi->common = ngx_pcalloc(openapi->pool,
                                  sizeof(ngx_eiam_operation_t));
    if (openapi->common == NULL) {
        return NGX_ERROR;
    }

    return ngx_eiam_security_read(&openapi->security, &requirements,
                                  openapi->common);
}


static ngx_int_t
ngx_eiam_openapi_paths(ngx_eiam_openapi_t *openapi)
{
    ngx_int_t        rc;
    ngx_eiam_node_t  paths, item;

    rc = ngx_eiam_node_member(openapi->root, "paths", NGX_EIAM_OBJECT,
                              &paths);
    if (rc != NGX_OK) {
        return (rc == NGX_ERROR) ? NGX_ERROR
               : ngx_eiam_fault(openapi->root, "has no \"paths\"");
    }

    item.parent = NULL;

    while (ngx_eiam_node_next(&paths, &item) == NGX_OK) {

        if (ngx_strncmp(item.key.data, "x-", 2) != 0
            && ngx_eiam_openapi_path(openapi, &item) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (openapi->policy->operations.nelts == 0) {
        return ngx_eiam_fault(&paths, "has no operation");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_eiam_openapi_path(ngx_eiam_openapi_t *openapi,
    const ngx_eiam_node_t *item)
{
    ngx_eiam_openapi_path_t  path;

    if (ngx_eiam_openapi_template(openapi, item, &path) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_eiam_openapi_item(openapi, item, &path);
}


static ngx_int_t
ngx_eiam_openapi_template(ngx_eiam_openapi_t *openapi,
    const ngx_eiam_node_t *item, ngx_eiam_openapi_path_t *path)
{
    ngx_str_t    segments[NGX_EIAM_SEGMENTS_MAX], *base;
    ngx_uint_t   n;

    base = &openapi->policy->path;

    path->route.len = base->len + item->key.len;
    path->route.data = ngx_pnalloc(openapi->pool, path->route.len + 1);
    if (path->route.data == NULL) {
        return NGX_ERROR;
    }

    ngx_sprintf(path->route.data, "%V%V", base, &item->key);

    if (ngx_eiam_template_segments(item, &path->route, segments, &n)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (item->key.len == 0 || item->key.data[0] != '/') {
        return ngx_eiam_fault(item, "a path must begin with \"/\"");
    }

    path->node = ngx_eiam_compile_template(&openapi->compiler, segments, n);

    return path->node ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_eiam_openapi_item(ngx_eiam_openapi_t *openapi,
    const ngx_eiam_node_t *item, ngx_eiam_openapi_path_t *path)
{
    ngx_eiam_node_t                   member;
    const ngx_eiam_openapi_member_t  *known;

    if (ngx_eiam_node_expect(item, NGX_EIAM_OBJECT) != NGX_OK) {
        return NGX_ERROR;
    }

    member.parent = NULL;

    while (ngx_eiam_node_next(item, &member) == NGX_OK) {

        if (ngx_strncmp(member.key.data, "x-", 2) == 0) {
            continue;
        }

        for (known = ngx_eiam_openapi_members; known->name.len; known++) {

            if (ngx_eiam_str_equal(&known->name, &member.key)) {
                break;
            }
        }

        if (known->handler == NULL) {
            return ngx_eiam_fault(&member, "is no member of a path item");
        }

        if (known->handler(openapi, &member, path, known->method) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_eiam_openapi_ignore(ngx_eiam_openapi_t *openapi,
    const ngx_eiam_node_t *member, ngx_eiam_openapi_path_t *path,
    ngx_uint_t method)
{
    return NGX_OK;
}


static ngx_int_t
ngx_eiam_openapi_servers(ngx_eiam_openapi_t *openapi,
    const ngx_eiam_node_t *member, ngx_eiam_openapi_path_t *path,
    ngx_uint_t method)
{
    return ngx_eiam_fault(member, "is not supported, only the document's "
                          "own servers are");
}


/* one step, and nothing beside it: what wins would be undefined */

static ngx_int_t
ngx_eiam_openapi_reference(ngx_eiam_openapi_t *openapi,
    const ngx_eiam_node_t *member, ngx_eiam_openapi_path_t *path,
    ngx_uint_t method)
{
    ngx_eiam_node_t  target, nested;

    if (ngx_eiam_node_expect(member, NGX_EIAM_STRING) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_eiam_node_count(member->parent) > 1) {
        return ngx_eiam_fault(member, "unsupported $ref with other members");
    }

    if (ngx_eiam_node_resolve(member, &target) != NGX_OK
        || ngx_eiam_node_expect(&target, NGX_EIAM_OBJECT) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_eiam_node_member(&target, "$ref", NGX_EIAM_STRING, &nested)
        != NGX_DECLINED)
    {
        return ngx_eiam_fault(member, "unsupported $ref to another $ref");
    }

    return ngx_eiam_openapi_item(openapi, &target, path);
}


static ngx_int_t
ngx_eiam_openapi_operation(ngx_eiam_openapi_t *openapi,
    const ngx_eiam_node_t *node, ngx_eiam_openapi_path_t *path,
    ngx_uint_t method)
{
    ngx_int_t              rc;
    ngx_eiam_node_t        servers;
    ngx_eiam_operation_t  *operation, *other, **place;

    if (ngx_eiam_node_expect(node, NGX_EIAM_OBJECT) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_eiam_node_member(node, "servers", NGX_EIAM_ARRAY, &servers);

    if (rc != NGX_DECLINED) {
        return (rc == NGX_ERROR) ? NGX_ERROR
               : ngx_eiam_openapi_servers(openapi, &servers, path, method);
    }

    operation = ngx_pcalloc(openapi->pool, sizeof(ngx_eiam_operation_t));
    if (operation == NULL) {
        return NGX_ERROR;
    }

    operation->route = path->route;
    operation->method = method;
    place = ngx_array_push(&openapi->policy->operations);

    if (place == NULL
        || ngx_eiam_openapi_security(openapi, node, operation) != NGX_OK
        || ngx_eiam_openapi_id(openapi, node, method, operation) != NGX_OK
        || ngx_eiam_openapi_mode(node, operation) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_eiam_compile_operation(path->node, method, operation, &other)
        != NGX_OK)
    {
        return ngx_eiam_fault(node, "no request can tell \"%V\" from \"%V\"",
                              &path->route, &other->route);
    }

    *place = operation;

    return NGX_OK;
}


static ngx_int_t
ngx_eiam_openapi_security(ngx_eiam_openapi_t *openapi,
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
ngx_eiam_openapi_mode(const ngx_eiam_node_t *node,
    ngx_eiam_operation_t *operation)
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
ngx_eiam_openapi_id(ngx_eiam_openapi_t *openapi, const ngx_eiam_node_t *node,
    ngx_uint_t method, ngx_eiam_operation_t *operation)
{
    uint32_t          hash;
    ngx_int_t         rc;
    ngx_eiam_node_t   id;
    ngx_str_node_t   *sn;

    rc = ngx_eiam_node_member(node, "operationId", NGX_EIAM_STRING, &id);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_DECLINED) {

        operation->id.len = ngx_eiam_methods[method].len + 1
                            + operation->route.len;
        operation->id.data = ngx_pnalloc(openapi->pool, operation->id.len);
        if (operation->id.data == NULL) {
            return NGX_ERROR;
        }

        ngx_sprintf(operation->id.data, "%V %V", &ngx_eiam_methods[method],
                    &operation->route);

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
