
#include <ngx_http_eiam_authorize.h>
#include <ngx_http_eiam_ctx.h>
#include <ngx_http_eiam_form.h>
#include <ngx_http_eiam_grant.h>
#include <ngx_http_eiam_learn_request.h>
#include <ngx_http_eiam_learn_response.h>
#include <ngx_http_eiam_request.h>
#include <ngx_http_eiam_revoke.h>
#include <ngx_http_eiam_wait.h>
#include <ngx_eiam_revoke.h>
#include <ngx_eiam_token_request.h>
#include <ngx_eiam_string.h>


static ngx_uint_t ngx_http_eiam_is_token_call(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);
static ngx_int_t ngx_http_eiam_token_call(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx) ngx_http_eiam_seldom;
static ngx_int_t ngx_http_eiam_admit_client(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);
static ngx_int_t ngx_http_eiam_read_body(ngx_http_request_t *r);
static void ngx_http_eiam_body_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_eiam_read_client(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);
static const char *ngx_http_eiam_client_doubt(ngx_http_request_t *r,
    ngx_int_t rc, const ngx_str_t *client);
static ngx_uint_t ngx_http_eiam_is_query_sent(ngx_http_request_t *r);
static ngx_uint_t ngx_http_eiam_is_doubtful(ngx_http_request_t *r,
    const ngx_str_t *client);
static ngx_int_t ngx_http_eiam_ask_identity(ngx_http_request_t *r);


ngx_int_t
ngx_http_eiam_learn_request(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx)
{
    ngx_http_eiam_main_conf_t  *mcf;

    if (ctx->learn == NULL) {

        if (!ngx_http_eiam_is_token_call(r, ctx)) {
            return NGX_OK;
        }

        mcf = ngx_http_get_module_main_conf(r, ngx_eiam_module);

        /* a token that is issued now must not count as issued before all */

        if (mcf->share && ngx_eiam_share_is_starting(mcf->share)) {
            return ngx_http_eiam_wait_start(r, ctx);
        }
    }

    return ngx_http_eiam_token_call(r, ctx);
}


/*
 * A call of the token interface.  Before the call is forwarded, its body is
 * read, in memory or from its file, to find out which client asks; so the
 * answer can be learned from.
 */

static ngx_int_t
ngx_http_eiam_token_call(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx)
{
    ngx_int_t                   rc;
    ngx_http_eiam_loc_conf_t   *lcf;
    ngx_http_eiam_main_conf_t  *mcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_eiam_module);

    if (ctx->learn == NULL) {

        ctx->learn = ngx_pcalloc(r->pool, sizeof(ngx_http_eiam_learn_t));
        if (ctx->learn == NULL) {
            return NGX_ERROR;
        }

        mcf = ngx_http_get_module_main_conf(r, ngx_eiam_module);

        ctx->learn->generation = ngx_eiam_revoke_generation(mcf->zone);

        if (mcf->share) {
            ngx_eiam_share_position(mcf->share, &ctx->learn->position);
        }

        ctx->learn->revoke = lcf->revoke;

        return ngx_http_eiam_read_body(r);
    }

    if (!ctx->learn->body) {
        return NGX_DONE;
    }

    if (ctx->learn->known) {
        return lcf->revoke ? ngx_http_eiam_revoke_verify(r, ctx) : NGX_OK;
    }

    ctx->learn->known = 1;

    if (ngx_http_eiam_ask_identity(r) != NGX_OK
        || ngx_http_eiam_read_client(r, ctx) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "eiam token call, client: %s, certain: %s",
                   ctx->learn->named.len ? "yes" : "no",
                   ctx->learn->client.len ? "yes" : "no");

    rc = ngx_http_eiam_admit_client(r, ctx);
    if (rc != NGX_OK) {
        return rc;
    }

    return lcf->revoke ? ngx_http_eiam_revoke_verify(r, ctx) : NGX_OK;
}


/*
 * A disabled application is refused even if anybody else may have named it.
 * All other settings of the applications file apply only to a client that is
 * certain.
 */

static ngx_int_t
ngx_http_eiam_admit_client(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx)
{
    ngx_eiam_reason_e          reason;
    ngx_eiam_application_t    *application;
    ngx_http_eiam_learn_t     *learn;
    ngx_http_eiam_loc_conf_t  *lcf;

    learn = ctx->learn;
    lcf = ngx_http_get_module_loc_conf(r, ngx_eiam_module);

    if (lcf->applications == NULL || learn->named.len == 0) {
        return NGX_OK;
    }

    if (lcf->permissions->unavailable) {
        learn->client.len = 0;
        return ngx_http_eiam_ctx_refuse_by(ctx, NGX_EIAM_SOURCE_UNAVAILABLE,
                                           NGX_EIAM_DETAIL_APPLICATIONS_FILE);
    }

    application = ngx_eiam_applications_find(
                                     lcf->permissions->current->applications,
                                     &learn->named);

    reason = ngx_http_eiam_authorize_admission(lcf, application,
                                               r->connection->sockaddr);

    if (reason == NGX_EIAM_NO_REASON
        || (learn->client.len == 0 && reason != NGX_EIAM_APPLICATION_DISABLED))
    {
        return NGX_OK;
    }

    learn->client.len = 0;

    if (ngx_http_eiam_grant_set_application(r, ctx, &learn->named) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_eiam_ctx_refuse(ctx, reason);
}


/*
 * RFC 6749, section 3.2.  In a gated location this must be a public operation:
 * answers of other operations are not about tokens, whatever they look like.
 */

static ngx_uint_t
ngx_http_eiam_is_token_call(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx)
{
    ngx_http_eiam_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_eiam_module);

    if (!lcf->learn && !lcf->revoke) {
        return 0;
    }

    if (r != r->main || r->method != NGX_HTTP_POST) {
        return 0;
    }

    return lcf->mode == NGX_HTTP_EIAM_OFF
           || (ctx->operation && ctx->operation->is_public);
}


