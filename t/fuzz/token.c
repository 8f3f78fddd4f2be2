
/*
 * Signed tokens and one set of keys.  An input that begins with "{" is a header
 * in one line and claims, which the target signs with a secret of the set; any
 * other input is a token.  Without a key no token is valid but those of the
 * corpus, whose private keys were not kept.
 */

#include "fuzz.h"
#include <ngx_eiam_claims.h>
#include <ngx_eiam_jwt.h>

#include <jansson.h>
#include <openssl/evp.h>


#define LEEWAY  30
#define SECRET  "a secret of the fuzzer, 32 bytes"
#define ISSUER  "https://as"


typedef struct {
    ngx_int_t            rc;
    ngx_eiam_grant_t     grant;
    ngx_eiam_reason_e    reason;
} token_result_t;


static void token_open(void);
static void token_bad_key(const ngx_eiam_document_t *document, void *data);
static void token_read(const ngx_str_t *token, ngx_pool_t *pool,
    token_result_t *result);
static void token_sign(ngx_str_t *rest, ngx_pool_t *pool, ngx_str_t *token);
static u_char *token_encode(u_char *p, const u_char *data, size_t len);
static void token_is_known(const ngx_str_t *token);
static void token_may_grant(const ngx_str_t *header, const ngx_str_t *claims,
    const token_result_t *result);
static int token_header_is_plain(json_t *header);
static int token_audience_is_ours(json_t *aud);
static void token_grant(const token_result_t *result, const ngx_str_t *text);
static void token_other(const ngx_str_t *token, ngx_pool_t *pool);


static const char  token_set[] =
    "{\"keys\":["
    "{\"kty\":\"oct\",\"kid\":\"hs\",\"k\":"
    "\"YSBzZWNyZXQgb2YgdGhlIGZ1enplciwgMzIgYnl0ZXM\"},"
    "{\"kty\":\"EC\",\"kid\":\"ec\",\"crv\":\"P-256\","
    "\"x\":\"7Yf7RLl0JBVd67VHT6EKfBj9ZxRG815BKyuuWFkmNfQ\","
    "\"y\":\"Q4VrKlcCl-d3M2KN8Nd20-0g5bpDK5WTocnYZsxqSFQ\"},"
    "{\"kty\":\"OKP\",\"kid\":\"ed\",\"crv\":\"Ed25519\","
    "\"x\":\"hJ6hGQJbIL5EGo_2KT9RPq9cA8hY8FERVjrLd6yb5bQ\"},"
    "{\"kty\":\"RSA\",\"kid\":\"rs\",\"e\":\"AQAB\",\"n\":\""
    "0WGtbuhSVR9WwO3ZMGdL9jsZhAC2iIVqHZ1sSaW8Gxgl1rVmYSXXhO-EzTLBUjZA"
    "CK7E62KCPxhIMTI_oV8J4aNBDSfdzzS4kRzfOAWXv9GYKnuJZOlI_kvIiDbxzmN_"
    "0bZwbxSnKC0qgsZPocFnXqKQjaVj_CVOtvB2k4E0rIldCucJtfZWGtoh6PykZ___"
    "xEEc1gKLlOppSEf86WvyBFnhaZe451AA8wt3j0_JSySwf3eWHo9JxD0K_RJbZoGD"
    "e753mwWI9ZyiD6RNurjvXqs82nC9l8ZSlrt7cOTmI4Ytx7pJcgaCqeveeN8-BBar"
    "poTtxchQPprB4uxF-KC_SQ"
    "\"}]}";


/* the claims that all tokens of the corpus have */

static const char  token_claims[] =
    "{\"iss\":\"https://as\",\"aud\":\"api\",\"exp\":1700000100,"
    "\"client_id\":\"crm\",\"scope\":\"a b\"}";

static const char *const  token_algorithms[] = {
    "HS256", "RS256", "PS256", "ES256", "EdDSA", NULL
};


static ngx_eiam_keys_t       token_keys;
static ngx_eiam_jwt_terms_t  token_terms;


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ngx_str_t       token, rest, header;
    fuzz_input_t    input;
    token_result_t  result;

    if (token_terms.algorithms == 0) {
        token_open();
    }

    fuzz_open(&input, data, size);

    if (size == 0 || data[0] != '{') {
        token_read(&input.text, input.pool, &result);

        if (result.rc == NGX_OK) {
            token_is_known(&input.text);
            token_grant(&result, &input.text);
        }

        fuzz_close(&input);
        return 0;
    }

    rest = input.text;
    token_sign(&rest, input.pool, &token);
    token_read(&token, input.pool, &result);

    if (result.rc == NGX_OK) {
        rest = input.text;
        header = fuzz_take(&rest, '\n');

        token_may_grant(&header, &rest, &result);
        token_grant(&result, &rest);
        token_other(&token, input.pool);
    }

    fuzz_close(&input);

    return 0;
}


