
/*
 * Signed tokens as byte strings, at a time that the test sets.  Claims in a
 * table are signed by the test with one of its two secrets.
 */

#include "ngx_eiam_unit_jws.h"
#include <ngx_eiam_claims.h>
#include <ngx_eiam_jwt.h>

#include <openssl/evp.h>


#define NGX_EIAM_UNIT_JWT_NOW  1700000000

#define NGX_EIAM_UNIT_A  "secret-a-secret-a-secret-a-secret-a"
#define NGX_EIAM_UNIT_B  "secret-b-secret-b-secret-b-secret-b"

/* must not be in any message */
#define NGX_EIAM_UNIT_HIDDEN  "do-not-tell"

/* a valid header and valid claims, without braces */

#define NGX_EIAM_UNIT_HEADER  "\"alg\":\"HS256\""
#define NGX_EIAM_UNIT_ISS  "\"iss\":\"https://as\","
#define NGX_EIAM_UNIT_AUD  "\"aud\":\"api\","
#define NGX_EIAM_UNIT_EXP  "\"exp\":1700000100,"
#define NGX_EIAM_UNIT_CLAIMS                                                  \
    NGX_EIAM_UNIT_ISS NGX_EIAM_UNIT_AUD NGX_EIAM_UNIT_EXP                     \
    "\"jti\":\"" NGX_EIAM_UNIT_HIDDEN "\""


/* published public keys, without braces */

#define NGX_EIAM_UNIT_JWT_P521                                                \
    "\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"" NGX_EIAM_UNIT_P521_X          \
    "\",\"y\":\"" NGX_EIAM_UNIT_P521_Y "\""
#define NGX_EIAM_UNIT_JWT_P256                                                \
    "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" NGX_EIAM_UNIT_P256_X          \
    "\",\"y\":\"" NGX_EIAM_UNIT_P256_Y "\""
#define NGX_EIAM_UNIT_JWT_ED25519                                             \
    "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" NGX_EIAM_UNIT_ED25519_X    \
    "\""
#define NGX_EIAM_UNIT_JWT_RSA                                                 \
    "\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"" NGX_EIAM_UNIT_RSA_N "\""
#define NGX_EIAM_UNIT_JWT_OCT                                                 \
    "\"kty\":\"oct\",\"k\":\"" NGX_EIAM_UNIT_OCT_K "\""


typedef struct {
    const char           *text;        /* of the header, or the claims */
    ngx_int_t             rc;
    ngx_eiam_reason_e     reason;
    const char           *fault;       /* part of the fault, or NULL */
} ngx_eiam_unit_jwt_row_t;


typedef struct {
    const char           *claims;      /* besides the required ones */
    const char           *application;
    const char           *scopes;      /* NULL: the token is refused */
} ngx_eiam_unit_jwt_grant_t;


typedef struct {
    ngx_eiam_unit_t       *unit;
    ngx_eiam_keys_t        keys;
    ngx_eiam_jwt_terms_t   terms;
    time_t                 now;

    ngx_eiam_grant_t       grant;      /* of the last token */
    ngx_eiam_reason_e      reason;
    ngx_eiam_detail_e      detail;
    ngx_str_t              fault;
} ngx_eiam_unit_jwt_t;


static void ngx_eiam_unit_jwt_is(ngx_eiam_unit_jwt_t *t);
static void ngx_eiam_unit_jwt_headers(ngx_eiam_unit_jwt_t *t);
static void ngx_eiam_unit_jwt_claims(ngx_eiam_unit_jwt_t *t);
static void ngx_eiam_unit_jwt_times(ngx_eiam_unit_jwt_t *t);
static void ngx_eiam_unit_jwt_grants(ngx_eiam_unit_jwt_t *t);
static void ngx_eiam_unit_jwt_long(ngx_eiam_unit_jwt_t *t);
static void ngx_eiam_unit_jwt_order(ngx_eiam_unit_jwt_t *t);
static void ngx_eiam_unit_jwt_keys(ngx_eiam_unit_jwt_t *t);
static void ngx_eiam_unit_jwt_tries(ngx_eiam_unit_jwt_t *t);
static void ngx_eiam_unit_jwt_large(ngx_eiam_unit_jwt_t *t);
static void ngx_eiam_unit_jwt_pieces(ngx_eiam_unit_jwt_t *t);
static void ngx_eiam_unit_jwt_bytes(ngx_eiam_unit_jwt_t *t);
static void ngx_eiam_unit_jwt_published(ngx_eiam_unit_jwt_t *t);

static void ngx_eiam_unit_jwt_rows(ngx_eiam_unit_jwt_t *t,
    const ngx_eiam_unit_jwt_row_t *row, ngx_uint_t headers);
static void ngx_eiam_unit_jwt_copies(ngx_eiam_unit_jwt_t *t, const char *key,
    ngx_uint_t copies, const char *more);
static ngx_str_t ngx_eiam_unit_jwt_forged(ngx_eiam_unit_jwt_t *t,
    const char *algorithm, const char *more);
static void ngx_eiam_unit_jwt_tried(ngx_eiam_unit_jwt_t *t,
    const ngx_str_t *token, ngx_uint_t tried, const char *title,
    const char *more);
static ngx_int_t ngx_eiam_unit_jwt_read(ngx_eiam_unit_jwt_t *t,
    const ngx_str_t *token);
static ngx_int_t ngx_eiam_unit_jwt_signed(ngx_eiam_unit_jwt_t *t,
    const char *header, const char *claims);
static ngx_str_t ngx_eiam_unit_jwt_sign(ngx_eiam_unit_jwt_t *t,
    const char *header, const char *claims, const char *secret);
static ngx_str_t ngx_eiam_unit_jwt_part(ngx_eiam_unit_jwt_t *t,
    const char *members);
static ngx_uint_t ngx_eiam_unit_jwt_says(const ngx_str_t *fault,
    const char *text);
static ngx_uint_t ngx_eiam_unit_jwt_bit(const char *algorithm);


ngx_int_t __real_ngx_eiam_jws_verify(ngx_uint_t algorithm,
    const ngx_eiam_key_t *key, const ngx_str_t *text,
    const ngx_str_t *signature);
ngx_int_t __wrap_ngx_eiam_jws_verify(ngx_uint_t algorithm,
    const ngx_eiam_key_t *key, const ngx_str_t *text,
    const ngx_str_t *signature);


static ngx_uint_t  ngx_eiam_unit_jwt_verified;     /* keys that were tried */


