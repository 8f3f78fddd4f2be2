
#include <ngx_eiam_base64url.h>
#include <ngx_eiam_hash.h>
#include <ngx_eiam_jwt.h>
#include <ngx_eiam_jwt_claims.h>
#include <ngx_eiam_string.h>


#define NGX_EIAM_JWT_MEMO      16      /* entries */
#define NGX_EIAM_JWT_MEMO_MAX  256     /* bytes of a header */


/*
 * An entry of a worker's memo of headers: an encoded header that has been
 * checked, and what it says.  The tokens of an issuer share one header for each
 * key.
 */

typedef struct {
    size_t                         len;          /* 0: the entry is empty */
    ngx_uint_t                     algorithm;
    ngx_str_t                      kid;          /* data is NULL: none */
    u_char                         text[NGX_EIAM_JWT_MEMO_MAX];
    u_char                         kid_text[NGX_EIAM_JWT_MEMO_MAX];
} ngx_eiam_jwt_memo_t;


typedef struct {
    ngx_eiam_document_t           *document;
    const ngx_eiam_keys_t         *keys;
    const ngx_eiam_jwt_terms_t    *terms;
    time_t                         now;
    ngx_eiam_grant_t              *grant;
    ngx_eiam_reason_e              reason;
    ngx_eiam_detail_e              detail;

    ngx_str_t                      part[3];
    ngx_str_t                      signed_text;
    ngx_eiam_node_t                header;
    ngx_uint_t                     algorithm;
    ngx_str_t                      kid;          /* data is NULL: none */
} ngx_eiam_jwt_t;


typedef ngx_int_t (*ngx_eiam_jwt_pt)(ngx_eiam_jwt_t *jwt);


static ngx_int_t ngx_eiam_jwt_split(ngx_eiam_jwt_t *jwt,
    const ngx_str_t *token);
static ngx_int_t ngx_eiam_jwt_object(ngx_eiam_jwt_t *jwt, ngx_uint_t part,
    ngx_eiam_node_t *root);
static ngx_int_t ngx_eiam_jwt_header(ngx_eiam_jwt_t *jwt);
static ngx_int_t ngx_eiam_jwt_read_header(ngx_eiam_jwt_t *jwt);
static void ngx_eiam_jwt_memo_keep(const ngx_eiam_jwt_t *jwt,
    ngx_eiam_jwt_memo_t *memo);
static ngx_int_t ngx_eiam_jwt_foreign(ngx_eiam_jwt_t *jwt);
static ngx_int_t ngx_eiam_jwt_algorithm(ngx_eiam_jwt_t *jwt);
static ngx_int_t ngx_eiam_jwt_accept(ngx_eiam_jwt_t *jwt);
static ngx_int_t ngx_eiam_jwt_type(ngx_eiam_jwt_t *jwt);
static ngx_int_t ngx_eiam_jwt_kid(ngx_eiam_jwt_t *jwt);
static ngx_int_t ngx_eiam_jwt_signature(ngx_eiam_jwt_t *jwt);
static ngx_int_t ngx_eiam_jwt_unsigned(ngx_eiam_jwt_t *jwt, ngx_uint_t known,
    ngx_uint_t cost);
static ngx_int_t ngx_eiam_jwt_claims(ngx_eiam_jwt_t *jwt);
static ngx_int_t ngx_eiam_jwt_refuse(ngx_eiam_jwt_t *jwt,
    ngx_eiam_reason_e reason, ngx_eiam_detail_e detail);
static ngx_int_t ngx_eiam_jwt_invalid(ngx_eiam_jwt_t *jwt,
    ngx_eiam_detail_e detail, const char *fault);


/* made in this order; the first check that does not return NGX_OK decides */

static const ngx_eiam_jwt_pt  ngx_eiam_jwt_checks[] = {
    ngx_eiam_jwt_header,
    ngx_eiam_jwt_signature,
    ngx_eiam_jwt_claims,
    NULL
};


static const ngx_eiam_jwt_pt  ngx_eiam_jwt_header_checks[] = {
    ngx_eiam_jwt_foreign,
    ngx_eiam_jwt_algorithm,
    ngx_eiam_jwt_type,
    ngx_eiam_jwt_kid,
    NULL
};


static ngx_eiam_jwt_memo_t  ngx_eiam_jwt_memo[NGX_EIAM_JWT_MEMO];


