
#include <ngx_http_eiam_count.h>
#include <ngx_http_eiam_ctx.h>
#include <ngx_http_eiam_doubt.h>
#include <ngx_http_eiam_fetch.h>
#include <ngx_http_eiam_grant.h>
#include <ngx_http_eiam_introspect.h>
#include <ngx_http_eiam_shared.h>
#include <ngx_http_eiam_subrequest.h>
#include <ngx_http_eiam_wait.h>


#define NGX_HTTP_EIAM_FLIGHTS_MAX  3   /* that a request may begin */


/* a question that this worker has sent to the source */

typedef struct {
    ngx_http_eiam_ctx_t       *ctx;
    ngx_eiam_source_t         *source;
    const ngx_eiam_terms_t    *terms;
    const ngx_array_t         *audiences;
    ngx_eiam_question_t        question;
    ngx_eiam_position_t        position;   /* of the stream, before that */
    ngx_http_eiam_fetch_t      fetch;
} ngx_http_eiam_flight_t;


static ngx_int_t ngx_http_eiam_introspect_known(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, const ngx_eiam_question_t *question);
static ngx_int_t ngx_http_eiam_introspect_token(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, const ngx_eiam_question_t *question);
static ngx_int_t ngx_http_eiam_form(ngx_http_request_t *r,
    const ngx_str_t *token, ngx_str_t *form);
static void ngx_http_eiam_answered(ngx_http_request_t *r, void *data,
    const ngx_eiam_answer_t *answer);
static ngx_uint_t ngx_http_eiam_fault_level(
    const ngx_eiam_question_t *question);
static ngx_eiam_result_e ngx_http_eiam_result(
    const ngx_eiam_question_t *question, const ngx_eiam_answer_t *answer);
static void ngx_http_eiam_read_answer(ngx_http_request_t *r,
    ngx_http_eiam_flight_t *flight, const ngx_eiam_answer_t *answer);
static void ngx_http_eiam_introspect_share(ngx_http_request_t *r,
    const ngx_http_eiam_flight_t *flight);


/* RFC 7662; the zone knows the answer, or whether somebody is asking */

ngx_int_t
ngx_http_eiam_introspect(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx)
{
    ngx_int_t                   rc;
    ngx_eiam_question_t         question;
    ngx_http_eiam_loc_conf_t   *lcf;
    ngx_http_eiam_main_conf_t  *mcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_eiam_module);
    mcf = ngx_http_get_module_main_conf(r, ngx_eiam_module);

    if (lcf->source == NULL) {
        return NGX_DECLINED;
    }

    ngx_memzero(&question, sizeof(ngx_eiam_question_t));

    ngx_eiam_source_key(lcf->source, ctx->digest, question.key);
    question.flight = ctx->flight;

    rc = NGX_DECLINED;

    if (mcf->share && ctx->flight == 0) {
        rc = ngx_eiam_source_look_up(lcf->source, &lcf->terms, &question);

        if (rc == NGX_DECLINED) {
            rc = ngx_http_eiam_shared_ask(r, ctx);

            if (rc != NGX_DECLINED) {
                return rc;
            }
        }
    }

    if (rc == NGX_DECLINED) {
        rc = ngx_eiam_source_ask(lcf->source, &lcf->terms, &question);
    }

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "eiam introspection look-up: %i, flight %uD",
                   rc, question.flight);

    ctx->flight = question.flight;

    if (question.stale) {
        ctx->cache = &ngx_eiam_metrics_lookups[NGX_EIAM_STALE];

    } else if (question.fetched) {
        ctx->cache = &ngx_eiam_metrics_lookups[NGX_EIAM_MISS];

    } else {
        ctx->cache = ngx_http_eiam_shared_cache(ctx);
    }

    switch (rc) {

    case NGX_OK:
        return ngx_http_eiam_introspect_known(r, ctx, &question);

    case NGX_AGAIN:
        return ngx_http_eiam_wait(r, ctx, question.key);

    case NGX_DECLINED:
        return ngx_http_eiam_introspect_token(r, ctx, &question);
    }

    if (question.reason == NGX_EIAM_SOURCE_UNAVAILABLE) {

        if (question.failure == NGX_EIAM_DOWN
            || question.failure == NGX_EIAM_BUSY)
        {
            ctx->cache = &ngx_eiam_metrics_lookups[NGX_EIAM_MISS];

        } else {
            ctx->retry = NGX_EIAM_SOURCE_PAUSE;
        }
    }

    return ngx_http_eiam_grant_refuse(r, ctx, &question);
}