static const ngx_eiam_unit_jwt_row_t  ngx_eiam_unit_jwt_header[] = {
    { "\"alg\":\"HS256\"", NGX_OK, 0, NULL },
    { "\"typ\":\"JWT\",\"alg\":\"HS256\"", NGX_OK, 0, NULL },
    { "\"typ\":\"jwt\",\"alg\":\"HS256\"", NGX_OK, 0, NULL },
    { "\"typ\":\"at+jwt\",\"alg\":\"HS256\"", NGX_OK, 0, NULL },
    { "\"typ\":\"AT+JWT\",\"alg\":\"HS256\"", NGX_OK, 0, NULL },
    { "\"typ\":\"application/at+jwt\",\"alg\":\"HS256\"", NGX_OK, 0, NULL },
    { "\"alg\":\"HS256\",\"x\":[{}]", NGX_OK, 0, NULL },

    /* a key in the token itself is not used */
    { "\"alg\":\"HS256\",\"jku\":\"http://127.0.0.1/\",\"jwk\":{\"kty\":"
      "\"oct\",\"k\":\"\"},\"x5u\":1,\"x5c\":[]", NGX_OK, 0, NULL },

    { "\"typ\":\"JWT\"", NGX_ABORT, NGX_EIAM_TOKEN_INVALID,
      "no accepted \"alg\"" },
    { "\"alg\":\"none\"", NGX_ABORT, NGX_EIAM_TOKEN_INVALID,
      "no accepted \"alg\"" },
    { "\"alg\":\"\"", NGX_ABORT, NGX_EIAM_TOKEN_INVALID,
      "no accepted \"alg\"" },
    { "\"alg\":\"hs256\"", NGX_ABORT, NGX_EIAM_TOKEN_INVALID,
      "no accepted \"alg\"" },
    { "\"alg\":\"HS384\"", NGX_ABORT, NGX_EIAM_TOKEN_INVALID,
      "no accepted \"alg\"" },
    { "\"alg\":256", NGX_ABORT, NGX_EIAM_TOKEN_INVALID,
      "no accepted \"alg\"" },
    { "\"alg\":[\"HS256\"]", NGX_ABORT, NGX_EIAM_TOKEN_INVALID,
      "no accepted \"alg\"" },
    { "\"alg\":null", NGX_ABORT, NGX_EIAM_TOKEN_INVALID,
      "no accepted \"alg\"" },
    { "\"Alg\":\"HS256\"", NGX_ABORT, NGX_EIAM_TOKEN_INVALID,
      "no accepted \"alg\"" },
    { "\"alg\":\"HS256\",\"alg\":\"HS256\"", NGX_ABORT,
      NGX_EIAM_TOKEN_INVALID, "bad JSON" },
    { "\"alg\":\"none\",\"alg\":\"HS256\"", NGX_ABORT,
      NGX_EIAM_TOKEN_INVALID, "bad JSON" },
    { "\"alg\":\"HS256\",\"x\":\"\\u0000\"", NGX_ABORT,
      NGX_EIAM_TOKEN_INVALID, "bad JSON" },
    { "\"alg\":\"HS256\",\"x\":\"\\ud800\"", NGX_ABORT,
      NGX_EIAM_TOKEN_INVALID, "bad JSON" },
    { "\"alg\":\"RS256\"", NGX_DECLINED, NGX_EIAM_NO_REASON,
      "by no known key" },

    { "\"alg\":\"HS256\",\"typ\":\"\"", NGX_ABORT, NGX_EIAM_TOKEN_INVALID,
      "another \"typ\"" },
    { "\"alg\":\"HS256\",\"typ\":\"logout+jwt\"", NGX_ABORT,
      NGX_EIAM_TOKEN_INVALID, "another \"typ\"" },
    { "\"alg\":\"HS256\",\"typ\":\"JWT \"", NGX_ABORT,
      NGX_EIAM_TOKEN_INVALID, "another \"typ\"" },
    { "\"alg\":\"HS256\",\"typ\":\"application/jwt\"", NGX_ABORT,
      NGX_EIAM_TOKEN_INVALID, "another \"typ\"" },
    { "\"alg\":\"HS256\",\"typ\":null", NGX_ABORT, NGX_EIAM_TOKEN_INVALID,
      "another \"typ\"" },
    { "\"alg\":\"HS256\",\"typ\":[\"JWT\"]", NGX_ABORT,
      NGX_EIAM_TOKEN_INVALID, "another \"typ\"" },

    { "\"alg\":\"HS256\",\"crit\":[]", NGX_ABORT, NGX_EIAM_TOKEN_INVALID,
      "header member" },
    { "\"alg\":\"HS256\",\"crit\":[\"exp\"],\"exp\":1700000100", NGX_ABORT,
      NGX_EIAM_TOKEN_INVALID, "header member" },
    { "\"alg\":\"HS256\",\"crit\":null", NGX_ABORT, NGX_EIAM_TOKEN_INVALID,
      "header member" },
    { "\"alg\":\"HS256\",\"b64\":true", NGX_ABORT, NGX_EIAM_TOKEN_INVALID,
      "header member" },
    { "\"alg\":\"HS256\",\"b64\":false", NGX_ABORT, NGX_EIAM_TOKEN_INVALID,
      "header member" },
    { "\"alg\":\"HS256\",\"cty\":\"JWT\"", NGX_ABORT, NGX_EIAM_TOKEN_INVALID,
      "header member" },
    { "\"alg\":\"HS256\",\"enc\":\"A128GCM\"", NGX_ABORT,
      NGX_EIAM_TOKEN_INVALID, "header member" },
    { "\"alg\":\"HS256\",\"zip\":\"DEF\"", NGX_ABORT, NGX_EIAM_TOKEN_INVALID,
      "header member" },
    { "\"alg\":\"HS256\",\"\\u0063rit\":[]", NGX_ABORT,
      NGX_EIAM_TOKEN_INVALID, "header member" },

    { "\"alg\":\"HS256\",\"kid\":1", NGX_ABORT, NGX_EIAM_TOKEN_INVALID,
      "must be a string" },
    { "\"alg\":\"HS256\",\"kid\":null", NGX_ABORT, NGX_EIAM_TOKEN_INVALID,
      "must be a string" },
    { "\"alg\":\"HS256\",\"kid\":[\"a\"]", NGX_ABORT, NGX_EIAM_TOKEN_INVALID,
      "must be a string" },
    { NULL, 0, 0, NULL }
};


/* required claims that are missing are added to each */

