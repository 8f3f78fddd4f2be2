
#include <ngx_eiam_openapi.h>
#include <ngx_eiam_challenge.h>
#include <ngx_eiam_hash.h>
#include <ngx_eiam_members.h>
#include <ngx_eiam_operation.h>
#include <ngx_eiam_parameter.h>
#include <ngx_eiam_server.h>
#include <ngx_eiam_template.h>


/* reads a part of the document: NGX_OK, or NGX_ERROR */
typedef ngx_int_t (*ngx_eiam_openapi_part_pt)(ngx_eiam_openapi_t *openapi);


static ngx_int_t ngx_eiam_openapi_rivals(ngx_eiam_openapi_t *openapi);
static ngx_int_t ngx_eiam_openapi_sort(ngx_eiam_openapi_t *openapi);
static ngx_int_t ngx_eiam_openapi_nothing(ngx_eiam_openapi_t *openapi);
static ngx_int_t ngx_eiam_openapi_version(ngx_eiam_openapi_t *openapi);
static ngx_int_t ngx_eiam_openapi_document(ngx_eiam_openapi_t *openapi);
static ngx_int_t ngx_eiam_openapi_server(ngx_eiam_openapi_t *openapi);
static ngx_int_t ngx_eiam_openapi_schemes(ngx_eiam_openapi_t *openapi);
static ngx_int_t ngx_eiam_openapi_components(ngx_eiam_openapi_t *openapi);
static ngx_int_t ngx_eiam_openapi_common(ngx_eiam_openapi_t *openapi);
static ngx_int_t ngx_eiam_openapi_paths(ngx_eiam_openapi_t *openapi);
static ngx_int_t ngx_eiam_openapi_path(ngx_eiam_openapi_t *openapi,
    const ngx_eiam_node_t *item);
static ngx_int_t ngx_eiam_openapi_template(ngx_eiam_openapi_t *openapi,
    const ngx_eiam_node_t *item, ngx_eiam_path_item_t *path);
static ngx_int_t ngx_eiam_openapi_item_read(ngx_eiam_path_item_t *path,
    const ngx_eiam_node_t *item);
static ngx_int_t ngx_eiam_openapi_reference(void *data,
    const ngx_eiam_node_t *reference, ngx_uint_t number);


static const ngx_eiam_member_t  ngx_eiam_openapi_known[] = {
    ngx_eiam_member("openapi", NGX_EIAM_STRING),
    ngx_eiam_member_since(2, "$self", NGX_EIAM_ANY),
    ngx_eiam_member("info", NGX_EIAM_ANY),
    ngx_eiam_member_since(1, "jsonSchemaDialect", NGX_EIAM_ANY),
    ngx_eiam_member("servers", NGX_EIAM_ARRAY),
    ngx_eiam_member("paths", NGX_EIAM_OBJECT),
    ngx_eiam_member_since(1, "webhooks", NGX_EIAM_ANY),
    ngx_eiam_member("components", NGX_EIAM_OBJECT),
    ngx_eiam_member("security", NGX_EIAM_ARRAY),
    ngx_eiam_member("tags", NGX_EIAM_ANY),
    ngx_eiam_member("externalDocs", NGX_EIAM_ANY),
    ngx_eiam_members_end
};


static const ngx_eiam_members_t  ngx_eiam_openapi_members = {
    ngx_eiam_openapi_known, "is not a member of a document", 1
};


static const ngx_eiam_member_t  ngx_eiam_openapi_components_known[] = {
    ngx_eiam_member("schemas", NGX_EIAM_ANY),
    ngx_eiam_member("responses", NGX_EIAM_ANY),
    ngx_eiam_member_read("parameters", NGX_EIAM_OBJECT,
                         ngx_eiam_parameters_read, 0),
    ngx_eiam_member("examples", NGX_EIAM_ANY),
    ngx_eiam_member("requestBodies", NGX_EIAM_ANY),
    ngx_eiam_member("headers", NGX_EIAM_ANY),
    ngx_eiam_member("securitySchemes", NGX_EIAM_OBJECT),
    ngx_eiam_member("links", NGX_EIAM_ANY),
    ngx_eiam_member("callbacks", NGX_EIAM_ANY),
    ngx_eiam_member_since(1, "pathItems", NGX_EIAM_OBJECT),
    ngx_eiam_member_since(2, "mediaTypes", NGX_EIAM_ANY),
    ngx_eiam_members_end
};


static const ngx_eiam_members_t  ngx_eiam_openapi_components_members = {
    ngx_eiam_openapi_components_known, "is not a member of components", 1
};


/* each member but the extensions is a path */

static const ngx_eiam_member_t  ngx_eiam_openapi_paths_known[] = {
    ngx_eiam_members_end
};


