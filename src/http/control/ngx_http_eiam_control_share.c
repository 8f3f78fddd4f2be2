
#include <ngx_http_eiam_control_share.h>
#include <ngx_http_eiam_gateways.h>
#include <ngx_http_eiam_request.h>
#include <ngx_eiam_revoke.h>
#include <ngx_eiam_share_send.h>


#define NGX_HTTP_EIAM_CONTROL_WAIT  1000    /* ms for all gateways */
#define NGX_HTTP_EIAM_CONTROL_STEP  20      /* ms between two checks */


typedef struct {
    ngx_http_request_t         *request;
    ngx_http_eiam_order_t      *order;
    ngx_eiam_share_t           *share;
    ngx_eiam_share_send_t      *send;        /* under way; or NULL */
    ngx_eiam_redis_command_t    command;
    ngx_eiam_position_t         position;    /* of the order's entry */
    ngx_event_t                 timer;
    ngx_msec_t                  until;
    unsigned                    waiting:1;   /* for some gateway */
} ngx_http_eiam_control_wait_t;


static ngx_int_t ngx_http_eiam_control_share_event(
    const ngx_eiam_share_t *share, const ngx_http_eiam_order_t *order,
    ngx_eiam_revocation_event_t *event);
static void ngx_http_eiam_control_share_sent(void *data, ngx_int_t rc,
    const ngx_eiam_position_t *position);
static void ngx_http_eiam_control_share_look(
    ngx_http_eiam_control_wait_t *wait);
static void ngx_http_eiam_control_share_looked(void *data,
    const ngx_eiam_redis_reply_t *reply);
static ngx_uint_t ngx_http_eiam_control_share_is_awaited(
    ngx_http_eiam_control_wait_t *wait);
static void ngx_http_eiam_control_share_timer(ngx_event_t *ev);
static void ngx_http_eiam_control_share_done(
    ngx_http_eiam_control_wait_t *wait);
static void ngx_http_eiam_control_share_cleanup(void *data);


ngx_int_t
ngx_http_eiam_control_share(ngx_http_request_t *r,
    ngx_http_eiam_order_t *order)
{
    ngx_http_cleanup_t            *cln;
    ngx_eiam_revocation_event_t    event;
    ngx_http_eiam_main_conf_t     *mcf;
    ngx_http_eiam_control_wait_t  *wait;

    mcf = ngx_http_get_module_main_conf(r, ngx_eiam_module);

    if (mcf->share == NULL || order->rc == NGX_ERROR || order->rc == NGX_ABORT
        || ngx_http_eiam_control_share_event(mcf->share, order, &event)
           != NGX_OK)
    {
        return NGX_OK;
    }

    order->shared = 1;

    cln = ngx_http_cleanup_add(r, sizeof(ngx_http_eiam_control_wait_t));

    if (cln == NULL) {
        order->pending = 1;
        return NGX_OK;
    }

    wait = cln->data;
    ngx_memzero(wait, sizeof(ngx_http_eiam_control_wait_t));
    cln->handler = ngx_http_eiam_control_share_cleanup;

    wait->request = r;
    wait->order = order;
    wait->share = mcf->share;
    wait->until = ngx_current_msec + NGX_HTTP_EIAM_CONTROL_WAIT;

    wait->timer.handler = ngx_http_eiam_control_share_timer;
    wait->timer.data = wait;
    wait->timer.log = r->connection->log;

    wait->send = ngx_eiam_share_send(mcf->share, mcf->share->link, &event,
                                     ngx_http_eiam_control_share_sent, wait);
    if (wait->send == NULL) {
        order->pending = 1;
        return NGX_OK;
    }

    (void) ngx_http_eiam_request_watch_client(r);

    return NGX_AGAIN;
}


/* the event of the order's row; NGX_DECLINED: others need not be told */