static const ngx_eiam_unit_jwt_row_t  ngx_eiam_unit_jwt_claim[] = {
    { NGX_EIAM_UNIT_CLAIMS, NGX_OK, 0, NULL },

    { NGX_EIAM_UNIT_AUD "\"exp\":1700000100", NGX_ABORT,
      NGX_EIAM_TOKEN_INVALID, "another \"iss\"" },
    { "\"iss\":\"https://as/\"," NGX_EIAM_UNIT_AUD "\"exp\":1700000100",
      NGX_ABORT, NGX_EIAM_TOKEN_INVALID, "another \"iss\"" },
    { "\"iss\":\"https://AS\"," NGX_EIAM_UNIT_AUD "\"exp\":1700000100",
      NGX_ABORT, NGX_EIAM_TOKEN_INVALID, "another \"iss\"" },
    { "\"iss\":\"https://a\"," NGX_EIAM_UNIT_AUD "\"exp\":1700000100",
      NGX_ABORT, NGX_EIAM_TOKEN_INVALID, "another \"iss\"" },
    { "\"iss\":\"" NGX_EIAM_UNIT_HIDDEN "\"," NGX_EIAM_UNIT_AUD
      "\"exp\":1700000100", NGX_ABORT, NGX_EIAM_TOKEN_INVALID,
      "another \"iss\"" },
    { "\"iss\":[\"https://as\"]," NGX_EIAM_UNIT_AUD "\"exp\":1700000100",
      NGX_ABORT, NGX_EIAM_TOKEN_INVALID, "another \"iss\"" },
    { "\"iss\":null," NGX_EIAM_UNIT_AUD "\"exp\":1700000100", NGX_ABORT,
      NGX_EIAM_TOKEN_INVALID, "another \"iss\"" },
    { "\"iss\":\"https:\\/\\/as\"," NGX_EIAM_UNIT_AUD "\"exp\":1700000100",
      NGX_OK, 0, NULL },

    { NGX_EIAM_UNIT_ISS "\"exp\":1700000100", NGX_ABORT,
      NGX_EIAM_TOKEN_INVALID, "no \"aud\"" },
    { NGX_EIAM_UNIT_ISS NGX_EIAM_UNIT_EXP "\"aud\":\"other\"", NGX_OK, 0,
      NULL },
    { NGX_EIAM_UNIT_ISS NGX_EIAM_UNIT_EXP "\"aud\":[\"api\"]", NGX_OK, 0,
      NULL },
    { NGX_EIAM_UNIT_ISS NGX_EIAM_UNIT_EXP "\"aud\":[\"x\",\"other\",\"y\"]",
      NGX_OK, 0, NULL },
    { NGX_EIAM_UNIT_ISS NGX_EIAM_UNIT_EXP "\"aud\":\"API\"", NGX_ABORT,
      NGX_EIAM_TOKEN_INVALID, "another \"aud\"" },
    { NGX_EIAM_UNIT_ISS NGX_EIAM_UNIT_EXP "\"aud\":\"ap\"", NGX_ABORT,
      NGX_EIAM_TOKEN_INVALID, "another \"aud\"" },
    { NGX_EIAM_UNIT_ISS NGX_EIAM_UNIT_EXP "\"aud\":\"api other\"", NGX_ABORT,
      NGX_EIAM_TOKEN_INVALID, "another \"aud\"" },
    { NGX_EIAM_UNIT_ISS NGX_EIAM_UNIT_EXP "\"aud\":\"\"", NGX_ABORT,
      NGX_EIAM_TOKEN_INVALID, "another \"aud\"" },
    { NGX_EIAM_UNIT_ISS NGX_EIAM_UNIT_EXP "\"aud\":[]", NGX_ABORT,
      NGX_EIAM_TOKEN_INVALID, "another \"aud\"" },
    { NGX_EIAM_UNIT_ISS NGX_EIAM_UNIT_EXP "\"aud\":[\""
      NGX_EIAM_UNIT_HIDDEN "\"]", NGX_ABORT, NGX_EIAM_TOKEN_INVALID,
      "another \"aud\"" },
    { NGX_EIAM_UNIT_ISS NGX_EIAM_UNIT_EXP "\"aud\":[[\"api\"]]", NGX_ABORT,
      NGX_EIAM_TOKEN_INVALID, "must be a string" },
    { NGX_EIAM_UNIT_ISS NGX_EIAM_UNIT_EXP "\"aud\":[\"api\",1]", NGX_ABORT,
      NGX_EIAM_TOKEN_INVALID, "must be a string" },
    { NGX_EIAM_UNIT_ISS NGX_EIAM_UNIT_EXP "\"aud\":{\"api\":1}", NGX_ABORT,
      NGX_EIAM_TOKEN_INVALID, "must be a string" },
    { NGX_EIAM_UNIT_ISS NGX_EIAM_UNIT_EXP "\"aud\":null", NGX_ABORT,
      NGX_EIAM_TOKEN_INVALID, "no \"aud\"" },
    { NGX_EIAM_UNIT_ISS NGX_EIAM_UNIT_EXP "\"aud\":[null,\"api\"]", NGX_ABORT,
      NGX_EIAM_TOKEN_INVALID, "must be a string" },

    { NGX_EIAM_UNIT_CLAIMS ",\"cnf\":{\"jkt\":\"x\"}", NGX_ABORT,
      NGX_EIAM_TOKEN_INVALID, "\"cnf\"" },
    { NGX_EIAM_UNIT_CLAIMS ",\"cnf\":null", NGX_OK, 0, NULL },
    { NGX_EIAM_UNIT_CLAIMS ",\"iss\":\"https://as\"", NGX_ABORT,
      NGX_EIAM_TOKEN_INVALID, "bad JSON" },
    { NGX_EIAM_UNIT_CLAIMS ",\"x\":\"a\\u0000b\"", NGX_ABORT,
      NGX_EIAM_TOKEN_INVALID, "bad JSON" },
    { NGX_EIAM_UNIT_CLAIMS ",\"x\":\"\xc3\"", NGX_ABORT,
      NGX_EIAM_TOKEN_INVALID, "bad JSON" },
    { NGX_EIAM_UNIT_CLAIMS ",", NGX_ABORT, NGX_EIAM_TOKEN_INVALID,
      "bad JSON" },
    { NGX_EIAM_UNIT_CLAIMS "} {", NGX_ABORT, NGX_EIAM_TOKEN_INVALID,
      "bad JSON" },
    { NULL, 0, 0, NULL }
};


/* at 1700000000 with 30 seconds of leeway; "iss" and "aud" are there */

static const ngx_eiam_unit_jwt_row_t  ngx_eiam_unit_jwt_time[] = {
    { "\"exp\":1700000001", NGX_OK, 0, NULL },
    { "\"exp\":1700000000", NGX_OK, 0, NULL },
    { "\"exp\":1699999971", NGX_OK, 0, NULL },
    { "\"exp\":1699999971.999", NGX_OK, 0, NULL },
    { "\"exp\":1699999970", NGX_ABORT, NGX_EIAM_TOKEN_EXPIRED, NULL },
    { "\"exp\":1699999970.999", NGX_ABORT, NGX_EIAM_TOKEN_EXPIRED, NULL },
    { "\"exp\":1699999969", NGX_ABORT, NGX_EIAM_TOKEN_EXPIRED, NULL },
    { "\"exp\":0", NGX_ABORT, NGX_EIAM_TOKEN_EXPIRED, NULL },
    { "\"exp\":-1", NGX_ABORT, NGX_EIAM_TOKEN_EXPIRED, NULL },
    { "\"exp\":1.7000001e9", NGX_OK, 0, NULL },
    { "\"exp\":9007199254740991", NGX_OK, 0, NULL },
    { "\"exp\":9007199254740992", NGX_ABORT, NGX_EIAM_TOKEN_INVALID,
      "a wrong time" },
    { "\"exp\":1e300", NGX_ABORT, NGX_EIAM_TOKEN_INVALID, "a wrong time" },
    { "\"exp\":1e999", NGX_ABORT, NGX_EIAM_TOKEN_INVALID, "bad JSON" },
    { "\"exp\":99999999999999999999", NGX_ABORT, NGX_EIAM_TOKEN_INVALID,
      "a wrong time" },
    { "\"exp\":\"1700000100\"", NGX_ABORT, NGX_EIAM_TOKEN_INVALID,
      "a wrong time" },
    { "\"exp\":null", NGX_ABORT, NGX_EIAM_TOKEN_INVALID, "a wrong time" },
    { "\"exp\":true", NGX_ABORT, NGX_EIAM_TOKEN_INVALID, "a wrong time" },
    { "\"exp\":[1700000100]", NGX_ABORT, NGX_EIAM_TOKEN_INVALID,
      "a wrong time" },
    { "\"x\":1", NGX_ABORT, NGX_EIAM_TOKEN_INVALID, "no \"exp\"" },

    { NGX_EIAM_UNIT_EXP "\"nbf\":1700000030", NGX_OK, 0, NULL },
    { NGX_EIAM_UNIT_EXP "\"nbf\":1700000030.999", NGX_OK, 0, NULL },
    { NGX_EIAM_UNIT_EXP "\"nbf\":1700000031", NGX_ABORT,
      NGX_EIAM_TOKEN_INVALID, "is not valid yet" },
    { NGX_EIAM_UNIT_EXP "\"nbf\":9007199254740991", NGX_ABORT,
      NGX_EIAM_TOKEN_INVALID, "is not valid yet" },
    { NGX_EIAM_UNIT_EXP "\"nbf\":-9007199254740991", NGX_OK, 0, NULL },
    { NGX_EIAM_UNIT_EXP "\"nbf\":1e300", NGX_ABORT, NGX_EIAM_TOKEN_INVALID,
      "a wrong time" },
    { NGX_EIAM_UNIT_EXP "\"nbf\":-1e300", NGX_ABORT, NGX_EIAM_TOKEN_INVALID,
      "a wrong time" },
    { NGX_EIAM_UNIT_EXP "\"nbf\":\"0\"", NGX_ABORT, NGX_EIAM_TOKEN_INVALID,
      "a wrong time" },
    { NGX_EIAM_UNIT_EXP "\"nbf\":null", NGX_OK, 0, NULL },
    { NGX_EIAM_UNIT_EXP "\"iat\":null", NGX_OK, 0, NULL },

    { NGX_EIAM_UNIT_EXP "\"iat\":1700000030", NGX_OK, 0, NULL },
    { NGX_EIAM_UNIT_EXP "\"iat\":1700000031", NGX_ABORT,
      NGX_EIAM_TOKEN_INVALID, "is not valid yet" },
    { NGX_EIAM_UNIT_EXP "\"iat\":0", NGX_OK, 0, NULL },
    { NGX_EIAM_UNIT_EXP "\"iat\":false", NGX_ABORT, NGX_EIAM_TOKEN_INVALID,
      "a wrong time" },

    /* a token that expires before it begins */
    { "\"exp\":1699999970,\"nbf\":1700000031", NGX_ABORT,
      NGX_EIAM_TOKEN_EXPIRED, NULL },
    { "\"exp\":1699999999,\"nbf\":1700000020", NGX_OK, 0, NULL },
    { NULL, 0, 0, NULL }
};


