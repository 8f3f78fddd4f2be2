
#include <ngx_http_eiam_learn_hold.h>
#include <ngx_http_eiam_learn_response.h>
#include <ngx_http_eiam_revoke.h>
#include <ngx_eiam_token_response.h>
#include <ngx_eiam_media.h>
#include <ngx_eiam_text.h>


#define NGX_HTTP_EIAM_ISSUE_MAX       (64 * 1024)  /* bytes of an answer */
#define NGX_HTTP_EIAM_LEARN_WARNINGS  100          /* in a minute */


static ngx_int_t ngx_http_eiam_relay_header(ngx_http_request_t *r);
static ngx_int_t ngx_http_eiam_relay_revoked(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);
static ngx_int_t ngx_http_eiam_relay_copy(ngx_http_request_t *r,
    ngx_http_eiam_learn_t *learn);
static const char *ngx_http_eiam_relay_obstacle(ngx_http_request_t *r);
static ngx_int_t ngx_http_eiam_relay_body(ngx_http_request_t *r,
    ngx_chain_t *in);
static ngx_int_t ngx_http_eiam_relay_held(ngx_http_request_t *r,
    ngx_http_eiam_learn_t *learn, size_t len, ngx_chain_t *in);
static void ngx_http_eiam_relay_chain(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, ngx_chain_t *in) ngx_http_eiam_seldom;
static void ngx_http_eiam_relay_buf(ngx_http_request_t *r,
    ngx_http_eiam_learn_t *learn, const ngx_buf_t *b);
static void ngx_http_eiam_learned_nothing(ngx_http_request_t *r,
    const ngx_str_t *reason);
static ngx_uint_t ngx_http_eiam_learn_is_news(const ngx_str_t *reason,
    const ngx_str_t *client);
static ngx_uint_t ngx_http_eiam_learn_is_form(ngx_http_request_t *r);
static void ngx_http_eiam_relayed(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);
static void ngx_http_eiam_learn(ngx_http_request_t *r, const ngx_str_t *token,
    const ngx_eiam_grant_t *grant);
static void ngx_http_eiam_learned(ngx_http_request_t *r, ngx_int_t rc);
static void ngx_http_eiam_learn_refresh(ngx_http_request_t *r,
    const ngx_eiam_digest_t access, const ngx_eiam_grant_t *grant);


static ngx_http_output_header_filter_pt  ngx_http_eiam_next_header_filter;
static ngx_http_output_body_filter_pt    ngx_http_eiam_next_body_filter;


void
ngx_http_eiam_learn_response_add_filters(void)
{
    ngx_http_eiam_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_eiam_relay_header;

    ngx_http_eiam_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_http_eiam_relay_body;
}


void
ngx_http_eiam_learn_response_refuse(ngx_http_request_t *r, const char *reason)
{
    ngx_str_t  text;

    text.data = (u_char *) reason;
    text.len = ngx_strlen(reason);

    ngx_http_eiam_learned_nothing(r, &text);
}


static void
ngx_http_eiam_learned_nothing(ngx_http_request_t *r, const ngx_str_t *reason)
{
    ngx_str_t                   client;
    ngx_uint_t                  level;
    ngx_http_eiam_ctx_t        *ctx;
    ngx_http_eiam_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_eiam_module);

    ngx_eiam_metrics_add(&mcf->zone->shared->metrics.not_learned);

    ctx = ngx_http_get_module_ctx(r, ngx_eiam_module);
    client = ngx_eiam_text_shown(&ctx->learn->named, r->pool);

    level = ngx_http_eiam_learn_is_news(reason, &client) ? NGX_LOG_WARN
                                                         : NGX_LOG_INFO;

    ngx_log_error(level, r->connection->log, 0,
                  "eiam: the token is not learned: %V, application: \"%V\"",
                  reason, &client);
}


/*
 * Clients cause these warnings, so they are limited: in each worker each reason
 * is logged once a minute for each application, and at most
 * NGX_HTTP_EIAM_LEARN_WARNINGS lines in all.
 */