static void
token_bad_key(const ngx_eiam_document_t *document, void *data)
{
    abort();
}


static void
token_open(void)
{
    ngx_str_t            text, *issuer, *audience;
    ngx_int_t            n;
    ngx_uint_t           i;
    fuzz_input_t         input;
    ngx_eiam_node_t      root;
    ngx_eiam_document_t  document;

    /* the pool is kept, as the keys are in it */

    fuzz_open(&input, (const uint8_t *) token_set, sizeof(token_set) - 1);

    ngx_memzero(&document, sizeof(ngx_eiam_document_t));

    document.pool = input.pool;

    if (ngx_eiam_document_parse(&document, &input.text, &root) != NGX_OK
        || ngx_eiam_jwk_read_set(&root, input.pool, &token_keys, token_bad_key,
                                 NULL)
           != NGX_OK
        || token_keys.list.nelts != 4)
    {
        abort();
    }

    for (i = 0; token_algorithms[i]; i++) {
        text.data = (u_char *) token_algorithms[i];
        text.len = ngx_strlen(token_algorithms[i]);

        n = ngx_eiam_jws_algorithm_find(&text);
        token_terms.algorithms |= (ngx_uint_t) 1 << n;
    }

    token_terms.applications = &ngx_eiam_claims_clients;
    token_terms.scopes = &ngx_eiam_jwt_claims_scope;
    token_terms.issuers = ngx_array_create(input.pool, 1, sizeof(ngx_str_t));
    token_terms.audiences = ngx_array_create(input.pool, 2,
                                             sizeof(ngx_str_t));
    audience = ngx_array_push_n(token_terms.audiences, 2);
    ngx_str_set(&audience[0], "api");
    ngx_str_set(&audience[1], "other");

    issuer = ngx_array_push(token_terms.issuers);
    ngx_str_set(issuer, ISSUER);
    token_terms.leeway = LEEWAY;

    free(input.text.data);
}


/* a second run has the same result; the message has no part of the token */

static void
token_read(const ngx_str_t *token, ngx_pool_t *pool, token_result_t *result)
{
    size_t               i;
    ngx_int_t            rc;
    ngx_eiam_grant_t     grant;
    ngx_eiam_detail_e    detail, again;
    ngx_eiam_reason_e    reason;
    ngx_eiam_document_t  document;

    fuzz_document(&document, "token", pool);

    rc = ngx_eiam_jwt_read(&document, token, &token_keys, &token_terms, FUZZ_NOW,
                           &grant, &reason, &detail);

    document.fault.len = 0;

    result->rc = ngx_eiam_jwt_read(&document, token, &token_keys,
                                   &token_terms, FUZZ_NOW, &result->grant,
                                   &result->reason, &again);

    fuzz_require(rc == result->rc && reason == result->reason
                 && detail == again,
                 "the same again", token);
    fuzz_require((detail != NGX_EIAM_NO_DETAIL)
                 == (rc == NGX_DECLINED || reason == NGX_EIAM_TOKEN_INVALID),
                 "a detail of what is invalid", token);
    fuzz_require(rc == NGX_OK ? reason == NGX_EIAM_NO_REASON
                              : (rc == NGX_ABORT || rc == NGX_DECLINED)
                                && (reason == NGX_EIAM_TOKEN_INVALID
                                    || reason
                                       == (rc == NGX_ABORT
                                           ? NGX_EIAM_TOKEN_EXPIRED
                                           : NGX_EIAM_NO_REASON)),
                 "an answer, and its reason", token);
    fuzz_require(reason != NGX_EIAM_TOKEN_INVALID || document.fault.len,
                 "a message", token);
    fuzz_require(rc != NGX_OK || ngx_eiam_jwt_is(token), "three parts",
                 token);

    for (i = 0; i < document.fault.len; i++) {
        fuzz_require(document.fault.len < 100
                     && document.fault.data[i] >= ' '
                     && document.fault.data[i] < 0x7f,
                     "a message that is short and plain", &document.fault);
    }
}


/* splits header and claims, and encodes both unchanged */

static void
token_sign(ngx_str_t *rest, ngx_pool_t *pool, ngx_str_t *token)
{
    u_char     mac[32], *p;
    ngx_str_t  header;

    header = fuzz_take(rest, '\n');

    p = ngx_pnalloc(pool, ngx_base64_encoded_length(header.len)
                          + ngx_base64_encoded_length(rest->len) + 64);
    if (p == NULL) {
        abort();
    }

    token->data = p;

    p = token_encode(p, header.data, header.len);
    *p++ = '.';
    p = token_encode(p, rest->data, rest->len);

    if (EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, SECRET,
                  sizeof(SECRET) - 1, token->data, p - token->data, mac,
                  sizeof(mac), NULL)
        == NULL)
    {
        abort();
    }

    *p++ = '.';
    token->len = token_encode(p, mac, sizeof(mac)) - token->data;
}


