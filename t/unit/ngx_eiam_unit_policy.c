
#include "ngx_eiam_unit.h"


typedef struct {
    const char  *title;
    ngx_str_t    call;
    const char  *operation;     /* NULL: none */
} ngx_eiam_unit_policy_t;


typedef struct {
    const char  *title;
    ngx_str_t    call;
    ngx_str_t    scopes;
    ngx_uint_t   permitted;
} ngx_eiam_unit_permit_t;


static void ngx_eiam_unit_policy_finds(ngx_eiam_unit_t *unit,
    const ngx_eiam_policy_t *policy);
static void ngx_eiam_unit_policy_permits(ngx_eiam_unit_t *unit,
    const ngx_eiam_policy_t *policy, ngx_eiam_scopes_t *scopes);
static void ngx_eiam_unit_policy_texts(ngx_eiam_unit_t *unit,
    const ngx_eiam_policy_t *policy);
static void ngx_eiam_unit_policy_bases(ngx_eiam_unit_t *unit);


static const ngx_str_t  ngx_eiam_unit_policy_text = ngx_string(
    "{\"openapi\": \"3.0.3\", \"servers\": [{\"url\": \"https://x/api\"}],"
    "\"security\": [{\"t\": [\"all\"]}],"
    "\"components\": {\"securitySchemes\": {"
        "\"t\": {\"type\": \"oauth2\", \"flows\": {\"clientCredentials\": {"
            "\"tokenUrl\": \"https://x/t\", \"scopes\": {"
                "\"all\": \"\", \"a\": \"\", \"b\": \"\", \"c\": \"\"}}}},"
        "\"u\": {\"type\": \"http\", \"scheme\": \"bearer\"}}},"
    "\"paths\": {"
        "\"/users\": {\"get\": {\"operationId\": \"list\"},"
                     "\"post\": {\"operationId\": \"add\"}},"
        "\"/users/{id}\": {\"get\": {\"operationId\": \"user\"},"
                          "\"delete\": {\"operationId\": \"drop\"}},"
        "\"/users/me\": {\"get\": {\"operationId\": \"me\"},"
                        "\"head\": {\"operationId\": \"headMe\"}},"
        "\"/users/{id}/enable\": {\"put\": {\"operationId\": \"enable\"}},"
        "\"/users/codes/{code}\": {\"get\": {\"operationId\": \"code\"}},"
        "\"/{kind}/me/keys\": {\"get\": {\"operationId\": \"keys\"}},"
        "\"/users/{id}/{part}\": {\"get\": {\"operationId\": \"part\"}},"
        "\"/public\": {\"get\": {\"operationId\": \"public\","
                                "\"security\": []}},"
        "\"/either\": {\"get\": {\"operationId\": \"either\", \"security\":"
            "[{\"t\": [\"a\", \"b\"]}, {\"t\": [\"c\"]}]}},"
        "\"/token\": {\"get\": {\"operationId\": \"token\","
            "\"security\": [{\"u\": []}]}},"
        "\"/nameless/{x}\": {\"patch\": {}}"
    "}}");


static const ngx_eiam_unit_policy_t  ngx_eiam_unit_policies[] = {

    { "a path of literals", ngx_string("GET /api/users"), "list" },
    { "another method of it", ngx_string("POST /api/users"), "add" },
    { "any segment fits a name", ngx_string("GET /api/users/x"), "user" },
    { "a literal wins over a name", ngx_string("GET /api/users/me"), "me" },
    { "but only for the methods it has", ngx_string("DELETE /api/users/me"),
      "drop" },
    { "HEAD is judged as GET", ngx_string("HEAD /api/users"), "list" },
    { "unless there is a HEAD", ngx_string("HEAD /api/users/me"), "headMe" },
    { "and another template's GET does not hide it",
      ngx_string("HEAD /api/users/x"), "user" },
    { "a literal that leads elsewhere is tried as a name too",
      ngx_string("PUT /api/users/codes/enable"), "enable" },
    { "the leftmost literal wins", ngx_string("GET /api/users/codes/enable"),
      "code" },
    { "the leftmost literal wins over two others",
      ngx_string("GET /api/users/me/keys"), "part" },
    { "a name at the start", ngx_string("GET /api/groups/me/keys"), "keys" },

    { "a method that none has", ngx_string("PUT /api/users"), NULL },
    { "a method in another case", ngx_string("get /api/users"), NULL },
    { "a method that does not exist", ngx_string("GETS /api/users"), NULL },
    { "the base is not an operation", ngx_string("GET /api"), NULL },
    { "what begins as the base does", ngx_string("GET /apis/users"), NULL },
    { "the base without a slash behind it", ngx_string("GET /apiusers"),
      NULL },
    { "an empty segment is no name", ngx_string("GET /api/users/"), NULL },
    { "a literal in another case is no name",
      ngx_string("GET /api/users/Me"), NULL },
    { "nor is one with a suffix", ngx_string("GET /api/users/me.json"),
      NULL },
    { "what begins as a literal is a name", ngx_string("GET /api/users/men"),
      "user" },
    { "and so is what has a dot", ngx_string("GET /api/users/m.e"), "user" },
    { "a path without the base", ngx_string("GET /users"), NULL },
    { "another case", ngx_string("GET /api/Users"), NULL },
    { "a prefix of a segment", ngx_string("GET /api/user"), NULL },
    { "a longer segment", ngx_string("GET /api/userss"), NULL },
    { "a segment too many", ngx_string("GET /api/users/x/y/z"), NULL },
    { "a segment too few", ngx_string("PUT /api/users/x"), NULL },
    { "no path", ngx_string("GET "), NULL },

    { NULL, ngx_null_string, NULL }
};


