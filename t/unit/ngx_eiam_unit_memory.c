
/*
 * The n-th allocation fails, for each n: the result is an error or correct, but
 * never a crash, nor a policy that permits more.
 *
 * The linker replaces ngx_palloc() by __wrap_ngx_palloc(), which calls the real
 * function as __real_ngx_palloc(): see "--wrap" in this folder's config.
 */

#include "ngx_eiam_unit.h"
#include <ngx_eiam_applications.h>
#include <ngx_eiam_introspection.h>
#include <ngx_eiam_openapi.h>
#include <ngx_eiam_source.h>
#include <ngx_eiam_yaml.h>


#define NGX_EIAM_UNIT_MEMORY_MAX  10000    /* allocations */


#define ngx_eiam_unit_wrap(type, name, declared, passed)                      \
    type __real_##name declared __attribute__((weak));                        \
    type __wrap_##name declared;                                              \
                                                                              \
    type __wrap_##name declared                                               \
    {                                                                         \
        return ngx_eiam_unit_memory_fails() ? NULL : __real_##name passed;    \
    }


/* reads a document; through is what it permits, as bits */
typedef ngx_int_t (*ngx_eiam_unit_memory_pt)(ngx_pool_t *pool,
    ngx_uint_t *through);


static ngx_uint_t ngx_eiam_unit_memory_fails(void);
static void ngx_eiam_unit_memory_each(ngx_eiam_unit_t *unit,
    const char *what, ngx_eiam_unit_memory_pt run);
static ngx_int_t ngx_eiam_unit_memory_nth(ngx_uint_t n,
    ngx_eiam_unit_memory_pt run, ngx_uint_t *through);
static ngx_int_t ngx_eiam_unit_memory_policy(ngx_pool_t *pool,
    ngx_uint_t *through);
static ngx_int_t ngx_eiam_unit_memory_fault(ngx_pool_t *pool,
    ngx_uint_t *through);
static ngx_int_t ngx_eiam_unit_memory_yaml(ngx_pool_t *pool,
    ngx_uint_t *through);
static ngx_int_t ngx_eiam_unit_memory_applications(ngx_pool_t *pool,
    ngx_uint_t *through);
static ngx_int_t ngx_eiam_unit_memory_base(ngx_pool_t *pool,
    ngx_uint_t *through);
static ngx_int_t ngx_eiam_unit_memory_answer(ngx_pool_t *pool,
    ngx_uint_t *through);
static ngx_int_t ngx_eiam_unit_memory_refusal(ngx_pool_t *pool,
    ngx_uint_t *through);
static ngx_int_t ngx_eiam_unit_memory_introspection(ngx_pool_t *pool,
    const ngx_str_t *body, ngx_uint_t *through);
static ngx_int_t ngx_eiam_unit_memory_granted(ngx_pool_t *pool,
    ngx_uint_t *through);
static ngx_int_t ngx_eiam_unit_memory_sources(ngx_pool_t *pool,
    ngx_uint_t *through);


static ngx_uint_t  ngx_eiam_unit_memory_left;      /* 0: none fails */


ngx_eiam_unit_wrap(void *, ngx_alloc, (size_t size, ngx_log_t *log),
                   (size, log))
ngx_eiam_unit_wrap(void *, ngx_palloc, (ngx_pool_t *pool, size_t size),
                   (pool, size))
ngx_eiam_unit_wrap(void *, ngx_pnalloc, (ngx_pool_t *pool, size_t size),
                   (pool, size))
ngx_eiam_unit_wrap(void *, ngx_pcalloc, (ngx_pool_t *pool, size_t size),
                   (pool, size))
ngx_eiam_unit_wrap(void *, ngx_array_push, (ngx_array_t *a), (a))
ngx_eiam_unit_wrap(u_char *, ngx_pstrdup, (ngx_pool_t *pool, ngx_str_t *src),
                   (pool, src))
ngx_eiam_unit_wrap(ngx_pool_cleanup_t *, ngx_pool_cleanup_add,
                   (ngx_pool_t *pool, size_t size), (pool, size))


void
ngx_eiam_unit_memory(ngx_eiam_unit_t *unit)
{
    if (__real_ngx_palloc == NULL) {
        ngx_eiam_unit_ok(unit, 0, "allocations can be made to fail");
        return;
    }

    ngx_eiam_unit_memory_each(unit, "a policy", ngx_eiam_unit_memory_policy);
    ngx_eiam_unit_memory_each(unit, "a broken policy",
                              ngx_eiam_unit_memory_fault);
    ngx_eiam_unit_memory_each(unit, "a document in YAML",
                              ngx_eiam_unit_memory_yaml);
    ngx_eiam_unit_memory_each(unit, "applications",
                              ngx_eiam_unit_memory_applications);
    ngx_eiam_unit_memory_each(unit, "a target that is read two ways",
                              ngx_eiam_unit_memory_base);
    ngx_eiam_unit_memory_each(unit, "a source's grant",
                              ngx_eiam_unit_memory_answer);
    ngx_eiam_unit_memory_each(unit, "a source's refusal",
                              ngx_eiam_unit_memory_refusal);
    ngx_eiam_unit_memory_each(unit, "a grant's scopes",
                              ngx_eiam_unit_memory_granted);
    ngx_eiam_unit_memory_each(unit, "sources of a zone",
                              ngx_eiam_unit_memory_sources);
}


