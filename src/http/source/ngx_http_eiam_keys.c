
#include <ngx_http_eiam_count.h>
#include <ngx_http_eiam_fetch.h>
#include <ngx_http_eiam_keys.h>
#include <ngx_http_eiam_wait.h>
#include <ngx_eiam_jwk_digest.h>
#include <ngx_eiam_jwk_pack.h>
#include <ngx_eiam_text.h>


/* a fetch that this worker has begun */

typedef struct {
    ngx_http_eiam_ctx_t        *ctx;
    ngx_http_eiam_key_set_t    *set;
    uint32_t                    flight;
    ngx_http_eiam_fetch_t       fetch;
} ngx_http_eiam_key_fetch_t;


static ngx_int_t ngx_http_eiam_ask_keys(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, ngx_http_eiam_key_set_t *set,
    const ngx_eiam_key_terms_t *terms, ngx_eiam_key_question_t *question);
static ngx_int_t ngx_http_eiam_fetch_keys(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, ngx_http_eiam_key_set_t *set,
    const ngx_eiam_key_terms_t *terms, uint32_t flight);
static void ngx_http_eiam_keys_fetched(ngx_http_request_t *r, void *data,
    const ngx_eiam_answer_t *answer);
static ngx_int_t ngx_http_eiam_check_keys(ngx_http_request_t *r,
    const ngx_http_eiam_key_set_t *set, const ngx_eiam_answer_t *answer,
    ngx_str_t *packed, ngx_eiam_digest_t digest);
static ngx_int_t ngx_http_eiam_check_answer(ngx_http_request_t *r,
    const ngx_http_eiam_key_set_t *set, const ngx_eiam_answer_t *answer);
static void ngx_http_eiam_log_status(ngx_http_request_t *r,
    const ngx_http_eiam_key_set_t *set, const ngx_eiam_answer_t *answer);
static ngx_int_t ngx_http_eiam_parse_keys(ngx_pool_t *pool,
    const ngx_http_eiam_key_set_t *set, const ngx_str_t *text,
    ngx_eiam_keys_t *keys);
static ngx_int_t ngx_http_eiam_take_keys(ngx_http_eiam_key_set_t *set,
    const ngx_eiam_key_question_t *question);
static void ngx_http_eiam_warn_bad_key(const ngx_eiam_document_t *document,
    void *data);


ngx_int_t
ngx_http_eiam_keys(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx,
    ngx_http_eiam_key_set_t *set, const ngx_eiam_key_terms_t *terms)
{
    ngx_int_t                rc;
    ngx_eiam_key_question_t  question;

    if (set->source == NULL) {
        return (ctx->unknown == set->generation) ? NGX_DECLINED : NGX_OK;
    }

    ngx_memzero(&question, sizeof(ngx_eiam_key_question_t));

    question.unknown = set->generation && ctx->unknown == set->generation;

    rc = ngx_http_eiam_ask_keys(r, ctx, set, terms, &question);

    return (rc == NGX_AGAIN) ? ngx_http_eiam_wait(r, ctx, set->source->id)
                             : rc;
}


void
ngx_http_eiam_keys_refresh(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx,
    ngx_http_eiam_key_set_t *set, const ngx_eiam_key_terms_t *terms)
{
    ngx_eiam_key_question_t  question;

    ngx_memzero(&question, sizeof(ngx_eiam_key_question_t));

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "eiam key set \"%V\" is due", &set->name);

    question.idle = 1;

    (void) ngx_http_eiam_ask_keys(r, ctx, set, terms, &question);
}


static ngx_int_t
ngx_http_eiam_ask_keys(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx,
    ngx_http_eiam_key_set_t *set, const ngx_eiam_key_terms_t *terms,
    ngx_eiam_key_question_t *question)
{
    ngx_int_t  rc;

    question->generation = set->generation;
    question->quiet = !r->keepalive || r->http_version < NGX_HTTP_VERSION_11;

    rc = ngx_eiam_key_set_ask(set->source, terms, question);

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "eiam key set \"%V\": %i, flight %uD", &set->name, rc,
                   question->flight);

    if (question->text.len
        && ngx_http_eiam_take_keys(set, question) != NGX_OK)
    {
        rc = NGX_ERROR;
    }

    if (question->fetch
        && ngx_http_eiam_fetch_keys(r, ctx, set, terms, question->flight)
           != NGX_OK)
    {
        ngx_eiam_key_set_abandon(set->source, question->flight);
        return NGX_ERROR;
    }

    return rc;
}