static ngx_uint_t
ngx_http_eiam_learn_is_news(const ngx_str_t *reason, const ngx_str_t *client)
{
    uint32_t    key;
    ngx_uint_t  i;

    static time_t      begun;
    static uint32_t    known[NGX_HTTP_EIAM_LEARN_WARNINGS];
    static ngx_uint_t  n;

    if (ngx_time() >= begun + 60 || ngx_time() < begun) {
        begun = ngx_time();
        n = 0;
    }

    ngx_crc32_init(key);
    ngx_crc32_update(&key, reason->data, reason->len);
    ngx_crc32_update(&key, client->data, client->len);
    ngx_crc32_final(key);

    for (i = 0; i < n; i++) {

        if (known[i] == key) {
            return 0;
        }
    }

    if (n == NGX_HTTP_EIAM_LEARN_WARNINGS) {
        return 0;
    }

    known[n++] = key;

    return 1;
}


/* the answer of the token interface is forwarded unchanged, and copied */

static ngx_int_t
ngx_http_eiam_relay_header(ngx_http_request_t *r)
{
    const char             *obstacle;
    ngx_http_eiam_ctx_t    *ctx;
    ngx_http_eiam_learn_t  *learn;

    ctx = ngx_http_get_module_ctx(r, ngx_eiam_module);

    if (ctx && ctx->learn && ctx->learn->revoke) {
        return ngx_http_eiam_relay_revoked(r, ctx);
    }

    if (ctx == NULL || ctx->learn == NULL || ctx->learn->client.len == 0
        || r->headers_out.status != NGX_HTTP_OK || r->upstream == NULL)
    {
        return ngx_http_eiam_next_header_filter(r);
    }

    learn = ctx->learn;
    obstacle = ngx_http_eiam_relay_obstacle(r);

    if (obstacle) {
        ngx_http_eiam_learn_response_refuse(r, obstacle);
        return ngx_http_eiam_next_header_filter(r);
    }

    learn->issued = ngx_time();

    if (ngx_http_eiam_relay_copy(r, learn) != NGX_OK) {
        ngx_http_eiam_learn_response_refuse(r, "no memory");
        return ngx_http_eiam_next_header_filter(r);
    }

    return (ngx_http_eiam_learn_hold(r, learn) == NGX_OK)
           ? NGX_OK : ngx_http_eiam_next_header_filter(r);
}


/* the answer of the revocation interface, which may be held */

static ngx_int_t
ngx_http_eiam_relay_revoked(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx)
{
    ngx_int_t  rc;

    rc = ngx_http_eiam_revoke_answered(r, ctx);

    if (rc == NGX_AGAIN) {

        if (ngx_http_eiam_relay_copy(r, ctx->learn) == NGX_OK) {
            return NGX_OK;
        }

        ngx_http_eiam_learn_hold_end(ctx->learn);
        ctx->learn->hold = NULL;

        rc = NGX_OK;
    }

    return (rc == NGX_OK) ? ngx_http_eiam_next_header_filter(r) : NGX_ERROR;
}


static ngx_int_t
ngx_http_eiam_relay_copy(ngx_http_request_t *r, ngx_http_eiam_learn_t *learn)
{
    off_t  length;

    length = r->headers_out.content_length_n;

    learn->max = (length == -1 || length > NGX_HTTP_EIAM_ISSUE_MAX)
                 ? NGX_HTTP_EIAM_ISSUE_MAX : length;

    learn->answer.data = ngx_pnalloc(r->pool, learn->max);
    if (learn->answer.data == NULL) {
        return NGX_ERROR;
    }

    /* otherwise nginx would send a range, and only that would be copied */

    r->allow_ranges = 0;
    r->single_range = 0;

    learn->copying = 1;
    r->filter_need_in_memory = 1;

    return NGX_OK;
}


/* why nothing can be learned from the answer; NULL: something can */

static const char *
ngx_http_eiam_relay_obstacle(ngx_http_request_t *r)
{
    ngx_table_elt_t  *encoding;

    /* with slices, whose ranges a client may choose, nginx makes a 206 a 200 */

    if (r->upstream->headers_in.status_n != NGX_HTTP_OK
        || r->headers_out.content_range || r->headers_out.content_offset)
    {
        return "the answer is a part of one";
    }

    encoding = r->headers_out.content_encoding;

    if (encoding && encoding->value.len) {
        return "the answer is encoded though identity was asked for";
    }

    if (r->headers_out.content_length_n > NGX_HTTP_EIAM_ISSUE_MAX) {
        return "the answer is larger than 64 KB";
    }

#if (NGX_HTTP_CACHE)

    /* "expires_in" counts from when the token was issued */

    if (r->cached) {
        return "the answer is from proxy_cache";
    }

#endif

    return NULL;
}