static const ngx_eiam_unit_jwt_grant_t  ngx_eiam_unit_jwt_grant[] = {
    { "\"client_id\":\"crm\",\"sub\":\"c\"", "crm", "" },
    { "\"azp\":\"b\",\"sub\":\"c\"", "b", "" },
    { "\"cid\":\"c\"", "c", "" },
    { "\"appid\":\"d\"", "d", "" },
    { "\"sub\":\"c\"", "", "" },
    { "\"sub\":1", "", "" },
    { "\"client_id\":\"a\",\"azp\":\"a\",\"cid\":\"a\",\"appid\":\"a\"", "a",
      "" },
    { "\"client_id\":\"crm\",\"azp\":\"b\"", NULL, NULL },
    { "\"client_id\":\"crm\",\"appid\":\"CRM\"", NULL, NULL },
    { "\"client_id\":\"crm\",\"azp\":\"crm\",\"cid\":\"crm2\"", NULL, NULL },
    { "\"client_id\":null,\"azp\":null,\"cid\":\"c\"", "c", "" },
    { "\"client_id\":\"crm\",\"azp\":null", "crm", "" },
    { "\"client_id\":null,\"azp\":null,\"cid\":null,\"appid\":null", "",
      "" },
    { "\"client_id\":\"crm\",\"appid\":\"\"", NULL, NULL },
    { "\"client_id\":\"crm\",\"appid\":\"crm \"", NULL, NULL },
    { "\"client_id\":\"\\u4e2d\"", "\xe4\xb8\xad", "" },
    { "\"client_id\":\"\",\"sub\":\"c\"", NULL, NULL },
    { "\"client_id\":1,\"sub\":\"c\"", NULL, NULL },
    { "\"client_id\":null,\"sub\":\"c\"", "", "" },
    { "\"client_id\":\"a\\nb\"", NULL, NULL },
    { "\"azp\":[\"b\"],\"sub\":\"c\"", NULL, NULL },
    { "\"client_id\":\"crm\",\"azp\":7", NULL, NULL },
    { "\"client_id\":\"crm\",\"cid\":{}", NULL, NULL },

    { "\"scope\":\"a b\"", "", "a b" },
    { "\"scope\":\"\"", "", "" },
    { "\"scope\":\"a\",\"scp\":\"b\"", "", "a" },
    { "\"scope\":\"a\",\"scp\":1", "", "a" },
    { "\"scp\":\"a b\"", "", "a b" },
    { "\"scp\":[\"a\",\"b\"]", "", "a b" },
    { "\"scp\":[\"a\"]", "", "a" },
    { "\"scp\":[]", "", "" },
    { "\"scp\":[\"\",\"a\",\"\",\"b\",\"\"]", "", "a b" },
    { "\"scp\":[\"a b\"]", NULL, NULL },
    { "\"scp\":[\" \"]", NULL, NULL },
    { "\"scp\":[\"a\",1]", NULL, NULL },
    { "\"scp\":[[\"a\"]]", NULL, NULL },
    { "\"scp\":1", NULL, NULL },
    { "\"scp\":{\"a\":1}", NULL, NULL },
    { "\"scp\":null", "", "" },
    { "\"scp\":[\"a\",null]", NULL, NULL },
    { "\"scope\":[\"a\",\"b\"],\"scp\":\"c\"", "", "a b" },
    { "\"scope\":[],\"scp\":\"c\"", "", "" },
    { "\"scope\":[\"a b\"],\"scp\":\"c\"", NULL, NULL },
    { "\"scope\":null,\"scp\":\"b\"", "", "b" },
    { "\"scope\":1", NULL, NULL },
    { NULL, NULL, NULL }
};


void
ngx_eiam_unit_jwt(ngx_eiam_unit_t *unit)
{
    ngx_str_t            *issuer, *audience;
    ngx_eiam_unit_jwt_t   t;

    ngx_memzero(&t, sizeof(ngx_eiam_unit_jwt_t));

    t.unit = unit;
    t.now = NGX_EIAM_UNIT_JWT_NOW;

    t.terms.leeway = 30;
    t.terms.algorithms = ngx_eiam_unit_jwt_bit("HS256")
                         | ngx_eiam_unit_jwt_bit("RS256")
                         | ngx_eiam_unit_jwt_bit("ES256");
    t.terms.applications = &ngx_eiam_claims_clients;
    t.terms.scopes = &ngx_eiam_jwt_claims_scope;
    t.terms.issuers = ngx_array_create(unit->pool, 2, sizeof(ngx_str_t));
    t.terms.audiences = ngx_array_create(unit->pool, 2, sizeof(ngx_str_t));

    if (t.terms.issuers == NULL || t.terms.audiences == NULL) {
        abort();
    }

    issuer = ngx_array_push_n(t.terms.issuers, 2);
    ngx_str_set(&issuer[0], "https://as");
    ngx_str_set(&issuer[1], "joe");

    audience = ngx_array_push_n(t.terms.audiences, 2);
    ngx_str_set(&audience[0], "api");
    ngx_str_set(&audience[1], "other");

    ngx_eiam_unit_keys_read(unit, "{\"kty\":\"oct\",\"k\":\""
        "c2VjcmV0LWEtc2VjcmV0LWEtc2VjcmV0LWEtc2VjcmV0LWE\"}", &t.keys);

    ngx_eiam_unit_jwt_is(&t);
    ngx_eiam_unit_jwt_headers(&t);
    ngx_eiam_unit_jwt_claims(&t);
    ngx_eiam_unit_jwt_times(&t);
    ngx_eiam_unit_jwt_grants(&t);
    ngx_eiam_unit_jwt_long(&t);
    ngx_eiam_unit_jwt_order(&t);
    ngx_eiam_unit_jwt_pieces(&t);
    ngx_eiam_unit_jwt_bytes(&t);
    ngx_eiam_unit_jwt_keys(&t);
    ngx_eiam_unit_jwt_tries(&t);
    ngx_eiam_unit_jwt_published(&t);
}


static void
ngx_eiam_unit_jwt_is(ngx_eiam_unit_jwt_t *t)
{
    ngx_str_t   text, placed;
    ngx_uint_t  i, side, dots, is;

    static const char *const  texts[] = {
        "", "a", ".", "a.b", "..", "a.b.c", ".a.", "a..c", "...", "a.b.c.d",
        "a.b.c.d.e", NULL
    };

    for (i = 0; texts[i]; i++) {

        ngx_eiam_unit_text(&text, texts[i]);

        for (ngx_eiam_unit_sides(side)) {

            placed = ngx_eiam_unit_place(0, side, &text);
            is = ngx_eiam_jwt_is(&placed);

            for (dots = 0; *text.data; text.data++) {
                dots += (*text.data == '.');
            }

            text.data = (u_char *) texts[i];

            ngx_eiam_unit_ok(t->unit, is == (dots == 2)
                                      && (is || ngx_eiam_unit_jwt_read(t,
                                                                       &text)
                                                == NGX_ABORT),
                             "\"%s\" has %ui dots: %s", texts[i], dots,
                             is ? "a JWS" : "none");
        }
    }
}


static void
ngx_eiam_unit_jwt_headers(ngx_eiam_unit_jwt_t *t)
{
    ngx_eiam_unit_jwt_rows(t, ngx_eiam_unit_jwt_header, 1);
}


static void
ngx_eiam_unit_jwt_claims(ngx_eiam_unit_jwt_t *t)
{
    ngx_eiam_unit_jwt_rows(t, ngx_eiam_unit_jwt_claim, 0);
}


