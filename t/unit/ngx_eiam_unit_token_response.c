
#include "ngx_eiam_unit.h"
#include <ngx_eiam_token_response.h>


#define NGX_EIAM_UNIT_ISSUE_NOW  1700000000


typedef struct {
    const char  *answer;
    const char  *token;
    const char  *scopes;             /* NULL: it names none */
    time_t       lives;
} ngx_eiam_unit_token_response_t;


typedef struct {
    const char  *answer;
    const char  *fault;
} ngx_eiam_unit_no_issue_t;


static void ngx_eiam_unit_token_response_issued(ngx_eiam_unit_t *unit,
    const ngx_eiam_unit_token_response_t *row);
static void ngx_eiam_unit_token_response_refused(ngx_eiam_unit_t *unit,
    const ngx_eiam_unit_no_issue_t *row);
static ngx_int_t ngx_eiam_unit_token_response_read(ngx_eiam_unit_t *unit,
    const char *answer, ngx_eiam_document_t *document, ngx_str_t *token,
    ngx_eiam_grant_t *grant);


#define A  "{\"access_token\":"
#define B  ",\"token_type\":\"bearer\""
#define E  ",\"expires_in\":60"


static const ngx_eiam_unit_token_response_t  ngx_eiam_unit_token_responses[] = {

    { A "\"t\"" B E "}", "t", NULL, 60 },
    { A "\"t\"" B E ",\"scope\":\"a b\"}", "t", "a b", 60 },
    { A "\"t\"" B E ",\"scope\":\"\"}", "t", "", 60 },
    { A "\"t\"" B E ",\"scope\":[\"a\",\"b\"]}", "t", "a b", 60 },
    { A "\"t\"" B E ",\"scope\":[]}", "t", "", 60 },
    { A "\"t\"" B ",\"expires_in\":\"60\"}", "t", NULL, 60 },
    { A "\"t\"" B ",\"expires_in\":\"60.00\"}", "t", NULL, 60 },
    { A "\"t\"" B ",\"expires_in\":60.0}", "t", NULL, 60 },
    { A "\"t\"" B ",\"expires_in\" \n: 3600.000 }", "t", NULL, 3600 },
    { A "\"t\"" B ",\"x\":{\"expires_in\":1},\"expires_in\":60.0}", "t",
      NULL, 60 },
    { A "\"t\"" B E ",\"scope\":\"  a\\tb \"}", "t", "  a\tb ", 60 },
    { A "\"t\",\"token_type\":\"Bearer\"" E "}", "t", NULL, 60 },
    { A "\"t\",\"token_type\":\"bEaReR\"" E "}", "t", NULL, 60 },
    { A "\"aZ09-._~+/==\"" B E "}", "aZ09-._~+/==", NULL, 60 },
    { A "\"\\u0074\\/\"" B E "}", "t/", NULL, 60 },
    { A "\"t\"" B ",\"expires_in\":1}", "t", NULL, 1 },
    { A "\"t\"" B ",\"expires_in\":5000000000}", "t", NULL, 5000000000 },
    { A "\"t\"" B ",\"expires_in\":9007199254740991}", "t", NULL,
      9007199254740991 },
    { " \t" A "\"t\"" B E "} ", "t", NULL, 60 },
    { A "\"t\"" B E ",\"error\":null,\"x\":[{\"access_token\":1}]}", "t",
      NULL, 60 },
    { A "\"t\"" B E ",\"client_id\":7,\"exp\":1}", "t", NULL, 60 },

    { NULL, NULL, NULL, 0 }
};


