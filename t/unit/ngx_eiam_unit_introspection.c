
/* Answers of an introspection endpoint, byte for byte. */

#include "ngx_eiam_unit.h"
#include <ngx_eiam_introspection.h>


#define NGX_EIAM_UNIT_NOW  1700000000

#define JSON  "application/json"
#define OK    "{\"active\": true}"

#define UNAVAILABLE  NGX_EIAM_SOURCE_UNAVAILABLE
#define INVALID      NGX_EIAM_TOKEN_INVALID
#define EXPIRED      NGX_EIAM_TOKEN_EXPIRED
#define GRANTED      NGX_EIAM_NO_REASON


typedef struct {
    const char         *title;
    const char         *body;
    ngx_eiam_reason_e   reason;
    const char         *application;
    const char         *scopes;
    time_t              expires;
} ngx_eiam_unit_introspection_t;


static void ngx_eiam_unit_introspection_heads(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_introspection_flaws(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_introspection_bodies(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_introspection_cut(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_introspection_long(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_introspection_secret(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_introspection_audiences(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_introspection_details(ngx_eiam_unit_t *unit);
static ngx_eiam_reason_e ngx_eiam_unit_introspection_read(
    ngx_eiam_unit_t *unit, ngx_eiam_document_t *document,
    const ngx_eiam_answer_t *answer, ngx_eiam_grant_t *grant);
static ngx_uint_t ngx_eiam_unit_introspection_is(const ngx_str_t *text,
    const char *expected);


static const ngx_eiam_unit_introspection_t  ngx_eiam_unit_answers[] = {

    /* active */

    { "active", OK, GRANTED, "", "", NGX_EIAM_NEVER },
    { "not active", "{\"active\": false}", INVALID, NULL, NULL, 0 },
    { "no active", "{}", INVALID, NULL, NULL, 0 },
    { "no active, but a scope", "{\"scope\": \"a\", \"client_id\": \"c\"}",
      INVALID, NULL, NULL, 0 },
    { "active as a string", "{\"active\": \"true\"}", INVALID,
      NULL, NULL, 0 },
    { "active as a number", "{\"active\": 1}", INVALID, NULL, NULL, 0 },
    { "active null", "{\"active\": null}", INVALID, NULL, NULL, 0 },
    { "active as a list", "{\"active\": [true]}", INVALID, NULL, NULL, 0 },
    { "active as an object", "{\"active\": {}}", INVALID, NULL, NULL, 0 },
    { "Active", "{\"Active\": true}", INVALID, NULL, NULL, 0 },
    { "active inside", "{\"a\": {\"active\": true}}", INVALID,
      NULL, NULL, 0 },
    { "not active, with a bad scope", "{\"active\": false, \"scope\": 1}",
      INVALID, NULL, NULL, 0 },
    { "unknown members", "{\"active\": true, \"x\": [{\"active\": false}]}",
      GRANTED, "", "", NGX_EIAM_NEVER },
    { "white space", " \t\r\n{ \"active\" :\n true } \n", GRANTED, "", "",
      NGX_EIAM_NEVER },

    /* bound to a key, or not a bearer token */

    { "cnf", "{\"active\": true, \"cnf\": {\"jkt\": \"x\"}}", INVALID,
      NULL, NULL, 0 },
    { "an empty cnf", "{\"active\": true, \"cnf\": {}}", INVALID,
      NULL, NULL, 0 },
    { "cnf null", "{\"active\": true, \"cnf\": null}", GRANTED, "", "",
      NGX_EIAM_NEVER },
    { "Bearer", "{\"active\": true, \"token_type\": \"Bearer\"}", GRANTED,
      "", "", NGX_EIAM_NEVER },
    { "bEARER", "{\"active\": true, \"token_type\": \"bEARER\"}", GRANTED,
      "", "", NGX_EIAM_NEVER },
    { "DPoP", "{\"active\": true, \"token_type\": \"DPoP\"}", INVALID,
      NULL, NULL, 0 },
    { "N_A", "{\"active\": true, \"token_type\": \"N_A\"}", INVALID,
      NULL, NULL, 0 },
    { "access_token, as Hydra had it",
      "{\"active\": true, \"token_type\": \"access_token\"}", GRANTED, "", "",
      NGX_EIAM_NEVER },
    { "access_tokens", "{\"active\": true, \"token_type\": \"access_tokens\"}",
      INVALID, NULL, NULL, 0 },
    { "refresh_token", "{\"active\": true, \"token_type\": \"refresh_token\"}",
      INVALID, NULL, NULL, 0 },
    { "access_token, and bound",
      "{\"active\": true, \"token_type\": \"access_token\", \"cnf\": {}}",
      INVALID, NULL, NULL, 0 },
    { "the use of an access token",
      "{\"active\": true, \"token_use\": \"access_token\"}", GRANTED, "", "",
      NGX_EIAM_NEVER },
    { "the use of a refresh token",
      "{\"active\": true, \"token_use\": \"refresh_token\"}", INVALID,
      NULL, NULL, 0 },
    { "the use of an ID token, in capitals",
      "{\"active\": true, \"token_use\": \"ID\"}", INVALID, NULL, NULL, 0 },
    { "any other use, and a typ of an access token",
      "{\"active\": true, \"token_use\": [1], \"typ\": \"at+jwt\"}", GRANTED,
      "", "", NGX_EIAM_NEVER },
    { "a typ of a refresh token", "{\"active\": true, \"typ\": \"Refresh\"}",
      INVALID, NULL, NULL, 0 },
    { "a typ of an offline token", "{\"active\": true, \"typ\": \"Offline\"}",
      INVALID, NULL, NULL, 0 },
    { "a typ of an ID token", "{\"active\": true, \"typ\": \"ID\"}", INVALID,
      NULL, NULL, 0 },
    { "a typ that is no string", "{\"active\": true, \"typ\": 1}", GRANTED,
      "", "", NGX_EIAM_NEVER },

    { "an empty token type", "{\"active\": true, \"token_type\": \"\"}",
      INVALID, NULL, NULL, 0 },
    { "Beare", "{\"active\": true, \"token_type\": \"Beare\"}", INVALID,
      NULL, NULL, 0 },
    { "Bearers", "{\"active\": true, \"token_type\": \"Bearers\"}", INVALID,
      NULL, NULL, 0 },
    { "a token type that is a number",
      "{\"active\": true, \"token_type\": 1}", INVALID, NULL, NULL, 0 },
    { "a token type that is null",
      "{\"active\": true, \"token_type\": null}", GRANTED, "", "",
      NGX_EIAM_NEVER },

    /* "exp" and "nbf"; the time is 1700000000 */

    { "exp to come", "{\"active\": true, \"exp\": 1700000001}", GRANTED,
      "", "", 1700000001 },
    { "exp now", "{\"active\": true, \"exp\": 1700000000}", EXPIRED,
      NULL, NULL, 0 },
    { "exp past", "{\"active\": true, \"exp\": 1699999999}", EXPIRED,
      NULL, NULL, 0 },
    { "exp 0", "{\"active\": true, \"exp\": 0}", EXPIRED, NULL, NULL, 0 },
    { "a negative exp", "{\"active\": true, \"exp\": -1700000001}", EXPIRED,
      NULL, NULL, 0 },
    { "a fraction of now", "{\"active\": true, \"exp\": 1700000000.9}",
      EXPIRED, NULL, NULL, 0 },
    { "a fraction to come", "{\"active\": true, \"exp\": 1700000001.9}",
      GRANTED, "", "", 1700000001 },
    { "exp as 1.8e9", "{\"active\": true, \"exp\": 1.8e9}", GRANTED, "", "",
      1800000000 },
    { "exp far away", "{\"active\": true, \"exp\": 9007199254740991}",
      GRANTED, "", "", 9007199254740991 },
    { "exp of 2^53", "{\"active\": true, \"exp\": 9007199254740992}",
      INVALID, NULL, NULL, 0 },
    { "exp of -2^53", "{\"active\": true, \"exp\": -9007199254740992}",
      INVALID, NULL, NULL, 0 },
    { "exp of 2^63", "{\"active\": true, \"exp\": 9223372036854775808}",
      INVALID, NULL, NULL, 0 },
    { "exp of 1e400", "{\"active\": true, \"exp\": 1e400}", UNAVAILABLE,
      NULL, NULL, 0 },
    { "exp as a string", "{\"active\": true, \"exp\": \"1800000000\"}",
      INVALID, NULL, NULL, 0 },
    { "exp null", "{\"active\": true, \"exp\": null}", GRANTED, "", "",
      NGX_EIAM_NEVER },
    { "exp true", "{\"active\": true, \"exp\": true}", INVALID,
      NULL, NULL, 0 },
    { "nbf now", "{\"active\": true, \"nbf\": 1700000000}", GRANTED, "", "",
      NGX_EIAM_NEVER },
    { "nbf past", "{\"active\": true, \"nbf\": -1}", GRANTED, "", "",
      NGX_EIAM_NEVER },
    { "nbf to come", "{\"active\": true, \"nbf\": 1700000001}", INVALID,
      NULL, NULL, 0 },
    { "nbf as a string", "{\"active\": true, \"nbf\": \"1\"}", INVALID,
      NULL, NULL, 0 },
    { "nbf of 2^53", "{\"active\": true, \"nbf\": 9007199254740992}",
      INVALID, NULL, NULL, 0 },
    { "exp past and nbf to come",
      "{\"active\": true, \"exp\": 1, \"nbf\": 1700000001}", EXPIRED,
      NULL, NULL, 0 },
    { "exp past and a bad nbf",
      "{\"active\": true, \"exp\": 1, \"nbf\": \"\"}", INVALID,
      NULL, NULL, 0 },

    /* "client_id" and "scope" */

    { "an application", "{\"active\": true, \"client_id\": \"crm\"}",
      GRANTED, "crm", "", NGX_EIAM_NEVER },
    { "an application of other letters",
      "{\"active\": true, \"client_id\": \"\\u4e2d\"}", GRANTED,
      "\xe4\xb8\xad", "", NGX_EIAM_NEVER },
    { "an empty application", "{\"active\": true, \"client_id\": \"\"}",
      INVALID, NULL, NULL, 0 },
    { "an application that is a number",
      "{\"active\": true, \"client_id\": 7}", INVALID, NULL, NULL, 0 },
    { "an application that is null",
      "{\"active\": true, \"client_id\": null}", GRANTED, "", "",
      NGX_EIAM_NEVER },
    { "azp", "{\"active\": true, \"azp\": \"crm\"}", GRANTED, "crm", "",
      NGX_EIAM_NEVER },
    { "cid", "{\"active\": true, \"cid\": \"crm\"}", GRANTED, "crm", "",
      NGX_EIAM_NEVER },
    { "appid", "{\"active\": true, \"appid\": \"crm\"}", GRANTED, "crm", "",
      NGX_EIAM_NEVER },
    { "an azp where client_id is null",
      "{\"active\": true, \"client_id\": null, \"azp\": \"crm\"}", GRANTED,
      "crm", "", NGX_EIAM_NEVER },
    { "the same application four times",
      "{\"active\": true, \"client_id\": \"crm\", \"azp\": \"crm\","
      "\"cid\": \"crm\", \"appid\": \"crm\"}", GRANTED, "crm", "",
      NGX_EIAM_NEVER },
    { "two applications",
      "{\"active\": true, \"client_id\": \"crm\", \"azp\": \"erp\"}",
      INVALID, NULL, NULL, 0 },
    { "two applications but for case",
      "{\"active\": true, \"cid\": \"crm\", \"appid\": \"CRM\"}",
      INVALID, NULL, NULL, 0 },
    { "an appid that is a number",
      "{\"active\": true, \"client_id\": \"crm\", \"appid\": 1}",
      INVALID, NULL, NULL, 0 },
    { "sub, which names none", "{\"active\": true, \"sub\": \"crm\"}",
      GRANTED, "", "", NGX_EIAM_NEVER },
    { "a line end in an application",
      "{\"active\": true, \"client_id\": \"a\\r\\nb\"}", INVALID,
      NULL, NULL, 0 },
    { "NUL in an application",
      "{\"active\": true, \"client_id\": \"a\\u0000b\"}", UNAVAILABLE,
      NULL, NULL, 0 },
    { "scopes", "{\"active\": true, \"scope\": \"a b\"}", GRANTED, "",
      "a b", NGX_EIAM_NEVER },
    { "an empty scope", "{\"active\": true, \"scope\": \"\"}", GRANTED, "",
      "", NGX_EIAM_NEVER },
    { "odd white space", "{\"active\": true, \"scope\": \"  a \\t b\\n\"}",
      GRANTED, "", "  a \t b\n", NGX_EIAM_NEVER },
    { "scopes as a list", "{\"active\": true, \"scope\": [\"a\", \"b\"]}",
      GRANTED, "", "a b", NGX_EIAM_NEVER },
    { "an empty list of scopes", "{\"active\": true, \"scope\": []}",
      GRANTED, "", "", NGX_EIAM_NEVER },
    { "a blank in a word of the list",
      "{\"active\": true, \"scope\": [\"a\", \"a b\"]}", INVALID,
      NULL, NULL, 0 },
    { "a blank behind a word of the list",
      "{\"active\": true, \"scope\": [\"a \"]}", INVALID, NULL, NULL, 0 },
    { "a number in the list", "{\"active\": true, \"scope\": [\"a\", 1]}",
      INVALID, NULL, NULL, 0 },
    { "null in the list", "{\"active\": true, \"scope\": [\"a\", null]}",
      INVALID, NULL, NULL, 0 },
    { "a list in the list", "{\"active\": true, \"scope\": [[\"a\"]]}",
      INVALID, NULL, NULL, 0 },
    { "scopes as an object", "{\"active\": true, \"scope\": {\"a\": true}}",
      INVALID, NULL, NULL, 0 },
    { "scopes that are null", "{\"active\": true, \"scope\": null}",
      GRANTED, "", "", NGX_EIAM_NEVER },
    { "NUL in scopes", "{\"active\": true, \"scope\": \"a\\u0000b\"}",
      UNAVAILABLE, NULL, NULL, 0 },
    { "all of it",
      "{\"active\": true, \"client_id\": \"crm\", \"scope\": \"a b\","
      "\"exp\": 1800000000, \"nbf\": 1600000000, \"iat\": 1600000000,"
      "\"token_type\": \"bearer\", \"sub\": \"x\", \"aud\": [\"y\"]}",
      GRANTED, "crm", "a b", 1800000000 },

    /* no such object */

    { "nothing", "", UNAVAILABLE, NULL, NULL, 0 },
    { "a space", " ", UNAVAILABLE, NULL, NULL, 0 },
    { "HTML", "<html><body>Sorry</body></html>", UNAVAILABLE,
      NULL, NULL, 0 },
    { "true", "true", UNAVAILABLE, NULL, NULL, 0 },
    { "null", "null", UNAVAILABLE, NULL, NULL, 0 },
    { "a string", "\"active\"", UNAVAILABLE, NULL, NULL, 0 },
    { "a list", "[" OK "]", UNAVAILABLE, NULL, NULL, 0 },
    { "an empty list", "[]", UNAVAILABLE, NULL, NULL, 0 },
    { "two objects", OK OK, UNAVAILABLE, NULL, NULL, 0 },
    { "an object and more", OK "x", UNAVAILABLE, NULL, NULL, 0 },
    { "a comma too much", "{\"active\": true,}", UNAVAILABLE,
      NULL, NULL, 0 },
    { "a comment", "{\"active\": true} // yes", UNAVAILABLE, NULL, NULL, 0 },
    { "single quotes", "{'active': true}", UNAVAILABLE, NULL, NULL, 0 },
    { "True", "{\"active\": True}", UNAVAILABLE, NULL, NULL, 0 },
    { "a byte order mark", "\xef\xbb\xbf" OK, UNAVAILABLE, NULL, NULL, 0 },
    { "no UTF-8", "{\"active\": true, \"x\": \"\xff\"}", UNAVAILABLE,
      NULL, NULL, 0 },
    { "active twice, true at last", "{\"active\": false, \"active\": true}",
      UNAVAILABLE, NULL, NULL, 0 },
    { "active twice, once escaped",
      "{\"active\": true, \"\\u0061ctive\": true}", UNAVAILABLE,
      NULL, NULL, 0 },
    { "scope twice", "{\"active\": true, \"scope\": \"a\", \"scope\": \"b\"}",
      UNAVAILABLE, NULL, NULL, 0 },
    { "a member twice, deep inside",
      "{\"active\": true, \"x\": {\"y\": 1, \"y\": 1}}", UNAVAILABLE,
      NULL, NULL, 0 },

    { NULL, NULL, GRANTED, NULL, NULL, 0 }
};


void
ngx_eiam_unit_introspection(ngx_eiam_unit_t *unit)
{
    ngx_eiam_unit_introspection_heads(unit);
    ngx_eiam_unit_introspection_flaws(unit);
    ngx_eiam_unit_introspection_bodies(unit);
    ngx_eiam_unit_introspection_cut(unit);
    ngx_eiam_unit_introspection_long(unit);
    ngx_eiam_unit_introspection_secret(unit);
    ngx_eiam_unit_introspection_audiences(unit);
    ngx_eiam_unit_introspection_details(unit);
}


static void
ngx_eiam_unit_introspection_audiences(ngx_eiam_unit_t *unit)
{
    ngx_uint_t           i;
    ngx_str_t           *audience;
    ngx_array_t         *audiences;
    ngx_eiam_grant_t     grant;
    ngx_eiam_answer_t    answer;
    ngx_eiam_detail_e    detail;
    ngx_eiam_reason_e    reason;
    ngx_eiam_document_t  document;

    static const struct {
        const char         *aud;
        ngx_eiam_reason_e   reason;
    } rows[] = {
        { "\"aud\": \"urn:api\"", GRANTED },
        { "\"aud\": \"https://api/\"", GRANTED },
        { "\"aud\": \"\\u0075rn:api\"", GRANTED },
        { "\"aud\": [\"urn:api\"]", GRANTED },
        { "\"aud\": [\"other\", \"https://api/\"]", GRANTED },
        { "\"aud\": \"urn:API\"", INVALID },
        { "\"aud\": \"urn:ap\"", INVALID },
        { "\"aud\": \"urn:api2\"", INVALID },
        { "\"aud\": \"urn:api https://api/\"", INVALID },
        { "\"aud\": \"https://api\"", INVALID },
        { "\"aud\": \"\"", INVALID },
        { "\"aud\": []", INVALID },
        { "\"aud\": [\"other\"]", INVALID },
        { "\"aud\": [\"urn:api\", 1]", INVALID },
        { "\"aud\": [\"urn:api\", null]", INVALID },
        { "\"aud\": [[\"urn:api\"]]", INVALID },
        { "\"aud\": {\"urn:api\": \"urn:api\"}", INVALID },
        { "\"aud\": null", INVALID },
        { "\"aud\": true", INVALID },
        { "\"aud\": 1", INVALID },
        { "\"Aud\": \"urn:api\"", INVALID },
        { "\"x\": {\"aud\": \"urn:api\"}", INVALID },
        { "\"aud\": \"other\", \"aud\": \"urn:api\"", UNAVAILABLE },
        { NULL, GRANTED }
    };

    audiences = ngx_array_create(unit->pool, 2, sizeof(ngx_str_t));
    audience = ngx_array_push_n(audiences, 2);
    ngx_str_set(&audience[0], "https://api/");
    ngx_str_set(&audience[1], "urn:api");

    ngx_memzero(&answer, sizeof(ngx_eiam_answer_t));
    answer.status = 200;
    ngx_str_set(&answer.type, JSON);
    answer.body.data = ngx_pnalloc(unit->pool, 256);

    for (i = 0; rows[i].aud; i++) {

        answer.body.len = ngx_sprintf(answer.body.data,
                                      "{\"active\": true, %s}", rows[i].aud)
                          - answer.body.data;

        ngx_memzero(&document, sizeof(ngx_eiam_document_t));
        ngx_str_set(&document.name, "/introspect");
        document.pool = unit->pool;

        reason = ngx_eiam_introspection_read(&document, &answer, audiences,
                                             NGX_EIAM_UNIT_NOW, &grant,
                                             &detail);

        ngx_eiam_unit_ok(unit, reason == rows[i].reason
                               && (document.fault.len == 0)
                                  == (reason == GRANTED),
                         "an audience is asked for, %s: %V", rows[i].aud,
                         &document.fault);
    }
}


/* status, Content-Type and Content-Encoding with a valid body */

static void
ngx_eiam_unit_introspection_heads(ngx_eiam_unit_t *unit)
{
    ngx_str_t            type;
    ngx_uint_t           i, wrong, status;
    ngx_eiam_grant_t     grant;
    ngx_eiam_answer_t    answer;
    ngx_eiam_reason_e    expected, reason;
    ngx_eiam_document_t  document;

    static const struct {
        const char   *type;
        ngx_uint_t    encoded;
        ngx_uint_t    taken;
    } heads[] = {
        { JSON, 0, 1 },
        { "Application/JSON", 0, 1 },
        { JSON ";charset=UTF-8", 0, 1 },
        { JSON " ; charset=UTF-8", 0, 1 },
        { JSON, 1, 0 },
        { "", 0, 0 },
        { "application/jso", 0, 0 },
        { "application/jsonp", 0, 0 },
        { "application/json-seq", 0, 0 },
        { "application/json+x", 0, 0 },
        { "application/token-introspection+jwt", 0, 0 },
        { "text/json", 0, 0 },
        { "text/html", 0, 0 },
        { " application/json", 0, 0 },
        { "text/html, application/json", 0, 0 },
        { NULL, 0, 0 }
    };

    ngx_memzero(&answer, sizeof(ngx_eiam_answer_t));
    ngx_str_set(&answer.body, OK);

    for (i = 0; heads[i].type; i++) {

        type.data = (u_char *) heads[i].type;
        type.len = ngx_strlen(type.data);

        answer.status = 200;
        answer.encoded = heads[i].encoded;
        answer.type = ngx_eiam_unit_place(1, 0, &type);

        expected = heads[i].taken ? GRANTED : UNAVAILABLE;
        reason = ngx_eiam_unit_introspection_read(unit, &document, &answer,
                                                  &grant);

        ngx_eiam_unit_ok(unit, reason == expected
                               && (document.fault.len > 0)
                                  == (reason == UNAVAILABLE),
                         "the type \"%V\"%s: %V", &type,
                         heads[i].encoded ? ", encoded" : "",
                         &document.fault);
    }

    ngx_str_set(&answer.type, JSON);
    answer.encoded = 0;
    wrong = 0;

    for (status = 0; status < 1000; status++) {

        answer.status = status;
        reason = ngx_eiam_unit_introspection_read(unit, &document, &answer,
                                                  &grant);

        expected = (status == 200) ? GRANTED
                   : (status >= 400 && status <= 499 && status != 401
                      && status != 403 && status != 429) ? INVALID
                                                         : UNAVAILABLE;

        if (reason != expected) {
            wrong++;
            ngx_eiam_unit_ok(unit, 0, "status %ui", status);
        }
    }

    ngx_eiam_unit_ok(unit, wrong == 0,
                     "of all status codes 200 alone may grant; 4xx but 401, "
                     "403 and 429 refuse");

    wrong = 0;

    for (status = 0; status < 1000; status++) {

        answer.status = status;

        wrong += ngx_eiam_introspection_failure(&answer)
                 != ((status == 0 || (status >= 502 && status <= 504))
                     ? NGX_EIAM_DOWN
                     : (status == 500) ? NGX_EIAM_BROKEN : NGX_EIAM_ODD);
    }

    ngx_eiam_unit_ok(unit, wrong == 0,
                     "of all status codes 502, 503 and 504 tell of a source "
                     "that is down, and 500 of one with an error");
}


/* defects of an answer's transport, and the log line about each */

static void
ngx_eiam_unit_introspection_flaws(ngx_eiam_unit_t *unit)
{
    ngx_uint_t           i;
    ngx_eiam_grant_t     grant;
    ngx_eiam_answer_t    answer;
    ngx_eiam_reason_e    reason;
    ngx_eiam_document_t  document;

    static const struct {
        const char         *title;
        ngx_uint_t          status;
        enum { NO_FLAW, CUT, UNREAD, OWN, CACHED } flaw;
        ngx_eiam_reason_e   reason;
        ngx_eiam_failure_e  failure;
        const char         *fault;
    } flaws[] = {
        { "none", 200, NO_FLAW, GRANTED, NGX_EIAM_ODD, "" },
        { "no answer", 0, NO_FLAW, UNAVAILABLE, NGX_EIAM_DOWN,
          "\"/introspect\": no answer" },
        { "an error", 500, NO_FLAW, UNAVAILABLE, NGX_EIAM_BROKEN,
          "\"/introspect\": status 500" },
        { "an error that is too large", 500, UNREAD, UNAVAILABLE,
          NGX_EIAM_BROKEN, "\"/introspect\": status 500" },
        { "an error that is cut off", 500, CUT, UNAVAILABLE, NGX_EIAM_DOWN,
          "\"/introspect\": status 500" },
        { "cut off", 200, CUT, UNAVAILABLE, NGX_EIAM_DOWN,
          "\"/introspect\": the answer is cut off" },
        { "too large", 200, UNREAD, UNAVAILABLE, NGX_EIAM_ODD,
          "\"/introspect\": the answer is too large, or its head cannot be "
          "read" },
        { "a head that breaks off", 0, UNREAD, UNAVAILABLE, NGX_EIAM_DOWN,
          "\"/introspect\": no answer" },
        { "a proxy's answer that is too large", 503, UNREAD, UNAVAILABLE,
          NGX_EIAM_DOWN, "\"/introspect\": status 503" },
        { "from a cache, perhaps of another token", 200, CACHED, UNAVAILABLE,
          NGX_EIAM_ODD, "\"/introspect\": the answer is from proxy_cache" },
        { "nginx's own", 503, OWN, UNAVAILABLE, NGX_EIAM_ODD,
          "\"/introspect\": status 503 from nginx itself, no server was "
          "asked" },
        { "nginx's own, that looks like a refusal", 404, OWN, UNAVAILABLE,
          NGX_EIAM_ODD,
          "\"/introspect\": status 404 from nginx itself, no server was "
          "asked" },
        { "a refusal, cut off", 400, CUT, INVALID, NGX_EIAM_DOWN, "" },
        { NULL, 0, NO_FLAW, GRANTED, NGX_EIAM_BUSY, NULL }
    };

    ngx_memzero(&answer, sizeof(ngx_eiam_answer_t));
    ngx_str_set(&answer.type, JSON);
    ngx_str_set(&answer.body, OK);

    for (i = 0; flaws[i].title; i++) {

        answer.status = flaws[i].status;
        answer.cut = (flaws[i].flaw == CUT);
        answer.unread = (flaws[i].flaw == UNREAD);
        answer.own = (flaws[i].flaw == OWN);
        answer.cached = (flaws[i].flaw == CACHED);

        reason = ngx_eiam_unit_introspection_read(unit, &document, &answer,
                                                  &grant);

        ngx_eiam_unit_ok(unit, reason == flaws[i].reason
                               && ngx_eiam_introspection_failure(&answer)
                                  == flaws[i].failure
                               && ngx_eiam_unit_introspection_is(
                                      &document.fault, flaws[i].fault),
                         "the flaw of an answer, %s: %V", flaws[i].title,
                         &document.fault);
    }
}


static void
ngx_eiam_unit_introspection_bodies(ngx_eiam_unit_t *unit)
{
    ngx_str_t                             text;
    ngx_uint_t                            side, ok;
    ngx_eiam_grant_t                      grant;
    ngx_eiam_answer_t                     answer;
    ngx_eiam_reason_e                     reason;
    ngx_eiam_document_t                   document;
    const ngx_eiam_unit_introspection_t  *row;

    ngx_memzero(&answer, sizeof(ngx_eiam_answer_t));

    answer.status = 200;
    ngx_str_set(&answer.type, JSON);

    for (row = ngx_eiam_unit_answers; row->title; row++) {

        text.data = (u_char *) row->body;
        text.len = ngx_strlen(row->body);
        ok = 1;

        for (ngx_eiam_unit_sides(side)) {

            answer.body = ngx_eiam_unit_place(0, side, &text);

            reason = ngx_eiam_unit_introspection_read(unit, &document,
                                                      &answer, &grant);
            ok = ok && reason == row->reason
                 && (reason != UNAVAILABLE || document.fault.len > 0);

            if (ok && reason == GRANTED) {
                ok = ngx_eiam_unit_introspection_is(&grant.application,
                                                    row->application)
                     && ngx_eiam_unit_introspection_is(&grant.scopes,
                                                       row->scopes)
                     && grant.expires == row->expires
                     && document.fault.len == 0;
            }
        }

        ngx_eiam_unit_ok(unit, ok, "%s: %V", row->title, &document.fault);
    }
}


/* an answer that breaks off is refused, wherever it ends */

static void
ngx_eiam_unit_introspection_cut(ngx_eiam_unit_t *unit)
{
    size_t               len;
    ngx_str_t            text;
    ngx_uint_t           wrong;
    ngx_eiam_grant_t     grant;
    ngx_eiam_answer_t    answer;
    ngx_eiam_document_t  document;

    static const ngx_str_t  whole = ngx_string(
        "{\"active\": true, \"scope\": \"a b\", \"exp\": 1800000000}");

    ngx_memzero(&answer, sizeof(ngx_eiam_answer_t));

    answer.status = 200;
    ngx_str_set(&answer.type, JSON);
    wrong = 0;

    for (len = 0; len <= whole.len; len++) {

        text.data = whole.data;
        text.len = len;
        answer.body = ngx_eiam_unit_place(0, 0, &text);

        wrong += ngx_eiam_unit_introspection_read(unit, &document, &answer,
                                                  &grant)
                 != (len < whole.len ? UNAVAILABLE : GRANTED);
    }

    ngx_eiam_unit_ok(unit, wrong == 0,
                     "an answer that breaks off after any byte is none");
}


static void
ngx_eiam_unit_introspection_long(ngx_eiam_unit_t *unit)
{
    u_char               body[8192], *p;
    size_t               len;
    ngx_uint_t           i, last;
    ngx_eiam_grant_t     grant;
    ngx_eiam_answer_t    answer;
    ngx_eiam_reason_e    reason;
    ngx_eiam_document_t  document;

    static const struct {
        const char   *member;
        size_t        max;
    } members[] = {
        { "client_id", NGX_EIAM_APPLICATION_ID_MAX },
        { "scope", NGX_EIAM_SCOPES_TEXT_MAX },
        { NULL, 0 }
    };

    ngx_memzero(&answer, sizeof(ngx_eiam_answer_t));

    answer.status = 200;
    ngx_str_set(&answer.type, JSON);

    for (i = 0; members[i].member; i++) {

        for (last = 0; last < 2; last++) {

            len = members[i].max + last;

            p = ngx_sprintf(body, "{\"active\": true, \"%s\": \"",
                            members[i].member);
            ngx_memset(p, 'x', len);
            p = ngx_cpymem(p + len, "\"}", 2);

            answer.body.data = body;
            answer.body.len = p - body;

            reason = ngx_eiam_unit_introspection_read(unit, &document,
                                                      &answer, &grant);

            ngx_eiam_unit_ok(unit, last
                                   ? reason == INVALID
                                     && document.fault.len > 0
                                   : reason == GRANTED
                                     && grant.application.len
                                        + grant.scopes.len == len,
                             "%s of %uz bytes: %V", members[i].member, len,
                             &document.fault);
        }
    }
}


/* the fault of a broken answer is logged, so it must not quote the answer */

static void
ngx_eiam_unit_introspection_secret(ngx_eiam_unit_t *unit)
{
    ngx_uint_t           i;
    ngx_eiam_grant_t     grant;
    ngx_eiam_answer_t    answer;
    ngx_eiam_document_t  document;

    static const ngx_str_t  bodies[] = {
        ngx_string("s3cret"),
        ngx_string("{\"active\": s3cret}"),
        ngx_string("{\"active\": true, \"s3cret\": 1, \"s3cret\": 1}"),
        ngx_string("{\"active\": true, \"scope\": [\"s3cret s3cret\"]}"),
        ngx_string("{\"active\": true, \"client_id\": \"s3cret\\n\"}"),
        ngx_string("{\"active\": true, \"exp\": \"s3cret\"}"),
        ngx_string("{\"active\": true, \"token_type\": \"s3cret\"}"),
        ngx_string("{\"active\": true, \"cnf\": \"s3cret\"}"),
        ngx_null_string
    };

    ngx_memzero(&answer, sizeof(ngx_eiam_answer_t));

    answer.status = 200;
    ngx_str_set(&answer.type, JSON);

    for (i = 0; bodies[i].len; i++) {

        answer.body = bodies[i];

        ngx_eiam_unit_ok(unit,
                         ngx_eiam_unit_introspection_read(unit, &document,
                                                          &answer, &grant)
                         != GRANTED
                         && document.fault.len > 0
                         && ngx_strlcasestrn(document.fault.data,
                                             document.fault.data
                                             + document.fault.len,
                                             (u_char *) "s3cret", 5)
                            == NULL,
                         "what is wrong is said without the answer's bytes: "
                         "%V", &document.fault);
    }
}


/* each check has its detail; a grant, or a token that has expired, has none */

static void
ngx_eiam_unit_introspection_details(ngx_eiam_unit_t *unit)
{
    ngx_uint_t           i;
    ngx_eiam_grant_t     grant;
    ngx_eiam_answer_t    answer;
    ngx_eiam_detail_e    detail;
    ngx_eiam_document_t  document;

    static const struct {
        ngx_uint_t    status;
        ngx_str_t     members;
        const char   *detail;
    } rows[] = {
        { 200, ngx_string("{\"active\": true}"), "" },
        { 200, ngx_string("{\"active\": true, \"exp\": 1}"), "" },
        { 200, ngx_string("{\"active\": false}"), "inactive" },
        { 200, ngx_string("{}"), "inactive" },
        { 200, ngx_string("{\"active\": true, \"cnf\": {}}"), "bound" },
        { 200, ngx_string("{\"active\": true, \"token_type\": \"mac\"}"),
          "type" },
        { 200, ngx_string("{\"active\": true, \"typ\": \"ID\"}"), "type" },
        { 200, ngx_string("{\"active\": true, \"exp\": \"1\"}"), "time" },
        { 200, ngx_string("{\"active\": true, \"nbf\": []}"), "time" },
        { 200, ngx_string("{\"active\": true, \"nbf\": 1700000001}"),
          "not_yet_valid" },
        { 200, ngx_string("{\"active\": true, \"client_id\": 1}"),
          "application" },
        { 200, ngx_string("{\"active\": true, \"azp\": \"a\","
                          " \"cid\": \"b\"}"), "application" },
        { 200, ngx_string("{\"active\": true, \"scope\": [\"a b\"]}"),
          "scopes" },
        { 200, ngx_string("{"), "unreadable" },
        { 200, ngx_string("[]"), "unreadable" },
        { 400, ngx_string("{}"), "source_status" },
        { 401, ngx_string("{}"), "source_status" },
        { 500, ngx_string("{}"), "source_status" },
        { 503, ngx_string("{}"), "source_down" },
        { 0, ngx_string(""), "source_down" },
        { 0, ngx_null_string, NULL }
    };

    for (i = 0; rows[i].detail; i++) {

        ngx_memzero(&answer, sizeof(ngx_eiam_answer_t));
        ngx_memzero(&document, sizeof(ngx_eiam_document_t));

        answer.status = rows[i].status;
        answer.body = rows[i].members;
        ngx_str_set(&answer.type, JSON);

        ngx_str_set(&document.name, "/introspect");
        document.pool = unit->pool;

        (void) ngx_eiam_introspection_read(&document, &answer, NULL,
                                           NGX_EIAM_UNIT_NOW, &grant, &detail);

        ngx_eiam_unit_ok(unit,
                         ngx_eiam_unit_introspection_is(
                             &ngx_eiam_details[detail], rows[i].detail),
                         "the detail of %ui %V is \"%V\"", rows[i].status,
                         &rows[i].members, &ngx_eiam_details[detail]);
    }
}


static ngx_eiam_reason_e
ngx_eiam_unit_introspection_read(ngx_eiam_unit_t *unit,
    ngx_eiam_document_t *document, const ngx_eiam_answer_t *answer,
    ngx_eiam_grant_t *grant)
{
    ngx_eiam_detail_e  detail;

    ngx_memzero(document, sizeof(ngx_eiam_document_t));
    ngx_memset(grant, 0x55, sizeof(ngx_eiam_grant_t));

    ngx_str_set(&document->name, "/introspect");
    document->pool = unit->pool;

    return ngx_eiam_introspection_read(document, answer, NULL,
                                       NGX_EIAM_UNIT_NOW, grant, &detail);
}


static ngx_uint_t
ngx_eiam_unit_introspection_is(const ngx_str_t *text, const char *expected)
{
    ngx_str_t  copy;

    copy.data = (u_char *) expected;
    copy.len = ngx_strlen(expected);

    return ngx_eiam_unit_equal(text, &copy);
}