static const ngx_eiam_unit_permit_t  ngx_eiam_unit_permits[] = {

    { "the document's security, where an operation has none",
      ngx_string("GET /api/users"), ngx_string("all"), 1 },
    { "another scope is not enough",
      ngx_string("GET /api/users"), ngx_string("a b c"), 0 },
    { "no scope is not enough",
      ngx_string("GET /api/users"), ngx_string(""), 0 },
    { "an alternative needs all of its scopes",
      ngx_string("GET /api/either"), ngx_string("a"), 0 },
    { "all of them do",
      ngx_string("GET /api/either"), ngx_string("b a"), 1 },
    { "and so does the other alternative",
      ngx_string("GET /api/either"), ngx_string("c"), 1 },
    { "a scheme without scopes asks for a token only",
      ngx_string("GET /api/token"), ngx_string(""), 1 },
    { "an unknown scope is nothing",
      ngx_string("GET /api/users"), ngx_string("ALL"), 0 },

    { NULL, ngx_null_string, ngx_null_string, 0 }
};


void
ngx_eiam_unit_policy(ngx_eiam_unit_t *unit)
{
    ngx_eiam_policy_t     policy;
    ngx_eiam_scopes_t    *scopes;
    ngx_eiam_document_t   document;

    if (ngx_eiam_unit_compile(&document, unit->pool,
                              &ngx_eiam_unit_policy_text, &policy, &scopes)
        != NGX_OK)
    {
        ngx_eiam_unit_ok(unit, 0, "a policy is compiled: %V",
                         &document.fault);
        return;
    }

    ngx_eiam_unit_ok(unit, policy.operations.nelts == 14,
                     "a policy is compiled");

    ngx_eiam_unit_policy_finds(unit, &policy);
    ngx_eiam_unit_policy_permits(unit, &policy, scopes);
    ngx_eiam_unit_policy_texts(unit, &policy);
    ngx_eiam_unit_policy_bases(unit);
}


static void
ngx_eiam_unit_policy_finds(ngx_eiam_unit_t *unit,
    const ngx_eiam_policy_t *policy)
{
    ngx_str_t                      call;
    ngx_uint_t                     ok, side;
    ngx_eiam_operation_t          *operation;
    const ngx_eiam_unit_policy_t  *row;

    for (row = ngx_eiam_unit_policies; row->title; row++) {

        ok = 1;

        for (ngx_eiam_unit_sides(side)) {
            call = ngx_eiam_unit_place(0, side, &row->call);
            operation = ngx_eiam_unit_operation(policy, &call);

            ok &= (row->operation && operation)
                  ? (operation->id.len == ngx_strlen(row->operation)
                     && ngx_strncmp(operation->id.data, row->operation,
                                    operation->id.len)
                        == 0)
                  : (row->operation == NULL && operation == NULL);
        }

        ngx_eiam_unit_ok(unit, ok, "%s", row->title);
    }
}


static void
ngx_eiam_unit_policy_permits(ngx_eiam_unit_t *unit,
    const ngx_eiam_policy_t *policy, ngx_eiam_scopes_t *scopes)
{
    ngx_eiam_operation_t          *operation;
    ngx_eiam_scope_bits_t         *set;
    const ngx_eiam_unit_permit_t  *row;

    for (row = ngx_eiam_unit_permits; row->title; row++) {

        operation = ngx_eiam_unit_operation(policy, &row->call);
        set = ngx_eiam_unit_scopes(scopes, unit->pool, &row->scopes);

        ngx_eiam_unit_ok(unit, operation && set && !operation->is_public
                               && ngx_eiam_policy_permits(operation, set)
                                  == (row->permitted ? NGX_OK
                                                     : NGX_DECLINED),
                         "%s", row->title);
    }
}