static ngx_uint_t
ngx_eiam_unit_memory_fails(void)
{
    return ngx_eiam_unit_memory_left && --ngx_eiam_unit_memory_left == 0;
}


static void
ngx_eiam_unit_memory_each(ngx_eiam_unit_t *unit, const char *what,
    ngx_eiam_unit_memory_pt run)
{
    ngx_int_t   expected, rc;
    ngx_uint_t  n, failures, wrong, full, through;

    expected = ngx_eiam_unit_memory_nth(NGX_EIAM_UNIT_MEMORY_MAX, run, &full);
    failures = 0;
    wrong = 0;

    for (n = 1; n < NGX_EIAM_UNIT_MEMORY_MAX; n++) {

        rc = ngx_eiam_unit_memory_nth(n, run, &through);

        if (ngx_eiam_unit_memory_left) {
            break;
        }

        failures++;
        wrong += (rc != NGX_ERROR && rc != expected)
                 || (rc != NGX_ERROR && (through & ~full));
    }

    ngx_eiam_unit_memory_left = 0;

    ngx_eiam_unit_ok(unit, failures && n < NGX_EIAM_UNIT_MEMORY_MAX,
                     "%s: each of %ui allocations fails once", what,
                     failures);
    ngx_eiam_unit_ok(unit, wrong == 0, "%s: nothing more is let through",
                     what);
}


static ngx_int_t
ngx_eiam_unit_memory_nth(ngx_uint_t n, ngx_eiam_unit_memory_pt run,
    ngx_uint_t *through)
{
    ngx_int_t    rc;
    ngx_log_t    log;
    ngx_pool_t  *pool;

    ngx_memzero(&log, sizeof(ngx_log_t));

    ngx_eiam_unit_memory_left = 0;
    *through = 0;

    pool = ngx_create_pool(NGX_DEFAULT_POOL_SIZE, &log);
    if (pool == NULL) {
        abort();
    }

    ngx_eiam_unit_memory_left = n;

    rc = run(pool, through);

    ngx_destroy_pool(pool);

    return rc;
}