/* the token is learned before the client gets it, and may use it */

static ngx_int_t
ngx_http_eiam_relay_body(ngx_http_request_t *r, ngx_chain_t *in)
{
    size_t                len;
    ngx_http_eiam_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_eiam_module);

    if (ctx == NULL || ctx->learn == NULL) {
        return ngx_http_eiam_next_body_filter(r, in);
    }

    len = ctx->learn->answer.len;

    if (ctx->learn->copying) {
        ngx_http_eiam_relay_chain(r, ctx, in);
    }

    if (ctx->learn->hold && !ctx->learn->hold->over) {
        return ngx_http_eiam_relay_held(r, ctx->learn, len, in);
    }

    return ngx_http_eiam_next_body_filter(r, in);
}


/* an answer whose header is held, and len bytes of its body so far */

static ngx_int_t
ngx_http_eiam_relay_held(ngx_http_request_t *r, ngx_http_eiam_learn_t *learn,
    size_t len, ngx_chain_t *in)
{
    ngx_int_t  rc;

    if (ngx_http_eiam_learn_hold_body(r, learn, in) == NGX_OK) {
        return NGX_OK;
    }

    in = ngx_http_eiam_learn_hold_chain(r, learn, len, in);

    rc = ngx_http_eiam_next_header_filter(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    return in ? ngx_http_eiam_next_body_filter(r, in) : NGX_ERROR;
}


static void
ngx_http_eiam_relay_chain(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx,
    ngx_chain_t *in)
{
    ngx_chain_t            *cl;
    ngx_http_eiam_learn_t  *learn;

    learn = ctx->learn;

    for (cl = in; cl && learn->copying; cl = cl->next) {

        ngx_http_eiam_relay_buf(r, learn, cl->buf);

        if (learn->copying
            && (cl->buf->last_buf
                || learn->answer.len
                   == (size_t) r->headers_out.content_length_n))
        {
            learn->copying = 0;

            if (!learn->revoke) {
                ngx_http_eiam_relayed(r, ctx);
            }
        }
    }
}


static void
ngx_http_eiam_relay_buf(ngx_http_request_t *r, ngx_http_eiam_learn_t *learn,
    const ngx_buf_t *b)
{
    size_t  size;

    if (!ngx_buf_in_memory(b)) {
        return;
    }

    size = b->last - b->pos;

    if (size > learn->max - learn->answer.len) {
        learn->copying = 0;

        if (learn->revoke) {
            ngx_http_eiam_learn_hold_end(learn);

        } else {
            ngx_http_eiam_learn_response_refuse(r, "the answer is larger than "
                                                   "64 KB");
        }

        return;
    }

    ngx_memcpy(learn->answer.data + learn->answer.len, b->pos, size);
    learn->answer.len += size;
}


static void
ngx_http_eiam_relayed(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx)
{
    ngx_str_t                  token;
    ngx_eiam_grant_t           grant;
    ngx_eiam_document_t        document;
    ngx_http_eiam_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_eiam_module);

    if (r->headers_out.status != NGX_HTTP_OK) {
        ngx_http_eiam_learn_response_refuse(r, "the answer is a part of one");
        return;
    }

    ngx_memzero(&document, sizeof(ngx_eiam_document_t));

    ngx_str_set(&document.name, "answer");
    document.pool = r->pool;

    if (ngx_eiam_token_response_read(&document, &ctx->learn->answer,
                                     ctx->learn->issued, &token, &grant)
        != NGX_OK)
    {
        if (ngx_http_eiam_learn_is_form(r)) {
            ngx_http_eiam_learn_response_refuse(r, "the answer is a form, "
                                                   "not JSON");
        } else {
            ngx_http_eiam_learned_nothing(r, &document.fault);
        }

        return;
    }

    if (token.len > lcf->token_max) {
        ngx_http_eiam_learn_response_refuse(r, "the token is longer than "
                                               "\"eiam_token_max\"");
        return;
    }

    grant.application = ctx->learn->client;

    if (grant.scopes.data == NULL) {

        if (ctx->learn->unsure || ctx->learn->scope.len
                                  > NGX_EIAM_SCOPES_TEXT_MAX)
        {
            ngx_http_eiam_learn_response_refuse(r, "it is not certain for "
                                                   "which scope");
            return;
        }

        /*
         * RFC 6749, section 5.1: the scope is then the one that was requested
         */

        grant.implicit = 1;
        grant.scopes = ctx->learn->scope;
    }

    grant.generation = ctx->learn->generation;

    ngx_http_eiam_learn(r, &token, &grant);
}