static void
ngx_eiam_unit_jwt_rows(ngx_eiam_unit_jwt_t *t,
    const ngx_eiam_unit_jwt_row_t *row, ngx_uint_t headers)
{
    ngx_int_t  rc;

    for ( /* void */ ; row->text; row++) {

        rc = ngx_eiam_unit_jwt_signed(t, headers ? row->text
                                                 : NGX_EIAM_UNIT_HEADER,
                                      headers ? NGX_EIAM_UNIT_CLAIMS
                                              : row->text);

        ngx_eiam_unit_ok(t->unit, rc == row->rc && t->reason == row->reason
                                  && ngx_eiam_unit_jwt_says(&t->fault,
                                                            row->fault),
                         "%s {%*s} %V", headers ? "the header" : "claims",
                         strcspn(row->text, "\xc3"), row->text, &t->fault);
    }
}


static void
ngx_eiam_unit_jwt_times(ngx_eiam_unit_jwt_t *t)
{
    char                            claims[256];
    ngx_int_t                       rc;
    const ngx_eiam_unit_jwt_row_t  *row;

    for (row = ngx_eiam_unit_jwt_time; row->text; row++) {

        *ngx_snprintf((u_char *) claims, sizeof(claims) - 1, "%s%s%s",
                      NGX_EIAM_UNIT_ISS, NGX_EIAM_UNIT_AUD, row->text) = '\0';

        rc = ngx_eiam_unit_jwt_signed(t, NGX_EIAM_UNIT_HEADER, claims);

        ngx_eiam_unit_ok(t->unit, rc == row->rc && t->reason == row->reason
                                  && ngx_eiam_unit_jwt_says(&t->fault,
                                                            row->fault),
                         "times {%s} %V", row->text, &t->fault);
    }

    (void) ngx_eiam_unit_jwt_signed(t, NGX_EIAM_UNIT_HEADER,
                                    NGX_EIAM_UNIT_CLAIMS);

    ngx_eiam_unit_ok(t->unit, t->grant.expires == 1700000130,
                     "a grant counts as long as its token");

    t->terms.leeway = 0;
    t->now = 1700000099;
    rc = ngx_eiam_unit_jwt_signed(t, NGX_EIAM_UNIT_HEADER,
                                  NGX_EIAM_UNIT_CLAIMS);

    ngx_eiam_unit_ok(t->unit, rc == NGX_OK && t->grant.expires == 1700000100,
                     "without leeway, too, until its last second");

    t->now = 1700000100;
    rc = ngx_eiam_unit_jwt_signed(t, NGX_EIAM_UNIT_HEADER,
                                  NGX_EIAM_UNIT_CLAIMS);

    ngx_eiam_unit_ok(t->unit, rc == NGX_ABORT
                              && t->reason == NGX_EIAM_TOKEN_EXPIRED,
                     "then it has expired");

    t->terms.leeway = 30;
    t->now = NGX_EIAM_UNIT_JWT_NOW;
}


static void
ngx_eiam_unit_jwt_grants(ngx_eiam_unit_jwt_t *t)
{
    char                              claims[256];
    ngx_int_t                         rc;
    ngx_str_t                         application, scopes;
    const ngx_eiam_unit_jwt_grant_t  *row;

    for (row = ngx_eiam_unit_jwt_grant; row->claims; row++) {

        *ngx_snprintf((u_char *) claims, sizeof(claims) - 1, "%s,%s",
                      NGX_EIAM_UNIT_CLAIMS, row->claims) = '\0';

        rc = ngx_eiam_unit_jwt_signed(t, NGX_EIAM_UNIT_HEADER, claims);

        if (row->scopes == NULL) {
            ngx_eiam_unit_ok(t->unit, rc == NGX_ABORT && t->fault.len
                                      && t->reason == NGX_EIAM_TOKEN_INVALID,
                             "refused: {%s} %V", row->claims, &t->fault);
            continue;
        }

        ngx_eiam_unit_text(&application, row->application);
        ngx_eiam_unit_text(&scopes, row->scopes);

        ngx_eiam_unit_ok(t->unit, rc == NGX_OK
                                  && ngx_eiam_unit_equal(&application,
                                                      &t->grant.application)
                                  && ngx_eiam_unit_equal(&scopes,
                                                         &t->grant.scopes)
                                  && t->grant.implicit == 0,
                         "granted: {%s}", row->claims);
    }
}


/*
 * ids and scopes of the longest length that the cache holds, and one byte more
 */

static void
ngx_eiam_unit_jwt_long(ngx_eiam_unit_jwt_t *t)
{
    char        claims[NGX_EIAM_SCOPES_TEXT_MAX + 1024];
    char        text[NGX_EIAM_SCOPES_TEXT_MAX + 2];
    ngx_int_t   rc;
    ngx_uint_t  i;

    static const struct {
        const char  *format;
        size_t       len;
        ngx_int_t    rc;
    } rows[] = {
        { "%s,\"cid\":\"%s\"", NGX_EIAM_APPLICATION_ID_MAX, NGX_OK },
        { "%s,\"cid\":\"%s\"", NGX_EIAM_APPLICATION_ID_MAX + 1, NGX_ABORT },
        { "%s,\"scope\":\"%s\"", NGX_EIAM_SCOPES_TEXT_MAX, NGX_OK },
        { "%s,\"scope\":\"%s\"", NGX_EIAM_SCOPES_TEXT_MAX + 1, NGX_ABORT },
        { "%s,\"scp\":\"%s\"", NGX_EIAM_SCOPES_TEXT_MAX, NGX_OK },
        { "%s,\"scp\":\"%s\"", NGX_EIAM_SCOPES_TEXT_MAX + 1, NGX_ABORT },
        { "%s,\"scp\":[\"%s\"]", NGX_EIAM_SCOPES_TEXT_MAX, NGX_OK },
        { "%s,\"scp\":[\"%s\"]", NGX_EIAM_SCOPES_TEXT_MAX + 1, NGX_ABORT },
        { "%s,\"scp\":[\"%s\",\"a\"]", NGX_EIAM_SCOPES_TEXT_MAX - 2, NGX_OK },
        { "%s,\"scp\":[\"%s\",\"a\"]", NGX_EIAM_SCOPES_TEXT_MAX - 1,
          NGX_ABORT },
        { "%s,\"scp\":[\"%s\",\"\"]", NGX_EIAM_SCOPES_TEXT_MAX, NGX_OK },
        { NULL, 0, 0 }
    };

    for (i = 0; rows[i].format; i++) {

        ngx_memset(text, 'a', rows[i].len);
        text[rows[i].len] = '\0';

        *ngx_snprintf((u_char *) claims, sizeof(claims) - 1, rows[i].format,
                      NGX_EIAM_UNIT_CLAIMS, text) = '\0';

        rc = ngx_eiam_unit_jwt_signed(t, NGX_EIAM_UNIT_HEADER, claims);

        ngx_eiam_unit_ok(t->unit, rc == rows[i].rc,
                         "%s with %uz bytes: %s", rows[i].format + 3,
                         rows[i].len, rc == NGX_OK ? "granted" : "refused");
    }
}


/* each token has two faults: the first one is reported */

