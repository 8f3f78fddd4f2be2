
/*
 * Documents that are no policy: a valid one is broken in one place, where
 * "from" becomes "to".
 */

#include "ngx_eiam_unit.h"


#define NGX_EIAM_UNIT_FAULT_SIZE  4096


typedef struct {
    const char  *title;
    const char  *from;
    const char  *to;
    const char  *fault;         /* NULL: none */
} ngx_eiam_unit_fault_t;


static ngx_str_t ngx_eiam_unit_fault_text(ngx_eiam_unit_t *unit,
    const char *from, const char *to);
static void ngx_eiam_unit_fault_segments(ngx_eiam_unit_t *unit);


static const char  ngx_eiam_unit_fault_good[] =
    "{\"openapi\": \"3.0.3\", \"servers\": [{\"url\": \"/api\"}],"
    "\"components\": {\"securitySchemes\": {"
        "\"t\": {\"type\": \"oauth2\", \"flows\": {\"implicit\": {"
            "\"scopes\": {\"a\": \"\"}}}},"
        "\"k\": {\"type\": \"apiKey\"},"
        "\"u\": {\"type\": \"http\", \"scheme\": \"bearer\"}}},"
    "\"paths\": {"
        "\"/users/{id}\": {\"get\": {\"operationId\": \"user\","
            "\"security\": [{\"t\": [\"a\"]}]}},"
        "\"/groups\": {\"get\": {\"operationId\": \"groups\","
            "\"security\": [{\"u\": []}]}}"
    "}}";


static const ngx_eiam_unit_fault_t  ngx_eiam_unit_faults[] = {

    { "the good one", "", "", NULL },
    { "version 3.1", "3.0.3", "3.1.0", NULL },
    { "version 2", "3.0.3", "2.0", "#/openapi: OpenAPI \"2.0\"" },
    { "version 3.3", "3.0.3", "3.3.0", "#/openapi: OpenAPI \"3.3.0\"" },
    { "no version", "\"openapi\"", "\"x-open\"", "#: has no \"openapi\"" },
    { "Swagger", "\"openapi\"", "\"swagger\"", "#/swagger: Swagger is not" },
    { "a version that is a number", "\"3.0.3\"", "3",
      "#/openapi: must be a string" },
    { "no paths", "\"paths\"", "\"x-paths\"", "#: has no \"paths\"" },
    { "paths that are a list", "\"paths\": {", "\"paths\": [], \"x-x\": {",
      "#/paths: must be an object" },
    { "no operation", "\"paths\": {", "\"paths\": {}, \"x-x\": {",
      "#/paths: has no operation" },
    { "a path without a slash", "\"/groups\"", "\"groups\"",
      "#/paths/groups: " },
    { "a path with a query", "\"/groups\"", "\"/groups?x\"",
      NULL },
    { "an escape in a path", "\"/groups\"", "\"/gr%6fups\"",
      NULL },
    { "a slash at the end of a path", "\"/groups\"", "\"/groups/\"",
      NULL },
    { "a dot segment in a path", "\"/groups\"", "\"/../groups\"",
      NULL },
    { "half a name in a path", "/{id}", "/{id", "unsupported template" },
    { "a name that is a part", "/{id}", "/x{id}", NULL },
    { "two names in a segment", "/{id}", "/{id}{x}", NULL },
    { "two templates alike", "\"/groups\"", "\"/users/{name}\"",
      "no request can tell" },
    { "a misspelt method", "{\"get\"", "{\"gte\"",
      "#/paths/~1users~1{id}/gte: is not a member of a path item" },
    { "a method in capitals", "{\"get\"", "{\"GET\"", "is not a member" },
    { "an operation that is a list", "{\"get\": {",
      "{\"get\": [], \"x-get\": {", "/get: must be an object" },
    { "servers of a path", "{\"get\": {",
      "{\"servers\": [], \"get\": {", NULL },
    { "servers of an operation", "{\"get\": {",
      "{\"get\": {\"servers\": [],", NULL },
    { "a reference that leaves the document", "{\"get\": {",
      "{\"$ref\": \"x.json#/a\"}, \"/x\": {\"get\": {", "unsupported $ref" },
    { "a reference to itself", "{\"get\": {",
      "{\"$ref\": \"#/paths/~1users~1{id}\"}, \"/x\": {\"get\": {",
      "unsupported $ref to another" },
    { "an operationId twice", "\"groups\"", "\"user\"", "occurs twice" },
    { "an empty operationId", "\"user\"", "\"\"", "must have 1 to" },
    { "a line end in an operationId", "\"user\"", "\"us\\r\\ner\"",
      "control characters" },
    { "no security", ",\"security\": [{\"u\": []}]", "",
      NULL },
    { "a security that is null", "[{\"u\": []}]", "null",
      "/get/security: must be an array" },
    { "an empty requirement", "[{\"u\": []}]", "[{}]",
      NULL },
    { "a scheme that there is not", "[{\"u\"", "[{\"v\"",
      "there is no such security scheme" },
    { "a scheme that no token satisfies", "[{\"u\"", "[{\"k\"",
      NULL },
    { "a scope that is not declared", "[\"a\"]", "[\"A\"]",
      NULL },
    { "a scope that is a number", "[\"a\"]", "[1]", "must be a string" },
    { "a role of a scheme without scopes", "{\"u\": []}", "{\"u\": [\"r\"]}",
      NULL },
    { "a scope with a space", "{\"a\": \"\"}", "{\"a b\": \"\"}",
      NULL },
    { "an unknown type of scheme", "\"oauth2\"", "\"oauth\"",
      "unknown security scheme type" },
    { "a scheme without its type", "\"type\": \"apiKey\"", "\"in\": \"x\"",
      "has no \"type\"" },
    { "a scheme by reference", "\"type\": \"apiKey\"", "\"$ref\": \"#/x\"",
      "unsupported $ref" },
    { "a server of another form", "\"/api\"", "\"api\"",
      "unsupported server URL" },
    { "a server with a name in its path", "\"/api\"", "\"/{x}\"",
      "has no default" },
    { "a server whose variable is a name",
      "\"/api\"", "\"/{x}\", \"variables\": {\"x\": {\"default\": \"{y}\"}}",
      "unsupported server path" },
    { "a server without its URL", "\"url\"", "\"description\"",
      "has no \"url\"" },
    { "a mistyped URL of a server", "\"url\"", "\"uri\"",
      "#/servers/0/uri: is not a member of a server" },
    { "mistyped security", "\"security\"", "\"Security\"",
      "/Security: is not a member of " },

    { NULL, NULL, NULL, NULL }
};