/* the grant is in the zone before the token is sent to the client */

static void
ngx_http_eiam_learn(ngx_http_request_t *r, const ngx_str_t *token,
    const ngx_eiam_grant_t *grant)
{
    ngx_int_t                   rc;
    ngx_http_eiam_ctx_t        *ctx;
    ngx_eiam_redis_grant_t      value;
    ngx_http_eiam_learn_t      *learn;
    ngx_http_eiam_srv_conf_t   *scf;
    ngx_http_eiam_main_conf_t  *mcf;

    ctx = ngx_http_get_module_ctx(r, ngx_eiam_module);
    scf = ngx_http_get_module_srv_conf(r, ngx_eiam_module);
    mcf = ngx_http_get_module_main_conf(r, ngx_eiam_module);
    learn = ctx->learn;

    learn->grant = *grant;

    if (ngx_eiam_digest(token, learn->digest) != NGX_OK) {
        return;
    }

    if (mcf->share == NULL) {
        rc = ngx_eiam_source_learn(scf->learned, learn->digest, grant);

        if (rc == NGX_OK) {
            ngx_eiam_metrics_add(&mcf->zone->shared->metrics.learned);
        }

        ngx_http_eiam_learned(r, rc);
        return;
    }

    ngx_memzero(&value, sizeof(ngx_eiam_redis_grant_t));

    value.grant = *grant;
    value.grant.learned = 1;
    value.grant.issued = 0;
    value.checked = ngx_time();
    value.position = learn->position;

    if (learn->hold == NULL
        || ngx_http_eiam_learn_hold_write(r, learn, learn->digest, &value,
                                          ngx_http_eiam_learned)
           != NGX_OK)
    {
        rc = ngx_eiam_share_write_now(mcf->share, scf->learned, learn->digest,
                                      &value);
        ngx_http_eiam_learned(r, rc);
    }
}


static void
ngx_http_eiam_learned(ngx_http_request_t *r, ngx_int_t rc)
{
    ngx_str_t               application;
    ngx_http_eiam_ctx_t    *ctx;
    ngx_http_eiam_learn_t  *learn;

    if (rc == NGX_ERROR) {
        return;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_eiam_module);
    learn = ctx->learn;

    application = ngx_eiam_text_shown(&learn->grant.application, r->pool);

    if (rc == NGX_DECLINED) {
        ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                      "eiam: a token of application \"%V\" that was revoked "
                      "has been issued once more, and stays revoked",
                      &application);
        return;
    }

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "eiam token %*xs is learned, expires: %T",
                   NGX_EIAM_TOKEN_ID_LEN, learn->digest,
                   learn->grant.expires);

    ngx_http_eiam_learn_refresh(r, learn->digest, &learn->grant);

    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "eiam: learned a token of application \"%V\"",
                  &application);
}


static ngx_uint_t
ngx_http_eiam_learn_is_form(ngx_http_request_t *r)
{
    static const ngx_str_t  form =
        ngx_string("application/x-www-form-urlencoded");

    return ngx_eiam_media_is(&r->headers_out.content_type, &form);
}


static void
ngx_http_eiam_learn_refresh(ngx_http_request_t *r,
    const ngx_eiam_digest_t access, const ngx_eiam_grant_t *grant)
{
    ngx_str_t                  refresh;
    ngx_http_eiam_ctx_t       *ctx;
    ngx_eiam_document_t        document;
    ngx_http_eiam_srv_conf_t  *scf;

    scf = ngx_http_get_module_srv_conf(r, ngx_eiam_module);

    if (scf->refresh == NULL) {
        return;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_eiam_module);

    ngx_memzero(&document, sizeof(ngx_eiam_document_t));

    ngx_str_set(&document.name, "answer");
    document.pool = r->pool;

    if (ngx_eiam_token_response_refresh(&document, &ctx->learn->answer,
                                        &refresh)
        == NGX_OK)
    {
        ngx_http_eiam_revoke_learn(r, &refresh, access, grant);
    }
}