static const ngx_eiam_members_t  ngx_eiam_openapi_paths_members = {
    ngx_eiam_openapi_paths_known, "is not a path", 1
};


#define ngx_eiam_openapi_method(name, method)                                 \
    ngx_eiam_member_read(name, NGX_EIAM_OBJECT, ngx_eiam_operation_read, method)

static const ngx_eiam_member_t  ngx_eiam_openapi_item_known[] = {
    ngx_eiam_openapi_method("get", NGX_EIAM_GET),
    ngx_eiam_openapi_method("head", NGX_EIAM_HEAD),
    ngx_eiam_openapi_method("post", NGX_EIAM_POST),
    ngx_eiam_openapi_method("put", NGX_EIAM_PUT),
    ngx_eiam_openapi_method("patch", NGX_EIAM_PATCH),
    ngx_eiam_openapi_method("delete", NGX_EIAM_DELETE),
    ngx_eiam_openapi_method("options", NGX_EIAM_OPTIONS),
    ngx_eiam_openapi_method("trace", NGX_EIAM_TRACE),
    ngx_eiam_member_read_since(2, "query", NGX_EIAM_OBJECT,
                               ngx_eiam_operation_read, NGX_EIAM_QUERY),
    ngx_eiam_member_read_since(2, "additionalOperations", NGX_EIAM_OBJECT,
                               ngx_eiam_operation_additional, 0),
    ngx_eiam_member("summary", NGX_EIAM_ANY),
    ngx_eiam_member("description", NGX_EIAM_ANY),
    ngx_eiam_member("parameters", NGX_EIAM_ARRAY),
    ngx_eiam_member("servers", NGX_EIAM_ARRAY),
    ngx_eiam_member_read("$ref", NGX_EIAM_STRING, ngx_eiam_openapi_reference,
                         0),
    ngx_eiam_members_end
};


static const ngx_eiam_members_t  ngx_eiam_openapi_item = {
    ngx_eiam_openapi_item_known, "is not a member of a path item", 1
};


/* each part needs those before it; after a fault the others are read, too */

static const ngx_eiam_openapi_part_pt  ngx_eiam_openapi_parts[] = {
    ngx_eiam_openapi_document,
    ngx_eiam_openapi_server,
    ngx_eiam_openapi_components,
    ngx_eiam_openapi_schemes,
    ngx_eiam_openapi_common,
    ngx_eiam_openapi_paths,
    NULL
};