void
ngx_eiam_unit_fault(ngx_eiam_unit_t *unit)
{
    ngx_int_t                     rc;
    ngx_str_t                     text;
    ngx_uint_t                    ok;
    ngx_eiam_policy_t             policy;
    ngx_eiam_scopes_t            *scopes;
    ngx_eiam_document_t           document;
    const ngx_eiam_unit_fault_t  *row;

    for (row = ngx_eiam_unit_faults; row->title; row++) {

        text = ngx_eiam_unit_fault_text(unit, row->from, row->to);
        rc = ngx_eiam_unit_compile(&document, unit->pool, &text, &policy,
                                   &scopes);

        ok = row->fault
             ? (rc == NGX_ERROR
                && ngx_strlcasestrn(document.fault.data,
                                    document.fault.data + document.fault.len,
                                    (u_char *) row->fault,
                                    ngx_strlen(row->fault) - 1)
                   != NULL)
             : (rc == NGX_OK && document.fault.len == 0);

        ngx_eiam_unit_ok(unit, ok, "%s: %V", row->title, &document.fault);
    }

    ngx_eiam_unit_fault_segments(unit);
}


static ngx_str_t
ngx_eiam_unit_fault_text(ngx_eiam_unit_t *unit, const char *from,
    const char *to)
{
    u_char     *p;
    ngx_str_t   text;

    p = (u_char *) ngx_strstr(ngx_eiam_unit_fault_good, from);

    text.data = ngx_pnalloc(unit->pool, NGX_EIAM_UNIT_FAULT_SIZE);

    if (p == NULL || text.data == NULL) {
        abort();
    }

    text.len = ngx_sprintf(text.data, "%*s%s%s",
                           p - (u_char *) ngx_eiam_unit_fault_good,
                           ngx_eiam_unit_fault_good, to,
                           p + ngx_strlen(from))
               - text.data;

    return text;
}


/* templates of 64 segments, one of them in the base, and of 65 */

static void
ngx_eiam_unit_fault_segments(ngx_eiam_unit_t *unit)
{
    u_char               path[256], *p;
    ngx_str_t            text;
    ngx_uint_t           i;
    ngx_eiam_policy_t    policy;
    ngx_eiam_scopes_t   *scopes;
    ngx_eiam_document_t  document;

    p = path;

    for (i = 0; i < 63; i++) {
        p = ngx_cpymem(p, "/a", 2);
    }

    *p = '\0';

    text = ngx_eiam_unit_fault_text(unit, "/groups", (char *) path);

    ngx_eiam_unit_ok(unit,
                     ngx_eiam_unit_compile(&document, unit->pool, &text,
                                           &policy, &scopes)
                     == NGX_OK,
                     "a path of 64 segments");

    ngx_memcpy(p, "/a", 3);

    text = ngx_eiam_unit_fault_text(unit, "/groups", (char *) path);

    ngx_eiam_unit_ok(unit,
                     ngx_eiam_unit_compile(&document, unit->pool, &text,
                                           &policy, &scopes)
                     == NGX_ERROR,
                     "a path of 65 segments: %V", &document.fault);
}