static ngx_int_t
ngx_http_eiam_introspect_known(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, const ngx_eiam_question_t *question)
{
    ngx_int_t                  rc;
    ngx_http_eiam_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_eiam_module);

    rc = question->fetched
         ? NGX_OK : ngx_http_eiam_doubt(r, ctx, lcf->source, question);

    return (rc == NGX_OK) ? ngx_http_eiam_grant_apply(r, ctx, &question->grant)
                          : rc;
}


/* sends the question, and then waits like the other requests */

static ngx_int_t
ngx_http_eiam_introspect_token(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx,
    const ngx_eiam_question_t *question)
{
    ngx_http_eiam_flight_t     *flight;
    ngx_http_eiam_loc_conf_t   *lcf;
    ngx_http_eiam_main_conf_t  *mcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_eiam_module);
    mcf = ngx_http_get_module_main_conf(r, ngx_eiam_module);

    if (ctx->own_flights++ == NGX_HTTP_EIAM_FLIGHTS_MAX) {
        ngx_eiam_source_abandon(lcf->source, question);
        ctx->cache = &ngx_eiam_metrics_lookups[NGX_EIAM_MISS];
        return ngx_http_eiam_ctx_refuse(ctx, NGX_EIAM_SOURCE_UNAVAILABLE);
    }

    flight = ngx_pcalloc(r->pool, sizeof(ngx_http_eiam_flight_t));

    if (flight == NULL
        || ngx_http_eiam_form(r, &ctx->token, &flight->fetch.form) != NGX_OK)
    {
        goto failed;
    }

    flight->ctx = ctx;
    flight->source = lcf->source;
    flight->terms = &lcf->terms;
    flight->audiences = lcf->audiences;
    flight->question = *question;
    flight->question.unasked = ctx->unasked;

    if (mcf->share) {
        ngx_eiam_share_position(mcf->share, &flight->position);
    }

    flight->fetch.uri = lcf->introspection;
    flight->fetch.timeout = lcf->terms.timeout;
    flight->fetch.handler = ngx_http_eiam_answered;
    flight->fetch.data = flight;

    if (ngx_http_eiam_fetch(r, &flight->fetch) != NGX_OK) {
        goto failed;
    }

    /* otherwise clients that go away in time could use up all probes */

    ctx->ignore_abort = question->probe;

    return ngx_http_eiam_wait(r, ctx, question->key);

failed:

    ngx_eiam_source_abandon(lcf->source, question);

    return NGX_ERROR;
}


/* RFC 7662, section 2.1 */

static ngx_int_t
ngx_http_eiam_form(ngx_http_request_t *r, const ngx_str_t *token,
    ngx_str_t *form)
{
    u_char  *p;

    static const ngx_str_t  hint =
        ngx_string("&token_type_hint=access_token");

    p = ngx_pnalloc(r->pool, sizeof("token=") + 3 * token->len + hint.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    form->data = p;

    p = ngx_cpymem(p, "token=", sizeof("token=") - 1);
    p = (u_char *) ngx_escape_uri(p, token->data, token->len,
                                  NGX_ESCAPE_URI_COMPONENT);
    p = ngx_cpymem(p, hint.data, hint.len);

    form->len = p - form->data;

    return NGX_OK;
}


static void
ngx_http_eiam_answered(ngx_http_request_t *r, void *data,
    const ngx_eiam_answer_t *answer)
{
    ngx_http_eiam_flight_t *flight = data;

    flight->ctx->ignore_abort = 0;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "eiam flight %uD %s", flight->question.flight,
                   answer ? "ends" : "ends without an answer");

    if (answer) {
        ngx_http_eiam_read_answer(r, flight, answer);

    } else {
        ngx_eiam_source_abandon(flight->source, &flight->question);
    }

    ngx_http_eiam_count_source(r, NGX_EIAM_INTROSPECTION,
                               ngx_http_eiam_result(&flight->question, answer),
                               &flight->fetch);

    ngx_http_eiam_wait_wake(flight->question.key);
}