static u_char *
token_encode(u_char *p, const u_char *data, size_t len)
{
    ngx_str_t  text, bytes;

    text.data = p;
    bytes.data = (u_char *) data;
    bytes.len = len;

    ngx_encode_base64url(&text, &bytes);

    return p + text.len;
}


/* is it a token of the corpus, apart from its signature? */

static void
token_is_known(const ngx_str_t *token)
{
    int      found;
    u_char   text[512], header[32], *p, *last;
    size_t   i;

    found = 0;

    for (i = 0; token_algorithms[i]; i++) {

        last = ngx_sprintf(header, "{\"alg\":\"%s\"}", token_algorithms[i]);

        p = token_encode(text, header, last - header);
        *p++ = '.';
        p = token_encode(p, (const u_char *) token_claims,
                         sizeof(token_claims) - 1);
        *p++ = '.';

        found |= token->len > (size_t) (p - text)
                 && memcmp(token->data, text, p - text) == 0;
    }

    fuzz_require(found, "nobody signs without a key", token);
}


/* the grant that follows from the claims, read with jansson alone */

static void
token_may_grant(const ngx_str_t *header, const ngx_str_t *claims,
    const token_result_t *result)
{
    json_t      *head, *body, *exp;
    const char  *issuer;

    head = json_loadb((char *) header->data, header->len,
                      JSON_REJECT_DUPLICATES, NULL);
    body = json_loadb((char *) claims->data, claims->len,
                      JSON_REJECT_DUPLICATES, NULL);

    fuzz_require(json_is_object(head) && json_is_object(body),
                 "two objects", claims);
    fuzz_require(token_header_is_plain(head), "a plain header", header);

    issuer = json_string_value(json_object_get(body, "iss"));
    exp = json_object_get(body, "exp");

    fuzz_require(issuer && strcmp(issuer, ISSUER) == 0, "its issuer", claims);
    fuzz_require(token_audience_is_ours(json_object_get(body, "aud")),
                 "its audience", claims);
    fuzz_require(json_is_number(exp)
                 && json_number_value(exp) > FUZZ_NOW - LEEWAY
                 && json_number_value(exp)
                    > (double) (result->grant.expires - LEEWAY - 1),
                 "its time", claims);
    fuzz_require(json_object_get(body, "cnf") == NULL, "no key of its holder",
                 claims);

    json_decref(head);
    json_decref(body);
}


static int
token_header_is_plain(json_t *header)
{
    size_t       i;
    json_t      *kid;
    const char  *algorithm;

    static const char *const  foreign[] = {
        "crit", "b64", "cty", "enc", "zip", NULL
    };

    for (i = 0; foreign[i]; i++) {

        if (json_object_get(header, foreign[i])) {
            return 0;
        }
    }

    algorithm = json_string_value(json_object_get(header, "alg"));
    kid = json_object_get(header, "kid");

    return algorithm && strcmp(algorithm, "HS256") == 0
           && (kid == NULL || (json_is_string(kid)
                               && strcmp(json_string_value(kid), "hs") == 0));
}


static int
token_audience_is_ours(json_t *aud)
{
    int          found;
    size_t       i;
    json_t      *one;
    const char  *text;

    text = json_string_value(aud);
    found = text && (strcmp(text, "api") == 0 || strcmp(text, "other") == 0);

    json_array_foreach(aud, i, one) {
        text = json_string_value(one);
        found |= text
                 && (strcmp(text, "api") == 0 || strcmp(text, "other") == 0);
    }

    return found;
}


static void
token_grant(const token_result_t *result, const ngx_str_t *text)
{
    size_t                   i;
    const ngx_eiam_grant_t  *grant;

    grant = &result->grant;

    fuzz_require(grant->expires > FUZZ_NOW, "it is not over", text);
    fuzz_require(grant->application.len <= NGX_EIAM_APPLICATION_ID_MAX
                 && grant->scopes.len <= NGX_EIAM_SCOPES_TEXT_MAX,
                 "it has room in the cache", text);

    for (i = 0; i < grant->application.len; i++) {
        fuzz_require(grant->application.data[i] >= 0x20
                     && grant->application.data[i] != 0x7f,
                     "no control characters", &grant->application);
    }

    for (i = 0; i < grant->scopes.len; i++) {
        fuzz_require(grant->scopes.data[i] != '\0', "no NUL",
                     &grant->scopes);
    }
}


/* flips one bit, whose position depends on the token */

static void
token_other(const ngx_str_t *token, ngx_pool_t *pool)
{
    u_char          bit;
    size_t          i;
    token_result_t  result;

    bit = 1 << token->data[token->len - 2] % 8;

    for (i = token->data[token->len - 1] % 61; i < token->len; i += 61) {

        token->data[i] ^= bit;
        token_read(token, pool, &result);

        fuzz_require(result.rc != NGX_OK, "no other bit", token);

        token->data[i] ^= bit;
    }
}