static void
ngx_eiam_unit_jwt_order(ngx_eiam_unit_jwt_t *t)
{
    ngx_int_t   rc;
    ngx_str_t   token;
    ngx_uint_t  i;

    static const struct {
        const char         *header;
        const char         *claims;
        const char         *secret;
        ngx_int_t           rc;
        ngx_eiam_reason_e   reason;
        const char         *fault;
    } rows[] = {
        { "x\",\"crit\":[]", "", NGX_EIAM_UNIT_A, NGX_ABORT,
          NGX_EIAM_TOKEN_INVALID, "bad JSON" },
        { "\"alg\":\"none\",\"crit\":[]", "", NGX_EIAM_UNIT_A, NGX_ABORT,
          NGX_EIAM_TOKEN_INVALID, "header member" },
        { "\"alg\":\"none\",\"typ\":\"x\"", "", NGX_EIAM_UNIT_A, NGX_ABORT,
          NGX_EIAM_TOKEN_INVALID, "no accepted \"alg\"" },
        { "\"alg\":\"HS256\",\"typ\":\"x\",\"kid\":1", "", NGX_EIAM_UNIT_A,
          NGX_ABORT, NGX_EIAM_TOKEN_INVALID, "another \"typ\"" },
        { "\"alg\":\"HS256\",\"kid\":1", "", NGX_EIAM_UNIT_B, NGX_ABORT,
          NGX_EIAM_TOKEN_INVALID, "must be a string" },
        { NGX_EIAM_UNIT_HEADER, "x", NGX_EIAM_UNIT_B, NGX_DECLINED,
          NGX_EIAM_TOKEN_INVALID, "by no known key" },
        { NGX_EIAM_UNIT_HEADER, "\"exp\":1", NGX_EIAM_UNIT_B, NGX_DECLINED,
          NGX_EIAM_TOKEN_INVALID, "by no known key" },
        { NGX_EIAM_UNIT_HEADER, "x", NGX_EIAM_UNIT_A, NGX_ABORT,
          NGX_EIAM_TOKEN_INVALID, "bad JSON" },
        { NGX_EIAM_UNIT_HEADER, "\"exp\":1", NGX_EIAM_UNIT_A, NGX_ABORT,
          NGX_EIAM_TOKEN_INVALID, "another \"iss\"" },
        { NGX_EIAM_UNIT_HEADER, NGX_EIAM_UNIT_ISS "\"exp\":1",
          NGX_EIAM_UNIT_A, NGX_ABORT, NGX_EIAM_TOKEN_INVALID, "no \"aud\"" },
        { NGX_EIAM_UNIT_HEADER, NGX_EIAM_UNIT_ISS NGX_EIAM_UNIT_AUD
          "\"exp\":1,\"iat\":\"\"", NGX_EIAM_UNIT_A, NGX_ABORT,
          NGX_EIAM_TOKEN_INVALID, "a wrong time" },
        { NGX_EIAM_UNIT_HEADER, NGX_EIAM_UNIT_ISS NGX_EIAM_UNIT_AUD
          "\"exp\":1,\"nbf\":1800000000", NGX_EIAM_UNIT_A, NGX_ABORT,
          NGX_EIAM_TOKEN_EXPIRED, NULL },
        { NGX_EIAM_UNIT_HEADER, NGX_EIAM_UNIT_ISS NGX_EIAM_UNIT_AUD
          "\"exp\":1,\"cnf\":{}", NGX_EIAM_UNIT_A, NGX_ABORT,
          NGX_EIAM_TOKEN_EXPIRED, NULL },
        { NGX_EIAM_UNIT_HEADER, NGX_EIAM_UNIT_CLAIMS ",\"iat\":1800000000,"
          "\"cnf\":{}", NGX_EIAM_UNIT_A, NGX_ABORT, NGX_EIAM_TOKEN_INVALID,
          "is not valid yet" },
        { NGX_EIAM_UNIT_HEADER, NGX_EIAM_UNIT_CLAIMS ",\"cnf\":{},"
          "\"cid\":1", NGX_EIAM_UNIT_A, NGX_ABORT, NGX_EIAM_TOKEN_INVALID,
          "\"cnf\"" },
        { NGX_EIAM_UNIT_HEADER, NGX_EIAM_UNIT_CLAIMS ",\"cid\":1,"
          "\"scope\":1", NGX_EIAM_UNIT_A, NGX_ABORT, NGX_EIAM_TOKEN_INVALID,
          "#/cid: must be a string" },
        { NULL, NULL, NULL, 0, 0, NULL }
    };

    for (i = 0; rows[i].header; i++) {

        token = ngx_eiam_unit_jwt_sign(t, rows[i].header, rows[i].claims,
                                       rows[i].secret);
        rc = ngx_eiam_unit_jwt_read(t, &token);

        ngx_eiam_unit_ok(t->unit, rc == rows[i].rc
                                  && t->reason == rows[i].reason
                                  && ngx_eiam_unit_jwt_says(&t->fault,
                                                            rows[i].fault),
                         "the first thing that is wrong: {%s} {%s} %V",
                         rows[i].header, rows[i].claims, &t->fault);
    }
}


/* tokens that are cut off, or have a part too many or too few */

static void
ngx_eiam_unit_jwt_pieces(ngx_eiam_unit_jwt_t *t)
{
    size_t      n;
    ngx_str_t   token, piece;
    ngx_uint_t  i, granted;

    static const ngx_str_t  tails[] = {
        ngx_string("."), ngx_string(".A"), ngx_string("="), ngx_string("A"),
        ngx_string("AAAA"), ngx_string(" "), ngx_string("\n"),
        ngx_string("\0"), ngx_null_string
    };

    token = ngx_eiam_unit_jwt_sign(t, NGX_EIAM_UNIT_HEADER,
                                   NGX_EIAM_UNIT_CLAIMS, NGX_EIAM_UNIT_A);
    granted = 0;

    for (n = 0; n < token.len; n++) {

        piece.data = token.data;
        piece.len = n;
        granted += ngx_eiam_unit_jwt_read(t, &piece) == NGX_OK;

        piece.data = token.data + token.len - n;
        granted += ngx_eiam_unit_jwt_read(t, &piece) == NGX_OK;
    }

    for (i = 0; tails[i].len; i++) {

        piece = ngx_eiam_unit_join(t->unit, &token, "", &tails[i]);
        granted += ngx_eiam_unit_jwt_read(t, &piece) == NGX_OK;

        piece = ngx_eiam_unit_join(t->unit, &tails[i], "", &token);
        granted += ngx_eiam_unit_jwt_read(t, &piece) == NGX_OK;
    }

    ngx_eiam_unit_ok(t->unit, granted == 0
                              && ngx_eiam_unit_jwt_read(t, &token) == NGX_OK,
                     "no part of a token is one, nor one with more");
}


/* another byte at each place */

static void
ngx_eiam_unit_jwt_bytes(ngx_eiam_unit_jwt_t *t)
{
    size_t      i;
    u_char      byte;
    ngx_str_t   token;
    ngx_uint_t  bit, granted;

    token = ngx_eiam_unit_jwt_sign(t, NGX_EIAM_UNIT_HEADER,
                                   NGX_EIAM_UNIT_CLAIMS, NGX_EIAM_UNIT_A);
    granted = 0;

    for (i = 0; i < token.len; i++) {

        byte = token.data[i];

        for (bit = 0; bit < 8; bit++) {
            token.data[i] = byte ^ (1 << bit);
            granted += ngx_eiam_unit_jwt_read(t, &token) == NGX_OK;
        }

        token.data[i] = byte;
    }

    ngx_eiam_unit_ok(t->unit, granted == 0
                              && ngx_eiam_unit_jwt_read(t, &token) == NGX_OK,
                     "no token with another bit is one");
}


/* "kid" selects; without it the keys that fit the algorithm are tried */

