
#include "ngx_eiam_unit.h"
#include <ngx_eiam_applications.h>


#define ABC  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define NIL  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


typedef struct {
    const char  *title;
    const char  *text;
    const char  *fault;
} ngx_eiam_unit_applications_t;


static ngx_int_t ngx_eiam_unit_applications_load(
    ngx_eiam_document_t *document, ngx_pool_t *pool, const ngx_str_t *text,
    ngx_eiam_applications_t *applications);
static void ngx_eiam_unit_applications_found(ngx_eiam_unit_t *unit,
    const ngx_eiam_applications_t *applications);
static void ngx_eiam_unit_applications_named(ngx_eiam_unit_t *unit,
    ngx_eiam_applications_t *applications);
static void ngx_eiam_unit_applications_alike(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_applications_granted(ngx_eiam_unit_t *unit,
    const ngx_eiam_applications_t *applications);
static void ngx_eiam_unit_applications_faults(ngx_eiam_unit_t *unit);


static const ngx_str_t  ngx_eiam_unit_applications_text = ngx_string(
    "{\"applications\": ["
        "{\"id\": \"crm\", \"name\": \"CRM\", \"enabled\": true,"
         "\"permissions\": [\"b\", \"unknown\", \"a\", \"b\"],"
         "\"tokens\": [{\"sha256\": \"" ABC "\","
                       "\"expires\": \"2027-01-01T00:00:00Z\"}]},"
        "{\"id\": \"off\", \"enabled\": false},"
        "{\"id\": \"plain\", \"permissions\": [], \"tokens\": ["
            "{\"sha256\": \"" NIL "\"}]}"
    "]}");


static const ngx_eiam_unit_applications_t  ngx_eiam_unit_applications_bad[] = {

    { "a list", "[]", "#: must be an object" },
    { "nothing", "{}", "#: has no \"applications\"" },
    { "an unknown member", "{\"applications\": [], \"x\": 1}",
      "#/x: is an unknown member" },
    { "applications that are an object", "{\"applications\": {}}",
      "#/applications: must be an array" },
    { "an application that is a text", "{\"applications\": [\"a\"]}",
      "#/applications/0: must be an object" },
    { "an application without an id", "{\"applications\": [{}]}",
      "#/applications/0: has no \"id\"" },
    { "an empty id", "{\"applications\": [{\"id\": \"\"}]}",
      "#/applications/0/id: must have 1 to 255 bytes" },
    { "a line end in an id", "{\"applications\": [{\"id\": \"a\\nb\"}]}",
      "#/applications/0/id: must not have control characters" },
    { "an id twice",
      "{\"applications\": [{\"id\": \"a\"}, {\"id\": \"a\"}]}",
      "#/applications/1/id: application \"a\" occurs twice" },
    { "enabled that is a text",
      "{\"applications\": [{\"id\": \"a\", \"enabled\": \"no\"}]}",
      "#/applications/0/enabled: must be true or false" },
    { "a misspelt member",
      "{\"applications\": [{\"id\": \"a\", \"permission\": []}]}",
      "#/applications/0/permission: is an unknown member" },
    { "a permission that is a number",
      "{\"applications\": [{\"id\": \"a\", \"permissions\": [\"x\", 1]}]}",
      "#/applications/0/permissions/1: must be a string" },
    { "a token without a digest",
      "{\"applications\": [{\"id\": \"a\", \"tokens\": [{}]}]}",
      "#/applications/0/tokens/0: has no \"sha256\"" },
    { "a token as it is",
      "{\"applications\": [{\"id\": \"a\", \"tokens\": [\"secret\"]}]}",
      "#/applications/0/tokens/0: must be an object" },
    { "63 digits",
      "{\"applications\": [{\"id\": \"a\", \"tokens\": [{\"sha256\":"
      "\"a7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\""
      "}]}]}", "tokens/0/sha256: must be 64 hexadecimal digits" },
    { "a digit that is none",
      "{\"applications\": [{\"id\": \"a\", \"tokens\": [{\"sha256\":"
      "\"xa7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\""
      "}]}]}", "tokens/0/sha256: must be 64 hexadecimal digits" },
    { "an expiry that is none",
      "{\"applications\": [{\"id\": \"a\", \"tokens\": [{\"sha256\":"
      "\"" ABC "\", \"expires\": \"2027-02-30T00:00:00Z\"}]}]}",
      "tokens/0/expires: \"2027-02-30T00:00:00Z\" is not a time" },
    { "one token of two applications",
      "{\"applications\": ["
      "{\"id\": \"a\", \"tokens\": [{\"sha256\": \"" ABC "\"}]},"
      "{\"id\": \"b\", \"tokens\": [{\"sha256\": \"" ABC "\"}]}]}",
      "a token of \"b\" is also one of \"a\"" },

    { NULL, NULL, NULL }
};


void
ngx_eiam_unit_applications(ngx_eiam_unit_t *unit)
{
    ngx_int_t                 rc;
    ngx_str_t                 text;
    ngx_uint_t                side;
    ngx_eiam_document_t       document;
    ngx_eiam_applications_t   applications;

    for (ngx_eiam_unit_sides(side)) {

        text = ngx_eiam_unit_place(0, side, &ngx_eiam_unit_applications_text);
        rc = ngx_eiam_unit_applications_load(&document, unit->pool, &text,
                                             &applications);

        ngx_eiam_unit_ok(unit, rc == NGX_OK && applications.list.nelts == 3,
                         "applications are read: %V", &document.fault);
        if (rc != NGX_OK) {
            return;
        }
    }

    ngx_eiam_unit_applications_found(unit, &applications);
    ngx_eiam_unit_applications_named(unit, &applications);
    ngx_eiam_unit_applications_alike(unit);
    ngx_eiam_unit_applications_granted(unit, &applications);
    ngx_eiam_unit_applications_faults(unit);
}


static ngx_int_t
ngx_eiam_unit_applications_load(ngx_eiam_document_t *document,
    ngx_pool_t *pool, const ngx_str_t *text,
    ngx_eiam_applications_t *applications)
{
    ngx_eiam_node_t  root;

    if (ngx_eiam_unit_parse(document, pool, text, &root) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_eiam_applications_load(&root, pool, applications);
}


static void
ngx_eiam_unit_applications_found(ngx_eiam_unit_t *unit,
    const ngx_eiam_applications_t *applications)
{
    ngx_str_t                 text;
    ngx_eiam_token_t         *token;
    ngx_eiam_digest_t         digest;
    ngx_eiam_application_t  **application;

    application = applications->list.elts;

    ngx_eiam_unit_ok(unit, application[0]->enabled && !application[1]->enabled
                           && application[2]->enabled,
                     "an application is enabled unless it says no");

    ngx_str_set(&text, "abc");
    (void) ngx_eiam_digest(&text, digest);
    token = ngx_eiam_applications_token(applications, digest);

    ngx_eiam_unit_ok(unit, token && token->application == application[0]
                           && token->expires == 1798761600,
                     "a token is found by its digest");

    digest[0] ^= 0x01;
    ngx_eiam_unit_ok(unit,
                     ngx_eiam_applications_token(applications, digest)
                     == NULL,
                     "another digest is not found");
    digest[0] ^= 0x01;
    digest[NGX_EIAM_DIGEST_LEN - 1] ^= 0x80;
    ngx_eiam_unit_ok(unit,
                     ngx_eiam_applications_token(applications, digest)
                     == NULL,
                     "nor one that differs in its last bit");

    text.len = 0;
    (void) ngx_eiam_digest(&text, digest);
    token = ngx_eiam_applications_token(applications, digest);

    ngx_eiam_unit_ok(unit, token && token->application == application[2]
                           && token->expires == NGX_EIAM_NEVER,
                     "a token without an expiry never expires");
}


static void
ngx_eiam_unit_applications_named(ngx_eiam_unit_t *unit,
    ngx_eiam_applications_t *applications)
{
    ngx_str_t                 id;
    ngx_uint_t                i, side, ok;
    ngx_eiam_application_t   *found, **application;

    static const struct {
        const char  *id;
        ngx_int_t    index;
    } rows[] = {
        { "crm", 0 }, { "off", 1 }, { "plain", 2 },
        { "", -1 }, { "cr", -1 }, { "crm2", -1 }, { "CRM", -1 },
        { " crm", -1 }, { "of", -1 }, { "other", -1 },
        { NULL, 0 }
    };

    application = applications->list.elts;

    for (i = 0; rows[i].id; i++) {

        id.data = (u_char *) rows[i].id;
        id.len = ngx_strlen(rows[i].id);
        ok = 1;

        for (ngx_eiam_unit_sides(side)) {
            id = ngx_eiam_unit_place(0, side, &id);
            found = ngx_eiam_applications_find(applications, &id);
            ok = ok && found == (rows[i].index == -1
                                 ? NULL : application[rows[i].index]);
        }

        ngx_eiam_unit_ok(unit, ok, "the id \"%V\" is %s", &id,
                         rows[i].index == -1 ? "none of them" : "found");
    }
}


/* finds the application of an id, and refuses ids that could be taken for it */

static void
ngx_eiam_unit_applications_alike(ngx_eiam_unit_t *unit)
{
    ngx_int_t                 rc;
    ngx_str_t                 id;
    ngx_uint_t                i, side, ok;
    ngx_eiam_document_t       document;
    ngx_eiam_application_t   *found;
    ngx_eiam_applications_t   applications;

    static const ngx_str_t  text = ngx_string(
        "{\"applications\": [{\"id\": \"crm\"}, {\"id\": \"ERP\"},"
        "{\"id\": \"M\\u00fcller\"}, {\"id\": \"\\uff28\\uff32\"},"
        "{\"id\": \"\\u5ba2\\u6237\"}, {\"id\": \"x\\u00a0\"},"
        "{\"id\": \"Crm\"}, {\"id\": \"\\u0141\\u00f3d\\u017a\"}]}");

    static const struct {
        const char  *id;
        ngx_int_t    rc;
        ngx_int_t    index;
    } rows[] = {
        { "crm", NGX_OK, 0 },
        { "Crm", NGX_OK, 6 },
        { "ERP", NGX_OK, 1 },
        { "M\xc3\xbcller", NGX_OK, 2 },
        { "\xef\xbc\xa8\xef\xbc\xb2", NGX_OK, 3 },
        { "\xe5\xae\xa2\xe6\x88\xb7", NGX_OK, 4 },
        { "x\xc2\xa0", NGX_OK, 5 },

        { "other", NGX_OK, -1 },
        { "cr", NGX_OK, -1 },
        { "crm2", NGX_OK, -1 },
        { "c rm", NGX_OK, -1 },
        { "Mller", NGX_OK, -1 },
        { "Mueller", NGX_OK, -1 },
        { "", NGX_OK, -1 },
        { "?", NGX_OK, -1 },

        { "CRM", NGX_DECLINED, -1 },
        { "cRM", NGX_DECLINED, -1 },
        { "erp", NGX_DECLINED, -1 },
        { " crm", NGX_DECLINED, -1 },
        { "crm   ", NGX_DECLINED, -1 },
        { "  Erp ", NGX_DECLINED, -1 },
        { "muller", NGX_DECLINED, -1 },
        { "MULLER", NGX_DECLINED, -1 },
        { "hr", NGX_DECLINED, -1 },
        { "HR", NGX_DECLINED, -1 },
        { "x", NGX_DECLINED, -1 },
        { "Lodz", NGX_DECLINED, -1 },

        { "crm\t", NGX_DECLINED, -1 },
        { "other\n", NGX_DECLINED, -1 },
        { "other\x7f", NGX_DECLINED, -1 },
        { "\xc3\xa9", NGX_DECLINED, -1 },
        { "crm\xc2\xa0", NGX_DECLINED, -1 },
        { "crm\xe2\x80\x8b", NGX_DECLINED, -1 },
        { "\xef\xbb\xbf" "crm", NGX_DECLINED, -1 },
        { "\xe3\x80\x80" "crm", NGX_DECLINED, -1 },
        { "Mu\xcc\x88ller", NGX_DECLINED, -1 },
        { "c\xd1\x80m", NGX_DECLINED, -1 },
        { "\xff", NGX_DECLINED, -1 },
        { NULL, 0, 0 }
    };

    if (ngx_eiam_unit_applications_load(&document, unit->pool, &text,
                                        &applications)
        != NGX_OK)
    {
        ngx_eiam_unit_ok(unit, 0, "2.1-7: %V", &document.fault);
        return;
    }

    for (i = 0; rows[i].id; i++) {

        id.data = (u_char *) rows[i].id;
        id.len = ngx_strlen(rows[i].id);
        ok = 1;

        for (ngx_eiam_unit_sides(side)) {
            id = ngx_eiam_unit_place(0, side, &id);
            rc = ngx_eiam_applications_identify(&applications, &id, &found);

            ok = ok && rc == rows[i].rc
                 && (found ? (ngx_int_t) found->index : -1) == rows[i].index;
        }

        ngx_eiam_unit_ok(unit, ok, "2.1-7: row %ui, %uz bytes: %s", i, id.len,
                         rows[i].rc == NGX_OK ? "clear" : "in doubt");
    }
}


static void
ngx_eiam_unit_applications_granted(ngx_eiam_unit_t *unit,
    const ngx_eiam_applications_t *applications)
{
    ngx_str_t                 name;
    ngx_uint_t                i, ok;
    ngx_array_t               implications;
    ngx_eiam_scopes_t        *scopes;
    ngx_eiam_permissions_t   *permissions;

    static const char  *names[] = { "c", "b", "a" };
    static const ngx_str_t  expected = ngx_string("b a c");
    static ngx_eiam_implication_t  implication = { 2, 0 };

    scopes = ngx_eiam_scopes_create(unit->pool);

    name.len = 1;

    for (i = 0; i < 3; i++) {
        name.data = (u_char *) names[i];
        (void) ngx_eiam_scope_number(scopes, &name);
    }

    implications.elts = &implication;
    implications.nelts = 1;

    permissions = ngx_eiam_applications_permissions(applications, scopes,
                                                    &implications,
                                                    unit->pool);

    ok = permissions && ngx_eiam_unit_equal(&permissions[0].text, &expected);

    ngx_eiam_unit_ok(unit, ok,
                     "permissions keep their order, and what they imply "
                     "follows");
    ngx_eiam_unit_ok(unit, permissions && permissions[2].text.len == 0
                           && permissions[2].scopes[0] == 0,
                     "no permissions are no scopes");
}


static void
ngx_eiam_unit_applications_faults(ngx_eiam_unit_t *unit)
{
    ngx_int_t                            rc;
    ngx_str_t                            text;
    ngx_eiam_document_t                  document;
    ngx_eiam_applications_t              applications;
    const ngx_eiam_unit_applications_t  *row;

    for (row = ngx_eiam_unit_applications_bad; row->title; row++) {

        text.data = (u_char *) row->text;
        text.len = ngx_strlen(text.data);

        rc = ngx_eiam_unit_applications_load(&document, unit->pool, &text,
                                             &applications);

        ngx_eiam_unit_ok(unit, rc == NGX_ERROR
                         && ngx_strlcasestrn(document.fault.data,
                                             document.fault.data
                                             + document.fault.len,
                                             (u_char *) row->fault,
                                             ngx_strlen(row->fault) - 1)
                            != NULL,
                         "%s: %V", row->title, &document.fault);
    }
}