static ngx_int_t
ngx_eiam_unit_memory_policy(ngx_pool_t *pool, ngx_uint_t *through)
{
    ngx_uint_t              i;
    ngx_eiam_policy_t       policy;
    ngx_eiam_scopes_t      *scopes;
    ngx_eiam_document_t     document;
    ngx_eiam_operation_t   *operation;
    ngx_eiam_scope_bits_t  *set;

    static const ngx_str_t  text = ngx_string(
        "{\"openapi\": \"3.0.3\", \"servers\": [{\"url\": \"/{v}\","
            "\"variables\": {\"v\": {\"default\": \"api\"}}}],"
        "\"security\": [{\"t\": [\"a\"]}],"
        "\"components\": {\"securitySchemes\": {\"t\": {\"type\": \"oauth2\","
            "\"flows\": {\"implicit\": {\"scopes\": {\"a\": \"\","
            "\"b\": \"\", \"c\": \"\"}}}}}},"
        "\"x-ref\": {\"patch\": {}},"
        "\"paths\": {"
            "\"/users\": {\"get\": {\"security\": [{\"t\": [\"b\"]}]}},"
            "\"/users/{id}\": {\"get\": {\"operationId\": \"user\","
                "\"security\": [{\"t\": [\"b\", \"c\"]}, {\"t\": [\"a\"]}]}},"
            "\"/users/me\": {\"get\": {\"operationId\": \"me\"},"
                            "\"delete\": {\"operationId\": \"leave\"}},"
            "\"/{kind}/me/x\": {\"put\": {\"security\": []}},"
            "\"/ref\": {\"$ref\": \"#/x-ref\"}"
        "}}");
    static const ngx_str_t  held = ngx_string("b");
    static const ngx_str_t  calls[] = {
        ngx_string("GET /api/users"), ngx_string("GET /api/users/x"),
        ngx_string("GET /api/users/me"), ngx_string("HEAD /api/users/me"),
        ngx_string("DELETE /api/users/me"), ngx_string("PUT /api/users/me/x"),
        ngx_string("PUT /api/users"), ngx_string("PATCH /api/ref"),
        ngx_null_string
    };

    if (ngx_eiam_unit_compile(&document, pool, &text, &policy, &scopes)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    set = ngx_eiam_unit_scopes(scopes, pool, &held);
    if (set == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; calls[i].len; i++) {

        operation = ngx_eiam_unit_operation(&policy, &calls[i]);

        if (operation
            && (operation->is_public
                || ngx_eiam_policy_permits(operation, set) == NGX_OK))
        {
            *through |= (ngx_uint_t) 1 << i;
        }
    }

    return NGX_OK;
}


/* the faults of a document need memory, too */

static ngx_int_t
ngx_eiam_unit_memory_fault(ngx_pool_t *pool, ngx_uint_t *through)
{
    ngx_eiam_node_t       root;
    ngx_eiam_policy_t     policy;
    ngx_eiam_scopes_t    *scopes;
    ngx_eiam_document_t   document;

    static const ngx_str_t  text = ngx_string(
        "{\"openapi\": \"3.0.3\", \"paths\": {"
        "\"/a\": {\"get\": {\"security\": [{\"t\": [\"a\"]}]}, \"gte\": 1},"
        "\"/{x\": {\"get\": {\"security\": []}}}}");

    ngx_memzero(&policy, sizeof(ngx_eiam_policy_t));

    scopes = ngx_eiam_scopes_create(pool);

    if (scopes == NULL
        || ngx_eiam_unit_parse(&document, pool, &text, &root) != NGX_OK
        || ngx_eiam_fault_collect(&document) != NGX_OK
        || ngx_eiam_openapi_compile(&root, scopes, pool, &policy) == NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_eiam_fault_lines(&document) ? NGX_DECLINED : NGX_ERROR;
}


static ngx_int_t
ngx_eiam_unit_memory_yaml(ngx_pool_t *pool, ngx_uint_t *through)
{
    ngx_uint_t            i;
    ngx_eiam_node_t       root, node;
    ngx_eiam_document_t   document;

    static const ngx_str_t  text = ngx_string(
        "a: &a [1, 0x2, null, true, 'x']\n"
        "b: {c: *a, d: &d text}\n"
        "e: *d\n");
    static const ngx_str_t  keys[] = {
        ngx_string("a"), ngx_string("b"), ngx_string("c"), ngx_string("d"),
        ngx_string("e"), ngx_null_string
    };

    ngx_memzero(&document, sizeof(ngx_eiam_document_t));

    ngx_str_set(&document.name, "unit.yaml");
    document.pool = pool;

    if (ngx_eiam_yaml_parse(&document, &text, &root) != NGX_OK) {
        return NGX_ERROR;
    }

    for (i = 0; keys[i].len; i++) {

        if (ngx_eiam_node_has(&root, &keys[i], &node) == NGX_OK) {
            *through |= (ngx_uint_t) 1 << i;
        }
    }

    return (*through == 0x13) ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
ngx_eiam_unit_memory_applications(ngx_pool_t *pool, ngx_uint_t *through)
{
    ngx_uint_t                i;
    ngx_eiam_node_t           root;
    ngx_eiam_scopes_t        *scopes;
    ngx_eiam_document_t       document;
    ngx_eiam_permissions_t   *permissions;
    ngx_eiam_applications_t   applications;

    static const ngx_str_t  text = ngx_string(
        "{\"applications\": ["
        "{\"id\": \"a\", \"permissions\": [\"s1\"], \"tokens\": ["
        "{\"sha256\": \"ba7816bf8f01cfea414140de5dae2223"
        "b00361a396177a9cb410ff61f20015ad\","
        "\"expires\": \"2027-01-01T00:00:00Z\"}]},"
        "{\"id\": \"b\", \"permissions\": [\"s0\", \"s2\"]}]}");
    static const ngx_str_t  names[] = {
        ngx_string("s0"), ngx_string("s1"), ngx_string("s2"), ngx_null_string
    };

    scopes = ngx_eiam_scopes_create(pool);
    if (scopes == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; names[i].len; i++) {

        if (ngx_eiam_scope_number(scopes, &names[i]) == NGX_ERROR) {
            return NGX_ERROR;
        }
    }

    if (ngx_eiam_unit_parse(&document, pool, &text, &root) != NGX_OK
        || ngx_eiam_applications_load(&root, pool, &applications) != NGX_OK)
    {
        return NGX_ERROR;
    }

    permissions = ngx_eiam_applications_permissions(&applications, scopes,
                                                    NULL, pool);
    if (permissions == NULL) {
        return NGX_ERROR;
    }

    *through = permissions[0].scopes[0] | permissions[1].scopes[0] << 8;

    return NGX_OK;
}


/* a target that cannot be read for lack of memory is not outside the base */

static ngx_int_t
ngx_eiam_unit_memory_base(ngx_pool_t *pool, ngx_uint_t *through)
{
    ngx_eiam_base_t     base;
    ngx_eiam_reading_t  reading;

    static const ngx_str_t  path = ngx_string("/api");
    static const ngx_str_t  target = ngx_string("/x/..;/api/users");

    if (ngx_eiam_base_init(&base, &path, pool) != NGX_OK
        || ngx_eiam_base_read(&reading, &target, pool) != NGX_OK)
    {
        return NGX_ERROR;
    }

    *through = (ngx_eiam_base_below(&base, &reading) == NGX_EIAM_OUTSIDE);

    return NGX_OK;
}


/* for lack of memory the source is unavailable, and no token is refused */

static ngx_int_t
ngx_eiam_unit_memory_answer(ngx_pool_t *pool, ngx_uint_t *through)
{
    static const ngx_str_t  body = ngx_string(
        "{\"active\": true, \"client_id\": \"crm\", \"scope\": \"a b\","
        "\"exp\": 1800000000, \"nbf\": 1.5, \"token_type\": \"Bearer\","
        "\"aud\": [\"x\", {\"y\": null}]}");

    return ngx_eiam_unit_memory_introspection(pool, &body, through);
}


static ngx_int_t
ngx_eiam_unit_memory_refusal(ngx_pool_t *pool, ngx_uint_t *through)
{
    static const ngx_str_t  body = ngx_string(
        "{\"active\": true, \"scope\": \"a\", \"cnf\": {\"jkt\": \"x\"}}");

    return ngx_eiam_unit_memory_introspection(pool, &body, through);
}


static ngx_int_t
ngx_eiam_unit_memory_introspection(ngx_pool_t *pool, const ngx_str_t *body,
    ngx_uint_t *through)
{
    ngx_eiam_grant_t     grant;
    ngx_eiam_answer_t    answer;
    ngx_eiam_detail_e    detail;
    ngx_eiam_reason_e    reason;
    ngx_eiam_document_t  document;

    ngx_memzero(&answer, sizeof(ngx_eiam_answer_t));
    ngx_memzero(&document, sizeof(ngx_eiam_document_t));

    ngx_str_set(&document.name, "/introspect");
    document.pool = pool;

    answer.status = 200;
    ngx_str_set(&answer.type, "application/json");
    answer.body = *body;

    reason = ngx_eiam_introspection_read(&document, &answer, NULL, 1700000000,
                                         &grant, &detail);

    if (reason == NGX_EIAM_SOURCE_UNAVAILABLE) {
        return NGX_ERROR;
    }

    *through = (reason == NGX_EIAM_NO_REASON)
               ? 1 | grant.application.len << 1 | grant.scopes.len << 8
                 | (ngx_uint_t) grant.expires << 16
               : 0;

    return (reason == NGX_EIAM_NO_REASON) ? NGX_OK : NGX_ABORT;
}


static ngx_int_t
ngx_eiam_unit_memory_granted(ngx_pool_t *pool, ngx_uint_t *through)
{
    ngx_str_t               text;
    ngx_uint_t              i;
    ngx_array_t             order;
    ngx_eiam_scopes_t      *scopes;
    ngx_eiam_scope_bits_t  *set;

    static const ngx_str_t  names[] = {
        ngx_string("a"), ngx_string("b"), ngx_string("c"), ngx_null_string
    };
    static const ngx_str_t  granted = ngx_string("c x c a c c c");

    scopes = ngx_eiam_scopes_create(pool);
    if (scopes == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; names[i].len; i++) {

        if (ngx_eiam_scope_number(scopes, &names[i]) == NGX_ERROR) {
            return NGX_ERROR;
        }
    }

    set = ngx_eiam_scope_set_create(scopes, pool);

    if (set == NULL
        || ngx_array_init(&order, pool, 2, sizeof(ngx_int_t)) != NGX_OK
        || ngx_eiam_scope_set_read(scopes, &granted, set, &order) != NGX_OK
        || ngx_eiam_scope_set_text(scopes, set, &order, pool, &text)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    *through = set[0];

    return (text.len == 3) ? NGX_OK : NGX_ABORT;
}


static ngx_int_t
ngx_eiam_unit_memory_sources(ngx_pool_t *pool, ngx_uint_t *through)
{
    ngx_uint_t        i;
    ngx_eiam_zone_t   zone;

    static const ngx_str_t  ids[] = {
        ngx_string("a"), ngx_string("b"), ngx_string("c"), ngx_null_string
    };

    ngx_memzero(&zone, sizeof(ngx_eiam_zone_t));

    if (ngx_array_init(&zone.sources, pool, 1, sizeof(void *)) != NGX_OK) {
        return NGX_ERROR;
    }

    for (i = 0; ids[i].len; i++) {

        if (ngx_eiam_source_add(&zone, &ids[i], pool) == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}