ngx_int_t
ngx_eiam_openapi_read(ngx_eiam_document_t *document,
    ngx_eiam_scopes_t *scopes, ngx_pool_t *pool, ngx_eiam_policy_t *policy)
{
    ngx_eiam_node_t  root;

    document->yaml = 1;
    document->reals = 1;

    if (ngx_eiam_document_open(document, &root) != NGX_OK
        || ngx_eiam_fault_collect(document) != NGX_OK)
    {
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
    ngx_int_t                        rc;
    ngx_eiam_openapi_t               openapi;
    const ngx_eiam_openapi_part_pt  *part;

    ngx_memzero(&openapi, sizeof(ngx_eiam_openapi_t));

    openapi.root = root;
    openapi.pool = pool;
    openapi.policy = policy;

    openapi.security.scopes = scopes;
    openapi.security.pool = pool;
    openapi.security.findings = &policy->findings;

    openapi.compiler.policy = policy;
    openapi.compiler.pool = pool;
    openapi.compiler.temp_pool = root->document->pool;

    ngx_rbtree_init(&openapi.ids, &openapi.sentinel,
                    ngx_str_rbtree_insert_value);

    if (ngx_array_init(&policy->operations, pool, 16, sizeof(void *))
           != NGX_OK
        || ngx_array_init(&policy->findings, pool, 4,
                          sizeof(ngx_eiam_finding_t))
           != NGX_OK
        || ngx_array_init(&policy->kinds, pool, 1, sizeof(ngx_str_t)) != NGX_OK
        || ngx_eiam_compile_init(&openapi.compiler) != NGX_OK
        || ngx_eiam_node_expect(root, NGX_EIAM_OBJECT) != NGX_OK
        || ngx_eiam_openapi_version(&openapi) != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (part = ngx_eiam_openapi_parts; *part; part++) {

        rc = ngx_eiam_fault_defer(root->document, (*part)(&openapi));

        if (rc != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (ngx_eiam_fault_found(root->document)) {
        return NGX_ERROR;
    }

    rc = ngx_eiam_compile(&openapi.compiler);

    if (rc == NGX_DECLINED) {
        return ngx_eiam_fault(root, "the path templates overlap too much");
    }

    if (rc == NGX_ABORT) {
        return ngx_eiam_openapi_rivals(&openapi);
    }

    return (rc == NGX_OK) ? ngx_eiam_openapi_sort(&openapi) : NGX_ERROR;
}


/* a fault at the second operation of each pair */

static ngx_int_t
ngx_eiam_openapi_rivals(ngx_eiam_openapi_t *openapi)
{
    ngx_int_t           rc;
    ngx_uint_t          i;
    ngx_eiam_rivals_t  *rivals;

    rivals = openapi->compiler.rivals.elts;

    for (i = 0; i < openapi->compiler.rivals.nelts; i++) {

        rc = ngx_eiam_operation_rivals(openapi, &rivals[i]);

        if (ngx_eiam_fault_defer(openapi->root->document, rc) != NGX_OK) {
            break;
        }
    }

    return NGX_ERROR;
}


/* moves what is left out from the operations to the findings */

static ngx_int_t
ngx_eiam_openapi_sort(ngx_eiam_openapi_t *openapi)
{
    ngx_uint_t              i, n, cause;
    ngx_array_t            *operations;
    ngx_eiam_operation_t  **operation;

    n = 0;
    operations = &openapi->policy->operations;
    operation = operations->elts;

    for (i = 0; i < operations->nelts; i++) {

        cause = operation[i]->left_out;

        if (cause == NGX_EIAM_KEPT) {
            operation[n++] = operation[i];
            operation[i]->key = ngx_eiam_hash_text(&openapi->policy->path)
                                * NGX_EIAM_HASH_FACTOR
                                ^ ngx_eiam_hash_text(&operation[i]->id);
            cause = ngx_eiam_security_is_open(operation[i])
                    ? NGX_EIAM_FOUND_ANY_TOKEN : NGX_EIAM_KEPT;
        }

        if (cause != NGX_EIAM_KEPT
            && ngx_eiam_finding_add_operation(&openapi->policy->findings,
                                              cause, operation[i],
                                              &operation[i]->pointer)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    operations->nelts = n;

    if (n == 0) {
        return ngx_eiam_openapi_nothing(openapi);
    }

    return ngx_eiam_challenge_set(openapi->policy, openapi->security.scopes,
                                  openapi->pool, openapi->compiler.temp_pool);
}


/*
 * a fault that names the most frequent cause, with its remedy if there is one
 */

static ngx_int_t
ngx_eiam_openapi_nothing(ngx_eiam_openapi_t *openapi)
{
    ngx_uint_t               cause, most, n, max;
    const ngx_eiam_cause_t  *told;

    max = 0;
    most = NGX_EIAM_KEPT;

    for (cause = NGX_EIAM_KEPT + 1; cause < NGX_EIAM_LEFT_SCHEME; cause++) {

        n = ngx_eiam_finding_count(&openapi->policy->findings, cause);

        if (n > max) {
            max = n;
            most = cause;
        }
    }

    told = &ngx_eiam_finding_causes[most];

    return ngx_eiam_fault(openapi->root, "nothing of it remains, %V are left "
                          "out (%ui): %V%s%V", &told->subject, max, &told->text,
                          told->remedy.len ? "; " : "", &told->remedy);
}


static ngx_int_t
ngx_eiam_openapi_version(ngx_eiam_openapi_t *openapi)
{
    ngx_int_t        rc;
    ngx_str_t        version;
    ngx_eiam_node_t  node;

    rc = ngx_eiam_node_member(openapi->root, "openapi", NGX_EIAM_STRING,
                              &node);
    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_DECLINED) {
        return (ngx_eiam_node_member(openapi->root, "swagger", NGX_EIAM_ANY,
                                     &node)
                == NGX_OK)
               ? ngx_eiam_fault(&node, "Swagger is not supported, convert it: "
                                "npx swagger2openapi -o FILE %V",
                                &openapi->root->document->name)
               : ngx_eiam_fault(openapi->root, "has no \"openapi\" version");
    }

    version = ngx_eiam_node_string(&node);

    if (version.len < sizeof("3.0.0") - 1
        || ngx_strncmp(version.data, "3.", 2) != 0
        || version.data[2] < '0' || version.data[2] > '2'
        || version.data[3] != '.')
    {
        return ngx_eiam_fault(&node, "OpenAPI \"%V\" is not supported, only "
                              "3.0, 3.1 and 3.2 are", &version);
    }

    openapi->version = version.data[2] - '0';
    openapi->security.roles = (openapi->version >= 1);
    openapi->root->document->version = openapi->version;

    return NGX_OK;
}


static ngx_int_t
ngx_eiam_openapi_document(ngx_eiam_openapi_t *openapi)
{
    return ngx_eiam_members_read(&ngx_eiam_openapi_members, openapi->root,
                                 openapi->version, NULL);
}


static ngx_int_t
ngx_eiam_openapi_server(ngx_eiam_openapi_t *openapi)
{
    return ngx_eiam_server_path(openapi->root, openapi->pool,
                                &openapi->policy->path,
                                &openapi->policy->findings);
}


static ngx_int_t
ngx_eiam_openapi_schemes(ngx_eiam_openapi_t *openapi)
{
    return ngx_eiam_security_init(&openapi->security, openapi->root);
}


static ngx_int_t
ngx_eiam_openapi_components(ngx_eiam_openapi_t *openapi)
{
    ngx_int_t        rc;
    ngx_eiam_node_t  components;

    rc = ngx_eiam_node_member(openapi->root, "components", NGX_EIAM_OBJECT,
                              &components);
    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? NGX_OK : NGX_ERROR;
    }

    return ngx_eiam_members_read(&ngx_eiam_openapi_components_members,
                                 &components, openapi->version, NULL);
}


/* reads the security of operations that have none of their own */

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
    ngx_int_t             rc;
    ngx_eiam_node_t       paths, item;
    ngx_eiam_document_t  *document;

    document = openapi->root->document;

    if (ngx_eiam_node_require(openapi->root, "paths", NGX_EIAM_OBJECT, &paths)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    item.parent = NULL;

    while (ngx_eiam_node_next(&paths, &item) == NGX_OK) {

        rc = ngx_eiam_openapi_path(openapi, &item);

        if (ngx_eiam_fault_defer(document, rc) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (openapi->policy->operations.nelts == 0
        && !ngx_eiam_fault_found(document))
    {
        return ngx_eiam_fault(&paths, "has no operation");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_eiam_openapi_path(ngx_eiam_openapi_t *openapi,
    const ngx_eiam_node_t *item)
{
    ngx_int_t             rc;
    ngx_eiam_path_item_t  path;

    if (ngx_eiam_node_is_extension(item)) {
        return ngx_eiam_members_other(&ngx_eiam_openapi_paths_members, item,
                                      openapi->version);
    }

    ngx_memzero(&path, sizeof(ngx_eiam_path_item_t));

    if (ngx_array_init(&path.parameters, openapi->compiler.temp_pool, 2,
                       sizeof(ngx_eiam_parameter_t))
        != NGX_OK
        || ngx_array_init(&path.own, openapi->compiler.temp_pool, 2,
                          sizeof(ngx_eiam_parameter_t))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    path.openapi = openapi;
    path.key = item->key;

    rc = ngx_eiam_openapi_template(openapi, item, &path);

    if (ngx_eiam_fault_defer(item->document, rc) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_eiam_openapi_item_read(&path, item);
}


static ngx_int_t
ngx_eiam_openapi_template(ngx_eiam_openapi_t *openapi,
    const ngx_eiam_node_t *item, ngx_eiam_path_item_t *path)
{
    if (ngx_eiam_operation_template(path, item, &openapi->policy->path)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (item->key.len == 0 || item->key.data[0] != '/') {
        return ngx_eiam_fault(item, "a path must begin with \"/\"");
    }

    return NGX_OK;
}


/*
 * The path item's servers and parameters apply to its operations, whatever
 * their order.
 */

static ngx_int_t
ngx_eiam_openapi_item_read(ngx_eiam_path_item_t *path,
    const ngx_eiam_node_t *item)
{
    ngx_eiam_node_t  list;

    static const ngx_str_t  servers = ngx_string("servers");
    static const ngx_str_t  parameters = ngx_string("parameters");

    if (ngx_eiam_node_expect(item, NGX_EIAM_OBJECT) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_eiam_node_has(item, &servers, &path->servers) != NGX_OK) {
        path->servers.value = NULL;
    }

    if (ngx_eiam_node_has(item, &parameters, &list) == NGX_OK
        && ngx_eiam_node_is(&list, NGX_EIAM_ARRAY)
        && ngx_eiam_parameters_read(path, &list, 0) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_eiam_members_read(&ngx_eiam_openapi_item, item,
                                 path->openapi->version, path);
}


/* no member may stand beside "$ref": OpenAPI does not say which one wins */

static ngx_int_t
ngx_eiam_openapi_reference(void *data, const ngx_eiam_node_t *reference,
    ngx_uint_t number)
{
    ngx_eiam_path_item_t *path = data;

    ngx_eiam_node_t  target;

    if (ngx_eiam_node_count(reference->parent) > 1) {
        return ngx_eiam_fault(reference,
                              "unsupported $ref with other members");
    }

    if (ngx_eiam_node_refer(reference, &target) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_eiam_openapi_item_read(path, &target);
}