/* members of the header that are not supported: RFC 7515, section 4.1.11 */

static const ngx_str_t  ngx_eiam_jwt_unsupported[] = {
    ngx_string("crit"),
    ngx_string("b64"),
    ngx_string("cty"),
    ngx_string("enc"),
    ngx_string("zip"),
    ngx_null_string
};


static const ngx_str_t  ngx_eiam_jwt_types[] = {
    ngx_string("at+jwt"),
    ngx_string("application/at+jwt"),
    ngx_string("JWT"),
    ngx_null_string
};


ngx_uint_t
ngx_eiam_jwt_is(const ngx_str_t *token)
{
    u_char      *p, *last;
    ngx_uint_t   dots;

    dots = 0;
    last = token->data + token->len;

    for (p = memchr(token->data, '.', token->len);
         p;
         p = memchr(p + 1, '.', last - (p + 1)))
    {
        dots++;
    }

    return dots == 2;
}


ngx_int_t
ngx_eiam_jwt_read(ngx_eiam_document_t *document, const ngx_str_t *token,
    const ngx_eiam_keys_t *keys, const ngx_eiam_jwt_terms_t *terms,
    time_t now, ngx_eiam_grant_t *grant, ngx_eiam_reason_e *reason,
    ngx_eiam_detail_e *detail)
{
    ngx_int_t               rc;
    ngx_eiam_jwt_t          jwt;
    const ngx_eiam_jwt_pt  *check;

    ngx_memzero(&jwt, sizeof(ngx_eiam_jwt_t));
    ngx_memzero(grant, sizeof(ngx_eiam_grant_t));

    document->secret = 1;

    jwt.document = document;
    jwt.keys = keys;
    jwt.terms = terms;
    jwt.now = now;
    jwt.grant = grant;

    rc = ngx_eiam_jwt_split(&jwt, token);

    for (check = ngx_eiam_jwt_checks; rc == NGX_OK && *check; check++) {
        rc = (*check)(&jwt);
    }

    *reason = jwt.reason;
    *detail = jwt.detail;

    return rc;
}


static ngx_int_t
ngx_eiam_jwt_split(ngx_eiam_jwt_t *jwt, const ngx_str_t *token)
{
    u_char      *p, *last;
    ngx_uint_t   i;

    last = token->data + token->len;
    p = token->data;

    for (i = 0; i < 3; i++) {

        jwt->part[i].data = p;
        p = memchr(p, '.', last - p);

        if ((p == NULL) != (i == 2)) {
            return ngx_eiam_jwt_invalid(jwt, NGX_EIAM_DETAIL_MALFORMED,
                                        "is not a JWS");
        }

        jwt->part[i].len = (p ? p : last) - jwt->part[i].data;
        p = p ? p + 1 : last;
    }

    jwt->signed_text.data = token->data;
    jwt->signed_text.len = jwt->part[2].data - 1 - token->data;

    return NGX_OK;
}


/* RFC 7515, section 5.2: JSON in UTF-8, with no member twice */