static ngx_int_t
ngx_http_eiam_control_share_event(const ngx_eiam_share_t *share,
    const ngx_http_eiam_order_t *order, ngx_eiam_revocation_event_t *event)
{
    u_char  subject[NGX_EIAM_REVOCATION_TOKEN];

    ngx_memzero(subject, NGX_EIAM_REVOCATION_TOKEN);

    if (order->kind == NGX_EIAM_REVOKED_TOKEN) {
        ngx_memcpy(subject, order->token, NGX_EIAM_REVOCATION_TOKEN);

    } else if (order->kind == NGX_EIAM_REVOKED_APPLICATION
               && ngx_eiam_revocation_id(&order->application, subject)
                  != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_eiam_revoke_event(share->zone, order->kind, subject,
                                 order->restore, event);
}


static void
ngx_http_eiam_control_share_sent(void *data, ngx_int_t rc,
    const ngx_eiam_position_t *position)
{
    ngx_http_eiam_control_wait_t *wait = data;

    wait->send = NULL;

    if (rc != NGX_OK) {
        wait->order->pending = 1;
        ngx_http_eiam_control_share_done(wait);
        return;
    }

    wait->position = *position;

    ngx_http_eiam_control_share_look(wait);
}


static void
ngx_http_eiam_control_share_look(ngx_http_eiam_control_wait_t *wait)
{
    if (ngx_eiam_share_gateways(wait->share, &wait->command,
                                ngx_http_eiam_control_share_looked, wait)
        != NGX_OK)
    {
        ngx_http_eiam_control_share_done(wait);
    }
}


static void
ngx_http_eiam_control_share_looked(void *data,
    const ngx_eiam_redis_reply_t *reply)
{
    ngx_http_eiam_control_wait_t *wait = data;

    wait->order->gateways = ngx_http_eiam_gateways_read(wait->request->pool,
                                                        wait->share, reply);

    if (wait->order->gateways == NULL
        || !ngx_http_eiam_control_share_is_awaited(wait)
        || (ngx_msec_int_t) (ngx_current_msec - wait->until) >= 0)
    {
        ngx_http_eiam_control_share_done(wait);
        return;
    }

    ngx_add_timer(&wait->timer, NGX_HTTP_EIAM_CONTROL_STEP);
}


/* is there a gateway that has not read the order, and is not lost? */

static ngx_uint_t
ngx_http_eiam_control_share_is_awaited(ngx_http_eiam_control_wait_t *wait)
{
    ngx_uint_t                i, awaited;
    ngx_http_eiam_gateway_t  *gateway;

    awaited = 0;
    gateway = wait->order->gateways->elts;

    for (i = 0; i < wait->order->gateways->nelts; i++) {

        gateway[i].in_force = ngx_eiam_position_compare(&gateway[i].position,
                                                        &wait->position)
                              >= 0;

        awaited |= !gateway[i].in_force
                   && !ngx_http_eiam_gateways_is_lost(&gateway[i]);
    }

    return awaited;
}


static void
ngx_http_eiam_control_share_timer(ngx_event_t *ev)
{
    ngx_http_eiam_control_share_look(ev->data);
}


static void
ngx_http_eiam_control_share_done(ngx_http_eiam_control_wait_t *wait)
{
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    r = wait->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    ngx_http_finalize_request(r, ngx_http_eiam_status_answer(r,
                                   ngx_http_eiam_control_order_answer,
                                   wait->order));
    ngx_http_run_posted_requests(c);
}


/* even if the client has left the order is carried out */

static void
ngx_http_eiam_control_share_cleanup(void *data)
{
    ngx_http_eiam_control_wait_t *wait = data;

    if (wait->send) {
        ngx_eiam_share_send_detach(wait->send);
    }

    ngx_eiam_redis_command_detach(&wait->command);

    if (wait->timer.timer_set) {
        ngx_del_timer(&wait->timer);
    }
}


void
ngx_http_eiam_control_share_answer(ngx_http_eiam_status_t *status,
    const ngx_http_eiam_order_t *order)
{
    ngx_uint_t                i, in_force;
    ngx_http_eiam_gateway_t  *gateway;

    if (order->pending) {
        status->code = NGX_HTTP_ACCEPTED;
        ngx_http_eiam_puts(status, ",\"in_force\":false,\"pending\":true,"
                           "\"gateways\":[]");
        return;
    }

    if (order->gateways == NULL) {
        ngx_http_eiam_write_text(status, ",\"in_force\":%s,\"gateways\":[]",
                                 order->shared ? "false" : "true");
        return;
    }

    gateway = order->gateways->elts;
    in_force = (order->gateways->nelts != 0);

    for (i = 0; i < order->gateways->nelts; i++) {
        in_force &= (gateway[i].in_force
                     || ngx_http_eiam_gateways_is_lost(&gateway[i]));
    }

    ngx_http_eiam_write_text(status, ",\"in_force\":%s,\"gateways\":[",
                             in_force ? "true" : "false");

    for (i = 0; i < order->gateways->nelts; i++) {

        ngx_http_eiam_write_text(status, "%s{\"gateway\":", i ? "," : "");
        ngx_http_eiam_write_quoted(status, &gateway[i].name);
        ngx_http_eiam_puts(status, ",\"id\":");
        ngx_http_eiam_write_quoted(status, &gateway[i].id);
        ngx_http_eiam_write_text(status, ",\"in_force\":%s%s}",
                                 gateway[i].in_force ? "true" : "false",
                                 ngx_http_eiam_gateways_is_lost(&gateway[i])
                                 ? ",\"lost\":true" : "");
    }

    ngx_http_eiam_puts(status, "]");
}
