
#include <ngx_http_eiam_request.h>
#include <ngx_http_eiam_wait.h>


#define NGX_HTTP_EIAM_WAITERS    64      /* queues, by hash of the key */
#define NGX_HTTP_EIAM_POLL_MIN   2       /* ms */
#define NGX_HTTP_EIAM_POLL_MAX   100


/*
 * A request that waits for a flight.  A flight of the same worker wakes it; for
 * flights of other workers it looks into the zone repeatedly, less often the
 * longer it takes.
 */

struct ngx_http_eiam_waiter_s {
    ngx_queue_t          queue;
    ngx_event_t          event;
    ngx_http_request_t  *request;
    ngx_eiam_digest_t    key;
    ngx_msec_t           since;
    unsigned             queued:1;
};


static ngx_queue_t *ngx_http_eiam_queue(const ngx_eiam_digest_t key);
static ngx_http_eiam_waiter_t *ngx_http_eiam_create_waiter(
    ngx_http_request_t *r);
static void ngx_http_eiam_resume(ngx_event_t *ev);
static void ngx_http_eiam_leave(void *data);


static ngx_queue_t  ngx_http_eiam_queues[NGX_HTTP_EIAM_WAITERS];


ngx_int_t
ngx_http_eiam_wait(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx,
    const ngx_eiam_digest_t key)
{
    ngx_msec_t               delay;
    ngx_http_eiam_waiter_t  *waiter;

    if (ctx->waiter == NULL) {

        ctx->waiter = ngx_http_eiam_create_waiter(r);
        if (ctx->waiter == NULL) {
            return NGX_ERROR;
        }
    }

    waiter = ctx->waiter;

    /* the client may go away, unless others wait for its subrequest */

    if (r == r->main && ctx->ignore_abort) {
        r->read_event_handler = ngx_http_block_reading;

    } else if (r == r->main
               && ngx_http_eiam_request_watch_client(r) != NGX_OK)
    {
        return NGX_ERROR;
    }

    r->write_event_handler = ngx_http_request_empty_handler;

    ngx_memcpy(waiter->key, key, NGX_EIAM_DIGEST_LEN);
    ngx_queue_insert_tail(ngx_http_eiam_queue(key), &waiter->queue);
    waiter->queued = 1;

    delay = (ngx_current_msec - waiter->since) / 8;
    delay = ngx_max(delay, NGX_HTTP_EIAM_POLL_MIN);

    delay = ngx_min(delay, NGX_HTTP_EIAM_POLL_MAX);

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "eiam wait, %M ms", delay);

    ngx_add_timer(&waiter->event, delay);

    return NGX_AGAIN;
}


ngx_int_t
ngx_http_eiam_wait_start(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx)
{
    ngx_eiam_digest_t  none;

    ngx_memzero(none, NGX_EIAM_DIGEST_LEN);

    return ngx_http_eiam_wait(r, ctx, none);
}


static ngx_queue_t *
ngx_http_eiam_queue(const ngx_eiam_digest_t key)
{
    ngx_queue_t  *queue;

    queue = &ngx_http_eiam_queues[key[0] % NGX_HTTP_EIAM_WAITERS];

    if (queue->next == NULL) {
        ngx_queue_init(queue);
    }

    return queue;
}


static ngx_http_eiam_waiter_t *
ngx_http_eiam_create_waiter(ngx_http_request_t *r)
{
    ngx_http_cleanup_t      *cln;
    ngx_http_eiam_waiter_t  *waiter;

    cln = ngx_http_cleanup_add(r, sizeof(ngx_http_eiam_waiter_t));
    if (cln == NULL) {
        return NULL;
    }

    waiter = cln->data;
    cln->handler = ngx_http_eiam_leave;

    ngx_memzero(waiter, sizeof(ngx_http_eiam_waiter_t));

    waiter->request = r;
    waiter->since = ngx_current_msec;

    waiter->event.handler = ngx_http_eiam_resume;
    waiter->event.data = waiter;
    waiter->event.log = r->connection->log;

    return waiter;
}


static void
ngx_http_eiam_resume(ngx_event_t *ev)
{
    ngx_connection_t        *c;
    ngx_http_request_t      *r;
    ngx_http_eiam_waiter_t  *waiter;

    waiter = ev->data;
    r = waiter->request;
    c = r->connection;

    ngx_http_eiam_leave(waiter);

    ngx_http_set_log_request(c->log, r);

    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, c->log, 0, "eiam wait is over");

    if (r == r->main) {
        r->read_event_handler = ngx_http_block_reading;
    }

    r->write_event_handler = ngx_http_core_run_phases;

    ngx_http_core_run_phases(r);

    ngx_http_run_posted_requests(c);
}


static void
ngx_http_eiam_leave(void *data)
{
    ngx_http_eiam_waiter_t  *waiter = data;

    if (!waiter->queued) {
        return;
    }

    ngx_queue_remove(&waiter->queue);
    waiter->queued = 0;

    if (waiter->event.timer_set) {
        ngx_del_timer(&waiter->event);
    }

    if (waiter->event.posted) {
        ngx_delete_posted_event(&waiter->event);
    }
}


void
ngx_http_eiam_wait_wake(const ngx_eiam_digest_t key)
{
    ngx_queue_t             *q, *queue;
    ngx_http_eiam_waiter_t  *waiter;

    queue = ngx_http_eiam_queue(key);

    for (q = ngx_queue_head(queue);
         q != ngx_queue_sentinel(queue);
         q = ngx_queue_next(q))
    {
        waiter = ngx_queue_data(q, ngx_http_eiam_waiter_t, queue);

        if (ngx_memcmp(waiter->key, key, NGX_EIAM_DIGEST_LEN) == 0) {
            ngx_post_event(&waiter->event, &ngx_posted_events);
        }
    }
}