/*
 * What is wrong with the answers to single tokens is logged once a second, as
 * clients choose the tokens.
 */

static ngx_uint_t
ngx_http_eiam_fault_level(const ngx_eiam_question_t *question)
{
    static time_t  told;

    if (question->reason != NGX_EIAM_SOURCE_UNAVAILABLE) {
        return NGX_LOG_INFO;
    }

    if (question->failure == NGX_EIAM_DOWN) {
        return NGX_LOG_ERR;
    }

    if (told == ngx_time()) {
        return NGX_LOG_INFO;
    }

    told = ngx_time();

    return NGX_LOG_ERR;
}


static ngx_eiam_result_e
ngx_http_eiam_result(const ngx_eiam_question_t *question,
    const ngx_eiam_answer_t *answer)
{
    if (answer == NULL) {
        return NGX_EIAM_ABANDONED;
    }

    if (question->reason != NGX_EIAM_SOURCE_UNAVAILABLE) {
        return NGX_EIAM_ANSWERED;
    }

    return (question->failure == NGX_EIAM_DOWN) ? NGX_EIAM_FAILED
                                                : NGX_EIAM_UNUSABLE;
}


static void
ngx_http_eiam_read_answer(ngx_http_request_t *r,
    ngx_http_eiam_flight_t *flight, const ngx_eiam_answer_t *answer)
{
    ngx_log_t            *log;
    ngx_eiam_document_t   document;
    ngx_eiam_question_t  *question;

    log = r->connection->log;
    question = &flight->question;

    ngx_memzero(&document, sizeof(ngx_eiam_document_t));

    document.name = flight->fetch.uri;
    document.pool = r->pool;

    question->reason = ngx_eiam_introspection_read(&document, answer,
                                                   flight->audiences,
                                                   ngx_time(),
                                                   &question->grant,
                                                   &question->detail);
    if (question->reason == NGX_EIAM_SOURCE_UNAVAILABLE) {
        question->failure = ngx_eiam_introspection_failure(answer);
    }

    if (document.fault.len) {
        ngx_log_error(ngx_http_eiam_fault_level(question), log, 0,
                      "eiam: introspection %V", &document.fault);
    }

    if (question->reason != NGX_EIAM_NO_REASON) {
        ngx_http_eiam_subrequest_check_form(flight->fetch.request,
                                            &flight->fetch, answer->status);
    }

    ngx_http_eiam_introspect_share(r, flight);

    if (ngx_eiam_source_settle(flight->source, flight->terms, question)
        == NGX_DECLINED)
    {
        ngx_log_error(NGX_LOG_ERR, log, 0,
                      "eiam: introspection \"%V\" is not asked for %M ms, "
                      "after %ui failures", &flight->fetch.uri,
                      flight->terms->retry, flight->terms->failures);
    }
}


/* other gateways need not ask for the same token */

static void
ngx_http_eiam_introspect_share(ngx_http_request_t *r,
    const ngx_http_eiam_flight_t *flight)
{
    ngx_eiam_redis_grant_t      value;
    ngx_http_eiam_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_eiam_module);

    if (mcf->share == NULL || flight->question.reason != NGX_EIAM_NO_REASON) {
        return;
    }

    ngx_memzero(&value, sizeof(ngx_eiam_redis_grant_t));

    value.grant = flight->question.grant;
    value.checked = ngx_time();
    value.position = flight->position;

    ngx_eiam_share_write_asked(mcf->share, flight->source, flight->ctx->digest,
                               &value, flight->terms->valid);
}