static ngx_int_t
ngx_http_eiam_fetch_keys(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx,
    ngx_http_eiam_key_set_t *set, const ngx_eiam_key_terms_t *terms,
    uint32_t flight)
{
    ngx_http_eiam_key_fetch_t  *keys;

    keys = ngx_pcalloc(r->pool, sizeof(ngx_http_eiam_key_fetch_t));
    if (keys == NULL) {
        return NGX_ERROR;
    }

    ctx->ignore_abort = 1;

    keys->ctx = ctx;
    keys->set = set;
    keys->flight = flight;

    keys->fetch.uri = set->name;
    keys->fetch.timeout = terms->timeout;
    keys->fetch.handler = ngx_http_eiam_keys_fetched;
    keys->fetch.data = keys;

    return ngx_http_eiam_fetch(r, &keys->fetch);
}


static void
ngx_http_eiam_keys_fetched(ngx_http_request_t *r, void *data,
    const ngx_eiam_answer_t *answer)
{
    ngx_http_eiam_key_fetch_t *keys = data;

    ngx_str_t           packed;
    ngx_eiam_digest_t   digest;
    ngx_eiam_source_t  *source;
    ngx_eiam_result_e   result;

    source = keys->set->source;
    keys->ctx->ignore_abort = 0;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "eiam flight %uD %s", keys->flight,
                   answer ? "ends" : "ends without an answer");

    if (answer == NULL) {
        result = NGX_EIAM_ABANDONED;
        ngx_eiam_key_set_abandon(source, keys->flight);

    } else if (ngx_http_eiam_check_keys(r, keys->set, answer, &packed, digest)
               == NGX_OK)
    {
        result = NGX_EIAM_ANSWERED;
        ngx_eiam_key_set_settle(source, keys->flight, &packed, digest);

    } else {
        result = NGX_EIAM_FAILED;
        ngx_eiam_key_set_settle(source, keys->flight, NULL, NULL);
    }

    ngx_http_eiam_count_source(r, NGX_EIAM_JWT, result, &keys->fetch);

    ngx_http_eiam_wait_wake(source->id);
}


/* the packed keys live as long as the request */

static ngx_int_t
ngx_http_eiam_check_keys(ngx_http_request_t *r,
    const ngx_http_eiam_key_set_t *set, const ngx_eiam_answer_t *answer,
    ngx_str_t *packed, ngx_eiam_digest_t digest)
{
    ngx_int_t         rc;
    ngx_log_t        *log;
    ngx_pool_t       *pool;
    ngx_eiam_keys_t   keys;

    log = r->connection->log;

    if (ngx_http_eiam_check_answer(r, set, answer) != NGX_OK) {
        return NGX_ERROR;
    }

    pool = ngx_create_pool(NGX_DEFAULT_POOL_SIZE, log);
    if (pool == NULL) {
        return NGX_ERROR;
    }

    rc = ngx_http_eiam_parse_keys(pool, set, &answer->body, &keys);

    if (rc == NGX_OK && keys.list.nelts == 0) {
        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "eiam: \"%V\" has no key to verify with", &set->name);
    }

    if (rc == NGX_OK
        && (ngx_eiam_jwk_pack(&keys, r->pool, packed) != NGX_OK
            || ngx_eiam_jwk_digest(&keys, pool, digest) != NGX_OK))
    {
        rc = NGX_ERROR;
    }

    ngx_destroy_pool(pool);

    if (rc == NGX_OK && packed->len > NGX_EIAM_KEY_SET_MAX) {
        ngx_log_error(NGX_LOG_ERR, log, 0,
                      "eiam: no key set from \"%V\": its keys have more than "
                      "%d bytes", &set->name, NGX_EIAM_KEY_SET_MAX);
        return NGX_ERROR;
    }

    return rc;
}


/* whether the answer can be a key set */

