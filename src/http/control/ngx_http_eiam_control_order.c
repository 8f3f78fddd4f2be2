
#include <ngx_http_eiam_control_order.h>
#include <ngx_http_eiam_control_share.h>
#include <ngx_http_eiam_form.h>
#include <ngx_eiam_bearer.h>
#include <ngx_eiam_form.h>
#include <ngx_eiam_revoke.h>
#include <ngx_eiam_text.h>


#define NGX_HTTP_EIAM_REASON_MAX  256      /* bytes */


/* the parameters, in the order of the form below */

typedef enum {
    NGX_HTTP_EIAM_ORDER_TOKEN = 0,
    NGX_HTTP_EIAM_ORDER_SHA256,
    NGX_HTTP_EIAM_ORDER_APPLICATION,
    NGX_HTTP_EIAM_ORDER_ALL,
    NGX_HTTP_EIAM_ORDER_REASON
} ngx_http_eiam_order_parameter_e;


static ngx_int_t ngx_http_eiam_control_order_read(ngx_http_request_t *r,
    ngx_http_eiam_order_t *order);
static ngx_int_t ngx_http_eiam_control_order_subject(
    const ngx_eiam_form_parameter_t *form, ngx_http_eiam_order_t *order);
static ngx_int_t ngx_http_eiam_control_order_do(ngx_eiam_zone_t *zone,
    ngx_http_eiam_order_t *order);
static ngx_int_t ngx_http_eiam_control_order_token(ngx_eiam_zone_t *zone,
    const ngx_eiam_digest_t token);
static ngx_int_t ngx_http_eiam_control_order_undo(ngx_eiam_zone_t *zone,
    const ngx_http_eiam_order_t *order);
static void ngx_http_eiam_control_order_write(
    ngx_http_eiam_status_t *status, const ngx_http_eiam_order_t *order);
static void ngx_http_eiam_control_order_log(ngx_http_request_t *r,
    const ngx_http_eiam_order_t *order, const char *done);


void
ngx_http_eiam_control_order_run(ngx_http_request_t *r,
    ngx_http_eiam_order_t *order, ngx_uint_t restore)
{
    ngx_http_eiam_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_eiam_module);

    order->rc = ngx_http_eiam_control_order_read(r, order);
    order->restore = restore;

    if (order->rc == NGX_OK) {
        order->rc = restore
                    ? ngx_http_eiam_control_order_undo(mcf->zone, order)
                    : ngx_http_eiam_control_order_do(mcf->zone, order);
    }

    if (order->rc == NGX_OK) {
        ngx_http_eiam_control_order_log(r, order,
                                        restore ? "restored" : "revoked");
    }
}


/* NGX_OK; NGX_ABORT: the form can be read in several ways; NGX_ERROR */

static ngx_int_t
ngx_http_eiam_control_order_read(ngx_http_request_t *r,
    ngx_http_eiam_order_t *order)
{
    ngx_int_t  rc;
    ngx_str_t  text;

    ngx_eiam_form_parameter_t  form[] = {
        { ngx_string("token"), ngx_null_string },
        { ngx_string("token_sha256"), ngx_null_string },
        { ngx_string("application"), ngx_null_string },
        { ngx_string("all"), ngx_null_string },
        { ngx_string("reason"), ngx_null_string },
        { ngx_null_string, ngx_null_string }
    };

    ngx_str_null(&text);

    rc = ngx_http_eiam_form_read(r, &text);

    if (rc == NGX_OK) {
        rc = ngx_eiam_form_read(&text, r->pool, form);
    }

    if (rc != NGX_OK) {
        return (rc == NGX_ERROR) ? NGX_ERROR : NGX_ABORT;
    }

    order->reason = form[NGX_HTTP_EIAM_ORDER_REASON].value;

    if (order->reason.len == 0 || order->reason.len > NGX_HTTP_EIAM_REASON_MAX)
    {
        return NGX_ABORT;
    }

    return ngx_http_eiam_control_order_subject(form, order);
}


static ngx_int_t
ngx_http_eiam_control_order_subject(const ngx_eiam_form_parameter_t *form,
    ngx_http_eiam_order_t *order)
{
    ngx_uint_t        i, given;
    const ngx_str_t  *value;

    given = NGX_HTTP_EIAM_ORDER_REASON;

    for (i = 0; i < NGX_HTTP_EIAM_ORDER_REASON; i++) {

        if (form[i].value.data == NULL) {
            continue;
        }

        if (given != NGX_HTTP_EIAM_ORDER_REASON) {
            return NGX_ABORT;
        }

        given = i;
    }

    value = &form[given].value;

    switch (given) {

    case NGX_HTTP_EIAM_ORDER_TOKEN:
        order->kind = NGX_EIAM_REVOKED_TOKEN;
        return ngx_eiam_bearer_is_token(value)
               ? ngx_eiam_digest(value, order->token) : NGX_ABORT;

    case NGX_HTTP_EIAM_ORDER_SHA256:
        order->kind = NGX_EIAM_REVOKED_TOKEN;
        return ngx_eiam_digest_read_hex(value, order->token);

    case NGX_HTTP_EIAM_ORDER_APPLICATION:
        order->kind = NGX_EIAM_REVOKED_APPLICATION;
        order->application = *value;
        return (value->len && value->len <= NGX_EIAM_APPLICATION_ID_MAX)
               ? NGX_OK : NGX_ABORT;

    case NGX_HTTP_EIAM_ORDER_ALL:
        order->kind = NGX_EIAM_REVOKED_ALL;
        return (value->len == 1 && value->data[0] == '1') ? NGX_OK : NGX_ABORT;
    }

    return NGX_ABORT;
}