static void
ngx_eiam_unit_policy_texts(ngx_eiam_unit_t *unit,
    const ngx_eiam_policy_t *policy)
{
    ngx_str_t              path;
    ngx_eiam_resource_t   *resource;
    ngx_eiam_operation_t  *operation;

    static const ngx_str_t  open = ngx_string("GET /api/public");
    static const ngx_str_t  either = ngx_string("GET /api/either");
    static const ngx_str_t  nameless = ngx_string("PATCH /api/nameless/1");
    static const ngx_str_t  required = ngx_string("a b | c");
    static const ngx_str_t  scope = ngx_string("c");
    static const ngx_str_t  id = ngx_string("PATCH /api/nameless/{x}");
    static const ngx_str_t  allow = ngx_string("GET, HEAD, DELETE");

    operation = ngx_eiam_unit_operation(policy, &open);
    ngx_eiam_unit_ok(unit, operation && operation->is_public,
                     "an empty security is public");

    operation = ngx_eiam_unit_operation(policy, &either);
    ngx_eiam_unit_ok(unit, operation
                     && ngx_eiam_unit_equal(&operation->required, &required)
                     && ngx_eiam_unit_equal(&operation->scope, &scope),
                     "what an operation requires is said in words");

    operation = ngx_eiam_unit_operation(policy, &nameless);
    ngx_eiam_unit_ok(unit, operation
                     && ngx_eiam_unit_equal(&operation->id, &id),
                     "without an operationId the template is the name");

    ngx_str_set(&path, "/api/users/me");
    resource = ngx_eiam_policy_find(policy, &path);
    ngx_eiam_unit_ok(unit, resource
                     && ngx_eiam_unit_equal(&resource->allow, &allow),
                     "a path's methods are those of all its templates");
}


static void
ngx_eiam_unit_policy_bases(ngx_eiam_unit_t *unit)
{
    u_char                text[512];
    ngx_str_t             json, base, call;
    ngx_uint_t            i;
    ngx_eiam_policy_t     policy;
    ngx_eiam_scopes_t    *scopes;
    ngx_eiam_document_t   document;

    static const struct {
        const char  *title;
        const char  *server;
        const char  *base;
    } rows[] = {
        { "no servers is the root", "", "" },
        { "an empty list too", "\"servers\": [],", "" },
        { "a path alone", "\"servers\": [{\"url\": \"/v1\"}],", "/v1" },
        { "a URL without a path", "\"servers\": [{\"url\": \"http://x\"}],",
          "" },
        { "slashes at the end are cut",
          "\"servers\": [{\"url\": \"http://x/v1//\"}],", "/v1" },
        { "a variable has its default",
          "\"servers\": [{\"url\": \"{h}://x/{v}\", \"variables\":"
          "{\"h\": {\"default\": \"http\"}, \"v\": {\"default\": \"v9\"}}}],",
          "/v9" },
        { "only the first server counts",
          "\"servers\": [{\"url\": \"/v1\"}, {\"url\": \"/v2\"}],", "/v1" },
        { NULL, NULL, NULL }
    };

    for (i = 0; rows[i].title; i++) {

        json.data = text;
        json.len = ngx_sprintf(text, "{\"openapi\": \"3.1.0\", %s \"paths\":"
                               "{\"/a\": {\"get\": {\"security\": []}}}}",
                               rows[i].server) - text;
        base.data = (u_char *) rows[i].base;
        base.len = ngx_strlen(rows[i].base);

        if (ngx_eiam_unit_compile(&document, unit->pool, &json, &policy,
                                  &scopes)
            != NGX_OK)
        {
            ngx_eiam_unit_ok(unit, 0, "%s: %V", rows[i].title,
                             &document.fault);
            continue;
        }

        call.data = ngx_pnalloc(unit->pool, base.len + 6);
        call.len = ngx_sprintf(call.data, "GET %V/a", &base) - call.data;

        ngx_eiam_unit_ok(unit, ngx_eiam_unit_equal(&policy.path, &base)
                               && ngx_eiam_unit_operation(&policy, &call),
                         "%s", rows[i].title);
    }
}