static ngx_int_t
ngx_http_eiam_check_answer(ngx_http_request_t *r,
    const ngx_http_eiam_key_set_t *set, const ngx_eiam_answer_t *answer)
{
    ngx_log_t  *log;

    log = r->connection->log;

    /*
     * a cached answer would bring withdrawn keys back for as long as it is
     * cached
     */

    if (answer->cached) {
        ngx_log_error(NGX_LOG_ERR, log, 0,
                      "eiam: no key set from \"%V\": the answer is from "
                      "proxy_cache, set \"proxy_cache off;\" in that location",
                      &set->name);
        return NGX_ERROR;
    }

    if (answer->status != NGX_HTTP_OK) {
        ngx_http_eiam_log_status(r, set, answer);
        return NGX_ERROR;
    }

    if (answer->encoded) {
        ngx_log_error(NGX_LOG_ERR, log, 0,
                      "eiam: no key set from \"%V\": the answer is encoded, "
                      "set \"proxy_set_header Accept-Encoding identity;\" in "
                      "that location", &set->name);
        return NGX_ERROR;
    }

    if (answer->cut || answer->unread || answer->body.len > NGX_EIAM_JWKS_MAX)
    {
        ngx_log_error(NGX_LOG_ERR, log, 0,
                      "eiam: no key set from \"%V\": the answer is cut off, or "
                      "has more than %d bytes", &set->name, NGX_EIAM_JWKS_MAX);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* a redirect is not followed, as it could lead to another server */

static void
ngx_http_eiam_log_status(ngx_http_request_t *r,
    const ngx_http_eiam_key_set_t *set, const ngx_eiam_answer_t *answer)
{
    ngx_str_t  address;

    if (answer->location.len == 0) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "eiam: no key set from \"%V\", status %ui",
                      &set->name, answer->status);
        return;
    }

    address = ngx_eiam_text_shown(&answer->location, r->pool);

    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "eiam: no key set from \"%V\", status %ui: it is at \"%V\", "
                  "name that address in the location",
                  &set->name, answer->status, &address);
}


static ngx_int_t
ngx_http_eiam_parse_keys(ngx_pool_t *pool, const ngx_http_eiam_key_set_t *set,
    const ngx_str_t *text, ngx_eiam_keys_t *keys)
{
    ngx_int_t            rc;
    ngx_pool_t          *temp;
    ngx_eiam_node_t      root;
    ngx_eiam_document_t  document;

    temp = ngx_create_pool(NGX_DEFAULT_POOL_SIZE, pool->log);
    if (temp == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(&document, sizeof(ngx_eiam_document_t));

    document.name = set->name;
    document.pool = temp;
    document.secret = 1;

    rc = ngx_eiam_document_parse(&document, text, &root);

    if (rc == NGX_OK) {
        rc = ngx_eiam_jwk_read_set(&root, pool, keys,
                                   ngx_http_eiam_warn_bad_key, pool->log);
    }

    if (rc != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, pool->log, 0, "eiam: key set %V",
                      &document.fault);
    }

    ngx_destroy_pool(temp);

    return rc;
}


/* if this fails, the worker keeps the keys that it has */

static ngx_int_t
ngx_http_eiam_take_keys(ngx_http_eiam_key_set_t *set,
    const ngx_eiam_key_question_t *question)
{
    ngx_pool_t       *pool;
    ngx_eiam_keys_t   keys;

    pool = ngx_create_pool(NGX_DEFAULT_POOL_SIZE, ngx_cycle->log);
    if (pool == NULL) {
        return NGX_ERROR;
    }

    if (ngx_eiam_jwk_pack_read(&question->text, pool, &keys) != NGX_OK) {
        ngx_destroy_pool(pool);
        return NGX_ERROR;
    }

    if (set->pool) {
        ngx_destroy_pool(set->pool);
    }

    set->pool = pool;
    set->keys = keys;
    set->generation = question->generation;
    set->content = question->content;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                   "eiam key set \"%V\": generation %uD", &set->name,
                   set->generation);

    return NGX_OK;
}


static void
ngx_http_eiam_warn_bad_key(const ngx_eiam_document_t *document, void *data)
{
    ngx_log_error(NGX_LOG_WARN, (ngx_log_t *) data, 0,
                  "eiam: a key is left out: %V", &document->fault);
}


ngx_int_t
ngx_http_eiam_keys_read_file(ngx_eiam_document_t *document, ngx_pool_t *pool,
    ngx_http_eiam_key_set_t *set)
{
    ngx_eiam_node_t  root;

    document->secret = 1;

    if (ngx_eiam_document_open(document, &root) != NGX_OK
        || ngx_eiam_jwk_read_set(&root, pool, &set->keys,
                                 ngx_http_eiam_warn_bad_key, pool->log)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (set->keys.list.nelts == 0) {
        return ngx_eiam_fault(&root, "has no key to verify with");
    }

    if (ngx_eiam_jwk_digest(&set->keys, pool, set->digest) != NGX_OK) {
        return NGX_ERROR;
    }

    set->name = document->name;
    set->generation = 1;

    return NGX_OK;
}