static void
ngx_eiam_unit_jwt_keys(ngx_eiam_unit_jwt_t *t)
{
    ngx_int_t        rc;
    ngx_str_t        token;
    ngx_uint_t       i;
    ngx_eiam_keys_t  keys;

    static const struct {
        const char  *kid;
        const char  *secret;
        ngx_int_t    rc;
        const char  *fault;
    } rows[] = {
        { ",\"kid\":\"a\"", NGX_EIAM_UNIT_A, NGX_OK, NULL },
        { ",\"kid\":\"b\"", NGX_EIAM_UNIT_B, NGX_OK, NULL },
        { ",\"kid\":\"twice\"", NGX_EIAM_UNIT_A, NGX_OK, NULL },
        { ",\"kid\":\"twice\"", NGX_EIAM_UNIT_B, NGX_OK, NULL },
        { "", NGX_EIAM_UNIT_A, NGX_OK, NULL },
        { "", NGX_EIAM_UNIT_B, NGX_OK, NULL },
        { ",\"kid\":\"b\"", NGX_EIAM_UNIT_A, NGX_DECLINED, "by its key" },
        { ",\"kid\":\"rsa\"", NGX_EIAM_UNIT_A, NGX_DECLINED, "by its key" },
        { ",\"kid\":\"pinned\"", NGX_EIAM_UNIT_A, NGX_DECLINED, "by its key" },
        { ",\"kid\":\"A\"", NGX_EIAM_UNIT_A, NGX_DECLINED, "no known key" },
        { ",\"kid\":\"\"", NGX_EIAM_UNIT_A, NGX_DECLINED, "no known key" },
        { ",\"kid\":\"c\"", NGX_EIAM_UNIT_A, NGX_DECLINED, "no known key" },
        { ",\"kid\":\"a \"", NGX_EIAM_UNIT_A, NGX_DECLINED, "no known key" },
        { "", "another secret, that is in no set", NGX_DECLINED,
          "no known key" },
        { NULL, NULL, 0, NULL }
    };

    keys = t->keys;

    ngx_eiam_unit_keys_read(t->unit,
        "{\"kid\":\"pinned\",\"alg\":\"HS384\",\"kty\":\"oct\",\"k\":\""
        NGX_EIAM_UNIT_OCT_K "\"},"
        "{\"kid\":\"rsa\",\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\""
        NGX_EIAM_UNIT_RSA_N "\"},"
        "{\"kid\":\"a\",\"kty\":\"oct\",\"k\":\""
        "c2VjcmV0LWEtc2VjcmV0LWEtc2VjcmV0LWEtc2VjcmV0LWE\"},"
        "{\"kid\":\"twice\",\"kty\":\"oct\",\"k\":\""
        "c2VjcmV0LWEtc2VjcmV0LWEtc2VjcmV0LWEtc2VjcmV0LWE\"},"
        "{\"kid\":\"twice\",\"kty\":\"oct\",\"k\":\""
        "c2VjcmV0LWItc2VjcmV0LWItc2VjcmV0LWItc2VjcmV0LWI\"},"
        "{\"kid\":\"b\",\"kty\":\"oct\",\"k\":\""
        "c2VjcmV0LWItc2VjcmV0LWItc2VjcmV0LWItc2VjcmV0LWI\"}", &t->keys);

    for (i = 0; rows[i].kid; i++) {

        char  header[64];

        *ngx_snprintf((u_char *) header, sizeof(header) - 1,
                      "\"alg\":\"HS256\"%s", rows[i].kid) = '\0';

        token = ngx_eiam_unit_jwt_sign(t, header, NGX_EIAM_UNIT_CLAIMS,
                                       rows[i].secret);
        rc = ngx_eiam_unit_jwt_read(t, &token);

        ngx_eiam_unit_ok(t->unit, rc == rows[i].rc
                                  && ngx_eiam_unit_jwt_says(&t->fault,
                                                            rows[i].fault),
                         "keys: {%s} %*s %V", header, (size_t) 8,
                         rows[i].secret, &t->fault);
    }

    t->keys = keys;
}


/* of the keys that fit, or that have the "kid", as many as may be tried */

static void
ngx_eiam_unit_jwt_tries(ngx_eiam_unit_jwt_t *t)
{
    ngx_str_t        token;
    ngx_uint_t       i;
    ngx_eiam_keys_t  keys;

    static const struct {
        const char  *title;
        const char  *algorithm;
        const char  *key;             /* occurs this often in the set */
        ngx_uint_t   copies;
        ngx_uint_t   tried;
    } rows[] = {
        { "no key", "ES256", NULL, 0, 0 },
        { "a P-521 key", "ES512", NGX_EIAM_UNIT_JWT_P521, 1, 1 },
        { "four P-521 keys", "ES512", NGX_EIAM_UNIT_JWT_P521, 4, 2 },
        { "128 P-256 keys", "ES256", NGX_EIAM_UNIT_JWT_P256, 128, 16 },
        { "six P-256 keys", "ES256", NGX_EIAM_UNIT_JWT_P256, 6, 6 },
        { "60 Ed25519 keys", "EdDSA", NGX_EIAM_UNIT_JWT_ED25519, 60, 13 },
        { "40 RSA keys", "RS256", NGX_EIAM_UNIT_JWT_RSA, 40, 40 },
        { "128 RSA keys", "RS256", NGX_EIAM_UNIT_JWT_RSA, 128, 42 },
        { "128 secrets", "HS256", NGX_EIAM_UNIT_JWT_OCT, 128, 80 },
        { "keys of another type", "RS256", NGX_EIAM_UNIT_JWT_OCT, 9, 0 },
        { NULL, NULL, NULL, 0, 0 }
    };

    keys = t->keys;

    for (i = 0; rows[i].title; i++) {

        ngx_eiam_unit_jwt_copies(t, rows[i].key, rows[i].copies, "");
        token = ngx_eiam_unit_jwt_forged(t, rows[i].algorithm, "");

        ngx_eiam_unit_jwt_tried(t, &token, rows[i].tried, rows[i].title, "");

        token = ngx_eiam_unit_jwt_forged(t, rows[i].algorithm,
                                         ",\"kid\":\"k\"");

        ngx_eiam_unit_jwt_tried(t, &token, rows[i].tried, rows[i].title,
                                " without a \"kid\" for a token with one");

        ngx_eiam_unit_jwt_copies(t, rows[i].key, rows[i].copies,
                                 ",\"kid\":\"k\"");

        ngx_eiam_unit_jwt_tried(t, &token, rows[i].tried, rows[i].title,
                                " of one \"kid\"");
    }

    ngx_eiam_unit_jwt_large(t);

    t->keys = keys;
}


/* moduli with unknown factors: each verification takes over a millisecond */

static void
ngx_eiam_unit_jwt_large(ngx_eiam_unit_jwt_t *t)
{
    char             text[16384], n[1367];
    u_char          *p;
    ngx_str_t        token;
    ngx_uint_t       i;
    ngx_eiam_key_t  *key;

    ngx_memset(n, '_', 1365);
    n[1365] = 'w';
    n[1366] = '\0';

    p = (u_char *) text;

    for (i = 0; i < 4; i++) {
        p = ngx_sprintf(p, "{\"kty\":\"RSA\",\"e\":\"gAAAAAAAAAE\","
                           "\"n\":\"%s\"},", n);
    }

    p = ngx_sprintf(p, "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"%s\"},", n);
    p = ngx_sprintf(p, "{%s}", NGX_EIAM_UNIT_JWT_RSA);
    *p = '\0';

    ngx_eiam_unit_keys_read(t->unit, text, &t->keys);

    key = t->keys.list.elts;

    ngx_eiam_unit_ok(t->unit, t->keys.list.nelts == 6
                              && key[0].cost < 100 && key[1].cost < 500
                              && key[2].cost > 1000 && key[5].cost > 1000,
                     "2.1-19: keys are in the order of their cost");

    token = ngx_eiam_unit_jwt_forged(t, "RS256", "");

    ngx_eiam_unit_jwt_tried(t, &token, 3, "RSA keys of 2048 and 8192 bits, "
                            "four of them with large exponents", "");
}


static void
ngx_eiam_unit_jwt_copies(ngx_eiam_unit_jwt_t *t, const char *key,
    ngx_uint_t copies, const char *more)
{
    u_char      *p;
    ngx_str_t    text;
    ngx_uint_t   i;

    static u_char  set[128 * 1024];

    p = ngx_sprintf(set, "{\"keys\":[");

    for (i = 0; i < copies; i++) {
        p = ngx_sprintf(p, "%s{%s%s}", i ? "," : "", key, more);
    }

    p = ngx_sprintf(p, "]}");

    text.data = set;
    text.len = p - set;

    ngx_eiam_unit_key_set_read(t->unit, &text, &t->keys);
}


/* a signature of the right length that was made without a key */

