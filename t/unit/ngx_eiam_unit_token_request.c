
#include "ngx_eiam_unit.h"
#include <ngx_eiam_token_request.h>
#include <ngx_eiam_grant.h>


typedef struct {
    const char  *title;
    const char  *basic;              /* before base64; NULL: no field */
    ngx_str_t    query;
    ngx_str_t    form;
    ngx_int_t    rc;
    const char  *id;
} ngx_eiam_unit_token_request_t;


typedef struct {
    ngx_str_t    authorization;
    ngx_int_t    rc;
} ngx_eiam_unit_token_request_field_t;


typedef struct {
    ngx_str_t    query;
    ngx_str_t    form;
    ngx_int_t    rc;
    const char  *scope;
} ngx_eiam_unit_token_request_scope_t;


static void ngx_eiam_unit_token_request_ids(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_token_request_fields(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_token_request_scopes(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_token_request_lengths(ngx_eiam_unit_t *unit);
static ngx_uint_t ngx_eiam_unit_token_request_is(ngx_eiam_unit_t *unit,
    const ngx_eiam_credentials_t *credentials, ngx_int_t rc, const char *id);
static void ngx_eiam_unit_token_request_encode(ngx_eiam_unit_t *unit,
    const char *text, ngx_str_t *field);


#define NONE  ngx_null_string


static const ngx_eiam_unit_token_request_t  ngx_eiam_unit_token_requests[] = {

    { "nothing", NULL, NONE, NONE, NGX_DECLINED, NULL },
    { "other parameters", NULL, ngx_string("a=b"), ngx_string("c"),
      NGX_DECLINED, NULL },
    { "longer names", NULL, ngx_string("client_ids=a"),
      ngx_string("xclient_id=b&client_assertions=c"), NGX_DECLINED, NULL },
    { "the name as a value", NULL, ngx_string("a=client_id=b"), NONE,
      NGX_DECLINED, NULL },

    { "Basic", "crm:secret", NONE, NONE, NGX_OK, "crm" },
    { "Basic without a secret", "crm:", NONE, NONE, NGX_OK, "crm" },
    { "Basic, and a secret with colons", "crm:a:b", NONE, NONE, NGX_OK,
      "crm" },
    { "Basic with an escape", "cr%6D:x", NONE, NONE, NGX_ABORT, NULL },
    { "Basic with an escape, and the same in a form", "cr%6D:x", NONE,
      ngx_string("client_id=crm"), NGX_ABORT, NULL },
    { "Basic with a plus", "a+b:c", NONE, NONE, NGX_ABORT, NULL },
    { "Basic with a percent sign", "100%:c", NONE, NONE, NGX_ABORT, NULL },
    { "Basic, and a secret with escapes", "crm:%zz+%3A", NONE, NONE, NGX_OK,
      "crm" },
    { "a form with an escape twice", NULL, NONE,
      ngx_string("client_id=cr%256D"), NGX_ABORT, NULL },
    { "a query with an escape twice", NULL,
      ngx_string("client_id=%25%36%44crm"), NONE, NGX_ABORT, NULL },
    { "a form with half an escape twice", NULL, NONE,
      ngx_string("client_id=100%25+a%256"), NGX_OK, "100% a%6" },
    { "Basic beyond ASCII", "\xe4\xb8\xad:x", NONE, NONE, NGX_OK,
      "\xe4\xb8\xad" },
    { "Basic without a colon", "crm", NONE, NONE, NGX_ABORT, NULL },
    { "Basic without an id", ":secret", NONE, NONE, NGX_ABORT, NULL },
    { "Basic with half an escape", "crm%4:x", NONE, NONE, NGX_ABORT, NULL },
    { "Basic with an encoded NUL", "crm%00:x", NONE, NONE, NGX_ABORT, NULL },
    { "Basic with a line end", "crm\n:x", NONE, NONE, NGX_ABORT, NULL },

    { "a form", NULL, NONE, ngx_string("a=b&client_id=crm&c=d"), NGX_OK,
      "crm" },
    { "a query", NULL, ngx_string("a=b&client_id=crm&c=d"), NONE, NGX_OK,
      "crm" },
    { "a form, encoded", NULL, NONE, ngx_string("client_id=%63r+%2B"),
      NGX_OK, "cr +" },
    { "an equal sign in an id", NULL, NONE, ngx_string("client_id=a=b"),
      NGX_OK, "a=b" },
    { "twice the same", NULL, NONE,
      ngx_string("client_id=crm&client_id=%63rm"), NGX_OK, "crm" },
    { "three places that agree", "crm:x", ngx_string("client_id=c%72m"),
      ngx_string("client_id=crm"), NGX_OK, "crm" },

    { "Basic and form disagree", "crm:x", NONE, ngx_string("client_id=erp"),
      NGX_ABORT, NULL },
    { "Basic and query disagree", "crm:x", ngx_string("client_id=CRM"), NONE,
      NGX_ABORT, NULL },
    { "query and form disagree", NULL, ngx_string("client_id=crm"),
      ngx_string("client_id=crm%20"), NGX_ABORT, NULL },
    { "two of a form disagree", NULL, NONE,
      ngx_string("client_id=crm&client_id=erp"), NGX_ABORT, NULL },
    { "two of a query disagree", NULL,
      ngx_string("client_id=crm&x&client_id=erp"), NONE, NGX_ABORT, NULL },

    { "no value", NULL, NONE, ngx_string("client_id"), NGX_ABORT, NULL },
    { "an empty value", NULL, NONE, ngx_string("client_id="), NGX_ABORT,
      NULL },
    { "an empty value beside Basic", "crm:x", NONE,
      ngx_string("client_id="), NGX_ABORT, NULL },
    { "half an escape", NULL, NONE, ngx_string("client_id=a%2"), NGX_ABORT,
      NULL },
    { "no escape", NULL, NONE, ngx_string("client_id=a%2x"), NGX_ABORT,
      NULL },
    { "a control character", NULL, NONE, ngx_string("client_id=a\x7f"),
      NGX_ABORT, NULL },
    { "an encoded tab", NULL, NONE, ngx_string("client_id=a%09"), NGX_ABORT,
      NULL },
    { "a semicolon before it", NULL, NONE, ngx_string("x;client_id=crm"),
      NGX_ABORT, NULL },
    { "a semicolon behind it", NULL, NONE, ngx_string("client_id=crm;x"),
      NGX_ABORT, NULL },

    { "another case", "crm:x", NONE, ngx_string("Client_Id=crm"), NGX_ABORT,
      NULL },
    { "an encoded name", "crm:x", NONE, ngx_string("client%5fid=crm"),
      NGX_ABORT, NULL },
    { "a name encoded twice", "crm:x", ngx_string("client%255fid=crm"), NONE,
      NGX_ABORT, NULL },
    { "a name led by a space", "crm:x", ngx_string("+client_id=crm"), NONE,
      NGX_ABORT, NULL },
    { "an element of an array", "crm:x", NONE, ngx_string("client_id[]=crm"),
      NGX_ABORT, NULL },
    { "a dot that PHP reads as an underscore", "crm:x", NONE,
      ngx_string("client.id=crm"), NGX_ABORT, NULL },
    { "a loose name behind an exact one", NULL, NONE,
      ngx_string("client_id=crm&CLIENT_ID=crm"), NGX_ABORT, NULL },

    { "an assertion", NULL, NONE, ngx_string("client_assertion=x"),
      NGX_ABORT, NULL },
    { "an assertion's type", "crm:x", NONE,
      ngx_string("client_assertion_type=x"), NGX_ABORT, NULL },
    { "an assertion in the query", NULL, ngx_string("client_assertion"),
      ngx_string("client_id=crm"), NGX_ABORT, NULL },
    { "an assertion in another case", NULL, NONE,
      ngx_string("client_id=crm&Client%5fAssertion=x"), NGX_ABORT, NULL },

    { NULL, NULL, NONE, NONE, 0, NULL }
};


static const ngx_eiam_unit_token_request_field_t
    ngx_eiam_unit_token_request_field_rows[] =
{

    { ngx_string("Basic Y3JtOng="), NGX_OK },
    { ngx_string("basic Y3JtOng="), NGX_OK },
    { ngx_string("BASIC    Y3JtOng="), NGX_OK },
    { ngx_string("Basic Y3JtOng"), NGX_OK },
    { ngx_string("Basic"), NGX_ABORT },
    { ngx_string("Basic "), NGX_ABORT },
    { ngx_string("Basic Y3JtOng= x"), NGX_ABORT },
    { ngx_string("Basic Y3JtOng=, Basic ZXJwOng="), NGX_ABORT },
    { ngx_string("Basic\tY3JtOng="), NGX_ABORT },
    { ngx_string("BasicY3JtOng="), NGX_ABORT },
    { ngx_string("Basic Y3JtO"), NGX_ABORT },
    { ngx_string("Basic Y3Jt*ng="), NGX_ABORT },
    { ngx_string("Basic Y"), NGX_ABORT },
    { ngx_string("Bearer Y3JtOng="), NGX_ABORT },
    { ngx_string("Digest username=\"crm\""), NGX_ABORT },
    { ngx_string("Y3JtOng="), NGX_ABORT },
    { ngx_string("B"), NGX_ABORT },

    { ngx_null_string, 0 }
};


static const ngx_eiam_unit_token_request_scope_t
    ngx_eiam_unit_token_request_scope_rows[] =
{

    { NONE, NONE, NGX_DECLINED, NULL },
    { ngx_string("scopes=a"), ngx_string("xscope=a"), NGX_DECLINED, NULL },
    { ngx_string("x=y&scope=a+b"), NONE, NGX_OK, "a b" },
    { NONE, ngx_string("scope=%61&x=y"), NGX_OK, "a" },
    { NONE, ngx_string("scope="), NGX_OK, "" },
    { ngx_string("scope=a=b"), NONE, NGX_OK, "a=b" },
    { ngx_string("scope=a"), ngx_string("scope=a"), NGX_ABORT, NULL },
    { ngx_string("scope=a"), ngx_string("Scope=a"), NGX_ABORT, NULL },
    { ngx_string("SCOPE=a"), NONE, NGX_ABORT, NULL },
    { ngx_string("scope=a&scope=a"), NONE, NGX_ABORT, NULL },
    { ngx_string("scope=a&%73cope=b"), NONE, NGX_ABORT, NULL },
    { NONE, ngx_string("scope=a&scope=b"), NGX_ABORT, NULL },
    { NONE, ngx_string("scope[]=a"), NGX_ABORT, NULL },
    { NONE, ngx_string("scope"), NGX_ABORT, NULL },
    { NONE, ngx_string("scope=a;x"), NGX_ABORT, NULL },
    { NONE, ngx_string("x;scope=a"), NGX_ABORT, NULL },
    { NONE, ngx_string("scope=%zz"), NGX_ABORT, NULL },
    { NONE, ngx_string("scope=a%0a"), NGX_ABORT, NULL },

    { NONE, NONE, 0, NULL }
};


void
ngx_eiam_unit_token_request(ngx_eiam_unit_t *unit)
{
    ngx_eiam_unit_token_request_ids(unit);
    ngx_eiam_unit_token_request_fields(unit);
    ngx_eiam_unit_token_request_scopes(unit);
    ngx_eiam_unit_token_request_lengths(unit);
}


static void
ngx_eiam_unit_token_request_ids(ngx_eiam_unit_t *unit)
{
    ngx_uint_t                     ok, side;
    ngx_eiam_credentials_t         credentials;
    const ngx_eiam_unit_token_request_t  *row;

    for (row = ngx_eiam_unit_token_requests; row->title; row++) {

        ok = 1;

        for (ngx_eiam_unit_sides(side)) {
            ngx_eiam_unit_token_request_encode(unit, row->basic,
                                               &credentials.authorization);

            credentials.query = ngx_eiam_unit_place(0, side, &row->query);
            credentials.form = ngx_eiam_unit_place(1, side, &row->form);

            ok &= ngx_eiam_unit_token_request_is(unit, &credentials, row->rc,
                                                 row->id);
        }

        ngx_eiam_unit_ok(unit, ok, "%s: %s", row->title,
                         row->rc == NGX_OK ? row->id
                         : row->rc == NGX_ABORT ? "not certain" : "nobody");
    }
}


static void
ngx_eiam_unit_token_request_fields(ngx_eiam_unit_t *unit)
{
    ngx_uint_t                           ok, side;
    ngx_eiam_credentials_t               credentials;
    const ngx_eiam_unit_token_request_field_t  *row;

    ngx_memzero(&credentials, sizeof(ngx_eiam_credentials_t));

    for (row = ngx_eiam_unit_token_request_field_rows;
         row->authorization.len;
         row++)
    {

        ok = 1;

        for (ngx_eiam_unit_sides(side)) {
            credentials.authorization =
                             ngx_eiam_unit_place(0, side, &row->authorization);

            ok &= ngx_eiam_unit_token_request_is(unit, &credentials, row->rc,
                                                 "crm");
        }

        ngx_eiam_unit_ok(unit, ok, "the field \"%V\"", &row->authorization);
    }
}


static void
ngx_eiam_unit_token_request_scopes(ngx_eiam_unit_t *unit)
{
    ngx_int_t                            rc;
    ngx_str_t                            scope, expected;
    ngx_uint_t                           ok, side;
    ngx_eiam_credentials_t               credentials;
    const ngx_eiam_unit_token_request_scope_t  *row;

    ngx_memzero(&credentials, sizeof(ngx_eiam_credentials_t));

    for (row = ngx_eiam_unit_token_request_scope_rows; row->rc; row++) {

        ok = 1;

        for (ngx_eiam_unit_sides(side)) {
            ngx_str_null(&scope);

            credentials.query = ngx_eiam_unit_place(0, side, &row->query);
            credentials.form = ngx_eiam_unit_place(1, side, &row->form);

            rc = ngx_eiam_token_request_scope(&credentials, unit->pool, &scope);

            expected.data = (u_char *) row->scope;
            expected.len = row->scope ? ngx_strlen(row->scope) : 0;

            ok &= (rc == row->rc
                   && (rc != NGX_OK
                       || ngx_eiam_unit_equal(&scope, &expected)));
        }

        ngx_eiam_unit_ok(unit, ok, "the scope of \"%V\" and \"%V\"",
                         &row->query, &row->form);
    }
}


static void
ngx_eiam_unit_token_request_lengths(ngx_eiam_unit_t *unit)
{
    u_char                  text[] = "client_id=", *id, *form;
    size_t                  n, len;
    ngx_int_t               rc;
    ngx_str_t               found;
    ngx_eiam_credentials_t  credentials;

    ngx_memzero(&credentials, sizeof(ngx_eiam_credentials_t));

    len = sizeof(text) - 1;
    form = ngx_pnalloc(unit->pool, len + 3 * 256);

    for (n = 255; form && n <= 256; n++) {

        ngx_memcpy(form, text, len);

        for (id = form + len; id < form + len + 3 * n; id += 3) {
            ngx_memcpy(id, "%78", 3);
        }

        credentials.form.data = form;
        credentials.form.len = len + 3 * n;

        rc = ngx_eiam_token_request_client(&credentials, unit->pool, &found);

        ngx_eiam_unit_ok(unit, n <= NGX_EIAM_APPLICATION_ID_MAX
                               ? rc == NGX_OK && found.len == n
                               : rc == NGX_ABORT,
                         "an id of %uz bytes, encoded", n);
    }
}


static ngx_uint_t
ngx_eiam_unit_token_request_is(ngx_eiam_unit_t *unit,
    const ngx_eiam_credentials_t *credentials, ngx_int_t rc, const char *id)
{
    ngx_str_t  found, expected;

    if (ngx_eiam_token_request_client(credentials, unit->pool, &found) != rc) {
        return 0;
    }

    if (rc != NGX_OK) {
        return 1;
    }

    expected.data = (u_char *) id;
    expected.len = ngx_strlen(id);

    return ngx_eiam_unit_equal(&found, &expected);
}


/* on the heap, where a sanitizer checks its bounds */

static void
ngx_eiam_unit_token_request_encode(ngx_eiam_unit_t *unit, const char *text,
    ngx_str_t *field)
{
    ngx_str_t  plain, base64;

    ngx_str_null(field);

    if (text == NULL) {
        return;
    }

    plain.data = (u_char *) text;
    plain.len = ngx_strlen(text);

    field->data = ngx_pnalloc(unit->pool, sizeof("Basic ") - 1
                                          + ngx_base64_encoded_length(
                                                                  plain.len));
    if (field->data == NULL) {
        return;
    }

    ngx_memcpy(field->data, "Basic ", sizeof("Basic ") - 1);
    base64.data = field->data + sizeof("Basic ") - 1;

    ngx_encode_base64(&base64, &plain);

    field->len = sizeof("Basic ") - 1 + base64.len;
}


#undef NONE