static ngx_int_t
ngx_eiam_jwt_object(ngx_eiam_jwt_t *jwt, ngx_uint_t part,
    ngx_eiam_node_t *root)
{
    ngx_int_t  rc;
    ngx_str_t  text;

    rc = ngx_eiam_base64url(&jwt->part[part], jwt->document->pool, &text);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc != NGX_OK) {
        return ngx_eiam_jwt_invalid(jwt, NGX_EIAM_DETAIL_MALFORMED,
                                    "is not base64url");
    }

    if (ngx_eiam_document_parse(jwt->document, &text, root) != NGX_OK
        || ngx_eiam_node_expect(root, NGX_EIAM_OBJECT) != NGX_OK)
    {
        return jwt->document->fault.len
               ? ngx_eiam_jwt_refuse(jwt, NGX_EIAM_TOKEN_INVALID,
                                     NGX_EIAM_DETAIL_MALFORMED)
               : NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_eiam_jwt_header(ngx_eiam_jwt_t *jwt)
{
    ngx_int_t               rc;
    const ngx_str_t        *text;
    ngx_eiam_jwt_memo_t    *memo;

    text = &jwt->part[0];

    memo = &ngx_eiam_jwt_memo[ngx_eiam_hash(text->data, text->len, 0)
                              % NGX_EIAM_JWT_MEMO];

    if (memo->len == text->len && text->len
        && ngx_memcmp(memo->text, text->data, text->len) == 0)
    {
        jwt->algorithm = memo->algorithm;
        jwt->kid = memo->kid;

        return ngx_eiam_jwt_accept(jwt);
    }

    rc = ngx_eiam_jwt_read_header(jwt);

    if (rc == NGX_OK && text->len <= NGX_EIAM_JWT_MEMO_MAX) {
        ngx_eiam_jwt_memo_keep(jwt, memo);
    }

    return rc;
}


static ngx_int_t
ngx_eiam_jwt_read_header(ngx_eiam_jwt_t *jwt)
{
    ngx_int_t               rc;
    const ngx_eiam_jwt_pt  *check;

    rc = ngx_eiam_jwt_object(jwt, 0, &jwt->header);

    for (check = ngx_eiam_jwt_header_checks; rc == NGX_OK && *check; check++) {
        rc = (*check)(jwt);
    }

    return rc;
}


/* the decoded strings are shorter than the text, so they fit */

static void
ngx_eiam_jwt_memo_keep(const ngx_eiam_jwt_t *jwt, ngx_eiam_jwt_memo_t *memo)
{
    memo->len = jwt->part[0].len;
    ngx_memcpy(memo->text, jwt->part[0].data, memo->len);

    memo->algorithm = jwt->algorithm;
    memo->kid = jwt->kid;

    if (jwt->kid.data) {
        memo->kid.data = memo->kid_text;
        ngx_memcpy(memo->kid_text, jwt->kid.data, jwt->kid.len);
    }
}


/* keys that the token itself brings ("jwk", "jku", ...) are ignored */

static ngx_int_t
ngx_eiam_jwt_foreign(ngx_eiam_jwt_t *jwt)
{
    ngx_eiam_node_t   node;
    const ngx_str_t  *name;

    for (name = ngx_eiam_jwt_unsupported; name->len; name++) {

        if (ngx_eiam_node_has(&jwt->header, name, &node) == NGX_OK) {
            return ngx_eiam_jwt_invalid(jwt, NGX_EIAM_DETAIL_HEADER,
                                        "has a header member that is not "
                                        "supported");
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_eiam_jwt_algorithm(ngx_eiam_jwt_t *jwt)
{
    ngx_int_t        n;
    ngx_str_t        name;
    ngx_eiam_node_t  node;

    n = NGX_DECLINED;

    if (ngx_eiam_node_member(&jwt->header, "alg", NGX_EIAM_STRING, &node)
        == NGX_OK)
    {
        name = ngx_eiam_node_string(&node);
        n = ngx_eiam_jws_algorithm_find(&name);
    }

    jwt->algorithm = n;

    return ngx_eiam_jwt_accept(jwt);
}


static ngx_int_t
ngx_eiam_jwt_accept(ngx_eiam_jwt_t *jwt)
{
    if (jwt->algorithm == (ngx_uint_t) NGX_DECLINED
        || !(jwt->terms->algorithms & ((ngx_uint_t) 1 << jwt->algorithm)))
    {
        return ngx_eiam_jwt_invalid(jwt, NGX_EIAM_DETAIL_ALGORITHM,
                                    "has no accepted \"alg\"");
    }

    return NGX_OK;
}


/* RFC 9068, section 4; older tokens have another "typ", or none */

static ngx_int_t
ngx_eiam_jwt_type(ngx_eiam_jwt_t *jwt)
{
    ngx_int_t         rc;
    ngx_str_t         type;
    ngx_eiam_node_t   node;
    const ngx_str_t  *known;

    rc = ngx_eiam_node_member(&jwt->header, "typ", NGX_EIAM_STRING, &node);

    if (rc == NGX_DECLINED) {
        return NGX_OK;
    }

    if (rc == NGX_OK) {

        type = ngx_eiam_node_string(&node);

        for (known = ngx_eiam_jwt_types; known->len; known++) {

            if (type.len == known->len
                && ngx_strncasecmp(type.data, known->data, type.len) == 0)
            {
                return NGX_OK;
            }
        }
    }

    return ngx_eiam_jwt_invalid(jwt, NGX_EIAM_DETAIL_TYPE,
                                "has another \"typ\"");
}


static ngx_int_t
ngx_eiam_jwt_kid(ngx_eiam_jwt_t *jwt)
{
    ngx_int_t        rc;
    ngx_eiam_node_t  node;

    rc = ngx_eiam_node_member(&jwt->header, "kid", NGX_EIAM_STRING, &node);

    if (rc == NGX_ERROR) {
        return ngx_eiam_jwt_refuse(jwt, NGX_EIAM_TOKEN_INVALID,
                                   NGX_EIAM_DETAIL_KID);
    }

    if (rc == NGX_OK) {
        jwt->kid = ngx_eiam_node_string(&node);
    }

    return NGX_OK;
}


/*
 * Tries the keys with the token's "kid", or, if the token or the set has none,
 * all keys that fit the algorithm; the cheapest keys come first.
 */

static ngx_int_t
ngx_eiam_jwt_signature(ngx_eiam_jwt_t *jwt)
{
    ngx_int_t        rc;
    ngx_str_t        signature;
    ngx_uint_t       i, named, known, cost, more, price;
    ngx_eiam_key_t  *key;

    rc = ngx_eiam_base64url(&jwt->part[2], jwt->document->pool, &signature);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc != NGX_OK) {
        return ngx_eiam_jwt_invalid(jwt, NGX_EIAM_DETAIL_MALFORMED,
                                    "is not base64url");
    }

    named = jwt->keys->named && jwt->kid.data;
    known = 0;
    cost = 0;

    /*
     * the cost of a key includes a text of that size; a longer one costs more
     */

    more = jwt->signed_text.len / NGX_EIAM_HASH_SIZE * NGX_EIAM_HASH_COST;

    key = jwt->keys->list.elts;

    for (i = 0; i < jwt->keys->list.nelts; i++) {

        if (named) {

            if (key[i].kid.data == NULL
                || !ngx_eiam_str_equal(&key[i].kid, &jwt->kid))
            {
                continue;
            }

            known = 1;
        }

        if (!ngx_eiam_jws_key_fits(&key[i], jwt->algorithm)) {
            continue;
        }

        price = key[i].cost + more;

        if (cost && cost + price > NGX_EIAM_JWT_COST_MAX) {
            break;
        }

        cost += price;

        if (ngx_eiam_jws_verify(jwt->algorithm, &key[i], &jwt->signed_text,
                                &signature)
            == NGX_OK)
        {
            return NGX_OK;
        }
    }

    return ngx_eiam_jwt_unsigned(jwt, known, cost);
}


/* another key may have signed the token, also one with the same "kid" */

static ngx_int_t
ngx_eiam_jwt_unsigned(ngx_eiam_jwt_t *jwt, ngx_uint_t known, ngx_uint_t cost)
{
    jwt->detail = known ? NGX_EIAM_DETAIL_SIGNATURE : NGX_EIAM_DETAIL_KEY;

    (void) ngx_eiam_document_fault(jwt->document, "%s",
                                   known ? "is not signed by its key"
                                         : "is signed by no known key");

    if (cost) {
        jwt->reason = NGX_EIAM_TOKEN_INVALID;
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_eiam_jwt_claims(ngx_eiam_jwt_t *jwt)
{
    ngx_int_t          rc;
    ngx_eiam_node_t    claims;
    ngx_eiam_reason_e  reason;
    ngx_eiam_detail_e  detail;

    rc = ngx_eiam_jwt_object(jwt, 1, &claims);
    if (rc != NGX_OK) {
        return rc;
    }

    detail = NGX_EIAM_NO_DETAIL;

    reason = ngx_eiam_jwt_claims_read(&claims, jwt->terms, jwt->now,
                                      jwt->grant, &detail);

    return (reason == NGX_EIAM_NO_REASON)
           ? NGX_OK : ngx_eiam_jwt_refuse(jwt, reason, detail);
}


static ngx_int_t
ngx_eiam_jwt_refuse(ngx_eiam_jwt_t *jwt, ngx_eiam_reason_e reason,
    ngx_eiam_detail_e detail)
{
    jwt->reason = reason;
    jwt->detail = detail;

    return NGX_ABORT;
}


static ngx_int_t
ngx_eiam_jwt_invalid(ngx_eiam_jwt_t *jwt, ngx_eiam_detail_e detail,
    const char *fault)
{
    (void) ngx_eiam_document_fault(jwt->document, "%s", fault);

    return ngx_eiam_jwt_refuse(jwt, NGX_EIAM_TOKEN_INVALID, detail);
}
