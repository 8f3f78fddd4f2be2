
/* Answers of a token endpoint: the input is the body of a 200. */

#include "fuzz.h"
#include <ngx_eiam_claims.h>
#include <ngx_eiam_token_response.h>


#define WINDOW  10         /* bytes of an answer that no fault may repeat */


static ngx_int_t issue_read(const ngx_str_t *body, ngx_pool_t *pool,
    ngx_str_t *token, ngx_eiam_grant_t *grant);
static void issue_token(const ngx_str_t *token);
static void issue_secret(const ngx_str_t *body, const ngx_str_t *fault);


/* the texts of all faults */

static const char  issue_words[] =
    "\"answer\": #/access_token: must be a string "
    "\"answer\": #/token_type: must be a string "
    "\"answer\": #/scope: must be a string or an array of strings "
    "\"answer\": #/scope/0: must be a string "
    "\"answer\": #/scope/1: must not contain a space "
    "\"answer\": #/expires_in: must be an integer "
    "\"answer\": #/expires_in: is out of range "
    "\"answer\": #/access_token: is not a b64token "
    "\"answer\": #/token_type: is not Bearer "
    "\"answer\": #/scope: has more than 4096 bytes "
    "\"answer\": #: has no \"access_token\" "
    "\"answer\": #: has its \"access_token\" only inside another member "
    "\"answer\": #: has no \"token_type\" "
    "\"answer\": #: has no \"expires_in\" "
    "\"answer\": #: must be an object ";


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ngx_int_t         rc;
    ngx_str_t         token, again;
    fuzz_input_t      input;
    ngx_eiam_grant_t  grant, other;

    fuzz_open(&input, data, size);

    rc = issue_read(&input.text, input.pool, &token, &grant);

    fuzz_require(issue_read(&input.text, input.pool, &again, &other) == rc,
                 "the same again", &input.text);

    if (rc == NGX_OK) {

        issue_token(&token);

        fuzz_require(again.len == token.len
                     && memcmp(again.data, token.data, token.len) == 0,
                     "the same token again", &token);

        fuzz_require(grant.expires > FUZZ_NOW
                     && grant.expires - FUZZ_NOW < NGX_EIAM_CLAIMS_TIME_MAX,
                     "it lives, and ends", &input.text);

        fuzz_require(grant.scopes.len <= NGX_EIAM_SCOPES_TEXT_MAX
                     && (grant.scopes.data || grant.scopes.len == 0),
                     "its scopes have room in the cache", &grant.scopes);

        fuzz_require(grant.application.len == 0 && grant.implicit == 0,
                     "nothing else is taken from it", &input.text);
    }

    fuzz_close(&input);

    return 0;
}


static ngx_int_t
issue_read(const ngx_str_t *body, ngx_pool_t *pool, ngx_str_t *token,
    ngx_eiam_grant_t *grant)
{
    ngx_int_t            rc;
    ngx_eiam_document_t  document;

    fuzz_document(&document, "answer", pool);

    rc = ngx_eiam_token_response_read(&document, body, FUZZ_NOW, token, grant);

    fuzz_require(rc == NGX_OK || (rc == NGX_ERROR && document.fault.len > 0),
                 "a token or a fault", &document.fault);

    if (rc == NGX_ERROR) {
        issue_secret(body, &document.fault);
    }

    return rc;
}


/* RFC 6750: 1*( ALPHA / DIGIT / "-._~+/" ) *"=" */

static void
issue_token(const ngx_str_t *token)
{
    size_t  i, end;

    for (end = token->len; end && token->data[end - 1] == '='; end--) {
        /* void */
    }

    fuzz_require(end > 0 && token->len <= 8192, "a token", token);

    for (i = 0; i < end; i++) {
        fuzz_require(token->data[i]
                     && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "abcdefghijklmnopqrstuvwxyz"
                               "0123456789-._~+/", token->data[i]),
                     "a b64token", token);
    }
}


/* faults are logged, so they must not contain parts of the answer */

static void
issue_secret(const ngx_str_t *body, const ngx_str_t *fault)
{
    size_t  i;

    for (i = 0; i + WINDOW <= body->len; i++) {
        fuzz_require(memmem(fault->data, fault->len, body->data + i, WINDOW)
                     == NULL
                     || memmem(issue_words, sizeof(issue_words) - 1,
                               body->data + i, WINDOW),
                     "no part of the answer in the fault", fault);
    }
}