/* NGX_DONE: the phases run again when the body has been read */

static ngx_int_t
ngx_http_eiam_read_body(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    rc = ngx_http_read_client_request_body(r, ngx_http_eiam_body_handler);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    ngx_http_finalize_request(r, NGX_DONE);

    return NGX_DONE;
}


static void
ngx_http_eiam_body_handler(ngx_http_request_t *r)
{
    ngx_http_eiam_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_eiam_module);

    ctx->learn->body = 1;

    r->preserve_body = 1;
    r->write_event_handler = ngx_http_core_run_phases;

    ngx_http_core_run_phases(r);
}


/* NGX_OK: ctx->learn->client, which is empty if the client is not certain */

static ngx_int_t
ngx_http_eiam_read_client(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx)
{
    ngx_int_t                  rc, form;
    const char                *reason;
    ngx_http_eiam_learn_t     *learn;
    ngx_eiam_credentials_t     credentials;
    ngx_http_eiam_loc_conf_t  *lcf;

    learn = ctx->learn;
    lcf = ngx_http_get_module_loc_conf(r, ngx_eiam_module);

    ngx_memzero(&credentials, sizeof(ngx_eiam_credentials_t));

    if (r->headers_in.authorization) {
        credentials.authorization = r->headers_in.authorization->value;
    }

    credentials.query = ngx_http_eiam_request_query_of(&r->unparsed_uri);

    form = ngx_http_eiam_form_read(r, &credentials.form);
    rc = ngx_eiam_token_request_client(&credentials, r->pool, &learn->client);

    if (form == NGX_ERROR || rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    learn->named = learn->client;

    reason = (form == NGX_OK)
             ? ngx_http_eiam_client_doubt(r, rc, &learn->client)
             : "the body is not a form of at most 64 KB";
    if (reason) {
        learn->client.len = 0;

        if (lcf->revoke) {
            ngx_http_eiam_revoke_refuse(r, ctx, reason);
        } else {
            ngx_http_eiam_learn_response_refuse(r, reason);
        }

        return NGX_OK;
    }

    if (lcf->revoke) {
        return ngx_http_eiam_revoke_read(r, ctx, &credentials);
    }

    rc = ngx_eiam_token_request_scope(&credentials, r->pool, &learn->scope);
    learn->unsure = (rc == NGX_ABORT);

    return (rc == NGX_ERROR) ? NGX_ERROR : NGX_OK;
}


/* why it is not certain which client asks; NULL: it is certain */

static const char *
ngx_http_eiam_client_doubt(ngx_http_request_t *r, ngx_int_t rc,
    const ngx_str_t *client)
{
    if (!ngx_http_eiam_is_query_sent(r)) {
        return "the query was rewritten";
    }

    if (rc == NGX_DECLINED) {
        return "the request names no client";
    }

    if (rc != NGX_OK) {
        return "it is not certain which client asks";
    }

    return ngx_http_eiam_is_doubtful(r, client)
           ? "an application has nearly the same id" : NULL;
}


/* a query that was rewritten may be forwarded in its old or its new form */

static ngx_uint_t
ngx_http_eiam_is_query_sent(ngx_http_request_t *r)
{
    ngx_str_t  query;

    query = ngx_http_eiam_request_query_of(&r->unparsed_uri);

    return ngx_eiam_str_equal(&query, &r->args);
}


/* a backend may compare ids without case, or cut off spaces around them */

static ngx_uint_t
ngx_http_eiam_is_doubtful(ngx_http_request_t *r, const ngx_str_t *client)
{
    ngx_eiam_application_t    *application;
    ngx_http_eiam_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_eiam_module);

    return lcf->applications
           && ngx_eiam_applications_identify(
                              lcf->permissions->current->applications, client,
                              &application)
              != NGX_OK;
}


/*
 * Asks the backend for an answer without encoding, whatever the client accepts:
 * RFC 9110, section 12.5.3.
 */

static ngx_int_t
ngx_http_eiam_ask_identity(ngx_http_request_t *r)
{
    ngx_uint_t        i, found;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    static const ngx_str_t        identity = ngx_string("identity");
    static ngx_http_eiam_field_t  field = {
        ngx_string("Accept-Encoding"), (u_char *) "accept-encoding", 0
    };

    found = 0;

    for (part = &r->headers_in.headers.part; part; part = part->next) {

        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (ngx_http_eiam_request_field_is(&h[i], "accept-encoding")) {
                h[i].value = identity;
                found = 1;
            }
        }
    }

    if (found
        || ngx_http_eiam_request_set_field(&r->headers_in.headers, &field,
                                           &identity))
    {
        return NGX_OK;
    }

    return NGX_ERROR;
}