/* NGX_OK; NGX_DECLINED: there is no room; NGX_ERROR */

static ngx_int_t
ngx_http_eiam_control_order_do(ngx_eiam_zone_t *zone,
    ngx_http_eiam_order_t *order)
{
    switch (order->kind) {

    case NGX_EIAM_REVOKED_TOKEN:
        return ngx_http_eiam_control_order_token(zone, order->token);

    case NGX_EIAM_REVOKED_APPLICATION:
        return ngx_eiam_revoke_application(zone, &order->application,
                                           NGX_EIAM_BY_CONTROL,
                                           &order->not_before);

    default: /* NGX_EIAM_REVOKED_ALL */
        ngx_eiam_revoke_all(zone, NGX_EIAM_BY_CONTROL, &order->not_before);
        return NGX_OK;
    }
}


/* revokes a token, even if it is not known yet, such as a new JWT */

static ngx_int_t
ngx_http_eiam_control_order_token(ngx_eiam_zone_t *zone,
    const ngx_eiam_digest_t token)
{
    ngx_int_t         rc;
    ngx_eiam_grant_t  grant;

    rc = ngx_eiam_source_known(zone, token, &grant);

    return ngx_eiam_revoke_token(zone, token, (rc == NGX_OK) ? &grant : NULL,
                                 NGX_EIAM_BY_CONTROL);
}


/* NGX_OK; NGX_DECLINED: there is no such revocation; NGX_ERROR */

static ngx_int_t
ngx_http_eiam_control_order_undo(ngx_eiam_zone_t *zone,
    const ngx_http_eiam_order_t *order)
{
    switch (order->kind) {

    case NGX_EIAM_REVOKED_TOKEN:
        return ngx_eiam_revoke_restore_token(zone, order->token);

    case NGX_EIAM_REVOKED_APPLICATION:
        return ngx_eiam_revoke_restore_application(zone, &order->application);

    default: /* NGX_EIAM_REVOKED_ALL */
        return ngx_eiam_revoke_restore_all(zone);
    }
}


ngx_int_t
ngx_http_eiam_control_order_answer(ngx_http_eiam_status_t *status)
{
    ngx_http_eiam_order_t *order = status->data;

    if (order->rc == NGX_ERROR) {
        status->failed = 1;
        return NGX_OK;
    }

    if (order->rc == NGX_ABORT) {
        status->code = NGX_HTTP_BAD_REQUEST;
        ngx_http_eiam_puts(status, "{\"error\":\"exactly one of token, "
                           "token_sha256, application and all=1 is needed, "
                           "and a reason of at most 256 bytes, well encoded, "
                           "and nothing else\"}\n");
        return NGX_OK;
    }

    if (order->rc == NGX_DECLINED && !order->restore) {
        status->code = NGX_HTTP_SERVICE_UNAVAILABLE;
        ngx_http_eiam_puts(status, "{\"error\":\"the zone has no room for "
                           "tokens that it does not know: revoke the "
                           "application\"}\n");
        return NGX_OK;
    }

    ngx_http_eiam_control_order_write(status, order);
    ngx_http_eiam_control_share_answer(status, order);
    ngx_http_eiam_puts(status, "}\n");

    return NGX_OK;
}


static void
ngx_http_eiam_control_order_write(ngx_http_eiam_status_t *status,
    const ngx_http_eiam_order_t *order)
{
    ngx_http_eiam_write_text(status, "{\"%s\":",
                             order->restore ? "restored" : "revoked");

    if (order->rc == NGX_DECLINED) {
        ngx_http_eiam_puts(status, "null");

    } else {
        ngx_http_eiam_write_text(status, "\"%V\"",
                                 &ngx_eiam_metrics_revoked[order->kind]);
    }

    if (order->kind == NGX_EIAM_REVOKED_TOKEN) {
        ngx_http_eiam_write_text(status, ",\"token_id\":\"%*xs\"",
                                 NGX_EIAM_TOKEN_ID_LEN, order->token);
    }

    if (order->kind == NGX_EIAM_REVOKED_APPLICATION) {
        ngx_http_eiam_puts(status, ",\"application\":");
        ngx_http_eiam_write_quoted(status, &order->application);
    }

    if (order->not_before) {
        ngx_http_eiam_write_text(status, ",\"not_before\":%T",
                                 order->not_before);
    }
}


static void
ngx_http_eiam_control_order_log(ngx_http_request_t *r,
    const ngx_http_eiam_order_t *order, const char *done)
{
    ngx_log_t  *log;
    ngx_str_t   application, reason;

    log = r->connection->log;
    reason = ngx_eiam_text_shown(&order->reason, r->pool);

    switch (order->kind) {

    case NGX_EIAM_REVOKED_TOKEN:
        ngx_log_error(NGX_LOG_NOTICE, log, 0,
                      "eiam: control %s the token %*xs, reason: \"%V\"", done,
                      NGX_EIAM_TOKEN_ID_LEN, order->token, &reason);
        break;

    case NGX_EIAM_REVOKED_APPLICATION:
        application = ngx_eiam_text_shown(&order->application, r->pool);
        ngx_log_error(NGX_LOG_NOTICE, log, 0,
                      "eiam: control %s the application \"%V\", "
                      "reason: \"%V\"", done, &application, &reason);
        break;

    default: /* NGX_EIAM_REVOKED_ALL */
        ngx_log_error(NGX_LOG_NOTICE, log, 0,
                      "eiam: control %s all tokens, reason: \"%V\"", done,
                      &reason);
    }
}
