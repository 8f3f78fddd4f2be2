
/* What a JSON object says about a token, also in the answer that issues it. */

#include "ngx_eiam_unit.h"
#include <ngx_eiam_claims.h>
#include <ngx_eiam_token_response.h>


#define NGX_EIAM_UNIT_ISSUED  1700000000      /* when the answer came */


typedef struct {
    const char  *text;
    ngx_int_t    rc;
    time_t       time;
} ngx_eiam_unit_claims_time_t;


typedef struct {
    const char  *text;
    ngx_int_t    rc;
    const char  *read;
} ngx_eiam_unit_claims_text_t;


typedef struct {
    const char  *text;
    const char  *fault;          /* NULL: none; then */
    const char  *token;
    const char  *scopes;         /* NULL: it names none */
    time_t       expires;
} ngx_eiam_unit_claims_issue_t;


static void ngx_eiam_unit_claims_times(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_claims_texts(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_claims_issues(ngx_eiam_unit_t *unit);
static ngx_uint_t ngx_eiam_unit_claims_is(const ngx_str_t *text,
    const char *expected);


static const ngx_eiam_unit_claims_time_t  ngx_eiam_unit_claims_time[] = {
    { "{\"t\": 0}", NGX_OK, 0 },
    { "{\"t\": 1700000000}", NGX_OK, 1700000000 },
    { "{\"t\": 1700000000.0}", NGX_OK, 1700000000 },
    { "{\"t\": 1700000000.999}", NGX_OK, 1700000000 },
    { "{\"t\": 17e8}", NGX_OK, 1700000000 },
    { "{\"t\": 0.5}", NGX_OK, 0 },
    { "{\"t\": -0.0}", NGX_OK, 0 },
    { "{\"t\": -0.5}", NGX_OK, -1 },
    { "{\"t\": -1}", NGX_OK, -1 },
    { "{\"t\": -1.5}", NGX_OK, -2 },
    { "{\"t\": 1e-300}", NGX_OK, 0 },
    { "{\"t\": 9007199254740991}", NGX_OK, 9007199254740991 },
    { "{\"t\": -9007199254740991}", NGX_OK, -9007199254740991 },
    { "{\"t\": 9007199254740992}", NGX_ERROR, 0 },
    { "{\"t\": -9007199254740992}", NGX_ERROR, 0 },
    { "{\"t\": 9223372036854775807}", NGX_ERROR, 0 },
    { "{\"t\": -9223372036854775808}", NGX_ERROR, 0 },
    { "{\"t\": 1e300}", NGX_ERROR, 0 },
    { "{\"t\": -1e300}", NGX_ERROR, 0 },
    { "{\"t\": \"1700000000\"}", NGX_ERROR, 0 },
    { "{\"t\": null}", NGX_DECLINED, 0 },
    { "{\"t\": true}", NGX_ERROR, 0 },
    { "{\"t\": [1700000000]}", NGX_ERROR, 0 },
    { "{\"T\": 1700000000}", NGX_DECLINED, 0 },
    { "{}", NGX_DECLINED, 0 },
    { NULL, 0, 0 }
};


static const ngx_eiam_unit_claims_text_t  ngx_eiam_unit_claims_text[] = {
    { "{\"s\": \"crm\"}", NGX_OK, "crm" },
    { "{\"s\": \"12345678\"}", NGX_OK, "12345678" },
    { "{\"s\": \"a b\\\"\\\\\"}", NGX_OK, "a b\"\\" },
    { "{\"s\": \"\\u4e2d\"}", NGX_OK, "\xe4\xb8\xad" },
    { "{\"s\": \"123456789\"}", NGX_ERROR, NULL },
    { "{\"s\": \"\"}", NGX_ERROR, NULL },
    { "{\"s\": \"a\\nb\"}", NGX_ERROR, NULL },
    { "{\"s\": \"a\\u007f\"}", NGX_ERROR, NULL },
    { "{\"s\": \"\\u0001\"}", NGX_ERROR, NULL },
    { "{\"s\": 1}", NGX_ERROR, NULL },
    { "{\"s\": null}", NGX_DECLINED, NULL },
    { "{\"s\": [\"crm\"]}", NGX_ERROR, NULL },
    { "{\"S\": \"crm\"}", NGX_DECLINED, NULL },
    { NULL, 0, NULL }
};


#define ngx_eiam_unit_token_issued(members)                                   \
    "{\"access_token\":\"t\",\"token_type\":\"Bearer\"," members "}"

static const ngx_eiam_unit_claims_issue_t  ngx_eiam_unit_claims_issue[] = {

    { ngx_eiam_unit_token_issued("\"expires_in\":60,\"scope\":\"a b\""),
      NULL, "t", "a b", NGX_EIAM_UNIT_ISSUED + 60 },
    { ngx_eiam_unit_token_issued("\"expires_in\":1,\"scope\":\"\""),
      NULL, "t", "", NGX_EIAM_UNIT_ISSUED + 1 },
    { ngx_eiam_unit_token_issued("\"expires_in\":9007199254740991"),
      NULL, "t", NULL, NGX_EIAM_UNIT_ISSUED + 9007199254740991 },
    { "{\"x\":[{}],\"expires_in\":60,\"token_type\":\"bEARER\","
      "\"access_token\":\"aZ09-._~+/==\"}",
      NULL, "aZ09-._~+/==", NULL, NGX_EIAM_UNIT_ISSUED + 60 },

    { "{\"token_type\":\"Bearer\",\"expires_in\":60}",
      "#: has no \"access_token\"", NULL, NULL, 0 },
    { "{\"access_token\":7,\"token_type\":\"Bearer\",\"expires_in\":60}",
      "#/access_token: must be a string", NULL, NULL, 0 },
    { "{\"access_token\":\"a b\",\"token_type\":\"Bearer\","
      "\"expires_in\":60}",
      "#/access_token: is not a b64token", NULL, NULL, 0 },
    { "{\"access_token\":\"\",\"token_type\":\"Bearer\","
      "\"expires_in\":60}",
      "#/access_token: is not a b64token", NULL, NULL, 0 },
    { "{\"access_token\":\"t\",\"expires_in\":60}",
      "#: has no \"token_type\"", NULL, NULL, 0 },
    { "{\"access_token\":\"t\",\"token_type\":\"mac\","
      "\"expires_in\":60}",
      "#/token_type: is not Bearer", NULL, NULL, 0 },
    { "{\"access_token\":\"t\",\"token_type\":\"Bearer\"}",
      "#: has no \"expires_in\"", NULL, NULL, 0 },
    { ngx_eiam_unit_token_issued("\"expires_in\":0"),
      "#/expires_in: is out of range", NULL, NULL, 0 },
    { ngx_eiam_unit_token_issued("\"expires_in\":-1"),
      "#/expires_in: is out of range", NULL, NULL, 0 },
    { ngx_eiam_unit_token_issued("\"expires_in\":9007199254740992"),
      "#/expires_in: is out of range", NULL, NULL, 0 },
    { ngx_eiam_unit_token_issued("\"expires_in\":60.5"),
      "#/expires_in: must be an integer", NULL, NULL, 0 },
    { ngx_eiam_unit_token_issued("\"expires_in\":\"6e1\""),
      "#/expires_in: must be an integer", NULL, NULL, 0 },
    { ngx_eiam_unit_token_issued("\"expires_in\":60,\"scope\":{}"),
      "#/scope: must be a string or an array of strings", NULL, NULL, 0 },
    { "[]", "#: must be an object", NULL, NULL, 0 },
    { "t", "line 1 column 1: bad JSON", NULL, NULL, 0 },
    { NULL, NULL, NULL, NULL, 0 }
};


void
ngx_eiam_unit_claims(ngx_eiam_unit_t *unit)
{
    ngx_eiam_unit_claims_times(unit);
    ngx_eiam_unit_claims_texts(unit);
    ngx_eiam_unit_claims_issues(unit);
}


static void
ngx_eiam_unit_claims_times(ngx_eiam_unit_t *unit)
{
    time_t                              time;
    ngx_int_t                           rc;
    ngx_str_t                           text;
    ngx_eiam_node_t                     root;
    ngx_eiam_document_t                 document;
    const ngx_eiam_unit_claims_time_t  *row;

    for (row = ngx_eiam_unit_claims_time; row->text; row++) {

        text.data = (u_char *) row->text;
        text.len = ngx_strlen(row->text);
        time = 4711;

        rc = ngx_eiam_unit_parse(&document, unit->pool, &text, &root);

        if (rc == NGX_OK) {
            rc = ngx_eiam_claims_time(&root, "t", &time);
        }

        ngx_eiam_unit_ok(unit, rc == row->rc
                               && time == (rc == NGX_OK ? row->time : 4711)
                               && (document.fault.len > 0)
                                  == (rc == NGX_ERROR),
                         "the time of %s %V", row->text, &document.fault);
    }
}


static void
ngx_eiam_unit_claims_texts(ngx_eiam_unit_t *unit)
{
    ngx_int_t                           rc;
    ngx_str_t                           text, read;
    ngx_eiam_node_t                     root;
    ngx_eiam_document_t                 document;
    const ngx_eiam_unit_claims_text_t  *row;

    for (row = ngx_eiam_unit_claims_text; row->text; row++) {

        text.data = (u_char *) row->text;
        text.len = ngx_strlen(row->text);
        ngx_str_null(&read);

        rc = ngx_eiam_unit_parse(&document, unit->pool, &text, &root);

        if (rc == NGX_OK) {
            rc = ngx_eiam_claims_text(&root, "s", 8, &read);
        }

        text.data = (u_char *) row->read;
        text.len = row->read ? ngx_strlen(row->read) : 0;

        ngx_eiam_unit_ok(unit, rc == row->rc
                               && ngx_eiam_unit_equal(&read, &text),
                         "the text of %s %V", row->text, &document.fault);
    }
}


static void
ngx_eiam_unit_claims_issues(ngx_eiam_unit_t *unit)
{
    u_char                               fault[256];
    ngx_int_t                            rc;
    ngx_str_t                            text, token;
    ngx_uint_t                           right;
    ngx_eiam_grant_t                     grant;
    ngx_eiam_document_t                  document;
    const ngx_eiam_unit_claims_issue_t  *row;

    for (row = ngx_eiam_unit_claims_issue; row->text; row++) {

        text.data = (u_char *) row->text;
        text.len = ngx_strlen(row->text);

        ngx_memzero(&document, sizeof(ngx_eiam_document_t));
        ngx_str_set(&document.name, "/token");
        document.pool = unit->pool;

        rc = ngx_eiam_token_response_read(&document, &text,
                                          NGX_EIAM_UNIT_ISSUED, &token,
                                          &grant);
        if (row->fault) {
            *ngx_sprintf(fault, "\"/token\": %s", row->fault) = '\0';

            right = rc == NGX_ERROR
                    && ngx_eiam_unit_claims_is(&document.fault,
                                               (char *) fault);
        } else {
            right = rc == NGX_OK && document.fault.len == 0
                    && ngx_eiam_unit_claims_is(&token, row->token)
                    && ngx_eiam_unit_claims_is(&grant.scopes, row->scopes)
                    && (grant.scopes.data == NULL) == (row->scopes == NULL)
                    && grant.application.len == 0 && grant.implicit == 0
                    && grant.expires == row->expires;
        }

        ngx_eiam_unit_ok(unit, right, "the token of %s %V", row->text,
                         &document.fault);
    }
}


static ngx_uint_t
ngx_eiam_unit_claims_is(const ngx_str_t *text, const char *expected)
{
    ngx_str_t  other;

    other.data = (u_char *) expected;
    other.len = expected ? ngx_strlen(expected) : 0;

    return ngx_eiam_unit_equal(text, &other);
}