static const ngx_eiam_unit_no_issue_t  ngx_eiam_unit_no_issues[] = {

    { "", "bad JSON" },
    { "access_token=t&token_type=bearer", "bad JSON" },
    { A "\"t\"" B E, "bad JSON" },
    { A "\"t\"" B E "}}", "bad JSON" },
    { A "\"t\"" B E "}{}", "bad JSON" },
    { A "\"t\"" B E ",\"access_token\":\"u\"}", "bad JSON" },
    { A "\"t\"" B E ",\"\\u0061ccess_token\":\"u\"}", "bad JSON" },
    { A "\"t\"" B E ",\"x\":{\"y\":1,\"y\":1}}", "bad JSON" },
    { A "\"t\\u0000\"" B E "}", "bad JSON" },
    { A "\"\xff\"" B E "}", "bad JSON" },

    { "[" A "\"t\"" B E "}]", "#: must be an object" },
    { "[]", "#: must be an object" },
    { "{}", "#: has no \"access_token\"" },
    { "{\"error\":\"invalid_client\"}", "#: has no \"access_token\"" },
    { "{\"Access_token\":\"t\"" B E "}", "#: has no \"access_token\"" },
    { "{\"data\":" A "\"t\"" B E "}}",
      "#: has its \"access_token\" only inside" },

    { A "null" B E "}", "#/access_token: must be a string" },
    { A "1" B E "}", "#/access_token: must be a string" },
    { A "[\"t\"]" B E "}", "#/access_token: must be a string" },
    { A "\"\"" B E "}", "#/access_token: is not a b64token" },
    { A "\"t t\"" B E "}", "#/access_token: is not a b64token" },
    { A "\"t\\n\"" B E "}", "#/access_token: is not a b64token" },
    { A "\"=t\"" B E "}", "#/access_token: is not a b64token" },
    { A "\"\\u00e9\"" B E "}", "#/access_token: is not a b64token" },

    { A "\"t\"" E "}", "#: has no \"token_type\"" },
    { A "\"t\",\"token_type\":\"mac\"" E "}",
      "#/token_type: is not Bearer" },
    { A "\"t\",\"token_type\":\"DPoP\"" E "}",
      "#/token_type: is not Bearer" },
    { A "\"t\",\"token_type\":\"\"" E "}", "#/token_type: is not Bearer" },
    { A "\"t\",\"token_type\":\"bearers\"" E "}",
      "#/token_type: is not Bearer" },
    { A "\"t\",\"token_type\":null" E "}",
      "#: has no \"token_type\"" },

    { A "\"t\"" B "}", "#: has no \"expires_in\"" },
    { A "\"t\"" B ",\"expires_in\":\"\"}",
      "#/expires_in: must be an integer" },
    { A "\"t\"" B ",\"expires_in\":\"0\"}",
      "#/expires_in: must be an integer" },
    { A "\"t\"" B ",\"expires_in\":\"060\"}",
      "#/expires_in: must be an integer" },
    { A "\"t\"" B ",\"expires_in\":\"60.\"}",
      "#/expires_in: must be an integer" },
    { A "\"t\"" B ",\"expires_in\":\"60.01\"}",
      "#/expires_in: must be an integer" },
    { A "\"t\"" B ",\"expires_in\":\"60 \"}",
      "#/expires_in: must be an integer" },
    { A "\"t\"" B ",\"expires_in\":\"9007199254740992\"}",
      "#/expires_in: is out of range" },
    { A "\"t\"" B ",\"expires_in\":60.5}",
      "#/expires_in: must be an integer" },
    { A "\"t\"" B ",\"expires_in\":0.0}",
      "#/expires_in: must be an integer" },
    { A "\"t\"" B ",\"expires_in\":6.0e1}",
      "#/expires_in: must be an integer" },
    { A "\"t\"" B ",\"x\":{\"expires_in\":6.0},\"expires_in\":6e1}",
      "#/expires_in: must be an integer" },
    { A "\"t\"" B ",\"expire\\u0073_in\":60.0}",
      "#/expires_in: must be an integer" },
    { A "\"t\"" B ",\"expires_in\":1e3}",
      "#/expires_in: must be an integer" },
    { A "\"t\"" B ",\"expires_in\":null}",
      "#/expires_in: must be an integer" },
    { A "\"t\"" B ",\"expires_in\":true}",
      "#/expires_in: must be an integer" },
    { A "\"t\"" B ",\"expires_in\":0}", "#/expires_in: is out of range" },
    { A "\"t\"" B ",\"expires_in\":-0}", "#/expires_in: is out of range" },
    { A "\"t\"" B ",\"expires_in\":-1}", "#/expires_in: is out of range" },
    { A "\"t\"" B ",\"expires_in\":9007199254740992}",
      "#/expires_in: is out of range" },
    { A "\"t\"" B ",\"expires_in\":9223372036854775807}",
      "#/expires_in: is out of range" },
    { A "\"t\"" B ",\"expires_in\":9223372036854775808}",
      "#/expires_in: must be an integer" },

    { A "\"t\"" B E ",\"scope\":null}",
      "#/scope: must be a string or an array of strings" },
    { A "\"t\"" B E ",\"scope\":1}",
      "#/scope: must be a string or an array of strings" },
    { A "\"t\"" B E ",\"scope\":[\"a\",null]}",
      "#/scope/1: must be a string" },
    { A "\"t\"" B E ",\"scope\":[\"a\",\"b c\"]}",
      "#/scope/1: must not contain a space" },

    { NULL, NULL }
};