static ngx_str_t
ngx_eiam_unit_jwt_forged(ngx_eiam_unit_jwt_t *t, const char *algorithm,
    const char *more)
{
    u_char     header[64], zeros[256];
    ngx_str_t  text, part, signature;

    *ngx_sprintf(header, "\"alg\":\"%s\"%s", algorithm, more) = '\0';

    text = ngx_eiam_unit_jwt_part(t, (char *) header);
    part = ngx_eiam_unit_jwt_part(t, NGX_EIAM_UNIT_CLAIMS);
    text = ngx_eiam_unit_join(t->unit, &text, ".", &part);

    ngx_memzero(zeros, sizeof(zeros));

    signature.data = zeros;
    signature.len = sizeof(zeros);
    signature = ngx_eiam_unit_encode(t->unit, &signature);

    return ngx_eiam_unit_join(t->unit, &text, ".", &signature);
}


static void
ngx_eiam_unit_jwt_tried(ngx_eiam_unit_jwt_t *t, const ngx_str_t *token,
    ngx_uint_t tried, const char *title, const char *more)
{
    ngx_int_t   rc;
    ngx_uint_t  algorithms;

    algorithms = t->terms.algorithms;
    t->terms.algorithms = (ngx_uint_t) -1;

    ngx_eiam_unit_jwt_verified = 0;

    rc = ngx_eiam_unit_jwt_read(t, token);

    t->terms.algorithms = algorithms;

    /* the token was read at both sides of a guard page */

    ngx_eiam_unit_jwt_verified /= 2;

    ngx_eiam_unit_ok(t->unit, rc != NGX_OK
                              && ngx_eiam_unit_jwt_verified == tried
                              && (t->reason == NGX_EIAM_TOKEN_INVALID)
                                 == (tried > 0)
                              && (t->detail == NGX_EIAM_DETAIL_SIGNATURE)
                                 == (t->keys.named != 0),
                     "2.1-19: %s%s: %ui are tried", title, more,
                     ngx_eiam_unit_jwt_verified);
}


/* the linker replaces the real function by this one */

ngx_int_t
__wrap_ngx_eiam_jws_verify(ngx_uint_t algorithm, const ngx_eiam_key_t *key,
    const ngx_str_t *text, const ngx_str_t *signature)
{
    ngx_eiam_unit_jwt_verified++;

    return __real_ngx_eiam_jws_verify(algorithm, key, text, signature);
}


/*
 * RFC 7515, RFC 7520 and RFC 8037: the signatures are valid, the claims are not
 */

static void
ngx_eiam_unit_jwt_published(ngx_eiam_unit_jwt_t *t)
{
    ngx_int_t                      rc;
    ngx_str_t                      text, signature, token;
    const ngx_eiam_unit_vector_t  *vector;

    t->now = 1300819380;
    t->terms.algorithms = (ngx_uint_t) -1;

    for (vector = ngx_eiam_unit_vectors; vector->name; vector++) {

        ngx_eiam_unit_keys_read(t->unit, vector->key, &t->keys);

        ngx_eiam_unit_text(&text, vector->text);
        ngx_eiam_unit_text(&signature, vector->signature);
        token = ngx_eiam_unit_join(t->unit, &text, ".", &signature);

        rc = ngx_eiam_unit_jwt_read(t, &token);

        ngx_eiam_unit_ok(t->unit, rc == NGX_ABORT
                                  && (ngx_eiam_unit_jwt_says(&t->fault,
                                                             "no \"aud\"")
                                      || ngx_eiam_unit_jwt_says(&t->fault,
                                                                "bad JSON")),
                         "%s: signed %V", vector->name, &t->fault);

        t->terms.algorithms &= ~ngx_eiam_unit_jwt_bit(vector->algorithm);
        rc = ngx_eiam_unit_jwt_read(t, &token);

        ngx_eiam_unit_ok(t->unit, rc == NGX_ABORT
                                  && ngx_eiam_unit_jwt_says(&t->fault,
                                                    "no accepted \"alg\""),
                         "%s: %s is not accepted", vector->name,
                         vector->algorithm);

        t->terms.algorithms = (ngx_uint_t) -1;
    }

    /* RFC 7515, A.5 */

    ngx_str_set(&token, "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEz"
        "MDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.");

    ngx_eiam_unit_ok(t->unit, ngx_eiam_unit_jwt_read(t, &token) == NGX_ABORT
                              && ngx_eiam_unit_jwt_says(&t->fault,
                                                    "no accepted \"alg\""),
                     "RFC 7515, A.5: one that is not signed");
}


/* reads at both ends of a guard page; no message contains what is hidden */

static ngx_int_t
ngx_eiam_unit_jwt_read(ngx_eiam_unit_jwt_t *t, const ngx_str_t *token)
{
    ngx_int_t            rc, other;
    ngx_str_t            placed;
    ngx_uint_t           side;
    ngx_eiam_document_t  document;

    rc = NGX_ERROR;

    for (ngx_eiam_unit_sides(side)) {

        placed = ngx_eiam_unit_place(0, side, token);
        other = rc;

        ngx_memzero(&document, sizeof(ngx_eiam_document_t));

        ngx_str_set(&document.name, "token");
        document.pool = t->unit->pool;

        rc = ngx_eiam_jwt_read(&document, &placed, &t->keys, &t->terms,
                               t->now, &t->grant, &t->reason, &t->detail);

        if (side && rc != other) {
            return NGX_ERROR;
        }
    }

    t->fault = document.fault;

    if (t->fault.len
        && ngx_strnstr(t->fault.data, NGX_EIAM_UNIT_HIDDEN, t->fault.len))
    {
        return NGX_ERROR;
    }

    return rc;
}


static ngx_int_t
ngx_eiam_unit_jwt_signed(ngx_eiam_unit_jwt_t *t, const char *header,
    const char *claims)
{
    ngx_str_t  token;

    token = ngx_eiam_unit_jwt_sign(t, header, claims, NGX_EIAM_UNIT_A);

    return ngx_eiam_unit_jwt_read(t, &token);
}


static ngx_str_t
ngx_eiam_unit_jwt_sign(ngx_eiam_unit_jwt_t *t, const char *header,
    const char *claims, const char *secret)
{
    u_char     buf[32];
    ngx_str_t  mac, one, other, text;

    one = ngx_eiam_unit_jwt_part(t, header);
    other = ngx_eiam_unit_jwt_part(t, claims);
    text = ngx_eiam_unit_join(t->unit, &one, ".", &other);

    mac.data = buf;
    mac.len = sizeof(buf);

    if (EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, secret,
                  ngx_strlen(secret), text.data, text.len, buf, sizeof(buf),
                  NULL)
        == NULL)
    {
        abort();
    }

    other = ngx_eiam_unit_encode(t->unit, &mac);

    return ngx_eiam_unit_join(t->unit, &text, ".", &other);
}


static ngx_str_t
ngx_eiam_unit_jwt_part(ngx_eiam_unit_jwt_t *t, const char *members)
{
    ngx_str_t  text, json;

    static const ngx_str_t  open = ngx_string("{");
    static const ngx_str_t  close = ngx_string("}");

    ngx_eiam_unit_text(&text, members);

    json = ngx_eiam_unit_join(t->unit, &open, "", &text);
    json = ngx_eiam_unit_join(t->unit, &json, "", &close);

    return ngx_eiam_unit_encode(t->unit, &json);
}


/* NULL: no fault */

static ngx_uint_t
ngx_eiam_unit_jwt_says(const ngx_str_t *fault, const char *text)
{
    return text ? fault->len
                  && ngx_strnstr(fault->data, (char *) text, fault->len)
                : fault->len == 0;
}


static ngx_uint_t
ngx_eiam_unit_jwt_bit(const char *algorithm)
{
    ngx_int_t  n;
    ngx_str_t  name;

    ngx_eiam_unit_text(&name, algorithm);

    n = ngx_eiam_jws_algorithm_find(&name);
    if (n < 0) {
        abort();
    }

    return (ngx_uint_t) 1 << n;
}