#undef A
#undef B
#undef E


void
ngx_eiam_unit_token_response(ngx_eiam_unit_t *unit)
{
    const ngx_eiam_unit_token_response_t     *row;
    const ngx_eiam_unit_no_issue_t  *no;

    for (row = ngx_eiam_unit_token_responses; row->answer; row++) {
        ngx_eiam_unit_token_response_issued(unit, row);
    }

    for (no = ngx_eiam_unit_no_issues; no->answer; no++) {
        ngx_eiam_unit_token_response_refused(unit, no);
    }
}


static void
ngx_eiam_unit_token_response_issued(ngx_eiam_unit_t *unit,
    const ngx_eiam_unit_token_response_t *row)
{
    ngx_int_t            rc;
    ngx_str_t            token, scopes;
    ngx_uint_t           ok;
    ngx_eiam_grant_t     grant;
    ngx_eiam_document_t  document;

    rc = ngx_eiam_unit_token_response_read(unit, row->answer, &document, &token,
                                           &grant);

    scopes.data = (u_char *) row->scopes;
    scopes.len = row->scopes ? ngx_strlen(row->scopes) : 0;

    ok = (rc == NGX_OK && document.fault.len == 0
          && token.len == ngx_strlen(row->token)
          && ngx_memcmp(token.data, row->token, token.len) == 0
          && (grant.scopes.data == NULL) == (scopes.data == NULL)
          && ngx_eiam_unit_equal(&grant.scopes, &scopes)
          && grant.application.len == 0
          && grant.implicit == 0
          && grant.expires == NGX_EIAM_UNIT_ISSUE_NOW + row->lives);

    ngx_eiam_unit_ok(unit, ok, "%s issues a token %V", row->answer,
                     &document.fault);
}


/* the fault says where it is, but contains nothing of the answer */

static void
ngx_eiam_unit_token_response_refused(ngx_eiam_unit_t *unit,
    const ngx_eiam_unit_no_issue_t *row)
{
    ngx_int_t            rc;
    ngx_str_t            token;
    ngx_uint_t           ok;
    ngx_eiam_grant_t     grant;
    ngx_eiam_document_t  document;

    rc = ngx_eiam_unit_token_response_read(unit, row->answer, &document, &token,
                                           &grant);

    ok = (rc == NGX_ERROR
          && ngx_strlcasestrn(document.fault.data,
                              document.fault.data + document.fault.len,
                              (u_char *) row->fault,
                              ngx_strlen(row->fault) - 1)
             != NULL);

    ngx_eiam_unit_ok(unit, ok, "%s issues none: %V", row->answer,
                     &document.fault);
}


static ngx_int_t
ngx_eiam_unit_token_response_read(ngx_eiam_unit_t *unit, const char *answer,
    ngx_eiam_document_t *document, ngx_str_t *token, ngx_eiam_grant_t *grant)
{
    ngx_str_t  body;

    body.data = (u_char *) answer;
    body.len = ngx_strlen(answer);
    body = ngx_eiam_unit_place(0, 0, &body);

    ngx_str_null(token);
    ngx_memzero(document, sizeof(ngx_eiam_document_t));

    ngx_str_set(&document->name, "answer");
    document->pool = unit->pool;

    return ngx_eiam_token_response_read(document, &body,
                                        NGX_EIAM_UNIT_ISSUE_NOW, token, grant);
}
